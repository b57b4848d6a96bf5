"""Pictures of one fit: what the data taught beyond the prior, and what moves all customers at once."""

from typing import Any

import numpy as np
import xarray as xr

from ltv_bayes.errors import FitError
from ltv_bayes.formatting import label
from ltv_bayes.intervals import SAMPLE_DIMS, bound_columns, describe_interval, interval
from ltv_bayes.language import _
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BLUE, GREY, ORANGE
from ltv_bayes.plots.lettering import drawable, in_own_words, ink
from ltv_bayes.predictions.clock import factors_by_period, moved_by, unit_of_clock
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import FittedModel, caution_of, currency_of
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.time_units import PLURALS, UNITS

PANELS_A_ROW = 4
BARS = 60
BULK = (0.001, 0.999)
MIDDLE = (0.05, 0.95)
PRIOR_ROOM = 3.0
"""How far the panel may reach beyond the posterior to show the prior, in widths of the posterior."""


def plot_prior_posterior(
    fit: FittedModel, prior: xr.DataTree, *, ci_prob: float | None = None, ci_kind: str | None = None, ax: Any = None
) -> Any:
    """Draw each parameter's prior and posterior: where they are alike, the data taught nothing.

    Parameters
    ----------
    fit : FittedModel
        The posterior.
    prior : xarray.DataTree
        What the model's ``sample_prior`` returned.
    ci_prob, ci_kind
        Interval of the posterior; ArviZ's setting where not given.
    ax : array of matplotlib Axes, optional
        Where to draw, one for each parameter; a figure of its own otherwise.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FitError
        If prior and posterior have no parameter in common.
    """
    names = _common_names(fit, prior)
    with canvas.house_style():
        figure, panels = canvas.panels(ax, len(names), lambda: _panels(len(names)))
        for name, panel in zip(names, panels, strict=False):
            posterior_draws, prior_draws = (
                tree[name].to_numpy().ravel() for tree in (fit.idata["posterior"], prior["prior"])
            )
            _draw_panel(panel, posterior_draws, prior_draws, interval(posterior_draws, ci_prob, ci_kind))
            panel.set_xlabel(drawable(_with_unit(name, fit)), **in_own_words())
        lines, words = panels[0].get_legend_handles_labels()
        caution, level = caution_of(fit), describe_interval(ci_prob, ci_kind)
        if figure is None:
            panels[0].legend(lines, [*words[:-1], level], loc="upper right")
            return canvas.finish(
                panels[0], _("Prior and posterior"), _("with {level}", level=level), caution
            ).get_figure(root=True)
        figure.legend(lines, [*words[:-1], level], loc="outside lower center", ncols=3)
        title = canvas.heading(_("Prior and posterior"), _("with {level}", level=level), caution)
        canvas.finish_figure(figure, title, canvas.alarm(figure) if caution else ink())
    return figure


def _common_names(fit: FittedModel, prior: xr.DataTree) -> list[str]:
    """The parameters that both have, of those that are one number."""
    posterior = fit.idata["posterior"]
    names = [
        str(name)
        for name, draws in posterior.data_vars.items()
        if name in prior["prior"] and set(draws.dims) == set(SAMPLE_DIMS)
    ]
    if not names:
        held = ", ".join(map(str, prior["prior"].data_vars))
        raise FitError(
            _(
                "Prior and posterior have no parameter in common; the prior holds {held}. Are they one model's?",
                held=held,
            )
        )
    return names


