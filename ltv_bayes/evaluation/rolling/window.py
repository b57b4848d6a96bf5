"""One origin of a backtest, as tables: every customer, totals of segments, and cohorts through the horizon."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ltv_bayes.evaluation.count_calibration import blocks
from ltv_bayes.evaluation.rolling.cohorts import EVERYBODY
from ltv_bayes.evaluation.rolling.forecast import NAIVE, Forecast
from ltv_bayes.formulas.forecast_scores import crps
from ltv_bayes.formulas.special import Array
from ltv_bayes.posterior import evenly_spaced


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


def window_of(forecast: Forecast, segments: pd.Series | None) -> Window:
    """Measure the forecast of one origin.

    Parameters
    ----------
    forecast : Forecast
    segments : pandas.Series, optional
        Name of each customer's segment, by customer_id.
    """
    every = [_measured(forecast, of, segments) for of in forecast.actual]
    fewest = min(len(part[2]) for part in every)
    drawn = [part[2][evenly_spaced(len(part[2]), fewest)] for part in every]
    return Window(
        forecast.as_of,
        forecast.until,
        pd.concat([part[0] for part in every], ignore_index=True),
        pd.concat([part[1] for part in every], ignore_index=True),
        _numbered(np.hstack(drawn)),
        forecast.cohort_rows,
        _numbered(forecast.cohort_draws),
        forecast.caution,
        forecast.note,
    )


def _measured(forecast: Forecast, of: str, segments: pd.Series | None) -> tuple[pd.DataFrame, pd.DataFrame, Array]:
    """Tables of customers and totals of purchases or of spend, and draws of the totals."""
    actual, naive, drawn = forecast.actual[of].to_numpy(dtype=float), forecast.naive[of], forecast.predicted[of]
    whole = pd.Series(EVERYBODY, index=forecast.ids) if segments is None else segments.reindex(forecast.ids)
    codes, names = pd.factorize(whole, sort=True)
    scores = np.empty((5, actual.size))
    sums = np.zeros((drawn.sizes["chain"] * drawn.sizes["draw"], len(names)))
    for some, part in blocks(drawn):
        ends = actual[some]
        below, equal = (part < ends).mean(axis=0), (part == ends).mean(axis=0)
        scores[:, some] = part.mean(axis=0), np.median(part, axis=0), crps(part, ends), below, equal
        for code in np.unique(codes[some]):
            sums[:, code] += part[:, codes[some] == code].sum(axis=1)
    *_, below, equal = scores
    customers = pd.DataFrame(
        {
            "customer_id": forecast.ids,
            "of": of,
            "segment": whole.to_numpy(),
            "frequency": forecast.customers["frequency"].to_numpy(),
            "actual": actual,
            **dict(zip(("predicted", "median", "crps"), scores, strict=False)),
            "pit": below + forecast.luck(actual.size) * equal,
            "expected": forecast.expected[of].to_numpy(),
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
    pit = (sums < ends).mean(axis=0) + forecast.luck(len(totals)) * (sums == ends).mean(axis=0)
    return customers, totals.assign(of=of, pit=pit), sums


def _numbered(draws: Array) -> pd.DataFrame:
    """Draws as a table that a file can hold."""
    return pd.DataFrame(draws, columns=[str(place) for place in range(draws.shape[1])])
