"""Judgements as CSV files and workbooks that account managers fill in."""

import datetime as dt
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from scipy import special

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.formats.contents import is_workbook
from ltv_bayes.data.reading.formats.workbooks import sheet_names
from ltv_bayes.errors import InputError
from ltv_bayes.formatting import escape_formula
from ltv_bayes.judgement.form.cells import refuse
from ltv_bayes.judgement.form.layout import (
    AMOUNT,
    COLUMNS,
    DATE,
    MEANINGS_OF_RELATIONS,
    NAMES,
    NUMBER,
    OF_RATINGS,
    RATING,
    SCORED,
    SHARE,
    TEXT,
    Column,
)
from ltv_bayes.language import _, retold
from ltv_bayes.whole_files import written_whole

SHEET, EXPLAINED = "judgements", "columns"
FORMATS = {TEXT: "@", AMOUNT: "#,##0.##", SHARE: "0.0%", NUMBER: "0.##", DATE: "yyyy-mm-dd"}
TO_FILL_IN = {**FORMATS, DATE: "@"}
"""Blank cells of dates are text: a spreadsheet would make the first of July of 2026-07, which means all of July."""
LONGEST_CELL = 32_767
AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
SPARE_ROWS = 1000


def judgement_template(
    path: str | Path, customers: Customers | Iterable[Any] | None = None, *, overwrite: bool = False
) -> Path:
    """Write an empty form for account managers, to be read by `FutureValuePriors.from_judgements`.

    A workbook explains every column in a note and on a second sheet, and offers the words of relation and family. Rows
    in which nothing but the customer is filled in are left out when it is read.

    Parameters
    ----------
    path : path
        Ends in .xlsx, or in .csv for the bare header.
    customers : Customers, or ids, optional
        A row for each.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError
        If the path ends in something else, or there is a file already: it may have been filled in.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = judgement_template(f"{folder}/judgements.xlsx", ["C0001", "C0002"])
    ...     read_table(path, sheet="judgements")["customer_id"].tolist()
    ['C0001', 'C0002']
    """
    ids = customers.ids if isinstance(customers, Customers) else [] if customers is None else customers
    form = pd.DataFrame({"customer_id": pd.Series(list(ids), dtype=object)}, columns=list(NAMES))
    return write_form(form, path, overwrite=overwrite)


def as_stated(table: pd.DataFrame) -> pd.DataFrame:
    """Write judgements in the columns of the form, each in one way; ratings say in one more that they are ratings."""
    form = pd.DataFrame({name: table.get(name) for name in NAMES}, index=table.index)
    a_beta = table["chance_a"].notna()
    bare = a_beta & form["of"].isna() & form["probability_low"].isna()
    tail = (1 - form["interval"]) / 2
    for name, level in (("probability_low", tail), ("probability_high", 1 - tail)):
        quantiles = special.betaincinv(table["chance_a"], table["chance_b"], level)
        form[name] = form[name].astype(float).mask(bare, quantiles)
    if SCORED in table and table[SCORED].notna().any():
        form[RATING] = table[SCORED]
    one_day = form["expected_from"] == form["expected_to"]
    return form.assign(
        opportunity=form["opportunity"].mask(table["key"].astype(str).str.startswith("nameless ")),
        probability=table.get("stated_probability", form["probability"]).mask(a_beta),
        mean=form["mean"].where(form["sd"].notna()),
        expected_on=form["expected_from"].where(one_day),
        expected_from=form["expected_from"].mask(one_day),
        expected_to=form["expected_to"].mask(one_day),
    )


def write_form(form: pd.DataFrame, path: str | Path, *, overwrite: bool) -> Path:
    """Write a form as CSV or as a workbook, whole or not at all."""
    path = Path(path).expanduser()
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise InputError(_("{name} ends in neither .csv nor .xlsx. Choose one of them.", name=path.name))
    if path.exists() and not overwrite:
        cure = _("Choose another name, or pass overwrite=True.")
        raise InputError(_("{path} exists already, and it may have been filled in. {cure}", path=path, cure=cure))
    if suffix == ".xlsx":
        _refuse_too_long(form)
    with written_whole(path) as unfinished:
        if suffix == ".csv":
            _write_csv(form, unfinished)
        else:
            _write_workbook(form, unfinished)
    return path


