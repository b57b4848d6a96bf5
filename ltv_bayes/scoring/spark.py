"""Customers of a Spark DataFrame, scored where they are.

Each task scores one partition on one core and gives back its customers and one set of totals. Spark takes the result of
one attempt of each task, and what it gives back again carries the partition's number, so nothing counts twice.
"""

import itertools
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ltv_bayes.data.customers.check import COMPUTED, OBSERVED_UNTIL, refuse_repeated
from ltv_bayes.data.engine.spark import Spark, is_spark_frame, map_batches
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import ColumnError, InputError, listed
from ltv_bayes.language import _
from ltv_bayes.scoring.model import ValueModel
from ltv_bayes.scoring.sources import arrow_table
from ltv_bayes.scoring.spark_task import (
    CUSTOMERS,
    MARK,
    NOTES,
    PART,
    PARTITION,
    PROBLEMS,
    REASON,
    SUMS,
    score_partition,
)
from ltv_bayes.scoring.sums import NAMES, Sums
from ltv_bayes.scoring.work import Asked, Work, judged_ids, judged_note
from ltv_bayes.terminal import progress

TYPES = {"tinyint": pa.int8(), "smallint": pa.int16(), "int": pa.int32(), "bigint": pa.int64()}
"""Whole numbers of Spark."""
WRITTEN = {pa.float64(): "double", pa.string(): "string", pa.binary(): "binary", **{v: k for k, v in TYPES.items()}}
BETWEEN_LOOKS = 0.5  # seconds
MOST_NAMED = 6
PARTITIONS_AT_ONCE = 32
"""Partitions whose totals are in the driver's memory at a time."""


@dataclass(frozen=True, eq=False)
class Spread:
    """What came of it.

    Attributes
    ----------
    table : pyspark.sql.DataFrame or str
        The scores, or where they were written.
    sums : Sums
        Of all partitions.
    problems : list of (id, reason)
        Who could not be scored.
    notes : list of str
        What was warned of.
    """

    table: Any
    sums: Sums
    problems: list[tuple[str, str]]
    notes: list[str]


def frame_in_spark(source: Any) -> Any:
    """The DataFrame that customers stand in, be it one or Customers with rows in Spark; None of all others."""
    if is_spark_frame(source):
        return source
    engine = getattr(getattr(source, "rows", None), "engine", None)
    return engine.frame(source.rows.query) if isinstance(engine, Spark) else None


def score_on_spark(frame: Any, model: ValueModel, asked: Asked, to: str | Path | None, *, progressbar: bool) -> Spread:
    """Score the customers of a DataFrame; see `score`."""
    from pyspark.storagelevel import StorageLevel

    session = frame.sparkSession
    target = None if to is None else Target.at(session, str(to))
    rows = _needed(frame, model, asked)
    _refuse_ids(frame, asked)
    schema = _schema(Work(model, asked), _id_type(frame, asked))
    carried = _carried(session, model.to_bytes())
    task = partial(score_partition, carried, _fields(asked), schema.serialize().to_pybytes())
    made = map_batches(rows, task, ", ".join(f"`{one.name}` {WRITTEN[one.type]}" for one in schema))
    made = made.persist(StorageLevel.DISK_ONLY)
    own = [name for name in schema.names if not name.startswith("ltv_")]
    try:
        with _watched(session, rows, show=progressbar), _in_words():
            spread = _collected(made, model, asked)
            spread[2].extend(judged_note(_judged_elsewhere(frame, model, asked)))
            table = made.where(made[PART] == CUSTOMERS).select(*(made[f"`{name}`"] for name in own))
            if target is None:
                return Spread(table, *spread)
            with target.unfinished() as place:
                table.write.parquet(place)
                _refuse_loss(session.read.parquet(place).count(), spread[0])
            made.unpersist()
            return Spread(target.path, *spread)
    except BaseException:
        made.unpersist()
        raise


