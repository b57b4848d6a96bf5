"""Sorted orders to the days of customers, each worth the net amount of its orders."""

from typing import Any, NamedTuple

import numba
import numpy as np

from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.selection import NO_VALUE, RETURN_ONLY

OCCASION, WITHOUT_VALUE, RETURNED = 0, 1, 2
REASONS = ("", NO_VALUE, RETURN_ONLY)
"""Why a day is no occasion, by its kind."""
REFUNDED = 1e-13  # of what was ordered and returned on a day; less than that is rounding

compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")


class Days(NamedTuple):
    """The days on which customers ordered, sorted by customer and day.

    Attributes
    ----------
    day : array of shape (days,)
        Days since 1970-01-01: 32-bit whole numbers.
    net : array of shape (days,)
        The day's net amount times the scale of the money; NaN without amounts.
    kind : array of shape (days,)
        Whether the day is an occasion, and why not: 8-bit whole numbers.
    edges : array of shape (customers + 1,)
        Where the days of each customer begin, and where those of the last end.
    """

    day: np.ndarray
    net: np.ndarray
    kind: np.ndarray
    edges: np.ndarray


def edges_of(values: np.ndarray) -> np.ndarray:
    """Where each run of equal values begins, and where the last ends.

    Examples
    --------
    >>> edges_of(np.array([4, 4, 7])).tolist(), edges_of(np.array([])).tolist()
    ([0, 2, 3], [0])
    """
    if not len(values):
        return np.zeros(1, dtype=np.int64)
    return np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1, [len(values)]])


def net_of_days(
    amounts: np.ndarray, edges: np.ndarray, money: WholeMoney, *, count_zero_orders: bool
) -> tuple[np.ndarray, np.ndarray, int]:
    """Add up the amounts of each day of a customer.

    Parameters
    ----------
    amounts : array of shape (orders,)
        Those of a day together; NaN without money.
    edges : array of shape (days + 1,)
        Where the orders of each day begin.
    count_zero_orders : bool
        Whether a day with an order but without value is an occasion.

    Returns
    -------
    net, kind : array of shape (days,)
        As in `Days`.
    int
        The orders that are one purchase with another.

    Examples
    --------
    >>> money = WholeMoney(100.0, True, True, True)
    >>> amounts = np.array([29.7, 0.3, -30.0, -5.0])
    >>> net_of_days(amounts, np.array([0, 3, 4]), money, count_zero_orders=False)[:2]
    (array([   0., -500.]), array([1, 2], dtype=int8))
    """
    net, kind = np.empty(len(edges) - 1), np.empty(len(edges) - 1, dtype=np.int8)
    if not money.in_decimals:
        amounts = _sorted_within(amounts, edges)
    merged = _add_up(amounts, edges, money.local_scale, money.in_decimals, count_zero_orders, net, kind)
    return net, kind, int(merged)


def _sorted_within(amounts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Sort the amounts of days with three orders or more; a sum of two is the same in either order."""
    sizes = np.diff(edges)
    crowded = sizes > 2
    if not crowded.any():
        return amounts
    at, day = np.flatnonzero(np.repeat(crowded, sizes)), np.repeat(np.flatnonzero(crowded), sizes[crowded])
    sorted_within = amounts.copy()
    sorted_within[at] = amounts[at][np.lexsort((amounts[at], day))]
    return sorted_within


@compiled
def _add_up(amounts: Any, edges: Any, scale: float, whole: bool, count_zero_orders: bool, net: Any, kind: Any) -> int:
    """Fill in net amounts and kinds of days, and count the orders that are one purchase with another."""
    merged = 0
    for day in range(net.size):
        total, lost, size = 0.0, 0.0, 0.0
        orders, priced, ordered = 0, False, False
        for place in range(edges[day], edges[day + 1]):
            amount = amounts[place]
            if np.isnan(amount):
                orders += 1
                continue
            priced = True
            if amount >= 0:
                orders += 1
                ordered = True
            amount = np.rint(amount * scale) if whole else amount
            total, lost = plus(total, lost, amount)
            size += abs(amount)
        total += lost
        if not whole and abs(total) <= REFUNDED * size:
            total = 0.0  # what remains of a full refund by rounding
        net[day] = total if priced else np.nan
        if priced and not ordered:
            kind[day] = RETURNED
        elif priced and not count_zero_orders and total <= 0:
            kind[day] = WITHOUT_VALUE
        else:
            kind[day] = OCCASION
            merged += orders - 1
    return merged


@compiled
def plus(total: float, lost: float, number: float) -> Any:
    """Add a number to a sum and to what its rounding has lost: Neumaier (1974), ZAMM 54, 39-51."""
    after = total + number
    if abs(total) >= abs(number):
        return after, lost + ((total - after) + number)
    return after, lost + ((number - after) + total)
