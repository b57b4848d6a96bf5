"""Orders in Parquet files to customers in a Parquet file, in bounded memory."""

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from ltv_bayes.data.customers.attributes import attributes_by_id
from ltv_bayes.data.customers.check import COMPUTED
from ltv_bayes.data.customers.files import file_notes, open_customers
from ltv_bayes.data.customers.parquet_rows import ParquetRows
from ltv_bayes.data.engine.duckdb import engine, fetched, identifier
from ltv_bayes.data.engine.parquet import parquet_source, refuse_same_names, write_parquet
from ltv_bayes.data.orders.left_out import LeftOutFile
from ltv_bayes.data.orders.occasions import LEFT_OUT, customers_query, prepare_days
from ltv_bayes.data.orders.scanned import ScannedTransactions, first_rows
from ltv_bayes.data.orders.selection import AFTER_AS_OF, IGNORED_RETURN, ONE_DAY, Returns, today
from ltv_bayes.data.orders.transactions import left_out_line
from ltv_bayes.data.reading.columns import refuse_clash
from ltv_bayes.errors import DataWarning, InputError, rows_at_fault
from ltv_bayes.time_units import DAYS_PER_UNIT, TimeUnit, as_date


def summarize_to_file(
    log: ScannedTransactions,
    target: Path,
    *,
    time_unit: TimeUnit,
    as_of: Any,
    attributes: Any,
    count_zero_orders: bool,
    returns: Returns,
) -> tuple[ParquetRows, dt.date, pd.DataFrame]:
    """Write one row a customer, sorted by id, and beside it the orders left out.

    Returns
    -------
    ParquetRows
        The rows, as they are in the file.
    datetime.date
        The day on which observation ends.
    pandas.DataFrame
        Attributes of those without orders.

    Raises
    ------
    InputError
        If orders are dated in the future, ``as_of`` lies before the first order, or no purchase is left.
    """
    if target.resolve() in {path.resolve() for path in log.paths}:
        raise InputError(f"The orders are in {target.name}, so customers cannot be written there. Choose another name.")
    with engine(log.memory_limit) as connection:
        log.open_in(connection)
        end = _observation_end(connection, as_of)
        _choose_orders(connection, end, returns)
        money = prepare_days(connection, count_zero_orders=count_zero_orders)
        left_out = _left_out_query(end, returns, any_unpaid=money.any_unpaid)
        query, clients = _with_attributes(
            connection, customers_query(money, end, DAYS_PER_UNIT[time_unit]), attributes, log.customer_column
        )
        notes = file_notes(time_unit, end, log.currency)
        with LeftOutFile.written_with(target, lambda path: write_parquet(connection, f"{left_out} ORDER BY row", path)):
            if not write_parquet(connection, f"{query} ORDER BY customer_id", target, notes):
                raise _nobody_left(connection, left_out)
        others = pd.DataFrame() if clients is None else _without_orders(connection, clients, target)
    return open_customers(target, log.memory_limit), end, others


def _nobody_left(connection: duckdb.DuckDBPyConnection, left_out: str) -> InputError:
    """Say why no customer is left."""
    counts = fetched(connection.execute(f"SELECT reason, count(*) AS rows FROM ({left_out}) GROUP BY reason"))
    explained = "; ".join(["No purchase is left", *left_out_line(counts.set_index("reason")["rows"])])
    return InputError(f"{explained}. Check the amounts and as_of.")


