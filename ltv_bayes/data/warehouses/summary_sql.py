"""The statement behind summarize, as text for another engine."""

from collections.abc import Mapping
from typing import Any, Literal

from ltv_bayes.data.customers.histories import HISTORIES, SPEND
from ltv_bayes.data.engine.dialects import DAY_IN_ZONE, WITHOUT_ARG_MIN, in_dialect, require_dialect, sqlglot
from ltv_bayes.data.engine.duckdb import text_literal
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.transactions import refuse_choice
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.data.reading.zones import as_zone
from ltv_bayes.data.warehouses.customers_query import REPEATS_BY_DAY, customers_query, days_query, end_of
from ltv_bayes.errors import ColumnError, InputError, suggestion
from ltv_bayes.language import _, sentences
from ltv_bayes.sizes import LARGEST_AMOUNT, SMALLEST_AMOUNT
from ltv_bayes.time_units import DAYS_PER_UNIT, as_date, as_time_unit

AS_TEXT = "CAST(customer AS VARCHAR)"
TRIMMED = f"trim({AS_TEXT}, {text_literal(BLANKS)})"
NO_MONEY = f"amount <> 0 AND NOT abs(amount) BETWEEN {SMALLEST_AMOUNT!r} AND {LARGEST_AMOUNT!r}"
RESULTS = {
    "customers": "SELECT * FROM customers",
    "histories": HISTORIES,
    "spend": SPEND,
    "repeat_days": f"{REPEATS_BY_DAY} ORDER BY 1",
    "faults": f"""
SELECT
    count(*) AS orders,
    count(CASE WHEN customer IS NULL OR {TRIMMED} = '' THEN 1 END) AS without_customer,
    count(CASE WHEN {TRIMMED} <> {AS_TEXT} THEN 1 END) AS blanks_around_customer,
    count(CASE WHEN date IS NULL THEN 1 END) AS without_date,
    {{no_amount}} AS without_amount,
    count(CASE WHEN {NO_MONEY} THEN 1 END) AS impossible_amount,
    count(CASE WHEN amount < 0 THEN 1 END) AS returns,
    count(CASE WHEN date > {{as_of}} THEN 1 END) AS after_as_of
FROM given_orders
""",
}
DEFAULTS = {"customer": "customer_id", "date": "date", "amount": "amount"}
STARTS = "starts AS (SELECT given_customer AS customer, CAST(since AS DATE) AS since FROM given_starts)"
MOST_DECIMALS = 6


