"""Whether repeat purchases of all customers drift, have a season or jump, against what a fit makes up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import NamedTuple

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.dates import time_since_end
from ltv_bayes.data.customers.rows import FrameRows
from ltv_bayes.errors import FitError
from ltv_bayes.evaluation.quantities import Quantity, of_purchases
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import interval, interval_name
from ltv_bayes.language import N_, _
from ltv_bayes.models.calendar_effects import CalendarEffects
from ltv_bayes.models.density.calendar import Calendar
from ltv_bayes.predictions.clock import has_clock
from ltv_bayes.predictions.fitted import shape_of
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.time_units import DAYS_PER_UNIT, DAYS_PER_YEAR, UNITS, in_units

DRIFT = N_("purchase rate at the end, over its mean (trend)")
SEASON = N_("purchase rate at a time of the year, a factor of (1 sd)")
SPREAD = N_("purchase rate from {period} to {period}, a factor of (1 sd)")
PERIODS = {52: "week", 12: "month", 4: "quarter"}
LAST_PART = {"week": 4, "month": 3, "quarter": 1}
FEWEST_PURCHASES, FEWEST_PERIODS, YEARS_OF_SEASON = 5.0, 4, 2
RARE = 0.05
"""A tail this small speaks against the fit: of the three, one in twenty logs without any of them has one by chance."""
STEPS = 3
ALL = N_("Whether something moves the purchases of all customers at once cannot be judged")

AUTO = N_("Fit with calendar_effects='auto'.")
WIDER = N_(
    "The calendar effects of this fit do not describe it: give them shorter periods or wider scales, as in "
    "CalendarEffects(period='month', level=0.5)."
)
SEASONAL = N_("Give the calendar effects a season: CalendarEffects(season=True).")
DRIFTS = N_(
    "The rate of all customers {moves} by {rate} a year; repeat purchases of the last {length} are {share} what the "
    "fit expects. A total of the coming year will be about {stays} if the rate stays, and {goes_on} if the trend goes "
    "on. {cure}"
)
SEASONS = N_(
    "Purchases of all customers differ by the time of the year, by about {size}, which the fit does not know of: a "
    "total of a part of a year will be too high or too low by as much. {cure}"
)
JUMPS = N_(
    "Purchases of all customers go up and down together, from {period} to {period} by about {size} more than those of "
    "customers who are independent of each other: intervals of totals are too narrow by that. {cure}"
)


class Held(NamedTuple):
    """What a fit is held to.

    Attributes
    ----------
    quantities : iterable of Quantity
    counts : PurchasesByPeriod or None
        Where the fit is of purchases, and the days of these are known.
    unknown : tuple of str
        What could not be judged, and why.
    """

    quantities: Iterable[Quantity]
    counts: "PurchasesByPeriod | None" = None
    unknown: tuple[str, ...] = ()


def held_in_time(fit: FittedPurchases, customers: Customers, some: Customers, seed: int) -> Held:
    """Of frequency, recency and T, and of purchases by period.

    Parameters
    ----------
    some : Customers
        Those with histories that are made up: all, or some at random.
    """
    try:
        counts = PurchasesByPeriod.of(fit, customers, some)
    except FitError as problem:
        return Held(list(of_purchases(fit, some, seed)), None, (_("{all}: {problem}", all=_(ALL), problem=problem),))
    found = list(of_purchases(fit, some, seed, counts.add))
    season = "season" in fit.idata["posterior"] or '"known"' in fit.idata.attrs.get("calendar", "")
    try:
        return Held([*found, *counts.quantities(effects=has_clock(fit), season=season)], counts)
    except FitError as problem:
        return Held(found, counts, (_("{all}: {problem}", all=_(ALL), problem=problem),))


@dataclass(eq=False)
class PurchasesByPeriod:
    """Repeat purchases by time since the first and by period, counted and made up.

    Attributes
    ----------
    customers : Customers
        Those with purchases that are made up, in the fit's time unit.
    calendar : Calendar
        The periods, counted back from the as-of date.
    observed : array of shape (ages, periods)
        Repeat purchases by time since the first, in classes that double from one period on, and by period, the latest
        first. One class where only counts of all customers are known, scaled to as many as there are here.
    replicated : array of shape (draws, ages, periods)
        The same of data that the fit made up.
    """

    customers: Customers
    calendar: Calendar
    observed: Array
    replicated: Array
    _lock: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def of(cls, fit: FittedPurchases, customers: Customers, some: Customers) -> "PurchasesByPeriod":
        """Count those of customers, and make room for those that a fit makes up.

        Raises
        ------
        FitError
            If the days of repeat purchases are not known, with the cure.
        """
        calendar = CalendarEffects(season=False).of(customers.in_time_unit(fit.time_unit))
        if calendar.repeats is None:
            raise FitError(
                _(
                    "the days of repeat purchases are not known. Summarize the orders, or give the counts by "
                    "day, as in Customers.from_summary(..., repeat_days=)."
                )
            )
        some = some.in_time_unit(fit.time_unit)
        own = some.rows.own_days if isinstance(some.rows, FrameRows) else None
        ages = 1 if own is None else int(_age_class(calendar.number)) + 1
        found = cls(some, calendar, np.zeros((ages, calendar.number)), np.zeros((_draws(fit), ages, calendar.number)))
        if own is None:
            found.observed[0] = calendar.repeats * (len(some) / len(customers))
        else:
            begun = np.repeat(found._begun, np.diff(own.ends, prepend=0))
            ago = (np.datetime64(some.as_of, "D").astype(np.int64) - own.days) / found._days
            np.add.at(found.observed, found._places(ago, begun), 1.0)
        return found

    def add(self, place: int, draw: IntArray, time: Array) -> None:
        """Count made-up purchases of one customer, by the draw that each belongs to and its time from the first."""
        begun = self._begun[place]
        places = self._places(np.floor((begun - time) * self._days + 1e-6) / self._days, begun)  # in whole days
        cells = np.ravel_multi_index((draw, *places), self.replicated.shape)  # one index: adding is ten times as fast
        with self._lock:
            np.add.at(self.replicated.reshape(-1), cells, 1.0)

    def _places(self, ago: Array, begun: Array) -> tuple[IntArray, IntArray]:
        """Class of the time since the first purchase, and the period, of times before the as-of date."""
        length, last = self.calendar.length, self.calendar.number - 1
        period = np.clip(np.floor(ago / length), 0, last).astype(np.int64)
        return np.minimum(_age_class((begun - ago) / length), len(self.observed) - 1), period

    @cached_property
    def _begun(self) -> Array:
        """How long before the as-of date each customer's first purchase was."""
        table = self.customers.table
        ended: Array = time_since_end(table, self.customers.as_of, self._days)
        return table["T"].to_numpy(dtype=float) + ended

    @property
    def _days(self) -> float:
        return float(DAYS_PER_UNIT[self.customers.time_unit])

    @property
    def period(self) -> str:
        """What a period is called."""
        return PERIODS[self.calendar.in_year]

    def table(self, prob: float, kind: str) -> pd.DataFrame:
        """Counts beside the median and the interval of what is made up, the earliest period first."""
        length = self.calendar.length * self._days
        ends = -np.arange(self.calendar.number)[::-1] * length
        day, stem = pd.Timestamp(self.customers.as_of), interval_name(prob, kind)
        made_up = self.replicated.sum(axis=1)[:, ::-1]
        low, high = np.transpose([interval(np.sort(one), prob, kind) for one in made_up.T])
        return pd.DataFrame(
            {
                "from": day + pd.to_timedelta(np.round(ends - length), unit="D"),
                "to": day + pd.to_timedelta(np.round(ends), unit="D"),
                "observed": self.observed.sum(axis=0)[::-1],
                "expected": np.median(made_up, axis=0),
                f"{stem}_lb": low,
                f"{stem}_ub": high,
            },
            index=pd.RangeIndex(-self.calendar.number, 0, name="period"),
        )

    def quantities(self, *, effects: bool, season: bool) -> Iterator[Quantity]:
        """Of drift, of a season where there are two years, and of jumps.

        Parameters
        ----------
        effects, season : bool
            Whether the fit has calendar effects, and a season among them.

        Raises
        ------
        FitError
            If there are too few purchases.
        """
        expected = self.replicated.mean(axis=0)
        seen = expected.sum(axis=0) >= FEWEST_PURCHASES
        if seen.sum() < FEWEST_PERIODS:
            raise FitError(
                _(
                    "fewer than {fewest_periods} {period}s of the log have {fewest_purchases:g} repeat purchases.",
                    fewest_periods=FEWEST_PERIODS,
                    period=_(UNITS[self.period]),
                    fewest_purchases=FEWEST_PURCHASES,
                )
            )
        counts = np.concatenate([self.observed[np.newaxis], self.replicated])[:, :, seen]
        place, weight = np.flatnonzero(seen), expected.sum(axis=0)[seen]
        years = self.calendar.length * self._days / DAYS_PER_YEAR
        time = np.asarray(-(place + 0.5) * years, dtype=float)
        slope, fitted = _trend(counts, expected[:, seen], time)
        off = np.log((counts.sum(axis=1) + 0.5) / (fitted + 0.5))
        end = np.exp(-slope * (weight @ time) / weight.sum())
        cure = _(WIDER) if effects else _(AUTO)
        drift = self._drift(expected.sum(axis=0), float(slope[0]), cure)
        yield Quantity(_(DRIFT), float(end[0]), end[1:], drift, rare=RARE)
        if self.calendar.number * years >= YEARS_OF_SEASON:
            between, off = _seasons(off, place, weight, self.calendar.in_year)
            factor = np.exp(np.sqrt(np.maximum(between, 0.0)))
            words = _(SEASONS, size=_beyond(between), cure=_(SEASONAL) if effects and not season else cure)
            yield Quantity(_(SEASON), float(factor[0]), factor[1:], words, only_above=True, rare=RARE)
        spread = off**2 @ weight / weight.sum()
        factor, name = np.exp(np.sqrt(spread)), _(SPREAD, period=_(UNITS[self.period]))
        words = _(JUMPS, period=_(UNITS[self.period]), size=_beyond(spread), cure=cure)
        yield Quantity(name, float(factor[0]), factor[1:], words, only_above=True, rare=RARE)

    def _drift(self, expected: Array, slope: float, cure: str) -> str:
        """What a drift does to totals."""
        number = LAST_PART[self.period]
        share = self.observed[:, :number].sum() / max(expected[:number].sum(), 1e-300)
        return _(
            DRIFTS,
            moves=_("rises") if slope > 0 else _("falls"),
            rate=percent(abs(np.expm1(slope))),
            length=in_units(str(number), self.period) if number > 1 else _(UNITS[self.period]),
            share=f"{percent(abs(share - 1))} {'above' if share > 1 else 'below'}",
            stays=_too(1 / max(share, 1e-3)),
            goes_on=_too(1 / (max(share, 1e-3) * np.exp(slope / 2))),
            cure=cure,
        )


