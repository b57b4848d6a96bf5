"""Whole log-likelihoods with their gradients in one pass over unique histories, compiled once and kept on disk.

The formulas say what is computed; here it is computed fast. Tests hold the two, and the PyTensor graphs, equal.

What depends on the frequency alone is computed once per purchase number, since a sum over customers of
ln (r + 0) + ... + ln (r + x - 1) is a sum over k of ln (r + k) times the number of customers with more than k
purchases. What depends on T alone is computed once per distinct T. The rest is one loop over repeat buyers.
"""

from typing import NamedTuple

import numba
import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array


class PurchaseTables(NamedTuple):
    """Histories laid out for the kernel.

    Attributes
    ----------
    more_than : array of shape (largest frequency,)
        Number of customers with more than k repeat purchases, k = 0, 1, ...
    T, T_count : arrays of shape (distinct T,)
        Distinct T, and the number of customers with each.
    x, t_x, T_x, customers : arrays of shape (unique histories with a repeat purchase,)
        Frequency, recency, T, number of customers.
    """

    more_than: Array
    T: Array
    T_count: Array
    x: Array
    t_x: Array
    T_x: Array
    customers: Array


class SpendTables(NamedTuple):
    """Spend histories laid out for the kernel.

    Attributes
    ----------
    x, x_count : arrays of shape (distinct frequencies,)
        Distinct frequency, and the number of customers with each.
    orders, total, customers : arrays of shape (unique spend histories,)
        Frequency, total spend, number of customers.
    constant : array of shape (1,)
        What the likelihood holds of the data alone.
    """

    x: Array
    x_count: Array
    orders: Array
    total: Array
    customers: Array
    constant: Array


def purchase_tables(frequency: Array, recency: Array, T: Array, count: Array) -> PurchaseTables:
    """Lay out unique histories with their counts."""
    count = np.asarray(count, dtype=float)
    by_frequency = np.bincount(frequency.astype(np.int64), weights=count)
    more_than = count.sum() - np.cumsum(by_frequency)[:-1]
    distinct, position = np.unique(T, return_inverse=True)
    buys = frequency > 0
    columns = (np.ascontiguousarray(v[buys], dtype=float) for v in (frequency, recency, T, count))
    return PurchaseTables(more_than, distinct, np.bincount(position, weights=count), *columns)


def spend_tables(frequency: Array, monetary_value: Array, count: Array) -> SpendTables:
    """Lay out unique spend histories with their counts."""
    x, count = np.asarray(frequency, dtype=float), np.asarray(count, dtype=float)
    distinct, position = np.unique(x, return_inverse=True)
    constant = -np.sum(count * np.log(monetary_value))
    return SpendTables(
        distinct, np.bincount(position, weights=count), x, x * monetary_value, count, np.array([constant])
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bg_nbd(r, alpha, a, b, more_than, T, T_count, x, t_x, T_x, count):  # type: ignore[no-untyped-def]
    """Log-likelihood of BG/NBD and its derivatives by r, alpha, a, b."""
    value, d_r, d_alpha, d_a, d_b = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(more_than.size):
        rest = more_than[k]
        value += rest * (np.log(r + k) - np.log1p(a / (b + k)))
        d_r += rest / (r + k)
        d_a -= rest / (a + b + k)
        d_b += rest * a / ((b + k) * (a + b + k))
    for i in range(T.size):
        grown = np.log1p(T[i] / alpha)
        value -= T_count[i] * r * grown
        d_r -= T_count[i] * grown
        d_alpha += T_count[i] * r * T[i] / (alpha * (alpha + T[i]))
    log_a = np.log(a)
    for i in range(x.size):
        n, since, until = count[i], alpha + T_x[i], alpha + t_x[i]
        longer = np.log1p((T_x[i] - t_x[i]) / until)
        odds = log_a - np.log(b + x[i] - 1.0) + (r + x[i]) * longer
        if odds > 0.0:
            e = np.exp(-odds)
            left, branch = 1.0 / (1.0 + e), odds + np.log1p(e)
        else:
            e = np.exp(odds)
            left, branch = e / (1.0 + e), np.log1p(e)
        value += n * (branch - x[i] * np.log(since))
        d_r += n * left * longer
        d_alpha += n * (left * (r + x[i]) * (1.0 / since - 1.0 / until) - x[i] / since)
        d_a += n * left / a
        d_b -= n * left / (b + x[i] - 1.0)
    return value, d_r, d_alpha, d_a, d_b


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bg_nbd_value(r, alpha, a, b, more_than, T, T_count, x, t_x, T_x, count):  # type: ignore[no-untyped-def]
    """Log-likelihood of BG/NBD without its derivatives."""
    value = 0.0
    for k in range(more_than.size):
        value += more_than[k] * (np.log(r + k) - np.log1p(a / (b + k)))
    for i in range(T.size):
        value -= T_count[i] * r * np.log1p(T[i] / alpha)
    log_a = np.log(a)
    for i in range(x.size):
        since, until = alpha + T_x[i], alpha + t_x[i]
        odds = log_a - np.log(b + x[i] - 1.0) + (r + x[i]) * np.log1p((T_x[i] - t_x[i]) / until)
        branch = odds + np.log1p(np.exp(-odds)) if odds > 0.0 else np.log1p(np.exp(odds))
        value += count[i] * (branch - x[i] * np.log(since))
    return value


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _spend_value(p, q, v, orders, total, count):  # type: ignore[no-untyped-def]
    value = 0.0
    for i in range(orders.size):
        value -= count[i] * (p * orders[i] * np.log1p(v / total[i]) + q * np.log1p(total[i] / v))
    return value


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _spend_sums(p, q, v, orders, total, count):  # type: ignore[no-untyped-def]
    value, d_p, d_q, d_v = 0.0, 0.0, 0.0, 0.0
    for i in range(orders.size):
        n, x = count[i], orders[i]
        of_spend, of_v = np.log1p(v / total[i]), np.log1p(total[i] / v)
        value -= n * (p * x * of_spend + q * of_v)
        d_p -= n * x * of_spend
        d_q -= n * of_v
        d_v += n * (q * total[i] / v - p * x) / (v + total[i])
    return value, d_p, d_q, d_v


def gamma_gamma(p, q, v, x, x_count, orders, total, count, constant):  # type: ignore[no-untyped-def]
    """Log-likelihood of gamma-gamma and its derivatives by p, q, v."""
    value, d_p, d_q, d_v = _spend_sums(p, q, v, orders, total, count)
    both = special.digamma(p * x + q)
    value += constant[0] - np.sum(x_count * special.betaln(p * x, q))
    d_p += np.sum(x_count * x * (both - special.digamma(p * x)))
    d_q += np.sum(x_count * (both - special.digamma(q)))
    return value, d_p, d_q, d_v


def gamma_gamma_value(p, q, v, x, x_count, orders, total, count, constant):  # type: ignore[no-untyped-def]
    """Log-likelihood of gamma-gamma without its derivatives."""
    return _spend_value(p, q, v, orders, total, count) + constant[0] - np.sum(x_count * special.betaln(p * x, q))
