"""Segments that pooled fits have not seen, and what of their customers is drawn therefore, in words."""

from collections.abc import Collection, Iterable, Iterator

import pandas as pd

from ltv_bayes.errors import listed
from ltv_bayes.predictions.fitted import FittedModel, pooling_of
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend

DRAWN = {"purchases": "how often they buy", "renewals": "how long they stay", "spend": "what an order yields"}


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
            yield f"by {column}: {unseen_in_words(listed(names), unseen, [of for of in by_fit if of not in unseen])}."


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
    drawn, fitted = [DRAWN[one] for one in unseen], [DRAWN[one] for one in seen]
    fits = "the fits have" if len(unseen) > 1 else f"the fit of {next(iter(unseen))} has"
    valued = " with a repeat order of value" if list(unseen) == ["spend"] else ""
    rest = f", {' and '.join(fitted)} {'are' if len(fitted) > 1 else 'is'} fitted" if fitted else ""
    verb = "are" if len(drawn) > 1 else "is"
    return (
        f"{fits} no customer of {named}{valued}: {' and '.join(drawn)} {verb} drawn from the distribution of "
        f"{among}{rest}"
    )
