"""The table of customers: what the page's script needs of it, and its first rows for readers without script."""

import json
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.formatting import money, money_sizes, visible, with_currency
from ltv_bayes.language import _
from ltv_bayes.reporting.contents.parts import CustomerTable, Table
from ltv_bayes.reporting.page.tables import NUMBERS, is_upper_end
from ltv_bayes.tables.headings import Heading, both_ends, heading, headings, in_words
from ltv_bayes.value.draws.valuation import REALISED

MOST = 10_000
"""Customers on a page; the workbook has all."""
MOST_BYTES = 1_300_000
"""Of their data: where names or reasons are long, fewer customers stand on the page."""
WITHOUT_SCRIPT = 50
DIGITS, CENTS = 6, 2
PIECES = r"(?<=[,;，；、。])"
"""Reasons are made of pieces that end so, and many customers have the same ones."""


@dataclass(frozen=True, eq=False)
class Customers:
    """The customers of one page.

    Parameters
    ----------
    part : CustomerTable
        All customers, the most to come first.
    most : int
        How many of them may stand on the page.
    """

    part: CustomerTable
    most: int = MOST

    @cached_property
    def data(self) -> dict[str, Any]:
        """For the script: columns of numbers and texts with their headings and kinds, and the sources of each value."""
        number = min(self.most, len(self.part.frame))
        while True:
            found = _data(self.part, number)
            size = len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode())
            if size <= MOST_BYTES or number <= WITHOUT_SCRIPT:
                return found
            number = max(WITHOUT_SCRIPT, int(0.97 * number * MOST_BYTES / size))

    @property
    def first(self) -> Table:
        """The customers with the most to come, as a table that is read without script and printed."""
        frame = _filled(self.part.frame).head(WITHOUT_SCRIPT)
        note = ""
        if len(self.part.frame) > len(frame):
            note = _("The first {number} of {all:,} customers.", number=len(frame), all=len(self.part.frame))
        frame = frame.set_axis(pd.Index(_ids(frame), name=_key(frame)))
        return Table("customers", "", frame, self.part.currency, note=note)

    @property
    def filters(self) -> list[tuple[str, int, list[str]]]:
        """What can be filtered by: heading, place of the column, and its values."""
        columns, frame = self.data["columns"], self.part.frame.head(self.data["number"])
        found = {one.name: one for one in headings(frame, self.part.currency)}
        named = [(place, columns[place]) for place in self.data["filters"]]
        return [(one["title"], place, _values(frame[one["name"]], found[one["name"]])) for place, one in named]

    @property
    def rest(self) -> str:
        """A sentence about those who do not stand on the page; empty if all do."""
        number, all_of_them = self.data["number"], len(self.part.frame)
        if number == all_of_them:
            return ""
        left = self.part.sources.iloc[number:].drop(columns=REALISED, errors="ignore").to_numpy(dtype=float).sum()
        return _(
            "These are the {shown:,} customers with the most to come. The other {rest:,} are expected to yield "
            "{amount} in all; the workbook lists them too.",
            shown=number,
            rest=all_of_them - number,
            amount=with_currency(money(float(left), self.part.currency), self.part.currency),
        )


def _data(part: CustomerTable, number: int) -> dict[str, Any]:
    frame, sources = part.frame.head(number), part.sources.head(number)
    names = [str(name) for name in _filled(frame) if not is_upper_end(str(name), frame)]
    found = {one.name: one for one in headings(frame, part.currency)}
    columns = [{"name": "customer_id", "title": heading(_key(frame)).words, "kind": "id", **_texts(_ids(frame))}]
    columns += [_column(found[name], frame, filtered=name in part.groups) for name in names]
    amounts = {tuple(one["values"]): place for place, one in enumerate(columns) if one["kind"] == "money"}
    return {
        "number": number,
        "columns": columns,
        "sources": [_source(name, sources[name], amounts) for name in sources],
        "filters": [1 + names.index(name) for name in part.groups if name in names],
        "sizes": money_sizes(part.currency),
        "amount": with_currency("{amount}", part.currency),
        "currency": with_currency("", part.currency).strip(),
    }


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    """Without columns of text in which nothing stands."""
    return frame[[name for name in frame if not frame[name].isin(["", None]).all()]]


def _key(frame: pd.DataFrame) -> Hashable:
    return frame.index.name or "customer_id"


def _ids(frame: pd.DataFrame) -> list[str]:
    return [visible(" ".join(map(str, key)) if isinstance(key, tuple) else key) for key in frame.index]


def _values(column: pd.Series, one: Heading) -> list[str]:
    """What a column can be filtered by, as its cells are written: in the order of its categories, numbers or days."""
    each = column.cat.remove_unused_categories().cat.categories if column.dtype == "category" else column.dropna()
    by_size = one.kind in (*NUMBERS, "id", "date")
    texts = list(dict.fromkeys(_text(one, cell) for cell in (sorted(each.unique()) if by_size else each.unique())))
    in_order = by_size or column.dtype == "category"
    return [text for text in (texts if in_order else sorted(texts)) if text.strip()]


def _text(one: Heading, cell: Any) -> str:
    """A cell as text; numbers of a column that is filtered by keep their digits, so that none reads as another."""
    if pd.isna(cell):
        return ""
    if one.kind in NUMBERS:
        return f"{cell:.15g}"
    return one.write(cell)


def _column(one: Heading, frame: pd.DataFrame, *, filtered: bool = False) -> dict[str, Any]:
    """A column for the script; the two ends of an interval are one column."""
    found = {"name": one.name, "title": one.words, "kind": one.kind}
    upper = f"{one.name.removesuffix('_lb')}_ub"
    if not one.own and (title := both_ends(one.name)) is not None and upper in frame:
        return {**found, "title": title, "values": _numbers(frame[one.name]), "upper": _numbers(frame[upper])}
    if one.kind in NUMBERS and not filtered:
        return {**found, "values": _numbers(frame[one.name])}
    return {**found, "kind": "text", **_texts([_text(one, cell) for cell in frame[one.name]])}


def _source(name: Hashable, column: pd.Series, amounts: dict[tuple[Any, ...], int]) -> dict[str, Any]:
    """What a source yields: numbers, or the place of the column that holds the same ones."""
    values = _numbers(column)
    found = {"title": in_words(name), "realised": name == REALISED}
    place = amounts.get(tuple(values))
    return {**found, "values": values} if place is None else {**found, "column": place}


def _numbers(column: pd.Series) -> list[float | int | None]:
    """Numbers with six digits, and with two decimals, such as cents; what is not finite is missing."""
    return [_short(float(number)) if np.isfinite(number) else None for number in column.astype(float)]


def _short(number: float) -> float | int:
    short = float(f"{number:.{DIGITS}g}") if abs(number) < 1 else round(number, max(CENTS, DIGITS - _whole(number)))
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def _whole(number: float) -> int:
    """How many digits stand before the point."""
    return len(str(int(abs(number))))


def _texts(cells: list[str]) -> dict[str, Any]:
    """Texts as they are, or, where many are made of the same pieces, the pieces and their places in each text."""
    split = pd.Series(cells, dtype=object).str.split(PIECES, regex=True)
    places: dict[str, int] = {}
    codes = [[places.setdefault(piece, len(places)) for piece in pieces] for pieces in split]
    if len(places) > 0.5 * len(cells):
        return {"values": cells}
    return {"pieces": list(places), "codes": [code[0] if len(code) == 1 else code for code in codes]}
