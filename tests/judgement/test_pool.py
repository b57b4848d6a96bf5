"""Several experts on one opportunity: what is made of them, by closed forms."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, InputError, JudgementError

Z = stats.norm.ppf(0.9)


def said(**changes):
    """Two experts on one opportunity, with some columns changed."""
    frame = {"customer_id": ["A", "A"], "expert": ["Chen", "Wang"], "probability": [0.5, 0.7]}
    return pd.DataFrame({**frame, "low": [50.0, 100.0], "high": [200.0, 400.0], **changes})


def test_the_logarithmic_pool_is_the_precision_weighted_mean_of_logarithms():
    row = lb.pool_judgements(said(high=[200.0, 225.0])).table.iloc[0]
    location, sd = np.log([100.0, 150.0]), np.log([2.0, 1.5]) / Z
    precision = 1 / sd**2
    assert row["median"] == pytest.approx(np.exp(precision @ location / precision.sum()))
    assert np.log(row["high"] / row["median"]) == pytest.approx(Z / np.sqrt(precision.sum()))
    assert row["probability"] == pytest.approx(special.expit(special.logit([0.5, 0.7]).mean()))
    assert row["expert"] == "Chen + Wang"


def test_experts_who_err_together_are_worth_less():
    widths = [np.log(lb.pool_judgements(said(), correlation=rho).table["amount_2"].item()) for rho in (0.0, 0.5, 0.9)]
    assert widths == sorted(widths)
    expected = np.log(2) / Z * np.sqrt((1 + 0.5) / 2)
    assert np.exp(widths[1]) == pytest.approx(expected)


def test_the_linear_pool_expects_the_weighted_mean_of_values():
    weights = {"Chen": 1.0, "Wang": 3.0}
    found = lb.pool_judgements(said(), method="linear", weights=weights, random_seed=1).summary()["expected_value"]
    mean = np.array([100.0, 200.0]) * np.exp((np.log(2) / Z) ** 2 / 2)
    assert found.item() == pytest.approx(np.array([0.25, 0.75]) @ (np.array([0.5, 0.7]) * mean))


def test_draws_of_the_linear_pool_have_its_mean(book):
    pooled = lb.pool_judgements(said(), method="linear", random_seed=1)
    drawn = lb.lifetime_value(book, future_value=pooled, horizon="3 years", random_seed=2).components["judged"]
    drawn = drawn.sel(customer_id="A")
    error = float(drawn.std()) / np.sqrt(drawn.size)
    assert float(drawn.mean()) == pytest.approx(pooled.summary()["expected_value"].item(), abs=4 * error)


def test_one_expert_alone_stays_as_stated():
    frame = said(expert=["Chen", "Chen"], opportunity=["P1", "P2"])
    alone, plain = lb.pool_judgements(frame), lb.FutureValuePriors.from_judgements(frame)
    pd.testing.assert_frame_equal(alone.summary(), plain.summary(), check_dtype=False)


def test_gamma_amounts_are_pooled_by_their_logarithms():
    frame = said(family="gamma", mean=100.0, sd=50.0).drop(columns=["low", "high"])
    row = lb.pool_judgements(frame).table.iloc[0]
    assert row["median"] == pytest.approx(np.exp(special.psi(4.0)) * 25, rel=1e-3)
    assert row["amount_2"] == pytest.approx(np.sqrt(special.polygamma(1, 4.0) / 2), rel=2e-3)


def test_opinions_on_one_client_are_pooled_into_one():
    pooled = lb.pool_judgements(said(relation="same_total"))
    assert pooled.are_opinions.tolist() == [True]


def test_pooled_judgements_are_written_and_read_again(tmp_path):
    pooled = lb.pool_judgements(said(probability=["3 of 10", "60%"]))
    again = lb.FutureValuePriors.from_judgements(pooled.write(tmp_path / "pooled.csv"))
    columns = ["probability", "low", "high", "expected_value"]
    found = again.summary()[columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, pooled.summary()[columns])


def test_a_calibration_recalibrates_before_pooling(by_hand):
    calibration = by_hand(Chen={"intercept": -0.7, "shift": -0.3}, Wang={"intercept": -0.7, "shift": -0.3})
    plain, pooled = lb.pool_judgements(said()), lb.pool_judgements(said(), weights=calibration)
    odds = special.logit(plain.table["probability"].item()) - 0.7
    change = np.exp(-0.3) * special.expit(odds) / special.expit(odds + 0.7)
    assert pooled.summary()["expected_value"].item() == pytest.approx(
        change * plain.summary()["expected_value"].item(), rel=1e-6
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expert": ["Chen", None]}, r"without an expert.*Say who judged"),
        ({"expert": ["Chen", "Chen"]}, r"several nameless opportunities.*Name them"),
        ({"relation": ["additional", "same_total"]}, r"different relations"),
        ({"low": [300.0, 100.0]}, r"low above high"),
    ],
)
def test_what_cannot_be_pooled_is_refused(changes, message):
    with pytest.raises(JudgementError, match=message):
        lb.pool_judgements(said(**changes))


def test_wrong_settings_are_refused():
    with pytest.raises(InputError, match="There is no method 'log'"):
        lb.pool_judgements(said(), method="log")
    with pytest.raises(InputError, match="at least 0 and below 1"):
        lb.pool_judgements(said(), correlation=1.0)
    with pytest.raises(InputError, match="no weight of"):
        lb.pool_judgements(said(), weights={"Chen": 1.0})
    with pytest.raises(ColumnError, match="no column 'expert'"):
        lb.pool_judgements(said().drop(columns="expert"))
