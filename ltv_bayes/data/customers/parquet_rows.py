"""Rows of customers in Parquet files, read when they are needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import duckdb
import pandas as pd

from ltv_bayes.data.engine.duckdb import engine, fetched, fetched_batches
from ltv_bayes.data.engine.parquet import files_name, write_parquet
from ltv_bayes.errors import InputError


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
    """

    query: str
    columns: list[str]
    number: int
    paths: tuple[Path, ...]
    memory_limit: str | None = None
    in_memory: ClassVar[bool] = False

    @property
    def place(self) -> str:
        """The names of the files."""
        return f"in {files_name(self.paths)}"

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
        with engine(self.memory_limit) as connection:
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
            raise InputError(f"These customers live in {path.name}, so it cannot be written. Choose another name.")
        with engine(self.memory_limit) as connection:
            write_parquet(connection, self.query, path, metadata)

    def scaled(self, multiplier: float, divisor: float) -> Self:
        """The same rows with recency and T multiplied, then divided, when they are read."""
        factor = f"* {multiplier!r}::DOUBLE / {divisor!r}::DOUBLE"
        query = f'SELECT * REPLACE (recency {factor} AS recency, "T" {factor} AS "T") FROM ({self.query})'
        return replace(self, query=query)

    def _fetched(
        self, sql: str, settings: dict[str, Any] | None = None, tables: dict[str, pd.DataFrame] | None = None
    ) -> pd.DataFrame:
        with engine(self.memory_limit) as connection:
            for name, frame in (tables or {}).items():
                connection.register(name, frame)
            return fetched(self._run(connection, sql, settings))

    def _run(self, connection: duckdb.DuckDBPyConnection, sql: str, settings: dict[str, Any] | None = None) -> Any:
        """Run a statement, and name its files where they cannot be read any more."""
        try:
            return connection.execute(sql, settings or {})
        except duckdb.IOException as problem:
            reason = str(problem).splitlines()[0]
            raise InputError(f"{files_name(self.paths)} cannot be read any more: {reason}. Scan it again.") from None
