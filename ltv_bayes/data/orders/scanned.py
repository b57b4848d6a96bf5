"""A transaction log that stays in Parquet files, for logs larger than memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pandas as pd

from ltv_bayes.data.engine.duckdb import Connection, engine, fetched, text_literal
from ltv_bayes.data.engine.parquet import (
    column_types,
    files_name,
    id_column,
    number_column,
    numbered_rows,
    parquet_paths,
    require_column,
)
from ltv_bayes.data.orders.transactions import (
    not_told_apart,
    require_stream,
    streams_line,
    warn_of_counts,
    warn_of_null_ids,
)
from ltv_bayes.data.reading.amount_units import unit_to_apply
from ltv_bayes.data.reading.amounts import INFINITE, NO_MONEY
from ltv_bayes.data.reading.columns import refuse_one_column_for_two
from ltv_bayes.data.reading.frames import parquet_time_zones
from ltv_bayes.data.reading.ids import BLANKS, MISSING_WORDS
from ltv_bayes.errors import ColumnError, InputError, counted, rows_at_fault
from ltv_bayes.language import _
from ltv_bayes.sizes import LARGEST_AMOUNT, NAMED_ROWS, SMALLEST_AMOUNT
from ltv_bayes.tables import DataPage, Printed

FAULTS = {
    "customer IS NULL": (_("without a customer id"), _("Fill in the id, or leave such rows out of the file.")),
    "date IS NULL": (_("without a date"), _("Fill in the date, or leave such rows out of the file.")),
    "amount IS NULL": (_("without an amount"), _("Fill in the amount, 0 for a free order.")),
    "NOT isfinite(amount)": (INFINITE, _("Correct the amount.")),
    f"isfinite(amount) AND amount <> 0 AND abs(amount) NOT BETWEEN {SMALLEST_AMOUNT!r} AND {LARGEST_AMOUNT!r}": (
        NO_MONEY,
        _("Correct the amount."),
    ),
    "stream IS NULL": (_("without a stream"), _("Fill in which stream the order belongs to.")),
}
EXTENT = """
SELECT count(*) AS orders, min(date) AS first, max(date) AS last, sum(amount) AS total,
    (SELECT count(*) FROM (SELECT DISTINCT customer FROM log)) AS customers
