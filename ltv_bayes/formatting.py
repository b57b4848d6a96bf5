"""Numbers as people write them: 61.7k, 6.2万, 35%."""

import math
from typing import Any

CHINESE_MONEY = {"CNY", "RMB", "CNH", "人民币", "元", "¥", "￥"}
THOUSANDS = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))
MYRIADS = ((1e8, "亿"), (1e4, "万"))


def money(amount: float, currency: str | None = None) -> str:
    """Write an amount in thousands and millions, or in 万 and 亿 for yuan; without the currency's name.

    Examples
    --------
    >>> money(61_700), money(-2_300_000), money(0.5), money(950)
    ('61.7k', '-2.3M', '0.5', '950')
    >>> money(62_000, "CNY"), money(2_300_000, "CNY")
    ('6.2万', '230万')
    """
    if amount is None or not math.isfinite(amount):
        return "–" if amount is None or math.isnan(amount) else ("∞" if amount > 0 else "-∞")
    steps = MYRIADS if currency in CHINESE_MONEY else THOUSANDS
    for size, suffix in steps:
        if abs(amount) >= 0.9995 * size:
            return three_digits(amount / size) + suffix
    return three_digits(amount)


def three_digits(number: float) -> str:
    """Write a number with three significant digits, never in scientific notation.

    Examples
    --------
    >>> three_digits(1234.5), three_digits(61.74), three_digits(0.0523)
    ('1,234', '61.7', '0.0523')
    """
    return f"{number:,.0f}" if abs(number) >= 99.95 else f"{number:.3g}"


def percent(share: float) -> str:
    """Write a share in percent.

    Examples
    --------
    >>> percent(0.352), percent(0.004)
    ('35%', '0.4%')
    """
    if not math.isfinite(share):
        return "–"
    return f"{100 * share:.0f}%" if abs(share) >= 0.0095 or share == 0 else f"{100 * share:.1g}%"


def probability(value: float) -> str:
    """Write a probability with two decimals, never rounding a doubt away.

    Examples
    --------
    >>> probability(0.938), probability(0.9996), probability(0.0001)
    ('0.94', '> 0.99', '< 0.01')
    """
    if value > 0.99:
        return "1" if value == 1 else "> 0.99"
    if value < 0.01:
        return "0" if value == 0 else "< 0.01"
    return f"{value:.2f}"


def with_currency(text: str, currency: str | None) -> str:
    """Put the currency after an amount or a label, where it is known."""
    return f"{text} {currency}" if currency else text


def label(name: Any) -> str:
    """Write a column or stream name as a label.

    Examples
    --------
    >>> label("repeat_purchases")
    'repeat purchases'
    """
    return str(name).replace("_", " ")
