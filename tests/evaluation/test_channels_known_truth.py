"""Channels of a simulated company whose truth is known: intervals hold it, and probabilities come true."""

import numpy as np
import pytest

import ltv_bayes as lb
from tests.chance import allowed, assert_counts, assert_mean, assert_share, converging

pytestmark = pytest.mark.study

TERMS = {"horizon": "3 years", "discount_rate": 0.10, "margin": 0.35}


def channels(number, seed):
    """Channels of 4 to 20 clients a year, whose clients cost, buy, spend and leave differently."""
    rng = np.random.default_rng(seed)
    for name in range(number):
        cost, rate, order, leaving = rng.standard_normal(4) * (0.6, 0.3, 0.4, 0.4)
        yield lb.samples.Channel(
            f"Channel {name + 1}",
            yearly_spend=1500 * np.exp(cost) * rng.integers(4, 20),
            cost_per_client=1500 * np.exp(cost),
            orders_per_year=1.8 * np.exp(rate),
            mean_order=2800 * np.exp(order),
            dropout_mean=1 / (1 + np.exp(1.7 - leaving)),
        )


@pytest.fixture(scope="module")
def beside_truth():
    company = lb.samples.simulate_channels(list(channels(40, seed=2)), random_seed=2)
    customers = lb.summarize(company.transactions(), time_unit="month", as_of=company.as_of, attributes=company.clients)
    models = (lb.BGNBD(pool_by="channel", calendar_effects=None), lb.GammaGamma(pool_by="channel", price_growth=None))
    purchases, spend = (
        converging(lambda seed, model=model: model.fit(customers, random_seed=seed, progressbar=False), 1, 2, 3)
        for model in models
    )
    value = lb.new_customer_value(purchases, spend, **TERMS, random_seed=3)
    found = lb.acquisition(value, company.costs, random_seed=4)
    table = found.summary().join(value.summary().add_prefix("value_"))
    return table.join(company.truth(**TERMS).add_prefix("true_"))


@pytest.mark.parametrize(
    ("truth", "interval"), [("true_value", "value_eti89"), ("true_ltv_to_cac", "ltv_to_cac_eti89")]
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(beside_truth, truth, interval):
    inside = beside_truth[truth].between(beside_truth[f"{interval}_lb"], beside_truth[f"{interval}_ub"])
    print(f"{truth}: {inside.mean():.3f} of the 89% intervals of {len(inside)} channels hold it")
    assert_share(inside, 0.89)


def test_values_are_right_on_average(beside_truth):
    assert_mean(np.log(beside_truth["value"] / beside_truth["true_value"]), 0.0)


def test_channels_said_to_be_above_three_times_their_cost_are(beside_truth):
    said, above = beside_truth["probability_above_3"], beside_truth["true_ltv_to_cac"] > 3
    for some in (said > -1, said > 0.8, said < 0.2):
        assert some.sum() > 3
        assert_counts(above[some], said[some], figures=4)
    unsure = said * (1 - said)  # the expected Brier score, and what it varies by, of chances that are right
    error = np.sqrt((unsure * (1 - 2 * said) ** 2).sum()) / len(said)
    print(f"above 3: {said.mean():.3f} said, {above.mean():.3f} true; Brier score {((said - above) ** 2).mean():.3f}")
    assert unsure.mean() < 0.15
    assert abs(((said - above) ** 2).mean() - unsure.mean()) < allowed(4) * error


def test_verdicts_do_not_promise_what_is_not_so(beside_truth):
    ratio, verdict = beside_truth["true_ltv_to_cac"], beside_truth["verdict"]
    assert (ratio[verdict == "above 3"] > 2).all()
    assert (ratio[verdict == "loses money"] < 1.3).all()
