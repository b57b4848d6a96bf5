"""The likelihoods over unique histories, fused and as PyTensor graphs, for any PyMC model.

PyMC keeps these functions until the interpreter ends, and with them all that their module imports; so nothing that
must be torn down in time, such as DuckDB, is imported here.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ltv_bayes.formulas.kernels import likelihoods
from ltv_bayes.formulas.models.bg_cnbd import shape_of_recency
from ltv_bayes.models.density.operation import FusedGroups, FusedLikelihood

if TYPE_CHECKING:
    from ltv_bayes.models.density.direct_density import Likelihood

    from ltv_bayes.data.customers.histories import EventHistories, Histories, SpendHistories
    from ltv_bayes.data.subscriptions.renewals import RenewalHistories


def add_histories(histories: "Histories", law: "Likelihood", parameters: Mapping[str, Any]) -> None:
    """Observe purchase histories in the model on the context stack, through a fused likelihood."""
    likelihood = FusedLikelihood(law.kernel, law.value_kernel, law.tables)
    observed = np.column_stack([histories.frequency, histories.recency])
    design = np.column_stack([histories.T, histories.count])
    _observe("history", likelihood, {name: parameters[name] for name in law.parameters}, observed, design)


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


def mbg_nbd_graph(histories: "Histories", *, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Write the likelihood of Batislam et al. as a PyTensor graph, one value for each unique history."""
    import pytensor.tensor as pt

    x, t_x, T = histories.frequency, histories.recency, histories.T
    number, steps = x.astype(int), np.arange(int(x.max(initial=0)) + 1)
    rising = pt.concatenate([[0.0], pt.cumsum(pt.log(r + steps))])[number]
    staying = -pt.cumsum(pt.log1p(a / (b + steps)))[number]
    still_alive = -x * pt.log(alpha + T)
    left_at_last = pt.log(a) - pt.log(b + x) + still_alive + (r + x) * pt.log1p((T - t_x) / (alpha + t_x))
    return rising - r * pt.log1p(T / alpha) + staying + pt.logaddexp(still_alive, left_at_last)


