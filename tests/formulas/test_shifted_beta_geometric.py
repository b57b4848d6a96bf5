"""Shifted beta-geometric: the High End table of 2007, definitions, and simulation."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from ltv_bayes.formulas.models import shifted_beta_geometric as sbg
from tests.chance import allowed

HIGH_END = np.array([1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394])  # active after 0..12 renewals
ALPHA, BETA = 0.66809, 3.80610


def negative_log_likelihood(logs):
    alpha, beta = np.exp(logs)
    lost, active = -np.diff(HIGH_END[:8]), HIGH_END[7]
    by_year = sbg.log_likelihood(np.arange(7), 1, alpha=alpha, beta=beta)
    return -(lost @ by_year + active * sbg.log_likelihood(7, 0, alpha=alpha, beta=beta))


def test_maximum_likelihood_of_the_high_end_table():
    found = optimize.minimize(negative_log_likelihood, [0.0, 1.0], tol=1e-12)
    assert np.exp(found.x) == pytest.approx([ALPHA, BETA], rel=1e-4)
    assert -found.fun == pytest.approx(-1611.158, abs=5e-4)


def test_projected_survival_is_as_published():
    later = 100 * sbg.survival(np.arange(8, 13), alpha=ALPHA, beta=BETA)
    np.testing.assert_allclose(later, [46.04, 43.58, 41.42, 39.51, 37.80], atol=0.005)


def test_residual_life_is_as_published():
    found = sbg.discounted_expected_residual_life(np.arange(1, 9), 0.1, alpha=ALPHA, beta=BETA)
    np.testing.assert_allclose(found, [5.4145, 5.9014, 6.2939, 6.6199, 6.8967, 7.1357, 7.3447, 7.5296], atol=5e-5)


@pytest.mark.parametrize(("alpha", "beta"), [(ALPHA, BETA), (1.0, 1.0), (0.05, 0.4), (30.0, 200.0)])
def test_survival_is_the_mean_over_churn(alpha, beta):
    for n in (0, 3):
        law = stats.beta(alpha, beta + n)
        for t in (1, 5, 20):
            mean, _ = integrate.quad(lambda p, t=t, law=law: (1 - p) ** t * law.pdf(p), 0, 1, limit=200)
            assert sbg.survival(t, alpha=alpha, beta=beta, renewals=n) == pytest.approx(mean, rel=1e-6)


def test_histories_have_probability_one():
    """Lost at one of the first 40 renewals, or still active: nothing else can be."""
    lost = np.exp(sbg.log_likelihood(np.arange(40), 1, alpha=ALPHA, beta=BETA)).sum()
    assert lost + np.exp(sbg.log_likelihood(40, 0, alpha=ALPHA, beta=BETA)) == pytest.approx(1, rel=1e-12)


def test_retention_is_the_ratio_of_survivals():
    t = np.arange(10)
    survival = sbg.survival(np.arange(11), alpha=ALPHA, beta=BETA)
    np.testing.assert_allclose(sbg.retention(t, alpha=ALPHA, beta=BETA), survival[1:] / survival[:-1])


def test_residual_life_is_the_discounted_sum_of_survivals():
    t = np.arange(4000)
    for n in (1, 4):
        first = sbg.retention(n - 1, alpha=ALPHA, beta=BETA)
        later = sbg.survival(t, alpha=ALPHA, beta=BETA, renewals=n)
        total = first * (later / 1.1**t).sum()
        assert sbg.discounted_expected_residual_life(n, 0.1, alpha=ALPHA, beta=BETA) == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("alpha", [0.05, 0.668, 3.0, 1000.0, 1e5])
@pytest.mark.parametrize("beta", [0.5, 3.806, 1000.0, 1e6])
def test_residual_life_by_the_day_is_the_direct_sum(alpha, beta):
    """Where SciPy's 2F1 overflows, or loses digits: many renewals, or subscribers alike, at a low rate per period."""
    for renewals in (0, 30, 200, 5000):
        for d in (1.1 ** (1 / 365.25) - 1, 1.02 ** (1 / 12) - 1):
            t = np.arange(450_000 if d < 1e-3 else 25_000)
            log_kept = np.cumsum(np.log1p(-alpha / (alpha + beta + renewals + t)))
            total = np.exp(log_kept - t * np.log1p(d)).sum()
            found = sbg.discounted_expected_residual_life(renewals + 1, d, alpha=alpha, beta=beta)
            assert found == pytest.approx(total, rel=1e-8)


def test_residual_life_is_finite_over_the_whole_range():
    alpha, beta, n, d = np.meshgrid(10.0 ** np.arange(-3, 7), 10.0 ** np.arange(-3, 7), [1, 3000], [1e-8, 1e-4, 0.5])
    found = sbg.discounted_expected_residual_life(n, d, alpha=alpha, beta=beta)
    assert ((found > 0) & (found <= (1 + d) / d)).all()


@pytest.mark.parametrize("observed_from", [0, 3, 40])
def test_histories_after_delayed_entry_have_probability_one(observed_from):
    t = observed_from + np.arange(40)
    lost = np.exp(sbg.log_likelihood(t, 1, alpha=ALPHA, beta=BETA, observed_from=observed_from)).sum()
    active = np.exp(sbg.log_likelihood(t[-1] + 1, 0, alpha=ALPHA, beta=BETA, observed_from=observed_from))
    assert lost + active == pytest.approx(1, rel=1e-12)
    assert active == pytest.approx(sbg.survival(40, alpha=ALPHA, beta=BETA, renewals=observed_from), rel=1e-12)


def test_subscribers_whose_churn_is_too_small_for_a_float_renew_for_ever():
    drawn = sbg.draw_renewals(np.random.default_rng(1), np.zeros(20_000), alpha=2e-3, beta=1.0)
    assert not np.isnan(drawn).any()
    assert np.isinf(drawn).mean() > 0.2  # P(churn < 1e-308) is 0.24


@pytest.mark.parametrize("renewals", [0, 5])
def test_draws_have_the_survival_of_the_formula(renewals):
    size = 200_000
    drawn = sbg.draw_renewals(np.random.default_rng(1), np.full(size, renewals), alpha=ALPHA, beta=BETA)
    for t in (1, 2, 8, 30):
        chance = float(sbg.survival(t, alpha=ALPHA, beta=BETA, renewals=renewals))
        assert abs((drawn >= t).mean() - chance) < allowed(100) * np.sqrt(chance * (1 - chance) / size)
