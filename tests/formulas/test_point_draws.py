"""The point formulas from counts: posteriors against SciPy's, the trade's two conventions, limits and refusals."""

import warnings

import arviz as az
import numpy as np
import pytest
from scipy import stats

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning, InputError, UnitError
from ltv_bayes.formulas.beliefs.amount_families import amount_mean
from ltv_bayes.formulas.beliefs.elicit import log_normal_from_interval
from tests.chance import FALSE_ALARM, allowed

MANY = {"draws": 10_000, "chains": 4, "random_seed": 1}


def is_the_mean_of(drawn, expected):
    error = float(drawn.std(ddof=1)) / np.sqrt(drawn.size)
    return abs(float(drawn.mean()) - expected) < allowed(100) * error


def follows(values, law):
    return stats.kstest(np.ravel(values), law.cdf).pvalue > FALSE_ALARM


class TestSubscription:
    def test_draws_carry_their_names(self):
        drawn = lb.subscription_ltv(arpa=1000, margin=0.8, subscribers=5000, churned=100, draws=50, random_seed=3)
        assert (drawn.name, drawn.dims, drawn.shape) == ("lifetime_value", ("chain", "draw"), (4, 50))
        assert drawn.attrs["random_seed"] == "3"
        assert "lifetime_value" in az.summary(drawn.to_dataset()).index

    def test_churn_is_the_beta_posterior(self):
        drawn = lb.subscription_ltv(arpa=10, margin=0.5, subscribers=40, churned=7, churn_prior=(2, 5), **MANY)
        assert follows(5 / drawn, stats.beta(9, 38))

    @pytest.mark.parametrize(
        ("arpa", "margin", "subscribers", "churned", "point"),
        [(1000, 0.8, 5000, 100, 40_000), (1000, 0.3, 1000, 200, 1500)],
        ids=["ARPA a month", "average spend"],
    )
    def test_both_conventions_lie_around_their_point_and_come_to_it(self, arpa, margin, subscribers, churned, point):
        spreads = []
        for times in (1, 100, 10_000):
            counts = {"subscribers": times * subscribers, "churned": times * churned}
            drawn = lb.subscription_ltv(arpa=arpa, margin=margin, **counts, **MANY)
            low, high = drawn.quantile([0.05, 0.95])
            assert low < point < high
            spreads.append(float(high - low) / point)
        np.testing.assert_allclose(spreads[1:], np.divide(spreads[:-1], 10), rtol=0.1)
        assert float(drawn.median()) == pytest.approx(point, rel=1e-3)

    @pytest.mark.parametrize(("subscribers", "churned"), [(40, 5), (5000, 100), (1000, 200)])
    def test_mean_is_above_that_of_the_mean_churn(self, subscribers, churned):
        """For churn ~ Beta(a, b), E[1 / churn] = (a + b - 1) / (a - 1), and 1 / E[churn] = (a + b) / a is less."""
        drawn = lb.subscription_ltv(arpa=1, margin=1, subscribers=subscribers, churned=churned, **MANY)
        a, b = 1 + churned, 1 + subscribers - churned
        assert is_the_mean_of(drawn, (a + b - 1) / (a - 1))
        assert (a + b - 1) / (a - 1) > (a + b) / a
        assert not is_the_mean_of(drawn, (a + b) / a)

    def test_revenue_has_its_own_uncertainty(self):
        counts = {"subscribers": 2_000_000_000, "churned": 1_000_000_000}
        drawn = lb.subscription_ltv(arpa=1000, margin=1, arpa_sd=300, **counts, **MANY)
        assert follows(drawn / 2, stats.gamma((10 / 3) ** 2, scale=90))
        assert float(drawn.std() / 2) == pytest.approx(300, rel=0.02)
        assert (drawn > 0).all()
        certain = lb.subscription_ltv(arpa=1000, margin=1, arpa_sd=0, **counts, **MANY)
        np.testing.assert_array_equal(certain, lb.subscription_ltv(arpa=1000, margin=1, **counts, **MANY))

    def test_uncertain_revenue_widens_the_interval_by_the_sum_of_squares(self):
        terms = {"arpa": 1000, "margin": 0.8, "subscribers": 50_000, "churned": 1000, **MANY}
        sure, unsure = lb.subscription_ltv(**terms), lb.subscription_ltv(**terms, arpa_sd=50)
        together = np.hypot(float(np.log(sure).std()), 0.05)
        assert float(np.log(unsure).std()) == pytest.approx(together, rel=0.03)

    def test_nobody_lost_has_no_mean_but_a_median(self):
        with pytest.warns(DataWarning, match=r"Beta\(1, 501\).*infinite.*informative churn_prior") as caught:
            drawn = lb.subscription_ltv(arpa=1, margin=1, subscribers=500, churned=0, **MANY)
        assert caught[0].filename == __file__
        assert np.isfinite(drawn).all()
        median = 1 / stats.beta(1, 501).median()
        assert float(drawn.median()) == pytest.approx(median, rel=0.05)

    def test_an_informative_prior_mends_it(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            drawn = lb.subscription_ltv(arpa=1, margin=1, subscribers=500, churned=0, churn_prior=(4, 96), **MANY)
        assert is_the_mean_of(drawn, (4 + 596 - 1) / (4 - 1))

    def test_same_seed_same_draws(self):
        terms = {"arpa": 1, "margin": 1, "subscribers": 50, "churned": 5}
        first, again, other = (lb.subscription_ltv(**terms, random_seed=seed) for seed in (1, 1, 2))
        assert first.equals(again)
        assert not first.equals(other)
        unseeded = lb.subscription_ltv(**terms)
        assert unseeded.equals(lb.subscription_ltv(**terms, random_seed=int(unseeded.attrs["random_seed"])))


class TestProject:
    def test_lies_around_the_point(self):
        drawn = lb.project_ltv(
            average_deal=500_000,
            customers=400,
            deals=1200,
            average_deal_sd=20_000,
            future_value_interval=(500_000, 1_280_000),
            **MANY,
        )
        low, high = drawn.quantile([0.25, 0.75])
        assert low < 2_300_000 < high

    def test_mean_is_the_closed_form(self):
        interval = 300_000, 1_500_000
        drawn = lb.project_ltv(
            average_deal=500_000,
            customers=9,
            deals=30,
            average_deal_sd=90_000,
            future_value=800_000,
            future_value_interval=interval,
            **MANY,
        )
        future = float(amount_mean("log-normal", log_normal_from_interval(*interval, 800_000)))
        assert is_the_mean_of(drawn, 500_000 * 31 / 10 + future)

    def test_deals_are_the_gamma_posterior(self):
        drawn = lb.project_ltv(average_deal=2, customers=9, deals=30, deals_prior=(3, 2), future_value=7, **MANY)
        assert follows((drawn - 7) / 2, stats.gamma(33, scale=1 / 11))

    @pytest.mark.parametrize(("median", "between"), [(0.0, np.sqrt(50 * 400)), (100.0, 100.0)])
    def test_the_experts_numbers_are_the_quantiles(self, median, between):
        drawn = lb.project_ltv(
            average_deal=0, customers=1, deals=1, future_value=median, future_value_interval=(50, 400), **MANY
        )
        for bound, share in ((50, 0.1), (between, 0.5), (400, 0.9)):
            assert abs(float((drawn < bound).mean()) - share) < allowed(100) * np.sqrt(share * (1 - share) / drawn.size)


class TestHybrid:
    def test_constant_money_for_ever_is_money_over_churn(self):
        """(1 - churn) ** 199 of the last year is below 1e-9 of the first in every draw."""
        terms = {"subscribers": 1000, "churned": 200, **MANY}
        yearly = lb.hybrid_ltv(subscription=[300.0] * 200, **terms)
        np.testing.assert_allclose(yearly, lb.subscription_ltv(arpa=300, margin=1, **terms), rtol=1e-9)

    def test_each_year_only_those_who_stayed(self):
        terms = {"subscribers": 400, "churned": 60, **MANY}
        drawn = lb.hybrid_ltv(
            product_sale=1000, consumables=[0, 0, 110], service=[0, 0, 11], discount_rate=0.1, **terms
        )
        a, b = 61, 341
        twice = b * (b + 1) / (a + b) / (a + b + 1)  # E[(1 - churn) ** 2]
        assert is_the_mean_of(drawn, 1000 + 121 * twice / 1.1**3)

    def test_nobody_leaves_is_the_point(self):
        terms = {"product_sale": 1000, "consumables": [110, 121], "service": [0, 242], "discount_rate": 0.1}
        drawn = lb.hybrid_ltv(**terms, subscribers=10**9, churned=0, **MANY)
        np.testing.assert_allclose(drawn, lb.hybrid_ltv(**terms), rtol=1e-7)


SUBSCRIPTION = {"arpa": 1000, "margin": 0.8}
COUNTS = {"subscribers": 100, "churned": 5}
PROJECT = {"average_deal": 10, "customers": 5, "deals": 9}


@pytest.mark.parametrize(
    ("formula", "given", "error", "message"),
    [
        (lb.subscription_ltv, SUBSCRIPTION, InputError, "Give churn= for one number"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "churn": 0.05}, InputError, "state one thing twice"),
        (lb.subscription_ltv, {**SUBSCRIPTION, "churn": 0.05, "churned": 5}, InputError, "state one thing twice"),
        (lb.subscription_ltv, {**SUBSCRIPTION, "subscribers": 5}, InputError, "churned= is missing"),
        (lb.subscription_ltv, {**SUBSCRIPTION, "churn": 0.05, "arpa_sd": 3}, InputError, "arpa_sd= is for draws"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "churned": 101}, InputError, "101 is more than subscribers"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "churned": -1}, InputError, "whole number of 0 or more"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "churned": 2.5}, InputError, "churned must be a whole"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "churned": "few"}, UnitError, "churned must be a number"),
        (lb.subscription_ltv, {**SUBSCRIPTION, "subscribers": 0, "churned": 0}, InputError, "subscribers is 0"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "arpa_sd": -1}, UnitError, "arpa_sd must not be negative"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "arpa": 0, "arpa_sd": 1}, InputError, "arpa is 0"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "margin": 80}, UnitError, "Write 80% as margin=0.80"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "churn_prior": (0, 1)}, InputError, "two numbers above 0"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "churn_prior": 1}, InputError, "must be two numbers"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "draws": 0}, InputError, "draws must be a whole number of 1"),
        (lb.subscription_ltv, {**SUBSCRIPTION, **COUNTS, "random_seed": -1}, InputError, "random_seed"),
        (lb.project_ltv, {"average_deal": 10}, InputError, "Give average_deals= for one number"),
        (lb.project_ltv, {**PROJECT, "average_deals": 3}, InputError, "state one thing twice"),
        (lb.project_ltv, {"average_deal": 10, "deals": 3}, InputError, "customers= is missing"),
        (lb.project_ltv, {**PROJECT, "customers": 0}, InputError, "customers is 0"),
        (lb.project_ltv, {**PROJECT, "average_deal_sd": -1}, UnitError, "average_deal_sd must not be negative"),
        (lb.project_ltv, {**PROJECT, "future_value_interval": (5, 2)}, InputError, "low above high"),
        (lb.project_ltv, {**PROJECT, "future_value_interval": (0, 2)}, InputError, "above 0"),
        (lb.project_ltv, {**PROJECT, "future_value": 9, "future_value_interval": (1, 2)}, InputError, "9 lies outside"),
        (
            lb.project_ltv,
            {"average_deal": 10, "average_deals": 3, "future_value_interval": (1, 2)},
            InputError,
            "future_value_interval= is for draws",
        ),
        (lb.hybrid_ltv, {"churned": 3}, InputError, "subscribers= is missing"),
        (lb.hybrid_ltv, {"subscribers": 3, "churned": 4}, InputError, "more than subscribers"),
    ],
)
def test_refusals(formula, given, error, message):
    with pytest.raises(error, match=message):
        formula(**given)
