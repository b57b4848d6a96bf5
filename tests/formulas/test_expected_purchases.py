"""Expected discounted purchases over all draws at once, against closed forms and numerical integrals."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from ltv_bayes.formulas.kernels.future.purchases import expected_discounted
from ltv_bayes.formulas.models import bg_nbd, mbg_nbd
from ltv_bayes.formulas.models.leaving_at_once import LeavingAtOnce
from ltv_bayes.formulas.models.operational_time import Clock, OnClock

CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
RANGE = np.genfromtxt(Path(__file__).parent / "means_over_dropout.csv", delimiter=",", names=True)


def table(frequencies=(0, 1, 2, 7, 26, 63, 64, 65, 130, 700), times=(0.0, 0.3, 3.0, 26.9, 39.0, 104.0)):
    x, T = map(np.ravel, np.meshgrid(np.array(frequencies, dtype=float), times))
    return np.column_stack([x, np.where(x > 0, 0.8 * T, 0.0), T])


def found(histories, t, delta, *, at_once=False, **drawn):
    draws = {name: np.atleast_1d(values) for name, values in drawn.items()}
    return expected_discounted(histories, draws, t=t, delta=delta, at_once=at_once)


def close(ours, theirs, rel=1e-8):
    some = theirs > 1e-280
    np.testing.assert_allclose(ours[some], theirs[some], rtol=rel)
    assert (ours[~some] <= 1e-279).all()


@pytest.mark.parametrize(("t", "delta"), [(0.1, 0.0), (39.0, 0.0), (39.0, 0.02), (156.5, 0.00183), (5000.0, 0.0027)])
@pytest.mark.parametrize(("formulas", "at_once"), [(bg_nbd, False), (mbg_nbd, True)])
def test_is_the_closed_form(t, delta, formulas, at_once):
    histories = table()
    expected = bg_nbd.discounted_expected_purchases(t, delta, formulas.outlook(*histories.T, **CDNOW))
    close(found(histories, t, delta, at_once=at_once, **CDNOW)[0], expected, 1e-9)


def test_is_the_integral_of_published_formulas():
    """The rate of Fader, Hardie & Lee, with P(alive) of Hardie's note 021, integrated by another rule."""
    r, alpha, a, b = CDNOW.values()
    x, t_x, T, delta = 2.0, 30.43, 38.86, 0.0027

    def rate(s):
        w = s / (alpha + T)
        staying = special.hyp2f1(r + x + 1, a, a + b + x, -w)
        return (r + x) / (alpha + T) * staying * np.exp(-delta * s)

    alive = 1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x))
    expected = alive * integrate.quad(rate, 0, 156, epsabs=0, epsrel=1e-12)[0]
    assert found(np.array([[x, t_x, T]]), 156.0, delta, **CDNOW).item() == pytest.approx(expected, rel=1e-10)


def test_are_means_over_dropout_by_mpmath():
    """A customer of x = 0 observed for no time, with B = alpha = 1, over all that priors may hold possible."""
    ours = np.array(
        [found(np.zeros((1, 3)), row["w"], 0.0, r=row["A"], alpha=1.0, a=row["a"], b=row["C"]).item() for row in RANGE]
    )
    known = np.isfinite(ours)
    assert known.mean() > 0.6
    np.testing.assert_allclose(ours[known], RANGE["purchases"][known], rtol=1e-8)


def size(low, high):
    return st.floats(low, high).map(lambda exponent: 10.0**exponent)


