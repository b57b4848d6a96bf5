"""Calibration of simulated judges, whose faults are known."""

import numpy as np
import pytest

import ltv_bayes as lb


@pytest.mark.slow
def test_known_faults_lie_within_their_intervals():
    judges = lb.samples.simulate_judges(60, random_seed=1)
    calibration = lb.calibrate_judgements(judges.history, draws=500, random_seed=1, progressbar=False)
    assert calibration.converged
    drawn = calibration.idata["posterior"].to_dataset().assign_coords(who=calibration.names)
    for part in ("intercept", "slope", "shift", "spread"):
        found, truth = drawn[part], judges.truth.loc[calibration.names, part].to_numpy()
        low, high = (found.quantile(level, ("chain", "draw")).to_numpy() for level in (0.005, 0.995))
        assert ((low < truth) & (truth < high)).all(), part
    assert np.argmax(drawn["spread"].mean(("chain", "draw")).to_numpy()) == calibration.names.index("Overconfident")
