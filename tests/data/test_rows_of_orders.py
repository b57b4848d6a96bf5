"""Many rows of orders: which repeat others, sums to the last digit, and a frame that others may change."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltv_bayes import read_transactions
from ltv_bayes.data.exports.order_lines import MIX, OrderRows, exported_twice
from ltv_bayes.data.orders.read_report import BLOCK, rows_by_reason

DAY = np.datetime64("2024-03-05", "us")
CELLS = {
    "text": st.sampled_from(["Ada", "ada", " Ada", "", None]),
    "mixed": st.sampled_from([1, 1.0, "1", "1.0", True, None]),
    "number": st.sampled_from([0.0, -0.0, 0.5, np.nan]),
    "moment": st.sampled_from([DAY, DAY + np.timedelta64(1, "us"), np.datetime64("NaT", "us")]),
    "flag": st.booleans(),
}
TYPES = {"text": "str", "mixed": object, "number": float, "moment": "datetime64[us]", "flag": bool}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*CELLS.values()), min_size=1, max_size=12), st.data())
def test_rows_exported_twice_are_those_with_the_texts_of_an_earlier_one(cells, data):
    columns = dict(zip(CELLS, zip(*cells, strict=True), strict=True))
    frame = pd.DataFrame({name: pd.Series(column, dtype=TYPES[name]) for name, column in columns.items()})
    at = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=len(frame), max_size=len(frame))))
    same = np.zeros(len(at), dtype=np.int64)  # of customer, day and amount, so that all rows are compared
    found = exported_twice(frame, at, OrderRows(None, same, same, np.full(len(at), np.nan)))
    assert found.tolist() == frame.iloc[at].astype("str").duplicated().tolist()


def test_rows_exported_twice_are_found_among_many():
    rng = np.random.default_rng(20240305)
    number = 20_000
    day = DAY + rng.integers(0, 30, number) * np.timedelta64(1, "D")
    drawn = {"client": rng.integers(0, 300, number), "day": day, "value": rng.integers(1, 20, number) / 4}
    frame = pd.DataFrame(drawn)
    frame.loc[::7, "value"] = np.nan
    rows = OrderRows(None, drawn["client"], drawn["day"].view(np.int64), frame["value"].to_numpy())
    expected = frame.astype("str").duplicated()
    assert 100 < expected.sum() < number / 2
    assert exported_twice(frame, np.arange(number), rows).tolist() == expected.tolist()


def test_rows_that_are_mixed_to_one_number_are_still_told_apart():
    """Amounts that differ in their last bit, and a customer and day that make up for each other."""
    amount = np.array([10.0, np.nextafter(10.0, 11.0), 10.0])
    customer, day = np.array([3, 3, 2]), np.array([0, 0, int(MIX)])
    frame = pd.DataFrame({"customer": customer, "day": day, "amount": amount})
    assert not exported_twice(frame, np.arange(3), OrderRows(None, customer, day, amount)).any()


@pytest.mark.parametrize("end", [np.uint64(2**64 - 1), np.int64(-(2**63))])
def test_ids_at_the_ends_of_whole_numbers(end):
    ids = np.array([end, end, 1], dtype=end.dtype)
    log = pd.DataFrame({"customer_id": ids, "date": "2024-03-05", "amount": 10.0})
    orders = read_transactions(log, repeated_rows="drop")
    assert orders.table["customer_id"].tolist() == [ids[0], ids[2]]
    assert orders.table["customer_id"].dtype == ids.dtype


@pytest.mark.parametrize(
    "amounts",
    [
        np.array([]),
        np.array([np.nan, np.inf, -np.inf]),
        np.array([1e15, 0.01, -1e15, np.nan, 1e-9]),
        np.array([1e15] * 3 + [0.005] * 200),
        np.array([2.0**k * sign for k in range(-60, 50) for sign in (1, -1, 1)]),
        np.random.default_rng(1).lognormal(3, 6, 2 * BLOCK + 5) * np.resize([1, -1, -1, 1, 1], 2 * BLOCK + 5),
        np.round(np.random.default_rng(3).uniform(0, 1e15 / BLOCK, BLOCK + 1), 2),
    ],
    ids=["none", "no number", "one large", "halves of cents", "powers of two", "two blocks", "to 1e15"],
)
def test_amounts_by_reason_are_added_up_without_rounding(amounts):
    reason = np.arange(len(amounts)) % 2
    found = rows_by_reason(reason, ["kept", "left out"], pd.Series(amounts))["amount"].tolist()
    parts = [amounts[reason == place] for place in range(2)]
    assert found == [round(math.fsum(part[np.isfinite(part)]), 2) for part in parts]


@pytest.mark.parametrize("written_to", ["the frame", "the orders"])
def test_neither_the_frame_nor_the_orders_change_with_the_other(written_to):
    """Labels are there twice, and days are as they are written, so that nothing has to be copied."""
    index = [0, 1, 0]
    frame = pd.DataFrame({"customer_id": [7, 8, 9], "date": DAY, "amount": [10.0, 20.0, 30.0]}, index=index)
    orders = read_transactions(frame)
    changed, kept = (frame, orders.table) if written_to == "the frame" else (orders.table, frame)
    before = kept.copy()
    for name, cell in {"customer_id": 1, "date": pd.Timestamp("2000-01-01"), "amount": -1.0}.items():
        changed.iloc[0, changed.columns.get_loc(name)] = cell
    pd.testing.assert_frame_equal(kept, before)
    assert orders.table["row"].tolist() == index
