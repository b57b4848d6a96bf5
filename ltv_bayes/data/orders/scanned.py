"""A transaction log that stays in Parquet files, for logs larger than memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pandas as pd

from ltv_bayes.data.engine.duckdb import engine, fetched, text_literal
from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.data.engine.parquet import column_types, files_name, numbered_rows, parquet_paths, require_column
from ltv_bayes.data.orders.log_columns import check_log, order_columns, require_days
from ltv_bayes.data.orders.transactions import not_told_apart, require_stream, streams_line
from ltv_bayes.data.reading.amount_units import unit_to_apply
from ltv_bayes.data.reading.columns import refuse_one_column_for_two
from ltv_bayes.data.reading.frames import parquet_time_zones
from ltv_bayes.data.warehouses.orders import is_elsewhere, orders_there, refuse_settings_of_engines
from ltv_bayes.errors import ColumnError, counted
from ltv_bayes.language import _
from ltv_bayes.tables import DataPage, Printed

EXTENT = """
SELECT count(*) AS orders, min(date) AS first, max(date) AS last, sum(amount) AS total,
    (SELECT count(*) FROM (SELECT DISTINCT customer FROM log) AS distinct_ids) AS customers
FROM log
"""


@dataclass(frozen=True)
class FilesOfOrders:
    """The Parquet files of a log.

    Attributes
    ----------
    paths : tuple of pathlib.Path
        The files.
    memory_limit : str or None
        The memory that the engine may take.
    """

    paths: tuple[Path, ...]
    memory_limit: str | None

    @property
    def name(self) -> str:
        """The names of the files."""
        return files_name(self.paths)

    def ask(self, query: str, sql: str) -> pd.DataFrame:
        """Answer a question about the table ``log`` that a query gives."""
        with engine(self.memory_limit) as connection:
            connection.execute(f"CREATE TEMP VIEW log AS {query}")
            return fetched(connection.execute(sql))


@dataclass(frozen=True, eq=False)
class OrdersElsewhere:
    """A log in an engine that holds the data itself.

    Attributes
    ----------
    engine : Engine
        Where it is.
    """

    engine: Engine

    @property
    def name(self) -> str:
        """The name of the engine."""
        return self.engine.name

    def ask(self, query: str, sql: str) -> pd.DataFrame:
        """Answer a question about the table ``log`` that a query gives, there."""
        return self.engine.ask(f"WITH log AS ({query}) {sql}")


@dataclass(frozen=True, eq=False, repr=False)
class ScannedTransactions(Printed):
    """A log of orders that stays where it is. Make one with :func:`scan_transactions`.

    Attributes
    ----------
    query : str
        SQL that gives the orders: row, customer, date (a day), amount (a float, missing without money), and stream
        if the log says which stream an order belongs to. In an engine, row is what the row says of itself.
    source : FilesOfOrders or OrdersElsewhere
        The files, or the engine that holds the orders.
    currency : str or None
        What amounts are counted in.
    customer_column : str
        The user's own name for the column of customer ids.
    has_amounts : bool
        Whether the log carries money.
    has_streams : bool
        Whether the log says which stream each order belongs to.
    """

    query: str
    source: FilesOfOrders | OrdersElsewhere
    currency: str | None
    customer_column: str
    has_amounts: bool
    has_streams: bool = False

    @property
    def streams(self) -> pd.Series:
        """The number of orders of each stream, the largest first.

        Raises
        ------
        InputError
            If the log was scanned without ``stream=``.
        """
        if not self.has_streams:
            raise not_told_apart("scan_transactions")
        sql = "SELECT stream, count(*) AS orders FROM log GROUP BY stream ORDER BY orders DESC, stream"
        return self._fetched(sql).set_index("stream")["orders"]

    def stream(self, name: str) -> Self:
        """Keep the orders of one stream.

        Parameters
        ----------
        name : str
            As the column of streams has it.

        Raises
        ------
        InputError
            If there are no orders of this stream, or the log was scanned without ``stream=``.
        """
        require_stream(name, self.streams.index)
        return replace(self, query=f"SELECT * FROM ({self.query}) AS log WHERE stream = {text_literal(name)}")

    def __len__(self) -> int:
        return int(self._fetched("SELECT count(*) AS number FROM log")["number"].iloc[0])

    def _page(self) -> DataPage:
        """State what the log holds, above its first rows."""
        found = self._fetched(EXTENT).iloc[0]
        total = (
            _(", total {total:,.2f} {value}", total=found["total"], value=self.currency or "").rstrip()
            if self.has_amounts
            else ""
        )
        extent = _(
            "{orders} of {customers}",
            orders=counted(int(found["orders"]), "order"),
            customers=counted(int(found["customers"]), "customer"),
        )
        dates = _("{first:%Y-%m-%d} to {last:%Y-%m-%d}", first=found["first"], last=found["last"])
        stream = ", stream" if self.has_streams else ""
        head = self._fetched(f"SELECT row, customer AS customer_id, date, amount{stream} FROM log LIMIT 5")
        if isinstance(self.source, OrdersElsewhere):
            head = head.assign(row=range(len(head)))  # rows have no number there
        streams = [streams_line(self.streams)] if self.has_streams else []
        lines = [
            _(
                "{extent}, {dates}{total} (in {files})",
                extent=extent,
                dates=dates,
                total=total,
                files=self.source.name,
            ),
            *streams,
        ]
        return DataPage(lines, head.set_index("row"), int(found["orders"]))

    def _fetched(self, sql: str) -> pd.DataFrame:
        return self.source.ask(self.query, sql)


def scan_transactions(
    path: Any,
    *,
    customer: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    stream: str | None = None,
    currency: str | None = None,
    amount_unit: float | str | None = None,
    memory_limit: str | None = None,
    table: str | None = None,
    time_zone: str | None = None,
) -> ScannedTransactions:
    """Take orders that stay where they are, one row an order: in Parquet files, in Spark or in PostgreSQL.

    All rows are checked once, and read again by :func:`summarize`, so they must stay as they are. Nothing is
    converted: ids are text or whole numbers, dates are dates or timestamps, amounts are numbers.

    Parameters
    ----------
    path : path, pyspark.sql.DataFrame, address or connection
        A Parquet file, or a pattern such as ``"orders/*.parquet"`` that names several with the same columns; a data
        frame of Spark; or the address of a PostgreSQL, ``"postgresql://user@host/database"``, or an ADBC connection to
        one, with ``table=``.
    customer, date, amount : str
        The names of the columns; ``amount=None`` for a log without money.
    stream : str, optional
        The name of a column that says which stream an order belongs to, text or whole numbers.
    currency : str, optional
        What amounts are counted in, for labels.
    amount_unit : float or str, optional
        What 1 in the column is worth, as in 1000, ``"万元"`` or ``"亿"``.
    memory_limit : str, optional
        The memory that the work may take before it goes to temporary files, such as ``"2GB"``; otherwise four fifths
        of the machine's. The temporary files are where the system keeps such files (``TMPDIR``). For files.
    table : str, optional
        The table or view of orders in the database, as it is written in SQL: ``"sales.orders"``.
    time_zone : str, optional
        The time zone whose days count, such as ``"Asia/Shanghai"``, where Spark or PostgreSQL hold moments (a timestamp
        with a time zone). UTC where the session's own zone is UTC. A date, or a timestamp without a zone, needs none.

    Returns
    -------
    ScannedTransactions
        For :func:`summarize`.

    Raises
    ------
    ColumnError
        If a column is not there, or holds another kind of values.
    InputError
        If rows have no id, date, amount or stream, naming them by their number in the file, from 0, or by what they say
        of themselves (customer / date / amount); if the day of a moment depends on the session's time zone.

    Warns
    -----
    DataWarning
        If a unit in the amount column's name, such as 万元, was applied, ids look like NULL, or rows look like counts
        of months or weeks.

    Examples
    --------
    >>> import duckdb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     log = pd.DataFrame({"client": ["Ada", "Bo"], "day": pd.to_datetime("1997-01-12"), "value": [120, 350.5]})
    ...     duckdb.from_df(log).write_parquet(f"{folder}/orders.parquet")
    ...     scan_transactions(f"{folder}/orders.parquet", customer="client", date="day", amount="value")
    2 orders of 2 customers, 1997-01-12 to 1997-01-12, total 470.50 (in orders.parquet)
        customer_id       date amount
    row
    0           Ada 1997-01-12 120.00
    1            Bo 1997-01-12 350.50
    """
    refuse_one_column_for_two(customer=customer, date=date, amount=amount, stream=stream)
    factor = 1.0 if amount is None else unit_to_apply(amount, amount_unit)
    given = {"customer": str(customer), "date": date, "amount": amount, "stream": stream}
    terms = currency, str(customer), amount is not None, stream is not None
    if is_elsewhere(path):
        query, there = orders_there(path, table, given, factor, time_zone)
        log = ScannedTransactions(query, OrdersElsewhere(there), *terms)
        check_log(log._fetched, given, log.source.name)
        return log
    refuse_settings_of_engines(path, table, time_zone)
    paths = tuple(parquet_paths(path))
    with engine(memory_limit) as connection:
        types = column_types(connection, paths)
        columns = order_columns(types, given, factor, _day_column(types, date, paths))
        log = ScannedTransactions(numbered_rows(paths, types, columns), FilesOfOrders(paths, memory_limit), *terms)
        connection.execute(f"CREATE TEMP VIEW log AS {log.query}")
        check_log(lambda sql: fetched(connection.execute(sql)), given, log.source.name)
    return log


def _day_column(types: Mapping[str, str], name: str, paths: Sequence[Path]) -> str:
    """Write a column of dates or moments into SQL, as days on the column's own wall clock."""
    column = require_column(types, name, "date")
    kind = types[name]
    if kind == "TIMESTAMP WITH TIME ZONE":
        zones = {parquet_time_zones(path).get(name) for path in paths}
        if len(zones) > 1:
            known = ", ".join(sorted(map(str, zones)))
            raise ColumnError(
                _(
                    "The column {name!r} is in several time zones ({known}). Write the files in one.",
                    name=name,
                    known=known,
                )
            )
        zone = zones.pop()
        if zone == "UTC":
            return f"CAST(make_timestamp(epoch_us({column})) AS DATE)"
        return f"CAST(timezone({text_literal(zone)}, {column}) AS DATE)"
    require_days(types, name)
    return f"CAST({column} AS DATE)"
