"""Ids written as text, found among customers."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.ids import BLANKS, as_text, ids_from_texts
from ltv_bayes.errors import LISTED, DataWarning, InputError, counted, listed
from ltv_bayes.language import _

LONGEST = 20


def known_ids(customers: Customers, texts: Iterable[str]) -> dict[str, Any]:
    """Find ids written as text among the customers.

    Parameters
    ----------
    texts : iterable of str
        Ids as someone wrote them.

    Returns
    -------
    dict
        Those of customers, with the id as the table has it.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 4.0})
    >>> known_ids(Customers.from_summary(frame, time_unit="week"), ["2", "Zoe"])
    {'2': 2}
    """
    if not (asked := list(dict.fromkeys(map(str, texts)))):
        return {}
    found = customers.rows.with_ids(ids_from_texts(asked, customers.rows.head(1).index)).index
    known = dict(zip(as_text(found), found.tolist(), strict=True))
    return {text: known[text] for text in asked if text in known}


def lost_zeros(unknown: Iterable[str], customers: Customers) -> str:
    """Ask whether zeros were lost, if that makes unknown ids those of customers; otherwise nothing.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": ["00007"], "frequency": 0, "recency": 0.0, "T": 4.0})
    >>> lost_zeros(["7", "8"], Customers.from_summary(frame, time_unit="week"))
    "Did a spreadsheet take zeros away? There is '00007'; keep the column of ids as text. "
    """
    written = [way for text in list(unknown)[:LISTED] for way in _ways(str(text))]
    found = known_ids(customers, written)
    if not found:
        return ""
    return _(
        "Did a spreadsheet take zeros away? There is {found}; keep the column of ids as text. ",
        found=listed(map(repr, found)),
    )


def _ways(text: str) -> list[str]:
    """Write a whole number with more zeros in front, or with none."""
    if not (text.isascii() and text.isdigit()):
        return []
    ways = [text.lstrip("0") or "0", *(text.zfill(length) for length in range(len(text) + 1, LONGEST + 1))]
    return [way for way in ways if way != text]


def by_id(customers: Customers, given: Mapping[Any, Any] | pd.Series, argument: str) -> dict[str, Any]:
    """Read a mapping from ids: what it gives each id, written as text.

    Raises
    ------
    InputError
        If it gives nothing to any of the customers.

    Warns
    -----
    DataWarning
        If it holds ids that no customer has.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 4.0})
    >>> by_id(Customers.from_summary(frame, time_unit="week"), {"2 ": "x", 1: "y"}, "by")
    {'2': 'x', '1': 'y'}
    """
    found = {str(key).strip(BLANKS): value for key, value in given.items()}
    known = known_ids(customers, found)
    unknown = sorted(found.keys() - known.keys() - set(customers.without_orders.index.astype(str)))
    some = _("Customers are called {head}.", head=listed(customers.rows.head(3).index, 3))
    if not known:
        ids = _(" (ids {found})", found=listed(found)) if found else ""
        raise InputError(
            _(
                "{argument}= names none of the {customers}{ids}. {some} Write ids alike.",
                argument=argument,
                customers=counted(len(customers), "customer"),
                ids=ids,
                some=some,
            ),
            found,
        )
    if unknown:
        label = "id" if len(unknown) == 1 else "ids"
        warnings.warn(
            _(
                "{argument}= holds {ids} that no valued customer has ({label} {unknown}). {some} Are ids "
                "written alike?",
                argument=argument,
                ids=counted(len(unknown), "id"),
                label=label,
                unknown=listed(unknown),
                some=some,
            ),
            DataWarning,
            stacklevel=4,
        )
    return found
