"""What an object shows of itself, in a terminal and in a notebook: lines, a table, notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

import pandas as pd

from ltv_bayes.formatting import visible
from ltv_bayes.tables.readable import readable, table_as_text

SHOWN_ROWS = 5
SHOWN_COLUMNS = 14
WIDTH = 120


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
    return [f"... and {rest:,} more"] if rest > 0 else []
