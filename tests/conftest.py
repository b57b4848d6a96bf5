"""What many tests share: CDNOW, a small book of customers, and posteriors made by hand."""

from tests.compiled import FOLDER  # before all that compiles

# isort: split
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arviz_base import rcParams
from hypothesis import settings
from threadpoolctl import threadpool_limits

import ltv_bayes as lb
from ltv_bayes import posterior
from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.formulas.models.parameterization import naming as naming_of
from ltv_bayes.language import language
from tests.durations import Durations, sort_and_mark
from tests.seeds import shift_all

# Machines are shared, so speed is measured in benchmarks; and a run tells the same twice, unless other seeds are asked.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("other", deadline=None)


def pytest_addoption(parser):
    parser.addoption("--seed-shift", type=int, default=0, help="add this to every seed: other data, other chains")
    parser.addoption("--write-durations", action="store_true", help="write tests/durations.json anew")


def pytest_configure(config):
    """One thread for linear algebra: processes run side by side, and most matrices are small; their children too."""
    threadpool_limits(1, user_api="blas")
    for name in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{name}_NUM_THREADS", "1")
    # Where each node of a graph was written is a seventh of the time that models take to build.
    os.environ.setdefault("PYTENSOR_FLAGS", "traceback__limit=0")
    if config.getoption("--write-durations"):
        config.pluginmanager.register(Durations())
    shift = config.getoption("--seed-shift")
    settings.load_profile("other" if shift else "same")
    if shift:
        shift_all(shift)


def pytest_report_header():
    return f"compiled loops: {FOLDER}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """With other seeds, examples in docstrings would print other numbers: they are left out."""
    sort_and_mark(items)
    if config.getoption("--seed-shift"):
        items[:] = [item for item in items if not says_one_seed(item)]


def settings_of_the_process():
    prob, kind = rcParams["stats.ci_prob"], rcParams["stats.ci_kind"]
    return {"language": language(), "prob": prob, "kind": kind, "folder": Path.cwd()}


@pytest.fixture(autouse=True)
def settings_stay():
    """A test that changes a setting of the whole process puts it back: others run after it, in an order of any kind."""
    before = settings_of_the_process()
    yield
    after = settings_of_the_process()
    lb.set_language(before["language"])
    lb.set_interval(before["prob"], before["kind"])
    os.chdir(before["folder"])
    assert after == before


NAMES_OF_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser():
    """The Chromium of the system, once for all tests; in CI it must be there."""
    path = next(filter(None, map(shutil.which, NAMES_OF_CHROMIUM)), None)
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("No Chromium is installed, and CI must open the pages: .ci/run installs it.")
    if path is None:
        pytest.skip("No Chromium is installed: install it, such as by apt-get install chromium, to open the pages.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def says_one_seed(item):
    return isinstance(item, pytest.DoctestItem) or item.get_closest_marker("exact_seed")


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
def a_share():
    """A posterior of BG/NBD with a share that leaves right after the first purchase: 2 chains x 500 draws."""
    means = {"r": 0.4, "alpha": 5.4, "a": 0.78, "b": 2.24, "first_dropout": 0.24}
    return lb.FittedPurchases.from_draws(normal_draws(means, 0.08, 2, 500, 4), time_unit="week")


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
def backtested(cdnow_orders, spend):
    """CDNOW's forecast of 39 weeks, by a fit made by hand and some draws of it."""

    def run(purchases, draws):
        fits = {"purchases": purchases.thin(draws), "spend": spend.thin(draws)}
        return lb.backtest(cdnow_orders, as_of="1997-09-30", horizon="39 weeks", **fits, random_seed=1)

    return run


@pytest.fixture(scope="session")
def cdnow_fits(cdnow):
    """Both models sampled on CDNOW with the usual priors; slow, made once."""
    purchases = lb.BGNBD(calendar_effects=None).fit(cdnow, random_seed=1, progressbar=False)
    return purchases, lb.GammaGamma(price_growth=None).fit(cdnow, random_seed=2, progressbar=False)


