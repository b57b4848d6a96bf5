"""Orders of a few customers, valued over all posterior draws in one compiled loop.

The draws have the distribution of `bg_nbd.draw_purchases`, `bg_nbd.draw_purchase_times` and
`gamma_gamma.draw_order_values`. A draw in which the customer has left, or will not buy, takes one random number: given
alive, the number of purchases that their rate allows is negative binomial, and is found by inversion with what the
first random number has left over.
"""

from typing import Any, NamedTuple

import numba
import numpy as np

from ltv_bayes.formulas.kernels.random import (
    LARGEST_INVERTED_MEAN,
    beta,
    gamma_constants,
    gamma_from_constants,
    number_possible,
    number_until_leaving,
    standard_gamma,
    uniform,
)
from ltv_bayes.formulas.models.operational_time import Clock, operational_time
from ltv_bayes.formulas.models.price_level import Prices
from ltv_bayes.formulas.special import Array, IntArray

compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")

APART, ELSEWHERE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
UNKNOWN = np.empty((0, 0))  # where nothing is known, or asked for, of relations


class Purchases(NamedTuple):
    """Posterior draws of parameters of purchases.

    Attributes
    ----------
    place : array of shape (customers,)
        The group with the parameters that count for each customer.
    r, alpha, a, b : arrays of shape (groups, draws)
    first_dropout : array of shape (groups, draws), or empty
        Empty where no one leaves right after the first purchase, or with the chance of leaving after any.
    """

    place: IntArray
    r: Array
    alpha: Array
    a: Array
    b: Array
    first_dropout: Array = UNKNOWN


class Events(NamedTuple):
    """Posterior draws of parameters of events; see `Purchases`."""

    place: IntArray
    r: Array
    alpha: Array


class Spend(NamedTuple):
    """Posterior draws of parameters of what each order is worth; see `Purchases`.

    `NUMBERS` where orders are only counted: each is then worth 1.
    """

    place: IntArray
    p: Array
    q: Array
    v: Array


NUMBERS = Spend(np.empty(0, dtype=np.int64), UNKNOWN, UNKNOWN, UNKNOWN)


class Periods(NamedTuple):
    """For which time orders count, and which of them.

    Attributes
    ----------
    ends : array of shape (periods,)
        When each period ends, in the time unit of the parameters; the last is the horizon.
    delta : float
        Continuous discount rate, in the time unit of the parameters.
    shown : array of shape (draws,)
        Share of the purchases up to ``shown_until`` that are counted elsewhere: each is left out with this chance.
        Empty if none are.
    shown_until : array of shape (customers,)
        In the same time unit; below 0 for customers of whom nothing is counted elsewhere.
    clock : Clock
        What moves the rate of all customers; empty where nothing does: then operational time is calendar time.
    prices : Prices
        What moves the values of all orders; empty where nothing does.
    """

    ends: Array
    delta: float
    shown: Array = np.empty(0)
    shown_until: Array = np.empty(0)
    clock: Clock = Clock()
    prices: Prices = Prices()


class Weights(NamedTuple):
    """By which factor the odds of having left are multiplied in each draw, where that is in doubt; see `Purchases`.

    Attributes
    ----------
    place : array of shape (customers,)
    drawn : array of shape (groups, draws), or empty
        Empty where the factor is known, as it stands in the history.
    """

    place: IntArray = np.empty(0, dtype=np.int64)
    drawn: Array = UNKNOWN


class Relations(NamedTuple):
    """What is known, and asked for, of customers' relations.

    Attributes
    ----------
    until : array of shape (customers, draws)
        When the relation ends, in the time unit of the parameters, for other reasons: nothing is bought later. NaN
        where nothing is known of it; `UNKNOWN` if it is of no customer.
    life : array of shape (customers, draws)
        Filled in: when the relation ends, for whichever reason; infinite if after the horizon, 0 for who has left.
        `UNKNOWN` if it is not asked for.
    one_life : bool
        Whether a customer whose relation goes on, by ``until``, is known to be alive. Otherwise customers may have
        stopped buying before, as their history says.
    weights : Weights
        How strong the signs of life are that customers give or do not give.
    """

    until: Array = UNKNOWN
    life: Array = UNKNOWN
    one_life: bool = True
    weights: Weights = Weights()


