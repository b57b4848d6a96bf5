"""Distributions from what was said: the numbers stated are the quantiles met."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from ltv_bayes.formulas.beliefs.amount_families import FAMILIES, amount_mean, amount_quantiles, amount_sd
from ltv_bayes.formulas.beliefs.elicit import (
    amount_from_interval,
    amount_from_mean,
    amount_from_quantiles,
    beta_from_interval,
    draw_amounts,
    gamma_from_interval,
    log_normal_from_interval,
    pert_from_interval,
)
from tests.chance import allowed

amounts = st.lists(st.floats(1e-3, 1e9), min_size=3, max_size=3).map(sorted)
QUARTILES = [0.25, 0.5, 0.75]


def largest_misfit(family, law, levels, stated):
    return np.abs(amount_quantiles(family, law, levels) / stated - 1).max()


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
    assert amount_mean("log-normal", (median, below, above)) == pytest.approx(law.mean())


@given(st.floats(1e-3, 1e6), st.floats(1e-6, 1e6), st.floats(0.1, 0.99))
@settings(max_examples=50)
def test_a_gamma_has_both_quantiles(low, wider, interval):
    high = low * (1 + wider)
    shape, rate, _ = gamma_from_interval(low, high, interval=interval)
    law = stats.gamma(float(shape), scale=1 / float(rate))
    np.testing.assert_allclose(law.ppf([(1 - interval) / 2, (1 + interval) / 2]), [low, high], rtol=1e-8)


@pytest.mark.parametrize(("low", "likely", "high"), [(100, 150, 300), (60, 100, 400), (900, 1000, 1010), (50, 50, 90)])
@pytest.mark.parametrize("interval", [0.5, 0.8, 0.95])
def test_a_pert_has_both_quantiles_and_the_mode(low, likely, high, interval):
    least, mode, most = (float(part) for part in pert_from_interval(low, high, likely, interval=interval))
    place = (mode - least) / (most - least)
    law = stats.beta(1 + 4 * place, 5 - 4 * place, loc=least, scale=most - least)
    assert mode == likely
    if least > 0:
        np.testing.assert_allclose(law.ppf([(1 - interval) / 2, (1 + interval) / 2]), [low, high], rtol=1e-9)
    found = optimize.minimize_scalar(lambda x: -law.pdf(x), bounds=(least, most), method="bounded").x
    assert found == pytest.approx(likely, rel=2e-3)


def test_a_pert_with_the_whole_interval_has_its_ends():
    assert [float(part) for part in pert_from_interval(10.0, 30.0, 15.0, interval=1)] == [10, 15, 30]


def test_a_pert_without_a_mode_is_symmetric():
    least, mode, most = pert_from_interval(100.0, 300.0)
    assert mode == 200
    assert most - mode == pytest.approx(float(mode - least))


def test_a_pert_never_begins_below_nothing():
    law = pert_from_interval(10.0, 100.0, 20.0)
    assert law[0] == 0
    assert law[1] == 20
    assert largest_misfit("pert", law, [0.1, 0.9], [10.0, 100.0]) == pytest.approx(0.0485, abs=1e-3)
    nearer = [
        float(np.sum((amount_quantiles("pert", (0.0, 20.0, most), [0.1, 0.9]) - [10.0, 100.0]) ** 2))
        for most in np.linspace(150, 300, 301)
    ]
    found = float(np.sum((amount_quantiles("pert", law, [0.1, 0.9]) - [10.0, 100.0]) ** 2))
    assert found <= min(nearer)


@pytest.mark.parametrize("family", FAMILIES)
def test_many_at_once_are_each_by_itself(family):
    low, likely, high = np.array([10.0, 100.0]), np.array([30.0, np.nan]), np.array([100.0, 300.0])
    together = amount_from_interval(family, low, high, likely, interval=np.array([0.8, 0.5]))
    first = amount_from_interval(family, 10.0, 100.0, 30.0)
    second = amount_from_interval(family, 100.0, 300.0, interval=0.5)
    for both, one, other in zip(together, first, second, strict=True):
        np.testing.assert_allclose(both, [one, other], rtol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
@given(factor=st.sampled_from([1e-4, 1e3, 1e7]))
@settings(max_examples=3)
def test_the_scale_of_amounts_does_not_matter(family, factor):
    for fit in (
        lambda scale: amount_from_interval(family, 50 * scale, 200 * scale, 90 * scale),
        lambda scale: amount_from_quantiles(family, QUARTILES, np.array([80, 100, 150]) * scale),
    ):
        np.testing.assert_allclose(
            amount_quantiles(family, fit(factor), [0.1, 0.5, 0.9]),
            factor * amount_quantiles(family, fit(1.0), [0.1, 0.5, 0.9]),
            rtol=1e-5,
        )


def test_a_log_normal_meets_any_quartiles():
    fitted = amount_from_quantiles("log-normal", QUARTILES, [80.0, 100.0, 150.0])
    np.testing.assert_allclose(amount_quantiles("log-normal", fitted, QUARTILES), [80, 100, 150])


@pytest.mark.parametrize(
    ("family", "law"),
    [
        ("log-normal", stats.lognorm(0.4, scale=70.0)),
        ("gamma", stats.gamma(3.0, scale=20.0)),
        ("pert", stats.beta(2.0, 4.0, loc=5.0, scale=40.0)),
    ],
)
def test_quantiles_of_the_family_itself_are_met(family, law):
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    fitted = amount_from_quantiles(family, levels, law.ppf(levels))
    assert largest_misfit(family, fitted, levels, law.ppf(levels)) < 1e-6
    assert amount_mean(family, fitted) == pytest.approx(law.mean(), rel=1e-5)


def test_the_nearest_gamma_is_that_of_a_general_optimiser():
    stated = np.array([80.0, 100.0, 150.0])

    def loss(logs):
        return np.sum((np.log(stats.gamma(np.exp(logs[0]), scale=np.exp(logs[1])).ppf(QUARTILES) / stated)) ** 2)

    best = optimize.minimize(loss, [1.0, 3.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
    shape, rate, _ = amount_from_quantiles("gamma", QUARTILES, stated)
    np.testing.assert_allclose([np.log(shape), -np.log(rate)], best.x, rtol=1e-4)


@pytest.mark.parametrize("family", ["log-normal", "gamma"])
@pytest.mark.parametrize(("mean", "sd"), [(100.0, 50.0), (3e6, 9e6), (0.5, 0.001)])
def test_mean_and_sd_are_met(family, mean, sd):
    law = amount_from_mean(family, mean, sd)
    assert amount_mean(family, law) == pytest.approx(mean)
    assert amount_sd(family, law) == pytest.approx(sd, rel=1e-6)


@given(st.floats(1e-4, 0.9), st.floats(0.01, 0.99), st.floats(0.3, 0.95))
@settings(max_examples=40)
def test_a_beta_has_both_quantiles(low, part, interval):
    high = low + part * (0.9999 - low)
    a, b = beta_from_interval(low, high, interval=interval)
    np.testing.assert_allclose(
        stats.beta(float(a), float(b)).cdf([low, high]), [(1 - interval) / 2, (1 + interval) / 2], atol=1e-7
    )


def test_draws_follow_the_stated_numbers():
    rng, size = np.random.default_rng(1), 200_000
    drawn = draw_amounts(rng, size, *map(float, log_normal_from_interval(50.0, 400.0, 100.0)))
    error = allowed(100) * np.sqrt(0.1 * 0.9 / size)
    assert abs((drawn < 50).mean() - 0.1) < error
    assert abs((drawn > 400).mean() - 0.1) < error
    assert abs((drawn < 100).mean() - 0.5) < allowed() * np.sqrt(0.25 / size)


def test_low_equal_to_high_is_a_certain_amount():
    drawn = draw_amounts(np.random.default_rng(1), 9, *map(float, log_normal_from_interval(80.0, 80.0)))
    np.testing.assert_allclose(drawn, 80, rtol=1e-14)


def test_a_beta_has_both_quantiles_where_they_are_extreme():
    low, part, upper = np.meshgrid([1e-5, 0.01, 0.3, 0.9], [1e-4, 0.1, 0.7, 0.999], [0.6, 0.9, 0.99])
    high = low + part * (1 - low)
    law = stats.beta(*beta_from_interval(low, high, interval=2 * upper - 1))
    np.testing.assert_allclose(law.cdf(low), 1 - upper, rtol=1e-9)
    np.testing.assert_allclose(law.cdf(high), upper, rtol=1e-9)


def test_a_gamma_that_would_have_to_be_narrower_than_any_is_the_narrowest():
    shape, rate, _ = gamma_from_interval(1.0, 1.0 + 1e-12)
    assert np.log10(shape) == pytest.approx(15)
    assert shape / rate == pytest.approx(1.0)


def test_the_nearest_pert_is_that_of_a_fine_grid():
    stated = np.array([80.0, 100.0, 150.0])

    def loss(law):
        return np.sum((amount_quantiles("pert", law, QUARTILES) - stated) ** 2)

    least, mode, most = (float(part) for part in amount_from_quantiles("pert", QUARTILES, stated))
    found = loss((least, mode, most))
    for move in np.vstack([np.eye(3), -np.eye(3)]) * 0.05:
        moved = np.array([least, mode, most]) + move
        if moved[0] <= moved[1] <= moved[2] and moved[0] >= 0:
            assert found <= loss(tuple(moved))
