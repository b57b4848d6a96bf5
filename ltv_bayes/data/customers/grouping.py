"""Columns by which customers differ in their parameters: segments, and numbers that shift them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.amounts import as_amounts
from ltv_bayes.data.reading.columns import plain
from ltv_bayes.data.reading.faults import quoted
from ltv_bayes.data.reading.ids import BLANKS, as_text
from ltv_bayes.errors import ColumnError, InputError, refuse_rows, suggestion
from ltv_bayes.language import N_, _

WITHOUT_SEGMENT = N_(
    "Fill it in among the attributes before summarize (a name such as 'unknown' makes a segment of its "
    "own), or leave them out{how}."
)


@dataclass(frozen=True)
class Grouping:
    """Which columns make segments, and which are numbers.

    Attributes
    ----------
    segments : tuple of str
        Columns of text, categories or whole numbers.
    covariates : tuple of str
        Columns of numbers, or of text that holds numbers such as 1,200.
    """

    segments: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """All of them."""
        return [*self.segments, *self.covariates]

    def keys(self, table: pd.DataFrame, noun: str = "customer") -> pd.DataFrame:
        """Segments as text and covariates as numbers, for each row.

        Raises
        ------
        ColumnError
            If a column is missing.
        InputError
            If rows have no segment, or no number that can be read; the message names them.

        Examples
        --------
        >>> table = pd.DataFrame({"industry": ["Energy", "Retail"], "size": [3, 4]}, index=["A", "B"])
        >>> Grouping(("industry",), ("size",)).keys(table)
          industry  size
        A   Energy   3.0
        B   Retail   4.0
        """
        for column in self.columns:
            if column not in table:
                names = [str(name) for name in table.columns]
                raise ColumnError(
                    _(
                        "The {noun}s have no column {column!r}. {suggestion}",
                        noun=noun,
                        column=column,
                        suggestion=suggestion(column, names),
                    )
                )
        found: dict[str, Any] = {name: _segments(table[name], noun) for name in self.segments}
        found |= {name: _numbers(table[name], noun) for name in self.covariates}
        return pd.DataFrame(found, index=table.index)


def segment_names(values: Iterable[Any], column: str = "segment") -> list[str]:
    """Names of segments as customers' are read: text, without blanks around it.

    Raises
    ------
    InputError
        If one is blank.

    Examples
    --------
    >>> segment_names([" Retail", 3.0])
    ['Retail', '3']
    """
    written = [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]
    names = pd.Series(written, dtype=object)
    return _segments(names.rename(column), "segment").tolist() if written else []


class InGroups(NamedTuple):
    """Distinct histories within distinct groups.

    Attributes
    ----------
    cells : pandas.DataFrame
        One row a group: its segments, as text, and its covariates.
    group : array of shape (histories,)
        The group of each history.
    histories : pandas.DataFrame
        Distinct histories of a group, with the number of customers that share each as ``count``.
    """

    cells: pd.DataFrame
    group: np.ndarray
    histories: pd.DataFrame

    @property
    def size(self) -> int:
        """Number of groups."""
        return len(self.cells)

    @property
    def customers(self) -> np.ndarray:
        """How many each group has."""
        return np.bincount(self.group, self.histories["count"], self.size)

    def parts(self) -> Iterable[dict[str, np.ndarray]]:
        """Histories of one group after the other, by column."""
        order = np.argsort(self.group, kind="stable")
        ends = np.searchsorted(self.group[order], np.arange(self.size + 1))
        columns = {name: column.to_numpy(dtype=float)[order] for name, column in self.histories.items()}
        for first, last in pairwise(ends):
            yield {str(name): column[first:last] for name, column in columns.items()}


def in_groups(
    tables: Iterable[pd.DataFrame],
    columns: Sequence[str],
    grouping: Grouping,
    *,
    weight: str = "",
    noun: str = "customer",
) -> InGroups:
    """Find the distinct histories in each group.

    Parameters
    ----------
    tables : iterable of DataFrame
        Rows of customers, a batch at a time.
    columns : sequence of str
        What makes a history.
    weight : str
        A column that says how many customers a row stands for; one, if not given.

    Examples
    --------
    >>> table = pd.DataFrame({"x": [1, 1, 2], "industry": ["a", "a", "b"]})
    >>> found = in_groups([table], ["x"], Grouping(("industry",)))
    >>> found.group.tolist(), found.histories["count"].tolist()
    ([0, 1], [2.0, 1.0])
    """
    found, by = [], [*grouping.columns, *columns]
    for table in tables:
        keys = grouping.keys(table, noun)
        counts = table[weight].to_numpy(dtype=float) if weight else np.ones(len(table))
        values = table[list(columns)].astype(float).assign(count=counts).set_axis(keys.index)
        found.append(pd.concat([keys, values], axis=1).groupby(by, as_index=False).sum())
    every = pd.concat(found).groupby(by, as_index=False).sum()
    if not grouping.columns:
        return InGroups(pd.DataFrame(index=[0]), np.zeros(len(every), dtype=np.int64), every[[*columns, "count"]])
    cells = every[grouping.columns].drop_duplicates(ignore_index=True)
    group = every.groupby(grouping.columns, sort=True).ngroup().to_numpy()
    return InGroups(cells, group, every[[*columns, "count"]])


def _segments(cells: pd.Series, noun: str) -> pd.Series:
    """Segments as text, without what surrounds it."""
    values = plain(cells)
    if pd.api.types.is_float_dtype(values.dtype) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    text = pd.Series(np.asarray(as_text(values), dtype=object), cells.index).str.strip(BLANKS)
    missing = (cells.isna() | (text == "")).to_numpy()
    how = f": customers.subset(customers.table[{cells.name!r}].notna())" if noun == "customer" else ""
    cure = _("Give it a name.") if noun == "segment" else _(WITHOUT_SEGMENT, how=how)
    refuse_rows(cells.index[missing], noun, _("without a value in {name}", name=cells.name), cure)
    return text


def _numbers(cells: pd.Series, noun: str) -> pd.Series:
    """Covariates as numbers."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        raise InputError(_("{name} holds dates. Write how long ago they are, in a column of numbers.", name=cells.name))
    numbers, unread = read_numbers(plain(cells))
    if unread.any() and not np.isfinite(numbers).any():
        raise InputError(
            _(
                "{name} holds text, such as {cells}, and covariates are numbers. Names make segments: "
                "pool_by={name!r}.",
                name=cells.name,
                cells=quoted(cells, unread),
            )
        )
    problem = _(
        "with a {name} that cannot be read as a number, such as {cells}", name=cells.name, cells=quoted(cells, unread)
    )
    refuse_rows(cells.index[unread], noun, problem, _("Write plain numbers, without units."))
    cure = _("The logarithm of 0 is infinite: take log(1 + x), or fill in another number.")
    refuse_rows(cells.index[np.isinf(numbers)], noun, _("with an infinite {name}", name=cells.name), cure)
    cure = _("Fill it in, for instance with the median, and say so in a column of its own.")
    refuse_rows(cells.index[np.isnan(numbers)], noun, _("without a number in {name}", name=cells.name), cure)
    return pd.Series(numbers, cells.index)


def read_numbers(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, NaN where there is none, and marks of the cells with something that is none."""
    if pd.api.types.is_numeric_dtype(cells.dtype):  # true and false among them
        return cells.to_numpy(dtype=float, na_value=np.nan), np.zeros(len(cells), dtype=bool)
    numbers, (_, infinite, unreadable) = as_amounts(cells)
    return np.where(infinite.at, np.inf, numbers.to_numpy(dtype=float)), unreadable.at
