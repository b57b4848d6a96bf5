"""What moves all customers at once, in their purchases or renewals: settings of calendar effects."""

import datetime as dt
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.check import OBSERVED_UNTIL
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.dates import time_since_end
from ltv_bayes.data.subscriptions.calendar import contract_length
from ltv_bayes.data.subscriptions.renewals import Renewals, settled_day
from ltv_bayes.errors import DataWarning, FitError, PriorError, a_kind, suggestion
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _, retold
from ltv_bayes.models.density.calendar import Calendar
from ltv_bayes.models.density.purchase_clock import SINCE_END
from ltv_bayes.models.given_factors import as_index, as_season, log_factors
from ltv_bayes.predictions.clock import IN_YEAR, YEARS_AHEAD
from ltv_bayes.predictions.fitted import OURS
from ltv_bayes.time_units import DAYS_PER_UNIT, DAYS_PER_YEAR, TimeUnit, as_duration

SHORT, LONG = 0.25, 3.0
YEARS_OF_SEASON = 2.0
LARGEST = 1.0
MOST_PERIODS = 300
CONTRACTS = {"week": 28, "month": 85}  # renewed in periods of this length, where shorter than a number of days
YEAR_OF_CONTRACT = 360
POOLED = _("a pooled fit has them where they are asked for, as CalendarEffects(), and then takes minutes")
UNKNOWN_DAYS, TOO_LONG = _("the days of repeat purchases are not known"), _("the longest history")


