"""The compiled loop against closed forms and against the draws it repeats."""

import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas import bg_nbd, fused_draws, gamma_gamma

SIZE = 200_000
PURCHASES = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
HISTORIES = [
    (0, 0.0, 38.86, 0, 0.0),
    (2, 30.43, 38.86, 2, 22.35),
    (7, 29.43, 38.86, 6, 31.5),
    (26, 30.86, 31.0, 26, 40.0),
]


def drawn(history, t, delta, seed=1):
    x, t_x, T, orders, mean = map(float, history)
    money = np.empty((1, SIZE))
    parameters = (np.full(SIZE, number) for number in (*PURCHASES.values(), *SPEND.values()))
    rng = np.random.Generator(np.random.Philox(seed))
    fused_draws.bg_nbd_gamma_gamma(rng, x, t_x, T, orders, orders * mean, np.array([t]), delta, *parameters, money)
    return money[0]


@pytest.mark.parametrize("history", HISTORIES, ids=str)
@pytest.mark.parametrize(("t", "delta"), [(39.0, 0.0), (39.0, 0.02), (520.0, 0.0027)])
def test_mean_is_the_closed_form(history, t, delta):
    value = drawn(history, t, delta)
    purchases = bg_nbd.discounted_expected_purchases(t, delta, bg_nbd.outlook(*history[:3], **PURCHASES))
    expected = purchases * gamma_gamma.expected_spend(*history[3:], **SPEND)
    assert abs(value.mean() - expected) < 4 * value.std() / np.sqrt(SIZE)


@pytest.mark.parametrize("history", HISTORIES, ids=str)
def test_chance_of_nothing_is_the_closed_form(history):
    chance = float(bg_nbd.probability_of_purchases(0, 39.0, bg_nbd.outlook(*history[:3], **PURCHASES)))
    nothing = (drawn(history, 39.0, 0.01) == 0).mean()
    assert abs(nothing - chance) < 4 * np.sqrt(chance * (1 - chance) / SIZE) + 1e-12


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
    assert stats.ks_2samp(separate, fused).pvalue > 1e-3


def test_heavy_buyers_and_extreme_parameters_stay_finite():
    money = np.empty((1, 200))
    heavy = (np.full(200, number) for number in (0.5, 10.0, 1.0, 3.0, 6.0, 3.0, 15.0))
    rng = np.random.default_rng(1)
    fused_draws.bg_nbd_gamma_gamma(rng, 3000.0, 364.9, 365.0, 3000.0, 9e4, np.array([18_262.0]), 1e-4, *heavy, money)
    assert np.isfinite(money).all()
    rare = (np.full(200, number) for number in (1e-3, 1e6, 1e-3, 1e3, 6.0, 3.0, 15.0))
    fused_draws.bg_nbd_gamma_gamma(rng, 0.0, 0.0, 1.0, 0.0, 0.0, np.array([1e4]), 0.0, *rare, money)
    assert np.isfinite(money).all()
