"""Parquet files as DuckDB reads them and writes them: names, columns and notes."""

import glob
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ltv_bayes.data.engine.duckdb import Connection, identifier, text_literal
from ltv_bayes.errors import ColumnError, InputError, a_kind, suggestion
from ltv_bayes.language import _, comma
from ltv_bayes.whole_files import unwritten, written_whole

LEFT_OUT_SUFFIX = ".left_out.parquet"
UNNAMED_INDEX = "__index_level_0__"  # what pandas calls an index without a name
WHOLE_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
NUMBER_TYPES = (*WHOLE_TYPES, "HUGEINT", "FLOAT", "DOUBLE")


def parquet_paths(source: Any) -> list[Path]:
    """Find the file, or the files that a pattern such as ``orders_*.parquet`` names, in the order of their names.

    Raises
    ------
    InputError
        If there is none.
    """
    if not isinstance(source, str | os.PathLike):
        raise InputError(_("A Parquet file is scanned by its path, not from {kind}. Pass a path.", kind=a_kind(source)))
    path = Path(source).expanduser()
    if path.is_file():
        return [path.absolute()]
    found = sorted(glob.glob(str(path), recursive=True))
    files = [Path(name).absolute() for name in found if not name.endswith(LEFT_OUT_SUFFIX) and Path(name).is_file()]
    if not files:
        cure = _("Check the path; a folder is read as 'folder/*.parquet'.")
        raise InputError(
            _("There is no Parquet file {source} (read from {cwd}). {cure}", source=source, cwd=Path.cwd(), cure=cure)
        )
    return files


def files_name(paths: Sequence[Path]) -> str:
    """Name a few files in a message.

    Examples
    --------
    >>> files_name([Path("a.parquet")]), files_name([Path("a.parquet"), Path("b.parquet")])
    ('a.parquet', '2 files from a.parquet to b.parquet')
    """
    if len(paths) == 1:
        return paths[0].name
    return _("{number} files from {name} to {name_2}", number=len(paths), name=paths[0].name, name_2=paths[-1].name)


def parquet_source(paths: Sequence[Path], **options: bool) -> str:
    """Write the SQL that reads files, whatever is written in their names."""
    listed = ", ".join(_path_literal(path) for path in paths)
    settings = "".join(f", {name} = {str(value).lower()}" for name, value in options.items())
    return f"read_parquet([{listed}], hive_partitioning = false{settings})"


def _path_literal(path: Path) -> str:
    """Write a path into SQL so that DuckDB sees no pattern in it."""
    return text_literal(re.sub(r"([\[*?])", r"[\1]", str(path)))


