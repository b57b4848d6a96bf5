"""BG/NBD against published tables, independent integrals and its own exact simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from ltv_bayes.data.customers.histories import unique_histories
from ltv_bayes.formulas.models import bg_nbd
from tests.chance import allowed
from tests.formulas.estimates import maximum_likelihood

CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
FITTED = {"r": 0.2425945, "alpha": 4.4136021, "a": 0.7929220, "b": 2.4259068}
SOMEBODY = (2, 30.43, 38.86)
DRAWS = 200_000

positive = st.floats(0.1, 20)
histories = st.tuples(st.integers(0, 60), st.floats(0.01, 1), st.floats(0.5, 500)).map(
    lambda drawn: (drawn[0], drawn[1] * drawn[2] if drawn[0] else 0.0, drawn[2])
)
parameters = st.fixed_dictionaries({"r": positive, "alpha": st.floats(0.1, 200), "a": positive, "b": positive})


def outlook(history=SOMEBODY, size=(), **values):
    return bg_nbd.Outlook(*(np.broadcast_to(v, size) for v in bg_nbd.outlook(*history, **(values or CDNOW))))


class TestPublished:
    @pytest.mark.parametrize(
        ("t", "expected"),
        [(0.1429, 0.0078), (1, 0.0532), (3, 0.1506), (31.8571, 1.0405), (32, 1.0437)],
    )
    def test_expected_purchases_of_a_new_customer_match_hardie_spreadsheet(self, t, expected):
        new = bg_nbd.outlook_of_new_customer(**FITTED)
        assert bg_nbd.expected_purchases(t, new) == pytest.approx(expected, abs=5e-5)

    def test_expected_purchases_in_78_weeks_without_the_truncated_series(self):
        new = bg_nbd.outlook_of_new_customer(**FITTED)
        assert bg_nbd.expected_purchases(78, new) == pytest.approx(1.857958, abs=5e-7)

    def test_customer_of_the_paper(self):
        assert bg_nbd.expected_purchases(39, outlook()) == pytest.approx(1.226, abs=5e-4)
        assert bg_nbd.probability_alive(*SOMEBODY, **CDNOW) == pytest.approx(0.7266, abs=5e-5)
        counts = bg_nbd.probability_of_purchases(np.arange(4), 39, outlook())
        np.testing.assert_allclose(counts, [0.4454, 0.2393, 0.1442, 0.0808], atol=1e-4)

    @pytest.mark.parametrize(
        ("history", "alive", "expected"),
        [
            ((1, 1.71, 38.86), 0.21223, 0.20325),
            ((7, 29.43, 38.86), 0.64180, 3.33719),
            ((26, 30.86, 31), 0.96892, 20.75028),
        ],
    )
    def test_three_more_customers(self, history, alive, expected):
        assert bg_nbd.probability_alive(*history, **FITTED) == pytest.approx(alive, abs=5e-6)
        assert bg_nbd.expected_purchases(39, outlook(history, **FITTED)) == pytest.approx(expected, abs=5e-6)

    def test_log_likelihood_at_given_parameters(self):
        values = bg_nbd.log_likelihood([0, 200], [0, 38], 40, r=0.25, alpha=4, a=0.8, b=2.5)
        np.testing.assert_allclose(values, [-0.59947382, 100.79569309], atol=5e-9)

    def test_probabilities_of_11_to_14_purchases(self):
        new = bg_nbd.outlook_of_new_customer(**CDNOW)
        values = bg_nbd.probability_of_purchases([11, 12, 13, 14], 30, new)
        np.testing.assert_allclose(values, [0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148], atol=5e-11)

    def test_discounted_purchases_without_a_horizon(self):
        assert bg_nbd.discounted_expected_purchases(np.inf, 0.0027, outlook()) == pytest.approx(5.156, abs=2e-3)


class TestMaximumLikelihood:
    """On the 1/10 sample, 39 weeks."""

    def test_estimates(self, cdnow):
        h = unique_histories(cdnow)
        start = {"r": 1, "alpha": 5, "a": 1, "b": 1}
        found, height = maximum_likelihood(bg_nbd.log_likelihood, h.count, (h.frequency, h.recency, h.T), start)
        assert found == pytest.approx(FITTED, rel=1e-5)
        assert height == pytest.approx(-9582.42921, abs=1e-5)

    def test_likelihood_of_unique_histories_is_that_of_all_customers(self, cdnow):
        table, h = cdnow.table, unique_histories(cdnow)
        every = bg_nbd.log_likelihood(table["frequency"], table["recency"], table["T"], **FITTED).sum()
        unique = (h.count * bg_nbd.log_likelihood(h.frequency, h.recency, h.T, **FITTED)).sum()
        assert h.count.size == 1016
        assert unique == pytest.approx(every, rel=1e-12)

    def test_expected_frequencies_of_the_paper(self, cdnow):
        new = bg_nbd.outlook_of_new_customer(**FITTED)
        chance = bg_nbd.probability_of_purchases(np.arange(7)[:, np.newaxis], cdnow.table["T"].to_numpy(), new)
        expected = chance.sum(axis=1)
        np.testing.assert_allclose(expected, [1407.7, 460.3, 192.5, 101.2, 59.9, 38.1, 25.6], atol=0.1)
        assert len(cdnow) - expected.sum() == pytest.approx(71.9, abs=0.1)

    @pytest.mark.parametrize(("week", "expected"), [(25, 1669.6), (39, 2501.5), (78, 4165.7)])
    def test_cumulative_repeats_of_the_paper(self, cdnow, week, expected):
        T = cdnow.table["T"].to_numpy()
        since_first = np.maximum(week - (T.max() - T), 0)
        new = bg_nbd.outlook_of_new_customer(**FITTED)
        assert bg_nbd.expected_purchases(since_first, new).sum() == pytest.approx(expected, abs=0.3)

    def test_holdout_expectation(self, cdnow):
        t = cdnow.table
        future = bg_nbd.outlook(t["frequency"].to_numpy(), t["recency"].to_numpy(), t["T"].to_numpy(), **FITTED)
        assert bg_nbd.expected_purchases(39, future).sum() == pytest.approx(1653, abs=1)


class TestDefinition:
    """Against integrals over the customer's own rate and dropout, which share no code with the closed forms."""

    @given(histories, parameters, st.floats(0.01, 2000))
    def test_expected_purchases_is_the_average_over_dropout(self, history, values, t):
        A, B, a, C = values["r"] + history[0], values["alpha"] + history[2], values["a"], values["b"] + history[0]

        logit = np.arange(max(-60 / a - 20, -700), 60 / C + 20, 0.05)
        p = special.expit(logit)
        density = np.exp(a * special.log_expit(logit) + C * special.log_expit(-logit) - special.betaln(a, C))
        bought = -np.expm1(-A * np.log1p(p * t / B)) / p
        average = np.sum(density * bought) * 0.05
        alive = bg_nbd.probability_alive(*history, **values)
        found = bg_nbd.expected_purchases(t, bg_nbd.outlook(*history, **values))
        assert found == pytest.approx(alive * average, rel=1e-8)

    @given(histories, parameters)
    def test_probability_alive_is_one_branch_of_the_likelihood(self, history, values):
        x, t_x, T = history
        A = values["r"] + x
        stays = -A * np.log(values["alpha"] + T)
        leaves = np.log(values["a"] / (values["b"] + max(x, 1) - 1)) - A * np.log(values["alpha"] + t_x)
        expected = 1.0 if x == 0 else 1 / (1 + np.exp(leaves - stays))
        assert bg_nbd.probability_alive(*history, **values) == pytest.approx(expected, rel=1e-9)

    @given(histories, parameters, st.floats(0.1, 200))
    def test_probabilities_of_purchases_never_exceed_one(self, history, values, t):
        chance = bg_nbd.probability_of_purchases(np.arange(200), t, bg_nbd.outlook(*history, **values))
        assert (chance >= 0).all()
        assert chance.sum() <= 1 + 1e-9

    def test_probabilities_add_up_and_give_the_expectation(self):
        chance = bg_nbd.probability_of_purchases(np.arange(3000), 39, outlook((7, 29.43, 38.86), **FITTED))
        assert chance.sum() == pytest.approx(1, abs=1e-9)
        assert chance @ np.arange(3000) == pytest.approx(3.33719, abs=1e-4)

    @given(histories, parameters, st.floats(0.1, 500))
    def test_purchase_rate_adds_up_to_expected_purchases(self, history, values, t):
        future = bg_nbd.outlook(*history, **values)
        by_rate = bg_nbd.discounted_expected_purchases(t, 0.0, future)
        assert by_rate == pytest.approx(float(bg_nbd.expected_purchases(t, future)), rel=1e-7)

    def test_discounted_purchases_are_the_integral_of_the_rate(self):
        future = outlook((7, 29.43, 38.86))
        expected = integrate.quad(lambda s: np.exp(-0.01 * s) * bg_nbd.purchase_rate(s, future), 0, 156, epsrel=1e-10)[
            0
        ]
        assert bg_nbd.discounted_expected_purchases(156, 0.01, future) == pytest.approx(expected, rel=1e-9)

    def test_probability_alive_falls_at_the_pace_of_purchases(self):
        future = outlook((7, 29.43, 38.86))
        later = bg_nbd.probability_alive_after([0.0, 10.0, 1000.0], future)
        assert later[0] == pytest.approx(float(future.alive))
        assert (np.diff(later) < 0).all()


