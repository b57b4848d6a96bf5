"""What all pictures share: their axes, their units and level, a word beside a dot outside its bar, dark ground, SVG."""

import os
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from lxml import etree
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.evaluation.check import Checks
from ltv_bayes.evaluation.value_over_time import ValueOverTime
from ltv_bayes.intervals import bound_columns
from ltv_bayes.plots.canvas import as_svg
from tests.plots.reading import beyond_frame, boxes, covering, leaving_axes, overlapping
from tests.plots.test_pooling import LAW, alone, full, pooled_fit
from tests.plots.test_priors import prior_of
from tests.predictions.test_calendar_effects import on_clock

NAMES = sorted(name for name in lb.__all__ if name.startswith("plot_"))
PANELS = {"plot_backtest": 2, "plot_cohorts": 4, "plot_judgement": 2, "plot_prior_posterior": 4}
"""Pictures of several panels, with the number that they have here: ``ax`` is an array, and a Figure is returned."""
NO_INTERVAL = {"plot_ranks", "plot_tiers", "plot_tornado", "plot_deciles", "plot_history_surface", "plot_judgement"}
NO_INTERVAL |= {"plot_movements"}
LEVEL = re.compile(r"\b\d+% (?:interval|highest-density interval)")
UNITS = {
    "plot_lifetime_value": "USD",
    "plot_segments": "USD",
    "plot_waterfall": "USD",
    "plot_cash_flow": "USD",
    "plot_tornado": "USD",
    "plot_value_over_time": "USD",
    "plot_payback": "USD",
    "plot_equity": "USD",
    "plot_acquisition": "over the cost",
    "plot_backtest": "USD",
    "plot_cohorts": "USD",
    "plot_deciles": "USD",
    "plot_judgement": "USD",
    "plot_tracking": "weeks",
    "plot_calibration": "purchases per customer",
    "plot_purchases_by_period": "purchases in a period",
    "plot_calibration_curve": "%",
    "plot_calendar_effects": "factor on the",
    "plot_shrinkage": "per month",
    "plot_history_surface": "months",
    "plot_prior_posterior": "weeks",
    "plot_movements": "a month (USD)",
    "plot_retained": "age in quarters",
    "plot_ranks": "probability",
    "plot_tiers": "probability",
}


@pytest.fixture(scope="module")
def judged_value(book, valued):
    """A value with two judgements."""
    frame = pd.DataFrame({"customer_id": ["A", "E"], "probability": [0.95, 0.2], "low": [30.0, 400.0]})
    frame = frame.assign(high=[60.0, 900.0], opportunity=["a line", "a hall"])
    return valued(book, future_value=lb.FutureValuePriors.from_judgements(frame, relation="additional"))


def checks_by_period():
    days = pd.to_datetime(["2024-01-31", "2024-03-01", "2024-03-31"])
    table = pd.DataFrame({"from": days[:2], "to": days[1:], "observed": [7.0, 12.0], "expected": [10.0, 9.0]})
    table = table.assign(eti50_lb=[8.0, 7.0], eti50_ub=[12.0, 11.0])
    return Checks(pd.DataFrame(), (), by_period=pd.concat({"bg_nbd": table}, names=["model", "period"]))


def two_judged():
    rows = {"customer_id": ["A", "B"], "opportunity": ["a hall", "a line"], "probability": ["3 of 10", "1 of 5"]}
    frame = pd.DataFrame(rows).assign(low=50.0, high=200.0, expected_from="2026-01-01", expected_to="2026-01-05")
    return lb.FutureValuePriors.from_judgements(frame)


def many_stated(by_hand, closed):
    """An optimist's opportunities: stated chances some of which are near each other."""
    stated = [*np.repeat([0.02, 0.28, 0.31, 0.34, 0.97], 4), 0.5]
    rows = [closed(probability=share, won=place % 3 == 0, amount=120.0) for place, share in enumerate(stated)]
    return by_hand([{**row, "amount": row["amount"] if row["won"] else None} for row in rows], Chen={"shift": -0.3})


@pytest.fixture(scope="module")
def once():
    """What a function makes, the first time and again."""
    made = {}

    def of(make):
        if make.__name__ not in made:
            made[make.__name__] = make()
        return made[make.__name__]

    return of


