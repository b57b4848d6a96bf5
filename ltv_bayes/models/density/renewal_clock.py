"""Renewals on the clock of a factor: each renewal that was due counts as much as the factor of its period says."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ltv_bayes.data.customers.grouping import InGroups
from ltv_bayes.data.subscriptions.due_dates import Schedules
from ltv_bayes.formulas.kernels.tables import RenewalTables, end_to_end
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.models.density.calendar import Calendar


@dataclass(frozen=True, eq=False)
class RenewalClock:
    """Histories of renewals, whose numbers of renewals are sums of factors; see `density.calendar.OnClock`.

    Attributes
    ----------
    tables : RenewalTables
        The kernel's, of all groups.
    due : array of shape (renewals,)
        The period of each renewal of each schedule, 0 the latest.
    begin, since, until : arrays of shape (histories,)
        Places among them: of the first renewal of a history's schedule, of the first that is observed, and of the first
        that was not made, or is not known to be.
    known : array of shape (periods,)
        Logarithm of what is known of the factor beforehand; effects come on top.
    """

    tables: RenewalTables
    due: IntArray
    begin: IntArray
    since: IntArray
    until: IntArray
    known: Array

    @classmethod
    def of(cls, schedules: Schedules, data: InGroups, calendar: Calendar) -> tuple[IntArray, "RenewalClock"]:
        """Lay out the histories of groups, which have a ``schedule``; also where those of each begin."""
        groups = list(data.parts())
        schedule, made, since = (
            np.concatenate([one[name] for one in groups]).astype(np.int64)
            for name in ("schedule", "renewals", "observed_from")
        )
        columns = ("renewals", "lost", "observed_from", "count")
        at, tables = end_to_end([RenewalTables(*(one[name] for name in columns)) for one in groups])
        due = np.clip(-1 - schedules.period, 0, calendar.number - 1)
        begin = schedules.first[schedule]
        known = np.zeros(calendar.number) if calendar.known is None else calendar.known
        return at, cls(tables, due, begin, begin + since, begin + made, known)

    def at(self, effect: Array) -> RenewalTables:
        """The kernel's tables at a factor with this logarithm, with room for derivatives."""
        factor = np.append(np.exp(effect + self.known)[self.due], 1.0)
        sums = np.append(0.0, np.cumsum(factor))
        begun = sums[self.begin]
        return self.tables._replace(
            renewals=sums[self.until] - begun,
            observed_from=sums[self.since] - begun,
            at_loss=factor[self.until],
            by_renewals=np.zeros(self.begin.size),
            by_observed_from=np.zeros(self.begin.size),
            by_at_loss=np.zeros(self.begin.size),
        )

    def path(self, tables: Any, effect: Array, repeats: Array | None) -> float:
        """Nothing: renewal dates are given, not drawn."""
        return 0.0

    def slopes(self, tables: RenewalTables, effect: Array, repeats: Array | None) -> Array:
        """Derivatives by the effect, from those by sums of factors: shape (periods,)."""
        size = self.due.size + 1
        both = tables.by_renewals + tables.by_observed_from
        begun = np.bincount(self.begin, both, size)
        passed = np.bincount(self.until, tables.by_renewals, size)
        passed += np.bincount(self.since, tables.by_observed_from, size)
        by_factor = np.cumsum(begun - passed) + np.bincount(self.until, tables.by_at_loss, size)
        found: Array = np.bincount(self.due, by_factor[:-1], effect.size) * np.exp(effect + self.known)
        return found
