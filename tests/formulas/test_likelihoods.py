"""The compiled likelihoods against the plain formulas, on histories of many shapes and at far-off parameters."""

import numba
import numpy as np
import pytest

from ltv_bayes.formulas.kernels import blocks
from ltv_bayes.formulas.kernels.tables import event_tables, purchase_tables, spend_tables
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma, mbg_nbd, nbd
from tests.formulas.kernels import alone, value_alone

PURCHASES = [
    (0.243, 4.414, 0.793, 2.426),
    (2.0, 50.0, 1.0, 0.9),
    (0.05, 0.1, 8.0, 30.0),
    (1e12, 1e13, 0.05, 4.0),
    (0.2, 1e-9, 1e-6, 1e-6),
    (30.0, 1e5, 1e3, 2e3),
    (1e-4, 500.0, 300.0, 1e-3),
]
EVENTS = [(0.4, 12.0), (3.0, 0.5), (1e12, 1e13), (1e-4, 500.0), (30.0, 1e-9)]
SPEND = [(6.25, 3.74, 15.44), (1.2, 1.5, 4000.0), (900.0, 40.0, 2.0), (0.01, 1.001, 1e-9), (50.0, 300.0, 1e12)]


def histories(rows, days, busiest, seed):
    """Random histories in random order: whole days or any times, with counts from one to thousands."""
    rng = np.random.default_rng(seed)
    frequency = np.minimum(np.floor(rng.pareto(0.7, rows)), busiest)
    T = rng.uniform(0, 400, rows)
    recency = np.where(frequency > 0, T * rng.beta(2, 1, rows), 0.0)
    T, recency = (np.ceil(T), np.ceil(recency)) if days else (T, recency)
    return frequency, recency, T, np.where(rng.random(rows) < 0.7, 1, rng.integers(1, 5000, rows))


@pytest.fixture(params=[(3000, True, 40), (2000, False, 40), (700, True, 3000), (1, True, 5)], ids=str)
def purchases(request):
    return histories(*request.param, seed=request.param[0])


def total(of_one, count):
    return float(np.sum(np.asarray(of_one, dtype=np.longdouble) * count))


@pytest.mark.parametrize("at", PURCHASES)
def test_purchases_as_by_the_formula(purchases, at):
    *data, count = purchases
    tables = purchase_tables(*purchases)
    expected = total(bg_nbd.log_likelihood(*data, **dict(zip(bg_nbd.PARAMETERS, at, strict=True))), count)
    assert alone("bg_nbd", at, tables)[0] == pytest.approx(expected, rel=1e-11)
    assert value_alone("bg_nbd", at, tables) == alone("bg_nbd", at, tables)[0]


@pytest.mark.parametrize("at", PURCHASES)
def test_purchases_of_who_once_too_as_by_the_formula(purchases, at):
    *data, count = purchases
    tables = purchase_tables(*purchases, once_too=True)
    expected = total(mbg_nbd.log_likelihood(*data, **dict(zip(mbg_nbd.PARAMETERS, at, strict=True))), count)
    assert alone("mbg_nbd", at, tables)[0] == pytest.approx(expected, rel=1e-11)
    assert value_alone("mbg_nbd", at, tables) == alone("mbg_nbd", at, tables)[0]
    slopes_fit("mbg_nbd", tables, at)


@pytest.mark.parametrize("at", EVENTS)
def test_events_as_by_the_formula(purchases, at):
    events, _, exposure, count = purchases
    tables = event_tables(events, exposure, count)
    of_one = nbd.log_likelihood(events, exposure, **dict(zip(nbd.PARAMETERS, at, strict=True)))
    assert alone("nbd", at, tables)[0] == pytest.approx(total(of_one, count), rel=1e-11)
    assert value_alone("nbd", at, tables) == alone("nbd", at, tables)[0]


@pytest.mark.parametrize("at", SPEND)
@pytest.mark.parametrize("rows", [1, 5000])
def test_spend_as_by_the_formula(rows, at):
    frequency, _, _, count = histories(rows, True, 60, 5)
    data = frequency + 1, np.random.default_rng(6).lognormal(3, 2, rows)
    tables = spend_tables(*data, count)
    expected = total(gamma_gamma.log_likelihood(*data, **dict(zip(gamma_gamma.PARAMETERS, at, strict=True))), count)
    assert alone("gamma_gamma", at, tables)[0] == pytest.approx(expected, rel=1e-11)
    assert value_alone("gamma_gamma", at, tables) == pytest.approx(alone("gamma_gamma", at, tables)[0], rel=1e-14)


@pytest.mark.parametrize("at", PURCHASES)
def test_slopes_of_purchases_are_those_of_the_value(purchases, at):
    slopes_fit("bg_nbd", purchase_tables(*purchases), at)