@dataclass(frozen=True, kw_only=True)
class CalendarEffects:
    """How the purchase rate of all customers, or the churn of all subscribers, may move from one period to another.

    It is multiplied by a factor, the same for all; of churn, the rate -ln(1 - churn) is. The factor's logarithm is the
    sum of a level that moves and reverts to the usual one, of white noise from period to period, and of a season, if
    there is one.

    Parameters
    ----------
    period : {"week", "month", "quarter"}, optional
        Length of the periods, counted back from the as-of date. Chosen by the length of the log if not given: weeks for
        less than three months, quarters for more than three years, months between.
    season : bool, mapping or sequence, optional
        Whether the factor repeats by the time of the year, to be learned. If not given: where customers are observed
        for two full years or more. Or a known season: factors of the 12 months, or of the weeks of the year, by their
        numbers or in their order.
    index : mapping, Series, path or frame, optional
        A known factor by the day from which it holds, past and future: a market's index, planned campaigns, holidays,
        your own sales of a year; or a table with the columns ``date`` and ``factor``. It has to begin no later than the
        first customer; where it ends, the mean of its last year goes on. What is learned comes on top.
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
        If the period is not known, or ``season`` is neither yes or no nor factors of months or weeks.
    InputError
        If ``index`` cannot be read.

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
            raise FitError(
                _(
                    "There is no period {period!r}. {suggestion}",
                    period=self.period,
                    suggestion=suggestion(str(self.period), IN_YEAR),
                )
            )
        if not isinstance(self.season, bool | None):
            object.__setattr__(self, "season", as_season(self.season))
        if self.index is not None:
            object.__setattr__(self, "index", as_index(self.index))
        for name in ("level", "noise", "seasonal"):
            scale = getattr(self, name)
            if not (isinstance(scale, int | float) and not isinstance(scale, bool) and 0 < scale <= LARGEST):
                raise PriorError(
                    _(
                        "{name} is the scale of a standard deviation of a logarithm, above 0 and at most "
                        "{largest:g}, not {scale!r}. Write 0.25 for about 25%.",
                        name=name,
                        largest=LARGEST,
                        scale=scale,
                    )
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
        unit = DAYS_PER_UNIT[customers.time_unit]
        calendar = self._calendar(_longest_history(customers) * unit, customers.time_unit, customers.as_of)
        days, length, number = customers.repeat_days, calendar.length, calendar.number
        if days is None or customers.as_of is None or not _days_known(customers):
            return calendar
        age = (pd.Timestamp(customers.as_of) - pd.DatetimeIndex(days.index)).days / unit
        place = np.minimum(age // length, number - 1).astype(np.int64)
        return replace(calendar, repeats=np.bincount(place, days.to_numpy(dtype=float), number))

    def of_renewals(self, renewals: Renewals) -> Calendar:
        """The periods in which these renewals were due, with the prior of the factor in them; times are in days.

        Periods are at least as long as contracts, up to a quarter. Contracts of a year or longer are always renewed at
        the same time of the year, and have no season unless it is asked for.

        Raises
        ------
        FitError
            If the renewals have no dates; if there are too many periods, or an index begins too late.
        """
        if settled_day(renewals) is None:
            raise FitError(
                _(
                    "Calendar effects need the dates of renewals, and these have none. Make them of records, "
                    "with summarize_renewals(records), or fit with calendar_effects=None."
                )
            )
        table = renewals.table
        longest = max(contract_length(str(period)).days for period in table["period"].unique())
        least = next((name for name, most in CONTRACTS.items() if longest < most), "quarter")
        days = float((pd.Timestamp(str(renewals.as_of)) - table["start"].min()).days)
        season = False if self.season is None and longest >= YEAR_OF_CONTRACT else self.season
        return replace(self, season=season)._calendar(days, "day", renewals.as_of, least)

    def _calendar(self, days: float, unit: TimeUnit, as_of: dt.date | None, least: str = "week") -> Calendar:
        """The periods of the longest history, counted in days; no shorter than the least unless they are given."""
        years = days / DAYS_PER_YEAR
        by_length = "week" if years < SHORT else "quarter" if years > LONG else "month"
        period = self.period or min(by_length, least, key=IN_YEAR.__getitem__)
        length = DAYS_PER_YEAR / IN_YEAR[period]
        number = max(1, math.ceil(days / length - 1e-9))
        if number > MOST_PERIODS:
            raise FitError(
                _(
                    "The longest history, {years:,.0f} years, has {number:,} periods of a {period}, and "
                    "calendar effects take {most_periods} at most. Choose a longer period, correct T, or fit "
                    "with calendar_effects=None.",
                    years=years,
                    number=number,
                    period=period,
                    most_periods=MOST_PERIODS,
                )
            )
        learned = years >= YEARS_OF_SEASON if self.season is None else self.season is True
        scales = np.array([self.level, self.noise, *([self.seasonal] if learned else [])])
        half_life = as_duration(self.half_life).to(unit)
        known, ahead = self._known(as_of, length, number, days)
        each = length / DAYS_PER_UNIT[unit]
        return Calendar(each, number, scales, half_life, IN_YEAR[period], known=known, ahead=ahead, unit=unit)

    def _known(
        self, as_of: dt.date | None, days: float, number: int, history: float
    ) -> tuple[Array | None, Array | None]:
        """Logarithm of what is known of the factor, by period of so many days; None where nothing is."""
        season = None if isinstance(self.season, bool | None) else self.season
        if season is None and self.index is None:
            return None, None
        if as_of is None:
            raise FitError(
                _(
                    "A season or an index is known by its dates, and the customers have no as-of date. Give "
                    "it: summarize(orders, as_of=...), or Customers.from_summary(frame, as_of=...)."
                )
            )
        ahead = math.ceil(YEARS_AHEAD * DAYS_PER_YEAR / days)
        return log_factors(season, self.index, as_of, days, number, ahead, history)


def _days_known(customers: Customers) -> bool:
    """Whether the days of all repeat purchases of these customers are known, and the as-of date."""
    days = customers.repeat_days
    return days is not None and customers.as_of is not None and bool(days.sum() == customers.overview().repeats)


def _longest_history(customers: Customers) -> float:
    """How long before the as-of date the first customer came, in the time unit."""
    if OBSERVED_UNTIL not in customers.columns:
        return customers.overview().longest_history
    days = DAYS_PER_UNIT[customers.time_unit]
    tables = (batch.table for batch in customers.batches())
    return max(float((one["T"] + time_since_end(one, customers.as_of, days)).max()) for one in tables)


def tables_of(customers: Customers, effects: Any) -> Iterator[pd.DataFrame]:
    """The rows of customers, a batch at a time, with the time since observation ended where a clock asks for it."""
    for batch in customers.batches():
        yield batch.table.assign(**_since_end(batch)) if ends_matter(customers, effects) else batch.table


def ends_matter(customers: Customers, effects: Any) -> bool:
    """Whether some were observed until an earlier day, and there may be a clock."""
    return effects is not None and OBSERVED_UNTIL in customers.columns


def _since_end(customers: Customers) -> dict[str, Array]:
    days = DAYS_PER_UNIT[customers.time_unit]
    return {SINCE_END: time_since_end(customers.table, customers.as_of, days)}


def calendar_of(effects: Any, customers: Customers, *, pooled: bool = False) -> Calendar | None:
    """The periods and the prior that settings, "auto" or nothing mean for customers.

    "auto" means calendar effects where the days of repeat purchases are known, as after `summarize`, and not too many
    periods; and not in pooled fits, where chains would take minutes.

    Raises
    ------
    FitError
        As `CalendarEffects.of`, of settings.
    """
    chosen = chosen_effects(effects)
    if chosen is None or (effects == "auto" and _reason_against(customers, pooled)):
        return None
    return replace(chosen.of(customers), optional=effects == "auto")


def without_calendar(effects: Any, customers: Customers, *, pooled: bool = False) -> dict[str, str]:
    """What a fit remembers of why "auto" found no calendar effects.

    Warns
    -----
    DataWarning
        If the longest history is so long that a date must be wrong, or the periods too many.
    """
    reason = _reason_against(customers, pooled) if effects == "auto" else ""
    if reason.startswith(retold(TOO_LONG)):
        warnings.warn(
            _(
                "This fit has no calendar effects, so totals seem surer than they are: {reason}. Correct the "
                "date of the first order, or T; set calendar_effects=None if it is right.",
                reason=reason,
            ),
            DataWarning,
            skip_file_prefixes=(OURS,),
        )
    return {"without_calendar": str(reason)} if reason else {}


def _reason_against(customers: Customers, pooled: bool) -> str:
    """Why "auto" has no calendar effects for customers; empty where it has."""
    if not _days_known(customers):
        return retold(UNKNOWN_DAYS)
    if pooled:
        return retold(POOLED)
    years = _longest_history(customers) * DAYS_PER_UNIT[customers.time_unit] / DAYS_PER_YEAR
    most = MOST_PERIODS / IN_YEAR["quarter"]
    return (
        _("{too_long}, {years:,.0f} years, is beyond {most:g}", too_long=TOO_LONG, years=years, most=most)
        if years > most
        else ""
    )


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
        _("calendar_effects takes 'auto', None or CalendarEffects(...), not {given!r}.", given=given)
        if isinstance(given, str)
        else _("calendar_effects takes 'auto', None or CalendarEffects(...), not {kind}.", kind=a_kind(given))
    )
