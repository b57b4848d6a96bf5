"""Pictures of whether a model holds: tracking, and the holdout by frequency."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.evaluation.backtest import Backtest
from ltv_bayes.intervals import describe_interval, interval_settings
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BLUE, GREY, ORANGE


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
    canvas.require(backtest, Backtest, "Pass what backtest(...) returned.")
    prob, kind = interval_settings(ci_prob, ci_kind)
    table, level = backtest.tracking(ci_prob=prob, ci_kind=kind), describe_interval(prob, kind)
    low, high = _bounds(table)
    with canvas.picture(ax) as ax:
        ax.fill_between(table.index, table[low], table[high], color=BLUE, alpha=0.2, linewidth=0, label=level)
        ax.plot(table.index, table["predicted"], color=BLUE, label="predicted, each customer from the first order on")
        ax.plot(table.index, table["actual"], color=ORANGE, linewidth=2, label="actual")
        ax.set(ylim=(0, None), xlim=(0, table.index.max()))
        _mark_holdout(ax, backtest.calibration_length)
        canvas.count_axis(ax.yaxis)
        canvas.label_x(ax, f"{backtest.time_unit}s since the first order of all ({backtest.start})")
        canvas.label_y(ax, "cumulative repeat purchases")
        ax.legend(loc="lower right", frameon=True, edgecolor="none", framealpha=0.9)
        canvas.finish(ax, "Repeat purchases: actual against predicted", f"with {level}", backtest.caution)
    return ax


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
    canvas.require(backtest, Backtest, "Pass what backtest(...) returned.")
    prob, kind = interval_settings(ci_prob, ci_kind)
    table, level = backtest.by_frequency(ci_prob=prob, ci_kind=kind), describe_interval(prob, kind)
    low, high = _bounds(table)
    where = np.arange(len(table))
    with canvas.picture(ax) as ax:
        ax.vlines(where - 0.08, table[low], table[high], color=BLUE, linewidth=4, alpha=0.45, label=level)
        ax.plot(where - 0.08, table["predicted"], "o", color=BLUE, label="predicted")
        ax.plot(where + 0.08, table["actual"], "D", color=ORANGE, label="actual")
        ax.set_xticks(where, [f"{name}\nn = {count:,}" for name, count in table["customers"].items()])
        ax.grid(axis="x", visible=False)
        highest = float(table[[high, "predicted", "actual"]].max().max())
        ax.set(ylim=(-0.012 * highest, 1.05 * highest or 1.0), xlim=(-0.5, len(table) - 0.5))
        canvas.label_x(ax, f"repeat purchases until {backtest.as_of}; n: customers")
        canvas.label_y(ax, f"mean purchases per customer\nin the {backtest.horizon} after")
        ax.legend(loc="upper left")
        canvas.finish(ax, "Purchases by past frequency: actual against predicted", f"with {level}", backtest.caution)
    return ax


def _mark_holdout(ax: Any, end: float) -> None:
    """Draw a line between calibration and holdout, and name both."""
    ax.axvline(end, color=GREY, linestyle="--", linewidth=1)
    for text, side, offset in (("calibration", "right", -6), ("holdout", "left", 6)):
        ax.annotate(
            text,
            (end, 1),
            (offset, -4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha=side,
            va="top",
            color=GREY,
        )


def _bounds(table: pd.DataFrame) -> tuple[str, str]:
    """Names of the interval's columns."""
    low, high = (str(name) for name in table.columns if str(name).endswith(("_lb", "_ub")))
    return low, high
