"""Orders of a few customers, valued over all posterior draws in one compiled loop.

The draws have the distribution of `bg_nbd.draw_purchases`, `bg_nbd.draw_purchase_times` and
`gamma_gamma.draw_order_values`. A draw in which the customer has left, or will not buy, takes one random number: given
alive, the number of purchases that their rate allows is negative binomial, and is found by inversion with what the
first random number has left over.
"""

import numba
import numpy as np

from ltv_bayes.formulas.kernels.random import (
    beta,
    gamma_constants,
    gamma_from_constants,
    poisson,
    standard_gamma,
    uniform,
)
from ltv_bayes.formulas.models.bg_nbd import LARGEST_POISSON_MEAN

APART, ELSEWHERE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
LARGEST_INVERTED_MEAN = 50.0  # beyond, a gamma rate and a Poisson number are faster, and lose no digits


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bg_nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    states,
    histories,
    ends,
    delta,
    counts,
    r,
    alpha,
    a,
    b,
    spends,
    p,
    q,
    v,
    money,
    until=None,
    life=None,
    one_life=True,
    shown=None,
    shown_until=0.0,
):
    """Fill in the discounted money of customers' purchases, by customer, period and draw.

    Parameters
    ----------
    states : array of shape (customers, 4)
        Each customer's own random stream, as `random_streams.customer_states` makes them; used up.
    histories : array of shape (customers, 6)
        Frequency, recency, T, number of valued repeat orders, what they came to, and by which factor the odds of having
        left are multiplied for what else is known: 1 where nothing is, 0 for customers known to be alive. Who has no
        history, not-a-number, brings nothing.
    ends : array of shape (periods,)
        When each period ends, in the time unit of the parameters; the last is the horizon.
    delta : float
        Continuous discount rate, in the time unit of the parameters.
    counts, spends : arrays of shape (customers,)
        Whose parameters of purchases, and of what each brings, count for a customer: places of groups.
    r, alpha, a, b, p, q, v : arrays of shape (groups, draws)
        Posterior draws.
    money : array of shape (customers, periods, draws)
        Filled in.
    until : array of shape (customers, draws), optional
        When the relation ends, in the same time unit, for other reasons: nothing is bought later. Not-a-number where
        nothing is known of it.
    life : array of shape (customers, draws), optional
        Filled in: when the relation ends, for whichever reason; infinite if after the horizon, 0 for who has left.
    one_life : bool
        Whether a customer whose relation goes on, by ``until``, is known to be alive. Otherwise customers may have
        stopped buying before, as their history says.
    shown : array of shape (draws,), optional
        Share of the purchases up to ``shown_until`` that are counted elsewhere: each is left out with this chance.
    shown_until : float
        In the same time unit.
    """
    for row in range(histories.shape[0]):
        g, h = counts[row], spends[row]
        _bg_nbd_row(
            row, states[row], histories[row], ends, delta, r[g], alpha[g], a[g], b[g], p[h], q[h], v[h], money[row],
            until, life, one_life, shown, shown_until,
        )  # fmt: skip


