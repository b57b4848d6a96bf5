"""The picture of what moves all customers shows the factors of each period, past and to come."""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.intervals import bound_columns
from ltv_bayes.predictions.clock import factors_by_period
from tests.predictions.test_calendar_effects import on_clock


@pytest.fixture(scope="module")
def fit(purchases):
    return on_clock(purchases.thin(50), effect=np.linspace(-0.5, 0.5, 24), level=0.2, sds=0.3)


@pytest.mark.parametrize(("place", "name"), [(0, "learned"), (1, "to come")])
def test_factors_are_drawn_by_period(fit, place, name):
    ax = lb.plot_calendar_effects(fit, "6 months", ci_prob=0.8)
    table = factors_by_period(fit, "6 months", ci_prob=0.8)
    some = table[(table.index < 0) == (name == "learned")]
    line = next(line for line in ax.lines if line.get_label() == f"{name}, median")
    np.testing.assert_array_equal(line.get_ydata()[:-1], some["median"])
    assert line.get_ydata()[-1] == some["median"].iloc[-1]
    band = ax.collections[place]
    assert band.get_label() == f"{name}, 80% interval"
    heights = np.unique(band.get_paths()[0].vertices[:, 1])
    np.testing.assert_allclose(heights, np.unique(some[[*bound_columns(some)]].to_numpy()))
    assert len(some) == (24 if name == "learned" else 6)


def test_a_fit_without_calendar_effects_has_no_picture(purchases):
    with pytest.raises(lb.errors.FitError):
        lb.plot_calendar_effects(purchases)
