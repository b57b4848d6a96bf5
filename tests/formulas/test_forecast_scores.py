"""Scores of forecasts, held to closed forms, to sums written out, and to SciPy."""

import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas.forecast_scores import (
    at_most,
    crps,
    gini,
    interval_score,
    lowest_chance,
)


def test_crps_is_the_sum_over_pairs_of_draws():
    rng = np.random.default_rng(1)
    drawn, actual = rng.gamma(1.0, 2.0, (7, 5)), rng.gamma(1.0, 2.0, 5)
    apart = np.abs(drawn[:, np.newaxis] - drawn).sum(axis=(0, 1)) / (7 * 6)
    np.testing.assert_allclose(crps(drawn, actual), np.abs(drawn - actual).mean(axis=0) - apart / 2)


def test_crps_of_a_normal_forecast_is_the_published_one():
    """Gneiting & Raftery (2007), eq. 22; draws at evenly spaced probabilities stand for the distribution."""
    drawn = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    actual = np.array([-3.0, 0.0, 0.4, 2.0])
    z = actual
    expected = z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    np.testing.assert_allclose(crps(np.repeat(drawn[:, np.newaxis], 4, axis=1), actual), expected, atol=2e-4)


def test_crps_is_the_integral_of_the_squared_distance_of_distribution_functions():
    drawn, actual = np.array([[1.0], [2.0], [2.0], [6.0]]), np.array([3.0])
    at = np.linspace(0, 8, 800_001)
    below = (drawn <= at).mean(axis=0)
    integral = np.trapezoid((below - (at >= actual[0])) ** 2, at)
    # The integral takes draws as the distribution itself, so pairs hold a draw with itself: (n - 1) / n of all count.
    spread = np.abs(drawn - drawn.T).mean() / 2
    assert crps(drawn, actual)[0] == pytest.approx(integral + spread - spread * 4 / 3, abs=1e-4)


def test_crps_rewards_the_distribution_that_outcomes_have():
    rng = np.random.default_rng(2)
    actual = rng.gamma(2.0, 1.0, 4000)
    ways = ((1, 0), (0.2, 1.6), (1, 1))
    right, narrow, shifted = (rng.gamma(2.0, 1.0, (200, 1)) * scale + shift for scale, shift in ways)
    scores = [crps(np.repeat(drawn, 4000, axis=1), actual).mean() for drawn in (right, narrow, shifted)]
    assert scores[0] < min(scores[1:])


def test_interval_score_is_least_for_the_quantiles():
    actual = np.linspace(0.0005, 0.9995, 1000)
    scores = {low: interval_score(low, 1 - low, actual, 0.9).mean() for low in (0.01, 0.05, 0.15)}
    assert min(scores, key=scores.get) == 0.05
    assert scores[0.05] == pytest.approx(0.9 + 20 * 2 * 0.05**2 / 2, rel=1e-3)


class TestGini:
    def test_is_twice_the_area_under_the_roc_less_one_where_worth_is_yes_or_no(self):
        rng = np.random.default_rng(3)
        ranked, worth = rng.integers(0, 12, 300).astype(float), (rng.random(300) < 0.3).astype(float)
        yes, no = ranked[worth == 1], ranked[worth == 0]
        auc = stats.mannwhitneyu(yes, no).statistic / (yes.size * no.size)
        assert gini(ranked, worth) == pytest.approx(2 * auc - 1)

    def test_is_the_area_between_cumulative_gains(self):
        rng = np.random.default_rng(4)
        ranked, worth = rng.random(50), rng.gamma(0.3, 1.0, 50)

        def area(order):
            gains = np.append(0, np.cumsum(worth[order]) / worth.sum())
            return np.trapezoid(gains, dx=1 / 50) - 0.5

        assert gini(ranked, worth) == pytest.approx(area(np.argsort(-ranked)) / area(np.argsort(-worth)))
        assert gini(worth, worth) == pytest.approx(1)
        assert gini(-worth, worth) == pytest.approx(-1)

    def test_ties_share_their_places(self):
        worth = np.array([5.0, 1.0, 0.0, 0.0])
        both = [gini(np.array(order), worth) for order in ([4, 3, 2, 1], [3, 4, 2, 1])]
        assert gini(np.array([3, 3, 2, 1]), worth) == pytest.approx(np.mean(both))

    def test_is_missing_where_nothing_can_be_ranked(self):
        assert np.isnan(gini(np.array([1.0, 2.0]), np.zeros(2)))
        assert np.isnan(gini(np.array([1.0, 2.0]), np.ones(2)))


@pytest.mark.parametrize(("successes", "trials", "chance"), [(0, 4, 0.9), (3, 4, 0.9), (11, 20, 0.5), (20, 20, 0.8)])
def test_at_most_is_the_binomial_distribution(successes, trials, chance):
    assert at_most(successes, trials, chance) == pytest.approx(stats.binom.cdf(successes, trials, chance))


def test_at_most_lies_between_whole_numbers_of_trials():
    assert at_most(2, 3, 0.9) < at_most(2.25, 3.25, 0.9) < at_most(3, 4, 0.9)


@pytest.mark.parametrize(("successes", "trials"), [(1, 4), (3, 4), (4, 4), (17, 20)])
def test_lowest_chance_is_the_bound_of_clopper_and_pearson(successes, trials):
    bound = stats.binomtest(successes, trials, alternative="greater").proportion_ci(0.95, method="exact").low
    assert lowest_chance(successes, trials) == pytest.approx(bound)
    assert stats.binom.sf(successes - 1, trials, bound) == pytest.approx(0.05)


def test_lowest_chance_is_none_where_nothing_held():
    assert lowest_chance(0, 5) == 0
