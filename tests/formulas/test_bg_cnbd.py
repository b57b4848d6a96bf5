"""BG/CNBD-k and MBG/CNBD-k against k = 1, integrals over one customer's rate and dropout, and the process itself."""

import itertools

import numpy as np
import pytest
from scipy import integrate, special, stats

from ltv_bayes.errors import InputError
from ltv_bayes.formulas.kernels import phases
from ltv_bayes.formulas.models import bg_cnbd, bg_nbd, mbg_nbd
from ltv_bayes.formulas.models.bg_cnbd import RegularFormulas
from tests.chance import FALSE_ALARM, allowed

CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
POINTS = [CDNOW, {"r": 2.0, "alpha": 30.0, "a": 1.0, "b": 0.9}, {"r": 5.0, "alpha": 4.0, "a": 8.0, "b": 30.0}]
HISTORIES = [(0, 0.0, 38.86), (0, 0.0, 0.0), (1, 1.71, 38.86), (7, 29.43, 38.86), (26, 30.86, 31.0), (2, 5.0, 5.0)]
BOTH = pytest.mark.parametrize("at_once", [False, True], ids=["BG", "MBG"])
CUSTOMERS, SIZE = 50_000, 100_000


@BOTH
@pytest.mark.parametrize("values", POINTS, ids=lambda values: f"r {values['r']}")
@pytest.mark.parametrize("history", HISTORIES, ids=str)
class TestOneEventAPurchase:
    """At k = 1 everything is that of BG/NBD and MBG/NBD."""

    def pair(self, at_once, values, history):
        regular, random = RegularFormulas(1, at_once), mbg_nbd if at_once else bg_nbd
        return regular, random, regular.outlook(*history, **values), random.outlook(*history, **values)

    def test_likelihood_and_life(self, at_once, values, history):
        regular, random, ours, theirs = self.pair(at_once, values, history)
        expected = random.log_likelihood(*history, **values)
        assert regular.log_likelihood(*history, **values) == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert ours.alive == pytest.approx(theirs.alive, rel=1e-10)
        for s in (0.0, 5.0, 300.0):
            expected = bg_nbd.probability_alive_after(s, theirs)
            assert ours.probability_alive_after(s) == pytest.approx(expected, rel=1e-10)

    @pytest.mark.parametrize("t", [0.0, 0.1, 39.0, 520.0])
    def test_forecasts(self, at_once, values, history, t):
        *_, ours, theirs = self.pair(at_once, values, history)
        assert ours.expected_purchases(t) == pytest.approx(theirs.expected_purchases(t), rel=1e-10)
        for delta in (0.002, 0.05, 3.0):
            expected = theirs.discounted_expected_purchases(t, delta)
            assert ours.discounted_expected_purchases(t, delta) == pytest.approx(expected, rel=1e-10)
        for y in (0, 1, 2, 9):
            expected = theirs.probability_of_purchases(y, t)
            assert ours.probability_of_purchases(y, t) == pytest.approx(expected, rel=1e-10)
        ends = np.linspace(0.0, t, 20)
        expected = theirs.discounted_expected_purchases(ends, 0.01)
        np.testing.assert_allclose(ours.discounted_expected_purchases_by(ends, 0.01), expected, rtol=1e-9)


class OneCustomer:
    """The definition: one customer's rate and probability of leaving on a grid, each point with its prior weight."""

    def __init__(self, k, at_once, r, alpha, a, b):
        log_rate, logit = np.linspace(-60, 8, 1001)[:, np.newaxis], np.linspace(-60, 40, 601)
        self.k, self.at_once = k, at_once
        self.rate, self.leaves, self.stays = np.exp(log_rate), special.expit(logit), special.expit(-logit)
        of_rate = r * (log_rate + np.log(alpha)) - alpha * self.rate - special.gammaln(r)
        of_leaving = a * np.log(self.leaves) + b * np.log(self.stays) - special.betaln(a, b)
        self.prior = np.exp(of_rate + of_leaving) * (68 / 1000) * (100 / 600)

    def weights(self, x, t_x, T):
        """Weights of histories that go on at T, and of those that ended at the last purchase.

        Density of x gaps of Gamma(k) that add up to t_x, without the factor t_x^(x - 1) / (x - 1)! of random ones.
        """
        shape = np.exp((self.k - 1) * x * np.log(t_x) + special.gammaln(x) - special.gammaln(self.k * x)) if x else 1.0
        passed = self.prior * shape * self.rate ** (self.k * x) * np.exp(-self.rate * t_x)
        silent = special.gammaincc(self.k, np.maximum(self.rate * (T - t_x), 1e-300))
        if self.at_once:
            return passed * self.stays ** (x + 1) * silent, passed * self.stays**x * self.leaves
        if x == 0:
            return passed * silent, 0 * passed
        return passed * self.stays**x * silent, passed * self.stays ** (x - 1) * self.leaves


