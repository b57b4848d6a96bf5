"""What will customers spend per order? Forecasts from the posterior of the spend model."""

import json
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.check import FIRST_ORDER, FIRST_VALUE, SPEND_AGE
from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.customers.dates import time_since_end
from ltv_bayes.data.reading.amount_units import warn_of_other_unit
from ltv_bayes.errors import UnitError, counted, refuse_rows
from ltv_bayes.formatting import money, percent
from ltv_bayes.formulas.models import gamma_gamma
from ltv_bayes.formulas.models.price_level import Prices, at_prices_now
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, interval
from ltv_bayes.language import _
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.clock import YEARS_AHEAD, moving_on, time_from_fit
from ltv_bayes.predictions.fitted import FittedModel, currency_of, parameter_arrays, shape_of
from ltv_bayes.predictions.groups import Parameters
from ltv_bayes.predictions.over_customers import beside_observed, draw_for_each, labelled, require_memory, with_group
from ltv_bayes.random_streams import as_seed
from ltv_bayes.sizes import LARGEST_AMOUNT, SMALLEST_AMOUNT
from ltv_bayes.time_units import DAYS_PER_UNIT, DAYS_PER_YEAR, TimeUnit

FAR_SCALE = 100.0
GROWTH_AHEAD = 10.0  # years that learned growth goes on, or as long as the log


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

        A fit with first orders takes in those of these customers too, where the table has them; where it has a growth
        of prices, in prices of the customers' as-of date.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), in the currency of the fit.
        """
        x, m = spend_histories(self, customers)
        require_memory(shape_of(self), len(customers))
        prices = prices_for(self, customers)
        means = means_by_draw(self, m, prices)
        values = gamma_gamma.expected_spend(x, means, **parameter_arrays(self, customers.table))
        if prices is not None:
            values *= prices.at(0.0).reshape(*shape_of(self), 1)
        return labelled(values, customers.ids, "expected_spend", units=self._money)

    def predict_spend(self, customers: Customers, random_seed: int | None = None) -> xr.DataArray:
        """Draws, by ``random_seed``, of the value of the next order of ``customers``, in prices of the as-of date.

        Returns
        -------
        xarray.DataArray
            (chain, draw, customer_id), in the currency of the fit.
        """
        x, m = spend_histories(self, customers)
        seed, prices = as_seed(random_seed), prices_for(self, customers)
        level = 1.0 if prices is None else prices.at(0.0)

        def draw(rng: np.random.Generator, drawn: Parameters, place: int) -> np.ndarray:
            nu = gamma_gamma.draw_spend_rate(rng, x[place], mean_by_draw(m[place], prices, place), **drawn)
            return gamma_gamma.draw_order_values(rng, drawn["p"], nu) * level

        (values,) = draw_for_each(self, customers.table, draw, seed=seed, purpose="spend")
        return labelled(values, customers.ids, "predicted_spend", units=self._money, random_seed=str(seed))

    def expected_spend_new_customer(self) -> xr.DataArray:
        """Posterior of the expected order value of a new customer, the population's mean, in prices of the as-of date.

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
        buyers = spenders(self, customers)
        x, m = spend_histories(self, buyers)
        require_memory(shape_of(self), len(buyers))
        means = means_by_draw(self, m, prices_for(self, buyers))
        values = gamma_gamma.log_likelihood(x, means, **parameter_arrays(self, buyers.table)) + np.log(means / m)
        found = labelled(values, buyers.ids, "mean_spend_observed")
        return with_group(self.idata, "log_likelihood", found.to_dataset())

    def posterior_predictive(self, customers: Customers, random_seed: int | None = None) -> xr.DataTree:
        """Draw, by ``random_seed``, the mean spend that these customers would show if the model were true.

        Returns
        -------
        xarray.DataTree
            Group ``posterior_predictive`` with ``monetary_value`` of shape (chain, draw, customer_id), beside the
            posterior and ``observed_data``; customers without a valued repeat order are left out.
        """
        buyers = spenders(self, customers)
        _, mean = order_values(buyers, takes_first_orders(self))
        seen = Customers(buyers.table.assign(monetary_value=mean), buyers.time_unit)
        return beside_observed(self.idata, replicate_mean_spend(self, customers, random_seed), seen)

    @property
    def _money(self) -> str:
        return self.currency or "currency of the data"

    def _more_lines(self) -> list[str]:
        growth = growth_in_words(self)
        if not growth and "prices" in self.idata.attrs:
            growth = _("price growth was not learned: the customers carry no order values by date")
        return [*self._data_lines(), *filter(None, [growth, self.idata.attrs.get("note")])]

    def _data_lines(self) -> list[str]:
        if self.idata.attrs.get("one_price"):
            return [_("order values do not vary: all customers pay the same, to a thousandth")]
        correlation = self.idata.attrs.get("frequency_spend_correlation")
        if correlation is None or np.isnan(correlation):
            return []
        return [
            _(
                "correlation of frequency and spend in the data: {correlation:.2f} (the model takes it to be 0)",
                correlation=correlation,
            )
        ]


