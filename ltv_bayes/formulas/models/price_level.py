"""The price level that order values of all customers share: a steady growth, and a level that moves about it.

An order at a time t from the as-of date is worth exp(level + drift t) times what it would be at prices of that date.
Gamma-gamma holds for order values divided by this factor at their date; a future order value is multiplied by it.
"""

from typing import NamedTuple

import numpy as np

from ltv_bayes.formulas.special import Array, IntArray, Numbers


class Prices(NamedTuple):
    """Draws of the price level, relative to that of an as-of date.

    Attributes
    ----------
    drift : array of shape (draws,)
        Growth of the logarithm in one unit of time.
    length : float
        Of each period.
    first : int
        The number of the first period; period 0 begins at the as-of date.
    levels : array of shape (draws, periods)
        Logarithm of the level beside the drift; before the first and after the last, that of the nearest period holds.
    shift : float
        The time from that as-of date to the moment that times are counted from.
    age : array of shape (customers,)
        How long before that moment the repeat orders of each customer were, on average.
    until : float
        The time from that as-of date up to which growth goes on.
    """

    drift: Array = np.empty(0)
    length: float = 1.0
    first: int = 0
    levels: Array = np.empty((0, 0))
    shift: float = 0.0
    age: Array = np.empty(0)
    until: float = np.inf

    def at(self, time: Numbers, draw: IntArray | None = None) -> Array:
        """The level at times that broadcast against draws: all of them, in a last axis of ``time``, if not given.

        Examples
        --------
        >>> Prices(np.array([0.0, 0.1]), levels=np.zeros((2, 1))).at(np.array([[1.0], [2.0]])).round(3).tolist()
        [[1.0, 1.105], [1.0, 1.221]]
        """
        which = np.arange(self.drift.size) if draw is None else draw
        since = np.asarray(time, dtype=float) + self.shift
        period = np.clip(np.floor(since / self.length) - self.first, 0, self.levels.shape[1] - 1).astype(np.int64)
        return np.asarray(np.exp(self.levels[which, period] + self.drift[which] * np.minimum(since, self.until)))

    def over(self, ends: Array) -> tuple[Array, Array]:
        """Times at which the level may change up to the last of ascending ends, and the level between them.

        Returns
        -------
        array of shape (times,)
            These times and the ends, ascending from above 0.
        array of shape (draws, times)
            The level in the middle of the span that each of them closes.
        """
        last = int(np.ceil((ends[-1] + self.shift) / self.length))
        changes = np.arange(int(np.floor(self.shift / self.length)) + 1, last + 1) * self.length - self.shift
        edges = np.unique(np.concatenate([ends, changes[(changes > 0) & (changes < ends[-1])]]))
        middle = (edges + np.append(0.0, edges[:-1])) / 2
        return edges, self.at(middle[:, np.newaxis]).T


def at_prices_now(mean: Numbers, prices: Prices | None) -> Array:
    """Bring customers' mean order values to prices of the as-of date: (customers,), or (draws, customers) by draws."""
    if prices is None:
        return np.asarray(mean, dtype=float)
    return np.asarray(mean / prices.at(-np.nan_to_num(prices.age)[:, np.newaxis]).T)
