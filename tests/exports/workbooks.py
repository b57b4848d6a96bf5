"""Small workbooks of every kind, written byte by byte where no installed library writes them."""

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

Cells = Sequence[Sequence[Any]]
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
DATED = 1
"""The cell format of dates, after the general one."""


@dataclass(frozen=True)
class Sheet:
    """Rows of cells: text, numbers, days, None; merged cells as (row, column, row, column) from 0, ends included."""

    rows: Cells
    name: str = "Sheet1"
    merged: Sequence[tuple[int, int, int, int]] = ()
    hidden: bool = False


def serial(day: dt.date) -> float:
    """Excel's number of a day, or of a moment."""
    moment = day if isinstance(day, dt.datetime) else dt.datetime(day.year, day.month, day.day)
    return (moment - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)


def write_xlsx(path: Path, *sheets: Sheet) -> Path:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        dated = book.add_format({"num_format": "yyyy-mm-dd"})
        for one in sheets:
            page = book.add_worksheet(one.name)
            for place, row in enumerate(one.rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.date):
                        page.write_number(place, column, serial(cell), dated)
                    elif cell is not None:
                        page.write(place, column, cell)
            for top, left, bottom, right in one.merged:
                first = one.rows[top][left]
                if isinstance(first, dt.date):
                    page.merge_range(top, left, bottom, right, serial(first), dated)
                else:
                    page.merge_range(top, left, bottom, right, first)
            if one.hidden:
                page.hide()
            else:
                page.activate()
    return path


def write_ods(path: Path, *sheets: Sheet) -> Path:
    spaces = " ".join(f'xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in ODS_SPACES)
    tables = "".join(
        f'<table:table table:name="{escape(one.name)}" table:style-name="{"unseen" if one.hidden else "seen"}">'
        f"{_ods_rows(one)}</table:table>"
        for one in sheets
    )
    styles = "".join(
        f'<style:style style:name="{name}" style:family="table"><style:table-properties table:display="{shown}"/>'
        "</style:style>"
        for name, shown in (("seen", "true"), ("unseen", "false"))
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    media = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    return _zipped(path, {"mimetype": media, "content.xml": content, "META-INF/manifest.xml": manifest})


ODS_SPACES = ("office", "table", "text", "style")


def _ods_rows(sheet: Sheet) -> str:
    """Rows as LibreOffice writes them: neighbours that are equal stand once, with a count; so do cells."""
    spans = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in sheet.merged}
    covered = {
        (top + down, left + across)
        for (top, left), (high, wide) in spans.items()
        for down in range(high)
        for across in range(wide)
    } - spans.keys()
    rows = []
    for place, row in enumerate(sheet.rows):
        cells = [_ods_cell(cell, spans.get((place, at)), (place, at) in covered) for at, cell in enumerate(row)]
        rows.append("".join(cell.replace("{}", str(number), 1) for cell, number in _runs(cells)))
    return "".join(
        f'<table:table-row table:number-rows-repeated="{number}">{row}</table:table-row>' for row, number in _runs(rows)
    )


def _runs(items: Sequence[str]) -> list[tuple[str, int]]:
    return [(item, len(list(run))) for item, run in groupby(items)]


def _ods_cell(cell: Any, span: tuple[int, int] | None, covered: bool) -> str:
    times = 'table:number-columns-repeated="{}"'
    if covered:
        return f"<table:covered-table-cell {times}/>"
    over = f' table:number-rows-spanned="{span[0]}" table:number-columns-spanned="{span[1]}"' if span else ""
    if cell is None:
        return f"<table:table-cell {times}{over}/>"
    if isinstance(cell, dt.date):
        value = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
    elif isinstance(cell, int | float):
        value = f'office:value-type="float" office:value="{cell}"'
    else:
        value = 'office:value-type="string"'
    return f"<table:table-cell {times}{over} {value}><text:p>{escape(str(cell))}</text:p></table:table-cell>"


def write_xls(path: Path, *sheets: Sheet, password: bool = False) -> Path:
    """A workbook of Excel 97 to 2003 (BIFF8); ``password`` marks it as protected."""
    texts: dict[str, int] = {}
    pages = [_xls_page(one, texts) for one in sheets]
    bounds = [struct.pack("<BB", one.hidden, 0) + _short(one.name) for one in sheets]
    table = b"".join(struct.pack("<HB", *_units(text), 1) + text.encode("utf-16-le") for text in texts)
    before = [
        _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)),
        *([_biff(0x002F, struct.pack("<HHH", 1, 1, 1))] if password else []),
        _biff(0x0042, struct.pack("<H", 1200)),
        _biff(0x0022, struct.pack("<H", 0)),
        *[_biff(0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + _short("Arial"))] * 5,
        *[_biff(0x00E0, struct.pack("<HHH14x", 0, 0, 0xFFF5))] * 15,
        _biff(0x00E0, struct.pack("<HHH14x", 0, 0, 1)),
        _biff(0x00E0, struct.pack("<HHH14x", 0, 14, 1)),
    ]
    after = [_biff(0x00FC, struct.pack("<II", len(texts), len(texts)) + table), _biff(0x000A, b"")]
    offset = sum(map(len, before)) + sum(8 + len(one) for one in bounds) + sum(map(len, after))
    listed = []
    for bound, page in zip(bounds, pages, strict=True):
        listed.append(_biff(0x0085, struct.pack("<I", offset) + bound))
        offset += len(page)
    return write_compound(path, {"Workbook": b"".join([*before, *listed, *after, *pages])})


