"""Columns of judgements that are not read, though some were perhaps meant to be."""

import difflib
import warnings
from collections.abc import Iterable, Mapping

import pandas as pd

from ltv_bayes.errors import DataWarning, counted, listed
from ltv_bayes.judgement.form.cells import blank

NEAR = 0.8
MOST_NAMED = 8
OUR_OWN = {"key", "chance_a", "chance_b", "amount_1", "amount_2", "amount_3", "median", "expected_value"}
OUR_OWN |= {"score", "raters", "unrated", "deal_size", "log_sd", "won", "amount"}
"""Columns of our own tables that say what follows from others."""


def warn_of_unread(raw: pd.DataFrame, found: Mapping[str, str], known: Iterable[str], *, named: bool) -> None:
    """Warn of headings that look like a misspelt column; of all that are not read, if columns were named by the user.

    Parameters
    ----------
    raw : pandas.DataFrame
        As it was read.
    found : mapping
        The user's own name of each column that is read, by ours.
    known : iterable of str
        Our names.
    named : bool
        Whether the user named the columns, so that none of the others is read by its own name.

    Warns
    -----
    DataWarning
        With the headings.
    """
    absent = [name for name in known if name not in found]
    unread = [heading for heading in map(str, raw.columns) if heading not in found.values() and _is_theirs(heading)]
    unread = [heading for heading in unread if not blank(raw[heading]).all()] if raw.columns.is_unique else unread
    meant = {heading: near[0] for heading in unread if (near := _near(heading, absent))}
    headings = unread if named else list(meant)
    if headings:
        shown = [f"{name!r}{f' (did you mean {meant[name]}?)' if name in meant else ''}" for name in headings]
        are = "is" if len(headings) == 1 else "are"
        warnings.warn(
            f"{counted(len(headings), 'column')} of the table {are} not read: {listed(shown, MOST_NAMED)}. Name what "
            f"they mean in columns=, as in columns={{'relation': 'your heading'}}, or leave them out of the table.",
            DataWarning,
            stacklevel=4,
        )


def _is_theirs(heading: str) -> bool:
    return heading not in OUR_OWN and not heading.startswith(("stated_", "Unnamed:"))


def _near(heading: str, absent: Iterable[str]) -> list[str]:
    plain = "_".join(heading.lower().split()).replace("-", "_")
    return difflib.get_close_matches(plain, list(absent), n=1, cutoff=NEAR)
