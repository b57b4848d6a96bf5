"""The way into inference: variables of any shape, and how much chains are tuned."""

from types import SimpleNamespace

import numpy as np
import pymc as pm
import pytest
import xarray as xr

from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.errors import ConvergenceWarning, FitError
from ltv_bayes.inference import methods, nuts
from ltv_bayes.inference.methods import fit_posterior, refuse_other_names
from ltv_bayes.inference.nuts import TUNE, TUNE_FROM_PEAK
from tests.chance import assert_draws

MEANS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


@pytest.fixture(scope="module")
def shaped():
    """Variables of several shapes, with known means."""
    with pm.Model(coords={"industry": ["Energy", "Retail", "Public"], "size": [10, 20]}) as model:
        level = pm.Normal("level", 7, 1)
        each = pm.Normal("each", MEANS, 0.5, dims=("industry", "size"))
        pm.Dirichlet("shares", [8.0, 4.0, 4.0])
        pm.Deterministic("moved", each + level, dims=("industry", "size"))
        pm.Deterministic("constant", pm.math.stack([1.0, 2.0]))
    return model


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("seed", "random_seed"),
        ("randon_seed", "random_seed"),
        ("n_chains", "chains"),
        ("warmup", "tune"),
        ("draw", "draws"),
    ],
)
def test_other_names_of_arguments(shaped, given, meant):
    with pytest.raises(FitError, match=f"There is no argument {given}=. Did you mean {meant}="):
        fit_posterior(shaped, **{given: 1})


def test_settings_of_the_sampler_are_no_other_names():
    settings = ["cores", "nuts", "init", "target_accept", "nuts_sampler", "step", "initvals", "trace"]
    assert refuse_other_names(settings) is None


@pytest.mark.fits
@pytest.mark.filterwarnings("ignore::ltv_bayes.errors.ConvergenceWarning")
@pytest.mark.parametrize("method", ["laplace", "nuts"])
def test_variables_of_any_shape(shaped, method):
    """Few draws, as each takes PyTensor's own steps in Python: means lie within the error of so many."""
    few = {"draws": 60, "tune": 60, "chains": 2, "random_seed": 1, "progressbar": False}
    posterior = fit_posterior(shaped, method=method, **few)["posterior"]
    assert posterior["level"].dims == ("chain", "draw")
    assert posterior["each"].dims == posterior["moved"].dims == ("chain", "draw", "industry", "size")
    assert posterior["shares"].dims == ("chain", "draw", "shares_dim_0")
    assert posterior["industry"].to_numpy().tolist() == ["Energy", "Retail", "Public"]
    assert posterior["size"].to_numpy().tolist() == [10, 20]
    for place in np.ndindex(MEANS.shape):
        assert_draws(posterior["each"].to_numpy()[..., *place], MEANS[place], figures=9)
    for place, share in enumerate([0.5, 0.25, 0.25]):
        assert_draws(posterior["shares"].to_numpy()[..., place], share, figures=9)
    np.testing.assert_allclose(posterior["moved"], posterior["each"] + posterior["level"])
    np.testing.assert_array_equal(posterior["constant"].to_numpy().reshape(-1, 2).min(axis=0), [1, 2])
    assert posterior["constant"].shape == (2, 60, 2)


class Called(Exception):
    """Stands for a sampler, and tells what it was asked."""


@pytest.fixture
def asked(monkeypatch):
    """What samplers are asked, in place of sampling."""
    import nutpie

    def sample(*_, **settings):
        raise Called(settings)

    monkeypatch.setattr(nutpie, "sample", sample)
    monkeypatch.setattr(pm, "sample", sample)

    def settings_of(**settings):
        with pm.Model() as model:
            pm.Normal("x")
        with pytest.raises(Called) as caught:
            fit_posterior(model, method="nuts", random_seed=1, **settings)
        return caught.value.args[0]

    return settings_of


def test_tuning_is_as_long_as_needed(asked):
    assert asked()["tune"] == TUNE_FROM_PEAK
    assert asked(target_accept=0.9)["tune"] == TUNE


@pytest.mark.parametrize("more", [{}, {"target_accept": 0.9}])
def test_tuning_may_be_chosen(asked, more):
    assert asked(tune=77, **more)["tune"] == 77


def test_without_nutpie_chains_start_anywhere(asked, monkeypatch):
    monkeypatch.setattr("ltv_bayes.inference.methods.has_nutpie", lambda: False)
    monkeypatch.setattr(nuts, "has_nutpie", lambda: False)
    settings = asked()
    assert settings["tune"] == TUNE
    assert settings["nuts_sampler"] == "pymc"


