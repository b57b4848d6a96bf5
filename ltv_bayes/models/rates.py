"""What models have in common whose customers differ in a rate: rate ~ Gamma(r, alpha)."""

import warnings

import numpy as np

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.histories import EventHistories, Histories
from ltv_bayes.errors import DataWarning, InputError
from ltv_bayes.models.priors.priors import POSITIVE, Domain, Prior

DOMAINS: dict[str, Domain] = {"mean_rate": POSITIVE, "rate_cv": POSITIVE, "r": POSITIVE, "alpha": POSITIVE}
ALTERNATIVES: dict[tuple[str, ...], tuple[str, ...]] = {("r", "alpha"): ("mean_rate", "rate_cv")}


def usual_priors(histories: Histories | EventHistories) -> dict[str, Prior]:
    """Priors around the rate in the data, with its unit.

    Raises
    ------
    InputError
        If nobody has been observed for any time.
    """
    happened = float((histories.frequency * histories.count).sum())
    observed = float((histories.T * histories.count).sum())
    if observed <= 0:
        raise InputError("No customer has been observed for any time (T is 0 for all). Choose a later as_of.")
    return {
        "mean_rate": Prior("LogNormal", mu=np.log(max(happened, 0.5) / observed), sigma=2.0),
        "rate_cv": Prior("LogNormal", mu=0.0, sigma=1.0),
    }


def require_population(customers: Customers) -> None:
    """Refuse a single customer, who cannot show how customers differ."""
    if len(customers) < 2:
        raise InputError(
            "One customer cannot show how customers differ. Give at least two, better thirty or more.", customers.ids
        )


def warn_of_no_repeats(customers: Customers) -> None:
    """Warn where nobody has come back, so that the data say nothing of who leaves when."""
    if not customers.overview().repeat_customers:
        warnings.warn(
            f"None of {len(customers):,} customers has a repeat purchase. The data only say that customers seldom come "
            f"back, and how seldom, and when they leave, is what the priors say. Fit more customers, or a longer time.",
            DataWarning,
            stacklevel=3,
        )
