"""The point formulas behind the three business models: plain numbers in, one number out.

One number says nothing of how sure it is. Given counts in place of a rate, each formula answers with draws: the
posterior of the average customer's value. What single customers are worth, the models of this package say.
"""

import warnings
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ltv_bayes.errors import DataWarning, UnitError
from ltv_bayes.formulas.point.draws import PointDraws, churn_posterior, deals_posterior
from ltv_bayes.formulas.point.inputs import (
    as_annual_rate,
    as_interval_of_money,
    as_money,
    as_positive_pair,
    as_share,
    counts_in_place_of,
    refuse_without_counts,
)
from ltv_bayes.language import _

Pair = tuple[float, float]
Value = float | Any
"""A number, or a DataArray where counts are given; Any, so that a type checker asks for no test of which it is."""


def subscription_ltv(
    *,
    arpa: float,
    margin: float,
    churn: float | None = None,
    subscribers: int | None = None,
    churned: int | None = None,
    arpa_sd: float | None = None,
    churn_prior: Pair = (1, 1),
    draws: int = 1000,
    chains: int = 4,
    random_seed: int | None = None,
) -> Value:
    """Lifetime value of a subscriber: revenue per account and period x margin / churn per period.

    Both usual conventions are this formula: `arpa` is the average revenue per account (or average spend) of one
    period, `churn` the share of subscribers lost in such a period.

    Parameters
    ----------
    arpa : float
        Revenue per account and period, in money.
    margin : float
        Gross or profit margin, between 0 and 1.
    churn : float, optional
        Share of subscribers lost per period, above 0 and at most 1.
    subscribers, churned : int, optional
        In place of `churn`: subscribers at the start of a period as long as that of `arpa`, and how many of them were
        lost in it.
    arpa_sd : float, optional
        Standard error of `arpa`: the standard deviation of the accounts' revenue, divided by the square root of their
        number. Draws of `arpa` are gamma with this mean and standard deviation.
    churn_prior : pair of float
        Beta prior of churn; (1, 1), uniform, counts as much as one subscriber lost and one kept.
    draws, chains : int
        Draws of each chain, and number of chains.
    random_seed : int, optional
        The same seed gives the same draws.

    Returns
    -------
    float or xarray.DataArray
        One number; from counts, posterior draws ``lifetime_value`` of shape (chain, draw).

    Raises
    ------
    InputError
        If churn and counts are given, or neither, or the counts contradict each other.

    Warns
    -----
    DataWarning
        If so few were lost that the posterior mean is infinite.

    Examples
    --------
    >>> round(subscription_ltv(arpa=1000, margin=0.8, churn=0.02), 6)
    40000.0
    >>> round(subscription_ltv(arpa=1000, margin=0.3, churn=0.2), 6)
    1500.0
    >>> drawn = subscription_ltv(arpa=1000, margin=0.8, subscribers=5000, churned=100, random_seed=1)
    >>> dict(drawn.sizes), bool(33_000 < drawn.quantile(0.055) < 40_000 < drawn.quantile(0.945) < 48_000)
    ({'chain': 4, 'draw': 1000}, True)

    Notes
    -----
    Churn given the counts is Beta(a, b), with a and b the prior's numbers plus those lost and those kept. The mean of
    1 / churn is (a + b - 1) / (a - 1), above (a + b) / a, which is one over the mean churn: a churn lower than thought
    adds more value than a higher one takes away. It is infinite where a is 1 or less; the standard deviation is where
    a is 2 or less.
    """
    money, share = as_money(arpa, "arpa"), as_share(margin, "margin")
    counts = counts_in_place_of("churn", churn, subscribers=subscribers, churned=churned)
    if counts is None:
        refuse_without_counts(_("subscribers= and churned="), arpa_sd=arpa_sd)
        return money * share / _above_zero(churn)
    drawn = PointDraws.start(draws, chains, random_seed)
    a, b = churn_posterior(*counts, as_positive_pair(churn_prior, "churn_prior"))
    _warn_of_infinite_mean(a, b)
    lost, revenue = drawn.churn(a, b), drawn.average(money, arpa_sd, "arpa")
    with np.errstate(divide="ignore", over="ignore"):
        return drawn.lifetime_value(revenue * share / lost)


