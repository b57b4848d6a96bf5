"""What all draws say of a customer at once is what the closed forms say of each."""

import numpy as np
import pytest

from ltv_bayes.formulas.kernels import order_values
from ltv_bayes.formulas.kernels.future import outlooks
from ltv_bayes.formulas.models import bg_nbd
from ltv_bayes.formulas.models.operational_time import Clock, OnClock

DRAWS = 203
HISTORIES = [
    (0, 0.0, 38.86),
    (1, 38.86, 38.86),
    (2, 30.43, 38.86),
    (7, 29.43, 38.86),
    (26, 3.86, 31.0),
    (900, 30.0, 31.0),
]


@pytest.fixture(scope="module")
def parameters():
    """Draws of r, alpha, a and b, far from each other."""
    rng = np.random.default_rng(1)
    return {name: np.exp(rng.normal(np.log(typical), 1, DRAWS)) for name, typical in CDNOW.items()}


CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
WEEKLY = Clock.of(7.0, -8, np.random.default_rng(2).uniform(0.5, 2.0, (DRAWS, 12)))


@outlooks.kernel_uncounted
def look(row, horizon, clock, purchases, relations, room):
    outlooks.look_ahead_of_buyer(0, row, horizon, clock, purchases, relations, room)


def ahead_of(history, parameters, horizon, *, clock=None, weight=1.0, ended=0.0, first=None):
    """What lies ahead of one customer in each draw."""
    one, unknown = np.zeros(1, dtype=np.int64), order_values.UNKNOWN
    at_once = unknown if first is None else first[np.newaxis]
    purchases = order_values.Purchases(one, *(values[np.newaxis] for values in parameters.values()), at_once)
    relations = order_values.Relations(unknown, unknown, True)
    room, row = outlooks.room_ahead(DRAWS), np.array([*history, ended, 0.0, 0.0, weight])
    look(row, horizon, clock or Clock(), purchases, relations, room)
    return room


@pytest.mark.parametrize("history", HISTORIES, ids=str)
@pytest.mark.parametrize("clock", [None, WEEKLY], ids=["calendar", "clock"])
def test_alive_and_nothing_bought(history, clock, parameters):
    """P(alive) and P(no purchase) of each draw, to the last digits."""
    found = ahead_of(history, parameters, 20.0, clock=clock, ended=0.0 if clock is None else 3.0)
    if clock is None:
        outlook = bg_nbd.outlook(*history, **parameters)
    else:
        outlook = OnClock(bg_nbd, clock).outlook(*history, 3.0, draw=np.arange(DRAWS), **parameters)
    nothing = 1 - (1 - found.none) / found.unsure
    np.testing.assert_allclose(1 / found.unsure, outlook.alive, rtol=1e-11)
    np.testing.assert_allclose(nothing, outlook.probability_of_purchases(0, 20.0), rtol=1e-11)


def test_a_long_silence_of_a_heavy_buyer_leaves_no_doubt(parameters):
    found = ahead_of((3000, 10.0, 5000.0), parameters, 52.0)
    assert (1 / found.unsure < 1e-100).all()
    assert np.isfinite(found.none).all()


@pytest.mark.parametrize("history", HISTORIES[1:4], ids=str)
@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_what_else_is_known_multiplies_the_odds_of_having_left(history, weight, parameters):
    odds = 1 / bg_nbd.outlook(*history, **parameters).alive - 1
    np.testing.assert_allclose(ahead_of(history, parameters, 20.0, weight=weight).unsure, 1 + weight * odds, rtol=1e-11)


def test_some_leave_right_after_the_first_purchase(parameters):
    """Odds of a share that bought once and left, over silence since then, by Bayes' rule."""
    share = np.random.default_rng(3).uniform(0.05, 0.6, DRAWS)
    found = ahead_of((0, 0.0, 38.86), parameters, 20.0, first=share)
    silent = (parameters["alpha"] / (parameters["alpha"] + 38.86)) ** parameters["r"]
    np.testing.assert_allclose(1 / found.unsure, (1 - share) * silent / ((1 - share) * silent + share), rtol=1e-11)