@pytest.fixture(scope="session")
def cdnow_leaving(cdnow):
    """MBG/NBD on CDNOW in the same way; slow, made once."""
    return lb.MBGNBD(calendar_effects=None).fit(cdnow, random_seed=1, progressbar=False)


def pooled_by_hand(kind, model, quantities, effects, column="channel", **attrs):
    """A pooled fit whose parameters are known: quantities of a typical segment, and effects of segments."""
    shape, naming = (2, 300), naming_of(model, attrs.get("k", 1))
    draws = {name: np.full(shape, value) for name, value in quantities.items()}
    draws |= {name: value for name, value in naming.arithmetic(draws).items() if name in naming.parameters}
    channels, dims = list(next(iter(effects.values()))), {}
    for name in naming.levels:
        draws[f"{name}_by_{column}"] = np.broadcast_to(list(effects[name].values()), (*shape, len(channels)))
        draws[f"{name}_sd_{column}"] = np.full(shape, 0.5)
        dims[f"{name}_by_{column}"] = [column]
    said = {"model": model, "k": attrs.get("k", 1), "by": [column], "covariates": {}, "scales": {}}
    said["customers"] = {column: dict(zip(channels, [40.0, 12.0, 25.0], strict=True))}
    attrs |= {"model": model, "pooling": json.dumps(said)}
    return kind(posterior.tree_from_draws(draws, attrs, dims=dims, coords={column: channels}))


@pytest.fixture(scope="session")
def channel_fits():
    """Purchases and spend pooled by channel, parameters known: orders of 2,000 at rates of 0.1, 0.2, 0.15 a month."""
    quantities = {"mean_rate": 0.1, "rate_cv": 0.8, "dropout_mean": 0.15, "dropout_concentration": 8.0}
    none = {"Ads": 0.0, "Fair": 0.0, "Referral": 0.0}
    effects = {"mean_rate": {"Ads": 0.0, "Fair": np.log(2.0), "Referral": np.log(1.5)}, "dropout_mean": none}
    purchases = pooled_by_hand(lb.FittedPurchases, "bg_nbd", quantities, effects, time_unit="month", currency="EUR")
    quantities = {"mean_spend": 2000.0, "order_cv": 0.5, "q_excess": 4.0}
    effects = {"mean_spend": {"Ads": 0.0, "Fair": np.log(3.0), "Referral": 0.0}}
    return purchases, pooled_by_hand(lb.FittedSpend, "gamma_gamma", quantities, effects, currency="EUR")


@pytest.fixture(scope="session")
def spend_by_industry():
    """Spend pooled by another column; 2,000 in a typical industry."""
    quantities = {"mean_spend": 2000.0, "order_cv": 0.5, "q_excess": 4.0}
    effects = {"mean_spend": {"Energy": 0.5, "Retail": -0.5, "Public": 0.3}}
    return pooled_by_hand(lb.FittedSpend, "gamma_gamma", quantities, effects, "industry", currency="EUR")


@pytest.fixture(scope="session")
def channel_value(channel_fits):
    """Value of a new client by channel over three years."""
    terms = {"horizon": "3 years", "discount_rate": 0.1, "margin": 0.35, "random_seed": 1}
    return lb.new_customer_value(*channel_fits, **terms)


@pytest.fixture
def undrawn(monkeypatch):
    """Pages come without their pictures, which take most of the time, where a test looks at all the rest."""
    monkeypatch.setattr("ltv_bayes.reporting.page.render.picture", lambda part: "")


@pytest.fixture(scope="session")
def unconverged():
    """Makes of a fit one whose sampler did not converge."""

    def make(fit):
        tree = fit.idata.copy()
        verdict = Diagnostics("NUTS", 20.0, 500, 2, rhat=1.2, divergences=30, problems=("r-hat is 1.2.",))
        tree.attrs["diagnostics"] = verdict.to_json()
        return type(fit)(tree)

    return make
