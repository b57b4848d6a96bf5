"""What every stream of money can do."""

from typing import Any, Protocol

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

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> "CustomerDraws":
        """Make ready to value these customers with this number of chains and draws."""
        ...


class CustomerDraws(Protocol):
    """Values one customer at a time."""

    def __call__(self, position: int, customer_id: Any, money: np.ndarray) -> None:
        """Fill in the discounted money of the customer at this position.

        Parameters
        ----------
        money : array of shape (periods, chains * draws)
            In the periods of the terms, whatever it held before.
        """
        ...
