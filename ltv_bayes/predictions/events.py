"""How often will something happen to customers who stay? Forecasts from the posterior of an event model."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.customers.dates import time_since_end
from ltv_bayes.formulas.models import nbd
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.clock import clock_at, clock_from, clock_lines, has_clock
from ltv_bayes.predictions.fitted import FittedModel, numbered_draws, parameter_arrays, shape_of, time_unit_of
from ltv_bayes.predictions.groups import Parameters
from ltv_bayes.predictions.over_customers import (
    beside_observed,
    draw_counts,
    draw_for_each,
    labelled,
    require_memory,
    with_group,
)
from ltv_bayes.random_streams import as_seed
from ltv_bayes.time_units import DAYS_PER_UNIT, Duration, TimeUnit, as_duration, discount_intensity


@dataclass(frozen=True, repr=False)
class FittedEvents(FittedModel):
    """A fitted event model: posterior draws with the forecasts they make, for customers who stay.

    Methods named ``expected_*`` give the posterior of an expectation; ``predict_*`` give predictive draws, whole
    events that may or may not happen. Arrays have the dimensions (chain, draw, customer_id).

    Examples
    --------
    >>> from ltv_bayes.data.customers.customers import Customers
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": ["A"], "frequency": [3], "recency": [20.0], "T": [24.0]})
    >>> customers = Customers.from_summary(frame, time_unit="month")
    >>> fit = FittedEvents.from_draws({"r": [[1.0]], "alpha": [[8.0]]}, time_unit="month")
    >>> fit.expected_events(customers, horizon="1 year").item()
    1.5
    """

    _default_model: ClassVar[str] = nbd.NAME
    _parameters: ClassVar[tuple[str, ...]] = nbd.PARAMETERS

    @property
    def time_unit(self) -> TimeUnit:
        """Time unit of the parameters."""
        return time_unit_of(self)

    def expected_events(self, customers: Customers, horizon: Any) -> xr.DataArray:
        """Posterior of the expected number of events within the horizon after the as-of date.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        horizon : str or Duration
            With its unit, ``"1 year"``.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), events.
        """
        length, formulas = as_duration(horizon), event_formulas_of(self, customers)
        values = formulas.expected_events(length.to(self.time_unit), *self._given(customers), **self._drawn(customers))
        return labelled(values, customers.ids, "expected_events", **_events(length))

    def expected_discounted_events(self, customers: Customers, horizon: Any, discount_rate: float) -> xr.DataArray:
        """Posterior of the expected number of events, each discounted at its own time.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        horizon : str or Duration
            With its unit, ``"3 years"``.
        discount_rate : float
            Annual and effective: 0.10 for 10% a year.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), events of today's worth.
        """
        length = as_duration(horizon)
        t, delta = length.to(self.time_unit), discount_intensity(discount_rate, self.time_unit)
        given, drawn = self._given(customers), self._drawn(customers)
        values = event_formulas_of(self, customers).discounted_expected_events(t, delta, *given, **drawn)
        return labelled(values, customers.ids, "expected_discounted_events", **_events(length))

    def predict_events(self, customers: Customers, horizon: Any, random_seed: int | None = None) -> xr.DataArray:
        """Predictive draws of the number of events within the horizon: whole numbers.

        Parameters
        ----------
        customers : Customers
            Each customer has a random stream of their own: order and company of customers change nothing.
        horizon : str or Duration
            With its unit, ``"1 year"``.
        random_seed : int, optional
            The same seed gives the same draws.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), events; of whole numbers.
        """
        length, seed = as_duration(horizon), as_seed(random_seed)
        histories, ends = event_histories(self, customers), [length.to(self.time_unit)]
        (number,) = draw_counts(self, customers, histories, ends, seed=seed, purpose="events")
        attrs = {**_events(length), "random_seed": str(seed)}
        return labelled(number, customers.ids, "predicted_events", **attrs).astype(np.int64)

    def expected_events_new_customer(self, horizon: Any) -> xr.DataArray:
        """Posterior of the expected number of events of a new customer within the horizon.

        Returns
        -------
        xarray.DataArray
            (chain, draw), events.
        """
        length, formulas = as_duration(horizon), event_formulas_of(self)
        values = formulas.expected_events(length.to(self.time_unit), 0, 0.0, **numbered_draws(self))
        return labelled_draws(values, "expected_events_new_customer", **_events(length))

    def with_log_likelihood(self, customers: Customers) -> xr.DataTree:
        """Make the tree that `arviz.loo` reads: the posterior with a group ``log_likelihood``.

        The group has one array (chain, draw, customer_id): the log-likelihood of each customer's number of events.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        """
        formulas = event_formulas_of(self, customers)
        values = formulas.log_likelihood(*self._given(customers), **self._drawn(customers))
        return with_group(self.idata, "log_likelihood", labelled(values, customers.ids, "events").to_dataset())

    def posterior_predictive(self, customers: Customers, random_seed: int | None = None) -> xr.DataTree:
        """Draw the numbers of events that these customers would have had if the model were true.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        random_seed : int, optional
            The same seed gives the same draws.

        Returns
        -------
        xarray.DataTree
            Group ``posterior_predictive`` with ``frequency`` of shape (chain, draw, customer_id), beside the posterior
            and ``observed_data``.
        """
        require_history(customers)
        converted = customers.in_time_unit(self.time_unit)
        return beside_observed(self.idata, replicate_events(self, converted, random_seed), converted)

    def _more_lines(self) -> list[str]:
        return clock_lines(self)

    def _given(self, customers: Customers) -> np.ndarray:
        """Columns of histories, each of shape (customers,), if the arrays of draws will fit in memory."""
        require_history(customers)
        require_memory(shape_of(self), len(customers))
        return event_histories(self, customers).T

    def _drawn(self, customers: Customers) -> dict[str, np.ndarray]:
        return parameter_arrays(self, customers.table)


