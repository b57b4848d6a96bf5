"""How long will subscribers stay? Forecasts from the posterior of the renewal model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes import posterior
from ltv_bayes.data.subscriptions.calendar import contract_length
from ltv_bayes.data.subscriptions.contract_lengths import as_period
from ltv_bayes.data.subscriptions.due_dates import Schedules, period_after
from ltv_bayes.data.subscriptions.notices import passed_of_period, still_silent
from ltv_bayes.data.subscriptions.renewals import Renewals, is_active, require_records
from ltv_bayes.errors import FitError, InputError, UnitError
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.formulas.models.operational_time import Clock
from ltv_bayes.formulas.models.parameterization import naming
from ltv_bayes.formulas.special import IntArray
from ltv_bayes.language import _
from ltv_bayes.predictions.clock import clock_lines, clock_of, has_clock
from ltv_bayes.predictions.fitted import FittedModel, parameter_arrays, parameters_of, shape_of
from ltv_bayes.predictions.over_customers import draw_for_each, labelled
from ltv_bayes.random_streams import as_seed
from ltv_bayes.time_units import as_date, discount_intensity


@dataclass(frozen=True, repr=False)
class FittedRenewals(FittedModel):
    """A fitted renewal model: posterior draws with the forecasts they make.

    Examples
    --------
    >>> fit = FittedRenewals.from_draws({"alpha": [[0.66809]], "beta": [[3.80610]]})
    >>> fit.survival([0, 1, 8]).to_numpy().ravel().round(4).tolist()
    [1.0, 0.8507, 0.4604]

    With draws of ``c``, of the beta-discrete-Weibull:

    >>> fit = FittedRenewals.from_draws({"alpha": [[0.25934]], "beta": [[1.72255]], "c": [[1.58436]]})
    >>> fit.survival([0, 1, 8]).to_numpy().ravel().round(4).tolist()
    [1.0, 0.8691, 0.4567]
    """

    _default_model: ClassVar[str] = shifted_beta_geometric.NAME
    _parameters: ClassVar[tuple[str, ...]] = shifted_beta_geometric.PARAMETERS

    @classmethod
    def from_draws(cls, draws: Mapping[str, Any], **attrs: Any) -> Self:
        """Make a fit from draws of shape (chains, draws) and ``attrs``; with ``c``, of the beta-discrete-Weibull."""
        if isinstance(draws, Mapping) and "c" in draws:
            attrs["model"] = shifted_beta_geometric.WEIBULL
        return super().from_draws(draws, **attrs)

    @property
    def draws(self) -> dict[str, np.ndarray]:
        """The parameters' draws, each of shape (chains, draws)."""
        return posterior.parameter_draws(self.idata, naming(self.model).parameters)

    def __post_init__(self) -> None:
        super().__post_init__()
        c = self.draws.get("c", np.ones(1))
        if not (np.isfinite(c) & (c > 0)).all():
            raise FitError(_("{name} must be above 0 and finite in every draw.", name="c"))

    def survival(self, periods: Any, *, renewals: int = 0, period: str | None = None) -> xr.DataArray:
        """Posterior of the share of subscribers who make more renewals, of those who are active after some.

        With calendar effects, of those who have made the last of these on the as-of date, or begin on it.

        Parameters
        ----------
        periods : int or sequence of int
            Further renewals.
        renewals : int
            Renewals made so far: an active subscriber with many is likelier to go on than a new one.
        period : str, optional
            Length of the contracts, with calendar effects, if the fit does not know it or knows several.

        Returns
        -------
        xarray.DataArray
            (chain, draw, period), between 0 and 1.
        """
        ahead, made = whole_numbers(periods, "periods"), whole_numbers(renewals, "renewals")[0]
        before, sums = sums_of_factors(self, int(made), int(ahead.max(initial=0)), period)
        passed = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)[..., ahead]
        values = shifted_beta_geometric.survival(passed, renewals=before[..., np.newaxis], **self._columns())
        return self._by_period(values, ahead, "survival")

    def retention(self, renewals: Any, *, period: str | None = None) -> xr.DataArray:
        """Posterior of the probability of the next renewal, by the number of renewals made.

        With calendar effects, of those who have made the last of these on the as-of date.

        Parameters
        ----------
        renewals : int or sequence of int
            Renewals made so far by an active subscriber.
        period : str, optional
            As in `survival`.

        Returns
        -------
        xarray.DataArray
            (chain, draw, period), between 0 and 1; period counts the renewals made.
        """
        made = whole_numbers(renewals, "renewals")
        if not has_clock(self):
            return self._by_period(shifted_beta_geometric.retention(made, **self._columns()), made, "retention")
        each = [self.survival(1, renewals=int(number), period=period) for number in made]
        return self._by_period(np.concatenate(each, axis=-1), made, "retention")

    def expected_residual_life(self, renewals: Any, discount_rate: float, *, period: str | None = None) -> xr.DataArray:
        """Posterior of the expected renewals still to come, each discounted.

        Parameters
        ----------
        renewals : Renewals, int or sequence of int
            Subscriptions: of each active one the renewals to come, discounted to the as-of date. Or numbers of renewals
            made so far by an active subscriber, seen just before the next is due: on the as-of date, with calendar
            effects.
        discount_rate : float
            Annual and effective, above 0.
        period : str, optional
            Length of the contracts, for numbers of renewals, if the fit does not know it or knows several.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id) for subscriptions, (chain, draw, period) for numbers: renewals of today's worth.

        Raises
        ------
        UnitError
            If the discount rate is 0, since residual life need not be finite then.

        References
        ----------
        Fader & Hardie (2010), Customer-base valuation in a contractual setting, Marketing Science 29.
        """
        if isinstance(renewals, Renewals):
            table = active_records(renewals)
            made = table["renewals"].to_numpy(dtype=np.int64)
            rates = table["period"].map(lambda length: _rate_per_period(discount_rate, length)).to_numpy(dtype=float)
            wait = (table["next_due"] - pd.Timestamp(renewals.as_of)).dt.days.clip(lower=0).to_numpy(dtype=float)
            group = parameters_of(self, table, check=False).place
            if has_clock(self):
                life = _life_on_clock(self, table, rates) * self._likelier(table, renewals.as_of)
                return labelled(life * _discount(discount_rate, wait), table.index, "expected_residual_life")
            alike = pd.MultiIndex.from_arrays([made, rates, group])
            first, which = np.flatnonzero(~alike.duplicated()), alike.factorize()[0]
            parameters = {
                name: values[..., first] if values.shape[-1] > 1 else values
                for name, values in parameter_arrays(self, table).items()
            }
            values = shifted_beta_geometric.discounted_expected_residual_life(
                made[first] + 1, rates[first], **parameters
            )
            values = values[..., which] * self._likelier(table, renewals.as_of) * _discount(discount_rate, wait)
            return labelled(values, table.index, "expected_residual_life")
        made = whole_numbers(renewals, "renewals")
        rate = _rate_per_period(discount_rate, contract_of(self, period))
        if has_clock(self):
            values = np.stack([_life_of_number(self, int(number), rate, period) for number in made], axis=-1)
            return self._by_period(values, made, "expected_residual_life")
        values = shifted_beta_geometric.discounted_expected_residual_life(made + 1, rate, **self._columns())
        return self._by_period(values, made, "expected_residual_life")

    def predict_renewals(self, renewals: Renewals, periods: int, random_seed: int | None = None) -> xr.DataArray:
        """Predictive draws of the number of renewals still to come, up to a largest number: whole numbers.

        Parameters
        ----------
        renewals : Renewals
            Subscriptions; each active one has a random stream of its own.
        periods : int
            How many renewals ahead, in periods of each contract.
        random_seed : int, optional
            The same seed gives a subscription the same draws.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), one entry for each active subscription.
        """
        table, most = active_records(renewals), whole_numbers([periods], "periods")[0]
        made = table["renewals"].to_numpy()
        what = table["product"] if "product" in table else pd.Series("", table.index)
        factors = FactorsAtRenewals.of(self, table, table["renewals"].to_numpy() + most)
        silent = still_to_tell(self, table, renewals.as_of)

        def draw(rng: np.random.Generator, drawn: Mapping[str, np.ndarray], place: int) -> np.ndarray:
            parameters = {name: drawn[name] for name in self.draws}
            if factors is None:
                return shifted_beta_geometric.draw_renewals(rng, made[place], **parameters, silent=silent[place])
            before, ahead = factors.at(place, made[place])
            sums = np.cumsum(ahead, axis=-1)
            return shifted_beta_geometric.draw_renewals_on_clock(rng, before, sums, **parameters, silent=silent[place])

        (left,) = draw_for_each(
            self,
            table,
            draw,
            seed=as_seed(random_seed),
            purpose=[f"renewals\x1f{one}\x1f{day:%Y-%m-%d}" for one, day in zip(what, table["start"], strict=True)],
        )
        return labelled(np.minimum(left, most), table.index, "renewals")

    def _likelier(self, table: pd.DataFrame, as_of: Any) -> np.ndarray:
        """How much likelier the next renewal is, as no notice has been given yet: shape (chains, draws, rows) or 1."""
        silent = still_to_tell(self, table, as_of)
        if (silent == 1).all():
            return np.ones(1)
        kept = _next_renewal(self, table)
        found: np.ndarray = shifted_beta_geometric.made_by_the_silent(kept, silent) / kept
        return found

    def _columns(self) -> dict[str, np.ndarray]:
        return {name: values[..., np.newaxis] for name, values in self.draws.items()}

    def _by_period(self, values: np.ndarray, periods: np.ndarray, name: str) -> xr.DataArray:
        chains, draws = shape_of(self)
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), "period": periods}
        return xr.DataArray(values, dims=("chain", "draw", "period"), coords=coords, name=name)

    def _more_lines(self) -> list[str]:
        return clock_lines(self)


