"""Two beliefs combined: weights of draws against the closed forms of normal laws."""

import numpy as np
import pytest
from scipy import stats

from ltv_bayes.formulas.beliefs import weighted_draws

SIZE = 40_000
MODEL, SAID = (1.0, 0.8), (1.9, 0.5)  # mean and sd of the logarithm


@pytest.fixture(scope="module")
def totals():
    """A model's draws, a quarter of them 0."""
    rng = np.random.default_rng(1)
    return np.where(rng.random(SIZE) < 0.25, 0.0, np.exp(rng.normal(*MODEL, SIZE)))


def weights(totals, probability, weight):
    density = np.full(totals.shape, -np.inf)
    density[totals > 0] = stats.norm(*SAID).logpdf(np.log(totals[totals > 0]))
    ratios = weighted_draws.log_ratios(totals, probability, density, weight)
    found = np.exp(ratios - ratios.max())
    return found / found.sum()


def moments(totals, found):
    some = totals > 0
    share = found[some].sum()
    x, w = np.log(totals[some]), found[some] / share
    mean = w @ x
    return share, mean, np.sqrt(w @ (x - mean) ** 2)


def test_evidence_of_its_own_multiplies_the_beliefs(totals):
    share, mean, sd = moments(totals, weights(totals, 0.6, None))
    precisions = np.array([MODEL[1] ** -2, SAID[1] ** -2])
    assert mean == pytest.approx(precisions @ [MODEL[0], SAID[0]] / precisions.sum(), abs=0.02)
    assert sd == pytest.approx(precisions.sum() ** -0.5, rel=0.03)
    odds = (totals > 0).mean() / (totals == 0).mean() * 0.6 / 0.4
    assert share == pytest.approx(odds / (1 + odds), abs=1e-9)


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5])
def test_a_logarithmic_pool_has_the_closed_form(totals, weight):
    share, mean, sd = moments(totals, weights(totals, 0.6, weight))
    precisions = np.array([(1 - weight) * MODEL[1] ** -2, weight * SAID[1] ** -2])
    assert mean == pytest.approx(precisions @ [MODEL[0], SAID[0]] / precisions.sum(), abs=0.03)
    assert sd == pytest.approx(precisions.sum() ** -0.5, rel=0.04)
    x = np.linspace(-6, 9, 20_001)
    common = np.trapezoid(stats.norm(*MODEL).pdf(x) ** (1 - weight) * stats.norm(*SAID).pdf(x) ** weight, x)
    something = (totals > 0).mean() ** (1 - weight) * 0.6**weight * common
    nothing = (totals == 0).mean() ** (1 - weight) * 0.4**weight
    assert share == pytest.approx(something / (something + nothing), abs=0.01)


def test_certainty_leaves_no_draw_of_the_other_kind(totals):
    for weight in (None, 0.5):
        assert weights(totals, 1.0, weight)[totals == 0].sum() == 0
        assert weights(totals, 0.0, weight)[totals > 0].sum() == 0


def test_kernel_density_is_that_of_a_library():
    points = np.random.default_rng(2).normal(3, 2, 5000)
    ours, theirs = weighted_draws.log_kernel_density(points), np.log(stats.gaussian_kde(points)(points))
    middle = abs(points - 3) < 4
    assert abs(ours - theirs)[middle].max() < 0.1


def test_resampling_takes_each_as_often_as_its_weight_says():
    rng = np.random.default_rng(3)
    found = rng.gamma(0.3, size=2000)
    found /= found.sum()
    taken = weighted_draws.resampled(found, 0.37)
    times = np.bincount(taken, minlength=2000)
    assert (abs(times - 2000 * found) < 1).all()
    assert (taken == np.arange(2000))[times > 0].all()
    np.testing.assert_array_equal(weighted_draws.resampled(np.full(50, 0.02), 0.5), np.arange(50))


class TestTrust:
    """Pareto k of the weights of draws above 0, where it means something."""

    def test_weights_of_a_pareto_tail_have_its_shape_whatever_the_atom_weighs(self):
        rng = np.random.default_rng(5)
        some = np.arange(20_000) % 4 > 0
        ratios = np.where(some, rng.exponential(0.5, some.size), 30.0)
        _, k = weighted_draws.smoothed(ratios, some)
        assert k == pytest.approx(0.5, abs=0.1)

    def test_the_atom_keeps_its_weight_beside_the_others(self):
        rng = np.random.default_rng(6)
        some = np.arange(4000) % 2 > 0
        ratios = np.where(some, 0.3 * rng.standard_normal(4000), np.log(2.0))
        weights, _ = weighted_draws.smoothed(ratios, some)
        atom = weights[~some].sum() / weights.sum()
        raw = np.exp(ratios)
        assert atom == pytest.approx(raw[~some].sum() / raw.sum(), abs=0.002)

    @pytest.mark.parametrize("spread", [0.0, 1e-3, 0.1])
    def test_nearly_equal_weights_have_no_tail(self, spread):
        heavy = spread * np.random.default_rng(7).standard_t(3, 4000)
        assert weighted_draws.smoothed(heavy, np.ones(4000, dtype=bool))[1] == -np.inf

    def test_a_single_draw_with_all_the_weight_is_infinitely_far(self):
        ratios = np.full(4000, -700.0)
        ratios[17] = 0.0
        assert weighted_draws.smoothed(ratios, np.ones(4000, dtype=bool))[1] == np.inf
