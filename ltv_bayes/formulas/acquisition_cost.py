"""What a customer costs to win, and when the money is back.

Customers won for an amount of money are Poisson, with a mean in proportion to the money. How many a unit of money wins
differs between channels as a Gamma distribution, learned from all of them: after n customers for a spend S, it is
Gamma(k + n, k / m + S) given the mean m of channels and their coefficient of variation, 1 / sqrt(k). The cost per
customer is one over it. Without this pooling the channel that looks best has won by luck in part, and its cost is
understated. The prior of m needs no scale, as Jeffreys' prior of one channel does: alone it is Gamma(n + 1/2, S), with
a spread of about 1 / sqrt(n) of itself.

Sources: Jeffreys (1946), An invariant form for the prior probability, Proceedings of the Royal Society A 186. Gelman,
Hill and Yajima (2012), Why we (usually) don't have to worry about multiple comparisons, Journal of Research on
Educational Effectiveness 5.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import stats
from scipy.special import gammaln, logsumexp

from ltv_bayes.formulas.special import Array, Numbers

JEFFREYS = 0.5
LARGEST_CV, CV_SCALE = 3.0, 0.5
"""The coefficient of variation between channels is half-normal with this scale, up to the largest."""
FAR = np.log(1000.0)
"""How far the mean of channels may lie from customers per money over all of them, as a logarithm."""
UNLIKELY = 15.0
"""How far below the largest a log density is left out."""
POINTS = 120
CV_STEP = LARGEST_CV / POINTS


@dataclass(frozen=True, eq=False)
class ChannelRates:
    """Posterior draws of how customers per money differ between channels: Gamma(shape, inverse scale).

    Attributes
    ----------
    shape : array of shape (draws,)
    money : array of shape (draws,)
        The inverse scale, in units of money.
    """

    shape: Array
    money: Array

    @classmethod
    def learn(cls, rng: np.random.Generator, spend: Numbers, customers: Numbers, size: int) -> Self:
        """Draw them after customers were won for a spend, by channel; Jeffreys' prior of fewer than two channels.

        Parameters
        ----------
        spend, customers : arrays of shape (channels,)
            Spend above 0, in any unit.
        size : int
            Number of draws.

        Examples
        --------
        >>> rates = ChannelRates.learn(np.random.default_rng(1), [100.0, 100.0, 100.0], [9, 10, 11], 4000)
        >>> float(np.median(rates.shape / rates.money).round(2))
        0.1
        """
        paid, won = np.asarray(spend, dtype=np.float64), np.asarray(customers, dtype=np.float64)
        if len(paid) < 2:
            return cls(np.full(size, JEFFREYS), np.zeros(size))
        cvs = np.asarray((np.arange(POINTS) + 0.5) * CV_STEP, dtype=np.float64)
        means = np.log((won.sum() + JEFFREYS) / paid.sum()) + np.linspace(-FAR, FAR, POINTS)
        likely = logsumexp(_log_posterior(cvs, means, paid, won), axis=0)
        within = np.flatnonzero(likely > likely.max() - UNLIKELY)
        low, high = means[max(within[0] - 1, 0)], means[min(within[-1] + 1, POINTS - 1)]
        means = np.linspace(low, high, POINTS)
        weights = _log_posterior(cvs, means, paid, won)
        weights = np.exp(weights - weights.max()).ravel()
        cv, mean = np.divmod(rng.choice(weights.size, size, p=weights / weights.sum()), POINTS)
        shape = ((cv + rng.uniform(1e-6, 1.0, size)) * CV_STEP) ** -2
        return cls(shape, shape / np.exp(means[mean] + rng.uniform(-0.5, 0.5, size) * (means[1] - means[0])))

    def draw_cost(self, rng: np.random.Generator, spend: float, customers: float) -> Array:
        """Draw the cost per customer of a channel that won a number of them for a spend: an array of shape (draws,).

        Examples
        --------
        >>> alone = ChannelRates.learn(np.random.default_rng(1), [50_000], [100], 4000)
        >>> float(np.median(alone.draw_cost(np.random.default_rng(2), 50_000, 100)).round(-1))
        500.0
        """
        return (self.money + spend) / rng.gamma(self.shape + customers)


def _log_posterior(cvs: Numbers, log_means: Numbers, spend: Array, customers: Array) -> Array:
    """Of coefficients of variation and mean rates, up to a constant: an array of shape (cvs, means)."""
    cv, log_mean = np.asarray(cvs, dtype=np.float64)[:, np.newaxis], np.asarray(log_means, dtype=np.float64)
    k = cv**-2
    money = k / np.exp(log_mean)
    found: Array = 0.5 * log_mean - 0.5 * (cv / CV_SCALE) ** 2
    for paid, won in zip(spend, customers, strict=True):
        found = found + gammaln(k + won) - gammaln(k) - k * np.log1p(paid / money) - won * np.log(money + paid)
    return found


def chance_of_one_rate(spend: Numbers, clients: Numbers) -> float:
    """Probability that customers per money differ as they do between periods if chance alone makes them differ.

    Pearson's chi-squared of counts against spend; 1 where nothing was won or there is one period.

    Examples
    --------
    >>> round(chance_of_one_rate([100.0, 100.0], [10, 10]), 2), round(chance_of_one_rate([100.0, 100.0], [2, 30]), 6)
    (1.0, 1e-06)
    """
    spend, clients = np.asarray(spend, dtype=float), np.asarray(clients, dtype=float)
    if len(clients) < 2 or clients.sum() == 0:
        return 1.0
    expected = spend * clients.sum() / spend.sum()
    return float(stats.chi2.sf(((clients - expected) ** 2 / expected).sum(), len(clients) - 1))


def time_until(amount: Numbers, course: Array, times: Array, *, by_steps: bool = False) -> Array:
    """First time at which a rising course reaches an amount; infinite if it never does.

    Parameters
    ----------
    amount : array of shape (...)
        What is to be reached.
    course : array of shape (..., times)
        Money received by each time.
    times : array of shape (times,)
        Ascending, from 0 on.
    by_steps : bool
        Whether money is received at these times alone; evenly between them otherwise.

    Examples
    --------
    >>> course, times = np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, 2.0])
    >>> [time_until(amount, course, times).item() for amount in (1.0, 3.0, 5.0)]
    [0.0, 1.5, inf]
    >>> time_until(3.0, course, times, by_steps=True).item()
    2.0
    """
    amount, course = np.asarray(amount, dtype=float), np.asarray(course, dtype=float)
    reached = course >= amount[..., np.newaxis]
    first = np.argmax(reached, axis=-1)
    above = np.take_along_axis(course, first[..., np.newaxis], -1)[..., 0]
    before = np.maximum(first - 1, 0)
    below = np.take_along_axis(course, before[..., np.newaxis], -1)[..., 0]
    rise = np.where(first > 0, above - below, 1.0)
    part = np.where(first > 0, (amount - below) / np.where(rise > 0, rise, 1.0), 0.0)
    between = times[before] + part * (times[first] - times[before])
    return np.where(reached.any(axis=-1), times[first] if by_steps else between, np.inf)
