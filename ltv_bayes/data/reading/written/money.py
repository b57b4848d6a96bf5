"""One amount as text: its number, its unit, its currency."""

import re
from dataclasses import dataclass

from ltv_bayes.data.reading.written.plain_text import plain_text
from ltv_bayes.data.reading.written.units import (
    CHINESE,
    COUNTED_WORDS,
    CURRENCIES,
    CURRENCY,
    UNIT,
    UNIT_EXPONENTS,
    agreeing,
)

BLANK_WORDS = frozenset(
    ["", "-", "--", "---", "----", "/", "n/a", "#n/a", "na", "n.a.", "nan", "none", "null", "(null)", "nil",
     "无", "暂无", "空", "未知", "不详", "未填", "未填写", "没有", "面议", "待定", "待确认", "另议",
     "tbd", "tbc", "unknown"]
)  # fmt: skip
NET = r"(?:不含(?:增值)?税|未含税|未税|税前)价?|excl(?:uding|\.)? ?(?:vat|tax|gst)"
GROSS = r"(?:含(?:增值)?税|税后)价?|价税合计|incl(?:uding|\.)? ?(?:vat|tax|gst)"
TAX = re.compile(rf"[(\[] *(?:{NET}|{GROSS}) *[)\]]|(?:{NET}|{GROSS}) *:?")
IS_NET = re.compile(NET)
AMOUNT = re.compile(
    rf"(?P<open>[-+(]?) *(?:(?P<prefix>{UNIT}) ?(?=(?:{CURRENCY})))?(?P<before>{CURRENCY})? *(?P<sign>[-+(]?) *"
    rf"(?P<number>[0-9][0-9., ']*|[.,][0-9]+)(?P<exponent>(?:e[-+]?[0-9]{{1,3}})?)"
    rf" *(?P<after>{CURRENCY})? *(?P<unit>{UNIT})?\.? ?(?P<last>{CURRENCY})?[整正]? *(?P<close>[-)]?) *"
    rf"(?P<outer>{CURRENCY})?"
)
POINT = re.compile(
    r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+|[1-9][0-9]{0,2}(?P<mark>[,' ])[0-9]{3}(?:(?P=mark)[0-9]{3})*(?:\.[0-9]*)?"
    r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]*)?"
)
NO_CENTS = re.compile(r"(?<=[0-9][.,])-+(?![0-9])")  # 100,- on a price tag
SHORTENED = re.compile(r"[0-9](?:[.,](?P<digits>[0-9]*))?E\+(?P<power>[0-9]{2,3})")
SWAPPED = str.maketrans(",.", ".,")
NO_SIZE = float("nan")


@dataclass(frozen=True)
class Written:
    """What the text of an amount says.

    Attributes
    ----------
    number : str
        The digits with their marks.
    negative : bool
        Whether a minus or brackets stand about them.
    exponent : int
        Of ten, as in 1.2E+6.
    unit : str
        The unit's word in small letters, "元" for a currency that is counted in ones, empty if none.
    currency : str
        The code of the currency, "¥" where that sign is all that is written, empty if none.
    tax : {"", "net", "gross"}
        What a note on tax says.
    """

    number: str
    negative: bool
    exponent: int
    unit: str
    currency: str
    tax: str

    @property
    def unit_exponent(self) -> int:
        """The power of ten that the unit stands for."""
        return UNIT_EXPONENTS.get(self.unit, 0)

    def size(self, mark: str) -> float:
        """The amount in ones, NaN if the number isn't written with this decimal mark."""
        number = self.number.translate(SWAPPED) if mark == "," else self.number
        if not POINT.fullmatch(number):
            return NO_SIZE
        digits = re.sub("[,' ]", "", number)
        return float(f"{'-' if self.negative else ''}{digits}e{self.exponent + self.unit_exponent}")

    def marks(self) -> str:
        """Which decimal marks the number may be written with: ".", ",", both or none.

        Examples
        --------
        >>> [written_amount(text).marks() for text in ("1,234.5", "12,5", "1.234", "1.2.3")]
        ['.', ',', '.,', '']
        """
        return "".join(
            mark
            for mark, number in ((".", self.number), (",", self.number.translate(SWAPPED)))
            if POINT.fullmatch(number)
        )


def is_blank(text: str) -> bool:
    """Whether a text says that there is no amount.

    Examples
    --------
    >>> is_blank("--"), is_blank("暂无"), is_blank("0")
    (True, True, False)
    """
    return plain_text(text).strip(" ()").lower() in BLANK_WORDS


def is_shortened(text: str) -> bool:
    """Whether a spreadsheet has shown a number by a power of ten, and its cents are not among the digits.

    Examples
    --------
    >>> is_shortened("1.2E+05"), is_shortened("1.2345678E+05"), is_shortened("1.2e5"), is_shortened("1.2E5")
    (True, False, False, False)
    """
    match = SHORTENED.search(plain_text(text))
    return match is not None and len(match["digits"] or "") < int(match["power"]) + 2


def written_amount(text: str, *, chinese: bool = False) -> Written | None:
    """Take the text of an amount apart; None if it is none.

    ``chinese`` says that there is Chinese about, where W is short for 万. A dash behind the decimal mark stands for no
    cents, as in 100,-; what a spreadsheet has shortened, as to 1.2E+05, is none.

    Examples
    --------
    >>> written_amount("人民币50.5万元（含税）")
    Written(number='50.5', negative=False, exponent=0, unit='万', currency='CNY', tax='gross')
    """
    if is_shortened(text):
        return None
    plain = NO_CENTS.sub("", plain_text(text).lower())
    tax = ""
    if (note := TAX.search(plain)) is not None:
        tax = "net" if IS_NET.search(note[0]) else "gross"
        plain = (plain[: note.start()] + " " + plain[note.end() :]).strip()
    match = AMOUNT.fullmatch(plain)
    if not match:
        return None
    marks = [mark for mark in match.group("before", "after", "last", "outer") if mark]
    currencies = agreeing(CURRENCIES[mark] for mark in marks)
    signs = match["open"] + match["sign"] + match["close"]
    units = [unit for unit in match.group("prefix", "unit") if unit]
    beside_chinese = chinese or CHINESE.search(plain) is not None
    if (
        signs not in ("", "+", "-", "()")
        or len(currencies) > 1
        or len(units) > 1
        or (units == ["w"] and not beside_chinese)
    ):
        return None
    unit = units[0] if units else ("元" if any(mark.endswith(COUNTED_WORDS) for mark in marks) else "")
    return Written(
        match["number"].strip(),
        signs in ("-", "()"),
        int(match["exponent"][1:] or 0),
        unit,
        "".join(currencies),
        tax,
    )