def bg_cnbd_graph(histories: "Histories", k: int, *, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Write the likelihood of BG/CNBD-k as a PyTensor graph, one value for each unique history."""
    return _regular_graph(histories, k, histories.frequency, r=r, alpha=alpha, a=a, b=b)


def mbg_cnbd_graph(histories: "Histories", k: int, *, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Write the likelihood of MBG/CNBD-k as a PyTensor graph, one value for each unique history."""
    return _regular_graph(histories, k, histories.frequency + 1, r=r, alpha=alpha, a=a, b=b)


def _regular_graph(histories: "Histories", k: int, chances: np.ndarray, *, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Write the likelihood of purchases at every k-th event, with so many chances to have left."""
    import pytensor.tensor as pt

    x, t_x, T = histories.frequency, histories.recency, histories.T
    events, steps, passed = k * x, np.arange(k * int(x.max(initial=0))), np.arange(int(chances.max(initial=0)))
    rising = pt.concatenate([[0.0], pt.cumsum(pt.log(r + steps))])[events.astype(int)]
    staying = -pt.concatenate([[0.0], pt.cumsum(pt.log1p(a / (b + passed)))])[chances.astype(int)]
    with np.errstate(divide="ignore"):
        log_silent = np.log(np.maximum(T - t_x, 0.0)) - pt.log(alpha + T)
    log_weights = [pt.zeros_like(r + x)]
    for j in range(1, k):
        log_weights.append(log_weights[-1] + pt.log((r + events + j - 1) / j) + log_silent)
    still_alive = -events * pt.log(alpha + T)
    in_phases = still_alive + pt.logsumexp(pt.stack(log_weights), axis=0)
    longer = pt.log1p((T - t_x) / (alpha + t_x))
    left_at_last = pt.log(a) - pt.log(b + np.maximum(chances, 1) - 1) + still_alive + (r + events) * longer
    either = pt.where(chances > 0, pt.logaddexp(in_phases, left_at_last), in_phases)
    return rising - r * pt.log1p(T / alpha) + staying + either + shape_of_recency(x, t_x, k)


def add_gamma_gamma(histories: "SpendHistories", parameters: Mapping[str, Any]) -> None:
    """Observe the mean spend in the model on the context stack, through the fused likelihood."""
    tables = likelihoods.spend_tables(histories.frequency, histories.monetary_value, histories.count)
    likelihood = FusedLikelihood(likelihoods.gamma_gamma, likelihoods.gamma_gamma_value, tables)
    observed = np.column_stack([histories.frequency, histories.monetary_value])
    _observe("spend", likelihood, parameters, observed, np.column_stack([histories.count, histories.count]))


def gamma_gamma_graph(histories: "SpendHistories", *, p: Any, q: Any, v: Any) -> Any:
    """Write note 025's equation (1a) as a PyTensor graph, one value for each unique history."""
    import pytensor.tensor as pt

    x, m = histories.frequency, histories.monetary_value
    distinct, position = np.unique(x, return_inverse=True)
    gammas = pt.gammaln(p * distinct + q) - pt.gammaln(p * distinct) - pt.gammaln(q)
    total = x * m
    return gammas[position] - p * x * pt.log1p(v / total) - q * pt.log1p(total / v) - np.log(m)


def add_nbd(histories: "EventHistories", parameters: Mapping[str, Any]) -> None:
    """Observe the numbers of events in the model on the context stack, through the fused likelihood."""
    tables = likelihoods.event_tables(histories.frequency, histories.T, histories.count)
    likelihood = FusedLikelihood(likelihoods.nbd, likelihoods.nbd_value, tables)
    observed = np.column_stack([histories.frequency, histories.T])
    _observe("events", likelihood, parameters, observed, np.column_stack([histories.T, histories.count]))


def nbd_graph(histories: "EventHistories", *, r: Any, alpha: Any) -> Any:
    """Write the negative binomial as a PyTensor graph, one value for each unique history."""
    import pytensor.tensor as pt

    x, T = histories.frequency, histories.T
    steps = np.arange(int(x.max(initial=0)))
    more_than_poisson = pt.concatenate([[0.0], pt.cumsum(pt.log1p(steps / r))])[x.astype(int)]
    constant = special.xlogy(x, T) - special.gammaln(x + 1)
    return more_than_poisson + x * pt.log(r / alpha) - (r + x) * pt.log1p(T / alpha) + constant


def add_shifted_beta_geometric(histories: "RenewalHistories", parameters: Mapping[str, Any]) -> None:
    """Observe renewals in the model on the context stack, through the fused likelihood."""
    tables = (histories.renewals, histories.lost, histories.count)
    likelihood = FusedLikelihood(likelihoods.shifted_beta_geometric, likelihoods.shifted_beta_geometric_value, tables)
    observed = np.column_stack([histories.renewals, histories.lost])
    _observe("renewals", likelihood, parameters, observed, np.column_stack([histories.count, histories.count]))


def shifted_beta_geometric_graph(histories: "RenewalHistories", *, alpha: Any, beta: Any) -> Any:
    """Write equations (5) and (6) of 2007 as a PyTensor graph, one value for each unique history."""
    import pytensor.tensor as pt

    n, lost = histories.renewals, histories.lost
    after = pt.gammaln(alpha + lost) + pt.gammaln(beta + n) - pt.gammaln(alpha + beta + lost + n)
    return after - pt.gammaln(alpha) - pt.gammaln(beta) + pt.gammaln(alpha + beta)


def add_groups(kernel: Any, tables: Any, parameters: Mapping[str, Any], observed: np.ndarray) -> None:
    """Observe histories of groups in the model on the context stack; parameters are arrays of shape (groups,)."""
    import pymc as pm

    likelihood = FusedGroups(kernel, tables)

    def logp(value: Any, *arguments: Any) -> Any:
        outputs: Any = likelihood(*arguments[:-1])
        return outputs[0]

    signature = ",".join(["(g)"] * len(parameters)) + ",(h,s)->(h,s)"
    pm.CustomDist("histories", *parameters.values(), observed, logp=logp, signature=signature, observed=observed)


def _observe(
    name: str, likelihood: FusedLikelihood, parameters: Mapping[str, Any], observed: np.ndarray, design: np.ndarray
) -> None:
    """Add one observed variable, of shape (unique histories, 2), whose log density is the fused likelihood."""
    import pymc as pm

    def logp(value: Any, *arguments: Any) -> Any:
        outputs: Any = likelihood(*arguments[:-1])
        return outputs[0]

    signature = ",".join(["()"] * len(parameters)) + ",(h,s)->(h,s)"
    pm.CustomDist(name, *parameters.values(), design, logp=logp, signature=signature, observed=observed)
