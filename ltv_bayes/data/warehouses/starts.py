"""Since when customers could have ordered, in the engine that holds their orders."""

import datetime as dt
from typing import Any

from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.data.engine.parquet import id_column, require_column
from ltv_bayes.data.engine.postgres import Postgres
from ltv_bayes.data.engine.spark import Spark, is_spark_frame
from ltv_bayes.data.orders.log_columns import require_days
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import InputError, refuse_rows
from ltv_bayes.language import _, sentences
from ltv_bayes.sizes import NAMED_ROWS

FIRST_ORDERS = "SELECT customer, min(date) AS first_day FROM orders GROUP BY customer"


def with_starts(engine: Engine, since: Any, customer_column: str, end: dt.date) -> Engine:
    """The engine with a table ``starts`` of customers and the day from which the clock of each runs.

    Parameters
    ----------
    engine : Engine
        It knows the table ``orders``, of those that count.
    since : pyspark.sql.DataFrame or str
        One row a customer, in the same engine: a data frame of Spark, or the name of a table in the database; with the
        column of ids as in the orders, and ``since``.
    end : datetime.date
        The day on which observation ends: those who begin later are left out.

    Raises
    ------
    InputError
        If it is elsewhere; if a customer is there twice or has no day; if customers ordered who are not in it, or
        before their day.
    """
    if isinstance(engine, Spark) and is_spark_frame(since):
        called = Spark.of_frame(since, "since").names["since"]
    elif isinstance(engine, Postgres) and isinstance(since, str):
        called = since
    else:
        cure = _("Pass a data frame of Spark, or the name of a table in the database, where the orders are.")
        problem = _("since= has to be {place}, as the orders are.", place=_("in {engine}", engine=engine.name))
        raise InputError(sentences(problem, cure))
    engine = engine.knows("given_starts", called)
    types = engine.types("given_starts")
    customer, day = id_column(types, customer_column, "customer", BLANKS), require_column(types, "since", "since")
    require_days(types, "since")
    engine = engine.defines(
        "all_starts", f"SELECT {customer} AS customer, CAST({day} AS DATE) AS since FROM given_starts"
    )
    cure = _("Give each of them a date, or leave their orders out.")
    _refuse(engine, "SELECT customer FROM all_starts WHERE since IS NULL", _("without a date in since"), cure)
    repeated = "SELECT customer FROM all_starts GROUP BY customer HAVING count(*) > 1"
    _refuse(engine, repeated, _("with several dates in since"), _("Keep one row for each customer."))
    joined = f"FROM ({FIRST_ORDERS}) AS first_orders LEFT JOIN all_starts USING (customer)"
    _refuse(engine, f"SELECT customer {joined} WHERE since IS NULL", _("who ordered but are not in since"), cure)
    early = f"SELECT customer {joined} WHERE first_day < since"
    cure = _("Correct these dates, or leave their orders out.")
    _refuse(engine, early, _("who ordered before their day in since"), cure)
    return engine.defines("starts", f"SELECT customer, since FROM all_starts WHERE since <= DATE '{end}'")


def _refuse(engine: Engine, sql: str, problem: str, cure: str) -> None:
    """Raise if a statement names customers."""
    found = engine.ask(f"{sql} ORDER BY customer LIMIT {NAMED_ROWS}")["customer"].tolist()
    refuse_rows(found, "customer", problem, cure)