def _panels(count: int) -> tuple[Any, list[Any]]:
    """A figure with a number of panels, four a row."""
    import matplotlib.pyplot as plt

    columns, rows = min(PANELS_A_ROW, count), -(-count // PANELS_A_ROW)
    size = (max(3.0 * columns, 5.0), 2.4 * rows + 0.8)
    figure, panels = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for ax in panels.flat[count:]:
        ax.set_visible(False)
    return figure, list(panels.flat[:count])


def _draw_panel(ax: Any, posterior: np.ndarray, prior: np.ndarray, bounds: tuple[Any, Any]) -> None:
    """Draw both densities on the range that holds the posterior and what fits in of the middle of the prior."""
    left, right = _stretch(posterior, prior)
    for draws, bars, style in (
        (prior, BARS // 2, {"color": GREY, "alpha": 0.35, "label": "prior"}),
        (posterior, BARS, {"color": BLUE, "alpha": 0.6, "label": "posterior"}),
    ):
        edges = np.linspace(left, right, bars + 1)
        weights = np.full(draws.size, 1 / (draws.size * (edges[1] - edges[0])))
        ax.hist(draws, edges, weights=weights, histtype="stepfilled", **style)
    ax.hlines(0, *bounds, color=ink(), linewidth=5, label=_("interval"))
    ax.set(xlim=(left, right), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False)


def _stretch(posterior: np.ndarray, prior: np.ndarray) -> tuple[float, float]:
    """The part of the axis to show; a heavy tail of the prior does not squeeze the posterior."""
    low, high = np.quantile(posterior, BULK)
    room = PRIOR_ROOM * ((high - low) or max(abs(high), 1.0))
    finite = prior[np.isfinite(prior)]
    ends = np.quantile(finite, MIDDLE) if finite.size else (low, high)
    left, right = np.clip(ends, low - room, high + room)
    if min(left, low) == max(right, high):
        left, right = low - room, high + room
    return float(min(left, low)), float(max(right, high))


def _with_unit(name: str, fit: FittedModel) -> str:
    """Write the parameter with its unit, where it has one."""
    if isinstance(fit, FittedPurchases):
        rate = _("purchases per {unit}", unit=_(UNITS[fit.time_unit]))
        units = {"mean_rate": rate, "alpha": _(PLURALS[fit.time_unit])}
    else:
        units = {"mean_spend": currency_of(fit) or "", "v": currency_of(fit) or ""}
    return f"{label(name)}{canvas.unit(units.get(name))}"


def plot_calendar_effects(
    fit: FittedPurchases | FittedEvents | FittedRenewals,
    ahead: Any = "1 year",
    *,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw the factor on the purchase rate of all customers, or the churn of all subscribers.

    It is shown as learned, period by period, and as it may go on.

    Parameters
    ----------
    fit : FittedPurchases, FittedEvents or FittedRenewals
        With calendar effects.
    ahead : str or Duration
        The time after the as-of date that is shown.
    ci_prob, ci_kind
        Interval; ArviZ's settings where not given.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    FitError
        If the fit has no calendar effects.
    """
    if not isinstance(fit, FittedEvents | FittedRenewals):
        canvas.require(fit, FittedPurchases, _("Pass a fit of BGNBD(calendar_effects='auto'), for instance."))
    table, level = factors_by_period(fit, ahead, ci_prob=ci_prob, ci_kind=ci_kind), describe_interval(ci_prob, ci_kind)
    with canvas.picture(ax) as ax:
        for part, colour, name in ((table.index < 0, BLUE, _("learned")), (table.index >= 0, ORANGE, _("to come"))):
            if part.any():
                words = _("{name}, median", name=name), _("{name}, {level}", name=name, level=level)
                canvas.steps(ax, table[part], "median", colour, *words)
        ax.axhline(1.0, color=GREY, linewidth=0.8, linestyle="--")
        ax.set_ylim(0, 1.3 * float(table[bound_columns(table)[1]].max()))
        dated, unit = "datetime" in str(table["from"].dtype), unit_of_clock(fit)
        canvas.label_x(ax, _("date") if dated else _("{units} from the as-of date", units=_(PLURALS[unit])))
        canvas.label_y(ax, _("factor on the {rate}", rate=label(moved_by(fit))))
        ax.legend(loc="upper right", ncols=2, frameon=True, edgecolor="none", framealpha=0.9)
        if dated:
            canvas.date_axis(ax)
        title = _("Calendar effects: what moves all customers at once")
        return canvas.finish(ax, title, _("1 is a usual period"), caution_of(fit))
