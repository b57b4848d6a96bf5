"""When the renewals of subscriptions were due, in periods of equal length that all share."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.calendar import Steps
from ltv_bayes.data.subscriptions.renewals import Renewals, number_due, present_contract, settled_day
from ltv_bayes.time_units import as_date

ROUNDING = 1e-9
NONE, NO_COVARIATES = np.empty(0), np.empty((0, 0))


class Schedules(NamedTuple):
    """Distinct sequences of renewal dates.

    Attributes
    ----------
    place : array of shape (subscriptions,)
        The schedule of each subscription.
    first : array of shape (schedules + 1,)
        Where the renewals of each schedule begin; they end where the next one's begin.
    period : array of shape (renewals,)
        The period of each renewal; 0 begins after the day from which periods are counted, and -1 ends on it.
    days : array of shape (renewals,), or empty
        Days from then until each, where every subscription has a schedule of its own.
    known : array of shape (renewals, covariates), or empty
        Values of covariates by date that were known before each; NaN where there were none.
    """

    place: np.ndarray
    first: np.ndarray
    period: np.ndarray
    days: np.ndarray = NONE
    known: np.ndarray = NO_COVARIATES

    @classmethod
    def of(cls, table: pd.DataFrame, number: Any, day: dt.date, length: float) -> "Schedules":
        """Find the schedules of subscriptions.

        Parameters
        ----------
        table : pandas.DataFrame
            As that of `Renewals`, with dates.
        number : array of shape (subscriptions,)
            How many renewals of each subscription, from its first.
        day : datetime.date
            The day from which periods are counted.
        length : float
            Of a period, in days.

        Examples
        --------
        >>> dates = pd.to_datetime(["2024-01-15", "2024-01-16", "2024-03-15"])
        >>> table = pd.DataFrame({"start": dates, "period": "month"})
        >>> found = Schedules.of(table, [3, 3, 1], dt.date(2024, 4, 30), 365.25 / 12)
        >>> found.place.tolist(), found.first.tolist(), found.period.tolist()
        ([0, 0, 1], [0, 3, 4], [-3, -2, -1, -1])
        """
        start, earlier = present_contract(table)
        lengths = table["period"].to_numpy(dtype=str)
        keys = {"first": table["start"].to_numpy(), "start": start, "earlier": earlier, "each": lengths}
        alike = pd.DataFrame({**keys, "number": np.asarray(number, dtype=np.int64)})
        which = alike.groupby(list(alike), sort=False).ngroup().to_numpy()
        one = np.unique(which, return_index=True)[1]
        due = period_of(_dates(alike.iloc[one]), day, length)
        sequences = np.full((len(one), due.shape[1]), np.iinfo(np.int64).max)
        known = np.arange(due.shape[1]) < alike["number"].to_numpy()[one, np.newaxis]
        sequences[known] = due[known]
        distinct, place = np.unique(sequences, axis=0, return_inverse=True)
        filled = distinct < np.iinfo(np.int64).max
        first = np.concatenate([[0], np.cumsum(filled.sum(axis=1))])
        return cls(place.ravel()[which], first, distinct[filled])


def settled_schedules(renewals: Renewals, length: float, day: dt.date | None = None) -> Schedules:
    """Schedules of subscriptions with dates, of the renewals that were due by the day until which all is known.

    Periods are counted from a day, the as-of date where it is not given.
    """
    number = number_due(renewals.table, pd.Timestamp(str(settled_day(renewals))).to_datetime64())
    return Schedules.of(renewals.table, number, day or as_date(renewals.as_of), length)


def schedules_apart(
    renewals: Renewals, number: Any, day: dt.date, length: float, names: Sequence[str] = ()
) -> Schedules:
    """Of each subscription by itself, with what was known of covariates before each of its renewals.

    That is what is dated before the renewal, and before the notice of one that was not made.

    Parameters
    ----------
    number, day, length
        As in `Schedules.of`.
    names : sequence of str
        Covariates by date.
    """
    table, number = renewals.table, np.asarray(number, dtype=np.int64)
    start, earlier = present_contract(table)
    keys = {"first": table["start"].to_numpy(), "start": start, "earlier": earlier}
    due = _dates(pd.DataFrame({**keys, "each": table["period"].to_numpy(dtype=str), "number": number}))
    asked = np.arange(due.shape[1]) < number[:, np.newaxis]
    dates, first = due[asked], np.concatenate([[0], np.cumsum(number)])
    known = np.empty((len(dates), 0))
    if names:
        assert renewals.covariates is not None
        until = dates.copy()
        failed = table["lost"].to_numpy(dtype=bool) & (number > table["renewals"].to_numpy())
        place = (first[:-1] + table["renewals"].to_numpy(dtype=np.int64))[failed]
        until[place] = np.fmin(until[place], _told_on(renewals)[failed])
        known = renewals.covariates.before(table.index.repeat(number), until, names)
    days = (dates - np.datetime64(day, "D")).astype(float)
    return Schedules(np.arange(len(table)), first, period_after(days, length), days, known)


def _told_on(renewals: Renewals) -> np.ndarray:
    """The day on which each lost subscription was cancelled; NaT where it was not."""
    table, contracts = renewals.table, renewals.contracts
    found = np.full(len(table), np.datetime64("NaT", "D"))
    if contracts is None or "notice" not in contracts:
        return found
    relation, notice = contracts["relation"].to_numpy(), contracts["notice"].to_numpy(dtype=float)
    until = contracts["until"].to_numpy(dtype="M8[D]")
    last = ~np.isnan(notice) & (until == table["ended_on"].to_numpy(dtype="M8[D]")[relation])
    found[relation[last]] = until[last] - notice[last].astype("m8[D]")
    return found


def period_of(dates: Any, day: dt.date, length: float) -> np.ndarray:
    """The period that days lie in, counted from a day, which is the last one of period -1.

    Examples
    --------
    >>> period_of(np.array(["2024-04-30", "2024-05-01", "2024-06-30"], "M8[D]"), dt.date(2024, 4, 30), 30.5).tolist()
    [-1, 0, 1]
    """
    return period_after((np.asarray(dates, dtype="M8[D]") - np.datetime64(day, "D")).astype(float), length)


def period_after(days: Any, length: float) -> np.ndarray:
    """The same of numbers of days after that day."""
    return np.ceil(np.asarray(days) / length - ROUNDING).astype(np.int64) - 1


def _dates(contracts: pd.DataFrame) -> np.ndarray:
    """Renewal dates: an array of shape (contracts, largest number), the later ones of some beyond their number."""
    steps = Steps.of(contracts["each"].to_numpy(dtype=str)[:, np.newaxis])
    first, start = (contracts[name].to_numpy(dtype="M8[D]")[:, np.newaxis] for name in ("first", "start"))
    earlier = contracts["earlier"].to_numpy()[:, np.newaxis]
    number = np.arange(1, max(contracts["number"].max(), 1) + 1)
    before = np.minimum(steps.after(first, np.minimum(number, earlier)), start)
    return np.where(number <= earlier, before, steps.after(start, np.maximum(number - earlier, 0)))
