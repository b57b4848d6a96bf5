"""Summaries of every customer, and totals of the book and its segments, in one pass over the draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import summarize_sorted
from ltv_bayes.value.valuation import Components, Valuation

MOST_SEGMENTS = 200
MISSING = "(missing)"


@dataclass(frozen=True)
class Grouping:
    """Which segment each customer belongs to.

    Attributes
    ----------
    codes : array of shape (customers,)
        Position of the segment.
    names : list of str
        The segments, in order.
    """

    codes: Array
    names: list[str]

    @classmethod
    def of(cls, segment: pd.Series) -> "Grouping":
        """Group by the values of a column; missing ones form a segment of their own."""
        named = segment.astype(object).where(segment.notna(), MISSING).map(str)
        codes, names = pd.factorize(named, sort=True)
        return cls(codes, list(names))


@dataclass(frozen=True)
class Totals:
    """Money added over customers within each draw.

    Attributes
    ----------
    book : mapping
        Name of each source to an array (draws,).
    segments : mapping
        Name of each grouping to name of each source to an array (draws, segments).
    """

    book: Mapping[str, Array]
    segments: Mapping[str, Mapping[str, Array]]


def attribute_groupings(table: pd.DataFrame) -> dict[str, Grouping]:
    """The groupings that a book offers by itself: its columns of text or categories with not too many values."""
    chosen = {}
    for name, column in table.items():
        if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)):
            grouping = Grouping.of(column)
            if len(grouping.names) <= MOST_SEGMENTS:
                chosen[str(name)] = grouping
    return chosen


def one_pass(
    valuation: Valuation,
    groupings: Mapping[str, Grouping],
    *,
    ci_prob: float,
    ci_kind: str,
    progressbar: bool = False,
) -> tuple[pd.DataFrame, Totals]:
    """Go once over all customers.

    Returns
    -------
    pandas.DataFrame
        One row per customer: mean, sd, median, interval, and the mean of each source under ``mean_`` and its name.
    Totals
    """
    names, size = list(valuation.parts), valuation.size
    book = {name: np.zeros(size) for name in names}
    segments = {
        column: {name: np.zeros((size, len(grouping.names))) for name in names}
        for column, grouping in groupings.items()
    }

    def reduce(first: int, components: Components) -> tuple[dict[str, Array], list[tuple[Any, ...]], int]:
        total = sum(components.values())
        columns = summarize_sorted(np.sort(total, axis=1), ci_prob, ci_kind)
        columns |= {f"mean_{name}": values.mean(axis=1) for name, values in components.items()}
        added = [
            (column, int(code), {name: values[rows].sum(axis=0) for name, values in components.items()})
            for column, code, rows in _groups(groupings, first, len(total))
        ]
        added.append((None, 0, {name: values.sum(axis=0) for name, values in components.items()}))
        return columns, added, first

    tables = []
    for columns, added, _ in valuation.over_stretches(reduce, progressbar=progressbar):
        tables.append(columns)
        for column, code, sums in added:
            for name, values in sums.items():
                if column is None:
                    book[name] += values
                else:
                    segments[column][name][:, code] += values
    table = pd.DataFrame(
        {name: np.concatenate([columns[name] for columns in tables]) for name in tables[0]},
        index=valuation.customers.ids,
    )
    return table, Totals(book, segments)


def _groups(groupings: Mapping[str, Grouping], first: int, length: int) -> list[tuple[str, int, Array]]:
    """Every segment that occurs in a stretch, with the rows of its customers."""
    found = []
    for column, grouping in groupings.items():
        codes = grouping.codes[first : first + length]
        found += [(column, int(code), np.flatnonzero(codes == code)) for code in np.unique(codes)]
    return found
