"""Pictures of backtests of many origins: totals beside coverage, cohort curves, and lift."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, counted, suggestion
from ltv_bayes.evaluation.count_calibration import COVERED
from ltv_bayes.evaluation.rolling.cohorts import EVERYBODY
from ltv_bayes.evaluation.rolling.comparison import ModelComparison, verdict_between
from ltv_bayes.evaluation.rolling.forecast import NAIVE
from ltv_bayes.evaluation.rolling.result import RollingBacktest, verdict_on
from ltv_bayes.evaluation.rolling.verdict import STATED
from ltv_bayes.formatting import distinct, percent
from ltv_bayes.intervals import bound_columns, describe_interval, interval_name
from ltv_bayes.language import _, as_known
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BAND, BAR, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, TITLE_WIDTH
from ltv_bayes.plots.lettering import drawable, in_own_words, ink

LEVELS = {"customer": (BLUE, "o"), "segment": (GREEN, "s"), "total": (ORANGE, "D")}
CURE = _("Pass what backtest(..., origins=...) returned.")
MOST_IN_A_ROW, MOST_DAYS, WIDE, NAME_WIDTH = 3, 7, 110, 20
MODELS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY)
PLACES = ("of", "level", "segment")


def plot_backtest(
    backtest: RollingBacktest | ModelComparison,
    of: str | None = None,
    *,
    ci_prob: float = STATED,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw totals with their intervals and what happened, origin by origin, beside the coverage of all intervals.

    Of several models, beside how far the error of each is from that of the best one.

    Parameters
    ----------
    backtest : RollingBacktest or ModelComparison
        What `backtest` returned for several origins.
    of : {"spend", "purchases"}, optional
        Spend where the log has amounts, if not given.
    ci_prob, ci_kind
        Interval of the totals, as in `RollingBacktest.totals`.
    ax : array of matplotlib Axes, optional
        Where to draw, two of them; a figure of its own otherwise.

    Returns
    -------
    matplotlib Figure
    """
    if isinstance(backtest, ModelComparison):
        return _compare(backtest, of, ci_prob, ci_kind, ax)
    of = _compared(backtest, of)
    totals, scores = backtest.totals(ci_prob, ci_kind), backtest.scores().loc[of]
    with canvas.house_style():
        figure, (left, right) = _panels(ax, 2, 1, 2, 4.4, width_ratios=[3, 2])
        rows = totals.xs((of, "total", EVERYBODY), level=PLACES)
        _draw_totals(left, rows, describe_interval(ci_prob, ci_kind))
        _write_amounts(left, backtest, of)
        canvas.label_y(
            left,
            _(
                "total {of} in the {horizon}\nafter the origin{unit}",
                of=as_known(of),
                horizon=backtest.horizon,
                unit=_unit(backtest, of),
            ),
        )
        canvas.label_x(left, _("origin: fitted on what was known on that day"))
        _draw_coverage(right, scores)
        first, *_unused = verdict_on(backtest, of)
        return _finish(figure, left, _("Forecasts from several origins beside what happened"), first, backtest)


