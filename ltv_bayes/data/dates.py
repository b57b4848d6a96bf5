"""Cells of dates, however they were written, to calendar days."""

import datetime as dt
import re
import unicodedata
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.faults import Fault, quoted
from ltv_bayes.errors import InputError, rows_at_fault

EXCEL = "excel"
EXCEL_EPOCH = np.datetime64("1899-12-30", "D")
EXCEL_RANGE = (20_000, 80_000)  # 1954 to 2119
TIME = r"(?:(?:T|\s+)\D{0,4}\d{1,2}:\d{2}[\w:.,+\-/\[\] ]*)?"
YEAR_FIRST = re.compile(
    rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}}){TIME}"
    rf"|(\d{{4}})/(\d{{1,2}})/(\d{{1,2}}){TIME}"
    rf"|(\d{{4}})\.(\d{{1,2}})\.(\d{{1,2}}){TIME}"
    rf"|(\d{{4}})\s*年\s*(\d{{1,2}})\s*月\s*(\d{{1,2}})\s*[日号]?{TIME}"
    rf"|(\d{{4}})(\d{{2}})(\d{{2}})(?:\.0|T?\d{{4}}(?:\d{{2}})?Z?|{TIME})"
)
YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}})({TIME})")
SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")


def as_days(cells: pd.Series, *, date_format: str | None = None) -> tuple[pd.Series, list[Fault]]:
    """Read a column of dates.

    A time of day is left out; a time zone is too, so the day is the one the column itself shows.

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
        Rows without a date, rows with one that cannot be read.

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
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        days = cells.dt.tz_localize(None).astype("datetime64[us]").dt.normalize()
        return days, [_without_date(days.isna().to_numpy())]
    return _from_texts(_texts(cells), date_format)


def _without_date(at: np.ndarray) -> Fault:
    return Fault(at, "without a date", "Fill in the date.")


def _texts(cells: pd.Series) -> pd.Series:
    """Write every cell as text, missing where blank."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return _texts(cells.astype(cells.dtype.categories.dtype))
    if pd.api.types.is_float_dtype(cells.dtype):
        cells = cells.astype(object)
    texts = cells.map(_written, na_action="ignore") if cells.dtype == object else cells.astype(str)
    texts = texts.mask(cells.isna()).str.strip()
    return texts.mask(texts == "")


def _written(value: Any) -> str:
    """Write one cell as text: dates in ISO 8601, whole numbers without a decimal point."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _from_texts(texts: pd.Series, date_format: str | None) -> tuple[pd.Series, list[Fault]]:
    """Read each distinct text once, then give every row its day."""
    codes, distinct = pd.factorize(texts)
    written = [unicodedata.normalize("NFKC", text) for text in distinct]
    if date_format is None:
        _refuse_open_order(texts, codes, written)
        _refuse_serials(texts, codes, written)
    days = np.append(_read(written, date_format), np.datetime64("NaT", "D"))[codes]
    blank = codes < 0
    unread = np.isnat(days) & ~blank
    faults = [_without_date(blank), _unreadable(unread, quoted(texts, unread), date_format)]
    return pd.Series(days.astype("datetime64[us]"), index=texts.index), faults


def _read(written: list[str], date_format: str | None) -> np.ndarray:
    """Days of distinct texts, not-a-time where unreadable."""
    if date_format is None:
        return _days([YEAR_FIRST.fullmatch(text) for text in written])
    if date_format == EXCEL:
        serials = [SERIAL.fullmatch(text) for text in written]
        days = np.array([int(match[1]) if match else 0 for match in serials], dtype="timedelta64[D]")
        return np.where(days > np.timedelta64(0), EXCEL_EPOCH + days, np.datetime64("NaT", "D"))
    return np.array([_by_format(text, date_format) for text in written], dtype="datetime64[D]")


def _days(matches: list[re.Match[str] | None]) -> np.ndarray:
    """Year, month and day of each match as a day; none where the calendar has no such day."""
    parts = [[int(group) for group in match.groups() if group] if match else [0, 0, 0] for match in matches]
    year, month, day = np.array(parts, dtype=np.int64).reshape(-1, 3).T
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    real = (year > 0) & (month >= 1) & (month <= 12) & (days.astype("datetime64[M]") == months)
    return np.where(real, days, np.datetime64("NaT", "D"))


def _by_format(text: str, date_format: str) -> dt.date | None:
    """Read one text by the user's format."""
    try:
        return dt.datetime.strptime(text, date_format).date()
    except ValueError as problem:
        if "directive" in str(problem) or "stray %" in str(problem):
            raise InputError(f"date_format {date_format!r} cannot be used: {problem}. Write it as '%Y-%m-%d'.") from None
        return None


def _unreadable(at: np.ndarray, example: str, date_format: str | None) -> Fault:
    if date_format is None:
        cure = "Write it as year-month-day, or say how it is written, as in date_format='%d %b %Y'."
        return Fault(at, "with a date that cannot be read", cure, example)
    cure = "Correct the cells or the format."
    return Fault(at, f"with a date that does not follow date_format={date_format!r}", cure, example)


def _refuse_open_order(texts: pd.Series, codes: np.ndarray, written: list[str]) -> None:
    """Raise if day and month could change places: the whole column would be misread."""
    matches = [YEAR_LAST.fullmatch(text) for text in written]
    open_order = np.array([match is not None for match in matches] + [False], dtype=bool)[codes]
    if open_order.any():
        found = [match for match in matches if match]
        problem = f"with a date whose order of day, month and year is open, such as {quoted(texts, open_order)}"
        rows = texts.index[open_order]
        raise InputError(rows_at_fault(rows, "row", problem, f"Pass {_likely_formats(found)}."), rows)


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
    firsts, seconds = max(int(match[1]) for match in found), max(int(match[3]) for match in found)
    fitting = [order for order, top in zip(orders, (seconds, firsts), strict=True) if top <= 12] or orders
    return " or ".join(f"date_format='{a}{mark}{b}{mark}{year}{time}' ({name})" for a, b, name in fitting)


def _refuse_serials(texts: pd.Series, codes: np.ndarray, written: list[str]) -> None:
    """Raise if cells hold Excel's day numbers: they count from 1900 in one file and 1904 in another."""
    matches = [SERIAL.fullmatch(text) for text in written]
    serial = np.array([bool(m) and EXCEL_RANGE[0] <= int(m[1]) <= EXCEL_RANGE[1] for m in matches] + [False])[codes]
    if serial.any():
        problem = f"whose date looks like one of Excel's day numbers, such as {quoted(texts, serial)}"
        cure = "Format the column as dates and export it again, or pass date_format='excel' if 1 means 1900-01-01."
        raise InputError(rows_at_fault(texts.index[serial], "row", problem, cure), texts.index[serial])
