"""Log-likelihoods of BG/NBD, MBG/NBD, BG/CNBD-k and MBG/CNBD-k with their gradients, in one pass over histories.

Each function takes parameters r, alpha, a, b of shape (draws, 4, groups), with ``first_dropout`` of shape (draws, 5,
groups), where the `tables` of each group begin, and
those; it gives values of shape (draws,), and derivatives of shape (draws, 4, groups), which mean nothing unless
``with_slopes``.

For random purchases, what is left for each row is ln (1 + exp u) for some number u, and its derivative: `blocks`.
For regular ones, the sum of the weights of phases is added to the chance of having left; its derivatives are means of
the phase, and of the slope of the weights' logarithms, over phases.
"""

import math
from typing import Any

import numpy as np

from ltv_bayes.formulas.kernels.blocks import (
    BLOCK,
    compiled,
    exp_of_minus_size,
    inner,
    kernel,
    log_1p_of,
    log_growth,
    log_odds_of_leaving,
    logistic,
    new_block,
    sum_of_log_1p_exp,
    sums_of_leaving,
    written_in,
)
from ltv_bayes.formulas.kernels.phases import log_phases
from ltv_bayes.formulas.kernels.tables import PurchaseTables
from ltv_bayes.formulas.special import Array, IntArray


@kernel
def bg_nbd(parameters, at, tables, with_slopes):  # type: ignore[no-untyped-def]
    """BG/NBD."""
    values, slopes = np.zeros(parameters.shape[0]), np.empty(parameters.shape)
    for draw in range(values.size):
        for g in range(parameters.shape[2]):
            r, alpha, a, b = _four(parameters, draw, g)
            value, by_parameter = _random_purchases(r, alpha, a, b, _of_group(tables, at, g), with_slopes)
            values[draw] += value
            slopes[draw, 0, g], slopes[draw, 1, g], slopes[draw, 2, g], slopes[draw, 3, g] = by_parameter
    return values, slopes


@kernel
def _of_regular(parameters, at, tables, with_slopes, at_once):  # type: ignore[no-untyped-def]
    """BG/CNBD-k; `at_once` is an argument of both models, so that both are compiled once."""
    values, slopes = np.zeros(parameters.shape[0]), np.empty(parameters.shape)
    for draw in range(values.size):
        for g in range(parameters.shape[2]):
            r, alpha, a, b = _four(parameters, draw, g)
            value, by_parameter = _regular_purchases(r, alpha, a, b, _of_group(tables, at, g), at_once, with_slopes)
            values[draw] += value
            slopes[draw, 0, g], slopes[draw, 1, g], slopes[draw, 2, g], slopes[draw, 3, g] = by_parameter
    return values, slopes


def mbg_nbd(parameters: Array, at: IntArray, tables: PurchaseTables, with_slopes: bool = True) -> tuple[Array, Array]:
    """MBG/NBD: one chance to leave has passed for all, so BG/NBD at b + 1, times b / (a + b) for each customer."""
    values, slopes = bg_nbd(_after_first_chance(parameters), at, tables, with_slopes)
    return values - _left_at_first(parameters, at, tables, slopes), slopes


def bg_cnbd(parameters: Array, at: IntArray, tables: PurchaseTables, with_slopes: bool = True) -> tuple[Array, Array]:
    """BG/CNBD-k."""
    values, slopes = _of_regular(parameters, at, tables, with_slopes, False)
    return values, slopes


def mbg_cnbd(parameters: Array, at: IntArray, tables: PurchaseTables, with_slopes: bool = True) -> tuple[Array, Array]:
    """MBG/CNBD-k, from BG/CNBD-k as `mbg_nbd` from BG/NBD."""
    values, slopes = _of_regular(_after_first_chance(parameters), at, tables, with_slopes, True)
    return values - _left_at_first(parameters, at, tables, slopes), slopes


def bg_nbd_at_once(
    parameters: Array, at: IntArray, tables: PurchaseTables, with_slopes: bool = True
) -> tuple[Array, Array]:
    """BG/NBD with a share of customers who leave right after the first purchase."""
    return _with_leaving_at_once(bg_nbd, parameters, at, tables, with_slopes)


def bg_cnbd_at_once(
    parameters: Array, at: IntArray, tables: PurchaseTables, with_slopes: bool = True
) -> tuple[Array, Array]:
    """BG/CNBD-k with such a share."""
    return _with_leaving_at_once(bg_cnbd, parameters, at, tables, with_slopes)


