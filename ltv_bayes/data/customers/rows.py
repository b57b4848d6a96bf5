"""Where the rows of customers may live: what every such place can do."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, Self

import pandas as pd


class Rows(Protocol):
    """One row a customer, in memory or in a file."""

    @property
    def in_memory(self) -> bool:
        """Whether all rows are in memory."""

    @property
    def columns(self) -> list[str]:
        """The columns beside customer_id."""

    @property
    def place(self) -> str:
        """Words that say where the rows are; empty in memory."""

    def __len__(self) -> int: ...

    def table(self) -> pd.DataFrame:
        """All rows, indexed by customer_id."""

    def ids(self) -> pd.Index:
        """The ids of all rows."""

    def head(self, number: int) -> pd.DataFrame:
        """The first rows, indexed by customer_id."""

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        """The rows in order, so many at a time, indexed by customer_id."""

    def with_ids(self, ids: pd.Index) -> pd.DataFrame:
        """Those of the rows whose ids are asked for, in order, indexed by customer_id."""

    def ask(self, sql: str, needs: Sequence[str], settings: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer a question in SQL about the table ``customers``.

        Parameters
        ----------
        sql : str
            The question.
        needs : sequence of str
            The columns that it speaks of.
        settings : dict, optional
            Values for the names that it writes as ``$name``.
        """

    def copy_to(self, path: Any, metadata: dict[str, str]) -> None:
        """Write the rows to a Parquet file."""

    def scaled(self, multiplier: float, divisor: float) -> Self:
        """The same rows with recency and T multiplied, then divided."""
