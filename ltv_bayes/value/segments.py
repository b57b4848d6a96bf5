"""Values of segments: the draws of their customers, added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.errors import ColumnError, suggestion
from ltv_bayes.formatting import label
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import flagged, interval_settings, summarize_draws
from ltv_bayes.tables import as_text, readable
from ltv_bayes.value.compare import Options, Region, Words, best, compare_pairs, rank
from ltv_bayes.value.groupings import SegmentGrouping, total_weights, weighting
from ltv_bayes.value.pooled_quantities import pooled_quantities
from ltv_bayes.value.shares import share_of
from ltv_bayes.value.valuation import JUDGED, added

if TYPE_CHECKING:
    from ltv_bayes.value.lifetime_value import LifetimeValue

PER_CUSTOMER, TOTAL = "per_customer", "total"
LESS_IS_BETTER = ("dropout", "churn")


@dataclass(frozen=True, eq=False, repr=False)
class SegmentValues:
    """Draws of each segment's value.

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
        The mean value of customers, weighted; equal weights if there is none.
    weight : str
        What customers are weighted by.
    quantities : mapping
        Draws of what pooled fits know of the segments, such as their mean rate, by name.
    """

    column: str
    total: xr.DataArray
    customers: pd.Series
    judged: xr.DataArray | None
    currency: str | None
    settings: str
    caution: str = ""
    levels: pd.DataFrame | None = None
    weighted: xr.DataArray | None = None
    weight: str = ""
    quantities: Mapping[str, xr.DataArray] = field(default_factory=dict)

    @property
    def per_customer(self) -> xr.DataArray:
        """(chain, draw, segment): mean value per customer, of the customers that the segment has."""
        mean = self.total / self.customers.to_numpy() if self.weighted is None else self.weighted
        return mean.rename(PER_CUSTOMER).assign_attrs(self.total.attrs)

    @property
    def measures(self) -> list[str]:
        """What segments can be compared by: their value, and what pooled fits of its streams know of them."""
        return [PER_CUSTOMER, TOTAL, *self.quantities]

    def draws(self, measure: str = PER_CUSTOMER) -> xr.DataArray:
        """Draws of one measure, of shape (chain, draw, segment)."""
        if measure not in self.measures:
            raise ColumnError(f"There is no measure {measure!r}. {suggestion(str(measure), self.measures)}")
        if measure in self.quantities:
            return self.quantities[measure]
        return self.per_customer if measure == PER_CUSTOMER else self.total

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per segment: customers, total and mean value per customer with their intervals, judged share.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, the one with the highest value per customer first; money in the customers' currency. Of
            several columns, these stand before the numbers.
        """
        tables = [
            summarize_draws(self.draws(measure), ci_prob=ci_prob, ci_kind=ci_kind)
            .drop(columns=["sd", "median"])
            .add_prefix(f"{measure}_")
            for measure in (PER_CUSTOMER, TOTAL)
        ]
        levels = [] if self.levels is None else [self.levels]
        table = pd.concat([*levels, self.customers.rename("customers"), *tables], axis=1)
        if self.judged is not None:
            judged = self.judged.mean(("chain", "draw")).to_numpy()
            table["judged_share"] = share_of(judged, table["total_mean"].to_numpy())
        return flagged(table.sort_values("per_customer_mean", ascending=False), self.caution, self.currency)

    def compare(
        self,
        measure: str = PER_CUSTOMER,
        *,
        equivalent_within: float | None = None,
        equivalent_share: float | None = None,
        within: str | None = None,
        ci_prob: float | None = None,
        ci_kind: str | None = None,
    ) -> pd.DataFrame:
        """Compare every pair of segments: which is worth more, by how much, how surely.

        Parameters
        ----------
        measure : str
            What to compare: ``"per_customer"``, ``"total"``, or another of `measures`.
        equivalent_within : float, optional
            Region of practical equivalence: differences up to this amount either way do not matter.
        equivalent_share : float, optional
            The same as a share of the larger of the two.
        within : str, optional
            Of segments made by several columns, one of these: only pairs that have the same there are compared.

        Returns
        -------
        pandas.DataFrame
            One row per pair, the one that is higher in most draws as segment_a, as `compare` describes it: difference,
            ratio, probabilities, expected losses, and a sentence to quote, which names the median difference.
        """
        options = Options.read(self.draws(measure), lower_is_better=self._less_is_better(measure))
        region = Region.read(equivalent_within, equivalent_share)
        words = self._words(measure, interval_settings(ci_prob, ci_kind))
        return flagged(compare_pairs(options, region, words, self._level(within)), self.caution)

    def rank(self, measure: str = PER_CUSTOMER) -> pd.DataFrame:
        """Probability of each rank for each segment; rank 1 is the highest value, or the lowest churn.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, columns ``rank_1`` ... ``rank_k`` and ``expected_rank``; rows add up to 1.
        """
        return flagged(rank(self.draws(measure), lower_is_better=self._less_is_better(measure)), self.caution)

    def best(self, measure: str = PER_CUSTOMER, *, top: int = 3) -> pd.DataFrame:
        """Which segment to choose: its probability of being the best, and what choosing it may cost.

        Parameters
        ----------
        measure : str
            One of `measures`.
        top : int
            How many count as the top.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, the one with the smallest expected loss first: mean, probability_best,
            ``probability_in_top_<top>``, and expected_loss, by how much the best segment of each draw exceeds this one,
            on average.
        """
        return flagged(best(self.draws(measure), top=top, lower_is_better=self._less_is_better(measure)), self.caution)

    def _less_is_better(self, measure: str) -> bool:
        """Whether less is better: of leaving."""
        return measure in self.quantities and measure.split()[-1].startswith(LESS_IS_BETTER)

    def _words(self, measure: str, interval: tuple[float, str]) -> Words:
        if measure in self.quantities:
            said = self.quantities[measure].attrs
            return Words.of_quantity(said.get("long_name", label(measure)), said.get("units", ""), interval)
        weighted = f", weighted by {label(self.weight)}" if self.weight else ""
        how = "in total" if measure == TOTAL else f"per customer{weighted}"
        return Words.of_worth(how, self.currency or "", interval)

    def _level(self, name: str | None) -> pd.Series | None:
        """What each segment has in one of several columns."""
        if name is None:
            return None
        if self.levels is None:
            raise ColumnError(f"These segments are made by {self.column} alone. Make them by several: ltv.by([...]).")
        if name not in self.levels:
            raise ColumnError(f"Segments are not made by {name!r}. {suggestion(name, self.levels)}")
        return self.levels[name]

    def _heading(self) -> str:
        weighted = f" (customers weighted by {label(self.weight)})" if self.weight else ""
        return f"Lifetime value by {self.column}{weighted}: {self.settings}"

    def _shown(self) -> pd.DataFrame:
        """The summary without the columns that the names of segments are made of."""
        table = self.summary()
        return table if self.levels is None else table.drop(columns=list(self.levels))

    def __repr__(self) -> str:
        return f"{self._heading()}\n{as_text(self._shown(), self.currency)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._heading())}</p>{readable(self._shown(), self.currency).to_html()}"


