"""Ids that differ from customers' by zeros in front, which spreadsheets take away."""

from collections.abc import Iterable

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import LISTED, listed

LONGEST = 20


def lost_zeros(unknown: Iterable[str], customers: Customers) -> str:
    """Ask whether zeros were lost, if that makes unknown ids those of customers; otherwise nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": ["00007"], "frequency": 0, "recency": 0.0, "T": 4.0})
    >>> lost_zeros(["7", "8"], Customers.from_summary(frame, time_unit="week"))
    "Did a spreadsheet take zeros away? There is '00007'; keep the column of ids as text. "
    """
    written = [way for text in list(unknown)[:LISTED] for way in _ways(str(text))]
    found = customers.known_ids(written)
    if not found:
        return ""
    return f"Did a spreadsheet take zeros away? There is {listed(map(repr, found))}; keep the column of ids as text. "


def _ways(text: str) -> list[str]:
    """Write a whole number with more zeros in front, or with none."""
    if not (text.isascii() and text.isdigit()):
        return []
    ways = [text.lstrip("0") or "0", *(text.zfill(length) for length in range(len(text) + 1, LONGEST + 1))]
    return [way for way in ways if way != text]
