"""Triggered service: events such as repairs, which come at a rate of the customer's own while the relation lasts."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.streams.order_stream import OrderStream
from ltv_bayes.streams.stream import Stream


@dataclass(frozen=True)
class TriggeredService(OrderStream):
    """The stream of paid events that nobody plans.

    Parameters
    ----------
    events : FittedEvents
        How often they come, as `NBD` fits it to events and exposure: the time since installation, as in
        ``summarize(orders.stream("service"), since=installed)``.
    spend : FittedSpend
        What each brings.
    name : str
        Names the stream in results.
    customers : Customers, optional
        Events and exposure of customers, if other orders stand beside them; otherwise those of the customers valued.
        Who is not among them has no such events.
    while_alive : str, stream or None
        The stream, or its name, that says how long the relation lasts. None if it lasts as long as the horizon; so it
        does for customers whom that stream does not know.
    margin : float, column name, or mapping from id to float, optional
        Share of this stream's revenue that is kept; that of the value if not given.
    discount_rate : float, optional
        Annual effective rate of this stream; that of the value if not given.

    Notes
    -----
    Exposure ends when the relation does: ``service.observed_until(renewals.ended())``. Otherwise time in which no event
    could come lowers the rate.
    """

    events: FittedEvents
    spend: FittedSpend
    name: str = "triggered_service"
    customers: Customers | None = field(default=None, kw_only=True)
    while_alive: str | Stream | None = field(kw_only=True)
    margin: Any = field(default=None, kw_only=True)
    discount_rate: float | None = field(default=None, kw_only=True)

    ends_a_relation: ClassVar[bool] = False
    alive_for_sure: ClassVar[frozenset[str]] = frozenset()
    signs_of_life: ClassVar[None] = None
    shown_elsewhere: ClassVar[None] = None
    one_life: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for value, kind, made in ((self.events, FittedEvents, "NBD"), (self.spend, FittedSpend, "GammaGamma")):
            if not isinstance(value, kind):
                raise InputError(
                    f"TriggeredService takes a fit of events and a spend fit, in this order; where {made}().fit(...) "
                    f"belongs there is {a_kind(value)}."
                )
        if self.customers is not None:
            require_customers(self.customers)

    @property
    def counts(self) -> FittedEvents:
        """How many events."""
        return self.events
