"""The log density of a model in which a share of customers leaves at once, on axes that suit its posterior.

Who bought once may have left at once, or may buy seldom: the more leave, the higher and the more alike are the rates of
those who stay. So with pi the share, ln mean_rate + ln (1 - pi), the rate of all, and ln rate_cv - ln (1 - pi) are
known much better than ln mean_rate and ln rate_cv, and hardly depend on pi. These are the axes. They are a shear of the
usual ones, so no density changes.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import special

from ltv_bayes.formulas.models.leaving_at_once import FIRST_DROPOUT
from ltv_bayes.formulas.special import Array
from ltv_bayes.models.density.log_density import WrittenDensity

OF_STAYING = {"mean_rate": -1.0, "rate_cv": 1.0, "r": -2.0, "alpha": -1.0}
"""How often ln (1 - pi) is added to the place on an axis, to find the logarithm of each quantity."""


@dataclass(frozen=True, eq=False)
class LeavingAtOnceDensity(WrittenDensity):
    """The density at points on these axes; see `WrittenDensity`."""

    def on_links(self, points: Array) -> Array:
        """The same points on the scales of the quantities' links: an array of shape (..., size)."""
        found = np.array(points, dtype=float)
        staying = -np.logaddexp(0.0, found[..., self.places[FIRST_DROPOUT]])
        for name, times in self._moved.items():
            found[..., self.places[name]] += times * staying
        return found

    @property
    def _moved(self) -> dict[str, float]:
        return {name: times for name, times in OF_STAYING.items() if name in self.links}

    def evaluate(self, x: Array, tables: object) -> tuple[float, Array]:
        """Log density and gradient at a point, of other histories that are laid out as these are."""
        value, by_link = super().evaluate(self.on_links(x), tables)
        gradient, share = by_link.copy(), special.expit(x[self.places[FIRST_DROPOUT]])
        for name, times in self._moved.items():
            gradient[self.places[FIRST_DROPOUT]] -= times * share * by_link[self.places[name]]
        return value, gradient

    def parameters(self, points: Array) -> tuple[Array, Array]:
        """Log density of all variables by their own priors, and parameters of groups: (points, parameters, groups)."""
        return super().parameters(self.on_links(points))

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws."""
        return super().tree(self.on_links(points), chains, draws)
