"""A stream's own data of customers: matched by id with those who are valued, and checked against them."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.check import OBSERVED_UNTIL
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import UnitError, refuse_rows
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _


def positions(customers: Customers, own: pd.Index) -> IntArray:
    """Where customers stand among ids written as text; -1 for those who are not there.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": [7, 9], "frequency": 0, "recency": 0.0, "T": 4.0})
    >>> positions(Customers.from_summary(frame, time_unit="week"), pd.Index(["9", "8"])).tolist()
    [-1, 0]
    """
    return np.asarray(own.get_indexer(as_text(customers.ids)), dtype=np.int64)


def sum_by_customer(amounts: Array, own: pd.Index, customers: Customers) -> Array:
    """Add up amounts of a stream's data, given their customers' ids as text: an array of shape (customers,)."""
    position = as_text(customers.ids).get_indexer(own)
    return np.bincount(position[position >= 0], amounts[position >= 0], len(customers))


def require_same(customers: Customers, name: str, as_of: dt.date | None, currency: str | None) -> None:
    """Raise if a stream's data end on another day, or count money otherwise, than the customers valued.

    Raises
    ------
    UnitError
        If as-of date or currency differ.
    """
    if as_of and customers.as_of and as_of != customers.as_of:
        raise UnitError(
            _(
                "The data of the stream {name!r} are as of {as_of}, the customers valued as of {as_of_2}. "
                "Summarize both with one as_of.",
                name=name,
                as_of=as_of,
                as_of_2=customers.as_of,
            )
        )
    if currency and customers.currency and currency != customers.currency:
        raise UnitError(
            _(
                "The stream {name!r} is in {currency}, the customers valued are in {currency_2}. Convert the "
                "amounts to one currency first.",
                name=name,
                currency=currency,
                currency_2=customers.currency,
            )
        )


def refuse_ended(orders: Customers, valued: Customers, name: str) -> None:
    """Raise if the observation of some who are valued ended early, for a stream that does not depend on a relation.

    Their futures would begin on the as-of date, from histories that ended before.

    Parameters
    ----------
    orders : Customers
        The stream's histories.
    valued : Customers
        Who is valued.
    name : str
        The stream's name.

    Raises
    ------
    InputError
        Naming the customers.
    """
    problem = _(
        "observed only until their relation ended, but valued by the stream {name!r} as if it went on", name=name
    )
    cure = _("Let it depend on the stream that knows when relations end, as in while_alive='subscription'.")
    refuse_rows(ended_early(orders, valued), "customer", problem, cure)


def ended_early(orders: Customers, valued: Customers) -> list[Any]:
    """Ids of those valued with an observation in a stream's histories that ended early."""
    if OBSERVED_UNTIL not in orders.columns:
        return []
    ended = [batch.ids[batch.table[OBSERVED_UNTIL].notna()] for batch in orders.batches()]
    return list(known_ids(valued, [str(customer_id) for some in ended for customer_id in some]).values())
