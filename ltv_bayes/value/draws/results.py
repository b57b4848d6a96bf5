"""The computed results of a valuation: each thing once, in as few passes over the customers as possible."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import interval_settings
from ltv_bayes.language import _
from ltv_bayes.predictions.over_customers import require_memory
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH
from ltv_bayes.value.draws.passes import (
    Columns,
    Interval,
    KeptDraws,
    OnePass,
    Segmenting,
    Segments,
    Weighting,
    at_horizons,
    segments_by,
    summary_columns,
)
from ltv_bayes.value.draws.valuation import (
    About,
    Block,
    Components,
    Outcome,
    Reduce,
    Valuation,
    added,
    streams_are_judged,
)


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
        self._latest: tuple[str, tuple[Components, Components]] | None = None  # the one customer asked for last

    @property
    def has_totals(self) -> bool:
        """Whether a pass has gone over all customers, so that totals are at hand."""
        return self._first is not None

    def has_summaries(self, interval: Interval) -> bool:
        """Whether the summaries of customers with this interval are at hand."""
        return interval in self._summaries

    @property
    def outcomes(self) -> Mapping[Any, Outcome]:
        """Results of combining opinions on whole values, by the customer's id: of those who were valued so far."""
        return {} if self._first is None else self._first.outcomes

    def take(self, passed: OnePass) -> None:
        """Take what passes elsewhere added up, in place of one of our own."""
        self._first = passed

    def keep(self) -> KeptDraws:
        """Make all draws and keep them.

        Raises
        ------
        InputError
            If they do not fit in memory; the message states how much they need.
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
            found = self.kept.over_blocks(lambda block, money: summary_columns(money, block.means, interval))
            self._summaries[interval] = joined(list(found))
        if interval not in self._summaries:
            self._go_once(interval)
        assert self._ids is not None
        return self._ids, self._summaries[interval]

    def flows(self, customer_id: Any = None) -> Components:
        """Money of all customers, or of one, within each draw: an array (periods, draws) for each source.

        Periods end at every year's end and at every horizon; see `Terms.periods`.
        """
        return self._passed().flows if customer_id is None else self._of_customer(customer_id)[0]

    def means(self, customer_id: Any = None) -> Components:
        """Means of all customers, or of one, given the draws of parameters: an array (periods,) for each source."""
        return self._passed().means if customer_id is None else self._of_customer(customer_id)[1]

    def common_share(self, place: int) -> float:
        """Share of the variance of the total, at one horizon, that is common to all customers; NaN if not known.

        Given parameters and calendar effects, customers are independent: what their own variances do not explain moves
        them together.
        """
        passed = self._passed()
        until = self.valuation.terms.periods_until()[place]
        variance = float(np.var(added({name: flow[:until].sum(axis=0) for name, flow in passed.flows.items()}), ddof=1))
        return max(0.0, 1 - float(passed.variances[place]) / variance) if variance > 0 else float("nan")

    def segments(self, column: str | None, segmenting: Segmenting, weights: Weighting | None = None) -> Segments:
        """Segments by a column, which may have been added up in passing, or of the user's own making."""
        known = self._passed().segments.get(column) if column is not None else None
        return known or segments_by(self.valuation, self.over_blocks, segmenting, weights)

    def shares_above(self, threshold: float, place: int) -> Array:
        """Share of each customer's draws above a threshold, at one horizon: an array (customers,)."""
        shares = [np.mean(added(money) > threshold, axis=1) for _, money in self.draws_by_block(place)]
        return np.concatenate(shares)

    def summaries_by_block(self, interval: Interval, place: int) -> Iterator[tuple[Block, Columns]]:
        """Summaries of customers at one horizon, one block after another; nothing is remembered but the totals."""
        if self.kept is not None:
            yield from self.kept.over_blocks(
                lambda block, money: (block, summary_columns(money, block.means, interval)[place])
            )
            return
        going = OnePass(self.valuation, interval)
        for block, columns in going.over_blocks(progressbar=self.progressbar):
            yield block, columns[place]
        self._first = self._first or going

    def draws_by_block(self, place: int, *, means: bool = False) -> Iterator[tuple[Block, Components]]:
        """Draws of customers up to one horizon, one block after another: arrays (customers, draws) by source.

        Where means are asked for, blocks have them, (customers, 1) by source.
        """

        def reduce(block: Block, money: Components) -> tuple[Block, Components]:
            known = {name: values[:, place] for name, values in block.means.items()}
            return replace(block, means=known), {name: part[:, place] for name, part in money.items()}

        return self.over_blocks(reduce, means=means)

    def over_blocks(self, reduce: Reduce, *, about: About | None = None, means: bool = False) -> Iterator[Any]:
        """Reduce the draws of each block at the horizons, kept or made: arrays (customers, horizons, draws)."""
        if self.kept is not None:
            return self.kept.over_blocks(reduce, about=about)
        until = self.valuation.terms.periods_until()

        def reduce_made(block: Block, money: Components) -> Any:
            return reduce(replace(block, means=at_horizons(block.means, until)), at_horizons(money, until))

        return self.valuation.over_blocks(reduce_made, about=about, means=means, progressbar=self.progressbar)

    def without_judged(self) -> "Results":
        """The same without judgement; what is known already, and does not depend on it, is not computed again."""
        fewer = Results(replace(self.valuation, future_value=None), progressbar=self.progressbar)
        if streams_are_judged(self.valuation):
            return fewer
        fewer._ids = self._ids
        if self._first is not None:
            fewer._first = self._first.of_sources(fewer.valuation)
        if self.kept is not None:
            money, means = (
                {name: every[name] for name in fewer.valuation.sources} for every in (self.kept.money, self.kept.means)
            )
            fewer.kept = replace(self.kept, money=money, means=means)
        return fewer

    def _passed(self) -> OnePass:
        """The first pass that went over all customers."""
        if self._first is None:
            self._go_once(interval_settings(None, None))
        assert self._first is not None
        return self._first

    def _go_once(self, interval: Interval, kept: KeptDraws | None = None) -> None:
        """Go over all customers, and remember the results."""
        going = OnePass(self.valuation, interval, kept)
        ids, columns = [], []
        for block, found in going.over_blocks(progressbar=self.progressbar):
            ids.append(block.ids)
            columns.append(found)
        self._ids, self._summaries[interval] = ids[0].append(ids[1:]), joined(columns)
        self._first = self._first or going

    def _of_customer(self, customer_id: Any) -> tuple[Components, Components]:
        latest = self._latest  # read once: another thread may ask for another customer meanwhile
        if latest is None or latest[0] != str(customer_id):
            latest = self._latest = str(customer_id), self._alone(customer_id)
        return latest[1]

    def _alone(self, customer_id: Any) -> tuple[Components, Components]:
        customers = self.valuation.customers
        known = known_ids(customers, [str(customer_id)])
        if not known:
            some = next(iter(customers.batches(CUSTOMERS_IN_BATCH))).ids[:5].astype(str)
            raise InputError(
                _(
                    "There is no customer {customer_id!r}. {suggestion}",
                    customer_id=customer_id,
                    suggestion=suggestion(str(customer_id), some),
                ),
                [customer_id],
            )
        alone = customers.subset(list(known.values()))
        make, block = self.valuation.of(alone), Block(alone, 0, 1, 0)
        money = make(block)
        means = make.means(block, money, make.expected())
        return {name: every[0] for name, every in money.items()}, {name: one[0, :, 0] for name, one in means.items()}


def joined(blocks: Sequence[list[Columns]]) -> list[Columns]:
    """Put the columns of blocks one below the other, for each horizon."""
    return [
        {name: np.concatenate([columns[name] for columns in parts]) for name in parts[0]}
        for parts in zip(*blocks, strict=True)
    ]
