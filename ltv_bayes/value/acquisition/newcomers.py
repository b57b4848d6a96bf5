"""What is a customer worth who is won today? Revenue of new customers, by kind of model."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ltv_bayes.data.subscriptions.calendar import contract_length
from ltv_bayes.formulas.models import gamma_gamma, shifted_beta_geometric
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.predictions.clock import has_clock
from ltv_bayes.predictions.events import FittedEvents, event_formulas_of
from ltv_bayes.predictions.fitted import flat_draws, shape_of
from ltv_bayes.predictions.purchases import FittedPurchases, outlook_of_new_customer
from ltv_bayes.predictions.renewals import FittedRenewals, sums_of_factors
from ltv_bayes.predictions.spend import FittedSpend, prices_of
from ltv_bayes.time_units import Duration, discount_intensity

LONGEST_COURSE = 120
SAME = 1e-9


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
    by_steps : bool
        Whether revenue occurs on the days of the course alone.
    """

    purchases: FittedPurchases | FittedEvents
    spend: FittedSpend
    first_order: bool | float = True

    by_steps = False

    def times(self, horizon: Duration) -> list[Duration]:
        """When a course is looked at: every month, or a largest number of times; and the horizon."""
        step = max(1.0, horizon.to("month") / LONGEST_COURSE)
        whole = np.arange(0.0, horizon.to("month") * (1 - SAME), step)
        return [*(Duration(float(month), "month") for month in whole), horizon]

    def expected(self, horizon: Duration, discount_rate: float) -> Array:
        """Expected revenue within the horizon, shape (draws,): orders of today's worth times their value."""
        if prices_of(self.spend, self.purchases.time_unit) is not None:
            return self.course([horizon], discount_rate)[:, -1]
        unit = self.purchases.time_unit
        t, delta = horizon.to(unit), discount_intensity(discount_rate, unit)
        if isinstance(self.purchases, FittedEvents):
            formulas = event_formulas_of(self.purchases)
            number = formulas.discounted_expected_events(t, delta, 0, 0.0, **flat_draws(self.purchases))
        else:
            number = outlook_of_new_customer(self.purchases).discounted_expected_purchases(t, delta)
        return self._first() + number * self._mean_order()

    def course(self, times: list[Duration], discount_rate: float) -> Array:
        """Expected revenue by each time, an array of shape (draws, times)."""
        unit = self.purchases.time_unit
        ends, delta = np.array([time.to(unit) for time in times]), discount_intensity(discount_rate, unit)
        prices = prices_of(self.spend, unit)
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
            return event_formulas_of(self.purchases).discounted_expected_events(ends, delta, 0, 0.0, **drawn)
        return outlook_of_new_customer(self.purchases).discounted_expected_purchases_by(ends, delta)

    def draw(self, rng: np.random.Generator, horizon: Duration, discount_rate: float) -> Array:
        """Revenue of one such customer in each draw, shape (draws,): how often they buy, when, for how much."""
        unit, spend = self.purchases.time_unit, flat_draws(self.spend)
        t, delta = horizon.to(unit), discount_intensity(discount_rate, unit)
        owner, time = self._draw_times(rng, t)
        nu = gamma_gamma.draw_spend_rate(rng, 0, 0.0, **spend)
        values = gamma_gamma.draw_order_values(rng, spend["p"][owner], nu[owner]) * np.exp(-delta * time)
        if (prices := prices_of(self.spend, unit)) is not None:
            values *= prices.at(time, owner)
        later = np.bincount(owner, values, nu.size)
        if self.first_order is True:
            return later + gamma_gamma.draw_order_values(rng, spend["p"], nu)
        return later + self._first()

    def _draw_times(self, rng: np.random.Generator, t: float) -> tuple[IntArray, Array]:
        """Which draw each purchase belongs to, and its time."""
        if isinstance(self.purchases, FittedEvents):
            return event_formulas_of(self.purchases).draw_times(rng, t, 0, 0.0, **flat_draws(self.purchases))
        return outlook_of_new_customer(self.purchases).draw(rng, t).times(rng, t)

    def _mean_order(self) -> Array:
        return gamma_gamma.population_mean_spend(**flat_draws(self.spend))

    def _first(self) -> Array:
        if self.first_order is True:
            return self._mean_order()
        return np.full(int(np.prod(shape_of(self.spend))), float(self.first_order))


@dataclass(frozen=True)
class Subscriber:
    """A customer who is won with a first payment, and pays again at each renewal until one is not made.

    Attributes
    ----------
    renewals : FittedRenewals
    price : float
        Of each renewal.
    period : str
        Length of the contract.
    first_order : bool or float
        True for a first payment like the others, False if it does not count, or its amount.
    by_steps : bool
        Whether revenue occurs on the days of the course alone.
    """

    renewals: FittedRenewals
    price: float
    period: str
    first_order: bool | float = True

    by_steps = True

    @property
    def length(self) -> Duration:
        """Length of the contract."""
        return contract_length(self.period)

    def times(self, horizon: Duration) -> list[Duration]:
        """When a course is looked at: each day of payment, and the horizon."""
        each, unit = self.length.amount, self.length.unit
        due = [Duration(float(number * each), unit) for number in range(self._payments(horizon) + 1)]
        return due if horizon.days <= due[-1].days * (1 + SAME) else [*due, horizon]

    def expected(self, horizon: Duration, discount_rate: float) -> Array:
        """Expected payments of today's worth within the horizon, an array of shape (draws,)."""
        return self.course([horizon], discount_rate)[:, -1]

    def course(self, times: list[Duration], discount_rate: float) -> Array:
        """Expected revenue by each time, an array of shape (draws, times)."""
        made = np.array([self._payments(time) for time in times])
        number = np.arange(1, made.max(initial=0) + 1)
        drawn = {name: values.reshape(-1, 1) for name, values in self.renewals.draws.items()}
        kept = shifted_beta_geometric.survival(self._sums(number.size), **drawn) * self._worth(number, discount_rate)
        paid = np.concatenate([np.zeros((len(kept), 1)), np.cumsum(kept, axis=1)], axis=1)
        return self._first() + self.price * paid[:, made]

    def draw(self, rng: np.random.Generator, horizon: Duration, discount_rate: float) -> Array:
        """Revenue of one such customer in each draw, shape (draws,): their renewals, each paid on its day."""
        most = self._payments(horizon)
        drawn = {name: values.ravel() for name, values in self.renewals.draws.items()}
        if has_clock(self.renewals):
            made = shifted_beta_geometric.draw_renewals_on_clock(rng, 0.0, self._sums(most), **drawn)
        else:
            made = shifted_beta_geometric.draw_renewals(rng, 0, **drawn)
        paid = np.concatenate([[0.0], np.cumsum(self._worth(np.arange(1, most + 1), discount_rate))])
        return self._first() + self.price * paid[np.minimum(made, most).astype(np.int64)]

    def _sums(self, number: int) -> Array:
        """What renewals count, added up to each: shape (draws or 1, renewals)."""
        return sums_of_factors(self.renewals, 0, number, self.period)[1].reshape(-1, number)

    def _payments(self, time: Duration) -> int:
        """Renewals due by a time; one that is due on its last day counts."""
        return int(time.to(self.length.unit) / self.length.amount * (1 + SAME))

    def _worth(self, number: Any, discount_rate: float) -> Array:
        return np.exp(-discount_intensity(discount_rate, self.length.unit) * self.length.amount * number)

    def _first(self) -> float:
        return self.price if self.first_order is True else float(self.first_order)


Newcomer = Buyer | Subscriber
"""A customer who is won today: revenue of today's worth, over all draws."""
