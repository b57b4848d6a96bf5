"""The PyTensor graphs against the formulas, gradients included."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import optimize

from ltv_bayes.formulas import bg_nbd, gamma_gamma
from ltv_bayes.models.likelihoods import bg_nbd_graph, gamma_gamma_graph

POINTS = {
    "bg_nbd": [(0.243, 4.414, 0.793, 2.426), (2.0, 50.0, 1.0, 0.9), (0.05, 0.1, 8.0, 30.0), (1e12, 1e13, 0.05, 4.0)],
    "gamma_gamma": [(6.25, 3.74, 15.44), (1.2, 1.5, 4000.0)],
}


def totals(model, customers):
    """The weighted sum as a formula and as a graph, both functions of the logarithms of the parameters."""
    if model == "bg_nbd":
        h, names, graph = customers.unique_histories(), bg_nbd.PARAMETERS, bg_nbd_graph
        data, formula = (h.frequency, h.recency, h.T), bg_nbd.log_likelihood
    else:
        h, names, graph = customers.unique_spend(), gamma_gamma.PARAMETERS, gamma_gamma_graph
        data, formula = (h.frequency, h.monetary_value), gamma_gamma.log_likelihood

    def by_formula(logs):
        return np.sum(h.count * formula(*data, **dict(zip(names, np.exp(logs), strict=True))))

    logs = pt.dvector()
    total = pt.sum(h.count * graph(h, **{name: pt.exp(logs[i]) for i, name in enumerate(names)}))
    by_graph = pytensor.function([logs], [total, pt.grad(total, logs)], mode="FAST_COMPILE")
    return by_formula, by_graph


@pytest.mark.parametrize("model", POINTS)
def test_graph_and_formula_agree_with_their_gradients(model, cdnow):
    by_formula, by_graph = totals(model, cdnow)
    for point in POINTS[model]:
        value, gradient = by_graph(np.log(point))
        assert value == pytest.approx(by_formula(np.log(point)), rel=1e-11)
        numeric = optimize.approx_fprime(np.log(point), by_formula, 1e-6)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-2 + 1e-6 * abs(value))
