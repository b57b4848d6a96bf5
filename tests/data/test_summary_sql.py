"""The statement of summarize in other dialects: read back, run again, and held to rules of each dialect."""

import sys
from itertools import pairwise

import duckdb
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.data.engine.dialects import DIALECTS
from ltv_bayes.errors import ColumnError, InputError

sqlglot = pytest.importorskip("sqlglot")

RESULTS = ("customers", "histories", "spend", "repeat_days", "faults")
FUNCTIONS = {
    "duckdb": {"ARG_MIN", "DATE_DIFF"},
    "spark": {"MIN_BY", "DATEDIFF"},
    "databricks": {"MIN_BY", "DATEDIFF"},
    "bigquery": {"MIN_BY", "DATE_DIFF"},
    "snowflake": {"MIN_BY", "DATEDIFF", "GREATEST_IGNORE_NULLS", "LEAST_IGNORE_NULLS"},
    "postgres": set(),
    "redshift": {"DATEDIFF"},
    "trino": {"MIN_BY", "DATE_DIFF", "DATE_TRUNC"},
    "clickhouse": {"argMin", "DATE_DIFF", "nullIf"},
}
"""Beside those that all have; from the reference of each engine."""
EVERYWHERE = {"ABS", "CAST", "COALESCE", "COUNT", "GREATEST", "LEAST", "MAX", "MIN", "NULLIF", "ROUND", "SUM", "TRIM"}
FLOAT = {"bigquery": "FLOAT64", "postgres": "DOUBLE PRECISION", "redshift": "DOUBLE PRECISION"}
FLOAT |= {"clickhouse": "Nullable(Float64)"}
DAYS_BETWEEN = {
    "duckdb": "DATE_DIFF('DAY', clock_start, CAST('2024-06-30' AS DATE))",
    "spark": "DATEDIFF(DAY, clock_start, CAST('2024-06-30' AS DATE))",
    "databricks": "DATEDIFF(DAY, clock_start, CAST('2024-06-30' AS DATE))",
    "bigquery": "DATE_DIFF(CAST('2024-06-30' AS DATE), clock_start, DAY)",  # the later day first
    "snowflake": "DATEDIFF(DAY, clock_start, CAST('2024-06-30' AS DATE))",
    "postgres": "(CAST('2024-06-30' AS DATE) - CAST(clock_start AS DATE))",  # a whole number of days
    "redshift": "DATEDIFF(DAY, clock_start, CAST('2024-06-30' AS DATE))",
    "trino": "DATE_DIFF('DAY', DATE_TRUNC('DAY', clock_start), DATE_TRUNC('DAY', CAST('2024-06-30' AS DATE)))",
    "clickhouse": "DATE_DIFF(DAY, clock_start, CAST('2024-06-30' AS Nullable(DATE)))",
}
NO_FILTER = ("bigquery", "snowflake", "redshift")
DAY_IN_SHANGHAI = {
    "duckdb": "CAST(TIMEZONE('Asia/Shanghai', moment) AS DATE)",
    "bigquery": "DATE(moment, 'Asia/Shanghai')",
    "snowflake": "CAST(CONVERT_TIMEZONE('Asia/Shanghai', moment) AS DATE)",
    "postgres": "CAST(moment AT TIME ZONE 'Asia/Shanghai' AS DATE)",
    "redshift": "CAST(moment AT TIME ZONE 'Asia/Shanghai' AS DATE)",
    "trino": "CAST(AT_TIMEZONE(moment, 'Asia/Shanghai') AS DATE)",
    "clickhouse": "toDate(moment, 'Asia/Shanghai')",
}


def statement(dialect, **settings):
    return lb.summary_sql(dialect, **({"table": "sales.orders", "as_of": "2024-06-30"} | settings))


def on_one_line(sql):
    return " ".join(sql.split()).replace("( ", "(").replace(" )", ")")


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_is_read_back_and_calls_what_the_engine_has(dialect, result):
    written = statement(dialect, result=result, zero_orders="drop")
    tree = sqlglot.parse_one(written, read=dialect)
    assert not list(tree.find_all(sqlglot.exp.Command))
    tokens = sqlglot.tokenize(written, read=dialect)
    called = {
        one.text
        for one, following in pairwise(tokens)
        if following.text == "(" and one.text.replace("_", "").isalpha() and one.text.upper() not in KEYWORDS
    }
    assert called <= EVERYWHERE | FUNCTIONS[dialect]


