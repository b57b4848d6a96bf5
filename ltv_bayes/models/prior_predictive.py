"""Draws of a model's parameters from its priors alone."""

from typing import Any

import xarray as xr


def prior_tree(model: Any, *, draws: int, random_seed: int | None) -> xr.DataTree:
    """Draw every unobserved variable of a PyMC model from its prior: group ``prior`` of shape (chain, draw)."""
    import pymc as pm

    names = [variable.name for variable in model.unobserved_RVs]
    sampled = pm.sample_prior_predictive(draws, model=model, var_names=names, random_seed=random_seed)
    return xr.DataTree.from_dict({"prior": sampled["prior"].to_dataset()})
