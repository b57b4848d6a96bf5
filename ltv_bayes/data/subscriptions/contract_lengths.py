"""How long contracts run, in the words that people use for it."""

import re
import unicodedata

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.faults import Fault, quoted, refuse
from ltv_bayes.data.subscriptions.calendar import DAYS, MONTHS, PERIODS
from ltv_bayes.errors import UnitError, suggestion
from ltv_bayes.language import N_, _, comma, sentences
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
SEVERAL_AT_ONCE: dict[str, tuple[float, str]] = {
    "fortnight": (2, "week"),
    "fortnightly": (2, "week"),
    "biennial": (2, "year"),
    "biennially": (2, "year"),
    "triennial": (3, "year"),
}
CHINESE = {"天": "day", "日": "day", "周": "week", "星期": "week", "月": "month", "季": "quarter", "年": "year"}
CHINESE_WORD = re.compile(rf"[按每包一]?个?({'|'.join(CHINESE)})度?期?(?:付|缴|费|付费|缴费|结|签)?")
ENGLISH_WORD = re.compile(r"(?:(?:per|every|each|an?|one)\s+|/\s*)?([a-z]+)")
NUMBERS = {"half": 0.5, "semi": 0.5, "半": 0.5, "双": 2, "两": 2}
ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS |= {word: place for place, word in enumerate(ENGLISH, 1)}
NUMBERS |= {sign: place for place, sign in enumerate("一二三四五六七八九十", 1)}
NUMBER_FIRST = re.compile(
    r"(?:(?:per|every|each|an?)\s+|/\s*|[按每包])?"
    rf"(\d+(?:\.\d+)?|half|semi|(?:{'|'.join(ENGLISH)})(?=[\s-])|[半双两一二三四五六七八九十])"
    r"[\s-]*(?:an?\s+|个)?(\D+)"
)
IN_BRACKETS = re.compile(r"\(([^()]+)\)$")
NUMBER = r"\s*\d+(?:\.\d+)?\s*"
AT_MOST = 1200
OTHER_LENGTH = N_("Write one of {periods}, or a number of them, such as 24 months or half a year.")


def as_period(text: str) -> str:
    """Read a contract length.

    Raises
    ------
    UnitError
        If it is none of day, week, month, quarter and year, nor a number of them, in any of the usual words.

    Examples
    --------
    >>> [as_period(text) for text in ("Monthly", "per quarter", "12 months", "按月", "季付", "年度")]
    ['month', 'quarter', 'year', 'month', 'quarter', 'year']
    >>> [as_period(text) for text in ("24 months", "half a year", "semi-annual", "18个月", "半年付", "fortnightly")]
    ['2 years', '6 months', '6 months', '18 months', '6 months', '2 weeks']
    """
    word = unicodedata.normalize("NFKC", text).strip().lower()
    number, unit = 1.0, _word(word)
    match = NUMBER_FIRST.fullmatch(word)
    if word in SEVERAL_AT_ONCE:
        number, unit = SEVERAL_AT_ONCE[word]
    elif unit not in PERIODS and match:
        number, unit = NUMBERS.get(match[1]) or float(match[1]), _word(match[2])
        unit = "month" if unit == "m" else unit
    if unit not in PERIODS:
        raise UnitError(
            _(
                "{text!r} is neither a contract length nor a column. {suggestion} {cure}",
                text=text,
                suggestion=suggestion(word, PERIODS),
                cure=_(OTHER_LENGTH, periods=comma(PERIODS)),
            )
        )
    in_months = unit in MONTHS
    size = number * (MONTHS if in_months else DAYS)[unit]
    if size % 1 or not 1 <= size <= AT_MOST * (1 if in_months else 31):
        raise UnitError(
            _("{text!r} is neither a contract length nor a column: it is no whole number of months or days.", text=text)
        )
    return _named(int(size), "month" if in_months else "day")


def _named(size: int, unit: str) -> str:
    """Name a number of months or days by the largest unit that divides it; a quarter stands by itself alone."""
    if unit == "month" and size == MONTHS["quarter"]:
        return "quarter"
    larger, each = ("year", MONTHS["year"]) if unit == "month" else ("week", DAYS["week"])
    if size % each == 0:
        size, unit = size // each, larger
    return unit if size == 1 else f"{size} {unit}s"


def _word(word: str) -> str:
    """Read a length without a number; what is not understood is returned as it is."""
    word = word.strip()
    if match := CHINESE_WORD.fullmatch(word):
        return CHINESE[match[1]]
    if match := ENGLISH_WORD.fullmatch(word):
        word = match[1]
    single = word.removesuffix("s")
    return str(ADVERBS.get(word) or OTHER_SPELLINGS.get(word) or OTHER_SPELLINGS.get(single, single))


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
    >>> periods_of(pd.DataFrame({"合同期限（月）": [12, 24]}), "合同期限（月）").tolist()
    ['year', '2 years']
    """
    if not is_column(raw, period):
        return np.full(len(raw), as_period(period))
    cells = raw[period].map(str)
    if unit := _unit_of(period):
        cells = cells.where(~cells.str.fullmatch(NUMBER), cells + f" {unit}")
    known: dict[str, str] = {}
    for cell in cells.unique():
        try:
            known[cell] = as_period(cell)
        except UnitError:
            continue
    wrong = ~cells.isin(list(known)).to_numpy()
    problem, cure = (
        _("with a {period} that is no contract length", period=period),
        sentences(
            _(OTHER_LENGTH, periods=comma(PERIODS)),
            _("Where all contracts are of one length, pass it: period='month'."),
        ),
    )
    refuse([Fault(wrong, problem, cure, quoted(raw[period], wrong))], raw.index)
    return cells.map(known).to_numpy(dtype=object)


def _unit_of(header: str) -> str:
    """The unit of time that a header says in brackets at its end; empty for none.

    Examples
    --------
    >>> [_unit_of(header) for header in ("Contract Term (months)", "合同期限（月）", "term", "term (agreed)")]
    ['month', 'month', '', '']
    """
    match = IN_BRACKETS.search(unicodedata.normalize("NFKC", header).strip())
    unit = "" if match is None else _word(match[1].lower())
    return unit if unit in PERIODS else ""


def is_column(raw: pd.DataFrame, period: str) -> bool:
    """Whether a contract length is the name of a column; day, week, month, quarter and year are themselves."""
    return period in raw.columns and period not in PERIODS
