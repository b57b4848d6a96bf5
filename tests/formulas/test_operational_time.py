"""The clock of calendar effects, read in compiled loops, against the same formulas in NumPy."""

import numpy as np
import pytest

from ltv_bayes.formulas.models import bg_nbd, nbd
from ltv_bayes.formulas.models.operational_time import Clock, OnClock

DRAWS = 7
CLOCK = Clock.of(4.35, -10, np.random.default_rng(1).gamma(8.0, 0.15, (DRAWS, 24)))
EVERY = np.arange(DRAWS)


def operational(clock, draw, time):
    """G at times from now."""
    from_as_of = np.asarray(time) + clock.now
    period = np.clip(np.floor(from_as_of / clock.length) - clock.first, 0, clock.factors.shape[1] - 1).astype(int)
    since = from_as_of - (period + clock.first) * clock.length
    return clock.steps[draw, period] + clock.factors[draw, period] * since


def calendar(clock, draw, value):
    """The time from now at which G has a value: in the last period that begins at or before it."""
    draw, value = np.broadcast_arrays(draw, value)
    begun = (clock.steps[draw, :-1] <= value[..., np.newaxis]).sum(axis=-1)
    period = np.maximum(begun - 1, 0)
    since = (value - clock.steps[draw, period]) / clock.factors[draw, period]
    return (period + clock.first) * clock.length + since - clock.now


def close(found, expected):
    """As many digits as sums of factors have."""
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-11)


@pytest.mark.parametrize("now", [0.0, 7.7, -80.0, 500.0])
@pytest.mark.parametrize(
    ("draw", "time"),
    [
        (3, 2.5),
        (3, np.linspace(-90.0, 130.0, 50)),
        (EVERY, -41.3),
        (EVERY, np.linspace(-90.0, 130.0, DRAWS)),
        (EVERY[:, np.newaxis], np.linspace(-90.0, 130.0, 50)),
        (EVERY[:, np.newaxis], np.array([4.35])),
        (EVERY[::-2], np.linspace(-60.0, 60.0, 8)[::2]),
        (EVERY[:0], np.empty(0)),
    ],
    ids=["one", "of one draw", "of all", "pairs", "table", "column", "not side by side", "none"],
)
class TestAgainstNumPy:
    def test_operational_time(self, now, draw, time):
        clock = CLOCK.seen_from(now)
        close(clock.rows(draw).at(time), operational(clock, draw, time))

    def test_calendar_time(self, now, draw, time):
        clock = CLOCK.seen_from(now)
        close(clock.rows(draw).time(time), calendar(clock, draw, time))


def test_beyond_all_periods():
    """The nearest period holds there; no time has no operational time."""
    hands = CLOCK.rows(2)
    assert hands.at([-np.inf, np.inf]).tolist() == [-np.inf, np.inf]
    assert np.isnan(hands.at(np.nan))
    assert hands.at(1e9) - hands.at(1e9 - 1) == pytest.approx(CLOCK.factors[2, -1], rel=1e-6)
    assert hands.at(1 - 1e9) - hands.at(-1e9) == pytest.approx(CLOCK.factors[2, 0], rel=1e-6)


def test_a_single_draw_is_read_as_among_others():
    times = np.linspace(-60.0, 90.0, 40)
    every = CLOCK.rows(EVERY[:, np.newaxis])
    for draw in EVERY:
        np.testing.assert_array_equal(CLOCK.rows(draw).at(times), every.at(times)[draw])
        np.testing.assert_array_equal(CLOCK.rows(draw).time(times), every.time(times)[draw])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_drawn_purchases_lie_on_the_clock(seed):
    """Their numbers and moments are those of the model without a clock, within the operational time."""
    parameters = {"r": 0.8, "alpha": 5.0, "a": 0.7, "b": 2.5}
    draw, t = np.tile(EVERY, 300), 30.0
    future = OnClock(bg_nbd, CLOCK).outlook(3, 20.0, 35.0, draw=draw, **parameters)
    drawn = future.draw(np.random.default_rng(seed), t)
    owner, when = drawn.times(np.random.default_rng(seed + 10), t)
    start = operational(CLOCK, draw, -35.0)
    times = operational(CLOCK, draw, -15.0) - start, operational(CLOCK, draw, 0.0) - start
    within = operational(CLOCK, draw, t)
    plain = bg_nbd.outlook(3, *times, **parameters)
    same = bg_nbd.draw_purchases(np.random.default_rng(seed), within, plain)
    np.testing.assert_array_equal(drawn.number, same.number)
    of, moment = same.times(np.random.default_rng(seed + 10), within)
    np.testing.assert_array_equal(owner, of)
    close(when, calendar(CLOCK, draw[of], moment))
    assert len(when) > 1000
    assert ((when > 0) & (when <= t)).all()


def test_drawn_events_lie_on_the_clock():
    draw, t = np.tile(EVERY, 300), 30.0
    events = nbd.EventsOnClock(CLOCK)
    owner, when = events.draw_times(np.random.default_rng(4), t, 3, 35.0, draw=draw, r=0.8, alpha=5.0)
    rng = np.random.default_rng(4)
    exposure = operational(CLOCK, draw, 0.0) - operational(CLOCK, draw, -35.0)
    number = nbd.draw_events(rng, operational(CLOCK, draw, t), 3, exposure, r=0.8, alpha=5.0)
    np.testing.assert_array_equal(np.bincount(owner, minlength=draw.size), number)
    moment = operational(CLOCK, draw[owner], t) * rng.random(owner.size)
    close(when, np.minimum(calendar(CLOCK, draw[owner], moment), t))
