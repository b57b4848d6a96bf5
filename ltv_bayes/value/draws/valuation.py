"""How to value any customers: the streams, judgements, margin and terms, and the draws they make for one stretch."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import counted
from ltv_bayes.formatting import label
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.whole_value import Opinion
from ltv_bayes.sizes import available_cores
from ltv_bayes.streams.order_stream import total_value
from ltv_bayes.streams.stream import CustomerDraws, Stream
from ltv_bayes.streams.together import hosts_first, hosts_of
from ltv_bayes.terminal import progress
from ltv_bayes.terms import Terms
from ltv_bayes.value.draws.margins import Margins
from ltv_bayes.value.draws.told import told

REALISED, JUDGED = "realised", "judged"
STRETCH = 64
BATCH = STRETCH * 1024
NUMBERS = 2**19  # in the money of one source of a stretch, about
AHEAD = 3

Components = Mapping[str, Array]


def added(components: Components) -> Array:
    """Add the sources of money."""
    return np.add.reduce(list(components.values()))


@dataclass(frozen=True)
class Stretch:
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
        What was said of the batch.
    """

    customers: Customers
    first: int
    last: int
    place: int
    about: Any = None

    @property
    def rows(self) -> slice:
        """Their positions among all customers."""
        return slice(self.place, self.place + self.last - self.first)

    @property
    def ids(self) -> Any:
        """Their ids."""
        return self.customers.ids[self.first : self.last]


class Outcome(NamedTuple):
    """What became of an opinion on a customer's whole value: the median of the draws before and after, and Pareto k."""

    model_median: float
    median: float
    pareto_k: float


Reduce = Callable[[Stretch, Components], Any]
About = Callable[[Customers], Any]


