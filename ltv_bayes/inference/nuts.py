"""NUTS: posterior draws of any PyMC model, by nutpie where it is installed, else by PyMC."""

import importlib.util
import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from ltv_bayes.formulas.special import Array
from ltv_bayes.inference.curvature import Peak
from ltv_bayes.inference.density import LogDensity
from ltv_bayes.inference.unofficial import nutpie_model
from ltv_bayes.sizes import available_cores

TUNE = 1000
TUNE_FROM_PEAK = 200  # there only the size of steps is left to tune


def has_nutpie() -> bool:
    """Whether nutpie is installed."""
    return importlib.util.find_spec("nutpie") is not None


def sample_from_peak(
    density: LogDensity,
    peak: Peak,
    *,
    draws: int,
    tune: int | None,
    chains: int,
    random_seed: int,
    progressbar: bool,
    **sampler_settings: Any,
) -> xr.DataTree:
    """Draw by nutpie, started at a peak and in its scale, so that nothing needs compiling and little needs tuning.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` and ``sample_stats``, dimensions (chain, draw).
    """
    import nutpie

    def make_density() -> Callable[[Array], tuple[float, Array]]:
        return peak.standardised(density.for_another_thread())

    def start(seed: int) -> Array:
        return np.random.default_rng(seed).standard_normal(density.size)

    sampled = nutpie.sample(
        nutpie_model(density.size, make_density, start),
        draws=draws,
        tune=TUNE_FROM_PEAK if tune is None else tune,
        chains=chains,
        cores=min(chains, available_cores()),
        seed=random_seed,
        progress_bar=progressbar,
        save_warmup=False,
        **sampler_settings,
    )
    z = sampled["posterior"]["z"].transpose("chain", "draw", ...).to_numpy()
    tree = density.tree(peak.at(z.reshape(-1, density.size)), chains, draws)
    tree["sample_stats"] = xr.DataTree(sampled["sample_stats"].to_dataset())
    return tree


def sample_by_pymc(
    model: Any,
    *,
    draws: int,
    tune: int | None,
    chains: int,
    random_seed: int,
    progressbar: bool,
    **sampler_settings: Any,
) -> xr.DataTree:
    """Draw by `pymc.sample`, with any of its settings.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` and ``sample_stats``, dimensions (chain, draw).
    """
    import pymc as pm

    sampler_settings.setdefault("nuts_sampler", "nutpie" if has_nutpie() else "pymc")
    logger = logging.getLogger("pymc")
    level = logger.level
    logger.setLevel(level if progressbar else logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Numba will use object mode", category=UserWarning)
            return pm.sample(
                draws,
                tune=TUNE if tune is None else tune,
                chains=chains,
                random_seed=random_seed,
                progressbar=progressbar,
                compute_convergence_checks=False,
                model=model,
                **sampler_settings,
            )
    finally:
        logger.setLevel(level)
