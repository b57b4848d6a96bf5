"""Posterior draws without a Markov chain: a heavy-tailed approximation at the mode, weighted to the posterior.

Draws are from a multivariate t at the mode with the posterior's curvature, or from a mixture of them where several
modes hold mass. They are weighted by the ratio of the two densities, the weights smoothed by a generalised Pareto fit
(PSIS), and resampled. The fit's shape k says how far the weights can be trusted: below 0.7 they can. Skewed posteriors
get further approximations, up to three, each taking its shares, centres and spreads from the weighted draws of the one
before.

Sources: Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling, JMLR 25; Cappe, Guillin,
Marin & Robert (2004), Population Monte Carlo, JCGS 13; Cappe, Douc, Guillin, Marin & Robert (2008), Adaptive importance
sampling in general mixture classes, Statistics and Computing 18.
"""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special, stats

from ltv_bayes.formulas.special import Array, pareto_smoothed
from ltv_bayes.inference.curvature import NEXT_TO_NOTHING, Peak
from ltv_bayes.inference.density import LogDensity
from ltv_bayes.inference.diagnostics import HIGHEST_PARETO_K, LOWEST_WEIGHTED_SHARE
from ltv_bayes.language import _
from ltv_bayes.terminal import progress

DEGREES_OF_FREEDOM = 5
ENOUGH = 0.5
ROUNDS = 4
SPARE, MOST_TIMES = 1.3, 5.0  # as many draws, beside those that are missing; as many times more at most
FIRST = 64
LONG = 2.0
PARTS = 100
FLATTEST = 1e-20


@dataclass(frozen=True)
class WeightedDraws:
    """Draws from an approximation with their weights.

    Attributes
    ----------
    points : array of shape (draws, size)
        In the density's unconstrained space.
    weights : array of shape (draws,)
        Smoothed, adding up to 1.
    pareto_k : float
        Below 0.7 the weights can be trusted.
    peaks : tuple of Peak
        Centres and spreads of the approximation.
    """

    points: Array
    weights: Array
    pareto_k: float
    peaks: tuple[Peak, ...]

    @property
    def ess(self) -> float:
        """Number of independent draws that the weighted ones are worth."""
        return float(1 / np.sum(self.weights**2))

    def resampled(self, size: int, rng: np.random.Generator) -> Array:
        """Draw points in proportion to their weights, in random order: shape (size, dimensions).

        Systematic resampling: a point of weight w appears w * size times, up to one.
        """
        marks = (np.arange(size) + rng.random()) / size
        chosen = np.searchsorted(np.cumsum(self.weights), marks).clip(max=self.weights.size - 1)
        return self.points[rng.permutation(chosen)]


def sample_laplace(
    density: LogDensity, peaks: tuple[Peak, ...], size: int, rng: np.random.Generator, *, progressbar: bool = False
) -> WeightedDraws:
    """Draw from the approximation and weight; approximate again from the weighted draws while that helps.

    Where weights can be trusted, and only too few draws are worth something, more of them are made.
    """
    best = _weighted(density, peaks, size, rng, progressbar)
    for _unused in range(ROUNDS - 1):
        if best.pareto_k < HIGHEST_PARETO_K and best.ess >= ENOUGH * size:
            break
        found = _weighted(density, _matched(best), size, rng, progressbar)
        best = found if found.ess > best.ess else best
    missing = LOWEST_WEIGHTED_SHARE * size / best.ess
    if missing <= 1 or best.pareto_k >= HIGHEST_PARETO_K or missing * SPARE > MOST_TIMES:
        return best
    more = _weighted(density, best.peaks, int(np.ceil(missing * SPARE * size)), rng, progressbar)
    return more if more.pareto_k < HIGHEST_PARETO_K and more.ess > best.ess else best


def _weighted(
    density: LogDensity, peaks: tuple[Peak, ...], size: int, rng: np.random.Generator, progressbar: bool
) -> WeightedDraws:
    z = np.atleast_2d(_t_of(peaks).rvs(size, random_state=rng).reshape(size, -1))
    ends = np.round(size * np.cumsum([peak.share for peak in peaks])).astype(int)
    points = np.concatenate([peak.at(part) for peak, part in zip(peaks, np.split(z, ends[:-1]), strict=True)])
    several = len(peaks) > 1  # of one, standardised points are known without loss of digits
    proposed = special.logsumexp(_log_parts(peaks, points), axis=0) if several else _t_of(peaks).logpdf(z)
    weights, k = pareto_smoothed(_values(density, points, progressbar) - proposed)
    return WeightedDraws(points, weights, k, peaks)


def _log_parts(peaks: tuple[Peak, ...], points: Array) -> Array:
    """Log densities of the parts of an approximation, times their shares: an array of shape (peaks, points)."""
    t = _t_of(peaks)
    scales = [np.linalg.slogdet(peak.spread)[1] for peak in peaks]
    parts = zip(peaks, scales, strict=True)
    return np.stack([np.log(peak.share) - scale + t.logpdf(peak.standard(points)) for peak, scale in parts])


def _t_of(peaks: tuple[Peak, ...]) -> Any:
    dimensions = peaks[0].centre.size
    degrees = max(DEGREES_OF_FREEDOM, dimensions)  # in many dimensions, few would put all draws far from the centre
    return stats.multivariate_t(np.zeros(dimensions), np.eye(dimensions), df=degrees)


def _values(density: LogDensity, points: Array, progressbar: bool) -> Array:
    """Log density at the points; with a progress bar where the first of them say that all will take long."""
    start = time.perf_counter()
    found = [density.values(points[:FIRST])]
    expected = (time.perf_counter() - start) * points.shape[0] / FIRST
    parts = max(1, min(int(expected), PARTS))
    with progress(parts, _("drawing from the posterior"), show=progressbar and expected > LONG) as step:
        for part in np.array_split(points[FIRST:], parts):
            found.append(density.values(part))
            step()
    return np.concatenate(found)


def _matched(drawn: WeightedDraws) -> tuple[Peak, ...]:
    """Take shares, centres and spreads from weighted draws, each of which belongs to the peaks in part."""
    parts = drawn.weights * special.softmax(_log_parts(drawn.peaks, drawn.points), axis=0)
    kept = [_moments(drawn.points, part) for part in parts if part.sum() > NEXT_TO_NOTHING]
    total = sum(peak.share for peak in kept)
    return tuple(replace(peak, share=peak.share / total) for peak in kept)


def _moments(points: Array, weights: Array) -> Peak:
    share = weights.sum()
    weights = weights / share
    centre = weights @ points
    centred = points - centre
    covariance = (weights * centred.T) @ centred
    values, vectors = np.linalg.eigh(covariance)
    return Peak(centre, vectors * np.sqrt(np.maximum(values, max(values.max(), FLATTEST) * 1e-12)), float(share))
