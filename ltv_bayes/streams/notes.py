"""What a reader should know of the customers that a stream values, in words."""

from collections.abc import Collection, Iterable, Iterator

import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.overview import Overview
from ltv_bayes.data.orders.selection import RETURN_ONLY
from ltv_bayes.data.reading.ids import as_text
from ltv_bayes.errors import counted, listed
from ltv_bayes.formatting import label, percent
from ltv_bayes.language import N_, _, _n, both, told
from ltv_bayes.predictions.alive import all_alive_note, share_of_one_time
from ltv_bayes.predictions.fitted import FittedModel, pooling_of
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend
from ltv_bayes.terms import Terms

FAR_HORIZON = 3.0
MOSTLY_VALUED = 0.98
DRAWN = {
    "purchases": N_("how often they buy"),
    "renewals": N_("how long they stay"),
    "spend": N_("what an order yields"),
}


def called(name: str) -> str:
    """What a stream is called in a sentence."""
    return told(name.replace("_", " "))


def missing_here_or_there(customers: Customers, own: pd.Index, name: str) -> list[str]:
    """State how many of the customers valued are not in a stream's data, and who in these is not valued.

    The ids in the data are given as text. Customers in a file are not gone through.
    """
    if not customers.in_memory:
        return []
    without = int((~as_text(customers.ids).isin(own)).sum())
    lacking = (
        [
            _(
                "{without:,} of {customers} have no {name}.",
                without=without,
                customers=counted(len(customers), "customer"),
                name=called(name),
            )
        ]
        if without
        else []
    )
    return [*lacking, *not_valued(customers, own, name)]


def not_valued(customers: Customers, own: pd.Index, name: str) -> list[str]:
    """State who in a stream's data is not among the customers valued, given the ids in the data as text.

    Customers in a file are not gone through.
    """
    if not customers.in_memory:
        return []
    beyond = own[~own.isin(as_text(customers.ids))].unique()
    if beyond.empty:
        return []
    return [
        _(
            "{name} of {customers} not valued here: {beyond}.",
            name=called(name),
            customers=counted(len(beyond), "customer"),
            beyond=listed(beyond),
        )
    ]


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
    >>> bought_once_notes(Customers.from_summary(frame, time_unit="week"), "bg_nbd")[0].partition(": ")[0]
    '67% of customers bought once, and BG/NBD takes all of them to be alive'
    """
    return list(filter(None, [all_alive_note(model, share_of_one_time(customers))]))


def _far_horizon(seen: Overview, horizon: float) -> list[str]:
    if seen.longest_history <= 0 or horizon <= FAR_HORIZON * seen.longest_history:
        return []
    return [
        _(
            "the horizon is {horizon:.1f} times the longest history: far beyond the data.",
            horizon=horizon / seen.longest_history,
        )
    ]


def _free_purchases(seen: Overview) -> list[str]:
    if not 0 < seen.valued_repeats < MOSTLY_VALUED * seen.repeats:
        return []
    return [
        _(
            "{valued_repeats} of repeat purchases had no value, but each one foreseen is given that of a paid "
            "one: values are too high by about as much. summarize(zero_orders='drop') leaves free ones out.",
            valued_repeats=percent(1 - seen.valued_repeats / seen.repeats),
        )
    ]


def _returns_apart(customers: Customers) -> list[str]:
    if RETURN_ONLY not in customers.dropped_by_reason().index:
        return []
    return [_("returns on days of their own lower no value foreseen: values are before such returns.")]


def role(fit: FittedModel) -> str:
    """What a fit is of: purchases, renewals or spend."""
    return "spend" if isinstance(fit, FittedSpend) else "renewals" if isinstance(fit, FittedRenewals) else "purchases"


def unseen_segments(fits: Iterable[tuple[FittedModel, Iterable[pd.DataFrame]]]) -> Iterator[str]:
    """State of each column which segments pooled fits have not seen.

    Parameters
    ----------
    fits : iterable of (FittedModel, tables)
        Each fit with the rows of its customers, a batch at a time.
    """
    columns: dict[str, dict[str, set[str]]] = {}
    for fit, tables in fits:
        if (pooling := pooling_of(fit)) is None:
            continue
        for table in tables:
            for column, names in pooling.unseen(table).items():
                columns.setdefault(column, {}).setdefault(role(fit), set()).update(names)
    for column, by_fit in columns.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for name in sorted(set().union(*by_fit.values())):
            alike.setdefault(tuple(of for of, names in by_fit.items() if name in names), []).append(name)
        for unseen, names in alike.items():
            yield _(
                "by {column}: {unseen_in_words}.",
                column=column,
                unseen_in_words=unseen_in_words(listed(names), unseen, [of for of in by_fit if of not in unseen]),
            )


def unseen_in_words(named: str, unseen: Collection[str], seen: Collection[str], among: str = "segments") -> str:
    """State which fits have no customer of some segments, and what is drawn or fitted therefore.

    Parameters
    ----------
    named : str
        The segments.
    unseen, seen : collection of str
        Roles of the fits pooled by these segments: those that have not seen them, and those that have.
    among : str
        What segments are called.

    Examples
    --------
    >>> unseen_in_words("Radio", ["purchases"], [])
    'the fit of purchases has no customer of Radio: how often they buy is drawn from the distribution of segments'
    """
    drawn, fitted = [_(DRAWN[one]) for one in unseen], [_(DRAWN[one]) for one in seen]
    fits = (
        _("the fits have no customer of {names}", names=named)
        if len(unseen) > 1
        else _("the fit of spend has no customer of {names} with a repeat order of value", names=named)
        if list(unseen) == ["spend"]
        else _("the fit of {role} has no customer of {names}", role=label(next(iter(unseen))), names=named)
    )
    rest = _n(", {what} is fitted", ", {what} are fitted", len(fitted), what=both(fitted)) if fitted else ""
    return _n(
        "{fits}: {what} is drawn from the distribution of {among}{rest}",
        "{fits}: {what} are drawn from the distribution of {among}{rest}",
        len(drawn),
        fits=fits,
        what=both(drawn),
        among=label(among),
        rest=rest,
    )
