"""Which orders count: those up to the as-of date, with returns netted, ignored or refused."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ltv_bayes.data.orders.transactions import left_out_line
from ltv_bayes.errors import InputError, listed, refuse_rows
from ltv_bayes.language import _
from ltv_bayes.time_units import as_date

Returns = Literal["net", "ignore", "error"]
RowsAfter = Callable[[dt.date], tuple[Sequence[Any], int]]
AFTER_AS_OF = "after as_of"
IGNORED_RETURN = "return, ignored"
RETURN_ONLY = "return without an order that day"
NO_VALUE = "day without value"
ONE_DAY = dt.timedelta(days=1)


def today() -> dt.date:
    """Give the day it is here."""
    return dt.date.today()


def observation_end(first: dt.date, last: dt.date, as_of: Any, after: RowsAfter) -> dt.date:
    """Find the day on which observation ends: as given, or the day of the last order.

    Parameters
    ----------
    first, last : datetime.date
        Days of the first and the last order.
    as_of : date, optional
        The day asked for.
    after : callable
        From a day to the rows of the orders after it, or the first of these, and their number.

    Raises
    ------
    InputError
        If orders lie after today, and after ``as_of`` if one is given; or none lies before it.

    Examples
    --------
    >>> day = dt.date(1997, 1, 1)
    >>> observation_end(day, day, None, lambda day: ([], 0))
    datetime.date(1997, 1, 1)
    """
    given = None if as_of is None else as_date(as_of)
    limit = today() + ONE_DAY  # east of here the next day has begun
    limit = limit if given is None else max(limit, given)
    if last > limit:  # 2042 is usually 2024 mistyped
        rows, number = after(limit)
        cure = _("Correct the dates, or pass an as_of on or after them if they are meant.")
        problem = _("dated in the future, such as {last}", last=last)
        refuse_rows(rows, "row", problem, cure, number=number)
    if given is not None and first > given:
        raise InputError(
            _("as_of {given} lies before the first order ({first}). Choose a later day.", given=given, first=first)
        )
    return last if given is None else given


def refuse_returns(rows: Sequence[Any], number: int) -> None:
    """Raise if orders have negative amounts, given their rows, or the first of these, and their number."""
    cure = _("Pass returns='net' to set them against the day's orders, or returns='ignore' to leave them out.")
    refuse_rows(rows, "row", _("with a negative amount"), cure, number=number)


def refuse_none_left(counts: pd.Series, rows: Sequence[Any] = ()) -> None:
    """Raise because no order is a purchase, given the number of orders left out by reason."""
    explained = "; ".join([_("No purchase is left"), *left_out_line(counts)])
    amounts = _("amounts of rows {rows}", rows=listed(rows)) if len(rows) else "amounts"
    raise InputError(_("{explained}. Check the {amounts}, and as_of.", explained=explained, amounts=amounts), rows)


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
    if returns == "error":
        refuse_returns(orders.loc[negative, "row"], int(negative.sum()))
    ignored = negative if returns == "ignore" else np.zeros(len(orders), dtype=bool)
    left_out = [orders[late].assign(reason=AFTER_AS_OF), orders[ignored].assign(reason=IGNORED_RETURN)]
    outside = late | ignored
    return (orders[~outside] if outside.any() else orders), left_out
