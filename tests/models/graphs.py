"""Likelihoods over unique histories as PyTensor graphs: a derivation to hold the compiled ones against."""

import numpy as np
import pytensor.tensor as pt
from scipy import special

from ltv_bayes.formulas.models.bg_cnbd import shape_of_recency


def bg_nbd_graph(histories, *, r, alpha, a, b):
    """Write equation (6) as a PyTensor graph, one value for each unique history.

    Ratios of gamma functions are sums over 0, ..., x - 1, made once for all frequencies: stable where the parameters
    are large, as they are when customers hardly differ.
    """
    x, t_x, T = histories.frequency, histories.recency, histories.T
    number, steps = x.astype(int), np.arange(int(x.max(initial=0)))
    rising = pt.concatenate([[0.0], pt.cumsum(pt.log(r + steps))])[number]
    staying = -pt.concatenate([[0.0], pt.cumsum(pt.log1p(a / (b + steps)))])[number]
    purchases = rising - r * pt.log1p(T / alpha)
    still_alive = -x * pt.log(alpha + T)
    longer = pt.log1p((T - t_x) / (alpha + t_x))
    left_at_last = pt.log(a) - pt.log(b + np.maximum(x, 1) - 1) + still_alive + (r + x) * longer
    return purchases + staying + pt.where(x > 0, pt.logaddexp(still_alive, left_at_last), still_alive)


def at_once_graph(histories, within, *, first_dropout, **parameters):
    """Write a share that leaves right after the first purchase around the graph of those who stay."""
    stayed = pt.log1p(-first_dropout) + within(histories, **parameters)
    return pt.where(histories.frequency == 0, pt.logaddexp(pt.log(first_dropout), stayed), stayed)


def mbg_nbd_graph(histories, *, r, alpha, a, b):
    """Write the likelihood of Batislam et al. as a PyTensor graph, one value for each unique history."""
    x, t_x, T = histories.frequency, histories.recency, histories.T
    number, steps = x.astype(int), np.arange(int(x.max(initial=0)) + 1)
    rising = pt.concatenate([[0.0], pt.cumsum(pt.log(r + steps))])[number]
    staying = -pt.cumsum(pt.log1p(a / (b + steps)))[number]
    still_alive = -x * pt.log(alpha + T)
    left_at_last = pt.log(a) - pt.log(b + x) + still_alive + (r + x) * pt.log1p((T - t_x) / (alpha + t_x))
    return rising - r * pt.log1p(T / alpha) + staying + pt.logaddexp(still_alive, left_at_last)


def bg_cnbd_graph(histories, k, *, r, alpha, a, b):
    """Write the likelihood of BG/CNBD-k as a PyTensor graph, one value for each unique history."""
    return _regular_graph(histories, k, histories.frequency, r=r, alpha=alpha, a=a, b=b)


def mbg_cnbd_graph(histories, k, *, r, alpha, a, b):
    """Write the likelihood of MBG/CNBD-k as a PyTensor graph, one value for each unique history."""
    return _regular_graph(histories, k, histories.frequency + 1, r=r, alpha=alpha, a=a, b=b)


def _regular_graph(histories, k, chances, *, r, alpha, a, b):
    """Write the likelihood of purchases at every k-th event, with a number of chances to have left."""
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


def gamma_gamma_graph(histories, *, p, q, v):
    """Write note 025's equation (1a) as a PyTensor graph, one value for each unique history."""
    x, m = histories.frequency, histories.monetary_value
    distinct, position = np.unique(x, return_inverse=True)
    gammas = pt.gammaln(p * distinct + q) - pt.gammaln(p * distinct) - pt.gammaln(q)
    total = x * m
    return gammas[position] - p * x * pt.log1p(v / total) - q * pt.log1p(total / v) - np.log(m)


def nbd_graph(histories, *, r, alpha):
    """Write the negative binomial as a PyTensor graph, one value for each unique history."""
    x, T = histories.frequency, histories.T
    steps = np.arange(int(x.max(initial=0)))
    more_than_poisson = pt.concatenate([[0.0], pt.cumsum(pt.log1p(steps / r))])[x.astype(int)]
    constant = special.xlogy(x, T) - special.gammaln(x + 1)
    return more_than_poisson + x * pt.log(r / alpha) - (r + x) * pt.log1p(T / alpha) + constant


def shifted_beta_geometric_graph(histories, *, alpha, beta):
    """Write equations (5) and (6) of 2007 as a PyTensor graph, one value for each unique history."""
    n, lost, entered = histories.renewals, histories.lost, beta + histories.observed_from
    after = pt.gammaln(alpha + lost) + pt.gammaln(beta + n) - pt.gammaln(alpha + beta + lost + n)
    return after - pt.gammaln(alpha) - pt.gammaln(entered) + pt.gammaln(alpha + entered)