KEYWORDS = {
    "AS",
    "FROM",
    "AND",
    "OR",
    "WHEN",
    "THEN",
    "OVER",
    "JOIN",
    "USING",
    "WHERE",
    "NULLABLE",
    "ELSE",
    "NOT",
    "IN",
    "BOTH",
    "VARCHAR",
}


@pytest.mark.parametrize("dialect", DIALECTS)
class TestRules:
    def test_days_between(self, dialect):
        assert DAYS_BETWEEN[dialect] in on_one_line(statement(dialect))

    def test_division_is_of_floats(self, dialect):
        """A quotient of whole numbers would be cut to a whole number in most engines."""
        whole = on_one_line(statement(dialect))
        kind = FLOAT.get(dialect, "DOUBLE")
        tree = sqlglot.parse_one(statement(dialect), read=dialect)
        divided = [one.this.unnest() for one in tree.find_all(sqlglot.exp.Div)]
        assert len(divided) == 8
        kinds = (sqlglot.exp.Cast, sqlglot.exp.Round, sqlglot.exp.Least, sqlglot.exp.Column)
        assert all(isinstance(one, kinds) for one in divided)
        assert [one.sql() for one in divided if isinstance(one, sqlglot.exp.Column)] == ["repeat_ages"]  # of floats
        assert f"CAST(7.0 AS {kind}) AS recency" in whole

    def test_sums_are_of_whole_numbers(self, dialect):
        kind = FLOAT.get(dialect, "DOUBLE")
        assert f"SUM(ROUND(amount * CAST(10000.0 AS {kind}))) AS net" in on_one_line(statement(dialect))
        assert f"CAST(amount AS {kind}) AS amount" in on_one_line(statement(dialect))  # decimals become floats

    def test_nothing_is_filtered_where_engines_cannot(self, dialect):
        assert "FILTER" not in statement(dialect, result="faults") + statement(dialect)
        assert "QUALIFY" not in statement(dialect)

    def test_greatest_never_sees_a_null(self, dialect):
        """Some engines skip NULL there, others return it."""
        tree = sqlglot.parse_one(statement(dialect, since="sales.installed"), read=dialect)
        arguments = [
            part for one in tree.find_all(sqlglot.exp.Greatest) for part in (one.this, *one.expressions) if one.parent
        ]
        named = {one.name for part in arguments for one in [part.unnest()] if isinstance(one, sqlglot.exp.Column)}
        assert named <= {"clock_start"}

    def test_the_day_of_a_moment(self, dialect):
        written = on_one_line(statement(dialect, columns={"date": "moment"}, time_zone="Asia/Shanghai"))
        moment = "FROM_UTC_TIMESTAMP(CAST(moment AS TIMESTAMP), 'Asia/Shanghai')"
        shifted = f"DATE_FROM_UNIX_DATE(CAST(FLOOR(UNIX_SECONDS({moment}) / 86400) AS INT))"
        assert f"{DAY_IN_SHANGHAI.get(dialect, shifted)} AS date" in written

    def test_subqueries_have_names(self, dialect):
        tree = sqlglot.parse_one(statement(dialect, result="repeat_days"), read=dialect)
        assert all(one.alias for one in tree.find_all(sqlglot.exp.Subquery))

    def test_customers_without_orders_have_null(self, dialect):
        written = statement(dialect, since="sales.installed")
        assert written.endswith("join_use_nulls = 1") == (dialect == "clickhouse")


@pytest.fixture(scope="module")
def orders(cdnow_orders):
    return cdnow_orders.table[["customer_id", "date", "amount"]]


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one != "duckdb"])
def test_read_back_by_duckdb_it_makes_the_same_customers(dialect, orders, cdnow):
    """What the dialect says is said again in DuckDB's own, and run."""
    written = lb.summary_sql(dialect, table="orders_of_cdnow", as_of="1997-09-30")
    again = sqlglot.transpile(written, read=dialect, write="duckdb")[0]
    with duckdb.connect() as connection:
        connection.register("orders_of_cdnow", orders)
        found = connection.execute(f"SELECT * FROM ({again}) ORDER BY customer_id").df().set_index("customer_id")
    found = found.rename(columns={"t": "T"})
    pd.testing.assert_frame_equal(found, cdnow.table, check_exact=True, check_dtype=False)


