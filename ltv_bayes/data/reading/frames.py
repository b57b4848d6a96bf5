"""Parquet files and Arrow tables, polars frames among them, to pandas frames by way of DuckDB.

Neither pyarrow nor polars is needed: DuckDB reads the Arrow stream that a table offers.
"""

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from ltv_bayes.data.engine.duckdb import fetched
from ltv_bayes.data.engine.parquet import UNNAMED_INDEX
from ltv_bayes.errors import DataWarning, InputError


class ArrowStream:
    """A table seen as nothing but its Arrow stream, so that DuckDB asks no library for help."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file; rows are numbered from 0, as pandas numbers them.

    Raises
    ------
    InputError
        If the file is no Parquet file.
    """
    literal = re.sub(r"([\[*?])", r"[\1]", str(path))  # DuckDB would read these as patterns
    with duckdb.connect() as connection:
        try:
            found = connection.execute("SELECT * FROM read_parquet(?, hive_partitioning = false)", [literal])
        except duckdb.Error as problem:
            reason = str(problem).splitlines()[0]
            raise InputError(f"{path.name} cannot be read as Parquet: {reason}. Write the file again.") from None
        frame = fetched(found)
    return _own_index(_wall_clock(frame, lambda: parquet_time_zones(path)))


def read_arrow(table: Any) -> pd.DataFrame:
    """Read anything that offers an Arrow stream; rows are numbered from 0.

    Raises
    ------
    InputError
        If what it offers is no table.
    """
    if hasattr(table, "read_all"):  # a stream of batches can be read only once
        table = table.read_all()
    with duckdb.connect() as connection:
        try:
            connection.register("source", ArrowStream(table))
            frame = fetched(connection.execute("SELECT * FROM source"))
        except duckdb.Error as problem:
            cure = "Pass a table with named columns."
            raise InputError(f"The {type(table).__name__} cannot be read as a table: {problem}. {cure}") from None
    return _wall_clock(frame, lambda: time_zones(getattr(table, "schema", ())))


def _own_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame back the index that pandas wrote into the file without a name."""
    return frame.set_index(UNNAMED_INDEX).rename_axis(None) if UNNAMED_INDEX in frame.columns else frame


def _wall_clock(frame: pd.DataFrame, find_zones: Any) -> pd.DataFrame:
    """Show every column of moments in the column's own time zone, which DuckDB does not keep."""
    moments = [name for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype)]
    if not moments:
        return frame
    zones = find_zones()
    if unknown := [name for name in moments if not zones.get(name)]:
        cure = "Install pyarrow or polars, or write the column as plain dates."
        names = ", ".join(unknown)
        warnings.warn(f"The time zone of {names} cannot be read, so days are counted in UTC. {cure}", DataWarning, 3)
    return frame.assign(**{name: frame[name].dt.tz_convert(zones.get(name) or "UTC") for name in moments})


def time_zones(schema: Any) -> dict[str, str | None]:
    """Time zones of the columns of a polars or Arrow schema; none of a schema of another kind."""
    if isinstance(schema, Mapping):
        return {name: getattr(kind, "time_zone", None) for name, kind in schema.items()}
    if callable(schema):
        return {}
    return {field.name: getattr(field.type, "tz", None) for field in schema}


def parquet_time_zones(path: Path) -> dict[str, str | None]:
    """Time zones of the columns of a Parquet file, from whichever library can tell."""
    try:
        import pyarrow.parquet

        return time_zones(pyarrow.parquet.read_schema(path))
    except ImportError:
        return _polars_zones(path)


def _polars_zones(path: Path) -> dict[str, str | None]:
    """Ask polars, and without it the notes that pandas leaves in a file."""
    try:
        import polars

        return time_zones(polars.read_parquet_schema(path))
    except ImportError:
        return pandas_zones(path)


def pandas_zones(path: Path) -> dict[str, str | None]:
    """Time zones from the notes that pandas leaves in a Parquet file."""
    literal = re.sub(r"([\[*?])", r"[\1]", str(path))
    query = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'pandas'::BLOB"
    with duckdb.connect() as connection:
        found = connection.execute(query, [literal]).fetchone()
    columns = json.loads(found[0]).get("columns", []) if found else []
    return {column["name"]: (column.get("metadata") or {}).get("timezone") for column in columns}
