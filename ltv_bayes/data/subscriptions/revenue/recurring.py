"""Recurring revenue: what each customer's contracts cost a month, on chosen days."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.data.subscriptions.calendar import MONTHS, Steps
from ltv_bayes.data.subscriptions.renewals import Renewals, require_records
from ltv_bayes.errors import ColumnError, InputError, refuse_rows, suggestion
from ltv_bayes.language import _, as_known
from ltv_bayes.time_units import DAYS_PER_YEAR, as_date

ONE_DAY = np.timedelta64(1, "D")


def a_month(price: Any, period: Any) -> np.ndarray:
    """The price of a contract for a month, where it is that of one period.

    Examples
    --------
    >>> a_month([120.0, 7.0], ["year", "week"]).round(4).tolist()
    [10.0, 30.4375]
    """
    steps = Steps.of(period)
    months = np.where(steps.months > 0, steps.months, steps.days / (DAYS_PER_YEAR / 12))
    return np.asarray(price, dtype=float) / months


def contracts_with_prices(renewals: Any) -> pd.DataFrame:
    """The contracts of records with prices.

    Raises
    ------
    InputError, ColumnError
        If these are no renewals made from records, or there are no prices.
    """
    require_records(renewals)
    if renewals.contracts is None:
        raise InputError(
            _("These renewals do not say when prices changed. Make them from records, with summarize_renewals.")
        )
    if "price" not in renewals.contracts:
        raise ColumnError(_("The renewals have no prices. Read them with price='...'."))
    return renewals.contracts


def whole_periods(renewals: Renewals, every: str, since: Any = None) -> tuple[list[str], np.ndarray]:
    """The calendar periods that have been observed from beginning to end: their names, and their last days.

    Parameters
    ----------
    every : {"month", "quarter", "year"}
        Length of a period.
    since : date, optional
        The first day that counts; the first start if not given.

    Returns
    -------
    names : list of str
    days : array of shape (periods + 1,)
        The day before the first period, and the last day of each.

    Raises
    ------
    InputError
        If no whole period has been observed, or the length is unknown.
    """
    if every not in MONTHS:
        raise InputError(
            _("every {every!r} is unknown. {suggestion}", every=every, suggestion=suggestion(str(every), MONTHS))
        )
    end: Any = renewals.as_of
    first = renewals.table["start"].min().date() if since is None else as_date(since, "since")
    months = MONTHS[every]
    begin = int(np.datetime64(first, "M").astype(np.int64)) // months
    begin += since is not None and _first_day(begin * months) < np.datetime64(first)
    stop = int(np.datetime64(end + dt.timedelta(days=1), "M").astype(np.int64)) // months
    if stop <= begin:
        raise InputError(
            _(
                "No whole {every} lies between {first} and {end}. Choose a shorter one with every=, or a later as_of.",
                every=as_known(every),
                first=first,
                end=end,
            )
        )
    days = np.array([_first_day(one * months) for one in range(begin, stop + 1)])
    return [str(pd.Period(str(day), every[0].upper())) for day in days[:-1]], days - ONE_DAY


def _first_day(month: int) -> Any:
    return np.datetime64(month, "M").astype("M8[D]")


def number_of_periods(length: Any, every: str) -> int:
    """How many calendar periods a length is.

    Raises
    ------
    InputError
        If it is no whole number of them.

    Examples
    --------
    >>> number_of_periods("1 year", "quarter"), number_of_periods("month", "month")
    (4, 1)
    """
    number, _unused, unit = str(length).rpartition(" ")
    unit, number = unit.removesuffix("s"), number or "1"
    months = int(number) * MONTHS[unit] if number.isdigit() and unit in MONTHS else 0
    if months <= 0 or months % MONTHS[every]:
        raise InputError(
            _(
                "over={length!r} is no whole number of periods of a {every}. Write '1 year', for example.",
                length=length,
                every=as_known(every),
            )
        )
    return months // MONTHS[every]


def amounts_on(contracts: pd.DataFrame, owner: np.ndarray, days: np.ndarray, number: int) -> np.ndarray:
    """What owners pay a month for the contracts that run on each day.

    Parameters
    ----------
    contracts : pandas.DataFrame
        As in `Renewals`.
    owner : array of shape (contracts,)
        Whose they are, as numbers below ``number``.
    days : array of shape (days,)
        In ascending order.

    Returns
    -------
    array of shape (number, days)

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-15", "2024-02-20"])
    >>> contracts = pd.DataFrame({"start": days, "until": [days[1], pd.NaT], "price": [10.0, 20.0], "period": "month"})
    >>> amounts_on(contracts, np.zeros(2, int), np.array(["2024-01-31", "2024-02-29"], "M8[D]"), 1).tolist()
    [[10.0, 20.0]]
    """
    paid = a_month(contracts["price"], contracts["period"].to_numpy(dtype=str))
    first = np.searchsorted(days, contracts["start"].to_numpy(dtype="M8[D]"))
    until = contracts["until"].to_numpy(dtype="M8[D]")
    last = np.where(np.isnat(until), len(days), np.searchsorted(days, until))
    width = np.maximum(last - first, 0)
    each = np.repeat(np.arange(len(contracts)), width)
    place = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width) + first[each]
    flat = np.bincount(owner[each] * len(days) + place, weights=paid[each], minlength=number * len(days))
    return flat.reshape(number, len(days))


def owners(renewals: Renewals, by: list[str]) -> pd.DataFrame:
    """Whose each row of the table is: a customer's, or a customer's in a segment.

    Returns
    -------
    pandas.DataFrame
        One row for each of the table: the columns of the segments, as text, and customer_id.

    Raises
    ------
    ColumnError, InputError
        If a column is not there, named twice, or blank for some customers, who are named.
    """
    table = renewals.table
    twice = [name for place, name in enumerate(by) if name in by[:place]]
    if twice:
        raise InputError(_("by= names the column {name!r} twice. Name it once.", name=twice[0]), twice)
    absent = [name for name in by if name not in table]
    if absent:
        hint = suggestion(absent[0], map(str, table.columns))
        raise ColumnError(
            _("There is no column {name!r} in the renewals. {suggestion}", name=absent[0], suggestion=hint), absent
        )
    for name in by:
        refuse_rows(
            table.index[table[name].isna()],
            "customer",
            _("without {name}", name=name),
            _("Fill it in in the records, for example with 'unknown'."),
        )
    return table[by].astype(str).assign(customer_id=as_text(table.index)).reset_index(drop=True)
