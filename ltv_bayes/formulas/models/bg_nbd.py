"""BG/NBD: repeat purchases of customers who may leave, unseen, after any purchase.

While alive a customer buys at rate lambda ~ Gamma(r, alpha); after each repeat purchase they leave with
probability p ~ Beta(a, b). A history is the frequency (number of repeat purchases), the recency (time from
first to last purchase) and T (time from first purchase to the as-of date), all in one time unit.

Every function takes arrays that broadcast against each other: histories against parameters, so that
parameters of shape (draws, 1) and histories of shape (customers,) give (draws, customers).

Sources: Fader, Hardie & Lee (2005), Marketing Science 24, equation numbers below; Hardie's notes 021
(probability of being alive) and 039 (derivations).

The renewal property carries everything from new customers to existing ones: given alive at T,
lambda ~ Gamma(r + frequency, alpha + T) and p ~ Beta(a, b + frequency), independently. So each forecast
is written once, for a customer described by (A, B, a, C).
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.polynomial import legendre
from scipy import special

from ltv_bayes.formulas.kernels import dropout
from ltv_bayes.formulas.special import (
    Array,
    IntArray,
    Numbers,
    gauss_legendre,
    hypergeometric,
    log_beta,
    log_rising_factorial,
    one_minus_power,
)

NAME = "bg_nbd"
PARAMETERS = ("r", "alpha", "a", "b")

QUADRATURE_NODES = (8, 12, 16, 24, 32, 48, 64, 96, 128)
EXACT = 34.0  # of a quadrature: exp(-34) is left out
STRIPS = np.pi / 2 / 2 ** np.arange(6)  # half of the width in which the rate is bounded
TOO_FEW_DIGITS, FADED = 1e-4, 1e-6
APART = 50.0  # of a + C and A: beyond, 2F1 loses its digits
DISCOUNTED_AWAY = dropout.DISCOUNTED_AWAY
LARGEST_POISSON_MEAN = 1e15


class Outlook(NamedTuple):
    """What a history says of the future: P(alive), lambda ~ Gamma(A, B), p ~ Beta(a, C)."""

    alive: Array
    A: Array
    B: Array
    a: Array
    C: Array

    def given_alive(self) -> Self:
        """The same of customers who are known to be alive."""
        return self._replace(alive=np.ones_like(self.alive))

    def expected_purchases(self, t: Numbers) -> Array:
        """Expected number of purchases within t."""
        return expected_purchases(t, self)

    def discounted_expected_purchases(self, t: Numbers, delta: Numbers) -> Array:
        """The same, each discounted at its own time."""
        return discounted_expected_purchases(t, delta, self)

    def discounted_expected_purchases_by(self, ends: Numbers, delta: float) -> Array:
        """The same by each of several ends, ascending: shape (..., ends)."""
        return discounted_expected_purchases_by(ends, delta, self)

    def probability_of_purchases(self, y: Numbers, t: Numbers) -> Array:
        """P(exactly y purchases within t)."""
        return probability_of_purchases(y, t, self)

    def probability_alive_after(self, s: Numbers) -> Array:
        """P(still alive at a time s from now)."""
        return probability_alive_after(s, self)

    def draw(self, rng: np.random.Generator, t: Numbers) -> "FuturePurchases":
        """Draw purchases within t."""
        return draw_purchases(rng, t, self)


def log_likelihood(
    frequency: Numbers,
    recency: Numbers,
    T: Numbers,
    *,
    r: Numbers,
    alpha: Numbers,
    a: Numbers,
    b: Numbers,
) -> Array:
    """Log-likelihood of one customer's history, equation (6).

    Examples
    --------
    >>> round(float(log_likelihood(0, 0, 40, r=0.25, alpha=4, a=0.8, b=2.5)), 8)
    -0.59947382
    """
    x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (frequency, recency, T)))
    r, alpha, a, b = (np.asarray(v, dtype=float) for v in (r, alpha, a, b))
    purchases = log_rising_factorial(r, x) - r * np.log1p(T / alpha)
    staying = log_beta(a, b + x) - log_beta(a, b)
    still_alive = -x * np.log(alpha + T)
    left_at_last = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + still_alive + (r + x) * log_ratio(t_x, T, alpha)
    return purchases + staying + np.where(x > 0, np.logaddexp(still_alive, left_at_last), still_alive)


def probability_alive(
    frequency: Numbers,
    recency: Numbers,
    T: Numbers,
    *,
    r: Numbers,
    alpha: Numbers,
    a: Numbers,
    b: Numbers,
) -> Array:
    """P(alive at T | history), Hardie's note 021; exactly 1 for a customer without a repeat purchase.

    Examples
    --------
    >>> round(float(probability_alive(2, 30.43, 38.86, r=0.243, alpha=4.414, a=0.793, b=2.426)), 4)
    0.7266
    """
    x = np.asarray(frequency, dtype=float)
    alpha = np.asarray(alpha, dtype=float)
    log_odds_of_death = (
        np.log(a) - np.log(np.asarray(b) + np.maximum(x, 1) - 1) + (np.asarray(r) + x) * log_ratio(recency, T, alpha)
    )
    return np.where(x == 0, 1.0, special.expit(-log_odds_of_death))


def outlook(
    frequency: Numbers,
    recency: Numbers,
    T: Numbers,
    *,
    r: Numbers,
    alpha: Numbers,
    a: Numbers,
    b: Numbers,
) -> Outlook:
    """Everything that the history says of the future, by the renewal property."""
    x, T = np.asarray(frequency, dtype=float), np.asarray(T, dtype=float)
    alive = probability_alive(x, recency, T, r=r, alpha=alpha, a=a, b=b)
    return Outlook(alive, np.asarray(r) + x, np.asarray(alpha) + T, np.asarray(a, dtype=float), np.asarray(b) + x)


def outlook_of_new_customer(*, r: Numbers, alpha: Numbers, a: Numbers, b: Numbers) -> Outlook:
    """The future of a customer at the moment of the first purchase."""
    return outlook(0, 0, 0, r=r, alpha=alpha, a=a, b=b)


def expected_purchases(t: Numbers, future: Outlook) -> Array:
    """Expected number of purchases within a time t from now, equation (10) after Euler's transformation.

    The textbook form overflows for heavy buyers and is singular at a = 1; here the singular factor is
    divided out. Where too few digits would be left (near it, for tiny t or A, with a + C near or below 1, or far from
    A) the mean over p takes over.
    """
    t, alive, A, B, a, C = _broadcast(t, *future)
    c, excess = a + C - 1, a - 1
    z = t / (B + t)
    lost = (np.abs(excess) * z < TOO_FEW_DIGITS) | (c < 0.1) | _apart(A, a, C)
    safe_excess, safe_c = np.where(lost, 1.0, excess), np.where(lost, 1.0, c)
    log_waiting = -np.log1p(t / B)
    with np.errstate(over="ignore", invalid="ignore"):
        series = (hypergeometric(safe_excess, np.where(lost, 0.0, c - A), safe_c, z) - 1) / safe_excess
        endless = one_minus_power(log_waiting, safe_excess)
        expected = np.asarray(safe_c * (endless - np.exp(safe_excess * log_waiting) * series))
        lost |= ~np.isfinite(expected) | ~(expected > TOO_FEW_DIGITS * safe_c * endless)
    if lost.any():
        expected[lost] = dropout.purchases_within(*(part[lost] for part in (t / B, A, a, C)))
    return alive * expected


def purchase_rate(s: Numbers, future: Outlook) -> Array:
    """Expected purchases per time unit at a time s from now; finite for every a > 0."""
    s, alive, A, B, a, C = _broadcast(s, *future)
    return _of_those_who_stay(alive * A / B, s, A + 1, B, a, C)


def discounted_expected_purchases(t: Numbers, delta: Numbers, future: Outlook) -> Array:
    """Integral of the purchase rate times exp(-delta s) over (0, t); t may be infinite when delta > 0.

    Gauss-Legendre quadrature in y = ln(1 + s/B), where the integrand is smooth.
    """
    t, delta, alive, A, B, a, C = _broadcast(t, delta, *future)
    with np.errstate(divide="ignore"):
        end = np.minimum(t, DISCOUNTED_AWAY / delta)
    length, lost = np.log1p(end / B), _apart(A, a, C)
    total, enough = np.zeros(np.shape(length)), np.minimum(_nodes_enough(length, delta, A, B), QUADRATURE_NODES[-1])
    for number in QUADRATURE_NODES:
        if (usual := ~lost & (enough == number)).any():
            some = [part[usual] for part in (delta, A, B, a, C)]
            for node, weight in zip(*gauss_legendre(number), strict=True):
                total[usual] += weight * _discounted_rate(node * length[usual], *some)
    found = np.asarray(alive * length * total)
    lost |= ~np.isfinite(found)
    if lost.any():
        ends, damping = (end / B)[lost][:, np.newaxis], (delta * B)[lost]
        few = dropout.discounted_purchases_by(ends, damping, A[lost], a[lost], C[lost])
        found[lost] = alive[lost] * few[:, 0]
    return found


def discounted_expected_purchases_by(ends: Numbers, delta: float, future: Outlook) -> Array:
    """The same integral up to each of several ends, ascending: the course of expected discounted purchases.

    Parameters
    ----------
    ends : array of shape (ends,)
        Times from now.
    future : Outlook
        Parts of shape (...).

    Returns
    -------
    array of shape (..., ends)
    """
    alive, A, B, a, C = _broadcast(*future)
    ends = np.asarray(ends, dtype=float)
    y = np.log1p(ends / B[..., np.newaxis])
    found, enough = np.zeros(y.shape), _nodes_enough(y.max(axis=-1, initial=0.0), delta, A, B, of_all=2)
    lost = _apart(A, a, C) | (enough == np.inf)
    for number in QUADRATURE_NODES:
        if (usual := ~lost & (enough == number)).any():
            found[usual] = _sums(number, y[usual], delta, *(part[usual] for part in (A, B, a, C)))
    lost |= ~np.isfinite(found).all(axis=-1)
    if lost.any():
        few = [part[lost] for part in (delta * B, A, a, C)]
        found[lost] = dropout.discounted_purchases_by(ends / B[lost][:, np.newaxis], *few)
    return alive[..., np.newaxis] * found


def _sums(number: int, y: Array, delta: float, A: Array, B: Array, a: Array, C: Array) -> Array:
    """Integrals of the discounted rate up to each y, ascending in rows: of the polynomial through its values."""
    node, weight = gauss_legendre(number)
    length = y.max(axis=-1, initial=0.0)
    values = weight[:, np.newaxis] * _discounted_rate(node[:, np.newaxis] * length, delta, A, B, a, C)
    series = (legendre.legvander(2 * node - 1, number - 1) * (2 * np.arange(number) + 1)).T @ values
    place = 2 * np.divide(y.T, length, out=np.zeros(y.T.shape), where=length > 0) - 1
    integral = legendre.legint(series, lbnd=-1, scl=0.5)
    return (length * legendre.legval(place, integral[:, np.newaxis], tensor=False)).T


def _nodes_enough(length: Array, delta: Numbers, A: Array, B: Array, *, of_all: int = 1) -> Array:
    """How many Gauss-Legendre nodes integrate the discounted rate up to y, of `QUADRATURE_NODES`; infinity beyond.

    The rate is bounded in ellipses around (0, y), and the error falls by their size squared from node to node
    (Trefethen, 2008, SIAM Review 50, theorem 4.5); that of the polynomial, which is good up to all ends, by their size.
    """
    half = length[..., np.newaxis] / 2
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        beyond = np.sqrt(half**2 + STRIPS**2) - half
        steep = (A[..., np.newaxis] + 1) * (beyond - np.log(np.cos(STRIPS / 2))) + beyond
        fading = np.asarray(delta * B)[..., np.newaxis] * (1 - np.exp(-beyond) * np.cos(STRIPS))
        number = of_all * (EXACT + steep + fading) / (2 * np.arcsinh(STRIPS / half))
    return np.append(QUADRATURE_NODES, np.inf)[np.searchsorted(QUADRATURE_NODES, number.min(axis=-1))]


def _discounted_rate(y: Array, delta: Array | float, A: Array, B: Array, a: Array, C: Array) -> Array:
    """Purchases of today's worth per unit of y = ln(1 + s/B), of a customer who is alive now."""
    with np.errstate(over="ignore", invalid="ignore"):
        rate = A * np.exp(-(a - 1) * y) * hypergeometric(a, a + C - A - 1, a + C, -np.expm1(-y))
        return rate * np.exp(-delta * B * np.expm1(y))


