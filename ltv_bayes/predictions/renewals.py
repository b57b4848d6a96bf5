"""How long will subscribers stay? Forecasts from the posterior of the renewal model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes import posterior
from ltv_bayes.data.subscriptions.calendar import contract_length
from ltv_bayes.data.subscriptions.contract_lengths import as_period
from ltv_bayes.data.subscriptions.notices import passed_of_period, still_silent
from ltv_bayes.data.subscriptions.renewals import Renewals, is_active, require_records
from ltv_bayes.errors import FitError, InputError, UnitError
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.formulas.models.parameterization import naming
from ltv_bayes.language import _
from ltv_bayes.predictions.churn.factors import (
    FactorsAtRenewals,
    beside_factors,
    life_of_number,
    life_on_clock,
    on_clock,
    sums_of_factors,
)
from ltv_bayes.predictions.churn.time_varying import TimeVarying
from ltv_bayes.predictions.clock import clock_lines, has_clock
from ltv_bayes.predictions.fitted import FittedModel, parameter_arrays, parameters_of, shape_of
from ltv_bayes.predictions.over_customers import draw_for_each, labelled
from ltv_bayes.random_streams import as_seed
from ltv_bayes.time_units import discount_intensity


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
        before, sums = sums_of_factors(self, int(made), int(ahead.max(initial=0)), self._length(period))
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
        if not on_clock(self):
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
            renewals = active_ones(renewals)
            table = renewals.table
            made = table["renewals"].to_numpy(dtype=np.int64)
            rates = table["period"].map(lambda length: _rate_per_period(discount_rate, length)).to_numpy(dtype=float)
            wait = (table["next_due"] - pd.Timestamp(renewals.as_of)).dt.days.clip(lower=0).to_numpy(dtype=float)
            group = parameters_of(self, table, check=False).place
            if on_clock(self):
                life = life_on_clock(self, renewals, rates) * self._likelier(renewals)
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
            values = values[..., which] * self._likelier(renewals) * _discount(discount_rate, wait)
            return labelled(values, table.index, "expected_residual_life")
        made = whole_numbers(renewals, "renewals")
        length = contract_of(self, period)
        rate = _rate_per_period(discount_rate, length)
        if on_clock(self):
            values = np.stack([life_of_number(self, int(number), rate, length) for number in made], axis=-1)
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
        renewals, most = active_ones(renewals), whole_numbers([periods], "periods")[0]
        table = renewals.table
        made = table["renewals"].to_numpy()
        what = table["product"] if "product" in table else pd.Series("", table.index)
        factors = FactorsAtRenewals.of(self, renewals, table["renewals"].to_numpy() + most)
        silent = still_to_tell(self, table, renewals.as_of)

        def draw(rng: np.random.Generator, drawn: Mapping[str, np.ndarray], place: int) -> np.ndarray:
            parameters = {name: drawn[name] for name in beside_factors(self)}
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

    def _likelier(self, renewals: Renewals) -> np.ndarray:
        """How much likelier the next renewal is, as no notice has been given yet: shape (chains, draws, rows) or 1."""
        silent = still_to_tell(self, renewals.table, renewals.as_of)
        if (silent == 1).all():
            return np.ones(1)
        kept = _next_renewal(self, renewals)
        found: np.ndarray = shifted_beta_geometric.made_by_the_silent(kept, silent) / kept
        return found

    def _columns(self) -> dict[str, np.ndarray]:
        return {name: self.draws[name][..., np.newaxis] for name in beside_factors(self)}

    def _length(self, period: str | None) -> str:
        """Length of the contracts, where the calendar asks for it."""
        return contract_of(self, period) if has_clock(self) else ""

    def _by_period(self, values: np.ndarray, periods: np.ndarray, name: str) -> xr.DataArray:
        chains, draws = shape_of(self)
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), "period": periods}
        return xr.DataArray(values, dims=("chain", "draw", "period"), coords=coords, name=name)

    def _more_lines(self) -> list[str]:
        covariates = TimeVarying.of(self)
        return [*clock_lines(self), *(covariates.lines(self) if covariates is not None else [])]


def next_renewal_is_made(fit: FittedRenewals, renewals: Renewals) -> np.ndarray:
    """Posterior of the probability that active subscriptions make their next renewal: shape (chains, draws, rows)."""
    silent, kept = still_to_tell(fit, renewals.table, renewals.as_of), _next_renewal(fit, renewals)
    found: np.ndarray = shifted_beta_geometric.made_by_the_silent(kept, silent)
    return np.broadcast_to(found, (*found.shape[:2], len(renewals.table)))


def _next_renewal(fit: FittedRenewals, renewals: Renewals) -> np.ndarray:
    """The same where nothing is known of notices."""
    table = renewals.table
    made = table["renewals"].to_numpy(dtype=np.int64)
    if (factors := FactorsAtRenewals.of(fit, renewals, made + 1)) is None:
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


def active_ones(renewals: Any) -> Renewals:
    """The active subscriptions of records, one row each.

    Raises
    ------
    InputError
        If these are no renewals, or were made from counts, which name no customers.
    """
    require_records(renewals)
    found: Renewals = renewals.active()
    return found


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
