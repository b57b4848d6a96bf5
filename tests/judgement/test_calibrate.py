"""Calibration of simulated judges, whose faults are known."""

import numpy as np
import pytest

import ltv_bayes as lb
from ltv_bayes.judgement.track_record.record import TrackRecord
from tests.chance import assert_plausible, converging


@pytest.mark.fits
def test_known_faults_lie_within_their_intervals():
    judges = lb.samples.simulate_judges(60, random_seed=1)
    calibration = converging(
        lambda seed: lb.calibrate_judgements(judges.history, draws=500, random_seed=seed, progressbar=False), 1, 2, 3
    )
    record = TrackRecord(calibration.idata)
    for name in calibration.names:
        change, truth = record.change(name), judges.truth.loc[name]
        for drawn, true in ((change.intercept, truth["intercept"]), (change.shift, truth["shift"])):
            assert_plausible(true, drawn, figures=12)
        for drawn, true in ((change.slope, truth["slope"]), (change.spread, truth["spread"])):
            assert_plausible(np.log(true), np.log(drawn), figures=12)
    spreads = {name: record.change(name).spread.mean() for name in calibration.names}
    assert max(spreads, key=spreads.get) == "Overconfident"
