"""A small hybrid book with posteriors made by hand."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb


def around(seed, **means):
    rng = np.random.default_rng(seed)
    return {name: mean * np.exp(0.05 * rng.standard_normal((2, 500))) for name, mean in means.items()}


def exactly(**means):
    return {name: np.full((4, 2_000), mean) for name, mean in means.items()}


@pytest.fixture(scope="session")
def records():
    """Contracts of five subscribers: Eve's has ended, Dan's is paid until after the as-of date."""
    return pd.DataFrame(
        {
            "customer_id": ["Ada", "Bo", "Cleo", "Dan", "Eve"],
            "start": ["2023-01-31", "2024-03-01", "2021-06-15", "2024-02-10", "2022-05-01"],
            "cancelled_on": [None, None, None, "2025-06-20", "2024-05-01"],
            "price": [120.0, 300.0, 1200.0, 1200.0, 90.0],
            "term": ["month", "quarter", "year", "year", "month"],
        }
    )


@pytest.fixture(scope="session")
def renewals(records):
    return lb.summarize_renewals(records, period="term", as_of="2025-06-30", currency="EUR")


@pytest.fixture(scope="session")
def loyal():
    """Renewals that are nearly always made."""
    return lb.FittedRenewals.from_draws(exactly(alpha=1e-9, beta=1e3))


@pytest.fixture(scope="session")
def churning():
    return lb.FittedRenewals.from_draws(exactly(alpha=0.668, beta=3.806))


@pytest.fixture(scope="session")
def consumables():
    """Purchase histories of Ada, Cleo, Eve, and of Finn, who never subscribed."""
    frame = pd.DataFrame(
        {
            "customer_id": ["Ada", "Cleo", "Eve", "Finn"],
            "frequency": [7, 12, 5, 2],
            "recency": [60.0, 200.0, 80.0, 30.43],
            "T": [126.0, 210.0, 105.0, 38.86],
            "monetary_value": [31.5, 40.2, 20.0, 22.35],
            "total_value": [250.0, 520.0, 120.0, 70.0],
        }
    )
    return lb.Customers.from_summary(frame, time_unit="week", as_of="2025-06-30", currency="EUR")


@pytest.fixture(scope="session")
def service():
    """Events and exposure of everyone with equipment."""
    frame = pd.DataFrame(
        {
            "customer_id": ["Ada", "Bo", "Cleo", "Dan", "Eve", "Gil"],
            "frequency": [3, 0, 6, 1, 2, 4],
            "recency": [100.0, 0.0, 180.0, 20.0, 70.0, 88.0],
            "T": [126.0, 69.0, 210.0, 72.0, 104.0, 150.0],
            "monetary_value": [150.0, np.nan, 90.0, 300.0, 120.0, 80.0],
            "total_value": [450.0, 0.0, 540.0, 300.0, 240.0, 320.0],
        }
    )
    return lb.Customers.from_summary(frame, time_unit="week", as_of="2025-06-30", currency="EUR")


@pytest.fixture(scope="session")
def buying():
    return lb.FittedPurchases.from_draws(exactly(r=1.0, alpha=12.0, a=0.8, b=6.0), time_unit="week")


@pytest.fixture(scope="session")
def breaking():
    return lb.FittedEvents.from_draws(exactly(r=1.5, alpha=60.0), time_unit="week")


@pytest.fixture(scope="session")
def spending():
    return lb.FittedSpend.from_draws(exactly(p=6.25, q=3.744, v=15.44), currency="EUR")


@pytest.fixture(scope="session")
def fees():
    return lb.FittedSpend.from_draws(exactly(p=4.0, q=4.0, v=110.0), currency="EUR")


@pytest.fixture(scope="session")
def everyone(consumables, service, renewals):
    return lb.all_customers(consumables, service, renewals)


@pytest.fixture(scope="session")
def uncertain():
    """Fits with uncertain parameters, small enough to value many times."""
    return {
        "renewals": lb.FittedRenewals.from_draws(around(1, alpha=0.67, beta=3.8)),
        "buying": lb.FittedPurchases.from_draws(around(2, r=1.0, alpha=12.0, a=0.8, b=6.0), time_unit="week"),
        "breaking": lb.FittedEvents.from_draws(around(3, r=1.5, alpha=60.0), time_unit="week"),
        "spending": lb.FittedSpend.from_draws(around(4, p=6.25, q=3.744, v=15.44), currency="EUR"),
        "fees": lb.FittedSpend.from_draws(around(5, p=4.0, q=4.0, v=110.0), currency="EUR"),
    }
