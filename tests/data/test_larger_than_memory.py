"""Orders that stay in Parquet files give the same customers as those in memory."""

import datetime as dt
from fractions import Fraction

import duckdb
import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError

HOSTILE = "'; DROP TABLE x; --"
ORDERS = [
    ("王芳", "2024-01-01 10:00", 10.1),
    ("王芳", "2024-01-01 23:59", 5.25),
    ("王芳", "2024-02-01 00:00", 20.0),
    (HOSTILE, "2024-01-05 00:00", 7.0),
    (HOSTILE, "2024-03-01 00:00", 0.0),
    ("Ada", "2024-01-02 00:00", 29.7),
    ("Ada", "2024-01-09 00:00", 0.3),
    ("Ada", "2024-02-02 00:00", -30.0),
    ("Bo", "2024-01-03 00:00", 12.0),
    ("Bo", "2024-01-08 00:00", -12.0),
    ("Cy", "2024-01-04 00:00", -5.0),
    ("Di", "2024-01-06 00:00", 3.33),
    ("Di", "2024-05-01 00:00", 8.0),
]
ODD = {
    "customer_id": [customer for customer, _, _ in ORDERS],
    "date": pd.to_datetime([date for _, date, _ in ORDERS]),
    "amount": [amount for *_, amount in ORDERS],
}


def parquet(frame, path):
    duckdb.from_df(frame).write_parquet(str(path))
    return path


def both(frame, folder, *, amount="amount", **options):
    """Customers from the same orders, in memory and in a file."""
    in_memory = lb.summarize(lb.read_transactions(frame, amount=amount), **options)
    scanned = lb.scan_transactions(parquet(frame, folder / "orders.parquet"), amount=amount)
    return in_memory, lb.summarize(scanned, to=folder / "customers.parquet", **options)


def assert_same(in_memory, in_file):
    pd.testing.assert_frame_equal(in_file.table, in_memory.table, check_exact=True)
    assert (in_file.time_unit, in_file.as_of, in_file.currency) == (
        in_memory.time_unit,
        in_memory.as_of,
        in_memory.currency,
    )
    listed = [
        customers.dropped.sort_values("row", ignore_index=True).astype({"row": "int64"})
        for customers in (in_memory, in_file)
    ]
    for column in ("row", "reason", "customer_id", "amount"):
        assert listed[0][column].tolist() == listed[1][column].tolist()
    assert pd.to_datetime(listed[0]["date"]).tolist() == pd.to_datetime(listed[1]["date"]).tolist()
    assert in_file.dropped_by_reason().to_dict() == in_memory.dropped_by_reason().to_dict()


def test_cdnow(tmp_path):
    frame = lb.samples.cdnow_orders(full=True).table.drop(columns="row")
    in_memory, in_file = both(frame, tmp_path, time_unit="week", as_of="1997-09-30")
    assert_same(in_memory, in_file)
    assert len(in_file) == 23_570
    assert in_file.dropped_by_reason().to_dict() == {"after as_of": (frame["date"] > "1997-09-30").sum()}


@pytest.mark.parametrize("zero_orders", ["count", "drop"])
@pytest.mark.parametrize("returns", ["net", "ignore"])
@pytest.mark.parametrize("as_of", [None, "2024-04-01"])
def test_returns_zero_orders_and_hostile_ids(tmp_path, zero_orders, returns, as_of):
    frame = pd.DataFrame(ODD)
    assert_same(*both(frame, tmp_path, time_unit="day", as_of=as_of, zero_orders=zero_orders, returns=returns))


def test_whole_number_ids_amounts_of_many_digits_and_logs_without_money(tmp_path):
    rng = np.random.default_rng(1)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, 500), unit="D")
    frame = pd.DataFrame({"customer_id": rng.integers(-5, 60, 500), "date": days, "amount": rng.lognormal(3, 3, 500)})
    assert_same(*both(frame, tmp_path))
    assert_same(*both(frame, tmp_path, amount=None))


def test_several_files_name_their_rows(tmp_path):
    frame = pd.DataFrame(ODD)
    for part, rows in enumerate((frame[:6], frame[6:])):
        parquet(rows, tmp_path / f"orders_{part}.parquet")
    scanned = lb.scan_transactions(tmp_path / "orders_*.parquet")
    customers = lb.summarize(scanned, to=tmp_path / "customers.parquet")
    pd.testing.assert_frame_equal(customers.table, lb.summarize(lb.read_transactions(frame)).table)
    assert customers.dropped["row"].tolist() == ["orders_1.parquet:1", "orders_1.parquet:3", "orders_1.parquet:4"]
    assert "in 2 files from orders_0.parquet to orders_1.parquet" in repr(scanned)


