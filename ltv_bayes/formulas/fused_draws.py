"""One customer's repeat purchases, valued over all posterior draws in one compiled loop.

The draws have the distribution of `bg_nbd.draw_purchases`, `bg_nbd.draw_purchase_times` and
`gamma_gamma.draw_order_values`. A draw in which the customer has left, or will not buy, takes one random number: given
alive, the number of purchases that their rate allows is negative binomial, and is found by inversion with what the
first random number has left over.
"""

import numba
import numpy as np

from ltv_bayes.formulas.bg_nbd import LARGEST_POISSON_MEAN

LARGEST_INVERTED_MEAN = 50.0  # beyond, a gamma rate and a Poisson number are faster, and lose no digits


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bg_nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    rng, x, t_x, T, orders, spent, ends, delta, r, alpha, a, b, p, q, v, money
):
    """Fill in the discounted money of one customer's purchases, by period and draw.

    Parameters
    ----------
    rng : numpy.random.Generator
        The customer's own stream.
    x, t_x, T : float
        Frequency, recency, T.
    orders, spent : float
        Number of valued repeat orders, and what they came to.
    ends : array of shape (periods,)
        When each period ends, in the time unit of the parameters; the last is the horizon.
    delta : float
        Continuous discount rate, in the time unit of the parameters.
    r, alpha, a, b, p, q, v : arrays of shape (draws,)
        Posterior draws.
    money : array of shape (periods, draws)
        Filled in.
    """
    t = ends[-1]
    for k in range(money.shape[0]):
        for i in range(money.shape[1]):
            money[k, i] = 0.0
    for i in range(money.shape[1]):
        A, B = r[i] + x, alpha[i] + T
        u = rng.random()
        if x > 0.0:
            odds_of_death = a[i] / (b[i] + x - 1.0) * np.exp(A * np.log1p((T - t_x) / (alpha[i] + t_x)))
            u *= 1.0 + odds_of_death
            if u >= 1.0:
                continue
        mean = A * t / B
        if mean <= LARGEST_INVERTED_MEAN:
            if u < 1.0 - mean:  # a lower bound of the chance of none, by Bernoulli's inequality
                continue
            chance = np.exp(-A * np.log1p(t / B))
            if u < chance:
                continue
            possible = _negative_binomial(u, chance, A, t / (B + t))
        else:
            possible = rng.poisson(min(rng.standard_gamma(A) / B * t, LARGEST_POISSON_MEAN))
            if possible == 0:
                continue
        count = _until_leaving(rng, possible, a[i], b[i] + x)
        left = count < possible
        nu = rng.standard_gamma(p[i] * orders + q[i]) / (v[i] + spent)
        end = t * rng.beta(float(count), float(possible - count + 1)) if left else t
        for order in range(count):
            when = end if left and order == 0 else end * rng.random()
            period = 0
            while when > ends[period]:
                period += 1
            money[period, i] += rng.standard_gamma(p[i]) / nu * np.exp(-delta * when)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _negative_binomial(u, chance, A, share):  # type: ignore[no-untyped-def]
    """Number of purchases at the level u of its distribution, which is above the chance of none."""
    number, below = 0, chance
    while u >= below:
        number += 1
        chance *= (A + number - 1.0) / number * share
        below += chance
        if chance < 1e-18 * below:  # nothing is left to add: u is next to 1
            break
    return number


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _until_leaving(rng, possible, a, b):  # type: ignore[no-untyped-def]
    """How many of the possible purchases a customer makes who may leave after each."""
    if possible == 1:
        return possible
    u, staying = rng.random(), 1.0
    for number in range(1, possible):
        staying *= (b + number - 1.0) / (a + b + number - 1.0)
        if u >= staying:
            return number
    return possible
