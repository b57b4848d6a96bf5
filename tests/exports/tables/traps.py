"""Cells and headers that look plain and are easily read wrong."""

import datetime as dt
from decimal import Decimal

from tests.exports.cases import book, either, reads, refuses, text
from tests.exports.tables.dates import log as days
from tests.exports.tables.dates import true as on
from tests.exports.tables.money import log, true
from tests.exports.workbooks import Sheet, write_xlsx

D = dt.date
BODY = [["k1", D(2024, 3, 1), 1.5], ["k2", D(2024, 3, 2), 20]]
HEAD = ["客户编号", "订单日期", "订单金额"]
TEN_THOUSANDS = true("15000", "200000")
UNIT_ABOVE = [["2024年订单"], ["单位：万元"], HEAD, *BODY]
UNIT_ABOVE_AT_ODDS = [["2024年订单"], ["单位：元"], [*HEAD[:2], "订单金额(万元)"], *BODY]
UNIT_IN_GROUP = [
    ["客户编号", "订单日期", "金额(万元)", None],
    [None, None, "合同", "回款"],
    ["k1", D(2024, 3, 1), 1.5, 1],
    ["k2", D(2024, 3, 2), 20, 10],
]
UNIT_COLUMN = "客户编号,订单日期,订单金额,单位\nk1,2024-03-01,1.5,万元\nk2,2024-03-02,20,万元\n"
MIXED_UNITS = "客户编号,订单日期,订单金额,金额单位\nk1,2024-03-01,1.5,万元\nk2,2024-03-02,20,元\n"
PIECES = "客户编号,订单日期,订单金额,单位\nk1,2024-03-01,1.5,台\nk2,2024-03-02,20,套\n"
TURNED_ROUND = [
    HEAD,
    ["k1", D(2024, 5, 3), 10],
    ["k2", "13/05/2024", 11],
    ["k3", D(2024, 12, 5), 12],
    ["k4", "25/12/2024", 13],
]
UNKNOWN_OF_TIME = "客户编号,订单日期,订单金额\nk1,2024-03-01,5\nk2,2204-03-02,6\n"
TWO_MONEYS = "客户编号,订单日期,订单金额,币种\nk1,2024-03-01,100,USD\nk2,2024-03-02,200,CNY\n"
CODED = "客户编号,订单日期,订单金额,币种\nk1,2024-03-01,100,1\nk2,2024-03-02,200,1\n"
VOID_DOLLARS = "客户编号,订单日期,订单金额,币种,订单状态\nk1,2024-03-01,100,USD,作废\nk2,2024-03-02,200,CNY,有效\n"
IN_YUAN = true("700", "200")
HEADERS = {
    "1000": ["Amount x1000", "Amount*1000", "Amount (1000s)", "Amount ×1000", "Amount '000", "Sales KUSD", "TEUR"],
    "10000": ["订单金额<万元>", "订单金额{万元}", "订单金额“万元”", "订单金额万元", "订单金额：万元", "订单金额(¥万)"],
    "0.01": ["订单金额(分)", "Amount (cents)", "amount_cents"],
    "100": ["订单金额(百元)", "Amount (hundred)"],
    "10000.0": ["金额（万元，含税）", "合同金额（人民币：万元）", "万元(含税)金额"],
    "1": ["订单金额（元）（必填）", "*订单金额(元)", "订单金额(元/含税)", "USD Amount"],
    "1000000": ["Sales ($MM)", "Mio. €", "营收(人民币百万元)", "Amount (millions of USD)"],
}
TAGS = {"100,-": "100", "100.-": "100", "100-": "-100", "+100": "100", "- 100": "-100", "100.": "100", ".5": "0.5"}
UNIT_ROW = "客户编号,订单日期,订单金额\n,,万元\nk1,2024-03-01,1.5\nk2,2024-03-02,20\n"


def odd(cell: str, header: str = "订单金额"):
    """An amount that is none, below one that is."""
    return refuses(f"amount {cell!r}", log(header, "100", cell), r"row 3\b", right=[true("100")])


