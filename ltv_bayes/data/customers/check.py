"""A ready table of frequency, recency and T: read, checked, and laid out as a customer table."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.repeat_days import by_day
from ltv_bayes.data.customers.rows import Rows
from ltv_bayes.data.reading.by_day import counts_by_day
from ltv_bayes.data.reading.columns import named_column, plain, refuse_clash
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import quoted
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import ids_of
from ltv_bayes.errors import InputError, counted, refuse_rows
from ltv_bayes.language import _
from ltv_bayes.sizes import LARGEST_AMOUNT, SMALLEST_AMOUNT
from ltv_bayes.time_units import DAYS_PER_UNIT, TimeUnit

HISTORY = ("frequency", "recency", "T")
SPEND = ("monetary_value", "spend_frequency")
SPEND_AGE = "spend_age"
FIRST_VALUE, FIRST_ORDER = "first_value", "first_order_value"  # as paid, and in prices of as_of where there is an index
VALUES = (FIRST_VALUE, "total_value", SPEND_AGE, FIRST_ORDER)
OBSERVED_UNTIL = "observed_until"
DATES = ("first_order", "last_order", OBSERVED_UNTIL)
COMPUTED = (*HISTORY, *SPEND, *VALUES, *DATES)
TOLERANCE = 1e-9
SHORTEST, LONGEST = 1e-9, 1e9
MOST_PURCHASES = 1_000_000
WHOLE = 1e-6  # of a day: T was counted in days, and division into time units left no more than this
REPEATS = """
SELECT CAST(coalesce(sum(frequency), 0) AS BIGINT) AS repeats, max("T" * $days + {before_end}) AS longest FROM customers
"""
AS_OF_CURE = _("Does as_of lie before their last order?")


@dataclass(frozen=True)
class Rule:
    """A rule that no customer may break.

    Attributes
    ----------
    broken_by : callable
        Marks the rows of a table that break the rule.
    problem : str
        Words that follow "3 customers".
    cure : str
        What to do about it.
    """

    broken_by: Callable[[pd.DataFrame], pd.Series]
    problem: str
    cure: str


def _missing(name: str) -> Rule:
    cure = _("Fill in the numbers, or leave these customers out.")
    return Rule(lambda table: ~np.isfinite(table[name]), _("with a missing or infinite {name}", name=name), cure)


def _negative(name: str) -> Rule:
    return Rule(
        lambda table: table[name] < 0,
        _("with a negative {name}", name=name),
        _("Correct the numbers: none can be below zero."),
    )


def _fractional(name: str) -> Rule:
    cure = _("{name} counts repeat purchases, so it is a whole number.", name=name)
    return Rule(lambda table: table[name] % 1 != 0, _("with a fractional {name}", name=name), cure)


HISTORY_RULES = (
    *(_missing(name) for name in ("frequency", "recency", "T")),
    *(_negative(name) for name in ("frequency", "recency", "T")),
    _fractional("frequency"),
    Rule(
        lambda table: table["frequency"] > MOST_PURCHASES,
        _("with a frequency above {most_purchases:,}", most_purchases=MOST_PURCHASES),
        _("frequency counts repeat purchases: does the column hold money, or units sold?"),
    ),
    Rule(
        lambda table: (table["T"] != 0) & ~table["T"].between(SHORTEST, LONGEST),
        _("with a T beyond {longest:g}, or below {shortest:g} and not 0", longest=LONGEST, shortest=SHORTEST),
        _("Correct it, or choose another time unit."),
    ),
    Rule(lambda table: table["recency"] > table["T"] * (1 + TOLERANCE), _("with recency after T"), AS_OF_CURE),
    Rule(
        lambda table: (table["frequency"] == 0) & (table["recency"] > 0),
        _("with recency above 0 but frequency 0"),
        _("frequency counts repeat purchases and recency runs from the first to the last: is frequency one too low?"),
    ),
    Rule(
        lambda table: (table["frequency"] > 0) & (table["recency"] == 0),
        _("with repeat purchases but recency 0"),
        _(
            "recency runs from the first purchase to the last: is it the time since the last, or frequency one "
            "too high?"
        ),
    ),
)
SPEND_RULES = (
    _missing("spend_frequency"),
    _negative("spend_frequency"),
    _fractional("spend_frequency"),
    Rule(
        lambda table: table["spend_frequency"] > table["frequency"],
        _("with spend_frequency above frequency"),
        _("spend_frequency counts those repeat purchases that have a value."),
    ),
    Rule(
        lambda table: (table["spend_frequency"] > 0) & ~np.isfinite(table["monetary_value"]),
        _("with repeat purchases but a missing or infinite monetary_value"),
        _("Fill in the mean value of their repeat purchases, or give spend_frequency 0."),
    ),
    Rule(
        lambda table: (table["spend_frequency"] > 0) & (table["monetary_value"] <= 0),
        _("with repeat purchases but a monetary_value of zero or less"),
        _("Fill in the mean value of their repeat purchases, or give spend_frequency 0."),
    ),
    Rule(
        lambda table: (
            (table["spend_frequency"] > 0) & ~table["monetary_value"].between(SMALLEST_AMOUNT, LARGEST_AMOUNT)
        ),
        _(
            "with a monetary_value beyond {largest_amount:g}, or below {smallest_amount:g}",
            largest_amount=LARGEST_AMOUNT,
            smallest_amount=SMALLEST_AMOUNT,
        ),
        _("Correct it, or give spend_frequency 0."),
    ),
)


def refuse_impossible(table: pd.DataFrame, rules: tuple[Rule, ...]) -> None:
    """Raise for the first rule that customers break.

    Parameters
    ----------
    table : pandas.DataFrame
        Numbers, indexed by customer id.
    rules : tuple of Rule
        In the order in which they are checked.

    Raises
    ------
    InputError
        If a rule is broken; the message names the customers and the cure.

    Examples
    --------
    >>> table = pd.DataFrame({"frequency": [1], "recency": [9.0], "T": [5.0]}, index=["Ada"])
    >>> refuse_impossible(table, HISTORY_RULES)
    Traceback (most recent call last):
    ltv_bayes.errors.InputError: 1 customer with recency after T (id Ada). Does as_of lie before their last order?
    """
    for rule in rules:
        at = rule.broken_by(table).to_numpy(dtype=bool)
        refuse_rows(table.index[at], "customer", rule.problem, rule.cure)


def refuse_repeated(ids: pd.Index, rows: str = "rows") -> None:
    """Raise if a customer has several rows."""
    repeated = ids[ids.duplicated()].unique()
    refuse_rows(repeated, "customer", _("with several {rows}", rows=rows), _("Keep one row for each customer."))


def customer_table(
    source: Any, names: dict[str, str], *, monetary_value: str | None = "monetary_value"
) -> pd.DataFrame:
    """Read and check a table with one row a customer.

    Parameters
    ----------
    source : path or frame
        Anything that ``read_table`` reads.
    names : dict
        The user's column for each of customer_id, frequency, recency and T.
    monetary_value : str or None
        The user's column of mean values; None for a table without money.

    Returns
    -------
    pandas.DataFrame
        The customer table, sorted by id: the computed columns that are there, then all others as attributes.

    Raises
    ------
    InputError
        If a column is missing, or the numbers cannot be the history of a customer.

    Examples
    --------
    >>> frame = pd.DataFrame({"ID": [7], "x": [2], "t_x": [30.43], "T": [38.86], "channel": ["web"]})
    >>> names = {"customer_id": "ID", "frequency": "x", "recency": "t_x", "T": "T"}
    >>> customer_table(frame, names).columns.tolist()
    ['frequency', 'recency', 'T', 'monetary_value', 'spend_frequency', 'channel']
    """
    frame = read_table(source)
    ids = ids_of(named_column(frame, names["customer_id"], "customer_id"))
    refuse_repeated(ids)
    frame = frame.set_axis(ids, axis="index")
    history = _history(frame, names)
    spend = _spend(frame, monetary_value, history["frequency"])
    attributes = frame.drop(columns=[*names.values(), monetary_value, *COMPUTED[len(HISTORY) :]], errors="ignore")
    refuse_clash(attributes.columns, COMPUTED, _("Rename them, or name them as the columns to use."))
    return pd.concat([history, spend, _known(frame), attributes], axis="columns").sort_index()


def _history(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Take frequency, recency and T, checked."""
    table = pd.DataFrame({name: _as_numbers(named_column(frame, names[name], name)) for name in HISTORY})
    refuse_impossible(table, HISTORY_RULES)
    table["recency"] = np.minimum(table["recency"], table["T"])  # the rules let a rounding error pass
    return table.astype({"frequency": "int64"})


