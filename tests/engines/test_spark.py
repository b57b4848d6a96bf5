"""Orders summed up and customers scored by Spark are as they are here, to the last digit.

All tests with Spark are in this file, since files are run side by side: its session starts once.
"""

import datetime as dt
import os
import re
import signal
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError
from ltv_bayes.scoring.saved import model_of
from tests.engines.conftest import TWO_WORKERS
from tests.engines.hard_rows import COUNTS_OF_ODD_IDS, FAULTS, FAULTY, ODD_IDS, ZONES, days_in, days_of, moments
from tests.engines.logs import LOGS, assert_same, starts_as_table
from tests.scoring.values import AS_OF, KINDS, frame

pytestmark = pytest.mark.engines

ASKED = {"as_of": AS_OF, "segments": ["region"], "thresholds": [40], "tiers": {"A": 100, "B": None}}


two_workers = pytest.mark.parametrize("spark", [TWO_WORKERS], indirect=True)


@pytest.mark.study
@two_workers
def test_spark_has_two_workers(spark):
    """Each worker forks its processes of Python from one of its own."""
    parents = spark.sparkContext.parallelize(range(8), 8).map(lambda _: os.getppid()).distinct().collect()
    assert len(parents) == 2


@pytest.mark.parametrize("name", ["cdnow", "fractions", "decimals", "counted"])  # the others below, in other ways
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
    frame = spark.createDataFrame(LOGS["free_left_out"].arrow())
    frame = frame.withColumnsRenamed({"customer_id": "client", "date": "day"}).repartition(3)
    found = assert_same(LOGS["free_left_out"], lambda: frame, customer="client", date="day")
    assert [len(batch) for batch in found.batches(100)][:-1] == [100] * (len(found) // 100)
    assert found.subset([1, 3]).ids.tolist() == [1, 3]


def test_customers_are_scored_where_they_are(spark, compiled, purchases, spend):
    """From orders to scores, nothing but sums leaves Spark; Customers state unit and day themselves."""
    log = LOGS["ignored"]
    here = lb.summarize(lb.read_transactions(log.frame(), currency="USD"), **log.settings)
    frame = spark.createDataFrame(log.arrow()).repartition(3)
    orders = assert_same(log, lambda: lb.scan_transactions(frame, currency="USD"))
    stream = lb.RepeatPurchases(purchases.thin(20), spend.thin(20))
    ltv = lb.lifetime_value(here, stream, horizon=["1 year", "3 years"], discount_rate=0.1, random_seed=1)
    found = lb.score(orders, ltv)
    table, wanted = table_of(found).sort_index(), ltv.summary().sort_index()
    pd.testing.assert_frame_equal(table[list(wanted)], wanted, check_exact=True, check_dtype=False)
    np.testing.assert_allclose(found.total(), ltv.total(), rtol=1e-9)


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


@pytest.fixture(scope="module")
def model():
    return model_of(KINDS["plain"]())


@pytest.fixture(scope="module")
def here(model):
    return model.score(frame(), **ASKED)


@pytest.fixture
def there(spark):
    """A function from rows to a DataFrame of some partitions."""
    return lambda rows, partitions=5: spark.createDataFrame(
        pa.Table.from_pandas(rows, preserve_index=False)
    ).repartition(partitions)


def table_of(scores):
    """What Spark has, in memory."""
    return scores.table.toArrow().to_pandas().set_index("customer_id")


def same(found, here, table=None):
    """The same summaries to the last digit, and the same totals."""
    table = table_of(found) if table is None else table
    assert table.index.is_unique
    assert found.customers == len(table) == len(here.table)
    wanted = here.table.loc[table.index]
    pd.testing.assert_frame_equal(table, wanted, check_exact=True, check_dtype=False, check_names=False)
    np.testing.assert_allclose(found.total(), here.total(), rtol=1e-9)
    for column in here.segments:
        np.testing.assert_allclose(found.by(list(column)).total, here.by(list(column)).total, rtol=1e-9)


@pytest.mark.parametrize("kind", ["judged", "calendar", "hybrid"])
def test_equal_to_the_value_here(there, kind):
    """Judgements that are signs of life, calendar effects, four streams with data of their own."""
    ltv = KINDS[kind]()
    rows = ltv.customers.table.reset_index()
    asked = {"as_of": ltv.customers.as_of, "segments": ["industry"]}
    found, here = model_of(ltv).score(there(rows), **asked), model_of(ltv).score(rows, **asked)
    same(found, here)
    assert sorted(found.warnings) == sorted(here.warnings)
    wanted = ltv.summary().loc[(table := table_of(found)).index]
    pd.testing.assert_frame_equal(table[list(wanted)], wanted, check_exact=True, check_dtype=False, check_names=False)
    np.testing.assert_allclose(found.total(), ltv.total(), rtol=1e-9)


def test_an_id_with_blanks_around_it_is_the_same_id(there, model):
    again = frame().head(4).assign(customer_id=lambda some: some["customer_id"] + ["\t", "\u00a0", "\u200b", " \n"])
    rows = pd.concat([frame().head(20), again])
    with pytest.raises(InputError, match="4 customers with several rows"):
        model.score(there(rows), as_of=AS_OF)


@pytest.mark.parametrize(("first", "kind"), [(1.0, "bigint"), (0.5, "string")])
def test_ids_that_are_whole_numbers_stay_numbers(there, model, first, kind):
    """A double holds whole numbers where a table once had gaps; pandas gives them back as integers."""
    rows = frame().head(20).assign(customer_id=np.arange(20.0) + 1)
    rows.loc[0, "customer_id"] = first
    found = model.score(there(rows, 3), as_of=AS_OF)
    assert dict(found.table.dtypes)["customer_id"] == kind
    here = model.score(rows, as_of=AS_OF).table
    assert sorted(table_of(found).index) == sorted(here.index)
    if first == 1.0:
        gaps = there(rows, 2).replace({20.0: float("nan"), 19.0: float("nan")}, subset=["customer_id"])
        with pytest.raises(InputError, match="2 rows have no customer_id"):
            model.score(gaps, as_of=AS_OF)


def test_written_to_a_folder_from_other_and_skewed_partitions(there, model, here, tmp_path):
    place = tmp_path / "scores"
    skewed = there(frame().iloc[:300], 1).union(there(frame().iloc[300:], 3))
    for rows in (skewed, there(frame(), 2)):  # the second takes the place of the first
        found = model.score(rows, to=place, **ASKED)
        same(found, here, pd.read_parquet(found.table).set_index("customer_id"))
    assert [one.name for one in tmp_path.iterdir()] == ["scores"]
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="holds no scores"):
        model.score(there(frame()), to=tmp_path / "mine", **ASKED)


