"""The sum of several streams: draw by draw, in blocks of customers, from memory or from files."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.value.draws import valuation
from ltv_bayes.value.lifetime_value import valued_of


def around(seed, **means):
    rng = np.random.default_rng(seed)
    return {name: mean * np.exp(0.05 * rng.standard_normal((2, 30))) for name, mean in means.items()}


@pytest.fixture(scope="module")
def company():
    return lb.samples.simulate_office_equipment(400, random_seed=3)


@pytest.fixture(scope="module")
def data(company):
    """Customers of each stream, renewals, and everybody."""
    orders = lb.read_transactions(
        company.orders,
        customer="client",
        date="ordered_on",
        amount="amount",
        stream="product_line",
        currency=company.currency,
    )
    renewals = lb.summarize_renewals(
        company.subscriptions,
        customer="client",
        start="started_on",
        period="contract",
        as_of=company.as_of,
        currency=company.currency,
    )
    terms = {"time_unit": "week", "as_of": company.as_of}
    consumables = lb.summarize(orders.stream("consumables"), **terms).observed_until(renewals.ended())
    service = lb.summarize(orders.stream("service"), since=company.installations, **terms)
    service = service.observed_until(renewals.ended())
    everybody = lb.all_customers(consumables, service, renewals, orders, attributes=company.clients)
    return consumables, service, renewals, everybody


@pytest.fixture(scope="module")
def value(company, data):
    """A function from settings to the value of the company's clients in four streams, from few draws."""
    consumables, service, renewals, everybody = data
    week = {"time_unit": "week"}
    purchases = lb.FittedPurchases.from_draws(around(1, r=1.5, alpha=16.0, a=0.01, b=3.0), **week)
    events = lb.FittedEvents.from_draws(around(2, r=1.5, alpha=52.0), **week)
    spend = lb.FittedSpend.from_draws(around(3, p=4.0, q=4.0, v=450.0))
    fees = lb.FittedSpend.from_draws(around(4, p=4.0, q=4.0, v=1125.0))
    lengths = {"month": (0.9, 29.1), "quarter": (1.6, 18.4), "year": (1.8, 8.2)}
    fits = {
        length: lb.FittedRenewals.from_draws(around(5 + k, alpha=alpha, beta=beta))
        for k, (length, (alpha, beta)) in enumerate(lengths.items())
    }
    host = {"while_alive": "subscription"}
    streams = [
        lb.OneOffSale(company.planned, "equipment", **host),
        lb.RepeatPurchases(purchases, spend, "consumables", customers=consumables, margin=0.4, **host),
        lb.TriggeredService(events, fees, "service", customers=service, **host),
        lb.Subscription(fits, renewals, discount_rate=0.05),
    ]
    terms = {"horizon": ["1 year", "3 years"], "discount_rate": 0.1, "realised": True, "random_seed": 2}
    return lambda customers=everybody, **settings: lb.lifetime_value(customers, streams, **terms, **settings)


@pytest.fixture(scope="module")
def kept(value):
    return value(keep_draws=True)


def same(one, other):
    pd.testing.assert_frame_equal(one.summary(), other.summary())
    pd.testing.assert_frame_equal(one.explain(), other.explain())
    pd.testing.assert_frame_equal(one.cash_flow(), other.cash_flow())
    pd.testing.assert_frame_equal(one.by("industry").summary(), other.by("industry").summary())
    np.testing.assert_array_equal(one.total(), other.total())


def test_draws_kept_or_not(value, kept):
    same(kept, value(keep_draws=False))


@pytest.mark.parametrize("cores", [1, 7])
def test_number_of_threads(value, kept, monkeypatch, cores):
    monkeypatch.setattr(valuation, "available_cores", lambda: cores)
    same(kept, value(keep_draws=False))


def test_customers_in_batches(value, kept, monkeypatch):
    """Streams find their own data anew for every batch of customers."""
    monkeypatch.setattr(valuation, "CUSTOMERS_IN_BATCH", 128)
    same(kept, value(keep_draws=False))


def test_company_of_other_customers_changes_no_draw(value, kept, data):
    ids = list(data[-1].ids[[7, 300, 12]])
    few = value(data[-1].subset(ids), keep_draws=True)
    np.testing.assert_array_equal(few.draws.sel(customer_id=ids), kept.draws.sel(customer_id=ids))


def test_customers_in_a_file(value, company, data, tmp_path):
    """Consumables' customers, valued in all four streams from a file."""
    path = data[0].save(tmp_path / "customers.parquet")
    in_memory, scanned = value(data[0]), value(lb.Customers.scan(path))
    pd.testing.assert_frame_equal(in_memory.summary(), scanned.summary())
    np.testing.assert_array_equal(in_memory.total(), scanned.total())


def test_total_is_the_sum_in_each_draw_and_not_of_intervals(kept):
    parts = kept.components
    np.testing.assert_allclose(kept.draws, sum(parts[name] for name in valued_of(kept).sources))
    explained = kept.explain()
    assert explained.loc["total", "mean"] == pytest.approx(explained.drop("total")["mean"].sum())
    assert explained["share"].drop("total").sum() == pytest.approx(1)
    low, high = (name for name in explained.columns if name.endswith(("_lb", "_ub")))
    width = explained[high] - explained[low]
    assert width["total"] < width.drop("total").sum()


def test_years_and_horizons_add_up(kept):
    flow, wholes = kept.cash_flow(), kept.by_horizon()
    future = kept.explain().drop(["total", "realised"])["mean"]
    assert flow["mean"].sum() == pytest.approx(future.sum())
    for name, expected in future.items():
        assert flow[f"mean_{name}"].sum() == pytest.approx(expected)
    assert flow["mean"].iloc[0] + kept.explain().loc["realised", "mean"] == pytest.approx(wholes["mean"].iloc[0])


def test_segments_hold_every_stream(kept, company):
    by = kept.by("industry").summary()
    assert by["customers"].sum() == len(kept.customers)
    assert set(by.index) == set(company.clients["industry"])


def test_draws_on_disk_have_every_stream(kept, tmp_path):
    rows = pd.read_parquet(kept.write_draws(tmp_path / "draws.parquet"))
    assert [*rows.columns[3:-1]] == ["realised", "equipment", "consumables", "service", "subscription"]
    assert rows["total"].sum() == pytest.approx(float(kept.draws.sum()))