def column_types(connection: Connection, paths: Sequence[Path]) -> dict[str, str]:
    """Name the columns of files with their SQL types.

    Raises
    ------
    InputError
        If a file cannot be read as Parquet, or lacks a column of the first.
    ColumnError
        If columns have names that differ in case alone, or not at all.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = {name: kind for name, kind, *_unused in _described(connection, paths)}
        refuse_same_names(pq.read_schema(paths[0]).names)
        return found
    except (pa.ArrowException, OSError) as problem:
        reason = str(problem).splitlines()[0]
        raise InputError(
            _(
                "{files} cannot be read as Parquet: {reason}. Write the file again.",
                files=files_name(paths),
                reason=reason,
            )
        ) from None
    except duckdb.Error as problem:
        reason = str(problem).splitlines()[0]
        raise InputError(
            _(
                "{files} cannot be read as Parquet: {reason}. Write the file again.",
                files=files_name(paths),
                reason=reason,
            )
        ) from None


def _described(connection: Connection, paths: Sequence[Path]) -> list[tuple[str, ...]]:
    return connection.execute(f"DESCRIBE FROM {parquet_source(paths)}").fetchall()


def numbered_rows(paths: Sequence[Path], types: Mapping[str, str], columns: Mapping[str, str]) -> str:
    """Write the SQL that reads columns, with the number of each row in its file, from 0, as ``row``.

    Parameters
    ----------
    types : mapping
        What `column_types` found: a file may have columns of its own by the names under which DuckDB knows the file
        and the number of the row.
    columns : mapping
        Names to SQL expressions.
    """
    listed = ", ".join(f"{column} AS {name}" for name, column in columns.items())
    if not {"filename", "file_row_number"} & {name.lower() for name in types}:
        row = "file_row_number" if len(paths) == 1 else "parse_filename(filename) || ':' || file_row_number"
        return f"SELECT {row} AS row, {listed} FROM {parquet_source(paths)}"
    number = "row_number() OVER () - 1"
    rows = [number] if len(paths) == 1 else [f"{text_literal(path.name)} || ':' || ({number})" for path in paths]
    parts = zip(rows, paths, strict=True)
    return " UNION ALL ".join(f"SELECT {row} AS row, {listed} FROM {parquet_source([path])}" for row, path in parts)


def require_column(types: Mapping[str, str], name: str, argument: str) -> str:
    """Write a column's name into SQL, if there is such a column.

    Raises
    ------
    ColumnError
        If there is none.
    """
    if name not in types:
        raise ColumnError(
            _(
                "There is no column {name!r}. {suggestion} Name it with {argument}='...'.",
                name=name,
                suggestion=suggestion(name, types),
                argument=argument,
            )
        )
    return identifier(name)


def number_column(types: Mapping[str, str], name: str, argument: str) -> str:
    """Write a column of numbers into SQL, as floats.

    Raises
    ------
    ColumnError
        If there is no such column, or it holds something else.
    """
    column = require_column(types, name, argument)
    if not (types[name] in NUMBER_TYPES or types[name].startswith("DECIMAL")):
        cure = _("Convert it to numbers where it is, or read it into memory.")
        raise ColumnError(
            _("The column {name!r} holds {types}, not numbers. {cure}", name=name, types=types[name], cure=cure)
        )
    return f"CAST({column} AS DOUBLE)"


def id_column(types: Mapping[str, str], name: str, argument: str, blanks: str) -> str:
    """Write a column of ids into SQL: text without the blanks around it, or whole numbers.

    Raises
    ------
    ColumnError
        If there is no such column, or it holds something else.
    """
    column = require_column(types, name, argument)
    if types[name] == "VARCHAR":
        return f"nullif(trim({column}, {text_literal(blanks)}), '')"
    if types[name] not in WHOLE_TYPES:
        cure = _("Convert it to text or whole numbers where it is, or read it into memory.")
        raise ColumnError(
            _("The column {name!r} holds {types}, not ids. {cure}", name=name, types=types[name], cure=cure)
        )
    return column


def parquet_target(path: Any) -> Path:
    """Read the name of a Parquet file to write.

    Raises
    ------
    InputError
        If it does not end in .parquet.
    """
    target = Path(path).expanduser().resolve()
    if target.suffix.lower() != ".parquet" or target.name.endswith(LEFT_OUT_SUFFIX):
        raise InputError(
            _("{name} is not the name of a Parquet file for customers. Write 'customers.parquet'.", name=target.name)
        )
    return target


def refuse_same_names(names: Sequence[Any]) -> None:
    """Raise if columns have names that are one in a Parquet file, where case makes no difference.

    Raises
    ------
    ColumnError
        If there are such names.
    """
    lowered = Counter(str(name).lower() for name in names)
    if same := [str(name) for name in names if lowered[str(name).lower()] > 1]:
        cure = _("Rename all but one of them.")
        raise ColumnError(
            _(
                "The columns {same} differ in case alone, which Parquet files do not see. {cure}",
                same=comma(same),
                cure=cure,
            )
        )


def write_parquet(connection: Connection, query: str, path: Path, metadata: Mapping[str, str] | None = None) -> int:
    """Write the rows of a query to a Parquet file, if there are any; an interrupted write leaves nothing behind.

    Parameters
    ----------
    query : str
        SQL that gives the rows.
    path : pathlib.Path
        The file, in a folder made if need be; a file there is replaced when the new one is whole.
    metadata : mapping, optional
        Notes to write into the file.

    Returns
    -------
    int
        The number of rows. If it is 0, the file is not touched.
    """
    notes = ", ".join(f"{text_literal(key)}: {text_literal(value)}" for key, value in (metadata or {}).items())
    options = f"FORMAT parquet, USE_TMP_FILE false{f', KV_METADATA {{{notes}}}' if notes else ''}"
    with written_whole(path) as unfinished:
        try:
            found = connection.execute(f"COPY ({query}) TO {text_literal(unfinished)} ({options})").fetchall()
        except duckdb.IOException as problem:
            if unfinished.name not in str(problem):
                raise
            raise unwritten(path, " ".join(str(problem).split())) from problem
        number = int(found[0][0])
        if not number:
            unfinished.unlink()
    return number


class ParquetPieces:
    """A Parquet file written piece by piece, with the columns of the first piece.

    For tables made by Python one after the other; `write_parquet` is twice as fast for the rows of a query.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def __enter__(self) -> "ParquetPieces":
        return self

    def write(self, table: Any) -> None:
        """Write the rows of an Arrow table."""
        import pyarrow.parquet as pq

        self._writer = self._writer or pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def __exit__(self, *_: Any) -> None:
        if self._writer is not None:
            self._writer.close()


def read_metadata(connection: Connection, paths: Sequence[Path]) -> dict[str, set[str]]:
    """Read the notes in files: every key with what the files say of it."""
    listed = ", ".join(_path_literal(path) for path in paths)
    found = connection.execute(f"SELECT key, value FROM parquet_kv_metadata([{listed}])").fetchall()
    notes: dict[str, set[str]] = {}
    for key, value in found:
        notes.setdefault(key.decode(), set()).add(value.decode(errors="replace"))
    return notes
