"""One way into inference: a PyMC model and a method in, judged posterior draws out."""

import difflib
import time
import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import xarray as xr

from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.errors import ConvergenceWarning, FitError, LtvBayesWarning, suggestion
from ltv_bayes.inference.curvature import Peak, find_peaks
from ltv_bayes.inference.density import Density, LogDensity
from ltv_bayes.inference.diagnostics import diagnose_chains, diagnose_weights, only_too_few
from ltv_bayes.inference.laplace import sample_laplace
from ltv_bayes.inference.nested import LatentNormal, Unfolded
from ltv_bayes.inference.nuts import TUNE, Wanted, has_nutpie, sample_by_pymc, sample_from_peaks
from ltv_bayes.language import _
from ltv_bayes.random_streams import as_seed
from ltv_bayes.sizes import one_blas_thread
from ltv_bayes.terminal import announce

MEANT = {
    **dict.fromkeys(("seed", "random_state", "rng"), "random_seed"),
    **dict.fromkeys(("n_draws", "samples", "n_samples", "num_samples", "iter"), "draws"),
    **dict.fromkeys(("warmup", "num_warmup", "n_tune", "burn", "burn_in", "burnin"), "tune"),
    **dict.fromkeys(("n_chains", "num_chains"), "chains"),
    **dict.fromkeys(("progress_bar", "progress", "verbose"), "progressbar"),
    "sampler": "method",
}

Method = Literal["auto", "laplace", "nuts"]
METHODS = ("auto", "laplace", "nuts")
FEWEST_PROPOSALS = 2000


TUNE_HIERARCHICAL = 500
LONGER, LEAST_TO_GO_ON = 4, 500
OF_LONGER = "NUTS, every 4th draw of longer chains"


def fit_posterior(
    model: Any,
    *,
    method: Method = "auto",
    draws: int = 1000,
    tune: int | None = None,
    chains: int = 4,
    random_seed: int | None = None,
    progressbar: bool = True,
    hierarchical: float | None = None,
    **sampler_settings: Any,
) -> xr.DataTree:
    """Draw from the posterior of any PyMC model with continuous variables, and judge the draws.

    Parameters
    ----------
    model : pymc.Model or LogDensity
        A model with variables of any shape; their dimensions and labels are kept. Or its log density, where that
        is known without PyMC.
    method : {"auto", "laplace", "nuts"}
        "laplace" draws from a heavy-tailed approximation at the mode and weights the draws to the posterior; "nuts"
        runs Markov chains; "auto" takes the first where its own diagnostics certify it, and goes on to the second,
        started and scaled from what the first learned, where not.
    draws, chains : int
        Draws kept for each chain, and number of chains.
    tune : int, optional
        Draws of each Markov chain that only tune the sampler; as many as needed where not given: 200 for chains that
        start at the mode, 1000 for others.
    random_seed : int, optional
        The same seed gives the same draws.
    progressbar : bool
        Whether to show the progress of long work.
    hierarchical : float, optional
        Where some variables are standard deviations of others: how many steps of the chains shall be accepted, close to
        1. Chains then tune for longer and take smaller steps. If they have not converged, and there was no
        ``tune``, longer ones follow that learn how variables go together, and every fourth of their draws is kept. Not
        so of a single chain, or of fewer than 500 draws.
    **sampler_settings
        For `pymc.sample`; they ask for NUTS.

    Returns
    -------
    xarray.DataTree
        With ``diagnostics``, ``random_seed`` and ``seconds`` among its attributes.

    Raises
    ------
    KeyboardInterrupt
        If the work is interrupted before there are draws.

    Warns
    -----
    LtvBayesWarning
        If Markov chains were interrupted: the fit has the draws made until then.
    ConvergenceWarning
        If the draws cannot be trusted, with what to change.
    """
    refuse_other_names(sampler_settings)
    _check_settings(method, draws=draws, tune=TUNE if tune is None else tune, chains=chains)
    settings: dict[str, Any] = {} if hierarchical is None else {"target_accept": hierarchical}
    may_go_on = tune is None and hierarchical is not None
    tune = TUNE_HIERARCHICAL if may_go_on else None if tune is None else int(tune)
    wanted = Wanted(int(draws), tune, int(chains), as_seed(random_seed), progressbar)
    start = time.perf_counter()
    if sampler_settings:
        tree = sample_by_pymc(model, wanted, **sampler_settings)
        verdict = _of_chains(tree, wanted)
    else:
        with one_blas_thread():
            tree, verdict = _draw(model, method, wanted, settings, may_go_on=may_go_on)
    seconds = round(time.perf_counter() - start, 2)
    tree.attrs.update(diagnostics=verdict.to_json(), random_seed=str(wanted.random_seed), seconds=seconds)
    if (verdict.chains, verdict.draws) != (wanted.chains, wanted.draws):
        warnings.warn(
            _("The fit has fewer draws than were asked for: {method}.", method=verdict.method),
            LtvBayesWarning,
            stacklevel=3,
        )
    if not verdict.converged:
        warnings.warn(
            _("The fit did not converge. {problems}", problems=" ".join(verdict.problems)),
            ConvergenceWarning,
            stacklevel=3,
        )
    return tree


