"""How to value any customers: the streams, judgements, margin and terms, and the draws they make for one block."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import counted
from ltv_bayes.formatting import label
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.draws import JudgedDraws
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.judgement.valuing.whole_value import Opinion, opinions_on
from ltv_bayes.language import _, comma
from ltv_bayes.sizes import BLOCKS_AHEAD, CUSTOMERS_IN_BATCH, CUSTOMERS_IN_BLOCK, NUMBERS_IN_SOURCE, available_cores
from ltv_bayes.streams.order_draws import OrderDraws
from ltv_bayes.streams.order_stream import total_value
from ltv_bayes.streams.stream import CustomerDraws, Stream
from ltv_bayes.streams.together import dependencies, dependencies_first
from ltv_bayes.terminal import progress
from ltv_bayes.terms import Terms
from ltv_bayes.value.draws.judged_streams import conditioned
from ltv_bayes.value.draws.margins import Margins

REALISED, JUDGED = "realised", "judged"

Components = Mapping[str, Array]


def added(components: Components) -> Array:
    """Add the sources of money."""
    return np.add.reduce(list(components.values()))


class Outcome(NamedTuple):
    """The result of combining an opinion on a whole value: the median of the draws before and after, and Pareto k."""

    model_median: float
    median: float
    pareto_k: float


@dataclass(frozen=True)
class Block:
    """A few customers who are valued at once.

    Attributes
    ----------
    customers : Customers
        The batch that they belong to.
    first, last : int
        Their positions in the batch.
    place : int
        Position of the first among all customers.
    about : object
        What is known of the batch.
    outcomes : mapping
        Results of combining opinions on whole values, by the customer's id; once the draws are made.
    means : mapping
        Name of each source to the mean of its money given the draws of parameters, an array (customers, periods, 1) or,
        where draws are added up to horizons, (customers, horizons, 1); where they were asked for.
    """

    customers: Customers
    first: int
    last: int
    place: int
    about: Any = None
    outcomes: Mapping[Any, Outcome] = field(default_factory=dict)
    means: Components = field(default_factory=dict)

    @property
    def rows(self) -> slice:
        """Their positions among all customers."""
        return slice(self.place, self.place + self.last - self.first)

    @property
    def ids(self) -> Any:
        """Their ids."""
        return self.customers.ids[self.first : self.last]


Reduce = Callable[[Block, Components], Any]
About = Callable[[Customers], Any]


@dataclass(frozen=True)
class Valuation:
    """What each source of money is worth, for any customers, all periods and all draws.

    Customers are handled in blocks of a fixed length, on all cores, and results come in order. Since every customer
    has a random stream of their own, neither the number of threads, nor whether customers stand in memory or in a file,
    nor whether draws are kept can change a result.

    Attributes
    ----------
    customers : Customers
        Who is valued.
    streams : tuple of Stream
        What they pay for.
    future_value : FutureValuePriors or None
        What experts expect beside that.
    terms : Terms
        Horizons and discount.
    margins : Margins
        Share of revenue that is kept, of each source.
    seed : int
        Of all random streams.
    shape : (int, int)
        Chains, and draws per chain.
    realised : bool
        Whether the past revenue of customers is a source.
    """

    customers: Customers
    streams: tuple[Stream, ...]
    future_value: FutureValuePriors | None
    terms: Terms
    margins: Margins
    seed: int
    shape: tuple[int, int]
    realised: bool = False

    @cached_property
    def conditioned(self) -> tuple[Stream, ...]:
        """The streams, conditioned on what judgements show."""
        judged = self.future_value
        return self.streams if judged is None else conditioned(self.streams, judged, self.customers)

    @property
    def size(self) -> int:
        """Number of draws."""
        return self.shape[0] * self.shape[1]

    @property
    def block(self) -> int:
        """How many customers are valued at once: a power of two, fewer where periods and draws are many.

        It depends on nothing else, so that sums are added in the same order wherever customers are valued.
        """
        room = max(1, NUMBERS_IN_SOURCE // (len(self.terms.periods()) * self.size))
        return min(CUSTOMERS_IN_BLOCK, 2 ** (room.bit_length() - 1))

    @property
    def sources(self) -> list[str]:
        """The sources of money: realised, the streams, judged."""
        opportunities = self.future_value is not None and not are_opinions(self.future_value.table).all()
        judged = [JUDGED] if opportunities else []
        return [*([REALISED] if self.realised else []), *(stream.name for stream in self.streams), *judged]

    @property
    def arrays(self) -> int:
        """How many arrays (customers, draws) hold all draws, with their total, at every horizon."""
        return len(self.terms.horizons) * (len(self.sources) + 1)

    def of(self, customers: Customers) -> "Maker":
        """Make ready to value some of the customers."""
        opinions = {} if self.future_value is None else opinions_on(customers, self.future_value)
        place = {customer_id: place for place, customer_id in enumerate(customers.ids)} if opinions else {}
        made = self._made(customers, self.terms)
        if self.realised:
            made = {REALISED: self._realised(customers), **made}
        return Maker(
            made,
            {name: self.margins.of(name, customers) for name in made if name != REALISED},
            dependencies(self.streams),
            (len(self.terms.periods()), self.size),
            {place[customer_id]: opinion for customer_id, opinion in opinions.items()},
            self._made(customers, self.terms.discounted_at(0.0), alone=True) if opinions else {},
            self.seed,
        )

    def _made(self, customers: Customers, terms: Terms, *, alone: bool = False) -> dict[str, CustomerDraws]:
        """Draws of the streams and judged opportunities; streams alone on these terms, whatever rate they have."""
        made: dict[str, CustomerDraws] = {}
        for stream in self.conditioned:
            on = terms if alone or stream.discount_rate is None else terms.discounted_at(stream.discount_rate)
            made[stream.name] = stream.prepare(customers, on, self.shape, self.seed)
        if self.future_value is not None and JUDGED in self.sources:
            made[JUDGED] = JudgedDraws(self.future_value, customers, terms, self.shape, self.seed)
        return made

    def _realised(self, customers: Customers) -> CustomerDraws:
        """Past revenue of customers in all streams, after margin, counted with the first period."""
        past = [self.margins.of(stream.name, customers) * stream.realised(customers) for stream in self.streams]
        values = np.sum(past, axis=0) if past else self.margins.of(REALISED, customers) * total_value(customers)

        def draw(first: int, last: int, money: Array, until: Array | None = None, life: Array | None = None) -> None:
            money[:, 0], money[:, 1:] = values[first:last, np.newaxis], 0.0

        return draw

    def over_blocks(
        self, reduce: Reduce, *, about: About | None = None, means: bool = False, progressbar: bool = False
    ) -> Iterator[Any]:
        """Make the draws of each block of customers and reduce them; see `in_order`.

        Parameters
        ----------
        reduce : callable
            From the block and its money, arrays of shape (customers, periods, draws) by source, to anything.
        about : callable, optional
            From a batch of customers to what `reduce` needs to know of it: done once for thousands of customers.
        means : bool
            Whether `reduce` needs the means of the block.
        """

        def task_for(batch: Customers) -> Callable[[Block], Any]:
            make = self.of(batch)
            expected = make.expected() if means else {}

            def task(block: Block) -> Any:
                money, outcomes = make.combined(block)
                known = make.means(block, money, expected) if means else {}
                return reduce(replace(block, outcomes=outcomes, means=known), money)

            return task

        what = _(
            "valuing {customers}: {sources}",
            customers=counted(len(self.customers), "customer"),
            sources=comma(map(label, self.sources)),
        )
        return over_blocks(self.customers, self.block, task_for, what, about=about, progressbar=progressbar)


def streams_are_judged(valuation: Valuation) -> bool:
    """Whether judgement changes the revenue of streams, beside adding money of its own."""
    judged = valuation.future_value
    changed = any(one is not other for one, other in zip(valuation.conditioned, valuation.streams, strict=True))
    return changed or (judged is not None and bool(are_opinions(judged.table).any()))


def bytes_of_draws(valuation: Valuation) -> int:
    """Memory that the draws of all customers and sources take, with their total, at every horizon."""
    return 8 * valuation.size * len(valuation.customers) * valuation.arrays


def over_blocks(
    customers: Customers,
    length: int,
    task_for: Callable[[Customers], Callable[[Block], Any]],
    description: str,
    *,
    about: About | None = None,
    progressbar: bool = False,
) -> Iterator[Any]:
    """Cut customers into batches, and those into blocks; give what the batch's task makes of each; see `in_order`."""

    def tasks() -> Iterator[Callable[[], Any]]:
        place = 0
        for batch in customers.batches(CUSTOMERS_IN_BATCH):
            known, task = about(batch) if about else None, task_for(batch)
            for first in range(0, len(batch), length):
                yield partial(task, Block(batch, first, min(first + length, len(batch)), place + first, known))
            place += len(batch)

    return in_order(tasks(), -(-len(customers) // length), description, progressbar=progressbar)


def in_order(
    tasks: Iterator[Callable[[], Any]], number: int, description: str, *, progressbar: bool = False
) -> Iterator[Any]:
    """Run tasks on all cores, and give their results in the tasks' order, a few at a time; each is in this language."""
    cores = available_cores()
    with ThreadPoolExecutor(cores) as pool, progress(number, description, show=progressbar) as step:
        waiting: deque[Future[Any]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(copy_context().run, task))
                if len(waiting) >= BLOCKS_AHEAD * cores:
                    yield waiting.popleft().result()
                    step()
            while waiting:
                yield waiting.popleft().result()
                step()
        finally:
            for left in waiting:
                left.cancel()


@dataclass(frozen=True)
class Maker:
    """Makes the draws of some customers.

    Attributes
    ----------
    made : mapping
        Name of each source to its draws.
    margins : mapping
        Name of each source to the share of its revenue that is kept, arrays of shape (customers,); what is not there is
        kept whole.
    hosts : mapping
        Name of each stream that depends on another, to the name of that other.
    shape : (int, int)
        Periods and draws.
    opinions : mapping
        Positions of customers with an opinion on their whole value, with that opinion.
    undiscounted : mapping
        Draws of the same sources without discount, to which opinions refer.
    seed : int
        Of all random streams.
    """

    made: Mapping[str, CustomerDraws]
    margins: Mapping[str, Array]
    hosts: Mapping[str, str]
    shape: tuple[int, int]
    opinions: Mapping[int, Opinion] = field(default_factory=dict)
    undiscounted: Mapping[str, CustomerDraws] = field(default_factory=dict)
    seed: int = 0

    def __call__(self, block: Block) -> Components:
        """Money of a block of the customers: arrays of shape (customers, periods, draws)."""
        return self.combined(block)[0]

    def combined(self, block: Block) -> tuple[Components, dict[Any, Outcome]]:
        """The same, with the results of combining opinions on whole values."""
        drawn, outcomes = self._drawn(self.made, block.first, block.last), {}
        for name, margin in self.margins.items():
            share = margin[block.first : block.last, np.newaxis, np.newaxis]
            if (share != 1).any():
                drawn[name] *= share
        for position in range(block.first, block.last) if self.opinions else ():
            if position in self.opinions:
                taken, outcome = self.opinion_at(position)
                outcomes[self.opinions[position].customer_id] = outcome
                for name in set(drawn) - {REALISED}:
                    drawn[name][position - block.first] = drawn[name][position - block.first][:, taken]
        return drawn, outcomes

    def expected(self) -> dict[str, Array]:
        """What is expected given the draws of parameters, after margin, of the sources that know it.

        Returns
        -------
        dict of arrays of shape (customers, periods)
        """
        found = {}
        for name, made in self.made.items():
            money = made.expected() if isinstance(made, OrderDraws) else None
            if money is not None:
                found[name] = money * self.margins[name][:, np.newaxis]
        return found

    def means(self, block: Block, money: Components, expected: Mapping[str, Array]) -> Components:
        """Means of a block of the customers: arrays of shape (customers, periods, 1).

        Those of draws where nothing else is known, and of a customer with an opinion on the whole value.
        """
        found = {}
        opinions = np.array([position in self.opinions for position in range(block.first, block.last)])
        for name, drawn in money.items():
            mean = np.full(drawn.shape[:2], np.nan)
            if name in expected:
                mean[~opinions] = expected[name][block.first : block.last][~opinions]
            rest = ~np.isfinite(mean).all(axis=1)
            mean[rest] = drawn[rest].mean(axis=-1)
            found[name] = mean[..., np.newaxis]
        return found

    def opinion_at(self, position: int) -> tuple[IntArray, Outcome]:
        """Which draws to take of a customer with an opinion on the whole value, and the result of combining it."""
        totals = self.totals(position)
        taken, pareto_k = self.opinions[position].combined(totals, self.seed)
        return taken, Outcome(float(np.median(totals)), float(np.median(totals[taken])), pareto_k)

    def totals(self, position: int) -> Array:
        """All revenue of such a customer, not discounted and before margin: an array of shape (draws,)."""
        return added(self._drawn(self.undiscounted, position, position + 1))[0].sum(axis=0)

    def _drawn(self, made: Mapping[str, CustomerDraws], first: int, last: int) -> dict[str, Array]:
        """Money before margin, those streams drawn first on which others depend."""
        number, (periods, size) = last - first, self.shape
        drawn: dict[str, Array] = {}
        lives = {name: np.empty((number, size)) for name in self.hosts.values()}
        for name in dependencies_first(made, self.hosts):
            drawn[name] = np.empty((number, periods, size))
            until = lives[self.hosts[name]] if name in self.hosts else None
            made[name](first, last, drawn[name], until, lives.get(name))
        return {name: drawn[name] for name in made}
