"""Where each judgement comes from, and what became of it: stated, recalibrated, by whom, when."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.errors import JudgementError
from ltv_bayes.formulas.beliefs.amount_families import amount_quantiles
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.form.sheets import as_stated
from ltv_bayes.judgement.valuing.adjustments import Adjustment
from ltv_bayes.judgement.valuing.expected import chance_in_draws

if TYPE_CHECKING:
    from ltv_bayes.judgement.future_value import FutureValuePriors

INTERVAL = 0.8
LEVELS = 100
DRAWS = 1000
WINDOW = ("expected_from", "expected_to")
STATED = ("probability", "low", "likely", "high")
STATED_OTHERWISE = ("cases", "of", "probability_low", "probability_high", "q25", "q50", "q75", "mean", "sd")
KEPT = ("expected_on", *WINDOW, "stated_on", "stage", "market", "relation")


def audit(judged: "FutureValuePriors", calibration: Any = None) -> pd.DataFrame:
    """Where each judgement comes from, and what became of it.

    Parameters
    ----------
    calibration : Calibration, optional
        What the experts' record teaches, if these judgements are not recalibrated yet.

    Returns
    -------
    pandas.DataFrame
        One row per opportunity: customer_id, opportunity, expert; stated_probability, stated_low, stated_likely,
        stated_high, and what else was stated, such as stated_cases or stated_q25; interval and family of the stated
        amount; probability (its mean), low, median and high (of the amount, its middle 80%) as they are used after
        recalibration; and the days and words that are known, such as expected_on, stated_on, relation.

    Raises
    ------
    JudgementError
        If a calibration is given for judgements that were recalibrated before.

    Examples
    --------
    >>> from ltv_bayes.judgement.future_value import FutureValuePriors
    >>> frame = pd.DataFrame({"customer_id": ["A"], "probability": [0.6], "low": [50.0], "high": [200.0]})
    >>> FutureValuePriors.from_judgements(frame).audit()[["stated_low", "low", "median", "high"]].round(6)
       stated_low   low  median   high
    0        50.0  50.0   100.0  200.0
    """
    if calibration is not None:
        if judged.adjustments is not None:
            raise JudgementError("These judgements are recalibrated already. Call audit() without a calibration.")
        judged = calibration.recalibrate(judged)
    said = judged.table
    used = [recalibrated(judged, position) for position in range(len(said))]
    columns = _stated(judged)
    columns |= dict(zip(("probability", "low", "median", "high"), np.transpose(used), strict=True))
    kept = {name: said[name] for name in KEPT if name in said and said[name].notna().any()}
    if all(said[end].equals(said["expected_on"]) for end in WINDOW):
        kept = {name: column for name, column in kept.items() if name not in WINDOW}
    return said[["customer_id", "opportunity", "expert"]].assign(**columns, **kept)


def _stated(judged: "FutureValuePriors") -> dict[str, pd.Series]:
    """What was said of chance and amount, whichever way, before recalibration."""
    form = as_stated(judged.table)
    chance = judged.table.get("stated_probability", judged.table["probability"])
    columns = {f"stated_{name}": form[name].astype(float) for name in STATED} | {"stated_probability": chance}
    columns |= {f"stated_{name}": form[name] for name in STATED_OTHERWISE if form[name].notna().any()}
    return columns | {name: judged.table[name] for name in ("interval", "family") if name in judged.table}


def amounts_used(judged: "FutureValuePriors", levels: Array) -> Array:
    """Quantiles of each judgement's amount as it is used, adjustments in it: shape (judgements, levels)."""
    return np.array([_amounts(judged, position, levels) for position in range(len(judged))])


def recalibrated(judged: "FutureValuePriors", position: int) -> tuple[float, ...]:
    """Mean chance, and lower end, median and upper end of the interval of the amount."""
    low, median, high = _amounts(judged, position, np.array([(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2]))
    return _chance(judged, position), low, median, high


def _chance(judged: "FutureValuePriors", position: int) -> float:
    row = judged.table.iloc[position]
    if judged.adjustments is None:
        return float(row["probability"])
    return float(chance_in_draws(row, judged.adjustments.of(position, judged.adjustments.shape)).mean())


def _amounts(judged: "FutureValuePriors", position: int, levels: Array) -> Array:
    row = judged.table.iloc[position]
    parameters = (row["amount_1"], row["amount_2"], row["amount_3"])
    change = _where_it_comes(judged, position)
    if change is None:
        return amount_quantiles(row["family"], parameters, levels)
    amounts = change.for_levels().amount(row["family"], parameters, special.ndtri(_levels(change.spread.size)))
    return np.quantile(amounts, levels, method="hazen")


def _levels(rows: int) -> Array:
    """Levels between 0 and 1, shape (rows, levels); those of all rows together are evenly spaced."""
    return (np.arange(LEVELS) + (np.arange(rows)[:, np.newaxis] + 0.5) / rows) / LEVELS


def _where_it_comes(judged: "FutureValuePriors", position: int) -> Adjustment | None:
    """How a judgement is changed in draws in which it comes, so many that quantiles hold."""
    if judged.adjustments is None:
        return None
    change = judged.adjustments.of(position, judged.adjustments.shape)
    chances = chance_in_draws(judged.table.iloc[position], change)
    return change.where_it_comes(chances, min(change.shift.size, DRAWS))
