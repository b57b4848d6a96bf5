"""How long will subscribers stay? Forecasts from the posterior of the renewal model."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.formulas import shifted_beta_geometric
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.time_units import TimeUnit, as_time_unit, discount_intensity


@dataclass(frozen=True, repr=False)
class FittedRenewals(FittedModel):
    """A fitted renewal model: posterior draws with the forecasts they make.

    Examples
    --------
    >>> fit = FittedRenewals.from_draws({"alpha": [[0.66809]], "beta": [[3.80610]]})
    >>> fit.survival([0, 1, 8]).to_numpy().ravel().round(4).tolist()
    [1.0, 0.8507, 0.4604]
    """

    model: ClassVar[str] = "shifted_beta_geometric"
    parameters: ClassVar[tuple[str, ...]] = shifted_beta_geometric.PARAMETERS

    def survival(self, periods: Any, *, renewals: int = 0) -> xr.DataArray:
        """Posterior of the share of subscribers who make so many more renewals, of those active after so many.

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
        values = shifted_beta_geometric.survival(ahead, renewals=made, **self._parameters())
        return self._by_period(values, ahead, "survival")

    def retention(self, renewals: Any) -> xr.DataArray:
        """Posterior of the probability of the next renewal, after so many made.

        Returns
        -------
        xarray.DataArray
            (chain, draw, period), between 0 and 1; period counts the renewals made.
        """
        made = whole_numbers(renewals, "renewals")
        return self._by_period(shifted_beta_geometric.retention(made, **self._parameters()), made, "retention")

    def expected_residual_life(self, renewals: Any, discount_rate: float, *, period: str | None = None) -> xr.DataArray:
        """Posterior of the expected renewals still to come, each discounted, seen just before the next is due.

        Parameters
        ----------
        renewals : int or sequence of int
            Renewals made so far by an active subscriber.
        discount_rate : float
            Annual and effective, above 0.
        period : str, optional
            Length of the contracts, if the fit does not know it or knows several.

        Returns
        -------
        xarray.DataArray
            (chain, draw, period), renewals of today's worth; period counts the renewals made.
        """
        made = whole_numbers(renewals, "renewals")
        per_period = np.expm1(discount_intensity(discount_rate, self._period(period)))
        if per_period <= 0:
            raise UnitError(
                "discount_rate must be above 0 here: without discounting, residual life need not be finite."
            )
        values = shifted_beta_geometric.discounted_expected_residual_life(made + 1, per_period, **self._parameters())
        return self._by_period(values, made, "expected_residual_life")

    def _period(self, given: str | None) -> TimeUnit:
        known = self.idata.attrs.get("periods", "")
        if given is not None:
            return as_time_unit(given)
        if known and ", " not in known:
            return as_time_unit(known)
        raise UnitError(f"Contracts run for {known or 'a time that is not known'}. Pass period='year', or as it is.")

    def _parameters(self) -> dict[str, np.ndarray]:
        return {name: values[..., np.newaxis] for name, values in self.draws.items()}

    def _by_period(self, values: np.ndarray, periods: np.ndarray, name: str) -> xr.DataArray:
        chains, draws = self.shape
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), "period": periods}
        return xr.DataArray(values, dims=("chain", "draw", "period"), coords=coords, name=name)


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
