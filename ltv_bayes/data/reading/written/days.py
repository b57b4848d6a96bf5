"""One date as text: the day it names, and the moment where it says one."""

import datetime as dt
import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ltv_bayes.data.reading.written.plain_text import plain_text

NO_DAY = np.datetime64("NaT", "D")
EXCEL_EPOCH = np.datetime64("1899-12-30", "D")
EXCEL_RANGE = (20_000, 80_000)  # 1954 to 2119
FROM_1904 = 1462
"""Days between the two systems of Excel's day numbers."""
PLACEHOLDERS = np.array(
    ["1900-01-01", "1970-01-01", "0001-01-01", "1899-12-30", "1899-12-31", "1753-01-01", "9999-12-31"],
    dtype="datetime64[D]",
)
NO_DATE = re.compile(r"[01](?:\.0*)?|0[0-]*[-/.]0[0-]*[-/.]0+(?:[T ][0:.Z]+)?|1900[-/.]0?1[-/.]00?(?:[T ][0:.Z]+)?")
WEEKDAY = re.compile(r"\s*[(\[]?(?:星期|礼拜|周)[一二三四五六日天][)\]]?\s*")
TIME = r"(?:(?:T|\s+)\D{0,4}\d{1,2}:\d{2}[\w时点分秒:.,+\-/\[\] ]*)?"
YEAR_FIRST = re.compile(
    rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}}){TIME}"
    rf"|(\d{{4}})/(\d{{1,2}})/(\d{{1,2}}){TIME}"
    rf"|(\d{{4}})\.(\d{{1,2}})\.(\d{{1,2}}){TIME}"
    r"|(\d{4}|\d{2})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*(?:[日号]\s*(?:\D{0,4}\d{1,2}[:时点][\w时点分秒:., ]*)?)?"
    rf"|(\d{{4}})(\d{{2}})(\d{{2}})(?:\.0|T?\d{{4}}(?:\d{{2}})?Z?|{TIME})",
    re.ASCII,
)
YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{1,2}})({TIME})", re.ASCII)
MONTH = re.compile(r"\d{4}(?:[-/.]\d{1,2}|\s*年\s*\d{1,2}\s*月)|(?:19|20)\d\d(?:0[1-9]|1[0-2])", re.ASCII)
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH_NAME = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
NAMED_MONTH = re.compile(
    rf"(?:[a-z]{{3,9}},? )?(?:{MONTH_NAME}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})"
    rf"|(\d{{1,2}})(?:st|nd|rd|th)?[ \-./]{MONTH_NAME}[ \-./,]{{1,2}}(\d{{4}})),?{TIME}",
    re.ASCII | re.IGNORECASE,
)
EARLIEST_YEAR = 1678
SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
EPOCH = re.compile(r"(\d{10})(\d{3})?(?:\.\d*)?", re.ASCII)
FIRST_EPOCH = 1_000_000_000  # 2001
LATER = 5 * 366 * 86_400  # an epoch is no further ahead than this, in seconds
ZONED = re.compile(
    r"(\d{4})-?(\d{1,2})-?(\d{1,2})(?:T|\s+)(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?"
    r"\s*(?:(Z|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)",
    re.ASCII | re.IGNORECASE,
)
WITH_OFFSET = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
WHOLE_HOUR = r":00:00(?:\.0+)?(?:Z|[+-][0-9]{2}:?00)$"
WITH_TIME = (
    r"^[0-9]{4}(?:-[0-9]{2}-|/[0-9]{2}/|\.[0-9]{2}\.)[0-9]{2}[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?$"
)


def plain_date(text: str) -> str:
    """Turn look-alike characters into plain ones, and leave a weekday out.

    Examples
    --------
    >>> plain_date("２０２４－０３－０５ 星期二")
    '2024-03-05'
    """
    found = plain_text(text)
    return found if found.isascii() else WEEKDAY.sub(" ", found).strip()


