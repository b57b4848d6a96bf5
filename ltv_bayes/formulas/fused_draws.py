"""Repeat purchases of a few customers, valued over all posterior draws in one compiled loop.

The draws have the distribution of `bg_nbd.draw_purchases`, `bg_nbd.draw_purchase_times` and
`gamma_gamma.draw_order_values`. A draw in which the customer has left, or will not buy, takes one random number: given
alive, the number of purchases that their rate allows is negative binomial, and is found by inversion with what the
first random number has left over.
"""

import numba
import numpy as np

from ltv_bayes.formulas.bg_nbd import LARGEST_POISSON_MEAN
from ltv_bayes.formulas.compiled_random import (
    beta,
    gamma_constants,
    gamma_from_constants,
    poisson,
    standard_gamma,
    uniform,
)

LARGEST_INVERTED_MEAN = 50.0  # beyond, a gamma rate and a Poisson number are faster, and lose no digits


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bg_nbd_gamma_gamma(states, histories, ends, delta, r, alpha, a, b, p, q, v, money):  # type: ignore[no-untyped-def]
    """Fill in the discounted money of customers' purchases, by customer, period and draw.

    Parameters
    ----------
    states : array of shape (customers, 4)
        Each customer's own random stream, as `random_streams.customer_states` makes them; used up.
    histories : array of shape (customers, 5)
        Frequency, recency, T, number of valued repeat orders, and what they came to.
    ends : array of shape (periods,)
        When each period ends, in the time unit of the parameters; the last is the horizon.
    delta : float
        Continuous discount rate, in the time unit of the parameters.
    r, alpha, a, b, p, q, v : arrays of shape (draws,)
        Posterior draws.
    money : array of shape (customers, periods, draws)
        Filled in.
    """
    for row in range(histories.shape[0]):
        x, t_x, T, orders, spent = histories[row]
        _one(states[row], x, t_x, T, orders, spent, ends, delta, r, alpha, a, b, p, q, v, money[row])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _one(state, x, t_x, T, orders, spent, ends, delta, r, alpha, a, b, p, q, v, money):  # type: ignore[no-untyped-def]
    t = ends[-1]
    for k in range(money.shape[0]):
        for i in range(money.shape[1]):
            money[k, i] = 0.0
    for i in range(money.shape[1]):
        A, B = r[i] + x, alpha[i] + T
        u = uniform(state)
        # Twice, a bound by Bernoulli's inequality settles most draws before anything costly is computed.
        if x > 0.0:
            odds_at_last, silence = a[i] / (b[i] + x - 1.0), (T - t_x) / (alpha[i] + t_x)
            if u * (1.0 + odds_at_last * (1.0 + A * silence)) >= 1.0 and A >= 1.0:
                continue
            u *= 1.0 + odds_at_last * np.exp(A * np.log1p(silence))
            if u >= 1.0:
                continue
        mean = A * t / B
        if mean <= LARGEST_INVERTED_MEAN:
            if u < 1.0 - mean:
                continue
            chance = np.exp(-A * np.log1p(t / B))
            if u < chance:
                continue
            possible = _negative_binomial(u, chance, A, t / (B + t))
        else:
            possible = poisson(state, min(standard_gamma(state, A) / B * t, LARGEST_POISSON_MEAN))
            if possible == 0.0:
                continue
        count = _until_leaving(state, possible, a[i], b[i] + x)
        left = count < possible
        nu = standard_gamma(state, p[i] * orders + q[i]) / (v[i] + spent)
        end = t * beta(state, count, possible - count + 1.0) if left else t
        shape, (d, c), value = p[i], gamma_constants(p[i]), 1.0 / nu
        for order in range(int(count)):
            when = end if left and order == 0 else end * uniform(state)
            period = 0
            while when > ends[period]:
                period += 1
            money[period, i] += value * gamma_from_constants(state, shape, d, c) * np.exp(-delta * when)


@numba.njit(cache=True, nogil=True, error_model="numpy")
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


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _until_leaving(state, possible, a, b):  # type: ignore[no-untyped-def]
    """How many of the possible purchases a customer makes who may leave after each."""
    u, staying, number = uniform(state) if possible > 1.0 else 0.0, 1.0, 1.0
    while number < possible:
        staying *= (b + number - 1.0) / (a + b + number - 1.0)
        if u >= staying:
            break
        number += 1.0
    return number