FROM log
"""


@dataclass(frozen=True, eq=False, repr=False)
class ScannedTransactions(Printed):
    """A log of orders in Parquet files. Make one with :func:`scan_transactions`.

    Attributes
    ----------
    query : str
        SQL that gives the orders: row, customer, date (a day), amount (a float, missing without money), and stream
        if the log says which stream an order belongs to.
    paths : tuple of pathlib.Path
        The files.
    currency : str or None
        What amounts are counted in.
    customer_column : str
        The user's own name for the column of customer ids.
    has_amounts : bool
        Whether the log carries money.
    memory_limit : str or None
        The memory that the engine may take.
    has_streams : bool
        Whether the log says which stream each order belongs to.
    """

    query: str
    paths: tuple[Path, ...]
    currency: str | None
    customer_column: str
    has_amounts: bool
    memory_limit: str | None
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
        return replace(self, query=f"SELECT * FROM ({self.query}) WHERE stream = {text_literal(name)}")

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
        head = self._fetched("SELECT * RENAME (customer AS customer_id) FROM log LIMIT 5")
        streams = [streams_line(self.streams)] if self.has_streams else []
        lines = [
            _(
                "{extent}, {dates}{total} (in {files})",
                extent=extent,
                dates=dates,
                total=total,
                files=files_name(self.paths),
            ),
            *streams,
        ]
        return DataPage(lines, head.set_index("row"), int(found["orders"]))

    def _fetched(self, sql: str) -> pd.DataFrame:
        with engine(self.memory_limit) as connection:
            self.open_in(connection)
            return fetched(connection.execute(sql))

    def open_in(self, connection: Connection) -> None:
        """Make the table ``log`` in a DuckDB ``connection``."""
        connection.execute(f"CREATE TEMP VIEW log AS {self.query}")


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
) -> ScannedTransactions:
    """Take an export of orders that stays in Parquet files, one row an order.

    All rows are checked once, and read again by :func:`summarize`, so the files must stay as they are. Nothing is
    converted: ids are text or whole numbers, dates are dates or timestamps, amounts are numbers.

    Parameters
    ----------
    path : path
        A Parquet file, or a pattern such as ``"orders/*.parquet"`` that names several with the same columns.
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
        of the machine's. The temporary files are where the system keeps such files (``TMPDIR``).

    Returns
    -------
    ScannedTransactions
        For :func:`summarize`.

    Raises
    ------
    ColumnError
        If a column is not there, or holds another kind of values.
    InputError
        If rows have no id, date, amount or stream, naming them by their number in the file, from 0.

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
    paths = tuple(parquet_paths(path))
    factor = 1.0 if amount is None else unit_to_apply(amount, amount_unit)
    with engine(memory_limit) as connection:
        types = column_types(connection, paths)
        columns = {
            "customer": id_column(types, customer, "customer", BLANKS),
            "date": _day_column(types, date, paths),
            "amount": "NULL::DOUBLE"
            if amount is None
            else f"{number_column(types, amount, 'amount')} * {factor!r}::DOUBLE",
            **({} if stream is None else {"stream": f"{id_column(types, stream, 'stream', BLANKS)}::VARCHAR"}),
        }
        query = numbered_rows(paths, types, columns)
        log = ScannedTransactions(
            query, paths, currency, str(customer), amount is not None, memory_limit, stream is not None
        )
        log.open_in(connection)
        _refuse_faults(connection, log)
        if types[customer] == "VARCHAR":
            _warn_of_null_ids(connection)
        _warn_of_counts(connection)
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
    if kind != "DATE" and not kind.startswith("TIMESTAMP"):
        cure = _("Write the file with dates there, or read it with read_transactions.")
        raise ColumnError(_("The column {name!r} holds {kind}, not dates. {cure}", name=name, kind=kind, cure=cure))
    return f"CAST({column} AS DATE)"


def _refuse_faults(connection: Connection, log: ScannedTransactions) -> None:
    """Raise one error that names every fault of the rows, if there is any."""
    absent = [name for name, there in {"amount": log.has_amounts, "stream": log.has_streams}.items() if not there]
    faults = {rule: words for rule, words in FAULTS.items() if not any(column in rule for column in absent)}
    counts = ", ".join(f"count(*) FILTER ({rule})" for rule in faults)
    total, *numbers = connection.execute(f"SELECT count(*), {counts} FROM log").fetchall()[0]
    if not total:
        cure = _("Export it again, with at least one row.")
        raise InputError(_("{files} has a header but no rows. {cure}", files=files_name(log.paths), cure=cure))
    sentences, rows = [], []
    for (rule, words), number in zip(faults.items(), numbers, strict=True):
        if number:
            found = first_rows(connection, rule)
            sentences.append(rows_at_fault(found, "row", *words, number=number))
            rows += found
    if sentences:
        raise InputError(" ".join(sentences), rows)


def first_rows(connection: Connection, rule: str) -> list[Any]:
    """Name the first orders in the table ``log`` for which a rule holds."""
    found = connection.execute(f"SELECT row FROM log WHERE {rule} LIMIT {NAMED_ROWS}").fetchall()
    return [row for (row,) in found]


def _warn_of_counts(connection: Connection) -> None:
    days = fetched(connection.execute("SELECT DISTINCT date FROM log"))["date"]
    number = connection.execute("SELECT count(*) FROM log").fetchall()[0][0]
    warn_of_counts(pd.to_datetime(days), number, stacklevel=4)


def _warn_of_null_ids(connection: Connection) -> None:
    """Warn if ids look like a missing value written out: they would become one huge customer."""
    words = ", ".join(map(text_literal, MISSING_WORDS))
    sql = f"SELECT customer, count(*) FROM log WHERE customer IN ({words}) GROUP BY customer ORDER BY customer"
    if found := connection.execute(sql).fetchall():
        rows = first_rows(connection, f"customer IN ({words})")
        warn_of_null_ids([word for word, _ in found], rows, sum(number for _, number in found), stacklevel=4)
