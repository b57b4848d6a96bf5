"""What is observed of customers beside their orders changes how likely they are to be alive."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.formulas.special import Array

POINTS = 400


@dataclass(frozen=True)
class SignsOfLife:
    """Customers with a sign of life, such as an open opportunity.

    Attributes
    ----------
    observed : frozenset of str
        Ids of the customers with a sign, as text.
    ratio : float
        How many times as often a living customer gives a sign as one who has left; infinite if those never do.
    share : float
        Of living customers, the share that gives a sign.
    """

    observed: frozenset[str]
    ratio: float
    share: float = 0.0

    def learned(self, observed: int, alive: Array) -> Self:
        """Learn the share from the number of customers with a sign and the others' probability of being alive."""
        share = share_with_a_sign(observed, alive + (1 - alive) / self.ratio)
        return type(self)(self.observed, self.ratio, share)

    def weights(self, ids: pd.Index) -> Array:
        """By which factor the odds of having left are multiplied, of each customer: an array of shape (customers,).

        Examples
        --------
        >>> SignsOfLife(frozenset("A"), ratio=20, share=0.5).weights(pd.Index(["A", "B"])).tolist()
        [0.05, 1.95]
        """
        silent = (1 - self.share / self.ratio) / (1 - self.share)
        return np.where(as_text(ids).isin(list(self.observed)), 1 / self.ratio, silent)


def weights_of_having_left(ids: pd.Index, signs: SignsOfLife | None, known_alive: Collection[str]) -> Array:
    """By which factor all that is known multiplies the odds of having left; 0 for who is known to be alive.

    Examples
    --------
    >>> weights_of_having_left(pd.Index([18, 19]), None, {"18"}).tolist()
    [0.0, 1.0]
    """
    weights = np.ones(len(ids)) if signs is None else signs.weights(ids)
    return np.where(as_text(ids).isin(list(known_alive)), 0.0, weights)


def weighted_alive(alive: Array, weights: Array) -> Array:
    """Probability of being alive by orders, once the odds of having left are multiplied.

    Examples
    --------
    >>> weighted_alive(np.array([0.5, 0.5]), np.array([0.0, 3.0])).tolist()
    [1.0, 0.25]
    """
    return np.divide(alive, alive + weights * (1 - alive), out=np.ones(alive.shape), where=weights > 0)


def share_with_a_sign(observed: int, alive: Array) -> float:
    """Of living customers, the share that gives a sign of life: its posterior mean under a uniform prior.

    A living customer gives a sign with the same chance q, one who has left never. So the customers with a sign have the
    likelihood q each, and one of the others, alive with probability P by all else that is known, has 1 - q P. If those
    who left give signs too, a certain number of times more rarely, P + (1 - P) / ratio stands in place of P.

    Parameters
    ----------
    observed : int
        The number of customers with a sign.
    alive : array of shape (others,)
        Probability that each of the others is alive, by all else that is known.

    Examples
    --------
    If all others are surely alive, these are 3 of 10; if all others have surely left, all living customers gave a sign.

    >>> round(share_with_a_sign(3, np.ones(7)), 3)
    0.333
    >>> round(share_with_a_sign(3, np.zeros(7)), 3)
    0.8
    """
    if observed == 0:
        return 0.0
    q = (np.arange(POINTS) + 0.5) / POINTS
    levels, number = np.unique(np.round(alive, 3), return_counts=True)
    log_density = observed * np.log(q) + np.log1p(-np.outer(q, levels)) @ number
    weights = special.softmax(log_density)
    return float(weights @ q)
