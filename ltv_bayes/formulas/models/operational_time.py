"""Operational time: a factor g(t) > 0 on the purchase rate of all customers makes time run faster or slower.

With G the integral of g, a model of purchases holds as it is where recency, T and horizons are differences of G;
leaving happens at purchases and knows no clock. Money is discounted in calendar time. Times are counted from the as-of
date, the past below 0, in one time unit; g is constant within periods of equal length. G and its inverse are
read in compiled loops; `kernels.order_values` has G from here.

Source: Cox & Isham (1980), Point Processes, chapter 2 (time change of a point process).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn, Self

import numpy as np
from scipy import special

from ltv_bayes.errors import FitError
from ltv_bayes.formulas.kernels.blocks import inner, kernel
from ltv_bayes.formulas.models.bg_nbd import DISCOUNTED_AWAY
from ltv_bayes.formulas.models.conditional_future import DrawnPurchases, PurchaseFormulas, PurchaseOutlook
from ltv_bayes.formulas.special import Array, IntArray, Numbers, gauss_legendre
from ltv_bayes.language import _

NODES = 4  # in each period
PERIODS_TOGETHER = 4  # after the last one, where the factor no longer changes


class Clock(NamedTuple):
    """Draws of the factor by period.

    Attributes
    ----------
    length : float
        Of each period.
    first : int
        The number of the first period; period 0 begins at the as-of date, period -1 ends there.
    factors : array of shape (draws, periods)
        Before the first and after the last, that of the nearest period holds.
    steps : array of shape (draws, periods + 1)
        G at the begin of each period and at the end of the last; 0 now.
    now : float
        The time from which others are counted, itself counted from the as-of date.
    """

    length: float = 1.0
    first: int = 0
    factors: Array = np.empty((0, 0))
    steps: Array = np.empty((0, 0))
    now: float = 0.0

    @classmethod
    def of(cls, length: float, first: int, factors: Array) -> Self:
        """Make a clock of factors.

        Examples
        --------
        >>> Clock.of(1.0, -1, np.array([[2.0, 0.5]])).steps.tolist()
        [[-2.0, 0.0, 0.5]]
        """
        sums = np.zeros((len(factors), factors.shape[1] + 1))
        np.cumsum(factors * length, axis=1, out=sums[:, 1:])
        return cls(length, first, factors, sums - sums[:, [-first]])

    def seen_from(self, now: float) -> "Clock":
        """The same clock, with times counted from another day.

        Examples
        --------
        >>> later = Clock.of(1.0, -1, np.array([[2.0, 0.5]])).seen_from(0.5)
        >>> later.rows(0).at([-1.5, -0.5, 0.0, 0.5]).tolist()
        [-2.25, -0.25, 0.0, 0.25]
        """
        if now == self.now:
            return self
        shifted = self.rows(np.arange(len(self.factors))).at(now - self.now)
        return self._replace(steps=self.steps - shifted[:, np.newaxis], now=now)

    def rows(self, draw: Numbers) -> "Hands":
        """The clock of some draws, by their places, for arrays of one shape with them."""
        return Hands(self, np.asarray(draw, dtype=np.int64))


@inner
def place_on_clock(clock, time):  # type: ignore[no-untyped-def]
    """The period of a time from now, and how long after its begin the time is: the same in all draws."""
    from_as_of = time + clock.now
    place, last = np.floor(from_as_of / clock.length) - clock.first, clock.factors.shape[1] - 1
    period = int(min(place, last)) if place > 0 else 0  # NaN and infinity are no whole numbers
    return period, from_as_of - (period + clock.first) * clock.length


@inner
def operational_time(clock, i, time):  # type: ignore[no-untyped-def]
    """G of a draw at a time from now."""
    period, since = place_on_clock(clock, time)
    return clock.steps[i, period] + clock.factors[i, period] * since


@kernel
def _operational_times(clock, draw, time, found):  # type: ignore[no-untyped-def]
    """Fill in G of draws at times; draws or times may be a single one."""
    for k in range(found.size):
        found[k] = operational_time(clock, draw[min(k, draw.size - 1)], time[min(k, time.size - 1)])


@kernel
def _calendar_times(clock, draw, operational, found):  # type: ignore[no-untyped-def]
    """Fill in the times at which G of draws has values; draws or values may be a single one."""
    for k in range(found.size):
        i, value = draw[min(k, draw.size - 1)], operational[min(k, operational.size - 1)]
        low, high = 0, clock.factors.shape[1] - 1
        while low < high:  # the last period that begins at or before the value
            middle = (low + high + 1) // 2
            if clock.steps[i, middle] <= value:
                low = middle
            else:
                high = middle - 1
        since = (value - clock.steps[i, low]) / clock.factors[i, low]
        found[k] = (low + clock.first) * clock.length + since - clock.now


class Hands(NamedTuple):
    """The clock of draws that broadcast against times."""

    clock: Clock
    draw: IntArray

    def at(self, time: Numbers) -> Array:
        """G at times from now."""
        return self._each(_operational_times, time)

    def time(self, operational: Numbers) -> Array:
        """The times from now at which G has given values: the inverse of `at`."""
        return self._each(_calendar_times, operational)

    def _each(self, read: Any, values: Numbers) -> Array:
        """Fill in what a compiled loop reads off the clock."""
        values = np.asarray(values, dtype=float)
        shape = np.broadcast(self.draw, values).shape
        found = np.empty(shape)
        some = [
            part if part.size == 1 or part.shape == shape else np.broadcast_to(part, shape)
            for part in (self.draw, values)
        ]
        draw, time = (np.ascontiguousarray(part.reshape(-1)) for part in some)
        read(self.clock, draw, time, found.reshape(-1))
        each: Array = found[()]
        return each

    def observed(self, T: Numbers, ended: Numbers = 0.0) -> Array:
        """Operational time in which customers were observed, until some time ago."""
        end = -np.asarray(ended, dtype=float)
        return self.at(end) - self.at(end - T)

    def worth(self, t: Numbers, delta: Numbers) -> Array:
        """Operational time from now to t, each moment discounted by the calendar, with one delta for all.

        Parameters
        ----------
        t : number or array of shape (ends,)
            Several of them, ascending, for draws of shape (..., 1): then the result has the shape (..., ends).
        """
        ends, rate = np.atleast_1d(np.asarray(t, dtype=float)), float(np.max(delta))
        edges = np.unique(np.concatenate([[0.0], self.edges(ends[-1]), ends]))
        sums = [np.zeros(self.draw.shape)]
        for low, high in pairwise(edges):
            share = np.exp(-rate * low) * special.exprel(-rate * (high - low))
            sums.append(sums[-1] + share * (self.at(high) - self.at(low)))
        found = [sums[place] for place in np.searchsorted(edges, ends)]
        return np.concatenate(found, axis=-1) if np.ndim(t) else found[0]

    def edges(self, end: float) -> Array:
        """Ends of the periods between now and a time, that time the last; whole years of them after the last one."""
        length, first, factors, _, now = self.clock
        place, last = int(np.floor(now / length)) + 1, first + factors.shape[1]
        ends = np.arange(place, max(last, place) + 1) * length - now
        later = np.arange(ends[-1], end, length * PERIODS_TOGETHER)[1:]
        ends = np.append(ends, later)
        return np.append(ends[ends < end], end)


def refuse_likelihood_on_a_clock() -> NoReturn:
    """Say why histories of single customers have no likelihood.

    Raises
    ------
    FitError
        Always.
    """
    raise FitError(
        _(
            "With calendar effects, the moments of all purchases count, so histories of single customers have "
            "no likelihood. Compare fits with calendar_effects=None, or by a backtest."
        )
    )


@dataclass(frozen=True)
class OnClock:
    """The closed forms of a model of purchases with a rate that moves by a clock; each parameter has its ``draw``."""

    formulas: PurchaseFormulas
    clock: Clock

    def histories(self, recency: Numbers, T: Numbers, draw: Numbers, ended: Numbers = 0.0) -> tuple[Array, Array]:
        """Recency and T in operational time, of customers whose observation ended some time ago."""
        hands = self.clock.rows(draw)
        first = -np.asarray(T, dtype=float) - ended
        start = hands.at(first)
        return hands.at(first + recency) - start, hands.at(-np.asarray(ended, dtype=float)) - start

    def log_likelihood(self, *history: Numbers, **drawn: Numbers) -> Array:
        """Refuse: single customers have none, for the moments of all purchases, which no history holds, count.

        Raises
        ------
        FitError
            Always.
        """
        return refuse_likelihood_on_a_clock()

    def outlook(
        self,
        frequency: Numbers,
        recency: Numbers,
        T: Numbers,
        ended: Numbers = 0.0,
        *,
        draw: Numbers = 0,
        **drawn: Numbers,
    ) -> "OutlookOnClock":
        """What histories say of the future from now on; their observation ended some time ago."""
        times = self.histories(recency, T, draw, ended)
        return OutlookOnClock(self.formulas.outlook(frequency, *times, **drawn), self.clock.rows(draw))

    def outlook_of_new_customer(self, *, draw: Numbers = 0, start: Numbers = 0.0, **drawn: Numbers) -> "OutlookOnClock":
        """The future of a customer at the moment of the first purchase, which is at a time ``start`` from now."""
        return OutlookOnClock(self.formulas.outlook_of_new_customer(**drawn), self.clock.rows(draw), start)


@dataclass(frozen=True)
class OutlookOnClock:
    """The future of customers from a time on, asked about in calendar time."""

    future: PurchaseOutlook
    hands: Hands
    start: Numbers = 0.0

    @property
    def alive(self) -> Array:
        """P(alive now)."""
        return self.future.alive

    def given_alive(self) -> Self:
        """The same of customers who are known to be alive."""
        return type(self)(self.future.given_alive(), self.hands, self.start)

    def elapsed(self, t: Numbers) -> Array:
        """Operational time within t."""
        start = np.asarray(self.start, dtype=float)
        return self.hands.at(start + t) - self.hands.at(start)

    def expected_purchases(self, t: Numbers) -> Array:
        """Expected number of purchases within t."""
        return self.future.expected_purchases(self.elapsed(t))

    def discounted_expected_purchases(self, t: Numbers, delta: Numbers) -> Array:
        """The same, each discounted at its own time: an integral over each period, with one t and delta for all."""
        end, rate = float(np.max(t)), float(np.max(delta))
        if rate == 0:
            return self.expected_purchases(end)
        end = min(end, DISCOUNTED_AWAY / rate)
        return self._integrals(np.append(0.0, self.hands.edges(end)), rate).sum(axis=-1)

    def discounted_expected_purchases_by(self, ends: Numbers, delta: float) -> Array:
        """The same by each of several ends, ascending: shape (..., ends)."""
        ends = np.asarray(ends, dtype=float)
        edges = np.unique(np.concatenate([[0.0], self.hands.edges(ends[-1]), ends]))
        sums = np.cumsum(self._integrals(edges, delta), axis=-1)
        from_now = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
        found: Array = from_now[..., np.searchsorted(edges, ends)]
        return found

    def _integrals(self, edges: Array, delta: float) -> Array:
        """Discounted expected purchases between edges: shape (..., edges - 1)."""
        parts, begin = [], self.future.expected_purchases(self.elapsed(0.0))
        for low, high in pairwise(edges):
            # integrated by parts, so that the number of purchases is enough, and their rate is not needed
            end = self.future.expected_purchases(self.elapsed(high))
            inner = sum(
                weight
                * np.exp(-delta * (low + node * (high - low)))
                * self.future.expected_purchases(self.elapsed(low + node * (high - low)))
                for node, weight in zip(*gauss_legendre(NODES), strict=True)
            )
            parts.append(end * np.exp(-delta * high) - begin * np.exp(-delta * low) + delta * (high - low) * inner)
            begin = end
        return np.stack(np.broadcast_arrays(*parts), axis=-1)

    def probability_of_purchases(self, y: Numbers, t: Numbers) -> Array:
        """P(exactly y purchases within t)."""
        return self.future.probability_of_purchases(y, self.elapsed(t))

    def probability_alive_after(self, s: Numbers) -> Array:
        """P(still alive at a time s from now)."""
        return self.future.probability_alive_after(self.elapsed(s))

    def draw(self, rng: np.random.Generator, t: Numbers) -> "PurchasesOnClock":
        """Draw purchases within t."""
        return PurchasesOnClock(self.future.draw(rng, self.elapsed(t)), self)


@dataclass(frozen=True)
class PurchasesOnClock:
    """Drawn purchases within a calendar time."""

    purchases: DrawnPurchases
    outlook: OutlookOnClock

    @property
    def number(self) -> Array:
        """How many there are: whole numbers."""
        return self.purchases.number

    def last_time(self, rng: np.random.Generator, t: Numbers) -> Array:
        """When the last one is; 0 where there is none."""
        last = self.purchases.last_time(rng, self.outlook.elapsed(t))
        return self._calendar(last, slice(None)) * (last > 0)

    def times(self, rng: np.random.Generator, t: Numbers) -> tuple[IntArray, Array]:
        """Which future each purchase belongs to, and its time from now, of futures in one row."""
        owner, when = self.purchases.times(rng, self.outlook.elapsed(t))
        return owner, self._calendar(when, owner)

    def _calendar(self, operational: Array, which: Any) -> Array:
        hands, start = self.outlook.hands, np.asarray(self.outlook.start, dtype=float)
        draw = hands.draw[which] if hands.draw.ndim else hands.draw
        some = start[which] if start.ndim else start
        mine = hands._replace(draw=draw)
        return mine.time(mine.at(some) + operational) - some
