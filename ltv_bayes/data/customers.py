"""Customers: one row each, with frequency, recency, T and monetary_value."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.attributes import join_attributes
from ltv_bayes.data.display import as_html, as_plain_text
from ltv_bayes.data.histories import Histories, SpendHistories, unique_histories, unique_spend
from ltv_bayes.data.occasions import customer_rows
from ltv_bayes.data.selection import Returns, counting_orders, observation_end
from ltv_bayes.data.summaries import COMPUTED, customer_table
from ltv_bayes.data.transactions import DROPPED_COLUMNS, Transactions, count_by_reason, left_out_line, refuse_choice
from ltv_bayes.errors import InputError, counted, rows_at_fault
from ltv_bayes.time_units import DAYS_PER_UNIT, TimeUnit, as_date, as_time_unit


def _no_dropped() -> pd.DataFrame:
    return pd.DataFrame(columns=list(DROPPED_COLUMNS))


@dataclass(frozen=True, eq=False, repr=False)
class Customers:
    """The purchase history of every customer, summarised.

    Make one with :func:`summarize` or :meth:`Customers.from_summary`, which check the numbers.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed by customer_id and sorted by it: frequency (repeat purchase days), recency (first to last purchase)
        and T (first purchase to as_of) in the time unit, monetary_value (mean of the repeat purchase days that have a
        value; missing without any), spend_frequency (their number), and from orders also first_value, total_value,
        first_order and last_order; then attributes.
    time_unit : str
        Unit of recency and T: day, week, month, quarter or year.
    as_of : datetime.date or None
        The day on which observation ended.
    currency : str or None
        What money is counted in.
    dropped : pandas.DataFrame
        Orders left out: row, reason, customer_id, date, amount.
    without_orders : pandas.DataFrame
        Attributes of those who have no row in the table.
    """

    table: pd.DataFrame
    time_unit: TimeUnit
    as_of: dt.date | None = None
    currency: str | None = None
    dropped: pd.DataFrame = field(default_factory=_no_dropped)
    without_orders: pd.DataFrame = field(default_factory=pd.DataFrame)

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

        Raises
        ------
        InputError
            If the numbers cannot be the history of a customer; the message names the customers.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["Ada"], "frequency": [2], "recency": [30.43], "T": [38.86]})
        >>> Customers.from_summary(frame, time_unit="week", as_of="1997-09-30").table.loc["Ada", "T"].item()
        38.86
        """
        names = {"customer_id": customer_id, "frequency": frequency, "recency": recency, "T": T}
        table = customer_table(frame, names, monetary_value=monetary_value)
        return cls(table, as_time_unit(time_unit), None if as_of is None else as_date(as_of), currency)

    @property
    def ids(self) -> pd.Index:
        """Customer ids as the user wrote them, sorted."""
        return self.table.index

    def in_time_unit(self, time_unit: str) -> Self:
        """Convert recency and T to another time unit.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["Ada"], "frequency": [2], "recency": [3.0], "T": [4.0]})
        >>> Customers.from_summary(frame, time_unit="week").in_time_unit("day").table.loc["Ada", "T"].item()
        28.0
        """
        unit = as_time_unit(time_unit)
        days = self.table[["recency", "T"]] * DAYS_PER_UNIT[self.time_unit]
        converted = (days / DAYS_PER_UNIT[unit]).to_dict("series")
        return self if unit == self.time_unit else replace(self, table=self.table.assign(**converted), time_unit=unit)

    def unique_histories(self) -> Histories:
        """Find the distinct (frequency, recency, T), with the number of customers that share each."""
        return unique_histories(self.table)

    def unique_spend(self) -> SpendHistories:
        """Find the distinct (spend_frequency, monetary_value) of the customers with repeat spend."""
        return unique_spend(self.table)

    def subset(self, ids_or_mask: Iterable[Any]) -> Self:
        """Keep some customers, in the order of the table.

        Parameters
        ----------
        ids_or_mask : iterable
            Customer ids, or one True or False for each customer (a Series is matched by id).

        Raises
        ------
        InputError
            If an id is unknown, the mask has another length, or nobody is left.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 2], "recency": [0.0, 3.0], "T": [4.0, 4.0]})
        >>> customers = Customers.from_summary(frame, time_unit="week")
        >>> customers.subset(customers.table["frequency"] > 0).ids.tolist()
        [2]
        """
        table = self.table[_mask(self.ids, ids_or_mask)]
        if table.empty:
            raise InputError("No customer is left. Choose at least one id.")
        dropped = self.dropped[self.dropped["customer_id"].isin(table.index)]
        return replace(self, table=table, dropped=dropped, without_orders=self.without_orders.head(0))

    @property
    def in_memory(self):
        return True

    @property
    def columns(self):
        return list(self.table.columns)

    def batches(self, size=100_000):
        yield self

    def known_ids(self, texts):
        wanted = set(texts)
        return {str(i): i for i in self.ids if str(i) in wanted}

    def overview(self):
        from types import SimpleNamespace

        t = self.table
        column = "first_value" if "first_value" in t else "monetary_value"
        return SimpleNamespace(
            customers=len(t),
            repeats=float(t["frequency"].sum()),
            valued_repeats=float(t["spend_frequency"].sum()),
            longest_history=float(t["T"].max()),
            typical_order=float(t[column].median()),
        )

    def dropped_by_reason(self) -> pd.Series:
        """Count the orders left out by reason."""
        return count_by_reason(self.dropped)

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return as_plain_text(self._heading(), self.table)

    def _repr_html_(self) -> str:
        return as_html(self._heading(), self.table)

    def _heading(self) -> list[str]:
        """Say who is here, in which units, and what was left out."""
        as_of = f"as of {self.as_of}" if self.as_of else ""
        parts = [counted(len(self), "customer"), f"{self.time_unit}s", as_of, self.currency or ""]
        frequency = self.table["frequency"]
        buyers, repeats = int((frequency > 0).sum()), counted(int(frequency.sum()), "repeat purchase day")
        lines = [", ".join(part for part in parts if part), f"{buyers:,} bought again ({repeats})"]
        return [*lines, *left_out_line(self.dropped), *self._without_orders_line()]

    def _without_orders_line(self) -> list[str]:
        number = len(self.without_orders)
        return [f"attributes without orders: {counted(number, 'row')} (see without_orders)"] if number else []


