"""What it means for customers that they gave no sign of life."""

import numpy as np
import pytest
from scipy import integrate

from ltv_bayes.predictions.signs.signs_of_life import share_with_a_sign


def test_against_integration():
    """Of ten customers who are alive, three gave a sign; the share has a flat prior."""

    def likelihood(q):
        return q**3 * (1 - q) ** 7

    expected = integrate.quad(lambda q: q * likelihood(q), 0, 1)[0] / integrate.quad(likelihood, 0, 1)[0]
    assert share_with_a_sign(3, 10.0) == pytest.approx(expected, rel=1e-9)


def test_the_share_is_found_again():
    """Of simulated customers who are alive with known probabilities, with a sign of life from a third of the living."""
    rng = np.random.default_rng(1)
    probability = rng.random(30_000)
    signs = (rng.random(30_000) < probability) & (rng.random(30_000) < 1 / 3)
    assert share_with_a_sign(signs.sum(), probability.sum()) == pytest.approx(1 / 3, abs=0.02)


def test_no_sign_at_all():
    assert share_with_a_sign(0, 5.0) == 0


def test_a_few_of_many_are_little_evidence_of_the_rest():
    assert share_with_a_sign(2, 1000.0) < 0.005
