"""What is a customer worth who is won today, or later? Revenue of new customers, by kind of model."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np

from ltv_bayes.data.subscriptions.calendar import contract_length
from ltv_bayes.formulas.models import gamma_gamma, shifted_beta_geometric
from ltv_bayes.formulas.models.conditional_future import PurchaseOutlook
from ltv_bayes.formulas.models.price_level import Prices
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.predictions.churn.factors import beside_factors, on_clock, sums_of_factors
from ltv_bayes.predictions.events import FittedEvents, event_formulas_of
from ltv_bayes.predictions.fitted import flat_draws, shape_of
from ltv_bayes.predictions.purchases import FittedPurchases, outlook_of_new_customer
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend, prices_of
from ltv_bayes.streams.prices import GrowthOfNew
from ltv_bayes.time_units import DAYS_PER_UNIT, Duration, discount_intensity

LONGEST_COURSE = 120
SAME = 1e-9
WHOLE_CUSTOMERS = 40
"""Of more buyers won together, this number is drawn, and what luck adds to their mean is scaled to all of them."""


class Cohort(NamedTuple):
    """Revenue of customers who are won together, in the spans between times.

    Attributes
    ----------
    drawn, expected : arrays of shape (draws, times)
        What these customers pay, and what is expected of them given each draw of the parameters.
    """

    drawn: Array
    expected: Array


@dataclass(frozen=True)
class Buyer:
    """A customer who is won with a first order and may buy again, at times of their own.

    Attributes
    ----------
    purchases : FittedPurchases or FittedEvents
    spend : FittedSpend
        Of as many draws.
    first_order : bool or float
        True for one like the others, False if it does not count, or its amount.
    won_after : float
        Days from the as-of date of the fits until they are won; all times are counted from that day.
    by_steps : bool
        Whether revenue occurs on the days of the course alone.
    """

    purchases: FittedPurchases | FittedEvents
    spend: FittedSpend
    first_order: bool | float = True
    won_after: float = 0.0

    by_steps = False

    def later(self, days: float) -> Self:
        """The same customer, won this number of days after the as-of date."""
        return replace(self, won_after=float(days))

    def times(self, horizon: Duration) -> list[Duration]:
        """When a course is looked at: every month, or a largest number of times; and the horizon."""
        step = max(1.0, horizon.to("month") / LONGEST_COURSE)
        whole = np.arange(0.0, horizon.to("month") * (1 - SAME), step)
        return [*(Duration(float(month), "month") for month in whole), horizon]

    def expected(self, horizon: Duration, discount_rate: float) -> Array:
        """Expected revenue within the horizon, shape (draws,): orders of today's worth times their value."""
        if self._prices is not None:
            return self.course([horizon], discount_rate)[:, -1]
        unit = self.purchases.time_unit
        t, delta = horizon.to(unit), discount_intensity(discount_rate, unit)
        if isinstance(self.purchases, FittedEvents):
            formulas = event_formulas_of(self.purchases, after=self._after)
            number = formulas.discounted_expected_events(t, delta, 0, 0.0, **flat_draws(self.purchases))
        else:
            number = self._outlook.discounted_expected_purchases(t, delta)
        return self._first() + number * self._mean_order()

    def course(self, times: list[Duration], discount_rate: float) -> Array:
        """Expected revenue by each time, an array of shape (draws, times)."""
        unit = self.purchases.time_unit
        ends, delta = np.array([time.to(unit) for time in times]), discount_intensity(discount_rate, unit)
        prices = self._prices
        if prices is None or ends[-1] <= 0:
            number = self._numbers(ends, delta)
        else:
            edges, level = prices.over(ends[ends > 0])
            worth = np.cumsum(np.diff(self._numbers(edges, delta), axis=1, prepend=0.0) * level, axis=1)
            number = np.where(ends > 0, worth[:, np.searchsorted(edges, ends)], 0.0)
        return self._first()[:, np.newaxis] + number * self._mean_order()[:, np.newaxis]

    def _numbers(self, ends: Array, delta: float) -> Array:
        """Expected purchases by each time, discounted, in units of today's order: shape (draws, times)."""
        if isinstance(self.purchases, FittedEvents):
            drawn = {name: values[:, np.newaxis] for name, values in flat_draws(self.purchases).items()}
            formulas = event_formulas_of(self.purchases, after=self._after)
            return formulas.discounted_expected_events(ends, delta, 0, 0.0, **drawn)
        return self._outlook.discounted_expected_purchases_by(ends, delta)

    def draw(self, rng: np.random.Generator, horizon: Duration, discount_rate: float) -> Array:
        """Revenue of one such customer in each draw, shape (draws,): how often they buy, when, for how much."""
        return self._one(rng, [horizon], discount_rate)[:, 0]

    def cohort(self, rng: np.random.Generator, number: int, times: list[Duration], discount_rate: float) -> Cohort:
        """Revenue of a number of such customers together between times, drawn and expected.

        Given the parameters customers are independent. Beyond `WHOLE_CUSTOMERS` mean and variance given the
        parameters are still those of all of them.

        Parameters
        ----------
        times : list of Duration
            Ascending, from the day on which they are won; the last is the horizon.
        """
        drawn = min(number, WHOLE_CUSTOMERS)
        size = int(np.prod(shape_of(self.spend)))
        found = np.zeros((size, len(times)))
        for _unused in range(drawn):
            found += self._one(rng, times, discount_rate)
        mean = np.diff(self.course(times, discount_rate), axis=1, prepend=0.0)
        if drawn < number:
            found = number * mean + np.sqrt(number / drawn) * (found - drawn * mean)
        return Cohort(found, number * mean)

    def _one(self, rng: np.random.Generator, times: list[Duration], discount_rate: float) -> Array:
        """Revenue of one customer between times, in each draw: shape (draws, times)."""
        unit, spend = self.purchases.time_unit, self._order_values
        ends, delta = np.array([time.to(unit) for time in times]), discount_intensity(discount_rate, unit)
        owner, time = self._draw_times(rng, ends[-1])
        nu = gamma_gamma.draw_spend_rate(rng, 0, 0.0, **spend)
        values = gamma_gamma.draw_order_values(rng, spend["p"][owner], nu[owner]) * np.exp(-delta * time)
        if (prices := self._prices) is not None:
            values *= prices.at(time, owner)
        place = owner * len(ends) + np.minimum(np.searchsorted(ends, time), len(ends) - 1)
        found = np.bincount(place, values, nu.size * len(ends)).reshape(nu.size, len(ends))
        if self.first_order is True:
            found[:, 0] += gamma_gamma.draw_order_values(rng, spend["p"], nu) * self._level
        else:
            found[:, 0] += float(self.first_order)
        return found

    def _draw_times(self, rng: np.random.Generator, t: float) -> tuple[IntArray, Array]:
        """Which draw each purchase belongs to, and its time."""
        if isinstance(self.purchases, FittedEvents):
            formulas = event_formulas_of(self.purchases, after=self._after)
            return formulas.draw_times(rng, t, 0, 0.0, **flat_draws(self.purchases))
        return self._outlook.draw(rng, t).times(rng, t)

    @cached_property
    def _order_values(self) -> dict[str, Array]:
        """The parameters of the fit of spend, each of shape (draws,)."""
        return flat_draws(self.spend)

    @property
    def _after(self) -> float:
        """When they are won, in the unit of the fit."""
        return self.won_after / DAYS_PER_UNIT[self.purchases.time_unit]

    @cached_property
    def _outlook(self) -> PurchaseOutlook:
        assert isinstance(self.purchases, FittedPurchases)
        return outlook_of_new_customer(self.purchases, after=self._after)

    @cached_property
    def _prices(self) -> Prices | None:
        """The price level, times counted from the day on which they are won."""
        prices = prices_of(self.spend, self.purchases.time_unit)
        return None if prices is None else prices._replace(shift=prices.shift + self._after)

    @cached_property
    def _level(self) -> Any:
        """The price level of the first order: 1 on the as-of date."""
        prices = self._prices if self.won_after > 0 else None
        return 1.0 if prices is None else prices.at(0.0)

    def _mean_order(self) -> Array:
        return gamma_gamma.population_mean_spend(**self._order_values)

    def _first(self) -> Array:
        if self.first_order is True:
            return self._mean_order() * self._level
        return np.full(int(np.prod(shape_of(self.spend))), float(self.first_order))


