"""What holds of every written density, at points near the centre."""

from unittest import mock

import numpy as np
from pytensor.compile.mode import Mode
from scipy import special

from ltv_bayes.inference import density as through_pytensor
from ltv_bayes.models.density.leaving_at_once import LeavingAtOnceDensity


def point(density, seed=0, size=0.2):
    """A point near the centre."""
    return density.starts[0] + np.random.default_rng(seed).normal(0, size, density.size)


AS_WRITTEN = Mode(linker="py", optimizer=None)
"""How PyTensor runs a graph that is asked for a few points: to rewrite or compile it first takes longer."""


def by_pymc(model):
    """The density of a PyMC model by its own graphs, as they are written."""
    with mock.patch.object(through_pytensor, "_modes", return_value=(AS_WRITTEN,) * 3):
        return through_pytensor.Density(model)


def on_links(density, x):
    """A point on the scales of links, as PyMC has it, and the matrix by which derivatives there become those at x."""
    if not isinstance(density, LeavingAtOnceDensity):
        return x, np.eye(x.size)
    found, turned, at = x.copy(), np.eye(x.size), density.places["first_dropout"].start
    found[: density.size] = density.on_links(x[: density.size])
    for name, times in {"mean_rate": -1, "rate_cv": 1, "r": -2, "alpha": -1}.items():
        if name in density.places:
            turned[at, density.places[name].start] = -times * special.expit(x[at])
    return found, turned


def assert_gradients_are_slopes(density):
    """The gradient is the slope of the value, by differences in each direction."""
    x = point(density)
    value, gradient = density(x)
    steps = 1e-5 * np.eye(density.size)
    slopes = [(density(x + step)[0] - density(x - step)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-6 * max(np.abs(gradient).max(), 10.0))
    assert np.isfinite(value)


def assert_many_points_at_once(density):
    """Values of several points together are those of each by itself."""
    points = np.array([point(density, seed) for seed in range(5)])
    np.testing.assert_allclose(density.values(points), [density(x)[0] for x in points], rtol=1e-11)
