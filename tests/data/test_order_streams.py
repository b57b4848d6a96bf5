"""One log of several streams: equipment, what it uses up, and its repairs."""

import pandas as pd
import pytest

from ltv_bayes import read_transactions, scan_transactions, summarize
from ltv_bayes.errors import ColumnError, InputError

ROWS = [
    ("Ada", "2024-01-08", 900.0, "board"),
    ("Ada", "2024-02-05", 20.0, " pens "),
    ("Ada", "2024-03-04", 30.0, "pens"),
    ("Bo", "2024-01-15", 950.0, "board"),
    ("Bo", "2024-05-06", 120.0, "service"),
    ("Bo", "2024-06-03", 25.0, "pens"),
]


def frame_of(rows=ROWS):
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount", "line"])


@pytest.fixture
def log():
    return read_transactions(frame_of(), stream="line", currency="EUR")


@pytest.fixture
def scanned(tmp_path):
    frame = frame_of().assign(date=lambda frame: pd.to_datetime(frame["date"]))
    frame.to_parquet(tmp_path / "orders.parquet")
    return scan_transactions(tmp_path / "orders.parquet", stream="line", currency="EUR")


@pytest.fixture(params=["log", "scanned"])
def orders(request):
    return request.getfixturevalue(request.param)


def test_orders_are_counted_by_stream_without_the_blanks_around_names(orders):
    assert orders.streams.to_dict() == {"pens": 3, "board": 2, "service": 1}
    assert orders.streams.index.tolist() == ["pens", "board", "service"]
    assert "streams: pens 3, board 2, service 1" in repr(orders)
    assert "streams: pens 3, board 2, service 1" in orders._repr_html_()


def test_one_stream_is_a_log_of_its_own(orders, tmp_path):
    pens = orders.stream("pens")
    assert len(pens) == 3
    assert pens.streams.to_dict() == {"pens": 3}
    assert pens.currency == "EUR"
    table = summarize(pens, as_of="2024-06-30", time_unit="day", to=tmp_path / "customers.parquet").table
    assert table["frequency"].to_dict() == {"Ada": 1, "Bo": 0}
    assert table["total_value"].to_dict() == {"Ada": 50.0, "Bo": 25.0}


def test_the_rows_of_a_stream_are_those_of_a_log_that_was_filtered_before(log):
    frame = frame_of()
    alone = read_transactions(frame[frame["line"].str.strip() == "pens"], currency="EUR")
    pd.testing.assert_frame_equal(log.stream("pens").table.drop(columns="stream"), alone.table)


def test_an_unknown_stream(orders):
    with pytest.raises(InputError, match=r"no orders of the stream 'pen'. Did you mean 'pens'\? Known names: pens, b"):
        orders.stream("pen")


def test_a_log_read_without_streams_says_how_to_read_it(tmp_path):
    frame = frame_of().assign(date=lambda frame: pd.to_datetime(frame["date"]))
    frame.to_parquet(tmp_path / "orders.parquet")
    plain, scanned = read_transactions(frame), scan_transactions(tmp_path / "orders.parquet")
    with pytest.raises(InputError, match=r"Read it with read_transactions\(\.\.\., stream='its column'\)"):
        plain.stream("pens")
    with pytest.raises(InputError, match=r"Read it with scan_transactions\(\.\.\., stream='its column'\)"):
        _ = scanned.streams
    assert "streams" not in repr(plain) + repr(scanned)
    assert plain.table.columns.tolist() == ["row", "customer_id", "date", "amount"]


def test_a_blank_stream_is_a_fault_with_its_row(tmp_path):
    frame = frame_of([*ROWS[:2], ("Bo", "2024-01-15", 950.0, "  "), ("Bo", "2024-01-15", 950.0, None)])
    with pytest.raises(InputError, match=r"2 rows without a stream \(rows 2, 3\)\. Fill in which stream .* bad_rows="):
        read_transactions(frame, stream="line")
    frame["date"] = pd.to_datetime(frame["date"])
    frame.to_parquet(tmp_path / "orders.parquet")
    with pytest.raises(InputError, match=r"2 rows without a stream \(rows 2, 3\)\. Fill in which stream"):
        scan_transactions(tmp_path / "orders.parquet", stream="line")


def test_rows_left_out_stay_with_their_stream():
    faulty = [("Bo", "soon", 20.0, "pens "), ("Bo", "2024-01-15", 20.0, None), (None, "2024-01-15", 20.0, "board")]
    log = read_transactions(frame_of([*ROWS, *faulty]), stream="line", bad_rows="drop")
    assert log.dropped_by_reason().to_dict() == {
        "with a date that cannot be read": 1,
        "without a stream": 1,
        "without a customer id": 1,
    }
    assert log.stream("pens").dropped["row"].tolist() == [6]
    assert log.stream("board").dropped["row"].tolist() == [8]
    assert log.stream("service").dropped.empty
    assert summarize(log.stream("pens")).dropped["row"].tolist() == [6]


def test_streams_written_as_numbers(tmp_path):
    frame = frame_of().assign(line=[1, 2, 2, 1, 3, 2], date=pd.to_datetime("2024-01-15"))
    frame.to_parquet(tmp_path / "orders.parquet")
    for log in (
        read_transactions(frame, stream="line"),
        read_transactions(frame.assign(line=frame["line"].astype(float)), stream="line"),
        scan_transactions(tmp_path / "orders.parquet", stream="line"),
    ):
        assert log.streams.to_dict() == {"2": 3, "1": 2, "3": 1}
        assert len(log.stream("2")) == 3


def test_names_from_outside_change_nothing(hostile, tmp_path):
    frame = frame_of().assign(date=lambda frame: pd.to_datetime(frame["date"]))
    frame.loc[0, "line"] = hostile
    frame.to_parquet(tmp_path / "orders.parquet")
    for log in (
        read_transactions(frame, stream="line"),
        scan_transactions(tmp_path / "orders.parquet", stream="line"),
    ):
        assert len(log.stream(hostile)) == 1
        assert "<script>" not in log._repr_html_()


def test_orders_of_two_streams_are_not_repeated_rows():
    frame = frame_of([("Ada", "2024-01-08", 20.0, "pens"), ("Ada", "2024-01-08", 20.0, "service")])
    assert "of another" not in repr(read_transactions(frame, stream="line"))
    assert "1 row with the customer, day and amount of another" in repr(read_transactions(frame))


def test_a_column_that_is_not_there(tmp_path):
    frame = frame_of().assign(date=lambda frame: pd.to_datetime(frame["date"]))
    frame.to_parquet(tmp_path / "orders.parquet")
    with pytest.raises(ColumnError, match=r"no column 'lines'. Did you mean 'line'\?.*stream='\.\.\.'"):
        read_transactions(frame, stream="lines")
    with pytest.raises(ColumnError, match=r"no column 'lines'. Did you mean 'line'\?.*stream='\.\.\.'"):
        scan_transactions(tmp_path / "orders.parquet", stream="lines")
