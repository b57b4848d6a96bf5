"""How customers are grouped into segments, and what each counts by in a segment's mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import by_id
from ltv_bayes.data.reading.columns import refuse_text
from ltv_bayes.errors import ColumnError, InputError, a_kind, listed, rows_at_fault, suggestion
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH
from ltv_bayes.value.draws.passes import MISSING, Segmenting, Weighting, by_column

REVENUE, TOTAL_VALUE = "revenue", "total_value"
BETWEEN = " / "
APART = "\x1f"


@dataclass(frozen=True)
class SegmentGrouping:
    """How segments are made.

    Attributes
    ----------
    name : str
        Of the grouping.
    segmenting : callable
        From customers to a key of each one's segment.
    column : str or None
        The column, if it is one.
    columns : tuple of str
        The columns, if they are several.
    """

    name: str
    segmenting: Segmenting
    column: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def key(self) -> str | None:
        """What its sums are remembered by; None of a mapping from ids."""
        return self.column if self.column is not None else APART.join(self.columns) or None

    @classmethod
    def read(cls, customers: Customers, given: Any) -> "SegmentGrouping":
        """Read how segments are to be made: by a column, by several, or by a mapping from ids.

        Raises
        ------
        ColumnError
            If there is no such column, one is named twice, or something else was given.
        InputError
            If a mapping names no customer who is valued.
        """
        if isinstance(given, Mapping | pd.Series):
            segments = by_id(customers, given, "by")
            name = str(getattr(given, "name", None) or "segment")
            return cls(name, lambda some: pd.Series([segments.get(str(one)) for one in some.ids]))
        columns = tuple([given] if isinstance(given, str) else given if isinstance(given, Sequence) else ())
        if not columns or not all(isinstance(column, str) for column in columns):
            raise ColumnError(
                _(
                    "Segments are made by the name of a column, by a list of such names, or by a mapping from "
                    "customer id to segment, not by {kind}.",
                    kind=a_kind(given),
                )
            )
        if len(set(columns)) < len(columns):
            raise ColumnError(_("Segments are made by each column once, not by {columns!r}.", columns=list(columns)))
        for column in columns:
            _require_column(customers, column)
        if len(columns) == 1:
            return cls(columns[0], by_column(columns[0]), columns[0])
        return cls(" and ".join(columns), _by_columns(columns), columns=columns)

    def keys(self, customers: Customers) -> pd.Series:
        """The key of each customer's segment, as text."""
        found = self.segmenting(customers)
        return found.astype(object).where(found.notna(), MISSING).map(str)

    def named(self, keys: list[str]) -> tuple[list[str], pd.DataFrame | None]:
        """Names of segments by their keys, and what they have in each of several columns."""
        if not self.columns:
            return keys, None
        parts = [key.split(APART) for key in keys]
        names = [BETWEEN.join(f'"{part}"' if BETWEEN in part else part for part in some) for some in parts]
        return names, pd.DataFrame(parts, columns=list(self.columns), index=pd.Index(names, name="segment"))


def weighting(customers: Customers, weight: str | pd.Series | Mapping[Any, Any]) -> Weighting:
    """Read what customers count by: past revenue, a column of numbers, or the weight of each customer id.

    Raises
    ------
    ColumnError
        If there is no such column, or it holds text.
    InputError
        If a mapping names no customer who is valued.
    """
    where = "" if isinstance(weight, Mapping | pd.Series) else _(" in {weight!r}", weight=weight)
    revenue = isinstance(weight, str) and weight == REVENUE and REVENUE not in customers.columns
    column = TOTAL_VALUE if revenue else weight
    values_of = _numbers_of(customers, column)

    def weights(some: Customers) -> Array:
        given = values_of(some)
        refuse_text(given, "weight")
        values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
        if revenue:  # refunds may exceed revenue
            values = np.maximum(values, 0.0)
        bad = list(some.ids[~(np.isfinite(values) & (values >= 0))])
        if bad:
            problem, cure = (
                _("without a weight{where}", where=where),
                _("Fill in a number of 0 or more, or leave weight= out."),
            )
            raise InputError(rows_at_fault(bad, "customer", problem, cure), bad)
        return values

    return weights


def _numbers_of(customers: Customers, weight: Any) -> Callable[[Customers], pd.Series]:
    """How the weights of customers are read."""
    if isinstance(weight, Mapping | pd.Series):
        given = by_id(customers, weight, "weight")
        return lambda some: pd.Series([given.get(str(one)) for one in some.ids], dtype=object)
    if not isinstance(weight, str):
        raise ColumnError(
            _(
                "Customers are weighted by the name of a column, or by a mapping from customer id to weight, "
                "not by a {name}.",
                name=type(weight).__name__,
            )
        )
    _require_column(customers, weight)
    return lambda some: some.table[weight]


def total_weights(customers: Customers, grouping: SegmentGrouping, weights: Weighting, keys: list[str]) -> Array:
    """Sum of the weights of each segment's customers, an array (segments,).

    Raises
    ------
    InputError
        If no customer of a segment has any.
    """
    sums = pd.Series(0.0, index=keys)
    for batch in customers.batches(CUSTOMERS_IN_BATCH):
        sums = sums.add(pd.Series(weights(batch)).groupby(grouping.keys(batch).to_numpy()).sum(), fill_value=0.0)
    total = sums.reindex(keys).to_numpy()
    bad = [name for name, weight in zip(grouping.named(keys)[0], total, strict=True) if not weight > 0]
    if bad:
        cure = _("Leave weight= out, or put them in a segment with others.")
        raise InputError(
            _(
                "No customer of {bad} has a weight above 0, so there is no weighted mean. {cure}",
                bad=listed(bad),
                cure=cure,
            ),
            bad,
        )
    return total


def _require_column(customers: Customers, column: str) -> None:
    if column not in customers.columns:
        raise ColumnError(
            _(
                "The customers have no column {column!r}. {suggestion}",
                column=column,
                suggestion=suggestion(column, map(str, customers.columns)),
            )
        )


def _by_columns(columns: tuple[str, ...]) -> Segmenting:
    """Segments by the values of several columns, put together; a missing one is a value like others."""

    def segmenting(customers: Customers) -> pd.Series:
        table = customers.table[list(columns)]
        parts = [part.astype(object).where(part.notna(), MISSING).map(_one_part) for _, part in table.items()]
        return pd.Series([APART.join(row) for row in zip(*parts, strict=True)], index=table.index, dtype=object)

    return segmenting


def _one_part(value: Any) -> str:
    return str(value).replace(APART, " ")