def _collected(made: Any, model: ValueModel, asked: Asked) -> tuple[Sums, list[tuple[str, str]], list[str]]:
    """Totals of all partitions, each once, with problems and notes."""
    from pyspark.sql import functions as F

    sums = Work(model, asked).sums
    scored = F.sum((F.col(PART) == CUSTOMERS).cast("long"))
    ((written, last),) = made.agg(scored, F.max(PARTITION)).collect()  # all tasks, which keep their rows on disk
    few = made.where(F.col(PART) != CUSTOMERS).coalesce(1 + (last or 0) // PARTITIONS_AT_ONCE)
    rows = few.select(PART, PARTITION, REASON, *(f"ltv_{name}" for name in NAMES)).toLocalIterator()
    problems, notes, seen = list[tuple[str, str]](), dict[str, None](), set[int]()
    for number, some in itertools.groupby(rows, lambda row: row[PARTITION]):
        found = list(some)
        if number in seen:
            continue
        seen.add(number)
        sums.add_rows({name: row[f"ltv_{name}"] for name in NAMES} for row in found if row[PART] == SUMS)
        problems += [tuple(row[REASON].split("\x1f", 1)) for row in found if row[PART] == PROBLEMS]
        notes |= dict.fromkeys(row[REASON] for row in found if row[PART] == NOTES)
    _refuse_loss(written or 0, sums)
    return sums, problems, list(notes)


def _needed(frame: Any, model: ValueModel, asked: Asked) -> Any:
    """The columns that the model reads, and those of segments."""
    from pyspark.sql import functions as F

    inputs = model.inputs.rename(index={"customer_id": asked.customer_id})
    kinds = dict(frame.dtypes)
    segments = [column for columns in asked.segments for column in columns]
    missing = [name for name in (*inputs.index[inputs["needed"]], *segments) if name not in kinds]
    if missing:
        raise ColumnError(
            _(
                "The DataFrame has no column {missing}, which the model needs; see model.inputs. It has {columns}.",
                missing=listed(dict.fromkeys(missing)),
                columns=listed(frame.columns, limit=20),
            )
        )
    if kinds.get(OBSERVED_UNTIL, "").startswith("timestamp"):
        raise ColumnError(_("{name} holds moments, not days. Cast it to a date.", name=OBSERVED_UNTIL))
    chosen = [name for name in dict.fromkeys((*inputs.index, *COMPUTED, "since", *segments)) if name in kinds]
    moments = [name for name in ("first_order", "last_order") if kinds.get(name) == "timestamp"]
    days = {name: _as_day(name) for name in moments if name not in segments}
    return frame.select(*(days.get(name, F.col(f"`{name}`")) for name in chosen))


def _as_day(name: str) -> Any:
    """A column of moments as days, for `refuse_other_day_or_unit`: in another time zone it may be the day before."""
    from pyspark.sql import functions as F

    day = F.to_date(F.col(f"`{name}`"))
    return (F.date_sub(day, 1) if name == "last_order" else day).alias(name)


def _read(frame: Any, asked: Asked) -> Any:
    """The column of ids, read as it is here: text without the blanks around, and 7.0 as 7."""
    from pyspark.sql import functions as F

    ids, kind = F.col(f"`{asked.customer_id}`"), dict(frame.dtypes)[asked.customer_id]
    if kind in TYPES:
        return ids.alias("id")
    text = ids.cast("string")
    if kind.startswith(("float", "double", "decimal")):
        ids = F.when(~F.isnan(ids.cast("double")), ids)
        text = F.when(ids == F.floor(ids), F.floor(ids).cast("string")).otherwise(ids.cast("string"))
    return F.btrim(text, F.lit(BLANKS)).alias("id")


def _judged_elsewhere(frame: Any, model: ValueModel, asked: Asked) -> set[str]:
    """Who was judged, and has no row."""
    if not (wanted := judged_ids(model)):
        return set()
    ids = _read(frame, asked).cast("string").alias("id")
    return set(wanted) - {row["id"] for row in frame.select(ids).where(ids.isin(wanted)).distinct().collect()}


def _refuse_ids(frame: Any, asked: Asked) -> None:
    """Raise if ids stand in several rows, in whatever partitions, or are missing."""
    counts = frame.select(_read(frame, asked)).groupBy("id").count().selectExpr("cast(id as string) as id", "count")
    bad = counts.where("count > 1 or id is null or id = ''").limit(MOST_NAMED).collect()
    blank = sum(row["count"] for row in bad if not row["id"])
    if blank and not asked.report:
        raise InputError(_("{number:,} rows have no {column}. Fill in the id.", number=blank, column=asked.customer_id))
    twice = [row["id"] for row in bad if row["id"]]
    refuse_repeated(pd.Index(twice * 2))


def _id_type(frame: Any, asked: Asked) -> pa.DataType:
    """The type of ids as they are read here: whole numbers, be they decimals as in 7.0, and all others text."""
    from pyspark.sql import functions as F

    kind = dict(frame.dtypes)[asked.customer_id]
    if kind.startswith(("float", "double", "decimal")):
        ids = F.col(f"`{asked.customer_id}`")
        broken = frame.where(ids.isNotNull() & ~F.isnan(ids.cast("double")) & (ids != F.floor(ids))).limit(1)
        return pa.string() if broken.count() else pa.int64()
    return TYPES.get(kind, pa.string())


def _schema(work: Work, kind: pa.DataType) -> pa.Schema:
    """Columns of what tasks give back: those of scores, then our own."""
    scores = arrow_table(work.empty).schema
    named = [(one.name, pa.float64() if pa.types.is_floating(one.type) else pa.string()) for one in scores][1:]
    bytes_of = {name: pa.binary() for name in ("money", "means")} | {"customers": pa.int64()}
    return pa.schema(
        [
            ("customer_id", kind),
            *named,
            (PART, pa.string()),
            (PARTITION, pa.int32()),
            (REASON, pa.string()),
            *((f"ltv_{name}", bytes_of.get(name, pa.string())) for name in NAMES),
        ]
    )


def _fields(asked: Asked) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in asdict(asked)}


