"""Customers: one row each, with frequency, recency, T and monetary_value."""

import datetime as dt
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import pandas as pd

from ltv_bayes.data.customers.check import HISTORY, checked_repeat_days, customer_table
from ltv_bayes.data.customers.dates import customer_dates, ended_early
from ltv_bayes.data.customers.files import MERGED, file_notes, file_terms, repeat_days_of_files, scan_customers
from ltv_bayes.data.customers.overview import Overview, overview_of, warn_of_reversed_recency
from ltv_bayes.data.customers.rows import FrameRows, Rows, chosen_rows, with_days_of
from ltv_bayes.data.engine.parquet import parquet_target, refuse_same_names
from ltv_bayes.data.orders.left_out import LeftOutFile, no_orders, unseen_lines
from ltv_bayes.data.orders.transactions import count_by_reason
from ltv_bayes.data.warehouses.left_out import LeftOutElsewhere
from ltv_bayes.errors import InputError, a_kind, counted
from ltv_bayes.language import _, comma
from ltv_bayes.sizes import CUSTOMERS_AT_A_TIME
from ltv_bayes.tables import SHOWN_ROWS, DataPage, Printed
from ltv_bayes.time_units import DAYS_PER_UNIT, PLURALS, TimeUnit, as_date, as_time_unit


