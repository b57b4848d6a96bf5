"""Files of any usual format, or frames of any library, to raw rows under one header."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.engine.duckdb import fetched
from ltv_bayes.data.reading.frames import read_arrow, read_parquet
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.data.reading.text_files import read_text_rows
from ltv_bayes.data.reading.workbooks import read_sheet_rows
from ltv_bayes.errors import ColumnError, InputError

TEXT_FILES = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
PARQUET_FILES = (".parquet", ".pq")


def read_table(source: Any, *, sheet: str | int | None = None, encoding: str | None = None) -> pd.DataFrame:
    """Read a file or frame as it stands: nothing is converted, nothing is left out but blank rows.

    Parameters
    ----------
    source : path or frame
        A .csv, .tsv or .txt file (its cells stay text, so the id 0004 stays 0004), a workbook (.xlsx, .xls, .xlsb,
        .ods), a .parquet file; or a pandas, polars or pyarrow table, or any object with an Arrow stream.
    sheet : str or int, optional
        The sheet of a workbook, by name or by its place from 0.
    encoding : str, optional
        The encoding of a text file. Otherwise a byte order mark decides, then UTF-8, then GB18030 (GBK).

    Returns
    -------
    pandas.DataFrame
        The rows. The index of a text file or workbook is the row number that a spreadsheet shows (the header is row
        1); a frame keeps its own index; rows of other tables are numbered from 0.

    Raises
    ------
    InputError
        If there is no such file, it is empty, or it cannot be read.
    ColumnError
        If two columns have the same name.

    Examples
    --------
    >>> read_table(pd.DataFrame({" client ": ["Ada"], "value": [3.0]})).columns.tolist()
    ['client', 'value']
    """
    name = source_name(source)
    if isinstance(source, str | os.PathLike):
        frame = _from_file(Path(source).expanduser(), sheet, encoding)
    else:
        _refuse_options(name, sheet=sheet, encoding=encoding)
        frame = _from_frame(source)
    return _checked(frame, name)


def source_name(source: Any) -> str:
    """Name a source in a message.

    Examples
    --------
    >>> source_name("exports/orders.csv"), source_name(pd.DataFrame())
    ('orders.csv', 'the pandas DataFrame')
    """
    if isinstance(source, str | os.PathLike):
        return Path(source).name
    kind = type(source)
    return f"the {kind.__module__.partition('.')[0]} {kind.__name__}"


def _from_file(path: Path, sheet: str | int | None, encoding: str | None) -> pd.DataFrame:
    """Read a file by its suffix."""
    _refuse_no_file(path)
    suffix = path.suffix.lower()
    if suffix not in WORKBOOKS:
        _refuse_options(path.name, sheet=sheet)
    if suffix not in TEXT_FILES:
        _refuse_options(path.name, encoding=encoding)
    if suffix in PARQUET_FILES:
        return read_parquet(path)
    rows = read_text_rows(path, encoding) if suffix in TEXT_FILES else read_sheet_rows(path, sheet)
    return _under_header(rows, path.name)


def _refuse_no_file(path: Path) -> None:
    """Raise unless there is a file with a known suffix and something in it."""
    known = " ".join((*TEXT_FILES, *WORKBOOKS, *PARQUET_FILES))
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {kind} (read from {Path.cwd()}). Check the path of the file.")
    if path.suffix.lower() not in (*TEXT_FILES, *WORKBOOKS, *PARQUET_FILES):
        raise InputError(f"{path.name} has none of the suffixes that can be read: {known}. Save it as one of them.")
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty. Export it again, with a header and at least one row.")


def _refuse_options(name: str, **options: Any) -> None:
    """Raise if an option was given that means nothing here."""
    for option, value in options.items():
        if value is not None:
            kind = {"sheet": "workbooks", "encoding": "text files"}[option]
            raise InputError(f"{option}={value!r} is for {kind}, and {name} is none. Leave {option} out.")


def _from_frame(source: Any) -> pd.DataFrame:
    """Read a frame of any library."""
    if isinstance(source, pd.DataFrame):
        return source.copy(deep=False)
    library = type(source).__module__.partition(".")[0]
    if library == "polars" and hasattr(source, "collect"):
        source = source.collect()
    if library in ("duckdb", "_duckdb") and hasattr(source, "df"):
        return fetched(source)
    if hasattr(source, "__arrow_c_stream__") and type(source).__name__ != "Series":
        return read_arrow(source)
    raise InputError(
        f"{source_name(source)} is no table. Pass the path of a file, or a pandas, polars or pyarrow table."
    )


def _under_header(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Take the first row with anything in it as the header, and leave blank rows out."""
    rows = rows[~_blank(rows)]
    if rows.empty:
        raise InputError(f"{name} is empty. Export it again, with a header and at least one row.")
    body = rows.iloc[1:].infer_objects()
    header = [_header(cell) for cell in rows.iloc[0]]
    body.columns = pd.Index([text or f"column {place}" for place, text in enumerate(header, start=1)], dtype=object)
    used = [bool(text) or body.iloc[:, place].notna().any() for place, text in enumerate(header)]
    return body.loc[:, used]


def _blank(rows: pd.DataFrame) -> pd.Series:
    """Mark rows without any content."""
    blank = pd.Series(True, index=rows.index)
    for _, cells in rows.items():
        maybe = cells[blank]
        blank[blank] = maybe.isna() | (maybe.astype(str).str.strip(BLANKS) == "")
        if not blank.any():
            break
    return blank


def _header(cell: Any) -> Any:
    """Take blanks and byte order marks away from the name of a column."""
    if isinstance(cell, str):
        return cell.strip(BLANKS)
    return "" if pd.isna(cell) else str(cell)


def _checked(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give names without blanks, and raise if they repeat or there are no rows."""
    names = [column.strip(BLANKS) if isinstance(column, str) else column for column in frame.columns]
    if repeated := [str(column) for column, number in Counter(names).items() if number > 1]:
        raise ColumnError(f"Columns of {name} have the same name: {', '.join(repeated)}. Rename all but one of each.")
    if frame.empty:
        raise InputError(f"{name} has a header but no rows. Export it again, with at least one row.")
    return frame.set_axis(pd.Index(names), axis="columns")
