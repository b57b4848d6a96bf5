"""Whatever is drawn, all that is written can be read: nothing written lies on something else or leaves the picture.

``PICTURES=folder pytest tests/plots/test_layout.py`` leaves the pictures in a folder, to look at them.
"""

import os
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.evaluation.value_over_time import ValueOverTime
from tests.plots.reading import beyond_frame, boxes, covering, leaving_axes, overlapping

CHINESE = "上海浦东新区高端装备智能制造产业发展有限责任公司第{}分公司"
LATIN = "Amalgamated Industrial Holdings of Ruritania {}"
TERMS = {"horizon": "3 years", "discount_rate": 0.1, "margin": 0.35, "random_seed": 1}


def customers(names, segments, *, total=400.0, each=25.0, currency="CNY"):
    again = np.arange(len(names)) % 2
    frame = pd.DataFrame({"customer_id": names, "frequency": 3 * again, "recency": 20.0 * again, "T": 30.0})
    frame = frame.assign(monetary_value=np.where(again, each, np.nan), total_value=total, industry=segments)
    return lb.Customers.from_summary(frame, time_unit="week", as_of="1997-09-30", currency=currency)


def long_names(number):
    return [(CHINESE if place % 2 else LATIN).format(place) for place in range(number)]


WORLDS = {
    "sixty": (customers(long_names(60), long_names(60)), {"realised": True}),
    "one": (customers(["A", "B"], ["only", "only"]), {}),
    "nothing": (customers(long_names(4), ["a", "a", "b", "b"]), {"margin": 0.0}),
    "huge": (
        customers(long_names(6), long_names(6), total=[-4e11, -2.0, 9e12, 5.0, 8e10, 0.0], each=7e9),
        {"realised": True},
    ),
    "one year": (customers(["A", "B", "C"], ["x", "y", "z"], currency="USD"), {"horizon": "1 year", "realised": True}),
    "twenty years": (customers(long_names(6), list("xyzxyz"), currency=None), {"horizon": "20 years"}),
}


@pytest.fixture(scope="module", params=list(WORLDS))
def world(request, purchases, spend):
    """A value of customers that are hard to draw, with judgements."""
    some, changes = WORLDS[request.param]
    ids = list(some.ids)
    judged = pd.DataFrame({"customer_id": ids, "probability": 0.3, "low": 30.0, "high": 900.0})
    size = 2e8 if request.param == "huge" else 1.0
    judged[["low", "high"]] *= size
    judged["opportunity"] = [f"扩建{name}" for name in ids]
    some_spend = spend.thin(40).draws
    sized = lb.FittedSpend.from_draws({**some_spend, "v": size * some_spend["v"]})
    streams = [lb.RepeatPurchases(purchases.thin(40), sized)]
    given = {"future_value": lb.FutureValuePriors.from_judgements(judged, relation="additional"), **TERMS, **changes}
    return request.param, lb.lifetime_value(some, streams, **given)


def trend_of(by):
    """What it was worth on thirteen days, some months apart."""
    days = pd.date_range("2024-01-31", periods=13, freq="ME").date
    return ValueOverTime(tuple(days), (by,) * 13)


OF_A_VALUE = {
    "lifetime_value": lambda ltv: lb.plot_lifetime_value(ltv, top=40),
    "segments": lambda ltv: lb.plot_segments(ltv.by("industry")),
    "segments_total": lambda ltv: lb.plot_segments(ltv.by("industry"), "total", statistic="mean", ci_prob=0.2),
    "ranks": lambda ltv: lb.plot_ranks(ltv.by("industry")),
    "tiers": lambda ltv: lb.plot_tiers(ltv.tiers()),
    "waterfall": lambda ltv: lb.plot_waterfall(ltv.explain()),
    "waterfall_of_one": lambda ltv: lb.plot_waterfall(ltv.explain(ltv.customers.ids[0])),
    "cash_flow": lambda ltv: lb.plot_cash_flow(ltv),
    "cash_flow_of_one": lambda ltv: lb.plot_cash_flow(ltv, ltv.customers.ids[0]),
    "tornado": lambda ltv: lb.plot_tornado(ltv),
    "value_over_time": lambda ltv: lb.plot_value_over_time(trend_of(ltv.by("industry"))),
}