def spend_histories(fit: FittedSpend, customers: Customers, *, warn: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Number and mean value of each customer's valued repeat orders, with the first where the fit takes it in.

    Warns, where asked to, if they can hardly be counted in the fit's unit.
    """
    require_history(customers)
    if fit.currency and customers.currency and fit.currency != customers.currency:
        raise UnitError(
            _(
                "The spend model was fitted in {currency}, the customers are in {currency_2}. Convert the "
                "amounts to one currency first.",
                currency=fit.currency,
                currency_2=customers.currency,
            )
        )
    number, mean = order_values(customers, takes_first_orders(fit))
    if warn:
        warn_of_scale(fit, float(pd.Series(mean).median()))
    return number, mean


def takes_first_orders(fit: FittedModel) -> bool:
    """Whether a fit of spend takes in the first order of each customer."""
    return bool(fit.idata.attrs.get("first_order", 0))


def first_orders(customers: Customers) -> tuple[Array, Array] | None:
    """Value of each customer's first order, 0 if it has none, and how long before the as-of date it was.

    None where the table does not know, and where clocks start on given days, so that the first order is among repeats.
    """
    table = customers.table
    name = next((one for one in (FIRST_ORDER, FIRST_VALUE) if one in table.columns), None)
    if name is None or "since" in table.columns:
        return None
    value = table[name].to_numpy(dtype=float)
    valued = (value >= SMALLEST_AMOUNT) & (value <= LARGEST_AMOUNT)
    ended = time_since_end(table, customers.as_of, DAYS_PER_UNIT[customers.time_unit])
    age = np.zeros(len(table)) if name == FIRST_ORDER else table["T"].to_numpy(dtype=float) + ended
    return np.where(valued, value, 0.0), age


def order_values(customers: Customers, first_order: bool) -> tuple[Array, Array]:
    """Number of each customer's repeat orders with a value, and of the first one where asked for, and their mean value.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": ["A", "B"], "frequency": [2, 0], "recency": [3.0, 0.0], "T": [9.0, 9.0]})
    >>> frame = frame.assign(monetary_value=[20.0, None], first_value=[50.0, 8.0])
    >>> number, mean = order_values(Customers.from_summary(frame, time_unit="week"), first_order=True)
    >>> number.tolist(), mean.tolist()
    ([3.0, 1.0], [30.0, 8.0])
    """
    table = customers.table
    number, mean = (table[name].to_numpy(dtype=float) for name in ("spend_frequency", "monetary_value"))
    first = first_orders(customers) if first_order else None
    if first is None:
        return number, mean
    every = number + (first[0] > 0)
    total = np.where(number > 0, number * np.nan_to_num(mean), 0.0) + first[0]
    return every, np.where(every > 0, total / np.maximum(every, 1), np.nan)


def first_and_later(fit: FittedSpend, customers: Customers) -> tuple[Array, Array, Array]:
    """Value of each first order, number of later ones and their mean, in prices of the fit's as-of date on average.

    All 0 where first orders are not known.
    """
    (number, mean), first = order_values(customers, False), first_orders(customers)
    value, age = (np.zeros(len(customers)),) * 2 if first is None else first
    prices = prices_for(fit, customers)
    if prices is not None:
        value = at_prices_now(value, prices._replace(age=age)).mean(axis=0)
        mean = at_prices_now(mean, prices._replace(age=repeat_ages(customers))).mean(axis=0)
    return value, number, np.nan_to_num(mean)


def order_ages(customers: Customers, first_order: bool) -> Array:
    """How long before the as-of date these orders were, on average by value: shape (customers,), 0 if none."""
    ages, first = repeat_ages(customers), first_orders(customers) if first_order else None
    if first is None:
        return ages
    number, mean = order_values(customers, False)
    repeats, (value, age) = np.where(number > 0, number * np.nan_to_num(mean), 0.0), first
    return np.where(repeats + value > 0, (repeats * ages + value * age) / np.maximum(repeats + value, 1e-300), 0.0)


def prices_of(fit: FittedSpend, unit: TimeUnit) -> Prices | None:
    """Draws of the price level of a fit, times counted from its as-of date; None where order values do not grow.

    The level of a future period is drawn once for all customers: it reverts from where it is, noise is new, and growth
    goes on: what was learned for ten years, or for as long as the log was where it was longer. Then prices stay, as
    what is known of growth would else be multiplied without bounds. A thinned fit, or one in an order for another
    purpose, has others. After 20 years, the level about the growth is its mean.

    Parameters
    ----------
    unit : str
        Of times.
    """
    terms = _terms_of_prices(fit)
    if terms is None:
        return None
    year, draws = DAYS_PER_YEAR / DAYS_PER_UNIT[unit], math.prod(shape_of(fit))
    if "growth" in terms:
        return Prices(np.full(draws, math.log1p(terms["growth"]) / year), levels=np.zeros((draws, 1)))
    posterior = fit.idata["posterior"].to_dataset()

    def flat(name: str) -> Array:
        values = posterior[name].transpose("chain", "draw", ...).to_numpy()
        return np.asarray(values.reshape(draws, *values.shape[2:]), dtype=float)

    past, level_sd, noise_sd = flat("price_level"), flat("price_level_sd"), flat("price_noise_sd")
    years, now = terms["length"] / DAYS_PER_YEAR, past[:, -1]
    kept, ahead = 0.5 ** (years / terms["half_life"]), math.ceil(YEARS_AHEAD / years)
    future = np.empty((draws, ahead + 1))
    future[:, :ahead] = moving_on(fit, "prices", now, level_sd, noise_sd, kept, ahead)
    future[:, :ahead] -= noise_sd[:, np.newaxis] ** 2 / 2  # the mean of past noise is in the order values fitted
    future[:, ahead] = level_sd**2 / 2
    levels = np.concatenate([past, future], axis=1) - now[:, np.newaxis]
    drift = np.log1p(flat("price_growth")) / year
    goes_on = max(GROWTH_AHEAD, past.shape[1] * years) * year
    return Prices(drift, terms["length"] / DAYS_PER_UNIT[unit], -past.shape[1], levels, until=goes_on)


def prices_for(fit: FittedSpend, customers: Customers, unit: TimeUnit | None = None) -> Prices | None:
    """The same, times counted from the customers' as-of date, with how old their repeat orders are.

    Customers without an as-of date are taken to be as of that of the fit.

    Parameters
    ----------
    unit : str, optional
        Of times; the customers' own if not given.

    Raises
    ------
    InputError
        If the table states for some how old repeat orders are, and not for others who have any.
    """
    prices = prices_of(fit, unit or customers.time_unit)
    if prices is None:
        return None
    counted_in = unit or customers.time_unit
    age = (
        order_ages(customers, takes_first_orders(fit)) * DAYS_PER_UNIT[customers.time_unit] / DAYS_PER_UNIT[counted_in]
    )
    return prices._replace(shift=time_from_fit(fit, customers, counted_in), age=age)


def repeat_ages(customers: Customers) -> Array:
    """How long before the as-of date the repeat orders of customers were, on average: shape (customers,), 0 if none.

    A table without a column of it, ``spend_age``, states when the last was; the others are taken to lie evenly between
    it and the start.

    Raises
    ------
    InputError
        If customers with a valued repeat order have an age that is missing or below 0.
    """
    table = customers.table
    if SPEND_AGE not in table.columns:
        ended = time_since_end(table, customers.as_of, DAYS_PER_UNIT[customers.time_unit])
        x, recency, T = (table[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
        return np.where(x > 0, ended + T - recency * (x + 1) / (2 * np.maximum(x, 1)), 0.0)
    ages = table[SPEND_AGE].to_numpy(dtype=float)
    wrong = ~(np.isfinite(ages) & (ages >= 0)) & (table["spend_frequency"] > 0).to_numpy()
    cure = _(
        "Leave the column out, and {spend_age} is taken from frequency, recency and T; summarize(orders) makes it.",
        spend_age=SPEND_AGE,
    )
    refuse_rows(table.index[wrong], "customer", _("without a time of 0 or more in {name}", name=SPEND_AGE), cure)
    return np.nan_to_num(ages)


def means_by_draw(fit: FittedSpend, means: Array, prices: Prices | None) -> Array:
    """Mean order values in prices of the fit's as-of date: (customers,), or (chains, draws, customers) by draws."""
    found = at_prices_now(means, prices)
    return found if prices is None else found.reshape(*shape_of(fit), means.size)


def mean_by_draw(mean: float, prices: Prices | None, place: int) -> Any:
    """The same of one customer, by the place in the ages: one number, or (chains * draws,)."""
    return mean if prices is None else mean / prices.at(-prices.age[place])


def _terms_of_prices(fit: FittedModel) -> dict[str, Any] | None:
    """What a fit keeps of the growth of prices, if it has any."""
    terms = json.loads(fit.idata.attrs.get("prices", "{}"))
    return terms if terms.keys() & {"growth", "length"} else None


def yearly_growth(fit: FittedSpend) -> float:
    """The growth of prices in a year that a fit goes by, on average; 0 where it takes them as they are."""
    terms = _terms_of_prices(fit) or {"growth": 0.0}
    return float(terms["growth"] if "growth" in terms else fit.idata["posterior"]["price_growth"].mean())


def growth_in_words(fit: FittedModel) -> str:
    """State how prices grow; empty where a fit takes them as they are."""
    terms = _terms_of_prices(fit)
    if terms is None:
        return ""
    if "growth" in terms:
        return _("{moving} a year, as given", moving=_moving(terms["growth"]))
    draws = fit.idata["posterior"]["price_growth"].to_numpy().ravel()
    low, high = (percent(float(end)) for end in interval(draws, None, None))
    learned = _(
        "learned from {customers} with orders at several times", customers=counted(terms["customers"], "customer")
    )
    if not terms["customers"]:
        learned = _("as the prior has it: no customer has repeat orders at several times")
    level = describe_interval(None, None)
    return _(
        "{moving} a year ({level} {low} to {high}), {learned}",
        moving=_moving(float(draws.mean())),
        level=level,
        low=low,
        high=high,
        learned=learned,
    )


def _moving(growth: float) -> str:
    """Say in words by how much prices grow, or fall.

    Examples
    --------
    >>> _moving(0.05), _moving(-0.05)
    ('prices grow by 5%', 'prices fall by 5%')
    """
    share = percent(abs(growth))
    return _("prices fall by {share}", share=share) if growth < 0 else _("prices grow by {share}", share=share)


def price_notes(fit: FittedSpend, customers: Customers) -> list[str]:
    """What a value of these customers takes prices to do, and how old their orders to be if it is not stated."""
    growth = growth_in_words(fit)
    if growth and SPEND_AGE not in customers.columns:
        even = _("the table has no {name}, so repeat orders are taken to lie evenly up to the last", name=SPEND_AGE)
        return [growth, even]
    return [growth] if growth else []


def warn_of_scale(fit: FittedSpend, typical: float) -> None:
    """Warn where the customers' typical order and those that were fitted can hardly be counted in one unit.

    Customers who differ by orders of magnitude have a mean far above their median; what lies between is close to both.
    """
    ends = (gamma_gamma.population_median_spend, gamma_gamma.population_mean_spend)
    low, high = (float(np.median(end(**fit.draws))) for end in ends)
    expected = float(np.clip(typical, low, high))
    compared = _(
        "The customers' orders are typically {typical}, those that were fitted {expected}",
        typical=money(typical, fit.currency),
        expected=money(expected, fit.currency),
    )
    warn_of_other_unit(typical / expected, FAR_SCALE, compared, stacklevel=4)


def spenders(fit: FittedSpend, customers: Customers) -> Customers:
    """Keep the customers with an order that the fit takes in and that carries a value."""
    require_history(customers)
    return customers.subset(order_values(customers, takes_first_orders(fit))[0] > 0)


def replicate_mean_spend(fit: FittedSpend, customers: Customers, random_seed: int | None = None) -> xr.Dataset:
    """Draw, for each parameter draw, the mean spend over as many orders as each customer has.

    Returns
    -------
    xarray.Dataset
        ``monetary_value`` of shape (chain, draw, customer_id), of customers with a valued repeat order.
    """
    buyers = spenders(fit, customers)
    orders, _ = order_values(buyers, takes_first_orders(fit))
    prices = prices_for(fit, buyers)

    def draw(rng: np.random.Generator, drawn: Parameters, place: int) -> np.ndarray:
        nu = gamma_gamma.draw_spend_rate(rng, 0, 0.0, **drawn)
        mean = gamma_gamma.draw_total_spend(rng, orders[place], drawn["p"], nu) / orders[place]
        return mean if prices is None else mean * prices.at(-prices.age[place])

    seed, units = as_seed(random_seed), buyers.currency or "currency of the data"
    (values,) = draw_for_each(fit, buyers.table, draw, seed=seed, purpose="mean spend")
    return labelled(values, buyers.ids, "monetary_value", units=units).to_dataset()
