"""Can the draws be trusted? r-hat and divergences of chains, Pareto k of weights, effective sample size of both."""

from dataclasses import replace

import numpy as np
import xarray as xr

from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.language import _

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
    found = Diagnostics(_("Laplace with importance sampling"), ess, draws, chains, pareto_k=pareto_k)
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
        problems.append(_("One chain cannot show convergence; run at least two, better four."))
    elif not found.rhat <= HIGHEST_RHAT:
        problems.append(
            _(
                "r-hat is {rhat:.3f}, above {highest_rhat}; run with more tune and draws.",
                rhat=found.rhat,
                highest_rhat=HIGHEST_RHAT,
            )
        )
    needed = LOWEST_ESS_PER_CHAIN * found.chains
    if not found.ess >= needed:
        problems.append(
            _(
                "The effective sample size is {ess:.0f}, below {needed}; run with more draws.",
                ess=found.ess,
                needed=needed,
            )
        )
    if found.divergences > HIGHEST_DIVERGING * found.transitions:
        problems.append(
            _(
                "{divergences:,} of {transitions:,} transitions diverged; raise target_accept or give stronger priors.",
                divergences=found.divergences,
                transitions=found.transitions,
            )
        )
    return problems


def _problems_of_weights(found: Diagnostics) -> list[str]:
    problems = []
    if not found.pareto_k < HIGHEST_PARETO_K:
        problems.append(
            _(
                "Pareto k is {pareto_k:.2f}, not below {highest_pareto_k}; use method='nuts'.",
                pareto_k=found.pareto_k,
                highest_pareto_k=HIGHEST_PARETO_K,
            )
        )
    needed = max(LOWEST_ESS_PER_CHAIN * found.chains, LOWEST_WEIGHTED_SHARE * found.chains * found.draws)
    if not found.ess >= needed:
        cure = _("run with more draws") if _weights_hold(found) else _("use method='nuts'")
        problems.append(
            _(
                "The effective sample size is {ess:.0f}, below {needed:.0f}; {cure}.",
                ess=found.ess,
                needed=needed,
                cure=cure,
            )
        )
    return problems
