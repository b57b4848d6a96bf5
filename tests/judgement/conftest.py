"""Calibrations made by hand, whose draws are known."""

import numpy as np
import pandas as pd
import pytest

from ltv_bayes.diagnostics import Diagnostics
from ltv_bayes.judgement.track_record.calibration import Calibration
from ltv_bayes.judgement.track_record.history import closed_judgements, numbered_opportunities, read_history
from ltv_bayes.judgement.track_record.record import TrackRecord
from ltv_bayes.models.expert_biases import BIASES
from ltv_bayes.posterior import tree_from_draws

HONEST = {"intercept": 0.0, "slope": 1.0, "shift": 0.0, "spread": 1.0}


@pytest.fixture
def closed():
    """A closed judgement, with some columns changed."""

    def case(**changes):
        stated = {"customer_id": "A", "expert": "Chen", "probability": 0.6, "low": 50.0, "high": 200.0}
        return {**stated, "won": 1, "amount": 120.0, **changes}

    return case


@pytest.fixture
def by_hand(closed):
    """A calibration with the given numbers for each expert, arrays of shape (draws,) or the same in all of 2 x 200."""

    def make(history=None, problems=(), **experts):
        frame = pd.DataFrame([closed(expert=name) for name in experts] if history is None else history)
        table = read_history(frame, "expert")
        record = closed_judgements(table, 0.8)
        own = {part: [{**HONEST, **experts[name]}[part] for name in record.names] for part in HONEST}
        draws = {part: np.stack([np.broadcast_to(value, (2, 200)) for value in each], -1) for part, each in own.items()}
        for part in BIASES:
            draws |= {f"mean_{part}": np.zeros((2, 200)), f"sd_{part}": np.full((2, 200), 0.3)}
        verdict = Diagnostics("NUTS", 400.0, 200, 2, rhat=1.0, problems=tuple(problems)).to_json()
        attrs = {"by": "expert", "interval": 0.8, "random_seed": "1", "diagnostics": verdict}
        tree = tree_from_draws(draws, dims={part: ["who"] for part in HONEST})
        return Calibration(TrackRecord.of(tree, record, numbered_opportunities(table), **attrs).idata)

    return make
