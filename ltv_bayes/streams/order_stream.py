"""Streams of orders, made of a fit of how many there are and one of what each is worth."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.histories import typical_order
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import ColumnError, InputError, a_kind, refuse_rows
from ltv_bayes.formulas.kernels import order_values
from ltv_bayes.formulas.models.parameterization import REGULAR
from ltv_bayes.formulas.models.price_level import Prices
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.predictions.clock import clock_at, clock_note, day_note
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
    smallest_shape,
)
from ltv_bayes.predictions.groups import GroupDraws
from ltv_bayes.predictions.purchases import FittedPurchases, purchase_histories
from ltv_bayes.predictions.signs.signs_of_life import SignsOfLife, weights_of_having_left
from ltv_bayes.predictions.spend import FittedSpend, price_notes, prices_for, spend_histories, warn_of_scale
from ltv_bayes.predictions.visibility import Coverage, VisibleShare
from ltv_bayes.streams.notes import called, history_notes, missing_here_or_there, unseen_segments
from ltv_bayes.streams.order_draws import OrderDraws
from ltv_bayes.streams.own_data import positions, refuse_ended, require_same
from ltv_bayes.streams.stream import Stream
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import DAYS_PER_UNIT


class OrderStream(ABC):
    """What streams of orders share: two fits, and the histories that these are asked about.

    Attributes
    ----------
    spend : FittedSpend
        What each order is worth.
    customers : Customers or None
        Histories in this stream; those of the customers valued, if there are none.
    name : str
        Names the stream in results.
    while_alive : str, stream or None
        The stream that this one depends on, or its name.
    signs : SignsOfLife or None
        Customers with a sign of life beside their orders.
    visible : VisibleShare or None
        The share of orders that is counted elsewhere.
    coverage : Coverage or None
        The customers with orders that are counted elsewhere; None for all.
    one_life : bool
        Whether who is alive in the stream that this one depends on is known to be alive here.
    """

    spend: FittedSpend
    customers: Customers | None
    name: str
    while_alive: str | Stream | None
    signs: SignsOfLife | None = None
    visible: VisibleShare | None = None
    coverage: Coverage | None = None
    one_life: bool = True

    @property
    @abstractmethod
    def counts(self) -> FittedPurchases | FittedEvents:
        """How many orders."""

    @property
    def alive_for_sure(self) -> frozenset[str]:
        """Ids, as text, of customers who are known to be alive."""
        return frozenset()

    @property
    def shape(self) -> tuple[int, int]:
        """Chains and draws per chain that both fits have."""
        return smallest_shape(map(shape_of, (self.counts, self.spend)))

    @property
    def fits_by_purpose(self) -> dict[str, FittedModel]:
        """The two fits, counts first, by the purpose that the order of their draws belongs to."""
        return {f"{self.name} counts": self.counts, f"{self.name} spend": self.spend}

    @property
    def caution(self) -> str:
        """What every table made from the two fits must state."""
        return caution_of(self.counts, self.spend)

    def check(self, customers: Customers) -> None:
        """Refuse data of another day or currency, and histories that ended with a relation of no stream.

        Warn of orders that can hardly be counted in the fit's unit, and of covariates far from those that were fitted.
        """
        if self.customers is not None:
            require_same(customers, self.name, self.customers.as_of, self.customers.currency)
        orders = self._orders(customers)
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
        """State who is not in the data, which segments are new, what moves all customers, and what histories say."""
        common = self.common_notes(customers)
        if self.customers is None:
            return common
        return [
            *common,
            *missing_here_or_there(customers, self._own_ids, self.name),
            *(_("{name}: {note}", name=called(self.name), note=note) for note in history_notes(self.customers, terms)),
        ]

    def common_notes(self, customers: Customers) -> list[str]:
        """State which segments are new to pooled fits, and what moves all customers and their prices."""
        fits = (
            (fit, (batch.table for batch in self._with_columns(fit, customers).batches()))
            for fit in self.fits_by_purpose.values()
        )
        orders, name = self._orders(customers), called(self.name)
        moves = [*clock_note(self.counts), *day_note(orders, self.counts, self.spend)]
        return [
            *(_("{stream} {terms}", stream=name, terms=note) for note in unseen_segments(fits)),
            *(_("{name}: {note}", name=name, note=note) for note in moves),
            *(_("{name}: {note}.", name=name, note=note) for note in price_notes(self.spend, orders)),
        ]

    def realised(self, customers: Customers) -> Array:
        """Revenue from customers so far."""
        return self._of_these(total_value(self._orders(customers)), customers, 0.0)

    def prepare(self, customers: Customers, terms: Terms, shape: tuple[int, int], seed: int) -> OrderDraws:
        """Make ready to value these customers; see `Stream`."""
        unit = self.counts.time_unit
        ends, delta, days = terms.edges(unit), terms.delta(unit), DAYS_PER_UNIT[unit]
        histories, weights = self._histories(customers, shape, seed)
        periods = order_values.Periods(ends, delta)
        if self.visible is not None:
            until = np.where(covered_by(self.coverage, self, customers), 1.0, -1.0) * self.visible.within.to(unit)
            periods = order_values.Periods(ends, delta, self.visible.draws(shape, seed), until)
        fits = [shuffled(fit, shape, seed, purpose) for purpose, fit in self.fits_by_purpose.items()]
        counts, spends = (self._parameters(fit, customers) for fit in fits)
        if (clock := clock_at(fits[0], self._orders(customers))) is not None:
            periods = periods._replace(clock=clock)
        if (prices := self._prices(fits[1], customers)) is not None:
            periods = periods._replace(prices=prices)
        return OrderDraws(
            customers.ids,
            self.counts.model,
            1 if self.counts.model not in REGULAR else k_of(self.counts),
            self.name,
            seed,
            histories,
            periods,
            counts,
            spends,
            weights,
            self.one_life,
            self.while_alive is not None or any(own_parameters(fit) for fit in fits),
            days,
        )

    def _orders(self, customers: Customers) -> Customers:
        """The histories that the fits are asked about."""
        return customers if self.customers is None else self.customers

    def _with_columns(self, fit: FittedModel, customers: Customers) -> Customers:
        """The customers with a table that has the segments and covariates of a pooled fit."""
        pooling = pooling_of(fit)
        valued = pooling is None or set(pooling.grouping.columns) <= set(customers.columns)
        return customers if valued else self._orders(customers)

    def _histories(self, customers: Customers, shape: tuple[int, int], seed: int) -> tuple[Array, order_values.Weights]:
        """What the compiled loops need of customers, NaN for who is not in the data; draws of what signs show."""
        found = self._of_these(histories(self.counts, self.spend, self._orders(customers)), customers, np.nan)
        silent = (found[:, 2] - found[:, 1]) * DAYS_PER_UNIT[self.counts.time_unit]
        covered = None if self.signs is None else covered_by(self.signs.coverage, self, customers)
        strength = None if self.signs is None else self.signs.strength.draws(shape, seed)
        known = customers.ids, self.signs, self.alive_for_sure, silent, covered, strength
        most, place, drawn = weights_of_having_left(*known)
        rows = np.ascontiguousarray(np.column_stack([found, most]))  # loops are compiled for each order in memory
        return rows, order_values.Weights(place, drawn)

    def _prices(self, spend: FittedModel, customers: Customers) -> Prices | None:
        """The price level, with the age of these customers' repeat orders."""
        assert isinstance(spend, FittedSpend)
        prices = prices_for(spend, self._orders(customers), self.counts.time_unit)
        return None if prices is None else prices._replace(age=self._of_these(prices.age, customers, 0.0))

    def _parameters(self, fit: FittedModel, customers: Customers) -> GroupDraws:
        """Parameters of customers, by segments in the table of those valued or beside their orders."""
        source = self._with_columns(fit, customers)
        own = parameters_of(fit, source.table, check=False)
        if source is customers:
            return own
        return GroupDraws(own.place[np.maximum(positions(customers, self._own_ids), 0)], own.number, own.at)

    def _of_these(self, values: Array, customers: Customers, absent: float) -> Array:
        """Rows of the stream's histories for these customers."""
        if self.customers is None:
            return values
        at = positions(customers, self._own_ids)
        taken = values[at]
        taken[at < 0] = absent
        return taken

    @cached_property
    def _own_ids(self) -> pd.Index:
        assert self.customers is not None
        return as_text(self.customers.ids)


