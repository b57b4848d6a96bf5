"""Subscription records to renewals: how often each was renewed, and whether it is still active."""

import datetime as dt
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.exports.other_tables import columns_beside, customer_column
from ltv_bayes.data.orders.selection import ONE_DAY, today
from ltv_bayes.data.reading.amount_units import unit_to_apply
from ltv_bayes.data.reading.amounts import as_amounts
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import Fault, refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_ids, ids_of
from ltv_bayes.data.subscriptions.contract_lengths import is_column, periods_of
from ltv_bayes.data.subscriptions.contracts import FOUND, contradictions, count_renewals, overlaps, written_twice
from ltv_bayes.data.subscriptions.late_records import observed_since
from ltv_bayes.data.subscriptions.not_counted import after_the_end, without_words_for_none
from ltv_bayes.data.subscriptions.notices import notice_counts
from ltv_bayes.data.subscriptions.plan_changes import CHANGED, join_contracts
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError, rows_at_fault
from ltv_bayes.language import _, comma
from ltv_bayes.time_units import as_date, as_duration

USUAL: dict[str, str | None] = {
    "customer": "customer_id",
    "start": "start",
    "cancelled_on": "cancelled_on",
    "price": "price",
    "period": None,
    "seats": "seats",
}
OURS = ("customer_id", *FOUND, *CHANGED, "observed_from", "notice")


