"""What is known beforehand of the factor on the rate of all customers: a season, and an index by date."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.by_day import levels_by_day
from ltv_bayes.errors import FitError
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _

MONTHS, WEEKS = 12, 53

Index = tuple[tuple[dt.date, float], ...]


def as_season(given: Any) -> tuple[float, ...]:
    """Read factors of the twelve months, or of the weeks of the year by ISO 8601; their mean becomes 1.

    Parameters
    ----------
    given : mapping or sequence
        By number of the month or week, or in their order.

    Raises
    ------
    FitError
        If there are not 12, 52 or 53, or some are not above 0.

    Examples
    --------
    >>> as_season([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 13])[-1]
    6.5
    """
    if isinstance(given, Mapping):
        numbers = sorted(given)
        if numbers != list(range(1, len(numbers) + 1)):
            raise FitError(
                _("season has factors by month, 1 to 12, or by week, 1 to 52 or 53, not by {numbers}.", numbers=numbers)
            )
        given = [given[number] for number in numbers]
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise FitError(_("season takes True, False, None, or factors of months or weeks, not {given!r}.", given=given))
    factors = _positive(given, "season")
    if factors.size not in (MONTHS, WEEKS - 1, WEEKS):
        raise FitError(_("season has 12 factors, one a month, or 52 or 53, one a week, not {size}.", size=factors.size))
    if factors.size == WEEKS - 1:
        factors = np.append(factors, factors[-1])
    return tuple((factors / factors.mean()).tolist())


def as_index(given: Any) -> Index:
    """Read an index: a factor by the day from which it holds.

    Parameters
    ----------
    given : mapping, Series, path or frame
        From days to factors above 0, or a table with the columns ``date`` and ``factor``.

    Raises
    ------
    InputError
        If a day cannot be read or stands there twice, or a factor is not above 0.

    Examples
    --------
    >>> as_index({"2024-02-01": 1.2, "2024-01-01": 1.0})
    ((datetime.date(2024, 1, 1), 1.0), (datetime.date(2024, 2, 1), 1.2))
    """
    found = levels_by_day(dict(given) if isinstance(given, tuple) else given, "index", "factor")
    return tuple(zip(found.index.date, found.tolist(), strict=True))


def log_factors(
    season: tuple[float, ...] | None,
    index: Index | None,
    as_of: dt.date,
    length: float,
    number: int,
    ahead: int,
    history: float,
) -> tuple[Array, Array]:
    """Logarithm of what is known of the factor, averaged over the days of each period.

    Of an index, the mean over the observed days becomes 1. Its first factor holds before it too. Its last one holds for
    as long as the one before it; from then on, the mean of its last year does.

    Parameters
    ----------
    length : float
        Of a period, in days.
    number, ahead : int
        Periods until the as-of date, and after it.
    history : float
        Days from the first purchase of all to the as-of date, which the first period may exceed.

    Returns
    -------
    array of shape (number,)
        Until the as-of date, the latest first.
    array of shape (ahead,)
        After it.

    Raises
    ------
    FitError
        If the index begins after the first purchase.
    """
    first = -int(np.ceil(number * length))
    offset = np.arange(first, int(np.ceil(ahead * length))) + 0.5  # days begin at the as-of date's end
    days = pd.Timestamp(as_of) + pd.to_timedelta(offset + 0.5, unit="D")
    factor = np.ones(offset.size)
    if season is not None:
        week = days.isocalendar()["week"].to_numpy(dtype=np.int64)
        place = days.month.to_numpy() if len(season) == MONTHS else week
        factor *= np.asarray(season)[place - 1]
    if index is not None:
        factor *= _of_days(index, days, (offset < 0) & (offset > -history - 1))
    period = np.floor(offset / length).astype(np.int64) + number
    inside = (period >= 0) & (period < number + ahead)
    mean = np.bincount(period[inside], factor[inside], number + ahead) / np.bincount(period[inside])
    return np.log(mean[:number][::-1]), np.log(mean[number:])


def _of_days(index: Index, days: pd.DatetimeIndex, past: np.ndarray) -> Array:
    """The factor of each day, with a mean of 1 over those that are marked as observed."""
    starts = pd.DatetimeIndex([day for day, _unused in index])
    values = np.array([value for _unused, value in index])
    if starts[0] > (first := days[past][0]):
        raise FitError(
            _(
                "index begins on {starts}, and customers are observed from {first} on. Give factors from that "
                "day on; 1 for a usual one.",
                starts=starts[0].date(),
                first=first.date(),
            )
        )
    found = values[np.maximum(np.searchsorted(starts, days, side="right") - 1, 0)]
    step = starts[-1] - starts[-2] if len(index) > 1 else pd.Timedelta(days=1)
    end = max(starts[-1] + step, days[past][-1] + pd.Timedelta(days=1))
    last_year = (days < end) & (days >= end - pd.Timedelta(days=365))
    found = np.where(days < end, found, found[last_year].mean())
    return np.asarray(found / found[past].mean())


def _positive(given: Any, name: str) -> Array:
    try:
        factors = np.asarray(list(given), dtype=float)
    except (TypeError, ValueError):
        raise FitError(_("{name} takes numbers above 0: 1.2 for 20% above the usual.", name=name)) from None
    if not (np.isfinite(factors).all() and (factors > 0).all()):
        raise FitError(_("{name} takes numbers above 0: 1.2 for 20% above the usual.", name=name))
    return factors
