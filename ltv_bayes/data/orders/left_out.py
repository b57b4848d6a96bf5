"""Orders that were left out of a summary, in a Parquet file beside it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from ltv_bayes.data.engine.duckdb import engine, fetched
from ltv_bayes.data.engine.parquet import LEFT_OUT_SUFFIX, parquet_source, write_parquet
from ltv_bayes.data.orders.transactions import DROPPED_COLUMNS, left_out_line
from ltv_bayes.errors import counted
from ltv_bayes.language import _
from ltv_bayes.whole_files import written_whole


def no_orders() -> pd.DataFrame:
    """Make an empty list of orders left out."""
    return pd.DataFrame(columns=list(DROPPED_COLUMNS))


@dataclass(frozen=True)
class LeftOutFile:
    """The orders left out: row, reason, customer_id, date, amount.

    Attributes
    ----------
    paths : tuple of pathlib.Path
        The files, one beside each file of customers that has any.
    """

    paths: tuple[Path, ...]

    @classmethod
    def beside(cls, paths: Sequence[Path]) -> Self | None:
        """Find those that belong to files of customers."""
        found = tuple(beside for path in paths if (beside := cls.path_beside(path)).is_file())
        return cls(found) if found else None

    @staticmethod
    def path_beside(path: Path) -> Path:
        """Name the file that belongs to a file of customers.

        Examples
        --------
        >>> LeftOutFile.path_beside(Path("customers.parquet")).name
        'customers.left_out.parquet'
        """
        return path.with_name(path.stem + LEFT_OUT_SUFFIX)

    @classmethod
    @contextmanager
    def written_with(cls, customers: Path, write: Callable[[Path], int]) -> Iterator[None]:
        """Write orders beside a file of customers that is written meanwhile, so that the two change together.

        Parameters
        ----------
        customers : pathlib.Path
            The file of customers.
        write : callable
            Writes the orders to a path and gives their number; without any, a file that is there goes.
        """
        beside = cls.path_beside(customers)
        with written_whole(beside) as unfinished:
            number = write(unfinished)
            yield
        if not number:
            beside.unlink(missing_ok=True)

    @staticmethod
    def write(orders: pd.DataFrame, path: Path) -> int:
        """Write orders to a file, and give their number."""
        if orders.empty:
            return 0
        with engine(rows=len(orders)) as connection:
            connection.register("orders", orders.assign(**{name: _storable(orders[name]) for name in orders.columns}))
            return write_parquet(connection, "FROM orders", path)

    def copy_to(self, path: Path) -> int:
        """Write the same orders to another file, and give their number."""
        with engine() as connection:
            return write_parquet(connection, f"FROM {self._source}", path)

    def table(self) -> pd.DataFrame:
        """All of them, read anew."""
        with engine() as connection:
            return fetched(connection.execute(f"FROM {self._source}"))

    def of(self, ids: pd.Index) -> pd.DataFrame:
        """Those of a few customers."""
        with engine() as connection:
            connection.register("wanted", pd.DataFrame({"id": ids.astype(str)}))
            return fetched(
                connection.execute(f"FROM {self._source} WHERE customer_id::VARCHAR IN (SELECT id FROM wanted)")
            )

    def by_reason(self) -> pd.Series:
        """Count them by reason, the most frequent first."""
        with engine() as connection:
            sql = f"SELECT reason, count(*) AS rows FROM {self._source} GROUP BY reason ORDER BY rows DESC, reason"
            return fetched(connection.execute(sql)).set_index("reason")["rows"]

    @property
    def _source(self) -> str:
        return parquet_source(self.paths, union_by_name=True)


def _storable(cells: pd.Series) -> pd.Series:
    """Write cells of mixed kinds as text."""
    return cells.astype("str") if cells.dtype == object else cells


def unseen_lines(merged: int, left_out: pd.Series, without_orders: int) -> list[str]:
    """Say what a table of customers does not show: orders merged or left out, and customers known without any.

    Parameters
    ----------
    left_out : pandas.Series
        Orders by reason.
    """
    lines = left_out_line(left_out)
    if merged:
        orders = counted(merged, "order")
        lines.insert(0, _("merged: {n} with another of the same customer and day, as one purchase", n=orders))
    if without_orders:
        known = counted(without_orders, "customer")
        lines.append(_("known, but not in the table: {customers} (see without_orders)", customers=known))
    return lines
