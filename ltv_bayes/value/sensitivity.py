"""How much of a book hangs on each judgement."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, flagged, summarize_sorted
from ltv_bayes.judgement.audit import amounts_used
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.what_if import surely_bringing
from ltv_bayes.value.judged_parts import (
    NOBODY,
    judged_parts,
    named,
    opportunity_parts,
    require_judged,
    settled_opinions,
)
from ltv_bayes.value.shares import share_of
from ltv_bayes.value.valuation import JUDGED, Components, added

if TYPE_CHECKING:
    from ltv_bayes.value.lifetime_value import LifetimeValue

Interval = tuple[float, str]
ENDS = np.array([0.1, 0.9])
TOLD = "streams as judged"


def sensitivity_table(value: "LifetimeValue", interval: Interval) -> pd.DataFrame:
    """One row for each source that is not judged and each judgement; see `LifetimeValue.sensitivity`."""
    judged, total = require_judged(value), added(value.book())
    untold = _without(value)
    others = [{"source": name, **NOBODY, **_part(money, total, interval)} for name, money in untold.items()]
    left, judgements = total - added(untold) if untold else total.copy(), []
    for position, money in judged_parts(value):
        judgements.append({"source": JUDGED, **named(judged, position), **_part(money, total, interval)})
        left -= money
    if value.valuation.streams_are_judged:
        others.append({"source": TOLD, **NOBODY, **_part(left, total, interval)})
    ranked = pd.DataFrame(judgements).sort_values("mean", ascending=False, kind="stable").to_dict("records")
    return _described(value, pd.DataFrame([*others, *ranked]), interval)


def with_and_without(value: "LifetimeValue", customer_id: Any, interval: Interval) -> pd.DataFrame:
    """The value with judgement and without; see `LifetimeValue.with_and_without`."""
    require_judged(value)
    total = added(value.book() if customer_id is None else value.of_customer(customer_id))
    untold = _without(value, customer_id)
    without = added(untold) if untold else np.zeros_like(total)
    rows = np.sort(np.stack([total, without, total - without]), axis=1)
    index = pd.Index(["with judgement", "without judgement", "what judgement adds"], name="value")
    return _described(value, pd.DataFrame(summarize_sorted(rows, *interval), index=index), interval)


def _without(value: "LifetimeValue", customer_id: Any = None) -> Components:
    """Sources of the book, or of one customer, as they are where nobody judges."""
    if value.sources == [JUDGED]:
        return {}
    without = value.without_judgement()
    return without.book() if customer_id is None else without.of_customer(customer_id)


def tornado_table(value: "LifetimeValue", statistic: str) -> pd.DataFrame:
    """One row for each judgement, the one that matters most first; see `LifetimeValue.tornado`."""
    judged, total = require_judged(value), added(value.book())
    of_book = np.mean if statistic == "mean" else np.median
    rows = []
    for position, without, at_low, at_high in _settled(value, judged, total):
        ends = {"absent": without, "at_low": without + at_low, "at_high": without + at_high}
        found = {name: float(of_book(draws)) for name, draws in ends.items()}
        rows.append({**named(judged, position), **found, "swing": found["at_high"] - found["absent"]})
    table = pd.DataFrame(rows).sort_values("swing", ascending=False, kind="stable", ignore_index=True)
    table = flagged(table, value.caution)
    table.attrs = {
        "book": float(of_book(total)),
        "statistic": statistic,
        "currency": value.currency or "",
        "settings": str(value.settings),
    }
    return table


def _settled(
    value: "LifetimeValue", judged: FutureValuePriors, total: Array
) -> Iterator[tuple[int, Array, Array, Array]]:
    """Each judgement's position, the book if it brings nothing, and what it would bring at either end."""
    low, high = amounts_used(judged, ENDS).T
    surely = zip(
        opportunity_parts(value, judged),
        opportunity_parts(value, surely_bringing(judged, low)),
        opportunity_parts(value, surely_bringing(judged, high)),
        strict=True,
    )
    for (position, money), (_, at_low), (_, at_high) in surely:
        yield position, total - money, at_low, at_high
    for position, money, worth in settled_opinions(value, judged):
        yield position, total - money, np.asarray(worth * low[position]), np.asarray(worth * high[position])


def _part(money: Array, total: Array, interval: Interval) -> dict[str, float]:
    """What a part of the book means for it, and the book without it."""
    covariance = np.cov(money, total)
    without = summarize_sorted(np.sort(total - money)[np.newaxis], *interval)
    return {
        "mean": float(money.mean()),
        "mean_share": float(share_of(money.mean(), total.mean())),
        "variance_share": float(share_of(covariance[0, 1], covariance[1, 1])),
        **{f"without_{name}": float(values[0]) for name, values in without.items() if name != "sd"},
    }


def _described(value: "LifetimeValue", table: pd.DataFrame, interval: Interval) -> pd.DataFrame:
    table = flagged(table, value.caution)
    table.attrs = {
        "currency": value.currency or "",
        "interval": describe_interval(*interval),
        "settings": str(value.settings),
    }
    return table
