"""Payments of a few subscribers, valued over all posterior draws in one compiled loop.

Given so many renewals made, the number still to come has the law of `shifted_beta_geometric.draw_renewals`. It is found
renewal by renewal, with one random number for each subscription and draw.
"""

import numba
import numpy as np

from ltv_bayes.formulas.kernels.random import uniform


@numba.njit(cache=True, nogil=True, error_model="numpy")
def shifted_beta_geometric(  # type: ignore[no-untyped-def]
    states, held, renewals, ended, law, paid, due, period, amount, alpha, beta, money, until=None, life=None
):
    """Fill in the money of customers' renewals, by customer, period and draw.

    Parameters
    ----------
    states : array of shape (customers, 4)
        Each customer's own random stream; used up.
    held : array of shape (customers + 1,)
        The subscriptions of customer k are those from held[k] up to held[k + 1].
    renewals, ended, law : arrays of shape (subscriptions,)
        Renewals made; when it ends, for one that is lost, not-a-number for an active one; its row of alpha and beta.
    paid : array of shape (subscriptions + 1,)
        The payments of subscription j, if all renewals are made, are those from paid[j] up to paid[j + 1].
    due, period, amount : arrays of shape (payments,)
        When a payment is due, the period it falls in, and what it is worth, discounted.
    alpha, beta : arrays of shape (laws, draws)
        Posterior draws.
    money : array of shape (customers, periods, draws)
        Filled in.
    until : array of shape (customers, draws), optional
        When the relation ends for other reasons, in the unit of ``due``; nothing is paid from then on. Not-a-number
        where nothing is known of it.
    life : array of shape (customers, draws), optional
        Filled in: when the last subscription ends; infinite if all renewals of one are made, not-a-number for
        customers without subscriptions.
    """
    for row in range(held.shape[0] - 1):
        money[row] = 0.0
        if life is not None:
            life[row] = np.nan
            if until is not None and held[row] == held[row + 1]:
                life[row] = until[row]
        for j in range(held[row], held[row + 1]):
            payments = slice(paid[j], paid[j + 1])
            tables = due[payments], period[payments], amount[payments]
            laws = alpha[law[j]], beta[law[j]]
            _subscription(row, states[row], renewals[j], ended[j], *tables, *laws, money[row], until, life)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _subscription(  # type: ignore[no-untyped-def]
    row, state, renewals, ended, due, period, amount, alpha, beta, money, until, life
):
    """Add the payments of one subscription, and let the relation live as long as it does."""
    for i in range(money.shape[1]):
        limit, end = np.inf, ended
        if until is not None and until[row, i] == until[row, i]:
            limit = until[row, i]
        if ended != ended:
            end = np.inf
            u, staying = uniform(state), 1.0
            for k in range(due.shape[0]):
                staying *= (beta[i] + renewals + k) / (alpha[i] + beta[i] + renewals + k)
                if u >= staying or due[k] >= limit:
                    end = due[k]
                    break
                money[period[k], i] += amount[k]
        if life is not None and not life[row, i] >= min(end, limit):
            life[row, i] = min(end, limit)
