"""Priors of common families in plain numbers, as compiled densities take them."""

import math
from typing import Any, NamedTuple

from scipy import special

from ltv_bayes.formulas.kernels import pooled_effects
from ltv_bayes.models.priors import ANYWHERE, POSITIVE, PROBABILITY, Domain, Prior, is_preliz


class PlainPrior(NamedTuple):
    """Density of a variable on its unconstrained scale: the logarithm, or the log odds of a probability.

    Attributes
    ----------
    family : int
        As in `formulas.kernels.pooled_effects`.
    first, second : float
        Mean and sd of the logarithm; shape and rate; or the two shapes of a beta distribution.
    constant : float
        The constant of the log density.
    start : float
        A central point.
    """

    family: int
    first: float
    second: float
    constant: float
    start: float


def normal(mu: float, sigma: float) -> PlainPrior:
    """Make a normal prior on the unconstrained scale."""
    return PlainPrior(pooled_effects.NORMAL, mu, sigma, -math.log(sigma) - pooled_effects.HALF_LOG_2_PI, mu)


def gamma(alpha: float, beta: float) -> PlainPrior:
    """Make a gamma prior with a shape and a rate."""
    constant = alpha * math.log(beta) - math.lgamma(alpha)
    return PlainPrior(pooled_effects.GAMMA, alpha, beta, constant, math.log(alpha / beta))


def beta(alpha: float, beta: float) -> PlainPrior:
    """Make a beta prior."""
    constant = -float(special.betaln(alpha, beta))
    return PlainPrior(pooled_effects.BETA, alpha, beta, constant, math.log(alpha / beta))


FAMILIES: dict[str, tuple[Any, Domain, tuple[str, ...]]] = {
    "Normal": (normal, ANYWHERE, ("mu", "sigma")),
    "LogNormal": (normal, POSITIVE, ("mu", "sigma")),
    "Gamma": (gamma, POSITIVE, ("alpha", "beta")),
    "Beta": (beta, PROBABILITY, ("alpha", "beta")),
}


def in_plain_numbers(prior: Any, domain: Domain) -> PlainPrior | None:
    """Write a prior in plain numbers; None where its family is another one, or lies elsewhere than its variable may.

    Examples
    --------
    >>> in_plain_numbers(Prior("LogNormal", mu=2, sigma=1), POSITIVE).start
    2.0
    >>> in_plain_numbers(Prior("HalfNormal", sigma=1), POSITIVE) is None
    True
    """
    family = prior.family if isinstance(prior, Prior) else type(prior).__name__ if is_preliz(prior) else ""
    if family not in FAMILIES:
        return None
    make, of_family, names = FAMILIES[family]
    given = prior.parameters if isinstance(prior, Prior) else [(name, getattr(prior, name)) for name in names]
    try:
        numbers = {name: float(value) for name, value in given}
        valid = all(map(math.isfinite, numbers.values())) and all(numbers[name] > 0 for name in names if name != "mu")
        return make(**numbers) if valid and of_family == domain else None
    except (KeyError, TypeError, ValueError):
        return None
