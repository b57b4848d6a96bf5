"""What a fit is held to: quantities of the data, and what they would be in data that the fit makes up."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.subscriptions.renewals import STATES, Renewals
from ltv_bayes.errors import InputError, counted
from ltv_bayes.evaluation.backtest import occasions
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.models import bg_cnbd, bg_nbd, leaving_at_once, shifted_beta_geometric
from ltv_bayes.formulas.models.gamma_gamma import ratio_of_first_orders
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import N_, _
from ltv_bayes.models.density.dated_renewals import DatedRenewals
from ltv_bayes.predictions.churn.factors import FactorsAtRenewals, beside_factors
from ltv_bayes.predictions.churn.time_varying import TimeVarying
from ltv_bayes.predictions.events import FittedEvents, replicate_events
from ltv_bayes.predictions.fitted import flat_draws, k_of, name_of, parameters_of, shape_of, thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases, See, replicate_histories
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import (
    FittedSpend,
    first_and_later,
    order_values,
    replicate_mean_spend,
    takes_first_orders,
)
from ltv_bayes.time_units import PLURALS

DIFFER = N_(
    "Customers differ in other ways than one gamma distribution allows: let kinds of customers have rates of their own "
    "(pool_by=), or look whether these customers are of one kind at all."
)
AT_ONCE = N_("Some may have left right after the first purchase, which {model} does not know of: fit {cure}.")
HEAVY = N_(
    "The heaviest buyers are not as the model has it: look for resellers, merged accounts and internal orders, and "
    "value them apart."
)
RELATED = N_(
    "How often customers buy and the value of an order go together, and the model takes them as unrelated: let spend "
    "depend on a column that goes with both (pool_by= or covariates=), such as the size of the customer."
)
AMOUNTS = N_(
    "Mean order values are spread otherwise than the model has it: look at the largest orders, and keep projects and "
    "consumables apart, as streams of their own."
)
UNEVEN = N_(
    "Customers of like size differ otherwise than the model has it. If it takes the orders of one customer as more "
    "uneven than they are, it expects small customers to order like large ones: give order_cv a prior (priors=), or "
    "keep kinds of customers apart (pool_by=)."
)
CHURN = N_(
    "Churn does not fall with renewals as the model has it: look for a change of price, contracts of other lengths in "
    "between, or an offer that ended, and fit what differs apart (pool_by= or one fit each)."
)


FIRST = N_("first order over the mean of later ones")
FIRST_CURE = N_(
    "First orders are not like later ones of the same customers, so they say something else of what these spend: fit "
    "GammaGamma(first_order=False)."
)
FEWEST_PAIRS = 10
GROWTH = N_("value of an order in the coming year, over the mean so far")
GROWS = N_(
    "Order values of the same customers {grow} by {rate} a year{beyond} ({orders} repeat orders of {customers} "
    "customers), and the model takes them to stay as they were: orders of the coming year will be about {most} {above} "
    "its forecast, and all values with them. Fit GammaGamma(price_growth='auto'), or divide amounts by a price level "
    "that is 1 at the as-of date before they are read."
)
FEWEST_FOR_GROWTH = 10
DRAWS_APART = 400
"""Draws of a fit by which each subscription has a course of its own."""
DRAWN_SIGNS = 2000
YEAR = 365.25

PURCHASE_COUNTS = (
    N_("customers without a repeat purchase"),
    N_("customers with one repeat purchase"),
    N_("customers with 2 to 4 repeat purchases"),
    N_("repeat purchases of all"),
    N_("repeat purchases of the 1% who have most"),
)
EVENT_COUNTS = (
    N_("customers without an event"),
    N_("customers with one event"),
    N_("customers with 2 to 4 events"),
    N_("events of all"),
    N_("events of the 1% who have most"),
)
QUANTILES = {
    0.1: N_("mean order value that 10% of customers stay below"),
    0.5: N_("median mean order value"),
    0.9: N_("mean order value that 10% of customers exceed"),
}


SPREAD = "sd of the logarithm of mean order value in the"
THIRDS = (
    N_("sd of the logarithm of mean order value in the smallest third"),
    N_("sd of the logarithm of mean order value in the middle third"),
    N_("sd of the logarithm of mean order value in the largest third"),
)
FEWEST_IN_THIRDS = 9
NO_SPREAD, MUCH = 1e-3, 0.5


class Quantity(NamedTuple):
    """A number that sums up the data.

    Attributes
    ----------
    name : str
    observed : float
    replicated : array of shape (draws,)
        The same of data that the fit made up.
    cure : str
        What to do where the two are far apart.
    little : float
        What is no matter: a share of what is expected, or a difference of correlations.
    only_above : bool
        Whether less than expected is no fault.
    rare : float
        The tail probability that speaks against the fit.
    """

    name: str
    observed: float
    replicated: Array
    cure: str
    little: float = 0.05
    only_above: bool = False
    rare: float = 0.002


def of_purchases(fit: FittedPurchases, customers: Customers, seed: int, see: See | None = None) -> Iterator[Quantity]:
    """Of frequency, recency and T; ``see`` is shown the purchases that are made up, as in `replicate_histories`."""
    customers = customers.in_time_unit(fit.time_unit)
    made_up = replicate_histories(fit, customers, seed, see)
    table = customers.table
    T = table["T"].to_numpy(dtype=float)
    frequency, recency = (_flat(made_up[name]) for name in ("frequency", "recency"))
    seen, last = (table[name].to_numpy(dtype=float) for name in ("frequency", "recency"))
    yield from _of_counts(seen, frequency, PURCHASE_COUNTS, too_many_without=_left_at_once(fit))
    name = _("mean silence of repeat customers, in {units}", units=_(PLURALS[fit.time_unit]))
    yield Quantity(name, _silence(seen, last, T)[0], _silence(frequency, recency, T), _silent(fit))


def of_events(fit: FittedEvents, customers: Customers, seed: int) -> Iterator[Quantity]:
    """Of the numbers of events."""
    customers = customers.in_time_unit(fit.time_unit)
    made_up = _flat(replicate_events(fit, customers, seed)["frequency"])
    yield from _of_counts(customers.table["frequency"].to_numpy(dtype=float), made_up, EVENT_COUNTS)


def of_spend(fit: FittedSpend, customers: Customers, seed: int) -> Iterator[Quantity]:
    """Of mean order values, and of whether they go with frequency."""
    first = takes_first_orders(fit)
    orders, seen = order_values(customers, first)
    if not (orders > 0).any():
        raise InputError(
            _(
                "{model} cannot be checked: none of {customers} has {order} that carries a value. Check the other "
                "fits without it.",
                model=name_of(fit),
                customers=counted(len(customers), "customer"),
                order=_("an order") if first else _("a repeat order"),
            )
        )
    made_up = _flat(replicate_mean_spend(fit, customers, seed)["monetary_value"])
    orders, seen = orders[orders > 0], seen[orders > 0]
    for share, name in QUANTILES.items():
        yield Quantity(_(name), float(np.quantile(seen, share)), np.quantile(made_up, share, axis=1), _(AMOUNTS))
    if len(seen) >= FEWEST_IN_THIRDS:
        seen_spreads, made_up_spreads = _spreads_of_thirds(seen), _spreads_of_thirds(made_up)
        for third, observed, replicated in zip(map(_, THIRDS), seen_spreads[0], made_up_spreads.T, strict=True):
            yield Quantity(third, float(observed), replicated, _(UNEVEN), MUCH)
    if np.ptp(orders) > 0 and np.ptp(seen) > 0:
        name = _("rank correlation of frequency and mean order value")
        both = _rank_correlations(orders, np.vstack([seen, made_up]))
        yield Quantity(name, float(both[0]), both[1:], _(RELATED))
    if first:
        yield from _of_first_orders(fit, customers, seed)


def _of_first_orders(fit: FittedSpend, customers: Customers, seed: int) -> Iterator[Quantity]:
    """Of whether first orders are like later ones of the same customers: of these, any order's share is a beta."""
    value, number, mean = first_and_later(fit, customers)
    some = (value > 0) & (number > 0)
    if some.sum() < FEWEST_PAIRS:
        return
    number, rng = number[some], np.random.default_rng(seed)
    made_up = []
    for p in flat_draws(fit)["p"]:
        own, others = rng.gamma(p, size=number.size), rng.gamma(p * number)
        made_up.append(ratio_of_first_orders(own, number, others / number).value)
    yield Quantity(
        _(FIRST), ratio_of_first_orders(value[some], number, mean[some]).value, np.array(made_up), _(FIRST_CURE)
    )


