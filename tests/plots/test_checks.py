"""Pictures of backtests: what is drawn are the backtest's numbers."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.evaluation.check import Checks


@pytest.fixture(params=[lb.plot_tracking, lb.plot_calibration])
def plot(request):
    return request.param


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def test_tracking_draws_actual_and_predicted(test_of_cdnow):
    ax = lb.plot_tracking(test_of_cdnow)
    table = test_of_cdnow.tracking()
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["actual"], table["actual"])
    np.testing.assert_allclose(drawn["predicted, each customer from the first order on"], table["predicted"])


def test_tracking_draws_the_interval(test_of_cdnow):
    ax = lb.plot_tracking(test_of_cdnow, ci_prob=0.5)
    table = test_of_cdnow.tracking(ci_prob=0.5)
    corners = {tuple(corner) for corner in ax.collections[0].get_paths()[0].vertices.round(6)}
    for bound in ("eti50_lb", "eti50_ub"):
        assert set(table[bound].round(6).set_axis(table.index.to_numpy().round(6)).items()) <= corners


def test_tracking_marks_where_the_holdout_begins(test_of_cdnow):
    ax = lb.plot_tracking(test_of_cdnow)
    assert any(np.allclose(line.get_xdata(), test_of_cdnow.calibration_length) for line in ax.lines)
    assert {text.get_text() for text in ax.texts} == {"calibration", "holdout"}
    assert "weeks since the first order of all (1997-01-01)" in ax.get_xlabel()


def test_calibration_draws_actual_and_predicted_by_frequency(test_of_cdnow):
    ax = lb.plot_calibration(test_of_cdnow, ci_prob=0.5)
    table = test_of_cdnow.by_frequency(ci_prob=0.5)
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["actual"], table["actual"])
    np.testing.assert_allclose(drawn["predicted"], table["predicted"])
    stretches = [segment[:, 1] for segment in ax.collections[0].get_segments()]
    np.testing.assert_allclose(stretches, table[["eti50_lb", "eti50_ub"]])


def test_calibration_says_how_many_customers_and_which_time(test_of_cdnow):
    ax = lb.plot_calibration(test_of_cdnow)
    assert ax.get_xticklabels()[0].get_text() == "0\nn = 1,411"
    assert "until 1997-09-30" in ax.get_xlabel()
    assert "39 weeks" in ax.get_ylabel()


def test_the_level_asked_for_is_the_level_named(test_of_cdnow, plot):
    assert "with 89% interval" in plot(test_of_cdnow).get_title(loc="left")
    ax = plot(test_of_cdnow, ci_prob=0.5, ci_kind="hdi")
    assert "with 50% highest-density interval" in ax.get_title(loc="left")
    assert "50% highest-density interval" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_an_unconverged_fit_is_said(backtested, purchases, unconverged, plot):
    assert "FIT DID NOT CONVERGE" in plot(backtested(unconverged(purchases), 20)).get_title(loc="left")


def test_pictures_are_drawn_on_given_axes(test_of_cdnow, plot):
    ax = plt.figure().add_subplot()
    assert plot(test_of_cdnow, ax=ax) is ax


def test_settings_of_the_user_stay_as_they_were(test_of_cdnow, plot):
    before = dict(mpl.rcParams)
    plot(test_of_cdnow)
    assert dict(mpl.rcParams) == before


def test_nothing_is_cut_off(test_of_cdnow, plot, cut_off):
    assert cut_off(plot(test_of_cdnow).figure) == []


def test_counts_by_period_are_drawn_beside_the_band_of_each_fit():
    days = pd.to_datetime(["2024-01-31", "2024-03-01", "2024-03-31"])
    one = {"from": days[:2], "to": days[1:], "observed": [7.0, 12.0]}
    fits = {
        "bg_nbd (1)": pd.DataFrame(one | {"expected": [10.0, 9.0], "eti50_lb": [8.0, 7.0], "eti50_ub": [12.0, 11.0]}),
        "bg_nbd (2)": pd.DataFrame(one | {"expected": [7.0, 12.0], "eti50_lb": [5.0, 9.0], "eti50_ub": [8.0, 14.0]}),
    }
    checks = Checks(pd.DataFrame(), (), by_period=pd.concat(fits, names=["model", "period"]))
    ax = lb.plot_purchases_by_period(checks)
    drawn = lines(ax)
    assert list(drawn["observed"]) == [7.0, 12.0]
    assert list(drawn["expected by bg_nbd (1)"]) == [10.0, 9.0, 9.0]
    assert list(drawn["expected by bg_nbd (2)"]) == [7.0, 12.0, 12.0]
    heights = set(ax.collections[0].get_paths()[0].vertices[:, 1])
    assert heights == {8.0, 7.0, 12.0, 11.0}
    assert "50% interval" in ax.get_title(loc="left")
