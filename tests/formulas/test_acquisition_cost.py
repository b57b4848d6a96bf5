"""What a client costs, and when the money is back."""

import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas.acquisition_cost import chance_of_one_rate, draw_cost_per_client, time_until
from ltv_bayes.formulas.models import bg_nbd
from tests.chance import FALSE_ALARM


@pytest.mark.parametrize("clients", [0, 3, 40])
def test_cost_per_client_is_an_inverse_gamma(clients):
    drawn = draw_cost_per_client(np.random.default_rng(1), 9_000.0, clients, 20_000)
    law = stats.invgamma(clients + 0.5, scale=9_000.0)
    assert stats.kstest(drawn, law.cdf).pvalue > FALSE_ALARM


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
        np.testing.assert_allclose(course[:, place], single, rtol=2e-4, atol=1e-12)


def test_the_course_by_month_is_exact():
    future = bg_nbd.outlook_of_new_customer(r=0.8, alpha=8.0, a=0.9, b=6.0)
    course = bg_nbd.discounted_expected_purchases_by(np.arange(37.0), 0.008, future)
    assert course[-1] == pytest.approx(float(bg_nbd.discounted_expected_purchases(36.0, 0.008, future)), rel=1e-12)
