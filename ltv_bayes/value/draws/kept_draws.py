"""All draws of all customers at every horizon, kept in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import counted
from ltv_bayes.value.draws.valuation import About, Components, Reduce, Stretch, Valuation, in_order, stretches_of


@dataclass(frozen=True, eq=False)
class KeptDraws:
    """Draws in memory.

    Attributes
    ----------
    customers : Customers
        Whose draws.
    money : mapping
        Name of each source to an array (horizons, customers, draws).
    stretch : int
        How many customers are summarised at once.
    """

    customers: Customers
    money: Components
    stretch: int

    @classmethod
    def room_for(cls, valuation: Valuation) -> "KeptDraws":
        """Take the memory, to be filled."""
        shape = len(valuation.terms.horizons), len(valuation.customers), valuation.size
        return cls(valuation.customers, {name: np.empty(shape) for name in valuation.sources}, valuation.stretch)

    def keep(self, stretch: Stretch, components: Components) -> None:
        """Keep the draws of a stretch: arrays of shape (customers, horizons, draws)."""
        for name, values in components.items():
            self.money[name][:, stretch.rows] = values.swapaxes(0, 1)

    def over_stretches(self, reduce: Reduce, *, about: About | None = None, progressbar: bool = False) -> Iterator[Any]:
        """Reduce the draws of each stretch: arrays of shape (customers, horizons, draws) by source; see `Valuation`."""

        def read(stretch: Stretch) -> Any:
            return reduce(stretch, {name: every[:, stretch.rows].swapaxes(0, 1) for name, every in self.money.items()})

        def tasks() -> Iterator[Callable[[], Any]]:
            for _, stretches in stretches_of(self.customers, self.stretch, about):
                yield from (partial(read, stretch) for stretch in stretches)

        what = f"summarising {counted(len(self.customers), 'customer')}"
        return in_order(tasks(), -(-len(self.customers) // self.stretch), what, progressbar=progressbar)