def summary_sql(
    dialect: str = "duckdb",
    *,
    table: str,
    columns: Mapping[str, str | None] | None = None,
    result: Literal["customers", "histories", "spend", "repeat_days", "faults"] = "customers",
    time_unit: str = "week",
    as_of: Any = None,
    zero_orders: Literal["count", "drop"] = "count",
    returns: Literal["net", "ignore"] = "net",
    since: str | None = None,
    time_zone: str | None = None,
    decimals: int = 4,
) -> str:
    """Write the SQL that makes customers in a warehouse.

    The statement by which :func:`summarize` makes one row a customer, in another dialect: the same columns, the same
    policies. It checks nothing, and takes ids as they stand, where summarize takes the blanks around them off: run
    ``result="faults"`` first, whose counts, returns apart, should be 0.

    Parameters
    ----------
    dialect : str
        duckdb, spark, databricks, bigquery, snowflake, postgres, redshift, trino or clickhouse.
    table : str
        The table or view of orders, one row an order, as it is written there: ``"sales.orders"``.
    columns : mapping, optional
        What stands for ``customer``, ``date`` and ``amount`` there: a column, or an expression of columns such as
        ``"price * quantity"``; customer_id, date and amount if not given. ``{"amount": None}`` for a log without money.
    result : str
        ``"customers"``, one row each; ``"histories"``, the distinct (frequency, recency, T) with how many share
        each, which is what models of purchases are fitted to; ``"spend"``, the same of spend_frequency and
        monetary_value; ``"repeat_days"``, repeat purchases of all customers by day; ``"faults"``, how many orders have
        something missing, an id with blanks around it (``columns={"customer": "trim(customer_id)"}`` takes spaces
        off), or an amount that is infinite or beyond all money.
    time_unit : str
        Unit of recency and T: hour, day, week, month, quarter or year.
    as_of : date, optional
        The day on which observation ends; the day on which the statement runs if not given.
    zero_orders : {"count", "drop"}
        As in :func:`summarize`.
    returns : {"net", "ignore"}
        As in :func:`summarize`.
    since : str, optional
        A table with one row a customer: the column of ids as in the orders, and ``since``, the day from which the
        clock of each runs.
    time_zone : str, optional
        The zone whose days count, such as ``"Asia/Shanghai"``, where ``date`` is a moment (a timestamp with a time
        zone); otherwise it is cast to a date as it stands, a moment on the session's wall clock.
    decimals : int
        Decimal places that amounts are rounded to, from 0 to 6: sums are of whole numbers, so that the order of rows
        cannot change the last digit.

    Returns
    -------
    str
        One statement.

    Raises
    ------
    InputError
        If the dialect is not known, a choice is none of those there are, ``decimals`` is not a whole number from 0 to
        6, or sqlglot is not installed.
    ColumnError
        If ``columns`` names anything but customer, date and amount, or what stands for one cannot be read.

    Examples
    --------
    >>> print(summary_sql("bigquery", table="sales.orders", result="faults", as_of="2024-06-30"))
    WITH given_orders AS (
      SELECT
        customer_id AS customer,
        CAST(date AS DATE) AS date,
        CAST(amount AS FLOAT64) AS amount
      FROM sales.orders AS source
    )
    SELECT
      COUNT(*) AS orders,
      ...
    """
    require_dialect(dialect)
    refuse_choice("result", result, tuple(RESULTS))
    refuse_choice("zero_orders", zero_orders, ("count", "drop"))
    refuse_choice("returns", returns, ("net", "ignore"))
    if decimals not in range(MOST_DECIMALS + 1):
        raise InputError(
            _(
                "decimals must be a whole number from 0 to {most}, not {decimals!r}. Pass 2 for amounts in cents.",
                most=MOST_DECIMALS,
                decimals=decimals,
            )
        )
    given = _given(columns)
    end = None if as_of is None else as_date(as_of)
    has_money = given["amount"] is not None
    money = WholeMoney(float(10 ** int(decimals)), True, has_money, has_money)
    as_zone(time_zone)
    parts = [f"given_orders AS ({_given_orders(given, time_zone)})"]
    if result == "faults":
        no_amount = "count(CASE WHEN amount IS NULL THEN 1 END)" if has_money else "0"
        last = RESULTS[result].format(as_of=end_of(end), no_amount=no_amount)
    else:
        paid = " AND (amount >= 0 OR amount IS NULL)" if returns == "ignore" and has_money else ""
        parts.append(f"orders AS (SELECT * FROM given_orders WHERE date <= {end_of(end)}{paid})")
        parts.append(f"days AS ({days_query(money, count_zero_orders=zero_orders == 'count')})")
        last = RESULTS[result]
    if result in ("customers", "histories", "spend"):
        made = customers_query(
            money,
            end,
            DAYS_PER_UNIT[as_time_unit(time_unit)],
            given_starts=since is not None,
            first_by_window=dialect in WITHOUT_ARG_MIN,
        )
        parts += [*([] if since is None else [STARTS]), f"customers AS ({made})"]
    names = {"source": table, **({} if since is None else {"given_starts": since})}
    return in_dialect(f"WITH {', '.join(parts)} {last}", dialect, names, _expressions(given, dialect), pretty=True)


def _given(columns: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """What stands for each column."""
    given: dict[str, str | None] = {**DEFAULTS, **(columns or {})}
    for name in given:
        if name not in DEFAULTS:
            problem = _("There is no column {name!r} of orders.", name=name)
            raise ColumnError(sentences(problem, suggestion(name, DEFAULTS)))
    return given


def _given_orders(given: Mapping[str, str | None], time_zone: str | None) -> str:
    """SQL that gives the orders of the table ``source``, with places for what stands for each column."""
    day = "CAST(given_date AS DATE)" if time_zone is None else f"{DAY_IN_ZONE}(given_date, {text_literal(time_zone)})"
    money = "CAST(NULL AS DOUBLE)" if given["amount"] is None else "CAST(given_amount AS DOUBLE)"
    return f"SELECT given_customer AS customer, {day} AS date, {money} AS amount FROM source"


def _expressions(given: Mapping[str, str | None], dialect: str) -> dict[str, Any]:
    """What stands for each column, read in its dialect, by the name of its place."""
    glot, found = sqlglot(), {}
    for name, text in given.items():
        if text is None:
            continue
        try:
            found[f"given_{name}"] = glot.parse_one(str(text), read=dialect, into=glot.exp.Condition)
        except glot.errors.SqlglotError:
            problem = _("{text!r} cannot be read as a column of {dialect}.", text=text, dialect=dialect)
            raise ColumnError(sentences(problem, _("Pass the name of a column, quoted as it is there."))) from None
    return found
