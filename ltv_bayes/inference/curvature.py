"""The mode of a density and the curvature there: where a posterior lies, and how wide it is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ltv_bayes.errors import FitError
from ltv_bayes.formulas.special import Array
from ltv_bayes.inference.density import LogDensity

STEP = 1e-4
FLATTEST = 1e-8
LARGE = 1e100
ROUNDS = 5
NEAR = 0.01


@dataclass(frozen=True)
class Peak:
    """A normal approximation: centre, and a matrix with columns that span one standard deviation each way.

    Attributes
    ----------
    centre : array of shape (size,)
    spread : array of shape (size, size)
        Covariance is ``spread @ spread.T``.
    """

    centre: Array
    spread: Array

    def at(self, z: Array) -> Array:
        """Map standardised points, of shape (points, size), to the density's space."""
        return self.centre + z @ self.spread.T

    def uphill(self, gradient: Array) -> Array:
        """Turn a gradient by the density's variables into one by the standardised ones."""
        return self.spread.T @ gradient

    def standardised(self, density: Callable[[Array], tuple[float, Array]]) -> Callable[[Array], tuple[float, Array]]:
        """Turn a density with its gradient into one of the standardised variables."""

        def evaluate(z: Array) -> tuple[float, Array]:
            value, gradient = density(self.at(z[np.newaxis])[0])
            return value, self.uphill(gradient)

        return evaluate


def find_peak(density: LogDensity) -> Peak:
    """Climb to the mode and measure the curvature by differences of gradients.

    Raises
    ------
    FitError
        If no mode is found.
    """
    start = density.start

    def loss(x: Array) -> tuple[float, Array]:
        value, gradient = density(x)
        return (-value, -gradient) if np.isfinite(value) else (LARGE, np.zeros_like(x))

    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-13})
    peak = Peak(found.x, np.eye(found.x.size))
    for _ in range(ROUNDS):
        if not np.isfinite(density(peak.centre)[0]):
            raise FitError("The posterior has no mode that can be reached from the prior's centre.")
        peak, distance = _newton(density, Peak(peak.centre, _spread(density, peak.centre)))
        if distance < NEAR:
            break
    return peak


def _newton(density: LogDensity, peak: Peak) -> tuple[Peak, float]:
    """One step towards the mode, if there is anything to gain, and its length in standard deviations."""
    value, gradient = density(peak.centre)
    step = peak.at(peak.uphill(gradient)[np.newaxis])[0] - peak.centre
    for x in (peak.centre + step * 0.5**k for k in range(8)):
        if density(x)[0] > value:
            return Peak(x, peak.spread), float(np.linalg.norm(peak.uphill(gradient)))
    return peak, 0.0


def _spread(density: LogDensity, centre: Array) -> Array:
    """Square root of the inverse of the negative second derivatives; flat directions are given a wide one."""
    size = centre.size
    curvature = np.empty((size, size))
    for i in range(size):
        step = np.zeros(size)
        step[i] = STEP * max(1.0, abs(centre[i]))
        curvature[i] = (density(centre - step)[1] - density(centre + step)[1]) / (2 * step[i])
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
    return vectors / np.sqrt(np.maximum(values, FLATTEST * max(1.0, values.max(initial=1.0))))
