"""Mixtures of log-normal amounts, against SciPy's log-normal and simulation."""

import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas.beliefs.log_normal_mixture import LogNormalMixture


def test_one_part_is_a_log_normal():
    mixture, law = (
        LogNormalMixture(np.array([4.0]), np.array([0.7]), np.array([3.0])),
        stats.lognorm(0.7, scale=np.e**4),
    )
    amounts, levels = np.array([-1.0, 0.0, 10.0, 55.0, 300.0]), np.array([[0.01, 0.5], [0.9, 0.999]])
    np.testing.assert_allclose(mixture.density(amounts), law.pdf(amounts), atol=1e-15)
    np.testing.assert_allclose(mixture.quantile(levels), law.ppf(levels), rtol=1e-9)
    assert (mixture.mean, mixture.standard_deviation) == pytest.approx((law.mean(), law.std()))


def test_several_parts_are_what_is_simulated():
    rng = np.random.default_rng(1)
    location, sd, weights = np.array([1.0, 3.0, 2.0]), np.array([0.2, 0.5, 0.1]), np.array([2.0, 1.0, 0.0])
    who = rng.choice(3, 400_000, p=weights / 3)
    drawn = np.exp(location[who] + sd[who] * rng.standard_normal(who.size))
    mixture = LogNormalMixture(location, sd, weights)
    assert mixture.mean == pytest.approx(drawn.mean(), rel=0.01)
    assert mixture.standard_deviation == pytest.approx(drawn.std(), rel=0.02)
    levels = [0.05, 0.3, 0.8, 0.95]
    np.testing.assert_allclose(mixture.quantile(levels), np.quantile(drawn, levels), rtol=0.01)
    edges = np.array([2.0, 3.0, 5.0, 20.0])
    grid = np.linspace(edges[:-1], edges[1:], 2001)
    found = np.trapezoid(mixture.density(grid), grid, axis=0)
    np.testing.assert_allclose(found, np.histogram(drawn, edges)[0] / drawn.size, atol=0.003)
