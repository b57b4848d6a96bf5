"""What each posterior draw says of a customer's orders before any of them is drawn.

Whether a customer is still alive, and whether an order is to be expected, is settled in most draws by one random number
and two chances. These are computed for all draws of a customer at once, in vector instructions.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core.options import DefaultOptions

from ltv_bayes.formulas.kernels.blocks import exp_of_minus_size, kernel, log_ratio, of_inner, of_kernel, written_in
from ltv_bayes.formulas.kernels.random import beta, poisson, standard_gamma, uniform
from ltv_bayes.formulas.models.bg_nbd import LARGEST_POISSON_MEAN
from ltv_bayes.formulas.models.operational_time import operational_time, place_on_clock
from ltv_bayes.formulas.special import Array

# In loops over draws, counting who refers to an array of a record would take longer than the draws, and to compile it
# too. Arrays that such a loop returns are for others of its kind alone.
_uncounted: dict[str, Any] = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}
kernel_uncounted: Any = numba.njit(**of_kernel, **_uncounted)
loop: Any = numba.njit(**of_inner, **_uncounted)
loop_written_out: Any = numba.njit(**of_inner, forceinline=True, **_uncounted)

EMPTY = np.empty(0)
LARGEST_INVERTED_MEAN = 50.0  # beyond, a gamma rate and a Poisson number are faster, and lose no digits
MOST_STEPS = 10_000.0  # from purchase to purchase; beyond, the chance of leaving is drawn, and the number at once


class Ahead(NamedTuple):
    """What lies ahead of a customer in each draw: arrays of shape (draws,).

    Attributes
    ----------
    time : array
        Time left for orders, in operational time; none are possible where it is 0 or less.
    seen : array
        The operational time of observation, with alpha: B of the rate's gamma distribution.
    none : array
        P(no order in the time left | alive).
    unsure : array
        1 / P(alive).
    one, other : arrays
        Room for what is computed on the way.
    """

    time: Array
    seen: Array
    none: Array
    unsure: Array
    one: Array
    other: Array


@kernel
def room_ahead(draws):  # type: ignore[no-untyped-def]
    """Make room for so many draws."""
    return Ahead(np.empty(draws), np.empty(draws), np.empty(draws), np.empty(draws), np.empty(draws), np.empty(draws))


@written_in
def look_ahead_of_buyer(row, history, horizon, clock, purchases, relations, ahead):  # type: ignore[no-untyped-def]
    """Fill in what lies ahead of a customer who may leave after each purchase, with a history.

    Of the relation, the end is filled in that is known beside the history, where it is asked for.
    """
    parameters, (until, life, one_life, weights) = purchases_of(row, purchases), relations
    drawn = weights.drawn[weights.place[row]] if weights.drawn.size else EMPTY
    time, weight = ahead.time, ahead.unsure
    for i in range(time.size):
        weight[i] = min(history[6], drawn[i]) if drawn.size else history[6]
        time[i], sure, end = time_left(row, i, horizon, weight[i], until, one_life)
        weight[i] = 0.0 if sure else weight[i]
        if life.size:
            life[row, i] = end
    look_back(history, clock, parameters, ahead)
    if clock.factors.size:
        turn_to_clock(clock, time)
    look_ahead(history[0], parameters[0], ahead)


@loop
def look_back(history, clock, parameters, ahead):  # type: ignore[no-untyped-def]
    """Fill in how long a customer was seen, and 1 / P(alive) for weights of the odds of having left, which stand there.

    The odds at the last purchase grow with the silence since.
    """
    (r, alpha, a, b, first), (_, seen, _, unsure, last_seen, silence) = parameters, ahead
    x, t_x, T, ended = history[0], history[1], history[2], history[3]
    seen[:], last_seen[:] = T, t_x
    if clock.factors.size:
        see_on_clock(clock, t_x, T, ended, last_seen, seen)
    for i in range(seen.size):
        seen[i] += alpha[i]
        last_seen[i] += alpha[i]
    if x > 0.0:
        for i in range(seen.size):
            unsure[i] *= a[i] / (b[i] + x - 1.0)
    elif first.size:
        for i in range(seen.size):
            unsure[i] *= first[i] / (1.0 - first[i])
            last_seen[i] = alpha[i]
    else:
        for i in range(seen.size):
            unsure[i] = 1.0
        return
    log_ratio(seen, last_seen, silence)
    for i in range(seen.size):
        silence[i] *= r[i] + x
    exp_of_minus_size(silence, last_seen)
    for i in range(seen.size):
        unsure[i] = 1.0 + unsure[i] / last_seen[i]


@loop
def look_ahead(x, r, ahead):  # type: ignore[no-untyped-def]
    """Fill in the chance of no order in the time left, of a rate Gamma(r + x, B)."""
    time, seen, none, _, until_end, change = ahead
    for i in range(time.size):
        until_end[i] = seen[i] + time[i]
    log_ratio(until_end, seen, change)
    for i in range(time.size):
        change[i] *= r[i] + x
    exp_of_minus_size(change, none)


@loop
def number_possible(state, u, none, A, B, t):  # type: ignore[no-untyped-def]
    """How many purchases within t a rate Gamma(A, B) allows, by the inverse of its distribution at u.

    The chance of none is known.
    """
    if A * t / B > LARGEST_INVERTED_MEAN:
        return poisson(state, min(standard_gamma(state, A) / B * t, LARGEST_POISSON_MEAN))
    return 0.0 if u < none else _negative_binomial(u, none, A, t / (B + t))


@loop
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


@loop
def number_until_leaving(state, possible, a, b):  # type: ignore[no-untyped-def]
    """How many of the possible purchases a customer makes who may leave after each."""
    if possible > MOST_STEPS:
        leaving = beta(state, a, b)
        return min(possible, max(np.ceil(np.log1p(-uniform(state)) / np.log1p(-leaving)), 1.0))
    u, staying, number = uniform(state) if possible > 1.0 else 0.0, 1.0, 1.0
    while number < possible:
        staying *= (b + number - 1.0) / (a + b + number - 1.0)
        if u >= staying:
            break
        number += 1.0
    return number


@loop
def on_clock(clock, i, t_x, T, ended):  # type: ignore[no-untyped-def]
    """Recency and T in the operational time of a draw."""
    if clock.factors.size == 0:
        return t_x, T
    first = -T - ended
    start = operational_time(clock, i, first)
    recency = operational_time(clock, i, first + t_x) - start
    return recency, operational_time(clock, i, -ended) - start


@loop
def from_now(clock, i, t):  # type: ignore[no-untyped-def]
    """A time from now in the operational time of a draw."""
    return t if clock.factors.size == 0 else operational_time(clock, i, t)


@loop
def see_on_clock(clock, t_x, T, ended, recency, observed):  # type: ignore[no-untyped-def]
    """Fill in recency and T in the operational time of each draw."""
    factors, steps = clock.factors, clock.steps
    begin, since_begin = place_on_clock(clock, -T - ended)
    last, since_last = place_on_clock(clock, -T - ended + t_x)
    end, since_end = place_on_clock(clock, -ended)
    for i in range(recency.size):
        start = steps[i, begin] + factors[i, begin] * since_begin
        recency[i] = steps[i, last] + factors[i, last] * since_last - start
        observed[i] = steps[i, end] + factors[i, end] * since_end - start


@loop
def turn_to_clock(clock, time):  # type: ignore[no-untyped-def]
    """Turn times from now, one for each draw, into its operational time."""
    factors, steps, known, period, since = clock.factors, clock.steps, np.nan, 0, 0.0
    for i in range(time.size):
        if time[i] != known:
            known = time[i]
            period, since = place_on_clock(clock, known)
        time[i] = steps[i, period] + factors[i, period] * since


@loop
def time_left(row, i, horizon, weight, until, one_life):  # type: ignore[no-untyped-def]
    """Time for orders, whether the customer is known to be alive, and when the relation ends for other reasons."""
    if until.size and until[row, i] == until[row, i]:
        return min(horizon, until[row, i]), weight == 0.0 or one_life, until[row, i]
    return horizon, weight == 0.0, np.inf


@loop
def purchases_of(row, purchases):  # type: ignore[no-untyped-def]
    """Parameters of a customer's purchases, arrays of shape (draws,); the last one is empty where there is none."""
    g = purchases.place[row]
    r = purchases.r[g]
    first = purchases.first_dropout[g] if purchases.first_dropout.size else r[:0]
    return r, purchases.alpha[g], purchases.a[g], purchases.b[g], first
