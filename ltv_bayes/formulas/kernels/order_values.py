"""Orders of a few customers, valued over all posterior draws in one compiled loop.

The draws have the distribution of `bg_nbd.draw_purchases`, `bg_nbd.draw_purchase_times` and
`gamma_gamma.draw_order_values`. A draw in which the customer has left, or will not buy, takes one random number: given
alive, the number of purchases that their rate allows is negative binomial, and is found by inversion with what the
first random number has left over.
"""

from typing import NamedTuple

import numpy as np

from ltv_bayes.formulas.kernels.future.outlooks import (
    EMPTY,
    kernel_uncounted,
    look_ahead,
    look_ahead_of_buyer,
    loop,
    loop_written_out,
    number_possible,
    number_until_leaving,
    purchases_of,
    room_ahead,
    see_on_clock,
    turn_to_clock,
)
from ltv_bayes.formulas.kernels.random import beta, gamma_constants, gamma_from_constants, standard_gamma, uniform
from ltv_bayes.formulas.models.operational_time import Clock
from ltv_bayes.formulas.models.price_level import Prices
from ltv_bayes.formulas.special import Array, IntArray

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


def bg_nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    states, histories, periods, purchases, spend, relations, money
) -> None:
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
    # so that purchases are the same whether or not lives are asked for, or some purchases counted elsewhere
    streams, ahead = (states, states ^ APART, states ^ ELSEWHERE), room_ahead(money.shape[2])
    _buyers(streams, histories, periods, purchases, spend, relations, ahead, money)


def mbg_nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    states, histories, periods, purchases, spend, relations, money
) -> None:
    """Fill in the discounted money of customers who may leave after the first purchase too.

    Arguments are those of `bg_nbd_gamma_gamma`. A chance to leave passes at the first purchase as at each repeat one,
    so a history of MBG/NBD is one of BG/NBD with one more repeat purchase, which says nothing of the rate.
    """
    chances = histories.copy()
    chances[:, 0] += 1.0
    bg_nbd_gamma_gamma(states, chances, periods, purchases._replace(r=purchases.r - 1.0), spend, relations, money)


@kernel_uncounted
def _buyers(streams, histories, periods, purchases, spend, relations, ahead, money):  # type: ignore[no-untyped-def]
    states, apart, elsewhere = streams
    for row in range(histories.shape[0]):
        history, of_row = histories[row], (states[row], apart[row], elsewhere[row])
        if has_history(row, history[0], relations, money[row]):
            look_ahead_of_buyer(row, history, periods.ends[-1], periods.clock, purchases, relations, ahead)
            r, _, a, b, _ = purchases_of(row, purchases)
            of_spend = spend_of(row, spend)
            _draw_purchases(row, of_row, history, r, a, b, of_spend, ahead, periods, relations.life, money[row])


@loop
def _draw_purchases(row, streams, history, r, a, b, spend, ahead, periods, life, money):  # type: ignore[no-untyped-def]
    """Draw the purchases of a customer, and when the relation ends, draw by draw."""
    (state, apart, elsewhere), (p, q, v), x = streams, spend, history[0]
    for i in range(money.shape[1]):
        t = ahead.time[i]
        if t <= 0.0:
            continue
        u = uniform(state) * ahead.unsure[i]
        if not u < 1.0:
            if life.size:
                life[row, i] = 0.0
            continue
        possible = number_possible(state, u, ahead.none[i], r[i] + x, ahead.seen[i], t)
        if possible == 0.0:
            continue
        count = number_until_leaving(state, possible, a[i], b[i] + x)
        if p.size == 0:
            _count_orders(row, i, elsewhere, count, possible, t, periods, money)
            continue
        left = count < possible
        nu = spend_rate(row, i, state, history, p[i], q[i], v[i], periods.prices)
        end = t * beta(state, count, possible - count + 1.0) if left else t
        last = _add_orders(row, i, state, elsewhere, count, left, end, p[i], 1.0 / nu, periods, money)
        if life.size:
            staying = (b[i] + x + count - 1.0) / (a[i] + b[i] + x + count - 1.0)
            if left or uniform(apart) >= staying:  # the last purchase seen may be the customer's last too
                life[row, i] = last


