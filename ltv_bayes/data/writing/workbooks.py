"""Workbooks that this package writes: the same bytes for the same content, and known again as its own."""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