def of_growth(orders: Transactions, seed: int, growth: float = 0.0) -> Iterator[Quantity]:
    """Of whether the values of orders grow otherwise than the fit has it, a year, within customers.

    The logarithm of an order's value is held against its date, each customer about a mean of their own, so that
    customers who arrive or leave move nothing. The size is what it does to a forecast: an order half a year after the
    last order of all, over the mean of those so far. Without growth, the part of each customer in the slope is as
    likely above zero as below: signs drawn at random make up such data.
    """
    days = occasions(orders)
    days = days[(days["date"] > days.groupby("customer_id")["date"].transform("min")) & (days["amount"] > 0)]
    time = ((days["date"] - orders.table["date"].max()).dt.days / YEAR).to_numpy()
    owner, ids = pd.factorize(days["customer_id"])
    number = np.bincount(owner, minlength=len(ids))

    def centred(values: Array) -> Array:
        return values - (np.bincount(owner, values, len(ids)) / number)[owner]

    spread = centred(time)
    logs = np.log(days["amount"].to_numpy(dtype=float)) - np.log1p(growth) * time
    parts = np.bincount(owner, spread * centred(logs), len(ids))
    several = np.bincount(owner, spread**2, len(ids)) > 0
    if several.sum() < FEWEST_FOR_GROWTH:
        return
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (DRAWN_SIGNS, int(several.sum())))
    slopes = np.append(parts.sum(), signs @ parts[several]) / (spread**2).sum()
    observed, *made_up = (float(np.exp(slope / 2) / np.mean(np.exp(slope * time))) for slope in slopes)
    rate, grows = float(np.expm1(slopes[0])), observed > 1
    cure = _(
        GROWS,
        grow=_("grow") if rate > 0 else _("fall"),
        rate=percent(abs(rate)),
        beyond=_(", beyond the {growth} of the fit", growth=percent(growth)) if growth else "",
        orders=f"{int(number[several].sum()):,}",
        customers=f"{int(several.sum()):,}",
        most=percent(abs(observed - 1)),
        above=_("above") if grows else _("below"),
    )
    yield Quantity(_(GROWTH), observed, np.array(made_up), cure)


