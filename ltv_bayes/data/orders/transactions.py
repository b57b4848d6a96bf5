"""A transaction log, checked and tidy, with what was left out and why."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd

from ltv_bayes.data.orders.read_report import ReadReport
from ltv_bayes.data.orders.reasons import reason_in_words
from ltv_bayes.data.reading.faults import Fault
from ltv_bayes.data.reading.ids import as_ids
from ltv_bayes.errors import DataWarning, InputError, counted, rows_at_fault, suggestion
from ltv_bayes.language import _, comma, semicolon
from ltv_bayes.tables import DataPage, Printed

COLUMNS = ("row", "customer_id", "date", "amount")
FEWEST_MONTHS, FEWEST_WEEKS, FEWEST_ROWS = 3, 8, 12
DROPPED_COLUMNS = ("row", "reason", "customer_id", "date", "amount")


@dataclass(frozen=True, eq=False, repr=False)
class Transactions(Printed):
    """A log of orders that can be trusted. Make one with :func:`ltv_bayes.read_transactions`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an order: row (as its source numbers it), customer_id, date (a day), amount (float; missing
        throughout if the log has no money), and stream (text) if the log says which stream an order belongs to.
    dropped : pandas.DataFrame
        Rows left out: row, reason, and the cells as they stood.
    currency : str or None
        What amounts are counted in.
    source : str
        The source of the rows.
    customer_column : str
        The user's own name for the column of customer ids.
    report : ReadReport or None
        What was read of the source, and what was left out.
    opportunities : pandas.DataFrame or None
        Rows that are not decided yet, by their status: row, customer_id, customer_name, opportunity (its number),
        stage, owner, probability (between 0 and 1), amount, currency, expected_on, date_as_written, repeated. None
        where no status says so. :func:`ltv_bayes.judge_opportunities` makes judgements of them.
    decided : pandas.DataFrame or None
        Beside open or lost opportunities, those won and lost: row, customer_id, opportunity, won, amount, closed_on.
    notes : tuple of str
        What was done to the rows after they were read, such as ids that were merged.
    """

    table: pd.DataFrame
    dropped: pd.DataFrame
    currency: str | None
    source: str
    customer_column: str
    report: ReadReport | None = None
    opportunities: pd.DataFrame | None = None
    decided: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    @property
    def has_amounts(self) -> bool:
        """Whether the log carries money."""
        return bool(self.table["amount"].notna().any())

    @property
    def has_streams(self) -> bool:
        """Whether the log says which stream each order belongs to."""
        return "stream" in self.table.columns

    @property
    def streams(self) -> pd.Series:
        """The number of orders of each stream, the largest first.

        Raises
        ------
        InputError
            If the log was read without ``stream=``.
        """
        if not self.has_streams:
            raise not_told_apart("read_transactions")
        counts = self.table["stream"].value_counts().rename("orders")
        return counts.sort_index().sort_values(ascending=False, kind="stable")

    def stream(self, name: str) -> Self:
        """Keep the orders of one stream, and of the rows left out those that name this stream.

        Parameters
        ----------
        name : str
            The stream as the log writes it; :attr:`streams` lists them.

        Raises
        ------
        InputError
            If there are no orders of this stream, or the log was read without ``stream=``.

        Examples
        --------
        >>> log = {"customer_id": ["Ada"] * 2, "date": "2024-01-15", "amount": [900, 20], "line": ["board", "pens"]}
        >>> from ltv_bayes.data.exports.read_orders import read_transactions
        >>> len(read_transactions(pd.DataFrame(log), stream="line").stream("pens"))
        1
        """
        require_stream(name, self.streams.index)
        kept = self.table[self.table["stream"] == name].reset_index(drop=True)
        named = as_streams(self.dropped["stream"])[0] == name
        return replace(self, table=kept, dropped=self.dropped[named.to_numpy(dtype=bool)].reset_index(drop=True))

    def dropped_by_reason(self) -> pd.Series:
        """Count the rows left out by reason: a Series, indexed by it."""
        return count_by_reason(self.dropped)

    def __len__(self) -> int:
        return len(self.table)

    def _page(self) -> DataPage:
        return DataPage(self._heading(), self.table.set_index("row"))

    def _heading(self) -> list[str]:
        """Say what the log holds and what was left out."""
        if not len(self):
            return [_("no orders ({source})", source=self.source), *left_out_line(self.dropped_by_reason())]
        first, last = self.table["date"].min(), self.table["date"].max()
        customers = counted(self.table["customer_id"].nunique(), "customer")
        total = (
            _(", total {number:,.2f} {value}", number=self.table["amount"].sum(), value=self.currency or "").rstrip()
            if self.has_amounts
            else ""
        )
        extent = _(
            "{orders} of {customers}, {first:%Y-%m-%d} to {last:%Y-%m-%d}{total}",
            orders=counted(len(self), "order"),
            customers=customers,
            first=first,
            last=last,
            total=total,
        )
        streams = [streams_line(self.streams)] if self.has_streams else []
        left_out = left_out_line(self.dropped_by_reason())
        notes = [_("note: {note}", note=note) for note in self.report.notes] if self.report else []
        return [f"{extent} ({self.source})", *streams, *self._repeated_line(), *left_out, *notes, *self.notes]

    def _repeated_line(self) -> list[str]:
        """Say how many rows repeat another: a file exported twice looks like this."""
        repeated = int(self.table.drop(columns=["row", "original_id"], errors="ignore").duplicated().sum())
        return (
            [_("{rows} with the customer, day and amount of another", rows=counted(repeated, "row"))]
            if repeated
            else []
        )


def refuse_choice(argument: str, value: Any, known: Sequence[str]) -> None:
    """Raise unless an argument is one of a few words."""
    if value not in known:
        raise InputError(
            _(
                "{argument}={value!r} is not a choice. {suggestion}",
                argument=argument,
                value=value,
                suggestion=suggestion(str(value), known),
            )
        )


def count_by_reason(dropped: pd.DataFrame) -> pd.Series:
    """Count rows left out by reason, the most frequent first."""
    return dropped["reason"].value_counts().rename("rows")


def left_out_line(counts: pd.Series) -> list[str]:
    """Say what was left out, if anything, from the counts by reason."""
    parts = [
        _("{rows} ({reason})", rows=counted(int(number), "row"), reason=reason_in_words(str(reason)))
        for reason, number in counts.items()
    ]
    return [_("left out: {parts}", parts=semicolon(parts))] if parts else []


def warn_of_null_ids(words: Iterable[str], rows: Sequence[Any] | pd.Series, number: int, stacklevel: int) -> None:
    """Warn if ids look like a missing value written out: they would become one huge customer.

    Parameters
    ----------
    words : iterable of str
        Such ids.
    rows : sequence
        The rows that have them, or the first of these.
    number : int
        How many there are.
    stacklevel : int
        As in :func:`warnings.warn`.
    """
    problem = _("with the customer id {words}, which usually means that it is missing", words=comma(map(repr, words)))
    message = rows_at_fault(rows, "row", problem, _("If so, leave the cells blank."), number=number)
    warnings.warn(message, DataWarning, stacklevel=stacklevel)


def warn_of_counts(days: pd.Series, number: int, *, stacklevel: int = 2) -> None:
    """Warn if rows look like sums or counts of months or weeks, for which one row is not one order.

    Parameters
    ----------
    days : pandas.Series
        Days of orders.
    number : int
        The number of orders.
    stacklevel : int
        As in :func:`warnings.warn`, counted from the caller.

    Warns
    -----
    DataWarning
        If every day is the first or last of a month, or all are one day of the week.
    """
    distinct = days.drop_duplicates()
    if number < FEWEST_ROWS or distinct.empty:
        return
    ends = {
        "the first of a month": ("month", distinct.dt.is_month_start.all() and len(distinct) >= FEWEST_MONTHS),
        "the last of a month": ("month", distinct.dt.is_month_end.all() and len(distinct) >= FEWEST_MONTHS),
        f"a {distinct.iloc[0]:%A}": ("week", len(set(distinct.dt.day_of_week)) == 1 and len(distinct) >= FEWEST_WEEKS),
    }
    found = next(((day, unit) for day, (unit, fits) in ends.items() if fits), None)
    if found is None:
        return
    day, unit = found
    warnings.warn(
        _(
            "All {number:,} orders are dated {day}. If a row holds the orders of a {unit}, purchases are "
            "counted wrongly: export one row an order, with its own day. If the days are right, as of "
            "invoices, nothing need be done.",
            number=number,
            day=day,
            unit=unit,
        ),
        DataWarning,
        stacklevel=stacklevel + 1,
    )


def as_streams(cells: pd.Series) -> tuple[pd.Series, Fault]:
    """Read a column that says which stream an order belongs to.

    Returns
    -------
    pandas.Series
        Names as written, as text without blanks around it; missing where blank.
    Fault
        The rows without a stream.

    Examples
    --------
    >>> as_streams(pd.Series([" service", "board ", None]))[0].tolist()
    ['service', 'board', nan]
    """
    written, _unused = as_ids(cells)
    blank = written.isna().to_numpy()
    names = written.astype("str").mask(blank)
    return names, Fault(blank, _("without a stream"), _("Fill in which stream the order belongs to."))


def require_stream(name: str, known: Iterable[str]) -> None:
    """Raise unless orders of this stream are there.

    Raises
    ------
    InputError
        If there are none; the message names the streams that are.
    """
    known = list(map(str, known))
    if name not in known:
        raise InputError(
            _("There are no orders of the stream {name!r}. {suggestion}", name=name, suggestion=suggestion(name, known))
        )


def not_told_apart(reader: str) -> InputError:
    """Explain how to read a log so that its orders have a stream.

    Examples
    --------
    >>> print(not_told_apart("read_transactions"))
    The log does not state which stream an order belongs to. Read it with read_transactions(..., stream='its column').
    """
    cure = _("Read it with {reader}(..., stream='its column').", reader=reader)
    return InputError(_("The log does not state which stream an order belongs to. {cure}", cure=cure))


def streams_line(counts: pd.Series) -> str:
    """Say how many orders each stream has.

    Examples
    --------
    >>> streams_line(pd.Series({"consumables": 1200, "service": 33}))
    'streams: consumables 1,200, service 33'
    """
    return _("streams: {names}", names=comma(f"{name} {number:,}" for name, number in counts.items()))
