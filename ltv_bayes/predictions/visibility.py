"""Which share of future purchases stands in the pipeline already, of which customers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import Fault, refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_text, ids_of
from ltv_bayes.errors import ColumnError, InputError, counted, refuse_rows, rows_at_fault, suggestion
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import Duration, as_duration, as_number

TRUE, FALSE = ("true", "yes", "1", "1.0", "是"), ("false", "no", "0", "0.0", "否")


@dataclass(frozen=True)
class Coverage:
    """The customers whose pipeline is reported: marked in a column, by values of a column, or by their ids.

    Attributes
    ----------
    column : str
        Column of the customers' table; empty where ids are given.
    values : frozenset of str
        Values of the column, as text; empty for a column of True and False.
    ids : frozenset of str
        Ids of the customers, as text.
    """

    column: str = ""
    values: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    @classmethod
    def read(cls, covers: Any) -> "Coverage | None":
        """Read what the user gave: None for all customers, a column, a column with its values, or ids.

        Parameters
        ----------
        covers : None, str, mapping or iterable
            A mapping has one column, with the values that are covered.

        Raises
        ------
        InputError
            If it has several columns, or no value.

        Examples
        --------
        >>> Coverage.read({"account_manager": ["Chen", "Garcia"]})
        account_manager Chen, Garcia
        """
        if covers is None or isinstance(covers, Coverage):
            return covers
        if isinstance(covers, str):
            return cls(covers)
        if not isinstance(covers, Mapping):
            return cls(ids=frozenset(map(str, covers)))
        if len(covers) != 1:
            raise InputError(
                _(
                    "covers= takes one column with its values, not {number}. Add a column that marks them.",
                    number=len(covers),
                )
            )
        ((column, values),) = covers.items()
        listed_values = [values] if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
        if not listed_values:
            raise InputError(
                _("covers= names no value of {column!r}. Give those that report, or leave covers= out.", column=column)
            )
        return cls(str(column), frozenset(map(str, listed_values)))

    def of(self, customers: Customers) -> np.ndarray:
        """Mark the customers that are covered.

        Returns
        -------
        numpy.ndarray
            True or False, of shape (customers,).

        Raises
        ------
        ColumnError
            If their table has no such column.
        InputError
            If the column of marks holds something else.
        """
        if not self.column:
            return np.asarray(as_text(customers.ids).isin(list(self.ids)))
        if self.column not in customers.columns:
            cure = suggestion(self.column, customers.columns)
            raise ColumnError(
                _("The customers have no column {column!r}, which covers= names. {cure}", column=self.column, cure=cure)
            )
        cells = customers.table[self.column]
        text = cells.astype(str).where(cells.notna(), "")
        if self.values:
            return text.isin(list(self.values)).to_numpy()
        plain = text.str.strip().str.lower()
        unread = ~plain.isin([*TRUE, *FALSE, ""]).to_numpy()
        if unread.any():
            ids = list(customers.ids[unread])
            problem = _("without True or False in {column!r}, which covers= names", column=self.column)
            cure = _("To choose values of it, write covers={{{column!r}: [...]}}.", column=self.column)
            raise InputError(rows_at_fault(ids, "customer", problem, cure), ids)
        return plain.isin(TRUE).to_numpy()

    def has(self, value: str) -> bool:
        """Whether customers with this value of the column are covered."""
        return value in self.values if self.values else value.strip().lower() in TRUE

    def __repr__(self) -> str:
        if not self.column:
            return str(counted(len(self.ids), "customer"))
        return " ".join(filter(None, (self.column, ", ".join(sorted(self.values)))))


@dataclass(frozen=True, repr=False)
class VisibleShare(Printed):
    """The share of purchases within some time ahead that the pipeline shows, a beta distribution.

    Make one with :meth:`known`, :meth:`from_counts` or :meth:`from_snapshots`.

    Where several streams of repeat purchases are valued, judgements leave out the same share of each, so learn it from
    the orders of all of them. Then as many purchases are left out as the pipeline shows, whichever stream they are of;
    their money is right so far as orders of these streams are worth the same.

    Attributes
    ----------
    a, b : float
        Parameters of the distribution; infinite b and a for a known share are written as their ratio in ``share``.
    within : Duration
        How far ahead the pipeline looks.
    share : float
        The mean.
    """

    share: float
    within: Duration
    a: float = np.inf
    b: float = np.inf

    @classmethod
    def known(cls, share: float, *, within: Any) -> Self:
        """Take a share that is known.

        Parameters
        ----------
        share : float
            0.6 for 60%.
        within : str or Duration
            How far ahead the pipeline looks, ``"6 months"``.

        Raises
        ------
        InputError
            If it does not lie between 0 and 1.

        Examples
        --------
        >>> VisibleShare.known(0.6, within="6 months")
        60% of the purchases within 6 months stand in the pipeline
        """
        number = as_number(share, "share")
        if not 0 <= number <= 1:
            raise InputError(_("share must lie between 0 and 1, not {number:g}.", number=number))
        return cls(number, as_duration(within, "within"))

    @classmethod
    def from_counts(cls, seen: int, *, of: int, within: Any) -> Self:
        """Learn the share from past purchases: the number that stood in the pipeline before, of all. Uniform prior.

        Parameters
        ----------
        seen, of : int
            Purchases that stood in the pipeline before, and all.
        within : str or Duration
            How far ahead the pipeline looks, ``"6 months"``.

        Raises
        ------
        InputError
            If more were seen than there are, or there are none.

        Examples
        --------
        >>> VisibleShare.from_counts(18, of=30, within="6 months")
        59% (18 of 30) of the purchases within 6 months stand in the pipeline
        """
        number, total = as_number(seen, "seen"), as_number(of, "of")
        if number % 1 or total % 1 or not 0 <= number <= total or total == 0:
            raise InputError(
                _("seen and of count purchases, seen at most of: not {seen!r} of {of!r}.", seen=seen, of=of)
            )
        a, b = 1 + number, 1 + total - number
        return cls(a / (a + b), as_duration(within, "within"), a, b)

    @classmethod
    def from_snapshots(
        cls,
        snapshots: Any,
        orders: Transactions,
        *,
        within: Any,
        customer: str = "customer_id",
        seen_on: str = "seen_on",
        closed_on: str = "closed_on",
        date_format: str | None = None,
        covers: Iterable[Any] | None = None,
    ) -> Self:
        """Learn the share from snapshots of the pipeline and the orders that followed.

        An order within the time after a snapshot counts as seen if an opportunity of this customer in the snapshot
        became this order: it closed on the order's day. Only orders of customers who had ordered by the day of the
        snapshot count, since purchase models forecast no others. Snapshots may overlap: the share is that of all of
        them, but an order is evidence once, however many snapshots precede it.

        Parameters
        ----------
        snapshots : path or frame
            One row for each opportunity in each snapshot: customer, day of the snapshot, and the day on which it was
            won (blank if it was lost or is open).
        orders : Transactions
            All orders.
        within : str or Duration
            How far ahead the pipeline looks, ``"6 months"``.
        customer, seen_on, closed_on : str
            The names of the columns.
        date_format : str, optional
            How dates are written, as in ``read_transactions``.
        covers : iterable of ids, optional
            The customers whose pipeline was reported, if not all: only their orders count.

        Raises
        ------
        InputError
            If no snapshot is old enough, or an opportunity was won on a day without an order; the message names rows.
        """
        length = as_duration(within, "within")
        names = (customer, seen_on, closed_on)
        listed, made = _listed(read_table(snapshots), names, date_format), _made(orders)
        if covers is not None:
            made = made[made["customer"].isin(list(map(str, covers)))]
        _refuse_unknown_wins(listed, made)
        foreseen = _foreseen(listed["seen"], made, length)
        if foreseen.empty:
            raise InputError(
                _(
                    "No order of a customer known by then was made within {length} after a snapshot that lies "
                    "{length} before the last order. Give older snapshots, or a shorter time.",
                    length=length,
                )
            )
        seen = pd.MultiIndex.from_frame(foreseen).isin(pd.MultiIndex.from_frame(listed[list(foreseen)]))
        share, number = float(seen.mean()), _worth_in_orders(foreseen)
        a, b = 1 + share * number, 1 + (1 - share) * number
        return cls(a / (a + b), length, a, b)

    def draws(self, shape: tuple[int, int], seed: int) -> Array:
        """Draw the share by ``seed``: an array of shape (chains * draws,)."""
        size = shape[0] * shape[1]
        if np.isinf(self.a):
            return np.full(size, self.share)
        return customer_stream(seed, "visible share", "").beta(self.a, self.b, size)

    def _page(self) -> ResultPage:
        counts = "" if np.isinf(self.a) else _(" ({a:.0f} of {a_2:.0f})", a=self.a - 1, a_2=self.a + self.b - 2)
        text = _(
            "{share}{counts} of the purchases within {within} stand in the pipeline",
            share=percent(self.share),
            counts=counts,
            within=self.within,
        )
        return ResultPage([text])


def _listed(raw: pd.DataFrame, names: tuple[str, str, str], date_format: str | None) -> pd.DataFrame:
    """Read snapshots: customer as text, the day seen and the day closed."""
    customer, seen_on, closed_on = names
    ids = as_text(ids_of(named_column(raw, customer, "customer")))
    seen, no_day = as_days(named_column(raw, seen_on, "seen_on"), date_format=date_format)
    closed, (_unused, *unread) = as_days(named_column(raw, closed_on, "closed_on"), date_format=date_format)
    early = Fault(
        (closed <= seen).to_numpy(), _("won on or before the day of the snapshot"), _("Correct one of the days.")
    )
    refuse([*no_day, *unread, early], raw.index)
    return pd.DataFrame({"customer": ids, "seen": seen.array, "closed": closed.array}, index=raw.index)


def _made(orders: Transactions) -> pd.DataFrame:
    """Days with orders: customer as text, closed, and the customer's first."""
    days = pd.DataFrame({"customer": as_text(orders.table["customer_id"]), "closed": orders.table["date"].array})
    days = days.drop_duplicates()
    return days.assign(first=days.groupby("customer")["closed"].transform("min"))


