"""Purchases, and events, on the clock of a factor: recency, T and exposure are operational times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from ltv_bayes.data.customers.grouping import InGroups
from ltv_bayes.formulas.kernels.tables import EventTables, PurchaseTables, end_to_end
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.models.density.calendar import Calendar

SINCE_END = "time_since_end"

Places = tuple[IntArray, Array]  # the period of each age, 0 the latest, and how far the age reaches into it
Columns = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Spans:
    """Spans of time, with the operational time in each.

    Attributes
    ----------
    length : float
        Of a period.
    begin, end : Places
        Where they lie among the periods.
    """

    length: float
    begin: Places
    end: Places

    @classmethod
    def of(cls, begin: Array, end: Array, calendar: Calendar) -> Self:
        """Find the places of spans between ages, times before the as-of date."""

        def places(ages: Array) -> Places:
            period = np.minimum(np.floor(ages / calendar.length), calendar.number - 1).astype(np.int64)
            return period, ages - period * calendar.length

        return cls(calendar.length, places(begin), places(end))

    def at(self, factor: Array) -> Array:
        """Operational time in each: shape (..., spans), at factors of shape (..., periods)."""
        begun = np.zeros((*factor.shape[:-1], factor.shape[-1] + 1))
        np.cumsum(factor, axis=-1, out=begun[..., 1:])
        begun *= self.length
        since_begin, since_end = (  # rows lie one after another, as kernels are compiled for
            np.take(begun, at, axis=-1) + np.take(factor, at, axis=-1) * rest for at, rest in (self.begin, self.end)
        )
        return np.asarray(since_begin - since_end)

    def slopes(self, by: Array, number: int) -> Array:
        """Derivatives by the factor of each period, from those by operational time: shape (periods,)."""
        return self._of(self.begin, by, number) - self._of(self.end, by, number)

    def _of(self, ages: Places, by: Array, number: int) -> Array:
        period, rest = ages
        whole = np.bincount(period, by, number)
        later = np.cumsum(whole[::-1])[::-1] - whole
        return np.asarray(np.bincount(period, by * rest, number) + self.length * later)


@dataclass(frozen=True, eq=False)
class PurchaseClock:
    """Histories of purchases, with times that follow from the factor; see `density.calendar.OnClock`.

    Attributes
    ----------
    tables : PurchaseTables
        The kernel's, of all groups.
    T, t_x : Spans
        Of each distinct T, and from its begin to the last purchase for each distinct pair of recency and T.
    after_first, lasts : arrays of shape (pairs,)
        Of the customers with each pair, k x - 1 added up, and their number, where they bought again.
    """

    tables: PurchaseTables
    T: Spans
    t_x: Spans
    after_first: Array
    lasts: Array

    @classmethod
    def of(cls, make: Callable[..., Any], data: InGroups, calendar: Calendar) -> tuple[IntArray, Self]:
        """Lay out the histories of groups; also where those of each begin.

        Parameters
        ----------
        make : callable
            From columns of histories to a kernel's tables.
        data : InGroups
            With columns frequency, recency and T, and time_since_end where some were observed until an earlier day.
        """
        groups = _with_ends(data)
        spans, of_span = _coded(groups, ("T", SINCE_END))
        pairs, of_pair = _coded(groups, ("recency", "T", SINCE_END))
        made = [
            make(**{**columns, "recency": pair, "T": span})._replace(constant=make(**columns).constant)
            for columns, pair, span in zip(groups, of_pair, of_span, strict=True)
        ]
        at, tables = end_to_end(made)
        x, n = (np.concatenate([one[name] for one in groups]) for name in ("frequency", "count"))
        place, taken = np.concatenate(of_pair).astype(np.int64), tables.t_x.astype(np.int64)
        again, k = n * (x > 0), int(tables.k[0])
        after_first, lasts = (np.bincount(place, w, len(pairs)) for w in (again * (k * x - 1.0), again))
        share = 1.0 / np.maximum(np.bincount(taken, minlength=len(pairs)), 1)  # a pair may stand in several groups
        T, ended = spans[tables.T.astype(np.int64)].T
        recency, T_of_pair, ended_of_pair = pairs[taken].T
        silence = np.maximum(T_of_pair - recency, 0.0)
        found = cls(
            tables,
            Spans.of(ended + T, ended, calendar),
            Spans.of(ended_of_pair + T_of_pair, ended_of_pair + silence, calendar),
            (after_first * share)[taken],
            (lasts * share)[taken],
        )
        return at, found

    moved = ("T", "log_T", "t_x", "log_t_x", "by_T", "by_t_x")

    def at(self, log_factor: Array) -> PurchaseTables:
        """The kernel's tables at a factor, or at several, with room for derivatives by times."""
        factor = np.exp(log_factor)
        T, t_x = self.T.at(factor), np.maximum(self.t_x.at(factor), 0.0)
        with np.errstate(divide="ignore"):
            log_T, log_t_x = np.log(T), np.log(t_x)
        by_T, by_t_x = np.zeros(T.shape), np.zeros(t_x.shape)
        return self.tables._replace(T=T, log_T=log_T, t_x=t_x, log_t_x=log_t_x, by_T=by_T, by_t_x=by_t_x)

    @cached_property
    def usual(self) -> Array:
        """The same of a factor of 1, which the plain model leaves out."""
        zero = np.zeros(1 + int(self.T.begin[0].max()))
        return self._of_last(self.at(zero), zero)

    def path(self, tables: PurchaseTables, log_factor: Array, repeats: Array | None) -> Array:
        """What the moments of purchases add to the log-likelihood; derivatives by times are added to the tables'.

        Parameters
        ----------
        tables
            As `at` made them.
        repeats : array of shape (periods,) or None
            As in `Calendar`: without it, only the moments of last purchases are known.
        """
        return log_factor @ repeats if repeats is not None else self._of_last(tables, log_factor) - self.usual

    def _of_last(self, tables: PurchaseTables, log_factor: Array) -> Array:
        some = self.lasts > 0
        tables.by_t_x[..., some] += self.after_first[some] / tables.t_x[..., some]
        of_last = log_factor[..., self.t_x.end[0]] @ self.lasts
        return np.asarray(tables.log_t_x[..., some] @ self.after_first[some] + of_last)

    def slopes(self, tables: PurchaseTables, log_factor: Array, repeats: Array | None) -> Array:
        """Derivatives by the factor's logarithm, from those by times: shape (periods,)."""
        number = log_factor.size
        found = self.T.slopes(tables.by_T, number) + self.t_x.slopes(tables.by_t_x, number)
        of_path = np.bincount(self.t_x.end[0], self.lasts, number) if repeats is None else repeats
        return np.asarray(found * np.exp(log_factor) + of_path)


