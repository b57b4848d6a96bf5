"""A log is read whole, or every row left out is named with its reason."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ltv_bayes import Transactions, read_transactions
from ltv_bayes.errors import ColumnError, DataWarning, InputError

GOOD = {"customer_id": ["Ada", "Bo"], "date": ["2024-03-05", "2024-03-06"], "amount": [10.0, 20.0]}


def log(**columns):
    return pd.DataFrame(GOOD | columns)


def broken_csv(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "client,closed on,value\n"
        "Ada,2024-03-05,10\n"
        " ,2024-03-05,10\n"
        "Bo,someday,20\n"
        "Bo,,20\n"
        "Cy,2024-03-07,ten\n"
        "Cy,2024-03-07,\n"
        ",,\n"
        " ,never,inf\n"
        'Cy,2024-03-08,"1,030"\n'
    )
    return path


NAMES = {"customer": "client", "date": "closed on", "amount": "value"}


def test_table_and_its_types():
    orders = read_transactions(log(), currency="CNY")
    assert orders.table.columns.tolist() == ["row", "customer_id", "date", "amount"]
    assert orders.table["date"].dtype == "datetime64[us]"
    assert orders.table["amount"].dtype == float
    assert orders.table["row"].tolist() == [0, 1]
    assert (len(orders), orders.currency, orders.customer_column) == (2, "CNY", "customer_id")
    assert orders.dropped.empty
    assert orders.dropped_by_reason().empty
    with pytest.raises(dataclasses.FrozenInstanceError):
        orders.currency = "USD"


def test_bad_rows_stop_the_work_and_are_named(tmp_path):
    with pytest.raises(InputError) as caught:
        read_transactions(broken_csv(tmp_path), **NAMES)
    message = str(caught.value)
    assert "2 rows without a customer id (rows 3, 9). Fill in the id." in message
    assert "1 row without a date (row 5). Fill in the date." in message
    assert "2 rows with a date that cannot be read, such as 'someday' (rows 4, 9)." in message
    assert "1 row without an amount (row 7)." in message
    assert "1 row with an infinite amount (row 9)." in message
    assert "1 row with an amount that cannot be read, such as 'ten' (row 6)." in message
    assert message.endswith("Or leave such rows out with bad_rows='drop'.")
    assert caught.value.rows == (3, 4, 5, 6, 7, 9)


def test_dropped_rows_are_counted_and_kept_as_they_stood(tmp_path):
    orders = read_transactions(broken_csv(tmp_path), **NAMES, bad_rows="drop")
    assert orders.table["row"].tolist() == [2, 10]
    assert orders.table["amount"].tolist() == [10, 1030]
    assert orders.dropped["row"].tolist() == [3, 4, 5, 6, 7, 9]
    assert orders.dropped["date"].tolist()[1] == "someday"
    assert orders.dropped["amount"].tolist()[3] == "ten"
    assert orders.dropped_by_reason().to_dict() == {
        "without a customer id": 2,
        "with a date that cannot be read": 1,
        "without a date": 1,
        "with an amount that cannot be read": 1,
        "without an amount": 1,
    }
    assert "left out: 2 rows (without a customer id); 1 row (" in repr(orders)
    assert len(orders) + len(orders.dropped) == 8


def test_nothing_left_is_an_error():
    with pytest.raises(InputError, match=r"2 rows without a customer id \(rows 0, 1\).*No row is left"):
        read_transactions(log(customer_id=[None, ""]), bad_rows="drop")


def test_a_column_wide_question_is_asked_even_when_rows_may_be_dropped():
    for dates in (["2024-03-05", "03/04/2024"], ["45292", "45300"]):
        with pytest.raises(InputError, match="date_format="):
            read_transactions(log(date=dates), bad_rows="drop")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"customer": "costumer_id"}, r"no column 'costumer_id'. Did you mean 'customer_id'\?.*customer='...'"),
        ({"date": "dates"}, r"Did you mean 'date'\?.*date='...'"),
        ({"amount": "value"}, r"Known names: customer_id, date, amount. A log without money is read with amount=None"),
        ({"amount": ""}, r"no column ''"),
    ],
)
def test_missing_columns_are_suggested(names, message):
    with pytest.raises(ColumnError, match=message):
        read_transactions(log(), **names)


def test_ids_may_be_the_index():
    frame = log().set_index("customer_id")
    orders = read_transactions(frame)
    assert orders.table["customer_id"].tolist() == ["Ada", "Bo"]
    assert orders.table["row"].tolist() == ["Ada", "Bo"]


def test_rows_are_named_by_the_index_of_the_frame():
    frame = log(amount=[10.0, None]).set_index(pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]))
    with pytest.raises(InputError, match=r"row \('a', 2\)"):
        read_transactions(frame)
    frame = log(amount=[None, None]).set_index(pd.Index([7, 7]))
    with pytest.raises(InputError, match=r"rows 7, 7"):
        read_transactions(frame)


def test_a_log_without_money():
    orders = read_transactions(log().drop(columns="amount"), amount=None)
    assert not orders.has_amounts
    assert orders.table["amount"].isna().all()
    assert "total" not in repr(orders)


def test_whole_floats_are_integer_ids_once_bad_rows_are_gone():
    orders = read_transactions(log(customer_id=[7.0, None]), bad_rows="drop")
    assert orders.table["customer_id"].dtype == "int64"
    assert np.isnan(orders.dropped["customer_id"].iloc[0])


def test_text_ids_of_a_file_keep_their_zeros(tmp_path):
    path = tmp_path / "orders.csv"
    log(customer_id=["0004", "4"]).to_csv(path, index=False)
    assert read_transactions(path).table["customer_id"].tolist() == ["0004", "4"]


@pytest.mark.parametrize(("header", "word", "size"), [("金额（万元）", "万元", 1e4), ("合同额(亿)", "亿", 1e8)])
def test_the_unit_of_a_header_is_applied_and_told_unless_one_is_given(header, word, size):
    frame = log().rename(columns={"amount": header})
    orders = read_transactions(frame, amount=header)
    assert orders.table["amount"].tolist() == [10 * size, 20 * size]
    assert orders.report.unit == f"{word}, as the header says"
    assert f"multiplied by {size:,.0f}, as the name says {word}" in repr(orders)
    assert read_transactions(frame, amount=header, amount_unit=1).table["amount"].tolist() == [10, 20]
    assert read_transactions(frame, amount=header, amount_unit=word).table["amount"].tolist() == [10 * size, 20 * size]


def test_ids_that_look_missing_warn():
    with pytest.warns(DataWarning, match=r"1 row with the customer id 'NULL'.*\(row 1\). If so, leave"):
        orders = read_transactions(log(customer_id=["Ada", "NULL"]))
    assert orders.table["customer_id"].tolist() == ["Ada", "NULL"]


def test_bad_rows_is_a_choice():
    with pytest.raises(InputError, match="Did you mean 'drop'"):
        read_transactions(log(), bad_rows="dropp")


def test_the_given_frame_is_not_changed():
    frame = log(customer_id=[" Ada ", "Bo"])
    before = frame.copy()
    read_transactions(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_repr_says_what_matters():
    orders = read_transactions(log(), currency="CNY")
    first = repr(orders).splitlines()[0]
    assert first == "2 orders of 2 customers, 2024-03-05 to 2024-03-06, total 30.00 CNY (the pandas DataFrame)"
    assert "... and 5 more" in repr(read_transactions(pd.concat([log()] * 5)))


def test_hostile_text_is_kept_in_data_and_escaped_in_html(tmp_path, hostile):
    frame = log(customer_id=[hostile, "Bo"]).rename(columns={"customer_id": hostile})
    path = tmp_path / "orders.csv"
    frame.to_csv(path, index=False)
    for source in (frame, path):
        orders = read_transactions(source, customer=hostile, currency=hostile)
        assert orders.table["customer_id"].tolist() == [hostile, "Bo"]
        html = orders._repr_html_()
        assert "<script" not in html
        assert "O'Brien" not in html.split("<table")[0]
        assert len(repr(orders).splitlines()) == 5


def test_hostile_file_names_are_escaped(tmp_path):
    path = tmp_path / "<b onclick=alert(1)>.csv"
    log().to_csv(path, index=False)
    assert "<b onclick" not in read_transactions(path)._repr_html_()


def test_the_public_name():
    assert isinstance(read_transactions(log()), Transactions)


class TestExports:
    """What an analyst asked of a sales report: units, conversion, words that cannot be used."""

    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "orders.csv"
        rows = [
            "订单编号,客户,日期,金额(万元),产品,状态",
            "1,Ada,2024-01-02,5,a,有效",
            ",,,,b,",
            "2,Bo,2024-01-03,7,a,作废",
        ]
        path.write_text("\n".join(rows), encoding="gbk")
        return path

    def test_yuan_of_the_header_are_converted_or_refused_and_never_relabelled(self, path):
        with pytest.raises(InputError, match="1 row in CNY, and currency='USD'"):
            read_transactions(path, currency="USD")
        orders = read_transactions(path, currency="USD", rates={"CNY": 0.2})
        assert orders.table["amount"].tolist() == [10_000]
        assert "amount (before conversion)" in orders.report.text()
        assert orders.report.rows.loc["kept", "amount"] == 50_000
        assert read_transactions(path, currency="CNY").table["amount"].tolist() == [50_000]

    def test_lines_are_no_orders_without_money_either(self, path):
        orders = read_transactions(path, amount=None)
        assert orders.table["customer_id"].tolist() == ["Ada"]
        assert orders.report.rows["rows"].to_dict()["line of an order, without an amount of its own"] == 1
        assert "amount" not in orders.report.text().splitlines()[4]

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"preset": ["salesforce"]}, "is not known"),
            ({"keep": {"状态": 1}}, "needs a list"),
            ({"keep": {"状态": None}}, "needs a list"),
            ({"keep": {"状态": ["付清"]}}, "keep names '付清', and '状态' says: '有效', '作废'"),
            ({"customer": ["客户"]}, "names several columns"),
        ],
    )
    def test_words_that_cannot_be_used(self, path, given, words):
        with pytest.raises(InputError, match=words):
            read_transactions(path, **given)
