"""Posterior draws of a model with a normal vector whose covariance depends on a few unknown sds.

Given everything else, the log-likelihood is taken as quadratic about its mode, once. Then the posterior of the sds
follows in closed form, and given the sds the rest is normal; draws from these two, with heavier tails, are weighted to
the exact posterior, as `laplace` does.

Source: Rue, Martino & Chopin (2009), Approximate Bayesian inference for latent Gaussian models, JRSS B 71.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from scipy import stats

from ltv_bayes.errors import FitError
from ltv_bayes.formulas.special import Array, pareto_smoothed
from ltv_bayes.inference.curvature import Peak, find_peak
from ltv_bayes.inference.density import LogDensity
from ltv_bayes.inference.laplace import DEGREES_OF_FREEDOM, ENOUGH, WeightedDraws, matched, sample_laplace

STEP = 1e-3
FEW = 500


@runtime_checkable
class LatentNormal(LogDensity, Protocol):
    """A log density with a normal vector among its variables, laid out as: others, sds, the vector."""

    @property
    def hyper(self) -> slice:
        """Where the logarithms of the sds stand."""

    @property
    def latent(self) -> slice:
        """Where the vector stands, at the end."""

    def covariance(self, log_sds: Array) -> Array:
        """Covariance of the vector."""

    def log_prior_of_sds(self, log_sds: Array) -> tuple[float, Array]:
        """Log density of the sds, with its gradient."""

    def given_effects(self, z: Array) -> tuple[float, Array]:
        """Log density and gradient without the sds and the vector's own prior, at a point without the sds."""


@dataclass(frozen=True, eq=False)
class _Plain:
    """What `find_peak` and `sample_laplace` ask of a density of a few variables."""

    start: Array
    evaluate: Callable[[Array], tuple[float, Array]]
    value: Callable[[Array], float]

    @property
    def size(self) -> int:
        return self.start.size

    def __call__(self, x: Array) -> tuple[float, Array]:
        return self.evaluate(x)

    def values(self, points: Array) -> Array:
        return np.array([self.value(point) for point in points])


def sample_nested(
    density: LatentNormal, size: int, rng: np.random.Generator, *, progressbar: bool = False
) -> WeightedDraws:
    """Draw from the approximation and weight to the posterior."""
    quadratic = _Quadratic.of(density)
    of_sds = _Plain(density.start[density.hyper], quadratic.slopes_of_sds, quadratic.log_posterior_of_sds)
    drawn = sample_laplace(of_sds, find_peak(of_sds), FEW, rng)
    points, log_ratios = _proposals(density, quadratic, drawn.peak, size, rng)
    weights, k = pareto_smoothed(log_ratios)
    if 1 / np.sum(weights**2) < ENOUGH * size:
        more, further = _proposals(density, quadratic, drawn.peak, size, rng)
        points, log_ratios = np.concatenate([points, more]), np.concatenate([log_ratios, further])
        weights, k = pareto_smoothed(log_ratios)
    if not np.isfinite(weights).all():
        raise FitError("The posterior is not finite where it was expected. Check the priors, or fit another model.")
    return WeightedDraws(points, weights, k, matched(WeightedDraws(points, weights, k, drawn.peak)))


def _proposals(
    density: LatentNormal, quadratic: "_Quadratic", of_sds: Peak, number: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw points, of shape (number, size), and the logarithm of their density over that of the proposal."""
    few, vector = of_sds.centre.size, quadratic.linear.size
    of_few, of_vector = (stats.multivariate_t(np.zeros(n), np.eye(n), df=DEGREES_OF_FREEDOM) for n in (few, vector))
    z = of_few.rvs(number, random_state=rng).reshape(number, few)
    y = of_vector.rvs(number, random_state=rng).reshape(number, vector)
    log_sds = of_sds.at(z)
    rest, log_width = quadratic.given(log_sds, y)
    before = density.hyper.start
    points = np.column_stack([rest[:, :before], log_sds, rest[:, before:]])
    return points, density.values(points) - (of_few.logpdf(z) + of_vector.logpdf(y) - log_width)


@dataclass(frozen=True, eq=False)
class _Quadratic:
    """Log density without the vector's own prior, as linear' z - z' curvature z / 2."""

    density: LatentNormal
    curvature: Array
    linear: Array

    @classmethod
    def of(cls, density: LatentNormal) -> "_Quadratic":
        """Expand about the mode that the vector's prior at the centre of the sds' prior gives."""
        start, own = np.delete(density.start, np.r_[density.hyper]), density.hyper.start
        precision = np.zeros((start.size, start.size))
        precision[own:, own:] = np.linalg.inv(density.covariance(density.start[density.hyper]))

        def with_prior(z: Array) -> tuple[float, Array]:
            value, gradient = density.given_effects(z)
            if not np.isfinite(value):
                return -np.inf, np.zeros(z.size)
            pull = precision @ z
            return value - z @ pull / 2, gradient - pull

        peak = find_peak(_Plain(start, with_prior, lambda z: with_prior(z)[0]))
        inverse = np.linalg.inv(peak.spread)
        values, vectors = np.linalg.eigh(inverse.T @ inverse - precision)
        curvature = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return cls(density, curvature, density.given_effects(peak.centre)[1] + curvature @ peak.centre)

    def _precision(self, log_sds: Array) -> tuple[Array, float]:
        """Precision of everything given the sds, and the log determinant of the vector's covariance."""
        covariance, own = self.density.covariance(log_sds), self.density.hyper.start
        precision = self.curvature.copy()
        precision[own:, own:] += np.linalg.inv(covariance)
        return precision, float(np.linalg.slogdet(covariance)[1])

    def _log_evidence(self, log_sds: Array) -> float:
        precision, log_det = self._precision(log_sds)
        value = self.linear @ np.linalg.solve(precision, self.linear)
        return float(value - np.linalg.slogdet(precision)[1] - log_det) / 2

    def log_posterior_of_sds(self, log_sds: Array) -> float:
        """Log density of the sds with all else integrated out."""
        value = self.density.log_prior_of_sds(log_sds)[0] + self._log_evidence(log_sds)
        return value if np.isfinite(value) else -np.inf

    def slopes_of_sds(self, log_sds: Array) -> tuple[float, Array]:
        """The same with its gradient, by differences."""
        steps = STEP * np.eye(log_sds.size)
        slopes = [(self._log_evidence(log_sds + s) - self._log_evidence(log_sds - s)) / (2 * STEP) for s in steps]
        return self.log_posterior_of_sds(log_sds), self.density.log_prior_of_sds(log_sds)[1] + slopes

    def given(self, log_sds: Array, y: Array) -> tuple[Array, Array]:
        """Turn standardised points to points given the sds; also the log determinant of their spread."""
        points, log_width = np.empty(y.shape), np.empty(len(y))
        for i, (sds, standard) in enumerate(zip(log_sds, y, strict=True)):
            root = np.linalg.cholesky(self._precision(sds)[0])
            centre = np.linalg.solve(root, self.linear)
            points[i] = np.linalg.solve(root.T, centre + standard)
            log_width[i] = -np.log(np.diag(root)).sum()
        return points, log_width
