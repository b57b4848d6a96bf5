"""Two orders of segments: by what today's customers will yield, and by the value of the next customer."""

from itertools import combinations
from typing import Any

import pandas as pd
import xarray as xr

from ltv_bayes.errors import InputError, a_kind, listed
from ltv_bayes.intervals import SAMPLE_DIMS, flagged, summarize_draws
from ltv_bayes.language import _, _n, semicolon

TODAY, NEXT = "todays_customers", "next_customer"
NAMED = 3


def two_orders(today: xr.DataArray, customers: pd.Series, new: Any, interval: tuple[float, str]) -> pd.DataFrame:
    """Medians, intervals and ranks by both; see `SegmentValues.beside_next_customer`."""
    draws = getattr(new, "draws", None)
    rest = [str(dim) for dim in getattr(draws, "dims", ()) if dim not in SAMPLE_DIMS]
    if draws is None or len(rest) != 1:
        raise InputError(
            _(
                "The next customer's value by segment is needed, not {kind}. Pass new_customer_value(...) of "
                "fits pooled by the same column.",
                kind=a_kind(new),
            )
        )
    parts = {TODAY: today, NEXT: draws.rename({rest[0]: "segment"})}
    found = {name: _summarized(part, interval).add_prefix(f"{name}_") for name, part in parts.items()}
    common = found[TODAY].index.intersection(found[NEXT].index)
    if not len(common):
        raise InputError(
            _(
                "The next customer's value is by {rest}, and no segment is in both: {found} beside {found_2}. "
                "Pass fits pooled by the column of these segments.",
                rest=rest[0],
                found=listed(found[TODAY].index[:3]),
                found_2=listed(found[NEXT].index[:3]),
            )
        )
    table = pd.concat([customers.rename("customers")[common], *(each.loc[common] for each in found.values())], axis=1)
    for place, name in ((1, TODAY), (2, NEXT)):
        table.insert(place, f"{name}_rank", table[f"{name}_median"].rank(method="min", ascending=False).astype(int))
    table = table.sort_values(f"{TODAY}_median", ascending=False)
    cautions = dict.fromkeys(str(one.attrs.get("caution", "")) for one in (today, draws))
    table = flagged(table, "; ".join(filter(None, cautions)))
    table.attrs |= dict(zip(("agreement", "sentence"), _agreement(table), strict=True))
    return table


def _summarized(draws: xr.DataArray, interval: tuple[float, str]) -> pd.DataFrame:
    table = summarize_draws(draws, ci_prob=interval[0], ci_kind=interval[1]).drop(columns=["mean", "sd"])
    return table.set_axis(table.index.astype(str))


def _agreement(table: pd.DataFrame) -> tuple[float, str]:
    """The share of pairs that both orders put alike, and a sentence that names those they do not."""
    pairs = list(combinations(table.index, 2))
    apart = [
        _("{first} and {second}", first=first, second=second)
        for first, second in pairs
        if table.loc[first, f"{NEXT}_median"] < table.loc[second, f"{NEXT}_median"]
    ]
    agreement = 1 - len(apart) / len(pairs) if pairs else 1.0
    begin = _n(
        "The order by what today's customers will yield per customer and that by the value of the next customer agree "
        "in {alike} of {n} pair",
        "The order by what today's customers will yield per customer and that by the value of the next customer agree "
        "in {alike} of {n} pairs",
        len(pairs),
        alike=len(pairs) - len(apart),
    )
    more = _(" and {number} more", number=len(apart) - NAMED) if len(apart) > NAMED else ""
    return agreement, _(
        "{begin}; they differ for {apart}{more}.", begin=begin, apart=semicolon(apart[:NAMED]), more=more
    ) if apart else _("{begin}.", begin=begin)
