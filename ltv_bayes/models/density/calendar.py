"""A factor on the purchase rate of all customers, period by period, beside the model of the customers.

The logarithm of the factor is a normal vector: a level that moves and reverts, white noise, and a season, each with a
standard deviation that is learned. See `formulas.models.operational_time` for what the factor does to histories.
"""

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import xarray as xr
from scipy import special

from ltv_bayes.formulas.special import Array
from ltv_bayes.models.density.log_density import WrittenDensity
from ltv_bayes.posterior import SAMPLE_DIMS
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.sizes import NUMBERS_OF_ONE_CORE, available_cores

SDS = ("level_sd", "noise_sd", "season_sd")
SMALL = 1e-8
DRAWS_AT_A_TIME = 100  # a matrix of (periods, periods) each
POINTS_AT_A_TIME = 50  # times of all distinct histories each


@dataclass(frozen=True, eq=False)
class Calendar:
    """The factor's periods and its prior; all times in the unit of the data.

    Attributes
    ----------
    length : float
        Of a period; periods are counted back from the as-of date.
    number : int
        How many periods there are.
    scales : array of shape (2,) or (3,)
        Scales of the half-normal priors of the sds of level, noise and, if there is one, season.
    half_life : float
        Time in which half of a level's distance from the usual one is gone.
    in_year : int
        Periods in a year.
    repeats : array of shape (periods,) or None
        Repeat purchases of all customers in each period, the latest first; None where their days are not known.
    known, ahead : arrays or None
        Logarithm of what is known of the factor beforehand: in each period, the latest first, and in each of those to
        come, the next first. Effects are what comes on top. None where nothing is known.
    unit : str
        The unit of times, where the model's parameters have none.
    optional : bool
        Whether a fit that cannot have calendar effects goes without.
    """

    length: float
    number: int
    scales: Array
    half_life: float
    in_year: int
    repeats: Array | None = None
    known: Array | None = None
    ahead: Array | None = None
    unit: str = ""
    optional: bool = False

    def to_json(self) -> str:
        """What a fit keeps of it, to go on after the as-of date."""
        kept: dict[str, Any] = {"length": self.length, "half_life": self.half_life, "in_year": self.in_year}
        kept["unit"] = self.unit
        if self.known is not None and self.ahead is not None:
            kept |= {"known": self.known[::-1].tolist(), "ahead": self.ahead.tolist()}
        return json.dumps({**kept, "scales": self.scales.tolist(), "days_known": self.repeats is not None})

    @cached_property
    def log_known(self) -> Array:
        """What is known of the factor's logarithm, the latest period first: shape (periods,)."""
        return np.zeros(self.number) if self.known is None else self.known

    @cached_property
    def kinds(self) -> Array:
        """Correlation matrices of level, noise and, if there is one, season: shape (sds, periods, periods)."""
        apart = np.abs(np.subtract.outer(np.arange(self.number), np.arange(self.number)))
        every = [0.5 ** (apart * self.length / self.half_life), np.eye(self.number)]
        return np.array([*every, (apart % self.in_year == 0).astype(float)][: self.scales.size])

    def covariance(self, log_sds: Array) -> Array:
        """Covariance of the logarithm of the factor: shape (..., periods, periods), of sds of shape (..., sds)."""
        found: Array = np.tensordot(np.exp(2 * log_sds), self.kinds, 1)
        return found + SMALL * np.eye(self.number)

    def covariance_slopes(self, log_sds: Array) -> Array:
        """Its derivatives by the logarithm of each sd: shape (sds, periods, periods)."""
        return np.asarray(2 * np.exp(2 * log_sds)[:, np.newaxis, np.newaxis] * self.kinds)

    def log_prior(self, log_sds: Array) -> tuple[Array, Array]:
        """Log density of the logarithms of the sds, of shape (..., sds), and its gradient."""
        share = np.exp(2 * log_sds) / self.scales**2
        value = np.sum(log_sds - share / 2 - np.log(self.scales), axis=-1)
        return value + self.scales.size / 2 * math.log(2 / math.pi), 1.0 - share

    def sds_at(self, z: Array) -> tuple[Array, Array]:
        """Logarithms of the sds at levels of their priors, where the normal distribution has z; and derivatives."""
        with np.errstate(divide="ignore"):
            share = np.where(z < 0, special.erfinv(special.ndtr(z)), special.erfcinv(special.ndtr(-z)))
            log_sds = np.log(share * math.sqrt(2) * self.scales)
            # one over the other density: of z, and of the logarithm of a half-normal sd
            log_slopes = -(z**2) / 2 + share**2 - np.log(share * math.sqrt(2)) - math.log(2)
        return log_sds, np.exp(log_slopes)

    def log_normal(self, effect: Array, log_sds: Array) -> tuple[float, Array, Array]:
        """Log density of the effect given the sds, with gradients by both."""
        covariance = self.covariance(log_sds)
        inverse = np.linalg.inv(covariance)
        solved, (_, log_det) = inverse @ effect, np.linalg.slogdet(covariance)
        value = -0.5 * (effect @ solved + log_det + self.number * math.log(2 * math.pi))
        by_kind = np.tensordot(self.kinds, np.outer(solved, solved) - inverse, 2)
        return float(value), -solved, np.exp(2 * log_sds) * by_kind

    def log_normals(self, effects: Array, log_sds: Array) -> Array:
        """Log density of effects of shape (points, periods) given sds of shape (points, sds): shape (points,)."""
        found = np.empty(len(effects))
        for first in range(0, len(effects), DRAWS_AT_A_TIME):
            some = slice(first, first + DRAWS_AT_A_TIME)
            covariances = self.covariance(log_sds[some])
            solved = np.linalg.solve(covariances, effects[some, :, np.newaxis])[..., 0]
            found[some] = np.sum(effects[some] * solved, axis=1) + np.linalg.slogdet(covariances)[1]
        return -0.5 * (found + self.number * math.log(2 * math.pi))

    def with_parts(self, drawn: xr.Dataset) -> xr.Dataset:
        """Draws of sds and effects, the oldest period first, with the level at the as-of date and the season drawn."""
        shape = tuple(drawn.sizes[dim] for dim in SAMPLE_DIMS)
        effect = drawn["calendar_effect"].transpose(*SAMPLE_DIMS, ...).to_numpy().reshape(-1, self.number)[:, ::-1]
        sds = [drawn[name].transpose(*SAMPLE_DIMS).to_numpy().ravel() for name in SDS[: self.scales.size]]
        log_sds, rng = np.log(np.column_stack(sds)), customer_stream(0, "calendar", "parts")
        z = rng.standard_normal((len(effect), 1 + (self.in_year if self.scales.size > 2 else 0)))
        blocks = (slice(first, first + DRAWS_AT_A_TIME) for first in range(0, len(effect), DRAWS_AT_A_TIME))
        level, *season = np.concatenate([self._parts(effect[some], log_sds[some], z[some]) for some in blocks]).T
        found = drawn.assign(level=(SAMPLE_DIMS, level.reshape(shape)))
        if season:
            found["season"] = ((*SAMPLE_DIMS, "place_in_year"), np.transpose(season).reshape(*shape, -1))
        return found

    def _parts(self, effect: Array, log_sds: Array, z: Array) -> Array:
        """Level and season given the effects, with standard normal draws z: shape (draws, 1 or 1 + in_year).

        Parameters
        ----------
        effect : array of shape (draws, periods)
        log_sds : array of shape (draws, sds)
        """
        variances = np.exp(2 * log_sds)
        with_effect = [self.kinds[0][:1]]
        prior = [np.ones((1, 1))]
        if self.scales.size > 2:
            places = np.arange(self.in_year)
            with_effect.append((np.arange(self.number) % self.in_year == places[:, np.newaxis]).astype(float))
            prior.append(np.eye(self.in_year))
        which = np.repeat([0, 2][: len(prior)], [len(one) for one in prior])
        cross = np.concatenate(with_effect)[np.newaxis] * variances[:, which, np.newaxis]
        own = np.zeros((len(which), len(which)))
        own[:1, :1] = prior[0]
        own[1:, 1:] = prior[1] if len(prior) > 1 else own[1:, 1:]
        gain = np.linalg.solve(self.covariance(log_sds), cross.transpose(0, 2, 1)).transpose(0, 2, 1)
        left = own * variances[:, which, np.newaxis] - gain @ cross.transpose(0, 2, 1)
        values, vectors = np.linalg.eigh((left + left.transpose(0, 2, 1)) / 2)
        drawn = np.einsum("dij,dj->di", gain, effect)
        drawn += np.einsum("dij,dj,dj->di", vectors, np.sqrt(np.maximum(values, 0.0)), z)
        return np.asarray(drawn)


