"""BG/CNBD-k and MBG/CNBD-k: customers who buy regularly, and may leave, unseen, after any purchase.

While alive, a customer has events at rate lambda ~ Gamma(r, alpha), and every k-th event is a purchase: gaps
between purchases are Erlang(k, lambda), k / lambda on average, the more alike the larger k. After each repeat purchase
(BG/CNBD-k), or after each purchase, the first one included (MBG/CNBD-k), they leave with probability p ~ Beta(a, b). At
k = 1 the models are BG/NBD and MBG/NBD. Histories and arrays are as in `ltv_bayes.formulas.models.bg_nbd`.

Of a customer who is alive at T, the number of events since the last purchase, the phase j < k, is not known.
Given the phase, lambda ~ Gamma(r + k frequency + j, alpha + T) and p ~ Beta(a, b + frequency), one more for
MBG/CNBD-k, and the next purchase is k - j events away. So an outlook is that of BG/NBD with the share of alpha + T that
has passed since the last purchase, and forecasts are sums over phases and events (`ltv_bayes.formulas.kernels.phases`).

Source: Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting customer behavior the easy
way, International Journal of Research in Marketing 38.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from scipy import special

from ltv_bayes.errors import FitError, InputError
from ltv_bayes.formulas.kernels import phases
from ltv_bayes.formulas.models import bg_nbd
from ltv_bayes.formulas.models.parameterization import REGULAR
from ltv_bayes.formulas.special import Array, IntArray, Numbers, gauss_legendre, log_beta, log_rising_factorial
from ltv_bayes.language import _

NAME, MODIFIED_NAME = "bg_cnbd", "mbg_cnbd"
PARAMETERS = bg_nbd.PARAMETERS
LARGEST_K = 100

NODES, NODES_BETWEEN_ENDS = 32, 8
MOST_EVENTS = 2.0**20
LARGEST_SHAPE = 2000.0  # of a rate; with it, rates vary by 2%


def as_whole_k(k: object) -> int:
    """Read the shape of gaps between purchases.

    Raises
    ------
    InputError
        If it is no whole number from 1 to the largest that makes sense.

    Examples
    --------
    >>> as_whole_k(4)
    4
    >>> as_whole_k(1.5)
    Traceback (most recent call last):
    ltv_bayes.errors.InputError: k must be a whole number of at least 1, not 1.5. check_regularity(orders).whole_k ...
    """
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
        raise InputError(
            _(
                "k must be a whole number of at least 1, not {k!r}. check_regularity(orders).whole_k finds the "
                "one that fits the gaps between purchases.",
                k=k,
            )
        )
    if k > LARGEST_K:
        raise InputError(
            _(
                "k must be at most {largest_k}, not {k:,}: beyond, gaps differ by less than a tenth of their "
                "length, and purchases follow a calendar. Model them as renewals (ShiftedBetaGeometric), or "
                "take k={largest_k}.",
                largest_k=LARGEST_K,
                k=k,
            )
        )
    return int(k)


def require_k(model: str, k: object) -> None:
    """Refuse a k that a model does not have, and draws without the one that it asks for.

    Raises
    ------
    FitError
        With what to pass.

    Examples
    --------
    >>> require_k("bg_cnbd", None)
    Traceback (most recent call last):
    ltv_bayes.errors.FitError: The draws are of bg_cnbd, but k is missing. Pass k=4, for instance.
    """
    if model not in REGULAR:
        if k is not None:
            raise FitError(
                _(
                    "A fit of {model} has no k: name its model, as in model={regular!r}, k={k}.",
                    model=model,
                    regular=REGULAR[0],
                    k=k,
                )
            )
        return
    if k is None:
        raise FitError(_("The draws are of {model}, but k is missing. Pass k=4, for instance.", model=model))
    try:
        as_whole_k(k)
    except InputError as problem:
        raise FitError(str(problem)) from None


class RegularOutlook(NamedTuple):
    """What a history says of the future: P(alive), and of who is alive, all that phases follow from.

    Attributes
    ----------
    alive : array
        P(alive).
    A, B : arrays
        lambda ~ Gamma(A + j, B) in phase j.
    a, C : arrays
        p ~ Beta(a, C).
    silent : array
        Share of B that has passed since the last purchase.
    k : int
        Events from purchase to purchase.
    """

    alive: Array
    A: Array
    B: Array
    a: Array
    C: Array
    silent: Array
    k: int

    def given_alive(self) -> Self:
        """The same of customers who are known to be alive."""
        return self._replace(alive=np.ones_like(self.alive))

    def expected_purchases(self, t: Numbers) -> Array:
        """Expected number of purchases within a time t from now.

        Where more than 2**20 events are in reach, purchases are taken to be random at their mean rate: the sum
        would take too long, and such numbers hardly depend on regularity. Of who buys hundred thousands of times this
        is right to a few parts in ten thousand, and to some percent of a new customer over 20,000 times alpha.
        """
        return self.discounted_expected_purchases(t, 0.0)

    def discounted_expected_purchases(self, t: Numbers, delta: Numbers) -> Array:
        """The same, each discounted at its own time: exp(-delta s) after a time s; t may be infinite when delta > 0."""
        t, delta, alive, A, B, a, C, silent = _broadcast(t, delta, *self[:-1])
        with np.errstate(divide="ignore"):
            end = np.minimum(t, bg_nbd.DISCOUNTED_AWAY / delta)
        found, many = np.empty(end.shape), self._too_many(end, A, B)
        few = [part[~many] for part in (end, delta, A, B, a, C, silent)]
        found[~many] = phases.discounted_purchases(self.k, gauss_legendre(NODES), *few)
        if many.any():
            at_random = self._at_random(*(part[many] for part in (A, B, a, C)))
            found[many] = bg_nbd.discounted_expected_purchases(t[many], delta[many], at_random)
        return alive * found

    def discounted_expected_purchases_by(self, ends: Numbers, delta: float) -> Array:
        """The same by each of several ends, ascending: shape (..., ends).

        For ends a few gaps apart, as the months of a course are; one rule covers what lies between two.
        """
        alive, A, B, a, C, silent = _broadcast(*self[:-1])
        times: Array = np.asarray(ends, dtype=float)
        found, many = np.empty((*alive.shape, times.size)), self._too_many(float(times.max(initial=0.0)), A, B)
        few = [part[~many] for part in (A, B, a, C, silent)]
        rule = gauss_legendre(NODES_BETWEEN_ENDS)
        found[~many] = phases.discounted_purchases_by(self.k, rule, times, delta, *few)
        if many.any():
            at_random = self._at_random(*(part[many] for part in (A, B, a, C)))
            found[many] = bg_nbd.discounted_expected_purchases_by(times, delta, at_random)
        return alive[..., np.newaxis] * found

    def probability_alive_after(self, s: Numbers) -> Array:
        """P(still alive at a time s from now)."""
        s, alive, A, B, a, C, silent = _broadcast(s, *self[:-1])
        found, many = np.empty(s.shape), self._too_many(s, A, B)
        few = [part[~many] for part in (s, A, B, a, C, silent)]
        found[~many] = phases.purchases_within(self.k, *few)[1]
        if many.any():
            at_random = self._at_random(*(part[many] for part in (A, B, a, C)))
            found[many] = bg_nbd.probability_alive_after(s[many], at_random)
        return alive * found

    def probability_of_purchases(self, y: Numbers, t: Numbers) -> Array:
        """P(exactly y purchases within a time t from now): stayed through all of them, or left at the last."""
        y, t, alive, A, B, a, C, silent = _broadcast(y, t, *self[:-1])
        positive, z = np.maximum(y, 1), t / (B + t)
        exactly = phases.exactly(self.k, *map(np.ravel, (y, t, A, B, silent))).reshape(y.shape)
        if not np.any(y > 0):
            return (1 - alive) + alive * exactly
        stayed = np.exp(log_beta(a, C + y) - log_beta(a, C)) * exactly
        left_at_last = np.exp(log_beta(a + 1, C + positive - 1) - log_beta(a, C))
        at_least = np.zeros(y.shape)
        for j, weight in enumerate(_phase_weights(A, silent, self.k)):
            at_least = at_least + weight * special.betainc(positive * self.k - j, A + j, z)
        return (1 - alive) * (y == 0) + alive * (stayed + np.where(y > 0, left_at_last * at_least, 0.0))

    def draw(self, rng: np.random.Generator, t: Numbers) -> "RegularPurchases":
        """Draw the exact number of purchases within a time t, one for each element of the outlook and of t.

        A phase, a rate, Poisson events, and a geometric number of purchases until leaving.
        """
        t, alive, A, B, a, C, silent = _broadcast(t, *self[:-1])
        phase, level, reached = np.zeros(t.shape), rng.random(t.shape), np.zeros(t.shape)
        for weight in _phase_weights(A, silent, self.k):
            reached = reached + weight
            phase += level >= reached
        phase = np.minimum(phase, self.k - 1)
        rate = rng.gamma(A + phase) / B
        leaving = rng.beta(a, C)
        events = np.asarray(rng.poisson(np.minimum(rate * t, bg_nbd.LARGEST_POISSON_MEAN)), dtype=float)
        with np.errstate(divide="ignore", over="ignore"):
            until_leaving = np.ceil(np.log1p(-rng.random(t.shape)) / np.log1p(-leaving))
        stays = rng.random(t.shape) < alive
        possible = (events + phase) // self.k
        count = np.where(stays, np.minimum(possible, np.maximum(until_leaving, 1)), 0.0)
        return RegularPurchases(count, events, phase, self.k)

    def _too_many(self, t: Numbers, A: Array, B: Array) -> np.ndarray:
        """Mark where sums over events would be too long."""
        ratio = np.asarray(t, dtype=float) / B
        mean = (A + self.k) * ratio
        return np.asarray(mean + 12 * np.sqrt(mean * (1 + ratio)) + 40 * (1 + ratio) > MOST_EVENTS)

    def _at_random(self, A: Array, B: Array, a: Array, C: Array) -> bg_nbd.Outlook:
        """Purchases at random moments, at the same mean rate, of customers who are alive."""
        shape = np.minimum(A, LARGEST_SHAPE)
        return bg_nbd.Outlook(np.ones_like(A), shape, self.k * B * shape / A, a, C)


class RegularPurchases(NamedTuple):
    """Drawn purchases of a number of futures: whole counts, and what places them in time.

    Attributes
    ----------
    number : array
        Purchases.
    events : array
        Events within the time, had the customer stayed.
    phase : array
        Events since the last purchase before.
    k : int
        Events from purchase to purchase.
    """

    number: Array
    events: Array
    phase: Array
    k: int

    def last_time(self, rng: np.random.Generator, t: Numbers) -> Array:
        """Draw the time of the last purchase within t; 0 where there is none."""
        none = self.number == 0
        place = np.where(none, 1, self.number * self.k - self.phase)
        last = rng.beta(place, np.where(none, 1, self.events - place + 1))
        return np.where(none, 0.0, np.asarray(t, dtype=float) * last)

    def times(self, rng: np.random.Generator, t: Numbers) -> tuple[IntArray, Array]:
        """Draw when each purchase within t happens: every k-th of the events, at uniform moments.

        Returns
        -------
        owner, time : arrays of shape (total purchases,)
            Which future each purchase belongs to, and its time from now; ascending within a future.
        """
        count = self.number.astype(np.int64)
        owner = np.repeat(np.arange(count.size), count)
        first = np.cumsum(count) - count
        spacing = rng.gamma(self.k - np.where(np.arange(owner.size) == first[owner], self.phase[owner], 0.0))
        beyond = rng.gamma(self.events - np.where(count > 0, count * self.k - self.phase, 0.0) + 1)
        reached = np.append(0.0, np.cumsum(spacing))
        passed, every = reached[1:] - reached[first[owner]], reached[first + count] - reached[first]
        end = np.broadcast_to(np.asarray(t, dtype=float), count.shape)
        return owner, end[owner] * passed / (every + beyond)[owner]


@dataclass(frozen=True)
class RegularFormulas:
    """The closed forms at a given k.

    Attributes
    ----------
    k : int
        Events from purchase to purchase.
    may_leave_at_once : bool
        Whether customers may leave after the first purchase, as in MBG/CNBD-k, or after repeat purchases only.
    """

    k: int
    may_leave_at_once: bool = False

    def log_likelihood(
        self,
        frequency: Numbers,
        recency: Numbers,
        T: Numbers,
        *,
        r: Numbers,
        alpha: Numbers,
        a: Numbers,
        b: Numbers,
    ) -> Array:
        """Log-likelihood of one customer's frequency and recency, in BG/NBD's convention.

        How gaps divide the recency is a factor of its own, free of r, alpha, a and b, and is not in it: k is learned
        from it (`ltv_bayes.formulas.models.regularity`). What differs between values of k is in it: log-likelihoods of
        the same histories may be compared, those of BG/NBD and MBG/NBD among them.

        Examples
        --------
        >>> parameters = {"r": 0.25, "alpha": 4, "a": 0.8, "b": 2.5}
        >>> round(float(RegularFormulas(1).log_likelihood(0, 0, 40, **parameters)), 8)
        -0.59947382
        >>> regular = RegularFormulas(3).log_likelihood(4, 36, 40, r=20.0, alpha=60.0, a=0.8, b=8.0)
        >>> bool(regular > RegularFormulas(1).log_likelihood(4, 36, 40, r=20.0, alpha=180.0, a=0.8, b=8.0))
        True
        """
        x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (frequency, recency, T)))
        r, alpha, a, b = (np.asarray(v, dtype=float) for v in (r, alpha, a, b))
        events, chances = self.k * x, x + self.may_leave_at_once
        purchases = log_rising_factorial(r, events) - r * np.log1p(T / alpha) + shape_of_recency(x, t_x, self.k)
        staying = log_beta(a, b + chances) - log_beta(a, b)
        still_alive = -events * np.log(alpha + T)
        in_phases = still_alive + _log_phases(r + events, _silent(t_x, T, alpha), self.k)
        left_at_last = _log_odds_of_leaving(a, b, chances) + still_alive
        left_at_last = left_at_last + (r + events) * bg_nbd.log_ratio(t_x, T, alpha)
        return purchases + staying + np.where(chances > 0, np.logaddexp(in_phases, left_at_last), in_phases)

    def probability_alive(
        self,
        frequency: Numbers,
        recency: Numbers,
        T: Numbers,
        *,
        r: Numbers,
        alpha: Numbers,
        a: Numbers,
        b: Numbers,
    ) -> Array:
        """P(alive at T | history); 1 for a customer without a repeat purchase who cannot leave at once.

        Examples
        --------
        Three usual gaps after the last of four purchases, regularity tells what random purchases do not.

        >>> history, others = (4, 40.0, 70.0), {"r": 10.0, "a": 1.0, "b": 9.0}
        >>> [round(float(RegularFormulas(k).probability_alive(*history, alpha=100.0 / k, **others)), 2) for k in (1, 4)]
        [0.44, 0.08]
        """
        x, alpha = np.asarray(frequency, dtype=float), np.asarray(alpha, dtype=float)
        A, chances = np.asarray(r) + self.k * x, x + self.may_leave_at_once
        log_odds_of_death = _log_odds_of_leaving(a, b, chances) + A * bg_nbd.log_ratio(recency, T, alpha)
        log_odds_of_death = log_odds_of_death - _log_phases(A, _silent(recency, T, alpha), self.k)
        return np.where(chances == 0, 1.0, special.expit(-log_odds_of_death))

    def outlook(
        self,
        frequency: Numbers,
        recency: Numbers,
        T: Numbers,
        *,
        r: Numbers,
        alpha: Numbers,
        a: Numbers,
        b: Numbers,
    ) -> RegularOutlook:
        """Everything that the history says of the future."""
        x, t_x, T, alpha = (np.asarray(v, dtype=float) for v in (frequency, recency, T, alpha))
        return RegularOutlook(
            self.probability_alive(x, t_x, T, r=r, alpha=alpha, a=a, b=b),
            np.asarray(r) + self.k * x,
            np.asarray(alpha + T),
            np.asarray(a, dtype=float),
            np.asarray(b) + x + self.may_leave_at_once,
            _silent(t_x, T, alpha),
            self.k,
        )

    def outlook_of_new_customer(self, *, r: Numbers, alpha: Numbers, a: Numbers, b: Numbers) -> RegularOutlook:
        """The future of a customer at the moment of the first purchase."""
        return self.outlook(0, 0, 0, r=r, alpha=alpha, a=a, b=b)


def shape_of_recency(frequency: Array, recency: Array, k: int) -> Array:
    """What the density of a recency owes to gaps of this shape, beside that of random ones."""
    positive = np.maximum(frequency, 1)
    shape = special.xlogy((k - 1) * frequency, recency) + special.gammaln(positive) - special.gammaln(k * positive)
    return np.where(frequency > 0, shape, 0.0)


def _log_odds_of_leaving(a: Numbers, b: Numbers, chances: Array) -> Array:
    """Log odds of having left at the last of a number of chances, before the silence is taken into account."""
    return np.log(a) - np.log(np.asarray(b) + np.maximum(chances, 1) - 1)


def _silent(recency: Numbers, T: Numbers, alpha: Numbers) -> Array:
    """Share of alpha + T that has passed since the last purchase."""
    T = np.asarray(T, dtype=float)
    return np.maximum(T - np.asarray(recency, dtype=float), 0.0) / (np.asarray(alpha, dtype=float) + T)


def _log_phases(A: Numbers, silent: Numbers, k: int) -> Array:
    A, silent = _broadcast(A, silent)
    return phases.all_log_phases(k, A, silent)


def _phase_weights(A: Array, silent: Array, k: int) -> Iterator[Array]:
    """Probability of each phase, from 0 to k - 1."""
    log_weight = -_log_phases(A, silent, k)
    with np.errstate(divide="ignore"):
        log_silent = np.log(silent)
    for j in range(k):
        if j > 0:
            log_weight = log_weight + np.log((A + j - 1) / j) + log_silent
        yield np.exp(log_weight)


def _broadcast(*values: Numbers) -> tuple[Array, ...]:
    return np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in values))
