"""Gamma-gamma: what a customer spends per order, independent of how often they order.

Order values of one customer are Gamma(p, nu); nu ~ Gamma(q, v) differs between customers. A history is the
frequency (number of repeat orders that carry a value) and monetary_value (their mean). v is in money, p and
q are pure numbers; q > 1 for mean spend to exist.

Sources: Fader, Hardie & Lee (2005), Journal of Marketing Research 42; Hardie's note 025.
"""

from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from ltv_bayes.formulas.special import Array, Numbers, log_beta

NAME = "gamma_gamma"
PARAMETERS = ("p", "q", "v")
MOST_ORDERS = 10.0  # that a customer counts as


def log_likelihood(frequency: Numbers, monetary_value: Numbers, *, p: Numbers, q: Numbers, v: Numbers) -> Array:
    """Log density of the mean of `frequency` orders, note 025 equation (1a); frequency must be positive.

    Its powers are collected into x m / (v + x m) and v / (v + x m), which do not cancel for large p or x.

    Examples
    --------
    >>> round(float(log_likelihood(1, 35.0, p=6.25, q=3.74, v=15.44)), 8)
    -4.18211803
    """
    x, m = np.asarray(frequency, dtype=float), np.asarray(monetary_value, dtype=float)
    p, q, v = (np.asarray(value, dtype=float) for value in (p, q, v))
    total = x * m
    return -log_beta(p * x, q) - p * x * np.log1p(v / total) - q * np.log1p(total / v) - np.log(m)


def population_mean_spend(*, p: Numbers, q: Numbers, v: Numbers) -> Array:
    """Expected order value of a customer nothing is known of: p v / (q - 1), infinite for q <= 1.

    Examples
    --------
    >>> round(float(population_mean_spend(p=6.24957, q=3.74422, v=15.44352)), 2)
    35.17
    """
    return expected_spend(0, 0.0, p=p, q=q, v=v)


def population_median_spend(*, p: Numbers, q: Numbers, v: Numbers) -> Array:
    """Order value that half of the customers exceed on average: p over the median of nu.

    Examples
    --------
    >>> round(float(population_median_spend(p=6.24957, q=3.74422, v=15.44352)), 2)
    28.25
    """
    return np.asarray(p * np.asarray(v) / special.gammaincinv(q, 0.5))


def expected_spend(frequency: Numbers, monetary_value: Numbers, *, p: Numbers, q: Numbers, v: Numbers) -> Array:
    """Expected order value of a customer with this history, note 025 equation (5); infinite where it has no mean."""
    p = np.asarray(p, dtype=float)
    shape, rate = spend_outlook(frequency, monetary_value, p=p, q=q, v=v)
    with np.errstate(divide="ignore"):
        return np.where(shape > 1, p * rate / np.maximum(shape - 1, 0), np.inf)


def spend_outlook(
    frequency: Numbers, monetary_value: Numbers, *, p: Numbers, q: Numbers, v: Numbers
) -> tuple[Array, Array]:
    """Shape and rate of the customer's nu ~ Gamma(p x + q, v + x m) given the history; frequency may be 0."""
    x = np.asarray(frequency, dtype=float)
    total = np.where(x > 0, x * np.nan_to_num(np.asarray(monetary_value, dtype=float)), 0.0)
    return np.asarray(p) * x + np.asarray(q), np.asarray(v) + total


def draw_spend_rate(
    rng: np.random.Generator,
    frequency: Numbers,
    monetary_value: Numbers,
    *,
    p: Numbers,
    q: Numbers,
    v: Numbers,
) -> Array:
    """Draw each customer's nu given the history: once per customer and draw, shared by all of their orders."""
    shape, rate = spend_outlook(frequency, monetary_value, p=p, q=q, v=v)
    shape, rate = np.broadcast_arrays(shape, rate)
    return rng.gamma(shape) / rate


def draw_order_values(rng: np.random.Generator, p: Numbers, nu: Numbers) -> Array:
    """Draw the value of one order for each element of p and nu."""
    return draw_total_spend(rng, 1, p, nu)


def draw_total_spend(rng: np.random.Generator, orders: Numbers, p: Numbers, nu: Numbers) -> Array:
    """Draw the total value of a number of orders of one customer: Gamma(p y, nu), and 0 for no order."""
    shape, nu = np.broadcast_arrays(np.asarray(p) * orders, nu)
    return rng.gamma(shape) / nu


class Ratio(NamedTuple):
    """How much first orders are worth, relative to later ones of the same customers.

    Attributes
    ----------
    value : float
        The ratio; NaN where no customer shows it.
    log_error : float
        Standard error of its logarithm.
    customers : int
        With both.
    """

    value: float
    log_error: float
    customers: int


def ratio_of_first_orders(first: Array, number: Array, mean: Array) -> Ratio:
    """How much first orders are worth, relative to later ones of the same customers.

    If the first of 1 + x orders is like any other, its share of their total is 1 / (1 + x) on average, whatever the
    distribution of order values, and however customers differ. The ratio is what first orders have to be divided by for
    this to hold: the root of an estimating equation, with a sandwich error. Customers weigh as much as they have
    orders, up to ten.

    Parameters
    ----------
    first, number, mean : arrays of shape (customers,)
        Value of the first order, number of later ones, and their mean value; only rows with both above 0 count.

    Examples
    --------
    >>> found = ratio_of_first_orders(np.array([8.0, 16.0, 5.0]), np.array([2, 2, 0]), np.array([10.0, 20.0, 0.0]))
    >>> round(found.value, 6), found.customers
    (0.8, 2)
    """
    some = (first > 0) & (number > 0) & (mean > 0)
    log_odds = np.log(first[some]) - np.log(mean[some] * number[some])
    expected, weight = 1 / (1 + number[some]), np.minimum(1.0 + number[some], MOST_ORDERS)
    if not some.any():
        return Ratio(np.nan, np.inf, 0)

    def excess(log_ratio: float) -> float:
        return float(weight @ (special.expit(log_odds - log_ratio) - expected))

    far = 1 + np.abs(log_odds + np.log(number[some])).max()
    root = float(optimize.brentq(excess, -far, far, xtol=1e-12))
    share = special.expit(log_odds - root)
    spread = np.sqrt(np.sum((weight * (share - expected)) ** 2))
    return Ratio(float(np.exp(root)), float(spread / (weight @ (share * (1 - share)))), int(some.sum()))
