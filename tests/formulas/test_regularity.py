"""Regularity of gaps: on simulated customers who differ and leave, and against sums by hand."""

import itertools

import numpy as np
import pytest
from scipy import special, stats

from ltv_bayes.formulas.models import regularity
from tests.chance import FALSE_ALARM, allowed

LEVELS = [0.0005, 0.9995]


def simulated(k, days, customers=1500, seed=3, leaving=0.1):
    """Whose gap each is, and its days: gamma gaps at rates that differ, known by the day, until leaving or the end."""
    rng, owner, gaps = np.random.default_rng(seed), [], []
    for one in range(customers):
        rate, now, last = rng.gamma(2, 0.5) / days, 0.0, 0
        while (now := now + rng.gamma(k) / k / rate) < 15 * days:
            if int(now) > last:
                owner.append(one)
                gaps.append(int(now) - last)
                last = int(now)
            if rng.random() < leaving:
                break
    return np.array(owner), np.array(gaps)


def interval(k, days, **settings):
    return regularity.quantile(*regularity.posterior(regularity.counted_gaps(*simulated(k, days, **settings))), LEVELS)


@pytest.mark.parametrize("days", [5, 30, 365])
@pytest.mark.parametrize("leaving", [0.0, 0.3])
def test_random_purchases_are_random_whoever_leaves_and_however_short_gaps_are(days, leaving):
    low, high = interval(1, days, leaving=leaving)
    assert low < 1 < high
    assert high / low < 1.4


@pytest.mark.parametrize("k", [2, 4])
def test_regular_purchases_are_found_to_be_so(k):
    low, high = interval(k, 365)
    assert low < k * (1 + k / 365) < high
    assert high / low < 1.3


def test_interval_holds_the_truth_as_often_as_it_says():
    inside = 0
    for seed in range(200):
        gaps = regularity.counted_gaps(*simulated(1, 40, customers=60, seed=seed))
        low, high = regularity.quantile(*regularity.posterior(gaps), [0.1, 0.9])
        inside += low < 1 < high
    assert inside / 200 == pytest.approx(0.8, abs=allowed() * np.sqrt(0.16 / 200))


def test_likelihood_is_a_distribution_over_all_ways_to_part_a_sum():
    ways = [way for way in itertools.product(range(1, 9), repeat=3) if sum(way) == 10]
    for k in (0.4, 1.0, 7.0):
        chances = [
            np.exp(regularity.log_likelihood(k, regularity.counted_gaps(np.zeros(3, int), np.array(way))))
            for way in ways
        ]
        assert sum(chances) == pytest.approx(1)


def test_likelihood_is_that_of_negative_binomial_gaps_whatever_their_rate():
    gaps = np.array([3, 8, 2, 5])
    found = regularity.log_likelihood(2.5, regularity.counted_gaps(np.zeros(4, int), gaps))
    for stay in (0.1, 0.4):
        one_by_one = stats.nbinom(2.5, stay).logpmf(gaps - 1).sum()
        assert found == pytest.approx(one_by_one - stats.nbinom(10, stay).logpmf(gaps.sum() - 4))


def test_posterior_is_the_product_of_prior_and_likelihood():
    gaps = regularity.counted_gaps(*simulated(2, 60, customers=30))
    k, weights = regularity.posterior(gaps)
    wide = np.linspace(-4, 5, 200_001)
    parts = [regularity.log_likelihood(np.exp(part), gaps) - 0.5 * part**2 for part in np.array_split(wide, 100)]
    density = special.softmax(np.concatenate(parts))
    for level in (0.05, 0.5, 0.95):
        expected = np.exp(np.interp(level, np.cumsum(density), wide))
        assert regularity.quantile(k, weights, level) == pytest.approx(expected, rel=1e-3)


def test_customers_with_one_gap_say_nothing():
    some = regularity.counted_gaps(np.array([0, 0, 2, 2, 2]), np.array([3, 5, 9, 1, 4]))
    more = regularity.counted_gaps(np.array([0, 0, 1, 2, 2, 2]), np.array([3, 5, 700, 9, 1, 4]))
    assert regularity.log_likelihood(3.0, some) == regularity.log_likelihood(3.0, more)


def test_perfect_rhythm_is_beyond_all_bounds_but_finite():
    k, weights = regularity.posterior(regularity.counted_gaps(np.repeat(np.arange(50), 5), np.full(250, 365)))
    assert 50 < regularity.quantile(k, weights, 0.05) < np.inf


@pytest.mark.parametrize("k", [0.5, 1, 4])
@pytest.mark.parametrize("gaps", [1, 5])
def test_chance_of_a_silence_is_uniform_over_next_gaps_whatever_rates_are(k, gaps):
    rng = np.random.default_rng(2)
    rate = rng.gamma(0.3, 1.0, 20_000) + 1e-9
    total, following = rng.gamma(k * gaps, 1 / rate), rng.gamma(k, 1 / rate)
    chance = regularity.chance_of_silence(k, following, gaps, total)
    assert stats.kstest(chance, "uniform").pvalue > FALSE_ALARM


def test_silence_of_three_gaps_is_rare_where_purchases_are_regular():
    drawn = np.random.default_rng(1).gamma(4.0, 1 / 4.0, 400_000)
    assert regularity.silence(4.0, 3) == pytest.approx((drawn > 3).mean(), abs=allowed() * np.sqrt(0.0023 / 400_000))
    assert regularity.silence(1.0, 3) == pytest.approx(np.exp(-3))
