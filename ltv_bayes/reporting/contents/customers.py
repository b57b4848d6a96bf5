"""Customers one by one: their values, tiers, reasons, and the sources of each value."""

import pandas as pd

from ltv_bayes.intervals import interval_settings
from ltv_bayes.plots.decisions import plot_tiers
from ltv_bayes.plots.values import plot_lifetime_value
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import CustomerTable, Part, Picture, Section, Table, Text

LISTED = 50
"""Rows of a list on a page; the workbook has all."""


def customers(of: Material) -> Section:
    """All customers, the most to come first."""
    found = customer_table(of)
    return Section(
        "customers",
        "Customers",
        (
            Picture("customers", "The customers worth most, for what is still to come", lambda: _most(of)),
            found,
        ),
    )


def customer_table(of: Material) -> CustomerTable:
    """One row a customer: segment, tier, value realised and to come with its interval, and why."""
    ranked = of.ltv.ranked()
    tiers, upside = of.ltv.tiers(names=of.tier_names or None), of.ltv.upside()
    table = ranked.drop(columns=["caution"], errors="ignore")
    at_hand = of.ltv.customers.table
    columns = dict.fromkeys([*of.columns, *(by.column for by in of.segments if by.column in at_hand)])
    for place, name in enumerate(columns):
        table.insert(place, name, at_hand[name].reindex(table.index))
    table.insert(len(columns), "tier", tiers["tier"].reindex(table.index).astype(str))
    table["reason"] = upside["reason"].reindex(table.index)
    groups = (*(name for name in columns if name not in of.columns), "tier")
    note = (
        "The interval is of what a customer will really pay, luck included, so for most customers it begins near 0. "
        "What is realised does not count for the order."
    )
    return CustomerTable(table, sources_by_customer(of).reindex(table.index), groups, of.currency, note)


def sources_by_customer(of: Material) -> pd.DataFrame:
    """Mean of each source of each customer's value."""
    value = of.valued
    ids, found = value.results.summaries(interval_settings(None, None))
    means = {name: found[value.settings.place][f"mean_{name}"] for name in value.sources}
    return pd.DataFrame(means, index=ids)


def lists(of: Material) -> list[Section]:
    """Tiers, upside and customers who are slipping away, each with what to do about it."""
    tiers, upside = of.ltv.tiers(names=of.tier_names or None), of.ltv.upside()
    found = [
        Section(
            "tiers",
            "Tiers",
            (
                Picture("tiers", "How surely customers belong to their tier", lambda: plot_tiers(tiers)),
                Table("tiers", "Customers by tier", tiers, of.currency, rows=LISTED),
            ),
        ),
        Section(
            "upside",
            "Customers with more to come",
            (Table("upside", "Value not yet realised, and why", upside, of.currency, rows=LISTED),),
        ),
    ]
    if of.slipping is not None:
        parts: list[Part] = [Text(of.slipping.sentence(), "doubt" if len(of.slipping.facts) else "good")]
        if len(of.slipping.facts):
            title = "Who is slipping away, and what is at stake"
            parts.append(Table("slipping_away", title, of.slipping.summary(), of.slipping.currency, rows=LISTED))
        found.append(Section("slipping_away", "Customers slipping away", tuple(parts)))
    return found


def _most(of: Material) -> object:
    return plot_lifetime_value(of.ltv)
