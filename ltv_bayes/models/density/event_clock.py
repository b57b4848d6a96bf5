"""Events on the clock of a factor: exposure is operational time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ltv_bayes.data.customers.grouping import InGroups
from ltv_bayes.formulas.kernels.tables import EventTables, end_to_end
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.models.density.calendar import SINCE_END, Calendar, Places, elapsed, places, slopes_of_times


@dataclass(frozen=True, eq=False)
class EventClock:
    """Numbers of events with exposures that run by a factor; see `density.calendar.OnClock`.

    Attributes
    ----------
    tables : EventTables
        The kernel's, of all groups.
    length : float
        Of a period.
    begin, end : Places
        Of each distinct exposure.
    """

    tables: EventTables
    length: float
    begin: Places
    end: Places

    @classmethod
    def of(cls, make: Callable[..., Any], data: InGroups, calendar: Calendar) -> tuple[IntArray, "EventClock"]:
        """Lay out the histories of groups; also where those of each begin."""
        groups = [{SINCE_END: np.zeros(len(one["T"])), **one} for one in data.parts()]
        both = np.concatenate([np.column_stack([one["T"], one[SINCE_END]]) for one in groups])
        spans, span = np.unique(both, axis=0, return_inverse=True)
        sizes = np.cumsum([len(one["T"]) for one in groups])[:-1]
        made = [
            make(**{**columns, "T": code})._replace(constant=make(**columns).constant)
            for columns, code in zip(groups, np.split(span.ravel().astype(float), sizes), strict=True)
        ]
        at, tables = end_to_end(made)
        T, ended = spans[tables.T.astype(np.int64)].T
        return at, cls(tables, calendar.length, places(ended + T, calendar), places(ended, calendar))

    def at(self, log_factor: Array) -> EventTables:
        """The kernel's tables at a factor, with room for derivatives by exposures."""
        factor = np.exp(log_factor)
        begun = np.append(0.0, np.cumsum(factor) * self.length)
        T = elapsed(begun, factor, self.begin) - elapsed(begun, factor, self.end)
        return self.tables._replace(T=T, by_T=np.zeros(T.size))

    @cached_property
    def usual(self) -> float:
        """What a factor of 1 would add, which the kernel counts already."""
        zero = np.zeros(1 + int(self.begin[0].max()))
        return self._of_numbers(self.at(zero))

    def path(self, tables: EventTables, log_factor: Array, repeats: Array | None) -> float:
        """What the moments of events add to the log-likelihood, or where they are not known, their numbers."""
        return float(repeats @ log_factor) if repeats is not None else self._of_numbers(tables) - self.usual

    def _of_numbers(self, tables: EventTables) -> float:
        some = tables.T_events > 0
        tables.by_T[some] += tables.T_events[some] / tables.T[some]
        return float(tables.T_events[some] @ np.log(tables.T[some]))

    def slopes(self, tables: EventTables, log_factor: Array, repeats: Array | None) -> Array:
        """Derivatives of both by the factor's logarithm: shape (periods,)."""
        number = log_factor.size
        found = slopes_of_times(tables.by_T, self.begin, number, self.length)
        found -= slopes_of_times(tables.by_T, self.end, number, self.length)
        found *= np.exp(log_factor)
        return found if repeats is None else found + repeats