def check(drawn, name):
    """Nothing written lies on something else, or outside."""
    figure = drawn.get_figure(root=True) if hasattr(drawn, "get_figure") else drawn
    written = boxes(figure)
    if folder := os.environ.get("PICTURES"):
        Path(folder).mkdir(exist_ok=True)
        figure.savefig(Path(folder) / f"{name}.png", dpi=60)
    assert written
    assert beyond_frame(figure, written) == []
    assert overlapping(written) == []
    assert covering(figure) == []
    assert leaving_axes(figure) == []


@pytest.mark.parametrize("kind", OF_A_VALUE)
def test_values(world, kind):
    name, ltv = world
    check(OF_A_VALUE[kind](ltv), f"{kind}-{name}")


@pytest.mark.parametrize("number", [1, 60])
def test_acquisition(number, purchases, spend):
    value = lb.new_customer_value(purchases.thin(40), spend.thin(40), horizon="1 year", random_seed=1)
    costs = {name: 3.0 + 40.0 * place for place, name in enumerate(long_names(number))}
    check(lb.plot_acquisition(lb.acquisition(value, costs, random_seed=1)), f"acquisition-{number}")


@pytest.mark.parametrize(("cost", "horizon"), [(1.0, "1 year"), (4000.0, "1 year"), (40.0, "20 years")])
def test_payback(cost, horizon, purchases, spend):
    value = lb.new_customer_value(purchases.thin(20), spend.thin(20), horizon=horizon, random_seed=1)
    found = lb.acquisition(value, {LATIN: cost}, random_seed=1)
    check(lb.plot_payback(found), f"payback-{cost}")


@pytest.mark.parametrize("kind", ["backtest", "cohorts", "deciles"])
@pytest.mark.parametrize("origins", [1, 3, 14])
def test_backtests(rolling, kind, origins):
    first, *_, last = rolling.windows
    many = [
        replace(first, as_of=day, until=(pd.Timestamp(day) + pd.Timedelta(weeks=13)).date())
        for day in pd.date_range("1997-01-31", periods=14, freq="ME").date
    ]
    windows = {1: (last,), 3: rolling.windows, 14: tuple(many)}[origins]
    check(getattr(lb, f"plot_{kind}")(replace(rolling, windows=windows)), f"{kind}-{origins}")


def test_models_compared(compared):
    names = dict(zip(long_names(3), compared.backtests.values(), strict=True))
    check(lb.plot_backtest(replace(compared, backtests=names)), "models")


@pytest.mark.parametrize("kind", ["tracking", "calibration"])
def test_forecasts(test_of_cdnow, kind):
    check(getattr(lb, f"plot_{kind}")(test_of_cdnow), kind)


def test_what_cannot_be_read_is_found():
    figure, ax = plt.subplots(figsize=(4, 3))
    ax.hlines([0, 1], 0, [1, 2])
    ax.plot([0.5], [0], "o")
    ax.set(xlim=(0, 3), ylim=(-1, 2))
    ax.text(1.0, 0.0, "on the end", ha="center", va="center")
    ax.text(1.3, 0.05, "on the words", ha="center", va="center")
    ax.text(0.1, 1.5, "free")
    ax.text(2.9, 1.0, "far beyond the frame")
    written = boxes(figure)
    assert covering(figure) == ["on the end", "on the words"]
    assert overlapping(written) == [("on the end", "on the words")]
    assert beyond_frame(figure, written) == ["far beyond the frame"]


def test_lines_aslant_pass_each_other_or_do_not():
    for apart, met in ((0.5, False), (0.05, True)):
        figure, ax = plt.subplots(figsize=(4, 3))
        for place in (0.2, 0.2 + apart):
            ax.text(place, 0.3, "2024-12-31", rotation=30)
        assert bool(overlapping(boxes(figure))) == met