class FactorsAtRenewals(NamedTuple):
    """Draws of the factor at the renewals of subscriptions.

    Attributes
    ----------
    schedules : Schedules
        Of the subscriptions, in periods of the clock.
    clock : Clock
    """

    schedules: Schedules
    clock: Clock

    @classmethod
    def of(cls, fit: FittedRenewals, table: pd.DataFrame, number: np.ndarray) -> Self | None:
        """Of a number of renewals of each subscription, from its first; None for a fit without calendar effects."""
        clock = clock_of(fit)
        if clock is None:
            return None
        return cls(Schedules.of(table, number, as_date(fit.idata.attrs["as_of"]), clock.length), clock)

    @property
    def columns(self) -> IntArray:
        """The place of each renewal's period among the factors."""
        return columns_of(self.clock, self.schedules.period)

    def at(self, place: int, made: int) -> tuple[np.ndarray, np.ndarray]:
        """Of one subscription: the sum at the renewals made, shape (draws,), and factors at the others."""
        schedule = self.schedules.place[place]
        first, last = self.schedules.first[schedule : schedule + 2]
        found = self.clock.factors[:, columns_of(self.clock, self.schedules.period[first:last])]
        return found[:, :made].sum(axis=-1), found[:, made:]


def columns_of(clock: Clock, period: np.ndarray) -> IntArray:
    """The places of periods among the factors of a clock; before the first and after the last, that of the nearest."""
    return np.clip(period - clock.first, 0, clock.factors.shape[1] - 1)


