"""The rows of customers in Spark or a database, which answers what is asked about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd
import pyarrow as pa

from ltv_bayes.data.engine.duckdb import identifier, text_literal
from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.data.engine.parquet import ParquetPieces
from ltv_bayes.data.orders.price_moments import PriceMoments
from ltv_bayes.errors import InputError, counted
from ltv_bayes.language import _
from ltv_bayes.sizes import ASKED_IDS, READ_ROWS
from ltv_bayes.whole_files import written_whole

TIMES = ("recency", "T", "spend_age")


@dataclass(frozen=True, eq=False)
class EngineRows:
    """One row a customer, in an engine that holds them.

    Attributes
    ----------
    engine : Engine
        Where they are; it knows the table ``kept``.
    query : str
        SQL that gives the rows of the table ``kept``, customer_id among their columns.
    columns : list of str
        The columns beside customer_id.
    number : int
        How many rows there are.
    price_moments : PriceMoments, optional
        How order values of the same customers moved, where it is known.
    """

    engine: Engine
    query: str
    columns: list[str]
    number: int
    price_moments: PriceMoments | None = None
    in_memory: ClassVar[bool] = False

    @property
    def place(self) -> str:
        """The name of the engine."""
        return _("in {engine}", engine=self.engine.name)

    def __len__(self) -> int:
        return self.number

    def table(self) -> pd.DataFrame:
        """All rows, fetched anew, sorted by id."""
        return self.engine.ask(f"{self._sorted()}").set_index("customer_id")

    def ids(self) -> pd.Index:
        """The ids of all rows, fetched anew."""
        sql = f"SELECT customer_id FROM ({self.query}) AS customers ORDER BY customer_id"
        return pd.Index(self.engine.ask(sql)["customer_id"])

    def head(self, number: int) -> pd.DataFrame:
        """The first rows."""
        return self.engine.ask(f"{self._sorted()} LIMIT {number}").set_index("customer_id")

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        """The rows in the order of their ids, ``size`` at a time, in bounded memory."""
        for batch in self.engine.batches(self._sorted(), size):
            yield batch.set_index("customer_id")

    def with_ids(self, ids: pd.Index) -> pd.DataFrame:
        """The rows with these ids, in the order of the ids.

        Raises
        ------
        InputError
            If there are more of them than a statement can name.
        """
        kind = pd.api.types.is_integer_dtype
        if len(ids) == 0 or kind(ids.dtype) != kind(self.head(1).index.dtype):
            return self.head(0)
        if len(ids) > ASKED_IDS:
            cure = _("Go over all of them with customers.batches(), or summarize to a file and open that.")
            number = counted(len(ids), "customer")
            raise InputError(
                _("{number} are too many to ask for by id {place}. {cure}", number=number, place=self.place, cure=cure)
            )
        wanted = ", ".join(str(one) if kind(ids.dtype) else text_literal(one) for one in ids.unique())
        found = f"SELECT * FROM ({self.query}) AS customers WHERE customer_id IN ({wanted}) ORDER BY customer_id"
        return self.engine.ask(found).set_index("customer_id")

    def ask(self, sql: str, needs: Sequence[str], settings: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer a question in SQL about the table ``customers``, there."""
        return self.engine.ask(f"WITH customers AS ({self.query}) {sql}", settings)

    def copy_to(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the rows to a Parquet file here, some at a time."""
        with written_whole(path) as unfinished, ParquetPieces(unfinished) as pieces:
            notes: dict[str, str] = metadata
            for batch in self.batches(READ_ROWS):
                table = pa.Table.from_pandas(batch.reset_index(), preserve_index=False)
                pieces.write(table.replace_schema_metadata(notes))

    def scaled(self, multiplier: float, divisor: float) -> Self:
        """The same rows with times multiplied, then divided, when they are read."""
        factor = f"* CAST({multiplier!r} AS DOUBLE) / CAST({divisor!r} AS DOUBLE)"
        listed = ", ".join(
            f"{identifier(name)} {factor} AS {identifier(name)}" if name in TIMES else identifier(name)
            for name in ("customer_id", *self.columns)
        )
        return replace(self, query=f"SELECT {listed} FROM ({self.query}) AS customers")

    def _sorted(self) -> str:
        return f"SELECT * FROM ({self.query}) AS customers ORDER BY customer_id"
