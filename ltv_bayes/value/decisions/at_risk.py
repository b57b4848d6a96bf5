"""Whose next renewal is at risk, what is at stake, and why."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.data.subscriptions.renewals import Renewals, is_active
from ltv_bayes.errors import InputError, a_kind, counted
from ltv_bayes.formatting import money, probability, three_digits, with_currency
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import flagged, quoted_with
from ltv_bayes.language import _, _n, comma, retold
from ltv_bayes.predictions.churn.factors import FactorsAtRenewals, beside_factors
from ltv_bayes.predictions.churn.time_varying import TimeVarying, known_now
from ltv_bayes.predictions.fitted import parameter_arrays, pooling_of, thinned_to
from ltv_bayes.predictions.renewals import FittedRenewals, next_renewal_is_made
from ltv_bayes.streams.subscription import ALL, Subscription, fees_to_come
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import as_duration
from ltv_bayes.value.draws.margins import Margins
from ltv_bayes.value.lifetime_value import LifetimeValue, valued_of

SHOWN = 10
DRAWS = 400
"""Expected fees are taken over this number of draws of the parameters."""
SAME = 1e-9
NOTICEABLE = 1.1
"""A reason multiplies the odds of leaving by this number or more."""


@dataclass(frozen=True, eq=False, repr=False)
class AtRisk(Printed):
    """Subscriptions with a next renewal that may not be made, and the fees that are lost then.

    Attributes
    ----------
    facts : pandas.DataFrame
        Indexed by customer_id, the most at stake first: product, if contracts have one; due_on;
        probability_not_renewed; fee, of that renewal; value_if_renewed and at_stake (means); and the reason in words.
    due : int
        The number of subscriptions with a renewal due by then.
    as_of, until : datetime.date
        Renewals are due after the first day, up to the second.
    least : float
        Who is less likely than this not to renew is left out.
    currency : str or None
        Currency of the values.
    settings : str
        Of the value.
    caution : str
        What every table must say; empty when nothing.
    """

    facts: pd.DataFrame
    due: int
    as_of: dt.date
    until: dt.date
    least: float
    currency: str | None
    settings: str
    caution: str = ""

    def summary(self) -> pd.DataFrame:
        """One row per subscription: when its renewal is due, how likely it is not made, what is at stake, and why."""
        table = self.facts.assign(reason=[retold(one) for one in self.facts["reason"]])
        return flagged(table, self.caution, self.currency)

    def sentence(self) -> str:
        """How many renewals are at risk, and what is at stake, to quote."""
        due = counted(self.due, "renewal")
        stake = with_currency(money(float(self.facts["at_stake"].sum()), self.currency), self.currency)
        text = _n(
            "{n:,} of {due} due until {until} is at risk, with a probability of {least} or more that it is not made. "
            "Together, fees of {stake} are at stake on average.",
            "{n:,} of {due} due until {until} are at risk, with a probability of {least} or more that they are not "
            "made. Together, fees of {stake} are at stake on average.",
            len(self.facts),
            due=due,
            until=self.until,
            least=probability(self.least),
            stake=stake,
        )
        return quoted_with(text, self.caution)

    def _page(self) -> ResultPage:
        lines = [self.sentence(), retold(self.settings)]
        return ResultPage(lines, None if self.facts.empty else self.summary(), (), self.currency, rows=SHOWN)


def at_risk(ltv: LifetimeValue, *, within: Any = "3 months", least: float = 0.1, stream: str | None = None) -> AtRisk:
    """Whose next renewal is at risk, what is at stake with it, and why.

    Parameters
    ----------
    ltv : LifetimeValue
        A value with a subscription.
    within : str or Duration
        Renewals that are due by then, ``"3 months"`` after the as-of date.
    least : float
        Least probability that a renewal is not made that counts.
    stream : str, optional
        Name of the subscription; all of them, if not given.

    Returns
    -------
    AtRisk
        ``.summary()`` is the table, the most at stake first.

    Raises
    ------
    InputError
        If the value has no such subscription.
    UnitError
        If the least probability is not between 0 and 1.

    Notes
    -----
    At stake is what is lost if the renewal is not made: the fees to come given that it is made, discounted, after
    margin and up to the horizon of the value, times the probability that it is not. A subscriber whose renewal is
    nearly certain to fail has much at stake too: whether it can be saved, the model does not know.

    The reason names what raises the odds of leaving by a tenth or more, as the fit knows it, the strongest first: the
    number of renewals so far, the segment, a covariate on its bad side, such as a health score by date. The score named
    is the newest; what counts is how much of it is left when the renewal is due. A step up in the fee is named where it
    is known; what it does to churn is not in the model. Fees count as price_changes= say; growth= of the stream is not
    in them.

    Examples
    --------
    >>> import ltv_bayes as lb
    >>> contracts = {"customer": ["Ada", "Bo"], "start": ["2025-01-20", "2021-02-10"], "price": 100}
    >>> records = pd.DataFrame({**contracts, "cancelled_on": None})
    >>> renewals = lb.summarize_renewals(records, period="year", as_of="2025-12-31")
    >>> fit = lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[3.0]]}, periods="year")
    >>> stream = lb.Subscription(fit, renewals)
    >>> ltv = lb.lifetime_value(lb.all_customers(renewals), stream, horizon="5 years", discount_rate=0.1)
    >>> at_risk(ltv).summary()["probability_not_renewed"].to_dict()
    {'Ada': 0.25, 'Bo': 0.125}
    """
    if not isinstance(ltv, LifetimeValue):
        raise InputError(_("at_risk needs what lifetime_value(...) returned, not {kind}.", kind=a_kind(ltv)))
    least = as_share(least, "least")
    value = valued_of(ltv)
    streams = [one for one in value.valuation.streams if isinstance(one, Subscription)]
    streams = [one for one in streams if stream is None or one.name == stream]
    if not streams:
        raise InputError(
            _("No stream of this value is such a subscription. Value one: Subscription(fit, renewals), for instance.")
        )
    terms, margins = value.settings.terms, value.valuation.margins
    as_of: Any = terms.as_of
    until = (pd.Timestamp(as_of) + pd.Timedelta(days=as_duration(within, "within").days)).date()
    found = [_of_stream(one, terms, margins, value.customers, until) for one in streams]
    facts = pd.concat(found)
    due = len(facts)
    facts = facts[facts["probability_not_renewed"] >= least].sort_values("at_stake", ascending=False, kind="stable")
    settings = str(value.settings.to_come)
    return AtRisk(facts, due, as_of, until, least, ltv.currency, settings, value.caution)


def _of_stream(stream: Subscription, terms: Terms, margins: Margins, customers: Any, until: dt.date) -> pd.DataFrame:
    """Active contracts of a subscription with a renewal due by a day."""
    table = stream.renewals.table
    valued = table.index.isin(customers.ids)
    due = is_active(table) & valued & (table["next_due"] <= pd.Timestamp(until)).to_numpy()
    rows = np.flatnonzero(due)
    every, chosen, by_length = stream.renewals.subset(due) if rows.size else None, table.iloc[rows], stream.fits
    fits = [by_length[ALL] if ALL in by_length else by_length[period] for period in chosen["period"]]
    today = chosen["price"].to_numpy(dtype=float) if "price" in chosen else np.full(len(rows), stream.price)
    lost, renewed, fee = np.zeros((3, len(rows)))
    why = np.full(len(rows), "", dtype=object)
    rate = terms.discount_rate if stream.discount_rate is None else stream.discount_rate
    delta = terms.discounted_at(rate).delta("day")
    for fit in stream.fits.values():
        own = np.flatnonzero([one is fit for one in fits])
        if not own.size:
            continue
        some = thinned_to(fit, DRAWS)
        assert every is not None
        some_renewals = every.subset(np.isin(np.arange(len(rows)), own))
        made = next_renewal_is_made(fit, some_renewals)
        lost[own] = 1 - made.mean(axis=(0, 1))
        paid, days, amounts = fees_to_come(stream, rows[own], terms.last_days()[-1])
        worth = amounts * np.exp(-delta * days)
        for number, staying in enumerate(_given_the_next(some, some_renewals, paid)):
            at, place = slice(paid[number], paid[number + 1]), own[number]
            renewed[place] = (staying * worth[at]).sum()
            fee[place] = amounts[at][0] if staying.size else np.nan
        why[own] = _reasons(some, some_renewals, lost[own], today[own], fee[own])
    kept = margins.of(stream.name, customers)[customers.ids.get_indexer(chosen.index)]
    stake = renewed * kept
    facts = pd.DataFrame(
        {
            "due_on": chosen["next_due"].to_numpy(),
            "probability_not_renewed": lost,
            "fee": fee,
            "value_if_renewed": stake,
            "at_stake": stake * lost,
            "reason": pd.Series(why, chosen.index, dtype=object),
        },
        index=chosen.index,
    )
    if "product" in chosen:
        facts.insert(0, "product", chosen["product"].to_numpy())
    return facts


def _given_the_next(fit: FittedRenewals, renewals: Renewals, paid: IntArray) -> Iterator[Array]:
    """Probabilities of the renewals to come of each subscription, given that the next one is made: (renewals,)."""
    table = renewals.table
    made, ahead = table["renewals"].to_numpy(dtype=np.int64), np.diff(paid)
    factors = FactorsAtRenewals.of(fit, renewals, made + np.maximum(ahead, 1))
    drawn = {name: values.reshape(-1, values.shape[-1]) for name, values in parameter_arrays(fit, table).items()}
    for place, number in enumerate(ahead):
        own = {name: values[:, [place if values.shape[1] > 1 else 0]] for name, values in drawn.items()}
        own = {name: own[name] for name in beside_factors(fit)}
        before: Any = made[place]
        sums: Any = np.arange(1, number + 1)
        if factors is not None:
            sums_before, ahead_factors = factors.at(place, int(made[place]))
            before, sums = sums_before[:, np.newaxis], np.cumsum(ahead_factors, axis=-1)
        staying = shifted_beta_geometric.survival(sums, renewals=before, **own)
        yield (staying / staying[:, :1]).mean(axis=0)


def _reasons(fit: FittedRenewals, renewals: Renewals, lost: Array, before: Array, fee: Array) -> list[str]:
    """What raises the odds that the next renewal is not made, the strongest first; and what is known of the price."""
    table = renewals.table
    causes: list[list[tuple[float, str]]] = [[] for _unused in range(len(table))]
    by_date = _covariates_by_date(fit, renewals)
    for place, odds, cause in [*_tenure(fit, table), *_segments_and_covariates(fit, table), *by_date]:
        if odds >= NOTICEABLE:
            causes[place].append((odds, cause))
    found = []
    for place, own in enumerate(causes):
        words = [one for _odds, one in sorted(own, key=lambda one: -one[0])]
        if np.isfinite(fee[place]) and fee[place] > before[place] * (1 + SAME):
            words.append(_("the fee rises from {old} to {new}", old=money(before[place]), new=money(fee[place])))
        found.append(
            comma(words) if words else _("churn is as usual: {chance}", chance=probability(float(lost[place])))
        )
    return found


def _tenure(fit: FittedRenewals, table: pd.DataFrame) -> Iterator[tuple[int, float, str]]:
    """How the odds of leaving at this renewal compare with those after a mean number of renewals of these customers."""
    made = table["renewals"].to_numpy(dtype=np.int64)
    drawn = {name: one for name, one in parameter_arrays(fit, table).items() if name != "draw"}
    usual = 1 - shifted_beta_geometric.retention(np.round(made.mean()), **drawn).mean(axis=(0, 1))
    own = 1 - shifted_beta_geometric.retention(made, **drawn).mean(axis=(0, 1))
    odds = np.exp(special.logit(own) - special.logit(np.broadcast_to(usual, own.shape)))
    for place, ratio in enumerate(np.broadcast_to(odds, made.shape)):
        number = int(made[place])
        said = _n("only {n} renewal so far", "only {n} renewals so far", number) if number else _("the first renewal")
        if number > made.mean():
            said = _n("after {n} renewal churn rises", "after {n} renewals churn rises", number)
        yield place, float(ratio), said


def _segments_and_covariates(fit: FittedRenewals, table: pd.DataFrame) -> Iterator[tuple[int, float, str]]:
    """How the odds of leaving change with each column of a pooled fit, beside a typical subscriber."""
    pooling = pooling_of(fit)
    if pooling is None:
        return
    drawn, keys = fit.idata["posterior"].to_dataset(), pooling.grouping.keys(table, "subscription")
    chance = special.logit(pooling.quantities(drawn, keys)["churn_mean"])
    for name in (*pooling.by, *pooling.scales):
        usual = keys.assign(**{name: pooling.scales[name][0] if name in pooling.scales else None})
        shift = (chance - special.logit(pooling.quantities(drawn, usual)["churn_mean"])).mean(axis=1)
        for place, log_odds in enumerate(shift):
            if name in pooling.scales:
                said = _against_the_mean(name, float(keys[name].iloc[place]), pooling.scales[name][0])
            else:
                said = _("{name} {value}", name=name, value=str(keys[name].iloc[place]))
            yield place, float(np.exp(log_odds)), said


def _covariates_by_date(fit: FittedRenewals, renewals: Renewals) -> Iterator[tuple[int, float, str]]:
    """What each covariate that varies in time multiplies the hazard of leaving with, beside its mean.

    That is what is left of the newest value's deviation on the day of the renewal.
    """
    covariates = TimeVarying.of(fit)
    if covariates is None:
        return
    now, slopes = known_now(covariates, renewals), covariates.slopes(fit)
    days = (renewals.table["next_due"] - pd.Timestamp(renewals.as_of)).dt.days.clip(lower=0).to_numpy(dtype=float)
    left, _unused = covariates.ahead(now, days)
    for at, name in enumerate(covariates.names):
        ratios = np.exp(np.outer(slopes[:, at], left[:, at])).mean(axis=0)
        for place, ratio in enumerate(ratios):
            if not np.isnan(now[place, at]):
                yield place, float(ratio), _against_the_mean(name, float(now[place, at]), covariates.centre[at])


def _against_the_mean(name: str, value: float, usual: float) -> str:
    return _(
        "{name} {value}, against {usual} on average", name=name, value=three_digits(value), usual=three_digits(usual)
    )
