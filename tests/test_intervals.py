"""The interval of all results is chosen once."""

import arviz_base
import numpy as np
import pytest
import xarray as xr

import ltv_bayes as lb
from ltv_bayes.errors import UnitError
from ltv_bayes.intervals import summarize_draws


@pytest.fixture(autouse=True)
def as_it_was():
    before = [arviz_base.rcParams[f"stats.ci_{name}"] for name in ("prob", "kind")]
    yield
    lb.set_interval(*before)


def columns():
    draws = xr.DataArray(np.arange(101.0).reshape(1, 101, 1), dims=("chain", "draw", "customer_id"))
    return list(summarize_draws(draws))[-2:]


def test_results_and_arviz_follow_the_interval_that_is_chosen():
    assert lb.set_interval(0.8, "hdi") == "80% highest-density interval: prob=0.8, kind='hdi'"
    assert columns() == ["hdi80_lb", "hdi80_ub"]
    assert arviz_base.rcParams["stats.ci_prob"] == 0.8
    lb.set_interval(prob=0.95)
    assert columns() == ["hdi95_lb", "hdi95_ub"]
    lb.set_interval(kind="eti")
    assert columns() == ["eti95_lb", "eti95_ub"]


@pytest.mark.parametrize("given", [{"prob": 90}, {"prob": 0.9, "kind": "sd"}, {"prob": float("nan")}, {"prob": 0}])
def test_what_is_no_interval_is_refused_and_changes_nothing(given):
    now = lb.set_interval()
    with pytest.raises(UnitError):
        lb.set_interval(**given)
    assert lb.set_interval() == now
