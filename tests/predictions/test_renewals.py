"""Forecasts of renewals: of subscriptions with their dates, against the closed forms."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, UnitError
from ltv_bayes.formulas.models import shifted_beta_geometric
from tests.chance import allowed

LAW = {"alpha": 0.66809, "beta": 3.80610}


@pytest.fixture
def fit():
    return lb.FittedRenewals.from_draws({name: np.full((2, 20_000), value) for name, value in LAW.items()})


@pytest.fixture
def renewals():
    records = pd.DataFrame(
        {
            "customer_id": ["Ada", "Bo", "Cleo"],
            "start": ["2023-01-31", "2021-06-15", "2022-05-01"],
            "cancelled_on": [None, None, "2024-05-01"],
            "term": ["month", "year", "month"],
        }
    )
    return lb.summarize_renewals(records, period="term", price=None, as_of="2025-06-30")


def test_residual_life_of_subscriptions_is_discounted_from_the_next_date(fit, renewals):
    """Until the next renewal is due, the published value just before it waits."""
    life = fit.expected_residual_life(renewals, discount_rate=0.1)
    assert list(life["customer_id"].to_numpy()) == ["Ada", "Bo"]
    wait = (pd.Timestamp("2026-06-15") - pd.Timestamp("2025-06-30")).days / 365.25
    yearly = shifted_beta_geometric.discounted_expected_residual_life(5, 0.1, **LAW)
    assert float(life.sel(customer_id="Bo").mean()) == pytest.approx(float(yearly) * 1.1**-wait)
    made, wait = 29, 31 / 365.25  # from the 31st by the month: due on 31 July
    assert renewals.table.loc["Ada", "renewals"] == made
    monthly = shifted_beta_geometric.discounted_expected_residual_life(made + 1, 1.1 ** (1 / 12) - 1, **LAW)
    assert float(life.sel(customer_id="Ada").mean()) == pytest.approx(float(monthly) * 1.1**-wait)


def test_residual_life_is_what_the_stream_brings_in_the_long_run(fit, renewals):
    ltv = lb.lifetime_value(
        lb.all_customers(renewals),
        lb.Subscription(fit.thin(5000), renewals, price=1.0),
        horizon="150 years",
        discount_rate=0.1,
        random_seed=1,
    )
    draws = ltv.draws.sel(customer_id="Bo")
    expected = float(fit.expected_residual_life(renewals, 0.1).sel(customer_id="Bo").mean())
    assert abs(float(draws.mean()) - expected) < allowed() * float(draws.std()) / np.sqrt(draws.size) + 2e-4 * expected


def test_renewals_left_have_the_law_of_the_survival_curve(fit, renewals):
    left = fit.predict_renewals(renewals, 12, random_seed=1).sel(customer_id="Bo").to_numpy().ravel()
    assert set(np.unique(left)) == set(range(13))
    for t in (1, 4, 12):
        chance = float(shifted_beta_geometric.survival(t, renewals=4, **LAW))
        assert abs((left >= t).mean() - chance) < allowed(100) * np.sqrt(chance * (1 - chance) / left.size)


def test_each_subscription_has_its_own_draws_whoever_else_is_there(fit, renewals):
    together = fit.predict_renewals(renewals, 12, random_seed=1)
    alone = fit.predict_renewals(renewals.subset(renewals.table.index == "Bo"), 12, random_seed=1)
    np.testing.assert_array_equal(together.sel(customer_id="Bo"), alone.sel(customer_id="Bo"))


def test_counts_name_no_customers(fit, renewals):
    counts = lb.Renewals.from_cohort_table([100, 80, 70])
    with pytest.raises(InputError, match="cohort table"):
        fit.predict_renewals(counts, 12)
    with pytest.raises(InputError, match="cohort table"):
        fit.expected_residual_life(counts, 0.1)
    with pytest.raises(InputError, match="whole numbers"):
        fit.predict_renewals(renewals, [1, 2])
    with pytest.raises(InputError, match="whole numbers"):
        fit.predict_renewals(renewals, 1.5)
    with pytest.raises(UnitError, match="need not be finite"):
        fit.expected_residual_life(renewals, 0.0)
