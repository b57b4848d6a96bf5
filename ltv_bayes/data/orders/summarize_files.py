"""Orders in Parquet files to customers in a Parquet file, in bounded memory."""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ltv_bayes.data.customers.attributes import attributes_by_id, warn_of_missing
from ltv_bayes.data.customers.check import COMPUTED
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.files import file_notes, open_customers
from ltv_bayes.data.engine.duckdb import Connection, engine, fetched, identifier
from ltv_bayes.data.engine.parquet import parquet_source, parquet_target, refuse_same_names, write_parquet
from ltv_bayes.data.orders.left_out import LeftOutFile, no_orders
from ltv_bayes.data.orders.log_columns import first_rows
from ltv_bayes.data.orders.occasions.in_batches import BatchesOfOrders
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.scanned import FilesOfOrders, ScannedTransactions
from ltv_bayes.data.orders.selection import (
    AFTER_AS_OF,
    IGNORED_RETURN,
    Returns,
    observation_end,
    refuse_none_left,
    refuse_returns,
)
from ltv_bayes.data.reading.columns import refuse_clash
from ltv_bayes.errors import InputError
from ltv_bayes.language import _
from ltv_bayes.sizes import KEPT_ROWS, READ_ROWS
from ltv_bayes.time_units import DAYS_PER_UNIT, TimeUnit

MADE = """
CREATE TABLE made AS
SELECT
    customer AS customer_id,
    NULL::BIGINT AS frequency,
    NULL::DOUBLE AS recency,
    NULL::DOUBLE AS "T",
    NULL::DOUBLE AS monetary_value,
    NULL::BIGINT AS spend_frequency,
    NULL::DOUBLE AS first_value,
    NULL::DOUBLE AS total_value,
    NULL::DOUBLE AS spend_age,
    NULL::DATE AS first_order,
    NULL::DATE AS last_order
FROM orders
LIMIT 0
"""
NO_OCCASIONS = "CREATE TABLE no_occasions AS SELECT customer, date, NULL::VARCHAR AS reason FROM orders LIMIT 0"


def summarize_to_file(
    log: ScannedTransactions,
    source: FilesOfOrders,
    to: Any,
    *,
    time_unit: TimeUnit,
    as_of: Any,
    attributes: Any,
    count_zero_orders: bool,
    returns: Returns,
) -> Customers:
    """Write one row a customer, sorted by id, and beside it the orders left out.

    Parameters
    ----------
    log : ScannedTransactions
        Orders in files.
    source : FilesOfOrders
        The files.
    to : path
        The file of customers.

    Returns
    -------
    Customers
        As they are in the file.

    Raises
    ------
    InputError
        If orders are dated in the future, ``as_of`` lies before the first order, or no purchase is left; if there is
        no file to write to.
    """
    if to is None:
        raise InputError(_("Scanned orders are summarised to a file. Pass to='customers.parquet', or another name."))
    target = parquet_target(to)
    if target.resolve() in {path.resolve() for path in source.paths}:
        raise InputError(
            _("The orders are in {name}, so customers cannot be written there. Choose another name.", name=target.name)
        )
    with engine(source.memory_limit) as connection:
        connection.execute(f"CREATE TEMP VIEW log AS {log.query}")
        first, last = connection.execute("SELECT min(date), max(date) FROM log").fetchall()[0]
        end = observation_end(first, last, as_of, lambda day: _rows_where(connection, f"date > DATE '{day}'"))
        _choose_orders(connection, end, returns)
        money = WholeMoney.of_orders(lambda sql: fetched(connection.execute(sql)))
        orders = BatchesOfOrders(
            money, first, end, days_per_unit=DAYS_PER_UNIT[time_unit], count_zero_orders=count_zero_orders
        )
        _make_customers(connection, orders)
        left_out = _left_out_query(end, returns, any_unpaid=money.any_unpaid)
        query, clients = _with_attributes(connection, attributes, log.customer_column)
        days, prices = orders.repeat_days(), orders.prices.moments()
        notes = file_notes(time_unit, end, log.currency, repeat_days=days, price_moments=prices)
        with LeftOutFile.written_with(target, lambda path: write_parquet(connection, f"{left_out} ORDER BY row", path)):
            if not write_parquet(connection, query, target, notes):
                counts = f"SELECT reason, count(*) AS rows FROM ({left_out}) GROUP BY reason"
                refuse_none_left(fetched(connection.execute(counts)).set_index("reason")["rows"])
        others = pd.DataFrame() if clients is None else _without_orders(connection, clients, target)
    rows = open_customers(target, source.memory_limit)
    return Customers(rows, time_unit, end, log.currency, left_out_beside(target), others, orders.merged, days)


