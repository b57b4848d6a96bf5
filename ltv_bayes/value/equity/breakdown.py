"""Customer equity broken down: by part, channel, year of acquisition, year of payment and age of the relation."""

from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.data.subscriptions.renewals import is_active
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import summarize_draws, summarize_sorted
from ltv_bayes.language import _
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.streams.subscription import Subscription
from ltv_bayes.time_units import DAYS_PER_YEAR, as_number
from ltv_bayes.value.draws.valuation import added
from ltv_bayes.value.equity.parts import COST, PLANNED, PORTFOLIO, TOTAL, Parts, to_come
from ltv_bayes.value.segments.segments import values_by

Interval = tuple[float, str]
NEXT_CUSTOMERS = 10
"""Of the next customer of a channel, this number is drawn for each draw of the parameters."""
OLDEST = 10
"""Relations of this number of years and more are one row."""


def summary(parts: Parts, interval: Interval) -> pd.DataFrame:
    """Each part and the total; see `CustomerEquity.summary`."""
    return _summarized(parts, parts.money, parts.means, interval)


def by_channel(parts: Parts, interval: Interval) -> pd.DataFrame:
    """Each channel; see `CustomerEquity.by_channel`."""
    rows, planned = parts.plan.rows, parts.planned
    places = rows.groupby("channel", sort=False).indices
    net = {name: planned.by_row[at].sum(axis=0) - planned.cost[at].sum() for name, at in places.items()}
    means = {name: planned.expected_by_row[at].sum() - planned.cost[at].sum() for name, at in places.items()}
    table = _summarized(parts, net, means, interval, name="channel")
    total = rows.groupby("channel", sort=False)[["customers", "cost"]].sum()
    each = (total["cost"] / total["customers"].replace(0, np.nan)).to_numpy(dtype=float)
    worth = {name: _next_customer(parts, str(name), cost) for name, cost in zip(places, each, strict=True)}
    table.insert(0, "customers", total["customers"].to_numpy())
    table.insert(1, "cost_per_customer", each)
    table.insert(2, "expected_value", [one[0] for one in worth.values()])
    table.insert(3, "probability_next_customer_loses", [one[1] for one in worth.values()])
    table["probability_above_0"] = [float((values > 0).mean()) for values in net.values()]
    return table


def by_year(parts: Parts, interval: Interval) -> pd.DataFrame:
    """Each calendar year of acquisition; see `CustomerEquity.by_year`."""
    planned, years = parts.planned, parts.plan.rows["won_on"].dt.year
    places = parts.plan.rows.groupby(years, sort=True).indices
    net = {year: planned.by_row[at].sum(axis=0) - planned.cost[at].sum() for year, at in places.items()}
    value = {year: planned.expected_by_row[at].sum() for year, at in places.items()}
    cost = {year: planned.cost[at].sum() for year, at in places.items()}
    means = {year: value[year] - cost[year] for year in places}
    table = _summarized(parts, net, means, interval, name="year")
    table.insert(0, "customers", [parts.plan.rows["customers"].iloc[at].sum() for at in places.values()])
    table.insert(1, "value", list(value.values()))
    table.insert(2, "cost", list(cost.values()))
    return table


def cash_flow(parts: Parts, interval: Interval) -> pd.DataFrame:
    """Each year of payment; see `CustomerEquity.cash_flow`."""
    planned = parts.planned
    portfolio, mean = portfolio_by_year(parts)
    years = max(len(portfolio), len(planned.by_year))
    flows = {PORTFOLIO: _longer(portfolio, years), PLANNED: _longer(planned.by_year, years)}
    means = {PORTFOLIO: _longer(mean, years), PLANNED: _longer(planned.expected_by_year, years)}
    cost = -_longer(planned.cost_by_year, years)
    net = dict(enumerate(added(flows) + cost[:, np.newaxis], 1))
    table = _summarized(parts, net, dict(enumerate(added(means) + cost, 1)), interval, name="year")
    return table.assign(**{f"mean_{name}": one for name, one in means.items()}, **{f"mean_{COST}": cost})


def portfolio_by_year(parts: Parts) -> tuple[Array, Array]:
    """Money of the portfolio by year after the as-of date, (years, draws), and its means (years,)."""
    value = parts.value
    year = np.ceil(np.round(value.valuation.terms.edges("year")[: value.periods], 9)).astype(int)
    flows = added(to_come({name: flow[: value.periods] for name, flow in value.results.flows().items()}))
    means = added(to_come({name: mean[: value.periods] for name, mean in value.results.means().items()}))
    money, mean = np.zeros((year[-1], flows.shape[1])), np.zeros(year[-1])
    np.add.at(money, year - 1, flows)
    np.add.at(mean, year - 1, means)
    return money, mean


