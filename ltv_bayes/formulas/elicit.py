"""A distribution from what an expert says of an amount.

An amount between `low` and `high` with a stated probability is log-normal through the two quantiles. With a
`likely` value between them it is log-normal on each side, with that value as its median: as likely to come out
above it as below. All three numbers are met exactly.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]


def log_normal_from_interval(
    low: ArrayLike, high: ArrayLike, likely: ArrayLike | None = None, *, interval: ArrayLike = 0.8
) -> tuple[Array, Array, Array]:
    """Median, and sd of the logarithm below and above it, of the distribution that meets the numbers.

    Parameters
    ----------
    low, high : positive amounts
        The central `interval` of probability lies between them.
    likely : amount, optional
        The median; nan (or None) where the expert gave none, then sqrt(low * high).
    interval : float
        0.8 puts a tenth of the probability below `low` and a tenth above `high`.

    Returns
    -------
    median, log_sd_below, log_sd_above : arrays

    Examples
    --------
    >>> median, below, above = log_normal_from_interval(50, 200)
    >>> round(float(median), 6), bool(np.isclose(below, above))
    (100.0, True)
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    middle = np.sqrt(low) * np.sqrt(high)
    given = np.full(middle.shape, np.nan) if likely is None else np.asarray(likely, dtype=float)
    median = np.where(np.isnan(given), middle, given)
    z = special.ndtri((1 + np.asarray(interval, dtype=float)) / 2)
    return median, np.log(median / low) / z, np.log(high / median) / z


def mean_amount(median: ArrayLike, log_sd_below: ArrayLike, log_sd_above: ArrayLike) -> Array:
    """Mean of the distribution.

    Examples
    --------
    >>> float(mean_amount(100.0, 0.0, 0.0))
    100.0
    """
    below, above = np.asarray(log_sd_below, dtype=float), np.asarray(log_sd_above, dtype=float)
    lower = np.exp(below**2 / 2) * special.ndtr(-below)
    upper = np.exp(above**2 / 2) * special.ndtr(above)
    return np.asarray(median) * (lower + upper)


def draw_amounts(rng: np.random.Generator, size: int, median: float, log_sd_below: float, log_sd_above: float) -> Array:
    """Draw amounts, of shape (size,)."""
    z = rng.standard_normal(size)
    return median * np.exp(z * np.where(z < 0, log_sd_below, log_sd_above))


def amount_quantiles(family: str, parameters: tuple[float, ...], level: Array) -> Array:
    """Amounts at levels of their distribution.

    Parameters
    ----------
    family : {"log-normal"}
        Its parameters are median and sd of the logarithm below and above it.
    level : array
        Between 0 and 1.

    Examples
    --------
    >>> amount_quantiles("log-normal", (100.0, 0.5, 0.5), np.array([0.5])).tolist()
    [100.0]
    """
    if family != "log-normal":
        raise ValueError(family)
    median, below, above = parameters
    z = special.ndtri(level)
    return median * np.exp(z * np.where(z < 0, below, above))
