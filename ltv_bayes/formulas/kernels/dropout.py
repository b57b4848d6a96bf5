"""Means over the probability of leaving, compiled: forecasts of BG/NBD at any parameters.

A customer who is alive buys at rate lambda ~ Gamma(A, B), and leaves after each purchase with probability
p ~ Beta(a, C). Given p, they are alive after a time s with probability (1 + p s/B)^-A, and (1 - (1 + p s/B)^-A) / p
purchases are expected until then. The means over p are hypergeometric functions, of which overflow times underflow is
left where customers are alike in p (large a + C).

Here they are taken by the trapezoidal rule in the log-odds of p, which converges geometrically; beyond both ends the
density falls by the same factor from node to node. All summands are positive, so no digit is lost. Times are in units
of B: w = s/B.
"""

import math

import numpy as np

from ltv_bayes.formulas.kernels.blocks import inner, kernel
from ltv_bayes.formulas.special import Array, gauss_legendre

FAR = 37.0  # exp(-37) is nothing beside 1
WIDE = 9.0  # standard deviations of the log-odds
STEP, SPACING = 0.25, 0.6  # of nodes: in log-odds, and in standard deviations of these
MOST_NODES = 20_000
NODES_OF_PIECE = 8  # for each unit of ln(1 + s/c), where c is the shortest time in which anything changes
DISCOUNTED_AWAY = 60.0


@inner
def _mode(w, A, a, C):  # type: ignore[no-untyped-def]
    """Log-odds at which the density times (1 + p w)^-A is largest, a quadratic equation, and their sd there."""
    half = 0.5 * (a * (1.0 + w) - C - A * w)
    root = math.sqrt(half * half + C * (1.0 + w) * a)
    odds = (half + root) / (C * (1.0 + w)) if half > 0.0 else a / (root - half)
    p, q = odds / (1.0 + odds), 1.0 / (1.0 + odds)
    share = w * p / (1.0 + w * p)
    curvature = (a + C) * p * q + A * share * q * ((1.0 - share) * q - p)
    return math.log(odds), 1.0 / math.sqrt(max(curvature, 1e-3 * (a + C) * p * q))


@inner
def nodes_of_dropout(w, A, a, C):  # type: ignore[no-untyped-def]
    """Values of p, and logarithms of their weights, for functions of p w' at all w' up to w."""
    middle, sd = math.log(a / C), math.sqrt(1.0 / a + 1.0 / C)
    mode, sd_there = _mode(w, A, a, C)
    floor = min(-middle, 0.0, -middle - math.log(1.0 + A * w)) - FAR
    low = min(-WIDE * sd, mode - middle - WIDE * sd_there) - FAR / max(a - 1.0, 0.01)
    low, high = max(low, floor), min(max(-middle, 0.0) + FAR, WIDE * sd + FAR / C)
    spaces = (high - low) / min(STEP, SPACING * min(sd, sd_there))
    number = 2 + int(min(spaces, MOST_NODES)) if spaces > 0.0 else 2  # NaN stays NaN
    step = (high - low) / (number - 1)
    p, log_weight = np.empty(number), np.empty(number)
    for i in range(number):
        off = low + i * step  # from the middle, so that nothing cancels where a and C are large
        if a < C:
            grown = a / (a + C) * math.expm1(off)
            p[i] = a / (a + C) * math.exp(off) / (1.0 + grown)
            log_weight[i] = a * off - (a + C) * math.log1p(grown)
        else:
            grown = C / (a + C) * math.expm1(-off)
            p[i] = a / (a + C) / (1.0 + grown)
            log_weight[i] = -C * off - (a + C) * math.log1p(grown)
    log_weight[0] -= math.log(-math.expm1(-a * step))
    log_weight[-1] -= math.log(-math.expm1(-C * step))
    largest, total = log_weight[0], 0.0  # written out, since NumPy's maximum takes a second to compile
    for i in range(1, number):
        largest = log_weight[i] if log_weight[i] > largest else largest
    for i in range(number):
        total += math.exp(log_weight[i] - largest)
    log_weight -= largest + math.log(total)
    return p, log_weight


@kernel
def _staying(w, A, a, C, found):  # type: ignore[no-untyped-def]
    for i in range(w.size):
        p, log_weight = nodes_of_dropout(w[i], A[i], a[i], C[i])
        total = 0.0
        for j in range(p.size):
            total += math.exp(log_weight[j] - A[i] * math.log1p(p[j] * w[i]))
        found[i] = min(total, 1.0)


@kernel
def _bought(w, A, a, C, found):  # type: ignore[no-untyped-def]
    for i in range(w.size):
        p, log_weight = nodes_of_dropout(w[i], A[i], a[i], C[i])
        total = 0.0
        for j in range(p.size):
            total -= math.exp(log_weight[j]) * math.expm1(-A[i] * math.log1p(p[j] * w[i])) / p[j]
        found[i] = min(total, A[i] * w[i])


@kernel
def _discounted_by(w, damping, A, a, C, node, node_weight, found):  # type: ignore[no-untyped-def]
    for i in range(A.size):
        far = min(w[i, -1], DISCOUNTED_AWAY / damping[i])
        if not far < np.inf:
            found[i] = np.nan
            continue
        p, log_weight = nodes_of_dropout(far, A[i], a[i], C[i])
        weight = np.exp(log_weight)
        scale, start, passed = 1.0 / max(A[i], damping[i], 1.0), 0.0, 0.0
        for e in range(w.shape[1]):
            end = min(w[i, e], far)
            low, high = math.log1p(start / scale), math.log1p(end / scale)
            pieces = math.ceil(high - low)
            length = (high - low) / max(pieces, 1)
            for piece in range(pieces):
                for n in range(node.size):
                    s = scale * math.expm1(low + (piece + node[n]) * length)
                    rate = 0.0
                    for j in range(p.size):
                        rate += weight[j] * math.exp(-(A[i] + 1.0) * math.log1p(p[j] * s))
                    passed += node_weight[n] * length * (scale + s) * A[i] * rate * math.exp(-damping[i] * s)
            start = end
            found[i, e] = passed


def staying(w: Array, A: Array, a: Array, C: Array) -> Array:
    """E (1 + p w)^-A, for arrays of one dimension."""
    found = np.empty(w.shape)
    _staying(w, A, a, C, found)
    return found


def purchases_within(w: Array, A: Array, a: Array, C: Array) -> Array:
    """E (1 - (1 + p w)^-A) / p, for arrays of one dimension."""
    found = np.empty(w.shape)
    _bought(w, A, a, C, found)
    return found


def discounted_purchases_by(w: Array, damping: Array, A: Array, a: Array, C: Array) -> Array:
    """Integral of exp(-damping s) A E (1 + p s)^-(A + 1) up to each of several w, ascending: shape (..., ends)."""
    found = np.empty(w.shape)
    _discounted_by(w, damping, A, a, C, *gauss_legendre(NODES_OF_PIECE), found)
    return found
