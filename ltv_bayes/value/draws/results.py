"""What has been computed of a valuation: each thing once, in as few passes over the customers as can be."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import interval_settings
from ltv_bayes.predictions.over_customers import require_memory
from ltv_bayes.value.draws.kept_draws import KeptDraws
from ltv_bayes.value.draws.passes import (
    Columns,
    Interval,
    OnePass,
    Segmenting,
    Segments,
    Weighting,
    at_horizons,
    segments_by,
    summary_columns,
)
from ltv_bayes.value.draws.valuation import BATCH, Components, Stretch, Valuation, added


class Results:
    """Summaries, totals and segments of a valuation at all its horizons.

    Parameters
    ----------
    valuation : Valuation
        How customers are valued.
    progressbar : bool
        Whether a pass over the customers shows its progress.
    """

    def __init__(self, valuation: Valuation, *, progressbar: bool = False) -> None:
        self.valuation, self.progressbar = valuation, progressbar
        self.kept: KeptDraws | None = None
        self._summaries: dict[Interval, list[Columns]] = {}
        self._first: OnePass | None = None
        self._ids: pd.Index | None = None

    def keep(self) -> KeptDraws:
        """Make all draws and keep them.

        Raises
        ------
        InputError
            If they do not fit in memory; the message says how much they need.
        """
        if self.kept is None:
            require_memory(self.valuation.shape, len(self.valuation.customers), self.valuation.arrays)
            room = KeptDraws.room_for(self.valuation)
            self._go_once(interval_settings(None, None), room)
            self.kept = room
        return self.kept

    def summaries(self, interval: Interval) -> tuple[pd.Index, list[Columns]]:
        """Customer ids, and summaries of customers at each horizon."""
        if interval not in self._summaries and self.kept is not None:
            found = self.kept.over_stretches(lambda _, money: summary_columns(money, interval))
            self._summaries[interval] = _joined(list(found))
        if interval not in self._summaries:
            self._go_once(interval)
        assert self._ids is not None
        return self._ids, self._summaries[interval]

    def flows(self, customer_id: Any = None) -> Components:
        """Money of all customers, or of one, within each draw: an array (periods, draws) for each source.

        Periods end at every year's end and at every horizon; see `Terms.periods`.
        """
        return self._passed().book if customer_id is None else self._of_customer(customer_id)

    def segments(self, column: str | None, segmenting: Segmenting, weights: Weighting | None = None) -> Segments:
        """Segments by a column, which may have been added up in passing, or of the user's own making."""
        known = self._passed().segments.get(column) if column is not None else None
        return known or segments_by(self.kept or self.valuation, segmenting, weights, progressbar=self.progressbar)

    def shares_above(self, threshold: float, place: int) -> Array:
        """Share of each customer's draws above a threshold, at one horizon: an array (customers,)."""

        def share(_: Stretch, money: Components) -> Array:
            return np.mean(added(money) > threshold, axis=1)

        return np.concatenate([share(stretch, money) for stretch, money in self.draws_by_stretch(place)])

    def summaries_by_stretch(self, interval: Interval, place: int) -> Iterator[tuple[Stretch, Columns]]:
        """Summaries of customers at one horizon, one stretch after another; nothing is remembered but the totals."""
        if self.kept is not None:
            yield from self.kept.over_stretches(partial(_summarized, interval=interval, place=place))
            return
        going = OnePass(self.valuation, interval)
        for stretch, columns in going.over_stretches(progressbar=self.progressbar):
            yield stretch, columns[place]
        self._first = self._first or going

    def draws_by_stretch(self, place: int) -> Iterator[tuple[Stretch, Components]]:
        """Draws of customers up to one horizon, one stretch after another: arrays (customers, draws) by source."""
        until = self.valuation.terms.periods_until()

        def of_kept(stretch: Stretch, money: Components) -> tuple[Stretch, Components]:
            return stretch, {name: values[:, place] for name, values in money.items()}

        def of_new(stretch: Stretch, money: Components) -> tuple[Stretch, Components]:
            return of_kept(stretch, at_horizons(money, until))

        if self.kept is not None:
            return self.kept.over_stretches(of_kept)
        return self.valuation.over_stretches(of_new, progressbar=self.progressbar)

    def without_judged(self) -> "Results":
        """The same without judgement; what is known already, and does not depend on it, is not computed again."""
        fewer = Results(replace(self.valuation, future_value=None), progressbar=self.progressbar)
        if self.valuation.streams_are_judged:
            return fewer
        fewer._ids = self._ids
        if self._first is not None:
            fewer._first = self._first.of_sources(fewer.valuation)
        if self.kept is not None:
            money = {name: self.kept.money[name] for name in fewer.valuation.sources}
            fewer.kept = replace(self.kept, money=money)
        return fewer

    def _passed(self) -> OnePass:
        """The first pass that went over all customers."""
        if self._first is None:
            self._go_once(interval_settings(None, None))
        assert self._first is not None
        return self._first

    def _go_once(self, interval: Interval, kept: KeptDraws | None = None) -> None:
        """Go over all customers, and remember what came out."""
        going = OnePass(self.valuation, interval, kept)
        ids, columns = [], []
        for stretch, found in going.over_stretches(progressbar=self.progressbar):
            ids.append(stretch.ids)
            columns.append(found)
        self._ids, self._summaries[interval] = ids[0].append(ids[1:]), _joined(columns)
        self._first = self._first or going

    def _of_customer(self, customer_id: Any) -> Components:
        customers = self.valuation.customers
        known = known_ids(customers, [str(customer_id)])
        if not known:
            some = next(iter(customers.batches(BATCH))).ids[:5].astype(str)
            raise InputError(
                f"There is no customer {customer_id!r}. {suggestion(str(customer_id), some)}", [customer_id]
            )
        alone = customers.subset(list(known.values()))
        return {name: money[0] for name, money in self.valuation.of(alone)(Stretch(alone, 0, 1, 0)).items()}


def _summarized(stretch: Stretch, money: Components, interval: Interval, place: int) -> tuple[Stretch, Columns]:
    return stretch, summary_columns(money, interval)[place]


def _joined(stretches: Sequence[list[Columns]]) -> list[Columns]:
    """Put the columns of stretches one below the other, for each horizon."""
    return [
        {name: np.concatenate([columns[name] for columns in parts]) for name in parts[0]}
        for parts in zip(*stretches, strict=True)
    ]
