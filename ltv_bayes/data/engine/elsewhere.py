"""Engines that hold the data themselves: what they are asked, and how tables of theirs are named."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import pandas as pd
import pyarrow as pa

from ltv_bayes.data.engine.dialects import in_dialect
from ltv_bayes.data.engine.duckdb import text_literal


@dataclass(frozen=True, eq=False)
class Engine(ABC):
    """A place where SQL runs beside the data. Statements are in the dialect of DuckDB, about tables named here.

    Attributes
    ----------
    link : Any
        What leads there.
    names : mapping
        What tables that statements name are called there.
    """

    link: Any
    names: Mapping[str, str] = field(default_factory=dict)
    dialect: ClassVar[str]
    name: ClassVar[str]

    def ask(self, sql: str, settings: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Answer a question; all rows of the answer come here.

        Parameters
        ----------
        settings : mapping, optional
            Values for the names that it writes as ``$name``.
        """
        for name, value in (settings or {}).items():
            written = text_literal(value) if isinstance(value, str) else f"CAST({value!r} AS DOUBLE)"
            sql = sql.replace(f"${name}", written)
        return as_duckdb_gives(self._table(self._translated(sql)))

    def batches(self, sql: str, size: int) -> Iterator[pd.DataFrame]:
        """Answer a question a number of rows at a time, in order."""
        waiting: list[pa.RecordBatch] = []
        number = 0
        for batch in self._record_batches(self._translated(sql)):
            waiting.append(batch)
            number += batch.num_rows
            while number >= size:
                table = pa.Table.from_batches(waiting)
                yield as_duckdb_gives(table.slice(0, size))
                waiting, number = table.slice(size).to_batches(), number - size
        if number:
            yield as_duckdb_gives(pa.Table.from_batches(waiting))

    def knows(self, name: str, called: str) -> Self:
        """The same engine, with a table that is there."""
        return replace(self, names={**self.names, name: called})

    def defines(self, name: str, sql: str) -> Self:
        """The same engine, with a table that a statement gives, which runs whenever the table is read."""
        called = free_name(name)
        self._define(called, self._translated(sql))
        return self.knows(name, called)

    def keeps(self, name: str, sql: str) -> Self:
        """The same engine, with a table that a statement gives, which runs once; it is there for this session."""
        called = free_name(name)
        self._keep(called, self._translated(sql))
        return self.knows(name, called)

    def forgets(self, name: str) -> None:
        """Remove a table that was kept."""
        self._forget(self.names[name])

    @abstractmethod
    def types(self, name: str) -> dict[str, str]:
        """Name the columns of a table with the types that DuckDB would give them; others by their own name."""

    @abstractmethod
    def time_zone(self) -> str:
        """The time zone of the session."""

    def _translated(self, sql: str) -> str:
        return in_dialect(sql, self.dialect, self.names)

    @abstractmethod
    def _table(self, sql: str) -> pa.Table: ...

    @abstractmethod
    def _record_batches(self, sql: str) -> Iterator[pa.RecordBatch]: ...

    @abstractmethod
    def _define(self, called: str, sql: str) -> None: ...

    @abstractmethod
    def _keep(self, called: str, sql: str) -> None: ...

    @abstractmethod
    def _forget(self, called: str) -> None: ...


def free_name(name: str) -> str:
    """Call a table as no other is called."""
    return f"ltv_bayes_{name}_{secrets.token_hex(6)}"


def as_duckdb_gives(table: pa.Table) -> pd.DataFrame:
    """Turn an Arrow table into the frame that DuckDB would give: days as moments, decimals as floats."""
    columns = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_decimal(kind):
            column = column.cast(pa.float64())
        elif pa.types.is_date(kind):
            column = column.cast(pa.timestamp("us"))
        columns.append(column)
    return pa.table(columns, names=table.column_names).to_pandas()
