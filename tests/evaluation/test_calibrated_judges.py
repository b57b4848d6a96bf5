"""Does recalibration hold out of sample? Simulated judges whose faults are known, and their next cases.

Coverage differs from record to record, since a judge with 50 amounts that came shows their spread within a tenth only.
Over all records of a kind of judge the error of the mean coverage is about one point.
"""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import DataWarning
from ltv_bayes.judgement.track_record.history import closed_judgements, read_history
from ltv_bayes.judgement.track_record.record import TrackRecord
from ltv_bayes.samples.judges import JUDGES, Judge
from tests.chance import assert_draws, assert_mean, assert_means, assert_share, assert_standard, converging

pytestmark = pytest.mark.study

RECORDS, CASES, NEW = range(4), (15, 50, 100, 200, 200), 200
MANY = 100
TEAM = [replace(judge, name=f"{judge.name} {number}") for judge in JUDGES for number in range(len(CASES))]
KINDS = [judge.name for judge in JUDGES]


def calibrated(history, random_seed):
    def fit(seed):
        return lb.calibrate_judgements(history, random_seed=seed, progressbar=False)

    return converging(fit, random_seed, random_seed + 100, random_seed + 200)


def next_cases(calibration, record):
    """What each judge states next, as stated and as recalibrated, and what comes of it."""
    coming = lb.samples.simulate_judges(NEW, judges=TEAM, random_seed=1000 + record).history
    judged = lb.FutureValuePriors.from_judgements(coming.drop(columns=["won", "amount"]), relation="additional")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*expected value from one draw", category=DataWarning)
        return judged.audit(calibration).join(coming[["won", "amount"]])


def distances(calibration):
    """How far each judge's bias lies from the truth, in units of its own posterior sd."""
    truth = pd.DataFrame([vars(judge) for judge in TEAM]).set_index("name")
    found = {}
    for name in calibration.names:
        change, true = TrackRecord(calibration.idata).change(name), truth.loc[name]
        parts = {
            "intercept": (change.intercept, true["intercept"]),
            "log_slope": (np.log(change.slope), np.log(true["slope"])),
            "shift": (change.shift, true["shift"]),
            "log_spread": (np.log(change.spread), np.log(true["spread"])),
        }
        found[name] = {part: (drawn.mean() - known) / drawn.std() for part, (drawn, known) in parts.items()}
    return pd.DataFrame(found).T


@pytest.fixture(scope="module")
def records():
    """A calibration for each record of fifteen judges, five of each kind with 15 to 200 cases."""
    cases = CASES * len(JUDGES)
    return [
        calibrated(lb.samples.simulate_judges(cases, judges=TEAM, random_seed=record).history, record)
        for record in RECORDS
    ]


@pytest.fixture(scope="module")
def coming(records):
    """All new cases, with the kind of their judge and the length of their judge's record."""
    new = [next_cases(calibration, record).assign(record=f", {record}") for record, calibration in enumerate(records)]
    table = pd.concat(new)
    kind, number = table["expert"].str.rsplit(" ", n=1, expand=True).T.to_numpy()
    return table.assign(kind=kind, cases=np.array(CASES)[number.astype(int)], judge=table["expert"] + table["record"])


@pytest.fixture(scope="module")
def covered(coming):
    """Whether each amount that came lies within its interval."""
    came = coming[coming["won"]]
    inside = {
        "stated": came["amount"].between(came["stated_low"], came["stated_high"]),
        "recalibrated": came["amount"].between(came["low"], came["high"]),
    }
    return came[["kind", "cases", "judge"]].assign(**inside)


def by_judge(table, column):
    """The mean of each judge's cases: what is learned of a judge moves all of them together."""
    return table.groupby("judge")[column].mean()


def by_kind(table, column):
    """Means of judges with many cases, for each kind of judge."""
    some = table[table["cases"] >= MANY]
    return {kind: by_judge(some[some["kind"] == kind], column) for kind in KINDS}


def test_every_record_is_learned_reliably(records):
    for calibration in records:
        verdict = calibration.diagnose()
        assert verdict.converged
        assert verdict.rhat < 1.01
        assert verdict.divergences < 0.001 * verdict.draws * verdict.chains


def test_recalibrated_intervals_of_80_percent_hold_80_percent(covered):
    print(covered.groupby(["kind", "cases"])[["stated", "recalibrated"]].mean().round(3))
    assert_mean(by_judge(covered, "recalibrated"), 0.8, slack=0.01)


def test_they_do_for_every_kind_of_judge_with_many_cases(covered):
    assert_means(by_kind(covered, "recalibrated"), 0.8, slack=0.01)


def test_stated_intervals_of_the_biased_do_not(covered):
    stated = covered.groupby("kind")["stated"].mean()
    assert_share(covered.loc[covered["kind"] == "Unbiased", "stated"], 0.8)
    assert stated["Optimistic"] < 0.7
    assert stated["Overconfident"] < 0.4


