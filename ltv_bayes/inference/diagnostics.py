"""Did the sampler converge? r-hat, effective sample size and divergences after every fit."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr

from ltv_bayes.diagnostics import Diagnostics

HIGHEST_RHAT = 1.01
LOWEST_ESS_PER_CHAIN = 100
HIGHEST_DIVERGING = 0.001


def diagnose_draws(tree: xr.DataTree, method: str) -> Diagnostics:
    """Judge posterior draws of shape (chain, draw)."""
    import arviz_stats as stats

    posterior = tree["posterior"].to_dataset()
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    rhat = _extreme(stats.rhat(posterior), np.max) if chains > 1 else float("nan")
    ess = min(_extreme(stats.ess(posterior, method=kind), np.min) for kind in ("bulk", "tail"))
    diverging = int(tree["sample_stats"]["diverging"].sum()) if "sample_stats" in tree.children else 0
    found = Diagnostics(method, rhat, ess, diverging, draws, chains)
    return replace(found, problems=tuple(_problems(found)))


def _extreme(dataset: xr.Dataset, pick: Callable[[np.ndarray], float]) -> float:
    return float(pick(np.concatenate([np.ravel(values) for values in dataset.data_vars.values()])))


def _problems(found: Diagnostics) -> list[str]:
    problems = []
    if found.chains == 1:
        problems.append("One chain cannot show convergence; run at least two, better four.")
    elif not found.rhat <= HIGHEST_RHAT:
        problems.append(f"r-hat is {found.rhat:.3f}, above {HIGHEST_RHAT}; run with more tune and draws.")
    needed = LOWEST_ESS_PER_CHAIN * found.chains
    if not found.ess >= needed:
        problems.append(f"The effective sample size is {found.ess:.0f}, below {needed}; run with more draws.")
    if found.divergences > HIGHEST_DIVERGING * found.draws * found.chains:
        problems.append(
            f"{found.divergences} of {found.draws * found.chains} transitions diverged; "
            f"raise target_accept or give stronger priors."
        )
    return problems