def _mask(ids: pd.Index, chosen: Any) -> np.ndarray:
    """Mark the customers chosen by id or by mask."""
    if isinstance(chosen, pd.Series) and pd.api.types.is_bool_dtype(chosen.dtype):
        if not chosen.index.is_unique or not ids.isin(chosen.index).all():
            raise InputError("The mask is not indexed by the ids of these customers. Make it from customers.table.")
        chosen = chosen.reindex(ids)
    wanted = pd.Index(list(chosen))
    if len(wanted) and pd.api.types.is_bool_dtype(wanted.dtype):
        if len(wanted) != len(ids):
            raise InputError(
                f"The mask has {len(wanted):,} entries for {counted(len(ids), 'customer')}. Give one each."
            )
        return wanted.to_numpy(dtype=bool)
    unknown = wanted[~wanted.isin(ids)]
    if len(unknown):
        cure = f"Write ids as the table does, as in {ids[0]!r}."
        raise InputError(rows_at_fault(unknown, "customer", "not in the table", cure), unknown)
    return ids.isin(wanted)


def summarize(
    orders: Transactions,
    *,
    time_unit: str = "week",
    as_of: Any = None,
    attributes: Any = None,
    zero_orders: Literal["count", "drop"] = "count",
    returns: Returns = "net",
) -> Customers:
    """Turn a transaction log into one row a customer.

    All orders of one customer on one day are one purchase, worth the day's net amount. A day with nothing but returns
    is no purchase, but lowers total_value.

    Parameters
    ----------
    orders : Transactions
        What :func:`ltv_bayes.read_transactions` returns.
    time_unit : str
        Unit of recency and T: day, week, month, quarter or year.
    as_of : date, optional
        The day on which observation ends; later orders are left out, which cuts a calibration period. The day of the
        last order if not given.
    attributes : path or frame, optional
        One row a customer, anything that :func:`ltv_bayes.read_table` reads; ids in a column called customer_id or
        as in the orders.
    zero_orders : {"count", "drop"}
        Whether a day with an order but a net amount of zero or less is a purchase. It never enters monetary_value.
    returns : {"net", "ignore", "error"}
        Set negative amounts against the same day's orders, leave them out altogether, or refuse them.

    Returns
    -------
    Customers
        The table, with the orders left out and why.

    Raises
    ------
    InputError
        If orders are dated in the future, ``as_of`` lies before the first order, or no purchase is left.

    Examples
    --------
    >>> from ltv_bayes.data.transactions import read_transactions
    >>> log = pd.DataFrame({"customer_id": ["Ada"] * 2, "date": ["1997-01-01", "1997-01-15"], "amount": [10.0, 20.0]})
    >>> summarize(read_transactions(log), as_of="1997-01-29").table[["frequency", "recency", "T", "monetary_value"]]
                 frequency  recency    T  monetary_value
    customer_id
    Ada                  1      2.0  4.0            20.0
    """
    _refuse_settings(orders, zero_orders, returns)
    unit, end = as_time_unit(time_unit), observation_end(orders.table, as_of)
    counting, left_out = counting_orders(orders.table, end, returns)
    count_zero = zero_orders == "count"
    table, no_occasion = customer_rows(counting, end, days_per_unit=DAYS_PER_UNIT[unit], count_zero_orders=count_zero)
    dropped = _joined([orders.dropped, *left_out, no_occasion])
    if table.empty:
        explained = "; ".join(["No purchase is left", *left_out_line(dropped)])
        raise InputError(f"{explained}. Check the amounts and as_of.", dropped["row"])
    others = pd.DataFrame()
    if attributes is not None:
        column = orders.customer_column
        table, others = join_attributes(table, attributes, customer_column=column, taken=COMPUTED)
    return Customers(table, unit, end, orders.currency, dropped, others)


def _refuse_settings(orders: Any, zero_orders: str, returns: str) -> None:
    """Raise if an argument is of the wrong kind."""
    if not isinstance(orders, Transactions):
        cure = "Read them with read_transactions first; a ready table goes to Customers.from_summary."
        raise InputError(f"orders must be checked transactions, not {type(orders).__name__}. {cure}")
    refuse_choice("zero_orders", zero_orders, ("count", "drop"))
    refuse_choice("returns", returns, ("net", "ignore", "error"))


def require_customers(value: Any) -> None:
    """Say how to make customers, where something else was given.

    Raises
    ------
    InputError
        If the value is not `Customers`.
    """
    if not isinstance(value, Customers):
        raise InputError(
            f"Customers are needed, not a {type(value).__name__}. Make them with summarize(read_transactions(...)), "
            f"or from a ready table with Customers.from_summary(frame, time_unit='week')."
        )


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put lists of orders left out one below the other."""
    filled = [part[list(DROPPED_COLUMNS)] for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else _no_dropped()
