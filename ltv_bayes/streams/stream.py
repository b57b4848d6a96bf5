"""What every stream of money can do."""

from typing import Protocol

import numpy as np

from ltv_bayes.data.customers import Customers
from ltv_bayes.terms import Terms


class Stream(Protocol):
    """A source of money from customers, valued by draws."""

    @property
    def name(self) -> str:
        """What names the stream's column in results."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Chains, and draws per chain, that the stream can give."""
        ...

    @property
    def caution(self) -> str:
        """What every table made from the stream must say; empty when nothing."""
        ...

    def check(self, customers: Customers) -> None:
        """Warn of what can be seen of all customers at once, before anything is drawn."""
        ...

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> "CustomerDraws":
        """Make ready to value these customers with this number of chains and draws."""
        ...


class CustomerDraws(Protocol):
    """Values a few customers at a time."""

    def __call__(self, first: int, last: int, money: np.ndarray) -> None:
        """Fill in the discounted money of the customers at positions from the first up to the last.

        Parameters
        ----------
        money : array of shape (customers, periods, chains * draws)
            In the periods of the terms, whatever it held before.
        """
        ...
