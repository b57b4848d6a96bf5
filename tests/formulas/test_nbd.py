"""NBD against SciPy's negative binomial, the definition and simulation."""

import numpy as np
import pytest
from scipy import integrate, stats

from ltv_bayes.formulas.models import nbd
from tests.chance import FALSE_ALARM


@pytest.mark.parametrize(("r", "alpha"), [(0.25, 4.4), (1.0, 100.0), (50.0, 3.0)])
def test_log_likelihood_is_the_negative_binomial(r, alpha):
    x = np.arange(30)
    expected = stats.nbinom(r, alpha / (alpha + 12.0)).logpmf(x)
    np.testing.assert_allclose(nbd.log_likelihood(x, 12.0, r=r, alpha=alpha), expected, rtol=1e-9)


def test_log_likelihood_is_the_mean_over_rates():
    law = stats.gamma(0.7, scale=1 / 5.0)
    mean, _ = integrate.quad(lambda rate: stats.poisson(rate * 9).pmf(2) * law.pdf(rate), 0, 20, limit=300)
    assert np.exp(nbd.log_likelihood(2, 9.0, r=0.7, alpha=5.0)) == pytest.approx(mean, rel=1e-7)


def test_no_exposure_no_events():
    assert nbd.log_likelihood(0, 0.0, r=1.0, alpha=2.0) == 0
    assert np.isneginf(nbd.log_likelihood(1, 0.0, r=1.0, alpha=2.0))


def test_alike_customers_are_poisson():
    found = nbd.log_likelihood(3, 10.0, r=1e9, alpha=5e9)
    assert found == pytest.approx(stats.poisson(2.0).logpmf(3), rel=1e-6)


def test_draws_given_the_history_agree_with_those_who_had_it():
    """Rates of simulated customers who really had 3 events are those that the formula draws."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(0.8, 1 / 6.0, 400_000)
    had = rng.poisson(rate * 10.0) == 3
    drawn = nbd.draw_rate(rng, np.full(had.sum(), 3), 10.0, r=0.8, alpha=6.0)
    assert stats.ks_2samp(rate[had], drawn, method="asymp").pvalue > FALSE_ALARM
    expected = float(nbd.expected_events(4.0, 3, 10.0, r=0.8, alpha=6.0))
    assert abs(4.0 * drawn.mean() - expected) < 4 * 4.0 * drawn.std() / np.sqrt(drawn.size)


def test_discounted_events_are_the_integral_of_the_discounted_rate():
    history = {"events": 3, "exposure": 10.0, "r": 0.8, "alpha": 6.0}
    rate = float(nbd.expected_events(1.0, **history))
    for delta in (1e-12, 0.01, 2.0):
        expected, _ = integrate.quad(lambda t, delta=delta: rate * np.exp(-delta * t), 0, 12)
        assert nbd.discounted_expected_events(12.0, delta, **history) == pytest.approx(expected, rel=1e-9)
    assert nbd.discounted_expected_events(12.0, 0.0, **history) == pytest.approx(12 * rate)


def test_drawn_events_given_the_history_are_negative_binomial():
    """The rate is Gamma(r + x, alpha + T), so events in a further time t are NB with alpha + T against t."""
    drawn = nbd.draw_events(np.random.default_rng(2), np.full(100_000, 4.0), 3, 10.0, r=0.8, alpha=6.0)
    law = stats.nbinom(3.8, 16 / 20)
    numbers = np.arange(6)
    seen = np.array([(drawn == number).sum() for number in numbers] + [(drawn > 5).sum()])
    expected = drawn.size * np.append(law.pmf(numbers), law.sf(5))
    assert stats.chisquare(seen, expected).pvalue > FALSE_ALARM
