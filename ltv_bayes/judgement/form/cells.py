"""Cells of judgements: text, numbers, money and days, each read or refused with its row."""

import datetime as dt
import re
import unicodedata
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.amounts import as_amounts, read_amount
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import quoted
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import InputError, JudgementError, rows_at_fault

UNKNOWN = {"", "?", "unknown", "n/a", "未知", "不详"}
CHINESE_MONTH, CHINESE_QUARTER = (
    re.compile(r"(\d{4})年\s*(\d{1,2})月"),
    re.compile(r"(\d{4})年\s*第?([一二三四1-4])季度"),
)
QUARTERS = {"一": "1", "二": "2", "三": "3", "四": "4"}
PERIOD = re.compile(r"(?P<year>\d{4})\s*[-/ ]?\s*(?:Q(?P<quarter>[1-4])|(?<=[-/])(?P<month>0?[1-9]|1[0-2]))")


def refuse(table: pd.DataFrame, wrong: pd.Series, problem: str, cure: str) -> None:
    """Raise for judgements at fault, naming their rows."""
    if wrong.any():
        rows = list(table.index[wrong.to_numpy(dtype=bool)])
        raise JudgementError(rows_at_fault(rows, "row", f"of the judgements {problem}", cure), rows)


def blank(cells: pd.Series) -> pd.Series:
    """Mark cells with nothing in them."""
    return cells.isna() | (cells.astype(str).str.strip(BLANKS) == "")


def texts(cells: pd.Series) -> pd.Series:
    """Read words without blanks around them, missing where there are none.

    Examples
    --------
    >>> texts(pd.Series(["Wang ", " ", None, 7])).tolist()
    ['Wang', None, None, '7']
    """
    return cells.astype(str).str.strip(BLANKS).astype(object).where(~blank(cells), None)


def amounts(table: pd.DataFrame, column: str, unit: float | str | None, decimal: str) -> pd.Series:
    """Read a column of money, missing where blank, as orders are read."""
    cells, empty = table[column], blank(table[column])
    numbers = pd.Series(np.nan, index=cells.index)
    if not empty.all():
        read, _ = as_amounts(cells[~empty], unit=unit, decimal=decimal)
        numbers[~empty] = read.to_numpy()
    wrong = ~np.isfinite(numbers) & ~empty
    refuse(table, wrong, f"without a number in {column!r}{_such_as(cells, wrong)}", "Write it as a plain number.")
    return numbers


def _such_as(cells: pd.Series, wrong: pd.Series) -> str:
    """Quote what is written there."""
    found = quoted(cells, wrong.to_numpy(dtype=bool))
    return f", but {found}" if found else ""


def shares(table: pd.DataFrame, column: str, decimal: str) -> pd.Series:
    """Read a column of shares or numbers, missing where blank; "60%" is understood."""
    cells, empty = table[column], blank(table[column])
    numbers = cells.where(~empty, None).map(lambda cell: np.nan if cell is None else as_share(cell, decimal))
    numbers = numbers.astype(float)
    wrong = ~np.isfinite(numbers) & ~empty
    cure = "Write it as a plain number, such as 0.6."
    refuse(table, wrong, f"without a number in {column!r}{_such_as(cells, wrong)}", cure)
    return numbers


def as_share(cell: Any, decimal: str = ".") -> float:
    """Read one number, NaN if it is none.

    Examples
    --------
    >>> as_share("60%"), as_share("0,6", ","), as_share("６０％"), as_share("much")
    (0.6, 0.6, 0.6, nan)
    """
    if isinstance(cell, bool):
        return np.nan
    text = unicodedata.normalize("NFKC", str(cell)).strip()
    number, _ = read_amount(text.removesuffix("%"), decimal if isinstance(cell, str) else ".")
    return number / 100 if text.endswith("%") else number


def days(table: pd.DataFrame, column: str, date_format: str | None) -> pd.Series:
    """Read a column of dates, missing where blank or marked as unknown."""
    cells = table[column]
    known = ~cells.isna() & ~cells.astype(str).str.strip().str.lower().isin(UNKNOWN)
    found = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    if known.any():
        try:
            read, _ = as_days(cells[known], date_format=date_format)
            found[known] = read.to_numpy()
        except InputError as problem:
            raise JudgementError(f"{column}: {problem}", problem.rows) from None
    cure = f"Write it as in 2026-06-30{', 2026-07 or 2026-Q3' if column == 'expected_on' else ''}."
    refuse(table, known & found.isna(), f"with {'an' if column[0] == 'e' else 'a'} {column} that is not a date", cure)
    return found


def _without_chinese(cell: str) -> str:
    """Write a month or quarter with a Chinese year as 2026-07 or 2026-Q3."""
    text = unicodedata.normalize("NFKC", cell).strip()
    if month := CHINESE_MONTH.fullmatch(text):
        return f"{month[1]}-{month[2]}"
    if quarter := CHINESE_QUARTER.fullmatch(text):
        return f"{quarter[1]}-Q{QUARTERS.get(quarter[2], quarter[2])}"
    return text


def as_period(cell: Any) -> tuple[dt.date, dt.date] | None:
    """First and last day of a month or quarter, if a cell names one.

    Examples
    --------
    >>> [str(day) for day in as_period("2026-Q3")], as_period("2026-02-01")
    (['2026-07-01', '2026-09-30'], None)
    >>> as_period("2026年7月") == as_period("2026-07"), as_period("2026年第三季度") == as_period("2026-Q3")
    (True, True)
    """
    if not isinstance(cell, str) or not (match := PERIOD.fullmatch(_without_chinese(cell).upper())):
        return None
    year, months = int(match["year"]), 3 if match["quarter"] else 1
    first = 3 * int(match["quarter"]) - 2 if match["quarter"] else int(match["month"])
    start = pd.Timestamp(year, first, 1)
    return start.date(), (start + pd.DateOffset(months=months, days=-1)).date()