@BOTH
@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("history", [(0, 0.0, 38.86), (1, 1.71, 38.86), (7, 29.43, 38.86), (3, 30.0, 31.0)], ids=str)
def test_likelihood_and_life_are_integrals(k, at_once, history):
    values = {"r": 1.3, "alpha": 9.0 / k, "a": 0.8, "b": 2.5}
    alive, left = OneCustomer(k, at_once, **values).weights(*history)
    formulas = RegularFormulas(k, at_once)
    found = formulas.log_likelihood(*history, **values)
    assert found == pytest.approx(np.log(alive.sum() + left.sum()), abs=1e-6)
    expected = alive.sum() / (alive.sum() + left.sum())
    assert formulas.probability_alive(*history, **values) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("k", [2, 5, 12])
@pytest.mark.parametrize("t", [5.0, 60.0])
def test_forecasts_are_sums_over_phases_and_purchases(k, t):
    """The m-th purchase from phase j is mk - j events of one rate away, at a beta-prime time."""
    x, t_x, T, delta = 3, 20.0, 30.0, 0.03
    values = {"r": 1.3, "alpha": 9.0 / k, "a": 0.8, "b": 2.5}
    future = RegularFormulas(k).outlook(x, t_x, T, **values).given_alive()
    A, B, a, C = values["r"] + k * x, values["alpha"] + T, 0.8, 2.5 + x
    j = np.arange(k)
    weight = special.poch(A, j) / special.factorial(j) * ((T - t_x) / B) ** j
    weight, shape = weight / weight.sum(), A + j
    m = np.arange(1, 120)
    stays = (special.poch(C, m - 1) / special.poch(a + C, m - 1))[:, np.newaxis]
    n = m[:, np.newaxis] * k - j
    bought = (stays * weight * special.betainc(n, shape, t / (B + t))).sum()
    assert future.expected_purchases(t) == pytest.approx(bought, rel=1e-10)

    def rate(s):
        return (stays * weight * stats.betaprime(n, shape, scale=B).pdf(s)).sum() * np.exp(-delta * s)

    pieces = np.linspace(0, t, 13)
    worth = sum(integrate.quad(rate, *ends, epsabs=1e-13, epsrel=1e-11)[0] for ends in itertools.pairwise(pieces))
    assert future.discounted_expected_purchases(t, delta) == pytest.approx(worth, rel=1e-9)