def _observation_end(connection: duckdb.DuckDBPyConnection, as_of: Any) -> dt.date:
    """Find the day on which observation ends: as given, or the day of the last order."""
    first, last = connection.execute("SELECT min(date), max(date) FROM log").fetchall()[0]
    given = None if as_of is None else as_date(as_of)
    limit = today() + ONE_DAY  # east of here the next day has begun
    limit = limit if given is None else max(limit, given)
    if last > limit:
        rule = f"date > DATE '{limit}'"
        number = connection.execute(f"SELECT count(*) FROM log WHERE {rule}").fetchall()[0][0]
        cure = "Correct the dates, or pass an as_of on or after them if they are meant."
        rows = first_rows(connection, rule)
        problem = f"dated in the future, such as {last}"
        raise InputError(rows_at_fault(rows, "row", problem, cure, number=number), rows)
    if given is not None and first > given:
        raise InputError(f"as_of {given} lies before the first order ({first}). Choose a later day.")
    return last if given is None else given


def _choose_orders(connection: duckdb.DuckDBPyConnection, end: dt.date, returns: Returns) -> None:
    """Make the table ``orders`` of those that count."""
    counting = f"date <= DATE '{end}'"
    if returns == "error":
        rule = f"{counting} AND amount < 0"
        if number := connection.execute(f"SELECT count(*) FROM log WHERE {rule}").fetchall()[0][0]:
            cure = "Pass returns='net' to set them against the day's orders, or returns='ignore' to leave them out."
            rows = first_rows(connection, rule)
            raise InputError(rows_at_fault(rows, "row", "with a negative amount", cure, number=number), rows)
    paid = " AND (amount >= 0 OR amount IS NULL)" if returns == "ignore" else ""
    connection.execute(f"CREATE TEMP VIEW orders AS FROM log WHERE {counting}{paid}")


def _left_out_query(end: dt.date, returns: Returns, *, any_unpaid: bool) -> str:
    """SQL that lists the orders left out, with the reasons."""
    parts = [f"SELECT *, '{AFTER_AS_OF}' AS reason FROM log WHERE date > DATE '{end}'"]
    if returns == "ignore":
        parts.append(f"SELECT *, '{IGNORED_RETURN}' AS reason FROM log WHERE date <= DATE '{end}' AND amount < 0")
    if any_unpaid:
        parts.append(LEFT_OUT)
    return f"SELECT row, reason, customer AS customer_id, date, amount FROM ({' UNION ALL '.join(parts)})"


def _with_attributes(
    connection: duckdb.DuckDBPyConnection, query: str, attributes: Any, customer_column: str
) -> tuple[str, pd.DataFrame | None]:
    """Join attributes to the query that makes customers; they are in memory."""
    if attributes is None:
        return query, None
    clients = attributes_by_id(attributes, customer_column)
    refuse_clash(clients.columns, COMPUTED, "Rename them in the attributes.")
    refuse_same_names([*COMPUTED, *clients.columns])
    connection.register("clients", clients.set_axis(clients.index.astype(str).rename("client"), axis=0).reset_index())
    names = "".join(f", clients.{identifier(str(name))}" for name in clients.columns)
    joined = f"({query}) AS made LEFT JOIN clients ON made.customer_id::VARCHAR = clients.client"
    return f"SELECT made.*{names} FROM {joined}", clients


def _without_orders(connection: duckdb.DuckDBPyConnection, clients: pd.DataFrame, target: Path) -> pd.DataFrame:
    """Warn of customers without attributes, and give the attributes of those without orders."""
    made = f"(SELECT customer_id, customer_id::VARCHAR AS client FROM {parquet_source([target])})"
    lacking = f"{made} ANTI JOIN clients USING (client)"
    number = connection.execute(f"SELECT count(*) FROM {lacking}").fetchall()[0][0]
    if number:
        found = connection.execute(f"SELECT customer_id FROM {lacking} ORDER BY customer_id LIMIT 5").fetchall()
        cure = "They get missing values: are the ids written as in the orders?"
        ids = [customer_id for (customer_id,) in found]
        warnings.warn(
            rows_at_fault(ids, "customer", "without attributes", cure, number=number), DataWarning, stacklevel=4
        )
    known = fetched(connection.execute(f"SELECT client FROM clients SEMI JOIN {made} USING (client)"))["client"]
    return clients[~clients.index.astype(str).isin(known)]