@compiled
def bg_nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    states, histories, periods, purchases, spend, relations, money
):
    """Fill in the discounted money of customers' purchases, by customer, period and draw.

    Parameters
    ----------
    states : array of shape (customers, 4)
        Each customer's own random stream, as `random_streams.customer_states` makes them; used up.
    histories : array of shape (customers, 7)
        Frequency, recency, T, how long ago observation ended, number of valued repeat orders, their total value, and by
        which factor the odds of having left are multiplied for what else is known: 1 where nothing is, 0 for customers
        known to be alive; the largest such factor, where the relations have weights. A customer without history, NaN,
        yields nothing.
    periods : Periods
    purchases : Purchases
    spend : Spend
    relations : Relations
    money : array of shape (customers, periods, draws)
        Filled in.
    """
    for row in range(histories.shape[0]):
        _bg_nbd_row(row, states[row], histories[row], periods, purchases, spend, relations, money[row])


@compiled
def mbg_nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    states, histories, periods, purchases, spend, relations, money
):
    """Fill in the discounted money of customers who may leave after the first purchase too.

    Arguments are those of `bg_nbd_gamma_gamma`. A chance to leave passes at the first purchase as at each repeat one,
    so a history of MBG/NBD is one of BG/NBD with one more repeat purchase, which says nothing of the rate.
    """
    chances = histories.copy()
    chances[:, 0] += 1.0
    place, r, alpha, a, b, first = purchases
    bg_nbd_gamma_gamma(states, chances, periods, Purchases(place, r - 1.0, alpha, a, b, first), spend, relations, money)


@compiled
def _bg_nbd_row(row, state, history, periods, purchases, spend, relations, money):  # type: ignore[no-untyped-def]
    x, t_x, T, ended, orders, spent, most = history
    (ends, delta, shown, shown_until, clock, prices), (until, life, one_life, weights) = periods, relations
    r, alpha, a, b, first = purchases_of(row, purchases)
    p, q, v = spend_of(row, spend)
    drawn = weights_of(row, weights)
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
        A, B = r[i] + x, alpha[i] + observed
        u = uniform(state)
        # Twice, a bound by Bernoulli's inequality settles most draws before anything costly is computed.
        if x > 0.0 and not sure:
            odds_at_last = weight * a[i] / (b[i] + x - 1.0)
            silence = (observed - recency) / (alpha[i] + recency)
            gone = u * (1.0 + odds_at_last * (1.0 + A * silence)) >= 1.0 and A >= 1.0
            if not gone:
                u *= 1.0 + odds_at_last * np.exp(A * np.log1p(silence))
                gone = u >= 1.0
            if gone:
                if life.size:
                    life[row, i] = 0.0
                continue
        elif x == 0.0 and first.size and not sure:
            u *= 1.0 + weight * first[i] / (1.0 - first[i]) * np.exp(A * np.log1p(observed / alpha[i]))
            if not u < 1.0:
                if life.size:
                    life[row, i] = 0.0
                continue
        mean = A * t / B
        if mean <= LARGEST_INVERTED_MEAN and u < 1.0 - mean:
            continue
        possible = number_possible(state, u, A, B, t)
        if possible == 0.0:
            continue
        count = number_until_leaving(state, possible, a[i], b[i] + x)
        if only_number(p, money, life):
            money[0, i] = count
            continue
        left, last = count < possible, 0.0
        value, worths = mean_order(state, i, p, q, v, orders, spent_now(prices, row, i, spent))
        end = t * beta(moments, count, possible - count + 1.0) if left else t
        for order in range(int(count)):
            when = calendar_time(clock, i, end if left and order == 0 else end * uniform(moments), ends[-1])
            last, worth = max(last, when), value * order_worth(state, worths)
            if shown.size and when <= shown_until[row] and uniform(elsewhere) < shown[i]:
                continue
            period = 0
            while when > ends[period]:
                period += 1
            money[period, i] += worth * np.exp(-delta * when) * price_at(prices, i, when)
        if life.size:
            staying = (b[i] + x + count - 1.0) / (a[i] + b[i] + x + count - 1.0)
            if left or uniform(apart) >= staying:  # the last purchase seen may be the customer's last too
                life[row, i] = last