def left_out_beside(path: Path) -> LeftOutFile | pd.DataFrame:
    """The orders left out of a file of customers."""
    return LeftOutFile.beside([path]) or no_orders()


def _rows_where(connection: Connection, rule: str) -> tuple[list[Any], int]:
    """The first orders in the table ``log`` for which a rule holds, and their number."""
    number = connection.execute(f"SELECT count(*) FROM log WHERE {rule}").fetchall()[0][0]
    return first_rows(lambda sql: fetched(connection.execute(sql)), rule), number


def _choose_orders(connection: Connection, end: dt.date, returns: Returns) -> None:
    """Make the table ``orders`` of those that count."""
    counting = f"date <= DATE '{end}'"
    if returns == "error":
        refuse_returns(*_rows_where(connection, f"{counting} AND amount < 0"))
    paid = " AND (amount >= 0 OR amount IS NULL)" if returns == "ignore" else ""
    connection.execute(f"CREATE TEMP VIEW orders AS FROM log WHERE {counting}{paid}")


def _make_customers(connection: Connection, orders: BatchesOfOrders) -> None:
    """Make the tables ``made``, sorted by id, and ``no_occasions`` of the table ``orders``."""
    connection.execute(MADE)
    connection.execute(NO_OCCASIONS)
    reader = connection.sql("SELECT customer, date, amount FROM orders ORDER BY customer, date")
    batches = (pa.Table.from_batches([batch]) for batch in reader.to_arrow_reader(READ_ROWS))
    waiting: dict[str, list[pa.Table]] = {"made": [], "no_occasions": []}
    with connection.cursor() as writer:  # while the connection itself hands out orders
        for found in orders.customers(batches):
            for (name, tables), rows in zip(waiting.items(), found, strict=True):
                tables.append(rows)
                if sum(len(table) for table in tables) >= KEPT_ROWS:
                    _keep(writer, name, tables)
        for name, tables in waiting.items():
            _keep(writer, name, tables)


def _keep(connection: Connection, name: str, tables: list[pa.Table]) -> None:
    """Add rows to a table of the engine, and take them off the list."""
    if tables:
        connection.register("rows", pa.concat_tables(tables))
        connection.execute(f"INSERT INTO {name} BY NAME FROM rows")
        connection.unregister("rows")
        tables.clear()


def _left_out_query(end: dt.date, returns: Returns, *, any_unpaid: bool) -> str:
    """SQL that lists the orders left out, with the reasons."""
    parts = [f"SELECT *, '{AFTER_AS_OF}' AS reason FROM log WHERE date > DATE '{end}'"]
    if returns == "ignore":
        parts.append(f"SELECT *, '{IGNORED_RETURN}' AS reason FROM log WHERE date <= DATE '{end}' AND amount < 0")
    if any_unpaid:
        parts.append("SELECT orders.*, reason FROM orders JOIN no_occasions USING (customer, date)")
    return f"SELECT row, reason, customer AS customer_id, date, amount FROM ({' UNION ALL '.join(parts)})"


def _with_attributes(connection: Connection, attributes: Any, customer_column: str) -> tuple[str, pd.DataFrame | None]:
    """Join attributes, which are in memory, to the customers in the table ``made``."""
    if attributes is None:
        return "FROM made", None
    clients = attributes_by_id(attributes, customer_column)
    refuse_clash(clients.columns, COMPUTED, _("Rename them in the attributes."))
    refuse_same_names([*COMPUTED, *clients.columns])
    connection.register("clients", clients.set_axis(clients.index.astype(str).rename("client"), axis=0).reset_index())
    names = "".join(f", clients.{identifier(str(name))}" for name in clients.columns)
    joined = "made LEFT JOIN clients ON made.customer_id::VARCHAR = clients.client"
    return f"SELECT made.*{names} FROM {joined} ORDER BY customer_id", clients


def _without_orders(connection: Connection, clients: pd.DataFrame, target: Path) -> pd.DataFrame:
    """Warn of customers without attributes, and give the attributes of those without orders."""
    made = f"(SELECT customer_id, customer_id::VARCHAR AS client FROM {parquet_source([target])})"
    lacking = f"{made} ANTI JOIN clients USING (client)"
    number = connection.execute(f"SELECT count(*) FROM {lacking}").fetchall()[0][0]
    if number:
        found = connection.execute(f"SELECT customer_id FROM {lacking} ORDER BY customer_id LIMIT 5").fetchall()
        warn_of_missing([customer_id for (customer_id,) in found], number, stacklevel=5)
    known = fetched(connection.execute(f"SELECT client FROM clients SEMI JOIN {made} USING (client)"))["client"]
    return clients[~clients.index.astype(str).isin(known)]
