"""What a task of Spark does: its partition's customers scored on one core, and one set of totals at the end.

Nothing of the package is imported at the top: numba reads where to keep compiled code when it is first imported.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

CUSTOMERS, SUMS, PROBLEMS, NOTES = "customers", "sums", "problems", "notes"
PART, PARTITION, REASON = "ltv_part", "ltv_partition", "ltv_reason"
MARK = "ltv_bayes refuses: "
"""Before a refusal in the message that Spark makes of an exception."""
_models: dict[int, Any] = {}


def score_partition(carried: Any, asked: dict[str, Any], schema: bytes, batches: Iterable[Any]) -> Iterator[Any]:
    """Score a partition; see `ltv_bayes.scoring.spark`.

    Parameters
    ----------
    carried : bytes, or a broadcast of them
        The model.
    asked : dict
        The fields of `Asked`.
    schema : bytes
        Of the rows that are given back, as Arrow writes it.
    batches : iterable of pyarrow.RecordBatch
        The customers.
    """
    prepare_process()
    import pyarrow as pa

    from ltv_bayes.errors import LtvBayesError
    from ltv_bayes.scoring.sources import arrow_table, tables_of
    from ltv_bayes.scoring.work import Asked, Work
    from ltv_bayes.sizes import on_cores

    rows = pa.ipc.read_schema(pa.py_buffer(schema))
    work, partition = Work(_model(carried), Asked(**asked)), _partition()
    with on_cores(1):
        for table in tables_of(batches):
            try:
                found = work.of_rows(table)
            except LtvBayesError as refused:
                refusal = {"message": str(refused), "rows": [str(one) for one in getattr(refused, "rows", ())]}
                raise RuntimeError(MARK + json.dumps(refusal)) from None
            yield from _written(arrow_table(found.table), CUSTOMERS, partition, rows)
            named = [{"customer_id": None, REASON: f"{one}\x1f{why}"} for one, why in found.problems]
            yield from _written(_table(named), PROBLEMS, partition, rows)
            yield from _written(_table([{REASON: note} for note in found.notes]), NOTES, partition, rows)
    if work.sums.customers:
        totals = [{f"ltv_{name}": value for name, value in row.items()} for row in work.sums.rows()]
        yield from _written(_table(totals), SUMS, partition, rows)


def prepare_process() -> None:
    """One thread in all libraries, and a place for compiled code that this process may write to, before numba loads."""
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    if not os.access(Path(__file__).parents[1], os.W_OK):
        user = os.getuid() if hasattr(os, "getuid") else "user"
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"ltv_bayes_compiled_{user}"))


def _model(carried: Any) -> Any:
    """The model, opened once a process, which Spark uses for one task after another."""
    from ltv_bayes.scoring.saved import load_model

    content = carried if isinstance(carried, bytes) else carried.value
    key = hash(content)
    if key not in _models:
        _models.clear()
        _models[key] = load_model(content)
    return _models[key]


def _partition() -> int:
    from pyspark import TaskContext

    context = TaskContext.get()
    return -1 if context is None else context.partitionId()


def _table(rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist(rows)


def _written(table: Any, part: str, partition: int, schema: Any) -> Iterator[Any]:
    """The rows under the columns of all, missing where they have none of their own."""
    import pyarrow as pa

    number = table.num_rows
    if not number:
        return
    fixed = {PART: pa.repeat(part, number), PARTITION: pa.repeat(partition, number)}
    columns = [
        fixed[field.name]
        if field.name in fixed
        else table[field.name]
        if field.name in table.column_names
        else pa.nulls(number, field.type)
        for field in schema
    ]
    yield from pa.table(columns, names=schema.names).cast(schema).combine_chunks().to_batches()
