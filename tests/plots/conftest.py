"""Values, segments and a backtest to draw, from posteriors made by hand; figures are closed after each test."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import ltv_bayes as lb
from tests.judgement.conftest import by_hand, closed  # noqa: F401

mpl.use("agg")


@pytest.fixture(autouse=True)
def figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="session")
def valued(purchases, spend):
    """Values customers over 39 weeks with the posteriors made by hand."""

    def value(customers, purchases=purchases, **settings):
        any_currency = lb.FittedSpend.from_draws(spend.thin(50).draws)
        streams = [lb.RepeatPurchases(purchases.thin(50), any_currency)]
        terms = {"horizon": "39 weeks", "discount_rate": 0.1, "margin": 0.35, "random_seed": 1}
        return lb.lifetime_value(customers, streams, **{**terms, **settings})

    return value


@pytest.fixture(scope="session")
def ltv(book, valued):
    return valued(book, realised=True)


@pytest.fixture(scope="session")
def test_of_cdnow(backtested, purchases):
    return backtested(purchases, 20)


@pytest.fixture(scope="session")
def rolling(cdnow_orders, purchases, spend):
    """CDNOW from three origins, with a column of segments."""
    ids = cdnow_orders.table["customer_id"].unique()
    half = pd.Series(np.where(ids % 2 == 0, "even", "odd"), index=ids, name="half")
    fits = {"purchases": purchases.thin(40), "spend": spend.thin(40)}
    days = ["1997-07-01", "1997-09-30", "1998-03-31"]
    return lb.backtest(cdnow_orders, as_of=days, horizon="13 weeks", by=half, random_seed=1, progressbar=False, **fits)


@pytest.fixture(scope="session")
def compared(cdnow_orders, purchases, spend):
    """Three models of CDNOW from three origins."""
    lively = lb.FittedPurchases.from_draws({**purchases.draws, "a": purchases.draws["a"] / 10}, time_unit="week")
    models = {"BG/NBD": purchases.thin(40), "lively": lively.thin(40), "again": purchases.thin(41)}
    days = ["1997-07-01", "1997-09-30", "1998-03-31"]
    terms = {"as_of": days, "horizon": "13 weeks", "random_seed": 1, "progressbar": False, "spend": spend.thin(40)}
    return lb.backtest(cdnow_orders, models=models, **terms)


@pytest.fixture
def cut_off():
    """Names the texts of a figure that reach beyond its edge."""

    def beyond(figure):
        figure.canvas.draw()
        frame, unseen = figure.bbox, _unseen_ticks(figure)
        shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and text not in unseen]
        boxes = [(text.get_text(), text.get_window_extent()) for text in shown]
        return [
            text
            for text, box in boxes
            if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
        ]

    return beyond


def _unseen_ticks(figure):
    """Labels of ticks outside their axis' view, which are not drawn."""
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    return [tick.label1 for axis in axes for tick in axis.get_major_ticks() if not _in_view(axis, tick)]


def _in_view(axis, tick):
    low, high = sorted(axis.get_view_interval())
    return low <= tick.get_loc() <= high