def probability_alive_after(s: Numbers, future: Outlook) -> Array:
    """P(still alive at a time s from now)."""
    s, alive, A, B, a, C = _broadcast(s, *future)
    return _of_those_who_stay(alive, s, A, B, a, C)


def _of_those_who_stay(factor: Array, s: Array, A: Array, B: Array, a: Array, C: Array) -> Array:
    """A factor times the mean of (1 + p s/B)^-A over p."""
    u, lost = s / (B + s), _apart(A, a, C)
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.asarray(factor * (1 - u) ** a * hypergeometric(a, np.where(lost, 0.0, a + C - A), a + C, u))
        lost |= ~np.isfinite(found) | ~(found > FADED * factor)
    if lost.any():
        found[lost] = factor[lost] * dropout.staying(*(part[lost] for part in (s / B, A, a, C)))
    return found


def _apart(A: Array, a: Array, C: Array) -> np.ndarray:
    return np.abs(a + C - A) > APART


def probability_of_purchases(y: Numbers, t: Numbers, future: Outlook) -> Array:
    """P(exactly y purchases within a time t from now), equation (8) carried over by renewal."""
    y, t, alive, A, B, a, C = _broadcast(y, t, *future)
    z = t / (B + t)
    if not np.any(y > 0):
        return (1 - alive) + alive * np.exp(-A * np.log1p(t / B))
    positive = np.maximum(y, 1)
    log_count = (
        special.gammaln(A + y) - special.gammaln(A) - special.gammaln(y + 1) - A * np.log1p(t / B) + special.xlogy(y, z)
    )
    stayed = np.exp(log_beta(a, C + y) - log_beta(a, C) + log_count)
    left_at_last = np.exp(log_beta(a + 1, C + positive - 1) - log_beta(a, C)) * special.betainc(positive, A, z)
    return (1 - alive) * (y == 0) + alive * (stayed + np.where(y > 0, left_at_last, 0.0))