def test_as_many_come_as_recalibrated_chances_say(coming):
    """The optimist's stated chances are too high by a quarter and more; recalibrated ones are not."""
    optimistic = coming[(coming["kind"] == "Optimistic") & (coming["cases"] >= MANY)]
    assert optimistic["won"].mean() < 0.8 * optimistic["stated_probability"].mean()
    print(coming.groupby("kind")[["stated_probability", "probability", "won"]].mean().round(3))
    off = coming.assign(off=coming["won"] - coming["probability"])
    assert_means(by_kind(off, "off"), 0.0, slack=0.01)


def test_certainty_that_is_not_deserved_is_taken_back(coming):
    """The overconfident judge's 80% and more comes less often, and their recalibrated chance says so."""
    overconfident = (coming["kind"] == "Overconfident") & (coming["cases"] >= MANY)
    sure = coming[overconfident & (coming["stated_probability"] >= 0.8)]
    before, after = (sure[column].mean() - sure["won"].mean() for column in ("stated_probability", "probability"))
    assert before > 0.15
    assert after < before / 2


def test_amounts_no_longer_lie_on_one_side(coming):
    came = coming[coming["won"] & (coming["kind"] == "Optimistic") & (coming["cases"] >= MANY)]
    as_stated = np.log(came["amount"] / np.sqrt(came["stated_low"] * came["stated_high"]))
    assert_mean(as_stated, -np.log(1.4))
    recalibrated = by_judge(came.assign(off=np.log(came["amount"] / came["median"])), "off")
    assert_mean(recalibrated, 0.0, slack=0.01)
    assert abs(recalibrated.mean()) < np.log(1.4) / 2


@pytest.mark.parametrize("part", ["intercept", "log_slope", "shift", "log_spread"])
def test_biases_lie_within_their_own_posterior_uncertainty(records, part):
    """Root mean square distances are near 1: the three kinds stand apart more than a normal law of judges would say."""
    found = np.concatenate([distances(calibration)[part] for calibration in records])
    print(f"{part}: root mean square distance {np.sqrt(np.mean(found**2)):.2f} posterior standard deviations")
    assert_standard(found, figures=4, slack=0.1)
    assert_share(abs(found) < 2, 0.954, figures=4, slack=0.02)


SHIFT, SD = np.log(2), 0.3
"""Of a newcomer's amounts, which come out at twice what was stated."""


@pytest.fixture(scope="module")
def newcomer():
    """Five cases of a newcomer, among eight judges who are right."""
    team = [Judge(f"Old {number}") for number in range(8)]
    old = lb.samples.simulate_judges(100, judges=team, random_seed=5).history
    error = SHIFT + SD * np.array([-1.2, -0.5, 0.0, 0.5, 1.2])
    edge = 100 * np.exp(np.array([-1, 1]) * 1.2815515655446004 * SD)
    new = pd.DataFrame({"expert": "New", "probability": 0.5, "low": edge[0], "high": edge[1], "won": True}, range(5))
    history = pd.concat([old, new.assign(amount=100 * np.exp(error))], ignore_index=True)
    return calibrated(history, 5)


def test_five_cases_lie_between_their_own_record_and_the_team(newcomer):
    """The posterior mean of a normal mean, at the numbers of the team that were learned."""
    drawn, change = newcomer.idata["posterior"].to_dataset(), TrackRecord(newcomer.idata).change("New")
    team, between = (drawn[name].to_numpy().ravel() for name in ("mean_shift", "sd_shift"))
    own = between**2 / (between**2 + (change.spread * SD) ** 2 / 5)
    expected = own * SHIFT + (1 - own) * team
    assert 0.2 < own.mean() < 0.95
    assert team.mean() < change.shift.mean() < SHIFT
    difference = change.shift - expected
    assert_draws(difference.reshape(4, -1), 0.0, slack=0.01)


def test_a_newcomer_is_less_sure_than_those_with_a_record(newcomer):
    assert (
        TrackRecord(newcomer.idata).change("New").shift.std()
        > 2 * TrackRecord(newcomer.idata).change("Old 1").shift.std()
    )


def test_short_records_gain_from_the_others():
    """Thirty judges with eight cases each: drawn towards the others they are nearer to the truth than by themselves."""
    rng = np.random.default_rng(9)
    judges = [Judge(f"Judge {number}", shift=-0.3 + 0.2 * rng.standard_normal()) for number in range(30)]
    history = lb.samples.simulate_judges(8, judges=judges, random_seed=9).history
    closed = closed_judgements(read_history(history, "expert"), 0.8)
    won = pd.DataFrame({"who": closed.who, "error": closed.log_error, "precision": closed.below**-2})[closed.won]
    own = won.groupby("who").apply(lambda one: np.average(one["error"], weights=one["precision"]))
    truth = pd.Series({judge.name: judge.shift for judge in judges}).loc[list(closed.names)].to_numpy()
    calibration = calibrated(history, 9)
    shrunk = np.array([TrackRecord(calibration.idata).change(name).shift.mean() for name in closed.names])[own.index]
    truth = truth[own.index]

    def rmse(found):
        return np.sqrt(np.mean((found - truth) ** 2))

    assert rmse(shrunk) < 0.9 * rmse(own)
    assert rmse(shrunk) < rmse(np.average(own, weights=won.groupby("who").size()))
