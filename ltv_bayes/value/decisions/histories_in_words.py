"""A customer's history in plain words."""

import pandas as pd

from ltv_bayes.data.customers.customers import Customers

LONG = 1.5


def in_words(frequency: float, recency: float, T: float, unit: str) -> str:
    """When the last order was, and how often there was one before.

    Examples
    --------
    >>> in_words(4, 12.0, 30.0, "month")
    'no order for 18 months, before that one every 3 months'
    >>> in_words(0, 0.0, 8.4, "week"), in_words(2, 5.0, 5.0, "month")
    ('one order so far, 8.4 weeks ago', 'an order every 2.5 months, the last just now')
    """
    silent = T - recency
    if frequency == 0:
        return f"one order so far, {ago(silent, unit)}"
    gap = recency / frequency
    if silent > LONG * gap:
        return f"no order for {length(silent, unit)}, before that one every {length(gap, unit)}"
    return f"an order every {length(gap, unit)}, the last {ago(silent, unit)}"


def length(time: float, unit: str) -> str:
    """Write a length of time.

    Examples
    --------
    >>> length(18.2, "month"), length(2.54, "week"), length(1.0, "month"), length(0.02, "year")
    ('18 months', '2.5 weeks', 'month', 'less than 0.1 years')
    """
    rounded = round(time, 0 if time >= 9.95 else 1)
    if rounded == 1:
        return unit
    return f"less than 0.1 {unit}s" if rounded == 0 else f"{rounded:g} {unit}s"


def ago(time: float, unit: str) -> str:
    """Write how long ago something was.

    Examples
    --------
    >>> ago(0.0, "month"), ago(1.0, "month"), ago(3.2, "week")
    ('just now', 'a month ago', '3.2 weeks ago')
    """
    written = length(time, unit)
    return "just now" if time < 0.05 else f"{'a ' if written == unit else ''}{written} ago"


def histories_in_words(customers: Customers) -> pd.Series:
    """The words for each customer, indexed by id."""
    table = customers.table
    rows = zip(table["frequency"], table["recency"], table["T"], strict=True)
    return pd.Series([in_words(*row, customers.time_unit) for row in rows], index=table.index, dtype=object)
