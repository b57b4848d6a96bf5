"""What came of closed judgements, beside what was stated and what recalibration makes of it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.errors import InputError, suggestion
from ltv_bayes.formulas.beliefs.closed_judgements import within_certain
from ltv_bayes.formulas.beliefs.correlated_experts import correlation_posterior
from ltv_bayes.formulas.special import Array
from ltv_bayes.intervals import flagged, interval_settings
from ltv_bayes.judgement.track_record.table_cells import LEVELS, mean_cells, median_cells, share_cells
from ltv_bayes.judgement.valuing.adjustments import Adjustment

if TYPE_CHECKING:
    from ltv_bayes.judgement.track_record.calibration import Calibration

EVERYBODY = "(all)"


def curve(
    calibration: "Calibration",
    who: str | None = None,
    *,
    bins: int = 5,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
) -> pd.DataFrame:
    """Compare stated chances with the share that came, and with what recalibration makes of them.

    Parameters
    ----------
    who : str, optional
        One of those who judged; all of them where not given.
    bins : int
        Stretches of equal length into which stated chances are sorted.

    Returns
    -------
    pandas.DataFrame
        One row per stretch with a case. cases; said: mean stated chance; came: share that came, with the interval
        that so few cases leave (Jeffreys); recalibrated: mean chance after recalibration, with its interval.
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    if not (isinstance(bins, int) and bins >= 1):
        raise InputError(f"bins must be a whole number of at least 1, not {bins!r}.")
    record, chosen = calibration.record, _cases_of(calibration, who)
    stretch = np.minimum((record.probability * bins).astype(int), bins - 1)
    rows = {}
    for number in np.unique(stretch[chosen]):
        at = chosen & (stretch == number)
        drawn = [
            _recalibrated(change, record.probability[cases]).sum(axis=0) for change, cases in _parts(calibration, at)
        ]
        rows[f"{number / bins:.0%} to {(number + 1) / bins:.0%}"] = (
            {"cases": int(at.sum()), "said": record.probability[at].mean()}
            | share_cells("came", record.won[at], prob, kind)
            | median_cells("recalibrated", np.sum(drawn, axis=0) / at.sum(), prob, kind)
        )
    return flagged(pd.DataFrame.from_dict(rows, orient="index").rename_axis("stated"), calibration.caution)


def hit_rate(calibration: "Calibration", *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.DataFrame:
    """Count how often amounts that came lay within their interval, as stated and as recalibrated.

    A case's recalibrated interval is learned from the other cases: its own is taken out of the posterior by
    importance weights (Ionides 2008, Truncated importance sampling, JCGS 17).

    Returns
    -------
    pandas.DataFrame
        One row each, and one for all. should: the interval's probability; won: cases with an amount; stated and
        recalibrated: share of hits, with the interval that so few cases leave (Jeffreys).
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    edge = (1 - calibration.interval) / 2
    hits = {name: (edge <= level) & (level <= 1 - edge) for name, level in levels_of_amounts(calibration).items()}
    rows = {}
    for name in (*calibration.names, EVERYBODY):
        at = _cases_of(calibration, None if name == EVERYBODY else name)[calibration.record.won]
        rows[name] = {"won": int(at.sum()), "should": calibration.interval}
        for source, hit in hits.items():
            rows[name] |= share_cells(source, hit[at], prob, kind)
    return flagged(pd.DataFrame.from_dict(rows, orient="index").rename_axis(calibration.by), calibration.caution)


def correlation(calibration: "Calibration", *, ci_prob: float | None = None, ci_kind: str | None = None) -> pd.Series:
    """How far do errors about one amount go together? From opportunities that several of them judged.

    Errors are those that are left after recalibration by the posterior's mean; the correlation is the same for each
    pair, and any from 0 to 1 is as likely before.

    Returns
    -------
    pandas.Series
        opportunities that count; correlation: posterior mean, with its interval.

    Raises
    ------
    InputError
        If no opportunity that came was judged by several of them.
    """
    prob, kind = interval_settings(ci_prob, ci_kind)
    groups = _errors_together(calibration)
    if not groups:
        raise InputError(
            "No opportunity that came was judged by several experts, so their correlation cannot be learned. Name "
            "opportunities in the history (columns customer_id, opportunity), or give correlation= as a number."
        )
    grid, weights = correlation_posterior(groups)
    drawn = np.interp(LEVELS, np.cumsum(weights), grid)
    return pd.Series({"opportunities": len(groups)} | mean_cells("correlation", drawn, prob, kind))


def _recalibrated(change: Adjustment, probability: Array) -> Array:
    """Chances after recalibration, of shape (cases, draws)."""
    return change.chance(within_certain(probability)[:, np.newaxis])


def _cases_of(calibration: "Calibration", who: str | None) -> np.ndarray:
    if who is None:
        return np.ones(calibration.record.who.size, dtype=bool)
    if who not in calibration.places:
        raise InputError(f"There is no closed judgement of {who!r}. {suggestion(str(who), calibration.names)}")
    return calibration.record.who == calibration.places[who]


def _parts(calibration: "Calibration", at: np.ndarray) -> Iterator[tuple[Adjustment, np.ndarray]]:
    """Sort the chosen cases by who judged them, with what happens to those."""
    for name, place in calibration.places.items():
        cases = np.flatnonzero(at & (calibration.record.who == place))
        if cases.size:
            yield calibration.change(name), cases


def levels_of_amounts(calibration: "Calibration") -> Mapping[str, Array]:
    """Where each amount that came lay in its distribution, as stated and as recalibrated: 0 to 1."""
    record = calibration.record
    side = np.where(record.log_error < 0, record.below, record.above)
    recalibrated = np.empty(record.who.size)
    for change, cases in _parts(calibration, record.won):
        for case in cases:
            stated = record.log_error[case], record.below[case], record.above[case]
            recalibrated[case] = _level_without(change, *stated)
    found = {"stated": special.ndtr(record.log_error / side), "recalibrated": recalibrated}
    return {source: each[record.won] for source, each in found.items()}


def _level_without(change: Adjustment, error: float, below: float, above: float) -> float:
    """Where an amount lies in the distribution that the other cases make, 0 to 1."""
    sd = change.spread * np.where(error < change.shift, below, above)
    z = (error - change.shift) / sd
    weights = sd * np.exp(z**2 / 2 - np.min(z**2 / 2))
    weights = np.minimum(weights, weights.mean() * np.sqrt(weights.size))
    return float(weights @ special.ndtr(z) / weights.sum())


def _errors_together(calibration: "Calibration") -> list[Array]:
    """Standardised errors of amounts that came, of each opportunity that several judged."""
    record, opportunity = calibration.record, calibration.idata["record"]["opportunity"].to_numpy()
    shift, log_spread = np.zeros(len(calibration.names)), np.zeros(len(calibration.names))
    for name, place in calibration.places.items():
        change = calibration.change(name)
        shift[place], log_spread[place] = change.shift.mean(), np.log(change.spread).mean()
    error = record.log_error - shift[record.who]
    error = error / (np.where(error < 0, record.below, record.above) * np.exp(log_spread[record.who]))
    at = record.won & (opportunity >= 0)
    grouped = pd.Series(error[at]).groupby(opportunity[at])
    return [one.to_numpy() for _, one in grouped if len(one) > 1]