def test_unique_histories_are_those_of_a_fit(orders, cdnow):
    written = lb.summary_sql(table="orders_of_cdnow", as_of="1997-09-30", result="histories")
    with duckdb.connect() as connection:
        connection.register("orders_of_cdnow", orders)
        found = connection.execute(written).df()
    assert (len(found), found["number"].sum()) == (1016, 2357)  # Fader, Hardie and Lee's sample of CDNOW


ODD_ORDERS = """
CREATE TABLE odd_orders AS SELECT customer AS customer_id, CAST(day AS DATE) AS date, amount FROM (VALUES
    ('A', '2024-01-05', 'Infinity'::DOUBLE), (' A', '2024-02-06', 20.0), (chr(160) || 'A', '2024-03-07', 1e-300),
    ('B', '2024-01-05', 10.0), ('B', '2024-02-06', 0.0), ('B', '2024-02-09', -4.0), (chr(9), '2024-03-07', NULL),
    (NULL, '2024-03-07', 'NaN'::DOUBLE)
) AS given (customer, day, amount)
"""


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one not in ("clickhouse", "redshift")])
def test_faults_are_what_makes_other_customers_than_summarize(dialect):
    """' A' and 'A' are one customer there; an infinite amount is refused; the last two have no id."""
    written = lb.summary_sql(dialect, table="odd_orders", as_of="2024-06-30", result="faults")
    with duckdb.connect() as connection:
        connection.execute(ODD_ORDERS)
        found = connection.execute(sqlglot.transpile(written, read=dialect, write="duckdb")[0]).df().iloc[0]
    assert found.to_dict() == {
        "orders": 8,
        "without_customer": 2,
        "blanks_around_customer": 3,
        "without_date": 0,
        "without_amount": 1,
        "impossible_amount": 3,
        "returns": 1,
        "after_as_of": 0,
    }


def test_whole_numbers_as_ids_have_no_blanks_around_them(orders):
    written = lb.summary_sql(table="orders_of_cdnow", as_of="1998-06-30", result="faults")
    with duckdb.connect() as connection:
        connection.register("orders_of_cdnow", orders.astype({"customer_id": "int64"}))
        found = connection.execute(written).df().iloc[0]
    assert found.drop("orders").eq(0).all()


def test_returns_are_ignored_but_free_orders_count():
    """B has an occasion for 0 on 6 February, and returns something on the 9th."""
    settings = {"table": "odd_orders", "columns": {"customer": "customer_id"}, "as_of": "2024-06-30"}
    with duckdb.connect() as connection:
        connection.execute(ODD_ORDERS)
        ignored, net = (
            connection.execute(lb.summary_sql(returns=returns, **settings)).df().set_index("customer_id").loc["B"]
            for returns in ("ignore", "net")
        )
    assert (ignored["frequency"], ignored["total_value"]) == (1, 10.0)
    assert (net["frequency"], net["total_value"]) == (1, 6.0)


def test_expressions_stand_for_columns():
    written = lb.summary_sql("snowflake", table="S.ORDERS", columns={"customer": '"Client"', "amount": "price * n"})
    assert '"Client" AS customer' in written
    assert "CAST(price * n AS DOUBLE) AS amount" in written
    assert "CURRENT_DATE" in written


def test_without_sqlglot(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(InputError, match=r"pip install 'ltv_bayes\[warehouses\]'"):
        lb.summary_sql("spark", table="orders")


def test_orders_without_money():
    written = on_one_line(lb.summary_sql("trino", table="orders", columns={"amount": None}))
    assert "CAST(NULL AS DOUBLE) AS amount" in written
    assert "TRUE AS has_order" in written


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"dialect": "postgresql"}, "no SQL for the dialect 'postgresql'. Did you mean 'postgres'"),
        ({"returns": "error"}, "returns"),
        ({"decimals": -1}, "decimals must be a whole number from 0 to 6, not -1"),
        ({"decimals": 400}, "from 0 to 6, not 400"),
        ({"decimals": 1.5}, "from 0 to 6"),
        ({"columns": {"client": "client"}}, "no column 'client' of orders"),
        ({"columns": {"date": "CAST("}}, "cannot be read as a column of spark"),
    ],
)
def test_refusals(settings, problem):
    with pytest.raises((InputError, ColumnError), match=problem):
        lb.summary_sql(**({"dialect": "spark", "table": "orders"} | settings))
