"""Closed judgements: stated chances and amounts, their outcomes, and proper scores of both.

Sources: Gneiting & Raftery (2007), Strictly proper scoring rules, JASA 102; Rubin (1981), The Bayesian bootstrap,
Annals of Statistics 9; Ferguson (1973), A Bayesian analysis of some nonparametric problems, Annals of Statistics 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ltv_bayes.formulas.special import Array, IntArray

CERTAIN = 0.01
LEFT_HALF = (1 / np.sqrt(2 * np.pi)) - 1 / (2 * np.sqrt(np.pi))
"""Integral of the squared standard normal distribution function below 0."""


@dataclass(frozen=True, eq=False)
class ClosedJudgements:
    """Judgements with a known outcome.

    Attributes
    ----------
    names : tuple of str
        Who judged: experts, teams or stages.
    who : array of int, of shape (cases,)
        The place of each case's name.
    probability : array of shape (cases,)
        As stated.
    won : array of bool, of shape (cases,)
        Whether it occurred.
    log_error : array of shape (cases,)
        Logarithm of the amount less that of the stated median; NaN where it did not occur.
    below, above : arrays of shape (cases,)
        Stated sd of the logarithm on either side of the median.
    """

    names: tuple[str, ...]
    who: IntArray
    probability: Array
    won: np.ndarray
    log_error: Array
    below: Array
    above: Array

    @property
    def log_odds(self) -> Array:
        """Stated chances on the logistic scale; those beyond 1% and 99% count as these."""
        return special.logit(within_certain(self.probability))


def within_certain(probability: Any) -> Any:
    """Take a chance of 0 or 1 for one that is not quite certain: no record can bend the two.

    Examples
    --------
    >>> within_certain(np.array([0.0, 0.5, 1.0])).tolist()
    [0.01, 0.5, 0.99]
    """
    return np.clip(probability, CERTAIN, 1 - CERTAIN)


def brier(probability: Array, won: Array) -> Array:
    """Squared distance of a stated chance from what happened; 0 is best, 0.25 what a half scores.

    Examples
    --------
    >>> brier(np.array([0.8, 0.8]), np.array([True, False])).round(2).tolist()
    [0.04, 0.64]
    """
    return (np.asarray(probability) - np.asarray(won, dtype=float)) ** 2


def log_amount_crps(log_error: Array, below: Array, above: Array) -> Array:
    """Continuous ranked probability score of a stated amount, on the scale of logarithms; 0 is best.

    The integral of (F(x) - 1[x >= error])^2, where F is normal with one sd on either side of its median. It is in the
    unit of the error: 0.1 is as good as a point forecast that is off by a tenth.

    Parameters
    ----------
    log_error : array
        Logarithm of the amount less that of the stated median.
    below, above : arrays
        Stated sd of the logarithm on either side.

    Examples
    --------
    >>> round(float(log_amount_crps(0.0, 1.0, 1.0)), 6), float(log_amount_crps(-0.3, 1e-9, 1e-9).round(6))
    (0.233695, 0.3)
    """
    error = np.asarray(log_error, dtype=float)
    own, other = np.where(error < 0, below, above), np.where(error < 0, above, below)
    z = np.abs(error) / own
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    whole = z * (2 * special.ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)
    return own * (whole - LEFT_HALF) + other * LEFT_HALF


def mean_score_draws(
    scores: Array, overall: Array, size: int, rng: np.random.Generator, *, weight: float = 2.0
) -> Array:
    """Mean score of an expert in the long run, given their cases and those of all experts.

    Draws of the mean under a Dirichlet process posterior: the Bayesian bootstrap of the judge's own scores and of
    all experts', where the latter count as a number of cases, the weight. So an expert without a record has the score
    of all, and two lucky cases do not make a champion.

    Parameters
    ----------
    scores, overall : arrays of shape (cases,)
    size : int
        Number of draws.
    weight : float
        Number of cases that the scores of all count as.

    Returns
    -------
    array of shape (size,)

    Examples
    --------
    >>> draws = mean_score_draws(np.array([0.1, 0.3]), np.array([0.4]), 4000, np.random.default_rng(1))
    >>> round(float(draws.mean()), 2)
    0.3
    """
    prior = rng.standard_gamma(weight / overall.size, (size, overall.size))
    total, sum_of = prior.sum(axis=1), prior @ overall
    if scores.size:
        own = rng.standard_exponential((size, scores.size))
        total, sum_of = total + own.sum(axis=1), sum_of + own @ scores
    return sum_of / total
