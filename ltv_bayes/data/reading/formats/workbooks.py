"""Sheets of Excel and OpenDocument workbooks to rows of cells."""

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.data.reading.formats.workbook_parts import Parts, is_protected, parts_of
from ltv_bayes.data.reading.headers import Span
from ltv_bayes.data.reading.ids import KEPT_LIMIT
from ltv_bayes.errors import InputError, counted, suggestion
from ltv_bayes.language import _, comma

NO_WORKBOOK = _("Open it in a spreadsheet program and save it again as .xlsx.")

SheetChoice = str | int | Sequence[str | int] | None


@dataclass(frozen=True, eq=False)
class Sheet:
    """The cells of one sheet.

    Attributes
    ----------
    name : str
        Its name.
    cells : pandas.DataFrame
        Cells as they are stored, missing where blank; the index counts rows as the spreadsheet does, from 1.
    merged : tuple of Span
        Merged cells, where the format tells them.
    first_year : int
        The year from which day numbers count.
    """

    name: str
    cells: pd.DataFrame
    merged: tuple[Span, ...] = ()
    first_year: int = 1900

    @property
    def is_filled(self) -> bool:
        """Whether it holds anything."""
        return not bool(self.cells.isna().all(axis=None))


def read_sheets(raw: bytes, name: str, call: str, sheet: SheetChoice = None) -> tuple[list[Sheet], list[str]]:
    """Read the cells of the sheets asked for as they are stored, the header among them.

    Parameters
    ----------
    raw : bytes
        An Excel workbook of any kind, or an OpenDocument spreadsheet.
    name : str
        What the file is called in a message.
    call : str
        A call that reads it, with ``{}`` where ``sheet=`` goes.
    sheet : str, int or sequence of them, optional
        The sheet's name, or its place counted from 0; several of them; or "all", those that hold anything and are
        not hidden. Needed if several sheets hold anything.

    Returns
    -------
    list of Sheet
        One at least.
    list of str
        What the reader should see: sheets left out because they are hidden.

    Raises
    ------
    InputError
        If the file is no workbook or is damaged, the sheet is not there, or the choice is open.
    """
    from python_calamine import SheetVisibleEnum, load_workbook

    with _faults_in_words(name, raw), load_workbook(io.BytesIO(raw)) as workbook:
        hidden = [meta.name for meta in workbook.sheets_metadata if meta.visible != SheetVisibleEnum.Visible]
        names = list(workbook.sheet_names)
        wanted = _wanted(sheet, names, name)
        parts = parts_of(raw)
        sheets = [_read(workbook, key, parts) for key in (names if wanted is None else wanted)]
    if wanted is not None:
        return sheets, []
    return _chosen(sheets, hidden, sheet, name, call)


def sheet_names(path: Path) -> list[str]:
    """Name the sheets of a workbook.

    Raises
    ------
    InputError
        If the file is no workbook.
    """
    from python_calamine import load_workbook

    with _faults_in_words(path.name, path.read_bytes()), load_workbook(path) as workbook:
        return list(workbook.sheet_names)


@contextmanager
def _faults_in_words(name: str, raw: bytes) -> Iterator[None]:
    """Raise one error in words, whatever a damaged workbook raises."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, InputError):
        raise
    except BaseException as problem:  # a panic of calamine is no Exception
        if is_protected(raw):
            cure = _("Open it in a spreadsheet program and save it again as .xlsx without one, or as CSV UTF-8.")
            raise InputError(_("{name} is protected by a password. {cure}", name=name, cure=cure)) from None
        reason = " ".join(f"{problem}".split()) or type(problem).__name__
        raise InputError(
            _(
                "{name} cannot be read as a workbook: {reason}. {no_workbook}",
                name=name,
                reason=reason,
                no_workbook=NO_WORKBOOK,
            )
        ) from None


def _wanted(sheet: SheetChoice, names: list[str], name: str) -> list[str] | None:
    """The names of the sheets asked for; None where the choice is left to what they hold."""
    if sheet is None or (sheet == "all" and "all" not in names):
        return None
    wanted = [sheet] if isinstance(sheet, str | int) else list(sheet)
    found = []
    for one in wanted:
        if isinstance(one, int) and not isinstance(one, bool) and 0 <= one < len(names):
            found.append(names[one])
        elif one in names:
            found.append(str(one))
        else:
            raise InputError(
                _(
                    "There is no sheet {one!r} in {name}. {suggestion}",
                    one=one,
                    name=name,
                    suggestion=suggestion(str(one), names),
                )
            )
    if not found or len(set(found)) < len(found):
        raise InputError(_("sheet={sheet!r} names no sheet, or one twice. Name each once.", sheet=sheet))
    return found


def _read(workbook: Any, key: str, parts: Parts) -> Sheet:
    """Read one sheet."""
    sheet = workbook.get_sheet_by_name(key)
    rows = [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    for row, column, word in parts.failed.get(key, []):
        if row < len(rows) and column < len(rows[row]) and rows[row][column] is None:
            rows[row][column] = word
    cells = pd.DataFrame(rows, dtype=object)
    cells.index += 1
    spans = [Span(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or []]
    return Sheet(key, cells, (*spans, *parts.merged.get(key, [])), parts.first_year)


def _cell(cell: Any) -> Any:
    """A cell as it is stored: whole numbers as such but for the longest, days as moments, nothing for a blank one."""
    if type(cell) is str:
        return cell or None
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < KEPT_LIMIT else cell
    if isinstance(cell, dt.datetime | dt.date):
        return pd.Timestamp(cell)
    if isinstance(cell, dt.timedelta):
        return pd.Timedelta(cell)
    return cell


def _chosen(
    sheets: list[Sheet], hidden: list[str], sheet: SheetChoice, name: str, call: str
) -> tuple[list[Sheet], list[str]]:
    """Take the only sheet that holds anything, or all of them; hidden ones only where they are named."""
    filled = [one for one in sheets if one.is_filled and one.name not in hidden]
    unseen = [one.name for one in sheets if one.is_filled and one.name in hidden]
    notes = (
        [
            _(
                "{hidden_sheets} left out: {unseen}",
                hidden_sheets=counted(len(unseen), "hidden sheet"),
                unseen=comma(unseen),
            )
        ]
        if unseen
        else []
    )
    if not filled and unseen:
        cure = f"To read one, name it: {call.format(f'sheet={unseen[0]!r}')}."
        raise InputError(
            _(
                "{name} holds nothing but {unseen}, which is hidden. {cure}",
                name=name,
                unseen=comma(unseen),
                cure=cure,
            )
        )
    if len(filled) > 1 and sheet is None:
        names = [one.name for one in filled]
        count = counted(len(filled), "filled sheet")
        choices = _("Pass sheet={names!r}, sheet={names_2!r} or sheet='all'", names=names[0], names_2=names[:2])
        cure = f"{choices}; where nothing takes sheet=, {call.format(f'sheet={names[0]!r}')}."
        raise InputError(
            _("{name} has {count}: {names}. {cure}", name=name, count=count, names=comma(names), cure=cure)
        )
    return filled or sheets[:1], notes
