"""Gamma-gamma as a PyMC model."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.grouping import Grouping, InGroups, in_groups
from ltv_bayes.data.customers.histories import SpendHistories, unique_spend
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.kernels.tables import spend_tables
from ltv_bayes.formulas.models import gamma_gamma
from ltv_bayes.formulas.special import Array
from ltv_bayes.models.density.pool import one_group
from ltv_bayes.models.model import Model
from ltv_bayes.models.price_growth import PriceGrowth, chosen_growth, require_growth
from ltv_bayes.models.priors import Prior
from ltv_bayes.predictions.spend import FittedSpend, repeat_ages, replicate_mean_spend
from ltv_bayes.time_units import DAYS_PER_UNIT, DAYS_PER_YEAR

COLUMNS = ["spend_frequency", "monetary_value"]
LEAST_SPREAD = 1e-3  # standard deviation of the logarithm; a price of 10.00 is known to 0.01
LARGE_ORDER_CV = 1.5
LARGEST_VARIANCE = np.pi**2 / 6  # of the logarithm of customers' mean spend, where q is 1
WEIGHT = 3  # customers that each of those fitted stands for in the prior of order_cv
ONE_PRICE_EACH = (
    "Customers with the same {columns} all pay the same per order, so there is nothing that groups could tell each "
    "other. Fit each segment by itself: ltv_bayes.fit_each(GammaGamma(), customers, by=...), or leave pool_by= and "
    "covariates= out."
)


@dataclass(frozen=True, repr=False)
class GammaGamma(Model[Customers, FittedSpend]):
    """What do customers spend per order? The settings of a gamma-gamma model.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``mean_spend`` (expected order value over all
        customers, p v / (q - 1), in the customers' currency), ``order_cv`` (coefficient of variation of one customer's
        orders, 1 / sqrt(p)) and ``q_excess`` (q - 1 > 0: the smaller, the more customers differ in what they spend).
        Instead of the three, ``p``, ``q`` and ``v``, with q above 1.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean spend of its own, drawn from
        a common distribution with a width that is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same.
    price_growth : None, "auto" or float
        How the prices of all customers grow. None takes order values as they are, in the past and in future. A rate a
        year that is known, such as 0.05, brings them to prices of the as-of date, and lets future ones grow. "auto"
        learns the rate, and a level of prices that moves about it, from repeat orders of the same customers; its
        uncertainty is drawn into future order values, the same for all customers in a draw. It goes on for ten years,
        or for as long as the log where that is longer; then prices stay. Customers from a ready table carry no order
        values by date: then nothing is learned, and the fit says so.

    Raises
    ------
    FitError
        If price_growth is none of these.

    Notes
    -----
    The usual priors follow the data's own scale: mean_spend is LogNormal around the mean order value with sigma 1,
    order_cv LogNormal(ln 0.5, 1), q_excess LogNormal(ln 2, 1). q above 1 makes mean spend exist in every draw.

    Where customers differ by orders of magnitude, more than q above 1 allows, their means alone would be taken for
    orders that vary without bounds. The sigma of order_cv is then 1 / sqrt(1 + 3 n h) for n customers, with h the
    variance of the logarithm of mean order value beyond what orders with a coefficient of variation of 1.5 do, over
    pi^2 / 6 (its largest in the model), less 1; a customer with few orders counts less, and what ``pool_by`` and
    ``covariates`` explain is taken off. Where all customers pay the same, to a thousandth, order values are taken to
    vary by a thousandth.

    Of prices, the prior of growth is Normal(0, 0.1) a year. The level about it moves with a standard deviation that is
    HalfNormal(0.1), and goes back half of the way in a year; periods differ by one that is HalfNormal(0.05).

    The model assumes that what customers spend does not depend on how often they buy; `FittedSpend` reports the
    correlation found in the data.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42; Hardie's note 025.
    """

    price_growth: float | Literal["auto"] | None = field(default="auto", kw_only=True)

    _name = gamma_gamma.NAME
    _fitted = FittedSpend

    def __post_init__(self) -> None:
        super().__post_init__()
        require_growth(self.price_growth)

    def _histories(self, data: Customers, grouping: Grouping) -> InGroups:
        unique, growth = _spend(data), chosen_growth(self.price_growth, data)
        if grouping.columns:
            groups = in_groups(_buyers(data, growth), COLUMNS, grouping)
            if _one_price(groups):
                raise InputError(ONE_PRICE_EACH.format(columns=" and ".join(grouping.columns)))
            return groups
        if growth is None:
            columns = unique.frequency, unique.monetary_value, unique.count
            histories = pd.DataFrame(dict(zip([*COLUMNS, "count"], columns, strict=True)))
        else:
            rows = pd.concat([table[COLUMNS].astype(float) for table in _buyers(data, growth)])
            histories = rows.groupby(COLUMNS).size().rename("count").astype(float).reset_index()
        return one_group(_with_some_spread(histories))

    def _with_shared(self, tree: xr.DataTree, data: Customers) -> None:
        growth = chosen_growth(self.price_growth, data)
        if growth is not None:
            ages = [repeat_ages(batch)[(batch.table["spend_frequency"] > 0).to_numpy()] for batch in data.batches()]
            growth.with_draws(tree, np.concatenate(ages) / _year(data))
        elif self.price_growth is not None:
            tree.attrs["prices"] = json.dumps({"unknown": True})

    def _usual_priors(self, data: Customers, histories: InGroups) -> dict[str, Prior]:
        spend = _in_one(histories)
        orders = spend.frequency * spend.count
        mean = float((orders * spend.monetary_value).sum() / orders.sum())
        cv, of_cv, q_excess, of_q = 0.5, (1 + WEIGHT * histories.customers.sum() * _beyond(histories)) ** -0.5, 2.0, 1.0
        if _one_price(histories):
            cv, of_cv, q_excess, of_q = LEAST_SPREAD, 0.3, LEAST_SPREAD**-2, 0.3
        return {
            "mean_spend": Prior("LogNormal", mu=np.log(mean), sigma=1.0),
            "order_cv": Prior("LogNormal", mu=np.log(cv), sigma=float(of_cv)),
            "q_excess": Prior("LogNormal", mu=np.log(q_excess), sigma=of_q),
        }

    def _tables(self, **columns: Any) -> tuple[Any, ...]:
        return spend_tables(*columns.values())

    def _more_attrs(self, data: Customers, histories: InGroups) -> dict[str, Any]:
        correlation = frequency_spend_correlation(_in_one(histories))
        return {"frequency_spend_correlation": correlation, "one_price": int(_one_price(histories))}

    def _replicated(self, fit: FittedSpend, data: Customers, random_seed: int | None) -> xr.Dataset:
        return replicate_mean_spend(fit, data, random_seed=random_seed)


def _buyers(customers: Customers, growth: PriceGrowth | None) -> Iterator[pd.DataFrame]:
    """Rows of those with a valued repeat order, a batch at a time, in prices of the as-of date if these grow."""
    for batch in customers.batches():
        table = batch.table
        if growth is not None:
            table = growth.to_now(table, repeat_ages(batch) / _year(customers))
        yield table[table["spend_frequency"] > 0]


def _year(customers: Customers) -> float:
    """A year in the customers' time unit."""
    return DAYS_PER_YEAR / DAYS_PER_UNIT[customers.time_unit]


