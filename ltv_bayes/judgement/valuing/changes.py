"""Judgements changed to see what depends on them; their draws stay comparable, level by level."""

from dataclasses import replace

import numpy as np

from ltv_bayes.formulas.special import Array
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.provenance import quantiles_used


def amounts_used(judged: FutureValuePriors, levels: Array) -> Array:
    """Quantiles of each judgement's amount as it is used, adjustments in it: shape (judgements, levels)."""
    changes = [None if judged.adjustments is None else judged.adjustments.of(place) for place in range(len(judged))]
    rows = zip(judged.table.to_dict("records"), changes, strict=True)
    return np.array([quantiles_used(row, change, levels) for row, change in rows])


def with_certain_amounts(judged: FutureValuePriors, amounts: Array) -> FutureValuePriors:
    """Let every opportunity occur for certain, with these amounts, and when it was expected."""
    certain = {"probability": 1.0, "chance_a": np.nan, "chance_b": np.nan}
    fixed = {"family": "log-normal", "amount_1": amounts, "amount_2": 0.0, "amount_3": 0.0}
    return replace(judged, table=judged.table.assign(**certain, **fixed), adjustments=None)


def power_scaled(judged: FutureValuePriors, alpha: float, shape: tuple[int, int]) -> FutureValuePriors:
    """Raise the density of every judgement to a power, and normalise it: above 1 it is held more firmly.

    No data stand against a judgement, so what it becomes is known exactly and need not be weighted. A chance p has
    log-odds alpha * logit(p). An amount's level z of the standard normal distribution has the density of
    z / sqrt(alpha); a log-normal amount keeps its median, and the sd of its logarithm is divided by sqrt(alpha).

    Parameters
    ----------
    shape : (int, int)
        Chains, and draws per chain, of judgements that no adjustment has changed.
    """
    was = judged.adjustments or Adjustments.none(len(judged), shape)
    scaled = Adjustments(was.who, alpha * was.intercept, alpha * was.slope, was.shift, was.spread / np.sqrt(alpha))
    return replace(judged, adjustments=scaled)
