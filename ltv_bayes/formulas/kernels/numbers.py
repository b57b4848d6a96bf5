"""How many purchases a customer makes, drawn inside compiled loops."""

from typing import Any

import numba
import numpy as np

from ltv_bayes.formulas.kernels.random import beta, poisson, standard_gamma, uniform
from ltv_bayes.formulas.models.bg_nbd import LARGEST_POISSON_MEAN

LARGEST_INVERTED_MEAN = 50.0  # beyond, a gamma rate and a Poisson number are faster, and lose no digits
MOST_STEPS = 10_000.0  # from purchase to purchase; beyond, the chance of leaving is drawn, and the number at once

compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")


@compiled
def number_possible(state, u, A, B, t):  # type: ignore[no-untyped-def]
    """How many purchases within t a rate Gamma(A, B) allows, by the inverse of its distribution at u."""
    mean = A * t / B
    if mean > LARGEST_INVERTED_MEAN:
        return poisson(state, min(standard_gamma(state, A) / B * t, LARGEST_POISSON_MEAN))
    if u < 1.0 - mean:
        return 0.0
    chance = np.exp(-A * np.log1p(t / B))
    return 0.0 if u < chance else _negative_binomial(u, chance, A, t / (B + t))


@compiled
def _negative_binomial(u, chance, A, share):  # type: ignore[no-untyped-def]
    """Number of purchases at the level u of its distribution, which is above the chance of none."""
    number, below = 0.0, chance
    while u >= below:
        number += 1.0
        chance *= (A + number - 1.0) / number * share
        below += chance
        if chance < 1e-18 * below:  # nothing is left to add: u is next to 1
            break
    return number


@compiled
def number_until_leaving(state, possible, a, b):  # type: ignore[no-untyped-def]
    """How many of the possible purchases a customer makes who may leave after each."""
    if possible > MOST_STEPS:
        leaving = beta(state, a, b)
        return min(possible, max(np.ceil(np.log1p(-uniform(state)) / np.log1p(-leaving)), 1.0))
    u, staying, number = uniform(state) if possible > 1.0 else 0.0, 1.0, 1.0
    while number < possible:
        staying *= (b + number - 1.0) / (a + b + number - 1.0)
        if u >= staying:
            break
        number += 1.0
    return number
