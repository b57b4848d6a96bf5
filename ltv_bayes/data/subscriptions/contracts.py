"""Contracts and what became of them: renewals counted along the calendar, losses, contradictions."""

import datetime as dt

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.faults import Fault
from ltv_bayes.data.subscriptions.calendar import after, nearest_number, number_until
from ltv_bayes.language import _

ONE_DAY = np.timedelta64(1, "D")
NEVER = pd.Timestamp.max.floor("D")
FOUND = ("renewals", "lost", "subscriptions", "start", "period", "next_due", "ended_on", "price", "product")


def count_renewals(contracts: pd.DataFrame, end: dt.date, grace_days: int = 0) -> pd.DataFrame:
    """Count renewals up to the end of observation, and find what is due next.

    Parameters
    ----------
    contracts : pandas.DataFrame
        start, period, cancelled, price, product, and renewed where days of the last renewal were recorded.
    end : datetime.date
        The day on which observation ends.
    grace_days : int
        How long a recorded renewal may come after it is due.

    Returns
    -------
    pandas.DataFrame
        The columns of the table of `Renewals`.

    Examples
    --------
    >>> contract = {"start": ["2024-01-15"], "cancelled": [None], "renewed": ["2024-03-17"]}
    >>> contract = pd.DataFrame(contract).astype("datetime64[us]").assign(period="month", price=9.0, product="")
    >>> count_renewals(contract, dt.date(2024, 6, 30))[["renewals", "lost", "ended_on"]]
       renewals  lost   ended_on
    0         2  True 2024-04-15
    """
    start, period = contracts["start"].to_numpy(), contracts["period"].to_numpy(dtype=str)
    lost = (contracts["cancelled"] <= pd.Timestamp(end)).to_numpy()
    if "renewed" in contracts:
        made, overdue = _recorded(contracts, end)
        lost = lost | (overdue >= grace_days)
    else:
        until = np.where(lost, contracts["cancelled"].to_numpy() - ONE_DAY, np.datetime64(end))
        made = _made_by(start, until, period)
    due = pd.Series(after(start, made + 1, period).astype("M8[us]"), index=contracts.index)
    counts = {"renewals": made, "lost": lost, "subscriptions": 1}
    dates = {"next_due": due.mask(lost), "ended_on": due.where(lost)}
    return contracts.assign(**counts, **dates)[list(FOUND)]


def _made_by(start: np.ndarray, until: np.ndarray | np.datetime64, period: np.ndarray) -> np.ndarray:
    """Count the renewals that fell due before a contract was cancelled, or by the end."""
    return np.maximum(number_until(start, np.maximum(until, start), period), 0)


def _recorded(contracts: pd.DataFrame, end: dt.date) -> tuple[np.ndarray, np.ndarray]:
    """Count recorded renewals, and for how many days the next one has been due; negative if it is not yet.

    A renewal recorded after the end tells that those due by then were made, and nothing else.
    """
    start, period = contracts["start"].to_numpy(), contracts["period"].to_numpy(dtype=str)
    made, last = _last_recorded(contracts), np.datetime64(end)
    later = (contracts["renewed"] > pd.Timestamp(end)).to_numpy()
    made = np.where(later, _made_by(start, last, period), made)
    return made, (last - after(start, made + 1, period)).astype(np.int64)


def _last_recorded(contracts: pd.DataFrame) -> np.ndarray:
    """Number the renewal that was recorded last: the one with the nearest date; 0 if there is none."""
    renewed = contracts["renewed"].fillna(contracts["start"]).to_numpy()
    return nearest_number(contracts["start"].to_numpy(), renewed, contracts["period"].to_numpy(dtype=str))


