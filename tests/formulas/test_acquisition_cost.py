"""What a client costs, and when the money is back."""

import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas.acquisition_cost import ChannelRates, chance_of_one_rate, time_until
from ltv_bayes.formulas.models import bg_nbd
from tests.chance import FALSE_ALARM


@pytest.mark.parametrize("customers", [0, 3, 40])
def test_the_cost_of_a_channel_alone_is_an_inverse_gamma(customers):
    rates = ChannelRates.learn(np.random.default_rng(0), [9_000.0], [customers], 20_000)
    drawn = rates.draw_cost(np.random.default_rng(1), 9_000.0, customers)
    expected = stats.invgamma(customers + 0.5, scale=9_000.0)
    assert stats.kstest(drawn, expected.cdf).pvalue > FALSE_ALARM


def test_rates_of_channels_are_those_of_an_integral_over_how_channels_differ():
    """Importance sampling from the prior: no grid, and rates themselves instead of their negative binomial."""
    spend, customers = np.array([100.0, 300.0, 80.0, 50.0]), np.array([12, 9, 0, 11])
    rng, size = np.random.default_rng(4), 400_000
    cv = stats.truncnorm(0, 6, scale=0.5).rvs(size, random_state=rng)
    mean = np.exp(rng.uniform(np.log(0.005), np.log(2.0), size))
    rate = rng.gamma(cv**-2, size=(4, size)) * mean * cv**2
    weight = np.exp((stats.poisson.logpmf(customers[:, np.newaxis], rate * spend[:, np.newaxis])).sum(axis=0))
    weight *= np.sqrt(mean)
    expected = (rate * weight).sum(axis=1) / weight.sum()
    error = np.sqrt((((rate - expected[:, np.newaxis]) * weight) ** 2).sum(axis=1)) / weight.sum()
    rates = ChannelRates.learn(np.random.default_rng(5), spend, customers, 40_000)
    for place, (paid, won) in enumerate(zip(spend, customers, strict=True)):
        drawn = 1 / rates.draw_cost(np.random.default_rng(6 + place), paid, won)
        assert abs(drawn.mean() - expected[place]) < 5 * np.hypot(error[place], drawn.std() / 200)


def said_and_held(rng, size=1_000):
    """Of channels with log-normal costs and values: P(value > 3 cost), costs pooled and alone, and whether it is so."""
    channels, sd = rng.integers(3, 15), rng.uniform(0, 0.8)
    cost, value = 1_000 * np.exp(rng.normal(0, sd, channels)), 3_000 * np.exp(rng.normal(-0.1, 0.2, channels))
    spend = cost * rng.uniform(5, 15, channels)
    won = rng.poisson(spend / cost)
    pooled = ChannelRates.learn(rng, spend, won, size)
    alone = ChannelRates.learn(rng, spend[:1], won[:1], size)
    for paid, number, worth, each in zip(spend, won, value, cost, strict=True):
        chances = [np.mean(worth > 3 * rates.draw_cost(rng, paid, number)) for rates in (pooled, alone)]
        yield *chances, worth > 3 * each


def test_channels_that_look_good_are_good_as_often_as_said():
    """The best of a company, which owes something to luck, is not said to be better than it is."""
    rng = np.random.default_rng(7)
    companies = [np.array(list(said_and_held(rng))) for _ in range(500)]
    best = np.array([company[np.argmax(company[:, 0])] for company in companies])
    every = np.concatenate(companies)
    sure = every[every[:, 0] > 0.9]
    for name, some in (("above .9", sure), ("the best", best)):
        print(f"{name}: said {some[:, 0].mean():.3f}, held {some[:, 2].mean():.3f}, of {len(some)} channels")
    assert len(sure) > 400
    assert abs(sure[:, 0].mean() - sure[:, 2].mean()) < 0.03
    assert best[:, 0].mean() < best[:, 2].mean() + 0.03
    brier = [((every[:, place] - every[:, 2]) ** 2).mean() for place in (0, 1)]
    print(f"Brier score: pooled {brier[0]:.4f}, alone {brier[1]:.4f}")
    assert brier[0] < brier[1]


