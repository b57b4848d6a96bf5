"""Lifetime value: streams and judgements added draw by draw, for each customer."""

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers import Customers, require_customers
from ltv_bayes.errors import InputError, counted
from ltv_bayes.formatting import label, money, percent, with_currency
from ltv_bayes.intervals import describe_interval, flagged, interval_settings, summarize_sorted
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.predictions.fitted import labelled
from ltv_bayes.random_streams import as_seed
from ltv_bayes.streams.stream import Stream
from ltv_bayes.streams.together import (
    common_shape,
    refuse_unknown_ends,
    require_distinct_names,
    require_hosts,
    require_one_use,
)
from ltv_bayes.tables import readable
from ltv_bayes.terms import SAME, Terms
from ltv_bayes.time_units import as_duration, as_number
from ltv_bayes.value.margins import Margin, Margins
from ltv_bayes.value.notes import notes_on, warn_of_scale
from ltv_bayes.value.one_pass import Columns
from ltv_bayes.value.over_time import cash_flow_table, horizons_table
from ltv_bayes.value.overlap import opinions_table, warn_of_double_count
from ltv_bayes.value.results import Results
from ltv_bayes.value.shares import share_of
from ltv_bayes.value.storage import Draws, refuse_place, write_draws, write_tables
from ltv_bayes.value.valuation import BATCH, JUDGED, REALISED, Components, Valuation, added

if TYPE_CHECKING:
    from ltv_bayes.value.segments import SegmentValues

TOTAL = "total"
RESERVED = (REALISED, JUDGED, TOTAL, "chain", "draw", "customer_id")
DRAWS_WITHOUT_FITS = (4, 1000)
KEPT_WITHOUT_ASKING = 2 * 2**30


