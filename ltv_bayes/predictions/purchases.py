"""How many purchases will customers make? Forecasts from the posterior of a purchase model."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.customers.histories import Histories, histories_with_positions
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.formulas.models import bg_cnbd, bg_nbd, mbg_nbd
from ltv_bayes.formulas.models.conditional_future import PurchaseFormulas, PurchaseOutlook
from ltv_bayes.formulas.models.parameterization import REGULAR
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.fitted import FittedModel, labelled, per_customer, require_memory, time_unit_of, with_group
from ltv_bayes.predictions.groups import GroupDraws
from ltv_bayes.random_streams import as_seed, customer_stream
from ltv_bayes.sizes import available_cores
from ltv_bayes.time_units import Duration, TimeUnit, as_duration, discount_intensity

TOGETHER = 2**17  # numbers in a block of draws: temporary arrays stay small
FORMULAS: dict[str, PurchaseFormulas] = {bg_nbd.NAME: bg_nbd, mbg_nbd.NAME: mbg_nbd}


@dataclass(frozen=True, repr=False)
class FittedPurchases(FittedModel):
    """A fitted purchase model, BG/NBD or one of its kin: posterior draws with the forecasts they make.

    Methods named ``expected_*`` give the posterior of an expectation; ``predict_*`` give predictive draws, whole
    purchases that may or may not happen. Arrays have the dimensions (chain, draw, customer_id).

    Examples
    --------
    >>> from ltv_bayes.data.customers.customers import Customers
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": ["A"], "frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> customers = Customers.from_summary(frame, time_unit="week")
    >>> draws = {"r": [[0.243]], "alpha": [[4.414]], "a": [[0.793]], "b": [[2.426]]}
    >>> fit = FittedPurchases.from_draws(draws, time_unit="week")
    >>> round(fit.expected_purchases(customers, horizon="39 weeks").item(), 3)
    1.226

    The same numbers as parameters of MBG/NBD, where customers may leave after the first purchase too:

    >>> fit = FittedPurchases.from_draws(draws, time_unit="week", model="mbg_nbd")
    >>> round(fit.expected_purchases(customers, horizon="39 weeks").item(), 3)
    1.34

    Or of BG/CNBD-k, where each k-th of the events whose rate r and alpha describe is a purchase:

    >>> draws["alpha"] = [[4.414 / 3]]
    >>> fit = FittedPurchases.from_draws(draws, time_unit="week", model="bg_cnbd", k=3)
    >>> round(fit.expected_purchases(customers, horizon="39 weeks").item(), 3)
    1.547
    """

    default_model: ClassVar[str] = bg_nbd.NAME
    parameters: ClassVar[tuple[str, ...]] = bg_nbd.PARAMETERS

    def __post_init__(self) -> None:
        super().__post_init__()
        said = self.idata.attrs.get("k")
        if self.model not in REGULAR:
            if said is not None:
                raise FitError(f"A fit of {self.model} has no k: name its model, as in model={REGULAR[0]!r}, k={said}.")
            return
        if said is None:
            raise FitError(f"The draws are of {self.model}, but not of which k. Say k=4, for instance.")
        try:
            bg_cnbd.as_whole_k(said)
        except InputError as problem:
            raise FitError(str(problem)) from None

    @property
    def time_unit(self) -> TimeUnit:
        """Time unit of the parameters."""
        return time_unit_of(self)

    @property
    def k(self) -> int:
        """Shape of the gaps between purchases in this model: 1 is random."""
        return int(self.idata.attrs.get("k", 1))

    @property
    def formulas(self) -> PurchaseFormulas:
        """The closed forms of this model."""
        if self.model in REGULAR:
            return bg_cnbd.RegularFormulas(self.k, may_leave_at_once=self.model == bg_cnbd.MODIFIED_NAME)
        return FORMULAS[self.model]

    def outlook_of_new_customer(self) -> PurchaseOutlook:
        """The future of a new customer over all draws, each part of shape (chains * draws,)."""
        return self.formulas.outlook_of_new_customer(**self.flat_draws())

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Table of the parameters, as every fit has it, with a last row for k where it was given."""
        table = super().summary(ci_prob, ci_kind)
        if self.model in REGULAR:
            given = {"sd": 0.0, "r_hat": np.nan, "ess": np.nan, "caution": self.caution}
            table.loc["k"] = [given.get(str(column), float(self.k)) for column in table.columns]
        return table

    def probability_alive(self, customers: Customers) -> xr.DataArray:
        """Posterior of the probability that each customer is still alive at the as-of date.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), between 0 and 1. Of BG/NBD and BG/CNBD-k, exactly 1 for a customer without a
            repeat purchase: there, customers can leave only after one; in MBG/NBD and MBG/CNBD-k also after the first.
        """
        values = self._over_histories(customers, lambda future: future.alive)
        return labelled(values, customers, "probability_alive", long_name="probability of being alive", units="1")

    def expected_purchases(self, customers: Customers, horizon: Any, *, given_alive: bool = False) -> xr.DataArray:
        """Posterior of the expected number of purchases within the horizon after the as-of date.

        Parameters
        ----------
        customers : Customers
            In any time unit; converted to that of the fit.
        horizon : str or Duration
            With its unit, ``"39 weeks"``.
        given_alive : bool
            Whether all are known to be alive, whatever their history says of it.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), purchases.
        """
        length = as_duration(horizon)
        t = length.to(self.time_unit)

        def expected(future: PurchaseOutlook) -> np.ndarray:
            return (future.given_alive() if given_alive else future).expected_purchases(t)

        values = self._over_histories(customers, expected)
        return labelled(values, customers, "expected_purchases", **_purchases(length))

    def expected_discounted_purchases(self, customers: Customers, horizon: Any, discount_rate: float) -> xr.DataArray:
        """Posterior of the expected number of purchases, each discounted at its own time.

        Parameters
        ----------
        horizon : str or Duration
            With its unit, ``"3 years"``.
        discount_rate : float
            Annual and effective: 0.10 for 10% a year.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), purchases of today's worth.
        """
        length = as_duration(horizon)
        t, delta = length.to(self.time_unit), discount_intensity(discount_rate, self.time_unit)
        values = self._over_histories(customers, lambda future: future.discounted_expected_purchases(t, delta))
        return labelled(values, customers, "expected_discounted_purchases", **_purchases(length))

    def predict_purchases(self, customers: Customers, horizon: Any, random_seed: int | None = None) -> xr.DataArray:
        """Predictive draws of the number of purchases within the horizon: whole numbers.

        Each draw decides whether the customer is still alive, how often they buy and when they leave.

        Parameters
        ----------
        customers : Customers
            Each customer has a random stream of their own: order and company of customers change nothing.
        horizon : str or Duration
            With its unit, ``"39 weeks"``.
        random_seed : int, optional
            The same seed gives the same draws.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), purchases; of whole numbers.
        """
        length, seed = as_duration(horizon), as_seed(random_seed)
        t = length.to(self.time_unit)
        futures = self.futures(customers)

        def one(position: int, customer_id: Any) -> np.ndarray:
            stream = customer_stream(seed, "purchases", customer_id)
            return futures(position).draw(stream, t).number

        drawn = per_customer(
            customers, self.shape, one, "predicted_purchases", **_purchases(length), random_seed=str(seed)
        )
        return drawn.astype(np.int64)

    def probability_of_purchases(self, customers: Customers, purchases: int, horizon: Any) -> xr.DataArray:
        """Posterior of the probability of exactly so many purchases within the horizon.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), between 0 and 1.
        """
        length = as_duration(horizon)
        t = length.to(self.time_unit)
        values = self._over_histories(customers, lambda future: future.probability_of_purchases(purchases, t))
        name = "probability_of_purchases"
        return labelled(values, customers, name, units="1", horizon=str(length), purchases=purchases)

    def expected_purchases_new_customer(self, horizon: Any) -> xr.DataArray:
        """Posterior of the expected repeat purchases of a new customer within the horizon after the first purchase.

        Returns
        -------
        xarray.DataArray
            (chain, draw), purchases.
        """
        length = as_duration(horizon)
        values = self._new_customer().expected_purchases(length.to(self.time_unit))
        return self._unlabelled(values, "expected_purchases_new_customer", length)

    def predict_purchases_new_customer(self, horizon: Any, random_seed: int | None = None) -> xr.DataArray:
        """Predictive draws of the repeat purchases of one new customer: whole numbers.

        Returns
        -------
        xarray.DataArray
            (chain, draw), purchases.
        """
        length, rng = as_duration(horizon), np.random.default_rng(as_seed(random_seed))
        count = self._new_customer().draw(rng, length.to(self.time_unit)).number
        return self._unlabelled(count, "predicted_purchases_new_customer", length).astype(np.int64)

    def log_likelihood(self, customers: Customers) -> xr.DataArray:
        """Pointwise log-likelihood of each customer's history.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id).
        """
        values = self._over_unique(
            customers, lambda x, t_x, T, parameters: self.formulas.log_likelihood(x, t_x, T, **parameters)
        )
        return labelled(values, customers, "history")

    def with_log_likelihood(self, customers: Customers) -> xr.DataTree:
        """Make the tree that `arviz.loo` reads: the posterior with a group ``log_likelihood``.

        Examples
        --------
        ``az.loo(fit.with_log_likelihood(customers))``
        """
        return with_group(self.idata, "log_likelihood", self.log_likelihood(customers).to_dataset())

    def posterior_predictive(self, customers: Customers, random_seed: int | None = None) -> xr.DataTree:
        """Draw the histories that these customers would have if the model were true.

        Returns
        -------
        xarray.DataTree
            Group ``posterior_predictive`` with ``frequency`` and ``recency`` (in the fit's time unit), of shape
            (chain, draw, customer_id), beside the posterior and ``observed_data``.
        """
        require_history(customers)
        converted = customers.in_time_unit(self.time_unit)
        replicated = replicate_histories(self, converted, random_seed)
        observed = xr.Dataset({name: ("customer_id", converted.table[name]) for name in ("frequency", "recency")})
        tree = with_group(self.idata, "posterior_predictive", replicated)
        return with_group(tree, "observed_data", observed.assign_coords(customer_id=converted.ids.to_numpy()))

    def histories(self, customers: Customers) -> np.ndarray:
        """Frequency, recency and T of each customer in the time unit of the fit: shape (customers, 3)."""
        require_history(customers)
        return customers.in_time_unit(self.time_unit).table[["frequency", "recency", "T"]].to_numpy(dtype=float)

    def futures(self, customers: Customers) -> "Futures":
        """What the posterior says of each customer's future, one customer at a time."""
        histories = self.histories(customers)
        return Futures(self.formulas, self.parameters_of(customers.table), histories)

    def _new_customer(self) -> PurchaseOutlook:
        return self.formulas.outlook_of_new_customer(**self.draws)

    @property
    def described_model(self) -> str:
        """The name of the model, with its k where it has one."""
        return f"{self.model}, k = {self.k}" if self.model in REGULAR else self.model

    def _over_histories(self, customers: Customers, compute: Any) -> np.ndarray:
        return self._over_unique(
            customers, lambda x, t_x, T, parameters: compute(self.formulas.outlook(x, t_x, T, **parameters))
        )

    def _over_unique(self, customers: Customers, compute: Any) -> np.ndarray:
        """Compute once per unique history of a group and hand the result to every customer who has it."""
        require_history(customers)
        require_memory(self.shape, len(customers))
        chains, each = self.shape
        found = np.empty((chains * each, len(customers)))
        table, drawn = customers.in_time_unit(self.time_unit).table, self.parameters_of(customers.table)
        for here, parameters in drawn.parts():
            histories, positions = histories_with_positions(table.iloc[here])
            if parameters[bg_nbd.PARAMETERS[0]].shape[1] > 1:  # every customer has parameters of their own
                x, t_x, T = (table[name].to_numpy(dtype=float)[here] for name in ("frequency", "recency", "T"))
                histories, positions = Histories(x, t_x, T, np.ones(here.size)), np.arange(here.size)
            self._fill(found, here, histories, positions, parameters, compute)
        return found.reshape(chains, each, len(customers))

    def _fill(
        self, found: np.ndarray, here: Any, histories: Histories, positions: np.ndarray, draws: Any, compute: Any
    ) -> None:
        """Fill in columns, some draws at a time, on all cores."""
        block = max(1, TOGETHER // len(histories))

        def some(first: int) -> None:
            rows = slice(first, first + block)
            parameters = {name: values[rows] for name, values in draws.items()}
            values = compute(histories.frequency, histories.recency, histories.T, parameters)
            found[rows, here] = np.asarray(values)[:, positions]

        with ThreadPoolExecutor(available_cores()) as pool:
            list(pool.map(some, range(0, len(found), block)))

    def _unlabelled(self, values: np.ndarray, name: str, length: Duration) -> xr.DataArray:
        return labelled_draws(values, name, **_purchases(length))


class Futures:
    """The outlook of each customer over all draws, made when asked for."""

    def __init__(self, formulas: PurchaseFormulas, drawn: GroupDraws, histories: np.ndarray) -> None:
        self._formulas, self._drawn, self._histories = formulas, drawn, histories

    def __call__(self, position: int) -> PurchaseOutlook:
        """Outlook of the customer at this position, each part of shape (chains * draws,)."""
        return self._formulas.outlook(*self._histories[position], **self._drawn.of(position))


def replicate_histories(fit: FittedPurchases, customers: Customers, random_seed: int | None = None) -> xr.Dataset:
    """Draw, for each parameter draw, the frequency and recency that customers observed for their T would show.

    Parameters
    ----------
    customers : Customers
        In the fit's time unit.

    Returns
    -------
    xarray.Dataset
        ``frequency`` and ``recency`` of shape (chain, draw, customer_id).
    """
    seed, shape = as_seed(random_seed), fit.shape
    require_memory(shape, len(customers), 2)
    drawn = fit.parameters_of(customers.table)
    frequency = np.empty((*shape, len(customers)))
    recency = np.empty_like(frequency)
    for position, (customer_id, T) in enumerate(customers.table["T"].items()):
        stream = customer_stream(seed, "history", customer_id)
        future = fit.formulas.outlook_of_new_customer(**drawn.of(position))
        purchases = future.draw(stream, T)
        frequency[..., position] = purchases.number.reshape(shape)
        recency[..., position] = purchases.last_time(stream, T).reshape(shape)
    return xr.Dataset(
        {
            "frequency": labelled(frequency, customers, "frequency", units="purchases"),
            "recency": labelled(recency, customers, "recency", units=customers.time_unit),
        }
    )


def _purchases(length: Duration) -> dict[str, str]:
    return {"units": "purchases", "horizon": str(length)}
