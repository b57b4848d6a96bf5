"""Names of columns and words of a status, in the form in which they are compared."""

import functools
import re
import unicodedata
from typing import Any

from ltv_bayes.data.reading.written.headers import MULTIPLIED, in_plain_brackets, unit_of_header
from ltv_bayes.data.reading.written.units import Unit
from ltv_bayes.errors import UnitError

IN_BRACKETS = re.compile(r"\s*[(\[【]([^()\[\]【】]*)[)\]】]$")
AFTER_MARK = re.compile(r"[\s/_·|]+([^\s/_·|()]+)$")
NOTES = ("", "%", "必填", "选填", "含税", "不含税", "公式", "自动编号")
JOINTS = re.compile(r"[\s_\-]+")


@functools.lru_cache(maxsize=2048, typed=True)  # each role asks for all columns
def plain_name(name: Any) -> str:
    """A column's name without width, case, blanks, hyphens, underscores, and a unit at its end.

    Examples
    --------
    >>> plain_name("Close_Date"), plain_name("订单金额（万元）"), plain_name("Probability (%)")
    ('closedate', '订单金额', 'probability')
    >>> plain_name("Amount (converted)")
    'amount(converted)'
    """
    text = unicodedata.normalize("NFKC", in_plain_brackets(str(name))).casefold()
    text = text.strip().lstrip("*").rstrip("*:.").strip()
    unit = _unit(name)
    for end in (MULTIPLIED, IN_BRACKETS, AFTER_MARK):
        while (match := end.search(text)) and match.start() and _says_no_more(match[match.lastindex or 0], unit):
            text = text[: match.start()]
    return JOINTS.sub("", text)


def _unit(name: Any) -> Unit | None:
    """The unit that a name states; none for a name that states two, as that of a rate of exchange does."""
    try:
        return unit_of_header(name)
    except UnitError:
        return None


def _says_no_more(end: str, unit: Unit | None) -> bool:
    """Whether the end of a name is its unit, a currency, or a note that changes nothing of what the column is."""
    own = None if unit is None else _unit(f"({end})")
    return end.strip() in NOTES or (unit is not None and own is not None and own.factor in (1.0, unit.factor))


def plain_word(word: Any) -> str:
    """A word of a status without width, case and blanks at its ends.

    Examples
    --------
    >>> plain_word(" Closed  Won "), plain_word("ＯＫ")
    ('closed won', 'ok')
    """
    return " ".join(unicodedata.normalize("NFKC", str(word)).casefold().split())


def last_part(name: Any) -> str:
    """The name of a column below the name of its group, as sub-forms are exported.

    Examples
    --------
    >>> last_part("产品明细.金额"), last_part("Amount")
    ('金额', 'Amount')
    """
    return str(name).rpartition(".")[2]
