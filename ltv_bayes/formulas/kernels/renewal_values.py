"""Payments of a few subscribers, valued over all posterior draws in one compiled loop.

Given the number of renewals made, the number still to be made has the distribution of
`shifted_beta_geometric.draw_renewals`. It is found renewal by renewal, with one random number for each subscription and
draw. On a clock it is that of `draw_renewals_on_clock`: the subscriber's churn is drawn, and how much of it they stand;
likewise where the chance of leaving changes with tenure, so that n renewals count like n^c.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from ltv_bayes.formulas.kernels.blocks import written_in
from ltv_bayes.formulas.kernels.future.outlooks import kernel_uncounted, loop
from ltv_bayes.formulas.kernels.order_values import UNKNOWN
from ltv_bayes.formulas.kernels.random import beta as beta_of
from ltv_bayes.formulas.kernels.random import normal, standard_gamma, uniform
from ltv_bayes.formulas.special import Array, IntArray

UNSAID = np.empty(0)


class Subscriptions(NamedTuple):
    """Subscriptions of customers, and posterior draws of the parameters that count for each.

    Attributes
    ----------
    held : array of shape (customers + 1,)
        The subscriptions of customer k are those from held[k] up to held[k + 1].
    renewals, ended, place : arrays of shape (subscriptions,)
        Renewals made; when it ends, for one that is lost, NaN for an active one; its group.
    alpha, beta : arrays of shape (groups, draws)
    c : array of shape (groups, draws), or empty
        Of the beta-discrete-Weibull; 1 elsewhere.
    silent : array of shape (subscriptions,), or empty
        The share of those who do not make the next renewal who have given no notice by now; 1 if empty.
    """

    held: IntArray
    renewals: Array
    ended: Array
    place: IntArray
    alpha: Array
    beta: Array
    c: Array = UNKNOWN
    silent: Array = UNSAID


NONE = np.empty(0, dtype=np.int64)


class Factors(NamedTuple):
    """Draws of factors on the churn of all subscribers, where there are any.

    Attributes
    ----------
    schedule : array of shape (subscriptions,)
        Which renewal dates each had; -1 for one whose churn has no factor. Empty if that is all of them.
    made : array of shape (schedules, draws)
        Sums of the factors at the renewals made.
    ahead : array of shape (payments,)
        The column of the factor at each payment.
    factors : array of shape (draws, columns)
    """

    schedule: IntArray = NONE
    made: Array = UNKNOWN
    ahead: IntArray = NONE
    factors: Array = UNKNOWN


NO_FACTORS = Factors()


class Growth(NamedTuple):
    """Draws of how prices change, where they do.

    Attributes
    ----------
    states : array of shape (customers, 4)
        Each customer's own random stream of prices; used up. Empty if prices do not change.
    renewals, changes, height, place, room : arrays of shape (subscriptions,)
        Renewals so far, how many of them brought another price, the height of the price, the segment, and how many
        times its price of today it can be at most; or its seats, where prices follow these.
    segments : array of shape (4, segments, draws)
        Chance of a change at a renewal, share of changes upward, size of one upward and of one downward.
    shared : array of shape (7, draws)
        How alike customers are in the chance, standard deviations of both sizes, slopes with the height of the price
        (of the log-odds of a change upward, and of the logarithms of both sizes), and the power of the level that is
        paid.
    most : array of shape (2,)
        Largest size of a change upward and of one downward.
    width, highest : float
        By how much the logarithm of a price rises with its height, and up to which height slopes count.
    """

    states: Any
    renewals: Array
    changes: Array
    height: Array
    place: IntArray
    room: Array
    segments: Array
    shared: Array
    most: Array
    width: float
    highest: float


NO_GROWTH = Growth(
    np.empty((0, 4), np.uint64), UNSAID, UNSAID, UNSAID, NONE, UNSAID, np.empty((4, 0, 0)), UNKNOWN, UNSAID, 1.0, 0.0
)


class Payments(NamedTuple):
    """Payments if all renewals are made.

    Attributes
    ----------
    paid : array of shape (subscriptions + 1,)
        The payments of subscription j are those from paid[j] up to paid[j + 1].
    due, period, amount : arrays of shape (payments,)
        When a payment is due, the period it falls in, and what it is worth, discounted.
    """

    paid: IntArray
    due: Array
    period: IntArray
    amount: Array


@kernel_uncounted
def shifted_beta_geometric(  # type: ignore[no-untyped-def]
    states, subscriptions, payments, relations, money, factors, growth
):
    """Fill in the money of customers' renewals, by customer, period and draw.

    Parameters
    ----------
    states : array of shape (customers, 4)
        Each customer's own random stream; used up.
    subscriptions : Subscriptions
    payments : Payments
    relations : order_values.Relations
        In the unit of ``due``; nothing is paid once a relation has ended. Life is when the last subscription ends;
        infinite if all renewals of one are made, NaN for customers without subscriptions.
    money : array of shape (customers, periods, draws)
        Filled in.
    factors : Factors
    growth : Growth
        Of prices, from the amounts on.
    """
    held, until, life = subscriptions.held, relations.until, relations.life
    for row in range(held.shape[0] - 1):
        money[row] = 0.0
        for i in range(life.shape[1]):
            life[row, i] = until[row, i] if until.size and held[row] == held[row + 1] else np.nan
        for j in range(held[row], held[row + 1]):
            _subscription(row, j, states[row], subscriptions, payments, relations, money[row], factors, growth)


@kernel_uncounted
def levels_of_new(growth, levels):  # type: ignore[no-untyped-def]
    """Fill in how many times their first price new customers pay at each renewal.

    Parameters
    ----------
    growth : Growth
        Of one subscription.
    levels : array of shape (draws, customers, renewals)
        Filled in.
    """
    only = growth.room.size - 1  # not the literal 0, for which loops would be compiled once more
    for i in range(levels.shape[0]):
        for customer in range(levels.shape[1]):
            level, chance = 1.0, _chance(growth, only, only, i, levels.shape[2])
            for renewal in range(levels.shape[2]):
                if chance > 0.0:
                    level = min(level * _factor(growth, only, only, i, chance, level), growth.room[only])
                levels[i, customer, renewal] = _paid(growth, i, level)


@written_in
def _subscription(  # type: ignore[no-untyped-def]
    row, j, state, subscriptions, payments, relations, money, factors, growth
):
    """Add the payments of one subscription, and let the relation live as long as it does."""
    renewals, ended, place = subscriptions.renewals[j], subscriptions.ended[j], subscriptions.place[j]
    alpha, beta, c = (
        subscriptions.alpha[place],
        subscriptions.beta[place],
        subscriptions.c[place] if subscriptions.c.size else UNSAID,
    )
    first, last = payments.paid[j], payments.paid[j + 1]
    due, period, amount = payments.due[first:last], payments.period[first:last], payments.amount[first:last]
    silent = subscriptions.silent[j] if subscriptions.silent.size else 1.0
    until, life = relations.until, relations.life
    schedule = factors.schedule[j] if factors.schedule.size else -1
    for i in range(money.shape[1]):
        limit, end = np.inf, ended
        if until.size and until[row, i] == until[row, i]:
            limit = until[row, i]
        if ended != ended:
            end, k = np.inf, 0
            if schedule >= 0:
                made, ahead = factors.made[schedule, i], factors.ahead[first:last]
                k = _made_on_clock(state, alpha[i], beta[i] + made, ahead, factors.factors[i], silent)
            elif c.size and c[i] != 1.0:
                k = _made_by_tenure(state, alpha[i], beta[i], c[i], renewals, due.shape[0], silent)
            else:
                u, staying = uniform(state), 1.0
                while k < due.shape[0]:
                    made = (beta[i] + renewals + k) / (alpha[i] + beta[i] + renewals + k)
                    staying *= made if k or silent == 1.0 else made / (made + (1.0 - made) * silent)
                    if u >= staying:
                        break
                    k += 1
            if k < due.shape[0]:
                end = due[k]
            level, chance = 1.0, _chance(growth, row, j, i, k) if growth.states.size else 0.0
            for paid in range(k):
                if due[paid] >= limit:
                    end = due[paid]
                    break
                if chance > 0.0:
                    level = min(level * _factor(growth, row, j, i, chance, level), growth.room[j])
                money[period[paid], i] += amount[paid] * _paid(growth, i, level)
        if life.size and not life[row, i] >= min(end, limit):
            life[row, i] = min(end, limit)


@loop
def _first_is_made(state, alpha, kept, step, silent):  # type: ignore[no-untyped-def]
    """Whether the next renewal, which counts as much as ``step``, is made by a subscriber without a notice yet."""
    both = alpha + kept
    log_made = math.lgamma(kept + step) - math.lgamma(kept) - (math.lgamma(both + step) - math.lgamma(both))
    made = math.exp(log_made)
    return uniform(state) < made / (made + (1.0 - made) * silent)


@loop
def _made_by_tenure(state, alpha, beta, c, renewals, most, silent):  # type: ignore[no-untyped-def]
    """How many renewals are made, up to a number, where n of them count like n^c."""
    if silent < 1.0 and most > 0:
        before = renewals**c
        if not _first_is_made(state, alpha, beta + before, (renewals + 1.0) ** c - before, silent):
            return 0
        return 1 + _tenured(state, alpha, beta, c, renewals + 1.0, most - 1)
    return _tenured(state, alpha, beta, c, renewals, most)


@loop
def _tenured(state, alpha, beta, c, renewals, most):  # type: ignore[no-untyped-def]
    before = renewals**c
    leaving, staying = standard_gamma(state, alpha), standard_gamma(state, beta + before)
    stands = -math.log(1.0 - uniform(state)) / math.log1p(leaving / staying)
    made = (before + stands) ** (1.0 / c) - renewals
    return most if not made < most else int(made)


@loop
def _made_on_clock(state, alpha, beta, ahead, factors, silent):  # type: ignore[no-untyped-def]
    """How many renewals are made, with factors in these columns, at a churn of Beta(alpha, beta)."""
    if silent < 1.0 and ahead.size:
        step = factors[ahead[0]]
        if not _first_is_made(state, alpha, beta, step, silent):
            return 0
        return 1 + _on_clock(state, alpha, beta + step, ahead[1:], factors)
    return _on_clock(state, alpha, beta, ahead, factors)


@loop
def _on_clock(state, alpha, beta, ahead, factors):  # type: ignore[no-untyped-def]
    leaving, staying = standard_gamma(state, alpha), standard_gamma(state, beta)
    rate, stands, passed = math.log1p(leaving / staying), -math.log(1.0 - uniform(state)), 0.0
    for k in range(ahead.size):
        passed += factors[ahead[k]]
        if passed * rate > stands:
            return k
    return ahead.size


@loop
def _chance(growth, row, j, i, ahead):  # type: ignore[no-untyped-def]
    """The subscriber's own chance that the price changes at a renewal, given the changes so far."""
    mean, alike = growth.segments[0, growth.place[j], i], growth.shared[0, i]
    if ahead == 0 or mean <= 0.0:
        return 0.0
    changed, kept = mean * alike + growth.changes[j], (1.0 - mean) * alike + growth.renewals[j] - growth.changes[j]
    return 1.0 if kept <= 0.0 else beta_of(growth.states[row], changed, kept)


@loop
def _paid(growth, i, level):  # type: ignore[no-untyped-def]
    """How many times its first price is paid at a level."""
    return level if level == 1.0 or growth.shared[6, i] == 1.0 else level ** growth.shared[6, i]


@loop
def _factor(growth, row, j, i, chance, level):  # type: ignore[no-untyped-def]
    """What a price is multiplied with at a renewal, where it has already grown to a level."""
    state, place = growth.states[row], growth.place[j]
    if uniform(state) >= chance:
        return 1.0
    height = growth.height[j] + math.log(level) / growth.width
    height = min(max(height, -growth.highest), growth.highest)
    up = growth.segments[1, place, i]
    down = uniform(state) >= up / (up + (1.0 - up) * math.exp(-growth.shared[3, i] * height))
    side = 1 if down else 0
    mean = growth.segments[2 + side, place, i] * math.exp(growth.shared[4 + side, i] * height)
    sd, size = growth.shared[1 + side, i], mean
    if sd > 0.0:
        size = mean + sd * normal(state)
        while size <= 0.0:
            size = mean + sd * normal(state)
    size = min(size, growth.most[side])
    return math.exp(-size if down else size)
