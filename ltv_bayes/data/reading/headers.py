"""The header of a table in a file, found by the shape of its rows."""

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import InputError
from ltv_bayes.language import _

LOOKED_AT = 200
"""Rows of a file that tell its header."""
SEARCHED = 30
"""Rows among which the header is looked for."""
BELOW = 50
FOOTER_ROWS = 50
FOOTER_WORDS = re.compile(
    r"copyright|©|\(c\) ?\d|confidential|generated|exported|printed|report|制表|导出|打印|备注|说明|注[:：]|版权|机密",
    re.IGNORECASE,
)
SHOWN_ROWS, SHOWN_CELLS, SHOWN_LETTERS = 5, 6, 20

CURRENCY = r"(?:USD|EUR|CNY|RMB|GBP|JPY|HKD|TWD|KRW|CHF|AUD|CAD|SGD|INR|人民币|美元|[¥$€£₩])"
NUMBER = re.compile(
    rf"[-+(]?\s*{CURRENCY}?\s*[-+]?\d[\d,.' ]*\s*(?:%|[千万百]?[万億亿]?[元圆]?|{CURRENCY})\s*\)?", re.IGNORECASE
)
DATE = re.compile(r"\d{1,4}\s?[-/.年]\s?\d{1,2}(?:\s?[-/.月]\s?(?:\d{1,4}\s?日?)?)?(?:[T\s].*)?")
LABELLED = re.compile(r".*[:：](?:\s|$)|[^:：]*：.*|[^:：/]{2,}:\D.*")

Row = tuple[Any, list[Any]]


