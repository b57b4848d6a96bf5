"""The unit and the currency that the name of a column states, such as 金额(万元) or TEUR."""

import re
from collections.abc import Iterator
from typing import Any

from ltv_bayes.data.reading.written.plain_text import plain_text
from ltv_bayes.data.reading.written.units import (
    CHINESE_UNITS,
    CODES,
    COUNTED_WORDS,
    CURRENCIES,
    CURRENCY,
    UNIT,
    UNIT_EXPONENTS,
    Unit,
    agreeing,
    any_of,
)
from ltv_bayes.errors import UnitError
from ltv_bayes.language import _

ZEROS = r"'?(?:000,)?000'?s?"
FRACTIONS = {"分": -2, "角": -1, "cent": -2, "cents": -2, "pence": -2}
TIMES = r"10{0,2}(?:[,. ]?000){1,3}(?:'?s)?"
WORDS = {
    **{"hundred": 2, "hundreds": 2, "10k": 4, "ten thousand": 4, "10 thousand": 4, "100k": 5, "hundred thousand": 5},
    **{"hundred million": 8, "100 million": 8, "100m": 8},
}
NOTE = re.compile(
    r"(?:不?含税价?|未税|税[前后]|计量单位|单位|units?\b|currency\b)[: ]*|(?:in|ex)cl(?:uding)?\.? (?:vat|tax|gst)"
)
HEADER_UNIT = f"{any_of(WORDS)}|{UNIT}|{ZEROS}|{TIMES}|{any_of(FRACTIONS)}"
EXPRESSION = re.compile(
    rf"(?P<into>in )?(?P<first>{CURRENCY})? ?(?:in )?(?P<times>[x×*/] ?)?(?P<unit>{HEADER_UNIT})?\.? ?(?:of )?"
    rf"(?P<last>{CURRENCY})?"
)
MULTIPLIED = re.compile(rf"(?:(?<=[\s_])x|[×*/])\s?{TIMES}$", re.I)  # Amount x1000
BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
OTHER_BRACKETS = re.compile(
    r"[<\uff1c]([^<>\uff1c\uff1e]*)[>\uff1e]|[{\uff5b]([^{}\uff5b\uff5d]*)[}\uff5d]|“([^“”]*)”|\"([^\"]*)\"|‘([^‘’]*)’"
    r"|《([^《》]*)》|〈([^〈〉]*)〉|「([^「」]*)」|『([^『』]*)』|〔([^〔〕]*)〕|〖([^〖〗]*)〗"
)
SPEAKS_FOR_ITSELF = {
    "thousands",
    "thsd",
    "tsd",
    "tausend",
    "mio",
    "mn",
    "mln",
    "mrd",
    "bn",
    "millions",
    "billions",
    "cents",
}
COMMON = {"usd", "eur", "cny", "rmb", "gbp", "hkd", "jpy", "yuan"}
BIG = any_of(CHINESE_UNITS)
CHINESE_MONEY = any_of(word for word in CURRENCIES if not word.isascii() and len(word) < 6)
MONEY_NOUN = "(?:额|收入|营收|价|款|费|值|利润|成本|金)"
FILLER = "(?:订单|合同|成交|回款|销售|实际|累计|签约|预计|应收|已收|不?含税|总|年|月|净)*"
RUN_TOGETHER = re.compile(
    rf"(?P<begin>^(?:{BIG})(?:{CHINESE_MONEY}))(?={FILLER}金?{MONEY_NOUN}$)"
    rf"|(?P<end>(?:{BIG})(?:{CHINESE_MONEY})$)|(?<=额|入|收|价|款|费|值|润|本)(?P<short>(?:{BIG}|[kw])$)"
    rf"|以(?P<counted>(?:{BIG})(?:{CHINESE_MONEY}))(?:计|为单位)"
)


def unit_of_header(name: Any) -> Unit | None:
    """Read the unit, the currency, or both from the name of a column of money.

    Parameters
    ----------
    name : str
        The column's name.

    Returns
    -------
    Unit or None
        With the factor 1 if only a currency is named; None if nothing is.

    Raises
    ------
    UnitError
        If the name states two units.

    Examples
    --------
    >>> unit_of_header("合同金额（万元）")
    Unit(word='万元', factor=10000.0, source='header', currency='CNY')
    >>> unit_of_header("Umsatz TEUR").factor, unit_of_header("Amount (USD)").currency
    (1000.0, 'USD')
    >>> unit_of_header("万科订单金额") is None
    True
    """
    text = " ".join(plain_text(in_plain_brackets(str(name))).split())
    found, inside = list(_stated(text)), list(_in_brackets(text))
    scaled = {unit.factor for unit in found if _scales(unit)} | {unit.factor for unit in inside if says_a_unit(unit)}
    currencies = agreeing(unit.currency for unit in found)
    if len(scaled) > 1 or len(currencies) > 1:
        words = " and ".join(dict.fromkeys(repr(unit.word) for unit in [*inside, *found]))
        raise UnitError(
            _(
                "The name of the column {name!r} states {words}. Rename it, so that it states one unit.",
                name=str(name),
                words=words,
            )
        )
    if not found:
        return None
    first = next((unit for unit in found if _scales(unit)), found[0])
    return Unit(first.word, first.factor, "header", "".join(currencies))


