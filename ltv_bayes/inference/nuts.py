"""NUTS: posterior draws of any PyMC model, by nutpie where it is installed, else by PyMC."""

import importlib.util
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Wanted:
    """How many draws, from which seed, with progress or without."""

    draws: int
    tune: int | None
    chains: int
    random_seed: int
    progressbar: bool


def has_nutpie() -> bool:
    """Whether nutpie is installed."""
    return importlib.util.find_spec("nutpie") is not None


def sample_from_peak(density: LogDensity, peak: Peak, wanted: Wanted, **sampler_settings: Any) -> xr.DataTree:
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
        draws=wanted.draws,
        tune=TUNE_FROM_PEAK if wanted.tune is None else wanted.tune,
        chains=wanted.chains,
        cores=min(wanted.chains, available_cores()),
        seed=wanted.random_seed,
        progress_bar=wanted.progressbar,
        save_warmup=False,
        **sampler_settings,
    )
    z = sampled["posterior"]["z"].transpose("chain", "draw", ...).to_numpy()
    tree = density.tree(peak.at(z.reshape(-1, density.size)), wanted.chains, wanted.draws)
    tree["sample_stats"] = xr.DataTree(sampled["sample_stats"].to_dataset())
    return tree


def sample_by_pymc(model: Any, wanted: Wanted, **sampler_settings: Any) -> xr.DataTree:
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
    logger.setLevel(level if wanted.progressbar else logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Numba will use object mode", category=UserWarning)
            return pm.sample(
                wanted.draws,
                tune=TUNE if wanted.tune is None else wanted.tune,
                chains=wanted.chains,
                random_seed=wanted.random_seed,
                progressbar=wanted.progressbar,
                compute_convergence_checks=False,
                model=model,
                **sampler_settings,
            )
    finally:
        logger.setLevel(level)