def contradictions(contracts: pd.DataFrame, today: dt.date) -> list[Fault]:
    """Find days of one contract that cannot be in their order.

    Examples
    --------
    >>> contract = pd.DataFrame({"start": ["2024-02-01"], "cancelled": ["2024-01-15"]}).astype("datetime64[us]")
    >>> [fault.problem for fault in contradictions(contract, dt.date(2024, 6, 30)) if fault.at.any()]
    ['cancelled before the start']
    """
    correct = _("Correct one of the two dates.")
    before = (contracts["cancelled"] < contracts["start"]).to_numpy()
    found = [Fault(before, _("cancelled before the start"), correct)]
    if "renewed" in contracts:
        early = (contracts["renewed"] < contracts["start"]).to_numpy()
        late = (contracts["renewed"] > contracts["cancelled"]).to_numpy()
        ahead = (contracts["renewed"] > pd.Timestamp(today)).to_numpy()
        back = _("Correct one of the two dates; a customer who returned has a row, and a start, of their own.")
        name = _("Name the column of renewals that were made, not of those that are due.")
        found += [
            Fault(early, _("renewed before the start"), correct),
            Fault(late, _("renewed after they were cancelled"), back),
            Fault(ahead, _("renewed after today ({today})", today=today), name),
        ]
    return found


def written_twice(contracts: pd.DataFrame, ids: pd.Index) -> Fault:
    """Find contracts that are there twice, word by word.

    Examples
    --------
    >>> contract = pd.DataFrame({"start": ["2024-01-15"] * 2, "cancelled": "2024-01-15"}).astype("datetime64[us]")
    >>> written_twice(contract, pd.Index(["Ada", "Ada"])).at.tolist()
    [True, True]
    """
    at = contracts.assign(customer=ids.astype(str)).duplicated(keep=False).to_numpy()
    return Fault(at, _("written more than once"), _("Keep one of each."))


def overlaps(contracts: pd.DataFrame, ids: pd.Index, end: dt.date, grace_days: int = 0, gap_days: int = 0) -> Fault:
    """Find customers who have two contracts about one thing at once.

    A renewal that may be on its way is not, if another contract starts when it is due, or at most the gap later.

    Examples
    --------
    >>> days = pd.DataFrame({"start": ["2024-01-01", "2024-02-01"], "cancelled": ["2024-02-15", None]})
    >>> contracts = days.astype("datetime64[us]").assign(product="cloud")
    >>> overlaps(contracts, pd.Index(["Ada", "Ada"]), dt.date(2024, 6, 30)).at.tolist()
    [True, True]
    """
    spans = pd.DataFrame({"start": contracts["start"], **_ends(contracts, end, grace_days)})
    spans["owner"] = pd.MultiIndex.from_arrays([ids.astype(str), contracts["product"]]).factorize()[0]
    ordered = spans.reset_index(drop=True).sort_values(["owner", "start", "end"])
    following = ordered.groupby("owner")["start"].shift(-1)
    replaced = (following - ordered["due"]).dt.days.between(0, max(1, gap_days))
    ordered["end"] = ordered["end"].mask(replaced & (ordered["end"] > ordered["due"]), ordered["due"])
    latest = ordered.groupby("owner")["end"].cummax().groupby(ordered["owner"]).shift()
    at = ((ordered["start"] < latest) | (following < ordered["end"])).sort_index().to_numpy()
    cure = _("Name the column of what is subscribed to with product=, or give the first its day of cancellation.")
    return Fault(at, _("with subscriptions of one customer that overlap"), cure)


def _ends(contracts: pd.DataFrame, end: dt.date, grace_days: int) -> dict[str, pd.Series]:
    """When contracts ended: on the day of cancellation; where renewals were recorded, when one was due and not made.

    Returns
    -------
    dict
        end, and the day on which an unrecorded renewal is due, if that may be on its way.
    """
    cancelled = contracts["cancelled"].fillna(NEVER)
    if "renewed" not in contracts:
        return {"end": cancelled, "due": pd.Series(pd.NaT, contracts.index, dtype=cancelled.dtype)}
    start, period = contracts["start"].to_numpy(), contracts["period"].to_numpy(dtype=str)
    due = after(start, _last_recorded(contracts) + 1, period)
    overdue = (np.datetime64(end) - due).astype(np.int64)
    perhaps_on_its_way = (overdue >= 0) & (overdue < grace_days)
    unmade = pd.Series(due.astype("M8[us]"), contracts.index)
    certain = unmade.mask(perhaps_on_its_way, NEVER)
    return {"end": cancelled.where(cancelled < certain, certain), "due": unmade.where(perhaps_on_its_way)}
