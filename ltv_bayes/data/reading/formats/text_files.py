"""CSV files of any separator to rows of text."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from ltv_bayes.data.reading.headers import LOOKED_AT, find_header, last_row
from ltv_bayes.errors import InputError, counted
from ltv_bayes.formatting import unescape_formula
from ltv_bayes.language import _

SEPARATORS = "\t;|,"
"""A comma comes last: it stands in texts and numbers too."""
HEAD_BYTES = 1_000_000
BLOCK = 16_000_000
FEW = 100
"""Rows that are put into their places one by one."""
SWALLOWED = 3
"""So many lines of a cell that look like rows are rows, behind a quotation mark that was never closed."""
QUOTE_CURE = _("Close it, or double it inside a cell.")
MARKS = ("=", "'")
AS_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
BEFORE_DIGITS = re.compile(r"'\d")


def read_text_rows(
    text: bytes, name: str, call: str, header: int | Sequence[int] | None = None
) -> tuple[pd.DataFrame, str, list[str]]:
    r"""Cut text into cells as they are written, the header among them.

    Parameters
    ----------
    text : bytes
        UTF-8, one record a line; commas, semicolons, tabs or bars between cells.
    name : str
        What the file is called in a message.
    call : str
        A call that reads it, with ``{}`` where another argument goes.
    header : int or sequence of int, optional
        The row with the names, as a spreadsheet numbers it.

    Returns
    -------
    pandas.DataFrame
        Text, missing where blank; the index counts rows as a spreadsheet does, from 1.
    str
        The separator.
    list of str
        What the reader should see.

    Raises
    ------
    InputError
        If a row has more cells than the header, or a quotation mark is never closed.

    Examples
    --------
    >>> rows, separator, notes = read_text_rows(b"client;value\nAda;2,5\n", "orders.csv", "read_table(path, {})")
    >>> rows.to_numpy().tolist(), separator
    ([['client', 'value'], ['Ada', '2,5']], ';')
    """
    text = text.replace(b"\r", b"\n") if b"\n" not in text else text  # the line ends of old Macs
    start, separator, skipped = _separated(text[:HEAD_BYTES].decode("utf-8", "ignore"))
    text = text.split(b"\n", 1)[1] if skipped else text
    is_cut, enough = len(text) > HEAD_BYTES, max(2 * LOOKED_AT, last_row(header) + LOOKED_AT)
    head = _head(start, separator, enough, is_cut)
    if not any(cell.strip() for row in head for cell in row):
        head = _head(start, separator, len(start), is_cut)
    if not any(cell.strip() for row in head for cell in row):
        return pd.DataFrame(), separator, []
    width = _width(head, skipped, name, call, header)
    rows = _cells(text, separator, width, name, skipped)
    rows.index = rows.index + skipped
    notes: list[str] = []
    if b"'" in text or b"=" in text:
        rows, notes = without_marks(rows, formulas=True)
    return rows, separator, notes


def _separated(text: str) -> tuple[str, str, int]:
    """Find the separator; Excel may name it in a first line of its own, which is then skipped."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.strip("\r")) == 5:
        return rest, first[4], 1
    return text, sniff_separator(text), 0


def sniff_separator(text: str) -> str:
    r"""Choose the separator that cuts the largest share of rows into equally many cells, and then the most.

    Examples
    --------
    >>> sniff_separator("client;date;amount\n1;1997-01-01;29,33"), sniff_separator("Orders\nclient,note\n1,a;b")
    (';', ',')
    """
    best, most = ",", (0.0, 0)
    for separator in SEPARATORS:
        widths = Counter(len(row) for row in _head(text, separator) if any(row))
        several = {width: rows for width, rows in widths.items() if width > 1}
        if several:
            width, rows = max(several.items(), key=lambda pair: (pair[1], pair[0]))
            if (rows / widths.total(), width) > most:
                best, most = separator, (rows / widths.total(), width)
    return best