def frequency_spend_correlation(histories: SpendHistories) -> float:
    """Correlation of frequency and mean spend among repeat buyers; the model takes it to be 0."""
    values = np.stack([histories.frequency, histories.monetary_value])
    if histories.count.sum() < 3 or (np.ptp(values, axis=1) == 0).any():
        return float("nan")
    covariance = np.cov(values, aweights=histories.count)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _in_one(histories: InGroups) -> SpendHistories:
    """Distinct histories of all groups together."""
    together = histories.histories
    if histories.size > 1:
        together = together.groupby(COLUMNS, as_index=False).sum()
    frequency, value = (together[name].to_numpy() for name in COLUMNS)
    return SpendHistories(frequency, value, together["count"].to_numpy())


def _spread(histories: InGroups) -> float:
    """Standard deviation of the logarithm of mean order value that columns leave; NaN where they leave nothing."""
    squares, free = _squares(histories, np.ones(len(histories.histories)))
    return float(np.sqrt(squares / histories.customers.sum())) if free > 0 else np.nan


def _beyond(histories: InGroups) -> float:
    """By how many times the largest variance more customers differ, but for their columns, than the model lets them.

    Variances are of the logarithm of mean order value, after those of orders that vary as much as orders hardly do. A
    customer with few orders counts less.
    """
    frequency, count = (histories.histories[name].to_numpy(dtype=float) for name in ("spend_frequency", "count"))
    distinct, at = np.unique(frequency, return_inverse=True)
    of_orders = special.polygamma(1, distinct / LARGE_ORDER_CV**2)[at]
    weight = 1 / (LARGEST_VARIANCE + of_orders)
    squares, free = _squares(histories, weight)
    if free == 0:
        return 0.0
    left = squares / free - np.average(of_orders, weights=count * weight)
    return max(0.0, float(left / LARGEST_VARIANCE) - 1)