class FuturePurchases(NamedTuple):
    """Drawn purchases of a number of futures: whole counts, and what places them in time.

    ``possible`` is the number of purchase occasions had the customer stayed; a customer with
    ``number < possible`` left at the last purchase.
    """

    number: Array
    possible: Array

    def last_time(self, rng: np.random.Generator, t: Numbers) -> Array:
        """When the last one is; 0 where there is none."""
        return draw_last_purchase_time(rng, t, self)

    def times(self, rng: np.random.Generator, t: Numbers) -> tuple[IntArray, Array]:
        """Which future each purchase belongs to, and its time from now, of futures in one row."""
        return draw_purchase_times(rng, t, self)


def draw_purchases(rng: np.random.Generator, t: Numbers, future: Outlook) -> FuturePurchases:
    """Draw the exact number of purchases within a time t, one for each element of the outlook and of t.

    Poisson occasions and a geometric number of purchases until leaving; the smaller one is the count.
    """
    t, alive, A, B, a, C = _broadcast(t, *future)
    rate = rng.gamma(A) / B
    leaving = rng.beta(a, C)
    possible = rng.poisson(np.minimum(rate * t, LARGEST_POISSON_MEAN)).astype(float)
    with np.errstate(divide="ignore", over="ignore"):
        until_leaving = np.ceil(np.log1p(-rng.random(alive.shape)) / np.log1p(-leaving))
    stays = rng.random(alive.shape) < alive
    count = np.where(stays, np.minimum(possible, np.maximum(until_leaving, 1)), 0.0)
    return FuturePurchases(count, possible)


