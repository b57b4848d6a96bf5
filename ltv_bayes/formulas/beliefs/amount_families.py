"""Families of distributions of an amount: quantiles, density, mean and sd by three parameters.

log-normal
    Median, and sd of the logarithm below and above it. Equal ones make the ordinary log-normal.
gamma
    Shape and rate; the third parameter is NaN.
pert
    Least, most likely and most: a beta distribution between the two ends whose shape adds up to 6.

Parameters and levels are numbers, or arrays that broadcast.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]
Parameters = tuple[ArrayLike, ...]

FARTHEST = 8.0
NODES = np.linspace(-FARTHEST, FARTHEST, 129)
SMALLEST = 1e-200
MANY = 4 * NODES.size
LOG_NORMAL, GAMMA, PERT = "log-normal", "gamma", "pert"


class Family(NamedTuple):
    """What is known of a family in closed form."""

    quantile: Callable[..., Array]
    density: Callable[..., Array]
    mean: Callable[..., Array]
    variance: Callable[..., Array]


def amount_quantiles(family: str, parameters: Parameters, level: ArrayLike) -> Array:
    """Amounts at levels of their distribution.

    Parameters
    ----------
    family : {"log-normal", "gamma", "pert"}
        See the top of this module for its parameters.
    level : array
        Between 0 and 1.

    Examples
    --------
    >>> amount_quantiles("log-normal", (100.0, 0.5, 0.5), [0.5]).tolist()
    [100.0]
    >>> amount_quantiles("pert", (10.0, 20.0, 30.0), [0.0, 0.5, 1.0]).round(6).tolist()
    [10.0, 20.0, 30.0]
    """
    return FAMILIES[family].quantile(*_as_arrays(parameters), np.asarray(level, dtype=float))


def amounts_at(family: str, parameters: Parameters, z: ArrayLike) -> Array:
    """Amounts at levels given in standard normal units, which may lie further out than a probability can say.

    Beyond `FARTHEST` a log-normal amount goes on; the others stay where they are. Many amounts of one gamma or PERT
    distribution are read off a spline through some of them, to six digits or better.

    Examples
    --------
    >>> amounts_at("log-normal", (100.0, 0.5, 0.5), [0.0, 10.0]).round(1).tolist()
    [100.0, 14841.3]
    """
    levels = np.asarray(z, dtype=float)
    if family == LOG_NORMAL:
        median, below, above = _as_arrays(parameters)
        return median * np.exp(levels * np.where(levels < 0, below, above))
    levels = np.clip(levels, -FARTHEST, FARTHEST)
    if levels.size >= MANY and all(np.size(number) == 1 for number in parameters):
        return _by_spline(family, parameters, levels)
    return amount_quantiles(family, parameters, special.ndtr(levels))


def _by_spline(family: str, parameters: Parameters, z: Array) -> Array:
    """Amounts at many levels from the logarithms of those at `NODES`, counted from the least that can be."""
    from scipy.interpolate import CubicSpline

    first, second, third = _as_arrays(parameters)
    least = first if family == PERT else np.zeros(())
    above = (first - least, second - least, third - least) if family == PERT else (first, second, third)
    amounts = amount_quantiles(family, above, special.ndtr(NODES))
    if amounts.min() < SMALLEST:
        return amount_quantiles(family, parameters, special.ndtr(z))
    return least + np.exp(CubicSpline(NODES, np.log(amounts))(z))


def amount_density(family: str, parameters: Parameters, amount: ArrayLike) -> Array:
    """Density at amounts above 0.

    Examples
    --------
    >>> float(amount_density("gamma", (1.0, 0.5, np.nan), 2.0)), 0.5 * float(np.exp(-1))
    (0.18393972058572117, 0.18393972058572117)
    """
    return FAMILIES[family].density(*_as_arrays(parameters), np.asarray(amount, dtype=float))


def amount_mean(family: str, parameters: Parameters) -> Array:
    """Mean of the distribution.

    Examples
    --------
    >>> float(amount_mean("gamma", (4.0, 0.5, np.nan))), float(amount_mean("pert", (10.0, 20.0, 60.0)))
    (8.0, 25.0)
    """
    return FAMILIES[family].mean(*_as_arrays(parameters))


def amount_sd(family: str, parameters: Parameters) -> Array:
    """Standard deviation of the distribution.

    Examples
    --------
    >>> float(amount_sd("gamma", (4.0, 0.5, np.nan)))
    4.0
    """
    return np.sqrt(FAMILIES[family].variance(*_as_arrays(parameters)))


def _as_arrays(parameters: Parameters) -> tuple[Array, Array, Array]:
    first, second, third = (np.asarray(number, dtype=float) for number in parameters)
    return first, second, third


def _log_normal_quantile(median: Array, below: Array, above: Array, level: Array) -> Array:
    z = special.ndtri(level)
    return median * np.exp(z * np.where(z < 0, below, above))


def _log_normal_density(median: Array, below: Array, above: Array, amount: Array) -> Array:
    log_sd = np.where(amount < median, below, above)
    z = np.log(amount / median) / log_sd
    return np.exp(-(z**2) / 2) / (np.sqrt(2 * np.pi) * log_sd * amount)


def _log_normal_mean(median: Array, below: Array, above: Array) -> Array:
    return median * _relative_moment(1, below, above)


def _log_normal_variance(median: Array, below: Array, above: Array) -> Array:
    square = _relative_moment(2, below, above) - _relative_moment(1, below, above) ** 2
    return median**2 * np.maximum(square, 0.0)


def _relative_moment(order: int, below: Array, above: Array) -> Array:
    """E(X^n) in units of the median: each side of it is a log-normal cut there."""
    lower = np.exp((order * below) ** 2 / 2) * special.ndtr(-order * below)
    upper = np.exp((order * above) ** 2 / 2) * special.ndtr(order * above)
    return lower + upper


def _gamma_quantile(shape: Array, rate: Array, _: Array, level: Array) -> Array:
    return special.gammaincinv(shape, level) / rate


def _gamma_density(shape: Array, rate: Array, _: Array, amount: Array) -> Array:
    log_density = special.xlogy(shape - 1, rate * amount) - rate * amount - special.gammaln(shape)
    return rate * np.exp(log_density)


def pert_shapes(low: Array, mode: Array, high: Array) -> tuple[Array, Array]:
    """The two shapes of the beta distribution between the ends; where these meet, any will do."""
    width = high - low
    place = np.divide(mode - low, width, out=np.full(np.broadcast(mode, width).shape, 0.5), where=width > 0)
    return 1 + 4 * place, 5 - 4 * place


def _pert_quantile(low: Array, mode: Array, high: Array, level: Array) -> Array:
    return low + (high - low) * special.betaincinv(*pert_shapes(low, mode, high), level)


def _pert_density(low: Array, mode: Array, high: Array, amount: Array) -> Array:
    a, b = pert_shapes(low, mode, high)
    place = np.clip((amount - low) / (high - low), 0.0, 1.0)
    inside = (amount >= low) & (amount <= high)
    density = np.exp(special.xlogy(a - 1, place) + special.xlog1py(b - 1, -place) - special.betaln(a, b))
    return np.where(inside, density / (high - low), 0.0)


def _pert_mean(low: Array, mode: Array, high: Array) -> Array:
    return (low + 4 * mode + high) / 6


def _pert_variance(low: Array, mode: Array, high: Array) -> Array:
    mean = _pert_mean(low, mode, high)
    return (mean - low) * (high - mean) / 7


FAMILIES = {
    LOG_NORMAL: Family(_log_normal_quantile, _log_normal_density, _log_normal_mean, _log_normal_variance),
    GAMMA: Family(
        _gamma_quantile,
        _gamma_density,
        lambda shape, rate, _: shape / rate,
        lambda shape, rate, _: shape / rate**2,
    ),
    PERT: Family(_pert_quantile, _pert_density, _pert_mean, _pert_variance),
}
