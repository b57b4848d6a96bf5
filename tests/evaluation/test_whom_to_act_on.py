"""A simulated business whose truth is known: do tiers, and the list of who is slipping away, hold what they say?"""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.samples import Industry, simulate_project_business
from tests.chance import assert_counts, assert_mean

pytestmark = pytest.mark.fits


@pytest.fixture(scope="module")
def business():
    industries = [Industry("All", deals_per_year=1.2, mean_deal=300_000)]
    return simulate_project_business(1500, industries=industries, random_seed=21)


@pytest.fixture(scope="module")
def ltv(business):
    customers = lb.summarize(business.transactions(), time_unit="month", as_of=business.as_of)
    settings = {"draws": 250, "random_seed": 3, "progressbar": False}
    fits = (
        lb.BGNBD(calendar_effects=None).fit(customers, **settings),
        lb.GammaGamma(price_growth=None).fit(customers, **settings),
    )
    return lb.lifetime_value(customers, lb.RepeatPurchases(*fits), horizon="3 years", random_seed=1)


def test_so_many_have_left_as_was_foreseen(business, ltv):
    found = lb.slipping_away(ltv, business.transactions(), since="2025-06-30", least_drop=0.05)
    left = ~business.truth.loc[found.facts.index, "alive"]
    chance = 1 - found.facts["probability_alive"]
    assert len(found.facts) > 150
    for half in (chance <= chance.median(), chance > chance.median()):
        assert_counts(left[half], chance[half], figures=2, slack=0.02)


def test_customers_of_a_tier_are_there_as_often_as_it_says(business, ltv):
    """Who really belonged to the top 20%, counted by what was foreseen."""
    table = ltv.tiers()
    foreseen = table["probability_top 20%"]
    came = business.truth["future_value"].reindex(table.index).rank(ascending=False) <= 0.2 * len(table)
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 1)):
        inside = foreseen.between(low, high, inclusive="left")
        assert inside.sum() > 30
        assert_counts(came[inside], foreseen[inside], figures=4)


def test_the_value_if_alive_is_what_the_living_brought(business, ltv):
    """Of those who slip away and are alive in truth: the mean value given that they are, within its own error."""
    found = lb.slipping_away(ltv, business.transactions(), since="2025-06-30", least_drop=0.05)
    truth = business.truth.loc[found.facts.index]
    living = truth["alive"].to_numpy()
    weights = found.facts["probability_alive"]
    brought, foreseen = truth["future_value"][living], found.facts["value_if_alive"]
    assert_mean(brought, np.average(foreseen, weights=weights))
