"""When contracts are paid for, and what moves the churn of all at those dates."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.calendar import Steps
from ltv_bayes.data.subscriptions.due_dates import Schedules, period_of
from ltv_bayes.data.subscriptions.renewals import Renewals, is_active, present_contract
from ltv_bayes.formulas.kernels.renewal_values import NO_FACTORS, Factors
from ltv_bayes.formulas.models.operational_time import Clock
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.predictions.clock import clock_of, has_clock
from ltv_bayes.predictions.renewals import FittedRenewals, columns_of
from ltv_bayes.time_units import as_date


@dataclass(frozen=True, eq=False)
class Schedule:
    """When contracts are renewed: arrays with one entry for each contract.

    Attributes
    ----------
    as_of : numpy.datetime64
    start : array of days
    steps : Steps
        Length of each contract.
    made : array of whole numbers
        Renewals of the present contract so far.
    end : array of days
        When those ended that are not active; NaT for those that are.
    """

    as_of: np.datetime64
    start: Any
    steps: Steps
    made: IntArray
    end: Any

    @classmethod
    def of(cls, renewals: Renewals) -> Self:
        """Read it from the records."""
        table = renewals.table
        (start, earlier), steps = present_contract(table), Steps.of(table["period"].to_numpy(dtype=str))
        start, made = start.astype("M8[D]"), table["renewals"].to_numpy(dtype=np.int64) - earlier
        end = np.where(table["lost"], steps.after(start, made + 1), np.datetime64("NaT", "D"))
        if "changed_on" in table:
            changed_on = table["changed_on"].to_numpy(dtype="M8[D]")
            end = np.where(np.isnat(changed_on), end, changed_on)
        return cls(np.datetime64(renewals.as_of), start, steps, made, end)

    def ended(self) -> Array:
        """When contracts ended, in days after the as-of date; NaN for active ones."""
        return np.where(np.isnat(self.end), np.nan, (self.end - self.as_of).astype(float))

    def payments(self, rows: IntArray, horizon: float) -> tuple[IntArray, IntArray, Array, Array]:
        """What active contracts pay within the horizon, if all renewals are made.

        Returns
        -------
        paid : array of shape (contracts + 1,)
            The payments of contract j are those from paid[j] up to paid[j + 1].
        contract : array of shape (payments,)
            The place among the rows of each payment's contract.
        date, due : arrays of shape (payments,)
            Dates, and days until they are due. What is overdue at the as-of date is due that day.
        """
        last = self.as_of + np.timedelta64(int(horizon), "D")
        start, steps, made = self.start[rows], self.steps.taken(rows), self.made[rows]
        number = np.where(~np.isnat(self.end[rows]), 0, steps.number_until(start, np.maximum(last, start)) - made)
        paid = np.concatenate([[0], np.cumsum(np.maximum(number, 0))])
        contract = np.repeat(np.arange(len(rows)), np.maximum(number, 0))
        step = np.arange(paid[-1]) - paid[contract] + 1
        date = steps.taken(contract).after(start[contract], made[contract] + step)
        return paid, contract, date, np.maximum((date - self.as_of).astype(float), 0.0)


@dataclass(frozen=True, eq=False)
class FactorsOfContracts:
    """Draws of what moves the churn of all subscribers, at the renewals of contracts; each fit has its own.

    Attributes
    ----------
    fit_of_each : array of shape (contracts,)
        Which fit counts for each contract.
    clocks : list of Clock or None
        Of each fit.
    days : list of dates
        From which each fit counts its periods.
    begin : array of shape (fits,)
        Where the factors of each begin.
    made : Factors
        With schedules of all contracts, and without payments.
    """

    fit_of_each: IntArray
    clocks: list[Clock | None]
    days: list[dt.date]
    begin: IntArray
    made: Factors

    @classmethod
    def of(cls, fits: list[FittedRenewals], fit_of_each: IntArray, table: pd.DataFrame) -> Self:
        """Lay out the renewals made of active contracts."""
        clocks = [clock_of(fit) for fit in fits]
        days = [as_date(fit.idata.attrs["as_of"]) if has_clock(fit) else dt.date.min for fit in fits]
        widths = [0 if clock is None else clock.factors.shape[1] for clock in clocks]
        found = cls(fit_of_each, clocks, days, np.cumsum([0, *widths[:-1]]).astype(np.int64), NO_FACTORS)
        if not any(widths):
            return found
        number = np.where(is_active(table), table["renewals"].to_numpy(dtype=np.int64), 0)
        schedule, made = np.full(len(table), -1, dtype=np.int64), list[Array]()
        for which, clock in enumerate(clocks):
            rows = np.flatnonzero(fit_of_each == which)
            if clock is None or not rows.size:
                continue
            own = Schedules.of(table.iloc[rows], number[rows], days[which], clock.length)
            schedule[rows] = own.place + len(made)
            columns = np.split(columns_of(clock, own.period), own.first[1:-1])
            made += [clock.factors[:, some].sum(axis=1) for some in columns]
        factors = np.concatenate([clock.factors for clock in clocks if clock is not None], axis=1)
        return replace(found, made=Factors(schedule, np.array(made), factors=factors))

    def at(self, rows: IntArray, contract: IntArray, date: Any) -> Factors:
        """Of some contracts; ``contract`` is the place among them of each payment, which is due on ``date``."""
        if not self.made.schedule.size:
            return self.made
        ahead, fits = np.zeros(len(contract), dtype=np.int64), self.fit_of_each[rows][contract]
        for which, clock in enumerate(self.clocks):
            if clock is not None:
                some = fits == which
                period = period_of(date[some], self.days[which], clock.length)
                ahead[some] = self.begin[which] + columns_of(clock, period)
        return self.made._replace(schedule=self.made.schedule[rows], ahead=ahead)
