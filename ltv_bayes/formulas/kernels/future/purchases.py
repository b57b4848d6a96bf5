"""Expected discounted purchases of many customers over all posterior draws, compiled.

A customer who is alive buys at rate lambda ~ Gamma(A, B), A = r + x and B = alpha + T, and leaves after each purchase
with probability p ~ Beta(a, C), C = b + x. At the operational time s from now, purchases are expected at the rate A/B
times F(s/B), with F(w) the mean of (1 + p w)^-(A + 1) over p. So given a draw, F is a function of one variable for each
frequency x, whatever recency and T are, and all that is special of a draw (discount, calendar effects, prices) is a
weight of moments in time, the same for all customers. Both are tabulated on one grid, on which functions like F are
polynomials to as many digits as are asked for, and so is the product by B on grids of fixed octaves of B / alpha. No
number depends on which customers are asked about together.

F is taken by the trapezoidal rule in the log-odds of p (see `dropout`): all frequencies share its nodes, and the step
from one frequency to the next is one product. Where draws of a and b are extreme, nodes are made for each frequency.
"""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ltv_bayes.formulas.kernels.blocks import inner, kernel, written_in
from ltv_bayes.formulas.kernels.dropout import DISCOUNTED_AWAY, nodes_of_dropout
from ltv_bayes.formulas.kernels.future.grids import MOST, chebyshev_points, folded_time, grid_of_times, lagrange
from ltv_bayes.formulas.kernels.future.outlooks import look_back, loop, on_clock, room_ahead
from ltv_bayes.formulas.kernels.order_values import price_at
from ltv_bayes.formulas.models.leaving_at_once import FIRST_DROPOUT
from ltv_bayes.formulas.models.operational_time import Clock
from ltv_bayes.formulas.models.price_level import Prices
from ltv_bayes.formulas.special import Array, IntArray, gauss_legendre
from ltv_bayes.sizes import available_cores

BEST, GOOD = 27.0, 14.0  # of exactness: exp(-27) of the largest value is left out, or exp(-14)
SPACING, OF_SD = 8.0, 16.0  # of nodes, over exactness: in log-odds, and in standard deviations of these
SHARED_A = 100.0  # from here on, every frequency has nodes of its own
SMALLEST = 1e-250
OF_OCTAVE = 2.8  # exactness over the nodes in an octave of B
DRAWS = 32  # of one worker, before it takes the next ones
NO_CLOCK, NO_PRICES = Clock(), Prices()
CHAIN = 64  # frequencies that follow from one power
MOST_NODES, STEP = 6, 0.5  # of a piece of time, and its length beside the shortest time in which anything changes
RULES = np.zeros((2, MOST_NODES + 1, MOST_NODES))
for _nodes in range(1, MOST_NODES + 1):
    RULES[:, _nodes, :_nodes] = gauss_legendre(_nodes)


@inner
def scale_of(r, alpha, a, b):  # type: ignore[no-untyped-def]
    """The shortest operational time in which the purchase rate of any customer changes."""
    return alpha / max(1.0, a + 1.0, (r + 1.0) * (a + 1.0) / (a + b + 1.0))


@loop
def _factor(clock, i, time):  # type: ignore[no-untyped-def]
    if clock.factors.size == 0:
        return 1.0
    period = int(np.floor((time + clock.now) / clock.length)) - clock.first
    return clock.factors[i, min(max(period, 0), clock.factors.shape[1] - 1)]


@inner
def operational_end(edges, clock, i):  # type: ignore[no-untyped-def]
    """Operational time of a draw from now to the last of some edges, between which the factor does not change."""
    total = 0.0
    for piece in range(edges.size - 1):
        total += _factor(clock, i, 0.5 * (edges[piece] + edges[piece + 1])) * (edges[piece + 1] - edges[piece])
    return total


