"""Several beliefs about one number made one, where their errors may be correlated.

Each belief is normal: a location, and the sd of its error. All errors have one correlation in pairs. With nothing else
known of the number, its posterior is normal, with the weights and the variance of generalised least squares.

Sources: Winkler (1981), Combining probability distributions from dependent information sources, Management Science 27;
Clemen & Winkler (1985), Limits for the precision and value of information from dependent sources, Operations Research
33.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from ltv_bayes.formulas.special import Array

SMALLEST_SD = 1e-6
GRID = (np.arange(990) + 0.5) / 1000


def effective_number(number: float, correlation: float) -> float:
    """Number of independent beliefs that are worth as much as correlated ones of equal precision.

    Examples
    --------
    >>> effective_number(5, 0.0), effective_number(5, 0.5), effective_number(5, 1.0)
    (5.0, 1.6666666666666667, 1.0)
    """
    return number / (1 + (number - 1) * correlation)


def pooled_normal(location: Array, sd: Array, correlation: float) -> tuple[Array, Array, Array]:
    """Posterior of the number that all beliefs are about.

    Beliefs that are much wider than the others would get negative weights where errors are correlated; they are left
    out, the widest first, so that the result lies among the locations.

    Parameters
    ----------
    location, sd : arrays of shape (beliefs, ...)
        An infinite sd leaves a belief out.
    correlation : float
        Of errors in pairs, from 0 to below 1.

    Returns
    -------
    location, sd : arrays of shape (...)
    weights : array of shape (beliefs, ...)
        Adding up to 1.

    Examples
    --------
    >>> location, sd, weights = pooled_normal(np.array([1.0, 2.0]), np.array([0.5, 0.5]), 0.0)
    >>> float(location), float(sd.round(4)), weights.tolist()
    (1.5, 0.3536, [0.5, 0.5])
    """
    precision = 1 / np.maximum(sd, SMALLEST_SD)
    kept = precision > 0
    for _ in range(len(precision)):
        left = np.where(kept, precision, 0.0)
        number = kept.sum(axis=0)
        common = correlation / (1 + (number - 1) * correlation) * left.sum(axis=0)
        raw = np.where(kept, left * (left - common), 0.0)
        widest = left == np.min(np.where(kept, precision, np.inf), axis=0)
        wrong = kept & (raw < 0) & widest
        if not wrong.any():
            break
        kept = kept & ~wrong
    total = raw.sum(axis=0)
    weights = raw / total
    return np.sum(weights * location, axis=0), np.sqrt((1 - correlation) / total), weights


def log_normal_moments(median: ArrayLike, below: ArrayLike, above: ArrayLike) -> tuple[Array, Array]:
    """Mean and sd of the logarithm of an amount that has one sd on either side of its median.

    Examples
    --------
    >>> mean, sd = log_normal_moments(100.0, 0.4, 0.4)
    >>> bool(np.isclose(mean, np.log(100))), bool(np.isclose(sd, 0.4))
    (True, True)
    """
    below, above = np.asarray(below, dtype=float), np.asarray(above, dtype=float)
    off = (above - below) / np.sqrt(2 * np.pi)
    return np.log(median) + off, np.sqrt((below**2 + above**2) / 2 - off**2)


def correlation_posterior(groups: Iterable[Array]) -> tuple[Array, Array]:
    """What standardised errors of beliefs about the same numbers say of their correlation, which may be from 0 to 1.

    Parameters
    ----------
    groups : arrays
        Errors in units of their sd, of beliefs about one number each.

    Returns
    -------
    correlation, weights : arrays of shape (grid,)
        The weights, which add up to 1, are the posterior after a uniform prior.

    Examples
    --------
    >>> correlation, weights = correlation_posterior([np.array([1.0, 1.1]), np.array([-0.9, -1.2])] * 20)
    >>> round(float(correlation @ weights), 2)
    0.97
    """
    log_density = np.zeros_like(GRID)
    for errors in groups:
        number = errors.size
        widened = 1 + (number - 1) * GRID
        squares = (errors @ errors - GRID / widened * errors.sum() ** 2) / (1 - GRID)
        log_density -= ((number - 1) * np.log1p(-GRID) + np.log(widened) + squares) / 2
    weights = np.exp(log_density - log_density.max())
    return GRID, weights / weights.sum()