def in_plain_brackets(name: str) -> str:
    """Write brackets and quotation marks of other kinds as round brackets.

    Examples
    --------
    >>> in_plain_brackets("金额《万元》"), in_plain_brackets("RMB’000")
    ('金额(万元)', 'RMB’000')
    """
    return OTHER_BRACKETS.sub(lambda match: f"({match[match.lastindex or 0]})", name)


def says_a_unit(unit: Unit) -> bool:
    """Whether more than a currency is stated: 元 is a unit too, USD is none.

    Examples
    --------
    >>> says_a_unit(unit_of_header("金额(元)")), says_a_unit(unit_of_header("金额(USD)"))
    (True, False)
    """
    return unit.factor != 1.0 or unit.word.endswith(COUNTED_WORDS)


def _scales(unit: Unit) -> bool:
    return unit.factor != 1.0


def _stated(text: str) -> Iterator[Unit]:
    """Every unit that is stated: in brackets, at either end, or within Chinese."""
    yield from _in_brackets(text)
    if (match := MULTIPLIED.search(BRACKETS.sub(" ", text).strip())) and (unit := _expression(match[0])):
        yield unit
    words = _outside(text)
    for number in (3, 2, 1):
        ends = {" ".join(words[-number:]), " ".join(words[:number])} if len(words) >= number else set()
        if units := [unit for end in sorted(ends) if (unit := _at_the_end(end))]:
            yield from units
            break
    match = RUN_TOGETHER.search(re.sub(r"\s", "", BRACKETS.sub("", text)))
    if match and (unit := _expression(match[match.lastgroup or 0])):
        yield unit


def _outside(text: str) -> list[str]:
    """Words that stand in no brackets."""
    return re.sub(r"[_/|,:\- ]+", " ", NOTE.sub(" ", BRACKETS.sub(" ", text))).strip().split(" ")


def _in_brackets(text: str) -> Iterator[Unit]:
    """Units in brackets, with a word before them that makes one of a currency, as in k (USD)."""
    last = _outside(text)[-1]
    for piece in (piece.strip() for match in BRACKETS.finditer(text) for piece in _pieces(match[1])):
        joined = _expression(f"{last} {piece}") if last.lower() in SPEAKS_FOR_ITSELF | {"k"} else None
        if unit := joined or _expression(piece):
            yield unit


def _pieces(content: str) -> list[str]:
    """Parts of what stands in brackets, without notes on tax; a comma within 1,000 does not part."""
    return [NOTE.sub(" ", piece) for piece in re.split(rf"[;、:|_]|/(?! ?{TIMES}$)|,(?!\d)", content)]


def _at_the_end(words: str) -> Unit | None:
    """Read a unit outside brackets, where a letter or a common word by itself is none."""
    unit = _expression(words)
    if unit is None:
        return None
    low = words.lower()
    if unit.currency and not _scales(unit):
        return unit if low in COMMON or words in CODES or not low.isascii() else None
    if re.match("[bw] ", low):  # plan B, in US dollars
        return Unit(words[2:], 1.0, "header", unit.currency)
    explicit = not low.isascii() or unit.currency or low.startswith("in ") or re.fullmatch(ZEROS, low)
    return unit if explicit or low.rstrip(".") in SPEAKS_FOR_ITSELF else None


def _expression(words: str) -> Unit | None:
    """Read words that say a unit, a currency or both, and nothing else."""
    match = EXPRESSION.fullmatch(" ".join(words.lower().split()))
    if not match or not (match["unit"] or match["first"] or match["last"]):
        return None
    currencies = agreeing(CURRENCIES[word] for word in match.group("first", "last") if word)
    counted = re.fullmatch(TIMES, match["unit"] or "")
    plural = counted is not None and match["unit"].endswith("s")
    if len(currencies) > 1 or (counted and not (currencies or match["into"] or match["times"] or plural)):
        return None
    if match["times"] and not match["unit"]:
        return None
    return Unit(words.strip(), 10.0 ** _exponent(match["unit"]), "header", "".join(currencies))


def _exponent(word: str | None) -> int:
    if word is None:
        return 0
    return {**UNIT_EXPONENTS, **FRACTIONS, **WORDS}.get(word, word.count("0"))
