"""Triggered service: events such as repairs, which occur at a rate of the customer's own while the relation lasts."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.streams.order_stream import OrderStream, require_fits
from ltv_bayes.streams.stream import Stream


@dataclass(frozen=True)
class TriggeredService(OrderStream):
    """The stream of paid events that are not planned.

    Parameters
    ----------
    events : FittedEvents
        How often they occur, as `NBD` fits it to events and exposure: the time since installation, as in
        ``summarize(orders.stream("service"), since=installed)``.
    spend : FittedSpend
        What each is worth.
    name : str
        Names the stream in results.
    customers : Customers, optional
        Events and exposure of customers, if other orders stand beside them; otherwise those of the customers valued.
        Customers who are not among them have no such events.
    while_alive : str, stream or None
        The stream, or its name, that decides how long the relation lasts. None if it lasts as long as the horizon; so
        it does for customers unknown to that stream.
    margin : float, column name, or mapping from id to float, optional
        Share of this stream's revenue that is kept; that of the value if not given.
    discount_rate : float, optional
        Annual effective rate of this stream; that of the value if not given.

    Notes
    -----
    Exposure ends when the relation does: ``service.observed_until(renewals.ended())``. Otherwise time in which no event
    could occur lowers the rate.
    """

    events: FittedEvents
    spend: FittedSpend
    name: str = "triggered_service"
    customers: Customers | None = field(default=None, kw_only=True)
    while_alive: str | Stream | None = field(kw_only=True)
    margin: Any = field(default=None, kw_only=True)
    discount_rate: float | None = field(default=None, kw_only=True)

    ends_a_relation: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_fits(self, FittedEvents, "events", "NBD")

    @property
    def counts(self) -> FittedEvents:
        """How many events."""
        return self.events
