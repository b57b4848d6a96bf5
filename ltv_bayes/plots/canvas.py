"""What every picture shares: axes, colours, money on an axis, and text that is never read as markup."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from ltv_bayes.formatting import money

BLUE, ORANGE, GREEN, RED, GREY = "#2f6f9f", "#d9822b", "#4b8b5a", "#b5443f", "#7a7a7a"
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


def house_style() -> AbstractContextManager[None]:
    """Settings for the time of one drawing; Chinese fonts join where they are installed."""
    import matplotlib as mpl
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    families = ["DejaVu Sans", *(font for font in CHINESE_FONTS if font in installed)]
    return mpl.rc_context(
        {
            "font.family": families,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e6e6e6",
            "legend.frameon": False,
            "text.parse_math": False,
        }
    )


def axes_for(ax: Any, *, width: float = 7.5, height: float = 4.5) -> Any:
    """Take the user's axes, or make a figure of their own."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, made = plt.subplots(figsize=(width, height), layout="constrained")
    return made


def money_axis(axis: Any, currency: str | None) -> None:
    """Write an axis' numbers as money."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: money(value, currency)))


def name_rows(ax: Any, names: Iterable[Any]) -> None:
    """Write names beside horizontal rows, the first on top."""
    names = [shortened(name) for name in names]
    ax.set_yticks(range(len(names)), names, parse_math=False)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def shortened(name: Any, length: int = 28) -> str:
    """Cut a long name; line breaks become blanks."""
    text = " ".join(str(name).split())
    return text if len(text) <= length else text[: length - 1] + "…"


def titled(ax: Any, title: str, caution: str = "") -> None:
    """Write the title, and above all what speaks against the numbers."""
    ax.set_title(
        f"{title}\n{caution.upper()}" if caution else title, parse_math=False, color=RED if caution else "black"
    )


def unit(currency: str | None) -> str:
    """Write the currency as axis labels carry it."""
    return f" ({currency})" if currency else ""
