"""Would the model have known? Fit on the past, forecast a holdout, compare with what happened."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import InputError, counted
from ltv_bayes.evaluation import count_calibration
from ltv_bayes.evaluation.count_calibration import blocks, stacked
from ltv_bayes.evaluation.known_judgements import KnownJudgements
from ltv_bayes.evaluation.refitting import FittedCounts, Refitting, predicted_counts
from ltv_bayes.formatting import label
from ltv_bayes.formulas.models.operational_time import OnClock
from ltv_bayes.intervals import flagged, interval, interval_name, interval_settings, summarize_sorted
from ltv_bayes.language import _, both
from ltv_bayes.predictions.clock import has_clock
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import FittedModel, caution_of, parameters_of, shape_of, thinned_to
from ltv_bayes.predictions.purchases import FittedPurchases, formulas_of
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.sizes import BACKTEST_DRAWS, BACKTEST_NUMBERS, TRACKED_DRAWS
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import DAYS_PER_UNIT, Duration, TimeUnit, as_date, as_time_unit
from ltv_bayes.value.value_customers import lifetime_value

TRACKED_STEPS = 120
HIGHEST_FREQUENCY = 7


def backtest_at(
    orders: Transactions,
    customers: Customers,
    length: Duration,
    refitting: Refitting,
    seed: int,
    judged: KnownJudgements,
) -> "Backtest":
    """Fit to customers as they were at a date, forecast the time after it, and hold the forecast to what happened.

    Raises
    ------
    InputError
        If a fitted model has seen what it should forecast.
    """
    start = as_date(customers.as_of)
    fitted, spent = refitting.fitted(customers)
    _require_unseen(fitted, start)
    actual = holdout_occasions(occasions(orders), customers, start, end_of(start, length))
    most = max(BACKTEST_DRAWS, BACKTEST_NUMBERS // len(customers))
    predicted = predicted_counts(thinned_to(fitted, most), customers, length, seed)
    money = expected = None
    name = named_stream(refitting.stream)
    if spent is None:
        actual = actual.drop(columns="spend")
    else:
        _require_unseen(spent, start)
        stream = RepeatPurchases(thinned_to(fitted, most), thinned_to(spent, most), name)
        ltv = lifetime_value(customers, stream, future_value=judged.priors, horizon=length, random_seed=seed)
        money, expected = ltv.draws, ltv.summary()["mean"].rename("expected_spend")
    notes = tuple(filter(None, [refitting.attributes.note]))
    return Backtest(
        orders, customers, fitted, spent, start, length, actual, predicted, money, expected, judged, seed, notes
    )


def named_stream(stream: str | None) -> str:
    """Name the stream of repeat purchases of a log, or of one of its streams, so that their draws are independent."""
    return "repeat_purchases" if stream is None else f"repeat_purchases of {quote(stream, safe=' ')}"


def end_of(start: dt.date, length: Duration) -> dt.date:
    """Last day of a holdout."""
    return start + dt.timedelta(days=round(length.days))


@dataclass(frozen=True, repr=False)
class Backtest(Printed):
    """A forecast beside what happened.

    Attributes
    ----------
    actual : pandas.DataFrame
        Indexed by customer_id: purchases in the holdout, and spend where the log has amounts.
    predicted_purchases, predicted_spend : xarray.DataArray
        (chain, draw, customer_id), predictive; no spend for a log without amounts. Of many customers, with a part of
        the fits' draws, at least 1,000, which changes figures less than another random seed does.
    expected_spend : pandas.Series
        Indexed by customer_id: the mean of predicted spend given parameters, without the luck of single draws where
        a value's has none; None for a log without amounts.
    judged : KnownJudgements
        The judgements that predicted spend holds, and those left out.
    notes : tuple of str
        What is assumed of what was known at the origin.
    """

    orders: Transactions
    customers: Customers
    purchases: FittedCounts
    spend: FittedSpend | None
    as_of: dt.date
    horizon: Duration
    actual: pd.DataFrame
    predicted_purchases: xr.DataArray
    predicted_spend: xr.DataArray | None
    expected_spend: pd.Series | None
    judged: KnownJudgements
    random_seed: int
    notes: tuple[str, ...] = ()

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
        return caution_of(*(fit for fit in (self.purchases, self.spend) if fit is not None))

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Holdout totals: actual beside predicted with its interval, and whether the interval holds it.

        Returns
        -------
        pandas.DataFrame
            Rows purchases, spend (of a log with amounts), active_customers; columns actual, predicted, interval
            (``ci_prob, ci_kind``), inside.
        """
        pairs = {
            **{what: (self.actual[what], draws) for what, draws in predicted_by(self).items()},
            "active_customers": (self.actual["purchases"] > 0, self.predicted_purchases > 0),
        }
        rows = {}
        for what, (each, draws) in pairs.items():
            actual, total = float(each.sum()), draws.sum("customer_id", skipna=False).to_numpy().ravel()
            row = _beside(actual, total, ci_prob, ci_kind)
            *_, low, high = row.values()
            rows[what] = {**row, "inside": bool(low <= actual <= high)}
        return flagged(pd.DataFrame.from_dict(rows, orient="index"), self.caution)

    def coverage(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.Series:
        """Share of customers with a holdout inside their own predictive interval.

        Purchases are whole numbers, and many customers spend nothing, so a closed interval holds more than its level:
        0 to 1 may hold 97% where 90% are asked. A value on a bound therefore counts with the part of its probability
        that belongs inside, so that a model that holds reaches the level itself. That part is drawn at random, as in
        `pit`, for equal-tailed intervals.

        Returns
        -------
        pandas.Series
            ``purchases`` and ``spend``, with values on a bound counted in part; then ``purchases_closed`` and
            ``spend_closed``, the shares inside the closed intervals of the given kind. Their names
            hold ``ci_prob``; the closed ones are of ``ci_kind``. Spend is missing for a log without amounts.

        References
        ----------
        Czado, Gneiting & Held (2009), Predictive model assessment for count data, Biometrics 65.
        """
        prob, kind = interval_settings(ci_prob, ci_kind)
        name = interval_name(prob, kind)
        shares, closed = {}, {}
        for what, draws in predicted_by(self).items():
            actual = self.actual[what].to_numpy()
            shares[what] = float(np.mean(np.abs(self._pit(what) - 0.5) <= prob / 2))
            inside = []
            for some, drawn in blocks(draws):
                bounds = summarize_sorted(np.sort(np.ascontiguousarray(drawn.T), axis=1), prob, kind)
                inside.append((actual[some] >= bounds[f"{name}_lb"]) & (actual[some] <= bounds[f"{name}_ub"]))
            closed[f"{what}_closed"] = float(np.mean(np.concatenate(inside)))
        return pd.Series(shares | closed, name=f"inside_{name}")

    def pit(self, of: str = "purchases") -> pd.Series:
        """Randomised probability integral transform of each customer's holdout; uniform if the model holds.

        Parameters
        ----------
        of : {"purchases", "spend"}
            What to compare; spend of a log with amounts.

        Returns
        -------
        pandas.Series
            Indexed by customer_id, between 0 and 1.

        References
        ----------
        Czado, Gneiting & Held (2009), Predictive model assessment for count data, Biometrics 65.
        """
        return pd.Series(self._pit(of), index=self.actual.index, name="pit")

    def _pit(self, what: str) -> np.ndarray:
        """Where each customer's outcome lies among the draws, at random within those equal to it."""
        actual = self.actual[what].to_numpy()
        below, equal = np.empty(actual.size), np.empty(actual.size)
        for some, drawn in blocks(predicted_by(self)[what]):
            below[some] = (drawn < actual[some]).mean(axis=0)
            equal[some] = (drawn == actual[some]).mean(axis=0)
        return below + luck_of(self.random_seed, self.as_of, actual.size) * equal

    def pit_p_value(self) -> float:
        """Share of holdouts simulated by the model with a PIT as far from uniform as the real one's.

        Small values speak against the model. The distance is the largest gap between the mean of the PIT's
        conditional distribution functions and the diagonal, which needs no randomisation and so has no luck in it.
        """
        return count_calibration.p_value(np.sum(list(self._numbers_below.values()), axis=0) / len(self.customers))

    @cached_property
    def _numbers_below(self) -> dict[str, np.ndarray]:
        """By class of past frequency, the number of PITs below levels: of the holdout, then of simulated ones."""
        actual, groups = (
            self.actual["purchases"].to_numpy(),
            count_calibration.classes_of(self.customers.table["frequency"].to_numpy()),
        )
        return count_calibration.numbers_below(self.predicted_purchases, actual, groups, self.random_seed)

    @property
    def _classes(self) -> dict[str, np.ndarray]:
        """Customers by class of past frequency, as masks."""
        return count_calibration.classes_of(self.customers.table["frequency"].to_numpy())

    def coverage_by_frequency(self) -> pd.DataFrame:
        """Share of customers with holdout purchases inside their own predictive interval, by calibration frequency.

        A value on a bound counts with the part of its probability that belongs inside, as in `coverage`; no part of it
        is drawn at random. Holdouts simulated by the model, with what moves all customers where the model knows of it,
        show what chance does to a class of so many customers.

        Returns
        -------
        pandas.DataFrame
            Indexed by frequency (0, 1, 2-3, 4-9, 10+): customers; ``eti50``, ``eti80``, ``eti90``, the shares inside
            equal-tailed intervals; ``below_eti80`` and ``above_eti80``; ``tail_probability``, the share of simulated
            holdouts in which as few, or as many, are inside their 80% interval; ``pit_p_value``, as the method of that
            name; ``holds``: False where the tail probability is at most 0.002 and the share is more than 5 points
            off, missing for classes of fewer than 20 customers and forecasts of fewer than 500 draws.
        """
        return flagged(count_calibration.table_of(self._numbers_below, self._classes), self.caution)

    def by_frequency(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Mean holdout purchases per customer by calibration frequency, actual beside predicted.

        Returns
        -------
        pandas.DataFrame
            Indexed by frequency ("0", ..., "7+"): customers, actual, predicted, interval (``ci_prob, ci_kind``) of it.
        """
        frequency = self.customers.table["frequency"].to_numpy()
        drawn, actual = stacked(self.predicted_purchases), self.actual["purchases"].to_numpy()
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
            Indexed by time since the first order of all, in the time unit: actual, predicted, interval
            (``ci_prob, ci_kind``). InputError for NBD, which knows no first order.
        """
        if isinstance(self.purchases, FittedEvents):
            raise InputError(
                _("Tracking starts customers anew at their first order, which NBD has no model of. Use BGNBD.")
            )
        prob, kind = interval_settings(ci_prob, ci_kind)
        end = self.calibration_length + self.horizon.to(self.time_unit)
        step = max(1.0, np.ceil(end / TRACKED_STEPS))
        times = _steps_through(self.calibration_length, end, step)
        to_fit = DAYS_PER_UNIT[self.time_unit] / DAYS_PER_UNIT[self.purchases.time_unit]
        starts, since = -self.customers.table["T"].to_numpy(), times - self.calibration_length
        paths = tracked_paths(self.purchases, to_fit * starts, to_fit * since, self.random_seed, self.customers)
        columns = _beside(self._actual_path(times), paths, prob, kind)
        return flagged(pd.DataFrame(columns, index=pd.Index(times, name=f"{self.time_unit}s")), self.caution)

    def _actual_path(self, times: np.ndarray) -> np.ndarray:
        days = occasions(self.orders)
        days = days[days["customer_id"].isin(self.customers.ids)]
        repeats = days[days["date"] > days.groupby("customer_id")["date"].transform("min")]
        when = (repeats["date"] - pd.Timestamp(self.start)).dt.days.to_numpy() / DAYS_PER_UNIT[self.time_unit]
        return np.searchsorted(np.sort(when), times + 1e-9, side="right")

    def _page(self) -> ResultPage:
        coverage, pit = self.coverage(0.9).map("{:.1%}".format), self.pit_p_value()
        heading = _(
            "Backtest: {number:,} customers as of {as_of}, holdout of {horizon}",
            number=len(self.customers),
            as_of=self.as_of,
            horizon=self.horizon,
        )
        spends, on_clock = self.predicted_spend is not None, has_clock(self.purchases)
        notes = [
            _(
                "inside their own 90% interval, a value on a bound counted in part: {purchases} of customers for "
                "purchases{spend}",
                purchases=coverage["purchases"],
                spend=_(", {share} for spend", share=coverage["spend"]) if spends else "",
            ),
            _(
                "inside the closed interval, which holds more than its level where values repeat: {shares}",
                shares=both([coverage["purchases_closed"], *([coverage["spend_closed"]] if spends else [])]),
            ),
            _("probability integral transform of purchases: p = {pit:.2g} against uniform", pit=pit),
            *count_calibration.findings(self.coverage_by_frequency(), on_clock=on_clock),
            *money_notes(self),
            *self.notes,
        ]
        return ResultPage([heading], self.summary().rename(index=label), notes, amounts=False)


def predicted_by(test: Backtest) -> dict[str, xr.DataArray]:
    """The predictive draws of what can be compared: purchases, and spend where the log has amounts."""
    money = {} if test.predicted_spend is None else {"spend": test.predicted_spend}
    return {"purchases": test.predicted_purchases, **money}


def luck_of(random_seed: int, as_of: dt.date, number: int) -> np.ndarray:
    """Uniform numbers that place outcomes among draws equal to them; each origin has its own.

    The same ones at every origin would make a customer who buys nothing miss the same interval each time, so that many
    origins would say no more than one does.
    """
    return np.random.default_rng([random_seed, as_of.toordinal()]).random(number)


def money_notes(test: Backtest) -> list[str]:
    """State what the spend that happened leaves out, and the one that was predicted."""
    if test.predicted_spend is None:
        return [_("the log has no amounts: spend is not compared")]
    notes = [test.judged.note] if test.judged.note else []
    table = test.orders.table
    end = pd.Timestamp(end_of(test.as_of, test.horizon))
    inside = table[(table["date"] > pd.Timestamp(test.as_of)) & (table["date"] <= end)]
    without = int(inside["amount"].isna().sum())
    if without:
        lacking = _(
            "{without:,} of {orders} in the holdout have no amount",
            without=without,
            orders=counted(len(inside), "order"),
        )
        notes.append(_("{lacking}: actual spend is too low", lacking=lacking))
    return notes


def _beside(actual: Any, drawn: np.ndarray, ci_prob: float | None, ci_kind: str | None) -> dict[str, Any]:
    """Actual beside the mean and the interval of predictive draws, along their first axis."""
    (low, high), name = interval(drawn, ci_prob, ci_kind), interval_name(ci_prob, ci_kind)
    return {"actual": actual, "predicted": drawn.mean(axis=0), f"{name}_lb": low, f"{name}_ub": high}


def _require_unseen(fit: FittedModel, start: dt.date) -> None:
    """Refuse a fit that has seen the holdout."""
    seen = fit.idata.attrs.get("as_of")
    if seen and as_date(seen) > start:
        raise InputError(
            _(
                "The fit has seen orders until {seen}, after as_of {start}, so it knows what it should "
                "forecast. Fit on summarize(orders, as_of='{start}').",
                seen=seen,
                start=start,
            )
        )


def occasions(orders: Transactions) -> pd.DataFrame:
    """Days on which customers bought: rows with an order, and the value of the day after refunds."""
    table = orders.table
    kept = table[table["amount"].isna() | (table["amount"] >= 0)]
    days = kept[["customer_id", "date"]].drop_duplicates()
    value = table.groupby(["customer_id", "date"], as_index=False, sort=False)["amount"].sum()
    return days.merge(value, on=["customer_id", "date"], how="left")


def holdout_occasions(days: pd.DataFrame, customers: Customers, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Count purchases and add up spend of each customer after `start`, up to and including `end`; of `occasions`."""
    inside = days[(days["date"] > pd.Timestamp(start)) & (days["date"] <= pd.Timestamp(end))]
    grouped = inside.assign(amount=inside["amount"].clip(lower=0)).groupby("customer_id")["amount"]
    actual = pd.DataFrame({"purchases": grouped.size(), "spend": grouped.sum()})
    return actual.reindex(customers.ids, fill_value=0).rename_axis("customer_id")


def tracked_paths(
    fit: FittedPurchases, starts: np.ndarray, times: np.ndarray, random_seed: int, customers: Customers | None = None
) -> np.ndarray:
    """Draw cumulative repeat purchases of customers who start at given times.

    Parameters
    ----------
    starts, times : arrays
        Counted from the as-of date, below 0 before it, in the fit's time unit.
    customers : Customers, optional
        Whose they are, with their as-of date, and with their segments for a pooled fit; those of the fit if not given.

    Returns
    -------
    array of shape (draws, times)
        A few hundred posterior draws, one simulated business each.
    """
    thinned = thinned_to(fit, TRACKED_DRAWS)
    formulas = formulas_of(thinned, customers)
    start: dict[str, Any] = {"start": starts} if isinstance(formulas, OnClock) else {}
    rng = np.random.default_rng(random_seed)
    left = np.maximum(times[-1] - starts, 0)
    paths = []
    drawn = parameters_of(thinned, pd.DataFrame(index=range(len(starts))) if customers is None else customers.table)
    every = drawn.at(np.arange(drawn.number))
    for draw in range(int(np.prod(shape_of(thinned)))):
        values = {name: each[drawn.place, draw] for name, each in every.items()}
        new = formulas.outlook_of_new_customer(**values, **start)
        owner, time = new.draw(rng, left).times(rng, left)
        paths.append(np.searchsorted(np.sort(starts[owner] + time), times, side="right"))
    return np.array(paths)


def _steps_through(middle: float, end: float, step: float) -> np.ndarray:
    """Times after 0 in equal steps that meet the end of the calibration period, and the end of all."""
    times = middle + step * np.arange(-np.ceil(middle / step) + 1, np.ceil((end - middle) / step - 1e-9))
    return np.append(times, end)
