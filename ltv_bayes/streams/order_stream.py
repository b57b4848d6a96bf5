"""Streams of orders, made of a fit of how many there are and one of what each brings."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.histories import typical_order
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import ColumnError, InputError, listed, rows_at_fault
from ltv_bayes.formatting import label
from ltv_bayes.formulas.kernels import order_values, regular_order_values
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.predictions.events import FittedEvents, event_histories
from ltv_bayes.predictions.fitted import (
    FittedModel,
    caution_of,
    check_covariates,
    k_of,
    parameters_of,
    pooling_of,
    shape_of,
    shuffled,
)
from ltv_bayes.predictions.groups import GroupDraws
from ltv_bayes.predictions.purchases import FittedPurchases, purchase_histories
from ltv_bayes.predictions.signs_of_life import SignsOfLife
from ltv_bayes.predictions.spend import FittedSpend, spend_histories, warn_of_scale
from ltv_bayes.predictions.visibility import VisibleShare
from ltv_bayes.random_streams import customer_states
from ltv_bayes.streams.history_notes import history_notes
from ltv_bayes.streams.own_data import not_valued, positions, refuse_ended, require_same, without_data
from ltv_bayes.streams.stream import CustomerDraws, Stream
from ltv_bayes.streams.unseen_segments import role, unseen_in_words
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import DAYS_PER_UNIT

KERNELS: dict[tuple[str, str], Any] = {
    ("bg_nbd", "gamma_gamma"): order_values.bg_nbd_gamma_gamma,
    ("mbg_nbd", "gamma_gamma"): order_values.mbg_nbd_gamma_gamma,
    ("nbd", "gamma_gamma"): order_values.nbd_gamma_gamma,
}
REGULAR_KERNELS: dict[tuple[str, str], Any] = {
    ("bg_cnbd", "gamma_gamma"): regular_order_values.bg_cnbd_gamma_gamma,
    ("mbg_cnbd", "gamma_gamma"): regular_order_values.mbg_cnbd_gamma_gamma,
}


class OrderStream(ABC):
    """What streams of orders share: two fits, and whose history they are asked about.

    Attributes
    ----------
    spend : FittedSpend
        What each order brings.
    customers : Customers or None
        Histories in this stream; those of the customers valued, if there are none.
    name : str
        Names the stream in results.
    while_alive : str, stream or None
        The stream that this one rides on, or its name.
    """

    spend: FittedSpend
    customers: Customers | None
    name: str
    while_alive: str | Stream | None

    @property
    @abstractmethod
    def counts(self) -> FittedPurchases | FittedEvents:
        """How many orders."""

    @property
    @abstractmethod
    def alive_for_sure(self) -> frozenset[str]:
        """Ids, as text, of customers who are known to be alive."""

    @property
    @abstractmethod
    def signs_of_life(self) -> SignsOfLife | None:
        """Of whom something was heard."""

    @property
    @abstractmethod
    def shown_elsewhere(self) -> VisibleShare | None:
        """Which share of orders is counted elsewhere."""

    @property
    @abstractmethod
    def one_life(self) -> bool:
        """Whether who is alive in the stream that this one rides on is known to be alive here."""

    @property
    def shape(self) -> tuple[int, int]:
        """Chains and draws per chain that both fits have."""
        (chains_a, draws_a), (chains_b, draws_b) = shape_of(self.counts), shape_of(self.spend)
        return min(chains_a, chains_b), min(draws_a, draws_b)

    @property
    def fits_by_purpose(self) -> dict[str, FittedModel]:
        """The two fits, counts first, by the purpose that the order of their draws belongs to."""
        return {f"{self.name} counts": self.counts, f"{self.name} spend": self.spend}

    @property
    def caution(self) -> str:
        """What every table made from the two fits must say."""
        return caution_of(self.counts, self.spend)

    def check(self, customers: Customers) -> None:
        """Refuse data of another day or currency, and histories that ended with a relation which nobody asks about.

        Warn of orders that can hardly be counted in the fit's unit, and of covariates far from those that were fitted.
        """
        if self.customers is not None:
            require_same(customers, self.name, self.customers.as_of, self.customers.currency)
        orders = customers if self.customers is None else self.customers
        if self.while_alive is None:
            refuse_ended(orders, customers, self.name)
        warn_of_scale(self.spend, typical_order(orders))
        for fit in self.fits_by_purpose.values():
            check_covariates(fit, (batch.table for batch in self._with_columns(fit, customers).batches()))

    def knows(self, customers: Customers) -> np.ndarray:
        """Mark the customers who have a history here."""
        if self.customers is None:
            return np.ones(len(customers), dtype=bool)
        return np.asarray(as_text(customers.ids).isin(self._own_ids))

    def notes(self, customers: Customers, terms: Terms) -> list[str]:
        """Say who is not in the data, which segments are new, and what there is to know of histories of its own."""
        unseen = list(self._unseen_segments(customers))
        if self.customers is None:
            return unseen
        return [
            *unseen,
            *without_data(customers, self._own_ids, self.name),
            *not_valued(customers, self._own_ids, self.name),
            *(f"{label(self.name)}: {note}" for note in history_notes(self.customers, terms)),
        ]

    def _unseen_segments(self, customers: Customers) -> Iterator[str]:
        """Say which segments of each column pooled fits have not seen."""
        columns: dict[str, dict[str, set[str]]] = {}
        for fit in self.fits_by_purpose.values():
            for column, new in self._unseen(fit, customers).items():
                columns.setdefault(column, {})[role(fit)] = new
        for column, by_fit in columns.items():
            alike: dict[tuple[str, ...], list[str]] = {}
            for name in sorted(set().union(*by_fit.values())):
                alike.setdefault(tuple(of for of, names in by_fit.items() if name in names), []).append(name)
            for unseen, names in alike.items():
                said = unseen_in_words(listed(names), unseen, [of for of in by_fit if of not in unseen])
                yield f"{label(self.name)} by {column}: {said}."

    def _unseen(self, fit: FittedModel, customers: Customers) -> dict[str, set[str]]:
        """Segments that a pooled fit has not seen, by column."""
        found: dict[str, set[str]] = {}
        if (pooling := pooling_of(fit)) is not None:
            for batch in self._with_columns(fit, customers).batches():
                for column, names in pooling.unseen(batch.table).items():
                    found.setdefault(column, set()).update(names)
        return found

    def _with_columns(self, fit: FittedModel, customers: Customers) -> Customers:
        """The customers whose table has the segments and covariates of a pooled fit."""
        pooling = pooling_of(fit)
        columns = [] if pooling is None else pooling.grouping.columns
        return customers if self.customers is None or set(columns) <= set(customers.columns) else self.customers

    def realised(self, customers: Customers) -> Array:
        """What customers have brought so far."""
        if self.customers is None:
            return total_value(customers)
        return self._taken(total_value(self.customers), customers, 0.0)

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> CustomerDraws:
        """Make ready to value these customers; see `Stream`."""
        unit = self.counts.time_unit
        ends, delta, days = terms.edges(unit), terms.delta(unit), DAYS_PER_UNIT[unit]
        histories = self._histories(customers)
        shown = None if self.shown_elsewhere is None else self.shown_elsewhere.draws(shape, seed)
        shown_until = 0.0 if self.shown_elsewhere is None else self.shown_elsewhere.within.to(unit)
        orders = customers if self.customers is None else self.customers
        counts, spends = (
            self._own_parameters(shuffled(fit, shape, seed, purpose), customers, orders)
            for purpose, fit in self.fits_by_purpose.items()
        )
        fill = _kernel(self.counts, self.spend)

        def draw(
            first: int, last: int, money: np.ndarray, until: np.ndarray | None = None, life: np.ndarray | None = None
        ) -> None:
            states = customer_states(seed, self.name, customers.ids[first:last])
            limits = None if until is None else until / days
            more = (limits, life, self.one_life, shown, shown_until)
            of_counts, of_spends = _laid_out(counts, first, last), _laid_out(spends, first, last)
            fill(states, histories[first:last], ends, delta, *of_counts, *of_spends, money, *more)
            if life is not None:
                life *= days

        return draw

    def _histories(self, customers: Customers) -> Array:
        """What the compiled loops need of customers; not-a-number for those who are not in the data."""
        if self.customers is None:
            found = histories(self.counts, self.spend, customers)
        else:
            found = self._taken(self._of_own, customers, np.nan)
        heard = np.ones(len(customers)) if self.signs_of_life is None else self.signs_of_life.weights(customers.ids)
        known = as_text(customers.ids).isin(list(self.alive_for_sure))
        return np.column_stack([found, np.where(known, 0.0, heard)])

    def _own_parameters(self, fit: FittedModel, customers: Customers, orders: Customers) -> GroupDraws:
        """Parameters of customers, by segments in the table of those valued or beside their orders."""
        pooling = pooling_of(fit)
        if pooling is None or orders is customers or set(pooling.grouping.columns) <= set(customers.columns):
            return parameters_of(fit, customers.table, check=False)
        at = positions(customers, self._own_ids)
        own = parameters_of(fit, orders.table, check=False)
        return GroupDraws(own.place[np.maximum(at, 0)], own.number, own.at)

    @cached_property
    def _of_own(self) -> Array:
        assert self.customers is not None
        return histories(self.counts, self.spend, self.customers)

    @cached_property
    def _own_ids(self) -> pd.Index:
        assert self.customers is not None
        return as_text(self.customers.ids)

    def _taken(self, values: Array, customers: Customers, absent: float) -> Array:
        """Rows of the own data for these customers."""
        at = positions(customers, self._own_ids)
        taken = values[at]
        taken[at < 0] = absent
        return taken


def _kernel(counts: FittedPurchases | FittedEvents, spend: FittedSpend) -> Any:
    """The compiled loop of two models; of purchases in rhythm it takes their k first."""
    models = counts.model, spend.model
    if isinstance(counts, FittedPurchases) and models in REGULAR_KERNELS:
        return partial(REGULAR_KERNELS[models], k_of(counts))
    return KERNELS[models]


def _laid_out(drawn: GroupDraws, first: int, last: int) -> list[Array | IntArray]:
    """Parameters of a stretch of customers as kernels take them."""
    place, parameters = drawn.block(first, last)
    return [place, *parameters.values()]


def histories(counts: FittedPurchases | FittedEvents, spend: FittedSpend, customers: Customers) -> Array:
    """Frequency, recency, T, number of valued repeat orders, and what they came to: shape (customers, 5)."""
    if isinstance(counts, FittedEvents):
        past = np.insert(event_histories(counts, customers), 1, 0.0, axis=1)
    else:
        past = purchase_histories(counts, customers)
    orders, mean = spend_histories(spend, customers, warn=False)
    spent = np.where(orders > 0, orders * np.nan_to_num(mean), 0.0)
    return np.column_stack([past, orders, spent])


def total_value(customers: Customers) -> Array:
    """What customers have brought so far, by their table.

    Raises
    ------
    ColumnError
        If the table does not say it.
    InputError
        If it does not for some.
    """
    if not customers.has_history:
        raise ColumnError(
            "What customers have brought so far is not known: all_customers only lists them. Add the streams that "
            "bring their histories, as in RepeatPurchases(purchases, spend, customers=...), or leave realised=False."
        )
    if "total_value" not in customers.columns:
        raise ColumnError(
            "What customers have brought so far is not known: their table has no column 'total_value'. "
            "Make the customers with summarize(), add the column, or leave realised=False."
        )
    values = customers.table["total_value"].to_numpy(dtype=float)
    missing = ~np.isfinite(values)
    if missing.any():
        ids = list(customers.ids[missing])
        cure = "Fill it in, or leave realised=False."
        raise InputError(rows_at_fault(ids, "customer", "without a number in total_value", cure), ids)
    return values
