"""Pictures of pooled fits, and of what histories say of the future."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.ticker import MaxNLocator

from ltv_bayes.data.customers import Customers
from ltv_bayes.errors import ColumnError, InputError, UnitError, suggestion
from ltv_bayes.formatting import label, shortened
from ltv_bayes.intervals import describe_interval, interval, interval_settings
from ltv_bayes.plots.canvas import (
    BLUE,
    GREEN,
    ORANGE,
    axes_for,
    finish,
    house_style,
    label_x,
    label_y,
    money_axis,
    name_rows,
    require,
)
from ltv_bayes.plots.lettering import in_own_words
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.time_units import as_duration

QUANTITIES = {
    "mean_rate": "purchases per {unit} of an average customer while active",
    "dropout_mean": "probability of leaving after a purchase",
    "mean_spend": "value of an order{currency}",
    "churn_mean": "probability of not renewing",
}
OTHERWISE = {"rate_cv", "dropout_concentration", "order_cv", "q_excess", "churn_concentration"}
CELLS = 40
HISTORY_DRAWS = 200


def plot_shrinkage(
    fit: FittedModel,
    quantity: str | None = None,
    *,
    column: str | None = None,
    complete: FittedModel | None = None,
    separate: Mapping[str, FittedModel] | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw what a pooled fit says of each segment, between fits of each alone and one fit of all.

    Parameters
    ----------
    fit : fitted model
        Pooled by segments.
    quantity : str, optional
        "mean_rate", "dropout_mean", "mean_spend" or "churn_mean"; the first that the fit has, if not given.
    column : str, optional
        Where the fit is pooled by several.
    complete : fitted model, optional
        One fit of all customers alike.
    separate : mapping, optional
        A fit of each segment, as `fit_each` makes them.
    ci_prob, ci_kind
        Interval; ArviZ's setting where not given.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    require(fit, FittedModel, "Pass what BGNBD(pool_by=...).fit(customers) returned.")
    drawn = fit.segment_draws(column)
    chosen = _quantity(quantity, drawn)
    values, prob_kind = drawn[chosen], interval_settings(ci_prob, ci_kind)
    name = str(values.dims[-1])
    order = np.argsort(-values.median(("chain", "draw")).to_numpy(), kind="stable")
    values = values.isel({name: order})
    rows, segments = np.arange(len(order)), [str(one) for one in values[name].to_numpy()]
    with house_style():
        ax = axes_for(ax, width=9.0, height=1.7 + 0.32 * len(order))
        flat = values.to_numpy().reshape(-1, len(order))
        low, high = interval(flat, *prob_kind)
        ax.hlines(rows, low, high, color=BLUE, linewidth=4, alpha=0.45)
        ax.plot(np.median(flat, axis=0), rows, "o", color=BLUE, label="partial pooling")
        if separate is not None:
            _draw_separate(ax, segments, separate, chosen, prob_kind)
        if complete is not None:
            ax.axvline(np.median(_of(complete, chosen)), color=GREEN, linestyle="--", label="complete pooling")
        customers = values["customers"].to_numpy()
        name_rows(ax, [f"{shortened(one)}  (n = {count:,.0f})" for one, count in zip(segments, customers, strict=True)])
        if chosen == "mean_spend":
            money_axis(ax.xaxis, fit.currency)
        label_x(ax, f"{_described(chosen, fit)}; n: customers")
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        detail = f"median and {describe_interval(*prob_kind)}"
        finish(ax, f"{label(chosen).capitalize()} by {label(name)}", detail, fit.caution)
    return ax


def plot_history_surface(
    fit: FittedPurchases,
    *,
    observed: Any,
    horizon: Any = None,
    most: int = 20,
    ax: Any = None,
) -> Any:
    """Draw what a fit says of customers by how often they bought again, and when last.

    Parameters
    ----------
    fit : FittedPurchases
        Of a pooled fit, its typical segment; ``fit.of_segment(...)`` for another.
    observed : str or Duration
        Time from the first purchase to the as-of date, ``"2 years"``.
    horizon : str or Duration, optional
        Purchases expected within this time; the probability of being alive, if not given.
    most : int
        Highest number of repeat purchases.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    require(fit, FittedPurchases, "Pass what BGNBD().fit(customers) returned.")
    if not most >= 1:
        raise UnitError(f"most must be at least 1 repeat purchase, not {most!r}.")
    length, unit = as_duration(observed, "observed"), fit.time_unit
    T = length.to(unit)
    last = np.linspace(0, T, CELLS + 1)[1:]
    frequency, recency = np.meshgrid(np.arange(1, most + 1), last, indexing="ij")
    shown = _over_histories(fit, frequency.ravel(), recency.ravel(), T, horizon).reshape(frequency.shape)
    with house_style():
        ax = axes_for(ax, height=5.0)
        mesh = ax.pcolormesh(last, np.arange(1, most + 1), shown, shading="nearest", cmap="Blues")
        ax.grid(visible=False)
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        bar = ax.figure.colorbar(mesh, ax=ax)
        what = "probability of being alive" if horizon is None else f"purchases expected within {as_duration(horizon)}"
        bar.set_label(what, **in_own_words())
        label_x(ax, f"last purchase, in {unit}s after the first; {length} were observed")
        label_y(ax, "repeat purchases")
        finish(ax, f"{what[0].upper()}{what[1:]}", "mean over the posterior, by history", fit.caution)
    return ax


