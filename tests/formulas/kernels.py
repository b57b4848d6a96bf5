"""Compiled likelihoods of one group of customers, for tests."""

import numpy as np

from ltv_bayes.formulas.kernels.likelihoods import KERNELS
from ltv_bayes.formulas.kernels.tables import end_to_end


def alone(model, at, tables, with_slopes=True):
    """Value and slopes at parameters that are numbers."""
    parameters = np.array(at, dtype=float)[np.newaxis, :, np.newaxis]
    [value], [slopes] = KERNELS[model](parameters, *end_to_end([tables]), with_slopes)
    return value, *slopes[:, 0]


def value_alone(model, at, tables):
    """The value, asked for without slopes."""
    return alone(model, at, tables, with_slopes=False)[0]