def _with_leaving_at_once(
    model: Any, parameters: Array, at: IntArray, tables: PurchaseTables, with_slopes: bool
) -> tuple[Array, Array]:
    values, slopes = model(np.ascontiguousarray(parameters[:, :-1]), at, tables, with_slopes)
    every = np.concatenate([slopes, np.zeros_like(slopes[:, :1])], axis=1)
    return values + _of_leaving_at_once(parameters, at, tables, every, with_slopes), every


@kernel
def _of_leaving_at_once(parameters, at, tables, slopes, with_slopes):  # type: ignore[no-untyped-def]
    """ln (1 - pi) of all, and ln (1 + pi / ((1 - pi) S)) of those without a repeat purchase, by their T."""
    values = np.zeros(parameters.shape[0])
    for draw in range(values.size):
        for g in range(parameters.shape[2]):
            r, alpha, pi = parameters[draw, 0, g], parameters[draw, 1, g], parameters[draw, 4, g]
            k = tables.k[at[13, g]]
            for i in range(at[1, g], at[1, g + 1]):
                T, number, once = tables.T[i], tables.T_customers[i], tables.T_once[i]
                values[draw] += number * math.log1p(-pi)
                slopes[draw, 4, g] -= number / (1.0 - pi)
                if once == 0.0 or pi == 0.0:
                    continue
                grown, until = math.log1p(T / alpha), alpha + T
                silent = T / until
                log_odds = math.log(pi) - math.log1p(-pi) + r * grown - log_phases(r, silent, k)
                small = math.exp(-abs(log_odds))
                values[draw] += once * (max(log_odds, 0.0) + math.log1p(small))
                if not with_slopes:
                    continue
                left = once * (1.0 if log_odds > 0.0 else small) / (1.0 + small)
                slopes[draw, 4, g] += left / (pi * (1.0 - pi))
                slopes[draw, 0, g] += left * grown
                slopes[draw, 1, g] -= left * r * T / (alpha * until)
                if tables.by_T.size:
                    tables.by_T[i] += left * r / until
                if k > 1 and silent > 0.0:
                    phase, slope = _phase_means(r, silent, k)
                    slopes[draw, 0, g] -= left * slope
                    slopes[draw, 1, g] += left * phase / until
                    if tables.by_T.size:
                        tables.by_T[i] -= left * phase * (1.0 / (silent * until) - 1.0 / until)
    return values


def _after_first_chance(parameters: Array) -> Array:
    passed = parameters.copy()
    passed[:, 3] += 1.0
    return passed


def _left_at_first(parameters: Array, at: IntArray, tables: PurchaseTables, slopes: Array) -> Array:
    """Sum of -ln (b / (a + b)) over customers; its derivatives are taken from the slopes."""
    number = _slopes_of_staying(parameters, at, tables.T_customers, slopes)
    return np.add.reduce(number * np.log1p(parameters[:, 2] / parameters[:, 3]), axis=1)


@kernel
def _slopes_of_staying(parameters, at, T_customers, slopes):  # type: ignore[no-untyped-def]
    number = np.empty(parameters.shape[2])
    for g in range(number.size):
        number[g] = T_customers[at[3, g] : at[3, g + 1]].sum()
        for draw in range(parameters.shape[0]):
            a, b = parameters[draw, 2, g], parameters[draw, 3, g]
            slopes[draw, 2, g] -= number[g] / (a + b)
            slopes[draw, 3, g] += number[g] * a / (b * (a + b))
    return number


@written_in
def _four(parameters, draw, g):  # type: ignore[no-untyped-def]
    return parameters[draw, 0, g], parameters[draw, 1, g], parameters[draw, 2, g], parameters[draw, 3, g]


@inner
def _of_group(tables, at, g):  # type: ignore[no-untyped-def]
    return (
        tables[0][at[0, g] : at[0, g + 1]],
        tables[1][at[1, g] : at[1, g + 1]],
        tables[2][at[2, g] : at[2, g + 1]],
        tables[3][at[3, g] : at[3, g + 1]],
        tables[4][at[4, g] : at[4, g + 1]],
        tables[5][at[5, g] : at[5, g + 1]],
        tables[6][at[6, g] : at[6, g + 1]],
        tables[7][at[7, g] : at[7, g + 1]],
        tables[8][at[8, g] : at[8, g + 1]],
        tables[9][at[9, g] : at[9, g + 1]],
        tables[10][at[10, g] : at[10, g + 1]],
        tables[11][at[11, g] : at[11, g + 1]],
        tables[12][at[12, g] : at[12, g + 1]],
        tables[13][at[13, g] : at[13, g + 1]],
        tables[14][at[1, g] : at[1, g + 1]],
        tables[15][at[5, g] : at[5, g + 1]],
    )


