"""What a file holds, recognised by its first bytes and not by its ending."""

import io
import zipfile
from pathlib import Path

from ltv_bayes.errors import InputError
from ltv_bayes.language import _

TEXT_FILES = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
PARQUET_FILES = (".parquet", ".pq")
PAGES = (".html", ".htm")
EXPECTED = {
    **dict.fromkeys(TEXT_FILES, ("CSV", "TSV")),
    **dict.fromkeys(WORKBOOKS, ("Excel workbook",)),
    ".ods": ("OpenDocument",),
    **dict.fromkeys(PARQUET_FILES, ("Parquet",)),
    **dict.fromkeys(PAGES, ("HTML table",)),
}
"""What a file with an ending should hold."""

FOREIGN = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"7z\xbc\xaf": "a compressed file",
    b"Rar!": "a compressed file",
    b"SQLite format 3": "a database",
    b"MIME-Version:": "a web archive",
}
OLD_WORKBOOKS = (
    b"\xd0\xcf\x11\xe0",
    b"\x09\x08\x10\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x02\x06\x00",
)


def content_of(path: Path) -> tuple[bytes, str]:
    """Read a file and tell its form.

    Returns
    -------
    bytes
        The whole file; nothing of a Parquet file, which is read where it is.
    str
        "CSV" (any separated text), "HTML table", "Excel workbook", "OpenDocument" or "Parquet".

    Raises
    ------
    InputError
        If there is no file, nothing in it, or nothing that can be read.
    """
    _refuse_no_file(path)
    with path.open("rb") as file:
        if file.read(4) == b"PAR1":
            return b"", "Parquet"
    raw = path.read_bytes()
    if raw.startswith(OLD_WORKBOOKS):
        return raw, _("Excel workbook")
    if raw.startswith(b"PK\x03\x04"):
        return raw, _zipped(raw, path)
    if mark := next((mark for mark in FOREIGN if raw.startswith(mark)), None):
        raise InputError(
            _(
                "{name} is {foreign}, whatever its name. Export it as .xlsx or CSV UTF-8.",
                name=path.name,
                foreign=FOREIGN[mark],
            )
        )
    return raw, _text_form(raw, path)


def is_workbook(path: Path) -> bool:
    """Whether there is a file, and it holds a workbook."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8).startswith((b"PK\x03\x04", *OLD_WORKBOOKS))


def _refuse_no_file(path: Path) -> None:
    """Raise unless there is a file with a known suffix and something in it."""
    if not path.is_file():
        kind = _("is a folder") if path.is_dir() else _("does not exist")
        raise InputError(
            _("{path} {kind} (read from {cwd}). Check the path of the file.", path=path, kind=kind, cwd=Path.cwd())
        )
    if path.suffix.lower() not in EXPECTED:
        known = " ".join(EXPECTED)
        raise InputError(
            _(
                "{name} has none of the suffixes that can be read: {known}. Save it as one of them.",
                name=path.name,
                known=known,
            )
        )
    if path.stat().st_size == 0:
        raise InputError(_("{name} is empty. Export it again, with a header and at least one row.", name=path.name))


def _zipped(raw: bytes, path: Path) -> str:
    """Tell a workbook from other zip files."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            names = set(parts.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        names = set()
    if any(name.startswith("xl/") for name in names):
        return _("Excel workbook")
    if "content.xml" in names:
        return "OpenDocument"
    if names:
        raise InputError(
            _("{name} is a zip file and no workbook. Unpack it, and read the file within.", name=path.name)
        )
    return _as_named(path)


def _text_form(raw: bytes, path: Path) -> str:
    """Tell a page from separated text."""
    start = raw[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start and b"<workbook" in start:
        raise InputError(
            _("{name} is an XML spreadsheet of 2003. Open it in Excel and save it as .xlsx.", name=path.name)
        )
    if start.startswith(b"<") and (b"<table" in raw.lower() or b"<html" in start):
        return _("HTML table")
    written = raw[:1_000_000].strip()
    several = b"\n" in written or b"\r" in written
    cells = any(mark in written for mark in (b",", b";", b"\t", b"|"))
    return "CSV" if several and cells else _as_named(path)


def _as_named(path: Path) -> str:
    """The form that the ending promises, for content that tells none; reading it says what is wrong."""
    return EXPECTED[path.suffix.lower()][0]
