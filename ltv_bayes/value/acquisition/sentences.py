"""What the figures of a channel say, in words to quote."""

from dataclasses import dataclass
from math import isinf, isnan

from ltv_bayes.errors import counted
from ltv_bayes.formatting import money, probability, with_currency
from ltv_bayes.intervals import describe_interval
from ltv_bayes.time_units import Duration
from ltv_bayes.value.acquisition.targets import Yardstick

NEARLY_SURE = 0.9
NEARLY_NEVER = 0.05
NOT_ENOUGH = "not enough data"


@dataclass(frozen=True)
class ChannelFigures:
    """What there is to say of a channel; numbers that are not known are not-a-number.

    Attributes
    ----------
    spend, clients_won : float
        In all periods.
    cost, ratio, payback : float
        Medians of the cost per client, of LTV:CAC, and of months until the cost is back.
    least_cost : float
        What a client costs at least, but for a probability of 0.05.
    value : float
        Mean of the expected value of a new client.
    ratio_interval, payback_interval : (float, float)
    above_1, above_threshold, payback_in_time, never : float
        Probabilities; the last two of payback within the time asked for, and of none within the horizon.
    draws : int
        How many draws there are: no probability is said to be surer than they can tell.
    interval : str
        Kind and level of the intervals, as columns carry them.
    """

    channel: str
    spend: float
    clients_won: float
    cost: float
    least_cost: float
    value: float
    ratio: float
    ratio_interval: tuple[float, float]
    above_1: float
    above_threshold: float
    payback: float
    payback_interval: tuple[float, float]
    payback_in_time: float
    never: float
    draws: int
    interval: str

    def few(self, yardstick: Yardstick) -> bool:
        """Whether fewer clients were won than the yardstick asks for, and it is not sure that money is lost."""
        return self.clients_won < yardstick.least_clients and self.ratio_interval[1] >= 1

    def wide(self, yardstick: Yardstick) -> bool:
        """Whether the interval reaches from a loss to above the threshold."""
        low, high = self.ratio_interval
        return low < 1 and high > max(1.0, yardstick.threshold)

    def enough(self, yardstick: Yardstick) -> bool:
        """Whether data say something: enough clients, and an interval that leaves some answer out."""
        return not (self.few(yardstick) or self.wide(yardstick))

    def chance(self, value: float) -> str:
        """Write a probability, no surer than the draws can tell."""
        least = 1 / self.draws if self.draws > 1 else 0.0
        return probability(min(max(value, least), 1 - least))


def verdict(figures: ChannelFigures, yardstick: Yardstick) -> str:
    """Say in three words what is nearly sure, with a probability of 0.9 or more."""
    wanted = f"{yardstick.threshold:g}"
    if not figures.enough(yardstick):
        return NOT_ENOUGH
    if figures.above_threshold >= NEARLY_SURE:
        return f"above {wanted}"
    if figures.above_1 <= 1 - NEARLY_SURE:
        return "loses money"
    if figures.above_1 < NEARLY_SURE:
        return "perhaps pays"
    return f"pays, below {wanted}" if figures.above_threshold <= 1 - NEARLY_SURE else f"pays, perhaps {wanted}"


def sentence(
    figures: ChannelFigures,
    yardstick: Yardstick,
    horizon: Duration,
    currency: str | None,
    level: tuple[float, str],
) -> str:
    """Say what a client of the channel costs, is worth, and when the cost is back."""
    worth = with_currency(money(figures.value, currency), currency)
    low, high = map(_times, figures.ratio_interval)
    parts = [
        f"{figures.channel}: a new client is worth {worth} within {horizon} and costs {_cost(figures, currency)}",
        f"that is {_times(figures.ratio)} times the cost, {describe_interval(*level)} {low} to {high}, "
        f"and more than {yardstick.threshold:g} times with probability {figures.chance(figures.above_threshold)}",
        _payback(figures, yardstick, horizon),
    ]
    return "; ".join(parts) + "." + _reservation(figures, yardstick)


def _cost(figures: ChannelFigures, currency: str | None) -> str:
    typical, least = (with_currency(money(cost, currency), currency) for cost in (figures.cost, figures.least_cost))
    if isnan(figures.clients_won):
        return typical
    spend = money(figures.spend, currency)
    if figures.clients_won == 0:
        return f"more than {least} with probability {probability(1 - NEARLY_NEVER)} (no client won for {spend})"
    return f"{typical} ({counted(int(figures.clients_won), 'client')} won for {spend})"


def _payback(figures: ChannelFigures, yardstick: Yardstick, horizon: Duration) -> str:
    in_time = f"within {yardstick.payback_within} with probability {figures.chance(figures.payback_in_time)}"
    if isinf(figures.payback):
        return (
            f"the cost is not back within {horizon} with probability {figures.chance(figures.never)}, and is {in_time}"
        )
    low, high = figures.payback_interval
    if high == 0:
        return f"the first order brings the cost back, {in_time}"
    late = f"beyond {horizon}" if isinf(high) else _with_unit(high)
    return f"the cost is back after {_with_unit(figures.payback)} ({_months(low)} to {late}), {in_time}"


def _reservation(figures: ChannelFigures, yardstick: Yardstick) -> str:
    if figures.few(yardstick):
        number = counted(int(figures.clients_won), "client")
        return f" Not enough data: {number} won, fewer than {yardstick.least_clients}."
    if figures.wide(yardstick):
        return f" Not enough data: the interval reaches from below 1 to above {max(1.0, yardstick.threshold):g}."
    return ""


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
    return f"{number} month{'' if number == '1' else 's'}"


def _months(number: float) -> str:
    """Write months, with a decimal where they are few.

    Examples
    --------
    >>> _months(25.61), _months(3.02), _months(0.0)
    ('26', '3', '0')
    """
    return f"{number:.0f}" if number >= 9.95 else f"{number:.1f}".removesuffix(".0")
