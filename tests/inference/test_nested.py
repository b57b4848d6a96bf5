"""A normal vector with an unknown sd, in coordinates that suit all methods."""

import numpy as np
import pytest
from scipy import special

from ltv_bayes.inference.curvature import find_peaks
from ltv_bayes.inference.nested import LatentNormal, Unfolded

PLACES, SHARES, SEEN = np.array([3.0, -3.0]), np.array([0.7, 0.3]), np.array([0.8, -0.4])


class TwoHills:
    """One variable with two hills, a log sd that is standard normal, and two effects observed with an error of 1."""

    size, hyper = 4, slice(1, 2)
    starts = np.array([[3.0, 0.0, 0.0, 0.0], [-3.0, 0.0, 0.0, 0.0]])

    def sds_at(self, z):
        return z, np.ones_like(z)

    def covariance(self, log_sds):
        return np.exp(2 * log_sds[..., :1, np.newaxis]) * np.eye(2)

    def covariance_slopes(self, log_sds):
        return 2 * np.exp(2 * log_sds[0]) * np.eye(2)[np.newaxis]

    def given_effects(self, z):
        parts = np.log(SHARES) - (z[0] - PLACES) ** 2 / 2
        slope = special.softmax(parts) @ (PLACES - z[0])
        value = special.logsumexp(parts) - np.sum((z[1:] - SEEN) ** 2) / 2
        return float(value), np.append(slope, SEEN - z[1:])

    def __call__(self, x):
        log_sd, effect = x[1], x[2:]
        value, gradient = self.given_effects(np.delete(x, 1))
        precision = np.exp(-2 * log_sd)
        value += -(log_sd**2) / 2 - 2 * log_sd - precision * effect @ effect / 2
        by_sd = -log_sd - 2 + precision * effect @ effect
        return value, np.concatenate([gradient[:1], [by_sd], gradient[1:] - precision * effect])

    def values(self, points):
        return np.array([self(x)[0] for x in points])

    def for_another_thread(self):
        return self

    def tree(self, points, chains, draws):
        raise NotImplementedError


def test_all_hills_are_found():
    density = Unfolded(TwoHills())
    assert isinstance(TwoHills(), LatentNormal)
    peaks = find_peaks(density)
    folded, _ = density._many(np.array([peak.centre for peak in peaks]))
    np.testing.assert_allclose(folded[:, 0], PLACES, atol=0.01)
    assert [peak.share for peak in peaks] == pytest.approx(SHARES, abs=0.01)


def test_gradients_are_slopes():
    density = Unfolded(TwoHills())
    for x in np.random.default_rng(1).normal(0, 1, (5, 4)):
        slopes = [(density(x + step)[0] - density(x - step)[0]) / 2e-5 for step in 1e-5 * np.eye(4)]
        np.testing.assert_allclose(density(x)[1], slopes, rtol=1e-5, atol=1e-5)


def test_many_points_are_as_one():
    density, points = Unfolded(TwoHills()), np.random.default_rng(2).normal(0, 1, (7, 4))
    folded, log_volume = density._many(points)
    for u, found, volume in zip(points, folded, log_volume, strict=True):
        rest, log_sds, _, expected = density._folded(*density._parts(u))
        np.testing.assert_allclose(found, density._point(rest, log_sds), rtol=1e-12)
        assert volume == pytest.approx(expected, rel=1e-12)
