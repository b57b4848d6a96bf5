"""Gamma-gamma against published estimates and its own exact simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ltv_bayes import samples
from ltv_bayes.data.customers.histories import unique_spend
from ltv_bayes.formulas.models import gamma_gamma
from tests.chance import FALSE_ALARM, allowed
from tests.formulas.estimates import maximum_likelihood

FITTED = {"p": 6.24957, "q": 3.74422, "v": 15.44352}
DRAWS = 400_000


START = {"p": 2, "q": 2, "v": 20}


def test_estimates_on_cdnow(cdnow):
    h = unique_spend(cdnow)
    assert h.count.sum() == 946
    found, height = maximum_likelihood(gamma_gamma.log_likelihood, h.count, (h.frequency, h.monetary_value), START)
    assert found == pytest.approx(FITTED, rel=1e-5)
    assert height == pytest.approx(-4055.91769, abs=1e-5)


def test_expected_spend_of_the_first_ten_customers():
    """Published from the summary file, whose values are rounded to cents."""
    table = pd.read_csv(samples.lifetimes_file("cdnow_customers_summary_with_transactions.csv"))
    buyers = table[table["x"] > 0]
    found, _ = maximum_likelihood(
        gamma_gamma.log_likelihood, 1, (buyers["x"].to_numpy(), buyers["zbar"].to_numpy()), START
    )
    first = table.head(10)
    spend = gamma_gamma.expected_spend(first["x"].to_numpy(), first["zbar"].to_numpy(), **found)
    published = [24.6586, 18.9115, 35.1710, 35.1710, 35.1710, 71.4629, 18.9115, 35.1710, 27.2824, 35.1710]
    np.testing.assert_allclose(spend, published, atol=5e-5)


def test_log_density_integrates_to_one():
    m = np.linspace(1e-6, 4000, 2_000_001)
    density = np.exp(gamma_gamma.log_likelihood(3, m, p=1.2, q=2.5, v=40.0))
    assert np.trapezoid(density, m) == pytest.approx(1, abs=1e-3)


def test_mean_spend_is_infinite_where_it_does_not_exist():
    assert gamma_gamma.population_mean_spend(p=2, q=1.0, v=10) == np.inf
    assert gamma_gamma.population_mean_spend(p=2, q=0.5, v=10) == np.inf


def test_customer_without_spend_needs_no_value():
    assert gamma_gamma.expected_spend(0, np.nan, **FITTED) == gamma_gamma.population_mean_spend(**FITTED)


def test_total_of_five_orders():
    """Mean 123.29 and sd 39.85: the customer's own rate is drawn once, not once per order (27.10)."""
    rng = np.random.default_rng(5)
    nu = gamma_gamma.draw_spend_rate(rng, 2, 22.35, **{name: np.full(DRAWS, value) for name, value in FITTED.items()})
    total = gamma_gamma.draw_total_spend(rng, 5, FITTED["p"], nu)
    each = sum(gamma_gamma.draw_order_values(rng, np.full(DRAWS, FITTED["p"]), nu) for _ in range(5))
    for drawn in (total, each):
        assert abs(drawn.mean() - 123.29) < allowed(100) * drawn.std() / np.sqrt(DRAWS) + 0.005
        assert drawn.std() == pytest.approx(39.85, abs=0.4)


def test_total_follows_its_closed_form():
    """(v + x m) BetaPrime(p y, p x + q)."""
    rng, size = np.random.default_rng(6), 20_000
    nu = gamma_gamma.draw_spend_rate(rng, 2, 22.35, **{name: np.full(size, value) for name, value in FITTED.items()})
    total = gamma_gamma.draw_total_spend(rng, 5, FITTED["p"], nu)
    law = stats.betaprime(5 * FITTED["p"], 2 * FITTED["p"] + FITTED["q"], scale=FITTED["v"] + 2 * 22.35)
    assert stats.kstest(total, law.cdf).pvalue > FALSE_ALARM


def test_no_orders_bring_nothing():
    rng = np.random.default_rng(1)
    assert (gamma_gamma.draw_total_spend(rng, np.zeros(5), 6.0, np.ones(5)) == 0).all()
