"""Text in pictures: never read as markup, in fonts that have its characters."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from rich.cells import cell_len

from ltv_bayes.formatting import money, visible
from ltv_bayes.language import _

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Heiti SC",
    "STHeiti",
    "DengXian",
    "Songti SC",
    "SimSun",
    *(f"Noto Sans CJK {place}" for place in ("TC", "HK", "JP", "KR")),
    "Arial Unicode MS",
)
CHINESE = "客户万亿元"
USUAL_WEIGHT = 400
BLANK_FONTS = ("lastresort", "adobeblank")
"""Fonts that have every character, as a blank or a box."""
ALWAYS_THERE = "DejaVu Sans"
BOX = "□"
BOX_NOTE = _("{box}: a character that no font here has; install one that has it, such as Noto Sans CJK", box=BOX)
SHIPPED = Path(__file__).parent / "fonts" / "LTVSansSC-Regular.otf"
"""A font with the characters of GB 2312, for machines without a Chinese one; its licence is beside it."""
SHIPPED_NAME = "LTV Sans SC"
PIECES = re.compile(r" |[^ \u2e80-\u9fff\uff00-\uffef]+|.")
CLOSING = set("，。；：、）》”’！？】」』")
"""What does not begin a line."""


def font_families() -> list[str]:
    """Name the fonts to draw with: the user's own, then one for Chinese, then the one that is always there.

    The user's own are those of ``rcParams["font.family"]``. For Chinese it is the first of `CHINESE_FONTS`, or any that
    is installed and has the characters, or else the one that this package brings.
    """
    settings: Any = mpl.rcParams
    installed = {font.name for font in font_manager.fontManager.ttflist}
    wanted = [name for family in settings["font.family"] for name in settings.get(f"font.{family}", [family])]
    own = (name for name in wanted if name in installed)
    return list(dict.fromkeys([*own, *_for_chinese(installed)[:1], ALWAYS_THERE]))


def _for_chinese(installed: set[str]) -> list[str]:
    """Fonts for Chinese, the best first."""
    known = [name for name in CHINESE_FONTS if name in installed]
    return known or _that_has_chinese(tuple(sorted(installed - {SHIPPED_NAME}))) or _shipped(installed)


def _shipped(installed: set[str]) -> list[str]:
    """The font of this package, which matplotlib learns of when it is first needed."""
    if SHIPPED_NAME not in installed:
        if not SHIPPED.exists():
            return []
        font_manager.fontManager.addfont(SHIPPED)
    return [SHIPPED_NAME]


@lru_cache(maxsize=8)
def _that_has_chinese(installed: tuple[str, ...]) -> list[str]:
    """One of the installed fonts that has Chinese characters, upright and of usual weight if there is such a one."""
    entries = [font for font in font_manager.fontManager.ttflist if font.name in installed]
    for entry in sorted(entries, key=lambda font: (font.style != "normal", _from_usual(font.weight), font.name)):
        if entry.name.lower().replace(" ", "").strip(".").startswith(BLANK_FONTS):
            continue
        try:
            font = font_manager.get_font(entry.fname)
        except (OSError, RuntimeError, ValueError):  # a font that cannot be read has nothing to draw with
            continue
        if all(font.get_char_index(ord(char)) for char in CHINESE):
            return [entry.name]
    return []


def _from_usual(weight: str | int) -> int:
    """How far a font's weight is from that of usual text."""
    number = font_manager.weight_dict.get(weight, USUAL_WEIGHT) if isinstance(weight, str) else weight
    return abs(int(number) - USUAL_WEIGHT)


def in_own_words() -> dict[str, Any]:
    r"""Text properties under which $, _ and \ stand for themselves."""
    return {"parse_math": False, "usetex": False, "fontfamily": font_families()}


def drawable(text: Any) -> str:
    """Put a box for each character that no installed font has: matplotlib would do so with a warning each time."""
    known = _characters(tuple(font_families()))
    return "".join(char if char.isspace() or ord(char) in known else BOX for char in visible(text))


@lru_cache(maxsize=8)
def _characters(families: tuple[str, ...]) -> frozenset[int]:
    """The characters that the fonts have."""
    files = [font_manager.findfont(family, fallback_to_default=False) for family in families]
    return frozenset(char for file in files for char in font_manager.get_font(file).get_charmap())


def wrapped(text: str, width: int) -> str:
    r"""Break a text into lines of at most a number of letters; a Chinese character takes the room of two.

    Examples
    --------
    >>> wrapped("the value of all customers", 13)
    'the value of\nall customers'
    >>> wrapped("所有客户的价值，按年。", 10)
    '所有客户的\n价值，按年。'
    """
    lines, line = [], ""
    for piece in PIECES.findall(" ".join(text.split())):
        for part in _pieces(piece, width):
            if line and part not in CLOSING and cell_len((line + part).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += "" if part == " " and not line else part
    return "\n".join([*lines, line.rstrip()])


def _pieces(word: str, width: int) -> Iterator[str]:
    """A word that is longer than a line, in pieces."""
    while cell_len(word) > width:
        count = next(n for n in range(len(word), 0, -1) if n == 1 or cell_len(word[:n]) <= width)
        yield word[:count]
        word = word[count:]
    if word:
        yield word


def short_money(amount: float, currency: str | None) -> str:
    """Write an amount as people do, in characters that can be drawn."""
    return money(amount, drawable_currency(currency))


def drawable_currency(currency: str | None) -> str | None:
    """The currency to write amounts in: without a font for 万 and 亿, yuan are counted in thousands too."""
    return None if BOX in drawable(money(1e4, currency) + money(1e8, currency)) else currency


def ink() -> str:
    """The colour of the user's text, which stands out from their background."""
    return str(mpl.rcParams["text.color"])
