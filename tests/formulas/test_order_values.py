"""The compiled loop against closed forms and against the draws it repeats."""

import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas.kernels import order_values
from ltv_bayes.formulas.models import bg_nbd, gamma_gamma, mbg_nbd, nbd
from ltv_bayes.random_streams import customer_states
from tests.chance import FALSE_ALARM, allowed

SIZE = 200_000
PURCHASES = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
HISTORIES = [
    (0, 0.0, 38.86, 0, 0.0),
    (2, 30.43, 38.86, 2, 22.35),
    (7, 29.43, 38.86, 6, 31.5),
    (26, 30.86, 31.0, 26, 40.0),
]


def alike(kernel):
    """The kernel for customers who all have the same parameters, arrays of shape (draws,)."""
    record = order_values.Events if kernel is order_values.nbd_gamma_gamma else order_values.Purchases
    number = len(record._fields) - 1 - len(record._field_defaults)

    def fill(states, histories, ends, delta, *rest, until=None, life=None, one_life=True, shown=(), shown_until=0.0):
        one = np.zeros(len(histories), dtype=np.int64)
        parameters = [values[np.newaxis] for values in rest[: number + 3]]
        counts, spend = record(one, *parameters[:number]), order_values.Spend(one, *parameters[number:])
        unknown = order_values.UNKNOWN
        relations = order_values.Relations(
            unknown if until is None else until, unknown if life is None else life, one_life
        )
        periods = order_values.Periods(ends, delta, np.array(shown, dtype=float), np.full(len(histories), shown_until))
        observed = np.insert(histories, 3, 0.0, axis=1)  # until now
        kernel(states, observed, periods, counts, spend, relations, rest[number + 3])

    return fill


def drawn(history, t, delta, seed=1):
    x, t_x, T, orders, mean = map(float, history)
    money = np.empty((1, 1, SIZE))
    parameters = (np.full(SIZE, number) for number in (*PURCHASES.values(), *SPEND.values()))
    histories = np.array([[x, t_x, T, orders, orders * mean, 1.0]])
    states = customer_states(seed, "test", ["A"])
    alike(order_values.bg_nbd_gamma_gamma)(states, histories, np.array([t]), delta, *parameters, money)
    return money[0, 0]


@pytest.mark.parametrize("history", HISTORIES, ids=str)
@pytest.mark.parametrize(("t", "delta"), [(39.0, 0.0), (39.0, 0.02), (520.0, 0.0027)])
def test_mean_is_the_closed_form(history, t, delta):
    value = drawn(history, t, delta)
    purchases = bg_nbd.discounted_expected_purchases(t, delta, bg_nbd.outlook(*history[:3], **PURCHASES))
    expected = purchases * gamma_gamma.expected_spend(*history[3:], **SPEND)
    assert abs(value.mean() - expected) < allowed() * value.std() / np.sqrt(SIZE)


@pytest.mark.parametrize("history", HISTORIES, ids=str)
def test_chance_of_nothing_is_the_closed_form(history):
    chance = float(bg_nbd.probability_of_purchases(0, 39.0, bg_nbd.outlook(*history[:3], **PURCHASES)))
    nothing = (drawn(history, 39.0, 0.01) == 0).mean()
    assert abs(nothing - chance) < allowed() * np.sqrt(chance * (1 - chance) / SIZE) + 1e-12


@pytest.mark.parametrize("history", HISTORIES, ids=str)
def test_distribution_is_that_of_the_separate_draws(history):
    rng, size = np.random.default_rng(5), 20_000
    future = bg_nbd.Outlook(*(np.full(size, v) for v in bg_nbd.outlook(*history[:3], **PURCHASES)))
    purchases = bg_nbd.draw_purchases(rng, 39.0, future)
    spend = {name: np.full(size, number) for name, number in SPEND.items()}
    nu = gamma_gamma.draw_spend_rate(rng, *history[3:], **spend)
    owner, time = bg_nbd.draw_purchase_times(rng, 39.0, purchases)
    each = gamma_gamma.draw_order_values(rng, SPEND["p"], nu[owner]) * np.exp(-0.02 * time)
    separate = np.bincount(owner, each, size)
    fused = drawn(history, 39.0, 0.02)[:size]
    assert stats.ks_2samp(separate, fused).pvalue > FALSE_ALARM


