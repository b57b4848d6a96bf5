"""What will customers spend per order? Forecasts from the posterior of the spend model."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.reading.amounts import warn_of_other_unit
from ltv_bayes.errors import UnitError
from ltv_bayes.formatting import money
from ltv_bayes.formulas.models import gamma_gamma
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.fitted import FittedModel, labelled, per_customer, require_memory
from ltv_bayes.random_streams import as_seed, customer_stream

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

    default_model: ClassVar[str] = "gamma_gamma"
    parameters: ClassVar[tuple[str, ...]] = gamma_gamma.PARAMETERS

    def expected_spend(self, customers: Customers) -> xr.DataArray:
        """Posterior of each customer's expected order value; the population's for one without a valued repeat.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), in the currency of the fit.
        """
        x, m = self.histories(customers)
        require_memory(self.shape, len(customers))
        values = gamma_gamma.expected_spend(x, m, **self.by_customer(customers.table))
        return labelled(values, customers, "expected_spend", units=self._money)

    def predict_spend(self, customers: Customers, random_seed: int | None = None) -> xr.DataArray:
        """Predictive draws of the value of each customer's next order.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), in the currency of the fit.
        """
        x, m = self.histories(customers)
        seed, drawn = as_seed(random_seed), self.parameters_of(customers.table)

        def one(position: int, customer_id: Any) -> np.ndarray:
            stream, parameters = customer_stream(seed, "spend", customer_id), drawn.of(position)
            nu = gamma_gamma.draw_spend_rate(stream, x[position], m[position], **parameters)
            return gamma_gamma.draw_order_values(stream, parameters["p"], nu)

        return per_customer(customers, self.shape, one, "predicted_spend", units=self._money, random_seed=str(seed))

    def expected_spend_new_customer(self) -> xr.DataArray:
        """Posterior of the expected order value of a new customer, the population's mean.

        Returns
        -------
        xarray.DataArray
            (chain, draw), in the currency of the fit.
        """
        return labelled_draws(gamma_gamma.population_mean_spend(**self.draws), "expected_spend", units=self._money)

    def log_likelihood(self, customers: Customers) -> xr.DataArray:
        """Pointwise log-likelihood, of the customers with a repeat order that carries a value.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id).
        """
        buyers = spenders(customers)
        x, m = self.histories(buyers)
        require_memory(self.shape, len(buyers))
        parameters = self.by_customer(buyers.table)
        return labelled(gamma_gamma.log_likelihood(x, m, **parameters), buyers, "mean_spend_observed")

    def with_log_likelihood(self, customers: Customers) -> xr.DataTree:
        """Make the tree that `arviz.loo` reads: the posterior with a group ``log_likelihood``."""
        tree = self.idata.copy()
        tree["log_likelihood"] = xr.DataTree(self.log_likelihood(customers).to_dataset())
        return tree

    def posterior_predictive(self, customers: Customers, random_seed: int | None = None) -> xr.DataTree:
        """Draw the mean spend that these customers would show if the model were true.

        Returns
        -------
        xarray.DataTree
            Group ``posterior_predictive`` with ``monetary_value`` of shape (chain, draw, customer_id), beside the
            posterior and ``observed_data``; customers without a valued repeat order are left out.
        """
        buyers = spenders(customers)
        observed = xr.Dataset({"monetary_value": ("customer_id", buyers.table["monetary_value"])})
        tree = self.idata.copy()
        replicated = replicate_mean_spend(self, customers, random_seed)
        tree["posterior_predictive"] = xr.DataTree(replicated)
        tree["observed_data"] = xr.DataTree(observed.assign_coords(customer_id=buyers.ids.to_numpy()))
        return tree

    def histories(self, customers: Customers, *, warn: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Number and mean value of each customer's valued repeat orders, in the currency of the fit.

        Warns, unless told not to, where they can hardly be counted in the fit's unit.
        """
        require_history(customers)
        if self.currency and customers.currency and self.currency != customers.currency:
            raise UnitError(
                f"The spend model was fitted in {self.currency}, the customers are in {customers.currency}. "
                f"Convert the amounts to one currency first."
            )
        table = customers.table
        if warn:
            self.warn_of_scale(float(table["monetary_value"].median()), stacklevel=4)
        return table["spend_frequency"].to_numpy(dtype=float), table["monetary_value"].to_numpy(dtype=float)

    def warn_of_scale(self, typical: float, *, stacklevel: int) -> None:
        """Warn where the customers' typical order and those that were fitted can hardly be counted in one unit."""
        expected = float(np.median(gamma_gamma.population_mean_spend(**self.draws)))
        compared = (
            f"The customers' orders are typically {money(typical, self.currency)}, those that were fitted "
            f"{money(expected, self.currency)}"
        )
        warn_of_other_unit(typical / expected, FAR_SCALE, compared, stacklevel=stacklevel)

    @property
    def _money(self) -> str:
        return self.currency or "currency of the data"

    def _more_lines(self) -> list[str]:
        correlation = self.idata.attrs.get("frequency_spend_correlation")
        if correlation is None or np.isnan(correlation):
            return []
        return [f"correlation of frequency and spend in the data: {correlation:.2f} (the model takes it to be 0)"]


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
    buyers, seed = spenders(customers), as_seed(random_seed)
    orders, drawn = buyers.table["spend_frequency"].to_numpy(dtype=float), fit.parameters_of(buyers.table)

    def one(position: int, customer_id: Any) -> np.ndarray:
        stream = customer_stream(seed, "mean spend", customer_id)
        p, q, v = (drawn.of(position)[name] for name in gamma_gamma.PARAMETERS)
        nu = gamma_gamma.draw_spend_rate(stream, 0, 0.0, p=p, q=q, v=v)
        return gamma_gamma.draw_total_spend(stream, orders[position], p, nu) / orders[position]

    money = buyers.currency or "currency of the data"
    return per_customer(buyers, fit.shape, one, "monetary_value", units=money).to_dataset()
