"""When contracts are paid for, and what moves the churn of all at those dates."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ltv_bayes.data.subscriptions.calendar import Steps
from ltv_bayes.data.subscriptions.due_dates import Schedules, period_of
from ltv_bayes.data.subscriptions.renewals import Renewals, is_active, present_contract
from ltv_bayes.formulas.kernels.order_values import UNKNOWN
from ltv_bayes.formulas.kernels.renewal_values import NO_FACTORS, Factors
from ltv_bayes.formulas.models.operational_time import Clock
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.predictions.churn.factors import FactorsOfFit, columns_of
from ltv_bayes.predictions.renewals import FittedRenewals


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
    """Draws of how much the renewals of contracts count; each fit has its own.

    Attributes
    ----------
    renewals : Renewals
    fit_of_each : array of shape (contracts,)
        Which fit counts for each contract.
    of_fits : list of FactorsOfFit or None
    begin : array of shape (fits,)
        Where the factors of each begin, if they are the same for all subscribers.
    made : Factors
        Of these, with schedules of all contracts, and without payments.
    """

    renewals: Renewals
    fit_of_each: IntArray
    of_fits: list[FactorsOfFit | None]
    begin: IntArray
    made: Factors

    @classmethod
    def of(cls, fits: list[FittedRenewals], fit_of_each: IntArray, renewals: Renewals) -> Self:
        """Lay out the renewals made of active contracts."""
        of_fits = [FactorsOfFit.of(fit) for fit in fits]
        clocks = [_clock_of_all(one) for one in of_fits]
        widths = [0 if clock is None else clock.factors.shape[1] for clock in clocks]
        begin = np.cumsum([0, *widths[:-1]]).astype(np.int64)
        found = cls(renewals, fit_of_each, of_fits, begin, NO_FACTORS)
        if not any(of_fits):
            return found
        table = renewals.table
        number = np.where(is_active(table), table["renewals"].to_numpy(dtype=np.int64), 0)
        schedule, made = np.full(len(table), -1, dtype=np.int64), list[Array]()
        for which, clock in enumerate(clocks):
            rows = np.flatnonzero(fit_of_each == which)
            if clock is None or not rows.size:
                continue
            own = Schedules.of(table.iloc[rows], number[rows], _day(of_fits[which]), clock.length)
            schedule[rows] = own.place + len(made)
            columns = np.split(columns_of(clock, own.period), own.first[1:-1])
            made += [clock.factors[:, some].sum(axis=1) for some in columns]
        shared = [clock.factors for clock in clocks if clock is not None]
        factors = np.concatenate(shared, axis=1) if shared else UNKNOWN
        return replace(found, made=Factors(schedule, np.array(made) if made else UNKNOWN, factors=factors))

    def at(self, rows: IntArray, contract: IntArray, date: Any) -> Factors:
        """Of some contracts; ``contract`` is the place among them of each payment, which is due on ``date``."""
        if not self.made.schedule.size:
            return self.made
        ahead, fits = np.zeros(len(contract), dtype=np.int64), self.fit_of_each[rows][contract]
        for which, of_fit in enumerate(self.of_fits):
            if (clock := _clock_of_all(of_fit)) is not None:
                some = fits == which
                period = period_of(date[some], _day(of_fit), clock.length)
                ahead[some] = self.begin[which] + columns_of(clock, period)
        found = self.made._replace(schedule=self.made.schedule[rows], ahead=ahead)
        for which, of_fit in enumerate(self.of_fits):
            if of_fit is not None and not of_fit.of_all:
                found = self._with_own(found, of_fit, self.fit_of_each[rows] == which, rows, contract)
        return found

    def _with_own(self, found: Factors, of_fit: FactorsOfFit, own: Any, rows: IntArray, contract: IntArray) -> Factors:
        """Add the factors of contracts of a fit where each has factors of its own."""
        paid = np.bincount(contract, minlength=len(rows))
        places = np.flatnonzero(own & (paid > 0))
        if not places.size:
            return found
        table = self.renewals.table.iloc[rows[places]]
        renewals, number = replace(self.renewals, table=table, contracts=None), table["renewals"].to_numpy(np.int64)
        factors = of_fit.at_renewals(renewals, number + paid[places])
        made, each = zip(*(factors.at(place, made) for place, made in enumerate(number)), strict=True)
        draws = len(each[0])
        shared = found.factors if found.factors.size else np.empty((draws, 0))
        schedule, ahead = found.schedule.copy(), found.ahead.copy()
        before = found.made if found.made.size else np.empty((0, draws))
        schedule[places] = len(before) + np.arange(len(places))
        theirs = np.isin(contract, places)
        ahead[theirs] = shared.shape[1] + np.arange(theirs.sum())
        return Factors(schedule, np.concatenate([before, made]), ahead, np.concatenate([shared, *each], axis=1))


def _clock_of_all(of_fit: FactorsOfFit | None) -> Clock | None:
    """The clock of a fit with factors that are the same for all subscribers."""
    return of_fit.clock if of_fit is not None and of_fit.of_all else None


def _day(of_fit: FactorsOfFit | None) -> dt.date:
    """From which a fit with a clock counts its periods."""
    assert of_fit is not None
    assert of_fit.day is not None
    return of_fit.day
