"""Pictures of whether a model holds: tracking, calibration by frequency, prior against posterior."""

from typing import Any

import numpy as np
import xarray as xr

from ltv_bayes.evaluation.backtest import Backtest
from ltv_bayes.formatting import label
from ltv_bayes.intervals import describe_interval, interval, interval_settings
from ltv_bayes.plots.canvas import BLUE, GREY, ORANGE, axes_for, house_style, titled
from ltv_bayes.predictions.fitted import FittedModel


def plot_tracking(
    backtest: Backtest, *, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw cumulative repeat purchases, actual against predicted, through calibration and holdout.

    Returns
    -------
    matplotlib Axes
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    table = backtest.tracking(ci_prob=prob, ci_kind=kind)
    low, high = (name for name in table.columns if name.endswith(("_lb", "_ub")))
    with house_style():
        ax = axes_for(ax)
        ax.fill_between(
            table.index,
            table[low],
            table[high],
            color=BLUE,
            alpha=0.2,
            linewidth=0,
            label=f"{describe_interval(prob, kind)}",
        )
        ax.plot(table.index, table["predicted"], color=BLUE, label="predicted")
        ax.plot(table.index, table["actual"], color=ORANGE, linewidth=2, label="actual")
        end = backtest.calibration_length
        ax.axvline(end, color=GREY, linestyle="--", linewidth=1)
        ax.annotate(
            "holdout",
            (end, 1),
            (5, -4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            color=GREY,
        )
        ax.set_xlabel(f"{backtest.time_unit}s since the first order of all ({backtest.start})")
        ax.set_ylabel("cumulative repeat purchases")
        ax.set_ylim(bottom=0)
        ax.set_xlim(left=0, right=table.index.max())
        ax.legend(loc="lower right")
        titled(ax, f"Tracking: actual against predicted, with {describe_interval(prob, kind)}", backtest.caution)
    return ax


def plot_calibration(
    backtest: Backtest, *, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw holdout purchases per customer by calibration frequency, actual against predicted.

    Returns
    -------
    matplotlib Axes
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    table = backtest.by_frequency(ci_prob=prob, ci_kind=kind)
    low, high = (name for name in table.columns if name.endswith(("_lb", "_ub")))
    with house_style():
        ax = axes_for(ax)
        where = np.arange(len(table))
        errors = np.vstack([table["predicted"] - table[low], table[high] - table["predicted"]]).clip(0)
        ax.errorbar(
            where,
            table["predicted"],
            yerr=errors,
            fmt="o",
            color=BLUE,
            capsize=3,
            label=f"predicted, {describe_interval(prob, kind)}",
        )
        ax.plot(where, table["actual"], "D", color=ORANGE, label="actual")
        ax.set_xticks(where, [f"{name}\nn = {count:,}" for name, count in table["customers"].items()])
        ax.set_xlabel("repeat purchases in the calibration period, and number of customers")
        ax.set_ylabel(f"mean purchases per customer\nin the holdout ({backtest.horizon})")
        ax.set_ylim(bottom=0)
        ax.legend(loc="upper left")
        titled(
            ax,
            f"Holdout by frequency: actual against predicted, with {describe_interval(prob, kind)}",
            backtest.caution,
        )
    return ax


def plot_prior_posterior(
    fit: FittedModel, prior: xr.DataTree, *, ci_prob: float | None = None, ci_kind: str | None = None
) -> Any:
    """Draw each parameter's prior and posterior.

    Parameters
    ----------
    fit : FittedModel
        The posterior.
    prior : xarray.DataTree
        What the model's ``sample_prior`` returned.

    Returns
    -------
    matplotlib Figure
    """
    import matplotlib.pyplot as plt

    prob, kind = interval_settings(ci_prob, ci_kind)
    names = [str(name) for name in fit.idata["posterior"].data_vars if name in prior["prior"]]
    rows = -(-len(names) // 4) if len(names) > 4 else 1
    columns = min(4, len(names))
    with house_style():
        figure, panels = plt.subplots(
            rows, columns, figsize=(3.0 * columns, 2.6 * rows), layout="constrained", squeeze=False
        )
        for name, ax in zip(names, panels.flat, strict=False):
            _overlay(
                ax, fit.idata["posterior"][name].to_numpy().ravel(), prior["prior"][name].to_numpy().ravel(), prob, kind
            )
            ax.set_xlabel(_with_unit(name, fit))
        for ax in panels.flat[len(names) :]:
            ax.set_visible(False)
        panels[0, 0].legend(fontsize="small")
        caution = f" — {fit.caution.upper()}" if fit.caution else ""
        figure.suptitle(
            f"Prior against posterior; bar: {describe_interval(prob, kind)} of the posterior{caution}",
            x=0.01,
            ha="left",
        )
    return figure


def _overlay(ax: Any, posterior: np.ndarray, prior: np.ndarray, prob: float, kind: str) -> None:
    """Histograms on the stretch that holds the posterior and the middle of the prior."""
    low, high = interval(posterior, prob, kind)
    spread = posterior.max() - posterior.min()
    left, right = (
        float(np.clip(bound, posterior.min() - 3 * spread, posterior.max() + 3 * spread))
        for bound in np.quantile(prior, [0.05, 0.95])
    )
    edges = np.linspace(min(left, posterior.min()), max(right, posterior.max()), 80)
    weight = np.full(prior.size, 1 / (prior.size * (edges[1] - edges[0])))
    ax.hist(prior, edges, weights=weight, histtype="step", color=GREY, label="prior")
    ax.hist(posterior, edges, density=True, color=BLUE, alpha=0.6, label="posterior")
    ax.hlines(0, low, high, color="black", linewidth=4)
    ax.set_yticks([])
    ax.grid(visible=False)


def _with_unit(name: str, fit: FittedModel) -> str:
    """Write the parameter with its unit, where it has one."""
    unit = fit.idata.attrs.get("time_unit")
    units = {"mean_rate": f"purchases per {unit}", "alpha": f"{unit}s", "mean_spend": fit.currency, "v": fit.currency}
    return f"{label(name)} ({units[name]})" if units.get(name) else label(name)
