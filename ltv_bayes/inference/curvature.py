"""The modes of a density and the curvature there: where a posterior lies, and how wide it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from scipy import optimize, special

from ltv_bayes.errors import FitError
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.inference.density import LogDensity
from ltv_bayes.language import _

STEP = 1e-4
FLATTEST = 1e-8
LARGE = 1e100
ROUNDS = 5
NEAR = 0.01
FEW_STEPS = 4  # of a climb, before it is asked whether it leads up a peak that is known
ON_THE_WAY = 7
SHALLOW = 0.5
NEXT_TO_NOTHING = 1e-4
LEAST_SHARE = 0.1  # of the draws from an approximation, of a peak that is kept
NO_MODE = _(
    "The posterior has no mode that is reached from around the centre of the priors. Look for priors= that "
    "hold anything possible, or that are far from the data, as in another unit; model.default_priors(data) "
    "shows the usual ones."
)


@dataclass(frozen=True)
class Peak:
    """A normal approximation: centre, and a matrix with columns that span one standard deviation each way.

    Attributes
    ----------
    centre : array of shape (size,)
    spread : array of shape (size, size)
        Covariance is ``spread @ spread.T``.
    share : float
        Of the mass, where it is one of several peaks.
    """

    centre: Array
    spread: Array
    share: float = 1.0

    def at(self, z: Array) -> Array:
        """Map standardised points, of shape (points, size), to the density's space."""
        return self.centre + z @ self.spread.T

    def standard(self, points: Array) -> Array:
        """Map points of the density's space, of shape (points, size), to standardised ones."""
        found: Array = np.linalg.solve(self.spread, (points - self.centre).T).T
        return found

    def uphill(self, gradient: Array) -> Array:
        """Turn a gradient by the density's variables into one by the standardised ones."""
        return self.spread.T @ gradient

    def standardised(self, density: Callable[[Array], tuple[float, Array]]) -> Callable[[Array], tuple[float, Array]]:
        """Turn a density with its gradient into one of the standardised variables."""
        centre, spread, turned = self.centre, np.ascontiguousarray(self.spread), np.ascontiguousarray(self.spread.T)

        def evaluate(z: Array) -> tuple[float, Array]:
            value, gradient = density(centre + spread @ z)
            return value, turned @ gradient

        return evaluate


def find_peaks(density: LogDensity) -> tuple[Peak, ...]:
    """Climb from each of the density's starting points; measure the curvature by differences of gradients.

    Where the starting points agree in some variables, the others are searched first, with these held; all variables
    climb from the peaks found so.

    Returns
    -------
    tuple of Peak
        The one with most of the mass first; without those that hold next to nothing of it, by their height and width.

    Raises
    ------
    FitError
        If no mode is found.
    """
    starts = density.starts
    free = np.flatnonzero(np.ptp(starts, axis=0) > 0)
    if 0 < free.size < density.size:
        part = _Part(density, starts[0], free)
        starts = part.whole(np.array([peak.centre for peak in _from(part, starts[:, free])]))
    return _from(density, starts)


class _Part:
    """A density of some of its variables, the others held where they are at a point."""

    def __init__(self, density: LogDensity, point: Array, free: IntArray) -> None:
        self.density, self.point, self.free = density, point, free

    def whole(self, points: Array) -> Array:
        found = np.repeat(self.point[np.newaxis], len(points), axis=0)
        found[:, self.free] = points
        return found

    def __call__(self, x: Array) -> tuple[float, Array]:
        value, gradient = self.density(self.whole(x[np.newaxis])[0])
        return value, gradient[self.free]

    def values(self, points: Array) -> Array:
        return self.density.values(self.whole(points))


def _from(density: LogDensity | _Part, starts: Array) -> tuple[Peak, ...]:
    """Peaks reached from some points, each once."""
    found: list[Peak] = []
    for start in starts:
        x = _climb(density, start, found)
        if x is None:
            continue
        peak = _measured(density, x)
        again = any(_goes_up(density, peak.centre, other) for other in found)
        if np.isfinite(density(peak.centre)[0]) and not again:
            found.append(peak)
    if not found:
        raise FitError(NO_MODE)
    heights = np.array([density(peak.centre)[0] for peak in found])
    masses = heights + [np.linalg.slogdet(peak.spread)[1] for peak in found]
    shares = np.exp(masses - special.logsumexp(masses))
    kept = [i for i in np.argsort(-masses) if shares[i] > NEXT_TO_NOTHING or i == heights.argmax()]
    shares = np.maximum(shares[kept], LEAST_SHARE)
    return tuple(replace(found[i], share=share) for i, share in zip(kept, shares / shares.sum(), strict=True))


def _climb(density: LogDensity | _Part, start: Array, known: Sequence[Peak]) -> Array | None:
    """Climb from a point; None where the way leads up a peak that is known, which is seen after a few steps."""

    def loss(x: Array) -> tuple[float, Array]:
        value, gradient = density(x)
        return (-value, -gradient) if np.isfinite(value) else (LARGE, np.zeros_like(x))

    def goes_up_again(x: Array) -> bool:
        return any(_goes_up(density, x, peak) for peak in known)

    def watch(x: Array) -> None:
        if next(steps) % FEW_STEPS == 0 and goes_up_again(x):
            raise StopIteration

    steps = count(1)
    options = {"maxiter": 500, "ftol": 1e-13}
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options, callback=watch)
    return None if goes_up_again(found.x) or not np.isfinite(density(found.x)[0]) else found.x


def _goes_up(density: LogDensity | _Part, x: Array, peak: Peak) -> bool:
    """Whether the straight way from a point to a peak goes up, but for a dip that draws cross with ease."""
    way = density.values(x + np.linspace(0, 1, ON_THE_WAY)[:, np.newaxis] * (peak.centre - x))
    with np.errstate(invalid="ignore"):
        dip = np.maximum.accumulate(way) - way  # NaN before the way enters where the density is not 0
    return not (dip > SHALLOW).any()


def _measured(density: LogDensity | _Part, x: Array) -> Peak:
    """A peak at a point close to a mode."""
    peak = Peak(x, np.eye(x.size))
    for _unused in range(ROUNDS):
        peak, distance = _newton(density, Peak(peak.centre, _spread(density, peak.centre)))
        if distance < NEAR:
            break
    return peak


def _newton(density: LogDensity | _Part, peak: Peak) -> tuple[Peak, float]:
    """One step towards the mode, if there is anything to gain, and its length in standard deviations."""
    value, gradient = density(peak.centre)
    step = peak.at(peak.uphill(gradient)[np.newaxis])[0] - peak.centre
    for x in (peak.centre + step * 0.5**k for k in range(8)):
        if density(x)[0] > value:
            return Peak(x, peak.spread), float(np.linalg.norm(peak.uphill(gradient)))
    return peak, 0.0


def _spread(density: LogDensity | _Part, centre: Array) -> Array:
    """Square root of the inverse of the negative second derivatives; flat directions are given a wide one."""
    size = centre.size
    curvature = np.empty((size, size))
    for i in range(size):
        step = np.zeros(size)
        step[i] = STEP * max(1.0, abs(centre[i]))
        curvature[i] = (density(centre - step)[1] - density(centre + step)[1]) / (2 * step[i])
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
    return vectors / np.sqrt(np.maximum(values, FLATTEST * max(1.0, values.max(initial=1.0))))
