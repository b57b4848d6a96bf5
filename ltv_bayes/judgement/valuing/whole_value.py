"""Opinions on a customer's whole future value, combined with the draws of the streams."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.formulas.beliefs import weighted_draws
from ltv_bayes.formulas.beliefs.amount_families import amounts_at
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.checks import written_as
from ltv_bayes.judgement.valuing.expected import amounts_of
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.random_streams import customer_stream

FAR_BELOW = 700.0  # a weight of nothing that a logarithm can hold
FEWEST = 10  # draws that both beliefs hold possible
Z = np.linspace(-7, 7, 1401)
LEVELS = special.ndtr(Z)
EVENLY, CHANGES = 500, 100


@dataclass(frozen=True, eq=False)
class Opinion:
    """What an expert states of all future revenue of a customer within the horizon.

    Attributes
    ----------
    customer_id : object
        As the customers' table has it.
    probability : float
        That it is anything at all.
    family, amounts : str, tuple
        Distribution of the amount, if it is anything, and its parameters.
    shift, spread : arrays of shape (draws,)
        Of the logarithm of the amount, and of its standard deviation, by the outcomes of earlier opinions; the opinion
        is the mixture of them.
    weight : float or None
        In a logarithmic pool; None for an opinion that is evidence of its own.
    """

    customer_id: Any
    probability: float
    family: str
    amounts: tuple[float, ...]
    shift: Array = field(default_factory=lambda: np.zeros(1))
    spread: Array = field(default_factory=lambda: np.ones(1))
    weight: float | None = 0.5

    def quantiles(self, level: Array) -> Array:
        """Amounts at levels of the opinion's distribution, if it is anything."""
        if self.shift.size == 1:
            return self._amounts(special.ndtri(level), 0)
        each = special.ndtri((np.arange(EVENLY) + 0.5) / EVENLY)
        return np.quantile([self._amounts(each, draw) for draw in range(self.shift.size)], level)

    def log_density(self, amounts: Array) -> Array:
        """Log density of the logarithm of amounts; minus infinity far outside."""
        each = [self._log_density(np.log(amounts), draw) for draw in range(self.shift.size)]
        return special.logsumexp(each, axis=0) - np.log(self.shift.size)

    def _amounts(self, z: Array, draw: int) -> Array:
        """Amounts at levels of the standard normal distribution, as one draw of the changes has them."""
        return np.exp(self.shift[draw]) * amounts_at(self.family, self.amounts, self.spread[draw] * z)

    def _log_density(self, log_amounts: Array, draw: int) -> Array:
        x = np.log(np.maximum(self._amounts(Z, draw), np.finfo(float).tiny))
        apart = np.flatnonzero(np.diff(x, prepend=-np.inf) > 0)
        with np.errstate(divide="ignore"):
            density = np.log(np.gradient(LEVELS[apart], x[apart]))
        return np.interp(log_amounts, x[apart], density, left=-np.inf, right=-np.inf)

    def combined(self, totals: Array, seed: int) -> tuple[IntArray, float]:
        """Which draws to take in place of each, so that they follow both beliefs; and Pareto k.

        Parameters
        ----------
        totals : array of shape (draws,)
            Revenue of the customer by the model, not discounted and before margin.

        Returns
        -------
        array of shape (draws,)
            Positions of draws.
        float
            Pareto k of the weights: below 0.7 they can be trusted; minus infinity if they have no tail, infinite if
            the two beliefs have nothing in common, and then draws stay as they are.
        """
        as_they_are, some = np.arange(totals.size), totals > 0
        if self.weight == 0:
            return as_they_are, -np.inf
        density = np.full(totals.shape, -np.inf)
        density[some] = self.log_density(totals[some])
        if self.probability > 0 and np.isfinite(density).sum() < FEWEST:
            return as_they_are, np.inf
        ratios = weighted_draws.log_ratios(totals, self.probability, density, self.weight)
        possible = np.isfinite(ratios)
        if possible.sum() < FEWEST:
            return as_they_are, np.inf
        likely = ratios > ratios.max() - FAR_BELOW
        weights, k = weighted_draws.smoothed(np.where(likely, ratios, ratios.max() - FAR_BELOW), some)
        weights[~likely] = 0.0
        level = customer_stream(seed, "opinion", self.customer_id).random()
        return weighted_draws.resampled(weights / weights.sum(), level), k


def opinions_on(customers: Customers, judged: FutureValuePriors) -> dict[Any, Opinion]:
    """The opinions on these customers' whole future value, by id."""
    opinions = are_opinions(judged.table)
    if not opinions.any():
        return {}
    found = written_as(customers, judged.table["customer_id"])
    table = judged.table.assign(customer_id=found, position=np.arange(len(judged)))[found.notna() & opinions]
    return opinions_by_customer(table, judged.opinion_weight, judged.adjustments)


def opinions_by_customer(table: pd.DataFrame, weight: float | None, changes: Adjustments | None) -> dict[Any, Opinion]:
    """Opinions by the customer's id, from rows of `FutureValuePriors.table` with the position of each.

    Parameters
    ----------
    changes : Adjustments or None
        Outcomes of earlier judgements: some of the draws in which it occurs make the opinion a mixture.
    """
    found = {}
    for row in table.to_dict("records"):
        probability, changed = row["probability"], {}
        if changes is not None:
            own = changes.of(row["position"])
            probability = float(own.chance(probability).mean())
            few = own.where_it_occurs(own.chance(row["probability"]), min(own.shift.size, CHANGES))
            changed = {"shift": few.shift, "spread": few.spread}
        named = row["customer_id"]
        found[named] = Opinion(named, probability, row["family"], amounts_of(row), weight=weight, **changed)
    return found
