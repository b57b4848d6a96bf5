"""Tables of HTML pages, which many systems export under the name .xls, to rows of text."""

import re
from typing import Any

import pandas as pd

from ltv_bayes.data.reading.headers import Span
from ltv_bayes.errors import InputError, counted
from ltv_bayes.language import _

CHARSET = re.compile(rb"<meta[^>]*charset\s*=\s*[\"']?\s*([-\w]+)", re.IGNORECASE)
SPACES = re.compile(r"[ \t\r\n\f]+")
WIDEST = 16_384
"""Columns of a spreadsheet."""


def named_charset(raw: bytes) -> str | None:
    """The encoding that a page names.

    Examples
    --------
    >>> named_charset(b'<meta http-equiv="Content-Type" content="text/html; charset=gb2312">')
    'gb18030'
    """
    found = CHARSET.search(raw[:4096])
    if not found:
        return None
    charset = found[1].decode("ascii").lower()
    return {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "big5": "cp950"}.get(charset, charset)


def read_page_rows(
    text: str, name: str, call: str, table: str | int | None = None
) -> tuple[pd.DataFrame, tuple[Span, ...], list[str]]:
    """Read the table of a page; nothing is fetched and no script is run.

    Parameters
    ----------
    text : str
        The page.
    name : str
        What the file is called in a message.
    call : str
        A call that reads it, with ``{}`` where ``sheet=`` goes.
    table : int, optional
        The place of the table in the page, from 0. Needed if several have more than one row and column.

    Returns
    -------
    pandas.DataFrame
        Text, missing where blank; the index counts the rows of the table, from 1.
    tuple of Span
        Merged cells.
    list of str
        What the reader should see.

    Raises
    ------
    InputError
        If there is no table, or the choice is open.

    Examples
    --------
    >>> page = "<table><tr><th>client<th>value<tr><td>0004<td>2,5</table>"
    >>> read_page_rows(page, "orders.xls", "read_table('orders.xls', {})")[0].to_numpy().tolist()
    [['client', 'value'], ['0004', '2,5']]
    """
    from lxml import html

    parser = html.HTMLParser(no_network=True, encoding="utf-8", huge_tree=True)
    root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    read = [_rows(one) for one in root.iter("table") if one.find(".//table") is None]
    tables = [(cells, merged) for cells, merged in read if cells]
    if not tables:
        raise InputError(_("{name} is a page without a table. Save the table as .xlsx or CSV UTF-8.", name=name))
    place = _chosen([cells for cells, _unused in tables], name, call, table)
    cells, merged = tables[place]
    rows = pd.DataFrame(cells, dtype="str")
    rows.index += 1
    others = len(tables) - 1
    return (
        rows,
        tuple(merged),
        [_("{other_tables} of the page left out", other_tables=counted(others, "other table"))] if others else [],
    )


def _chosen(tables: list[list[list[str | None]]], name: str, call: str, table: str | int | None) -> int:
    """Take the table asked for, or the only one with more than one row and column."""
    if table is not None:
        if isinstance(table, int) and not isinstance(table, bool) and 0 <= table < len(tables):
            return table
        raise InputError(
            _(
                "There is no table {table!r} in {name}: they are counted from 0 to {number}.",
                table=table,
                name=name,
                number=len(tables) - 1,
            )
        )
    true = [place for place, cells in enumerate(tables) if len(cells) > 1 and _columns(cells) > 1]
    if len(true) > 1 or (not true and len(tables) > 1):
        places = true or range(len(tables))
        shown = "".join(f"\n  {_start(tables[place])}: {call.format(f'sheet={place}')}" for place in places)
        raise InputError(
            _("{name} has {tables}. Say which:{shown}", name=name, tables=counted(len(places), "table"), shown=shown)
        )
    return true[0] if true else 0


def _columns(cells: list[list[str | None]]) -> int:
    """The columns that hold anything."""
    return sum(any(column) for column in zip(*cells, strict=True))


def _start(cells: list[list[str | None]]) -> str:
    """The first cells of a table."""
    return " | ".join([cell for row in cells for cell in row if cell][:4])


def _rows(table: Any) -> tuple[list[list[str | None]], list[Span]]:
    """Lay the cells of a table out in rows; a cell over several rows or columns stands in the first."""
    rows: list[dict[int, str | None]] = []
    taken: dict[tuple[int, int], bool] = {}
    spans = []
    for top, line in enumerate(table.iter("tr")):
        rows.append({})
        left = 0
        for cell in line.iterchildren("td", "th"):
            while (top, left) in taken:
                left += 1
            down, across = _span(cell, "rowspan"), _span(cell, "colspan")
            rows[top][left] = _content(cell)
            if down > 1 or across > 1:
                spans.append(Span(top + 1, left, top + down, left + across - 1))
                taken.update(dict.fromkeys(((top + y, left + x) for y in range(down) for x in range(across)), True))
            left += across
    width = 1 + max((left for row in rows for left in row), default=-1)
    width = max([width, *(span.right + 1 for span in spans)])
    cells = [[row.get(left) for left in range(width)] for row in rows]
    last = len(rows)
    return cells, [Span(one.top, one.left, min(one.bottom, last), one.right) for one in spans]


def _span(cell: Any, attribute: str) -> int:
    """Over how many rows or columns a cell reaches."""
    written = (cell.get(attribute) or "").strip()
    if not written:
        return 1
    return max(1, min(int(written), WIDEST)) if written.isascii() and written.isdigit() else 1


def _content(cell: Any) -> str | None:
    """The text of a cell as a browser shows it, without scripts."""
    if not len(cell):
        return SPACES.sub(" ", cell.text or "").strip(" ") or None
    parts: list[str] = []
    for kind, node in _walk(cell):
        parts.append("\n" if kind == "break" else SPACES.sub(" ", node))
    lines = [line.strip(" ") for line in "".join(parts).split("\n")]
    return "\n".join(lines).strip() or None


def _walk(node: Any) -> Any:
    """The texts and line breaks below a node, in order."""
    if not isinstance(node.tag, str) or node.tag in ("script", "style"):
        return
    if node.tag == "br":
        yield "break", ""
    if node.text:
        yield "text", node.text
    for child in node:
        yield from _walk(child)
        if child.tail:
            yield "text", child.tail
