"""What will customers spend per order? Forecasts from the posterior of the spend model."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.reading.amounts import warn_of_other_unit
from ltv_bayes.errors import UnitError
from ltv_bayes.formatting import money
from ltv_bayes.formulas.models import gamma_gamma
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.fitted import FittedModel, currency_of, parameter_arrays, shape_of
from ltv_bayes.predictions.groups import Parameters
from ltv_bayes.predictions.over_customers import beside_observed, draw_for_each, labelled, require_memory, with_group
from ltv_bayes.random_streams import as_seed

FAR_SCALE = 100.0


@dataclass(frozen=True, repr=False)
class FittedSpend(FittedModel):
    """A fitted gamma-gamma model: posterior draws with the forecasts they make.

    Examples
    --------
    >>> from ltv_bayes.data.customers.customers import Customers
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     {"customer_id": ["A"], "frequency": [2], "recency": [30.43], "T": [38.86], "monetary_value": [22.35]}
    ... )
    >>> customers = Customers.from_summary(frame, time_unit="week")
    >>> fit = FittedSpend.from_draws({"p": [[6.24957]], "q": [[3.74422]], "v": [[15.44352]]})
    >>> round(fit.expected_spend(customers).item(), 3)
    24.658
    """

    _default_model: ClassVar[str] = "gamma_gamma"
    _parameters: ClassVar[tuple[str, ...]] = gamma_gamma.PARAMETERS

    @property
    def currency(self) -> str | None:
        """Currency of the orders that were fitted, where known."""
        return currency_of(self)

    def expected_spend(self, customers: Customers) -> xr.DataArray:
        """Posterior of each customer's expected order value; the population's for one without a valued repeat.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), in the currency of the fit.
        """
        x, m = spend_histories(self, customers)
        require_memory(shape_of(self), len(customers))
        values = gamma_gamma.expected_spend(x, m, **parameter_arrays(self, customers.table))
        return labelled(values, customers.ids, "expected_spend", units=self._money)

    def predict_spend(self, customers: Customers, random_seed: int | None = None) -> xr.DataArray:
        """Predictive draws of the value of each customer's next order.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), in the currency of the fit.
        """
        x, m = spend_histories(self, customers)
        seed = as_seed(random_seed)

        def draw(rng: np.random.Generator, drawn: Parameters, place: int) -> np.ndarray:
            nu = gamma_gamma.draw_spend_rate(rng, x[place], m[place], **drawn)
            return gamma_gamma.draw_order_values(rng, drawn["p"], nu)

        (values,) = draw_for_each(self, customers.table, draw, seed=seed, purpose="spend")
        return labelled(values, customers.ids, "predicted_spend", units=self._money, random_seed=str(seed))

    def expected_spend_new_customer(self) -> xr.DataArray:
        """Posterior of the expected order value of a new customer, the population's mean.

        Returns
        -------
        xarray.DataArray
            (chain, draw), in the currency of the fit.
        """
        return labelled_draws(gamma_gamma.population_mean_spend(**self.draws), "expected_spend", units=self._money)

    def with_log_likelihood(self, customers: Customers) -> xr.DataTree:
        """Make the tree that `arviz.loo` reads: the posterior with a group ``log_likelihood``.

        The group has one array (chain, draw, customer_id), of the customers with a repeat order that carries a value.
        """
        buyers = spenders(customers)
        x, m = spend_histories(self, buyers)
        require_memory(shape_of(self), len(buyers))
        values = gamma_gamma.log_likelihood(x, m, **parameter_arrays(self, buyers.table))
        found = labelled(values, buyers.ids, "mean_spend_observed")
        return with_group(self.idata, "log_likelihood", found.to_dataset())

    def posterior_predictive(self, customers: Customers, random_seed: int | None = None) -> xr.DataTree:
        """Draw the mean spend that these customers would show if the model were true.

        Returns
        -------
        xarray.DataTree
            Group ``posterior_predictive`` with ``monetary_value`` of shape (chain, draw, customer_id), beside the
            posterior and ``observed_data``; customers without a valued repeat order are left out.
        """
        return beside_observed(self.idata, replicate_mean_spend(self, customers, random_seed), spenders(customers))

    @property
    def _money(self) -> str:
        return self.currency or "currency of the data"

    def _more_lines(self) -> list[str]:
        if self.idata.attrs.get("one_price"):
            return ["order values do not vary: all customers pay the same, to a thousandth"]
        correlation = self.idata.attrs.get("frequency_spend_correlation")
        if correlation is None or np.isnan(correlation):
            return []
        return [f"correlation of frequency and spend in the data: {correlation:.2f} (the model takes it to be 0)"]


def spend_histories(fit: FittedSpend, customers: Customers, *, warn: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Number and mean value of each customer's valued repeat orders, in the currency of the fit.

    Warns, where asked to, if they can hardly be counted in the fit's unit.
    """
    require_history(customers)
    if fit.currency and customers.currency and fit.currency != customers.currency:
        raise UnitError(
            f"The spend model was fitted in {fit.currency}, the customers are in {customers.currency}. "
            f"Convert the amounts to one currency first."
        )
    table = customers.table
    if warn:
        warn_of_scale(fit, float(table["monetary_value"].median()))
    return table["spend_frequency"].to_numpy(dtype=float), table["monetary_value"].to_numpy(dtype=float)


def warn_of_scale(fit: FittedSpend, typical: float) -> None:
    """Warn where the customers' typical order and those that were fitted can hardly be counted in one unit.

    Customers who differ by orders of magnitude have a mean far above their median; what lies between is close to both.
    """
    ends = (gamma_gamma.population_median_spend, gamma_gamma.population_mean_spend)
    low, high = (float(np.median(end(**fit.draws))) for end in ends)
    expected = float(np.clip(typical, low, high))
    compared = (
        f"The customers' orders are typically {money(typical, fit.currency)}, those that were fitted "
        f"{money(expected, fit.currency)}"
    )
    warn_of_other_unit(typical / expected, FAR_SCALE, compared, stacklevel=4)


def spenders(customers: Customers) -> Customers:
    """Keep the customers with a repeat order that carries a value."""
    require_history(customers)
    return customers.subset((customers.table["spend_frequency"] > 0).to_numpy())


def replicate_mean_spend(fit: FittedSpend, customers: Customers, random_seed: int | None = None) -> xr.Dataset:
    """Draw, for each parameter draw, the mean spend over as many orders as each customer has.

    Returns
    -------
    xarray.Dataset
        ``monetary_value`` of shape (chain, draw, customer_id), of customers with a valued repeat order.
    """
    buyers = spenders(customers)
    orders = buyers.table["spend_frequency"].to_numpy(dtype=float)

    def draw(rng: np.random.Generator, drawn: Parameters, place: int) -> np.ndarray:
        nu = gamma_gamma.draw_spend_rate(rng, 0, 0.0, **drawn)
        return gamma_gamma.draw_total_spend(rng, orders[place], drawn["p"], nu) / orders[place]

    seed, units = as_seed(random_seed), buyers.currency or "currency of the data"
    (values,) = draw_for_each(fit, buyers.table, draw, seed=seed, purpose="mean spend")
    return labelled(values, buyers.ids, "monetary_value", units=units).to_dataset()