def as_calendar(years: np.ndarray, months: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Days of the calendar; none where it has no such day.

    Examples
    --------
    >>> as_calendar(np.array([2024, 2023]), np.array([2, 2]), np.array([29, 29])).tolist()
    [datetime.date(2024, 2, 29), None]
    """
    first = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    found = first.astype("datetime64[D]") + (days - 1)
    real = (years > 0) & (months >= 1) & (months <= 12) & (found.astype("datetime64[M]") == first)
    return np.where(real, found, NO_DAY)


def full_years(years: np.ndarray) -> np.ndarray:
    """Give years of two digits their century, from 1969 to 2068 as strptime does."""
    return np.where(years < 69, years + 2000, np.where(years < 100, years + 1900, years))


def year_first(texts: Sequence[str]) -> np.ndarray:
    """Days of texts that begin with the year; none for others."""
    parts = [_three(match) if (match := YEAR_FIRST.fullmatch(text)) else ("0", "0", "0") for text in texts]
    year, month, day = np.array(parts, dtype="U4").reshape(-1, 3).T.astype(np.int64)
    chinese_short = np.array([len(part[0]) == 2 for part in parts], dtype=bool)
    found = as_calendar(np.where(chinese_short, full_years(year), year), month, day)
    return np.where((found >= np.datetime64(f"{EARLIEST_YEAR}")) | np.isin(found, PLACEHOLDERS), found, NO_DAY)


def named_months(texts: Sequence[str]) -> np.ndarray:
    """Days of texts that name the month in English and the year in full, as in 5 Mar 2024; none for others."""
    found = np.full(len(texts), NO_DAY)
    for place, text in enumerate(texts):
        if match := NAMED_MONTH.fullmatch(text):
            name, day, year = match.group(1, 2, 3) if match[1] else match.group(5, 4, 6)
            parts = (np.array([number]) for number in (int(year), MONTHS.index(name[:3].lower()) + 1, int(day)))
            found[place] = as_calendar(*parts)[0]
    return found


def _three(match: re.Match[str]) -> tuple[str, ...]:
    """Take the three groups of the alternative that matched."""
    last = match.lastindex or 3
    return match.group(last - 2, last - 1, last)


def no_dates(texts: Sequence[str]) -> np.ndarray:
    """Mark texts that stand for no date, such as 0000-00-00."""
    return np.array([NO_DATE.fullmatch(text) is not None for text in texts], dtype=bool)


def zoned_seconds(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Seconds since 1970 in UTC of texts that name their offset from it, NaN for others; and that offset."""
    found = [_zoned(ZONED.fullmatch(text)) for text in texts]
    seconds, offsets = np.array(found, dtype=float).reshape(-1, 2).T
    return seconds, offsets


def _zoned(match: re.Match[str] | None) -> tuple[float, float]:
    if match is None:
        return np.nan, np.nan
    year, month, day, hour, minute = (int(part) for part in match.group(1, 2, 3, 4, 5))
    offset = (int(match[9] or 0) * 60 + int(match[10] or 0)) * 60 * (-1 if match[8] == "-" else 1)
    try:
        shown = dt.datetime(year, month, day, hour, minute, int(match[6] or 0))
    except ValueError:
        return np.nan, np.nan
    return (shown - dt.datetime(1970, 1, 1)).total_seconds() - offset, float(offset)


def epoch_seconds(texts: Sequence[str], now: float) -> np.ndarray:
    """Seconds since 1970 of texts that count them, or milliseconds; NaN for others."""
    matches = [EPOCH.fullmatch(text) for text in texts]
    found = np.array([int(match[1]) if match else 0 for match in matches], dtype=float)
    return np.where((found >= FIRST_EPOCH) & (found <= now + LATER), found, np.nan)


def serial_days(texts: Sequence[str], first_year: int = 1900) -> np.ndarray:
    """Days of texts that hold one of Excel's day numbers: day 1 is 1900-01-01, or day 0 is 1904-01-01."""
    matches = [SERIAL.fullmatch(text) for text in texts]
    numbers = np.array([int(match[1]) if match else 0 for match in matches], dtype=np.int64)
    numbers = numbers + FROM_1904 if first_year == 1904 else numbers
    likely = (numbers >= EXCEL_RANGE[0]) & (numbers <= EXCEL_RANGE[1])
    return np.where(likely, EXCEL_EPOCH + numbers, NO_DAY)


def days_in_zone(seconds: np.ndarray, zone: ZoneInfo | None) -> np.ndarray:
    """Days of moments, in a time zone or in UTC; none where there is no moment."""
    moments = pd.Series(np.where(np.isfinite(seconds), seconds, 0).astype("datetime64[s]")).dt.tz_localize("UTC")
    shown = moments.dt.tz_convert(zone or "UTC").dt.tz_localize(None)
    return np.where(np.isfinite(seconds), shown.to_numpy().astype("datetime64[D]"), NO_DAY)


def without_times(cells: pd.Series, zone: ZoneInfo | None) -> pd.Series:
    """Turn texts of moments, such as 2024-03-05T12:30:00Z, into few distinct ones: their days."""
    texts = pa.array(cells.array, type=pa.large_string(), from_pandas=True)
    if (pc.max(pc.binary_length(texts)).as_py() or 0) <= len("2024-03-05"):
        return cells
    timed, zoned = (pc.fill_null(pc.match_substring_regex(texts, form), False) for form in (WITH_TIME, WITH_OFFSET))
    days = pc.utf8_slice_codeunits(texts, 0, 10)
    if pc.any(zoned).as_py():
        if zone is not None:
            zoned = pc.and_(zoned, pc.invert(pc.is_in(days, pa.array(PLACEHOLDERS.astype(str), pa.large_string()))))
            moments = pd.to_datetime(
                pd.Series(pc.if_else(zoned, texts, None).to_pandas().array), format="ISO8601", utc=True, errors="coerce"
            )
            codes, distinct = pd.factorize(moments.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize())
            names = pa.array([*(f"{day:%Y-%m-%d}" for day in distinct), None], pa.large_string())
            there = names.take(pa.array(np.where(codes < 0, len(distinct), codes)))
            timed, days = pc.or_(timed, pc.is_valid(there)), pc.coalesce(there, days)
        elif not pc.all(pc.match_substring_regex(texts.filter(zoned), WHOLE_HOUR)).as_py():
            timed = pc.or_(timed, zoned)  # no midnights elsewhere, so that the days that are shown count
    if not pc.any(timed).as_py():
        return cells
    days = pc.if_else(timed, days, texts)
    return pd.Series(days.to_pandas().array, index=cells.index)


def epoch_moments(cells: pd.Series, now: float) -> pd.Series | None:
    """Read a column of numbers as moments in UTC, if all count seconds, or all milliseconds, since 1970."""
    numbers = cells.to_numpy(dtype=float, na_value=np.nan)
    known = numbers[np.isfinite(numbers)]
    for scale in (1, 1000):
        if len(known) and known.min() >= FIRST_EPOCH * scale and known.max() <= (now + LATER) * scale:
            seconds = pd.Series(np.floor(numbers / scale), index=cells.index)
            return pd.to_datetime(seconds, unit="s", utc=True)
    return None
