"""Real fits of NBD: the two ways to draw, known truth, SciPy's negative binomial."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import ltv_bayes as lb
from ltv_bayes.data.customers.histories import unique_histories, without_recency
from ltv_bayes.formulas.kernels.tables import event_tables
from tests.chance import FALSE_ALARM, assert_plausible, assert_same_posterior, by_chain, of_fit
from tests.formulas.kernels import alone

pytestmark = pytest.mark.fits


def simulated(r, alpha, size, seed, longest=60.0):
    """Customers with events at rates of their own, observed for times of their own."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(5.0, longest, size).round(1)
    return as_customers(rng.poisson(rng.gamma(r, 1 / alpha, size) * T), T)


def as_customers(frequency, T):
    frame = pd.DataFrame({"frequency": frequency, "recency": T * (frequency > 0), "T": T})
    return lb.Customers.from_summary(frame.rename_axis("customer_id").reset_index(), time_unit="week")


@pytest.fixture(scope="module")
def many():
    return simulated(0.7, 9.0, 4000, seed=1)


def test_mode_under_flat_priors_is_the_maximum_likelihood_by_scipy(many):
    events, exposure = (many.table[name].to_numpy() for name in ("frequency", "T"))

    def loss(logs):
        r, alpha = np.exp(logs)
        return -stats.nbinom(r, alpha / (alpha + exposure)).logpmf(events).sum()

    found = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9})
    h = without_recency(unique_histories(many))
    value, *slopes = alone("nbd", np.exp(found.x), event_tables(h.frequency, h.T, h.count))
    assert value == pytest.approx(-found.fun, rel=1e-11)
    assert np.abs(np.multiply(slopes, np.exp(found.x))).max() < 1e-2  # the value is 1e4 and curved by 1e3
    flat = {name: lb.Prior("Uniform", lower=0, upper=upper) for name, upper in (("r", 10), ("alpha", 100))}
    fit = lb.NBD(priors=flat).fit(many, random_seed=1, progressbar=False)
    for name, estimate in zip(("r", "alpha"), np.exp(found.x), strict=True):
        assert abs(np.median(fit.draws[name]) - estimate) < 0.15 * fit.draws[name].std(), name


def test_laplace_and_nuts_agree(many):
    for some in (many, many.subset(many.ids[:30])):
        settings = {"draws": 400, "progressbar": False}
        laplace = [lb.NBD().fit(some, method="laplace", random_seed=seed, **settings) for seed in range(8)]
        chains = lb.NBD().fit(some, method="nuts", random_seed=2, chains=8, **settings)
        assert laplace[0].diagnose().method != chains.diagnose().method
        assert_same_posterior([of_fit(fit) for fit in laplace], by_chain(chains))


def test_intervals_hold_the_truth_as_often_as_they_say():
    """The truth is drawn from the priors of the fit, so its ranks among the draws are uniform."""
    rng, priors = np.random.default_rng(5), {"mean_rate": (-2.0, 0.5), "rate_cv": (0.2, 0.4)}
    model = lb.NBD(priors={name: lb.Prior("LogNormal", mu=mu, sigma=sigma) for name, (mu, sigma) in priors.items()})
    ranks = []
    for seed in range(40):
        mean_rate, rate_cv = (np.exp(rng.normal(mu, sigma)) for mu, sigma in priors.values())
        customers = simulated(rate_cv**-2, rate_cv**-2 / mean_rate, 60, seed=seed)
        drawn = model.fit(customers, draws=250, random_seed=seed, progressbar=False).idata["posterior"]
        ranks.append([float((drawn[n] < v).mean()) for n, v in (("mean_rate", mean_rate), ("rate_cv", rate_cv))])
    for of_one in np.transpose(ranks):
        assert stats.kstest(of_one, "uniform").pvalue > FALSE_ALARM


def test_forecasts_hold_in_the_time_that_follows():
    """Customers whose true rates are known: the total of the next year lies in its predictive interval."""
    rng = np.random.default_rng(3)
    rate, T = rng.gamma(0.7, 1 / 9.0, 2000), rng.uniform(5, 60, 2000)
    frequency = rng.poisson(rate * T)
    customers = as_customers(frequency, T)
    fit = lb.NBD().fit(customers, draws=250, random_seed=1, progressbar=False)
    assert fit.converged
    later = rng.poisson(rate * 26)
    drawn = fit.predict_events(customers, horizon="26 weeks", random_seed=2).to_numpy()
    assert_plausible(later.sum(), drawn.sum(axis=2))
    low, high = np.quantile(drawn, [0.05, 0.95], axis=(0, 1))
    assert ((low <= later) & (later <= high)).mean() > 0.88
    expected = fit.expected_events(customers, horizon="26 weeks").mean(("chain", "draw"))
    assert np.corrcoef(expected, rate)[0, 1] > 0.8


def test_a_change_of_unit_changes_nothing_else(many):
    fits = [lb.NBD().fit(some, random_seed=4, progressbar=False) for some in (many, many.in_time_unit("day"))]
    np.testing.assert_allclose(fits[1].draws["alpha"], 7 * fits[0].draws["alpha"], rtol=1e-4)
    expected = [fit.expected_events(many, horizon="1 year").mean(("chain", "draw")) for fit in fits]
    np.testing.assert_allclose(*expected, rtol=1e-4)


def test_customers_without_an_event_have_a_low_rate():
    """No event in all the weeks of 50 customers: their rate is likely below one event in that time."""
    customers = simulated(1.0, 1e9, 50, seed=1)
    assert (customers.table["frequency"] == 0).all()
    fit = lb.NBD().fit(customers, random_seed=1, progressbar=False)
    assert fit.converged
    exposure = customers.table["T"].sum()
    assert np.quantile(fit.idata["posterior"]["mean_rate"], 0.5) * exposure < 1


def test_prior_predictive_events_are_counts(many):
    tree = lb.NBD().sample_prior(many.subset(many.ids[:100]), draws=200, random_seed=1)
    found = tree["prior_predictive"]["frequency"]
    assert found.shape == (1, 200, 100)
    assert (found == found.round()).all()
    rate = tree["prior"]["r"] / tree["prior"]["alpha"]
    typical = (found.sum("customer_id") / many.table["T"].to_numpy()[:100].sum() / rate).to_numpy()
    assert 0.3 < np.median(typical) < 1.1