def _draws(fit: FittedPurchases) -> int:
    return int(np.prod(shape_of(fit)))


def _age_class(periods: Array | float) -> IntArray:
    """Class of a time since the first purchase: up to 1, 2, 4, 8 periods and so on."""
    found: IntArray = np.ceil(np.log2(np.maximum(periods, 1.0)) - 1e-9).astype(np.int64)
    return found


def _too(ratio: float) -> str:
    """What a forecast is that is this many times what happens."""
    share = percent(abs(ratio - 1))
    return _("{share} too high", share=share) if ratio > 1 else _("{share} too low", share=share)


def _beyond(variances: Array) -> str:
    """The observed standard deviation beyond what is expected, as a percentage."""
    return percent(float(np.expm1(np.sqrt(max(variances[0] - np.median(variances[1:]), 0.0)))))


def _trend(counts: Array, expected: Array, time: Array) -> tuple[Array, Array]:
    """The slope of the logarithm of the rate, and the counts by period with it: of each row by itself.

    Customers of one age are compared: within each age, counts are divided over periods as expected, but for the slope.
    So what the model has wrong of ageing is no trend. This is the most likely slope of a Poisson regression.

    Parameters
    ----------
    counts : array of shape (rows, ages, periods)
    expected : array of shape (ages, periods)
    time : array of shape (periods,)

    Returns
    -------
    array of shape (rows,), array of shape (rows, periods)
    """
    slope, of_age = np.zeros(len(counts)), counts.sum(axis=2, keepdims=True)
    for step in range(STEPS + 1):
        tilted = expected * np.exp(slope[:, np.newaxis] * time)[:, np.newaxis]
        share = tilted / np.maximum(tilted.sum(axis=2, keepdims=True), 1e-300)
        fitted = of_age * share
        if step < STEPS:
            centred = time - (share @ time)[:, :, np.newaxis]
            gain = ((counts - fitted) * centred).sum(axis=(1, 2))
            slope += np.clip(gain / np.maximum((fitted * centred**2).sum(axis=(1, 2)), 1e-300), -1.0, 1.0)
    return slope, fitted.sum(axis=1)


def _seasons(off: Array, place: IntArray, weight: Array, in_year: int) -> tuple[Array, Array]:
    """The variance between times of the year, by what years have in common, and what is off their means.

    The mean product of the same time in two years: noise of single periods adds nothing to it on average.
    """
    products, total, means = np.zeros(len(off)), 0.0, np.zeros_like(off)
    for time in range(in_year):
        same = np.flatnonzero(place % in_year == time)
        if not same.size:
            continue
        own = weight[same]
        means[:, same] = (off[:, same] @ own / own.sum())[:, np.newaxis]
        first, second = np.triu_indices(same.size, 1)
        each = own[first] * own[second] / (own[first] + own[second])
        products += (off[:, same[first]] * off[:, same[second]]) @ each
        total += each.sum()
    return products / max(total, 1e-300), off - means