def test_heavy_buyers_and_extreme_parameters_stay_finite():
    money = np.empty((1, 1, 200))
    heavy = (np.full(200, number) for number in (0.5, 10.0, 1.0, 3.0, 6.0, 3.0, 15.0))
    history, states = np.array([[3000.0, 364.9, 365.0, 3000.0, 9e4, 1.0]]), customer_states(1, "test", ["A"])
    alike(order_values.bg_nbd_gamma_gamma)(states, history, np.array([18_262.0]), 1e-4, *heavy, money)
    assert np.isfinite(money).all()
    rare = (np.full(200, number) for number in (1e-3, 1e6, 1e-3, 1e3, 6.0, 3.0, 15.0))
    alike(order_values.bg_nbd_gamma_gamma)(
        states, np.array([[0.0, 0.0, 1.0, 0.0, 0.0, 1.0]]), np.array([1e4]), 0.0, *rare, money
    )
    assert np.isfinite(money).all()


def test_customers_are_drawn_one_by_one():
    """Together or apart, each customer's draws are the same, and depend on their own stream alone."""
    histories = np.array([[x, t_x, T, n, n * m, 1.0] for x, t_x, T, n, m in HISTORIES], dtype=float)
    parameters = [np.full(300, number) for number in (*PURCHASES.values(), *SPEND.values())]
    ends = np.array([20.0, 39.0])
    together = np.empty((4, 2, 300))
    ids = ["A", "B", "C", "D"]
    alike(order_values.bg_nbd_gamma_gamma)(customer_states(1, "t", ids), histories, ends, 0.01, *parameters, together)
    for row, name in enumerate(ids):
        alone = np.empty((1, 2, 300))
        states = customer_states(1, "t", [name])
        alike(order_values.bg_nbd_gamma_gamma)(states, histories[row : row + 1], ends, 0.01, *parameters, alone)
        np.testing.assert_array_equal(alone[0], together[row])


def test_payments_fall_into_their_periods():
    """Undiscounted, each period holds what the closed form expects of it."""
    money, ends = np.empty((1, 3, SIZE)), np.array([10.0, 39.0, 78.0])
    parameters = [np.full(SIZE, number) for number in (*PURCHASES.values(), *SPEND.values())]
    histories = np.array([[7.0, 29.43, 38.86, 6.0, 6 * 31.5, 1.0]])
    alike(order_values.bg_nbd_gamma_gamma)(customer_states(3, "t", ["A"]), histories, ends, 0.0, *parameters, money)
    future = bg_nbd.outlook(7, 29.43, 38.86, **PURCHASES)
    until = [float(bg_nbd.expected_purchases(t, future)) for t in ends]
    expected = np.diff([0.0, *until]) * float(gamma_gamma.expected_spend(6, 31.5, **SPEND))
    error = money[0].std(axis=1) / np.sqrt(SIZE)
    assert (abs(money[0].mean(axis=1) - expected) < allowed(100) * error).all()


@pytest.mark.parametrize("t", [900.0, 4000.0])
def test_long_horizons_of_heavy_buyers_by_rates_and_by_counts(t):
    """Beyond some mean, purchases come from a rate and a Poisson number instead of by inversion: one law."""
    history = (26, 30.86, 31.0, 26, 40.0)
    value = drawn(history, t, 0.0)
    expected = bg_nbd.expected_purchases(t, bg_nbd.outlook(*history[:3], **PURCHASES))
    expected = expected * gamma_gamma.expected_spend(*history[3:], **SPEND)
    assert abs(value.mean() - expected) < allowed() * value.std() / np.sqrt(SIZE)


