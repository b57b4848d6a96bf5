"""The expected money of judgements, before margin and discount."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ltv_bayes.formulas.beliefs.amount_families import LOG_NORMAL, amount_mean, amount_quantiles, amounts_at
from ltv_bayes.formulas.beliefs.correlated_experts import log_normal_moments
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.form.layout import PARAMETERS
from ltv_bayes.judgement.valuing.adjustments import Adjustment, Adjustments

FEW, MOST = 0.01, 0.5
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
CHANCE_LEVELS = (np.arange(100) + 0.5) / 100


def stated_quantiles(table: pd.DataFrame, level: ArrayLike) -> pd.Series:
    """Amounts at a level of each opportunity's stated distribution, if it occurs; one level, or one for each."""
    levels = np.broadcast_to(np.asarray(level, dtype=float), len(table))
    amounts = np.empty(len(table))
    for family in table["family"].unique():
        rows = (table["family"] == family).to_numpy()
        first, second, third = (table[name].to_numpy()[rows] for name in PARAMETERS)
        amounts[rows] = amount_quantiles(family, (first, second, third), levels[rows])
    return pd.Series(amounts, table.index)


def expected_money(table: pd.DataFrame, adjustments: Adjustments | None) -> tuple[Array, np.ndarray]:
    """Mean over the draws of chance times mean amount, for each judgement.

    Parameters
    ----------
    table : pandas.DataFrame
        `FutureValuePriors.table`.
    adjustments : Adjustments or None
        How its judgements change.

    Returns
    -------
    array of shape (judgements,)
    array of bool, of shape (judgements,)
        Whether more than half of it depends on one draw in a hundred.
    """
    unsure = np.zeros(len(table), dtype=bool)
    if adjustments is None:
        return (table["probability"] * table["mean"]).to_numpy(dtype=float), unsure
    found = np.empty(len(table))
    for place, row in enumerate(table.to_dict("records")):
        change = adjustments.of(place)
        mean = mean_when_spread(row["family"], amounts_of(row), change.spread)
        money = chance_in_draws(row, change) * np.exp(change.shift) * mean
        few = np.sort(money)[-max(1, round(FEW * money.size)) :]
        found[place], unsure[place] = money.mean(), few.sum() > MOST * money.sum()
    return found, unsure


def amounts_of(row: Mapping[Any, Any]) -> tuple[float, ...]:
    """Parameters of the amount's distribution, from a row of `FutureValuePriors.table`."""
    return tuple(float(row[name]) for name in PARAMETERS)


def chance_in_draws(row: Mapping[Any, Any], change: Adjustment) -> Array:
    """Chance that it occurs, of shape (draws,): the mean over what it may be where it is in doubt."""
    if np.isnan(row["chance_a"]):
        return change.chance(row["probability"])
    chances = special.betaincinv(row["chance_a"], row["chance_b"], CHANCE_LEVELS)
    return change.for_levels().chance(chances).mean(axis=1)


def mean_when_spread(family: str, amounts: tuple[float, ...], spread: Array) -> Array:
    """Mean of an amount with its levels, in standard normal units, multiplied: one for each factor.

    Examples
    --------
    >>> mean_when_spread("log-normal", (100.0, 0.5, 0.5), np.array([0.0, 2.0])).round(2).tolist()
    [100.0, 164.87]
    """
    if family == LOG_NORMAL:
        median, below, above = amounts
        return amount_mean(family, (median, below * spread, above * spread))
    return amounts_at(family, amounts, np.multiply.outer(spread, NODES)) @ WEIGHTS


def log_moments(family: str, amounts: tuple[float, ...], spread: Array) -> tuple[Array, Array]:
    """Mean and sd of the logarithm of an amount with its levels multiplied likewise: one for each factor.

    Examples
    --------
    >>> mean, sd = log_moments("gamma", (4.0, 0.04, np.nan), np.ones(1))
    >>> bool(np.isclose(mean[0], special.psi(4.0) - np.log(0.04), atol=1e-4)), sd.round(3).tolist()
    (True, [0.533])
    """
    if family == LOG_NORMAL:
        median, below, above = amounts
        return log_normal_moments(median, below * spread, above * spread)
    logs = np.log(amounts_at(family, amounts, np.multiply.outer(spread, NODES)))
    mean = logs @ WEIGHTS
    return mean, np.sqrt((logs - mean[:, np.newaxis]) ** 2 @ WEIGHTS)
