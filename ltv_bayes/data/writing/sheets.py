"""Workbooks that this package writes, and a table as a sheet: headings, formats, filter, widths, print settings."""

import datetime as dt
import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.cells import cell_len

from ltv_bayes.data.writing.number_formats import cell_format, number_format
from ltv_bayes.formatting import visible
from ltv_bayes.tables.headings import WRITERS, Heading, written

MOST_ROWS = 1_048_576
LONGEST_TEXT, LONGEST_HEADING = 32_767, 240
LARGEST_EXACT = 10**15
"""Whole numbers from here on lose digits in a spreadsheet: they are written as text."""
WIDEST, NARROWEST = 100, 7
"""Columns are no wider, and no narrower; longer text is wrapped."""
SAMPLED = 2_000
"""Rows from which a column's width is taken."""
UNBROKEN = re.compile(r"[!-~\u00a0-\u02ff]+")
"""Letters between which no line breaks; Chinese breaks anywhere."""
LINES = 3
"""Lines of a heading."""
LINE_HEIGHT, HIGHEST = 15, 409
"""Points of one line, and the most that a row may have."""
A4 = 9
HEAD: Mapping[str, Any] = {"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1, "bg_color": "#E8EDF2"}
LEFT, RIGHT = {"align": "left", "indent": 1}, {"align": "right"}


class Styles:
    """The cell formats of a workbook, each made once.

    Parameters
    ----------
    book : xlsxwriter.Workbook
        To which they belong.
    """

    def __init__(self, book: Any) -> None:
        self._book, self._made = book, dict[tuple[tuple[str, Any], ...], Any]()

    def of(self, **settings: Any) -> Any:
        """A format with these settings, as xlsxwriter names them."""
        key = tuple(sorted(settings.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(settings)
        return self._made[key]


@dataclass(frozen=True, eq=False)
class Sheet:
    """What one sheet holds.

    Attributes
    ----------
    table : pandas.DataFrame
        Its rows; the index is not written.
    columns : sequence of Heading
        One for each column: kinds decide on number formats.
    currency : str or None
        Currency of amounts.
    words : bool
        Whether headings and truths are written in words; False for a table that programs read again.
    top : int
        Rows above the header.
    keys : int
        Columns that stay in sight.
    bars : tuple of str
        Columns with bars in their cells.
    title : str
        What is printed at the foot of a page.
    """

    table: pd.DataFrame
    columns: Sequence[Heading]
    currency: str | None = None
    words: bool = True
    top: int = 0
    keys: int = 0
    bars: tuple[str, ...] = ()
    title: str = ""

    @property
    def room(self) -> int:
        """How many rows one sheet takes."""
        return MOST_ROWS - self.top - 1

    def parts(self) -> list[pd.DataFrame]:
        """The rows of each sheet: one, unless there are more than a sheet takes."""
        rows = self.table.copy(deep=False)
        rows.attrs = {}  # pandas copies them with each column
        return [rows.iloc[start : start + self.room] for start in range(0, max(len(rows), 1), self.room)]

    def heads(self) -> list[str]:
        """The header's cells, each once."""
        if not self.words:
            return [one.name for one in self.columns]
        taken: set[str] = set()
        return [_once(str(one), taken) for one in self.columns]


def write_sheet(sheet: Any, what: Sheet, part: pd.DataFrame, styles: Styles, name: str | None = None) -> None:
    """Write rows below their header, with all that belongs to a sheet.

    Parameters
    ----------
    sheet : xlsxwriter.Worksheet
        Where to.
    what : Sheet
        What is written.
    part : pandas.DataFrame
        Its rows, or those of them that go on this sheet.
    styles : Styles
        Formats of the workbook.
    name : str, optional
        Makes it a table of the spreadsheet program, under this name; otherwise it has a filter only.
    """
    heads, lines = what.heads(), 1
    head = [styles.of(**HEAD, **(LEFT if one.kind in ("text", "yes_no") else RIGHT)) for one in what.columns]
    for place, (text, column) in enumerate(zip(heads, what.columns, strict=True)):
        cells = part.iloc[:, place]
        shown = number_format(column.kind, what.table.iloc[:, place], what.currency)
        sheet.write_string(what.top, place, text, head[place])
        _write_column(sheet, what, place, cells, shown, styles)
        width = _width(text, column, cells, what)
        lines = max(lines, min(LINES + 1, lines_of(text, 0.9 * (width - 3))))
        sheet.set_column(place, place, width)
    sheet.set_row(what.top, LINE_HEIGHT * lines)
    _wrap(sheet, what, part)
    last = what.top + max(len(part), 1), max(len(heads) - 1, 0)
    if name is not None and len(part) and heads:
        columns = [{"header": text, "header_format": one} for text, one in zip(heads, head, strict=True)]
        sheet.add_table(what.top, 0, *last, {"columns": columns, "name": name, "style": "Table Style Light 1"})
    elif heads:
        sheet.autofilter(what.top, 0, *last)
    for place, column in enumerate(what.columns):
        if column.name in what.bars and len(part):
            sheet.conditional_format(what.top + 1, place, last[0], place, _bar(column))
    sheet.freeze_panes(what.top + 1, what.keys)
    print_well(sheet, what.title)
    if heads:
        sheet.repeat_rows(what.top)


def print_well(sheet: Any, title: str = "") -> None:
    """Print on A4 across, all columns on one page, with title and page number at the foot."""
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.5, bottom=0.7)
    sheet.set_footer(f"&L{title.replace('&', '&&')[:150]}&R&P / &N")


def _write_column(sheet: Any, what: Sheet, place: int, cells: pd.Series, shown: str, styles: Styles) -> None:
    """Write the cells of a column as what they are; what is missing stays blank."""
    wrapped = {"text_wrap": True, "valign": "top"} if what.words else {}
    number = styles.of(num_format=shown, valign="top")
    day, moment = (styles.of(num_format=f"yyyy-mm-dd{time}", valign="top") for time in ("", " hh:mm"))
    heading = what.columns[place]
    text = styles.of(**(RIGHT if heading.kind in WRITERS else LEFT), **wrapped)
    for row, value in enumerate(cells, start=what.top + 1):
        if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
            continue
        if isinstance(value, bool | np.bool_):
            if what.words:
                sheet.write_string(row, place, written(value, "yes_no"), text)
            else:
                sheet.write_boolean(row, place, bool(value))
        elif isinstance(value, dt.datetime) and value.year >= 1900:
            at = value.replace(tzinfo=None)
            sheet.write_datetime(row, place, at, day if at.time() == dt.time() else moment)
        elif isinstance(value, int | float | np.number) and np.isfinite(value) and not _is_long(value):
            own = cell_format(heading.kind, float(value), shown) if what.words else shown
            style = number if own == shown else styles.of(num_format=own, valign="top")
            sheet.write_number(row, place, float(value), style)
        else:
            found = heading.write(value, what.currency) if what.words else str(value)
            sheet.write_string(row, place, found[:LONGEST_TEXT], text)


def _wrap(sheet: Any, what: Sheet, part: pd.DataFrame) -> None:
    """Make room for text of several lines: not every program does so by itself."""
    texts = [part.iloc[:, place] for place, one in enumerate(what.columns) if one.kind == "text" and what.words]
    for row, cells in enumerate(zip(*texts, strict=True), start=what.top + 1):
        lines = max(lines_of(str(cell), WIDEST - 2) for cell in cells)
        if lines > 1:
            sheet.set_row(row, min(HIGHEST, LINE_HEIGHT * lines))


def lines_of(text: str, width: float) -> int:
    r"""In about how many lines a text is wrapped.

    Examples
    --------
    >>> lines_of("short", 20), lines_of("a rather long text", 10), lines_of("two\nlines", 20)
    (1, 2, 2)
    """
    return sum(max(1, math.ceil((1.15 * cell_len(line) - 0.1 * len(line)) / width)) for line in text.split("\n"))


def _is_long(value: Any) -> bool:
    """Whether a whole number has more digits than a spreadsheet keeps."""
    return isinstance(value, int | np.integer) and abs(int(value)) >= LARGEST_EXACT


def _once(text: str, taken: set[str]) -> str:
    """A heading that no other has, upper and lower case alike."""
    text = visible(" ".join(text.split()))[:LONGEST_HEADING]
    found, number = text or " ", 1
    while found.casefold() in taken:
        number += 1
        found = f"{text} ({number})"
    taken.add(found.casefold())
    return found


def _width(text: str, heading: Heading, cells: pd.Series, what: Sheet) -> float:
    """The width of a column: that of its cells, and of a heading in a few lines."""
    longest = max((cell_len(_shown(value, heading, what)) for value in cells.head(SAMPLED)), default=0)
    aside = 4 if heading.kind in ("text", "id") else 2
    word = max(map(len, UNBROKEN.findall(text)), default=0)
    wanted = max(NARROWEST, longest + aside, min(word, WIDEST) + 3, math.ceil(cell_len(text) / LINES) + 4)
    return float(min(WIDEST, wanted))


def _shown(value: Any, heading: Heading, what: Sheet) -> str:
    """About what a spreadsheet shows of a cell."""
    if not what.words and isinstance(value, str):
        return value[:WIDEST]
    return heading.write(value, what.currency)[:WIDEST]


def _bar(column: Heading) -> dict[str, Any]:
    """Bars behind numbers: shares and probabilities from 0 to 1, others from 0 to the largest."""
    bounds: dict[str, Any] = {"min_type": "num", "min_value": 0}
    if column.kind in ("share", "probability"):
        bounds |= {"max_type": "num", "max_value": 1}
    return {"type": "data_bar", "bar_color": "#A9C6E3", "bar_solid": True, "data_bar_2010": True, **bounds}


AS_WRITTEN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
OWNER = "ltv_bayes"
WRITTEN_ON = dt.datetime(2000, 1, 1)
"""What a workbook states as its date, so that the same content is the same file; other programs change it."""


@contextmanager
def new_workbook(content: io.BytesIO) -> Iterator[Any]:
    """An empty workbook, whose text stays text; it is in the content at the end."""
    import xlsxwriter

    with xlsxwriter.Workbook(content, AS_WRITTEN | {"in_memory": True}) as book:
        book.set_properties({"created": WRITTEN_ON, "author": OWNER})
        book.set_custom_property(OWNER, "written whole")
        yield book


def is_own_workbook(path: Path) -> bool:
    """Whether a workbook was written by this package and saved by no other program since."""
    try:
        with zipfile.ZipFile(path) as parts:
            custom, core = (parts.read(f"docProps/{name}.xml").decode() for name in ("custom", "core"))
    except (OSError, KeyError, zipfile.BadZipFile, UnicodeDecodeError):
        return False
    return f'name="{OWNER}"' in custom and f">{WRITTEN_ON:%Y-%m-%dT%H:%M:%SZ}</dcterms:modified>" in core
