"""A distribution from the numbers that an expert states of an amount.

Stated numbers are quantiles: the central `interval` of probability lies between `low` and `high`, and an amount is as
likely to lie above `likely` as below. Only in a PERT distribution `likely` is the mode, as usual there.

A log-normal has its own spread on either side of the median, so it meets three quantiles exactly. A gamma has two
parameters; it meets two, and is as near as it can to three. A PERT distribution meets `low`, `likely` and `high`
exactly as quantiles, mode and quantile. The nearest distribution has the least sum of squared relative differences:
of logarithms, or, for PERT, of amounts.

Amounts are numbers or arrays of one shape, and so are the parameters returned (see `amount_families`).
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special
from scipy.optimize import elementwise

from ltv_bayes.formulas.beliefs.amount_families import GAMMA, LOG_NORMAL, PERT, Array, pert_shapes

Fit = tuple[Array, Array, Array]

LOG_SHAPES = (np.log(1e-2), np.log(1e15))
"""Shapes of a gamma distribution that are looked for: from amounts of any size to one that is all but certain."""
LOG_BETA_SHAPES = (np.log(1e-6), np.log(1e14))
PLACES, NEAR_ENOUGH = 33, 1e-9
LARGEST = 1e9
"""Stands for infinity where a root is searched."""


def log_normal_from_interval(
    low: ArrayLike, high: ArrayLike, likely: ArrayLike | None = None, *, interval: ArrayLike = 0.8
) -> Fit:
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
    z = special.ndtri(_upper(interval))
    return median, np.log(median / low) / z, np.log(high / median) / z


def gamma_from_interval(low: ArrayLike, high: ArrayLike, *, interval: ArrayLike = 0.8) -> Fit:
    """Shape and rate of the gamma distribution with these two quantiles; `low` below `high`.

    Examples
    --------
    >>> from ltv_bayes.formulas.beliefs.amount_families import amount_quantiles
    >>> shape, rate, _ = gamma_from_interval(50.0, 200.0)
    >>> amount_quantiles("gamma", (shape, rate, np.nan), [0.1, 0.9]).round(6).tolist()
    [50.0, 200.0]
    """
    low, high, upper = np.broadcast_arrays(*(np.asarray(part, float) for part in (low, high, _upper(interval))))

    def too_wide(log_shape: Array, upper: Array, stated: Array) -> Array:
        shape = np.exp(log_shape)
        with np.errstate(divide="ignore"):
            ends = np.log(special.gammaincinv(shape, upper)), np.log(special.gammaincinv(shape, 1 - upper))
        return ends[0] - ends[1] - stated

    shape = np.exp(root_between(too_wide, *LOG_SHAPES, upper, np.log(high / low)))
    rate = np.sqrt(special.gammaincinv(shape, 1 - upper) / low * special.gammaincinv(shape, upper) / high)
    return shape, rate, np.full(shape.shape, np.nan)


def pert_from_interval(
    low: ArrayLike, high: ArrayLike, likely: ArrayLike | None = None, *, interval: ArrayLike = 0.8
) -> Fit:
    """Least, most likely and most of the PERT distribution with these two quantiles and this mode.

    Without `likely` it is symmetric. An interval of 1 makes `low` and `high` the ends. Where the least would lie below
    0, it is 0, `likely` stays the mode, and the two quantiles are as near as they can.

    Examples
    --------
    >>> from ltv_bayes.formulas.beliefs.amount_families import amount_quantiles
    >>> low, mode, high = pert_from_interval(100.0, 300.0, 150.0)
    >>> float(mode), amount_quantiles("pert", (low, mode, high), [0.1, 0.9]).round(6).tolist()
    (150.0, [100.0, 300.0])
    """
    low, high, upper = np.broadcast_arrays(*(np.asarray(part, float) for part in (low, high, _upper(interval))))
    given = np.full(low.shape, np.nan) if likely is None else np.asarray(likely, dtype=float)
    mode = np.where(np.isnan(given), low / 2 + high / 2, given)

    def mode_too_low(place: Array, low: Array, mode: Array, high: Array, upper: Array) -> Array:
        first, last = _pert_ends(place, upper)
        return ((last - place) * (mode - low) - (place - first) * (high - mode)) / np.where(high > low, high - low, 1.0)

    place = root_between(mode_too_low, 0.0, 1.0, low, mode, high, upper)
    first, last = _pert_ends(place, upper)
    width = (high - low) / (last - first)
    least, most = mode - place * width, mode + (1 - place) * width
    if (least < 0).any():
        from_zero = _pert_from_zero(low, mode, high, upper)
        least, most = np.where(least < 0, 0.0, least), np.where(least < 0, from_zero, most)
    return least, mode, most


def _pert_ends(place: Array, upper: Array) -> tuple[Array, Array]:
    """Quantiles of the PERT distribution between 0 and 1 with its mode at this place."""
    shapes = pert_shapes(np.zeros_like(place), place, np.ones_like(place))
    return special.betaincinv(*shapes, 1 - upper), special.betaincinv(*shapes, upper)


def _pert_from_zero(low: Array, mode: Array, high: Array, upper: Array) -> Array:
    """The most of the PERT distribution that begins at 0 and is nearest to two quantiles."""

    def differences(log_factor: Array, low: Array, mode: Array, high: Array, upper: Array) -> Array:
        most = high * np.exp(log_factor)
        first, last = _pert_ends(mode / most, upper)
        return (most * first - low) ** 2 + (most * last - high) ** 2

    return high * np.exp(_least(differences, 0.0, np.log(10.0), low, mode, high, upper))


def amount_from_interval(
    family: str, low: ArrayLike, high: ArrayLike, likely: ArrayLike | None = None, *, interval: ArrayLike = 0.8
) -> Fit:
    """Parameters of the family's distribution with the two quantiles, and `likely` where it is not nan.

    Examples
    --------
    >>> [float(number) for number in amount_from_interval("pert", 100.0, 300.0, 150.0, interval=1)]
    [100.0, 150.0, 300.0]
    """
    if family == PERT:
        return pert_from_interval(low, high, likely, interval=interval)
    if family == LOG_NORMAL:
        return log_normal_from_interval(low, high, likely, interval=interval)
    exact = gamma_from_interval(low, high, interval=interval)
    if likely is None or np.isnan(likely).all():
        return exact
    upper = _upper(interval)
    if (upper == upper.flat[0]).all():
        upper = np.asarray(upper.flat[0])
    near = amount_from_quantiles(GAMMA, _levels(1 - upper, 0.5, upper), _levels(low, likely, high))
    shape, rate = (np.where(np.isnan(likely), one, other) for one, other in zip(exact[:2], near[:2], strict=True))
    return shape, rate, exact[2]


def amount_from_quantiles(family: str, levels: ArrayLike, amounts: ArrayLike) -> Fit:
    """Parameters of the family's distribution that is nearest to quantiles.

    Parameters
    ----------
    levels : array of shape (n,) or (n, judgements)
        Ascending, between 0 and 1, three or more.
    amounts : array of shape (n, judgements) or (n,)
        Positive amounts at these levels.

    Examples
    --------
    >>> from ltv_bayes.formulas.beliefs.amount_families import amount_quantiles
    >>> fitted = amount_from_quantiles("log-normal", [0.25, 0.5, 0.75], [80.0, 100.0, 150.0])
    >>> amount_quantiles("log-normal", fitted, [0.25, 0.5, 0.75]).round(6).tolist()
    [80.0, 100.0, 150.0]
    """
    levels, amounts = np.asarray(levels, dtype=float), np.asarray(amounts, dtype=float)
    levels = levels.reshape(levels.shape + (1,) * (amounts.ndim - levels.ndim))
    return {LOG_NORMAL: _log_normal_nearest, GAMMA: gamma_from_quantiles, PERT: _pert_nearest}[family](levels, amounts)


def _log_normal_nearest(levels: Array, amounts: Array) -> Fit:
    """Least squares of the logarithms on the parts of the normal quantile below and above 0."""
    z = np.broadcast_to(special.ndtri(levels), amounts.shape)
    design = np.moveaxis(np.stack([np.ones_like(z), np.minimum(z, 0), np.maximum(z, 0)]), (0, 1), (-1, -2))
    found = np.linalg.pinv(design) @ np.moveaxis(np.log(amounts), 0, -1)[..., None]
    log_median, below, above = np.moveaxis(found[..., 0], -1, 0)
    return np.exp(log_median), np.maximum(below, 0.0), np.maximum(above, 0.0)


def gamma_from_quantiles(levels: Array, amounts: Array) -> Fit:
    """Shape and rate of the gamma distribution with the nearest logarithms of quantiles."""

    def log_differences(log_shape: Array, *stated: Array) -> Array:
        levels, amounts = np.split(np.stack(np.broadcast_arrays(*stated)), 2)
        return np.log(amounts) - np.log(special.gammaincinv(np.exp(log_shape), levels))

    stated = (*levels, *amounts)
    log_shape = _least(lambda at, *rows: log_differences(at, *rows).var(axis=0), *LOG_SHAPES, *stated)
    rate = np.exp(-log_differences(log_shape, *stated).mean(axis=0))
    return np.exp(log_shape), rate, np.full(log_shape.shape, np.nan)


def _pert_nearest(levels: Array, amounts: Array) -> Fit:
    """Least, most likely and most by least squares of amounts, the least not below 0."""

    def at_place(place: Array, *stated: Array) -> tuple[Array, Array, Array]:
        levels, amounts = np.split(np.stack(np.broadcast_arrays(*stated)), 2)
        unit = special.betaincinv(*pert_shapes(np.zeros_like(place), place, np.ones_like(place)), levels)
        centred = unit - unit.mean(axis=0)
        width = (centred * amounts).sum(axis=0) / (centred**2).sum(axis=0)
        low = amounts.mean(axis=0) - width * unit.mean(axis=0)
        from_zero = (unit * amounts).sum(axis=0) / (unit**2).sum(axis=0)
        width, low = np.where(low < 0, from_zero, width), np.maximum(low, 0.0)
        return low, width, ((low + width * unit - amounts) ** 2).sum(axis=0)

    place = _least(lambda at, *rows: at_place(at, *rows)[2], 0.0, 1.0, *levels, *amounts)
    low, width, _ = at_place(place, *levels, *amounts)
    return low, low + place * width, low + width


def amount_from_mean(family: str, mean: ArrayLike, sd: ArrayLike) -> Fit:
    """Parameters of the log-normal or gamma distribution with this mean and standard deviation.

    Examples
    --------
    >>> shape, rate, _ = amount_from_mean("gamma", 100.0, 50.0)
    >>> float(shape), float(rate)
    (4.0, 0.04)
    """
    mean, squared_cv = np.asarray(mean, dtype=float), (np.asarray(sd, dtype=float) / mean) ** 2
    if family == GAMMA:
        return 1 / squared_cv, 1 / (squared_cv * mean), np.full(squared_cv.shape, np.nan)
    log_sd = np.sqrt(np.log1p(squared_cv))
    return mean / np.sqrt(1 + squared_cv), log_sd, log_sd


def beta_from_interval(low: ArrayLike, high: ArrayLike, *, interval: ArrayLike = 0.8) -> tuple[Array, Array]:
    """Shapes of the beta distribution with these two quantiles; ``0 < low < high < 1``.

    Examples
    --------
    >>> a, b = beta_from_interval(0.1, 0.9)
    >>> bool(np.isclose(a, b)), special.betainc(a, b, [0.1, 0.9]).round(6).tolist()
    (True, [0.1, 0.9])
    """
    low, high, upper = np.broadcast_arrays(*(np.asarray(part, float) for part in (low, high, _upper(interval))))

    def too_high(log_b: Array, low: Array, high: Array, upper: Array) -> Array:
        b = np.exp(log_b)
        return special.betainc(special.btdtria(1 - upper, b, low), b, high) - upper

    b = np.exp(root_between(too_high, *LOG_BETA_SHAPES, low, high, upper))
    return special.btdtria(1 - upper, b, low), b


def draw_amounts(rng: np.random.Generator, size: int, median: float, log_sd_below: float, log_sd_above: float) -> Array:
    """Draw amounts, of shape (size,)."""
    z = rng.standard_normal(size)
    return median * np.exp(z * np.where(z < 0, log_sd_below, log_sd_above))


def _upper(interval: ArrayLike) -> Array:
    """The level of a central interval's upper end."""
    return (1 + np.asarray(interval, dtype=float)) / 2


