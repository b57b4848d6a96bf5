"""Observation that ends earlier for some customers: their T shrinks to the day it ended, which the table keeps."""

import datetime as dt

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.attributes import comparable
from ltv_bayes.data.customers.check import TOLERANCE
from ltv_bayes.data.customers.ready_tables import OBSERVED_UNTIL
from ltv_bayes.errors import InputError, rows_at_fault

WHOLE = 1e-6  # of a day: T was counted in days, and division into time units left no more than this


def observed_until(table: pd.DataFrame, ended: pd.Series, as_of: dt.date, days_per_unit: float) -> pd.DataFrame:
    """Shorten T to the day on which observation ended, and note the day in a column of this function's name.

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
    >>> observed_until(table, ended, dt.date(2024, 6, 30), 1.0)
         recency    T observed_until
    Ada     21.0 25.0     2024-06-25
    Bo       0.0 30.0            NaT
    """
    wanted, known = comparable(table.index, ended.index)
    end = ended.set_axis(known).reindex(wanted).set_axis(table.index)
    before = _ends_so_far(table)
    earlier = (before.fillna(pd.Timestamp(as_of)) - end).dt.days.to_numpy(dtype=float)
    shorter = (_whole_days(table["T"].to_numpy(dtype=float) * days_per_unit) - earlier) / days_per_unit
    T = np.where(earlier > 0, shorter, table["T"])
    recency = table["recency"].to_numpy(dtype=float)
    _refuse_orders_after(table.index[(recency > T + TOLERANCE * table["T"].to_numpy(dtype=float)) | (T < 0)])
    return table.assign(recency=np.minimum(recency, T), T=T, observed_until=before.mask(earlier > 0, end))


def _ends_so_far(table: pd.DataFrame) -> pd.Series:
    """Days on which observation had ended before; missing where it goes to the as-of date."""
    if OBSERVED_UNTIL in table:
        return table[OBSERVED_UNTIL]
    return pd.Series(pd.NaT, table.index, dtype="datetime64[us]")


def _whole_days(days: np.ndarray) -> np.ndarray:
    """Undo the rounding of T in its time unit, so that T of the same length stay the same number."""
    whole = np.rint(days)
    return np.where(np.abs(days - whole) < WHOLE, whole, days)


def _refuse_orders_after(ids: pd.Index) -> None:
    """Raise if there are such customers."""
    if len(ids):
        cure = "Correct the day of the end, or summarize the orders without those after it."
        raise InputError(rows_at_fault(ids, "customer", "who ordered, or came, after their end", cure), ids)
