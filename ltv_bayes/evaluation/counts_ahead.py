"""How often customers will buy, by a fit with customers who leave or by one with customers who stay."""

from typing import Any

import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.formulas.special import Array
from ltv_bayes.predictions.events import FittedEvents, event_histories
from ltv_bayes.predictions.purchase_draws import draw_counts
from ltv_bayes.predictions.purchases import FittedPurchases, purchase_histories
from ltv_bayes.time_units import Duration

FittedCounts = FittedPurchases | FittedEvents


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
