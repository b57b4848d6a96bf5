"""The time unit, as-of date and currency of a file of customers: as given, or as the file says."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ltv_bayes.errors import UnitError
from ltv_bayes.time_units import TimeUnit, as_date, as_time_unit


def file_terms(
    place: str, notes: Mapping[str, str], time_unit: str | None, as_of: Any, currency: str | None
) -> tuple[TimeUnit, dt.date | None, str | None]:
    """Choose what is given or what the file says, which may not contradict each other.

    Parameters
    ----------
    place : str
        Where the file is, for messages.
    notes : mapping
        What the file says.
    time_unit, as_of, currency
        What is given; None where it is not.

    Raises
    ------
    UnitError
        If neither says the time unit, or they say different things.

    Examples
    --------
    >>> file_terms("in customers.parquet", {"time_unit": "week", "currency": "EUR"}, None, "1997-09-30", None)
    ('week', datetime.date(1997, 9, 30), 'EUR')
    """
    unit = _unit_of_file(place, time_unit, notes.get("time_unit"))
    said = notes.get("as_of")
    day = _as_the_file_says(place, "as_of", None if as_of is None else as_date(as_of), said and as_date(said))
    return unit, day, _as_the_file_says(place, "currency", currency, notes.get("currency"))


def _unit_of_file(place: str, given: str | None, said: str | None) -> TimeUnit:
    """Choose the time unit of a file: as given, or as the file says."""
    if given is None and said is None:
        cure = "Pass time_unit='week', or whichever unit it is."
        raise UnitError(f"The file does not say in which unit recency and T are ({place}). {cure}")
    unit = as_time_unit(str(said if given is None else given))
    if said is not None and unit != said:
        cure = f"Leave time_unit out, and convert with .in_time_unit({unit!r})."
        raise UnitError(f"The file says that recency and T are in {said}s, not in {unit}s ({place}). {cure}")
    return unit


def _as_the_file_says(place: str, what: str, given: Any, said: Any) -> Any:
    """Choose what is given or what the file says, which may not contradict each other."""
    if given is not None and said and given != said:
        cure = f"Leave {what} out, or make the customers anew."
        raise UnitError(f"The file says {what} {said}, not {given} ({place}). {cure}")
    return said or None if given is None else given
