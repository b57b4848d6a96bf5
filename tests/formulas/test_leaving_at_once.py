"""A share of customers who leave right after the first purchase: by hand, by integrals, and by the process itself."""

import numpy as np
import pytest

from ltv_bayes.formulas.kernels import order_values, regular_order_values
from ltv_bayes.formulas.kernels.tables import purchase_tables
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma
from ltv_bayes.formulas.models.bg_cnbd import RegularFormulas
from ltv_bayes.formulas.models.leaving_at_once import LeavingAtOnce
from ltv_bayes.random_streams import customer_states
from tests.chance import allowed
from tests.formulas.kernels import alone, value_alone
from tests.formulas.test_likelihoods import PURCHASES, histories, slopes_fit, total

CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
ONCE, AGAIN = (0, 0.0, 38.86), (2, 30.43, 38.86)
WITHIN = {1: bg_nbd, 3: RegularFormulas(3)}
NAMES = {1: "bg_nbd_at_once", 3: "bg_cnbd_at_once"}
KINDS = pytest.mark.parametrize("k", WITHIN)
CUSTOMERS, DRAWS = 300_000, 200_000


@KINDS
@pytest.mark.parametrize("history", [ONCE, AGAIN], ids=str)
def test_where_none_leaves_it_is_the_model_within_to_the_last_digit(k, history):
    ours, within = LeavingAtOnce(WITHIN[k]), WITHIN[k]
    for zero in ({}, {"first_dropout": 0.0}):
        assert ours.log_likelihood(*history, **CDNOW, **zero) == within.log_likelihood(*history, **CDNOW)
        assert ours.probability_alive(*history, **CDNOW, **zero) == within.probability_alive(*history, **CDNOW)
        new, usual = (one.outlook_of_new_customer(**CDNOW) for one in (ours, within))
        for mine, theirs in (
            (ours.outlook(*history, **CDNOW, **zero), within.outlook(*history, **CDNOW)),
            (new, usual),
        ):
            assert mine.expected_purchases(39.0) == theirs.expected_purchases(39.0)
            assert mine.alive == theirs.alive


def test_by_hand():
    """pi = 0.3 and S = (alpha / (alpha + T))^r."""
    silence = (4.414 / (4.414 + 38.86)) ** 0.243
    ours, pi = LeavingAtOnce(), {"first_dropout": 0.3}
    assert ours.log_likelihood(*ONCE, **CDNOW, **pi) == pytest.approx(np.log(0.3 + 0.7 * silence), rel=1e-12)
    alive = 0.7 * silence / (0.3 + 0.7 * silence)
    assert ours.probability_alive(*ONCE, **CDNOW, **pi) == pytest.approx(alive, rel=1e-12)
    again = bg_nbd.log_likelihood(*AGAIN, **CDNOW) + np.log(0.7)
    assert ours.log_likelihood(*AGAIN, **CDNOW, **pi) == pytest.approx(again, rel=1e-12)
    assert ours.probability_alive(*AGAIN, **CDNOW, **pi) == bg_nbd.probability_alive(*AGAIN, **CDNOW)
    assert ours.outlook_of_new_customer(**CDNOW, **pi).alive == pytest.approx(0.7, rel=1e-12)


def test_regular_purchases_by_hand():
    """Silence is that of fewer than three events."""
    z, r = 38.86 / (4.414 + 38.86), 0.243
    silence = (1 - z) ** r * (1 + r * z + r * (r + 1) / 2 * z**2)
    ours, pi = LeavingAtOnce(RegularFormulas(3)), {"first_dropout": 0.3}
    assert ours.log_likelihood(*ONCE, **CDNOW, **pi) == pytest.approx(np.log(0.3 + 0.7 * silence), rel=1e-12)
    alive = 0.7 * silence / (0.3 + 0.7 * silence)
    assert ours.probability_alive(*ONCE, **CDNOW, **pi) == pytest.approx(alive, rel=1e-12)


