"""Lifetime value: the draws of each customer's money, and what can be asked of them."""

import functools
import operator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import InputError, counted
from ltv_bayes.formatting import label, money, percent, with_currency
from ltv_bayes.intervals import describe_interval, flagged, interval_settings, summarize_sorted
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.predictions.over_customers import labelled
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.terms import SAME, Terms
from ltv_bayes.time_units import as_duration, as_number
from ltv_bayes.value.decisions.over_time import by_horizon, cash_flow
from ltv_bayes.value.decisions.tiers import tiers
from ltv_bayes.value.decisions.upside import upside
from ltv_bayes.value.draws.passes import Columns
from ltv_bayes.value.draws.results import Results
from ltv_bayes.value.draws.storage import Draws, refuse_place, write_draws, write_tables
from ltv_bayes.value.draws.valuation import JUDGED, REALISED, Components, Valuation, added
from ltv_bayes.value.influence.audit import audit
from ltv_bayes.value.influence.conflicts import conflicts
from ltv_bayes.value.influence.double_counting import opinions
from ltv_bayes.value.influence.power_scaling import power_scaling
from ltv_bayes.value.influence.sensitivity import judgement_share, sensitivity, tornado, with_and_without
from ltv_bayes.value.influence.shares import share_of
from ltv_bayes.value.notes import notes_on
from ltv_bayes.value.segments.segments import by

TOTAL = "total"


@dataclass(frozen=True)
class ValueSettings:
    """On which terms a value was computed."""

    terms: Terms
    margin: str
    random_seed: int
    realised: bool = False
    exceptions: str = ""

    @property
    def place(self) -> int:
        """Position of the horizon among those that were asked for."""
        return len(self.terms.horizons) - 1

    def __str__(self) -> str:
        as_of = f" from {self.terms.as_of}" if self.terms.as_of else ""
        rate = self.terms.discount_rate
        discount = f"discounted at {100 * rate:.3g}% a year" if rate else "not discounted"
        past = "; realised value, not discounted, included" if self.realised else ""
        return f"{self.terms.horizon}{as_of}, {discount}, margin {self.margin}{self.exceptions}{past}"


