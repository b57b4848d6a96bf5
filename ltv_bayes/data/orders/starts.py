"""Since when each customer could have ordered, as given, and held against the orders."""

import datetime as dt

import pandas as pd

from ltv_bayes.errors import InputError, rows_at_fault


def starts_until(since: pd.Series, orders: pd.DataFrame, end: dt.date) -> tuple[pd.Series, pd.Series]:
    """Divide given starts into those up to the end of observation and those after it.

    Parameters
    ----------
    since : pandas.Series
        The day from which each customer could have ordered, indexed by id.
    orders : pandas.DataFrame
        row, customer_id and date of the orders that count.
    end : datetime.date
        The day on which observation ends.

    Returns
    -------
    pandas.Series
        The starts up to the end.
    pandas.Series
        Those of customers who are not there yet.

    Raises
    ------
    InputError
        If customers who ordered have no start, or ordered before it.

    Examples
    --------
    >>> since = pd.Series(pd.to_datetime(["2024-01-31", "2024-12-01"]), index=["Ada", "Bo"])
    >>> orders = pd.DataFrame({"customer_id": ["Ada"], "date": pd.to_datetime(["2024-02-10"])})
    >>> there, later = starts_until(since, orders, dt.date(2024, 6, 30))
    >>> there.index.tolist(), later.index.tolist()
    (['Ada'], ['Bo'])
    """
    first = orders.groupby("customer_id")["date"].min()
    _refuse(first.index[~first.index.isin(since.index)], "who ordered but are not in since", "Give each of them a date")
    start = since.reindex(first.index)
    _refuse(first.index[first < start], "who ordered before their day in since", "Correct these dates")
    there = since <= pd.Timestamp(end)
    return since[there], since[~there]


def _refuse(ids: pd.Index, problem: str, cure: str) -> None:
    """Raise if there are such customers."""
    if len(ids):
        raise InputError(rows_at_fault(ids, "customer", problem, f"{cure}, or leave their orders out."), ids)
