"""Lifetime value: the draws of each customer's money, and what an analyst asks of them."""

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

import ltv_bayes as lb
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.formatting import label
from ltv_bayes.intervals import describe_interval, interval_settings
from ltv_bayes.language import _, comma, retold
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.over_customers import labelled
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import as_number
from ltv_bayes.value.decisions import breakdown
from ltv_bayes.value.decisions.ranking import Statistic, ranked
from ltv_bayes.value.decisions.tiers import tiers
from ltv_bayes.value.decisions.upside import upside
from ltv_bayes.value.draws.storage import place_for, write_draws, write_tables
from ltv_bayes.value.draws.valuation import bytes_of_draws
from ltv_bayes.value.in_words import heading, totals
from ltv_bayes.value.influence.judgement_in_value import JudgementInValue
from ltv_bayes.value.notes import notes_on
from ltv_bayes.value.segments.segments import SegmentValues, values_by
from ltv_bayes.value.valued import TOTAL, Valued, ValueSettings, above_column, customer_table, stored_attrs


@dataclass(frozen=True, eq=False, repr=False)
class LifetimeValue(Printed):
    """Lifetime values as draws, with the summaries that a report needs; made by `lifetime_value`.

    ``repr(ltv)`` shows the terms and what is at hand, and computes nothing. ``print(ltv)`` writes the whole statement:
    the total, each source, the notes; it goes over the customers if that has not been done. A notebook's cell shows
    the statement and the table of customers where they are at hand, which they are if draws are kept (by default up
    to 2 GiB); else it shows what ``repr`` does.
    """

    _valued: Valued

    @property
    def customers(self) -> Customers:
        """The customers who were valued."""
        return self._valued.customers

    @property
    def currency(self) -> str | None:
        """Currency of the values."""
        return self._valued.currency

    @property
    def settings(self) -> ValueSettings:
        """Horizon, discount, margin, seed."""
        return self._valued.settings

    @property
    def judgement(self) -> JudgementInValue:
        """Questions about judgement: its share, what is left without it, which judgements matter."""
        return JudgementInValue(self._valued)

    def at(self, horizon: Any) -> "LifetimeValue":
        """The value up to another of the horizons that were asked for, from the same draws.

        They are the draws of the longest horizon without later payments.

        Parameters
        ----------
        horizon : str or Duration
            One of those given to `lifetime_value`.

        Raises
        ------
        InputError
            If it was not asked for.

        Examples
        --------
        ``lifetime_value(..., horizon=["1 year", "3 years"]).at("1 year").summary()``
        """
        return LifetimeValue(self._valued.at(horizon))

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
        value, kept = self._valued, self._valued.results.keep()
        shape, place = (len(value.customers), *value.valuation.shape), value.settings.place
        found = {name: every[place].reshape(shape).transpose(1, 2, 0) for name, every in kept.money.items()}
        return xr.Dataset(
            {name: labelled(draws, value.customers.ids, name, units=value.units) for name, draws in found.items()}
        )

    @functools.cached_property
    def draws(self) -> xr.DataArray:
        """Total value of each customer: (chain, draw, customer_id), predictive."""
        total = functools.reduce(operator.add, self.components.data_vars.values())
        return total.rename("lifetime_value").assign_attrs(stored_attrs(self._valued))

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per customer: mean, sd, median, interval of their revenue within the horizon, and the judged share.

        Parameters
        ----------
        ci_prob : float, optional
            Probability of the interval; ArviZ's setting where not given.
        ci_kind : {"eti", "hdi"}, optional
            Equal-tailed or highest-density interval; ArviZ's setting where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id; money in the customers' currency. The mean is that of what is expected given each
            draw of the parameters, so it has no luck of single draws. Where past revenue is included, ``realised`` and
            ``to_come`` are the two parts of the mean; ``judged_share`` is the part of it that rests on judgement.
        """
        ids, found = self._valued.results.summaries(interval_settings(ci_prob, ci_kind))
        return customer_table(self._valued, ids, found[self.settings.place])

    def ranked(
        self, statistic: Statistic = "mean", *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Who is worth most for what is still to come.

        Parameters
        ----------
        statistic : {"mean", "median"}
            What customers are ranked by. Most medians of single customers are 0 where few buy again.
        ci_prob, ci_kind
            Interval, as in `summary`.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id, the most to come first, and last those whose interval holds nothing to come, who
            have most likely left: realised, if past revenue is included, which does not count for the order; to_come
            (mean) and median_to_come with the interval; probability_of_more (of anything, be it a loss); and why
            a statistic lies outside the interval, or has none.
        """
        return ranked(self._valued, interval_settings(ci_prob, ci_kind), statistic)

    def total(self) -> xr.DataArray:
        """Value of the whole portfolio: the sum over customers within each draw, of shape (chain, draw).

        Its median and interval are those that tables show; the mean of tables is the sum of the customers' means.
        """
        values = self._valued.total().reshape(self._valued.valuation.shape)
        return labelled_draws(values, TOTAL, **stored_attrs(self._valued))

    def probability_above(self, threshold: float) -> pd.Series:
        """Probability that the value of each customer is above a ``threshold``, an amount.

        Returns
        -------
        pandas.Series
            Indexed by customer_id, between 0 and 1.
        """
        threshold = as_number(threshold, "threshold")
        shares = self._valued.results.shares_above(threshold, self.settings.place)
        return pd.Series(shares, index=self.customers.ids, name=above_column(threshold))

    def explain(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Where the value is from: each component and the total, with its interval.

        Parameters
        ----------
        customer_id
            One customer; the whole portfolio when left out.
        ci_prob, ci_kind
            Interval, as in `summary`.

        Returns
        -------
        pandas.DataFrame
            Indexed by component (realised, streams, judged, total): mean, sd, median, interval, share of the mean.
            The interval of the total is that of the added draws, not the sum of the intervals.
        """
        return breakdown.explain(self._valued, customer_id, interval_settings(ci_prob, ci_kind))

    def by_horizon(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """How value grows with the horizon: one row for each horizon asked for, up to this one.

        Parameters
        ----------
        customer_id
            One customer; the whole portfolio when left out.
        ci_prob, ci_kind
            Interval, as in `summary`.

        Returns
        -------
        pandas.DataFrame
            Indexed by horizon: mean, sd, median, interval, and the mean of each source under ``mean_`` and its name.
        """
        return breakdown.by_horizon(self._valued, customer_id, interval_settings(ci_prob, ci_kind))

    def cash_flow(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Value per future year: the money of each year, at today's worth if values are discounted.

        Parameters
        ----------
        customer_id
            One customer; the whole portfolio when left out.
        ci_prob, ci_kind
            Interval, as in `summary`.

        Returns
        -------
        pandas.DataFrame
            Indexed by year (1 is the year after the as-of date; the last may be a part of one): until (its end, in
            years), mean, sd, median, interval, and the mean of each source under ``mean_`` and its name. Past revenue
            is no future money and not among it.
        """
        return breakdown.cash_flow(self._valued, customer_id, interval_settings(ci_prob, ci_kind))

    def by(
        self,
        column: str | Sequence[str] | pd.Series | Mapping[Any, Any],
        *,
        weight: str | pd.Series | Mapping[Any, Any] | None = None,
    ) -> SegmentValues:
        """Group customers by an attribute, or by several, and add their draws.

        Parameters
        ----------
        column : str, list of str, Series or mapping
            A column of ``customers.table``; several, for segments such as "Energy / North"; or the segment of each
            customer id. Customers without a value form a segment of their own.
        weight : str, Series or mapping, optional
            What a customer counts by in the mean per customer: ``"revenue"``, their past revenue (``total_value`` of
            their table, nothing where refunds exceed it), a column, or the weight of each customer id. Equally, if not
            given.

        Raises
        ------
        ColumnError
            If there is no such column.
        InputError
            If a mapping names no customer who is valued, or a weight is missing or below 0.

        Warns
        -----
        DataWarning
            If a mapping holds unknown ids.
        """
        return values_by(self._valued, column, weight)

    def tiers(self, shares: Sequence[float] = (0.2, 0.3, 0.5), names: Sequence[str] | None = None) -> pd.DataFrame:
        """How surely each customer belongs to the top 20%, the next 30%, the rest, by what is still to come in a draw.

        Parameters
        ----------
        shares : sequence of float
            What share of the customers each tier has, the best first; they add up to 1.
        names : sequence of str, optional
            Names of the tiers, such as ``["A", "B", "C"]``; by their place, such as "top 20%", if not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id, the surest of the best tier first: realised, if past revenue is included, which does
            not count; mean (of what is still to come), ``probability_<tier>`` for each tier, and tier, the likeliest.
            Probabilities add up to 1 for each customer, and to the tier's share over all.
            `write_table` writes it to a file.

        Raises
        ------
        UnitError
            If the shares do not add up to 1.
        InputError
            If the customers are too many to rank in memory.

        Notes
        -----
        A draw is predictive, luck included, so few customers are sure of their tier. Customers with the same value in
        a draw, such as nothing, share its places. Up to 2 GiB of draws are ranked: where all of them take more, evenly
        spaced ones, at least 100; ``attrs["draws"]`` states the number.
        """
        return tiers(self._valued, shares, names)

    def upside(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Which customers have value that is not yet realised, and why: future money beside past revenue.

        Parameters
        ----------
        ci_prob, ci_kind
            Interval, as in `summary`.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id, in the order of `ranked`: realised (so far, after margin; missing where the table
            does not state it), modelled and judged (means of future money), upside (their sum) with its interval,
            probability_above_realised, and the reason in words. `write_table` writes it to a file.

        Notes
        -----
        The interval is predictive: of what the customer will really pay within the horizon, luck included.
        """
        return upside(self._valued, interval_settings(ci_prob, ci_kind))

    def to_html(self, path: str | Path, *, language: str | None = None, overwrite: bool = False, **beside: Any) -> Path:
        """Write a page for those who decide: ``lb.report(ltv, **beside).to_html(path)``.

        Parameters
        ----------
        path : str or Path
            Ending in ``.html``.
        language : {"en", "zh"}, optional
            The current language, if not given.
        overwrite : bool
            Whether a file that this package did not write is replaced.
        **beside
            What stands beside the value, as in ``by="industry"``, ``orders=orders``; see `report`.
        """
        return lb.report(self, **beside).to_html(path, language=language, overwrite=overwrite)

    def to_excel(
        self, path: str | Path, *, language: str | None = None, overwrite: bool = False, **beside: Any
    ) -> Path:
        """Write a workbook, ending in ``.xlsx``: ``path, language, overwrite, beside`` as in `to_html`."""
        return lb.report(self, **beside).to_excel(path, language=language, overwrite=overwrite)

    def without_judgement(self) -> "LifetimeValue":
        """The same value without judgement.

        The rest keeps its draws, unless streams are conditioned on judgements (who is alive, which purchases stand in
        the pipeline, opinions on whole values): that is taken back too, and the portfolio is valued anew.

        Raises
        ------
        InputError
            If nothing else is valued.
        """
        return LifetimeValue(self._valued.without_judgement())

    def write_summary(self, path: str | Path, ci_prob: float | None = None, ci_kind: str | None = None) -> Path:
        """Write one row per customer, as in `summary`, to a Parquet file: for tables that are large themselves.

        Customers are valued block by block; memory does not grow with their number. The file is there whole or not at
        all, and replaces one of the same name.

        Parameters
        ----------
        path : str or Path
            Ending in ``.parquet``.
        ci_prob, ci_kind
            Interval, as in `summary`.

        Raises
        ------
        InputError
            If the path does not name the format, is a folder, or the customers live in it.
        """
        value, interval = self._valued, interval_settings(ci_prob, ci_kind)
        notes = {**stored_attrs(value), "interval": describe_interval(*interval), "caution": value.caution}
        found = value.results.summaries_by_block(interval, value.settings.place)
        tables = (customer_table(value, block.ids, columns) for block, columns in found)
        return write_tables(tables, place_for(value, path, ".parquet"), notes)

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
            If the path does not name the format, is a folder of another kind, or the customers live in it.

        Notes
        -----
        Before compression the draws of one horizon take 8 bytes x draws x customers x (sources + 1).
        """
        return write_draws(self._valued, place_for(self._valued, path, ".parquet", ".zarr"))

    def to_datatree(self) -> xr.DataTree:
        """Lay out total and components for ArviZ: group ``lifetime_value``, dimensions (chain, draw, customer_id)."""
        dataset = self.components.assign({TOTAL: self.draws})
        return xr.DataTree.from_dict({"lifetime_value": dataset.assign_attrs(stored_attrs(self._valued))})

    def notes(self) -> list[str]:
        """What the reader should know before relying on the numbers."""
        return [retold(note) for note in self._notes]

    @functools.cached_property
    def _notes(self) -> list[str]:
        return notes_on(self._valued)

    def _page(self) -> ResultPage:
        """What is at hand."""
        value = self._valued
        size = bytes_of_draws(value.valuation) / 2**20
        number, memory = value.valuation.size, f"{size:,.1f} MiB" if size < 2**10 else f"{size / 2**10:,.2f} GiB"
        lines = [
            heading(value),
            *(totals(value) if value.results.has_totals else [_("of {names}", names=comma(map(label, value.sources)))]),
            _("{n:,} draws of each customer, kept in memory ({memory})", n=number, memory=memory)
            if value.results.kept
            else _("{n:,} draws of each customer, not kept (all would take {memory})", n=number, memory=memory),
        ]
        return ResultPage(lines, notes=[_("caution: {caution}", caution=value.caution)] if value.caution else [])

    def _statement(self) -> ResultPage:
        """Everything, computed if need be, but for the table of customers."""
        return ResultPage(
            [heading(self._valued), *totals(self._valued)],
            notes=[_("note: {note}", note=note) for note in self.notes()],
        )

    def __str__(self) -> str:
        return self._statement().as_text()

    def _repr_html_(self) -> str:
        results = self._valued.results
        if not (results.has_totals and results.has_summaries(interval_settings(None, None))):
            return self._page().as_html()
        return replace(self._statement(), table=self.summary(), rows=10, currency=self.currency).as_html()


def valued_of(ltv: LifetimeValue) -> Valued:
    """What the analyses, pictures and reports of a value start from."""
    return ltv._valued
