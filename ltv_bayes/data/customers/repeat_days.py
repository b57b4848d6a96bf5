"""The days of repeat purchases, by customer and counted over all customers."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class OwnDays:
    """The days of the repeat purchases of each customer, in the order of a table.

    Attributes
    ----------
    days : array of shape (purchases,)
        Days since 1970-01-01, customer by customer: 32-bit whole numbers.
    ends : array of shape (customers,)
        Where those of each customer end.
    """

    days: np.ndarray
    ends: np.ndarray

    def at(self, places: np.ndarray) -> Self:
        """Those of some customers, by their places in the table."""
        begins = np.append(0, self.ends)[places]
        ends = np.cumsum(self.ends[places] - begins)
        steps = np.arange(ends[-1] if ends.size else 0)
        shifts = begins - np.append(0, ends)[:-1]
        return type(self)(self.days[steps + np.repeat(shifts, self.ends[places] - begins)], ends)

    def counts(self) -> pd.Series:
        """Repeat purchases of all of them, by day."""
        if not self.days.size:
            return by_day([], [])
        first = int(self.days.min())
        number = np.bincount(self.days - first)
        return by_day((first + np.arange(number.size)).astype("datetime64[D]"), number)


def by_day(days: Any, number: Any) -> pd.Series:
    """Counts indexed by day, ascending, without days of none."""
    index = pd.DatetimeIndex(np.asarray(days, dtype="datetime64[us]"), name="day")
    found = pd.Series(np.asarray(number, dtype=np.int64), index, name="repeat_purchases")
    return found[found > 0].sort_index()
