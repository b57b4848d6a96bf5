"""Laplace with importance weights: exact on normal densities, honest on others, equal to NUTS where it certifies."""

from contextlib import contextmanager

import numpy as np
import pytest

from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.errors import ConvergenceWarning
from ltv_bayes.inference import laplace
from ltv_bayes.inference.curvature import Peak, find_peaks
from ltv_bayes.inference.density import Density
from ltv_bayes.inference.laplace import sample_laplace
from ltv_bayes.inference.methods import fit_posterior
from tests.chance import assert_draws


def model_of(build):
    import pymc as pm

    with pm.Model() as model:
        build(pm)
    return model


@pytest.fixture(scope="module")
def normal():
    """x ~ N(3, 2) and y | x ~ N(x, 1): known moments."""
    return model_of(lambda pm: pm.Normal("y", pm.Normal("x", 3, 2), 1))


@pytest.fixture(scope="module")
def skewed():
    """A gamma with shape 1/2, seen on the logarithmic scale."""
    return model_of(lambda pm: pm.Gamma("x", 0.5, 1.0))


@pytest.fixture(scope="module")
def funnel():
    """Neal's funnel: no approximation at the mode will do."""

    def build(pm):
        width = pm.Normal("width", 0, 3)
        for number in range(6):
            pm.Normal(f"x{number}", 0, pm.math.exp(width))

    return model_of(build)


def test_density_and_gradient(normal):
    density = Density(normal)
    value, gradient = density(np.array([1.0, 2.0]))
    assert value == pytest.approx(-0.5 * (1 - 3) ** 2 / 4 - 0.5 - np.log(2 * np.pi) - np.log(2))
    np.testing.assert_allclose(gradient, [0.5 + 1, -1])
    np.testing.assert_allclose(density.values(np.array([[1.0, 2.0]])), [value])


def test_peak_of_a_normal_density(normal):
    [peak] = find_peaks(Density(normal))
    np.testing.assert_allclose(peak.centre, [3, 3], atol=1e-5)
    np.testing.assert_allclose(peak.spread @ peak.spread.T, [[4, 4], [4, 5]], rtol=1e-4)


def test_moments_of_a_normal_density(normal):
    tree = fit_posterior(normal, method="laplace", draws=5000, random_seed=1)
    x, y = (tree["posterior"][name].to_numpy().ravel() for name in ("x", "y"))
    assert x.mean() == pytest.approx(3, abs=4 * 2 / np.sqrt(18_000))
    assert y.std() == pytest.approx(np.sqrt(5), rel=0.03)
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(np.sqrt(0.8), abs=0.01)


def test_moments_of_a_skewed_density(skewed):
    tree = fit_posterior(skewed, method="laplace", draws=5000, random_seed=1)
    x = tree["posterior"]["x"].to_numpy().ravel()
    assert x.mean() == pytest.approx(0.5, abs=0.03)
    assert x.std() == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_weights_add_up_and_are_worth_what_they_say(normal):
    density = Density(normal)
    drawn = sample_laplace(density, find_peaks(density), 4000, np.random.default_rng(1))
    assert drawn.weights.sum() == pytest.approx(1)
    assert drawn.pareto_k < 0.5
    assert 3000 < drawn.ess <= 4000


def test_resampling_keeps_proportions(normal):
    density = Density(normal)
    drawn = sample_laplace(density, find_peaks(density), 4000, np.random.default_rng(1))
    points = drawn.resampled(40_000, np.random.default_rng(2))
    np.testing.assert_allclose(points.mean(axis=0), drawn.weights @ drawn.points, atol=0.02)


def test_resampled_points_come_in_random_order():
    points = np.arange(4000.0)[:, np.newaxis]
    drawn = laplace.WeightedDraws(points, np.full(4000, 1 / 4000), 0.0, None)
    again = drawn.resampled(4000, np.random.default_rng(1))[:, 0]
    assert abs(np.corrcoef(again, np.arange(4000))[0, 1]) < 4 / np.sqrt(4000)
    assert abs(np.corrcoef(again[:-1], again[1:])[0, 1]) < 4 / np.sqrt(4000)
    np.testing.assert_array_equal(np.sort(again), points[:, 0])


def test_a_bad_approximation_is_mended_from_its_weighted_draws(normal):
    density = Density(normal)
    wide = Peak(np.array([5.0, 1.0]), np.diag([12.0, 15.0]))
    drawn = sample_laplace(density, (wide,), 20_000, np.random.default_rng(1))
    [peak] = drawn.peaks
    np.testing.assert_allclose(peak.centre, [3, 3], atol=0.3)
    np.testing.assert_allclose(peak.spread @ peak.spread.T, [[4, 4], [4, 5]], rtol=0.15)
    assert drawn.ess > 0.7 * 20_000


@pytest.fixture(scope="module")
def hills():
    """Two normal densities far apart, of shares .2 and .8, seen in two variables."""

    def build(pm):
        pm.Normal("y", 2 * pm.NormalMixture("x", w=[0.2, 0.8], mu=[-2.0, 2.0], sigma=[0.5, 0.25]), 1)

    return model_of(build)


@pytest.mark.fits
@pytest.mark.parametrize("method", ["laplace", "auto"])
def test_modes_that_hold_mass_are_all_drawn_from(hills, method):
    tree = fit_posterior(hills, method=method, draws=2000, random_seed=1, progressbar=False)
    assert "Laplace" in tree.attrs["diagnostics"]
    x, y = (tree["posterior"][name].to_numpy().ravel() for name in "xy")
    assert (x < 0).mean() == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / 3000))
    assert x[x < 0].std() == pytest.approx(0.5, rel=0.1)
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(2 * x.std() / np.hypot(2 * x.std(), 1), abs=0.01)


