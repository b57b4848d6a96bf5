"""A table of results as text for a page: headings and cells, and on which side each column stands."""

from typing import Any

import pandas as pd

from ltv_bayes.reporting.contents.parts import Table
from ltv_bayes.tables import readable
from ltv_bayes.tables.headings import both_ends, heading, headings

NUMBERS = {"money", "share", "probability", "count", "number", "ratio", "duration"}
LONG = 36
"""A column with a text longer than this has lines that are broken."""


def rows(part: Table) -> dict[str, Any]:
    """A table as text: headings, rows, and the class of each column: a number, a short text or a long one."""
    frame = part.frame.head(part.rows)
    shown = readable(frame, part.currency, amounts=part.amounts)
    names = ["" if name is None else heading(name).words for name in shown.index.names]
    index = [key if isinstance(key, tuple) else (key,) for key in shown.index]
    body = [[*map(str, key), *cells] for key, cells in zip(index, shown.to_numpy().tolist(), strict=True)]
    return {
        "head": [*names, *shown.columns],
        "body": body,
        "sides": [*("key" for _name in names), *sides(frame, shown)],
        "rest": max(0, len(part.frame) - len(frame)),
    }


def sides(frame: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    """The class of each column that is shown."""
    numbers = [one.kind in NUMBERS for one in headings(frame) if not is_upper_end(one.name, frame)]
    texts = [max((len(str(cell)) for cell in shown.iloc[:, place]), default=0) for place in range(shown.shape[1])]
    return ["n" if number else "long" if text > LONG else "short" for number, text in zip(numbers, texts, strict=True)]


def is_upper_end(name: str, frame: pd.DataFrame) -> bool:
    """Whether a column is the upper end of an interval, which stands in one cell with the lower one."""
    lower = f"{name.removesuffix('_ub')}_lb"
    return name.endswith("_ub") and lower in frame and both_ends(lower) is not None