def _carried(session: Any, content: bytes) -> Any:
    """The model as tasks get it: broadcast once to each worker where the session can."""
    context = getattr(session, "sparkContext", None) if hasattr(session, "_jvm") else None
    return content if context is None else context.broadcast(content)


def _refuse_loss(written: int, sums: Sums) -> None:
    """Raise if another number of customers was written than was added up."""
    if written != sums.customers:
        raise InputError(
            _(
                "{written:,} customers were written, and {number:,} added up: the source changed while it was read. "
                "Score a table that stays as it is.",
                written=written,
                number=sums.customers,
            )
        )


@contextmanager
def _in_words() -> Iterator[None]:
    """What a task refused, as it would be refused here."""
    try:
        yield
    except Exception as problem:
        reported = re.search(re.escape(MARK) + r"(\{.*\})", str(problem))
        if reported is None:
            raise
        refusal = json.loads(reported[1])
        raise InputError(refusal["message"], refusal["rows"]) from None


@contextmanager
def _watched(session: Any, rows: Any, *, show: bool) -> Iterator[None]:
    """Show how many tasks are done."""
    context = getattr(session, "sparkContext", None) if show else None
    if context is None:
        yield
        return
    tracker, ended = context.statusTracker(), threading.Event()
    number = rows.rdd.getNumPartitions()
    with progress(number, _("scoring {number} partitions", number=number), show=True) as step:

        def look() -> None:
            shown = 0
            while not ended.wait(BETWEEN_LOOKS):
                stages = [tracker.getStageInfo(one) for one in tracker.getActiveStageIds()]
                done = max((one.numCompletedTasks for one in stages if one and one.numTasks == number), default=0)
                for _unused in range(done - shown):
                    step()
                shown = max(shown, done)

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


@dataclass(frozen=True)
class Target:
    """A folder that is to hold the scores, on any file system that Spark knows.

    Attributes
    ----------
    session : SparkSession
    path : str
        As the user gave it.
    """

    session: Any
    path: str

    @classmethod
    def at(cls, session: Any, path: str) -> "Target":
        """Refuse a place that holds anything but scores, which are replaced.

        Raises
        ------
        InputError
            If something else is there, or the session cannot rename folders.
        """
        if getattr(session, "_jvm", None) is None:
            raise InputError(
                _("A session of Spark Connect cannot rename folders. Leave to= out, and write scores.table yourself.")
            )
        found = cls(session, path)
        if found._there(path) and not found._there(f"{path}/_SUCCESS"):
            raise InputError(
                _("{path} is there and holds no scores that were written before. Choose another name.", path=path)
            )
        return found

    @contextmanager
    def unfinished(self) -> Iterator[str]:
        """A place beside, which takes the target's at the end; nothing is left behind if it does not come to that."""
        mark = uuid.uuid4().hex[:8]
        new, old = (f"{self.path.rstrip('/')}.{mark}.{kind}" for kind in ("unfinished", "old"))
        try:
            yield new
            replaced = self._there(self.path)
            if replaced:
                self._rename(self.path, old)
            self._rename(new, self.path)
            if replaced:
                self._remove(old)
        finally:
            self._remove(new)

    def _of(self, path: str) -> tuple[Any, Any]:
        """The file system, and the path in it."""
        there = self.session._jvm.org.apache.hadoop.fs.Path(path)
        return there.getFileSystem(self.session._jsparkSession.sessionState().newHadoopConf()), there

    def _there(self, path: str) -> bool:
        system, there = self._of(path)
        return bool(system.exists(there))

    def _remove(self, path: str) -> None:
        system, there = self._of(path)
        system.delete(there, True)

    def _rename(self, path: str, other: str) -> None:
        system, there = self._of(path)
        if not system.rename(there, self._of(other)[1]):
            raise InputError(_("{path} cannot be renamed to {other}.", path=path, other=other))
