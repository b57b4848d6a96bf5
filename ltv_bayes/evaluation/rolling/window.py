"""One origin of a backtest, as tables: every customer, totals of segments, and cohorts through the horizon."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.evaluation.backtest import Backtest, end_of, luck_of, money_notes, occasions, predicted_by
from ltv_bayes.evaluation.count_calibration import blocks
from ltv_bayes.evaluation.rolling.cohorts import EVERYBODY, through_time
from ltv_bayes.formulas.forecast_scores import crps
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import SAMPLE_DIMS
from ltv_bayes.predictions.fitted import thinned_to
from ltv_bayes.sizes import TRACKED_DRAWS

NAIVE = {"last_period": "last period's value", "average": "average order x count per time"}


@dataclass(frozen=True, eq=False)
class Window:
    """What a backtest of many origins keeps of one.

    Attributes
    ----------
    as_of, until : datetime.date
        The origin, and the last day that is compared.
    customers : pandas.DataFrame
        For each of purchases and spend (``of``) a row per customer: customer_id, segment, frequency, actual, predicted
        (mean of draws), expected (mean given parameters), median, pit, crps, and the naive forecasts.
    totals : pandas.DataFrame
        A row for each of purchases and spend, of all customers and of each segment: of, level ("total" or "segment"),
        segment, customers, actual, pit, and the naive forecasts.
    total_draws : pandas.DataFrame
        Predictive draws of each row of ``totals``, a column each.
    cohorts : pandas.DataFrame
        A row for each of purchases and spend, cohort of the first purchase, and time since the origin: of, cohort,
        time, customers, actual (cumulative).
    cohort_draws : pandas.DataFrame
        Predictive draws of each row of ``cohorts``, a column each.
    caution : str
        What every table must state.
    note : str
        What spend leaves out, the actual or the predicted.
    """

    as_of: dt.date
    until: dt.date
    customers: pd.DataFrame
    totals: pd.DataFrame
    total_draws: pd.DataFrame
    cohorts: pd.DataFrame
    cohort_draws: pd.DataFrame
    caution: str
    note: str


def window_of(test: Backtest, segments: pd.Series | None, cohorts: pd.Series) -> Window:
    """Measure a backtest of one origin.

    Parameters
    ----------
    test : Backtest
    segments : pandas.Series, optional
        Name of each customer's segment, in the order of the customers.
    cohorts : pandas.Series
        Name of each customer's cohort, in the order of the customers.
    """
    naive = naive_forecasts(test)
    every = [_measured(test, of, segments, naive[of]) for of in test.actual]
    cohort_rows, cohort_draws = through_time(test, cohorts)
    return Window(
        test.as_of,
        end_of(test.as_of, test.horizon),
        pd.concat([part[0] for part in every], ignore_index=True),
        pd.concat([part[1] for part in every], ignore_index=True),
        _numbered(np.hstack([part[2] for part in every])),
        cohort_rows,
        _numbered(cohort_draws),
        test.caution,
        "; ".join(money_notes(test)) if "spend" in test.actual else "",
    )


def _measured(
    test: Backtest, of: str, segments: pd.Series | None, naive: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, Array]:
    """Tables of customers and totals of purchases or of spend, and draws of the totals."""
    actual = test.actual[of].to_numpy(dtype=float)
    whole = pd.Series(EVERYBODY, index=test.actual.index) if segments is None else segments
    codes, names = pd.factorize(whole, sort=True)
    drawn = predicted_by(test)[of]
    scores = np.empty((3, actual.size))
    sums = np.zeros((drawn.sizes["chain"] * drawn.sizes["draw"], len(names)))
    for some, part in blocks(drawn):
        scores[:, some] = part.mean(axis=0), np.median(part, axis=0), crps(part, actual[some])
        for code in np.unique(codes[some]):
            sums[:, code] += part[:, codes[some] == code].sum(axis=1)
    customers = pd.DataFrame(
        {
            "customer_id": test.actual.index,
            "of": of,
            "segment": whole.to_numpy(),
            "frequency": test.customers.table["frequency"].to_numpy(),
            "actual": actual,
            **dict(zip(("predicted", "median", "crps"), scores, strict=True)),
            "pit": test.pit(of).to_numpy(),
            "expected": _expected(test, of),
            **{name: naive[name].to_numpy() for name in NAIVE},
        }
    )
    totals = customers.groupby("segment")[["actual", *NAIVE]].sum().loc[names].reset_index()
    totals = totals.assign(level="segment", customers=np.bincount(codes))
    if segments is None:
        totals["level"] = "total"
    else:
        whole_row = {"segment": EVERYBODY, "level": "total", **totals[["customers", "actual", *NAIVE]].sum()}
        totals = pd.concat([totals, pd.DataFrame([whole_row])], ignore_index=True).astype({"customers": int})
        sums = np.column_stack([sums, sums.sum(axis=1)])
    ends = totals["actual"].to_numpy()
    pit = (sums < ends).mean(axis=0) + luck_of(test, len(totals)) * (sums == ends).mean(axis=0)
    return customers, totals.assign(of=of, pit=pit), sums


def _expected(test: Backtest, of: str) -> Array:
    """The mean of each customer's purchases or spend given parameters, without luck of draws."""
    if of == "spend" and test.expected_spend is not None:
        return test.expected_spend.to_numpy()
    counts = thinned_to(test.purchases, TRACKED_DRAWS).expected_purchases(test.customers, test.horizon)
    return counts.mean(SAMPLE_DIMS, skipna=False).to_numpy()


def naive_forecasts(test: Backtest) -> Mapping[str, pd.DataFrame]:
    """What needs no model, for each customer: the last period's value, and the average order x the count per time.

    Of purchases and of spend, indexed by customer_id. The last period is as long as the horizon; first purchases are
    not in it, since they do not come again. Purchases per time are those after the first, over the time since it.
    """
    days = occasions(test.orders)
    days = days[days["customer_id"].isin(test.customers.ids) & (days["date"] <= pd.Timestamp(test.as_of))]
    days = days.assign(amount=days["amount"].clip(lower=0))
    first = days.groupby("customer_id")["date"].transform("min")
    begins = pd.Timestamp(test.as_of) - pd.Timedelta(days=round(test.horizon.days))
    last = days[(days["date"] > begins) & (days["date"] > first)].groupby("customer_id")["amount"]
    ids, table = test.customers.ids, test.customers.table
    known = table["T"].to_numpy(dtype=float)
    per_time = np.divide(table["frequency"].to_numpy(), known, out=np.zeros(known.size), where=known > 0)
    count = per_time * test.horizon.to(test.time_unit)
    order = days.groupby("customer_id")["amount"].mean().reindex(ids).fillna(0.0).to_numpy()

    def table_of(before: pd.Series, average: Array) -> pd.DataFrame:
        found = {"last_period": before.reindex(ids, fill_value=0).to_numpy(dtype=float), "average": average}
        return pd.DataFrame(found, index=ids)

    return {"purchases": table_of(last.size(), count), "spend": table_of(last.sum(), count * order)}


def _numbered(draws: Array) -> pd.DataFrame:
    """Draws as a table that a file can hold."""
    return pd.DataFrame(draws, columns=[str(place) for place in range(draws.shape[1])])
