"""Sums over the events between regular purchases, compiled.

Events occur at rate lambda ~ Gamma(A, B), with all events up to the last purchase in A, and all time observed in B.
Each k-th event is a purchase. Of the time B, a share ``silent`` has passed since the last purchase, in which j < k
events occurred, the phase: with weight (A)_j / j! silent^j, (A)_j = A (A + 1) ... (A + j - 1). Given the phase,
lambda ~ Gamma(A + j, B), and within a time t from now there are negative binomially many events.

So the weight of having j events in the silence and M in all, silence and time t together, is, up to a factor that M
and j do not change, (A)_M / (j! (M - j)!) u^j z^(M-j), with z = t / (B + t) and u = silent (1 - z). Weights for M + 1
follow from those for M as binomial coefficients do in Pascal's triangle, by sums of positive numbers.
"""

import math

import numpy as np

from ltv_bayes.formulas.kernels.blocks import inner, kernel
from ltv_bayes.formulas.special import Array

Rule = tuple[Array, Array]  # nodes and weights on (0, 1)

LARGE = 1e200
NOTHING_LEFT = 1e-17
DAMPED = 2.0  # times k gaps: later, purchases are spread as evenly as they will ever be
TOGETHER = 6  # gaps are the sharper the larger k, so the first gaps have one rule of their own for each 6 of k
SHARP = 20  # k beyond which sums over events at given rates are quicker than at given times
FADED = 40.0  # exp(-40) is nothing beside 1
SPACING = 0.6  # of nodes, in standard deviations of what is integrated: to twelve digits


@inner
def phase_sums(A, silent, k):  # type: ignore[no-untyped-def]
    """Sum of the weights of phases in units of the first one or, where weights grow throughout, of the last one."""
    if k == 1 or silent <= 0.0:
        return 1.0, False
    total = 1.0
    if (A + k - 2.0) * silent < k - 1.0:
        for j in range(k - 1, 0, -1):
            total = 1.0 + (A + j - 1.0) / j * silent * total
        return total, False
    for j in range(1, k):
        total = 1.0 + total * j / ((A + j - 1.0) * silent)
    return total, True


@inner
def log_phases(A, silent, k):  # type: ignore[no-untyped-def]
    """Logarithm of the sum of the weights of phases."""
    total, grow = phase_sums(A, silent, k)
    log_total = math.log(total)
    if grow:
        for j in range(1, k):
            log_total += math.log((A + j - 1.0) / j * silent)
    return log_total


@inner
def phase_at(u, A, silent, k):  # type: ignore[no-untyped-def]
    """The phase at a level u of its distribution, and how far u goes into it: uniform if u is."""
    total, grow = phase_sums(A, silent, k)
    share = 1.0 / total
    phase = k - 1 if grow else 0
    while u >= share and (phase > 0 if grow else phase < k - 1):
        u -= share
        if grow:
            share *= phase / ((A + phase - 1.0) * silent)
            phase -= 1
        else:
            share *= (A + phase) / (phase + 1.0) * silent
            phase += 1
        if share <= 0.0:
            return phase, 0.0
    return phase, min(u / share, 1.0 - 1e-16)


@kernel
def _all_log_phases(A, silent, k, found):  # type: ignore[no-untyped-def]
    for i in range(A.size):
        found[i] = log_phases(A[i], silent[i], k)


@inner
def _within(t, A, B, a, C, silent, k, weight):  # type: ignore[no-untyped-def]
    """Expected purchases within t of a customer who is alive now, and the probability of being alive then."""
    z = t / (B + t)
    u = silent * B / (B + t)
    phases = k if u > 0.0 else 1
    for j in range(phases):
        weight[j] = 0.0
    weight[0] = 1.0
    total, bought_sum, alive_sum, before = 1.0, 0.0, 1.0, 1.0
    bought, stays, purchases, phase, M = 0.0, 1.0, 0.0, 0, 0.0
    while True:
        grown = (A + M) / (M + 1.0)
        from_same, from_last, now = grown * z, grown * u, 0.0
        for j in range(phases - 1, 0, -1):
            weight[j] = from_same * weight[j] + from_last * weight[j - 1]
            now += weight[j]
        weight[0] *= from_same
        now += weight[0]
        M += 1.0
        phase += 1
        if phase == k:
            phase, bought = 0, bought + stays
            stays *= (C + purchases) / (a + C + purchases)
            purchases += 1.0
        total += now
        bought_sum += now * bought
        alive_sum += now * stays
        if now == 0.0:
            break
        if phase == 0:
            further = now / before * max(1.0, (A + M) / (M + 1.0)) * M / (A + M - 1.0)
            if further < 1.0:
                left = 1.0 / (1.0 - further)
                if now * left * (bought + left) < NOTHING_LEFT * bought_sum and now * left < NOTHING_LEFT * total:
                    break
        if now > LARGE:
            for j in range(phases):
                weight[j] /= LARGE
            total, bought_sum, alive_sum, now = total / LARGE, bought_sum / LARGE, alive_sum / LARGE, now / LARGE
        before = now
    return bought_sum / total, alive_sum / total