def _draw(
    model: Any, method: Method, wanted: Wanted, settings: dict[str, Any], *, may_go_on: bool
) -> tuple[xr.DataTree, Diagnostics]:
    stated: LogDensity = model if isinstance(model, LogDensity) else Density(model)
    density: LogDensity = Unfolded(stated) if isinstance(stated, LatentNormal) else stated
    peaks = find_peaks(density)
    if method != "nuts":
        tree, verdict, peaks = _by_weights(density, peaks, wanted)
        if verdict.converged or only_too_few(verdict) or method == "laplace":
            return tree, verdict
    by_chains = partial(sample_from_peaks, density, peaks) if has_nutpie() else partial(sample_by_pymc, model)
    tree = by_chains(wanted, **settings)
    verdict = _of_chains(tree, wanted)
    if verdict.draws < wanted.draws or verdict.chains < wanted.chains:
        return tree, verdict
    can_go_on = may_go_on and has_nutpie() and wanted.draws >= LEAST_TO_GO_ON and wanted.chains > 1
    if verdict.converged or not can_go_on:
        return tree, verdict
    announce(_("Chains have not converged; longer ones follow."), show=wanted.progressbar)
    return _by_longer_chains(density, peaks, wanted, settings)


def _by_longer_chains(
    density: LogDensity, peaks: tuple[Peak, ...], wanted: Wanted, settings: dict[str, Any]
) -> tuple[xr.DataTree, Diagnostics]:
    """Every fourth draw of chains that tune for longer, and tune to how variables go together."""
    longer = replace(wanted, draws=LONGER * wanted.draws, tune=LONGER // 2 * TUNE_HIERARCHICAL)
    every = sample_from_peaks(density, peaks, longer, **settings, adaptation="low_rank")
    draws = every["posterior"].sizes["draw"] // LONGER
    if draws == 0:
        raise KeyboardInterrupt
    some, draw = slice(LONGER - 1, None, LONGER), np.arange(draws)
    groups = {name: group.to_dataset() for name, group in every.children.items()}
    kept = xr.DataTree.from_dict({name: one.isel(draw=some).assign_coords(draw=draw) for name, one in groups.items()})
    return kept, _of_chains(kept, wanted, every, method=OF_LONGER)


def _of_chains(
    tree: xr.DataTree, wanted: Wanted, every: xr.DataTree | None = None, *, method: str = "NUTS"
) -> Diagnostics:
    """Judge chains, and state where they were interrupted."""
    sizes = tree["posterior"].sizes
    if (sizes["chain"], sizes["draw"]) != (wanted.chains, wanted.draws):
        made, asked = (
            f"{chains} x {draws:,}"
            for chains, draws in ((sizes["chain"], sizes["draw"]), (wanted.chains, wanted.draws))
        )
        method = _(
            "{method}, interrupted when {made} of {asked} draws were made", method=method, made=made, asked=asked
        )
    return diagnose_chains(tree, every, method=method)


def _by_weights(
    density: LogDensity, peaks: tuple[Peak, ...], wanted: Wanted
) -> tuple[xr.DataTree, Diagnostics, tuple[Peak, ...]]:
    """Importance sampling: the draws, the verdict, and the approximation they were drawn from."""
    rng = np.random.default_rng(wanted.random_seed)
    kept = wanted.chains * wanted.draws
    drawn = sample_laplace(density, peaks, max(kept, FEWEST_PROPOSALS), rng, progressbar=wanted.progressbar)
    tree = density.tree(drawn.resampled(kept, rng), wanted.chains, wanted.draws)
    verdict = diagnose_weights(drawn.pareto_k, min(drawn.ess, kept), wanted.chains, wanted.draws)
    return tree, verdict, drawn.peaks


def refuse_other_names(sampler_settings: Iterable[str]) -> None:
    """Say what an argument is called here, where it has the name that other tools give it, or a misspelt one.

    Examples
    --------
    >>> refuse_other_names(["seed"])
    Traceback (most recent call last):
    ltv_bayes.errors.FitError: There is no argument seed=. Did you mean random_seed=?
    """
    for name in sampler_settings:
        near = difflib.get_close_matches(name, set(MEANT.values()), n=1, cutoff=0.8)
        if meant := MEANT.get(name) or next(iter(near), None):
            raise FitError(_("There is no argument {name}=. Did you mean {meant}=?", name=name, meant=meant))


def _check_settings(method: str, **counts: int) -> None:
    if method not in METHODS:
        raise FitError(
            _("There is no method {method!r}. {suggestion}", method=method, suggestion=suggestion(method, METHODS))
        )
    for name, value in counts.items():
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not (whole and value >= 1):
            raise FitError(_("{name} must be a whole number of at least 1, not {value!r}.", name=name, value=value))