@dataclass(frozen=True, eq=False)
class EventClock:
    """Numbers of events, with exposures that follow from the factor; see `density.calendar.OnClock`.

    Attributes
    ----------
    tables : EventTables
        The kernel's, of all groups.
    T : Spans
        Of each distinct exposure.
    """

    tables: EventTables
    T: Spans

    @classmethod
    def of(cls, make: Callable[..., Any], data: InGroups, calendar: Calendar) -> tuple[IntArray, Self]:
        """Lay out the histories of groups; also where those of each begin. See `PurchaseClock.of`."""
        groups = _with_ends(data)
        spans, of_span = _coded(groups, ("T", SINCE_END))
        made = [
            make(**{**columns, "T": span})._replace(constant=make(**columns).constant)
            for columns, span in zip(groups, of_span, strict=True)
        ]
        at, tables = end_to_end(made)
        T, ended = spans[tables.T.astype(np.int64)].T
        return at, cls(tables, Spans.of(ended + T, ended, calendar))

    moved = ("T", "by_T")

    def at(self, log_factor: Array) -> EventTables:
        """The kernel's tables at a factor, or at several, with room for derivatives by exposures."""
        T = self.T.at(np.exp(log_factor))
        return self.tables._replace(T=T, by_T=np.zeros(T.shape))

    @cached_property
    def usual(self) -> Array:
        """What a factor of 1 would add, which the kernel counts already."""
        return self._of_numbers(self.at(np.zeros(1 + int(self.T.begin[0].max()))))

    def path(self, tables: EventTables, log_factor: Array, repeats: Array | None) -> Array:
        """What the moments of events add to the log-likelihood, or where they are not known, their numbers."""
        return log_factor @ repeats if repeats is not None else self._of_numbers(tables) - self.usual

    def _of_numbers(self, tables: EventTables) -> Array:
        some = tables.T_events > 0
        tables.by_T[..., some] += tables.T_events[some] / tables.T[..., some]
        return np.asarray(np.log(tables.T[..., some]) @ tables.T_events[some])

    def slopes(self, tables: EventTables, log_factor: Array, repeats: Array | None) -> Array:
        """Derivatives of both by the factor's logarithm: shape (periods,)."""
        found = self.T.slopes(tables.by_T, log_factor.size) * np.exp(log_factor)
        return found if repeats is None else found + repeats


def _with_ends(data: InGroups) -> list[Columns]:
    """Histories by group, with the time since observation ended, 0 where all are observed to the as-of date."""
    return [{SINCE_END: np.zeros(len(one["T"])), **one} for one in data.parts()]


def _coded(groups: Sequence[Columns], names: Sequence[str]) -> tuple[Array, list[Array]]:
    """Distinct rows of some columns over all groups, and for each group their places, as numbers."""
    rows = np.concatenate([np.column_stack([one[name] for name in names]) for one in groups])
    distinct, place = np.unique(rows, axis=0, return_inverse=True)
    ends = np.cumsum([len(one["T"]) for one in groups])[:-1]
    return distinct, np.split(place.ravel().astype(float), ends)
