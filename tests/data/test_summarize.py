"""A log becomes one row a customer; what is left out is listed with its reason."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ltv_bayes import Customers, read_transactions, scan_transactions, summarize
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError


def orders_of(*rows, **options):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return read_transactions(frame, **options)


@pytest.fixture
def orders():
    return orders_of(
        ("Ada", "2024-01-01", 100.0),
        ("Bo", "2024-01-03", 50.0),
        ("Ada", "2024-01-15", 30.0),
        ("Ada", "2024-01-15", 10.0),
        ("Ada", "2024-01-29", 80.0),
        currency="CNY",
    )


def row(customers, customer="Ada"):
    return customers.table.loc[customer]


def reasons(customers):
    return dict(zip(customers.dropped["row"], customers.dropped["reason"], strict=True))


def test_every_column_of_a_small_log(orders):
    customers = summarize(orders, as_of="2024-02-05")
    assert customers.table.columns.tolist() == [
        "frequency", "recency", "T", "monetary_value", "spend_frequency",
        "first_value", "total_value", "spend_age", "first_order", "last_order",
    ]  # fmt: skip
    ada = row(customers)
    assert (ada["frequency"], ada["recency"], ada["T"]) == (2, 4.0, 5.0)
    assert (ada["monetary_value"], ada["spend_frequency"]) == (60.0, 2)
    assert (ada["first_value"], ada["total_value"]) == (100.0, 220.0)
    assert (ada["first_order"], ada["last_order"]) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-29"))
    bo = row(customers, "Bo")
    assert (bo["frequency"], bo["recency"], bo["spend_frequency"]) == (0, 0, 0)
    assert bo["T"] == pytest.approx(33 / 7)
    assert np.isnan(bo["monetary_value"])
    assert (customers.time_unit, customers.as_of, customers.currency) == ("week", dt.date(2024, 2, 5), "CNY")
    assert customers.table.dtypes.astype(str).tolist()[:5] == ["int64", "float64", "float64", "float64", "int64"]
    assert customers.table.index.name == "customer_id"
    assert customers.dropped.empty


@pytest.mark.parametrize(("unit", "days"), [("day", 1), ("weeks", 7), ("month", 30.4375), ("年", 365.25)])
def test_time_units(orders, unit, days):
    ada = row(summarize(orders, time_unit=unit, as_of="2024-02-05"))
    assert (ada["recency"], ada["T"]) == pytest.approx((28 / days, 35 / days), rel=1e-15)


def test_as_of_is_the_last_day_of_the_log_by_default(orders):
    assert summarize(orders).as_of == dt.date(2024, 1, 29)


def test_orders_after_as_of_are_left_out_and_listed(orders):
    customers = summarize(orders, as_of="2024-01-15")
    assert row(customers)["frequency"] == 1
    assert row(customers)["total_value"] == 140
    assert reasons(customers) == {4: "after as_of"}
    assert customers.dropped["amount"].tolist() == [80.0]
    assert summarize(orders, as_of="2024-01-02").ids.tolist() == ["Ada"]


def test_as_of_before_the_first_order(orders):
    with pytest.raises(InputError, match=r"2023-12-31 lies before the first order \(2024-01-01\). Choose a later day"):
        summarize(orders, as_of="2023-12-31")
    with pytest.raises(UnitError, match="as_of"):
        summarize(orders, as_of="someday")


def test_future_orders_are_refused_unless_as_of_says_so():
    orders = orders_of(("Ada", "2024-01-01", 1.0), ("Ada", "2099-01-01", 2.0))
    for as_of in (None, "2024-02-01"):
        with pytest.raises(
            InputError, match=r"1 row dated in the future, such as 2099-01-01 \(row 1\). Correct"
        ) as caught:
            summarize(orders, as_of=as_of)
        assert caught.value.rows == (1,)
    assert row(summarize(orders, as_of="2099-01-01"))["frequency"] == 1


def test_an_order_of_today_is_not_the_future(monkeypatch):
    monkeypatch.setattr("ltv_bayes.data.orders.selection.today", lambda: dt.date(2024, 1, 1))
    assert summarize(orders_of(("Ada", "2024-01-02", 1.0))).as_of == dt.date(2024, 1, 2)
    with pytest.raises(InputError, match="in the future"):
        summarize(orders_of(("Ada", "2024-01-03", 1.0)))


@pytest.fixture
def with_returns():
    return orders_of(
        ("Ada", "2024-01-01", 100.0),
        ("Ada", "2024-01-08", 60.0),
        ("Ada", "2024-01-08", -20.0),  # netted within the day
        ("Ada", "2024-01-15", -30.0),  # nothing but a return
        ("Ada", "2024-01-22", 0.0),  # free of charge
        ("Ada", "2024-01-29", 50.0),
        ("Ada", "2024-01-29", -70.0),  # more returned than bought
        ("Bo", "2024-01-02", -5.0),  # never bought
    )


def test_returns_are_set_against_the_day(with_returns):
    customers = summarize(with_returns, time_unit="week")
    ada = row(customers)
    assert customers.ids.tolist() == ["Ada"]
    assert (ada["frequency"], ada["recency"]) == (3, 4.0)
    assert (ada["monetary_value"], ada["spend_frequency"]) == (40.0, 1)
    assert ada["total_value"] == 90.0
    assert reasons(customers) == dict.fromkeys((3, 7), "return without an order that day")


def test_days_without_value_can_be_left_out(with_returns):
    customers = summarize(with_returns, zero_orders="drop")
    ada = row(customers)
    assert (ada["frequency"], ada["recency"], ada["T"]) == (1, 1.0, 4.0)
    assert (ada["monetary_value"], ada["total_value"]) == (40.0, 90.0)
    expected = dict.fromkeys((3, 7), "return without an order that day") | dict.fromkeys((4, 5, 6), "day without value")
    assert reasons(customers) == expected


def test_returns_can_be_ignored(with_returns):
    customers = summarize(with_returns, returns="ignore")
    ada = row(customers)
    assert (ada["frequency"], ada["monetary_value"], ada["spend_frequency"]) == (3, 55.0, 2)
    assert ada["total_value"] == 210.0
    assert reasons(customers) == dict.fromkeys((2, 3, 6, 7), "return, ignored")


def test_returns_can_be_refused(with_returns):
    with pytest.raises(InputError, match=r"4 rows with a negative amount \(rows 2, 3, 6, 7\). Pass returns='net'"):
        summarize(with_returns, returns="error")
    assert len(summarize(with_returns, returns="error", as_of="2024-01-01")) == 1


def test_a_first_day_without_value_counts_but_is_not_spend():
    customers = summarize(orders_of(("Ada", "2024-01-01", 0.0), ("Ada", "2024-01-08", 30.0)))
    assert row(customers)[["frequency", "monetary_value", "first_value"]].tolist() == [1, 30.0, 0.0]


def test_a_return_before_the_first_order_does_not_start_the_history():
    customers = summarize(orders_of(("Ada", "2024-01-01", -5.0), ("Ada", "2024-01-08", 30.0)), as_of="2024-01-15")
    assert row(customers)[["frequency", "T", "total_value"]].tolist() == [0, 1.0, 25.0]


def test_a_full_refund_leaves_nothing_to_rounding():
    customers = summarize(
        orders_of(
            ("Ada", "2024-01-01", 1.0),
            *(("Ada", "2024-01-08", amount) for amount in (0.1, 0.2, -0.3)),
            *(("Ada", "2024-01-09", amount) for amount in (0.01, 1e9, -1e9)),
        )
    )
    assert row(customers)[["spend_frequency", "monetary_value"]].tolist() == [1, 0.01]


def test_nothing_but_returns_is_an_error():
    with pytest.raises(
        InputError, match=r"No purchase is left; left out: 2 rows \(return without an order that day\).*Check"
    ):
        summarize(orders_of(("Ada", "2024-01-01", -5.0), ("Bo", "2024-01-08", -1.0)))


def test_a_log_without_money():
    frame = pd.DataFrame({"customer_id": ["Ada"] * 3, "date": ["2024-01-01", "2024-01-08", "2024-01-08"]})
    orders = read_transactions(frame, amount=None)
    for zero_orders in ("count", "drop"):
        ada = row(summarize(orders, zero_orders=zero_orders))
        assert (ada["frequency"], ada["spend_frequency"]) == (1, 0)
        assert ada[["monetary_value", "first_value", "total_value"]].isna().all()


def test_rows_dropped_by_reading_stay_listed():
    frame = pd.DataFrame(
        {"customer_id": ["Ada", None, "Bo"], "date": ["2024-01-01", "x", "2024-01-09"], "amount": [1, 2, 3]}
    )
    customers = summarize(read_transactions(frame, bad_rows="drop"), as_of="2024-01-05")
    assert reasons(customers) == {1: "without a customer id", 2: "after as_of"}
    assert customers.dropped["date"].iloc[0] == "x"
    assert "left out: 1 row (without a customer id); 1 row (after as_of)" in repr(customers)


@pytest.mark.parametrize("settings", [{"zero_orders": "keep"}, {"returns": "nett"}])
def test_choices(orders, settings):
    with pytest.raises(InputError, match="is not a choice"):
        summarize(orders, **settings)


def test_only_checked_transactions_are_summarised():
    with pytest.raises(InputError, match=r"not DataFrame. Read them with read_transactions"):
        summarize(pd.DataFrame())


def test_scale_of_money_does_not_matter():
    rng = np.random.default_rng(3)
    amounts = rng.normal(20, 15, size=300).round(2)
    days = [f"2024-01-{day:02}" for day in rng.integers(1, 29, size=300)]
    rows = list(zip(rng.integers(9, size=300), days, amounts, strict=True))
    base = summarize(orders_of(*rows)).table
    for scale in (1e-9, 0.01, 7.3, 1e12):
        scaled = summarize(orders_of(*((c, d, a * scale) for c, d, a in rows))).table
        money = ["monetary_value", "first_value", "total_value"]
        pd.testing.assert_frame_equal(scaled.drop(columns=money), base.drop(columns=money))
        np.testing.assert_allclose(scaled[money], base[money] * scale, rtol=1e-9)


def test_one_customer_and_one_order_are_enough():
    customers = summarize(orders_of((1, "2024-01-01", 5.0)))
    assert row(customers, 1)[["frequency", "recency", "T"]].tolist() == [0, 0, 0]


def test_hostile_ids_pass_through(hostile):
    customers = summarize(orders_of((hostile, "2024-01-01", 5.0), ("Bo", "2024-01-01", 5.0)))
    assert set(customers.ids) == {hostile, "Bo"}
    assert "<script" not in customers._repr_html_()
    attributes = pd.DataFrame({"customer_id": [hostile, "Bo"], hostile: [hostile, "x"]})
    joined = summarize(orders_of((hostile, "2024-01-01", 5.0), ("Bo", "2024-01-01", 5.0)), attributes=attributes)
    assert joined.table.loc[hostile, hostile] == hostile
    assert "<script" not in joined._repr_html_()


class TestAttributes:
    def join(self, orders, frame, **options):
        return summarize(orders, attributes=frame, **options)

    @pytest.mark.parametrize("how", ["customer_id", "client", "index", "file"])
    def test_ways_to_give_the_ids(self, tmp_path, how):
        log = pd.DataFrame({"client": ["Ada", "Bo"], "date": "2024-01-01", "amount": 1.0})
        orders = read_transactions(log, customer="client")
        name = "customer_id" if how == "customer_id" else "client"
        frame = pd.DataFrame({name: ["Bo", "Ada"], "industry": ["retail", "music"]})
        if how == "index":
            frame = frame.set_index("client")
        if how == "file":
            frame.to_csv(tmp_path / "clients.csv", index=False)
            frame = tmp_path / "clients.csv"
        customers = self.join(orders, frame)
        assert customers.table["industry"].to_dict() == {"Ada": "music", "Bo": "retail"}
        assert customers.table.columns[-1] == "industry"
        assert "client" not in customers.table

    def test_no_id_column(self, orders):
        with pytest.raises(ColumnError, match=r"no column of customer ids.*Call the column of ids 'customer_id'"):
            self.join(orders, pd.DataFrame({"id": ["Ada"], "industry": ["music"]}))

    def test_repeated_ids(self, orders):
        with pytest.raises(InputError, match=r"1 customer with several rows of attributes \(id Ada\). Keep one row"):
            self.join(orders, pd.DataFrame({"customer_id": ["Ada", "Bo", "Ada"], "x": [1, 2, 3]}))

    def test_blank_ids(self, orders):
        with pytest.raises(InputError, match=r"1 row without a customer id \(row 1\)"):
            self.join(orders, pd.DataFrame({"customer_id": ["Ada", None], "x": [1, 2]}))

    def test_names_that_are_taken(self, orders):
        with pytest.raises(ColumnError, match=r"frequency have names that the customer table uses. Rename"):
            self.join(orders, pd.DataFrame({"customer_id": ["Ada", "Bo"], "frequency": [1, 2]}))

    def test_customers_without_attributes_warn_and_types_stay(self, orders):
        frame = pd.DataFrame({"customer_id": ["Ada"], "branch": [12], "key": [True], "name": ["x"]})
        with pytest.warns(DataWarning, match=r"1 customer without attributes \(id Bo\). They get missing values"):
            customers = self.join(orders, frame)
        assert str(row(customers)["branch"]) == "12"
        assert customers.table["branch"].dtype == "Int64"
        assert customers.table["key"].dtype == "boolean"
        assert customers.table.loc["Bo"][["branch", "key", "name"]].isna().all()

    def test_attributes_without_orders_are_kept(self, orders):
        frame = pd.DataFrame({"customer_id": ["Bo", "Cy", "Ada"], "branch": [1, 2, 3]})
        customers = self.join(orders, frame, as_of="2024-02-01")
        assert customers.without_orders["branch"].to_dict() == {"Cy": 2}
        assert customers.table["branch"].to_dict() == {"Ada": 3, "Bo": 1}
        assert customers.table["branch"].dtype == "int64"
        assert "known, but not in the table: 1 customer (see without_orders)" in repr(customers)

    @pytest.mark.parametrize("sides", [(int, str), (str, int), (int, float), (str, str)])
    def test_numbers_and_text_match_as_text(self, sides):
        log = pd.DataFrame({"customer_id": pd.Series([4, 50]).astype(sides[0]), "date": "2024-01-01", "amount": 1.0})
        frame = pd.DataFrame({"customer_id": pd.Series([50, 4]).astype(sides[1]), "x": ["fifty", "four"]})
        customers = self.join(read_transactions(log), frame)
        assert customers.table["x"].tolist() in (["four", "fifty"], ["fifty", "four"])
        assert customers.table["x"].to_dict() == dict(zip(log["customer_id"], ["four", "fifty"], strict=True))


def test_the_result_is_customers(orders):
    assert isinstance(summarize(orders), Customers)


class TestMergedOrders:
    """Orders of one customer on one day are one purchase, and their number is said."""

    ROWS = (
        ("A", "2024-01-01", 10.0), ("A", "2024-01-01", 5.0), ("A", "2024-01-01", 5.0), ("A", "2024-02-01", 8.0),
        ("B", "2024-01-01", 7.0), ("B", "2024-03-01", 7.0), ("B", "2024-03-01", 0.0),
    )  # fmt: skip

    @staticmethod
    def log(rows):
        return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])

    @pytest.mark.parametrize(
        ("more", "merged"),
        [
            ([], 3),
            ([("A", "2024-02-01", -3.0)], 3),
            ([("B", "2024-02-09", -3.0), ("B", "2024-02-09", -3.0)], 3),
            ([("A", "2024-02-01", 1.0), ("A", "2024-12-01", 1.0)], 4),
        ],
    )
    def test_in_memory_and_in_files(self, more, merged, tmp_path):
        frame = self.log([*self.ROWS, *more])
        customers = summarize(read_transactions(frame), as_of="2024-06-30")
        assert customers.merged_orders == merged
        assert f"merged: {merged} orders with another of the same customer and day, as one purchase" in repr(customers)
        frame.assign(date=pd.to_datetime(frame["date"])).to_parquet(tmp_path / "log.parquet")
        scanned = scan_transactions(tmp_path / "log.parquet")
        assert summarize(scanned, as_of="2024-06-30", to=tmp_path / "made.parquet").merged_orders == merged

    def test_since_a_day(self):
        customers = summarize(read_transactions(self.log(self.ROWS)), since={"A": "2024-01-01", "B": "2024-01-01"})
        assert customers.merged_orders == 3

    def test_none_is_not_mentioned(self):
        customers = summarize(read_transactions(self.log(self.ROWS[3:6])))
        assert customers.merged_orders == 0
        assert "merged" not in repr(customers)
        assert customers.subset(["A"]).merged_orders == 0
