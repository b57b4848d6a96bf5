"""When judged opportunities may occur: between which days after the as-of date, and whether within the horizon."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ltv_bayes.errors import JudgementError
from ltv_bayes.judgement.form.cells import refuse
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.relations import are_opinions
from ltv_bayes.language import _
from ltv_bayes.predictions.visibility import VisibleShare
from ltv_bayes.terms import Terms


def days_until(table: pd.DataFrame, terms: Terms, column: str) -> pd.Series:
    """Days from the as-of date to the dates of a column; NaN where there is none.

    Raises
    ------
    JudgementError
        If there are dates but nothing to count from, or dates of the past.
    """
    dated = table[column].notna()
    if dated.any() and terms.as_of is None:
        raise JudgementError(
            _(
                "The judgements have dates (expected_on) but the customers have no as-of date to count from. "
                "Pass as_of= to Customers.from_summary."
            )
        )
    days = (table[column] - pd.Timestamp(terms.as_of or 0)).dt.days
    refuse(
        table,
        dated & (days < 0),
        _("expected before the as-of date {as_of}", as_of=terms.as_of),
        _("Give a later date, or leave out what has already occurred or been lost."),
    )
    return days.where(dated).astype(float)


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


def beyond_horizon(judged: FutureValuePriors, terms: Terms) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Opportunities expected after the horizon, and those with a window across it: what occurs later does not count."""
    table = judged.table[~are_opinions(judged.table)]
    first, last = windows(table, terms)
    horizon = terms.last_days()[-1]
    return table[first > horizon], table[(first <= horizon) & (last > horizon)]
