"""The log density of models whose parameters differ between groups of customers, written out.

On the scale of a quantity's link, log or logit, group g has z + sum of effects of its segments + slopes times
covariates. Effects of a column's segments are normal with a common sd and add up to 0, so that z is the typical segment
and no common shift of all effects can stand for it. They are combinations of contrasts, which are normal with the same
sd and independent; the contrasts are those of which customers say most, next to most, and so on. Each is written partly
as a distance in units of the sd, partly as it is, the more of the latter the more customers say of it:
``contrast = sd ** (1 - kept) * part``, with ``part`` normal around 0 with sd ``sd ** kept``. Chains then move freely
whether a segment has one client or thousands.
The density is the PyMC model's, on the same unconstrained space; a test holds the two equal.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy import optimize, special

from ltv_bayes.formulas.kernels import pooled_effects
from ltv_bayes.formulas.kernels.grouped_likelihoods import Kernel, Tables
from ltv_bayes.formulas.kernels.pooled_effects import Layout
from ltv_bayes.formulas.models.parameterization import LOG, Naming
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.models.density.direct_density import Beta, Gamma
from ltv_bayes.posterior import tree_from_draws

STEP = 1e-4
LEAST = 1e-3
LARGE = 1e100


class Column(NamedTuple):
    """A column of segments.

    Attributes
    ----------
    name : str
    levels : tuple of str
        The segments.
    of_group : array of shape (groups,)
        Place of each group's segment among them.
    customers : array of shape (levels,)
        How many each has.
    """

    name: str
    levels: tuple[str, ...]
    of_group: IntArray
    customers: Array


class Effects(NamedTuple):
    """Effects of a column's segments on one quantity.

    Attributes
    ----------
    quantity : str
    column : Column
    basis : array of shape (levels, levels - 1)
        From contrasts to effects; its columns are orthonormal and add up to 0.
    kept : array of shape (levels - 1,)
        How much of each contrast is written as it is.
    """

    quantity: str
    column: Column
    basis: Array
    kept: Array

    @classmethod
    def of(cls, quantity: str, column: Column, information: Array, usual_precision: float) -> "Effects":
        """Find contrasts, and how to write them, from what the customers of each level say, as precisions."""
        levels = len(column.levels)
        contrasts = np.linalg.qr(np.column_stack([np.ones(levels), np.eye(levels)[:, 1:]]))[0][:, 1:]
        said, turned = np.linalg.eigh(contrasts.T @ (information[:, np.newaxis] * contrasts))
        said = np.maximum(said, 0.0)
        return cls(quantity, column, contrasts @ turned, said / (said + usual_precision))

    @property
    def name(self) -> str:
        """Of the effects among the posterior's variables."""
        return f"{self.quantity}_by_{self.column.name}"

    @property
    def sd(self) -> str:
        """Of their standard deviation."""
        return f"{self.quantity}_sd_{self.column.name}"


class Slopes(NamedTuple):
    """What covariates do to one quantity.

    Attributes
    ----------
    quantity : str
    names : tuple of str
        The covariates.
    values : array of shape (groups, covariates)
        Standardised.
    """

    quantity: str
    names: tuple[str, ...]
    values: Array

    @property
    def name(self) -> str:
        """Of the slopes among the posterior's variables."""
        return f"{self.quantity}_slope"


