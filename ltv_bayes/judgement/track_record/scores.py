"""How good the statements of those who judged were, as they were stated."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.formulas.beliefs.scores import brier, log_amount_crps, mean_score_draws
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import flagged, interval_settings
from ltv_bayes.judgement.track_record.table_cells import mean_cells
from ltv_bayes.random_streams import customer_stream

if TYPE_CHECKING:
    from ltv_bayes.judgement.track_record.calibration import Calibration

LOWEST_SCORE = 1e-3

Measure = Literal["chances", "amounts"]
MEASURES = ("chances", "amounts")


def rank(
    calibration: "Calibration",
    measure: Measure = "chances",
    *,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
) -> pd.DataFrame:
    """Rank those who judged by how good their statements were, as they were stated.

    Parameters
    ----------
    measure : {"chances", "amounts"}
        The Brier score of stated chances, or the continuous ranked probability score (CRPS) of stated amounts on
        the scale of logarithms. Both are proper: nobody gains by stating something else than they believe. The
        lower the better.

    Returns
    -------
    pandas.DataFrame
        The best first. cases that count; score: mean in the long run, with its interval; probability_best.
        Everybody's scores count as two more cases of each.
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    cases, drawn = calibration.score_draws(measure)
    best = np.bincount(drawn.argmin(axis=0), minlength=len(cases)) / drawn.shape[1]
    rows = [{"cases": number} | mean_cells("score", one, prob, kind) for number, one in zip(cases, drawn, strict=True)]
    table = pd.DataFrame(rows, index=pd.Index(calibration.names, name=calibration.by)).assign(probability_best=best)
    return flagged(table.sort_values("score", kind="stable"), calibration.caution)


def weights(calibration: "Calibration", names: Iterable[str]) -> dict[str, float]:
    """Weigh some experts by their record: 1 / Brier score, everybody's for whoever has none."""
    _, drawn = calibration.score_draws("chances")
    everybody = float(np.mean(brier(calibration.record.probability, calibration.record.won.astype(float))))
    scores = {
        name: float(drawn[calibration.places[name]].mean()) if name in calibration.places else everybody
        for name in names
    }
    return {name: 1 / max(score, LOWEST_SCORE) for name, score in scores.items()}


def score_draws(calibration: "Calibration", measure: Measure = "chances") -> tuple[IntArray, Array]:
    """What each one's mean score may be: number of cases, and draws of shape (names, draws)."""
    if measure not in MEASURES:
        raise InputError(f"measure {measure!r} is unknown. {suggestion(str(measure), MEASURES)}")
    record = calibration.record
    if measure == "chances":
        who, scores = record.who, brier(record.probability, record.won.astype(float))
    else:
        won = record.won
        who, scores = record.who[won], log_amount_crps(record.log_error[won], record.below[won], record.above[won])
    if not scores.size:
        raise InputError("Nothing came of any judgement, so amounts cannot be ranked. Rank by 'chances'.")
    rng = customer_stream(int(calibration.idata.attrs["random_seed"]), "scores", measure)
    places, size = range(len(calibration.names)), calibration.shape[0] * calibration.shape[1]
    drawn = np.stack([mean_score_draws(scores[who == place], scores, size, rng) for place in places])
    return np.bincount(who, minlength=len(calibration.names)), drawn