def _spend(frame: pd.DataFrame, name: str | None, frequency: pd.Series) -> pd.DataFrame:
    """Take monetary_value and spend_frequency, checked; a table without money has no spend."""
    if name is None or (name == "monetary_value" and name not in frame.columns):
        return pd.DataFrame({"monetary_value": np.nan, "spend_frequency": 0}, index=frame.index)
    value = _as_numbers(named_column(frame, name, "monetary_value"))
    number = _as_numbers(frame["spend_frequency"]) if "spend_frequency" in frame.columns else frequency
    table = pd.DataFrame({"frequency": frequency, "monetary_value": value, "spend_frequency": number})
    refuse_impossible(table, SPEND_RULES)
    return table[list(SPEND)].assign(monetary_value=value.where(number > 0)).astype({"spend_frequency": "int64"})


def _known(frame: pd.DataFrame) -> pd.DataFrame:
    """Take the other columns that ``summarize`` computes, where the table has them."""
    values = {name: _as_numbers(frame[name]) for name in VALUES if name in frame.columns}
    dates = {name: _as_dates(frame[name]) for name in DATES if name in frame.columns}
    return pd.DataFrame(values | dates, index=frame.index)


def _as_numbers(cells: pd.Series) -> pd.Series:
    """Turn cells, text among them, into floats; blank ones become missing."""
    cells = plain(cells)
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iuf":
        return cells.astype("float64")
    numbers = pd.to_numeric(cells, errors="coerce").astype("Float64").astype("float64")
    unread = (numbers.isna() & cells.notna()).to_numpy(copy=True)
    unread[unread] = (cells[unread].astype(str).str.strip() != "").to_numpy()
    problem = _("with a {name} that is no number, such as {cells}", name=cells.name, cells=quoted(cells, unread))
    refuse_rows(cells.index[unread], "customer", problem, _("Write plain numbers, such as 38.86."))
    return numbers


