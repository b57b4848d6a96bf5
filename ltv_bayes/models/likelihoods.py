"""The likelihoods as PyTensor graphs over unique histories, for any PyMC model.

PyMC keeps these functions until the interpreter ends, and with them all that their module imports; so nothing that
must be torn down in time, such as DuckDB, is imported here.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ltv_bayes.data.histories import Histories, SpendHistories


def add_bg_nbd(histories: "Histories", parameters: Mapping[str, Any]) -> None:
    """Observe the histories in the model on the context stack: one variable, each row weighted by its count."""
    import pymc as pm

    def logp(value: Any, r: Any, alpha: Any, a: Any, b: Any) -> Any:
        return histories.count * bg_nbd_graph(histories, r=r, alpha=alpha, a=a, b=b)

    pm.CustomDist(
        "history",
        *parameters.values(),
        logp=logp,
        signature="(),(),(),()->(2)",
        observed=np.column_stack([histories.frequency, histories.recency]),
        dims=("unique_history", "statistic"),
    )


def bg_nbd_graph(histories: "Histories", *, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Write equation (6) as a PyTensor graph, one value for each unique history.

    Ratios of gamma functions are sums over 0, ..., x - 1, made once for all frequencies: stable where the parameters
    are large, as they are when customers hardly differ.
    """
    import pytensor.tensor as pt

    x, t_x, T = histories.frequency, histories.recency, histories.T
    number, steps = x.astype(int), np.arange(int(x.max(initial=0)))
    rising = pt.concatenate([[0.0], pt.cumsum(pt.log(r + steps))])[number]
    staying = -pt.concatenate([[0.0], pt.cumsum(pt.log1p(a / (b + steps)))])[number]
    purchases = rising - r * pt.log1p(T / alpha)
    still_alive = -x * pt.log(alpha + T)
    longer = pt.log1p((T - t_x) / (alpha + t_x))
    left_at_last = pt.log(a) - pt.log(b + np.maximum(x, 1) - 1) + still_alive + (r + x) * longer
    return purchases + staying + pt.where(x > 0, pt.logaddexp(still_alive, left_at_last), still_alive)


def add_gamma_gamma(histories: "SpendHistories", parameters: Mapping[str, Any]) -> None:
    """Observe the mean spend in the model on the context stack: one variable, each row weighted by its count."""
    import pymc as pm

    def logp(value: Any, p: Any, q: Any, v: Any) -> Any:
        return histories.count * gamma_gamma_graph(histories, p=p, q=q, v=v)

    pm.CustomDist(
        "mean_spend_observed",
        *parameters.values(),
        logp=logp,
        signature="(),(),()->()",
        observed=histories.monetary_value,
        dims="unique_history",
    )


def gamma_gamma_graph(histories: "SpendHistories", *, p: Any, q: Any, v: Any) -> Any:
    """Write note 025's equation (1a) as a PyTensor graph, one value for each unique history."""
    import pytensor.tensor as pt

    x, m = histories.frequency, histories.monetary_value
    distinct, position = np.unique(x, return_inverse=True)
    gammas = pt.gammaln(p * distinct + q) - pt.gammaln(p * distinct) - pt.gammaln(q)
    total = x * m
    return gammas[position] - p * x * pt.log1p(v / total) - q * pt.log1p(total / v) - np.log(m)