@dataclass(frozen=True)
class Span:
    """Merged cells: rows as the spreadsheet numbers them, columns from 0; the ends belong to it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Header:
    """Where the names of the columns stand.

    Attributes
    ----------
    rows : tuple of int
        One row, two of a two-level header, none where the file has names of columns in no row.
    names : list of str
        One a column; empty where a column has none.
    above : tuple of str
        The text of the rows above, one string a row.
    """

    rows: tuple[int, ...]
    names: list[str]
    above: tuple[str, ...]

    @property
    def last(self) -> int:
        """The last of its rows; the data begin below."""
        return self.rows[-1] if self.rows else 0


def find_header(
    cells: pd.DataFrame, name: str, call: str, header: int | Sequence[int] | None = None, merged: Sequence[Span] = ()
) -> Header:
    """Find the header among the first rows of a file.

    It is the first row of names, and no numbers or dates, that names every column used below; rows above it hold one
    cell, or fewer cells than half of the columns.

    Parameters
    ----------
    cells : pandas.DataFrame
        The first rows at least, the index being the row numbers of a spreadsheet.
    name : str
        What the file is called in a message.
    call : str
        A call that reads it, with ``{}`` where another argument goes.
    header : int or sequence of int, optional
        The row, or the two rows, as the spreadsheet numbers them; 0 if no row holds names.
    merged : sequence of Span
        Merged cells.

    Raises
    ------
    InputError
        If there are only blank rows, or the header stays open; the message shows the first rows and a call.

    Examples
    --------
    >>> rows = pd.DataFrame(
    ...     [["Orders 2024", None], [None, None], ["client", "value"], ["Ada", "3"]], index=[1, 2, 3, 4]
    ... )
    >>> find_header(rows, "orders.csv", "read_table('orders.csv', {})")
    Header(rows=(3,), names=['client', 'value'], above=('Orders 2024',))
    """
    rows = _filled_rows(cells.iloc[: last_row(header) + 2 * LOOKED_AT])[: last_row(header) + LOOKED_AT]
    rows = rows or _filled_rows(cells)[:LOOKED_AT]
    if not rows:
        raise InputError(_("{name} is empty. Export it again, with a header and at least one row.", name=name))
    at = _found(rows, name, call, merged) if header is None else _named(rows, header, name, call)
    names = _names([row for label, row in rows if label in at], merged, at) if at else [""] * cells.shape[1]
    above = tuple(" | ".join(map(_text, filter(_text, row))) for label, row in rows if at and label < at[0])
    return Header(at, names, above)


def last_row(header: int | Sequence[int] | None) -> int:
    """The last row that was named as a header; 0 if none was.

    Examples
    --------
    >>> last_row([3, 4]), last_row(None)
    (4, 0)
    """
    rows = [header] if isinstance(header, int) else header or []
    return max([0, *(row for row in rows if isinstance(row, int))])


def _filled_rows(cells: pd.DataFrame) -> list[Row]:
    """The rows with anything in them."""
    rows = zip(cells.index.tolist(), cells.to_numpy(dtype=object).tolist(), strict=True)
    return [(label, row) for label, row in rows if any(map(_text, row))]


def _text(cell: Any) -> str:
    """A cell as text; nothing for a blank one."""
    if isinstance(cell, str):
        return cell.strip(BLANKS)
    return "" if cell is None or pd.isna(cell) else str(cell)


def _filled(row: list[Any]) -> set[int]:
    """The columns with anything in them."""
    return {place for place, cell in enumerate(row) if _text(cell)}


def kind(cell: Any) -> str:
    """Whether a cell holds a number, a date, or text.

    Examples
    --------
    >>> [kind(cell) for cell in ("0004", "￥1,200.50", "50万元", "2024年3月1日", "C001", 3.0, "订单金额(元)", "")]
    ['number', 'number', 'number', 'date', 'text', 'number', 'text', '']
    """
    if isinstance(cell, dt.date | dt.time | pd.Timestamp):
        return "date"
    if isinstance(cell, bool | int | float) and not pd.isna(cell):
        return "number"
    text = unicodedata.normalize("NFKC", _text(cell)).strip()
    if not text:
        return ""
    if NUMBER.fullmatch(text):
        return "number"
    return "date" if DATE.fullmatch(text) else "text"


def _found(rows: list[Row], name: str, call: str, merged: Sequence[Span]) -> tuple[int, ...]:
    """Decide for one row, or two; refuse where several could be meant."""
    if max(len(_filled(row)) for _, row in rows) == 1:
        if kind(_text(_only(rows[0][1]))) != "text" and len(rows) > 1:
            raise _no_header(rows, name, call)
        if len(rows) > 2 and rows[1][0] > rows[0][0] + 1 and kind(_text(_only(rows[1][1]))) == "text":
            raise _open_choice(rows, name, call, [rows[0][0], rows[1][0]])
        return (rows[0][0],)
    partial: list[int] = []
    for place, (label, row) in enumerate(rows[:SEARCHED]):
        used = _used(rows[place + 1 : place + 1 + BELOW]) or _filled(row)
        if not partial and _is_two_level(rows, place, merged):
            return (label, rows[place + 1][0])
        share = len(_filled(row) & used) / len(used)
        if _is_title(row, share):
            continue
        if not _is_names(row, rows[place + 1 : place + 1 + BELOW]):
            if partial:
                break
            raise _no_header(rows, name, call)
        if used - _filled(row) <= {0}:  # the corner may be blank
            if partial or _is_also_names(rows, place + 1):
                raise _open_choice(rows, name, call, [*partial, label, *([] if partial else [rows[place + 1][0]])])
            return (label,)
        partial.append(label)
    if len(partial) == 1:
        return (partial[0],)
    raise _open_choice(rows, name, call, partial or [rows[0][0]])


def _only(row: list[Any]) -> Any:
    return next(cell for cell in row if _text(cell))


def _used(rows: list[Row]) -> set[int]:
    """The columns that any row with more than one cell fills."""
    filled = [_filled(row) for _, row in rows]
    return set().union(*(some for some in filled if len(some) > 1))


def _is_title(row: list[Any], share: float) -> bool:
    """Whether a row above a table is a title, or a line of filters such as "Region: East"."""
    filled = [_text(cell) for cell in row if _text(cell)]
    return len(filled) == 1 or share < 0.5 or bool(LABELLED.fullmatch(filled[0]))


def _is_names(row: list[Any], below: list[Row]) -> bool:
    """Whether a row holds names: text, or numbers and dates that count on from column to column."""
    kinds = {place: kind(cell) for place, cell in enumerate(row) if _text(cell)}
    odd = [place for place, what in kinds.items() if what != "text"]
    if not odd:
        return True
    if len(odd) == len(kinds) and _text(row[0]) not in ("", "0"):
        return False
    if {kinds[place] for place in odd} == {"number"}:
        return _counts_on([_text(row[place]) for place in odd])
    columns = [[kind(cells[place]) for _, cells in below] for place in odd]
    return (
        len(odd) > 1 and {kinds[place] for place in odd} == {"date"} and not any("date" in column for column in columns)
    )


def _is_also_names(rows: list[Row], place: int) -> bool:
    """Whether a row below one of names holds text in all columns that hold numbers or dates further down."""
    below = [row for _, row in rows[place + 1 : place + 1 + BELOW]]
    if len(below) < 2 or not _is_names(rows[place][1], []):
        return False
    kinds = [[what for row in below if (what := kind(row[column]))] for column in range(len(below[0]))]
    typed = [column for column, found in enumerate(kinds) if len(found) > 1 and "text" not in found]
    return bool(typed) and all(kind(rows[place][1][column]) == "text" for column in typed)


def _counts_on(cells: list[str]) -> bool:
    """Whether numbers are 0, 1, 2 and so on, or years."""
    if not all(re.fullmatch(r"\d{1,4}(\.0)?", cell) for cell in cells):
        return False
    numbers = [int(float(cell)) for cell in cells]
    steps = {after - before for before, after in pairwise(numbers)}
    years = all(1900 < number < 2200 for number in numbers) and all(step > 0 for step in steps)
    return numbers == [0] or (len(numbers) > 1 and (years or (steps == {1} and (numbers[0] < 2 or len(numbers) > 2))))


def _is_two_level(rows: list[Row], place: int, merged: Sequence[Span]) -> bool:
    """Whether names of groups stand in this row, above the names of their columns in the next one."""
    if place + 2 >= len(rows) or rows[place + 1][0] != rows[place][0] + 1:
        return False
    (label, upper), (_, lower) = rows[place], rows[place + 1]
    below = rows[place + 2 : place + 2 + BELOW]
    over, under, used = _filled(upper), _filled(lower), _used(below)
    if not all(_is_names(row, below) for row in (upper, lower)) or not used <= over | under:
        return False
    groups, spans = _groups(upper, lower, label, merged), _wide(label, merged)
    grouped = {column for columns in groups.values() for column in columns}
    alone = over - grouped
    if not groups or alone & under:
        return False
    if spans:
        return bool(alone) or len(groups) > 1 or min(groups) > min(used | under)
    names = [_text(cell) for cell in lower if _text(cell)]
    several = any(len(columns) > 1 for columns in groups.values())
    return several and under <= grouped and (bool(alone) or len(set(names)) < len(names))


def _wide(label: int, merged: Sequence[Span]) -> list[Span]:
    """Cells of a row that are merged with their right neighbours."""
    return [span for span in merged if span.top == span.bottom == label and span.right > span.left]


def _groups(upper: list[Any], lower: list[Any], label: int, merged: Sequence[Span]) -> dict[int, list[int]]:
    """The columns below each name of a group, by the column where that name stands."""
    under = _filled(lower)
    if spans := _wide(label, merged):
        columns = {span.left: range(span.left, span.right + 1) for span in spans if _text(upper[span.left])}
        found = {start: [place for place in places if place in under] for start, places in columns.items()}
        return {start: places for start, places in found.items() if places}
    groups: dict[int, list[int]] = {}
    start = None
    for place, cell in enumerate(upper):
        if _text(cell):
            start = place if place in under else None
        if start is not None and place in under:
            groups.setdefault(start, []).append(place)
    return groups


def _named(rows: list[Row], header: int | Sequence[int], name: str, call: str) -> tuple[int, ...]:
    """Take the rows that the user named."""
    wanted = (header,) if isinstance(header, int) else tuple(header)
    whole = all(isinstance(row, int) and not isinstance(row, bool) for row in wanted)
    if not whole or not 1 <= len(wanted) <= 2 or sorted(set(wanted)) != list(wanted):
        raise InputError(
            _(
                "header={header!r} names no row: pass the number of one row, or of two as in header=[1, 2].",
                header=header,
            )
        )
    if wanted == (0,):
        return ()
    if missing := [row for row in wanted if row not in dict(rows)]:
        choice = call.format(f"header={rows[0][0]}")
        raise InputError(
            _(
                "Row {missing} of {name} is blank or not among its first rows.{shown}\n{choice}",
                missing=missing[0],
                name=name,
                shown=_shown(rows),
                choice=choice,
            )
        )
    return wanted


def _names(rows: list[list[Any]], merged: Sequence[Span], at: tuple[int, ...]) -> list[str]:
    """The name of each column: "group.name" below a group."""
    if len(rows) == 1:
        return [_text(cell) for cell in rows[0]]
    upper, lower = ([_text(cell) for cell in row] for row in rows)
    names = [below or above for above, below in zip(upper, lower, strict=True)]
    for start, columns in _groups(upper, lower, at[0], merged).items():
        for place in columns:
            names[place] = f"{upper[start]}.{lower[place]}" if lower[place] else names[place]
    return names


def _shown(rows: list[Row]) -> str:
    """The first rows, shortened, for a message."""
    lines = []
    for label, row in rows[:SHOWN_ROWS]:
        texts = [_text(cell) for cell in row][:SHOWN_CELLS]
        short = [text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}..." for text in texts]
        lines.append(_("\n  row {label}: {short}", label=label, short=" | ".join(short)))
    return "".join(lines)


def _no_header(rows: list[Row], name: str, call: str) -> InputError:
    """The error for a file of which the first row holds data."""
    label, row = rows[0]
    cell = next((_text(cell) for cell in row if kind(cell) not in ("", "text")), _text(_only(row)))
    problem = _(
        "{name} seems to have no header: its row {label} holds {cell!r}, as data do.", name=name, label=label, cell=cell
    )
    cure = _("Write a row of names above it, or number the columns: {format}.", format=call.format("header=0"))
    other = _("If one of these rows holds the names all the same, pass its number as header.")
    return InputError(f"{problem}{_shown(rows)}\n{cure} {other}", [label])


def _open_choice(rows: list[Row], name: str, call: str, at: list[int]) -> InputError:
    """The error for a file of which several rows might be the header."""
    pair = [at[:2]] if len(at) > 1 and at[1] == at[0] + 1 else []
    calls = " or ".join(call.format(f"header={row}") for row in [*at[:2], *pair])
    return InputError(
        _(
            "The header of {name} cannot be told. Its first rows are:{shown}\nSay which: {calls}.",
            name=name,
            shown=_shown(rows),
            calls=calls,
        ),
        at,
    )


def find_footer(body: pd.DataFrame, columns: int) -> list[tuple[Any, str]]:
    """Find lines of text after the last row: "Copyright", "generated by", notes below a blank row.

    A line holds one cell of text, in the first column; a blank row stands before the first of them, or its words are
    those of such lines.

    Parameters
    ----------
    body : pandas.DataFrame
        The rows below the header, blank ones left out.
    columns : int
        How many columns hold anything.

    Returns
    -------
    list of (int, str)
        The last rows, by number and text.

    Examples
    --------
    >>> rows = pd.DataFrame([["Ada", "3"], ["Copyright (c) 2024 Acme", None]], index=[2, 3])
    >>> find_footer(rows, 2)
    [(3, 'Copyright (c) 2024 Acme')]
    """
    if columns < 2:
        return []
    tail = [(label, row) for label, row in _filled_rows(body.iloc[-FOOTER_ROWS:])]
    number = 0
    for _unused, row in reversed(tail):
        if _filled(row) != {0} or kind(row[0]) != "text":
            break
        number += 1
    if not number or number == len(tail):
        return []
    before, lines = tail[-number - 1][0], [(label, _text(row[0])) for label, row in tail[-number:]]
    while lines and not FOOTER_WORDS.search(lines[0][1]) and not (lines[0][0] > before + 1 and columns > 2):
        before, lines = lines[0][0], lines[1:]
    return lines
