"""One date a customer, from a mapping, a series or a table: since when, or until when."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ltv_bayes.data.customers.attributes import id_column_name
from ltv_bayes.data.customers.check import refuse_repeated
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import Fault
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import ids_of
from ltv_bayes.errors import InputError, rows_at_fault


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
    refuse_repeated(cells.index, f"dates in {name}")
    days, (missing, *unread) = as_days(cells)
    for fault in unread if blank else [missing, *unread]:
        _refuse(fault, name, cells.index)
    return days.rename(name)


def _refuse(fault: Fault, name: str, ids: pd.Index) -> None:
    """Raise if customers have no date that can be read."""
    if fault.at.any():
        such_as = f", such as {fault.example}" if fault.example else ""
        at = ids[fault.at]
        raise InputError(rows_at_fault(at, "customer", f"{fault.problem} in {name}{such_as}", fault.cure), at)


def _cells(source: Any, name: str, customer_column: str) -> pd.Series:
    """Take the dates as they stand, indexed by customer id."""
    if isinstance(source, Mapping):
        source = pd.Series(dict(source), dtype=object)
    if isinstance(source, pd.Series):
        return pd.Series(source.array, ids_of(pd.Series(source.index)))
    frame = read_table(source)
    ids = ids_of(named_column(frame, id_column_name(frame, customer_column), "customer"))
    cure = f"Call the column of dates {name!r}."
    return pd.Series(named_column(frame, name, name, cure).array, ids)