@dataclass(frozen=True, eq=False)
class PooledDensity:
    """Log density of a posterior over its unconstrained variables; see `ltv_bayes.inference.density.LogDensity`.

    The variables are, in this order: the quantities, the logarithms of the effects' sds, the slopes, the effects.

    Attributes
    ----------
    naming : Naming
        How parameters follow from natural quantities.
    laws : mapping
        Prior of each quantity, of each sd of effects, and of each array of slopes, in plain numbers.
    parameters : tuple of str
        What the kernel takes.
    kernel, tables
        The likelihood of groups; see `formulas.fused_groups`.
    groups : int
        How many there are.
    effects : sequence of Effects
    slopes : sequence of Slopes
    """

    naming: Naming
    laws: Mapping[str, Any]
    parameters: tuple[str, ...]
    kernel: Kernel
    tables: Tables
    groups: int
    effects: Sequence[Effects]
    slopes: Sequence[Slopes]

    @property
    def quantities(self) -> list[str]:
        """The natural quantities."""
        return list(self.naming.links)

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where each variable stands."""
        sizes = dict.fromkeys(self.quantities, 1) | {one.sd: 1 for one in self.effects}
        sizes |= {one.name: len(one.names) for one in self.slopes}
        sizes |= {one.name: one.kept.size for one in self.effects}
        ends = np.cumsum([0, *sizes.values()])
        return {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(sizes)}

    @cached_property
    def layout(self) -> Layout:
        """The same for the compiled loops."""
        quantities = self.quantities
        laws = [_in_numbers(self.laws[name]) for name in [*quantities, *(one.sd for one in self.effects)]]
        laws += [_in_numbers(self.laws[one.name]) for one in self.slopes for _ in one.names]
        family, first, second, constant = zip(*laws, strict=True)
        covariates = [one.values.T for one in self.slopes]
        return Layout(
            _whole(family),
            np.array(first),
            np.array(second),
            np.array(constant),
            _whole(
                [pooled_effects.LOG if link == LOG else pooled_effects.LOGIT for link in self.naming.links.values()]
            ),
            _whole([quantities.index(one.quantity) for one in self.effects]),
            _whole([one.column.of_group for one in self.effects]).reshape(len(self.effects), self.groups),
            _whole([len(one.column.levels) for one in self.effects]),
            _whole([one.kept.size for one in self.effects]),
            np.concatenate([np.zeros(0), *(one.basis.ravel() for one in self.effects)]),
            np.concatenate([np.zeros(0), *(one.kept for one in self.effects)]),
            _whole([quantities.index(one.quantity) for one in self.slopes for _ in one.names]),
            np.ascontiguousarray(np.concatenate([np.zeros((0, self.groups)), *covariates])),
        )

    @property
    def size(self) -> int:
        """Number of unconstrained variables."""
        return max(place.stop for place in self.places.values())

    @property
    def start(self) -> Array:
        """The centre of the priors."""
        found = np.zeros(self.size)
        for name, place in self.places.items():
            if name in self.laws and name not in {one.name for one in self.slopes}:
                found[place] = self.laws[name].start
        return found

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Log density and gradient at a point; -inf with a zero gradient where it is not finite."""
        with np.errstate(all="ignore"):
            try:
                value, gradient = self._at(x)
            except (OverflowError, ZeroDivisionError):
                value, gradient = -np.inf, np.zeros(self.size)
        if np.isfinite(value) and np.isfinite(gradient).all():
            return float(value), gradient
        return -np.inf, np.zeros(self.size)

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        """The same function: it keeps nothing between calls."""
        return self

    def values(self, points: Array) -> Array:
        """Log density at many points, an array of shape (points, size); -inf where it is not finite."""
        return np.array([self(point)[0] for point in points])

    def _at(self, x: Array) -> tuple[float, Array]:
        total, natural = pooled_effects.quantities_of_groups(x, self.layout)
        value, by_link = self._likelihood(natural)
        return total + value, pooled_effects.gradient_of_variables(x, by_link, self.layout)

    def _likelihood(self, natural: Array) -> tuple[float, Array]:
        """Log-likelihood, and its derivatives by the quantities of each group on the scale of their links.

        The quantities, and the derivatives, are arrays of shape (quantities, groups).
        """
        named = self.naming.arithmetic(dict(zip(self.quantities, natural, strict=True)))
        value, by_parameter = self.kernel(*(named[name] for name in self.parameters), *self.tables)
        found = self.naming.chain_rule(named, dict(zip(self.parameters, by_parameter, strict=True)))
        return float(value), np.array([found[name] for name in self.quantities])

    def information(self) -> dict[str, Array]:
        """How much the customers of each group say of each quantity, as a precision on the scale of its link.

        At the best parameters that are the same for all. What they say of one quantity while the others are in doubt
        too: of a group's matrix of second derivatives, the inverse of the inverse's diagonal.

        Returns
        -------
        dict
            Arrays of shape (groups,).
        """
        number = len(self.quantities)

        def loss(z: Array) -> tuple[float, Array]:
            value, gradient = self(np.concatenate([z, self.start[number:]]))
            return -max(value, -LARGE), -gradient[:number]

        best = optimize.minimize(loss, self.start[:number], jac=True, method="L-BFGS-B").x
        curvature = np.empty((self.groups, number, number))
        for place in range(number):
            up, down = (self._likelihood(self._alike(best, place, step))[1] for step in (STEP, -STEP))
            curvature[:, place] = (down - up).T / (2 * STEP)
        values, vectors = np.linalg.eigh((curvature + curvature.transpose(0, 2, 1)) / 2 + LEAST * np.eye(number))
        inverse = np.einsum("gik,gk,gik->gi", vectors, 1 / np.maximum(values, LEAST), vectors)
        return {name: 1 / inverse[:, place] for place, name in enumerate(self.quantities)}

    def _alike(self, point: Array, place: int, step: float) -> Array:
        """Quantities that are the same for all groups, one of them moved on the scale of its link."""
        moved = point + step * (np.arange(point.size) == place)
        natural = [_value(link, moved[at]) for at, link in enumerate(self.naming.links.values())]
        return np.repeat(np.array(natural)[:, np.newaxis], self.groups, axis=1)

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws: quantities, parameters, sds, slopes, effects."""
        natural = {name: _value(link, points[:, self.places[name]][:, 0]) for name, link in self.naming.links.items()}
        found: dict[str, Array] = dict(self.naming.arithmetic(natural))
        dims: dict[str, list[str]] = {}
        coords: dict[str, Any] = {}
        for slopes in self.slopes:
            found[slopes.name], dims[slopes.name] = points[:, self.places[slopes.name]], [f"{slopes.name}_covariate"]
            coords[f"{slopes.name}_covariate"] = np.array(slopes.names)
        for one in self.effects:
            log_sd = points[:, self.places[one.sd]]
            found[one.sd] = np.exp(log_sd[:, 0])
            found[one.name] = (np.exp((1 - one.kept) * log_sd) * points[:, self.places[one.name]]) @ one.basis.T
            dims[one.name], coords[one.column.name] = [one.column.name], np.array(one.column.levels)
        shaped = {name: values.reshape(chains, draws, *values.shape[1:]) for name, values in found.items()}
        return tree_from_draws(shaped, dims=dims, coords=coords)


def _value(link: str, x: Any) -> Any:
    return np.exp(x) if link == LOG else special.expit(x)


def _in_numbers(law: Any) -> tuple[int, float, float, float]:
    """A law as the compiled loops take it: family, two numbers, and the constant of its log density."""
    if isinstance(law, Gamma):
        constant = law.alpha * math.log(law.beta) - math.lgamma(law.alpha)
        return pooled_effects.GAMMA, law.alpha, law.beta, constant
    if isinstance(law, Beta):
        return pooled_effects.BETA, law.alpha, law.beta, -float(special.betaln(law.alpha, law.beta))
    constant = -math.log(law.sigma) - pooled_effects.HALF_LOG_2_PI
    return pooled_effects.NORMAL, law.mu, law.sigma, constant


def _whole(values: Sequence[Any]) -> IntArray:
    return np.array(values, dtype=np.int64)
