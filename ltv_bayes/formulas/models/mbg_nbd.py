"""MBG/NBD: like BG/NBD, with a first chance to leave right after the first purchase.

Source: Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24.
Parameters and histories as in `ltv_bayes.formulas.models.bg_nbd`.

A customer who stays after the first purchase is one of BG/NBD with probability of leaving p ~ Beta(a, b + 1), since
one chance to leave has passed. So given alive at T, lambda ~ Gamma(r + frequency, alpha + T) and
p ~ Beta(a, b + frequency + 1), and all forecasts are those that `bg_nbd` writes for an `Outlook`.
"""

import numpy as np
from scipy import special

from ltv_bayes.formulas.models.bg_nbd import Outlook, log_ratio
from ltv_bayes.formulas.special import Array, Numbers, log_beta, log_rising_factorial

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
    """Log-likelihood of one customer's history; a customer without a repeat purchase may have left at once.

    Examples
    --------
    A rate of nearly 0 says nothing by silence: what remains is certain.

    >>> round(float(log_likelihood(0, 0, 40, r=1e-12, alpha=4, a=0.8, b=2.5)), 8) + 0.0
    0.0
    """
    x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (frequency, recency, T)))
    r, alpha, a, b = (np.asarray(v, dtype=float) for v in (r, alpha, a, b))
    purchases = log_rising_factorial(r, x) - r * np.log1p(T / alpha)
    staying = log_beta(a, b + x + 1) - log_beta(a, b)
    still_alive = -x * np.log(alpha + T)
    left_at_last = np.log(a) - np.log(b + x) + still_alive + (r + x) * log_ratio(t_x, T, alpha)
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
    """P(alive at T | history); below 1 for a customer without a repeat purchase too.

    Examples
    --------
    >>> round(float(probability_alive(0, 0, 0, r=0.5, alpha=6, a=1, b=3)), 4)
    0.75
    """
    x = np.asarray(frequency, dtype=float)
    alpha = np.asarray(alpha, dtype=float)
    log_odds_of_death = np.log(a) - np.log(np.asarray(b) + x) + (np.asarray(r) + x) * log_ratio(recency, T, alpha)
    return special.expit(-log_odds_of_death)


def outlook(
    frequency: Numbers,
    recency: Numbers,
    T: Numbers,
    *,
    r: Numbers,
    alpha: Numbers,
    a: Numbers,
    b: Numbers,
) -> Outlook:
    """Everything that the history says of the future: that of BG/NBD, with one more chance to leave passed."""
    x, T = np.asarray(frequency, dtype=float), np.asarray(T, dtype=float)
    alive = probability_alive(x, recency, T, r=r, alpha=alpha, a=a, b=b)
    return Outlook(alive, np.asarray(r) + x, np.asarray(alpha) + T, np.asarray(a, dtype=float), np.asarray(b) + x + 1)


def outlook_of_new_customer(*, r: Numbers, alpha: Numbers, a: Numbers, b: Numbers) -> Outlook:
    """The future of a customer at the moment of the first purchase, after which they may leave at once.

    Examples
    --------
    >>> outlook_of_new_customer(r=0.5, alpha=6, a=1, b=3).alive.item()
    0.75
    """
    return outlook(0, 0, 0, r=r, alpha=alpha, a=a, b=b)
