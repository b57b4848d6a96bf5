"""What records say that is not counted, so that a note can say it: words for no day, and days after the last one."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from ltv_bayes.data.exports.names import plain_word
from ltv_bayes.data.exports.presets import words_for_none
from ltv_bayes.errors import counted, rows_at_fault
from ltv_bayes.language import _, comma


def without_words_for_none(raw: pd.DataFrame, columns: Mapping[str, str | None]) -> tuple[pd.DataFrame, list[str]]:
    """Blank the cells of columns of days that hold a word for none, such as 未退订.

    Parameters
    ----------
    raw : pandas.DataFrame
        The records.
    columns : mapping
        From the argument, cancelled_on or renewed_on, to the column; one that is not there is passed over.

    Returns
    -------
    pandas.DataFrame
        The records with these cells blank.
    list of str
        Notes with the words and their rows.

    Examples
    --------
    >>> records = pd.DataFrame({"退订日期": ["2024-03-01", "未退订", "-", "soon"]})
    >>> cells, notes = without_words_for_none(records, {"cancelled_on": "退订日期"})
    >>> cells["退订日期"].tolist(), notes
    (['2024-03-01', None, None, 'soon'], ["cancelled_on: '未退订' in 1 row, '-' in 1 row count as blank"])
    """
    notes = []
    for argument, name in columns.items():
        if name not in raw.columns or pd.api.types.is_datetime64_any_dtype(raw[name].dtype):
            continue
        known = words_for_none(argument)
        words = [word for word in raw[name].dropna().unique() if isinstance(word, str) and plain_word(word) in known]
        if words:
            here = raw[name].isin(words)
            shown = comma(
                _("{word!r} in {rows}", word=word, rows=counted(int((raw[name] == word).sum()), "row"))
                for word in words
            )
            raw = raw.assign(**{str(name): raw[name].astype(object).mask(here, None)})
            notes.append(_("{argument}: {words} count as blank", argument=argument, words=shown))
    return raw, notes


def after_the_end(contracts: pd.DataFrame, end: dt.date, *, given: bool) -> list[str]:
    """Say what lies after the last day, and so is not counted; if no day was given, until when the records go.

    Parameters
    ----------
    contracts : pandas.DataFrame
        start, cancelled, and renewed where days of the last renewal were recorded.
    end : datetime.date
        The day on which observation ends.
    given : bool
        Whether it was chosen, or is today.

    Examples
    --------
    >>> days = {"start": ["2024-01-15", "2024-08-01"], "cancelled": ["2024-07-20", None]}
    >>> contracts = pd.DataFrame(days).astype("datetime64[us]")
    >>> for note in after_the_end(contracts, dt.date(2024, 6, 30), given=True):
    ...     print(note)
    1 row with a start after as_of 2024-06-30, left out (row 1).
    1 row with a cancellation after as_of 2024-06-30, counted as active (row 0).
    """
    last = pd.Timestamp(end)
    begun = contracts["start"] <= last
    problems = {
        _("with a start after as_of {end}, left out", end=end): ~begun,
        _("with a cancellation after as_of {end}, counted as active", end=end): begun & (contracts["cancelled"] > last),
    }
    days = [contracts["start"], contracts["cancelled"]]
    if "renewed" in contracts:
        days.append(contracts["renewed"])
        recorded = _("with a renewal after as_of {end}, of which those due by then count as made", end=end)
        problems[recorded] = begun & (contracts["renewed"] > last)
    notes = [rows_at_fault(contracts.index[at], "row", problem, "") for problem, at in problems.items() if at.any()]
    if not given:
        known = max(some[some <= last].max() for some in days if (some <= last).any())
        text = _("as_of is today, {end}; the last day in the records is {last:%Y-%m-%d}", end=end, last=known)
        notes.append(text)
    return notes
