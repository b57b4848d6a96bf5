"""Usual priors of a rate that differs between customers: rate ~ Gamma(r, alpha)."""

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.errors import InputError
from ltv_bayes.models.priors import Prior


def usual_rate_priors(histories: pd.DataFrame) -> dict[str, Prior]:
    """Priors around the rate in the data, with its unit.

    Parameters
    ----------
    histories : pandas.DataFrame
        Distinct histories, with columns frequency, T and count.

    Raises
    ------
    InputError
        If no customer has been observed for any time.
    """
    frequency, T, count = (histories[name].to_numpy() for name in ("frequency", "T", "count"))
    occurred, observed = float((frequency * count).sum()), float((T * count).sum())
    if observed <= 0:
        raise InputError("No customer has been observed for any time (T is 0 for all). Choose a later as_of.")
    return {
        "mean_rate": Prior("LogNormal", mu=np.log(max(occurred, 0.5) / observed), sigma=2.0),
        "rate_cv": Prior("LogNormal", mu=0.0, sigma=1.0),
    }


def require_population(customers: Customers) -> None:
    """Refuse a single customer, who cannot show how customers differ."""
    if len(customers) < 2:
        raise InputError(
            "One customer cannot show how customers differ. Give at least two, better thirty or more.", customers.ids
        )
