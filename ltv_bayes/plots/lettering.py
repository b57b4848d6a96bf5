"""Text in pictures: never read as markup, in fonts that have its characters."""

from functools import lru_cache
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager

from ltv_bayes.formatting import money, visible

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
)
ALWAYS_THERE = "DejaVu Sans"
BOX = "□"
BOX_NOTE = f"{BOX}: a character that no installed font has; Chinese names need a font such as Noto Sans CJK"


def font_families() -> list[str]:
    """Name the installed fonts to draw with: the user's own, then Chinese ones, then the one that is always there."""
    settings: Any = mpl.rcParams
    installed = {font.name for font in font_manager.fontManager.ttflist}
    wanted = [name for family in settings["font.family"] for name in settings.get(f"font.{family}", [family])]
    own = [name for name in wanted if name in installed][:1]
    return list(dict.fromkeys([*own, *(name for name in CHINESE_FONTS if name in installed), ALWAYS_THERE]))


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


def short_money(amount: float, currency: str | None) -> str:
    """Write an amount as people do, in characters that can be drawn."""
    return money(amount, drawable_currency(currency))


def drawable_currency(currency: str | None) -> str | None:
    """The currency to write amounts in: without a font for 万 and 亿, yuan are counted in thousands too."""
    return None if BOX in drawable(money(1e4, currency) + money(1e8, currency)) else currency


def ink() -> str:
    """The colour of the user's text, which stands out from their background."""
    return str(mpl.rcParams["text.color"])
