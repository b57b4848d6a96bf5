"""What every picture shares: its axes, their labels and title, and the colours."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
from matplotlib.dates import AutoDateFormatter, AutoDateLocator
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, MaxNLocator, StrMethodFormatter
from rich.cells import cell_len

from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.formatting import distinct, money_labels, with_currency
from ltv_bayes.intervals import bound_columns
from ltv_bayes.language import _, as_known
from ltv_bayes.plots.lettering import (
    BOX,
    BOX_NOTE,
    drawable,
    drawable_currency,
    font_families,
    in_own_words,
    ink,
    short_money,
    wrapped,
)
from ltv_bayes.plots.svg import svg_of

PALETTE = ("#336f9f", "#d08034", "#639b70", "#b6463e", "#9283e1", "#479eb4", "#69696a")
"""Told apart by those who see no red or no green (any two are 20 apart in CIELAB), and seen on white and on dark."""
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY = PALETTE
PALE_RED = "#ff9d94"
PAPER = "#fdfdfd"
"""Letters on a dark shade, whatever the background."""
BAR: dict[str, Any] = {"linewidth": 3}
BAND: dict[str, Any] = {"linewidth": 0, "alpha": 0.25}
"""How intervals look, as a line or as an area."""
NOTE_SIZE = 8
TITLE_WIDTH, LABEL_WIDTH = 60, 90
TITLE_LETTERS, LABEL_LETTERS = 10.5, 15.5
"""Letters of a title and of a label that an inch has room for."""
PIXELS_PER_INCH = 150
SAME = 1e-9


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
            "legend.fontsize": 9,
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
        raise InputError(
            _(
                "This picture is drawn from {kind}, not {kind_2}. {cure}",
                kind=a_kind(kind),
                kind_2=a_kind(value),
                cure=cure,
            )
        )


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


def date_axis(ax: Any) -> None:
    """Write few days below the x axis, aslant."""
    locator = AutoDateLocator(minticks=2, maxticks=6)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(AutoDateFormatter(locator))
    ax.tick_params(axis="x", labelrotation=30)


def steps(ax: Any, table: pd.DataFrame, column: str, colour: str, label: str, band_label: str | None = None) -> None:
    """Draw a column by period, with the band of its interval; periods go from the column ``from`` to ``to``."""
    edges = np.append(table["from"].to_numpy(), table["to"].to_numpy()[-1:])
    middle, low, high = (np.append(table[name], table[name].iloc[-1]) for name in (column, *bound_columns(table)))
    ax.fill_between(edges, low, high, step="post", color=colour, label=band_label, **BAND)
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
    width = _letters(ax, LABEL_LETTERS, LABEL_WIDTH)
    text = "\n".join(wrapped(drawable(line), width) for line in lines)
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
    ax.annotate(text, place, offset, textcoords="offset points", **{"color": ink(), **look}, **in_own_words())


def outside(dots: Any, low: Any, high: Any) -> list[str]:
    """Say of each dot whether it lies above or below its interval; nothing of those inside."""
    dots, low, high = (np.asarray(values, float) for values in (dots, low, high))
    close = SAME * np.maximum(np.abs(low), np.abs(high))
    above, below = dots > high + close, dots < low - close
    return [_("above") if over else _("below") if under else "" for over, under in zip(above, below, strict=True)]


def note_outside(ax: Any, at: Any, dots: Any, low: Any, high: Any, *, upright: bool = False) -> bool:
    """Write beside each dot outside its interval where it lies, and give whether there is any.

    Parameters
    ----------
    ax : matplotlib Axes
        Where the dots are.
    at, dots, low, high : array_like
        The place of each dot in the other direction, its value, and its interval.
    upright : bool
        Whether values go up; they go to the right otherwise.
    """
    words = outside(dots, low, high)
    ends = np.maximum(np.asarray(dots, float), np.asarray(high, float))
    for place, end, word in zip(at, ends, words, strict=True):
        if word and upright:
            write(ax, word, (place, end), (0, 5), ha="center", va="bottom", fontsize=NOTE_SIZE, rotation=90)
        elif word:
            write(ax, _("{word} the interval", word=word), (end, place), (7, 0), va="center", fontsize=NOTE_SIZE)
    return any(words)


def lines_on_outside(any_outside: bool, dot: str) -> list[str]:
    """What the words beside upright intervals mean, where there are any."""
    why = _(", as where few draws are far larger") if dot == "mean" else ""
    return [_("above, below: the {dot} lies outside its interval{why}", dot=as_known(dot), why=why)] * any_outside


def finish(ax: Any, title: str, detail: str, caution: str = "") -> Any:
    """Write the title, in red if there is a caution, and the meaning of a box if there is one; give the axes back."""
    width = _letters(ax, TITLE_LETTERS, TITLE_WIDTH)
    colour = alarm(ax) if caution else ink()
    above = ax.set_title(heading(title, detail, caution, width), color=colour, **in_own_words())
    written = [above, ax.xaxis.label, ax.yaxis.label, *ax.get_yticklabels()]
    if any(BOX in part.get_text() for part in written):
        label_x(ax, *ax.get_xlabel().split("\n"), BOX_NOTE)
    make_room(ax)
    return ax


def alarm(drawn: Any) -> str:
    """The red of a caution, as it can be read on the background of a figure or axes."""
    return RED if _is_light(drawn.get_facecolor()) else PALE_RED


def _is_light(colour: Any) -> bool:
    """Whether dark letters are easier to read on a colour; what is transparent lies on white paper."""
    *light, opacity = to_rgba(colour)
    return opacity < 0.5 or float(np.dot([0.2126, 0.7152, 0.0722], np.power(light, 2.2))) > 0.18


def _letters(ax: Any, per_inch: float, most: int) -> int:
    """How many letters the width of axes has room for."""
    inches = ax.get_window_extent().width / ax.get_figure(root=True).dpi
    return max(20, min(most, int(per_inch * inches)))


def make_room(ax: Any) -> None:
    """Widen the view until all that is written beside data lies inside the axes."""
    notes = [text for text in ax.texts if isinstance(text, Annotation) and text.xycoords == "data" and text.get_text()]
    if not notes:
        return
    ax.get_figure(root=True).draw_without_rendering()
    boxes, frame = [note.get_window_extent() for note in notes], ax.get_window_extent()
    points = ax.transData.transform([_numbers(ax, note.xy) for note in notes])
    right = _widening(frame.width, points[:, 0] - frame.x0, [box.x1 - frame.x0 for box in boxes])
    top = _widening(frame.height, points[:, 1] - frame.y0, [box.y1 - frame.y0 for box in boxes])
    ax.set_xlim(right=_farther(ax.xaxis, ax.get_xlim(), right))
    ax.set_ylim(top=_farther(ax.yaxis, ax.get_ylim(), top))


def _numbers(ax: Any, place: tuple[Any, Any]) -> tuple[float, float]:
    return float(ax.convert_xunits(place[0])), float(ax.convert_yunits(place[1]))


def _widening(length: float, points: Any, ends: Any) -> float:
    """How much longer a view must be, for texts that begin at points and end at ends, both in pixels of its length."""
    needed = [(point / max(length - (end - point), 0.1 * length)) for point, end in zip(points, ends, strict=True)]
    return max(1.0, 1.01 * max(needed)) if max(ends) > length else 1.0


def _farther(axis: Any, ends: tuple[float, float], times: float) -> float:
    """The end of a view that is so many times as long."""
    scale = axis.get_transform()
    first, last = scale.transform(ends)
    return float(scale.inverted().transform([first + times * (last - first)])[0])


def panels(ax: Any, number: int, make: Callable[[], tuple[Any, Any]]) -> tuple[Any, list[Any]]:
    """Take a number of the user's axes, with no figure, or make a figure with so many.

    Raises
    ------
    InputError
        If there are fewer axes than panels.
    """
    if ax is None:
        figure, made = make()
        return figure, list(np.ravel(made))
    given = list(np.ravel(ax))
    if len(given) < number:
        raise InputError(
            _(
                "This picture has {number} panels, and ax holds {number_2} Axes. Pass {number}, or none.",
                number=number,
                number_2=len(given),
            )
        )
    return None, given


def finish_figure(figure: Any, title: str, colour: str) -> None:
    """Write a title above all panels of a figure."""
    look = {"ha": "left", "multialignment": "left", "fontsize": 11, "color": colour}
    figure.suptitle(title, x=0.01, **look, **in_own_words())


def heading(title: str, detail: str, caution: str, width: int = TITLE_WIDTH) -> str:
    """Put a title's lines one below the other, each with at most a number of letters."""
    return "\n".join(wrapped(drawable(line), width) for line in (title, detail, caution.upper()) if line)


def unit(currency: str | None) -> str:
    """Write the currency as axis labels carry it."""
    return _(" ({unit})", unit=with_currency("", currency).strip()) if currency else ""


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
    text = svg_of(figure, label or _title_of(figure), alarm(figure))
    plt.close(figure)
    return text


def _figure_of(drawn: Any) -> Any:
    """The figure of what a plot function returned."""
    return getattr(drawn, "figure", None) or drawn


def _title_of(figure: Any) -> str:
    """The first title of a figure, in one line."""
    titles = [figure.get_suptitle(), *(ax.get_title(loc=place) for ax in figure.axes for place in ("left", "center"))]
    return " ".join(next(filter(None, titles), "").split())
