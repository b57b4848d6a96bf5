"""Who gives a sign of life and who does not, and what each multiplies the odds of having left by."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.predictions.signs.strength import FRESH_DAYS, SignStrength, Strength, fading
from ltv_bayes.predictions.visibility import Coverage


@dataclass(frozen=True)
class SignShare:
    """Of living customers, the share that gives a sign of life, as far as it depends on how strong signs are.

    Attributes
    ----------
    observed : tuple of (float, int)
        How old signs are, in days, and the number of customers with signs of this age.
    number : int
        The number of customers who would give a sign.
    alive : float
        How many of these are alive by their orders.
    """

    observed: tuple[tuple[float, int], ...]
    number: int
    alive: float

    def at(self, strength: Strength) -> Any:
        """The share at a strength of signs; an array if this is one of draws."""
        given = sum((count * fading(days, strength.half_life) for days, count in self.observed), 0.0)
        return share_with_a_sign(given, self.alive + (self.number - self.alive) / strength.ratio)

    def __repr__(self) -> str:
        return str(_("{at} of the living", at=percent(float(self.at(SignStrength().middle)))))


@dataclass(frozen=True)
class SignsOfLife:
    """Customers with a sign of life, such as an open opportunity.

    Attributes
    ----------
    observed : frozenset of str
        Ids of the customers with a sign, as text.
    ratio : float or SignStrength
        How many times as often a living customer gives a sign as one who has left; infinite if those never do. Or its
        distribution.
    share : float or SignShare
        Of living customers, the share that gives a sign.
    ages : mapping
        Days since the sign was seen, by id as text, where it was not seen on the as-of date. A sign of the last 90 days
        counts in full; of older ones, the evidence (the logarithm of the ratio) halves every 90 days, or as
        `SignStrength` says. One that is no younger than the last order shows nothing that the order does not show.
    coverage : Coverage or None
        The customers who would give a sign: without one, only these are less likely to be alive. None for all.
    """

    observed: frozenset[str]
    ratio: float | SignStrength
    share: float | SignShare = 0.0
    ages: Mapping[str, float] = field(default_factory=dict)
    coverage: Coverage | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    """Weights at most, by id as text, where P(alive) would else be below the chance that an opportunity comes."""

    @property
    def strength(self) -> SignStrength:
        """How strong signs are."""
        return self.ratio if isinstance(self.ratio, SignStrength) else SignStrength.known(self.ratio)

    def share_at(self, strength: Strength) -> Any:
        """Of living customers, the share that gives a sign, at a strength of signs; of shape (draws,) if that is."""
        return self.share.at(strength) if isinstance(self.share, SignShare) else self.share

    @property
    def usual_share(self) -> float:
        """The share at the median strength."""
        return float(self.share_at(self.strength.middle))

    def evidence(self, ids: Iterable[str]) -> Array:
        """How much of a fresh sign each customer gives, by ids as text: 0 without a sign, an array of shape (ids,)."""
        found: Array = fading(self.days(ids), self.strength.half_life)
        return found

    def days(self, ids: Iterable[str]) -> Array:
        """How old the sign of each customer is, by ids as text: infinite without one, an array of shape (ids,).

        If customers who left never give one, its age does not matter.
        """
        ages = {} if np.isinf(self.strength.ratio) else self.ages
        return np.array([ages.get(one, 0.0) if one in self.observed else np.inf for one in ids])

    def kinds(
        self, ids: pd.Index, silent_days: Array | None = None, covered: Array | None = None
    ) -> tuple[Array, IntArray]:
        """Sort customers by what their signs, or silence, show.

        Parameters
        ----------
        ids : pandas.Index
            Of the customers.
        silent_days : array of shape (customers,), optional
            Days since their last order.
        covered : array of shape (customers,), optional
            Whether they would give a sign; all if not given.

        Returns
        -------
        array of shape (kinds, 2)
            Age of the sign in days, 90 for a fresh one and infinite without one; whether its absence shows anything, 1
            or 0.
        array of shape (customers,)
            The kind of each.
        """
        days, asked = (
            self.days(as_text(ids)),
            np.ones(len(ids)) if covered is None else np.asarray(covered, dtype=float),
        )
        if silent_days is not None:
            nothing_new = np.isfinite(days) & (days > 0) & (days >= silent_days)
            days, asked = np.where(nothing_new, np.inf, days), np.where(nothing_new, 0.0, asked)
        rows = np.column_stack([np.maximum(days, FRESH_DAYS), asked])
        found, place = np.unique(rows, axis=0, return_inverse=True)
        return found, place

    def weights(self, kinds: Array, strength: Strength) -> Array:
        """By which factor the odds of having left are multiplied, of each kind of customer.

        Returns
        -------
        array of shape (kinds,), or (kinds, draws)

        Examples
        --------
        >>> signs = SignsOfLife(frozenset("A"), ratio=20, share=0.5)
        >>> kinds, place = signs.kinds(pd.Index(["A", "B"]))
        >>> signs.weights(kinds, signs.strength.middle)[place].tolist()
        [0.05, 1.95]
        """
        days, asked = kinds.T.reshape(2, -1, *np.ones(np.ndim(strength.ratio), dtype=int))
        given, share = fading(days, strength.half_life), self.share_at(strength)
        silent = (1 - share / strength.ratio) / (1 - share)
        found: Array = silent ** ((1 - given) * asked) / strength.ratio**given
        return found


def weights_of_having_left(
    ids: pd.Index,
    signs: SignsOfLife | None,
    known_alive: Collection[str],
    silent_days: Array | None = None,
    covered: Array | None = None,
    strength: Strength | None = None,
) -> tuple[Array, IntArray, Array]:
    """By which factor all that is known multiplies the odds of having left; 0 for who is known to be alive.

    Parameters
    ----------
    strength : Strength, optional
        Draws of how strong signs are, where that is in doubt; otherwise the medians count.

    Returns
    -------
    array of shape (customers,)
        The factor, or the largest where it is in doubt.
    array of shape (customers,)
        The kind of each customer.
    array of shape (kinds, draws)
        The factor in each draw; empty where there is no doubt.

    Examples
    --------
    >>> weights_of_having_left(pd.Index([18, 19]), None, {"18"})[0].tolist()
    [0.0, 1.0]
    """
    text, most = as_text(ids), np.ones(len(ids))
    place, drawn = np.zeros(len(ids), dtype=np.int64), np.empty((0, 0))
    if signs is not None:
        kinds, place = signs.kinds(ids, silent_days, covered)
        limits = (
            np.array([signs.limits.get(one, np.inf) for one in text]) if signs.limits else np.full(len(ids), np.inf)
        )
        if strength is None or signs.strength.is_known:
            most = np.minimum(signs.weights(kinds, signs.strength.middle)[place], limits)
        else:
            drawn = signs.weights(kinds, strength)
            most = np.where(limits < drawn.max(axis=1)[place], limits, np.inf)
    return np.where(text.isin(list(known_alive)), 0.0, most), place, drawn


def share_with_a_sign(observed: float | Array, likely: float | Array) -> Any:
    """Of living customers, the share that gives a sign of life.

    A living customer gives a sign with the same chance q, one who has left a certain number of times more rarely. So of
    customers who are alive with probability P by all else that is known, q times the sum of P + (1 - P) / ratio are
    expected to give one. That sum belongs to all customers, so a slice of them has the same q.

    Parameters
    ----------
    observed : float, or array
        The number of customers with a sign.
    likely : float, or array
        The sum of P + (1 - P) / ratio over all customers, those with a sign among them.

    Examples
    --------
    A sign of 3 of 10 customers who are surely alive, with one more sign and one more customer without one as a prior:

    >>> round(float(share_with_a_sign(3, 10.0)), 3)
    0.333
    """
    return np.where(np.equal(observed, 0), 0.0, (observed + 1) / (np.maximum(likely, observed) + 2))[()]


def counted_by_age(days: Array) -> tuple[tuple[float, int], ...]:
    """How old signs are, and how many customers have signs of this age; those without one have infinite ages.

    Examples
    --------
    >>> counted_by_age(np.array([0.0, np.inf, 0.0, 100.0]))
    ((0.0, 2), (100.0, 1))
    """
    ages, counts = np.unique(days[np.isfinite(days)], return_counts=True)
    return tuple(zip(ages.tolist(), counts.tolist(), strict=True))
