"""What formulas take from other packages that their public interfaces do not offer, each behind a name of its own.

A test holds each to what is expected of it, so that a new version which changes it is noticed at once.
"""

import numpy as np

from ltv_bayes.formulas.special import Array


def pareto_smoothed(log_ratios: Array) -> tuple[Array, float]:
    """Smooth importance ratios by a generalised Pareto fit to their tail.

    Returns
    -------
    array
        Weights that add up to 1.
    float
        Shape k of the fit; minus infinity where the largest ratios are all the same, which is no tail.
    """
    from arviz_stats.base import array_stats

    try:
        log_weights, k = array_stats.psislw(-log_ratios)  # it takes log-likelihoods, and weights by their inverse
    except ValueError:  # "All tail values are the same"
        log_weights, k = log_ratios, -np.inf
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum(), float(k)
