"""A picture of what moves all customers at once."""

from typing import Any

from ltv_bayes.formatting import label
from ltv_bayes.intervals import bound_columns, describe_interval
from ltv_bayes.language import _
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BLUE, GREY, ORANGE
from ltv_bayes.predictions.clock import factors_by_period, moved_by, unit_of_clock
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import caution_of
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.time_units import PLURALS


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
