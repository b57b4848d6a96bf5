"""The parts of customer equity as draws: the portfolio of today, planned customers, and their cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ltv_bayes.formulas.special import Array
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.value.acquisition.new_customer_terms import NewCustomerTerms
from ltv_bayes.value.acquisition.newcomers import Newcomer
from ltv_bayes.value.draws.valuation import REALISED, Valuation, added
from ltv_bayes.value.equity.cohorts import PlannedValue, planned_value
from ltv_bayes.value.equity.plan import AcquisitionPlan
from ltv_bayes.value.valued import Valued

PORTFOLIO, PLANNED, COST, TOTAL = "portfolio", "planned", "acquisition_cost", "customer_equity"


@dataclass(frozen=True, eq=False)
class Parts:
    """What customer equity is made of.

    Attributes
    ----------
    value : Valued
        The customers of today.
    plan : AcquisitionPlan
        The customers to be won.
    terms : mapping from channel to NewCustomerTerms
        How they are valued, the draws of fits in the order of the streams'.
    segments : mapping from channel to str
        What the fits call each channel.
    newcomers : mapping from channel to Newcomer
        A customer of each who is won today.
    seed : int
        Of the draws of planned customers.
    """

    value: Valued
    plan: AcquisitionPlan
    terms: Mapping[str, NewCustomerTerms]
    segments: Mapping[str, str]
    newcomers: Mapping[str, Newcomer]
    seed: int

    @property
    def shape(self) -> tuple[int, int]:
        """Chains and draws per chain."""
        return self.value.valuation.shape

    @cached_property
    def planned(self) -> PlannedValue:
        """Planned customers and their cost."""
        return planned_value(self.plan, self.terms, self.segments, self.newcomers, self.seed)

    @property
    def portfolio(self) -> Array:
        """What is still to come from the customers of today, an array of shape (draws,)."""
        return added(to_come(self.value.money()))

    @property
    def portfolio_mean(self) -> float:
        """Mean of what is expected of them given each draw of the parameters."""
        return float(sum(to_come(self.value.means()).values()))

    @cached_property
    def cost(self) -> float:
        """What winning the planned customers costs, at today's worth."""
        return float(self.planned.cost.sum())

    @cached_property
    def money(self) -> dict[str, Array]:
        """Each part and their sum, arrays of shape (draws,): total = portfolio + planned + cost, which is below 0."""
        portfolio, planned = self.portfolio, self.planned.by_row.sum(axis=0)
        cost = np.full(portfolio.size, -self.cost)
        return {PORTFOLIO: portfolio, PLANNED: planned, COST: cost, TOTAL: portfolio + planned + cost}

    @property
    def means(self) -> dict[str, float]:
        """The same of means, which have no luck of single draws."""
        portfolio, planned = self.portfolio_mean, float(self.planned.expected_by_row.sum())
        return {PORTFOLIO: portfolio, PLANNED: planned, COST: -self.cost, TOTAL: portfolio + planned - self.cost}


def purposes_of(valuation: Valuation) -> list[tuple[FittedModel, str]]:
    """The fits of the streams, with the purposes that the orders of their draws belong to."""
    return [(fit, purpose) for stream in valuation.streams for purpose, fit in stream.fits_by_purpose.items()]


def to_come(parts: Mapping[str, Any]) -> dict[str, Any]:
    """What is still to come, by source."""
    return {name: money for name, money in parts.items() if name != REALISED}
