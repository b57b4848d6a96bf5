"""Is money counted once? A simulated business whose pipeline shows a part of the purchases that the model foresees."""

import numpy as np
import pytest

import ltv_bayes as lb
from tests.chance import assert_counts, assert_plausible, assert_share, distance

pytestmark = pytest.mark.fits

FIT = {"draws": 250, "progressbar": False}


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.study)])
def company(request):
    return lb.samples.simulate_pipeline(800, random_seed=request.param)


@pytest.fixture(scope="module")
def customers(company):
    return lb.summarize(company.transactions(), time_unit="month", as_of=company.as_of)


@pytest.fixture(scope="module")
def value(company, customers):
    """A function from judgements to the book's draws, of shape (draws, customers)."""
    stream = lb.RepeatPurchases(
        lb.BGNBD(calendar_effects=None).fit(customers, random_seed=1, **FIT),
        lb.GammaGamma(price_growth=None).fit(customers, random_seed=2, **FIT),
    )

    def draws(frame, **relation):
        judged = lb.FutureValuePriors.from_judgements(frame, **relation)
        horizon = f"{company.future_years:g} years"
        ltv = lb.lifetime_value(customers, stream, future_value=judged, horizon=horizon, random_seed=3)
        return ltv.draws.to_numpy().reshape(-1, len(customers))

    return draws


@pytest.fixture(scope="module")
def evidence(company, value):
    """Opinions on totals as evidence of their own."""
    return value(company.opinions, relation="same_total", opinion_weight=None)


@pytest.fixture(scope="module")
def truth(company, customers):
    return company.true_value().reindex(customers.ids).to_numpy()


def inside(draws, truth, level=0.9):
    """For each customer, whether the truth lies within the middle of the draws, ties broken at random."""
    below, same = (draws < truth - 1e-6).mean(axis=0), (abs(draws - truth) <= 1e-6).mean(axis=0)
    levels = below + np.random.default_rng(0).random(len(truth)) * same
    return abs(levels - 0.5) < level / 2


def test_opportunities_are_honest(company):
    """As many come as their probabilities say: those that come fall on the day of a deal of the client."""
    deals = company.future_orders.assign(day=np.ceil(company.future_orders["days"]))
    days = (company.opportunities["expected_on"] - np.datetime64(company.as_of)).dt.days
    listed = company.opportunities.assign(day=days.astype(float))
    came = listed.merge(deals[["customer_id", "day"]].drop_duplicates(), on=["customer_id", "day"])
    chance = company.opportunities["probability"]
    assert_counts(np.arange(len(chance)) < len(came), chance)


def test_adding_visible_purchases_overstates_the_book(company, value, truth):
    book = value(company.opportunities, relation="additional").sum(axis=1)
    assert distance(np.log(truth.sum()), np.log(book)) < -1.5
    assert book.mean() > 1.05 * truth.sum()


@pytest.mark.parametrize("learned", [False, True])
def test_a_visible_share_covers_the_truth(company, value, truth, learned):
    visible = (
        lb.VisibleShare.from_counts(60, of=100, within=company.within)
        if learned
        else lb.VisibleShare.known(company.share, within=company.within)
    )
    draws = value(company.opportunities, relation="visible_share", visible=visible)
    book = draws.sum(axis=1)
    assert_plausible(np.log(truth.sum()), np.log(book), figures=2)
    assert_share(inside(draws, truth), 0.9, figures=2, slack=0.005)


def test_opinions_on_totals_cover_the_truth(evidence, truth):
    """Managers' hints come from other sources than the orders, so they are evidence of their own."""
    book = evidence.sum(axis=1)
    assert_plausible(np.log(truth.sum()), np.log(book), figures=2)
    assert_share(inside(evidence, truth), 0.9, figures=2, slack=0.005)


def test_opinions_sharpen_the_book_and_a_pool_is_cautious(company, value, evidence, truth):
    pooled = value(company.opinions, relation="same_total", opinion_weight=0.5)
    assert np.median(evidence.std(axis=0)) < np.median(pooled.std(axis=0))
    assert inside(pooled, truth).mean() > 0.9