def _xls_page(sheet: Sheet, texts: dict[str, int]) -> bytes:
    rows, columns = len(sheet.rows), max(map(len, sheet.rows), default=0)
    parts = [
        _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6)),
        _biff(0x0200, struct.pack("<IIHHH", 0, rows, 0, columns, 0)),
    ]
    for place, row in enumerate(sheet.rows):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                parts.append(_biff(0x00FD, struct.pack("<HHHI", place, column, 15, texts.setdefault(cell, len(texts)))))
            elif isinstance(cell, dt.date):
                parts.append(_biff(0x0203, struct.pack("<HHHd", place, column, 15 + DATED, serial(cell))))
            elif cell is not None:
                parts.append(_biff(0x0203, struct.pack("<HHHd", place, column, 15, cell)))
    if sheet.merged:
        spans = b"".join(struct.pack("<HHHH", top, bottom, left, right) for top, left, bottom, right in sheet.merged)
        parts.append(_biff(0x00E5, struct.pack("<H", len(sheet.merged)) + spans))
    return b"".join([*parts, _biff(0x000A, b"")])


def _biff(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _short(text: str) -> bytes:
    return struct.pack("<BB", *_units(text), 1) + text.encode("utf-16-le")


def write_compound(path: Path, streams: dict[str, bytes]) -> Path:
    """A compound file, as Office wrote all of its files before 2007, and writes protected ones today."""
    body, chains, starts = b"", [], []
    for data in streams.values():
        padded = data.ljust(max(4096, -(-len(data) // 512) * 512), b"\0")
        starts.append((len(body) // 512, len(padded)))
        body += padded
        chains.append(len(padded) // 512)
    names = [("Root Entry", 5, 1, END, 0), *((name, 2, FREE, *at) for name, at in zip(streams, starts, strict=True))]
    last = len(names) - 1
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HBBIII", 2 * len(name) + 2, kind, 1, FREE, place + 1 if 0 < place < last else FREE, child)
        + struct.pack("<36xIQ", start, size)
        for place, (name, kind, child, start, size) in enumerate(names)
    )
    directory = directory.ljust(-(-len(directory) // 512) * 512, b"\0")
    chains.append(len(directory) // 512)
    table: list[int] = []
    for length in chains:
        table += [*range(len(table) + 1, len(table) + length), END]
    first, at = len(body) // 512, len(table)
    table = [*table, FAT]
    assert len(table) <= 128, "one sector of the table is enough for a small file"
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + struct.pack("<16xHHHHH6xIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, first)
    header += struct.pack("<IIIIII", 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", at, *[FREE] * 108)
    path.write_bytes(header + body + directory + struct.pack("<128I", *table, *[FREE] * (128 - len(table))))
    return path


def write_xlsb(path: Path, *sheets: Sheet) -> Path:
    """A binary workbook of Excel 2007 and later (BIFF12)."""
    texts: dict[str, int] = {}
    pages = {f"xl/worksheets/sheet{place}.bin": _xlsb_page(one, texts) for place, one in enumerate(sheets, start=1)}
    bundles = [
        _record(156, struct.pack("<II", one.hidden, place) + _wide(f"rId{place}") + _wide(one.name))
        for place, one in enumerate(sheets, start=1)
    ]
    book = [
        _record(131),
        _record(153, struct.pack("<II", 0, 0) + _wide("")),
        _record(143),
        *bundles,
        _record(144),
        _record(132),
    ]
    items = [_record(19, b"\0" + _wide(text)) for text in texts]
    shared = [_record(159, struct.pack("<II", len(texts), len(texts))), *items, _record(160)]
    forms = [_record(47, struct.pack("<HHHHHBBI", 0, number, 0, 0, 0, 0, 0, 0)) for number in (0, 14)]
    styles = [_record(278), _record(617, struct.pack("<I", 2)), *forms, _record(618), _record(279)]
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006"
    kinds = [(f"rId{place}", "worksheet", f"worksheets/sheet{place}.bin") for place in range(1, len(sheets) + 1)]
    kinds += [("rId90", "sharedStrings", "sharedStrings.bin"), ("rId91", "styles", "styles.bin")]
    links = "".join(
        f'<Relationship Id="{key}" Type="{office}/{kind}" Target="{target}"/>' for key, kind, target in kinds
    )
    root = f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.bin"/>'
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    types = (
        f'{head}<Types xmlns="{packed}/content-types"><Default Extension="bin" '
        'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
    )
    parts = {
        "[Content_Types].xml": types,
        "_rels/.rels": f'{head}<Relationships xmlns="{packed}/relationships">{root}</Relationships>',
        "xl/_rels/workbook.bin.rels": f'{head}<Relationships xmlns="{packed}/relationships">{links}</Relationships>',
        "xl/workbook.bin": b"".join(book),
        "xl/sharedStrings.bin": b"".join(shared),
        "xl/styles.bin": b"".join(styles),
    }
    return _zipped(path, parts | pages)


def _xlsb_page(sheet: Sheet, texts: dict[str, int]) -> bytes:
    columns = max(map(len, sheet.rows), default=1)
    parts = [_record(129), _record(148, struct.pack("<IIII", 0, len(sheet.rows) - 1, 0, columns - 1)), _record(145)]
    for place, row in enumerate(sheet.rows):
        parts.append(_record(0, struct.pack("<IIHHBI", place, 0, 300, 0, 0, 0)))
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                parts.append(_record(7, struct.pack("<III", column, 0, texts.setdefault(cell, len(texts)))))
            elif isinstance(cell, dt.date):
                parts.append(_record(5, struct.pack("<IId", column, DATED, serial(cell))))
            elif cell is not None:
                parts.append(_record(5, struct.pack("<IId", column, 0, cell)))
    parts.append(_record(146))
    if sheet.merged:
        spans = [
            _record(176, struct.pack("<IIII", top, bottom, left, right)) for top, left, bottom, right in sheet.merged
        ]
        parts += [_record(177, struct.pack("<I", len(spans))), *spans, _record(178)]
    return b"".join([*parts, _record(130)])


def _record(kind: int, data: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = len(data), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return number + length + bytes([size]) + data


def _wide(text: str) -> bytes:
    return struct.pack("<I", *_units(text)) + text.encode("utf-16-le")


def _units(text: str) -> tuple[int]:
    """The length of a text as Office counts it: a letter beyond 16 bits is two."""
    return (len(text.encode("utf-16-le")) // 2,)


def _zipped(path: Path, parts: dict[str, str | bytes]) -> Path:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    path.write_bytes(made.getvalue())
    return path