ALIVE = (7, 20.0, 38.86, 6, 31.5)  # silent for long: P(alive) 0.29


def drawn_with_limits(history, t, until=None, *, weight=1.0, delta=0.0, seed=1):
    """Money and life of one customer in all draws."""
    x, t_x, T, orders, mean = map(float, history)
    money, life = np.empty((1, 1, SIZE)), np.empty((1, SIZE))
    parameters = (np.full(SIZE, number) for number in (*PURCHASES.values(), *SPEND.values()))
    histories = np.array([[x, t_x, T, orders, orders * mean, weight]])
    limits = None if until is None else np.broadcast_to(until, (1, SIZE)).astype(float)
    states = customer_states(seed, "test", ["A"])
    alike(order_values.bg_nbd_gamma_gamma)(
        states, histories, np.array([t]), delta, *parameters, money, until=limits, life=life
    )
    return money[0, 0], life[0]


def alive_for_sure(history):
    return bg_nbd.outlook(*history[:3], **PURCHASES)._replace(alive=1.0)


@pytest.mark.parametrize(("until", "weight"), [(np.inf, 1.0), (None, 0.0), (np.nan, 0.0)])
def test_who_is_known_to_be_alive_is_drawn_from_the_alive_branch_alone(until, weight):
    value, _ = drawn_with_limits(ALIVE, 39.0, until, weight=weight, delta=0.02)
    purchases = bg_nbd.discounted_expected_purchases(39.0, 0.02, alive_for_sure(ALIVE))
    expected = purchases * gamma_gamma.expected_spend(*ALIVE[3:], **SPEND)
    assert abs(value.mean() - expected) < allowed() * value.std() / np.sqrt(SIZE)
    chance = float(bg_nbd.probability_of_purchases(0, 39.0, alive_for_sure(ALIVE)))
    assert abs((value == 0).mean() - chance) < allowed() * np.sqrt(chance * (1 - chance) / SIZE)


def test_not_using_that_knowledge_would_show():
    unaware = drawn(ALIVE, 39.0, 0.02)
    aware, _ = drawn_with_limits(ALIVE, 39.0, np.inf, delta=0.02)
    assert unaware.mean() < 0.5 * aware.mean()


def test_purchases_end_with_the_relation():
    """Until a limit that differs from draw to draw, the mean is that of the closed form up to each limit."""
    until = np.where(np.arange(SIZE) % 2 == 0, 6.0, 200.0)
    value, life = drawn_with_limits(ALIVE, 39.0, until)
    spend = gamma_gamma.expected_spend(*ALIVE[3:], **SPEND)
    for limit, horizon in ((6.0, 6.0), (200.0, 39.0)):
        some = value[until == limit]
        expected = bg_nbd.expected_purchases(horizon, alive_for_sure(ALIVE)) * spend
        assert abs(some.mean() - expected) < allowed(100) * some.std() / np.sqrt(some.size)
        assert (life[until == limit] <= limit).all()
    assert (life[until == 6.0] == 6.0).any()


@pytest.mark.parametrize("weight", [1.0, 1.5, 4.0, 100.0])
def test_what_else_is_known_changes_the_odds_of_having_left(weight):
    """The mean is that of a customer who is alive, times the probability of being so."""
    value, life = drawn_with_limits(ALIVE, 39.0, weight=weight)
    alive = bg_nbd.probability_alive(*ALIVE[:3], **PURCHASES)
    told = alive / (alive + weight * (1 - alive))
    expected = (
        told * bg_nbd.expected_purchases(39.0, alive_for_sure(ALIVE)) * gamma_gamma.expected_spend(*ALIVE[3:], **SPEND)
    )
    assert abs(value.mean() - expected) < allowed() * value.std() / np.sqrt(SIZE)
    assert abs((life == 0).mean() - (1 - told)) < allowed() * np.sqrt(told * (1 - told) / SIZE)


