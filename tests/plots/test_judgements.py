"""Judgements as pictures: the stated points are where they belong, and the words are those of the belief."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError


@pytest.fixture
def judged():
    rows = [
        {
            "customer_id": f"C{n}",
            "opportunity": f"plant {n % 7}",
            "probability": "3 of 10",
            "low": 50.0 * n,
            "high": 200.0 * n,
            "expected_from": "2026-01-01",
            "expected_to": "2026-12-31",
        }
        for n in range(1, 9)
    ]
    return lb.FutureValuePriors.from_judgements(pd.DataFrame(rows))


def panels(figure):
    return [ax for ax in figure.axes if ax.get_visible()]


def words(text):
    return " ".join(text.split())


def test_stated_points_are_marked():
    figure = lb.plot_judgement(lb.AmountBelief.from_three_points(300, 600, 1200), currency="EUR")
    marked = [line.get_xdata()[0] for line in figure.axes[0].lines if len(set(line.get_xdata())) == 1]
    assert marked == [300, 600, 1200]
    assert [text.get_text() for text in figure.axes[0].texts] == ["low 300", "likely 600", "high 1.2k"]


def test_the_curve_is_a_density():
    belief = lb.AmountBelief.from_interval(300, 1200, family="gamma")
    curve = lb.plot_judgement(belief).axes[0].lines[0]
    amounts, density = curve.get_data()
    inside = np.trapezoid(density, amounts)
    assert inside == pytest.approx(0.98, abs=0.01)


def test_the_title_is_the_sentence():
    for belief in (lb.AmountBelief.from_quartiles(80, 100, 150), lb.ChanceBelief.from_cases(3, of=10)):
        assert words(lb.plot_judgement(belief).axes[0].get_title(loc="left")) == belief.sentence()


def test_one_opportunity_shows_amount_chance_and_window(judged):
    figure = lb.plot_judgement(judged, "plant 2", customer_id="C2", currency="EUR")
    title = words(figure.get_suptitle())
    for part in ("plant 2 of C2", "3 of 10 such occur", "one chance in ten above 400 EUR", "between 2026-01-01"):
        assert part in title
    labels = [words(ax.get_xlabel()) for ax in panels(figure)]
    assert labels == [
        "amount if it occurs (EUR)",
        "chance that it occurs; bar: 80% of what it may be",
        "when it occurs",
    ]


def test_the_six_largest(judged):
    figure = lb.plot_judgement(judged)
    names = [ax.get_title(loc="left").split("\n")[0] for ax in panels(figure)]
    assert names == [f"plant {n % 7} of C{n}" for n in (8, 7, 6, 5, 4, 3)]
    assert "The 6 of 8 opportunities" in figure.get_suptitle()


@pytest.mark.parametrize(
    ("changes", "cure"),
    [
        ({"opportunity": "plant 1"}, "2 customers have an opportunity 'plant 1'. Name the customer"),
        ({"opportunity": "plnt 3"}, "Did you mean 'plant 3'"),
        ({"customer_id": "Z"}, "no judgement of the customer 'Z'"),
    ],
)
def test_which_opportunity_is_unclear(judged, changes, cure):
    with pytest.raises(InputError, match=cure):
        lb.plot_judgement(judged, **changes)


def test_something_else_is_refused():
    with pytest.raises(InputError, match="from_judgements"):
        lb.plot_judgement("something else")


@pytest.mark.parametrize("family", ["log-normal", "gamma", "pert"])
def test_certain_and_lopsided_amounts_are_drawn(family):
    for belief in (
        lb.AmountBelief.from_interval(80, 80, family=family),
        lb.AmountBelief.from_three_points(10, 11, 100),
        lb.AmountBelief.from_three_points(100, 100, 300, family="pert", interval=1),
        lb.AmountBelief.from_mean(100, 200, family="gamma"),
    ):
        figure = lb.plot_judgement(belief, currency="CNY")
        figure.canvas.draw()
        assert len(figure.axes) > 0


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "$x_1$ \\frac", "王芳" * 30])
def test_names_are_text_and_nothing_is_cut_off(name, cut_off):
    rows = [{"customer_id": name, "opportunity": name, "probability": 0.5, "low": 1, "high": 100, "q": 1}]
    judged = lb.FutureValuePriors.from_judgements(pd.DataFrame(rows))
    assert cut_off(lb.plot_judgement(judged)) == []


def test_nothing_is_cut_off(judged, cut_off):
    assert cut_off(lb.plot_judgement(judged, currency="EUR")) == []
    assert cut_off(lb.plot_judgement(lb.AmountBelief.from_interval(300, 1200), currency="CNY")) == []
    assert cut_off(lb.plot_judgement(lb.ChanceBelief.from_cases(3, of=10))) == []


def test_settings_of_the_user_stay_as_they_were(judged):
    before = dict(mpl.rcParams)
    lb.plot_judgement(judged)
    assert dict(mpl.rcParams) == before