def process(k, at_once, values, T, t, seed):
    """What customers did up to T and in the time after, gap by gap."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(values["r"], 1 / values["alpha"], CUSTOMERS)
    leaving = rng.beta(values["a"], values["b"], CUSTOMERS)
    x, t_x, coming, worth, now = (np.zeros(CUSTOMERS) for _ in range(5))
    alive = np.zeros(CUSTOMERS, bool)
    here = np.flatnonzero(rng.random(CUSTOMERS) >= leaving) if at_once else np.arange(CUSTOMERS)
    while here.size:
        now[here] += rng.gamma(k, size=here.size) / np.maximum(rate[here], 1e-300)
        at = now[here]
        alive[here] |= at > T
        seen, later = here[at <= T], here[(at > T) & (at <= T + t)]
        x[seen], t_x[seen] = x[seen] + 1, now[seen]
        coming[later] += 1
        worth[later] += np.exp(-0.05 * (now[later] - T))
        here = here[(at <= T + t) & (rng.random(here.size) >= leaving[here])]
    return x, t_x, alive, coming, worth


@BOTH
@pytest.mark.fits
@pytest.mark.parametrize("k", [3, 8])
def test_who_is_alive_and_what_they_buy_is_as_in_the_process(k, at_once):
    T, t, values = 36.0, 20.0, {"r": 1.5, "alpha": 15.0 / k, "a": 1.0, "b": 5.0}
    x, t_x, alive, coming, worth = process(k, at_once, values, T, t, seed=k)
    formulas = RegularFormulas(k, at_once)
    silent = (x >= 2) & (T - t_x > 2 * t_x / np.maximum(x, 1))
    for some in (x == 0, x == 1, x == 2, x == 5, silent):
        future = formulas.outlook(x[some], t_x[some], T, **values)
        seen = [
            (alive[some], future.alive),
            (coming[some], future.expected_purchases(t)),
            (worth[some], future.discounted_expected_purchases(t, 0.05)),
            *((coming[some] == y, future.probability_of_purchases(y, t)) for y in range(4)),
        ]
        for happened, expected in seen:
            off, number = happened - expected, some.sum()
            rare = allowed(100) ** 2 / 3 / number  # Bernstein's term: of what is rare there may be none
            assert abs(off.mean()) <= allowed(100) * off.std() / np.sqrt(number) + rare
    new = formulas.outlook_of_new_customer(**values)
    chance = new.probability_of_purchases(np.arange(8), T)
    share = np.bincount(x.astype(int))[:8] / CUSTOMERS
    assert (abs(share - chance) < allowed(100) * np.sqrt(chance * (1 - chance) / CUSTOMERS)).all()


@BOTH
@pytest.mark.parametrize("k", [2, 3, 20])
@pytest.mark.parametrize("history", HISTORIES, ids=str)
def test_probabilities_add_up_to_one_and_their_mean_is_the_expectation(k, at_once, history):
    future = RegularFormulas(k, at_once).outlook(*history, r=1.5, alpha=15.0 / k, a=1.4, b=5.0)
    y = np.arange(600)
    chance = future.probability_of_purchases(y, 20.0)
    assert chance.sum() == pytest.approx(1, rel=1e-12)
    assert (y * chance).sum() == pytest.approx(float(future.expected_purchases(20.0)), rel=1e-10)


@pytest.mark.parametrize("history", [(0, 0.0, 0.0), (3, 20.0, 38.0), (3, 35.0, 38.0)], ids=str)
@pytest.mark.parametrize("k", [1, 3, 12])
def test_draws_have_the_law_of_the_closed_forms(history, k):
    t, rng = 25.0, np.random.default_rng(1)
    one = RegularFormulas(k).outlook(*history, r=1.5, alpha=15.0 / k, a=1.0, b=5.0)
    future = one._replace(alive=np.full(SIZE, one.alive))
    drawn = future.draw(rng, t)
    chance = one.probability_of_purchases(np.arange(5), t)
    share = np.bincount(drawn.number.astype(int), minlength=5)[:5] / SIZE
    assert (abs(share - chance) <= allowed(100) * np.sqrt(chance * (1 - chance) / SIZE)).all()
    owner, time = drawn.times(rng, t)
    assert owner.size == drawn.number.sum()
    assert ((time > 0) & (time <= t)).all()
    worth = np.bincount(owner, np.exp(-0.05 * time), SIZE)
    expected = one.discounted_expected_purchases(t, 0.05)
    assert abs(worth.mean() - expected) < allowed() * worth.std() / np.sqrt(SIZE)
    last = np.zeros(SIZE)
    np.maximum.at(last, owner, time)
    assert stats.ks_2samp(last, drawn.last_time(rng, t)).pvalue > FALSE_ALARM


def test_draws_take_horizons_of_their_own():
    future = RegularFormulas(3).outlook_of_new_customer(r=1.5, alpha=5.0, a=1.0, b=5.0)
    drawn = future.draw(np.random.default_rng(1), np.array([0.0, 1e4]))
    assert drawn.number.tolist()[0] == 0
    assert drawn.number[1] > 0


def test_in_rhythm_purchases_come_in_step():
    """With k large and a known rate, a purchase is due one gap after the last, and not before."""
    formulas = RegularFormulas(100)
    future = formulas.outlook(10, 100.0, 100.0, r=1e6, alpha=1e6 / 10, a=1e-6, b=1e6)
    assert future.expected_purchases(6.0) < 1e-3
    assert future.expected_purchases(14.0) == pytest.approx(1.0, abs=1e-3)
    late = formulas.outlook(10, 100.0, 109.0, r=1e6, alpha=1e6 / 10, a=1e-6, b=1e6)
    assert late.expected_purchases(5.0) > 0.99


class TestEdges:
    @pytest.mark.parametrize("k", [2, 100])
    def test_heavy_buyers_over_long_horizons(self, k):
        """Beyond the longest sum, purchases at random moments: the two meet there."""
        formulas = RegularFormulas(k)
        future = formulas.outlook(3000, 364.9, 365.0, r=0.5, alpha=10.0 / k, a=1.0, b=3.0)
        ends = np.array([365.0, 3650.0, 36_500.0, 365_000.0])
        found = np.array([float(future.expected_purchases(t)) for t in ends])
        at_random = future._at_random(*future[1:5]).expected_purchases(ends)
        assert (np.diff(found) > 0).all()
        np.testing.assert_allclose(found, future.alive * at_random, rtol=2e-3)
        assert np.isfinite(future.discounted_expected_purchases(365_000.0, 1e-5))
        assert np.isfinite(future.discounted_expected_purchases_by(ends, 1e-5)).all()
        assert np.isfinite(future.probability_of_purchases(np.array([0, 10, 10**6]), 36_500.0)).all()
        assert future._too_many(365_000.0, future.A, future.B)
        assert not future._too_many(365.0, future.A, future.B)

    @pytest.mark.parametrize("k", [2, 30, 100])
    def test_a_silence_of_thousands_of_gaps(self, k):
        formulas = RegularFormulas(k)
        history = (500, 500.0, 3000.0)
        values = {"r": 2.0, "alpha": 2.0 / k, "a": 1.0, "b": 30.0}
        future = formulas.outlook(*history, **values)
        assert 0 <= future.alive < 1e-200
        assert np.isfinite(formulas.log_likelihood(*history, **values))
        due = future.given_alive()
        assert 0.99 < due.expected_purchases(1000.0) / due.expected_purchases(1000.0001) <= 1
        assert np.isfinite(due.draw(np.random.default_rng(1), 100.0).number)

    def test_nothing_in_no_time(self):
        future = RegularFormulas(4).outlook(3, 20.0, 38.0, **CDNOW)
        assert future.expected_purchases(0.0) == 0
        assert future.probability_of_purchases(0, 0.0) == pytest.approx(1)
        assert future.probability_alive_after(0.0) == pytest.approx(float(future.alive))
        assert future.discounted_expected_purchases_by([], 0.1).shape == (0,)

    def test_without_end_where_money_is_discounted(self):
        future = RegularFormulas(4).outlook(3, 20.0, 38.0, **CDNOW)
        ends = [future.discounted_expected_purchases(t, 0.05) for t in (400.0, 1200.0, np.inf)]
        assert ends[0] < ends[1] <= ends[2] * (1 + 1e-12)

    def test_customers_who_hardly_differ_lose_no_digits(self):
        """With r and alpha large, gaps are Erlang at one rate."""
        alike = RegularFormulas(3).log_likelihood(2, 20.0, 40.0, r=1e12, alpha=1e12 / 0.3, a=1e-9, b=1.0)
        silent = stats.gamma(3, scale=1 / 0.3).logsf(20.0)
        of_recency = stats.gamma(6, scale=1 / 0.3).logpdf(20.0) - np.log(20.0)
        assert alike == pytest.approx(of_recency + silent, abs=1e-3)

    def test_arrays_of_draws_and_customers(self):
        values = {name: np.array([[number], [2 * number]]) for name, number in CDNOW.items()}
        future = RegularFormulas(3).outlook(np.array([0, 2, 5]), np.array([0.0, 9.0, 30.0]), 38.0, **values)
        found = future.expected_purchases(39.0)
        alone = RegularFormulas(3).outlook(2, 9.0, 38.0, **{name: 2 * number for name, number in CDNOW.items()})
        assert found.shape == (2, 3)
        assert found[1, 1] == pytest.approx(float(alone.expected_purchases(39.0)), rel=1e-13)


@pytest.mark.parametrize("k", [0, -1, 1.5, 4.0, True, "4", None, np.nan, [4]])
def test_what_is_no_shape_of_gaps(k):
    with pytest.raises(InputError, match=r"k must be a whole number.*check_regularity"):
        bg_cnbd.as_whole_k(k)


def test_gaps_that_follow_a_calendar():
    with pytest.raises(InputError, match=r"k must be at most 100, not 1,000.*calendar.*ShiftedBetaGeometric"):
        bg_cnbd.as_whole_k(1000)
    assert bg_cnbd.as_whole_k(np.int64(100)) == 100


@pytest.mark.parametrize("k", [2, 12, 20, 40])
@pytest.mark.parametrize("t", [0.0, 3.0, 80.0, 2000.0])
def test_discounting_over_time_and_over_rates_agree(k, t, monkeypatch):
    """Two integrals over different things; a rule of many nodes where gaps are sharp."""
    x, t_x, T = np.array([0.0, 0.0, 1.0, 7.0, 7.0, 60.0]), np.array([0.0, 0, 3, 30, 38, 39]), np.full(6, 40.0)
    for r, delta in ((0.2, 0.002), (1.5, 0.05), (30.0, 0.002)):
        outlook = RegularFormulas(k).outlook(x, t_x, T, r=r, alpha=10.0 * r / k, a=0.8, b=3.0)
        monkeypatch.setattr(bg_cnbd, "NODES", 128)
        monkeypatch.setattr(phases, "SHARP", 100)
        in_time = outlook.discounted_expected_purchases(t, delta)
        monkeypatch.setattr(phases, "SHARP", 0)
        np.testing.assert_allclose(outlook.discounted_expected_purchases(t, delta), in_time, rtol=1e-8, atol=1e-11)
