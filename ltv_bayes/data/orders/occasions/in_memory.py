"""Orders in memory to one row a customer: sorted once by one key of customer, day and row."""

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.repeat_days import OwnDays
from ltv_bayes.data.engine.duckdb import engine, fetched
from ltv_bayes.data.orders.occasions.customer_columns import Terms, customers_of
from ltv_bayes.data.orders.occasions.days import REASONS, Days, compiled, edges_of, net_of_days
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.occasions.prices import PriceSums
from ltv_bayes.data.orders.price_moments import PriceMoments
from ltv_bayes.time_units import MICROSECONDS_PER_DAY

KEY_BITS = 63
ID_BITS = 40
"""Whole numbers as ids stand for themselves in the key where they are within a range of so many bits."""


def customer_rows(
    orders: pd.DataFrame,
    as_of: dt.date,
    *,
    days_per_unit: float,
    count_zero_orders: bool,
    since: pd.Series | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, int, OwnDays, PriceMoments | None]:
    """Make the customer table of orders up to a day.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, date and amount of each order, none after ``as_of``.
    as_of : datetime.date
        The day on which observation ends.
    days_per_unit : float
        Days in the time unit of recency and T.
    count_zero_orders : bool
        Whether a day with an order but without value is an occasion.
    since : pandas.Series, optional
        The day from which each customer's clock runs, indexed by id, none after their first order: then each
        customer in it has a row, with a last column ``since``.

    Returns
    -------
    pandas.DataFrame
        One row a customer with at least one occasion, sorted by id.
    pandas.DataFrame
        The orders on days that are no occasions, with a reason.
    int
        The orders that are one purchase with another of the same customer and day.
    OwnDays
        The days of the repeat purchases of each.
    PriceMoments or None
        How order values move from period to period.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["Ada"] * 3, "amount": [10.0, 5.0, 20.0]})
    >>> orders["date"] = pd.to_datetime(["1997-01-01", "1997-01-01", "1997-01-15"])
    >>> end = dt.date(1997, 1, 29)
    >>> customer_rows(orders, end, days_per_unit=7, count_zero_orders=True)[0].loc["Ada", ["frequency", "recency", "T"]]
    frequency    1.0
    recency      2.0
    T            4.0
    Name: Ada, dtype: float64
    """
    known = orders["customer_id"]
    if since is not None:
        known = pd.concat([known, since.index.to_series()], ignore_index=True)
    codes, ids_of = _whole_ids(known)
    with engine(rows=len(orders)) as connection:
        connection.register("orders", orders[["date", "amount"]])
        money = WholeMoney.of_orders(lambda sql: fetched(connection.execute(sql)))
    log = _Sorted.of(codes[: len(orders)], orders["date"].to_numpy("datetime64[us]").view(np.int64))
    edges = edges_of(log.place)
    amounts = orders["amount"].to_numpy(dtype=float)[log.rows]
    net, kind, merged = net_of_days(amounts, edges, money, count_zero_orders=count_zero_orders)
    no_occasion = _listed(orders, log.rows, edges, kind)
    place = log.place[edges[:-1]]
    owners, day = place >> log.shift, ((place & ((1 << log.shift) - 1)) + log.first).astype(np.int32)
    if since is None:
        of_customers, start = edges_of(owners), None
        owner = owners[of_customers[:-1]]
    else:
        by_id = np.argsort(codes[len(orders) :])
        owner, start = codes[len(orders) :][by_id], since.to_numpy("datetime64[D]").astype(np.int64)[by_id]
        of_customers = np.append(np.searchsorted(owners, owner), len(owners))
    days, prices = Days(day, net, kind, of_customers), PriceSums(money, as_of)
    made = customers_of(days, Terms.of(money, as_of, days_per_unit), start)
    prices.add(days, start)
    columns = made.table()
    if start is not None:
        columns["since"] = (start * MICROSECONDS_PER_DAY).view("datetime64[us]")
    table = pd.DataFrame(columns, ids_of(owner[made.place]).rename("customer_id"), copy=False)
    return table, no_occasion, merged, OwnDays(made.repeat_days, made.repeat_ends), prices.moments()


class _Sorted(NamedTuple):
    """Orders sorted by customer and day.

    Attributes
    ----------
    place : array of shape (orders,)
        The customer's number, and in the last ``shift`` bits the day since the ``first``.
    rows : array of shape (orders,)
        Their rows.
    """

    place: np.ndarray
    rows: np.ndarray
    shift: int
    first: int

    @classmethod
    def of(cls, codes: np.ndarray, moments: np.ndarray) -> "_Sorted":
        """Sort by one whole number that holds customer, day and row; where that is too long, by customer and day."""
        if not len(codes):
            return cls(codes, codes, 0, 0)
        first, last = int(moments.min()) // MICROSECONDS_PER_DAY, int(moments.max()) // MICROSECONDS_PER_DAY
        shift, row_bits = (last - first).bit_length(), (len(codes) - 1).bit_length()
        key = np.empty(len(codes), dtype=np.int64)
        if int(codes.max()).bit_length() + shift + row_bits > KEY_BITS:
            _pack(codes, moments, first, shift, 0, key)
            rows = np.argsort(key)
            return cls(key[rows], rows, shift, first)
        _pack(codes, moments, first, shift, row_bits, key)
        key.sort()
        rows = key & ((1 << row_bits) - 1)
        key >>= row_bits
        return cls(key, rows, shift, first)


@compiled
def _pack(codes: Any, moments: Any, first: int, day_bits: int, row_bits: int, key: Any) -> None:
    """Put customer, day and, where it has bits, the row into one whole number each."""
    for row in range(key.size):
        place = codes[row] << day_bits | (moments[row] // MICROSECONDS_PER_DAY - first)
        key[row] = place << row_bits | row if row_bits > 0 else place


def _listed(orders: pd.DataFrame, rows: np.ndarray, edges: np.ndarray, kind: np.ndarray) -> pd.DataFrame:
    """The orders on days that are no occasions, in the order of the log, with the reason."""
    if not kind.any():
        return orders.head(0).assign(reason="")
    of_row = np.repeat(kind, np.diff(edges))
    away = np.flatnonzero(of_row)
    found = orders.iloc[rows[away]].assign(reason=[REASONS[one] for one in of_row[away]])
    return found.iloc[np.argsort(rows[away])]


def _whole_ids(ids: pd.Series) -> tuple[np.ndarray, Callable[[np.ndarray], pd.Index]]:
    """Give ids as whole numbers from 0 in the order of the ids, and what makes ids of such numbers again."""
    if isinstance(ids.dtype, np.dtype) and pd.api.types.is_integer_dtype(ids.dtype) and len(ids):
        lowest, highest = int(ids.min()), int(ids.max())
        if (highest - lowest).bit_length() <= ID_BITS:
            wide = np.uint64 if ids.dtype.kind == "u" else np.int64
            codes = (ids.to_numpy(wide) - wide(lowest)).astype(np.int64, copy=False)
            return codes, lambda some: pd.Index((some.astype(wide) + wide(lowest)).astype(ids.dtype))
    codes, distinct = pd.factorize(ids, sort=True)
    known = pd.Index(distinct)
    return codes, lambda some: known[some]