def test_what_was_left_out_can_be_read_again(tmp_path):
    _, in_file = both(pd.DataFrame(ODD), tmp_path, as_of="2024-04-01")
    again = lb.Customers.scan(tmp_path / "customers.parquet")
    pd.testing.assert_frame_equal(again.dropped, in_file.dropped)
    assert again.dropped_by_reason()["after as_of"] == 1
    assert "left out: 3 rows (return without an order that day); 1 row (after as_of)" in repr(again)
    without = lb.scan_transactions(parquet(pd.DataFrame(ODD)[:2], tmp_path / "orders.parquet"))
    assert lb.summarize(without, to=tmp_path / "customers.parquet").dropped.empty
    assert sorted(path.name for path in tmp_path.iterdir()) == ["customers.parquet", "orders.parquet"]


def test_attributes_are_joined_in_the_file(tmp_path):
    frame = pd.DataFrame(ODD)
    clients = pd.DataFrame({"customer_id": ["王芳", HOSTILE, "Bo", "Di", "Zoe"], "branch": [1, 2, 3, 4, 5]})
    with pytest.warns(DataWarning, match=r"1 customer without attributes \(id Ada\)"):
        in_memory, in_file = both(frame, tmp_path, attributes=clients)
    assert_same(in_memory, in_file)
    assert in_file.columns[-1] == "branch"
    assert in_file.without_orders.index.tolist() == in_memory.without_orders.index.tolist() == ["Zoe"]


def test_ids_of_attributes_may_be_text_where_those_of_orders_are_numbers(tmp_path):
    frame = pd.DataFrame({"customer_id": [1, 20], "date": pd.Timestamp("2024-01-01"), "amount": 1.0})
    scanned = lb.scan_transactions(parquet(frame, tmp_path / "orders.parquet"))
    clients = pd.DataFrame({"customer_id": ["20", "1"], "branch": ["east", "west"]})
    customers = lb.summarize(scanned, attributes=clients, to=tmp_path / "customers.parquet")
    assert customers.table["branch"].to_dict() == {1: "west", 20: "east"}


def test_repr_of_a_scanned_log(tmp_path):
    scanned = lb.scan_transactions(
        parquet(pd.DataFrame(ODD), tmp_path / "orders.parquet"), currency="EUR", amount_unit=1000
    )
    first, *rows = repr(scanned).splitlines()
    assert first == ("13 orders of 6 customers, 2024-01-01 to 2024-05-01, total 48,680.00 EUR (in orders.parquet)")
    assert rows[-1] == "... and 8 more"
    assert len(scanned) == 13
    assert HOSTILE[:4] in scanned._repr_html_().replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("column", "cells", "message", "rows"),
    [
        ("customer_id", ["a", None, " "], r"2 rows without a customer id \(rows 1, 2\). Fill in the id", (1, 2)),
        ("date", [pd.Timestamp("2024-01-01"), pd.NaT, pd.NaT], r"2 rows without a date \(rows 1, 2\)", (1, 2)),
        ("amount", [1.0, None, 2.0], r"1 row without an amount \(row 1\). Fill in the amount, 0 for", (1,)),
        ("amount", [0.0, 1e200, 1e-200], r"2 rows with an amount beyond 1e\+100, or below .* \(rows 1, 2\)", (1, 2)),
        ("amount", [1.0, np.inf, 2.0], r"1 row with an infinite amount \(row 1\)", (1,)),
    ],
)
def test_rows_at_fault_are_named(tmp_path, column, cells, message, rows):
    frame = pd.DataFrame(ODD)[:3].assign(**{column: cells})
    with pytest.raises(InputError, match=message) as caught:
        lb.scan_transactions(parquet(frame, tmp_path / "orders.parquet"))
    assert caught.value.rows == rows


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("amount", ["1", "2", "3"], "'amount' holds VARCHAR, not numbers"),
        ("date", ["2024-01-01"] * 3, "'date' holds VARCHAR, not dates"),
        ("customer_id", [1.5, 2.0, 3.0], "'customer_id' holds DOUBLE, not ids"),
    ],
)
def test_columns_of_another_kind_are_refused(tmp_path, column, cells, message):
    frame = pd.DataFrame(ODD)[:3].assign(**{column: cells})
    with pytest.raises(ColumnError, match=message):
        lb.scan_transactions(parquet(frame, tmp_path / "orders.parquet"))


