"""Dates that recur after a number of months or weeks, as those of contracts do."""

import re
from typing import Any, NamedTuple, cast

import numpy as np

from ltv_bayes.time_units import Duration, TimeUnit

MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}
PERIODS = (*DAYS, *MONTHS)
OF_SEVERAL = re.compile(r"(\d+) (\w+)s")


def contract_length(period: str) -> Duration:
    """Read the name of a period: day, week, month, quarter or year, or a number of them.

    Examples
    --------
    >>> contract_length("year"), contract_length("18 months")
    (Duration(amount=1, unit='year'), Duration(amount=18, unit='month'))
    """
    match = OF_SEVERAL.fullmatch(period)
    return Duration(int(match[1]), cast(TimeUnit, match[2])) if match else Duration(1, cast(TimeUnit, period))


class Steps(NamedTuple):
    """Lengths of periods as whole months, or as whole days where months are 0: arrays of one shape."""

    months: np.ndarray
    days: np.ndarray

    @classmethod
    def of(cls, period: Any) -> "Steps":
        """Read names of periods: day, week, month, quarter or year, or a number of them.

        Examples
        --------
        >>> Steps.of(["week", "quarter", "2 years"])
        Steps(months=array([ 0,  3, 24]), days=array([7, 0, 0]))
        """
        names = np.asarray(period, dtype=str)
        found, which = np.unique(names, return_inverse=True)
        lengths = [contract_length(str(name)) for name in found]
        months = np.array([one.amount * MONTHS.get(one.unit, 0) for one in lengths], dtype=np.int64)
        days = np.array([one.amount * DAYS.get(one.unit, 0) for one in lengths], dtype=np.int64)
        return cls(months[which].reshape(names.shape), days[which].reshape(names.shape))

    def taken(self, at: Any) -> "Steps":
        """The entries at some positions."""
        return Steps(self.months[at], self.days[at])

    def after(self, start: Any, number: Any) -> np.ndarray:
        """The days a number of periods after a start; the 31st falls on the last day of shorter months."""
        days, number, months, each = np.broadcast_arrays(
            _as_days(start), np.asarray(number, dtype=np.int64), self.months, self.days
        )
        month = days.astype("M8[M]")
        aim = month + (months * number).astype("m8[M]")
        last = (aim + np.timedelta64(1, "M")).astype("M8[D]") - np.timedelta64(1, "D")
        by_months = np.minimum(aim.astype("M8[D]") + (days - month.astype("M8[D]")), last)
        return np.where(months > 0, by_months, days + (each * number).astype("m8[D]"))

    def number_until(self, start: Any, end: Any) -> np.ndarray:
        """How many whole periods lie between two days: the last of them ends on or before the second."""
        first, last, months, each = np.broadcast_arrays(_as_days(start), _as_days(end), self.months, self.days)
        by_months = (last.astype("M8[M]") - first.astype("M8[M]")).astype(np.int64)
        number = np.where(months > 0, by_months, (last - first).astype(np.int64)) // np.where(months > 0, months, each)
        return number - (self.after(first, number) > last)

    def used(self, start: Any, made: Any, until: Any) -> np.ndarray:
        """How many periods were used until a day: those renewed before, and a part of the last, or all of it.

        All of it too where there is no such day.

        Examples
        --------
        >>> Steps.of(["month", "month"]).used("2024-01-15", [3, 3], np.array(["2024-04-30", "NaT"], "M8[D]")).tolist()
        [3.5, 4.0]
        """
        last, due, day = self.after(start, made), self.after(start, np.add(made, 1)), _as_days(until)
        part = (day - last).astype(float) / (due - last).astype(float)
        return np.asarray(made) + np.where(np.isnat(day), 1.0, np.clip(part, 0.0, 1.0))


def after(start: Any, number: Any, period: Any) -> np.ndarray:
    """The days a number of periods after a start; the 31st falls on the last day of shorter months.

    Parameters
    ----------
    start : array of days
    number : array of whole numbers
    period : array of str
        day, week, month, quarter or year, or a number of them.

    Returns
    -------
    array of numpy.datetime64[D]

    Examples
    --------
    >>> after(np.datetime64("2024-01-31"), [1, 2, 12], "month").astype(str).tolist()
    ['2024-02-29', '2024-03-31', '2025-01-31']
    """
    return Steps.of(period).after(start, number)


def number_until(start: Any, end: Any, period: Any) -> np.ndarray:
    """How many whole periods lie between two days: the last of them ends on or before the second.

    Examples
    --------
    >>> number_until(np.datetime64("2024-01-31"), np.array(["2024-02-28", "2024-02-29"], "M8[D]"), "month").tolist()
    [0, 1]
    """
    return Steps.of(period).number_until(start, end)


def nearest_number(start: Any, day: Any, period: Any) -> np.ndarray:
    """The number of the period that ends nearest to a day, counted from a start; of two as near, the earlier.

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
