"""Tables as people read them: money shortened, shares in percent, interval bounds side by side."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

import pandas as pd
from rich.cells import cell_len

from ltv_bayes.errors import InputError
from ltv_bayes.formatting import UNKNOWN, distinct, label, money, percent, probability, visible
from ltv_bayes.intervals import describe_level
from ltv_bayes.language import _

LOWER_BOUND = re.compile(r"(?P<stem>(?:(?P<before>.*)_)?(?P<kind>eti|hdi)(?P<level>[\d.]+))_lb")
CHANCE = re.compile(r"probability|rank_\d+$")
NUMBERED = re.compile(r"(?:^|_)(?:id|row|year)$")
SHOWN_ROWS = 5
SHOWN_COLUMNS = 14
WIDTH = 120


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
                "A table is needed, such as what .summary() returned, and a {name} has none. Pass a DataFrame, "
                "a Series, or a result that has a summary.",
                name=type(given).__name__,
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

    def write_number(number: Any) -> str:
        return money(float(number), currency) if amounts else _plain(float(number))

    columns = list(_columns(table, write_number))
    text = pd.DataFrame(dict(enumerate(cells for _, cells in columns)), index=table.index, dtype=object)
    return text.set_axis([name for name, _ in columns], axis="columns")


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
    names = dict(zip(each, distinct(each, sys.maxsize), strict=True))
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


def _columns(table: pd.DataFrame, write_number: Callable[[Any], str]) -> Iterator[tuple[str, list[str]]]:
    """Each column's heading and cells, the two bounds of an interval in one."""
    bounds = {match["stem"]: match for name in table.columns if (match := LOWER_BOUND.fullmatch(str(name)))}
    pairs = {stem: match for stem, match in bounds.items() if f"{stem}_ub" in table}
    for name, column in table.items():
        stem, _, end = str(name).rpartition("_")
        if stem in pairs and end == "ub":
            continue
        if stem in pairs and end == "lb":
            both = zip(column, table[f"{stem}_ub"], strict=True)
            yield _interval_label(pairs[stem]), [_range(low, high, write_number) for low, high in both]
        else:
            write = _writer(str(name), column, write_number)
            yield label(name), [UNKNOWN if _missing(value) else write(value) for value in column]


def _range(low: float, high: float, write: Callable[[Any], str]) -> str:
    return UNKNOWN if pd.isna(low) or pd.isna(high) else _("{low} to {high}", low=write(low), high=write(high))


def _missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _interval_label(name: re.Match[str]) -> str:
    """Turn 'total_eti89_lb' into 'total 89% interval'."""
    interval = describe_level(name["level"], name["kind"])
    return _("{column} {interval}", column=label(name["before"]), interval=interval) if name["before"] else interval


def _writer(name: str, column: pd.Series, write_number: Callable[[Any], str]) -> Callable[[Any], str]:
    """How to write the cells of a column."""
    if pd.api.types.is_bool_dtype(column):
        return lambda value: "yes" if value else "no"
    if pd.api.types.is_integer_dtype(column):
        return str if NUMBERED.search(name) else lambda value: f"{value:,}"
    if not pd.api.types.is_float_dtype(column):
        return lambda value: visible(value)
    if "share" in name:
        return lambda value: percent(float(value))
    if CHANCE.search(name):
        return lambda value: probability(float(value))
    return write_number


