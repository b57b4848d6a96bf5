"""Subscription records to renewals: how often each was renewed, and whether it is still active."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.amounts import as_amounts
from ltv_bayes.data.calendar import PERIODS, after, number_until
from ltv_bayes.data.columns import named_column
from ltv_bayes.data.dates import as_days
from ltv_bayes.data.faults import Fault, refuse
from ltv_bayes.data.ids import ids_of
from ltv_bayes.data.readers import read_table
from ltv_bayes.data.renewals import Renewals
from ltv_bayes.data.selection import today
from ltv_bayes.errors import ColumnError, UnitError, suggestion
from ltv_bayes.time_units import OTHER_SPELLINGS, as_date

OURS = ("renewals", "lost", "subscriptions", "start", "period", "next_due", "ended_on", "price", "product")


def summarize_renewals(
    records: Any,
    *,
    period: str = "month",
    as_of: Any = None,
    customer: str = "customer_id",
    start: str = "start",
    cancelled_on: str = "cancelled_on",
    price: str | None = "price",
    product: str | None = None,
    currency: str | None = None,
    amount_unit: float | str | None = None,
    date_format: str | None = None,
) -> Renewals:
    """Turn records of subscriptions, one row each, into renewals made and subscriptions lost.

    A subscription is paid for from its start for one period, and renewed at the end of each. Renewal dates follow the
    calendar: from 31 January by the month, they are 29 February, 31 March and so on. Who cancels is lost at the next
    renewal date, ``ended_on``; a cancellation on a renewal date means that this renewal was not made. A notice that has
    been given although the renewal is due only after ``as_of`` counts as lost in the table, and as still open in a fit:
    others whose renewal is not due yet have not been asked either, and counting only those who leave would overrate
    churn.

    Parameters
    ----------
    records : path or frame
        Anything that :func:`ltv_bayes.read_table` reads: customer, start, day of cancellation (blank while active),
        price of one period. Other columns become attributes.
    period : str
        The length of all contracts: day, week, month, quarter or year. Or the name of a column with each record's own.
    as_of : date, optional
        The day on which observation ends, today if not given. What happens later is not counted: subscriptions that
        start later are left out, those cancelled later are active.
    customer, start, cancelled_on : str
        The names of the columns.
    price : str or None
        The column of prices; None for records without money.
    product : str, optional
        The column that says what is subscribed to, where a customer may have several at once.
    currency, amount_unit, date_format : optional
        As in :func:`ltv_bayes.read_transactions`.

    Returns
    -------
    Renewals
        In the order of the records.

    Raises
    ------
    ColumnError
        If a column is not there.
    InputError
        If records contradict themselves or each other; the message names the rows.

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
    """
    raw = read_table(records)
    end = today() if as_of is None else as_date(as_of)
    ids = ids_of(named_column(raw, customer, "customer"))
    starts, no_start = as_days(named_column(raw, start, "start"), date_format=date_format)
    cancelled, unread = _cancelled(raw, cancelled_on, date_format)
    money, no_money = _prices(raw, price, amount_unit)
    periods = _periods(raw, period)
    what = pd.Series("", raw.index) if product is None else named_column(raw, product, "product").astype(str)
    before = Fault((cancelled < starts).to_numpy(), "cancelled before the start", "Correct one of the two dates.")
    free = Fault((money <= 0).to_numpy(), "with a price of zero or less", "Give the price of one period, above 0.")
    refuse([*no_start, *unread, *no_money, before, free], raw.index)
    table = pd.DataFrame(
        {"start": starts.array, "period": periods, "price": money.array, "product": what.array}, index=ids
    )
    cancelled = cancelled.set_axis(ids)
    _refuse_overlaps(table, cancelled, raw.index)
    counted = _counted(table, cancelled, end)
    used = [customer, start, cancelled_on, price, product, period]
    others = raw.drop(columns=[name for name in used if name in raw.columns]).set_axis(ids, axis="index")
    clash = [str(name) for name in others.columns if name in OURS]
    if clash:
        raise ColumnError(f"The columns {', '.join(clash)} have names that are used here. Rename them in the records.")
    begun = (table["start"] <= pd.Timestamp(end)).to_numpy()
    kept = pd.concat([counted, others], axis="columns")[begun]
    dropped_columns = [*([] if price else ["price"]), *([] if product else ["product"])]
    return Renewals(kept.drop(columns=dropped_columns), end, currency)


def _cancelled(raw: pd.DataFrame, name: str, date_format: str | None) -> tuple[pd.Series, list[Fault]]:
    """Days of cancellation; blank ones are no fault."""
    days, (_, *unread) = as_days(named_column(raw, name, "cancelled_on"), date_format=date_format)
    return days, unread


def _prices(raw: pd.DataFrame, name: str | None, unit: Any) -> tuple[pd.Series, list[Fault]]:
    if name is None:
        return pd.Series(np.nan, raw.index), []
    cure = "Records without money are read with price=None; otherwise name the column with price='...'."
    values, faults = as_amounts(named_column(raw, name, "price", cure), unit=unit)
    return values, [Fault(fault.at, fault.problem.replace("amount", "price"), fault.cure) for fault in faults]


def _periods(raw: pd.DataFrame, period: str) -> np.ndarray:
    """The contract length of each record."""
    if period not in raw.columns:
        return np.full(len(raw), _as_period(period))
    cells = raw[period]
    wrong = np.zeros(len(cells), dtype=bool)
    found = np.empty(len(cells), dtype=object)
    for place, cell in enumerate(cells):
        try:
            found[place] = _as_period(str(cell))
        except UnitError:
            wrong[place] = True
    known = ", ".join(PERIODS)
    refuse([Fault(wrong, f"whose {period} is no contract length", f"Write one of {known}.")], raw.index)
    return found


def _as_period(text: str) -> str:
    """Read a contract length: month, monthly, 月."""
    word = text.strip().lower()
    word = {
        "monthly": "month",
        "quarterly": "quarter",
        "yearly": "year",
        "annual": "year",
        "annually": "year",
        "weekly": "week",
        "daily": "day",
    }.get(word, OTHER_SPELLINGS.get(word, word.removesuffix("s")))
    if word not in PERIODS:
        raise UnitError(f"{text!r} is neither a contract length nor a column. {suggestion(word, PERIODS)}")
    return word


def _counted(table: pd.DataFrame, cancelled: pd.Series, end: dt.date) -> pd.DataFrame:
    """Count renewals up to the end of observation, and find what is due next."""
    start, period = table["start"].to_numpy(), table["period"].to_numpy(dtype=str)
    last = pd.Timestamp(end)
    lost = (cancelled <= last).to_numpy()
    until = np.where(lost, cancelled.to_numpy() - np.timedelta64(1, "D"), last.to_datetime64())
    renewals = np.maximum(number_until(start, np.maximum(until, start), period), 0)
    due = pd.Series(after(start, renewals + 1, period).astype("M8[us]"), index=table.index)
    counts = {"renewals": renewals, "lost": lost, "subscriptions": 1}
    dates = {"next_due": due.mask(lost), "ended_on": due.where(lost)}
    return table.assign(**counts, **dates)[[*counts, "start", "period", *dates, "price", "product"]]


def _refuse_overlaps(table: pd.DataFrame, cancelled: pd.Series, labels: pd.Index) -> None:
    """Raise if a customer has two subscriptions to one thing at once."""
    order = np.lexsort((table["start"].to_numpy(), table["product"].to_numpy(dtype=str), table.index.astype(str)))
    ids, what = table.index.astype(str).to_numpy()[order], table["product"].to_numpy(dtype=str)[order]
    starts = table["start"].to_numpy()[order]
    ends = cancelled.fillna(pd.Timestamp.max.floor("D")).to_numpy()[order]
    same = (ids[1:] == ids[:-1]) & (what[1:] == what[:-1]) & (starts[1:] < ends[:-1])
    at = np.zeros(len(table), dtype=bool)
    at[order[1:][same]] = at[order[:-1][same]] = True
    problem = "with subscriptions of one customer that overlap"
    cure = "Name the column of what is subscribed to with product=, or give the first its day of cancellation."
    refuse([Fault(at, problem, cure)], labels)
