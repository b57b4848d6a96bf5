"""What every picture shares: its axes, their labels and title, and the colours."""

import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex
from matplotlib.ticker import FuncFormatter, MaxNLocator, StrMethodFormatter
from rich.cells import cell_len

from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.formatting import distinct, money_labels
from ltv_bayes.intervals import bound_columns
from ltv_bayes.plots.lettering import (
    BOX,
    BOX_NOTE,
    drawable,
    drawable_currency,
    font_families,
    in_own_words,
    ink,
    short_money,
)
from ltv_bayes.plots.svg import svg_of

BLUE, ORANGE, GREEN, RED, GREY = "#2f6f9f", "#d9822b", "#4b8b5a", "#b5443f", "#7a7a7a"
TITLE_WIDTH, LABEL_WIDTH = 60, 90
PIXELS_PER_INCH = 150


def house_style() -> AbstractContextManager[None]:
    """Settings for the time of one drawing; the user's own are as before when it ends.

    pyplot loads its backend when it is first needed, and a notebook's backend then turns interactive mode on: that
    must not happen while the settings are borrowed, or it is undone with them.
    """
    import matplotlib.pyplot as plt

    plt.draw_if_interactive()
    return mpl.rc_context(
        {
            "font.family": font_families(),
            "figure.constrained_layout.w_pad": 0.1,
            "figure.constrained_layout.h_pad": 0.1,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": GREY,
            "grid.alpha": 0.2,
            "legend.frameon": False,
            "text.parse_math": False,
            "text.usetex": False,
        }
    )


def require(value: Any, kind: type, cure: str) -> None:
    """Say what a picture is made of, where something else was given.

    Raises
    ------
    InputError
        If the value is not of the kind.
    """
    if not isinstance(value, kind):
        raise InputError(f"This picture is drawn from {a_kind(kind)}, not {a_kind(value)}. {cure}")


def axes_for(ax: Any, *, width: float = 7.5, height: float = 4.5) -> Any:
    """Take the user's axes, or make a figure of their own."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, made = plt.subplots(figsize=(width, height), layout="constrained")
    return made


@contextmanager
def picture(ax: Any, *, width: float = 7.5, height: float = 4.5) -> Iterator[Any]:
    """Give the axes to draw on, with the house style for the time of the drawing."""
    with house_style():
        yield axes_for(ax, width=width, height=height)


class MoneyFormatter(FuncFormatter):
    """Writes the ticks of an axis as money, all in one size."""

    def __init__(self, currency: str | None) -> None:
        super().__init__(lambda amount, _: short_money(amount, currency))
        self._currency = drawable_currency(currency)

    def format_ticks(self, values: Any) -> list[str]:
        """Write all ticks alike."""
        self.set_locs(values)
        return money_labels(list(values), self._currency)


def money_axis(axis: Any, currency: str | None) -> None:
    """Write an axis' numbers as money."""
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(MoneyFormatter(currency))
    axis.set_tick_params(labelfontfamily=font_families())


def count_axis(axis: Any) -> None:
    """Write an axis' numbers with their thousands marked."""
    axis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def steps(ax: Any, table: pd.DataFrame, column: str, colour: str, label: str, band_label: str | None = None) -> None:
    """Draw a column by period, with the band of its interval; periods go from the column ``from`` to ``to``."""
    edges = np.append(table["from"].to_numpy(), table["to"].to_numpy()[-1:])
    middle, low, high = (np.append(table[name], table[name].iloc[-1]) for name in (column, *bound_columns(table)))
    ax.fill_between(edges, low, high, step="post", color=colour, alpha=0.25, linewidth=0, label=band_label)
    ax.step(edges, middle, where="post", color=colour, label=label)


def from_zero(ax: Any, lowest: float, highest: float) -> None:
    """Let the x axis begin at a line that marks zero, a little inside the frame so that nothing is cut there."""
    low, high = min(0.0, lowest), max(0.0, highest)
    span = (high - low) or 1.0
    ax.set_xlim(low - (0.05 if low < 0 else 0.012) * span, high + 0.05 * span if high > low else 1.0)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.axvline(0, color=ink(), linewidth=0.8, zorder=1)


