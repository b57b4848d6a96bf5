"""Likelihoods of customers in groups: each group has the value and the slopes that it has alone."""

import numpy as np
import pytest
from scipy import special

from ltv_bayes.formulas.kernels import likelihoods
from ltv_bayes.formulas.kernels.tables import RenewalTables, end_to_end, event_tables, purchase_tables, spend_tables
from tests.formulas.kernels import alone

SIZES = (1, 40, 700, 3)


def purchases(rng, size, **how):
    frequency = rng.poisson(2.0, size).astype(float)
    T = rng.integers(20, 60, size).astype(float)
    return purchase_tables(frequency, np.where(frequency > 0, T * rng.random(size), 0.0), T, np.ones(size), **how)


def leaving_at_once(rng, size):
    return purchases(rng, size, once_too=True)


def regular(rng, size):
    return purchases(rng, size, once_too=True, k=3)


def events(rng, size):
    return event_tables(rng.poisson(2.0, size), rng.integers(20, 60, size), rng.integers(1, 5, size))


def spend(rng, size):
    return spend_tables(rng.integers(1, 6, size), rng.gamma(4.0, 10.0, size), rng.integers(1, 5, size))


def renewals(rng, size):
    made = rng.geometric(0.3, size) - 1.0
    observed_from = np.floor(made * rng.random(size))
    return RenewalTables(made, (rng.random(size) < 0.7).astype(float), observed_from, np.ones(size))


CASES = {
    "bg_nbd": (purchases, 4),
    "mbg_nbd": (leaving_at_once, 4),
    "bg_nbd_at_once": (purchases, 5),
    "bg_cnbd_at_once": (regular, 5),
    "nbd": (events, 2),
    "gamma_gamma": (spend, 3),
    "shifted_beta_geometric": (renewals, 2),
    "beta_discrete_weibull": (renewals, 3),
}


@pytest.mark.parametrize("model", CASES)
def test_each_group_has_what_it_has_alone(model):
    (make, number), rng = CASES[model], np.random.default_rng(1)
    tables = [make(rng, size) for size in SIZES]
    parameters = rng.gamma(2.0, 1.0, (number, len(SIZES)))
    if model.endswith("at_once"):
        parameters[4] /= 1 + parameters[4]
    [value], [slopes] = likelihoods.KERNELS[model](parameters[np.newaxis], *end_to_end(tables), True)
    each = [alone(model, parameters[:, g], tables[g]) for g in range(len(SIZES))]
    assert value == pytest.approx(sum(float(one[0]) for one in each), rel=1e-12)
    np.testing.assert_allclose(slopes, np.array([one[1:] for one in each], dtype=float).T, rtol=1e-11, atol=1e-9)


def test_no_customer_of_a_group_bought_again():
    empty = purchase_tables(np.zeros(5), np.zeros(5), np.full(5, 30.0), np.ones(5))
    tables = [empty, purchases(np.random.default_rng(1), 20)]
    [value], [slopes] = likelihoods.bg_nbd(np.full((1, 4, 2), 1.3), *end_to_end(tables), True)
    assert np.isfinite(value)
    np.testing.assert_allclose(slopes[2:, 0], 0)


@pytest.mark.parametrize("x", [1e-8, 0.02, 0.5, 1.4616321449683623, 3.0, 9.999, 10.0, 250.0, 1e9])
def test_digamma_is_that_of_scipy(x):
    assert likelihoods.digamma(x) == pytest.approx(special.digamma(x), rel=2e-15, abs=2e-15)