class TestEdges:
    @pytest.mark.parametrize("a", [1 - 1e-6, 1 - 1e-12, 1.0, 1 + 1e-12, 1 + 1e-6])
    def test_nothing_happens_at_a_equal_to_one(self, a):
        values = {**CDNOW, "a": a}
        around = [bg_nbd.expected_purchases(39, outlook(**{**values, "a": near})) for near in (0.99, 1.01)]
        assert min(around) < bg_nbd.expected_purchases(39, outlook(**values)) < max(around)

    @pytest.mark.parametrize("history", [(3000, 360.0, 365.0), (800, 50.0, 50.0), (0, 0.0, 0.0), (1, 1e-3, 5000.0)])
    @pytest.mark.parametrize("a", [0.3, 1.0, 4.0])
    @pytest.mark.parametrize("t", [1e-3, 39.0, 2609.0, 18_263.0])
    def test_finite_for_heavy_buyers_and_long_horizons(self, history, a, t):
        future = outlook(history, **{**CDNOW, "a": a})
        found = [
            bg_nbd.expected_purchases(t, future),
            bg_nbd.discounted_expected_purchases(t, 0.0027, future),
            bg_nbd.probability_alive_after(t, future),
            bg_nbd.probability_of_purchases(3, t, future),
        ]
        assert np.isfinite(found).all()
        assert (np.array(found) >= 0).all()
        assert found[1] <= found[0] * (1 + 1e-9)

    @pytest.mark.parametrize("off", [0.0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-5, 2e-4])
    @pytest.mark.parametrize(
        ("A", "B", "a", "C", "t"), [(0.1, 0.6015625, 0.1, 16.0, 259.0), (1.1, 0.6, 0.1, 17.0, 2000.0)]
    )
    def test_rate_and_dropout_shapes_that_differ_by_a_whole_number(self, off, A, B, a, C, t):
        """Where r + x - a is whole and the horizon long, the hypergeometric function of SciPy has no digits left."""
        future = bg_nbd.Outlook(*map(np.asarray, (1.0, A + off, B, a, C)))
        logit = np.arange(-700, 60 / C + 20, 0.05)
        p, weight = special.expit(logit), 0.05 * np.exp(-special.betaln(a, C))
        density = weight * np.exp(a * special.log_expit(logit) + C * special.log_expit(-logit))
        bought = -np.expm1(-(A + off) * np.log1p(p * t / B)) / p
        assert bg_nbd.expected_purchases(t, future) == pytest.approx(np.sum(density * bought), rel=1e-8)
        stays = np.exp(-(A + off) * np.log1p(p * t / B))
        assert bg_nbd.probability_alive_after(t, future) == pytest.approx(np.sum(density * stays), rel=1e-8)

    def test_customers_who_do_not_differ_are_poisson(self):
        """r and alpha growing together: purchases at one rate, 0.1, and dropout as before."""
        x, t_x, T, a, b = 5, 40.0, 52.0, 0.5, 3.0
        many = bg_nbd.log_likelihood(x, t_x, T, r=1e16, alpha=1e17, a=a, b=b)
        chance = a / (b + x - 1) * np.exp(-0.1 * t_x) + np.exp(-0.1 * T)
        poisson = x * np.log(0.1) + special.betaln(a, b + x) - special.betaln(a, b) + np.log(chance)
        assert many == pytest.approx(poisson, rel=1e-12)

    def test_a_customer_without_repeat_is_alive_for_sure(self):
        assert bg_nbd.probability_alive(0, 0, 500, **CDNOW) == 1

    def test_arrays_broadcast_draws_against_customers(self):
        r = np.array([0.2, 0.25, 0.3])[:, np.newaxis]
        future = bg_nbd.outlook(np.array([0, 2]), np.array([0, 30.0]), np.array([38.0, 38.0]), **{**CDNOW, "r": r})
        assert bg_nbd.expected_purchases(39, future).shape == (3, 2)

    def test_tiny_dropout_draws_do_not_break(self):
        rng = np.random.default_rng(1)
        drawn = bg_nbd.draw_purchases(rng, 1e4, outlook((0, 0, 1), (1000,), r=1e-3, alpha=1e-6, a=1e-3, b=1e3))
        assert np.isfinite(drawn.number).all()
        assert (drawn.number <= drawn.possible).all()


