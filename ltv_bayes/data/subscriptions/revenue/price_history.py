"""How the prices of contracts changed: at how many renewals they could, how often they did, and by how much."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.calendar import nearest_number
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.data.subscriptions.revenue.recurring import a_month, contracts_with_prices
from ltv_bayes.errors import ColumnError, UnitError
from ltv_bayes.language import _
from ltv_bayes.time_units import as_date, as_number, percent_as_share

Steps = tuple[tuple[dt.date, float], ...]
PRICE, SEATS = DRIVERS = ("price", "seats")
"""What changes at renewals: the price itself, or the number that it is paid by."""
SAME = 0.002
"""A change by less than this share is none: prices are rounded."""


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """What became of the prices of subscriptions.

    Attributes
    ----------
    renewals, changes : arrays of shape (subscriptions,)
        Renewals made, each of which could bring another price, and how many did.
    owner, log_factor, log_level : arrays of shape (changes,)
        The row of the subscription whose price changed, the logarithm of the new price over the old one, and that of
        the old one a month. Or of the number of seats.
    log_paid : array of shape (changes,)
        The logarithm of the new price over the old one, where seats changed; NaN where one of them is 0, as in a free
        trial.
    """

    renewals: np.ndarray
    changes: np.ndarray
    owner: np.ndarray
    log_factor: np.ndarray
    log_level: np.ndarray
    log_paid: np.ndarray


def price_history(renewals: Renewals, steps: Steps = (), driver: str = PRICE) -> PriceHistory:
    """Find the changes of price between contracts that follow each other.

    Changes in between two renewals count as one at the nearest of them, those before the first renewal as one at it.
    From or to a free plan there is no factor: it counts as no change.

    Parameters
    ----------
    renewals : Renewals
    steps : tuple of (date, share)
        Days from which prices of all changed, which is no change of a customer's own.
    driver : {"price", "seats"}
        What changes: the price of a contract, or its number of seats.

    Raises
    ------
    ColumnError
        If there are no seats.

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
    if driver not in contracts:
        raise ColumnError(_("The renewals have no seats. Read them with seats='...'."))
    before = contracts.groupby("relation").shift()
    some = before["start"].notna().to_numpy()
    new, old, relation = contracts[some], before[some], contracts["relation"].to_numpy()[some]
    paid, kept = _log_factor(new["price"], old["price"], old["start"], new["start"], steps)
    paid = np.where(kept, paid, np.nan)
    factor, kept = (paid, kept) if driver == PRICE else _log_factor(new[driver], old[driver])
    at = nearest_number(old["start"].to_numpy(), new["start"].to_numpy(), old["period"].to_numpy(dtype=str))
    made = np.maximum(pd.Series(at).groupby(relation).cumsum().to_numpy(), 1)
    level = old[driver] if driver == SEATS else a_month(old["price"], old["period"].to_numpy(dtype=str))
    changes = pd.DataFrame({"relation": relation, "made": made, "factor": factor, "level": level, "paid": paid})[kept]
    changes["priced"] = changes["paid"].notna()
    sums = {"factor": "sum", "level": "first", "paid": "sum", "priced": "all"}
    net = changes.groupby(["relation", "made"], as_index=False).agg(sums)
    net = net[np.abs(net["factor"]) > SAME]
    number = len(renewals.table)
    last = net.groupby("relation")["made"].max().reindex(range(number), fill_value=0).to_numpy()
    return PriceHistory(
        np.maximum(renewals.table["renewals"].to_numpy(dtype=np.int64), last),
        np.bincount(net["relation"], minlength=number),
        net["relation"].to_numpy(),
        net["factor"].to_numpy(),
        np.log(net["level"].to_numpy()),
        net["paid"].where(net["priced"]).to_numpy(),
    )


def _log_factor(
    new: pd.Series,
    old: pd.Series,
    began: Any = None,
    changed: Any = None,
    steps: Steps = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the new over the old, without steps in between, and where there are some: both above 0."""
    after, before = new.to_numpy(dtype=float), old.to_numpy(dtype=float)
    known = (after > 0) & (before > 0)
    found = np.log(np.where(known, after, 1.0) / np.where(known, before, 1.0))
    for day, share in steps:
        crossed = ((began < pd.Timestamp(day)) & (changed >= pd.Timestamp(day))).to_numpy()
        found = found - np.where(crossed & (found != 0.0), np.log1p(share), 0.0)
    return found, known


def log_levels(renewals: Renewals, driver: str) -> np.ndarray:
    """Logarithms of the prices a month of contracts that cost something, or of their seats."""
    contracts = contracts_with_prices(renewals)
    if driver == SEATS:
        return np.log(contracts[SEATS].to_numpy(dtype=float))
    paid = contracts[contracts["price"] > 0]
    return np.log(a_month(paid["price"], paid["period"].to_numpy(dtype=str)))


def price_steps(given: Any) -> Steps:
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
