"""Everybody who is in any of several tables."""

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.data.customers.histories import typical_order, unique_histories, unique_spend
from ltv_bayes.data.customers.known_ids import known_ids
from ltv_bayes.errors import ColumnError, DataWarning, InputError
from ltv_bayes.predictions.purchases import purchase_histories
from ltv_bayes.predictions.spend import spend_histories


def consumables(ids=(18, 20), **options):
    frame = pd.DataFrame({"customer_id": list(ids), "frequency": 2, "recency": 3.0, "T": 4.0, "monetary_value": 9.0})
    return lb.Customers.from_summary(
        frame, **{"time_unit": "week", "as_of": "2024-06-30", "currency": "EUR", **options}
    )


def subscriptions(as_of="2024-06-30", currency="EUR"):
    records = pd.DataFrame({"customer_id": [204, 18, 204], "start": "2023-01-15", "cancelled_on": None, "price": 5})
    records["what"] = ["cloud", "cloud", "care"]
    return lb.summarize_renewals(records, as_of=as_of, product="what", currency=currency)


def service(currency="EUR"):
    rows = pd.DataFrame({"client": ["18", "7", "7"], "date": "2024-01-15", "amount": 120})
    return lb.read_transactions(rows, customer="client", currency=currency)


@pytest.fixture
def everybody():
    return lb.all_customers(consumables(), subscriptions(), service(), ["1001", 20])


def test_each_customer_once_sorted_with_the_terms_of_the_data(everybody):
    assert everybody.ids.tolist() == [7, 18, 20, 204, 1001]
    assert everybody.ids.name == "customer_id"
    assert (everybody.time_unit, str(everybody.as_of), everybody.currency) == ("week", "2024-06-30", "EUR")
    assert everybody.columns == []
    assert not everybody.has_history
    assert consumables().has_history


def test_without_customers_the_unit_is_the_day():
    found = lb.all_customers(service(currency=None), [3])
    assert (found.time_unit, found.as_of, found.currency) == ("day", None, None)
    assert found.ids.tolist() == ["18", "3", "7"]  # as the first data write them


@pytest.mark.parametrize(
    "source",
    [
        ["Bo", "Ada", "Bo"],
        np.array(["Bo", "Ada"]),
        pd.Series(["Ada", "Bo"], name="anything"),
        pd.Index(["Bo", "Ada"]),
        {"Ada", "Bo"},
        (name for name in ("Ada", "Bo")),
        pd.DataFrame({"customer_id": ["Ada", "Bo", "Bo"], "what": 1}),
        pd.DataFrame({"what": [1, 2]}, index=pd.Index(["Ada", "Bo"], name="customer_id")),
    ],
)
def test_where_ids_may_come_from(source):
    assert lb.all_customers(source, []).ids.tolist() == ["Ada", "Bo"]


def test_ids_in_a_file(tmp_path):
    (tmp_path / "clients.csv").write_text("customer_id,region\n0004,N\nAda,S\n")
    found = lb.all_customers(tmp_path / "clients.csv", [18])
    assert found.ids.tolist() == ["0004", "18", "Ada"]


def test_attributes_are_matched_by_id(everybody):
    clients = pd.DataFrame({"client": ["7", "18", "20", "204", "1001", "5"], "region": list("NSWONS")})
    found = lb.all_customers(consumables(), subscriptions(), service(), [1001], attributes=clients)
    assert found.table["region"].to_dict() == {7: "N", 18: "S", 20: "W", 204: "O", 1001: "N"}
    assert found.without_orders.index.tolist() == ["5"]
    with pytest.warns(DataWarning, match=r"1 customer without attributes \(id 1001\)"):
        lb.all_customers(service(), ["1001"], attributes=clients[clients["client"] != "1001"])
    with pytest.raises(ColumnError, match="frequency"):
        lb.all_customers(["7"], attributes=pd.DataFrame({"customer_id": ["7"], "frequency": 1}))


def test_data_that_differ_are_named():
    with pytest.raises(InputError, match=r"differ in currency: EUR in 1 \(Customers\), 2 \(Renewals\); USD in 3 \(Tr"):
        lb.all_customers(consumables(), subscriptions(), service("USD"))
    with pytest.raises(
        InputError, match=r"differ in as_of: 2024-06-30 in 1 .*2024-03-31 in 2 \(Renewals\)\. Summarize"
    ):
        lb.all_customers(consumables(), subscriptions("2024-03-31"))


