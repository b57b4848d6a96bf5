"""A given index of prices: amounts brought to prices of one day."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.errors import InputError, refuse_rows

LEVEL = "level"


def price_index_of(given: Any) -> pd.Series:
    """Read an index of prices.

    Parameters
    ----------
    given : mapping, Series, path or frame
        Levels by date: a mapping, a series indexed by date, or a table with the columns ``date`` and ``level``.

    Returns
    -------
    pandas.Series
        Levels indexed by day, ascending.

    Raises
    ------
    InputError
        If a date cannot be read or is there twice, or a level is no number above 0.

    Examples
    --------
    >>> price_index_of({"2024-01-01": 100, "2023-01-01": 95}).tolist()
    [95.0, 100.0]
    """
    if isinstance(given, Mapping):
        given = pd.Series(dict(given), dtype=object)
    if not isinstance(given, pd.Series):
        table = read_table(given)
        cure = "Call the columns 'date' and 'level'."
        dates, levels = (named_column(table, name, name, cure) for name in ("date", LEVEL))
        given = pd.Series(levels.array, dates.array)
    if given.empty:
        raise InputError("price_index has no levels. Give at least one, by its date.")
    labels = pd.Index(given.index.astype(str))
    days, faults = as_days(pd.Series(given.index.to_series().array, labels))
    refuse(faults, labels, noun="date of price_index")
    refuse_rows(labels[days.duplicated()], "day", "with several levels in price_index", "Give one level a day.")
    number = pd.to_numeric(pd.Series(given.array), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~(np.isfinite(number) & (number > 0))
    refuse_rows(labels[wrong], "day", "with a level that is no number above 0, in price_index", "Correct the levels.")
    return pd.Series(number, pd.DatetimeIndex(days), name=LEVEL).sort_index()


def at_prices_of(day: dt.date, orders: pd.DataFrame, index: pd.Series) -> pd.DataFrame:
    """Orders with amounts in prices of a day.

    Between two dates of the index its logarithm is on a straight line; after the last, the last level holds.

    Parameters
    ----------
    orders : pandas.DataFrame
        With the columns date and amount.
    index : pandas.Series
        As `price_index_of` reads it.

    Raises
    ------
    InputError
        If orders, or the day, are before the first date of the index.

    Examples
    --------
    >>> orders = pd.DataFrame({"date": pd.to_datetime(["2023-01-01", "2024-01-01"]), "amount": [95.0, 50.0]})
    >>> index = price_index_of({"2023-01-01": 95, "2024-01-01": 100})
    >>> at_prices_of(dt.date(2024, 1, 1), orders, index)["amount"].round(6).tolist()
    [100.0, 50.0]
    """
    first, dates = index.index[0], orders["date"].dt.normalize()
    early = orders.loc[dates < first, "row"] if "row" in orders else orders.index[dates < first]
    if len(early) or pd.Timestamp(day) < first:
        refuse_rows(early, "order", f"before price_index begins ({first.date()})", "Let the index begin earlier.")
        raise InputError(f"price_index begins on {first.date()}, after {day}. Let it begin earlier.")
    known, logs = index.index.to_numpy("datetime64[D]").astype(float), np.log(index.to_numpy())
    on_day = np.interp(dates.to_numpy("datetime64[D]").astype(float), known, logs)
    now = float(np.interp(float(np.datetime64(day, "D").astype(np.int64)), known, logs))
    return orders.assign(amount=orders["amount"] * np.exp(now - on_day))
