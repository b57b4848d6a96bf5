"""Histories in bins: fewer of them, and nearly the same estimates."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

import ltv_bayes as lb
from ltv_bayes.data.customers.histories import unique_histories, unique_spend
from ltv_bayes.errors import UnitError


def most_likely(histories):
    """Logarithms of r, alpha, a, b at the maximum of the likelihood: Fader, Hardie and Lee (2005), written anew."""
    x, recency, T, number = histories.frequency, histories.recency, histories.T, histories.count

    def loss(logs):
        r, alpha, a, b = np.exp(logs)
        left = np.log(a) - np.log(np.where(x > 0, b + x - 1, 1.0)) - (r + x) * np.log(alpha + recency)
        stayed = -(r + x) * np.log(alpha + T)
        either = np.logaddexp(stayed, np.where(x > 0, left, -np.inf))
        logp = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b) + either
        return -(number * logp).sum() / number.sum()

    return minimize(loss, np.log([0.25, 4.4, 0.8, 2.4]), method="BFGS", options={"gtol": 1e-8}).x


@pytest.fixture(scope="module")
def everybody():
    """All customers of CDNOW after 39 weeks."""
    return lb.summarize(lb.samples.cdnow_orders(full=True), as_of="1997-09-30")


def test_estimates_hardly_move(everybody):
    """What docs/scale.md says of bins of a week, and of a month."""
    whole = unique_histories(everybody)
    expected = most_likely(whole)
    weeks, months = (unique_histories(lb.bin_histories(everybody, days=days)) for days in (7, 31))
    assert (len(whole), len(weeks), len(months)) == (8685, 2204, 295)
    assert weeks.count.sum() == whole.count.sum()
    assert np.abs(most_likely(weeks) - expected).max() < 0.0025
    assert 0.05 < np.abs(most_likely(months) - expected).max() < 0.1


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month", "year"])
def test_times_are_the_middles_of_bins(cdnow_orders, unit):
    customers = lb.summarize(cdnow_orders, time_unit=unit, as_of="1997-09-30")
    days = customers.in_time_unit("day").table[["recency", "T"]].round().astype(int)
    binned = lb.bin_histories(customers, days=7).in_time_unit("day").table
    np.testing.assert_allclose(binned["T"], days["T"] // 7 * 7 + 3, rtol=1e-12)
    expected = np.where(days["recency"] > 0, days["recency"] // 7 * 7 + 3, 0)
    np.testing.assert_allclose(binned["recency"], expected, rtol=1e-12)
    assert (binned["recency"] <= binned["T"]).all()


def test_values_move_by_half_a_bin(cdnow):
    binned = lb.bin_histories(cdnow, value=0.02)
    moved = (binned.table["monetary_value"] / cdnow.table["monetary_value"]).dropna()
    assert 1.009 < moved.max() < 1.0100001
    assert 0.99 < moved.min() < 0.991
    assert len(unique_spend(binned)) < 0.7 * len(unique_spend(cdnow))
    assert binned.table["total_value"].equals(cdnow.table["total_value"])


def test_files_give_the_same(cdnow, tmp_path):
    scanned = lb.Customers.scan(cdnow.save(tmp_path / "customers.parquet"))
    found, expected = (lb.bin_histories(one, days=15, value=0.05).table for one in (scanned, cdnow))
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_exact=True, check_dtype=False)


@pytest.mark.parametrize("wrong", [{"days": 14}, {"days": 0}, {"days": 7.5}, {"value": 2.0}, {"value": 0.0}])
def test_widths_that_cannot_be(cdnow, wrong):
    with pytest.raises(UnitError, match="A bin"):
        lb.bin_histories(cdnow, **wrong)
