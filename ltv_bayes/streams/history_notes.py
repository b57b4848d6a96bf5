"""What a reader should know of the histories that values are made from."""

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.overview import Overview
from ltv_bayes.data.orders.occasions import RETURN_ONLY
from ltv_bayes.formatting import percent
from ltv_bayes.formulas.models import bg_cnbd, bg_nbd
from ltv_bayes.terms import Terms

FAR_HORIZON = 3.0
MOSTLY_ONCE = 0.5
MOSTLY_VALUED = 0.98
SURE_THAT_ONE_TIME_BUYERS_LIVE = {
    bg_nbd.NAME: ("BG/NBD", "see check_one_time"),
    bg_cnbd.NAME: ("BG/CNBD-k", "MBGCNBD lets them leave"),
}


def history_notes(customers: Customers, terms: Terms, *, foreseen: bool = True) -> list[str]:
    """State that the horizon goes far beyond histories, that purchases had no value, or returns days of their own.

    Parameters
    ----------
    customers : Customers
        With histories or without.
    terms : Terms
        On which they are valued.
    foreseen : bool
        Whether purchases are foreseen from these histories.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": [1], "frequency": [0], "recency": [0.0], "T": [26.0]})
    >>> history_notes(Customers.from_summary(frame, time_unit="week"), Terms.read("2 years", 0.0, None))
    ['the horizon is 4.0 times the longest history: far beyond the data.']
    """
    seen = customers.overview()
    return [
        *_far_horizon(seen, terms.length(customers.time_unit)),
        *(_free_purchases(seen) if foreseen else []),
        *_returns_apart(customers),
    ]


def bought_once_notes(customers: Customers, model: str) -> list[str]:
    """State that BG/NBD, or BG/CNBD-k, takes all customers who bought once to be alive, where most did.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": [0, 0, 1], "recency": [0.0, 0.0, 4.0], "T": 9.0})
    >>> bought_once_notes(Customers.from_summary(frame, time_unit="week"), "bg_nbd")
    ['67% of customers bought once, and BG/NBD takes all of them to be alive: see check_one_time.']
    """
    if model not in SURE_THAT_ONE_TIME_BUYERS_LIVE or "since" in customers.columns:
        return []
    seen = customers.overview()
    once = 1 - seen.repeat_customers / seen.customers if seen.customers else 0.0
    if once <= MOSTLY_ONCE:
        return []
    name, cure = SURE_THAT_ONE_TIME_BUYERS_LIVE[model]
    return [f"{percent(once)} of customers bought once, and {name} takes all of them to be alive: {cure}."]


def _far_horizon(seen: Overview, horizon: float) -> list[str]:
    if seen.longest_history <= 0 or horizon <= FAR_HORIZON * seen.longest_history:
        return []
    return [f"the horizon is {horizon / seen.longest_history:.1f} times the longest history: far beyond the data."]


def _free_purchases(seen: Overview) -> list[str]:
    if not 0 < seen.valued_repeats < MOSTLY_VALUED * seen.repeats:
        return []
    return [
        f"{percent(1 - seen.valued_repeats / seen.repeats)} of repeat purchases had no value, but each one "
        f"foreseen is given that of a paid one: values are too high by about as much. "
        f"summarize(zero_orders='drop') leaves free ones out."
    ]


def _returns_apart(customers: Customers) -> list[str]:
    if RETURN_ONLY not in customers.dropped_by_reason().index:
        return []
    return ["returns on days of their own lower no value foreseen: values are before such returns."]
