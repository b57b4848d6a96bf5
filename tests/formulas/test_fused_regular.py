"""The fused likelihoods of purchases in rhythm against the formulas, at k = 1 against BG/NBD's, and in groups."""

import numpy as np
import pytest
from ltv_bayes.formulas.kernels.grouped_likelihoods import KERNELS, end_to_end

from ltv_bayes.formulas.kernels import likelihoods, regular_likelihoods
from ltv_bayes.formulas.models.bg_cnbd import PARAMETERS, RegularFormulas
from tests.formulas.test_fused import histories, slopes_fit, total

POINTS = [
    (0.243, 1.414, 0.793, 2.426),
    (2.0, 50.0, 1.0, 0.9),
    (0.05, 0.1, 8.0, 30.0),
    (1e6, 1e7, 0.05, 4.0),
    (30.0, 1e5, 1e3, 2e3),
]
MODELS = {
    "bg_cnbd": (regular_likelihoods.bg_cnbd, regular_likelihoods.bg_cnbd_value, False),
    "mbg_cnbd": (regular_likelihoods.mbg_cnbd, regular_likelihoods.mbg_cnbd_value, True),
}


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
    kernel, value_kernel, at_once = MODELS[model]
    tables = regular_likelihoods.regular_tables(*purchases, k)
    of_each = RegularFormulas(k, at_once).log_likelihood(*data, **dict(zip(PARAMETERS, at, strict=True)))
    assert kernel(*at, *tables)[0] == pytest.approx(total(of_each, count), rel=1e-10)
    assert value_kernel(*at, *tables) == kernel(*at, *tables)[0]
    slopes_fit(kernel, tables, at)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("at", POINTS, ids=str)
def test_one_event_a_purchase_is_random(purchases, model, at):
    kernel, _, at_once = MODELS[model]
    expected = getattr(likelihoods, model.replace("c", ""))(
        *at, *likelihoods.purchase_tables(*purchases, may_leave_at_once=at_once)
    )
    found = kernel(*at, *regular_likelihoods.regular_tables(*purchases, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * abs(expected[0]))


@pytest.mark.parametrize("model", MODELS)
def test_each_group_has_what_it_has_alone(model):
    tables = []
    for size in (1, 40, 300):
        frequency, recency, T, count = histories(size, True, 10, size)
        tables.append(regular_likelihoods.regular_tables(frequency, recency, np.maximum(T, 1.0), count, 3))
    parameters = np.random.default_rng(1).gamma(2.0, 1.0, (4, 3))
    value, slopes = KERNELS[model](*parameters, *end_to_end(tables))
    alone = [MODELS[model][0](*parameters[:, g], *tables[g]) for g in range(3)]
    assert value == pytest.approx(sum(float(one[0]) for one in alone), rel=1e-12)
    np.testing.assert_allclose(slopes, np.array([one[1:] for one in alone], dtype=float).T, rtol=1e-11, atol=1e-9)


def test_order_of_rows_is_of_no_matter(purchases):
    shuffled = np.random.default_rng(1).permutation(purchases[0].size)
    first, second = (
        regular_likelihoods.bg_cnbd(*POINTS[0], *regular_likelihoods.regular_tables(*data, 3))
        for data in (purchases, [column[shuffled] for column in purchases])
    )
    np.testing.assert_allclose(first, second, rtol=1e-12)


def test_impossible_parameters_give_no_number(purchases):
    for at in ((np.nan, 4.0, 0.8, 2.4), (0.2, np.inf, 0.8, 2.4), (0.2, 4.0, np.nan, 2.4)):
        assert not np.isfinite(regular_likelihoods.mbg_cnbd(*at, *regular_likelihoods.regular_tables(*purchases, 3))[0])