@pytest.fixture
def draw(once, judged_value, rolling, test_of_cdnow, purchases, spend, by_hand, closed):
    """Draws a public picture of usual data by its name, with settings."""
    ltv, few = judged_value, purchases.thin(40)

    def by():
        return ltv.by("industry")

    def trend():
        days = tuple(pd.date_range("2024-01-31", periods=3, freq="ME").date)
        return ValueOverTime(days, (once(by),) * 3)

    def found():
        value = lb.new_customer_value(few, spend.thin(40), horizon="2 years", random_seed=1)
        return lb.acquisition(value, {"Ads": 60.0, "Fair": 20.0, "Referral": 9.0}, random_seed=1)

    def clock():
        return on_clock(few, effect=np.linspace(-0.5, 0.5, 24), level=0.2, sds=0.3)

    def history(**settings):
        plain = lb.FittedPurchases.from_draws({name: full(value) for name, value in LAW.items()}, time_unit="month")
        return lb.plot_history_surface(plain, observed="3 years", most=5, **settings)

    def prior():
        rng = np.random.default_rng(1)
        return prior_of(**{name: rng.lognormal(0, 2, 400) for name in ("r", "alpha", "a", "b")})

    def moved():
        rows = [(f"c{n}", f"202{n % 4}-02-10", f"202{n % 4 + 1}-02-10", 40 + n) for n in range(12)]
        rows += [(f"c{n}", f"202{n % 4 + 1}-02-10", None, (40 + n) * (n % 3)) for n in range(12) if n % 5]
        rows += [("c0", "2022-03-01", None, 60)]
        records = pd.DataFrame(rows, columns=["customer_id", "start", "cancelled_on", "price"])
        renewals = lb.summarize_renewals(records, as_of="2024-12-31", currency="USD")
        return lb.subscription_movements(renewals, every="quarter", since="2022-07-01")

    def equity():
        new = lb.new_customer_value(few, spend.thin(40), horizon="2 years", discount_rate=0.1, random_seed=1)
        today = lb.lifetime_value(
            judged_value.customers,
            lb.RepeatPurchases(few, spend.thin(40)),
            horizon="3 years",
            discount_rate=0.1,
            random_seed=1,
        )
        plan = pd.DataFrame({"month": ["1997-11", "1998-03"], "customers": [4, 3], "cost": [80.0, 90.0]})
        return lb.customer_equity(today, plan, new, random_seed=1)

    made = {
        "plot_movements": lambda **given: lb.plot_movements(once(moved), **given),
        "plot_retained": lambda **given: lb.plot_retained(once(moved), random_seed=1, **given),
        "plot_equity": lambda **given: lb.plot_equity(once(equity), **given),
        "plot_lifetime_value": lambda **given: lb.plot_lifetime_value(ltv, **given),
        "plot_segments": lambda **given: lb.plot_segments(once(by), **given),
        "plot_waterfall": lambda ax=None, **given: lb.plot_waterfall(ltv.explain(**given), ax=ax),
        "plot_cash_flow": lambda **given: lb.plot_cash_flow(ltv, **given),
        "plot_tornado": lambda **given: lb.plot_tornado(ltv, **given),
        "plot_ranks": lambda **given: lb.plot_ranks(once(by), **given),
        "plot_tiers": lambda **given: lb.plot_tiers(ltv.tiers(), **given),
        "plot_value_over_time": lambda **given: lb.plot_value_over_time(once(trend), **given),
        "plot_acquisition": lambda **given: lb.plot_acquisition(once(found), **given),
        "plot_payback": lambda **given: lb.plot_payback(once(found), **given),
        "plot_backtest": lambda **given: lb.plot_backtest(rolling, **given),
        "plot_cohorts": lambda **given: lb.plot_cohorts(rolling, **given),
        "plot_deciles": lambda **given: lb.plot_deciles(rolling, **given),
        "plot_tracking": lambda **given: lb.plot_tracking(test_of_cdnow, **given),
        "plot_calibration": lambda **given: lb.plot_calibration(test_of_cdnow, **given),
        "plot_purchases_by_period": lambda **given: lb.plot_purchases_by_period(checks_by_period(), **given),
        "plot_calibration_curve": lambda **given: lb.plot_calibration_curve(many_stated(by_hand, closed), **given),
        "plot_calendar_effects": lambda **given: lb.plot_calendar_effects(once(clock), "6 months", **given),
        "plot_shrinkage": lambda **given: lb.plot_shrinkage(once(pooled_fit), complete=alone(0.11), **given),
        "plot_history_surface": history,
        "plot_prior_posterior": lambda **given: lb.plot_prior_posterior(few, once(prior), **given),
        "plot_judgement": lambda **given: lb.plot_judgement(two_judged(), currency="USD", **given),
    }
    assert sorted(made) == NAMES
    return lambda name, **given: made[name](**given)


def figure_of(drawn):
    return drawn.get_figure(root=True) if hasattr(drawn, "get_figure") else drawn


def words_of(drawn):
    return " ".join(" ".join(text.get_text() for text in figure_of(drawn).findobj(Text)).split())


