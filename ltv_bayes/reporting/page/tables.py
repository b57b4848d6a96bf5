"""A table of results as text for a page: headings and cells, and on which side each column stands."""

from dataclasses import replace
from typing import Any

import pandas as pd

from ltv_bayes.reporting.contents.parts import Table
from ltv_bayes.tables import readable
from ltv_bayes.tables.headings import OWN, both_ends, heading, headings

NUMBERS = {"money", "share", "probability", "count", "number", "ratio", "duration"}
LONG = 36
"""A column with a text longer than this has lines that are broken."""


def rows(part: Table) -> dict[str, Any]:
    """A table as text: headings, rows, and the class of each column: a name, a number, a short text or a long one."""
    frame = part.frame.head(part.rows)
    shown = readable(frame, part.currency, amounts=part.amounts)
    levels = [] if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None else _levels(frame.index)
    columns = [*(cells for _name, cells in levels), *(shown.iloc[:, place] for place in range(shown.shape[1]))]
    return {
        "head": [*("" if name is None else heading(name).words for name, _cells in levels), *shown.columns],
        "body": [list(row) for row in zip(*columns, strict=True)],
        "sides": [*("key" for _level in levels), *sides(frame, shown)],
        "rest": max(0, len(part.frame) - len(frame)),
        "unit": unit(frame, part),
    }


def _levels(index: pd.Index) -> list[tuple[Any, list[str]]]:
    """The names of rows, level by level, as text."""
    levels = [index.get_level_values(place) for place in range(index.nlevels)]
    found = [replace(heading(level.name, level, own=True), own=False) for level in levels]
    return [(level.name, list(map(one.write, level))) for one, level in zip(found, levels, strict=True)]


def unit(frame: pd.DataFrame, part: Table) -> str:
    """The currency of a table that holds money."""
    found = headings(frame, part.currency, amounts=part.amounts)
    return next((one.unit for one in found if one.kind == "money"), "")


def sides(frame: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    """The class of each column that is shown."""
    numbers = [one.kind in NUMBERS for one in headings(frame) if not is_upper_end(one.name, frame)]
    texts = [max((len(str(cell)) for cell in shown.iloc[:, place]), default=0) for place in range(shown.shape[1])]
    return ["n" if number else "long" if text > LONG else "short" for number, text in zip(numbers, texts, strict=True)]


def is_upper_end(name: str, frame: pd.DataFrame) -> bool:
    """Whether a column is the upper end of an interval, which stands in one cell with the lower one."""
    lower = f"{name.removesuffix('_ub')}_lb"
    own = frame.attrs.get(OWN, ())
    return name.endswith("_ub") and lower in frame and lower not in own and both_ends(lower) is not None
