"""A distribution from what an expert says of an amount.

Numbers said are quantiles: the central `interval` of probability lies between `low` and `high`, and an amount is as
likely to come out above `likely` as below. Only in a PERT distribution `likely` is the mode, as usual there.

A log-normal has its own spread on either side of the median, so it meets three quantiles exactly. A gamma has two
parameters; it meets two, and comes as near as it can to three. A PERT distribution meets `low`, `likely` and `high`
exactly as quantiles, mode and quantile. The nearest distribution has the least sum of squared relative differences:
of logarithms, or, for PERT, of amounts.

Amounts are numbers or arrays of one shape, and so are the parameters returned (see `amount_families`).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ltv_bayes.formulas.beliefs.amount_families import (
    GAMMA,
    LOG_NORMAL,
    PERT,
    Array,
    pert_shapes,
)

Fit = tuple[Array, Array, Array]

LOG_SHAPES = (np.log(1e-2), np.log(1e15))
"""Shapes of a gamma distribution that are looked for: from amounts of any size to one that is all but certain."""
LOG_SIZES = (np.log(1e-2), np.log(1e12))
LOG_ODDS = (-40.0, 40.0)
HALVINGS = 60
PLACES, NEARER = 33, 24
GOLDEN = (3 - np.sqrt(5)) / 2
NEWTON_STEPS, NUDGE, LANDED = 12, 1e-6, 1e-9


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
    stated = np.log(high / low)

    def too_wide(log_shape: Array) -> Array:
        shape = np.exp(log_shape)
        return np.log(special.gammaincinv(shape, upper) / special.gammaincinv(shape, 1 - upper)) > stated

    shape = np.exp(_last_true(too_wide, LOG_SHAPES, stated.shape))
    rate = np.sqrt(special.gammaincinv(shape, 1 - upper) / low * special.gammaincinv(shape, upper) / high)
    return shape, rate, np.full(shape.shape, np.nan)


def pert_from_interval(
    low: ArrayLike, high: ArrayLike, likely: ArrayLike | None = None, *, interval: ArrayLike = 0.8
) -> Fit:
    """Least, most likely and most of the PERT distribution with these two quantiles and this mode.

    Without `likely` it is symmetric. An interval of 1 makes `low` and `high` the ends. Where the least would lie below
    0, it is 0, `likely` stays the mode, and the two quantiles come as near as they can.

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

    def ends(place: Array) -> tuple[Array, Array]:
        a, b = pert_shapes(np.zeros_like(place), place, np.ones_like(place))
        return special.betaincinv(a, b, 1 - upper), special.betaincinv(a, b, upper)

    def mode_too_low(place: Array) -> Array:
        first, last = ends(place)
        return (place - first) * (high - mode) < (last - place) * (mode - low)

    place = _last_true(mode_too_low, (0.0, 1.0), low.shape)
    first, last = ends(place)
    width = (high - low) / (last - first)
    least, most = mode - place * width, mode + (1 - place) * width
    if (least < 0).any():
        from_zero = _pert_from_zero(low, mode, high, ends)
        least, most = np.where(least < 0, 0.0, least), np.where(least < 0, from_zero, most)
    return least, mode, most


def _pert_from_zero(low: Array, mode: Array, high: Array, ends: Callable[[Array], tuple[Array, Array]]) -> Array:
    """The most of the PERT distribution that begins at 0 and comes nearest to two quantiles."""

    def differences(log_stretch: Array) -> Array:
        most = high * np.exp(log_stretch)
        first, last = ends(mode / most)
        return (most * first - low) ** 2 + (most * last - high) ** 2

    return high * np.exp(_least(differences, (0.0, np.log(10.0)), high.shape))


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
    """Parameters of the family's distribution that comes nearest to quantiles.

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
    """Shape and rate of the gamma distribution whose quantiles have the nearest logarithms."""

    def log_differences(log_shape: Array) -> Array:
        return np.log(amounts) - np.log(special.gammaincinv(np.exp(log_shape), levels))

    log_shape = _least(lambda at: log_differences(at).var(axis=0), LOG_SHAPES, amounts.shape[1:])
    return (
        np.exp(log_shape),
        np.exp(-log_differences(log_shape).mean(axis=0)),
        np.full(log_shape.shape, np.nan),
    )


def _pert_nearest(levels: Array, amounts: Array) -> Fit:
    """Least, most likely and most by least squares of amounts, the least not below 0."""

    def at_place(place: Array) -> tuple[Array, Array, Array]:
        unit = special.betaincinv(*pert_shapes(np.zeros_like(place), place, np.ones_like(place)), levels)
        centred = unit - unit.mean(axis=0)
        width = (centred * amounts).sum(axis=0) / (centred**2).sum(axis=0)
        low = amounts.mean(axis=0) - width * unit.mean(axis=0)
        from_zero = (unit * amounts).sum(axis=0) / (unit**2).sum(axis=0)
        width, low = np.where(low < 0, from_zero, width), np.maximum(low, 0.0)
        return low, width, ((low + width * unit - amounts) ** 2).sum(axis=0)

    place = _least(lambda at: at_place(at)[2], (0.0, 1.0), amounts.shape[1:])
    low, width, _ = at_place(place)
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
    a, b = (shape.reshape(low.shape) for shape in _beta_by_newton(low.ravel(), high.ravel(), upper.ravel()))
    missed = ~(np.abs(_beta_misses(a, b, low, high, upper)).max(axis=0) < LANDED)
    if missed.any():
        a[missed], b[missed] = _beta_by_halving(low[missed], high[missed], upper[missed])
    return a, b


def _beta_by_newton(low: Array, high: Array, upper: Array) -> tuple[Array, Array]:
    """Newton's method in the logarithms of the shapes, from a normal distribution of the log-odds."""
    stated = np.stack([low, high, upper])
    middle = (special.logit(low) + special.logit(high)) / 2
    log_size = -2 * np.log((special.logit(high) - special.logit(low)) / (2 * special.ndtri(upper)))
    logs = log_size + np.logaddexp(0, np.stack([middle, -middle]))
    waiting = np.ones(low.shape, dtype=bool)
    with np.errstate(all="ignore"):
        for _ in range(NEWTON_STEPS):
            misses = _beta_misses(*np.exp(logs[:, waiting]), *stated[:, waiting])
            waiting[waiting] = ~(np.abs(misses).max(axis=0) < LANDED)
            logs[:, waiting] -= _newton_step(logs[:, waiting], stated[:, waiting])
    return np.exp(logs[0]), np.exp(logs[1])


