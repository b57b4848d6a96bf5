"""Money is read as it was meant, in one currency, or the rows are named."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltv_bayes.data.exports.names import plain_name
from ltv_bayes.data.reading.amount_units import unit_to_apply
from ltv_bayes.data.reading.amounts import as_amounts, read_amounts
from ltv_bayes.data.reading.written.headers import unit_of_header
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError

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
        ("1.2E+6", 1_200_000),
        ("1,20,000", 120_000),
        ("12,34,567.5", 1_234_567.5),
        ("1,234.00元整", 1234),
        ("（１，２３４．５０）", -1234.5),
        ("－1234.5", -1234.5),
        ("'1234.5", 1234.5),
        ('="1234.5"', 1234.5),
        ("50万元", 500_000),
        ("50万", 500_000),
        ("1.2亿", 120_000_000),
        ("1.2亿元", 120_000_000),
        ("3千", 3000),
        ("12百万", 12_000_000),
        ("0.57万元", 5700),
        ("50.0001萬元", 500_001),
        ("5w元", 50_000),
        ("1.5k", 1500),
        ("1.5 K€", 1500),
        ("2.5m", 2_500_000),
        ("2.5 Mio. EUR", 2_500_000),
        ("12 MIO", 12_000_000),
        ("$1.5M", 1_500_000),
        ("US$ 1.5 bn", 1_500_000_000),
        ("TEUR 12.5", 12_500),
        ("12.5 T€", 12_500),
        ("12.5 Tsd. €", 12_500),
        ("人民币50元", 50),
        ("人民币 50.5 万元", 505_000),
        ("港币50万", 500_000),
        ("50万美元", 500_000),
        ("1,234.00（含税）", 1234),
        ("不含税 1,234.00", 1234),
        ("含税价：1,234.00元", 1234),
        ("1,234.00元(税前)", 1234),
        ("1,234.00 incl. VAT", 1234),
    ],
)
def test_ways_to_write_an_amount(text, amount):
    assert as_amounts(pd.Series([text]))[0].tolist() == [amount]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.234,50", 1234.5),
        ("1234,5 €", 1234.5),
        ("1 234,50", 1234.5),
        ("12.345.678", 12345678),
        ("-0,5", -0.5),
        ("1234", 1234),
        (",5", 0.5),
        ("(1.234,5)", -1234.5),
    ],
)
def test_decimal_comma(text, amount):
    assert as_amounts(pd.Series([text]), decimal=",")[0].tolist() == [amount]


@pytest.mark.parametrize(
    "text",
    [
        "free",
        "12,5",
        "12,3,456",
        "1,2345",
        "1.2.3",
        "--5",
        "(-5)",
        "-5-",
        "(5",
        "5)",
        "1USD2",
        "0x1A",
        "5²",
        "12①",
        "1_000",
        "12%",
        "True",
        "=1+1",
        "=cmd|' /C calc'!A0",
        "¥",
        "1/2",
        "5 kg",
        "约50万",
        "50-60万",
        "50万+",
        "五万",
        "1万2千",
        "5 w",
        "#DIV/0!",
        "5 EUR USD",
        "0,123",
        "5 T",
        "½",
        "50万万",
        "万",
        "1e5万k",
        "(含税 5",
        "+-5",
    ],
)
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
)
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


@pytest.mark.parametrize("unit", ["wan", "", 0, -1, True, float("inf"), float("nan"), None.__class__])
def test_impossible_units(unit):
    with pytest.raises(UnitError):
        as_amounts(pd.Series([1.0]), unit=unit)


def test_several_currencies_are_not_added_up():
    cells = pd.Series(["¥5", "CNY 6", "RMB 7", "8元", "$9", "10"], index=range(2, 8))
    with pytest.raises(InputError, match=r"2 currencies \(CNY in rows 2, 3, 4, 5; USD in rows 6\). Convert them"):
        as_amounts(cells)
    assert as_amounts(cells.drop(6))[0].tolist() == [5, 6, 7, 8, 10]


@settings(max_examples=40)
@given(st.floats(-1e12, 1e12).map(lambda number: round(number, 2)))
def test_every_amount_survives_being_written(number):
    forms = [f"{number!r}", f"{number:,.2f}", f"¥{number:,.2f}", f"({-number:,.2f})" if number < 0 else f"{number:.2f}"]
    assert as_amounts(pd.Series(forms))[0].tolist() == [number] * 4
    european = f"{number:,.2f}".translate(str.maketrans(",.", ".,"))
    assert as_amounts(pd.Series([european]), decimal=",")[0].tolist() == [number]


@pytest.mark.parametrize(
    "text",
    ["--", "-", "—", "——", "暂无", "无", "N/A", "n/a", "#N/A", "nan", "面议", "待定", "NULL", "（无）", "\u3000", "－"],
)
def test_words_for_no_amount_are_blanks(text):
    read, (blank, beyond, unread) = as_amounts(pd.Series(["1", text]))
    assert blank.at.tolist() == read.isna().tolist() == [False, True]
    assert not (beyond.at | unread.at).any()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("￥5", "¥"),
        ("5元", "CNY"),
        ("人民币5", "CNY"),
        ("RMB 5", "CNY"),
        ("5万美元", "USD"),
        ("US$5", "USD"),
        ("HK$5", "HKD"),
        ("港币5", "HKD"),
        ("5欧元", "EUR"),
        ("€5", "EUR"),
        ("5日元", "JPY"),
        ("5 円", "JPY"),
        ("NT$5", "TWD"),
        ("£5", "GBP"),
        ("TEUR 5", "EUR"),
        ("CHF 5", "CHF"),
        ("5", ""),
        ("5k", ""),
    ],
)
def test_currencies_of_cells(text, code):
    shown = read_amounts(pd.Series(["1", text], index=[2, 3])).currencies
    assert (None if shown is None else shown.to_dict()) == ({2: "", 3: code} if code else None)


@pytest.mark.parametrize(
    ("cells", "mark", "amounts"),
    [
        (["1.234,56", "1.234", "12"], ",", [1234.56, 1234, 12]),
        (["1,234.56", "1,234", "12"], ".", [1234.56, 1234, 12]),
        (["12,5", "1.234"], ",", [12.5, 1234]),
        (["0.5", "1,234"], ".", [0.5, 1234]),
        (["0,500", "1.234"], ",", [0.5, 1234]),
        (["1.234.567", "1.234"], ",", [1234567, 1234]),
        (["1,234,567", "1.234"], ".", [1234567, 1.234]),
        (["1234.567", "1.234"], ".", [1234.567, 1.234]),
        (["€ 12,5", "€ 1.234"], ",", [12.5, 1234]),
        (["1 234,5", "1 234"], ",", [1234.5, 1234]),
        (["1'234.5", "1.234"], ".", [1234.5, 1.234]),
        (["1,234", "5,678"], ".", [1234, 5678]),
        (["1.234万", "2.345"], ".", [12340, 2.345]),
        (["12", "13"], ".", [12, 13]),
        (pd.array([1.234, "1.234,5"], dtype=object), ",", [1.234, 1234.5]),
        (["1,5 Mio.", "1.234"], ",", [1_500_000, 1234]),
    ],
)
def test_the_decimal_mark_is_decided_for_the_column(cells, mark, amounts):
    found = read_amounts(pd.Series(cells))
    assert found.decimal == mark
    assert found.values.tolist() == amounts
    assert as_amounts(pd.Series(cells), decimal=None)[0].tolist() == amounts


def test_two_decimal_marks_in_one_column_are_refused():
    cells = pd.Series(["1,234.56", "12", "1.234,56"], index=[2, 3, 4])
    with pytest.raises(
        InputError, match=r"'\.' in rows 2, such as '1,234.56'; ',' in rows 4, such as '1.234,56'"
    ) as caught:
        read_amounts(cells)
    assert caught.value.rows == (2, 4)
    for mark in (".", ","):
        assert read_amounts(cells, decimal=mark).faults[2].at.sum() == 1


@pytest.mark.parametrize(
    "cells", [["1.234", "5.678", "12"], ["€1.234", "5.678"], ["1.234", "5,678"], ["1.234元", "5.678"]]
)
def test_an_open_decimal_mark_is_asked(cells):
    with pytest.raises(
        InputError, match=r"thousands or have three decimals, such as '€?1.234元?' \(rows 2, 3\)"
    ) as caught:
        read_amounts(pd.Series(cells, index=range(2, 2 + len(cells))))
    assert "decimal='.'" in str(caught.value)
    assert "decimal=','" in str(caught.value)
    assert read_amounts(pd.Series(cells), decimal=".").values.iloc[0] == 1.234
    assert read_amounts(pd.Series(cells), decimal=",").values.iloc[0] == 1234


def test_a_number_with_three_decimals_under_a_chinese_unit_is_not_asked():
    assert read_amounts(pd.Series(["1.234", "5.678"]), header="金额(万元)").values.tolist() == [12340, 56780]


@pytest.mark.parametrize(
    ("header", "factor", "currency"),
    [
        ("金额(万元)", 1e4, "CNY"),
        ("金额（百万元）", 1e6, "CNY"),
        ("金额(千元)", 1e3, "CNY"),
        ("合同额（亿元）", 1e8, "CNY"),
        ("万元金额", 1e4, "CNY"),
        ("金额/万元", 1e4, "CNY"),
        ("金额_万", 1e4, ""),
        ("金额（单位：万元）", 1e4, "CNY"),
        ("金额 萬元", 1e4, "CNY"),
        ("订单金额万元", 1e4, "CNY"),
        ("金额以万元为单位", 1e4, "CNY"),
        ("合同额(亿)", 1e8, ""),
        ("金额【万元】", 1e4, "CNY"),
        ("金额(含税, 万元)", 1e4, "CNY"),
        ("金额(万美元)", 1e4, "USD"),
        ("金额（人民币万元）", 1e4, "CNY"),
        ("金额(W)", 1e4, ""),
        ("TEUR", 1e3, "EUR"),
        ("Umsatz T€", 1e3, "EUR"),
        ("Umsatz Tsd. €", 1e3, "EUR"),
        ("Umsatz (TEUR)", 1e3, "EUR"),
        ("k€", 1e3, "EUR"),
        ("Revenue $K", 1e3, "USD"),
        ("Revenue (USD k)", 1e3, "USD"),
        ("Revenue USD k", 1e3, "USD"),
        ("€m", 1e6, "EUR"),
        ("Umsatz Mio. EUR", 1e6, "EUR"),
        ("Revenue ($M)", 1e6, "USD"),
        ("Revenue in thousands", 1e3, ""),
        ("Revenue (000s)", 1e3, ""),
        ("Revenue '000", 1e3, ""),
        ("RMB'000", 1e3, "CNY"),
        ("Revenue (in USD millions)", 1e6, "USD"),
        ("Revenue k (USD)", 1e3, "USD"),
        ("Sales (x 1,000)", 1e3, ""),
        ("Amount (USD)", 1, "USD"),
        ("amount_usd", 1, "USD"),
        ("金额(分)", 0.01, ""),
        ("amount_cents", 0.01, ""),
        ("Amount (cents)", 0.01, ""),
        ("金额w", 1e4, ""),
        ("金额（万）元", 1e4, "CNY"),
        ("金额(元)", 1, "CNY"),
        ("金额（美元）", 1, "USD"),
        ("金额(万元/年)", 1e4, "CNY"),
        ("Sales\n(k EUR)", 1e3, "EUR"),
        ("Amount x1000", 1e3, ""),
        ("Amount ×1000", 1e3, ""),
        ("Amount*1000", 1e3, ""),
        ("Amount/1,000", 1e3, ""),
        ("amount_x1000", 1e3, ""),
        ("Amount (1000s)", 1e3, ""),
        ("Amount (USD/1000)", 1e3, "USD"),
        ("Amount (RMB 10,000)", 1e4, "CNY"),
        ("Amount (10k)", 1e4, ""),
        ("Amount (ten thousand yuan)", 1e4, "CNY"),
        ("Amount (CNY 100 million)", 1e8, "CNY"),
        ("金额<万元>", 1e4, "CNY"),
        ("金额{万元}", 1e4, "CNY"),
        ("金额“万元”", 1e4, "CNY"),
        ("金额‘万元’", 1e4, "CNY"),
        ("金额《万元》", 1e4, "CNY"),
        ("金额「万元」", 1e4, "CNY"),
        ("金额＜万元＞", 1e4, "CNY"),
        ("金额(百元)", 100, "CNY"),
        ("Amount (hundred)", 100, ""),
        ("Amount in hundreds", 100, ""),
    ],
)
def test_units_of_headers(header, factor, currency):
    found = unit_of_header(header)
    assert (found.factor, found.currency, found.source) == (factor, currency, "header")
    read = read_amounts(pd.Series(["1.25", 3], dtype=object), header=header)
    assert read.values.tolist() == [1.25 * factor, 3 * factor]
    assert read.unit == found
    assert (factor == 1) == (not read.notes)
    said = read_amounts(pd.Series(["1.25", 3], dtype=object), header=header, unit=found.word)
    assert said.values.tolist() == read.values.tolist()
    assert not said.notes


@pytest.mark.parametrize(
    "header",
    [
        "万科订单金额",
        "百万庄项目金额",
        "千禧金额",
        "亿达金额",
        "万达(北京)金额",
        "万元户金额",
        "亿元俱乐部",
        "百万医疗险保费",
        "千元店金额",
        "Markets",
        "Kmart amount",
        "amount",
        "M amount",
        "Team",
        "T-Shirt amount",
        "W Hotel amount",
        "Orders in May",
        "price try",
        "得分",
        "评分",
        "Amount Currency",
        "amount_m",
        "Year 2000",
        "重量(千克)",
        "Amount (net)",
        "million dollar club revenue",
        "Total",
        "Max1000",
        "Amount 1000",
        "Amount (1000)",
        "Size 100x1000",
        "百元店金额",
        "Revenue (net/gross)",
        2024,
        None,
    ],
)
def test_units_within_other_words_are_none(header):
    assert unit_of_header(header) is None
    assert read_amounts(pd.Series(["1.25"]), header=header).values.tolist() == [1.25]


@pytest.mark.parametrize("header", ["合同额(万元)/回款(元)", "Amount (USD) (EUR)", "TEUR (USD)"])
def test_headers_that_contradict_themselves_are_refused(header):
    with pytest.raises(UnitError, match="Rename it"):
        unit_of_header(header)


def test_two_units_in_one_header_are_refused():
    with pytest.raises(UnitError, match=r"'万元' and '千元'\. Rename it"):
        unit_of_header("金额(万元)(千元)")


@pytest.mark.parametrize("unit", ["百万", "百万元", "元", "亿", "k"])
def test_a_unit_against_the_header_is_refused(unit):
    cells = pd.Series(["1", "2.5"])
    with pytest.raises(UnitError, match=r"'金额\(万元\)' says 万元, amount_unit='.*Pass amount_unit='万元'") as caught:
        read_amounts(cells, unit=unit, header="金额(万元)")
    for call in pasted(caught):
        read = read_amounts(cells, header="金额(万元)", **call).values.tolist()
        assert read == [call["unit"], 2.5 * call["unit"]] if isinstance(call["unit"], float | int) else [10_000, 25_000]


def pasted(caught):
    """The units that a message says to pass."""
    return [
        {"unit": eval(value)}
        for value in re.findall(
            r"amount_unit=('[^']*'|[0-9.]+(?![0-9.]))(?=[ ;,.]|$)", str(caught.value).partition("Pass ")[2]
        )
    ]


@pytest.mark.parametrize(("unit", "factor"), [("万元", 1e4), ("万", 1e4), (1e4, 1e4), (1, 1), (1e6, 1e6)])
def test_a_unit_that_agrees_with_the_header_or_a_number(unit, factor):
    found = read_amounts(pd.Series(["1", "2.5"]), unit=unit, header="金额(万元)")
    assert found.values.tolist() == [factor, 2.5 * factor]
    assert found.unit.source == "argument"


@pytest.mark.parametrize("options", [{"header": "金额(万元)"}, {"unit": "万元"}])
def test_cells_in_another_unit_than_the_column_are_refused(options):
    cells = pd.Series(["50", "500000元", "3亿"], index=[2, 3, 4])
    with pytest.raises(
        UnitError, match=r"2 cells with another unit, such as '500000元' \(rows 3, 4\), while .* says 万元"
    ) as caught:
        read_amounts(cells, **options)
    assert pasted(caught) == [{"unit": 10_000}, {"unit": 1}]
    for call in pasted(caught):
        assert read_amounts(cells, **{**options, **call}).values.tolist() == [50 * call["unit"], 500_000, 3e8]


def test_cells_that_all_have_another_unit_leave_one_way_out():
    cells = pd.Series(["500000元", "3亿"])
    for unit in (None, 1e4, "万"):
        with pytest.raises(UnitError, match=r"2 cells with another unit") as caught:
            read_amounts(cells, unit=unit, header="金额(万元)")
        assert pasted(caught) == [{"unit": 1}]
    assert read_amounts(cells, unit=1, header="金额(万元)").values.tolist() == [500_000, 3e8]


def test_cells_in_the_unit_of_the_column_are_not_multiplied_twice():
    found = read_amounts(pd.Series(["50万元", "50", "¥50", 50], dtype=object), header="金额(万元)")
    assert found.values.tolist() == [500_000] * 4
    assert found.unit.word == "万元"


def test_cells_without_a_unit_stand_beside_those_with_one():
    found = read_amounts(pd.Series(["50万元", "300000", "1.2亿"]), header="合同金额(元)")
    assert found.values.tolist() == [500_000, 300_000, 1.2e8]
    assert found.notes == ("Cells that name a unit were read by it: 万 (1), 亿 (1).",)


@pytest.mark.parametrize("header", ["Amount (USD)", "TUSD", "金额(美元)"])
def test_a_currency_against_the_header_is_refused(header):
    cells = pd.Series(["5", "€6", "$7"], index=[2, 3, 4])
    with pytest.raises(InputError, match=r"cells show another currency, such as '€6' \(rows 3\)"):
        read_amounts(cells, header=header)
    assert read_amounts(cells.drop(3), header=header).currencies.tolist() == ["USD", "USD"]


def test_w_is_ten_thousand_beside_chinese_only():
    assert read_amounts(pd.Series(["5w", "1"]), header="金额").values.tolist() == [50_000, 1]
    assert read_amounts(pd.Series(["5W", "1元"])).values.tolist() == [50_000, 1]
    assert read_amounts(pd.Series(["5w", "1"]), header="amount").values.isna().tolist() == [True, False]


def test_amounts_with_and_without_tax_in_one_column_are_said():
    (note,) = read_amounts(pd.Series(["5（含税）", "6（不含税）", "7不含税"])).notes
    assert note == "The column has 2 amounts without tax and 1 amount with tax: they were not converted."


@pytest.mark.parametrize("unit", ["万元", "千", 100, 0.01])
def test_a_unit_loses_no_digit(unit):
    cents = np.arange(0, 2_000_000, 37)
    factor = {"万元": 10_000, "千": 1000}.get(unit, unit)
    numbers = pd.Series(cents / 100)
    exact = [float(Decimal(int(one)) * Decimal(str(factor)) / 100) for one in cents]
    assert read_amounts(numbers, unit=unit).values.tolist() == exact
    assert read_amounts(numbers.map(repr).astype("str"), unit=unit).values.tolist() == exact


def test_what_a_header_says_is_applied_and_told():
    with pytest.warns(DataWarning, match=r"multiplied by 10,000, as the name says 万元. Pass amount_unit='万元'"):
        assert unit_to_apply("金额(万元)", None) == 10_000
    assert unit_to_apply("金额(万元)", "万元") == 10_000
    assert unit_to_apply("金额(万元)", 1) == 1
    assert unit_to_apply("金额(元)", None) == 1


CELLS = st.one_of(
    st.text(max_size=20),
    st.text("0123456789.,' -+()¥$€元万亿kmMW税含不E", max_size=12),
    st.from_regex(r"[-(]?[¥$€]?[0-9]{1,3}([,.' ][0-9]{3}){0,3}([.,][0-9]{1,3})?(元|万元|k|%|EUR)?\)?", fullmatch=True),
    st.floats(),
    st.integers(),
    st.decimals(),
    st.none(),
    st.booleans(),
    st.dates(),
)


@settings(max_examples=50)
@given(
    st.lists(CELLS, max_size=4),
    st.sampled_from([None, ".", ","]),
    st.sampled_from([None, "万元", 1000]),
    st.sampled_from(["金额", "金额(万元)", "amount (k$)", "Umsatz"]),
)
def test_any_cells_are_read_or_named(cells, decimal, unit, header):
    cells = pd.Series(cells, dtype=object)
    try:
        found = read_amounts(cells, decimal=decimal, unit=unit, header=header)
    except InputError:
        return
    named = np.logical_or.reduce([fault.at for fault in found.faults])
    assert named.tolist() == found.values.isna().tolist()
    assert sum(fault.at.sum() for fault in found.faults) == named.sum()
    assert np.isfinite(found.values[~named]).all()


@given(
    st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=5),
    st.sampled_from(["{}", "¥{}", "{}元", "{} EUR", "（{}）", "　{}　"]),
    st.sampled_from([None, "own"]),
    st.sampled_from(["{:,.2f}", "{:.2f}", "european", "swiss", "spaced", "full-width"]),
)
def test_amounts_survive_every_style(cents, about, decimal, style):
    numbers = [abs(one) / 100 if about == "（{}）" else one / 100 for one in cents]
    swap = {
        "european": str.maketrans(",.", ".,"),
        "swiss": str.maketrans(",", "'"),
        "spaced": str.maketrans(",.", "\u202f,"),
        "full-width": str.maketrans("0123456789,.-", "０１２３４５６７８９，．－"),
    }
    form = style if style.startswith("{") else "{:,.2f}"
    texts = [about.format(form.format(number).translate(swap.get(style, {}))) for number in numbers]
    mark = "," if style in ("european", "spaced") else "."
    read = read_amounts(pd.Series(texts), decimal=mark if decimal else None)
    assert read.values.tolist() == [-number if about == "（{}）" else number for number in numbers]


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("100,-", 100), ("100.-", 100), ("CHF 1'234.-", 1234), ("1.234,-- €", 1234), ("100,—", 100), ("-100,-", -100),
        ("(100.-)", -100), ("100-", -100), ("1,234.00-", -1234),
    ],
)  # fmt: skip
def test_a_dash_behind_the_decimal_mark_stands_for_no_cents(cell, amount):
    assert as_amounts(pd.Series([cell, "5"]), decimal=None)[0].tolist() == [amount, 5]


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (["1,2345", "5"], 2),
        (["5,67", "1,234"], 3),
        (["€5,67", "1,234 €"], 3),
        (["12,5", "-1,2345"], 3),
        (["100,-", "1,234"], 3),
        (["0,125", "1,2345"], 3),
    ],
)
def test_a_comma_that_may_mark_groups_beside_decimals_is_refused(cells, row):
    cells = pd.Series(cells, index=[2, 3])
    with pytest.raises(InputError, match=rf"groups of digits.*rows {row}\)\. Pass decimal=','"):
        read_amounts(cells)
    assert not any(fault.at.any() for fault in read_amounts(cells, decimal=",").faults)


@pytest.mark.parametrize("other", ["0,125", "1234,567", "1.234,567", "3,14159", "012,345"])
def test_a_number_that_shows_three_decimals_settles_the_comma(other):
    assert read_amounts(pd.Series(["1,234", "5,67", other])).values.tolist()[:2] == [1.234, 5.67]


@pytest.mark.parametrize("cell", ["1.2E+05", "1E+05", "1.23457E+17", "1,2E+05", "¥1.2E+05", "1.2E+05万"])
def test_amounts_that_a_spreadsheet_has_shortened_are_refused(cell):
    fault = read_amounts(pd.Series([cell])).faults[2]
    assert fault.at.tolist() == [True]
    assert "leaves digits out" in fault.cure


@pytest.mark.parametrize(
    ("cell", "amount"), [("1e5", 1e5), ("1.2E5", 1.2e5), ("1e+16", 1e16), ("1.2345678E+05", 123456.78)]
)
def test_powers_of_ten_of_a_program_are_exact(cell, amount):
    assert as_amounts(pd.Series([cell]))[0].tolist() == [amount]


ENDS = (
    "({})",
    "（{}）",
    "[{}]",
    "【{}】",
    "<{}>",
    "{{{}}}",
    "“{}”",
    "《{}》",
    " {}",
    "_{}",
    "/{}",
    "|{}",
    "·{}",
    "{}",
    "*{}",
    " x{}",
)
WORTH = {
    "k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6, "bn": 1e9, "千": 1e3, "百元": 100, "万": 1e4, "万元": 1e4, "亿元": 1e8,
    "TEUR": 1e3, "kUSD": 1e3, "$k": 1e3, "€m": 1e6, "000s": 1e3, "'000": 1e3, "1000": 1e3, "1,000": 1e3, "1000s": 1e3,
    "USD/1000": 1e3, "hundred": 100, "thousand": 1e3, "cents": 0.01, "分": 0.01, "w": 1e4, "10k": 1e4, "lakh": 1e5,
}  # fmt: skip


@pytest.mark.parametrize("base", ["Amount", "订单金额", "Amount (USD)", "Amount (net)", "订单金额（含税）"])
def test_a_unit_that_is_no_part_of_a_name_is_read(base):
    taken = 0
    for end in ENDS:
        for word, worth in WORTH.items():
            for name in (f"{base}{end.format(word)}", f"{base}{end.format(word)} (USD)", f"{base}{end.format(word)} *"):
                if plain_name(name) != plain_name(base):
                    continue
                stated, taken = unit_of_header(name), taken + 1
                assert stated is not None, name
                assert stated.factor == worth, name
    assert taken > 100


@pytest.mark.parametrize("name", ["Rate (USD/CNY)", "Amount (k/m)"])
def test_a_column_of_two_units_stands_in_nobodys_way(name):
    assert plain_name(name) == name.replace(" ", "").lower()
