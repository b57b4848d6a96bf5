"""Importance weights, smoothed by arviz_stats: tails are recognised, the body is kept."""

import numpy as np
import pytest

from ltv_bayes.formulas.special import pareto_smoothed


@pytest.mark.parametrize("k", [0.2, 0.6, 0.9])
def test_pareto_tails_are_recognised(k):
    log_ratios = -k * np.log(np.random.default_rng(1).random(50_000))
    weights, found = pareto_smoothed(log_ratios)
    tail = 3 * np.sqrt(log_ratios.size)
    assert found == pytest.approx(k, abs=4 * (1 + k) / np.sqrt(tail))
    assert weights.sum() == pytest.approx(1)


def test_weights_below_the_tail_are_in_proportion_to_the_ratios():
    log_ratios = np.random.default_rng(2).normal(size=4000)
    weights, _ = pareto_smoothed(log_ratios)
    body = log_ratios < np.quantile(log_ratios, 0.9)
    proportion = weights[body] / np.exp(log_ratios[body])
    np.testing.assert_allclose(proportion, proportion[0])
    assert weights[~body].min() >= weights[body].max()
