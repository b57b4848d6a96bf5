"""Who is slipping away since an earlier day, and what is at stake."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_history
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.data.customers.rows import FrameRows
from ltv_bayes.data.orders.summarize import summarize
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import InputError, UnitError, a_kind, counted, suggestion
from ltv_bayes.formatting import money, probability, with_currency
from ltv_bayes.formulas.point.inputs import as_share
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, flagged, interval, interval_settings, quoted_with, summarize_sorted
from ltv_bayes.language import _, _n, comma, retold
from ltv_bayes.posterior import labelled_draws
from ltv_bayes.predictions.fitted import pooling_of
from ltv_bayes.predictions.over_customers import require_memory
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.streams.repeat_purchases import RepeatPurchases, alive_in_value, mean_alive, mean_alive_both
from ltv_bayes.streams.stream import Stream
from ltv_bayes.streams.together import dependencies
from ltv_bayes.tables import Printed, ResultPage
from ltv_bayes.time_units import as_date
from ltv_bayes.value.decisions.histories_in_words import histories_in_words, what_signs_did
from ltv_bayes.value.draws.judged_streams import shows_opportunities
from ltv_bayes.value.draws.valuation import Block, Components, added
from ltv_bayes.value.lifetime_value import LifetimeValue, valued_of
from ltv_bayes.value.valued import Valued

SHOWN = 10
PURPOSE = "slipping away"
SHOWN_FACTS = ["probability_alive_before", "probability_alive", "drop", "value_if_alive", "at_stake", "reason"]


@dataclass(frozen=True, eq=False, repr=False)
class SlippingAway(Printed):
    """Customers whose probability of being alive has dropped, and the money that is lost if they have left.

    Attributes
    ----------
    facts : pandas.DataFrame
        Indexed by customer_id, the most at stake first: probability_alive_before, probability_alive, drop,
        value_if_alive and at_stake (means), and the reason in words.
    gone : pandas.DataFrame
        The same of those who are left out, as they have most likely left.
    at_stake : xarray.DataArray
        (chain, draw, customer_id): in a draw in which the customer has left, what they would pay had they stayed, up to
        the horizon; otherwise nothing.
    customers : int
        How many are known on both days.
    came_back : int
        How many are not listed, as they have ordered since, though the probability has dropped.
    new : int
        How many are not counted, as they were not customers yet on the earlier day.
    since, as_of : datetime.date
        The two days.
    least_drop : float
        The least drop that counts.
    least_alive : float
        Who is less likely to be alive now is left out.
    currency : str or None
        Currency of the values.
    settings : str
        Of the value.
    caution : str
        What every table must say; empty when nothing.
    """

    facts: pd.DataFrame
    gone: pd.DataFrame
    at_stake: xr.DataArray
    customers: int
    since: dt.date
    as_of: dt.date
    least_drop: float
    least_alive: float
    currency: str | None
    settings: str
    caution: str = ""
    came_back: int = 0
    new: int = 0

    def total(self) -> xr.DataArray:
        """What is at stake with all of them together, of shape (chain, draw)."""
        return self.at_stake.sum("customer_id", skipna=False).rename("at_stake")

    def summary(self, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
        """One row per customer: how far they have slipped, what is at stake (``ci_prob, ci_kind``), and why.

        Returns
        -------
        pandas.DataFrame
            Indexed by customer_id, the most at stake first: probability_alive_before, probability_alive, drop,
            value_if_alive, at_stake (mean) with its interval, and reason.
        """
        drawn = self.at_stake.transpose("customer_id", "chain", "draw").to_numpy()
        rows = drawn.reshape(len(self.facts), self.total().size)
        found = summarize_sorted(np.sort(rows, axis=1), *interval_settings(ci_prob, ci_kind))
        ends = {f"at_stake_{name}": values for name, values in found.items() if name.endswith(("_lb", "_ub"))}
        table = self.facts.drop(columns="reason").assign(**ends, reason=[retold(one) for one in self.facts["reason"]])
        return flagged(table, self.caution, self.currency)

    def sentence(self, ci_prob: float | None = None, ci_kind: str | None = None) -> str:
        """How many are slipping away, and what is at stake, to quote; ``ci_prob, ci_kind`` as in `summary`."""
        return quoted_with(self._sentence(ci_prob, ci_kind), self.caution)

    def _sentence(self, ci_prob: float | None, ci_kind: str | None) -> str:
        customers = counted(self.customers, "customer")
        fell = _(
            "fell by {least_drop:g} or more from {since} to {as_of}",
            least_drop=self.least_drop,
            since=self.since,
            as_of=self.as_of,
        )
        if self.facts.empty:
            none = _("P(alive) of no other customer {fell}", fell=fell)
            if self.gone.empty and not self.came_back:
                none = _("P(alive) of no customer {fell}", fell=fell)
            return _(
                "None of {customers} is slipping away: {none}.{left_out}",
                customers=customers,
                none=none,
                left_out=self._left_out(),
            )
        prob, kind = interval_settings(ci_prob, ci_kind)
        draws = self.total().to_numpy().ravel()
        low, high = (money(float(end), self.currency) for end in interval(draws, prob, kind))
        mean = with_currency(money(float(self.facts["at_stake"].sum()), self.currency), self.currency)
        return _n(
            "{n:,} of {customers} is slipping away: P(alive) {fell}. At stake is {mean} on average, {interval} {low} "
            "to {high}.{left_out}",
            "{n:,} of {customers} are slipping away: P(alive) {fell}. At stake is {mean} on average, {interval} {low} "
            "to {high}.{left_out}",
            len(self.facts),
            customers=customers,
            fell=fell,
            mean=mean,
            interval=describe_interval(prob, kind),
            low=low,
            high=high,
            left_out=self._left_out(),
        )

    def _left_out(self) -> str:
        """Who is not among them: those who came back, those who have most likely left already, and new customers."""
        back = _n(
            " {n:,} more, for whom it fell as well, has ordered since and is not listed.",
            " {n:,} more, for whom it fell as well, have ordered since and are not listed.",
            self.came_back,
        )
        new = _n(
            " {n:,} customer who came after {since} is not counted.",
            " {n:,} customers who came after {since} are not counted.",
            self.new,
            since=self.since,
        )
        return (back if self.came_back else "") + self._gone() + (new if self.new else "")

    def _gone(self) -> str:
        """How many have most likely left already, and the value of them if alive."""
        if self.gone.empty:
            return ""
        lost = with_currency(money(float(self.gone["at_stake"].sum()), self.currency), self.currency)
        return _n(
            " {n:,} more is left out, with P(alive) below {least:g} now: most likely gone, with {lost} on average.",
            " {n:,} more are left out, with P(alive) below {least:g} now: most likely gone, with {lost} on average.",
            len(self.gone),
            least=self.least_alive,
            lost=lost,
        )

    def _page(self) -> ResultPage:
        lines = [self.sentence(), retold(self.settings)]
        return ResultPage(lines, None if self.facts.empty else self.summary(), (), self.currency, rows=SHOWN)


def slipping_away(
    ltv: LifetimeValue,
    earlier: Customers | Transactions,
    *,
    since: Any = None,
    least_drop: float = 0.1,
    least_alive: float = 0.2,
    stream: str | None = None,
) -> SlippingAway:
    """Who was most likely a customer on an earlier day, and is less likely one now; and what is at stake.

    Parameters
    ----------
    ltv : LifetimeValue
        The value as of now, with a stream of repeat purchases that customers can leave.
    earlier : Customers or Transactions
        The customers as they stood on the earlier day; or the log of orders, with ``since=``.
    since : date, optional
        The earlier day, if a log is given.
    least_drop : float
        Least drop of the probability of being alive that counts.
    least_alive : float
        Who is less likely than this to be alive now, by orders and in the value, has most likely left, cannot be
        saved, and is left out; 0 lists all customers.
    stream : str, optional
        Name of the stream of repeat purchases, if there are several.

    Returns
    -------
    SlippingAway
        Facts and draws; ``.summary()`` is the table, the most at stake first.

    Raises
    ------
    InputError
        If there is no such stream, or no customer is known on both days.
    UnitError
        If the earlier day is not earlier, or the drop or the least probability not between 0 and 1.

    Notes
    -----
    Both probabilities are of the same fit, from the histories up to each day: the drop is what happened since, which
    is silence. Neither knows of open opportunities; the value at stake does, and a reason tells with which probability,
    where it is another.

    Who has ordered after the earlier day has come back and is not listed, whatever the probabilities: a second order
    lowers that of BG/NBD, which is 1 after the first one, as it takes nobody to leave before a repeat purchase. The
    sentence counts them. Those who fell silent again since that order show with a later day.

    At stake is what is lost if the customer has left: the value given that they are still there, in the share of the
    draws in which they are not. On average that is the value if alive less the value now, and the most that winning
    them back can be worth. The difference from the value on the earlier day would mix this with orders made since and
    with another horizon. Streams that depend on the purchases are lost with them; judged opportunities are not counted.

    Means of repeat purchases are those given the draws of parameters, so a row adds up: ``value_if_alive`` less
    ``at_stake`` is the mean of these streams now, as ``ltv.explain(customer_id)`` shows it. Regular purchases and
    services that depend on purchases have means of draws alone. What is at stake of them is that of its own draws,
    which is never below 0, and a row adds up to the error of means of a finite number of draws.
    """
    if not isinstance(ltv, LifetimeValue):
        raise InputError(_("slipping_away needs what lifetime_value(...) returned, not {kind}.", kind=a_kind(ltv)))
    least_drop, least_alive = as_share(least_drop, "least_drop"), as_share(least_alive, "least_alive")
    if least_drop == 0:
        raise UnitError(_("least_drop must be above 0 and at most 1, not {least_drop!r}.", least_drop=least_drop))
    value = valued_of(ltv)
    chosen = _stream_that_ends(value.valuation.conditioned, stream)
    now = ltv.customers if chosen.customers is None else chosen.customers
    before = _before(earlier, since, now)
    facts = _facts(value, chosen, now, before)
    fell, back = facts["drop"] >= least_drop, facts["ordered_since"].astype(bool)
    slipped = facts[fell & ~back]
    lost, means = _at_stake(value, chosen, now, slipped.index)
    slipped = slipped.assign(value_if_alive=means[:, 0], at_stake=means[:, 1])
    order = np.argsort(-slipped["at_stake"], kind="stable")
    lost, slipped = lost[order], slipped.iloc[order]
    gone = (slipped[["probability_alive", "alive_in_value"]] < least_alive).all(axis=1).to_numpy()
    slipped = slipped[SHOWN_FACTS]
    assert before.as_of is not None
    assert now.as_of is not None
    return SlippingAway(
        slipped[~gone],
        slipped[gone],
        _labelled(value, lost[~gone], slipped.index[~gone]),
        len(facts),
        before.as_of,
        now.as_of,
        float(least_drop),
        float(least_alive),
        ltv.currency,
        str(ltv.settings.to_come),
        value.caution,
        int((fell & back).sum()),
        len(ltv.customers) - len(known_ids(before, as_text(ltv.customers.ids))),
    )


def _stream_that_ends(streams: Sequence[Stream], name: str | None) -> RepeatPurchases:
    """Find the stream of repeat purchases that customers can leave by themselves."""
    able = {
        one.name: one
        for one in streams
        if isinstance(one, RepeatPurchases) and isinstance(one.purchases, FittedPurchases) and one.while_alive is None
    }
    if not able:
        raise InputError(
            _(
                "No stream of this value says by itself who is still a customer. Value one: "
                "RepeatPurchases(purchases, spend), with a fit of BGNBD, for instance."
            )
        )
    if name is None and len(able) > 1:
        raise InputError(
            _("Several streams say who is still a customer: pass stream=, one of {able}.", able=comma(able))
        )
    if name is not None and name not in able:
        raise InputError(
            _("There is no such stream {name!r}. {suggestion}", name=name, suggestion=suggestion(name, able))
        )
    return able[name or next(iter(able))]


def _before(earlier: Any, since: Any, now: Customers) -> Customers:
    """The customers as they stood on the earlier day."""
    if isinstance(earlier, Transactions):
        if since is None:
            raise InputError(_("A log does not say which day to look back to. Pass since='2025-06-30'."))
        _require_earlier(as_date(since, "since"), now)
        return summarize(earlier, time_unit=now.time_unit, as_of=since)
    if not isinstance(earlier, Customers):
        raise InputError(
            _(
                "The earlier day is looked up in the log of orders, as read_transactions returned it, with "
                "since=; or in the customers of that day, as summarize(orders, as_of=...) returned them; not "
                "in {kind}.",
                kind=a_kind(earlier),
            )
        )
    if since is not None:
        raise InputError(_("since= belongs to a log of orders; customers have their as-of date."))
    require_history(earlier)
    _require_earlier(earlier.as_of, now)
    return earlier


def _require_earlier(day: dt.date | None, now: Customers) -> None:
    if day is None or now.as_of is None or day >= now.as_of:
        raise UnitError(
            _(
                "The earlier day must lie before the as-of date of the value: {day} and {as_of}. Make both "
                "customers with summarize(orders, as_of=...).",
                day=day,
                as_of=now.as_of,
            )
        )


def _facts(value: Valued, stream: RepeatPurchases, now: Customers, before: Customers) -> pd.DataFrame:
    """Probability of being alive on both days, for those who are known on both, and what happened since."""
    valuation = value.valuation
    text = as_text(value.customers.ids)
    known, knew = known_ids(now, text), known_ids(before, text)
    both = np.array([one in known and one in knew for one in text], dtype=bool)
    if not both.any():
        raise InputError(_("No customer is known on both days. Are both from one log, with ids written alike?"))
    now = now.subset([known[one] for one in text[both]])
    before = _with_segments(before.subset([knew[one] for one in text[both]]), now, stream)
    by_orders, in_value = mean_alive_both(stream, now, valuation.shape, valuation.seed)
    facts = pd.DataFrame(
        {
            "probability_alive_before": _by_text(mean_alive(stream, before), before),
            "probability_alive": _by_text(by_orders, now),
            "alive_in_value": _by_text(in_value, now),
            "ordered_since": _by_text(now.table["frequency"].to_numpy(), now)
            > _by_text(before.table["frequency"].to_numpy(), before).reindex(as_text(now.ids)),
            "reason": _by_text(histories_in_words(now).to_numpy(), now, object),
        }
    ).reindex(text[both])
    facts["drop"] = facts["probability_alive_before"] - facts["probability_alive"]
    told = ["probability_alive_before", "probability_alive", "alive_in_value", "reason"]
    opportunities = shows_opportunities(stream, valuation.streams)
    fell = [
        _(
            "{history}; P(alive) fell from {high} to {low} since {as_of}{apart}",
            history=history,
            high=probability(high),
            low=probability(low),
            as_of=before.as_of,
            apart=_(" (in the value {used}, {why})", used=probability(used), why=why) if why else "",
        )
        for high, low, used, history in facts[told].to_numpy()
        for why in [what_signs_did(used, low, opportunities)]
    ]
    return facts.assign(reason=pd.Series(fell, facts.index, dtype=object)).set_index(value.customers.ids[both])


def _by_text(values: Any, customers: Customers, dtype: Any = None) -> pd.Series:
    return pd.Series(values, index=as_text(customers.ids), dtype=dtype)


def _with_segments(before: Customers, now: Customers, stream: RepeatPurchases) -> Customers:
    """Give customers of the earlier day the columns that a pooled fit asks for."""
    pooling = pooling_of(stream.purchases)
    missing = [] if pooling is None else [name for name in pooling.grouping.columns if name not in before.columns]
    if not missing:
        return before
    own = now.table[missing].set_index(as_text(now.ids)).reindex(as_text(before.ids))
    return replace(before, rows=FrameRows(before.table.assign(**{name: own[name].to_numpy() for name in missing})))


def _at_stake(value: Valued, stream: RepeatPurchases, now: Customers, ids: pd.Index) -> tuple[Array, Array]:
    """Lost money, an array (customers, draws); means of the value if alive and of what is at stake, (customers, 2)."""
    lost = np.zeros((len(ids), value.valuation.size))
    means = np.zeros((len(ids), 2))
    if not len(ids):
        return lost, means
    require_memory(value.valuation.shape, len(ids))
    people = value.customers.subset(list(ids))
    place = pd.Index(ids).get_indexer(people.ids)
    streams = _lost_with(stream, value.valuation.conditioned)
    as_they_are = replace(value.valuation, customers=people, streams=streams, future_value=None, realised=False)
    living = replace(stream, known_alive=tuple(as_text(people.ids)))
    if_alive = replace(as_they_are, streams=tuple(living if one.name == stream.name else one for one in streams))
    known = known_ids(now, as_text(people.ids))

    def expected(batch: Customers) -> dict[str, Array]:
        return as_they_are.of(batch).expected()

    def reduce(block: Block, money: Components) -> tuple[slice, Array, Array]:
        left = _have_left(value, stream, now.subset([known[one] for one in as_text(block.ids)]), block.ids)
        gone = {name: np.where(left, every[:, : value.periods].sum(axis=1), 0.0) for name, every in money.items()}
        alive = {name: every[:, : value.periods, 0].sum(axis=1) for name, every in block.means.items()}
        at_stake = {name: drawn.mean(axis=1) for name, drawn in gone.items()}
        for name, every in block.about.items():
            known_now = every[block.first : block.last, : value.periods].sum(axis=1)
            at_stake[name] = np.where(np.isfinite(known_now), alive[name] - known_now, at_stake[name])
        return block.rows, added(gone), np.stack([added(alive), added(at_stake)], axis=1)

    for rows, drawn, both in if_alive.over_blocks(reduce, about=expected, means=True):
        lost[place[rows]], means[place[rows]] = drawn, both
    return lost, means


def _lost_with(stream: RepeatPurchases, streams: Sequence[Stream]) -> tuple[Stream, ...]:
    """The stream, and those that depend on it."""
    others, lost = dependencies(streams), {stream.name}
    while more := {name for name, other in others.items() if other in lost} - lost:
        lost |= more
    return tuple(one for one in streams if one.name in lost)


def _have_left(value: Valued, stream: RepeatPurchases, now: Customers, ids: pd.Index) -> np.ndarray:
    """Draw who has left: an array (customers, draws), with the parameters of the value's draws and luck of its own."""
    valuation = value.valuation
    drawn = alive_in_value(stream, now, valuation.shape, valuation.seed).reshape(valuation.size, -1).T
    left = 1 - drawn[as_text(now.ids).get_indexer(as_text(ids))]
    luck = np.stack([customer_stream(valuation.seed, PURPOSE, one).random(valuation.size) for one in ids])
    return np.asarray(luck < left)


def _labelled(value: Valued, lost: Array, ids: pd.Index) -> xr.DataArray:
    """Label an array (customers, draws)."""
    drawn = lost.T.reshape(*value.valuation.shape, len(ids))
    attrs = {"units": value.units, "settings": str(value.settings.to_come)}
    return labelled_draws(drawn, "at_stake", {"customer_id": ids.to_numpy()}, **attrs)
