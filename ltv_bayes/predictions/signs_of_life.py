"""What is heard of customers beside their orders, and what it says of who is alive."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.formulas.models.signs_of_life import share_heard_of
from ltv_bayes.formulas.special import Array


@dataclass(frozen=True)
class SignsOfLife:
    """Customers of whom something was heard, such as an open opportunity.

    Attributes
    ----------
    heard : frozenset of str
        Their ids, as text.
    ratio : float
        How many times as often one hears of a living customer as of one who has left; infinite if one never hears of
        those.
    share : float
        Of living customers, the share one hears of.
    """

    heard: frozenset[str]
    ratio: float
    share: float = 0.0

    def learned(self, heard: int, alive: Array) -> Self:
        """Learn the share from how many were heard of, and from the others' probability of being alive by orders."""
        share = share_heard_of(heard, alive + (1 - alive) / self.ratio)
        return type(self)(self.heard, self.ratio, share)

    def weights(self, ids: pd.Index) -> Array:
        """By which factor the odds of having left are multiplied, of each customer: an array of shape (customers,).

        Examples
        --------
        >>> SignsOfLife(frozenset("A"), ratio=20, share=0.5).weights(pd.Index(["A", "B"])).tolist()
        [0.05, 1.95]
        """
        silent = (1 - self.share / self.ratio) / (1 - self.share)
        return np.where(as_text(ids).isin(list(self.heard)), 1 / self.ratio, silent)
