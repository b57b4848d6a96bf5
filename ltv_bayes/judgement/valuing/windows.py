"""When judged opportunities may come: between which days after the as-of date, and whether within the horizon."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ltv_bayes.judgement.valuing.draws import days_until
from ltv_bayes.predictions.visibility import VisibleShare
from ltv_bayes.terms import Terms

if TYPE_CHECKING:
    from ltv_bayes.judgement.future_value import FutureValuePriors


def windows(table: pd.DataFrame, terms: Terms) -> tuple[pd.Series, pd.Series]:
    """First and last day of each opportunity, after the as-of date; a window that has begun begins on it.

    Raises
    ------
    JudgementError
        If an expected date lies before the as-of date.
    """
    if terms.as_of is not None:
        today = pd.Timestamp(terms.as_of)
        begun = (table["expected_from"] < today) & (table["expected_to"] >= today)
        table = table.assign(expected_from=table["expected_from"].mask(begun, today))
    return days_until(table, terms, "expected_from"), days_until(table, terms, "expected_to")


def last_day_shown(visible: VisibleShare, terms: Terms) -> float:
    """How many whole days after the as-of date the pipeline shows purchases: by the calendar or by rates, the later."""
    return max(float(np.ceil(visible.within.days)), float(replace(terms, horizons=(visible.within,)).last_days()[-1]))


def outside_horizon(judged: "FutureValuePriors", terms: Terms) -> pd.DataFrame:
    """Opportunities expected after the horizon, which do not count."""
    begins, _ = windows(judged.table, terms)
    return judged.table[(begins > terms.last_days()[-1]).to_numpy() & ~judged.are_opinions]


def across_horizon(judged: "FutureValuePriors", terms: Terms) -> pd.DataFrame:
    """Opportunities whose window begins within the horizon and ends after it: what comes late does not count."""
    first, last = windows(judged.table, terms)
    horizon = terms.last_days()[-1]
    return judged.table[((first <= horizon) & (last > horizon)).to_numpy() & ~judged.are_opinions]
