"""Apache Spark as an engine: statements run where the data frame lives."""

import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pyarrow as pa

from ltv_bayes.data.engine.elsewhere import Engine, free_name

TYPES = {
    "string": "VARCHAR",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
ABOUT_PANDAS = "PySpark does not yet fully support pandas >= 3"
"""What pyspark 4.3 warns of whenever it makes a function of Arrow batches; no frame of pandas is in it."""


def is_spark_frame(value: Any) -> bool:
    """Whether a value is a data frame of Spark, without importing pyspark."""
    return type(value).__module__.startswith("pyspark.sql.") and hasattr(value, "mapInArrow")


def map_batches(frame: Any, task: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]], columns: str) -> Any:
    """Map the Arrow batches of a data frame, where they are.

    Parameters
    ----------
    task : callable
        From batches to batches, of one partition.
    columns : str
        The columns that come of it, with their types.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ABOUT_PANDAS, FutureWarning)
        return frame.mapInArrow(task, columns)


class Spark(Engine):
    """A session of Spark."""

    dialect: ClassVar[str] = "spark"
    name: ClassVar[str] = "Spark"

    @classmethod
    def of_frame(cls, frame: Any, name: str) -> "Spark":
        """The session of a data frame, with the frame as a table."""
        called = free_name(name)
        frame.createOrReplaceTempView(called)
        return cls(frame.sparkSession).knows(name, called)

    def frame(self, sql: str) -> Any:
        """The data frame that a statement gives."""
        return self.link.sql(self._translated(sql))

    def types(self, name: str) -> dict[str, str]:
        """Name the columns of a table with the types that DuckDB would give them."""
        fields = self.link.table(self.names[name]).schema.fields
        kinds = {field.name: field.dataType.simpleString() for field in fields}
        return {
            name: TYPES.get(kind, "DECIMAL" if kind.startswith("decimal") else kind) for name, kind in kinds.items()
        }

    def time_zone(self) -> str:
        """The time zone of the session."""
        return str(self.link.conf.get("spark.sql.session.timeZone"))

    def _table(self, sql: str) -> pa.Table:
        return self.link.sql(sql).toArrow()

    def _record_batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Fetch one partition after the other; each batch comes as the bytes of a stream."""

        def written(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            import pyarrow as arrow

            for batch in batches:
                sink = arrow.BufferOutputStream()
                with arrow.ipc.new_stream(sink, batch.schema) as stream:
                    stream.write_batch(batch)
                yield arrow.RecordBatch.from_pydict({"batch": [sink.getvalue().to_pybytes()]})

        for row in map_batches(self.link.sql(sql), written, "batch binary").toLocalIterator():
            yield from pa.ipc.open_stream(io.BytesIO(row[0]))

    def _define(self, called: str, sql: str) -> None:
        self.link.sql(sql).createOrReplaceTempView(called)

    def _keep(self, called: str, sql: str) -> None:
        from pyspark.storagelevel import StorageLevel

        self.link.sql(sql).persist(StorageLevel.MEMORY_AND_DISK).createOrReplaceTempView(called)

    def _forget(self, called: str) -> None:
        self.link.table(called).unpersist()
        self.link.catalog.dropTempView(called)
