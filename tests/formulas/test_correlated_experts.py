"""Pooled beliefs: generalised least squares, by matrices and by sampling a model of the same beliefs."""

import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas.beliefs.correlated_experts import (
    correlation_posterior,
    effective_number,
    log_normal_moments,
    pooled_normal,
)
from tests.chance import assert_draws

LOCATION, SD = np.array([1.0, 1.6, 2.1]), np.array([0.5, 0.6, 0.45])


def by_matrices(location, sd, correlation):
    covariance = np.outer(sd, sd) * (correlation + (1 - correlation) * np.eye(len(sd)))
    inverse = np.linalg.inv(covariance)
    return inverse.sum(axis=0) @ location / inverse.sum(), 1 / np.sqrt(inverse.sum())


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_generalised_least_squares(correlation):
    location, sd, weights = pooled_normal(LOCATION, SD, correlation)
    assert (location, sd) == pytest.approx(by_matrices(LOCATION, SD, correlation))
    assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.99])
def test_equal_beliefs_are_worth_their_effective_number(correlation):
    _, sd, weights = pooled_normal(LOCATION, np.full(3, 0.5), correlation)
    assert sd == pytest.approx(0.5 / np.sqrt(effective_number(3, correlation)))
    np.testing.assert_allclose(weights, 1 / 3)


def test_draws_are_pooled_one_by_one():
    rng = np.random.default_rng(1)
    location, sd = rng.normal(size=(3, 50)), rng.uniform(0.2, 1.5, (3, 50))
    found = pooled_normal(location, sd, 0.4)
    each = [pooled_normal(location[:, i], sd[:, i], 0.4) for i in range(50)]
    np.testing.assert_allclose(found[0], [one[0] for one in each])
    np.testing.assert_allclose(found[1], [one[1] for one in each])


def test_a_far_wider_belief_does_not_push_the_others_away():
    location, sd, weights = pooled_normal(np.array([0.0, 1.0]), np.array([0.2, 2.0]), 0.6)
    assert (location, sd, weights.tolist()) == (0.0, pytest.approx(0.2), [1.0, 0.0])
    several, spread, _ = pooled_normal(np.array([0.0, 0.4, 9.0]), np.array([0.2, 0.2, 5.0]), 0.6)
    assert (several, spread) == pytest.approx(by_matrices(np.array([0.0, 0.4]), np.array([0.2, 0.2]), 0.6))


@pytest.mark.fits
def test_a_model_of_the_same_beliefs_agrees():
    import pymc as pm

    from ltv_bayes.inference.methods import fit_posterior

    covariance = np.outer(SD, SD) * (0.4 + 0.6 * np.eye(3))
    with pm.Model() as model:
        amount = pm.Normal("amount", 0, 100)
        pm.MvNormal("stated", amount * np.ones(3), cov=covariance, observed=LOCATION)
    drawn = fit_posterior(model, method="nuts", draws=500, random_seed=1, progressbar=False)["posterior"]["amount"]
    location, sd, _ = pooled_normal(LOCATION, SD, 0.4)
    assert_draws(drawn, location, figures=2)
    assert_draws(drawn, sd, figures=2, slack=0.01 * sd, of=np.std)


def test_moments_of_a_two_sided_amount():
    z = np.random.default_rng(1).standard_normal(2_000_000)
    log_amount = np.log(100) + z * np.where(z < 0, 0.3, 0.8)
    mean, sd = log_normal_moments(100.0, 0.3, 0.8)
    assert (mean, sd) == pytest.approx((log_amount.mean(), log_amount.std()), abs=2e-3)


def test_correlation_posterior_is_the_multivariate_normal_likelihood():
    rng = np.random.default_rng(2)
    groups = [rng.multivariate_normal(np.zeros(n), 0.5 + 0.5 * np.eye(n)) for n in (2, 3, 4, 2, 3)]
    grid, weights = correlation_posterior(groups)
    at = [100, 500, 900]
    expected = [
        sum(stats.multivariate_normal.logpdf(e, cov=rho + (1 - rho) * np.eye(e.size)) for e in groups)
        for rho in grid[at]
    ]
    np.testing.assert_allclose(np.diff(np.log(weights[at])), np.diff(expected))
