"""Repeat purchases: how often a customer will buy, times what each purchase is worth, discounted at its own date."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.special import Array
from ltv_bayes.language import _
from ltv_bayes.predictions.alive import weighted_alive
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import shuffled
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.signs.signs_of_life import SignsOfLife, weights_of_having_left
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.predictions.visibility import Coverage, VisibleShare
from ltv_bayes.sizes import ALIVE_CUSTOMERS
from ltv_bayes.streams.notes import bought_once_notes
from ltv_bayes.streams.order_stream import OrderStream, covered_by, require_fits
from ltv_bayes.streams.stream import Stream
from ltv_bayes.terms import Terms
from ltv_bayes.time_units import DAYS_PER_UNIT


@dataclass(frozen=True)
class RepeatPurchases(OrderStream):
    """The stream of repeat purchases.

    Parameters
    ----------
    purchases : FittedPurchases or FittedEvents
        How often customers buy and when they leave, as `BGNBD` or one of its kin fits it; from `NBD`, customers do not
        leave by themselves.
    spend : FittedSpend
        What they spend per order. The two fits are independent; their draws are paired at random.
    name : str
        Names the stream in results.
    customers : Customers, optional
        Histories in this stream, if other orders stand beside it; otherwise those of the customers valued. Who is not
        among them buys nothing in this stream.
    while_alive : str or stream, optional
        A stream that this one depends on, or its name, such as a subscription. Purchases end when the relation ends
        there. Who is known to be alive there is alive here; who has ended there buys nothing. Customers unknown to the
        other stream leave by this stream's own model.
    one_life : bool
        Whether who is alive in that stream is known to be alive in this one: there is one lifetime. False if customers
        may stop buying here and keep the other: then their own history decides whether they have, and the end of the
        other stream only ends their purchases.
    known_alive : iterable of ids, optional
        Customers who are known to be alive, from a source outside the streams.
    signs : SignsOfLife, optional
        Customers with a sign of life, who are likelier to be alive. Open opportunities among the judgements of a value
        set it by themselves.
    visible : VisibleShare, optional
        The share of future purchases that is counted elsewhere, as judged opportunities: each is left out with
        this chance. Judgements with that relation (``visible_share``) set it by themselves.
    coverage : Coverage, optional
        The customers whose pipeline shows that share; all if not given. ``covers=`` of the judgements sets it.
    margin : float, column name, or mapping from id to float, optional
        Share of this stream's revenue that is kept; that of the value if not given.
    discount_rate : float, optional
        Annual effective rate of this stream; that of the value if not given.

    Notes
    -----
    If purchases depend on another stream, fit them on the time in which the relation lasted:
    ``customers.observed_until(renewals.ended())``. Otherwise relations that ended elsewhere look like customers who
    stopped buying, and the end is counted twice.
    """

    purchases: FittedPurchases | FittedEvents
    spend: FittedSpend
    name: str = "repeat_purchases"
    customers: Customers | None = field(default=None, kw_only=True)
    while_alive: str | Stream | None = field(default=None, kw_only=True)
    one_life: bool = field(default=True, kw_only=True)
    known_alive: Iterable[Any] = field(default=(), kw_only=True)
    signs: SignsOfLife | None = field(default=None, kw_only=True)
    visible: VisibleShare | None = field(default=None, kw_only=True)
    coverage: Coverage | None = field(default=None, kw_only=True)
    margin: Any = field(default=None, kw_only=True)
    discount_rate: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        require_fits(self, FittedPurchases | FittedEvents, "purchases", "BGNBD")
        if isinstance(self.known_alive, str):
            raise InputError(_("known_alive takes several ids: write [{known_alive!r}].", known_alive=self.known_alive))

    def notes(self, customers: Customers, terms: Terms) -> list[str]:
        """State what there is to know of the data, and of customers who bought once if most did."""
        if self.while_alive is not None:
            return super().notes(customers, terms)
        return [*super().notes(customers, terms), *bought_once_notes(self._orders(customers), self.purchases.model)]

    @property
    def ends_a_relation(self) -> bool:
        """Whether customers can leave by themselves."""
        return isinstance(self.purchases, FittedPurchases)

    @property
    def counts(self) -> FittedPurchases | FittedEvents:
        """How many orders."""
        return self.purchases

    @property
    def alive_for_sure(self) -> frozenset[str]:
        """Ids, as text, of customers who are known to be alive."""
        return frozenset(map(str, self.known_alive))


def alive_draws(stream: RepeatPurchases, fit: FittedPurchases, customers: Customers, seed: int | None = None) -> Array:
    """P(alive) in each draw of a fit, with signs of life and what is known: an array (chains, draws, customers).

    How strong signs are is drawn as in the value that has this seed; without one, it is spread evenly over the draws.
    """
    table, days = customers.table, DAYS_PER_UNIT[customers.time_unit]
    silent = ((table["T"] - table["recency"]) * days).to_numpy(dtype=float)
    covered = None if stream.signs is None else covered_by(stream.signs.coverage, stream, customers)
    alive, strength = fit.probability_alive(customers).to_numpy(), None
    if stream.signs is not None:
        by, shape = stream.signs.strength, (alive.shape[0], alive.shape[1])
        strength = by.spread(shape[0] * shape[1]) if seed is None else by.draws(shape, seed)
    known = customers.ids, stream.signs, stream.alive_for_sure, silent, covered, strength
    most, place, drawn = weights_of_having_left(*known)
    weights = most if not drawn.size else np.minimum(drawn[place].T.reshape(alive.shape), most)
    return weighted_alive(alive, weights)


def alive_in_value(stream: RepeatPurchases, customers: Customers, shape: tuple[int, int], seed: int) -> Array:
    """P(alive) in each draw of a value, as its money is drawn: an array (chains, draws, customers).

    Parameters
    ----------
    stream : RepeatPurchases
        As the value conditions it on judgements.
    shape : tuple of int
        Chains and draws of the value.
    seed : int
        Of the value.
    """
    purpose, _unused = next(iter(stream.fits_by_purpose.items()))
    fit = shuffled(stream.purchases, shape, seed, purpose)
    assert isinstance(fit, FittedPurchases)
    return alive_draws(stream, fit, customers, seed)


def mean_alive_both(
    stream: RepeatPurchases, customers: Customers, shape: tuple[int, int], seed: int
) -> tuple[Array, Array]:
    """P(alive) of each customer by orders, as `mean_alive`, and the mean of `alive_in_value`: arrays (customers,)."""
    by_orders = mean_alive(stream, customers)
    if stream.signs is None:
        return by_orders, by_orders
    drawn = (alive_in_value(stream, some, shape, seed) for some in customers.batches(ALIVE_CUSTOMERS))
    return by_orders, np.concatenate([one.mean(axis=(0, 1)) for one in drawn])


def mean_alive(
    stream: RepeatPurchases, customers: Customers, fit: FittedPurchases | None = None, *, batch: int = ALIVE_CUSTOMERS
) -> Array:
    """P(alive) of each customer by these histories, 1 if known to be alive: an array (customers,), in bounded memory.

    Parameters
    ----------
    fit : FittedPurchases, optional
        Fewer draws of the stream's fit, if all would take too long.
    batch : int
        The number of customers with draws in memory at a time.
    """
    fitted = stream.purchases if fit is None else fit
    assert isinstance(fitted, FittedPurchases)
    drawn = (fitted.probability_alive(some) for some in customers.batches(batch))
    alive = np.concatenate([one.mean(("chain", "draw"), skipna=False).to_numpy() for one in drawn])
    return np.where(as_text(customers.ids).isin(list(stream.alive_for_sure)), 1.0, alive)
