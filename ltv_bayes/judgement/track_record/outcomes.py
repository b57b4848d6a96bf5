"""Tables of closed judgements: their outcomes beside what was stated, and proper scores of the experts."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.formulas.beliefs.closed_judgements import brier, log_amount_crps, mean_score_draws, within_certain
from ltv_bayes.formulas.beliefs.correlated_experts import correlation_posterior
from ltv_bayes.formulas.special import Array, IntArray
from ltv_bayes.intervals import bounds, flagged, mean_cells, median_cells
from ltv_bayes.judgement.track_record.record import TrackRecord
from ltv_bayes.judgement.valuing.adjustments import Adjustment
from ltv_bayes.language import _

ALL, NO_RECORD = "(all)", "(no record)"
NEWCOMER = "(anybody else)"
"""Names the random numbers of an expert without a record; another name would give other draws."""
LEVELS = (np.arange(2000) + 0.5) / 2000
LOWEST_SCORE = 1e-3

Measure = Literal["chances", "amounts"]
MEASURES = ("chances", "amounts")


def bias_table(record: TrackRecord, stated: float, prob: float, kind: str) -> pd.DataFrame:
    """What the record teaches of each expert, see `Calibration.summary`."""
    closed, rows = record.closed, []
    cases, won = (np.bincount(closed.who[at], minlength=len(record.names)) for at in (closed.won >= 0, closed.won))
    for name, number, occurred in [*zip(record.names, cases, won, strict=True), (NEWCOMER, 0, 0)]:
        change = record.change(name)
        rows.append(
            {"cases": number, "won": occurred, "stated": stated}
            | median_cells("occurs", change.chance(within_certain(stated)), prob, kind)
            | median_cells("amount_factor", np.exp(change.shift), prob, kind)
            | median_cells("spread_factor", change.spread, prob, kind)
        )
    table = pd.DataFrame(rows, index=pd.Index([*record.names, NO_RECORD], name=record.by))
    return flagged(table, record.caution)


def curve_table(record: TrackRecord, who: str | None, bins: int, prob: float, kind: str) -> pd.DataFrame:
    """Stated chances beside the share that occurred, see `Calibration.curve`."""
    if not (isinstance(bins, int) and bins >= 1):
        raise InputError(_("bins must be a whole number of at least 1, not {bins!r}.", bins=bins))
    closed, chosen = record.closed, _cases_of(record, who)
    place = np.minimum((closed.probability * bins).astype(int), bins - 1)
    rows = {}
    for number in np.unique(place[chosen]):
        at = chosen & (place == number)
        drawn = [_recalibrated(change, closed.probability[cases]).sum(axis=0) for change, cases in _parts(record, at)]
        rows[f"{number / bins:.0%} to {(number + 1) / bins:.0%}"] = (
            {"cases": int(at.sum()), "stated": closed.probability[at].mean()}
            | share_cells("occurred", closed.won[at], prob, kind)
            | median_cells("recalibrated", np.sum(drawn, axis=0) / at.sum(), prob, kind)
        )
    return flagged(pd.DataFrame.from_dict(rows, orient="index").rename_axis("chances"), record.caution)


def hit_table(record: TrackRecord, prob: float, kind: str) -> pd.DataFrame:
    """How often amounts lay within their interval, see `Calibration.hit_rate`."""
    edge = (1 - record.interval) / 2
    hits = {name: (edge <= level) & (level <= 1 - edge) for name, level in levels_of_amounts(record).items()}
    rows = {}
    for name in (*record.names, ALL):
        at = _cases_of(record, None if name == ALL else name)[record.closed.won]
        rows[name] = {"won": int(at.sum()), "should": record.interval}
        for source, hit in hits.items():
            rows[name] |= share_cells(source, hit[at], prob, kind)
    return flagged(pd.DataFrame.from_dict(rows, orient="index").rename_axis(record.by), record.caution)


def learned_correlation(record: TrackRecord, prob: float, kind: str) -> pd.Series:
    """Correlation of errors about one amount, see `Calibration.correlation`."""
    groups = _errors_together(record)
    if not groups:
        raise InputError(
            _(
                "No opportunity that was won was judged by several experts, so their correlation cannot be "
                "learned. Name opportunities in the history (columns customer_id, opportunity), or give "
                "correlation= as a number."
            )
        )
    grid, weights = correlation_posterior(groups)
    drawn = np.interp(LEVELS, np.cumsum(weights), grid)
    return pd.Series({"opportunities": len(groups)} | mean_cells("correlation", drawn, prob, kind))


def _recalibrated(change: Adjustment, probability: Array) -> Array:
    """Chances after recalibration, of shape (cases, draws)."""
    return change.chance(within_certain(probability)[:, np.newaxis])


def _cases_of(record: TrackRecord, who: str | None) -> np.ndarray:
    if who is None:
        return np.ones(record.closed.who.size, dtype=bool)
    if who not in record.places:
        raise InputError(
            _(
                "There is no closed judgement of {who!r}. {suggestion}",
                who=who,
                suggestion=suggestion(str(who), record.names),
            )
        )
    return record.closed.who == record.places[who]


def _parts(record: TrackRecord, at: np.ndarray) -> Iterator[tuple[Adjustment, np.ndarray]]:
    """Sort the chosen cases by expert, with the change of each."""
    for name, place in record.places.items():
        cases = np.flatnonzero(at & (record.closed.who == place))
        if cases.size:
            yield record.change(name), cases


def levels_of_amounts(record: TrackRecord) -> Mapping[str, Array]:
    """Where each amount won lay in its distribution, as stated and as recalibrated: 0 to 1."""
    closed = record.closed
    side = np.where(closed.log_error < 0, closed.below, closed.above)
    recalibrated = np.empty(closed.who.size)
    for change, cases in _parts(record, closed.won):
        for case in cases:
            stated = closed.log_error[case], closed.below[case], closed.above[case]
            recalibrated[case] = _level_without(change, *stated)
    found = {"stated": special.ndtr(closed.log_error / side), "recalibrated": recalibrated}
    return {source: each[closed.won] for source, each in found.items()}


def _level_without(change: Adjustment, error: float, below: float, above: float) -> float:
    """Where an amount lies in the distribution that the other cases make, 0 to 1."""
    sd = change.spread * np.where(error < change.shift, below, above)
    z = (error - change.shift) / sd
    weights = sd * np.exp(z**2 / 2 - np.min(z**2 / 2))
    weights = np.minimum(weights, weights.mean() * np.sqrt(weights.size))
    return float(weights @ special.ndtr(z) / weights.sum())


def _errors_together(record: TrackRecord) -> list[Array]:
    """Standardised errors of amounts won, of each opportunity that several judged."""
    closed, opportunity = record.closed, record.idata["record"]["opportunity"].to_numpy()
    shift, log_spread = np.zeros(len(record.names)), np.zeros(len(record.names))
    for name, place in record.places.items():
        change = record.change(name)
        shift[place], log_spread[place] = change.shift.mean(), np.log(change.spread).mean()
    error = closed.log_error - shift[closed.who]
    error = error / (np.where(error < 0, closed.below, closed.above) * np.exp(log_spread[closed.who]))
    at = closed.won & (opportunity >= 0)
    grouped = pd.Series(error[at]).groupby(opportunity[at])
    return [one.to_numpy() for _, one in grouped if len(one) > 1]


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
        raise InputError(
            _(
                "measure {measure!r} is unknown. {suggestion}",
                measure=measure,
                suggestion=suggestion(str(measure), MEASURES),
            )
        )
    closed = record.closed
    if measure == "chances":
        who, scores = closed.who, brier(closed.probability, closed.won.astype(float))
    else:
        won = closed.won
        who, scores = closed.who[won], log_amount_crps(closed.log_error[won], closed.below[won], closed.above[won])
    if not scores.size:
        raise InputError(_("No judged opportunity was won, so amounts cannot be ranked. Rank by 'chances'."))
    rng = record.random("scores", measure)
    places, size = range(len(record.names)), record.size
    drawn = np.stack([mean_score_draws(scores[who == place], scores, size, rng) for place in places])
    return np.bincount(who, minlength=len(record.names)), drawn


def share_cells(name: str, hits: np.ndarray, prob: float, kind: str) -> dict[str, float]:
    """A share of cases, with the interval of its posterior under Jeffreys' prior; nothing of no cases."""
    count, number = int(hits.sum()), hits.size
    drawn = special.betaincinv(count + 0.5, number - count + 0.5, LEVELS)
    return {name: count / number if number else np.nan} | bounds(name, drawn, prob, kind)
