"""A pooled fit made by hand."""

import json

import numpy as np
import pytest
import xarray as xr

import ltv_bayes as lb
from ltv_bayes.formulas.models import parameterization

INDUSTRIES = ["Energy", "Public", "Retail"]
CHAIN_DRAW = ("chain", "draw")


@pytest.fixture(scope="session")
def pooled():
    """A purchase fit pooled by industry: Energy buys twice as often as the others, Retail leaves most."""
    rng = np.random.default_rng(8)
    level = 0.05 * np.exp(0.01 * rng.standard_normal((2, 300)))
    same = np.ones_like(level)
    quantities = {"mean_rate": level, "rate_cv": same, "dropout_mean": 0.2 * same, "dropout_concentration": 5 * same}
    papers = parameterization.purchases(quantities)
    variables = {name: (CHAIN_DRAW, papers[name]) for name in (*quantities, "r", "alpha", "a", "b")}
    for quantity, effects in (("mean_rate", [np.log(2), 0, 0]), ("dropout_mean", [-1.0, 0, 1.0])):
        by = effects + 0.05 * rng.standard_normal((2, 300, 3))
        variables[f"{quantity}_by_industry"] = ((*CHAIN_DRAW, "industry"), by)
        variables[f"{quantity}_sd_industry"] = (CHAIN_DRAW, 0.5 * same)
    coords = {"industry": INDUSTRIES, "chain": [0, 1], "draw": np.arange(300)}
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords=coords)})
    number = {"industry": dict.fromkeys(INDUSTRIES, 2)}
    pooling = {"model": "bg_nbd", "by": ["industry"], "covariates": {}, "scales": {}, "customers": number}
    tree.attrs = {"model": "bg_nbd", "time_unit": "week", "pooling": json.dumps(pooling)}
    return lb.FittedPurchases(tree)
