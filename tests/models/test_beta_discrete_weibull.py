"""The beta-discrete-Weibull fitted: its density, the High End table from five years, and who is valued with it."""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError, PriorError
from ltv_bayes.formulas.models import shifted_beta_geometric as renewing
from ltv_bayes.predictions.fitted import flat_draws
from tests.chance import allowed, converging
from tests.models.densities import by_pymc

HIGH_END = [1000, 869, 743, 653, 593]
AFTER_12 = 0.394  # still active, of the same customers


@pytest.fixture(scope="module")
def renewals():
    return lb.Renewals.from_cohort_table(HIGH_END)


@pytest.fixture(scope="module")
def fit(renewals):
    model = lb.BetaDiscreteWeibull()
    return converging(lambda seed: model.fit(renewals, draws=2000, random_seed=seed, progressbar=False), 1, 2, 3)


@pytest.fixture(scope="module")
def by_hand():
    rng = np.random.default_rng(1)
    means = {"alpha": 0.3, "beta": 1.8, "c": 1.5}
    draws = {name: mean * np.exp(0.1 * rng.standard_normal((2, 500))) for name, mean in means.items()}
    return lb.FittedRenewals.from_draws(draws, periods="year")


@pytest.mark.fits
def test_density_is_that_of_the_model(renewals):
    late = lb.Renewals.from_cohort_table([[500, 430, 390], [120, 108, 99], [40, 37]], renewals_before=[0, 9, 9])
    for data in (renewals, late):
        recipe = lb.BetaDiscreteWeibull()._recipe(data)
        direct, through_pymc = recipe.density(), by_pymc(recipe.model())
        for x in direct.start + np.random.default_rng(1).normal(size=(5, 3)):
            (value, gradient), (expected, slope) = direct(x), through_pymc(x)
            assert value == pytest.approx(expected, rel=1e-10)
            np.testing.assert_allclose(gradient, slope, rtol=1e-8, atol=1e-8)


@pytest.mark.fits
def test_five_years_foresee_the_twelfth_where_the_other_model_does_not(fit, renewals):
    assert fit.converged
    assert fit.model == "beta_discrete_weibull"
    other = lb.ShiftedBetaGeometric().fit(renewals, random_seed=1, progressbar=False)
    lowest, highest = np.quantile(fit.survival(12), [0.05, 0.95])
    assert lowest < AFTER_12 < highest
    assert np.quantile(other.survival(12), 0.95) < AFTER_12
    draws = flat_draws(fit)
    for name, published in {"alpha": 0.25934, "beta": 1.72255, "c": 1.58436}.items():
        assert abs(np.log(published) - np.log(draws[name]).mean()) < 2 * np.log(draws[name]).std()
    assert set(fit.summary().index) >= {"alpha", "beta", "c", "churn_mean"}


def test_forecasts_are_the_formulas(by_hand):
    parameters = {name: values[..., np.newaxis] for name, values in by_hand.draws.items()}
    expected = renewing.survival(np.arange(4), renewals=5, **parameters)
    np.testing.assert_allclose(by_hand.survival(range(4), renewals=5), expected)
    np.testing.assert_allclose(by_hand.retention([0, 5]), renewing.retention(np.array([0, 5]), **parameters))
    life = by_hand.expected_residual_life([4], 0.1)
    np.testing.assert_allclose(life, renewing.discounted_expected_residual_life(5, 0.1, **parameters))


def test_saved_and_loaded(by_hand, tmp_path):
    again = lb.load_fit(by_hand.save(tmp_path / "renewals.nc"))
    assert "c" in repr(again)
    np.testing.assert_array_equal(again.survival(3), by_hand.survival(3))
    assert by_hand.thin(10).draws["c"].shape == (2, 10)


def test_subscriptions_are_worth_the_sum_of_what_survives(by_hand):
    import pandas as pd

    records = pd.DataFrame({"customer_id": [f"C{k}" for k in range(2000)], "start": "2020-01-01", "price": 100.0})
    renewals = lb.summarize_renewals(
        records.assign(cancelled_on=pd.NaT), period="year", as_of="2024-06-30", price="price"
    )
    customers = lb.all_customers(renewals)
    ltv = lb.lifetime_value(customers, lb.Subscription(by_hand, renewals), horizon="5 years", random_seed=1)
    kept = by_hand.survival(range(1, 6), renewals=4)
    expected = 100 * float(kept.sum("period").mean())
    draws = ltv.draws.mean(("chain", "draw")).to_numpy()  # customers alike, independent given the parameters
    assert abs(draws.mean() - expected) < allowed() * draws.std() / np.sqrt(draws.size)
    mapped = lb.Subscription({"year": by_hand}, renewals)
    same = lb.lifetime_value(customers, mapped, horizon="5 years", random_seed=1)
    assert same.total().equals(lb.lifetime_value(customers, mapped, horizon="5 years", random_seed=1).total())


def test_a_mapping_of_both_models_values_each_contract_by_its_own(by_hand):
    import pandas as pd

    records = pd.DataFrame(
        {"customer_id": ["A", "B"], "start": "2020-01-01", "price": [100.0, 10.0], "term": ["year", "month"]}
    )
    renewals = lb.summarize_renewals(
        records.assign(cancelled_on=pd.NaT), period="term", as_of="2024-06-30", price="price"
    )
    monthly = lb.FittedRenewals.from_draws(
        {"alpha": np.full((2, 500), 0.5), "beta": np.full((2, 500), 9.0)}, periods="month"
    )
    both = lb.Subscription({"year": by_hand, "month": monthly}, renewals)
    customers = lb.all_customers(renewals)
    together = lb.lifetime_value(customers, both, horizon="3 years", random_seed=1).draws
    assert np.isfinite(together).all()
    months = renewals.subset(renewals.table["period"] == "month")
    alone = lb.lifetime_value(
        customers.subset(["B"]), lb.Subscription({"month": monthly}, months), horizon="3 years", random_seed=1
    )
    np.testing.assert_array_equal(together.sel(customer_id="B"), alone.draws.sel(customer_id="B"))


def test_wrong_settings_are_refused(renewals):
    with pytest.raises(FitError, match="c must be above 0"):
        lb.FittedRenewals.from_draws({"alpha": [[1.0]], "beta": [[1.0]], "c": [[0.0]]})
    with pytest.raises(PriorError, match="shape"):
        lb.BetaDiscreteWeibull(priors={"shape": lb.Prior("LogNormal", mu=0, sigma=1)}).build(renewals)
    with pytest.raises(FitError, match=r"need the dates of renewals"):
        lb.BetaDiscreteWeibull(calendar_effects=lb.CalendarEffects()).build(renewals)
