"""MBG/NBD: like BG/NBD, with a first chance to leave right after the first purchase.

Source: Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24.
Parameters and histories as in `ltv_bayes.formulas.bg_nbd`.
"""

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array, Numbers, log_beta

NAME = "mbg_nbd"
PARAMETERS = ("r", "alpha", "a", "b")


def log_likelihood(
    frequency: Numbers,
    recency: Numbers,
    T: Numbers,
    *,
    r: Numbers,
    alpha: Numbers,
    a: Numbers,
    b: Numbers,
) -> Array:
    """Log-likelihood of one customer's history; a customer without a repeat purchase may have left at once."""
    x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (frequency, recency, T)))
    r, alpha, a, b = (np.asarray(v, dtype=float) for v in (r, alpha, a, b))
    A, C = r + x, b + x + 1
    purchases = special.gammaln(A) - special.gammaln(r) + r * np.log(alpha)
    staying = log_beta(a, C) - log_beta(a, b)
    still_alive = -A * np.log(alpha + T)
    left_at_last = np.log(a) - np.log(b + x) - A * np.log(alpha + t_x)
    return purchases + staying + np.logaddexp(still_alive, left_at_last)


def probability_alive(
    frequency: Numbers,
    recency: Numbers,
    T: Numbers,
    *,
    r: Numbers,
    alpha: Numbers,
    a: Numbers,
    b: Numbers,
) -> Array:
    """P(alive at T | history); below 1 for a customer without a repeat purchase too."""
    x = np.asarray(frequency, dtype=float)
    alpha = np.asarray(alpha, dtype=float)
    log_odds_of_death = (
        np.log(a) - np.log(np.asarray(b) + x) + (np.asarray(r) + x) * np.log((alpha + T) / (alpha + recency))
    )
    return special.expit(-log_odds_of_death)
