"""The density of a fit's own priors at its draws, read from what the fit records of them.

Densities are those of a parameter's logarithm where it is positive, and of its log-odds where it lies between 0 and 1:
on the scale on which samplers see it, a log-normal prior raised to a power keeps its median.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ltv_bayes.formulas.special import Array
from ltv_bayes.predictions.fitted import FittedModel, shape_of

WRITTEN = re.compile(r"Prior\('(?P<family>\w+)'(?P<numbers>(?:, \w+=[-+\d.e]+)*)\)")
NUMBER = re.compile(r"(\w+)=([-+\d.e]+)")


def log_prior(fit: FittedModel) -> Array | None:
    """Logarithm of the joint prior density at each draw, up to a constant, shape (chains * draws,).

    None where the fit does not record its priors in a form that is understood, or does not keep their variables.

    Examples
    --------
    >>> from ltv_bayes.predictions.spend import FittedSpend
    >>> settings = json.dumps({"priors": {"p": "Prior('Exponential', lam=2.0)"}})
    >>> fit = FittedSpend.from_draws({"p": [[1.0]], "q": [[2.0]], "v": [[1.0]]}, settings=settings)
    >>> log_prior(fit).round(4).tolist()
    [-1.3069]
    """
    written = json.loads(fit.idata.attrs.get("settings", "{}")).get("priors", {})
    priors = {name: _distribution(str(text)) for name, text in written.items()}
    if not priors or None in priors.values() or not set(priors) <= set(fit.idata["posterior"].data_vars):
        return None
    drawn = fit.idata["posterior"]
    number = int(np.prod(shape_of(fit)))
    each = {name: drawn[name].transpose("chain", "draw", ...).to_numpy().reshape(number, -1) for name in priors}
    return np.sum([_log_density(prior, each[name]).sum(axis=1) for name, prior in priors.items()], axis=0)


def _log_density(prior: Any, values: Array) -> Array:
    """Log density of the logarithm, the log-odds or the number itself, by where a distribution lies."""
    low, high = prior.support()
    density = np.asarray(prior.logpdf(values))
    if np.isfinite(low):
        density = density + np.log(values)
    return density + np.log1p(-values) if np.isfinite(high) else density


def _distribution(text: str) -> Any:
    """The distribution that a prior's text names; None if it is none of the common ones."""
    written = WRITTEN.fullmatch(text)
    if written is None:
        return None
    numbers = {name: float(number) for name, number in NUMBER.findall(written["numbers"])}
    make = _families().get((written["family"], *numbers))
    return None if make is None else make(*numbers.values())


def _families() -> dict[tuple[str, ...], Callable[..., Any]]:
    """The common distributions, by their name and those of their numbers."""
    from scipy import stats  # half a second to import

    return {
        ("LogNormal", "mu", "sigma"): lambda mu, sigma: stats.lognorm(sigma, scale=np.exp(mu)),
        ("Normal", "mu", "sigma"): stats.norm,
        ("HalfNormal", "sigma"): lambda sigma: stats.halfnorm(scale=sigma),
        ("Exponential", "lam"): lambda lam: stats.expon(scale=1 / lam),
        ("Gamma", "alpha", "beta"): lambda alpha, beta: stats.gamma(alpha, scale=1 / beta),
        ("Gamma", "mu", "sigma"): lambda mu, sigma: stats.gamma((mu / sigma) ** 2, scale=sigma**2 / mu),
        ("Beta", "alpha", "beta"): stats.beta,
    }
