"""The days of customers to one row a customer: frequency, recency, T and monetary_value."""

import datetime as dt
from typing import Any, NamedTuple

import numpy as np

from ltv_bayes.data.orders.occasions.days import OCCASION, Days, compiled, plus
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.time_units import MICROSECONDS_PER_DAY

NO_DAY = np.iinfo(np.int64).min


class Terms(NamedTuple):
    """What customers are made on.

    Attributes
    ----------
    as_of : int
        The day on which observation ends, since 1970-01-01.
    days_per_unit : float
        Days in the time unit of recency and T.
    scale : float
        What net amounts are divided by.
    without_orders : float
        The total of a customer without orders.
    """

    as_of: int
    days_per_unit: float
    scale: float
    without_orders: float

    @classmethod
    def of(cls, money: WholeMoney, as_of: dt.date, days_per_unit: float) -> "Terms":
        """Take them from what is known of the money."""
        nothing = 0.0 if money.any_amount else np.nan
        return cls(days_since(as_of), float(days_per_unit), money.local_scale, nothing)


class Made(NamedTuple):
    """Columns of the customers that are made, and the days of their repeat purchases."""

    place: np.ndarray
    frequency: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    monetary_value: np.ndarray
    spend_frequency: np.ndarray
    first_value: np.ndarray
    total_value: np.ndarray
    spend_age: np.ndarray
    first_order: np.ndarray
    last_order: np.ndarray
    repeat_ends: np.ndarray
    repeat_days: np.ndarray

    @classmethod
    def room_for(cls, customers: int, days: int) -> "Made":
        """Empty columns, as long as they can become."""
        kinds = {"first_order": "datetime64[us]", "last_order": "datetime64[us]"}
        kinds |= dict.fromkeys(("place", "frequency", "spend_frequency", "repeat_ends"), "int64")
        columns = {name: np.empty(customers, kinds.get(name, "float64")) for name in cls._fields[:-1]}
        return cls(**columns, repeat_days=np.empty(days, "int32"))

    def table(self) -> dict[str, np.ndarray]:
        """The columns of the customer table."""
        return {name: getattr(self, name) for name in self._fields[1:-2]}


def days_since(day: dt.date) -> int:
    """Count the days since 1970-01-01."""
    return (day - dt.date(1970, 1, 1)).days


def customers_of(days: Days, terms: Terms, since: np.ndarray | None = None) -> Made:
    """Make customers of their days.

    Parameters
    ----------
    since : array of shape (customers,), optional
        The day since 1970-01-01 from which the clock of each runs; otherwise it runs from the first occasion, and
        those without one are left out.

    Examples
    --------
    >>> two = Days(np.array([7, 21], dtype="int32"), np.array([10.0, 20.0]), np.zeros(2, "int8"), np.array([0, 2]))
    >>> made = customers_of(two, Terms(35, 7.0, 1.0, 0.0))
    >>> made.frequency.tolist(), made.recency.tolist(), made.T.tolist(), made.monetary_value.tolist()
    ([1], [2.0], [4.0], [20.0])
    """
    made = Made.room_for(len(days.edges) - 1, len(days.day))
    micros = made._replace(first_order=made.first_order.view("int64"), last_order=made.last_order.view("int64"))
    starts = np.empty(0, dtype=np.int64) if since is None else since
    kept, repeats = _fill_in(micros, days, terms, starts, since is not None)
    columns = {name: getattr(made, name)[:kept] for name in Made._fields[:-1]}
    return Made(**columns, repeat_days=made.repeat_days[:repeats])


@compiled
def _fill_in(made: Any, days: Any, terms: Any, since: Any, given: bool) -> Any:
    """Fill in the columns, and count the customers and their repeat purchases."""
    kept, repeats = 0, 0
    for customer in range(days.edges.size - 1):
        start = since[customer] if given else NO_DAY
        first, last, first_net = NO_DAY, NO_DAY, np.nan
        frequency, spend_frequency, priced = 0, 0, False
        total, total_lost, paid, paid_lost, ages = 0.0, 0.0, 0.0, 0.0, 0.0
        for place in range(days.edges[customer], days.edges[customer + 1]):
            day, net = int(days.day[place]), days.net[place]
            if not np.isnan(net):
                priced = True
                total, total_lost = plus(total, total_lost, net)
            if days.kind[place] != OCCASION:
                continue
            last = day
            if first == NO_DAY:
                first, first_net = day, net
                if not given:
                    start = day
            if day > start:
                frequency += 1
                made.repeat_days[repeats] = day
                repeats += 1
                if net > 0:
                    spend_frequency += 1
                    paid, paid_lost = plus(paid, paid_lost, net)
                    ages += net * (terms.as_of - day)
        if first == NO_DAY and not given:
            continue
        made.place[kept] = customer
        made.repeat_ends[kept] = repeats
        made.frequency[kept] = frequency
        made.spend_frequency[kept] = spend_frequency
        made.recency[kept] = max(last - start, 0) / terms.days_per_unit if first != NO_DAY else 0.0
        made.T[kept] = (terms.as_of - start) / terms.days_per_unit
        made.first_value[kept] = first_net / terms.scale
        made.total_value[kept] = (total + total_lost) / terms.scale if priced else np.nan
        if given and not priced:
            made.total_value[kept] = terms.without_orders
        made.first_order[kept] = first * MICROSECONDS_PER_DAY if first != NO_DAY else NO_DAY
        made.last_order[kept] = last * MICROSECONDS_PER_DAY if first != NO_DAY else NO_DAY
        made.monetary_value[kept] = np.nan
        made.spend_age[kept] = np.nan
        if spend_frequency > 0:
            paid += paid_lost
            # One division of whole numbers, so the mean is correct to the last digit.
            made.monetary_value[kept] = paid / (terms.scale * spend_frequency)
            # How long before as_of the revenue of repeat occasions was, on average, to a millionth of a day.
            age = _rounded(ages / paid * 1e6) / 1e6
            age = min(max(age, float(terms.as_of - last)), float(terms.as_of - start))
            made.spend_age[kept] = age / terms.days_per_unit
        kept += 1
    return kept, repeats


@compiled
def _rounded(number: float) -> float:
    """Round a positive number, a half up, as engines of SQL do."""
    whole = np.floor(number)
    return whole + 1 if number - whole >= 0.5 else whole
