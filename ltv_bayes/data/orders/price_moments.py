"""How order values of the same customers move from period to period: a small statistic of a log of orders."""

import json
import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from ltv_bayes.language import _
from ltv_bayes.time_units import DAYS_PER_YEAR

PERIODS_IN_YEAR = (12, 4, 1)
MOST_PERIODS = 40
MOST_ORDERS = 10.0  # that a customer counts as: orders of one customer may have a drift of their own
LOG_DIGITS = 1e9  # logarithms as whole numbers, so that the order of rows cannot change a sum


@dataclass(frozen=True, eq=False)
class PriceMoments:
    """Normal equations of the logarithm of order value on period, each customer about a mean of their own.

    Repeat orders that have a value count, those of a customer with n of them 1 / (1 + n / 10) each, so that no one
    counts as more than ten: what one large customer pays may move for reasons of its own. With W these weights, X the
    indicators of periods and M the projection that takes each customer's mean off, the least squares level b solves
    (X'WMX) b = X'WMy.

    Attributes
    ----------
    length : float
        Days in a period; periods are counted back from the as-of date.
    information : array of shape (periods, periods)
        X'WMX, the latest period first.
    score : array of shape (periods,)
        X'WMy.
    spread : array of shape (periods, periods)
        The sum over customers of u u', with u the customer's part of the score about the straight line that fits best:
        the covariance of the score, whatever the distribution of a customer's orders.
    customers : int
        Those with orders in several periods.
    """

    length: float
    information: np.ndarray
    score: np.ndarray
    spread: np.ndarray
    customers: int

    @property
    def years_ago(self) -> np.ndarray:
        """How long ago the middle of each period was: shape (periods,)."""
        return (np.arange(self.score.size) + 0.5) * self.length / DAYS_PER_YEAR

    def to_json(self) -> str:
        """Text of it, for files."""
        arrays = {name: getattr(self, name).tolist() for name in ("information", "score", "spread")}
        return json.dumps({"length": self.length, "customers": self.customers, **arrays})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read such a text.

        Raises
        ------
        ValueError
            If it is none.
        """
        try:
            found = dict(json.loads(text))
            information, score, spread = (np.array(found[name], float) for name in ("information", "score", "spread"))
            number, length, customers = score.size, float(found["length"]), int(found["customers"])
        except (KeyError, TypeError, RecursionError, OverflowError) as problem:
            raise ValueError(_("no moments of order values: {problem}", problem=problem)) from None
        squares = information.shape == spread.shape == (number, number)
        finite = all(np.isfinite(values).all() for values in (information, score, spread, length))
        if not (squares and finite and score.ndim == 1 and 0 < number <= MOST_PERIODS and length > 0 <= customers):
            raise ValueError(_("no moments of order values"))
        return cls(length, information, score, spread, customers)


def periods_of(days: int) -> tuple[float, int]:
    """Choose the length of periods, in days, and their number, for orders that go back this many days.

    Examples
    --------
    >>> periods_of(365), periods_of(3650)
    ((30.4375, 12), (91.3125, 40))
    """
    for in_year in PERIODS_IN_YEAR:
        length = DAYS_PER_YEAR / in_year
        if days < length * MOST_PERIODS:
            break
    return length, min(MOST_PERIODS, math.floor(days / length) + 1)


def moments_from_sums(
    information: np.ndarray, scores: np.ndarray, spreads: np.ndarray, customers: int, length: float
) -> PriceMoments:
    """Take the moments about the straight line that fits best.

    Parameters
    ----------
    information : array of shape (periods, periods)
        X'WMX.
    scores : array of shape (2, periods)
        X'WM times the logarithms, and times a straight line that grows by one a period.
    spreads : array of shape (2, 2, periods, periods)
        The sums over customers of the products of their parts of these.
    """
    line = -(np.arange(len(information)) + 0.5)
    sizes = scores @ line
    slope = sizes[0] / sizes[1] if sizes[1] > 0 else 0.0
    spread = spreads[0, 0] - slope * (spreads[0, 1] + spreads[1, 0]) + slope**2 * spreads[1, 1]
    return PriceMoments(length, information, scores[0], spread, customers)
