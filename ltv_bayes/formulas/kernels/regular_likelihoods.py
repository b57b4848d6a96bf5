"""Whole log-likelihoods of BG/CNBD-k and MBG/CNBD-k with their gradients, of one group of customers or of several.

Tables are those of `formulas.fused` with customers who bought once among the rows, behind them what the likelihood
holds of the data alone, and k. For each row, the sum of the weights of phases is added to the chance of having left:
its derivatives are means of the phase, and of the slope of the weights' logarithms, over phases.
"""

import math
from typing import Any

import numba
import numpy as np

from ltv_bayes.formulas.kernels.likelihoods import _grown, _stayed_at_first, purchase_tables
from ltv_bayes.formulas.kernels.phases import log_phases
from ltv_bayes.formulas.models.bg_cnbd import shape_of_recency
from ltv_bayes.formulas.special import Array

_kernel: Any = numba.njit(cache=True, nogil=True, error_model="numpy")


def regular_tables(frequency: Array, recency: Array, T: Array, count: Array, k: int) -> tuple[Any, ...]:
    """Lay out unique histories with their counts for purchases in rhythm."""
    tables = purchase_tables(frequency, recency, T, count, may_leave_at_once=True)
    frequency, recency = np.asarray(frequency, dtype=float), np.asarray(recency, dtype=float)
    constant = np.sum(count * shape_of_recency(frequency, recency, k))
    return *tables, np.array([constant]), np.array([k], dtype=np.int64)


