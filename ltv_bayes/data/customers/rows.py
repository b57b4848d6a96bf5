"""The rows of customers, in memory or in Parquet files, where they are read when they are needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import duckdb
import numpy as np
import pandas as pd

from ltv_bayes.data.customers.repeat_days import OwnDays
from ltv_bayes.data.engine.duckdb import Connection, engine, fetched, fetched_batches
from ltv_bayes.data.engine.parquet import files_name, write_parquet
from ltv_bayes.data.orders.price_moments import PriceMoments
from ltv_bayes.data.warehouses.rows import EngineRows
from ltv_bayes.errors import InputError, counted, refuse_rows
from ltv_bayes.language import _
from ltv_bayes.sizes import READ_ROWS

TIMES = ("recency", "T", "spend_age")


@dataclass(frozen=True, eq=False)
class FrameRows:
    """One row a customer, in memory.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by customer_id.
    own_days : OwnDays, optional
        The days of the repeat purchases of each, where they are known.
    price_moments : PriceMoments, optional
        How order values of the same customers moved, in the log that the rows are of, where it is known.
    in_memory : bool
        Whether all rows are in memory.
    place : str
        Words that say where the rows are; empty in memory.
    """

    frame: pd.DataFrame
    own_days: OwnDays | None = None
    price_moments: PriceMoments | None = None
    in_memory: ClassVar[bool] = True
    place: ClassVar[str] = ""

    @property
    def columns(self) -> list[str]:
        """The columns beside customer_id."""
        return list(self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    def table(self) -> pd.DataFrame:
        """All rows, indexed by customer_id."""
        return self.frame

    def ids(self) -> pd.Index:
        """The ids of all rows."""
        return self.frame.index

    def head(self, number: int) -> pd.DataFrame:
        """The first rows, indexed by customer_id."""
        return self.frame.head(number)

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        """The rows in order, ``size`` at a time, indexed by customer_id."""
        for first in range(0, len(self.frame), size):
            yield self.frame.iloc[first : first + size]

    def with_ids(self, ids: pd.Index) -> pd.DataFrame:
        """The rows with these ids, in order, indexed by customer_id."""
        return self.frame[self.frame.index.isin(ids)]

    def ask(self, sql: str, needs: Sequence[str], settings: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer a question in SQL about the table ``customers``.

        Parameters
        ----------
        sql : str
            The question.
        needs : sequence of str
            The columns that it reads.
        settings : dict, optional
            Values for the names that it writes as ``$name``.
        """
        with engine(rows=len(self)) as connection:
            connection.register("customers", self.frame[list(needs)])
            return fetched(connection.execute(sql, settings or {}))

    def copy_to(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the rows to a Parquet file."""
        with engine(rows=len(self)) as connection:
            connection.register("customers", self.frame.rename_axis("customer_id").reset_index())
            write_parquet(connection, "FROM customers", path, metadata)

    def scaled(self, multiplier: float, divisor: float) -> Self:
        """The same rows with times multiplied, then divided."""
        times = [name for name in TIMES if name in self.frame]
        converted = {name: self.frame[name] * multiplier / divisor for name in times}
        return replace(self, frame=self.frame.assign(**converted))


@dataclass(frozen=True, eq=False)
class ParquetRows:
    """One row a customer, in files.

    Attributes
    ----------
    query : str
        SQL that gives the rows, customer_id among their columns.
    columns : list of str
        The columns beside customer_id.
    number : int
        How many rows there are.
    paths : tuple of pathlib.Path
        The files.
    memory_limit : str or None
        The memory that a question may take.
    price_moments : PriceMoments, optional
        As in `FrameRows`.
    """

    query: str
    columns: list[str]
    number: int
    paths: tuple[Path, ...]
    memory_limit: str | None = None
    price_moments: PriceMoments | None = None
    in_memory: ClassVar[bool] = False

    @property
    def place(self) -> str:
        """The names of the files."""
        return _("in {files}", files=files_name(self.paths))

    def __len__(self) -> int:
        return self.number

    def table(self) -> pd.DataFrame:
        """All rows, read anew."""
        return self._fetched(self.query).set_index("customer_id")

    def ids(self) -> pd.Index:
        """The ids of all rows, read anew."""
        return pd.Index(self._fetched(f"SELECT customer_id FROM ({self.query})")["customer_id"])

    def head(self, number: int) -> pd.DataFrame:
        """The first rows."""
        return self._fetched(f"FROM ({self.query}) LIMIT {number}").set_index("customer_id")

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        """The rows in the order of the files, ``size`` at a time, in bounded memory."""
        with engine(self.memory_limit, rows=self.number) as connection:
            for batch in fetched_batches(self._run(connection, self.query), size):
                yield batch.set_index("customer_id")

    def with_ids(self, ids: pd.Index) -> pd.DataFrame:
        """The rows with these ids, in the order of the files."""
        kind = pd.api.types.is_integer_dtype
        if len(ids) == 0 or kind(ids.dtype) != kind(self.head(1).index.dtype):
            return self.head(0)
        wanted = {"wanted": pd.DataFrame({"id": ids.unique()})}
        numbered = f"SELECT *, row_number() OVER () AS place_in_file FROM ({self.query})"
        found = f"FROM ({numbered}) WHERE customer_id IN (SELECT id FROM wanted) ORDER BY place_in_file"
        return self._fetched(found, tables=wanted).drop(columns="place_in_file").set_index("customer_id")

    def ask(self, sql: str, needs: Sequence[str], settings: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer a question in SQL about the table ``customers``; no other columns are read than it needs."""
        return self._fetched(f"WITH customers AS NOT MATERIALIZED ({self.query}) {sql}", settings)

    def copy_to(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the rows to another Parquet file.

        Raises
        ------
        InputError
            If the rows live in that very file.
        """
        if path.resolve() in {own.resolve() for own in self.paths}:
            raise InputError(
                _("These customers live in {name}, so it cannot be written. Choose another name.", name=path.name)
            )
        with engine(self.memory_limit, rows=self.number) as connection:
            write_parquet(connection, self.query, path, metadata)

    def scaled(self, multiplier: float, divisor: float) -> Self:
        """The same rows with times multiplied, then divided, when they are read."""
        factor = f"* {multiplier!r}::DOUBLE / {divisor!r}::DOUBLE"
        converted = ", ".join(f'"{name}" {factor} AS "{name}"' for name in TIMES if name in self.columns)
        return replace(self, query=f"SELECT * REPLACE ({converted}) FROM ({self.query})")

    def _fetched(
        self, sql: str, settings: dict[str, Any] | None = None, tables: dict[str, pd.DataFrame] | None = None
    ) -> pd.DataFrame:
        with engine(self.memory_limit, rows=self.number) as connection:
            for name, frame in (tables or {}).items():
                connection.register(name, frame)
            return fetched(self._run(connection, sql, settings))

    def _run(self, connection: Connection, sql: str, settings: dict[str, Any] | None = None) -> Any:
        """Run a statement, and name its files where they cannot be read any more."""
        try:
            return connection.execute(sql, settings or {})
        except duckdb.IOException as problem:
            reason = str(problem).splitlines()[0]
            raise InputError(
                _(
                    "{files} cannot be read any more: {reason}. Scan it again.",
                    files=files_name(self.paths),
                    reason=reason,
                )
            ) from None


Rows = FrameRows | ParquetRows | EngineRows
"""One row a customer, in memory, in files, or in an engine that holds them."""


def chosen_rows(rows: Rows, chosen: Any) -> pd.DataFrame:
    """Take the rows of the customers chosen by id or by mask.

    Raises
    ------
    InputError
        If an id is unknown, or the mask is of other customers.
    """
    if isinstance(chosen, pd.Series) and pd.api.types.is_bool_dtype(chosen.dtype):
        ids = rows.ids()
        if not chosen.index.is_unique or not ids.isin(chosen.index).all():
            raise InputError(_("The mask is not indexed by the ids of these customers. Make it from customers.table."))
        chosen = chosen.reindex(ids)
    wanted = pd.Index(list(chosen))
    if len(wanted) and pd.api.types.is_bool_dtype(wanted.dtype):
        return _masked(rows, wanted.to_numpy(dtype=bool))
    table = rows.with_ids(wanted)
    unknown = wanted[~wanted.isin(table.index)]
    if len(unknown):
        cure = _("Write ids as the table does, as in {head!r}.", head=rows.head(1).index[0])
        refuse_rows(unknown, "customer", _("not in the table"), cure)
    return table


def with_days_of(rows: Rows, some: pd.DataFrame, counts: pd.Series | None) -> tuple[FrameRows, pd.Series | None]:
    """Take some of the rows with the days of their repeat purchases, and count these by day.

    Parameters
    ----------
    some : pandas.DataFrame
        Rows of them, indexed by customer_id.
    counts : pandas.Series or None
        The same of all rows: also those of some, if these have all repeat purchases.
    """
    if isinstance(rows, FrameRows) and rows.own_days is not None:
        own = rows.own_days.at(rows.frame.index.get_indexer(some.index))
        return FrameRows(some, own, rows.price_moments), own.counts()
    all_of_them = counts is not None and counts.sum() == some["frequency"].sum()
    return FrameRows(some, None, rows.price_moments), counts if all_of_them else None


def _masked(rows: Rows, mask: np.ndarray) -> pd.DataFrame:
    """Take the rows that a mask marks."""
    if len(mask) != len(rows):
        raise InputError(
            _(
                "The mask has {number:,} entries for {customers}. Give one each.",
                number=len(mask),
                customers=counted(len(rows), "customer"),
            )
        )
    kept, first = [rows.head(0)], 0
    for batch in rows.batches(READ_ROWS):
        kept.append(batch[mask[first : first + len(batch)]])
        first += len(batch)
    filled = [batch for batch in kept if len(batch)] or kept[:1]
    return filled[0] if len(filled) == 1 else pd.concat(filled)
