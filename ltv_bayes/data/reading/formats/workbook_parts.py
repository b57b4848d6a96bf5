"""What calamine does not tell of a workbook: protection, the year days count from, failed formulas, merged cells."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ltv_bayes.data.reading.headers import Span

COMPOUND = b"\xd0\xcf\x11\xe0"
"""How files of Excel before 2007 begin, and protected ones of today."""
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
BEGIN, GLOBALS, OF_SHEET = 0x0809, 0x0005, 0x0010
"""The record with which a part of an .xls file begins, and two kinds of part."""
PROTECTED, FROM_1904, A_SHEET, END = 0x002F, 0x0022, 0x0085, 0x000A
ERRORS = {
    **{0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!"},
    **{0x2A: "#N/A", 0x2B: "#GETTING_DATA"},
}
FAILED = re.compile(  # a cell of .xls that holds an error, or a formula with one: row, column, error
    rb"\x05\x02\x08\x00(?P<at>.{4})..(?P<error>.)\x01|\x06\x00..(?P<of>.{4})..\x02.(?P<found>.)...\xff\xff", re.DOTALL
)
FAILED_XML = re.compile(
    rb'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)(\d+)"[^>]*>.*?<(?:\w+:)?v>([^<]*)</', re.DOTALL
)
FROM_1904_BIN = re.compile(rb"\x99\x01[\x0c-\x7f](.)...", re.DOTALL)
"""The settings of an .xlsb workbook begin so; the first bit says it."""
MARK_XML = b't="e"'
BLOCK = 1 << 20
DAMAGED = (  # XMLSyntaxError of lxml is a SyntaxError
    *(SyntaxError, zipfile.BadZipFile, KeyError, ValueError),
    *(OSError, NotImplementedError, zlib.error, struct.error),
)

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
NULL_DATE = f"{TABLE}null-date"
VALUE_TYPE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
MAIN = "{*}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Failed = tuple[int, int, str]


@dataclass(frozen=True, eq=False)
class Parts:
    """What calamine does not tell of a workbook.

    Attributes
    ----------
    first_year : int
        The year from which day numbers count: 1900, or 1904 of old Macs.
    failed : dict
        By sheet: row and column from 0 and the word of cells whose formula failed, as #DIV/0!.
    merged : dict
        By sheet: merged cells of an OpenDocument.
    """

    first_year: int = 1900
    failed: dict[str, list[Failed]] = field(default_factory=dict)
    merged: dict[str, list[Span]] = field(default_factory=dict)


def parts_of(raw: bytes) -> Parts:
    """Read them; nothing of a file that is damaged, and no errors of .xlsb."""
    try:
        if raw.startswith(COMPOUND):
            return _of_xls(raw)
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            names = set(parts.namelist())
            if "xl/workbook.xml" in names:
                return _of_xlsx(parts)
            if "xl/workbook.bin" in names:
                counts = FROM_1904_BIN.search(parts.read("xl/workbook.bin"))
                return Parts(1904 if counts and counts[1][0] & 1 else 1900)
            return _of_open_document(parts) if "content.xml" in names else Parts()
    except DAMAGED:
        return Parts()


def is_protected(raw: bytes) -> bool:
    """Whether a workbook that cannot be read is protected by a password."""
    if raw.startswith(COMPOUND):
        return ENCRYPTED in raw or any(kind == PROTECTED for kind, _ in _globals(raw))
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            return b"encryption-data" in parts.read("META-INF/manifest.xml")
    except DAMAGED:
        return False


def _of_xls(raw: bytes) -> Parts:
    """Records of the one stream of a workbook, which nearly always lies in one piece."""
    from_1904, names = False, []
    for kind, data in _globals(raw):
        from_1904 |= kind == FROM_1904 and data[:1] == b"\1"
        if kind == A_SHEET and len(data) > 7 and data[5] == 0:
            wide = data[7] & 1
            text = data[8 : 8 + data[6] * (1 + wide)]
            names.append(text.decode("utf-16-le" if wide else "latin-1", "replace"))
    starts = [found.start() for found in re.finditer(rb"\x09\x08\x10\x00\x00\x06\x10\x00", raw)]
    failed: dict[str, list[Failed]] = {}
    for name, start, end in zip(names, starts, [*starts[1:], len(raw)], strict=False):
        for found in FAILED.finditer(raw, start, end):
            row, column = struct.unpack("<HH", found["at"] or found["of"])
            if word := ERRORS.get((found["error"] or found["found"])[0]):
                failed.setdefault(name, []).append((row, column, word))
    return Parts(1904 if from_1904 else 1900, failed if len(starts) == len(names) else {})


def _globals(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of an .xls file before its first sheet."""
    place = raw.find(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    while 0 <= place <= len(raw) - 4:
        kind, length = struct.unpack_from("<HH", raw, place)
        yield kind, raw[place + 4 : place + 4 + length]
        if kind == END:
            return
        place += 4 + length


def _of_xlsx(parts: zipfile.ZipFile) -> Parts:
    """The workbook's own part names the sheets; a sheet is looked through for the mark of an error."""
    from lxml import etree

    workbook = etree.fromstring(parts.read("xl/workbook.xml"), _parser())
    says = [one.get("date1904") for one in workbook.iter(f"{MAIN}workbookPr")]
    links = etree.fromstring(parts.read("xl/_rels/workbook.xml.rels"), _parser())
    targets = {one.get("Id"): one.get("Target", "") for one in links}
    failed = {}
    for sheet in workbook.iter(f"{MAIN}sheet"):
        target = targets.get(sheet.get(LINK), "")
        path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if path in parts.NameToInfo and (cells := _failed_in(parts, path)):
            failed[sheet.get("name", "")] = cells
    return Parts(1904 if any(one in ("1", "true") for one in says) else 1900, failed)


def _failed_in(parts: zipfile.ZipFile, path: str) -> list[Failed]:
    """Cells of a sheet that hold an error."""
    if not _is_marked(parts, path):
        return []
    found = []
    for letters, row, word in FAILED_XML.findall(parts.read(path)):
        column = 0
        for letter in letters:
            column = 26 * column + letter - 64
        found.append((int(row) - 1, column - 1, word.decode("utf-8", "replace")))
    return found


def _is_marked(parts: zipfile.ZipFile, path: str) -> bool:
    """Whether a sheet has the mark of an error, seen in pieces."""
    before = b""
    with parts.open(path) as sheet:
        while piece := sheet.read(BLOCK):
            if MARK_XML in before + piece:
                return True
            before = piece[1 - len(MARK_XML) :]
    return False


def _parser() -> Any:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def _of_open_document(parts: zipfile.ZipFile) -> Parts:
    """Merged cells and errors by sheet; rows and cells that repeat are written once."""
    from lxml import etree

    root = etree.fromstring(parts.read("content.xml"), _parser())
    found = Parts(1904 if any(day.get(f"{TABLE}date-value") == "1904-01-01" for day in root.iter(NULL_DATE)) else 1900)
    for sheet in root.iter(f"{TABLE}table"):
        name = sheet.get(f"{TABLE}name")
        merged, failed = found.merged.setdefault(name, []), found.failed.setdefault(name, [])
        for top, left, cell in _cells(sheet):
            down, across = (int(cell.get(f"{TABLE}number-{way}-spanned") or 1) for way in ("rows", "columns"))
            if down > 1 or across > 1:
                merged.append(Span(top + 1, left, top + down, left + across - 1))
            if cell.get(VALUE_TYPE) == "error":
                failed.append((top, left, "".join(cell.itertext()).strip()))
    return found


def _cells(sheet: Any) -> Iterator[tuple[int, int, Any]]:
    """The cells of a sheet by row and column from 0."""
    top = 0
    for row in sheet.iter(f"{TABLE}table-row"):
        left = 0
        for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            yield top, left, cell
            left += int(cell.get(f"{TABLE}number-columns-repeated") or 1)
        top += int(row.get(f"{TABLE}number-rows-repeated") or 1)
