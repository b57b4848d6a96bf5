"""DuckDB as the engine for tables: it works in memory, and spills to a temporary folder when memory runs short."""

import atexit
import functools
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pandas as pd

from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.language import _
from ltv_bayes.sizes import DUCKDB_VECTOR, ROWS_OF_ONE_CORE

WITHOUT_THREADS: dict[str, Any] = {"threads": 1, "temp_directory": ""}
if int(duckdb.__version__.partition(".")[0]) >= 2:
    WITHOUT_THREADS["async_threads"] = 0
"""Settings under which DuckDB starts no thread, so that a process which has opened it can be forked."""

type Connection = duckdb.DuckDBPyConnection
"""An open engine. No signature holds DuckDB's own type: one that outlives the interpreter is reported as a leak."""


@contextmanager
def engine(memory_limit: str | None = None, *, rows: int | None = None) -> Iterator[Connection]:
    """Open an engine of its own; its temporary files go where the system keeps such files (``TMPDIR``).

    Parameters
    ----------
    memory_limit : str, optional
        The memory it may take, such as ``"2GB"``; otherwise four fifths of the machine's.
    rows : int, optional
        How many rows it is asked about. Where no limit is given, few are left to the engine that the process keeps,
        which works on one core: to open one takes much longer than the answer. Tables and views must be temporary: no
        one else sees them.

    Raises
    ------
    InputError
        If a file that is read meanwhile is damaged, or memory or the disk run short; with DuckDB's own reason.

    Examples
    --------
    >>> with engine() as connection:
    ...     connection.execute("SELECT 1 + 1").fetchone()
    (2,)
    """
    try:
        few = memory_limit is None and rows is not None and rows <= ROWS_OF_ONE_CORE
        with _kept(os.getpid()).cursor() if few else _opened(memory_limit) as connection:
            yield connection
    except (duckdb.Error, UnicodeDecodeError) as problem:
        reason = " ".join(str(problem).split())[:300]
        cure = _(
            "If it is about a Parquet file, that file is damaged: write it again. If about memory, see memory_limit=."
        )
        raise InputError(_("The data cannot be read: {reason}. {cure}", reason=reason, cure=cure)) from problem


@functools.cache
def _kept(process: int) -> Connection:
    """The engine that a process keeps until it ends; one that was forked has its own."""
    atexit.register(_kept.cache_clear)
    return duckdb.connect(config={**WITHOUT_THREADS, "enable_external_file_cache": False})


@contextmanager
def _opened(memory_limit: str | None) -> Iterator[Connection]:
    with (
        tempfile.TemporaryDirectory(prefix="ltv_bayes_", ignore_cleanup_errors=True) as folder,
        duckdb.connect(config={"temp_directory": folder, **_limit(memory_limit)}) as connection,
    ):
        yield connection


def _limit(memory_limit: str | None) -> dict[str, str]:
    """Settings for a limit of memory, checked."""
    if memory_limit is None:
        return {}
    try:
        duckdb.connect(config={"memory_limit": str(memory_limit)}).close()
    except duckdb.Error:
        raise UnitError(
            _(
                "memory_limit {memory_limit!r} is not an amount of memory. Write it as in '2GB'.",
                memory_limit=memory_limit,
            )
        ) from None
    return {"memory_limit": str(memory_limit)}


def text_literal(text: object) -> str:
    """Write a text into SQL.

    Examples
    --------
    >>> print(text_literal("O'Brien"))
    'O''Brien'
    """
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Write the name of a column into SQL.

    Examples
    --------
    >>> print(identifier('the "T" column'))
    "the ""T"" column"
    """
    return '"' + name.replace('"', '""') + '"'


def fetched(found: Any) -> pd.DataFrame:
    """Fetch all rows of a DuckDB result."""
    with _without_its_warnings():
        return found.df()


def fetched_batches(found: Any, size: int) -> Iterator[pd.DataFrame]:
    """Fetch the rows of a DuckDB result in order, a given number at a time, in bounded memory.

    Examples
    --------
    >>> with engine() as connection:
    ...     [len(batch) for batch in fetched_batches(connection.execute("FROM range(5000)"), 2000)]
    [2000, 2000, 1000]
    """
    waiting: list[pd.DataFrame] = []
    number = 0
    while len(chunk := _next_chunk(found, max(1, size // DUCKDB_VECTOR))):
        waiting.append(chunk)
        number += len(chunk)
        if number >= size:
            rows = pd.concat(waiting, ignore_index=True) if len(waiting) > 1 else chunk
            whole = number - number % size
            yield from (rows.iloc[first : first + size] for first in range(0, whole, size))
            waiting, number = [rows.iloc[whole:]], number - whole
    if number:
        yield pd.concat(waiting, ignore_index=True)


def _next_chunk(found: Any, vectors: int) -> pd.DataFrame:
    with _without_its_warnings():
        return found.fetch_df_chunk(vectors)


@contextmanager
def _without_its_warnings() -> Iterator[None]:
    """DuckDB calls pandas in an old way where columns have time zones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", getattr(pd.errors, "Pandas4Warning", DeprecationWarning))
        yield
