"""How the beliefs of experts are changed by what came of their earlier ones, draw by draw."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.posterior import evenly_spaced


class Adjustment(NamedTuple):
    """The change of one judgement, arrays of shape (chains * draws,).

    A probability p becomes expit(intercept + slope * logit(p)). An amount at level z, in standard normal units, of its
    stated distribution becomes exp(shift) times that at level spread * z.
    """

    intercept: Array
    slope: Array
    shift: Array
    spread: Array


@dataclass(frozen=True, eq=False)
class Adjustments:
    """Changes of many judgements, several of which share one.

    Attributes
    ----------
    who : array of shape (judgements,)
        Which entry counts for each judgement.
    intercept, slope, shift, spread : arrays of shape (entries, chains, draws)
        See `Adjustment`.
    """

    who: IntArray
    intercept: Array
    slope: Array
    shift: Array
    spread: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Chains, and draws per chain."""
        _, chains, draws = self.intercept.shape
        return chains, draws

    def of(self, judgement: int, shape: tuple[int, int]) -> Adjustment:
        """The change of a judgement by its position, with so many chains and draws, evenly spaced."""
        chains, draws = shape
        entry, kept = self.who[judgement], evenly_spaced(self.shape[1], draws)
        return Adjustment(
            *(values[entry, :chains, kept].ravel() for values in (self.intercept, self.slope, self.shift, self.spread))
        )

    def subset(self, kept: np.ndarray) -> Self:
        """Keep some judgements, by one True or False for each."""
        return type(self)(self.who[kept], self.intercept, self.slope, self.shift, self.spread)
