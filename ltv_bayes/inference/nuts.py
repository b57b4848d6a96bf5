"""NUTS: posterior draws of any PyMC model, by nutpie where it is installed, else by PyMC."""

import importlib.util
import logging
from typing import Any

import xarray as xr


def sample_nuts(
    model: Any,
    *,
    draws: int,
    tune: int,
    chains: int,
    random_seed: int | None,
    progressbar: bool,
    **sampler_settings: Any,
) -> xr.DataTree:
    """Draw from the posterior; convergence is judged by the caller.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` and ``sample_stats``, dimensions (chain, draw).
    """
    import pymc as pm

    sampler_settings.setdefault("nuts_sampler", "nutpie" if importlib.util.find_spec("nutpie") else "pymc")
    logger = logging.getLogger("pymc")
    level = logger.level
    logger.setLevel(level if progressbar else logging.ERROR)
    try:
        return pm.sample(
            draws,
            tune=tune,
            chains=chains,
            random_seed=random_seed,
            progressbar=progressbar,
            compute_convergence_checks=False,
            model=model,
            **sampler_settings,
        )
    finally:
        logger.setLevel(level)
