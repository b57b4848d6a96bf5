"""The log density of a model whose priors are of common families, written out: the PyMC model's, without PyMC.

Building a graph, and running it node by node around a compiled likelihood, takes longer than the likelihood itself for
most data. Where every prior is of a family below, the few lines around the likelihood are here in plain numbers, on the
same unconstrained space as PyMC's. A test holds values and gradients of the two equal.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import xarray as xr
from scipy import special

from ltv_bayes.formulas.special import Array
from ltv_bayes.models.density.many_draws import Kernel, at_many_draws
from ltv_bayes.models.priors.priors import Domain, Prior
from ltv_bayes.posterior import tree_from_draws

SMALL = 1e-30

Arithmetic = Callable[[Mapping[str, Any]], dict[str, Any]]


class Likelihood(NamedTuple):
    """A fused log-likelihood.

    Attributes
    ----------
    parameters : tuple of str
        What the kernels take first.
    kernel, value_kernel : callable
        From parameters, then tables, to the value with one derivative per parameter; and to the value alone.
    tables : sequence of arrays
        The data, laid out for the kernels.
    """

    parameters: tuple[str, ...]
    kernel: Kernel
    value_kernel: Kernel
    tables: Sequence[Any]


@dataclass(frozen=True)
class LogNormal:
    """Normal on the logarithm."""

    mu: float
    sigma: float
    low, high = 0.0, math.inf

    @property
    def valid(self) -> bool:
        """Whether the numbers make a distribution."""
        return math.isfinite(self.mu) and 0 < self.sigma < math.inf

    @property
    def start(self) -> float:
        """A central point."""
        return self.mu

    def value(self, z: Any) -> tuple[Any, Any]:
        """The variable at an unconstrained point, and its derivative."""
        x = np.exp(z)
        return x, x

    def log_density(self, z: Any) -> tuple[Any, Any]:
        """Log density of the unconstrained variable, and its derivative."""
        off = (z - self.mu) / self.sigma
        return -0.5 * off**2 - math.log(self.sigma) - 0.5 * math.log(2 * math.pi), -off / self.sigma


@dataclass(frozen=True)
class Shapes:
    """What gamma and beta have in common: two positive numbers."""

    alpha: float
    beta: float

    @property
    def valid(self) -> bool:
        """Whether the numbers make a distribution."""
        return 0 < self.alpha < math.inf and 0 < self.beta < math.inf

    @property
    def start(self) -> float:
        """A central point."""
        return math.log(self.alpha / self.beta)


@dataclass(frozen=True)
class Gamma(Shapes):
    """Gamma with a shape and a rate, on the logarithm; see `LogNormal` for the methods."""

    low, high = 0.0, math.inf

    def value(self, z: Any) -> tuple[Any, Any]:
        """The variable at an unconstrained point, and its derivative."""
        x = np.exp(z)
        return x, x

    def log_density(self, z: Any) -> tuple[Any, Any]:
        """Log density of the unconstrained variable, and its derivative."""
        grown = self.beta * np.exp(z)
        constant = self.alpha * math.log(self.beta) - math.lgamma(self.alpha)
        return constant + self.alpha * z - grown, self.alpha - grown


@dataclass(frozen=True)
class Beta(Shapes):
    """Beta, on the log odds; see `LogNormal` for the methods."""

    low, high = 0.0, 1.0

    def value(self, z: Any) -> tuple[Any, Any]:
        """The variable at an unconstrained point, and its derivative."""
        x = special.expit(z)
        return x, x * special.expit(-z)

    def log_density(self, z: Any) -> tuple[Any, Any]:
        """Log density of the unconstrained variable, and its derivative."""
        total = self.alpha * special.log_expit(z) + self.beta * special.log_expit(-z)
        slope = self.alpha * special.expit(-z) - self.beta * special.expit(z)
        return total - special.betaln(self.alpha, self.beta), slope


FAMILIES: dict[str, Any] = {"LogNormal": LogNormal, "Gamma": Gamma, "Beta": Beta}


@dataclass(frozen=True)
class DirectDensity:
    """Log density of a posterior over its unconstrained variables; see `ltv_bayes.inference.density.Density`.

    Attributes
    ----------
    laws : mapping
        Name of each free variable to its prior.
    arithmetic : callable
        From free variables by name to all variables by name; in arithmetic alone, so that it takes numbers of any kind.
    likelihood : Likelihood
    """

    laws: Mapping[str, Any]
    arithmetic: Arithmetic
    likelihood: Likelihood

    @classmethod
    def of(
        cls, priors: Mapping[str, Any], domains: Mapping[str, Domain], arithmetic: Arithmetic, likelihood: Likelihood
    ) -> Self | None:
        """Write out the density, if every prior is of a common family and stays where its variable may lie."""
        laws = {name: _law(prior, domains[name]) for name, prior in priors.items()}
        return None if None in laws.values() else cls(laws, arithmetic, likelihood)

    @property
    def size(self) -> int:
        """Number of unconstrained variables."""
        return len(self.laws)

    @property
    def start(self) -> Array:
        """A central point of the priors."""
        return np.array([law.start for law in self.laws.values()])

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Log density and gradient at a point; -inf with a zero gradient where it is not finite."""
        with np.errstate(all="ignore"):
            try:
                value, gradient = self._at(x)
            except (OverflowError, ZeroDivisionError):
                value, gradient = -math.inf, np.zeros(self.size)
        if math.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient
        return -math.inf, np.zeros(self.size)

    def _at(self, x: Array) -> tuple[float, Array]:
        free, slopes, total, gradient = {}, [], 0.0, np.empty(self.size)
        for i, (name, law) in enumerate(self.laws.items()):
            natural, slope = law.value(x[i])
            log_density, gradient[i] = law.log_density(x[i])
            free[name] = complex(natural)
            slopes.append(float(slope))
            total += float(log_density)
        named = self.arithmetic(free)
        value, *by_parameter = self.likelihood.kernel(
            *(named[name].real for name in self.likelihood.parameters), *self.likelihood.tables
        )
        for i, name in enumerate(self.laws):  # derivatives of the arithmetic by a complex step, exact to rounding
            step = SMALL * abs(free[name])
            moved = self.arithmetic(free | {name: free[name] + 1j * step})
            by_free = sum(
                slope * moved[parameter].imag
                for parameter, slope in zip(self.likelihood.parameters, by_parameter, strict=True)
            )
            gradient[i] += slopes[i] * by_free / step
        return total + float(value), gradient

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        """The same function: it keeps nothing between calls."""
        return self

    def values(self, points: Array) -> Array:
        """Log density at many points, an array of shape (points, size); -inf where it is not finite."""
        with np.errstate(all="ignore"):
            named = self.expand(points)
            prior = sum(law.log_density(points[:, i])[0] for i, law in enumerate(self.laws.values()))
            parameters = [named[name] for name in self.likelihood.parameters]
            found = prior + at_many_draws(self.likelihood.value_kernel, parameters, self.likelihood.tables)
        return np.where(np.isfinite(found), found, -np.inf)

    def expand(self, points: Array) -> dict[str, Array]:
        """All variables at many points: name to array (points,)."""
        return self.arithmetic({name: law.value(points[:, i])[0] for i, (name, law) in enumerate(self.laws.items())})

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws of all variables."""
        return tree_from_draws({name: values.reshape(chains, draws) for name, values in self.expand(points).items()})


def _law(prior: Any, domain: Domain) -> Any:
    """The prior in plain numbers; None where it is of another family, or has to be checked."""
    if not isinstance(prior, Prior) or prior.family not in FAMILIES:
        return None
    try:
        law = FAMILIES[prior.family](**{name: float(value) for name, value in prior.parameters})
    except (TypeError, ValueError):
        return None
    return law if law.valid and domain.low <= law.low and law.high <= domain.high else None
