"""Clocks that start on a given day, such as the installation of the equipment."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltv_bayes import Customers, read_transactions, scan_transactions, summarize
from ltv_bayes.errors import ColumnError, InputError

ROWS = [
    ("Ada", "2024-01-01", 900.0),  # on the day of installation
    ("Ada", "2024-01-15", 30.0),
    ("Ada", "2024-01-29", 50.0),
    ("Bo", "2024-01-10", 20.0),
    ("Bo", "2024-01-10", 5.0),
]
SINCE = {"Ada": "2024-01-01", "Bo": "2024-01-03", "Cy": "2024-01-08"}


def log_of(rows=ROWS, **options):
    return read_transactions(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]), **options)


def summary(rows=ROWS, since=SINCE, **options):
    return summarize(log_of(rows), **{"as_of": "2024-02-05", "time_unit": "day", "since": since, **options})


def test_every_column_of_a_small_log():
    table = summary().table
    assert table.columns.tolist() == [
        "frequency", "recency", "T", "monetary_value", "spend_frequency",
        "first_value", "total_value", "spend_age", "first_order", "last_order", "since",
    ]  # fmt: skip
    assert table.index.tolist() == ["Ada", "Bo", "Cy"]
    assert table["frequency"].tolist() == [2, 1, 0]
    assert table["recency"].tolist() == [28.0, 7.0, 0.0]
    assert table["T"].tolist() == [35.0, 33.0, 28.0]
    assert table["monetary_value"].fillna(-1).tolist() == [40.0, 25.0, -1.0]
    assert table["spend_frequency"].tolist() == [2, 1, 0]
    assert table["first_value"].fillna(-1).tolist() == [900.0, 25.0, -1.0]
    assert table["total_value"].tolist() == [980.0, 25.0, 0.0]
    assert table["last_order"].dropna().dt.strftime("%m-%d").tolist() == ["01-29", "01-10"]
    assert table["since"].dt.strftime("%Y-%m-%d").to_dict() == SINCE
    assert table.dtypes.astype(str).tolist()[:5] == ["int64", "float64", "float64", "float64", "int64"]


def test_a_clock_that_starts_with_the_first_order_gives_the_usual_summary():
    usual = summarize(log_of(), as_of="2024-02-05").table
    since = usual["first_order"]
    pd.testing.assert_frame_equal(summary(since=since, time_unit="week").table.drop(columns="since"), usual)


def plain_summary(log, since, as_of, zero_orders, returns):
    """Follow the definitions, order by order, in exact decimal arithmetic."""
    rows = {}
    for customer, start in since.items():
        if start > as_of:
            continue
        days, total = {}, Decimal(0)
        for name, day, amount in log:
            money = Decimal(str(amount))
            if name == customer and day <= as_of and not (returns == "ignore" and money < 0):
                days.setdefault(day, []).append(money)
                total += money
        net = {day: sum(money) for day, money in days.items() if max(money) >= 0 and day > start}
        if zero_orders == "drop":
            net = {day: value for day, value in net.items() if value > 0}
        spend = [value for value in net.values() if value > 0]
        ages = sum(value * (as_of - day).days for day, value in net.items() if value > 0)
        rows[customer] = {
            "frequency": len(net),
            "recency": float((max(net) - start).days) if net else 0.0,
            "T": float((as_of - start).days),
            "monetary_value": float(sum(spend) / len(spend)) if spend else np.nan,
            "spend_frequency": len(spend),
            "total_value": float(total),
            "spend_age": round(float(ages / sum(spend)), 6) if spend else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()


START = dt.date(2024, 3, 25)
dates = st.integers(0, 14).map(lambda number: START + dt.timedelta(days=number))
order = st.tuples(st.sampled_from(["Ada", "Bo", "王芳"]), dates, st.sampled_from([-0.3, -0.1, 0.0, 0.1, 0.2, 5.0]))


@settings(max_examples=40, deadline=None)
@given(
    log=st.lists(order, min_size=1, max_size=30),
    earlier=st.tuples(*[st.integers(0, 3)] * 4),
    more=st.integers(0, 20),
    zero_orders=st.sampled_from(["count", "drop"]),
    returns=st.sampled_from(["net", "ignore"]),
)
def test_any_log(log, earlier, more, zero_orders, returns):
    first = {name: min((day for who, day, _ in log if who == name), default=START) for name in ("Ada", "Bo", "王芳")}
    since = {name: day - dt.timedelta(days=days) for (name, day), days in zip(first.items(), earlier, strict=False)}
    since["Cy"] = START + dt.timedelta(days=2 * earlier[3])
    as_of = min(day for _, day, _ in log) + dt.timedelta(days=more)
    expected = plain_summary(log, since, as_of, zero_orders, returns)
    found = summary(log, since, as_of=as_of, zero_orders=zero_orders, returns=returns)
    assert sorted([*found.ids, *found.without_orders.index]) == sorted(since)
    if returns == "ignore" and all(amount < 0 for _, day, amount in log if day <= as_of):
        expected["total_value"] = np.nan  # no money is left in the log
    pd.testing.assert_frame_equal(
        found.table[expected.columns],
        expected,
        check_names=False,
        check_dtype=False,
        check_index_type=False,
        rtol=1e-12,
    )


def test_an_installation_paid_by_a_return_or_nothing_still_starts_the_clock():
    rows = [
        ("Ada", "2024-01-01", -5.0),
        ("Ada", "2024-01-15", 0.0),
        ("Ada", "2024-01-20", 8.0),
        ("Bo", "2024-01-03", 0),
    ]
    table = summary(rows, zero_orders="drop").table
    assert table["frequency"].to_dict() == {"Ada": 1, "Bo": 0, "Cy": 0}
    assert table.loc["Ada", ["recency", "T", "monetary_value", "total_value"]].tolist() == [19.0, 35.0, 8.0, 3.0]


def test_a_log_without_money():
    log = read_transactions(pd.DataFrame(ROWS, columns=["customer_id", "date", "x"]), amount=None)
    table = summarize(log, as_of="2024-02-05", since=SINCE).table
    assert table["frequency"].tolist() == [2, 1, 0]
    assert table["spend_frequency"].tolist() == [0, 0, 0]
    assert table["total_value"].isna().all()


@pytest.mark.parametrize(
    "since",
    [
        pd.Series(SINCE),
        pd.Series(pd.to_datetime(pd.Series(SINCE))),
        pd.DataFrame({"customer_id": list(SINCE), "since": list(SINCE.values())}),
        pd.DataFrame({"since": list(SINCE.values())}, index=pd.Index(list(SINCE), name="customer_id")),
    ],
)
def test_ways_to_write_it(since):
    pd.testing.assert_frame_equal(summary(since=since).table, summary().table)


def test_a_file_with_ids_called_as_in_the_orders(tmp_path):
    path = tmp_path / "installed.csv"
    path.write_text("client,since\nAda,2024-01-01\nBo,2024/1/3\nCy,20240108\n")
    log = read_transactions(pd.DataFrame(ROWS, columns=["client", "date", "amount"]), customer="client")
    found = summarize(log, as_of="2024-02-05", time_unit="day", since=path)
    pd.testing.assert_frame_equal(found.table, summary().table)


WITH_DIGITS = [("18", "2024-01-15", 30.0), ("204", "2024-01-29", 50.0)]
SINCE_WITH_DIGITS = {"18": "2024-01-01", "204": "2024-01-02"}


class TestIds:
    def test_numbers_and_their_digits_are_one_customer(self):
        whole = [(int(name), day, amount) for name, day, amount in WITH_DIGITS]
        assert summary(whole, SINCE_WITH_DIGITS).ids.tolist() == [18, 204]
        assert summary(WITH_DIGITS, {18: "2024-01-01", 204: "2024-01-02"}).ids.tolist() == ["18", "204"]

    def test_a_customer_whose_id_is_no_number_makes_all_ids_text(self):
        whole = [(int(name), day, amount) for name, day, amount in WITH_DIGITS]
        found = summary(whole, {**SINCE_WITH_DIGITS, "A7": "2024-01-03"}, as_of="2024-01-20")
        assert found.ids.tolist() == ["18", "204", "A7"]
        assert found.subset(["204"]).dropped["row"].tolist() == [1]


def test_who_is_not_there_yet_is_listed():
    found = summary(since={**SINCE, "Dee": "2024-03-01"})
    assert found.ids.tolist() == ["Ada", "Bo", "Cy"]
    assert found.without_orders["since"].to_dict() == {"Dee": pd.Timestamp("2024-03-01")}
    assert "known, but not in the table: 1 customer (see without_orders)" in repr(found)


def test_attributes_are_joined_to_those_without_orders_too():
    clients = pd.DataFrame({"customer_id": ["Ada", "Bo", "Cy", "Dee", "Eve"], "region": list("NSNWO")})
    found = summary(since={**SINCE, "Dee": "2024-03-01"}, attributes=clients)
    assert found.table["region"].to_dict() == {"Ada": "N", "Bo": "S", "Cy": "N"}
    assert found.without_orders["region"].to_dict() == {"Dee": "W", "Eve": "O"}
    assert found.without_orders["since"].notna().to_dict() == {"Dee": True, "Eve": False}
    with pytest.raises(ColumnError, match="since"):
        summary(attributes=clients.assign(since="x"))


@pytest.mark.parametrize(
    ("since", "message"),
    [
        (
            {**SINCE, "Bo": "2024-01-11"},
            r"1 customer who ordered before their day in since \(id Bo\)\. Correct these dates, or leave",
        ),
        ({"Ada": "2024-01-01"}, r"1 customer who ordered but are not in since \(id Bo\)\. Give each of them a date"),
        ({**SINCE, "Cy": None}, r"1 customer without a date in since \(id Cy\)\. Fill in the date"),
        ({**SINCE, "Cy": "soon"}, r"1 customer .*in since, such as 'soon' \(id Cy\)"),
        (
            pd.DataFrame({"customer_id": ["Ada", "Ada", "Bo"], "since": "2024-01-01"}),
            r"1 customer with several dates in since \(id Ada\)\. Keep one row",
        ),
        (pd.DataFrame({"customer_id": ["Ada", None], "since": "2024-01-01"}), r"1 row without a customer id \(row 1\)"),
        (pd.DataFrame({"customer_id": ["Ada"], "day": "2024-01-01"}), "Call the column of dates 'since'"),
        (pd.DataFrame({"who": ["Ada"], "since": "2024-01-01"}), "no column of customer ids"),
    ],
)
def test_what_cannot_be_is_refused(since, message):
    with pytest.raises(InputError, match=message):
        summary(since=since)


def test_orders_after_as_of_are_not_held_against_since():
    later = [*ROWS, ("Zoe", "2024-06-01", 5.0), ("Cy", "2024-06-01", 5.0)]
    found = summary(later, since={**SINCE, "Cy": "2024-07-01"})
    assert found.ids.tolist() == ["Ada", "Bo"]


def test_scanned_orders_say_what_to_do(tmp_path):
    frame = pd.DataFrame(ROWS, columns=["customer_id", "date", "amount"])
    frame.assign(date=pd.to_datetime(frame["date"])).to_parquet(tmp_path / "orders.parquet")
    log = scan_transactions(tmp_path / "orders.parquet")
    with pytest.raises(InputError, match="Read them into memory with read_transactions"):
        summarize(log, since=SINCE, to=tmp_path / "customers.parquet")


def test_the_way_through_a_file(tmp_path):
    found = summary(to=tmp_path / "customers.parquet")
    assert not found.in_memory
    again = Customers.scan(tmp_path / "customers.parquet")
    pd.testing.assert_frame_equal(again.table, summary().table, check_dtype=False)