@compiled
def _random_purchases(r, alpha, a, b, tables, with_slopes):  # type: ignore[no-untyped-def]
    more_than, T, log_T, T_customers, T_purchases, t_x, log_t_x, x, first, T_at, t_x_at, customers = tables[:12]
    by_T, by_t_x = tables[14:]
    value, d_r, d_alpha, d_a, d_b = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(more_than.size):
        rest = more_than[k]
        value += rest * (np.log(r + k) - np.log1p(a / (b + k)))
        d_r += rest / (r + k)
        d_a -= rest / (a + b + k)
        d_b += rest * a / ((b + k) * (a + b + k))
    log_a, log_alpha = np.log(a), np.log(alpha)
    grown, share = log_growth(T, log_T, alpha, log_alpha), T / (alpha + T) / alpha
    grown_t, share_t = log_growth(t_x, log_t_x, alpha, log_alpha), t_x / (alpha + t_x) / alpha
    for i in range(T.size):
        value -= T_customers[i] * r * grown[i] + T_purchases[i] * (log_alpha + grown[i])
        d_r -= T_customers[i] * grown[i]
        d_alpha += T_customers[i] * r * share[i] - T_purchases[i] / (alpha + T[i])
        if by_T.size:
            by_T[i] -= (T_customers[i] * r + T_purchases[i]) / (alpha + T[i])
    log_odds, longer, small, log_1p, weight = new_block(), new_block(), new_block(), new_block(), new_block()
    for j in range(x.size):
        power, stays = r + x[j], b + (x[j] - 1.0)
        for low in range(first[j], first[j + 1], BLOCK):
            high = min(low + BLOCK, first[j + 1])
            size, T_here, t_here, n = high - low, T_at[low:high], t_x_at[low:high], customers[low:high]
            log_odds_of_leaving(log_a - np.log(stays), power, grown, grown_t, T_here, t_here, longer, log_odds)
            exp_of_minus_size(log_odds[:size], small)
            log_1p_of(small[:size], log_1p)
            value += sum_of_log_1p_exp(log_odds, log_1p, n)
            if with_slopes:
                logistic(log_odds, small, n, weight)
                left, left_longer, left_share = sums_of_leaving(weight, longer, share, share_t, T_here, t_here)
                d_r += left_longer
                d_alpha -= power * left_share
                d_a += left / a
                d_b -= left / stays
                if by_T.size:
                    for i in range(size):
                        by_T[T_here[i]] += weight[i] * power / (alpha + T[T_here[i]])
                        by_t_x[t_here[i]] -= weight[i] * power / (alpha + t_x[t_here[i]])
    return value, (d_r, d_alpha, d_a, d_b)


@inner
def _regular_purchases(r, alpha, a, b, tables, at_once, with_slopes):  # type: ignore[no-untyped-def]
    more_than, T, log_T, T_customers, T_purchases, t_x, log_t_x, x, first, T_at, t_x_at, customers = tables[:12]
    constant, k, by_T, by_t_x = tables[12], tables[13][0], tables[14], tables[15]
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
    grown, share = log_growth(T, log_T, alpha, log_alpha), T / (alpha + T) / alpha
    grown_t, share_t = log_growth(t_x, log_t_x, alpha, log_alpha), t_x / (alpha + t_x) / alpha
    for i in range(T.size):
        events = k * T_purchases[i]
        value -= T_customers[i] * r * grown[i] + events * (log_alpha + grown[i])
        d_r -= T_customers[i] * grown[i]
        d_alpha += T_customers[i] * r * share[i] - events / (alpha + T[i])
        if by_T.size:
            by_T[i] -= (T_customers[i] * r + events) / (alpha + T[i])
    for j in range(x.size):
        A, stays = r + k * x[j], b + (x[j] - 1.0)
        leaves = at_once or x[j] > 0.0
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
                    if by_T.size:
                        by_T[T_here] += left * A / until
                        by_t_x[t_here] -= left * A / (alpha + t_x[t_here])
                if k > 1 and silent > 0.0:
                    phase, slope = _phase_means(A, silent, k)
                    d_r += (n - left) * slope
                    d_alpha -= (n - left) * phase / until
                    if by_T.size:
                        by_T[T_here] += (n - left) * phase * (1.0 / (silent * until) - 1.0 / until)
                        by_t_x[t_here] -= (n - left) * phase / (silent * until)
    return value, (d_r, d_alpha, d_a, d_b)


@inner
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