def name_rows(ax: Any, names: Iterable[Any], after: Iterable[str] = repeat(""), width: int = 28) -> None:
    """Write names beside horizontal rows, the first on top, shortened but each differently, with more after them."""
    names = [name + drawable(more) for name, more in zip(distinct(names, width, drawable), after, strict=False)]
    ax.set_yticks(range(len(names)), names, **in_own_words())
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def label_x(ax: Any, *lines: str) -> None:
    """Write what the x axis shows, and below it on what terms."""
    text = "\n".join(textwrap.fill(drawable(line), LABEL_WIDTH) for line in lines)
    ax.set_xlabel(text, loc="right", multialignment="right", **in_own_words())


def label_y(ax: Any, text: str) -> None:
    """Write what the y axis shows."""
    ax.set_ylabel(drawable(text), **in_own_words())


def legend_beside(ax: Any, names: Sequence[str], *, reverse: bool = False) -> None:
    """Name colours right of the axes, where there are several; from the last to the first for bars that are stacked."""
    if len(names) > 1:
        legend = ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), reverse=reverse)
        for text in legend.get_texts():
            text.set(**in_own_words())


def room_for_legend(names: Sequence[str]) -> float:
    """Width in inches that `legend_beside` takes."""
    return 0.8 + 0.09 * max(map(cell_len, names)) if len(names) > 1 else 0.0


def write(ax: Any, text: str, place: tuple[Any, Any], offset: tuple[float, float] = (0, 0), /, **look: Any) -> None:
    """Write beside a place, which is one of the data unless ``xycoords`` says otherwise."""
    ax.annotate(text, place, offset, textcoords="offset points", **look, **in_own_words())


def finish(ax: Any, title: str, detail: str, caution: str = "") -> Any:
    """Write the title, in red if there is a caution, and the meaning of a box if there is one; give the axes back."""
    above = ax.set_title(heading(title, detail, caution), color=RED if caution else ink(), **in_own_words())
    written = [above, ax.xaxis.label, ax.yaxis.label, *ax.get_yticklabels()]
    if any(BOX in part.get_text() for part in written):
        label_x(ax, *ax.get_xlabel().split("\n"), BOX_NOTE)
    return ax


def finish_figure(figure: Any, title: str, colour: str) -> None:
    """Write a title above all panels of a figure."""
    look = {"ha": "left", "multialignment": "left", "fontsize": 11, "color": colour}
    figure.suptitle(title, x=0.01, **look, **in_own_words())


def heading(title: str, detail: str, caution: str, width: int = TITLE_WIDTH) -> str:
    """Put a title's lines one below the other, each with at most a number of letters."""
    return "\n".join(textwrap.fill(drawable(line), width) for line in (title, detail, caution.upper()) if line)


def unit(currency: str | None) -> str:
    """Write the currency as axis labels carry it."""
    return f" ({currency})" if currency else ""


def rendered(drawn: Any, kind: str = "png") -> bytes:
    """Turn a figure, or the figure of axes, into the content of a file, and close it.

    The same data give the same bytes.

    Parameters
    ----------
    drawn : matplotlib Figure or Axes
        What a plot function returned.
    kind : str
        Such as "png", "svg" or "pdf".
    """
    import matplotlib.pyplot as plt

    if kind == "svg":
        return as_svg(drawn).encode()
    figure = _figure_of(drawn)
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=PIXELS_PER_INCH)
    plt.close(figure)
    return content.getvalue()


def as_svg(drawn: Any, label: str = "") -> str:
    """Turn a figure, or the figure of axes, into an SVG element that an HTML page can hold, and close it.

    Text stays text. What is black takes the colour of the text around it (``currentColor``), and the background is
    transparent. A page on dark ground gives the classes ``ground-fill``, ``ground-stroke``, ``caution-fill`` and
    ``caution-stroke`` colours of its own. There are no scripts, style sheets, inline styles or references to anything
    outside; shades may be images in ``data:``. Ids begin with a hash of the content.

    Parameters
    ----------
    drawn : matplotlib Figure or Axes
        What a plot function returned.
    label : str
        What the picture shows, for those who cannot see it; its title if not given.
    """
    import matplotlib.pyplot as plt

    figure = _figure_of(drawn)
    text = svg_of(figure, label or _title_of(figure), to_hex(RED))
    plt.close(figure)
    return text


def _figure_of(drawn: Any) -> Any:
    """The figure of what a plot function returned."""
    return getattr(drawn, "figure", None) or drawn


def _title_of(figure: Any) -> str:
    """The first title of a figure, in one line."""
    titles = [figure.get_suptitle(), *(ax.get_title(loc=place) for ax in figure.axes for place in ("left", "center"))]
    return " ".join(next(filter(None, titles), "").split())
