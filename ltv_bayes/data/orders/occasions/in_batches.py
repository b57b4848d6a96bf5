"""Orders that come sorted, a batch at a time, to one row a customer, in bounded memory."""

import datetime as dt
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ltv_bayes.data.customers.repeat_days import by_day
from ltv_bayes.data.orders.occasions.customer_columns import Terms, customers_of
from ltv_bayes.data.orders.occasions.days import REASONS, Days, net_of_days
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.occasions.prices import PriceSums


class BatchesOfOrders:
    """Sorted orders as they are read, and what is known of all customers when they have been.

    Parameters
    ----------
    money : WholeMoney
        How their amounts are added up.
    first, as_of : datetime.date
        The days on which observation begins and ends.
    days_per_unit : float
        Days in the time unit of recency and T.
    count_zero_orders : bool
        Whether a day with an order but without value is an occasion.

    Attributes
    ----------
    prices : PriceSums
        How order values move from period to period.
    merged : int
        The orders that are one purchase with another of the same customer and day.
    """

    def __init__(
        self, money: WholeMoney, first: dt.date, as_of: dt.date, *, days_per_unit: float, count_zero_orders: bool
    ) -> None:
        self._money, self._count_zero_orders = money, count_zero_orders
        self._terms = Terms.of(money, as_of, days_per_unit)
        self._bought = np.zeros((as_of - first).days + 1, dtype=np.int64)
        self._first = np.datetime64(first, "D")
        self.prices, self.merged = PriceSums(money, as_of), 0

    def customers(self, batches: Iterable[pa.Table]) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Read the orders.

        Parameters
        ----------
        batches : iterable of pyarrow.Table
            Columns customer, date and amount, sorted by customer and date.

        Yields
        ------
        pyarrow.Table
            Customers, with customer_id.
        pyarrow.Table
            Days of theirs that are no occasions: customer, date and reason.
        """
        for days, edges in whole_groups(self._days(batches), ["customer"]):
            day, net, kind = (_array(days[name], kind) for name, kind in COLUMNS.items())
            some = Days(day, net, kind, edges)
            made = customers_of(some, self._terms)
            self.prices.add(some)
            self._bought += np.bincount(made.repeat_days - self._first.astype(int), minlength=self._bought.size)
            ids = days["customer"].take(edges[:-1][made.place])
            away = np.flatnonzero(some.kind)
            listed = days.select(["customer", "date"]).take(away)
            reasons = pa.array([REASONS[kind] for kind in some.kind[away]], pa.string())
            yield pa.table({"customer_id": ids, **made.table()}), listed.append_column("reason", reasons)

    def _days(self, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The days of customers, each with its net amount."""
        for orders, edges in whole_groups(batches, ["customer", "date"]):
            amounts = _array(orders["amount"], "float64")
            net, kind, merged = net_of_days(amounts, edges, self._money, count_zero_orders=self._count_zero_orders)
            self.merged += merged
            first_rows = orders.select(["customer", "date"]).take(edges[:-1])
            yield first_rows.append_column("net", pa.array(net)).append_column("kind", pa.array(kind))

    def repeat_days(self) -> pd.Series:
        """Repeat purchases of all customers by day."""
        return by_day(self._first + np.arange(self._bought.size), self._bought)


COLUMNS = {"date": "int32", "net": "float64", "kind": "int8"}


def whole_groups(tables: Iterable[pa.Table], keys: list[str]) -> Iterator[tuple[pa.Table, np.ndarray]]:
    """Cut sorted rows anew, so that no group of rows with the same keys is in two tables.

    Yields
    ------
    pyarrow.Table
        Whole groups.
    array of shape (groups + 1,)
        Where each of them begins, and where the last ends.

    Examples
    --------
    >>> parts = [pa.table({"a": [1, 1, 2]}), pa.table({"a": [2, 2]}), pa.table({"a": [2, 3]})]
    >>> [(part["a"].to_pylist(), edges.tolist()) for part, edges in whole_groups(parts, ["a"])]
    [([1, 1], [0, 2]), ([2, 2, 2, 2], [0, 4]), ([3], [0, 1])]
    """
    waiting: list[pa.Table] = []
    for table in tables:
        if not table.num_rows:
            continue
        if waiting and all(waiting[0][key][0] == table[key][-1] for key in keys):
            waiting.append(table)
            continue
        rows = pa.concat_tables([*waiting, table])
        edges = _edges(rows, keys)
        if len(edges) > 2:
            yield rows.slice(0, edges[-2]), edges[:-1]
        waiting = [rows.slice(edges[-2])]
    if waiting:
        rows = pa.concat_tables(waiting)
        yield rows, _edges(rows, keys)


def _edges(rows: pa.Table, keys: list[str]) -> np.ndarray:
    """Where each group of rows begins, and where the last ends."""
    changed = np.zeros(rows.num_rows - 1, dtype=bool)
    for key in keys:
        values = rows[key]
        changed |= pc.not_equal(values.slice(1), values.slice(0, len(changed))).to_numpy()
    return np.concatenate([[0], np.flatnonzero(changed) + 1, [rows.num_rows]])


def _array(values: pa.ChunkedArray, kind: str) -> np.ndarray:
    """A column of its own in memory; missing numbers are NaN."""
    if pa.types.is_date32(values.type):
        values = values.cast(pa.int32())
    return np.array(values.to_numpy(), dtype=kind)
