"""Which column of an export is what: by its exact name, never by a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.names import last_part, plain_name
from ltv_bayes.data.exports.presets import ANY, FLAGS, STATUS_KINDS, Preset, preset_named, presets
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.errors import ColumnError, suggestion
from ltv_bayes.formatting import shortened, visible
from ltv_bayes.language import _

AUTO = "auto"
SIGNS = 2
SEARCHED = 15
"""Rows among which names of columns are looked for, where the header has none that is known."""
ARGUMENTS = {"customer_id": "customer", "customer_name": "customer", "line_amount": "amount"}
TITLES = {
    "customer": "the customer",
    "date": "the date of an order",
    "amount": "the amount of an order",
    "order_id": "the number of an order",
}
OPTIONAL = ("order_id", "currency", "probability", "expected_on", "product", "quantity", "unit_price")
IF_ONE = ("customer_name", "owner")
"""Roles that nothing is decided by: of several columns, none is taken."""
LINE_ROLES = ("product", "quantity", "unit_price", "line_amount")


@dataclass(frozen=True)
class Roles:
    """Which column of a table is what.

    Attributes
    ----------
    columns : mapping
        From a role (customer, customer_name, date, amount, order_id, currency, ...) to the column's name.
    found_by : mapping
        From a role to how the column was found: as named by the caller, or by its name.
    statuses : mapping
        From a column that holds a status to its kind: stage, state, approval, or a flag.
    lines : tuple of str
        Columns of the lines of an order: products, quantities, columns below a group's name.
    preset : Preset or None
        The system that the table is from, if it was given or has its column names.
    """

    columns: Mapping[str, Any]
    found_by: Mapping[str, str]
    statuses: Mapping[Any, str]
    lines: tuple[Any, ...]
    preset: Preset | None

    def cells(self, frame: pd.DataFrame, role: str) -> pd.Series:
        """The cells of a role; missing throughout where there is no such column."""
        if role in self.columns:
            return named_column(frame, self.columns[role], role)
        return pd.Series(float("nan"), index=frame.index)

    def mapping(self) -> pd.DataFrame:
        """Show it: one row a role, with the column and how it was found."""
        rows = [(role, str(column), self.found_by[role]) for role, column in self.columns.items()]
        rows += [
            (_("status ({kind})", kind=kind), str(column), _("its name")) for column, kind in self.statuses.items()
        ]
        return pd.DataFrame(rows, columns=["role", "column", "found_by"]).set_index("role")


def find_roles(
    frame: pd.DataFrame, named: Mapping[str, Any], preset: str | None = None, *, below: int | None = None
) -> Roles:
    """Find the column of each role.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    named : mapping
        From customer, date, amount, order_id and others to a column's name, ``"auto"``, or None for no such column.
    preset : str, optional
        The system that the table is from.
    below : int, optional
        The row of a file below which the table begins; the names may stand further down.

    Raises
    ------
    ColumnError
        If a column that is named is not there, none is known as the customer, the date or the amount, or several are.
    """
    forced = preset_named(preset)
    given = {role: name for role, name in named.items() if name is not None and name != AUTO}
    for argument, name in given.items():
        named_column(frame, name, argument, f"{_lower_names(frame, below)}{_cure(argument)}")
    finder = _Finder(frame, given, forced or _resembled(frame), forced is not None, below)
    columns, found_by = dict(given), dict.fromkeys(given, _("as named"))
    for role in ("customer", "date", "amount", *OPTIONAL):
        if named.get(role, AUTO) == AUTO and (column := finder.column(role)) is not None:
            columns[role], found_by[role] = column, _("its name")
    for role in IF_ONE:
        if role not in columns and len(names := finder.candidates(role)) == 1 and names[0] not in columns.values():
            columns[role], found_by[role] = names[0], _("its name")
    taken = set(columns.values())
    statuses = {name: kind for name in frame.columns if name not in taken and (kind := finder.status_kind(name))}
    lines = tuple(name for name in frame.columns if name not in given.values() and finder.is_of_lines(name))
    return Roles(columns, found_by, statuses, lines, finder.preset)


def example_of(frame: pd.DataFrame, name: Any) -> str:
    """The first filled cell of a column, with its row.

    Examples
    --------
    >>> example_of(pd.DataFrame({"Account": [None, "Ada"]}), "Account")
    'row 1: Ada'
    """
    filled = frame[name].dropna()
    return _("row {filled}: {iloc}", filled=filled.index[0], iloc=visible(shortened(str(filled.iloc[0]))))


def _resembled(frame: pd.DataFrame) -> Preset | None:
    """The system of which the table has several columns that hardly anybody else writes."""
    plain = {plain_name(name) for name in frame.columns}
    signs = {name: len(one.known_by & plain) for name, one in presets().items()}
    best = max(signs, key=lambda name: signs[name])
    return presets()[best] if signs[best] >= SIGNS else None


def _lower_names(frame: pd.DataFrame, below: int | None) -> str:
    """Point to a row below the header that holds names of columns, if there is one."""
    if below is None:
        return ""
    above = {plain_name(name) for name in frame.columns}
    for label, row in frame.head(SEARCHED).iterrows():
        names = {plain_name(cell) for cell in row if isinstance(cell, str)} - above
        known = [name for name in names if any(preset.roles_of(name) for preset in presets().values())]
        if len(known) >= SIGNS and isinstance(label, int):
            return _("The names may stand in row {label}: pass header={label}. ", label=label)
    return ""


def _cure(argument: str) -> str:
    if argument == "amount":
        return _("A log without money is read with amount=None; otherwise name the column with amount='...'.")
    return _("Name the column with {argument}='...'.", argument=argument)


def _is_filled(cells: pd.Series) -> bool:
    """Whether there is anything in a column; mostly, its first cell shows it."""
    return bool(cells.iloc[:1].notna().any() or cells.notna().any())


@dataclass(frozen=True)
class _Finder:
    """Looks for columns of a role among those that the caller did not name."""

    frame: pd.DataFrame
    given: Mapping[str, Any]
    preset: Preset | None
    forced: bool
    below: int | None

    def column(self, role: str) -> Any:
        """The one column of a role, or None where it is not needed.

        Raises
        ------
        ColumnError
            If there are several, or none of one that is needed.
        """
        for group in self._in_turn(role):
            found = self._distinct(self.candidates(group), group)
            if len(found) > 1 and group not in LINE_ROLES:
                raise self._several(role, found)
            if found:
                return found[0]
        if role in OPTIONAL:
            return None
        raise self._none(role)

    def candidates(self, role: str) -> list[Any]:
        """Columns that may have a role, of which some cell is filled; if none has one, the first."""
        found = [name for name in self.frame.columns if role in self._roles_of(name)]
        return [name for name in found if _is_filled(self.frame[name])] or found[:1]

    def status_kind(self, name: Any) -> str:
        """The kind of status that a column holds by its name, empty for none."""
        return next((kind for kind in (*STATUS_KINDS, *FLAGS) if kind in self._roles_of(name)), "")

    def is_of_lines(self, name: Any) -> bool:
        """Whether a column tells of one line of an order."""
        return last_part(name) != str(name) or any(role in self._roles_of(name) for role in LINE_ROLES)

    def _in_turn(self, role: str) -> Sequence[str]:
        """An id comes before a name, and the amount of an order before those of its lines."""
        return {"customer": ("customer_id", "customer_name"), "amount": ("amount", "line_amount")}.get(role, (role,))

    def _roles_of(self, name: Any) -> set[str]:
        if name in self.given.values():
            return set()
        whole = self._roles_named(plain_name(name))
        if whole or last_part(name) == str(name):
            return whole
        below = self._roles_named(plain_name(last_part(name)))
        return {"line_amount" if role == "amount" else role for role in below}

    def _roles_named(self, plain: str) -> set[str]:
        of_preset = self.preset.roles_of(plain) if self.preset else set()
        return of_preset if self.forced and of_preset else of_preset | presets()[ANY].roles_of(plain)

    def _distinct(self, found: list[Any], role: str) -> list[Any]:
        """One of those columns that say the same; with a preset that was given, those that it names."""
        if self.forced and self.preset and len(found) > 1:
            roles = [name for name in found if self.preset.roles_of(plain_name(name))]
            found = roles or found
        return [
            name for place, name in enumerate(found) if not any(self._same(name, one, role) for one in found[:place])
        ]

    def _same(self, first: Any, second: Any, role: str) -> bool:
        """Whether all cells are equal; of numbers of orders, whether one goes with one."""
        cells = [self.frame[name].astype("str") for name in (first, second)]
        if role == "order_id":
            return bool(np.array_equal(*(pd.factorize(some)[0] for some in cells)))
        return bool(cells[0].equals(cells[1].rename(first)))

    def _several(self, role: str, found: list[Any]) -> ColumnError:
        argument = ARGUMENTS.get(role, role)
        shown = " and ".join(f"{str(name)!r} ({example_of(self.frame, name)})" for name in found)
        cure = " or ".join(f"{argument}={str(name)!r}" for name in found)
        return ColumnError(
            _(
                "{number} columns may be {get}: {shown}. Choose one: {cure}.",
                number=len(found),
                get=TITLES.get(role, role),
                shown=shown,
                cure=cure,
            )
        )

    def _none(self, role: str) -> ColumnError:
        known = [str(name) for name in self.frame.columns]
        role_name = "customer_id" if role == "customer" else role
        meant, lower = suggestion(role_name, known), _lower_names(self.frame, self.below)
        none = _(
            "There is no column {role_name!r}, nor one whose name is known as {titles}.",
            role_name=role_name,
            titles=TITLES[role],
        )
        return ColumnError(f"{none} {lower or f'{meant} '}{_cure(role)}")
