"""Pictures of acquisition show the table's numbers."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from ltv_bayes.plots.canvas import RED
from ltv_bayes.value.acquisition.acquisition import courses


@pytest.fixture(scope="module")
def found(channel_value):
    table = pd.DataFrame(
        {"channel": ["Ads", "Fair", "Referral"], "spend": [60_000.0, 60_000.0, 4_000.0], "clients_won": [40, 15, 2]}
    )
    return lb.acquisition(channel_value, table, random_seed=1)


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_channels_are_drawn_at_their_ratio_and_interval_the_highest_first(found, cut_off):
    ax = lb.plot_acquisition(found, ci_prob=0.8)
    table = found.summary(0.8)
    assert names(ax) == [f"{name}  (n = {won})" for name, won in table["clients_won"].items()]
    stretches = np.array([segment[:, 0] for segment in ax.collections[0].get_segments()])
    np.testing.assert_allclose(stretches, table[["ltv_to_cac_eti80_lb", "ltv_to_cac_eti80_ub"]])
    np.testing.assert_allclose(ax.collections[1].get_offsets()[:, 0], table["ltv_to_cac"])
    assert not cut_off(ax.figure)


def test_lines_stand_at_the_cost_and_the_threshold(found):
    ax = lb.plot_acquisition(found)
    assert {1.0, 3.0} <= {line.get_xdata()[0] for line in ax.lines}
    assert ax.get_xlim()[1] > 3


def test_channels_without_enough_data_are_grey(found):
    ax = lb.plot_acquisition(found)
    enough = found.summary()["verdict"] != "not enough data"
    colours = ax.collections[1].get_facecolors()
    assert len({tuple(colour) for colour in colours[enough.to_numpy()]}) == 1
    assert tuple(colours[0]) != tuple(colours[~enough.to_numpy()][0])
    assert "grey: not enough data" in ax.get_xlabel()


def test_a_very_long_interval_leaves_the_axis_with_an_arrow(channel_value):
    table = pd.DataFrame({"channel": ["Ads"], "spend": [600.0], "clients_won": [2]})
    ax = lb.plot_acquisition(lb.acquisition(channel_value, table, threshold=0.5, random_seed=1), ci_prob=0.99)
    assert [line for line in ax.lines if line.get_marker() == ">" and len(line.get_xdata())]


def test_payback_is_the_course_less_the_cost(found, cut_off):
    ax = lb.plot_payback(found, "Ads")
    course, cost = courses(found)["Ads"], found.cac.sel(channel="Ads").to_numpy().ravel()
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.median(course.money - cost[:, np.newaxis], axis=0))
    assert "back within 12 months" in ax.texts[0].get_text()
    assert not cut_off(ax.figure)


def test_a_line_at_the_end_has_its_words_on_the_left(purchases, spend, cut_off):
    value = lb.new_customer_value(purchases, spend, horizon="1 year", random_seed=1)
    ax = lb.plot_payback(lb.acquisition(value, {"Ads": 60}))
    assert ax.texts[0].get_ha() == "right"
    assert not cut_off(ax.figure)


def test_payback_of_the_best_channel_unless_said(found):
    assert lb.plot_payback(found).get_title(loc="left").startswith(found.summary().index[0])
    with pytest.raises(InputError, match="Did you mean 'Fair'"):
        lb.plot_payback(found, "Fairs")


def test_payments_come_in_steps():
    fit = lb.FittedRenewals.from_draws({"alpha": [[1.0, 1.1]], "beta": [[4.0, 4.1]]})
    value = lb.new_customer_value(fit, price=100, period="year", horizon="5 years")
    ax = lb.plot_payback(lb.acquisition(value, {"Ads": 250}))
    assert ax.lines[0].get_drawstyle() == "steps-post"
    assert ax.get_xticks().tolist() == [0, 6, 12, 18, 24, 30, 36, 42, 48, 54, 60]


def test_a_fit_that_did_not_converge_is_red(channel_fits, unconverged):
    purchases, spend = channel_fits
    value = lb.new_customer_value(unconverged(purchases), spend, horizon="3 years", random_seed=1)
    found = lb.acquisition(value, {"Ads": 2000, "Fair": 3000})
    for ax in (lb.plot_acquisition(found), lb.plot_payback(found)):
        title = next(text for text in ax.findobj() if getattr(text, "get_text", str)() == ax.get_title(loc="left"))
        assert title.get_color() == RED


def test_ratios_are_on_a_log_axis_where_a_far_channel_does_not_hide_the_others(channel_value, cut_off):
    found = lb.acquisition(channel_value, {"Ads": 3000.0, "Fair": 2000.0, "Referral": 50.0}, random_seed=1)
    ax = lb.plot_acquisition(found)
    assert ax.get_xscale() == "log"
    written = [tick.get_text() for tick in ax.get_xticklabels()]
    assert {"1", "3"} <= set(written)
    assert 4 <= len(written) <= 9
    low, high = ax.get_xlim()
    place = np.log(np.array([1.0, 3.0, *found.summary()["ltv_to_cac"]]) / low) / np.log(high / low)
    assert ((place > 0.02) & (place < 0.98)).all()
    assert not cut_off(ax.figure)


def test_lines_are_seen_where_all_channels_lie_on_one_side(channel_value):
    for cost in (200_000.0, 20.0):
        ax = lb.plot_acquisition(lb.acquisition(channel_value, {"Ads": cost}, random_seed=1))
        low, high = ax.get_xlim()
        assert low < 1
        assert high > 3


def test_the_words_beside_the_line_are_off_the_zero_line(channel_value):
    ax = lb.plot_payback(lb.acquisition(channel_value, {"Ads": 20.0}, random_seed=1), "Ads")
    ax.figure.canvas.draw()
    zero = ax.transData.transform((0, 0))[1]
    box = ax.texts[0].get_window_extent()
    assert not box.y0 - 1 <= zero <= box.y1 + 1
