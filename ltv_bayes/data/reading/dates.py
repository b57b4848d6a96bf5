"""Cells of dates, however they were written, to calendar days."""

import datetime as dt
import re
import unicodedata
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.columns import plain
from ltv_bayes.data.reading.faults import Fault, quoted
from ltv_bayes.errors import InputError, refuse_rows

EXCEL = "excel"
EXCEL_EPOCH = np.datetime64("1899-12-30", "D")
EXCEL_RANGE = (20_000, 80_000)  # 1954 to 2119
COMMON_FORMAT = "%Y-%m-%d %H:%M:%S"
MOVING_DAYS = ("now", "today")  # pandas would read these as the day it is
NO_DAY = np.datetime64("NaT", "D")
TIME = r"(?:(?:T|\s+)\D{0,4}\d{1,2}:\d{2}[\w:.,+\-/\[\] ]*)?"
YEAR_FIRST = re.compile(
    rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}}){TIME}"
    rf"|(\d{{4}})/(\d{{1,2}})/(\d{{1,2}}){TIME}"
    rf"|(\d{{4}})\.(\d{{1,2}})\.(\d{{1,2}}){TIME}"
    r"|(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*(?:[日号]\s*(?:\D{0,4}\d{1,2}[:时点][\w:., ]*)?)?"
    rf"|(\d{{4}})(\d{{2}})(\d{{2}})(?:\.0|T?\d{{4}}(?:\d{{2}})?Z?|{TIME})"
)
YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}})({TIME})")
SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")


def as_days(cells: pd.Series, *, date_format: str | None = None) -> tuple[pd.Series, list[Fault]]:
    """Read a column of dates.

    The time of day is left out. So is a time zone: the day is the one the column itself shows.

    Parameters
    ----------
    cells : pandas.Series
        The column; its index names the rows.
    date_format : str, optional
        How text is written, in the letters of ``strptime``; ``"excel"`` for Excel's day numbers.

    Returns
    -------
    pandas.Series
        Days (datetime64[us] at midnight), missing where there is a fault.
    list of Fault
        Rows without a date, and rows with one that cannot be read.

    Raises
    ------
    InputError
        If the order of day and month is open, or the cells look like Excel's day numbers.

    Examples
    --------
    >>> days, faults = as_days(pd.Series(["1997-09-30 23:59", "1997/9/30", "19970930", "1997年9月30日"]))
    >>> days.dt.strftime("%Y-%m-%d").unique().tolist()
    ['1997-09-30']
    """
    cells = plain(cells)
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        naive = cells if cells.dt.tz is None else cells.dt.tz_localize(None)
        days = naive.astype("datetime64[us]").dt.normalize()
        return days, [_without_date(days.isna().to_numpy())]
    return _from_cells(cells, date_format)


def _from_cells(cells: pd.Series, date_format: str | None) -> tuple[pd.Series, list[Fault]]:
    """Read each distinct cell once, then give every row its day."""
    codes, written = _distinct(cells)
    distinct = _read(written, date_format)
    if date_format is None:
        unread_texts = {place: written[place] for place in np.flatnonzero(np.isnat(distinct)).tolist()}
        _refuse_open_order(cells, codes, unread_texts)
        _refuse_serials(cells, codes, unread_texts)
    days = np.append(distinct, NO_DAY)[codes]
    blank = np.array([not text for text in written] + [True])[codes]
    unread = np.isnat(days) & ~blank
    faults = [_without_date(blank), _unreadable(unread, quoted(cells, unread), date_format)]
    return pd.Series(days.astype("datetime64[us]"), index=cells.index), faults


