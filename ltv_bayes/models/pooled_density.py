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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy import optimize, special

from ltv_bayes.formulas.fused_groups import Kernel, Tables
from ltv_bayes.formulas.natural import LOG, Naming
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.models.direct_density import SMALL
from ltv_bayes.posterior import tree_from_draws

HALF_LOG_2_PI = 0.5 * np.log(2 * np.pi)
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

    @property
    def places(self) -> dict[str, slice]:
        """Where each variable stands."""
        sizes = dict.fromkeys(self.quantities, 1) | {one.sd: 1 for one in self.effects}
        sizes |= {one.name: len(one.names) for one in self.slopes}
        sizes |= {one.name: one.kept.size for one in self.effects}
        ends = np.cumsum([0, *sizes.values()])
        return {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(sizes)}

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
        places, gradient = self._places, np.zeros(self.size)
        links = {name: np.full(self.groups, x[places[name]][0]) for name in self.quantities}
        total = 0.0
        for name in self.quantities:
            density, gradient[places[name]] = self.laws[name].log_density(x[places[name]][0])
            total += density
        shifts = [self._shift(one, x) for one in self.effects]
        for one, shift in zip(self.effects, shifts, strict=True):
            density, gradient[places[one.sd]] = self.laws[one.sd].log_density(x[places[one.sd]][0])
            total += density + shift.log_density
            links[one.quantity] = links[one.quantity] + shift.effect[one.column.of_group]
        for slopes in self.slopes:
            beta = x[places[slopes.name]]
            sigma = self.laws[slopes.name].sigma
            total -= np.sum(0.5 * (beta / sigma) ** 2 + np.log(sigma) + HALF_LOG_2_PI)
            gradient[places[slopes.name]] = -beta / sigma**2
            links[slopes.quantity] = links[slopes.quantity] + slopes.values @ beta
        value, by_link = self._likelihood(links)
        for name in self.quantities:
            gradient[places[name]] += by_link[name].sum()
        for one, shift in zip(self.effects, shifts, strict=True):
            by_effect = np.bincount(one.column.of_group, by_link[one.quantity], len(one.column.levels))
            gradient[places[one.name]] = shift.by_part(by_effect)
            gradient[places[one.sd]] += shift.by_log_sd(by_effect)
        for slopes in self.slopes:
            gradient[places[slopes.name]] += slopes.values.T @ by_link[slopes.quantity]
        return total + value, gradient

    def _shift(self, one: Effects, x: Array) -> "Shift":
        return Shift(one, x[self._places[one.sd]][0], x[self._places[one.name]])

    def _likelihood(self, links: Mapping[str, Array]) -> tuple[float, dict[str, Array]]:
        """Log-likelihood, and its derivatives by the quantities of each group on the scale of their links."""
        natural = {name: _value(link, links[name]) for name, link in self.naming.links.items()}
        complexes = {name: value.astype(complex) for name, value in natural.items()}
        named = self.naming.arithmetic(complexes)
        value, by_parameter = self.kernel(
            *(np.ascontiguousarray(named[name].real) for name in self.parameters), *self.tables
        )
        found = {}
        for name, link in self.naming.links.items():  # derivatives of the arithmetic by a complex step
            step = SMALL * np.abs(natural[name])
            moved = self.naming.arithmetic(complexes | {name: natural[name] + 1j * step})
            by_natural = sum(
                moved[parameter].imag * slope for parameter, slope in zip(self.parameters, by_parameter, strict=True)
            )
            found[name] = by_natural / step * _slope(link, natural[name])
        return float(value), found

    @property
    def _places(self) -> dict[str, slice]:
        found = self.__dict__.get("_found_places")
        if found is None:
            found = self.places
            self.__dict__["_found_places"] = found
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
        number = len(self.quantities)

        def loss(z: Array) -> tuple[float, Array]:
            value, gradient = self(np.concatenate([z, self.start[number:]]))
            return -max(value, -LARGE), -gradient[:number]

        best = optimize.minimize(loss, self.start[:number], jac=True, method="L-BFGS-B").x
        links = {name: np.full(self.groups, best[place]) for place, name in enumerate(self.quantities)}
        curvature = np.empty((self.groups, number, number))
        for place, name in enumerate(self.quantities):
            up, down = (self._likelihood(links | {name: links[name] + step})[1] for step in (STEP, -STEP))
            curvature[:, place] = np.stack([(down[one] - up[one]) / (2 * STEP) for one in self.quantities], axis=1)
        values, vectors = np.linalg.eigh((curvature + curvature.transpose(0, 2, 1)) / 2 + LEAST * np.eye(number))
        inverse = np.einsum("gik,gk,gik->gi", vectors, 1 / np.maximum(values, LEAST), vectors)
        return {name: 1 / inverse[:, place] for place, name in enumerate(self.quantities)}

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain, as posterior draws: quantities, parameters, sds, slopes, effects."""
        natural = {name: _value(link, points[:, self._places[name]][:, 0]) for name, link in self.naming.links.items()}
        found: dict[str, Array] = dict(self.naming.arithmetic(natural))
        dims: dict[str, list[str]] = {}
        coords: dict[str, Any] = {}
        for slopes in self.slopes:
            found[slopes.name], dims[slopes.name] = points[:, self._places[slopes.name]], [f"{slopes.name}_covariate"]
            coords[f"{slopes.name}_covariate"] = np.array(slopes.names)
        for one in self.effects:
            log_sd = points[:, self._places[one.sd]]
            found[one.sd] = np.exp(log_sd[:, 0])
            found[one.name] = (np.exp((1 - one.kept) * log_sd) * points[:, self._places[one.name]]) @ one.basis.T
            dims[one.name], coords[one.column.name] = [one.column.name], np.array(one.column.levels)
        shaped = {name: values.reshape(chains, draws, *values.shape[1:]) for name, values in found.items()}
        return tree_from_draws(shaped, dims=dims, coords=coords)


class Shift:
    """Effects of a column at one point, with the density of how they are written.

    Parameters
    ----------
    effects : Effects
    log_sd : float
    part : array of shape (levels - 1,)
    """

    def __init__(self, effects: Effects, log_sd: float, part: Array) -> None:
        self._basis, self._kept = effects.basis, effects.kept
        self._factor, self._inverse = np.exp((1 - self._kept) * log_sd), np.exp(-self._kept * log_sd)
        self._contrast, self._scaled = self._factor * part, self._inverse * part
        self.effect = self._basis @ self._contrast
        self.log_density = float(np.sum(-0.5 * self._scaled**2 - self._kept * log_sd - HALF_LOG_2_PI))

    def by_part(self, by_effect: Array) -> Array:
        """Derivative by the parts, of all that depends on them."""
        return self._factor * (by_effect @ self._basis) - self._scaled * self._inverse

    def by_log_sd(self, by_effect: Array) -> float:
        """Derivative by the logarithm of the sd, but for its own prior."""
        by_contrast = by_effect @ self._basis
        return float(np.sum((1 - self._kept) * self._contrast * by_contrast + self._kept * (self._scaled**2 - 1)))


def _value(link: str, x: Any) -> Any:
    return np.exp(x) if link == LOG else special.expit(x)


def _slope(link: str, value: Any) -> Any:
    """Derivative of a quantity by its link."""
    return value if link == LOG else value * (1 - value)
