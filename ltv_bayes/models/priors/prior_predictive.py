"""Draws of a model's parameters from its priors alone."""

import logging
from collections.abc import Mapping
from typing import Any

import xarray as xr


def prior_tree(model: Any, *, draws: int, random_seed: int | None) -> xr.DataTree:
    """Draw every unobserved variable of a PyMC model from its prior: group ``prior`` of shape (chain, draw)."""
    import pymc as pm

    logger = logging.getLogger("pymc")
    level = logger.level
    logger.setLevel(logging.ERROR)
    names = [variable.name for variable in model.unobserved_RVs]
    try:
        sampled = pm.sample_prior_predictive(draws, model=model, var_names=names, random_seed=random_seed)
    finally:
        logger.setLevel(level)
    return xr.DataTree.from_dict({"prior": sampled["prior"].to_dataset()})


def as_fit(prior: xr.Dataset, attrs: Mapping[str, Any]) -> xr.DataTree:
    """Lay out prior draws like posterior ones, so that a fitted model forecasts from them."""
    tree = xr.DataTree.from_dict({"posterior": prior})
    tree.attrs.update(attrs)
    return tree
