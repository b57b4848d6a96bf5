"""The rows of an export: which are orders, and why others are left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.order_lines import (
    EXPORTED_TWICE,
    LINE,
    REPEATED_TOTAL,
    OrderRows,
    all_differ,
    as_compared,
    blank_cells,
    exported_twice,
    filled_down,
    repeated_totals,
    trimmed,
)
from ltv_bayes.data.exports.presets import KEPT, LOST, OPEN
from ltv_bayes.data.exports.roles import Roles
from ltv_bayes.data.exports.stated_units import unit_below
from ltv_bayes.data.exports.status import IN_TURN, Keep, Status, status_of
from ltv_bayes.data.exports.total_rows import total_rows
from ltv_bayes.data.orders.reasons import BY_STATUS
from ltv_bayes.data.orders.transactions import DROPPED_COLUMNS
from ltv_bayes.data.reading.faults import Fault
from ltv_bayes.data.reading.files import Source
from ltv_bayes.data.reading.ids import final_ids
from ltv_bayes.errors import counted
from ltv_bayes.language import _

UNIT_ROW = "row of units below the header"
FEWEST = 4
BY_CHANCE = 0.05


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of a table, with the reason for which each is left out, if it is.

    Attributes
    ----------
    raw : pandas.DataFrame
        The table as it was read.
    filled : pandas.DataFrame
        The same, with the blank cells of sub-forms filled.
    roles : Roles
        Its columns.
    amounts : pandas.Series
        Their amounts, missing where there is none.
    goes_on : numpy.ndarray
        Which rows go on with the order above.
    reason : numpy.ndarray
        Why each row is left out, as a place in ``reasons``; 0 for those kept. Filled in as reading goes on.
    reasons : list of str
        The reasons so far, ``kept`` first.
    """

    raw: pd.DataFrame
    filled: pd.DataFrame
    roles: Roles
    amounts: pd.Series
    goes_on: np.ndarray
    reason: np.ndarray
    reasons: list[str]

    @classmethod
    def of(cls, found: Source, roles: Roles, amounts: pd.Series) -> Self:
        """Begin with all rows."""
        filled, goes_on = filled_down(found.frame, roles, found.merged)
        return cls(found.frame, filled, roles, amounts, goes_on, np.zeros(len(filled), dtype=np.int16), [KEPT])

    @property
    def kept(self) -> np.ndarray:
        """Which rows are not left out so far."""
        return np.equal(self.reason, 0)

    def kept_of(self, cells: Any) -> Any:
        """Of the cells of all rows, or of a mask, those of rows kept so far."""
        kept = self.kept
        return cells if kept.all() else cells[kept]

    def leave_out_no_orders(self, keep: Keep) -> Status:
        """Leave out rows that are no orders: totals, lines without an amount, and by their status."""
        self._leave_out(self._row_of_units(), UNIT_ROW)
        for reason, at in total_rows(self.raw, self.roles, self.amounts.to_numpy()).items():
            self._leave_out(at, reason)
        if "amount" in self.roles.columns:
            blank = blank_cells(self.raw[self.roles.columns["amount"]])
            self._leave_out(blank & (self.goes_on | self._of_an_order_with_an_amount(blank)), LINE)
        else:
            self._leave_out(self.goes_on, LINE)
        status = status_of(self.filled, self.roles, keep, self.kept, self.amounts.to_numpy())
        for place, meaning in enumerate(IN_TURN):
            if meaning != KEPT:
                self._leave_out(status.meaning == place, f"{BY_STATUS}{meaning}")
        return status

    def _of_an_order_with_an_amount(self, blank: np.ndarray) -> np.ndarray:
        """Rows without an amount whose order has one in another row."""
        if "order_id" not in self.roles.columns or not blank.any():
            return np.zeros(len(blank), dtype=bool)
        numbers = trimmed(self.filled[self.roles.columns["order_id"]])
        return blank & numbers.isin(numbers[~blank].dropna()).to_numpy()

    def leave_out_faults(self, faults: Sequence[Fault]) -> None:
        """Leave out rows that cannot be read, among those kept so far."""
        if found := [fault for fault in faults if fault.at.any()]:
            at = np.flatnonzero(self.kept)
            for fault in found:
                self._leave_out(_marked(at[fault.at], len(self.reason)), fault.problem)

    def leave_out_repeats(self, log: pd.DataFrame, lines: str, repeated_rows: str) -> tuple[np.ndarray, int, list[str]]:
        """Leave out rows that repeat others: which of the log's rows stay, how many are in doubt, what was done.

        Parameters
        ----------
        log : pandas.DataFrame
            customer_id, date and amount of the rows that are kept.
        lines, repeated_rows
            As in `read_transactions`.
        """
        at, order, notes, doubtful = np.flatnonzero(self.kept), None, [], 0
        if "order_id" in self.roles.columns:
            numbers = trimmed(self.filled[self.roles.columns["order_id"]])
            if all_differ(numbers if len(at) == len(numbers) else numbers.iloc[at]):  # then no row repeats another
                return self.kept[at], 0, []
            order = pd.factorize(numbers.iloc[at])[0]
        ids = final_ids(log["customer_id"])
        whole = pd.api.types.is_integer_dtype(ids.dtype)  # such ids serve as they are
        customer = ids.to_numpy().astype(np.int64, copy=False) if whole else pd.factorize(ids)[0]
        rows = OrderRows(order, customer, log["date"].to_numpy().view(np.int64), log["amount"].to_numpy())
        twice = exported_twice(self.filled, at, rows)
        surely = twice if repeated_rows == "drop" else twice & (repeated_rows == "auto") & (order is not None)
        if order is not None and repeated_rows == "auto":
            surely = surely & (order >= 0)
        self._leave_out(_marked(at[surely], len(self.reason)), EXPORTED_TWICE)
        twice = twice & ~surely
        if number := int(twice.sum()):
            doubtful = number if order is not None or self._looks_exported_twice(at, twice) else 0
            notes = [_("{rows} in which every cell is that of another row, kept", rows=counted(number, "row"))]
        left = self.kept[at]
        again, about = repeated_totals(rows, left, self.raw.index[at], lines)
        self._leave_out(_marked(at[again], len(self.reason)), REPEATED_TOTAL)
        return self.kept[at], doubtful, [*notes, *([about] if about else [])]

    def _looks_exported_twice(self, at: np.ndarray, twice: np.ndarray) -> bool:
        """Whether equal rows are hardly equal purchases of a day: they say more, or all rows are there twice."""
        says_more = len(set(self.raw.columns) - set(self.roles.columns.values())) > 0 and twice.mean() > BY_CHANCE
        every = len(at) - int(twice.sum()) >= FEWEST and 2 * int(twice.sum()) >= len(at)
        return bool(says_more) or (every and bool(as_compared(self.filled.iloc[at]).duplicated(keep=False).all()))

    def cells(self, stream: str | None) -> pd.DataFrame:
        """The cells that make an order, of the rows kept so far, blank ones of sub-forms filled."""
        return self.kept_of(self._orders(self.filled, stream))

    def dropped(self, stream: str | None) -> pd.DataFrame:
        """Rows left out, as they stood: row, reason, customer_id, date, amount, and stream if there is one."""
        table = self._orders(self.raw, stream)[~self.kept].astype(object)
        table = table.assign(row=table.index, reason=np.array(self.reasons, dtype=object)[self.reason[~self.kept]])
        return table.reset_index(drop=True)[[*DROPPED_COLUMNS, *([] if stream is None else ["stream"])]]

    @property
    def is_open(self) -> np.ndarray:
        """Rows of opportunities that are not decided."""
        return self._are(OPEN)

    @property
    def is_lost(self) -> np.ndarray:
        """Rows of opportunities that were lost."""
        return self._are(LOST)

    def _are(self, status: str) -> np.ndarray:
        name = f"{BY_STATUS}{status}"
        return np.equal(self.reason, self.reasons.index(name) if name in self.reasons else -1)

    def _orders(self, frame: pd.DataFrame, stream: str | None) -> pd.DataFrame:
        places = {"customer_id": "customer", "date": "date", "amount": "amount", "currency": "currency"}
        found = {name: frame[self.roles.columns[role]] for name, role in places.items() if role in self.roles.columns}
        if "amount" not in found:
            found["amount"] = pd.Series(np.nan, index=frame.index)
        if stream is not None:
            found["stream"] = frame[self.roles.columns["stream"]]
        return pd.DataFrame(found, index=frame.index, copy=False)

    def _row_of_units(self) -> np.ndarray:
        """The first row, if it holds but the unit of the amounts below their header."""
        found = np.zeros(len(self.raw), dtype=bool)
        if "amount" in self.roles.columns and len(found):
            found[0] = unit_below(self.raw, self.roles) != ""
        return found

    def _leave_out(self, at: np.ndarray, reason: str) -> None:
        left_out = at & self.kept if at.any() else at
        if left_out.any():
            if reason not in self.reasons:
                self.reasons.append(reason)
            self.reason[left_out] = self.reasons.index(reason)


def _marked(places: np.ndarray, number: int) -> np.ndarray:
    """Mark rows by their places."""
    marks = np.zeros(number, dtype=bool)
    marks[places] = True
    return marks
