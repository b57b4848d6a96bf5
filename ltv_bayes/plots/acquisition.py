"""Pictures of acquisition: value over cost by channel, how the cost comes back, customers of today and new ones."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.formatting import label, shortened
from ltv_bayes.intervals import bound_columns, describe_interval, interval, interval_name, interval_settings
from ltv_bayes.language import _, semicolon
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BAND, BAR, BLUE, GREY, ORANGE, SKY
from ltv_bayes.plots.lettering import ink
from ltv_bayes.value.acquisition.acquisition import Acquisition, channel_draws, courses
from ltv_bayes.value.acquisition.channels import NOT_ENOUGH
from ltv_bayes.value.acquisition.new_customers import Course
from ltv_bayes.value.equity.customer_equity import CustomerEquity, parts_of
from ltv_bayes.value.equity.parts import COST, PLANNED, PORTFOLIO

CURE = _("Pass what acquisition(...) returned.")
BREADTH, REACH = 10.0, 3.0
"""The axis of ratios ends this many times beyond 1 and the threshold, or this many times beyond the medians; a longer
interval may leave it."""
STEPS = ((1.5, (1.0, 2.0, 5.0)), (3.0, (1.0, 3.0)), (np.inf, (1.0,)))
"""Round ratios of each power of ten, up to this many powers on the axis."""
APART = 1.3
MOST_YEARS = 24
"""So many years are named; of more, some are."""
ROOM = 0.2


def plot_acquisition(
    found: Acquisition, *, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw LTV:CAC by channel with its interval, the highest first, and lines at 1 and at the threshold.

    The axis is logarithmic: twice the cost is as far from 1 as half of it.

    Parameters
    ----------
    found : Acquisition
        What `acquisition` returned.
    ci_prob, ci_kind
        Interval, as in `Acquisition.summary`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(found, Acquisition, CURE)
    table, level = found.summary(ci_prob, ci_kind), interval_name(ci_prob, ci_kind)
    low, high = (table[f"ltv_to_cac_{level}_{end}"].to_numpy() for end in ("lb", "ub"))
    threshold, middle = found.targets.threshold, table["ltv_to_cac"].to_numpy()
    least = min(1.0, threshold, REACH * float(middle.min())) / BREADTH
    most = max(BREADTH * max(1.0, threshold), REACH * float(middle.max()))
    rows, colours = np.arange(len(table)), np.where(table["verdict"] == _(NOT_ENOUGH), GREY, BLUE)
    with canvas.picture(ax, height=1.9 + 0.34 * len(table)) as ax:
        ax.set_xscale("log")
        ax.hlines(rows, np.clip(low, least, most), np.clip(high, least, most), color=colours, **BAR)
        ax.scatter(np.maximum(middle, least), rows, color=colours, zorder=3)
        for beyond, end, arrow in ((low < least, least, "<"), (high > most, most, ">")):
            if beyond.any():
                ax.plot(np.full(beyond.sum(), end), rows[beyond], arrow, color=GREY, markersize=6)
        for place, look in ((1.0, ":"), (threshold, "--")):
            ax.axvline(place, color=ORANGE, linestyle=look, linewidth=1.3, zorder=1)
        canvas.name_rows(ax, table.index, map(_won, table["clients_won"]))
        ends = [1.0, threshold, *np.clip(low, least, most), *np.clip(high, least, most)]
        _ratio_axis(ax, min(ends) / 1.25, max(ends) * 1.25, threshold)
        colour = [_("grey: not enough data")] if (table["verdict"] == _(NOT_ENOUGH)).any() else []
        lines = semicolon(
            [_("dotted: the cost; dashed: {threshold:g} times the cost; n: clients won", threshold=threshold), *colour]
        )
        canvas.label_x(ax, _("value of a new client over the cost of winning one"), lines, found.value.settings)
        canvas.note_outside(ax, rows, middle, np.maximum(low, least), np.clip(high, least, most))
        detail = _("median and {interval}", interval=describe_interval(ci_prob, ci_kind))
        return canvas.finish(ax, _("What a new client is worth for its cost"), detail, found.value.caution)


def plot_equity(
    equity: CustomerEquity, *, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw the money of customers of today and of those planned by year, and what it costs to win them below zero.

    Parameters
    ----------
    equity : CustomerEquity
        What `customer_equity` returned.
    ci_prob, ci_kind
        Interval of the year's money less cost, as in `CustomerEquity.cash_flow`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(equity, CustomerEquity, _("Pass what customer_equity(...) returned."))
    flow, value = equity.cash_flow(ci_prob, ci_kind), parts_of(equity).value
    years, names = np.arange(len(flow)), [label(name) for name in (PORTFOLIO, PLANNED, COST)]
    with canvas.picture(ax, width=max(7.5, min(12.0, 3.5 + 0.6 * len(flow))) + canvas.room_for_legend(names)) as ax:
        bottom = np.zeros(len(flow))
        for source, name, colour in zip((PORTFOLIO, PLANNED, COST), names, (BLUE, SKY, ORANGE), strict=True):
            means = flow[f"mean_{source}"].to_numpy()
            ax.bar(years, means, bottom=0.0 if source == COST else bottom, width=0.6, color=colour, label=name)
            bottom = bottom + means
        low, high = (flow[name] for name in bound_columns(flow))
        ax.vlines(years, low, high, color=ink(), linewidth=1.2)
        for end in (low, high):
            ax.plot(years, end, "_", color=ink(), markersize=8)
        ax.plot(years, flow["median"], "o", color=ink(), mfc=ax.get_facecolor(), markersize=5)
        outside = canvas.note_outside(ax, years, flow["median"], low, high, upright=True)
        ax.axhline(0.0, color=GREY, linewidth=0.8)
        step = -(-len(flow) // MOST_YEARS)
        ax.set_xticks(years[::step], [str(year) for year in flow.index[::step]])
        ax.grid(axis="x", visible=False)
        canvas.money_axis(ax.yaxis, equity.currency)
        canvas.label_y(ax, _("money in the year{unit}", unit=canvas.unit(equity.currency)))
        words = [_("bars: means; dot and line: median and interval of all money of the year less cost")]
        words += canvas.lines_on_outside(outside, "median")
        canvas.label_x(ax, _("year after the as-of date"), *words, str(value.settings.to_come))
        canvas.legend_beside(ax, names, reverse=True)
        detail = _("median and {interval}", interval=describe_interval(ci_prob, ci_kind))
        return canvas.finish(ax, _("Customers of today and those planned"), detail, value.caution)


def plot_payback(
    found: Acquisition, channel: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw how the cost of a client comes back: money that has come in by each month, less the cost.

    Parameters
    ----------
    found : Acquisition
        What `acquisition` returned.
    channel : str, optional
        One channel; the one with the highest LTV:CAC if not given.
    ci_prob, ci_kind
        Interval of the balance, and of the month in which the cost is back.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there is no such channel.
    """
    canvas.require(found, Acquisition, CURE)
    name = str(found.summary(ci_prob, ci_kind).index[0] if channel is None else channel)
    if name not in found.channels:
        raise InputError(
            _("There is no channel {name!r}. {suggestion}", name=name, suggestion=suggestion(name, found.channels))
        )
    place = found.channels.index(name)
    course, cost = courses(found)[name], found.cac[..., place].to_numpy().ravel()
    figures = channel_draws(found, interval_settings(ci_prob, ci_kind))[place]
    in_time = figures.chance(figures.in_time)
    with canvas.picture(ax) as ax:
        _draw_balance(ax, course, course.money - cost[:, np.newaxis], ci_prob, ci_kind)
        ax.set_xticks(_month_ticks(course.months[-1]))
        ax.set_xlim(0, course.months[-1])
        within = found.targets.payback_within
        _mark_month(
            ax,
            within.to("month"),
            _("back within {within}\nwith probability {in_time}", within=within, in_time=in_time),
        )
        canvas.money_axis(ax.yaxis, found.currency)
        canvas.label_y(ax, _("revenue so far, less the cost{unit}", unit=canvas.unit(found.currency)))
        canvas.label_x(ax, _("months from the first order on"), found.value.settings)
        title = _("{name}: when the cost of a new client is back", name=shortened(name))
        detail = _("median and {interval}, in expectation over clients", interval=describe_interval(ci_prob, ci_kind))
        return canvas.finish(ax, title, detail, found.value.caution)