def _squares(histories: InGroups, weight: Array) -> tuple[float, float]:
    """Weighted squares of the logarithm of mean order value that columns leave, and the weight of which they are.

    What segments and covariates explain by least squares is taken off. Both are 0 where nothing is left.
    """
    count, value = (histories.histories[name].to_numpy(dtype=float) for name in ("count", "monetary_value"))
    covariates = histories.cells.select_dtypes("number")
    segments = histories.cells.drop(columns=covariates.columns).assign(every="")
    at = segments.groupby([*segments], sort=False).ngroup().to_numpy()[histories.group]
    each = count * weight
    of_segment, root = np.bincount(at, each), np.sqrt(each)

    def centred(values: Array) -> Array:
        return root * (values - (np.bincount(at, each * values) / of_segment)[at])

    scaled = covariates / np.maximum(covariates.abs().max(), np.finfo(float).tiny)
    columns = [centred(scaled[name].to_numpy()[histories.group]) for name in scaled]
    basis, lengths, _ = np.linalg.svd(np.reshape(columns, (-1, len(at))).T, full_matrices=False)
    basis, from_mean = basis[:, lengths > 1e-9 * lengths.max(initial=0)], centred(np.log(value))
    left = from_mean - basis @ (basis.T @ from_mean)
    free = each.sum() - np.sum(np.bincount(at, each * weight) / of_segment) - np.sum(basis.T**2 @ weight)
    return (float(left @ left), float(free)) if free > 1e-9 * each.sum() else (0.0, 0.0)


def _one_price(histories: InGroups) -> bool:
    """Whether the customers of each group all pay the same, as far as prices are known."""
    return _spread(histories) < 1.5 * LEAST_SPREAD


def _with_some_spread(histories: pd.DataFrame) -> pd.DataFrame:
    """Where all pay the same, let a half of the customers pay a little more, a half less: prices are rounded.

    A likelihood without a largest value becomes one with.
    """
    if _spread(one_group(histories)) >= LEAST_SPREAD:
        return histories
    half = histories.assign(count=histories["count"] / 2)
    sides = [half.assign(monetary_value=half["monetary_value"] * np.exp(s)) for s in (-LEAST_SPREAD, LEAST_SPREAD)]
    return pd.concat(sides, ignore_index=True)


def _spend(customers: Customers) -> SpendHistories:
    require_customers(customers)
    histories = unique_spend(customers)
    buyers = int(histories.count.sum())
    if buyers == 0:
        raise InputError(
            f"None of the {len(customers):,} customers has a repeat order with a value, so what they spend cannot be "
            f"learned. Give a longer log, or value them by judgement alone.",
        )
    if buyers == 1:
        raise InputError(
            "Only one customer has repeat orders with a value, which cannot show how customers differ. Give a longer "
            "log or more customers."
        )
    return histories
