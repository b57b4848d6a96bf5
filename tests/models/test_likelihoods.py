"""Formula, PyTensor graph and compiled kernel of each likelihood are one function, gradients included."""

from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import optimize

from ltv_bayes.data.customers.histories import unique_histories, unique_spend, without_recency
from ltv_bayes.formulas.kernels.likelihoods import KERNELS
from ltv_bayes.formulas.kernels.tables import end_to_end, event_tables, purchase_tables, spend_tables
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma, mbg_nbd, nbd
from ltv_bayes.formulas.models.bg_cnbd import RegularFormulas
from ltv_bayes.formulas.models.leaving_at_once import PARAMETERS, LeavingAtOnce
from ltv_bayes.models.density.operation import CompiledLikelihood
from tests.models.graphs import (
    at_once_graph,
    bg_cnbd_graph,
    bg_nbd_graph,
    gamma_gamma_graph,
    mbg_cnbd_graph,
    mbg_nbd_graph,
    nbd_graph,
)

pytestmark = pytest.mark.fits

POINTS = {
    "bg_nbd": [(0.243, 4.414, 0.793, 2.426), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "mbg_nbd": [(0.525, 6.18, 0.891, 1.614), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "bg_cnbd": [(0.243, 1.414, 0.793, 2.426), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "mbg_cnbd": [(0.525, 1.18, 0.891, 1.614), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "bg_nbd_at_once": [(0.4, 5.4, 0.78, 2.2, 0.24), (2.0, 50.0, 1.0, 0.9, 0.9), (0.05, 0.1, 8.0, 30.0, 1e-9)],
    "bg_cnbd_at_once": [(0.4, 1.4, 0.78, 2.2, 0.24), (2.0, 50.0, 1.0, 0.9, 0.9), (0.05, 0.1, 8.0, 30.0, 1e-9)],
    "gamma_gamma": [(6.25, 3.74, 15.44), (1.2, 1.5, 4000.0), (900.0, 40.0, 2.0)],
    "nbd": [(0.38, 12.1), (2.0, 50.0), (0.05, 0.1), (1e12, 1e13), (30.0, 1e-3)],
}

OF_PURCHASES = {
    "bg_nbd": (bg_nbd, bg_nbd_graph, {}),
    "mbg_nbd": (mbg_nbd, mbg_nbd_graph, {"once_too": True}),
    "bg_cnbd": (RegularFormulas(4, False), partial(bg_cnbd_graph, k=4), {"once_too": True, "k": 4}),
    "mbg_cnbd": (RegularFormulas(4, True), partial(mbg_cnbd_graph, k=4), {"once_too": True, "k": 4}),
    "bg_nbd_at_once": (LeavingAtOnce(), partial(at_once_graph, within=bg_nbd_graph), {}),
    "bg_cnbd_at_once": (
        LeavingAtOnce(RegularFormulas(4)),
        partial(at_once_graph, within=partial(bg_cnbd_graph, k=4)),
        {"once_too": True, "k": 4},
    ),
}


@pytest.fixture(scope="module", params=POINTS)
def versions(request, cdnow):
    """Functions of the logarithms of the parameters: the formula's total; value and gradient of the others."""
    name = request.param
    if name in OF_PURCHASES:
        h = unique_histories(cdnow)
        module, graph, settings = OF_PURCHASES[name]
        data = h.frequency, h.recency, h.T
        tables = purchase_tables(*data, h.count, **settings)
    elif name == "nbd":
        h, module, graph = without_recency(unique_histories(cdnow)), nbd, nbd_graph
        data, tables = (h.frequency, h.T), event_tables(h.frequency, h.T, h.count)
    else:
        h, module, graph = unique_spend(cdnow), gamma_gamma, gamma_gamma_graph
        data, tables = (h.frequency, h.monetary_value), spend_tables(h.frequency, h.monetary_value, h.count)
    op = CompiledLikelihood(KERNELS[name], *end_to_end([tables]))
    names = PARAMETERS if name.endswith("at_once") else getattr(module, "PARAMETERS", bg_nbd.PARAMETERS)
    logs = pt.dvector()
    parameters = {name: pt.exp(logs[i]) for i, name in enumerate(names)}

    def formula(at):
        return np.sum(h.count * module.log_likelihood(*data, **dict(zip(names, np.exp(at), strict=True))))

    def compiled(total):
        return pytensor.function([logs], [total, pt.grad(total, logs)], mode="FAST_COMPILE")

    by_graph = compiled(pt.sum(h.count * graph(h, **parameters)))
    total = op(*(value[None] for value in parameters.values()))[0]
    return name, formula, by_graph, compiled(total), (total, logs)


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

    name, formula, _, _, (total, logs) = versions
    many = pt.dmatrix()
    found = pytensor.function([many], vectorize_graph(total, {logs: many}), mode="FAST_COMPILE")(np.log(POINTS[name]))
    np.testing.assert_allclose(found, [formula(np.log(point)) for point in POINTS[name]], rtol=1e-11)


def test_second_derivatives_are_refused(versions):
    *_, (total, logs) = versions
    with pytest.raises(NotImplementedError, match="no second derivatives"):
        pt.grad(pt.sum(pt.grad(total, logs)), logs)
