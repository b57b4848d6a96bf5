"""MBG/NBD against its published estimates, integrals over one customer's rate and dropout, and the process itself."""

import numpy as np
import pytest
from scipy import special

from ltv_bayes.data.customers.histories import unique_histories
from ltv_bayes.formulas.models import bg_nbd, mbg_nbd
from tests.chance import allowed
from tests.formulas.estimates import maximum_likelihood

CDNOW = {"r": 0.52484, "alpha": 6.18308, "a": 0.89136, "b": 1.61400}
POINTS = [CDNOW, {"r": 2.0, "alpha": 30.0, "a": 3.0, "b": 5.0}, {"r": 5.0, "alpha": 4.0, "a": 0.7, "b": 9.0}]
HISTORIES = [(0, 0.0, 38.86), (0, 0.0, 3.0), (1, 1.71, 38.86), (7, 29.43, 38.86), (26, 30.86, 31.0)]
CUSTOMERS = 400_000


def test_estimates_on_cdnow(cdnow):
    h = unique_histories(cdnow)
    start = {"r": 1, "alpha": 5, "a": 1, "b": 1}
    found, height = maximum_likelihood(mbg_nbd.log_likelihood, h.count, (h.frequency, h.recency, h.T), start)
    assert found == pytest.approx(CDNOW, rel=1e-4)
    assert height == pytest.approx(-9582.2, abs=0.2)  # about that of BG/NBD: the data hardly tell the two apart


def test_a_customer_without_repeat_may_have_left():
    assert mbg_nbd.probability_alive(0, 0, 100, r=0.5, alpha=6, a=0.9, b=1.6) < 0.5


class OneCustomer:
    """The definition: one customer's rate and probability of leaving on a grid, each point with its prior weight.

    On these scales what is summed is smooth in a strip of width pi / 2 and more around the real line, so the error of a
    sum with steps h falls with exp(-pi**2 / h): far below rounding here.
    """

    def __init__(self, r, alpha, a, b):
        log_rate, logit = np.linspace(-60, 8, 1001)[:, np.newaxis], np.linspace(-60, 40, 601)
        self.rate, self.leaves, self.stays = np.exp(log_rate), special.expit(logit), special.expit(-logit)
        of_rate = r * (log_rate + np.log(alpha)) - alpha * self.rate - special.gammaln(r)
        of_leaving = a * np.log(self.leaves) + b * np.log(self.stays) - special.betaln(a, b)
        self.prior = np.exp(of_rate + of_leaving) * (68 / 1000) * (100 / 600)

    def weights(self, x, t_x, T):
        """Weights of histories that go on at T, and of those that ended at the last purchase."""
        passed = self.prior * np.exp(x * np.log(self.rate)) * self.stays**x
        return passed * self.stays * np.exp(-self.rate * T), passed * self.leaves * np.exp(-self.rate * t_x)


@pytest.fixture(scope="module", params=POINTS, ids=lambda values: f"r {values['r']}")
def customer(request):
    return request.param, OneCustomer(**request.param)


@pytest.mark.parametrize("history", HISTORIES, ids=str)
class TestDefinition:
    def test_likelihood_is_the_integral(self, customer, history):
        values, one = customer
        alive, left = one.weights(*history)
        assert mbg_nbd.log_likelihood(*history, **values) == pytest.approx(np.log(alive.sum() + left.sum()), abs=1e-6)

    def test_probability_alive_is_a_share_of_it(self, customer, history):
        values, one = customer
        alive, left = (weight.sum() for weight in one.weights(*history))
        assert mbg_nbd.probability_alive(*history, **values) == pytest.approx(alive / (alive + left), rel=1e-6)

    @pytest.mark.parametrize("t", [1.0, 39.0, 520.0])
    def test_forecasts_are_averages_over_who_is_alive(self, customer, history, t):
        values, one = customer
        alive, left = one.weights(*history)
        weight, future = alive / (alive.sum() + left.sum()), mbg_nbd.outlook(*history, **values)
        bought = -np.expm1(-one.rate * one.leaves * t) / one.leaves
        assert bg_nbd.expected_purchases(t, future) == pytest.approx((weight * bought).sum(), rel=1e-6)
        still = np.exp(-one.rate * one.leaves * t)
        assert bg_nbd.probability_alive_after(t, future) == pytest.approx((weight * still).sum(), rel=1e-6)
        nothing = 1 - weight.sum() + (weight * np.exp(-one.rate * t)).sum()
        assert bg_nbd.probability_of_purchases(0, t, future) == pytest.approx(nothing, rel=1e-6)