def of_renewals(fit: FittedRenewals, renewals: Renewals, seed: int) -> Iterator[Quantity]:
    """Of how many were lost at each renewal, of those for which it was due, and known enough to be learned from."""
    covariates = TimeVarying.of(fit)
    if covariates is None:
        table = renewals.settled()
    else:
        fit, table = thinned_to(fit, DRAWS_APART), DatedRenewals.of(renewals, covariates.names).table
    drawn = parameters_of(fit, table, "subscription")
    made, lost, since = (table[name].to_numpy(dtype=np.int64) for name in STATES)
    number, rng = table["subscriptions"].to_numpy(dtype=float), np.random.default_rng(seed)
    factors = FactorsAtRenewals.of(fit, replace(renewals, table=table), made + lost)
    schedule = np.zeros(len(table), dtype=np.int64) if factors is None else factors.schedules.place
    kinds, kind = np.unique(np.column_stack([drawn.place, schedule]), axis=0, return_inverse=True)
    rows = np.unique(kind, return_index=True)[1]
    last = int((made + lost).max())
    for low, high in _renewals_together(last):
        observed, replicated = 0.0, np.zeros(int(np.prod(shape_of(fit))))
        for renewal in range(low, high + 1):
            observed += float(number[(made == renewal - 1) & (lost > 0)].sum())
            at_risk = np.bincount(kind.ravel(), number * ((since < renewal) & (made + lost >= renewal)), len(kinds))
            for one in np.flatnonzero(at_risk):
                every = drawn.at(kinds[one, :1])
                parameters = {name: every[name][0] for name in beside_factors(fit)}
                before, step = np.array([renewal - 1.0]), np.ones(1)
                if factors is not None:
                    before, ahead = factors.at(rows[one], renewal - 1)
                    step = ahead[:, 0]
                leaving = 1 - shifted_beta_geometric.survival(step, renewals=before, **parameters)
                replicated += rng.binomial(round(at_risk[one]), np.clip(leaving, 0.0, 1.0))
        which = _("renewal {low}", low=low) if low == high else _("renewals {low} to {high}", low=low, high=high)
        yield Quantity(_("lost at {which}", which=which), observed, replicated, _(CHURN))


