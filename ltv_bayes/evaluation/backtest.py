"""Would the model have known? Fit on the past, forecast a holdout, compare with what happened."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.summarize import summarize
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import InputError
from ltv_bayes.formatting import label
from ltv_bayes.intervals import flagged, interval, interval_name, interval_settings
from ltv_bayes.models.buy_till_you_die import BGNBD, PurchaseModel
from ltv_bayes.models.gamma_gamma import GammaGamma
from ltv_bayes.predictions.fitted import FittedModel, caution_of, parameters_of, shape_of, thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases, formulas_of
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.random_streams import as_seed
from ltv_bayes.sizes import TRACKED_DRAWS
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import DAYS_PER_UNIT, Duration, TimeUnit, as_date, as_duration, as_time_unit
from ltv_bayes.value.value_customers import lifetime_value

TRACKED_STEPS = 120
HIGHEST_FREQUENCY = 7
PIT_REPLICATES = 1000
PIT_LEVELS = np.linspace(0.025, 0.975, 39)


def backtest(
    orders: Transactions,
    *,
    as_of: Any,
    horizon: Any,
    time_unit: str = "week",
    purchases: PurchaseModel | FittedPurchases | None = None,
    spend: GammaGamma | FittedSpend | None = None,
    observed_until: Any = None,
    random_seed: int | None = None,
    **fit_settings: Any,
) -> "Backtest":
    """Fit on the orders up to a date, forecast the time after it, and hold the forecast to what happened.

    Parameters
    ----------
    orders : Transactions
        A log that goes on after `as_of`, at least as far as the horizon.
    as_of : date
        End of the calibration period.
    horizon : str or Duration
        Length of the holdout, with its unit.
    time_unit : str
        Unit of the customer table.
    purchases, spend : model settings or fitted models, optional
        `BGNBD()` and `GammaGamma()` where not given; fitted models are used as they are.
    observed_until : date, optional
        Last day that the log covers, where it is later than the last order.
    random_seed : int, optional
        The same seed gives the same result.
    **fit_settings
        Passed to both ``fit`` methods: draws, chains, progressbar, ...

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        If the log ends before the holdout does.
    """
    if not isinstance(orders, Transactions):
        raise InputError(
            f"A backtest needs the orders as read_transactions returns them, not a {type(orders).__name__}."
        )
    length, start, seed = as_duration(horizon), as_date(as_of), as_seed(random_seed)
    end = start + dt.timedelta(days=round(length.days))
    last = orders.table["date"].max().date() if observed_until is None else as_date(observed_until, "observed_until")
    if last < end:
        raise InputError(
            f"The log ends on {last}, before the holdout of {length} after {start} does ({end}). "
            f"Choose an earlier as_of or a shorter horizon, or state with observed_until= how far the log goes."
        )
    customers = summarize(orders, time_unit=time_unit, as_of=start)
    fitted, spent = fitted_to(customers, purchases, spend, {"random_seed": seed, **fit_settings})
    _require_unseen(fitted, start)
    _require_unseen(spent, start)
    actual = holdout_occasions(orders, customers, start, end)
    predicted = fitted.predict_purchases(customers, length, random_seed=seed)
    money = lifetime_value(customers, [RepeatPurchases(fitted, spent)], horizon=length, random_seed=seed).draws
    return Backtest(orders, customers, fitted, spent, start, length, actual, predicted, money, seed)


def fitted_to(customers: Customers, purchases: Any, spend: Any, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """Fit models of purchases and spend, the usual ones where not given; what is fitted already stays as it is."""
    fitted, spent = (
        model.fit(customers, **settings) if hasattr(model, "fit") else model
        for model in (purchases or BGNBD(), spend or GammaGamma())
    )
    return fitted, spent


@dataclass(frozen=True, repr=False)
class Backtest(Printed):
    """A forecast beside what happened.

    Attributes
    ----------
    actual : pandas.DataFrame
        Indexed by customer_id: purchases and spend in the holdout.
    predicted_purchases, predicted_spend : xarray.DataArray
        (chain, draw, customer_id), predictive.
    """

    orders: Transactions
    customers: Customers
    purchases: FittedPurchases
    spend: FittedSpend
    as_of: dt.date
    horizon: Duration
    actual: pd.DataFrame
    predicted_purchases: xr.DataArray
    predicted_spend: xr.DataArray
    random_seed: int

    @property
    def time_unit(self) -> TimeUnit:
        """Unit of the customer table and of tracking."""
        return as_time_unit(self.customers.time_unit)

    @property
    def start(self) -> dt.date:
        """Day of the first order of all."""
        return self.orders.table["date"].min().date()

    @property
    def calibration_length(self) -> float:
        """From the first order of all to the as-of date, in the time unit."""
        return (self.as_of - self.start).days / DAYS_PER_UNIT[self.time_unit]

    @property
    def caution(self) -> str:
        """What every table made from this must state."""
        return caution_of(self.purchases, self.spend)

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Holdout totals: actual beside predicted with its interval, and whether the interval holds it.

        Returns
        -------
        pandas.DataFrame
            Rows purchases, spend, active_customers; columns actual, predicted, interval, inside.
        """
        pairs = {
            "purchases": (self.actual["purchases"], self.predicted_purchases),
            "spend": (self.actual["spend"], self.predicted_spend),
            "active_customers": (self.actual["purchases"] > 0, self.predicted_purchases > 0),
        }
        rows = {}
        for what, (each, draws) in pairs.items():
            actual, total = float(each.sum()), draws.sum("customer_id").to_numpy().ravel()
            row = _beside(actual, total, ci_prob, ci_kind)
            *_, low, high = row.values()
            rows[what] = {**row, "inside": bool(low <= actual <= high)}
        return flagged(pd.DataFrame.from_dict(rows, orient="index"), self.caution)

    def coverage(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.Series:
        """Share of customers with a holdout inside their own predictive interval.

        Returns
        -------
        pandas.Series
            ``purchases`` and ``spend``; the interval's probability is in the name. Discrete purchases make intervals
            hold a little more than their level.
        """
        shares = {}
        for what, draws in (("purchases", self.predicted_purchases), ("spend", self.predicted_spend)):
            low, high = interval(_stacked(draws), ci_prob, ci_kind)
            shares[what] = float(np.mean((self.actual[what] >= low) & (self.actual[what] <= high)))
        return pd.Series(shares, name=f"inside_{interval_name(ci_prob, ci_kind)}")

    def pit(self) -> pd.Series:
        """Randomised probability integral transform of each customer's holdout purchases; uniform if the model holds.

        Source: Czado, Gneiting & Held (2009), Predictive model assessment for count data, Biometrics 65.
        """
        drawn, actual = _stacked(self.predicted_purchases), self.actual["purchases"].to_numpy()
        below, equal = (drawn < actual).mean(axis=0), (drawn == actual).mean(axis=0)
        uniform = np.random.default_rng(self.random_seed).random(actual.size)
        return pd.Series(below + uniform * equal, index=self.actual.index, name="pit")

    def pit_p_value(self) -> float:
        """Share of holdouts simulated by the model with a PIT as far from uniform as the real one's.

        Small values speak against the model. The distance is the largest gap between the mean of the PIT's
        conditional distribution functions and the diagonal, which needs no randomisation and so has no luck in it.
        """
        drawn = _stacked(self.predicted_purchases).astype(np.int64)
        chance = CountDistribution(drawn)
        rows = np.random.default_rng(self.random_seed).permutation(len(drawn))[:PIT_REPLICATES]
        simulated = np.array([chance.distance_from_uniform(drawn[row]) for row in rows])
        observed = chance.distance_from_uniform(self.actual["purchases"].to_numpy(dtype=np.int64))
        return float((1 + np.sum(simulated >= observed)) / (1 + len(simulated)))

    def by_frequency(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Mean holdout purchases per customer by calibration frequency, actual beside predicted.

        Returns
        -------
        pandas.DataFrame
            Indexed by frequency ("0", ..., "7+"): customers, actual, predicted, interval (predictive, of the mean).
        """
        frequency = self.customers.table["frequency"].to_numpy()
        drawn, actual = _stacked(self.predicted_purchases), self.actual["purchases"].to_numpy()
        rows = {}
        for value in range(HIGHEST_FREQUENCY + 1):
            last = value == HIGHEST_FREQUENCY
            group = frequency >= value if last else frequency == value
            if group.any():
                row = _beside(actual[group].mean(), drawn[:, group].mean(axis=1), ci_prob, ci_kind)
                rows[f"{value}+" if last else str(value)] = {"customers": int(group.sum()), **row}
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("frequency")
        return flagged(table, self.caution)

    def tracking(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Cumulative repeat purchases of all customers, actual beside predicted, through calibration and holdout.

        The prediction starts each customer anew at the first order, as the literature's tracking plots do; its band is
        predictive.

        Returns
        -------
        pandas.DataFrame
            Indexed by time since the first order of all, in the time unit: actual, predicted, interval.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        end = self.calibration_length + self.horizon.to(self.time_unit)
        step = max(1.0, np.ceil(end / TRACKED_STEPS))
        times = _steps_through(self.calibration_length, end, step)
        starts = self.calibration_length - self.customers.table["T"].to_numpy()
        to_fit = DAYS_PER_UNIT[self.time_unit] / DAYS_PER_UNIT[self.purchases.time_unit]
        paths = tracked_paths(self.purchases, to_fit * starts, to_fit * times, self.random_seed, self.customers.table)
        columns = _beside(self._actual_path(times), paths, prob, kind)
        return flagged(pd.DataFrame(columns, index=pd.Index(times, name=f"{self.time_unit}s")), self.caution)

    def _actual_path(self, times: np.ndarray) -> np.ndarray:
        days = occasions(self.orders)
        days = days[days["customer_id"].isin(self.customers.ids)]
        repeats = days[days["date"] > days.groupby("customer_id")["date"].transform("min")]
        when = (repeats["date"] - pd.Timestamp(self.start)).dt.days.to_numpy() / DAYS_PER_UNIT[self.time_unit]
        return np.searchsorted(np.sort(when), times + 1e-9, side="right")

    def _page(self) -> ResultPage:
        coverage, pit = self.coverage(0.9), self.pit_p_value()
        heading = f"Backtest: {len(self.customers):,} customers as of {self.as_of}, holdout of {self.horizon}"
        notes = [
            f"inside their own 90% interval: {coverage['purchases']:.1%} of customers for purchases, "
            f"{coverage['spend']:.1%} for spend",
            f"probability integral transform of purchases: p = {pit:.2g} against uniform",
        ]
        return ResultPage([heading], self.summary().rename(index=label), notes, amounts=False)


def _beside(actual: Any, drawn: np.ndarray, ci_prob: float | None, ci_kind: str | None) -> dict[str, Any]:
    """Actual beside the mean and the interval of predictive draws, along their first axis."""
    (low, high), name = interval(drawn, ci_prob, ci_kind), interval_name(ci_prob, ci_kind)
    return {"actual": actual, "predicted": drawn.mean(axis=0), f"{name}_lb": low, f"{name}_ub": high}


def _require_unseen(fit: FittedModel, start: dt.date) -> None:
    """Refuse a fit that has seen the holdout."""
    seen = fit.idata.attrs.get("as_of")
    if seen and as_date(seen) > start:
        raise InputError(
            f"The fit has seen orders until {seen}, after as_of {start}, so it knows what it should forecast. "
            f"Fit on summarize(orders, as_of='{start}')."
        )


class CountDistribution:
    """Each customer's distribution of counts, estimated from draws."""

    def __init__(self, drawn: np.ndarray) -> None:
        """Count the draws, an array of whole numbers of shape (draws, customers)."""
        largest = int(drawn.max(initial=0))
        at_most = [(drawn <= count).mean(axis=0) for count in range(largest + 1)]
        self._cumulative = np.vstack([np.zeros(drawn.shape[1]), *at_most])

    def distance_from_uniform(self, counts: np.ndarray) -> float:
        """How far the PIT of these counts, one per customer, lies from uniform."""
        last, customer = len(self._cumulative) - 1, np.arange(counts.size)
        below = self._cumulative[np.minimum(counts, last), customer]
        up_to = self._cumulative[np.minimum(counts + 1, last), customer]
        width = np.maximum(up_to - below, np.finfo(float).eps)
        mean = [np.clip((level - below) / width, 0, 1).mean() for level in PIT_LEVELS]
        return float(np.abs(np.array(mean) - PIT_LEVELS).max())


def occasions(orders: Transactions) -> pd.DataFrame:
    """Days on which customers bought: rows with an order, and the value of the day after refunds."""
    table = orders.table
    kept = table[table["amount"].isna() | (table["amount"] >= 0)]
    days = kept[["customer_id", "date"]].drop_duplicates()
    value = table.groupby(["customer_id", "date"], as_index=False, sort=False)["amount"].sum()
    return days.merge(value, on=["customer_id", "date"], how="left")


def holdout_occasions(orders: Transactions, customers: Customers, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Count purchases and add up spend of each customer after `start`, up to and including `end`."""
    days = occasions(orders)
    inside = days[(days["date"] > pd.Timestamp(start)) & (days["date"] <= pd.Timestamp(end))]
    grouped = inside.assign(amount=inside["amount"].clip(lower=0)).groupby("customer_id")["amount"]
    actual = pd.DataFrame({"purchases": grouped.size(), "spend": grouped.sum()})
    return actual.reindex(customers.ids, fill_value=0).rename_axis("customer_id")


def tracked_paths(
    fit: FittedPurchases, starts: np.ndarray, times: np.ndarray, random_seed: int, table: pd.DataFrame | None = None
) -> np.ndarray:
    """Draw cumulative repeat purchases of customers who start at given times.

    Parameters
    ----------
    table : pandas.DataFrame, optional
        Rows of the customers, with their segments for a pooled fit.

    Returns
    -------
    array of shape (draws, times)
        A few hundred posterior draws, one simulated business each.
    """
    thinned = thinned_to(fit, TRACKED_DRAWS)
    rng = np.random.default_rng(random_seed)
    left = np.maximum(times[-1] - starts, 0)
    paths = []
    drawn = parameters_of(thinned, pd.DataFrame(index=range(len(starts))) if table is None else table)
    every = drawn.at(np.arange(drawn.number))
    for draw in range(int(np.prod(shape_of(thinned)))):
        values = {name: each[drawn.place, draw] for name, each in every.items()}
        owner, time = formulas_of(fit).outlook_of_new_customer(**values).draw(rng, left).times(rng, left)
        paths.append(np.searchsorted(np.sort(starts[owner] + time), times, side="right"))
    return np.array(paths)


def _steps_through(middle: float, end: float, step: float) -> np.ndarray:
    """Times after 0 in equal steps that meet the end of the calibration period, and the end of all."""
    times = middle + step * np.arange(-np.ceil(middle / step) + 1, np.ceil((end - middle) / step - 1e-9))
    return np.append(times, end)


def _stacked(draws: xr.DataArray) -> np.ndarray:
    """Draws of shape (chains * draws, customers)."""
    return draws.transpose("chain", "draw", "customer_id").to_numpy().reshape(-1, draws.sizes["customer_id"])
