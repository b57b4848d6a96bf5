"""The compiled loop of renewals against closed forms."""

import numpy as np
import pytest

from ltv_bayes.formulas.kernels import renewal_values
from ltv_bayes.formulas.kernels.order_values import UNKNOWN, Relations
from ltv_bayes.formulas.models import shifted_beta_geometric
from ltv_bayes.random_streams import customer_states
from tests.chance import allowed

SIZE = 200_000
ALPHA, BETA = 0.66809, 3.80610


def drawn(renewals, due, amount=None, *, ended=None, until=None, periods=None, c=None):
    """Money by period and life of one customer with these contracts, due dates the same for all."""
    number = len(renewals)
    lost = np.full(number, np.nan) if ended is None else np.array(ended, dtype=float)
    each = [0 if end == end else len(due) for end in lost]
    paid = np.concatenate([[0], np.cumsum(each)]).astype(np.int64)
    of_all = np.tile(np.array(due, dtype=float), number)[: paid[-1]]
    amounts = np.tile(np.ones(len(due)) if amount is None else np.array(amount, dtype=float), number)[: paid[-1]]
    period = np.zeros(len(of_all), dtype=np.int64) if periods is None else np.tile(periods, number)[: paid[-1]]
    money, life = np.empty((1, 3, SIZE)), np.empty((1, SIZE))
    subscriptions = renewal_values.Subscriptions(
        np.array([0, number], dtype=np.int64),
        np.array(renewals, dtype=float),
        lost,
        np.zeros(number, dtype=np.int64),
        np.full((1, SIZE), ALPHA),
        np.full((1, SIZE), BETA),
        UNKNOWN if c is None else np.full((1, SIZE), c),
    )
    limits = UNKNOWN if until is None else np.broadcast_to(until, (1, SIZE)).astype(float)
    payments = renewal_values.Payments(paid, of_all, period, amounts)
    states = customer_states(1, "test", ["A"])
    unmoved = renewal_values.NO_FACTORS, renewal_values.NO_GROWTH
    renewal_values.shifted_beta_geometric(states, subscriptions, payments, Relations(limits, life), money, *unmoved)
    return money[0], life[0]


def survival(t, renewals):
    return shifted_beta_geometric.survival(np.asarray(t), alpha=ALPHA, beta=BETA, renewals=renewals)


@pytest.mark.parametrize("renewals", [0, 3, 40])
def test_renewals_still_to_come_have_the_law_of_the_closed_form(renewals):
    money, _ = drawn([renewals], 30.0 * np.arange(1, 13))
    for t in range(1, 13):
        chance = float(survival(t, renewals))
        assert abs((money[0] >= t).mean() - chance) < allowed(100) * np.sqrt(chance * (1 - chance) / SIZE)


def test_money_is_the_sum_over_renewals_by_period():
    amount, periods = np.linspace(10, 8, 9), np.repeat([0, 1, 2], 3)
    money, _ = drawn([2], 30.0 * np.arange(1, 10), amount, periods=periods)
    expected = np.add.reduceat(amount * survival(np.arange(1, 10), 2), [0, 3, 6])
    assert (abs(money.mean(axis=1) - expected) < allowed(100) * money.std(axis=1) / np.sqrt(SIZE)).all()


def test_discounted_sum_is_the_expected_residual_life():
    """Renewals due at once and every year from then on, at 10%: the published value of the customer's renewals."""
    years = np.arange(400)
    money, _ = drawn([3], years.astype(float), 1.1**-years)
    expected = shifted_beta_geometric.discounted_expected_residual_life(4, 0.1, alpha=ALPHA, beta=BETA)
    assert round(float(expected), 4) == 6.6199
    assert abs(money[0].mean() - expected) < allowed() * money[0].std() / np.sqrt(SIZE)


def test_life_ends_on_the_day_of_the_renewal_that_is_not_made():
    due = np.array([10.0, 41.0, 69.0])
    money, life = drawn([1], due)
    np.testing.assert_array_equal(life, np.append(due, np.inf)[money[0].astype(int)])


def test_a_relation_lasts_as_long_as_its_last_contract():
    due = np.array([10.0, 41.0, 69.0])
    money, life = drawn([1, 8], due)
    both_go_on = float(survival(3, 1)) + float(survival(3, 8)) - float(survival(3, 1)) * float(survival(3, 8))
    assert abs(np.isinf(life).mean() - both_go_on) < allowed() * np.sqrt(both_go_on * (1 - both_go_on) / SIZE)
    expected = sum(survival(np.arange(1, 4), 1)) + sum(survival(np.arange(1, 4), 8))
    assert abs(money[0].mean() - expected) < allowed() * money[0].std() / np.sqrt(SIZE)


def test_a_lost_contract_pays_nothing_and_lasts_as_long_as_it_is_paid():
    money, life = drawn([5], [10.0, 41.0], ended=[25.0])
    assert not money.any()
    assert (life == 25.0).all()
    _, long_gone = drawn([5, 2], [10.0, 41.0], ended=[-400.0, -30.0])
    assert (long_gone == -30.0).all()


def test_no_renewal_is_made_after_the_relation_ended_elsewhere():
    money, life = drawn([1], [10.0, 41.0, 69.0], until=41.0)
    assert set(np.unique(money[0])) == {0.0, 1.0}
    assert set(np.unique(life)) == {10.0, 41.0}


def test_who_has_no_contract_pays_nothing_and_is_not_known():
    money, life = drawn([], [10.0])
    assert not money.any()
    assert np.isnan(life).all()
