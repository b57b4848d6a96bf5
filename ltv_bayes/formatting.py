"""Numbers and names as people read them: 61.7k, 6.2万, 35%."""

import functools
import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.cells import cell_len

from ltv_bayes.language import N_, _, as_known

CHINESE_MONEY = {"CNY", "RMB", "CNH", "人民币", "元", "¥", "￥"}
SIZES = N_("1e12 tn, 1e9 bn, 1e6 M, 1e3 k")
"""What amounts are counted in, the largest first."""
MYRIADS = "1e8 亿, 1e4 万"
CURRENCIES = (N_("CNY"), N_("RMB"), N_("USD"), N_("EUR"), N_("GBP"), N_("JPY"), N_("HKD"))
ONES = (1.0, "")
UNKNOWN = "–"
NEARLY = 0.9995
"""From this share of a size on, three digits round up to it: 999,500 is 1M, not 1,000k."""
MOST_IN_A_SIZE = 10_000
WORD_BEFORE = 4
"""Letters that are shown before the first in which two long names differ."""
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
FORMULA_STARTS = "=+-@"
UNSAFE_FIRST = "\t\r\n"
UNSEEN = " \t\r\n\f\v\u00a0\u200b\u2060\u3000\ufeff"


def money(amount: float | None, currency: str | None = None) -> str:
    """Write an amount in thousands and millions, or in 万 and 亿 for yuan and in Chinese; without the currency's name.

    Examples
    --------
    >>> money(61_700), money(-2_300_000), money(0.5), money(950)
    ('61.7k', '-2.3M', '0.5', '950')
    >>> money(62_000, "CNY"), money(2_300_000, "cny")
    ('6.2万', '230万')
    """
    if amount is None or not math.isfinite(amount):
        return UNKNOWN if amount is None or math.isnan(amount) else ("∞" if amount > 0 else "-∞")
    size, suffix = next((step for step in money_sizes(currency) if abs(amount) >= NEARLY * step[0]), ONES)
    return three_digits(amount / size) + suffix


def money_labels(amounts: Sequence[float], currency: str | None = None) -> list[str]:
    """Write the amounts of one axis alike: in one size, without decimals where a smaller size can spare them.

    Examples
    --------
    >>> money_labels([0, 500_000, 1_000_000, 1_500_000]), money_labels([0, 2_500_000, 12_500_000])
    (['0', '500k', '1,000k', '1,500k'], ['0', '2.5M', '12.5M'])
    >>> money_labels([0, 20_000_000, 100_000_000], "CNY")
    ['0', '2,000万', '10,000万']
    """
    largest = max(map(abs, amounts), default=0.0)
    sizes = [step for step in (*money_sizes(currency), ONES) if largest >= NEARLY * step[0]] or [ONES]
    whole = [step for step in sizes if _decimals(amounts, step[0]) == 0 and largest <= MOST_IN_A_SIZE * step[0]]
    size, suffix = (whole or sizes)[0]
    decimals = _decimals(amounts, size)
    return [f"{amount / size:,.{decimals}f}{suffix}" if abs(amount) > 1e-6 * largest else "0" for amount in amounts]


def _decimals(amounts: Sequence[float], size: float) -> int:
    """How many decimals the finest of the amounts needs."""
    scaled = [amount / size for amount in amounts]
    close = 1e-6 * max(map(abs, scaled), default=0.0)
    return next((count for count in range(12) if all(abs(round(x, count) - x) <= close for x in scaled)), 12)


def money_sizes(currency: str | None) -> tuple[tuple[float, str], ...]:
    """What amounts are counted in, with the name of each size, the largest first."""
    return _read_sizes(MYRIADS if (currency or "").strip().upper() in CHINESE_MONEY else _(SIZES))


@functools.cache
def _read_sizes(written: str) -> tuple[tuple[float, str], ...]:
    """Read sizes with their names, as a catalogue states them."""
    sizes = (size.split() for size in written.split(", "))
    return tuple((float(size), name) for size, name in sizes)


