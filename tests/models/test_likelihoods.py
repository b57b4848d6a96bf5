"""Formula, PyTensor graph and fused kernel of each likelihood are one function, gradients included."""

from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from ltv_bayes.models.density.graphs import (
    bg_cnbd_graph,
    bg_nbd_graph,
    gamma_gamma_graph,
    mbg_cnbd_graph,
    mbg_nbd_graph,
    nbd_graph,
)
from scipy import optimize

from ltv_bayes.data.customers.histories import without_recency
from ltv_bayes.formulas.kernels import likelihoods, regular_likelihoods
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma, mbg_nbd, nbd
from ltv_bayes.formulas.models.bg_cnbd import RegularFormulas
from ltv_bayes.models.density.operation import FusedLikelihood

POINTS = {
    "bg_nbd": [(0.243, 4.414, 0.793, 2.426), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "mbg_nbd": [(0.525, 6.18, 0.891, 1.614), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "bg_cnbd": [(0.243, 1.414, 0.793, 2.426), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "mbg_cnbd": [(0.525, 1.18, 0.891, 1.614), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "gamma_gamma": [(6.25, 3.74, 15.44), (1.2, 1.5, 4000.0), (900.0, 40.0, 2.0)],
    "nbd": [(0.38, 12.1), (2.0, 50.0), (0.05, 0.1), (1e12, 1e13), (30.0, 1e-3)],
}

RHYTHM = {
    "bg_cnbd": (False, regular_likelihoods.bg_cnbd, regular_likelihoods.bg_cnbd_value, bg_cnbd_graph),
    "mbg_cnbd": (True, regular_likelihoods.mbg_cnbd, regular_likelihoods.mbg_cnbd_value, mbg_cnbd_graph),
}


@pytest.fixture(scope="module", params=POINTS)
def versions(request, cdnow):
    """Functions of the logarithms of the parameters: the formula's total; value and gradient of the others."""
    name = request.param
    if name == "bg_nbd":
        h, module, graph = cdnow.unique_histories(), bg_nbd, bg_nbd_graph
        data, tables = (h.frequency, h.recency, h.T), likelihoods.purchase_tables(h.frequency, h.recency, h.T, h.count)
        op = FusedLikelihood(likelihoods.bg_nbd, likelihoods.bg_nbd_value, tables)
    elif name == "mbg_nbd":
        h, module, graph = cdnow.unique_histories(), mbg_nbd, mbg_nbd_graph
        data = h.frequency, h.recency, h.T
        tables = likelihoods.purchase_tables(*data, h.count, may_leave_at_once=True)
        op = FusedLikelihood(likelihoods.mbg_nbd, likelihoods.mbg_nbd_value, tables)
    elif name in RHYTHM:
        at_once, kernel, value_kernel, of_k = RHYTHM[name]
        h, module, graph = cdnow.unique_histories(), RegularFormulas(4, at_once), partial(of_k, k=4)
        data = h.frequency, h.recency, h.T
        op = FusedLikelihood(kernel, value_kernel, regular_likelihoods.regular_tables(*data, h.count, 4))
    elif name == "nbd":
        h, module, graph = without_recency(cdnow.unique_histories()), nbd, nbd_graph
        data, tables = (h.frequency, h.T), likelihoods.event_tables(h.frequency, h.T, h.count)
        op = FusedLikelihood(likelihoods.nbd, likelihoods.nbd_value, tables)
    else:
        h, module, graph = cdnow.unique_spend(), gamma_gamma, gamma_gamma_graph
        data, tables = (h.frequency, h.monetary_value), likelihoods.spend_tables(h.frequency, h.monetary_value, h.count)
        op = FusedLikelihood(likelihoods.gamma_gamma, likelihoods.gamma_gamma_value, tables)
    names = getattr(module, "PARAMETERS", bg_nbd.PARAMETERS)
    logs = pt.dvector()
    parameters = {name: pt.exp(logs[i]) for i, name in enumerate(names)}

    def formula(at):
        return np.sum(h.count * module.log_likelihood(*data, **dict(zip(names, np.exp(at), strict=True))))

    def compiled(total):
        return pytensor.function([logs], [total, pt.grad(total, logs)], mode="FAST_COMPILE")

    by_graph = compiled(pt.sum(h.count * graph(h, **parameters)))
    return name, formula, by_graph, compiled(op(*parameters.values())[0]), (op, logs, parameters)


def test_values_agree(versions):
    name, formula, *others, _ = versions
    for point in POINTS[name]:
        for other in others:
            assert other(np.log(point))[0] == pytest.approx(formula(np.log(point)), rel=1e-11)


def test_gradients_agree(versions):
    name, formula, by_graph, by_kernel, _ = versions
    for point in POINTS[name]:
        at = np.log(point)
        value, gradient = by_kernel(at)
        np.testing.assert_allclose(gradient, by_graph(at)[1], rtol=1e-7, atol=1e-9 * abs(value))
        numeric = optimize.approx_fprime(at, formula, 1e-6)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-2 + 1e-6 * abs(value))


def test_many_draws_at_once_agree(versions):
    from pytensor.graph.replace import vectorize_graph

    name, formula, _, _, (op, logs, parameters) = versions
    many = pt.dmatrix()
    total = vectorize_graph(op(*parameters.values())[0], {logs: many})
    found = pytensor.function([many], total, mode="FAST_COMPILE")(np.log(POINTS[name]))
    np.testing.assert_allclose(found, [formula(np.log(point)) for point in POINTS[name]], rtol=1e-11)


def test_second_derivatives_are_refused(versions):
    *_, (op, logs, parameters) = versions
    total = op(*parameters.values())[0]
    with pytest.raises(NotImplementedError, match="no second derivatives"):
        pt.grad(pt.sum(pt.grad(total, logs)), logs)
