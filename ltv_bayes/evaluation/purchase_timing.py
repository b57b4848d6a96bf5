"""Whether purchases are as random in time as the models take them to be, more regular, or in bursts."""

import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import InputError, counted, listed
from ltv_bayes.evaluation.backtest import occasions
from ltv_bayes.formatting import percent, three_digits
from ltv_bayes.formulas.models import regularity
from ltv_bayes.formulas.models.bg_cnbd import LARGEST_K
from ltv_bayes.intervals import describe_interval, interval_settings
from ltv_bayes.language import _
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import as_date

REGULAR = 1.5
LONG_SILENCE = 3
LINE = 100


def check_regularity(orders: Transactions, *, as_of: Any = None, ci_prob: float | None = None) -> "Regularity":
    """Estimate how regular gaps between purchases are, and what this does to forecasts.

    BG/NBD and MBG/NBD take purchases of a customer to occur at random moments. Where they are regular, as projects are
    that recur with the budget year, a long silence means more than the models take from it; `BGCNBD` and `MBGCNBD`
    allow for it. Where they occur in bursts, it means less.

    Parameters
    ----------
    orders : Transactions
        What :func:`ltv_bayes.read_transactions` returns. Customers with three purchase days or more tell something.
    as_of : date, optional
        Orders after this day are left out.
    ci_prob : float, optional
        Probability of the interval; ArviZ's setting where not given.

    Returns
    -------
    Regularity
        Its text is a sentence to quote; ``k`` with its interval is the number behind it, ``whole_k`` the one for
        `BGCNBD`.

    Raises
    ------
    InputError
        If no customer has three purchase days.

    Notes
    -----
    k is the shape of gamma-distributed gaps, of which each customer has a rate of their own: 1 is random. It is
    estimated from how each customer's gaps divide their sum, which depends neither on rates nor on who has left or is
    still observed (`ltv_bayes.formulas.models.regularity`). It is not biased where purchases are random; where they are
    regular and only days apart, k is estimated too large, by about k / (days in a gap).

    References
    ----------
    Wheat & Morrison (1990), Estimating purchase regularity with two interpurchase times, Journal of Marketing Research
    27. Platzer & Reutterer (2016), Ticking away the moments, Marketing Science 35.

    Examples
    --------
    >>> from ltv_bayes.data.exports.read_orders import read_transactions
    >>> days = pd.date_range("2019-01-15", "2024-03-15", freq="365D")
    >>> log = pd.DataFrame({"customer_id": sorted(["Ada", "Bo"] * 6), "date": [*days, *days], "amount": 100.0})
    >>> check_regularity(read_transactions(log)).regular
    True
    """
    require_transactions(orders)
    prob, _unused = interval_settings(ci_prob, "eti")
    owner, days, ids = _gaps(orders, as_of)
    gaps = regularity.counted_gaps(owner, days)
    if not gaps.customers.size:
        raise InputError(
            _("No customer bought on three days, so there are no two gaps to compare. Wait for more orders.")
        )
    low, middle, high = regularity.quantile(*regularity.posterior(gaps), [(1 - prob) / 2, 0.5, (1 + prob) / 2])
    typical = float(np.median(np.repeat(gaps.spare, gaps.gaps.astype(int)) + 1))
    number = int(gaps.customers.sum()), int(gaps.gaps.sum())
    return Regularity(float(middle), float(low), float(high), prob, *number, typical, ids)


def require_transactions(orders: Any) -> None:
    """Refuse what is no log of single orders."""
    if not isinstance(orders, Transactions):
        raise InputError(
            _(
                "Regularity is a matter of single orders, as read_transactions returns them, not of a {name}.",
                name=type(orders).__name__,
            )
        )