@inner
def _weights_of_times(exact, i, edges, part, delta, clock, prices, scale, points, barycentric, weight):  # type: ignore[no-untyped-def]
    """Fill in weights of the grid's times that integrate what is worth discounted by parts of the horizon."""
    values = np.empty(points.size)
    pace = abs(delta - (0.0 if prices.drift.size == 0 else prices.drift[i]))
    weight[:] = 0.0
    start = 0.0
    for piece in range(edges.size - 1):
        now, end = edges[piece], edges[piece + 1]
        factor = _factor(clock, i, 0.5 * (now + end))
        while now < end:
            shortest = (start + scale) / factor
            if pace * shortest > 1.0:
                shortest = 1.0 / pace
            step = min(end - now, STEP * shortest)
            if end - now - step < 1e-9 * step:
                step = end - now
            ratio = 1.0 + 2.0 * shortest / step
            number = math.ceil(0.5 * exact / math.log(ratio + math.sqrt(ratio * ratio - 1.0)))
            number = min(max(number, 1), MOST_NODES)
            for n in range(number):
                along = RULES[0, number, n] * step
                time = now + along
                worth = RULES[1, number, n] * step * factor * math.exp(-delta * time) * price_at(prices, i, time)
                lagrange(folded_time(start + factor * along, scale), points, barycentric, values)
                for k in range(points.size):
                    weight[part[piece], k] += worth * values[k]
            now = end if step == end - now else now + step
            start += factor * step


@loop
def worth_of_times(i, edges, part, delta, clock, prices, worth):  # type: ignore[no-untyped-def]
    """Fill in operational time, discounted and at prices of its time, by parts of the horizon."""
    pace = abs(delta - (0.0 if prices.drift.size == 0 else prices.drift[i]))
    worth[:] = 0.0
    for piece in range(edges.size - 1):
        length = edges[piece + 1] - edges[piece]
        factor, several = _factor(clock, i, 0.5 * (edges[piece] + edges[piece + 1])), int(pace * length) + 1
        step = length / several
        for one in range(several):
            for n in range(MOST_NODES):
                time = edges[piece] + (one + RULES[0, MOST_NODES, n]) * step
                value = factor * math.exp(-delta * time) * price_at(prices, i, time)
                worth[part[piece]] += RULES[1, MOST_NODES, n] * step * value


@inner
def _log_integrand(log_odds, r, a, b, w):  # type: ignore[no-untyped-def]
    """Density of the log-odds of p, up to a constant, times (1 + p w)^-(r + 1), of a new customer."""
    odds = math.exp(log_odds)
    return a * log_odds + (r + 1.0 - a - b) * math.log1p(odds) - (r + 1.0) * math.log1p(odds * (1.0 + w))


@inner
def _edge(exact, middle, step, r, a, b, w):  # type: ignore[no-untyped-def]
    """Where what is integrated has faded, seen from its middle, on the side that the sign of the step says."""
    top, reach = _log_integrand(middle, r, a, b, w), abs(step)
    while top - _log_integrand(middle + math.copysign(reach, step), r, a, b, w) + reach < exact:
        reach += abs(step)
    return reach


@inner
def _shared_nodes(exact, w, r, a, b, most):  # type: ignore[no-untyped-def]
    """Equally spaced log-odds for all w' up to w and frequencies up to the most; where those of a new customer begin.

    The tails that are left out fall by one factor from node to node.
    """
    half = 0.5 * (a * (1.0 + w) - b - (r + 1.0) * w)
    root = math.sqrt(half * half + b * (1.0 + w) * a)
    mode = math.log((half + root) / (b * (1.0 + w)) if half > 0.0 else a / (root - half))
    low = min(mode, math.log(a / b))
    left = low - _edge(exact, low, -1.0, r, a, b, w)
    high = math.log(a / b)
    right = high + _edge(exact, high, 1.0, r, a, b, 0.0)
    step = min(SPACING, OF_SD / math.sqrt(a)) / exact
    further = math.ceil(math.log1p(most / min(b, r + 1.0)) / step)
    return left, step, math.ceil((right - left) / step) + 1 + further, further


