"""One channel: the draws of its cost and value, the targets they are measured by, and what they say in words."""

from dataclasses import dataclass
from math import isinf, isnan
from typing import Any, Self

import numpy as np

from ltv_bayes.errors import UnitError, counted
from ltv_bayes.formatting import money, probability, with_currency
from ltv_bayes.formulas.point.inputs import as_count
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import describe_interval, interval
from ltv_bayes.language import N_, _, _n, semicolon
from ltv_bayes.time_units import Duration, as_duration, as_number

NEARLY_SURE = 0.9
NEARLY_NEVER = 0.05
NOT_ENOUGH = N_("not enough data")
BEYOND = 1e12
SAME = 1e-9
USUAL_PAYBACK = Duration(12, "month")


@dataclass(frozen=True)
class Targets:
    """How much a client should be worth, and when the cost should be back.

    Attributes
    ----------
    threshold : float
        How many times its cost a client should be worth.
    payback_within : Duration
        When the cost should be back.
    least_clients : int
        With fewer clients won, a channel has not enough data.
    """

    threshold: float
    payback_within: Duration
    least_clients: int

    @classmethod
    def read(cls, threshold: Any, payback_within: Any, least_clients: Any, horizon: Duration) -> Self:
        """Read what was asked for; payback within a year, or the horizon where that is shorter, if it was not.

        Raises
        ------
        UnitError
            If the threshold is not above 0, or payback lies beyond the horizon.
        InputError
            If the least number of clients is no count.
        """
        threshold = as_number(threshold, "threshold")
        if not threshold > 0:
            raise UnitError(_("threshold must be above 0, not {threshold:g}.", threshold=threshold))
        return cls(threshold, _payback_within(payback_within, horizon), as_count(least_clients, "least_clients"))

    def in_time(self, months: Array) -> np.ndarray:
        """Mark times that are short enough."""
        return np.asarray(months <= self.payback_within.to("month") * (1 + SAME))


def _payback_within(given: Any, horizon: Duration) -> Duration:
    if given is None:
        return min(USUAL_PAYBACK, horizon, key=lambda length: length.days)
    within = as_duration(given, "payback_within")
    if within.days > horizon.days * (1 + SAME):
        raise UnitError(
            _(
                "payback_within={within!r} is longer than the value's horizon of {horizon}. Value new "
                "customers over a longer horizon, or ask for payback within a shorter time.",
                within=str(within),
                horizon=horizon,
            )
        )
    return within


@dataclass(frozen=True, eq=False)
class ChannelDraws:
    """Draws of one channel, with the figures that tables, sentences and pictures take from them.

    Attributes
    ----------
    channel : str
    spend, clients_won : float
        In all periods; NaN where not known.
    value : float
        Mean of the expected value of a new client.
    cost, ratio, payback : arrays of shape (draws,)
        Cost per client, LTV:CAC, and months until the cost is back, infinite for never.
    targets : Targets
    level : (float, str)
        Probability and kind of intervals.
    """

    channel: str
    spend: float
    clients_won: float
    value: float
    cost: Array
    ratio: Array
    payback: Array
    targets: Targets
    level: tuple[float, str]

    @property
    def ratio_interval(self) -> tuple[float, float]:
        """Interval of LTV:CAC."""
        return _bounds(self.ratio, self.level)

    @property
    def payback_interval(self) -> tuple[float, float]:
        """Interval of the months until the cost is back; its ends may be infinite."""
        return _bounds(self.payback, self.level)

    @property
    def payback_median(self) -> float:
        """Median of the months until the cost is back; infinite for never."""
        return _infinite(float(np.median(np.minimum(self.payback, BEYOND))), self.payback)

    @property
    def above_threshold(self) -> float:
        """Probability that a client is worth more than the threshold times the cost."""
        return float(np.mean(self.ratio > self.targets.threshold))

    @property
    def in_time(self) -> float:
        """Probability that the cost is back in time."""
        return float(np.mean(self.targets.in_time(self.payback)))

    @property
    def reservation(self) -> str:
        """Why data are not enough: few clients without a sure loss, or an interval from a loss to the threshold."""
        low, high = self.ratio_interval
        if self.clients_won < self.targets.least_clients and high >= 1:
            number = counted(int(self.clients_won), "client")
            return _(
                "{number} won, fewer than {least_clients}", number=number, least_clients=self.targets.least_clients
            )
        most = max(1.0, self.targets.threshold)
        return _("the interval reaches from below 1 to above {most:g}", most=most) if low < 1 and high > most else ""

    def chance(self, value: float) -> str:
        """Write a probability, no surer than the draws can tell."""
        least = 1 / self.ratio.size if self.ratio.size > 1 else 0.0
        return probability(min(max(value, least), 1 - least))


