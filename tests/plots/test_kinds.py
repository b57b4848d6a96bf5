"""Pictures say what they are made of."""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError


@pytest.mark.parametrize(
    ("draw", "kind"),
    [
        (lb.plot_waterfall, "DataFrame"),
        (lb.plot_segments, "SegmentValues"),
        (lb.plot_ranks, "SegmentValues"),
        (lb.plot_tiers, "DataFrame"),
        (lb.plot_value_over_time, "ValueOverTime"),
        (lb.plot_lifetime_value, "LifetimeValue"),
        (lb.plot_purchases_by_period, "Checks"),
        (lb.plot_tracking, "Backtest"),
        (lb.plot_calibration, "Backtest"),
        (lb.plot_backtest, "RollingBacktest"),
        (lb.plot_cohorts, "RollingBacktest"),
        (lb.plot_deciles, "RollingBacktest"),
        (lb.plot_acquisition, "Acquisition"),
        (lb.plot_payback, "Acquisition"),
        (lb.plot_equity, "CustomerEquity"),
    ],
)
def test_something_else_is_refused_with_the_cure(draw, kind):
    with pytest.raises(InputError, match=rf"drawn from an? {kind}, not a str\. Pass what"):
        draw("something else")


def test_articles():
    with pytest.raises(InputError, match="drawn from an Acquisition, not an int"):
        lb.plot_acquisition(3)
    with pytest.raises(InputError, match="not an ndarray"):
        lb.plot_acquisition(np.zeros(3))
