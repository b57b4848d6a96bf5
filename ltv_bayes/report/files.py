"""Tables on disk: CSV that a spreadsheet opens as text and numbers, never as formulas."""

import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd

from ltv_bayes.whole_files import written_whole

FORMULA_STARTS = "=+-@"
UNSAFE_FIRST = "\t\r\n"
UNSEEN = " \t\r\n\f\v\u00a0\u200b\u2060\u3000\ufeff"


def harmless(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet might run as a formula; numbers stay numbers.

    Blanks before the sign and its full-width forms do not help it through.

    Examples
    --------
    >>> harmless("=1+1"), harmless(" -5 Ltd"), harmless("＝1"), harmless("Müller"), harmless(-5)
    ("'=1+1", "' -5 Ltd", "'＝1", 'Müller', -5)
    """
    if not isinstance(value, str):
        return value
    first = unicodedata.normalize("NFKC", value.lstrip(UNSEEN)[:1])
    unsafe = value.startswith(tuple(UNSAFE_FIRST)) or first.startswith(tuple(FORMULA_STARTS))
    return f"'{value}" if unsafe else value


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table, with its index unless that only counts; UTF-8 with the mark that spreadsheets need for Chinese.

    An interrupted write leaves no half-written file, and an older one as it was.
    """
    safe = with_index(table).rename(columns=harmless).apply(_harmless_column)
    with written_whole(path) as unfinished:
        safe.to_csv(unfinished, index=False, encoding="utf-8-sig")
    return Path(path)


def write_bytes(content: bytes, path: str | Path) -> Path:
    """Write a file whole or not at all."""
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content)
    return Path(path)


def with_index(table: pd.DataFrame) -> pd.DataFrame:
    """Make columns of the index, under names that are free."""
    if isinstance(table.index, pd.RangeIndex) and table.index.name is None:
        return table
    numbered = ["row", *(f"row {level}" for level in range(2, table.index.nlevels + 1))]
    names = [str(name) if name is not None else spare for name, spare in zip(table.index.names, numbered, strict=True)]
    taken = set(map(str, table.columns))
    return table.rename_axis([f"{name} (index)" if name in taken else name for name in names]).reset_index()


def _harmless_column(column: pd.Series) -> pd.Series:
    return column.map(harmless) if column.dtype.kind in "OTU" else column