def lifetime_value(
    customers: Customers,
    streams: Sequence[Stream] | Stream = (),
    *,
    future_value: FutureValuePriors | None = None,
    horizon: Any,
    discount_rate: float = 0.0,
    margin: float | str | Mapping[Any, float] | pd.Series = 1.0,
    realised: bool = False,
    random_seed: int | None = None,
    keep_draws: bool | None = None,
    progressbar: bool = False,
) -> "LifetimeValue":
    """Value each customer over the horizon: draws of the money they will really bring, not of its expectation.

    Parameters
    ----------
    customers : Customers
        Who is valued, as of when, in which currency.
    streams : sequence of Stream, or one
        What they pay for, such as ``[RepeatPurchases(purchases, spend)]``.
    future_value : FutureValuePriors, optional
        Opportunities judged by experts, added draw by draw.
    horizon : str or Duration, or several
        How far ahead, with its unit: ``"3 years"``. Money after it does not count. Of several,
        ``["1 year", "2 years", "3 years"]``, the longest is the one reported unless another is asked for by
        `LifetimeValue.at`; all come from the same draws, in one pass. A judged opportunity without a date may come on
        any day of the longest.
    discount_rate : float
        Annual and effective, 0.10 for 10% a year; every payment is discounted at its own date.
    margin : float, column name, or mapping from id to float
        Share of revenue that is kept, between 0 and 1; applied to streams, judgements and what was realised.
    realised : bool
        Whether the total includes what customers have brought so far (``total_value`` of their table, undiscounted).
    random_seed : int, optional
        The same seed gives the same draws for a customer, whoever else is valued.
    keep_draws : bool, optional
        Whether to keep every draw in memory. If not said, up to 2 GiB are kept; beyond, and for customers in a file,
        customers are valued stretch by stretch in one pass when a summary is asked for, with the same result.
    progressbar : bool
        Whether to show progress.

    Returns
    -------
    LifetimeValue
        Draws of shape (chain, draw, customer_id) with their summaries.

    Raises
    ------
    InputError
        If nothing is given to value, a margin is out of range or missing, a judged customer is unknown, or opinions on
        whole values have no stream to be combined with.
    """
    require_customers(customers)
    streams = list(streams) if isinstance(streams, Sequence) else [streams]
    _require_kinds(streams, future_value)
    terms = Terms.read(horizon, discount_rate, customers.as_of)
    if not streams and future_value is None and not realised:
        raise InputError(
            "There is nothing to value. Give streams=[RepeatPurchases(purchases, spend)] or future_value=."
        )
    require_distinct_names(streams, RESERVED)
    require_hosts(streams)
    require_one_use(streams)
    margins, seed = _margins(customers, streams, margin), as_seed(random_seed)
    if future_value is not None:
        future_value.require_known(customers)
        if not streams:
            future_value.refuse_opinions_alone()
        warn_of_scale(customers, future_value)
        warn_of_double_count(customers, streams, future_value, terms)
        future_value.require_visible_share()
        future_value.check_shown_in_time(terms)
    for stream in streams:
        stream.check(customers)
    refuse_unknown_ends(streams, customers)
    shape = common_shape([*streams, *([] if future_value is None else [future_value])]) or DRAWS_WITHOUT_FITS
    valuation = Valuation(customers, tuple(streams), future_value, terms, margins, seed, shape, realised)
    first = next(iter(customers.batches(BATCH)))
    valuation.of(first)  # so that what cannot be valued is refused at once
    settings = ValueSettings(terms, margins.usual.text, seed, realised, _exceptions(streams, margins))
    cautions = [stream.caution for stream in streams if stream.caution]
    results = Results(valuation, progressbar=progressbar)
    small = customers.in_memory and valuation.bytes_needed <= KEPT_WITHOUT_ASKING
    if small if keep_draws is None else keep_draws:
        results.keep()
    return LifetimeValue(results, settings, cautions[0] if cautions else "")


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
class LifetimeValue:
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

    def by_horizon(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """How value grows with the horizon: one row for each horizon asked for, up to this one.

        Parameters
        ----------
        customer_id
            One customer; the whole book when left out.

        Returns
        -------
        pandas.DataFrame
            Indexed by horizon: mean, sd, median, interval, and the mean of each source under ``mean_`` and its name.
        """
        return horizons_table(self, customer_id, interval_settings(ci_prob, ci_kind))

    def cash_flow(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Value per future year: what comes in each year, at today's worth if values are discounted.

        Parameters
        ----------
        customer_id
            One customer; the whole book when left out.

        Returns
        -------
        pandas.DataFrame
            Indexed by year (1 is the year after the as-of date; the last may be a part of one): until (its end, in
            years), mean, sd, median, interval, and the mean of each source under ``mean_`` and its name. What was
            realised before is no future money and not among it.
        """
        return cash_flow_table(self, customer_id, interval_settings(ci_prob, ci_kind))

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

    def judgement_share(self) -> pd.Series:
        """How much of the book is judgement: its share of the mean, and of the variance of the total.

        The share of variance is Cov(judged, total) / Var(total), so the shares of all components add up to 1.
        """
        if JUDGED not in self.sources:
            return pd.Series({"mean": 0.0, "variance": 0.0}, name="judgement_share")
        book = self.book()
        judged, total = book[JUDGED], added(book)
        covariance = np.cov(judged, total)
        shares = {
            "mean": float(share_of(judged.mean(), total.mean())),
            "variance": float(share_of(covariance[0, 1], covariance[1, 1])),
        }
        return pd.Series(shares, name="judgement_share")

    def opinions(self) -> pd.DataFrame:
        """What became of opinions on customers' whole future value, beside the model's draws.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id: probability and median as stated; model_median and median of the total within the
            longest horizon, not discounted and before margin; pareto_k of the weights of the draws above 0, which can
            be trusted below 0.7: minus infinity where they are nearly alike or bounded, infinite where hardly a draw
            agrees with the opinion.
        """
        return opinions_table(self.valuation)

    def with_and_without(
        self, customer_id: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """The value with judgement beside the value without it.

        Parameters
        ----------
        customer_id
            One customer; the whole book when left out.

        Returns
        -------
        pandas.DataFrame
            Three rows, with judgement, without judgement, what judgement adds: mean, sd, median, interval.

        Raises
        ------
        InputError
            If nothing is judged.
        """
        from ltv_bayes.value.sensitivity import with_and_without

        return with_and_without(self, customer_id, interval_settings(ci_prob, ci_kind))

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

    def sensitivity(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """How much of the book each judgement is, and what the book is without it.

        Parameters
        ----------
        ci_prob : float, optional
            Probability of the interval; ArviZ's setting where not given.
        ci_kind : {"eti", "hdi"}, optional
            Equal-tailed or highest-density interval; ArviZ's setting where not given.

        Returns
        -------
        pandas.DataFrame
            One row for each source as it is without judgement; one for what judgements change about these, such as who
            is alive, if they do; then one for each judgement, the largest mean first: source,
            customer_id, opportunity, expert; mean (of its money within the value); mean_share and variance_share,
            Cov(part, total) / Var(total), each of which adds up to 1 over all rows; mean, median and interval of the
            book without it under ``without_``.

        Raises
        ------
        InputError
            If nothing is judged.

        Notes
        -----
        Beyond the totals of the book only judged customers are looked at, unless judgements change what streams bring:
        then the book is valued a second time, without them. The part of an opinion on a whole value is by how much it
        changes that.
        """
        from ltv_bayes.value.sensitivity import sensitivity_table

        return sensitivity_table(self, interval_settings(ci_prob, ci_kind))

    def tornado(self, statistic: Literal["mean", "median"] = "mean") -> pd.DataFrame:
        """Which judgements matter: the book if one opportunity is known not to come, or to come.

        An opinion on a whole value is settled likewise: the customer brings nothing, or the low or high amount.

        Parameters
        ----------
        statistic : {"mean", "median"}
            Of the book.

        Returns
        -------
        pandas.DataFrame
            One row for each judgement: customer_id, opportunity, expert; the book if it does not come (absent), if it
            comes with its low amount (at_low) and with its high one (at_high), of which each is passed with one chance
            in ten, after recalibration; swing = at_high - absent, the largest first. ``attrs["book"]`` is the book as
            it stands.

        Raises
        ------
        InputError
            If nothing is judged, or the statistic is unknown.
        """
        from ltv_bayes.value.sensitivity import tornado_table

        if statistic not in ("mean", "median"):
            raise InputError(f"statistic must be 'mean' or 'median', not {statistic!r}.")
        return tornado_table(self, statistic)

    def power_scaling(self, alphas: tuple[float, float] = (0.8, 1.25), ci_prob: float | None = None) -> pd.DataFrame:
        """What becomes of the book if a judgement, or a model's priors, are held more or less firmly.

        The density of each is raised to a power: below 1 it is held more loosely, above 1 more firmly.

        Parameters
        ----------
        alphas : (float, float)
            Two powers, one below 1 and one above.
        ci_prob : float, optional
            Probability of the equal-tailed interval; ArviZ's setting where not given.

        Returns
        -------
        pandas.DataFrame
            A row for all judgements, for those of each expert, for each judgement alone, and for the priors of each
            fit: mean_change and the changes of the interval's ends for each doubling of the power, in money;
            sensitivity, the largest of the three over the interval's width, and noticeable where that is above 0.05.
            Of priors also pareto_k, and in note what cannot be known or trusted.

        Notes
        -----
        Nothing but themselves stands behind judgements, so their draws are made anew from the scaled density: log-odds
        times the power, and the standard deviation of the logarithm of an amount over its root. A firmer 60% becomes
        more than 60%, since 60% leans to yes. Priors of models are scaled by importance weights of the posterior draws,
        which Pareto k judges: at 0.7 or above, fit again with other priors instead. Densities of positive parameters
        are those of their logarithm, so that a log-normal prior keeps its median too. An opinion on a whole value takes
        its customer's draws out of their places, which weights cannot follow; ``note`` says so.

        References
        ----------
        Kallioinen, Paananen, Bürkner & Vehtari (2024), Detecting and diagnosing prior and likelihood sensitivity with
        power-scaling, Statistics and Computing 34, 57.
        """
        from ltv_bayes.value.power_scaling import power_scaling_table

        return power_scaling_table(self, alphas, interval_settings(ci_prob, "eti")[0])

    def conflicts(self, threshold: float = 0.01, gone: float = 0.2) -> pd.DataFrame:
        """Where judgement and model disagree beyond chance.

        Two questions for each opportunity of a client with a stream of repeat purchases: is the amount further out
        than an order of this client would be, and is the client still there? Where several such streams know a client,
        the amount is compared with the one whose orders are most like it. Opinions on whole values are no orders; see
        `opinions` for these.

        Parameters
        ----------
        threshold : float
            Probability that an order of the client lies as far out as the judged amount's median, on either side,
            below which that is a conflict. Of judgements in line with the model about so many are flagged by chance.
        gone : float
            Probability of being active below which a client is held for gone, if more than that is judged.

        Returns
        -------
        pandas.DataFrame
            One row for each opportunity of a client whom such a stream knows: customer_id, opportunity, expert,
            probability and judged_amount as used, expected_order, tail_probability, probability_alive, conflict, and
            the reason in words; conflicts first.

        Raises
        ------
        InputError
            If nothing is judged, or no stream of repeat purchases is valued.

        Notes
        -----
        A conflict is a question to the expert, not a mistake: the opportunity may be larger than anything this client
        ever bought.
        """
        from ltv_bayes.value.conflicts import conflicts_table

        return conflicts_table(self, threshold, gone)

    def audit(self) -> pd.DataFrame:
        """Where each judgement comes from, and what it brings: stated, recalibrated, used, by whom, when.

        Returns
        -------
        pandas.DataFrame
            As `FutureValuePriors.audit`, with used (mean of its money in the value, discounted and after margin) and
            used_share (its share of the book's mean). `write_table` writes it to a file.

        Raises
        ------
        InputError
            If nothing is judged.
        """
        from ltv_bayes.value.audit import value_audit_table

        return value_audit_table(self)

    def by(
        self, column: str | Sequence[str] | pd.Series | Mapping[Any, Any], *, weight: str | None = None
    ) -> "SegmentValues":
        """Group customers by an attribute, or by several, and add their draws.

        Parameters
        ----------
        column : str, list of str, Series or mapping
            A column of ``customers.table``; several, for segments such as "Energy / North"; or the segment of each
            customer id. Customers without a value form a segment of their own.
        weight : str, optional
            What a customer counts by in the mean per customer: ``"revenue"``, what they have brought so far
            (``total_value`` of their table, nothing where refunds exceed it), or a column. Equally, if not given.
        """
        from ltv_bayes.value.segments import segment_values

        return segment_values(self, column, weight)

    def tiers(self, shares: Sequence[float] = (0.2, 0.3, 0.5), names: Sequence[str] | None = None) -> pd.DataFrame:
        """How surely each customer belongs to the top 20%, the next 30%, the rest: ranked within each draw.

        Parameters
        ----------
        shares : sequence of float
            What share of the customers each tier has, the best first; they add up to 1.
        names : sequence of str, optional
            Names of the tiers, such as ``["A", "B", "C"]``; by their place, such as "top 20%", if not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id, the surest of the best tier first: mean, ``probability_<tier>`` for each tier, and
            tier, the likeliest. Probabilities add up to 1 for each customer, and to the tier's share over all.
            `write_table` writes it to a file.

        Raises
        ------
        UnitError
            If the shares do not add up to 1.
        InputError
            If the customers are too many to rank in memory.

        Notes
        -----
        A draw is what customers will really bring, luck included, so few are sure of their tier. Customers who bring
        the same in a draw, such as nothing, share its places. Up to 2 GiB of draws are ranked: where all of them take
        more, evenly spaced ones, at least 100; ``attrs["draws"]`` says how many.
        """
        from ltv_bayes.value.tiers import tiers_table

        return tiers_table(self, shares, names)

    def upside(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Who has value that is not yet realised, and why: money to come, modelled and judged, beside money so far.

        Parameters
        ----------
        ci_prob : float, optional
            Probability of the interval; ArviZ's setting where not given.
        ci_kind : {"eti", "hdi"}, optional
            Equal-tailed or highest-density interval; ArviZ's setting where not given.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id, the most to come first: realised (so far, after margin; missing where the table does
            not say it), modelled and judged (means of what is to come), upside (their sum) with its interval,
            probability_above_realised, and the reason in words. `write_table` writes it to a file.

        Notes
        -----
        The interval is predictive: of what the customer will really bring within the horizon, luck included.
        """
        from ltv_bayes.value.upside import upside_table

        return upside_table(self, interval_settings(ci_prob, ci_kind))

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
        return flagged(pd.DataFrame(shown, index=ids), self.caution)

    def _place_for(self, path: str | Path, *suffixes: str) -> Path:
        """Read where something is to be written, and refuse the files that customers live in."""
        place = Path(path).expanduser()
        refuse_place(place, suffixes)
        if place.resolve() in self.customers.files:
            raise InputError(f"The customers live in {place.name}, so nothing else can be written there.")
        return place

    def _labelled(self, values: np.ndarray, name: str) -> xr.DataArray:
        arranged = values.reshape(len(self.customers), *self.valuation.shape).transpose(1, 2, 0)
        return labelled(arranged, self.customers, name, units=self.currency or "currency of the data")

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

    def __repr__(self) -> str:
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
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes())])

    def _repr_html_(self) -> str:
        heading = escape(repr(self)).replace("\n", "<br>")
        return f"<p>{heading}</p>{readable(self.summary(), self.currency).to_html(max_rows=10)}"

    def _money(self, amount: float) -> str:
        return with_currency(money(amount, self.currency), self.currency)


