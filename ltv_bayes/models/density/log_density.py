"""The log density of a model of groups of customers, written out: the PyMC model's, without PyMC.

Building a graph, and running it node by node around a compiled likelihood, takes longer than the likelihood itself for
most data. Where every prior is of a common family, the few lines around the likelihood are here in plain numbers, on
the same unconstrained space as PyMC's; a test holds values and gradients of the two equal. Where all customers have the
same parameters, they are one group, without effects and slopes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy import optimize, special

from ltv_bayes.formulas.kernels import pooled_effects
from ltv_bayes.formulas.kernels.likelihoods import Kernel
from ltv_bayes.formulas.kernels.pooled_effects import Layout
from ltv_bayes.formulas.models.parameterization import IDENTITY, LOG, LOGIT, Naming
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.inference.density import several_starts
from ltv_bayes.models.density.differences import Effects, Slopes
from ltv_bayes.models.density.plain_priors import PlainPrior
from ltv_bayes.posterior import tree_from_draws
from ltv_bayes.sizes import NUMBERS_OF_DENSITY, NUMBERS_OF_ONE_CORE, PARAMETERS_OF_WORKER, available_cores

STEP = 1e-4
LEAST = 1e-3
LARGE = 1e100
LINKS = {LOG: pooled_effects.LOG, LOGIT: pooled_effects.LOGIT, IDENTITY: pooled_effects.IDENTITY}
FORMS = {
    "mean_rate": pooled_effects.RATES,
    "dropout_mean": pooled_effects.SHAPES,
    "churn_mean": pooled_effects.SHAPES,
    "mean_spend": pooled_effects.SPEND,
}
"""How parameters follow from quantities, by the first of these."""


@dataclass(frozen=True, eq=False)
class WrittenDensity:
    """Log density of a posterior over its unconstrained variables; see `ltv_bayes.inference.density.LogDensity`.

    The variables are, in this order: the quantities, the logarithms of the effects' sds, the slopes, the effects.

    Attributes
    ----------
    naming : Naming
        How parameters follow from the quantities.
    links : mapping
        Each quantity that has a prior, with its link.
    priors : mapping
        Prior of each quantity, of each sd of effects, and of each array of slopes, in plain numbers.
    kernel, at, tables
        The likelihood of groups; see `formulas.kernels.likelihoods`.
    groups : int
        How many there are.
    effects : sequence of Effects
    slopes : sequence of Slopes
    """

    naming: Naming
    links: Mapping[str, str]
    priors: Mapping[str, PlainPrior]
    kernel: Kernel
    at: IntArray
    tables: Any
    groups: int
    effects: Sequence[Effects] = ()
    slopes: Sequence[Slopes] = ()

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where each variable stands."""
        sizes = dict.fromkeys(self.links, 1) | {one.sd: 1 for one in self.effects}
        sizes |= {one.name: len(one.names) for one in self.slopes}
        sizes |= {one.name: one.kept.size for one in self.effects}
        ends = np.cumsum([0, *sizes.values()])
        return {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(sizes)}

    @cached_property
    def layout(self) -> Layout:
        """The same for the compiled loops."""
        quantities = list(self.links)
        priors = [self.priors[name] for name in [*quantities, *(one.sd for one in self.effects)]]
        priors += [self.priors[one.name] for one in self.slopes for _ in one.names]
        family, first, second, constant, _ = zip(*priors, strict=True)
        covariates = [one.values.T for one in self.slopes]
        return Layout(
            _whole(family),
            np.array(first),
            np.array(second),
            np.array(constant),
            _whole([LINKS[link] for link in self.links.values()]),
            _whole([quantities.index(one.quantity) for one in self.effects]),
            _whole([one.column.of_group for one in self.effects]).reshape(len(self.effects), self.groups),
            _whole([len(one.column.levels) for one in self.effects]),
            _whole([one.kept.size for one in self.effects]),
            np.concatenate([np.zeros(0), *(one.basis.ravel() for one in self.effects)]),
            np.concatenate([np.zeros(0), *(one.kept for one in self.effects)]),
            _whole([quantities.index(one.quantity) for one in self.slopes for _ in one.names]),
            np.ascontiguousarray(np.concatenate([np.zeros((0, self.groups)), *covariates])),
            _whole(self._forms()),
            len(self.naming.parameters),
            self.naming.k,
        )

    def _forms(self) -> list[list[int]]:
        """How parameters follow from quantities, for the compiled loops."""
        quantities, parameters = list(self.links), list(self.naming.parameters)

        def row(form: int, of: Sequence[str], made: Sequence[str]) -> list[int]:
            places = [quantities.index(name) for name in of], [parameters.index(name) for name in made]
            return [form, *(place for some in places for place in (*some, 0, 0)[:3])]

        whole = [(of, made) for made, of in self.naming.alternatives.items() if of[0] in quantities]
        found = {name for _, made in whole for name in made}
        same = [name for name in parameters if name not in found]
        return [row(FORMS[of[0]], of, made) for of, made in whole] + [
            row(pooled_effects.SAME, [name], [name]) for name in same
        ]

    @property
    def size(self) -> int:
        """Number of unconstrained variables."""
        return max(place.stop for place in self.places.values())

    @property
    def start(self) -> Array:
        """The centre of the priors."""
        found = np.zeros(self.size)
        for name, place in self.places.items():
            if name in self.priors:
                found[place] = self.priors[name].start
        return found

    @property
    def starts(self) -> Array:
        """The centre of the priors, and points around it in the quantities of the typical group."""
        return several_starts(self.start, len(self.links))

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Log density and gradient at a point; -inf with a zero gradient where it is not finite."""
        return self.evaluate(x, self.tables)

    def evaluate(self, x: Array, tables: Any) -> tuple[float, Array]:
        """The same of other histories, laid out as these are."""
        with np.errstate(all="ignore"):
            total, natural, parameters = pooled_effects.parameters_of_groups(x, self.layout)
            [value], [slopes] = self.kernel(parameters[np.newaxis], self.at, tables, True)
            gradient = pooled_effects.gradient_by_parameters(x, natural, parameters, slopes, self.layout)
            value = total + float(value)
        if math.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient
        return -np.inf, np.zeros(self.size)

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        """The same function: it keeps nothing between calls."""
        return self

    def values(self, points: Array) -> Array:
        """Log density at many points, an array of shape (points, size), on all cores; -inf where it is not finite."""
        block = max(PARAMETERS_OF_WORKER, NUMBERS_OF_DENSITY // self.groups)
        found = np.concatenate([self._values(points[first : first + block]) for first in range(0, len(points), block)])
        return np.where(np.isfinite(found), found, -np.inf)

    def _values(self, points: Array) -> Array:
        total, parameters = self.parameters(points)
        return total + at_many_draws(self.kernel, parameters, self.at, self.tables)

    def parameters(self, points: Array) -> tuple[Array, Array]:
        """Log density of all variables by their own priors, and parameters of groups: (points, parameters, groups)."""
        with np.errstate(all="ignore"):
            return pooled_effects.parameters_at_points(np.ascontiguousarray(points), self.layout)

    def _slopes(self, natural: Array) -> Array:
        """Derivatives of the log-likelihood by quantities of groups, on the scale of links: (quantities, groups)."""
        parameters = pooled_effects.parameters_of(natural, self.layout)
        _unused, [slopes] = self.kernel(parameters[np.newaxis], self.at, self.tables, True)
        found: Array = pooled_effects.slopes_by_link(natural, parameters, slopes, self.layout)
        return found

    def information(self) -> dict[str, Array]:
        """How much the customers of each group say of each quantity, as a precision on the scale of its link.

        At the best parameters that are the same for all. What they say of one quantity while the others are in doubt
        too: of a group's matrix of second derivatives, the inverse of the inverse's diagonal.

        Returns
        -------
        dict
            Arrays of shape (groups,).
        """
        number = len(self.links)

        def loss(z: Array) -> tuple[float, Array]:
            value, gradient = self(np.concatenate([z, self.start[number:]]))
            return -max(value, -LARGE), -gradient[:number]

        best = optimize.minimize(loss, self.start[:number], jac=True, method="L-BFGS-B").x
        curvature = np.empty((self.groups, number, number))
        for place in range(number):
            up, down = (self._slopes(self._alike(best, place, step)) for step in (STEP, -STEP))
            curvature[:, place] = (down - up).T / (2 * STEP)
        values, vectors = np.linalg.eigh((curvature + curvature.transpose(0, 2, 1)) / 2 + LEAST * np.eye(number))
        inverse = np.einsum("gik,gk,gik->gi", vectors, 1 / np.maximum(values, LEAST), vectors)
        return {name: 1 / inverse[:, place] for place, name in enumerate(self.links)}

    def _alike(self, point: Array, place: int, step: float) -> Array:
        """Quantities that are the same for all groups, one of them moved on the scale of its link."""
        moved = point + step * (np.arange(point.size) == place)
        natural = [_value(link, moved[at]) for at, link in enumerate(self.links.values())]
        return np.repeat(np.array(natural)[:, np.newaxis], self.groups, axis=1)

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws: quantities, parameters, sds, slopes, effects."""
        natural = {name: _value(link, points[:, self.places[name]][:, 0]) for name, link in self.links.items()}
        found: dict[str, Array] = self.naming.arithmetic(natural)
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


def at_many_draws(kernel: Kernel, parameters: Array, at: IntArray, tables: Any) -> Array:
    """Call a kernel, which releases Python's lock, for some draws at a time, on all cores where that is work for them.

    Parameters
    ----------
    parameters : array of shape (draws, parameters, groups)
    kernel, at, tables
        As in `formulas.kernels.likelihoods`.

    Returns
    -------
    array of shape (draws,)
        Values without derivatives.
    """
    values = np.empty(len(parameters))

    def some(first: int) -> None:
        with np.errstate(all="ignore"):  # threads start with settings of their own
            chunk = slice(first, first + PARAMETERS_OF_WORKER)
            values[chunk], _ = kernel(parameters[chunk], at, tables, False)

    firsts = range(0, len(parameters), PARAMETERS_OF_WORKER)
    if len(parameters) * at.size <= NUMBERS_OF_ONE_CORE:
        for first in firsts:
            some(first)
        return values
    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(some, firsts))
    return values


def _value(link: str, x: Any) -> Any:
    if link == IDENTITY:
        return x
    return np.exp(x) if link == LOG else special.expit(x)


def _whole(values: Sequence[Any]) -> IntArray:
    return np.array(values, dtype=np.int64)
