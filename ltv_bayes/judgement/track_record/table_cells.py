"""Cells of a table's row: a number and the bounds of its interval, whose level stands in their names."""

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import interval, interval_name

LEVELS = (np.arange(2000) + 0.5) / 2000


def median_cells(name: str, values: Array, prob: float, kind: str) -> dict[str, float]:
    """Median of some draws.

    Examples
    --------
    >>> median_cells("comes", np.arange(101.0), 0.5, "eti")
    {'comes': 50.0, 'comes_eti50_lb': 25.0, 'comes_eti50_ub': 75.0}
    """
    return {name: float(np.median(values))} | _bounds(name, values, prob, kind)


def mean_cells(name: str, values: Array, prob: float, kind: str) -> dict[str, float]:
    """Mean of some draws."""
    return {name: float(np.mean(values))} | _bounds(name, values, prob, kind)


def share_cells(name: str, hits: np.ndarray, prob: float, kind: str) -> dict[str, float]:
    """A share of cases, with the interval of its posterior under Jeffreys' prior; nothing of no cases."""
    count, number = int(hits.sum()), hits.size
    drawn = special.betaincinv(count + 0.5, number - count + 0.5, LEVELS)
    return {name: count / number if number else np.nan} | _bounds(name, drawn, prob, kind)


def _bounds(name: str, values: Array, prob: float, kind: str) -> dict[str, float]:
    low, high = interval(values, prob, kind)
    level = interval_name(prob, kind)
    return {f"{name}_{level}_lb": float(low), f"{name}_{level}_ub": float(high)}
