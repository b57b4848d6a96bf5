"""Pools and opinions against PyMC models of the same beliefs: their log density on a grid, or draws of the prior."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

import ltv_bayes as lb
from ltv_bayes.judgement.valuing.whole_value import opinions_by_customer
from tests.chance import allowed, assert_quantiles, assert_share

pytestmark = pytest.mark.fits

EDGE = special.ndtri(0.9)
CHANCES, MEDIANS, SDS = np.array([0.3, 0.6, 0.8]), np.array([100.0, 160.0, 210.0]), np.array([0.5, 0.6, 0.45])
SAID = pd.DataFrame(
    {
        "customer_id": "A",
        "expert": ["Chen", "Garcia", "Kovacs"],
        "probability": CHANCES,
        "low": MEDIANS * np.exp(-EDGE * SDS),
        "high": MEDIANS * np.exp(EDGE * SDS),
    }
)


def quantiles(model, levels, low, high):
    """Quantiles of a model's only variable, and its density there: its posterior lies well inside low to high."""
    (variable,) = model.free_RVs
    log_density, grid = model.compile_logp(mode="FAST_COMPILE"), np.linspace(low, high, 1001)
    logs = np.array([log_density({variable.name: x}) for x in grid])
    density = np.exp(logs - logs.max())
    assert max(density[0], density[-1]) < 1e-9
    up_to = np.append(0.0, np.cumsum((density[1:] + density[:-1]) / 2))
    found = np.interp(np.asarray(levels) * up_to[-1], up_to, grid)
    return found, np.interp(found, grid, density / (up_to[-1] * (grid[1] - grid[0])))


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_logarithmic_pool_is_the_posterior_of_an_amount_stated_with_correlated_errors(correlation):
    import pymc as pm

    row = lb.pool_judgements(SAID, correlation=correlation).table.iloc[0]
    covariance = np.outer(SDS, SDS) * (correlation + (1 - correlation) * np.eye(3))
    with pm.Model() as model:
        log_amount = pm.Normal("log_amount", 5, 50)
        pm.MvNormal("stated", log_amount * np.ones(3), cov=covariance, observed=np.log(MEDIANS))
    found = np.log(row[["low", "likely", "high"]].to_numpy(dtype=float))
    expected, _ = quantiles(model, [0.1, 0.5, 0.9], 2.0, 8.0)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_logarithmic_pool_of_chances_is_the_normalised_product_of_their_powers():
    weights = {"Chen": 1.0, "Garcia": 2.0, "Kovacs": 5.0}
    powers = np.array(list(weights.values())) / 8
    comes, not_comes = np.prod(CHANCES**powers), np.prod((1 - CHANCES) ** powers)
    found = lb.pool_judgements(SAID, weights=weights).table["probability"].item()
    assert found == pytest.approx(comes / (comes + not_comes))


def test_draws_of_the_linear_pool_are_those_of_a_mixture(book):
    import pymc as pm

    weights = np.array([0.5, 0.3, 0.2])
    pooled = lb.pool_judgements(
        SAID, method="linear", weights=dict(zip(SAID["expert"], weights, strict=True)), random_seed=1
    )
    drawn = lb.lifetime_value(book, future_value=pooled, horizon="3 years", random_seed=2).components["judged"]
    drawn = drawn.sel(customer_id="A").to_numpy().ravel()
    assert_share(drawn > 0, weights @ CHANCES)
    share = weights * CHANCES / (weights @ CHANCES)
    with pm.Model():
        log_amount = pm.NormalMixture("log_amount", share, np.log(MEDIANS), sigma=SDS, shape=16_000)
    expected = pm.draw(log_amount, random_seed=1, mode="FAST_COMPILE").reshape(4, -1)
    levels = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    for level, quantile in zip(levels, np.quantile(expected, levels), strict=True):
        assert_share(np.log(drawn[drawn > 0]) < quantile, level, figures=5, slack=0.02)
    row = np.log(pooled.table.iloc[0][["low", "likely", "high"]].to_numpy(dtype=float))
    assert_quantiles(expected, [0.1, 0.5, 0.9], row, slack=0.01)


@pytest.mark.parametrize(
    ("family", "weight"), [("log-normal", None), ("gamma", 0.5), ("log-normal", 0.5), ("gamma", None)]
)
def test_an_opinion_on_a_total_is_combined_as_a_model_of_both_beliefs(family, weight):
    """The model's total is log-normal and sure to come, so that its density is known."""
    import pymc as pm
    import pytensor.tensor as pt

    location, sd = np.log(120.0), 0.7
    said = {"customer_id": "A", "probability": 1.0, "mean": 250.0, "sd": 100.0, "family": family}
    with pytest.warns(lb.errors.DataWarning, match="stated as certain"):
        judged = lb.FutureValuePriors.from_judgements(
            pd.DataFrame([said]), relation="same_total", opinion_weight=weight
        )
    totals = np.exp(location + sd * np.random.default_rng(1).standard_normal(20_000))
    (opinion_held,) = opinions_by_customer(judged.table.assign(position=0), weight, None).values()
    taken, k = opinion_held.combined(totals, seed=1)
    assert k < 0.7

    def normal(x, mean, spread):
        return -(((x - mean) / spread) ** 2) / 2

    def opinion(x):
        if family == "gamma":
            shape, rate = 6.25, 0.025
            return shape * x - rate * pt.exp(x)
        log_sd = np.sqrt(np.log(1.16))
        return normal(x, np.log(250) - log_sd**2 / 2, log_sd)

    of_model, of_opinion = (1, 1) if weight is None else (1 - weight, weight)
    with pm.Model() as model:
        x = pm.Flat("x", initval=np.log(150.0))
        pm.Potential("both", of_model * normal(x, location, sd) + of_opinion * opinion(x))
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    expected, density = quantiles(model, levels, 0.5, 9.5)
    error = np.sqrt(levels * (1 - levels) / np.unique(taken).size) / density  # of so many different totals
    off = np.quantile(np.log(totals[taken]), levels) - expected
    assert (np.abs(off) < allowed(levels.size) * error).all()
