"""Repeat purchases: how often a customer will buy, times what each purchase brings, discounted at its own date."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.signs_of_life import SignsOfLife
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.predictions.visibility import VisibleShare
from ltv_bayes.streams.history_notes import bought_once_notes
from ltv_bayes.streams.order_stream import OrderStream
from ltv_bayes.streams.stream import Stream
from ltv_bayes.terms import Terms


@dataclass(frozen=True)
class RepeatPurchases(OrderStream):
    """The stream of repeat purchases.

    Parameters
    ----------
    purchases : FittedPurchases or FittedEvents
        How often customers buy and when they leave, as `BGNBD` or one of its kin fits it; from `NBD`, customers do not
        leave by themselves.
    spend : FittedSpend
        What they spend per order. The two fits are independent, so their draws are paired as they come.
    name : str
        Names the stream in results.
    customers : Customers, optional
        Histories in this stream, if other orders stand beside it; otherwise those of the customers valued. Who is not
        among them buys nothing in this stream.
    while_alive : str or stream, optional
        A stream that this one rides on, or its name, such as a subscription. Purchases end when the relation ends
        there. Who is known to be alive there is alive here; who has ended there buys nothing. For those whom the other
        stream does not know, this one decides by itself.
    one_life : bool
        Whether who is alive in that stream is known to be alive in this one: there is one lifetime. False where
        customers may stop buying here and keep the other: then their own history decides whether they have, and the end
        there only cuts.
    known_alive : iterable of ids, optional
        Customers of whom is known that they are alive, from a source outside the streams.
    signs : SignsOfLife, optional
        Of whom something was heard, which makes it likelier that they are alive. Open opportunities among the
        judgements of a value set it by themselves.
    visible : VisibleShare, optional
        Which share of the purchases to come is counted elsewhere, as judged opportunities: each is left out with this
        chance. Judgements that say so (``visible_share``) set it by themselves.
    margin : float, column name, or mapping from id to float, optional
        Share of this stream's revenue that is kept; that of the value if not given.
    discount_rate : float, optional
        Annual effective rate of this stream; that of the value if not given.

    Notes
    -----
    If purchases ride on another stream, fit them on time in which the relation lasted:
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
    margin: Any = field(default=None, kw_only=True)
    discount_rate: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for value, kinds, made in (
            (self.purchases, FittedPurchases | FittedEvents, "BGNBD"),
            (self.spend, FittedSpend, "GammaGamma"),
        ):
            if not isinstance(value, kinds):
                raise InputError(
                    f"RepeatPurchases takes a purchase fit and a spend fit, in this order; where {made}().fit(...) "
                    f"belongs there is {a_kind(value)}."
                )
        if self.customers is not None:
            require_customers(self.customers)
        if isinstance(self.known_alive, str):
            raise InputError(f"known_alive takes several ids: write [{self.known_alive!r}].")

    def notes(self, customers: Customers, terms: Terms) -> list[str]:
        """Say what there is to know of the data, and of customers who bought once where most did."""
        if self.while_alive is not None:
            return super().notes(customers, terms)
        histories = customers if self.customers is None else self.customers
        return [*super().notes(customers, terms), *bought_once_notes(histories, self.purchases.model)]

    @property
    def ends_a_relation(self) -> bool:
        """Whether customers can leave by themselves."""
        return isinstance(self.purchases, FittedPurchases)

    @property
    def counts(self) -> FittedPurchases | FittedEvents:
        """How many orders."""
        return self.purchases

    @property
    def shown_elsewhere(self) -> VisibleShare | None:
        """Which share of orders is counted elsewhere."""
        return self.visible

    @cached_property
    def alive_for_sure(self) -> frozenset[str]:
        """Ids, as text, of customers who are known to be alive."""
        return frozenset(map(str, self.known_alive))

    @property
    def signs_of_life(self) -> SignsOfLife | None:
        """Of whom something was heard."""
        return self.signs