def sums_of_factors(
    fit: FittedRenewals, made: int, ahead: int, period: str | None = None, *, after: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """What renewals count: those made, the last of them on the as-of date, and those to come, added up to each.

    Parameters
    ----------
    after : float
        Days from the as-of date to the day that renewals are counted from in its place.

    Returns
    -------
    tuple of arrays
        Of shape (chains, draws) or (1, 1), and the same with (..., renewals ahead): numbers where there are no calendar
        effects.
    """
    if not has_clock(fit):
        return np.full((1, 1), float(made)), np.arange(1.0, ahead + 1)[np.newaxis, np.newaxis]
    before, factors, _ = _factors_of_number(fit, made, ahead, period, first=1, after=after)
    return before.reshape(shape_of(fit)), np.cumsum(factors, axis=-1).reshape(*shape_of(fit), ahead)


def _factors_of_number(
    fit: FittedRenewals, made: int, ahead: int | None, period: str | None, *, first: int, after: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sum of factors at renewals made, those to come, the first of them a number of periods from now, the last one.

    Where no number of those to come is given, as many as have factors of their own.
    """
    clock = clock_of(fit)
    assert clock is not None
    days = contract_length(contract_of(fit, period)).days
    own = (clock.factors.shape[1] + clock.first) * clock.length / days
    number = np.arange(first - made, first + (int(np.ceil(own)) if ahead is None else ahead))
    factors = clock.factors[:, columns_of(clock, period_after(after + days * number, clock.length))]
    return factors[:, :made].sum(axis=-1), factors[:, made:], clock.factors[:, -1]


def _life_of_number(fit: FittedRenewals, made: int, rate: float, period: str | None) -> np.ndarray:
    """Residual life after a number of renewals, the next of which is due now: shape (chains, draws)."""
    before, factors, last = _factors_of_number(fit, made, None, period, first=0)
    parameters = {name: values.ravel() for name, values in fit.draws.items()}
    life = shifted_beta_geometric.residual_life_on_clock(factors, last, rate, renewals=before, **parameters)
    return life.reshape(shape_of(fit))


def _life_on_clock(fit: FittedRenewals, table: pd.DataFrame, rates: np.ndarray) -> np.ndarray:
    """Residual life of active subscriptions when their next renewal is due: shape (chains, draws, subscriptions)."""
    made, clock = table["renewals"].to_numpy(dtype=np.int64), clock_of(fit)
    assert clock is not None
    days = np.array([contract_length(str(period)).days for period in table["period"]])
    own = (clock.factors.shape[1] + clock.first) * clock.length / days
    factors = FactorsAtRenewals.of(fit, table, made + np.ceil(own).astype(np.int64))
    assert factors is not None
    drawn = parameters_of(fit, table, check=False)
    alike = pd.MultiIndex.from_arrays([factors.schedules.place, made, rates, drawn.place])
    first, which = np.flatnonzero(~alike.duplicated()), alike.factorize()[0]
    found = np.empty((len(first), int(np.prod(shape_of(fit)))))
    for place, row in enumerate(first):
        parameters = {name: drawn.at(drawn.place[[row]])[name][0] for name in shifted_beta_geometric.PARAMETERS}
        before, ahead = factors.at(int(row), int(made[row]))
        last, rate = clock.factors[:, -1], float(rates[row])
        found[place] = shifted_beta_geometric.residual_life_on_clock(ahead, last, rate, renewals=before, **parameters)
    return found[which].T.reshape(*shape_of(fit), len(table))


def next_renewal_is_made(fit: FittedRenewals, table: pd.DataFrame, as_of: Any) -> np.ndarray:
    """Posterior of the probability that active subscriptions make their next renewal: shape (chains, draws, rows)."""
    silent, kept = still_to_tell(fit, table, as_of), _next_renewal(fit, table)
    found: np.ndarray = shifted_beta_geometric.made_by_the_silent(kept, silent)
    return np.broadcast_to(found, (*found.shape[:2], len(table)))


def _next_renewal(fit: FittedRenewals, table: pd.DataFrame) -> np.ndarray:
    """The same where nothing is known of notices."""
    made = table["renewals"].to_numpy(dtype=np.int64)
    if (factors := FactorsAtRenewals.of(fit, table, made + 1)) is None:
        kept: np.ndarray = shifted_beta_geometric.retention(made, **parameter_arrays(fit, table))
        return kept
    drawn, each = parameters_of(fit, table, check=False), []
    for row, number in enumerate(made):
        before, ahead = factors.at(row, int(number))
        own = {name: drawn.at(drawn.place[[row]])[name][0] for name in shifted_beta_geometric.PARAMETERS}
        each.append(shifted_beta_geometric.survival(ahead[:, 0], renewals=before, **own))
    return np.stack(each, axis=-1).reshape(*shape_of(fit), len(table))


def still_to_tell(fit: FittedRenewals, table: pd.DataFrame, as_of: Any) -> np.ndarray:
    """Of those who will not make their next renewal, the share who have given no notice yet, one for each subscription.

    As the customers that were fitted gave notice within their last period; 1 where the fit does not know it.
    """
    found, known = np.ones(len(table)), json.loads(fit.idata.attrs.get("notices", "{}"))
    active = is_active(table)
    for period, counts in known.items():
        some = active & (table["period"] == period).to_numpy()
        found[some] = still_silent(tuple(counts), passed_of_period(table[some], as_of))
    return found


def contract_of(fit: FittedRenewals, given: str | None = None) -> str:
    """Length of the contracts of a fit, where it is not given.

    Raises
    ------
    UnitError
        If the fit does not know it, or knows several; or has learned from other lengths than the one given.
    """
    known = periods_of(fit)
    if given is None and len(known) != 1:
        length = ", ".join(known) or _("a time that is not known")
        raise UnitError(_("Contracts run for {length}. Pass period='year', or as it is.", length=length))
    period = as_period(known[0] if given is None else given)
    if known and period not in known:
        raise UnitError(
            _(
                "The fit has learned from contracts of a {known}, not of a {period}: their churn is not the same. "
                "Leave period= out, or fit contracts of a {period}.",
                known=_(" and a ").join(known),
                period=period,
            )
        )
    return period


def periods_of(fit: FittedRenewals) -> list[str]:
    """Lengths of the contracts that a fit has learned from, where known."""
    return list(filter(None, fit.idata.attrs.get("periods", "").split(", ")))


def active_records(renewals: Any) -> pd.DataFrame:
    """The active subscriptions of records, one row each.

    Raises
    ------
    InputError
        If these are no renewals, or were made from counts, which name no customers.
    """
    require_records(renewals)
    return renewals.active().table


def _discount(discount_rate: float, days: np.ndarray) -> np.ndarray:
    """Today's worth of 1 in a number of days."""
    found: np.ndarray = np.exp(-discount_intensity(discount_rate, "day") * days)
    return found


def _rate_per_period(discount_rate: float, period: str) -> float:
    """The discount rate of one period, which must be above 0."""
    length = contract_length(period)
    rate = float(np.expm1(discount_intensity(discount_rate, length.unit) * length.amount))
    if rate <= 0:
        raise UnitError(_("discount_rate must be above 0 here: without discounting, residual life need not be finite."))
    return rate


def whole_numbers(values: Any, name: str) -> np.ndarray:
    """Read whole numbers of 0 or more.

    Raises
    ------
    InputError
        If one is negative, a fraction or no number.
    """
    try:
        numbers = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if not (numbers.ndim == 1 and ((numbers >= 0) & (numbers % 1 == 0)).all()):
        raise InputError(_("{name} must be whole numbers of 0 or more, not {values!r}.", name=name, values=values))
    return numbers.astype(np.int64)