def summarize_renewals(
    records: Any,
    *,
    period: str | None = None,
    as_of: Any = None,
    customer: str = "customer_id",
    start: str = "start",
    cancelled_on: str | None = "cancelled_on",
    renewed_on: str | None = None,
    grace: Any = None,
    allowed_gap: Any = None,
    records_since: Any = None,
    price: str | None = "price",
    seats: str | None = None,
    product: str | None = None,
    currency: str | None = None,
    amount_unit: float | str | None = None,
    date_format: str | None = None,
) -> Renewals:
    """Turn records of subscriptions, one row each, into renewals made and subscriptions lost.

    A subscription is paid for from its start for one period, and renewed at the end of each. Renewal dates follow the
    calendar: from 31 January by the month, they are 29 February, 31 March and so on. A customer who cancels is lost at
    the next renewal date, ``ended_on``; a cancellation on a renewal date means that this renewal was not made. A notice
    that has been given although the renewal is due only after ``as_of`` counts as lost in the table, and as still open
    in a fit: the others with a renewal not due yet have not been asked either, and counting only those who leave would
    overrate churn.

    A change of plan is no loss. Contracts of one customer that follow each other are one relation and one row, with
    the renewals of all, the start of the first, and product, price and attributes of the last. ``upgrades``,
    ``downgrades`` and ``other_changes`` count the changes, by price a day. A contract of another length starts a row of
    its own, as its renewals are of another kind; the earlier row ends with ``changed_on``, neither active nor lost.

    Where renewals are recorded and cancellations perhaps are not, ``renewed_on`` names the column with the day of the
    last renewal made. It counts as that of the nearest renewal date, since people pay a few days early or late. A
    subscription is lost if its next renewal was due by ``as_of`` and is not recorded; ``ended_on`` is the day on which
    it was due. Within ``grace`` after that day it may still be on its way.

    Parameters
    ----------
    records : path or frame
        Anything that :func:`ltv_bayes.read_table` reads: customer, start, day of cancellation (blank while active),
        price of one period. Other columns become attributes.
    period : str, optional
        The length of all contracts: day, week, month, quarter, year, or a number of them, such as 24 months or half a
        year. Or the name of a column with each record's own, which may be written as monthly, 12 months, 月付, and so
        on; where its header says a unit in brackets, as "Contract Term (months)" does, as numbers. If not given, a
        column with a name that exports give it counts, such as billing cycle or 付费周期, and a note says so; without
        one, contracts run a month.
    as_of : date, optional
        The day on which observation ends, today if not given. What happens later is not counted: subscriptions that
        start later are left out, those cancelled later are active. A renewal recorded later says that those due by
        then were made. Notes say of how many rows this holds.
    customer, start : str
        The names of the columns. Where these, ``cancelled_on`` or ``price`` are not given and not there, a name that
        exports usually give them counts, and a note says so; likewise for ``seats="seats"``.
    cancelled_on : str or None
        The column with the day of cancellation; None where only renewals are recorded. Cells with a word for none, such
        as "-", "active" or 未退订, count as blank, and a note says so.
    renewed_on : str, optional
        The column with the day of the last renewal made, blank where there was none yet. A day nearer to the start
        than to the first renewal date says that there was none.
    allowed_gap : str or Duration, optional
        How many days may lie between two contracts of one relation, such as ``"7 days"``. If not given, a contract
        follows another if it starts on the day on which that was cancelled, or until which it was paid, or the day
        after.
    records_since : date, optional
        The day since which the records say who leaves, where subscriptions that ended earlier are missing from them:
        the day of a new system. Of a subscription that began earlier, a fit asks only what became of it since.
    grace : str or Duration, optional
        How late a renewal may be recorded, such as ``"14 days"``. One that has been due for less than that counts as
        open, with ``next_due`` on or before ``as_of``, and is valued as if due on ``as_of``. A fit leaves out all
        renewals due within ``grace`` before ``as_of``, the recorded ones too: of these the losses are not known yet.
    price : str or None
        The column of prices, 0 for free plans; None for records without money.
    seats : str, optional
        The column with the number that a contract is paid by: seats, licences, or usage. The price stays that of the
        whole contract. `Expansion` then learns how the number grows.
    product : str, optional
        The column that says what is subscribed to, where a customer may have several at once.
    currency, amount_unit, date_format : optional
        As in :func:`ltv_bayes.read_transactions`.

    Returns
    -------
    Renewals
        In the order of the records, with contracts that follow each other in the place of the last.

    Raises
    ------
    ColumnError
        If a column is not there.
    InputError
        If records contradict themselves or each other, naming the rows; if none starts by ``as_of``.

    Warns
    -----
    DataWarning
        If prices are blank beside others, or subscriptions that ended before some day seem to be missing.

    Examples
    --------
    >>> records = pd.DataFrame(
    ...     {"customer_id": ["Ada", "Bo"], "start": ["2024-01-31", "2024-03-01"], "cancelled_on": ["2024-04-10", None]}
    ... )
    >>> found = summarize_renewals(records, price=None, as_of="2024-06-15").table
    >>> found[["renewals", "lost", "next_due", "ended_on"]]
                 renewals   lost   next_due   ended_on
    customer_id
    Ada                 2   True        NaT 2024-04-30
    Bo                  3  False 2024-07-01        NaT

    A system that records renewals alone; Ada did not renew on 30 April, and Bo's renewal of 1 June may be late:

    >>> records = pd.DataFrame(
    ...     {"customer_id": ["Ada", "Bo"], "start": ["2024-01-31", "2024-03-01"], "paid": ["2024-04-02", "2024-04-30"]}
    ... )
    >>> names = {"cancelled_on": None, "renewed_on": "paid", "price": None}
    >>> found = summarize_renewals(records, **names, grace="20 days", as_of="2024-06-15").table
    >>> found[["renewals", "lost", "next_due", "ended_on"]]
                 renewals   lost   next_due   ended_on
    customer_id
    Ada                 2   True        NaT 2024-04-30
    Bo                  2  False 2024-06-01        NaT
    """
    raw = read_table(records)
    called = {"customer": customer, "start": start, "cancelled_on": cancelled_on, "price": price, "period": period}
    called |= {"seats": seats} if seats else {}
    customer, start, cancelled_on, price, period, *number = (names := _found(raw, called)).values()
    period = period or "month"
    notes = [
        _("{role} is the column {name!r}", role=role, name=name) for role, name in names.items() if name != called[role]
    ]
    end = today() if as_of is None else as_date(as_of)
    grace_days = _grace_days(grace, cancelled_on, renewed_on)
    gap_days = 0 if allowed_gap is None else _whole_days(allowed_gap, "allowed_gap")
    since = _since(records_since, end)
    named = [name for name in (customer, start, cancelled_on, renewed_on, price, *number, product) if name is not None]
    _refuse_one_column_for_two(named)
    ids = ids_of(named_column(raw, customer, "customer"))
    cells, unsaid = without_words_for_none(raw, {"cancelled_on": cancelled_on, "renewed_on": renewed_on})
    contracts, faults = _contracts(
        cells, start, {"cancelled": cancelled_on, "renewed": renewed_on}, price, product, amount_unit, date_format
    )
    for name in number:
        contracts["seats"], uncounted = _seats(raw, name)
        faults += uncounted
    refuse([*faults, *contradictions(contracts, max(today() + ONE_DAY, end))], raw.index)
    contracts["period"] = periods_of(raw, period)
    refuse([written_twice(contracts, ids)], raw.index)
    refuse([overlaps(contracts, ids, end, grace_days, gap_days)], raw.index)
    _refuse_none_begun(contracts, end)
    notes += [*unsaid, *after_the_end(contracts, end, given=as_of is not None)]
    used = [*named, *([period] if is_column(raw, period) else [])]
    others = _others(
        raw.drop(columns=[name for name in used if name in raw.columns]), [*OURS, *(["seats"] if number else [])]
    )
    counts = pd.concat([count_renewals(contracts, end, grace_days), others], axis="columns", sort=False)
    if number:
        counts["seats"] = contracts["seats"]
    counts["notice"] = (counts["ended_on"] - contracts["cancelled"]).dt.days
    amounts = ["price", *("seats" for _unused in number)]
    joined, each = join_contracts(counts, contracts["cancelled"], ids, end, gap_days, amounts)
    notices = notice_counts(joined, end - dt.timedelta(days=grace_days))
    unasked = [*([] if price else ["price"]), *([] if product else ["product"])]
    table, each = observed_since(joined, since).drop(columns=unasked), each.drop(columns=[] if price else "price")
    return Renewals(table, end, currency, grace_days, tuple(notes), notices, each)


