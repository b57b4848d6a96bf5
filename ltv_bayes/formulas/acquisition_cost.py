"""What a customer costs to win, and when the money is back.

Customers won for an amount of money are Poisson, with a mean in proportion to the money. How many a unit of money wins
has Jeffreys' prior, Gamma(1/2, 0), which needs no scale; after n customers for a spend S it is Gamma(n + 1/2, S). The
cost per customer is one over it: its spread is about 1 / sqrt(n) of itself, and with n = 0 it has no mean.

Source: Jeffreys (1946), An invariant form for the prior probability, Proceedings of the Royal Society A 186.
"""

import numpy as np
from scipy import stats

from ltv_bayes.formulas.special import Array, Numbers

PRIOR_CLIENTS = 0.5


def draw_cost_per_client(rng: np.random.Generator, spend: float, clients: float, size: int) -> Array:
    """Draw the cost per customer where a number of them was won for a spend.

    Examples
    --------
    >>> float(np.median(draw_cost_per_client(np.random.default_rng(1), 50_000, 100, 4000)).round(-1))
    500.0
    """
    return spend / rng.gamma(PRIOR_CLIENTS + clients, size=size)


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
