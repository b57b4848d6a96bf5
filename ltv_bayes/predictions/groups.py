"""Parameters of customers in groups: from a pooled fit's draws to those of each customer's own segment."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special

from ltv_bayes.data.customers.grouping import Grouping
from ltv_bayes.errors import ColumnError, InputError, counted, listed, refuse_rows, rows_at_fault, suggestion
from ltv_bayes.formulas.models.parameterization import LOG, Naming
from ltv_bayes.formulas.models.parameterization import naming as naming_of
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.sizes import KEPT_GROUPS

FAR = 10.0
"""A covariate this number of standard deviations from the mean lies far outside the customers fitted."""
LARGEST_SHIFT = float(np.log(1e9))
"""No customer is a thousand million times as often there, or as large, as the typical one."""

Parameters = dict[str, Array]


class GroupDraws:
    """Parameter draws of customers in groups, made when asked for.

    Parameters
    ----------
    place : array of shape (customers,)
        The group of each customer.
    number : int
        How many groups there are.
    make : callable
        From places of groups to arrays of shape (groups, draws) by name.
    """

    def __init__(self, place: IntArray, number: int, make: Callable[[IntArray], Parameters]) -> None:
        self.place, self.number, self._make = place, number, make
        self._kept = make(np.arange(number)) if number <= KEPT_GROUPS else None

    def at(self, groups: IntArray) -> Parameters:
        """Of groups, arrays of shape (groups, draws)."""
        if self._kept is None:
            return self._make(groups)
        return {name: values[groups] for name, values in self._kept.items()}

    def parts(self) -> Iterator[tuple[IntArray, Parameters]]:
        """Customers, some at a time, with arrays of shape (draws, 1) where all have the same, else (draws, customers).

        One group at a time where groups are few, and otherwise a few hundred customers, so that arrays stay small.
        """
        if self.number <= KEPT_GROUPS:
            for group in range(self.number):
                drawn = self.at(np.array([group])).items()
                yield np.flatnonzero(self.place == group), {name: values.T for name, values in drawn}
            return
        for first in range(0, self.place.size, KEPT_GROUPS):
            here = np.arange(first, min(first + KEPT_GROUPS, self.place.size))
            yield here, {name: np.ascontiguousarray(values.T) for name, values in self.at(self.place[here]).items()}

    def block(self, first: int, last: int) -> tuple[IntArray, Parameters]:
        """Of a block of customers: the place of each among their groups, and arrays (groups, draws)."""
        if self.number == 1 and self._kept is not None:
            return np.zeros(last - first, dtype=np.int64), self._kept
        groups, place = np.unique(self.place[first:last], return_inverse=True)
        return place.astype(np.int64), self.at(groups)


@dataclass(frozen=True)
class Pooling:
    """What a pooled fit records of how parameters differ.

    Attributes
    ----------
    model : str
    by : tuple of str
        Columns of segments.
    covariates : mapping
        Quantity to columns of numbers.
    scales : mapping
        Mean and standard deviation of each covariate in the data that were fitted.
    customers : mapping
        Column to how many customers each of its segments had.
    k : int
        How regular purchases are, in a model that asks for it.
    ranges : mapping
        Least and largest value of each covariate in the data that were fitted; not in fits saved by older versions.
    """

    model: str
    by: tuple[str, ...]
    covariates: Mapping[str, tuple[str, ...]]
    scales: Mapping[str, tuple[float, float]]
    customers: Mapping[str, Mapping[str, float]]
    k: int = 1
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: xr.DataTree) -> "Pooling | None":
        """Read it from a fit; None where all customers have the same parameters."""
        text = tree.attrs.get("pooling")
        if not text:
            return None
        kept = json.loads(text)
        covariates = {name: tuple(columns) for name, columns in kept["covariates"].items()}
        scales = {name: (centre, scale) for name, (centre, scale) in kept["scales"].items()}
        ranges = {name: (least, largest) for name, (least, largest) in kept.get("ranges", {}).items()}
        return cls(kept["model"], tuple(kept["by"]), covariates, scales, kept["customers"], kept.get("k", 1), ranges)

    @property
    def naming(self) -> Naming:
        """How parameters follow from natural quantities."""
        return naming_of(self.model, self.k)

    @property
    def grouping(self) -> Grouping:
        """The columns that make groups."""
        return Grouping(self.by, tuple(self.scales))

    def cells(self, table: pd.DataFrame, noun: str = "customer") -> tuple[pd.DataFrame, IntArray]:
        """Distinct groups among rows, and the group of each row."""
        keys = self.grouping.keys(table, noun)
        place = keys.groupby(self.grouping.columns, sort=True).ngroup().to_numpy().astype(np.int64)
        first = np.empty(place.max(initial=-1) + 1, dtype=np.int64)
        first[place[::-1]] = np.arange(len(place))[::-1]
        return keys.iloc[first].reset_index(drop=True), place

    def cell(self, values: Mapping[str, Any]) -> pd.DataFrame:
        """One group by its columns; a column without a value counts as typical, with a missing segment.

        Raises
        ------
        ColumnError
            If there is no such column.
        InputError
            If a segment has no name, or a covariate is no finite number.
        """
        known = [*self.by, *self.scales]
        for name in values:
            if name not in known:
                raise ColumnError(
                    _(
                        "The fit is not pooled by {name!r}. {suggestion}",
                        name=name,
                        suggestion=suggestion(str(name), known),
                    )
                )
        named = pd.DataFrame([{name: values[name] for name in self.by if name in values}])
        text = Grouping(tuple(named.columns)).keys(named, "segment").iloc[0]
        segments = {name: text.get(name) for name in self.by}
        numbers = {name: _number(name, values.get(name, centre)) for name, (centre, _unused) in self.scales.items()}
        return pd.DataFrame([{**segments, **numbers}])

    def named(self, segment: Any) -> dict[str, Any]:
        """A segment that was given without its column, where there is one column of segments.

        Raises
        ------
        ColumnError
            If there are several, or none.
        """
        if len(self.by) == 1:
            return {self.by[0]: segment}
        if not self.by:
            raise ColumnError(
                _(
                    "The fit is not pooled by segments, so there is no {segment!r}. It is {self}.",
                    segment=segment,
                    self=self,
                )
            )
        raise ColumnError(
            _(
                "The fit is pooled by {by}: name the column that {segment!r} is in, as in "
                "of_segment({{{by_2!r}: {segment!r}}}).",
                by=listed(self.by),
                segment=segment,
                by_2=self.by[0],
            )
        )

    def far_outside(self, rows: Iterable[pd.DataFrame], noun: str = "customer") -> list[str]:
        """Say which covariates lie far outside those of the customers fitted, and name the customers.

        Parameters
        ----------
        rows : iterable of DataFrame
            Segments and covariates as they were read, a batch at a time.
        """
        found: dict[str, list[Any]] = {name: [] for name in self.scales}
        for keys in rows:
            for name in self.scales:
                found[name] += list(keys.index[self._outside(keys, name)])
        return [
            rows_at_fault(
                ids,
                noun,
                _(
                    "with a {name} more than {far:.0f} standard deviations from the mean of those who were "
                    "fitted (mean {scales:.4g}, standard deviation {scales_2:.4g})",
                    name=name,
                    far=FAR,
                    scales=self.scales[name][0],
                    scales_2=self.scales[name][1],
                ),
                _("Is it counted in the same unit? If so, these forecasts reach far beyond the data."),
            )
            for name, ids in found.items()
            if ids
        ]

    def refuse_overflow(self, posterior: xr.Dataset, keys: pd.DataFrame, noun: str = "customer") -> None:
        """Raise where covariates move a quantity so far from the typical that no such customer can be.

        Raises
        ------
        InputError
            With the rows.
        """
        for quantity, columns in self.covariates.items():
            steepest = np.abs(_flat(posterior[f"{quantity}_slope"])).max(axis=0)
            shift = np.abs(self._standardised(keys, columns)) @ steepest
            bad = (shift > LARGEST_SHIFT) & np.any([self._outside(keys, name) for name in columns], axis=0)
            if bad.any():
                fitted = [
                    _(
                        "{name}: mean {centre:.4g}, standard deviation {scale:.4g}",
                        name=name,
                        centre=centre,
                        scale=scale,
                    )
                    for name, (centre, scale) in ((name, self.scales[name]) for name in columns)
                ]
                problem = _(
                    "so far from those who were fitted ({fitted}) that their {quantity} has no bounds",
                    fitted="; ".join(fitted),
                    quantity=quantity,
                )
                cure = _("Count the covariate in the unit of the fit, its logarithm for instance, or correct it.")
                refuse_rows(keys.index[bad], noun, problem, cure)

    def as_written(self, cells: pd.DataFrame, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values that were given of one group: names of segments as text, covariates as numbers."""
        row = cells.iloc[0]
        return {name: float(row[name]) if name in self.scales else str(row[name]) for name in values}

    def column(self, name: str | None) -> str:
        """The column of segments that is meant.

        Raises
        ------
        ColumnError
            If there is no such column, or none is named where there are several.
        """
        if name is None and len(self.by) == 1:
            return self.by[0]
        if name is None:
            columns = " or ".join(f"column={known!r}" for known in self.by)
            raise ColumnError(
                _("The fit is pooled by {by}: say which column, {columns}.", by=listed(self.by), columns=columns)
            )
        if name not in self.by:
            raise ColumnError(
                _(
                    "The fit is not pooled by {name!r}. {suggestion}",
                    name=name,
                    suggestion=suggestion(str(name), self.by),
                )
            )
        return str(name)

    def __str__(self) -> str:
        columns = [f"{name} ({counted(len(self.customers[name]), 'segment')})" for name in self.by]
        parts = [_("pooled by {columns}", columns=listed(columns))] if columns else []
        parts += [
            _("{name} by {covariates}", name=name.replace("_", " "), covariates=listed(covariates))
            for name, covariates in self.covariates.items()
        ]
        return "; ".join(parts)

    def unseen(self, table: pd.DataFrame) -> dict[str, list[str]]:
        """Segments that the fit has not seen, by column, with any customers among the rows."""
        keys = self.grouping.keys(table)
        return {name: sorted(set(keys[name]) - set(self.customers[name])) for name in self.by}

    def parameters(self, posterior: xr.Dataset, cells: pd.DataFrame) -> Parameters:
        """Parameters of groups: arrays of shape (groups, draws) by name.

        A segment that the fit has not seen is drawn from the distribution of segments, once for each draw.
        """
        named = self.naming.arithmetic(self.quantities(posterior, cells))
        return {name: np.ascontiguousarray(named[name]) for name in self.naming.parameters}

    def quantities(self, posterior: xr.Dataset, cells: pd.DataFrame) -> Parameters:
        """Natural quantities of groups: arrays of shape (groups, draws) by name."""
        return {name: self._quantity(posterior, name, link, cells) for name, link in self.naming.links.items()}

    def _quantity(self, posterior: xr.Dataset, name: str, link: str, cells: pd.DataFrame) -> Array:
        """A natural quantity of groups: an array of shape (groups, draws)."""
        value = _flat(posterior[name])
        shifts = [
            self._effects(posterior, name, column, cells[column]) for column in self.by if name in self.naming.levels
        ]
        if columns := self.covariates.get(name):
            shifts.append(self._standardised(cells, columns) @ _flat(posterior[f"{name}_slope"]).T)
        if not shifts:
            return np.broadcast_to(value, (len(cells), value.size))
        shifted = (np.log(value) if link == LOG else special.logit(value)) + sum(shifts)
        return np.exp(shifted) if link == LOG else special.expit(shifted)

    def _outside(self, keys: pd.DataFrame, name: str) -> np.ndarray:
        """Mark rows whose covariate lies far from the mean of the customers fitted, and beyond them all."""
        (centre, scale), (least, largest) = self.scales[name], self.ranges.get(name, (np.inf, -np.inf))
        values = keys[name].to_numpy(dtype=float)
        return (np.abs(values - centre) > FAR * scale) & ~((values >= least) & (values <= largest))

    def _standardised(self, cells: pd.DataFrame, columns: tuple[str, ...]) -> Array:
        centre, scale = np.array([self.scales[name] for name in columns]).T
        return (cells[list(columns)].to_numpy(dtype=float) - centre) / scale

    def _effects(self, posterior: xr.Dataset, quantity: str, column: str, segments: pd.Series) -> Array:
        """Effects of the groups' segments: an array of shape (groups, draws)."""
        name = f"{quantity}_by_{column}"
        drawn = _flat(posterior[name]).T
        levels = next(posterior[str(dim)] for dim in posterior[name].dims if dim not in ("chain", "draw"))
        at = pd.Index(levels.to_numpy()).astype(str).get_indexer(pd.Index(segments))
        found = drawn[np.maximum(at, 0)]
        found[segments.isna().to_numpy()] = 0.0
        for row in np.flatnonzero((at < 0) & segments.notna().to_numpy()):
            sd = _flat(posterior[f"{quantity}_sd_{column}"]) * np.sqrt(1 + 1 / len(drawn))  # of the mean, too
            purpose = f"unseen segment\x1f{self.model}\x1f{name}\x1f{sd[0]:.6g}"  # no two fits have the same
            stream = customer_stream(0, purpose, segments.iloc[row])
            found[row] = sd * stream.standard_normal(drawn.shape[1])
        return found


def _number(name: str, value: Any) -> float:
    """Read a covariate of one segment."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise InputError(
            _("{name} is a covariate of this fit, so it takes a finite number, not {value!r}.", name=name, value=value)
        )
    return number


def _flat(variable: xr.DataArray) -> Array:
    """A variable's draws with chains joined: an array of shape (draws, ...)."""
    values = variable.transpose("chain", "draw", ...).to_numpy()
    return values.reshape(-1, *values.shape[2:])
