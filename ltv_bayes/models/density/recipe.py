"""A model of some data: its PyMC model, its log density written out, and posterior draws."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.grouping import InGroups
from ltv_bayes.errors import DataWarning, FitError
from ltv_bayes.formulas.kernels.likelihoods import KERNELS
from ltv_bayes.formulas.kernels.tables import end_to_end
from ltv_bayes.formulas.models.leaving_at_once import FIRST_DROPOUT
from ltv_bayes.formulas.models.parameterization import IDENTITY, LOG, Naming, with_slopes
from ltv_bayes.formulas.models.parameterization import naming as naming_of
from ltv_bayes.formulas.special import IntArray
from ltv_bayes.inference.methods import Method, fit_posterior
from ltv_bayes.inference.nuts import has_nutpie
from ltv_bayes.language import _, comma
from ltv_bayes.models.density.calendar import SDS, SMALL, Calendar, CalendarDensity, OnClock
from ltv_bayes.models.density.differences import Column, Effects, Slopes
from ltv_bayes.models.density.leaving_at_once import LeavingAtOnceDensity
from ltv_bayes.models.density.log_density import WrittenDensity
from ltv_bayes.models.density.plain_priors import PlainPrior, beta, in_plain_numbers, normal
from ltv_bayes.models.density.pool import USUAL_SLOPE, Pool
from ltv_bayes.models.priors import (
    ANYWHERE,
    POSITIVE,
    PROBABILITY,
    Domain,
    Prior,
    as_distributions,
    as_prior,
    describe,
    register,
)
from ltv_bayes.sizes import one_blas_thread

if TYPE_CHECKING:
    import pymc as pm

DOMAINS = {"q": Domain(1.0, np.inf)}  # of gamma-gamma: the mean exists
USUAL_SD = Prior("LogNormal", mu=np.log(0.3), sigma=1.0)
USUAL_PRECISION = 0.3**-2
OURS = {"draws", "tune", "chains", "random_seed", "progressbar"}
CURE = _("Write priors as Prior('LogNormal', ...), Prior('Gamma', ...) or Prior('Beta', ...), leave such settings out")
FEW_SEGMENTS = 8
ACCEPT, ACCEPT_OF_FEW = 0.95, 0.98  # few segments leave the sd between them in doubt


@dataclass(frozen=True, eq=False)
class Recipe:
    """A model of customers in groups; customers who all have the same parameters are one group.

    Attributes
    ----------
    name : str
        Of the model, as in `formulas.models.parameterization`.
    pool : Pool
        By what parameters differ.
    data : InGroups
        Histories of each group.
    tables : sequence of tuples of arrays
        The same for each group, laid out for the kernel.
    priors : mapping
        Of the quantities, of sds of effects, and of slopes; see `Pool.priors`.
    k : int, optional
        How regular purchases are, in a model that asks for it.
    calendar : Calendar, optional
        What moves the rate of all customers.
    clock : callable, optional
        From histories and calendar, or None, to where those of each group begin, and these laid out on the clock.
    dated : sequence of str
        Names of the slopes of covariates that vary in time, which the clock lays out.
    """

    name: str
    pool: Pool
    data: InGroups
    tables: Sequence[tuple[Any, ...]]
    priors: Mapping[str, Any]
    k: int | None = None
    calendar: Calendar | None = None
    clock: Callable[[InGroups, Calendar | None], tuple[IntArray, OnClock]] | None = None
    dated: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.pool.check(self.data)

    @property
    def naming(self) -> Naming:
        """How parameters follow from quantities."""
        plain = naming_of(self.name, self.k or 1)
        return with_slopes(plain, self.dated) if self.dated else plain

    @property
    def links(self) -> dict[str, str]:
        """Each quantity that has a prior, with its link."""
        naming = self.naming
        names = [name for name in self.priors if name in (*naming.links, *naming.parameters)]
        return {name: naming.links.get(name, LOG) for name in names}

    @cached_property
    def columns(self) -> list[Column]:
        """Columns of segments."""
        return self.pool.columns(self.data)

    @cached_property
    def scales(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each covariate over customers."""
        return self.pool.scales(self.data)

    @cached_property
    def slopes(self) -> list[Slopes]:
        """What covariates do to each quantity."""
        return self.pool.slopes(self.data, self.scales)

    @cached_property
    def effects(self) -> list[Effects]:
        """Effects of each column on each level of something, written as chains best take them."""
        none = [
            Effects.of(quantity, column, np.zeros(len(column.levels)), USUAL_PRECISION)
            for quantity in self.naming.levels
            for column in self.columns
        ]
        if not none:
            return []
        usual_sd = normal(**dict(USUAL_SD.parameters))
        priors = {name: self._broad(name) for name in self.links} | {one.sd: usual_sd for one in none}
        with one_blas_thread():
            information = self._density(priors, none, []).information()
        found = []
        for one in none:
            of_level = np.bincount(one.column.of_group, information[one.quantity], len(one.column.levels))
            found.append(Effects.of(one.quantity, one.column, of_level, USUAL_PRECISION))
        return found

    def _broad(self, name: str) -> PlainPrior:
        """The prior of a quantity in plain numbers; a broad one in place of one of an uncommon family."""
        broad = normal(0.0, 3.0) if self.links[name] == LOG else beta(1.0, 1.0)
        return in_plain_numbers(self.priors[name], self._domain(name)) or broad

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """The prior of every variable that has one of its own."""
        sds = {one.sd: self.priors.get(one.sd, self.priors.get(f"{one.quantity}_sd", USUAL_SD)) for one in self.effects}
        slopes = {one.name: self.priors.get(one.name, USUAL_SLOPE) for one in self.slopes}
        priors = {name: self.priors[name] for name in self.links} | sds | slopes
        return {name: as_prior(prior) for name, prior in priors.items()}

    @cached_property
    def uncommon(self) -> list[str]:
        """Variables with priors of families that the density written out does not have."""
        slopes, domain = {one.name for one in self.slopes}, self._domain
        return [
            name
            for name, prior in self.chosen.items()
            if name not in slopes and in_plain_numbers(prior, domain(name)) is None
        ]

    def density(self) -> WrittenDensity | CalendarDensity | None:
        """The model's log density written out, if its priors are of common families."""
        if self.uncommon:
            return None
        plain = {name: in_plain_numbers(prior, self._domain(name)) for name, prior in self.chosen.items()}
        plain |= {one.name: normal(0.0, self._sigma(one)) for one in self.slopes}
        priors = {name: prior for name, prior in plain.items() if prior is not None}
        kind = LeavingAtOnceDensity if FIRST_DROPOUT in self.links else WrittenDensity
        density = self._density(priors, self.effects, self.slopes, kind)
        if self.on_clock is None:
            return density
        at, clock, calendar = self.on_clock
        return CalendarDensity(replace(density, at=at, tables=clock.tables), clock, calendar)

    def _sigma(self, slopes: Slopes) -> float:
        return float(dict(self.chosen[slopes.name].parameters)["sigma"])

    def _density(
        self,
        priors: Mapping[str, PlainPrior],
        effects: Sequence[Effects],
        slopes: Sequence[Slopes],
        kind: type[WrittenDensity] = WrittenDensity,
    ) -> WrittenDensity:
        likelihood = KERNELS[self.name], *self.laid_out
        return kind(self.naming, self.links, priors, *likelihood, self.data.size, effects, slopes)

    @cached_property
    def laid_out(self) -> tuple[IntArray, Any]:
        """Where the histories of each group begin, and these as the kernel takes them."""
        if self.clock is not None and self.dated and self.calendar is None:
            at, clock = self.clock(self.data, None)
            return at, clock.tables
        return end_to_end(self.tables)

    def model(self) -> "pm.Model":
        """Make the PyMC model: free variables, the papers' parameters as deterministic ones, the data."""
        import pymc as pm
        import pytensor.tensor as pt

        from ltv_bayes.models.density.operation import LikelihoodOnClock, observe, observe_on_clock

        slopes = {one.name for one in self.slopes}
        scalars = {name: prior for name, prior in self.chosen.items() if name not in slopes}
        distributions = as_distributions(scalars, {name: self._domain(name) for name in scalars})
        coords: dict[str, Any] = {column.name: list(column.levels) for column in self.columns}
        coords |= {f"{one.name}_covariate": list(one.names) for one in self.slopes}
        with pm.Model(coords=coords) as model:
            free = register(model, distributions)
            typical = {name: free[name] for name in self.links}
            shifted = self._shifted(free)
            for name, value in self.naming.arithmetic(typical).items():
                if name not in free:
                    pm.Deterministic(name, value)
            named = self.naming.arithmetic(typical | shifted)
            every = [pt.zeros(self.data.size) + named[name] for name in self.naming.parameters]
            if self.on_clock is None:
                observed = self.data.histories.to_numpy(dtype=float)
                observe(KERNELS[self.name], *self.laid_out, every, observed)
            else:
                at, clock, calendar = self.on_clock
                likelihood = LikelihoodOnClock(KERNELS[self.name], at, clock, calendar)
                observe_on_clock(likelihood, self._effects(calendar), every)
        return model

    def _effects(self, calendar: Calendar) -> Any:
        """Effects of periods, the latest first, with their sds, in the model on the context stack."""
        import pymc as pm
        import pytensor.tensor as pt

        scales = zip(SDS, calendar.scales, calendar.kinds, strict=False)
        parts = [pm.HalfNormal(name, sigma=scale) ** 2 * kind for name, scale, kind in scales]
        covariance = sum(parts[1:], parts[0]) + SMALL * np.eye(calendar.number)
        effect = pm.MvNormal("calendar_effect", np.zeros(calendar.number), cov=pt.as_tensor(covariance))
        return effect[::-1]

    @cached_property
    def on_clock(self) -> tuple[IntArray, OnClock, Calendar] | None:
        """Where the histories of groups begin, these laid out on the clock of a factor, and its prior."""
        if self.calendar is None or self.clock is None:
            return None
        return *self.clock(self.data, self.calendar), self.calendar

    def _shifted(self, free: Mapping[str, Any]) -> dict[str, Any]:
        """Quantities of groups, of those that effects or slopes shift, in the model on the context stack."""
        import pymc as pm
        import pytensor.tensor as pt

        on_link: dict[str, Any] = {}
        shifted = [*(one.quantity for one in self.effects), *(one.quantity for one in self.slopes)]
        for name in dict.fromkeys(shifted):
            logarithm = pt.log(free[name])
            on_link[name] = logarithm if self.links[name] == LOG else logarithm - pt.log1p(-free[name])
        for one in self.effects:
            sd = free[one.sd]
            part = pm.Normal(f"{one.name}_part", 0.0, sd**one.kept)
            effect = pm.Deterministic(one.name, one.basis @ (sd ** (1 - one.kept) * part), dims=one.column.name)
            on_link[one.quantity] = on_link[one.quantity] + effect[one.column.of_group]
        for slopes in self.slopes:
            beta = pm.Normal(slopes.name, 0.0, self._sigma(slopes), dims=f"{slopes.name}_covariate")
            on_link[slopes.quantity] = on_link[slopes.quantity] + slopes.values @ beta
        return {
            name: pt.exp(value) if self.links[name] == LOG else pt.sigmoid(value) for name, value in on_link.items()
        }

    def fit(self, *, method: Method = "auto", **settings: Any) -> xr.DataTree:
        """Draw from the posterior; settings as in `fit_posterior`. Pooled models are drawn from by NUTS."""
        foreign = sorted(set(settings) - OURS)
        density = self.density() if has_nutpie() and not foreign else None
        if self.calendar is not None and density is None:
            found = self._against_calendar(foreign)
            if not self.calendar.optional:
                raise FitError(
                    _(
                        "Calendar effects do not go with {found}. {cure}, or set calendar_effects=None.",
                        found=found,
                        cure=CURE,
                    )
                )
            without = _("this fit goes without, so totals seem surer than they are")
            warnings.warn(
                _(
                    "Calendar effects do not go with {found}: {without}. {cure}.",
                    found=found,
                    without=without,
                    cure=CURE,
                ),
                DataWarning,
                stacklevel=3,
            )
            tree = replace(self, calendar=None).fit(method=method, **settings)
            tree.attrs["without_calendar"] = str(_("they do not go with {found}", found=found))
            return tree
        if self.pool:
            fewest = min((len(column.levels) for column in self.columns), default=FEW_SEGMENTS)
            settings["hierarchical"] = ACCEPT_OF_FEW if fewest < FEW_SEGMENTS else ACCEPT
            method = "nuts" if method == "auto" else method
        tree = fit_posterior(density or self.model(), method=method, **settings)
        posterior = tree["posterior"].to_dataset()
        tree["posterior"] = posterior.drop_vars([name for name in posterior if str(name).endswith("_part")])
        tree.attrs.update(self.attrs())
        return tree

    def _against_calendar(self, foreign: Sequence[str]) -> str:
        """What keeps a fit from calendar effects, which need the density written out."""
        found = [
            _("the prior of {uncommon}", uncommon=comma(self.uncommon)) if self.uncommon else "",
            _("settings of pymc.sample ({foreign})", foreign=comma(foreign)) if foreign else "",
        ]
        return " and ".join(filter(None, found)) or _("an installation without nutpie")

    def attrs(self) -> dict[str, Any]:
        """What a fit remembers of the model: k, and what is needed to find the parameters of a customer."""
        k: dict[str, Any] = {} if self.k is None else {"k": self.k}
        if self.calendar is not None:
            k["calendar"] = self.calendar.to_json()
        if not self.pool:
            return k
        cells = self.data.cells
        pooling = {
            "model": self.name,
            **({} if self.k is None else {"k": self.k}),
            "by": list(self.pool.by),
            "covariates": {name: list(columns) for name, columns in self.pool.covariates.items()},
            "scales": {name: list(scale) for name, scale in self.scales.items()},
            "ranges": {name: [float(cells[name].min()), float(cells[name].max())] for name in self.scales},
            "customers": {
                column.name: dict(zip(column.levels, column.customers.tolist(), strict=True)) for column in self.columns
            },
        }
        return {"pooling": json.dumps(pooling), **k}

    def settings(self) -> dict[str, Any]:
        """What a fit remembers of its settings."""
        k = {} if self.k is None else {"k": self.k}
        return {"priors": {name: describe(prior) for name, prior in self.chosen.items()}, **k}

    def _domain(self, name: str) -> Domain:
        if name in {one.name for one in self.slopes} or self.links.get(name) == IDENTITY:
            return ANYWHERE
        return DOMAINS.get(name) or (POSITIVE if self.links.get(name, LOG) == LOG else PROBABILITY)
