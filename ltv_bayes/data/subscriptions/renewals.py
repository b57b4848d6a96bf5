"""Subscriptions: one row each, with the renewals made, and whether it then ended."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.calendar import number_until
from ltv_bayes.errors import InputError, a_kind, counted, refuse_rows
from ltv_bayes.tables import DataPage, Page, Printed, ResultPage

STATES = ("renewals", "lost")


@dataclass(frozen=True, eq=False)
class RenewalHistories:
    """The distinct histories of subscriptions.

    Attributes
    ----------
    renewals, lost, count : numpy.ndarray
        Renewals made, 1 where the subscription then ended, and how many share both.
    """

    renewals: np.ndarray
    lost: np.ndarray
    count: np.ndarray

    def __len__(self) -> int:
        return len(self.count)


@dataclass(frozen=True, eq=False, repr=False)
class Renewals(Printed):
    """Subscriptions and what became of them.

    Make them with :func:`summarize_renewals` or :meth:`Renewals.from_cohort_table`, which check the numbers.

    Attributes
    ----------
    table : pandas.DataFrame
        renewals (made so far), lost (whether it then ended), subscriptions (how many the row stands for); from records
        also customer_id as the index, start, period, next_due (the next renewal of an active one), ended_on (the
        renewal that a lost one did not make, perhaps after as_of: paid until then), price, product, and further columns
        as attributes.
    as_of : datetime.date or None
        The day on which observation ended.
    currency : str or None
        What prices are counted in.
    grace_days : int
        How long a renewal that is due may still be on its way. An active subscription with next_due on or before
        as_of is within it.
    """

    table: pd.DataFrame
    as_of: dt.date | None = None
    currency: str | None = None
    grace_days: int = 0

    @classmethod
    def from_cohort_table(cls, active: Any) -> Self:
        """Take counts of who was still active.

        Parameters
        ----------
        active : sequence, Series or DataFrame
            How many were active after 0, 1, 2, ... renewals: one cohort, or one in each row, blank where a cohort has
            not got so far.

        Raises
        ------
        InputError
            If counts are missing in between, rise, are negative or no whole numbers; the message names the cohorts.

        Examples
        --------
        >>> Renewals.from_cohort_table([1000, 869, 743])
        1,000 subscriptions: 743 active, 257 lost; 1,612 renewals
        """
        frame = active if isinstance(active, pd.DataFrame) else pd.DataFrame([list(active)])
        counts = frame.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
        _refuse_counts(frame, counts)
        rows: dict[tuple[int, bool], int] = {}
        for cohort in counts:
            known = cohort[~np.isnan(cohort)]
            for made, left in enumerate(-np.diff(known)):
                rows[made, True] = rows.get((made, True), 0) + int(left)
            rows[len(known) - 1, False] = rows.get((len(known) - 1, False), 0) + int(known[-1])
        found = [(made, lost, number) for (made, lost), number in sorted(rows.items()) if number]
        return cls(pd.DataFrame(found, columns=[*STATES, "subscriptions"]))

    def unique_histories(self) -> RenewalHistories:
        """Find the distinct histories as of the as-of date, with the number of subscriptions that share each.

        A renewal that is due only later is open, even if notice has been given or it has been paid for: which of the
        others will give notice is not known yet, so that counting those who have would overrate churn, and counting
        those who paid early would underrate it. Likewise where a renewal that is due may still be on its way.
        """
        grouped = self.settled().groupby(list(STATES), sort=True)["subscriptions"].sum().reset_index()
        columns = (grouped[name].to_numpy(dtype=float) for name in (*STATES, "subscriptions"))
        return RenewalHistories(*columns)

    def settled(self) -> pd.DataFrame:
        """Count what was due by the day up to which all outcomes are known; counts of cohorts have no dates."""
        table = self.table
        if self.as_of is None or not {"start", "period", "ended_on"} <= set(table.columns):
            return table
        settled = pd.Timestamp(self.as_of - dt.timedelta(days=self.grace_days))
        start, period = table["start"].to_numpy(), table["period"].to_numpy(dtype=str)
        due = number_until(start, np.maximum(start, settled.to_datetime64()), period)
        lost = table["lost"].astype(bool) & ~(table["ended_on"] > settled)
        return table.assign(renewals=np.minimum(table["renewals"], due), lost=lost)

    def ended(self) -> pd.Series:
        """The day on which the relation ended, for customers who have lost all their subscriptions.

        Returns
        -------
        pandas.Series
            ``ended_on``, indexed by customer id: the latest of a customer's, which may lie after the as-of date.

        Raises
        ------
        InputError
            If the subscriptions have no customers and dates, as counts of cohorts.

        Examples
        --------
        >>> table = pd.DataFrame({"renewals": [2, 5], "lost": [True, False], "subscriptions": 1})
        >>> table = table.assign(ended_on=pd.to_datetime(["2024-04-30", None])).set_axis(["Ada", "Bo"], axis=0)
        >>> Renewals(table.rename_axis("customer_id")).ended()
        customer_id
        Ada   2024-04-30
        Name: ended_on, dtype: datetime64[us]
        """
        if self.table.index.name != "customer_id" or "ended_on" not in self.table.columns:
            cure = "Make the renewals of records, with summarize_renewals."
            raise InputError(f"These subscriptions do not state who left, and when. {cure}")
        by_customer = self.table.groupby(level="customer_id", sort=True)
        return by_customer["ended_on"].max()[by_customer["lost"].all().astype(bool)]

    def active(self) -> Self:
        """Keep those that have not ended."""
        return self.subset(~self.table["lost"].to_numpy(dtype=bool))

    def subset(self, mask: Iterable[bool]) -> Self:
        """Keep some subscriptions, by one True or False for each row of the table.

        Raises
        ------
        InputError
            If none is left.
        """
        table = self.table[np.asarray(list(mask), dtype=bool)]
        if table.empty:
            raise InputError("No subscription is left. Choose at least one.")
        return replace(self, table=table)

    def __len__(self) -> int:
        return int(self.table["subscriptions"].sum())

    def _page(self) -> Page:
        lost = int(self.table.loc[self.table["lost"], "subscriptions"].sum())
        made = int((self.table["renewals"] * self.table["subscriptions"]).sum())
        as_of = f", as of {self.as_of}" if self.as_of else ""
        currency = f", {self.currency}" if self.currency else ""
        states = f"{len(self) - lost:,} active{self._overdue()}, {lost:,} lost; {counted(made, 'renewal')}"
        heading = [f"{counted(len(self), 'subscription')}{as_of}{currency}: {states}"]
        return DataPage(heading, self.table) if self.table.index.name == "customer_id" else ResultPage(heading)

    def _overdue(self) -> str:
        """Say how many active ones have a renewal that is due and may be on its way."""
        if not self.grace_days:
            return ""
        number = int((self.table["next_due"] <= pd.Timestamp(self.as_of)).sum())
        return f" ({number:,} overdue for less than {counted(self.grace_days, 'day')})"


def require_renewals(value: Any) -> None:
    """Say how to make renewals, where something else was given.

    Raises
    ------
    InputError
        If the value is not `Renewals`.
    """
    if not isinstance(value, Renewals):
        raise InputError(
            f"Renewals are needed, not {a_kind(value)}. Make them with summarize_renewals(records, "
            f"period='month'), or from counts with Renewals.from_cohort_table([1000, 869, 743])."
        )


def require_records(value: Any) -> None:
    """Raise unless these are renewals made from records, which name customers and dates.

    Raises
    ------
    InputError
        If they are something else, or were made from counts.
    """
    require_renewals(value)
    if "start" not in value.table:
        raise InputError(
            "A cohort table does not say which customer subscribes, and from when. Make renewals from records: "
            "summarize_renewals(records, period='month')."
        )


def _refuse_counts(frame: pd.DataFrame, counts: np.ndarray) -> None:
    """Raise unless every cohort's counts can be."""
    known = ~np.isnan(counts)
    written = frame.notna().to_numpy() & (frame.astype(str).apply(lambda cells: cells.str.strip()) != "").to_numpy()
    gap = np.diff(known.astype(int), axis=1).max(axis=1, initial=0) > 0
    with np.errstate(invalid="ignore"):
        checks: Sequence[tuple[np.ndarray, str, str]] = (
            ((written & ~known).any(axis=1), "with a count that is no number", "Write plain numbers."),
            (~known[:, 0], "without a count at the start", "Give the number that subscribed first."),
            (gap, "with a count missing in between", "Fill it in; blanks may only stand at the end."),
            ((counts < 0).any(axis=1), "with a negative count", "Correct it."),
            (
                (known & (counts % 1 != 0)).any(axis=1),
                "with a count that is no whole number",
                "Give counts, no shares.",
            ),
            (
                (np.diff(counts, axis=1) > 0).any(axis=1),
                "with more active later than before",
                "Those who return start anew.",
            ),
            (known.sum(axis=1) < 2, "with one count alone", "Give the number after at least one renewal."),
        )
    for wrong, problem, cure in checks:
        refuse_rows(frame.index[wrong], "cohort", problem, cure)
