"""Renewals: likelihood in three versions, the High End table, forecasts against closed forms."""

import numpy as np
import pytest
from scipy import optimize

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.formulas.kernels.tables import RenewalTables
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.predictions.fitted import flat_draws
from tests.formulas.kernels import alone, value_alone
from tests.models.densities import AS_WRITTEN, by_pymc
from tests.models.graphs import shifted_beta_geometric_graph

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
LATER = [46.8, 44.5, 42.7, 40.9, 39.4]  # % active after 8, ..., 12 renewals


@pytest.fixture(scope="module")
def renewals():
    return lb.Renewals.from_cohort_table(HIGH_END)


@pytest.fixture(scope="module")
def fit(renewals):
    return lb.ShiftedBetaGeometric().fit(renewals, random_seed=1, progressbar=False)


@pytest.mark.parametrize("point", [(0.66809, 3.8061), (0.05, 0.4), (30.0, 200.0)])
def test_formula_graph_and_kernel_agree(renewals, point):
    import pytensor
    import pytensor.tensor as pt

    h = renewals.unique_histories()
    logs = pt.dvector()
    graph = pt.sum(h.count * shifted_beta_geometric_graph(h, alpha=pt.exp(logs[0]), beta=pt.exp(logs[1])))
    value, gradient = pytensor.function([logs], [graph, pt.grad(graph, logs)], mode=AS_WRITTEN)(np.log(point))
    tables = RenewalTables(h.renewals, h.lost, h.observed_from, h.count)
    kernel, *slopes = alone("shifted_beta_geometric", point, tables)
    alpha, beta = point
    each = shifted_beta_geometric.log_likelihood(
        h.renewals, h.lost, alpha=alpha, beta=beta, observed_from=h.observed_from
    )
    formula = np.sum(h.count * each)
    assert kernel == pytest.approx(formula, rel=1e-11)
    assert value == pytest.approx(formula, rel=1e-10)
    assert value_alone("shifted_beta_geometric", point, tables) == kernel
    np.testing.assert_allclose(np.multiply(slopes, point), gradient, rtol=1e-7, atol=1e-7)


def test_formula_graph_and_kernel_agree_after_delayed_entry():
    found = lb.Renewals.from_cohort_table([[500, 430, 390], [120, 108, 99], [40, 37]], renewals_before=[0, 9, 9])
    test_formula_graph_and_kernel_agree(found, (0.66809, 3.8061))
    test_density_is_that_of_the_model(found)


def test_density_is_that_of_the_model(renewals):
    for model in (
        lb.ShiftedBetaGeometric(),
        lb.ShiftedBetaGeometric(priors={name: lb.Prior("Gamma", alpha=2.0, beta=0.5) for name in ("alpha", "beta")}),
    ):
        recipe = model._recipe(renewals)
        direct, through_pymc = recipe.density(), by_pymc(recipe.model())
        for x in direct.start + np.random.default_rng(1).normal(size=(5, 2)):
            (value, gradient), (expected, slope) = direct(x), through_pymc(x)
            assert value == pytest.approx(expected, rel=1e-10)
            np.testing.assert_allclose(gradient, slope, rtol=1e-8, atol=1e-8)


def test_posterior_lies_around_the_published_estimates(fit, renewals):
    assert fit.converged
    draws = flat_draws(fit)
    for name, published in {"alpha": 0.66809, "beta": 3.80610}.items():
        assert abs(np.median(draws[name]) - published) < 0.5 * draws[name].std()
    h = renewals.unique_histories()

    def slope(logs):
        alpha, beta = np.exp(logs)
        tables = RenewalTables(h.renewals, h.lost, h.observed_from, h.count)
        return np.multiply(alone("shifted_beta_geometric", (alpha, beta), tables)[1:], [alpha, beta])

    curvature = -optimize.approx_fprime(np.log([0.66809, 3.80610]), slope, 1e-5)
    sd = np.sqrt(np.diag(np.linalg.inv(curvature)))
    for name, expected in zip(("alpha", "beta"), sd, strict=True):
        assert np.std(np.log(draws[name])) == pytest.approx(expected, rel=0.1)


def test_survival_of_the_high_end_table(fit):
    """What really came in years 8 to 12 lies inside the predictive interval of 1,000 customers."""
    survival = fit.survival(range(8, 13)).to_numpy().reshape(-1, 5)
    rng = np.random.default_rng(1)
    active = 491 * np.ones(len(survival))
    previous = fit.survival(7).to_numpy().ravel()
    for year, actual in enumerate(LATER):
        active = rng.binomial(active.astype(int), np.clip(survival[:, year] / previous, 0, 1))
        previous = survival[:, year]
        low, high = np.quantile(active / 10, [0.05, 0.95])
        assert low < actual < high
    assert 100 * np.median(survival[:, 0]) == pytest.approx(46.04, abs=0.5)


def test_forecasts_are_the_formulas(fit):
    alpha, beta = fit.draws["alpha"], fit.draws["beta"]
    np.testing.assert_allclose(fit.retention(0)[..., 0], beta / (alpha + beta))
    conditional = fit.survival([0, 3], renewals=5)
    expected = shifted_beta_geometric.survival(3, alpha=alpha, beta=beta, renewals=5)
    np.testing.assert_allclose(conditional[..., 1], expected)
    assert (conditional[..., 0] == 1).all()
    life = fit.expected_residual_life([0, 4], 0.1, period="year")
    np.testing.assert_allclose(
        life[..., 1], shifted_beta_geometric.discounted_expected_residual_life(5, 0.1, alpha=alpha, beta=beta)
    )
    monthly = fit.expected_residual_life(0, 0.1, period="month")
    assert (monthly > life[..., :1].to_numpy()).all()


def test_a_loyal_subscriber_is_not_a_new_one(fit):
    assert (fit.retention(7) > fit.retention(0).to_numpy()).all()


def test_saved_and_loaded(fit, tmp_path):
    again = lb.load_fit(fit.save(tmp_path / "renewals.nc"))
    np.testing.assert_array_equal(again.survival(3), fit.survival(3))


def test_wrong_questions(fit):
    with pytest.raises(InputError, match="whole numbers"):
        fit.survival(1.5)
    with pytest.raises(InputError, match="whole numbers"):
        fit.retention(-1)
    with pytest.raises(UnitError, match="Pass period='year'"):
        fit.expected_residual_life(0, 0.1)
    with pytest.raises(UnitError, match="above 0"):
        fit.expected_residual_life(0, 0.0, period="year")
    with pytest.raises(InputError, match="Renewals are needed, not a list"):
        lb.ShiftedBetaGeometric().fit([1, 2])
    with pytest.raises(InputError, match="0 of 5 subscriptions had a renewal date"):
        lb.ShiftedBetaGeometric().fit(lb.Renewals(lb.Renewals.from_cohort_table([5, 5]).table.assign(renewals=0)))


@pytest.mark.parametrize("counts", [[1000, 970, 941, 913], [1000, 820, 690, 590]])
def test_usual_priors_put_the_variation_of_churn_around_its_mean(counts):
    """Whether contracts run for a month or a year: alpha, the inverse of its squared variation, is around 1."""
    priors = lb.ShiftedBetaGeometric().default_priors(lb.Renewals.from_cohort_table(counts))
    made, lost = sum(counts[1:]), counts[0] - counts[-1]
    concentration = np.exp(dict(priors["churn_concentration"].parameters)["mu"])
    assert concentration * lost / (made + lost) == pytest.approx(1)
