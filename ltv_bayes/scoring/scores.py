"""Scores: a table of customers as it was given, and the totals of all and of segments."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import xarray as xr

from ltv_bayes.errors import ColumnError, counted, suggestion
from ltv_bayes.intervals import interval_settings
from ltv_bayes.language import _, comma
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.value.decisions import breakdown
from ltv_bayes.value.in_words import totals
from ltv_bayes.value.segments.segments import SegmentValues, values_by
from ltv_bayes.value.valued import TOTAL, Valued, stored_attrs


@dataclass(frozen=True, eq=False, repr=False)
class Scores(Printed):
    """Customers scored where they are; made by `score`.

    Attributes
    ----------
    table
        One row a customer, in the order and the kind of the source: a frame, a table, a relation; or the path of what
        was written.
    customers : int
        Number of customers scored.
    problems : pandas.DataFrame
        Who could not be scored, and why: customer_id, reason. Empty unless ``errors="report"``.
    segments : tuple of tuple of str
        Columns by which totals were added up.
    warnings : tuple of str
        What a reader should know, each once: what was noted on the way, what moves all customers and their prices, and
        what the total tells, such as the share of its variance that is common to all. `LifetimeValue.notes` has more:
        what only histories of all customers, or a comparison with judgements, can tell.
    """

    table: Any
    customers: int
    problems: pd.DataFrame
    segments: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...]
    _valued: Valued

    @property
    def caution(self) -> str:
        """Why scores must not be relied on yet, such as a fit that did not converge; empty when nothing."""
        return self._valued.caution

    def total(self) -> xr.DataArray:
        """Value of all customers together within each draw, of shape (chain, draw), as `LifetimeValue.total`."""
        values = self._valued.total().reshape(self._valued.valuation.shape)
        return labelled_draws(values, TOTAL, **stored_attrs(self._valued))

    def by(self, column: str | list[str]) -> SegmentValues:
        """Values of segments, compared and ranked, as `LifetimeValue.by`: by columns that ``segments=`` named.

        Parameters
        ----------
        column : str or list of str
            One of the columns, or several that were named together.

        Raises
        ------
        ColumnError
            If totals were not added up by it.
        """
        columns = (column,) if isinstance(column, str) else tuple(column)
        if columns not in self.segments:
            known = [" and ".join(one) for one in self.segments]
            raise ColumnError(
                _(
                    "Totals were not added up by {column!r}. Score with segments=[{column!r}]. {suggestion}",
                    column=column,
                    suggestion=suggestion(" and ".join(columns), known) if known else "",
                )
            )
        return values_by(self._valued, list(columns), None)

    def explain(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """Where the total is from: each component, with its interval, as `LifetimeValue.explain`.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            As of the method of that name.
        """
        return breakdown.explain(self._valued, None, interval_settings(ci_prob, ci_kind))

    def by_horizon(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """How the total grows with the horizon, as `LifetimeValue.by_horizon`.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            As of the method of that name.
        """
        return breakdown.by_horizon(self._valued, None, interval_settings(ci_prob, ci_kind))

    def cash_flow(self, *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """The total by future year, as `LifetimeValue.cash_flow`.

        Parameters
        ----------
        ci_prob, ci_kind : optional
            Interval; ArviZ's settings where not given.

        Returns
        -------
        pandas.DataFrame
            As of the method of that name.
        """
        return breakdown.cash_flow(self._valued, None, interval_settings(ci_prob, ci_kind))

    def _page(self) -> ResultPage:
        value = self._valued
        lines = [
            _("{customers} scored: {terms}", customers=counted(self.customers, "customer"), terms=value.settings),
            *(totals(value) if self.customers else []),
        ]
        if self.segments:
            lines.append(_("by {segments}", segments=comma(" and ".join(columns) for columns in self.segments)))
        notes = [_("note: {note}", note=note) for note in self.warnings]
        if len(self.problems):
            number = counted(len(self.problems), "customer")
            notes.append(_("not scored: {customers} (see problems)", customers=number))
        if value.caution:
            notes.append(_("caution: {caution}", caution=value.caution))
        return ResultPage(lines, notes=notes)
