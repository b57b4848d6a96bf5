"""Customers summarised in PostgreSQL are those that DuckDB makes, row by row."""

import pytest

import ltv_bayes as lb
from tests.engines.logs import LOGS, assert_same

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def tables(postgres):
    """The logs as tables of the database."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
        for name, log in LOGS.items():
            cursor.adbc_ingest(name, log.arrow(), mode="replace")
    return postgres


@pytest.mark.parametrize("name", LOGS)
def test_same_rows(tables, name):
    log = LOGS[name]
    assert_same(log, lambda: lb.scan_transactions(tables, table=name, **log.columns))
