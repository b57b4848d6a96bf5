"""The money that adjusted judgements are expected to bring, before margin and discount."""

import numpy as np
import pandas as pd
from scipy import special

from ltv_bayes.formulas.elicit import amount_quantiles, mean_amount
from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.adjustments import Adjustments

FEW, MOST = 0.01, 0.5
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)


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
    columns = table[["probability", "family", "amount_1", "amount_2", "amount_3"]]
    for place, (probability, family, *amounts) in enumerate(columns.itertuples(index=False)):
        change = adjustments.of(place, adjustments.shape)
        chance = special.expit(change.intercept + change.slope * special.logit(probability))
        money = chance * np.exp(change.shift) * mean_when_spread(family, tuple(amounts), change.spread)
        few = np.sort(money)[-max(1, round(FEW * money.size)) :]
        found[place], unsure[place] = money.mean(), few.sum() > MOST * money.sum()
    return found, unsure


def mean_when_spread(family: str, amounts: tuple[float, ...], spread: Array) -> Array:
    """Mean of an amount whose levels, in standard normal units, are multiplied: one for each factor.

    Examples
    --------
    >>> mean_when_spread("log-normal", (100.0, 0.5, 0.5), np.array([0.0, 2.0])).round(2).tolist()
    [100.0, 164.87]
    """
    if family == "log-normal":
        median, below, above = amounts
        return mean_amount(median, below * spread, above * spread)
    levels = special.ndtr(np.multiply.outer(spread, NODES))
    return amount_quantiles(family, amounts, levels) @ WEIGHTS / WEIGHTS.sum()
