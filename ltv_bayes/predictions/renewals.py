"""How long will subscribers stay? Forecasts from the posterior of the renewal model."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.subscriptions.calendar import contract_length
from ltv_bayes.data.subscriptions.contract_lengths import as_period
from ltv_bayes.data.subscriptions.renewals import Renewals, require_records
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.formulas.models import shifted_beta_geometric
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
    """

    _default_model: ClassVar[str] = "shifted_beta_geometric"
    _parameters: ClassVar[tuple[str, ...]] = shifted_beta_geometric.PARAMETERS

    def survival(self, periods: Any, *, renewals: int = 0) -> xr.DataArray:
        """Posterior of the share of subscribers who make more renewals, of those who are active after some.

        Parameters
        ----------
        periods : int or sequence of int
            Further renewals.
        renewals : int
            Renewals made so far: an active subscriber with many is likelier to go on than a new one.

        Returns
        -------
        xarray.DataArray
            (chain, draw, period), between 0 and 1.
        """
        ahead, made = whole_numbers(periods, "periods"), whole_numbers(renewals, "renewals")[0]
        values = shifted_beta_geometric.survival(ahead, renewals=made, **self._columns())
        return self._by_period(values, ahead, "survival")

    def retention(self, renewals: Any) -> xr.DataArray:
        """Posterior of the probability of the next renewal, by the number of renewals made.

        Returns
        -------
        xarray.DataArray
            (chain, draw, period), between 0 and 1; period counts the renewals made.
        """
        made = whole_numbers(renewals, "renewals")
        return self._by_period(shifted_beta_geometric.retention(made, **self._columns()), made, "retention")

    def expected_residual_life(self, renewals: Any, discount_rate: float, *, period: str | None = None) -> xr.DataArray:
        """Posterior of the expected renewals still to come, each discounted.

        Parameters
        ----------
        renewals : Renewals, int or sequence of int
            Subscriptions: of each active one the renewals to come, discounted to the as-of date. Or numbers of renewals
            made so far by an active subscriber, seen just before the next is due.
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
            alike = pd.MultiIndex.from_arrays([made, rates, group])
            first, which = np.flatnonzero(~alike.duplicated()), alike.factorize()[0]
            parameters = {
                name: values[..., first] if values.shape[-1] > 1 else values
                for name, values in parameter_arrays(self, table).items()
            }
            values = shifted_beta_geometric.discounted_expected_residual_life(
                made[first] + 1, rates[first], **parameters
            )
            values = values[..., which] * np.exp(-discount_intensity(discount_rate, "day") * wait)
            return labelled(values, table.index, "expected_residual_life")
        made = whole_numbers(renewals, "renewals")
        rate = _rate_per_period(discount_rate, self._period(period))
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
        (left,) = draw_for_each(
            self,
            table,
            lambda rng, drawn, place: shifted_beta_geometric.draw_renewals(rng, made[place], **drawn),
            seed=as_seed(random_seed),
            purpose=[f"renewals\x1f{one}\x1f{day:%Y-%m-%d}" for one, day in zip(what, table["start"], strict=True)],
        )
        return labelled(np.minimum(left, most), table.index, "renewals")

    def _period(self, given: str | None) -> str:
        known = periods_of(self)
        if given is None and len(known) != 1:
            length = ", ".join(known) or "a time that is not known"
            raise UnitError(f"Contracts run for {length}. Pass period='year', or as it is.")
        return as_period(known[0] if given is None else given)

    def _columns(self) -> dict[str, np.ndarray]:
        return {name: values[..., np.newaxis] for name, values in self.draws.items()}

    def _by_period(self, values: np.ndarray, periods: np.ndarray, name: str) -> xr.DataArray:
        chains, draws = shape_of(self)
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), "period": periods}
        return xr.DataArray(values, dims=("chain", "draw", "period"), coords=coords, name=name)


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


def _rate_per_period(discount_rate: float, period: str) -> float:
    """The discount rate of one period, which must be above 0."""
    length = contract_length(period)
    rate = float(np.expm1(discount_intensity(discount_rate, length.unit) * length.amount))
    if rate <= 0:
        raise UnitError("discount_rate must be above 0 here: without discounting, residual life need not be finite.")
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
        raise InputError(f"{name} must be whole numbers of 0 or more, not {values!r}.")
    return numbers.astype(np.int64)
