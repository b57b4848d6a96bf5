"""Values, segments and a backtest to draw, from posteriors made by hand; figures are closed after each test."""

import matplotlib as mpl
import pytest

import ltv_bayes as lb
from ltv_bayes.diagnostics import Diagnostics

mpl.use("agg")


@pytest.fixture(autouse=True)
def figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="session")
def unconverged():
    """Makes of a fit one whose sampler did not converge."""

    def make(fit):
        tree = fit.idata.copy()
        verdict = Diagnostics("NUTS", 1.2, 20.0, 30, 500, 2, ("r-hat is 1.2.",))
        tree.attrs["diagnostics"] = verdict.to_json()
        return type(fit)(tree)

    return make


@pytest.fixture(scope="session")
def valued(purchases, spend):
    """Values customers over 39 weeks with the posteriors made by hand."""

    def value(customers, purchases=purchases, **settings):
        streams = [lb.RepeatPurchases(purchases.thin(50), spend.thin(50))]
        terms = {"horizon": "39 weeks", "discount_rate": 0.1, "margin": 0.35, "random_seed": 1}
        return lb.lifetime_value(customers, streams, **{**terms, **settings})

    return value


@pytest.fixture(scope="session")
def ltv(book, valued):
    return valued(book, realised=True)


@pytest.fixture(scope="session")
def backtested(cdnow_orders, purchases, spend):
    """CDNOW's forecast of 39 weeks, by a fit made by hand."""

    def run(purchases):
        return lb.backtest(
            cdnow_orders,
            as_of="1997-09-30",
            horizon="39 weeks",
            purchases=purchases.thin(20),
            spend=spend.thin(20),
            random_seed=1,
        )

    return run


@pytest.fixture(scope="session")
def test_of_cdnow(backtested, purchases):
    return backtested(purchases)
