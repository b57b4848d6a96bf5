"""Whole log-likelihoods with their gradients in one pass over unique histories, compiled once and kept on disk.

The formulas say what is computed; here it is computed fast. Tests hold the two, and the PyTensor graphs, equal.

What depends on the frequency alone is computed once per purchase number, since a sum over customers of
ln (r + 0) + ... + ln (r + x - 1) is a sum over k of ln (r + k) times the number of customers with more than k
purchases. Logarithms of times are computed once per distinct T and per distinct t_x, which are dates and so are few.
What is left for each row of either likelihood is ln (1 + exp u) for some number u, and its derivative. Rows are taken
in blocks, and each step on a block is a loop without branches or calls, which the compiler turns into vector
instructions; hence the series for exp and ln (1 + e) written out below, both exact to the last digits.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array

Places = np.ndarray[Any, np.dtype[np.integer[Any]]]

BLOCK = 512
LN_2 = 0.6931471805599453
LN_2_HIGH = 6.93147180369123816490e-01  # its product with a whole number below 2**20 is exact
LN_2_LOW = 1.90821492927058770002e-10
FARTHEST = 708.0
HALVINGS = 0.5 ** np.arange(1023.0)

_kernel: Any = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
_sum_kernel: Any = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})


class PurchaseTables(NamedTuple):
    """Histories laid out for the kernel.

    Attributes
    ----------
    more_than : array of shape (largest frequency,)
        Number of customers with more than k repeat purchases, k = 0, 1, ...
    T, log_T, T_customers, T_purchases : arrays of shape (distinct T,)
        Distinct T with its logarithm, and the number of customers, and of their repeat purchases, with each.
    t_x, log_t_x : arrays of shape (distinct recencies of customers who may have left,)
        Distinct recency with its logarithm.
    x, first : arrays of shape (distinct frequencies of customers who may have left,) and one more
        Distinct frequency, and where its rows begin; they end where the next one's begin.
    T_at, t_x_at, customers : arrays of shape (unique histories of customers who may have left,)
        Places of T and recency among the distinct ones, and number of customers; sorted by frequency.
    """

    more_than: Array
    T: Array
    log_T: Array
    T_customers: Array
    T_purchases: Array
    t_x: Array
    log_t_x: Array
    x: Array
    first: Places
    T_at: Places
    t_x_at: Places
    customers: Array


class SpendTables(NamedTuple):
    """Spend histories laid out for the kernel.

    Attributes
    ----------
    x, first : arrays of shape (distinct frequencies,) and one more
        Distinct frequency, and where its rows begin; they end where the next one's begin.
    x_customers : array of shape (distinct frequencies,)
        Number of customers with each.
    log_total, customers : arrays of shape (unique spend histories,)
        Logarithm of total spend, and number of customers; sorted by frequency.
    constant : array of shape (1,)
        What the likelihood holds of the data alone.
    """

    x: Array
    first: Places
    x_customers: Array
    log_total: Array
    customers: Array
    constant: Array


class EventTables(NamedTuple):
    """Events and exposures laid out for the kernel: it takes sums by events and by exposure, not the two together.

    Attributes
    ----------
    more_than : array of shape (largest number of events,)
        Number of customers with more than k events, k = 0, 1, ...
    T, T_customers, T_events : arrays of shape (distinct exposures,)
        Distinct exposure, and the number of customers, and of their events, with each.
    constant : array of shape (1,)
        What the likelihood holds of the data alone.
    """

    more_than: Array
    T: Array
    T_customers: Array
    T_events: Array
    constant: Array


def purchase_tables(
    frequency: Array, recency: Array, T: Array, count: Array, *, may_leave_at_once: bool = False
) -> PurchaseTables:
    """Lay out unique histories with their counts.

    Parameters
    ----------
    may_leave_at_once : bool
        Whether customers may leave after the first purchase, as in MBG/NBD, or after repeat purchases only.
    """
    frequency, count = np.asarray(frequency, dtype=float), np.asarray(count, dtype=float)
    more_than = _customers_with_more(frequency, count)
    distinct_T, T_at = np.unique(np.asarray(T, dtype=float), return_inverse=True)
    T_customers, T_purchases = (np.bincount(T_at, weights=weight) for weight in (count, count * frequency))
    order = np.argsort(frequency, kind="stable")
    if not may_leave_at_once:
        order = order[np.searchsorted(frequency[order], 0.0, side="right") :]
    distinct_t_x, t_x_at = np.unique(np.asarray(recency, dtype=float)[order], return_inverse=True)
    x, first = _stretches(frequency[order])
    T_at, t_x_at = T_at[order].astype(np.uint32), t_x_at.astype(np.uint32)
    with np.errstate(divide="ignore"):
        log_T, log_t_x = np.log(distinct_T), np.log(distinct_t_x)
    of_T, of_t_x = (distinct_T, log_T, T_customers, T_purchases), (distinct_t_x, log_t_x)
    return PurchaseTables(more_than, *of_T, *of_t_x, x, first, T_at, t_x_at, count[order])


def spend_tables(frequency: Array, monetary_value: Array, count: Array) -> SpendTables:
    """Lay out unique spend histories with their counts."""
    order = np.argsort(frequency, kind="stable")
    frequency, value, count = (np.asarray(v, dtype=float)[order] for v in (frequency, monetary_value, count))
    x, first = _stretches(frequency)
    log_value = np.log(value)
    constant = np.array([-np.sum(count * log_value)])
    return SpendTables(
        x, first, np.diff(np.append(0.0, np.cumsum(count))[first]), np.log(frequency) + log_value, count, constant
    )


def event_tables(events: Array, exposure: Array, count: Array) -> EventTables:
    """Lay out unique histories with their counts."""
    events, count = np.asarray(events, dtype=float), np.asarray(count, dtype=float)
    T, T_at = np.unique(np.asarray(exposure, dtype=float), return_inverse=True)
    T_customers, T_events = (np.bincount(T_at, weights=weight) for weight in (count, count * events))
    constant = np.sum(special.xlogy(T_events, T)) - np.sum(count * special.gammaln(events + 1))
    return EventTables(_customers_with_more(events, count), T, T_customers, T_events, np.array([constant]))


def _customers_with_more(number: Array, count: Array) -> Array:
    """How many customers have more than 0, 1, ... of something, up to one less than the largest number."""
    return count.sum() - np.cumsum(np.bincount(number.astype(np.int64), weights=count))[:-1]


def _stretches(ascending: Array) -> tuple[Array, Places]:
    """Distinct values, and where each begins; one more place for the end."""
    distinct, first = np.unique(ascending, return_index=True)
    return distinct, np.append(first, ascending.size).astype(np.int64)


def bg_nbd(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of BG/NBD and its derivatives by r, alpha, a, b."""
    return _bg_nbd(r, alpha, a, b, *tables, True)