@kernel
def _all_within(t, A, B, a, C, silent, k, bought, alive):  # type: ignore[no-untyped-def]
    weight = np.empty(k)
    for i in range(t.size):
        bought[i], alive[i] = _within(t[i], A[i], B[i], a[i], C[i], silent[i], k, weight)


@inner
def _course(start, end, delta, A, B, a, C, silent, k, weight, node, node_weight):  # type: ignore[no-untyped-def]
    """Integral of delta exp(-delta s) E(purchases within s) from start to end, in ln(1 + s/B)."""
    low = math.log1p(start / B)
    length, total = math.log1p(end / B) - low, 0.0
    for i in range(node.size):
        s = B * math.expm1(low + node[i] * length)
        bought, _ = _within(s, A, B, a, C, silent, k, weight)
        total += node_weight[i] * (B + s) * math.exp(-delta * s) * bought
    return delta * length * total


@kernel
def _discounted_in_time(t, delta, A, B, a, C, silent, k, node, node_weight, found):  # type: ignore[no-untyped-def]
    weight = np.empty(k)
    for i in range(t.size):
        bought, _ = _within(t[i], A[i], B[i], a[i], C[i], silent[i], k, weight)
        found[i] = bought * math.exp(-delta[i] * t[i])
        if delta[i] > 0.0:
            rest = (delta[i], A[i], B[i], a[i], C[i], silent[i], k, weight, node, node_weight)
            damped, parts = min(t[i], DAMPED * k * k * B[i] / A[i]), 1 + k // TOGETHER
            for part in range(parts):
                found[i] += _course(damped * part / parts, damped * (part + 1) / parts, *rest)
            if damped < t[i]:
                found[i] += _course(damped, t[i], *rest)


@inner
def _discounted_at(rate, t, delta, a, C, weight):  # type: ignore[no-untyped-def]
    """Expected discounted purchases at one event rate: one pass over events, all phases in it.

    The n-th event from now is a purchase to who is in the phase that lacks n of a multiple of k. It occurs at a gamma
    time, which discounting turns into one of the rate plus delta.

    Parameters
    ----------
    weight : array of shape (k,)
        Of the phases.
    """
    k, mean, share = weight.size, (rate + delta) * t, rate / (rate + delta)
    first = max(math.floor(mean - 9.0 * math.sqrt(mean) - 40.0), 0.0)  # before, every event has occurred
    chance = math.exp(first * math.log(mean) - mean - math.lgamma(first + 1.0)) if mean > 0.0 else 1.0
    rest = 1.0  # P(at least n events)
    total, passed, stays, purchases, phase, n = 0.0, 1.0, 1.0, 0.0, k, 0.0
    while True:
        n += 1.0
        phase -= 1
        passed *= share
        if n > first:
            rest -= chance
            chance *= mean / n
        if rest < NOTHING_LEFT or passed < NOTHING_LEFT * max(1.0, total):
            return total
        total += weight[phase] * stays * passed * rest
        if phase == 0:
            phase = k
            stays *= (C + purchases) / (a + C + purchases)
            purchases += 1.0


@kernel
def _discounted_over_rates(t, delta, A, B, a, C, silent, k, found):  # type: ignore[no-untyped-def]
    """Trapezoidal rule in the logarithm of the rate, which converges at once where a function fades on both sides."""
    weight, log_factorial = np.empty(k), np.array([math.lgamma(j + 1.0) for j in range(k)])
    for i in range(t.size):
        if delta[i] == 0.0:
            found[i], _ = _within(t[i], A[i], B[i], a[i], C[i], silent[i], k, weight)
            continue
        shape, fastest = A[i], A[i] + k - 1.0
        low = math.log(shape / B[i]) - math.sqrt(2.0 * FADED / shape) - FADED / shape
        slowest = min(shape / B[i], max(delta[i], 1.0 / t[i])) if t[i] > 0.0 else 1.0
        steep = shape + k  # below the slowest rate that matters, purchases go with the rate to the power of A + k
        low = max(low, math.log(slowest) - math.sqrt(2.0 * FADED / steep) - FADED / steep)
        highest = fastest / B[i] * (1.0 + math.sqrt(2.0 * FADED / fastest) + FADED / fastest)
        sharp = fastest + 1.0 + min(highest * t[i], float(k) * k)
        nodes = math.ceil((math.log(highest) - low) / (SPACING / math.sqrt(sharp)))
        step = (math.log(highest) - low) / nodes
        constant = shape * math.log(B[i]) - math.lgamma(shape) - log_phases(shape, silent[i], k) + math.log(step)
        total = 0.0
        for node in range(nodes + 1):
            log_rate = low + node * step
            rate = math.exp(log_rate)
            log_weight, passed = constant + shape * log_rate - B[i] * rate, rate * silent[i] * B[i]
            for j in range(k):
                weight[j] = 0.0
                if j == 0 or passed > 0.0:
                    several = j * math.log(passed) - log_factorial[j] if j > 0 else 0.0
                    weight[j] = math.exp(log_weight + several)
            total += _discounted_at(rate, t[i], delta[i], a[i], C[i], weight)
        found[i] = total


