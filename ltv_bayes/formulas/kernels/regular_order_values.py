"""Orders in rhythm of a few customers, valued over all posterior draws in one compiled loop.

The draws have the distribution of `bg_cnbd.RegularOutlook.draw`, of the times that it gives, and of
`gamma_gamma.draw_order_values`. As in `formulas.fused_draws`, what the first random number has left over decides what
comes next: whether the customer has left, the phase, and the number of events.
"""

import numba
import numpy as np

from ltv_bayes.formulas.kernels.order_values import APART, ELSEWHERE, _clear, _possible, _until_leaving
from ltv_bayes.formulas.kernels.phases import log_phases, phase_at
from ltv_bayes.formulas.kernels.random import (
    beta,
    gamma_constants,
    gamma_from_constants,
    standard_gamma,
    uniform,
)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bg_cnbd_gamma_gamma(  # type: ignore[no-untyped-def]
    k,
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
    """Fill in the discounted money of customers who buy at every k-th event.

    Arguments behind k are those of `fused_draws.bg_nbd_gamma_gamma`.
    """
    _rows(
        k, 0.0, states, histories, ends, delta, counts, r, alpha, a, b, spends, p, q, v, money,
        until, life, one_life, shown, shown_until,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True, error_model="numpy")
def mbg_cnbd_gamma_gamma(  # type: ignore[no-untyped-def]
    k,
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
    """Fill in the discounted money of such customers who may leave after the first purchase too."""
    _rows(
        k, 1.0, states, histories, ends, delta, counts, r, alpha, a, b, spends, p, q, v, money,
        until, life, one_life, shown, shown_until,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _rows(  # type: ignore[no-untyped-def]
    k, at_once, states, histories, ends, delta, counts, r, alpha, a, b, spends, p, q, v, money,
    until, life, one_life, shown, shown_until,
):  # fmt: skip
    for row in range(histories.shape[0]):
        g, h = counts[row], spends[row]
        _row(
            k, at_once, row, states[row], histories[row], ends, delta, r[g], alpha[g], a[g], b[g], p[h], q[h], v[h],
            money[row], until, life, one_life, shown, shown_until,
        )  # fmt: skip


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _row(  # type: ignore[no-untyped-def]
    k, at_once, row, state, history, ends, delta, r, alpha, a, b, p, q, v, money,
    until, life, one_life, shown, shown_until,
):  # fmt: skip
    x, t_x, T, orders, spent, weight = history
    chances = x + at_once
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
        A, B = r[i] + k * x, alpha[i] + T
        silence = max(T - t_x, 0.0)
        u = uniform(state)
        if chances > 0.0 and not sure:
            odds_at_last = weight * a[i] / (b[i] + chances - 1.0)
            log_silence = A * np.log1p(silence / (alpha[i] + t_x)) - log_phases(A, silence / B, k)
            u *= 1.0 + odds_at_last * np.exp(log_silence)
            if not u < 1.0:
                if life is not None:
                    life[row, i] = 0.0
                continue
        phase, u = phase_at(u, A, silence / B, k)
        events = _possible(state, u, A + phase, B, t)
        possible = np.floor((events + phase) / k)
        if possible == 0.0:
            continue
        count = _until_leaving(state, possible, a[i], b[i] + chances)
        left = count < possible
        nu = standard_gamma(state, p[i] * orders + q[i]) / (v[i] + spent)
        shape, (d, c), value = p[i], gamma_constants(p[i]), 1.0 / nu
        share, rest, step = 0.0, events, k - phase
        for _ in range(int(count)):
            # the next purchase is the so many-th of the events left, at uniform moments of the time left
            share += (1.0 - share) * beta(state, step, rest - step + 1.0)
            rest, step = rest - step, k
            when, worth = t * min(share, 1.0), value * gamma_from_constants(state, shape, d, c)
            if shown is not None and when <= shown_until and uniform(elsewhere) < shown[i]:
                continue
            period = 0
            while when > ends[period]:
                period += 1
            money[period, i] += worth * np.exp(-delta * when)
        if life is not None:
            staying = (b[i] + chances + count - 1.0) / (a[i] + b[i] + chances + count - 1.0)
            if left or uniform(apart) >= staying:  # the last purchase seen may be the customer's last too
                life[row, i] = t * min(share, 1.0)
