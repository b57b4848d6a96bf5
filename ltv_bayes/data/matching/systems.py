"""The ids of several systems, each once, with a name and a tax number where the system has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.matching.codes import plain_id, plain_tax_number
from ltv_bayes.data.matching.names import Name, compared
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.columns import named_column, plain
from ltv_bayes.data.reading.faults import refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import MISSING_WORDS, as_ids, as_text, final_ids
from ltv_bayes.errors import ColumnError, InputError, counted, suggestion
from ltv_bayes.language import _

Columns = str | Mapping[str, str] | None
ID_COLUMN, NAME_COLUMN = "customer_id", "name"
MOST_EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class Parties:
    """Everyone that any system knows: one row an id of a system.

    Attributes
    ----------
    table : pandas.DataFrame
        system, id (as its system has it), text (the id as text) and name (text, or None), numbered from 0, in the order
        of the systems and of their rows.
    names : list of Name or None
        The names as they are compared.
    tax_numbers : list of str or None
        The tax numbers as they are compared.
    columns : dict
        The name of each system's column of ids.
    notes : list of str
        What was seen on reading.
    """

    table: pd.DataFrame
    names: list[Name | None]
    tax_numbers: list[str | None]
    columns: dict[str, str]
    notes: list[str]

    @property
    def systems(self) -> list[str]:
        """The systems, in the order given."""
        return list(self.columns)

    def places(self, system: str) -> dict[str, int]:
        """The row of each id of a system, by the id as text."""
        own = self.table["text"][self.table["system"] == system]
        return dict(zip(own, own.index, strict=True))

    def called(self, place: int) -> str:
        """Name an id with its system, for a message."""
        row = self.table.iloc[place]
        return f"{row['system']} {row['text']}"


def read_parties(systems: Mapping[str, Any], customer_id: Columns, name: Columns, tax_number: Columns) -> Parties:
    """Read each system's ids.

    Raises
    ------
    InputError
        If there is no system, or a row without an id.
    ColumnError
        If a column is not there.
    """
    if not isinstance(systems, Mapping) or not systems:
        raise InputError(
            _('Name each system with its table, as in match_customers({{"orders": orders, "crm": "accounts.xlsx"}}).')
        )
    frames = {str(system): _frame(source) for system, source in systems.items()}
    for argument, columns in (("customer_id", customer_id), ("name", name), ("tax_number", tax_number)):
        _refuse_unknown_systems(argument, columns, frames)
    _refuse_column_of_none("name", name, frames, NAME_COLUMN)
    _refuse_column_of_none("tax_number", tax_number, frames, None)
    parts, columns, notes = [], {}, []
    for system, frame in frames.items():
        part, columns[system], seen = _system(system, frame, customer_id, name, tax_number)
        parts.append(part)
        notes += seen
    table = pd.concat(parts, ignore_index=True)
    names = [None if text is None else compared(text) for text in table["name"]]
    return Parties(table.drop(columns="tax_number"), names, table["tax_number"].tolist(), columns, notes)


def _frame(source: Any) -> pd.DataFrame:
    """The table of a system; of orders with the pipeline beside them, the customers of both."""
    if isinstance(source, Transactions) and source.opportunities is not None:
        beside = [some[["row", "customer_id"]] for some in (source.opportunities, source.decided) if some is not None]
        return pd.concat([source.table, *beside], ignore_index=True)
    return read_table(source.table if isinstance(source, Transactions | Customers) else source)


def _refuse_unknown_systems(argument: str, columns: Columns, frames: Mapping[str, pd.DataFrame]) -> None:
    """Raise if an argument names a system that was not given."""
    if isinstance(columns, Mapping):
        for system in columns:
            if system not in frames:
                raise InputError(
                    _(
                        "{argument}= names the system {system!r}. {suggestion}",
                        argument=argument,
                        system=system,
                        suggestion=suggestion(str(system), frames),
                    )
                )


def _refuse_column_of_none(
    argument: str, column: Columns, frames: Mapping[str, pd.DataFrame], usual: str | None
) -> None:
    """Raise if a column that was asked for is in none of the systems."""
    if not isinstance(column, str) or column == usual or any(_has(frame, column) for frame in frames.values()):
        return
    known = list(dict.fromkeys(str(found) for frame in frames.values() for found in frame.columns))
    raise ColumnError(
        _(
            "No system has a column {column!r}. {suggestion} Name it with {argument}='...'.",
            column=column,
            suggestion=suggestion(column, known),
            argument=argument,
        )
    )


def _has(frame: pd.DataFrame, column: str) -> bool:
    return column.strip() in frame.columns or column.strip() in frame.index.names


def _column_of(system: str, frame: pd.DataFrame, columns: Columns, usual: str | None) -> tuple[str | None, bool]:
    """The column of a system, and whether it was named for this system itself."""
    if isinstance(columns, Mapping):
        return (columns[system], True) if system in columns else (usual, False)
    return columns, False


def _cells(
    system: str, frame: pd.DataFrame, columns: Columns, usual: str | None, argument: str
) -> tuple[pd.Series | None, str | None]:
    """The cells of a column that a system may lack, unless it was named for this system."""
    column, its_own = _column_of(system, frame, columns, usual)
    if column is None or not (its_own or _has(frame, column)):
        return None, column
    return named_column(frame, column, f'{argument}={{"{system}"', _cure(argument, system)), column


def _cure(argument: str, system: str) -> str:
    return _('Name the column of {system!r} with {argument}={{"{system}": "..."}}.', system=system, argument=argument)


def _system(
    system: str, frame: pd.DataFrame, customer_id: Columns, name: Columns, tax_number: Columns
) -> tuple[pd.DataFrame, str, list[str]]:
    """Read one system: a row an id, the column of ids, and what was seen."""
    id_column = _column_of(system, frame, customer_id, ID_COLUMN)[0] or ID_COLUMN
    cells = named_column(frame, id_column, "customer_id", _cure("customer_id", system))
    ids, without = as_ids(cells)
    refuse([without], frame.index, _("The rows are those of {system!r}.", system=system))
    ids = pd.Series(final_ids(ids)).reset_index(drop=True)
    notes: list[str] = []
    found: dict[str, Any] = {"system": system, "id": ids.astype(object), "text": as_text(ids)}
    for argument, columns, usual in (("name", name, NAME_COLUMN), ("tax_number", tax_number, None)):
        written, column = _cells(system, frame, columns, usual, argument)
        found[argument] = _texts(written, len(frame))
        if written is None and argument == "name" and column is not None:
            notes.append(
                _("{system} has no column {column!r}: its ids are compared without names", system=system, column=column)
            )
    found["tax_number"] = [None if text is None else plain_tax_number(text) for text in found["tax_number"]]
    rows = pd.DataFrame(found, dtype=object)
    notes += _several(system, rows, "name", "names") + _several(system, rows, "tax_number", _("tax numbers"))
    firsts = rows.groupby("text", sort=False).first()  # the first that is not missing
    table = firsts.reset_index()[["system", "id", "text", "name", "tax_number"]].astype(object)
    return table.where(table.notna(), None), id_column, notes


def _texts(cells: pd.Series | None, number: int) -> np.ndarray:
    """Cells as text without blanks around it, None where blank."""
    if cells is None:
        return np.full(number, None, dtype=object)
    written, _ = as_ids(plain(cells))
    return np.array([None if pd.isna(value) else str(value) for value in written], dtype=object)


def _several(system: str, rows: pd.DataFrame, column: str, plural: str) -> list[str]:
    """Say which ids have several names or numbers; the first is used."""
    pairs = rows[["text", column]].dropna().drop_duplicates()
    counts = pairs["text"].value_counts(sort=False)
    several = counts[counts > 1]
    if several.empty:
        return []
    shown = ", ".join(several.index[:MOST_EXAMPLES])
    return [
        _(
            "{ids} of {system} with several {plural} ({shown}): the first is used",
            ids=counted(len(several), "id"),
            system=system,
            plural=plural,
            shown=shown,
        )
    ]


def plain_ids(parties: Parties) -> list[str | None]:
    """Ids in one width and without needless blanks; None for words such as NULL, which are no ids.

    Examples
    --------
    >>> plain_ids(read_parties({"crm": pd.DataFrame({"customer_id": ["Ｃ1 ", "NULL"]})}, "customer_id", None, None))
    ['C1', None]
    """
    return [None if text in MISSING_WORDS else plain_id(text) for text in parties.table["text"]]