@dataclass(frozen=True, repr=False)
class Regularity(Printed):
    """How regular gaps between purchases are; its text is a sentence to quote.

    Attributes
    ----------
    k, low, high : float
        Posterior median of the gaps' shape and the ends of its interval: 1 is random, more is regular, less is bursts.
    ci_prob : float
        Probability of the interval.
    customers, gaps : int
        How many customers with at least two gaps, and how many gaps, it is estimated from.
    typical_gap : float
        Median of these gaps, in days.
    ids : pandas.Index, optional
        All customers in the log.

    Examples
    --------
    >>> Regularity(4.1, 3.9, 4.3, 0.89, 600, 2400, 362.0).regular
    True
    """

    k: float
    low: float
    high: float
    ci_prob: float
    customers: int
    gaps: int
    typical_gap: float
    ids: pd.Index | None = field(default=None, compare=False)

    @property
    def regular(self) -> bool:
        """Whether gaps are clearly more alike than random ones: the whole interval lies above 1.5."""
        return self.low > REGULAR

    @property
    def bursts(self) -> bool:
        """Whether gaps are clearly less alike than random ones: the whole interval lies below 1 / 1.5."""
        return self.high < 1 / REGULAR

    @property
    def whole_k(self) -> int:
        """The whole number nearest to k, from 1 to the largest that models take: for `BGCNBD` and `MBGCNBD`.

        Examples
        --------
        >>> Regularity(4.1, 3.9, 4.3, 0.89, 600, 2400, 362.0).whole_k
        4
        """
        return min(max(round(self.k), 1), LARGEST_K)

    @property
    def enough(self) -> bool:
        """Whether the gaps are evidence: the interval does not reach from bursts to regularity."""
        return not (self.low < 1 / REGULAR and self.high > REGULAR)

    @property
    def silence(self) -> float:
        """Chance that a customer who stays is silent for three usual gaps; 0.05 where purchases are random."""
        return float(regularity.silence(self.k, LONG_SILENCE))

    @property
    def _seen(self) -> str:
        return _(
            "k = {k} ({interval} {low} to {high}; 1 is random), from {gaps} of {customers}, typically {days} long",
            k=three_digits(self.k),
            interval=describe_interval(self.ci_prob, "eti"),
            low=three_digits(self.low),
            high=three_digits(self.high),
            gaps=counted(self.gaps, "gap"),
            customers=counted(self.customers, "customer"),
            days=counted(round(self.typical_gap), "day"),
        )

    @property
    def sentence(self) -> str:
        """What to quote."""
        seen = self._seen
        alive = _(
            "a customer who stays is silent for three usual gaps with a chance of {silence}, not {silence_2}",
            silence=percent(self.silence),
            silence_2=percent(float(regularity.silence(1.0, LONG_SILENCE))),
        )
        if self.regular:
            return _(
                "Purchases are regular: {seen}. So {alive}. BG/NBD and MBG/NBD take too little from a long "
                "silence and think the silent alive too often, expect too many purchases, and make "
                "intervals too wide. Fit BGCNBD(k={whole_k}) in place of BGNBD(), or MBGCNBD(k={whole_k}) "
                "in place of MBGNBD().",
                seen=seen,
                alive=alive,
                whole_k=self.whole_k,
            )
        if self.bursts:
            return _(
                "Purchases occur in bursts: {seen}. So {alive}. BG/NBD and MBG/NBD take too much from a "
                "silence and give up customers between two bursts, expect too few purchases, and make "
                "intervals too narrow. Count the orders of one project as one, and hold forecasts to a "
                "backtest.",
                seen=seen,
                alive=alive,
            )
        if not self.enough:
            return _(
                "Too few gaps to tell: purchases may be regular, random or in bursts: {seen}. Wait for "
                "more orders, or ask those who know these customers.",
                seen=seen,
            )
        return _("Purchases are about as random in time as BG/NBD and MBG/NBD take them to be: {seen}.", seen=seen)

    @property
    def sentence_of_events(self) -> str:
        """What to quote of customers who stay, with events that `NBD` takes to occur at random."""
        if self.regular:
            return _(
                "Events are regular: {seen}. NBD takes them to occur at random: it takes too little from "
                "what single customers have done, and makes their intervals too wide. Hold forecasts to a "
                "backtest.",
                seen=self._seen,
            )
        if self.bursts:
            return _(
                "Events occur in bursts: {seen}. NBD takes them to occur at random: it takes too much from "
                "what single customers have done, and makes their intervals too narrow. Count events of "
                "one cause as one.",
                seen=self._seen,
            )
        if not self.enough:
            return _("Too few gaps to tell: events may be regular, random or in bursts: {seen}.", seen=self._seen)
        return _("Events are about as random in time as NBD takes them to be: {seen}.", seen=self._seen)

    def of_customers(self, customers: Customers) -> pd.DataFrame:
        """How long each repeat customer has been silent, beside their own usual gap; the least likely silence first.

        Parameters
        ----------
        customers : Customers
            With histories; who has not bought again has no gap, and is left out.

        Returns
        -------
        pandas.DataFrame
            By customer: ``gaps`` (their number), ``usual_gap`` and ``silence`` in days, and ``chance`` that a gap
            between two purchases of this customer is longer than the silence so far, at this regularity.

        Raises
        ------
        InputError
            If none of them is in the log.

        Examples
        --------
        >>> frame = pd.DataFrame({"customer_id": ["Ada"], "frequency": [3], "recency": [3.0], "T": [5.0]})
        >>> yearly = Regularity(4.0, 3.8, 4.2, 0.89, 600, 2400, 362.0)
        >>> yearly.of_customers(Customers.from_summary(frame, time_unit="year")).round(3)
                     gaps  usual_gap  silence  chance
        customer_id
        Ada             3     365.25    730.5   0.091
        """
        require_history(customers)
        self._require_same_log(customers)
        table = customers.in_time_unit("day").table
        table = table[table["frequency"] > 0]
        total, silent = table["recency"], table["T"] - table["recency"]
        found = pd.DataFrame(
            {
                "gaps": table["frequency"].astype(int),
                "usual_gap": total / table["frequency"],
                "silence": silent,
                "chance": regularity.chance_of_silence(self.k, silent, table["frequency"], total),
            }
        )
        return found.sort_values("chance", kind="stable")

    def _require_same_log(self, customers: Customers) -> None:
        """Refuse customers of another log, with gaps of another k."""
        if self.ids is not None and len(customers) and not as_text(customers.ids).isin(as_text(self.ids)).any():
            raise InputError(
                _(
                    "None of the {customers} (ids {ids}) is in the log that k was estimated from (ids "
                    "{ids_2}). Pass the customers of this log, with ids written alike, or check the regularity "
                    "of theirs.",
                    customers=counted(len(customers), "customer"),
                    ids=listed(customers.ids),
                    ids_2=listed(self.ids),
                ),
                customers.ids[:5],
            )

    def _page(self) -> ResultPage:
        return ResultPage([textwrap.fill(self.sentence, LINE)])


def _gaps(orders: Transactions, as_of: Any) -> tuple[np.ndarray, np.ndarray, pd.Index]:
    """The customer and the days of each gap; and all customers in the log."""
    days = occasions(orders)
    if as_of is not None:
        days = days[days["date"].dt.date <= as_date(as_of)]
    days = days.sort_values(["customer_id", "date"], kind="stable")
    owner, ids = days["customer_id"].factorize()
    length = days["date"].diff().dt.days.to_numpy()
    repeat = np.append(False, owner[1:] == owner[:-1])[: len(days)]
    return owner[repeat], length[repeat], pd.Index(ids)
