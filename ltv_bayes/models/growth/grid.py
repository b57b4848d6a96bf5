"""The exact posterior of one quantity that differs between segments, on a grid."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array, IntArray

COARSE = {1: (31,), 2: (31, 21), 3: (31, 15, 15)}
FINE = {1: (301,), 2: (301, 31), 3: (201, 21, 21)}
"""Values along each axis, by the number of axes."""
FAR = 6.0
NEGLIGIBLE = 16.0
"""A logarithm of a density this far below its maximum counts as none."""
ROUNDS = 40
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
    grid, axes, shared, log_all = _grid(log_likelihood, place, others)
    spreads = SPREAD * np.sqrt(2) * special.erfinv((np.arange(SPREADS) + 0.5) / SPREADS) if pooled else np.zeros(1)
    step, highest = grid[1] - grid[0], log_all.max(axis=(1, 2), keepdims=True)
    likelihood = np.exp(log_all - highest)
    kernels = [_kernel(grid, spread, step) for spread in spreads]
    with np.errstate(divide="ignore"):
        of_spreads = [np.log(kernel @ likelihood).sum(axis=0) for kernel in kernels]
    log_posterior = np.array(of_spreads) + _log_prior(place, others, grid, shared)
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
    drawn = shared[:, which] + widths * within[1:] if axes else np.zeros((0, number))
    return Drawn(segments + step * apart, unseen + step * within[0], drawn)


def _crossed(axes: list[Array]) -> Array:
    """All combinations of values: an array of shape (axes, combinations); one combination without axes."""
    return np.array([one.ravel() for one in np.meshgrid(*axes, indexing="ij")]) if axes else np.zeros((1, 1))


def _log_prior(place: Normal, others: tuple[Normal, ...], grid: Array, crossed: Array) -> Array:
    """Up to a constant, an array of shape (places, combinations)."""
    shared = sum((one.log_density(at) for one, at in zip(others, crossed, strict=False)), start=np.zeros(1))
    return place.log_density(grid)[:, np.newaxis] + shared


def _grid(
    log_likelihood: Callable[..., Array], place: Normal, others: tuple[Normal, ...]
) -> tuple[Array, list[Array], Array, Array]:
    """Values of all quantities where some segment may have them, and the log-likelihood there.

    A coarse grid shows a narrow peak lower than it is, and elsewhere. So axes shrink by half at most in a round, and
    grow again where what is not negligible reaches an end.

    Returns
    -------
    grid : array of shape (places,)
    axes : list of arrays
        Of what segments share.
    crossed : array of shape (axes, combinations)
        Combinations of their values that are not negligible.
    log_likelihood : array of shape (segments, places, combinations)
    """
    limits = [(one.mean - FAR * one.sd, one.mean + FAR * one.sd) for one in (place, *others)]
    ends = limits
    for _unused in range(ROUNDS):
        axes = _axes(ends, COARSE)
        crossed = _crossed(axes[1:])
        log_each = log_likelihood(axes[0], *crossed) + _log_prior(place, others, axes[0], crossed)
        marks = _not_negligible(log_each.reshape(len(log_each), *map(len, axes)))
        around = [_around(*one) for one in zip(axes, marks, limits, strict=True)]
        ends = [one for one, _unused in around]
        if all(enough for _unused, enough in around):
            break
    grid, *axes = _axes(ends, FINE)
    crossed = _crossed(axes)
    found = log_likelihood(grid, *crossed)
    together = (found + _log_prior(place, others, grid, crossed)).max(axis=1).sum(axis=0)
    kept = together > together.max() - NEGLIGIBLE
    return grid, axes, crossed[:, kept], found[:, :, kept]


def _axes(ends: list[tuple[float, float]], sizes: dict[int, tuple[int, ...]]) -> list[Array]:
    """Values of the quantity, and of what segments share: so many as the sizes say by the number of axes."""
    return [np.linspace(*one, size) for one, size in zip(ends, sizes[len(ends)], strict=True)]


def _not_negligible(log_each: Array) -> list[np.ndarray]:
    """Mark what is not negligible along each axis; of an array of shape (segments, places, ...)."""
    each = log_each.reshape(len(log_each), log_each.shape[1], -1)
    near = (each > each.max(axis=(1, 2), keepdims=True) - NEGLIGIBLE).any(axis=(0, 2))
    together = log_each.max(axis=1).sum(axis=0)
    shared = together > together.max() - NEGLIGIBLE
    rest = [tuple(one for one in range(shared.ndim) if one != axis) for axis in range(shared.ndim)]
    return [near, *(shared.any(axis=one) for one in rest)]


def _around(values: Array, some: np.ndarray, limits: tuple[float, float]) -> tuple[tuple[float, float], bool]:
    """The ends of an axis for the next round, and whether the axis is narrow enough."""
    at, last, step = np.flatnonzero(some), len(values) - 1, values[1] - values[0]
    room = max(1.0, (last / 2 - (at[-1] - at[0])) / 2)
    before, after = (last / 2 if one else room for one in (at[0] == 0, at[-1] == last))
    low, high = values[at[0]] - before * step, values[at[-1]] + after * step
    inside = (at[0] > 0 or values[0] <= limits[0]) and (at[-1] < last or values[-1] >= limits[1])
    return (max(low, limits[0]), min(high, limits[1])), bool(inside and room == 1.0)


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
