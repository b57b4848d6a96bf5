"""How strong a sign of life was, by what became of the customers who gave it."""

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array

REACH, POINTS, CHANCES, ROWS = 5.0, 201, 50, 256
"""Of the grids: how many standard deviations, points in the ratio and in the chance of winning, customers at a time."""


def posterior_of_log_ratio(
    alive: Array, buys: Array, won: np.ndarray, bought: np.ndarray, *, median: float, sd: float
) -> tuple[float, float]:
    """Mean and standard deviation of log(ratio) given what became of customers with an open opportunity.

    By Bayes' rule such a customer is alive with chance w = P / (P + (1 - P) / ratio), P being that by orders. One who is
    alive wins it with a chance v, the same for all, and otherwise orders within the time looked at with chance q; one
    who has left does neither:

        won: w v;  lost, but ordered: w (1 - v) q;  neither: w (1 - v) (1 - q) + 1 - w

    v is uniform, and integrated over. Customers of whose life there was no doubt tell v alone, so that what
    opportunities bring is not taken for strength of the sign.

    Parameters
    ----------
    alive, buys : arrays of shape (customers,)
        P and q.
    won, bought : arrays of bool, of shape (customers,)
        Whether the opportunity was won; whether there was an order, where it was not.
    median, sd : float
        Of the log-normal prior: median of the ratio, sd of its logarithm. A ratio below 1 counts as 1.

    Examples
    --------
    Where customers were surely alive, nothing is learned of the ratio:

    >>> sure, yes = np.ones(20), np.ones(20, dtype=bool)
    >>> mean, sd = posterior_of_log_ratio(sure, 0.5 * sure, yes, yes, median=20.0, sd=0.84)
    >>> round(float(np.exp(mean)), 3), round(sd, 3)
    (20.0, 0.84)
    """
    z, v = np.linspace(-REACH, REACH, POINTS), (np.arange(CHANCES) + 0.5) / CHANCES
    log_ratio = np.log(median) + sd * z
    log_density = np.repeat(-0.5 * z[:, np.newaxis] ** 2, CHANCES, axis=1)
    left = (1 - alive) * np.exp(-np.maximum(log_ratio, 0.0))[:, np.newaxis]
    living = alive / (alive + left)
    neither = ~won & ~bought
    log_density += np.log(living[:, ~neither]).sum(axis=1)[:, np.newaxis]
    log_density += won.sum() * np.log(v) + (bought & ~won).sum() * np.log1p(-v)
    for first in range(0, int(neither.sum()), ROWS):
        some = np.flatnonzero(neither)[first : first + ROWS]
        w, q = living[:, np.newaxis, some], buys[some]
        log_density += np.log(w * ((1 - v)[:, np.newaxis] * (1 - q)) + 1 - w).sum(axis=-1)
    weight = special.softmax(special.logsumexp(log_density, axis=1))
    mean = float(weight @ log_ratio)
    return mean, float(np.sqrt(weight @ (log_ratio - mean) ** 2))
