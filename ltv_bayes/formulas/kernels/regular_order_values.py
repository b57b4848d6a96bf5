"""Orders of a few customers who buy regularly, valued over all posterior draws in one compiled loop.

The draws have the distribution of `bg_cnbd.RegularOutlook.draw`, of the times that it gives, and of
`gamma_gamma.draw_order_values`. As in `order_values`, what the first random number has left over decides what follows:
whether the customer has left, the phase, and the number of events.
"""

from functools import partial
from typing import Any

import numpy as np

from ltv_bayes.formulas.kernels.blocks import written_in
from ltv_bayes.formulas.kernels.future.outlooks import (
    EMPTY,
    from_now,
    kernel_uncounted,
    number_possible,
    number_until_leaving,
    on_clock,
    purchases_of,
    time_left,
)
from ltv_bayes.formulas.kernels.order_values import (
    APART,
    ELSEWHERE,
    add_order,
    bg_nbd_gamma_gamma,
    calendar_time,
    has_history,
    mbg_nbd_gamma_gamma,
    nbd_gamma_gamma,
    spend_of,
    spent_now,
)
from ltv_bayes.formulas.kernels.phases import log_phases, phase_at
from ltv_bayes.formulas.kernels.random import beta, gamma_constants, gamma_from_constants, standard_gamma, uniform
from ltv_bayes.formulas.models.leaving_at_once import WITHIN
from ltv_bayes.formulas.models.parameterization import REGULAR


def _of_regular(  # type: ignore[no-untyped-def]
    at_once, k, states, histories, periods, purchases, spend, relations, money
) -> None:
    """Fill in the discounted money of customers who buy at every k-th event.

    Arguments behind k are those of `order_values.bg_nbd_gamma_gamma`; `at_once` is 1 where customers may leave after
    the first purchase too, an argument so that both models are compiled once.
    """
    # so that purchases are the same whether or not lives are asked for, or some purchases counted elsewhere
    streams = states, states ^ APART, states ^ ELSEWHERE
    _buyers(at_once, k, streams, histories, periods, purchases, spend, relations, money)


@kernel_uncounted
def _buyers(at_once, k, all_streams, histories, periods, purchases, spend, relations, money):  # type: ignore[no-untyped-def]
    states, apart, elsewhere = all_streams
    for row in range(histories.shape[0]):
        streams = states[row], apart[row], elsewhere[row]
        _row(at_once, k, row, streams, histories[row], periods, purchases, spend, relations, money[row])


bg_cnbd_gamma_gamma, mbg_cnbd_gamma_gamma = partial(_of_regular, 0.0), partial(_of_regular, 1.0)


@written_in
def _row(at_once, k, row, streams, history, periods, purchases, spend, relations, money):  # type: ignore[no-untyped-def]
    (state, apart, elsewhere), (x, t_x, T, ended, orders, spent, most) = streams, history
    (until, life, one_life, weights), clock, horizon = relations, periods.clock, periods.ends[-1]
    r, alpha, a, b, first = purchases_of(row, purchases)
    p, q, v = spend_of(row, spend)
    drawn = weights.drawn[weights.place[row]] if weights.drawn.size else EMPTY
    chances, may_leave_at_once = x + at_once, x == 0.0 and first.size > 0
    counted = p.size == 0
    moments = elsewhere if counted else state  # so that the number of purchases is the same whatever the periods
    if not has_history(row, x, relations, money):
        return
    for i in range(money.shape[1]):
        weight = min(most, drawn[i]) if drawn.size else most
        t, sure, end = time_left(row, i, horizon, weight, until, one_life)
        if life.size:
            life[row, i] = end
        if t <= 0.0:
            continue
        (recency, observed), t = on_clock(clock, i, t_x, T, ended), from_now(clock, i, t)
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
        none = np.exp(-(A + phase) * np.log1p(t / B))
        events = number_possible(state, u, none, A + phase, B, t)
        possible = np.floor((events + phase) / k)
        if possible == 0.0:
            continue
        count = number_until_leaving(state, possible, a[i], b[i] + chances)
        left = count < possible
        if counted and money.shape[0] == 1:
            money[0, i] = count
            continue
        shape, value = 1.0, 1.0
        if not counted:
            nu = standard_gamma(state, p[i] * orders + q[i]) / (v[i] + spent_now(periods.prices, row, i, spent))
            shape, value = p[i], 1.0 / nu
        d, c = gamma_constants(shape)
        share, rest, step = 0.0, events, k - phase
        for _ in range(int(count)):
            # the next purchase is one of the events left, at a known place among their uniform moments
            share += (1.0 - share) * beta(moments, step, rest - step + 1.0)
            rest, step = rest - step, k
            when = calendar_time(clock, i, t * min(share, 1.0), horizon)
            worth = 1.0 if counted else value * gamma_from_constants(state, shape, d, c)
            add_order(row, i, when, worth, elsewhere, periods, money)
        if life.size:
            staying = (b[i] + chances + count - 1.0) / (a[i] + b[i] + chances + count - 1.0)
            if left or uniform(apart) >= staying:  # the last purchase seen may be the customer's last too
                life[row, i] = calendar_time(clock, i, t * min(share, 1.0), horizon)


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
