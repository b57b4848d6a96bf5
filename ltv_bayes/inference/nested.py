"""A density with a normal vector whose covariance depends on a few unknown sds, in coordinates that suit all methods.

Where the sds are small the vector is close to zero, where they are large it is as the data have it: a funnel, for which
no single normal approximation, and no step of a chain, is right. Given everything else, the log-likelihood is taken as
quadratic about its mode, once. Given the sds the vector, and all other variables, are then about normal with a known
centre and spread. Written in units of that spread they are about standard normal whatever the sds are, and the sds are
written so that their prior is standard normal. The density stays exact: the change of variables is counted.

Source: Rue, Martino & Chopin (2009), Approximate Bayesian inference for latent Gaussian models, JRSS B 71.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import xarray as xr

from ltv_bayes.formulas.special import Array
from ltv_bayes.inference.curvature import Peak, find_peaks
from ltv_bayes.inference.density import LogDensity
from ltv_bayes.language import _

STEP = 1e-4
POINTS_AT_A_TIME = 200  # a matrix of (variables, variables) each


@runtime_checkable
class LatentNormal(LogDensity, Protocol):
    """A log density with a normal vector among its variables, laid out as: others, sds, the vector."""

    @property
    def hyper(self) -> slice:
        """Where the logarithms of the sds stand."""

    def sds_at(self, z: Array) -> tuple[Array, Array]:
        """Logarithms of the sds where numbers with standard normal priors are z, and their derivatives.

        Parameters
        ----------
        z : array of shape (..., sds)
        """

    def covariance(self, log_sds: Array) -> Array:
        """Covariance of the vector: shape (..., vector, vector), of sds of shape (..., sds)."""

    def covariance_slopes(self, log_sds: Array) -> Array:
        """Its derivatives by the logarithm of each sd: shape (sds, vector, vector)."""

    def given_effects(self, z: Array) -> tuple[float, Array]:
        """Log density and gradient without the sds and the vector's own prior, at a point without the sds."""


@dataclass(frozen=True, eq=False)
class _GivenSds:
    """A density of all but the sds, with the vector's prior that the sds at the start give."""

    density: LatentNormal
    precision: Array

    @property
    def size(self) -> int:
        return len(self.precision)

    @property
    def starts(self) -> Array:
        return np.delete(self.density.starts, np.r_[self.density.hyper], axis=1)

    def __call__(self, x: Array) -> tuple[float, Array]:
        value, gradient = self.density.given_effects(x)
        if not np.isfinite(value):
            return -np.inf, np.zeros(x.size)
        pull = self.precision @ x
        return value - float(x @ pull) / 2, gradient - pull

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        return self

    def values(self, points: Array) -> Array:
        return np.array([self(point)[0] for point in points])

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        raise NotImplementedError(_("The sds are missing."))