@numba.njit(cache=True, nogil=True, error_model="numpy")
def mbg_nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    states,
    histories,
    ends,
    delta,
    counts,
    r,
    alpha,
    a,
    b,
    spends,
    p,
    q,
    v,
    money,
    until=None,
    life=None,
    one_life=True,
    shown=None,
    shown_until=0.0,
):
    """Fill in the discounted money of customers who may leave after the first purchase too.

    Arguments are those of `bg_nbd_gamma_gamma`. A chance to leave passes at the first purchase as at each repeat one,
    so a history of MBG/NBD is one of BG/NBD with one more repeat purchase, which says nothing of the rate.
    """
    chances = histories.copy()
    chances[:, 0] += 1.0
    bg_nbd_gamma_gamma(
        states, chances, ends, delta, counts, r - 1.0, alpha, a, b, spends, p, q, v, money,
        until, life, one_life, shown, shown_until,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _bg_nbd_row(  # type: ignore[no-untyped-def]
    row, state, history, ends, delta, r, alpha, a, b, p, q, v, money, until, life, one_life, shown, shown_until
):
    x, t_x, T, orders, spent, weight = history
    t, sure = ends[-1], weight == 0.0
    # so that purchases are the same whether or not somebody asks for lives, or counts some elsewhere
    apart, elsewhere = state ^ APART, state ^ ELSEWHERE
    _clear(money)
    if x != x:
        if life is not None:
            life[row] = np.nan
            if until is not None:
                life[row] = until[row]
        return
    for i in range(money.shape[1]):
        if until is not None:
            sure = weight == 0.0 or (one_life and until[row, i] == until[row, i])
            t = until[row, i] if until[row, i] < ends[-1] else ends[-1]
            if t <= 0.0:
                if life is not None:
                    life[row, i] = t
                continue
        if life is not None:
            life[row, i] = np.inf
            if until is not None:
                life[row, i] = until[row, i] if until[row, i] == until[row, i] else np.inf
        A, B = r[i] + x, alpha[i] + T
        u = uniform(state)
        # Twice, a bound by Bernoulli's inequality settles most draws before anything costly is computed.
        if x > 0.0 and not sure:
            odds_at_last, silence = weight * a[i] / (b[i] + x - 1.0), (T - t_x) / (alpha[i] + t_x)
            gone = u * (1.0 + odds_at_last * (1.0 + A * silence)) >= 1.0 and A >= 1.0
            if not gone:
                u *= 1.0 + odds_at_last * np.exp(A * np.log1p(silence))
                gone = u >= 1.0
            if gone:
                if life is not None:
                    life[row, i] = 0.0
                continue
        mean = A * t / B
        if mean <= LARGEST_INVERTED_MEAN and u < 1.0 - mean:
            continue
        possible = _possible(state, u, A, B, t)
        if possible == 0.0:
            continue
        count = _until_leaving(state, possible, a[i], b[i] + x)
        left = count < possible
        nu = standard_gamma(state, p[i] * orders + q[i]) / (v[i] + spent)
        end = t * beta(state, count, possible - count + 1.0) if left else t
        shape, (d, c), value, last = p[i], gamma_constants(p[i]), 1.0 / nu, 0.0
        for order in range(int(count)):
            when = end if left and order == 0 else end * uniform(state)
            last, worth = max(last, when), value * gamma_from_constants(state, shape, d, c)
            if shown is not None and when <= shown_until and uniform(elsewhere) < shown[i]:
                continue
            period = 0
            while when > ends[period]:
                period += 1
            money[period, i] += worth * np.exp(-delta * when)
        if life is not None:
            staying = (b[i] + x + count - 1.0) / (a[i] + b[i] + x + count - 1.0)
            if left or uniform(apart) >= staying:  # the last purchase seen may be the customer's last too
                life[row, i] = last


@numba.njit(cache=True, nogil=True, error_model="numpy")
def nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    states,
    histories,
    ends,
    delta,
    counts,
    r,
    alpha,
    spends,
    p,
    q,
    v,
    money,
    until=None,
    life=None,
    one_life=True,
    shown=None,
    shown_until=0.0,
):
    """Fill in the discounted money of events at each customer's own rate, for as long as the relation lasts.

    Arguments are those of `bg_nbd_gamma_gamma`. Of a history, recency and knowledge of life do not matter, since nobody
    leaves by themselves: life is what is said by ``until``.
    """
    for row in range(histories.shape[0]):
        g, h = counts[row], spends[row]
        _nbd_row(
            row, states[row], histories[row], ends, delta, r[g], alpha[g], p[h], q[h], v[h], money[row],
            until, shown, shown_until,
        )  # fmt: skip
        if life is not None:
            life[row] = np.nan
            if until is not None:
                life[row] = until[row]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _nbd_row(  # type: ignore[no-untyped-def]
    row, state, history, ends, delta, r, alpha, p, q, v, money, until, shown, shown_until
):
    x, _, T, orders, spent, _ = history
    elsewhere = state ^ ELSEWHERE
    _clear(money)
    for i in range(money.shape[1]):
        t = ends[-1]
        if until is not None and until[row, i] < t:
            t = until[row, i]
        if t <= 0.0 or x != x:
            continue
        number = _possible(state, uniform(state), r[i] + x, alpha[i] + T, t)
        if number == 0.0:
            continue
        nu = standard_gamma(state, p[i] * orders + q[i]) / (v[i] + spent)
        shape, (d, c), value = p[i], gamma_constants(p[i]), 1.0 / nu
        for _ in range(int(number)):
            when, period, worth = t * uniform(state), 0, value * gamma_from_constants(state, shape, d, c)
            if shown is not None and when <= shown_until and uniform(elsewhere) < shown[i]:
                continue
            while when > ends[period]:
                period += 1
            money[period, i] += worth * np.exp(-delta * when)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _clear(money):  # type: ignore[no-untyped-def]
    for k in range(money.shape[0]):
        for i in range(money.shape[1]):
            money[k, i] = 0.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _possible(state, u, A, B, t):  # type: ignore[no-untyped-def]
    """How many purchases within t a rate Gamma(A, B) allows, by the inverse of its distribution at u."""
    mean = A * t / B
    if mean > LARGEST_INVERTED_MEAN:
        return poisson(state, min(standard_gamma(state, A) / B * t, LARGEST_POISSON_MEAN))
    if u < 1.0 - mean:
        return 0.0
    chance = np.exp(-A * np.log1p(t / B))
    return 0.0 if u < chance else _negative_binomial(u, chance, A, t / (B + t))


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