def covered_by(coverage: Coverage | None, stream: OrderStream, customers: Customers) -> np.ndarray:
    """Mark customers whose pipeline is covered, by a column of those valued or of the stream's own histories."""
    if coverage is None:
        return np.ones(len(customers), dtype=bool)
    if stream.customers is None or not coverage.column or coverage.column in customers.columns:
        return coverage.of(customers)
    at = positions(customers, as_text(stream.customers.ids))
    return coverage.of(stream.customers)[at] & (at >= 0)


def require_fits(stream: OrderStream, kinds: Any, what: str, model: str) -> None:
    """Refuse anything but fits of orders and of spend in their places, and histories of its own that are none.

    Raises
    ------
    InputError
        With what the places take.
    """
    for value, wanted, made in ((stream.counts, kinds, model), (stream.spend, FittedSpend, "GammaGamma")):
        if not isinstance(value, wanted):
            raise InputError(
                _(
                    "{name} takes a fit of {what} and a fit of spend, in this order; where {made}().fit(...) "
                    "belongs there is {kind}.",
                    name=type(stream).__name__,
                    what=what,
                    made=made,
                    kind=a_kind(value),
                )
            )
    if stream.customers is not None:
        require_customers(stream.customers)


def own_parameters(fit: FittedModel) -> bool:
    """Whether customers have parameters of their own, by covariates."""
    pooling = pooling_of(fit)
    return pooling is not None and bool(pooling.scales)


