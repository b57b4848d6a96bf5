"""Cohort curves: what customers who came at one time did after an origin, through the horizon."""

import datetime as dt

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.evaluation.backtest import Backtest, holdout_occasions, named_stream, occasions
from ltv_bayes.evaluation.refitting import counts_until
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import thinned_to
from ltv_bayes.sizes import TRACKED_DRAWS
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.time_units import DAYS_PER_UNIT, Duration
from ltv_bayes.value.draws.valuation import added
from ltv_bayes.value.lifetime_value import LifetimeValue, valued_of
from ltv_bayes.value.value_customers import lifetime_value

EVERYBODY = "all customers"
STEPS, MOST_COHORTS = 6, 6


def cohort_names(first: pd.Series, until: dt.date) -> pd.Series:
    """Name the cohort of each customer by the first purchase: its month, quarter or year, so that there are up to six.

    Parameters
    ----------
    first : pandas.Series
        Day of the first purchase, indexed by customer_id.
    until : datetime.date
        The last origin; later customers do not count.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-15", "2024-02-01", "2024-02-29"])
    >>> cohort_names(pd.Series(days, index=["A", "B", "C"]), dt.date(2024, 12, 31)).tolist()
    ['2024-01', '2024-02', '2024-02']
    """
    known = first <= pd.Timestamp(until)
    for period in ("M", "Q", "Y"):
        named = first.dt.to_period(period)
        if named[known].nunique() <= MOST_COHORTS:
            return named.astype(str)
    oldest = sorted(named[known].unique())[-MOST_COHORTS]
    return named.astype(str).mask(named <= oldest, _("{oldest} and before", oldest=oldest))


def known_as(ids: pd.Index, names: pd.Series) -> pd.Series:
    """Names of customers, by their ids as text, in the order of the ids."""
    by_text = names.set_axis(as_text(names.index))
    return by_text.reindex(as_text(ids)).set_axis(ids)


def through_time(test: Backtest, cohorts: pd.Series, stream: str | None = None) -> tuple[pd.DataFrame, Array]:
    """Cumulative purchases and spend of cohorts at some times after the origin, and a few hundred draws of each.

    Parameters
    ----------
    test : Backtest
    cohorts : pandas.Series
        Name of each customer's cohort, in the order of the customers.
    stream : str, optional
        The stream of the log that is forecast, of several.

    Returns
    -------
    pandas.DataFrame
        A row for each of purchases and spend, time and cohort: of, cohort, time (in the time unit), customers, actual.
    array of shape (draws, rows)
    """
    codes, names = pd.factorize(cohorts, sort=True)
    days = np.unique(np.linspace(0, round(test.horizon.days), STEPS + 1).round().astype(int))[1:]
    lengths = [*(Duration(int(day), "day") for day in days[:-1]), test.horizon]
    fit = thinned_to(test.purchases, TRACKED_DRAWS)
    counts = counts_until(fit, test.customers, lengths, test.random_seed)
    drawn = {"purchases": np.stack([counts[..., codes == code].sum(axis=-1) for code in range(len(names))], axis=-1)}
    if test.spend is not None:
        valued = RepeatPurchases(fit, thinned_to(test.spend, TRACKED_DRAWS), named_stream(stream))
        judged, seed = test.judged.priors, test.random_seed
        ltv = lifetime_value(test.customers, valued, future_value=judged, horizon=lengths, random_seed=seed)
        drawn["spend"] = _by_cohort(ltv, pd.Series(names[codes], index=test.customers.ids), list(names))
    ends = [test.as_of + dt.timedelta(days=int(day)) for day in days]
    bought = occasions(test.orders)
    actual = [holdout_occasions(bought, test.customers, test.as_of, end).groupby(codes).sum() for end in ends]
    times = [*(float(day) / DAYS_PER_UNIT[test.time_unit] for day in days[:-1]), test.horizon.to(test.time_unit)]
    shared = {"cohort": names, "customers": np.bincount(codes)}
    rows = [
        pd.DataFrame({"of": of, "time": time, **shared, "actual": happened[of].to_numpy(dtype=float)})
        for of in drawn
        for time, happened in zip(times, actual, strict=True)
    ]
    fewest = min(each.shape[1] for each in drawn.values())
    columns = [step[:fewest] for each in drawn.values() for step in each]
    return pd.concat(rows, ignore_index=True), np.hstack(columns)


def _by_cohort(ltv: LifetimeValue, cohort: pd.Series, names: list[str]) -> Array:
    """Draws of the value of each cohort at all horizons, in one pass: an array (horizons, draws, cohorts)."""
    found = valued_of(ltv).results.segments(None, lambda some: cohort.loc[some.ids])
    total = added(found.money)[[found.names.index(name) for name in names]]
    return np.ascontiguousarray(total.transpose(1, 2, 0))
