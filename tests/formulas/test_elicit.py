"""Distributions from an interval: the numbers stated are the quantiles met."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from ltv_bayes.formulas.elicit import draw_amounts, log_normal_from_interval, mean_amount

amounts = st.lists(st.floats(1e-3, 1e9), min_size=3, max_size=3).map(sorted)


@given(amounts, st.floats(0.5, 0.99))
def test_low_likely_and_high_are_the_quantiles(stated, interval):
    low, likely, high = stated
    median, below, above = log_normal_from_interval(low, high, likely, interval=interval)
    z = stats.norm.ppf((1 + interval) / 2)
    assert median == likely
    assert median * np.exp(-z * below) == pytest.approx(low)
    assert median * np.exp(z * above) == pytest.approx(high)


def test_without_a_likely_value_it_is_log_normal():
    median, below, above = log_normal_from_interval(50.0, 200.0)
    assert below == pytest.approx(float(above))
    law = stats.lognorm(float(below), scale=float(median))
    np.testing.assert_allclose(law.ppf([0.1, 0.9]), [50, 200])
    assert mean_amount(median, below, above) == pytest.approx(law.mean())


def test_mean_of_a_lopsided_distribution():
    expected = integrate.quad(
        lambda z: stats.norm.pdf(z) * 100 * np.exp(z * (0.2 if z < 0 else 0.9)), -12, 12, points=[0]
    )[0]
    assert mean_amount(100.0, 0.2, 0.9) == pytest.approx(expected, rel=1e-8)


def test_draws_follow_the_stated_numbers():
    rng, size = np.random.default_rng(1), 200_000
    drawn = draw_amounts(rng, size, *map(float, log_normal_from_interval(50.0, 400.0, 100.0)))
    error = 4 * np.sqrt(0.1 * 0.9 / size)
    assert abs((drawn < 50).mean() - 0.1) < error
    assert abs((drawn > 400).mean() - 0.1) < error
    assert abs((drawn < 100).mean() - 0.5) < 4 * np.sqrt(0.25 / size)


def test_low_equal_to_high_is_a_certain_amount():
    assert (draw_amounts(np.random.default_rng(1), 9, *map(float, log_normal_from_interval(80.0, 80.0))) == 80).all()
