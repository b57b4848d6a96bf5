"""What each posterior draw says of a customer's orders before any of them is drawn.

Whether a customer is still alive, and whether an order is to be expected, is settled in most draws by one random number
and two chances. These are computed for all draws of a customer at once, in vector instructions.
"""

from typing import Any, NamedTuple

import numba
import numpy as np

from ltv_bayes.formulas.kernels.blocks import exp_of_minus_size, log_ratio
from ltv_bayes.formulas.kernels.random import poisson, standard_gamma, uniform
from ltv_bayes.formulas.models.bg_nbd import LARGEST_POISSON_MEAN
from ltv_bayes.formulas.models.operational_time import operational_time
from ltv_bayes.formulas.special import Array

compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")
# In loops over draws, counting who refers to an array of a record would take longer than the draws.
loop: Any = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
loop_written_out: Any = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)

LARGEST_INVERTED_MEAN = 50.0  # beyond, a gamma rate and a Poisson number are faster, and lose no digits


class Ahead(NamedTuple):
    """What lies ahead of a customer in each draw: arrays of shape (draws,).

    Attributes
    ----------
    time : array
        Time left for orders, in operational time; none are possible where it is 0 or less.
    seen : array
        The operational time of observation, with alpha: B of the rate's gamma distribution.
    none : array
        P(no order in the time left | alive).
    unsure : array
        1 / P(alive).
    one, other : arrays
        Room for what is computed on the way.
    """

    time: Array
    seen: Array
    none: Array
    unsure: Array
    one: Array
    other: Array


@compiled
def room_ahead(draws):  # type: ignore[no-untyped-def]
    """Make room for so many draws."""
    return Ahead(np.empty(draws), np.empty(draws), np.empty(draws), np.empty(draws), np.empty(draws), np.empty(draws))


@compiled
def look_ahead_of_buyer(row, history, horizon, clock, purchases, relations, ahead):  # type: ignore[no-untyped-def]
    """Fill in what lies ahead of a customer who may leave after each purchase, with a history.

    Of the relation, the end is filled in that is known beside the history, where it is asked for.
    """
    x, t_x, T, ended, _, _, most = history
    r, alpha, a, b, first = purchases_of(row, purchases)
    until, life, one_life, weights = relations
    drawn = weights_of(row, weights)
    time, seen, _, odds, until_last, _ = ahead
    for i in range(time.size):
        time[i], odds[i], until_last[i] = horizon, most, np.inf
    if drawn.size:
        for i in range(time.size):
            odds[i] = min(most, drawn[i])
    if until.size:
        for i in range(time.size):
            time[i], sure, until_last[i] = time_left(row, i, horizon, odds[i], until, one_life)
            odds[i] = 0.0 if sure else odds[i]
    if life.size:
        for i in range(time.size):
            life[row, i] = until_last[i]
    if clock.factors.size:
        for i in range(time.size):
            recency, observed, time[i] = on_clock(clock, i, t_x, T, ended, time[i])
            seen[i] = alpha[i] + observed
            until_last[i] = alpha[i] + recency
    else:
        for i in range(time.size):
            seen[i] = alpha[i] + T
            until_last[i] = alpha[i] + t_x
    if x > 0.0:
        for i in range(time.size):
            odds[i] *= a[i] / (b[i] + x - 1.0)
        _look_back(x, r, ahead)
    elif first.size:
        for i in range(time.size):
            odds[i] *= first[i] / (1.0 - first[i])
            until_last[i] = alpha[i]
        _look_back(x, r, ahead)
    else:
        for i in range(time.size):
            odds[i] = 1.0
    look_ahead(x, r, ahead)


@compiled
def _look_back(x, r, ahead):  # type: ignore[no-untyped-def]
    """1 / P(alive) of draws from the odds of leaving at the last purchase: these grow with the silence since."""
    _, seen, _, unsure, until_last, silence = ahead
    log_ratio(seen, until_last, silence)
    for i in range(silence.size):
        silence[i] *= r[i] + x
    exp_of_minus_size(silence, until_last)
    for i in range(silence.size):
        unsure[i] = 1.0 + unsure[i] / until_last[i]


@compiled
def look_ahead(x, r, ahead):  # type: ignore[no-untyped-def]
    """Fill in the chance of no order in the time left, of a rate Gamma(r + x, B)."""
    time, seen, none, _, until_end, change = ahead
    for i in range(time.size):
        until_end[i] = seen[i] + time[i]
    log_ratio(until_end, seen, change)
    for i in range(time.size):
        change[i] *= r[i] + x
    exp_of_minus_size(change, none)


@loop
def number_possible(state, u, none, A, B, t):  # type: ignore[no-untyped-def]
    """How many purchases within t a rate Gamma(A, B) allows, by the inverse of its distribution at u.

    The chance of none is known.
    """
    if A * t / B > LARGEST_INVERTED_MEAN:
        return poisson(state, min(standard_gamma(state, A) / B * t, LARGEST_POISSON_MEAN))
    return 0.0 if u < none else _negative_binomial(u, none, A, t / (B + t))


@loop
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


@loop
def number_until_leaving(state, possible, a, b):  # type: ignore[no-untyped-def]
    """How many of the possible purchases a customer makes who may leave after each."""
    u, staying, number = uniform(state) if possible > 1.0 else 0.0, 1.0, 1.0
    while number < possible:
        staying *= (b + number - 1.0) / (a + b + number - 1.0)
        if u >= staying:
            break
        number += 1.0
    return number


@loop
def on_clock(clock, i, t_x, T, ended, t):  # type: ignore[no-untyped-def]
    """Recency, T and a time from now in the operational time of a draw."""
    if clock.factors.size == 0:
        return t_x, T, t
    first = -T - ended
    start = operational_time(clock, i, first)
    recency = operational_time(clock, i, first + t_x) - start
    return recency, operational_time(clock, i, -ended) - start, operational_time(clock, i, t)


@loop
def time_left(row, i, horizon, weight, until, one_life):  # type: ignore[no-untyped-def]
    """Time for orders, whether the customer is known to be alive, and when the relation ends for other reasons."""
    if until.size and until[row, i] == until[row, i]:
        return min(horizon, until[row, i]), weight == 0.0 or one_life, until[row, i]
    return horizon, weight == 0.0, np.inf


@compiled
def purchases_of(row, purchases):  # type: ignore[no-untyped-def]
    """Parameters of a customer's purchases, arrays of shape (draws,); the last one is empty where there is none."""
    g = purchases.place[row]
    first = purchases.first_dropout[g : g + 1].ravel()
    return purchases.r[g], purchases.alpha[g], purchases.a[g], purchases.b[g], first


@compiled
def weights_of(row, weights):  # type: ignore[no-untyped-def]
    """By which factors a customer's odds of having left are multiplied, an array of shape (draws,), or empty."""
    if weights.drawn.size == 0:
        return weights.drawn.ravel()
    g = weights.place[row]
    return weights.drawn[g : g + 1].ravel()