def read_form(source: Any, sheet: str | int | None = None) -> pd.DataFrame:
    """Read judgements as they were written: of a workbook, the sheet that our form has."""
    path = Path(source).expanduser() if isinstance(source, str | os.PathLike) else None
    if path and sheet is None and is_workbook(path):
        sheet = SHEET if SHEET in sheet_names(path) else None
    return read_table(source, sheet=sheet)


def _refuse_too_long(form: pd.DataFrame) -> None:
    """Raise for text that a workbook's cell cannot hold, which would be cut."""
    for name in form:
        long = (form[name].astype(str).str.len() > LONGEST_CELL) & form[name].notna()
        cure = _("Write a .csv, or shorten it.")
        refuse(
            form,
            long,
            _(
                "with more than {longest_cell:,} characters in {name!r}, which a workbook would cut",
                longest_cell=LONGEST_CELL,
                name=name,
            ),
            cure,
        )


def _write_csv(form: pd.DataFrame, path: Path) -> None:
    """UTF-8 with the mark that spreadsheets need for Chinese."""
    safe = form.apply(lambda column: column.map(escape_formula) if column.dtype.kind in "OTU" else column)
    safe.to_csv(path, index=False, encoding="utf-8-sig", date_format="%Y-%m-%d")


def _write_workbook(form: pd.DataFrame, path: Path) -> None:
    """One sheet to fill in, one that explains."""
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, AS_TEXT | {"in_memory": True}) as workbook:
        sheet, explained = workbook.add_worksheet(SHEET), workbook.add_worksheet(EXPLAINED)
        bold = workbook.add_format({"bold": True, "bottom": 1})
        formats, blank_formats = (
            {kind: workbook.add_format({"num_format": layout}) for kind, layout in layouts.items()}
            for layouts in (FORMATS, TO_FILL_IN)
        )
        last_row = max(len(form), SPARE_ROWS)
        columns = (*COLUMNS, OF_RATINGS) if RATING in form else COLUMNS
        for place, column in enumerate(columns):
            sheet.set_column(place, place, max(12, len(column.name) + 3), blank_formats[column.kind])
            sheet.write_string(0, place, column.name, bold)
            sheet.write_comment(0, place, retold(column.meaning), {"x_scale": 2})
            if column.choices:
                choices = {"validate": "list", "source": list(column.choices)}
                sheet.data_validation(1, place, last_row, place, choices)
            for row, value in enumerate(form[column.name], start=1):
                _write_cell(sheet, row, place, value, formats[column.kind])
        sheet.freeze_panes(1, 1)
        _explain(explained, bold, columns)
    path.write_bytes(content.getvalue())


def _write_cell(sheet: Any, row: int, place: int, value: Any, layout: Any) -> None:
    """Write a number, a date, or text that stays text; nothing where there is nothing."""
    if pd.isna(value):
        return
    if isinstance(value, dt.date):
        sheet.write_datetime(row, place, value, layout)
    elif isinstance(value, float):
        sheet.write_number(row, place, value, layout)
    else:
        sheet.write_string(row, place, str(value), layout)


def _explain(sheet: Any, bold: Any, columns: Iterable[Column]) -> None:
    """Explain each column."""
    lines = [(column.name, retold(column.meaning)) for column in columns]
    lines += [
        ("", ""),
        *((_("relation: {name}", name=name), _(meaning)) for name, meaning in MEANINGS_OF_RELATIONS.items()),
    ]
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 100)
    for row, (name, meaning) in enumerate([("column", _("what it means")), *lines]):
        sheet.write_string(row, 0, name, bold if row == 0 else None)
        sheet.write_string(row, 1, meaning, bold if row == 0 else None)
