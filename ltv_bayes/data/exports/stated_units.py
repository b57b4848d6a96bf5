"""Units of amounts that an export states outside their header: above the table, below the header, in a column."""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ltv_bayes.data.exports.names import plain_name
from ltv_bayes.data.exports.order_lines import blank_cells
from ltv_bayes.data.exports.roles import Roles
from ltv_bayes.data.reading.files import Source
from ltv_bayes.data.reading.written.headers import unit_of_header
from ltv_bayes.data.reading.written.units import CURRENCIES
from ltv_bayes.errors import InputError, UnitError, listed
from ltv_bayes.language import _

ABOVE = re.compile(
    r"(?:金额|货币|计量)?单位\s*[:\uff1a]?\s*(?:人民币)?\s*([^\s,\uff0c;\uff1b()\uff08\uff09]+)"
    r"|\bunits?\s*:\s*([^,;()]+)"
    r"|\b(in\s+(?:thousands|millions|billions))\b",
    re.I,
)
CURRENCY_ABOVE = re.compile(r"(?:币种|货币|currency)\s*[:\uff1a]\s*([^\s,\uff0c;\uff1b()\uff08\uff09]+)", re.I)
UNIT_COLUMNS = ("单位", "金额单位", "货币单位", "unit", "units", "amountunit", "currencyunit")


def header_with_unit(roles: Roles, found: Source, unit: Any) -> str | None:
    """The name of the column of amounts, with a unit that stands above the table or below the header.

    Raises
    ------
    UnitError
        If a column of units, or the name of a sheet, says that amounts are counted in thousands or more, and no unit is
        given.
    """
    if "amount" not in roles.columns:
        return None
    header, frame = str(roles.columns["amount"]), found.frame
    if unit is None:
        _refuse_unit_column(frame, roles)
        _refuse_unit_of_sheet(found.sheets, header)
    beside = [match[match.lastindex or 0].strip() for line in _texts(found) for match in ABOVE.finditer(line)]
    words = [word for word in [*beside, unit_below(frame, roles)] if word and unit_of_header(f"({word})") is not None]
    unit_word = next(iter(words), "")
    if len(found.sheets) > 1 and unit_word and unit is None:
        problem = _(
            "Above a table of one of the sheets {sheets} stands the unit {unit_word}",
            sheets=listed(found.sheets),
            unit_word=unit_word,
        )
        raise UnitError(_("{problem}. Read each sheet by itself, and put the tables together.", problem=problem))
    own, other = unit_of_header(header), unit_of_header(f"({unit_word})")
    if not unit_word or own is None or unit is not None:
        return f"{header}({unit_word})" if unit_word and own is None else header
    if other is not None and own.factor != other.factor:
        calls = " or ".join(f"amount_unit={word!r}" for word in (own.word, other.word))
        raise UnitError(
            _(
                "The column {header!r} says {word}, and the text beside it {word_2}. Pass {calls}.",
                header=header,
                word=own.word,
                word_2=other.word,
                calls=calls,
            )
        )
    return header


def currency_beside(found: Source) -> str:
    """The currency that is stated above or below the table; empty if none is."""
    return next((match[1] for line in _texts(found) for match in CURRENCY_ABOVE.finditer(line)), "")


def refuse_sheets_of_currencies(sheets: Sequence[str]) -> None:
    """Raise if sheets that were put together are called by different currencies."""
    named = {sheet: code for sheet in sheets if (code := CURRENCIES.get(sheet.strip().lower()))}
    if len(set(named.values())) > 1:
        calls = " or ".join(f"sheet={sheet!r}" for sheet in named)
        raise InputError(
            _(
                "The sheets {named} are called by their currencies. Read each by itself: {calls}.",
                named=listed(named),
                calls=calls,
            )
        )


def _texts(found: Source) -> tuple[str, ...]:
    """The texts above and below the table."""
    return (*found.above, *(text for _, text in found.footer))


def unit_below(frame: pd.DataFrame, roles: Roles) -> str:
    """The unit that the first row holds below the header of amounts, if it holds no order; empty otherwise."""
    first = frame.iloc[:1]
    keys = [roles.columns[role] for role in ("customer", "date") if role in roles.columns]
    cell = first[roles.columns["amount"]].iloc[0] if len(first) else None
    if not isinstance(cell, str) or not all(blank_cells(first[key])[0] for key in keys):
        return ""
    word = cell.strip(" ()\uff08\uff09")
    return word if word and unit_of_header(f"({word})") is not None and not any(map(str.isdigit, word)) else ""


def _refuse_unit_of_sheet(sheets: Sequence[str], header: str) -> None:
    for sheet in sheets:
        stated = unit_of_header(sheet)
        if stated is not None and stated.factor != 1 and unit_of_header(header) is None:
            cure = _("Pass amount_unit={word!r}, or amount_unit=1 if the name of the sheet is wrong", word=stated.word)
            raise UnitError(
                _(
                    "The name of the sheet {sheet!r} says {word}, and {header!r} says no unit. {cure}.",
                    sheet=sheet,
                    word=stated.word,
                    header=header,
                    cure=cure,
                )
            )


def _refuse_unit_column(frame: pd.DataFrame, roles: Roles) -> None:
    taken: set[Any] = set(roles.columns.values())
    for name in frame.columns:
        if name in taken or plain_name(name) not in UNIT_COLUMNS:
            continue
        words = [str(word).strip() for word in frame[name].dropna().unique()]
        units = {word: unit.factor for word in words if (unit := unit_of_header(f"({word})")) is not None}
        if any(factor != 1 for factor in units.values()):
            at = frame.index[frame[name].isin(list(units))]
            cure = (
                _("Pass amount_unit={words!r}", words=words[0])
                if len(words) == 1
                else _("Write all amounts in one unit first")
            )
            problem = _(
                "The column {name!r} says that amounts are counted in {words} (rows {at})",
                name=str(name),
                words=listed(words),
                at=listed(at),
            )
            raise UnitError(
                _(
                    "{problem}. {cure}, or leave the column out if it is about something else.",
                    problem=problem,
                    cure=cure,
                ),
                at,
            )
