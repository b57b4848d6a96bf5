"""Each judged opportunity by itself: its beliefs, in words, and beside what was said."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ltv_bayes.formulas.beliefs.log_normal_mixture import LogNormalMixture
from ltv_bayes.judgement.beliefs.opportunity import Opportunity
from ltv_bayes.judgement.form.amounts import PARAMETERS
from ltv_bayes.judgement.valuing.expected import chance_in_draws, log_moments
from ltv_bayes.judgement.valuing.provenance import recalibrated

if TYPE_CHECKING:
    from ltv_bayes.judgement.future_value import FutureValuePriors


def opportunities(judged: "FutureValuePriors") -> list[Opportunity]:
    """Each opportunity by itself, with its beliefs, in the order of the table.

    Beliefs are as they were stated; of pooled judgements, which nobody stated so, as they are drawn.
    """
    mixed, rows = judged.are_mixed, judged.table.to_dict("records")
    return [
        Opportunity.of(row, _mixture(judged, place, row) if mixed[place] else None, _recalibrated(judged, place, row))
        for place, row in enumerate(rows)
    ]


def in_words(judged: "FutureValuePriors", currency: str | None = None) -> pd.Series:
    """Feed each judgement back in plain words, for whoever stated it to agree or not.

    Examples
    --------
    >>> from ltv_bayes.judgement.future_value import FutureValuePriors
    >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": ["3 of 10"], "low": [50e3], "high": [200e3]})
    >>> print(FutureValuePriors.from_judgements(frame).in_words().item())
    you say: 3 of 10 such come; the chance is 32%, with 80% between 15% and 50%
    if it comes: one chance in ten above 200k, one in ten below 50k, as likely above 100k as below; 116k on average
    when: on a day that nobody knows yet, within the horizon
    """
    words = ["\n".join(opportunity.sentences(currency)) for opportunity in judged.opportunities()]
    names = [judged.table["customer_id"], judged.table["opportunity"]]
    return pd.Series(words, pd.MultiIndex.from_arrays(names), name="in_words", dtype=object)


def fit_table(judged: "FutureValuePriors") -> pd.DataFrame:
    """What was said of each amount beside what its distribution has there; see `AmountBelief.fit_table`."""
    tables = {
        (opportunity.customer_id, opportunity.name): opportunity.amount.fit_table().assign(
            family=opportunity.amount.family
        )
        for opportunity in judged.opportunities()
    }
    return pd.concat(tables, names=["customer_id", "opportunity"])


def _mixture(judged: "FutureValuePriors", position: int, row: Mapping[Any, Any]) -> LogNormalMixture:
    """The amount of a pooled judgement if it comes: of each draw, as often as it comes there."""
    assert judged.adjustments is not None
    change = judged.adjustments.of(position, judged.adjustments.shape)
    location, sd = log_moments(row["family"], tuple(row[name] for name in PARAMETERS), change.spread)
    return LogNormalMixture(change.shift + location, sd, chance_in_draws(row, change))


def _recalibrated(judged: "FutureValuePriors", position: int, row: Mapping[Any, Any]) -> tuple[float, ...] | None:
    """Mean chance and quantiles of the amount that are used, if they are not as stated."""
    if judged.adjustments is None or pd.isna(row.get("stated_probability", np.nan)):
        return None
    return recalibrated(judged, position)