def histories(counts: FittedPurchases | FittedEvents, spend: FittedSpend, customers: Customers) -> Array:
    """Frequency, recency, T, time since observation ended, and of valued repeat orders number and total value.

    Returns
    -------
    array of shape (customers, 6)
    """
    if isinstance(counts, FittedEvents):
        past = np.insert(event_histories(counts, customers), 1, 0.0, axis=1)
    else:
        past = purchase_histories(counts, customers)
    past = np.pad(past, ((0, 0), (0, 4 - past.shape[1])))  # observed to the as-of date, or it does not matter
    orders, mean = spend_histories(spend, customers, warn=False)
    spent = np.where(orders > 0, orders * np.nan_to_num(mean), 0.0)
    return np.column_stack([past, orders, spent])


def total_value(customers: Customers) -> Array:
    """Revenue from customers so far, by their table.

    Raises
    ------
    ColumnError
        If the table has no such column.
    InputError
        If the column is blank for some.
    """
    if not customers.has_history:
        raise ColumnError(
            _(
                "The revenue from customers so far is not known: all_customers only lists them. Add the "
                "streams with their histories, as in RepeatPurchases(purchases, spend, customers=...), or "
                "leave realised=False."
            )
        )
    if "total_value" not in customers.columns:
        raise ColumnError(
            _(
                "The revenue from customers so far is not known: their table has no column 'total_value'. Make "
                "the customers with summarize(), add the column, or leave realised=False."
            )
        )
    values = customers.table["total_value"].to_numpy(dtype=float)
    missing, cure = customers.ids[~np.isfinite(values)], _("Fill it in, or leave realised=False.")
    refuse_rows(missing, "customer", _("without a number in total_value"), cure)
    return values
