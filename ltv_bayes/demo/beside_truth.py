"""What a simulated business really brings, beside what was foreseen."""

import numpy as np

from ltv_bayes.formatting import money, with_currency
from ltv_bayes.intervals import describe_interval, interval, interval_settings


def beside_truth(came: float, draws: np.ndarray, currency: str | None) -> str:
    """Say whether the interval of the draws holds what came.

    Examples
    --------
    >>> beside_truth(6_000.0, np.linspace(0, 10_000, 201), "EUR")
    '6k EUR, inside the 89% interval 550 to 9.45k EUR'
    """
    prob, kind = interval_settings(None, None)
    low, high = map(float, interval(draws, prob, kind))
    known, least, most = (money(amount, currency) for amount in (came, low, high))
    held = f"{'inside' if low <= came <= high else 'OUTSIDE'} the {describe_interval(prob, kind)} {least} to {most}"
    return f"{with_currency(known, currency)}, {with_currency(held, currency)}"
