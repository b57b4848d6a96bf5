"""Segments compared, channels against their cost, customers to be won, and values over time."""

from functools import partial

import pandas as pd

from ltv_bayes.formatting import label
from ltv_bayes.intervals import bound_columns
from ltv_bayes.language import _
from ltv_bayes.plots.acquisition import plot_acquisition, plot_equity, plot_payback
from ltv_bayes.plots.decisions import plot_value_over_time
from ltv_bayes.plots.values import plot_segments
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Picture, Section, Table, Text, note
from ltv_bayes.value.segments.segments import SegmentValues

SENTENCES = 5


def segments(of: Material) -> list[Section]:
    """The value of segments, and how they compare."""
    return [_segments(by, f"segments_{place}" if place > 1 else "segments") for place, by in enumerate(of.segments, 1)]


def _segments(by: SegmentValues, key: str) -> Section:
    compared, name = by.compare(), label(by.column)
    parts: list[Part] = [Text(one) for one in compared.get("sentence", [])[: min(SENTENCES, len(by.customers) - 1)]]
    parts.append(Picture(key, _("Value per customer by {name}", name=name), partial(plot_segments, by)))
    parts.append(Table(key, _("Value by {name}", name=name), _led_by_medians(by.summary()), by.currency))
    if len(compared):
        pairs = compared.set_index(["segment_a", "segment_b"])
        bounds = bound_columns(name for name in pairs if not str(name).startswith("ratio"))
        caution = [name for name in ("caution",) if name in pairs]
        shown = pairs[["median_difference", *bounds, "probability_a_above_b", *caution]]
        parts.append(Table(f"{key}_compared", _("Differences by {name}", name=name), shown, by.currency, rows=20))
    parts += map(note, by.notes())
    return Section(key, _("Segments: {name}", name=name), tuple(parts))


def _led_by_medians(table: pd.DataFrame) -> pd.DataFrame:
    """A summary of segments without the means of what has a median."""
    means = [name for name in table if str(name).endswith("_mean") and f"{str(name)[:-5]}_median" in table]
    return table.drop(columns=means)


def channels(of: Material) -> Section | None:
    """Channels judged by value against acquisition cost."""
    found = of.acquisition
    if found is None:
        return None
    parts: list[Part] = [
        Picture("acquisition", _("Value of a new customer over its cost"), partial(plot_acquisition, found)),
        Table("acquisition", _("Channels: value and cost of a new customer"), found.summary(), found.currency),
        *map(Text, found.sentences()),
        Picture("payback", _("When the cost of a new customer is paid back"), partial(plot_payback, found)),
        *map(note, found.notes()),
    ]
    return Section("acquisition", _("Channels: LTV and acquisition cost"), tuple(parts))


def equity(of: Material) -> Section | None:
    """The whole, its parts, its years, and the channels of the plan."""
    found = of.equity
    if found is None:
        return None
    planned = _("Planned customers by channel, and whether the next one repays the cost")
    flow, channels = found.cash_flow().drop(columns="sd"), found.by_channel().drop(columns="sd")
    channels = channels.rename(index={"": _("any channel")})
    parts: list[Part] = [
        Text(found.sentence()),
        Picture("equity", _("Money of customers of today and of those planned, by year"), partial(plot_equity, found)),
        Table("equity", _("Customer equity and its parts"), found.summary().drop(columns="sd"), found.currency),
        Table("equity_channels", planned, channels, found.currency),
        Table("equity_years", _("Customer equity by year after the as-of date"), flow, found.currency),
        *map(note, found.notes()),
    ]
    return Section("equity", _("Customers of today and those planned"), tuple(parts))


def trend(of: Material) -> Section | None:
    """How the value developed."""
    if of.trend is None:
        return None
    parts = (
        Picture("trend", _("Value per customer as of each day"), partial(plot_value_over_time, of.trend)),
        Table("trend", _("Value as of each day"), of.trend.summary(), of.trend.currency),
    )
    return Section("trend", _("How the value developed"), parts)
