"""Dates: a day, a window, or an unknown day."""

import datetime as dt
import re
import unicodedata
from typing import Any

import pandas as pd

from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.errors import InputError, JudgementError
from ltv_bayes.judgement.form.cells import refuse
from ltv_bayes.language import _, _n

UNKNOWN = {"", "?", "unknown", "n/a", "未知", "不详"}
CHINESE_MONTH, CHINESE_QUARTER = (
    re.compile(r"(\d{4})年\s*(\d{1,2})月"),
    re.compile(r"(\d{4})年\s*第?([一二三四1-4])季度"),
)
QUARTERS = {"一": "1", "二": "2", "三": "3", "四": "4"}
PERIOD = re.compile(r"(?P<year>\d{4})\s*[-/ ]?\s*(?:Q(?P<quarter>[1-4])|(?<=[-/])(?P<month>0?[1-9]|1[0-2]))")


def stated_dates(table: pd.DataFrame, date_format: str | None) -> dict[str, pd.Series]:
    """Read the day or the window of each judgement; all missing where nothing is known.

    Returns
    -------
    dict of pandas.Series
        expected_on, missing for a window; expected_from and expected_to, its first and last day; stated_on.
    """
    periods = [as_period(cell) for cell in table["expected_on"]]
    named = pd.Series([period is not None for period in periods], index=table.index)
    days = table
    if named.any():
        days = table.assign(expected_on=table["expected_on"].astype(object).where(~named, None))
    on = days_in(days, "expected_on", date_format)
    first, last = (days_in(table, name, date_format) for name in ("expected_from", "expected_to"))
    refuse(
        table,
        first.isna() != last.isna(),
        _("with one of expected_from and expected_to only"),
        _("Fill in both, or the day as expected_on."),
    )
    refuse(table, first > last, _("with expected_from after expected_to"), _("Swap the two, or correct them."))
    twice = first.notna() & (named | (on.notna() & ((on != first) | (on != last))))
    refuse(table, twice, _("with expected_on and another window"), _("Keep one of the two."))
    starts, ends = (
        pd.Series(pd.to_datetime([period[end] if period else None for period in periods]), index=table.index)
        for end in (0, 1)
    )
    first, last = first.fillna(on).fillna(starts), last.fillna(on).fillna(ends)
    return {
        "expected_on": on,
        "expected_from": first,
        "expected_to": last,
        "stated_on": days_in(table, "stated_on", date_format),
    }


def days_in(table: pd.DataFrame, column: str, date_format: str | None) -> pd.Series:
    """Read a column of dates, missing where blank or marked as unknown."""
    cells = table[column]
    known = ~cells.isna()
    found = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    if known.any():
        known &= ~cells.astype(str).str.strip().str.lower().isin(UNKNOWN)
    if not known.any():
        return found
    try:
        read, _unused = as_days(cells[known], date_format=date_format)
        found[known] = read.to_numpy()
    except InputError as problem:
        raise JudgementError(_("{column}: {problem}", column=column, problem=problem), problem.rows) from None
    cure = _("Write it as in 2026-06-30.")
    if column == "expected_on":
        cure = _("Write it as in 2026-06-30, 2026-07 or 2026-Q3.")
    one = 1 if column[0] == "e" else 2
    wrong = _n("with an {column} that is not a date", "with a {column} that is not a date", one, column=column)
    refuse(table, known & found.isna(), wrong, cure)
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
