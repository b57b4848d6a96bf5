"""Special functions that the purchase models share, in forms that neither overflow nor cancel."""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

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
    """Gauss's 2F1(a, b; c; z) for 0 <= z < 1."""
    return special.hyp2f1(a, b, c, z)


@functools.cache
def gauss_legendre(nodes: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre quadrature on (0, 1)."""
    x, weight = np.polynomial.legendre.leggauss(nodes)
    return (x + 1) / 2, weight / 2
