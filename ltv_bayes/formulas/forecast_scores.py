"""Scores of probability forecasts: CRPS, interval score, probability integral transform; and Gini of a ranking."""

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array, IntArray


def crps(drawn: Array, actual: Array) -> Array:
    """Continuous ranked probability score of each outcome, from draws of its forecast: the lower the better.

    E|X - y| - E|X - X'| / 2, with X and X' two different draws. In the unit of the outcome; of a forecast of one
    number without doubt, the absolute error.

    Parameters
    ----------
    drawn : array of shape (draws, outcomes)
    actual : array of shape (outcomes,)

    Returns
    -------
    array of shape (outcomes,)

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102, eq. 21; without the
    bias of few draws, Ferro (2014), Fair scores for ensemble forecasts, QJRMS 140.

    Examples
    --------
    >>> crps(np.array([[1.0], [3.0]]), np.array([2.0])), crps(np.array([[5.0]]), np.array([2.0]))
    (array([0.]), array([3.]))
    """
    ordered = np.sort(drawn, axis=0)
    number = len(ordered)
    rank = 2.0 * np.arange(1, number + 1) - number - 1
    spread = rank @ ordered / max(number * (number - 1), 1)
    return np.asarray(np.abs(ordered - actual).mean(axis=0) - spread)


def interval_score(low: Array, high: Array, actual: Array, prob: float) -> Array:
    """Score of an equal-tailed interval: its width, and 2 / (1 - prob) times what lies outside; the lower the better.

    References
    ----------
    Gneiting & Raftery (2007), eq. 43.

    Examples
    --------
    >>> interval_score(np.array([1.0, 1.0]), np.array([3.0, 3.0]), np.array([2.0, 3.5]), 0.9).round(6)
    array([ 2., 12.])
    """
    outside = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
    return np.asarray(high - low + 2 / (1 - prob) * outside)


def paired_difference(
    differences: Array, customers: IntArray, windows: IntArray, apart: float | None = None
) -> tuple[float, float, float]:
    """Mean of paired differences of a score, its standard error, and the degrees of freedom of that.

    Differences of one customer in several windows depend on each other, and so do those of one window. The variances
    over customers and over windows are added, which is a little too much where windows are alike, and right where
    they differ.

    Parameters
    ----------
    differences : array of shape (forecasts,)
        The score of one forecast less that of another one of the same.
    customers, windows : arrays of shape (forecasts,)
        Whose each is, and of when; as whole numbers from 0.
    apart : float, optional
        How many windows without a common day these are worth; their number if not given.

    Returns
    -------
    float
        The mean.
    float
        Its standard error; NaN of one customer.
    float
        Degrees of freedom, by Satterthwaite.

    References
    ----------
    Cameron, Gelbach & Miller (2011), Robust inference with multiway clustering, JBES 29; Satterthwaite (1946), An
    approximate distribution of estimates of variance components, Biometrics Bulletin 2.

    Examples
    --------
    >>> mean, error, freedom = paired_difference(np.array([1.0, 3.0]), np.array([0, 1]), np.array([0, 0]))
    >>> mean, error, freedom
    (2.0, 1.0, 1.0)
    """
    mean = float(np.mean(differences))
    number = int(np.max(windows)) + 1
    worth = number if apart is None else apart
    parts = [_variance_over(customers, differences - mean, int(np.max(customers)) + 1)]
    if worth > 1 and number > 1:
        parts.append(_variance_over(windows, differences - mean, worth))
    variance, freedom = sum(one for one, _ in parts), sum(one**2 / (size - 1) for one, size in parts if size > 1)
    return mean, float(np.sqrt(variance)), float(variance**2 / freedom) if freedom > 0 else 1.0


def _variance_over(groups: IntArray, deviations: Array, size: float) -> tuple[float, float]:
    """The variance of a mean of deviations that are independent between groups, and how many groups they are worth."""
    sums = np.bincount(groups, weights=deviations)
    unbiased = len(sums) / (size - 1) if size > 1 else np.nan
    return float(np.sum(sums**2) / deviations.size**2 * unbiased), size


def gini(ranked_by: Array, worth: Array) -> float:
    """How well a ranking finds those who turn out to be worth most: 1 as well as hindsight does, 0 as chance does.

    Twice the area between the cumulative gains and the diagonal, as a share of that of a perfect ranking. Those ranked
    alike share their places. NaN where no one, or everyone alike, is worth anything.

    Parameters
    ----------
    ranked_by : array of shape (customers,)
        What customers are ranked by, the highest first.
    worth : array of shape (customers,)
        What they turned out to be worth.

    Examples
    --------
    >>> gini(np.array([3, 2, 1]), np.array([9, 5, 0])), gini(np.array([1, 1, 1]), np.array([9, 5, 0]))
    (1.0, 0.0)
    """
    best = _area(worth, worth)
    return _area(ranked_by, worth) / best if best > 0 else float("nan")


def _area(ranked_by: Array, worth: Array) -> float:
    """The area between cumulative gains and the diagonal, in shares of all, twice."""
    total = float(np.sum(worth))
    if total <= 0:
        return 0.0
    _, group = np.unique(-np.asarray(ranked_by, dtype=float), return_inverse=True)
    size = np.bincount(group)
    share = np.bincount(group, weights=worth) / total
    up_to = np.cumsum(share)
    return float(np.sum((2 * up_to - share) * size) / np.sum(size) - 1)


def at_most(successes: float, trials: float, chance: float) -> float:
    """P(X <= successes) of a binomial number X, also where independent trials are counted in parts.

    Examples
    --------
    >>> round(at_most(3, 4, 0.9), 4), at_most(4, 4, 0.9)
    (0.3439, 1.0)
    """
    return 1.0 if successes >= trials else float(special.betainc(trials - successes, successes + 1, 1 - chance))


def lowest_chance(successes: float, trials: float, tail: float = 0.05) -> float:
    """The lowest chance with which as many successes are not rarer than the tail.

    References
    ----------
    Clopper & Pearson (1934), Biometrika 26.

    Examples
    --------
    >>> round(lowest_chance(4, 4), 4)
    0.4729
    """
    return float(special.betaincinv(successes, trials - successes + 1, tail)) if successes > 0 else 0.0
