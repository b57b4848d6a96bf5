"""NUTS: posterior draws of any PyMC model, by nutpie where it is installed, else by PyMC."""

import importlib.util
import logging
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
QUICK = 2e-4
"""Seconds: where a density takes no longer, chains side by side wait for Python's lock longer than they save."""


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

    sampler = nutpie.sample(
        nutpie_model(density.size, make_density, start),
        draws=wanted.draws,
        tune=TUNE_FROM_PEAK if wanted.tune is None else wanted.tune,
        chains=wanted.chains,
        cores=min(wanted.chains, _chains_at_once(peak.standardised(density), density.size)),
        seed=wanted.random_seed,
        progress_bar=wanted.progressbar,
        save_warmup=False,
        blocking=False,
        **sampler_settings,
    )
    try:
        sampled = sampler.wait()
    except KeyboardInterrupt:
        sampled = drawn_so_far(_stopped(sampler))
    z = sampled["posterior"]["z"].transpose("chain", "draw", ...).to_numpy()
    tree = density.tree(peak.at(z.reshape(-1, density.size)), *z.shape[:2])
    tree["sample_stats"] = xr.DataTree(sampled["sample_stats"].to_dataset())
    return tree


def _chains_at_once(density: Callable[[Array], tuple[float, Array]], size: int) -> int:
    """How many chains to run side by side; the draws are the same."""
    times = []
    for _unused in range(4):  # the first one may compile
        began = time.perf_counter()
        density(np.zeros(size))
        times.append(time.perf_counter() - began)
    return 1 if min(times) < QUICK else available_cores()


def sample_from_peaks(
    density: LogDensity, peaks: Sequence[Peak], wanted: Wanted, **sampler_settings: Any
) -> xr.DataTree:
    """Share the chains out among peaks, each of them started at its own: r-hat tells where chains stay there.

    Returns
    -------
    xarray.DataTree
        As from `sample_from_peak`.
    """
    trees: list[xr.DataTree] = []
    shared = np.array_split(np.arange(wanted.chains), min(len(peaks), wanted.chains))
    for place, (peak, chains) in enumerate(zip(peaks, shared, strict=False)):
        part = replace(wanted, chains=len(chains), random_seed=wanted.random_seed + place)
        try:
            trees.append(sample_from_peak(density, peak, part, **sampler_settings))
        except KeyboardInterrupt:
            if not trees:
                raise
        if len(trees) == place or not is_whole(trees[-1], part.draws, part.chains):
            break
    return trees[0] if len(trees) == 1 else _side_by_side(trees)


def _side_by_side(trees: Sequence[xr.DataTree]) -> xr.DataTree:
    """Chains of some runs in one tree, as many draws of each as the shortest has."""
    draws = slice(min(tree["posterior"].sizes["draw"] for tree in trees))
    together = {
        name: xr.concat([tree[name].to_dataset().isel(draw=draws) for tree in trees], "chain")
        for name in trees[0].children
    }
    chains = {"chain": np.arange(together["posterior"].sizes["chain"])}
    return xr.DataTree.from_dict({name: one.assign_coords(chains) for name, one in together.items()})


def _stopped(sampler: Any) -> xr.DataTree:
    """Stop nutpie's chains, and take the draws that they have made; without any, the interrupt goes on."""
    try:
        return sampler.abort()
    except Exception:  # nutpie cannot lay out chains of which none has begun
        raise KeyboardInterrupt from None


def drawn_so_far(tree: xr.DataTree) -> xr.DataTree:
    """Keep the whole draws of interrupted chains: of those that got so far that the most draws are kept.

    Raises
    ------
    KeyboardInterrupt
        If there is none, for the chains were still tuned.

    Examples
    --------
    >>> drawn = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, np.nan], [np.nan] * 3])
    >>> tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"r": (("chain", "draw"), drawn)})})
    >>> drawn_so_far(tree)["posterior"]["r"].values.tolist()
    [[0.1, 0.2], [0.4, 0.5]]
    """
    posterior = tree["posterior"].to_dataset()
    if posterior.sizes["draw"] == 0:
        raise KeyboardInterrupt
    sizes = posterior.sizes["chain"], posterior.sizes["draw"], -1
    each = [values.transpose("chain", "draw", ...).to_numpy().reshape(sizes) for values in posterior.values()]
    whole = np.isfinite(np.concatenate(each, axis=-1)).all(axis=-1)
    lengths = np.logical_and.accumulate(whole, axis=1).sum(axis=1)
    longest = np.argsort(-lengths, kind="stable")
    draws, chains = max((int(lengths[chain]) * place, place) for place, chain in enumerate(longest, start=1))
    if draws == 0:
        raise KeyboardInterrupt
    kept = {"chain": np.sort(longest[:chains]), "draw": slice(draws // chains)}
    groups = {name: group.to_dataset() for name, group in tree.children.items()}
    return xr.DataTree.from_dict(
        {
            name: one.isel(kept).assign_coords(chain=np.arange(chains))
            for name, one in groups.items()
            if {"chain", "draw"} <= set(one.sizes)
        }
    )


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
            sampled = pm.sample(
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
    return sampled if is_whole(sampled, wanted.draws, wanted.chains) else drawn_so_far(sampled)


def is_whole(tree: xr.DataTree, draws: int, chains: int) -> bool:
    """Whether chains have made all draws; PyMC and its samplers stop at an interrupt, and return those they have."""
    posterior = tree["posterior"].to_dataset()
    sizes = posterior.sizes["chain"] == chains and posterior.sizes["draw"] == draws
    return sizes and not any(bool(values.isnull().any()) for values in posterior.values())
