"""Draws of a model, weighted by an opinion on the same total.

The model's draws are weighted. An amount of exactly 0 has a probability of its own on both sides.

Sources: Genest & Zidek (1986), Combining probability distributions, Statistical Science 1 (pools); O'Hagan et al.
(2006), Uncertain judgements.
"""

import numpy as np
from scipy import ndimage

from ltv_bayes.formulas.special import Array, IntArray, pareto_smoothed

GRID = 1024
NEARLY_ALIKE = 0.8
HARDLY_ANY = 10
SMALLEST_BANDWIDTH = 1e-3


def log_ratios(totals: Array, probability: float, log_density: Array, weight: float | None) -> Array:
    """Logarithms of the weights of draws.

    Parameters
    ----------
    totals : array of shape (draws,)
        The model's draws of the total, 0 or more.
    probability : float
        That the total is above 0, by the opinion.
    log_density : array of shape (draws,)
        Log density of the opinion, on the scale of log amounts, at each draw above 0.
    weight : float or None
        Of the opinion in a logarithmic pool, p(x) ~ model(x)^(1 - weight) opinion(x)^weight. None takes the opinion as
        evidence of its own beside the model's: p(x) ~ model(x) opinion(x).

    Returns
    -------
    array of shape (draws,)
        Up to a constant.
    """
    if weight == 0:
        return np.zeros(totals.shape)
    some = totals > 0
    share = some.mean()
    found = np.full(totals.shape, -np.inf)
    with np.errstate(divide="ignore"):
        chances = np.log([1 - probability, probability]), np.log([1 - share, share])
    opinion, model = chances
    if weight is None:
        # Given that something is bought, the opinion's density weights draws; its chance is odds on the model's.
        if np.isfinite(log_density[some]).any():
            relative = log_density[some] - _log_mean(log_density[some])
            found[some] = opinion[1] + relative
        found[~some] = opinion[0]
        return found
    if some.any():
        found[some] = weight * (opinion[1] - model[1] + log_density[some] - log_kernel_density(np.log(totals[some])))
    if not some.all():
        found[~some] = weight * (opinion[0] - model[0])
    return found


def smoothed(log_ratios: Array, some: np.ndarray) -> tuple[Array, float]:
    """Weights of draws, and Pareto k: whether the amounts that weigh most are too few to stand for their tail.

    The amount of 0 has one weight, which is known: only draws above it have a tail, are smoothed, and k is theirs.
    Where they have nearly one weight, k would be the shape of a difference that does not matter; where ten draws or
    fewer hold all the weight, there is no tail to fit.

    Parameters
    ----------
    log_ratios : array of shape (draws,)
        Finite, up to a constant.
    some : array of bool, of shape (draws,)
        Draws above 0.

    Returns
    -------
    array of shape (draws,)
        Up to a constant.
    float
        Minus infinity without a tail, infinite where hardly any draw carries weight.

    Examples
    --------
    >>> smoothed(np.zeros(100), np.arange(100) > 30)[1]
    -inf
    """
    weights = np.exp(log_ratios - log_ratios.max())
    if not some.any():
        return weights, -np.inf
    own, k = pareto_smoothed(log_ratios[some])
    lightest = int(np.argmin(log_ratios[some]))  # the lightest draw is no part of the tail
    if own[lightest] > 0:
        weights[some] = own / own[lightest] * weights[some][lightest]
    effective = own.sum() ** 2 / (own @ own)
    if effective > NEARLY_ALIKE * own.size:
        return weights, -np.inf
    if np.isnan(k):
        return weights, np.inf if effective <= HARDLY_ANY else -np.inf
    return weights, k


def log_kernel_density(points: Array) -> Array:
    """Log density of draws at the draws themselves, by a Gaussian kernel on a grid (Silverman's bandwidth).

    Examples
    --------
    >>> points = np.random.default_rng(1).standard_normal(4000)
    >>> bool(abs(log_kernel_density(points)[abs(points) < 0.1].mean() + 0.919) < 0.05)
    True
    """
    low, high = np.quantile(points, [0.25, 0.75])
    scale = min(points.std(), (high - low) / 1.34) or points.std()
    bandwidth = max(0.9 * scale * points.size**-0.2, SMALLEST_BANDWIDTH)
    first, last = points.min() - 4 * bandwidth, points.max() + 4 * bandwidth
    counts, edges = np.histogram(points, GRID, (first, last))
    width = edges[1] - edges[0]
    smooth = ndimage.gaussian_filter1d(counts.astype(float), bandwidth / width, mode="constant", truncate=6)
    centres = (edges[:-1] + edges[1:]) / 2
    return np.log(np.interp(points, centres, smooth) / (points.size * width))


def resampled(weights: Array, level: float) -> IntArray:
    """Draw positions in proportion to weights, leaving draws in their places where possible.

    Systematic resampling: each position is taken in proportion to its weight, up to one. Those taken at least once
    stay where they are; surplus ones fill the places of those that are not taken.

    Parameters
    ----------
    weights : array of shape (draws,)
        Adding up to 1.
    level : float
        Uniform between 0 and 1.

    Examples
    --------
    >>> resampled(np.array([0.0, 0.25, 0.5, 0.25]), 0.5).tolist()
    [2, 1, 2, 3]
    """
    size = weights.size
    upper = np.floor(np.cumsum(weights) / weights.sum() * size - level + 1).astype(np.int64).clip(0, size)
    upper[-1] = size
    times = np.diff(upper, prepend=0)
    places = np.arange(size)
    places[times == 0] = np.repeat(np.arange(size), np.maximum(times - 1, 0))
    return places


def _log_mean(values: Array) -> float:
    largest = values.max()
    return float(largest + np.log(np.exp(values - largest).mean()))