def _plain(number: float) -> str:
    """A number that is not money: four digits, thousands marked."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


class Page(Protocol):
    """What an object shows of itself, in a terminal and in a notebook."""

    def as_text(self) -> str:
        """Write it as lines of text."""

    def as_html(self) -> str:
        """Write it as HTML, with everything escaped: names and cells come from outside."""


class Printed:
    """A base class for objects that show themselves as a page, in text and in HTML alike."""

    def _page(self) -> Page:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._page().as_text()

    def _repr_html_(self) -> str:
        return self._page().as_html()


@dataclass(frozen=True)
class ResultPage:
    """A result: lines, its table as people read it, and notes.

    Parameters
    ----------
    lines : sequence of str
        What stands above the table.
    table : pandas.DataFrame, optional
        A table of results.
    notes : sequence of str
        What stands below it.
    currency, amounts
        As in `readable`.
    rows : int, optional
        The number of rows to show; all of them if not given.

    Examples
    --------
    >>> print(ResultPage(["Value by industry"], pd.DataFrame({"mean": [61_700.0]}, index=["Retail"])).as_text())
    Value by industry
             mean
    Retail  61.7k
    """

    lines: Sequence[str]
    table: pd.DataFrame | None = None
    notes: Sequence[str] = ()
    currency: str | None = None
    amounts: bool = True
    rows: int | None = None

    def as_text(self) -> str:
        """Write lines, table and notes below each other."""
        shown: list[str] = []
        if self.table is not None:
            table = self.table.head(self.rows)
            shown = [table_as_text(table, self.currency, amounts=self.amounts), *_more(self.table, self.rows)]
        return visible("\n".join([*self.lines, *shown, *self.notes]))

    def as_html(self) -> str:
        """Write the same as HTML."""
        if self.table is None:
            return _html(self.lines, "", self.notes)
        body = readable(self.table.head(self.rows), self.currency, amounts=self.amounts).to_html(escape=True)
        return _html(self.lines, body, [*_more(self.table, self.rows), *self.notes])


@dataclass(frozen=True)
class DataPage:
    """Data: a few lines, then the first rows as they are.

    Parameters
    ----------
    lines : sequence of str
        What stands above the rows; line breaks in names are taken out.
    table : pandas.DataFrame
        The rows, or the first of them.
    number : int, optional
        The number of all rows, if the table holds only the first of them.

    Examples
    --------
    >>> print(DataPage(["2 clients"], pd.DataFrame({"client": ["Ada", "Bo"]})).as_text())
    2 clients
      client
    0    Ada
    1     Bo
    >>> "<b>" in DataPage(["<b>"], pd.DataFrame({"client": ["<b>"]})).as_html()
    False
    """

    lines: Sequence[str]
    table: pd.DataFrame
    number: int | None = None

    def as_text(self) -> str:
        """Write the lines above the first rows."""
        rows = _head(self.table).to_string(max_cols=SHOWN_COLUMNS, line_width=WIDTH)
        return visible("\n".join([*map(_unbroken, self.lines), rows, *_more(self.table, SHOWN_ROWS, self.number)]))

    def as_html(self) -> str:
        """Write the same as HTML."""
        body = _head(self.table).to_html(escape=True, max_cols=SHOWN_COLUMNS)
        return _html([*map(_unbroken, self.lines)], body, _more(self.table, SHOWN_ROWS, self.number))


def _html(lines: Sequence[str], body: str, notes: Sequence[str]) -> str:
    """Put lines, table and notes into one block, in which a notebook looks for no formulas."""
    written = [escape(line).replace("\n", "<br>") for line in lines]
    heading = f"<p>{'<br>'.join([f'<strong>{written[0]}</strong>', *written[1:]])}</p>" if written else ""
    below = "".join(f"<p>{escape(note)}</p>" for note in notes if note)
    return visible(f'<div class="tex2jax_ignore mathjax_ignore">{heading}{body}{below}</div>')


def _unbroken(text: str) -> str:
    """Keep a name from breaking out of its line."""
    return " ".join(str(text).splitlines())


def _head(table: pd.DataFrame) -> pd.DataFrame:
    """The first rows, with numbers as people write them."""
    head = table.head(SHOWN_ROWS)
    if head.columns.empty:
        return head.index.to_frame(index=False)
    fractions = head.select_dtypes("float").columns
    return head.assign(**{name: head[name].map("{:,.2f}".format).replace("nan", "") for name in fractions})


def _more(table: pd.DataFrame, shown: int | None, number: int | None = None) -> list[str]:
    """State the number of rows that are not shown."""
    rest = 0 if shown is None else (len(table) if number is None else number) - shown
    return [_("... and {rest:,} more", rest=rest)] if rest > 0 else []
