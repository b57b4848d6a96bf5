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
from ltv_bayes.errors import FitError, InputError, counted
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.kernels.tables import spend_tables
from ltv_bayes.formulas.models import gamma_gamma
from ltv_bayes.formulas.models.gamma_gamma import Ratio, ratio_of_first_orders
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, interval_settings
from ltv_bayes.language import N_, _, both
from ltv_bayes.models.density.pool import one_group
from ltv_bayes.models.model import Model
from ltv_bayes.models.price_growth import PriceGrowth, chosen_growth, require_growth
from ltv_bayes.models.priors import Prior
from ltv_bayes.predictions.alive import MOSTLY_ONCE, share_of_one_time
from ltv_bayes.predictions.spend import (
    FittedSpend,
    first_orders,
    order_ages,
    order_values,
    repeat_ages,
    replicate_mean_spend,
)
from ltv_bayes.time_units import DAYS_PER_UNIT, DAYS_PER_YEAR

MATERIAL, CLEAR = 0.1, 2.0  # of the logarithm of the ratio of first orders to later ones, and in standard errors
COLUMNS = ["spend_frequency", "monetary_value"]
LEAST_SPREAD = 1e-3  # standard deviation of the logarithm; a price of 10.00 is known to 0.01
LARGE_ORDER_CV = 1.5
LARGEST_VARIANCE = np.pi**2 / 6  # of the logarithm of customers' mean spend, where q is 1
WEIGHT = 3  # customers that each of those fitted stands for in the prior of order_cv
ONE_PRICE_EACH = N_(
    "Customers with the same {columns} all pay the same per order, so there is nothing that groups could "
    "tell each other. Fit each segment by itself: ltv_bayes.fit_each(GammaGamma(), customers, by=...), or "
    "leave pool_by= and covariates= out."
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

    first_order : bool or "auto"
        Whether the first order of each customer is taken in too, where the customers have a column ``first_value``, as
        after `summarize`: then something is known of what customers spend who bought once. "auto" takes first orders in
        unless they differ from later ones of the same customers, by more than 10% and two standard errors; the fit says
        which. False is the published model, of repeat orders alone.

    Raises
    ------
    FitError
        If price_growth or first_order is none of these.

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
    first_order: bool | Literal["auto"] = field(default=False, kw_only=True)

    _name = gamma_gamma.NAME
    _fitted = FittedSpend

    def __post_init__(self) -> None:
        super().__post_init__()
        require_growth(self.price_growth)
        _require_choice(self.first_order)

    def _histories(self, data: Customers, grouping: Grouping) -> InGroups:
        require_customers(data)
        growth = chosen_growth(self.price_growth, data)
        first = _takes_in(self.first_order, data, growth)
        _require_buyers(data, first)
        if grouping.columns:
            groups = in_groups(_buyers(data, growth, first), COLUMNS, grouping)
            if _one_price(groups):
                raise InputError(_(ONE_PRICE_EACH, columns=both(grouping.columns)))
            return groups
        if growth is None and not first:
            unique = unique_spend(data)
            columns = unique.frequency, unique.monetary_value, unique.count
            histories = pd.DataFrame(dict(zip([*COLUMNS, "count"], columns, strict=True)))
        else:
            rows = pd.concat([table[COLUMNS].astype(float) for table in _buyers(data, growth, first)])
            histories = rows.groupby(COLUMNS).size().rename("count").astype(float).reset_index()
        return one_group(_with_some_spread(histories))

    def _with_shared(self, tree: xr.DataTree, data: Customers) -> None:
        growth = chosen_growth(self.price_growth, data)
        first = _takes_in(self.first_order, data, growth)
        if first:
            tree.attrs["first_order"] = 1
        if growth is not None:
            ages = [order_ages(some, first)[order_values(some, first)[0] > 0] for some in data.batches()]
            growth.with_draws(tree, np.concatenate(ages) / year_of(data))
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
        note = _first_order_note(self.first_order, data, chosen_growth(self.price_growth, data))
        found = {"frequency_spend_correlation": correlation, "one_price": int(_one_price(histories))}
        return {**found, "note": str(note)} if note else found

    def _replicated(self, fit: FittedSpend, data: Customers, random_seed: int | None) -> xr.Dataset:
        return replicate_mean_spend(fit, data, random_seed=random_seed)


def first_over_later(customers: Customers, growth: PriceGrowth | None) -> Ratio | None:
    """How much first orders are worth, relative to later ones of the same customers, all in prices of the as-of date.

    None where the customers do not know their first orders.
    """
    parts = []
    for batch in customers.batches():
        if (first := first_orders(batch)) is None:
            return None
        (value, age), (number, mean) = first, order_values(batch, False)
        if growth is not None:
            value, mean = (
                growth.to_now(pd.DataFrame({"monetary_value": paid}), ages / year_of(customers))["monetary_value"]
                for paid, ages in ((value, age), (mean, repeat_ages(batch)))
            )
        parts.append(np.column_stack([value, number, np.nan_to_num(mean)]))
    return ratio_of_first_orders(*np.concatenate([np.zeros((0, 3)), *parts]).T)


def _differ(ratio: Ratio) -> bool:
    """Whether first orders differ from later ones, in size and beyond chance."""
    size = abs(np.log(ratio.value)) if ratio.customers else 0.0
    return size > MATERIAL and size > CLEAR * ratio.log_error


def _takes_in(choice: bool | str, customers: Customers, growth: PriceGrowth | None) -> bool:
    """Whether a fit with this setting takes first orders in.

    Raises
    ------
    InputError
        If it is to, and the customers do not know them.
    """
    if choice is False:
        return False
    ratio = first_over_later(customers, growth)
    if choice is True and ratio is None:
        raise InputError(
            _(
                "first_order=True takes in the first order of each customer, and these customers have no "
                "column 'first_value', or clocks that start on given days. Make them with summarize(orders), "
                "add the column, or set first_order=False."
            )
        )
    return ratio is not None and (choice is True or not _differ(ratio))


def _first_order_note(choice: bool | str, customers: Customers, growth: PriceGrowth | None) -> str:
    """State what was done with first orders, and what could be where most customers bought once."""
    once = share_of_one_time(customers)
    if choice is False and once <= MOSTLY_ONCE:
        return ""
    ratio = first_over_later(customers, growth)
    if ratio is None:
        return "" if choice is False else _("first orders are not taken in: the customers have no column first_value")
    seen = _("no customer shows how they compare with later ones")
    if ratio.customers:
        prob, _unused = interval_settings(None, None)
        wide = special.ndtri((1 + prob) / 2) * ratio.log_error
        low, high = ratio.value * np.exp(-wide), ratio.value * np.exp(wide)
        seen = _(
            "they are {value:.2f} times later ones of the same customers ({interval} {low:.2f} to "
            "{high:.2f}, {customers})",
            value=ratio.value,
            interval=describe_interval(None, None),
            low=low,
            high=high,
            customers=counted(ratio.customers, "customer"),
        )
    if choice is False:
        often_once = _("{once} of customers bought once, and what they spent is not taken in", once=percent(once))
        return (
            ""
            if _differ(ratio)
            else _(
                "{often_once}: GammaGamma(first_order='auto') takes in first orders; {seen}",
                often_once=often_once,
                seen=seen,
            )
        )
    taken = choice is True or not _differ(ratio)
    return (
        _("first orders are taken in: {seen}", seen=seen)
        if taken
        else _("first orders are not taken in: {seen}", seen=seen)
    )


def _require_choice(given: Any) -> None:
    """Refuse what is neither True, False nor "auto".

    Raises
    ------
    FitError
        With what is taken.
    """
    if not (isinstance(given, bool | np.bool_) or (isinstance(given, str) and given == "auto")):
        raise FitError(_("first_order takes True, False or 'auto', not {given!r}.", given=given))


def year_of(customers: Customers) -> float:
    """A year in the customers' time unit."""
    return DAYS_PER_YEAR / DAYS_PER_UNIT[customers.time_unit]


def _buyers(customers: Customers, growth: PriceGrowth | None, first_order: bool) -> Iterator[pd.DataFrame]:
    """Rows of those with a valued order that counts, a batch at a time, in prices of the as-of date if these grow."""
    for batch in customers.batches():
        number, mean = order_values(batch, first_order)
        table = batch.table.assign(spend_frequency=number, monetary_value=mean) if first_order else batch.table
        if growth is not None:
            table = growth.to_now(table, order_ages(batch, first_order) / year_of(customers))
        yield table[table["spend_frequency"] > 0]


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


def _require_buyers(customers: Customers, first_order: bool) -> None:
    """Refuse customers of whom fewer than two have an order that counts and has a value."""
    if first_order:
        buyers, what = sum(int((order_values(some, True)[0] > 0).sum()) for some in customers.batches()), "order"
    else:
        buyers, what = int(unique_spend(customers).count.sum()), _("repeat order")
    if buyers == 0:
        raise InputError(
            _(
                "None of the {number:,} customers has a {what} with a value, so what they spend cannot be "
                "learned. Give a longer log, or value them by judgement alone.",
                number=len(customers),
                what=what,
            ),
        )
    if buyers == 1:
        raise InputError(
            _(
                "Only one customer has {what}s with a value, which cannot show how customers differ. Give a "
                "longer log or more customers.",
                what=what,
            )
        )
