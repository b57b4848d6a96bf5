"""A ready table of frequency, recency and T, checked and brought into the layout of a customer table."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.check import HISTORY_RULES, SPEND_RULES, refuse_impossible, refuse_repeated
from ltv_bayes.data.reading.columns import named_column, plain, refuse_clash
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import quoted
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import ids_of
from ltv_bayes.errors import InputError, rows_at_fault

HISTORY = ("frequency", "recency", "T")
SPEND = ("monetary_value", "spend_frequency")
VALUES = ("first_value", "total_value")
OBSERVED_UNTIL = "observed_until"
DATES = ("first_order", "last_order", OBSERVED_UNTIL)
COMPUTED = (*HISTORY, *SPEND, *VALUES, *DATES)


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
    refuse_clash(attributes.columns, COMPUTED, "Rename them, or name them as the columns to use.")
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
    if unread.any():
        problem = f"whose {cells.name} is no number, such as {quoted(cells, unread)}"
        cure = "Write plain numbers, such as 38.86."
        raise InputError(rows_at_fault(cells.index[unread], "customer", problem, cure), cells.index[unread])
    return numbers


def _as_dates(cells: pd.Series) -> pd.Series:
    """Turn cells into days; blank ones become missing."""
    days, (_, *unread) = as_days(cells)
    for fault in unread:
        if fault.at.any():
            rows = cells.index[fault.at]
            raise InputError(rows_at_fault(rows, "customer", fault.problem, fault.cure), rows)
    return days
