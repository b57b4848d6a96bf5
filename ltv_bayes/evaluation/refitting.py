"""Customers, fits and numbers of purchases ahead as of several dates, each of what was known by then."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.known_ids import by_id
from ltv_bayes.data.orders.summarize import summarize
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.evaluation.known_attributes import KnownAttributes
from ltv_bayes.formulas.special import Array
from ltv_bayes.models.buy_till_you_die import BGNBD
from ltv_bayes.models.gamma_gamma import GammaGamma
from ltv_bayes.predictions.events import FittedEvents, event_histories
from ltv_bayes.predictions.fitted import shape_of, shuffled
from ltv_bayes.predictions.over_customers import draw_counts
from ltv_bayes.predictions.purchases import FittedPurchases, purchase_histories
from ltv_bayes.time_units import Duration

FittedCounts = FittedPurchases | FittedEvents


@dataclass(frozen=True)
class Refitting:
    """How customers are summarized, and which models are fitted to them, whatever the date.

    Attributes
    ----------
    time_unit : str
        Unit of the customer tables.
    purchases, spend : model settings or fitted models, optional
        `BGNBD()` and `GammaGamma()` where not given; what is fitted stays as it is.
    attributes : KnownAttributes
        As they were known on any day.
    settings : mapping
        Of the fits: random_seed, draws, ...
    spends : bool
        Whether spend is fitted at all.
    stream : str, optional
        Of what these orders are, where others are forecast beside them: the draws of its fits are then independent of
        theirs.
    """

    time_unit: str
    purchases: Any = None
    spend: Any = None
    attributes: KnownAttributes = field(default_factory=KnownAttributes)
    settings: Mapping[str, Any] = field(default_factory=dict)
    spends: bool = True
    stream: str | None = None

    def customers(self, orders: Transactions, day: dt.date) -> Customers:
        """Summarize the orders up to a day, and no others."""
        known = self.attributes.on(day, orders.customer_column)
        return summarize(orders, time_unit=self.time_unit, as_of=day, attributes=known)

    def fitted(self, customers: Customers) -> tuple[Any, Any]:
        """Fit models of purchases and, if any are, spend."""
        wanted: list[Any] = [self.purchases or BGNBD(), (self.spend or GammaGamma()) if self.spends else None]
        found = [model.fit(customers, **self.settings) if hasattr(model, "fit") else model for model in wanted]
        if self.stream is not None:
            seed = self.settings["random_seed"]
            found = [fit and shuffled(fit, shape_of(fit), seed, f"stream {self.stream}") for fit in found]
        return found[0], found[1]

    def once(self, customers: Customers) -> Self:
        """Use the fits of these customers on every day."""
        purchases, spend = self.fitted(customers)
        return replace(self, purchases=purchases, spend=spend)


@dataclass(frozen=True)
class Segmenting:
    """How the customers of several days are grouped, as `LifetimeValue.by` takes it.

    Attributes
    ----------
    by : str, list of str or mapping from ids as text
    name : str
        What a mapping is called.
    """

    by: str | Sequence[str] | Mapping[str, Any]
    name: str

    @classmethod
    def read(cls, orders: Transactions, by: Any, time_unit: str) -> Self:
        """Read it; a mapping must name customers of the log.

        Raises
        ------
        InputError
            If a mapping names none of them.
        """
        name = str(getattr(by, "name", None) or "segment")
        if isinstance(by, Mapping | pd.Series):
            by = by_id(summarize(orders, time_unit=time_unit), by, "by")
        return cls(by, name)

    def on(self, customers: Customers) -> Any:
        """How the customers of a day are grouped; a mapping may hold ids of later customers."""
        if not isinstance(self.by, Mapping):
            return self.by
        found = [self.by.get(str(one)) for one in customers.ids]
        return pd.Series(found, index=customers.ids, name=self.name, dtype=object)


def predicted_counts(fit: FittedCounts, customers: Customers, length: Duration, seed: int) -> xr.DataArray:
    """Predictive draws of the number of purchases within a time: (chain, draw, customer_id)."""
    if isinstance(fit, FittedEvents):
        return fit.predict_events(customers, length, random_seed=seed).rename("predicted_purchases")
    return fit.predict_purchases(customers, length, random_seed=seed)


def expected_counts(fit: FittedCounts, customers: Customers, length: Duration) -> xr.DataArray:
    """Posterior of the expected number of purchases within a time: (chain, draw, customer_id)."""
    expected: Any = fit.expected_events if isinstance(fit, FittedEvents) else fit.expected_purchases
    return expected(customers, length)


def counts_until(fit: FittedCounts, customers: Customers, lengths: list[Duration], seed: int) -> Array:
    """Draw numbers of purchases by several times, of one course each: an array (times, draws, customers)."""
    until = [length.to(fit.time_unit) for length in lengths]
    if isinstance(fit, FittedEvents):
        histories, purpose = event_histories(fit, customers), "events"
    else:
        histories, purpose = purchase_histories(fit, customers), "purchases"
    found = draw_counts(fit, customers, histories, until, seed=seed, purpose=purpose)
    return found.reshape(len(lengths), -1, len(customers))
