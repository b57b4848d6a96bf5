"""The streams of an order log: which stream each order belongs to, and the orders of one of them."""

from collections.abc import Iterable

import pandas as pd

from ltv_bayes.data.reading.faults import Fault
from ltv_bayes.data.reading.ids import as_ids
from ltv_bayes.errors import InputError, suggestion


def as_streams(cells: pd.Series) -> tuple[pd.Series, Fault]:
    """Read a column that says which stream an order belongs to.

    Returns
    -------
    pandas.Series
        Names as written, as text without blanks around it; missing where blank.
    Fault
        The rows without a stream.

    Examples
    --------
    >>> as_streams(pd.Series([" service", "board ", None]))[0].tolist()
    ['service', 'board', nan]
    """
    written, _ = as_ids(cells)
    blank = written.isna().to_numpy()
    names = written.astype("str").mask(blank)
    return names, Fault(blank, "without a stream", "Fill in which stream the order belongs to.")


def require_stream(name: str, known: Iterable[str]) -> None:
    """Raise unless orders of this stream are there.

    Raises
    ------
    InputError
        If there are none; the message names the streams that are.
    """
    known = list(map(str, known))
    if name not in known:
        raise InputError(f"There are no orders of the stream {name!r}. {suggestion(name, known)}")


def not_told_apart(reader: str) -> InputError:
    """Say how to read a log whose orders are to be told apart.

    Examples
    --------
    >>> print(not_told_apart("read_transactions"))
    The log does not say which stream an order belongs to. Read it with read_transactions(..., stream='its column').
    """
    cure = f"Read it with {reader}(..., stream='its column')."
    return InputError(f"The log does not say which stream an order belongs to. {cure}")


def streams_line(counts: pd.Series) -> str:
    """Say how many orders each stream has.

    Examples
    --------
    >>> streams_line(pd.Series({"consumables": 1200, "service": 33}))
    'streams: consumables 1,200, service 33'
    """
    return f"streams: {', '.join(f'{name} {number:,}' for name, number in counts.items())}"
