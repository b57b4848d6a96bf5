"""BG/NBD and BG/CNBD-k with a share of customers who leave right after the first purchase.

A customer leaves right after the first purchase with probability ``first_dropout``, pi, whatever their rate; who stays
is a customer of BG/NBD or BG/CNBD-k. pi = 0 is these models. In MBG/NBD, the chance after the first purchase is that
after any other; here it is a parameter of its own, so the model lies between the two, and beyond.

With S(T) the probability that a customer who stays buys nothing within T, a customer without a repeat purchase has the
likelihood pi + (1 - pi) S(T) and is alive with probability (1 - pi) S(T) / (pi + (1 - pi) S(T)). Any other has 1 - pi
times the likelihood of the model within, and its future. So given alive, nothing changes.

The mixture is that of zero-inflated counts: Lambert (1992), Technometrics 34.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ltv_bayes.formulas.models import bg_cnbd, bg_nbd
from ltv_bayes.formulas.models.bg_cnbd import RegularOutlook
from ltv_bayes.formulas.models.bg_nbd import Outlook
from ltv_bayes.formulas.special import Array, Numbers

FIRST_DROPOUT = "first_dropout"
PARAMETERS = (*bg_nbd.PARAMETERS, FIRST_DROPOUT)
WITHIN = {"bg_nbd_at_once": bg_nbd.NAME, "bg_cnbd_at_once": bg_cnbd.NAME}
"""Each model, and that of customers who do not leave at once."""
AT_ONCE = {within: name for name, within in WITHIN.items()}
NAME, REGULAR_NAME = AT_ONCE[bg_nbd.NAME], AT_ONCE[bg_cnbd.NAME]


@dataclass(frozen=True)
class LeavingAtOnce:
    """The closed forms of a model with a share of customers who leave right after the first purchase.

    Attributes
    ----------
    within : module or RegularFormulas
        The closed forms of the model of those who stay: `bg_nbd`, or those of BG/CNBD-k.
    """

    within: Any = bg_nbd

    def log_likelihood(
        self,
        frequency: Numbers,
        recency: Numbers,
        T: Numbers,
        *,
        r: Numbers,
        alpha: Numbers,
        a: Numbers,
        b: Numbers,
        first_dropout: Numbers = 0.0,
    ) -> Array:
        """Log-likelihood of one customer's history.

        Examples
        --------
        Of customers who would buy again for sure by now, those who did not are the share who left.

        >>> parameters = {"r": 50.0, "alpha": 1.0, "a": 1.0, "b": 3.0, "first_dropout": 0.25}
        >>> round(float(np.exp(LeavingAtOnce().log_likelihood(0, 0.0, 100.0, **parameters))), 6)
        0.25
        """
        within = self.within.log_likelihood(frequency, recency, T, r=r, alpha=alpha, a=a, b=b)
        pi = np.asarray(first_dropout, dtype=float)
        stayed = np.log1p(-pi) + within
        with np.errstate(divide="ignore"):
            return np.where(np.asarray(frequency) == 0, np.logaddexp(np.log(pi), stayed), stayed)

    def probability_alive(
        self,
        frequency: Numbers,
        recency: Numbers,
        T: Numbers,
        *,
        r: Numbers,
        alpha: Numbers,
        a: Numbers,
        b: Numbers,
        first_dropout: Numbers = 0.0,
    ) -> Array:
        """P(alive at T | history); below 1 for a customer without a repeat purchase, unless none leaves at once.

        Examples
        --------
        >>> parameters = {"r": 0.5, "alpha": 6.0, "a": 1.0, "b": 3.0, "first_dropout": 0.25}
        >>> [round(float(LeavingAtOnce().probability_alive(0, 0.0, T, **parameters)), 4) for T in (0.0, 18.0)]
        [0.75, 0.6]
        """
        future = self.outlook(frequency, recency, T, r=r, alpha=alpha, a=a, b=b, first_dropout=first_dropout)
        return future.alive

    def outlook(
        self,
        frequency: Numbers,
        recency: Numbers,
        T: Numbers,
        *,
        r: Numbers,
        alpha: Numbers,
        a: Numbers,
        b: Numbers,
        first_dropout: Numbers = 0.0,
    ) -> Outlook | RegularOutlook:
        """Everything that the history says of the future: that of the model within, if the customer stayed."""
        future: Outlook | RegularOutlook = self.within.outlook(frequency, recency, T, r=r, alpha=alpha, a=a, b=b)
        silence = self.within.log_likelihood(0, 0.0, T, r=r, alpha=alpha, a=a, b=b)
        stayed = special.expit(silence - special.logit(np.asarray(first_dropout, dtype=float)))
        return future._replace(alive=np.where(np.asarray(frequency) == 0, stayed, future.alive))

    def outlook_of_new_customer(
        self, *, r: Numbers, alpha: Numbers, a: Numbers, b: Numbers, first_dropout: Numbers = 0.0
    ) -> Outlook | RegularOutlook:
        """The future of a customer at the moment of the first purchase, after which they may leave at once."""
        return self.outlook(0, 0, 0, r=r, alpha=alpha, a=a, b=b, first_dropout=first_dropout)
