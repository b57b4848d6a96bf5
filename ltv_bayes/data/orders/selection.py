"""Which orders count: those up to the as-of date, with returns netted, ignored or refused."""

import datetime as dt
from typing import Any, Literal

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, rows_at_fault
from ltv_bayes.time_units import as_date

Returns = Literal["net", "ignore", "error"]
AFTER_AS_OF = "after as_of"
IGNORED_RETURN = "return, ignored"
ONE_DAY = dt.timedelta(days=1)


def today() -> dt.date:
    """Give the day it is here."""
    return dt.date.today()


def observation_end(orders: pd.DataFrame, as_of: Any = None) -> dt.date:
    """Find the day on which observation ends: as given, or the day of the last order.

    Parameters
    ----------
    orders : pandas.DataFrame
        The table of a transaction log.
    as_of : date, optional
        The day asked for.

    Raises
    ------
    InputError
        If orders lie after today, and after ``as_of`` if one is given; or none lies before it.

    Examples
    --------
    >>> orders = pd.DataFrame({"row": [2], "date": pd.to_datetime(["1997-01-01"])})
    >>> observation_end(orders)
    datetime.date(1997, 1, 1)
    """
    dates = orders["date"]
    given = None if as_of is None else as_date(as_of)
    limit = today() + ONE_DAY  # east of here the next day has begun
    _refuse_future(orders, limit if given is None else max(limit, given))
    if given is None:
        return dates.max().date()
    if dates.min() > pd.Timestamp(given):
        first = f"{dates.min():%Y-%m-%d}"
        raise InputError(f"as_of {given} lies before the first order ({first}). Choose a later day.")
    return given


def _refuse_future(orders: pd.DataFrame, limit: dt.date) -> None:
    """Raise if orders are dated after a day; 2042 is usually 2024 mistyped."""
    late = orders["date"] > pd.Timestamp(limit)
    if late.any():
        example = f"{orders.loc[late, 'date'].iloc[0]:%Y-%m-%d}"
        cure = "Correct the dates, or pass an as_of on or after them if they are meant."
        rows = orders.loc[late, "row"]
        raise InputError(rows_at_fault(rows, "row", f"dated in the future, such as {example}", cure), rows)


def counting_orders(orders: pd.DataFrame, end: dt.date, returns: Returns) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Divide orders into those that count and those left out, the latter by reason.

    Parameters
    ----------
    orders : pandas.DataFrame
        The table of a transaction log.
    end : datetime.date
        The last day that counts.
    returns : {"net", "ignore", "error"}
        What to do with negative amounts.

    Returns
    -------
    pandas.DataFrame
        The orders that count.
    list of pandas.DataFrame
        Those that don't, each with a column ``reason``.

    Raises
    ------
    InputError
        If there are returns and none are allowed.
    """
    late = (orders["date"] > pd.Timestamp(end)).to_numpy()
    negative = (orders["amount"] < 0).to_numpy() & ~late
    if returns == "error" and negative.any():
        cure = "Pass returns='net' to set them against the day's orders, or returns='ignore' to leave them out."
        rows = orders.loc[negative, "row"]
        raise InputError(rows_at_fault(rows, "row", "with a negative amount", cure), rows)
    ignored = negative if returns == "ignore" else np.zeros(len(orders), dtype=bool)
    left_out = [orders[late].assign(reason=AFTER_AS_OF), orders[ignored].assign(reason=IGNORED_RETURN)]
    outside = late | ignored
    return (orders[~outside] if outside.any() else orders), left_out
