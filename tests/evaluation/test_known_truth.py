"""A simulated project business whose truth is known: do fitted values hold it?"""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.samples import Industry, simulate_project_business
from tests.chance import allowed, assert_plausible, assert_share, off_calibration

pytestmark = pytest.mark.fits


@pytest.fixture(scope="module")
def business():
    """One kind of client, so that the models are true."""
    industries = [Industry("All", deals_per_year=1.2, mean_deal=300_000)]
    return simulate_project_business(2000, industries=industries, judged_share=0.5, random_seed=12)


@pytest.fixture(scope="module")
def fits(customers):
    settings = {"draws": 250, "random_seed": 3, "progressbar": False}
    return lb.BGNBD(calendar_effects=None).fit(customers, **settings), lb.GammaGamma(price_growth=None).fit(
        customers, **settings
    )


@pytest.fixture(scope="module")
def customers(business):
    return lb.summarize(business.transactions(), time_unit="month", as_of=business.as_of)


@pytest.fixture(scope="module")
def ltv(business, customers, fits):
    judged = lb.FutureValuePriors.from_judgements(business.opportunities)
    return lb.lifetime_value(
        customers, [lb.RepeatPurchases(*fits)], future_value=judged, horizon="3 years", random_seed=1
    )


def randomised_pit(draws, truth, seed=0):
    """Rank of the truth among the draws of each customer, ties broken at random: uniform if the draws are right."""
    values = draws.transpose("chain", "draw", "customer_id").to_numpy().reshape(-1, draws.sizes["customer_id"])
    below, equal = (values < truth).mean(axis=0), (values == truth).mean(axis=0)
    return below + np.random.default_rng(seed).random(truth.size) * equal


def test_parameters_lie_in_their_posterior(business, fits):
    truth = Industry("All", deals_per_year=1.2, mean_deal=300_000).parameters
    truth["alpha"] *= 12
    for fit in fits:
        for name, drawn in fit.draws.items():
            if name not in ("p", "q", "v"):  # deals are cut to 10 thousand to 5 million, so spend is not exactly true
                assert_plausible(np.log(truth[name]), np.log(drawn), figures=4)


@pytest.mark.parametrize(
    ("component", "columns"),
    [("repeat_purchases", ["future_value"]), ("judged", ["judged_value"]), (None, ["future_value", "judged_value"])],
)
def test_intervals_hold_what_came(business, ltv, component, columns):
    draws = ltv.draws if component is None else ltv.components[component]
    truth = business.truth.loc[ltv.customers.ids, columns].sum(axis=1).to_numpy()
    pit = randomised_pit(draws, truth)
    for level in (0.5, 0.8, 0.9):
        assert_share((pit > (1 - level) / 2) & (pit < (1 + level) / 2), level, figures=3, slack=0.005)


def test_total_of_the_book_holds_what_came(business, ltv):
    truth = business.truth[["future_value", "judged_value"]].to_numpy().sum()
    assert_plausible(np.log(truth), np.log(ltv.total()))


def test_probability_alive_is_calibrated(business, customers, fits):
    drawn = fits[0].thin(100).probability_alive(customers).to_numpy().reshape(-1, len(customers))
    found = drawn.mean(axis=0)
    alive = business.truth.loc[customers.ids, "alive"].to_numpy()
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 0.999)):
        group = (found > low) & (found <= high)
        assert abs(off_calibration(drawn, alive, group)[0]) < allowed(3)