@compiled
def nbd_gamma_gamma(states, histories, periods, events, spend, relations, money):  # type: ignore[no-untyped-def]
    """Fill in the discounted money of events at each customer's own rate, for as long as the relation lasts.

    Arguments are those of `bg_nbd_gamma_gamma`, with `Events`. Of a history, recency and knowledge of life do not
    matter, since no customer leaves of their own accord: life is what ``until`` states.
    """
    for row in range(histories.shape[0]):
        _nbd_row(row, states[row], histories[row], periods, events, spend, relations.until, money[row])
        _set_known_end(row, relations)


@compiled
def _nbd_row(row, state, history, periods, events, spend, until, money):  # type: ignore[no-untyped-def]
    x, _, T, ended, orders, spent, _ = history
    ends, delta, shown, shown_until, clock, prices = periods
    r, alpha = events.r[events.place[row]], events.alpha[events.place[row]]
    p, q, v = spend_of(row, spend)
    elsewhere = state ^ ELSEWHERE
    moments = moments_of(p, state, elsewhere)
    _clear(money)
    for i in range(money.shape[1]):
        t = ends[-1]
        if until.size and until[row, i] < t:
            t = until[row, i]
        if t <= 0.0 or x != x:
            continue
        _, observed, t = on_clock(clock, i, 0.0, T, ended, t)
        number = number_possible(state, uniform(state), r[i] + x, alpha[i] + observed, t)
        if number == 0.0:
            continue
        if only_number(p, money, UNKNOWN):
            money[0, i] = number
            continue
        value, worths = mean_order(state, i, p, q, v, orders, spent_now(prices, row, i, spent))
        for _ in range(int(number)):
            when = calendar_time(clock, i, t * uniform(moments), ends[-1])
            period, worth = 0, value * order_worth(state, worths)
            if shown.size and when <= shown_until[row] and uniform(elsewhere) < shown[i]:
                continue
            while when > ends[period]:
                period += 1
            money[period, i] += worth * np.exp(-delta * when) * price_at(prices, i, when)


@compiled
def on_clock(clock, i, t_x, T, ended, t):  # type: ignore[no-untyped-def]
    """Recency, T and a time from now in the operational time of a draw."""
    if clock.factors.size == 0:
        return t_x, T, t
    first = -T - ended
    start = operational_time(clock, i, first)
    recency = operational_time(clock, i, first + t_x) - start
    return recency, operational_time(clock, i, -ended) - start, operational_time(clock, i, t)


@compiled
def calendar_time(clock, i, operational, end):  # type: ignore[no-untyped-def]
    """The time from now at which a draw's operational time has a value, one of those before an end."""
    if clock.factors.size == 0:
        return operational
    last = clock.factors.shape[1] - 1
    period = min(max(int(np.floor(clock.now / clock.length)) - clock.first, 0), last)
    while period < last and clock.steps[i, period + 1] <= operational:
        period += 1
    since = (operational - clock.steps[i, period]) / clock.factors[i, period]
    return min((period + clock.first) * clock.length + since - clock.now, end)  # not after it by rounding


