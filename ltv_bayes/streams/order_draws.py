"""Money of orders of some customers: draws of it, and its mean given the same draws of parameters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.histories import distinct_rows
from ltv_bayes.formulas.kernels import order_values
from ltv_bayes.formulas.kernels.future.money import expected_money
from ltv_bayes.formulas.kernels.regular_order_values import kernel_of
from ltv_bayes.formulas.models.parameterization import REGULAR
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.predictions.groups import GroupDraws
from ltv_bayes.predictions.over_customers import counts_of_block, laid_out
from ltv_bayes.random_streams import customer_states


@dataclass(frozen=True, eq=False)
class OrderDraws:
    """Values a few customers at a time; see `CustomerDraws`.

    Attributes
    ----------
    ids : pandas.Index
        Of the customers.
    model : str
        Of how many orders there are.
    k : int
        How regular purchases are, where the model asks for it.
    name, seed
        Of the random streams.
    histories : array of shape (customers, 7)
        As the kernels take them.
    periods : Periods
    counts, spends : GroupDraws
        Parameters of both models.
    weights : Weights
    one_life : bool
        See `Relations`.
    by_draws : bool
        Whether the mean is that of draws alone, as what is expected would take longer: another stream ends this one, or
        customers have parameters of their own.
    days : float
        In one unit of time.
    """

    ids: pd.Index
    model: str
    k: int
    name: str
    seed: int
    histories: Array
    periods: order_values.Periods
    counts: GroupDraws
    spends: GroupDraws
    weights: order_values.Weights
    one_life: bool
    by_draws: bool
    days: float

    def __call__(
        self, first: int, last: int, money: np.ndarray, until: np.ndarray | None = None, life: np.ndarray | None = None
    ) -> None:
        """Fill in the discounted money of customers."""
        states = customer_states(self.seed, self.name, self.ids[first:last])
        unknown = order_values.UNKNOWN
        limits, lives = unknown if until is None else until / self.days, unknown if life is None else life
        weights = self.weights._replace(place=self.weights.place[first:last])
        relations = order_values.Relations(limits, lives, self.one_life, weights)
        counts = counts_of_block(self.model, self.counts, first, last)
        drawn = counts, laid_out(order_values.Spend, self.spends, first, last)
        prices = self.periods.prices._replace(age=self.periods.prices.age[first:last])
        these = self.periods._replace(shown_until=self.periods.shown_until[first:last], prices=prices)
        kernel_of(self.model, self.k)(states, self.histories[first:last], these, *drawn, relations, money)
        if life is not None:
            life *= self.days

    def expected(self) -> Array | None:
        """Mean over the draws of what is expected given each: an array (customers, periods).

        None where the mean is that of draws: of regular purchases too. NaN where a mean does not exist.
        """
        if self.by_draws or self.model in REGULAR:
            return None
        found, known = np.zeros((len(self.ids), self.periods.ends.size)), ~np.isnan(self.histories[:, 0])
        for group in range(self.counts.number):
            members = np.flatnonzero((self.counts.place == group) & known)
            if members.size:
                here, place_of = self._distinct(members)
                parameters = {name: values[0] for name, values in self.counts.at(np.array([group])).items()}
                segments, place = np.unique(self.spends.place[here], return_inverse=True)
                spend = self.spends.at(segments)
                own = order_values.Spend(place, spend["p"], spend["q"], spend["v"])
                rest = self.histories[here], self._of_some(here), parameters, own
                weights = self.weights
                if weights.drawn.size:
                    weights = weights._replace(place=weights.place[here])
                found[members] = expected_money(self.model, *rest, weights)[place_of]
        return found

    def _distinct(self, some: IntArray) -> tuple[IntArray, IntArray]:
        """One of some customers for each distinct set of what the mean depends on, and for every one the place of it.

        Most customers without a repeat purchase share theirs with all who came on the same day.
        """
        histories, periods = self.histories[some], self.periods
        histories[histories[:, 4] == 0, 5] = 0.0
        of_customers: list[np.ndarray] = [self.spends.place]
        of_customers += [self.weights.place] if self.weights.drawn.size else []
        of_customers += [periods.shown_until] if periods.shown.size else []
        of_customers += [periods.prices.age] if periods.prices.drift.size else []
        _unused, place = distinct_rows(np.column_stack([histories, *(values[some] for values in of_customers)]))
        return some[np.unique(place, return_index=True)[1]], place

    def _of_some(self, here: np.ndarray) -> order_values.Periods:
        """The periods as they are for some customers."""
        periods, prices = self.periods, self.periods.prices
        if prices.drift.size:
            prices = prices._replace(age=prices.age[here])
        until = periods.shown_until[here] if periods.shown.size else periods.shown_until
        return periods._replace(shown_until=until, prices=prices)
