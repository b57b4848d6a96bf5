"""A report as a workbook: a summary with links, a sheet for each table, charts, terms and words."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.writing.sheets import Sheet, Styles, new_workbook, write_sheet
from ltv_bayes.data.writing.table_files import with_index
from ltv_bayes.formatting import visible
from ltv_bayes.language import _
from ltv_bayes.reporting.contents.customers import SAID
from ltv_bayes.reporting.contents.parts import CustomerTable, Document, Section, Table
from ltv_bayes.reporting.workbook.charts import Placed, charts_of
from ltv_bayes.reporting.workbook.places import SheetNames
from ltv_bayes.reporting.workbook.texts import TextSheet, internal, key_of, write_section, write_summary
from ltv_bayes.tables.headings import OWN, headings

TOP = 3
"""Rows above the header of a table: its title, how to read it, and the way back."""
APART = ("assumptions", "glossary")
"""Sections of sentences that have a sheet of their own."""
LEADING = ("to_come", "upside", "at_stake", "to_come_per_customer_median", "per_customer_median", "value", "used")
"""Columns of money that bars make easy to compare, the first that a table has."""
CHART_ROWS, CHART_COLUMNS, CHARTS_BESIDE, CHART_WIDTH, CHART_HEIGHT = 21, 10, 2, 640, 400
"""Rows and columns of the sheet that a chart takes, charts side by side, and the size of one in pixels."""


@dataclass(frozen=True, eq=False)
class Planned:
    """A table with the sheets that it goes to."""

    part: Table | CustomerTable
    title: str
    sheet: Sheet
    names: tuple[str, ...]


def workbook(document: Document) -> bytes:
    """Write the workbook."""
    names = SheetNames()
    summary = names.of("summary")
    planned = [_planned(part, section, names) for section in document.sections for part in _tables(section)]
    apart = [section for section in document.sections if section.key in APART]
    places = {key_of(one.part): one.names[0] for one in planned}
    places |= {section.key: names.of(section.key, section.title) for section in apart}
    content = io.BytesIO()
    with new_workbook(content) as book:
        styles = Styles(book)
        front = TextSheet(book.add_worksheet(summary), styles, document.title)
        tables = [_placed(one) for one in planned]
        if any(one.has_chart for one in tables):
            places["charts"] = names.of("charts")
            _write_charts(book, places["charts"], tables)
        write_summary(front, document, places, apart)
        for one in planned:
            _write_table(book, styles, one, summary)
        for section in apart:
            write_section(TextSheet(book.add_worksheet(places[section.key]), styles, section.title), section)
    return content.getvalue()


def sheet_of(part: Table | CustomerTable, title: str = "") -> Sheet:
    """The rows and columns of a table as they stand in its sheet."""
    frame, keys = part.frame, part.frame.index.nlevels
    if isinstance(part, CustomerTable):
        frame = _with_sources(part)
    elif isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
        keys = 0
    rows = with_index(_together(frame))
    amounts = isinstance(part, CustomerTable) or part.amounts
    currency = part.currency or part.frame.attrs.get("currency")
    columns = headings(rows, currency, amounts=amounts)
    bars = [one.name for one in columns if one.kind in ("share", "probability") and _within_0_and_1(rows, one.name)]
    results = frame.drop(columns=list(frame.attrs.get(OWN, ())))
    lead = next((name for name in LEADING if name in results and (results[name].dropna() >= 0).all()), None)
    bars += [] if lead is None else [lead]
    return Sheet(rows, columns, currency, top=TOP, keys=keys, bars=tuple(bars), title=title)


def _with_sources(part: CustomerTable) -> pd.DataFrame:
    """All customers with the sources of their value, and what is said of each last."""
    own = part.frame.attrs.get(OWN, ())
    said = [name for name in SAID if name in part.frame and name not in own]
    sources = part.sources.drop(columns=[name for name in part.sources if name in part.frame and name not in own])
    frame = pd.concat([part.frame.drop(columns=said), sources.add_prefix("mean_"), part.frame[said]], axis="columns")
    frame.attrs = part.frame.attrs
    return frame.rename_axis("customer_id")


def _within_0_and_1(rows: pd.DataFrame, name: str) -> bool:
    """Whether bars from 0 to 1 show a column; bounds of intervals have none."""
    if name.endswith(("_lb", "_ub")) or name not in rows:
        return False
    shown = rows[name].dropna()
    return bool(shown.between(0, 1).all()) and shown.min() < shown.max()


def _together(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of a segment below each other, where they are by day first: so that a chart has one line of each."""
    if frame.index.names != ["as_of", "segment"]:
        return frame
    return frame.iloc[np.argsort(pd.factorize(frame.index.get_level_values("segment"))[0], kind="stable")]


def _tables(section: Section) -> list[Table | CustomerTable]:
    return [part for part in section.parts if isinstance(part, Table | CustomerTable)]


def _planned(part: Table | CustomerTable, section: Section, names: SheetNames) -> Planned:
    """A table, with names for its sheets."""
    title = part.title if isinstance(part, Table) else section.title
    sheet = sheet_of(part, title)
    first = names.of(key_of(part), title)
    more = [names.free(first) for _part in sheet.parts()[1:]]
    return Planned(part, title, sheet, (first, *more))


def _placed(one: Planned) -> Placed:
    return Placed(key_of(one.part), one.title, one.names[0], one.sheet)


def _write_table(book: Any, styles: Styles, one: Planned, summary: str) -> None:
    """A table's title, how to read it, the way back, and its rows."""
    for number, (name, rows) in enumerate(zip(one.names, one.sheet.parts(), strict=True)):
        sheet = book.add_worksheet(name)
        sheet.write_string(0, 0, visible(one.title), styles.of(bold=True, font_size=13))
        if one.part.note:
            sheet.write_string(1, 0, visible(one.part.note), styles.of(font_color="#555555"))
        link = styles.of(font_color="#0B57A4", underline=1)
        sheet.write_url(2, 0, internal(summary), link, _("Back to {sheet}", sheet=summary))
        write_sheet(sheet, one.sheet, rows, styles, _table_name(key_of(one.part), number))


def _table_name(key: str, number: int) -> str:
    """A name that spreadsheet programs take for a table."""
    return f"t_{re.sub('[^A-Za-z0-9_]', '_', key)}" + (f"_part_{number + 1}" if number else "")


def _write_charts(book: Any, name: str, tables: Sequence[Placed]) -> None:
    """All charts, two side by side."""
    sheet = book.add_worksheet(name)
    drawn = charts_of(book, sheet, tables)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 1)
    for number, chart in enumerate(drawn):
        chart.set_size({"width": CHART_WIDTH, "height": CHART_HEIGHT})
        row, beside = divmod(number, CHARTS_BESIDE)
        sheet.insert_chart(row * CHART_ROWS, beside * CHART_COLUMNS, chart)
    sheet.print_area(0, 0, CHART_ROWS * -(-len(drawn) // CHARTS_BESIDE), CHARTS_BESIDE * CHART_COLUMNS)
