"""Formulas are right, or at least finite and within their bounds, over all that priors may hold possible.

`means_over_dropout.csv` has 700 points, drawn log-uniformly with a and C from 1e-3 to 1e6, A from 1e-3 to 1e4 and
w = t / B from 1e-6 to 1e6. Its means over p ~ Beta(a, C) of (1 + p w)^-A and of (1 - (1 + p w)^-A) / p were computed
with mpmath at 24 digits, by 18 Gauss-Legendre nodes for each four standard deviations of the log-odds of p; at smaller
parameters they agree with mpmath's 2F1 to 21 digits.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from ltv_bayes.formulas.models import bg_cnbd, bg_nbd, gamma_gamma, mbg_nbd, nbd, shifted_beta_geometric

RANGE = np.genfromtxt(Path(__file__).parent / "means_over_dropout.csv", delimiter=",", names=True)
NORMAL = np.finfo(float).tiny


def size(low, high):
    return st.floats(low, high).map(lambda exponent: 10.0**exponent)


shapes = st.fixed_dictionaries({"r": size(-3, 4), "alpha": size(-3, 3), "a": size(-3, 6), "b": size(-3, 6)})
milder = st.fixed_dictionaries({"r": size(-3, 2), "alpha": size(-3, 3), "a": size(-3, 6), "b": size(-3, 6)})
histories = st.tuples(st.sampled_from([0, 1, 2, 30, 300]), st.floats(0, 1), size(-6, 6))


def future_of(rows=RANGE):
    one = np.ones(rows.shape)
    return bg_nbd.Outlook(one, rows["A"], one, rows["a"], rows["C"])


def history_of(drawn, alpha):
    x, last, T = drawn
    return (x, last * T * alpha, T * alpha) if x else (0, 0.0, T * alpha)


def assert_course(future, times, delta, most):
    """Hold what is expected by ascending times to its bounds: at least 0, rising, at most the given numbers."""
    parts = future._replace(**{name: value[..., np.newaxis] for name, value in future._asdict().items() if name != "k"})
    expected = parts.expected_purchases(times)
    discounted = parts.discounted_expected_purchases(times, delta)
    alive = parts.probability_alive_after(times)
    none = parts.probability_of_purchases(0, times)
    one = parts.probability_of_purchases(1, times)
    for found in (expected, discounted):
        assert np.isfinite(found).all()
        assert (found >= 0).all()
        assert (np.diff(found) >= -1e-8 * found[1:]).all()
    assert (expected <= most * (1 + 1e-8)).all()
    assert (discounted <= expected * (1 + 1e-8)).all()
    assert ((alive >= 0) & (alive <= 1 + 1e-12)).all()
    assert (np.diff(alive) <= 1e-8 * alive[:-1]).all()
    assert ((none >= 0) & (one >= 0) & (none + one <= 1 + 1e-8)).all()
    assert (np.diff(none) <= 1e-8).all()
    assert (1 - none <= expected * (1 + 1e-8) + 1e-12).all()
    number = future._replace(**{k: np.atleast_1d(v) for k, v in future._asdict().items() if k != "k"})
    drawn = number.draw(np.random.default_rng(1), times[-1])
    assert np.isfinite(drawn.number).all()
    assert np.isfinite(drawn.last_time(np.random.default_rng(2), times[-1])).all()


class TestMeansOverDropout:
    def test_probability_alive_after_is_that_of_mpmath(self):
        found, some = bg_nbd.probability_alive_after(RANGE["w"], future_of()), RANGE["staying"] > NORMAL
        np.testing.assert_allclose(found[some], RANGE["staying"][some], rtol=1e-8)
        assert ((found[~some] >= 0) & (found[~some] <= NORMAL)).all()

    def test_expected_purchases_are_those_of_mpmath(self):
        np.testing.assert_allclose(bg_nbd.expected_purchases(RANGE["w"], future_of()), RANGE["purchases"], rtol=1e-8)

    def test_integral_of_the_rate_is_what_is_expected(self):
        found = bg_nbd.discounted_expected_purchases(RANGE["w"], 0.0, future_of())
        np.testing.assert_allclose(found, RANGE["purchases"], rtol=1e-8)

    @pytest.mark.parametrize("damping", [1e-6, 1e-2, 1.0, 1e2, 1e6])
    def test_discounting_is_integration_by_parts(self, damping):
        some = RANGE[::100]
        for row in some:
            future = bg_nbd.Outlook(*map(np.asarray, (1.0, row["A"], 1.0, row["a"], row["C"])))
            t = row["w"]

            def slope(log_s, future=future):
                s = np.exp(log_s)
                return damping * s * np.exp(-damping * s) * bg_nbd.expected_purchases(s, future)

            end = np.log(min(t, 60 / damping))
            parts = np.linspace(end - 40, end, 21)
            later = sum(integrate.quad(slope, low, high, epsrel=1e-10)[0] for low, high in pairwise(parts))
            expected = later + np.exp(-damping * t) * bg_nbd.expected_purchases(t, future)
            found = bg_nbd.discounted_expected_purchases(t, damping, future)
            assert found == pytest.approx(float(expected), rel=1e-8)
            course = bg_nbd.discounted_expected_purchases_by([t / 1000, t / 2, t], damping, future)
            assert course[-1] == pytest.approx(float(found), rel=1e-7)

    @pytest.mark.parametrize("side", [-1, 1])
    @pytest.mark.parametrize("w", [1e-3, 0.3, 10.0, 1e4])
    @pytest.mark.parametrize(("a", "C"), [(0.5, 60.0), (30.0, 40.0), (3.0, 2000.0), (900.0, 1100.0)])
    def test_two_forms_meet(self, side, w, a, C):
        A = np.array([1 - 1e-12, 1 + 1e-12]) * (a + C - side * bg_nbd.APART)
        future = bg_nbd.Outlook(np.ones(2), A, np.ones(2), np.full(2, a), np.full(2, C))
        assert len(set(bg_nbd._apart(A, future.a, future.C).tolist())) == 2
        for formula in (bg_nbd.probability_alive_after, bg_nbd.expected_purchases, bg_nbd.purchase_rate):
            low, high = formula(w, future)
            assert high == pytest.approx(low, rel=2e-9, abs=1e-300)

    @pytest.mark.parametrize(("A", "w"), [(1e-3, 1.0), (0.24, 8.0), (30.0, 2.0), (1e4, 0.01)])
    @pytest.mark.parametrize(("a", "C"), [(150.0, 150.0), (1e3, 3e3), (1e6, 3e3), (0.5, 1e6), (2e5, 1e6)])
    def test_probabilities_of_purchases_have_the_expected_mean(self, A, w, a, C):
        future = bg_nbd.Outlook(*map(np.asarray, (1.0, A, 1.0, a, C)))
        number = np.arange(4000)
        chance = bg_nbd.probability_of_purchases(number, w, future)
        assert chance.sum() == pytest.approx(1, abs=1e-8)
        assert chance @ number == pytest.approx(float(bg_nbd.expected_purchases(w, future)), rel=1e-7)

    def test_customers_alike_in_dropout_are_those_with_one_probability(self):
        new = {"r": 0.243, "alpha": 4.414}
        for a, b in ((1e3, 3e3), (1e6, 3e6), (1e12, 3e12)):
            future = bg_nbd.outlook_of_new_customer(**new, a=a, b=b)
            one = (1 - (1 + 0.25 * 520 / 4.414) ** -0.243) / 0.25
            assert bg_nbd.expected_purchases(520, future) == pytest.approx(one, rel=1 / a)


class TestResidualLife:
    @pytest.mark.parametrize("rate", [1e-3, 0.004, 0.05, 1.0, 1e3])
    @pytest.mark.parametrize("beta", [1e-3, 0.3, 25.0, 1e4, 1e6])
    @pytest.mark.parametrize("alpha", [1e-3, 0.3, 25.0, 1e4, 1e6])
    def test_is_the_sum_over_renewals(self, alpha, beta, rate):
        made = np.arange(np.ceil(45 / np.log1p(rate)))
        kept = np.cumprod(shifted_beta_geometric.retention(made, alpha=alpha, beta=beta))
        expected = np.sum(kept * (1 + rate) ** -made)
        found = shifted_beta_geometric.discounted_expected_residual_life(1, rate, alpha=alpha, beta=beta)
        assert found == pytest.approx(expected, rel=1e-8)


class TestBounds:
    @pytest.mark.parametrize("model", [bg_nbd, mbg_nbd])
    @settings(max_examples=50)
    @given(shapes, histories, st.lists(size(-6, 6), min_size=2, max_size=5), size(-6, 6))
    def test_random_purchases(self, model, values, drawn, times, damping):
        for future in (
            model.outlook(*history_of(drawn, values["alpha"]), **values),
            model.outlook_of_new_customer(**values),
        ):
            t = np.sort(times) * future.B
            assert_course(future, t, damping / future.B, future.alive * future.A * t / future.B)
        assert np.isfinite(model.log_likelihood(*history_of(drawn, values["alpha"]), **values))

    @pytest.mark.parametrize("k", [1, 3])
    @settings(max_examples=40)
    @given(milder, histories.filter(lambda drawn: drawn[0] < 100), st.lists(size(-6, 1), min_size=2, max_size=3))
    def test_regular_purchases(self, k, values, drawn, times):
        model = bg_cnbd.RegularFormulas(k, may_leave_at_once=True)
        future = model.outlook(*history_of(drawn, values["alpha"]), **values)
        t = np.sort(times) * future.B
        most = future.alive * ((future.A + k - 1) * t / future.B + k - 1) / k
        assert_course(future, t, 0.1 / future.B, most)
        assert np.isfinite(model.log_likelihood(*history_of(drawn, values["alpha"]), **values))

    @given(size(-3, 4), size(-3, 3), histories, st.lists(size(-6, 6), min_size=2, max_size=5))
    def test_events(self, r, alpha, drawn, times):
        x, _, T = history_of(drawn, alpha)
        expected = nbd.expected_events(np.sort(times), x, T, r=r, alpha=alpha)
        worth = nbd.discounted_expected_events(np.sort(times), 0.1, x, T, r=r, alpha=alpha)
        assert np.isfinite([expected, worth]).all()
        assert ((worth >= 0) & (worth <= expected * (1 + 1e-12)) & (np.diff(worth, prepend=0) >= 0)).all()
        assert np.isfinite(nbd.log_likelihood(x, T, r=r, alpha=alpha))
        assert (nbd.draw_events(np.random.default_rng(1), np.sort(times), x, T, r=r, alpha=alpha) >= 0).all()

    @given(size(-3, 6), size(-3, 6), size(-3, 6), st.sampled_from([1, 3, 300]), size(-6, 9))
    def test_spend(self, p, excess, v, x, mean):
        values = {"p": p, "q": 1 + excess, "v": v}
        between = np.sort([gamma_gamma.population_mean_spend(**values), mean])
        expected = gamma_gamma.expected_spend(x, mean, **values)
        assert between[0] * (1 - 1e-8) <= expected <= between[1] * (1 + 1e-8)
        assert np.isfinite(gamma_gamma.log_likelihood(x, mean, **values))

    @given(size(-3, 6), size(-3, 6), st.sampled_from([0, 1, 30, 300]), size(-6, 6))
    def test_renewals(self, alpha, beta, made, rate):
        values = {"alpha": alpha, "beta": beta}
        survival = shifted_beta_geometric.survival([0, 1, 10, 1e6], **values, renewals=made)
        assert (np.diff(survival) <= 1e-8).all()
        assert ((survival >= 0) & (survival <= 1 + 1e-8)).all()
        life = shifted_beta_geometric.discounted_expected_residual_life(made + 1, rate, **values)
        next_one = shifted_beta_geometric.retention(made, **values)
        assert next_one * (1 - 1e-8) <= life <= (1 + 1 / rate) * (1 + 1e-8)
        likely = shifted_beta_geometric.log_likelihood(made, np.array([0, 1]), **values)
        assert np.isfinite(likely).all()
