"""How often customers will buy, by a fit with customers who leave or by one with customers who stay."""

from typing import Any

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.formulas.special import Array
from ltv_bayes.predictions.events import FittedEvents, event_formulas_of, event_histories
from ltv_bayes.predictions.fitted import shape_of
from ltv_bayes.predictions.groups import Parameters
from ltv_bayes.predictions.over_customers import draw_for_each
from ltv_bayes.predictions.purchases import FittedPurchases, formulas_of, purchase_histories
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
    size, last = int(np.prod(shape_of(fit))), until[-1]
    if isinstance(fit, FittedEvents):
        histories, draw_times, purpose = (
            event_histories(fit, customers),
            event_formulas_of(fit, customers).draw_times,
            "events",
        )

        def times(rng: np.random.Generator, drawn: Parameters, place: int) -> Any:
            return draw_times(rng, last, *histories[place], **drawn)
    else:
        histories, outlook, purpose = (
            purchase_histories(fit, customers),
            formulas_of(fit, customers).outlook,
            "purchases",
        )

        def times(rng: np.random.Generator, drawn: Parameters, place: int) -> Any:
            return outlook(*histories[place], **drawn).draw(rng, last).times(rng, last)

    def draw(rng: np.random.Generator, drawn: Parameters, place: int) -> Array:
        owner, when = times(rng, drawn, place)
        return np.array([np.bincount(owner[when <= time], minlength=size) for time in until])

    found = draw_for_each(fit, customers.table, draw, seed=seed, purpose=purpose, arrays=len(lengths))
    return np.asarray(found.reshape(len(lengths), size, len(customers)))