def _found(raw: pd.DataFrame, called: dict[str, Any]) -> dict[str, Any]:
    """The names of columns; where one has its usual name and is not there, that which exports give it."""
    known = [*raw.columns, *raw.index.names]
    absent = [role for role, name in called.items() if name == USUAL[role] and (name is None or name not in known)]
    left = raw.drop(columns=[name for name in called.values() if name in raw])
    found = columns_beside(left, "contracts", [role for role in absent if role != "customer"], "{}={!r}".format)
    who = customer_column(left, "customer={!r}".format) if "customer" in absent else None
    return {**called, **found, **({} if who is None else {"customer": who})}


def _contracts(
    raw: pd.DataFrame,
    start: str,
    days: dict[str, str | None],
    price: str | None,
    product: str | None,
    amount_unit: Any,
    date_format: str | None,
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read the columns of the records, all but the contract length, with what is wrong with them."""
    starts, no_start = as_days(named_column(raw, start, "start"), date_format=date_format)
    columns, faults = {"start": starts}, no_start
    for ours, name in days.items():
        if ours == "cancelled" or name is not None:
            columns[ours], unread = _blank_allowed(raw, name, f"{ours}_on", date_format)
            faults += unread
    columns["price"], no_money = _prices(raw, price, amount_unit)
    columns["product"], no_product = _products(raw, product)
    return pd.DataFrame(columns), [*faults, *no_money, *no_product]


def _blank_allowed(
    raw: pd.DataFrame, name: str | None, argument: str, date_format: str | None
) -> tuple[pd.Series, list[Fault]]:
    """Days of cancellation or renewal; blank ones, and those that stand for never, are no fault."""
    if name is None:
        return pd.Series(pd.NaT, raw.index, dtype="datetime64[us]"), []
    cure = _("Name the column with {argument}='...'.", argument=argument)
    if argument == "cancelled_on":
        cure += _(" Where only renewals are recorded, pass cancelled_on=None and renewed_on='...'.")
    days, (_unused, _unused, *unread) = as_days(named_column(raw, name, argument, cure), date_format=date_format)
    return days, [replace(fault, cure=f"{fault.cure} Leave it blank where there is none.") for fault in unread]


def _grace_days(grace: Any, cancelled_on: str | None, renewed_on: str | None) -> int:
    """Read the grace in whole days, and raise unless records say how subscriptions end."""
    if cancelled_on is None and renewed_on is None:
        raise InputError(
            _(
                "Without days of cancellation or of renewal, no subscription would ever be lost. Name a column "
                "with cancelled_on='...' or renewed_on='...'."
            )
        )
    if grace is None:
        return 0
    if renewed_on is None:
        raise InputError(_("grace is about renewals that are recorded late. Name their column with renewed_on='...'."))
    return _whole_days(grace, "grace")


def _whole_days(length: Any, name: str) -> int:
    days = int(as_duration(length, name).days)
    if days < 1:
        raise UnitError(
            _(
                "{name} counts in whole days; {length!r} is less than one. Leave it out, or give '1 day'.",
                name=name,
                length=length,
            )
        )
    return days


def _since(given: Any, end: dt.date) -> dt.date | None:
    """Read the day on which the records begin, which lies before observation ends."""
    since = None if given is None else as_date(given, "records_since")
    if since is not None and since > end:
        raise UnitError(
            _(
                "records_since {since} lies after as_of {end}, so that nothing is observed. Correct one of them.",
                since=since,
                end=end,
            )
        )
    return since


def _refuse_one_column_for_two(names: list[str]) -> None:
    """Raise if one column was named for two things."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ColumnError(
            _("The column {twice!r} was named for two things. Name another one for one of them.", twice=twice[0]), twice
        )


