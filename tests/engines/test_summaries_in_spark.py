"""Customers summarised in Spark are those that DuckDB makes, row by row."""

import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from tests.engines.hard_rows import COUNTS_OF_ODD_IDS, FAULTS, FAULTY, ODD_IDS, ZONES, days_in, days_of, moments
from tests.engines.logs import LOGS, assert_same, in_memory, starts_as_table

pytestmark = pytest.mark.engines


@pytest.mark.parametrize("name", [name for name in LOGS if name != "netted"])  # below, in another way
def test_same_rows(spark, name):
    """Orders of a customer are in several partitions, and one customer has a third of all."""
    log = LOGS[name]
    frame = spark.createDataFrame(log.arrow()).repartition(3)
    assert_same(log, lambda: lb.scan_transactions(frame, **log.columns))


def test_clocks_that_start_on_given_days(spark):
    frame, since = (spark.createDataFrame(one) for one in (LOGS["netted"].arrow(), starts_as_table()))
    assert_same(LOGS["netted"], lambda: lb.scan_transactions(frame), since=since)
    with pytest.raises(InputError, match="since= has to be in Spark, as the orders are"):
        lb.summarize(frame, since={1: "2023-01-01"})


def test_a_data_frame_goes_to_summarize(spark):
    log = LOGS["netted"]
    frame = spark.createDataFrame(log.arrow()).withColumnsRenamed({"customer_id": "client", "date": "day"})
    found = lb.summarize(frame, customer="client", date="day", **log.settings)
    assert found.table.equals(in_memory(log).table)
    assert [len(batch) for batch in found.batches(100)][:-1] == [100] * (len(found) // 100)
    assert found.subset([1, 3]).ids.tolist() == [1, 3]


def test_customers_are_scored_where_they_are(spark, purchases, spend):
    """From orders to scores, nothing but sums comes here."""
    log = LOGS["ignored"]
    here, there = in_memory(log), lb.summarize(spark.createDataFrame(log.arrow()), **log.settings)
    stream = lb.RepeatPurchases(purchases.thin(20), spend.thin(20))
    ltv = lb.lifetime_value(here, stream, horizon="1 year", random_seed=1)
    scores = lb.score(there, ltv)
    found = scores.table.toArrow().to_pandas().set_index("customer_id").sort_index()
    assert found["mean"].to_numpy().tolist() == ltv.summary().sort_index()["mean"].to_numpy().tolist()


def test_rows_at_fault_are_named(spark):
    with pytest.raises(InputError, match=FAULTS):
        lb.scan_transactions(spark.createDataFrame(FAULTY).repartition(3))


def test_days_of_moments(spark):
    frame = spark.createDataFrame(moments())
    for zone in ZONES:
        assert days_of(lb.scan_transactions(frame, date="at", time_zone=zone)) == days_in(zone)
    assert days_of(lb.scan_transactions(frame, date="at")) == days_in("UTC")


def test_the_zone_of_the_session_does_not_decide(spark):
    frame = spark.createDataFrame(moments())
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        with pytest.raises(InputError, match="depends on the time zone; the session's is America/New_York"):
            lb.scan_transactions(frame, date="at")
        orders = lb.scan_transactions(frame, date="at", time_zone="Asia/Shanghai")
        assert days_of(orders) == days_in("Asia/Shanghai")
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_the_statement_for_faults_counts_them(spark):
    spark.createDataFrame(ODD_IDS).createOrReplaceTempView("odd_ids")
    written = lb.summary_sql("spark", table="odd_ids", result="faults", as_of="2024-06-30")
    assert spark.sql(written).toArrow().to_pylist() == [COUNTS_OF_ODD_IDS]