def bg_nbd_value(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of BG/NBD without its derivatives."""
    return _bg_nbd(r, alpha, a, b, *tables, False)[0]


def mbg_nbd(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of MBG/NBD and its derivatives by r, alpha, a, b; of tables with ``may_leave_at_once``.

    One chance to leave has passed for all: that of BG/NBD at b + 1, times b / (a + b) for each customer.
    """
    value, d_r, d_alpha, d_a, d_b = _bg_nbd(r, alpha, a, b + 1.0, *tables, True)
    stayed, stayed_a, stayed_b = _stayed_at_first(a, b, tables[3])
    return value + stayed, d_r, d_alpha, d_a + stayed_a, d_b + stayed_b


def mbg_nbd_value(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of MBG/NBD without its derivatives."""
    return _bg_nbd(r, alpha, a, b + 1.0, *tables, False)[0] + _stayed_at_first(a, b, tables[3])[0]


def gamma_gamma(p, q, v, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of gamma-gamma and its derivatives by p, q, v."""
    x, first, x_customers, log_total, customers, constant = tables
    value, d_p, d_q, d_v = _spend(p, q, v, x, first, log_total, customers, True)
    both = special.digamma(p * x + q)
    value += constant[0] - np.sum(x_customers * special.betaln(p * x, q))
    d_p += np.sum(x_customers * x * (both - special.digamma(p * x)))
    d_q += np.sum(x_customers * (both - special.digamma(q)))
    return value, d_p, d_q, d_v


def gamma_gamma_value(p, q, v, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of gamma-gamma without its derivatives."""
    x, first, x_customers, log_total, customers, constant = tables
    value = _spend(p, q, v, x, first, log_total, customers, False)[0]
    return value + constant[0] - np.sum(x_customers * special.betaln(p * x, q))


def nbd(r, alpha, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of NBD and its derivatives by r and alpha."""
    return _nbd(r, alpha, *tables)


def nbd_value(r, alpha, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of NBD without its derivatives."""
    return _nbd(r, alpha, *tables)[0]


def shifted_beta_geometric(alpha, beta, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of shifted beta-geometric and its derivatives by alpha and beta."""
    renewals, lost, count = tables
    value = shifted_beta_geometric_value(alpha, beta, *tables)
    both = special.digamma(alpha + lost + beta + renewals) - special.digamma(alpha + beta)
    d_alpha = np.sum(count * (special.digamma(alpha + lost) - special.digamma(alpha) - both))
    d_beta = np.sum(count * (special.digamma(beta + renewals) - special.digamma(beta) - both))
    return value, d_alpha, d_beta


def shifted_beta_geometric_value(alpha, beta, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of shifted beta-geometric without its derivatives."""
    renewals, lost, count = tables
    return np.sum(count * (special.betaln(alpha + lost, beta + renewals) - special.betaln(alpha, beta)))


@_kernel
def _bg_nbd(  # type: ignore[no-untyped-def]
    r, alpha, a, b, more_than, T, log_T, T_customers, T_purchases, t_x, log_t_x, x, first, T_at, t_x_at, customers,
    with_slopes,
):  # fmt: skip
    value, d_r, d_alpha, d_a, d_b = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(more_than.size):
        rest = more_than[k]
        value += rest * (np.log(r + k) - np.log1p(a / (b + k)))
        d_r += rest / (r + k)
        d_a -= rest / (a + b + k)
        d_b += rest * a / ((b + k) * (a + b + k))
    log_a, log_alpha = np.log(a), np.log(alpha)
    grown, share = _grown(T, log_T, alpha, log_alpha), T / (alpha + T) / alpha
    grown_t, share_t = _grown(t_x, log_t_x, alpha, log_alpha), t_x / (alpha + t_x) / alpha
    for i in range(T.size):
        value -= T_customers[i] * r * grown[i] + T_purchases[i] * (log_alpha + grown[i])
        d_r -= T_customers[i] * grown[i]
        d_alpha += T_customers[i] * r * share[i] - T_purchases[i] / (alpha + T[i])
    log_odds, longer, small, log_1p, weight = _block(), _block(), _block(), _block(), _block()
    for j in range(x.size):
        power, stays = r + x[j], b + (x[j] - 1.0)
        for low in range(first[j], first[j + 1], BLOCK):
            high = min(low + BLOCK, first[j + 1])
            size, T_here, t_here, n = high - low, T_at[low:high], t_x_at[low:high], customers[low:high]
            _log_odds_of_leaving(log_a - np.log(stays), power, grown, grown_t, T_here, t_here, longer, log_odds)
            _exp_of_minus_size(log_odds[:size], small)
            _log_1p(small[:size], log_1p)
            value += _sum_of_log_1p_exp(log_odds, log_1p, n)
            if with_slopes:
                _logistic(log_odds, small, n, weight)
                left, left_longer, left_share = _sums_of_leaving(weight, longer, share, share_t, T_here, t_here)
                d_r += left_longer
                d_alpha -= power * left_share
                d_a += left / a
                d_b -= left / stays
    return value, d_r, d_alpha, d_a, d_b


@_kernel
def _stayed_at_first(a, b, customers):  # type: ignore[no-untyped-def]
    """ln (b / (a + b)) for each customer, with derivatives by a and b."""
    total = np.sum(customers)
    return -total * np.log1p(a / b), -total / (a + b), total * a / b / (a + b)


@_kernel
def _nbd(r, alpha, more_than, T, T_customers, T_events, constant):  # type: ignore[no-untyped-def]
    """Sums by events, of ln (1 + k / r), and by exposure, of ln (1 + T / alpha): small where r and alpha are large."""
    value, d_r, d_alpha = constant[0] + np.sum(T_events) * np.log(r / alpha), 0.0, 0.0
    for k in range(more_than.size):
        value += more_than[k] * np.log1p(k / r)
        d_r += more_than[k] / (r + k)
    for i in range(T.size):
        grown = np.log1p(T[i] / alpha)
        value -= (r * T_customers[i] + T_events[i]) * grown
        d_r -= T_customers[i] * grown
        d_alpha += (r * T_customers[i] * T[i] / alpha - T_events[i]) / (alpha + T[i])
    return value, d_r, d_alpha


@_kernel
def _spend(p, q, v, x, first, log_total, customers, with_slopes):  # type: ignore[no-untyped-def]
    """Sum of -p x ln(1 + v / total) - q ln(1 + total / v), with derivatives by p, q, v."""
    value, d_p, d_q, d_v = 0.0, 0.0, 0.0, 0.0
    log_v = np.log(v)
    above, below, small, log_1p, weight = _block(), _block(), _block(), _block(), _block()
    for j in range(x.size):
        for low in range(first[j], first[j + 1], BLOCK):
            high = min(low + BLOCK, first[j + 1])
            size, n = high - low, customers[low:high]
            _differences(log_total[low:high], log_v, above, below)
            _exp_of_minus_size(above[:size], small)
            _log_1p(small[:size], log_1p)
            of_v, of_spend = _sum_of_log_1p_exp(above, log_1p, n), _sum_of_log_1p_exp(below, log_1p, n)
            value -= p * x[j] * of_spend + q * of_v
            if with_slopes:
                d_p -= x[j] * of_spend
                d_q -= of_v
                _logistic(above, small, n, weight)
                d_v += q / v * _sum(weight[:size])
                _logistic(below, small, n, weight)
                d_v -= p * x[j] / v * _sum(weight[:size])
    return value, d_p, d_q, d_v


@_kernel
def _block():  # type: ignore[no-untyped-def]
    return np.empty(BLOCK)


@_kernel
def _log_odds_of_leaving(start, power, grown, grown_t, T_at, t_x_at, longer, log_odds):  # type: ignore[no-untyped-def]
    for i in range(T_at.size):
        longer[i] = grown[T_at[i]] - grown_t[t_x_at[i]]
        log_odds[i] = start + power * longer[i]


@_kernel
def _grown(times, log_times, alpha, log_alpha):  # type: ignore[no-untyped-def]
    """ln(1 + t / alpha), as ln(1 + e) with e up to 1, and ln t - ln alpha where t is the larger."""
    small, found = np.empty(times.size), np.empty(times.size)
    for i in range(times.size):
        t = times[i]
        small[i] = (alpha if t > alpha else t) / (t if t > alpha else alpha)
    _log_1p(small, found)
    for i in range(times.size):
        found[i] += log_times[i] - log_alpha if times[i] > alpha else 0.0
    return found


@_kernel
def _differences(values, origin, above, below):  # type: ignore[no-untyped-def]
    for i in range(values.size):
        above[i] = values[i] - origin
        below[i] = origin - values[i]


@_kernel
def _exp_of_minus_size(u, small):  # type: ignore[no-untyped-def]
    """exp(-|u|): halved as often as ln 2 goes into |u|, the rest by Taylor's series; nan counts as far away."""
    for i in range(u.size):
        size = abs(u[i])
        size = size if size < FARTHEST else FARTHEST
        halvings = np.int32(size * (1 / LN_2) + 0.5)
        z = halvings * LN_2_HIGH - size + halvings * LN_2_LOW
        e = 1 / 479001600 + z / 6227020800
        e = 1 / 3628800 + z * (1 / 39916800 + z * e)
        e = 1 / 40320 + z * (1 / 362880 + z * e)
        e = 1 / 720 + z * (1 / 5040 + z * e)
        e = 1 / 24 + z * (1 / 120 + z * e)
        e = 1 / 2 + z * (1 / 6 + z * e)
        small[i] = (1 + z * (1 + z * e)) * HALVINGS[np.uint32(halvings)]


@_kernel
def _log_1p(small, log_1p):  # type: ignore[no-untyped-def]
    """ln(1 + e) for e between 0 and 1, as 2 artanh(e / (2 + e))."""
    for i in range(small.size):
        s = small[i] / (2 + small[i])
        u = s * s
        total = 1 / 29 + u * (1 / 31)
        total = 1 / 25 + u * (1 / 27 + u * total)
        total = 1 / 21 + u * (1 / 23 + u * total)
        total = 1 / 17 + u * (1 / 19 + u * total)
        total = 1 / 13 + u * (1 / 15 + u * total)
        total = 1 / 9 + u * (1 / 11 + u * total)
        total = 1 / 5 + u * (1 / 7 + u * total)
        log_1p[i] = 2 * s * (1 + u * (1 / 3 + u * total))


@_kernel
def _logistic(u, small, n, weight):  # type: ignore[no-untyped-def]
    """N / (1 + exp(-u)), where small is exp(-|u|)."""
    for i in range(n.size):
        weight[i] = n[i] * (1.0 if u[i] > 0.0 else small[i]) / (1.0 + small[i])


@_sum_kernel
def _sum_of_log_1p_exp(u, log_1p, n):  # type: ignore[no-untyped-def]
    """Sum of n ln(1 + exp u), where log_1p is ln(1 + exp(-|u|))."""
    total = 0.0
    for i in range(n.size):
        total += n[i] * ((0.0 if u[i] < 0.0 else u[i]) + log_1p[i])
    return total


@_sum_kernel
def _sums_of_leaving(weight, longer, share, share_t, T_at, t_x_at):  # type: ignore[no-untyped-def]
    total, by_longer, by_share = 0.0, 0.0, 0.0
    for i in range(T_at.size):
        total += weight[i]
        by_longer += weight[i] * longer[i]
        by_share += weight[i] * (share[T_at[i]] - share_t[t_x_at[i]])
    return total, by_longer, by_share


@_sum_kernel
def _sum(values):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total