@dataclass(frozen=True, eq=False)
class Unfolded:
    """The density in units of the spread that the sds give, at the same places; see `LogDensity`."""

    density: LatentNormal

    @property
    def size(self) -> int:
        """Number of unconstrained variables."""
        return self.density.size

    @property
    def starts(self) -> Array:
        """The centre given the sds at the middle of their priors, and any other peaks: shape (peaks, size)."""
        first, *others = self._peaks
        middle = np.zeros(self.size - first.centre.size)
        _, _, root, _ = self._folded(np.zeros(first.centre.size), middle)
        inwards = np.linalg.solve(root, self._quadratic[1])
        more = [self._point(root.T @ peak.centre - inwards, middle) for peak in others]
        return np.array([np.zeros(self.size), *more])

    @cached_property
    def _precision(self) -> Array:
        """Of the vector's own prior, with the sds at the start: shape (others and vector, others and vector)."""
        density, own = self.density, self.density.hyper.start
        log_sds = density.starts[0, density.hyper]
        precision = np.zeros((self.size - log_sds.size,) * 2)
        precision[own:, own:] = np.linalg.inv(density.covariance(log_sds))
        return precision

    @cached_property
    def _peaks(self) -> tuple[Peak, ...]:
        """Peaks given the sds at the start, the one with most of the mass first."""
        return find_peaks(_GivenSds(self.density, self._precision))

    @cached_property
    def _quadratic(self) -> tuple[Array, Array]:
        """Log density without the vector's own prior: linear' z - z' curvature z / 2, as (curvature, linear)."""
        peak = self._peaks[0]
        inverse = np.linalg.inv(peak.spread)
        values, vectors = np.linalg.eigh(inverse.T @ inverse - self._precision)
        curvature = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return curvature, self.density.given_effects(peak.centre)[1] + curvature @ peak.centre

    def _folded(self, y: Array, z: Array) -> tuple[Array, Array, Array, float]:
        """The variables and the sds in their own units, the precision's root, and the log of the change of volume."""
        (curvature, linear), own = self._quadratic, self.density.hyper.start
        log_sds, slopes = self.density.sds_at(z)
        precision = curvature.copy()
        precision[own:, own:] += np.linalg.inv(self.density.covariance(log_sds))
        root = np.linalg.cholesky(precision)
        rest = np.linalg.solve(root.T, np.linalg.solve(root, linear) + y)
        return rest, log_sds, root, float(np.log(slopes).sum() - np.log(np.diag(root)).sum())

    def _point(self, rest: Array, log_sds: Array) -> Array:
        own = self.density.hyper.start
        return np.concatenate([rest[:own], log_sds, rest[own:]])

    def _parts(self, u: Array) -> tuple[Array, Array]:
        return np.delete(u, np.r_[self.density.hyper]), u[self.density.hyper]

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Log density and gradient at a point; -inf with a zero gradient where it is not finite."""
        with np.errstate(all="ignore"):
            return self._evaluate(x)

    def _evaluate(self, x: Array) -> tuple[float, Array]:
        try:
            y, z = self._parts(x)
            rest, log_sds, root, log_volume = self._folded(y, z)
            value, gradient = self.density(self._point(rest, log_sds))
            by_rest, by_sds = self._parts(gradient)
            through_fold = self._slopes_through_fold(y, log_sds, root, by_rest)
            (_, slopes), (_, above), (_, below) = map(self.density.sds_at, (z, z + STEP, z - STEP))
            by_z = slopes * (by_sds + through_fold) + np.log(above / below) / (2 * STEP)
            found = self._point(np.linalg.solve(root, by_rest), by_z)
        except np.linalg.LinAlgError:
            return -np.inf, np.zeros(self.size)
        if np.isfinite(value) and np.isfinite(found).all():
            return value + log_volume, found
        return -np.inf, np.zeros(self.size)

    def _slopes_through_fold(self, y: Array, log_sds: Array, root: Array, by_rest: Array) -> Array:
        """Derivatives by the logarithms of the sds of what `_folded` gives, beside the sds: shape (sds,).

        The precision's root L changes by L times the lower half of inv(L) dP inv(L)', with half of its diagonal, where
        the precision P changes by dP. Source: Murray (2016), Differentiation of the Cholesky decomposition.
        """
        own, linear = self.density.hyper.start, self._quadratic[1]
        inverse, prior = np.linalg.inv(root), np.linalg.inv(self.density.covariance(log_sds))
        half = np.tril(np.outer(y, inverse @ by_rest))
        np.fill_diagonal(half, np.diag(half) / 2)
        by_precision = inverse.T @ (half + np.eye(y.size) / 2) @ inverse
        by_precision += np.outer(inverse.T @ (inverse @ by_rest), inverse.T @ (inverse @ linear))
        by_covariance = prior @ by_precision[own:, own:] @ prior
        return np.einsum("ij,kij->k", by_covariance, self.density.covariance_slopes(log_sds))

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        """The same function: it keeps nothing between calls."""
        return self

    def values(self, points: Array) -> Array:
        """Log density at many points, an array of shape (points, size); -inf where it is not finite."""
        folded, log_volume = self._many(points)
        return self.density.values(folded) + log_volume

    def _many(self, points: Array) -> tuple[Array, Array]:
        folded, log_volume = np.empty(points.shape), np.empty(len(points))
        for first in range(0, len(points), POINTS_AT_A_TIME):
            some = slice(first, first + POINTS_AT_A_TIME)
            try:
                folded[some], log_volume[some] = self._few(points[some])
            except np.linalg.LinAlgError:
                folded[some], log_volume[some] = self._one_by_one(points[some])
        return folded, log_volume

    def _few(self, points: Array) -> tuple[Array, Array]:
        """The same as `_folded` of points at once: the variables in their own units, and the logs of the volume."""
        (curvature, linear), hyper = self._quadratic, self.density.hyper
        y, z = np.delete(points, np.r_[hyper], axis=1), points[:, hyper]
        log_sds, slopes = self.density.sds_at(z)
        precision = np.tile(curvature, (len(points), 1, 1))
        own = hyper.start
        precision[:, own:, own:] += np.linalg.inv(self.density.covariance(log_sds))
        root = np.linalg.cholesky(precision)
        inwards = np.linalg.solve(root, linear[np.newaxis, :, np.newaxis]) + y[..., np.newaxis]
        rest = np.linalg.solve(root.transpose(0, 2, 1), inwards)[..., 0]
        diagonal = np.diagonal(root, axis1=1, axis2=2)
        log_volume = np.log(slopes).sum(axis=1) - np.log(diagonal).sum(axis=1)
        return np.concatenate([rest[:, :own], log_sds, rest[:, own:]], axis=1), log_volume

    def _one_by_one(self, points: Array) -> tuple[Array, Array]:
        """The same where some have no such units: these get no density."""
        folded, log_volume = np.empty(points.shape), np.empty(len(points))
        for i, u in enumerate(points):
            try:
                rest, log_sds, _, log_volume[i] = self._folded(*self._parts(u))
                folded[i] = self._point(rest, log_sds)
            except np.linalg.LinAlgError:
                folded[i], log_volume[i] = self.density.starts[0], -np.inf
        return folded, log_volume

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws of the model's variables."""
        return self.density.tree(self._many(points)[0], chains, draws)
