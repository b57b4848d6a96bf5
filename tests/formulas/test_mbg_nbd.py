"""MBG/NBD against its published estimates."""

import pytest

from ltv_bayes.formulas import mbg_nbd
from tests.formulas.estimates import maximum_likelihood


def test_estimates_on_cdnow(cdnow):
    h = cdnow.unique_histories()
    start = {"r": 1, "alpha": 5, "a": 1, "b": 1}
    found, _ = maximum_likelihood(mbg_nbd.log_likelihood, h.count, (h.frequency, h.recency, h.T), start)
    assert found == pytest.approx({"r": 0.52484, "alpha": 6.18308, "a": 0.89136, "b": 1.61400}, rel=1e-4)


def test_a_customer_without_repeat_may_have_left():
    assert mbg_nbd.probability_alive(0, 0, 100, r=0.5, alpha=6, a=0.9, b=1.6) < 0.5