@inner
def _rates(exact, r, a, b, w, frequencies, rate):  # type: ignore[no-untyped-def]
    """Fill in F at all w, by frequency, ascending; w descends to 0, where F is 1."""
    if a < SHARED_A:
        _chained(exact, r, a, b, w, frequencies, rate)
    for place in range(frequencies.size):
        if a < SHARED_A and rate[place, w.size - 1] > SMALLEST:
            whole = rate[place, w.size - 1]
            for k in range(w.size):
                rate[place, k] /= whole
            continue
        x = frequencies[place]
        p, log_weight = nodes_of_dropout(w[0], r + x + 1.0, a, b + x)
        for k in range(w.size):
            total = 0.0
            for j in range(p.size):
                total += math.exp(log_weight[j] - (r + x + 1.0) * math.log1p(p[j] * w[k]))
            rate[place, k] = total


@inner
def _chained(exact, r, a, b, w, frequencies, rate):  # type: ignore[no-untyped-def]
    """The same but for a factor of each frequency, by one product from frequency to frequency."""
    left, step, number, further = _shared_nodes(exact, w[0], r, a, b, frequencies[-1])
    base, share, power = np.empty((number, w.size)), np.empty((number, w.size)), np.empty((number, w.size))
    top = _log_integrand(math.log(a / b), r, a, b, 0.0)
    for j in range(number):
        log_odds = left + (j - further) * step
        odds = math.exp(log_odds)
        log_base = a * log_odds + (r + 1.0 - a - b) * math.log1p(odds) - top
        for k in range(w.size):
            share[j, k] = 1.0 / (1.0 + odds * (1.0 + w[k]))
            base[j, k] = math.exp(log_base + (r + 1.0) * math.log(share[j, k]))
            power[j, k] = base[j, k]
    before, passed = 1.0 / -math.expm1(-a * step), 0
    for place in range(frequencies.size):
        x = int(frequencies[place])
        if x // CHAIN > passed // CHAIN:  # so that a frequency is reached in one way only
            passed = x // CHAIN * CHAIN
            for j in range(number):
                for k in range(w.size):
                    power[j, k] = base[j, k] * share[j, k] ** passed
        while passed < x:
            passed += 1
            for j in range(number):
                for k in range(w.size):
                    power[j, k] *= share[j, k]
        begin = max(further - math.ceil(math.log1p(x / min(b, r + 1.0)) / step), 0)
        after = 1.0 / -math.expm1(-(b + x) * step)
        for k in range(w.size):
            rate[place, k] = power[begin, k] * before
        for j in range(begin + 1, number - 1):
            for k in range(w.size):
                rate[place, k] += power[j, k]
        for k in range(w.size):
            rate[place, k] += power[number - 1, k] * after


@inner
def _products(r, alpha, rate, folded, times, barycentric, scale, weight, frequencies, larger, found):  # type: ignore[no-untyped-def]
    """Fill in what customers buy who are alive, by frequency, node in an octave of B / alpha, and part."""
    values, moment = np.empty(times.size), np.empty((weight.shape[0], times.size))
    for m in range(larger.size):
        moment[:] = 0.0
        for n in range(times.size):
            lagrange(folded_time(times[n] / larger[m], scale), folded, barycentric, values)
            for e in range(weight.shape[0]):
                for k in range(times.size):
                    moment[e, k] += weight[e, n] * values[k]
        for place in range(frequencies.size):
            for e in range(weight.shape[0]):
                total = 0.0
                for k in range(times.size):
                    total += moment[e, k] * rate[place, k]
                found[place, m, e] = total * (r + frequencies[place]) / (alpha * larger[m])


