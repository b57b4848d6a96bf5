"""Equal rows of a customer table, found once with their counts: a likelihood needs no more."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Histories:
    """The distinct purchase histories of a customer table, sorted.

    Attributes
    ----------
    frequency, recency, T : numpy.ndarray
        One entry a distinct history, as floats.
    count : numpy.ndarray
        How many customers share it.
    inverse : numpy.ndarray
        For every customer, the place of its history.
    """

    frequency: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    count: np.ndarray
    inverse: np.ndarray

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
    inverse : numpy.ndarray
        For every customer in ``customers``, the place of its history.
    customers : numpy.ndarray
        Positions in the customer table of those with repeat spend.
    ids : pandas.Index
        Their ids.
    """

    frequency: np.ndarray
    monetary_value: np.ndarray
    count: np.ndarray
    inverse: np.ndarray
    customers: np.ndarray
    ids: pd.Index

    def __len__(self) -> int:
        return len(self.count)


def unique_histories(table: pd.DataFrame) -> Histories:
    """Find the distinct (frequency, recency, T) of a customer table.

    Examples
    --------
    >>> table = pd.DataFrame({"frequency": [0, 2, 0], "recency": [0.0, 3.0, 0.0], "T": [5.0, 5.0, 5.0]})
    >>> histories = unique_histories(table)
    >>> histories.count.tolist(), histories.inverse.tolist()
    ([2, 1], [0, 1, 0])
    """
    columns = [table[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]
    first, count, inverse = unique_rows(columns)
    frequency, recency, T = (column[first] for column in columns)
    return Histories(frequency, recency, T, count, inverse)


def unique_spend(table: pd.DataFrame) -> SpendHistories:
    """Find the distinct (spend_frequency, monetary_value) of the customers with repeat spend.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"spend_frequency": [0, 2, 2], "monetary_value": [np.nan, 9.0, 9.0]}, index=["a", "b", "c"]
    ... )
    >>> spend = unique_spend(table)
    >>> spend.count.tolist(), spend.customers.tolist(), spend.ids.tolist()
    ([2], [1, 2], ['b', 'c'])
    """
    customers = np.flatnonzero(table["spend_frequency"].to_numpy() > 0)
    columns = [table[name].to_numpy(dtype=float)[customers] for name in ("spend_frequency", "monetary_value")]
    first, count, inverse = unique_rows(columns)
    frequency, value = (column[first] for column in columns)
    return SpendHistories(frequency, value, count, inverse, customers, table.index[customers])


def unique_rows(columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the distinct rows of equally long columns, sorted by the first column, then the next.

    Each column becomes whole numbers before they are combined, which is faster than sorting rows.

    Returns
    -------
    numpy.ndarray
        Where each distinct row stands first.
    numpy.ndarray
        How often it stands there.
    numpy.ndarray
        For every row, the place of its distinct row.
    """
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        ranks, distinct = pd.factorize(column, sort=True)
        codes = pd.factorize(codes * len(distinct) + ranks, sort=True)[0].astype(np.int64)
    count = np.bincount(codes)
    first = np.empty(len(count), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of several assignments the last one stays
    return first, count, codes