def _newton_step(logs: Array, stated: Array) -> Array:
    """By how much both logarithms must fall for both ends to be met, if all were straight lines; 1 at most."""
    misses, by_a, by_b = (
        _beta_misses(*np.exp(logs + np.array([[more_a], [more_b]])), *stated)
        for more_a, more_b in ((0, 0), (NUDGE, 0), (0, NUDGE))
    )
    (low_a, high_a), (low_b, high_b) = (by_a - misses) / NUDGE, (by_b - misses) / NUDGE
    fall_a, fall_b = misses[0] * high_b - misses[1] * low_b, misses[1] * low_a - misses[0] * high_a
    return np.clip(np.stack([fall_a, fall_b]) / (low_a * high_b - low_b * high_a), -1, 1)


def _beta_misses(a: Array, b: Array, low: Array, high: Array, upper: Array) -> Array:
    """How far the levels at the two ends are from those stated, in standard normal units: shape (2, ...)."""
    z = special.ndtri(upper)
    return np.stack([special.ndtri(special.betainc(a, b, low)) + z, -special.ndtri(special.betaincc(a, b, high)) - z])


def _beta_by_halving(low: Array, high: Array, upper: Array) -> tuple[Array, Array]:
    """The same by halving twice, which takes long and always arrives."""

    def shapes(log_size: Array) -> tuple[Array, Array]:
        size = np.exp(log_size)

        def mean_too_low(log_odds: Array) -> Array:
            mean = special.expit(log_odds)
            return special.betainc(size * mean, size * special.expit(-log_odds), low) > 1 - upper

        log_odds = _last_true(mean_too_low, LOG_ODDS, low.shape)
        return size * special.expit(log_odds), size * special.expit(-log_odds)

    return shapes(_last_true(lambda log_size: special.betainc(*shapes(log_size), high) < upper, LOG_SIZES, low.shape))


def draw_amounts(rng: np.random.Generator, size: int, median: float, log_sd_below: float, log_sd_above: float) -> Array:
    """Draw amounts, of shape (size,)."""
    z = rng.standard_normal(size)
    return median * np.exp(z * np.where(z < 0, log_sd_below, log_sd_above))


def _upper(interval: ArrayLike) -> Array:
    """The level of a central interval's upper end."""
    return (1 + np.asarray(interval, dtype=float)) / 2


def _levels(*parts: ArrayLike) -> Array:
    return np.stack(np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in parts)))


def _last_true(holds: Callable[[Array], Array], between: tuple[float, float], shape: tuple[int, ...]) -> Array:
    """Where a condition that holds at first ceases to hold, found by halving."""
    low, high = (np.full(shape, end) for end in between)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        there = holds(middle)
        low, high = np.where(there, middle, low), np.where(there, high, middle)
    return (low + high) / 2


def _least(loss: Callable[[Array], Array], between: tuple[float, float], shape: tuple[int, ...]) -> Array:
    """Where a function is least: the best of some places, then nearer by parabolas and golden sections between."""
    places = np.linspace(*between, PLACES)
    values = np.stack([np.broadcast_to(loss(np.full((1,) * len(shape), place)), shape) for place in places])
    best = values.argmin(axis=0)
    around = [np.clip(best + step, 0, PLACES - 1) for step in (-1, 0, 1)]
    low, middle, high = (places[place] for place in around)
    at_low, at_middle, at_high = (np.take_along_axis(values, place[None], axis=0)[0] for place in around)
    for turn in range(NEARER):
        wide = np.where(
            high - middle > middle - low, middle + GOLDEN * (high - middle), middle - GOLDEN * (middle - low)
        )
        vertex = _vertex(low, middle, high, at_low - at_middle, at_high - at_middle)
        tried = np.where((vertex > low) & (vertex < high) & (vertex != middle) & (turn % 3 < 2), vertex, wide)
        at_tried = loss(tried)
        better, left = at_tried < at_middle, tried < middle
        inner, at_inner = np.where(better, middle, tried), np.where(better, at_middle, at_tried)
        low, at_low = (np.where(better != left, new, old) for new, old in ((inner, low), (at_inner, at_low)))
        high, at_high = (np.where(better == left, new, old) for new, old in ((inner, high), (at_inner, at_high)))
        middle, at_middle = np.where(better, tried, middle), np.where(better, at_tried, at_middle)
    return middle


def _vertex(low: Array, middle: Array, high: Array, rise_low: Array, rise_high: Array) -> Array:
    """Where the parabola through three points is least; not-a-number where there is none."""
    before, after = middle - low, high - middle
    with np.errstate(divide="ignore", invalid="ignore"):
        return middle + (after**2 * rise_low - before**2 * rise_high) / (2 * (after * rise_low + before * rise_high))
