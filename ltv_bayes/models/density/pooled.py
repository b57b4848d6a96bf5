"""Models whose parameters differ between segments, drawn from a common distribution, and shift with covariates."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.grouping import Grouping, InGroups
from ltv_bayes.errors import DataWarning, InputError, PriorError, counted, suggestion
from ltv_bayes.formulas.kernels.grouped_likelihoods import KERNELS, Tables
from ltv_bayes.formulas.models.parameterization import LOG, Naming
from ltv_bayes.formulas.models.parameterization import naming as naming_of
from ltv_bayes.formulas.special import Array
from ltv_bayes.inference.methods import Method, fit_posterior
from ltv_bayes.inference.nuts import has_nutpie
from ltv_bayes.models.density.direct_density import FAMILIES, Beta, LogNormal
from ltv_bayes.models.density.pooled_density import Column, Effects, PooledDensity, Slopes
from ltv_bayes.models.priors.priors import (
    POSITIVE,
    PROBABILITY,
    Domain,
    Prior,
    as_distributions,
    as_prior,
    describe,
    register,
    require_priors,
)

if TYPE_CHECKING:
    import pymc as pm

USUAL_SD = Prior("LogNormal", mu=np.log(0.3), sigma=1.0)
USUAL_SLOPE = Prior("Normal", mu=0.0, sigma=0.5)
USUAL_PRECISION = 0.3**-2
FEW_SEGMENTS, MANY_GROUPS = 8, 20_000
MANY_SEGMENTS = 50
ACCEPT, ACCEPT_OF_FEW = 0.95, 0.98  # few segments leave the sd between them in doubt
RESERVED = ("chain", "draw", "customer_id", "customers", "count", "label")
OF_HISTORIES = (
    "frequency",
    "recency",
    "T",
    "monetary_value",
    "spend_frequency",
    "renewals",
    "lost",
    "subscriptions",
    "quantity",
)
ANYWHERE = Domain(-np.inf, np.inf)


class Settings:
    """Settings of a model, which show what was set, and refuse priors that are none."""

    priors: Mapping[str, Any]

    def __post_init__(self) -> None:
        require_priors(self.priors)

    def __repr__(self) -> str:
        given = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        said = ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)
        return f"{type(self).__name__}({said})"


@dataclass(frozen=True)
class Pool:
    """By what customers' parameters differ.

    Attributes
    ----------
    by : tuple of str
        Columns of segments, whose effects add up.
    covariates : mapping
        Quantity to the columns of numbers that shift it.
    """

    by: tuple[str, ...] = ()
    covariates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: str, pool_by: Any, covariates: Any) -> "Pool | None":
        """Read what the user gave; None where all customers have the same parameters."""
        by = _as_columns(pool_by, "pool_by")
        naming = naming_of(model)
        if isinstance(covariates, Mapping):
            for name in covariates:
                if name not in naming.links:
                    raise InputError(f"covariates: there is no {name!r}. {suggestion(str(name), naming.links)}")
            shifted = {name: _as_columns(columns, "covariates") for name, columns in covariates.items()}
        else:
            columns = _as_columns(covariates, "covariates")
            shifted = dict.fromkeys(naming.levels, columns) if columns else {}
        numbers = tuple(dict.fromkeys(name for columns in shifted.values() for name in columns))
        for name in (*by, *numbers):
            if "/" in name or name in (*RESERVED, *OF_HISTORIES, *naming.links, *naming.parameters):
                raise InputError(f"A column called {name!r} cannot name a part of the posterior: rename it.")
        if both := set(by) & set(numbers):
            raise InputError(f"{sorted(both)[0]!r} cannot make segments and be a covariate too: leave one out.")
        return cls(by, shifted) if by or shifted else None

    @property
    def grouping(self) -> Grouping:
        """The columns that make groups of customers."""
        return Grouping(self.by, tuple(dict.fromkeys(name for names in self.covariates.values() for name in names)))


@dataclass(frozen=True, eq=False)
class PooledRecipe:
    """A pooled model of some data: its PyMC model, and posterior draws.

    Attributes
    ----------
    name : str
        Of the model, as in `formulas.natural`.
    parameters : tuple of str
        What its likelihood takes.
    pool : Pool
    data : InGroups
        Histories of each group.
    tables : tuple of arrays
        The same, laid out for the kernel.
    priors : mapping
        Of the quantities, of sds of effects, and of slopes.
    k : int, optional
        How regular purchases are, in a model that asks for it.
    """

    name: str
    parameters: tuple[str, ...]
    pool: Pool
    data: InGroups
    tables: Tables
    priors: Mapping[str, Any]
    k: int | None = None

    @property
    def naming(self) -> Naming:
        """How parameters follow from quantities."""
        return naming_of(self.name, self.k or 1)

    def __post_init__(self) -> None:
        require_segments(self.data, self.pool)
        self._warn_of_single_customers()
        if self.data.size > MANY_GROUPS:
            warnings.warn(
                f"Customers are in {self.data.size:,} groups, one for each value of the covariates, which makes a fit "
                f"slow. Round the covariates, their logarithms to one digit for instance.",
                DataWarning,
                stacklevel=4,
            )

    def _warn_of_single_customers(self) -> None:
        """Warn of columns in which next to every customer is a segment, as in one of numbers."""
        customers = float(self.data.customers.sum())
        for name in self.pool.by:
            number = self.data.cells[name].nunique()
            if number >= MANY_SEGMENTS and 2 * number > customers:
                warnings.warn(
                    f"pool_by={name!r} makes {number:,} segments of {customers:,.0f} customers, so most have a "
                    f"segment of their own. Numbers shift parameters as covariates={name!r}, or are rounded first.",
                    DataWarning,
                    stacklevel=5,
                )

    @cached_property
    def columns(self) -> list[Column]:
        """Columns of segments."""
        found = []
        for name in self.pool.by:
            cells = self.data.cells[name]
            levels = tuple(sorted(cells.unique()))
            of_group = np.searchsorted(np.array(levels, dtype=object), cells.to_numpy(dtype=object)).astype(np.int64)
            customers = np.bincount(of_group, self.data.customers, len(levels))
            found.append(Column(name, levels, of_group, customers))
        return found

    @cached_property
    def effects(self) -> list[Effects]:
        """Effects of each column on each level of something, written as chains best take them."""
        none = [
            Effects.of(quantity, column, np.zeros(len(column.levels)), USUAL_PRECISION)
            for quantity in self.naming.levels
            for column in self.columns
        ]
        usual = {**dict(self._usual_laws), **{one.sd: _law(USUAL_SD, POSITIVE, None) for one in none}}
        said = self._density(usual, none, []).information() if none else {}
        found = []
        for one in none:
            of_level = np.bincount(one.column.of_group, said[one.quantity], len(one.column.levels))
            found.append(Effects.of(one.quantity, one.column, of_level, USUAL_PRECISION))
        return found

    @property
    def _usual_laws(self) -> Iterator[tuple[str, Any]]:
        """Priors of the quantities in plain numbers; broad ones in place of those of uncommon families."""
        for name, link in self.naming.links.items():
            law = _law(as_prior(self.priors[name]), self._domain(name), None)
            yield name, law or (LogNormal(0.0, 3.0) if link == LOG else Beta(1.0, 1.0))

    @cached_property
    def scales(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each covariate over customers.

        Raises
        ------
        InputError
            If one is the same for all.
        """
        found, weights = {}, self.data.customers
        for name in self.pool.grouping.covariates:
            values = self.data.cells[name].to_numpy(dtype=float)
            centre = float(np.average(values, weights=weights))
            scale = float(np.sqrt(np.average((values - centre) ** 2, weights=weights)))
            if not scale > 1e-9 * max(1.0, abs(centre)):
                raise InputError(
                    f"The covariate {name!r} is {centre:g} for all customers and says nothing: leave it out."
                )
            found[name] = centre, scale
        return found

    @cached_property
    def slopes(self) -> list[Slopes]:
        """What covariates do to each quantity."""

        def standardised(name: str) -> Array:
            centre, scale = self.scales[name]
            return (self.data.cells[name].to_numpy(dtype=float) - centre) / scale

        return [
            Slopes(quantity, names, np.column_stack([standardised(name) for name in names]))
            for quantity, names in self.pool.covariates.items()
        ]

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """The prior of every variable that has one of its own."""
        effects = {one.sd: self._own(one.sd, f"{one.quantity}_sd", USUAL_SD) for one in self.effects}
        slopes = {one.name: as_prior(self.priors.get(one.name, USUAL_SLOPE)) for one in self.slopes}
        quantities = {name: as_prior(self.priors[name]) for name in self.naming.links}
        return {**quantities, **effects, **slopes}

    def _own(self, name: str, common: str, usual: Prior) -> Any:
        return as_prior(self.priors.get(name, self.priors.get(common, usual)))

    def density(self) -> PooledDensity | None:
        """The model's log density written out, if its priors are of common families."""
        laws = {}
        slopes = {one.name for one in self.slopes}
        for name, prior in self.chosen.items():
            wanted = "Normal" if name in slopes else None
            laws[name] = _law(prior, self._domain(name), wanted)
        if any(law is None for law in laws.values()):
            return None
        return self._density(laws, self.effects, self.slopes)

    def _density(self, laws: Mapping[str, Any], effects: Sequence[Effects], slopes: Sequence[Slopes]) -> PooledDensity:
        kernel = KERNELS[self.name]
        return PooledDensity(self.naming, laws, self.parameters, kernel, self.tables, self.data.size, effects, slopes)

    def model(self) -> "pm.Model":
        """Make the PyMC model."""
        import pymc as pm
        import pytensor.tensor as pt

        from ltv_bayes.models.density.graphs import add_groups

        slopes = {one.name: one for one in self.slopes}
        scalars = as_distributions(
            {name: prior for name, prior in self.chosen.items() if name not in slopes},
            {name: self._domain(name) for name in self.chosen},
        )
        coords: dict[str, Any] = {column.name: list(column.levels) for column in self.columns}
        coords |= {f"{name}_covariate": list(one.names) for name, one in slopes.items()}
        with pm.Model(coords=coords) as model:
            free = register(model, scalars)
            links = {
                name: pt.log(free[name]) if link == LOG else pt.log(free[name]) - pt.log1p(-free[name])
                for name, link in self.naming.links.items()
            }
            for one in self.effects:
                sd = free[one.sd]
                part = pm.Normal(f"{one.name}_part", 0.0, sd**one.kept)
                effect = pm.Deterministic(one.name, one.basis @ (sd ** (1 - one.kept) * part), dims=one.column.name)
                links[one.quantity] = links[one.quantity] + effect[one.column.of_group]
            for name, slope in slopes.items():
                sigma = dict(self.chosen[name].parameters)["sigma"]
                beta = pm.Normal(name, 0.0, sigma, dims=f"{name}_covariate")
                links[slope.quantity] = links[slope.quantity] + slope.values @ beta
            for name, value in self.naming.arithmetic({name: free[name] for name in self.naming.links}).items():
                if name not in free:
                    pm.Deterministic(name, value)
            natural = {
                name: pt.exp(links[name]) if link == LOG else pt.sigmoid(links[name])
                for name, link in self.naming.links.items()
            }
            named = self.naming.arithmetic(natural)
            every = {name: pt.zeros(self.data.size) + named[name] for name in self.parameters}
            add_groups(KERNELS[self.name], self.tables, every, self.data.histories.to_numpy(dtype=float))
        return model

    def fit(self, *, method: Method = "auto", **settings: Any) -> xr.DataTree:
        """Draw from the posterior by NUTS; settings as in `fit_posterior`."""
        ours = {"draws", "tune", "chains", "random_seed", "progressbar"}
        density = self.density() if has_nutpie() and ours.issuperset(settings) else None
        fewest = min((len(column.levels) for column in self.columns), default=FEW_SEGMENTS)
        accept = ACCEPT_OF_FEW if fewest < FEW_SEGMENTS else ACCEPT
        method = "nuts" if method == "auto" else method
        tree = fit_posterior(density or self.model(), method=method, hierarchical=accept, **settings)
        posterior = tree["posterior"].to_dataset()
        tree["posterior"] = posterior.drop_vars([name for name in posterior if str(name).endswith("_part")])
        tree.attrs.update(self.attrs())
        return tree

    def attrs(self) -> dict[str, Any]:
        """What a fit must know of how parameters differ between customers."""
        return {"pooling": json.dumps(self.remembered())}

    def remembered(self) -> dict[str, Any]:
        """What a fit must know to find the parameters of a customer."""
        return {
            "model": self.name,
            **({} if self.k is None else {"k": self.k}),
            "by": list(self.pool.by),
            "covariates": {name: list(columns) for name, columns in self.pool.covariates.items()},
            "scales": {name: list(scale) for name, scale in self.scales.items()},
            "ranges": {
                name: [float(self.data.cells[name].min()), float(self.data.cells[name].max())] for name in self.scales
            },
            "customers": {
                column.name: dict(zip(column.levels, column.customers.tolist(), strict=True)) for column in self.columns
            },
        }

    def settings(self) -> dict[str, Any]:
        """What a fit remembers of its priors."""
        return {"priors": {name: describe(prior) for name, prior in self.chosen.items()}}

    def _domain(self, name: str) -> Domain:
        if name in {one.name for one in self.slopes}:
            return ANYWHERE
        return POSITIVE if self.naming.links.get(name, LOG) == LOG else PROBABILITY