@dataclass(frozen=True, eq=False, repr=False)
class LifetimeValue(Printed):
    """Lifetime values as draws, with the summaries that a report needs.

    Attributes
    ----------
    results : Results
        What was computed, at all horizons.
    settings : ValueSettings
        Horizon, discount, margin, seed.
    caution : str
        What every table must say; empty when nothing.
    """

    results: Results
    settings: ValueSettings
    caution: str = ""

    @property
    def valuation(self) -> Valuation:
        """How every source of money is valued, for any customers."""
        return self.results.valuation

    @property
    def customers(self) -> Customers:
        """Who was valued."""
        return self.valuation.customers

    @property
    def sources(self) -> list[str]:
        """Where money comes from: realised, the streams, judged."""
        return self.valuation.sources

    @property
    def currency(self) -> str | None:
        """Currency of the values."""
        return self.customers.currency

    @property
    def future_value(self) -> FutureValuePriors | None:
        """What experts expect."""
        return self.valuation.future_value

    @property
    def horizons(self) -> list[str]:
        """The horizons that were asked for, from the shortest to the longest."""
        return [str(horizon) for horizon in self.valuation.terms.horizons]

    def at(self, horizon: Any) -> "LifetimeValue":
        """The value up to another of the horizons that were asked for, from the same draws.

        They are the draws of the longest horizon without what comes later.

        Parameters
        ----------
        horizon : str or Duration
            One of `horizons`.

        Raises
        ------
        InputError
            If it was not asked for.

        Examples
        --------
        ``lifetime_value(..., horizon=["1 year", "3 years"]).at("1 year").summary()``
        """
        days = as_duration(horizon).days
        place = next(
            (k for k, one in enumerate(self.valuation.terms.horizons) if abs(one.days - days) <= SAME * days), None
        )
        if place is None:
            raise InputError(
                f"Values were not made at {horizon}, but at {', '.join(self.horizons)}. "
                f"Ask for it: lifetime_value(..., horizon=[..., {str(as_duration(horizon))!r}])."
            )
        return replace(self, settings=replace(self.settings, terms=self.valuation.terms.until(place)))

    @functools.cached_property
    def components(self) -> xr.Dataset:
        """Every draw of every source of money, after margin and discount.

        Returns
        -------
        xarray.Dataset
            One variable per source, of shape (chain, draw, customer_id), in the customers' currency.

        Raises
        ------
        InputError
            If the draws were not kept and do not fit in memory.
        """
        kept = self.results.keep()
        return xr.Dataset(
            {name: self._labelled(every[self.settings.place], name) for name, every in kept.money.items()}
        )

    @functools.cached_property
    def draws(self) -> xr.DataArray:
        """Total value of each customer: (chain, draw, customer_id), predictive."""
        total = functools.reduce(operator.add, self.components.data_vars.values())
        return total.rename("lifetime_value").assign_attrs(self._attrs())

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per customer: mean, sd, median, interval of what they will really bring, and the judged share.

        Parameters
        ----------
        ci_prob : float, optional
            Probability of the interval; ArviZ's setting where not given.
        ci_kind : {"eti", "hdi"}, optional
            Equal-tailed or highest-density interval; ArviZ's setting where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id; money in the customers' currency. ``judged_share`` is the part of the mean that
            rests on judgement.
        """
        ids, found = self.results.summaries(interval_settings(ci_prob, ci_kind))
        return self._table(ids, found[self.settings.place])

    def book(self) -> Components:
        """Money of all customers within each draw up to the horizon, an array (draws,) for each source."""
        return self._up_to_horizon(self.results.flows())

    def of_customer(self, customer_id: Any) -> Components:
        """Money of one customer within each draw up to the horizon, an array (draws,) for each source."""
        return self._up_to_horizon(self.results.flows(customer_id))

    def total(self) -> xr.DataArray:
        """Value of the whole book: the sum over customers within each draw, of shape (chain, draw)."""
        return self._over_draws(added(self.book())).rename("total")

    def probability_above(self, threshold: float) -> pd.Series:
        """Probability that each customer brings more than an amount.

        Returns
        -------
        pandas.Series
            Indexed by customer_id, between 0 and 1.
        """
        threshold = as_number(threshold, "threshold")
        shares = self.results.shares_above(threshold, self.settings.place)
        return pd.Series(shares, index=self.customers.ids, name=f"probability_above_{threshold:g}")

    def explain(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Where the value comes from: each component and the total, with its interval.

        Parameters
        ----------
        customer_id
            One customer; the whole book when left out.

        Returns
        -------
        pandas.DataFrame
            Indexed by component (realised, streams, judged, total): mean, sd, median, interval, share of the mean.
            The interval of the total is that of the added draws, not the sum of the intervals.
        """
        picked = self.book() if customer_id is None else self.of_customer(customer_id)
        prob, kind = interval_settings(ci_prob, ci_kind)
        rows = np.sort(np.stack([*picked.values(), added(picked)]), axis=1)
        table = pd.DataFrame(summarize_sorted(rows, prob, kind), index=pd.Index([*picked, TOTAL], name="component"))
        table["share"] = share_of(table["mean"].to_numpy(), table.loc[TOTAL, "mean"])
        table = flagged(table, self.caution)
        table.attrs = {
            "subject": "all customers" if customer_id is None else str(customer_id),
            "currency": self.currency or "",
            "interval": describe_interval(prob, kind),
            "settings": str(self.settings),
        }
        return table

    def without_judgement(self) -> "LifetimeValue":
        """The same value without judgement.

        The rest keeps its draws, unless judgements tell the streams something (who is alive, which purchases stand in
        the pipeline, opinions on whole values): that is taken back too, and the book is valued anew.

        Raises
        ------
        InputError
            If nothing else is valued.
        """
        if self.sources == [JUDGED]:
            raise InputError("Nothing but judgement is in this value, so nothing is left without it. Add a stream.")
        return replace(self, results=self.results.without_judged())

    # Methods like the others: functions of a value, each written with its docstring in the file that answers it.
    by_horizon = by_horizon
    cash_flow = cash_flow
    by = by
    tiers = tiers
    upside = upside

    judgement_share = judgement_share
    with_and_without = with_and_without
    sensitivity = sensitivity
    tornado = tornado
    power_scaling = power_scaling
    conflicts = conflicts
    opinions = opinions
    audit = audit

    def write_summary(self, path: str | Path, ci_prob: float | None = None, ci_kind: str | None = None) -> Path:
        """Write one row per customer, as in `summary`, to a Parquet file: for books whose table is large itself.

        Customers are valued stretch by stretch; memory does not grow with their number. The file is there whole or
        not at all, and replaces one of the same name.

        Parameters
        ----------
        path : str or Path
            Ending in ``.parquet``.
        ci_prob, ci_kind
            Interval, as in `summary`.

        Raises
        ------
        InputError
            If the path does not say the format, is a folder, or the customers live in it.
        """
        interval = interval_settings(ci_prob, ci_kind)
        notes = {**self._attrs(), "interval": describe_interval(*interval), "caution": self.caution}
        found = self.results.summaries_by_stretch(interval, self.settings.place)
        tables = (self._table(stretch.ids, columns) for stretch, columns in found)
        return write_tables(tables, self._place_for(path, ".parquet"), notes)

    def write_draws(self, path: str | Path) -> Path:
        """Write every draw of every customer and source, without ever holding all of them in memory.

        Parameters
        ----------
        path : str or Path
            ``draws.parquet``: one row per customer and draw, with customer_id, chain, draw, the money of each source,
            and total. ``draws.zarr``: arrays (chain, draw, customer_id) in a group ``lifetime_value``, which
            ``xarray.open_datatree(path, engine="zarr")`` opens without reading them, and ArviZ plots.

        Raises
        ------
        InputError
            If the path does not say the format, is a folder of another kind, or the customers live in it.

        Notes
        -----
        Before compression the draws of one horizon take 8 bytes x draws x customers x (sources + 1).
        """
        place = self._place_for(path, ".parquet", ".zarr")
        draws = Draws(self.results.draws_by_stretch(self.settings.place), self.valuation, self._attrs())
        return write_draws(draws, place)

    @property
    def bytes_of_draws(self) -> int:
        """Memory that the draws of all customers and sources take, with their total, at every horizon."""
        return self.valuation.bytes_needed

    def to_datatree(self) -> xr.DataTree:
        """Lay out total and components for ArviZ: group ``lifetime_value``, dimensions (chain, draw, customer_id)."""
        dataset = self.components.assign({TOTAL: self.draws})
        return xr.DataTree.from_dict({"lifetime_value": dataset.assign_attrs(self._attrs())})

    @property
    def has_streams(self) -> bool:
        """Whether anything but judgements and the past is valued."""
        return bool(set(self.sources) - {REALISED, JUDGED})

    def notes(self) -> list[str]:
        """What the reader should know before relying on the numbers."""
        return list(self._notes)

    @functools.cached_property
    def _notes(self) -> list[str]:
        return notes_on(self)

    def _up_to_horizon(self, flows: Components) -> Components:
        """Add periods up to the horizon: an array (draws,) for each source."""
        until = self.valuation.terms.periods_until()[self.settings.place]
        return {name: money[:until].sum(axis=0) for name, money in flows.items()}

    def _table(self, ids: pd.Index, columns: Columns) -> pd.DataFrame:
        """A summary, with the judged share in place of the means of sources."""
        shown = {name: values for name, values in columns.items() if not name.startswith("mean_")}
        if JUDGED in self.sources:
            shown["judged_share"] = share_of(columns[f"mean_{JUDGED}"], columns["mean"])
        return flagged(pd.DataFrame(shown, index=ids), self.caution, self.currency)

    def _place_for(self, path: str | Path, *suffixes: str) -> Path:
        """Read where something is to be written, and refuse the files that customers live in."""
        place = Path(path).expanduser()
        refuse_place(place, suffixes)
        if place.resolve() in self.customers.files:
            raise InputError(f"The customers live in {place.name}, so nothing else can be written there.")
        return place

    def _labelled(self, values: np.ndarray, name: str) -> xr.DataArray:
        arranged = values.reshape(len(self.customers), *self.valuation.shape).transpose(1, 2, 0)
        return labelled(arranged, self.customers.ids, name, units=self.currency or "currency of the data")

    def _over_draws(self, values: Any) -> xr.DataArray:
        chains, draws = self.valuation.shape
        coords = {"chain": np.arange(chains), "draw": np.arange(draws)}
        shaped = np.reshape(values, self.valuation.shape)
        return xr.DataArray(shaped, dims=("chain", "draw"), coords=coords, attrs=self._attrs())

    def _attrs(self) -> dict[str, str]:
        """What values say of themselves where they are stored."""
        return {
            "units": self.currency or "currency of the data",
            "settings": str(self.settings),
            "random_seed": str(self.settings.random_seed),
        }

    def _page(self) -> ResultPage:
        whole = self.explain()
        low, high = (name for name in whole.columns if name.endswith(("_lb", "_ub")))
        total = whole.loc[TOTAL]
        lines = [
            f"Lifetime value of {counted(len(self.customers), 'customer')}: {self.settings}",
            f"total: mean {self._money(total['mean'])}, median {self._money(total['median'])}, "
            f"{whole.attrs['interval']} {self._money(total[low])} to {self._money(total[high])}",
        ]
        lines += [
            f"  {label(name)}: mean {self._money(row['mean'])} ({percent(row['share'])})"
            for name, row in whole.drop(TOTAL).iterrows()
        ]
        lines += [f"note: {note}" for note in self.notes()]
        return ResultPage(lines, currency=self.currency)

    def _repr_html_(self) -> str:
        return replace(self._page(), table=self.summary(), rows=10).as_html()

    def _money(self, amount: float) -> str:
        return with_currency(money(amount, self.currency), self.currency)
