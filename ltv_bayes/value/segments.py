"""Values of segments: the draws of their customers, added."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.errors import ColumnError, suggestion
from ltv_bayes.intervals import flagged, summarize_draws
from ltv_bayes.tables import as_text, readable
from ltv_bayes.value.compare import compare_pairs, rank_probabilities
from ltv_bayes.value.lifetime_value import LifetimeValue
from ltv_bayes.value.one_pass import Segmenting, by_column
from ltv_bayes.value.shares import share_of
from ltv_bayes.value.valuation import JUDGED, added

Measure = Literal["per_customer", "total"]


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
    """

    column: str
    total: xr.DataArray
    customers: pd.Series
    judged: xr.DataArray | None
    currency: str | None
    settings: str
    caution: str = ""

    @property
    def per_customer(self) -> xr.DataArray:
        """(chain, draw, segment): mean value per customer, of the customers that the segment has."""
        return (self.total / self.customers.to_numpy()).rename("per_customer")

    def draws(self, measure: Measure = "per_customer") -> xr.DataArray:
        """Draws of one measure, of shape (chain, draw, segment)."""
        if measure not in ("per_customer", "total"):
            raise ColumnError(f"There is no measure {measure!r}. {suggestion(str(measure), ('per_customer', 'total'))}")
        return self.per_customer if measure == "per_customer" else self.total

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per segment: customers, total and mean value per customer with their intervals, judged share.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, the one with the highest value per customer first; money in the customers' currency.
        """
        tables = [
            summarize_draws(self.draws(measure), ci_prob=ci_prob, ci_kind=ci_kind)
            .drop(columns=["sd", "median"])
            .add_prefix(f"{measure}_")
            for measure in ("per_customer", "total")
        ]
        table = pd.concat([self.customers.rename("customers"), *tables], axis=1)
        if self.judged is not None:
            judged = self.judged.mean(("chain", "draw")).to_numpy()
            table["judged_share"] = share_of(judged, table["total_mean"].to_numpy())
        return flagged(table.sort_values("per_customer_mean", ascending=False), self.caution)

    def compare(
        self,
        measure: Measure = "per_customer",
        *,
        equivalent_within: float | None = None,
        ci_prob: float | None = None,
        ci_kind: str | None = None,
    ) -> pd.DataFrame:
        """Compare every pair of segments: which is worth more, by how much, how surely.

        Parameters
        ----------
        measure : {"per_customer", "total"}
            What to compare.
        equivalent_within : float, optional
            Region of practical equivalence: differences up to this amount of money either way do not matter.

        Returns
        -------
        pandas.DataFrame
            One row per pair: segment_a, segment_b (the one that is higher in most draws first), mean and median
            difference with the interval, probability_a_above_b, probability_equivalent (if a region was given), and a
            sentence to quote, which names the median difference.
        """
        table = compare_pairs(
            self.draws(measure),
            equivalent_within=equivalent_within,
            ci_prob=ci_prob,
            ci_kind=ci_kind,
            measure=measure,
            currency=self.currency,
        )
        return flagged(table, self.caution)

    def rank(self, measure: Measure = "per_customer") -> pd.DataFrame:
        """Probability of each rank for each segment; rank 1 is the highest value.

        Returns
        -------
        pandas.DataFrame
            Indexed by segment, columns ``rank_1`` ... ``rank_k`` and ``expected_rank``; rows add up to 1.
        """
        return flagged(rank_probabilities(self.draws(measure)), self.caution)

    def __repr__(self) -> str:
        return f"Lifetime value by {self.column}: {self.settings}\n{as_text(self.summary(), self.currency)}"

    def _repr_html_(self) -> str:
        heading = escape(f"Lifetime value by {self.column}: {self.settings}")
        return f"<p>{heading}</p>{readable(self.summary(), self.currency).to_html()}"


def segment_values(value: LifetimeValue, column: str | pd.Series | Mapping[Any, Any]) -> SegmentValues:
    """Add the draws of each segment's customers; customers without a segment form one of their own."""
    name, segmenting = _segmenting(value, column)
    found = value.results.segments(column if isinstance(column, str) else None, segmenting)
    sums = {source: money[:, value.settings.place] for source, money in found.money.items()}
    return SegmentValues(
        name,
        _labelled(value, added(sums), found.names),
        pd.Series(found.customers, index=pd.Index(found.names, name="segment")),
        _labelled(value, sums[JUDGED], found.names) if JUDGED in sums else None,
        value.currency,
        str(value.settings),
        value.caution,
    )


def _segmenting(value: LifetimeValue, column: str | pd.Series | Mapping[Any, Any]) -> tuple[str, Segmenting]:
    """The name of a grouping, and how to find the segments of customers."""
    columns = value.customers.columns
    if isinstance(column, str):
        if column not in columns:
            raise ColumnError(f"The customers have no column {column!r}. {suggestion(column, map(str, columns))}")
        return column, by_column(column)
    if not isinstance(column, Mapping | pd.Series):
        raise ColumnError(
            f"Segments are made by the name of a column, or by a mapping from customer id to segment, "
            f"not by a {type(column).__name__}."
        )
    given = {str(key): segment for key, segment in column.items()}
    name = str(getattr(column, "name", None) or "segment")
    return name, lambda customers: pd.Series([given.get(str(customer_id)) for customer_id in customers.ids])


def _labelled(value: LifetimeValue, sums: np.ndarray, names: list[str]) -> xr.DataArray:
    """Label an array (segments, draws)."""
    chains, draws = value.valuation.shape
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "segment": np.asarray(names, dtype=object)}
    values = np.reshape(sums.T, (chains, draws, len(names)))
    return xr.DataArray(
        values, dims=("chain", "draw", "segment"), coords=coords, name="total", attrs=value.total().attrs
    )