def verdict(of: ChannelDraws) -> str:
    """Say in three words what is nearly sure, with a probability of 0.9 or more."""
    wanted, above_1 = f"{of.targets.threshold:g}", float(np.mean(of.ratio > 1))
    if of.reservation:
        return _(NOT_ENOUGH)
    if of.above_threshold >= NEARLY_SURE:
        return _("above {wanted}", wanted=wanted)
    if above_1 <= 1 - NEARLY_SURE:
        return _("loses money")
    if above_1 < NEARLY_SURE:
        return _("perhaps pays")
    return (
        _("pays, below {wanted}", wanted=wanted)
        if of.above_threshold <= 1 - NEARLY_SURE
        else _("pays, perhaps {wanted}", wanted=wanted)
    )


def sentence(of: ChannelDraws, horizon: Duration, currency: str | None) -> str:
    """Say what a client of the channel costs, is worth, and when the cost is back."""
    worth = with_currency(money(of.value, currency), currency)
    low, high = map(_times, of.ratio_interval)
    parts = [
        _(
            "{channel}: a new client is worth {worth} within {horizon} and costs {cost}",
            channel=of.channel,
            worth=worth,
            horizon=horizon,
            cost=_cost(of, currency),
        ),
        _(
            "that is {times} times the cost, {interval} {low} to {high}, and more than {threshold:g} "
            "times with probability {chance}",
            times=_times(float(np.median(of.ratio))),
            interval=describe_interval(*of.level),
            low=low,
            high=high,
            threshold=of.targets.threshold,
            chance=of.chance(of.above_threshold),
        ),
        _payback(of, horizon),
    ]
    reservation = _(" Not enough data: {reservation}.", reservation=of.reservation) if of.reservation else ""
    return _("{begin}.", begin=semicolon(parts)) + reservation


def _cost(of: ChannelDraws, currency: str | None) -> str:
    costs = np.median(of.cost), np.quantile(of.cost, NEARLY_NEVER)
    typical, least = (with_currency(money(float(cost), currency), currency) for cost in costs)
    if isnan(of.clients_won):
        return typical
    spend = money(of.spend, currency)
    if of.clients_won == 0:
        return _(
            "more than {least} with probability {nearly_never} (no client won for {spend})",
            least=least,
            nearly_never=probability(1 - NEARLY_NEVER),
            spend=spend,
        )
    return _(
        "{typical} ({clients} won for {spend})",
        typical=typical,
        clients=counted(int(of.clients_won), "client"),
        spend=spend,
    )


def _payback(of: ChannelDraws, horizon: Duration) -> str:
    in_time = _(
        "within {payback_within} with probability {chance}",
        payback_within=of.targets.payback_within,
        chance=of.chance(of.in_time),
    )
    if isinf(of.payback_median):
        never = of.chance(float(np.mean(np.isinf(of.payback))))
        return _(
            "the cost is not back within {horizon} with probability {never}, and is {in_time}",
            horizon=horizon,
            never=never,
            in_time=in_time,
        )
    low, high = of.payback_interval
    if high == 0:
        return _("the first order pays the cost back, {in_time}", in_time=in_time)
    late = _("beyond {horizon}", horizon=horizon) if isinf(high) else _with_unit(high)
    return _(
        "the cost is back after {with_unit} ({months} to {late}), {in_time}",
        with_unit=_with_unit(of.payback_median),
        months=_months(low),
        late=late,
        in_time=in_time,
    )


def _bounds(values: Array, level: tuple[float, str]) -> tuple[float, float]:
    """An interval whose ends may be infinite."""
    low, high = interval(np.minimum(values, BEYOND), *level)
    return _infinite(float(low), values), _infinite(float(high), values)


def _infinite(bound: float, values: Array) -> float:
    """Between the largest finite value and infinity lies infinity."""
    finite = values[np.isfinite(values)]
    return bound if finite.size and bound <= finite.max() else float("inf")


def _times(ratio: float) -> str:
    """Write how many times, with two digits or so.

    Examples
    --------
    >>> _times(12.47), _times(3.96), _times(0.5983), _times(0.0031)
    ('12', '4.0', '0.60', '< 0.01')
    """
    if ratio < 0.005:
        return "0" if ratio == 0 else "< 0.01"
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.1f}" if ratio >= 0.995 else f"{ratio:.2f}"


def _with_unit(months: float) -> str:
    """Write months with their unit.

    Examples
    --------
    >>> _with_unit(1.02), _with_unit(0.3)
    ('1 month', '0.3 months')
    """
    number = _months(months)
    return _n("{number} month", "{number} months", 1 if number == "1" else 2, number=number)


def _months(number: float) -> str:
    """Write months, with a decimal where they are few.

    Examples
    --------
    >>> _months(25.61), _months(3.02), _months(0.0)
    ('26', '3', '0')
    """
    return f"{number:.0f}" if number >= 9.95 else f"{number:.1f}".removesuffix(".0")
