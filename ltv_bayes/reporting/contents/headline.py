"""What all customers are worth: the headline, what is realised and to come, and the years."""

import pandas as pd

from ltv_bayes.errors import counted, sentence_case
from ltv_bayes.formatting import label, percent
from ltv_bayes.intervals import bound_columns, interval_settings
from ltv_bayes.language import _, comma
from ltv_bayes.plots.values import plot_cash_flow, plot_waterfall
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Figure, Part, Picture, Section, Table, Text
from ltv_bayes.reporting.contents.trust import badge
from ltv_bayes.value.decisions.breakdown import explain_to_come
from ltv_bayes.value.draws.valuation import REALISED
from ltv_bayes.value.valued import TOTAL


def lines(of: Material) -> list[str]:
    """Below the title: the day and the terms, and what was read."""
    terms, found = of.ltv.settings.terms, []
    rate = terms.discount_rate
    discount = _("discounted at {rate:.3g}% a year", rate=100 * rate) if rate else _("not discounted")
    kept = _("margin {margin}{exceptions}", margin=of.ltv.settings.margin, exceptions=of.ltv.settings.exceptions)
    day = [_("as of {as_of}", as_of=terms.as_of)] if terms.as_of else []
    found.append(sentence_case(comma([*day, _("over {horizon}", horizon=terms.horizon), discount, kept])))
    if of.read is not None:
        rows, orders = of.read.rows_in, int(of.read.rows["rows"].iloc[0])
        found.append(
            _("Read from {source}: {kept:,} of {rows:,} rows are orders", source=of.read.source, kept=orders, rows=rows)
        )
    return found


def headline(of: Material) -> Section:
    """What the portfolio is worth, in one sentence and a few figures, and whether such figures held before."""
    to_come, interval = _to_come(of)
    low, high = (of.money(to_come[name]) for name in bound_columns(of.explained))
    median, chance = of.money(to_come["median"]), percent(interval_settings(None, None)[0])
    customers = counted(len(of.ltv.customers), "customer")
    horizon = of.ltv.settings.terms.horizon
    parts: list[Part] = []
    if of.valued.caution:
        parts.append(
            Text(_("{caution}: do not use these numbers yet.", caution=sentence_case(of.valued.caution)), "bad")
        )
    parts += [
        Text(
            _(
                "Over the next {horizon}, {customers} will yield about {median}. With a probability of "
                "{chance} it will be between {low} and {high}.",
                horizon=horizon,
                customers=customers,
                median=median,
                chance=chance,
                low=low,
                high=high,
            )
        ),
        Figure(
            _("Value to come"), median, _("median; {interval} {low} to {high}", interval=interval, low=low, high=high)
        ),
    ]
    if REALISED in of.explained.index:
        realised = of.money(of.explained.loc[REALISED, "mean"])
        parts.append(Figure(_("Value realised so far"), realised, _("after margin, not discounted")))
    parts.append(Figure(_("Customers"), f"{len(of.ltv.customers):,}", _still_active(of)))
    verdict = badge(of)
    return Section("headline", _("What the customers are worth"), (*parts, *([verdict] if verdict else [])))


def years(of: Material) -> Section:
    """Cash flow by year, and the sources."""
    flow, sources = of.ltv.cash_flow(), of.explained
    parts: list[Part] = []
    foreseen = sources.drop(index=[name for name in (TOTAL, REALISED) if name in sources.index])["mean"]
    if len(foreseen) > 1 and foreseen.sum() > 0:
        each = comma(f"{label(name)} {percent(mean / foreseen.sum())}" for name, mean in foreseen.items())
        parts.append(Text(_("Sources of the expected value to come: {each}.", each=each)))
    interval = flow.attrs["interval"]
    parts += [
        Picture(
            "cash_flow",
            _("Value in each future year, with its {interval}", interval=interval),
            lambda: plot_cash_flow(of.ltv),
        ),
        Table("years", _("Value by future year"), flow.drop(columns=["sd", "until"]), of.currency),
        Picture("sources", _("Where the value comes from"), lambda: plot_waterfall(sources)),
        Table(
            "sources",
            _("Value by source"),
            sources.drop(columns="sd").rename(index=label),
            of.currency,
            note=_how_to_add(),
        ),
    ]
    if len(of.valued.settings.terms.horizons) > 1:
        horizons = of.ltv.by_horizon().drop(columns="sd")
        parts.append(Table("horizons", _("Value by horizon"), horizons, of.currency))
    return Section("years", _("When it comes, and from what"), tuple(parts))


def _to_come(of: Material) -> tuple[pd.Series, str]:
    """The total without what is realised, and what its interval is."""
    return explain_to_come(of.explained).loc[TOTAL], of.explained.attrs["interval"]


def _still_active(of: Material) -> str:
    """How many will most likely yield more."""
    more = int((of.ranked["probability_of_more"] >= 0.5).sum())
    return _("{more:,} of them will more likely than not yield more", more=more)


def _how_to_add() -> str:
    return _("Bounds of the sources do not add up to those of the total: outcomes are added, bounds are not.")