@KINDS
def test_all_histories_together_have_probability_1(k):
    """The sum over numbers of purchases of the integral over the moment of the last, in BG/NBD's convention."""
    ours, T, pi = LeavingAtOnce(WITHIN[k]), 20.0, {"first_dropout": 0.3}
    parameters = {"r": 1.4, "alpha": 12.0, "a": 0.8, "b": 2.4}
    node, weight = np.polynomial.legendre.leggauss(60)
    t_x, weight = (node + 1) * T / 2, weight * T / 2
    found = float(np.exp(ours.log_likelihood(0, 0.0, T, **parameters, **pi)))
    for x in range(1, 60):
        moments = t_x ** (x - 1) / np.exp(np.sum(np.log(np.arange(1, x))))  # of those before the last, anywhere
        found += float(weight @ (np.exp(ours.log_likelihood(x, t_x, T, **parameters, **pi)) * moments))
    assert found == pytest.approx(1.0, abs=1e-6)


@pytest.fixture(scope="module", params=WITHIN)
def simulated(request):
    """What customers did up to T and in the time after, event by event; a share left right after the first purchase."""
    k, rng, T, t = request.param, np.random.default_rng(4), 38.86, 20.0
    truth = {"r": 0.6, "alpha": 6.0 / k, "a": 0.9, "b": 1.6, "first_dropout": 0.35}
    rate, leaving = rng.gamma(0.6, k / 6.0, CUSTOMERS), rng.beta(0.9, 1.6, CUSTOMERS)
    before, after, last, now = (np.zeros(CUSTOMERS) for _ in range(4))
    stays, alive = rng.random(CUSTOMERS) >= 0.35, np.zeros(CUSTOMERS, bool)
    while stays.any():
        now = np.where(stays, now + rng.gamma(k, 1 / np.maximum(rate, 1e-300)), np.inf)
        alive |= stays & (now > T)
        before, last = before + (now <= T), np.where(now <= T, now, last)
        after += (now > T) & (now <= T + t)
        stays &= (now <= T + t) & (rng.random(CUSTOMERS) >= leaving)
    return LeavingAtOnce(WITHIN[k]), truth, {"x": before, "t_x": last, "T": T, "t": t, "alive": alive, "after": after}


def test_numbers_of_purchases_are_those_of_the_process(simulated):
    ours, truth, seen = simulated
    new = ours.outlook_of_new_customer(**truth)
    chance = np.array([new.probability_of_purchases(n, seen["T"]) for n in range(5)])
    share = np.bincount(seen["x"].astype(int))[:5] / CUSTOMERS
    assert (abs(share - chance) < allowed(100) * np.sqrt(chance * (1 - chance) / CUSTOMERS)).all()


@pytest.mark.parametrize("purchases", [0, 1, 3])
def test_who_is_alive_and_what_they_buy_is_as_in_the_process(simulated, purchases):
    ours, truth, seen = simulated
    group = np.flatnonzero(seen["x"] == purchases)[:20_000]
    future = ours.outlook(purchases, seen["t_x"][group], seen["T"], **truth)
    for happened, expected in (("alive", future.alive), ("after", future.expected_purchases(seen["t"]))):
        off = seen[happened][group] - expected
        assert abs(off.mean()) < allowed(100) * off.std() / np.sqrt(group.size)


@KINDS
@pytest.mark.parametrize("pi", [1e-6, 0.2, 0.9])
@pytest.mark.parametrize("at", [PURCHASES[0], PURCHASES[1], PURCHASES[4], PURCHASES[6]])
def test_the_compiled_likelihood_is_the_formula(k, pi, at):
    columns = histories(2000, True, 40, seed=3)
    *data, count = columns
    tables = purchase_tables(*columns, once_too=k > 1, k=k if k > 1 else None)
    named = {**dict(zip(bg_nbd.PARAMETERS, at, strict=True)), "first_dropout": pi}
    expected = total(LeavingAtOnce(WITHIN[k]).log_likelihood(*data, **named), count)
    assert alone(NAMES[k], (*at, pi), tables)[0] == pytest.approx(expected, rel=1e-10)
    assert value_alone(NAMES[k], (*at, pi), tables) == pytest.approx(expected, rel=1e-10)
    if pi < 0.9:
        slopes_fit(NAMES[k], tables, (*at, pi))


