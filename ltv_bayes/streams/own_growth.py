"""How the price of each contract grows by itself, drawn beside its renewals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.price_history import PriceHistory, price_history
from ltv_bayes.data.subscriptions.revenue.recurring import a_month
from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.formulas.kernels.renewal_values import NO_GROWTH, Growth
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import shuffled
from ltv_bayes.predictions.growth.fitted_expansion import HIGHEST, FittedExpansion, GrowthDraws, growth_draws
from ltv_bayes.random_streams import customer_states


def require_expansion(value: Any, renewals: Renewals) -> None:
    """Refuse what is no fit of prices, or does not suit the renewals.

    Raises
    ------
    InputError, ColumnError
        With the kind of what was given, or the customers without a segment.
    """
    if value is None:
        return
    if not isinstance(value, FittedExpansion):
        raise InputError(_("growth takes what Expansion().fit(renewals) returned, not {kind}.", kind=a_kind(value)))
    growth_draws(value.thin(1, 1), renewals)
    price_history(renewals)


@dataclass(frozen=True, eq=False)
class OwnGrowth:
    """Draws of the growth of prices for the contracts of a stream; without a fit, none."""

    drawn: GrowthDraws | None
    history: PriceHistory | None
    log_price: Array
    seed: int
    name: str

    @classmethod
    def of(cls, fit: FittedExpansion | None, renewals: Renewals, shape: tuple[int, int], seed: int, name: str) -> Self:
        """Take the draws of a fit in the order that belongs to the stream."""
        purpose = f"{name} growth of prices"
        if fit is None:
            return cls(None, None, np.empty(0), seed, purpose)
        drawn, table = growth_draws(shuffled(fit, shape, seed, purpose), renewals), renewals.table
        monthly = a_month(table["price"], table["period"].to_numpy(dtype=str))
        log_price = np.where(monthly > 0, np.log(np.where(monthly > 0, monthly, 1.0)), drawn.typical)
        return cls(drawn, price_history(renewals), log_price, seed, purpose)

    def at(self, rows: IntArray, customer_ids: Iterable[Any]) -> Growth:
        """Of some contracts of some customers."""
        if self.drawn is None or self.history is None:
            return NO_GROWTH
        states = customer_states(self.seed, self.name, customer_ids)
        made, changes = (number[rows].astype(float) for number in (self.history.renewals, self.history.changes))
        height = (self.log_price[rows] - self.drawn.typical) / self.drawn.width
        own = made, changes, height, self.drawn.place[rows]
        return Growth(states, *own, self.drawn.segments, self.drawn.shared, self.drawn.width, HIGHEST)
