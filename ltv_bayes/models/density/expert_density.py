"""The log density of experts' biases written out: that of the PyMC model, without PyMC."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ltv_bayes.formulas.kernels import judged_outcomes
from ltv_bayes.formulas.kernels.judged_outcomes import Outcomes
from ltv_bayes.formulas.special import Array
from ltv_bayes.models.density.plain_priors import PlainPrior
from ltv_bayes.posterior import tree_from_draws


@dataclass(frozen=True, eq=False)
class ExpertDensity:
    """Log density of a posterior over its unconstrained variables; see `ltv_bayes.inference.density.LogDensity`.

    Attributes
    ----------
    priors : mapping
        Of the mean and the sd of each number, number after number, in plain numbers.
    outcomes : Outcomes
        The same with experts and cases, laid out for the kernel.
    names : tuple of str
        The experts.
    """

    priors: Mapping[str, PlainPrior]
    outcomes: Outcomes
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of unconstrained variables."""
        return len(self.priors) + self.outcomes.kept.size

    @property
    def starts(self) -> Array:
        """The centre of the priors."""
        centre = np.array([prior.start for prior in self.priors.values()])
        return np.concatenate([centre, (self.outcomes.kept * centre[::2, np.newaxis]).ravel()])[np.newaxis]

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Log density and gradient at a point; -inf with a zero gradient where it is not finite."""
        value, gradient = judged_outcomes.value_and_gradient(x, self.outcomes)
        if math.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient
        return -np.inf, np.zeros(self.size)

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        """The same function: it keeps nothing between calls."""
        return self

    def values(self, points: Array) -> Array:
        """Log density at many points, an array of shape (points, size); -inf where it is not finite."""
        found: Array = judged_outcomes.values(np.ascontiguousarray(points), self.outcomes)
        return np.where(np.isfinite(found), found, -np.inf)

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws: means and sds, and each expert's own numbers."""
        found = {
            name: np.exp(points[:, place]) if name.startswith("sd_") else points[:, place]
            for place, name in enumerate(self.priors)
        }
        intercept, log_slope, shift, log_spread = judged_outcomes.own_numbers(points, self.outcomes.kept)
        own = {"intercept": intercept, "slope": np.exp(log_slope), "shift": shift, "spread": np.exp(log_spread)}
        shaped = {name: each.reshape(chains, draws, *each.shape[1:]) for name, each in (found | own).items()}
        return tree_from_draws(shaped, dims=dict.fromkeys(own, ("who",)), coords={"who": list(self.names)})