def by(
    value: "LifetimeValue",
    column: str | Sequence[str] | pd.Series | Mapping[Any, Any],
    *,
    weight: str | None = None,
) -> SegmentValues:
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
    grouping = SegmentGrouping.read(value.customers, column)
    found = value.results.segments(grouping.column, grouping.segmenting)
    sums = {source: money[:, value.settings.place] for source, money in found.money.items()}
    names, levels = grouping.named(found.names)
    return SegmentValues(
        grouping.name,
        _labelled(value, added(sums), names),
        pd.Series(found.customers, index=pd.Index(names, name="segment")),
        _labelled(value, sums[JUDGED], names) if JUDGED in sums else None,
        value.currency,
        str(value.settings),
        value.caution,
        levels,
        None if weight is None else _labelled(value, _weighted_mean(value, grouping, found.names, weight), names),
        weight or "",
        pooled_quantities(value.valuation.streams, grouping.column),
    )


def _weighted_mean(value: "LifetimeValue", grouping: SegmentGrouping, keys: list[str], weight: str) -> Array:
    """Mean value of each segment's customers, an array (segments, draws): a pass of its own over them."""
    weights = weighting(value.customers, weight)
    total = total_weights(value.customers, grouping, weights, keys)
    found = value.results.segments(None, grouping.segmenting, weights)
    money = added({source: each[:, value.settings.place] for source, each in found.money.items()})
    return money / total[:, np.newaxis]


def _labelled(value: "LifetimeValue", sums: np.ndarray, names: list[str]) -> xr.DataArray:
    """Label an array (segments, draws)."""
    chains, draws = value.valuation.shape
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "segment": np.asarray(names, dtype=object)}
    values = np.reshape(sums.T, (chains, draws, len(names)))
    return xr.DataArray(
        values, dims=("chain", "draw", "segment"), coords=coords, name="total", attrs=value.total().attrs
    )