@written_in
def purchases_to_come(i, exact, parameters, horizon, delta, clock, prices, observed, kinds, found):  # type: ignore[no-untyped-def]
    """Fill in what customers buy who are alive, discounted and at prices of its time, in one draw.

    Parameters
    ----------
    i : int
        The draw.
    exact : float
        `BEST`, or `GOOD`, which takes a third of the time: to six digits.
    parameters : tuple of float
        r, alpha, a, b of the draw.
    horizon : (array of shape (edges,), array of shape (edges - 1,))
        Times from 0 on between which neither clock nor prices change, and the part of the horizon that lies between.
    observed : array of shape (times,)
        Distinct times of observation, in operational time.
    kinds : Kinds
    found : array of shape (kinds, parts)
        NaN where the draw is too extreme for the grid.
    """
    (r, alpha, a, b), (edges, part), (frequencies, frequency_at, time_at) = parameters, horizon, kinds
    scale, parts = scale_of(r, alpha, a, b), found.shape[1]
    folded, times, barycentric = grid_of_times(exact, operational_end(edges, clock, i), scale)
    if times.size > MOST:
        found[:] = np.nan
        return
    weight, rate = np.empty((parts, times.size)), np.empty((frequencies.size, times.size))
    _weights_of_times(exact, i, edges, part, delta, clock, prices, scale, folded, barycentric, weight)
    _rates(exact, r, a, b, times / alpha, frequencies, rate)
    along = np.log2(1.0 + observed / alpha)
    octaves = np.floor(along).astype(np.int64)
    first, last = octaves[0], octaves[0]
    for n in range(1, octaves.size):
        first, last = min(first, octaves[n]), max(last, octaves[n])
    points, of_points = chebyshev_points(int(exact / OF_OCTAVE) + 1)
    product = np.empty((last - first + 1, frequencies.size, points.size, parts))
    for place in range(product.shape[0]):
        larger = 2.0 ** (first + place + points)
        _products(r, alpha, rate, folded, times, barycentric, scale, weight, frequencies, larger, product[place])
    values = np.empty((observed.size, points.size))
    for n in range(observed.size):
        lagrange(along[n] - octaves[n], points, of_points, values[n])
    for kind in range(frequency_at.size):
        n, place = time_at[kind], frequency_at[kind]
        for e in range(parts):
            total = 0.0
            for m in range(points.size):
                total += values[n, m] * product[octaves[n] - first, place, m, e]
            found[kind, e] = total


@kernel
def worth_of_kinds(first, last, exact, stay, parameters, horizon, parts, delta, clock, prices, distinct, kinds):  # type: ignore[no-untyped-def]
    """What customers buy who are alive in some draws, of shape (kinds, parts, draws).

    Parameters
    ----------
    first, last : int
        The draws.
    exact : float
        See `purchases_to_come`, as for others.
    stay : bool
        Whether customers never leave, as in NBD.
    parts : int
        Of the horizon.
    distinct : array of shape (times, 2)
        See `kinds_of`.
    """
    (r, alpha, a, b, _), (edges, part) = parameters, horizon
    each, by_time, observed = np.empty((kinds.frequency_at.size, parts)), np.empty(parts), np.empty(distinct.shape[0])
    found = np.empty((each.shape[0], parts, last - first))
    for i in range(first, last):
        for n in range(observed.size):
            _, observed[n] = on_clock(clock, i, 0.0, distinct[n, 0], distinct[n, 1])
        if stay:
            worth_of_times(i, edges, part, delta, clock, prices, by_time)
            for kind in range(each.shape[0]):
                rate = (r[i] + kinds.frequencies[kinds.frequency_at[kind]]) / (alpha[i] + observed[kinds.time_at[kind]])
                for e in range(parts):
                    each[kind, e] = rate * by_time[e]
        else:
            drawn = r[i], alpha[i], a[i], b[i]
            purchases_to_come(i, exact, drawn, horizon, delta, clock, prices, observed, kinds, each)
        for kind in range(each.shape[0]):
            for e in range(parts):
                found[kind, e, i - first] = each[kind, e]
    return found


@kernel
def _times_alive(first, last, parameters, clock, histories, found):  # type: ignore[no-untyped-def]
    """Multiply what is expected of customers who are alive, in some draws, by P(alive)."""
    drawn, ahead = some_draws(first, last, parameters, clock), room_ahead(last - first)
    for row in range(histories.shape[0]):
        ahead.unsure[:] = 1.0
        look_back(histories[row], drawn[1], drawn[0], ahead)
        for i in range(first, last):
            found[i, row] /= ahead.unsure[i - first]


@inner
def some_draws(first, last, parameters, clock):  # type: ignore[no-untyped-def]
    """Parameters and clock of some of the draws, one after the other."""
    r, alpha, a, b, share = parameters
    factors, steps = clock.factors[first:last], clock.steps[first:last]
    some = r[first:last], alpha[first:last], a[first:last], b[first:last], share[first:last]
    return some, Clock(clock.length, clock.first, factors, steps, clock.now)


