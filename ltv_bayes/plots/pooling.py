"""Pictures of pooled fits, and of what histories say of the future."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.ticker import MaxNLocator

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import ColumnError, InputError, UnitError, suggestion
from ltv_bayes.formatting import label, shortened
from ltv_bayes.formulas.models.parameterization import TITLES
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.intervals import describe_interval, interval
from ltv_bayes.language import N_, _, as_known, comma
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BAR, BLUE, GREEN, ORANGE
from ltv_bayes.plots.lettering import in_own_words, ink
from ltv_bayes.predictions.fitted import FittedModel, caution_of, currency_of, pooling_of, segment_of, thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.sizes import DISCOUNT_RATE, MARGIN
from ltv_bayes.time_units import PLURALS, as_duration

QUANTITIES = {
    "mean_rate": N_("purchases per {unit} of an average customer while active"),
    "dropout_mean": N_("probability of leaving after a purchase"),
    "first_dropout": N_("probability of leaving right after the first purchase"),
    "mean_spend": N_("value of an order{currency}"),
    "churn_mean": N_("probability of not renewing"),
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
    canvas.require(fit, FittedModel, _("Pass what BGNBD(pool_by=...).fit(customers) returned."))
    drawn = fit.segment_draws(column)
    chosen = _quantity(quantity, drawn)
    values, level = drawn[chosen], (ci_prob, ci_kind)
    name = str(values.dims[-1])
    order = np.argsort(-values.median(("chain", "draw"), skipna=False).to_numpy(), kind="stable")
    values = values.isel({name: order})
    rows, segments = np.arange(len(order)), [str(one) for one in values[name].to_numpy()]
    with canvas.picture(ax, width=9.0, height=1.7 + 0.32 * len(order)) as ax:
        flat = values.to_numpy().reshape(-1, len(order))
        low, high = interval(flat, *level)
        ax.hlines(rows, low, high, color=BLUE, **BAR)
        ax.plot(np.median(flat, axis=0), rows, "o", color=BLUE, label=_("partial pooling"))
        canvas.note_outside(ax, rows, np.median(flat, axis=0), low, high)
        if separate is not None:
            _draw_separate(ax, segments, separate, chosen, level)
        if complete is not None:
            ax.axvline(np.median(_of(complete, chosen)), color=GREEN, linestyle="--", label=_("complete pooling"))
        customers = values["customers"].to_numpy()
        canvas.name_rows(ax, segments, [f"  (n = {count:,.0f})" for count in customers])
        if chosen == "mean_spend":
            canvas.money_axis(ax.xaxis, currency_of(fit))
        canvas.label_x(ax, _("{what}; n: customers", what=_described(chosen, fit)))
        if separate is not None or complete is not None:
            ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        detail = _("median and {interval}", interval=describe_interval(*level))
        return canvas.finish(
            ax, _("{chosen} by {name}", chosen=label(chosen).capitalize(), name=label(name)), detail, caution_of(fit)
        )


def plot_history_surface(
    fit: FittedPurchases,
    *,
    observed: Any,
    horizon: Any = None,
    spend: FittedSpend | None = None,
    discount_rate: float = DISCOUNT_RATE,
    margin: float = MARGIN,
    most: int = 20,
    ax: Any = None,
) -> Any:
    """Draw what a fit says of customers by how often they bought again, and when last.

    It shows the probability of being alive; with a horizon, the purchases expected within it; with a fit of spend as
    well, the value of a customer with the orders of the average customer.

    Parameters
    ----------
    fit : FittedPurchases
        Of a pooled fit, its typical segment; ``fit.of_segment(...)`` for another.
    observed : str or Duration
        Time from the first purchase to the as-of date, ``"2 years"``.
    horizon : str or Duration, optional
        Purchases expected within this time; the probability of being alive, if not given.
    spend : FittedSpend, optional
        The value of an order: shows discounted money in place of purchases. Of a pooled fit, its typical segment.
    discount_rate : float
        Annual and effective, for money.
    margin : float
        Share of revenue that counts, above 0 and up to 1.
    most : int
        Highest number of repeat purchases. The row at 0 is of those who have not bought again, and has one colour: the
        time of their last purchase is that of their first.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError, UnitError
        If money is asked for without a horizon, or a number cannot be.
    """
    canvas.require(fit, FittedPurchases, _("Pass what BGNBD().fit(customers) returned."))
    if spend is not None:
        canvas.require(spend, FittedSpend, _("Pass what GammaGamma().fit(customers) returned."))
        if horizon is None:
            raise InputError(_("A value needs a horizon, such as horizon='3 years'."))
    if not most >= 1:
        raise UnitError(_("most must be at least 1 repeat purchase, not {most!r}.", most=most))
    length = as_duration(observed, "observed")
    T = length.to(fit.time_unit)
    last, times = np.linspace(0, T, CELLS + 1)[1:], np.arange(most + 1)
    frequency, recency = np.meshgrid(times, last, indexing="ij")
    histories = _histories(fit, frequency.ravel(), np.where(frequency > 0, recency, 0.0).ravel(), T)
    few = thinned_to(_typical(fit), HISTORY_DRAWS)
    if horizon is None:
        found, what = few.probability_alive(histories), _("probability of being alive")
    elif spend is None:
        found, what = (
            few.expected_purchases(histories, horizon),
            _("purchases expected within {as_duration}", as_duration=as_duration(horizon)),
        )
    else:
        each = as_share(margin, "margin") * float(_typical(spend).expected_spend_new_customer().mean(skipna=False))
        found = each * few.expected_discounted_purchases(histories, horizon, discount_rate)
        what = _("value within {as_duration}", as_duration=as_duration(horizon))
    shown = found.mean(("chain", "draw"), skipna=False).to_numpy().reshape(frequency.shape)
    with canvas.picture(ax, height=5.0) as ax:
        mesh = ax.pcolormesh(last, times, shown, shading="nearest", cmap="Blues")
        ax.grid(visible=False)
        ax.axhline(0.5, color=ink(), linewidth=0.8)
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        bar = ax.figure.colorbar(mesh, ax=ax)
        if spend is not None:
            canvas.money_axis(bar.ax.yaxis, spend.currency)
        bar.set_label(f"{what}{canvas.unit(spend.currency) if spend is not None else ''}", **in_own_words())
        canvas.label_x(
            ax,
            _(
                "last purchase, in {units} after the first; {length} were observed",
                units=_(PLURALS[fit.time_unit]),
                length=length,
            ),
        )
        canvas.label_y(ax, _("repeat purchases"))
        detail = _("{whose}; mean over the posterior", whose=_whose(fit, spend))
        if spend is not None:
            detail = _(
                "{detail}; {margin:.3g}% of average orders, discounted at {discount_rate:.3g}% a year",
                detail=detail,
                margin=100 * margin,
                discount_rate=100 * discount_rate,
            )
        return canvas.finish(ax, f"{what[0].upper()}{what[1:]}", detail, caution_of(fit, spend))


def _histories(fit: FittedPurchases, frequency: np.ndarray, recency: np.ndarray, T: float) -> Customers:
    table = {"customer_id": np.arange(frequency.size), "frequency": frequency, "recency": recency, "T": T}
    as_of = fit.idata.attrs.get("as_of") or None
    return Customers.from_summary(pd.DataFrame(table), time_unit=fit.time_unit, as_of=as_of)


def _typical[Fit: FittedModel](fit: Fit) -> Fit:
    """A plain fit with the parameters of the typical segment."""
    return fit if pooling_of(fit) is None else fit.of_segment({})


def _whose(fit: FittedPurchases, spend: FittedSpend | None) -> str:
    """Of which model and segment the numbers are."""
    model = as_known(TITLES.get(fit.model, label(fit.model)))
    own, others = _segment_of(fit), "" if spend is None else _segment_of(spend)
    parts = [model, own, _("orders of {others}", others=others) if others not in ("", own) else ""]
    return comma(part for part in parts if part)


def _segment_of(fit: FittedModel) -> str:
    if pooling_of(fit) is None and segment_of(fit) is None:
        return ""
    named = ", ".join(f"{label(name)} {_number_or_name(value)}" for name, value in (segment_of(fit) or {}).items())
    return named or _("typical segment")


def _number_or_name(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shortened(value)


def _quantity(asked: str | None, drawn: xr.Dataset) -> str:
    known = [str(name) for name in drawn if name not in OTHERWISE]
    if asked is None:
        return known[0]
    if asked not in known:
        raise ColumnError(
            _("The fit has no {asked!r} by segment. {suggestion}", asked=asked, suggestion=suggestion(asked, known))
        )
    return asked


def _draw_separate(
    ax: Any, segments: list[str], separate: Mapping[str, FittedModel], quantity: str, level: tuple[Any, Any]
) -> None:
    """Hollow circles with thin intervals, a little below those of the pooled fit."""
    given = {str(name): fit for name, fit in separate.items()}
    if unknown := set(given) - set(segments):
        raise InputError(
            _("separate holds {unknown!r}, which the pooled fit has not seen.", unknown=sorted(unknown)[0])
        )
    rows = [row for row, name in enumerate(segments) if name in given]
    drawn = [_of(given[segments[row]], quantity) for row in rows]
    low, high = np.array([interval(each, *level) for each in drawn]).T
    below = np.array(rows) + 0.22
    ax.hlines(below, low, high, color=ORANGE, linewidth=1)
    ax.plot(
        [np.median(each) for each in drawn], below, "o", color=ORANGE, mfc=ax.get_facecolor(), label=_("no pooling")
    )


def _of(fit: FittedModel, quantity: str) -> np.ndarray:
    """Draws of a natural quantity of a fit in which all customers are alike."""
    posterior = fit.idata["posterior"]
    if quantity not in posterior:
        raise InputError(
            _(
                "A fit without {quantity} in its posterior cannot be set beside: fit it with the usual priors.",
                quantity=quantity,
            )
        )
    return posterior[quantity].to_numpy().ravel()


def _described(quantity: str, fit: FittedModel) -> str:
    if quantity not in QUANTITIES:
        return label(quantity)
    unit = as_known(fit.idata.attrs.get("time_unit", "time"))
    return _(QUANTITIES[quantity], unit=unit, currency=canvas.unit(currency_of(fit)))