def _as_dates(cells: pd.Series) -> pd.Series:
    """Turn cells into days; blank ones become missing."""
    days, (_, *unread) = as_days(cells)
    for fault in unread:
        refuse_rows(cells.index[fault.at], "customer", fault.problem, fault.cure)
    return days


def checked_repeat_days(given: Any, rows: Rows, as_of: dt.date | None, time_unit: TimeUnit) -> pd.Series:
    """Read counts of repeat purchases by day, and hold them to the customers.

    Parameters
    ----------
    given : mapping, Series, path or frame
        From date to count, or a table with the columns ``date`` and ``count``.
    rows : Rows
        The customers, with T in ``time_unit``.
    as_of : datetime.date or None
        The day on which observation ended.

    Raises
    ------
    InputError
        If a date cannot be read, is there twice, or lies outside the observed time; if a count is no whole number, or
        all of them do not add up to the repeat purchases of the customers; if there is no as-of date.

    Examples
    --------
    >>> from ltv_bayes.data.customers.rows import FrameRows
    >>> rows = FrameRows(pd.DataFrame({"frequency": [0, 2], "T": [4.0, 4.0]}))
    >>> checked_repeat_days({"2024-06-12": 1, "2024-06-03": 1}, rows, dt.date(2024, 6, 30), "week").tolist()
    [1, 1]
    """
    if as_of is None:
        raise InputError(
            _("repeat_days are counted back from the as-of date. Pass as_of='2024-06-30', or which it is.")
        )
    counts = counts_by_day(given, "repeat_days")
    ends, before_end = [], "0"
    if OBSERVED_UNTIL in rows.columns:
        ends, before_end = [OBSERVED_UNTIL], f"coalesce(DATE '{as_of}' - CAST({OBSERVED_UNTIL} AS DATE), 0)"
    sql, settings = REPEATS.format(before_end=before_end), {"days": float(DAYS_PER_UNIT[time_unit])}
    (seen,) = rows.ask(sql, ["frequency", "T", *ends], settings).to_dict("records")
    found, end, longest = by_day(counts.index, counts), pd.Timestamp(as_of), math.ceil(seen["longest"] - WHOLE)
    late = found.index[found.index > end].strftime("%Y-%m-%d")
    refuse_rows(
        late,
        "day",
        _("in repeat_days after the as-of date {as_of}", as_of=as_of),
        _("Leave them out, or correct as_of."),
    )
    early = found.index[(end - found.index).days > longest].strftime("%Y-%m-%d")
    cure = _("The longest T is {days}: correct the dates, as_of or the time unit.", days=counted(longest, "day"))
    refuse_rows(early, "day", _("in repeat_days before the first purchase of all"), cure)
    if found.sum() != seen["repeats"]:
        raise InputError(
            _(
                "repeat_days add up to {repeat_purchases}, and frequency to {repeats:,}. Count the purchases "
                "of these customers after their first, one a customer and day.",
                repeat_purchases=counted(int(found.sum()), "repeat purchase"),
                repeats=seen["repeats"],
            )
        )
    return found
