"""One date a customer: since when each could have ordered, or until when each was observed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.attributes import id_column_name
from ltv_bayes.data.customers.check import OBSERVED_UNTIL, TOLERANCE, WHOLE, refuse_repeated
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import Fault
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import alike, ids_of
from ltv_bayes.errors import refuse_rows
from ltv_bayes.language import _


def customer_dates(source: Any, name: str, *, customer_column: str = "customer_id", blank: bool = False) -> pd.Series:
    """Read one date a customer.

    Parameters
    ----------
    source : mapping, Series, path or frame
        Customer ids with their dates: a mapping, a series indexed by id, or a table with a column of this name.
    name : str
        What the dates are called.
    customer_column : str
        What the column of ids may be called, beside customer_id.
    blank : bool
        Whether dates may be missing.

    Returns
    -------
    pandas.Series
        Days, indexed by customer id.

    Raises
    ------
    InputError
        If a customer is there twice, or a date is missing or cannot be read.
    ColumnError
        If a table lacks the column of ids or of dates.

    Examples
    --------
    >>> customer_dates({"Ada": "2024-01-31"}, "since")
    customer_id
    Ada   2024-01-31
    Name: since, dtype: datetime64[us]
    """
    cells = _cells(source, name, customer_column)
    refuse_repeated(cells.index, _("dates in {name}", name=name))
    days, (missing, *unread) = as_days(cells)
    for fault in unread if blank else [missing, *unread]:
        _refuse(fault, name, cells.index)
    return days.rename(name)


def _refuse(fault: Fault, name: str, ids: pd.Index) -> None:
    """Raise if customers have no date that can be read."""
    such_as = _(", such as {example}", example=fault.example) if fault.example else ""
    refuse_rows(
        ids[fault.at],
        "customer",
        _("{problem} in {name}{such_as}", problem=fault.problem, name=name, such_as=such_as),
        fault.cure,
    )


def _cells(source: Any, name: str, customer_column: str) -> pd.Series:
    """Take the dates as they stand, indexed by customer id."""
    if isinstance(source, Mapping):
        source = pd.Series(dict(source), dtype=object)
    if isinstance(source, pd.Series):
        return pd.Series(source.array, ids_of(pd.Series(source.index)))
    frame = read_table(source)
    ids = ids_of(named_column(frame, id_column_name(frame, customer_column), "customer"))
    cure = _("Call the column of dates {name!r}.", name=name)
    return pd.Series(named_column(frame, name, name, cure).array, ids)


def starts_until(since: pd.Series, orders: pd.DataFrame, end: dt.date) -> tuple[pd.Series, pd.Series]:
    """Divide given starts into those up to the end of observation and those after it.

    Parameters
    ----------
    since : pandas.Series
        The day from which each customer could have ordered, indexed by id.
    orders : pandas.DataFrame
        row, customer_id and date of the orders that count.
    end : datetime.date
        The day on which observation ends.

    Returns
    -------
    pandas.Series
        The starts up to the end.
    pandas.Series
        Those of customers who are not there yet.

    Raises
    ------
    InputError
        If customers who ordered have no start, or ordered before it.

    Examples
    --------
    >>> since = pd.Series(pd.to_datetime(["2024-01-31", "2024-12-01"]), index=["Ada", "Bo"])
    >>> orders = pd.DataFrame({"customer_id": ["Ada"], "date": pd.to_datetime(["2024-02-10"])})
    >>> there, later = starts_until(since, orders, dt.date(2024, 6, 30))
    >>> there.index.tolist(), later.index.tolist()
    (['Ada'], ['Bo'])
    """
    first = orders.groupby("customer_id")["date"].min()
    unknown, early = ~first.index.isin(since.index), first < since.reindex(first.index)
    cure = _("Give each of them a date, or leave their orders out.")
    refuse_rows(first.index[unknown], "customer", _("who ordered but are not in since"), cure)
    cure = _("Correct these dates, or leave their orders out.")
    refuse_rows(first.index[early], "customer", _("who ordered before their day in since"), cure)
    there = since <= pd.Timestamp(end)
    return since[there], since[~there]


def ended_early(table: pd.DataFrame, ended: pd.Series, as_of: dt.date, days_per_unit: float) -> pd.DataFrame:
    """Shorten T to the day on which observation ended, and note the day in the column observed_until.

    Where it ended earlier already, the earlier of the two days counts.

    Parameters
    ----------
    table : pandas.DataFrame
        The customer table, indexed by id.
    ended : pandas.Series
        Days, indexed by customer id; missing ones change nothing.
    as_of : datetime.date
        The day up to which T runs.
    days_per_unit : float
        Days in the time unit of recency and T.

    Raises
    ------
    InputError
        If customers ordered after their end.

    Examples
    --------
    >>> table = pd.DataFrame({"recency": [21.0, 0.0], "T": [30.0, 30.0]}, index=["Ada", "Bo"])
    >>> ended = pd.Series(pd.to_datetime(["2024-06-25"]), index=["Ada"])
    >>> ended_early(table, ended, dt.date(2024, 6, 30), 1.0)
         recency    T observed_until
    Ada     21.0 25.0     2024-06-25
    Bo       0.0 30.0            NaT
    """
    wanted, known = alike(table.index, ended.index)
    end = ended.set_axis(known).reindex(wanted).set_axis(table.index)
    before = _ends_so_far(table)
    earlier = (before.fillna(pd.Timestamp(as_of)) - end).dt.days.to_numpy(dtype=float)
    shorter = (_whole_days(table["T"].to_numpy(dtype=float) * days_per_unit) - earlier) / days_per_unit
    T = np.where(earlier > 0, shorter, table["T"])
    recency = table["recency"].to_numpy(dtype=float)
    late = (recency > T + TOLERANCE * table["T"].to_numpy(dtype=float)) | (T < 0)
    cure = _("Correct the day of the end, or summarize the orders without those after it.")
    refuse_rows(table.index[late], "customer", _("who ordered, or joined, after their end"), cure)
    return table.assign(recency=np.minimum(recency, T), T=T, observed_until=before.mask(earlier > 0, end))


def time_since_end(table: pd.DataFrame, as_of: dt.date | None, days_per_unit: float) -> np.ndarray:
    """How long before the as-of date the observation of each customer ended; 0 of those observed to it.

    Parameters
    ----------
    table : pandas.DataFrame
        The customer table.
    days_per_unit : float
        Days in the time unit that is wanted.

    Examples
    --------
    >>> table = pd.DataFrame({"T": [25.0, 30.0], "observed_until": [pd.Timestamp("2024-06-25"), pd.NaT]})
    >>> time_since_end(table, dt.date(2024, 6, 30), 1.0).tolist()
    [5.0, 0.0]
    """
    if OBSERVED_UNTIL not in table or as_of is None:
        return np.zeros(len(table))
    days = (pd.Timestamp(as_of) - pd.to_datetime(table[OBSERVED_UNTIL])).dt.days
    return days.fillna(0.0).to_numpy(dtype=float) / days_per_unit


def _ends_so_far(table: pd.DataFrame) -> pd.Series:
    """Days on which observation had ended before; missing where it goes to the as-of date."""
    if OBSERVED_UNTIL in table:
        return table[OBSERVED_UNTIL]
    return pd.Series(pd.NaT, table.index, dtype="datetime64[us]")


def _whole_days(days: np.ndarray) -> np.ndarray:
    """Undo the rounding of T in its time unit, so that T of the same length stay the same number."""
    whole = np.rint(days)
    return np.where(np.abs(days - whole) < WHOLE, whole, days)
