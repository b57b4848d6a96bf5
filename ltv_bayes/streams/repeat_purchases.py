"""Repeat purchases: how often a customer will buy, times what each purchase brings, discounted at its own date."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ltv_bayes.data.customers import Customers
from ltv_bayes.errors import InputError
from ltv_bayes.formulas import fused_draws
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import customer_states
from ltv_bayes.streams.stream import CustomerDraws
from ltv_bayes.terms import Terms

KERNELS: dict[tuple[str, str], Any] = {("bg_nbd", "gamma_gamma"): fused_draws.bg_nbd_gamma_gamma}


@dataclass(frozen=True)
class RepeatPurchases:
    """The stream of repeat purchases.

    Parameters
    ----------
    purchases : FittedPurchases
        How often customers buy and when they leave.
    spend : FittedSpend
        What they spend per order. The two fits are independent, so their draws are paired as they come.
    name : str
        Names the stream in results.
    """

    purchases: FittedPurchases
    spend: FittedSpend
    name: str = "repeat_purchases"

    def __post_init__(self) -> None:
        for value, kind, made in ((self.purchases, FittedPurchases, "BGNBD"), (self.spend, FittedSpend, "GammaGamma")):
            if not isinstance(value, kind):
                raise InputError(
                    f"RepeatPurchases takes a purchase fit and a spend fit, in this order; where {made}().fit(...) "
                    f"belongs there is a {type(value).__name__}."
                )

    @property
    def shape(self) -> tuple[int, int]:
        """Chains and draws per chain that both fits have."""
        (chains_a, draws_a), (chains_b, draws_b) = self.purchases.shape, self.spend.shape
        return min(chains_a, chains_b), min(draws_a, draws_b)

    @property
    def caution(self) -> str:
        """What every table made from the two fits must say."""
        return self.purchases.caution or self.spend.caution

    def check(self, customers: Customers) -> None:
        """Warn where orders can hardly be counted in the unit of the fit."""
        self.spend.warn_of_scale(customers.typical_order(), stacklevel=4)

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> CustomerDraws:
        """Make ready to value these customers; see `Stream`."""
        chains, draws = shape
        purchases, spend = self.purchases.thin(draws, chains), self.spend.thin(draws, chains)
        unit = purchases.time_unit
        ends, delta = terms.edges(unit), terms.delta(unit)
        orders, mean = spend.histories(customers, warn=False)
        spent = np.where(orders > 0, orders * np.nan_to_num(mean), 0.0)
        histories = np.column_stack([purchases.histories(customers), orders, spent])
        parameters = (*purchases.flat_draws().values(), *spend.flat_draws().values())
        fill = KERNELS[purchases.model, spend.model]

        def draw(first: int, last: int, money: np.ndarray) -> None:
            states = customer_states(seed, self.name, customers.ids[first:last])
            fill(states, histories[first:last], ends, delta, *parameters, money)

        return draw
