"""CSV files of any separator to rows of text."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from ltv_bayes.data.reading.headers import LOOKED_AT, find_header
from ltv_bayes.errors import InputError, counted
from ltv_bayes.formatting import unescape_formula

SEPARATORS = "\t;|,"
"""A comma comes last: it stands in texts and numbers too."""
HEAD_CHARACTERS = 200_000
BLOCK = 16_000_000
SWALLOWED = 3
"""So many lines of a cell that look like rows are rows, behind a quotation mark that was never closed."""
AS_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
BEFORE_DIGITS = re.compile(r"'\d")


def read_text_rows(
    text: str, name: str, call: str, header: int | Sequence[int] | None = None
) -> tuple[pd.DataFrame, str, list[str]]:
    r"""Cut text into cells as they are written, the header among them.

    Parameters
    ----------
    text : str
        One record a line; commas, semicolons, tabs or bars between cells.
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
    >>> rows, separator, notes = read_text_rows("client;value\nAda;2,5\n", "orders.csv", "read_table(path, {})")
    >>> rows.to_numpy().tolist(), separator
    ([['client', 'value'], ['Ada', '2,5']], ';')
    """
    text, separator, skipped = _separated(_with_line_feeds(text))
    head = _head(text, separator, max(2 * LOOKED_AT, _last(header) + LOOKED_AT))
    if not any(cell.strip() for row in head for cell in row):
        return pd.DataFrame(), separator, []
    width = _width(head, skipped, name, call, header)
    rows = _cells(text, separator, width, name, skipped)
    rows.index = rows.index + skipped
    rows, notes = _unmarked(rows, text)
    return rows, separator, notes


def _last(header: int | Sequence[int] | None) -> int:
    """The last row that was named."""
    return max([0, *([header] if isinstance(header, int) else header or [])])


def _with_line_feeds(text: str) -> str:
    """Write the line ends of old Macs as today's."""
    return text.replace("\r", "\n") if "\r" in text and "\n" not in text else text


def _separated(text: str) -> tuple[str, str, int]:
    """Find the separator; Excel may name it in a first line of its own, which is then skipped."""
    first, _, rest = text[:HEAD_CHARACTERS].partition("\n")
    if first.lower().startswith("sep=") and len(first.strip("\r")) == 5:
        return text[len(first) + 1 :], first[4], 1
    return text, sniff_separator(text), 0


def sniff_separator(text: str) -> str:
    r"""Choose the separator that cuts the most rows into equally many cells.

    Examples
    --------
    >>> sniff_separator("client;date;amount\n1;1997-01-01;29,33"), sniff_separator("Orders\nclient,note\n1,a;b")
    (';', ',')
    """
    best, most = ",", (0, 0)
    for separator in SEPARATORS:
        widths = Counter(len(row) for row in _head(text, separator) if len(row) > 1)
        if not widths:
            continue
        width, rows = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
        if (rows, width) > most:
            best, most = separator, (rows, width)
    return best


def _head(text: str, separator: str, rows: int = 2 * LOOKED_AT) -> list[list[str]]:
    """The first records, blank ones among them."""
    reader = csv.reader(io.StringIO(text[:HEAD_CHARACTERS], newline=""), delimiter=separator)
    try:
        head = list(islice(reader, rows))
    except csv.Error:  # a cell longer than the head
        return []
    cut = len(text) > HEAD_CHARACTERS and len(head) < rows
    return head[:-1] if cut and len(head) > 1 else head


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