CASES = [
    reads("unit above the table", book(write_xlsx, "a.xlsx", Sheet(UNIT_ABOVE)), TEN_THOUSANDS, says={"unit": "万元"}),
    reads(
        "unit above the table of a CSV",
        text("2024年订单,,\n单位：万元,,\n客户编号,订单日期,订单金额\nk1,2024-03-01,1.5\nk2,2024-03-02,20\n"),
        TEN_THOUSANDS,
    ),
    refuses(
        "units above and in the header",
        book(write_xlsx, "a.xlsx", Sheet(UNIT_ABOVE_AT_ODDS)),
        "万元",
        "元",
        "amount_unit=",
        right=[TEN_THOUSANDS, true("1.5", "20")],
    ),
    reads(
        "unit of a group of columns",
        book(write_xlsx, "a.xlsx", Sheet(UNIT_IN_GROUP, merged=[(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3)])),
        TEN_THOUSANDS,
        amount="金额(万元).合同",
    ),
    reads(
        "unit below a line end",
        book(write_xlsx, "a.xlsx", Sheet([[*HEAD[:2], "订单金额\n(万元)"], *BODY])),
        TEN_THOUSANDS,
    ),
    refuses("a column of units", text(UNIT_COLUMN), "单位", "万元", right=[TEN_THOUSANDS]),
    refuses("a column of several units", text(MIXED_UNITS), "金额单位", "万元"),
    reads("a column of pieces", text(PIECES), true("1.5", "20")),
    refuses("dates that Excel has turned round", book(write_xlsx, "a.xlsx", Sheet(TURNED_ROUND)), r"13/05/2024"),
    refuses("a year far ahead", text(UNKNOWN_OF_TIME), "2204", r"row 3\b", right=[true("5")]),
    reads(
        "codes that look like powers of ten",
        text("客户编号,订单日期,订单金额\n12E5,2024-03-01,5\n1E3,2024-03-02,6\n"),
        "12E5 2024-03-01 5\n1E3 2024-03-02 6",
    ),
    refuses(
        "dollars, those of Hong Kong wanted",
        log("Amount", "$100", "$20"),
        "USD",
        "HKD",
        currency="HKD",
        right=[true("100", "20")],
    ),
    reads("thousands with commas alone", log("订单金额", "1,234", "5,678"), true("1234", "5678")),
    reads("thousands of SAP with the minus behind", log("Amount", "1,234.00-", "5.00"), true("-1234", "5")),
    reads("narrow blanks within thousands", log("Amount", "1\u202f234,50", "12\u202f000,00"), true("1234.5", "12000")),
    *[
        odd(cell)
        for cell in (
            "约1200",
            "1200起",
            "1200-1500",
            "1200/1500",
            "1.2.3",
            "12 34",
            "100²",
            "100①",
            "1OO",
            "壹万",
            "三万元",
            "2万5",
            "100万以上",
            "万元",
            "1,000,00",
            "½",
            "1.2万-1.5万",
            "2024-03-01",
            "TRUE",
            "0x10",
            "1_000",
            "∞",
            "nan",
        )
    ],
    *[
        refuses(f"date {cell!r}", days("2024-03-05", cell), r"row 3\b", right=[on("2024-03-05")])
        for cell in (
            "2024-03-05①",
            "2024-3",
            "2024",
            "03-05",
            "2024-W10",
            "第一季度",
            "2024/3/5-3/9",
            "29/02/2023",
            "now",
            "2024-03-00",
            "20240230",
            "99999999",
        )
    ],
    *[reads(f"amount {cell!r}", log("Amount", cell, "5"), true(amount, "5")) for cell, amount in TAGS.items()],
    refuses(
        "four digits behind a comma",
        log("订单金额", "1,2345", "5"),
        r"1,2345",
        right=[true("12345", "5"), true("1.2345", "5")],
    ),
    refuses(
        "an amount that Excel has shortened", log("订单金额", "1.2E+05", "3"), r"1\.2E\+05", right=["k2 2024-03-02 3"]
    ),
    reads(
        "the sign of yuan, yen said",
        log("Amount", "¥100", "¥20"),
        true("100", "20"),
        currency="JPY",
        says={"currency": "JPY"},
    ),
    reads("a row of units below the header", text(UNIT_ROW), TEN_THOUSANDS, "row of units | -"),
    refuses(
        "an id that Excel has made a day",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, [D(2024, 3, 1), D(2024, 3, 1), 4], ["k2", D(2024, 3, 2), 5]])),
        r"row 2\b",
    ),
    refuses(
        "a rounded id beside text",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, [41111111111111110000, D(2024, 3, 1), 4], ["k2", D(2024, 3, 2), 5]])),
        r"row 2\b",
    ),
    refuses(
        "unit in the name of the sheet",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, *BODY], "订单(万元)")),
        "万元",
        right=[TEN_THOUSANDS, true("1.5", "20")],
    ),
    refuses(
        "a time zone of no such name",
        log("订单金额", "5"),
        "time_zone",
        "Asia/Shangai",
        time_zone="Asia/Shangai",
        right=[true("5")],
    ),
    refuses(
        "a format that does not fit",
        days("2024-03-05", "2024-03-06"),
        r"rows 2 and 3|rows 2, 3",
        date_format="%d.%m.%Y",
        right=[on("2024-03-05", "2024-03-06")],
    ),
    refuses("a rate that is no number", text(TWO_MONEYS), "USD", "rates=", currency="CNY", rates={"USD": True}),
    refuses("a rate in text", text(TWO_MONEYS), "USD", "rates=", currency="CNY", rates={"USD": "7.0"}),
    refuses("a rate of 0", text(TWO_MONEYS), "USD", "rates=", currency="CNY", rates={"USD": 0}),
    reads(
        "currencies and rates in words",
        text(TWO_MONEYS),
        IN_YUAN,
        currency="人民币",
        rates={"美元": 7.0},
        file_amount="300",
        says={"currency": "CNY"},
    ),
    refuses("a currency that is no currency", text(CODED), "currency", "'1'", right=[true("100", "200")]),
    reads(
        "another currency in a void row alone",
        text(VOID_DOLLARS),
        "k2 2024-03-02 200",
        "by status: void | 100",
        says={"currency": "CNY"},
    ),
    refuses(
        "three and two digits behind a comma",
        log("Amount", "1,234", "5,67"),
        "1,234|5,67",
        right=[true("1.23", "5.67"), true("1234", "5.67"), "k1 2024-03-01 1234", "k2 2024-03-02 5.67"],
    ),
    either(
        "unit below the table",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, *BODY, [], ["单位：万元"]])),
        TEN_THOUSANDS,
        "万元",
        right=[true("1.5", "20")],
    ),
    either(
        "unit in a note below the table",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, *BODY, ["注：以上金额均为含税金额，单位万元"]])),
        TEN_THOUSANDS,
        "万元",
        right=[true("1.5", "20")],
    ),
    *[
        either(
            f"header {header}",
            log(header, "50", "20"),
            true(str(50 * Decimal(factor)), str(20 * Decimal(factor))),
            "amount_unit=|unit",
            amount=header,
        )
        for factor, headers in HEADERS.items()
        for header in headers
    ],
]
