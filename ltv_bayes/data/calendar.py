"""Dates that come back every so many months or weeks, as contracts have them."""

from typing import Any

import numpy as np
import pandas as pd

MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}
PERIODS = (*DAYS, *MONTHS)


def after(start: Any, number: Any, period: Any) -> np.ndarray:
    """The days so many periods after a start; the 31st falls on the last day of shorter months.

    Parameters
    ----------
    start : array of days
    number : array of whole numbers
    period : array of str
        day, week, month, quarter or year.

    Returns
    -------
    array of numpy.datetime64[D]

    Examples
    --------
    >>> after(np.datetime64("2024-01-31"), [1, 2, 12], "month").astype(str).tolist()
    ['2024-02-29', '2024-03-31', '2025-01-31']
    """
    days, number, period = np.broadcast_arrays(_as_days(start), np.asarray(number, dtype=np.int64), np.asarray(period))
    steps = pd.Series(period.ravel()).map({**DAYS, **MONTHS}).to_numpy(dtype=np.int64).reshape(period.shape) * number
    month = days.astype("M8[M]")
    aim = month + steps.astype("m8[M]")
    last = (aim + np.timedelta64(1, "M")).astype("M8[D]") - np.timedelta64(1, "D")
    by_months = np.minimum(aim.astype("M8[D]") + (days - month.astype("M8[D]")), last)
    return np.where(np.isin(period, list(MONTHS)), by_months, days + steps.astype("m8[D]"))


def number_until(start: Any, end: Any, period: Any) -> np.ndarray:
    """How many whole periods lie between two days: the last of them ends on or before the second.

    Examples
    --------
    >>> number_until(np.datetime64("2024-01-31"), np.array(["2024-02-28", "2024-02-29"], "M8[D]"), "month").tolist()
    [0, 1]
    """
    first, last, period = np.broadcast_arrays(_as_days(start), _as_days(end), np.asarray(period))
    length = pd.Series(period.ravel()).map({**DAYS, **MONTHS}).to_numpy(dtype=np.int64).reshape(period.shape)
    months = (last.astype("M8[M]") - first.astype("M8[M]")).astype(np.int64)
    days = (last - first).astype(np.int64)
    number = np.where(np.isin(period, list(MONTHS)), months, days) // length
    return number - (after(first, number, period) > last)


def nearest_number(start: Any, day: Any, period: Any) -> np.ndarray:
    """How many periods after a start ends the one whose end is nearest to a day; of two as near, the earlier.

    Examples
    --------
    >>> days = np.array(["2024-02-05", "2024-02-27", "2024-03-04"], "M8[D]")
    >>> nearest_number(np.datetime64("2024-01-31"), days, "month").tolist()
    [0, 1, 1]
    """
    number = number_until(start, day, period)
    since = _as_days(day) - after(start, number, period)
    return number + (after(start, number + 1, period) - _as_days(day) < since)


def _as_days(dates: Any) -> np.ndarray:
    return np.asarray(dates, dtype="M8[us]").astype("M8[D]")