def _cells(text: str, separator: str, width: tuple[int, int], name: str, skipped: int) -> pd.DataFrame:
    """Cut the text into as many columns as the header has; rows that are shorter end with missing cells."""
    columns, header = width
    names = [str(place) for place in range(columns)]
    odd: dict[int, list[str]] = {}

    def keep(row: Any) -> str:
        odd[row.number] = next(csv.reader(io.StringIO(row.text, newline=""), delimiter=separator), [])
        return "skip"

    data = text.encode()
    table = arrow_csv.read_csv(
        pa.py_buffer(data),
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=_block(data)),
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
    _refuse_longer(odd, columns, header, name, separator, skipped)
    rows = table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)
    rows.columns = pd.RangeIndex(columns)
    numbers = np.arange(1, len(rows) + len(odd) + 1)
    rows.index = pd.Index(np.delete(numbers, [number - 1 for number in odd]) if odd else numbers)
    short = {number: cells[:columns] for number, cells in odd.items() if any(cells)}
    if short:
        padded = [[cell or None for cell in [*cells, *[""] * (columns - len(cells))]] for cells in short.values()]
        rows = pd.concat([rows, pd.DataFrame(padded, index=list(short), dtype="str")]).sort_index()
    if '"' in text:
        _refuse_open_quote(text, rows, odd, separator, name)
    return rows


def _block(data: bytes) -> int:
    """Bytes that are cut at once: a cell must fit."""
    return max(BLOCK, 2 * max(map(len, data.split(b'"')), default=0)) if len(data) > BLOCK else len(data) + 1


def _refuse_longer(
    odd: dict[int, list[str]], columns: int, header: int, name: str, separator: str, skipped: int
) -> None:
    """Raise if a row has more cells than the header."""
    for number, cells in odd.items():
        if any(cell.strip() for cell in cells[columns:]) and number + skipped > header:
            cure = f"Put cells that contain {separator!r} into quotation marks."
            row = number + skipped
            raise InputError(f"Row {row:,} of {name} has {len(cells)} cells, the header {columns}. {cure}", [row])


def _refuse_open_quote(text: str, rows: pd.DataFrame, odd: dict[int, list[str]], separator: str, name: str) -> None:
    """Raise if the last quotation mark is never closed, or one was closed only many rows later."""
    last = max([*odd, *rows.index[-1:]])
    cell = (odd[last] or [""])[-1] if last in odd else rows.iloc[-1, -1]
    written = "" if pd.isna(cell) else str(cell).replace('"', '""')
    ended = text.rstrip("\r\n")
    opened = text.endswith(f'"{written}') and not ended.endswith(f'{written}"')
    if opened or (not written and ended.endswith((f'{separator}"', '\n"'))):
        cure = "Close it, or double it inside a cell."
        raise InputError(f"A quotation mark in {name} is opened but never closed. {cure}")
    for place in rows if len(rows.columns) > 1 else ():
        long = rows[place].str.count("\n") >= SWALLOWED
        for row, cell in rows.loc[long.fillna(False).to_numpy(dtype=bool), place].items():
            lines = [line.count(separator) for line in cell.split("\n")]
            if sum(number >= len(rows.columns) - 1 for number in lines) >= SWALLOWED:
                cure = "Close it, or double it inside a cell."
                raise InputError(f"A quotation mark in row {row} of {name} is closed only rows later. {cure}", [row])


def _unmarked(rows: pd.DataFrame, text: str) -> tuple[pd.DataFrame, list[str]]:
    """Take away what spreadsheets and write_table put around a cell: ="0004" is 0004, and '0004 too."""
    number = 0
    for place in rows:
        for mark in ('="', "'"):
            if mark.replace('"', "") not in text:
                continue
            at = rows[place].str.startswith(mark).fillna(False).to_numpy(dtype=bool)
            if at.any():
                bare = rows.loc[at, place].map(unmarked)
                number += int((bare != rows.loc[at, place]).sum())
                rows.loc[at, place] = bare
    return rows, [f'{counted(number, "cell")} written as ="..." or with an apostrophe before it'] if number else []


def unmarked(cell: str) -> str:
    """Take away the marks by which a spreadsheet is told that a cell is text.

    Examples
    --------
    >>> [unmarked(cell) for cell in ('="0004"', "'0004", "'=1+1", "'s-Hertogenbosch")]
    ['0004', '0004', '=1+1', "'s-Hertogenbosch"]
    """
    if found := AS_FORMULA.fullmatch(cell):
        return found[1].replace('""', '"')
    return cell[1:] if BEFORE_DIGITS.match(cell) else unescape_formula(cell)
