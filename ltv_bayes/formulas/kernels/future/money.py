"""Expected money of orders, averaged over posterior draws, compiled.

Given one draw of parameters, of the clock and of prices, a customer's expected revenue is the expected discounted
purchases times the expected order value. Its mean over draws has no luck of single purchases in it (Rao & Blackwell).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ltv_bayes.formulas.kernels.blocks import compiled_sum, inner, kernel
from ltv_bayes.formulas.kernels.future.outlooks import look_back, room_ahead
from ltv_bayes.formulas.kernels.future.purchases import (
    GOOD,
    edges_of,
    kinds_of,
    some_draws,
    worth_of_kinds,
)
from ltv_bayes.formulas.kernels.order_values import Periods, Spend, Weights, spent_now
from ltv_bayes.formulas.models import mbg_nbd, nbd
from ltv_bayes.formulas.models.leaving_at_once import FIRST_DROPOUT
from ltv_bayes.formulas.models.price_level import Prices
from ltv_bayes.formulas.special import Array
from ltv_bayes.sizes import available_cores

PARTS, FEWEST_DRAWS = 16, 32  # of the draws: how many are added up apart, and the fewest in one
TOGETHER = 32  # draws for which customers' purchases are in memory at once


@kernel
def _add_customers(first, last, stay, parameters, spend, period_of, periods, rows, worth, mean):  # type: ignore[no-untyped-def]
    """Add what customers are expected to pay in some draws; those with one history share P(alive)."""
    histories, customer, kind_of, orders, spent, covered, (group, drawn) = rows
    some = slice(first, last)
    of_draws, clock = some_draws(first, last, parameters, periods.clock)
    prices = _prices_of(some, periods.prices)
    ahead = room_ahead(last - first)
    value, place = ahead.one, 0
    for state in range(histories.shape[0]):
        history = histories[state]
        for i in range(value.size):
            known = min(history[4], drawn[group[state], first + i]) if drawn.size else history[4]
            ahead.unsure[i] = 1.0 if stay else known
        if not stay:
            look_back(history, clock, of_draws, ahead)
        while place < customer.size and kind_of[place, 0] == state:
            row, kind = customer[place], kind_of[place, 1]
            at = spend.place[row]
            for i in range(value.size):
                value[i] = spent_now(prices, row, i, spent[row])
            _order_value(orders[row], spend.p[at][some], spend.q[at][some], spend.v[at][some], ahead.unsure, value)
            for e in range(period_of.size):
                mean[row, period_of[e]] += _sum_of_products(value, worth[int(covered[row]), kind, e])
            place += 1


@inner
def _prices_of(some, prices):  # type: ignore[no-untyped-def]
    """Prices of some of the draws."""
    drift, length, first, levels, shift, age, until = prices
    return Prices(drift[some], length, first, levels[some], shift, age, until)


@inner
def _order_value(orders, p, q, v, unsure, value):  # type: ignore[no-untyped-def]
    """Turn what orders were worth into the mean of the next ones, times P(alive); NaN where it does not exist."""
    for i in range(value.size):
        shape = p[i] * orders + q[i] - 1.0
        value[i] = (p[i] * (v[i] + value[i]) / (shape * unsure[i])) if shape > 0.0 else np.nan


@compiled_sum
def _sum_of_products(values, others):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(values.size):
        total += values[i] * others[i]
    return total


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
    states = np.ascontiguousarray(states)
    x, T, ended, group = np.ascontiguousarray(states[:, [0, 2, 3, 5]].T)
    customer = np.argsort(state_of, kind="stable")
    orders, spent = np.ascontiguousarray(histories[:, 4:6].T)
    r, alpha = parameters["r"], parameters["alpha"]
    a, b = (r, r) if model == nbd.NAME else (parameters["a"], parameters["b"])
    if model == mbg_nbd.NAME:
        x, r = x + 1.0, r - 1.0
        states[:, 0] = x
    covered, ends, until = np.zeros(orders.size, dtype=bool), periods.ends, -1.0
    if periods.shown.size:  # customers of whom nothing is shown have the same edges, so that a slice equals the whole
        covered, until = periods.shown_until > 0, float(np.abs(periods.shown_until).max())
        ends = np.unique(np.append(ends, min(until, float(ends[-1]))))
    period_of, is_shown = np.searchsorted(periods.ends, ends), ends <= until
    kinds, kind, distinct = kinds_of(x, T, ended)
    horizon = edges_of(ends, periods.delta, periods.clock, periods.prices)
    shown = periods.shown if periods.shown.size else np.zeros(r.size)
    share = parameters.get(FIRST_DROPOUT, np.zeros(r.size))
    drawn, stay = (r, alpha, a, b, share), model == nbd.NAME
    of_kinds = drawn, horizon, ends.size, float(periods.delta), periods.clock, periods.prices, distinct, kinds
    own = Weights(group.astype(np.int64), weights.drawn)
    kind_of = np.column_stack([state_of, kind[state_of]])[customer]
    rows = states, customer, kind_of, orders, np.where(orders > 0, spent, 0.0), covered, own
    step = max(FEWEST_DRAWS, -(-r.size // PARTS))

    def some(first: int) -> Array:
        mean, end = np.zeros((orders.size, periods.ends.size)), min(first + step, r.size)
        for begin in range(first, end, TOGETHER):
            some = begin, min(begin + TOGETHER, end)
            worth = worth_of_kinds(*some, GOOD, stay, *of_kinds)
            share = np.where(is_shown[:, np.newaxis], 1.0 - shown[slice(*some)], 1.0)
            both = np.stack([worth, worth * share])  # as it is, and less what is shown
            _add_customers(*some, stay, drawn, spend, period_of, periods, rows, both, mean)
        return mean

    with ThreadPoolExecutor(available_cores()) as pool:
        return np.add.reduce(list(pool.map(some, range(0, r.size, step)))) / r.size
