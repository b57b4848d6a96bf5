"""What moves the purchase rate of all customers at once: settings of calendar effects."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.check import OBSERVED_UNTIL
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.dates import time_since_end
from ltv_bayes.errors import FitError, PriorError, a_kind, suggestion
from ltv_bayes.formulas.special import Array
from ltv_bayes.models.density.calendar import Calendar
from ltv_bayes.models.given_factors import as_index, as_season, log_factors
from ltv_bayes.predictions.clock import YEARS_AHEAD
from ltv_bayes.time_units import DAYS_PER_UNIT, DAYS_PER_YEAR, as_duration

IN_YEAR = {"week": 52, "month": 12, "quarter": 4}
SHORT, LONG = 0.5, 3.0
YEARS_OF_SEASON = 2.0
LARGEST = 1.0
MOST_PERIODS = 300


@dataclass(frozen=True, kw_only=True)
class CalendarEffects:
    """How the purchase rate of all customers may move from one period to another.

    The rate of every customer is multiplied by a factor, the same for all. Its logarithm is the sum of a level that
    moves and reverts to the usual one, of white noise from period to period, and of a season, if there is one.

    Parameters
    ----------
    period : {"week", "month", "quarter"}, optional
        Length of the periods, counted back from the as-of date. Chosen by the length of the log if not given: weeks for
        less than half a year, quarters for more than three years, months between.
    season : bool, mapping or sequence, optional
        Whether the factor repeats by the time of the year, to be learned. If not given: where customers are observed
        for two full years or more. Or a known season: factors of the 12 months, or of the weeks of the year, by their
        numbers or in their order.
    index : mapping or Series, optional
        A known factor by the day from which it holds, past and future: a market's index, planned campaigns, holidays,
        your own sales of a year. It has to begin no later than the first customer; where it ends, the mean of its last
        year goes on. What is learned comes on top.
    level, noise, seasonal : float
        Scales of the half-normal priors of the three standard deviations, of the logarithm: 0.25 for a level that
        differs from the usual one by about 25%.
    half_life : str or Duration
        The time in which half of the level's distance from the usual one is gone.

    Raises
    ------
    PriorError
        If a scale is not above 0, or is beyond 1, a factor of 2.7.
    FitError
        If the period is not known, ``season`` is neither yes or no nor factors of months or weeks, or ``index`` has no
        factors by date.

    Examples
    --------
    >>> CalendarEffects(period="quarter", level=0.4)
    CalendarEffects(period='quarter', season=None, index=None, level=0.4, noise=0.15, seasonal=0.3, half_life='1 year')
    """

    period: str | None = None
    season: Any = None
    index: Any = None
    level: float = 0.25
    noise: float = 0.15
    seasonal: float = 0.3
    half_life: Any = "1 year"

    def __post_init__(self) -> None:
        if self.period is not None and str(self.period) not in IN_YEAR:
            raise FitError(f"There is no period {self.period!r}. {suggestion(str(self.period), IN_YEAR)}")
        if not isinstance(self.season, bool | None):
            object.__setattr__(self, "season", as_season(self.season))
        if self.index is not None:
            object.__setattr__(self, "index", as_index(self.index))
        for name in ("level", "noise", "seasonal"):
            scale = getattr(self, name)
            if not (isinstance(scale, int | float) and not isinstance(scale, bool) and 0 < scale <= LARGEST):
                raise PriorError(
                    f"{name} is the scale of a standard deviation of a logarithm, above 0 and at most {LARGEST:g}, not "
                    f"{scale!r}. Write 0.25 for about 25%."
                )
        as_duration(self.half_life)

    def of(self, customers: Customers) -> Calendar:
        """The periods of these customers' log, with the prior of the factor in them.

        Raises
        ------
        FitError
            If there are too many periods; if an index or a season is given, and the as-of date is not known, or the
            index begins too late.
        """
        seen, unit = customers.overview(), DAYS_PER_UNIT[customers.time_unit]
        longest = _longest_history(customers)
        years = longest * unit / DAYS_PER_YEAR
        period = self.period or ("week" if years < SHORT else "quarter" if years > LONG else "month")
        length = DAYS_PER_YEAR / IN_YEAR[period] / unit
        number = max(1, math.ceil(longest / length - 1e-9))
        if number > MOST_PERIODS:
            raise FitError(
                f"The longest history, {years:,.0f} years, has {number:,} periods of a {period}, and calendar effects "
                f"take {MOST_PERIODS} at most. Choose a longer period, correct T, or fit with calendar_effects=None."
            )
        learned = years >= YEARS_OF_SEASON if self.season is None else self.season is True
        scales = np.array([self.level, self.noise, *([self.seasonal] if learned else [])])
        half_life = as_duration(self.half_life).to(customers.time_unit)
        days, repeats = customers.repeat_days, None
        if days is not None and customers.as_of is not None and days.sum() == seen.repeats:
            age = (pd.Timestamp(customers.as_of) - pd.DatetimeIndex(days.index)).days / unit
            place = np.minimum(age // length, number - 1).astype(np.int64)
            repeats = np.bincount(place, days.to_numpy(dtype=float), number)
        known = self._known(customers, length * unit, number)
        return Calendar(length, number, scales, half_life, IN_YEAR[period], repeats, *known)

    def _known(self, customers: Customers, days: float, number: int) -> tuple[Array | None, Array | None]:
        """Logarithm of what is known of the factor, by period of so many days; None where nothing is."""
        season = None if isinstance(self.season, bool | None) else self.season
        if season is None and self.index is None:
            return None, None
        if customers.as_of is None:
            raise FitError(
                "A season or an index is known by its dates, and the customers have no as-of date. Give it: "
                "summarize(orders, as_of=...), or Customers.from_summary(frame, as_of=...)."
            )
        ahead = math.ceil(YEARS_AHEAD * DAYS_PER_YEAR / days)
        return log_factors(season, self.index, customers.as_of, days, number, ahead)


def _longest_history(customers: Customers) -> float:
    """How long before the as-of date the first customer came, in the time unit."""
    if OBSERVED_UNTIL not in customers.columns:
        return customers.overview().longest_history
    days = DAYS_PER_UNIT[customers.time_unit]
    tables = (batch.table for batch in customers.batches())
    return max(float((one["T"] + time_since_end(one, customers.as_of, days)).max()) for one in tables)


def chosen_effects(given: Any) -> CalendarEffects | None:
    """Read what the user gave: nothing, "auto", or settings.

    Raises
    ------
    FitError
        If it is anything else.
    """
    if given is None or isinstance(given, CalendarEffects):
        return given
    if given == "auto":
        return CalendarEffects()
    raise FitError(
        f"calendar_effects takes 'auto', None or CalendarEffects(...), not {given!r}."
        if isinstance(given, str)
        else f"calendar_effects takes 'auto', None or CalendarEffects(...), not {a_kind(given)}."
    )
