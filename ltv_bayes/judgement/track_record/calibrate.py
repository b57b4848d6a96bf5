"""From a record of closed judgements to a calibration."""

import json
from collections.abc import Mapping
from typing import Any

from ltv_bayes.formulas.beliefs.amount_families import LOG_NORMAL
from ltv_bayes.judgement.form.reading import Reading, as_interval
from ltv_bayes.judgement.track_record.calibration import Calibration
from ltv_bayes.judgement.track_record.history import (
    closed_by,
    closed_judgements,
    closed_until,
    numbered_opportunities,
    read_history,
)
from ltv_bayes.judgement.track_record.record import TrackRecord
from ltv_bayes.models.expert_biases import ExpertBiases
from ltv_bayes.time_units import as_date


def calibrate_judgements(
    history: Any,
    *,
    by: str = "expert",
    interval: float = 0.8,
    family: str = LOG_NORMAL,
    stages: Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
    amount_unit: float | str | None = None,
    decimal: str = ".",
    date_format: str | None = None,
    as_of: Any = None,
    sheet: str | int | None = None,
    priors: Mapping[str, Any] | None = None,
    draws: int = 1000,
    tune: int | None = None,
    chains: int = 4,
    random_seed: int | None = None,
    progressbar: bool = True,
    confirmed: bool = False,
    **sampler_settings: Any,
) -> Calibration:
    """How do outcomes compare with what experts state? Learn it from judgements with a known outcome.

    Each expert has a bias of chances (intercept and slope on the logistic scale), a bias of amounts and a factor by
    which intervals are too narrow. They are learned together: an expert with few cases is drawn towards the others. See
    `ExpertBiases` for the model and its priors.

    Parameters
    ----------
    history : DataFrame, or path of a CSV, Excel or Parquet file
        One row per closed judgement: the column ``by``; the chance and the amount as they were stated before the
        outcome was known, in any way that `FutureValuePriors.from_judgements` reads, such as probability, low and high;
        won (1 or 0, true or false, yes or no, 是 or 否); amount, blank where it was lost. Optionally closed_on, the
        day on which it was won or lost; customer_id and opportunity, which show what several experts judged together.
    by : str
        The column that names who judged: an expert, a team, a stage of the sale. For two of them together, put both
        into one column.
    interval : float
        Probability with which amounts were meant to lie between low and high, where a row does not state it.
    family, stages, amount_unit, decimal, date_format, sheet : optional
        As in `FutureValuePriors.from_judgements`.
    as_of : date, optional
        Learn from the judgements that were closed by this day alone, as a backtest must; each needs closed_on.
    columns : mapping, optional
        Your names of the columns, by ours: ``{"expert": "销售", "won": "成交", "amount": "成交金额"}``.
    priors : mapping, optional
        Priors by name in place of the usual ones; see `ExpertBiases`.
    draws, tune, chains, random_seed, progressbar
        As in `BGNBD.fit`.
    confirmed : bool
        Whether what looks like a slip is meant, as in `FutureValuePriors.from_judgements`.
    **sampler_settings
        For `pymc.sample`.

    Returns
    -------
    Calibration

    Notes
    -----
    What the same history teaches of open opportunities as signs of life, `learn_sign_strength` learns from it and the
    orders. Of a chance that is in doubt itself, as in 3 of 10, its mean counts. A gamma or PERT amount counts as the
    log-normal one with the same median and the same interval.

    Raises
    ------
    ColumnError
        If a column is missing.
    JudgementError
        If a judgement or its outcome contradicts itself, or one does not say when it was closed and ``as_of`` is
        given. The message names the rows.

    Warns
    -----
    ConvergenceWarning
        If the draws cannot be trusted.
    DataWarning
        If amounts won can hardly be counted in the unit of those stated, or a column that is not read was perhaps
        meant to be.

    Examples
    --------
    >>> import ltv_bayes as lb
    >>> judges = lb.samples.simulate_judges(40, random_seed=1)
    >>> calibration = lb.calibrate_judgements(judges.history, random_seed=1)  # doctest: +SKIP
    >>> calibration.recalibrate(judged)  # doctest: +SKIP
    """
    level = as_interval(interval, confirmed=confirmed)
    reading = Reading(level, family, stages, amount_unit, decimal, date_format, confirmed)
    closed = read_history(history, by, reading, columns=columns, sheet=sheet)
    if as_of is not None:
        closed = closed_by(closed, as_date(as_of))
    laid_out, settings = closed_judgements(closed, level), ExpertBiases(priors or {})
    tree = settings.fit(
        laid_out,
        draws=draws,
        tune=tune,
        chains=chains,
        random_seed=random_seed,
        progressbar=progressbar,
        **sampler_settings,
    )
    attrs = {"by": by, "interval": level, "settings": json.dumps(settings.settings())}
    attrs["closed_until"] = str(closed_until(closed) or "")
    return Calibration(TrackRecord.of(tree, laid_out, numbered_opportunities(closed), **attrs).idata)