def _distinct(cells: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Each row's place among the distinct texts (-1 where missing), and those texts."""
    if cells.dtype == object:  # equal moments in different zones show different days, so write before comparing
        cells = cells.map(_written, na_action="ignore")
    codes, distinct = pd.factorize(cells)
    return codes, [_normal(_written(value)) for value in distinct]


def _written(value: Any) -> str:
    """Write one cell as text: dates in ISO 8601, whole numbers without a decimal point."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _normal(text: str) -> str:
    """Turn full-width digits and signs into plain ones."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def _read(written: list[str], date_format: str | None) -> np.ndarray:
    """Days of distinct texts, NaT where unreadable."""
    if date_format is None:
        days = _by_format(written, COMMON_FORMAT)  # the quick way for exports with the time to the second
        others = np.flatnonzero(np.isnat(days))
        days[others] = _days([YEAR_FIRST.fullmatch(written[place]) for place in others])
        return days
    if date_format == EXCEL:
        matches = [SERIAL.fullmatch(text) for text in written]
        days = np.array([int(match[1]) if match else 0 for match in matches], dtype="timedelta64[D]")
        return np.where(days > np.timedelta64(0, "D"), EXCEL_EPOCH + days, NO_DAY)
    return _by_format(written, date_format)


def _days(matches: list[re.Match[str] | None]) -> np.ndarray:
    """Year, month and day of each match as a day; none where the calendar has no such day."""
    parts = [_three(match) if match else ("0", "0", "0") for match in matches]
    year, month, day = np.array(parts, dtype="U4").reshape(-1, 3).T.astype(np.int64)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    real = (year > 0) & (month >= 1) & (month <= 12) & (days.astype("datetime64[M]") == months)
    return np.where(real, days, NO_DAY)


def _three(match: re.Match[str]) -> tuple[str, ...]:
    """Take the three groups of the alternative that matched."""
    last = match.lastindex or 3
    return match.group(last - 2, last - 1, last)


def _by_format(written: list[str], date_format: str) -> np.ndarray:
    """Read texts by the user's format; a written time zone does not move the day."""
    try:
        if "%" not in date_format:
            raise ValueError("it names no part of a date")
        if "%z" in date_format:
            return np.array([_strptime(text, date_format) for text in written], dtype="datetime64[D]")
        texts = ["" if text.lower() in MOVING_DAYS else text for text in written]
        moments = pd.to_datetime(pd.Series(texts, dtype=object), format=date_format, errors="coerce")
        return moments.to_numpy(dtype="datetime64[D]")
    except ValueError as problem:
        cure = "Write it in the letters of strptime, as in date_format='%d/%m/%Y'."
        raise InputError(f"date_format {date_format!r} cannot be used: {problem}. {cure}") from None


def _strptime(text: str, date_format: str) -> dt.date | None:
    """Read one text, or give nothing; a faulty format still raises."""
    try:
        return dt.datetime.strptime(text, date_format).date()
    except ValueError as problem:
        if "does not match" in str(problem) or "remains" in str(problem) or "out of range" in str(problem):
            return None
        raise


def _without_date(at: np.ndarray) -> Fault:
    return Fault(at, "without a date", "Fill in the date.")


def _unreadable(at: np.ndarray, example: str, date_format: str | None) -> Fault:
    if date_format is None:
        cure = "Write it as year-month-day, or say how it is written, as in date_format='%d %b %Y'."
        return Fault(at, "with a date that cannot be read", cure, example)
    return Fault(at, f"with a date that does not follow date_format={date_format!r}", "Correct either.", example)


def _refuse_open_order(cells: pd.Series, codes: np.ndarray, unread: dict[int, str]) -> None:
    """Raise if day and month could change places: the whole column would be misread."""
    found = {place: match for place, text in unread.items() if (match := YEAR_LAST.fullmatch(text))}
    if found:
        at = np.isin(codes, list(found))
        problem = f"with a date in which the order of day, month and year is open, such as {quoted(cells, at)}"
        refuse_rows(cells.index[at], "row", problem, f"Pass {_likely_formats(list(found.values()))}.")


def _likely_formats(found: list[re.Match[str]]) -> str:
    """Name the formats that fit every date found.

    Examples
    --------
    >>> _likely_formats([YEAR_LAST.fullmatch("03/04/2024")])
    "date_format='%d/%m/%Y' (day first) or date_format='%m/%d/%Y' (month first)"
    >>> _likely_formats([YEAR_LAST.fullmatch("31.12.2024")])
    "date_format='%d.%m.%Y' (day first)"
    """
    mark, year = found[0][2], "%Y" if len(found[0][4]) == 4 else "%y"
    time = ["", " %H:%M", " %H:%M:%S"][min(found[0][5].count(":"), 2)]
    orders = [("%d", "%m", "day first"), ("%m", "%d", "month first")]
    months = max(int(match[3]) for match in found), max(int(match[1]) for match in found)
    fitting = [order for order, month in zip(orders, months, strict=True) if month <= 12] or orders
    return " or ".join(f"date_format='{a}{mark}{b}{mark}{year}{time}' ({name})" for a, b, name in fitting)


def _refuse_serials(cells: pd.Series, codes: np.ndarray, unread: dict[int, str]) -> None:
    """Raise if cells hold Excel's day numbers: they count from 1900 in one file and from 1904 in another."""
    matches = {place: SERIAL.fullmatch(text) for place, text in unread.items()}
    found = [place for place, match in matches.items() if match and EXCEL_RANGE[0] <= int(match[1]) <= EXCEL_RANGE[1]]
    if found:
        at = np.isin(codes, found)
        problem = f"with a date that looks like one of Excel's day numbers, such as {quoted(cells, at)}"
        cure = "Format the column as dates and export it again, or pass date_format='excel' if day 1 is 1900-01-01."
        refuse_rows(cells.index[at], "row", problem, cure)