@dataclass(frozen=True)
class Valuation:
    """What each source of money is worth, for any customers, all periods and all draws.

    Customers are handled in stretches of a fixed length, on all cores, and results come in order. Since every customer
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
        Whether what customers have brought so far is a source.
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
    def told(self) -> tuple[Stream, ...]:
        """The streams as judgements change them."""
        return self.streams if self.future_value is None else told(self.streams, self.future_value, self.customers)

    @property
    def streams_are_judged(self) -> bool:
        """Whether judgement changes what streams bring, beside adding money of its own."""
        changed = any(one is not other for one, other in zip(self.told, self.streams, strict=True))
        return changed or (self.future_value is not None and bool(self.future_value.are_opinions.any()))

    @cached_property
    def outcomes(self) -> dict[Any, Outcome]:
        """What became of opinions, by the customer's id: of those who were valued so far."""
        return {}

    @property
    def size(self) -> int:
        """Number of draws."""
        return self.shape[0] * self.shape[1]

    @property
    def stretch(self) -> int:
        """How many customers are valued at once: a power of two, fewer where periods and draws are many.

        It depends on nothing else, so that sums are added in the same order wherever customers are valued.
        """
        room = max(1, NUMBERS // (len(self.terms.periods()) * self.size))
        return min(STRETCH, 2 ** (room.bit_length() - 1))

    @property
    def sources(self) -> list[str]:
        """Where money comes from: realised, the streams, judged."""
        judged = [JUDGED] if self.has_opportunities else []
        return [*([REALISED] if self.realised else []), *(stream.name for stream in self.streams), *judged]

    @property
    def has_opportunities(self) -> bool:
        """Whether money is judged that the streams do not hold."""
        return self.future_value is not None and not self.future_value.are_opinions.all()

    @property
    def arrays(self) -> int:
        """How many arrays (customers, draws) hold all draws, with their total, at every horizon."""
        return len(self.terms.horizons) * (len(self.sources) + 1)

    @property
    def bytes_needed(self) -> int:
        """Memory that all draws take."""
        return 8 * self.size * len(self.customers) * self.arrays

    def of(self, customers: Customers) -> "Maker":
        """Make ready to value some of the customers."""
        opinions = {} if self.future_value is None else self.future_value.opinions(customers)
        place = {customer_id: place for place, customer_id in enumerate(customers.ids)} if opinions else {}
        made = self._made(customers, self.terms)
        if self.realised:
            made = {REALISED: self._realised(customers), **made}
        return Maker(
            made,
            {name: self.margins.of(name, customers) for name in made if name != REALISED},
            hosts_of(self.streams),
            (len(self.terms.periods()), self.size),
            {place[customer_id]: opinion for customer_id, opinion in opinions.items()},
            self._made(customers, self.terms.discounted_at(0.0), alone=True) if opinions else {},
            self.seed,
            self.outcomes,
        )

    def _made(self, customers: Customers, terms: Terms, *, alone: bool = False) -> dict[str, CustomerDraws]:
        """Draws of the streams and judged opportunities; streams alone on these terms, whatever rate they have."""
        made: dict[str, CustomerDraws] = {}
        for stream in self.told:
            on = terms if alone or stream.discount_rate is None else terms.discounted_at(stream.discount_rate)
            made[stream.name] = stream.prepare(customers, on, self.shape, self.seed)
        if self.future_value is not None and self.has_opportunities:
            made[JUDGED] = self.future_value.prepare(customers, terms, self.shape, self.seed)
        return made

    def _realised(self, customers: Customers) -> CustomerDraws:
        """What customers have brought so far in all streams, after margin, counted with the first period."""
        past = [self.margins.of(stream.name, customers) * stream.realised(customers) for stream in self.streams]
        values = np.sum(past, axis=0) if past else self.margins.of(REALISED, customers) * total_value(customers)

        def draw(first: int, last: int, money: Array, until: Array | None = None, life: Array | None = None) -> None:
            money[:, 0], money[:, 1:] = values[first:last, np.newaxis], 0.0

        return draw

    def over_stretches(self, reduce: Reduce, *, about: About | None = None, progressbar: bool = False) -> Iterator[Any]:
        """Make the draws of each stretch of customers and reduce them; see `in_order`.

        Parameters
        ----------
        reduce : callable
            From the stretch and its money, arrays of shape (customers, periods, draws) by source, to anything.
        about : callable, optional
            From a batch of customers to what `reduce` needs to know of it: done once for thousands of customers.
        """

        def task(stretch: Stretch, make: Maker) -> Any:
            return reduce(stretch, make(stretch))

        def tasks() -> Iterator[Callable[[], Any]]:
            for batch, stretches in stretches_of(self.customers, self.stretch, about):
                make = self.of(batch)
                yield from (partial(task, stretch, make) for stretch in stretches)

        what = f"valuing {counted(len(self.customers), 'customer')}: {', '.join(map(label, self.sources))}"
        return in_order(tasks(), -(-len(self.customers) // self.stretch), what, progressbar=progressbar)


def stretches_of(
    customers: Customers, length: int, about: About | None = None
) -> Iterator[tuple[Customers, list[Stretch]]]:
    """Cut customers into batches, and those into stretches."""
    place = 0
    for batch in customers.batches(BATCH):
        said = about(batch) if about else None
        firsts = range(0, len(batch), length)
        yield batch, [Stretch(batch, k, min(k + length, len(batch)), place + k, said) for k in firsts]
        place += len(batch)


def in_order(
    tasks: Iterator[Callable[[], Any]], number: int, description: str, *, progressbar: bool = False
) -> Iterator[Any]:
    """Run tasks on all cores and give their results in the tasks' order, a few at a time."""
    cores = available_cores()
    with ThreadPoolExecutor(cores) as pool, progress(number, description, show=progressbar) as step:
        waiting: deque[Future[Any]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(task))
                if len(waiting) >= AHEAD * cores:
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
        Name of each stream that rides on another, to the name of that.
    shape : (int, int)
        Periods and draws.
    opinions : mapping
        Positions of customers of whose whole value somebody has an opinion, with that.
    undiscounted : mapping
        Draws of the same sources without discount, which opinions speak of.
    seed : int
        Of all random streams.
    outcomes : dict
        What became of opinions is written here, by the customer's id.
    """

    made: Mapping[str, CustomerDraws]
    margins: Mapping[str, Array]
    hosts: Mapping[str, str]
    shape: tuple[int, int]
    opinions: Mapping[int, Opinion] = field(default_factory=dict)
    undiscounted: Mapping[str, CustomerDraws] = field(default_factory=dict)
    seed: int = 0
    outcomes: dict[Any, Outcome] = field(default_factory=dict)

    def __call__(self, stretch: Stretch) -> Components:
        """Money of a stretch of the customers: arrays of shape (customers, periods, draws)."""
        drawn = self._drawn(self.made, stretch.first, stretch.last)
        for name, margin in self.margins.items():
            share = margin[stretch.first : stretch.last, np.newaxis, np.newaxis]
            if (share != 1).any():
                drawn[name] *= share
        for position in range(stretch.first, stretch.last) if self.opinions else ():
            if position in self.opinions:
                taken = self.combined(position)
                for name in set(drawn) - {REALISED}:
                    drawn[name][position - stretch.first] = drawn[name][position - stretch.first][:, taken]
        return drawn

    def combined(self, position: int) -> IntArray:
        """Which draws to take of a customer of whose whole value somebody has an opinion."""
        opinion, totals = self.opinions[position], self.totals(position)
        taken, k = opinion.combined(totals, self.seed)
        self.outcomes[opinion.customer_id] = Outcome(float(np.median(totals)), float(np.median(totals[taken])), k)
        return taken

    def totals(self, position: int) -> Array:
        """All that such a customer brings, not discounted and before margin: an array of shape (draws,)."""
        return added(self._drawn(self.undiscounted, position, position + 1))[0].sum(axis=0)

    def _drawn(self, made: Mapping[str, CustomerDraws], first: int, last: int) -> dict[str, Array]:
        """Money before margin, those streams drawn first that others ride on."""
        number, (periods, size) = last - first, self.shape
        drawn: dict[str, Array] = {}
        lives = {name: np.empty((number, size)) for name in self.hosts.values()}
        for name in hosts_first(made, self.hosts):
            drawn[name] = np.empty((number, periods, size))
            until = lives[self.hosts[name]] if name in self.hosts else None
            made[name](first, last, drawn[name], until, lives.get(name))
        return {name: drawn[name] for name in made}
