"""The exact posterior of one quantity that differs between segments, on a grid."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array, IntArray

COARSE, FINE, OTHERS = 61, 301, (1, 31, 21)
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
    unseen : array of shape (draws,)
    others : array of shape (shared quantities, draws)
    """

    segments: Array
    unseen: Array
    others: Array


def draw_pooled(
    log_likelihood: Callable[..., Array],
    place: Normal,
    others: tuple[Normal, ...],
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
        From values of the quantity, an array of shape (places,), and of up to two that all segments share, arrays of
        shape (others,), to logarithms of the likelihood, (segments, places, others).
    place : Normal
        Prior of the common quantity.
    others : tuple of Normal
        Priors of those that segments share.
    pooled : bool
        Whether segments differ.
    number : int
        Of draws.
    """
    grid, axes, log_all = _grid(log_likelihood, place, others)
    spreads = SPREAD * np.sqrt(2) * special.erfinv((np.arange(SPREADS) + 0.5) / SPREADS) if pooled else np.zeros(1)
    step, highest = grid[1] - grid[0], log_all.max(axis=(1, 2), keepdims=True)
    likelihood = np.exp(log_all - highest)
    kernels = [_kernel(grid, spread, step) for spread in spreads]
    with np.errstate(divide="ignore"):
        of_spreads = [np.log(kernel @ likelihood).sum(axis=0) for kernel in kernels]
    log_posterior = np.array(of_spreads) + _log_prior(place, others, grid, _crossed(axes))
    cells = rng.choice(log_posterior.size, number, p=special.softmax(log_posterior.ravel()))
    spread, common, which = np.unravel_index(cells, log_posterior.shape)
    segments = np.empty((number, len(likelihood)))
    for segment, one in enumerate(likelihood):
        for some in np.unique(spread):
            rows = np.flatnonzero(spread == some)
            weight = kernels[some][common[rows]] * one[:, which[rows]].T
            segments[rows, segment] = grid[_chosen(weight, rng)]
    within = rng.uniform(-0.5, 0.5, (1 + len(axes), number))
    unseen = grid[common] + spreads[spread] * rng.standard_normal(number)
    widths = np.array([axis[1] - axis[0] for axis in axes])[:, np.newaxis]
    apart = rng.uniform(-0.5, 0.5, segments.shape) if pooled else within[0][:, np.newaxis]
    shared = _crossed(axes)[:, which] + widths * within[1:] if axes else np.zeros((0, number))
    return Drawn(segments + step * apart, unseen + step * within[0], shared)


def _crossed(axes: list[Array]) -> Array:
    """All combinations of values: an array of shape (axes, combinations); one combination without axes."""
    return np.array([one.ravel() for one in np.meshgrid(*axes, indexing="ij")]) if axes else np.zeros((1, 1))


def _log_prior(place: Normal, others: tuple[Normal, ...], grid: Array, crossed: Array) -> Array:
    """Up to a constant, an array of shape (places, combinations)."""
    shared = sum((one.log_density(at) for one, at in zip(others, crossed, strict=False)), start=np.zeros(1))
    return place.log_density(grid)[:, np.newaxis] + shared


def _grid(
    log_likelihood: Callable[..., Array], place: Normal, others: tuple[Normal, ...]
) -> tuple[Array, list[Array], Array]:
    """Values of all quantities where some segment may have them, and the log-likelihood there."""
    ends = [(one.mean - FAR * one.sd, one.mean + FAR * one.sd) for one in (place, *others)]
    for turn in range(ROUNDS + 1):
        grid = np.linspace(*ends[0], FINE if turn == ROUNDS else COARSE)
        axes = [np.linspace(*one, OTHERS[len(others)]) for one in ends[1:]]
        crossed = _crossed(axes)
        found = log_likelihood(grid, *crossed[: max(1, len(axes))])
        if turn == ROUNDS:
            break
        log_each = found + _log_prior(place, others, grid, crossed)
        near = (log_each > log_each.max(axis=(1, 2), keepdims=True) - NEGLIGIBLE).any(axis=0)
        together = log_each.max(axis=1).sum(axis=0)
        shared = (together > together.max() - NEGLIGIBLE).reshape([len(axis) for axis in axes] or [1])
        ends = [_around(grid, near.any(axis=1))]
        for place_of, axis in enumerate(axes):
            rest = tuple(one for one in range(len(axes)) if one != place_of)
            ends.append(_around(axis, shared.any(axis=rest)))
    return grid, axes, found


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
