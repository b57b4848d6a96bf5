"""Judgements audited and changed to see what depends on them: closed forms."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import JudgementError
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.value.influence.power_scaling import power_scaled
from ltv_bayes.value.influence.sensitivity import with_certain_amounts

ROWS = [
    {"customer_id": "A", "probability": 0.6, "low": 50.0, "high": 200.0, "opportunity": "Plant"},
    {"customer_id": "E", "probability": 0.9, "low": 20.0, "high": 60.0, "opportunity": "Line"},
    {"customer_id": "E", "probability": 0.3, "low": 100.0, "high": 900.0, "opportunity": "Hall"},
]


def read(rows=ROWS):
    return lb.FutureValuePriors.from_judgements(pd.DataFrame(rows))


def changed(judged, who):
    """Judgements whose odds halve, amounts fall by 30%, and spread doubles, in every draw."""
    entries = [np.full((2, 2, 50), one) for one in (np.log(0.5), 1.0, np.log(0.7), 2.0)]
    return type(judged)(judged.table, judged.interval, Adjustments(np.array(who), *entries))


def test_recalibrated_amounts_follow_the_closed_form():
    row = changed(read(ROWS[:1]), [0]).audit().iloc[0]
    odds = 0.5 * 0.6 / 0.4
    assert row["probability"] == pytest.approx(odds / (1 + odds))
    assert row["median"] == pytest.approx(70.0)
    assert row["high"] == pytest.approx(0.7 * 100 * 2.0**2, rel=0.001)
    assert row["stated_high"] == 200.0


def test_a_calibration_recalibrates_once():
    class Halves:
        def recalibrate(self, judged):
            return power_scaled(judged, 2.0, (1, 10))

    assert read().audit(Halves())["probability"].iloc[0] == pytest.approx(0.36 / 0.52)
    with pytest.raises(JudgementError, match="recalibrated already"):
        Halves().recalibrate(read()).audit(Halves())


def test_dates_are_named_where_there_are_any():
    assert "expected_on" not in read().audit()
    dated = read([{**ROWS[0], "expected_on": "1998-09-30"}]).audit()
    assert dated["expected_on"].item() == pd.Timestamp("1998-09-30")


def test_chosen_judgements_keep_their_adjustments():
    judged = changed(read(), [0, 1, 1])
    chosen = judged.subset(np.array([False, True, True]))
    assert len(chosen) == 2
    assert chosen.adjustments.who.tolist() == [1, 1]


def test_a_certain_amount_is_paid_in_every_draw(book):
    judged = with_certain_amounts(read(), np.array([1.0, 2.0, 4.0]))
    ltv = lb.lifetime_value(book, future_value=judged, horizon="1 year", random_seed=1)
    np.testing.assert_allclose(ltv.draws.sel(customer_id=["A", "E"]).mean(("chain", "draw")), [1.0, 6.0])


def test_what_was_stated_is_kept_whichever_way():
    rows = [
        {"customer_id": "A", "probability": "3 of 10", "q25": 80.0, "q50": 100.0, "q75": 150.0},
        {
            "customer_id": "B",
            "probability_low": 0.2,
            "probability_high": 0.4,
            "mean": 90.0,
            "sd": 30.0,
            "family": "gamma",
        },
        {"customer_id": "C", "probability": 0.5, "low": 50.0, "high": 200.0, "interval": 0.5},
    ]
    found = read(rows).audit().set_index("customer_id")
    assert found.loc["A", ["stated_cases", "stated_of", "stated_q25", "stated_q75"]].tolist() == [3, 10, 80, 150]
    assert found.loc["B", ["stated_probability_low", "stated_mean", "stated_sd", "family"]].tolist() == [
        0.2,
        90,
        30,
        "gamma",
    ]
    assert found["interval"].tolist() == [0.8, 0.8, 0.5]
    assert found.loc["A", ["stated_mean", "stated_low"]].isna().all()


def test_a_stated_certainty_is_audited_and_written_as_stated(by_hand, tmp_path):
    with pytest.warns(lb.errors.DataWarning, match="certain"):
        judged = read([{**ROWS[0], "probability": 1.0, "expert": "Ada"}])
    changed_once = by_hand(Ada={}).recalibrate(judged)
    assert changed_once.table["probability"].item() == 0.99
    assert changed_once.audit()["stated_probability"].item() == 1.0
    assert pd.read_csv(changed_once.write(tmp_path / "again.csv"))["probability"].item() == 1.0
