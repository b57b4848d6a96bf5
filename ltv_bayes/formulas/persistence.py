"""How much of a deviation from the mean is left after a time, in numbers of many cases that change in time.

A deviation z at one time is followed by one of rho(t) z on average, with rho(t) = w + (1 - w) 2^(-t / h): a part w
stays for ever, since cases differ, and of the rest half is gone after h. With normal numbers the deviation after t is
normal, with this mean and variance 1 - rho(t)^2 where that of all is 1.
"""

from typing import NamedTuple, Self

import numpy as np

from ltv_bayes.formulas.special import Array, IntArray, Numbers
from ltv_bayes.sizes import CASES_OF_PERSISTENCE

LAGS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 36, 52, 78, 104)
HALF_LIVES = 2.0 ** np.arange(0, 13, 0.25)
"""Days, up to eleven years."""
ROUNDING = 1e-12


class Persistence(NamedTuple):
    """How much of a deviation stays.

    Attributes
    ----------
    stays : float
        The part of a deviation that stays for ever, from 0 to 1.
    half_life : float
        Days after which half of the rest is gone.
    """

    stays: float
    half_life: float

    def left(self, days: Numbers) -> Array:
        """The part that is left after a number of days.

        Examples
        --------
        >>> Persistence(0.4, 30.0).left([0, 30, 60]).tolist()
        [1.0, 0.7, 0.55]
        """
        return np.asarray(self.stays + (1 - self.stays) * 0.5 ** (np.asarray(days, dtype=float) / self.half_life))

    @classmethod
    def learned(cls, case: IntArray, day: Array, deviation: Array) -> Self:
        """Learn it by least squares from pairs of values of one case, some rows apart.

        Where no case has two values, all of a deviation stays.

        Parameters
        ----------
        case, day, deviation : arrays of shape (values,)
            Sorted by case and day; in days, and from the mean.

        Examples
        --------
        >>> Persistence.learned(np.array([0, 0, 1, 1]), np.array([0.0, 30, 0, 30]), np.array([1.0, 1.0, -1.0, -1.0]))
        Persistence(stays=1.0, half_life=1.0)
        """
        some = case % (1 + case.max(initial=0) // CASES_OF_PERSISTENCE) == 0
        case, day, deviation = case[some], day[some], deviation[some]
        apart, squares, products = [], [], []
        for lag in LAGS:
            same = case[lag:] == case[:-lag]
            before, after = deviation[:-lag][same], deviation[lag:][same]
            apart.append((day[lag:] - day[:-lag])[same])
            squares.append(before**2)
            products.append(before * after)
        days, at = np.unique(np.concatenate(apart), return_inverse=True)
        square, product = (np.bincount(at, np.concatenate(one), days.size) for one in (squares, products))
        best, found = np.inf, cls(1.0, 1.0)
        for half_life in HALF_LIVES if square.any() else ():
            fading = 0.5 ** (days / half_life)
            room = float((1 - fading) ** 2 @ square)
            wanted = float((1 - fading) @ (product - fading * square))
            stays = min(max(wanted / max(room, np.finfo(float).tiny), 0.0), 1.0)
            left = fading + stays * (1 - fading)
            loss = float(left**2 @ square - 2 * left @ product)  # what the squares after it add is the same for all
            if loss < best - ROUNDING * square.sum():
                best, found = loss, cls(stays, float(half_life))
        return found
