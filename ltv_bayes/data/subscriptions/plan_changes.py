"""Contracts of one customer that follow each other: a plan was changed, and the relation went on."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.calendar import Steps, contract_length, nearest_number
from ltv_bayes.data.subscriptions.renewals import CHANGES

NONE = -1
CHANGED = (*CHANGES, "contract_start", "earlier_renewals", "earlier_payments", "changed_on")


def followed_by(contracts: pd.DataFrame, ids: pd.Index, gap_days: int) -> np.ndarray:
    """Find for each contract that ended the one of the same customer that follows on it; -1 if there is none.

    It starts on the day on which the first was cancelled, or until which it was paid, or the day after, or at most a
    number of days later. A contract of the same product goes first, then the one that starts soonest.

    Parameters
    ----------
    contracts : pandas.DataFrame
        start; cancelled and paid_until, missing for contracts that have not ended; product.
    ids : pandas.Index
        Customers.
    gap_days : int
        The largest number of days between two contracts.

    Examples
    --------
    >>> days = {
    ...     "start": ["2024-01-15", "2024-04-20"],
    ...     "cancelled": ["2024-04-19", None],
    ...     "paid_until": ["2024-05-15", None],
    ... }
    >>> contracts = pd.DataFrame(days).astype("datetime64[us]").assign(product=["basic", "pro"])
    >>> followed_by(contracts, pd.Index(["Ada", "Ada"]), 0).tolist()
    [1, -1]
    """
    rows = contracts[["start", "cancelled", "paid_until", "product"]].reset_index(drop=True)
    rows = rows.assign(customer=ids.astype(str), row=np.arange(len(rows)))
    rows = rows[rows["customer"].duplicated(keep=False)]
    ended = rows[rows["cancelled"].notna() | rows["paid_until"].notna()]
    pairs = ended.merge(rows[["customer", "row", "start", "product"]], on="customer", suffixes=("", "_next"))
    later = (pairs["start_next"] > pairs["start"]) | (
        (pairs["start_next"] == pairs["start"]) & (pairs["row_next"] > pairs["row"])
    )
    wait = pd.concat([(pairs["start_next"] - pairs[day]).dt.days for day in ("cancelled", "paid_until")], axis=1)
    near = ((wait >= 0) & (wait <= max(1, gap_days))).any(axis=1)
    pairs = pairs.assign(other=pairs["product"] != pairs["product_next"])[later & near]
    pairs = pairs.sort_values(["other", "start_next", "row", "row_next"])
    following = np.full(len(contracts), NONE, dtype=np.int64)
    while len(pairs):
        chosen = pairs[~pairs["row"].duplicated() & ~pairs["row_next"].duplicated()]
        following[chosen["row"].to_numpy()] = chosen["row_next"].to_numpy()
        pairs = pairs[~pairs["row"].isin(chosen["row"]) & ~pairs["row_next"].isin(chosen["row_next"])]
    return following


def join_contracts(
    counted: pd.DataFrame,
    cancelled: pd.Series,
    ids: pd.Index,
    end: dt.date,
    gap_days: int,
    amounts: Sequence[str] = ("price",),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put contracts that follow each other into one relation each, and keep what had begun by the end.

    Parameters
    ----------
    counted : pandas.DataFrame
        Contracts as `count_renewals` makes them, with further columns.
    cancelled : pandas.Series
        Days of cancellation, missing where there is none.
    ids : pandas.Index
        Customers.
    end : datetime.date
        The day on which observation ends.
    gap_days : int
        The largest number of days between two contracts.
    amounts : sequence of str
        Columns of numbers that are kept of each contract.

    Returns
    -------
    table : pandas.DataFrame
        Indexed by customer; with the columns `CHANGED` if any contract follows another.
    contracts : pandas.DataFrame
        As `contracts_of` makes them.
    """
    last = pd.Timestamp(end)
    due = counted["next_due"].where(counted["next_due"] <= last)
    ends = counted.assign(cancelled=cancelled.where(cancelled <= last), paid_until=counted["ended_on"].fillna(due))
    following = followed_by(ends, ids, gap_days)
    went_on, begun = following != NONE, (counted["start"] <= last).to_numpy()
    next_due = counted["next_due"].where(~went_on, counted["next_due"].fillna(counted["ended_on"]))
    counted = counted.assign(
        lost=counted["lost"] & ~went_on, next_due=next_due, ended_on=counted["ended_on"].mask(went_on)
    ).set_axis(ids, axis="index")
    later = begun & np.where(went_on, begun[following], False)
    if not later.any():
        return counted[begun], contracts_of(counted[begun], np.full(begun.sum(), NONE), amounts)
    place = np.cumsum(begun) - 1
    next_of = np.where(later, place[following], NONE)[begun]
    return one_relation(counted[begun], next_of), contracts_of(counted[begun], next_of, amounts)


