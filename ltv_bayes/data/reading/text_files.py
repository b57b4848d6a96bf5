"""CSV files of any encoding and separator to rows of text."""

import codecs
import csv
import io
import re
from pathlib import Path

import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.sizes import SNIFFED_CHARACTERS

SEPARATORS = ",;\t|"
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
ENCODING_CURE = "Name it, as in encoding='cp1252' (Western Europe) or encoding='big5' (Taiwan, Hong Kong)."


def read_text_rows(path: Path, encoding: str | None = None) -> pd.DataFrame:
    """Read the cells of a text file as they are written, the header among them.

    Parameters
    ----------
    path : pathlib.Path
        A file with one record a line; commas, semicolons, tabs or bars between cells.
    encoding : str, optional
        Its encoding. Otherwise a byte order mark decides, then UTF-8, then GB18030 (which covers GBK).

    Returns
    -------
    pandas.DataFrame
        Text, missing where blank; the index counts rows as a spreadsheet does, from 1.

    Raises
    ------
    InputError
        If the text cannot be decoded, or a row has more cells than the header.
    """
    text = decode(path.read_bytes(), path.name, encoding)
    if "\0" in text:
        cure = "Save it as CSV UTF-8; a workbook must be called .xlsx or .xls."
        raise InputError(f"{path.name} is not a text file: it holds null characters. {cure}")
    text, separator, skipped = _separated(text)
    rows = _cells(text, separator, path.name, skipped)
    rows.index += 1 + skipped
    return rows


def decode(raw: bytes, name: str, encoding: str | None = None) -> str:
    """Turn bytes into text.

    Examples
    --------
    >>> decode("客户".encode("gbk"), "orders.csv"), decode("客户".encode("utf-8-sig"), "orders.csv")
    ('客户', '客户')
    """
    if encoding is not None:
        return _decode_as(raw, name, encoding)
    for mark, marked in BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            return _decode_as(raw, name, marked)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_chinese(raw, name)


def _decode_as(raw: bytes, name: str, encoding: str) -> str:
    """Decode by a named encoding."""
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise InputError(f"encoding {encoding!r} is not known. {ENCODING_CURE}") from None
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise InputError(f"{name} is not written in {encoding}: see line {line:,}. {ENCODING_CURE}", [line]) from None


def _decode_chinese(raw: bytes, name: str) -> str:
    """Decode as GB18030, if what comes out are mostly everyday Chinese characters.

    Western European text would be accepted too, as rare characters: half of them in GB 2312 tells the two apart.
    """
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    foreign = "".join(letter for letter in text[:SNIFFED_CHARACTERS] if not letter.isascii())
    common = foreign.encode("gb2312", errors="ignore").decode("gb2312")
    if not text or len(common) < len(foreign) / 2:
        raise InputError(f"The encoding of {name} is neither UTF-8 nor Chinese GB18030. {ENCODING_CURE}")
    return text


def _separated(text: str) -> tuple[str, str, int]:
    """Find the separator; Excel may name it in a first line of its own, which is then skipped."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.strip("\r")) == 5:
        return rest, first[4], 1
    return text, sniff_separator(text), 0


def sniff_separator(text: str) -> str:
    r"""Choose the separator that cuts the header into the most cells.

    Examples
    --------
    >>> sniff_separator("client;date;amount\n1;1997-01-01;29,33"), sniff_separator("client\n1")
    (';', ',')
    """
    header = next((line for line in text[:SNIFFED_CHARACTERS].splitlines() if line.strip()), "")
    return max(SEPARATORS, key=lambda separator: len(next(csv.reader([header], delimiter=separator), [])))


def _cells(text: str, separator: str, name: str, skipped: int) -> pd.DataFrame:
    """Cut the text into cells."""
    options = {"header": None, "dtype": str, "keep_default_na": False, "na_values": [""], "skip_blank_lines": False}
    try:
        return pd.read_csv(io.StringIO(text), sep=separator, **options)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except pd.errors.ParserError as problem:
        raise InputError(_ragged(str(problem), name, separator, skipped)) from None


def _ragged(problem: str, name: str, separator: str, skipped: int) -> str:
    """Explain why a file does not fall into columns."""
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", problem):
        expected, line, seen = (int(number) for number in found.groups())
        cure = f"Put cells that contain {separator!r} into quotation marks."
        return f"Row {line + skipped:,} of {name} has {seen} cells, the header {expected}. {cure}"
    if "EOF inside string" in problem:
        return f"A quotation mark in {name} is opened but never closed. Close it, or double it inside a cell."
    return f"{name} cannot be read as a table: {problem}. Save it again as CSV UTF-8."
