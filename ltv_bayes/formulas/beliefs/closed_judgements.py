"""Closed judgements as a model takes them: what was stated, and what came of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

CERTAIN = 0.01


@dataclass(frozen=True, eq=False)
class ClosedJudgements:
    """Judgements whose outcome is known.

    Attributes
    ----------
    names : tuple of str
        Who judged: experts, teams or stages.
    who : array of int, of shape (cases,)
        The place of each case's name.
    probability : array of shape (cases,)
        As stated.
    won : array of bool, of shape (cases,)
        Whether it came.
    log_error : array of shape (cases,)
        Logarithm of the amount less that of the stated median; not-a-number where nothing came.
    below, above : arrays of shape (cases,)
        Stated sd of the logarithm on either side of the median.
    """

    names: tuple[str, ...]
    who: NDArray[np.int64]
    probability: NDArray[np.float64]
    won: NDArray[np.bool_]
    log_error: NDArray[np.float64]
    below: NDArray[np.float64]
    above: NDArray[np.float64]

    @property
    def log_odds(self) -> NDArray[np.float64]:
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