def project_ltv(
    *,
    average_deal: float,
    average_deals: float | None = None,
    future_value: float = 0.0,
    customers: int | None = None,
    deals: int | None = None,
    average_deal_sd: float | None = None,
    future_value_interval: Pair | None = None,
    deals_prior: Pair = (1, 1),
    draws: int = 1000,
    chains: int = 4,
    random_seed: int | None = None,
) -> Value:
    """Lifetime value of a project customer: average deal x average number of deals + estimated future value.

    Parameters
    ----------
    average_deal : float
        Average value of a deal.
    average_deals : float, optional
        Average number of deals of a customer.
    future_value : float
        Estimated value of what may arrive beside them; the median, if there is an interval.
    customers, deals : int, optional
        In place of `average_deals`: the number of customers, and of deals that they made.
    average_deal_sd : float, optional
        Standard error of `average_deal`: the standard deviation of the deals, divided by the square root of their
        number. Draws of the average are gamma with this mean and standard deviation.
    future_value_interval : pair of float, optional
        An expert's low and high: the future value lies between them with probability 0.8, with one chance in ten on
        either side. It is log-normal; where `future_value` is given too, log-normal on each side of that median.
    deals_prior : pair of float
        Shape and rate of the gamma prior of the average number of deals; (1, 1) counts as much as one customer who made
        one deal.
    draws, chains : int
        Draws of each chain, and number of chains.
    random_seed : int, optional
        The same seed gives the same draws.

    Returns
    -------
    float or xarray.DataArray
        One number; from counts, posterior draws ``lifetime_value`` of shape (chain, draw).

    Raises
    ------
    InputError
        If the average and counts are given, or neither, or an interval contradicts itself.

    Examples
    --------
    >>> project_ltv(average_deal=500_000, average_deals=3, future_value=800_000)
    2300000.0
    >>> drawn = project_ltv(
    ...     average_deal=500_000, customers=40, deals=120, future_value_interval=(500_000, 1_280_000), random_seed=1
    ... )
    >>> bool(2_200_000 < drawn.median() < 2_400_000)
    True

    Notes
    -----
    Deals are taken to be Poisson, so the average given the counts is gamma: prior shape plus deals, prior rate plus
    customers. Where few customers make most deals, the true average is less sure than this says; `BGNBD` learns by how
    much customers differ.
    """
    money, future = as_money(average_deal, "average_deal"), as_money(future_value, "future_value")
    counts = counts_in_place_of("average_deals", average_deals, customers=customers, deals=deals)
    if counts is None:
        uncertain = {"average_deal_sd": average_deal_sd, "future_value_interval": future_value_interval}
        refuse_without_counts(_("customers= and deals="), **uncertain)
        return money * as_money(average_deals, "average_deals") + future
    drawn = PointDraws.start(draws, chains, random_seed)
    number = drawn.deals(*deals_posterior(*counts, as_positive_pair(deals_prior, "deals_prior")))
    value = number * drawn.average(money, average_deal_sd, "average_deal")
    if future_value_interval is None:
        return drawn.lifetime_value(value + future)
    low, high = as_interval_of_money(future_value_interval, "future_value_interval", likely=future)
    return drawn.lifetime_value(value + drawn.amount(low, high, future))


def hybrid_ltv(
    *,
    product_sale: float = 0.0,
    consumables: Sequence[float] = (),
    subscription: Sequence[float] = (),
    service: Sequence[float] = (),
    discount_rate: float = 0.0,
    subscribers: int | None = None,
    churned: int | None = None,
    churn_prior: Pair = (1, 1),
    draws: int = 1000,
    chains: int = 4,
    random_seed: int | None = None,
) -> Value:
    """Lifetime value of a hybrid customer: product sale, consumables, subscription and service, discounted and added.

    Parameters
    ----------
    product_sale : float
        Paid today.
    consumables, subscription, service : sequences of float
        Expected money of year 1, year 2, ..., paid at the end of each year.
    discount_rate : float
        Annual and effective.
    subscribers, churned : int, optional
        Clients at the start of a year, and how many of them were lost in it. The money above is then that of a customer
        who stays: of year k, the share (1 - churn) ** (k - 1) of customers pays it.
    churn_prior : pair of float
        Beta prior of churn per year; (1, 1), uniform, counts as much as one customer lost and one kept.
    draws, chains : int
        Draws of each chain, and number of chains.
    random_seed : int, optional
        The same seed gives the same draws.

    Returns
    -------
    float or xarray.DataArray
        One number; from counts, posterior draws ``lifetime_value`` of shape (chain, draw).

    Raises
    ------
    InputError
        If only one of the counts is given, or they contradict each other.

    Examples
    --------
    >>> value = hybrid_ltv(product_sale=100, consumables=[11, 12.1], subscription=[11], discount_rate=0.10)
    >>> round(value, 6)
    130.0
    >>> drawn = hybrid_ltv(product_sale=100, service=[10] * 5, subscribers=400, churned=60, random_seed=1)
    >>> bool(134 < drawn.mean() < 140)
    True
    """
    sale, rate = as_money(product_sale, "product_sale"), as_annual_rate(discount_rate, "discount_rate")
    yearly = list(_by_year(consumables=consumables, subscription=subscription, service=service))
    counts = counts_in_place_of("", None, subscribers=subscribers, churned=churned)
    if counts is None:
        return _present_value(sale, yearly, rate, staying=1.0)
    drawn = PointDraws.start(draws, chains, random_seed)
    lost = drawn.churn(*churn_posterior(*counts, as_positive_pair(churn_prior, "churn_prior")))
    return drawn.lifetime_value(_present_value(np.full(drawn.shape, sale), yearly, rate, staying=1 - lost))


def _present_value(sale: Any, yearly: list[float], rate: float, *, staying: Any) -> Any:
    return sale + sum(paid * staying ** (year - 1) / (1 + rate) ** year for year, paid in enumerate(yearly, start=1))


def _by_year(**payments: Sequence[float]) -> Iterator[float]:
    """Total of each year."""
    checked = [[as_money(paid, name) for paid in each] for name, each in payments.items()]
    return map(sum, zip_longest(*checked, fillvalue=0.0))


def _above_zero(churn: float | None) -> float:
    share = as_share(churn, "churn")
    if share == 0:
        raise UnitError(_("churn is 0: subscribers who never leave have no finite value. Give a churn above 0."))
    return share


def _warn_of_infinite_mean(a: float, b: float) -> None:
    if a <= 1:
        warnings.warn(
            _(
                "Too few subscribers were lost to say what the average is worth: churn is Beta({a:g}, {b:g}), "
                "so the mean of 1 / churn is infinite, and that of draws is a matter of chance. Read their "
                "median and interval, count over a longer period (with arpa of that period), or give an "
                "informative churn_prior.",
                a=a,
                b=b,
            ),
            DataWarning,
            stacklevel=3,
        )
