"""The density written out in plain numbers is that of the PyMC model."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ltv_bayes as lb
from ltv_bayes.formulas.kernels.pooled_effects import log_density
from ltv_bayes.models.density.log_density import WrittenDensity
from ltv_bayes.models.density.plain_priors import FAMILIES
from tests.models.densities import by_pymc, on_links

OF_A_RATE = {name: lb.Prior("Gamma", alpha=1.5, beta=0.5) for name in ("r", "alpha")}
CHOICES = {
    "usual": lb.BGNBD(calendar_effects=None),
    "leaving at once": lb.MBGNBD(calendar_effects=None),
    "in rhythm": lb.BGCNBD(k=3, calendar_effects=None),
    "in rhythm, leaving at once": lb.MBGCNBD(k=5, calendar_effects=None),
    "in rhythm, the papers' parameters": lb.BGCNBD(OF_A_RATE, k=3),
    "a share leaves at once": lb.BGNBD(calendar_effects=None, leave_at_once=True),
    "in rhythm, a share leaves at once": lb.BGCNBD(k=3, calendar_effects=None, leave_at_once=True),
    "the papers' parameters, a share leaves at once": lb.BGNBD(OF_A_RATE, leave_at_once=True),
    "other numbers": lb.BGNBD(
        priors={"dropout_mean": lb.Prior("Beta", alpha=2, beta=5.5), "rate_cv": ("Gamma", {"alpha": 2, "beta": 3})}
    ),
    "the papers' parameters": lb.BGNBD(
        priors={name: lb.Prior("Gamma", alpha=1.5, beta=rate) for name, rate in zip("rab", (2, 1, 0.5), strict=True)}
        | {"alpha": {"family": "LogNormal", "mu": 1.0, "sigma": 2.0}}
    ),
    "spend": lb.GammaGamma(price_growth=None),
    "spend, other numbers": lb.GammaGamma(priors={"q_excess": lb.Prior("Gamma", alpha=3, beta=1)}),
    "events": lb.NBD(calendar_effects=None),
    "events, the papers' parameters": lb.NBD(OF_A_RATE),
}


@pytest.fixture(scope="module", params=CHOICES)
def both(request, book):
    recipe = CHOICES[request.param]._recipe(book)
    return recipe.density(), by_pymc(recipe.model())


def test_values_and_gradients_are_those_of_the_model(both):
    direct, through_pymc = both
    rng = np.random.default_rng(1)
    for x in direct.start + rng.normal(size=(20, direct.size)):
        there, turned = on_links(direct, x)
        (value, gradient), (expected, slope) = direct(x), through_pymc(there)
        assert value == pytest.approx(expected, rel=1e-11)
        np.testing.assert_allclose(gradient, turned @ slope, rtol=1e-9, atol=1e-9 * np.abs(slope).max())


def test_modes_are_searched_from_several_places(both):
    """From the same scale by both ways: the centre, and points on both sides of it in each variable."""
    direct, through_pymc = both
    np.testing.assert_array_equal(direct.starts[0], direct.start)
    for density in both:
        away = density.starts[1:] - density.starts[0]
        assert (away.min(axis=0) < -1).all()
        assert (away.max(axis=0) > 1).all()
    np.testing.assert_allclose(np.ptp(direct.starts, axis=0), np.ptp(through_pymc.starts, axis=0))


def test_many_points_at_once(both):
    direct, through_pymc = both
    points = direct.start + np.random.default_rng(2).normal(size=(50, direct.size))
    there = np.array([on_links(direct, x)[0] for x in points])
    np.testing.assert_allclose(direct.values(points), through_pymc.values(there), rtol=1e-11)
    np.testing.assert_allclose(direct.values(points), [direct(x)[0] for x in points], rtol=1e-11)


def test_variables_and_draws_are_those_of_the_model(both):
    direct, _ = both
    points = direct.start + np.random.default_rng(3).normal(size=(6, direct.size))
    there = np.array([on_links(direct, x)[0] for x in points])
    ours, theirs = (one.tree(at, 2, 3)["posterior"].to_dataset() for one, at in zip(both, (points, there), strict=True))
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12)


@pytest.mark.parametrize("far", [-1e4, -800.0, 800.0, 1e4])
def test_far_away_there_is_no_density_but_no_error_either(both, far):
    direct, _ = both
    for i in range(direct.size):
        x = direct.start.copy()
        x[i] = far
        value, gradient = direct(x)
        assert value < direct(direct.start)[0] - 100
        assert np.isfinite(gradient).all()
        assert direct.values(x[np.newaxis])[0] < direct(direct.start)[0] - 100


@pytest.mark.parametrize(
    "priors",
    [
        {"rate_cv": lb.Prior("HalfNormal", sigma=1)},
        {"rate_cv": lb.Prior("Beta", alpha=1, beta=1)},
        {"rate_cv": lb.Prior("Gamma", mu=1, sigma=1)},
        {"rate_cv": lb.Prior("LogNormal", mu=0, sigma=-1)},
        {"rate_cv": lb.Prior("LogNormal", mu=0, sigma=float("inf"))},
        {"dropout_mean": lb.Prior("Gamma", alpha=1, beta=1)},
        {"dropout_mean": lb.Prior("Beta", alpha="one", beta=1)},
    ],
)
def test_other_priors_are_left_to_pymc(book, priors):
    assert lb.BGNBD(priors=priors)._recipe(book).density() is None


def test_a_prior_outside_the_parameters_range_is_refused_whichever_way(book):
    from ltv_bayes.errors import PriorError

    spend = lb.GammaGamma(priors={name: lb.Prior("LogNormal", mu=1, sigma=1) for name in "pqv"})
    with pytest.raises(PriorError, match="q must lie above 1"):
        spend.fit(book, progressbar=False)


def test_priors_start_where_their_density_is():
    domains = {"LogNormal": (3.0, 0.5), "Gamma": (2.0, 7.0), "Beta": (2.0, 9.0)}
    for family, numbers in domains.items():
        prior = FAMILIES[family][0](*numbers)

        def density(z, prior=prior):
            return log_density(prior.family, prior.first, prior.second, z)

        assert density(prior.start) > max(density(prior.start + step) for step in (-3.0, 3.0))


def test_a_fit_needs_no_pymc_where_priors_are_common(tmp_path):
    frame = pd.DataFrame({"customer_id": range(60), "frequency": [0, 2, 5] * 20, "T": 30.0})
    frame["recency"] = frame["frequency"] * 4.0
    frame["monetary_value"] = np.where(frame["frequency"] > 0, 10.0 + frame["customer_id"], np.nan)
    frame.to_parquet(tmp_path / "customers.parquet")
    code = f"""
import sys
import ltv_bayes as lb
customers = lb.Customers.from_summary({str(tmp_path / "customers.parquet")!r}, time_unit="week")
models = lb.BGNBD(calendar_effects=None), lb.GammaGamma(price_growth=None)
fits = [model.fit(customers, random_seed=1, progressbar=False) for model in models]
assert all(fit.converged for fit in fits)
print([name for name in ("pymc", "pytensor", "nutpie", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_sampler_settings_go_to_pymc(book, monkeypatch):
    """Settings of pymc.sample need the model."""
    from ltv_bayes.models.density import recipe as module

    given = []

    def fit_posterior(target, **settings):
        given.append((target, settings))
        return xr.DataTree.from_dict({"posterior": xr.Dataset()})

    monkeypatch.setattr(module, "fit_posterior", fit_posterior)
    recipe = lb.BGNBD(calendar_effects=None)._recipe(book)
    recipe.fit(method="nuts", draws=5)
    recipe.fit(draws=5, target_accept=0.9)
    assert isinstance(given[0][0], WrittenDensity)
    assert {variable.name for variable in given[1][0].free_RVs} == set(recipe.priors)
    assert given[1][1] == {"method": "auto", "draws": 5, "target_accept": 0.9}
