"""Can the draws be trusted? r-hat and divergences of chains, Pareto k of weights, effective sample size of both."""

from dataclasses import replace

import numpy as np
import xarray as xr

from ltv_bayes.diagnostics import Diagnostics

HIGHEST_RHAT = 1.01
LOWEST_ESS_PER_CHAIN = 100
HIGHEST_DIVERGING = 0.001
HIGHEST_PARETO_K = 0.7
LOWEST_WEIGHTED_SHARE = 0.25


def diagnose_chains(tree: xr.DataTree, every: xr.DataTree | None = None, *, method: str = "NUTS") -> Diagnostics:
    """Judge Markov chains of shape (chain, draw) by r-hat, effective sample size and divergences.

    Parameters
    ----------
    tree : xarray.DataTree
        The draws that are kept.
    every : xarray.DataTree, optional
        All draws, where only some are kept: divergences of all count, among as many transitions.
    method : str
        What made the draws.
    """
    import arviz_stats as stats

    numbers = _varying(tree["posterior"].to_dataset())
    chains, draws, varying = numbers["number"].shape
    rhat, ess = np.nan, np.nan
    if varying:
        rhat = float(stats.rhat(numbers)["number"].max(skipna=False)) if chains > 1 else np.nan
        ess = min(float(stats.ess(numbers, method=kind)["number"].min(skipna=False)) for kind in ("bulk", "tail"))
    steps = tree if every is None else every
    flags = steps["sample_stats"]["diverging"].to_numpy() if "sample_stats" in steps.children else np.zeros(0)
    diverging = int(flags.sum())
    found = Diagnostics(method, ess, draws, chains, rhat=rhat, divergences=diverging, transitions=flags.size)
    return replace(found, problems=tuple(_problems_of_chains(found)))


def diagnose_weights(pareto_k: float, ess: float, chains: int, draws: int) -> Diagnostics:
    """Judge weighted draws from an approximation by Pareto k and effective sample size."""
    found = Diagnostics("Laplace with importance sampling", ess, draws, chains, pareto_k=pareto_k)
    return replace(found, problems=tuple(_problems_of_weights(found)))


def only_too_few(found: Diagnostics) -> bool:
    """Whether weighted draws lack nothing but number: none of them could be better, and chains would not help."""
    return found.draws < LOWEST_ESS_PER_CHAIN and _weights_hold(found)


def _weights_hold(found: Diagnostics) -> bool:
    enough = LOWEST_WEIGHTED_SHARE * found.chains * found.draws
    return found.pareto_k < HIGHEST_PARETO_K and found.ess >= enough


def _varying(posterior: xr.Dataset) -> xr.Dataset:
    """Every single number of the posterior, beside each other; without those that are the same in all draws."""
    sizes = posterior.sizes["chain"], posterior.sizes["draw"], -1
    columns = [values.transpose("chain", "draw", ...).to_numpy().reshape(sizes) for values in posterior.values()]
    numbers = np.concatenate(columns, axis=-1)
    constant = np.ptp(numbers, axis=(0, 1)) == 0
    return xr.Dataset({"number": (("chain", "draw", "place"), numbers[..., ~constant])})


def _problems_of_chains(found: Diagnostics) -> list[str]:
    problems = []
    if found.chains == 1:
        problems.append("One chain cannot show convergence; run at least two, better four.")
    elif not found.rhat <= HIGHEST_RHAT:
        problems.append(f"r-hat is {found.rhat:.3f}, above {HIGHEST_RHAT}; run with more tune and draws.")
    needed = LOWEST_ESS_PER_CHAIN * found.chains
    if not found.ess >= needed:
        problems.append(f"The effective sample size is {found.ess:.0f}, below {needed}; run with more draws.")
    if found.divergences > HIGHEST_DIVERGING * found.transitions:
        problems.append(
            f"{found.divergences:,} of {found.transitions:,} transitions diverged; "
            f"raise target_accept or give stronger priors."
        )
    return problems


def _problems_of_weights(found: Diagnostics) -> list[str]:
    problems = []
    if not found.pareto_k < HIGHEST_PARETO_K:
        problems.append(f"Pareto k is {found.pareto_k:.2f}, not below {HIGHEST_PARETO_K}; use method='nuts'.")
    needed = max(LOWEST_ESS_PER_CHAIN * found.chains, LOWEST_WEIGHTED_SHARE * found.chains * found.draws)
    if not found.ess >= needed:
        cure = "run with more draws" if _weights_hold(found) else "use method='nuts'"
        problems.append(f"The effective sample size is {found.ess:.0f}, below {needed:.0f}; {cure}.")
    return problems
