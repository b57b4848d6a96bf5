"""Summaries of every customer, and totals of the book and its segments, in one pass over the draws."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import summarize_sorted
from ltv_bayes.value.valuation import Components, Valuation, added

MOST_SEGMENTS = 200
MISSING = "(missing)"
BOOK = "\x1fbook"

GroupSum = tuple[str, int, str, Array]


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

    codes: IntArray
    names: list[str]

    @classmethod
    def of(cls, segment: pd.Series) -> "Grouping":
        """Group by the values of a column; missing ones form a segment of their own."""
        named = segment.astype(object).where(segment.notna(), MISSING).map(str)
        codes, names = pd.factorize(named, sort=True)
        return cls(codes.astype(np.int64), list(names))


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
    everybody = Grouping(np.zeros(len(valuation.customers), dtype=np.int64), [BOOK])
    groupings = {BOOK: everybody, **groupings}
    totals = {
        column: {name: np.zeros((valuation.size, len(grouping.names))) for name in valuation.parts}
        for column, grouping in groupings.items()
    }

    def reduce(first: int, components: Components) -> tuple[dict[str, Array], list[GroupSum]]:
        columns = summarize_sorted(np.sort(added(components), axis=1), ci_prob, ci_kind)
        columns |= {f"mean_{name}": values.mean(axis=1) for name, values in components.items()}
        return columns, list(_group_sums(groupings, first, components))

    tables = []
    for columns, sums in valuation.over_stretches(reduce, progressbar=progressbar):
        tables.append(columns)
        for column, code, name, values in sums:
            totals[column][name][:, code] += values
    table = pd.DataFrame(
        {name: np.concatenate([columns[name] for columns in tables]) for name in tables[0]},
        index=valuation.customers.ids,
    )
    book = {name: values[:, 0] for name, values in totals.pop(BOOK).items()}
    return table, Totals(book, totals)


def _group_sums(groupings: Mapping[str, Grouping], first: int, components: Components) -> Iterator[GroupSum]:
    """Add up a stretch of customers by grouping, segment and source."""
    for column, grouping in groupings.items():
        for name, values in components.items():
            codes = grouping.codes[first : first + len(values)]
            for code in np.unique(codes):
                yield column, int(code), name, values[codes == code].sum(axis=0)
