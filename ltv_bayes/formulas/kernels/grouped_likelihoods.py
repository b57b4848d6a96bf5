"""Log-likelihoods of customers in groups that differ in their parameters, with gradients, in one compiled loop.

The tables of `formulas.fused` are laid end to end, group after group; ``at`` of shape (tables, groups + 1) says where
those of each group begin. Each function takes parameters of shape (groups,) and gives the value, and derivatives of
shape (parameters, groups).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np

from ltv_bayes.formulas.kernels.likelihoods import _bg_nbd, _nbd, _spend
from ltv_bayes.formulas.kernels.regular_likelihoods import bg_cnbd_groups, mbg_cnbd_groups
from ltv_bayes.formulas.special import Array

_kernel: Any = numba.njit(cache=True, nogil=True, error_model="numpy")

Tables = tuple[Any, ...]
Kernel = Callable[..., tuple[float, Array]]


def end_to_end(tables: Sequence[Tables]) -> Tables:
    """Lay the tables of groups end to end, behind where those of each group begin."""
    kinds = list(zip(*tables, strict=True))
    at = np.array([np.cumsum([0, *(len(part) for part in kind)]) for kind in kinds], dtype=np.int64)
    return at, *(np.concatenate(kind) for kind in kinds)


def bg_nbd(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """BG/NBD; see `fused.bg_nbd`."""
    return _bg_nbd_groups(r, alpha, a, b, *tables)


def mbg_nbd(r, alpha, a, b, *tables):  # type: ignore[no-untyped-def]
    """MBG/NBD; see `fused.mbg_nbd`."""
    at, _, _, _, T_customers, *_ = tables
    value, slopes = _bg_nbd_groups(r, alpha, a, b + 1.0, *tables)
    number = np.bincount(np.repeat(np.arange(r.size), np.diff(at[3])), T_customers, r.size)
    slopes[2] -= number / (a + b)
    slopes[3] += number * a / (b * (a + b))
    return value - np.sum(number * np.log1p(a / b)), slopes


def nbd(r, alpha, *tables):  # type: ignore[no-untyped-def]
    """NBD; see `fused.nbd`."""
    return _nbd_groups(r, alpha, *tables)


def gamma_gamma(p, q, v, *tables):  # type: ignore[no-untyped-def]
    """Gamma-gamma; see `fused.gamma_gamma`."""
    return _spend_groups(p, q, v, *tables)


def shifted_beta_geometric(alpha, beta, *tables):  # type: ignore[no-untyped-def]
    """Shifted beta-geometric; see `fused.shifted_beta_geometric`."""
    return _renewals_groups(alpha, beta, *tables)


@_kernel
def _bg_nbd_groups(  # type: ignore[no-untyped-def]
    r, alpha, a, b, at, more_than, T, log_T, T_customers, T_purchases, t_x, log_t_x, x, first, T_at, t_x_at, customers,
):  # fmt: skip
    value, slopes = 0.0, np.empty((4, r.size))
    for g in range(r.size):
        of_group, slopes[0, g], slopes[1, g], slopes[2, g], slopes[3, g] = _bg_nbd(
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
            True,
        )
        value += of_group
    return value, slopes


@_kernel
def _nbd_groups(r, alpha, at, more_than, T, T_customers, T_events, constant):  # type: ignore[no-untyped-def]
    value, slopes = 0.0, np.empty((2, r.size))
    for g in range(r.size):
        of_group, slopes[0, g], slopes[1, g] = _nbd(
            r[g],
            alpha[g],
            more_than[at[0, g] : at[0, g + 1]],
            T[at[1, g] : at[1, g + 1]],
            T_customers[at[2, g] : at[2, g + 1]],
            T_events[at[3, g] : at[3, g + 1]],
            constant[at[4, g] : at[4, g + 1]],
        )
        value += of_group
    return value, slopes


@_kernel
def _spend_groups(p, q, v, at, x, first, x_customers, log_total, customers, constant):  # type: ignore[no-untyped-def]
    value, slopes = constant.sum(), np.empty((3, p.size))
    for g in range(p.size):
        of_group, slopes[0, g], slopes[1, g], slopes[2, g] = _spend(
            p[g],
            q[g],
            v[g],
            x[at[0, g] : at[0, g + 1]],
            first[at[1, g] : at[1, g + 1]],
            log_total[at[3, g] : at[3, g + 1]],
            customers[at[4, g] : at[4, g + 1]],
            True,
        )
        value += of_group
        log_gamma_q, digamma_q = math.lgamma(q[g]), digamma(q[g])
        for row in range(at[0, g], at[0, g + 1]):
            n, px = x_customers[row], p[g] * x[row]
            both = digamma(px + q[g])
            value += n * (math.lgamma(px + q[g]) - math.lgamma(px) - log_gamma_q)
            slopes[0, g] += n * x[row] * (both - digamma(px))
            slopes[1, g] += n * (both - digamma_q)
    return value, slopes


@_kernel
def _renewals_groups(alpha, beta, at, renewals, lost, count):  # type: ignore[no-untyped-def]
    value, slopes = 0.0, np.zeros((2, alpha.size))
    for g in range(alpha.size):
        A, B = alpha[g], beta[g]
        constant = math.lgamma(A + B) - math.lgamma(A) - math.lgamma(B)
        digamma_A, digamma_B, before = digamma(A), digamma(B), digamma(A + B)
        for row in range(at[0, g], at[0, g + 1]):
            n, after_A, after_B = count[row], A + lost[row], B + renewals[row]
            both = digamma(after_A + after_B) - before
            value += n * (math.lgamma(after_A) + math.lgamma(after_B) - math.lgamma(after_A + after_B) + constant)
            slopes[0, g] += n * (digamma(after_A) - digamma_A - both)
            slopes[1, g] += n * (digamma(after_B) - digamma_B - both)
    return value, slopes


@_kernel
def digamma(x):  # type: ignore[no-untyped-def]
    """Derivative of ln Gamma at a positive number, to some units in the last place: by its asymptotic series."""
    found = 0.0
    while x < 10.0:
        found -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = 1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * (691 / 32760 - y / 12)))))
    return found + math.log(x) - 0.5 / x - y * series


KERNELS: dict[str, Kernel] = {
    "bg_nbd": bg_nbd,
    "mbg_nbd": mbg_nbd,
    "bg_cnbd": bg_cnbd_groups,
    "mbg_cnbd": mbg_cnbd_groups,
    "nbd": nbd,
    "gamma_gamma": gamma_gamma,
    "shifted_beta_geometric": shifted_beta_geometric,
}
