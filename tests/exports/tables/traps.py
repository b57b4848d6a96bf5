"""What looks plain and is easily read wrong."""

import datetime as dt

from tests.exports.cases import book, raw, reads, refuses, text
from tests.exports.tables.columns import status
from tests.exports.tables.columns import true as orders
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
RETURNS = "客户编号,订单日期,订单金额,单据类型\nk1,2024-03-01,10,销售\nk2,2024-03-02,11,退货\nk3,2024-03-03,12,销售\n"
REFUNDS = RETURNS.replace("单据类型", "Type").replace("销售", "Sale").replace("退货", "Refund")
MOST_REPEAT = """
订单编号,客户编号,订单日期,订单金额,产品
A-1,k1,2024-03-01,100,白板
A-1,k1,2024-03-01,100,笔
A-2,k2,2024-03-02,70,白板
A-2,k2,2024-03-02,70,笔
A-3,k3,2024-03-03,50,墨
A-3,k3,2024-03-03,50,笔
A-4,k4,2024-03-04,30,墨
A-4,k4,2024-03-04,31,笔
"""
MOST_ADDED = """
k1 2024-03-01 100
k1 2024-03-01 100
k2 2024-03-02 70
k2 2024-03-02 70
k3 2024-03-03 50
k3 2024-03-03 50
k4 2024-03-04 30
k4 2024-03-04 31
"""
BLANK_LINES = """
订单编号,客户编号,订单日期,产品,金额
A-1,k1,2024-03-01,白板,100
,,,笔,20
A-2,k2,2024-03-02,墨,30
"""
PAGES = """
客户编号,订单日期,订单金额
k1,2024-03-01,100
k2,2024-03-02,50
本页小计,,150
k3,2024-03-03,30
本页小计,,30
累计,,180
"""
WIDE = "客户名称,2024-01,2024-02,2024-03\n王芳,100,,50\n李娜,,80,\n"
PIVOT = [["Row Labels", "Sum of Amount"], ["Acme", 400], ["Beta", 80], ["Grand Total", 480]]
TAXES = "客户编号,订单日期,金额(含税),金额(不含税)\nk1,2024-03-01,113,100\nk2,2024-03-02,226,200\n"
PRICES = "客户编号,订单日期,数量,单价\nk1,2024-03-01,2,5\n"
SPANNED = """<table><tr><th colspan=3>2024年订单</th></tr><tr><th>客户编号<th>订单日期<th>订单金额</tr>
<tr><td>0004<td>2024-03-01<td>1,200.50&nbsp;</tr>
<tr><td rowspan=2>k&amp;k<td>2024-03-05<td>80</tr>
<tr><td>2024-03-06<td>90</tr></table>"""
TWO_TABLES = f"<table><tr><td>Export</td></tr></table>{SPANNED}"
UNKNOWN_OF_TIME = "客户编号,订单日期,订单金额\nk1,2024-03-01,5\nk2,2204-03-02,6\n"

