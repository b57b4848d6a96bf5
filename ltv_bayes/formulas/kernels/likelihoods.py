"""Log-likelihoods of all models with their gradients, in one pass over the unique histories of groups of customers.

The formulas say what is computed; here it is computed fast, compiled once and kept on disk. Tests hold the two equal.
Each kernel takes parameters of shape (draws, parameters, groups), where the `tables` of each group begin, and those; it
gives values of shape (draws,), and derivatives of shape (draws, parameters, groups), which mean nothing unless
``with_slopes``. Customers who have the same parameters are one group.
"""

import math
from collections.abc import Callable

import numpy as np

from ltv_bayes.formulas.kernels.blocks import (
    BLOCK,
    compiled,
    differences,
    exp_of_minus_size,
    inner,
    kernel,
    log_1p_of,
    logistic,
    new_block,
    sum_of,
    sum_of_log_1p_exp,
    written_in,
)
from ltv_bayes.formulas.kernels.purchase_likelihoods import (
    bg_cnbd,
    bg_cnbd_at_once,
    bg_nbd,
    bg_nbd_at_once,
    mbg_cnbd,
    mbg_nbd,
)
from ltv_bayes.formulas.special import Array

Kernel = Callable[..., tuple[Array, Array]]
FAR = 20.0  # from here on Stirling's series has all digits, and differences of ln Gamma lose some


@kernel
def nbd(parameters, at, tables, with_slopes):  # type: ignore[no-untyped-def]
    """NBD."""
    values, slopes = np.zeros(parameters.shape[0]), np.empty(parameters.shape)
    for draw in range(values.size):
        for g in range(parameters.shape[2]):
            value, slopes[draw, 0, g], slopes[draw, 1, g] = _events(
                parameters[draw, 0, g],
                parameters[draw, 1, g],
                tables.more_than[at[0, g] : at[0, g + 1]],
                tables.T[at[1, g] : at[1, g + 1]],
                tables.T_customers[at[2, g] : at[2, g + 1]],
                tables.T_events[at[3, g] : at[3, g + 1]],
                tables.constant[at[4, g] : at[4, g + 1]],
                tables.by_T[at[1, g] : at[1, g + 1]],
            )
            values[draw] += value
    return values, slopes


@kernel
def gamma_gamma(parameters, at, tables, with_slopes):  # type: ignore[no-untyped-def]
    """Gamma-gamma."""
    values, slopes = np.empty(parameters.shape[0]), np.empty(parameters.shape)
    for draw in range(values.size):
        values[draw] = _spend_of_groups(parameters[draw], at, tables, slopes[draw], with_slopes)
    return values, slopes


@kernel
def shifted_beta_geometric(parameters, at, tables, with_slopes):  # type: ignore[no-untyped-def]
    """Shifted beta-geometric."""
    values, slopes = np.empty(parameters.shape[0]), np.zeros(parameters.shape)
    for draw in range(values.size):
        if tables.begin.size:
            values[draw] = _renewals_on_clock(parameters[draw], at, tables, slopes[draw], with_slopes)
        else:
            values[draw] = _renewals_of_groups(parameters[draw], at, tables, slopes[draw], with_slopes)
    return values, slopes


@kernel
def beta_discrete_weibull(parameters, at, tables, with_slopes):  # type: ignore[no-untyped-def]
    """Beta-discrete-Weibull: n renewals count like n^c."""
    values, slopes = np.zeros(parameters.shape[0]), np.zeros(parameters.shape)
    for draw in range(values.size):
        if tables.begin.size:
            values[draw] = _renewals_on_clock(parameters[draw], at, tables, slopes[draw], with_slopes)
            continue
        for g in range(parameters.shape[2]):
            A, B, c = parameters[draw, 0, g], parameters[draw, 1, g], parameters[draw, 2, g]
            for row in range(at[0, g], at[0, g + 1]):
                n, since, lost = tables.renewals[row], tables.observed_from[row], tables.lost[row] > 0
                of_one = _tenured(A, B, c, n, since, lost, with_slopes)
                count = tables.subscriptions[row]
                values[draw] += count * of_one[0]
                for k in range(3):
                    slopes[draw, k, g] += count * of_one[k + 1]
    return values, slopes


