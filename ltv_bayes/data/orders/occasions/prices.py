"""Order values of customers, compared from period to period: the sums that price growth is learned from."""

import datetime as dt
from typing import Any

import numpy as np

from ltv_bayes.data.orders.occasions.customer_columns import NO_DAY, days_since
from ltv_bayes.data.orders.occasions.days import OCCASION, Days, compiled
from ltv_bayes.data.orders.occasions.money import WholeMoney
from ltv_bayes.data.orders.price_moments import LOG_DIGITS, MOST_ORDERS, PriceMoments, moments_from_sums, periods_of


class PriceSums:
    """Sums of how order values of customers move from period to period, as customers are added.

    Parameters
    ----------
    money : WholeMoney
        It knows the day of the first order that has a value.
    as_of : datetime.date
        The day on which observation ends.
    """

    def __init__(self, money: WholeMoney, as_of: dt.date) -> None:
        self._as_of, self._customers, self._paid = days_since(as_of), 0, money.first_paid is not None
        self._length, number = periods_of((as_of - (money.first_paid or as_of)).days)
        self._sums = np.zeros((number, number)), np.zeros((2, number)), np.zeros((2, 2, number, number))

    def add(self, days: Days, since: np.ndarray | None = None) -> None:
        """Add customers, with their days and the starts of their clocks as in `customers_of`."""
        starts = np.empty(0, dtype=np.int64) if since is None else since
        terms = self._as_of, self._length, MOST_ORDERS, LOG_DIGITS
        self._customers += int(_add_prices(days, starts, since is not None, terms, *self._sums))

    def moments(self) -> PriceMoments | None:
        """The moments of all that were added; None where no order has a value."""
        return moments_from_sums(*self._sums, self._customers, self._length) if self._paid else None


@compiled
def _add_prices(days: Any, since: Any, given: bool, terms: Any, information: Any, scores: Any, spreads: Any) -> int:
    """Add the normal equations of customers with orders in several periods, and count these; see `PriceMoments`."""
    as_of, length, most_orders, digits = terms
    last_period, customers = len(information) - 1, 0
    period, parts = np.empty(last_period + 1, dtype=np.int64), np.empty((2, last_period + 1))
    number = np.empty(last_period + 1)
    for customer in range(days.edges.size - 1):
        cells, ordered = 0, given
        start = since[customer] if given else NO_DAY
        for place in range(days.edges[customer], days.edges[customer + 1]):
            if days.kind[place] != OCCASION:
                continue
            day, net = int(days.day[place]), days.net[place]
            if not ordered:
                ordered, start = True, day
            if not (net > 0 and day > start):
                continue
            at = min(int((as_of - day) / length), last_period)
            if cells == 0 or period[cells - 1] != at:
                period[cells], number[cells], parts[0, cells] = at, 0.0, 0.0
                cells += 1
            number[cells - 1] += 1.0
            parts[0, cells - 1] += np.rint(np.log(net) * digits) / digits
        if cells < 2:
            continue
        customers += 1
        orders = number[:cells].sum()
        weight = 1.0 / (1.0 + orders / most_orders)
        for cell in range(cells):
            parts[1, cell] = -(period[cell] + 0.5) * number[cell]
        for kind in range(2):
            mean = parts[kind, :cells].sum() / orders
            for cell in range(cells):
                parts[kind, cell] = weight * (parts[kind, cell] - number[cell] * mean)
                scores[kind, period[cell]] += parts[kind, cell]
        for one in range(cells):
            information[period[one], period[one]] += weight * number[one]
            for other in range(cells):
                information[period[one], period[other]] -= weight * number[one] * number[other] / orders
                for a in range(2):
                    for b in range(2):
                        spreads[a, b, period[one], period[other]] += parts[a, one] * parts[b, other]
    return customers
