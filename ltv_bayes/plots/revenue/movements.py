"""Pictures of recurring revenue: how it moved, and how much of it cohorts retain."""

from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from ltv_bayes.data.subscriptions.revenue.movements import MOVEMENTS, Movements
from ltv_bayes.errors import InputError, sentence_case
from ltv_bayes.formatting import percent
from ltv_bayes.intervals import describe_interval
from ltv_bayes.language import _, as_known
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BLUE, GREEN, GREY, NOTE_SIZE, ORANGE, PURPLE, RED, SKY
from ltv_bayes.plots.lettering import in_own_words, ink, short_money
from ltv_bayes.tables.headings import in_words

COLOURS = dict(zip(MOVEMENTS, (GREEN, SKY, PURPLE, ORANGE, RED), strict=True))
DARK, PAPER = 0.6, "#fdfdfd"
MOST_WRITTEN = 12
"""So many ages have room for intervals."""


def plot_movements(movements: Movements, periods: int | None = None, *, ax: Any = None) -> Any:
    """Draw how recurring revenue came from its opening to its closing: what was new, won back, grew, shrank, was lost.

    Parameters
    ----------
    movements : Movements
        What `subscription_movements` returned; segments are added up.
    periods : int, optional
        The last so many periods together; all of them if not given.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there are fewer periods.
    """
    canvas.require(movements, Movements, _("Pass what subscription_movements(...) returned."))
    number = len(movements.periods) if periods is None else periods
    if not 1 <= number <= len(movements.periods):
        raise InputError(
            _("periods must lie between 1 and {most}, not {periods!r}.", most=len(movements.periods), periods=periods)
        )
    sums = movements.table.groupby(level="period").sum().loc[list(movements.periods[-number:])]
    change = sums[list(MOVEMENTS)].sum()
    opening, closing = float(sums["opening"].iloc[0]), float(sums["closing"].iloc[-1])
    sizes = np.array([opening, *change, closing])
    ends = np.array([opening, *(opening + change.cumsum()), closing])
    starts = np.where(np.isin(np.arange(len(sizes)), [0, len(sizes) - 1]), 0.0, ends - sizes)
    names = ["opening", *MOVEMENTS, "closing"]
    with canvas.picture(ax, height=1.7 + 0.45 * len(sizes)) as ax:
        rows = np.arange(len(sizes))
        ax.barh(rows, sizes, left=starts, height=0.55, color=[COLOURS.get(name, BLUE) for name in names])
        ax.vlines(ends[:-1], rows[:-1], rows[1:], color=GREY, linewidth=0.8, zorder=1)
        canvas.name_rows(ax, [in_words(name) for name in names])
        canvas.money_axis(ax.xaxis, movements.currency)
        canvas.from_zero(ax, float(min(starts.min(), ends.min())), float(max(starts.max(), ends.max())))
        for row, (size, start, end) in enumerate(zip(sizes, starts, ends, strict=True)):
            canvas.write(ax, short_money(size, movements.currency), (max(start, end), row), (7, 0), va="center")
        canvas.label_x(ax, _("recurring revenue a month{unit}", unit=canvas.unit(movements.currency)))
        first, last = sums.index[0], sums.index[-1]
        when = str(first) if first == last else _("{first} to {last}", first=first, last=last)
        return canvas.finish(ax, _("Movements of recurring revenue, {when}", when=when), _("observed"))


def plot_retained(
    movements: Movements,
    of: str = "net_retention",
    *,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    random_seed: int | None = None,
    ax: Any = None,
) -> Any:
    """Draw how much of their first recurring revenue cohorts retain at each age, with the interval in each field.

    Parameters
    ----------
    movements : Movements
        What `subscription_movements` returned.
    of : {"net_retention", "gross_retention", "logo_retention"}
        What is retained.
    ci_prob, ci_kind, random_seed : optional
        As in `Movements.cohorts`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there is no such retention, or no cohort.
    """
    canvas.require(movements, Movements, _("Pass what subscription_movements(...) returned."))
    known = ["net_retention", "gross_retention", "logo_retention"]
    if of not in known:
        raise InputError(_("of must be one of {known}, not {of!r}.", known=", ".join(known), of=of))
    found = movements.cohorts(ci_prob=ci_prob, ci_kind=ci_kind, random_seed=random_seed)
    bound = [name for name in found.columns if name.startswith(f"{of}_")]
    middle, low, high = (found[name].unstack("age") for name in (of, *bound))
    shape = middle.shape
    shades = LinearSegmentedColormap.from_list("shades", [(*to_rgb(BLUE), 0.05), (*to_rgb(BLUE), 1.0)])
    with canvas.picture(ax, width=max(7.5, 2.0 + 0.95 * shape[1]), height=2.0 + 0.5 * shape[0]) as ax:
        most = float(np.nanmax(middle.to_numpy()))
        ax.imshow(np.ma.masked_invalid(middle.to_numpy()), cmap=shades, vmin=0, vmax=most, aspect="auto")
        written = shape[1] <= MOST_WRITTEN
        for row, column in zip(*np.nonzero(middle.notna().to_numpy()), strict=True):
            share = float(middle.iloc[row, column])
            text = percent(share)
            if written:
                text += f"\n{percent(float(low.iloc[row, column]))} – {percent(float(high.iloc[row, column]))}"
            look = {"color": PAPER if share > DARK * most else ink(), "fontsize": NOTE_SIZE - 1}
            ax.text(column, row, text, ha="center", va="center", **look, **in_own_words())
        canvas.name_rows(ax, middle.index)
        ax.set_xticks(range(shape[1]), [str(age) for age in middle.columns])
        ax.grid(visible=False)
        ax.tick_params(length=0)
        canvas.label_x(ax, _("age in {units}", units=as_known(f"{movements.every}s")))
        detail = _("share and {interval}", interval=describe_interval(ci_prob, ci_kind))
        return canvas.finish(ax, _("{what} by cohort", what=sentence_case(in_words(of))), detail)
