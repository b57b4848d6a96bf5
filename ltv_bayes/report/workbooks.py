"""Tables as files for spreadsheets: a workbook or CSV in which text is never run as a formula."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.report.files import with_index, write_bytes, write_csv
from ltv_bayes.tables import as_table

AS_WRITTEN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
WIDEST = 60


def write_table(table: Any, path: str | Path) -> Path:
    """Write a table of results to a file that a spreadsheet opens, in place of one of the same name.

    Text stays text: names that begin with = + - @ are not run. In a workbook they are kept as they are; in CSV, which
    cannot say what is text, an apostrophe stands before them.

    Parameters
    ----------
    table : pandas.DataFrame, Series or result
        Such as what ``ltv.summary()`` or ``ltv.judgement.audit()`` returned; of a result, such as ``ltv``, its summary.
    path : str or Path
        Ending in ``.xlsx`` or ``.csv``.

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
        raise InputError(f"{place.name} ends in neither .xlsx nor .csv. Name a workbook or a CSV file.")
    return write_bytes(_workbook(with_index(table)), place)


def _workbook(table: pd.DataFrame) -> bytes:
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, AS_WRITTEN | {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        bold, day = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
        for place, (name, cells) in enumerate(table.items()):
            sheet.write_string(0, place, str(name), bold)
            for row, value in enumerate(cells, start=1):
                _write(sheet, row, place, value, day)
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
