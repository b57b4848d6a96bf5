"""Sheets of sentences: the summary, the terms and the words."""

from collections.abc import Iterable, Mapping
from typing import Any

from ltv_bayes.data.writing.sheets import HIGHEST, LINE_HEIGHT, LONGEST_TEXT, Styles, lines_of, print_well
from ltv_bayes.formatting import visible
from ltv_bayes.language import _
from ltv_bayes.reporting.contents.parts import Badge, CustomerTable, Document, Figure, Part, Section, Table, Term, Text

LABELS, TEXTS = 30, 100
"""Widths of the two columns, in letters."""
COLOURS: Mapping[str, str] = {"plain": "#000000", "good": "#1B6E3C", "doubt": "#8A5A00", "bad": "#B00020"}


class TextSheet:
    """Writes labels and sentences below each other, in two columns.

    Parameters
    ----------
    sheet : xlsxwriter.Worksheet
        An empty sheet.
    styles : Styles
        Formats of its workbook.
    title : str
        What stands above, and at the foot of a printed page.
    """

    def __init__(self, sheet: Any, styles: Styles, title: str) -> None:
        self._sheet, self._styles, self._row, self.title = sheet, styles, 0, title
        sheet.set_column(0, 0, LABELS)
        sheet.set_column(1, 1, TEXTS)
        sheet.hide_gridlines(2)
        print_well(sheet, title)
        self._write(0, title, bold=True, font_size=16)
        self._row += 1

    def lines(self, texts: Iterable[str]) -> None:
        """Write lines below the title."""
        for text in texts:
            self._write(0, text, font_color="#555555")
            self._row += 1

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._row += 1
        for place, cell in enumerate((text, "")):
            self._write(place, cell, bold=True, font_size=12, bottom=1)
        self._row += 1

    def part(self, part: Part) -> None:
        """Write a part of a section, unless it is a table or a picture."""
        if isinstance(part, Text):
            self.pair("", part.text, font_color=COLOURS[part.state])
        elif isinstance(part, Figure):
            self.pair(part.name, part.value, bold=True, font_size=14, align="left")
            if part.detail:
                self.pair("", part.detail, font_color="#555555")
        elif isinstance(part, Badge):
            self.pair("", part.text, bold=True, font_color=COLOURS[part.state])
            self.pair("", part.meaning)
        elif isinstance(part, Term):
            self.pair(part.word, part.meaning)

    def pair(self, name: str, text: str, **settings: Any) -> None:
        """Write a label and a sentence."""
        if name:
            self._write(0, name, bold=True, valign="top", text_wrap=True)
        self._write(1, text, text_wrap=True, valign="top", **settings)
        size = settings.get("font_size", 11) / 11
        lines = max(lines_of(text, 1.08 * TEXTS / size), lines_of(name, LABELS))
        self._sheet.set_row(self._row, min(HIGHEST, LINE_HEIGHT * size * lines))
        self._row += 1

    def link(self, name: str, text: str) -> None:
        """Write a link to a sheet, and what is there."""
        link = self._styles.of(font_color="#0B57A4", underline=1, valign="top")
        self._sheet.write_url(self._row, 0, internal(name), link, name)
        self._write(1, text, text_wrap=True, valign="top")
        self._row += 1

    def _write(self, place: int, text: str, **settings: Any) -> None:
        self._sheet.write_string(self._row, place, visible(text)[:LONGEST_TEXT], self._styles.of(**settings))


def internal(name: str) -> str:
    """The address of a sheet within the workbook."""
    quoted = name.replace("'", "''")
    return f"internal:'{quoted}'!A1"


def write_summary(page: TextSheet, document: Document, places: Mapping[str, str], apart: Iterable[Section]) -> None:
    """What the report says, with links to the sheets.

    Parameters
    ----------
    page : TextSheet
        Where to.
    document : Document
        The report.
    places : mapping
        The sheet of each table, by its key, and of each section that has one of its own.
    apart : iterable of Section
        Sections with a sheet of their own.
    """
    apart = list(apart)
    page.lines(document.lines)
    first, *others = document.sections
    write_section(page, first)
    page.heading(_("Sheets"))
    if "charts" in places:
        page.link(places["charts"], _("Charts of what is in the other sheets"))
    for section in others:
        for part in section.parts:
            if isinstance(part, Table | CustomerTable):
                page.link(places[key_of(part)], part.title if isinstance(part, Table) else section.title)
        if section in apart:
            page.link(places[section.key], section.title)
    for section in others:
        if section not in apart and any(isinstance(part, Text | Figure | Badge | Term) for part in section.parts):
            write_section(page, section)


def write_section(page: TextSheet, section: Section) -> None:
    """A section's heading, unless it is the sheet's, and its sentences."""
    if section.title != page.title:
        page.heading(section.title)
    for part in section.parts:
        page.part(part)


def key_of(part: Table | CustomerTable) -> str:
    """By which a table is known."""
    return part.key if isinstance(part, Table) else "customers"
