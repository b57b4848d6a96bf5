"""The terms on which money is valued: how far ahead, and at what discount."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from ltv_bayes.time_units import Duration, TimeUnit, as_duration, discount_intensity


@dataclass(frozen=True)
class Terms:
    """Horizon after the as-of date, and annual effective discount rate.

    Attributes
    ----------
    horizon : Duration
        Money after it does not count.
    discount_rate : float
        0.10 for 10% a year; money is discounted at its own date.
    as_of : datetime.date or None
        The day that values are stated for.
    """

    horizon: Duration
    discount_rate: float
    as_of: dt.date | None

    @classmethod
    def read(cls, horizon: Any, discount_rate: float, as_of: dt.date | None) -> "Terms":
        """Check and keep what the user gave."""
        discount_intensity(discount_rate, "year")
        return cls(as_duration(horizon), float(discount_rate), as_of)

    def length(self, unit: TimeUnit) -> float:
        """Horizon in a time unit."""
        return self.horizon.to(unit)

    def delta(self, unit: TimeUnit) -> float:
        """Continuous discount rate per time unit."""
        return discount_intensity(self.discount_rate, unit)
