"""Orders in Spark or a database to customers who stay there; counts and unique histories alone come here."""

import datetime as dt
from typing import Any

import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.repeat_days import by_day
from ltv_bayes.data.engine.dialects import WITHOUT_ARG_MIN
from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.data.orders.left_out import no_orders
from ltv_bayes.data.orders.log_columns import first_rows
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.selection import (
    AFTER_AS_OF,
    IGNORED_RETURN,
    Returns,
    observation_end,
    refuse_none_left,
    refuse_returns,
)
from ltv_bayes.data.warehouses.customers_query import LEFT_OUT, REPEATS_BY_DAY, customers_query, days_query
from ltv_bayes.data.warehouses.left_out import LeftOutElsewhere
from ltv_bayes.data.warehouses.price_moments import price_moments_there
from ltv_bayes.data.warehouses.rows import EngineRows
from ltv_bayes.data.warehouses.starts import with_starts
from ltv_bayes.time_units import DAYS_PER_UNIT, TimeUnit

REPEATS_SINCE_BY_DAY = """
SELECT day, count(*) AS number FROM days JOIN starts USING (customer) WHERE is_occasion AND day > since GROUP BY day
"""
MERGED = "SELECT CAST(coalesce(sum(orders - 1), 0) AS BIGINT) AS number FROM days WHERE is_occasion"


def summarize_there(
    query: str,
    engine: Engine,
    *,
    currency: str | None,
    time_unit: TimeUnit,
    as_of: Any,
    count_zero_orders: bool,
    returns: Returns,
    since: Any,
    customer_column: str,
) -> Customers:
    """Make one row a customer, kept in the engine for this session.

    Parameters
    ----------
    query : str
        SQL that gives the orders.
    engine : Engine
        Where they are.

    Raises
    ------
    InputError
        If orders are dated in the future, ``as_of`` lies before the first order, or no purchase is left.
    """
    engine = engine.defines("log", query)
    first, last = engine.ask("SELECT min(date) AS first_day, max(date) AS last_day FROM log").iloc[0]
    end = observation_end(first.date(), last.date(), as_of, lambda day: _rows_where(engine, f"date > DATE '{day}'"))
    engine = _with_counting_orders(engine, end, returns)
    if since is not None:
        engine = with_starts(engine, since, customer_column, end)
    money = WholeMoney.of_orders(engine.ask)
    days = days_query(money, count_zero_orders=count_zero_orders)
    while_made = engine.keeps("days", days)
    by_window, given = engine.dialect in WITHOUT_ARG_MIN, since is not None
    made = customers_query(money, end, DAYS_PER_UNIT[time_unit], given_starts=given, first_by_window=by_window)
    kept = while_made.keeps("kept", made)
    number = int(kept.ask("SELECT count(*) AS number FROM kept")["number"].iloc[0])
    left_out = _left_out(while_made, end, returns, any_unpaid=money.any_unpaid)
    counts = pd.Series(dtype="int64")
    if last.date() > end or returns == "ignore" or money.any_unpaid:
        counted = f"SELECT reason, count(*) AS rows FROM ({left_out}) AS left_out GROUP BY reason ORDER BY 2 DESC, 1"
        counts = while_made.ask(counted).set_index("reason")["rows"]
    if not number:
        refuse_none_left(counts)
    repeats = while_made.ask(REPEATS_BY_DAY if since is None else REPEATS_SINCE_BY_DAY)
    merged = int(while_made.ask(MERGED)["number"].iloc[0])
    prices = price_moments_there(while_made, money, end, given_starts=given)
    while_made.forgets("days")
    columns = [name for name in kept.types("kept") if name != "customer_id"]
    rows = EngineRows(kept, "SELECT * FROM kept", columns, number, prices)
    orders = LeftOutElsewhere(engine.defines("days", days), left_out, counts) if len(counts) else no_orders()
    repeat_days = by_day(repeats["day"], repeats["number"])
    return Customers(rows, time_unit, end, currency, orders, pd.DataFrame(), merged, repeat_days)


def _rows_where(engine: Engine, rule: str) -> tuple[list[Any], int]:
    """The first orders in the table ``log`` for which a rule holds, and their number."""
    number = engine.ask(f"SELECT count(*) AS number FROM log WHERE {rule}")["number"].iloc[0]
    return first_rows(engine.ask, rule), int(number)


def _with_counting_orders(engine: Engine, end: dt.date, returns: Returns) -> Engine:
    """The engine with a table ``orders`` of those that count."""
    counting = f"date <= DATE '{end}'"
    if returns == "error":
        refuse_returns(*_rows_where(engine, f"{counting} AND amount < 0"))
    paid = " AND (amount >= 0 OR amount IS NULL)" if returns == "ignore" else ""
    return engine.defines("orders", f"SELECT * FROM log WHERE {counting}{paid}")


def _left_out(engine: Engine, end: dt.date, returns: Returns, *, any_unpaid: bool) -> str:
    """SQL that lists the orders left out, with the reasons."""
    columns = "row, customer, date, amount"
    parts = [f"SELECT {columns}, '{AFTER_AS_OF}' AS reason FROM log WHERE date > DATE '{end}'"]
    if returns == "ignore":
        rule = f"date <= DATE '{end}' AND amount < 0"
        parts.append(f"SELECT {columns}, '{IGNORED_RETURN}' AS reason FROM log WHERE {rule}")
    if any_unpaid:
        parts.append(f"SELECT {columns}, reason FROM ({LEFT_OUT}) AS no_occasions")
    listed = "SELECT row, reason, customer AS customer_id, date, amount"
    return f"{listed} FROM ({' UNION ALL '.join(parts)}) AS parts"
