"""Proper scores of the experts' judgements, as they were stated."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.formulas.beliefs.closed_judgements import brier, log_amount_crps, mean_score_draws
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import flagged
from ltv_bayes.judgement.track_record.outcomes import mean_cells
from ltv_bayes.judgement.track_record.record import TrackRecord

LOWEST_SCORE = 1e-3

Measure = Literal["chances", "amounts"]
MEASURES = ("chances", "amounts")


def rank_table(record: TrackRecord, measure: Measure, prob: float, kind: str) -> pd.DataFrame:
    """The experts by their scores, see `Calibration.rank`."""
    cases, drawn = score_draws(record, measure)
    best = np.bincount(drawn.argmin(axis=0), minlength=len(cases)) / drawn.shape[1]
    rows = [{"cases": number} | mean_cells("score", one, prob, kind) for number, one in zip(cases, drawn, strict=True)]
    table = pd.DataFrame(rows, index=pd.Index(record.names, name=record.by)).assign(probability_best=best)
    return flagged(table.sort_values("score", kind="stable"), record.caution)


def weights_by_score(record: TrackRecord, names: Iterable[str]) -> dict[str, float]:
    """Weigh some experts by their record: 1 / Brier score; without a record, by the mean score of all cases."""
    _, drawn = score_draws(record, "chances")
    overall = float(np.mean(brier(record.closed.probability, record.closed.won.astype(float))))
    scores = {name: float(drawn[record.places[name]].mean()) if name in record.places else overall for name in names}
    return {name: 1 / max(score, LOWEST_SCORE) for name, score in scores.items()}


def score_draws(record: TrackRecord, measure: Measure) -> tuple[IntArray, Array]:
    """Mean score of each expert in the long run: number of cases, and draws of shape (names, draws)."""
    if measure not in MEASURES:
        raise InputError(f"measure {measure!r} is unknown. {suggestion(str(measure), MEASURES)}")
    closed = record.closed
    if measure == "chances":
        who, scores = closed.who, brier(closed.probability, closed.won.astype(float))
    else:
        won = closed.won
        who, scores = closed.who[won], log_amount_crps(closed.log_error[won], closed.below[won], closed.above[won])
    if not scores.size:
        raise InputError("No judged opportunity was won, so amounts cannot be ranked. Rank by 'chances'.")
    rng = record.random("scores", measure)
    places, size = range(len(record.names)), record.size
    drawn = np.stack([mean_score_draws(scores[who == place], scores, size, rng) for place in places])
    return np.bincount(who, minlength=len(record.names)), drawn
