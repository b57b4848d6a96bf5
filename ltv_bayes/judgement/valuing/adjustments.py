"""How the outcomes of earlier judgements change the beliefs of experts, draw by draw."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ltv_bayes.errors import JudgementError, counted
from ltv_bayes.formulas.beliefs.amount_families import Parameters, amounts_at
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.posterior import evenly_spaced


class Adjustment(NamedTuple):
    """The change of one judgement, arrays of shape (chains * draws,), or (chains * draws, 1) for several levels each.

    A probability p becomes expit(intercept + slope * logit(p)). An amount at level z, in standard normal units, of its
    stated distribution becomes exp(shift) times that at level spread * z.
    """

    intercept: Array
    slope: Array
    shift: Array
    spread: Array

    def chance(self, probability: ArrayLike) -> Array:
        """What becomes of chances, in each draw.

        Examples
        --------
        >>> halved_odds = Adjustment(np.log([0.5]), np.ones(1), np.zeros(1), np.ones(1))
        >>> halved_odds.chance(0.5).round(6).tolist(), halved_odds.chance(1.0).tolist()
        ([0.333333], [1.0])
        """
        return special.expit(self.intercept + self.slope * special.logit(probability))

    def amount(self, family: str, parameters: Parameters, z: ArrayLike) -> Array:
        """What becomes of amounts at levels in standard normal units, in each draw.

        Examples
        --------
        >>> doubled = Adjustment(np.zeros(1), np.ones(1), np.log([2.0]), np.ones(1))
        >>> doubled.amount("log-normal", (100.0, 0.5, 0.5), 0.0).round(6).tolist()
        [200.0]
        """
        return np.exp(self.shift) * amounts_at(family, parameters, self.spread * np.asarray(z))

    def where_it_occurs(self, chance: ArrayLike, number: int) -> "Adjustment":
        """Some draws in which an opportunity occurs, each in proportion to its chance there, by rising shift.

        Amounts are asked about if it occurs. Where chance and amount differ from draw to draw, as in a linear pool, the
        draws in which it is likely count for more.

        Examples
        --------
        >>> mixed = Adjustment(np.zeros(2), np.zeros(2), np.array([1.0, 2.0]), np.ones(2))
        >>> mixed.where_it_occurs([0.25, 0.75], 4).shift.tolist()
        [1.0, 2.0, 2.0, 2.0]
        """
        chances = np.broadcast_to(np.asarray(chance, dtype=float), self.shift.shape)
        chances = chances if chances.sum() > 0 else np.ones(self.shift.shape)
        order = np.argsort(self.shift, kind="stable")
        reached = np.cumsum(chances[order])
        marks = (np.arange(number) + 0.5) / number * reached[-1]
        kept = order[np.searchsorted(reached, marks).clip(max=order.size - 1)]
        return Adjustment(*(part[kept] for part in self))

    def for_levels(self) -> "Adjustment":
        """The same change with an axis for levels of each draw."""
        return Adjustment(*(part[:, np.newaxis] for part in self))


@dataclass(frozen=True, eq=False)
class Adjustments:
    """Changes of many judgements, several of which share one.

    Attributes
    ----------
    who : array of shape (judgements,)
        Which entry counts for each judgement.
    intercept, slope, shift, spread : arrays of shape (entries, chains, draws)
        See `Adjustment`.
    learned_until : tuple of datetime.date or None
        Of each record that they were learned from, the day on which its last judgement was closed; None where it does
        not say.
    """

    who: IntArray
    intercept: Array
    slope: Array
    shift: Array
    spread: Array
    learned_until: tuple[dt.date | None, ...] = field(default=(), kw_only=True)

    @classmethod
    def none(cls, judgements: int, shape: tuple[int, int]) -> Self:
        """Adjustments that change nothing, with the given number of chains and draws."""
        nothing, same = np.zeros((1, *shape)), np.ones((1, *shape))
        return cls(np.zeros(judgements, dtype=np.int64), nothing, same, nothing, same)

    @classmethod
    def joined(cls, parts: "Sequence[Adjustments]") -> Self:
        """Put changes of one shape one after the other, as their judgements are."""
        begins = np.cumsum([0, *(len(part.intercept) for part in parts)])
        who = np.concatenate([begin + part.who for begin, part in zip(begins, parts, strict=False)])
        names = ("intercept", "slope", "shift", "spread")
        until = tuple(dict.fromkeys(day for part in parts for day in part.learned_until))
        return cls(
            who, *(np.concatenate([getattr(part, name) for part in parts]) for name in names), learned_until=until
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Chains, and draws per chain."""
        _, chains, draws = self.intercept.shape
        return chains, draws

    @property
    def change_anything(self) -> np.ndarray:
        """Mark judgements that some draw changes."""
        nothing = ((self.intercept, 0.0), (self.slope, 1.0), (self.shift, 0.0), (self.spread, 1.0))
        changed = np.any([(values != same).any(axis=(1, 2)) for values, same in nothing], axis=0)
        return np.asarray(changed[self.who])

    def require_number(self, judgements: int) -> None:
        """Raise unless there are changes for this number of judgements."""
        if len(self.who) != judgements:
            raise JudgementError(
                _(
                    "There are adjustments of {judgements} for a table of {judgements_2:,}. Choose judgements "
                    "with judged.subset(...), which keeps both together.",
                    judgements=counted(len(self.who), "judgement"),
                    judgements_2=judgements,
                )
            )

    def of(self, judgement: int, shape: tuple[int, int] | None = None) -> Adjustment:
        """The change of a judgement by its position; of fewer chains and draws, evenly spaced, if shape is given."""
        chains, draws = shape or self.shape
        entry, kept = self.who[judgement], evenly_spaced(self.shape[1], draws)
        return Adjustment(
            *(values[entry, :chains, kept].ravel() for values in (self.intercept, self.slope, self.shift, self.spread))
        )

    def subset(self, kept: np.ndarray) -> Self:
        """Keep some judgements, by one True or False for each, or by their positions."""
        return replace(self, who=self.who[kept])