@compiled
def price_at(prices, i, time):  # type: ignore[no-untyped-def]
    """The price level of a draw at a time from now; 1 where prices do not move."""
    if prices.drift.size == 0:
        return 1.0
    since = time + prices.shift
    period = min(max(int(np.floor(since / prices.length)) - prices.first, 0), prices.levels.shape[1] - 1)
    return np.exp(prices.levels[i, period] + prices.drift[i] * min(since, prices.until))


@compiled
def spent_now(prices, row, i, spent):  # type: ignore[no-untyped-def]
    """What a customer's repeat orders were worth in total, in prices of the as-of date of a draw."""
    return spent if prices.drift.size == 0 else spent / price_at(prices, i, -prices.age[row])


@compiled
def has_history(row, x, relations, money):  # type: ignore[no-untyped-def]
    """Set money to 0; of a customer without history, life is what is known of the relation."""
    _clear(money)
    if x == x:
        return True
    _set_known_end(row, relations)
    return False


@compiled
def _set_known_end(row, relations):  # type: ignore[no-untyped-def]
    known = relations.until.size > 0
    for i in range(relations.life.shape[1]):  # not a whole row at once, which takes two seconds longer to compile
        relations.life[row, i] = relations.until[row, i] if known else np.nan


@compiled
def time_left(row, i, horizon, weight, until, one_life):  # type: ignore[no-untyped-def]
    """Time for orders, whether the customer is known to be alive, and when the relation ends for other reasons."""
    if until.size and until[row, i] == until[row, i]:
        return min(horizon, until[row, i]), weight == 0.0 or one_life, until[row, i]
    return horizon, weight == 0.0, np.inf


@compiled
def purchases_of(row, purchases):  # type: ignore[no-untyped-def]
    """Parameters of a customer's purchases, arrays of shape (draws,); the last one is empty where there is none."""
    g = purchases.place[row]
    first = purchases.first_dropout[g : g + 1].ravel()
    return purchases.r[g], purchases.alpha[g], purchases.a[g], purchases.b[g], first


@compiled
def weights_of(row, weights):  # type: ignore[no-untyped-def]
    """By which factors a customer's odds of having left are multiplied, an array of shape (draws,), or empty."""
    if weights.drawn.size == 0:
        return weights.drawn.ravel()
    g = weights.place[row]
    return weights.drawn[g : g + 1].ravel()


@compiled
def spend_of(row, spend):  # type: ignore[no-untyped-def]
    """Parameters of what each of a customer's orders is worth, arrays of shape (draws,); empty in `NUMBERS`."""
    if spend.place.size == 0:
        return spend.p.ravel(), spend.q.ravel(), spend.v.ravel()
    h = spend.place[row]
    return spend.p[h], spend.q[h], spend.v[h]


@compiled
def moments_of(p, state, elsewhere):  # type: ignore[no-untyped-def]
    """The stream of moments: where orders are counted, their number does not depend on the times it is asked for."""
    return elsewhere if p.size == 0 else state


@compiled
def only_number(p, money, life):  # type: ignore[no-untyped-def]
    """Whether the number of orders is all that is asked for, and their moments do not matter."""
    return p.size == 0 and money.shape[0] == 1 and life.size == 0


@compiled
def mean_order(state, i, p, q, v, orders, spent):  # type: ignore[no-untyped-def]
    """Draw the scale of a customer's order values; it, and what `order_worth` needs. 1 where orders are counted."""
    if p.size == 0:
        return 1.0, (0.0, 0.0, 0.0)
    nu = standard_gamma(state, p[i] * orders + q[i]) / (v[i] + spent)
    d, c = gamma_constants(p[i])
    return 1.0 / nu, (p[i], d, c)


@compiled
def order_worth(state, worths):  # type: ignore[no-untyped-def]
    """Draw what an order is worth, on the scale of `mean_order`."""
    shape, d, c = worths
    return gamma_from_constants(state, shape, d, c) if shape > 0.0 else 1.0


@compiled
def _clear(money):  # type: ignore[no-untyped-def]
    for period in range(money.shape[0]):
        for i in range(money.shape[1]):
            money[period, i] = 0.0
