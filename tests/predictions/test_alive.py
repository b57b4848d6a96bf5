"""What it says of customers that nobody has heard of them."""

import numpy as np
import pytest
from scipy import integrate

from ltv_bayes.predictions.alive import share_with_a_sign


def test_against_integration():
    alive = np.array([0.9, 0.5, 0.123, 1.0, 0.0])

    def likelihood(q):
        return q**3 * np.prod(1 - q * alive)

    expected = integrate.quad(lambda q: q * likelihood(q), 0, 1)[0] / integrate.quad(likelihood, 0, 1)[0]
    assert share_with_a_sign(3, alive) == pytest.approx(expected, abs=1e-4)


def test_the_share_is_found_again():
    """Of simulated customers who are alive with known probabilities, of whom a third are heard of while alive."""
    rng = np.random.default_rng(1)
    probability = rng.random(30_000)
    heard = (rng.random(30_000) < probability) & (rng.random(30_000) < 1 / 3)
    assert share_with_a_sign(heard.sum(), probability[~heard]) == pytest.approx(1 / 3, abs=0.01)


def test_nobody_is_silent_where_nobody_was_heard():
    assert share_with_a_sign(0, np.ones(5)) == 0


def test_a_few_of_many_say_little_of_the_rest():
    assert share_with_a_sign(2, np.ones(1000)) < 0.005