def pooled_priors(model: str, pool: Pool, given: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """Put the user's priors in place of the usual ones.

    Raises
    ------
    PriorError
        If there is no such variable.
    """
    naming = naming_of(model)
    sds = [f"{quantity}_sd" for quantity in naming.levels if pool.by]
    sds += [f"{name}_{column}" for name in sds for column in pool.by]
    slopes = [f"{quantity}_slope" for quantity in pool.covariates]
    known = [*usual, *sds, *slopes]
    if unknown := [name for name in given if name not in known]:
        raise PriorError(f"There is no parameter {unknown[0]!r} in a pooled model. {suggestion(unknown[0], known)}")
    for name in slopes:
        prior = as_prior(given.get(name, USUAL_SLOPE))
        numbers = dict(prior.parameters) if isinstance(prior, Prior) else {}
        normal = isinstance(prior, Prior) and prior.family == "Normal" and numbers.get("mu", 0.0) == 0
        if not (normal and numbers.get("sigma", 0.0) > 0):
            raise PriorError(f"The prior of {name} must be Prior('Normal', mu=0, sigma=...), sigma above 0.")
    return {**usual, **given}


def require_segments(data: InGroups, pool: Pool) -> None:
    """Refuse a column whose customers are all in one segment."""
    for name in pool.by:
        if data.cells[name].nunique() < 2:
            raise InputError(
                f"All {counted(int(data.customers.sum()), 'customer')} have the same {name}, "
                f"{data.cells[name].iloc[0]!r}, so segments cannot be compared: leave pool_by={name!r} out."
            )


def _as_columns(value: Any, argument: str) -> tuple[str, ...]:
    if value is None:
        return ()
    names = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise InputError(f"{argument} takes names of columns, each once, not {value!r}.")
    return names


def _law(prior: Any, domain: Domain, wanted: str | None) -> Any:
    if not isinstance(prior, Prior):
        return None
    numbers = {name: float(value) for name, value in prior.parameters}
    if wanted == "Normal":
        return LogNormal(0.0, numbers["sigma"])  # on the scale of the link, where effects are normal
    if prior.family not in FAMILIES:
        return None
    try:
        law = FAMILIES[prior.family](**numbers)
    except TypeError:
        return None
    return law if law.valid and domain.low <= law.low and law.high <= domain.high else None
