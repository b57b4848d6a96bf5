"""What many tests share: CDNOW, a small book of customers, and posteriors made by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

import ltv_bayes as lb
from ltv_bayes.diagnostics import Diagnostics

settings.register_profile("unhurried", deadline=None)  # machines are shared; speed is measured in benchmarks
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def cdnow_orders():
    """The whole 1/10 sample, 78 weeks."""
    return lb.samples.cdnow_orders()


@pytest.fixture(scope="session")
def cdnow(cdnow_orders):
    """The 1/10 sample after 39 weeks."""
    return lb.summarize(cdnow_orders, time_unit="week", as_of="1997-09-30")


@pytest.fixture(scope="session")
def book():
    """Six customers with attributes, in weeks."""
    frame = pd.DataFrame(
        {
            "customer_id": ["A", "B", "C", "D", "E", "F"],
            "frequency": [2, 0, 7, 1, 12, 3],
            "recency": [30.43, 0.0, 29.43, 1.71, 30.86, 12.0],
            "T": [38.86, 38.86, 38.86, 38.86, 31.0, 25.0],
            "monetary_value": [22.35, np.nan, 31.5, 11.77, 40.2, 25.0],
            "total_value": [70.0, 12.0, 260.0, 24.0, 520.0, 101.0],
            "industry": ["Energy", "Energy", "Retail", "Retail", "Retail", "Public"],
        }
    )
    return lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency="USD")


def normal_draws(means, sd, chains, draws, seed):
    rng = np.random.default_rng(seed)
    return {name: mean * np.exp(sd * rng.standard_normal((chains, draws))) for name, mean in means.items()}


@pytest.fixture(scope="session")
def purchases():
    """A posterior around CDNOW's estimates, made by hand: 2 chains x 500 draws."""
    means = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    return lb.FittedPurchases.from_draws(normal_draws(means, 0.08, 2, 500, 1), time_unit="week")


@pytest.fixture(scope="session")
def leaving_at_once():
    """A posterior of MBG/NBD around CDNOW's estimates, made by hand: 2 chains x 500 draws."""
    means = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
    draws = normal_draws(means, 0.08, 2, 500, 3)
    return lb.FittedPurchases.from_draws(draws, time_unit="week", model="mbg_nbd")


@pytest.fixture(scope="session")
def spend():
    """A spend posterior around CDNOW's estimates, made by hand: 2 chains x 500 draws."""
    draws = normal_draws({"p": 6.25, "q": 3.744, "v": 15.44}, 0.05, 2, 500, 2)
    return lb.FittedSpend.from_draws(draws, currency="USD")


@pytest.fixture(scope="session")
def cdnow_fits(cdnow):
    """Both models sampled on CDNOW with the usual priors; slow, made once."""
    purchases = lb.BGNBD().fit(cdnow, random_seed=1, progressbar=False)
    return purchases, lb.GammaGamma().fit(cdnow, random_seed=2, progressbar=False)


@pytest.fixture(scope="session")
def unconverged():
    """Makes of a fit one whose sampler did not converge."""

    def make(fit):
        tree = fit.idata.copy()
        verdict = Diagnostics("NUTS", 20.0, 500, 2, rhat=1.2, divergences=30, problems=("r-hat is 1.2.",))
        tree.attrs["diagnostics"] = verdict.to_json()
        return type(fit)(tree)

    return make