def _levels(*parts: ArrayLike) -> Array:
    return np.stack(np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in parts)))


def root_between(function: Callable[..., Array], low: ArrayLike, high: ArrayLike, *rows: ArrayLike) -> Array:
    """Where a function is 0, for each of many rows at once.

    Parameters
    ----------
    function : callable
        Of one number for each row, and of the rows.
    low, high : array
        Ends of the search; where the sign is the same at both, the result is the end where the function is nearer to 0.
    *rows : arrays
        What else the function depends on.

    Examples
    --------
    >>> root_between(lambda x, square: x**2 - square, 0.0, 10.0, [4.0, 25.0, 400.0]).round(9).tolist()
    [2.0, 5.0, 10.0]
    """

    def finite(x: Array, *rows: Array) -> Array:
        return np.clip(function(x, *rows), -LARGEST, LARGEST)

    with np.errstate(invalid="ignore"):
        found = elementwise.find_root(finite, (low, high), args=rows)
    at_low, at_high = (np.abs(finite(np.asarray(end, dtype=float), *map(np.asarray, rows))) for end in (low, high))
    return np.where(found.success, found.x, np.where(at_low < at_high, low, high))


def _least(loss: Callable[..., Array], low: float, high: float, *rows: ArrayLike) -> Array:
    """Where a function is least, for each of many rows: the best of some places, then nearer.

    The function is mirrored at both ends, so that one of them may be the best place.
    """

    def mirrored(x: Array, *rows: Array) -> Array:
        return loss(inside(x), *rows)

    def inside(x: Array) -> Array:
        return high - np.abs(high - (low + np.abs(x - low)))

    rows = np.broadcast_arrays(*rows)
    places = np.linspace(low, high, PLACES)
    values = np.stack([loss(np.full(rows[0].shape, place), *rows) for place in places])
    best = places[values.argmin(axis=0)]
    step = places[1] - places[0]
    near = {"xatol": NEAR_ENOUGH * (high - low)}
    found = elementwise.find_minimum(mirrored, (best - step, best, best + step), args=tuple(rows), tolerances=near)
    return inside(np.where(found.success, found.x, best))


def for_distinct(fit: Callable[..., tuple[Array, ...]], *columns: ArrayLike) -> list[Array]:
    """Call a function of columns with each distinct row once, and give every row its results.

    Examples
    --------
    >>> doubled = for_distinct(lambda one, other: (one + other, np.full(len(one), len(one))), [1, 2, 1], [0, 0, 0])
    >>> [part.tolist() for part in doubled]
    [[1, 2, 1], [2, 2, 2]]
    """
    rows = pd.DataFrame(dict(enumerate(columns)))
    place = rows.groupby(list(rows), dropna=False, sort=False).ngroup().to_numpy()
    distinct = rows.drop_duplicates()
    return [np.asarray(part)[place] for part in fit(*(distinct[name].to_numpy() for name in rows))]
