"""Sheets of Excel and OpenDocument workbooks to rows of cells."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ltv_bayes.errors import InputError, counted, suggestion

NO_WORKBOOK = "Open it in a spreadsheet program and save it again as .xlsx, without a password."


def read_sheet_rows(path: Path, sheet: str | int | None = None) -> pd.DataFrame:
    """Read the cells of one sheet as they are stored, the header among them.

    Parameters
    ----------
    path : pathlib.Path
        An .xlsx, .xls, .xlsb or .ods file.
    sheet : str or int, optional
        The sheet's name, or its place counted from 0. Needed if several sheets hold anything.

    Returns
    -------
    pandas.DataFrame
        Cells, missing where blank; the index counts rows as the spreadsheet does, from 1.

    Raises
    ------
    InputError
        If the file is no workbook or is damaged, the sheet is not there, or the choice is open.
    """
    rows = _chosen(_sheets(path), sheet, path.name)
    rows.index += 1
    return rows


def sheet_names(path: Path) -> list[str]:
    """Name the sheets of a workbook.

    Raises
    ------
    InputError
        If the file is no workbook.
    """
    from python_calamine import load_workbook

    with _faults_in_words(path):
        return list(load_workbook(path).sheet_names)


def _sheets(path: Path) -> dict[str, pd.DataFrame]:
    """Read every sheet of a workbook."""
    options = {"header": None, "dtype": object, "keep_default_na": False, "na_values": [""]}
    with _faults_in_words(path):
        return pd.read_excel(path, sheet_name=None, engine="calamine", **options)


@contextmanager
def _faults_in_words(path: Path) -> Iterator[None]:
    """Raise one error in words, whatever a damaged workbook raises."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as problem:  # a panic of calamine is no Exception
        reason = " ".join(f"{problem}".split()) or type(problem).__name__
        raise InputError(f"{path.name} cannot be read as a workbook: {reason}. {NO_WORKBOOK}") from None


def _chosen(sheets: dict[str, pd.DataFrame], sheet: str | int | None, name: str) -> pd.DataFrame:
    """Take the sheet asked for, or the only one that holds anything."""
    names = list(sheets)
    if isinstance(sheet, int) and not isinstance(sheet, bool) and 0 <= sheet < len(names):
        return sheets[names[sheet]]
    if sheet is not None and sheet not in sheets:
        raise InputError(f"There is no sheet {sheet!r} in {name}. {suggestion(str(sheet), names)}")
    if sheet is not None:
        return sheets[sheet]
    filled = [key for key, rows in sheets.items() if not rows.isna().all(axis=None)]
    if len(filled) > 1:
        count = counted(len(filled), "filled sheet")
        cure = (
            f"Pass sheet={filled[0]!r} or another; where nothing takes sheet=, read_table(path, sheet={filled[0]!r})."
        )
        raise InputError(f"{name} has {count}: {', '.join(filled)}. {cure}")
    return sheets[filled[0]] if filled else pd.DataFrame()