def plot_cohorts(
    backtest: RollingBacktest,
    of: str | None = None,
    *,
    ci_prob: float = STATED,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw cohort curves: what customers who came at one time did after each origin, cumulative, beside the forecast.

    Parameters
    ----------
    backtest : RollingBacktest
        What `backtest` returned for several origins.
    of : {"spend", "purchases"}, optional
        Spend where the log has amounts, if not given.
    ci_prob, ci_kind
        Interval, as in `RollingBacktest.cohorts`.
    ax : array of matplotlib Axes, optional
        Where to draw, one for each panel; a figure of its own otherwise.

    Returns
    -------
    matplotlib Figure
        A panel for each cohort, and one for all customers. Of windows that overlap, some that do not, the last among
        them.
    """
    of = _compared(backtest, of)
    table, level = backtest.cohorts(of, ci_prob, ci_kind), describe_interval(ci_prob, ci_kind)
    shown = _apart(backtest)
    table = table[table.index.get_level_values("as_of").isin(pd.to_datetime(shown))]
    names = list(table.index.unique("cohort"))
    names = [EVERYBODY, *sorted(name for name in names if name != EVERYBODY)] if len(names) > 2 else [EVERYBODY]
    across = 2 if len(names) == 4 else min(MOST_IN_A_ROW, len(names))
    with canvas.house_style():
        figure, flat = _panels(ax, len(names), -(-len(names) // across), across, 3.0)
        for panel, name in zip(flat, names, strict=False):
            _draw_curves(panel, table.xs(name, level="cohort"), backtest, level)
            _write_amounts(panel, backtest, of)
            heading = _("all customers") if name == EVERYBODY else _("first bought in {name}", name=name)
            panel.set_title(drawable(heading), fontsize=9, **in_own_words())
            canvas.date_axis(panel)
        words = _("{of} since each origin\n(cumulative){unit}", of=as_known(of), unit=_unit(backtest, of))
        canvas.label_y(flat[0], words)
        _name_colours(figure, flat[0], 3)
        which = (
            _("{number} of {number_2} origins", number=len(shown), number_2=len(backtest.windows))
            if len(shown) < len(backtest.windows)
            else _("each origin")
        )
        detail = _("customers known at {which}, through the {horizon} after it", which=which, horizon=backtest.horizon)
        return _finish(figure, flat[0], _("Cohort curves of {of}", of=as_known(of)), detail, backtest)


def plot_deciles(backtest: RollingBacktest, of: str | None = None, *, ax: Any = None) -> Any:
    """Draw lift: customers in tenths by their forecast, and how much they were worth, beside what was forecast.

    Parameters
    ----------
    backtest : RollingBacktest
        What `backtest` returned for several origins.
    of : {"spend", "purchases"}, optional
        Spend where the log has amounts, if not given.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    of = _compared(backtest, of)
    table = backtest.deciles(of)
    with canvas.picture(ax) as ax:
        ax.bar(table.index, table["actual"], color=BLUE, alpha=0.6, label=_("actual"))
        ax.plot(table.index, table["predicted"], "D", color=ORANGE, label=_("predicted"))
        ax.axhline(_mean(table), color=GREY, linestyle="--", linewidth=1, label=_("all customers"))
        ax.set_xticks(table.index, [f"{place}\n{percent(share)}" for place, share in table["actual_share"].items()])
        ax.grid(axis="x", visible=False)
        _write_amounts(ax, backtest, of)
        canvas.label_x(ax, _("tenth of the customers, ranked by forecast; below, its share of all that happened"))
        canvas.label_y(
            ax,
            _(
                "{of} per customer in the {horizon}{unit}",
                of=as_known(of),
                horizon=backtest.horizon,
                unit=_unit(backtest, of),
            ),
        )
        ax.legend(loc="upper right")
        naive = max(NAIVE, key=lambda name: table.attrs[f"gini_{name}"])
        detail = _(
            "Gini {gini:.2f} of a perfect ranking's 1; {other:.2f} ranked by {naive}",
            gini=table.attrs["gini"],
            other=table.attrs[f"gini_{naive}"],
            naive=_(NAIVE[naive]),
        )
        return canvas.finish(
            ax, _("Lift of {of}: what those ranked highest were worth", of=as_known(of)), detail, backtest.caution
        )


def _compare(comparison: ModelComparison, of: str | None, ci_prob: float, ci_kind: str | None, ax: Any) -> Any:
    """Draw totals of several models, and the differences of their errors per customer."""
    of = _compared(comparison, of, ModelComparison)
    one = comparison[comparison.names[0]]
    with canvas.house_style():
        figure, (left, right) = _panels(ax, 2, 1, 2, 4.4, width_ratios=[3, 2])
        totals = {name: each.totals(ci_prob, ci_kind) for name, each in comparison.backtests.items()}
        rows = {name: table.xs((of, "total", EVERYBODY), level=PLACES) for name, table in totals.items()}
        _draw_totals_of_models(left, rows, describe_interval(ci_prob, ci_kind))
        _write_amounts(left, comparison, of)
        canvas.label_y(
            left,
            _(
                "total {of} in the {horizon}\nafter the origin{unit}",
                of=as_known(of),
                horizon=one.horizon,
                unit=_unit(comparison, of),
            ),
        )
        canvas.label_x(left, _("origin: fitted on what was known on that day"))
        _draw_differences(right, comparison.summary().loc[of].reindex(comparison.names))
        _name_colours(figure, left, 2)
        title = _("Models compared from the same origins")
        return _finish(figure, left, title, verdict_between(comparison, of), comparison)


def _draw_totals_of_models(ax: Any, rows: Mapping[str, pd.DataFrame], level: str) -> None:
    """Intervals and medians of totals by each model side by side, and what happened."""
    every = list(rows.values())
    low, high = bound_columns(every[0])
    where, step = np.arange(len(every[0])), 0.7 / len(every)
    names = distinct(rows, NAME_WIDTH, drawable)
    for place, (name, table) in enumerate(zip(names, every, strict=True)):
        at, colour = where + (place - (len(every) - 1) / 2) * step, MODELS[place % len(MODELS)]
        ax.vlines(at, table[low], table[high], color=colour, label=f"{name}, {level}", **BAR)
        ax.plot(at, table["median"], "_", color=colour, markersize=10, markeredgewidth=2)
        canvas.note_outside(ax, at, table["median"], table[low], table[high], upright=True)
    across = 0.35 + 0.1
    ax.hlines(every[0]["actual"], where - across, where + across, color=ink(), linewidth=1.5, label=_("actual"))
    _name_days(ax, where, every[0].index)
    top = max(max(table[high].max(), table["actual"].max()) for table in every)
    ax.set(xlim=(-0.6, len(where) - 0.4), ylim=(0, 1.1 * top or 1.0))
    ax.grid(axis="x", visible=False)


def _draw_differences(ax: Any, table: pd.DataFrame) -> None:
    """How far the error of each model is from that of the best, with twice its standard error."""
    best = float(table["crps"].min())
    scale = 100 / best if best > 0 else 1.0
    where = np.arange(len(table))[::-1]
    ax.axvline(0, color=GREY, linestyle="--", linewidth=1)
    for place, (at, row) in enumerate(zip(where, table.to_dict("records"), strict=True)):
        colour, middle, error = MODELS[place % len(MODELS)], row["difference"] * scale, row["standard_error"] * scale
        ax.hlines(at, middle - 2 * error, middle + 2 * error, color=colour, **BAR)
        ax.plot(middle, at, "D" if row["told_apart"] else "o", color=colour, markersize=7)
    ax.set_yticks(where, distinct(table.index, NAME_WIDTH, drawable), **in_own_words())
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:g}%")
    canvas.label_x(
        ax,
        _("error per customer (CRPS) above the best model's,"),
        _("with twice its standard error; a diamond is told apart"),
    )


