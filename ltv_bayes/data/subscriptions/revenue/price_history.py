"""How the prices of contracts changed: at how many renewals they could, how often they did, and by how much."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.recurring import a_month, contracts_with_prices
from ltv_bayes.errors import UnitError
from ltv_bayes.language import _
from ltv_bayes.time_units import as_date, as_number, percent_as_share

SAME = 1e-6


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """What became of the prices of subscriptions.

    Attributes
    ----------
    renewals, changes : arrays of shape (subscriptions,)
        Renewals made, each of which could bring another price, and how many did.
    owner, log_factor, log_price : arrays of shape (changes,)
        The row of the subscription whose price changed, the logarithm of the new price over the old one, and that of
        the old one a month.
    """

    renewals: np.ndarray
    changes: np.ndarray
    owner: np.ndarray
    log_factor: np.ndarray
    log_price: np.ndarray


def price_history(renewals: Renewals, steps: tuple[tuple[dt.date, float], ...] = ()) -> PriceHistory:
    """Find the changes of price between contracts that follow each other.

    A change in between two renewals counts as one at the nearest of them. From or to a free plan there is no factor: it
    counts as no change.

    Parameters
    ----------
    renewals : Renewals
    steps : tuple of (date, share)
        Days from which prices of all changed, which is no change of a customer's own.

    Examples
    --------
    >>> import ltv_bayes as lb
    >>> records = pd.DataFrame({"customer_id": "Ada", "start": ["2024-01-15", "2024-04-15"], "price": [10, 20]})
    >>> found = price_history(
    ...     lb.summarize_renewals(records.assign(cancelled_on=["2024-04-15", None]), as_of="2024-08-01")
    ... )
    >>> found.renewals.tolist(), found.changes.tolist(), np.exp(found.log_factor).round(3).tolist()
    ([6], [1], [2.0])
    """
    contracts = contracts_with_prices(renewals).sort_values(["relation", "start"], kind="stable")
    before = contracts.groupby("relation").shift()
    follows = (
        before["start"].notna().to_numpy() & (before["price"] > 0).to_numpy() & (contracts["price"] > 0).to_numpy()
    )
    some, old = contracts[follows], before[follows]
    log_factor = np.log(some["price"].to_numpy(dtype=float) / old["price"].to_numpy(dtype=float))
    for day, share in steps:
        at = pd.Timestamp(day)
        crossed = (old["start"] < at).to_numpy() & (some["start"] >= at).to_numpy()
        log_factor = log_factor - np.where(crossed, np.log1p(share), 0.0)
    changed = (np.abs(log_factor) > SAME) & (some["price"].to_numpy() != old["price"].to_numpy())
    log_price = np.log(a_month(old["price"], some["period"].to_numpy(dtype=str)))
    owner = some["relation"].to_numpy()[changed]
    number = np.bincount(owner, minlength=len(renewals.table))
    made = np.maximum(renewals.table["renewals"].to_numpy(dtype=np.int64), number)
    return PriceHistory(made, number, owner, log_factor[changed], log_price[changed])


def price_steps(given: Any) -> tuple[tuple[dt.date, float], ...]:
    """Read days from which all prices changed by a share.

    Raises
    ------
    UnitError
        If it is no mapping from dates to shares.
    """
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise UnitError(
            _(
                "price_changes of the past are shares by date, such as {{'2024-01-01': 0.05}}, not {given!r}.",
                given=given,
            )
        )
    found = [(as_date(day, "price_changes"), as_number(share, "price_changes")) for day, share in given.items()]
    wrong = [share for _unused, share in found if not -1 < share < 1]
    if wrong:
        raise UnitError(
            _(
                "price_changes are shares: write {percent} as {share}, not {given:g}.",
                given=wrong[0],
                **percent_as_share(wrong[0], 5),
            )
        )
    return tuple(sorted(found))
