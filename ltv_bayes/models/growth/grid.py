"""The exact posterior of one quantity that differs between segments, on a grid."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array, IntArray

COARSE, FINE, OTHERS = 61, 301, 31
FAR = 5.0
NEGLIGIBLE = 16.0
"""A logarithm of a density this far below its maximum counts as none."""
ROUNDS = 3
SPREADS = 12
SPREAD = 0.5
"""Scale of the half-normal prior of how much segments differ."""


class Normal(NamedTuple):
    """A normal prior."""

    mean: float
    sd: float

    def log_density(self, at: Array) -> Array:
        """Up to a constant."""
        return -0.5 * ((at - self.mean) / self.sd) ** 2


class Drawn(NamedTuple):
    """Posterior draws: of each segment, of a segment not seen yet, and of what all segments share.

    Attributes
    ----------
    segments : array of shape (draws, segments)
    unseen, other : arrays of shape (draws,)
    """

    segments: Array
    unseen: Array
    other: Array


def draw_pooled(
    log_likelihood: Callable[[Array, Array], Array],
    place: Normal,
    other: Normal | None,
    pooled: bool,
    rng: np.random.Generator,
    number: int,
) -> Drawn:
    """Draw a quantity of segments from its posterior.

    That of a segment is normal around a common one, with a standard deviation that is half-normal; without pooling it
    is the common one. All integrals are sums over a grid that covers what is not negligible.

    Parameters
    ----------
    log_likelihood : callable
        From values of the quantity and of a second one that all segments share, arrays of shape (places,) and (others,)
        to logarithms of the likelihood, (segments, places, others).
    place : Normal
        Prior of the common quantity.
    other : Normal or None
        Prior of the second one; None if there is none.
    pooled : bool
        Whether segments differ.
    number : int
        Of draws.
    """
    grid, others, log_all = _grid(log_likelihood, place, other)
    spreads = SPREAD * np.sqrt(2) * special.erfinv((np.arange(SPREADS) + 0.5) / SPREADS) if pooled else np.zeros(1)
    step, highest = grid[1] - grid[0], log_all.max(axis=(1, 2), keepdims=True)
    likelihood = np.exp(log_all - highest)
    kernels = [_kernel(grid, spread, step) for spread in spreads]
    with np.errstate(divide="ignore"):
        of_spreads = [np.log(kernel @ likelihood).sum(axis=0) for kernel in kernels]
    log_posterior = np.array(of_spreads) + place.log_density(grid)[:, np.newaxis]
    log_posterior += 0.0 if other is None else other.log_density(others)
    cells = rng.choice(log_posterior.size, number, p=special.softmax(log_posterior.ravel()))
    spread, common, which = np.unravel_index(cells, log_posterior.shape)
    segments = np.empty((number, len(likelihood)))
    for segment, one in enumerate(likelihood):
        for some in np.unique(spread):
            rows = np.flatnonzero(spread == some)
            weight = kernels[some][common[rows]] * one[:, which[rows]].T
            segments[rows, segment] = grid[_chosen(weight, rng)]
    within = rng.uniform(-0.5, 0.5, (2, number))
    unseen = grid[common] + spreads[spread] * rng.standard_normal(number)
    width = others[1] - others[0] if len(others) > 1 else 0.0
    apart = rng.uniform(-0.5, 0.5, segments.shape) if pooled else within[0][:, np.newaxis]
    return Drawn(segments + step * apart, unseen + step * within[0], others[which] + width * within[1])


def _grid(
    log_likelihood: Callable[[Array, Array], Array], place: Normal, other: Normal | None
) -> tuple[Array, Array, Array]:
    """Values of both quantities where some segment may have them, and the log-likelihood there."""
    low, high = place.mean - FAR * place.sd, place.mean + FAR * place.sd
    ends = (0.0, 0.0) if other is None else (other.mean - FAR * other.sd, other.mean + FAR * other.sd)
    for turn in range(ROUNDS + 1):
        grid = np.linspace(low, high, FINE if turn == ROUNDS else COARSE)
        others = np.linspace(*ends, OTHERS) if other is not None else np.zeros(1)
        found = log_likelihood(grid, others)
        if turn == ROUNDS:
            break
        prior = place.log_density(grid)[:, np.newaxis] + (0.0 if other is None else other.log_density(others))
        log_each = found + prior
        near = (log_each > log_each.max(axis=(1, 2), keepdims=True) - NEGLIGIBLE).any(axis=0)
        low, high = _around(grid, near.any(axis=1))
        together = (found.sum(axis=0) + prior).max(axis=0) if len(found) == 1 else log_each.max(axis=1).sum(axis=0)
        ends = _around(others, together > together.max() - NEGLIGIBLE) if other is not None else ends
    return grid, others, found


def _around(values: Array, some: np.ndarray) -> tuple[float, float]:
    """The ends of the values that are marked, one step wider."""
    at, step = np.flatnonzero(some), values[1] - values[0]
    return float(values[at[0]] - step), float(values[at[-1]] + step)


def _kernel(grid: Array, spread: float, step: float) -> Array:
    """The probability of each value of a segment, given each common value."""
    if spread < step / 4:
        return np.eye(len(grid))
    found: Array = np.exp(-0.5 * (np.subtract.outer(grid, grid) / spread) ** 2) * step / (spread * np.sqrt(2 * np.pi))
    return found


def _chosen(weight: Array, rng: np.random.Generator) -> IntArray:
    """One column of each row, by the weights of the row."""
    sums = np.cumsum(weight, axis=1)
    found: IntArray = (sums < rng.random(len(sums))[:, np.newaxis] * sums[:, -1:]).sum(axis=1)
    return found
