"""Gamma-gamma as a PyMC model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.grouping import Grouping, InGroups, in_groups
from ltv_bayes.data.customers.histories import SpendHistories, unique_spend
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.kernels.tables import spend_tables
from ltv_bayes.formulas.models import gamma_gamma
from ltv_bayes.models.density.pool import one_group
from ltv_bayes.models.model import Model
from ltv_bayes.models.priors import Prior
from ltv_bayes.predictions.spend import FittedSpend, replicate_mean_spend

COLUMNS = ["spend_frequency", "monetary_value"]


@dataclass(frozen=True, repr=False)
class GammaGamma(Model[Customers, FittedSpend]):
    """What do customers spend per order? The settings of a gamma-gamma model.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``mean_spend`` (expected order value over all
        customers, p v / (q - 1), in the customers' currency), ``order_cv`` (coefficient of variation of one customer's
        orders, 1 / sqrt(p)) and ``q_excess`` (q - 1 > 0: the smaller, the more customers differ in what they spend).
        Instead of the three, ``p``, ``q`` and ``v``, with q above 1.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean spend of its own, drawn from
        a common distribution with a width that is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same.

    Notes
    -----
    The usual priors follow the data's own scale: mean_spend is LogNormal around the mean order value with sigma 1,
    order_cv LogNormal(ln 0.5, 1), q_excess LogNormal(ln 2, 1). q above 1 makes mean spend exist in every draw.
    The model assumes that what customers spend does not depend on how often they buy; `FittedSpend` reports the
    correlation found in the data.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42; Hardie's note 025.
    """

    _name = gamma_gamma.NAME
    _fitted = FittedSpend

    def _histories(self, data: Customers, grouping: Grouping) -> InGroups:
        unique = _spend(data)
        if grouping.columns:
            buyers = (batch.table[batch.table["spend_frequency"] > 0] for batch in data.batches())
            return in_groups(buyers, COLUMNS, grouping)
        columns = unique.frequency, unique.monetary_value, unique.count
        return one_group(pd.DataFrame(dict(zip([*COLUMNS, "count"], columns, strict=True))))

    def _usual_priors(self, data: Customers, histories: InGroups) -> dict[str, Prior]:
        spend = _in_one(histories)
        orders = spend.frequency * spend.count
        mean = float((orders * spend.monetary_value).sum() / orders.sum())
        return {
            "mean_spend": Prior("LogNormal", mu=np.log(mean), sigma=1.0),
            "order_cv": Prior("LogNormal", mu=np.log(0.5), sigma=1.0),
            "q_excess": Prior("LogNormal", mu=np.log(2.0), sigma=1.0),
        }

    def _tables(self, **columns: Any) -> tuple[Any, ...]:
        return spend_tables(*columns.values())

    def _more_attrs(self, data: Customers, histories: InGroups) -> dict[str, Any]:
        return {"frequency_spend_correlation": frequency_spend_correlation(_in_one(histories))}

    def _replicated(self, fit: FittedSpend, data: Customers, random_seed: int | None) -> xr.Dataset:
        return replicate_mean_spend(fit, data, random_seed=random_seed)


def frequency_spend_correlation(histories: SpendHistories) -> float:
    """Correlation of frequency and mean spend among repeat buyers; the model takes it to be 0."""
    values = np.stack([histories.frequency, histories.monetary_value])
    if histories.count.sum() < 3 or (np.ptp(values, axis=1) == 0).any():
        return float("nan")
    covariance = np.cov(values, fweights=histories.count)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _in_one(histories: InGroups) -> SpendHistories:
    """Distinct histories of all groups together."""
    together = histories.histories.groupby(COLUMNS, as_index=False).sum()
    frequency, value = (together[name].to_numpy() for name in COLUMNS)
    return SpendHistories(frequency, value, together["count"].to_numpy(dtype=np.int64))


def _spend(customers: Customers) -> SpendHistories:
    require_customers(customers)
    histories = unique_spend(customers)
    buyers = int(histories.count.sum())
    if buyers == 0:
        raise InputError(
            f"None of the {len(customers):,} customers has a repeat order with a value, so what they spend cannot be "
            f"learned. Give a longer log, or value them by judgement alone.",
        )
    if buyers == 1:
        raise InputError(
            "Only one customer has repeat orders with a value, which cannot show how customers differ. Give a longer "
            "log or more customers."
        )
    return histories