def draw_last_purchase_time(rng: np.random.Generator, t: Numbers, purchases: FuturePurchases) -> Array:
    """Draw the time of the last purchase within t; 0 where there is none."""
    count, possible = purchases
    none = count == 0
    last = rng.beta(np.where(none, 1, count), np.where(none, 1, possible - count + 1))
    return np.where(none, 0.0, np.asarray(t, dtype=float) * last)


def draw_purchase_times(rng: np.random.Generator, t: Numbers, purchases: FuturePurchases) -> tuple[IntArray, Array]:
    """Draw when each purchase within t happens.

    Parameters
    ----------
    purchases
        Result of `draw_purchases`, of shape (futures,).

    Returns
    -------
    owner, time : arrays of shape (total purchases,)
        Which future each purchase belongs to, and its time from now; unordered within a future.
    """
    count = purchases.number.astype(np.int64)
    owner = np.repeat(np.arange(count.size), count)
    left = (count > 0) & (count < purchases.possible)
    end = np.where(left, draw_last_purchase_time(rng, t, purchases), t)
    time = rng.random(owner.size) * end[owner]
    last = np.cumsum(count) - 1
    time[last[left]] = end[left]
    return owner, time


def log_ratio(recency: Numbers, T: Numbers, alpha: Numbers) -> Array:
    """ln ((alpha + T) / (alpha + recency)), without cancelling where alpha is large."""
    recency = np.asarray(recency, dtype=float)
    return np.log1p((np.asarray(T, dtype=float) - recency) / (np.asarray(alpha, dtype=float) + recency))


def _broadcast(*values: Numbers) -> tuple[Array, ...]:
    return np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in values))
