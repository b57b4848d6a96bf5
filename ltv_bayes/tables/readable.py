"""Tables as people read them: money shortened, shares in percent, interval bounds side by side."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from rich.cells import cell_len

from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.formatting import UNKNOWN, distinct, visible
from ltv_bayes.language import _, language
from ltv_bayes.tables.headings import Heading, both_ends, heading, headings, in_words


def as_table(given: Any) -> pd.DataFrame:
    """The table to show: a frame itself, a Series as one column, of a result its summary or its table.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> as_table(pd.Series({"fair": "pays"}, name="sentence"))
         sentence
    fair     pays
    """
    if isinstance(given, pd.DataFrame):
        return given
    if isinstance(given, pd.Series):
        return given.to_frame("value" if given.name is None else given.name)
    found = None if isinstance(given, type) else getattr(given, "summary", None)
    found = getattr(given, "table", None) if found is None else found()
    if not isinstance(found, pd.DataFrame):
        raise InputError(
            _(
                "A table is needed, such as what .summary() returned, and {kind} has none. Pass a DataFrame, a Series, "
                "or a result that has a summary.",
                kind=a_kind(given),
            )
        )
    return found


def readable(table: Any, currency: str | None = None, *, amounts: bool = True) -> pd.DataFrame:
    """Write a result table as text; the numbers themselves stay in the table it was made from.

    Parameters
    ----------
    table : pandas.DataFrame, Series or result
        A table of this package: a summary, a comparison, an explanation; or a result, for its summary.
    currency : str, optional
        The currency of its amounts, if a result does not state it, or carry it in its ``attrs``; yuan are counted in 万
        and 亿.
    amounts : bool
        Whether numbers that are neither shares nor probabilities are money; False for parameters and counts.

    Returns
    -------
    pandas.DataFrame
        Of text, with headings in words.

    Raises
    ------
    InputError
        If something else is given.

    Examples
    --------
    >>> print(readable(pd.DataFrame({"mean": [61_700.0], "eti89_lb": [8_000.0], "eti89_ub": [262_000.0]})).to_string())
        mean 89% interval
    0  61.7k   8k to 262k
    """
    if not isinstance(table, pd.DataFrame | pd.Series):
        currency = currency or getattr(table, "currency", None)
        amounts = amounts and not hasattr(table, "idata")
    table = as_table(table)
    currency = currency or table.attrs.get("currency")

    columns = list(_columns(table, headings(table, currency, amounts=amounts), currency))
    names = [None if name is None else in_words(name) for name in table.index.names]
    text = pd.DataFrame(dict(enumerate(cells for _, cells in columns)), index=table.index, dtype=object)
    return text.set_axis([name for name, _ in columns], axis="columns").rename_axis(index=names)


def table_as_text(table: pd.DataFrame, currency: str | None = None, *, amounts: bool = True) -> str:
    """Write a result table as lines of text, in columns that stay straight with Chinese names too.

    Examples
    --------
    >>> print(table_as_text(pd.DataFrame({"mean": [61_700.0], "share": [0.35]}, index=["王芳"])))
           mean  share
    王芳  61.7k    35%
    """
    text = readable(table, currency, amounts=amounts)
    each = text.index.unique()
    shown = each
    if language() != "en" and each.nlevels == 1:
        shown = map(replace(heading(each.name, each, own=True), own=False).write, each)
    names = dict(zip(each, distinct(shown, sys.maxsize), strict=True))
    lines_of = zip(text.index, text.to_numpy(), strict=True)
    rows = [["", *text.columns], *([names[name], *cells] for name, cells in lines_of)]
    lines = [[_one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_aligned(line, widths) for line in lines)


def _aligned(line: list[str], widths: list[int]) -> str:
    """Put the name left and the cells right in their columns."""
    blanks = [" " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)]
    return "  ".join([line[0] + blanks[0], *(blank + cell for blank, cell in zip(blanks[1:], line[1:], strict=True))])


def _one_line(cell: Any) -> str:
    return visible(" ".join(str(cell).split()))


def _columns(table: pd.DataFrame, found: Sequence[Heading], currency: str | None) -> Iterator[tuple[str, list[str]]]:
    """Each column's heading and cells, the two bounds of an interval in one."""
    places = {one.name: place for place, one in enumerate(found)}
    own = {one.name for one in found if one.own}
    lower = [name for name in places if name not in own and both_ends(name) and f"{name[:-3]}_ub" in places]
    upper = {f"{name[:-3]}_ub" for name in lower}
    for place, one in enumerate(found):
        cells = [one.write(value, currency) for value in table.iloc[:, place]]
        if one.name in lower:
            highs = table.iloc[:, places[f"{one.name[:-3]}_ub"]]
            yield (
                str(both_ends(one.name)),
                [_range(*both) for both in zip(cells, (one.write(value, currency) for value in highs), strict=True)],
            )
        elif one.name not in upper:
            yield one.words, cells


def _range(low: str, high: str) -> str:
    """An interval."""
    return UNKNOWN if UNKNOWN in (low, high) else _("{low} to {high}", low=low, high=high)
