"""Tables of data as a notebook shows them: a few lines, then a few rows, with everything escaped in HTML."""

from collections.abc import Sequence
from html import escape

import pandas as pd

SHOWN_ROWS = 5
SHOWN_COLUMNS = 14
WIDTH = 120


def as_plain_text(lines: Sequence[str], table: pd.DataFrame, number: int | None = None) -> str:
    """Write the lines above the first rows of a table, or of so many rows of which the table holds the first.

    Examples
    --------
    >>> print(as_plain_text(["2 clients"], pd.DataFrame({"client": ["Ada", "Bo"]})))
    2 clients
      client
    0    Ada
    1     Bo
    """
    return "\n".join(
        [*map(one_line, lines), _head(table).to_string(max_cols=SHOWN_COLUMNS, line_width=WIDTH), *_rest(table, number)]
    )


def as_html(lines: Sequence[str], table: pd.DataFrame, number: int | None = None) -> str:
    """Write the same as HTML; names and cells come from outside, so all of them are escaped.

    Examples
    --------
    >>> "<b>" in as_html(["<b>"], pd.DataFrame({"client": ["<b>"]}))
    False
    """
    first, *others = [escape(one_line(line)) for line in lines]
    heading = "".join([f"<strong>{first}</strong>", *(f"<br>{line}" for line in others)])
    body = _head(table).to_html(escape=True, max_cols=SHOWN_COLUMNS)
    rest = "".join(f"<p>{line}</p>" for line in _rest(table, number))
    return f'<div class="tex2jax_ignore mathjax_ignore"><p>{heading}</p>{body}{rest}</div>'


def one_line(text: str) -> str:
    r"""Keep a name from breaking out of its line.

    Examples
    --------
    >>> one_line("a\nb")
    'a b'
    """
    return " ".join(str(text).splitlines())


def _head(table: pd.DataFrame) -> pd.DataFrame:
    """The first rows, with numbers as people write them."""
    head = table.head(SHOWN_ROWS)
    if head.columns.empty:
        return head.index.to_frame(index=False)
    fractions = head.select_dtypes("float").columns
    return head.assign(**{name: head[name].map("{:,.2f}".format).replace("nan", "") for name in fractions})


def _rest(table: pd.DataFrame, number: int | None) -> list[str]:
    """Say how many rows are not shown."""
    rest = (len(table) if number is None else number) - SHOWN_ROWS
    return [f"... and {rest:,} more"] if rest > 0 else []
