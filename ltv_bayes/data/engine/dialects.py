"""The SQL of DuckDB in the dialects of other engines, with a rule for each thing that they write in another way."""

from collections.abc import Mapping
from typing import Any

from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.language import _, sentences

DIALECTS = ("duckdb", "spark", "databricks", "bigquery", "snowflake", "postgres", "redshift", "trino", "clickhouse")
"""The dialects for which the statements are checked."""
WITHOUT_ARG_MIN = ("postgres", "redshift")
DAY_IN_ZONE = "day_in_zone"
"""A function of ours, for the day of a moment in a time zone."""
RULES = {"fsum": "sum({})", "isfinite": "(abs({}) <= CAST(1.7976931348623157E308 AS DOUBLE))"}
"""Functions that DuckDB alone has, in words that all have; NaN is the largest number or equal to none."""

SHIFTED = "from_utc_timestamp({moment}, {zone})"  # micros as if the wall clock of the zone were that of UTC
DAYS_IN_ZONE = {
    "duckdb": "CAST(timezone({zone}, {moment}) AS DATE)",
    "spark": f"date_from_unix_date(CAST(floor(unix_seconds({SHIFTED}) / 86400) AS INT))",
    "bigquery": "DATE({moment}, {zone})",
    "snowflake": "CAST(CONVERT_TIMEZONE({zone}, {moment}) AS DATE)",
    "postgres": "CAST({moment} AT TIME ZONE {zone} AS DATE)",
    "trino": "CAST({moment} AT TIME ZONE {zone} AS DATE)",
    "clickhouse": "toDate({moment}, {zone})",
}
DAYS_IN_ZONE |= {"databricks": DAYS_IN_ZONE["spark"], "redshift": DAYS_IN_ZONE["postgres"]}
NULLS_OF_JOINS = {"clickhouse": "SETTINGS join_use_nulls = 1"}
"""What an engine needs to be told so that rows without a partner have NULL there, as in all others."""


def require_dialect(dialect: str) -> None:
    """Raise if a dialect is none of those that are checked.

    Raises
    ------
    InputError
        With those there are.
    """
    if dialect not in DIALECTS:
        problem = _("There is no SQL for the dialect {dialect!r}.", dialect=dialect)
        raise InputError(sentences(problem, suggestion(str(dialect), DIALECTS)))


def sqlglot() -> Any:
    """The package that knows dialects.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import sqlglot
    except ImportError:
        raise InputError(
            _("SQL of other engines needs the package sqlglot. Install it with pip install 'ltv_bayes[warehouses]'.")
        ) from None
    return sqlglot


def in_dialect(
    sql: str,
    dialect: str,
    names: Mapping[str, str] | None = None,
    columns: Mapping[str, Any] | None = None,
    *,
    pretty: bool = False,
) -> str:
    """Write a statement in another dialect.

    Parameters
    ----------
    sql : str
        In the dialect of DuckDB.
    dialect : str
        One of those in ``DIALECTS``.
    names : mapping, optional
        What tables are called there, as SQL of that dialect; the statement goes on to know them by its own names.
    columns : mapping, optional
        Expressions that stand for columns of the statement, read in that dialect.
    pretty : bool
        Whether people read it.

    Examples
    --------
    >>> in_dialect("SELECT date_diff('day', a, b) AS days FROM t", "spark", {"t": "sales.orders"})
    'SELECT DATEDIFF(DAY, a, b) AS days FROM sales.orders AS t'
    """
    glot = sqlglot()
    tree = glot.parse_one(sql, read="duckdb")
    made = {cte.alias for cte in tree.find_all(glot.exp.CTE)}
    for table in list(tree.find_all(glot.exp.Table)):
        if not table.db and table.name in (names or {}) and table.name not in made:
            _call_it(glot, table, (names or {})[table.name], dialect)
    for column in list(tree.find_all(glot.exp.Column)):
        if column.name in (columns or {}):
            column.replace((columns or {})[column.name].copy())
    tree = tree.transform(lambda node: _ruled(glot, node, dialect))
    written: str = tree.sql(dialect, pretty=pretty, comments=False, unsupported_level=glot.ErrorLevel.RAISE)
    if dialect in NULLS_OF_JOINS and any(join.side for join in tree.find_all(glot.exp.Join)):
        written += ("\n" if pretty else " ") + NULLS_OF_JOINS[dialect]
    return written


def _call_it(glot: Any, table: Any, name: str, dialect: str) -> None:
    """Give a table the name it has in the engine, under the alias it has here."""
    real = glot.exp.to_table(name, dialect=dialect)
    alias = table.alias or table.name
    real.set("alias", glot.exp.TableAlias(this=glot.exp.to_identifier(alias)))
    real.set("joins", table.args.get("joins"))
    table.replace(real)


def _ruled(glot: Any, node: Any, dialect: str) -> Any:
    """Write a function as a dialect has it, if DuckDB alone has it."""
    if not isinstance(node, glot.exp.Anonymous):
        return node
    name, arguments = node.name.lower(), node.expressions
    if name == DAY_IN_ZONE:
        moment, zone = (part.sql(dialect) for part in arguments)
        return glot.parse_one(DAYS_IN_ZONE[dialect].format(moment=moment, zone=zone), read=dialect)
    if name not in RULES or dialect == "duckdb":
        return node
    return glot.parse_one(RULES[name].format(arguments[0].sql("duckdb")), read="duckdb")
