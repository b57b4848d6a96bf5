"""Subscriptions: one row each, with the renewals made, and whether it then ended."""

import datetime as dt
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.calendar import number_until
from ltv_bayes.data.subscriptions.cohort_counts import cohort_counts
from ltv_bayes.data.subscriptions.dated_covariates import DatedCovariates
from ltv_bayes.data.subscriptions.notices import Notices
from ltv_bayes.errors import DataWarning, InputError, a_kind, counted, rows_at_fault
from ltv_bayes.language import _, comma
from ltv_bayes.tables import DataPage, Page, Printed, ResultPage

CHANGES = ("upgrades", "downgrades", "other_changes")
STATES = ("renewals", "lost", "observed_from")


@dataclass(frozen=True, eq=False)
class RenewalHistories:
    """The distinct histories of subscriptions.

    Attributes
    ----------
    renewals, lost, observed_from, count : numpy.ndarray
        Renewals made, 1 where the subscription then ended, the number of renewals after which it is observed, and the
        number of subscriptions that share all this.
    """

    renewals: np.ndarray
    lost: np.ndarray
    observed_from: np.ndarray
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
        renewal that a lost one did not make, perhaps after as_of: paid until then), price, product, seats, and
        further columns as attributes. Where records begin late, observed_from: the renewals made before, at which
        nothing can be seen. Where contracts follow each other: upgrades, downgrades, other_changes, contract_start (of
        the present one), earlier_renewals and earlier_payments (under those before), and changed_on, for one changed to
        one of another length, which has a row of its own.
    as_of : datetime.date or None
        The day on which observation ended.
    currency : str or None
        What prices are counted in.
    grace_days : int
        How long a renewal that is due may still be on its way. An active subscription with next_due on or before
        as_of is within it.
    notes : tuple of str
        Columns that were found by the names that exports give them.
    notices : mapping
        Contract length to counts of when in their last period the lost gave notice; see `notices.notice_counts`.
    contracts : pandas.DataFrame or None
        From records, the contracts that the rows consist of: relation (the row in table), start, until (the first day
        on which a contract did not run; missing if it runs on), price, period, notice (days from the cancellation to
        the end; missing if there was none), and seats where these are read.
    covariates : DatedCovariates or None
        Numbers that change in time, as `with_covariates` adds them.
    """

    table: pd.DataFrame
    as_of: dt.date | None = None
    currency: str | None = None
    grace_days: int = 0
    notes: tuple[str, ...] = ()
    notices: Notices = field(default_factory=dict)
    contracts: pd.DataFrame | None = None
    covariates: DatedCovariates | None = None

    @classmethod
    def from_cohort_table(cls, active: Any, *, renewals_before: Any = 0) -> Self:
        """Take counts of who was still active.

        Parameters
        ----------
        active : sequence, nested sequence, array, mapping, Series, frame or path
            How many were active after 0, 1, 2, ... renewals: one cohort, or one in each row, blank where a cohort has
            not got so far; a cohort that has just begun has one count. A first column of years, dates or names, and
            rows and columns of totals, are no counts. Columns may also be calendar times, blank before a cohort begins.
        renewals_before : int or sequence of int
            Renewals that a cohort, or each of the cohorts, had made at its first count, where the records begin late:
            a fit then asks only how many of these went on.

        Raises
        ------
        InputError
            If counts are missing in between, rise, are negative or no whole numbers; the message names the cohorts.

        Warns
        -----
        DataWarning
            If counts drop to 0 at the end, as where times not reached yet were written as 0.

        Examples
        --------
        >>> Renewals.from_cohort_table([1000, 869, 743])
        1,000 subscriptions: 743 active, 257 lost; 1,612 renewals
        >>> Renewals.from_cohort_table([["2023", 100, 80, 70], ["2024", 50, 45], ["2025", 30]])
        180 subscriptions: 145 active, 35 lost; 195 renewals
        """
        counts = cohort_counts(active)
        rows: dict[tuple[int, bool, int], int] = {}
        for cohort, before in zip(counts.to_numpy(), _renewals_before(renewals_before, counts.index), strict=True):
            known = cohort[~np.isnan(cohort)]
            ends = [(made, True, left) for made, left in enumerate(-np.diff(known))]
            for made, lost, number in [*ends, *((len(known) - 1, False, last) for last in known[-1:])]:
                state = before + made, lost, before
                rows[state] = rows.get(state, 0) + int(number)
        found = pd.DataFrame([(*state, rows[state]) for state in sorted(rows) if rows[state]])
        table = found.set_axis([*STATES, "subscriptions"], axis="columns")
        return cls(table if table["observed_from"].any() else table.drop(columns="observed_from"))

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
        """Count what was due by the day up to which all outcomes are known; counts of cohorts have no dates.

        What was due before the records begin is not observed: such a loss counts as none.

        Returns
        -------
        pandas.DataFrame
            Of the same columns as ``table``.
        """
        table = self.table
        since = table["observed_from"] if "observed_from" in table else pd.Series(0, table.index)
        day = settled_day(self)
        if day is None:
            return table.assign(observed_from=since)
        when = pd.Timestamp(day)
        renewals = np.minimum(table["renewals"], number_due(table, when.to_datetime64()))
        lost = table["lost"].astype(bool) & ~(table["ended_on"] > when) & (renewals >= since)
        return table.assign(renewals=renewals, lost=lost, observed_from=np.minimum(since, renewals))

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
            cure = _("Make the renewals of records, with summarize_renewals.")
            raise InputError(_("These subscriptions do not state who left, and when. {cure}", cure=cure))
        ended = self.table.assign(ended=~is_active(self.table))
        by_customer = ended.groupby(level="customer_id", sort=True)
        return by_customer["ended_on"].max()[by_customer["ended"].all().astype(bool)]

    def with_covariates(
        self,
        source: Any,
        *,
        customer: str = "customer_id",
        date: str = "date",
        columns: Sequence[str] | None = None,
        date_format: str | None = None,
    ) -> Self:
        """Add numbers of customers that change in time: a health score, usage by month, open tickets.

        A model with ``time_varying=`` lets them move churn. Of a renewal, the newest values dated before its day count,
        those of the day itself do not; of one that was cancelled, values dated before the cancellation, since later
        ones may be its consequence. Of renewals to come the newest values by the as-of date count.

        Parameters
        ----------
        source : path or frame
            Anything that :func:`ltv_bayes.read_table` reads: one row for a customer and the day on which its numbers
            became known. A blank cell is no news: the number before it stands.
        customer, date : str
            The names of the columns; customers as in :func:`summarize_renewals`.
        columns : sequence of str, optional
            The columns of numbers; all others, if not given.
        date_format : str, optional
            As in :func:`ltv_bayes.read_transactions`.

        Returns
        -------
        Renewals
            The same with ``covariates``, in place of any it had. Rows after the as-of date, and those of ids without a
            subscription, are left out; a note says how many such ids.

        Raises
        ------
        ColumnError
            If a column is missing.
        InputError
            If rows cannot be read or contradict each other, naming them; if no row is about a subscriber.

        Warns
        -----
        DataWarning
            If active subscribers have no value by the as-of date: they count as average.

        Examples
        --------
        >>> import ltv_bayes as lb
        >>> records = pd.DataFrame({"customer_id": ["Ada"], "start": ["2024-01-31"], "cancelled_on": None, "price": 9})
        >>> renewals = lb.summarize_renewals(records, as_of="2024-06-15")
        >>> health = pd.DataFrame({"customer_id": "Ada", "date": ["2024-02-01", "2024-05-01"], "score": [7, 4]})
        >>> renewals.with_covariates(health).covariates.note
        'score by date: 2 rows of 1 customer, 2024-02-01 to 2024-05-01'
        """
        require_records(self)
        as_of: Any = self.as_of
        read = DatedCovariates.read(
            source, as_of, customer=customer, date=date, columns=columns, date_format=date_format
        )
        read = read.about(self.table.index)
        ids = self.table.index[is_active(self.table)].unique()
        without = np.isnan(read.known_by(ids, as_of, read.names)).any(axis=1)
        if without.any():
            problem = _("with a subscription, but without all values of {names}", names=comma(read.names))
            cure = _("They count as average. Are the ids written as in the records?")
            say = rows_at_fault(ids[without], "customer", problem, cure)
            warnings.warn(say, DataWarning, stacklevel=2)
        return replace(self, covariates=read)

    def active(self) -> Self:
        """Keep those that have not ended."""
        return self.subset(is_active(self.table))

    def subset(self, mask: Iterable[bool]) -> Self:
        """Keep some subscriptions, by one True or False for each row of the table.

        Parameters
        ----------
        mask : iterable of bool
            Of shape (rows of the table,).

        Raises
        ------
        InputError
            If none is left.
        """
        chosen = np.asarray(list(mask), dtype=bool)
        table, contracts = self.table[chosen], self.contracts
        if table.empty:
            raise InputError(_("No subscription is left. Choose at least one."))
        if contracts is not None:
            some = contracts[chosen[contracts["relation"]]]
            contracts = some.assign(relation=(np.cumsum(chosen) - 1)[some["relation"]]).reset_index(drop=True)
        return replace(self, table=table, contracts=contracts)

    def __len__(self) -> int:
        return int(self.table["subscriptions"].sum())

    def _page(self) -> Page:
        lost = int(self.table.loc[self.table["lost"], "subscriptions"].sum())
        active = int(self.table.loc[is_active(self.table), "subscriptions"].sum())
        made = int((self.table["renewals"] * self.table["subscriptions"]).sum())
        as_of = _(", as of {as_of}", as_of=self.as_of) if self.as_of else ""
        currency = f", {self.currency}" if self.currency else ""
        states = _(
            "{active:,} active{overdue}, {lost:,} lost; {renewals}",
            active=active,
            overdue=self._overdue(),
            lost=lost,
            renewals=counted(made, "renewal"),
        )
        heading = [
            _(
                "{subscriptions}{as_of}{currency}: {states}",
                subscriptions=counted(len(self), "subscription"),
                as_of=as_of,
                currency=currency,
                states=states,
            ),
            *self._changes(),
        ]
        notes = self.notes if self.covariates is None else (*self.notes, self.covariates.note)
        heading += [_("note: {note}", note=note) for note in notes]
        return DataPage(heading, self.table) if self.table.index.name == "customer_id" else ResultPage(heading)

    def _changes(self) -> list[str]:
        """Say how often contracts were changed, which is no loss."""
        if "upgrades" not in self.table:
            return []
        up, down, others = (int(self.table[name].sum()) for name in CHANGES)
        to_other_length = int(self.table["changed_on"].notna().sum()) if "changed_on" in self.table else 0
        length = (
            _("; {to_other_length:,} to another length, in a row of its own", to_other_length=to_other_length)
            if to_other_length
            else ""
        )
        return [
            _(
                "contracts that follow another: {upgrades}, {downgrades}, {other_changes}{length}",
                upgrades=counted(up, "upgrade"),
                downgrades=counted(down, "downgrade"),
                other_changes=counted(others, "other change"),
                length=length,
            )
        ]

    def _overdue(self) -> str:
        """Say how many active ones have a renewal that is due and may be on its way."""
        if not self.grace_days:
            return ""
        number = int((self.table["next_due"] <= pd.Timestamp(self.as_of)).sum())
        return _(" ({number:,} overdue for less than {days})", number=number, days=counted(self.grace_days, "day"))


def is_active(table: pd.DataFrame) -> np.ndarray:
    """Mark the subscriptions of a table that have neither ended nor been changed to a contract of another length."""
    active = ~table["lost"].to_numpy(dtype=bool)
    return active & table["changed_on"].isna().to_numpy() if "changed_on" in table else active


def present_contract(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """When the contract that runs now started, and the number of renewals made under those that it follows.

    Examples
    --------
    >>> present_contract(pd.DataFrame({"start": pd.to_datetime(["2024-01-31"]), "renewals": 3}))[1].tolist()
    [0]
    """
    start = table["contract_start"] if "contract_start" in table else table["start"]
    earlier = table["earlier_renewals"] if "earlier_renewals" in table else pd.Series(0, table.index)
    return start.to_numpy(dtype="M8[us]"), earlier.to_numpy(dtype=np.int64)


def number_due(table: pd.DataFrame, day: Any) -> np.ndarray:
    """How many renewals of each subscription were due by a day."""
    period, (present, earlier) = table["period"].to_numpy(dtype=str), present_contract(table)
    start = table["start"].to_numpy(dtype="M8[us]")
    since_present = earlier + number_until(present, np.maximum(present, day), period)
    before = np.minimum(number_until(start, np.maximum(start, day), period), earlier)
    return np.where(present <= day, since_present, before)


def settled_day(renewals: Renewals) -> dt.date | None:
    """The day up to which all outcomes are known; None for counts of cohorts, which have no dates."""
    if renewals.as_of is None or not {"start", "period", "ended_on"} <= set(renewals.table.columns):
        return None
    return renewals.as_of - dt.timedelta(days=renewals.grace_days)


def require_renewals(value: Any) -> None:
    """Say how to make renewals, where something else was given.

    Raises
    ------
    InputError
        If the value is not `Renewals`.
    """
    if not isinstance(value, Renewals):
        raise InputError(
            _(
                "Renewals are needed, not {kind}. Make them with summarize_renewals(records, period='month'), "
                "or from counts with Renewals.from_cohort_table([1000, 869, 743]).",
                kind=a_kind(value),
            )
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
            _(
                "A cohort table does not say which customer subscribes, and from when. Make renewals from "
                "records: summarize_renewals(records, period='month')."
            )
        )


def _renewals_before(given: Any, cohorts: pd.Index) -> list[int]:
    """Read one number for all cohorts, or one for each."""
    try:
        numbers = np.broadcast_to(np.asarray(given, dtype=float), len(cohorts))
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if not ((numbers >= 0) & (numbers % 1 == 0)).all():
        raise InputError(
            _(
                "renewals_before must be a whole number of 0 or more, or one for each of {cohorts}, not {given!r}.",
                cohorts=counted(len(cohorts), "cohort"),
                given=given,
            )
        )
    return [int(number) for number in numbers]
