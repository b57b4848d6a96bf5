"""An expert's belief about the chance that something occurs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ltv_bayes.errors import JudgementError
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.beliefs.amount_families import Array
from ltv_bayes.formulas.beliefs.elicit import beta_from_interval
from ltv_bayes.judgement.form.cells import refuse_slip
from ltv_bayes.language import _
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import as_number

JEFFREYS = 0.5
"""Added to the cases that occurred and to those that did not: Jeffreys' prior of a share."""


@dataclass(frozen=True, repr=False)
class ChanceBelief(Printed):
    """The chance of an opportunity: a number, or a beta distribution; made by one of the ``from_`` methods.

    Attributes
    ----------
    probability : float
        The chance, or its mean.
    a, b : float
        Shapes of the beta distribution; NaN where the chance is a number.
    stated : mapping
        What was stated, by the names of the columns of judgements.

    Examples
    --------
    >>> ChanceBelief.from_cases(3, of=10)
    you say: 3 of 10 such occur; the chance is 32%, with 80% between 15% and 50%
    >>> ChanceBelief.from_number(0.6)
    you say: it occurs with 60%
    """

    probability: float
    a: float = np.nan
    b: float = np.nan
    stated: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_number(cls, probability: float) -> Self:
        """Read a chance that is taken as it stands; 0 and 1 say that there is no doubt.

        Parameters
        ----------
        probability : float
            0.6 for 60%.

        Raises
        ------
        JudgementError
            If it does not lie between 0 and 1.
        """
        value = as_number(probability, "probability")
        if not 0 <= value <= 1:
            raise JudgementError(
                _("probability must lie between 0 and 1, not {value:g}. Write 60% as 0.6.", value=value)
            )
        return cls(value, stated={"probability": value})

    @classmethod
    def from_cases(cls, cases: float, *, of: float) -> Self:
        """Read "like 3 of the last 10": a beta distribution, by Jeffreys' prior.

        The shapes are ``cases + 1/2`` and ``of - cases + 1/2``. Jeffreys' prior weighs as much as one case, half of a
        uniform one: 0 of 10 means 4.5% with it, and 8.3% with a uniform prior.

        Raises
        ------
        JudgementError
            If there are more cases than ``of``, or none of them.

        Examples
        --------
        >>> belief = ChanceBelief.from_cases(0, of=10)
        >>> belief.a, belief.b, round(belief.probability, 3)
        (0.5, 10.5, 0.045)
        """
        occurred, number = as_number(cases, "cases"), as_number(of, "of")
        if not 0 <= occurred <= number or number == 0:
            raise JudgementError(
                _(
                    "{occurred:g} of {number:g} cannot be. Give cases that occurred, and of how many.",
                    occurred=occurred,
                    number=number,
                )
            )
        a, b = occurred + JEFFREYS, number - occurred + JEFFREYS
        return cls(a / (a + b), a, b, {"cases": occurred, "of": number})

    @classmethod
    def from_interval(cls, low: float, high: float, *, interval: float = 0.8) -> Self:
        """Read an interval of the chance: a beta distribution that lies in it with `interval` of probability.

        Parameters
        ----------
        low, high : float
            Above 0 and below 1; 0.4 for 40%.
        interval : float
            Probability with which the chance lies between them.

        Raises
        ------
        JudgementError
            If the bounds are no interval of a chance.

        Examples
        --------
        >>> ChanceBelief.from_interval(0.4, 0.7).quantile([0.1, 0.9]).round(6).tolist()
        [0.4, 0.7]
        """
        first, last = as_number(low, "low"), as_number(high, "high")
        share = as_number(interval, "interval")
        if not 0 < first <= last < 1:
            raise JudgementError(
                _(
                    "{first:g} to {last:g} is no interval of a chance. State both above 0 and below 1.",
                    first=first,
                    last=last,
                )
            )
        if not 0 < share < 1:
            raise JudgementError(
                _("interval must lie between 0 and 1, not {share:g}. Write 80% as interval=0.8.", share=share)
            )
        refuse_slip(share)
        stated = {"probability_low": first, "probability_high": last, "interval": share}
        if first == last:
            return cls(first, stated=stated)
        a, b = (float(shape) for shape in beta_from_interval(first, last, interval=share))
        return cls(a / (a + b), a, b, stated)

    @property
    def is_number(self) -> bool:
        """Whether the chance is taken as a number."""
        return bool(np.isnan(self.a))

    def quantile(self, level: ArrayLike) -> Array:
        """Chances below which the true one lies with these probabilities.

        Parameters
        ----------
        level : float or array
            Between 0 and 1.

        Returns
        -------
        numpy.ndarray
            Of the shape of ``level``.
        """
        level = np.asarray(level, dtype=float)
        if self.is_number:
            return np.full(level.shape, self.probability)
        return special.betaincinv(self.a, self.b, level)

    def sentence(self) -> str:
        """Feed the belief back in plain words.

        Examples
        --------
        >>> ChanceBelief.from_interval(0.4, 0.7).sentence()
        'you say: between 40% and 70% of such occur, and you are 80% sure; the chance is 55%'
        """
        if self.is_number:
            if self.probability in (0.0, 1.0):
                return _("you say: it occurs for certain") if self.probability else _("you say: it never occurs")
            return _("you say: it occurs with {probability}", probability=percent(self.probability))
        low, high = map(percent, self.quantile([0.1, 0.9]).tolist())
        if "of" in self.stated:
            cases, of = self.stated["cases"], self.stated["of"]
            chance = _(
                "the chance is {probability}, with 80% between {low} and {high}",
                probability=percent(self.probability),
                low=low,
                high=high,
            )
            return _("you say: {cases:g} of {of:g} such occur; {chance}", cases=cases, of=of, chance=chance)
        if "interval" in self.stated:
            low, high = percent(self.stated["probability_low"]), percent(self.stated["probability_high"])
            sure = percent(self.stated["interval"])
            between = _(
                "between {low} and {high} of such occur, and you are {sure} sure", low=low, high=high, sure=sure
            )
            return _(
                "you say: {between}; the chance is {probability}",
                between=between,
                probability=percent(self.probability),
            )
        return _(
            "you say: it occurs with {probability}, with 80% between {low} and {high}",
            probability=percent(self.probability),
            low=low,
            high=high,
        )

    def _page(self) -> ResultPage:
        return ResultPage([self.sentence()])


def as_chance(value: Any, name: str) -> ChanceBelief:
    """Read the chance of a stage: a number, ``(6, 10)`` for 6 of 10 cases, or a `ChanceBelief`.

    Examples
    --------
    >>> as_chance((6, 10), "negotiation").stated
    {'cases': 6.0, 'of': 10.0}
    """
    if isinstance(value, ChanceBelief):
        return value
    try:
        if isinstance(value, tuple | list):
            cases, of = value
            return ChanceBelief.from_cases(cases, of=of)
        return ChanceBelief.from_number(value)
    except ValueError as problem:
        raise JudgementError(
            _(
                "The chance of {name!r} is {value!r}: {problem} Or write (won, of) as in (6, 10).",
                name=name,
                value=value,
                problem=problem,
            )
        ) from None