class TestRows:
    def test_bad_ones_are_refused_or_reported(self, there, model, here):
        rows = frame()
        wrong = rows.index[rows["frequency"] > 0][7]
        rows.loc[wrong, "T"] = 0.5
        with pytest.raises(InputError, match="recency after T") as caught:
            model.score(there(rows), **ASKED)
        name = rows["customer_id"][wrong]
        assert caught.value.rows == (name,)
        rows.loc[wrong + 1, "customer_id"] = None
        with pytest.raises(InputError, match="1 rows have no customer_id"):
            model.score(there(rows), **ASKED)
        found = model.score(there(rows), errors="report", **ASKED)
        assert set(found.problems["customer_id"]) == {"", name}
        table = table_of(found)
        assert found.customers == len(table) == len(rows) - 2
        assert (table["mean"] == here.table["mean"].loc[table.index]).all()

    def test_an_id_in_two_partitions_is_refused(self, there, model):
        twice = there(frame(), 2).union(there(frame().iloc[[3]], 1))
        with pytest.raises(InputError, match=rf"several rows.*{frame()['customer_id'][3]}"):
            model.score(twice, **ASKED)

    def test_a_column_that_is_missing_is_named(self, there, model):
        with pytest.raises(ColumnError, match="no column share, which the model needs"):
            model.score(there(frame().drop(columns="share")), **ASKED)

    def test_decimals_whole_ids_and_moments(self, spark, model):
        """Of a warehouse: decimals, 64-bit ids, and moments, which may be of the day before in another time zone."""
        rows = frame().assign(customer_id=lambda some: some["customer_id"].str[1:].astype("int64"))
        late = pd.Series(pd.Timestamp(AS_OF, tz="UTC") + pd.Timedelta(hours=29), rows.index)
        table = pa.Table.from_pandas(rows.assign(last_order=late), preserve_index=False)
        exact = table["monetary_value"].cast(pa.decimal128(20, 8), safe=False)
        table = table.set_column(table.column_names.index("monetary_value"), "monetary_value", exact)
        found = model.score(spark.createDataFrame(table), **ASKED)
        near = rows.assign(monetary_value=exact.cast(pa.float64()).to_pandas(), last_order=AS_OF)
        assert found.table.schema["customer_id"].dataType.typeName() == "long"
        same(found, model.score(near, **ASKED))

    @pytest.mark.parametrize(
        ("last_order", "time_unit", "message"),
        [
            (dt.date(2024, 7, 1), "week", "customers with an order after as_of 2024-06-30"),
            (pd.Timestamp("2024-07-02", tz="UTC"), "week", "customers with an order after as_of 2024-06-30"),
            (pd.NaT, "month", "customers with a T in months that is not the time from their first order to 2024-06-30"),
        ],
    )
    def test_another_day_or_unit_is_refused_as_here(self, there, model, last_order, time_unit, message):
        rows = frame().assign(first_order=dt.date(2023, 10, 1), last_order=last_order)  # 39 weeks before
        for some in (rows, there(rows, 1)):
            with pytest.raises(InputError, match=f"330 {message}"):
                model.score(some, as_of=AS_OF, time_unit=time_unit)


