"""How the prices of contracts go on: as stated for all, and as each grows by itself."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.amount_units import warn_of_other_unit
from ltv_bayes.data.reading.amounts import as_amounts
from ltv_bayes.data.reading.columns import named_column
from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.data.reading.faults import Fault, refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_text, ids_of
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.price_history import PRICE, PriceHistory
from ltv_bayes.data.subscriptions.revenue.recurring import a_month
from ltv_bayes.errors import InputError, UnitError, a_kind
from ltv_bayes.formulas.kernels.renewal_values import NO_GROWTH, Growth, levels_of_new
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.language import _, comma
from ltv_bayes.predictions.fitted import shuffled
from ltv_bayes.predictions.growth.fitted_expansion import (
    HIGHEST,
    FittedExpansion,
    GrowthDraws,
    growth_draws,
    own_history,
    segment_of_new,
    segments_fitted,
)
from ltv_bayes.random_streams import customer_states
from ltv_bayes.time_units import DAYS_PER_YEAR, as_date, as_number, percent_as_share

FAR = 20.0
PATHS = 256
"""Of prices, over which the mean of a new customer is taken."""


@dataclass(frozen=True, eq=False)
class PriceChanges:
    """Changes of prices after the as-of date.

    Attributes
    ----------
    a_year : float
        Share by which every price changes a year.
    steps : tuple of (date, share)
        Days from which all prices change by a share.
    new : tuple of (date, contracts, prices)
        Days from which some contracts, by their rows, have another price; in the order of the days.
    """

    a_year: float = 0.0
    steps: tuple[tuple[dt.date, float], ...] = ()
    new: tuple[tuple[dt.date, IntArray, Array], ...] = field(default=())

    @classmethod
    def read(cls, given: Any, contracts: pd.DataFrame, as_of: dt.date, unit: float | str | None = None) -> Self:
        """Read what the user gave: nothing, a share a year, shares by date, or new prices.

        Raises
        ------
        UnitError
            If a share is not above -1, or a date cannot be read.
        ColumnError, InputError
            If new prices lack a column, are not above 0, or belong to no contract; the message names the rows.
        """
        if given is None:
            return cls()
        if isinstance(given, Mapping):
            steps = sorted((as_date(day, "price_changes"), _share(share)) for day, share in given.items())
            early = [f"{day}" for day, _unused in steps if day <= as_of]
            if early:
                raise UnitError(
                    _(
                        "price_changes from {early} lie before the as-of date {as_of}: the records have the "
                        "prices of today. Leave them out.",
                        early=comma(early),
                        as_of=as_of,
                    )
                )
            return cls(steps=tuple(steps))
        if isinstance(given, int | float | np.number):
            return cls(a_year=_share(given))
        return cls(new=_new_prices(read_table(given), contracts, unit))

    def at(self, prices: Array, contract: IntArray, due: Array, days: Array) -> Array:
        """The price of each payment.

        Parameters
        ----------
        prices : array of shape (payments,)
            Without changes.
        contract : array of shape (payments,)
            Row of the contract.
        due, days : arrays of shape (payments,)
            When it is due: as a date, and in days after the as-of date.
        """
        prices = prices * (1 + self.a_year) ** (days / DAYS_PER_YEAR)
        for day, share in self.steps:
            prices = np.where(due >= np.datetime64(day), prices * (1 + share), prices)
        for day, rows, new in self.new:
            at = pd.Index(rows).get_indexer(contract)
            prices = np.where((at >= 0) & (due >= np.datetime64(day)), new[at], prices)
        return prices


def _share(given: Any) -> float:
    share = as_number(given, "price_changes")
    if not -1 < share < 1:
        raise UnitError(
            _(
                "price_changes are shares: write {percent} as {share}, not {given:g}.",
                given=share,
                **percent_as_share(share, 5),
            )
        )
    return share


def _new_prices(
    frame: pd.DataFrame, contracts: pd.DataFrame, unit: float | str | None
) -> tuple[tuple[dt.date, IntArray, Array], ...]:
    keys = ["product"] if "product" in contracts else []
    ids = as_text(ids_of(named_column(frame, "customer_id", "customer")))
    days, unread = as_days(named_column(frame, "valid_from", "valid_from"))
    price, no_price = as_amounts(named_column(frame, "price", "price"), unit=unit)
    free = Fault(
        ~(price > 0).to_numpy(), _("of the price changes without a price above 0"), _("Give the price of one period.")
    )
    refuse([*unread, *no_price, *([] if no_price and no_price[0].at.any() else [free])], frame.index)
    wanted = pd.DataFrame({"customer": ids, "day": days.dt.date.array, "price": price.array})
    owner = pd.DataFrame({"customer": as_text(contracts.index), "row": np.arange(len(contracts))})
    for name in keys:
        owner[name] = contracts[name].astype(str).to_numpy()
        wanted[name] = named_column(frame, name, name).astype(str).str.strip().to_numpy()
    wanted["line"] = np.arange(len(frame))
    found = wanted.merge(owner, on=["customer", *keys])
    strange = ~np.isin(np.arange(len(frame)), found["line"])
    cure = _("Correct customer_id (and product), or leave them out.")
    twice = wanted.duplicated(["customer", *keys, "day"], keep=False).to_numpy()
    refuse(
        [
            Fault(strange, _("of the price changes for which there is no contract"), cure),
            Fault(twice, _("of the price changes giving one contract two prices from one day"), _("Keep one of them.")),
        ],
        frame.index,
    )
    if "price" in contracts:
        typical = float(np.median(found["price"].to_numpy() / contracts["price"].to_numpy(dtype=float)[found["row"]]))
        compared = _("New prices are typically {typical:,.3g} times the old ones", typical=typical)
        warn_of_other_unit(typical, FAR, compared, _("If not, pass amount_unit= to Subscription."), stacklevel=5)
    return tuple(
        (day, group["row"].to_numpy(), group["price"].to_numpy()) for day, group in found.groupby("day", sort=True)
    )


def require_expansion(value: Any, renewals: Renewals) -> None:
    """Refuse what is no fit of prices, or does not suit the renewals.

    Raises
    ------
    InputError, ColumnError
        With the kind of what was given, or the customers without a segment.
    """
    if value is None:
        return
    if not isinstance(value, FittedExpansion):
        raise InputError(_("growth takes what Expansion().fit(renewals) returned, not {kind}.", kind=a_kind(value)))
    segments_fitted(value, renewals)
    own_history(value, renewals)


@dataclass(frozen=True, eq=False)
class OwnGrowth:
    """Draws of the growth of prices for the contracts of a stream; without a fit, none."""

    drawn: GrowthDraws | None
    history: PriceHistory | None
    log_level: Array
    seed: int
    name: str

    @classmethod
    def of(cls, fit: FittedExpansion | None, renewals: Renewals, shape: tuple[int, int], seed: int, name: str) -> Self:
        """Take the draws of a fit in the order that belongs to the stream."""
        purpose = f"{name} growth of prices"
        if fit is None:
            return cls(None, None, np.empty(0), seed, purpose)
        drawn, table = growth_draws(shuffled(fit, shape, seed, purpose), segments_fitted(fit, renewals)), renewals.table
        level = a_month(table["price"], table["period"].to_numpy(dtype=str))
        level = level if fit.driver == PRICE else table[fit.driver].to_numpy(dtype=float)
        log_level = np.where(level > 0, np.log(np.where(level > 0, level, 1.0)), drawn.typical)
        return cls(drawn, own_history(fit, renewals), log_level, seed, purpose)

    def at(self, rows: IntArray, customer_ids: Iterable[Any]) -> Growth:
        """Of some contracts of some customers."""
        if self.drawn is None or self.history is None:
            return NO_GROWTH
        states = customer_states(self.seed, self.name, customer_ids)
        made, changes = (number[rows].astype(float) for number in (self.history.renewals, self.history.changes))
        return _growth(self.drawn, states, made, changes, self.log_level[rows], self.drawn.place[rows])


@dataclass(frozen=True, eq=False)
class GrowthOfNew:
    """Growth of the price of a new customer, who has not renewed yet.

    Attributes
    ----------
    drawn : GrowthDraws
        With one place, that of the customer.
    log_level : float
        Logarithm of the first price a month; where seats grow, of the typical number.
    """

    drawn: GrowthDraws
    log_level: float

    @classmethod
    def of(cls, fit: FittedExpansion, price: float, period: str, column: str | None, segment: str) -> Self:
        """Of a contract at a price, of a segment by one column."""
        drawn = growth_draws(fit, np.array([segment_of_new(fit, period, column, segment)]))
        priced = fit.driver == PRICE and price > 0
        return cls(drawn, float(np.log(a_month([price], [period])[0])) if priced else drawn.typical)

    def levels(self, rng: np.random.Generator, customers: int, renewals: int) -> Array:
        """Draw how many times their first price customers pay at each renewal: shape (draws, customers, renewals)."""
        found = np.ones((self.drawn.segments.shape[-1], customers, renewals))
        states, none = rng.integers(0, 2**64, (1, 4), dtype=np.uint64), np.zeros(1)
        levels_of_new(_growth(self.drawn, states, none, none, np.array([self.log_level]), self.drawn.place), found)
        return found

    def mean(self, renewals: int) -> Array:
        """What is expected given each draw of the parameters, a mean over paths: shape (draws, renewals)."""
        with _one_at_a_time:  # cohorts that are drawn side by side ask for the same
            return _mean_levels(self, renewals)


_one_at_a_time = Lock()


@lru_cache(maxsize=256)
def _mean_levels(growth: GrowthOfNew, renewals: int) -> Array:
    rng, found = np.random.default_rng(PATHS), np.zeros((growth.drawn.segments.shape[-1], renewals))
    for _unused in range(PATHS):
        found += growth.levels(rng, 1, renewals)[:, 0]
    found /= PATHS
    found.setflags(write=False)
    return found


def _growth(drawn: GrowthDraws, states: Any, made: Array, changes: Array, log_level: Array, place: IntArray) -> Growth:
    """Growth of contracts, from their levels of today on."""
    height, room = (log_level - drawn.typical) / drawn.width, np.exp(np.maximum(drawn.most[0] - log_level, 0.0))
    own = made, changes, height, place, room
    return Growth(states, *own, drawn.segments, drawn.shared, drawn.most[1:], drawn.width, HIGHEST)
