"""By what customers' parameters differ: segments, drawn from a common distribution, and covariates that shift them."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.grouping import Grouping, InGroups
from ltv_bayes.errors import DataWarning, InputError, PriorError, counted, suggestion
from ltv_bayes.formulas.models.parameterization import Naming
from ltv_bayes.formulas.models.parameterization import naming as naming_of
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.models.density.differences import Column, Slopes
from ltv_bayes.models.priors import Prior, as_prior, chosen_priors
from ltv_bayes.sizes import MANY_GROUPS

USUAL_SLOPE = Prior("Normal", mu=0.0, sigma=0.5)
MANY_SEGMENTS = 50
RESERVED = ("chain", "draw", "customer_id", "customers", "count", "label")
OF_HISTORIES = (
    "frequency",
    "recency",
    "T",
    "monetary_value",
    "spend_frequency",
    "renewals",
    "lost",
    "observed_from",
    "subscriptions",
    "quantity",
)


@dataclass(frozen=True)
class Pool:
    """By what customers' parameters differ.

    Attributes
    ----------
    by : tuple of str
        Columns of segments; effects of several add up.
    covariates : mapping
        Quantity to the columns of numbers that shift it.
    """

    by: tuple[str, ...] = ()
    covariates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: str, pool_by: Any, covariates: Any) -> "Pool":
        """Read what the user gave; false where all customers have the same parameters."""
        by = _as_columns(pool_by, "pool_by")
        naming = naming_of(model)
        if isinstance(covariates, Mapping):
            for name in covariates:
                if name not in naming.links:
                    raise InputError(
                        _(
                            "covariates: there is no {name!r}. {suggestion}",
                            name=name,
                            suggestion=suggestion(str(name), naming.links),
                        )
                    )
            shifted = {name: _as_columns(columns, "covariates") for name, columns in covariates.items()}
        else:
            columns = _as_columns(covariates, "covariates")
            shifted = dict.fromkeys(naming.levels, columns) if columns else {}
        numbers = tuple(dict.fromkeys(name for columns in shifted.values() for name in columns))
        for name in (*by, *numbers):
            if "/" in name or name in (*RESERVED, *OF_HISTORIES, *naming.links, *naming.parameters):
                raise InputError(
                    _("A column called {name!r} cannot name a part of the posterior: rename it.", name=name)
                )
        if both := set(by) & set(numbers):
            raise InputError(
                _("{both!r} cannot make segments and be a covariate too: leave one out.", both=sorted(both)[0])
            )
        return cls(by, shifted)

    def __bool__(self) -> bool:
        return bool(self.by or self.covariates)

    @property
    def grouping(self) -> Grouping:
        """The columns that make groups of customers."""
        return Grouping(self.by, tuple(dict.fromkeys(name for names in self.covariates.values() for name in names)))

    def priors(self, naming: Naming, given: Mapping[str, Any], usual: Mapping[str, Prior]) -> dict[str, Any]:
        """Put the user's priors in place of the usual ones.

        Raises
        ------
        PriorError
            If there is no such variable, or a prior does not suit it.
        """
        if not self:
            return chosen_priors(given, usual, naming.alternatives)
        sds = [f"{quantity}_sd" for quantity in naming.levels if self.by]
        sds += [f"{name}_{column}" for name in sds for column in self.by]
        slopes = [f"{quantity}_slope" for quantity in self.covariates]
        known = [*usual, *sds, *slopes]
        if unknown := [name for name in given if name not in known]:
            raise PriorError(
                _(
                    "There is no parameter {unknown!r} in a pooled model. {suggestion}",
                    unknown=unknown[0],
                    suggestion=suggestion(unknown[0], known),
                )
            )
        for name in slopes:
            prior = as_prior(given.get(name, USUAL_SLOPE))
            numbers = dict(prior.parameters) if isinstance(prior, Prior) else {}
            normal = isinstance(prior, Prior) and prior.family == "Normal" and numbers.get("mu", 0.0) == 0
            if not (normal and numbers.get("sigma", 0.0) > 0):
                raise PriorError(
                    _("The prior of {name} must be Prior('Normal', mu=0, sigma=...), sigma above 0.", name=name)
                )
        return {**usual, **given}

    def columns(self, data: InGroups) -> list[Column]:
        """Columns of segments."""
        found = []
        for name in self.by:
            cells = data.cells[name]
            levels = tuple(sorted(cells.unique()))
            of_group = np.searchsorted(np.array(levels, dtype=object), cells.to_numpy(dtype=object)).astype(np.int64)
            found.append(Column(name, levels, of_group, np.bincount(of_group, data.customers, len(levels))))
        return found

    def scales(self, data: InGroups) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each covariate over customers.

        Raises
        ------
        InputError
            If one is the same for all.
        """
        found, weights = {}, data.customers
        for name in self.grouping.covariates:
            values = data.cells[name].to_numpy(dtype=float)
            centre = float(np.average(values, weights=weights))
            scale = float(np.sqrt(np.average((values - centre) ** 2, weights=weights)))
            if not scale > 1e-9 * max(1.0, abs(centre)):
                raise InputError(
                    _(
                        "The covariate {name!r} is {centre:g} for all customers and says nothing: leave it out.",
                        name=name,
                        centre=centre,
                    )
                )
            found[name] = centre, scale
        return found

    def slopes(self, data: InGroups, scales: Mapping[str, tuple[float, float]]) -> list[Slopes]:
        """What covariates do to each quantity."""

        def standardised(name: str) -> Array:
            centre, scale = scales[name]
            return (data.cells[name].to_numpy(dtype=float) - centre) / scale

        return [
            Slopes(quantity, names, np.column_stack([standardised(name) for name in names]))
            for quantity, names in self.covariates.items()
        ]

    def check(self, data: InGroups) -> None:
        """Refuse a column with all customers in one segment; warn of one in which most have a segment of their own.

        Warn, too, of a number of groups that makes a fit slow.
        """
        customers = float(data.customers.sum())
        for name in self.by:
            number = data.cells[name].nunique()
            if number < 2:
                raise InputError(
                    _(
                        "All {customers} have the same {name}, {iloc!r}, so segments cannot be compared: leave "
                        "pool_by={name!r} out.",
                        customers=counted(int(customers), "customer"),
                        name=name,
                        iloc=data.cells[name].iloc[0],
                    )
                )
            if number >= MANY_SEGMENTS and 2 * number > customers:
                warnings.warn(
                    _(
                        "pool_by={name!r} makes {number:,} segments of {customers:,.0f} customers, so most "
                        "have a segment of their own. Numbers shift parameters as covariates={name!r}, or are "
                        "rounded first.",
                        name=name,
                        number=number,
                        customers=customers,
                    ),
                    DataWarning,
                    stacklevel=4,
                )
        if data.size > MANY_GROUPS:
            warnings.warn(
                _(
                    "Customers are in {size:,} groups, one for each value of the covariates, which makes a fit "
                    "slow. Round the covariates, their logarithms to one digit for instance.",
                    size=data.size,
                ),
                DataWarning,
                stacklevel=4,
            )


def one_group(histories: pd.DataFrame) -> InGroups:
    """Put distinct histories, with the number of customers that share each as ``count``, into one group."""
    return InGroups(pd.DataFrame(index=[0]), np.zeros(len(histories), dtype=np.int64), histories)


def _as_columns(value: Any, argument: str) -> tuple[str, ...]:
    if value is None:
        return ()
    names = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise InputError(
            _("{argument} takes names of columns, each once, not {value!r}.", argument=argument, value=value)
        )
    return names