@given(
    st.fixed_dictionaries({"r": size(-2, 2), "alpha": size(-1, 3), "a": size(-2, 3), "b": size(-2, 3)}),
    size(-1, 3),
    size(-4, -1),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_is_the_closed_form_at_any_parameters(drawn, t, delta, at_once):
    histories = table()
    formulas = mbg_nbd if at_once else bg_nbd
    expected = bg_nbd.discounted_expected_purchases(t, delta, formulas.outlook(*histories.T, **drawn))
    close(found(histories, t, delta, at_once=at_once, **drawn)[0], expected)


def test_a_share_that_leaves_at_once_is_that_of_the_formulas():
    histories, formulas = table(), LeavingAtOnce(bg_nbd)
    expected = formulas.outlook(*histories.T, first_dropout=0.3, **CDNOW).discounted_expected_purchases(52.0, 0.01)
    close(found(histories, 52.0, 0.01, first_dropout=0.3, **CDNOW)[0], expected)
    assert (expected[histories[:, 0] == 0] < found(histories, 52.0, 0.01, **CDNOW)[0][histories[:, 0] == 0]).all()


def test_a_slice_is_the_whole_to_the_last_digit():
    """No number depends on who else is asked about, nor on the other draws."""
    rng = np.random.default_rng(1)
    drawn = {name: value * rng.lognormal(0, 0.3, 70) for name, value in CDNOW.items()}
    histories = table()
    whole = found(histories, 156.5, 0.002, **drawn)
    for some in ([5], [0, 17, 40], slice(30, None), slice(None, None, -1)):
        np.testing.assert_array_equal(found(histories[some], 156.5, 0.002, **drawn), whole[:, some])
    few = {name: values[40:43] for name, values in drawn.items()}
    np.testing.assert_array_equal(found(histories, 156.5, 0.002, **few), whole[40:43])


class TestOnAClock:
    @pytest.fixture
    def clock(self):
        return Clock.of(4.35, -10, np.random.default_rng(2).gamma(8.0, 0.15, (3, 20)))

    @pytest.mark.parametrize("now", [0.0, 7.7])
    @pytest.mark.parametrize(("t", "delta"), [(39.0, 0.0), (39.0, 0.02), (156.0, 0.0018)])
    def test_is_the_sum_over_periods(self, clock, now, t, delta):
        clock = clock.seen_from(now)
        histories = np.column_stack([table(times=(3.0, 26.9, 39.0)), np.tile([0.0, 1.0, 2.5], 10)])
        drawn = {name: value * np.array([0.8, 1.0, 1.3]) for name, value in CDNOW.items()}
        columns = {name: value[:, np.newaxis] for name, value in drawn.items()}
        future = OnClock(bg_nbd, clock).outlook(*histories.T, **columns, draw=np.arange(3)[:, np.newaxis])
        expected = future.discounted_expected_purchases(t, delta)
        close(expected_discounted(histories, drawn, t=t, delta=delta, clock=clock), expected)

    def test_is_the_integral_of_factor_times_rate(self, clock):
        history, delta, t, draw = np.array([[2.0, 20.0, 39.0, 0.0]]), 0.01, 60.0, 1
        ours = expected_discounted(
            history, {name: np.full(3, one) for name, one in CDNOW.items()}, t=t, delta=delta, clock=clock
        )[draw, 0]
        hands, factors = clock.rows(draw), clock.factors[draw]
        recency, T = OnClock(bg_nbd, clock).histories(20.0, 39.0, draw)
        future = bg_nbd.outlook(2, recency, T, **CDNOW)

        def rate(u):
            factor = factors[min(int(u // 4.35) + 10, 19)]
            return factor * bg_nbd.purchase_rate(hands.at(u), future) * np.exp(-delta * u)

        edges = np.append(np.arange(0, t, 4.35), t)
        pairs = itertools.pairwise(edges)
        expected = sum(integrate.quad(rate, low + 1e-12, high - 1e-12, epsrel=1e-11)[0] for low, high in pairs)
        assert ours == pytest.approx(expected, rel=1e-8)

    def test_a_rate_twice_as_high_is_half_the_alpha(self):
        clock = Clock.of(1.0, -200, np.full((1, 300), 2.0))
        histories, others = table(), {**CDNOW, "alpha": CDNOW["alpha"] / 2}
        ours = expected_discounted(
            histories, {name: np.array([one]) for name, one in CDNOW.items()}, t=52.0, delta=0.003, clock=clock
        )
        np.testing.assert_allclose(ours, found(histories, 52.0, 0.003, **others), rtol=1e-9)
