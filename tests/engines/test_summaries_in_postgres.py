"""Customers summarised in PostgreSQL are those that DuckDB makes, row by row."""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.data.customers.histories import unique_histories, unique_spend
from ltv_bayes.errors import ColumnError, InputError
from tests.engines.hard_rows import COUNTS_OF_ODD_IDS, FAULTS, FAULTY, ODD_IDS, ZONES, days_in, days_of, moments
from tests.engines.logs import LOGS, assert_same, in_memory, starts_as_table

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def run(postgres):
    """Runs a statement, in a session of its own."""
    from adbc_driver_postgresql import dbapi

    def run(sql):
        with dbapi.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    return run


@pytest.fixture(scope="module")
def tables(postgres):
    """The logs as tables of the database."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
        for name, log in LOGS.items():
            cursor.adbc_ingest(name, log.arrow(), mode="replace")
        cursor.adbc_ingest("faulty", FAULTY, mode="replace")
        cursor.adbc_ingest("starts_of_all", starts_as_table(), mode="replace")
        cursor.adbc_ingest("moments", moments(), mode="replace")
    return postgres


@pytest.fixture(scope="module")
def there(tables):
    """CDNOW's customers in the database."""
    return lb.summarize(lb.scan_transactions(tables, table="cdnow"), **LOGS["cdnow"].settings)


def test_postgres_answers_in_arrow(postgres):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT generate_series(1, 3) AS number")
        assert cursor.fetch_arrow_table()["number"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize("name", LOGS)
def test_same_rows(tables, name):
    log = LOGS[name]
    assert_same(log, lambda: lb.scan_transactions(tables, table=name, **log.columns))


@pytest.mark.parametrize("name", ["netted", "free_left_out"])
def test_clocks_that_start_on_given_days(tables, name):
    assert_same(LOGS[name], lambda: lb.scan_transactions(tables, table=name), since="starts_of_all")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            "DELETE FROM bad_starts WHERE customer_id IN (3, 7)",
            r"2 customers who ordered but are not in since \(ids 3",
        ),
        ("UPDATE bad_starts SET since = '2025-01-01' WHERE customer_id = 4", "1 customer who ordered before their day"),
        ("UPDATE bad_starts SET since = NULL WHERE customer_id = 5", "1 customer without a date in since"),
        ("INSERT INTO bad_starts VALUES (6, '2022-01-01')", "1 customer with several dates in since"),
    ],
)
def test_days_of_start_that_cannot_be(tables, run, change, problem):
    run("DROP TABLE IF EXISTS bad_starts")
    run("CREATE TABLE bad_starts AS SELECT * FROM starts_of_all")
    run(change)
    orders = lb.scan_transactions(tables, table="netted")
    with pytest.raises(InputError, match=problem):
        lb.summarize(orders, since="bad_starts")


def test_values_are_those_of_customers_in_memory(tables, purchases, spend):
    log, values = LOGS["ignored"], []
    there = lb.summarize(lb.scan_transactions(tables, table="ignored"), **log.settings)
    for customers in (there, in_memory(log)):
        stream = lb.RepeatPurchases(purchases.thin(100), spend.thin(100))
        ltv = lb.lifetime_value(customers, stream, horizon="1 year", random_seed=1)
        values.append(ltv.summary().sort_index())
    np.testing.assert_array_equal(values[0].to_numpy(), values[1].to_numpy())
    assert values[0].index.tolist() == values[1].index.tolist()
    assert lb.score(there, ltv).table["mean"].sort_index().equals(values[1]["mean"])


def test_answers_are_those_of_customers_in_memory(there):
    here = in_memory(LOGS["cdnow"])
    for ask in (unique_histories, unique_spend):
        for found, expected in zip(vars(ask(there)).values(), vars(ask(here)).values(), strict=True):
            np.testing.assert_array_equal(found, expected)
    assert there.in_time_unit("day").table["T"].sort_index().equals(here.in_time_unit("day").table["T"])
    assert [len(batch) for batch in there.batches(1_000)] == [1_000, 1_000, 357]
    some = sorted(here.ids)[::1_000]
    assert there.subset(some).ids.tolist() == some
    with pytest.raises(InputError, match="id -4"):
        there.subset([1, -4])


