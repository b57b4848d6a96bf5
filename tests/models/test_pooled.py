"""Pooled models: density against the PyMC model, what fits remember, what is refused, and known truth."""

import json

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, PriorError
from ltv_bayes.models.density.differences import Column, Effects
from ltv_bayes.predictions.fitted import pooling_of
from tests.models.densities import assert_gradients_are_slopes, by_pymc, on_links

SIZE = 90


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(3)
    frequency = rng.poisson(1.5, SIZE)
    T = rng.integers(10, 50, SIZE).astype(float)
    table = pd.DataFrame(
        {
            "customer_id": [f"C{k:03d}" for k in range(SIZE)],
            "frequency": frequency,
            "recency": np.where(frequency > 0, (T * rng.random(SIZE)).round(1), 0.0),
            "T": T,
            "monetary_value": np.where(frequency > 0, rng.gamma(4.0, 20.0, SIZE), 0.0),
            "industry": rng.choice(["能源", "Retail", "Food"], SIZE, p=[0.7, 0.2, 0.1]),
            "region": rng.choice(["N", "S"], SIZE),
            "employees": rng.lognormal(3, 1, SIZE).round(),
        }
    )
    return lb.Customers.from_summary(table, time_unit="week", as_of="2025-12-31", currency="EUR")


@pytest.fixture(scope="module")
def renewals():
    rng = np.random.default_rng(4)
    made = rng.geometric(0.25, SIZE) - 1
    table = pd.DataFrame({"renewals": made, "lost": rng.random(SIZE) < 0.7, "subscriptions": 1})
    return lb.Renewals(table.assign(plan=rng.choice(["basic", "pro"], SIZE), seats=rng.integers(1, 50, SIZE)))


CASES = {
    "bg_nbd": (lb.BGNBD, {"pool_by": "industry"}),
    "bg_nbd, two columns": (lb.BGNBD, {"pool_by": ["industry", "region"], "covariates": ["employees"]}),
    "bg_nbd, a covariate alone": (lb.BGNBD, {"covariates": {"dropout_mean": ["employees"]}}),
    "bg_nbd, a share leaves at once": (lb.BGNBD, {"pool_by": "industry", "leave_at_once": True}),
    "mbg_nbd": (lb.MBGNBD, {"pool_by": "industry"}),
    "bg_cnbd": (lb.BGCNBD, {"k": 3, "pool_by": "industry", "covariates": "employees"}),
    "mbg_cnbd": (lb.MBGCNBD, {"k": 2, "pool_by": ["industry", "region"]}),
    "nbd": (lb.NBD, {"pool_by": ["industry", "region"]}),
    "gamma_gamma": (lb.GammaGamma, {"pool_by": "industry", "covariates": "employees"}),
    "shifted_beta_geometric": (lb.ShiftedBetaGeometric, {"pool_by": "plan", "covariates": "seats"}),
    "beta_discrete_weibull": (lb.BetaDiscreteWeibull, {"pool_by": "plan", "covariates": "seats"}),
}


def recipe_of(case, customers, renewals):
    kind, settings = CASES[case]
    model = kind(**settings)
    if kind in (lb.ShiftedBetaGeometric, lb.BetaDiscreteWeibull):
        return model._recipe(renewals)
    return model._recipe(customers)


@pytest.mark.parametrize("case", CASES)
def test_modes_are_searched_from_several_places_in_the_typical_quantities(case, customers, renewals):
    density = recipe_of(case, customers, renewals).density()
    away = np.ptp(density.starts, axis=0)
    assert (away[: len(density.links)] > 1).all()
    assert (away[len(density.links) :] == 0).all()


@pytest.mark.parametrize("case", CASES)
def test_gradient_is_that_of_differences(case, customers, renewals):
    assert_gradients_are_slopes(recipe_of(case, customers, renewals).density())


@pytest.mark.fits
@pytest.mark.parametrize("case", CASES)
def test_density_is_that_of_the_pymc_model(case, customers, renewals):
    """The same value at the same point, up to the constant that differs by nothing: both are normalised."""
    recipe = recipe_of(case, customers, renewals)
    model, ours = recipe.model(), recipe.density()
    theirs, order = by_pymc(model), places_in(model, ours)
    rng = np.random.default_rng(2)
    for _ in range(3):
        x = ours.start + 0.4 * rng.standard_normal(ours.size)
        value, gradient = ours(x)
        there, turned = on_links(ours, x)
        expected, slopes = theirs(there[order])
        assert value == pytest.approx(expected, rel=1e-9)
        np.testing.assert_allclose(gradient, turned @ slopes[np.argsort(order)], rtol=1e-7, atol=1e-7)


