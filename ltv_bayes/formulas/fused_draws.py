"""One customer's repeat purchases, valued over all posterior draws in one compiled loop.

The draws are those of `bg_nbd.draw_purchases`, `bg_nbd.draw_purchase_times` and `gamma_gamma.draw_order_values`, made
draw by draw; a draw in which the customer has left, or will not buy, costs next to nothing.
"""

import numba
import numpy as np

from ltv_bayes.formulas.bg_nbd import LARGEST_POISSON_MEAN


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bg_nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    rng, x, t_x, T, orders, spent, t, delta, r, alpha, a, b, p, q, v, value
):
    """Fill in the discounted money of one customer's purchases within t, one for each draw.

    Parameters
    ----------
    rng : numpy.random.Generator
        The customer's own stream.
    x, t_x, T : float
        Frequency, recency, T.
    orders, spent : float
        Number of valued repeat orders, and what they came to.
    t, delta : float
        Horizon and continuous discount rate, in the time unit of the parameters.
    r, alpha, a, b, p, q, v : arrays of shape (draws,)
        Posterior draws.
    value : array of shape (draws,)
        Filled in.
    """
    for i in range(value.size):
        value[i] = 0.0
        A, B = r[i] + x, alpha[i] + T
        if x > 0.0:
            odds_of_death = a[i] / (b[i] + x - 1.0) * np.exp(A * np.log1p((T - t_x) / (alpha[i] + t_x)))
            if rng.random() * (1.0 + odds_of_death) >= 1.0:
                continue
        possible = rng.poisson(min(rng.standard_gamma(A) / B * t, LARGEST_POISSON_MEAN))
        if possible == 0:
            continue
        leaving = rng.beta(a[i], b[i] + x)
        until_leaving = np.ceil(np.log1p(-rng.random()) / np.log1p(-leaving))
        count = int(min(float(possible), max(until_leaving, 1.0)))
        nu = rng.standard_gamma(p[i] * orders + q[i]) / (v[i] + spent)
        left = count < possible
        end = t * rng.beta(float(count), float(possible - count + 1)) if left else t
        total = rng.standard_gamma(p[i]) * np.exp(-delta * (end if left else end * rng.random()))
        for _ in range(count - 1):
            total += rng.standard_gamma(p[i]) * np.exp(-delta * end * rng.random())
        value[i] = total / nu
