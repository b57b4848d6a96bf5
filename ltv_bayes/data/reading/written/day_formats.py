"""Dates as text, in a format that the user names."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError
from ltv_bayes.language import _

MOVING_DAYS = ("now", "today")  # pandas would read these as the day it is


def by_format(written: Sequence[str], date_format: str, zone: ZoneInfo | None) -> np.ndarray:
    """Read texts by the user's format; a written time zone does not move the day, unless one is asked for.

    Returns
    -------
    numpy.ndarray
        Days (datetime64[D]), none where a text does not follow the format.

    Raises
    ------
    InputError
        If the format is none.

    Examples
    --------
    >>> by_format(["03/04/2024", "today"], "%d/%m/%Y", None).tolist()
    [datetime.date(2024, 4, 3), None]
    """
    try:
        if "%" not in date_format:
            raise ValueError(_("it names no part of a date"))
        if "%z" in date_format:
            return np.array([_strptime(text, date_format, zone) for text in written], dtype="datetime64[D]")
        texts = ["" if text.lower() in MOVING_DAYS else text for text in written]
        moments = pd.to_datetime(pd.Series(texts, dtype=object), format=date_format, errors="coerce")
        return moments.to_numpy(dtype="datetime64[D]")
    except ValueError as problem:
        cure = _("Write it in the letters of strptime, as in date_format='%d/%m/%Y'.")
        raise InputError(
            _(
                "date_format {date_format!r} cannot be used: {problem}. {cure}",
                date_format=date_format,
                problem=problem,
                cure=cure,
            )
        ) from None


def _strptime(text: str, date_format: str, zone: ZoneInfo | None) -> dt.date | None:
    """Read one text, or give nothing; a faulty format still raises."""
    try:
        moment = dt.datetime.strptime(text, date_format)
        return (moment.astimezone(zone) if zone and moment.tzinfo else moment).date()
    except OverflowError:
        return None
    except ValueError as problem:
        if "does not match" in str(problem) or "remains" in str(problem) or "out of range" in str(problem):
            return None
        raise