@pytest.mark.parametrize("at", EVENTS)
def test_slopes_of_events_are_those_of_the_value(purchases, at):
    events, _, exposure, count = purchases
    slopes_fit("nbd", event_tables(events, exposure, count), at)


@pytest.mark.parametrize("at", SPEND)
def test_slopes_of_spend_are_those_of_the_value(at):
    frequency, _, _, count = histories(3000, True, 60, 5)
    value = np.random.default_rng(6).lognormal(3, 2, 3000)
    slopes_fit("gamma_gamma", spend_tables(frequency + 1, value, count), at)


def slopes_fit(model, tables, at):
    """A step of 1e-4 in each parameter's logarithm changes the value by the mean of the slopes at its two ends."""
    for i in range(len(at)):
        low, high = ([number * (np.exp(step) if i == j else 1) for j, number in enumerate(at)] for step in (0, 1e-4))
        (before, *slopes), (after, *later) = alone(model, low, tables), alone(model, high, tables)
        rise = (slopes[i] * low[i] + later[i] * high[i]) / 2
        assert (after - before) / 1e-4 == pytest.approx(rise, rel=1e-5, abs=1e-9 * abs(before))


@numba.njit
def exp_of_minus_size(u, small):
    blocks.exp_of_minus_size(u, small)


@numba.njit
def log_1p_of(small, log_1p):
    blocks.log_1p_of(small, log_1p)


@numba.njit
def log_ratio(above, below, found):
    blocks.log_ratio(above, below, found)


def test_exp_and_logarithm_of_a_block_are_exact():
    u = np.concatenate([np.linspace(-707, 707, 100_001), np.linspace(-2, 2, 100_001), [0.0]])
    small, log_1p = np.empty_like(u), np.empty_like(u)
    exp_of_minus_size(u, small)
    log_1p_of(small, log_1p)
    np.testing.assert_allclose(small, np.exp(-np.abs(u)), rtol=1e-15)
    np.testing.assert_allclose(log_1p, np.log1p(small), rtol=1e-15)
    exp_of_minus_size(np.array([np.inf, -np.inf, np.nan]), small)
    assert (small[:3] < 1e-300).all()


def test_logarithms_of_ratios_are_exact():
    """Of numbers far apart, next to each other, and the same."""
    rng = np.random.default_rng(1)
    below = np.exp(rng.uniform(-300, 300, 100_000))
    above = below * np.concatenate([np.exp(rng.uniform(-300, 300, 50_000)), 1 + rng.uniform(-1e-6, 1e-6, 50_000)])
    found = np.empty_like(above)
    log_ratio(above, below, found)
    far, near = slice(50_000), slice(50_000, None)
    np.testing.assert_allclose(found[far], np.log(above[far]) - np.log(below[far]), atol=1e-12)
    np.testing.assert_allclose(found[near], np.log1p((above[near] - below[near]) / below[near]), rtol=1e-15)
    log_ratio(below, below, found)
    assert (found == 0).all()


@pytest.mark.parametrize("at", [(np.nan, 4.0, 0.8, 2.4), (0.2, np.inf, 0.8, 2.4), (0.2, 4.0, np.nan, 2.4)])
def test_impossible_parameters_give_no_number(purchases, at):
    assert not np.isfinite(value_alone("bg_nbd", at, purchase_tables(*purchases)))


def test_events_where_they_cannot_be():
    certain = alone("nbd", (1.0, 2.0), event_tables(np.zeros(2), np.zeros(2), np.array([3, 4])))
    assert certain == (0.0, 0.0, 0.0)
    impossible = alone("nbd", (1.0, 2.0), event_tables(np.array([0, 1]), np.zeros(2), np.ones(2)))
    assert impossible[0] == -np.inf
    assert not np.isfinite(value_alone("nbd", (np.nan, 2.0), event_tables(np.ones(1), np.ones(1), np.ones(1))))


def test_order_of_rows_is_of_no_matter(purchases):
    shuffled = np.random.default_rng(1).permutation(purchases[0].size)
    first, second = (
        alone("bg_nbd", PURCHASES[0], purchase_tables(*data))
        for data in (purchases, [column[shuffled] for column in purchases])
    )
    np.testing.assert_allclose(first, second, rtol=1e-12)


def test_no_customer_bought_again():
    at, nothing = PURCHASES[0], np.zeros(3)
    T, count = np.array([3.0, 8.0, 20.0]), np.array([5, 1, 2])
    found = alone("bg_nbd", at, purchase_tables(nothing, nothing, T, count))
    assert found[0] == pytest.approx(-at[0] * np.sum(count * np.log1p(T / at[1])))
    assert found[3:] == (0.0, 0.0)
