"""The terms on which money is valued: how far ahead, and at what discount."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.errors import UnitError
from ltv_bayes.language import _
from ltv_bayes.time_units import Duration, TimeUnit, as_duration, discount_intensity

SAME = 1e-9
MONTHS: dict[TimeUnit, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Terms:
    """Horizons after the as-of date, and annual effective discount rate.

    Attributes
    ----------
    horizons : tuple of Duration
        From the shortest to the longest; money after the last does not count.
    discount_rate : float
        0.10 for 10% a year; money is discounted at its own date.
    as_of : datetime.date or None
        The day that values are stated for.
    """

    horizons: tuple[Duration, ...]
    discount_rate: float
    as_of: dt.date | None

    @classmethod
    def read(cls, horizon: Any, discount_rate: float, as_of: dt.date | None) -> "Terms":
        """Check and keep what the user gave: one horizon, or several.

        Raises
        ------
        UnitError
            If a horizon has no unit, two are the same, or none is given.
        """
        discount_intensity(discount_rate, "year")
        several = isinstance(horizon, Sequence) and not isinstance(horizon, str)
        horizons = sorted(map(as_duration, horizon if several else [horizon]), key=lambda length: length.days)
        if not horizons:
            raise UnitError(_("No horizon is given. Write one, as in horizon='3 years'."))
        for shorter, longer in pairwise(horizons):
            if longer.days <= shorter.days * (1 + SAME):
                raise UnitError(
                    _(
                        "Two horizons are the same: {shorter} and {longer}. Give each once.",
                        shorter=shorter,
                        longer=longer,
                    )
                )
        return cls(tuple(horizons), float(discount_rate), as_of)

    @property
    def horizon(self) -> Duration:
        """The longest horizon."""
        return self.horizons[-1]

    def length(self, unit: TimeUnit) -> float:
        """Longest horizon in a time unit."""
        return self.horizon.to(unit)

    def delta(self, unit: TimeUnit) -> float:
        """Continuous discount rate per time unit."""
        return discount_intensity(self.discount_rate, unit)

    def periods(self) -> tuple[Duration, ...]:
        """The ends of the periods that money is counted in: every year's end, and every horizon.

        Examples
        --------
        >>> [str(end) for end in Terms.read(["6 months", "30 months"], 0.1, None).periods()]
        ['6 months', '1 year', '2 years', '30 months']
        """
        longest = self.horizon.days
        years = (Duration(float(year), "year") for year in range(1, int(self.horizon.to("year")) + 1))
        ends = list(self.horizons)
        for year in years:
            if all(abs(year.days - end.days) > SAME * longest for end in ends):
                ends.append(year)
        return tuple(sorted(ends, key=lambda end: end.days))

    def edges(self, unit: TimeUnit) -> np.ndarray:
        """The ends of the periods in a time unit, an array of shape (periods,)."""
        return np.array([end.to(unit) for end in self.periods()])

    def last_days(self) -> np.ndarray:
        """The last day of each period, counted from the as-of date: for payments that have a date.

        Whole months, quarters and years end on the day of the calendar: three years after 31 December 2025 is
        31 December 2028, 1,096 days later.

        Returns
        -------
        array of shape (periods,)
            Whole days, as floats.

        Examples
        --------
        >>> Terms.read(["100 days", "3 years"], 0.1, dt.date(2025, 12, 31)).last_days().tolist()
        [100.0, 365.0, 730.0, 1096.0]
        """
        return np.maximum.accumulate([_last_day(end, self.as_of) for end in self.periods()])

    def periods_until(self) -> tuple[int, ...]:
        """How many periods each horizon holds."""
        ends = self.periods()
        return tuple(ends.index(horizon) + 1 for horizon in self.horizons)

    def discounted_at(self, discount_rate: float) -> Self:
        """The same terms at another discount rate, annual and effective."""
        discount_intensity(discount_rate, "year")
        return replace(self, discount_rate=float(discount_rate))

    def until(self, place: int) -> Self:
        """The same terms without the horizons after this one."""
        return replace(self, horizons=self.horizons[: place + 1])


def _last_day(end: Duration, as_of: dt.date | None) -> float:
    """The last whole day of a duration from a day on."""
    months = end.amount * MONTHS.get(end.unit, 0)
    if as_of is None or months == 0 or months % 1:
        return float(np.floor(end.days * (1 + SAME)))
    try:
        last = pd.Timestamp(as_of) + pd.DateOffset(months=int(months))
    except (ValueError, OverflowError):
        raise UnitError(
            _(
                "{end} after {as_of} is beyond the calendar. Correct as_of, or shorten the horizon.",
                end=end,
                as_of=as_of,
            )
        ) from None
    return float((last - pd.Timestamp(as_of)).days)