@kernel
def _discounted_by(ends, delta, A, B, a, C, silent, k, node, node_weight, found):  # type: ignore[no-untyped-def]
    weight = np.empty(k)
    for i in range(A.size):
        rest = (delta, A[i], B[i], a[i], C[i], silent[i], k, weight, node, node_weight)
        passed, start = 0.0, 0.0
        for e in range(ends.size):
            if delta > 0.0 and ends[e] > start:
                passed += _course(start, ends[e], *rest)
            start = ends[e]
            bought, _ = _within(start, A[i], B[i], a[i], C[i], silent[i], k, weight)
            found[i, e] = passed + bought * math.exp(-delta * start)


@kernel
def _exactly(y, t, A, B, silent, k, found):  # type: ignore[no-untyped-def]
    """P(the number of whole k events, those in the silence counted, is y)."""
    for i in range(t.size):
        z = t[i] / (B[i] + t[i])
        log_z, log_rest = math.log(z), -math.log1p(t[i] / B[i])
        log_weight, probability = -log_phases(A[i], silent[i], k), 0.0
        for j in range(k if silent[i] > 0.0 else 1):
            if j > 0:
                log_weight += math.log((A[i] + j - 1.0) / j * silent[i])
            shape, first = A[i] + j, max(y[i] * k - j, 0.0)
            log_first = shape * log_rest
            if first > 0.0:
                several = math.lgamma(shape + first) - math.lgamma(shape) - math.lgamma(first + 1.0)
                log_first += several + first * log_z
            chance = math.exp(log_weight + log_first)
            for n in range(int((y[i] + 1.0) * k - j - first)):
                probability += chance
                chance *= (shape + first + n) / (first + n + 1.0) * z
        found[i] = probability


def all_log_phases(k: int, A: Array, silent: Array) -> Array:
    """Logarithm of the sum of the weights of phases, for arrays of one shape."""
    found = np.empty(np.shape(A))
    _all_log_phases(*map(np.ravel, (A, silent)), k, found.reshape(-1))
    return found


def purchases_within(k: int, t: Array, A: Array, B: Array, a: Array, C: Array, silent: Array) -> tuple[Array, Array]:
    """Expected purchases within t of customers who are alive now, and P(alive then), for arrays of one dimension."""
    bought, alive = np.empty(t.shape), np.empty(t.shape)
    _all_within(t, A, B, a, C, silent, k, bought, alive)
    return bought, alive


def discounted_purchases(
    k: int, rule: Rule, t: Array, delta: Array, A: Array, B: Array, a: Array, C: Array, silent: Array
) -> Array:
    """Expected discounted purchases within t of customers who are alive now, for arrays of one dimension.

    For small k by parts: exp(-delta t) E(t) + integral of delta exp(-delta s) E(s), both positive, where E(s) is
    smoother than the purchase rate; the first gaps, in which purchases are still in step, have rules of their own. For
    large k E(s) has steps. At a given event rate, though, the n-th event is discounted in closed form, and what is left
    is an integral over rates.
    """
    found = np.empty(t.shape)
    if k <= SHARP:
        _discounted_in_time(t, delta, A, B, a, C, silent, k, *rule, found)
    else:
        _discounted_over_rates(t, delta, A, B, a, C, silent, k, found)
    return found


def discounted_purchases_by(
    k: int, rule: Rule, ends: Array, delta: float, A: Array, B: Array, a: Array, C: Array, silent: Array
) -> Array:
    """The same by each of several ends, ascending: shape (customers, ends)."""
    found = np.empty((A.size, ends.size))
    _discounted_by(ends, delta, A, B, a, C, silent, k, *rule, found)
    return found


def exactly(k: int, y: Array, t: Array, A: Array, B: Array, silent: Array) -> Array:
    """P(y purchases within t, if no customer leaves), for arrays of one dimension."""
    found = np.empty(t.shape)
    _exactly(y, t, A, B, silent, k, found)
    return found
