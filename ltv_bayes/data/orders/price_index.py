"""A given index of prices: amounts brought to prices of one day."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.by_day import levels_by_day
from ltv_bayes.errors import InputError, refuse_rows
from ltv_bayes.language import _


def at_prices_of(day: dt.date, orders: pd.DataFrame, price_index: Any) -> pd.DataFrame:
    """Orders with amounts in prices of a day.

    Between two dates of the index its logarithm is on a straight line; after the last, the last level holds.

    Parameters
    ----------
    orders : pandas.DataFrame
        With the columns date and amount.
    price_index : mapping, Series, path or frame
        Levels by date, or a table with the columns ``date`` and ``level``.

    Raises
    ------
    InputError
        If it cannot be read, or orders, or the day, are before its first date.

    Examples
    --------
    >>> orders = pd.DataFrame({"date": pd.to_datetime(["2023-01-01", "2024-01-01"]), "amount": [95.0, 50.0]})
    >>> at_prices_of(dt.date(2024, 1, 1), orders, {"2023-01-01": 95, "2024-01-01": 100})["amount"].round(6).tolist()
    [100.0, 50.0]
    """
    index = levels_by_day(price_index, "price_index", "level")
    first, dates = index.index[0], orders["date"].dt.normalize()
    early = orders.loc[dates < first, "row"] if "row" in orders else orders.index[dates < first]
    if len(early) or pd.Timestamp(day) < first:
        refuse_rows(
            early,
            "order",
            _("before price_index begins ({first})", first=first.date()),
            _("Let the index begin earlier."),
        )
        raise InputError(
            _("price_index begins on {first}, after {day}. Let it begin earlier.", first=first.date(), day=day)
        )
    known, logs = index.index.to_numpy("datetime64[D]").astype(float), np.log(index.to_numpy())
    on_day = np.interp(dates.to_numpy("datetime64[D]").astype(float), known, logs)
    now = float(np.interp(float(np.datetime64(day, "D").astype(np.int64)), known, logs))
    return orders.assign(amount=orders["amount"] * np.exp(now - on_day))