def _compared(backtest: Any, of: str | None, kind: type = RollingBacktest) -> str:
    """What to draw: spend where there is any."""
    canvas.require(backtest, kind, CURE)
    if of is not None and of not in backtest.compared:
        raise InputError(
            _("The backtest has no {of!r}. {suggestion}", of=of, suggestion=suggestion(of, backtest.compared))
        )
    return of or backtest.compared[-1]


def _apart(backtest: RollingBacktest) -> list[dt.date]:
    """Origins with windows that have no common day, the last among them."""
    chosen: list[dt.date] = []
    for window in reversed(backtest.windows):
        if not chosen or window.until <= chosen[0]:
            chosen.insert(0, window.as_of)
    return chosen


def _panels(ax: Any, number: int, rows: int, columns: int, height: float, **settings: Any) -> tuple[Any, list[Any]]:
    """The user's axes, or a figure with panels, of which those that are not needed are hidden."""
    import matplotlib.pyplot as plt

    size = (max(3.6 * columns, 10.5 if columns > 1 else 6.0), height * rows + 0.7)
    figure, made = canvas.panels(
        ax, number, lambda: plt.subplots(rows, columns, figsize=size, layout="constrained", **settings)
    )
    for spare in made[number:] if figure is not None else ():
        spare.set_visible(False)
    return figure, made[:number]


def _name_colours(figure: Any, ax: Any, columns: int) -> None:
    """Name what the first panel shows: below all panels, or in the panel where the axes are the user's."""
    if figure is None:
        ax.legend(loc="upper left")
    else:
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=columns)


def _finish(figure: Any, first: Any, title: str, detail: str, backtest: RollingBacktest | ModelComparison) -> Any:
    """Write the title above the figure, or above the first of the user's axes, and give the figure back."""
    canvas.make_room(first)
    if figure is None:
        below = first.get_title(loc="left")
        above = canvas.heading(title, f"{detail} {below}".strip(), backtest.caution)
        first.set_title(above, color=canvas.alarm(first) if backtest.caution else ink(), **in_own_words())
        return first.get_figure(root=True)
    above = canvas.heading(title, detail, backtest.caution, WIDE if figure.get_figwidth() > 9 else TITLE_WIDTH)
    canvas.finish_figure(figure, above, canvas.alarm(figure) if backtest.caution else ink())
    return figure


