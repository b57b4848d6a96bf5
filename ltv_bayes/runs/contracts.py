"""What a run tells of contracts: renewals at risk, recurring revenue past and to come, and the next subscriber."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ltv_bayes.data.subscriptions.calendar import contract_length
from ltv_bayes.data.subscriptions.renewals import Renewals, is_active
from ltv_bayes.data.subscriptions.revenue.movements import Movements, subscription_movements
from ltv_bayes.errors import InputError
from ltv_bayes.formatting import money, with_currency
from ltv_bayes.language import _, as_known
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.runs.kinds import CHOSEN, NOTHING
from ltv_bayes.runs.settings import Settings
from ltv_bayes.runs.toml import in_section
from ltv_bayes.streams.subscription import Subscription
from ltv_bayes.value.acquisition.new_customers import NewCustomerValue, new_customer_value
from ltv_bayes.value.decisions.at_risk import AtRisk, at_risk
from ltv_bayes.value.lifetime_value import LifetimeValue
from ltv_bayes.value.movements_ahead import movements_ahead

MOST_PERIODS = 12
"""Recurring revenue is shown by the shortest of month, quarter and year with at most this number of them."""
AHEAD = "1 year"


@dataclass(frozen=True, eq=False)
class Recurring:
    """What a report tells of contracts.

    Attributes
    ----------
    at_risk : AtRisk or None
        Renewals that are due soon and may not be made.
    movements : Movements or None
        How recurring revenue moved.
    ahead : pandas.DataFrame or None
        What is foreseen of it over a year.
    """

    at_risk: AtRisk | None = None
    movements: Movements | None = None
    ahead: pd.DataFrame | None = None


def tell_of_contracts(
    of: Settings, ltv: LifetimeValue, renewals: Renewals | None, streams: Sequence[Any], remarks: list[str]
) -> Recurring:
    """Renewals at risk, and recurring revenue where contracts have prices.

    Parameters
    ----------
    of : Settings
    ltv : LifetimeValue
    renewals : Renewals or None
        The contracts, if there are any.
    streams : sequence
        What customers pay for.
    remarks : list of str
        What cannot be computed, and why, is added.
    """
    if renewals is None:
        return Recurring()
    given = of.analyses
    stream = next(one for one in streams if isinstance(one, Subscription))
    risky = None
    if given.renewals_within != NOTHING:
        risky = at_risk(ltv, within=given.renewals_within, least=given.least_not_renewed)
    if given.movements == NOTHING or "price" not in renewals.table:
        return Recurring(risky)
    every = _period_of(renewals) if given.movements == CHOSEN else given.movements
    moved = ahead = None
    try:
        moved = subscription_movements(renewals, every=every, since=of.subscriptions.records_since)
    except InputError as problem:
        remarks.append(_("Recurring revenue so far is left out: {problem}", problem=problem))
    try:
        ahead = movements_ahead(stream, AHEAD, random_seed=of.sampling.seed)
    except InputError as problem:
        remarks.append(_("Recurring revenue to come is left out: {problem}", problem=problem))
    else:
        remarks.append(
            _(
                "In recurring revenue to come no price grows by itself. lb.Expansion learns from contracts how prices "
                "grow."
            )
        )
    return Recurring(risky, moved, ahead)


def _period_of(renewals: Renewals) -> str:
    """The shortest period of which not too many have been observed."""
    days = (pd.Timestamp(renewals.as_of) - renewals.table["start"].min()).days
    return next((one for one in ("month", "quarter") if days <= MOST_PERIODS * contract_length(one).days), "year")


def next_subscriber(
    of: Settings, renewals: Renewals, renewing: Mapping[str, FittedRenewals]
) -> tuple[NewCustomerValue, str]:
    """What the next subscriber is worth, and in words as what they are valued.

    Their contract is as long as most of those that run, at the price that is given, or the mean of these.

    Raises
    ------
    InputError
        If there is no price.
    """
    running = renewals.table[is_active(renewals.table)]
    if running.empty:
        raise InputError(_("No contract runs on the as-of date, so that a new one cannot be valued by them."))
    length = str(running["period"].astype(str).mode().iloc[0])
    price = of.plan.price if of.plan.price is not None else of.subscriptions.renewal_price
    if price is None and "price" in running:
        price = float(running.loc[running["period"].astype(str) == length, "price"].mean())
    terms, own = of.value, of.subscriptions.margin
    with in_section("plan"):
        if price is None:
            raise InputError(_("The price of a new contract is not known. Give it: price=90."))
        value = new_customer_value(
            renewing[length],
            price=price,
            period=length,
            horizon=terms.horizon[-1],
            discount_rate=terms.discount_rate,
            margin=terms.margin if own is None else own,
            random_seed=of.sampling.seed,
        )
    terms_in_words = _(
        "A new customer of the plan is valued with a contract of length {length}, renewed at {price}.",
        length=as_known(length),
        price=with_currency(money(price, renewals.currency), renewals.currency),
    )
    return value, terms_in_words
