"""Renewals on a clock: each counts as much as the factor of its period, and covariates known before it, say."""

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
    """Histories of renewals, laid out with the renewals that were due; see `density.calendar.OnClock`.

    Attributes
    ----------
    tables : RenewalTables
        The kernel's, of all groups, where no period has a factor of its own.
    due : array of shape (renewals due,)
        The period of each renewal of each schedule, 0 the latest.
    """

    tables: RenewalTables
    due: IntArray

    @classmethod
    def of(cls, schedules: Schedules, data: InGroups, calendar: Calendar | None) -> tuple[IntArray, "RenewalClock"]:
        """Lay out the histories of groups, which have a ``schedule``; also where those of each begin."""
        groups = list(data.parts())
        columns = ("renewals", "lost", "observed_from", "count")
        at, tables = end_to_end([RenewalTables(*(one[name] for name in columns)) for one in groups])
        schedule = np.concatenate([one["schedule"] for one in groups]).astype(np.int64)
        laid_out = tables._replace(
            begin=schedules.first[schedule],
            number=np.arange(schedules.period.size) - np.repeat(schedules.first[:-1], np.diff(schedules.first)) + 1,
            log_factor=np.zeros(schedules.period.size),
        )
        return at, cls(laid_out, np.clip(-1 - schedules.period, 0, calendar.number - 1 if calendar else 0))

    moved = ("log_factor", "by_log_factor")

    def at(self, log_factor: Array) -> RenewalTables:
        """The kernel's tables at a factor with this logarithm, or at several, with room for derivatives."""
        due = np.take(log_factor, self.due, axis=-1)
        return self.tables._replace(log_factor=due, by_log_factor=np.zeros(due.shape))

    def path(self, tables: Any, log_factor: Array, repeats: Array | None) -> Array:
        """Nothing: renewal dates are given, not drawn."""
        return np.zeros(log_factor.shape[:-1])

    def slopes(self, tables: RenewalTables, log_factor: Array, repeats: Array | None) -> Array:
        """Derivatives by the factor's logarithm, from those of each renewal: shape (periods,)."""
        found: Array = np.bincount(self.due, tables.by_log_factor, log_factor.size)
        return found