def _of_counts(seen: Array, made_up: Array, names: Sequence[str], too_many_without: str = "") -> Iterator[Quantity]:
    """Of the numbers of customers by their number of something, with advice where too many have none."""
    without, expected = float((seen == 0).sum()), (made_up == 0).sum(axis=1).astype(float)
    more = bool(too_many_without) and without > np.median(expected)
    cure = (
        _(
            "{advice} Or customers differ in other ways than one gamma distribution allows: let kinds of customers "
            "have rates of their own (pool_by=), or look whether these customers are of one kind at all.",
            advice=too_many_without,
        )
        if more
        else _(DIFFER)
    )
    no, one, few, every, heaviest = map(_, names)
    yield Quantity(no, without, expected, cure)
    for least, largest, name in ((1, 1, one), (2, 4, few)):
        observed, expected = (((n >= least) & (n <= largest)).sum(axis=-1).astype(float) for n in (seen, made_up))
        yield Quantity(name, float(observed), expected, _(DIFFER))
    yield Quantity(every, float(seen.sum()), made_up.sum(axis=1), _(DIFFER))
    most = max(1, round(len(seen) / 100))
    top = np.sort(np.vstack([seen, made_up]), axis=1)[:, -most:].sum(axis=1)
    yield Quantity(heaviest, float(top[0]), top[1:], _(HEAVY))


def _left_at_once(fit: FittedPurchases) -> str:
    """What to do where customers without a repeat purchase are too many for a model of which none of them leaves."""
    cure = _letting_them_leave(fit)
    return _(AT_ONCE, model=name_of(fit), cure=cure) if cure else ""


def _letting_them_leave(fit: FittedPurchases) -> str:
    """Models like a fit's, in which customers may leave right after the first purchase; empty where they may."""
    k = k_of(fit)
    models = {
        bg_nbd.NAME: _("{one} or {other}", one="BGNBD(leave_at_once=True)", other="MBGNBD()"),
        bg_cnbd.NAME: _("{one} or {other}", one=f"BGCNBD(k={k}, leave_at_once=True)", other=f"MBGCNBD(k={k})"),
    }
    return models.get(fit.model, "")


def _silent(fit: FittedPurchases) -> str:
    """What to do where customers are silent for longer, or shorter, than the model has it."""
    if fit.model in (bg_cnbd.MODIFIED_NAME, *leaving_at_once.WITHIN):
        more = ""
    elif fit.model != bg_cnbd.NAME:
        more = _(", and see check_one_time(customers) for those who leave right after the first purchase")
    else:
        more = _(
            ", and fit {models} for those who leave right after the first purchase", models=_letting_them_leave(fit)
        )
    return _(
        "Customers fall silent otherwise than the model has it{see}.",
        see=_(": see check_regularity(orders){more}", more=more),
    )


def _silence(frequency: Array, recency: Array, T: Array) -> Array:
    """Mean of T - recency over those who bought again: an array of shape (draws,)."""
    again = np.atleast_2d(frequency) > 0
    silent = np.where(again, T - np.atleast_2d(recency), 0.0).sum(axis=1)
    found: Array = silent / np.maximum(again.sum(axis=1), 1)
    return found


def _spreads_of_thirds(values: Array) -> Array:
    """How customers differ within thirds by size, each array of values by itself: an array of shape (arrays, 3).

    A thousandth is as good as nothing.
    """
    ordered = np.sort(np.log(np.maximum(np.atleast_2d(values), np.finfo(float).tiny)), axis=1)
    parts = np.array_split(ordered, len(THIRDS), axis=1)
    return np.maximum(np.column_stack([part.std(axis=1) for part in parts]), NO_SPREAD)


def _rank_correlations(one: Array, many: Array) -> Array:
    """Spearman's, of one array with each row of another."""
    first, second = stats.rankdata(one), stats.rankdata(many, axis=1)
    first, second = first - first.mean(), second - second.mean(axis=1, keepdims=True)
    found: Array = second @ first / np.sqrt((first @ first) * (second**2).sum(axis=1))
    return found


def _renewals_together(last: int) -> Iterator[tuple[int, int]]:
    """Renewals one by one, then several together."""
    for low, high in ((1, 1), (2, 2), (3, 3), (4, 6), (7, 12), (13, 24), (25, last)):
        if low <= last:
            yield low, min(high, last)


def _flat(values: Any) -> Array:
    """Draws of shape (chain, draw, customer) as (draws, customers)."""
    found: Array = np.asarray(values, dtype=float).reshape(-1, values.shape[-1])
    return found


def some_of(number: int, most: int, seed: int) -> IntArray | None:
    """Places of at most this number, chosen at random; None where all are few enough."""
    if number <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(number, most, replace=False))
