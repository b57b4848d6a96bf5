"""Numbers about all customers at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ltv_bayes.data.customers.rows import Rows

NUMBERS = """
SELECT
    count(*) AS customers,
    count(*) FILTER (frequency > 0) AS repeat_customers,
    coalesce(sum(frequency), 0)::BIGINT AS repeats,
    coalesce(sum(spend_frequency), 0)::BIGINT AS valued_repeats,
    max("T") AS longest_history,
    fsum("T") AS observed,
    {typical} AS typical_order
FROM customers
"""


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
    typical = "'nan'::DOUBLE" if money is None else f"coalesce(median({money}) FILTER (isfinite({money})), 'nan')"
    needs = ["frequency", "T", "spend_frequency", *([] if money is None else [money])]
    (found,) = rows.ask(NUMBERS.format(typical=typical), needs).to_dict("records")
    return Overview(**found, left_out=dict(left_out))
