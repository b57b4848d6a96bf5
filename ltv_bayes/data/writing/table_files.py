"""Tables as files that a spreadsheet opens; no text is run as a formula."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.writing.sheets import Sheet, Styles, new_workbook, write_sheet
from ltv_bayes.errors import InputError
from ltv_bayes.formatting import escape_formula
from ltv_bayes.language import _
from ltv_bayes.tables import as_table
from ltv_bayes.tables.headings import headings as headings_of
from ltv_bayes.whole_files import written_whole

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def write_table(
    table: Any,
    path: str | Path,
    *,
    choices: Mapping[str, Sequence[str]] | None = None,
    headings: bool = False,
) -> Path:
    """Write a table of results to a file that a spreadsheet opens, in place of one of the same name.

    A workbook shows amounts in thousands and millions, or in 万 and 亿, shares in percent and days as dates; cells keep
    their full numbers. `read_table` reads the same columns and numbers again.

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
    headings : bool
        Whether columns are named in words, with unit and level: for people, not for programs.

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
    place, given, table = Path(path).expanduser(), table, as_table(table)
    if place.suffix.lower() == ".csv":
        if headings:
            what = _sheet(table, given, words=True)
            table = what.table.set_axis(what.heads(), axis="columns")
        return write_csv(table, place)
    if place.suffix.lower() != ".xlsx":
        raise InputError(_("{name} ends in neither .xlsx nor .csv. Name a workbook or a CSV file.", name=place.name))
    return write_bytes(_workbook(_sheet(table, given, words=headings, amounts=not choices), choices or {}), place)


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
    taken, free = set(map(str, table.columns)), list[str]()
    for name in names:
        tries = (name, f"{name} (index)", *(f"{name} (index {number})" for number in range(2, len(taken) + 3)))
        free.append(next(one for one in tries if one not in taken))
        taken.add(free[-1])
    return table.rename_axis(free).reset_index()


def _escaped(column: pd.Series) -> pd.Series:
    return column.map(escape_formula) if column.dtype.kind in "OTU" else column


def _sheet(table: pd.DataFrame, given: Any, *, words: bool, amounts: bool = True) -> Sheet:
    """The rows with their index, and what each column is."""
    currency, rows = getattr(given, "currency", None) or table.attrs.get("currency"), with_index(table)
    columns = headings_of(rows, currency, amounts=amounts and not hasattr(given, "idata"))
    return Sheet(rows, columns, currency, words=words)


def _workbook(what: Sheet, choices: Mapping[str, Sequence[str]]) -> bytes:
    """A workbook of one sheet, or of several where one does not take all rows."""
    content = io.BytesIO()
    with new_workbook(content) as book:
        styles = Styles(book)
        for part in what.parts():
            sheet = book.add_worksheet()
            write_sheet(sheet, what, part, styles)
            for place, column in enumerate(what.columns):
                if column.name in choices:
                    offered = {"validate": "list", "source": list(choices[column.name])}
                    sheet.data_validation(1, place, len(part), place, offered)
    return content.getvalue()
