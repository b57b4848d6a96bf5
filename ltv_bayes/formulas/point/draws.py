"""Draws of the averages in the point formulas: given counts, standard errors and an expert's interval.

They are averages over customers. How much one customer differs from the next is not in them.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import xarray as xr

from ltv_bayes.errors import InputError
from ltv_bayes.formulas.beliefs.elicit import draw_amounts, log_normal_from_interval
from ltv_bayes.formulas.point.inputs import as_count, as_money
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.random_streams import as_seed


@dataclass(frozen=True)
class PointDraws:
    """Draws of shape (chains, draws), one kind after the other from one random stream."""

    shape: tuple[int, int]
    seed: int
    rng: np.random.Generator = field(repr=False)

    @classmethod
    def start(cls, draws: int, chains: int, random_seed: int | None) -> Self:
        """Check the numbers and start the random stream."""
        seed = as_seed(random_seed)
        shape = as_count(chains, "chains", least=1), as_count(draws, "draws", least=1)
        return cls(shape, seed, np.random.default_rng(seed))

    def churn(self, a: float, b: float) -> Array:
        """Draw the share of subscribers lost in a period, Beta(a, b)."""
        return self.rng.beta(a, b, self.shape)

    def deals(self, shape: float, rate: float) -> Array:
        """Draw the average number of deals of a customer, Gamma(shape, rate)."""
        return self.rng.gamma(shape, 1 / rate, self.shape)

    def average(self, mean: float, standard_error: float | None, name: str) -> Array:
        """Draw an average that is known up to its standard error: gamma, so it stays positive."""
        error = 0.0 if standard_error is None else as_money(standard_error, f"{name}_sd")
        if error == 0:
            return np.full(self.shape, mean)
        if mean == 0:
            raise InputError(
                _("{name} is 0, so it has no standard error. Leave {name}_sd= out, or correct {name}=.", name=name)
            )
        return self.rng.gamma((mean / error) ** 2, error**2 / mean, self.shape)

    def amount(self, low: float, high: float, likely: float) -> Array:
        """Draw an amount within an expert's 80% interval; `likely` is its median, unless it is 0."""
        fitted = log_normal_from_interval(low, high, likely or np.nan)
        return draw_amounts(self.rng, self.shape[0] * self.shape[1], *map(float, fitted)).reshape(self.shape)

    def lifetime_value(self, values: Array) -> xr.DataArray:
        """Put names on the result."""
        attrs = {"long_name": "average lifetime value of a customer", "random_seed": str(self.seed)}
        return labelled_draws(values, "lifetime_value", **attrs)


def churn_posterior(subscribers: int, churned: int, prior: tuple[float, float]) -> tuple[float, float]:
    """Numbers a and b of the Beta posterior of churn, given the number of subscribers and of those lost.

    Examples
    --------
    >>> churn_posterior(5000, 100, (1, 1))
    (101, 4901)

    Raises
    ------
    InputError
        If there were no subscribers, or fewer than were lost.
    """
    if subscribers == 0:
        raise InputError(_("subscribers is 0, so churn cannot be learned. Count those who were there at the start."))
    if churned > subscribers:
        raise InputError(
            _(
                "churned {churned:,} is more than subscribers {subscribers:,}. Count as churned only those who "
                "were subscribers at the start of the period.",
                churned=churned,
                subscribers=subscribers,
            )
        )
    return prior[0] + churned, prior[1] + subscribers - churned


def deals_posterior(customers: int, deals: int, prior: tuple[float, float]) -> tuple[float, float]:
    """Shape and rate of the Gamma posterior of the average number of deals, given counts of customers and deals.

    Examples
    --------
    >>> deals_posterior(40, 120, (1, 1))
    (121, 41)

    Raises
    ------
    InputError
        If there were no customers.
    """
    if customers == 0:
        raise InputError(
            _("customers is 0, so the number of deals of a customer cannot be learned. Count more customers.")
        )
    return prior[0] + deals, prior[1] + customers
