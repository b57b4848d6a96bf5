"""What a reader should know of the histories that values are made from."""

from ltv_bayes.data.customers import Customers
from ltv_bayes.data.occasions import RETURN_ONLY
from ltv_bayes.formatting import percent
from ltv_bayes.terms import Terms

FAR_HORIZON = 3.0
MOSTLY_VALUED = 0.98


def far_horizon(customers: Customers, terms: Terms) -> list[str]:
    """Say that the horizon goes far beyond the longest history, if it does.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": [1], "frequency": [0], "recency": [0.0], "T": [26.0]})
    >>> far_horizon(Customers.from_summary(frame, time_unit="week"), Terms.read("2 years", 0.0, None))
    ['the horizon is 4.0 times the longest history: far beyond the data.']
    """
    longest, horizon = customers.overview().longest_history, terms.length(customers.time_unit)
    if longest <= 0 or horizon <= FAR_HORIZON * longest:
        return []
    return [f"the horizon is {horizon / longest:.1f} times the longest history: far beyond the data."]


def free_purchases(customers: Customers) -> list[str]:
    """Say that repeat purchases without a value are foreseen like paid ones, if there are more than a few."""
    seen = customers.overview()
    if not 0 < seen.valued_repeats < MOSTLY_VALUED * seen.repeats:
        return []
    return [
        f"{percent(1 - seen.valued_repeats / seen.repeats)} of repeat purchases had no value, but each one "
        f"foreseen is given that of a paid one: values are too high by about as much. "
        f"summarize(zero_orders='drop') leaves free ones out."
    ]


def returns_apart(customers: Customers) -> list[str]:
    """Say that returns on days of their own lower no value, if there are any."""
    if RETURN_ONLY not in customers.dropped_by_reason().index:
        return []
    return ["returns on days of their own lower no value foreseen: values are before such returns."]
