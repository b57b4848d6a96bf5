"""Shares of recurring revenue that sets of customers retain, and what other such customers might have shown."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ltv_bayes.intervals import interval, interval_name

NET, GROSS, LOGO = "net_retention", "gross_retention", "logo_retention"
RETAINED = (NET, GROSS, LOGO)
DRAWS = 1000
CUSTOMERS_AT_ONCE = 2000


class Pairs(NamedTuple):
    """What customers paid at first and later, in sets of them: arrays of shape (customers, sets).

    A customer who paid nothing at first is in no set.
    """

    opening: np.ndarray
    closing: np.ndarray

    def parts(self) -> tuple[np.ndarray, ...]:
        """What is above and below the lines of the three shares: net, gross, opening; customers kept, customers.

        Examples
        --------
        >>> pairs = Pairs(np.array([[10.0], [10.0]]), np.array([[15.0], [0.0]]))
        >>> [float(part.sum()) for part in pairs.parts()]
        [15.0, 10.0, 20.0, 1.0, 2.0]
        """
        paid = (self.opening > 0).astype(float)
        kept = (self.closing > 0) * paid
        return self.closing * paid, np.minimum(self.closing, self.opening), self.opening, kept, paid


def pairs_apart(amounts: np.ndarray, apart: int) -> Pairs:
    """Amounts on days a number of periods apart, of an array of shape (customers, days)."""
    return Pairs(amounts[:, :-apart], amounts[:, apart:])


def shares(parts: tuple[np.ndarray, ...]) -> np.ndarray:
    """The three shares of sums: an array of shape (3, ...); NaN where nobody paid at first."""
    net, gross, opening, kept, paid = parts
    with np.errstate(invalid="ignore"):
        return np.array([net / opening, gross / opening, kept / paid])


def factors_of(pairs: Pairs) -> np.ndarray:
    """What customers paid later over what they paid at first, of all sets together."""
    paid = pairs.opening > 0
    return pairs.closing[paid] / pairs.opening[paid]


def drawn_shares(pairs: Pairs, pools: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draws of the shares of each set, by the Bayesian bootstrap (Rubin 1981) with one more customer.

    Weights of customers are exponential, the same in all sets. The further customer paid at first what the average one
    of the set did, and then changed by a factor from the pool of the set.

    Returns
    -------
    array of shape (3, draws, sets)
    """
    parts = np.array(pairs.parts())
    sums = np.zeros((len(parts), DRAWS, parts.shape[2]))
    for first in range(0, parts.shape[1], CUSTOMERS_AT_ONCE):
        some = parts[:, first : first + CUSTOMERS_AT_ONCE]
        sums += rng.standard_exponential((DRAWS, some.shape[1])) @ some
    factors = np.array([rng.choice(pool, DRAWS) if pool.size else np.ones(DRAWS) for pool in pools]).T
    typical = parts[2].sum(axis=0) / np.maximum(parts[4].sum(axis=0), 1)
    first_paid = np.broadcast_to(typical, factors.shape)
    further = np.array(Pairs(first_paid, factors * first_paid).parts())
    return shares(tuple(sums + further * rng.standard_exponential(factors.shape)))


def retention_table(
    pairs: Pairs, pools: Sequence[np.ndarray], rng: np.random.Generator, ci_prob: float | None, ci_kind: str | None
) -> pd.DataFrame:
    """One row for each set: customers, opening, and the three shares with intervals."""
    sums = tuple(part.sum(axis=0) for part in pairs.parts())
    drawn, found = drawn_shares(pairs, pools, rng), shares(sums)
    columns = {"customers": sums[4].astype(int), "opening": sums[2]}
    level = interval_name(ci_prob, ci_kind)
    for place, name in enumerate(RETAINED):
        low, high = interval(drawn[place], ci_prob, ci_kind)
        columns |= {name: found[place], f"{name}_{level}_lb": low, f"{name}_{level}_ub": high}
    return pd.DataFrame(columns)
