"""The bounds of statistical tests: wide enough for chance, and narrow enough to find a fault."""

import numpy as np
import pytest
from arviz_stats.ecdf_utils import simulate_confidence_bands
from scipy import signal, stats

from tests import chance


def chains(seed, number, shift=0.0, scale=1.0, draws=500, slow=0.6):
    """Chains of two parameters, one with heavy tails, whose draws depend on those before."""
    rng = np.random.default_rng(seed)
    made = signal.lfilter([np.sqrt(1 - slow**2)], [1, -slow], rng.standard_normal((2, number, 100 + draws)))[:, :, 100:]
    return [{"a": shift + scale * a, "b": np.sinh(b)} for a, b in zip(*made, strict=True)]


def test_the_farthest_of_many_figures_may_lie_farther():
    assert chance.allowed() == pytest.approx(stats.norm.isf(chance.FALSE_ALARM / 2))
    assert chance.allowed() < chance.allowed(100) < chance.allowed(100, 20)
    each = 2 * stats.norm.sf(chance.allowed(100))
    assert 1 - (1 - each) ** 100 == pytest.approx(chance.FALSE_ALARM, rel=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_chains_of_one_posterior_agree(seed):
    chance.assert_same_posterior(chains(2 * seed, 12), chains(2 * seed + 1, 12))


@pytest.mark.parametrize("changes", [{"shift": 0.3}, {"scale": 1.25}])
def test_chains_of_another_posterior_do_not(changes):
    with pytest.raises(AssertionError, match="differ by"):
        chance.assert_same_posterior(chains(1, 12), chains(2, 12, **changes))


def faults(rng):
    return {
        "share": lambda: chance.assert_share(rng.random(4000) < 0.85, 0.9),
        "counts": lambda: chance.assert_counts(rng.random(1000) < 0.4, np.full(1000, 0.5)),
        "mean": lambda: chance.assert_mean(rng.normal(0.2, 1, 2000), 0.0),
        "means": lambda: chance.assert_means({"a": rng.normal(size=500), "b": rng.normal(0.4, 1, 500)}, 0.0),
        "draws": lambda: chance.assert_draws(rng.normal(0.2, 1, (4, 1000)), 0.0),
        "quantiles": lambda: chance.assert_quantiles(rng.normal(0, 1.3, (4, 1000)), [0.1, 0.9], [-1.28, 1.28]),
        "plausible": lambda: chance.assert_plausible(5.5, rng.normal(size=4000)),
        "standard": lambda: chance.assert_standard(rng.normal(0, 1.8, 60)),
    }


@pytest.mark.parametrize("name", faults(None))
def test_bounds_are_narrow_enough_to_find_a_fault(name):
    with pytest.raises(AssertionError):
        faults(np.random.default_rng(1))[name]()


@pytest.mark.parametrize("seed", range(20))
def test_what_is_right_passes(seed):
    rng = np.random.default_rng(seed)
    chance.assert_share(rng.random(4000) < 0.9, 0.9)
    chance.assert_counts(rng.random(1000) < 0.5, np.full(1000, 0.5))
    chance.assert_mean(rng.normal(size=2000), 0.0)
    chance.assert_means({"a": rng.normal(size=500), "b": rng.normal(size=500)}, 0.0)
    chance.assert_draws(rng.normal(size=(4, 1000)), 0.0)
    chance.assert_quantiles(rng.normal(size=(4, 1000)), [0.1, 0.9], [-1.28, 1.28], slack=0.01)
    chance.assert_plausible(2.0, rng.normal(size=4000))
    chance.assert_standard(rng.normal(size=60))


def test_the_band_of_ranks_is_left_as_often_as_it_says():
    rng = np.random.default_rng(4)
    for number, pointwise in ((50, 0.01), (300, 0.003)):
        low, high = chance._pointwise_band(number, pointwise)
        up_to = (rng.random((2000, number))[..., np.newaxis] <= chance.POINTS).sum(axis=1)
        left = ((up_to < low) | (up_to > high)).any(axis=1)
        chance.assert_share(left, chance.beyond(number, pointwise), figures=2)
    for alarm in (0.05, 1e-6, 1e-8):
        low, high = chance.uniform_band(300, alarm)
        assert 0.5 * alarm < chance.beyond(300, 2 * stats.binom.cdf(low[24] - 1, 300, 0.5)) <= alarm


def test_the_band_of_ranks_is_that_of_arviz():
    """ArviZ simulates the chance at one point with which 90% of all shares stay inside at all of them."""
    inside = simulate_confidence_bands(100, 1, chance.POINTS, 0.9, 4000, np.random.default_rng(5))
    assert abs(chance.beyond(100, 1 - inside) - 0.1) < chance.allowed() * np.sqrt(0.09 / 4000)


def test_ranks_that_are_not_uniform_leave_the_band():
    rng = np.random.default_rng(6)
    assert all(chance.off_uniform(rng.random(300))[1] <= 1 for _ in range(200))
    for ranks in (rng.beta(1, 1.6, 300), rng.beta(3, 3, 300), rng.beta(0.4, 0.4, 300)):
        assert chance.off_uniform(ranks)[1] > 1


def test_cases_that_share_parameters_vary_together():
    """A common factor moves all cases: independent errors would not allow for it, draws that play the truth do."""
    rng = np.random.default_rng(3)
    every = np.exp(0.3 * rng.standard_normal((401, 1))) * rng.gamma(4.0, 1.0, (401, 500))

    def level(truth, draws):
        return np.mean(np.log(truth / np.median(draws, axis=0)))

    chance.assert_exchangeable(level, every[0], every[1:])
    with pytest.raises(AssertionError):
        chance.assert_exchangeable(level, 12 * every[0], every[1:])