def by_age(parts: Parts, interval: Interval) -> pd.DataFrame:
    """Each age of the relation; see `CustomerEquity.by_age`."""
    ages = _ages(parts)
    if ages.isna().all():
        raise InputError(_("No customer of today has a contract, so there is no residual value."))
    named = np.minimum(np.floor(ages.dropna()), OLDEST).map(lambda age: f"{int(age):02d}")
    segments = values_by(parts.value, named.reindex(ages.index), None)
    measure = segments.measures[0]
    table = summarize_draws(segments.draws(measure), ci_prob=interval[0], ci_kind=interval[1])
    table = table.assign(mean=segments.mean(measure))
    table.insert(0, "customers", segments.customers)
    table = table.loc[sorted(named.unique())]
    names = [f"{OLDEST}+" if int(age) == OLDEST else str(int(age)) for age in table.index]
    return parts.value.described(table.set_axis(pd.Index(names, name="age")), interval)


def company_value(parts: Parts, tax_rate: Any, cash: Any, debt: Any, interval: Interval) -> pd.DataFrame:
    """Equity, tax, cash, debt and their sum; see `CustomerEquity.company_value`."""
    rate, held, owed = as_share(tax_rate, "tax_rate"), as_number(cash, "cash"), as_number(debt, "debt")
    for name, amount in (("cash", held), ("debt", owed)):
        if amount < 0:
            raise InputError(_("{name} must be 0 or more, not {amount:g}.", name=name, amount=amount))
    equity = parts.money[TOTAL]
    tax, same = -rate * np.maximum(equity, 0.0), np.ones_like(equity)
    money = {TOTAL: equity, "tax": tax, "cash": held * same, "debt": -owed * same}
    means = {**{name: float(one.mean()) for name, one in money.items()}, TOTAL: parts.means[TOTAL]}
    means["company_value"] = sum(means.values())
    return _summarized(parts, {**money, "company_value": added(money)}, means, interval)


def _next_customer(parts: Parts, channel: str, cost: float) -> tuple[float, float]:
    """Expected value of the next customer of a channel, won today, and the probability that it is below their cost."""
    terms, segment = parts.terms[channel], parts.segments[channel]
    newcomer, kept = parts.newcomers[channel], terms.kept(segment)
    rng = customer_stream(parts.seed, "next customer", channel)
    drawn = [kept * newcomer.draw(rng, terms.horizon, terms.discount_rate) for _unused in range(NEXT_CUSTOMERS)]
    expected = float(np.mean(kept * newcomer.expected(terms.horizon, terms.discount_rate)))
    return expected, float(np.mean(np.stack(drawn) < cost)) if np.isfinite(cost) else np.nan


def _ages(parts: Parts) -> pd.Series:
    """Years since the relation began, by customer; missing where it is known to have ended."""
    customers = parts.value.customers
    if customers.has_history:
        since = customers.in_time_unit("day").table["T"] / DAYS_PER_YEAR
        return pd.Series(since.to_numpy(dtype=float), index=customers.ids)
    contracts = [one.renewals.table for one in parts.value.valuation.streams if isinstance(one, Subscription)]
    contracts = [table[is_active(table)] for table in contracts]
    starts = [pd.Series(table["start"].to_numpy(), index=as_text(table.index)) for table in contracts]
    if not starts:
        raise InputError(
            _("Nothing states when the relations of these customers began. Value customers made by summarize().")
        )
    first = pd.concat(starts).groupby(level=0).min().reindex(as_text(customers.ids))
    days = (pd.Timestamp(customers.as_of) - first).dt.days.to_numpy(dtype=float)
    return pd.Series(days / DAYS_PER_YEAR, index=customers.ids)


def _longer(values: Array, years: int) -> Array:
    """The same with nothing in further years."""
    return np.pad(values, [(0, years - len(values)), *[(0, 0)] * (values.ndim - 1)])


def _summarized(
    parts: Parts, draws: dict[Any, Array], means: dict[Any, float], interval: Interval, *, name: str = "component"
) -> pd.DataFrame:
    rows = np.sort(np.stack(list(draws.values())), axis=1)
    table = pd.DataFrame(summarize_sorted(rows, *interval), index=pd.Index(list(draws), name=name))
    table["sd"] = table["sd"].where(table["sd"].isna() | (rows[:, 0] != rows[:, -1]), 0.0)
    return parts.value.described(table.assign(mean=list(means.values())), interval)
