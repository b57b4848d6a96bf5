"""Histories of customers laid out for the compiled likelihoods, group after group.

What depends on the frequency alone is computed once per purchase number, since a sum over customers of
ln (r + 0) + ... + ln (r + x - 1) is a sum over k of ln (r + k) times the number of customers with more than k
purchases. Logarithms of times are computed once per distinct T and per distinct t_x, which are dates and so are few.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from ltv_bayes.formulas.models.bg_cnbd import shape_of_recency
from ltv_bayes.formulas.special import Array, IntArray

NO_TIMES, NO_PLACES, NO_COVARIATES = np.empty(0), np.empty(0, dtype=np.int64), np.empty((0, 0))
Places = np.ndarray[Any, np.dtype[np.integer[Any]]]


class PurchaseTables(NamedTuple):
    """Purchase histories laid out for the kernels.

    Attributes
    ----------
    more_than : array of shape (largest frequency,)
        Number of customers with more than k repeat purchases, k = 0, 1, ...
    T, log_T, T_customers, T_purchases : arrays of shape (distinct T,)
        Distinct T with its logarithm, and the number of customers, and of their repeat purchases, with each.
    t_x, log_t_x : arrays of shape (distinct recencies of customers who may have left,)
        Distinct recency with its logarithm.
    x, first : arrays of shape (distinct frequencies of customers who may have left,) and one more
        Distinct frequency, and where its rows begin; they end where the next one's begin.
    T_at, t_x_at, customers : arrays of shape (unique histories of customers who may have left,)
        Places of T and recency among the distinct ones, and number of customers; sorted by frequency.
    constant, k : arrays of shape (1,)
        What the likelihood contains of the data alone, and how regular purchases are, where a model asks for it.
    T_once : array of shape (distinct T,)
        Of the customers with each, the number of those without a repeat purchase.
    by_T, by_t_x : arrays of the shapes of T and t_x, or empty
        Derivatives by times are added here, where they are asked for.
    """

    more_than: Array
    T: Array
    log_T: Array
    T_customers: Array
    T_purchases: Array
    t_x: Array
    log_t_x: Array
    x: Array
    first: Places
    T_at: Places
    t_x_at: Places
    customers: Array
    constant: Array
    k: IntArray
    by_T: Array = NO_TIMES
    by_t_x: Array = NO_TIMES
    T_once: Array = NO_TIMES


class SpendTables(NamedTuple):
    """Spend histories laid out for the kernel.

    Attributes
    ----------
    x, first : arrays of shape (distinct frequencies,) and one more
        Distinct frequency, and where its rows begin; they end where the next one's begin.
    x_customers : array of shape (distinct frequencies,)
        Number of customers with each.
    log_total, customers : arrays of shape (unique spend histories,)
        Logarithm of total spend, and number of customers; sorted by frequency.
    constant : array of shape (1,)
        What the likelihood contains of the data alone.
    """

    x: Array
    first: Places
    x_customers: Array
    log_total: Array
    customers: Array
    constant: Array


class EventTables(NamedTuple):
    """Events and exposures laid out for the kernel: it takes sums by events and by exposure, not the two together.

    Attributes
    ----------
    more_than : array of shape (largest number of events,)
        Number of customers with more than k events, k = 0, 1, ...
    T, T_customers, T_events : arrays of shape (distinct exposures,)
        Distinct exposure, and the number of customers, and of their events, with each.
    constant : array of shape (1,)
        What the likelihood contains of the data alone.
    by_T : array of the shape of T, or empty
        Derivatives by exposures are added here, where they are asked for.
    """

    more_than: Array
    T: Array
    T_customers: Array
    T_events: Array
    constant: Array
    by_T: Array = NO_TIMES


class RenewalTables(NamedTuple):
    """Histories of subscriptions.

    Attributes
    ----------
    renewals, lost, observed_from, subscriptions : arrays of shape (unique histories,)
        Renewals made, 1 where it was lost, the renewals after which it is observed, and the number with all of these.
    begin : array of shape (unique histories,), or empty
        On a clock, where the renewals of each begin among those below, which histories may share.
    number : array of shape (renewals due,), or empty
        The number of each renewal, from 1 on at the first of a schedule.
    log_factor : array of shape (renewals due,), or empty
        Logarithm of what moves the churn of all at each.
    covariates : array of shape (renewals due, covariates)
        Standardised values that were known before each; their slopes are the last parameters.
    unknown : array of shape (renewals due, covariates)
        1 where none was, and 0 elsewhere: such a renewal counts like the mean over normal values, which is that of all.
    together : array of shape (covariates, covariates)
        Correlations of the values.
    by_log_factor : array of shape (renewals due,), or empty
        Derivatives are added here.
    """

    renewals: Array
    lost: Array
    observed_from: Array
    subscriptions: Array
    begin: IntArray = NO_PLACES
    number: IntArray = NO_PLACES
    log_factor: Array = NO_TIMES
    covariates: Array = NO_COVARIATES
    unknown: Array = NO_COVARIATES
    together: Array = NO_COVARIATES
    by_log_factor: Array = NO_TIMES


def end_to_end[T: tuple[Any, ...]](tables: Sequence[T]) -> tuple[IntArray, T]:
    """Lay the tables of groups end to end.

    Returns
    -------
    array of shape (tables, groups + 1)
        Where those of each group begin.
    tuple of arrays
        The tables.
    """
    kinds = list(zip(*tables, strict=True))
    at = np.array([np.cumsum([0, *(len(part) for part in kind)]) for kind in kinds], dtype=np.int64)
    return at, type(tables[0])(*(np.concatenate(kind) for kind in kinds))


def purchase_tables(
    frequency: Array, recency: Array, T: Array, count: Array, *, once_too: bool = False, k: int | None = None
) -> PurchaseTables:
    """Lay out unique histories with their counts.

    Parameters
    ----------
    once_too : bool
        Whether customers who bought once have rows of their own: where they may leave after the first purchase, as in
        MBG/NBD, or purchases are regular.
    k : int, optional
        How regular purchases are, in a model that asks for it.
    """
    frequency, recency, count = (np.asarray(values, dtype=float) for values in (frequency, recency, count))
    more_than = _customers_with_more(frequency, count)
    distinct_T, T_at = np.unique(np.asarray(T, dtype=float), return_inverse=True)
    weights = (count, count * frequency, count * (frequency == 0))
    T_customers, T_purchases, T_once = (np.bincount(T_at, weights=weight) for weight in weights)
    order = np.argsort(frequency, kind="stable")
    if not once_too:
        order = order[np.searchsorted(frequency[order], 0.0, side="right") :]
    distinct_t_x, t_x_at = np.unique(recency[order], return_inverse=True)
    x, first = _blocks_of(frequency[order])
    T_at, t_x_at = T_at[order].astype(np.uint32), t_x_at.astype(np.uint32)
    with np.errstate(divide="ignore"):
        log_T, log_t_x = np.log(distinct_T), np.log(distinct_t_x)
    of_T, of_t_x = (distinct_T, log_T, T_customers, T_purchases), (distinct_t_x, log_t_x)
    constant = 0.0 if k is None else np.sum(count * shape_of_recency(frequency, recency, k))
    of_data = np.array([constant]), np.array([k or 1], dtype=np.int64)
    return PurchaseTables(more_than, *of_T, *of_t_x, x, first, T_at, t_x_at, count[order], *of_data, T_once=T_once)


def spend_tables(frequency: Array, monetary_value: Array, count: Array) -> SpendTables:
    """Lay out unique spend histories with their counts."""
    order = np.argsort(frequency, kind="stable")
    frequency, value, count = (np.asarray(v, dtype=float)[order] for v in (frequency, monetary_value, count))
    x, first = _blocks_of(frequency)
    log_value = np.log(value)
    constant = np.array([-np.sum(count * log_value)])
    return SpendTables(
        x, first, np.diff(np.append(0.0, np.cumsum(count))[first]), np.log(frequency) + log_value, count, constant
    )


def event_tables(frequency: Array, T: Array, count: Array) -> EventTables:
    """Lay out unique pairs of events and exposure with their counts."""
    events, count = np.asarray(frequency, dtype=float), np.asarray(count, dtype=float)
    exposure, at = np.unique(np.asarray(T, dtype=float), return_inverse=True)
    customers, of_exposure = (np.bincount(at, weights=weight) for weight in (count, count * events))
    constant = np.sum(special.xlogy(of_exposure, exposure)) - np.sum(count * special.gammaln(events + 1))
    return EventTables(_customers_with_more(events, count), exposure, customers, of_exposure, np.array([constant]))


def _customers_with_more(number: Array, count: Array) -> Array:
    """How many customers have more than 0, 1, ... of something, up to one less than the largest number."""
    return count.sum() - np.cumsum(np.bincount(number.astype(np.int64), weights=count))[:-1]


def _blocks_of(ascending: Array) -> tuple[Array, Places]:
    """Distinct values, and where each begins; one more place for the end."""
    distinct, first = np.unique(ascending, return_index=True)
    return distinct, np.append(first, ascending.size).astype(np.int64)
