"""Orders of a few customers who buy regularly, valued over all posterior draws in one compiled loop.

The draws have the distribution of `bg_cnbd.RegularOutlook.draw`, of the times that it gives, and of
`gamma_gamma.draw_order_values`. As in `order_values`, what the first random number has left over decides what follows:
whether the customer has left, the phase, and the number of events.
"""

from functools import partial
from typing import Any

import numpy as np

from ltv_bayes.formulas.kernels.order_values import (
    APART,
    ELSEWHERE,
    bg_nbd_gamma_gamma,
    calendar_time,
    compiled,
    has_history,
    mbg_nbd_gamma_gamma,
    mean_order,
    moments_of,
    nbd_gamma_gamma,
    on_clock,
    only_number,
    order_worth,
    price_at,
    purchases_of,
    spend_of,
    spent_now,
    time_left,
    weights_of,
)
from ltv_bayes.formulas.kernels.phases import log_phases, phase_at
from ltv_bayes.formulas.kernels.random import beta, number_possible, number_until_leaving, uniform
from ltv_bayes.formulas.models.leaving_at_once import WITHIN
from ltv_bayes.formulas.models.parameterization import REGULAR


@compiled
def bg_cnbd_gamma_gamma(  # type: ignore[no-untyped-def]
    k, states, histories, periods, purchases, spend, relations, money
):
    """Fill in the discounted money of customers who buy at every k-th event.

    Arguments behind k are those of `order_values.bg_nbd_gamma_gamma`.
    """
    for row in range(histories.shape[0]):
        _row(k, 0.0, row, states[row], histories[row], periods, purchases, spend, relations, money[row])


@compiled
def mbg_cnbd_gamma_gamma(  # type: ignore[no-untyped-def]
    k, states, histories, periods, purchases, spend, relations, money
):
    """Fill in the discounted money of such customers who may leave after the first purchase too."""
    for row in range(histories.shape[0]):
        _row(k, 1.0, row, states[row], histories[row], periods, purchases, spend, relations, money[row])


@compiled
def _row(k, at_once, row, state, history, periods, purchases, spend, relations, money):  # type: ignore[no-untyped-def]
    x, t_x, T, ended, orders, spent, most = history
    (ends, delta, shown, shown_until, clock, prices), (until, life, one_life, weights) = periods, relations
    r, alpha, a, b, first = purchases_of(row, purchases)
    p, q, v = spend_of(row, spend)
    drawn = weights_of(row, weights)
    chances, may_leave_at_once = x + at_once, x == 0.0 and first.size > 0
    # so that purchases are the same whether or not lives are asked for, or some purchases counted elsewhere
    apart, elsewhere = state ^ APART, state ^ ELSEWHERE
    moments = moments_of(p, state, elsewhere)
    if not has_history(row, x, relations, money):
        return
    for i in range(money.shape[1]):
        weight = min(most, drawn[i]) if drawn.size else most
        t, sure, end = time_left(row, i, ends[-1], weight, until, one_life)
        if life.size:
            life[row, i] = end
        if t <= 0.0:
            continue
        recency, observed, t = on_clock(clock, i, t_x, T, ended, t)
        A, B, silence = r[i] + k * x, alpha[i] + observed, max(observed - recency, 0.0)
        u = uniform(state)
        if (chances > 0.0 or may_leave_at_once) and not sure:
            odds, stays = (a[i], b[i] + chances - 1.0) if chances > 0.0 else (first[i], 1.0 - first[i])
            odds_at_last = weight * odds / stays
            log_silence = A * np.log1p(silence / (alpha[i] + recency)) - log_phases(A, silence / B, k)
            u *= 1.0 + odds_at_last * np.exp(log_silence)
            if not u < 1.0:
                if life.size:
                    life[row, i] = 0.0
                continue
        phase, u = phase_at(u, A, silence / B, k)
        events = number_possible(state, u, A + phase, B, t)
        possible = np.floor((events + phase) / k)
        if possible == 0.0:
            continue
        count = number_until_leaving(state, possible, a[i], b[i] + chances)
        if only_number(p, money, life):
            money[0, i] = count
            continue
        left = count < possible
        value, worths = mean_order(state, i, p, q, v, orders, spent_now(prices, row, i, spent))
        share, rest, step = 0.0, events, k - phase
        for _ in range(int(count)):
            # the next purchase is one of the events left, at a known place among their uniform moments
            share += (1.0 - share) * beta(moments, step, rest - step + 1.0)
            rest, step = rest - step, k
            when = calendar_time(clock, i, t * min(share, 1.0), ends[-1])
            worth = value * order_worth(state, worths)
            if shown.size and when <= shown_until[row] and uniform(elsewhere) < shown[i]:
                continue
            period = 0
            while when > ends[period]:
                period += 1
            money[period, i] += worth * np.exp(-delta * when) * price_at(prices, i, when)
        if life.size:
            staying = (b[i] + chances + count - 1.0) / (a[i] + b[i] + chances + count - 1.0)
            if left or uniform(apart) >= staying:  # the last purchase seen may be the customer's last too
                life[row, i] = calendar_time(clock, i, t * min(share, 1.0), ends[-1])


KERNELS: dict[str, Any] = {
    "bg_nbd": bg_nbd_gamma_gamma,
    "mbg_nbd": mbg_nbd_gamma_gamma,
    "nbd": nbd_gamma_gamma,
}
REGULAR_KERNELS: dict[str, Any] = {"bg_cnbd": bg_cnbd_gamma_gamma, "mbg_cnbd": mbg_cnbd_gamma_gamma}


def kernel_of(model: str, k: int = 1) -> Any:
    """The compiled loop of a model of purchases or events, at every k-th event."""
    name = WITHIN.get(model, model)
    return partial(REGULAR_KERNELS[name], k) if model in REGULAR else KERNELS[name]
