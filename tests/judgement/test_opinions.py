"""Opinions on a whole value, as what came of earlier ones changes them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.judgement.valuing.whole_value import Opinion, opinions_by_customer

MEDIAN, SD = 100.0, 0.4


def test_density_is_that_of_the_logarithm_of_a_log_normal_amount():
    opinion = Opinion("A", 0.8, "log-normal", (MEDIAN, SD, SD))
    amounts = np.array([30.0, 100.0, 250.0])
    expected = stats.norm.logpdf(np.log(amounts), np.log(MEDIAN), SD)
    np.testing.assert_allclose(opinion.log_density(amounts), expected, atol=1e-3)
    assert opinion.quantiles(np.array([0.9]))[0] == pytest.approx(MEDIAN * np.exp(SD * stats.norm.ppf(0.9)))


def test_recalibrated_by_draws_it_is_their_mixture():
    """Normal shifts of a log-normal amount widen it: the variances of the logarithm add up."""
    rng = np.random.default_rng(1)
    shift = -0.3 + 0.5 * stats.norm.ppf((rng.permutation(400) + 0.5) / 400).reshape(1, 2, 200)
    changes = Adjustments(np.zeros(1, dtype=int), np.zeros_like(shift), np.ones_like(shift), shift, np.ones_like(shift))
    row = {"customer_id": "A", "position": 0, "probability": 0.8, "family": "log-normal"}
    table = pd.DataFrame([row | {"amount_1": MEDIAN, "amount_2": SD, "amount_3": SD}])
    opinion = opinions_by_customer(table, None, changes)["A"]
    wider = np.hypot(SD, 0.5)
    few = opinion.shift
    expected = np.log(MEDIAN) + few.mean()
    low, middle, high = np.log(opinion.quantiles(np.array([0.1, 0.5, 0.9])))
    assert middle == pytest.approx(expected, abs=0.1)
    assert (high - low) / (2 * stats.norm.ppf(0.9)) == pytest.approx(wider, rel=0.12)
    x = np.linspace(expected - 6 * wider, expected + 6 * wider, 4001)
    density = np.exp(opinion.log_density(np.exp(x)))
    assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(
        density, stats.norm.pdf(x[:, np.newaxis], np.log(MEDIAN) + few, SD).mean(axis=1), atol=2e-3
    )
    assert opinion.probability == pytest.approx(0.8)
