"""Scores of stated chances and amounts, against integration and simulation."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from ltv_bayes.formulas.beliefs.closed_judgements import log_amount_crps, mean_score_draws
from tests.chance import assert_mean, assert_share


@pytest.mark.parametrize("error", [-1.3, -0.1, 0.0, 0.4, 2.0])
@pytest.mark.parametrize(("below", "above"), [(0.5, 0.5), (0.3, 0.9)])
def test_crps_is_the_integral_of_its_definition(error, below, above):
    def squared(x):
        level = stats.norm.cdf(x / (below if x < 0 else above))
        return (level - (x >= error)) ** 2

    parts = np.unique([-12.0, 0.0, error, 12.0])
    expected = sum(integrate.quad(squared, low, high)[0] for low, high in pairwise(parts))
    assert float(log_amount_crps(error, below, above)) == pytest.approx(expected, abs=1e-7)


def test_nobody_gains_by_stating_another_spread():
    errors = 0.5 * np.random.default_rng(1).standard_normal(200_000)
    scores = {sd: log_amount_crps(errors, sd, sd).mean() for sd in (0.25, 0.4, 0.5, 0.6, 1.0)}
    assert min(scores, key=scores.get) == 0.5


def test_mean_score_is_between_the_judges_own_and_everybodys():
    rng = np.random.default_rng(1)
    own, everybody = rng.random(8), rng.random(500) + 1
    draws = mean_score_draws(own, everybody, 20_000, rng, weight=2.0)
    assert_mean(draws, (own.sum() + 2 * everybody.mean()) / 10)


def test_intervals_of_the_mean_score_hold_it():
    """Brier scores of judges whose chances are right: 90% intervals after 40 cases, over 300 simulated judges."""
    rng = np.random.default_rng(4)
    chance = rng.beta(2, 2, (300, 40))
    scores = (chance - (rng.random(chance.shape) < chance)) ** 2
    true = 0.2  # the mean of p (1 - p) under beta(2, 2)
    everybody = rng.choice(scores.ravel(), 500, replace=False)
    draws = np.array([mean_score_draws(own, everybody, 400, rng) for own in scores])
    low, high = np.quantile(draws, [0.05, 0.95], axis=1)
    assert_share((low < true) & (true < high), 0.9)


def test_who_has_no_record_has_everybodys_score():
    everybody = np.random.default_rng(1).random(500)
    draws = mean_score_draws(np.array([]), everybody, 20_000, np.random.default_rng(2))
    assert_mean(draws, everybody.mean())


def test_more_cases_make_a_surer_score():
    scores = np.tile([0.0, 1.0], 100)
    few, many = (mean_score_draws(scores[:n], scores, 4000, np.random.default_rng(1)).std() for n in (4, 200))
    assert many < few / 3
