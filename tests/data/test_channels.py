"""The simulated company with channels: what is seen agrees with the truth behind it."""

import numpy as np
import pytest

import ltv_bayes as lb

CHANNEL = lb.samples.Channel("Fair", 2_000_000, 1_000, orders_per_year=2.0, mean_order=3_000, dropout_mean=0.2)


@pytest.fixture(scope="module")
def company():
    return lb.samples.simulate_channels([CHANNEL], years=3, random_seed=1)


def test_clients_cost_what_the_channel_says(company):
    assert company.costs["spend"].sum() / company.costs["clients_won"].sum() == pytest.approx(1_000, rel=0.05)
    assert company.costs["clients_won"].sum() == len(company.clients)
    assert company.costs["period"].tolist() == [2023, 2024, 2025]


def test_every_client_has_a_first_order_within_the_years(company):
    first = company.orders.groupby("client")["closed_on"].min()
    assert set(first.index) == set(company.clients["customer_id"])
    assert str(first.min().date()) >= "2022-12-31"
    assert str(company.orders["closed_on"].max().date()) <= "2025-12-31"


def test_orders_are_worth_what_the_channel_says(company):
    assert company.orders["value"].mean() == pytest.approx(3_000, rel=0.05)


def test_the_truth_is_the_closed_form():
    company = lb.samples.simulate_channels(random_seed=1)
    truth = company.truth(horizon="3 years", discount_rate=0.1, margin=0.35)
    for channel in company.channels:
        r = channel.rate_cv**-2
        a = channel.dropout_mean * channel.dropout_concentration
        law = {"r": r, "alpha": r / channel.orders_per_year, "a": a, "b": channel.dropout_concentration - a}
        purchases = lb.FittedPurchases.from_draws({name: [[value]] for name, value in law.items()}, time_unit="year")
        p, q = channel.order_cv**-2, 1 + channel.q_excess
        spend = {"p": p, "q": q, "v": channel.mean_order * channel.q_excess / p}
        fit = lb.FittedSpend.from_draws({name: [[value]] for name, value in spend.items()})
        value = lb.new_customer_value(purchases, fit, horizon="3 years", discount_rate=0.1, margin=0.35, random_seed=1)
        assert truth.loc[channel.name, "value"] == pytest.approx(value.draws.item(), rel=0.02)
    np.testing.assert_allclose(truth["ltv_to_cac"] * truth["cost_per_client"], truth["value"])


def test_the_same_seed_gives_the_same_company():
    first, second = (lb.samples.simulate_channels(random_seed=3) for _ in range(2))
    assert first.orders.equals(second.orders)
