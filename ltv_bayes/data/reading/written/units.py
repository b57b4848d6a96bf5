"""What amounts are counted in: units and currencies, as people write them beside a number or in a header."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

CHINESE_UNITS = {
    "百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12,
}  # fmt: skip
LATIN_UNITS = {
    **dict.fromkeys(["k", "thousand", "thousands", "thsd", "tsd", "tds", "tausend"], 3),
    **dict.fromkeys(["lakh", "lakhs", "lac", "lacs"], 5),
    **dict.fromkeys(["m", "mm", "mn", "mln", "mio", "million", "millions", "millionen"], 6),
    **dict.fromkeys(["crore", "crores"], 7),
    **dict.fromkeys(["b", "bn", "bln", "mrd", "billion", "billions", "milliarden"], 9),
}
SHORT_UNITS = {"w": 4, "t": 3}  # w is 万 beside Chinese, t is thousand before a currency
UNIT_EXPONENTS = {**CHINESE_UNITS, **LATIN_UNITS, **SHORT_UNITS}
CODES = (
    "AED", "ARS", "AUD", "BDT", "BGN", "BRL", "CAD", "CHF", "CLP", "CNH", "CNY", "COP", "CZK", "DKK", "EGP",
    "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "JPY", "KES", "KRW", "KWD", "MOP", "MXN", "MYR", "NGN",
    "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "QAR", "RMB", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY",
    "TWD", "UAH", "USD", "VND", "ZAR",
)  # fmt: skip
YEN_OR_YUAN = "¥"
CURRENCIES = {
    YEN_OR_YUAN: YEN_OR_YUAN,
    **{code.lower(): code for code in CODES},
    **dict.fromkeys(["元", "圆", "块", "人民币", "人民币元", "rmb", "cnh", "cn¥", "rmb¥", "yuan"], "CNY"),
    **dict.fromkeys(["円", "日元", "日圆", "jp¥"], "JPY"),
    **dict.fromkeys(["美元", "美金", "$", "us$", "usd$"], "USD"),
    **dict.fromkeys(["港币", "港元", "hk$"], "HKD"),
    **dict.fromkeys(["欧元", "€", "euro", "euros"], "EUR"),
    **dict.fromkeys(["英镑", "英磅", "£"], "GBP"),
    **dict.fromkeys(["台币", "新台币", "nt$"], "TWD"),
    **dict.fromkeys(["韩元", "韩币", "₩"], "KRW"),
    **dict.fromkeys(["新加坡元", "新币", "s$", "sg$"], "SGD"),
    **dict.fromkeys(["澳元", "澳币", "a$", "au$"], "AUD"),
    **dict.fromkeys(["加元", "加币", "c$", "ca$"], "CAD"),
    **dict.fromkeys(["卢比", "印度卢比", "₹", "rs.", "rs"], "INR"),
    **dict.fromkeys(["卢布", "₽"], "RUB"),
    **{"nz$": "NZD", "r$": "BRL", "mx$": "MXN", "瑞士法郎": "CHF", "瑞郎": "CHF", "泰铢": "THB", "越南盾": "VND"},
    **{"林吉特": "MYR", "马币": "MYR", "澳门元": "MOP", "₺": "TRY", "₫": "VND", "₪": "ILS", "₱": "PHP", "zł": "PLN"},
}
YEN_AND_YUAN = {"CNY", "JPY"}
COUNTED_WORDS = ("元", "圆", "块", "円")  # a currency word that also says: in units of one
CHINESE = re.compile("[\u4e00-\u9fff]")


def any_of(words: Any) -> str:
    """Write words as alternatives of a pattern, the longest first.

    Examples
    --------
    >>> any_of(["k", "k€"])
    'k€|k'
    """
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def agreeing(codes: Iterable[str]) -> set[str]:
    """Codes of currencies without those that say nothing more: ¥ beside yen or yuan.

    Examples
    --------
    >>> agreeing(["¥", "JPY", ""]), agreeing(["¥"])
    ({'JPY'}, {'¥'})
    """
    found = set(codes) - {""}
    return found - {YEN_OR_YUAN} if found & YEN_AND_YUAN else found


CURRENCY = any_of(CURRENCIES)
UNIT = rf"{any_of({**CHINESE_UNITS, **LATIN_UNITS, 'w': 4})}|t(?=\s*(?:{CURRENCY}))"


@dataclass(frozen=True)
class Unit:
    """What 1 in a column of amounts is worth, and who says so.

    Attributes
    ----------
    word : str
        As it is written, such as "万元" or "TEUR"; the number itself if a number was given.
    factor : float
        What an amount is multiplied by.
    source : {"argument", "header", "cells"}
        Where it is stated.
    currency : str
        The code of the currency that it names, "¥" if that sign is all it has, empty if none.
    """

    word: str
    factor: float
    source: str
    currency: str = ""

    @property
    def is_number(self) -> bool:
        """Whether a number was given: it settles what the header and the cells leave open."""
        return self.source == "argument" and self.word[:1] in "0123456789."