def _require_kinds(streams: Sequence[Any], future_value: Any) -> None:
    """Say how to make streams and judgements, where something else was given."""
    for stream in streams:
        if not (hasattr(stream, "prepare") and hasattr(stream, "shape")):
            raise InputError(
                f"A {type(stream).__name__} is no stream of money. "
                f"Pass RepeatPurchases(purchases, spend), made of two fits."
            )
    if future_value is not None and not isinstance(future_value, FutureValuePriors):
        raise InputError(
            f"future_value is a {type(future_value).__name__}. Make it with FutureValuePriors.from_judgements(...)."
        )


def _margins(customers: Customers, streams: Sequence[Stream], usual: Any) -> Margins:
    """Read the margin of the value, and those of streams that have their own."""
    own = {stream.name: Margin.read(customers, stream.margin) for stream in streams if stream.margin is not None}
    return Margins(Margin.read(customers, usual), own)


def _exceptions(streams: Sequence[Stream], margins: Margins) -> str:
    """Say which streams have a margin or a discount rate of their own."""
    said = []
    for stream in streams:
        parts = [f"margin {margins.own[stream.name].text}"] if stream.name in margins.own else []
        if stream.discount_rate is not None:
            parts.append(f"discounted at {100 * stream.discount_rate:.3g}%")
        said += [f"{label(stream.name)} {', '.join(parts)}"] if parts else []
    return f" ({'; '.join(said)})" if said else ""
