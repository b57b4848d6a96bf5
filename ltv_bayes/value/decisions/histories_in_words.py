"""A customer's history in plain words."""

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.formatting import probability
from ltv_bayes.language import _, _n
from ltv_bayes.time_units import PLURALS, UNITS, in_units

LONG = 1.5
NOW = 0.05


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
        return _("one order so far, {ago}", ago=ago(silent, unit))
    gap = recency / frequency
    if silent > LONG * gap:
        return _(
            "no order for {length}, before that one every {length_2}",
            length=length(silent, unit),
            length_2=length(gap, unit),
        )
    if silent < NOW:
        return _("an order every {length}, the last just now", length=length(gap, unit))
    return _("an order every {length}, the last {ago}", length=length(gap, unit), ago=ago(silent, unit))


def length(time: float, unit: str) -> str:
    """Write a length of time.

    Examples
    --------
    >>> length(18.2, "month"), length(2.54, "week"), length(1.0, "month"), length(0.02, "year")
    ('18 months', '2.5 weeks', 'month', 'less than 0.1 years')
    """
    amount = f"{round(time, 0 if time >= 9.95 else 1):g}"
    if amount == "0":
        return _("less than {length}", length=in_units("0.1", unit))
    names = {"unit": _(UNITS[unit]), "units": _(PLURALS[unit])}
    return _n("{unit}", "{amount} {units}", 1 if amount == "1" else 2, amount=amount, **names)


def ago(time: float, unit: str) -> str:
    """Write how long ago something was.

    Examples
    --------
    >>> ago(0.0, "month"), ago(1.0, "month"), ago(3.2, "week")
    ('just now', 'a month ago', '3.2 weeks ago')
    """
    if time < NOW:
        return _("just now")
    return _n("a {length} ago", "{length} ago", 1 if round(time, 1) == 1 else 2, length=length(time, unit))


def histories_in_words(customers: Customers) -> pd.Series:
    """The words for each customer, indexed by id."""
    table = customers.table
    rows = zip(table["frequency"], table["recency"], table["T"], strict=True)
    return pd.Series([in_words(*row, customers.time_unit) for row in rows], index=table.index, dtype=object)


def what_signs_did(used: float, by_orders: float, opportunities: bool) -> str:
    """Why a value takes a customer to be alive with another probability than orders alone show; empty if it does not.

    Parameters
    ----------
    opportunities : bool
        Whether the signs of life are open opportunities.

    Examples
    --------
    >>> what_signs_did(0.6, 0.01, True), what_signs_did(0.55, 0.6, False), what_signs_did(0.601, 0.599, True)
    ('raised by the open opportunity', 'lowered because there is no sign of life', '')
    """
    if not np.isfinite([used, by_orders]).all() or probability(used) == probability(by_orders):
        return ""
    if opportunities:
        return _("raised by the open opportunity") if used > by_orders else _("lowered because no opportunity is open")
    return _("raised by a sign of life") if used > by_orders else _("lowered because there is no sign of life")