def test_data_without_customers_are_refused(tmp_path):
    with pytest.raises(InputError, match="Make the renewals with summarize_renewals"):
        lb.all_customers(lb.Renewals.from_cohort_table([10, 7]))
    with pytest.raises(InputError, match="There is no customer"):
        lb.all_customers()
    with pytest.raises(InputError, match="There is no customer"):
        lb.all_customers([])
    with pytest.raises(ColumnError, match="no column of customer ids"):
        lb.all_customers(pd.DataFrame({"who": ["Ada"]}))
    with pytest.raises(InputError, match=r"1 row without a customer id \(row 1\)"):
        lb.all_customers(["Ada", None])
    pd.DataFrame({"customer_id": [1], "date": pd.to_datetime("2024-01-15"), "amount": 1.0}).to_parquet(
        tmp_path / "orders.parquet"
    )
    with pytest.raises(InputError, match="Pass what summarize makes of them"):
        lb.all_customers(lb.scan_transactions(tmp_path / "orders.parquet"))


def test_customers_in_a_file_are_listed_too(tmp_path):
    in_file = lb.Customers.scan(consumables().save(tmp_path / "customers.parquet"))
    assert lb.all_customers(in_file, [5]).ids.tolist() == [5, 18, 20]


class TestWithoutHistory:
    def test_what_is_shown(self, everybody):
        assert repr(everybody).splitlines()[:2] == [
            "5 customers, weeks, as of 2024-06-30, EUR",
            "no purchase history of their own",
        ]
        assert "1001" in repr(everybody)
        assert "204" in everybody._repr_html_()
        assert "<script>" not in lb.all_customers(["<script>"])._repr_html_()

    def test_choosing_some(self, everybody):
        assert everybody.subset([204, 18]).ids.tolist() == [18, 204]
        assert everybody.subset(everybody.ids > 100).ids.tolist() == [204, 1001]
        assert [batch.ids.tolist() for batch in everybody.batches(3)] == [[7, 18, 20], [204, 1001]]
        assert known_ids(everybody, ["18", "Zoe"]) == {"18": 18}
        assert len(everybody) == 5
        assert everybody.table.index.equals(everybody.ids)

    def test_numbers_about_all(self, everybody):
        seen = everybody.overview()
        assert (seen.customers, seen.repeat_customers, seen.repeats, seen.valued_repeats) == (5, 0, 0, 0)
        assert (seen.longest_history, seen.observed, dict(seen.left_out)) == (0, 0, {})
        assert np.isnan(seen.typical_order)
        assert np.isnan(typical_order(everybody))
        months = everybody.in_time_unit("month")
        assert (months.time_unit, months.ids.tolist()) == ("month", everybody.ids.tolist())

    @pytest.mark.parametrize(
        "ask",
        [
            lambda everybody, *_: unique_histories(everybody),
            lambda everybody, *_: unique_spend(everybody),
            lambda everybody, *_: everybody.observed_until({}),
            lambda everybody, *_: everybody.save("customers.parquet"),
            lambda everybody, *_: lb.BGNBD().fit(everybody),
            lambda everybody, *_: lb.GammaGamma().fit(everybody),
            lambda everybody, purchases, _: purchase_histories(purchases, everybody),
            lambda everybody, purchases, _: purchases.probability_alive(everybody),
            lambda everybody, purchases, _: purchases.posterior_predictive(everybody),
            lambda everybody, purchases, _: purchases.with_log_likelihood(everybody),
            lambda everybody, _, spend: spend_histories(spend, everybody),
            lambda everybody, _, spend: spend.expected_spend(everybody),
            lambda everybody, _, spend: spend.posterior_predictive(everybody),
            lambda everybody, purchases, spend: lb.lifetime_value(
                everybody, [lb.RepeatPurchases(purchases, spend)], horizon="1 year", discount_rate=0.1
            ).total(),
        ],
    )
    def test_who_asks_for_histories_is_told_what_to_do(self, everybody, purchases, spend, ask):
        with pytest.raises(InputError, match=r"no purchase history of their own.*Pass customers= to the stream"):
            ask(everybody, purchases, spend)
