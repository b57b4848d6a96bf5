"""Tables as files that a spreadsheet opens; no text is run as a formula."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.formatting import escape_formula
from ltv_bayes.language import _
from ltv_bayes.tables import as_table
from ltv_bayes.whole_files import written_whole

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
AS_WRITTEN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
WIDEST = 60


def write_table(table: Any, path: str | Path, *, choices: Mapping[str, Sequence[str]] | None = None) -> Path:
    """Write a table of results to a file that a spreadsheet opens, in place of one of the same name.

    Text stays text: names that begin with = + - @ are not run. In a workbook they are kept as they are; in CSV, which
    cannot say what is text, an apostrophe stands before them.

    Parameters
    ----------
    table : pandas.DataFrame, Series or result
        Such as what ``ltv.summary()`` or ``ltv.judgement.audit()`` returned; of a result, such as ``ltv``, its summary.
    path : str or Path
        Ending in ``.xlsx`` or ``.csv``.
    choices : mapping, optional
        Words that a workbook offers in the cells of a column, by the column's name.

    Raises
    ------
    InputError
        If the path ends otherwise or is a folder, or there is no table to write.

    Examples
    --------
    >>> import tempfile
    >>> from ltv_bayes.data.reading.files import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_table(pd.DataFrame({"opportunity": ["=1+1"], "used": [2.5]}), Path(folder) / "audit.xlsx")
    ...     read_table(path).to_csv(index=False).split()
    ['opportunity,used', '=1+1,2.5']
    """
    place, table = Path(path).expanduser(), as_table(table)
    if place.suffix.lower() == ".csv":
        return write_csv(table, place)
    if place.suffix.lower() != ".xlsx":
        raise InputError(_("{name} ends in neither .xlsx nor .csv. Name a workbook or a CSV file.", name=place.name))
    return write_bytes(_workbook(with_index(table), choices or {}), place)


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table, with its index unless that only counts; UTF-8 with the mark that spreadsheets need for Chinese.

    An interrupted write leaves no half-written file, and an older one as it was.
    """
    safe = with_index(table).rename(columns=escape_formula).apply(_escaped)
    with written_whole(path) as unfinished:
        safe.to_csv(unfinished, index=False, encoding="utf-8-sig")
    return Path(path)


def write_bytes(content: bytes, path: str | Path) -> Path:
    """Write a file whole or not at all."""
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content)
    return Path(path)


def with_index(table: pd.DataFrame) -> pd.DataFrame:
    """Make columns of the index, under names that are free."""
    if isinstance(table.index, pd.RangeIndex) and table.index.name is None:
        return table
    numbered = ["row", *(_("row {level}", level=level) for level in range(2, table.index.nlevels + 1))]
    names = [str(name) if name is not None else spare for name, spare in zip(table.index.names, numbered, strict=True)]
    taken = set(map(str, table.columns))
    return table.rename_axis([f"{name} (index)" if name in taken else name for name in names]).reset_index()


def _escaped(column: pd.Series) -> pd.Series:
    return column.map(escape_formula) if column.dtype.kind in "OTU" else column


def _workbook(table: pd.DataFrame, choices: Mapping[str, Sequence[str]]) -> bytes:
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, AS_WRITTEN | {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        bold, day = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
        for place, (name, cells) in enumerate(table.items()):
            sheet.write_string(0, place, str(name), bold)
            for row, value in enumerate(cells, start=1):
                _write(sheet, row, place, value, day)
            if name in choices:
                offered = {"validate": "list", "source": list(choices[name])}
                sheet.data_validation(1, place, len(table), place, offered)
            sheet.set_column(place, place, min(WIDEST, 2 + max(map(len, (str(name), *map(_shown, cells))))))
        sheet.freeze_panes(1, 0)
    return content.getvalue()


def _write(sheet: Any, row: int, place: int, value: Any, day: Any) -> None:
    """Write one cell as what it is; what is missing stays blank."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return
    if isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, place, bool(value))
    elif isinstance(value, pd.Timestamp):
        sheet.write_datetime(row, place, value.to_pydatetime(), day)
    elif isinstance(value, int | float | np.number) and np.isfinite(value):
        sheet.write_number(row, place, float(value))
    else:
        sheet.write_string(row, place, str(value))


def _shown(value: Any) -> str:
    """About what a spreadsheet shows of a cell."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)[:WIDEST]