class Kinds(NamedTuple):
    """Customers by what their future depends on, given that they are alive.

    Attributes
    ----------
    frequencies : array of shape (distinct frequencies,)
        Ascending.
    frequency_at, time_at : arrays of shape (kinds,)
        Places of the frequency, and of the time of observation among the distinct ones.
    """

    frequencies: Array
    frequency_at: IntArray
    time_at: IntArray


def kinds_of(x: Array, T: Array, ended: Array) -> tuple[Kinds, IntArray, Array]:
    """Sort customers by frequency and time of observation.

    Returns
    -------
    Kinds
    array of shape (customers,)
        The kind of each.
    array of shape (times, 2)
        Distinct T, and how long ago observation ended.
    """
    times, time_at = np.unique(np.column_stack([T, ended]), axis=0, return_inverse=True)
    frequencies, frequency_at = np.unique(x, return_inverse=True)
    kinds, kind = np.unique(frequency_at * len(times) + time_at, return_inverse=True)
    return Kinds(frequencies, kinds // len(times), kinds % len(times)), kind, times


def edges_of(ends: Array, delta: float, clock: Clock, prices: Prices) -> tuple[Array, IntArray]:
    """Times from 0 on between which neither clock nor prices change, and the part of the horizon between them."""
    if prices.drift.size == 0 and delta > 0:
        ends = np.minimum(ends, DISCOUNTED_AWAY / delta)
    edges: list[Array] = [np.zeros(1), ends]
    last = float(ends[-1])
    if clock.factors.size:
        edges.append(
            np.asarray((np.arange(clock.factors.shape[1]) + clock.first + 1) * clock.length - clock.now, dtype=float)
        )
    if prices.drift.size:
        edges.append(
            np.asarray(
                (np.arange(prices.levels.shape[1]) + prices.first + 1) * prices.length - prices.shift, dtype=float
            )
        )
        edges.append(np.array([prices.until - prices.shift]))
    times = np.unique(np.concatenate(edges))
    times = times[(times >= 0) & (times <= last)]
    return times, np.searchsorted(ends, (times[1:] + times[:-1]) / 2)


def expected_discounted(
    histories: Array,
    drawn: Mapping[str, Array],
    *,
    t: float,
    delta: float,
    clock: Clock = NO_CLOCK,
    at_once: bool = False,
) -> Array:
    """Expected discounted purchases within t of customers by BG/NBD.

    Parameters
    ----------
    histories : array of shape (customers, 3 or 4)
        Frequency, recency, T and, on a clock, how long ago observation ended.
    drawn : mapping
        Of r, alpha, a, b and, where a share of its own leaves right after the first purchase, first_dropout, arrays of
        shape (draws,) or (draws, 1).
    at_once : bool
        Whether customers may leave after the first purchase as after any other, as in MBG/NBD: a history is then that
        of BG/NBD with one more chance to leave, which says nothing of the rate.

    Returns
    -------
    array of shape (draws, customers)
        NaN in draws that are too extreme for this way.
    """
    x, t_x, T, ended = np.pad(histories, ((0, 0), (0, 4 - histories.shape[1]))).T.copy()
    r, *others = (np.ravel(np.asarray(drawn[name], dtype=float)) for name in ("r", "alpha", "a", "b"))
    share = np.ravel(drawn.get(FIRST_DROPOUT, np.zeros(r.size)))
    if at_once:
        x, r = x + 1.0, r - 1.0
    kinds, kind, distinct = kinds_of(x, T, ended)
    rows = np.column_stack([x, t_x, T, ended])
    horizon, found = edges_of(np.array([t]), delta, clock, NO_PRICES), np.empty((r.size, x.size))
    parameters, rest = (r, *others, share), (horizon, 1, float(delta), clock, NO_PRICES, distinct, kinds)

    def some(first: int) -> None:
        last = min(first + DRAWS, r.size)
        found[first:last] = worth_of_kinds(first, last, BEST, False, parameters, *rest)[kind, 0].T
        _times_alive(first, last, parameters, clock, rows, found)

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(some, range(0, r.size, DRAWS)))
    return found
