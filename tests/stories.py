"""How customers behave if a model is true, event by event: plain NumPy, nothing of the package."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

WEEKS_A_YEAR = 365.25 / 7


@dataclass(frozen=True)
class Purchases:
    """What customers did up to their T, which is known, and in the time after it, which is to be predicted.

    Attributes
    ----------
    table : pandas.DataFrame
        frequency, recency and T.
    alive : array of bool, of shape (customers,)
        Whether they have not left at T.
    past, who, wait : arrays, of shape (purchases,)
        Of each repeat purchase, whether it is known, whose it is, and how long after T it was made.
    """

    table: pd.DataFrame
    alive: np.ndarray
    past: np.ndarray
    who: np.ndarray
    wait: np.ndarray

    def sums(self, values, *, past=False):
        """Sum values of purchases by customer, in the past or after."""
        some = self.past == past
        return np.bincount(self.who[some], np.broadcast_to(values, self.who.shape)[some], len(self.table))


def purchases(
    rng, T, ahead, *, r, alpha, a=None, b=None, first_dropout=None, k=1, leaves_at_once=False, most=np.inf, factor=None
):
    """Let customers buy until they leave, or none of them leaves if there is no a; None where they buy too much.

    A customer's rate is gamma(r, alpha), the chance to leave after a purchase is beta(a, b); each k-th event is a
    purchase. `leaves_at_once`: the first purchase is one after which they may leave. `first_dropout`: the share that
    leaves right after the first purchase, whatever their chances later. `factor`: from times after now,
    below 0 before it, to a factor on all rates; purchases are thinned from those at its largest value.
    """
    number = len(T)
    rate = rng.gamma(r, 1 / alpha, number)
    leaving = np.zeros(number) if a is None else rng.beta(a, b, number)
    left = np.where(leaves_at_once & (rng.random(number) < leaving), 0.0, np.inf)
    if first_dropout is not None:
        left = np.where(rng.random(number) < first_dropout, 0.0, np.inf)
    clock, who, when = np.zeros(number), [], []
    largest = 1.0 if factor is None else factor(np.linspace(-T.max(), ahead, 5000)).max()
    with np.errstate(divide="ignore", over="ignore"):
        gap = 1 / (rate * largest)
    buying = np.flatnonzero(left > 0)
    while buying.size:
        clock[buying] += gap[buying] * rng.standard_exponential((k, buying.size)).sum(axis=0)
        buying = trying = buying[clock[buying] < T[buying] + ahead]
        if factor is not None:
            buying = buying[rng.random(buying.size) < factor(clock[buying] - T[buying]) / largest]
        who.append(buying)
        when.append(clock[buying])
        leave = rng.random(buying.size) < leaving[buying]
        left[buying[leave]] = clock[buying[leave]]
        buying = trying[np.isinf(left[trying])]
        if sum(map(len, who)) > most:
            return None
    who, when = (np.concatenate([*parts, []]) for parts in (who, when))
    who = who.astype(int)
    past = when <= T[who]
    recency = np.zeros(number)
    np.maximum.at(recency, who[past], when[past])
    table = pd.DataFrame({"frequency": np.bincount(who[past], minlength=number), "recency": recency, "T": T})
    return Purchases(table.rename_axis("customer_id"), left > T, past, who, when - T[who])


def order_values(rng, who, number, *, p, q, v):
    """What each order is worth: gamma(p, rate) with a rate of each customer's own, gamma(q, v)."""
    return rng.gamma(p, 1 / rng.gamma(q, 1 / v, number)[who])


@dataclass(frozen=True)
class Contracts:
    """Monthly contracts that are in the records.

    Attributes
    ----------
    table : pandas.DataFrame
        customer_id, start, cancelled_on and price.
    before, made : arrays of whole numbers
        Renewals made before the records begin, and from then up to the as-of date.
    lost : array of bool
        Whether they ended by then.
    days : array of shape (contracts, months ahead)
        Days from the as-of date to each later renewal; NaN where it is not made.
    """

    table: pd.DataFrame
    before: np.ndarray
    made: np.ndarray
    lost: np.ndarray
    days: np.ndarray


def contracts(rng, number, as_of, months, ahead, *, alpha, beta, c=1.0, since=None):
    """Let contracts of some months' age at most be renewed or not, until some months after the as-of date.

    Each has a chance of its own not to be renewed, beta(alpha, beta). Where the records begin on the first of a month,
    contracts that ended before are not in them: those that are had all earlier renewals, so that their chances are
    beta(alpha, beta + these). The as-of date is the last of a month, no renewal is. With c other than 1, n renewals
    count like n^c.
    """
    now = as_of.astype("M8[M]")
    first, day = now - rng.integers(0, months, number).astype("m8[M]"), rng.integers(0, 28, number).astype("m8[D]")
    due, before = (now - first).astype(int), np.zeros(number, dtype=int)
    if since is not None:
        before = np.maximum((since.astype("M8[M]") - first).astype(int) - 1, 0)
    churn = rng.beta(alpha, beta + before)
    made, active = before.copy(), np.ones(number, dtype=bool)
    for step in range(1, months + ahead):
        asked = active & (before < step) & (step <= due + ahead)
        counts = step**c - (step - 1) ** c
        active &= ~(asked & (rng.random(number) < 1 - (1 - churn) ** counts))
        made += asked & active

    def dates(steps):
        return (first + np.asarray(steps).astype("m8[M]")).astype("M8[D]") + day

    lost = ~active & (made < due)
    later = np.array([(dates(due + step) - as_of).astype(float) for step in range(1, ahead + 1)]).T
    days = np.where(np.arange(ahead) < (made - due)[:, np.newaxis], later, np.nan)
    ended = np.where(lost, dates(made + 1), np.datetime64("NaT", "D"))
    table = pd.DataFrame({"customer_id": np.arange(number), "start": dates(0), "cancelled_on": ended})
    prices = rng.uniform(10, 90, number).round(2)
    return Contracts(table.assign(price=prices), before, np.minimum(made, due) - before, lost, days)
