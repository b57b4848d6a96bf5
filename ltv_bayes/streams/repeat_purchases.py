"""Repeat purchases: how often a customer will buy, times what each purchase brings, discounted at its own date."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltv_bayes.data.customers import Customers
from ltv_bayes.errors import InputError
from ltv_bayes.formulas import bg_nbd, gamma_gamma
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.streams.stream import CustomerDraws
from ltv_bayes.terms import Terms

MOST_PURCHASES_AT_ONCE = 4_000_000


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

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> CustomerDraws:
        """Make ready to value these customers; see `Stream`."""
        chains, draws = shape
        purchases, spend = self.purchases.thin(draws, chains), self.spend.thin(draws, chains)
        unit = purchases.time_unit
        t, delta = terms.length(unit), terms.delta(unit)
        futures, (x, m), parameters = purchases.futures(customers), spend.histories(customers), spend.flat_draws()

        def one(position: int, customer_id: Any) -> np.ndarray:
            rng = customer_stream(seed, self.name, customer_id)
            drawn = bg_nbd.draw_purchases(rng, t, futures(position))
            nu = gamma_gamma.draw_spend_rate(rng, x[position], m[position], **parameters)
            return draw_discounted_spend(rng, t, delta, drawn, parameters["p"], nu)

        return one


def draw_discounted_spend(
    rng: np.random.Generator,
    t: float,
    delta: float,
    purchases: bg_nbd.FuturePurchases,
    p: np.ndarray,
    nu: np.ndarray,
) -> np.ndarray:
    """Draw date and value of every purchase and add up what they are worth today.

    Parameters
    ----------
    t, delta : float
        Horizon and continuous discount rate, in one time unit.
    purchases : FuturePurchases
        Counts of shape (draws,).
    p, nu : arrays of shape (draws,)
        Order values are Gamma(p, nu).

    Returns
    -------
    array of shape (draws,)
    """
    total = np.zeros(purchases.number.size)
    for part in _parts(purchases.number):
        some = bg_nbd.FuturePurchases(purchases.number[part], purchases.possible[part])
        owner, time = bg_nbd.draw_purchase_times(rng, t, some)
        worth = gamma_gamma.draw_order_values(rng, p[part][owner], nu[part][owner]) * np.exp(-delta * time)
        total[part] = np.bincount(owner, weights=worth, minlength=some.number.size)
    return total


def _parts(count: np.ndarray) -> Iterator[slice]:
    """Cut the draws into stretches whose purchases fit in memory."""
    share = np.cumsum(count) // MOST_PURCHASES_AT_ONCE
    edges = np.flatnonzero(np.diff(share)) + 1
    for start, stop in zip([0, *edges], [*edges, count.size], strict=True):
        yield slice(start, stop)