@written_in
def _tenured(A, B, c, n, since, lost, with_slopes):  # type: ignore[no-untyped-def]
    """One history on the clock n^c: its logarithm, and the derivatives by A, B and c."""
    begun, made = since**c, n**c
    before = _log_gamma_rise(B + begun, A)
    g = (n + 1.0) ** c - made if lost else 0.0
    value, d_A, d_b, d_g = _on_clock(A, B + made, g, lost, with_slopes)
    value += before
    if not with_slopes:
        return value, 0.0, 0.0, 0.0
    by_A = digamma(A + (B + begun))
    by_B = by_A - digamma(B + begun)
    log_made, log_begun = (math.log(n) if n > 0 else 0.0), (math.log(since) if since > 0 else 0.0)
    by_c = d_b * made * log_made + by_B * begun * log_begun
    if lost:
        by_c += d_g * ((n + 1.0) ** c * math.log(n + 1.0) - made * log_made)
    return value, d_A + by_A, d_b + by_B, by_c


@inner
def _on_clock(A, b, g, lost, with_slopes):  # type: ignore[no-untyped-def]
    """ln of Gamma(b) / Gamma(A + b), times 1 - S(b + g) / S(b) of the lost; derivatives by A, b and g."""
    value, d_A, d_b, d_g = -_log_gamma_rise(b, A), 0.0, 0.0, 0.0
    kept = _log_gamma_rise(b, g) - _log_gamma_rise(A + b, g) if lost else 0.0
    if lost:
        value += math.log(-math.expm1(kept))
    if with_slopes:
        both, own = digamma(A + b), digamma(b)
        d_A, d_b = -both, own - both
        if lost:
            weight, after, passed = 1.0 / math.expm1(-kept), digamma(A + b + g), digamma(b + g)
            d_A += weight * (after - both)
            d_b += weight * (own - passed + after - both)
            d_g = weight * (after - passed)
    return value, d_A, d_b, d_g


@written_in
def _spend_of_groups(parameters, at, tables, slopes, with_slopes):  # type: ignore[no-untyped-def]
    value = 0.0
    for part in tables.constant:
        value += part
    for g in range(parameters.shape[1]):
        p, q, v = parameters[0, g], parameters[1, g], parameters[2, g]
        of_group, slopes[0, g], slopes[1, g], slopes[2, g] = _spend(
            p,
            q,
            v,
            tables.x[at[0, g] : at[0, g + 1]],
            tables.first[at[1, g] : at[1, g + 1]],
            tables.log_total[at[3, g] : at[3, g + 1]],
            tables.customers[at[4, g] : at[4, g + 1]],
            with_slopes,
        )
        value += of_group
        log_gamma_q, digamma_q = math.lgamma(q), digamma(q)
        for row in range(at[0, g], at[0, g + 1]):
            n, px = tables.x_customers[row], p * tables.x[row]
            value += n * (_log_gamma_rise(px, q) - log_gamma_q)
            if with_slopes:
                both = digamma(px + q)
                slopes[0, g] += n * tables.x[row] * (both - digamma(px))
                slopes[1, g] += n * (both - digamma_q)
    return value


@written_in
def _renewals_of_groups(parameters, at, tables, slopes, with_slopes):  # type: ignore[no-untyped-def]
    value = 0.0
    for g in range(parameters.shape[1]):
        A, B = parameters[0, g], parameters[1, g]
        since, constant, digamma_A, digamma_B, before = -1.0, 0.0, digamma(A), 0.0, 0.0
        for row in range(at[0, g], at[0, g + 1]):
            if tables.observed_from[row] != since:
                since = tables.observed_from[row]
                constant = math.lgamma(A + (B + since)) - math.lgamma(A) - math.lgamma(B + since)
                digamma_B, before = digamma(B + since), digamma(A + (B + since))
            n, after_A, after_B = tables.subscriptions[row], A + tables.lost[row], B + tables.renewals[row]
            value += n * (math.lgamma(after_A) + math.lgamma(after_B) - math.lgamma(after_A + after_B) + constant)
            if with_slopes:
                both = digamma(after_A + after_B) - before
                slopes[0, g] += n * (digamma(after_A) - digamma_A - both)
                slopes[1, g] += n * (digamma(after_B) - digamma_B - both)
    return value


