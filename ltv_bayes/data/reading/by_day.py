"""Numbers by day, however they are given: counts, factors, levels of an index."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.amounts import as_amounts
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import read_days
from ltv_bayes.data.reading.faults import refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.errors import InputError, refuse_rows
from ltv_bayes.language import _

DATE = "date"
LARGEST_COUNT = 1e15


def levels_by_day(given: Any, argument: str, value: str) -> pd.Series:
    """Read numbers above 0 by day, at least one.

    Parameters
    ----------
    given : mapping, Series, path or frame
        From date to number, or a table with a column ``date`` and a column of numbers.
    argument, value : str
        The argument that carries them, and what one of them is called: the column, and a word for messages.

    Returns
    -------
    pandas.Series
        Indexed by day, ascending.

    Raises
    ------
    InputError
        If a date cannot be read or is there twice, or a number is not above 0; if there are none.

    Examples
    --------
    >>> levels_by_day({"2024-01-01": 100, "2023-01-01": 95}, "price_index", "level").tolist()
    [95.0, 100.0]
    """
    found, labels = _by_day(given, argument, value)
    if found.empty:
        raise InputError(
            _("{argument} has no {value}s. Give at least one, by its date.", argument=argument, value=value)
        )
    wrong = ~(np.isfinite(found) & (found > 0)).to_numpy()
    _refuse_numbers(labels[wrong], argument, value, _("number above 0"))
    return found.sort_index()


def counts_by_day(given: Any, argument: str) -> pd.Series:
    """Read whole numbers from 0 on by day, in a table in a column ``count``; otherwise as `levels_by_day`.

    Examples
    --------
    >>> counts_by_day(pd.DataFrame({"date": ["2024-01-02"], "count": [3]}), "repeat_days").tolist()
    [3]
    """
    found, labels = _by_day(given, argument, "count")
    wrong = ~((found >= 0) & (found % 1 == 0) & (found < LARGEST_COUNT)).to_numpy()
    _refuse_numbers(labels[wrong], argument, "count", _("whole number from 0 on"))
    return found.astype(np.int64).sort_index()


def _by_day(given: Any, argument: str, value: str) -> tuple[pd.Series, pd.Index]:
    """Numbers by day as they are given, NaN where there is none to read, with the dates as they are written."""
    if isinstance(given, Mapping):
        given = pd.Series(dict(given), dtype=object)
    if not isinstance(given, pd.Series):
        table, cure = (
            _table(given, argument, value),
            _("The columns of {argument} are {date!r} and {value!r}.", argument=argument, date=DATE, value=value),
        )
        dates, numbers = (named_column(table, name, name, cure) for name in (DATE, value))
        given = pd.Series(numbers.array, dates.array)
    labels = pd.Index(given.index.astype(str))
    read = read_days(pd.Series(given.index.to_series().array, labels), placeholders=False)
    days = read.days
    refuse(read.faults, labels, _("These are days of {argument}.", argument=argument), noun="day")
    refuse_rows(
        labels[days.duplicated()],
        "day",
        _("with several {value}s in {argument}", value=value, argument=argument),
        _("Give one {value} a day.", value=value),
    )
    number = as_amounts(pd.Series(given.array, labels, dtype=object))[0]
    return pd.Series(number.to_numpy(), pd.DatetimeIndex(days), name=value), labels


def _table(given: Any, argument: str, value: str) -> pd.DataFrame:
    try:
        return read_table(given)
    except InputError as problem:
        raise InputError(
            _(
                "{argument} takes {value}s by date: a mapping, a Series or a table. {problem}",
                argument=argument,
                value=value,
                problem=problem,
            )
        ) from None


def _refuse_numbers(labels: pd.Index, argument: str, value: str, right: str) -> None:
    refuse_rows(
        labels,
        "day",
        _("with a {value} that is no {right}, in {argument}", value=value, right=right, argument=argument),
        _("Correct the {value}s.", value=value),
    )