@pytest.mark.fits
@pytest.mark.filterwarnings("ignore::ltv_bayes.errors.ConvergenceWarning")
def test_draws_do_not_depend_on_the_number_of_threads(monkeypatch):
    """How many there are is decided by a clock."""
    with pm.Model() as model:
        pm.Normal("x")
    monkeypatch.setattr(nuts, "available_cores", lambda: 2)
    found = []
    for quick in (0.0, np.inf):
        monkeypatch.setattr(nuts, "QUICK", quick)
        found.append(fit_posterior(model, method="nuts", draws=50, chains=3, random_seed=1, progressbar=False))
    np.testing.assert_array_equal(*(tree["posterior"]["x"] for tree in found))


def test_chains_that_were_stopped_before_their_first_draw_stay_stopped():
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"z": (("chain", "draw"), np.empty((4, 0)))})})
    with pytest.raises(KeyboardInterrupt):
        nuts.drawn_so_far(tree)


@pytest.mark.parametrize(("seconds", "threads"), [(1e-5, 1), (1e-3, 2)])
def test_chains_run_side_by_side_where_a_density_is_slow(monkeypatch, seconds, threads):
    """The first call may compile, and does not count."""
    took, now = [60.0, *[seconds] * 9], [0.0]
    monkeypatch.setattr(nuts, "available_cores", lambda: 2)
    monkeypatch.setattr(nuts, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def density(place):
        now[0] += took.pop(0)
        return 0.0, place

    assert nuts._chains_at_once(density, 3) == threads


class TestLongerChains:
    """Hierarchical chains that have not converged are followed by longer ones."""

    @pytest.fixture
    def runs(self, monkeypatch):
        """Chains that stay apart when they are short, in place of sampling; what was asked of each run."""
        asked = []

        def sample(_, __, wanted, **settings):
            draws, chains = wanted.draws, wanted.chains
            asked.append({"draws": draws, "tune": wanted.tune, **settings})
            rng = np.random.default_rng(len(asked))
            x = rng.standard_normal((chains, draws)) + (2.0 * np.arange(chains)[:, None] if len(asked) == 1 else 0.0)
            diverging = np.zeros((chains, draws), dtype=bool)
            diverging[0, :3] = len(asked) > 1  # none of these is among every fourth
            dims = ("chain", "draw")
            groups = {"posterior": {"x": (dims, x)}, "sample_stats": {"diverging": (dims, diverging)}}
            return xr.DataTree.from_dict({name: xr.Dataset(columns) for name, columns in groups.items()})

        monkeypatch.setattr(methods, "sample_from_peaks", sample)
        return asked

    @pytest.fixture
    def model(self):
        with pm.Model() as model:
            pm.Normal("x")
        return model

    def test_every_fourth_of_longer_ones_is_kept(self, model, runs):
        tree = fit_posterior(model, method="nuts", hierarchical=0.95, random_seed=1, progressbar=False)
        first, second = runs
        assert (first["draws"], first["tune"]) == (1000, 500)
        assert (second["draws"], second["tune"], second["adaptation"]) == (4000, 1000, "low_rank")
        assert second["target_accept"] == 0.95
        x = np.random.default_rng(2).standard_normal((4, 4000))
        np.testing.assert_array_equal(tree["posterior"]["x"], x[:, 3::4])
        assert tree["sample_stats"].sizes["draw"] == 1000
        verdict = Diagnostics.from_json(tree.attrs["diagnostics"])
        assert verdict.converged
        assert (verdict.draws, verdict.divergences, verdict.transitions) == (1000, 3, 16_000)
        assert verdict.method == "NUTS, every 4th draw of longer chains"

    @pytest.mark.parametrize("progressbar", [True, False])
    def test_that_longer_ones_follow_is_told(self, model, runs, progressbar, monkeypatch, capsys):
        monkeypatch.setenv("FORCE_COLOR", "1")  # as if the error stream were a terminal
        fit_posterior(model, method="nuts", hierarchical=0.95, random_seed=1, progressbar=progressbar)
        assert ("Chains have not converged; longer ones follow.\n" in capsys.readouterr().err) == progressbar

    @pytest.mark.parametrize("settings", [{"tune": 500}, {"draws": 200}, {"chains": 1}])
    def test_who_says_how_long_is_obeyed(self, model, runs, settings):
        with pytest.warns(ConvergenceWarning):
            fit_posterior(model, method="nuts", hierarchical=0.95, random_seed=1, progressbar=False, **settings)
        assert len(runs) == 1

    def test_plain_chains_are_not_followed(self, model, runs):
        with pytest.warns(ConvergenceWarning):
            fit_posterior(model, method="nuts", random_seed=1, progressbar=False)
        assert len(runs) == 1
