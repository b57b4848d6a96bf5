"""Special functions that several formulas share, in forms that neither overflow nor cancel."""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

NEAR_ONE, NEAR_WHOLE, AROUND = 0.85, 1e-4, 1e-3

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
Numbers = NDArray[np.float64] | NDArray[np.int64] | Sequence[float] | float


def log_beta(a: Numbers, b: Numbers) -> Array:
    """ln B(a, b)."""
    return special.betaln(a, b)


def log_rising_factorial(r: Numbers, x: Numbers) -> Array:
    """ln (Gamma(r + x) / Gamma(r)), without cancelling where r is large; 0 for x = 0.

    Examples
    --------
    >>> bool(np.isclose(log_rising_factorial(1e18, 5), 5 * np.log(1e18)))
    True
    """
    r, x = np.asarray(r, dtype=float), np.asarray(x, dtype=float)
    positive = np.maximum(x, 1)
    return np.where(x > 0, special.gammaln(positive) - special.betaln(r, positive), 0.0)


def one_minus_power(log_base: Numbers, exponent: Numbers) -> Array:
    """(1 - base**exponent) / exponent, with its limit -ln(base) at exponent 0.

    Examples
    --------
    >>> bool(np.isclose(one_minus_power(np.log(0.5), 0.0), np.log(2)))
    True
    """
    log_base = np.asarray(log_base, dtype=float)
    return -log_base * special.exprel(np.asarray(exponent, dtype=float) * log_base)


def hypergeometric(a: Numbers, b: Numbers, c: Numbers, z: Numbers) -> Array:
    """Gauss's 2F1(a, b; c; z) for 0 <= z < 1.

    SciPy loses all digits where z is near 1 and c - a - b next to a whole number. The function is analytic in b, so
    there it is interpolated from six values around b.

    Examples
    --------
    >>> bool(np.isclose(hypergeometric(0.5, 0.5, 2.0, 0.99), 1.2591, atol=1e-4))
    True
    """
    a, b, c, z = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (a, b, c, z)))
    found = np.asarray(special.hyp2f1(a, b, c, z))
    whole = c - a - b
    lost = (z > NEAR_ONE) & (np.abs(whole - np.rint(whole)) < NEAR_WHOLE)
    if lost.any():
        a, b, c, z = (values[lost] for values in (a, b, c, z))
        found[lost] = sum(
            weight * (special.hyp2f1(a, b + step * AROUND, c, z) + special.hyp2f1(a, b - step * AROUND, c, z))
            for step, weight in ((1, 0.75), (2, -0.3), (3, 0.05))
        )
    return found


@functools.cache
def gauss_legendre(nodes: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre quadrature on (0, 1)."""
    x, weight = np.polynomial.legendre.leggauss(nodes)
    return (x + 1) / 2, weight / 2


def pareto_smoothed(log_ratios: Array) -> tuple[Array, float]:
    """Smooth importance ratios by a generalised Pareto fit to their tail.

    Returns
    -------
    array
        Weights that add up to 1.
    float
        Shape k of the fit; minus infinity where the largest ratios are all the same, which is no tail.
    """
    from arviz_stats.base import array_stats

    try:
        log_weights, k = array_stats.psislw(-log_ratios)  # it takes log-likelihoods, and weights by their inverse
    except ValueError:  # "All tail values are the same"
        log_weights, k = log_ratios, -np.inf
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum(), float(k)
