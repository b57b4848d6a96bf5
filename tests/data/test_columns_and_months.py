"""Columns of any name; one column for one thing; rows that count months."""

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import ColumnError, DataWarning, InputError


def log(**more):
    days = pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-02", "2024-03-08"])
    return pd.DataFrame({"customer_id": ["a", "b", None, "c"], "date": days, "amount": [1.0, 2, 3, 4], **more})


@pytest.mark.parametrize("name", ["file_row_number", "FILE_ROW_NUMBER", "filename", "row", "rowid", "file_index"])
@pytest.mark.parametrize("files", [1, 2])
def test_rows_are_numbered_as_in_the_file_whatever_its_columns_are_called(tmp_path, name, files):
    for number in range(files):
        duckdb.from_df(log(**{name: [700, 800, 900, 1000]})).write_parquet(str(tmp_path / f"{number}.parquet"))
    with pytest.raises(InputError) as error:
        lb.scan_transactions(tmp_path / "*.parquet")
    assert list(error.value.rows) == ([2] if files == 1 else ["0.parquet:2", "1.parquet:2"])


@pytest.mark.parametrize("names", [("Amount", "amount"), ("amount", "amount")])
def test_columns_that_differ_in_case_alone_are_refused_where_case_is_not_seen(tmp_path, names):
    cells = [["a", "b"], pa.array(pd.to_datetime(["2024-01-05"] * 2)), [10.0, 20.0], [1.0, 2.0]]
    pq.write_table(
        pa.Table.from_arrays([pa.array(c) for c in cells], names=["customer_id", "date", *names]),
        tmp_path / "o.parquet",
    )
    with pytest.raises(ColumnError, match=f"columns {names[0]}, {names[1]} differ in case alone"):
        lb.scan_transactions(tmp_path / "o.parquet", amount=names[0])


def test_one_column_is_not_read_as_two_things(tmp_path):
    table = log().dropna()
    duckdb.from_df(table).write_parquet(str(tmp_path / "o.parquet"))
    with pytest.raises(ColumnError, match="'amount' is named for customer and for amount"):
        lb.read_transactions(table, customer="amount", amount="amount")
    with pytest.raises(ColumnError, match="'customer_id' is named for customer and for stream"):
        lb.scan_transactions(tmp_path / "o.parquet", stream="customer_id")


@pytest.mark.parametrize(
    ("frequency", "day"), [("MS", "the first of a month"), ("ME", "the last of a month"), ("W-MON", "a Monday")]
)
def test_rows_that_count_months_or_weeks_are_noticed(tmp_path, frequency, day):
    days = np.repeat(pd.date_range("2023-01-01", periods=12, freq=frequency), 3)
    table = pd.DataFrame({"customer_id": list("abc") * 12, "date": days, "amount": 5.0})
    duckdb.from_df(table).write_parquet(str(tmp_path / "o.parquet"))
    with pytest.warns(DataWarning, match=f"All 36 orders are dated {day}.*one row an order"):
        lb.read_transactions(table)
    with pytest.warns(DataWarning, match=f"All 36 orders are dated {day}"):
        lb.scan_transactions(tmp_path / "o.parquet")


def test_orders_of_any_days_are_read_without_a_warning():
    days = pd.date_range("2023-01-01", periods=36, freq="9D")
    lb.read_transactions(pd.DataFrame({"customer_id": list("abc") * 12, "date": days, "amount": 5.0}))


def test_names_and_currencies_move_no_cursor():
    hostile = "\x1b[31mAda\u202e"
    table = pd.DataFrame({"customer_id": [hostile, "b"], "date": ["2024-01-05", "2024-01-07"], "amount": [1, 2]})
    orders = lb.read_transactions(table, currency="\x1b[2J")
    customers = lb.summarize(orders, time_unit="week")
    judged = {"customer_id": [hostile], "probability": [0.5], "low": [1], "high": [2]}
    for shown in (orders, customers, lb.FutureValuePriors.from_judgements(pd.DataFrame(judged))):
        for text in (repr(shown), str(shown), shown._repr_html_()):
            assert not set("\x1b\u202e") & set(text)
    with pytest.raises(InputError) as error:
        lb.summarize(orders, time_unit="week", as_of="2023-01-01", attributes=table.iloc[[0, 0]])
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(
    "draws", [{}, None, "text", {"r": [["x"]]}, {"r": [["1.5"]]}, {"r": [[]]}, {"r": [[1], [1, 2]]}, {"r": None}]
)
def test_draws_that_are_no_numbers_are_refused_in_words(draws):
    with pytest.raises(lb.errors.FitError):
        lb.FittedPurchases.from_draws(draws, time_unit="week")


@pytest.mark.parametrize("horizon", ["1000000000 years", "60000 weeks"])
def test_a_horizon_beyond_a_thousand_years_is_refused(horizon):
    fit = lb.FittedPurchases.from_draws({name: [[1.0]] for name in ("r", "alpha", "a", "b")}, time_unit="week")
    with pytest.raises(lb.errors.UnitError, match="longer than 1,000 years"):
        fit.expected_purchases_new_customer(horizon=horizon)