def test_who_has_ended_elsewhere_buys_nothing_and_unknown_changes_nothing():
    value, life = drawn_with_limits(ALIVE, 39.0, -3.0)
    assert not value.any()
    assert (life == -3.0).all()
    unknown, _ = drawn_with_limits(ALIVE, 39.0, np.nan)
    alone, _ = drawn_with_limits(ALIVE, 39.0)
    np.testing.assert_array_equal(unknown, alone)


@pytest.mark.parametrize("history", [(2, 30.43, 38.86, 2, 22.35), (26, 30.86, 31.0, 26, 40.0), (0, 0.0, 38.86, 0, 0.0)])
def test_life_has_the_law_of_staying_alive(history):
    _, life = drawn_with_limits(history, 60.0)
    future = bg_nbd.outlook(*history[:3], **PURCHASES)
    for s in (0.0, 5.0, 20.0, 59.9):
        chance = float(bg_nbd.probability_alive_after(s, future))
        error = np.sqrt(chance * (1 - chance) / SIZE)
        assert abs((life > s).mean() - chance) < allowed(100) * error + 1e-12
    assert np.isinf(life[life > 60.0]).all()


def test_asking_for_lives_does_not_change_what_is_bought():
    history = (7, 29.43, 38.86, 6, 31.5)
    value, _ = drawn_with_limits(history, 39.0)
    np.testing.assert_array_equal(value, drawn(history, 39.0, 0.0))


def test_who_has_no_history_brings_nothing():
    value, life = drawn_with_limits((np.nan,) * 5, 39.0, 7.0)
    assert not value.any()
    assert (life == 7.0).all()
    assert np.isnan(drawn_with_limits((np.nan,) * 5, 39.0)[1]).all()


LEAVING_AT_ONCE = {"r": 0.52484, "alpha": 6.18308, "a": 0.89136, "b": 1.61400}


def drawn_leaving_at_once(history, ends, *, until=None, weight=1.0, delta=0.0, seed=1, one_life=True):
    """Money by period, and life, of one customer of MBG/NBD in all draws."""
    x, t_x, T, orders, mean = map(float, history)
    ends = np.atleast_1d(ends).astype(float)
    money, life = np.empty((1, ends.size, SIZE)), np.empty((1, SIZE))
    parameters = (np.full(SIZE, number) for number in (*LEAVING_AT_ONCE.values(), *SPEND.values()))
    histories = np.array([[x, t_x, T, orders, orders * mean, weight]])
    limits = None if until is None else np.broadcast_to(until, (1, SIZE)).astype(float)
    states = customer_states(seed, "test", ["A"])
    alike(order_values.mbg_nbd_gamma_gamma)(
        states, histories, ends, delta, *parameters, money, until=limits, life=life, one_life=one_life
    )
    np.testing.assert_equal(histories[0, 0], x)
    return money[0], life[0]