def contracts_of(contracts: pd.DataFrame, following: np.ndarray, amounts: Sequence[str] = ("price",)) -> pd.DataFrame:
    """Keep of each contract when it ran and what it cost, with the relation that it became part of.

    Parameters
    ----------
    contracts, following
        As in `one_relation`.
    amounts : sequence of str
        Columns of numbers that are kept.

    Returns
    -------
    pandas.DataFrame
        One row each: relation (its row in the table of `one_relation`), start, until (the first day on which it did not
        run; missing if it runs on), notice where it is given, the amounts, and period.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-15", "2024-04-20"])
    >>> table = pd.DataFrame({"start": days, "ended_on": pd.NaT, "price": [10.0, 20.0], "period": "month"})
    >>> contracts_of(table, np.array([1, -1]))[["relation", "until", "price"]]
       relation      until  price
    0         0 2024-04-20   10.0
    1         0        NaT   20.0
    """
    start, period = contracts["start"].to_numpy(dtype="M8[us]"), contracts["period"].to_numpy(dtype=str)
    followed = following != NONE
    until = np.where(followed, start[following], contracts["ended_on"].to_numpy(dtype="M8[us]"))
    kept = ~followed | (period[following] != period)
    relation = np.where(kept, np.arange(len(contracts)), following)
    while (relation != relation[relation]).any():
        relation = relation[relation]
    found = {"relation": (np.cumsum(kept) - 1)[relation], "start": start, "until": until}
    known = [*amounts, *(["notice"] if "notice" in contracts else [])]
    found |= {name: contracts[name].to_numpy(dtype=float) for name in known}
    return pd.DataFrame({**found, "period": period})


def one_relation(contracts: pd.DataFrame, following: np.ndarray) -> pd.DataFrame:
    """Put contracts that follow each other into one row: the last one, with what was done under those before.

    Where the new contract is of another length, both keep their rows: the first one says when it was changed. Where it
    takes the place of another before the end of a period, the rest of that period counts as not paid: it is credited.

    Parameters
    ----------
    contracts : pandas.DataFrame
        As `count_renewals` makes them, with further columns: all have begun.
    following : array of whole numbers
        As `followed_by` makes it.

    Returns
    -------
    pandas.DataFrame
        In the order of the contracts.
    """
    start, period = contracts["start"].to_numpy(dtype="M8[D]"), contracts["period"].to_numpy(dtype=str)
    first, earlier = start.copy(), np.zeros(len(contracts), dtype=np.int64)
    changes = np.zeros((len(contracts), len(CHANGES)), dtype=np.int64)
    price, made = contracts["price"].to_numpy(dtype=float), contracts["renewals"].to_numpy(dtype=np.int64)
    paid, a_day = np.zeros(len(contracts)), price / _days(period)
    changed_on, kept = np.full(len(contracts), np.datetime64("NaT", "D")), np.ones(len(contracts), dtype=bool)
    order = np.argsort(start, kind="stable")
    rows = order[following[order] != NONE]
    until_next = nearest_number(start[rows], start[following[rows]], period[rows])
    used = Steps.of(period[rows]).used(start[rows], made[rows], start[following[rows]])
    for row, after, number, periods in zip(rows, following[rows], until_next, used, strict=True):
        up, down = a_day[after] > a_day[row], a_day[after] < a_day[row]
        changes[after] += (up, down, not (up or down))
        if period[after] != period[row]:
            changed_on[row] = start[after]
            continue
        first[after], kept[row] = first[row], False
        changes[after] += changes[row]
        earlier[after] = earlier[row] + number
        paid[after] = paid[row] + periods * price[row]
    found = contracts.assign(
        start=first.astype("M8[us]"),
        renewals=made + earlier,
        **dict(zip(CHANGES, changes.T, strict=True)),
        contract_start=contracts["start"],
        earlier_renewals=earlier,
        earlier_payments=paid,
        changed_on=changed_on.astype("M8[us]"),
    )
    found["next_due"] = found["next_due"].mask(found["changed_on"].notna())
    unused = [name for name, used in (("earlier_payments", price), ("changed_on", changed_on)) if _empty(used)]
    return found[kept].drop(columns=unused)


def _empty(values: Any) -> bool:
    return bool(pd.isna(values).all())


def _days(period: Any) -> np.ndarray:
    names, which = np.unique(period, return_inverse=True)
    return np.array([contract_length(str(name)).days for name in names])[which]
