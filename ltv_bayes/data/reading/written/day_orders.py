"""Short dates: the order of day, month and year, decided for a whole column or left open."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ltv_bayes.data.reading.written.days import NO_DAY, PLACEHOLDERS, YEAR_LAST, as_calendar

NAMES = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
LONGEST_SPAN = np.timedelta64(40 * 366, "D")
GRACE = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class ShortDates:
    """Texts of one kind, such as 03/04/2024: one mark, and a year of two or of four digits.

    Attributes
    ----------
    places : numpy.ndarray
        Which of the texts they are, without those that are no day in any order.
    days : numpy.ndarray
        Their days; none if the order is open.
    order : str
        "dmy", "mdy", "ymd", or empty if it is open.
    formats : tuple of str
        The calls that say the order, for each order that is possible.
    proves_all : bool
        Whether each text shows the order by itself.
    """

    places: np.ndarray
    days: np.ndarray
    order: str
    formats: tuple[str, ...]
    proves_all: bool


def short_dates(texts: Sequence[str], today: dt.date | None) -> list[ShortDates]:
    """Find short dates among texts and decide their order, one kind after the other.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts.
    today : datetime.date, optional
        Given if no date lies after it.

    Examples
    --------
    >>> [kind.order for kind in short_dates(["03/04/2024", "13/04/2024", "3-4-24"], None)]
    ['dmy', '']
    """
    kinds: dict[tuple[str, bool], list[tuple[int, re.Match[str]]]] = {}
    for place, text in enumerate(texts):
        if match := YEAR_LAST.fullmatch(text):
            kinds.setdefault((match[2], len(match[4]) == 4), []).append((place, match))
    return [kind for found in kinds.values() if (kind := _decided(found, today))]


def _decided(found: Sequence[tuple[int, re.Match[str]]], today: dt.date | None) -> ShortDates | None:
    """Try each order; read by the one that is possible, if it is the only one."""
    places = np.array([place for place, _ in found])
    whole = len(found[0][1][4]) == 4
    texts = np.array([match.group(1, 3, 4) for _, match in found], dtype="U4").T
    first, second, third = texts.astype(np.int64)
    year = third if whole else _short_years(texts[2])
    tried = {"dmy": as_calendar(year, second, first), "mdy": as_calendar(year, first, second)}
    if not whole:
        tried = {"ymd": as_calendar(_short_years(texts[0]), second, third), **tried}
    readable = ~np.logical_and.reduce([np.isnat(days) for days in tried.values()])
    if not readable.any():
        return None
    tried = {order: days[readable] for order, days in tried.items()}
    possible = {order: days for order, days in tried.items() if not np.isnat(days).any()}
    order = _only_one(possible, today)
    formats = tuple(_call(name, found[0][1]) for name in possible or tried)
    others = [np.isnat(days) for name, days in tried.items() if name in ("dmy", "mdy") and name != order]
    proves_all = bool(np.logical_and.reduce(others).all())
    days = tried[order] if order else np.full(readable.sum(), NO_DAY)
    return ShortDates(places[readable], days, order, formats, proves_all)


def _short_years(texts: np.ndarray) -> np.ndarray:
    """Years of two digits in full; 0, which no calendar has, for one digit."""
    years = texts.astype(np.int64)
    return np.where(np.strings.str_len(texts) == 2, np.where(years < 69, years + 2000, years + 1900), 0)


def _only_one(possible: dict[str, np.ndarray], today: dt.date | None) -> str:
    """Give the only order that is possible; one in the future is not if the other is past and closer together."""
    if len(possible) == 1:
        return next(iter(possible))
    if today is None:
        return ""
    real = {order: days[~np.isin(days, PLACEHOLDERS)] for order, days in possible.items()}
    if any(not len(days) for days in real.values()):
        return ""
    spans = {order: days.max() - days.min() for order, days in real.items()}
    latest = np.datetime64(today, "D") + GRACE
    past = [order for order, days in real.items() if days.max() <= latest and spans[order] <= LONGEST_SPAN]
    if len(past) != 1 or any(spans[order] <= spans[past[0]] for order in spans if order != past[0]):
        return ""
    return past[0]


def _call(order: str, match: re.Match[str]) -> str:
    """Write the call that says an order.

    Examples
    --------
    >>> _call("dmy", YEAR_LAST.fullmatch("03/04/2024 12:30"))
    "date_format='%d/%m/%Y %H:%M' (day first)"
    """
    year = "%Y" if len(match[4]) == 4 else "%y"
    letters = {"d": "%d", "m": "%m", "y": year}
    time, hour = match[5], "%H"
    if half := re.search(r"\s*([AP]M)$", time, re.IGNORECASE):
        hour = "%I"
    clock = ["", f" {hour}:%M", f" {hour}:%M:%S"][min(time.count(":"), 2)]
    half_day = "" if not half else (" %p" if half[0][:1] == " " else "%p")
    return f"date_format={match[2].join(letters[one] for one in order) + clock + half_day!r} ({NAMES[order]})"
