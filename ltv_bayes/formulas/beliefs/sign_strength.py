"""How strong a sign of life was, by what became of the customers who gave it."""

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array

REACH, POINTS, CHANCES, ROWS = 4.5, 61, 20, 256
"""Of the grids: how many standard deviations, points in the ratio and in each chance, customers at a time."""
LARGEST_CHANCE = 1 - 1e-12


def posterior_of_log_ratio(
    alive: Array, buys: Array, won: np.ndarray, bought: np.ndarray, *, median: float, sd: float
) -> tuple[float, float]:
    """Mean and standard deviation of log(ratio) given what became of customers with an open opportunity.

    By Bayes' rule such a customer is alive with chance w = P / (P + (1 - P) / ratio), P being that by orders. One who
    is alive wins it with a chance v, the same for all, and otherwise orders within some time with chance
    s = 1 - (1 - q)^c; one who has left does neither:

        won: w v;  lost, but ordered: w (1 - v) s;  neither: w (1 - v) (1 - s) + 1 - w

    q is the chance of an order by the model, and c the share of the time that customers stay for, beyond what the model
    says. v and c are uniform, and integrated over. Customers of whose life there was no doubt tell v and c, so that
    neither what opportunities bring nor what is wrong with the model is taken for the strength of the sign.

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
    >>> mean, sd = posterior_of_log_ratio(sure, 0.5 * sure, yes, ~yes, median=20.0, sd=0.84)
    >>> round(float(np.exp(mean)), 3), round(sd, 2)
    (20.0, 0.84)
    """
    z, chances = np.linspace(-REACH, REACH, POINTS), (np.arange(CHANCES) + 0.5) / CHANCES
    log_ratio = np.log(median) + sd * z
    v, c = chances[:, np.newaxis], chances[:, np.newaxis]
    w = alive / (alive + (1 - alive) * np.exp(-np.maximum(log_ratio, 0.0))[:, np.newaxis])
    log_none = np.log1p(-np.minimum(buys, LARGEST_CHANCE))
    neither, ordered = ~won & ~bought, ~won & bought
    log_density = np.log(w[:, ~neither]).sum(axis=1)[:, np.newaxis, np.newaxis] + np.zeros((POINTS, CHANCES, CHANCES))
    log_density += won.sum() * np.log(v) + ordered.sum() * np.log1p(-v)
    log_density += np.log(-np.expm1(c * log_none[ordered])).sum(axis=1)
    for first in range(0, int(neither.sum()), ROWS):
        some = np.flatnonzero(neither)[first : first + ROWS]
        seen = 1 - (1 - v[..., np.newaxis]) * np.exp(c * log_none[some])
        for point in range(POINTS):
            log_density[point] += np.log1p(-w[point, some] * seen).sum(axis=-1)
    weight = special.softmax(special.logsumexp(log_density, axis=(1, 2)) - 0.5 * z**2)
    mean = float(weight @ log_ratio)
    return mean, float(np.sqrt(weight @ (log_ratio - mean) ** 2))
