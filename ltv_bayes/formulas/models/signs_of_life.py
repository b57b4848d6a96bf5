"""How many of the living one hears of."""

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array

POINTS = 400


def share_heard_of(heard: int, alive: Array) -> float:
    """Of living customers, the share who would be heard of: its posterior mean under a uniform prior.

    One hears of a living customer with the same chance q, of one who has left never. So ``heard`` customers have the
    likelihood q each, and one of the others, alive with probability P by all else that is known, has 1 - q P. If one
    hears of those who left too, a certain number of times more rarely, P + (1 - P) / ratio stands in place of P.

    Parameters
    ----------
    heard : int
        How many were heard of.
    alive : array of shape (others,)
        Probability that each of the others is alive, by all else that is known.

    Examples
    --------
    Where all others are surely alive, these are 3 of 10; where all others have surely left, nobody was silent.

    >>> round(share_heard_of(3, np.ones(7)), 3)
    0.333
    >>> round(share_heard_of(3, np.zeros(7)), 3)
    0.8
    """
    if heard == 0:
        return 0.0
    q = (np.arange(POINTS) + 0.5) / POINTS
    levels, number = np.unique(np.round(alive, 3), return_counts=True)
    log_density = heard * np.log(q) + np.log1p(-np.outer(q, levels)) @ number
    weights = special.softmax(log_density)
    return float(weights @ q)