def _over_histories(fit: FittedPurchases, frequency: Any, recency: Any, T: float, horizon: Any) -> np.ndarray:
    plain = fit if fit.pooling is None else fit.of_segment({})
    few = plain.thin(max(1, HISTORY_DRAWS // plain.shape[0]))
    table = {"customer_id": np.arange(frequency.size), "frequency": frequency, "recency": recency, "T": T}
    customers = Customers.from_summary(pd.DataFrame(table), time_unit=fit.time_unit)
    found = few.probability_alive(customers) if horizon is None else few.expected_purchases(customers, horizon)
    return found.mean(("chain", "draw")).to_numpy()


def _quantity(asked: str | None, drawn: xr.Dataset) -> str:
    known = [str(name) for name in drawn if name not in OTHERWISE]
    if asked is None:
        return known[0]
    if asked not in known:
        raise ColumnError(f"The fit has no {asked!r} by segment. {suggestion(asked, known)}")
    return asked


def _draw_separate(
    ax: Any, segments: list[str], separate: Mapping[str, FittedModel], quantity: str, prob_kind: tuple[float, str]
) -> None:
    """Hollow circles with thin intervals, a little below those of the pooled fit."""
    given = {str(name): fit for name, fit in separate.items()}
    if unknown := set(given) - set(segments):
        raise InputError(f"separate holds {sorted(unknown)[0]!r}, which the pooled fit has not seen.")
    rows = [row for row, name in enumerate(segments) if name in given]
    drawn = [_of(given[segments[row]], quantity) for row in rows]
    low, high = np.array([interval(each, *prob_kind) for each in drawn]).T
    below = np.array(rows) + 0.22
    ax.hlines(below, low, high, color=ORANGE, linewidth=1)
    ax.plot([np.median(each) for each in drawn], below, "o", color=ORANGE, mfc="white", label="no pooling")


def _of(fit: FittedModel, quantity: str) -> np.ndarray:
    """Draws of a natural quantity of a fit whose customers are all alike."""
    posterior = fit.idata["posterior"]
    if quantity not in posterior:
        raise InputError(
            f"A fit without {quantity} in its posterior cannot be set beside: fit it with the usual priors."
        )
    return posterior[quantity].to_numpy().ravel()


def _described(quantity: str, fit: FittedModel) -> str:
    text = QUANTITIES.get(quantity, label(quantity))
    currency = f" ({fit.currency})" if fit.currency else ""
    return text.format(unit=fit.idata.attrs.get("time_unit", "time"), currency=currency)
