"""What every stream of money can do."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.formulas.special import Array
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.terms import Terms


class Stream(Protocol):
    """A source of money from customers, valued by draws."""

    @property
    def name(self) -> str:
        """What names the stream's column in results."""

    @property
    def while_alive(self) -> "str | Stream | None":
        """The stream that this one depends on, or its name: what ends there ends here."""

    @property
    def ends_a_relation(self) -> bool:
        """Whether the stream knows, in each draw, when the relation with a customer ends: others may depend on it."""

    @property
    def margin(self) -> Any:
        """Share of the stream's revenue that is kept, if it has one of its own."""

    @property
    def discount_rate(self) -> float | None:
        """Annual effective rate, if the stream has one of its own."""

    @property
    def shape(self) -> tuple[int, int] | None:
        """Chains, and draws per chain, that the stream can give; None for any number."""

    @property
    def fits_by_purpose(self) -> Mapping[str, FittedModel]:
        """The fits with the draws that the stream takes, by the purpose that their order belongs to.

        See `ltv_bayes.predictions.fitted.shuffled`.
        """

    @property
    def caution(self) -> str:
        """What every table made from the stream must state; empty when nothing."""

    def check(self, customers: Customers) -> None:
        """Refuse or warn of what can be seen of all customers at once, before anything is drawn.

        Parameters
        ----------
        customers : Customers
            All that are valued.
        """

    def knows(self, customers: Customers) -> np.ndarray:
        """Mark the customers with a relation that the stream knows the end of, an array of shape (customers,).

        Parameters
        ----------
        customers : Customers
            All that are valued.

        Returns
        -------
        numpy.ndarray
            True or False, of shape (customers,).
        """

    def notes(self, customers: Customers, terms: Terms) -> list[str]:
        """State what a reader should know of these customers in this stream, valued on these terms.

        Parameters
        ----------
        customers : Customers
            All that are valued.
        terms : Terms
            Horizons and discount.
        """

    def common_notes(self, customers: Customers) -> list[str]:
        """State what moves all customers, and what else is true of any part of them as it is of all.

        Parameters
        ----------
        customers : Customers
            All that are valued, or some.
        """

    def realised(self, customers: Customers) -> Array:
        """Revenue from customers so far, an array of shape (customers,), before margin.

        Parameters
        ----------
        customers : Customers
            All that are valued.

        Returns
        -------
        numpy.ndarray
            Of shape (customers,), in the customers' currency.
        """

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> "CustomerDraws":
        """Make ready to value these customers with this number of chains and draws.

        Parameters
        ----------
        customers : Customers
            All that are valued.
        terms : Terms
            Horizons and discount.
        shape : tuple of int
            Chains, and draws of each.
        seed : int
            Of the whole value; customers have streams of random numbers of their own.
        """


class CustomerDraws(Protocol):
    """Values a few customers at a time."""

    def __call__(
        self, first: int, last: int, money: np.ndarray, until: np.ndarray | None = None, life: np.ndarray | None = None
    ) -> None:
        """Fill in the discounted money of the customers at positions from the first up to the last.

        Parameters
        ----------
        money : array of shape (customers, periods, chains * draws)
            In the periods of the terms, whatever it held before.
        until : array of shape (customers, chains * draws), optional
            When the relation ends in the stream that this one depends on, in days after the as-of date: 0 or less
            where it has ended, infinite where it outlasts the horizon, NaN where that stream does not know the
            customer.
        life : array of the same shape, optional
            Filled in likewise, for streams that depend on this one.
        """