def three_digits(number: float) -> str:
    """Write a number with three significant digits; scientific only below a millionth.

    Examples
    --------
    >>> three_digits(1234.5), three_digits(61.74), three_digits(0.0523), three_digits(2e-9)
    ('1,234', '61.7', '0.0523', '2e-09')
    """
    if abs(number) >= 99.95:
        return f"{number:,.0f}"
    if number == 0 or abs(number) < 1e-6:
        return f"{number + 0.0:.2g}"
    decimals = 2 - math.floor(math.log10(abs(number)))
    return f"{number:.{decimals}f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """Write a share in percent, never rounding the last doubt away.

    Examples
    --------
    >>> percent(0.352), percent(0.004), percent(0.0001), percent(0.9996), percent(-0.0001)
    ('35%', '0.4%', '< 0.1%', '> 99%', '> -0.1%')
    """
    if not math.isfinite(share):
        return UNKNOWN
    if 0 < share < 0.0005:
        return _("< 0.1%")
    if -0.0005 < share < 0:
        return _("> -0.1%")
    if 0.995 <= share < 1:
        return _("> 99%")
    return f"{100 * share:.0f}%" if abs(share) >= 0.0095 or share == 0 else f"{100 * share:.1f}%"


def probability(value: float) -> str:
    """Write a probability with two decimals, never rounding a doubt away.

    Examples
    --------
    >>> probability(0.938), probability(0.9996), probability(0.0001)
    ('0.94', '> 0.99', '< 0.01')
    """
    if not math.isfinite(value):
        return UNKNOWN
    if value >= 0.995:
        return "1" if value == 1 else _("> 0.99")
    if value < 0.005:
        return "0" if value == 0 else _("< 0.01")
    return f"{value:.2f}"


def with_currency(text: str, currency: str | None) -> str:
    """Put the currency after an amount or a label, where it is known, under its name in the current language.

    Examples
    --------
    >>> with_currency("6.2万", "CNY"), with_currency("61.7k", "points")
    ('6.2万 CNY', '61.7k points')
    """
    if not currency:
        return text
    code = currency.strip().upper()
    name = _(code) if code in CURRENCIES else code
    return f"{text} {currency}" if name == code else _("{amount} {currency}", amount=text, currency=name)


def label(name: Any) -> str:
    """Write a column or stream name as a label, in the current language where its catalogue has the name.

    Examples
    --------
    >>> label("repeat_purchases")
    'repeat purchases'
    """
    return as_known(str(name).replace("_", " "))


def visible(text: Any) -> str:
    r"""Put � for what would move a cursor, colour a screen or turn the writing round; line breaks stay.

    Examples
    --------
    >>> visible("Ada\x1b[31m"), visible("王\u3000芳")
    ('Ada�[31m', '王\u3000芳')
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(char if char == "\n" or unicodedata.category(char) not in INVISIBLE else "�" for char in text)


def shortened(name: Any, width: int = 28) -> str:
    """Write a name in one line, and cut a long one in the middle; a Chinese character takes the room of two letters.

    Examples
    --------
    >>> shortened("Ada & Sons")
    'Ada & Sons'
    >>> shortened("The Very Long Company of Somewhere, North Branch")
    'The Very Long Comp…th Branch'
    """
    text = visible(" ".join(str(name).split()))
    if cell_len(text) <= width:
        return text
    tail = width // 3
    return f"{_fitting(text, width - tail - 1)}…{_fitting(text[::-1], tail)[::-1]}"


def distinct(names: Iterable[Any], width: int = 28, write: Callable[[Any], str] = str) -> list[str]:
    """Write names as `shortened` does, each label only once: none may be taken for another.

    Names that would read alike are cut before the place where they differ, and numbered where that is not seen.

    Parameters
    ----------
    names : iterable
        Of different things, such as the segments of one picture.
    width : int
        The room for a label, without its number.
    write : callable
        How a label is written at last, such as with the characters that a font has.

    Examples
    --------
    >>> distinct(["Amalgamated Holdings of East Ruritania", "Amalgamated Holdings of West Ruritania", "Ada"])
    ['Amalgamat…of East Ruritania', 'Amalgamat…of West Ruritania', 'Ada']
    >>> distinct([1, "1"])
    ['1 (1)', '1 (2)']
    """
    texts = [visible(" ".join(str(name).split())) for name in names]
    labels = [write(shortened(text, width)) for text in texts]
    for some in _alike(labels):
        differ = _first_difference([texts[place] for place in some])
        for place in some:
            if cell_len(texts[place]) > width:
                start = _fitting(texts[place], width // 3)
                rest = texts[place][max(differ - WORD_BEFORE, len(start)) :]
                labels[place] = write(f"{start}…{shortened(rest, width - cell_len(start) - 1)}")
    for some in _alike(labels):
        taken, number = set(labels), 0
        for place in some:
            number += 1
            while (label := f"{labels[place]} ({number})") in taken:
                number += 1
            labels[place] = label
    return labels


def _alike(labels: Sequence[str]) -> list[list[int]]:
    """The places of labels that stand more than once."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(labels):
        places.setdefault(text, []).append(place)
    return [some for some in places.values() if len(some) > 1]


def _first_difference(texts: Sequence[str]) -> int:
    """The number of characters with which all texts begin."""
    return next((n for n, chars in enumerate(zip(*texts, strict=False)) if len(set(chars)) > 1), min(map(len, texts)))


def _fitting(text: str, width: int) -> str:
    """As much of the text's beginning as fits."""
    while cell_len(text) > width:
        text = text[:-1]
    return text


def escape_formula(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet might run as a formula; numbers stay numbers.

    Blanks before the sign, and its full-width forms, make no difference.

    Examples
    --------
    >>> [escape_formula(value) for value in ("=1+1", " -5 Ltd", "＝1", "Müller", -5)]
    ["'=1+1", "' -5 Ltd", "'＝1", 'Müller', -5]
    """
    return f"'{value}" if isinstance(value, str) and _is_marked(value) else value


def unescape_formula(value: Any) -> Any:
    """Remove the apostrophe that `escape_formula` added, and no other.

    Examples
    --------
    >>> unescape_formula("'=1+1"), unescape_formula("'s-Hertogenbosch"), unescape_formula(escape_formula("'=1"))
    ('=1+1', "'s-Hertogenbosch", "'=1")
    """
    return value[1:] if isinstance(value, str) and value[:1] == "'" and _is_marked(value[1:]) else value


def _is_marked(text: str) -> bool:
    """Whether a text gets an apostrophe: it might run, or would look like a text that got one."""
    bare = text.lstrip("'")
    first = unicodedata.normalize("NFKC", bare.lstrip(UNSEEN)[:1])
    return bare.startswith(tuple(UNSAFE_FIRST)) or first.startswith(tuple(FORMULA_STARTS))