def _prices(raw: pd.DataFrame, name: str | None, unit: Any) -> tuple[pd.Series, list[Fault]]:
    """Read prices of one period; a blank one beside others is that of a free plan, which a note reports."""
    if name is None:
        return pd.Series(np.nan, raw.index), []
    cure = _("Records without money are read with price=None; otherwise name the column with price='...'.")
    cells = named_column(raw, name, "price", cure)
    unit_to_apply(name, unit, stacklevel=4)
    values, (missing, infinite, unread) = as_amounts(cells, unit=unit, header=name)
    zero_or_above = _("Give the price of one period, 0 for a free plan.")
    plain_number = _("Write a plain number, such as 1200.50; a unit such as 万元 is passed as amount_unit=.")
    none_paid = np.full(len(raw), not (values > 0).any() and not unread.at.any())
    if missing.at.any() and not none_paid.any():
        problem = _("without a price, read as free plans")
        say = rows_at_fault(raw.index[missing.at], "row", problem, _("Write 0 if so, and the price if not."))
        warnings.warn(say, DataWarning, stacklevel=4)
    return values.mask(missing.at, 0.0), [
        Fault(
            missing.at & none_paid,
            _("without a price"),
            _("Fill in {name}; {cure}{cure_2}", name=name, cure=cure[:1].lower(), cure_2=cure[1:]),
        ),
        Fault(infinite.at, _of_prices(infinite.problem), zero_or_above),
        Fault(unread.at, _("with a price that cannot be read"), plain_number, unread.example),
        Fault((values < 0).to_numpy(), _("with a price below zero"), zero_or_above),
    ]


def _seats(raw: pd.DataFrame, name: str) -> tuple[pd.Series, list[Fault]]:
    """Read the numbers that contracts are paid by."""
    values, (missing, infinite, unread) = as_amounts(named_column(raw, name, "seats"))
    cure = _("Fill in {name}: 1 where a contract is not paid by it.", name=name)
    return values, [
        Fault(missing.at, _("without a number of seats"), cure),
        Fault(
            infinite.at | unread.at,
            _("with a number of seats that cannot be read"),
            _("Write a plain number, such as 12."),
            unread.example,
        ),
        Fault((values <= 0).to_numpy(), _("with a number of seats that is not above 0"), cure),
    ]


def _products(raw: pd.DataFrame, name: str | None) -> tuple[pd.Series, list[Fault]]:
    """What is subscribed to, as text."""
    if name is None:
        return pd.Series("", raw.index), []
    products, blank = as_ids(named_column(raw, name, "product"))
    return products.astype(str), [Fault(blank.at, _("without a product"), _("Fill in {name}.", name=name))]


def _refuse_none_begun(contracts: pd.DataFrame, end: dt.date) -> None:
    """Raise unless a contract started by the end of observation."""
    first = contracts["start"].min()
    if not first <= pd.Timestamp(end):
        raise InputError(
            _("as_of {end} lies before the first start ({first:%Y-%m-%d}). Choose a later day.", end=end, first=first)
        )


def _others(columns: pd.DataFrame, ours: Sequence[str]) -> pd.DataFrame:
    """Take the columns that become attributes."""
    clash = [str(name) for name in columns.columns if name in ours]
    if clash:
        raise ColumnError(
            _(
                "The columns {clash} have names that are used here. Rename them in the records, or name them "
                "as the columns to use.",
                clash=comma(clash),
            )
        )
    return columns


def _of_prices(problem: str) -> str:
    """Say of a price what `as_amounts` says of an amount."""
    return problem.replace(_("an amount"), _("a price")).replace(_("amount"), _("price"))
