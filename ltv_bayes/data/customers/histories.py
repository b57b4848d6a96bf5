"""Equal rows of a customer table, found once with their counts: a likelihood needs no more."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers, require_history

HISTORIES = """
SELECT
    CAST(frequency AS DOUBLE) AS frequency, CAST(recency AS DOUBLE) AS recency, CAST("T" AS DOUBLE) AS "T",
    count(*) AS number
FROM customers
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
"""
SPEND = """
SELECT
    CAST(spend_frequency AS DOUBLE) AS frequency, CAST(monetary_value AS DOUBLE) AS monetary_value, count(*) AS number
FROM customers
WHERE spend_frequency > 0
GROUP BY 1, 2
ORDER BY 1, 2
"""


@dataclass(frozen=True, eq=False)
class Histories:
    """The distinct purchase histories of customers, sorted.

    Attributes
    ----------
    frequency, recency, T : numpy.ndarray
        One entry a distinct history, as floats.
    count : numpy.ndarray
        How many customers share it.
    """

    frequency: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    count: np.ndarray

    def __len__(self) -> int:
        return len(self.count)


@dataclass(frozen=True, eq=False)
class SpendHistories:
    """The distinct spending histories of the customers with repeat spend, sorted.

    Attributes
    ----------
    frequency, monetary_value : numpy.ndarray
        Number of repeat occasions with value, and their mean value: one entry a distinct history, as floats.
    count : numpy.ndarray
        How many customers share it.
    """

    frequency: np.ndarray
    monetary_value: np.ndarray
    count: np.ndarray

    def __len__(self) -> int:
        return len(self.count)


@dataclass(frozen=True, eq=False)
class EventHistories:
    """The distinct numbers of events with their exposure, sorted.

    Attributes
    ----------
    frequency, T : numpy.ndarray
        Number of events, and the time in which they could happen: one entry a distinct pair, as floats.
    count : numpy.ndarray
        How many customers share it.
    """

    frequency: np.ndarray
    T: np.ndarray
    count: np.ndarray

    def __len__(self) -> int:
        return len(self.count)


def unique_histories(customers: Customers) -> Histories:
    """Find the distinct (frequency, recency, T) of customers.

    Examples
    --------
    >>> table = pd.DataFrame({"frequency": [0, 2, 0], "recency": [0.0, 3.0, 0.0], "T": [5.0, 5.0, 5.0]})
    >>> unique_histories(Customers(table, "week")).count.tolist()
    [2, 1]
    """
    require_history(customers)
    found = customers.rows.ask(HISTORIES, ("frequency", "recency", "T"))
    return Histories(*(found[name].to_numpy() for name in ("frequency", "recency", "T", "number")))


def without_recency(histories: Histories) -> EventHistories:
    """Put histories together that differ in nothing but the date of the last event.

    Examples
    --------
    >>> table = pd.DataFrame({"frequency": [2, 2, 0], "recency": [3.0, 4.0, 0.0], "T": [5.0, 5.0, 5.0]})
    >>> without_recency(unique_histories(Customers(table, "week"))).count.tolist()
    [1, 2]
    """
    frame = pd.DataFrame({name: getattr(histories, name) for name in ("frequency", "T", "count")})
    merged = frame.groupby(["frequency", "T"], as_index=False)["count"].sum()
    return EventHistories(*(merged[name].to_numpy() for name in ("frequency", "T", "count")))


def unique_spend(customers: Customers) -> SpendHistories:
    """Find the distinct (spend_frequency, monetary_value) of the customers with repeat spend.

    Examples
    --------
    >>> history = {"frequency": [0, 2, 2], "recency": [0.0, 3.0, 4.0], "T": 5.0}
    >>> table = pd.DataFrame(history | {"spend_frequency": [0, 2, 2], "monetary_value": [np.nan, 9.0, 9.0]})
    >>> unique_spend(Customers(table, "week")).count.tolist()
    [2]
    """
    require_history(customers)
    found = customers.rows.ask(SPEND, ("spend_frequency", "monetary_value"))
    return SpendHistories(*(found[name].to_numpy() for name in ("frequency", "monetary_value", "number")))


def typical_order(customers: Customers) -> float:
    """The median of first_value, or of monetary_value where there are no first values; NaN without money.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 2], "recency": [0.0, 3.0], "T": [4.0, 4.0]})
    >>> typical_order(Customers.from_summary(frame.assign(monetary_value=[None, 8.0]), time_unit="week"))
    8.0
    """
    if not (customers.in_memory and customers.has_history):
        return customers.overview().typical_order
    name = "first_value" if "first_value" in customers.columns else "monetary_value"
    return float(customers.table[name].median())


def distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the distinct rows of numbers, sorted, and for every row the place of its like.

    Each column becomes whole numbers before they are combined, which is faster than sorting rows.

    Parameters
    ----------
    rows : array of shape (rows, columns)

    Returns
    -------
    array of shape (distinct rows, columns)
    array of shape (rows,)

    Examples
    --------
    >>> distinct, place = distinct_rows(np.array([[0.0, 5.0], [2.0, 5.0], [0.0, 5.0]]))
    >>> distinct.tolist(), place.tolist()
    ([[0.0, 5.0], [2.0, 5.0]], [0, 1, 0])

    Missing numbers are a value of their own, before all others:

    >>> distinct_rows(np.array([[1.0, np.nan], [0.0, 5.0], [1.0, np.nan], [1.0, -9.0]]))[1].tolist()
    [1, 0, 1, 2]
    """
    codes = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        ranks, distinct = pd.factorize(column, sort=True)  # -1 is a missing number
        codes = pd.factorize(codes * (len(distinct) + 1) + ranks + 1, sort=True)[0].astype(np.int64)
    first = np.empty(codes.max(initial=-1) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of several assignments the last one stays
    return rows[first], codes
