"""Values of segments: the draws of their customers, added."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.errors import ColumnError, DataWarning, suggestion
from ltv_bayes.formatting import label
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import bound_columns, flagged, interval_settings, summarize_draws
from ltv_bayes.language import N_, _, as_known
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.fitted import FittedModel, pooling_of
from ltv_bayes.streams.stream import Stream
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.value.decisions.ranking import Statistic, require_statistic
from ltv_bayes.value.draws.valuation import JUDGED, REALISED, added
from ltv_bayes.value.segments.compare import Options, best_of, compare_pairs, ranks_of
from ltv_bayes.value.segments.groupings import APART, SegmentGrouping, total_weights, weighting
from ltv_bayes.value.segments.next_customer import two_orders
from ltv_bayes.value.segments.segments_in_words import Region, Words, unseen_by_fit
from ltv_bayes.value.valued import Valued, ValueSettings, share_of, stored_attrs

PER_CUSTOMER, TOTAL, TO_COME = "per_customer", "total", "to_come_per_customer"
YIELD = N_("what today's customers will yield")
HAVE_YIELDED = N_("what today's customers have yielded and will yield")
LESS_IS_BETTER = ("dropout", "churn")


@dataclass(frozen=True, eq=False, repr=False)
class SegmentValues(Printed):
    """Draws of each segment's value; showing it summarises these, and goes over no customers.

    Attributes
    ----------
    column : str
        What the segments are made by.
    total : xarray.DataArray
        (chain, draw, segment): the segment's customers added within each draw.
    customers : pandas.Series
        Number of customers, indexed by segment.
    judged : xarray.DataArray or None
        The judged part of the total.
    levels : pandas.DataFrame or None
        Of several columns: what each segment is made of, indexed by segment.
    weighted : xarray.DataArray or None
        The weighted mean value of customers, under the name of the weight; equal weights if there is none.
    quantities : mapping
        Draws of what pooled fits know of the segments, such as their mean rate, by name.
    means : pandas.DataFrame or None
        Means given the draws of parameters, indexed by segment, of the measures of value and of the judged part of the
        total; those of the draws if not given.
    """

    column: str
    total: xr.DataArray
    customers: pd.Series
    judged: xr.DataArray | None
    currency: str | None
    settings: ValueSettings
    caution: str = ""
    levels: pd.DataFrame | None = None
    weighted: xr.DataArray | None = None
    quantities: Mapping[str, xr.DataArray] = field(default_factory=dict)
    means: pd.DataFrame | None = None

    @property
    def per_customer(self) -> xr.DataArray:
        """(chain, draw, segment): mean value per customer, of the customers that the segment has."""
        mean = self.total / self.customers.to_numpy() if self.weighted is None else self.weighted
        return mean.rename(PER_CUSTOMER).assign_attrs(self.total.attrs)

    @property
    def measures(self) -> list[str]:
        """What segments can be compared by, the usual measure first: values, and what pooled fits know of segments.

        Where past revenue is included, what is still to come is the usual one.
        """
        return [*([TO_COME] if self.so_far is not None else []), PER_CUSTOMER, TOTAL, *self.quantities]

    @property
    def so_far(self) -> pd.Series | None:
        """Past revenue per customer by segment, after margin; None where it is not included."""
        return None if self.means is None else self.means.get(REALISED)

    def draws(self, measure: str | None = None) -> xr.DataArray:
        """Draws of one measure, of shape (chain, draw, segment); ColumnError if there is no such measure."""
        measure = measure or self.measures[0]
        if measure not in self.measures:
            raise ColumnError(
                _(
                    "There is no measure {measure!r}. {suggestion}",
                    measure=measure,
                    suggestion=suggestion(str(measure), self.measures),
                )
            )
        if measure in self.quantities:
            return self.quantities[measure]
        if measure == TO_COME and self.so_far is not None:
            attrs = {**self.total.attrs, "settings": str(self.settings.to_come)}
            return (self.per_customer - self.so_far.to_numpy()).rename(TO_COME).assign_attrs(attrs)
        return self.per_customer if measure == PER_CUSTOMER else self.total

    def mean(self, measure: str | None = None) -> pd.Series:
        """Mean of one measure, indexed by segment: of values that of what is expected given each draw of parameters.

        The mean of a segment's total is the sum of its customers' means.
        """
        measure = measure or self.measures[0]
        if self.means is not None and measure in self.means:
            return self.means[measure]
        return self.draws(measure).mean(("chain", "draw"), skipna=False).to_series().rename(measure)

    def summary(
        self, ci_prob: float | None = None, ci_kind: str | None = None, *, statistic: Statistic = "median"
    ) -> pd.DataFrame:
        """One row per segment: customers, value per customer and total with their intervals, judged share.

        Parameters
        ----------
        ci_prob, ci_kind
            Interval, as in `LifetimeValue.summary`.
        statistic : {"median", "mean"}
            Which of the two stands first, and orders the segments.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, the one with the highest value per customer first; of each measure of value the median
            with its interval, then the mean; money in the customers' currency. Where past revenue is included, it has a
            column of its own, and what is still to come per customer orders the segments. Of several columns, these
            stand before the numbers.
        """
        require_statistic(statistic)
        tables = []
        for measure in [one for one in self.measures if one not in self.quantities]:
            found = summarize_draws(self.draws(measure), ci_prob=ci_prob, ci_kind=ci_kind)
            ends = bound_columns(found)
            names = ["median", *ends, "mean"] if statistic == "median" else ["mean", *ends, "median"]
            tables.append(found.assign(mean=self.mean(measure))[names].add_prefix(f"{measure}_"))
        levels = [] if self.levels is None else [self.levels]
        past = [] if self.so_far is None else [self.so_far.rename("realised_per_customer")]
        table = pd.concat([*levels, self.customers.rename("customers"), *past, *tables], axis=1)
        if self.judged is not None:
            drawn = self.judged.mean(("chain", "draw"), skipna=False).to_numpy()
            judged = drawn if self.means is None else self.means[JUDGED].to_numpy()
            table["judged_share"] = share_of(judged, table["total_mean"].to_numpy())
        other = "mean" if statistic == "median" else "median"
        order = [f"{self.measures[0]}_{name}" for name in (statistic, other)]
        return flagged(table.sort_values(order, ascending=False), self.caution, self.currency)

    def compare(
        self,
        measure: str | None = None,
        *,
        rope: float | None = None,
        rope_share: float | None = None,
        within: str | Sequence[str] | None = None,
        ci_prob: float | None = None,
        ci_kind: str | None = None,
    ) -> pd.DataFrame:
        """Compare every pair of segments: which is worth more, by how much, how surely.

        Parameters
        ----------
        measure : str
            What to compare: ``"per_customer"``, ``"total"``, or another of `measures`; the first of them if not given.
        rope : float, optional
            Region of practical equivalence: differences up to this amount either way do not matter.
        rope_share : float, optional
            The same as a share of the larger of the two.
        within : str or list of str, optional
            Of segments made by several columns, one or some of these: only pairs that have the same there are compared.

        Returns
        -------
        pandas.DataFrame
            One row per pair, the one that is higher in most draws as segment_a, as `compare` describes it: difference,
            interval (``ci_prob, ci_kind``), ratio, probabilities, expected losses, and a sentence to quote, which names
            the median difference. Segments that a fit has not seen have none of its quantities: they are left out, and
            named in ``attrs["left_out"]``. The difference is that of the means of `summary`; expected losses are of
            draws that are moved to it by a constant, since what a single draw adds to a mean is luck.

        Warns
        -----
        DataWarning
            If segments are left out.
        """
        measure = measure or self.measures[0]
        options = self._options(measure)
        region = Region.read(rope, rope_share)
        words = self._words(measure, interval_settings(ci_prob, ci_kind))
        labels = None if within is None else self._level(within)
        return self._noted(compare_pairs(options, region, words, labels), measure)

    def rank(self, measure: str | None = None, *, within: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Probability of each rank for each segment; rank 1 is the highest value, or the lowest churn.

        Parameters
        ----------
        measure : str
            One of `measures`; the first if not given.
        within : str or list of str, optional
            Of segments made by several columns, one or some of these: ranks among those that have the same there.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, columns ``rank_1`` ... ``rank_k`` and ``expected_rank``; rows add up to 1. Segments
            are left out as in `compare`.
        """
        measure = measure or self.measures[0]
        return self._noted(self._each(measure, within, ranks_of), measure)

    def best(
        self, measure: str | None = None, *, top: int = 3, within: str | Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Which segment to choose: its probability of being the best, and what choosing it may cost.

        Parameters
        ----------
        measure : str
            One of `measures`; the first if not given.
        top : int
            How many count as the top.
        within : str or list of str, optional
            As in `rank`: the best among those that have the same there.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, the one with the smallest expected loss first: mean, probability_best,
            ``probability_in_top_<top>``, and expected_loss, by how much the best segment of each draw exceeds this one,
            on average, the draws moved to the means as in `compare`. Segments are left out as there.
        """
        measure = measure or self.measures[0]
        return self._noted(self._each(measure, within, lambda options: best_of(options, top)), measure)

    def beside_next_customer(
        self, new: Any, *, ci_prob: float | None = None, ci_kind: str | None = None
    ) -> pd.DataFrame:
        """Two orders of segments: by what today's customers will yield, and by the value of the next customer.

        They answer different questions: whom to look after, and where to win customers. Today's customers have
        histories, many have left, and some segments are older than others.

        Parameters
        ----------
        new : NewCustomerValue
            What `new_customer_value` returned, of fits pooled by the same column.
        ci_prob, ci_kind
            Interval, as in `LifetimeValue.summary`.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, of those that both know: customers; the rank by each; the median of what is still to
            come per customer of today, and of the expected value of the next customer, with their intervals.
            ``attrs["agreement"]`` is the share of pairs that both orders put alike, ``attrs["sentence"]`` names the
            pairs that differ.

        Raises
        ------
        InputError
            If the value of the next customer is not by segments, or by others.
        """
        today = self.draws(self.measures[0])
        return flagged(two_orders(today, self.customers, new, interval_settings(ci_prob, ci_kind)), "", self.currency)

    def _options(self, measure: str, places: Any = slice(None)) -> Options:
        """All segments, or some, as they are compared."""
        draws = self.draws(measure).isel(segment=places)
        return Options.read(draws, lower_is_better=less_is_better(self, measure), means=self.mean(measure))

    def _each(
        self, measure: str, within: str | Sequence[str] | None, made: Callable[[Options], pd.DataFrame]
    ) -> pd.DataFrame:
        """A table of all segments; or one for each group of those that have the same in some columns, in one."""
        if within is None:
            return made(self._options(measure))
        codes, groups = pd.factorize(self._level(within))
        return pd.concat([made(self._options(measure, np.flatnonzero(codes == at))) for at in range(len(groups))])

    def _noted(self, table: pd.DataFrame, measure: str) -> pd.DataFrame:
        """Name the segments that are left out, and add the caution."""
        money = measure == "mean_spend" or measure not in self.quantities
        table = flagged(table, self.caution, self.currency if money else None)
        if left_out := segments_left_out(self, measure):
            table.attrs["left_out"] = left_out
            warnings.warn(
                _("{unknown}. Left out here.", unknown=unseen_by_fit([measure], left_out)), DataWarning, stacklevel=3
            )
        return table

    def notes(self) -> list[str]:
        """Segments that the fits have not seen."""
        found: dict[tuple[str, ...], list[str]] = {}
        for measure in self.quantities:
            found.setdefault(tuple(segments_left_out(self, measure)), []).append(measure)
        return [
            _("{begin}.", begin=unseen_by_fit(measures, left_out)) for left_out, measures in found.items() if left_out
        ]

    def _words(self, measure: str, interval: tuple[float, str]) -> Words:
        if measure in self.quantities:
            attrs = self.quantities[measure].attrs
            return Words.of_quantity(attrs.get("long_name", label(measure)), attrs.get("units", ""), interval)
        weighted = "" if self.weighted is None else _(", weighted by {name}", name=label(self.weighted.name))
        what = _(YIELD) if self.so_far is None or measure == TO_COME else _(HAVE_YIELDED)
        how = _("in total") if measure == TOTAL else _("per customer{weighted}", weighted=weighted)
        return Words.of_worth(_("{how} ({what})", how=how, what=what), self.currency or "", interval)

    def _level(self, within: str | Sequence[str]) -> pd.Series:
        """What each segment has in some of several columns."""
        if self.levels is None:
            raise ColumnError(
                _("These segments are made by {column} alone. Make them by several: ltv.by([...]).", column=self.column)
            )
        names = [within] if isinstance(within, str) else list(within)
        for name in names:
            if name not in self.levels:
                raise ColumnError(
                    _(
                        "Segments are not made by {name!r}. {suggestion}",
                        name=name,
                        suggestion=suggestion(str(name), self.levels),
                    )
                )
        if not names:
            raise ColumnError(_("within= names no column. {suggestion}", suggestion=suggestion("", self.levels)))
        return self.levels[names].agg(APART.join, axis="columns")

    def _page(self) -> ResultPage:
        """The summary, without the columns that the names of segments are made of."""
        weighted = "" if self.weighted is None else _(" (customers weighted by {name})", name=label(self.weighted.name))
        heading = _(
            "Lifetime value by {column}{weighted}: {settings}",
            column=as_known(str(self.column)),
            weighted=weighted,
            settings=self.settings,
        )
        shown = self.summary().drop(columns=[] if self.levels is None else list(self.levels))
        return ResultPage([heading], shown, [_("note: {note}", note=note) for note in self.notes()], self.currency)


def segments_left_out(by: SegmentValues, measure: str) -> list[str]:
    """Segments with an unknown measure: those that the fit has not seen."""
    known = set(map(str, by.draws(measure)["segment"].to_numpy()))
    return [name for name in map(str, by.customers.index) if name not in known]


def less_is_better(by: SegmentValues, measure: str) -> bool:
    """Whether less of a measure is better, as of dropout."""
    return measure in by.quantities and measure.split()[-1].startswith(LESS_IS_BETTER)


def values_by(value: Valued, column: Any, weight: Any) -> SegmentValues:
    """Add the draws of each segment's customers; see `LifetimeValue.by`."""
    grouping, place = SegmentGrouping.read(value.customers, column), value.settings.place
    found = value.results.segments(grouping.key, grouping.segmenting)
    sums = {source: money[:, place] for source, money in found.money.items()}
    names, levels = grouping.named(found.names)
    index = pd.Index(names, name="segment")
    means = pd.DataFrame({TOTAL: added(found.means)[:, place, 0]}, index=index)
    means[PER_CUSTOMER] = means[TOTAL] / found.customers
    if JUDGED in sums:
        means[JUDGED] = found.means[JUDGED][:, place, 0]
    if REALISED in sums:
        means[REALISED] = found.means[REALISED][:, place, 0] / found.customers
    weighted = None
    if weight is not None:
        weighted, each = _weighted(value, grouping, weight, found.names)
        means[PER_CUSTOMER] = added(each)
        if REALISED in each:
            means[REALISED] = each[REALISED]
    if REALISED in means:
        means[TO_COME] = means[PER_CUSTOMER] - means[REALISED]
    return SegmentValues(
        grouping.name,
        _labelled(value, added(sums), names),
        pd.Series(found.customers, index=index),
        _labelled(value, sums[JUDGED], names) if JUDGED in sums else None,
        value.currency,
        value.settings,
        value.caution,
        levels,
        weighted,
        pooled_quantities(value.valuation.streams, grouping.column),
        means,
    )


def _weighted(
    value: Valued, grouping: SegmentGrouping, weight: Any, keys: list[str]
) -> tuple[xr.DataArray, dict[str, Array]]:
    """Weighted mean value of each segment's customers, draws and means by source: a pass of its own over them."""
    weights = weighting(value.customers, weight)
    total = total_weights(value.customers, grouping, weights, keys)
    found, place = value.results.segments(None, grouping.segmenting, weights), value.settings.place
    money = added({source: every[:, place] for source, every in found.money.items()}) / total[:, np.newaxis]
    means = {source: every[:, place, 0] / total for source, every in found.means.items()}
    name = weight if isinstance(weight, str) else str(getattr(weight, "name", None) or "weight")
    return _labelled(value, money, grouping.named(keys)[0]).rename(name), means


def _labelled(value: Valued, sums: Array, names: list[str]) -> xr.DataArray:
    """Label an array (segments, draws)."""
    values = np.reshape(sums.T, (*value.valuation.shape, len(names)))
    return labelled_draws(values, "total", {"segment": np.asarray(names, dtype=object)}, **stored_attrs(value))


def pooled_quantities(streams: Sequence[Stream], column: str | None) -> dict[str, xr.DataArray]:
    """Draws (chain, draw, segment) of what differs between the segments of a column, by quantity.

    These are mean rates, dropout, spend and churn of the fits that are pooled by the column. Where fits of several
    streams are, the stream stands before the quantity.
    """
    pooled = [
        (purpose if _of_one_model(stream) else stream.name, fit)
        for stream in streams
        for purpose, fit in stream.fits_by_purpose.items()
        if (pooling := pooling_of(fit)) is not None and column in pooling.by
    ]
    several, found = len({name for name, _ in pooled}) > 1, {}
    for name, fit in pooled:
        for quantity, drawn in _differing(fit, str(column)).items():
            long_name = f"{drawn.attrs['long_name']} ({label(name)})" if several else drawn.attrs["long_name"]
            found[f"{label(name)} {quantity}" if several else quantity] = drawn.assign_attrs(long_name=long_name)
    return found


def _of_one_model(stream: Stream) -> bool:
    """Whether two fits of a stream are of one model, such as renewals of monthly and of yearly contracts."""
    models = [fit.model for fit in stream.fits_by_purpose.values()]
    return len(set(models)) < len(models)


def _differing(fit: FittedModel, column: str) -> dict[str, xr.DataArray]:
    """Quantities that differ between segments."""
    drawn = fit.segment_draws(column)
    return {
        str(name): values.rename({column: "segment"})
        for name, values in drawn.data_vars.items()
        if bool((values.max(column) > values.min(column)).any())
    }