class OnClock(Protocol):
    """Histories whose likelihood depends on the factor."""

    @property
    def tables(self) -> Any:
        """The kernel's, of all groups."""

    @property
    def moved(self) -> tuple[str, ...]:
        """Those of the tables that depend on the factor."""

    def at(self, log_factor: Array) -> Any:
        """The kernel's tables at a factor, with room for derivatives by what follows from it.

        At several, of shape (factors, periods), the tables that depend on it have a row for each.
        """

    def path(self, tables: Any, log_factor: Array, repeats: Array | None) -> Array:
        """What is added to the kernel's log-likelihood at each factor."""

    def slopes(self, tables: Any, log_factor: Array, repeats: Array | None) -> Array:
        """Derivatives of both by the factor's logarithm: shape (periods,)."""


@dataclass(frozen=True, eq=False)
class CalendarDensity:
    """Log density of a model with calendar effects; see `ltv_bayes.inference.density.LogDensity`.

    The variables are those of the model, the logarithms of the effects' sds, and the effects, the latest period first.
    """

    base: WrittenDensity
    clock: OnClock
    calendar: Calendar

    @property
    def size(self) -> int:
        """Number of unconstrained variables."""
        return self.base.size + self.calendar.scales.size + self.calendar.number

    @property
    def hyper(self) -> slice:
        """Where the logarithms of the sds stand."""
        return slice(self.base.size, self.base.size + self.calendar.scales.size)

    @property
    def latent(self) -> slice:
        """Where the effects stand."""
        return slice(self.hyper.stop, self.size)

    @property
    def starts(self) -> Array:
        """The centre of the priors, and points around it in the model's own variables: shape (points, size)."""
        own = self.base.starts
        rest = np.append(np.log(self.calendar.scales / 2), np.zeros(self.calendar.number))
        return np.column_stack([own, np.tile(rest, (len(own), 1))])

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Log density and gradient at a point; -inf with a zero gradient where it is not finite."""
        log_sds, effect = x[self.hyper], x[self.latent]
        of_sds, by_sds = self.calendar.log_prior(log_sds)
        of_effect, by_effect, more_by_sds = self.calendar.log_normal(effect, log_sds)
        value, gradient = self.given_effects(np.delete(x, np.r_[self.hyper]))
        own, rest = gradient[: self.base.size], gradient[self.base.size :]
        gradient = np.concatenate([own, by_sds + more_by_sds, rest + by_effect])
        value += float(of_sds) + of_effect
        if math.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient
        return -np.inf, np.zeros(self.size)

    def given_effects(self, z: Array) -> tuple[float, Array]:
        """The same without the effects' own prior, at a point without the sds."""
        x, effect = z[: self.base.size], z[self.base.size :]
        with np.errstate(all="ignore"):
            log_factor = effect + self.calendar.log_known
            tables = self.clock.at(log_factor)
            value, gradient = self.base.evaluate(x, tables)
            if not math.isfinite(value):
                return -np.inf, np.zeros(z.size)
            value += float(self.clock.path(tables, log_factor, self.calendar.repeats))
            by_effect = self.clock.slopes(tables, log_factor, self.calendar.repeats)
        return value, np.concatenate([gradient, by_effect])

    def covariance(self, log_sds: Array) -> Array:
        """Covariance of the effects."""
        return self.calendar.covariance(log_sds)

    def covariance_slopes(self, log_sds: Array) -> Array:
        """Its derivatives by the logarithm of each sd."""
        return self.calendar.covariance_slopes(log_sds)

    def sds_at(self, z: Array) -> tuple[Array, Array]:
        """Logarithms of the sds where numbers with standard normal priors are z, and their derivatives."""
        return self.calendar.sds_at(z)

    def for_another_thread(self) -> Callable[[Array], tuple[float, Array]]:
        """The same function: it keeps nothing between calls."""
        return self

    def values(self, points: Array) -> Array:
        """Log density at many points, an array of shape (points, size), on all cores; -inf where it is not finite."""
        total, parameters = self.base.parameters(np.ascontiguousarray(points[:, : self.base.size]))
        log_sds, effects = points[:, self.hyper], points[:, self.latent]
        found = np.empty(len(points))

        def some(at: slice) -> None:
            with np.errstate(all="ignore"):
                log_factors = effects[at] + self.calendar.log_known
                tables = self.clock.at(log_factors)
                found[at] = self.clock.path(tables, log_factors, self.calendar.repeats)
                for i, own in enumerate(parameters[at]):
                    of_one = {name: getattr(tables, name)[i] for name in self.clock.moved}
                    [value], _ = self.base.kernel(own[np.newaxis], self.base.at, tables._replace(**of_one), False)
                    found[at.start + i] += value

        step = max(1, min(POINTS_AT_A_TIME, NUMBERS_OF_ONE_CORE // max(map(np.size, self.clock.tables))))
        with ThreadPoolExecutor(available_cores()) as pool:
            list(pool.map(some, (slice(first, first + step) for first in range(0, len(points), step))))
        with np.errstate(all="ignore"):
            found += total + self.calendar.log_prior(log_sds)[0] + self.calendar.log_normals(effects, log_sds)
        return np.where(np.isfinite(found), found, -np.inf)

    def tree(self, points: Array, chains: int, draws: int) -> xr.DataTree:
        """Lay out points, chain after chain: the model's variables, sds, effects, the level now and the season."""
        tree = self.base.tree(points[:, : self.base.size], chains, draws)
        log_sds, effect = points[:, self.hyper], points[:, self.latent]
        found = {name: sd.reshape(chains, draws) for name, sd in zip(SDS, np.exp(log_sds).T, strict=False)}
        drawn = tree["posterior"].to_dataset().assign({name: (SAMPLE_DIMS, sd) for name, sd in found.items()})
        drawn["calendar_effect"] = ((*SAMPLE_DIMS, "period"), effect[:, ::-1].reshape(chains, draws, -1))
        drawn = drawn.assign_coords(period=np.arange(-self.calendar.number, 0))
        tree["posterior"] = xr.DataTree(self.calendar.with_parts(drawn))
        return tree