def _ratio_axis(ax: Any, low: float, high: float, threshold: float) -> None:
    """Write few round ratios, and the two that lines stand at."""
    steps = next(steps for most, steps in STEPS if np.log10(high / low) <= most)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps]
    marked = [1.0, threshold]
    ticks = [tick for tick in ticks if all(max(tick / at, at / tick) > APART for at in marked)]
    ax.set_xticks(sorted({*marked, *ticks}))
    ax.set_xticks([], minor=True)
    ax.xaxis.set_major_formatter(lambda ratio, _: f"{ratio:,g}")
    ax.set_xlim(low, high)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _draw_balance(ax: Any, course: Course, balance: np.ndarray, ci_prob: float | None, ci_kind: str | None) -> None:
    """Draw the median and the interval of the balance at each time."""
    low, high = interval(balance, ci_prob, ci_kind)
    steps = "post" if course.by_steps else None
    ax.fill_between(course.months, low, high, color=BLUE, step=steps, **BAND)
    style = "steps-post" if course.by_steps else "default"
    ax.plot(course.months, np.median(balance, axis=0), color=BLUE, drawstyle=style)
    ax.axhline(0, color=ink(), linewidth=0.8)


def _mark_month(ax: Any, month: float, text: str) -> None:
    """Draw a line at a month, and write beside it where the balance is not: early above it, late below, off zero."""
    ax.axvline(month, color=ORANGE, linestyle="--", linewidth=1.3)
    low, high = ax.get_ylim()
    zero, early = -low / (high - low), month <= ax.get_xlim()[1] / 2
    bottom = zero if 0 <= zero < ROOM else 0.0
    place, offset = ((month, 1.0), (6, -6)) if early else ((month, bottom), (-6, 6))
    side = {"ha": "left", "va": "top"} if early else {"ha": "right", "va": "bottom"}
    ground = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
    canvas.write(ax, text, place, offset, xycoords=("data", "axes fraction"), bbox=ground, **side)


def _month_ticks(last: float) -> np.ndarray:
    """Every month, half-year or year, so that there are few."""
    step = next((step for step in (1, 2, 6, 12, 24) if last / step <= 12), 60)
    return np.arange(0, last + 1e-9, step)


def _won(number: Any) -> str:
    return "" if pd.isna(number) else f"  (n = {number:,})"
