"""Pictures of lifetime values: by customer, by segment, and one customer's waterfall."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.formatting import label, money
from ltv_bayes.intervals import describe_interval, interval_settings
from ltv_bayes.plots.canvas import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    axes_for,
    house_style,
    money_axis,
    name_rows,
    shortened,
    titled,
    unit,
)
from ltv_bayes.value.lifetime_value import JUDGED, REALISED, TOTAL, LifetimeValue
from ltv_bayes.value.segments import Measure, SegmentValues

COLOURS = {REALISED: GREY, JUDGED: ORANGE, TOTAL: BLUE}


def plot_lifetime_value(
    ltv: LifetimeValue, *, top: int = 20, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw the intervals of the customers worth most.

    Parameters
    ----------
    top : int
        How many customers, by mean value.
    ci_prob, ci_kind
        Interval, as in `LifetimeValue.summary`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    table = ltv.summary(prob, kind).sort_values("mean", ascending=False).head(top)
    with house_style():
        ax = axes_for(ax, height=1.4 + 0.27 * len(table))
        _rows_of_intervals(ax, table, "", ltv.currency)
        ax.set_xlabel(f"lifetime value per customer{unit(ltv.currency)}: {ltv.settings}", parse_math=False)
        name_rows(ax, table.index)
        many = len(table) < len(ltv.customers)
        which = f"The {len(table)} of {len(ltv.customers):,} customers worth most" if many else "Customers"
        titled(ax, f"{which}: mean and {describe_interval(prob, kind)}", ltv.caution)
    return ax


def plot_segments(
    by: SegmentValues,
    *,
    measure: Measure = "per_customer",
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw each segment's value with its interval.

    Parameters
    ----------
    measure : {"per_customer", "total"}
        Mean value per customer, or the segment's total.

    Returns
    -------
    matplotlib Axes
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    table = by.summary(prob, kind).sort_values(f"{measure}_mean", ascending=False)
    with house_style():
        ax = axes_for(ax, height=1.4 + 0.4 * len(table))
        _rows_of_intervals(ax, table, f"{measure}_", by.currency)
        what = "lifetime value per customer" if measure == "per_customer" else "total lifetime value"
        ax.set_xlabel(f"{what}{unit(by.currency)}: {by.settings}", parse_math=False)
        name_rows(ax, [f"{shortened(name)}  (n = {count:,})" for name, count in table["customers"].items()])
        titled(ax, f"Lifetime value by {label(by.column)}: mean and {describe_interval(prob, kind)}", by.caution)
    return ax


def plot_waterfall(explanation: pd.DataFrame, *, ax: Any = None) -> Any:
    """Draw how a customer's value adds up, from the table that `LifetimeValue.explain` returns.

    Returns
    -------
    matplotlib Axes
    """
    low, high = _bounds(explanation)
    means = explanation["mean"].to_numpy()
    starts = np.where(explanation.index == TOTAL, 0.0, np.cumsum(means) - means)
    lows, highs = starts + explanation[low].to_numpy(), starts + explanation[high].to_numpy()
    attrs = explanation.attrs
    with house_style():
        ax = axes_for(ax, height=1.6 + 0.5 * len(explanation))
        rows = np.arange(len(explanation))
        ax.barh(rows, means, left=starts, height=0.55, color=[COLOURS.get(name, GREEN) for name in explanation.index])
        errors = np.abs(np.vstack([starts + means - lows, highs - starts - means]))
        ax.errorbar(starts + means, rows, xerr=errors, fmt="none", ecolor="black", elinewidth=1.2, capsize=3)
        for row, (mean, right) in enumerate(zip(means, np.maximum(highs, starts + means), strict=True)):
            ax.annotate(money(mean, attrs["currency"]), (right, row), (6, 0), textcoords="offset points", va="center")
        name_rows(ax, [label(name) for name in explanation.index])
        ax.margins(x=0.12)
        ax.set_xlim(left=min(0.0, lows.min()))
        money_axis(ax.xaxis, attrs["currency"])
        ax.set_xlabel(f"value{unit(attrs['currency'])}: {attrs['settings']}", parse_math=False)
        caution = explanation["caution"].iloc[0] if "caution" in explanation else ""
        titled(
            ax, f"Where the value of {shortened(attrs['subject'])} comes from: mean and {attrs['interval']}", caution
        )
    return ax


def _rows_of_intervals(ax: Any, table: pd.DataFrame, prefix: str, currency: str | None) -> None:
    low, high = _bounds(table, prefix)
    rows = np.arange(len(table))
    ax.hlines(rows, table[low], table[high], color=BLUE, linewidth=3, alpha=0.55)
    ax.plot(table[f"{prefix}mean"], rows, "o", color=BLUE)
    ax.set_xlim(left=min(0.0, float(table[low].min())))
    money_axis(ax.xaxis, currency)


def _bounds(table: pd.DataFrame, prefix: str = "") -> tuple[str, str]:
    """Names of the interval's columns."""
    names = [str(name) for name in table.columns if str(name).startswith(prefix)]
    return next(name for name in names if name.endswith("_lb")), next(name for name in names if name.endswith("_ub"))
