"""Parquet files and Arrow tables, polars frames among them, to pandas frames."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ltv_bayes.data.engine.parquet import UNNAMED_INDEX
from ltv_bayes.data.reading.columns import plain
from ltv_bayes.errors import InputError
from ltv_bayes.language import _

WITH_MISSING = {
    pa.bool_(): pd.BooleanDtype(),
    **{getattr(pa, f"int{bits}")(): getattr(pd, f"Int{bits}Dtype")() for bits in (8, 16, 32, 64)},
    **{getattr(pa, f"uint{bits}")(): getattr(pd, f"UInt{bits}Dtype")() for bits in (8, 16, 32, 64)},
}
"""Types that hold missing values without becoming floats, which would round large ids."""


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file; rows are numbered from 0, unless pandas wrote an index without a name.

    Raises
    ------
    InputError
        If the file is no Parquet file, or is damaged.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            frame = _frame(file.read())
    except Exception as problem:  # damaged bytes raise anything
        reason = next(iter(str(problem).splitlines()), type(problem).__name__)
        raise InputError(
            _("{name} cannot be read as Parquet: {reason}. Write the file again.", name=path.name, reason=reason)
        ) from None
    return frame.set_index(UNNAMED_INDEX).rename_axis(None) if UNNAMED_INDEX in frame.columns else frame


def read_arrow(table: Any) -> pd.DataFrame:
    """Read anything that offers an Arrow stream; rows are numbered from 0.

    Raises
    ------
    InputError
        If the stream is no table.
    """
    try:
        return _frame(pa.table(table))
    except (pa.ArrowException, TypeError, ValueError) as problem:
        cure = _("Pass a table with named columns.")
        raise InputError(
            _(
                "The {name} cannot be read as a table: {problem}. {cure}",
                name=type(table).__name__,
                problem=problem,
                cure=cure,
            )
        ) from None


def parquet_time_zones(path: Path) -> dict[str, str | None]:
    """Time zones of the columns of a Parquet file, for columns of moments."""
    return {field.name: getattr(field.type, "tz", None) for field in pq.read_schema(path)}


def _frame(table: pa.Table) -> pd.DataFrame:
    """Convert column by column: decimals to floats, dates to moments, dictionaries to their values."""
    columns = pd.DataFrame(dict(enumerate(map(_column, table.columns))))
    return columns.set_axis(table.column_names, axis="columns")


def _column(cells: pa.ChunkedArray) -> pd.Series:
    kind = cells.type
    if pa.types.is_decimal(kind):
        cells = cells.cast(pa.float64())
    elif pa.types.is_date(kind):
        cells = cells.cast(pa.timestamp("us"))
    return plain(cells.to_pandas(types_mapper=WITH_MISSING.get if cells.null_count else None))
