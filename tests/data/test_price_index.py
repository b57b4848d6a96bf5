"""A given index of prices: monetary_value at prices of the as-of date, all else as it was paid."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError
from tests.companies import AS_OF, simulated_orders

ORDERS = pd.DataFrame(
    {
        "customer_id": ["Ada"] * 3 + ["Bo"],
        "date": ["2023-01-01", "2023-07-01", "2024-01-01", "2023-01-01"],
        "amount": [10.0, 20.0, 40.0, 5.0],
    }
)
INDEX = {"2023-01-01": 80.0, "2023-07-01": 100.0, "2024-01-01": 125.0}


def test_amounts_are_divided_by_the_level_of_their_date():
    plain, real = (lb.summarize(lb.read_transactions(ORDERS), price_index=index) for index in (None, INDEX))
    assert plain.table.loc["Ada", "monetary_value"] == 30.0
    assert real.table.loc["Ada", "monetary_value"] == pytest.approx((20 * 1.25 + 40) / 2, rel=1e-12)
    assert real.table["spend_age"].fillna(-1).tolist() == [0.0, -1.0]
    same = ["frequency", "recency", "T", "spend_frequency", "first_value", "total_value", "last_order"]
    pd.testing.assert_frame_equal(real.table[same], plain.table[same])
    assert real.rows.price_moments is None


def test_an_index_of_steady_growth_is_the_rate_given_to_the_model():
    table = simulated_orders(3, customers=300, price=lambda day: 1.2 ** (day / 365.25)).table.sort_values("date")
    twice = table[table.groupby("customer_id").cumcount() < 2][["customer_id", "date", "amount"]]
    orders = lb.read_transactions(twice)
    days = pd.to_datetime(["2010-01-01", AS_OF])
    index = pd.Series(np.exp(np.log(1.2) * (days - AS_OF).days / 365.25), days)
    own, real = (lb.summarize(orders, as_of=AS_OF, price_index=given) for given in (None, index))
    model = lb.GammaGamma(price_growth=0.2)
    fits = [model.fit(some, random_seed=1, draws=200, progressbar=False) for some in (own, real)]
    np.testing.assert_allclose(fits[0].draws["v"], fits[1].draws["v"], rtol=1e-6)
    np.testing.assert_allclose(fits[0].expected_spend(own), fits[1].expected_spend(real), rtol=1e-6)
    assert "not learned" in repr(lb.GammaGamma(price_growth="auto").fit(real, random_seed=1, progressbar=False))


def test_orders_before_it_begins_are_refused():
    with pytest.raises(InputError, match="before price_index begins"):
        lb.summarize(lb.read_transactions(ORDERS), price_index={"2023-02-01": 1.0})


def test_scanned_orders_take_none(tmp_path):
    path = tmp_path / "orders.parquet"
    lb.read_transactions(ORDERS).table[["customer_id", "date", "amount"]].to_parquet(path)
    with pytest.raises(InputError, match="price_index"):
        lb.summarize(lb.scan_transactions(path), price_index=INDEX, to=tmp_path / "customers.parquet")