def event_formulas_of(fit: FittedEvents, customers: Customers | None = None, *, after: float = 0.0) -> Any:
    """The closed forms, with times counted from the as-of date of customers, or a time after that of the fit.

    Returns
    -------
    module or EventsOnClock
        With the functions of `formulas.models.nbd`, which take the columns of `event_histories`.
    """
    clock = clock_from(fit, after) if customers is None else clock_at(fit, customers)
    return nbd if clock is None else nbd.EventsOnClock(clock)


def event_histories(fit: FittedEvents, customers: Customers) -> np.ndarray:
    """Events and exposure (frequency and T) of each customer, in the fit's time unit: shape (customers, 2).

    Where the fit has calendar effects, also how long before the as-of date observation ended: shape (customers, 3).
    """
    require_history(customers)
    table = customers.in_time_unit(fit.time_unit).table
    found = table[["frequency", "T"]].to_numpy(dtype=float)
    if not has_clock(fit):
        return found
    return np.column_stack([found, time_since_end(table, customers.as_of, DAYS_PER_UNIT[fit.time_unit])])


def replicate_events(fit: FittedEvents, customers: Customers, random_seed: int | None = None) -> xr.Dataset:
    """Draw, for each parameter draw, the number of events that customers observed for their T would show.

    Parameters
    ----------
    customers : Customers
        In the fit's time unit.

    Returns
    -------
    xarray.Dataset
        ``frequency`` of shape (chain, draw, customer_id).
    """
    clock = clock_at(fit, customers)
    _, T, *ended = event_histories(fit, customers).T

    def draw(rng: np.random.Generator, drawn: Parameters, place: int) -> np.ndarray:
        own = {name: values for name, values in drawn.items() if name != "draw"}
        t = T[place] if clock is None else clock.rows(drawn["draw"]).observed(T[place], ended[0][place])
        return nbd.draw_events(rng, t, 0, 0.0, **own)

    (number,) = draw_for_each(fit, customers.table, draw, seed=as_seed(random_seed), purpose="history")
    return labelled(number, customers.ids, "frequency", units="events").to_dataset()


def _events(length: Duration) -> dict[str, str]:
    return {"units": "events", "horizon": str(length)}