def _refuse_unknown_wins(listed: pd.DataFrame, made: pd.DataFrame) -> None:
    """Raise for opportunities won on a day without an order of the customer."""
    pair = ["customer", "closed"]
    known = pd.MultiIndex.from_frame(listed[pair]).isin(pd.MultiIndex.from_frame(made[pair]))
    lost = listed["closed"].notna().to_numpy() & ~known
    cure = _("Correct closed_on, or give the orders of that time.")
    refuse_rows(listed.index[lost], "row", _("won on a day without an order of the customer"), cure)


def _foreseen(snapshots: pd.Series, made: pd.DataFrame, length: Duration) -> pd.DataFrame:
    """Orders within a time after each snapshot that lies that long before the last order: a row for each pair.

    Of customers who had ordered by then.
    """
    span, columns = pd.Timedelta(days=length.days), ["customer", "closed"]
    days = snapshots[snapshots + span <= made["closed"].max()].drop_duplicates().sort_values()
    pairs = []
    for day in days:
        known = (made["first"] <= day) & (made["closed"] > day) & (made["closed"] <= day + span)
        pairs.append(made.loc[known, columns].assign(seen=day))
    return pd.concat(pairs) if pairs else made[columns].assign(seen=pd.NaT).iloc[:0]


def _worth_in_orders(foreseen: pd.DataFrame) -> float:
    """The number of orders that are as much evidence, if each stands there once (Kish's effective number)."""
    times = foreseen.groupby(["customer", "closed"]).size().to_numpy(dtype=float)
    return float(times.sum() ** 2 / (times**2).sum())