TAGS = {"100,-": "100", "100.-": "100", "100-": "-100", "+100": "100", "- 100": "-100", "100.": "100", ".5": "0.5"}
UNIT_ROW = "客户编号,订单日期,订单金额\n,,万元\nk1,2024-03-01,1.5\nk2,2024-03-02,20\n"
CHANCES = "客户编号,预计成交日期,金额,赢率\nk1,2024-03-01,10,100%\nk2,2026-12-30,11,50%\n"
UNNUMBERED = "订单编号,客户编号,订单日期,订单金额\n,k1,2024-03-01,5\n,k1,2024-03-01,5\nA-1,k2,2024-03-02,6\n"
BELOW = "客户编号,订单日期,订单金额\nk1,2024-03-01,20.01\nk2,2024-03-02,50\nk3,2024-03-03,30.02\nk4,2024-03-04,20\n"
BELOW_TRUE = "k1 2024-03-01 20.01\nk2 2024-03-02 50\nk3 2024-03-03 30.02\nk4 2024-03-04 20"


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
    reads(
        "returns in a column of kinds", text(RETURNS), orders(1, 2, 3), warns="单据类型.*keep=", right=[orders(1, 3)]
    ),
    reads("refunds in a column of types", text(REFUNDS), orders(1, 2, 3), warns="Type.*keep=", right=[orders(1, 3)]),
    refuses("most orders repeat their total, one does not", text(MOST_REPEAT), "lines=", right=[MOST_ADDED]),
    reads("blank cells below an order", text(BLANK_LINES), "k1 2024-03-01 100\nk1 2024-03-01 20\nk2 2024-03-02 30"),
    reads(
        "subtotals of pages",
        text(PAGES),
        "k1 2024-03-01 100\nk2 2024-03-02 50\nk3 2024-03-03 30",
        "total | 150\ntotal | 30\ntotal | 180",
    ),
    refuses("a table with a column a month", text(WIDE), "date"),
    refuses("a pivot table", book(write_xlsx, "a.xlsx", Sheet(PIVOT)), "customer|date"),
    refuses(
        "amounts with and without tax",
        text(TAXES),
        r"金额\(含税\)",
        r"金额\(不含税\)",
        right=[true("113", "226"), true("100", "200")],
    ),
    refuses("quantities and prices alone", text(PRICES), "amount", error=KeyError, right=["k1 2024-03-01 -"]),
    reads(
        "a page with a title and a customer over two rows",
        text(SPANNED, name="a.xls"),
        "0004 2024-03-01 1200.50\nk&k 2024-03-05 80\nk&k 2024-03-06 90",
    ),
    reads(
        "a page with another table",
        text(TWO_TABLES, name="a.html"),
        "0004 2024-03-01 1200.50\nk&k 2024-03-05 80\nk&k 2024-03-06 90",
    ),
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
    *[reads(f"amount {cell!r}", log("Amount", cell, "5.00"), true(amount, "5")) for cell, amount in TAGS.items()],
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
    refuses("a row of units below the header", text(UNIT_ROW), "万元", r"row 2\b", right=[TEN_THOUSANDS]),
    reads("chances without a stage", text(CHANCES), orders(1), "open | 11", date="预计成交日期"),
    reads(
        "equal rows without an order number",
        text(UNNUMBERED),
        "k1 2024-03-01 5\nk1 2024-03-01 5\nk2 2024-03-02 6",
        warns="every cell",
        right=["k1 2024-03-01 5\nk2 2024-03-02 6"],
    ),
    *[
        reads(f"{word} below", text(BELOW + f"{word},2024-12-31,30\n"), BELOW_TRUE, "rows | 30")
        for word in ("平均值", "平均", "Average")
    ],
    *[
        reads(f"{word} above", text(BELOW.replace("k1,", f"{word},2024-01-01,1000\nk1,", 1)), BELOW_TRUE, "rows | 1000")
        for word in ("期初余额", "上年结转", "Opening balance")
    ],
    reads(
        "a total of an unknown name",
        text(BELOW + "FY2024,2024-12-31,120.03\n"),
        BELOW_TRUE + "\nFY2024 2024-12-31 120.03",
        warns="FY2024|row 6",
    ),
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
    reads(
        "a date merged over two orders",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, ["k1", D(2024, 3, 1), 4], ["k2", None, 5]], merged=[(1, 1, 2, 1)])),
        "k1 2024-03-01 4\nk2 2024-03-01 5",
    ),
    refuses(
        "an amount merged over two orders",
        book(
            write_xlsx,
            "a.xlsx",
            Sheet([HEAD, ["k1", D(2024, 3, 1), 4], ["k2", D(2024, 3, 2), None]], merged=[(1, 2, 2, 2)]),
        ),
        "amount",
        r"row 3\b",
        right=["k1 2024-03-01 4"],
    ),
    refuses(
        "the header again in English",
        text("客户编号,订单日期,订单金额\nCustomer ID,Order date,Amount\nk1,2024-03-01,5\n"),
        r"row 2\b",
        right=["k1 2024-03-01 5"],
    ),
    refuses(
        "names of groups between the rows",
        text("客户编号,订单日期,订单金额\n华东区,,\nk1,2024-03-01,5\n华北区,,\nk2,2024-03-02,6\n"),
        r"rows 2 and 4|rows 2, 4",
        right=[true("5", "6")],
    ),
    reads("a year above the header", text("2024\n客户编号,订单日期,订单金额\nk1,2024-03-01,5\n"), true("5")),
    refuses("JSON", raw("a.csv", b'[{"customer":"a","date":"2024-03-01","amount":5}]'), "header|column"),
    refuses(
        "an encoding for a workbook",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, *BODY])),
        "encoding",
        encoding="gbk",
        right=[true("1.5", "20")],
    ),
    refuses("a sheet for a CSV", log("订单金额", "5"), "sheet", sheet="2024", right=[true("5")]),
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
    refuses(
        "status words beside a total that is no sum",
        status("订单状态", "有效", "作废", "有效", "", more="\nk9 小计,2024-03-09,10,"),
        "订单状态",
        right=[orders(1, 3)],
    ),
]
