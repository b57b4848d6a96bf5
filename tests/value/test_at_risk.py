"""Renewals at risk: whose, what is at stake, and why."""

import json

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.formulas.models import parameterization
from ltv_bayes.posterior import tree_from_draws
from tests.chance import allowed

AS_OF = "2025-12-31"
TERMS = {"horizon": "4 years", "discount_rate": 0.10, "margin": 0.8, "random_seed": 1}
STARTS = ["2025-01-20", "2021-02-10", "2025-03-05", "2020-03-05", "2025-09-01"]


@pytest.fixture(scope="module")
def records():
    frame = pd.DataFrame({"customer": list("ABCDE"), "start": STARTS, "price": [100.0, 200, 300, 400, 500]})
    frame["health"], frame["size"] = [60.0, 60.0, 20.0, 60.0, 60.0], ["small", "large", "large", "large", "large"]
    return lb.summarize_renewals(frame.assign(cancelled_on=None), period="year", as_of=AS_OF)


@pytest.fixture(scope="module")
def fit():
    return lb.FittedRenewals.from_draws(
        {"alpha": np.full((1, 2000), 1.0), "beta": np.full((1, 2000), 3.0)}, periods="year"
    )


@pytest.fixture(scope="module")
def pooled():
    """Small companies have three times the odds of leaving; ten points of health halve them."""
    same = np.ones((1, 50))
    quantities = {"churn_mean": 0.2 * same, "churn_concentration": 4.0 * same}
    drawn = {**quantities, **{name: parameterization.churn(quantities)[name] for name in ("alpha", "beta")}}
    drawn |= {"churn_mean_slope": np.full((1, 50, 1), np.log(0.5)), "churn_mean_sd_size": same}
    drawn["churn_mean_by_size"] = np.broadcast_to([0.0, np.log(3.0)], (1, 50, 2)).copy()
    pooling = {"model": "shifted_beta_geometric", "by": ["size"], "covariates": {"churn_mean": ["health"]}}
    pooling |= {"scales": {"health": [60.0, 10.0]}, "customers": {"size": {"large": 4, "small": 1}}}
    attrs = {"model": "shifted_beta_geometric", "periods": "year", "pooling": json.dumps(pooling)}
    dims = {"churn_mean_by_size": ["size"], "churn_mean_slope": ["covariate"]}
    coords = {"size": ["large", "small"], "covariate": ["health"]}
    return lb.FittedRenewals(tree_from_draws(drawn, attrs, dims=dims, coords=coords))


def value(records, fit, **more):
    return lb.lifetime_value(lb.all_customers(records), lb.Subscription(fit, records, **more), **TERMS)


def test_by_hand_from_survival(records, fit):
    table = lb.at_risk(value(records, fit)).summary()
    assert set(table.index) == set("ABCD")  # E is due in September
    assert table["at_stake"].is_monotonic_decreasing
    a = table.loc["A"]
    assert a["due_on"] == pd.Timestamp("2026-01-20")
    assert a["probability_not_renewed"] == pytest.approx(0.25)
    days = np.array([20, 20 + 365, 20 + 730, 20 + 1096])
    staying = fit.survival([1, 2, 3, 4]).mean(("chain", "draw")).to_numpy() / 0.75
    worth = 0.8 * 100 * (staying * 1.1 ** (-days / 365.25)).sum()
    assert a["value_if_renewed"] == pytest.approx(worth, rel=1e-9)
    assert a["at_stake"] == pytest.approx(0.25 * worth, rel=1e-9)
    assert a["fee"] == 100
    assert a["reason"] == "the first renewal"
    assert table.loc["D", "reason"].startswith("churn is as usual")


def test_what_is_at_stake_and_what_is_expected_are_the_value(records, fit):
    """The value now is what renewed subscriptions are worth, with the probability that they are."""
    ltv = value(records, fit)
    table = lb.at_risk(ltv, within="4 years", least=0.0).summary()
    expected = (table["value_if_renewed"] - table["at_stake"]).reindex(list("ABCDE"))
    error = ltv.draws.std(("chain", "draw")) / np.sqrt(ltv.total().size)
    off = abs(ltv.draws.mean(("chain", "draw")) - expected.to_numpy())
    assert (off < allowed(5) * error).all()


def test_reasons_of_a_pooled_fit(records, pooled):
    reasons = lb.at_risk(value(records, pooled), least=0.0).summary()["reason"]
    assert reasons["A"] == "size small, the first renewal"
    assert reasons["C"].startswith("health 20, against 60 on average")
    assert "size" not in reasons["C"]


def test_a_step_in_the_fee_is_named(records, fit):
    table = lb.at_risk(value(records, fit, price_changes={"2026-02-01": 0.2})).summary()
    assert table.loc["B", "fee"] == pytest.approx(240)
    assert "the fee rises from 200 to 240" in table.loc["B", "reason"]
    assert "rises" not in table.loc["A", "reason"]


def test_only_those_likely_enough_and_due_in_time(records, fit):
    found = lb.at_risk(value(records, fit), within="1 month", least=0.2)
    assert list(found.summary().index) == ["A"]
    assert found.sentence().startswith("1 of 1 renewal due until 2026-01-30 is at risk, with a probability of 0.2")
    assert lb.at_risk(value(records, fit), within="1 day").summary().empty
    assert "0 of 0 renewals" in repr(lb.at_risk(value(records, fit), within="1 day"))


def test_what_is_wrong_is_refused(records, fit, purchases, spend, book):
    ltv = value(records, fit)
    with pytest.raises(UnitError, match=r"least must lie between 0 and 1, not 20. Write 20% as least=0.2"):
        lb.at_risk(ltv, least=20)
    with pytest.raises(InputError, match="No stream of this value"):
        lb.at_risk(ltv, stream="services")
    with pytest.raises(InputError, match="at_risk needs"):
        lb.at_risk(records)
    orders = lb.lifetime_value(book, lb.RepeatPurchases(purchases, spend), horizon="1 year", random_seed=1)
    with pytest.raises(InputError, match="No stream of this value"):
        lb.at_risk(orders)


def test_reasons_are_told_in_the_language_that_is_asked_for_later(records, fit):
    found = lb.at_risk(value(records, fit), within="3 months")
    said = found.summary()["reason"].tolist()
    with lb.in_language("zh"):
        again = found.summary()["reason"].tolist()
        assert again == lb.at_risk(value(records, fit), within="3 months").summary()["reason"].tolist()
    assert not set(said) & set(again)
