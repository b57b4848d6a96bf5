"""The rows of customers: what every place for them offers, of which memory is the usual one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.engine.duckdb import engine, fetched
from ltv_bayes.data.engine.parquet import write_parquet
from ltv_bayes.errors import InputError, counted, rows_at_fault
from ltv_bayes.sizes import READ_ROWS


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
        """The rows in order, ``size`` at a time, indexed by customer_id."""

    def with_ids(self, ids: pd.Index) -> pd.DataFrame:
        """The rows with these ids, in order, indexed by customer_id."""

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

    def copy_to(self, path: Any, metadata: dict[str, str]) -> None:
        """Write the rows to a Parquet file."""

    def scaled(self, multiplier: float, divisor: float) -> Self:
        """The same rows with recency and T multiplied, then divided."""


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
        """The rows with these ids."""
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
            raise InputError("The mask is not indexed by the ids of these customers. Make it from customers.table.")
        chosen = chosen.reindex(ids)
    wanted = pd.Index(list(chosen))
    if len(wanted) and pd.api.types.is_bool_dtype(wanted.dtype):
        return _masked(rows, wanted.to_numpy(dtype=bool))
    table = rows.with_ids(wanted)
    unknown = wanted[~wanted.isin(table.index)]
    if len(unknown):
        cure = f"Write ids as the table does, as in {rows.head(1).index[0]!r}."
        raise InputError(rows_at_fault(unknown, "customer", "not in the table", cure), unknown)
    return table


def _masked(rows: Rows, mask: np.ndarray) -> pd.DataFrame:
    """Take the rows that a mask marks."""
    if len(mask) != len(rows):
        raise InputError(f"The mask has {len(mask):,} entries for {counted(len(rows), 'customer')}. Give one each.")
    kept, first = [rows.head(0)], 0
    for batch in rows.batches(READ_ROWS):
        kept.append(batch[mask[first : first + len(batch)]])
        first += len(batch)
    filled = [batch for batch in kept if len(batch)] or kept[:1]
    return filled[0] if len(filled) == 1 else pd.concat(filled)