@dataclass(frozen=True, eq=False, repr=False)
class Customers(Printed):
    """The purchase history of every customer, summarised: in memory, in a Parquet file, in Spark or in a database.

    Make one with :func:`summarize`, :meth:`Customers.from_summary` or :meth:`Customers.scan`, which check the numbers.

    Parameters
    ----------
    rows : pandas.DataFrame or Rows
        One row a customer, a frame indexed by customer_id or another place where rows live.
    time_unit : str
        Unit of recency and T: hour, day, week, month, quarter or year.
    as_of : datetime.date, optional
        The day on which observation ended.
    currency : str, optional
        What money is counted in.
    left_out : pandas.DataFrame, LeftOutFile or LeftOutElsewhere
        Orders left out.
    without_orders : pandas.DataFrame
        Those who have no row in the table, with their attributes.
    merged_orders : int
        The number of orders that `summarize` merged with another of the same customer and day into one purchase.
    repeat_days : pandas.Series, optional
        Repeat purchases of all customers by day, where they are known: calendar effects are learned from them.
    """

    rows: Rows
    time_unit: TimeUnit
    as_of: dt.date | None = None
    currency: str | None = None
    left_out: pd.DataFrame | LeftOutFile | LeftOutElsewhere = field(default_factory=no_orders)
    without_orders: pd.DataFrame = field(default_factory=pd.DataFrame)
    merged_orders: int = 0
    repeat_days: pd.Series | None = None

    def __post_init__(self) -> None:
        if isinstance(self.rows, pd.DataFrame):
            object.__setattr__(self, "rows", FrameRows(self.rows))

    @classmethod
    def from_summary(
        cls,
        frame: Any,
        *,
        time_unit: str,
        as_of: Any = None,
        currency: str | None = None,
        customer_id: str = "customer_id",
        frequency: str = "frequency",
        recency: str = "recency",
        T: str = "T",
        monetary_value: str | None = "monetary_value",
        repeat_days: Any = None,
    ) -> Self:
        """Take a ready table with one row a customer.

        Parameters
        ----------
        frame : path or frame
            Anything that :func:`ltv_bayes.read_table` reads. Columns not named here become attributes.
        time_unit : str
            Unit of recency and T.
        as_of : date, optional
            The day on which observation ended.
        currency : str, optional
            What money is counted in.
        customer_id, frequency, recency, T : str
            The names of the columns; the ids may be the index.
        monetary_value : str or None
            The column with the mean value of the repeat purchases; None for a table without money. A column
            ``spend_frequency``, if there is one, says how many of them have a value; otherwise all do.
        repeat_days : mapping, Series, path or frame, optional
            Repeat purchases of all these customers together, from date to count, or a table with the columns ``date``
            and ``count``. Without them, calendar effects are learned from last purchases alone.

        Raises
        ------
        InputError
            If the numbers cannot be the history of a customer, or the counts by day not those of these customers; the
            message names the customers or days.

        Warns
        -----
        DataWarning
            If recency looks like the time since the last purchase.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["Ada"], "frequency": [2], "recency": [30.43], "T": [38.86]})
        >>> Customers.from_summary(frame, time_unit="week", as_of="1997-09-30").table.loc["Ada", "T"].item()
        38.86
        """
        names = {"customer_id": customer_id, "frequency": frequency, "recency": recency, "T": T}
        rows = FrameRows(customer_table(frame, names, monetary_value=monetary_value))
        warn_of_reversed_recency(rows)
        unit, end = as_time_unit(time_unit), None if as_of is None else as_date(as_of)
        days = None if repeat_days is None else checked_repeat_days(repeat_days, rows, end, unit)
        return cls(rows, unit, end, currency, repeat_days=days)

    @classmethod
    def scan(
        cls,
        path: Any,
        *,
        time_unit: str | None = None,
        as_of: Any = None,
        currency: str | None = None,
        customer_id: str = "customer_id",
        frequency: str = "frequency",
        recency: str = "recency",
        T: str = "T",
        monetary_value: str | None = "monetary_value",
        repeat_days: Any = None,
        memory_limit: str | None = None,
    ) -> Self:
        """Take a ready table that stays in a Parquet file, such as one that :meth:`save` wrote.

        All rows are checked once, and read again when they are needed, so the file must stay as it is. Customers are in
        the order of the file.

        Parameters
        ----------
        path : path
            A Parquet file with one row a customer; or a pattern such as ``"customers_*.parquet"`` that names several.
            Columns not named here are attributes.
        time_unit, as_of, currency, repeat_days : optional
            As in :meth:`from_summary`; a file that :meth:`save` wrote says them itself.
        customer_id, frequency, recency, T, monetary_value : str
            The names of the columns, as in :meth:`from_summary`. Ids are text or whole numbers.
        memory_limit : str, optional
            The memory that a question about all customers may take before it goes to temporary files, such as
            ``"2GB"``.

        Raises
        ------
        InputError
            If the file cannot be read, or its numbers cannot be the history of a customer; the message names the
            customers.
        UnitError
            If the time unit is not known, or the file says another one, another as-of date or another currency.

        Warns
        -----
        DataWarning
            If recency looks like the time since the last purchase, or counts by day in the file are not those of its
            customers, and are left out.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> frame = pd.DataFrame({"customer_id": ["Ada"], "frequency": [2], "recency": [3.0], "T": [4.0]})
        >>> with TemporaryDirectory() as folder:
        ...     path = Customers.from_summary(frame, time_unit="week").save(Path(folder) / "customers.parquet")
        ...     Customers.scan(path)
        1 customer, weeks, in customers.parquet
        1 bought again (2 repeat purchase days)
                     frequency recency    T monetary_value  spend_frequency
        customer_id
        Ada                  2    3.00 4.00                               0
        """
        names = {"customer_id": customer_id, "frequency": frequency, "recency": recency, "T": T}
        rows, notes = scan_customers(path, names, monetary_value=monetary_value, memory_limit=memory_limit)
        warn_of_reversed_recency(rows)
        terms = file_terms(rows.place, notes, time_unit, as_of, currency)
        days = repeat_days_of_files(rows, repeat_days, as_of=terms[1], time_unit=terms[0])
        left_out = LeftOutFile.beside(rows.paths) or no_orders()
        return cls(rows, *terms, left_out, merged_orders=int(notes.get(MERGED, 0)), repeat_days=days)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the table to a Parquet file, with its time unit, as-of date and currency.

        Orders left out, if there are any, are written beside it: those of ``customers.parquet`` to
        ``customers.left_out.parquet``. ``without_orders`` is not written. An interrupted write leaves nothing behind.

        Parameters
        ----------
        path : path
            A file ending in ``.parquet``, in a folder made if need be.

        Returns
        -------
        pathlib.Path
            The file, for :meth:`scan`.

        Raises
        ------
        InputError
            If the name ends otherwise, these customers live in that file, or they have no history.
        """
        require_history(self)
        target = parquet_target(path)
        refuse_same_names(self.columns)
        left_out = self.left_out
        write = partial(LeftOutFile.write, left_out) if isinstance(left_out, pd.DataFrame) else left_out.copy_to
        with LeftOutFile.written_with(target, write):
            stated = self.time_unit, self.as_of, self.currency, self.merged_orders, self.repeat_days
            self.rows.copy_to(target, file_notes(*stated, self.rows.price_moments))
        return target

    @property
    def in_memory(self) -> bool:
        """Whether all rows are in memory; otherwise they are in a file, in Spark or in a database."""
        return self.rows.in_memory

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the rows are read from; none in memory."""
        return tuple(path.resolve() for path in getattr(self.rows, "paths", ()))

    @property
    def table(self) -> pd.DataFrame:
        """One row a customer, indexed by customer_id; customers in a file are read anew each time.

        frequency (repeat purchase days), recency (first to last purchase) and T (first purchase to as_of) in the time
        unit, monetary_value (mean of the repeat purchase days that have a value; missing without any), spend_frequency
        (their number), and from orders also first_value, total_value, spend_age (from those days, weighted by value, to
        as_of), first_order and last_order; then attributes, and observed_until where observation ended early. Sorted by
        customer_id, except that a file keeps its order.
        """
        return self.rows.table()

    @property
    def has_history(self) -> bool:
        """Whether there are histories of purchases; those of :func:`all_customers` have none."""
        return set(HISTORY) <= set(self.columns)

    @property
    def columns(self) -> list[str]:
        """The names of the table's columns."""
        return self.rows.columns

    @property
    def ids(self) -> pd.Index:
        """Customer ids as the user wrote them, in the order of the table."""
        return self.rows.ids()

    @property
    def dropped(self) -> pd.DataFrame:
        """Orders left out: row, reason, customer_id, date, amount."""
        return self.left_out if isinstance(self.left_out, pd.DataFrame) else self.left_out.table()

    def batches(self, size: int = CUSTOMERS_AT_A_TIME) -> Iterator[Self]:
        """Go over the customers in the order of the table, ``size`` at a time, in bounded memory.

        Parameters
        ----------
        size : int
            Customers in each batch; the last one may have fewer.

        Yields
        ------
        Customers
            In memory, without orders left out and counts by day.

        Raises
        ------
        InputError
            If ``size`` is below 1.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": 0, "recency": 0.0, "T": 4.0})
        >>> [len(batch) for batch in Customers.from_summary(frame, time_unit="week").batches(2)]
        [2, 1]
        """
        if size < 1:
            raise InputError(_("A batch has at least one customer, not {size}.", size=size))
        for table in self.rows.batches(size):
            yield type(self)(FrameRows(table), self.time_unit, self.as_of, self.currency)

    def overview(self) -> Overview:
        """Look over all customers at once: their purchases, longest history, typical order, orders left out."""
        return self._overview

    @cached_property  # asked for again and again, and rows may lie in Spark or in a database
    def _overview(self) -> Overview:
        if not self.has_history:
            return Overview(len(self), 0, 0, 0, 0.0, 0.0, float("nan"))
        return overview_of(self.rows, self.dropped_by_reason().to_dict())

    def in_time_unit(self, time_unit: str) -> Self:
        """Convert recency and T to another time unit.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["Ada"], "frequency": [2], "recency": [3.0], "T": [4.0]})
        >>> Customers.from_summary(frame, time_unit="week").in_time_unit("day").table.loc["Ada", "T"].item()
        28.0
        """
        unit = as_time_unit(time_unit)
        if unit == self.time_unit:
            return self
        lengths = DAYS_PER_UNIT[self.time_unit], DAYS_PER_UNIT[unit]
        return replace(self, rows=self.rows.scaled(*lengths) if self.has_history else self.rows, time_unit=unit)

    def observed_until(self, ended: Any) -> Self:
        """Let the observation of some customers end before the as-of date, such as on the day their contract ended.

        T shrinks to that day, so that a purchase model does not take the time after it for time without interest. The
        day is kept in the column ``observed_until``, missing for those who are observed to the end; of several days
        given one after the other, the earliest counts. A stream that values such customers has to depend on one that
        knows that their relation ended, with ``while_alive=``.

        Parameters
        ----------
        ended : mapping, Series, path or frame
            Days, such as :meth:`Renewals.ended` gives: a mapping from ids, a series indexed by id, or a table with a
            column ``ended_on``. Ids that are not among these customers, missing days and days after the as-of date
            change nothing.

        Raises
        ------
        InputError
            If customers ordered after their end, naming them; if there is no as-of date, or the rows are in a file.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["Ada"], "frequency": [2], "recency": [3.0], "T": [8.0]})
        >>> customers = Customers.from_summary(frame, time_unit="week", as_of="2024-06-30")
        >>> customers.observed_until({"Ada": "2024-06-09"}).table.loc["Ada", "T"].item()
        5.0
        """
        require_history(self)
        if not self.in_memory:
            cure = _("Load them with customers.subset(customers.ids).")
            raise InputError(_("Observation of customers in a file cannot end earlier. {cure}", cure=cure))
        if self.as_of is None:
            raise InputError(_("These customers have no as-of date to count back from. Make them with as_of=..."))
        days = customer_dates(ended, "ended_on", blank=True)
        table = ended_early(self.table, days, self.as_of, DAYS_PER_UNIT[self.time_unit])
        return replace(self, rows=replace(self.rows, frame=table))

    def subset(self, ids_or_mask: Iterable[Any]) -> Self:
        """Keep some customers, in the order of the table; they are in memory even if the others are in a file.

        Their repeat purchases are counted by day anew, where `summarize` made them and they are in memory; otherwise
        the counts are kept if all repeat purchases are theirs, and else not known.

        Parameters
        ----------
        ids_or_mask : iterable
            Customer ids, or one True or False for each customer (a Series is matched by id).

        Raises
        ------
        InputError
            If an id is unknown, the mask has another length, or no customer is left.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 2], "recency": [0.0, 3.0], "T": [4.0, 4.0]})
        >>> customers = Customers.from_summary(frame, time_unit="week")
        >>> customers.subset(customers.table["frequency"] > 0).ids.tolist()
        [2]
        """
        table = chosen_rows(self.rows, ids_or_mask)
        if table.index.empty:
            raise InputError(_("No customer is left. Choose at least one id."))
        if isinstance(self.left_out, pd.DataFrame):
            dropped = self.left_out[self.left_out["customer_id"].isin(table.index)]
        else:
            dropped = self.left_out.of(table.index)
        rows, days = with_days_of(self.rows, table, self.repeat_days)
        others = self.without_orders.head(0)
        return replace(self, rows=rows, left_out=dropped, without_orders=others, merged_orders=0, repeat_days=days)

    def dropped_by_reason(self) -> pd.Series:
        """Count the orders left out by reason: a Series, indexed by it."""
        return count_by_reason(self.left_out) if isinstance(self.left_out, pd.DataFrame) else self.left_out.by_reason()

    def __len__(self) -> int:
        return len(self.rows)

    def _page(self) -> DataPage:
        return DataPage(self._heading(), self.rows.head(SHOWN_ROWS), len(self))

    def _heading(self) -> list[str]:
        """Say who is here, in which units, and what was left out."""
        as_of = _("as of {as_of}", as_of=self.as_of) if self.as_of else ""
        size = counted(len(self), "customer")
        parts = [size, _(PLURALS[self.time_unit]), as_of, self.currency or "", self.rows.place]
        history = self.overview().in_words() if self.has_history else _("no purchase history of their own")
        unseen = unseen_lines(self.merged_orders, self.dropped_by_reason(), len(self.without_orders))
        return [comma(part for part in parts if part), history, *unseen]


def require_customers(value: Any) -> None:
    """Say how to make customers, where something else was given.

    Raises
    ------
    InputError
        If the value is not `Customers`.
    """
    if not isinstance(value, Customers):
        raise InputError(
            _(
                "Customers are needed, not {kind}. Make them with summarize(read_transactions(...)), or from a "
                "ready table with Customers.from_summary(frame, time_unit='week').",
                kind=a_kind(value),
            )
        )


def require_history(value: Any) -> None:
    """Say what to do where customers without a purchase history were given.

    Raises
    ------
    InputError
        If the value is not `Customers`, or they have no history.
    """
    require_customers(value)
    if not value.has_history:
        cure = _(
            "Pass customers= to the stream (RepeatPurchases(purchases, spend, customers=consumables)), or "
            "summarize the orders."
        )
        raise InputError(
            _("These customers have no purchase history of their own: all_customers only lists them. {cure}", cure=cure)
        )
