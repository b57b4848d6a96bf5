"""Pictures to decide by: ranks of segments, tiers of customers, and how values develop."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_rgb

from ltv_bayes.errors import InputError, UnitError, counted, suggestion
from ltv_bayes.evaluation.value_over_time import ValueOverTime
from ltv_bayes.formatting import distinct, label, probability, shortened
from ltv_bayes.intervals import describe_interval, interval_name
from ltv_bayes.language import _, as_known
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BAR, BLUE, GREEN, GREY, ORANGE, PAPER, PURPLE, RED, SKY
from ltv_bayes.plots.lettering import drawable, in_own_words, ink
from ltv_bayes.plots.values import MEASURED, described, terms_of
from ltv_bayes.value.decisions.ranking import Statistic, require_statistic
from ltv_bayes.value.segments.compare import rank
from ltv_bayes.value.segments.segments import SegmentValues, less_is_better

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY)
MARKERS = "osD^vP"
MOST_LINES = len(COLOURS)
MOST_RANKS_IN_NUMBERS = MOST_DAYS = 12
WORTH_WRITING = 0.005
SHARE_OF_A_GAP = 0.08
"""How far apart segments stand on a day, as a share of the time to the next one."""
AXES_WIDTH = 5.5
DARK = 0.8  # of the darkest shade: there, pale letters are easier to read than ink
TIER_COLOURS = ("#255a86", BLUE, "#7faed0", "#c3d9ea")
RANK = "rank_"
GAMMA = 0.5
SHADES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)


def plot_ranks(by: SegmentValues, measure: str | None = None, *, ax: Any = None) -> Any:
    """Draw how probable each rank is for each segment: the darker, the likelier.

    Parameters
    ----------
    by : SegmentValues
        What `LifetimeValue.by` returned.
    measure : str
        One of its measures, the first if not given. Rank 1 is the highest, but of leaving the lowest.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(by, SegmentValues, _("Pass what ltv.by(column) returned."))
    measure = measure or by.measures[0]
    less = less_is_better(by, measure)
    ranked = rank(by.draws(measure), lower_is_better=less)
    table = ranked[[name for name in ranked if name.startswith(RANK)]]
    count, most = len(table), float(table.to_numpy().max())
    in_numbers = count <= MOST_RANKS_IN_NUMBERS
    with canvas.picture(ax, width=min(14.0, 3.5 + max(0.5 * count, 3.0)), height=1.7 + 0.34 * count) as ax:
        scale = PowerNorm(1.0 if in_numbers else GAMMA, vmin=0, vmax=most)
        image = ax.imshow(table, cmap=_shades(), norm=scale, aspect="auto")
        canvas.name_rows(ax, table.index)
        step = 1 if in_numbers else -(-count // MOST_RANKS_IN_NUMBERS)
        ax.set_xticks(range(0, count, step), [str(rank + 1) for rank in range(0, count, step)])
        ax.grid(visible=False)
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)
        if in_numbers:
            _write_probabilities(ax, table.to_numpy())
        else:
            _name_shades(ax, image, most)
        words = _("rank, 1 is lowest") if less else _("rank, 1 is highest")
        canvas.label_x(ax, words, *terms_of(by, measure))
        title = _("Rank by {described}: {column}", described=described(by, measure), column=shortened(label(by.column)))
        darkest = _("; darkest: {most}", most=probability(most)) if in_numbers else ""
        return canvas.finish(ax, title, _("probability of each rank{darkest}", darkest=darkest), by.caution)