@dataclass(frozen=True)
class Subscriber:
    """A customer who is won with a first payment, and pays again at each renewal until one is not made.

    A payment is for the time after it, so one that is due on the last day of the horizon does not count: a horizon of
    N years has N yearly payments, the first among them.

    Attributes
    ----------
    renewals : FittedRenewals
    price : float
        Of each renewal.
    period : str
        Length of the contract.
    first_order : bool or float
        True for a first payment like the others, False if it does not count, or its amount.
    won_after : float
        Days from the as-of date of the fit until they are won; all times are counted from that day.
    growth : GrowthOfNew or None
        How the price changes from renewal to renewal.
    by_steps : bool
        Whether revenue occurs on the days of the course alone.
    """

    renewals: FittedRenewals
    price: float
    period: str
    first_order: bool | float = True
    won_after: float = 0.0
    growth: GrowthOfNew | None = None

    by_steps = True

    def later(self, days: float) -> Self:
        """The same customer, won this number of days after the as-of date."""
        return replace(self, won_after=float(days))

    @property
    def length(self) -> Duration:
        """Length of the contract."""
        return contract_length(self.period)

    def times(self, horizon: Duration) -> list[Duration]:
        """When a course is looked at: each day of a payment that counts, and the horizon."""
        each, unit = self.length.amount, self.length.unit
        due = [Duration(float(number * each), unit) for number in range(self._payments(horizon) + 1)]
        return [*due, horizon]

    def expected(self, horizon: Duration, discount_rate: float) -> Array:
        """Expected payments of today's worth within the horizon, an array of shape (draws,)."""
        return self.course([horizon], discount_rate)[:, -1]

    def course(self, times: list[Duration], discount_rate: float) -> Array:
        """Expected revenue by each time, an array of shape (draws, times); the last time is the horizon."""
        made = self._by_each(times)
        number = np.arange(1, made[-1] + 1)
        drawn = self._parameters(-1, 1)
        kept = shifted_beta_geometric.survival(self._sums(number.size), **drawn) * self._worth(number, discount_rate)
        kept = kept if self.growth is None else kept * self.growth.mean(number.size)
        paid = np.concatenate([np.zeros((len(kept), 1)), np.cumsum(kept, axis=1)], axis=1)
        return self._first() + self.price * paid[:, made]

    def draw(self, rng: np.random.Generator, horizon: Duration, discount_rate: float) -> Array:
        """Revenue of one such customer in each draw, shape (draws,): their renewals, each paid on its day."""
        most = self._payments(horizon)
        drawn = self._parameters(-1)
        if on_clock(self.renewals):
            made = shifted_beta_geometric.draw_renewals_on_clock(rng, 0.0, self._sums(most), **drawn)
        else:
            made = shifted_beta_geometric.draw_renewals(rng, 0, **drawn)
        worth, made = self._worth(np.arange(1, most + 1), discount_rate), np.minimum(made, most).astype(np.int64)
        if self.growth is None:
            return self._first() + self.price * np.concatenate([[0.0], np.cumsum(worth)])[made]
        each = np.where(np.arange(most) < made[:, np.newaxis], worth * self.growth.levels(rng, 1, most)[:, 0], 0.0)
        return self._first() + self.price * each.sum(axis=1)

    def cohort(self, rng: np.random.Generator, number: int, times: list[Duration], discount_rate: float) -> Cohort:
        """Revenue of a number of such customers together between times, drawn and expected.

        Who is left after each renewal is binomial among those before, given the parameters. Prices that grow are drawn
        of `WHOLE_CUSTOMERS` at most, and what luck adds to their mean is scaled to those left.

        Parameters
        ----------
        times : list of Duration
            Ascending, from the day on which they are won; the last is the horizon.
        """
        most = self._payments(times[-1])
        drawn = self._parameters(-1, 1)
        staying = shifted_beta_geometric.survival(self._sums(most), **drawn)
        before = np.concatenate([np.ones((len(staying), 1)), staying[:, :-1]], axis=1)[:, :most]
        worth, place = self._worth(np.arange(1, most + 1), discount_rate), self._by_each(times)
        found, left = np.zeros((len(staying), len(times))), np.full(len(staying), number)
        mean = np.zeros_like(found)
        found[:, 0] = mean[:, 0] = number * self._first()
        chance = np.divide(staying, before, out=np.zeros_like(staying), where=before > 0)
        level, luck = self._levels(rng, number, most)
        for renewal in range(most):
            left = rng.binomial(left, np.clip(chance[:, renewal], 0.0, 1.0))
            paid, at = self.price * worth[renewal], np.searchsorted(place, renewal + 1)
            drawn_of = np.minimum(left, luck.shape[1] - 1)
            more = np.sqrt(left / np.maximum(drawn_of, 1)) * luck[np.arange(len(left)), drawn_of, renewal]
            found[:, at] += (left * level[:, renewal] + more) * paid
            mean[:, at] += number * staying[:, renewal] * level[:, renewal] * paid
        return Cohort(found, mean)

    def _parameters(self, *shape: int) -> dict[str, Array]:
        return {name: self.renewals.draws[name].reshape(shape) for name in beside_factors(self.renewals)}

    def _levels(self, rng: np.random.Generator, number: int, renewals: int) -> tuple[Array, Array]:
        """How many times the first price is paid at each renewal: what is expected, and what luck of the first adds.

        Returns
        -------
        level : array of shape (draws or 1, renewals)
        luck : array of shape (draws, customers + 1, renewals)
            Added up over none of the customers, the first, the first two, and so on.
        """
        size = int(np.prod(shape_of(self.renewals)))
        if self.growth is None:
            return np.ones((1, renewals)), np.zeros((size, 1, renewals))
        level, customers = self.growth.mean(renewals), min(number, WHOLE_CUSTOMERS)
        luck = np.zeros((size, customers + 1, renewals))
        np.cumsum(self.growth.levels(rng, customers, renewals) - level[:, np.newaxis], axis=1, out=luck[:, 1:])
        return level, luck

    def _sums(self, number: int) -> Array:
        """What renewals count, added up to each: shape (draws or 1, renewals)."""
        sums = sums_of_factors(self.renewals, 0, number, self.period, after=self.won_after)[1]
        return sums.reshape(sums.shape[0] * sums.shape[1], number)

    def _payments(self, horizon: Duration) -> int:
        """Renewals due before the end of the horizon."""
        return max(0, math.ceil(self._periods(horizon) * (1 - SAME)) - 1)

    def _by_each(self, times: list[Duration]) -> IntArray:
        """Renewals due by each time, its own day among them, of those due before the last of the times."""
        due = [int(self._periods(time) * (1 + SAME)) for time in times]
        return np.minimum(due, self._payments(times[-1])).astype(np.int64)

    def _periods(self, time: Duration) -> float:
        """A time in periods of the contract."""
        return time.to(self.length.unit) / self.length.amount

    def _worth(self, number: Any, discount_rate: float) -> Array:
        return np.exp(-discount_intensity(discount_rate, self.length.unit) * self.length.amount * number)

    def _first(self) -> float:
        return self.price if self.first_order is True else float(self.first_order)


Newcomer = Buyer | Subscriber
"""A customer who is won today: revenue of today's worth, over all draws."""
