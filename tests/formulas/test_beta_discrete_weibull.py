"""Beta-discrete-Weibull: published estimates, definitions, the kernel, and simulation."""

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from ltv_bayes.formulas.kernels.tables import RenewalTables
from ltv_bayes.formulas.models import shifted_beta_geometric as renewing
from tests.chance import allowed
from tests.formulas.kernels import alone, value_alone
from tests.formulas.test_renewal_values import SIZE, drawn

REGULAR = np.array([1000, 631, 468, 382, 326, 289, 262, 241])  # active after 0..7 renewals
HIGH_END = np.array([1000, 869, 743, 653, 593, 551, 517, 491])
PUBLISHED = {
    "regular 0-4": (REGULAR[:5], (0.52303, 0.89428, 1.19640), -1401.38305),
    "regular 0-7": (REGULAR, (0.455614, 0.779325, 1.283451), -1679.60283),
    "high end 0-4": (HIGH_END[:5], (0.25934, 1.72255, 1.58436), -1222.74932),
    "high end 0-7": (HIGH_END, (0.214253, 1.426575, 1.723565), -1605.31421),
}
POINTS = [(0.25934, 1.72255, 1.58436), (2.0, 9.0, 0.6), (0.05, 0.4, 2.5), (30.0, 200.0, 1.0)]
COHORTS = np.array([10000, 6334, 4367, 3264, 2604])


def log_likelihood(active, **parameters):
    """Of one cohort's counts."""
    made = np.arange(len(active) - 1)
    lost = -np.diff(active) @ renewing.log_likelihood(made, 1, **parameters)
    return float(lost + active[-1] * renewing.log_likelihood(made.size, 0, **parameters))


@pytest.mark.parametrize("name", PUBLISHED)
def test_maximum_likelihood_is_as_published(name):
    active, estimates, highest = PUBLISHED[name]

    def loss(logs):
        return -log_likelihood(active, **dict(zip(renewing.WEIBULL_PARAMETERS, np.exp(logs), strict=True)))

    settings = {"xatol": 1e-9, "fatol": 1e-9, "maxfev": 4000}
    found = optimize.minimize(loss, [-0.5, 0.2, 0.2], method="Nelder-Mead", options=settings)
    assert np.exp(found.x) == pytest.approx(estimates, rel=1e-4)
    assert -found.fun == pytest.approx(highest, abs=1e-5)


def test_later_years_of_the_high_end_table_are_as_published():
    alpha, beta, c = PUBLISHED["high end 0-4"][1]
    later = 100 * renewing.survival(np.arange(8, 13), alpha=alpha, beta=beta, c=c)
    np.testing.assert_allclose(later, [45.67, 43.60, 41.82, 40.27, 38.89], atol=0.01)


def test_five_cohorts_by_the_shifted_beta_geometric_are_as_published():
    """Each cohort is a year younger than the one before, and all have the same counts at the same age."""

    def loss(logs):
        alpha, beta = np.exp(logs)
        return -sum(log_likelihood(COHORTS[: age + 1], alpha=alpha, beta=beta) for age in range(len(COHORTS)))

    found = optimize.minimize(loss, [0.3, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-7})
    alpha, beta = np.exp(found.x)
    assert (alpha, beta) == pytest.approx((1.66709, 2.85661), rel=1e-4)
    assert -found.fun == pytest.approx(-44644.1155, abs=1e-3)
    life = 100 * renewing.discounted_expected_residual_life(np.arange(1, 6), 0.1, alpha=alpha, beta=beta)
    np.testing.assert_allclose(life, [216.2, 266.6, 310.0, 348.0, 381.8], atol=0.05)


@pytest.mark.parametrize(("alpha", "beta", "c"), POINTS)
def test_survival_is_the_mean_over_churn(alpha, beta, c):
    for n in (0, 3):
        law = stats.beta(alpha, beta + n**c)
        for t in (1, 5, 20):
            power = (n + t) ** c - n**c
            mean, _ = integrate.quad(lambda p, k=power, law=law: (1 - p) ** k * law.pdf(p), 0, 1, limit=300)
            found = renewing.survival(t, alpha=alpha, beta=beta, c=c, renewals=n)
            assert found == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("c", [0.3, 1.000001, 1.6, 3.0])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1e3), (0.05, 0.5), (3.0, 1e4), (0.5, 1e9)])
def test_residual_life_is_the_direct_sum_however_long_it_takes(alpha, beta, c):
    """Contracts of a day or a week at a low rate, of which tens of thousands of renewals still count."""
    for d in (1e-4, 2e-3):
        t, n = np.arange(int(40 / d)), np.array([1, 300])
        kept = renewing.survival(t + 1, alpha=alpha, beta=beta, c=c, renewals=n[:, np.newaxis] - 1)
        found = renewing.discounted_expected_residual_life(n, d, alpha=alpha, beta=beta, c=c)
        np.testing.assert_allclose(found, kept @ (1 + d) ** -t.astype(float), rtol=2e-9)


