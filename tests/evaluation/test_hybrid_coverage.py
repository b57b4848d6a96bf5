"""Do intervals of hybrid customers hold? A simulated company whose future is known, with and without one lifetime."""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.value.lifetime_value import valued_of
from tests.chance import assert_counts, assert_plausible, assert_share

pytestmark = pytest.mark.fits

CLIENTS, LEVEL = 5000, 0.9
TERMS = {"horizon": "3 years", "discount_rate": 0.1, "random_seed": 6}
FIT = {"draws": 125, "progressbar": False}


class Company:
    """The company, read and fitted as an analyst would, with what was known at the as-of date and what then came."""

    def __init__(self, clients, seed):
        self.business = business = lb.samples.simulate_office_equipment(clients, random_seed=seed)
        names = {"customer": "client", "date": "ordered_on", "amount": "amount"}
        orders = lb.read_transactions(business.orders, **names, stream="product_line")
        self.renewals = lb.summarize_renewals(
            business.subscriptions, customer="client", start="started_on", period="contract", as_of=business.as_of
        )
        terms = {"time_unit": "week", "as_of": business.as_of}
        self.consumables = lb.summarize(orders.stream("consumables"), **terms)
        self.service = lb.summarize(orders.stream("service"), since=business.installations, **terms)
        self.everybody = lb.all_customers(self.consumables, self.service, self.renewals, orders)
        self.spend = lb.GammaGamma(price_growth=None).fit(self.consumables, random_seed=1, **FIT)
        self.fees = lb.GammaGamma(price_growth=None).fit(self.service, random_seed=2, **FIT)
        lengths = self.renewals.table["period"]
        self.churn = {
            length: lb.ShiftedBetaGeometric(calendar_effects=None).fit(
                self.renewals.subset(lengths == length), random_seed=3, **FIT
            )
            for length in lengths.unique()
        }

    def value(self, *, shared, exposure_ends=None):
        """Value all four streams; exposure may go on to the as-of date though the relation is shared."""
        ends = shared if exposure_ends is None else exposure_ends
        ended, host = self.renewals.ended(), "subscription" if shared else None
        consumables, service = (one.observed_until(ended) if ends else one for one in (self.consumables, self.service))
        purchases = lb.BGNBD(calendar_effects=None).fit(consumables, random_seed=4, **FIT)
        events = lb.NBD(calendar_effects=None).fit(service, random_seed=5, **FIT)
        streams = [
            lb.Subscription(self.churn, self.renewals),
            lb.RepeatPurchases(purchases, self.spend, "consumables", customers=consumables, while_alive=host),
            lb.TriggeredService(events, self.fees, "service", customers=service, while_alive=host),
            lb.OneOffSale(self.business.planned, "equipment", while_alive=host),
        ]
        return lb.lifetime_value(self.everybody, streams, **TERMS)

    def living(self, source):
        """Mark those whose relation lives at the as-of date, and who have the stream."""
        ids, lifetimes = self.everybody.ids, self.business.lifetimes
        has = {
            "subscription": ids.isin(self.renewals.table.index),
            "consumables": ids.isin(self.consumables.ids),
            "equipment": ids.isin(self.business.planned["customer_id"]),
        }
        return (lifetimes.reindex(ids).to_numpy() > 0) & has.get(source, np.ones(len(ids), dtype=bool))

    def truth(self, source):
        true = self.business.true_value(TERMS["horizon"], TERMS["discount_rate"])
        return true[source].reindex(self.everybody.ids).to_numpy()[self.living(source)]

    def draws(self, ltv, source):
        drawn = ltv.draws if source == "total" else ltv.components[source]
        return drawn.stack(sample=("chain", "draw")).to_numpy()[self.living(source)]


@pytest.fixture(scope="module")
def company():
    return Company(CLIENTS, seed=2)


@pytest.fixture(scope="module")
def shared(company):
    return company.value(shared=True)


@pytest.fixture(scope="module")
def ignored(company):
    return company.value(shared=False)


