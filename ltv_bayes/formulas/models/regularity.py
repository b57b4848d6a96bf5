"""How regular are gaps between purchases? A shape k that needs neither rates nor who has left.

Let a customer's gaps be gamma-distributed with shape k, at a rate of their own; k = 1 is a Poisson process, and the
larger k, the more alike are gaps. Given their number and their sum, the shares of the gaps follow a Dirichlet
distribution with k for each, whatever the rate is, however rates differ, and whenever the customer leaves or
observation ends: these change the likelihood of the last purchase only. Wheat & Morrison's (1990) estimate is the case
of two gaps.

Purchases are known by the day, and those of one day are one. A Poisson process is then a coin thrown each day, gaps in
days beyond the first are geometric, and with k instead of 1 they are negative binomial; given their sum, they follow a
Dirichlet-multinomial distribution, which is exact at k = 1 and goes over into the Dirichlet for gaps of many days.

Source: Wheat & Morrison (1990), Journal of Marketing Research 27; Platzer & Reutterer (2016), Marketing Science 35, on
what regularity does to forecasts.
"""

from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from ltv_bayes.formulas.special import Array, IntArray, Numbers

LOG_K = (-5.0, 7.0)
PRIOR_SD = 1.0
POINTS, WIDTH, STEP = 2001, 8.0, 1e-3


class Gaps(NamedTuple):
    """Gaps of customers with two or more of them, counted.

    Attributes
    ----------
    spare, gaps : arrays of shape (distinct gaps,)
        Days of a gap beyond the first, and how many gaps have that number.
    number, total, customers : arrays of shape (distinct pairs,)
        Number of gaps of a customer, the sum of their spare days, and how many customers have such.
    """

    spare: Array
    gaps: Array
    number: Array
    total: Array
    customers: Array


def counted_gaps(owner: IntArray, days: Array) -> Gaps:
    """Count the gaps of customers who have at least two.

    Parameters
    ----------
    owner : array of whole numbers of shape (gaps,)
        The customer of each gap: 0, 1, ...
    days : array of shape (gaps,)
        Its days, at least 1.

    Examples
    --------
    >>> counted_gaps(np.array([0, 0, 1]), np.array([3, 5, 9])).total.tolist()
    [6.0]
    """
    number = np.bincount(owner)
    several = number[owner] > 1
    owner, spare = owner[several], np.asarray(days, dtype=float)[several] - 1
    total = np.bincount(owner, weights=spare, minlength=number.size)
    pairs, customers = np.unique(np.column_stack([number, total])[number > 1], axis=0, return_counts=True)
    distinct, gaps = np.unique(spare, return_counts=True)
    return Gaps(*(np.asarray(v, dtype=float) for v in (distinct, gaps, pairs[:, 0], pairs[:, 1], customers)))


def log_likelihood(k: Numbers, gaps: Gaps) -> Array:
    """Dirichlet-multinomial log-likelihood of all gaps, given the number and the sum of each customer's.

    Examples
    --------
    At k = 1 each of the 7 ways to part 6 spare days into two gaps is as likely as any other.

    >>> round(float(np.exp(-log_likelihood(1.0, counted_gaps(np.array([0, 0]), np.array([3, 5]))))), 6)
    7.0
    """
    k = np.asarray(k, dtype=float)[..., np.newaxis]
    each = special.gammaln(gaps.spare + k) - special.gammaln(k) - special.gammaln(gaps.spare + 1)
    together = special.gammaln(gaps.number * k) - special.gammaln(gaps.total + gaps.number * k)
    return np.asarray(each @ gaps.gaps + (together + special.gammaln(gaps.total + 1)) @ gaps.customers)


def posterior(gaps: Gaps) -> tuple[Array, Array]:
    """Values of k around the mode of its posterior, and their weights; the prior is log-normal(0, 1).

    Examples
    --------
    Without a gap the prior is left, with median 1.

    >>> k, weights = posterior(counted_gaps(np.array([0]), np.array([3])))
    >>> round(float(quantile(k, weights, 0.5)), 3)
    1.0
    """

    def log_density(log_k: Numbers) -> Array:
        log_k = np.asarray(log_k, dtype=float)
        return log_likelihood(np.exp(log_k), gaps) - 0.5 * (log_k / PRIOR_SD) ** 2

    mode = float(optimize.minimize_scalar(lambda log_k: -log_density(log_k), bounds=LOG_K, method="bounded").x)
    around = log_density(mode + STEP * np.array([-1.0, 0.0, 1.0]))
    sd = min(PRIOR_SD, STEP / np.sqrt(max(2 * around[1] - around[0] - around[2], 1e-12)))
    log_k = mode + sd * np.linspace(-WIDTH, WIDTH, POINTS)
    return np.exp(log_k), special.softmax(log_density(log_k))


def quantile(k: Array, weights: Array, level: Numbers) -> Array:
    """Quantiles of a weighted grid."""
    below = np.cumsum(weights) - weights / 2
    return np.asarray(np.interp(level, below, k))


def chance_of_silence(k: Numbers, silent: Numbers, gaps: Numbers, total: Numbers) -> Array:
    """Chance that the next gap is longer than the silence so far, given a customer's own gaps: their number and sum.

    A gap over the sum of the others follows a beta-prime distribution, whatever the rate is.

    Examples
    --------
    With k = 1, after one gap of 30 days, the next one is longer than that in half of all cases.

    >>> round(float(chance_of_silence(1.0, 30, 1, 30)), 6)
    0.5
    """
    silent, total, k = (np.asarray(v, dtype=float) for v in (silent, total, k))
    return np.asarray(special.betainc(k * np.asarray(gaps, dtype=float), k, total / (total + silent)))


def silence(k: Numbers, gaps: Numbers) -> Array:
    """Chance that a customer who stays is silent for a number of their usual gaps after a purchase.

    Examples
    --------
    >>> silence([1.0, 4.0], 3).round(4).tolist()
    [0.0498, 0.0023]
    """
    k = np.asarray(k, dtype=float)
    return np.asarray(special.gammaincc(k, k * np.asarray(gaps, dtype=float)))
