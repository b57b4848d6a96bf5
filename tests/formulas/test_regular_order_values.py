"""The compiled loop of purchases in rhythm against closed forms."""

import numpy as np
import pytest

from ltv_bayes.formulas.kernels import order_values, regular_order_values
from ltv_bayes.formulas.models import gamma_gamma
from ltv_bayes.formulas.models.bg_cnbd import RegularFormulas
from ltv_bayes.random_streams import customer_states
from tests.chance import allowed

SIZE = 100_000
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
HISTORIES = [
    (0, 0.0, 38.86, 0, 0.0),
    (2, 30.43, 38.86, 2, 22.35),
    (7, 33.0, 38.86, 6, 31.5),
    (26, 30.86, 31.0, 26, 40.0),
]
SILENT = HISTORIES[2]
KINDS = pytest.mark.parametrize("kind", [(1, False), (3, False), (3, True), (12, True)], ids=str)


def purchases(k):
    return {"r": 0.6, "alpha": 8.0 / k, "a": 0.9, "b": 2.4}


def outlook(kind, history):
    k, at_once = kind
    return RegularFormulas(k, at_once).outlook(*history[:3], **purchases(k))


def order(history):
    return float(gamma_gamma.expected_spend(*history[3:], **SPEND))


def drawn(kind, history, ends, *, until=None, weight=1.0, delta=0.0, one_life=True, shown=None, lives=True, size=SIZE):
    """Money by period, and life, of one customer in all draws."""
    (k, at_once), (x, t_x, T, orders, mean) = kind, map(float, history)
    ends = np.atleast_1d(ends).astype(float)
    money, life = np.empty((1, ends.size, size)), np.empty((1, size)) if lives else None
    kernel = regular_order_values.mbg_cnbd_gamma_gamma if at_once else regular_order_values.bg_cnbd_gamma_gamma
    one = np.zeros(1, dtype=np.int64)
    counts = order_values.Purchases(one, *(np.full((1, size), v) for v in purchases(k).values()))
    spend = order_values.Spend(one, *(np.full((1, size), v) for v in SPEND.values()))
    histories = np.array([[x, t_x, T, 0.0, orders, orders * mean, weight]])
    limits = order_values.UNKNOWN if until is None else np.broadcast_to(until, (1, size)).astype(float)
    relations = order_values.Relations(limits, life if lives else order_values.UNKNOWN, one_life)
    shares = np.empty(0) if shown is None else np.full(size, shown)
    periods, states = order_values.Periods(ends, delta, shares, np.full(1, 20.0)), customer_states(1, "test", ["A"])
    kernel(k, states, histories, periods, counts, spend, relations, money)
    np.testing.assert_equal(histories[0, 0], x)
    return money[0], None if life is None else life[0]


def close(values, expected):
    return abs(values.mean() - expected) <= allowed(100) * values.std() / np.sqrt(values.size) + 1e-12


@KINDS
@pytest.mark.parametrize("history", HISTORIES, ids=str)
@pytest.mark.parametrize(("t", "delta"), [(39.0, 0.0), (39.0, 0.02), (520.0, 0.0027)])
def test_mean_is_the_closed_form(kind, history, t, delta):
    future = outlook(kind, history)
    value = drawn(kind, history, t, delta=delta)[0][0]
    assert close(value, float(future.discounted_expected_purchases(t, delta)) * order(history))


@KINDS
@pytest.mark.parametrize("history", HISTORIES, ids=str)
def test_nothing_bought_and_life_have_their_laws(kind, history):
    money, life = drawn(kind, history, 60.0)
    future = outlook(kind, history)
    for s in (0.0, 5.0, 20.0, 59.9):
        assert close(life > s, float(future.probability_alive_after(s)))
    assert close(money[0] == 0, float(future.probability_of_purchases(0, 60.0)))
    assert np.isinf(life[life > 60.0]).all()


@KINDS
def test_payments_fall_into_their_periods(kind):
    history, ends = HISTORIES[1], np.array([5.0, 12.0, 78.0])
    money, _ = drawn(kind, history, ends)
    by_then = outlook(kind, history).expected_purchases(ends) * order(history)
    for period, expected in zip(money, np.diff([0.0, *by_then]), strict=True):
        assert close(period, expected)


@KINDS
@pytest.mark.parametrize("told", [{"weight": 0.0}, {"until": np.inf}], ids=str)
def test_who_is_known_to_be_alive_is_drawn_from_the_alive_branch_alone(kind, told):
    value = drawn(kind, SILENT, 39.0, **told)[0][0]
    assert close(value, float(outlook(kind, SILENT).given_alive().expected_purchases(39.0)) * order(SILENT))


@KINDS
@pytest.mark.parametrize("weight", [0.2, 1.5, 100.0])
def test_what_else_is_known_changes_the_odds_of_having_left(kind, weight):
    history = HISTORIES[1]
    alive = float(outlook(kind, history).alive)
    money, life = drawn(kind, history, 39.0, weight=weight)
    told = alive / (alive + weight * (1 - alive))
    assert close(life > 0, told)
    expected = told * float(outlook(kind, history).given_alive().expected_purchases(39.0)) * order(history)
    assert close(money[0], expected)


@KINDS
def test_purchases_end_with_the_relation(kind):
    history, until = HISTORIES[1], np.where(np.arange(SIZE) % 2 == 0, 6.0, 200.0)
    money, life = drawn(kind, history, 39.0, until=until, one_life=False)
    for limit, horizon in ((6.0, 6.0), (200.0, 39.0)):
        some = until == limit
        assert close(money[0][some], float(outlook(kind, history).expected_purchases(horizon)) * order(history))
        assert (life[some] <= limit).all()
    ended, life = drawn(kind, history, 39.0, until=-3.0)
    assert not ended.any()
    assert (life == -3.0).all()


@KINDS
def test_asking_for_lives_or_counting_elsewhere_does_not_change_what_is_bought(kind):
    history, ends = HISTORIES[3], [5.0, 20.0, 39.0]
    alone, life = drawn(kind, history, ends, size=5000)
    np.testing.assert_array_equal(drawn(kind, history, ends, lives=False, size=5000)[0], alone)
    np.testing.assert_array_equal(drawn(kind, history, ends, until=np.nan, size=5000)[0], alone)
    fewer, same_life = drawn(kind, history, ends, shown=0.6, size=5000)
    np.testing.assert_array_equal(same_life, life)
    np.testing.assert_array_equal(fewer[2], alone[2])
    assert (fewer[:2] <= alone[:2] + 1e-9).all()
    assert fewer[:2].sum() == pytest.approx(0.4 * alone[:2].sum(), rel=0.05)


def test_who_has_no_history_brings_nothing():
    value, life = drawn((3, False), (np.nan,) * 5, 39.0, until=7.0, size=100)
    assert not value.any()
    assert (life == 7.0).all()
    assert np.isnan(drawn((3, False), (np.nan,) * 5, 39.0, size=100)[1]).all()


def test_heavy_buyers_stay_finite():
    value, life = drawn((100, False), (3000, 364.9, 365.0, 3000, 30.0), 18_262.0, size=200)
    assert np.isfinite(value).all()
    assert (life > 0).all()
