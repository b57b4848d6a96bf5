"""Where customers live: read a batch at a time, and scores given back in the same kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.files import KEY, NOTES
from ltv_bayes.errors import InputError, UnitError, a_kind
from ltv_bayes.language import _, comma
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH


@dataclass(frozen=True, eq=False)
class Source:
    """Customers to be scored.

    Attributes
    ----------
    batches : callable
        Gives their rows a batch at a time: frames, Arrow tables or Customers.
    give : callable
        From the scores of all, a frame indexed by customer_id, to the kind that was given.
    stated : dict
        What the source says of time_unit, as_of and currency.
    number : int or None
        Number of customers, where it is known.
    files : tuple of Path
        Where they live.
    """

    batches: Callable[[], Iterator[Any]]
    give: Callable[[pd.DataFrame], Any]
    stated: dict[str, Any]
    number: int | None = None
    files: tuple[Path, ...] = ()


NOWHERE = Source(lambda: iter(()), lambda scores: scores, {})
"""Customers that another engine reads."""


def source_of(given: Any, customer_id: str) -> Source:
    """Find out what was given.

    Raises
    ------
    InputError
        If it is nothing that holds customers.
    """
    if isinstance(given, Customers):
        stated = {"time_unit": given.time_unit, "as_of": given.as_of, "currency": given.currency}
        return Source(lambda: given.batches(CUSTOMERS_IN_BATCH), _frame, stated, len(given), given.files)
    if isinstance(given, str | Path):
        return _of_files(Path(given).expanduser())
    if isinstance(given, pd.DataFrame):
        frame = given.reset_index() if customer_id not in given and given.index.name == customer_id else given
        cuts = range(0, len(frame), CUSTOMERS_IN_BATCH)
        return Source(lambda: (frame.iloc[at : at + CUSTOMERS_IN_BATCH] for at in cuts), _frame, {}, len(frame))
    if hasattr(given, "__arrow_c_stream__"):
        number = getattr(given, "num_rows", None) or getattr(given, "height", None)
        return Source(lambda: tables_of(pa.RecordBatchReader.from_stream(given)), _giver(given), {}, number)
    raise InputError(
        _(
            "Customers are scored in a frame, an Arrow table, a Parquet file or a Spark DataFrame, not in {kind}.",
            kind=a_kind(given),
        )
    )


def tables_of(batches: Any) -> Iterator[pa.Table]:
    """Put record batches together, and cut them, into tables of as many rows as are valued at once."""
    size, rows = CUSTOMERS_IN_BATCH, 0
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        at = 0
        while at < batch.num_rows:
            part = batch.slice(at, size - rows)
            waiting.append(part)
            at, rows = at + part.num_rows, rows + part.num_rows
            if rows == size:
                yield pa.Table.from_batches(waiting)
                waiting, rows = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def arrow_table(scores: pd.DataFrame) -> pa.Table:
    """Scores as an Arrow table, the id first."""
    return pa.Table.from_pandas(scores.reset_index(), preserve_index=False).replace_schema_metadata()


def _frame(scores: pd.DataFrame) -> pd.DataFrame:
    return scores


def _giver(given: Any) -> Callable[[pd.DataFrame], Any]:
    """How scores become what was given, of the libraries that have Arrow streams."""
    library = type(given).__module__.partition(".")[0].lstrip("_")
    if isinstance(given, pa.RecordBatchReader):
        return lambda scores: arrow_table(scores).to_reader()
    if library == "polars":
        import polars

        return lambda scores: polars.from_arrow(arrow_table(scores))
    if library == "duckdb":
        import duckdb

        return lambda scores: duckdb.from_arrow(arrow_table(scores))
    return arrow_table


def _of_files(path: Path) -> Source:
    """A Parquet file, a folder of them, or a pattern."""
    found = sorted(path.rglob("*.parquet")) if path.is_dir() else sorted(path.parent.glob(path.name))
    files = [one for one in found if one.is_file() and not one.name.startswith(("_", "."))]
    if not files:
        raise InputError(_("There is no Parquet file {path}. Check the path.", path=path))
    try:
        held = pads.dataset([str(one) for one in files], format="parquet")
        number = held.count_rows()
    except (pa.ArrowException, OSError) as problem:
        raise InputError(_("{path} cannot be read as Parquet: {problem}", path=path, problem=problem)) from None
    own = tuple(one.resolve() for one in files)
    return Source(lambda: tables_of(held.to_batches()), _nothing, _said(files), number, own)


def _said(files: list[Path]) -> dict[str, Any]:
    """What files that `Customers.save` wrote say of time unit, as-of date and currency."""
    found: dict[str, Any] = {}
    for name in NOTES:
        metadata = [(pq.read_schema(one).metadata or {}).get(KEY.format(name).encode()) for one in files]
        stated = {one.decode(errors="replace") for one in metadata if one}
        if len(stated) > 1:
            several = comma(sorted(stated))
            raise UnitError(
                _("The files say several values of {name}: {several}. Score them apart.", name=name, several=several)
            )
        if stated:
            found[name] = stated.pop()
    return found


def _nothing(scores: pd.DataFrame) -> Any:
    raise InputError(_("The scores of files are written to a file: name it, as in to='scores.parquet'."))
