"""How order values of the same customers move from period to period: a small statistic of a log of orders."""

import datetime as dt
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from ltv_bayes.data.engine.duckdb import Connection, fetched_batches
from ltv_bayes.language import _
from ltv_bayes.sizes import READ_ROWS, one_blas_thread
from ltv_bayes.time_units import DAYS_PER_YEAR

PERIODS_IN_YEAR = (12, 4, 1)
MOST_PERIODS = 40
MOST_ORDERS = 10.0  # that a customer counts as: orders of one customer may have a drift of their own
LOG_DIGITS = 1e9  # logarithms as whole numbers, so that the order of rows cannot change a sum

FIRST_DAYS = "SELECT customer, min(day) AS since FROM days WHERE is_occasion GROUP BY customer"
GIVEN_DAYS = "SELECT customer, CAST(since AS DATE) AS since FROM starts"
EXTENT = "SELECT min(day) AS first_day FROM days WHERE is_occasion AND net > 0"
CELLS = """
-- Repeat orders that have a value, by customer and period; customers with orders in one period show no change.
SELECT customer, period, number, logs, periods
FROM (
    SELECT cells.*, count(*) OVER (PARTITION BY customer) AS periods
    FROM (
        SELECT
            customer,
            CAST(least(floor(date_diff('day', day, DATE '{as_of}') / CAST({length!r} AS DOUBLE)), {last}) AS BIGINT)
                AS period,
            CAST(count(*) AS DOUBLE) AS number,
            CAST(sum(CAST(round(ln(CAST(net AS DOUBLE)) * CAST({digits!r} AS DOUBLE)) AS BIGINT)) AS DOUBLE)
                / CAST({digits!r} AS DOUBLE) AS logs
        FROM days
        JOIN ({starts}) AS starting USING (customer)
        WHERE is_occasion AND net > 0 AND day > since
        GROUP BY 1, 2
    ) AS cells
) AS counted
WHERE periods > 1
"""


