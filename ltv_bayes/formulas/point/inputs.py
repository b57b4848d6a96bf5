"""Numbers as the point formulas take them, or an error that says which is wrong and what to write instead."""

from typing import Any

from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.language import _
from ltv_bayes.sizes import LARGEST_AMOUNT
from ltv_bayes.time_units import as_number, percent_as_share


def as_share(value: Any, name: str) -> float:
    """Read a number between 0 and 1."""
    number = as_number(value, name)
    if not 0 <= number <= 1:
        raise UnitError(
            _(
                "{name} must lie between 0 and 1, not {number:g}. Write {percent} as {name}={share}.",
                name=name,
                number=number,
                **percent_as_share(number, 35),
            )
        )
    return number


def as_money(value: Any, name: str) -> float:
    """Read a number that is not negative."""
    number = as_number(value, name)
    if number < 0:
        raise UnitError(_("{name} must not be negative, not {number:g}.", name=name, number=number))
    if number > LARGEST_AMOUNT:
        raise UnitError(
            _(
                "{name} must not be beyond {largest_amount:g}, not {number:g}.",
                name=name,
                largest_amount=LARGEST_AMOUNT,
                number=number,
            )
        )
    return number


def as_annual_rate(value: Any, name: str) -> float:
    """Read a rate per year, from 0 to below 1."""
    rate = as_number(value, name)
    if not 0 <= rate < 1:
        raise UnitError(
            _(
                "{name} must lie between 0 and 1, not {rate:g}. Write {percent} a year as {name}={share}.",
                name=name,
                rate=rate,
                **percent_as_share(rate, 10),
            )
        )
    return rate


def as_count(value: Any, name: str, *, least: int = 0) -> int:
    """Read a whole number."""
    number = as_number(value, name)
    if number < least or number % 1:
        raise InputError(
            _("{name} must be a whole number of {least} or more, not {value!r}.", name=name, least=least, value=value)
        )
    return int(number)


def as_positive_pair(value: Any, name: str) -> tuple[float, float]:
    """Read two numbers above 0."""
    try:
        first, second = value
    except (TypeError, ValueError):
        raise InputError(
            _("{name} must be two numbers, such as {name}=(1, 1), not {value!r}.", name=name, value=value)
        ) from None
    pair = as_number(first, name), as_number(second, name)
    if min(pair) <= 0:
        raise InputError(_("{name} must be two numbers above 0, not {value!r}.", name=name, value=value))
    return pair


def as_interval_of_money(value: Any, name: str, *, likely: float) -> tuple[float, float]:
    """Read a low and a high amount, with the median between them unless it is 0."""
    low, high = as_positive_pair(value, name)
    if low > high:
        raise InputError(
            _(
                "{name} has low above high ({low:g}, {high:g}). Swap the two, or correct them.",
                name=name,
                low=low,
                high=high,
            )
        )
    if likely and not low <= likely <= high:
        raise InputError(
            _(
                "The median {likely:g} lies outside {name}=({low:g}, {high:g}). Correct one of the three.",
                likely=likely,
                name=name,
                low=low,
                high=high,
            )
        )
    return low, high


def counts_in_place_of(rate: str, given: float | None, **counts: float | None) -> tuple[int, int] | None:
    """Read two counts, or None where a rate is given in their place.

    Parameters
    ----------
    rate : str
        Name of the argument that the counts replace; empty if there is none.
    given : float, optional
        What it was given.
    **counts
        The two counts by name.

    Raises
    ------
    InputError
        If rate and counts are given, neither is, or only one of the counts; or a count is no whole number.
    """
    both = " and ".join(f"{name}=" for name in counts)
    missing = [name for name, value in counts.items() if value is None]
    if rate and given is None and len(missing) == 2:
        raise InputError(_("Give {rate}= for one number, or the counts {both} for draws.", rate=rate, both=both))
    if rate and given is not None and len(missing) < 2:
        raise InputError(
            _("{rate}= and the counts {both} state one thing twice. Give {rate}= or the counts.", rate=rate, both=both)
        )
    if len(missing) == 1:
        raise InputError(_("{missing}= is missing. Give both counts, {both}.", missing=missing[0], both=both))
    first, second = (None if value is None else as_count(value, name) for name, value in counts.items())
    return None if first is None or second is None else (first, second)


def refuse_without_counts(counts: str, **uncertain: Any) -> None:
    """Refuse what makes no difference to a single number.

    Parameters
    ----------
    counts : str
        The counts that would make draws.
    **uncertain
        Arguments by name, None where not given.
    """
    for name, value in uncertain.items():
        if value is not None:
            raise InputError(
                _(
                    "{name}= is for draws, and draws need counts. Give {counts} too, or leave {name}= out.",
                    name=name,
                    counts=counts,
                )
            )
