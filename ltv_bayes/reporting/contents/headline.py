"""What all customers are worth: the headline, what is realised and to come, and the years."""

import pandas as pd

from ltv_bayes.errors import counted
from ltv_bayes.formatting import label, percent
from ltv_bayes.intervals import bound_columns
from ltv_bayes.plots.values import plot_cash_flow, plot_waterfall
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Figure, Part, Picture, Section, Table, Text
from ltv_bayes.reporting.contents.trust import badge
from ltv_bayes.value.draws.valuation import REALISED
from ltv_bayes.value.valued import TOTAL


def lines(of: Material) -> list[str]:
    """Below the title: the day and the terms, and what was read."""
    terms, found = of.ltv.settings.terms, []
    day = f"As of {terms.as_of}, " if terms.as_of else ""
    rate = f"discounted at {100 * terms.discount_rate:.3g}% a year" if terms.discount_rate else "not discounted"
    found.append(f"{day}over {terms.horizon}, {rate}, margin {of.ltv.settings.margin}{of.ltv.settings.exceptions}")
    if of.read is not None:
        rows, kept = of.read.rows_in, int(of.read.rows["rows"].iloc[0])
        found.append(f"Read from {of.read.source}: {kept:,} of {rows:,} rows are orders")
    return found


def headline(of: Material) -> Section:
    """What the portfolio is worth, in one sentence and a few figures, and whether such figures held before."""
    to_come, interval = _to_come(of)
    low, high = (of.money(to_come[name]) for name in bound_columns(of.explained))
    median, chance = of.money(to_come["median"]), interval.split(" ")[0]
    customers = counted(len(of.ltv.customers), "customer")
    horizon = of.ltv.settings.terms.horizon
    parts: list[Part] = []
    if of.valued.caution:
        parts.append(Text(f"{of.valued.caution.capitalize()}: do not use these numbers yet.", "bad"))
    parts += [
        Text(
            f"Over the next {horizon}, {customers} will yield about {median}. "
            f"With a probability of {chance} it will be between {low} and {high}."
        ),
        Figure("Value to come", median, f"median; {interval} {low} to {high}"),
    ]
    if REALISED in of.explained.index:
        realised = of.money(of.explained.loc[REALISED, "mean"])
        parts.append(Figure("Value realised so far", realised, "after margin, not discounted"))
    parts.append(Figure("Customers", f"{len(of.ltv.customers):,}", _still_active(of)))
    verdict = badge(of)
    return Section("headline", "What the customers are worth", (*parts, *([verdict] if verdict else [])))


def years(of: Material) -> Section:
    """Cash flow by year, and the sources."""
    flow, sources = of.ltv.cash_flow(), of.explained
    parts: list[Part] = []
    foreseen = sources.drop(index=[name for name in (TOTAL, REALISED) if name in sources.index])["mean"]
    if len(foreseen) > 1 and foreseen.sum() > 0:
        each = ", ".join(f"{label(name)} {percent(mean / foreseen.sum())}" for name, mean in foreseen.items())
        parts.append(Text(f"Sources of the expected value to come: {each}."))
    interval = flow.attrs["interval"]
    parts += [
        Picture("cash_flow", f"Value in each future year, with its {interval}", lambda: plot_cash_flow(of.ltv)),
        Table("years", "Value by future year", flow.drop(columns="sd"), of.currency),
        Picture("sources", "Where the value comes from", lambda: plot_waterfall(sources)),
        Table("sources", "Value by source", sources.drop(columns="sd"), of.currency, note=_how_to_add()),
    ]
    if len(of.valued.settings.terms.horizons) > 1:
        horizons = of.ltv.by_horizon().drop(columns="sd")
        parts.append(Table("horizons", "Value by horizon", horizons, of.currency))
    return Section("years", "When it comes, and from what", tuple(parts))


def _to_come(of: Material) -> tuple[pd.Series, str]:
    """The total without what is realised, which is certain, and what its interval is."""
    whole = of.explained.loc[TOTAL, ["mean", "median", *bound_columns(of.explained)]]
    past = float(of.explained.loc[REALISED, "mean"]) if REALISED in of.explained.index else 0.0
    return whole - past, of.explained.attrs["interval"]


def _still_active(of: Material) -> str:
    """How many will most likely yield more."""
    more = int((of.ranked["probability_of_more"] >= 0.5).sum())
    return f"{more:,} of them will more likely than not yield more"


def _how_to_add() -> str:
    return "Bounds of the sources do not add up to those of the total: outcomes are added, bounds are not."