class TestWhatHappensMeanwhile:
    def test_a_task_that_is_tried_again_counts_once(self, there, model, here):
        """Of two partitions the first attempt ends when all customers were read: it fails, or its process is killed."""

        def ends_once(batches):
            from pyspark import TaskContext

            yield from batches
            if TaskContext.get().attemptNumber() == 0 and TaskContext.get().partitionId() == 1:
                raise RuntimeError("lost for a moment")
            if TaskContext.get().attemptNumber() == 0 and TaskContext.get().partitionId() == 3:
                os.kill(os.getpid(), signal.SIGKILL)

        same(model.score(quietly(there(frame()), ends_once), **ASKED), here)

    def test_partitions_that_are_lost_are_scored_again_and_counted_once(self, spark, there, model, here):
        """What was kept of some partitions is gone before the others are done, as with the machine that held it."""
        rows, lost = quietly(there(frame(), 8), slowly), []

        def lose():
            if until(lambda: done_tasks(spark) >= 3):
                number = done_tasks(spark)
                lost.append((forget_kept(spark), number))

        loser = threading.Thread(target=lose)
        loser.start()
        found = model.score(rows, **ASKED)
        loser.join()
        assert lost, "the work was done before some could be lost"
        assert lost[0][0] >= 3
        assert lost[0][1] < 8
        same(found, here)

    @pytest.mark.study
    @two_workers
    def test_a_worker_that_is_killed_loses_and_doubles_nothing(self, spark, there, model, here):
        rows = quietly(there(frame(), 8), slowly)
        killed = []

        def kill():
            if until(lambda: done_tasks(spark) >= 3):
                victim = executors(spark)[0]
                os.kill(victim, signal.SIGKILL)
                killed.append((victim, done_tasks(spark)))

        killer = threading.Thread(target=kill)
        killer.start()
        found = model.score(rows, **ASKED)
        killer.join()
        assert killed, "the work was done before a worker could be killed"
        assert killed[0][1] < 8
        same(found, here)

    def test_cancelled_work_leaves_nothing_half_written(self, spark, there, model, tmp_path):
        rows = quietly(there(frame(), 8), slowly)

        def cancel():
            until(lambda: done_tasks(spark) >= 2)
            spark.sparkContext.cancelAllJobs()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        with pytest.raises(Exception, match=r"(?i)cancel"):
            model.score(rows, to=tmp_path / "scores", **ASKED)
        canceller.join()
        assert not list(tmp_path.iterdir())


def quietly(rows, function):
    """The rows passed through a function of batches, without what pyspark says of pandas 3."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas >= 3", FutureWarning)
        return rows.mapInArrow(function, rows.schema)


def slowly(batches):
    """Half a second for each batch, so that there is time for something to happen."""
    import time

    for batch in batches:
        time.sleep(0.5)
        yield batch


def until(holds, seconds=60):
    """Wait until something holds; say whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def done_tasks(spark):
    """The number of tasks that are done in the running stage of eight."""
    tracker = spark.sparkContext.statusTracker()
    stages = [tracker.getStageInfo(one) for one in tracker.getActiveStageIds()]
    return max((one.numCompletedTasks for one in stages if one and one.numTasks == 8), default=0)


def forget_kept(spark):
    """Let Spark lose the partitions that it keeps of any data frame; say how many it had."""
    context = spark.sparkContext._jsc.sc()
    kept = list(context.getRDDStorageInfo())
    for one in kept:
        context.unpersistRDD(one.id(), False)
    return sum(one.numCachedPartitions() for one in kept)


def executors(spark):
    """Processes of this session's executors."""
    own = spark.sparkContext.applicationId
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if (
            "CoarseGrainedExecutorBackend" in command
            and own in command
            and re.search(r"\bjava\b", command.split("\0")[0])
        ):
            found.append(int(place.name))
    return found
