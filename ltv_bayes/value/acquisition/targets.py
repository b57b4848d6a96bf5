"""The targets that channels are measured by."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ltv_bayes.errors import UnitError
from ltv_bayes.formulas.point.inputs import as_count
from ltv_bayes.formulas.special import Array
from ltv_bayes.time_units import Duration, as_duration, as_number

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
            raise UnitError(f"threshold must be above 0, not {threshold:g}.")
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
            f"payback_within={str(within)!r} is longer than the value's horizon of {horizon}. "
            f"Value new customers over a longer horizon, or ask for payback within a shorter time."
        )
    return within
