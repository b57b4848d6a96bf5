"""The draws behind a lifetime value, made for any stretch of customers: kept where they fit, made anew where not.

Customers are handled in stretches of a fixed length, on all cores, and results are put together in order. Since every
customer has a random stream of their own, neither the number of threads nor whether draws are kept can change a result.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltv_bayes.data.customers import Customers
from ltv_bayes.errors import counted
from ltv_bayes.formatting import label
from ltv_bayes.formulas.special import Array
from ltv_bayes.progress import progress
from ltv_bayes.streams.stream import CustomerDraws

STRETCH = 256
AHEAD = 4

Components = Mapping[str, Array]


def added(components: Components) -> Array:
    """Add the sources of money."""
    return np.add.reduce(list(components.values()))


@dataclass(frozen=True)
class Valuation:
    """What each source of money is worth, for any customers and all draws.

    Attributes
    ----------
    customers : Customers
        Who is valued.
    parts : mapping
        Name of each source to the draws of one customer.
    margin : array of shape (customers,)
        Share of revenue that is kept.
    shape : (int, int)
        Chains, and draws per chain.
    kept : mapping or None
        Name of each source to an array (customers, chains * draws), where all draws were kept.
    """

    customers: Customers
    parts: Mapping[str, CustomerDraws]
    margin: Array
    shape: tuple[int, int]
    kept: Components | None = None

    @property
    def size(self) -> int:
        """Number of draws."""
        return self.shape[0] * self.shape[1]

    @property
    def bytes_needed(self) -> int:
        """Memory that all draws take, with their total."""
        return 8 * self.size * len(self.customers) * (len(self.parts) + 1)

    def of(self, first: int, last: int) -> Components:
        """Money of the customers at these positions: arrays of shape (customers, draws)."""
        if self.kept is not None:
            return {name: values[first:last] for name, values in self.kept.items()}
        ids = self.customers.ids[first:last]
        drawn: dict[str, Array] = {}
        for name, draw in self.parts.items():
            drawn[name] = values = np.empty((len(ids), self.size))
            for row, customer_id in enumerate(ids):
                values[row] = self.margin[first + row] * draw(first + row, customer_id)
        return drawn

    def over_stretches(self, reduce: Callable[[int, Components], Any], *, progressbar: bool = False) -> Iterator[Any]:
        """Reduce each stretch of customers, on all cores; results come in order and memory stays bounded.

        Parameters
        ----------
        reduce : callable
            From the position of the first customer, and the components, to anything.
        """
        starts = range(0, len(self.customers), STRETCH)

        def work(first: int) -> Any:
            return reduce(first, self.of(first, min(first + STRETCH, len(self.customers))))

        what = f"valuing {counted(len(self.customers), 'customer')}: {', '.join(map(label, self.parts))}"
        with ThreadPoolExecutor(os.cpu_count()) as pool, progress(len(starts), what, show=progressbar) as step:
            waiting: deque[Future[Any]] = deque()
            try:
                for first in starts:
                    waiting.append(pool.submit(work, first))
                    if len(waiting) >= AHEAD * (os.cpu_count() or 1):
                        yield waiting.popleft().result()
                        step()
                while waiting:
                    yield waiting.popleft().result()
                    step()
            finally:
                for task in waiting:
                    task.cancel()

    def keeping(self, *, progressbar: bool = False) -> "Valuation":
        """Make all draws and keep them."""
        if self.kept is not None:
            return self
        kept = {name: np.empty((len(self.customers), self.size)) for name in self.parts}

        def keep(first: int, components: Components) -> None:
            for name, values in components.items():
                kept[name][first : first + len(values)] = values

        for _ in self.over_stretches(keep, progressbar=progressbar):
            pass
        return Valuation(self.customers, self.parts, self.margin, self.shape, kept)