class TestSimulation:
    """Exact draws against closed forms, within 4 Monte Carlo standard errors."""

    @pytest.fixture(scope="class", params=[(0, 0.0, 20.0), SOMEBODY, (26, 30.86, 31.0)], ids=str)
    @staticmethod
    def drawn(request):
        rng = np.random.default_rng(7)
        future = outlook(request.param, (DRAWS,))
        return rng, outlook(request.param), bg_nbd.draw_purchases(rng, 39.0, future)

    def test_mean(self, drawn):
        _, future, purchases = drawn
        error = purchases.number.std() / np.sqrt(DRAWS)
        assert abs(purchases.number.mean() - bg_nbd.expected_purchases(39, future)) < allowed() * error

    def test_probabilities(self, drawn):
        _, future, purchases = drawn
        y = np.arange(30)
        chance = bg_nbd.probability_of_purchases(y, 39, future)
        share = np.array([(purchases.number == value).mean() for value in y])
        assert (np.abs(share - chance) <= allowed(100) * np.sqrt(chance * (1 - chance) / DRAWS) + 1e-12).all()

    def test_discounted_sum(self, drawn):
        rng, future, purchases = drawn
        owner, time = bg_nbd.draw_purchase_times(rng, 39.0, purchases)
        worth = np.bincount(owner, np.exp(-0.05 * time), DRAWS)
        expected = bg_nbd.discounted_expected_purchases(39, 0.05, future)
        assert abs(worth.mean() - expected) < allowed() * worth.std() / np.sqrt(DRAWS)

    def test_purchases_fall_when_the_rate_says(self, drawn):
        rng, future, purchases = drawn
        owner, time = bg_nbd.draw_purchase_times(rng, 39.0, purchases)
        for week in (5.0, 20.0, 35.0):
            by_then = np.bincount(owner[time <= week], minlength=DRAWS)
            error = by_then.std() / np.sqrt(DRAWS)
            assert abs(by_then.mean() - bg_nbd.expected_purchases(week, future)) < allowed(100) * error

    def test_against_a_simulation_of_gaps(self):
        """The story itself: exponential gaps, a coin after each purchase."""
        rng, size = np.random.default_rng(3), 40_000
        rate, leaving = rng.gamma(0.8, size=size) / 6.0, rng.beta(0.9, 3.0, size)
        now, count, last, stays = np.zeros(size), np.zeros(size), np.zeros(size), np.ones(size, bool)
        while stays.any():
            now = now + rng.exponential(1, size) / rate
            stays &= now <= 52
            count += stays
            last = np.where(stays, now, last)
            stays &= rng.random(size) >= leaving
        values = {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 3.0}
        new = bg_nbd.Outlook(*(np.full(size, v) for v in bg_nbd.outlook_of_new_customer(**values)))
        drawn = bg_nbd.draw_purchases(rng, 52.0, new)
        recency = bg_nbd.draw_last_purchase_time(rng, 52.0, drawn)
        for ours, story in ((drawn.number, count), (recency, last), (recency * drawn.number, last * count)):
            error = np.sqrt((ours.var() + story.var()) / size)
            assert abs(ours.mean() - story.mean()) < allowed(100) * error
