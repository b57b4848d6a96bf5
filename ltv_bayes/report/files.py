"""Tables on disk: CSV that a spreadsheet opens as text and numbers, never as formulas."""

from pathlib import Path

import pandas as pd

from ltv_bayes.formatting import escape_formula
from ltv_bayes.whole_files import written_whole


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table, with its index unless that only counts; UTF-8 with the mark that spreadsheets need for Chinese.

    An interrupted write leaves no half-written file, and an older one as it was.
    """
    safe = with_index(table).rename(columns=escape_formula).apply(_escaped)
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


def _escaped(column: pd.Series) -> pd.Series:
    return column.map(escape_formula) if column.dtype.kind in "OTU" else column