@pytest.fixture(scope="module")
def simulated():
    """What customers did up to T and in the time after, gap by gap, with a chance to leave at every purchase."""
    rng, T, t = np.random.default_rng(4), 38.86, 20.0
    rate, leaving = rng.gamma(CDNOW["r"], 1 / CDNOW["alpha"], CUSTOMERS), rng.beta(CDNOW["a"], CDNOW["b"], CUSTOMERS)
    before, after, last, now = (np.zeros(CUSTOMERS) for _ in range(4))
    stays = rng.random(CUSTOMERS) >= leaving
    alive_at_T = np.zeros(CUSTOMERS, bool)
    while stays.any():
        now = np.where(stays, now + rng.exponential(1 / np.maximum(rate, 1e-300)), np.inf)
        alive_at_T |= stays & (now > T)
        before, last = before + (now <= T), np.where(now <= T, now, last)
        after += (now > T) & (now <= T + t)
        stays &= (now <= T + t) & (rng.random(CUSTOMERS) >= leaving)
    return {"x": before, "t_x": last, "T": T, "t": t, "alive": alive_at_T, "future": after}


def test_numbers_of_purchases_are_those_of_the_process(simulated):
    new = mbg_nbd.outlook_of_new_customer(**CDNOW)
    chance = bg_nbd.probability_of_purchases(np.arange(6), simulated["T"], new)
    seen = np.bincount(simulated["x"].astype(int))[:6] / CUSTOMERS
    assert (abs(seen - chance) < allowed(100) * np.sqrt(chance * (1 - chance) / CUSTOMERS)).all()
    error = simulated["x"].std() / np.sqrt(CUSTOMERS)
    assert abs(simulated["x"].mean() - bg_nbd.expected_purchases(simulated["T"], new)) < allowed() * error


@pytest.mark.parametrize("purchases", [0, 1, 2, 5])
def test_who_is_alive_and_what_they_buy_is_as_in_the_process(simulated, purchases):
    group = simulated["x"] == purchases
    future = mbg_nbd.outlook(purchases, simulated["t_x"][group], simulated["T"], **CDNOW)
    seen = {
        "alive": (simulated["alive"][group], future.alive),
        "future": (simulated["future"][group], bg_nbd.expected_purchases(simulated["t"], future)),
    }
    for happened, expected in seen.values():
        off = happened - expected
        assert abs(off.mean()) < allowed(100) * off.std() / np.sqrt(group.sum())


def test_new_customers_may_leave_at_once():
    new = mbg_nbd.outlook_of_new_customer(**CDNOW)
    assert float(new.alive) == pytest.approx(CDNOW["b"] / (CDNOW["a"] + CDNOW["b"]))
    stayed = bg_nbd.outlook_of_new_customer(**{**CDNOW, "b": CDNOW["b"] + 1})
    expected = float(new.alive) * float(bg_nbd.expected_purchases(39, stayed))
    assert bg_nbd.expected_purchases(39, new) == pytest.approx(expected, rel=1e-12)


def test_customers_who_hardly_differ_lose_no_digits():
    """With r and alpha large, purchases come at one rate: the Poisson law."""
    alike = mbg_nbd.log_likelihood(3, 20.0, 40.0, r=1e12, alpha=1e13, a=1e-9, b=1.0)
    assert alike == pytest.approx(3 * np.log(0.1) - 0.1 * 40, abs=1e-6)
