"""A scorecard learned from past ratings and their outcomes."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.reading.files import read_table
from ltv_bayes.errors import ColumnError, JudgementError
from ltv_bayes.formulas.special import Array
from ltv_bayes.inference.methods import Method, fit_posterior
from ltv_bayes.judgement.scorecard.from_ratings import WEIGHTS
from ltv_bayes.judgement.scorecard.ratings import Scale, rating_columns, refuse_ratings, require_column
from ltv_bayes.language import _
from ltv_bayes.models import rated_outcomes
from ltv_bayes.predictions.fitted_scorecard import NAME, PARAMETERS, WEIGHT, FittedScorecard

FEWEST_CASES = 5


def fit_scorecard(
    history: Any,
    *,
    criteria: Sequence[str] = tuple(WEIGHTS),
    scale: Sequence[float] = (1, 5),
    won: str = "won",
    relative_amount: str = "relative_amount",
    method: Method = "auto",
    draws: int = 1000,
    tune: int | None = None,
    chains: int = 4,
    random_seed: int | None = None,
    progressbar: bool = True,
) -> FittedScorecard:
    """Which ratings predicted outcomes? Learn a scorecard's weights, chances and amounts from past cases.

    Parameters
    ----------
    history : DataFrame, or path of a CSV, Excel or Parquet file
        A row for each past case: a column of ratings for each criterion, as they were before the outcome was known
        (the mean of several raters; a blank counts as the middle of the scale), whether future value occurred within
        the time you plan for, and its amount.
    criteria : sequence of str
        Names of the columns of ratings.
    scale : (lowest, highest)
        Of the ratings.
    won : str
        Name of the column with 1 where future value occurred and 0 where not.
    relative_amount : str
        Name of the column with the amount over the customer's own deal size; blank where nothing occurred.
    method, draws, tune, chains, random_seed, progressbar
        As in `BGNBD.fit`.

    Returns
    -------
    FittedScorecard
        For ``scorecard(..., learned=)``.

    Raises
    ------
    ColumnError
        If a column is missing, or a criterion's name has a '/'.
    JudgementError
        If a rating is off the scale, an outcome is neither 0 nor 1, an amount contradicts it, or there are fewer than
        five cases. The message names the rows.

    Warns
    -----
    ConvergenceWarning
        If the draws cannot be trusted.

    Notes
    -----
    One score, a mean of the ratings with weights that are never below 0, explains both: log-odds that it occurs and
    logarithm of the amount rise with it along straight lines. `models.rated_outcomes.build` has the priors. Cases
    that were never rated are not in the history: if customers rated high got more attention, the scorecard learns that
    too.
    """
    raw, names, read = read_table(history), list(map(str, criteria)), Scale.read(scale)
    _refuse_names(names)
    levels = rating_columns(raw, names, read).fillna(0.5).to_numpy()
    outcome, amount = _outcomes(raw, won, relative_amount)
    tree = fit_posterior(
        rated_outcomes.build(levels, names, outcome, np.log(amount)),
        method=method,
        draws=draws,
        tune=tune,
        chains=chains,
        random_seed=random_seed,
        progressbar=progressbar,
    )
    kept = [*PARAMETERS, *(WEIGHT + name for name in names)]
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset()[kept])
    tree.attrs.update(model=NAME, customers=len(raw), scale=json.dumps([read.low, read.high]))
    return FittedScorecard(tree)


def _refuse_names(criteria: list[str]) -> None:
    """Refuse criteria that cannot name a variable of the fit."""
    wrong = [name for name in criteria if "/" in name]
    if wrong:
        raise ColumnError(
            _(
                "The criterion {wrong!r} cannot be learned under this name, since '/' parts the groups of a "
                "saved fit. Rename the column, as in history.rename(columns={{{wrong!r}: {wrong_2!r}}}).",
                wrong=wrong[0],
                wrong_2=wrong[0].replace("/", " or "),
            ),
            wrong,
        )


def _outcomes(raw: pd.DataFrame, won: str, relative_amount: str) -> tuple[Array, Array]:
    """Read outcomes, 1 or 0, and amounts, NaN where nothing occurred."""
    require_column(raw, won, _("Name it with won=."))
    require_column(raw, relative_amount, _("Name it with relative_amount=."))
    outcome = pd.to_numeric(raw[won], errors="coerce").astype(float)
    refuse_ratings(
        raw,
        ~outcome.isin([0, 1]),
        _("with neither 0 nor 1 in {won!r}", won=won),
        _("Write 1 where it occurred, else 0."),
    )
    amount = pd.to_numeric(raw[relative_amount], errors="coerce").astype(float)
    wrong = (outcome == 1) & ~((amount > 0) & np.isfinite(amount))
    refuse_ratings(
        raw,
        wrong,
        _("won without an amount above 0 in {relative_amount!r}", relative_amount=relative_amount),
        _("Fill in amount / own deal size."),
    )
    lost = (outcome == 0) & (amount.fillna(0) != 0)
    refuse_ratings(
        raw,
        lost,
        _("lost, but with an amount in {relative_amount!r}", relative_amount=relative_amount),
        _("Correct one of the two."),
    )
    if len(raw) < FEWEST_CASES:
        raise JudgementError(
            _(
                "There are {number} past cases, too few to learn from. Give at least {fewest_cases}, or state "
                "the scorecard: scorecard(..., weights=, probability=, multiplier=).",
                number=len(raw),
                fewest_cases=FEWEST_CASES,
            )
        )
    return outcome.to_numpy(), amount.where(outcome == 1).to_numpy()
