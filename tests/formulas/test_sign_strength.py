"""What past opportunities tell of the strength of an open one as a sign of life."""

import numpy as np
import pytest
from scipy import integrate

from ltv_bayes.formulas.beliefs.sign_strength import posterior_of_log_ratio


def test_posterior_of_five_customers_is_the_integral():
    """Over the ratio, the chance to win and the time that customers stay for, by quadrature."""
    alive, buys = np.array([0.3, 0.05, 0.9, 0.5, 0.2]), np.array([0.8, 0.6, 0.9, 0.3, 0.95])
    won, bought = np.array([True, False, False, False, False]), np.array([False, True, True, False, False])

    def density(c, v, z):
        w = alive / (alive + (1 - alive) / max(20 * np.exp(0.84 * z), 1.0))
        s = 1 - (1 - buys) ** c
        terms = np.where(won, w * v, np.where(bought, w * (1 - v) * s, w * (1 - v) * (1 - s) + 1 - w))
        return np.exp(-0.5 * z**2) * terms.prod()

    def moment(power):
        rule, weight = np.polynomial.legendre.leggauss(12)
        at = [
            (c, v, g * h)
            for c, g in zip(0.5 + rule / 2, weight, strict=True)
            for v, h in zip(0.5 + rule / 2, weight, strict=True)
        ]
        return integrate.quad(lambda z: z**power * sum(g * density(c, v, z) for c, v, g in at), -5, 5, limit=200)[0]

    whole, first, second = (moment(power) for power in (0, 1, 2))
    mean, sd = posterior_of_log_ratio(alive, buys, won, bought, median=20.0, sd=0.84)
    assert mean == pytest.approx(np.log(20) + 0.84 * first / whole, abs=0.01)
    assert sd == pytest.approx(0.84 * np.sqrt(second / whole - (first / whole) ** 2), rel=0.02)


def simulated(rng, ratio, number=600):
    """Customers with an opportunity, of whom a third were won; who had left neither won nor ordered."""
    alive = rng.beta(0.7, 0.7, 4 * number)
    lives = rng.random(alive.size) < alive
    signs = rng.random(alive.size) < np.where(lives, 0.4, 0.4 / ratio)
    alive, lives = alive[signs][:number], lives[signs][:number]
    buys = rng.uniform(0.3, 0.95, alive.size)
    won = lives & (rng.random(alive.size) < 1 / 3)
    return alive, buys, won, ~won & lives & (rng.random(alive.size) < buys)


@pytest.mark.parametrize("ratio", [5.0, 20.0, 80.0])
def test_the_ratio_is_found_again(ratio):
    """Within what is said of its doubt, and with less of it than before."""
    rng = np.random.default_rng(3)
    found = [posterior_of_log_ratio(*simulated(rng, ratio), median=20.0, sd=0.84) for _ in range(8)]
    off = np.array([(mean - np.log(ratio)) / sd for mean, sd in found])
    assert (np.abs(off) < 3.5).all()
    assert abs(off.mean()) < 1.5
    assert max(sd for _, sd in found) < 0.6


def test_where_no_life_was_in_doubt_nothing_is_learned():
    rng = np.random.default_rng(4)
    won = rng.random(500) < 0.4
    bought = ~won & (rng.random(500) < 0.5)
    for alive in (1.0, 0.9999):
        mean, sd = posterior_of_log_ratio(np.full(500, alive), np.full(500, 0.5), won, bought, median=20.0, sd=0.84)
        assert mean == pytest.approx(np.log(20), abs=0.02)
        assert sd == pytest.approx(0.84, abs=0.02)


def test_what_opportunities_bring_is_not_taken_for_life():
    """All are alive for sure; many wins beside few orders do not raise the ratio, nor do few wins lower it."""
    alive, buys = np.concatenate([np.full(300, 1.0), np.full(60, 0.5)]), np.full(360, 0.6)
    rng = np.random.default_rng(5)
    lives = np.concatenate([np.ones(300, dtype=bool), rng.random(60) < 20 / 21])
    for chance in (0.02, 0.9):
        won = lives & (rng.random(360) < chance)
        bought = lives & ~won & (rng.random(360) < buys)
        mean, sd = posterior_of_log_ratio(alive, buys, won, bought, median=20.0, sd=0.84)
        assert abs(mean - np.log(20)) < 2.5 * sd