@dataclass(frozen=True, eq=False)
class PriceMoments:
    """Normal equations of the logarithm of order value on period, each customer about a mean of their own.

    Repeat orders that have a value count, those of a customer with n of them 1 / (1 + n / 10) each, so that no one
    counts as more than ten: what one large customer pays may move for reasons of its own. With W these weights, X the
    indicators of periods and M the projection that takes each customer's mean off, the least squares level b solves
    (X'WMX) b = X'WMy.

    Attributes
    ----------
    length : float
        Days in a period; periods are counted back from the as-of date.
    information : array of shape (periods, periods)
        X'WMX, the latest period first.
    score : array of shape (periods,)
        X'WMy.
    spread : array of shape (periods, periods)
        The sum over customers of u u', with u the customer's part of the score about the straight line that fits best:
        the covariance of the score, whatever the distribution of a customer's orders.
    customers : int
        Those with orders in several periods.
    """

    length: float
    information: np.ndarray
    score: np.ndarray
    spread: np.ndarray
    customers: int

    @property
    def years_ago(self) -> np.ndarray:
        """How long ago the middle of each period was: shape (periods,)."""
        return (np.arange(self.score.size) + 0.5) * self.length / DAYS_PER_YEAR

    def to_json(self) -> str:
        """Text of it, for files."""
        arrays = {name: getattr(self, name).tolist() for name in ("information", "score", "spread")}
        return json.dumps({"length": self.length, "customers": self.customers, **arrays})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read such a text.

        Raises
        ------
        ValueError
            If it is none.
        """
        try:
            found = dict(json.loads(text))
            information, score, spread = (np.array(found[name], float) for name in ("information", "score", "spread"))
            number, length, customers = score.size, float(found["length"]), int(found["customers"])
        except (KeyError, TypeError, RecursionError, OverflowError) as problem:
            raise ValueError(_("no moments of order values: {problem}", problem=problem)) from None
        squares = information.shape == spread.shape == (number, number)
        finite = all(np.isfinite(values).all() for values in (information, score, spread, length))
        if not (squares and finite and score.ndim == 1 and 0 < number <= MOST_PERIODS and length > 0 <= customers):
            raise ValueError(_("no moments of order values"))
        return cls(length, information, score, spread, customers)


def price_moments(connection: Connection, as_of: dt.date, *, given_starts: bool = False) -> PriceMoments | None:
    """Take the moments of the tables ``days`` and ``made``, the customers; ``given_starts`` as in `starts_of`.

    Returns
    -------
    PriceMoments or None
        None where no order has a value.
    """
    starts = starts_of("spend_frequency > 1", given_starts=given_starts)  # others show no change
    ((first,),) = connection.execute(EXTENT).fetchall()
    if first is None:
        return None
    length, number = periods_of((as_of - first).days)
    cells = cells_query(as_of, length, number, starts)
    batches = fetched_batches(connection.execute(f"{cells} ORDER BY customer, period"), READ_ROWS)
    return moments_of(_whole_customers(batches), length, number)


def starts_of(counting: str, *, given_starts: bool) -> str:
    """SQL for when the clock of customers starts, of those in the table ``made`` for whom a condition holds."""
    day = "since" if given_starts else "first_order"
    return f"SELECT customer_id AS customer, {day} AS since FROM made WHERE {counting}"


def cells_query(as_of: dt.date, length: float, number: int, starts: str = FIRST_DAYS) -> str:
    """SQL that gives the number of orders of customers in each period, and the sum of their logarithms."""
    return CELLS.format(as_of=as_of, length=length, last=number - 1, digits=LOG_DIGITS, starts=starts)


def periods_of(days: int) -> tuple[float, int]:
    """Choose the length of periods, in days, and their number, for orders that go back this many days.

    Examples
    --------
    >>> periods_of(365), periods_of(3650)
    ((30.4375, 12), (91.3125, 40))
    """
    for in_year in PERIODS_IN_YEAR:
        length = DAYS_PER_YEAR / in_year
        if days < length * MOST_PERIODS:
            break
    return length, min(MOST_PERIODS, math.floor(days / length) + 1)


@one_blas_thread()  # few numbers for each of many customers: more threads would wait for each other
def moments_of(batches: Iterator[pd.DataFrame], length: float, number: int) -> PriceMoments:
    """Add up the moments of customers.

    Parameters
    ----------
    batches : iterator of DataFrame
        Columns customer, period, number and logs (the sum of the logarithms of order values), all rows of a customer
        in one batch and together.
    length : float
        Days in a period.
    number : int
        How many periods there are.

    Examples
    --------
    >>> cells = pd.DataFrame({"customer": [1, 1], "period": [0, 1], "number": 1.0, "logs": [0.1, 0.0]})
    >>> moments_of(iter([cells]), 365.25, 2).score.round(4).tolist()
    [0.0417, -0.0417]
    """
    information, scores, customers = np.zeros((number, number)), np.zeros((2, number)), 0
    spreads = np.zeros((2, 2, number, number))
    line = -(np.arange(number) + 0.5)
    for cells in batches:
        owner, period = pd.factorize(cells["customer"])[0], cells["period"].to_numpy()
        orders, shape = cells["number"].to_numpy(), (owner.max(initial=-1) + 1, number)
        weight = 1 / (1 + np.bincount(owner, orders) / MOST_ORDERS)[owner]
        orders, logs = orders * weight, cells["logs"].to_numpy() * weight
        counts = np.zeros(shape)
        counts[owner, period] = orders
        total = counts.sum(axis=1, keepdims=True)
        information += np.diag(counts.sum(axis=0)) - (counts / total).T @ counts
        parts = np.zeros((shape[0], 2, number))  # of the logarithms, and of a straight line
        for kind, sums in enumerate((logs, orders * line[period])):
            part = parts[:, kind]
            part[owner, period] = sums
            part -= counts * (part.sum(axis=1, keepdims=True) / total)
        scores += parts.sum(axis=0)
        rows = parts.reshape(len(parts), -1)
        spreads += (rows.T @ rows).reshape(2, number, 2, number).swapaxes(1, 2)
        customers += len(total)
    return moments_from_sums(information, scores, spreads, customers, length)


def moments_from_sums(
    information: np.ndarray, scores: np.ndarray, spreads: np.ndarray, customers: int, length: float
) -> PriceMoments:
    """Take the moments about the straight line that fits best.

    Parameters
    ----------
    information : array of shape (periods, periods)
        X'WMX.
    scores : array of shape (2, periods)
        X'WM times the logarithms, and times a straight line that grows by one a period.
    spreads : array of shape (2, 2, periods, periods)
        The sums over customers of the products of their parts of these.
    """
    line = -(np.arange(len(information)) + 0.5)
    sizes = scores @ line
    slope = sizes[0] / sizes[1] if sizes[1] > 0 else 0.0
    spread = spreads[0, 0] - slope * (spreads[0, 1] + spreads[1, 0]) + slope**2 * spreads[1, 1]
    return PriceMoments(length, information, scores[0], spread, customers)


def _whole_customers(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Batches of rows, sorted by customer, cut where a customer ends."""
    rest: list[pd.DataFrame] = []
    for batch in batches:
        last = (batch["customer"] == batch["customer"].iloc[-1]).to_numpy()
        if not last.all():
            yield pd.concat([*rest, batch[~last]], ignore_index=True)
            rest = []
        rest.append(batch[last])
    if rest:
        yield pd.concat(rest, ignore_index=True)
