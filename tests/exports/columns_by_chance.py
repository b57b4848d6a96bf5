"""Columns of amounts and of dates, drawn first and then written by a hand that is drawn too."""

import datetime as dt
import random
from decimal import Decimal

MARKS = {
    "English": (",", "."),
    "German": (".", ","),
    "Swiss": ("'", "."),
    "French": ("\u00a0", ","),
    "plain": ("", "."),
}
"""By hand: the mark of thousands and of decimals."""
BELOW_ZERO = ("-{}", "({})", "−{}", "－{}", "- {}")
SHOWN = {
    "": ("{}",),
    "CNY": ("￥{}", "¥{}", "{}元", "RMB {}", "人民币{}元", "{} CNY", "{}"),
    "USD": ("${}", "USD {}", "{} USD", "US${}", "{}"),
    "EUR": ("€{}", "{} €", "{} EUR", "EUR {}", "{}"),
}
UNITS = {"万": 10**4, "万元": 10**4, "亿": 10**8, "k": 10**3}
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAYS = {
    "iso": lambda day: day.isoformat(),
    "slashes": lambda day: f"{day.year}/{day.month}/{day.day}",
    "points": lambda day: f"{day.year}.{day.month:02d}.{day.day:02d}",
    "Chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "Chinese, two digits": lambda day: f"{day.year}年{day.month:02d}月{day.day:02d}日",
    "compact": lambda day: f"{day:%Y%m%d}",
    "time": lambda day: f"{day} 23:59:59",
    "T": lambda day: f"{day}T08:30:00",
    "China's offset": lambda day: f"{day}T23:30:00+08:00",
    "weekday": lambda day: f"{day} 星期{'一二三四五六日'[day.weekday()]}",
    "serial": lambda day: str((day - dt.date(1899, 12, 30)).days),
    "day first": lambda day: f"{day.day:02d}/{day.month:02d}/{day.year}",
    "month first": lambda day: f"{day.month}/{day.day}/{day.year}",
    "day first, points": lambda day: f"{day.day:02d}.{day.month:02d}.{day.year}",
    "year of two digits first": lambda day: f"{day:%y}-{day.month:02d}-{day.day:02d}",
    "day first, year of two digits": lambda day: f"{day.day:02d}/{day.month:02d}/{day:%y}",
    "month first, afternoon": lambda day: f"{day.month}/{day.day}/{day.year} 2:30 PM",
    "English": lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year}",
}
BESIDE = ("iso", "slashes", "Chinese", "compact", "time", "serial")
LAST = dt.date(2025, 6, 30)


def drawn_amounts(seed: int) -> list[tuple[Decimal, str]]:
    """Amounts with the cells in which they are written, all by one hand and in one currency."""
    chance = random.Random(seed)
    hand, currency = chance.choice(list(MARKS)), chance.choice(list(SHOWN))
    return [_amount(chance, hand, currency) for _ in range(chance.randint(2, 8))]


def _amount(chance: random.Random, hand: str, currency: str) -> tuple[Decimal, str]:
    if hand in ("English", "plain") and chance.random() < 0.1:
        number, unit = Decimal(chance.randint(1, 9999)) / 100, chance.choice(list(UNITS))
        return number * UNITS[unit], f"{number}{unit}"
    cents = chance.choice(
        [chance.randint(-(10**4), 10**7), chance.randint(1, 999) * 100, chance.randint(1, 9999) * 1000]
    )
    thousands, decimal = MARKS[hand]
    whole, rest = divmod(abs(cents), 100)
    cell = f"{whole:,}".replace(",", thousands) if chance.random() < 0.7 else str(whole)
    cell += f"{decimal}{rest:02d}" if rest or chance.random() < 0.5 else ""
    cell = chance.choice(BELOW_ZERO if cents < 0 else SHOWN[currency]).format(cell)
    return Decimal(cents) / 100, cell


def drawn_days(seed: int) -> list[tuple[dt.date, str]]:
    """Days with the cells in which they are written, by one hand, or some by another that is plain."""
    chance = random.Random(seed)
    hand, mixed = chance.choice(list(DAYS)), chance.random() < 0.3
    start, span = dt.date(2005, 1, 1) + dt.timedelta(days=chance.randint(0, 7000)), chance.choice([5, 40, 400, 3000])
    found = []
    for _ in range(chance.randint(1, 12)):
        day = min(start + dt.timedelta(days=chance.randint(0, span)), LAST)
        write = DAYS[chance.choice(BESIDE)] if mixed and chance.random() < 0.4 else DAYS[hand]
        found.append((day, write(day)))
    return found
