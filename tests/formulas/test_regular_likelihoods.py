"""The compiled likelihoods of regular purchases against the formulas, at k = 1 against BG/NBD's, and in groups."""

import numpy as np
import pytest

from ltv_bayes.formulas.kernels.likelihoods import KERNELS
from ltv_bayes.formulas.kernels.tables import end_to_end, purchase_tables
from ltv_bayes.formulas.models.bg_cnbd import PARAMETERS, RegularFormulas
from tests.formulas.kernels import alone, value_alone
from tests.formulas.test_likelihoods import histories, slopes_fit, total

POINTS = [
    (0.243, 1.414, 0.793, 2.426),
    (2.0, 50.0, 1.0, 0.9),
    (0.05, 0.1, 8.0, 30.0),
    (1e6, 1e7, 0.05, 4.0),
    (30.0, 1e5, 1e3, 2e3),
]
MODELS = {"bg_cnbd": False, "mbg_cnbd": True}  # whether customers may leave after the first purchase


@pytest.fixture(params=[(1500, True, 40), (500, False, 400), (1, True, 5)], ids=str)
def purchases(request):
    frequency, recency, T, count = histories(*request.param, seed=request.param[0])
    return frequency, np.where(frequency > 0, np.maximum(recency, 1e-3), 0.0), np.maximum(T, 2e-3), count


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("k", [2, 7, 100])
@pytest.mark.parametrize("at", POINTS, ids=str)
def test_value_and_slopes(purchases, model, k, at):
    *data, count = purchases
    at = (at[0], at[1] / k, *at[2:])
    tables = purchase_tables(*purchases, once_too=True, k=k)
    of_each = RegularFormulas(k, MODELS[model]).log_likelihood(*data, **dict(zip(PARAMETERS, at, strict=True)))
    assert alone(model, at, tables)[0] == pytest.approx(total(of_each, count), rel=1e-10, abs=1e-8)
    assert value_alone(model, at, tables) == alone(model, at, tables)[0]
    slopes_fit(model, tables, at)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("at", POINTS, ids=str)
def test_one_event_a_purchase_is_random(purchases, model, at):
    random = purchase_tables(*purchases, once_too=MODELS[model])
    expected = alone(model.replace("c", ""), at, random)
    found = alone(model, at, purchase_tables(*purchases, once_too=True, k=1))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * abs(expected[0]))


@pytest.mark.parametrize("model", MODELS)
def test_each_group_has_what_it_has_alone(model):
    tables = []
    for size in (1, 40, 300):
        frequency, recency, T, count = histories(size, True, 10, size)
        tables.append(purchase_tables(frequency, recency, np.maximum(T, 1.0), count, once_too=True, k=3))
    parameters = np.random.default_rng(1).gamma(2.0, 1.0, (4, 3))
    [value], [slopes] = KERNELS[model](parameters[np.newaxis], *end_to_end(tables), True)
    each = [alone(model, parameters[:, g], tables[g]) for g in range(3)]
    assert value == pytest.approx(sum(float(one[0]) for one in each), rel=1e-12)
    np.testing.assert_allclose(slopes, np.array([one[1:] for one in each], dtype=float).T, rtol=1e-11, atol=1e-9)


def test_order_of_rows_is_of_no_matter(purchases):
    shuffled = np.random.default_rng(1).permutation(purchases[0].size)
    first, second = (
        alone("bg_cnbd", POINTS[0], purchase_tables(*data, once_too=True, k=3))
        for data in (purchases, [column[shuffled] for column in purchases])
    )
    np.testing.assert_allclose(first, second, rtol=1e-12)


def test_impossible_parameters_give_no_number(purchases):
    for at in ((np.nan, 4.0, 0.8, 2.4), (0.2, np.inf, 0.8, 2.4), (0.2, 4.0, np.nan, 2.4)):
        assert not np.isfinite(value_alone("mbg_cnbd", at, purchase_tables(*purchases, once_too=True, k=3)))
