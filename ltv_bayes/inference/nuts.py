"""NUTS: posterior draws of any PyMC model, by nutpie where it is installed, else by PyMC."""

import importlib.util
import logging
import warnings
from typing import Any

import numpy as np
import xarray as xr

from ltv_bayes.formulas.special import Array
from ltv_bayes.inference.curvature import Peak
from ltv_bayes.inference.density import Density
from ltv_bayes.posterior import tree_from_draws


def has_nutpie() -> bool:
    """Whether nutpie is installed."""
    return importlib.util.find_spec("nutpie") is not None


def sample_from_peak(
    density: Density,
    peak: Peak,
    *,
    draws: int,
    tune: int,
    chains: int,
    random_seed: int,
    progressbar: bool,
    **sampler_settings: Any,
) -> xr.DataTree:
    """Draw by nutpie, started at a peak and in its scale, so that nothing needs compiling.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` and ``sample_stats``, dimensions (chain, draw).
    """
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc

    size = density.size

    def make_density() -> Any:
        evaluate_at = density.for_another_thread()

        def evaluate(z: Array) -> tuple[float, Array]:
            value, gradient = evaluate_at(peak.at(z[np.newaxis])[0])
            return value, peak.spread.T @ gradient

        return evaluate

    def make_expand(*_: Any) -> Any:
        return lambda z: {"z": np.asarray(z, dtype=np.float64)}

    def start(seed: int) -> Array:
        return np.random.default_rng(seed).standard_normal(size)

    compiled = from_pyfunc(
        size, make_density, make_expand, [np.dtype(np.float64)], [(size,)], ["z"], make_initial_point_fn=start
    )
    sampled = nutpie.sample(
        compiled,
        draws=draws,
        tune=tune,
        chains=chains,
        seed=random_seed,
        progress_bar=progressbar,
        save_warmup=False,
        **sampler_settings,
    )
    z = sampled["posterior"]["z"].transpose("chain", "draw", ...).to_numpy()
    found = density.expand(peak.at(z.reshape(-1, size)))
    tree = tree_from_draws({name: values.reshape(chains, draws) for name, values in found.items()})
    tree["sample_stats"] = xr.DataTree(sampled["sample_stats"].to_dataset())
    return tree


def sample_by_pymc(
    model: Any,
    *,
    draws: int,
    tune: int,
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
