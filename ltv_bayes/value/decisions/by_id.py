"""What a mapping from customer ids gives each customer."""

import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import DataWarning, InputError, counted, listed


def by_id(customers: Customers, given: Mapping[Any, Any] | pd.Series, argument: str) -> dict[str, Any]:
    """Read a mapping from ids: what it gives each id, written as text.

    Raises
    ------
    InputError
        If it gives nothing to any of the customers.

    Warns
    -----
    DataWarning
        If it holds ids of nobody.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 4.0})
    >>> by_id(Customers.from_summary(frame, time_unit="week"), {"2 ": "x", 1: "y"}, "by")
    {'2': 'x', '1': 'y'}
    """
    found = {str(key).strip(BLANKS): value for key, value in given.items()}
    known = known_ids(customers, found)
    nobody = sorted(found.keys() - known.keys() - set(customers.without_orders.index.astype(str)))
    some = f"Customers are called {listed(customers.rows.head(3).index, 3)}."
    if not known:
        ids = f" (ids {listed(found)})" if found else ""
        raise InputError(
            f"{argument}= names none of the {counted(len(customers), 'customer')}{ids}. {some} Write ids alike.", found
        )
    if nobody:
        label = "id" if len(nobody) == 1 else "ids"
        warnings.warn(
            f"{argument}= holds {counted(len(nobody), 'id')} of nobody who is valued ({label} {listed(nobody)}). "
            f"{some} Are ids written alike?",
            DataWarning,
            stacklevel=4,
        )
    return found
