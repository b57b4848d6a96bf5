"""Subscriptions: how recurring revenue moved, what is foreseen of it, and which renewals are at risk."""

from functools import partial

import pandas as pd

from ltv_bayes.data.subscriptions.revenue.movements import Movements
from ltv_bayes.data.subscriptions.revenue.retained import NET
from ltv_bayes.formatting import money, percent, with_currency
from ltv_bayes.intervals import bound_columns, describe_bounds
from ltv_bayes.language import _, as_known
from ltv_bayes.plots.revenue.movements import plot_movements, plot_retained
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Picture, Section, Table, Text

LISTED = 50
"""Rows of a list on a page; the workbook has all."""
IN_A_YEAR = {"month": 12, "quarter": 4, "year": 1}
SEED = 1


def at_risk(of: Material) -> Section | None:
    """Renewals at risk, with what is at stake and why."""
    found = of.at_risk
    if found is None:
        return None
    parts: list[Part] = [Text(found.sentence(), "doubt" if len(found.facts) else "good")]
    if len(found.facts):
        title = _("Renewals to secure first: the most at stake stands first")
        how = _("At stake are the fees that are to come if the renewal is made, times the probability that it is not.")
        parts.append(Table("at_risk", title, found.summary(), found.currency, note=how, rows=LISTED))
    return Section("at_risk", _("Renewals at risk"), tuple(parts))


def recurring_revenue(of: Material) -> Section | None:
    """How recurring revenue moved, what cohorts retain, and what is foreseen."""
    parts = [*_moved(of.movements), *_ahead(of.movements_ahead, of.currency)]
    return Section("recurring_revenue", _("Recurring revenue"), tuple(parts)) if parts else None


def _moved(found: Movements | None) -> list[Part]:
    """Movements of the last year, retention, and cohorts."""
    if found is None:
        return []
    shown = min(IN_A_YEAR[found.every], len(found.periods))
    parts: list[Part] = [
        *_retained(found),
        Picture(
            "movements",
            _("Movements of recurring revenue, amounts a month"),
            partial(plot_movements, found, shown),
        ),
        Table(
            "movements",
            _("Recurring revenue by {every}, amounts a month", every=as_known(found.every)),
            found.table,
            found.currency,
            note=_("Opening and the five movements make closing."),
        ),
    ]
    if ((found.began > 0) & (found.began <= len(found.periods))).any():
        cohorts = Picture("retained", _("Net retention by cohort"), partial(plot_retained, found, random_seed=SEED))
        parts.append(cohorts)
    return parts


def _retained(found: Movements) -> list[Part]:
    """What is kept of the revenue of those who paid a year before."""
    if len(found.periods) < IN_A_YEAR[found.every]:
        return []
    last = found.retention("1 year", random_seed=SEED).iloc[-1]
    if not last["opening"] > 0:
        return []
    words = _(
        "A year before the end of {period}, customers paid {opening} a month. Of it {net} is still paid with "
        "expansion, and {gross} without; {logo} of these customers still pay.",
        period=found.periods[-1],
        opening=with_currency(money(float(last["opening"]), found.currency), found.currency),
        net=percent(float(last["net_retention"])),
        gross=percent(float(last["gross_retention"])),
        logo=percent(float(last["logo_retention"])),
    )
    return [Text(words)]


def _ahead(found: pd.DataFrame | None, currency: str | None) -> list[Part]:
    """What is foreseen of the recurring revenue of the subscribers of today."""
    if found is None:
        return []
    low, high = bound_columns(found)
    net = found.loc[NET]
    words = _(
        "Of the recurring revenue of today, {net} will still be paid a year later ({interval} {low} to {high}).",
        net=percent(float(net["median"])),
        interval=describe_bounds(found),
        low=percent(float(net[low])),
        high=percent(float(net[high])),
    )
    shares = found.index.str.contains("retention")
    shown, kept = found.drop(columns="sd")[~shares], found[shares]
    retained = pd.DataFrame({"share": kept["median"], f"share_{low}": kept[low], f"share_{high}": kept[high]})
    return [
        Text(words),
        Table("movements_ahead", _("Movements in the year to come, amounts a month"), shown, currency),
        Table("retention_ahead", _("Retention in the year to come"), retained, amounts=False),
    ]