def plot_value_over_time(
    trend: ValueOverTime,
    measure: Literal["per_customer", "total"] = "per_customer",
    *,
    segments: Sequence[str] | None = None,
    statistic: Statistic = "median",
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw how the value of segments develops, with its interval on each day.

    Parameters
    ----------
    trend : ValueOverTime
        What `value_over_time` returned.
    measure : {"per_customer", "total"}
        Mean value per customer, or the segment's total.
    segments : sequence of str, optional
        Which segments, at most six; those with the highest value per customer on the last day if not given.
    statistic : {"median", "mean"}
        Which of the two is the dot.
    ci_prob, ci_kind
        Interval, as in `ValueOverTime.summary`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(trend, ValueOverTime, _("Pass what value_over_time(...) returned."))
    require_statistic(statistic)
    medians = trend.draws(measure).median(("chain", "draw"), skipna=False)
    chosen = _chosen(trend, segments)
    table, name = trend.summary(ci_prob, ci_kind), interval_name(ci_prob, ci_kind)
    names = distinct(chosen, write=drawable)
    with canvas.picture(ax, width=7.5 + canvas.room_for_legend(names)) as ax:
        any_outside = False
        for place, segment in enumerate(chosen):
            rows = table.xs(segment, level="segment")
            days = _beside_each_other(rows.index, trend.days, place, len(chosen))
            bounds = [rows[f"{measure}_{name}_{end}"] for end in ("lb", "ub")]
            medians_here = medians.sel(segment=segment).to_series().reindex(rows.index)
            middle = medians_here if statistic == "median" else rows[f"{measure}_mean"]
            ax.vlines(days, *bounds, color=COLOURS[place], **{**BAR, "linewidth": _bar_width(trend, len(chosen))})
            look = {"color": COLOURS[place], "marker": MARKERS[place], "markersize": 5, "linewidth": 1.2}
            ax.plot(days, middle, label=names[place], **look)
            any_outside |= canvas.note_outside(ax, days, middle, *bounds, upright=True)
        every = -(-len(trend.days) // MOST_DAYS)
        ax.set_xticks(
            pd.to_datetime(list(trend.days))[::-every][::-1], [f"{day}" for day in trend.days[::-every]][::-1]
        )
        ax.tick_params(axis="x", labelrotation=30 if len(trend.days) > 5 else 0)
        highest = float(table.loc[:, table.columns.str.startswith(f"{measure}_")].to_numpy().max())
        ax.set_ylim(min(0.0, ax.get_ylim()[0]) if highest else 0.0, None if highest else 1.0)
        canvas.money_axis(ax.yaxis, trend.currency)
        canvas.label_y(ax, f"{_(MEASURED[measure])}{canvas.unit(trend.currency)}")
        canvas.label_x(ax, _("as of"), *canvas.lines_on_outside(any_outside, statistic), trend.settings)
        canvas.legend_beside(ax, names)
        which = (
            ""
            if len(chosen) == len(trend.segments)
            else _(", {number} of {number_2}", number=len(chosen), number_2=len(trend.segments))
        )
        grouped = (
            ""
            if trend.segments == ["all customers"]
            else _(" by {column}{which}", column=shortened(label(trend.column)), which=which)
        )
        title = _("{measured}{grouped} over time", measured=_(MEASURED[measure]).capitalize(), grouped=grouped)
        return canvas.finish(
            ax,
            title,
            _(
                "{statistic} and {interval}",
                statistic=as_known(statistic),
                interval=describe_interval(ci_prob, ci_kind),
            ),
            trend.caution,
        )


def plot_tiers(tiers: pd.DataFrame, *, top: int = 20, ax: Any = None) -> Any:
    """Draw how surely the first customers belong to each tier.

    Parameters
    ----------
    tiers : pandas.DataFrame
        What `LifetimeValue.tiers` returned, or some of its rows.
    top : int
        How many customers.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    UnitError
        If ``top`` is below 1.
    InputError
        If the table is none of tiers.
    """
    if top < 1:
        raise UnitError(_("top must be at least 1 customer, not {top!r}.", top=top))
    canvas.require(tiers, pd.DataFrame, _("Pass what ltv.tiers() returned."))
    if "tiers" not in tiers.attrs:
        raise InputError(_("This table has no tiers. Pass what ltv.tiers() returned, or rows of it."))
    names, table = list(tiers.attrs["tiers"]), tiers.head(top)
    labels = distinct(names, write=drawable)
    with canvas.picture(ax, width=7.5 + canvas.room_for_legend(labels), height=1.7 + 0.27 * len(table)) as ax:
        start, shades = np.zeros(len(table)), LinearSegmentedColormap.from_list("tiers", TIER_COLOURS)
        for place, name in enumerate(names):
            share = table[f"probability_{name}"].to_numpy()
            look = {"color": shades(place / max(len(names) - 1, 1)), "edgecolor": GREY, "linewidth": 0.5}
            ax.barh(range(len(table)), share, left=start, height=0.7, label=labels[place], **look)
            start += share
        canvas.name_rows(ax, table.index)
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        ax.tick_params(axis="y", length=0)
        canvas.label_x(ax, _("probability of each tier"), tiers.attrs["settings"])
        canvas.legend_beside(ax, labels)
        caution = str(table["caution"].iloc[0]) if "caution" in table else ""
        which = (
            _("The first {number} of {customers}", number=len(table), customers=counted(len(tiers), "customer"))
            if len(table) < len(tiers)
            else "Customers"
        )
        return canvas.finish(
            ax, _("{which} by tier", which=which), _("ranked by lifetime value within each draw"), caution
        )


def _shades() -> LinearSegmentedColormap:
    """From the background of the picture to blue."""
    return LinearSegmentedColormap.from_list("shades", [(*to_rgb(BLUE), 0.0), (*to_rgb(BLUE), 1.0)])


def _name_shades(ax: Any, image: Any, most: float) -> None:
    """Draw what the shades stand for; small probabilities have more of them, so that many segments can be read."""
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.03, pad=0.02, shrink=min(1.0, 4 / ax.figure.get_figheight()))
    bar.outline.set_visible(False)
    bar.set_ticks([share for share in SHADES if share < 0.9 * most] + [most])
    bar.ax.tick_params(length=0)
    bar.ax.yaxis.set_major_formatter(lambda share, _: probability(share))


def _write_probabilities(ax: Any, shares: np.ndarray) -> None:
    """Write each probability into its field, where there is any."""
    for row, column in zip(*np.nonzero(shares >= WORTH_WRITING), strict=True):
        share = float(shares[row, column])
        colour = PAPER if share > DARK * shares.max() else ink()
        ax.text(column, row, probability(share), ha="center", va="center", color=colour, fontsize=8, **in_own_words())


def _chosen(trend: ValueOverTime, segments: Iterable[str] | None) -> list[str]:
    """The segments to draw."""
    chosen = trend.segments[:MOST_LINES] if segments is None else list(dict.fromkeys(segments))
    for name in chosen:
        if name not in trend.segments:
            raise InputError(
                _(
                    "There is no segment {name!r}. {suggestion}",
                    name=name,
                    suggestion=suggestion(str(name), trend.segments),
                )
            )
    if not 1 <= len(chosen) <= MOST_LINES:
        raise InputError(
            _(
                "Between 1 and {most_lines} segments can be distinguished in one picture, not {number}.",
                most_lines=MOST_LINES,
                number=len(chosen),
            )
        )
    return chosen


def _beside_each_other(days: Iterable[dt.date], every: Sequence[dt.date], place: int, number: int) -> pd.DatetimeIndex:
    """Days moved a little, so that the intervals of segments stand beside each other."""
    step = SHARE_OF_A_GAP * _gap(every)
    return pd.to_datetime(list(days)) + pd.Timedelta(days=step * (place - (number - 1) / 2))


def _gap(days: Sequence[dt.date]) -> float:
    """Days from one day to the next, at least."""
    gaps = np.diff(pd.to_datetime(list(days)).to_numpy()) / np.timedelta64(1, "D")
    return float(gaps.min(initial=365.0)) if gaps.size else 10.0 / SHARE_OF_A_GAP


def _bar_width(trend: ValueOverTime, number: int) -> float:
    """The width of a bar in points, so that those of segments do not lie on each other."""
    days = trend.days
    if number == 1 or len(days) == 1:
        return float(BAR["linewidth"])
    points = 72 * AXES_WIDTH * SHARE_OF_A_GAP * _gap(days) / max((days[-1] - days[0]).days, 1)
    return float(np.clip(0.9 * points, 1.0, BAR["linewidth"]))
