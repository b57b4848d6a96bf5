"""What callers may ask of a customer's future, whichever model describes it."""

from typing import Protocol, Self

import numpy as np

from ltv_bayes.formulas.special import Array, IntArray, Numbers


class DrawnPurchases(Protocol):
    """Drawn purchases within a time t, one future for each element."""

    @property
    def number(self) -> Array:
        """How many there are: whole numbers."""

    def last_time(self, rng: np.random.Generator, t: Numbers) -> Array:
        """When the last one is; 0 where there is none."""

    def times(self, rng: np.random.Generator, t: Numbers) -> tuple[IntArray, Array]:
        """Which future each purchase belongs to, and its time from now, of futures in one row."""


class PurchaseOutlook(Protocol):
    """The future of customers, from now on: arrays of one shape for all that is asked."""

    @property
    def alive(self) -> Array:
        """P(alive now)."""

    def given_alive(self) -> Self:
        """The same of customers who are known to be alive."""

    def expected_purchases(self, t: Numbers) -> Array:
        """Expected number of purchases within t."""

    def discounted_expected_purchases(self, t: Numbers, delta: Numbers) -> Array:
        """The same, each discounted at its own time."""

    def discounted_expected_purchases_by(self, ends: Numbers, delta: float) -> Array:
        """The same by each of several ends, ascending: shape (..., ends)."""

    def probability_of_purchases(self, y: Numbers, t: Numbers) -> Array:
        """P(exactly y purchases within t)."""

    def probability_alive_after(self, s: Numbers) -> Array:
        """P(still alive at a time s from now)."""

    def draw(self, rng: np.random.Generator, t: Numbers) -> DrawnPurchases:
        """Draw purchases within t."""


class PurchaseFormulas(Protocol):
    """The closed forms of one model of purchases, a module or an object, in the papers' parameters."""

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
        """Log-likelihood of histories."""

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
    ) -> PurchaseOutlook:
        """What histories say of the future."""

    def outlook_of_new_customer(self, *, r: Numbers, alpha: Numbers, a: Numbers, b: Numbers) -> PurchaseOutlook:
        """The future of a customer at the moment of the first purchase."""
