"""How much each renewal counts, draw by draw: calendar effects, covariates that vary in time, and tenure."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.calendar import contract_length
from ltv_bayes.data.subscriptions.due_dates import NO_COVARIATES, Schedules, period_after, schedules_apart
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.formulas.models.operational_time import Clock
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.predictions.churn.time_varying import TimeVarying, known_now
from ltv_bayes.predictions.clock import clock_of, has_clock
from ltv_bayes.predictions.fitted import FittedModel, parameters_of, shape_of
from ltv_bayes.time_units import as_date

ALL_APART = 1000
"""Renewals ahead that have factors of their own where tenure counts; later ones count like the last of them."""


def on_clock(fit: FittedModel) -> bool:
    """Whether renewals of a fit count otherwise than by their number and tenure."""
    return has_clock(fit) or TimeVarying.of(fit) is not None


def beside_factors(fit: FittedModel) -> tuple[str, ...]:
    """Names of the parameters that formulas take: all of them, but for c where factors count tenure."""
    return shifted_beta_geometric.PARAMETERS if on_clock(fit) else tuple(fit.draws)


def tenure_of(fit: FittedModel) -> Array:
    """Draws of c, shape (draws,); 1 in a model without it."""
    draws: Any = fit.draws
    return np.asarray(draws["c"].ravel() if "c" in draws else np.ones(1))


def by_tenure(c: Array, number: IntArray) -> Array:
    """How much the renewals of these numbers count, from 1 on, where n of them count like n^c: (draws or 1, renewals).

    Examples
    --------
    >>> by_tenure(np.array([1.0, 2.0]), np.array([1, 2, 3])).tolist()
    [[1.0, 1.0, 1.0], [1.0, 3.0, 5.0]]
    """
    n, c = np.asarray(number, dtype=float), c[:, np.newaxis]
    return np.asarray(n**c - (n - 1) ** c)


@dataclass(frozen=True, eq=False)
class FactorsOfFit:
    """Draws of what a fit knows of how much renewals count.

    Attributes
    ----------
    clock : Clock or None
    day : datetime.date or None
        From which the clock counts its periods.
    c : array of shape (draws,) or (1,)
    covariates : TimeVarying or None
    slopes : array of shape (draws, covariates)
    """

    clock: Clock | None
    day: dt.date | None
    c: Array
    covariates: TimeVarying | None
    slopes: Array

    @classmethod
    def of(cls, fit: FittedModel) -> Self | None:
        """Read it from a fit; None where renewals count by their number and tenure."""
        if not on_clock(fit):
            return None
        clock, covariates = clock_of(fit), TimeVarying.of(fit)
        day = None if clock is None else as_date(fit.idata.attrs["as_of"])
        slopes = np.empty((0, 0)) if covariates is None else covariates.slopes(fit)
        return cls(clock, day, tenure_of(fit), covariates, slopes)

    @property
    def of_all(self) -> bool:
        """Whether a factor is that of a period, the same for all subscribers."""
        return self.covariates is None and not (self.c != 1).any()

    def at_renewals(self, renewals: Renewals, number: Any) -> "FactorsAtRenewals":
        """Of a number of renewals of each subscription, from its first.

        Covariates of renewals that are not made yet are those known by the as-of date, as they may go on. Where nothing
        was known before one that was made, it counts like the mean of all subscribers.

        Raises
        ------
        ColumnError
            If a fit with covariates that vary in time asks for some that the renewals lack.
        """
        as_of: Any = renewals.as_of
        day, length = self.day or as_of, 1.0 if self.clock is None else self.clock.length
        table, covariates = renewals.table, self.covariates
        if covariates is None:
            return FactorsAtRenewals(self, Schedules.of(table, number, day, length), NO_COVARIATES, NO_COVARIATES)
        now = known_now(covariates, renewals)
        schedules = schedules_apart(renewals, number, day, length, covariates.names)
        mean, sd = covariates.standardised(schedules.known), np.isnan(schedules.known).astype(float)
        place = np.repeat(schedules.place, np.diff(schedules.first))
        at = np.arange(len(place)) - schedules.first[place]
        ahead = (at >= table["renewals"].to_numpy()[place]) & ~table["lost"].to_numpy(dtype=bool)[place]
        passed = float((np.datetime64(as_of, "D") - np.datetime64(day, "D")).astype(int))
        days = np.maximum(schedules.days[ahead] - passed, 0.0)
        mean[ahead], sd[ahead] = covariates.ahead(now[place[ahead]], days)
        return FactorsAtRenewals(self, schedules, mean, sd)


@dataclass(frozen=True, eq=False)
class FactorsAtRenewals:
    """Draws of how much renewals of subscriptions count.

    Attributes
    ----------
    of_fit : FactorsOfFit
    schedules : Schedules
        Of the subscriptions, in periods of the clock.
    mean, sd : arrays of shape (renewals, covariates)
        Of standardised covariates at each renewal.
    """

    of_fit: FactorsOfFit
    schedules: Schedules
    mean: Array
    sd: Array

    @classmethod
    def of(cls, fit: FittedModel, renewals: Renewals, number: Any) -> "FactorsAtRenewals | None":
        """As `FactorsOfFit.at_renewals`; None where renewals count by their number and tenure."""
        of_fit = FactorsOfFit.of(fit)
        return None if of_fit is None else of_fit.at_renewals(renewals, number)

    def at(self, place: int, made: int) -> tuple[Array, Array]:
        """Of one subscription: what the renewals made count together, shape (draws,), and each of the others."""
        schedule, fit = self.schedules.place[place], self.of_fit
        first, last = self.schedules.first[schedule : schedule + 2]
        found = by_tenure(fit.c, np.arange(1, last - first + 1))
        if fit.clock is not None:
            found = found * fit.clock.factors[:, columns_of(fit.clock, self.schedules.period[first:last])]
        if fit.covariates is not None:
            found = found * np.exp(fit.covariates.log_factors(fit.slopes, self.mean[first:last], self.sd[first:last]))
        return found[:, :made].sum(axis=-1), found[:, made:]


def columns_of(clock: Clock, period: np.ndarray) -> IntArray:
    """The places of periods among the factors of a clock; before the first and after the last, that of the nearest."""
    return np.clip(period - clock.first, 0, clock.factors.shape[1] - 1)


def sums_of_factors(fit: FittedModel, made: int, ahead: int, period: str, *, after: float = 0.0) -> tuple[Array, Array]:
    """What renewals count: those made, the last of them on the as-of date, and those to come, added up to each.

    Nothing is known of the covariates by date of these subscribers.

    Parameters
    ----------
    period : str
        Length of the contract; of no concern without calendar effects.
    after : float
        Days from the as-of date to the day that renewals are counted from in its place.

    Returns
    -------
    tuple of arrays
        Of shape (chains, draws) or (1, 1), and the same with (..., renewals ahead): numbers of renewals where these
        are what counts, beside tenure.
    """
    if not on_clock(fit):
        return np.full((1, 1), float(made)), np.arange(1.0, ahead + 1)[np.newaxis, np.newaxis]
    before, factors = factors_of_number(fit, made, ahead, period, first=1, after=after)
    return before.reshape(shape_of(fit)), np.cumsum(factors, axis=-1).reshape(*shape_of(fit), ahead)


def factors_of_number(
    fit: FittedModel, made: int, ahead: int | None, period: str, *, first: int, after: float = 0.0
) -> tuple[Array, Array]:
    """The sum of factors at renewals made, and those to come, the first of them a number of periods from now.

    Where no number of those to come is given, as many as have factors of their own.
    """
    clock, covariates, c = clock_of(fit), TimeVarying.of(fit), tenure_of(fit)
    days = contract_length(period).days if period else 1.0
    more = int(_own(clock, c, np.array([days]))[0]) if ahead is None else ahead
    number = first - made + np.arange(made + more)
    draws = int(np.prod(shape_of(fit)))
    found = np.broadcast_to(by_tenure(c, np.arange(1, made + more + 1)), (draws, made + more))
    if clock is not None:
        found = found * clock.factors[:, columns_of(clock, period_after(after + days * number, clock.length))]
    if covariates is not None:
        found = found * np.exp(covariates.of_unknown(covariates.slopes(fit)))
    return found[:, :made].sum(axis=-1), found[:, made:]


def _own(clock: Clock | None, c: Array, days: Array) -> IntArray:
    """How many renewals ahead have factors of their own, of contracts of these lengths: one at least."""
    own = np.ones(len(days))
    if clock is not None:
        own = np.ceil((clock.factors.shape[1] + clock.first) * clock.length / days) + 1
    return np.maximum(own, ALL_APART if (c != 1).any() else 1).astype(np.int64)


def life_of_number(fit: FittedModel, made: int, rate: float, period: str) -> Array:
    """Residual life after a number of renewals, the next of which is due now: shape (chains, draws)."""
    before, factors = factors_of_number(fit, made, None, period, first=0)
    parameters = {name: fit.draws[name].ravel() for name in shifted_beta_geometric.PARAMETERS}
    last = factors[:, -1]
    life = shifted_beta_geometric.residual_life_on_clock(factors, last, rate, renewals=before, **parameters)
    return life.reshape(shape_of(fit))


def life_on_clock(fit: FittedModel, renewals: Renewals, rates: Array) -> Array:
    """Residual life of active subscriptions when their next renewal is due: shape (chains, draws, subscriptions)."""
    table = renewals.table
    made, clock, covariates = table["renewals"].to_numpy(dtype=np.int64), clock_of(fit), TimeVarying.of(fit)
    days = np.array([contract_length(str(period)).days for period in table["period"]])
    own = _own(clock, tenure_of(fit), days)
    if covariates is not None:
        own = np.maximum(own, np.ceil(covariates.fades_within() / days).astype(np.int64))
    factors = FactorsAtRenewals.of(fit, renewals, made + own)
    assert factors is not None
    drawn = parameters_of(fit, table, check=False)
    alike = pd.MultiIndex.from_arrays([factors.schedules.place, made, rates, drawn.place])
    first, which = np.flatnonzero(~alike.duplicated()), alike.factorize()[0]
    found = np.empty((len(first), int(np.prod(shape_of(fit)))))
    for place, row in enumerate(first):
        parameters = {name: drawn.at(drawn.place[[row]])[name][0] for name in shifted_beta_geometric.PARAMETERS}
        before, ahead = factors.at(int(row), int(made[row]))
        last, rate = ahead[:, -1], float(rates[row])
        found[place] = shifted_beta_geometric.residual_life_on_clock(ahead, last, rate, renewals=before, **parameters)
    return found[which].T.reshape(*shape_of(fit), len(table))
