"""How much of a book hangs on each judgement."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, flagged, interval_settings, summarize_sorted
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.changes import amounts_used, with_certain_amounts
from ltv_bayes.value.draws.valuation import JUDGED, Components, added
from ltv_bayes.value.influence.judged_parts import (
    NOBODY,
    judged_parts,
    named,
    opportunity_parts,
    require_judged,
    settled_opinions,
)
from ltv_bayes.value.influence.shares import share_of

if TYPE_CHECKING:
    from ltv_bayes.value.lifetime_value import LifetimeValue

Interval = tuple[float, str]
ENDS = np.array([0.1, 0.9])
TOLD = "streams as judged"


def judgement_share(value: "LifetimeValue") -> pd.Series:
    """How much of the book is judgement: its share of the mean, and of the variance of the total.

    The share of variance is Cov(judged, total) / Var(total), so the shares of all components add up to 1.
    """
    if JUDGED not in value.sources:
        return pd.Series({"mean": 0.0, "variance": 0.0}, name="judgement_share")
    book = value.book()
    judged, total = book[JUDGED], added(book)
    covariance = np.cov(judged, total)
    shares = {
        "mean": float(share_of(judged.mean(), total.mean())),
        "variance": float(share_of(covariance[0, 1], covariance[1, 1])),
    }
    return pd.Series(shares, name="judgement_share")


def sensitivity(value: "LifetimeValue", ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
    """How much of the book each judgement is, and what the book is without it.

    Parameters
    ----------
    ci_prob : float, optional
        Probability of the interval; ArviZ's setting where not given.
    ci_kind : {"eti", "hdi"}, optional
        Equal-tailed or highest-density interval; ArviZ's setting where not given.

    Returns
    -------
    pandas.DataFrame
        One row for each source as it is without judgement; one for what judgements change about these, such as who
        is alive, if they do; then one for each judgement, the largest mean first: source,
        customer_id, opportunity, expert; mean (of its money within the value); mean_share and variance_share,
        Cov(part, total) / Var(total), each of which adds up to 1 over all rows; mean, median and interval of the
        book without it under ``without_``.

    Raises
    ------
    InputError
        If nothing is judged.

    Notes
    -----
    Beyond the totals of the book only judged customers are looked at, unless judgements change what streams bring:
    then the book is valued a second time, without them. The part of an opinion on a whole value is by how much it
    changes that.
    """
    interval = interval_settings(ci_prob, ci_kind)
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


def with_and_without(
    value: "LifetimeValue", customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
) -> pd.DataFrame:
    """The value with judgement beside the value without it.

    Parameters
    ----------
    customer_id
        One customer; the whole book when left out.

    Returns
    -------
    pandas.DataFrame
        Three rows, with judgement, without judgement, what judgement adds: mean, sd, median, interval.

    Raises
    ------
    InputError
        If nothing is judged.
    """
    interval = interval_settings(ci_prob, ci_kind)
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


def tornado(value: "LifetimeValue", statistic: Literal["mean", "median"] = "mean") -> pd.DataFrame:
    """Which judgements matter: the book if one opportunity is known not to come, or to come.

    An opinion on a whole value is settled likewise: the customer brings nothing, or the low or high amount.

    Parameters
    ----------
    statistic : {"mean", "median"}
        Of the book.

    Returns
    -------
    pandas.DataFrame
        One row for each judgement: customer_id, opportunity, expert; the book if it does not come (absent), if it
        comes with its low amount (at_low) and with its high one (at_high), of which each is passed with one chance
        in ten, after recalibration; swing = at_high - absent, the largest first. ``attrs["book"]`` is the book as
        it stands.

    Raises
    ------
    InputError
        If nothing is judged, or the statistic is unknown.
    """
    if statistic not in ("mean", "median"):
        raise InputError(f"statistic must be 'mean' or 'median', not {statistic!r}.")
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
        opportunity_parts(value, with_certain_amounts(judged, low)),
        opportunity_parts(value, with_certain_amounts(judged, high)),
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