def nbd_gamma_gamma(  # type: ignore[no-untyped-def]
    states, histories, periods, events, spend, relations, money
) -> None:
    """Fill in the discounted money of events at each customer's own rate, for as long as the relation lasts.

    Arguments are those of `bg_nbd_gamma_gamma`, with `Events`. Of a history, recency and knowledge of life do not
    matter, since no customer leaves of their own accord: life is what ``until`` states.
    """
    streams, ahead = (states, states ^ ELSEWHERE), room_ahead(money.shape[2])
    _events(streams, histories, periods, events, spend, relations, ahead, money)


@kernel_uncounted
def _events(streams, histories, periods, events, spend, relations, ahead, money):  # type: ignore[no-untyped-def]
    (states, elsewhere), horizon, until = streams, periods.ends[-1], relations.until
    for row in range(histories.shape[0]):
        history = histories[row]
        x, T, ended = history[0], history[2], history[3]
        _clear(money[row])
        _set_known_end(row, relations)
        if x != x:
            continue
        r, alpha = events.r[events.place[row]], events.alpha[events.place[row]]
        ahead.seen[:] = T
        for i in range(money.shape[2]):
            ahead.time[i] = until[row, i] if until.size and until[row, i] < horizon else horizon
        if periods.clock.factors.size:
            see_on_clock(periods.clock, 0.0, T, ended, ahead.other, ahead.seen)
            turn_to_clock(periods.clock, ahead.time)
        for i in range(money.shape[2]):
            ahead.seen[i] += alpha[i]
        look_ahead(x, r, ahead)
        of_row = states[row], elsewhere[row]
        _draw_events(row, of_row, history, r, spend_of(row, spend), ahead, periods, money[row])


@loop
def _draw_events(row, streams, history, r, spend, ahead, periods, money):  # type: ignore[no-untyped-def]
    """Draw the events of a customer, draw by draw."""
    (state, elsewhere), (p, q, v), x = streams, spend, history[0]
    for i in range(money.shape[1]):
        t = ahead.time[i]
        if t <= 0.0:
            continue
        number = number_possible(state, uniform(state), ahead.none[i], r[i] + x, ahead.seen[i], t)
        if p.size == 0:
            _count_orders(row, i, elsewhere, number, number, t, periods, money)
        elif number > 0.0:
            nu = spend_rate(row, i, state, history, p[i], q[i], v[i], periods.prices)
            _add_orders(row, i, state, elsewhere, number, False, t, p[i], 1.0 / nu, periods, money)


@loop_written_out
def _add_orders(row, i, state, elsewhere, number, left, end, shape, value, periods, money):  # type: ignore[no-untyped-def]
    """Add what orders of a draw are worth, at times before an end; the first one is there if the customer left then.

    Returns the time of the last one.
    """
    (d, c), last, horizon = gamma_constants(shape), 0.0, periods.ends[-1]
    for order in range(int(number)):
        when = end if left and order == 0 else end * uniform(state)
        if periods.clock.factors.size:
            when = calendar_time(periods.clock, i, when, horizon)
        last, worth = max(last, when), value * gamma_from_constants(state, shape, d, c)
        add_order(row, i, when, worth, elsewhere, periods, money)
    return last


@loop
def _count_orders(row, i, moments, number, possible, t, periods, money):  # type: ignore[no-untyped-def]
    """Count orders of a draw by period: of those possible within t, the last one made is there if the customer left.

    Their moments have a random stream of their own, so that their number is the same whatever the periods.
    """
    if money.shape[0] == 1:
        money[0, i] = number
        return
    left = number < possible
    end, horizon = t * beta(moments, number, possible - number + 1.0) if left else t, periods.ends[-1]
    for order in range(int(number)):
        when = calendar_time(periods.clock, i, end if left and order == 0 else end * uniform(moments), horizon)
        add_order(row, i, when, 1.0, moments, periods, money)