@KINDS
def test_without_a_share_the_compiled_likelihood_is_that_of_the_model_within(k):
    tables = purchase_tables(*histories(2000, True, 40, seed=3), once_too=k > 1, k=k if k > 1 else None)
    within = {1: "bg_nbd", 3: "bg_cnbd"}[k]
    assert alone(NAMES[k], (*PURCHASES[0], 0.0), tables)[:5] == alone(within, PURCHASES[0], tables)


def drawn(k, history, pi, t, weight=1.0, lives=False):
    """Money and life of one customer in all draws of the compiled loop."""
    (x, t_x, T), one = history, np.zeros(1, dtype=np.int64)
    money, life = np.empty((1, 1, DRAWS)), np.empty((1, DRAWS))
    parameters = {**CDNOW, **({} if pi is None else {"first_dropout": pi})}
    counts = order_values.Purchases(one, **{name: np.full((1, DRAWS), v) for name, v in parameters.items()})
    spend = order_values.Spend(one, *(np.full((1, DRAWS), v) for v in SPEND.values()))
    past = np.array([[x, t_x, T, 0.0, x, x * 22.35, weight]], dtype=float)
    kernel = order_values.bg_nbd_gamma_gamma
    rest = () if k == 1 else (k,)
    if k > 1:
        kernel = regular_order_values.bg_cnbd_gamma_gamma
    relations = order_values.Relations(life=life) if lives else order_values.Relations()
    periods, states = order_values.Periods(np.array([t]), 0.0, shown_until=np.zeros(1)), customer_states(1, "t", ["A"])
    kernel(*rest, states, past, periods, counts, spend, relations, money)
    return money[0, 0], life[0]


@KINDS
@pytest.mark.parametrize("history", [ONCE, AGAIN], ids=str)
def test_draws_of_value_have_the_mean_and_the_chance_of_nothing(k, history):
    future = LeavingAtOnce(WITHIN[k]).outlook(*history, **CDNOW, first_dropout=0.3)
    orders = history[0], 22.35 if history[0] else 0.0
    money, _ = drawn(k, history, 0.3, 52.0)
    expected = float(future.expected_purchases(52.0)) * float(gamma_gamma.expected_spend(*orders, **SPEND))
    assert abs(money.mean() - expected) < allowed(10) * money.std() / np.sqrt(DRAWS)
    nothing = float(future.probability_of_purchases(0, 52.0))
    assert abs((money == 0).mean() - nothing) < allowed(10) * np.sqrt(nothing * (1 - nothing) / DRAWS)


@KINDS
@pytest.mark.parametrize("weight", [0.0, 0.05, 1.0])
def test_lives_are_weighed_by_what_else_is_known(k, weight):
    """A factor on the odds of having left; 0 is who is known to be alive."""
    alive = float(LeavingAtOnce(WITHIN[k]).probability_alive(*ONCE, **CDNOW, first_dropout=0.3))
    expected = alive / (alive + weight * (1 - alive))
    _, life = drawn(k, ONCE, 0.3, 52.0, weight, lives=True)
    assert abs((life > 0).mean() - expected) < allowed(10) * np.sqrt(expected * (1 - expected) / DRAWS) + 1e-12


@KINDS
def test_without_a_share_draws_of_value_are_those_of_the_model_within(k):
    for history in (ONCE, AGAIN):
        np.testing.assert_array_equal(drawn(k, history, 0.0, 52.0)[0], drawn(k, history, None, 52.0)[0])
