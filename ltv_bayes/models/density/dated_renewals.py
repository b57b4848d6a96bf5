"""Covariates that vary in time, in a model of renewals: which counted before each renewal, and how long they stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.due_dates import Schedules, schedules_apart
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.kernels.tables import RenewalTables
from ltv_bayes.formulas.persistence import Persistence
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.models.density.pool import RESERVED
from ltv_bayes.predictions.churn.time_varying import TimeVarying, require_covariates


def as_names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Read the names of covariates.

    Raises
    ------
    InputError
        If they are no names, each once; or one cannot name a part of the posterior.
    """
    if given is None:
        return ()
    names = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise InputError(_("time_varying takes names of columns, each once, not {given!r}.", given=given))
    for name in names:
        if "/" in name or name in RESERVED:
            raise InputError(_("A column called {name!r} cannot name a part of the posterior: rename it.", name=name))
    return names


SAME = 1e-9


@dataclass(frozen=True, eq=False)
class DatedRenewals:
    """Settled renewals of subscriptions, each with a schedule of its own and the covariates known before each.

    Attributes
    ----------
    table : pandas.DataFrame
        As `Renewals.settled`, with a column ``schedule``; what was due before the first known values is not observed.
    schedules : Schedules
    names : tuple of str
        The covariates.
    """

    table: pd.DataFrame
    schedules: Schedules
    names: tuple[str, ...]

    @classmethod
    def of(cls, renewals: Renewals, names: Sequence[str], length: float = 1.0) -> Self:
        """Look up what was known; periods of this length are counted from the as-of date.

        Raises
        ------
        ColumnError
            If the renewals have no such covariates.
        """
        require_covariates(renewals, names)
        table, as_of = renewals.settled(), renewals.as_of
        number = table["renewals"].to_numpy(dtype=np.int64) + table["lost"].to_numpy(dtype=np.int64)
        assert as_of is not None
        schedules = schedules_apart(renewals, number, as_of, length, names)
        place, at = _places(schedules)
        since = table["observed_from"].to_numpy(dtype=np.int64, copy=True)
        unknown = np.isnan(schedules.known).any(axis=1)
        np.maximum.at(since, place[unknown], at[unknown] + 1)
        lost = table["lost"].to_numpy(dtype=bool) & (since <= table["renewals"].to_numpy())
        observed = np.minimum(since, table["renewals"])
        table = table.assign(observed_from=observed, lost=lost, schedule=schedules.place)
        return cls(table, schedules, tuple(names))

    @property
    def observed(self) -> Any:
        """Mark the renewals that count: a mask of shape (renewals due,)."""
        (place, at), table = _places(self.schedules), self.table
        low, high = table["observed_from"].to_numpy(), (table["renewals"] + table["lost"]).to_numpy()
        return (at >= low[place]) & (at < high[place])

    @cached_property
    def moments(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each covariate over the renewals that count.

        Raises
        ------
        InputError
            If one is the same at all of them.
        """
        values = self.schedules.known[self.observed]
        centre, scale = values.mean(axis=0), values.std(axis=0)
        for name, middle, width in zip(self.names, centre, scale, strict=True):
            if not width > SAME * max(1.0, abs(middle)):
                raise InputError(
                    _(
                        "The covariate {name!r} is {centre:g} before all renewals and says nothing: leave it out.",
                        name=name,
                        centre=middle,
                    )
                )
        return centre, scale

    def remembered(self, renewals: Renewals) -> TimeVarying:
        """What a fit remembers of the covariates."""
        centre, scale = self.moments
        read: Any = renewals.covariates
        subscribers = read.ids.isin(self.table.index.astype(str))
        left = []
        for at, name in enumerate(self.names):
            known = read.values[:, read.names.index(name)]
            some = subscribers[read.owner] & ~np.isnan(known)
            deviation = (known[some] - centre[at]) / scale[at]
            one = Persistence.learned(read.owner[some], read.day[some].astype(float), deviation)
            left.append((one.stays, one.half_life))
        return TimeVarying(self.names, _floats(centre), _floats(scale), tuple(left), tuple(map(_floats, self.together)))

    @property
    def together(self) -> Array:
        """Correlations of the covariates over the renewals that count: shape (covariates, covariates)."""
        return np.atleast_2d(np.corrcoef(self.schedules.known[self.observed], rowvar=False))

    def added_to(self, tables: RenewalTables) -> RenewalTables:
        """Tables with the covariates at all renewals due, in standard deviations from the mean."""
        (centre, scale), known = self.moments, self.schedules.known
        unknown = np.isnan(known)
        standardised = np.where(unknown, 0.0, (known - centre) / scale)
        return tables._replace(covariates=standardised, unknown=unknown.astype(float), together=self.together)


def _places(schedules: Schedules) -> tuple[IntArray, IntArray]:
    """The subscription of each renewal due, and its place among the renewals of that."""
    number = np.diff(schedules.first)
    return np.repeat(schedules.place, number), np.arange(schedules.first[-1]) - np.repeat(schedules.first[:-1], number)


def _floats(values: Array) -> tuple[float, ...]:
    return tuple(map(float, values))
