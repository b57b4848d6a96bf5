"""Tables on disk: CSV that a spreadsheet opens as text and numbers, never as formulas."""

from pathlib import Path
from typing import Any

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay numbers.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-5 Ltd"), harmless("Müller"), harmless(-5)
    ("'=1+1", "'-5 Ltd", 'Müller', -5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table with its index; UTF-8 with the mark that spreadsheets need to read Chinese.

    An interrupted write leaves no half-written file.
    """
    path = Path(path)
    flat = (
        table.reset_index() if table.index.name or table.index.nlevels > 1 else table.rename_axis("row").reset_index()
    )
    safe = flat.rename(columns=harmless).apply(
        lambda column: column.map(harmless) if column.dtype.kind in "OTU" else column
    )
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        safe.to_csv(unfinished, index=False, encoding="utf-8-sig")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