@inner
def _renewals_on_clock(parameters, at, tables, slopes, with_slopes):  # type: ignore[no-untyped-def]
    """Sum over all histories, of S(G) / S(G0), times 1 - S(G + g) / S(G) of the lost, G being sums over renewals.

    Parameters are A, B, c of the beta-discrete-Weibull, which is that of the first group, and slopes of covariates.
    """
    weight, passed = _weights(parameters, tables)
    value, ended, own = 0.0, np.zeros(weight.size), np.zeros(weight.size)
    for g in range(parameters.shape[1]):
        A, B = parameters[0, g], parameters[1, g]
        for row in range(at[0, g], at[0, g + 1]):
            n, first, lost = tables.subscriptions[row], tables.begin[row] - 1, tables.lost[row] > 0
            since, until = first + int(tables.observed_from[row]), first + int(tables.renewals[row])
            begun, made = passed[since] if since > first else 0.0, passed[until] if until > first else 0.0
            step = weight[until + 1] if lost else 0.0
            of_one, d_A, d_b, d_g = _on_clock(A, B + made, step, lost, with_slopes)
            value += n * (_log_gamma_rise(B + begun, A) + of_one)
            if with_slopes:
                by_A = digamma(A + (B + begun))
                by_B = by_A - digamma(B + begun)
                slopes[0, g] += n * (by_A + d_A)
                slopes[1, g] += n * (by_B + d_b)
                if since > first:
                    ended[since] += n * by_B
                if until > first:
                    ended[until] += n * d_b
                if lost:
                    own[until + 1] += n * d_g
    if with_slopes:
        _slopes_of_weights(parameters, tables, weight, ended, own, slopes)
    return value


@inner
def _weights(parameters, tables):  # type: ignore[no-untyped-def]
    """How much each renewal counts, and the sum up to each, from the first of its schedule on."""
    covariates, rows = tables.covariates.shape[1], tables.number.size
    first = parameters.shape[0] - covariates
    weight, passed, total = np.empty(rows), np.empty(rows), 0.0
    for row in range(rows):
        k, log_weight = tables.number[row], tables.log_factor[row]
        for j in range(covariates):
            log_weight += parameters[first + j, 0] * tables.covariates[row, j]
            if tables.unknown[row, j]:
                log_weight += 0.5 * parameters[first + j, 0] * _with_unknown(parameters, tables, row, j)
        weight[row] = math.exp(log_weight)
        if first == 3:
            c = parameters[2, 0]
            weight[row] *= float(k) ** c - (k - 1.0) ** c
        total = weight[row] if k == 1 else total + weight[row]
        passed[row] = total
    return weight, passed


@inner
def _with_unknown(parameters, tables, row, j):  # type: ignore[no-untyped-def]
    """Covariance of a covariate with the sum of slopes times those that are unknown at a renewal."""
    covariates, found = tables.covariates.shape[1], 0.0
    for i in range(covariates):
        slope = parameters[parameters.shape[0] - covariates + i, 0]
        found += tables.together[j, i] * slope * tables.unknown[row, i]
    return found


