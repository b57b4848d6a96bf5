"""Pictures of forecasts and judgements beside what happened."""

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.evaluation.backtest import Backtest
from ltv_bayes.evaluation.check import Checks
from ltv_bayes.intervals import bound_columns, describe_bounds, describe_interval, interval_name
from ltv_bayes.judgement.track_record.calibration import Calibration
from ltv_bayes.judgement.track_record.record import TrackRecord
from ltv_bayes.language import _
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BAND, BAR, BLUE, GREEN, GREY, NOTE_SIZE, ORANGE, RED
from ltv_bayes.plots.lettering import in_own_words, ink
from ltv_bayes.time_units import PLURALS

SHARES = np.linspace(0, 1, 6)
WIDTH_OF_A_LETTER = 0.0155
"""Of small letters, as a share of the width of a picture of shares."""


def plot_tracking(
    backtest: Backtest, *, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw cumulative repeat purchases, actual against predicted, through calibration and holdout.

    Parameters
    ----------
    backtest : Backtest
        What `backtest` returned.
    ci_prob, ci_kind
        Interval, as in `Backtest.tracking`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(backtest, Backtest, _("Pass what backtest(orders, as_of=day, ...) returned."))
    table, level = backtest.tracking(ci_prob, ci_kind), describe_interval(ci_prob, ci_kind)
    low, high = bound_columns(table)
    with canvas.picture(ax) as ax:
        ax.fill_between(table.index, table[low], table[high], color=BLUE, label=level, **BAND)
        ax.plot(
            table.index, table["predicted"], color=BLUE, label=_("predicted, each customer from the first order on")
        )
        ax.plot(table.index, table["actual"], color=ORANGE, linewidth=2, label=_("actual"))
        ax.set(ylim=(0, None), xlim=(0, table.index.max()))
        _mark_holdout(ax, backtest.calibration_length)
        canvas.count_axis(ax.yaxis)
        canvas.label_x(
            ax,
            _(
                "{units} since the first order of all ({start})",
                units=_(PLURALS[backtest.time_unit]),
                start=backtest.start,
            ),
        )
        canvas.label_y(ax, _("cumulative repeat purchases"))
        ax.legend(loc="upper left", bbox_to_anchor=(0, 0.94))
        return canvas.finish(
            ax, _("Repeat purchases: actual against predicted"), _("with {level}", level=level), backtest.caution
        )


def plot_calibration(
    backtest: Backtest, *, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw holdout purchases per customer by calibration frequency, actual against predicted.

    Parameters
    ----------
    backtest : Backtest
        What `backtest` returned.
    ci_prob, ci_kind
        Interval, as in `Backtest.by_frequency`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(backtest, Backtest, _("Pass what backtest(orders, as_of=day, ...) returned."))
    table, level = backtest.by_frequency(ci_prob, ci_kind), describe_interval(ci_prob, ci_kind)
    low, high = bound_columns(table)
    where = np.arange(len(table))
    with canvas.picture(ax) as ax:
        ax.vlines(where - 0.08, table[low], table[high], color=BLUE, label=level, **BAR)
        ax.plot(where - 0.08, table["predicted"], "o", color=BLUE, label=_("predicted"))
        outside = canvas.note_outside(ax, where - 0.08, table["predicted"], table[low], table[high], upright=True)
        ax.plot(where + 0.08, table["actual"], "D", color=ORANGE, label=_("actual"))
        ax.set_xticks(where, [f"{name}\nn = {count:,}" for name, count in table["customers"].items()])
        ax.grid(axis="x", visible=False)
        highest = float(table[[high, "predicted", "actual"]].max().max())
        ax.set(ylim=(-0.012 * highest, 1.05 * highest or 1.0), xlim=(-0.5, len(table) - 0.5))
        canvas.label_x(
            ax,
            _("repeat purchases until {as_of}; n: customers", as_of=backtest.as_of),
            *canvas.lines_on_outside(outside, "mean"),
        )
        canvas.label_y(ax, _("mean purchases per customer\nin the {horizon} after", horizon=backtest.horizon))
        ax.legend(loc="upper left")
        title = _("Purchases by past frequency: actual against predicted")
        return canvas.finish(ax, title, _("with {level}", level=level), backtest.caution)


def plot_purchases_by_period(checks: Checks, *, ax: Any = None) -> Any:
    """Draw repeat purchases of all checked customers by period, beside the band that each fit expects.

    Parameters
    ----------
    checks : Checks
        What `check` returned of fits of purchases, whose interval is that of the check.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If the days of repeat purchases are not known.
    """
    canvas.require(checks, Checks, _("Pass what check(customers, fit) returned."))
    if checks.by_period is None:
        raise InputError(
            _("There are no counts by period to draw. {remarks}", remarks=" ".join(checks.remarks)).strip()
        )
    names, (_unused, high) = checks.by_period.index.unique("model"), bound_columns(checks.by_period)
    with canvas.picture(ax) as ax:
        for name, colour in zip(names, cycle((BLUE, GREEN, RED)), strict=False):
            table = checks.by_period.loc[name]
            canvas.steps(ax, table, "expected", colour, _("expected by {name}", name=name))
        middle = table["from"] + (table["to"] - table["from"]) / 2
        ax.plot(middle, table["observed"], "D", color=ORANGE, markersize=4, label=_("observed"))
        ax.set_ylim(0, 1.15 * float(checks.by_period[[high, "observed"]].max().max()) or 1.0)
        canvas.count_axis(ax.yaxis)
        canvas.label_x(ax, "date")
        canvas.label_y(ax, _("repeat purchases in a period"))
        ax.legend(loc="lower right", frameon=True, edgecolor="none", framealpha=0.9)
        canvas.date_axis(ax)
        title = _("Repeat purchases by period: observed and expected")
        return canvas.finish(ax, title, _("with {describe_bounds}", describe_bounds=describe_bounds(checks.by_period)))


def plot_calibration_curve(
    calibration: Calibration,
    who: str | None = None,
    *,
    bins: int = 5,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw the share of stated opportunities that occurred, and the recalibrated chance.

    Parameters
    ----------
    calibration : Calibration
        What `calibrate_judgements` returned.
    who : str, optional
        One of those who judged; all of them where not given.
    bins, ci_prob, ci_kind
        As in `Calibration.curve`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(calibration, Calibration, _("Pass what calibrate_judgements(...) returned."))
    table = calibration.curve(who, bins=bins, ci_prob=ci_prob, ci_kind=ci_kind)
    level, name = describe_interval(ci_prob, ci_kind), interval_name(ci_prob, ci_kind)
    judges = TrackRecord(calibration.idata).judges
    with canvas.picture(ax, width=6.5, height=5.5) as ax:
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label=_("as stated"))
        any_outside = False
        for source, colour, marker, step in (("recalibrated", BLUE, "o", -0.006), ("occurred", ORANGE, "D", 0.006)):
            bounds = table[f"{source}_{name}_lb"], table[f"{source}_{name}_ub"]
            ax.vlines(table["stated"] + step, *bounds, color=colour, **BAR)
            ax.plot(table["stated"] + step, table[source], marker, color=colour, label=source)
            at = table["stated"] + step
            any_outside |= canvas.note_outside(ax, at, table[source], *bounds, upright=True)
        ax.set(xlim=(-0.03, 1.03), ylim=(-0.13, 1.03), xticks=SHARES, yticks=SHARES)
        _write_numbers(ax, table)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda share, _: f"{share:.0%}")
        canvas.label_x(ax, _("stated chance; n: cases"), *canvas.lines_on_outside(any_outside, "share"))
        canvas.label_y(ax, _("share that occurred"))
        ax.legend(loc="upper left")
        title = _("Stated chances and outcomes: {value}", value=who or judges)
        return canvas.finish(ax, title, _("with {level}", level=level), calibration.caution)


def _write_numbers(ax: Any, table: pd.DataFrame) -> None:
    """Write the number of cases below each stated chance, in a second line where it would lie on the one before."""
    last = [-np.inf, -np.inf]
    for stated, cases in zip(table["stated"], table["cases"], strict=True):
        text = f"n = {cases:,.0f}"
        room = 0.5 * WIDTH_OF_A_LETTER * len(text) + 0.01
        line = 0 if stated - room >= last[0] else 1
        last[line] = stated + room
        at = float(np.clip(stated, room - 0.03, 1.03 - room))
        ax.text(at, -0.115 + 0.055 * line, text, ha="center", fontsize=NOTE_SIZE, color=ink(), **in_own_words())


def _mark_holdout(ax: Any, end: float) -> None:
    """Draw a line between calibration and holdout, and name both."""
    ax.axvline(end, color=GREY, linestyle="--", linewidth=1)
    for text, side, offset in (("calibration", "right", -6), ("holdout", "left", 6)):
        place = {"xycoords": ("data", "axes fraction"), "ha": side, "va": "top"}
        canvas.write(ax, text, (end, 1), (offset, -4), **place)
