"""Orders in Spark or PostgreSQL: the columns to use, and the day of a moment."""

from collections.abc import Mapping
from typing import Any

from ltv_bayes.data.engine.dialects import DAY_IN_ZONE
from ltv_bayes.data.engine.duckdb import text_literal
from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.data.engine.parquet import require_column
from ltv_bayes.data.engine.postgres import Postgres, is_database
from ltv_bayes.data.engine.spark import Spark, is_spark_frame
from ltv_bayes.data.orders.log_columns import order_columns, require_days
from ltv_bayes.data.reading.zones import as_zone
from ltv_bayes.errors import InputError
from ltv_bayes.language import _, sentences

UTC = ("UTC", "Etc/UTC", "GMT", "Z", "Zulu", "Universal")


def is_elsewhere(source: Any) -> bool:
    """Whether orders are in Spark or a database."""
    return is_spark_frame(source) or is_database(source)


def orders_there(
    source: Any, table: str | None, given: Mapping[str, str | None], factor: float, time_zone: str | None
) -> tuple[str, Engine]:
    """Write the SQL that gives orders: row (what an order says of itself), customer, date, amount, and stream.

    Parameters
    ----------
    source : Any
        A data frame of Spark, or an address of a database or a connection to it.
    table : str or None
        The table in the database.
    given : mapping
        The user's column for each of customer, date, amount and stream; None for one that is not there.
    factor : float
        What 1 in the column of amounts is worth.
    time_zone : str or None
        The zone whose days count.

    Raises
    ------
    ColumnError
        If a column is not there, or holds another kind of values.
    InputError
        If a table is named where there can be none, or none where one is needed; if the day of a moment depends on the
        session.
    """
    if is_spark_frame(source):
        if table is not None:
            raise InputError(_("A data frame of Spark has no table=. Pass spark.table({table!r}).", table=table))
        engine: Engine = Spark.of_frame(source, "source")
    else:
        if table is None:
            raise InputError(_("Orders in a database are in a table. Pass table='sales.orders', or what it is called."))
        engine = Postgres.of_table(source, table, "source")
    types = engine.types("source")
    columns = order_columns(types, given, factor, _day(engine, types, str(given["date"]), time_zone))
    listed = ", ".join(f"{column} AS {name}" for name, column in columns.items())
    shown = " || ' / ' || ".join(f"coalesce(CAST({name} AS VARCHAR), '?')" for name in ("customer", "date", "amount"))
    names = ", ".join(columns)
    return f"SELECT {shown} AS row, {names} FROM (SELECT {listed} FROM source) AS used", engine


def _day(engine: Engine, types: Mapping[str, str], name: str, time_zone: str | None) -> str:
    """Write a column of dates or moments into SQL, as days."""
    column = require_column(types, name, "date")
    require_days(types, name)
    if types[name] != "TIMESTAMP WITH TIME ZONE":
        if time_zone is not None:
            problem = _("The column {name!r} holds days without a time zone.", name=name)
            raise InputError(sentences(problem, _("Leave time_zone out.")))
        return f"CAST({column} AS DATE)"
    as_zone(time_zone)
    session = engine.time_zone()
    if time_zone is None and session not in UTC:
        raise InputError(
            _(
                "The column {name!r} holds moments, whose day depends on the time zone; the session's is {session}. "
                "Pass time_zone={session!r}, or the zone whose days count, such as time_zone='UTC'.",
                name=name,
                session=session,
            )
        )
    return f"{DAY_IN_ZONE}({column}, {text_literal(time_zone or 'UTC')})"


def refuse_settings_of_engines(source: Any, table: str | None, time_zone: str | None) -> None:
    """Raise if files are given what only engines take.

    Raises
    ------
    InputError
        With what to do.
    """
    for name, value in {"table": table, "time_zone": time_zone}.items():
        if value is not None:
            problem = _("{name}= is for orders in Spark or a database, not in files.", name=name)
            raise InputError(sentences(problem, _("Leave it out.")))
