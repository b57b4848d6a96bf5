"""An amount that follows one of several log-normal distributions, each with a chance."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ltv_bayes.formulas.beliefs.elicit import root_between
from ltv_bayes.formulas.special import Array


class LogNormalMixture(NamedTuple):
    """Log-normal distributions, and the chance of each.

    Attributes
    ----------
    location, sd : arrays of shape (parts,)
        Of the logarithm of the amount; sds above 0.
    weights : array of shape (parts,)
        0 or more, in proportion to the chances.

    Examples
    --------
    >>> halves = LogNormalMixture(np.log([50.0, 200.0]), np.array([0.01, 0.01]), np.ones(2))
    >>> halves.quantile([0.25, 0.75]).round().tolist(), round(halves.mean)
    ([50.0, 200.0], 125)
    """

    location: Array
    sd: Array
    weights: Array

    @property
    def share(self) -> Array:
        """Chance of each part."""
        return self.weights / self.weights.sum()

    def quantile(self, level: ArrayLike) -> Array:
        """Amounts at levels: between the least and the most that a part has there."""
        levels, some = np.asarray(level, dtype=float), self.weights > 0
        location, sd, share = self.location[some], self.sd[some], self.share[some]

        def too_high(log_amount: Array, level: Array) -> Array:
            return special.ndtr((log_amount[..., np.newaxis] - location) / sd) @ share - level

        ends = location + special.ndtri(levels)[..., np.newaxis] * sd
        return np.exp(root_between(too_high, ends.min(axis=-1), ends.max(axis=-1), levels))

    def density(self, amount: ArrayLike) -> Array:
        """Density at amounts above 0; nothing elsewhere."""
        amounts = np.asarray(amount, dtype=float)
        possible = np.where(amounts > 0, amounts, 1.0)
        z = (np.log(possible)[..., np.newaxis] - self.location) / self.sd
        of_logarithm = np.exp(-0.5 * z**2) / (np.sqrt(2 * np.pi) * self.sd) @ self.share
        return np.where(amounts > 0, of_logarithm / possible, 0.0)

    @property
    def mean(self) -> float:
        """Mean of the amount."""
        return float(self.share @ np.exp(self.location + self.sd**2 / 2))

    @property
    def standard_deviation(self) -> float:
        """Standard deviation of the amount."""
        return float(np.sqrt(self.share @ np.exp(2 * self.location + 2 * self.sd**2) - self.mean**2))
