"""How value grows with the horizon, and what comes in each future year."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, flagged, interval_settings, summarize_sorted
from ltv_bayes.value.draws.valuation import REALISED, Components, added

if TYPE_CHECKING:
    from ltv_bayes.value.lifetime_value import LifetimeValue


def by_horizon(
    value: "LifetimeValue", customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
) -> pd.DataFrame:
    """How value grows with the horizon: one row for each horizon asked for, up to this one.

    Parameters
    ----------
    customer_id
        One customer; the whole book when left out.

    Returns
    -------
    pandas.DataFrame
        Indexed by horizon: mean, sd, median, interval, and the mean of each source under ``mean_`` and its name.
    """
    interval = interval_settings(ci_prob, ci_kind)
    horizons = value.settings.terms.horizons
    until = value.valuation.terms.periods_until()[: len(horizons)]
    flows = value.results.flows(customer_id)
    rows = {name: np.stack([money[:last].sum(axis=0) for last in until]) for name, money in flows.items()}
    return _table(value, rows, pd.Index([str(one) for one in horizons], name="horizon"), customer_id, interval)


def cash_flow(
    value: "LifetimeValue", customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
) -> pd.DataFrame:
    """Value per future year: what comes in each year, at today's worth if values are discounted.

    Parameters
    ----------
    customer_id
        One customer; the whole book when left out.

    Returns
    -------
    pandas.DataFrame
        Indexed by year (1 is the year after the as-of date; the last may be a part of one): until (its end, in
        years), mean, sd, median, interval, and the mean of each source under ``mean_`` and its name. What was
        realised before is no future money and not among it.
    """
    interval = interval_settings(ci_prob, ci_kind)
    until = value.valuation.terms.periods_until()[value.settings.place]
    ends = value.valuation.terms.edges("year")[:until]
    year = np.ceil(np.round(ends, 9)).astype(int)
    firsts = np.flatnonzero(np.diff(year, prepend=0))
    flows = {name: money[:until] for name, money in value.results.flows(customer_id).items() if name != REALISED}
    rows = {name: np.add.reduceat(money, firsts, axis=0) for name, money in flows.items()}
    index = pd.Index(year[firsts], name="year")
    table = _table(value, rows, index, customer_id, interval)
    table.insert(0, "until", ends[[*(firsts[1:] - 1), len(ends) - 1]])
    return table


def _table(
    value: "LifetimeValue", rows: Components, index: pd.Index, customer_id: object, interval: tuple[float, str]
) -> pd.DataFrame:
    """Summaries of rows of draws, with the mean of each source."""
    total: Array = added(rows) if rows else np.zeros((len(index), value.valuation.size))
    table = pd.DataFrame(summarize_sorted(np.sort(total, axis=1), *interval), index=index)
    table = flagged(table.assign(**{f"mean_{name}": money.mean(axis=1) for name, money in rows.items()}), value.caution)
    table.attrs = {
        "subject": "all customers" if customer_id is None else str(customer_id),
        "currency": value.currency or "",
        "interval": describe_interval(*interval),
        "settings": str(value.settings),
    }
    return table
