"""A fitted scorecard, learned from past ratings and their outcomes."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.posterior import parameter_draws
from ltv_bayes.predictions.fitted import FittedModel

NAME = "scorecard"
WEIGHT = "weight_"
PARAMETERS = ("probability_low", "probability_high", "multiplier_low", "multiplier_high", "spread")


@dataclass(frozen=True, repr=False)
class FittedScorecard(FittedModel):
    """Posterior draws of a scorecard: weights, and what the lowest and the highest score mean.

    The posterior holds probability_low and probability_high (that future value occurs), multiplier_low and
    multiplier_high (the amount, in deals of the customer's own size), spread (standard deviation of the logarithm of
    the amount at a known score), and a weight for each criterion under ``weight_`` and its name.
    """

    _default_model: ClassVar[str] = NAME
    _parameters: ClassVar[tuple[str, ...]] = PARAMETERS

    @property
    def criteria(self) -> list[str]:
        """The columns of ratings."""
        return [name.removeprefix(WEIGHT) for name in map(str, self.idata["posterior"]) if name.startswith(WEIGHT)]

    @property
    def scale(self) -> tuple[float, float]:
        """The lowest and the highest rating."""
        low, high = json.loads(self.idata.attrs["scale"])
        return low, high

    def weights(self) -> Array:
        """Draws of the criteria's weights, which add up to 1: shape (chains * draws, criteria)."""
        drawn = parameter_draws(self.idata, [WEIGHT + name for name in self.criteria])
        return np.column_stack([values.ravel() for values in drawn.values()])

    def _more_lines(self) -> list[str]:
        means = zip(self.criteria, self.weights().mean(axis=0), strict=True)
        return [_("weights: ") + ", ".join(f"{name} {weight:.2f}" for name, weight in means)]
