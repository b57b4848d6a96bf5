"""A value broken down: by source, by horizon, by future year."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import summarize_sorted
from ltv_bayes.value.draws.valuation import REALISED, Components, added
from ltv_bayes.value.valued import TOTAL, Valued, share_of, subject

Interval = tuple[float, str]


def explain(value: Valued, customer_id: Any, interval: Interval) -> pd.DataFrame:
    """Each source and the total; see `LifetimeValue.explain`."""
    money = value.money(customer_id)
    rows = np.sort(np.stack([*money.values(), added(money)]), axis=1)
    table = pd.DataFrame(summarize_sorted(rows, *interval), index=pd.Index([*money, TOTAL], name="component"))
    means = value.means(customer_id)
    table["mean"] = [*means.values(), sum(means.values())]
    table["share"] = share_of(table["mean"].to_numpy(), table.loc[TOTAL, "mean"])
    return value.described(table, interval, subject=subject(customer_id))


def explain_to_come(explained: pd.DataFrame) -> pd.DataFrame:
    """The same without what is realised: that is certain, so it shifts the total and its bounds, and no more."""
    if REALISED not in explained.index:
        return explained
    table = explained.drop(index=REALISED)
    shifted = [name for name in table.select_dtypes("number").columns if name not in ("sd", "share")]
    table.loc[TOTAL, shifted] -= float(explained.loc[REALISED, "mean"])
    table["share"] = share_of(table["mean"].to_numpy(), table.loc[TOTAL, "mean"])
    return table


def by_horizon(value: Valued, customer_id: Any, interval: Interval) -> pd.DataFrame:
    """One row for each horizon; see `LifetimeValue.by_horizon`."""
    horizons = value.settings.terms.horizons
    until = value.valuation.terms.periods_until()[: len(horizons)]
    flows = value.results.flows(customer_id)
    rows = {name: np.stack([money[:last].sum(axis=0) for last in until]) for name, money in flows.items()}
    means = {
        name: np.array([mean[:last].sum() for last in until]) for name, mean in value.results.means(customer_id).items()
    }
    index = pd.Index([str(one) for one in horizons], name="horizon")
    return value.described(_summarized(value, rows, means, index, interval), interval, subject=subject(customer_id))


def cash_flow(value: Valued, customer_id: Any, interval: Interval) -> pd.DataFrame:
    """One row for each future year; see `LifetimeValue.cash_flow`."""
    ends = value.valuation.terms.edges("year")[: value.periods]
    year = np.ceil(np.round(ends, 9)).astype(int)
    firsts = np.flatnonzero(np.diff(year, prepend=0))
    flows = {name: flow[: value.periods] for name, flow in value.results.flows(customer_id).items() if name != REALISED}
    rows = {name: np.add.reduceat(money, firsts, axis=0) for name, money in flows.items()}
    known = {name: mean[: value.periods] for name, mean in value.results.means(customer_id).items() if name != REALISED}
    means = {name: np.add.reduceat(mean, firsts) for name, mean in known.items()}
    table = _summarized(value, rows, means, pd.Index(year[firsts], name="year"), interval)
    table.insert(0, "until", ends[[*(firsts[1:] - 1), len(ends) - 1]])
    return value.described(table, interval, subject=subject(customer_id), settings=str(value.settings.to_come))


def _summarized(
    value: Valued, rows: Components, means: Components, index: pd.Index, interval: Interval
) -> pd.DataFrame:
    """Summaries of rows of draws, with the mean of each source."""
    total: Array = added(rows) if rows else np.zeros((len(index), value.valuation.size))
    table = pd.DataFrame(summarize_sorted(np.sort(total, axis=1), *interval), index=index)
    if means:
        table["mean"] = added(means)
    return table.assign(**{f"mean_{name}": mean for name, mean in means.items()})