@loop_written_out
def add_order(row, i, when, worth, elsewhere, periods, money):  # type: ignore[no-untyped-def]
    """Add what an order is worth, discounted, to the period in which it falls, unless it is counted elsewhere."""
    if periods.shown.size and when <= periods.shown_until[row] and uniform(elsewhere) < periods.shown[i]:
        return
    period = 0
    for end in range(periods.ends.size - 1):  # all of them: to guess where to stop would take longer
        period += when > periods.ends[end]
    money[period, i] += worth * np.exp(-periods.delta * when) * price_at(periods.prices, i, when)


@loop_written_out
def spend_rate(row, i, state, history, p, q, v, prices):  # type: ignore[no-untyped-def]
    """The rate of a customer's gamma distribution of order values, given what repeat orders were worth."""
    orders, spent = history[4], history[5]
    return standard_gamma(state, p * orders + q) / (v + spent_now(prices, row, i, spent))


@loop
def calendar_time(clock, i, operational, end):  # type: ignore[no-untyped-def]
    """The time from now at which a draw's operational time has a value, one of those before an end."""
    if clock.factors.size == 0:
        return operational
    last = clock.factors.shape[1] - 1
    now = min(max(int(np.floor(clock.now / clock.length)) - clock.first, 0), last)
    ahead = (operational + clock.now) / clock.length  # where the factor is 1, and not far from there otherwise
    period = min(max(int(min(ahead, float(last + clock.first))) - clock.first, now), last)
    while period < last and clock.steps[i, period + 1] <= operational:
        period += 1
    while period > now and clock.steps[i, period] > operational:
        period -= 1
    since = (operational - clock.steps[i, period]) / clock.factors[i, period]
    return min((period + clock.first) * clock.length + since - clock.now, end)  # not after it by rounding


@loop
def price_at(prices, i, time):  # type: ignore[no-untyped-def]
    """The price level of a draw at a time from now; 1 where prices do not move."""
    if prices.drift.size == 0:
        return 1.0
    since = time + prices.shift
    period = min(max(int(np.floor(since / prices.length)) - prices.first, 0), prices.levels.shape[1] - 1)
    return np.exp(prices.levels[i, period] + prices.drift[i] * min(since, prices.until))


@loop
def spent_now(prices, row, i, spent):  # type: ignore[no-untyped-def]
    """What a customer's repeat orders were worth in total, in prices of the as-of date of a draw."""
    return spent if prices.drift.size == 0 else spent / price_at(prices, i, -prices.age[row])


@loop
def has_history(row, x, relations, money):  # type: ignore[no-untyped-def]
    """Set money to 0; of a customer without history, life is what is known of the relation."""
    _clear(money)
    if x == x:
        return True
    _set_known_end(row, relations)
    return False


@loop
def _set_known_end(row, relations):  # type: ignore[no-untyped-def]
    until, life = relations.until, relations.life
    if life.size:
        for i in range(life.shape[1]):
            life[row, i] = until[row, i] if until.size else np.nan


@loop
def spend_of(row, spend):  # type: ignore[no-untyped-def]
    """Parameters of what each of a customer's orders is worth, arrays of shape (draws,); empty in `NUMBERS`."""
    if spend.place.size == 0:
        return EMPTY, EMPTY, EMPTY
    h = spend.place[row]
    return spend.p[h], spend.q[h], spend.v[h]


@loop
def _clear(money):  # type: ignore[no-untyped-def]
    for period in range(money.shape[0]):
        for i in range(money.shape[1]):
            money[period, i] = 0.0
