"""How strong signs of life are, as distributions."""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import special

from ltv_bayes.errors import InputError, counted
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import as_number

FRESH_DAYS = 90.0
Z90 = 1.6449  # of a standard normal number, between whose negative and itself lie nine of ten


class Strength(NamedTuple):
    """How strong signs of life are: numbers, or one for each draw, arrays of shape (draws,).

    Attributes
    ----------
    ratio : float or array
        How many times as often a living customer gives a fresh sign as one who has left.
    half_life : float or array
        In how many days the evidence of a sign that is no longer fresh halves.
    """

    ratio: float | Array
    half_life: float | Array


@dataclass(frozen=True, repr=False)
class SignStrength(Printed):
    """How strong an open opportunity is as a sign of life, and how sure that is.

    Both quantities are log-normal, and one draw of them counts for all customers. The usual ratio lies between 5, a
    pipeline that is never cleaned up, and 80, one that is gone through every month, with probability 0.9; the usual
    half-life between 45 and 180 days.

    Attributes
    ----------
    ratio : float
        How many times as often a living customer has an open opportunity as one who has left: the median. Infinite if
        those never do.
    sd : float
        Standard deviation of its logarithm; 0 where the ratio is known.
    half_life : float
        An opportunity of the last 90 days counts in full; of older ones, the evidence (the logarithm of the ratio)
        halves in this number of days: the median.
    half_life_sd : float
        Standard deviation of its logarithm.
    learned_from : int
        The number of customers with an opportunity in the past from whom the ratio was learned.

    Examples
    --------
    >>> SignStrength(), SignStrength.known(5)
    (20 to 1 (90%: 5 to 80), 5 to 1)
    """

    ratio: float = 20.0
    sd: float = 0.84
    half_life: float = 90.0
    half_life_sd: float = 0.42
    learned_from: int = 0

    def __post_init__(self) -> None:
        numbers = [as_number(getattr(self, one.name), one.name) for one in fields(self) if one.name != "ratio"]
        if not (np.isfinite(numbers).all() and min(numbers) >= 0 and self.half_life > 0):
            raise InputError(
                _("sd and half_life_sd must be 0 or more, and half_life above 0: {numbers}.", numbers=numbers[:3])
            )
        if not self.ratio > 1 or (np.isinf(self.ratio) and self.sd > 0):
            raise InputError(_("ratio must be above 1, and infinite only with sd=0, not {ratio!r}.", ratio=self.ratio))

    @classmethod
    def known(cls, ratio: float) -> Self:
        """Take a ratio that is known, with a half-life of 90 days."""
        return cls(float(ratio), 0.0, half_life_sd=0.0)

    @property
    def is_known(self) -> bool:
        """Whether there is no doubt of it."""
        return self.sd == 0 and self.half_life_sd == 0

    @property
    def middle(self) -> Strength:
        """The medians."""
        return Strength(float(self.ratio), float(self.half_life))

    def draws(self, shape: tuple[int, int], seed: int) -> Strength:
        """Draw the strength, by ``seed``, the same for all customers and streams: arrays of shape (chains * draws,)."""
        return self._at(*customer_stream(seed, "signs of life", "").standard_normal((2, shape[0] * shape[1])))

    def spread(self, number: int) -> Strength:
        """Spread a ``number`` of strengths evenly over the distribution, for few draws: of shape (number,)."""
        levels = special.ndtri((np.arange(number) + 0.5) / number)
        return self._at(levels, levels[np.random.default_rng(0).permutation(number)])

    def _at(self, of_ratio: Array, of_half_life: Array) -> Strength:
        """The strength at standard normal numbers; no sign speaks for having left."""
        ratio = np.maximum(self.ratio * np.exp(self.sd * of_ratio), 1.0)
        return Strength(ratio, self.half_life * np.exp(self.half_life_sd * of_half_life))

    def _page(self) -> ResultPage:
        doubt = ""
        if self.sd > 0:
            low, high = (self.ratio * np.exp(side * Z90 * self.sd) for side in (-1, 1))
            doubt = _(" (90%: {low:.2g} to {high:.2g})", low=max(low, 1.0), high=high)
        learned = (
            _(", learned from {customers}", customers=counted(self.learned_from, "customer"))
            if self.learned_from
            else ""
        )
        return ResultPage([_("{ratio:.3g} to 1{doubt}{learned}", ratio=self.ratio, doubt=doubt, learned=learned)])


def fading(days: float | Array, half_life: float | Array) -> Any:
    """The share of its evidence that a sign has so many days after it was seen.

    Examples
    --------
    >>> fading(np.array([90.0, 180.0]), 90.0).tolist()
    [1.0, 0.5]
    """
    return 0.5 ** (np.maximum(np.asarray(days) - FRESH_DAYS, 0.0) / half_life)