@pytest.mark.parametrize(
    ("spend", "customers"), [([1e12, 2e12], [0, 0]), ([1e-3, 1e12], [1, 10**6]), ([5.0] * 300, [7] * 300)]
)
def test_costs_are_finite_whatever_the_numbers(spend, customers):
    rates = ChannelRates.learn(np.random.default_rng(8), spend, customers, 2_000)
    for paid, won in zip(spend[:2], customers, strict=False):
        assert np.isfinite(rates.draw_cost(np.random.default_rng(9), paid, won)).all()


@pytest.mark.parametrize(("least", "most"), [(2, 10), (10, 60)])
def test_intervals_of_the_cost_per_client_cover_it_as_often_as_they_say(least, most):
    rng = np.random.default_rng(2)
    expected = rng.uniform(least, most, 40_000)
    won = rng.poisson(expected)
    low, high = (stats.invgamma.ppf(level, won + 0.5, scale=1.0) for level in (0.05, 0.95))
    assert np.mean((low < 1 / expected) & (1 / expected < high)) == pytest.approx(0.9, abs=0.01)


def test_periods_alike_but_for_chance_are_seldom_told_apart():
    rng = np.random.default_rng(3)
    spend = np.array([10.0, 20.0, 15.0, 5.0])
    found = [chance_of_one_rate(spend, rng.poisson(2 * spend)) for _ in range(3_000)]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(("spend", "clients"), [([10.0], [3]), ([10.0, 20.0], [0, 0])])
def test_one_period_or_no_client_is_no_difference(spend, clients):
    assert chance_of_one_rate(spend, clients) == 1.0


@pytest.mark.parametrize(
    ("amount", "evenly", "by_steps"),
    [(1.0, 0.0, 0.0), (0.5, 0.0, 0.0), (2.0, 1.0, 1.0), (2.5, 1.25, 2.0), (5.0, 2.5, 3.0), (6.1, np.inf, np.inf)],
)
def test_time_until_an_amount_has_come_in(amount, evenly, by_steps):
    course, times = np.array([1.0, 2.0, 4.0, 6.0]), np.arange(4.0)
    assert time_until(amount, course, times) == pytest.approx(evenly)
    assert time_until(amount, course, times, by_steps=True) == by_steps


def test_a_course_that_stands_still_is_reached_where_it_was_first_there():
    assert time_until(2.0, np.array([1.0, 2.0, 2.0]), np.arange(3.0)) == 1.0


def test_each_row_has_its_own_amount():
    course = np.array([[0.0, 10.0], [0.0, 20.0]])
    assert time_until(np.array([5.0, 5.0]), course, np.array([0.0, 12.0])).tolist() == [6.0, 3.0]


@pytest.mark.parametrize("delta", [0.0, 0.008])
@pytest.mark.parametrize(
    "drawn",
    [
        {"r": 0.243, "alpha": 1.0, "a": 0.793, "b": 2.426},
        {"r": 1.5, "alpha": 12.0, "a": 0.2, "b": 6.0},
        {"r": 0.5, "alpha": 0.05, "a": 1.0, "b": 1.0},
    ],
)
def test_the_course_of_purchases_agrees_with_the_integral_to_each_end(drawn, delta):
    ends = np.array([0.0, 0.5, 1.0, 2.0, 7.0, 36.0])
    future = bg_nbd.outlook_of_new_customer(**{name: np.array([value, 1.1 * value]) for name, value in drawn.items()})
    course = bg_nbd.discounted_expected_purchases_by(ends, delta, future)
    for place, end in enumerate(ends):
        single = bg_nbd.discounted_expected_purchases(end, delta, future)
        np.testing.assert_allclose(course[:, place], single, rtol=1e-12, atol=1e-13)


def test_the_course_by_month_is_exact():
    future = bg_nbd.outlook_of_new_customer(r=0.8, alpha=8.0, a=0.9, b=6.0)
    course = bg_nbd.discounted_expected_purchases_by(np.arange(37.0), 0.008, future)
    assert course[-1] == pytest.approx(float(bg_nbd.discounted_expected_purchases(36.0, 0.008, future)), rel=1e-12)
