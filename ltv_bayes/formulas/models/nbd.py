"""NBD: events at a rate of each customer's own, for as long as they may happen.

Events of one customer are Poisson at a rate; rate ~ Gamma(r, alpha) differs between customers. A history is the number
of events and the exposure, the time in which they could happen. r is a pure number, alpha has the unit of exposure.

Sources: Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8; Greenwood & Yule (1920), Journal of
the Royal Statistical Society 83.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from ltv_bayes.formulas.models.operational_time import Clock, refuse_likelihood_on_a_clock
from ltv_bayes.formulas.special import Array, IntArray, Numbers, log_rising_factorial

NAME = "nbd"
PARAMETERS = ("r", "alpha")


def log_likelihood(events: Numbers, exposure: Numbers, *, r: Numbers, alpha: Numbers) -> Array:
    """Log probability of a number of events in an exposure.

    Examples
    --------
    >>> round(float(np.exp(log_likelihood(0, 10.0, r=0.5, alpha=10.0))), 4)
    0.7071
    """
    x, exposure = np.asarray(events, dtype=float), np.asarray(exposure, dtype=float)
    r, alpha = np.asarray(r, dtype=float), np.asarray(alpha, dtype=float)
    happened = log_rising_factorial(r, x) - special.gammaln(x + 1) + special.xlogy(x, exposure / (alpha + exposure))
    return happened - r * np.log1p(exposure / alpha)


def expected_events(t: Numbers, events: Numbers, exposure: Numbers, *, r: Numbers, alpha: Numbers) -> Array:
    """Expected events in a further time t, given the history: the rate is Gamma(r + events, alpha + exposure).

    Examples
    --------
    >>> float(expected_events(12.0, 3, 24.0, r=1.0, alpha=8.0))
    1.5
    """
    rate = (np.asarray(r, dtype=float) + np.asarray(events)) / (np.asarray(alpha, dtype=float) + np.asarray(exposure))
    return np.asarray(t, dtype=float) * rate


def discounted_expected_events(
    t: Numbers, delta: Numbers, events: Numbers, exposure: Numbers, *, r: Numbers, alpha: Numbers
) -> Array:
    """Expected events in a further time t, each discounted at its own time: rate (1 - exp(-delta t)) / delta.

    Examples
    --------
    >>> round(float(discounted_expected_events(12.0, 0.01, 3, 24.0, r=1.0, alpha=8.0)), 4)
    1.4135
    """
    t = np.asarray(t, dtype=float)
    worth = t * special.exprel(-np.asarray(delta, dtype=float) * t)
    return expected_events(worth, events, exposure, r=r, alpha=alpha)


def draw_rate(rng: np.random.Generator, events: Numbers, exposure: Numbers, *, r: Numbers, alpha: Numbers) -> Array:
    """Draw a customer's rate given the history, one for each element."""
    shape, per = np.broadcast_arrays(
        np.asarray(r, dtype=float) + np.asarray(events), np.asarray(alpha, dtype=float) + np.asarray(exposure)
    )
    return rng.gamma(shape) / per


def draw_events(
    rng: np.random.Generator, t: Numbers, events: Numbers, exposure: Numbers, *, r: Numbers, alpha: Numbers
) -> IntArray:
    """Draw the number of events in a further time t given the history, one for each element."""
    t, events = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(events))
    return rng.poisson(t * draw_rate(rng, events, exposure, r=r, alpha=alpha))


def draw_times(
    rng: np.random.Generator, t: float, events: Numbers, exposure: Numbers, *, r: Numbers, alpha: Numbers
) -> tuple[IntArray, Array]:
    """Draw events in a further time t: which history each belongs to, of histories in one row, and its time."""
    number = draw_events(rng, t, events, exposure, r=r, alpha=alpha)
    owner = np.repeat(np.arange(number.size, dtype=np.int64), number)
    return owner, t * rng.random(owner.size)


@dataclass(frozen=True)
class EventsOnClock:
    """The same closed forms with a rate that moves by a clock.

    Each takes r and alpha as the function of its name does, and the ``draw`` that they belong to. Observation ended
    some time ago: ``ended``.
    """

    clock: Clock

    def log_likelihood(self, *history: Numbers, **drawn: Numbers) -> Array:
        """Refuse: single customers have none.

        Raises
        ------
        FitError
            Always.
        """
        return refuse_likelihood_on_a_clock()

    def expected_events(
        self, t: Numbers, events: Numbers, exposure: Numbers, ended: Numbers = 0.0, *, draw: Numbers, **rate: Numbers
    ) -> Array:
        """Expected events in a further time t, given the history."""
        hands = self.clock.rows(draw)
        return expected_events(hands.at(t), events, hands.observed(exposure, ended), **rate)

    def discounted_expected_events(
        self,
        t: Numbers,
        delta: Numbers,
        events: Numbers,
        exposure: Numbers,
        ended: Numbers = 0.0,
        *,
        draw: Numbers,
        **rate: Numbers,
    ) -> Array:
        """The same, each discounted at its own time; t and delta are one number, or t has its own last dimension."""
        hands = self.clock.rows(draw)
        return expected_events(hands.worth(t, delta), events, hands.observed(exposure, ended), **rate)

    def draw_events(
        self,
        rng: np.random.Generator,
        t: Numbers,
        events: Numbers,
        exposure: Numbers,
        ended: Numbers = 0.0,
        *,
        draw: Numbers,
        **rate: Numbers,
    ) -> IntArray:
        """Draw the number of events in a further time t given the history."""
        hands = self.clock.rows(draw)
        return draw_events(rng, hands.at(t), events, hands.observed(exposure, ended), **rate)

    def draw_times(
        self,
        rng: np.random.Generator,
        t: float,
        events: Numbers,
        exposure: Numbers,
        ended: Numbers = 0.0,
        *,
        draw: Array,
        **rate: Numbers,
    ) -> tuple[IntArray, Array]:
        """Draw events in a further time t: which history each belongs to, and its time."""
        number = self.draw_events(rng, t, events, exposure, ended, draw=draw, **rate)
        owner = np.repeat(np.arange(number.size, dtype=np.int64), number)
        hands = self.clock.rows(draw[owner])
        return owner, np.minimum(hands.time(hands.at(t) * rng.random(owner.size)), t)
