"""Customers one by one: their values, tiers, reasons, and the sources of each value."""

import pandas as pd

from ltv_bayes.errors import counted
from ltv_bayes.intervals import interval_settings
from ltv_bayes.language import _
from ltv_bayes.plots.decisions import plot_tiers
from ltv_bayes.plots.values import plot_lifetime_value
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import CustomerTable, Part, Picture, Section, Table, Text
from ltv_bayes.tables.headings import OWN

LISTED = 50
"""Rows of a list on a page; the workbook has all."""


def customers(of: Material) -> Section:
    """All customers, the most to come first."""
    label = _("The customers with the most to come")
    picture = Picture("customers", label, lambda: plot_lifetime_value(of.ltv))
    return Section("customers", _("Customers"), (picture, customer_table(of)))


def customer_table(of: Material) -> CustomerTable:
    """One row a customer: segment, tier, value realised and to come with its interval, and why."""
    table = of.ranked.drop(columns="caution", errors="ignore")
    at_hand = of.ltv.customers.table
    beside = dict.fromkeys([*of.columns, *of.groups])
    for place, name in enumerate(beside):
        table.insert(place, name, at_hand[name].reindex(table.index))
    table.insert(len(beside), "tier", of.tiers["tier"].reindex(table.index))
    table["reason"] = of.upside["reason"].reindex(table.index)
    table.attrs = {**of.ranked.attrs, OWN: tuple(beside)}
    groups = (*(name for name in beside if name not in of.columns), "tier")
    note = _(
        "The interval is of what the customer will really pay, luck included, so for most customers it "
        "begins near 0. Customers are in the order of the mean of what is still to come; what is realised "
        "does not count."
    )
    return CustomerTable(table, _sources(of).reindex(table.index), groups, of.currency, note)


def lists(of: Material) -> list[Section]:
    """Customers slipping away, those with more to come, and tiers, each with its reasons."""
    return [section for section in (_slipping(of), _upside(of), _tiers(of)) if section is not None]


def _slipping(of: Material) -> Section | None:
    """Who is slipping away."""
    found = of.slipping
    if found is None:
        return None
    parts: list[Part] = [Text(found.sentence(), "doubt" if len(found.facts) else "good")]
    if len(found.facts):
        title = _("Whom to call first: the most at stake stands first")
        parts.append(Table("slipping_away", title, found.summary(), found.currency, rows=LISTED))
    return Section("slipping_away", _("Customers slipping away"), tuple(parts))


def _upside(of: Material) -> Section | None:
    """Who has more to come than so far, or most to come."""
    some = of.upside[of.upside["upside"] > 0]
    if some.empty:
        return None
    beyond = some["probability_above_realised"] >= 0.5
    text = _(
        "{customers} will more likely than not yield more than they have so far.",
        customers=counted(int(beyond.sum()), "customer"),
    )
    parts: list[Part] = [Text(text)] if beyond.any() else []
    parts.append(Table("upside", _("Value not yet realised, and why"), some, of.currency, rows=LISTED))
    return Section("upside", _("Customers with more to come"), tuple(parts))


def _tiers(of: Material) -> Section:
    """How surely customers belong to their tier."""
    counts = of.tiers["tier"].value_counts(sort=False)
    each = _("; ").join(
        _("{name}: {customers}", name=name, customers=counted(int(number), "customer"))
        for name, number in counts.items()
    )
    note = _("A customer is in the tier that is likeliest for them. The probability says how sure that is.")
    return Section(
        "tiers",
        _("Tiers"),
        (
            Text(_("By the likeliest tier: {each}.", each=each)),
            Picture("tiers", _("How surely customers belong to their tier"), lambda: plot_tiers(of.tiers)),
            Table("tiers", _("Customers by tier"), of.tiers, of.currency, note=note, rows=LISTED),
        ),
    )


def _sources(of: Material) -> pd.DataFrame:
    """Mean of each source of each customer's value."""
    value = of.valued
    ids, found = value.results.summaries(interval_settings(None, None))
    means = {name: found[value.settings.place][f"mean_{name}"] for name in value.sources}
    return pd.DataFrame(means, index=ids)