@pytest.mark.parametrize("name", NAMES)
def test_all_can_be_read_with_unit_and_level(draw, name):
    drawn = draw(name)
    written = boxes(figure_of(drawn))
    if folder := os.environ.get("PICTURES"):
        Path(folder).mkdir(exist_ok=True)
        figure_of(drawn).savefig(Path(folder) / f"every-{name}.png", dpi=70)
    assert beyond_frame(figure_of(drawn), written) == []
    assert overlapping(written) == []
    assert covering(figure_of(drawn)) == []
    assert leaving_axes(figure_of(drawn)) == []
    said = words_of(drawn)
    assert UNITS[name] in said
    assert name in NO_INTERVAL or LEVEL.search(said)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_drawn_on_given_axes(draw, name):
    number = PANELS.get(name, 1)
    figure, axes = plt.subplots(1, number, squeeze=False)
    given = list(axes.flat) if number > 1 else axes[0, 0]
    drawn = draw(name, ax=given)
    assert drawn is (figure if number > 1 else given)
    assert all(ax.has_data() for ax in axes.flat)
    assert figure.get_suptitle() == ""
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", PANELS)
def test_too_few_axes_are_refused(draw, name):
    with pytest.raises(InputError, match=rf"has {PANELS[name]} panels, and ax holds 1 Axes"):
        draw(name, ax=plt.figure().add_subplot())


@pytest.mark.parametrize("name", NAMES)
def test_on_dark_ground_all_letters_are_light_and_an_svg_takes_the_ink_of_its_page(draw, name):
    with plt.style.context("dark_background"):
        drawn = draw(name)
        text = as_svg(drawn, name)  # draws, so that ticks have their texts
        shown = [one for one in figure_of(drawn).findobj(Text) if one.get_text().strip()]
        assert [one.get_text() for one in shown if np.mean(to_rgb(one.get_color())) < 0.9] == []
    root = etree.fromstring(text)
    tags = {part.tag.split("}")[1] for part in root.iter()}
    assert tags <= {"svg", "title", "g", "path", "text", "use", "defs", "clipPath", "rect", "image"}
    assert all(part.get("href").startswith("data:image/png") for part in root.iter("{*}image"))
    fills = {part.get("fill", "currentColor") for part in root.iter("{*}text")}
    assert fills <= {"currentColor", "#fdfdfd"}
    ids = [part.get("id") for part in root.iter() if part.get("id")]
    assert len(ids) == len(set(ids))
    assert len(text) < 120_000


SURELY_OUTSIDE = {
    "plot_lifetime_value",
    "plot_segments",
    "plot_acquisition",
    "plot_value_over_time",
    "plot_backtest",
    "plot_calibration_curve",
    "plot_cash_flow",
}
"""Pictures of which some dot lies outside an interval of 3%: all that have dots of uncertain numbers beside bars."""


def bars_and_dots(ax):
    """Both ends of each interval, and each dot but those of outcomes, in numbers."""
    bars = [
        segment for drawn in ax.collections if isinstance(drawn, LineCollection) for segment in drawn.get_segments()
    ]
    dots = [place for drawn in ax.collections if isinstance(drawn, PathCollection) for place in drawn.get_offsets()]
    for line in ax.lines:
        if line.get_marker() in {"o", "s", "D", "^", "v", "P", "_"} and not line.get_label().startswith("actual"):
            dots += list(np.column_stack([line.get_xdata(orig=False), line.get_ydata(orig=False)]).astype(float))
    return [bar for bar in bars if len(bar) == 2], dots


def outside_bars(ax):
    """Dots on the line of an interval, beyond its ends: 0 for an upright interval or else 1, and the dot's place."""
    bars, dots = bars_and_dots(ax)
    found = []
    for (start, end), dot in ((bar, dot) for bar in bars for dot in dots):
        for across in (0, 1):
            along = 1 - across
            low, high = sorted((start[along], end[along]))
            if start[across] == end[across] == dot[across] and low < high:
                close = 1e-9 * max(abs(low), abs(high))
                if not low - close <= dot[along] <= high + close:
                    found.append((across, dot[across]))
    return found


@pytest.mark.parametrize("name", sorted(set(NAMES) - NO_INTERVAL - {"plot_purchases_by_period"}))
def test_a_dot_outside_its_bar_has_a_word_beside_it(draw, name):
    figure = figure_of(draw(name, ci_prob=0.03, ci_kind="hdi"))
    number = 0
    for ax in figure.axes:
        words = [text for text in ax.texts if re.search(r"\b(above|below)\b|P\(more\)", text.get_text())]
        places = [(float(ax.convert_xunits(word.xy[0])), float(ax.convert_yunits(word.xy[1]))) for word in words]
        for across, place in outside_bars(ax):
            number += 1
            assert any(one[across] == pytest.approx(place) for one in places), (across, place, places)
    assert number > 0 or name not in SURELY_OUTSIDE


def test_a_mean_outside_the_line_of_a_waterfall_says_so(judged_value):
    table = judged_value.explain("D", ci_prob=0.03, ci_kind="hdi")
    ax = lb.plot_waterfall(table)
    low, high = bound_columns(table)
    outside = table["mean"] > table[high]
    assert outside.any()
    for text, far in zip(ax.texts, outside & (table[high] > table[low]), strict=True):
        assert ("above the line" in text.get_text()) == far
