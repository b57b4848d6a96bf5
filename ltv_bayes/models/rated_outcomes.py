"""A scorecard as a PyMC model: which ratings predicted outcomes, and how strongly."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ltv_bayes.formulas.special import Array
from ltv_bayes.predictions.fitted_scorecard import WEIGHT

if TYPE_CHECKING:
    import pymc as pm


def build(levels: Array, criteria: list[str], won: Array, log_amount: Array) -> "pm.Model":
    """Make the PyMC model.

    Parameters
    ----------
    levels : array of shape (cases, criteria)
        Ratings as shares of the scale, between 0 and 1.
    criteria : list of str
        Their names.
    won : array of shape (cases,)
        1 where future value occurred, 0 where not.
    log_amount : array of shape (cases,)
        Logarithm of the amount over the customer's own deal size where it occurred.

    Returns
    -------
    pymc.Model
        With one score s = levels @ weights for both questions. Weights are Dirichlet(1, ..., 1): none is below 0, and
        all divisions are as likely. Won is Bernoulli, with log-odds Normal(0, 1.5) in the middle of the scale that
        rise by HalfNormal(2) over it. The log amount is normal, its mean Normal(0, 1) in the middle rising by
        HalfNormal(1.5), its standard deviation HalfNormal(1).
    """
    import pymc as pm

    with pm.Model() as model:
        share = pm.Gamma("share", alpha=1.0, beta=1.0, shape=len(criteria))
        weights = share / share.sum()
        for position, name in enumerate(criteria):
            pm.Deterministic(WEIGHT + name, weights[position])
        score = (levels @ weights) - 0.5
        log_odds = _line("log_odds", middle=1.5, rise=2.0)
        log_multiplier = _line("log_multiplier", middle=1.0, rise=1.5)
        spread = pm.HalfNormal("spread", sigma=1.0)
        for end, place in (("low", -0.5), ("high", 0.5)):
            pm.Deterministic(f"probability_{end}", pm.math.invlogit(log_odds(place)))
            pm.Deterministic(f"multiplier_{end}", pm.math.exp(log_multiplier(place)))
        pm.CustomDist("won", log_odds(score), logp=_log_probability, dtype="int64", observed=won)
        paid = np.flatnonzero(won)
        if paid.size:
            pm.Normal("log_amount", mu=log_multiplier(score[paid]), sigma=spread, observed=log_amount[paid])
    return model


def _log_probability(won: Any, log_odds: Any) -> Any:
    """Of a Bernoulli outcome; the softplus of PyMC's own is a loop in Python where PyTensor does not compile."""
    import pytensor.tensor as pt

    size = pt.abs(log_odds)
    return (won - 0.5) * log_odds - size / 2 - pt.log1p(pt.exp(-size))


def _line(name: str, *, middle: float, rise: float) -> Any:
    """A line over the score, counted from the middle of the scale, that never falls."""
    import pymc as pm

    at_middle = pm.Normal(f"{name}_middle", mu=0.0, sigma=middle)
    risen = pm.HalfNormal(f"{name}_rise", sigma=rise)
    return lambda score: at_middle + risen * score
