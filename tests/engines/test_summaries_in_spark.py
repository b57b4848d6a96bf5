"""Customers summarised in Spark are those that DuckDB makes, row by row."""

import pytest

import ltv_bayes as lb
from tests.engines.logs import LOGS, assert_same

pytestmark = pytest.mark.engines


@pytest.mark.parametrize("name", LOGS)
def test_same_rows(spark, name):
    log = LOGS[name]
    frame = spark.createDataFrame(log.arrow()).repartition(5)
    assert_same(log, lambda: lb.scan_transactions(frame, **log.columns))
