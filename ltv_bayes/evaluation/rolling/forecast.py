"""Forecasts of one origin beside what happened: of one log of orders, or of several streams together."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.evaluation.backtest import Backtest, end_of, luck_of, money_notes, occasions, predicted_by
from ltv_bayes.evaluation.refitting import expected_counts
from ltv_bayes.evaluation.rolling.cohorts import through_time
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import SAMPLE_DIMS
from ltv_bayes.language import N_, _
from ltv_bayes.posterior import evenly_spaced
from ltv_bayes.predictions.fitted import smallest_shape, thinned_to
from ltv_bayes.sizes import TRACKED_DRAWS

NAIVE = {"last_period": N_("last period's value"), "average": N_("average order x count per time")}
SAMPLE_SHAPE = ("chain", "draw")


@dataclass(frozen=True, eq=False)
class Forecast:
    """What the customers of one origin were forecast to do, and what they did.

    Attributes
    ----------
    as_of, until : datetime.date
        The origin, and the last day that is compared.
    random_seed : int
        Of the numbers that place outcomes among draws equal to them.
    customers : pandas.DataFrame
        Indexed by customer_id: frequency, and cohort of the first purchase.
    actual : pandas.DataFrame
        Indexed by customer_id: purchases, and spend where there is any.
    predicted : mapping of xarray.DataArray
        Of each column of ``actual``, predictive draws (chain, draw, customer_id).
    expected : pandas.DataFrame
        Of each, the mean given parameters.
    naive : mapping of pandas.DataFrame
        Of each, naive forecasts.
    cohort_rows : pandas.DataFrame
        As `Window.cohorts`.
    cohort_draws : array of shape (draws, rows)
    caution, note : str
        As in `Window`.
    """

    as_of: dt.date
    until: dt.date
    random_seed: int
    customers: pd.DataFrame
    actual: pd.DataFrame
    predicted: Mapping[str, xr.DataArray]
    expected: pd.DataFrame
    naive: Mapping[str, pd.DataFrame]
    cohort_rows: pd.DataFrame
    cohort_draws: Array
    caution: str
    note: str

    @cached_property
    def ids(self) -> pd.Index:
        """Of the customers."""
        return self.customers.index

    def luck(self, number: int) -> Array:
        """Uniform numbers that place outcomes among draws equal to them."""
        return luck_of(self.random_seed, self.as_of, number)


def forecast_of(test: Backtest, cohorts: pd.Series, stream: str | None = None) -> Forecast:
    """Take the forecast of a backtest of one origin.

    Parameters
    ----------
    test : Backtest
    cohorts : pandas.Series
        Name of each customer's cohort, in the order of the customers.
    stream : str, optional
        The stream of the log that is forecast, of several.
    """
    fit = thinned_to(test.purchases, TRACKED_DRAWS)
    counts = expected_counts(fit, test.customers, test.horizon).mean(SAMPLE_DIMS, skipna=False)
    expected = {"purchases": counts.to_numpy()}
    if test.expected_spend is not None:
        expected["spend"] = test.expected_spend.to_numpy()
    ids, (rows, draws) = test.actual.index, through_time(test, cohorts, stream)
    known = {"frequency": test.customers.table["frequency"].to_numpy(), "cohort": cohorts.to_numpy()}
    return Forecast(
        test.as_of,
        end_of(test.as_of, test.horizon),
        test.random_seed,
        pd.DataFrame(known, index=ids),
        test.actual,
        predicted_by(test),
        pd.DataFrame(expected, index=ids),
        naive_forecasts(test),
        rows,
        draws,
        test.caution,
        "; ".join(money_notes(test)) if "spend" in test.actual else "",
    )


def together(parts: Mapping[str, Forecast], random_seed: int, note: str = "") -> Forecast:
    """Add up forecasts of several streams, draw by draw, and what happened in them.

    Parameters
    ----------
    parts : mapping
        Of each stream, with draws that are independent of those of the others.
    random_seed : int
        As in `Forecast`.
    note : str
        What there is to say of their total.
    """
    streams = list(parts.values())
    one = streams[0]
    ids = one.ids
    for part in streams[1:]:
        ids = ids.union(part.ids)
    customers = _sum([part.customers[["frequency"]] for part in streams], ids)
    cohort = pd.concat([part.customers["cohort"] for part in streams])
    customers["cohort"] = cohort[~cohort.index.duplicated()].reindex(ids)
    rows, draws = _cohorts_together(streams, customers["cohort"])
    cautions = [_("{name}: {caution}", name=name, caution=part.caution) for name, part in parts.items() if part.caution]
    notes = [_("{name}: {note}", name=name, note=part.note) for name, part in parts.items() if part.note] + [
        note
    ] * bool(note)
    return Forecast(
        one.as_of,
        one.until,
        random_seed,
        customers,
        _sum([part.actual for part in streams], ids),
        {of: _drawn_together([part.predicted[of] for part in streams], ids) for of in one.predicted},
        _sum([part.expected for part in streams], ids),
        {of: _sum([part.naive[of] for part in streams], ids) for of in one.naive},
        rows,
        draws,
        "; ".join(cautions),
        "; ".join(notes),
    )


def _sum(tables: list[pd.DataFrame], ids: pd.Index) -> pd.DataFrame:
    """Add up tables of some of these customers."""
    whole = tables[0].reindex(ids, fill_value=0)
    for table in tables[1:]:
        whole = whole + table.reindex(ids, fill_value=0)
    return whole.rename_axis("customer_id")


def _drawn_together(parts: list[xr.DataArray], ids: pd.Index) -> xr.DataArray:
    """Add up predictive draws of some of these customers, the first draw of each with the first of the others."""
    laid_out = [part.transpose(*SAMPLE_SHAPE, "customer_id").to_numpy() for part in parts]
    chains, draws = smallest_shape([drawn.shape[:2] for drawn in laid_out])
    whole = np.zeros((chains, draws, len(ids)))
    for part, drawn in zip(parts, laid_out, strict=True):
        place = ids.get_indexer(part["customer_id"].to_numpy())
        whole[..., place] += drawn[:chains, evenly_spaced(drawn.shape[1], draws)]
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "customer_id": ids.to_numpy()}
    return xr.DataArray(whole, dims=(*SAMPLE_SHAPE, "customer_id"), coords=coords)


def _cohorts_together(streams: list[Forecast], cohorts: pd.Series) -> tuple[pd.DataFrame, Array]:
    """Add up the cohorts of streams at each time, draw by draw."""
    keys, fewest = ["of", "time", "cohort"], min(len(part.cohort_draws) for part in streams)
    rows = pd.concat([part.cohort_rows for part in streams], ignore_index=True)
    every = np.hstack([part.cohort_draws[evenly_spaced(len(part.cohort_draws), fewest)] for part in streams])
    groups = rows.groupby(keys, sort=False)
    place, whole = groups.ngroup().to_numpy(), groups["actual"].sum().reset_index()
    draws = np.zeros((fewest, len(whole)))
    np.add.at(draws.T, place, every.T)
    whole["customers"] = whole["cohort"].map(cohorts.value_counts()).to_numpy()
    return whole[["of", "time", "cohort", "customers", "actual"]], draws


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
