"""Customers one by one: their values, tiers, reasons, and the sources of each value."""

from collections.abc import Iterable

import pandas as pd

from ltv_bayes.errors import counted
from ltv_bayes.intervals import interval_settings
from ltv_bayes.language import _, _n
from ltv_bayes.plots.decisions import plot_tiers
from ltv_bayes.plots.values import plot_lifetime_value
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import CustomerTable, Part, Picture, Section, Table, Text
from ltv_bayes.tables.headings import OWN, in_words

LISTED = 50
"""Rows of a list on a page; the workbook has all."""
SAID = ("reason", "why", "caution")
"""Columns of sentences, which stand last."""


def customers(of: Material) -> Section:
    """All customers, the most to come first."""
    label = _("The customers with the most to come")
    picture = Picture("customers", label, lambda: plot_lifetime_value(of.ltv))
    return Section("customers", _("Customers"), (picture, customer_table(of)))


def customer_table(of: Material) -> CustomerTable:
    """One row a customer: segment, tier, value realised and to come with its interval, why, and any caution."""
    found, sources = of.ranked.copy(), _sources(of).reindex(of.ranked.index)
    found.insert(0, "tier", of.tiers["tier"].reindex(found.index))
    found["reason"] = of.upside["reason"].reindex(found.index)
    found = found[[*(name for name in found if name not in SAID), *(name for name in SAID if name in found)]]
    at_hand = of.ltv.customers.table
    beside = _free([*of.columns, *of.groups], [*found, "customer_id", *sources.add_prefix("mean_")])
    own = pd.DataFrame({free: at_hand[name].reindex(found.index) for name, free in beside.items()}, index=found.index)
    table = pd.concat([own, found], axis="columns")
    table.attrs = {**of.ranked.attrs, OWN: tuple(beside.values())}
    groups = (*(free for name, free in beside.items() if name not in of.columns), "tier")
    note = _(
        "The interval is of what the customer will really pay, luck included, so for most customers it "
        "begins near 0. Customers are in the order of the mean of what is still to come; what is realised "
        "does not count."
    )
    return CustomerTable(table, sources, groups, of.currency, note)


def _free(wanted: Iterable[str], results: Iterable[str]) -> dict[str, str]:
    """Names for the user's columns that no column of results has, in its name or in words: "tier" becomes "tier (2)".

    Examples
    --------
    >>> _free(["tier", "region", "To come"], ["tier", "to_come"])
    {'tier': 'tier (2)', 'region': 'region', 'To come': 'To come (2)'}
    """
    taken = {text.casefold() for name in results for text in (name, in_words(name))}
    found: dict[str, str] = {}
    for name in dict.fromkeys(wanted):
        free, number = str(name), 1
        while free.casefold() in taken:
            number += 1
            free = f"{name} ({number})"
        taken.add(free.casefold())
        found[name] = free
    return found


def lists(of: Material) -> list[Section]:
    """Customers slipping away, those with more to come, and tiers, each with its reasons."""
    return [section for section in (_slipping(of), _upside(of), _tiers(of)) if section is not None]


def _slipping(of: Material) -> Section | None:
    """Who is slipping away."""
    found = of.slipping
    if found is None:
        return None
    parts: list[Part] = [Text(found.sentence(), "doubt" if len(found.facts) else "good")]
    unknown = len(of.ltv.customers) - found.customers
    if unknown > 0:
        text = _n(
            "{n:,} customer is not counted: not known on both {since} and {as_of}.",
            "{n:,} customers are not counted: not known on both {since} and {as_of}.",
            unknown,
            since=found.since,
            as_of=found.as_of,
        )
        parts.append(Text(text))
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