def test_moments_of_prices_are_those_of_customers_in_memory(there):
    found, expected = there.rows.price_moments, in_memory(LOGS["cdnow"]).rows.price_moments
    for one, other in zip(vars(found).values(), vars(expected).values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.fits
def test_fits_are_those_of_customers_in_memory(there):
    """With calendar effects, from counts by day, and with the drift of prices.

    What enters is equal up to its last digits, which differ between processors, and with them which draws are kept.
    """
    here = in_memory(LOGS["cdnow"])
    for model in (lb.BGNBD(), lb.GammaGamma()):
        found, expected = (
            model.fit(one, draws=200, random_seed=1, progressbar=False).summary() for one in (there, here)
        )
        assert (abs(found["mean"] - expected["mean"]) < 0.2 * expected["sd"]).all()


def test_customers_go_to_a_file(tables, tmp_path):
    orders = lb.scan_transactions(tables, table="netted")
    found = lb.summarize(orders, to=tmp_path / "customers.parquet", **LOGS["netted"].settings)
    expected = in_memory(LOGS["netted"])
    assert found.table.equals(expected.table)
    assert found.dropped_by_reason().to_dict() == expected.dropped_by_reason().to_dict()
    assert lb.Customers.scan(tmp_path / "customers.parquet").repeat_days.equals(expected.repeat_days)


def test_rows_at_fault_are_named(tables):
    with pytest.raises(InputError, match=FAULTS):
        lb.scan_transactions(tables, table="faulty")


@pytest.mark.parametrize("zone", ZONES)
def test_days_of_moments(tables, zone):
    orders = lb.scan_transactions(tables, table="moments", date="at", time_zone=zone)
    assert days_of(orders) == days_in(zone)


def test_the_zone_of_the_session_does_not_decide(tables, run):
    run("ALTER ROLE tests SET timezone = 'America/New_York'")
    try:
        with pytest.raises(InputError, match="depends on the time zone; the session's is America/New_York"):
            lb.scan_transactions(tables, table="moments", date="at")
        orders = lb.scan_transactions(tables, table="moments", date="at", time_zone="Asia/Shanghai")
        assert days_of(orders) == days_in("Asia/Shanghai")
    finally:
        run("ALTER ROLE tests RESET timezone")


def test_kinds_of_columns(tables, run):
    """Exact numbers, text of a fixed length, and names that must be quoted."""
    run('CREATE SCHEMA "Sales"')
    run('CREATE TABLE "Sales"."Or ders" ("Id" char(8), day timestamp, value numeric(20, 6), at uuid)')
    rows = "('A', '2024-01-01 23:59:59.999999', 0.1, NULL), ('A', '2024-01-02', 0.2, NULL)"
    run(f'INSERT INTO "Sales"."Or ders" VALUES {rows}')
    names = {"table": '"Sales"."Or ders"', "customer": "Id", "date": "day", "amount": "value"}
    found = lb.summarize(lb.scan_transactions(tables, **names)).table
    assert found.index.tolist() == ["A"]
    assert found[["frequency", "total_value"]].to_numpy().tolist() == [[1.0, 0.3]]
    with pytest.raises(ColumnError, match="'at' holds uuid, not dates"):
        lb.scan_transactions(tables, **(names | {"date": "at"}))
    with pytest.raises(ColumnError, match=r"no column 'id'. Did you mean 'Id'"):
        lb.scan_transactions(tables, **(names | {"customer": "id"}))


def test_settings_that_cannot_be(tables):
    with pytest.raises(InputError, match="Pass table="):
        lb.scan_transactions(tables)
    orders = lb.scan_transactions(tables, table="cdnow")
    with pytest.raises(InputError, match="as_of 1990-01-01 lies before"):
        lb.summarize(orders, as_of="1990-01-01")
    with pytest.raises(InputError, match="with a negative amount"):
        lb.summarize(lb.scan_transactions(tables, table="netted"), returns="error")


def test_the_statement_for_faults_counts_them(postgres):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("odd_ids", ODD_IDS, mode="replace")
        cursor.execute(lb.summary_sql("postgres", table="odd_ids", result="faults", as_of="2024-06-30"))
        assert cursor.fetch_arrow_table().to_pylist() == [COUNTS_OF_ODD_IDS]
