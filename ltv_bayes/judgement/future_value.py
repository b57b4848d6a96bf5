"""Future-value priors: what experts expect of named opportunities, as distributions of money."""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.amounts import as_amounts
from ltv_bayes.data.customers import Customers
from ltv_bayes.data.readers import read_table
from ltv_bayes.errors import ColumnError, JudgementError, counted, rows_at_fault, suggestion
from ltv_bayes.formatting import money
from ltv_bayes.formulas.elicit import draw_amounts, log_normal_from_interval, mean_amount
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import DAYS_PER_UNIT, UnitError, as_date, as_number

NEEDED = ("customer_id", "probability", "low", "high")
OPTIONAL = ("likely", "expected_on", "expert", "opportunity")
PURPOSE = "judged"


@dataclass(frozen=True, repr=False)
class FutureValuePriors:
    """Opportunities judged by experts: will it come, how much, when.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per opportunity: customer_id, probability, low, high, likely, expected_on, expert, opportunity, and the
        distribution they make: median, log_sd_below, log_sd_above, mean (of the amount, if it comes).
    interval : float
        Probability that the amount, if it comes, lies between low and high.
    """

    table: pd.DataFrame
    interval: float = 0.8

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
        stated = _known_columns(read_table(frame), customer_id)
        judged = _checked(stated, amount_unit)
        median, below, above = log_normal_from_interval(
            judged["low"], judged["high"], judged["likely"], interval=interval
        )
        judged = judged.assign(
            median=median, log_sd_below=below, log_sd_above=above, mean=mean_amount(median, below, above)
        )
        return cls(judged, float(interval))

    def __len__(self) -> int:
        return len(self.table)

    def summary(self) -> pd.DataFrame:
        """One row per opportunity: what was stated, and the expected value it makes before margin and discount."""
        stated = self.table[
            ["customer_id", "opportunity", "expert", "probability", "low", "likely", "high", "expected_on"]
        ]
        return stated.assign(expected_value=self.table["probability"] * self.table["mean"])

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> "JudgedDraws":
        """Make ready to value these customers; judgements of others do not count.

        Raises
        ------
        JudgementError
            If an expected date lies before the as-of date.
        """
        years = _years_until(self.table, terms)
        found = _written_as(customers, self.table["customer_id"])
        table = self.table.assign(customer_id=found, years=years)[found.notna()]
        return JudgedDraws(customers.ids, table, terms, shape[0] * shape[1], seed)

    def outside_horizon(self, terms: Terms) -> pd.DataFrame:
        """Opportunities expected after the horizon, which do not count."""
        return self.table[(_years_until(self.table, terms) > terms.length("year")).to_numpy()]

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

    def __repr__(self) -> str:
        expected = float((self.table["probability"] * self.table["mean"]).sum())
        customers = counted(self.table["customer_id"].nunique(), "customer")
        return (
            f"{counted(len(self), 'judged opportunity', 'judged opportunities')} of {customers}; "
            f"amounts lie within {100 * self.interval:g}% intervals\n"
            f"expected value before margin and discount: {money(expected)}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)).replace(chr(10), '<br>')}</p>{self.summary().to_html(max_rows=10, index=False)}"


class JudgedDraws:
    """Draws of judged money of some customers."""

    def __init__(self, ids: pd.Index, table: pd.DataFrame, terms: Terms, size: int, seed: int) -> None:
        columns = ["probability", "median", "log_sd_below", "log_sd_above", "years", "key"]
        self._judgements: dict[Any, list[tuple[Any, ...]]] = {}
        for row in table.sort_values("key")[["customer_id", *columns]].itertuples(index=False):
            self._judgements.setdefault(row[0], []).append(tuple(row[1:]))
        self._ends, self._delta = terms.edges("year"), terms.delta("year")
        self._ids, self._size, self._seed = ids, size, seed

    def __call__(
        self, first: int, last: int, money: np.ndarray, until: np.ndarray | None = None, life: np.ndarray | None = None
    ) -> None:
        """Fill in the discounted money of customers' opportunities: an array of shape (customers, periods, draws).

        Opportunities ride on no stream, and none rides on them.
        """
        money[:] = 0.0
        for row, customer_id in enumerate(self._ids[first:last]):
            for judgement in self._judgements.get(customer_id, ()):
                self._add(customer_id, judgement, money[row])

    def _add(self, customer_id: Any, judgement: tuple[Any, ...], money: np.ndarray) -> None:
        probability, median, below, above, years, key = judgement
        rng = customer_stream(self._seed, f"{PURPOSE}\x1f{key}", customer_id)
        comes = rng.random(self._size) < probability
        amount = draw_amounts(rng, self._size, median, below, above)
        anywhen = rng.random(self._size) * self._ends[-1]
        when = anywhen if np.isnan(years) else np.full(self._size, years)
        period = np.searchsorted(self._ends, when)
        counts = np.flatnonzero(comes & (period < len(self._ends)))
        money[period[counts], counts] += amount[counts] * np.exp(-self._delta * when[counts])


def as_interval(interval: float) -> float:
    """Read the probability of an expert's interval."""
    value = as_number(interval, "interval")
    if not 0 < value < 1:
        raise UnitError(f"interval must lie between 0 and 1, not {interval!r}. Write 80% as interval=0.8.")
    return value


def _known_columns(raw: pd.DataFrame, customer_id: str) -> pd.DataFrame:
    """Pick the columns by name, in one order; optional ones that are absent become empty."""
    if customer_id != "customer_id":
        raw = raw.drop(columns="customer_id", errors="ignore").rename(columns={customer_id: "customer_id"})
    for name in NEEDED:
        if name not in raw:
            own_name = " Name the column with customer_id=." if name == "customer_id" else ""
            known = suggestion(name, map(str, raw.columns))
            raise ColumnError(f"The judgements have no column {name!r}.{own_name} {known}")
    if raw.empty:
        raise JudgementError("There is no judgement in the table. Give at least one row.")
    table = pd.DataFrame({name: raw.get(name) for name in (*NEEDED, *OPTIONAL)})
    return table.set_axis(raw.index)


def _checked(stated: pd.DataFrame, amount_unit: float | str | None) -> pd.DataFrame:
    """Turn text into numbers and dates, and refuse what contradicts itself."""
    blank = stated["customer_id"].isna() | (stated["customer_id"].astype(str).str.strip() == "")
    _refuse(stated, blank, "without a customer", "Fill in customer_id.")
    judged = stated.assign(
        probability=_probabilities(stated),
        low=_amounts(stated, "low", amount_unit),
        high=_amounts(stated, "high", amount_unit),
        likely=_amounts(stated, "likely", amount_unit, optional=True),
        expected_on=_dates(stated),
    )
    _refuse(
        judged,
        ~judged["probability"].between(0, 1),
        "with a probability outside 0 to 1",
        "Write 60% as 0.6.",
    )
    _refuse(judged, judged["low"] <= 0, "with a low amount of 0 or less", "State what it brings if it comes, above 0.")
    _refuse(judged, judged["low"] > judged["high"], "with low above high", "Swap the two, or correct them.")
    outside = (judged["likely"] < judged["low"]) | (judged["likely"] > judged["high"])
    _refuse(judged, outside, "with likely outside low to high", "Correct one of the three.")
    return _named(judged)


def _named(judged: pd.DataFrame) -> pd.DataFrame:
    """Name nameless opportunities by their content's order, so that the order of rows does not matter."""
    text = judged["opportunity"].astype(str).str.strip()
    named = judged["opportunity"].notna() & (text != "")
    judged = judged.assign(opportunity=text.where(named), key=("named " + text).where(named))
    _refuse(
        judged,
        named & judged.duplicated(["customer_id", "opportunity"], keep=False),
        "stating an opportunity of one customer more than once",
        "Keep one, or give them different names.",
    )
    columns = ["customer_id", "expected_on", "probability", "low", "high"]
    nameless = judged.reset_index(drop=True)[~named.to_numpy()].sort_values(columns, kind="stable", key=_sortable)
    number = nameless.groupby("customer_id").cumcount() + 1
    opportunity, key = (judged[name].to_numpy(dtype=object, copy=True) for name in ("opportunity", "key"))
    opportunity[number.index] = number.map("(unnamed {})".format)
    key[number.index] = number.map("nameless {}".format)
    return judged.assign(opportunity=opportunity, key=key)


def _sortable(column: pd.Series) -> pd.Series:
    return column.astype(str) if column.dtype == object else column


def _probabilities(table: pd.DataFrame) -> pd.Series:
    """Read probabilities; "60%" is understood."""
    text = table["probability"].astype(str).str.strip()
    in_percent = text.str.endswith("%")
    numbers = pd.to_numeric(text.str.removesuffix("%"), errors="coerce").astype(float)
    numbers = numbers.where(~in_percent, numbers / 100)
    _refuse(
        table, ~np.isfinite(numbers), "without a number in 'probability'", "Write it as a plain number, such as 0.6."
    )
    return numbers


def _amounts(table: pd.DataFrame, column: str, amount_unit: float | str | None, *, optional: bool = False) -> pd.Series:
    """Read a column of money, as orders are read; an optional one may have blanks."""
    cells = table[column]
    blank = cells.isna() | (cells.astype(str).str.strip() == "")
    numbers = pd.Series(np.nan, index=cells.index)
    if not blank.all():
        numbers[~blank], _ = as_amounts(cells[~blank], unit=amount_unit)
    wrong = ~np.isfinite(numbers) & ~(blank & optional)
    _refuse(table, wrong, f"without a number in {column!r}", "Write it as a plain number.")
    return numbers


def _dates(table: pd.DataFrame) -> pd.Series:
    values = table["expected_on"]
    blank = values.isna() | (values.astype(str).str.strip() == "")

    def read(value: Any) -> Any:
        try:
            return pd.Timestamp(as_date(value, "expected_on"))
        except UnitError:
            return None

    dates = pd.Series(
        [None if empty else read(value) for value, empty in zip(values, blank, strict=True)], values.index
    )
    _refuse(table, dates.isna() & ~blank, "with an expected_on that is not a date", "Write it as in 2026-06-30.")
    return pd.to_datetime(dates)


def _refuse(table: pd.DataFrame, wrong: pd.Series, problem: str, cure: str) -> None:
    if wrong.any():
        rows = list(table.index[wrong.to_numpy(dtype=bool)])
        raise JudgementError(rows_at_fault(rows, "row", f"of the judgements {problem}", cure), rows)


def _years_until(table: pd.DataFrame, terms: Terms) -> pd.Series:
    """Years from the as-of date to the expected date; nan where there is none."""
    dated = table["expected_on"].notna()
    if dated.any() and terms.as_of is None:
        raise JudgementError(
            "The judgements have dates (expected_on) but the customers have no as-of date to count from. "
            "Pass as_of= to Customers.from_summary."
        )
    days = (table["expected_on"] - pd.Timestamp(terms.as_of or 0)).dt.days
    _refuse(
        table,
        dated & (days < 0),
        f"expected before the as-of date {terms.as_of}",
        "Give a date to come, or leave out what has already come or been lost.",
    )
    return days.where(dated) / DAYS_PER_UNIT["year"]


def _written_as(customers: Customers, judged: pd.Series) -> pd.Series:
    """Write each judged customer as the customers' table does; missing where they are not in it."""
    text = judged.astype(str)
    known = customers.known_ids(text.unique())
    return pd.Series([known.get(written) for written in text], index=judged.index, dtype=object)
