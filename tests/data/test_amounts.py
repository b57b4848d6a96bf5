"""Money is read as it was meant, in one currency, or the rows are named."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv_bayes.data.reading.amounts import as_amounts
from ltv_bayes.errors import ColumnError, InputError, UnitError

ARROW_DECIMAL = pd.ArrowDtype(pa.decimal128(9, 2))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.5", 1234.5),
        (" 1,234.50 ", 1234.5),
        ("12,345,678", 12345678),
        ("1 234.5", 1234.5),
        ("1\u202f234.5", 1234.5),
        ("1'234.50", 1234.5),
        ("1’234.50", 1234.5),
        ("¥1,234.50", 1234.5),
        ("￥1，234．50", 1234.5),
        ("１２３４．５", 1234.5),
        ("1234.5元", 1234.5),
        ("¥ 1,234.5 元", 1234.5),
        ("CNY 1,234.5", 1234.5),
        ("RMB1234.5", 1234.5),
        ("rmb 1234.5", 1234.5),
        ("USD 1,234.5", 1234.5),
        ("US$1,234.5", 1234.5),
        ("1234.5 EUR", 1234.5),
        ("€1,234.5", 1234.5),
        ("£1,234.5", 1234.5),
        ("(1,234.50)", -1234.5),
        ("（￥1,234.5）", -1234.5),
        ("¥(1,234.5)", -1234.5),
        ("-1234.5", -1234.5),
        ("\u22121234.5", -1234.5),
        ("-¥1,234.5", -1234.5),
        ("¥-1,234.5", -1234.5),
        ("1234.5-", -1234.5),
        ("+7", 7),
        ("0", 0),
        (".5", 0.5),
        ("5.", 5),
        ("1e3", 1000),
        ("1.5E+3", 1500),
    ],
)
def test_ways_to_write_an_amount(text, amount):
    assert as_amounts(pd.Series([text]))[0].tolist() == [amount]


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1.234,50", 1234.5), ("1234,5 €", 1234.5), ("1 234,50", 1234.5), ("12.345.678", 12345678), ("-0,5", -0.5),
     ("1234", 1234), (",5", 0.5), ("(1.234,5)", -1234.5)],
)  # fmt: skip
def test_decimal_comma(text, amount):
    assert as_amounts(pd.Series([text]), decimal=",")[0].tolist() == [amount]


@pytest.mark.parametrize(
    "text",
    ["free", "12,5", "1,23,456", "1,2345", "1.2.3", "--5", "(-5)", "-5-", "(5", "5)", "12 MIO", "1USD2", "0x1A",
     "1_000", "12%", "1.5万", "True", "=1+1", "=cmd|' /C calc'!A0", "N/A", "nan", "¥", "-", "1/2", "5 kg"],
)  # fmt: skip
def test_what_is_no_amount_is_named(text):
    read, faults = as_amounts(pd.Series(["1", text], index=[2, 3]))
    sentence = faults[2].sentence(read.index)
    assert read.isna().tolist() == [False, True]
    assert [fault.at.any() for fault in faults] == [False, False, True]
    assert repr(text) in sentence
    assert "(row 3). Write it as a plain number" in sentence


def test_decimal_mark_is_suggested():
    _, faults = as_amounts(pd.Series(["12,5"]))
    assert "decimal=','" in faults[2].sentence(pd.Index([0]))
    _, faults = as_amounts(pd.Series(["12.5"]), decimal=",")
    assert "decimal='.'" in faults[2].sentence(pd.Index([0]))
    with pytest.raises(InputError, match=r"'.' or ','"):
        as_amounts(pd.Series(["1"]), decimal=";")


@pytest.mark.parametrize(
    ("cells", "at"),
    [
        (pd.Series([1.0, np.nan, np.inf, -np.inf]), ([1], [2, 3])),
        (pd.Series([1, None, float("inf")], dtype=object), ([1], [2])),
        (pd.Series(["1", " ", "inf", "1e999"]), ([1], [2, 3])),
        (pd.Series([1, None], dtype="Int64"), ([1], [])),
        (pd.Series([1.5, None], dtype=pd.ArrowDtype(pa.float64())), ([1], [])),
    ],
)
def test_blank_and_infinite_amounts_are_named(cells, at):
    read, (blank, infinite, unread) = as_amounts(cells)
    assert np.flatnonzero(blank.at).tolist() == at[0]
    assert np.flatnonzero(infinite.at).tolist() == at[1]
    assert not unread.at.any()
    assert read.isna().sum() == len(at[0]) + len(at[1])
    assert "without an amount" in blank.sentence(read.index)


@pytest.mark.parametrize(
    "cells",
    [
        pd.Series([1, 2.5, Decimal("3.25"), "4.5"], dtype=object),
        pd.Series([Decimal("1"), Decimal("2.5"), Decimal("3.25"), Decimal("4.5")]),
        pd.Series([1, 2.5, 3.25, 4.5], dtype="Float64"),
        pd.Series(["1", "2.5", "3.25", "4.5"], dtype="category"),
        pd.Series([Decimal("1"), Decimal("2.5"), Decimal("3.25"), Decimal("4.5")], dtype=ARROW_DECIMAL),
    ],
)  # fmt: skip
def test_columns_of_every_type(cells):
    read, _ = as_amounts(cells)
    assert read.dtype == float
    assert read.tolist() == [1, 2.5, 3.25, 4.5]


def test_numbers_among_text_keep_their_point_under_a_decimal_comma():
    assert as_amounts(pd.Series([1234.5, "1.234,50"], dtype=object), decimal=",")[0].tolist() == [1234.5, 1234.5]


@pytest.mark.parametrize("cell", [1e101, -1e300, 1e-101, 5e-324, 10**400, Decimal("1e150"), "1e200", "1e-200"])
def test_amounts_beyond_all_money_are_named(cell):
    values, (_, beyond, unreadable) = as_amounts(pd.Series([1.0, cell, 0.0], index=["a", "b", "c"], dtype=object))
    assert (beyond.at | unreadable.at).tolist() == [False, True, False]
    assert values[["a", "c"]].tolist() == [1.0, 0.0]
    assert np.isnan(values["b"])


def test_a_unit_counts_before_an_amount_is_beyond_all_money():
    assert as_amounts(pd.Series([1e99]), unit=1000)[1][1].at.all()
    assert not as_amounts(pd.Series([1e101]), unit=0.01)[1][1].at.any()


@pytest.mark.parametrize("cells", [np.array([1 + 2j, 3]), pd.Series([1 + 2j, 3], dtype=object)])
def test_complex_numbers_are_no_money(cells):
    _, (*_, unreadable) = as_amounts(pd.Series(cells))
    assert unreadable.at.any()


def test_true_and_false_are_no_money():
    with pytest.raises(ColumnError, match=r"'paid' holds true and false.*Name the column"):
        as_amounts(pd.Series([True, False], name="paid"))
    assert as_amounts(pd.Series([1, True], dtype=object))[1][2].at.tolist() == [False, True]


@pytest.mark.parametrize(
    ("unit", "amount"), [(None, 1.2), (1000, 1200), ("万", 12000), ("万元", 12000), (" 亿 ", 1.2e8)]
)
def test_amount_units(unit, amount):
    assert as_amounts(pd.Series(["1.2"]), unit=unit)[0].tolist() == pytest.approx([amount], rel=1e-15)


@pytest.mark.parametrize("unit", ["wan", "", 0, -1, float("inf"), float("nan"), None.__class__])
def test_impossible_units(unit):
    with pytest.raises(UnitError):
        as_amounts(pd.Series([1.0]), unit=unit)


def test_several_currencies_are_not_added_up():
    cells = pd.Series(["¥5", "CNY 6", "RMB 7", "8元", "$9", "10"], index=range(2, 8))
    with pytest.raises(InputError, match=r"2 currencies \(CNY in rows 2, 3, 4, 5; USD in rows 6\). Convert them"):
        as_amounts(cells)
    assert as_amounts(cells.drop(6))[0].tolist() == [5, 6, 7, 8, 10]


@given(st.floats(-1e12, 1e12).map(lambda number: round(number, 2)))
def test_every_amount_survives_being_written(number):
    forms = [f"{number!r}", f"{number:,.2f}", f"¥{number:,.2f}", f"({-number:,.2f})" if number < 0 else f"{number:.2f}"]
    assert as_amounts(pd.Series(forms))[0].tolist() == [number] * 4
    european = f"{number:,.2f}".translate(str.maketrans(",.", ".,"))
    assert as_amounts(pd.Series([european]), decimal=",")[0].tolist() == [number]