def places_in(model, ours):
    """Where PyMC's unconstrained variables, in their order, stand among ours."""
    places = ours.places
    names = [variable.name.removesuffix("_part") for variable in model.free_RVs]
    return np.concatenate([np.arange(places[name].start, places[name].stop) for name in names])


@pytest.mark.fits
@pytest.mark.parametrize("case", ["bg_nbd, two columns", "gamma_gamma"])
def test_draws_are_the_models_variables(case, customers, renewals):
    recipe = recipe_of(case, customers, renewals)
    model, ours = recipe.model(), recipe.density()
    theirs = by_pymc(model)
    points = ours.start + 0.3 * np.random.default_rng(4).standard_normal((6, ours.size))
    found = ours.tree(points, 2, 3)["posterior"].to_dataset()
    expected = theirs.tree(points[:, places_in(model, ours)], 2, 3)["posterior"].to_dataset()
    for name, values in found.data_vars.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-9)
        assert values.dims == expected[name].dims
    assert all(coordinate.dtype != object for coordinate in found.coords.values())


@pytest.mark.parametrize("kept", [0.0, 0.4, 1.0])
def test_effects_are_normal_and_add_up_to_nothing(kept):
    """However contrasts are written: sd^2 (I - 1/L) is the covariance of effects."""
    column = Column("c", ("a", "b", "c"), np.arange(3), np.ones(3))
    effects = Effects.of("q", column, np.array([1.0, 10.0, 100.0]), 10.0)
    np.testing.assert_allclose(effects.basis.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(effects.basis.T @ effects.basis, np.eye(2), atol=1e-12)
    assert (np.diff(effects.kept) > 0).all()
    sd, size = 0.7, 200_000
    part = np.random.default_rng(1).standard_normal((size, 2)) * sd**kept
    drawn = (sd ** (1 - kept) * part) @ effects.basis.T
    np.testing.assert_allclose(np.cov(drawn.T), sd**2 * (np.eye(3) - 1 / 3), atol=0.01)


def test_information_is_that_of_the_data(customers, renewals):
    """Twice the customers say about twice as much."""
    one = recipe_of("nbd", customers, renewals).density()
    table = customers.table.reset_index()
    twice = pd.concat([table, table.assign(customer_id=table["customer_id"] + "b")])
    double = lb.Customers.from_summary(twice, time_unit="week", as_of="2025-12-31", currency="EUR")
    other = recipe_of("nbd", double, renewals).density()
    assert all((said > 0).all() for said in one.information().values())
    np.testing.assert_allclose(other.information()["mean_rate"], 2 * one.information()["mean_rate"], rtol=0.1, atol=0.1)


class TestWhatIsRefused:
    def test_columns(self, customers):
        with pytest.raises(ColumnError, match=r"no column 'industri'\. .*industry"):
            lb.BGNBD(pool_by="industri").fit(customers)
        with pytest.raises(InputError, match="takes names of columns, each once"):
            lb.BGNBD(pool_by=["region", "region"]).fit(customers)
        with pytest.raises(InputError, match="there is no 'rate'"):
            lb.BGNBD(covariates={"rate": ["employees"]}).fit(customers)
        with pytest.raises(InputError, match="rename it"):
            lb.NBD(pool_by="mean_rate").fit(customers)
        with pytest.raises(InputError, match="rename it"):
            lb.NBD(covariates="frequency").fit(customers)
        with pytest.raises(InputError, match="cannot make segments and be a covariate too"):
            lb.NBD(pool_by="region", covariates="region").fit(customers)

    def test_customers_without_a_segment_are_named(self, customers):
        table = customers.table.assign(industry=customers.table["industry"].mask(customers.ids.isin(["C003", "C007"])))
        some = lb.Customers.from_summary(table.reset_index(), time_unit="week", as_of="2025-12-31")
        with pytest.raises(InputError, match=r"2 customers without a value in industry \(ids C003, C007\)"):
            lb.BGNBD(pool_by="industry").fit(some)

    def test_covariates_that_are_missing_or_say_nothing(self, customers):
        table = customers.table.assign(size=customers.table["employees"].mask(customers.ids == "C005"), one=1.0)
        some = lb.Customers.from_summary(table.reset_index(), time_unit="week", as_of="2025-12-31")
        with pytest.raises(InputError, match=r"1 customer without a number in size \(id C005\)"):
            lb.BGNBD(covariates="size").fit(some)
        with pytest.raises(InputError, match="is 1 for all customers and says nothing"):
            lb.BGNBD(covariates="one").fit(some)

    def test_covariates_of_text(self, customers):
        with pytest.raises(InputError, match=r"region holds text, such as .* pool_by='region'"):
            lb.BGNBD(covariates="region").fit(customers)

    def test_a_segment_for_most_customers_is_remarked_on(self, customers):
        table = customers.table.assign(size=np.random.default_rng(5).random(SIZE), team=np.arange(SIZE) // 2)
        some = lb.Customers.from_summary(table.reset_index(), time_unit="week", as_of="2025-12-31")
        with pytest.warns(DataWarning, match=rf"pool_by='size' makes {SIZE} segments .* covariates='size'"):
            lb.BGNBD(pool_by="size")._recipe(some)
        lb.BGNBD(pool_by="team")._recipe(some)

    def test_one_segment_alone(self, customers):
        some = customers.subset((customers.table["region"] == "N").to_numpy())
        with pytest.raises(InputError, match="have the same region, 'N'"):
            lb.BGNBD(pool_by="region").fit(some)

    def test_priors(self, customers):
        with pytest.raises(PriorError, match=r"no parameter 'alpha' in a pooled model\. (?!.*There are)"):
            lb.BGNBD(pool_by="region", priors={"alpha": ("Gamma", {"alpha": 1, "beta": 1})}).fit(customers)
        with pytest.raises(PriorError, match="must be Prior"):
            lb.BGNBD(covariates="employees", priors={"mean_rate_slope": ("Beta", {"alpha": 1, "beta": 1})}).fit(
                customers
            )


class TestPriors:
    def test_spread_of_one_column_or_of_all(self, customers):
        narrow, wide = lb.Prior("LogNormal", mu=-3.0, sigma=0.1), lb.Prior("LogNormal", mu=1.0, sigma=0.1)
        priors = {"mean_rate_sd": narrow, "mean_rate_sd_region": wide}
        recipe = lb.BGNBD(pool_by=["industry", "region"], priors=priors)._recipe(customers)
        assert recipe.chosen["mean_rate_sd_industry"] == narrow
        assert recipe.chosen["mean_rate_sd_region"] == wide

    def test_uncommon_families_go_to_pymc(self, customers):
        recipe = lb.BGNBD(pool_by="region", priors={"mean_rate_sd": lb.Prior("HalfNormal", sigma=1.0)})._recipe(
            customers
        )
        assert recipe.density() is None
        assert "mean_rate_sd_region" in recipe.model().named_vars

    def test_prior_draws_hold_every_segment(self, customers):
        prior = lb.BGNBD(pool_by="industry").sample_prior(customers, draws=20, random_seed=1)
        assert prior["prior"]["mean_rate_by_industry"].sizes["industry"] == 3
        assert prior["prior_predictive"]["frequency"].shape == (1, 20, SIZE)


def test_what_a_fit_remembers_is_text(customers, renewals):
    said = recipe_of("bg_nbd, two columns", customers, renewals).attrs()
    found = json.loads(said["pooling"])
    assert found["by"] == ["industry", "region"]
    assert sum(found["customers"]["industry"].values()) == SIZE
    assert found["scales"]["employees"][0] == pytest.approx(customers.table["employees"].mean())
    assert found["ranges"]["employees"] == [customers.table["employees"].min(), customers.table["employees"].max()]


def test_a_fit_keeps_its_segments_in_a_file(customers, renewals, tmp_path):
    """Draws laid out as fits lay them out, saved and read, and saved and read again."""
    recipe = recipe_of("bg_nbd, two columns", customers, renewals)
    density = recipe.density()
    points = density.start + 0.3 * np.random.default_rng(4).standard_normal((6, density.size))
    tree = density.tree(points, 2, 3)
    tree.attrs.update(model="bg_nbd", time_unit="week", **recipe.attrs())
    fit = lb.FittedPurchases(tree)
    expected = fit.expected_purchases(customers, "1 year").to_numpy()
    once = lb.load_fit(fit.save(tmp_path / "once.nc"))
    twice = lb.load_fit(once.save(tmp_path / "twice.nc"))
    np.testing.assert_array_equal(twice.expected_purchases(customers, "1 year"), expected)
    assert pooling_of(twice).unseen(customers.table) == {"industry": [], "region": []}