def _head(text: str, separator: str, rows: int = 2 * LOOKED_AT, is_cut: bool = False) -> list[list[str]]:
    """The first records, blank ones among them; the last one is left out if the text is cut there."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    head: list[list[str]] = []
    try:
        head.extend(islice(reader, rows))
    except csv.Error:  # a cell longer than csv takes
        is_cut = False
    return head[:-1] if is_cut and 1 < len(head) < rows else head


def _width(
    head: list[list[str]], skipped: int, name: str, call: str, header: int | Sequence[int] | None
) -> tuple[int, int]:
    """The number of cells of the header, and its row."""
    widest = max(map(len, head))
    cells = pd.DataFrame([[*row, *[None] * (widest - len(row))] for row in head], dtype=object)
    cells.index += 1 + skipped
    found = find_header(cells, name, call, header)
    if not found.rows:
        return widest, 0
    return max(len(head[row - 1 - skipped]) for row in found.rows), found.last


def _cells(text: bytes, separator: str, width: tuple[int, int], name: str, skipped: int) -> pd.DataFrame:
    """Cut the text into as many columns as the header has; rows that are shorter end with missing cells."""
    columns, header = width
    names = [str(place) for place in range(columns)]
    odd: dict[int, list[str]] = {}

    def keep(row: Any) -> str:
        odd[row.number] = next(csv.reader(io.StringIO(row.text, newline=""), delimiter=separator), [])
        return "skip"

    def read(block: int) -> pa.Table:
        odd.clear()
        return arrow_csv.read_csv(
            pa.py_buffer(text),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=block),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,
            ),
        )

    try:
        table = read(min(BLOCK, len(text) + 1))
    except pa.ArrowInvalid:  # a record longer than the block
        table = read(len(text) + 1)
    _refuse_longer(odd, columns, header, name, separator, skipped)
    rows = table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)
    rows.columns = pd.RangeIndex(columns)
    numbers = np.arange(1, len(rows) + len(odd) + 1)
    rows.index = pd.Index(np.delete(numbers, [number - 1 for number in odd]) if odd else numbers)
    short = {number: cells[:columns] for number, cells in odd.items() if any(cells)}
    if short:
        rows = _with_short(rows, short, columns)
    if b'"' in text:
        _refuse_never_closed(text[-HEAD_BYTES:], rows, odd, separator, name)
    if text.count(b"\n") - len(numbers) >= SWALLOWED:
        _refuse_swallowed(rows, separator, name)
    return rows


def _with_short(rows: pd.DataFrame, short: dict[int, list[str]], columns: int) -> pd.DataFrame:
    """Put rows with fewer cells where they stood."""
    padded = [[cell or None for cell in [*cells, *[""] * (columns - len(cells))]] for cells in short.values()]
    more = pd.DataFrame(padded, index=list(short), dtype="str")
    if len(short) > FEW:
        whole = pd.concat([rows, more])
        return whole.iloc[np.argsort(whole.index.to_numpy(), kind="stable")]
    cuts = [0, *np.searchsorted(rows.index.to_numpy(), list(short)), len(rows)]
    pieces = [rows.iloc[start:end] for start, end in pairwise(cuts)]
    mixed = [piece for place, some in enumerate(pieces) for piece in (some, more.iloc[place : place + 1])]
    return pd.concat([piece for piece in mixed if len(piece)])


def _refuse_longer(
    odd: dict[int, list[str]], columns: int, header: int, name: str, separator: str, skipped: int
) -> None:
    """Raise if a row has more cells than the header."""
    for number, cells in odd.items():
        if any(cell.strip() for cell in cells[columns:]) and number + skipped > header:
            cure = _("Put cells that contain {separator!r} into quotation marks.", separator=separator)
            row = number + skipped
            raise InputError(
                _(
                    "Row {row:,} of {name} has {number} cells, the header {columns}. {cure}",
                    row=row,
                    name=name,
                    number=len(cells),
                    columns=columns,
                    cure=cure,
                ),
                [row],
            )


def _refuse_never_closed(end: bytes, rows: pd.DataFrame, odd: dict[int, list[str]], separator: str, name: str) -> None:
    """Raise if the last cell begins with a quotation mark and does not end with one."""
    last = max([*odd, *rows.index[-1:]])
    cell = (odd[last] or [""])[-1] if last in odd else rows.iloc[-1, -1]
    written = "" if pd.isna(cell) else str(cell).replace('"', '""')
    text = end.decode("utf-8", "ignore")
    opened = text.endswith(f'"{written}') and not text.rstrip("\r\n").endswith(f'{written}"')
    if opened or (not written and text.rstrip("\r\n").endswith((f'{separator}"', '\n"'))):
        raise InputError(
            _("A quotation mark in {name} is opened but never closed. {quote_cure}", name=name, quote_cure=QUOTE_CURE)
        )


def _refuse_swallowed(rows: pd.DataFrame, separator: str, name: str) -> None:
    """Raise if a cell holds whole rows, because a quotation mark was closed by that of a later row."""
    for place in rows if len(rows.columns) > 1 else ():
        long = (rows[place].str.count("\n") >= SWALLOWED).fillna(False).to_numpy(dtype=bool)
        for row, cell in rows.loc[long, place].items():
            lines = [line.count(separator) for line in cell.split("\n")]
            if sum(number >= len(rows.columns) - 1 for number in lines) >= SWALLOWED:
                problem = _("A quotation mark in row {row} of {name} is closed only rows later", row=row, name=name)
                raise InputError(_("{problem}. {cure}", problem=problem, cure=QUOTE_CURE), [row])


def without_marks(rows: pd.DataFrame, *, formulas: bool) -> tuple[pd.DataFrame, list[str]]:
    """Take away what spreadsheets and write_table put around a cell: ="0004" is 0004, and '0004 too.

    Parameters
    ----------
    rows : pandas.DataFrame
        Cells; text is changed in place.
    formulas : bool
        Whether to take away the apostrophe before text that might run, too, as `write_table` puts it into CSV alone.

    Returns
    -------
    pandas.DataFrame
        The same.
    list of str
        What the reader should see.
    """
    number = 0
    for place in rows:
        if rows[place].dtype == object and not _any_marked(rows[place]):
            continue
        for mark in ('="', "'"):
            at = _starting(rows[place], mark)
            if at.any():
                marked = rows.loc[at, place]
                bare = marked.map(lambda cell: unmarked(cell, formulas=formulas))
                number += int((bare != marked).sum())
                rows.loc[at, place] = bare
    return rows, [
        _('{cells} written as ="..." or with an apostrophe before it', cells=counted(number, "cell"))
    ] if number else []


def _any_marked(cells: pd.Series) -> bool:
    """Whether any cell begins as text that a spreadsheet was given to keep."""
    return any(type(cell) is str and cell[:1] in MARKS for cell in cells.to_numpy() if cell)


def _starting(cells: pd.Series, mark: str) -> np.ndarray:
    """Which cells are text that begins so."""
    if cells.dtype == object:
        return np.array([isinstance(cell, str) and cell.startswith(mark) for cell in cells], dtype=bool)
    return cells.str.startswith(mark).fillna(False).to_numpy(dtype=bool)


def unmarked(cell: str, *, formulas: bool) -> str:
    """Take away the marks that make a cell text for a spreadsheet.

    Examples
    --------
    >>> [unmarked(cell, formulas=True) for cell in ('="0004"', "'0004", "'=1+1", "'s-Hertogenbosch")]
    ['0004', '0004', '=1+1', "'s-Hertogenbosch"]
    """
    if found := AS_FORMULA.fullmatch(cell):
        return found[1].replace('""', '"')
    if BEFORE_DIGITS.match(cell):
        return cell[1:]
    return unescape_formula(cell) if formulas else cell