def _draw_totals(ax: Any, rows: pd.DataFrame, level: str) -> None:
    """Intervals and medians of totals, and what happened: a mark that says whether it lies inside."""
    low, high = bound_columns(rows)
    where = np.arange(len(rows))
    ax.vlines(where, rows[low], rows[high], color=BLUE, label=level, **BAR)
    ax.plot(where, rows["median"], "_", color=BLUE, markersize=14, markeredgewidth=2, label=_("median"))
    canvas.note_outside(ax, where, rows["median"], rows[low], rows[high], upright=True)
    for inside, colour, word in ((True, ink(), _("actual")), (False, RED, _("actual, outside"))):
        some = rows["inside"].to_numpy() == inside
        if some.any():
            ax.plot(where[some], rows["actual"][some], "D", color=colour, markersize=6, label=word)
    _name_days(ax, where, rows.index)
    ax.set(xlim=(-0.6, len(rows) - 0.4), ylim=(0, 1.25 * max(rows[high].max(), rows["actual"].max()) or 1.0))
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", ncols=2)


def _name_days(ax: Any, where: np.ndarray, days: pd.DatetimeIndex) -> None:
    """Write days below their places, of many the last one and some before it."""
    step = -(-len(days) // MOST_DAYS)
    ax.set_xticks(where[::-step][::-1], [f"{day:%Y-%m-%d}" for day in days[::-step][::-1]])
    ax.tick_params(axis="x", labelrotation=30 if len(where) > 4 else 0)


def _draw_coverage(ax: Any, scores: pd.DataFrame) -> None:
    """Shares of outcomes inside intervals, by the intervals' level."""
    names = [interval_name(prob, "eti") for prob in COVERED]
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    for level, (colour, marker) in LEVELS.items():
        if level in scores.index:
            number, shares = int(scores.loc[level, "forecasts"]), scores.loc[level, names].astype(float)
            ax.plot(COVERED, shares, f"{marker}-", color=colour, linewidth=1, label=_counted(level, number))
    ax.set_xticks(COVERED, [percent(prob) for prob in COVERED])
    ax.set(xlim=(0.42, 0.98), ylim=(0, 1.04))
    ax.yaxis.set_major_formatter(lambda share, _: percent(share))
    canvas.label_x(ax, _("level of the interval; on the dashed line it holds"))
    canvas.label_y(ax, _("share of outcomes inside"))
    ax.legend(loc="lower right")


def _counted(level: str, number: int) -> str:
    """How many forecasts there are at a level."""
    if level == "customer":
        return counted(number, "customer")
    return counted(number, "segment") if level == "segment" else counted(number, "total")


def _draw_curves(ax: Any, table: pd.DataFrame, backtest: RollingBacktest, level: str) -> None:
    """Curves of one cohort, from each origin."""
    low, high = bound_columns(table)
    for place, (origin, rows) in enumerate(table.groupby(level="as_of")):
        share = rows.index.get_level_values("time").to_numpy() / backtest.horizon.to(backtest.time_unit)
        days = origin + pd.to_timedelta(np.append(0.0, share) * backtest.horizon.days, unit="D")
        bounds = (np.append(0.0, rows[name]) for name in (low, high))
        words = (level, _("predicted"), _("actual")) if place == 0 else (None, None, None)
        ax.fill_between(days, *bounds, color=BLUE, label=words[0], **BAND)
        ax.plot(days, np.append(0.0, rows["predicted"]), color=BLUE, linewidth=1.2, label=words[1])
        ax.plot(days, np.append(0.0, rows["actual"]), color=ORANGE, linewidth=2, label=words[2])
    ax.set_ylim(bottom=0)


def _write_amounts(ax: Any, backtest: RollingBacktest | ModelComparison, of: str) -> None:
    if of == "spend":
        canvas.money_axis(ax.yaxis, backtest.currency)
    else:
        canvas.count_axis(ax.yaxis)


def _unit(backtest: RollingBacktest | ModelComparison, of: str) -> str:
    return canvas.unit(backtest.currency) if of == "spend" else ""


def _mean(table: pd.DataFrame) -> float:
    """The mean per customer of all tenths."""
    return float(np.average(table["actual"], weights=table["customers"]))
