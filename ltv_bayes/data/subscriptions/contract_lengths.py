"""How long contracts run, in the words that people use for it."""

import re
import unicodedata

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.faults import Fault, quoted, refuse
from ltv_bayes.data.subscriptions.calendar import PERIODS
from ltv_bayes.errors import UnitError, suggestion
from ltv_bayes.time_units import OTHER_SPELLINGS

ADVERBS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
}
CHINESE = {"天": "day", "日": "day", "周": "week", "星期": "week", "月": "month", "季": "quarter", "年": "year"}
CHINESE_WORD = re.compile(rf"[按每包一]?个?({'|'.join(CHINESE)})度?(?:付|缴|费|付费|缴费|结|签)?")
ENGLISH_WORD = re.compile(r"(?:(?:per|every|each|an?|one)\s+|/\s*)?([a-z]+)")
NUMBER_FIRST = re.compile(r"(\d+)[\s-]*(\D+)")
OF_SEVERAL = {(7, "day"): "week", (3, "month"): "quarter", (12, "month"): "year", (4, "quarter"): "year"}


def as_period(text: str) -> str:
    """Read a contract length.

    Raises
    ------
    UnitError
        If it is none of day, week, month, quarter and year, in any of the usual words.

    Examples
    --------
    >>> [as_period(text) for text in ("Monthly", "per quarter", "12 months", "按月", "季付", "年度")]
    ['month', 'quarter', 'year', 'month', 'quarter', 'year']
    """
    word = unicodedata.normalize("NFKC", text).strip().lower()
    if match := NUMBER_FIRST.fullmatch(word):
        number, single = int(match[1]), _word(match[2])
        found = single if number == 1 else OF_SEVERAL.get((number, single))
    else:
        found = _word(word)
    if found not in PERIODS:
        raise UnitError(f"{text!r} is neither a contract length nor a column. {suggestion(word, PERIODS)}")
    return str(found)


def _word(word: str) -> str:
    """Read a length without a number; what is not understood is returned as it is."""
    word = word.strip()
    if match := CHINESE_WORD.fullmatch(word):
        return CHINESE[match[1]]
    if match := ENGLISH_WORD.fullmatch(word):
        word = match[1]
    return ADVERBS.get(word, OTHER_SPELLINGS.get(word, word.removesuffix("s")))


def periods_of(raw: pd.DataFrame, period: str) -> np.ndarray:
    """Find the contract length of each record: one for all, or what a column says.

    Raises
    ------
    UnitError
        If there is neither such a length nor such a column.
    InputError
        If a cell of the column is no contract length; the message names the rows.

    Examples
    --------
    >>> periods_of(pd.DataFrame({"term": ["monthly", "年付"]}), "term").tolist()
    ['month', 'year']
    """
    if not is_column(raw, period):
        return np.full(len(raw), as_period(period))
    cells = raw[period].map(str)
    known: dict[str, str] = {}
    for cell in cells.unique():
        try:
            known[cell] = as_period(cell)
        except UnitError:
            continue
    wrong = ~cells.isin(list(known)).to_numpy()
    problem, cure = f"with a {period} that is no contract length", f"Write one of {', '.join(PERIODS)}."
    refuse([Fault(wrong, problem, cure, quoted(raw[period], wrong))], raw.index)
    return cells.map(known).to_numpy(dtype=object)


def is_column(raw: pd.DataFrame, period: str) -> bool:
    """Whether a contract length is the name of a column; day, week, month, quarter and year are themselves."""
    return period in raw.columns and period not in PERIODS
