"""Expected money of orders, averaged over posterior draws, compiled.

Given one draw of parameters, of the clock and of prices, a customer's expected revenue is the expected discounted
purchases times the expected order value. Its mean over draws has no luck of single purchases in it (Rao & Blackwell).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ltv_bayes.formulas.kernels.future.purchases import (
    GOOD,
    chance_alive,
    edges_of,
    kinds_of,
    purchases_to_come,
    worth_of_times,
)
from ltv_bayes.formulas.kernels.order_values import Periods, Spend, Weights, spent_now
from ltv_bayes.formulas.kernels.outlooks import compiled, on_clock
from ltv_bayes.formulas.models import mbg_nbd, nbd
from ltv_bayes.formulas.models.leaving_at_once import FIRST_DROPOUT
from ltv_bayes.formulas.special import Array
from ltv_bayes.sizes import available_cores

PARTS, FEWEST_DRAWS = 16, 32  # of the draws: how many are added up apart, and the fewest in one


@compiled
def _mean_money(first, last, stay, purchases, spend, horizon, split, periods, rows, distinct, kinds, mean):  # type: ignore[no-untyped-def]
    """Add what is expected given each of some draws, by customer and period."""
    (r, alpha, a, b, first_share), (period_of, is_shown), (edges, part) = purchases, split, horizon
    x, t_x, T, ended, weight, kind, state_of, orders, spent, covered, (group, drawn_weight) = rows
    alive, unknown = np.ones(x.size), np.empty(spend.p.shape[0])
    worth, observed = np.empty((kinds.frequency_at.size, period_of.size)), np.empty(distinct.shape[0])
    by_time, share = np.empty(period_of.size), np.ones(period_of.size)
    delta, clock, prices, shown = periods.delta, periods.clock, periods.prices, periods.shown
    for i in range(first, last):
        for n in range(observed.size):
            _, observed[n], _ = on_clock(clock, i, 0.0, distinct[n, 0], distinct[n, 1], 0.0)
        if stay:
            worth_of_times(i, edges, part, delta, clock, prices, by_time)
            for one in range(kinds.frequency_at.size):
                rate = (r[i] + kinds.frequencies[kinds.frequency_at[one]]) / (alpha[i] + observed[kinds.time_at[one]])
                for e in range(by_time.size):
                    worth[one, e] = rate * by_time[e]
        else:
            drawn = r[i], alpha[i], a[i], b[i]
            purchases_to_come(i, GOOD, drawn, horizon, delta, clock, prices, observed, kinds, worth)
        for e in range(share.size):
            share[e] = 1.0 - shown[i] if is_shown[e] else 1.0
        for state in range(0 if stay else x.size):
            recency, time, _ = on_clock(clock, i, t_x[state], T[state], ended[state], 0.0)
            others = r[i], alpha[i], a[i], b[i], first_share[i]
            known = min(weight[state], drawn_weight[group[state], i]) if drawn_weight.size else weight[state]
            alive[state] = chance_alive(x[state], recency, time, known, *others)
        for place in range(unknown.size):
            excess = spend.q[place, i] - 1.0
            unknown[place] = spend.p[place, i] * spend.v[place, i] / excess if excess > 0.0 else np.nan
        for row in range(state_of.size):
            state, place = state_of[row], spend.place[row]
            value = alive[state] * unknown[place]
            if orders[row] > 0.0:
                shape = spend.p[place, i] * orders[row] + spend.q[place, i] - 1.0
                total = spend.v[place, i] + spent_now(prices, row, i, spent[row])
                value = alive[state] * spend.p[place, i] * total / shape if shape > 0.0 else np.nan
            for e in range(share.size):
                mean[row, period_of[e]] += value * worth[kind[state], e] * (share[e] if covered[row] else 1.0)


def expected_money(
    model: str,
    histories: Array,
    periods: Periods,
    parameters: Mapping[str, Array],
    spend: Spend,
    weights: Weights,
) -> Array:
    """The mean over draws of customers' expected discounted revenue in each period.

    Parameters
    ----------
    model : str
        BG/NBD, MBG/NBD or NBD, by their names.
    histories : array of shape (customers, 7)
        As `order_values` describes them, of customers with a history.
    periods : Periods
        Those of these customers.
    parameters : mapping
        Arrays of shape (draws,) by name, the same for all customers.
    spend : Spend
    weights : Weights
        How strong signs of life are, where that is in doubt.

    Returns
    -------
    array of shape (customers, periods)
        NaN where the mean order value does not exist in some draw, or a draw is too extreme.
    """
    place = weights.place if weights.drawn.size else np.zeros(len(histories))
    known = np.column_stack([histories[:, [0, 1, 2, 3, 6]], place])
    states, state_of = np.unique(known, axis=0, return_inverse=True)
    x, t_x, T, ended, weight, group = np.ascontiguousarray(states.T)
    orders, spent = np.ascontiguousarray(histories[:, 4:6].T)
    r, alpha = parameters["r"], parameters["alpha"]
    a, b = (r, r) if model == nbd.NAME else (parameters["a"], parameters["b"])
    if model == mbg_nbd.NAME:
        x, r = x + 1.0, r - 1.0
    covered, ends, until = np.zeros(orders.size, dtype=bool), periods.ends, -1.0
    if periods.shown.size:  # customers of whom nothing is shown have the same edges, so that a slice equals the whole
        covered, until = periods.shown_until > 0, float(np.abs(periods.shown_until).max())
        ends = np.unique(np.append(ends, min(until, float(ends[-1]))))
    split = np.searchsorted(periods.ends, ends), ends <= until
    kinds, kind, distinct = kinds_of(x, T, ended)
    horizon = edges_of(ends, periods.delta, periods.clock, periods.prices)
    shown = periods.shown if periods.shown.size else np.zeros(r.size)
    share = parameters.get(FIRST_DROPOUT, np.zeros(r.size))
    rest = ((r, alpha, a, b, share), spend, horizon, split, periods._replace(shown=shown))
    own = Weights(group.astype(np.int64), weights.drawn)
    rows = x, t_x, T, ended, weight, kind, state_of, orders, spent, covered, own
    step = max(FEWEST_DRAWS, -(-r.size // PARTS))

    def some(first: int) -> Array:
        mean = np.zeros((orders.size, periods.ends.size))
        last = min(first + step, r.size)
        _mean_money(first, last, model == nbd.NAME, *rest, rows, distinct, kinds, mean)
        return mean

    with ThreadPoolExecutor(available_cores()) as pool:
        return np.add.reduce(list(pool.map(some, range(0, r.size, step)))) / r.size
