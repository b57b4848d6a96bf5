"""One way into inference: a PyMC model and a method in, judged posterior draws out."""

import time
import warnings
from typing import Any

import numpy as np
import xarray as xr

from ltv_bayes.errors import ConvergenceWarning, FitError, suggestion
from ltv_bayes.inference.diagnostics import diagnose_draws
from ltv_bayes.inference.nuts import sample_nuts
from ltv_bayes.random_streams import as_seed

METHODS = ("auto", "nuts")


def fit_posterior(
    model: Any,
    *,
    method: str,
    draws: int,
    tune: int,
    chains: int,
    random_seed: int | None,
    progressbar: bool,
    **sampler_settings: Any,
) -> xr.DataTree:
    """Draw from a model's posterior and judge the draws.

    Returns
    -------
    xarray.DataTree
        With ``diagnostics``, ``random_seed`` and ``seconds`` among its attributes.

    Warns
    -----
    ConvergenceWarning
        If the draws cannot be trusted, with what to change.
    """
    _check_settings(method, draws=draws, tune=tune, chains=chains)
    seed = as_seed(random_seed)
    start = time.perf_counter()
    tree = sample_nuts(
        model, draws=draws, tune=tune, chains=chains, random_seed=seed, progressbar=progressbar, **sampler_settings
    )
    diagnostics = diagnose_draws(tree, "NUTS")
    tree.attrs.update(
        diagnostics=diagnostics.to_json(), random_seed=str(seed), seconds=round(time.perf_counter() - start, 2)
    )
    if not diagnostics.converged:
        warnings.warn(f"The fit did not converge. {' '.join(diagnostics.problems)}", ConvergenceWarning, stacklevel=3)
    return tree


def _check_settings(method: str, **counts: int) -> None:
    if method not in METHODS:
        raise FitError(f"There is no method {method!r}. {suggestion(method, METHODS)}")
    for name, value in counts.items():
        if not (isinstance(value, int | np.integer) and value >= (0 if name == "tune" else 1)):
            raise FitError(f"{name} must be a whole number of at least 1, not {value!r}.")
