"""Movements of recurring revenue: new, won back, expansion, contraction, lost; and what was retained."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.recurring import (
    amounts_on,
    contracts_with_prices,
    number_of_periods,
    owners,
    whole_periods,
)
from ltv_bayes.data.subscriptions.revenue.retained import Pairs, factors_of, pairs_apart, retention_table
from ltv_bayes.errors import InputError, counted
from ltv_bayes.intervals import flagged
from ltv_bayes.language import _, as_known
from ltv_bayes.random_streams import as_seed
from ltv_bayes.tables import Page, Printed, ResultPage

MOVEMENTS = ("new", "won_back", "expansion", "contraction", "lost")
SAME = 1e-9
SHOWN = 12
ALL = ""


def moved(opening: Any, closing: Any, before: Any) -> dict[str, np.ndarray]:
    """Name what became of the recurring revenue of customers between two days.

    Parameters
    ----------
    opening, closing : arrays
        What each pays a month on the two days.
    before : array of bool
        Who had paid before the first.

    Returns
    -------
    dict
        What each movement adds; opening and all of them make closing.

    Examples
    --------
    >>> found = moved([10.0, 10.0, 0.0], [15.0, 0.0, 7.0], [True, True, False])
    >>> {name: values.tolist() for name, values in found.items() if values.any()}
    {'new': [0.0, 0.0, 7.0], 'expansion': [5.0, 0.0, 0.0], 'lost': [0.0, -10.0, 0.0]}
    """
    opening, closing = np.asarray(opening, dtype=float), np.asarray(closing, dtype=float)
    paid, pays, change = opening > 0, closing > 0, closing - opening
    change = np.where(np.abs(change) <= SAME * opening, 0.0, change)
    which = {
        "new": ~paid & ~np.asarray(before),
        "won_back": ~paid & np.asarray(before),
        "expansion": paid & pays & (change > 0),
        "contraction": paid & pays & (change < 0),
        "lost": paid & ~pays,
    }
    return {name: np.where(some, change, 0.0) for name, some in which.items()}


@dataclass(frozen=True, eq=False, repr=False)
class Movements(Printed):
    """How recurring revenue moved, period by period; `subscription_movements` makes it.

    Attributes
    ----------
    table : pandas.DataFrame
        One row for each period, and segment: opening, new, won_back, expansion, contraction, lost, closing, as amounts
        a month; opening_customers, new_customers, won_back_customers, lost_customers, closing_customers.
    every : str
        Length of a period.
    periods : tuple of str
        Their names.
    who : pandas.DataFrame
        One row for each customer, in each segment: columns of segments, customer_id.
    amounts : numpy.ndarray
        What each of them pays a month on the day before the first period and on the last day of each: an array of shape
        (customers, periods + 1).
    began : numpy.ndarray
        The period in which each of them first paid, counted from 1; 0 before the first, and above all after the last.
    by : tuple of str
        The columns of segments.
    currency : str or None
        What amounts are counted in.

    Examples
    --------
    >>> import ltv_bayes as lb
    >>> records = pd.DataFrame({"customer_id": list("ABCD"), "start": "2024-01-10", "price": [10, 20, 30, 40]})
    >>> records["cancelled_on"] = [None, "2024-02-20", None, None]
    >>> moved = lb.subscription_movements(lb.summarize_renewals(records, as_of="2024-04-30"))
    >>> moved.retention("3 months")[["customers", "opening", "net_retention", "logo_retention"]]
             customers  opening  net_retention  logo_retention
    period
    2024-03          0      0.0            NaN             NaN
    2024-04          4    100.0            0.8            0.75
    >>> moved.cohorts()["logo_retention"].to_dict()
    {('2024-01', 0): 1.0, ('2024-01', 1): 1.0, ('2024-01', 2): 0.75, ('2024-01', 3): 0.75}
    """

    table: pd.DataFrame
    every: str
    periods: tuple[str, ...]
    who: pd.DataFrame
    amounts: np.ndarray
    began: np.ndarray
    by: tuple[str, ...] = ()
    currency: str | None = None

    def retention(
        self,
        over: str = "1 year",
        *,
        ci_prob: float | None = None,
        ci_kind: str | None = None,
        random_seed: int | None = None,
    ) -> pd.DataFrame:
        """How much of its recurring revenue a set of customers still pays some time later.

        Net retention counts expansion, contraction and losses of those who paid at the beginning; gross retention
        leaves out what is more than at the beginning; logo retention counts customers. Intervals say what another set
        of such customers might have shown.

        Parameters
        ----------
        over : str
            How much later: a whole number of periods.
        ci_prob, ci_kind : optional
            Interval; ArviZ's setting where not given.
        random_seed : int, optional
            For the same intervals again.

        Returns
        -------
        pandas.DataFrame
            One row for each period, at the end of it, and segment: customers and opening (when the time began),
            net_retention, gross_retention and logo_retention with their intervals.

        Raises
        ------
        InputError
            If fewer periods have been observed, or the length is no whole number of them.

        Notes
        -----
        Draws are those of a Bayesian bootstrap (Rubin 1981, The Annals of Statistics 9) over customers, with one more
        customer drawn from all of them: where none of three customers left, some might have.
        """
        apart = number_of_periods(over, self.every)
        if apart > len(self.periods):
            raise InputError(
                _(
                    "Only {periods} were observed, and over={over!r} needs {apart}. Choose a shorter time.",
                    periods=counted(len(self.periods), "period"),
                    over=over,
                    apart=apart,
                )
            )
        every, rng = pairs_apart(self.amounts, apart), np.random.default_rng(as_seed(random_seed))
        pools, names = [factors_of(every)] * every.opening.shape[1], self.periods[apart - 1 :]
        tables = {
            segment: retention_table(pairs_apart(self.amounts[rows], apart), pools, rng, ci_prob, ci_kind).set_axis(
                names
            )
            for segment, rows in _segments(self.who, self.by)
        }
        return _joined(tables, self.by, self.currency)

    def cohorts(
        self, *, ci_prob: float | None = None, ci_kind: str | None = None, random_seed: int | None = None
    ) -> pd.DataFrame:
        """How much of their first recurring revenue customers still pay, by the period in which they began, and age.

        Parameters
        ----------
        ci_prob, ci_kind, random_seed : optional
            As in `retention`.

        Returns
        -------
        pandas.DataFrame
            Indexed by cohort and age, in periods since the end of the first: the columns of `retention`. Customers who
            were gone when their first period ended belong to no cohort, also if they are won back later, nor do those
            who began before the periods.

        Raises
        ------
        InputError
            If no customer began in one of the periods.
        """
        rng = np.random.default_rng(as_seed(random_seed))
        cohorts = {
            name: self.amounts[some, place:]
            for place, name in enumerate(self.periods, start=1)
            if (some := (self.began == place) & (self.amounts[:, place] > 0)).any()
        }
        if not cohorts:
            raise InputError(_("No customer began in one of these periods. Choose an earlier day with since=."))
        pools = [
            np.concatenate([own[:, age] / own[:, 0] for own in cohorts.values() if own.shape[1] > age])
            for age in range(max(own.shape[1] for own in cohorts.values()))
        ]
        tables = {
            name: retention_table(
                Pairs(np.repeat(own[:, :1], own.shape[1], axis=1), own), pools[: own.shape[1]], rng, ci_prob, ci_kind
            )
            for name, own in cohorts.items()
        }
        return flagged(pd.concat(tables, names=["cohort", "age"]), "", self.currency)

    def _page(self) -> Page:
        heading = _(
            "Recurring revenue by {every}, amounts a month: {customers}",
            every=as_known(self.every),
            customers=counted(self.who["customer_id"].nunique(), "customer"),
        )
        notes = [_("shown: the last {shown:,} of {rows:,} rows", shown=SHOWN, rows=len(self.table))]
        return ResultPage([heading], self.table.tail(SHOWN), notes * (len(self.table) > SHOWN), currency=self.currency)


def subscription_movements(
    renewals: Renewals, *, every: str = "month", by: str | Sequence[str] | None = None, since: Any = None
) -> Movements:
    """Find what was new, won back, expansion, contraction and lost in recurring revenue, period by period.

    What each customer pays a month is compared between the ends of calendar periods. Who pays for the first time is
    new; who had paid before, and did not at the beginning, is won back; who pays more or less has expanded or
    contracted; who pays nothing is lost, on the day until which they had paid. Contracts of a customer are added up, so
    another product is expansion, and a change of plan counts with what it adds. Who pays nothing, as under a free plan,
    is no customer here. What comes and goes within one period is not seen.

    Parameters
    ----------
    renewals : Renewals
        Of records with prices, as `summarize_renewals` makes them; each contract with a price of its own is a record.
    every : {"month", "quarter", "year"}
        Length of a period. Only whole periods count.
    by : str or sequence of str, optional
        Columns of segments. A customer with contracts in two segments is one in each: opening and closing of the
        segments make those of all, and what moves from one to the other is new there and lost here.
    since : date, optional
        The first day that counts, where the records begin late; the first start if not given.

    Returns
    -------
    Movements
        In each row of ``.table``, opening and the five movements make closing.

    Raises
    ------
    InputError
        If the renewals were not made from records, no whole period has been observed, a segment is blank, or records
        begin late and since is not given.
    ColumnError
        If there are no prices, or a column is not there.

    Examples
    --------
    Ada moved from 10 to 25 a month, Bo left, Cleo came back, Dan pays 120 a year:

    >>> records = pd.DataFrame(
    ...     [
    ...         ("Ada", "2024-01-15", "2024-02-15", 10, "month"),
    ...         ("Ada", "2024-02-15", None, 25, "month"),
    ...         ("Bo", "2024-01-01", "2024-02-10", 30, "month"),
    ...         ("Cleo", "2024-01-01", "2024-02-01", 8, "month"),
    ...         ("Cleo", "2024-03-05", None, 8, "month"),
    ...         ("Dan", "2024-03-01", None, 120, "year"),
    ...     ],
    ...     columns=["customer_id", "start", "cancelled_on", "price", "term"],
    ... )
    >>> from ltv_bayes.data.subscriptions.summarize import summarize_renewals
    >>> found = subscription_movements(summarize_renewals(records, period="term", as_of="2024-03-31"))
    >>> found.table.iloc[:, :7].astype(int)
             opening  new  won_back  expansion  contraction  lost  closing
    period
    2024-01        0   48         0          0            0     0       48
    2024-02       48    0         0         15            0    -8       55
    2024-03       55   10         8          0            0   -30       43
    """
    contracts = contracts_with_prices(renewals)
    if since is None and "observed_from" in renewals.table:
        raise InputError(
            _("These records begin late: who left before is missing. Pass since=, the day given as records_since.")
        )
    names, days = whole_periods(renewals, every, since)
    segments = [by] if isinstance(by, str) else list(by or ())
    who = owners(renewals, segments)
    owner = who.groupby(list(who), sort=True).ngroup().to_numpy()
    who = who.iloc[np.unique(owner, return_index=True)[1]].reset_index(drop=True)
    of_contract = owner[contracts["relation"].to_numpy()]
    amounts = amounts_on(contracts, of_contract, days, len(who))
    began = np.searchsorted(days, _first_paid(contracts, of_contract, len(who)))
    tables = {
        segment: _movements(amounts[rows], began[rows]).set_axis(names) for segment, rows in _segments(who, segments)
    }
    table = _joined(tables, segments, renewals.currency)
    return Movements(table, every, tuple(names), who, amounts, began, tuple(segments), renewals.currency)


def _first_paid(contracts: pd.DataFrame, owner: np.ndarray, number: int) -> np.ndarray:
    """The day on which each owner first had a contract with a price above 0."""
    paid = (contracts["price"] > 0).to_numpy()
    first = pd.Series(contracts["start"].to_numpy(dtype="M8[D]")[paid]).groupby(owner[paid]).min()
    return first.reindex(range(number)).to_numpy(dtype="M8[D]")


def _movements(amounts: np.ndarray, began: np.ndarray) -> pd.DataFrame:
    """The movements of some customers, one row for each period."""
    opening, closing = amounts[:, :-1], amounts[:, 1:]
    change = moved(opening, closing, began[:, np.newaxis] <= np.arange(opening.shape[1]))
    money = {"opening": opening} | change | {"closing": closing}
    paid, pays = opening > 0, closing > 0
    number = {"opening": paid, **{name: change[name] != 0 for name in ("new", "won_back", "lost")}, "closing": pays}
    counts = {f"{name}_customers": some for name, some in number.items()}
    return pd.DataFrame({name: values.sum(axis=0) for name, values in (money | counts).items()})


def _segments(who: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[Any, np.ndarray]]:
    """Each segment with its customers, by their rows; one segment of all without columns."""
    if not by:
        yield ALL, np.arange(len(who))
        return
    for segment, rows in who.groupby(list(by), sort=True).indices.items():
        yield segment if isinstance(segment, tuple) else (segment,), rows


def _joined(tables: Mapping[Any, pd.DataFrame], by: Sequence[str], currency: str | None) -> pd.DataFrame:
    """Tables by period as one, indexed by segment and period, or period alone."""
    if not by:
        return flagged(tables[ALL].rename_axis("period"), "", currency)
    return flagged(pd.concat(tables, names=[*by, "period"]), "", currency)
