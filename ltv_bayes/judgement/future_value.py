"""Future-value priors: what experts expect of named opportunities, as distributions of money."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers import Customers
from ltv_bayes.data.readers import read_table
from ltv_bayes.errors import DataWarning, JudgementError, counted, rows_at_fault
from ltv_bayes.formatting import money
from ltv_bayes.formulas.elicit import log_normal_from_interval, mean_amount
from ltv_bayes.judgement.adjustments import Adjustments
from ltv_bayes.judgement.columns import as_interval, checked, known_columns
from ltv_bayes.judgement.draws import JudgedDraws, years_until
from ltv_bayes.judgement.expected import expected_money
from ltv_bayes.terms import Terms


@dataclass(frozen=True, repr=False)
class FutureValuePriors:
    """Opportunities judged by experts: will it come, how much, when.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per opportunity: customer_id, probability, low, high, likely, expected_on, expert, opportunity as they
        were stated, and what they make. Whether it comes: probability, or chance_a and chance_b of a beta
        distribution. The amount, if it comes: family, amount_1 to amount_3 (see `formulas.elicit.amount_quantiles`),
        median and mean. When: between expected_from and expected_to. With adjustments also expected_value, after them.
    interval : float
        Probability that the amount, if it comes, lies between low and high.
    adjustments : Adjustments or None
        How what came of earlier judgements changes these.
    shared : mapping
        Columns whose groups rise and fall together, with the correlation within each: ``{"expert": 0.2}``.
    """

    table: pd.DataFrame
    interval: float = 0.8
    adjustments: Adjustments | None = None
    shared: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_judgements(
        cls,
        frame: Any,
        *,
        interval: float = 0.8,
        customer_id: str = "customer_id",
        amount_unit: float | str | None = None,
    ) -> "FutureValuePriors":
        """Read judgements, one row per opportunity; a customer may have several.

        Parameters
        ----------
        frame : DataFrame, or path of a CSV, Excel or Parquet file
            Columns customer_id; probability that the opportunity comes (0 to 1); low and high amount, in the customers'
            currency, before margin. Optionally likely (the median amount), expected_on (date of the money; without it
            any day within the horizon is as likely as another), expert, opportunity (names).
        interval : float
            Probability of the amount lying between low and high; 0.8 means one chance in ten on either side.
        customer_id : str
            Name of the column with the customer's id.
        amount_unit : float or str, optional
            What 1 in the columns of amounts is worth, as in ``read_transactions``: 1000, ``"万元"``, ``"亿"``.

        Raises
        ------
        ColumnError
            If a column is missing.
        JudgementError
            If a probability lies outside 0 to 1, an amount is not positive, low is above high, likely lies outside
            them, or one opportunity is given twice. The message names the rows.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
        >>> FutureValuePriors.from_judgements(frame)
        1 judged opportunity of 1 customer; amounts lie within 80% intervals
        expected value before margin and discount: 69.5
        """
        as_interval(interval)
        stated = known_columns(read_table(frame), customer_id)
        judged = checked(stated, amount_unit)
        median, below, above = log_normal_from_interval(
            judged["low"], judged["high"], judged["likely"], interval=interval
        )
        judged = judged.assign(
            chance_a=np.nan,
            chance_b=np.nan,
            family="log-normal",
            amount_1=median,
            amount_2=below,
            amount_3=above,
            median=median,
            mean=mean_amount(median, below, above),
            expected_from=judged["expected_on"],
            expected_to=judged["expected_on"],
        )
        return cls(judged, float(interval))

    @property
    def shape(self) -> tuple[int, int] | None:
        """Chains and draws per chain that adjustments have; None, for any number, without any."""
        return None if self.adjustments is None else self.adjustments.shape

    def __len__(self) -> int:
        return len(self.table)

    def adjusted(self, adjustments: Adjustments) -> "FutureValuePriors":
        """Change these judgements draw by draw, and say what they are then expected to bring.

        Warns
        -----
        DataWarning
            If more than half of what a judgement is expected to bring comes from one draw in a hundred.
        """
        expected, unsure = expected_money(self.table, adjustments)
        if unsure.any():
            rows = list(self.table.index[unsure])
            problem = (
                "whose expected value rests on one draw in a hundred, in which the stated interval is far too narrow"
            )
            cure = (
                "Close more cases of the same kind, state narrower intervals, or go by the median of what they bring."
            )
            warnings.warn(rows_at_fault(rows, "row", problem, cure), DataWarning, stacklevel=3)
        return replace(self, table=self.table.assign(expected_value=expected), adjustments=adjustments)

    def summary(self) -> pd.DataFrame:
        """One row per opportunity: what was stated, and the expected value it makes before margin and discount."""
        stated = self.table[
            ["customer_id", "opportunity", "expert", "probability", "low", "likely", "high", "expected_on"]
        ]
        return stated.assign(expected_value=self._expected())

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> "JudgedDraws":
        """Make ready to value these customers; judgements of others do not count.

        Raises
        ------
        JudgementError
            If an expected date lies before the as-of date.
        """
        first, last = (years_until(self.table, terms, name) for name in ("expected_from", "expected_to"))
        found = _written_as(customers, self.table["customer_id"])
        placed = {"position": np.arange(len(self.table)), "first_years": first, "last_years": last}
        table = self.table.assign(customer_id=found, **placed)[found.notna()]
        return JudgedDraws(customers.ids, table, terms, shape, seed, adjustments=self.adjustments, shared=self.shared)

    def outside_horizon(self, terms: Terms) -> pd.DataFrame:
        """Opportunities expected after the horizon, which do not count."""
        return self.table[(years_until(self.table, terms, "expected_from") > terms.length("year")).to_numpy()]

    def require_known(self, customers: Customers) -> None:
        """Refuse judgements of anybody who is not among the customers.

        Raises
        ------
        JudgementError
            If a judged customer is not there.
        """
        unknown = _written_as(customers, self.table["customer_id"]).isna()
        if unknown.any():
            names = list(dict.fromkeys(self.table.loc[unknown, "customer_id"]))
            problem = "not among the customers valued"
            cure = "Correct the ids, or leave these judgements out."
            raise JudgementError(rows_at_fault(names, "judged customer", problem, cure), names)

    def _expected(self) -> pd.Series:
        """Expected value of each before margin and discount, after adjustments."""
        stated = self.table["probability"] * self.table["mean"]
        return stated if self.adjustments is None else self.table["expected_value"]

    def __repr__(self) -> str:
        expected = float(self._expected().sum())
        customers = counted(self.table["customer_id"].nunique(), "customer")
        return (
            f"{counted(len(self), 'judged opportunity', 'judged opportunities')} of {customers}; "
            f"amounts lie within {100 * self.interval:g}% intervals\n"
            f"expected value before margin and discount: {money(expected)}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)).replace(chr(10), '<br>')}</p>{self.summary().to_html(max_rows=10, index=False)}"


def _written_as(customers: Customers, judged: pd.Series) -> pd.Series:
    """Write each judged customer as the customers' table does; missing where they are not in it."""
    text = judged.astype(str)
    known = customers.known_ids(text.unique())
    return pd.Series([known.get(written) for written in text], index=judged.index, dtype=object)