class TestLeavingAtOnce:
    """MBG/NBD: the same loop, one more chance to leave."""

    @pytest.mark.parametrize("history", HISTORIES, ids=str)
    @pytest.mark.parametrize(("t", "delta"), [(39.0, 0.0), (39.0, 0.02), (520.0, 0.0027)])
    def test_mean_is_the_closed_form(self, history, t, delta):
        value = drawn_leaving_at_once(history, t, delta=delta)[0][0]
        future = mbg_nbd.outlook(*history[:3], **LEAVING_AT_ONCE)
        expected = bg_nbd.discounted_expected_purchases(t, delta, future)
        expected = expected * gamma_gamma.expected_spend(*history[3:], **SPEND)
        assert abs(value.mean() - expected) < allowed() * value.std() / np.sqrt(SIZE)

    @pytest.mark.parametrize("history", HISTORIES, ids=str)
    def test_nothing_bought_and_life_have_their_laws(self, history):
        money, life = drawn_leaving_at_once(history, 60.0)
        future = mbg_nbd.outlook(*history[:3], **LEAVING_AT_ONCE)
        for s in (0.0, 5.0, 20.0, 59.9):
            chance = float(bg_nbd.probability_alive_after(s, future))
            assert abs((life > s).mean() - chance) < allowed(100) * np.sqrt(chance * (1 - chance) / SIZE) + 1e-12
        chance = float(bg_nbd.probability_of_purchases(0, 60.0, future))
        assert abs((money[0] == 0).mean() - chance) < allowed() * np.sqrt(chance * (1 - chance) / SIZE)

    def test_payments_fall_into_their_periods(self):
        history, ends = (0, 0.0, 38.86, 0, 0.0), np.array([10.0, 39.0, 78.0])
        money, _ = drawn_leaving_at_once(history, ends)
        future = mbg_nbd.outlook(*history[:3], **LEAVING_AT_ONCE)
        by_then = bg_nbd.expected_purchases(ends, future) * gamma_gamma.expected_spend(*history[3:], **SPEND)
        error = money.std(axis=1) / np.sqrt(SIZE)
        assert (abs(money.mean(axis=1) - np.diff([0.0, *by_then])) < allowed(100) * error).all()

    @pytest.mark.parametrize("history", [(0, 0.0, 38.86, 0, 0.0), ALIVE], ids=str)
    def test_who_is_known_to_be_alive_is_drawn_from_the_alive_branch_alone(self, history):
        known = mbg_nbd.outlook(*history[:3], **LEAVING_AT_ONCE)._replace(alive=1.0)
        expected = bg_nbd.expected_purchases(39.0, known) * gamma_gamma.expected_spend(*history[3:], **SPEND)
        for told in ({"weight": 0.0}, {"until": np.inf}):
            value = drawn_leaving_at_once(history, 39.0, **told)[0][0]
            assert abs(value.mean() - expected) < allowed(100) * value.std() / np.sqrt(SIZE)

    def test_purchases_end_with_the_relation(self):
        until = np.where(np.arange(SIZE) % 2 == 0, 6.0, 200.0)
        money, life = drawn_leaving_at_once((0, 0.0, 38.86, 0, 0.0), 39.0, until=until, one_life=False)
        future = mbg_nbd.outlook(0, 0.0, 38.86, **LEAVING_AT_ONCE)
        for limit, horizon in ((6.0, 6.0), (200.0, 39.0)):
            some = money[0][until == limit]
            expected = bg_nbd.expected_purchases(horizon, future) * gamma_gamma.expected_spend(0, 0.0, **SPEND)
            assert abs(some.mean() - expected) < allowed(100) * some.std() / np.sqrt(some.size)
            assert (life[until == limit] <= limit).all()

    @pytest.mark.parametrize("weight", [0.2, 1.5, 4.0, 100.0])
    def test_what_else_is_known_changes_the_odds_of_having_left(self, weight):
        history = (0, 0.0, 38.86, 0, 0.0)
        money, life = drawn_leaving_at_once(history, 39.0, weight=weight)
        future = mbg_nbd.outlook(*history[:3], **LEAVING_AT_ONCE)
        alive = future.alive / (future.alive + weight * (1 - future.alive))
        assert abs((life > 0).mean() - alive) < allowed() * np.sqrt(alive * (1 - alive) / SIZE)
        expected = bg_nbd.expected_purchases(39.0, future._replace(alive=alive))
        expected = expected * gamma_gamma.expected_spend(*history[3:], **SPEND)
        assert abs(money.mean() - expected) < allowed() * money.std() / np.sqrt(SIZE)

    def test_what_is_counted_elsewhere_is_left_out(self):
        history = (2, 30.43, 38.86, 2, 22.35)
        money = np.empty((1, 1, SIZE))
        parameters = (np.full(SIZE, number) for number in (*LEAVING_AT_ONCE.values(), *SPEND.values()))
        histories = np.array([[2.0, 30.43, 38.86, 2.0, 2 * 22.35, 1.0]])
        more = {"shown": np.full(SIZE, 0.75), "shown_until": 39.0}
        alike(order_values.mbg_nbd_gamma_gamma)(
            customer_states(2, "test", ["A"]), histories, np.array([39.0]), 0.0, *parameters, money, **more
        )
        expected = bg_nbd.expected_purchases(39.0, mbg_nbd.outlook(*history[:3], **LEAVING_AT_ONCE))
        expected = 0.25 * expected * gamma_gamma.expected_spend(*history[3:], **SPEND)
        assert abs(money.mean() - expected) < allowed() * money.std() / np.sqrt(SIZE)

    def test_who_has_no_history_brings_nothing(self):
        money, life = drawn_leaving_at_once((np.nan,) * 5, 39.0, until=7.0)
        assert not money.any()
        assert (life == 7.0).all()


