"""The mode of a density and the scale there."""

import numpy as np
import pytest
from scipy import optimize

from ltv_bayes.errors import FitError
from ltv_bayes.inference.curvature import Peak, find_peaks

PRECISION = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, -0.5], [0.0, -0.5, 1.0]])


class Bent:
    """A normal density in bent coordinates, with its mode at (1, 2, -1), that counts how often it is asked."""

    mode = np.array([1.0, 2.0, -1.0])
    starts = np.zeros((1, 3))
    size = 3

    def __init__(self, bend=0.0, scale=1.0):
        self.bend, self.scale, self.asked = bend, scale, 0

    def __call__(self, x):
        self.asked += 1
        away = x - self.mode
        straight = away + self.bend * np.array([0.0, away[0] ** 2, away[1] ** 2])
        slopes = np.eye(3)
        slopes[1, 0], slopes[2, 1] = 2 * self.bend * away[0], 2 * self.bend * away[1]
        pull = -self.scale * PRECISION @ straight
        return 0.5 * straight @ pull, slopes.T @ pull


class Rising:
    """No mode."""

    starts = np.zeros((1, 1))
    size = 1

    def __call__(self, x):
        return (float(x[0]), np.ones(1)) if x[0] < 1e3 else (np.inf, np.zeros(1))


@pytest.fixture
def peak():
    return Peak(np.array([1.0, -2.0, 0.5]), np.array([[1.0, 0.5, 0.2], [-0.3, 2.0, 0.1], [0.0, 0.7, 3.0]]))


def test_standardised_points_and_gradients_belong_together(peak):
    density = Bent(bend=0.3)
    standardised = peak.standardised(density)
    for z in np.random.default_rng(1).normal(size=(5, 3)):
        value, gradient = standardised(z)
        assert value == density(peak.centre + peak.spread @ z)[0]
        numeric = optimize.approx_fprime(z, lambda z: standardised(z)[0], 1e-6)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-3)


def test_points_are_mapped_row_by_row(peak):
    z = np.random.default_rng(2).normal(size=(4, 3))
    np.testing.assert_allclose(peak.at(z), [peak.centre + peak.spread @ one for one in z])


@pytest.mark.parametrize("bend", [0.0, 0.3])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_mode_and_curvature_are_found(bend, scale):
    density = Bent(bend * np.sqrt(scale), scale)
    [found] = find_peaks(density)
    sd = np.sqrt(np.diag(np.linalg.inv(scale * PRECISION)))
    assert (np.abs(found.centre - density.mode) < 0.01 * sd).all()
    np.testing.assert_allclose(found.spread @ found.spread.T * scale, np.linalg.inv(PRECISION), rtol=0.02)


class Hills:
    """A mixture of two normal densities in the first two variables, and a third one that is apart from them."""

    size = 3
    centres = np.array([[0.0, 0.0, 1.0], [6.0, -6.0, 1.0]])
    sds = np.array([[0.5, 0.5, 2.0], [0.1, 0.1, 2.0]])

    def __init__(self, shares, starts):
        self.shares, self.starts = np.array(shares), np.array(starts, dtype=float)

    def __call__(self, x):
        if np.abs(x).max() > 100:
            return -np.inf, np.zeros(3)
        z = (x - self.centres) / self.sds
        parts = np.log(self.shares) - np.log(self.sds).sum(axis=1) - 0.5 * (z**2).sum(axis=1)
        weights = np.exp(parts - np.logaddexp(*parts))
        return np.logaddexp(*parts), weights @ (-z / self.sds)

    def values(self, points):
        return np.array([self(point)[0] for point in points])


CLOSE_TO_ONE = [[0.1, 0.2, 0.0], [-1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]


class TestSeveralModes:
    @pytest.mark.parametrize("shares", [(0.3, 0.7), (0.7, 0.3)])
    def test_all_are_found_with_their_shares(self, shares):
        peaks = find_peaks(Hills(shares, [*CLOSE_TO_ONE, [5.0, -5.0, 0.0]]))
        assert [peak.share for peak in peaks] == pytest.approx([0.7, 0.3], abs=1e-4)
        np.testing.assert_allclose([peak.centre for peak in peaks], Hills.centres[np.argsort(shares)[::-1]], atol=1e-3)

    def test_starts_on_one_hill_find_it_once(self):
        assert len(find_peaks(Hills((0.3, 0.7), CLOSE_TO_ONE))) == 1

    def test_what_holds_next_to_nothing_is_left_out(self):
        [peak] = find_peaks(Hills((1e-7, 1.0), [*CLOSE_TO_ONE, [5.0, -5.0, 0.0]]))
        np.testing.assert_allclose(peak.centre, Hills.centres[1], atol=1e-3)

    def test_a_start_from_which_nothing_is_reached_does_no_harm(self):
        peaks = find_peaks(Hills((0.3, 0.7), [[1e3, 0.0, 0.0], [0.1, 0.2, 0.0]]))
        np.testing.assert_allclose([peak.centre for peak in peaks], Hills.centres[:1], atol=1e-3)

    def test_variables_in_which_starts_agree_climb_too(self):
        assert np.ptp(np.array(CLOSE_TO_ONE)[:, 2]) == 0
        [peak] = find_peaks(Hills((0.3, 0.7), CLOSE_TO_ONE))
        assert peak.centre[2] == pytest.approx(1.0, abs=0.02)


def test_a_density_without_a_mode():
    with pytest.raises(FitError, match=r"no mode.*priors="):
        find_peaks(Rising())
