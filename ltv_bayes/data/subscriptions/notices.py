"""When in the last period of their contract the lost gave notice: who has given none by now is likelier to stay."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.subscriptions.calendar import contract_length

PARTS = 20
"""A period is counted in this number of parts; beside them stand notices on the day itself, and losses without one."""
ENOUGH = 30
"""Losses of a contract length, with a notice or without, below which nothing is said of when notice is given."""
ONE_LATER = 1.0
"""A loss that is added to those seen, half of it on the last day and half without a notice."""

Notices = Mapping[str, tuple[int, ...]]


def notice_counts(table: pd.DataFrame, day: Any) -> dict[str, tuple[int, ...]]:
    """Count the lost by contract length, and by the part of the last period in which they gave notice.

    Parameters
    ----------
    table : pandas.DataFrame
        Subscriptions with period, lost, ended_on, and notice: days from the cancellation to the renewal that was not
        made, missing where only that renewal is.
    day : date
        Up to which all outcomes are known.

    Returns
    -------
    dict
        Contract length to ``PARTS`` + 2 numbers: by part of the period, on its last day, and without a notice. Only
        lengths with enough losses.

    Examples
    --------
    >>> table = pd.DataFrame({"period": "year", "lost": True, "notice": [0.0] * 20 + [180.0] * 15})
    >>> table["ended_on"] = pd.Timestamp("2024-05-31")
    >>> notice_counts(table, "2024-12-31")["year"]
    (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0)
    """
    lost = table[table["lost"].to_numpy(dtype=bool) & (table["ended_on"] <= pd.Timestamp(day)).to_numpy()]
    found = {}
    for period, some in lost.groupby("period", sort=True)["notice"]:
        known = some.dropna().to_numpy(dtype=float)
        passed = np.clip(1 - known / contract_length(str(period)).days, 0, 1)
        part = np.where(known <= 0, PARTS, np.minimum((passed * PARTS).astype(np.int64), PARTS - 1))
        counts = np.append(np.bincount(part, minlength=PARTS + 1), len(some) - len(known))
        if len(some) >= ENOUGH and counts[:PARTS].any():
            found[str(period)] = tuple(int(number) for number in counts)
    return found


def still_silent(counts: tuple[int, ...], passed: np.ndarray) -> np.ndarray:
    """The share of the lost who give no notice before a share of their last period has passed.

    That none of those seen gave notice later does not make it impossible: one more is added who has told nothing before
    the end, half on the last day and half without a notice. One loss spread over all parts would leave next to nothing
    for the last of them, where it counts. Of a renewal that is overdue nothing is learned: its share is 1, since it is
    late by the records, not by what the subscriber said.

    Examples
    --------
    >>> still_silent((10,) * 20 + (0, 0), np.array([0.0, 0.5, 0.99, 1.0])).round(3).tolist()
    [1.0, 0.502, 0.015, 1.0]
    >>> still_silent((15,) * 2 + (0,) * 18 + (0, 0), np.array([0.5])).round(3).tolist()
    [0.032]
    """
    number = np.array(counts, dtype=float)
    by_part = np.concatenate([[0.0], np.cumsum(number[:PARTS])])
    given = np.interp(passed, np.arange(PARTS + 1) / PARTS, by_part)
    found: np.ndarray = np.where(passed >= 1, 1.0, 1 - given / (number.sum() + ONE_LATER))
    return found


def passed_of_period(table: pd.DataFrame, as_of: Any) -> np.ndarray:
    """How much of its period each active subscription has behind it, from 0; 1 and above where its renewal is overdue.

    Examples
    --------
    >>> table = pd.DataFrame({"period": ["month"], "next_due": [pd.Timestamp("2024-06-20")]})
    >>> passed_of_period(table, "2024-06-05").round(2).tolist()
    [0.51]
    """
    days = table["period"].map({period: contract_length(str(period)).days for period in table["period"].unique()})
    left = (table["next_due"] - pd.Timestamp(as_of)).dt.days.to_numpy(dtype=float)
    return np.maximum(1 - left / days.to_numpy(dtype=float), 0.0)
