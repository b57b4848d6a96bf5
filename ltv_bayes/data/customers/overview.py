"""Numbers about all customers at once."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

from ltv_bayes.data.customers.rows import Rows
from ltv_bayes.errors import DataWarning, counted
from ltv_bayes.language import _

NUMBERS = """
SELECT
    count(*) AS customers,
    count(CASE WHEN frequency > 0 THEN 1 END) AS repeat_customers,
    CAST(coalesce(sum(frequency), 0) AS BIGINT) AS repeats,
    CAST(coalesce(sum(spend_frequency), 0) AS BIGINT) AS valued_repeats,
    max("T") AS longest_history,
    fsum("T") AS observed,
    {typical} AS typical_order
FROM customers
"""

# Where purchases occur at random, the last of x lies at x / (x + 1) of the time on average: its beta distribution.
RECENCY = """
SELECT
    count(*) AS customers,
    coalesce(avg(recency / "T"), CAST('nan' AS DOUBLE)) AS seen,
    coalesce(avg(frequency / (frequency + 1)), CAST('nan' AS DOUBLE)) AS at_random,
    coalesce(corr(recency / "T", frequency / (frequency + 1)), 0) AS correlation
FROM customers
WHERE frequency > 0 AND "T" > 0
"""
FEWEST_FOR_RECENCY = 10
AGAINST_RANDOM = -2.5
TELLING = 0.75
"""From this expected share on (three repeat purchases), the mean alone tells recency from its opposite."""


@dataclass(frozen=True)
class Overview:
    """Numbers about all customers.

    Attributes
    ----------
    customers, repeat_customers : int
        How many there are, and how many of them bought again.
    repeats, valued_repeats : int
        Their repeat purchases, and those that have a value.
    longest_history, observed : float
        The largest T and the sum of all, in the time unit of the customers.
    typical_order : float
        The median of first_value, or of monetary_value where there are no first values; NaN without money.
    left_out : mapping
        The number of orders left out, by reason.
    """

    customers: int
    repeat_customers: int
    repeats: int
    valued_repeats: int
    longest_history: float
    observed: float
    typical_order: float
    left_out: Mapping[str, int] = field(default_factory=dict)

    def in_words(self) -> str:
        """How many bought again, and how often."""
        days = counted(self.repeats, "repeat purchase day")
        return _("{customers:,} bought again ({days})", customers=self.repeat_customers, days=days)


def overview_of(rows: Rows, left_out: Mapping[str, int]) -> Overview:
    """Look over all customers once.

    Examples
    --------
    >>> import pandas as pd
    >>> from ltv_bayes.data.customers.rows import FrameRows
    >>> table = {"frequency": [0, 2], "T": [4.0, 5.0], "spend_frequency": [0, 1], "monetary_value": [None, 9.5]}
    >>> found = overview_of(FrameRows(pd.DataFrame(table)), {})
    >>> found.repeats, found.valued_repeats, found.longest_history, found.observed, found.typical_order
    (2, 1, 5.0, 9.0, 9.5)
    """
    money = next((name for name in ("first_value", "monetary_value") if name in rows.columns), None)
    typical = "CAST('nan' AS DOUBLE)"
    if money is not None:
        typical = f"coalesce(median(CASE WHEN isfinite({money}) THEN {money} END), {typical})"
    needs = ["frequency", "T", "spend_frequency", *([] if money is None else [money])]
    (found,) = rows.ask(NUMBERS.format(typical=typical), needs).to_dict("records")
    return Overview(**found, left_out=dict(left_out))


def warn_of_reversed_recency(rows: Rows) -> None:
    """Warn where recency looks like the time since the last purchase, not from the first to the last.

    The more purchases at random, the later the last of them, also where customers drop out: ``recency / T`` grows with
    frequency. The time since the last purchase does the opposite. Where all customers have bought equally often, their
    mean share of T is compared with what purchases at random would give.
    """
    found = rows.ask(RECENCY, ["frequency", "recency", "T"]).iloc[0]
    number, seen, expected = int(found["customers"]), float(found["seen"]), float(found["at_random"])
    z = _or_zero(float(found["correlation"])) * math.sqrt(number)
    on_the_other_side = expected >= TELLING and z < 1 and abs(seen - (1 - expected)) < abs(seen - expected) / 2
    if number < FEWEST_FOR_RECENCY or not (z < AGAINST_RANDOM or on_the_other_side):
        return
    warnings.warn(
        _(
            "recency looks like the time since the last purchase: of {customers} with repeat purchases it is "
            "{seen:.2f} of T on average, and {less} for those who bought more often; purchases at random would "
            "give {expected:.2f}, and more for those who bought more often. It must run from the first purchase "
            "to the last: pass frame.assign(recency=frame['T'] - frame['recency']), with the names of your "
            "columns, if it counts from the last purchase.",
            customers=counted(number, "customer"),
            seen=seen,
            less=_("less") if z < 0 else _("not clearly more"),
            expected=expected,
        ),
        DataWarning,
        stacklevel=3,
    )


def _or_zero(number: float) -> float:
    return number if math.isfinite(number) else 0.0
