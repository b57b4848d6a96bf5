"""Files of any usual format, or frames of any library, to raw rows under one header."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.engine.duckdb import fetched
from ltv_bayes.data.reading.formats.contents import EXPECTED, content_of
from ltv_bayes.data.reading.formats.encodings import as_utf8
from ltv_bayes.data.reading.formats.pages import named_charset, read_page_rows
from ltv_bayes.data.reading.formats.text_files import FEW, read_text_rows, without_marks
from ltv_bayes.data.reading.formats.workbooks import Sheet, SheetChoice, read_sheets
from ltv_bayes.data.reading.frames import read_arrow, read_parquet
from ltv_bayes.data.reading.headers import find_footer, find_header
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import ColumnError, InputError, counted, listed
from ltv_bayes.language import _, comma

HeaderRows = int | Sequence[int] | None


@dataclass(frozen=True, eq=False)
class Source:
    """What a file or frame holds, and how it was read.

    Attributes
    ----------
    frame : pandas.DataFrame
        Cells as they stand, blank rows left out. The index of a file is the row number that a spreadsheet shows, text
        such as "2023:5" (sheet:row) where several sheets were read.
    name : str
        The name of the file, or "the pandas DataFrame".
    form : str
        What the content is: "CSV", "TSV", "Excel workbook", "OpenDocument", "HTML table", "Parquet" or "frame".
    encoding : str or None
        Of text, and how it was recognised.
    sheets : tuple of str
        The sheets that were read.
    header_row : int or None
        The row with the names of the columns; the lower one of two.
    above : tuple of str
        The text of the rows above the header, one string a row.
    merged : mapping
        By column: cells merged downwards, as (first row, last row); the value is in the first, nothing is filled down.
    first_year : int
        The year from which a workbook counts day numbers, 1900 or 1904; 0 of other sources.
    footer : tuple of (int, str)
        Lines of text after the last row, with their row numbers; they are not in the frame.
    notes : tuple of str
        What the reader should see: hidden sheets left out, a wrong ending, text left out.
    """

    frame: pd.DataFrame
    name: str
    form: str
    encoding: str | None = None
    sheets: tuple[str, ...] = ()
    header_row: int | None = None
    above: tuple[str, ...] = ()
    merged: Mapping[str, list[tuple[Any, Any]]] = field(default_factory=dict)
    first_year: int = 0
    footer: tuple[tuple[Any, str], ...] = ()
    notes: tuple[str, ...] = ()


def read_table(
    source: Any, *, sheet: SheetChoice = None, encoding: str | None = None, header: HeaderRows = None
) -> pd.DataFrame:
    """Read a file or frame as it stands: nothing is converted, nothing is left out but blank rows and text around it.

    Parameters
    ----------
    source : path or frame
        A file of separated text (.csv, .tsv, .txt; its cells stay text, so the id 0004 stays 0004), a workbook (.xlsx,
        .xls, .xlsm, .xlsb, .ods), a page (.html, .htm), a .parquet file; or a pandas, polars or pyarrow table, or any
        object with an Arrow stream. What a file holds decides, whatever its ending.
    sheet : str, int or sequence of them, optional
        The sheet of a workbook, by name or by its place from 0; several, put one below the other; or "all". Of a page,
        the place of the table.
    encoding : str, optional
        The encoding of a text file. Otherwise a byte order mark decides, then UTF-8, then what the letters spell.
    header : int or sequence of int, optional
        The row with the names of the columns, as a spreadsheet numbers it; two for a two-level header; 0 if no row has
        them, which names the columns "column 1" and so on. Otherwise it is found by the shape of the rows.

    Returns
    -------
    pandas.DataFrame
        The rows. The index of a text file or workbook is the row number that a spreadsheet shows, "sheet:row" where
        several sheets were read; a frame keeps its own index; rows of other tables are numbered from 0.

    Raises
    ------
    InputError
        If there is no such file, it is empty, it cannot be read, or sheet, encoding or header stays open.
    ColumnError
        If two columns have the same name, or sheets have different columns.

    Examples
    --------
    >>> read_table(pd.DataFrame({" client ": ["Ada"], "value": [3.0]})).columns.tolist()
    ['client', 'value']
    """
    return read_source(source, sheet=sheet, encoding=encoding, header=header).frame


def read_source(
    source: Any, *, sheet: SheetChoice = None, encoding: str | None = None, header: HeaderRows = None
) -> Source:
    """Read a file or frame as `read_table` does, and say how.

    Raises
    ------
    InputError, ColumnError
        As `read_table`.

    Examples
    --------
    >>> read_source(pd.DataFrame({"client": ["Ada"]})).form
    'frame'
    """
    name = source_name(source)
    if not isinstance(source, str | os.PathLike):
        _refuse_options(name, "frame", sheet=sheet, encoding=encoding, header=header)
        return _checked(Source(_from_frame(source), name, "frame"))
    path = Path(source).expanduser()
    raw, form = content_of(path)
    call = f"lb.read_table({_plain(repr(os.fspath(source)))}, {{}})"
    notes = (
        ()
        if form in EXPECTED[path.suffix.lower()]
        else (_("{name} is no {suffix} file but {form}", name=name, suffix=path.suffix, form=form),)
    )
    if form == "Parquet":
        _refuse_options(name, form, sheet=sheet, encoding=encoding, header=header)
        return _checked(Source(read_parquet(path), name, form, notes=notes))
    if form in (_("Excel workbook"), "OpenDocument"):
        _refuse_options(name, form, encoding=encoding)
        read = _from_workbook(raw, name, form, call, sheet, header)
    elif form == "HTML table":
        read = _from_page(raw, name, call, sheet, encoding, header)
    else:
        _refuse_options(name, form, sheet=sheet)
        read = _from_text(raw, name, call, encoding, header)
    return _checked(replace(read, notes=(*notes, *read.notes)))


def _plain(text: str) -> str:
    """Write text so that `str.format` leaves it as it is."""
    return text.replace("{", "{{").replace("}", "}}")


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
    return _("the {partition} {name}", partition=kind.__module__.partition(".")[0], name=kind.__name__)


def _refuse_options(name: str, form: str, **options: Any) -> None:
    """Raise if an option was given that means nothing here."""
    kinds = {"sheet": "workbooks", "encoding": "text files", "header": "files whose rows are numbered"}
    for option, value in options.items():
        if value is not None:
            raise InputError(
                _(
                    "{option}={value!r} is for {kinds}, and {name} is none. Leave {option} out.",
                    option=option,
                    value=value,
                    kinds=kinds[option],
                    name=name,
                )
            )


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
        _(
            "{source} is no table. Pass the path of a file, or a pandas, polars or pyarrow table.",
            source=source_name(source),
        )
    )


def _from_text(raw: bytes, name: str, call: str, encoding: str | None, header: HeaderRows) -> Source:
    """Read separated text."""
    text, how = as_utf8(raw, name, encoding, call)
    rows, separator, notes = read_text_rows(text, name, call, header)
    form = "TSV" if separator == "\t" else "CSV"
    return _under_header(Source(rows, name, form, how, notes=tuple(notes)), Sheet("", rows), call, header)


def _from_page(
    raw: bytes, name: str, call: str, sheet: SheetChoice, encoding: str | None, header: HeaderRows
) -> Source:
    """Read a table of a page."""
    charset = None if encoding else named_charset(raw)
    text, how = as_utf8(raw, name, encoding or charset, call)
    how = _("{charset}, named in the page", charset=charset) if charset else how
    if sheet is not None and not isinstance(sheet, int):
        raise InputError(
            _("sheet={sheet!r} names no table of {name}: tables of a page are counted from 0.", sheet=sheet, name=name)
        )
    rows, merged, notes = read_page_rows(text.decode(), name, call, sheet)
    notes += without_marks(rows, formulas=False)[1]
    read = Source(rows, name, _("HTML table"), how, notes=tuple(notes))
    return _under_header(read, Sheet("", rows, merged), call, header)


def _from_workbook(raw: bytes, name: str, form: str, call: str, sheet: SheetChoice, header: HeaderRows) -> Source:
    """Read one sheet, or several one below the other."""
    sheets, notes = read_sheets(raw, name, call, sheet)
    marks = [without_marks(one.cells, formulas=False)[1] for one in sheets]
    notes += [note for found in marks for note in found]
    given = "" if sheet is None else f"sheet={sheet!r}, "
    call = call.removesuffix("{})") + _plain(given) + "{})"
    titles = [name if len(sheets) == 1 else _("sheet {name} of {name_2}", name=one.name, name_2=name) for one in sheets]
    read = [
        _under_header(Source(one.cells, title, form, sheets=(one.name,), first_year=one.first_year), one, call, header)
        for one, title in zip(sheets, titles, strict=True)
    ]
    whole = read[0] if len(read) == 1 else _below_each_other(read, name)
    return replace(whole, notes=(*notes, *whole.notes))


def _below_each_other(read: list[Source], name: str) -> Source:
    """Put sheets with the same columns into one table; a row is called sheet:row."""
    first = read[0]
    for other in read[1:]:
        _refuse_different(first, other, name)
    frames = []
    for one in read:
        labels = [f"{one.sheets[0]}:{row}" for row in one.frame.index]
        frames.append(one.frame[first.frame.columns].set_axis(labels, axis="index"))
    merged: dict[str, list[tuple[Any, Any]]] = {}
    for one in read:
        for column, spans in one.merged.items():
            labelled = [(f"{one.sheets[0]}:{start}", f"{one.sheets[0]}:{end}") for start, end in spans]
            merged.setdefault(column, []).extend(labelled)
    return Source(
        pd.concat(frames),
        name,
        first.form,
        sheets=tuple(one.sheets[0] for one in read),
        header_row=first.header_row if len({one.header_row for one in read}) == 1 else None,
        above=tuple(text for one in read for text in one.above),
        merged=merged,
        first_year=first.first_year,
        footer=tuple((f"{one.sheets[0]}:{row}", text) for one in read for row, text in one.footer),
        notes=tuple(_("sheet {sheets}: {note}", sheets=one.sheets[0], note=note) for one in read for note in one.notes),
    )


def _refuse_different(first: Source, other: Source, name: str) -> None:
    """Raise if two sheets have not the same columns."""
    here, there = list(first.frame.columns), list(other.frame.columns)
    if sorted(here, key=str) == sorted(there, key=str):
        return
    extra = {
        first.sheets[0]: [column for column in here if column not in there],
        other.sheets[0]: [column for column in there if column not in here],
    }
    only = [
        _("{sheet} alone has {columns}", sheet=sheet, columns=listed(columns))
        for sheet, columns in extra.items()
        if columns
    ]
    cure = _(
        "Read one of them: sheet={sheets!r} or sheet={sheets_2!r}; or give them the same names.",
        sheets=first.sheets[0],
        sheets_2=other.sheets[0],
    )
    raise ColumnError(
        _("Sheets of {name} have different columns: {only}. {cure}", name=name, only="; ".join(only), cure=cure)
    )


def _under_header(read: Source, sheet: Sheet, call: str, header: HeaderRows) -> Source:
    """Take the rows below the header, without blank ones and the lines of text that follow."""
    cells = sheet.cells
    found = find_header(cells, read.name, call, header, sheet.merged)
    below = cells.iloc[int((cells.index <= found.last).sum()) :]
    blank = _blank(below)
    body = _without(below, blank.to_numpy())
    footer = find_footer(body, len(below.dropna(axis="columns", how="all").columns))
    body = body.iloc[: len(body) - len(footer)].infer_objects()
    names = [text or _("column {place}", place=place) for place, text in enumerate(found.names, start=1)]
    body.columns = pd.Index(names, dtype=object)
    used = [bool(text) or bool(body.iloc[:, place].notna().any()) for place, text in enumerate(found.names)]
    merged: dict[str, list[tuple[Any, Any]]] = {}
    for span in sheet.merged:
        if span.bottom > span.top > found.last and used[span.left]:
            merged.setdefault(names[span.left], []).append((span.top, span.bottom))
    notes = list(read.notes)
    if footer:
        rows = counted(len(footer), "line")
        notes.append(
            _(
                "{rows} of text after the last row left out: {value}",
                rows=rows,
                value=listed([text for _unused, text in footer]),
            )
        )
    if found.above:
        notes.append(_("The header is in row {last}; above it: {above}", last=found.last, above=listed(found.above)))
    return replace(
        read,
        frame=body.loc[:, used],
        header_row=found.last if found.rows else None,
        above=found.above,
        merged=merged,
        footer=tuple(footer),
        notes=tuple(notes),
    )


def _without(rows: pd.DataFrame, left_out: np.ndarray) -> pd.DataFrame:
    """Leave rows out; where they are few, the others are not copied one by one."""
    places = np.flatnonzero(left_out)
    if not len(places):
        return rows
    if len(places) > FEW:
        return rows[~left_out]
    cuts = [rows.iloc[start:end] for start, end in zip([0, *(places + 1)], [*places, len(rows)], strict=True)]
    return pd.concat([cut for cut in cuts if len(cut)] or cuts[:1])


def _blank(rows: pd.DataFrame) -> pd.Series:
    """Mark rows without any content."""
    blank = pd.Series(True, index=rows.index)
    for _unused, cells in rows.items():
        maybe = cells[blank]
        missing = maybe.isna()
        if maybe.dtype == object:
            blank[blank] = missing | (maybe.astype(str).str.strip(BLANKS) == "")
        else:
            spaced = ~missing & maybe.astype("str").str.startswith(tuple(BLANKS)).fillna(False)
            missing[spaced] = maybe[spaced].astype("str").str.strip(BLANKS) == ""
            blank[blank] = missing
        if not blank.any():
            break
    return blank


def _checked(read: Source) -> Source:
    """Give names without blanks, and raise if they repeat or there are no rows."""
    frame, name = read.frame, read.name
    names = [column.strip(BLANKS) if isinstance(column, str) else column for column in frame.columns]
    if repeated := [str(column) for column, number in Counter(names).items() if number > 1]:
        raise ColumnError(
            _(
                "Columns of {name} have the same name: {repeated}. Rename all but one of each.",
                name=name,
                repeated=comma(repeated),
            )
        )
    if frame.empty:
        raise InputError(_("{name} has a header but no rows. Export it again, with at least one row.", name=name))
    return replace(read, frame=frame.set_axis(pd.Index(names), axis="columns"))
