"""Draws of judged money: whether an opportunity occurs, its amount, and its date."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.formulas.beliefs.amount_families import amounts_at
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.form.chances import plain_stage
from ltv_bayes.judgement.form.layout import OF_STAGE, VISIBLE_SHARE
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.adjustments import Adjustment
from ltv_bayes.judgement.valuing.checks import written_as
from ltv_bayes.judgement.valuing.expected import amounts_of
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.judgement.valuing.windows import last_day_shown, windows
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.terms import Terms

PURPOSE = "judged"
AS_PLACED = ("position", "key", "probability", "chance_a", "chance_b", "first", "last", "family")


class Belief(NamedTuple):
    """One opportunity of a customer, as it is drawn.

    Attributes
    ----------
    position : int
        In the table of judgements.
    key : str
        Names the opportunity among those of the customer.
    probability, chance_a, chance_b : float
        That it occurs: a number, or the two parameters of a beta distribution.
    first, last : float
        Days until the money may occur; NaN where nothing is known.
    family, amounts : str, tuple
        Distribution of the amount, and its parameters.
    stage : str or None
        The stage, if all opportunities in it have the same unknown chance.
    groups : mapping
        Columns with shared effects, and the customer's groups.
    """

    position: int
    key: str
    probability: float
    chance_a: float
    chance_b: float
    first: float
    last: float
    family: str
    amounts: tuple[float, ...]
    stage: str | None
    groups: Mapping[str, str]


class JudgedDraws:
    """Draws of the judged money of some customers; judgements of others do not count, nor the past of an open window.

    Parameters
    ----------
    judged : FutureValuePriors
        The judgements.
    customers : Customers
        The customers.
    terms : Terms
        Horizons, discount rate and as-of date.
    shape : (int, int)
        Chains, and draws per chain.
    seed : int
        The same seed gives the same draws.

    Raises
    ------
    JudgementError
        If an expected date lies before the as-of date.
    """

    def __init__(
        self, judged: FutureValuePriors, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int
    ) -> None:
        self._ids, self._shape, self._seed = customers.ids, shape, seed
        self._size = shape[0] * shape[1]
        self._adjustments, self._shared = judged.adjustments, dict(judged.shared)
        self._ends, self._delta = terms.last_days(), terms.delta("day")
        self._beliefs: dict[Any, list[Belief]] = {}
        for row in _placed(judged, customers, terms).sort_values("key").to_dict("records"):
            self._beliefs.setdefault(row["customer_id"], []).append(self._belief(row))
        groups = {item for beliefs in self._beliefs.values() for belief in beliefs for item in belief.groups.items()}
        self._effects = {group: self._effect(*group) for group in sorted(groups)}
        stages = {_stage_key(belief) for beliefs in self._beliefs.values() for belief in beliefs if belief.stage}
        self._chances_of_stages = {stage: self._chance_of_stage(*stage) for stage in stages}

    def __call__(
        self, first: int, last: int, money: np.ndarray, until: np.ndarray | None = None, life: np.ndarray | None = None
    ) -> None:
        """Fill in the discounted money of customers' opportunities: an array of shape (customers, periods, draws).

        Opportunities depend on no stream, and no stream depends on them.
        """
        money[:] = 0.0
        for row, customer_id in enumerate(self._ids[first:last]):
            for belief in self._beliefs.get(customer_id, ()):
                self._add(customer_id, belief, money[row])

    def each(self) -> Iterator[tuple[int, Array]]:
        """Position of each opportunity in the table, and its discounted money alone: (periods, draws), filled anew."""
        money = np.empty((len(self._ends), self._size))
        for customer_id, beliefs in self._beliefs.items():
            for belief in beliefs:
                money[:] = 0.0
                self._add(customer_id, belief, money)
                yield belief.position, money

    def _belief(self, row: Mapping[Any, Any]) -> Belief:
        stage = plain_stage(row["stage"]) if row.get("chance_of") == OF_STAGE else None
        groups = {column: str(row[column]) for column in self._shared if not pd.isna(row[column])}
        return Belief(**{name: row[name] for name in AS_PLACED}, amounts=amounts_of(row), stage=stage, groups=groups)

    def _effect(self, column: str, group: str) -> Array:
        """What all opportunities of a group share, on chance and on amount: shape (2, draws), standard normal."""
        return customer_stream(self._seed, f"{PURPOSE} together\x1f{column}", group).standard_normal((2, self._size))

    def _chance_of_stage(self, stage: str, a: float, b: float) -> Array:
        """The unknown chance that all opportunities of a stage have in common: shape (draws,)."""
        level = customer_stream(self._seed, f"{PURPOSE} chance of stage", stage).random(self._size)
        return special.betaincinv(a, b, level)

    def _chance(self, belief: Belief, rng: np.random.Generator) -> ArrayLike:
        """The chance as its doubt has it: a number, or shape (draws,)."""
        if np.isnan(belief.chance_a):
            return belief.probability
        if belief.stage is not None:
            return self._chances_of_stages[_stage_key(belief)]
        return rng.beta(belief.chance_a, belief.chance_b, self._size)

    def _add(self, customer_id: Any, belief: Belief, money: np.ndarray) -> None:
        rng = customer_stream(self._seed, f"{PURPOSE}\x1f{belief.key}", customer_id)
        own, anywhen = rng.standard_normal((2, self._size)), rng.random(self._size)
        change = None if self._adjustments is None else self._adjustments.of(belief.position, self._shape)
        chance = self._chance(belief, rng)
        if change is not None:
            chance = change.chance(chance)
        shares = {group: self._shared[group[0]] for group in belief.groups.items()}
        level = np.sqrt(1 - sum(shares.values())) * own
        for group, share in shares.items():
            level += np.sqrt(share) * self._effects[group]
        occurs = special.ndtr(-level[0]) < chance
        first, last = (0.0, self._ends[-1]) if np.isnan(belief.first) else (belief.first, belief.last)
        when = first + (last - first) * anywhen
        period = np.searchsorted(self._ends, when)
        counts = np.flatnonzero(occurs & (period < len(self._ends)))
        if change is None:
            amount = amounts_at(belief.family, belief.amounts, level[1, counts])
        else:
            some = Adjustment(*(part[counts] for part in change))
            amount = some.amount(belief.family, belief.amounts, level[1, counts])
        money[period[counts], counts] += amount * np.exp(-self._delta * when[counts])


def _stage_key(belief: Belief) -> tuple[str, float, float]:
    """The stage and what is known of its chance."""
    return belief.stage or "", belief.chance_a, belief.chance_b


def _placed(judged: FutureValuePriors, customers: Customers, terms: Terms) -> pd.DataFrame:
    """Opportunities of these customers, with the position of each in the table and days until its window."""
    first, last = windows(judged.table, terms)
    if judged.visible is not None:
        undated = (judged.relations == VISIBLE_SHARE) & first.isna()
        first, last = first.mask(undated, 0.0), last.mask(undated, last_day_shown(judged.visible, terms))
    found = written_as(customers, judged.table["customer_id"])
    placed = {"position": np.arange(len(judged)), "first": first, "last": last}
    return judged.table.assign(customer_id=found, **placed)[found.notna() & ~are_opinions(judged.table)]