EVENTS = {"r": 1.5, "alpha": 20.0}


def drawn_events(history, t, until=None, delta=0.0, spend=SPEND):
    x, T, orders, mean = map(float, history)
    money = np.empty((1, 1, SIZE))
    parameters = (np.full(SIZE, number) for number in (*EVENTS.values(), *spend.values()))
    limits = None if until is None else np.broadcast_to(until, (1, SIZE)).astype(float)
    histories = np.array([[x, 0.0, T, orders, orders * mean, 1.0]])
    states = customer_states(1, "test", ["A"])
    alike(order_values.nbd_gamma_gamma)(states, histories, np.array([t]), delta, *parameters, money, until=limits)
    return money[0, 0]


@pytest.mark.parametrize("history", [(0, 10.0, 0, 0.0), (4, 52.0, 3, 25.0), (300, 52.0, 300, 31.0)], ids=str)
@pytest.mark.parametrize("delta", [0.0, 0.02])
def test_events_while_alive_are_the_closed_form(history, delta):
    value = drawn_events(history, 39.0, delta=delta)
    events = nbd.discounted_expected_events(39.0, delta, *history[:2], **EVENTS)
    expected = events * gamma_gamma.expected_spend(*history[2:], **SPEND)
    assert abs(value.mean() - expected) < allowed() * value.std() / np.sqrt(SIZE)


def test_number_of_events_is_negative_binomial():
    """With orders that are worth 1 nearly exactly, money counts events."""
    exact = {"p": 1e9, "q": 1e9, "v": 1.0 - 1e-9}
    counts = np.round(drawn_events((4, 52.0, 0, 0.0), 39.0, spend=exact)).astype(int)
    law = stats.nbinom(EVENTS["r"] + 4, (EVENTS["alpha"] + 52.0) / (EVENTS["alpha"] + 52.0 + 39.0))
    seen, expected = np.bincount(np.minimum(counts, 15), minlength=16), SIZE * law.pmf(np.arange(16))
    expected[15] = SIZE * law.sf(14)
    assert stats.chisquare(seen, expected).pvalue > FALSE_ALARM


def test_events_end_with_the_relation():
    until = np.where(np.arange(SIZE) % 2 == 0, 13.0, np.nan)
    value = drawn_events((4, 52.0, 3, 25.0), 39.0, until)
    spend = gamma_gamma.expected_spend(3, 25.0, **SPEND)
    for some, t in ((value[until == 13.0], 13.0), (value[np.isnan(until)], 39.0)):
        expected = nbd.expected_events(t, 4, 52.0, **EVENTS) * spend
        assert abs(some.mean() - expected) < allowed(100) * some.std() / np.sqrt(some.size)
    assert not drawn_events((4, 52.0, 3, 25.0), 39.0, 0.0).any()
