"""Natural quantities of groups: derivatives are those of the log density, whatever way effects are written."""

import numpy as np
import pytest

from ltv_bayes.formulas.kernels.pooled_effects import (
    BETA,
    GAMMA,
    LOG,
    LOGIT,
    NORMAL,
    Layout,
    gradient_of_variables,
    quantities_of_groups,
)

WEIGHTS = np.array([[0.7, -1.3, 0.4], [0.2, 0.9, -0.6]])


def layout(kept):
    """Two quantities in three groups: an effect of two segments on each, and a covariate of the first."""
    return Layout(
        family=np.array([NORMAL, BETA, GAMMA, NORMAL, NORMAL]),
        first=np.array([0.3, 2.0, 1.5, -0.5, 0.0]),
        second=np.array([0.8, 3.0, 2.0, 0.7, 1.0]),
        constant=np.zeros(5),
        link=np.array([LOG, LOGIT]),
        effect_quantity=np.array([0, 1]),
        of_group=np.array([[0, 1, 1], [1, 0, 1]]),
        levels=np.array([2, 2]),
        parts=np.array([1, 2]),
        basis=np.array([np.sqrt(0.5), -np.sqrt(0.5), 1.0, 0.0, 0.0, 1.0]),
        kept=np.full(3, kept),
        slope_quantity=np.array([0]),
        covariates=np.array([[-1.0, 0.2, 0.8]]),
        forms=np.zeros((0, 7), dtype=np.int64),
        parameters=0,
        k=1,
    )


def log_density(x, one):
    """Own priors, and a likelihood that is linear in the quantities on the scale of their links."""
    own, natural = quantities_of_groups(x, one)
    linked = np.array([np.log(natural[0]), np.log(natural[1] / (1 - natural[1]))])
    return own + np.sum(WEIGHTS * linked)


@pytest.mark.parametrize("kept", [0.0, 0.4, 1.0])
def test_derivatives_are_those_of_the_log_density(kept):
    one, step = layout(kept), 1e-5
    x = np.array([0.2, -0.4, 0.5, -0.3, 0.1, 0.6, -0.7, 0.9])
    found = gradient_of_variables(x, WEIGHTS, one)
    numeric = [(log_density(x + d, one) - log_density(x - d, one)) / (2 * step) for d in step * np.eye(x.size)]
    np.testing.assert_allclose(found, numeric, rtol=1e-7, atol=1e-8)