def coverage(draws, truth):
    """For each customer, whether the highest-density interval holds what came: it holds LEVEL of the draws.

    Payments are sums of few parts; what is equal but for rounding counts as equal.
    """
    rows = np.sort(draws, axis=1)
    inside = int(np.ceil(LEVEL * rows.shape[1]))
    first = np.argmin(rows[:, inside - 1 :] - rows[:, : rows.shape[1] - inside + 1], axis=1)
    low, high = (np.take_along_axis(rows, at[:, np.newaxis], 1)[:, 0] for at in (first, first + inside - 1))
    slack = 1e-6 * (1 + truth)
    return (truth >= low - slack) & (truth <= high + slack)


def levels(draws, truth, seed=0):
    """Where what came stands among the draws, ties broken at random: uniform if the draws are right."""
    slack = 1e-6 * (1 + truth)[:, np.newaxis]
    below, same = (draws < truth[:, np.newaxis] - slack), (abs(draws - truth[:, np.newaxis]) <= slack)
    return below.mean(axis=1) + np.random.default_rng(seed).random(len(truth)) * same.mean(axis=1)


@pytest.mark.parametrize("source", ["subscription", "consumables", "service", "total"])
def test_intervals_of_customers_hold(company, shared, source):
    truth, draws = company.truth(source), company.draws(shared, source)
    assert len(truth) >= 2000
    assert_share(coverage(draws, truth), LEVEL, figures=2, slack=0.01)
    assert_share(abs(levels(draws, truth) - 0.5) < LEVEL / 2, LEVEL, figures=2, slack=0.005)


def test_planned_sales_come_as_often_as_drawn():
    """A sale that comes or not has no interval of 90%: its level among the draws must be uniform instead."""
    many = lb.samples.simulate_office_equipment(11_000, random_seed=5)
    renewals = lb.summarize_renewals(
        many.subscriptions, customer="client", start="started_on", period="contract", as_of=many.as_of
    )
    exact = {
        length: lb.FittedRenewals.from_draws({name: np.full((4, 250), mean) for name, mean in law.items()})
        for length, law in many.parameters["subscription"].items()
    }
    everybody = lb.all_customers(renewals, many.planned).subset(many.planned["customer_id"])
    streams = [lb.Subscription(exact, renewals), lb.OneOffSale(many.planned, "equipment", while_alive="subscription")]
    ltv = lb.lifetime_value(everybody, streams, **TERMS)
    truth = many.true_value(TERMS["horizon"], TERMS["discount_rate"])["equipment"].reindex(everybody.ids).to_numpy()
    draws = ltv.components["equipment"].stack(sample=("chain", "draw")).to_numpy()
    assert len(truth) >= 1000
    assert_share(abs(levels(draws, truth) - 0.5) < LEVEL / 2, LEVEL, figures=2)
    assert_counts(truth > 0, (draws > 0).mean(axis=1), figures=2)


def test_totals_hold(company, shared):
    """What the company's customers bring together is one of the totals that the draws hold possible."""
    sources = valued_of(shared).sources
    for source in sources:
        truth, draws = company.truth(source).sum(), company.draws(shared, source).sum(axis=0)
        assert_plausible(np.log(truth), np.log(draws), figures=len(sources))


def test_ignoring_the_shared_lifetime_fails(company, ignored):
    """Repairs go on after the relation has ended, and consumables are doubted though the subscription is active."""
    assert coverage(company.draws(ignored, "total"), company.truth("total")).mean() < 0.84
    truth, draws = company.truth("service").sum(), company.draws(ignored, "service").sum(axis=0)
    assert truth < np.quantile(draws, 0.001)


def test_exposure_that_goes_on_after_the_end_counts_it_twice(company, shared):
    """Sharing the lifetime but fitting on time until the as-of date: ends look like customers who stopped buying."""
    twice = company.value(shared=True, exposure_ends=False)
    truth = company.truth("consumables")
    right, wrong = (company.draws(one, "consumables") for one in (shared, twice))
    assert truth.sum() > np.quantile(wrong.sum(axis=0), 0.999)
    assert coverage(wrong, truth).mean() < coverage(right, truth).mean() - 0.015
