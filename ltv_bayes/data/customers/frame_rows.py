"""Rows of customers in a pandas frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

from ltv_bayes.data.engine.duckdb import engine, fetched
from ltv_bayes.data.engine.parquet import write_parquet


@dataclass(frozen=True, eq=False)
class FrameRows:
    """One row a customer, in memory.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by customer_id.
    """

    frame: pd.DataFrame
    in_memory: ClassVar[bool] = True
    place: ClassVar[str] = ""

    @property
    def columns(self) -> list[str]:
        """The columns beside customer_id."""
        return list(self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    def table(self) -> pd.DataFrame:
        """All rows."""
        return self.frame

    def ids(self) -> pd.Index:
        """The ids of all rows."""
        return self.frame.index

    def head(self, number: int) -> pd.DataFrame:
        """The first rows."""
        return self.frame.head(number)

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        """Slices of the frame."""
        for first in range(0, len(self.frame), size):
            yield self.frame.iloc[first : first + size]

    def with_ids(self, ids: pd.Index) -> pd.DataFrame:
        """Those of the rows whose ids are asked for."""
        return self.frame[self.frame.index.isin(ids)]

    def ask(self, sql: str, needs: Sequence[str], settings: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer a question in SQL about the table ``customers``."""
        with engine() as connection:
            connection.register("customers", self.frame[list(needs)])
            return fetched(connection.execute(sql, settings or {}))

    def copy_to(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the rows to a Parquet file."""
        with engine() as connection:
            connection.register("customers", self.frame.rename_axis("customer_id").reset_index())
            write_parquet(connection, "FROM customers", path, metadata)

    def scaled(self, multiplier: float, divisor: float) -> Self:
        """The same rows with recency and T multiplied, then divided."""
        converted = {name: self.frame[name] * multiplier / divisor for name in ("recency", "T")}
        return type(self)(self.frame.assign(**converted))
