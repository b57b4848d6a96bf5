"""How much of a portfolio depends on each judgement."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import summarize_sorted
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.provenance import quantiles_used
from ltv_bayes.language import N_, _
from ltv_bayes.value.draws.valuation import JUDGED, Components, added, streams_are_judged
from ltv_bayes.value.influence.judged_parts import (
    NO_ONE,
    judged_parts,
    means_of_changes,
    named,
    opportunity_parts,
    require_judged,
    settled_opinions,
)
from ltv_bayes.value.valued import Valued, share_of

Interval = tuple[float, str]
ENDS = np.array([0.1, 0.9])
AS_JUDGED = N_("streams as judged")
WITH_AND_WITHOUT = (N_("with judgement"), N_("without judgement"), N_("what judgement adds"))


def judgement_share(value: Valued) -> pd.Series:
    """Share of the mean and of the variance; see `JudgementInValue.share`."""
    if JUDGED not in value.sources:
        return pd.Series({"mean": 0.0, "variance": 0.0}, name="judgement_share")
    money, means = value.money(), value.means()
    mean = float(share_of(means[JUDGED], sum(means.values())))
    shares = {"mean": mean, "variance": _variance_share(money[JUDGED], added(money))}
    return pd.Series(shares, name="judgement_share")


def sensitivity(value: Valued, interval: Interval) -> pd.DataFrame:
    """A row for each source and each judgement; see `JudgementInValue.sensitivity`."""
    judged, total, whole = require_judged(value), value.total(), sum(value.means().values())
    without = _without(value)
    means = value.without_judgement().means() if without else {}
    others = [
        {"source": name, **NO_ONE, **_part(money, total, interval, means[name], whole)}
        for name, money in without.items()
    ]
    left, judgements = total - added(without) if without else total.copy(), []
    mean_left, changes = whole - sum(means.values()), means_of_changes(value, judged)
    for position, money in judged_parts(value):
        part = _part(money, total, interval, changes.get(position, float(money.mean())), whole)
        judgements.append({"source": JUDGED, **named(judged, position), **part})
        left -= money
        mean_left -= part["mean"]
    if streams_are_judged(value.valuation):
        others.append({"source": AS_JUDGED, **NO_ONE, **_part(left, total, interval, mean_left, whole)})
    ranked = pd.DataFrame(judgements).sort_values("mean", ascending=False, kind="stable").to_dict("records")
    return value.described(pd.DataFrame([*others, *ranked]), interval)


def with_and_without(value: Valued, customer_id: Any, interval: Interval) -> pd.DataFrame:
    """Three rows, with judgement, without, and the difference; see `JudgementInValue.with_and_without`."""
    require_judged(value)
    total = value.total(customer_id)
    sources = _without(value, customer_id)
    without = added(sources) if sources else np.zeros_like(total)
    rows = np.sort(np.stack([total, without, total - without]), axis=1)
    index = pd.Index(list(WITH_AND_WITHOUT), name="value")
    mean = sum(value.means(customer_id).values())
    left = sum(value.without_judgement().means(customer_id).values()) if sources else 0.0
    table = pd.DataFrame(summarize_sorted(rows, *interval), index=index).assign(mean=[mean, left, mean - left])
    return value.described(table, interval)


def _without(value: Valued, customer_id: Any = None) -> Components:
    """Sources of the portfolio, or of one customer, as they are without judgement."""
    if value.sources == [JUDGED]:
        return {}
    return value.without_judgement().money(customer_id)


def tornado(value: Valued, statistic: Literal["mean", "median"] = "mean") -> pd.DataFrame:
    """Each judgement settled in turn; see `JudgementInValue.tornado`."""
    if statistic not in ("mean", "median"):
        raise InputError(_("statistic must be 'mean' or 'median', not {statistic!r}.", statistic=statistic))
    judged, total = require_judged(value), value.total()
    statistic_of = np.mean if statistic == "mean" else np.median
    if statistic == "mean":
        total = total + (sum(value.means().values()) - total.mean())  # the total and every row at the mean of `explain`
    rows = []
    for position, without, at_low, at_high in _settled(value, judged, total):
        ends = {"absent": without, "at_low": without + at_low, "at_high": without + at_high}
        found = {name: float(statistic_of(draws)) for name, draws in ends.items()}
        rows.append({**named(judged, position), **found, "swing": found["at_high"] - found["absent"]})
    table = pd.DataFrame(rows).sort_values("swing", ascending=False, kind="stable", ignore_index=True)
    return value.described(table, total=float(statistic_of(total)), statistic=statistic)


def _settled(value: Valued, judged: FutureValuePriors, total: Array) -> Iterator[tuple[int, Array, Array, Array]]:
    """Each judgement's position, the portfolio if it fails, and its money at either end if it succeeds."""
    low, high = amounts_used(judged, ENDS).T
    surely = zip(
        opportunity_parts(value, judged),
        opportunity_parts(value, with_certain_amounts(judged, low)),
        opportunity_parts(value, with_certain_amounts(judged, high)),
        strict=True,
    )
    for (position, money), (_unused, at_low), (_unused, at_high) in surely:
        yield position, total - money, at_low, at_high
    for position, money, worth in settled_opinions(value, judged):
        yield position, total - money, np.asarray(worth * low[position]), np.asarray(worth * high[position])


def amounts_used(judged: FutureValuePriors, levels: Array) -> Array:
    """Quantiles of each judgement's amount as it is used, adjustments in it: shape (judgements, levels)."""
    changes = [None if judged.adjustments is None else judged.adjustments.of(place) for place in range(len(judged))]
    rows = zip(judged.table.to_dict("records"), changes, strict=True)
    return np.array([quantiles_used(row, change, levels) for row, change in rows])


def with_certain_amounts(judged: FutureValuePriors, amounts: Array) -> FutureValuePriors:
    """Let every opportunity occur for certain, with these amounts, and when it was expected."""
    certain = {"probability": 1.0, "chance_a": np.nan, "chance_b": np.nan}
    fixed = {"family": "log-normal", "amount_1": amounts, "amount_2": 0.0, "amount_3": 0.0}
    return replace(judged, table=judged.table.assign(**certain, **fixed), adjustments=None)


def _variance_share(money: Array, total: Array) -> float:
    """Share of a part in the variance of the portfolio."""
    covariance = np.cov(money, total, ddof=min(1, total.size - 1))  # of one draw, nothing
    return float(share_of(covariance[0, 1], covariance[1, 1]))


def _part(money: Array, total: Array, interval: Interval, mean: float, whole: float) -> dict[str, float]:
    """The share of a part in the portfolio, and the portfolio without it; from draws, and means of both."""
    without = summarize_sorted(np.sort(total - money)[np.newaxis], *interval)
    without["mean"] = np.array([whole - mean])
    return {
        "mean": mean,
        "mean_share": float(share_of(mean, whole)),
        "variance_share": _variance_share(money, total),
        **{f"without_{name}": float(values[0]) for name, values in without.items() if name != "sd"},
    }
