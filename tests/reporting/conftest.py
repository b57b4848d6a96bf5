"""Everything a report can hold, of hand-made posteriors: quick to make, and no model is fitted."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def reported_orders(cdnow_orders):
    """The orders of 60 customers of CDNOW, one of them worth nothing."""
    ids = sorted(cdnow_orders.table["customer_id"].unique())[:60]
    table = cdnow_orders.table[cdnow_orders.table["customer_id"].isin(ids)]
    named = {"customer": table["customer_id"].astype(str), "date": table["date"], "amount": table["amount"]}
    frame = pd.DataFrame(named).reset_index(drop=True)
    frame.loc[len(frame)] = ["7", frame["date"].iloc[0], 0.0]
    return lb.read_transactions(frame, currency="USD")


@pytest.fixture(scope="session")
def reported_customers(reported_orders):
    ids = pd.Index(reported_orders.table["customer_id"].unique(), name="customer_id")
    words = np.resize(["Energy", "Retail", HOSTILE, "公共"], len(ids))
    about = pd.DataFrame({"customer_id": ids, "industry": words, "name": [f"=Customer {one}" for one in ids]})
    return lb.summarize(reported_orders, time_unit="week", as_of="1998-06-30", attributes=about)


@pytest.fixture(scope="session")
def value_of(purchases, spend):
    """Values customers over a year, by hand-made posteriors."""

    def value(customers, **more):
        streams = [lb.RepeatPurchases(purchases.thin(40), spend.thin(40))]
        terms = {"horizon": "1 year", "discount_rate": 0.1, "margin": 0.35, "random_seed": 1}
        return lb.lifetime_value(customers, streams, **{**terms, **more})

    return value


@pytest.fixture(scope="session")
def everything(reported_orders, reported_customers, value_of, purchases, spend, channel_value):
    """What `report` takes, all of it."""
    ids = reported_customers.ids
    judged = pd.DataFrame(
        {
            "customer_id": [ids[0], ids[1]],
            "opportunity": ["new site", "refit"],
            "probability": [0.5, 0.2],
            "low": [50.0, 20.0],
            "high": [90.0, 40.0],
            "expected_on": ["1998-12-01", "1999-02-01"],
            "relation": ["additional", "additional"],
        }
    )
    priors = lb.FutureValuePriors.from_judgements(judged)
    terms = {"horizon": ["13 weeks", "1 year"], "realised": True, "future_value": priors}
    ltv = value_of(reported_customers, **terms)
    fits = {"purchases": purchases.thin(40), "spend": spend.thin(40)}
    days = ["1997-09-30", "1998-03-01"]
    costs = pd.DataFrame({"channel": ["Ads", "Fair"], "spend": [60_000.0, 60_000.0], "clients_won": [40, 15]})
    return {
        "ltv": ltv,
        "orders": reported_orders,
        "by": "industry",
        "columns": "name",
        "acquisition": lb.acquisition(channel_value, costs, random_seed=1),
        "slipping_away": lb.slipping_away(ltv, reported_orders, since="1998-03-31", least_drop=0.01),
        "over_time": lb.value_over_time(
            reported_orders, days, horizon="1 year", time_unit="week", refit=False, random_seed=1, **fits
        ),
        "backtest": lb.backtest(
            reported_orders, as_of=days, horizon="13 weeks", random_seed=1, progressbar=False, **fits
        ),
        "checks": lb.check(reported_customers, *fits.values(), random_seed=1),
    }


@pytest.fixture(scope="session")
def reported(everything):
    """The report of everything."""
    return lb.report(**everything)
