"""Real fits to simulated judges whose faults are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import ltv_bayes as lb
from ltv_bayes.errors import PriorError
from ltv_bayes.formulas.beliefs.closed_judgements import ClosedJudgements
from ltv_bayes.judgement.track_record.history import closed_judgements, read_history
from ltv_bayes.judgement.track_record.record import TrackRecord
from ltv_bayes.models.expert_biases import ExpertBiases, error_log_density
from ltv_bayes.samples.judges import JUDGES
from tests.chance import assert_mean, assert_means, assert_plausible, assert_share, assert_standard, converging
from tests.models.densities import AS_WRITTEN, by_pymc

KINDS = [judge.name for judge in JUDGES]
MANY = [replace(judge, name=f"{judge.name} {number}") for number in range(10) for judge in JUDGES]
HONEST = {"intercept": 0.0, "slope": 1.0, "shift": 0.0, "spread": 1.0}


def fit(history, **settings):
    def of_seed(seed):
        return lb.calibrate_judgements(history, random_seed=seed, progressbar=False, **settings)

    return converging(of_seed, 1, 2, 3)


@pytest.fixture(scope="module")
def many():
    """Thirty judges, ten of each kind, with 15 to 200 cases."""
    return fit(lb.samples.simulate_judges([15, 30, 60, 100, 200] * 6, judges=MANY, random_seed=0).history)


@pytest.fixture(scope="module")
def three():
    """One judge of each kind; the unbiased one has 5 cases."""
    return fit(lb.samples.simulate_judges((5, 100, 200), random_seed=4).history, draws=500)


def covered(levels):
    return (levels > 0.1) & (levels < 0.9)


@pytest.mark.study
class TestManyJudges:
    def test_recalibrated_intervals_cover_what_they_say_out_of_sample_and_stated_ones_do_not(self, many):
        coming = lb.samples.simulate_judges(400, judges=MANY, random_seed=100).history
        new = closed_judgements(read_history(coming, "expert"), 0.8)
        stated, recalibrated = {kind: [] for kind in KINDS}, {kind: [] for kind in KINDS}
        for place, name in enumerate(new.names):
            at = new.won & (new.who == place)
            error, sd, change = new.log_error[at], new.below[at], TrackRecord(many.idata).change(name)
            levels = special.ndtr((error[:, None] - change.shift[::8]) / (change.spread[::8] * sd[:, None])).mean(
                axis=1
            )
            stated[name.split()[0]].append(covered(special.ndtr(error / sd)))
            recalibrated[name.split()[0]].append(covered(levels).mean())
        for kind in KINDS:
            before, after = np.concatenate(stated[kind]).mean(), np.mean(recalibrated[kind])
            print(f"{kind}: 80% intervals held {before:.3f} as stated, {after:.3f} as recalibrated")
        assert_share(np.concatenate(stated["Unbiased"]), 0.8)
        assert np.concatenate(stated["Optimistic"]).mean() < 0.7
        assert np.concatenate(stated["Overconfident"]).mean() < 0.4
        assert_mean(np.concatenate(list(recalibrated.values())), 0.8, slack=0.01)
        assert_means(recalibrated, 0.8, slack=0.01)

    def test_biases_are_found_within_their_own_uncertainty(self, many):
        truth = {judge.name: judge for judge in MANY}
        distances = []
        for name in many.names:
            change, judge = TrackRecord(many.idata).change(name), truth[name]
            pairs = [
                (change.intercept, judge.intercept),
                (np.log(change.slope), np.log(judge.slope)),
                (change.shift, judge.shift),
                (np.log(change.spread), np.log(judge.spread)),
            ]
            distances.append([(draws.mean() - true) / draws.std() for draws, true in pairs])
        assert_standard(distances, slack=0.1)
        assert_share(np.abs(distances) < 2, 0.954, slack=0.02)

    def test_chains_converge(self, many):
        assert many.converged
        assert many.diagnose().rhat < 1.01

    def test_the_hit_rate_of_recalibrated_intervals_is_what_it_should_be(self, many):
        table = many.hit_rate().loc["(all)"]
        assert table["stated"] < 0.65
        assert abs(table["recalibrated"] - 0.8) < 0.05


@pytest.mark.fits
class TestFewJudges:
    def test_chains_converge(self, three):
        assert three.converged

    def test_five_cases_are_drawn_towards_the_others(self, three):
        table, alone = three.summary(), three.summary().loc["(no record)"]
        few, sure = table.loc["Unbiased"], table.loc["Overconfident"]
        assert_plausible(np.log(3), np.log(TrackRecord(three.idata).change("Overconfident").spread), figures=2)
        assert_plausible(-np.log(1.4), TrackRecord(three.idata).change("Optimistic").shift, figures=2)

        def width(row, name):
            return np.log(row[f"{name}_eti89_ub"] / row[f"{name}_eti89_lb"])

        assert width(sure, "amount_factor") < width(few, "amount_factor") < width(alone, "amount_factor")
        assert width(sure, "spread_factor") < width(few, "spread_factor")

    def test_five_nearly_perfect_cases_do_not_make_a_prophet(self):
        history = lb.samples.simulate_judges((5, 100, 200), random_seed=4).history
        perfect = pd.DataFrame(
            {"expert": "Lucky", "probability": 0.5, "low": 90.0, "high": 110.0, "won": 1, "amount": 99.5},
            index=range(5),
        )
        table = fit(pd.concat([history, perfect], ignore_index=True), draws=500).summary()
        assert 0.6 < table.loc["Lucky", "occurs"] < 0.95
        own = np.log(100 / 99.5) / (np.log(110 / 90) / 2 / special.ndtri(0.9))
        assert table.loc["Lucky", "spread_factor"] > 1.3 * own

    @pytest.mark.parametrize("won", [1, 0])
    def test_all_won_and_all_lost(self, won):
        case = {"expert": "Chen", "probability": 0.5, "low": 50.0, "high": 200.0}
        history = pd.DataFrame([{**case, "won": won, "amount": 60.0 + 10 * n if won else None} for n in range(12)])
        calibration = fit(history, draws=500)
        assert calibration.converged
        comes = calibration.summary(0.5).loc["Chen", "occurs"]
        assert comes > 0.7 if won else comes < 0.3
        if not won:
            assert calibration.summary().loc["Chen", "spread_factor"] == pytest.approx(1, abs=0.15)

    def test_an_interval_wider_on_one_side_is_no_bias(self):
        rng = np.random.default_rng(3)
        z, size = rng.standard_normal(200), 200
        median, below, above = np.full(size, 100.0), np.full(size, 0.2), np.full(size, 0.6)
        amount = median * np.exp(z * np.where(z < 0, below, above))
        edge = special.ndtri(0.9)
        frame = pd.DataFrame({"expert": "Chen", "probability": 0.5, "won": True, "amount": amount})
        frame = frame.assign(low=100 * np.exp(-edge * 0.2), high=100 * np.exp(edge * 0.6), likely=100.0)
        lost = frame.assign(won=False, amount=np.nan)
        calibration = fit(pd.concat([frame, lost], ignore_index=True), draws=500)
        assert calibration.converged
        change = TrackRecord(calibration.idata).change("Chen")
        assert_plausible(0.0, change.shift, figures=2)
        assert_plausible(0.0, np.log(change.spread), figures=2)


@pytest.fixture
def closed():
    return ClosedJudgements(
        ("Chen", "Wang"),
        np.array([0, 0, 1]),
        np.array([0.6, 1.0, 0.3]),
        np.array([True, False, True]),
        np.array([0.1, np.nan, -0.4]),
        np.array([0.5, 0.5, 0.2]),
        np.array([0.5, 0.5, 0.7]),
    )


def own_numbers(model, at):
    """Intercept, slope, shift and spread at a point of the unconstrained space."""
    import pymc as pm

    wanted = model.replace_rvs_by_values([model[name] for name in ("intercept", "slope", "shift", "spread")])
    values = [model.rvs_to_values[variable] for variable in model.free_RVs]
    run = pm.compile(values, wanted, on_unused_input="ignore", mode=AS_WRITTEN)
    return run(*(at[value.name] for value in values))


def near_the_start(model):
    rng = np.random.default_rng(1)
    return {name: value + 0.3 * rng.standard_normal(np.shape(value)) for name, value in model.initial_point().items()}


def test_chances_have_the_likelihood_of_logistic_regression(closed):
    model = ExpertBiases().build(closed)
    at = near_the_start(model)
    intercept, slope, _, _ = own_numbers(model, at)
    chance = special.expit(intercept[closed.who] + slope[closed.who] * special.logit([0.6, 0.99, 0.3]))
    found = float(model.compile_logp(vars=model["won"], mode=AS_WRITTEN)(at))
    assert found == pytest.approx(np.log([chance[0], 1 - chance[1], chance[2]]).sum())


def test_amounts_have_the_density_of_moved_and_spread_log_normals(closed):
    """Where the two sides are alike it is the normal one; a tenth of the stated sd is rounding."""
    model = ExpertBiases().build(replace(closed, above=closed.below))
    at = near_the_start(model)
    _, _, shift, spread = own_numbers(model, at)
    expected = stats.norm.logpdf([0.1, -0.4], shift, np.hypot(spread, 0.1) * np.array([0.5, 0.2]))
    found = float(model.compile_logp(vars=model.potentials, mode=AS_WRITTEN)(at))
    assert found == pytest.approx(expected.sum())


def test_two_sided_amounts_have_half_of_the_probability_on_each_side():
    grid = np.linspace(-2, 5, 7001)
    height = np.exp(error_log_density(grid, np.ones(grid.size), np.array(0.2), np.array(0.7)).eval(mode=AS_WRITTEN))
    assert np.trapezoid(height, grid) == pytest.approx(1, abs=1e-6)
    left = grid < 0
    assert np.trapezoid(height[left], grid[left]) == pytest.approx(0.5, abs=0.03)
    for far, sd in ((-0.5, 0.2), (2.0, 0.7)):
        normal = stats.norm.pdf(far, 0, sd * np.hypot(1, 0.1))
        assert height[np.isclose(grid, far)] == pytest.approx(normal, rel=0.02)


def test_partly_centred_experts_have_the_density_of_experts_around_their_mean(closed):
    """Whatever share of the mean is taken out: log density of the own number, and the change of variables."""
    model = ExpertBiases().build(closed)
    mean, log_sd, partly = 0.2, np.log(0.6), np.array([0.5, -0.3])
    at = model.initial_point() | {"mean_shift": mean, "sd_shift_log__": log_sd, "shift_partly": partly}
    found = float(model.compile_logp(vars=model["shift_partly"], mode=AS_WRITTEN)(at))
    kept = 1 / np.array([0.25, (0.2**2 + 0.7**2) / 2])
    kept = kept / (kept + 0.3**-2)
    shift = mean + 0.6 ** (1 - kept) * (partly - kept * mean)
    expected = stats.norm.logpdf(shift, mean, 0.6) + (1 - kept) * np.log(0.6)
    assert found == pytest.approx(expected.sum())


@pytest.mark.parametrize("won", [True, False], ids=["some won", "none won"])
def test_the_density_written_out_is_that_of_the_model(closed, won):
    """With its gradient, at many points, and on the way back to the model's variables."""
    settings = ExpertBiases(
        {"mean_shift": lb.Prior("Normal", mu=-0.2, sigma=0.1), "sd_shift": lb.Prior("Gamma", alpha=2, beta=4)}
    )
    closed = replace(closed, won=closed.won & won)
    written, graph = settings.density(closed), by_pymc(settings.build(closed))
    points = written.starts[0] + 0.5 * np.random.default_rng(1).standard_normal((5, written.size))
    for point in points:
        (value, gradient), (expected, slopes) = written(point), graph(point)
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(written.values(points), graph.values(points), rtol=1e-12)
    found, expected = (one.tree(points[:4], 2, 2)["posterior"].to_dataset() for one in (written, graph))
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, err_msg=name)
    assert set(found) == {name for name in expected if not name.endswith("_partly")}
    assert found["slope"].dims == expected["slope"].dims
    assert found["who"].to_numpy().tolist() == ["Chen", "Wang"]


