"""Summaries of every customer, and totals of the portfolio and its segments, in one pass over the draws."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numba
import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import counted
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import summarize_sorted
from ltv_bayes.language import _
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH, MOST_SEGMENTS
from ltv_bayes.value.draws.valuation import (
    REALISED,
    About,
    Block,
    Components,
    Outcome,
    Reduce,
    Valuation,
    added,
    over_blocks,
)

MISSING, PAYING, ABOVE = "(missing)", "paying", "above_"

Interval = tuple[float, str]
Segmenting = Callable[[Customers], pd.Series]
Weighting = Callable[[Customers], Array]
Columns = dict[str, Array]


@dataclass(frozen=True, eq=False)
class Segments:
    """Money of segments within each draw.

    Attributes
    ----------
    names : list of str
        In order.
    customers : array of shape (segments,)
        Number of customers.
    money : mapping
        Name of each source to an array (segments, horizons, draws).
    means : mapping
        Name of each source to its means, (segments, horizons, 1): those of the segment's customers added up.
    """

    names: list[str]
    customers: IntArray
    money: Components
    means: Components


@dataclass(eq=False)
class Adding:
    """Adds up segments, with names that are learned on the way.

    Attributes
    ----------
    most : int or None
        The largest number of segments; beyond it the grouping is given up.
    """

    most: int | None = None
    customers: dict[str, int] = field(default_factory=dict)
    money: dict[str, dict[str, Array]] = field(default_factory=dict)
    means: dict[str, dict[str, Array]] = field(default_factory=dict)
    given_up: bool = False

    def add(self, name: str, customers: int, sums: Components, means: Components) -> None:
        """Add some customers of a segment: arrays (horizons, draws) by source, and means (horizons, 1)."""
        self.given_up = self.given_up or (name not in self.money and len(self.money) == self.most)
        if self.given_up:
            self.money.clear()
            self.means.clear()
            return
        self.customers[name] = self.customers.get(name, 0) + customers
        for added_up, more in ((self.money, sums), (self.means, means)):
            known = added_up.get(name)
            if known is None:
                added_up[name] = {source: some.copy() for source, some in more.items()}
                continue
            for source, some in more.items():
                known[source] += some

    def of_sources(self, sources: list[str]) -> "Adding":
        """The same of some sources of money."""
        money, means = (
            {name: {source: sums[source] for source in sources} for name, sums in every.items()}
            for every in (self.money, self.means)
        )
        return replace(self, money=money, means=means)

    def segments(self, valuation: Valuation) -> Segments:
        """What was added in a valuation, the segments in the order of their names; none where nobody was."""
        names, horizons = sorted(self.money), len(valuation.terms.horizons)
        money, means = (
            {
                source: np.array([every[name][source] for name in names]).reshape(len(names), horizons, size)
                for source in valuation.sources
            }
            for every, size in ((self.money, valuation.size), (self.means, 1))
        )
        return Segments(names, np.array([self.customers[name] for name in names], dtype=np.int64), money, means)


@dataclass(frozen=True)
class Groups:
    """The segments of a batch of customers.

    Attributes
    ----------
    codes : mapping
        For each grouping the position of each one's segment, and the names.
    weights : array of shape (customers,), optional
        How often the money of each counts; once if not given.
    """

    codes: Mapping[str, tuple[IntArray, list[str]]]
    weights: Array | None = None

    @classmethod
    def of(
        cls, customers: Customers, groupings: Mapping[str, Segmenting], weights: Weighting | None = None
    ) -> "Groups":
        """Find the segments; customers without one form a segment of their own."""
        found = {}
        for column, segmenting in groupings.items():
            segment = segmenting(customers)
            named = segment.astype(object).where(segment.notna(), MISSING).map(str)
            codes, names = pd.factorize(named)
            found[column] = codes.astype(np.int64), list(names)
        return cls(found, None if weights is None else weights(customers))

    def sums(self, block: Block, components: Components) -> Iterator[tuple[str, str, int, Components, Components]]:
        """Add up a block of the customers.

        Yields
        ------
        str, str, int
            Grouping, segment, and number of customers.
        mapping, mapping
            Money (horizons, draws) and means (horizons, 1) by source.
        """
        both = [components, block.means]
        if self.weights is not None:
            weights = self.weights[block.first : block.last, np.newaxis, np.newaxis]
            both = [{name: weights * values for name, values in every.items()} for every in both]
        for column, (codes, names) in self.codes.items():
            present, place = np.unique(codes[block.first : block.last], return_inverse=True)
            sums = [{name: _add_rows(values, place, len(present)) for name, values in every.items()} for every in both]
            counts = np.bincount(place)
            for row, code in enumerate(present):
                money, means = ({name: some[row] for name, some in every.items()} for every in sums)
                yield column, names[code], int(counts[row]), money, means


@numba.njit(cache=True, nogil=True)
def _add_rows(values, place, number):  # type: ignore[no-untyped-def]
    """Add the rows that have the same place: from (rows, horizons, draws) to (number, horizons, draws)."""
    sums = np.zeros((number, values.shape[1], values.shape[2]))
    for row in range(values.shape[0]):
        for k in range(values.shape[1]):
            total, more = sums[place[row], k], values[row, k]
            for i in range(more.size):
                total[i] += more[i]
    return sums


def by_column(name: str) -> Segmenting:
    """Segments by the values of a column."""
    return lambda customers: customers.table[name]


def offered_groupings(customers: Customers) -> dict[str, Segmenting]:
    """The groupings that customers offer by themselves: columns of text or categories with few values."""
    first = next(iter(customers.batches(CUSTOMERS_IN_BATCH))).table
    return {
        str(name): by_column(name)
        for name, column in first.items()
        if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))
        and column.nunique() <= MOST_SEGMENTS
    }


def at_horizons(components: Components, until: tuple[int, ...]) -> Components:
    """Add periods up to each horizon: from (customers, periods, draws) to (customers, horizons, draws)."""
    if until == (1,):
        return components
    firsts, added_up = [0, *until[:-1]], {}
    for name, values in components.items():
        steps = [values[:, first:last].sum(axis=1) for first, last in zip(firsts, until, strict=True)]
        added_up[name] = steps[0][:, np.newaxis] if len(steps) == 1 else np.cumsum(np.stack(steps, axis=1), axis=1)
    return added_up


def summary_columns(
    components: Components, means: Components, interval: Interval, limits: Sequence[float] = ()
) -> list[Columns]:
    """Summaries of customers at each horizon, from arrays (customers, horizons, draws) and means of the block.

    Beside the columns of a summary: the mean of each source, the share of draws in which more comes, be it a loss, and
    the share of draws above each limit.
    """
    total = added(components) if len(components) > 1 else next(iter(components.values()))
    mean, found = added(means), []
    for place in range(total.shape[1]):
        ordered, paying = sorted_rows(total[:, place])
        if REALISED in components:
            paying = np.count_nonzero(total[:, place] != components[REALISED][:, place], axis=1)
        columns = summarize_sorted(ordered, *interval)
        columns |= {"mean": mean[:, place, 0], PAYING: paying / total.shape[2]}
        columns |= {f"mean_{name}": values[:, place, 0] for name, values in means.items()}
        columns |= {f"{ABOVE}{limit!r}": np.mean(total[:, place] > limit, axis=1) for limit in limits}
        found.append(columns)
    return found


def sorted_rows(values: Array) -> tuple[Array, IntArray]:
    """Sort each row of numbers, of which many may be 0: these are left out, and take no time.

    Returns
    -------
    array of the same shape
        In ascending order.
    array of shape (rows,)
        How many are not 0.

    Examples
    --------
    >>> ordered, paid = sorted_rows(np.array([[3.0, 0.0, -1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    >>> ordered.tolist(), paid.tolist()
    ([[-1.0, 0.0, 0.0, 3.0], [0.0, 0.0, 0.0, 0.0]], [2, 0])
    """
    found, (below, others) = np.empty(values.shape), np.empty((2, len(values)), dtype=np.int64)
    _without_zeros(values, found, below, others)
    for row, number in enumerate(others):
        found[row, :number].sort()
    _with_zeros(found, below, others)
    return found, others


@numba.njit(cache=True, nogil=True)
def _without_zeros(values, found, below, others):  # type: ignore[no-untyped-def]
    """Move what is not 0 to the front of each row; count it, and what of it is negative."""
    for row in range(values.shape[0]):
        kept, negative = 0, 0
        for i in range(values.shape[1]):
            found[row, kept] = values[row, i]
            kept += values[row, i] != 0.0
            negative += values[row, i] < 0.0
        below[row], others[row] = negative, kept


@numba.njit(cache=True, nogil=True)
def _with_zeros(found, below, others):  # type: ignore[no-untyped-def]
    """Put zeros between what is negative and what is positive in ascending rows."""
    last = found.shape[1] - 1
    for row in range(found.shape[0]):
        ordered, first = found[row], below[row]
        zeros = ordered.size - others[row]
        for i in range(others[row] - first if zeros else 0):
            ordered[last - i] = ordered[last - zeros - i]
        ordered[first : first + zeros] = 0.0


@dataclass(frozen=True, eq=False)
class KeptDraws:
    """Draws in memory.

    Attributes
    ----------
    customers : Customers
        The customers drawn.
    money : mapping
        Name of each source to an array (horizons, customers, draws).
    block : int
        How many customers are summarised at once.
    means : mapping
        Name of each source to its means, (customers, horizons, 1).
    """

    customers: Customers
    money: Components
    block: int
    means: Components

    @classmethod
    def room_for(cls, valuation: Valuation) -> "KeptDraws":
        """Take the memory, to be filled."""
        horizons, number, sources = len(valuation.terms.horizons), len(valuation.customers), valuation.sources
        money = {name: np.empty((horizons, number, valuation.size)) for name in sources}
        means = {name: np.empty((number, horizons, 1)) for name in sources}
        return cls(valuation.customers, money, valuation.block, means)

    def keep(self, block: Block, components: Components) -> None:
        """Keep the draws of a block: arrays of shape (customers, horizons, draws)."""
        for name, values in components.items():
            self.money[name][:, block.rows] = values.swapaxes(0, 1)
            self.means[name][block.rows] = block.means[name]

    def over_blocks(self, reduce: Reduce, *, about: About | None = None, progressbar: bool = False) -> Iterator[Any]:
        """Reduce the draws of each block: arrays of shape (customers, horizons, draws) by source; see `Valuation`."""

        def read(block: Block) -> Any:
            known = replace(block, means={name: every[block.rows] for name, every in self.means.items()})
            return reduce(known, {name: every[:, block.rows].swapaxes(0, 1) for name, every in self.money.items()})

        what = _("summarising {customers}", customers=counted(len(self.customers), "customer"))
        return over_blocks(self.customers, self.block, lambda _: read, what, about=about, progressbar=progressbar)


@dataclass(eq=False)
class OnePass:
    """Goes once over all customers, making their draws.

    Attributes
    ----------
    valuation : Valuation
        How to value them.
    interval : (float, str)
        Probability and kind of the interval that customers are summarised by.
    kept : KeptDraws, optional
        Filled in on the way.
    flows : mapping
        Name of each source to an array (periods, draws): the money of all customers so far.
    means : mapping
        Name of each source to an array (periods,): the means of all customers so far.
    outcomes : dict
        Results of combining opinions on whole values, by the customer's id.
    groupings : mapping, optional
        Name of each grouping to how its segments are found; those that the customers offer if not given.
    limits : tuple of float
        Amounts above which the share of draws is counted.
    adding : mapping
        Name of each grouping to the sums of its segments.
    variances : array of shape (horizons,)
        Those of single customers added up; NaN where they are not known.
    """

    valuation: Valuation
    interval: Interval
    kept: KeptDraws | None = None
    groupings: Mapping[str, Segmenting] | None = None
    limits: tuple[float, ...] = ()
    flows: dict[str, Array] = field(init=False)
    means: dict[str, Array] = field(init=False)
    outcomes: dict[Any, Outcome] = field(default_factory=dict)
    adding: dict[str, Adding] = field(init=False)
    variances: Array = field(init=False)

    def __post_init__(self) -> None:
        shape = len(self.valuation.terms.periods()), self.valuation.size
        self.variances = np.zeros(len(self.valuation.terms.horizons))
        self.flows = {name: np.zeros(shape) for name in self.valuation.sources}
        self.means = {name: np.zeros(shape[0]) for name in self.valuation.sources}
        if self.groupings is None:
            self.groupings = offered_groupings(self.valuation.customers)
        self.adding = {column: Adding(MOST_SEGMENTS) for column in self.groupings}

    @property
    def segments(self) -> dict[str, Segments]:
        """The segments of each grouping that the customers offer."""
        return {
            column: adding.segments(self.valuation) for column, adding in self.adding.items() if not adding.given_up
        }

    def of_sources(self, valuation: Valuation) -> "OnePass":
        """What a pass with a valuation of fewer sources, and the same draws of them, would have added up."""
        fewer = OnePass(valuation, self.interval)
        fewer.flows = {name: self.flows[name] for name in valuation.sources}
        fewer.means = {name: self.means[name] for name in valuation.sources}
        fewer.adding = {column: adding.of_sources(valuation.sources) for column, adding in self.adding.items()}
        fewer.variances = np.full_like(self.variances, np.nan)
        return fewer

    def over_blocks(self, *, progressbar: bool = False) -> Iterator[tuple[Block, list[Columns]]]:
        """Summaries of one block of customers after another, at each horizon."""
        until = self.valuation.terms.periods_until()

        def reduce(block: Block, by_period: Components) -> Any:
            components = at_horizons(by_period, until)
            flows = {name: values.sum(axis=0) for name, values in by_period.items()}
            means = {name: values.sum(axis=(0, 2)) for name, values in block.means.items()}
            block = replace(block, means=at_horizons(block.means, until))
            if self.kept is not None:
                self.kept.keep(block, components)
            columns = summary_columns(components, block.means, self.interval, self.limits)
            return block, columns, flows, means, _sums(block, components)

        def about(batch: Customers) -> Groups:
            useful = {column: how for column, how in (self.groupings or {}).items() if not self.adding[column].given_up}
            return Groups.of(batch, useful)

        made = self.valuation.over_blocks(reduce, about=about, means=True, progressbar=progressbar)
        for block, columns, flows, means, sums in made:
            self.outcomes |= block.outcomes
            self.variances += [float(np.sum(at_one["sd"] ** 2)) for at_one in columns]
            for name, money in flows.items():
                self.flows[name] += money
                self.means[name] += means[name]
            for column, *segment in sums:
                self.adding[column].add(*segment)
            yield block, columns


def segments_by(
    valuation: Valuation,
    over: Callable[..., Iterator[Any]],
    segmenting: Segmenting,
    weights: Weighting | None = None,
) -> Segments:
    """Add up segments of one's own making, the money of each customer times their weight.

    Parameters
    ----------
    valuation : Valuation
        How customers are valued.
    over : callable
        Reduces the draws of each block at the horizons, as `Results.over_blocks` does.
    """

    def about(batch: Customers) -> Groups:
        return Groups.of(batch, {"": segmenting}, weights)

    adding = Adding()
    for sums in over(_sums, about=about, means=True):
        for _unused, *segment in sums:
            adding.add(*segment)
    return adding.segments(valuation)


def _sums(block: Block, components: Components) -> list[tuple[str, str, int, Components, Components]]:
    return list(block.about.sums(block, components))
