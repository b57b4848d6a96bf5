"""Grids of times on which functions that are singular before 0 alone are polynomials, compiled.

A function is known at its Chebyshev points; between them its values are sums over the points (Berrut & Trefethen, 2004,
Barycentric Lagrange interpolation, SIAM Review 46).
"""

import math

import numpy as np

from ltv_bayes.formulas.kernels.blocks import inner
from ltv_bayes.formulas.kernels.future.outlooks import loop

FEWEST, MOST = 10, 400  # nodes of the grid of times


@inner
def folded_time(s, scale):  # type: ignore[no-untyped-def]
    """Map times onto (0, 1) so that functions with a singularity below -scale are analytic in the unit circle."""
    root = math.sqrt(1.0 + s / scale)
    return (root - 1.0) / (root + 1.0)


@inner
def grid_of_times(exact, end, scale):  # type: ignore[no-untyped-def]
    """Chebyshev points of folded times up to an end, descending to 0, their times and barycentric weights."""
    last = folded_time(end, scale)
    middle = (2.0 - last) / last if last > 0.0 else np.inf
    rate = math.log(middle + math.sqrt(middle * middle - 1.0)) if middle < 1e8 else exact
    number = min(max(math.ceil(exact / rate) + 2, FEWEST), MOST + 1)
    folded, weight = chebyshev_points(number)
    folded *= last
    times = np.empty(number)
    for k in range(number):
        root = (1.0 + folded[k]) / (1.0 - folded[k])
        times[k] = scale * (root * root - 1.0)
    return folded, times, weight


@inner
def chebyshev_points(number):  # type: ignore[no-untyped-def]
    """Points on (0, 1), from 1 down to 0, and barycentric weights."""
    points, weight = np.empty(number), np.empty(number)
    for k in range(number):
        points[k] = 0.5 * (1.0 + math.cos(math.pi * k / (number - 1)))
        weight[k] = 1.0 if k % 2 == 0 else -1.0
    points[0], points[-1] = 1.0, 0.0
    weight[0] *= 0.5
    weight[-1] *= 0.5
    return points, weight


@loop
def lagrange(at, points, weight, found):  # type: ignore[no-untyped-def]
    """Values at a point of the polynomials that are 1 at one of the points, and 0 at the others."""
    total = 0.0
    for k in range(points.size):
        found[k] = weight[k] / (at - points[k])
        total += found[k]
    if not abs(total) < np.inf:  # at a point itself
        for k in range(points.size):
            found[k] = 1.0 if at == points[k] else 0.0
        return
    for k in range(points.size):
        found[k] /= total
