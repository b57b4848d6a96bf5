"""Records that begin later than the subscriptions: of those that ended before, nothing is known."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.data.subscriptions.renewals import number_due
from ltv_bayes.errors import DataWarning
from ltv_bayes.language import _

ONE_DAY = np.timedelta64(1, "D")
CHANCE = 1e-4
MOST_OF_EXPECTED = 0.1
PLACES = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05)


def observed_since(table: pd.DataFrame, since: dt.date | None) -> pd.DataFrame:
    """Note how many renewals were due before the records begin, or warn if they seem to begin late.

    A subscription is in the records if it had not ended by the day on which they begin; so what is observed is what
    became of it at later renewals. Where notice is given some days before a renewal, records may also lack those who
    gave it before the day and left after it. So renewals are observed from as much later as the longest notice, among
    contracts of that length.

    Parameters
    ----------
    table : pandas.DataFrame
        Subscriptions, with the column notice: days from the cancellation to the renewal that was not made.
    since : datetime.date or None
        The day on which the records begin.

    Returns
    -------
    pandas.DataFrame
        Without notice; with observed_from, if the day is given.

    Warns
    -----
    DataWarning
        If no day is given, and losses before some day are far fewer than those after it let expect.
    """
    found = table.drop(columns="notice")
    notice = table["notice"].where(table["lost"]).clip(lower=0).fillna(0)
    if since is None:
        _warn_of_late_records(found, notice)
        return found
    first = np.datetime64(since)
    longest = notice.groupby(table["period"]).transform("max").to_numpy(dtype="m8[D]")
    due = number_due(found, (first + longest - ONE_DAY).astype("M8[us]"))
    begun_before = table["start"].to_numpy() < first
    return found.assign(observed_from=np.where(begun_before, np.minimum(due, found["renewals"] + found["lost"]), 0))


def _warn_of_late_records(table: pd.DataFrame, notice: pd.Series) -> None:
    """Warn if before some day renewals were due, but hardly any was not made."""
    lost = table["lost"].to_numpy(dtype=bool)
    ended = table["ended_on"].to_numpy(dtype="M8[D]")[lost]
    if not len(ended):
        return
    days = np.unique(np.sort(ended)[[int(share * (len(ended) - 1)) for share in PLACES]])
    outcomes = (table["renewals"] + lost).to_numpy()
    due = np.array([np.minimum(number_due(table, (day - ONE_DAY).astype("M8[us]")), outcomes).sum() for day in days])
    before = np.array([(ended < day).sum() for day in days])
    later = (len(ended) - before) / np.maximum(outcomes.sum() - due, 1)
    expected = due * later
    by_chance = special.bdtr(before, len(ended), due / outcomes.sum())
    clear = (by_chance < CHANCE) & (before <= MOST_OF_EXPECTED * expected)
    if not clear.any():
        return
    best = int(np.argmax(np.where(clear, _evidence(before, expected), -np.inf)))
    told = (ended - notice.to_numpy()[lost].astype("m8[D]"))[ended >= days[best]].min()
    missed = _("only {before:,}", before=before[best]) if before[best] else "none"
    warnings.warn(
        _(
            "Of {due:,} renewals due before {days}, {missed} failed; later {later:.1%} did. If the records "
            "lack subscriptions that ended before, churn is underrated: pass records_since='{told}', or the "
            "day since which they are complete.",
            due=due[best],
            days=days[best],
            missed=missed,
            later=later[best],
            told=told,
        ),
        DataWarning,
        stacklevel=4,
    )


def _evidence(before: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Log-likelihood ratio of fewer losses than expected, of Poisson counts."""
    return special.xlogy(before, before / np.maximum(expected, 1.0)) - before + expected