def test_residual_life_of_a_weekly_contract_comes_near_the_closed_form():
    for d, life in ((1.0005 ** (7 / 365.2425) - 1, 4119.21), (1.005 ** (7 / 365.2425) - 1, 2050.49)):
        found = renewing.discounted_expected_residual_life(1, d, alpha=1.0, beta=1000.0, c=1.000001)
        assert found == pytest.approx(life, rel=1e-4)


@pytest.mark.parametrize(("alpha", "beta", "c"), POINTS)
def test_histories_have_probability_one(alpha, beta, c):
    parameters = {"alpha": alpha, "beta": beta, "c": c}
    for since in (0, 4):
        made = np.arange(since, since + 30)
        lost = np.exp(renewing.log_likelihood(made, 1, observed_from=since, **parameters)).sum()
        kept = np.exp(renewing.log_likelihood(since + 30, 0, observed_from=since, **parameters))
        assert lost + kept == pytest.approx(1, rel=1e-11)


@pytest.mark.parametrize(("alpha", "beta"), [(0.66809, 3.8061), (30.0, 200.0)])
def test_with_c_of_one_it_is_the_shifted_beta_geometric(alpha, beta):
    parameters, near = {"alpha": alpha, "beta": beta}, {"alpha": alpha, "beta": beta, "c": 1 + 1e-9}
    n, d = np.arange(1, 9), 0.1
    for ask in (
        lambda **p: renewing.survival(n, renewals=3, **p),
        lambda **p: renewing.retention(n, **p),
        lambda **p: renewing.discounted_expected_residual_life(n, d, **p),
        lambda **p: renewing.log_likelihood(n, 1, observed_from=1, **p),
    ):
        np.testing.assert_allclose(ask(**near), ask(**parameters), rtol=1e-7)
        np.testing.assert_array_equal(ask(c=1.0, **parameters), ask(**parameters))


@pytest.mark.parametrize(("alpha", "beta", "c"), POINTS[:3])
@pytest.mark.parametrize("d", [0.1, 1.1 ** (1 / 12) - 1])
def test_residual_life_is_the_discounted_sum_of_survivals(alpha, beta, c, d):
    t = np.arange(20_000)
    for n in (1, 5):
        kept = renewing.survival(t + 1, alpha=alpha, beta=beta, c=c, renewals=n - 1)
        found = renewing.discounted_expected_residual_life(n, d, alpha=alpha, beta=beta, c=np.array([c]))
        assert found == pytest.approx((kept * (1 + d) ** -t).sum(), rel=1e-9)


@pytest.mark.parametrize("point", POINTS)
def test_kernel_is_the_formula_with_its_slopes(point):
    rng = np.random.default_rng(1)
    made = rng.geometric(0.2, 200) - 1.0
    since, lost = np.floor(made * rng.random(200)), (rng.random(200) < 0.6).astype(float)
    count = rng.integers(1, 50, 200).astype(float)
    tables = RenewalTables(made, lost, since, count)

    def formula(logs):
        parameters = dict(zip(renewing.WEIBULL_PARAMETERS, np.exp(logs), strict=True))
        return float(count @ renewing.log_likelihood(made, lost, observed_from=since, **parameters))

    value, *slopes = alone("beta_discrete_weibull", point, tables)
    assert value == pytest.approx(formula(np.log(point)), rel=1e-11)
    assert value_alone("beta_discrete_weibull", point, tables) == value
    by_difference = [
        (formula(np.log(point) + step) - formula(np.log(point) - step)) / 2e-5 for step in 1e-5 * np.eye(3)
    ]
    np.testing.assert_allclose(np.multiply(slopes, point), by_difference, rtol=1e-5, atol=1e-5 * abs(value))


@pytest.mark.parametrize("renewals", [0, 3, 40])
@pytest.mark.parametrize("c", [0.6, 1.58436])
def test_renewals_still_to_come_have_the_law_of_the_closed_form(renewals, c):
    parameters = {"alpha": 0.66809, "beta": 3.80610, "c": c}
    money, _ = drawn([renewals], 30.0 * np.arange(1, 13), c=c)
    left = renewing.draw_renewals(np.random.default_rng(1), np.full(SIZE, float(renewals)), **parameters)
    for t in range(1, 13):
        chance = float(renewing.survival(t, renewals=renewals, **parameters))
        for count in (money[0], left):
            assert abs((count >= t).mean() - chance) < allowed(200) * np.sqrt(chance * (1 - chance) / SIZE)


def test_a_subscriber_by_other_rules_is_valued_as_the_closed_form_says():
    """Each renewal is made or not by a hazard that rises with tenure, one coin at a time."""
    rng, alpha, beta, c, size = np.random.default_rng(3), 0.8, 5.0, 1.4, 100_000
    churn, active, made = rng.beta(alpha, beta, size), np.ones(size, dtype=bool), np.zeros(size)
    for number in range(1, 9):
        active &= rng.random(size) < (1 - churn) ** (number**c - (number - 1) ** c)
        made += active
    for t in range(1, 9):
        chance = float(np.exp(special.betaln(alpha, beta + t**c) - special.betaln(alpha, beta)))
        assert float(renewing.survival(t, alpha=alpha, beta=beta, c=c)) == pytest.approx(chance, rel=1e-12)
        assert abs((made >= t).mean() - chance) < allowed(8) * np.sqrt(chance * (1 - chance) / size)