def bg_cnbd(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of BG/CNBD-k and its derivatives by r, alpha, a, b."""
    return _regular(r, alpha, a, b, *tables, False, True)


def bg_cnbd_value(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of BG/CNBD-k without its derivatives."""
    return _regular(r, alpha, a, b, *tables, False, False)[0]


def mbg_cnbd(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of MBG/CNBD-k and its derivatives by r, alpha, a, b; see `fused.mbg_nbd`."""
    value, d_r, d_alpha, d_a, d_b = _regular(r, alpha, a, b + 1.0, *tables, True, True)
    stayed, stayed_a, stayed_b = _stayed_at_first(a, b, tables[3])
    return value + stayed, d_r, d_alpha, d_a + stayed_a, d_b + stayed_b


def mbg_cnbd_value(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """Log-likelihood of MBG/CNBD-k without its derivatives."""
    return _regular(r, alpha, a, b + 1.0, *tables, True, False)[0] + _stayed_at_first(a, b, tables[3])[0]


def bg_cnbd_groups(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """BG/CNBD-k of customers in groups; see `formulas.fused_groups`."""
    return _regular_groups(r, alpha, a, b, *tables, False)


def mbg_cnbd_groups(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """MBG/CNBD-k of customers in groups."""
    at, _, _, _, T_customers, *_ = tables
    value, slopes = _regular_groups(r, alpha, a, b + 1.0, *tables, True)
    number = np.bincount(np.repeat(np.arange(r.size), np.diff(at[3])), T_customers, r.size)
    slopes[2] -= number / (a + b)
    slopes[3] += number * a / (b * (a + b))
    return value - np.sum(number * np.log1p(a / b)), slopes


@_kernel
def _regular(  # type: ignore[no-untyped-def]
    r, alpha, a, b, more_than, T, log_T, T_customers, T_purchases, t_x, log_t_x, x, first, T_at, t_x_at, customers,
    constant, shape,
    may_leave_at_once, with_slopes,
):  # fmt: skip
    k = shape[0]
    value, d_r, d_alpha, d_a, d_b = constant[0], 0.0, 0.0, 0.0, 0.0
    for i in range(more_than.size):
        rest = more_than[i]
        value -= rest * math.log1p(a / (b + i))
        d_a -= rest / (a + b + i)
        d_b += rest * a / ((b + i) * (a + b + i))
        for event in range(k * i, k * i + k):
            value += rest * math.log(r + event)
            d_r += rest / (r + event)
    log_a, log_alpha = math.log(a), math.log(alpha)
    grown, share = _grown(T, log_T, alpha, log_alpha), T / (alpha + T) / alpha
    grown_t, share_t = _grown(t_x, log_t_x, alpha, log_alpha), t_x / (alpha + t_x) / alpha
    for i in range(T.size):
        events = k * T_purchases[i]
        value -= T_customers[i] * r * grown[i] + events * (log_alpha + grown[i])
        d_r -= T_customers[i] * grown[i]
        d_alpha += T_customers[i] * r * share[i] - events / (alpha + T[i])
    for j in range(x.size):
        A, stays = r + k * x[j], b + (x[j] - 1.0)
        leaves = may_leave_at_once or x[j] > 0.0
        start = log_a - math.log(stays) if leaves else 0.0
        for i in range(first[j], first[j + 1]):
            n, T_here, t_here = customers[i], T_at[i], t_x_at[i]
            until = alpha + T[T_here]
            silent = max(T[T_here] - t_x[t_here], 0.0) / until
            of_phases = log_phases(A, silent, k)
            value += n * of_phases
            left = 0.0
            if leaves:
                longer = grown[T_here] - grown_t[t_here]
                log_odds = start + A * longer - of_phases
                small = math.exp(-abs(log_odds))
                value += n * (max(log_odds, 0.0) + math.log1p(small))
                left = n * (1.0 if log_odds > 0.0 else small) / (1.0 + small)
            if with_slopes:
                if leaves:
                    d_r += left * longer
                    d_alpha -= left * A * (share[T_here] - share_t[t_here])
                    d_a += left / a
                    d_b -= left / stays
                if k > 1 and silent > 0.0:
                    phase, slope = _phase_means(A, silent, k)
                    d_r += (n - left) * slope
                    d_alpha -= (n - left) * phase / until
    return value, d_r, d_alpha, d_a, d_b


@_kernel
def _phase_means(A, silent, k):  # type: ignore[no-untyped-def]
    """Means over phases: of the phase, and of the derivative of the logarithm of its weight by A."""
    total, of_phase, of_slope = 1.0, 0.0, 0.0
    if (A + k - 2.0) * silent < k - 1.0:
        for j in range(k - 1, 0, -1):
            ratio = (A + j - 1.0) / j * silent
            of_phase = ratio * (total + of_phase)
            of_slope = ratio * (total / (A + j - 1.0) + of_slope)
            total = 1.0 + ratio * total
        return of_phase / total, of_slope / total
    highest = 0.0
    for j in range(1, k):
        ratio = j / ((A + j - 1.0) * silent)
        of_phase = ratio * (total + of_phase)
        of_slope = ratio * (total / (A + j - 1.0) + of_slope)
        total = 1.0 + ratio * total
        highest += 1.0 / (A + j - 1.0)
    return k - 1.0 - of_phase / total, highest - of_slope / total


@_kernel
def _regular_groups(  # type: ignore[no-untyped-def]
    r, alpha, a, b, at, more_than, T, log_T, T_customers, T_purchases, t_x, log_t_x, x, first, T_at, t_x_at, customers,
    constant, shape,
    may_leave_at_once,
):  # fmt: skip
    value, slopes = 0.0, np.empty((4, r.size))
    for g in range(r.size):
        of_group, slopes[0, g], slopes[1, g], slopes[2, g], slopes[3, g] = _regular(
            r[g],
            alpha[g],
            a[g],
            b[g],
            more_than[at[0, g] : at[0, g + 1]],
            T[at[1, g] : at[1, g + 1]],
            log_T[at[2, g] : at[2, g + 1]],
            T_customers[at[3, g] : at[3, g + 1]],
            T_purchases[at[4, g] : at[4, g + 1]],
            t_x[at[5, g] : at[5, g + 1]],
            log_t_x[at[6, g] : at[6, g + 1]],
            x[at[7, g] : at[7, g + 1]],
            first[at[8, g] : at[8, g + 1]],
            T_at[at[9, g] : at[9, g + 1]],
            t_x_at[at[10, g] : at[10, g + 1]],
            customers[at[11, g] : at[11, g + 1]],
            constant[at[12, g] : at[12, g + 1]],
            shape[at[13, g] : at[13, g + 1]],
            may_leave_at_once,
            True,
        )
        value += of_group
    return value, slopes
