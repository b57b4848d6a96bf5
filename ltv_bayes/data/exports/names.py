"""Names of columns and words of a status, in the form in which they are compared."""

import re
import unicodedata
from typing import Any

UNIT = (
    r"(?:单位\s*[::]?\s*)?(?:元|圆|千元?|万元?|百万元?|亿元?|人民币|美元|欧元|港[币元]|日元|英镑|rmb|cny|usd|eur|gbp|hkd|jpy|"
    r"[¥$€£%]|k|m|bn|teur|tusd|t€|k€|k\$|\$k|\$m|m€|€m|€k|mio\.?\s*(?:eur|€)?|tsd\.?\s*(?:eur|€)?|w|000s?|'000s?|"
    r"in thousands|in millions|含税|不含税|必填)(?:\s*[,,/]?\s*(?:元|人民币|rmb|cny|usd|eur|含税|不含税))*"
)
IN_BRACKETS = re.compile(rf"\s*[(\[【]\s*{UNIT}\s*[)\]】]$")
AFTER_MARK = re.compile(rf"\s*[/_·]\s*{UNIT}$")
JOINTS = re.compile(r"[\s_\-]+")


def plain_name(name: Any) -> str:
    """A column's name without width, case, blanks, hyphens, underscores, and a unit at its end.

    Examples
    --------
    >>> plain_name("Close_Date"), plain_name("订单金额（万元）"), plain_name("Probability (%)")
    ('closedate', '订单金额', 'probability')
    >>> plain_name("Amount (converted)")
    'amount(converted)'
    """
    text = unicodedata.normalize("NFKC", str(name)).casefold().strip().lstrip("*").rstrip("*:.").strip()
    text = AFTER_MARK.sub("", IN_BRACKETS.sub("", text))
    return JOINTS.sub("", text)


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