def test_where_it_is_not_finite_the_density_written_out_says_so(closed):
    written = ExpertBiases().density(closed)
    far = written.starts[0] + 1e6
    value, gradient = written(far)
    assert value == -np.inf
    assert not gradient.any()
    assert written.values(far[np.newaxis]).tolist() == [-np.inf]


UNCOMMON = {"mean_intercept": lb.Prior("StudentT", nu=1e6, mu=0.0, sigma=1.0)}


def test_there_is_no_density_written_out_with_a_prior_of_an_uncommon_family(closed):
    assert ExpertBiases(UNCOMMON).density(closed) is None


@pytest.mark.study
def test_a_prior_of_an_uncommon_family_goes_through_pymc_to_the_same_posterior():
    """The densities are equal, as a quick test shows; here is the way through PyMC's own sampling."""
    history = lb.samples.simulate_judges(30, random_seed=2).history
    by_graph, by_hand = fit(history, draws=500, priors=UNCOMMON), fit(history, draws=500)
    for name in ("intercept", "slope", "shift", "spread"):
        one, other = (calibration.idata["posterior"][name] for calibration in (by_graph, by_hand))
        difference = np.abs(one.mean(("chain", "draw")) - other.mean(("chain", "draw")))
        assert (difference < 0.5 * other.std(("chain", "draw"))).all()


def test_priors_may_be_replaced(closed):
    given = ExpertBiases({"mean_shift": lb.Prior("Normal", mu=-0.2, sigma=0.1)})
    assert "mu=-0.2" in given.settings()["priors"]["mean_shift"]
    given.build(closed)
    with pytest.raises(PriorError, match=r"no parameter 'mean_shif'.*Did you mean 'mean_shift'"):
        ExpertBiases({"mean_shif": lb.Prior("Normal", mu=0, sigma=1)}).build(closed)
    with pytest.raises(PriorError, match="above 0"):
        ExpertBiases({"sd_shift": lb.Prior("Normal", mu=0, sigma=1)}).build(closed)