def test_a_bad_mixture_is_mended_from_its_weighted_draws(hills):
    density = Density(hills)
    off = [Peak(np.array([x, 2 * x]), np.diag([1.0, 2.0]), 0.5) for x in (-2.5, 2.5)]
    drawn = sample_laplace(density, off, 20_000, np.random.default_rng(1))
    left, right = drawn.peaks
    assert (left.share, right.share) == pytest.approx((0.2, 0.8), abs=0.05)
    np.testing.assert_allclose([left.centre, right.centre], [[-2, -4], [2, 4]], atol=0.2)
    assert drawn.ess > 0.7 * 20_000


@pytest.mark.fits
def test_chains_begin_in_all_modes_so_that_r_hat_tells(hills):
    with pytest.warns(ConvergenceWarning, match="r-hat"):
        tree = fit_posterior(hills, method="nuts", draws=100, random_seed=1, progressbar=False)
    means = tree["posterior"]["x"].mean("draw")
    assert tree["posterior"].sizes["chain"] == tree["sample_stats"].sizes["chain"] == 4
    assert float(means.min()) < -1 < 1 < float(means.max())


def test_the_best_approximation_stays_when_later_ones_are_worse(normal, monkeypatch):
    worth = iter([400, 1100, 300, 200])

    def weighted(density, peaks, size, rng, progressbar):
        weights = np.zeros(size)
        weights[: next(worth)] = 1.0
        return laplace.WeightedDraws(np.zeros((size, 2)), weights / weights.sum(), 0.1, peaks)

    monkeypatch.setattr(laplace, "_weighted", weighted)
    monkeypatch.setattr(laplace, "_matched", lambda drawn: drawn.peaks)
    assert sample_laplace(Density(normal), (), 4000, np.random.default_rng(1)).ess == pytest.approx(1100)
    assert next(worth, None) is None


def test_more_draws_are_made_where_too_few_are_worth_something(normal, monkeypatch):
    monkeypatch.setattr(laplace, "ROUNDS", 1)
    density = Density(normal)
    [peak] = find_peaks(density)
    wide = Peak(peak.centre, 3 * peak.spread, 1.0)
    found = sample_laplace(density, (wide,), 2000, np.random.default_rng(1))
    assert len(found.points) > 2000
    assert found.ess >= laplace.LOWEST_WEIGHTED_SHARE * 2000
    far = Peak(peak.centre, 12 * peak.spread, 1.0)  # more than five times as many would be needed
    assert len(sample_laplace(density, (far,), 2000, np.random.default_rng(1)).points) == 2000


def test_draws_are_not_said_to_be_worth_more_than_their_number(normal):
    tree = fit_posterior(normal, method="laplace", draws=150, chains=2, random_seed=1)
    assert Diagnostics.from_json(tree.attrs["diagnostics"]).ess == 300


@pytest.mark.parametrize("method", ["auto", "laplace"])
def test_too_few_draws_are_cured_by_more_of_them(normal, method):
    with pytest.warns(ConvergenceWarning, match="is 100, below 200; run with more draws"):
        tree = fit_posterior(normal, method=method, draws=50, chains=2, random_seed=1)
    assert "Laplace" in tree.attrs["diagnostics"]


class Timed:
    """A density whose clock runs as it is asked, so that no one needs to wait."""

    def __init__(self, seconds):
        self.now, self.seconds = 0.0, seconds

    def values(self, points):
        self.now += self.seconds * len(points)
        return points.sum(axis=1)

    def perf_counter(self):
        return self.now


@pytest.mark.parametrize(
    ("seconds", "asked", "shown"), [(0.01, True, True), (0.01, False, False), (0.0001, True, False)]
)
def test_progress_is_shown_for_long_work_only(monkeypatch, seconds, asked, shown):
    bars, density, points = [], Timed(seconds), np.random.default_rng(1).random((1000, 2))

    @contextmanager
    def progress(total, description, *, show):
        steps = []
        yield lambda: steps.append(1)
        bars.append((show, len(steps) == total))

    monkeypatch.setattr(laplace, "progress", progress)
    monkeypatch.setattr(laplace, "time", density)
    np.testing.assert_array_equal(laplace._values(density, points, asked), points.sum(axis=1))
    assert bars == [(shown, True)]


def test_a_funnel_is_not_certified(funnel):
    with pytest.warns(ConvergenceWarning, match="method='nuts'"):
        tree = fit_posterior(funnel, method="laplace", draws=1000, random_seed=1)
    assert "Laplace" in tree.attrs["diagnostics"]


def test_auto_says_which_method_it_took(normal):
    tree = fit_posterior(normal, draws=500, random_seed=1)
    assert "Laplace" in tree.attrs["diagnostics"]


@pytest.mark.fits
def test_auto_goes_on_to_chains_where_weights_fail(normal, monkeypatch):
    from ltv_bayes.inference import methods

    refused = methods.diagnose_weights(1.0, 10, 4, 1000)
    monkeypatch.setattr(methods, "diagnose_weights", lambda *_: refused)
    tree = fit_posterior(normal, draws=400, random_seed=1, progressbar=False)
    assert "NUTS" in tree.attrs["diagnostics"]
    assert "sample_stats" in tree.children
    assert_draws(tree["posterior"]["x"], 3, figures=2)
    assert_draws(tree["posterior"]["y"], np.sqrt(5), figures=2, slack=0.05, of=np.std)


@pytest.mark.parametrize("seeds", [(1, 1), (1, 2)])
def test_the_seed_decides(normal, seeds):
    first, second = (fit_posterior(normal, draws=100, random_seed=seed)["posterior"]["x"] for seed in seeds)
    assert bool((first == second).all()) == (seeds[0] == seeds[1])
