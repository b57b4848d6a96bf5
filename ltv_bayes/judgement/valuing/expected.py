"""The money that adjusted judgements are expected to bring, before margin and discount."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.formulas.beliefs.amount_families import LOG_NORMAL, amount_mean, amounts_at
from ltv_bayes.formulas.beliefs.correlated_experts import log_normal_moments
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.valuing.adjustments import Adjustment, Adjustments

FEW, MOST = 0.01, 0.5
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
CHANCE_LEVELS = (np.arange(100) + 0.5) / 100


def expected_money(table: pd.DataFrame, adjustments: Adjustments) -> tuple[Array, np.ndarray]:
    """Mean over the draws of chance times mean amount, for each judgement.

    Parameters
    ----------
    table : pandas.DataFrame
        `FutureValuePriors.table`.
    adjustments : Adjustments
        How its judgements change.

    Returns
    -------
    array of shape (judgements,)
    array of bool, of shape (judgements,)
        Whether more than half of it comes from one draw in a hundred.
    """
    found, unsure = np.empty(len(table)), np.zeros(len(table), dtype=bool)
    for place, row in enumerate(table.to_dict("records")):
        change = adjustments.of(place, adjustments.shape)
        amounts = (row["amount_1"], row["amount_2"], row["amount_3"])
        mean = mean_when_spread(row["family"], amounts, change.spread)
        money = chance_in_draws(row, change) * np.exp(change.shift) * mean
        few = np.sort(money)[-max(1, round(FEW * money.size)) :]
        found[place], unsure[place] = money.mean(), few.sum() > MOST * money.sum()
    return found, unsure


def chance_in_draws(row: Mapping[Any, Any], change: Adjustment) -> Array:
    """Chance that it comes, of shape (draws,): the mean over what it may be where it is in doubt."""
    if np.isnan(row["chance_a"]):
        return change.chance(row["probability"])
    chances = special.betaincinv(row["chance_a"], row["chance_b"], CHANCE_LEVELS)
    return change.for_levels().chance(chances).mean(axis=1)


def mean_when_spread(family: str, amounts: tuple[float, ...], spread: Array) -> Array:
    """Mean of an amount whose levels, in standard normal units, are multiplied: one for each factor.

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
    """Mean and sd of the logarithm of an amount whose levels are multiplied likewise: one for each factor.

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