@inner
def _slopes_of_weights(parameters, tables, weight, ended, own, slopes):  # type: ignore[no-untyped-def]
    """Derivatives by what weights are made of, from those by sums that end at a renewal and by its own weight."""
    covariates, rows, later = tables.covariates.shape[1], weight.size, 0.0
    first = parameters.shape[0] - covariates
    for row in range(rows - 1, -1, -1):
        if row + 1 < rows and tables.number[row + 1] == 1:
            later = 0.0
        later += ended[row]
        by_log = (later + own[row]) * weight[row]
        if tables.by_log_factor.size:
            tables.by_log_factor[row] += by_log
        for j in range(covariates):
            slopes[first + j, 0] += by_log * tables.covariates[row, j]
            if tables.unknown[row, j]:
                slopes[first + j, 0] += by_log * _with_unknown(parameters, tables, row, j)
        if first == 3:
            k, c = float(tables.number[row]), parameters[2, 0]
            before = (k - 1.0) ** c * math.log(k - 1.0) if k > 1 else 0.0
            slopes[2, 0] += by_log * (k**c * math.log(k) - before) / (k**c - (k - 1.0) ** c)


@compiled
def _events(r, alpha, more_than, T, T_customers, T_events, constant, by_T):  # type: ignore[no-untyped-def]
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
        if by_T.size:
            by_T[i] -= (r * T_customers[i] + T_events[i]) / (alpha + T[i])
    return value, d_r, d_alpha


@compiled
def _spend(p, q, v, x, first, log_total, customers, with_slopes):  # type: ignore[no-untyped-def]
    """Sum of -p x ln(1 + v / total) - q ln(1 + total / v), with derivatives by p, q, v."""
    value, d_p, d_q, d_v = 0.0, 0.0, 0.0, 0.0
    log_v = np.log(v)
    above, below, small, log_1p, weight = new_block(), new_block(), new_block(), new_block(), new_block()
    for j in range(x.size):
        for low in range(first[j], first[j + 1], BLOCK):
            high = min(low + BLOCK, first[j + 1])
            size, n = high - low, customers[low:high]
            differences(log_total[low:high], log_v, above, below)
            exp_of_minus_size(above[:size], small)
            log_1p_of(small[:size], log_1p)
            of_v, of_spend = sum_of_log_1p_exp(above, log_1p, n), sum_of_log_1p_exp(below, log_1p, n)
            value -= p * x[j] * of_spend + q * of_v
            if with_slopes:
                d_p -= x[j] * of_spend
                d_q -= of_v
                logistic(above, small, n, weight)
                d_v += q / v * sum_of(weight[:size])
                logistic(below, small, n, weight)
                d_v -= p * x[j] / v * sum_of(weight[:size])
    return value, d_p, d_q, d_v


@kernel
def digamma(x):  # type: ignore[no-untyped-def]
    """Derivative of ln Gamma at a positive number, to some units in the last place: by its asymptotic series."""
    found = 0.0
    while x < 10.0:
        found -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = 1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * (691 / 32760 - y / 12)))))
    return found + math.log(x) - 0.5 / x - y * series


@inner
def _log_gamma_rise(x, step):  # type: ignore[no-untyped-def]
    """ln (Gamma(x + step) / Gamma(x)); where x is far, by Stirling's series, in which no large numbers cancel."""
    if x < FAR:
        return math.lgamma(x + step) - math.lgamma(x)
    y = x + step
    return (x - 0.5) * math.log1p(step / x) + step * (math.log(y) - 1.0) + (_stirling(y) - _stirling(x))


@inner
def _stirling(x):  # type: ignore[no-untyped-def]
    """What Stirling's formula for ln Gamma leaves out, at a number from `FAR` on, to the last digit."""
    y = 1.0 / (x * x)
    return (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y / 1680))) / x


KERNELS: dict[str, Kernel] = {
    "bg_nbd": bg_nbd,
    "mbg_nbd": mbg_nbd,
    "bg_cnbd": bg_cnbd,
    "mbg_cnbd": mbg_cnbd,
    "bg_nbd_at_once": bg_nbd_at_once,
    "bg_cnbd_at_once": bg_cnbd_at_once,
    "nbd": nbd,
    "gamma_gamma": gamma_gamma,
    "shifted_beta_geometric": shifted_beta_geometric,
    "beta_discrete_weibull": beta_discrete_weibull,
}