def test_a_log_that_cannot_be_summarised(tmp_path):
    log = lb.scan_transactions(parquet(pd.DataFrame(ODD), tmp_path / "orders.parquet"))
    target = tmp_path / "customers.parquet"
    with pytest.raises(InputError, match=r"Pass to='customers.parquet'"):
        lb.summarize(log)
    with pytest.raises(InputError, match="not the name of a Parquet file"):
        lb.summarize(log, to=tmp_path / "customers.csv")
    with pytest.raises(InputError, match=r"The orders are in orders\.parquet"):
        lb.summarize(log, to=tmp_path / "orders.parquet")
    with pytest.raises(InputError, match=r"as_of 2023-01-01 lies before the first order \(2024-01-01\)"):
        lb.summarize(log, as_of="2023-01-01", to=target)
    with pytest.raises(InputError, match=r"3 rows with a negative amount \(rows 7, 9, 10\)"):
        lb.summarize(log, returns="error", to=target)
    returns = lb.scan_transactions(parquet(pd.DataFrame(ODD)[10:11], tmp_path / "returns.parquet"))
    with pytest.raises(InputError, match=r"No purchase is left; left out: 1 row \(return without an order that day\)"):
        lb.summarize(returns, to=target)
    tomorrow = pd.DataFrame(ODD)[:1].assign(date=pd.Timestamp(dt.date.today() + dt.timedelta(days=9)))
    late = lb.scan_transactions(parquet(tomorrow, tmp_path / "late.parquet"))
    with pytest.raises(InputError, match=r"1 row dated in the future, such as .* \(row 0\)"):
        lb.summarize(late, to=target)
    assert not [path for path in tmp_path.iterdir() if "customers" in path.name]


def test_no_such_file_column_or_memory(tmp_path):
    path = parquet(pd.DataFrame(ODD), tmp_path / "orders.parquet")
    with pytest.raises(InputError, match="There is no Parquet file"):
        lb.scan_transactions(tmp_path / "none_*.parquet")
    with pytest.raises(ColumnError, match=r"no column 'amounts'. Did you mean 'amount'\?"):
        lb.scan_transactions(path, amount="amounts")
    with pytest.raises(UnitError, match="memory_limit 'much' is not an amount of memory"):
        lb.scan_transactions(path, memory_limit="much")
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(InputError, match=r"text\.parquet cannot be read as Parquet"):
        lb.scan_transactions(tmp_path / "text.parquet")


def test_ids_written_as_null_are_warned_of(tmp_path):
    frame = pd.DataFrame(ODD).replace({"customer_id": {"Bo": "NULL"}})
    with pytest.warns(DataWarning, match=r"2 rows with the customer id 'NULL'.* \(rows 8, 9\)"):
        lb.scan_transactions(parquet(frame, tmp_path / "orders.parquet"))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_days_are_those_of_the_columns_own_time_zone(tmp_path, zone):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(ODD)
    frame["date"] = frame["date"].dt.tz_localize(zone)
    frame.to_parquet(tmp_path / "orders.parquet")
    customers = lb.summarize(lb.scan_transactions(tmp_path / "orders.parquet"), to=tmp_path / "customers.parquet")
    pd.testing.assert_frame_equal(customers.table, lb.summarize(lb.read_transactions(frame)).table)


def test_orders_in_memory_can_be_summarised_to_a_file(tmp_path):
    orders = lb.read_transactions(pd.DataFrame(ODD), currency="EUR")
    in_file = lb.summarize(orders, as_of="2024-04-01", to=tmp_path / "customers.parquet")
    assert not in_file.in_memory
    assert_same(lb.summarize(orders, as_of="2024-04-01"), in_file)


@pytest.mark.fits
def test_a_log_far_larger_than_the_memory_limit(tmp_path):
    number = 2_000_000
    path = tmp_path / "orders.parquet"
    duckdb.sql(
        f"COPY (SELECT (hash(range) % 400000)::BIGINT AS customer_id, "
        f"DATE '2023-01-01' + (hash(range + 1) % 700)::INTEGER AS date, (hash(range + 2) % 10000 + 1) / 100 AS amount "
        f"FROM range({number})) TO '{path}'"
    )
    small = lb.scan_transactions(path, memory_limit="50MB")
    customers = lb.summarize(small, to=tmp_path / "customers.parquet")
    expected = duckdb.sql(f"SELECT sum(amount), count(DISTINCT customer_id) FROM '{path}'").fetchall()[0]
    table = customers.table
    assert (table["total_value"].sum(), len(table)) == (pytest.approx(float(expected[0])), expected[1])


@pytest.mark.parametrize("places", [2, 4])
def test_means_of_decimals_are_correct_to_the_last_digit(tmp_path, places):
    rng = np.random.default_rng(2)
    whole = rng.integers(1, 10**6, 3000)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(3000) // 10, unit="D")
    frame = pd.DataFrame({"customer_id": np.arange(3000) % 10, "date": days, "amount": whole / 10**places})
    for customers in both(frame, tmp_path):
        for customer, row in customers.table.iterrows():
            first, *later = [int(number) for number in whole[np.arange(3000) % 10 == customer]]
            assert row["monetary_value"] == float(Fraction(sum(later), 10**places * len(later)))
            assert row["first_value"] == float(Fraction(first, 10**places))
            assert row["total_value"] == float(Fraction(first + sum(later), 10**places))
