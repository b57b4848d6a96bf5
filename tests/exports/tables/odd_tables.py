"""Tables of an odd shape: totals, lines, groups and notes where nobody expects them."""

import datetime as dt

import pandas as pd

from tests.exports.cases import book, either, raw, reads, refuses, text
from tests.exports.tables.columns import true as orders
from tests.exports.tables.money import log, true
from tests.exports.workbooks import Sheet, write_xlsx

D = dt.date
BODY = [["k1", D(2024, 3, 1), 1.5], ["k2", D(2024, 3, 2), 20]]
TEN_THOUSANDS = true("15000", "200000")
HEAD = ["客户编号", "订单日期", "订单金额"]
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
WITHOUT_VOID = """
客户编号,订单日期,订单金额,订单状态
k1,2024-03-01,10,有效
k1,2024-03-02,11,作废
k1 小计,2024-03-03,10,
k2,2024-03-04,12,有效
"""
SUBTOTAL_LINE = """
订单编号,客户编号,订单日期,产品,金额
A-1,k1,2024-03-01,笔,100
A-1,k1,2024-03-01,墨,50
A-1,k1,2024-03-01,合计,150
A-2,k2,2024-03-02,小计,70
A-2,k2,2024-03-02,笔,20
"""
SUBTOTAL_TRUE = "k1 2024-03-01 100\nk1 2024-03-01 50\nk2 2024-03-02 70\nk2 2024-03-02 20"
BLANK_BEHIND = (
    "订单编号,客户编号,订单日期,产品,金额\nA1,k1,2024-03-01,笔,100\nA1 ,k1,2024-03-01,墨,30\nA2,k2,2024-03-02,笔,5\n"
)
TAOBAO = """
订单编号,买家会员名,买家实际支付金额,订单状态,订单付款时间
'1234567890123456789,tb_1,12.50,交易成功,2024-03-01 10:00:00
'1234567890123456790,tb_2,10.00,交易关闭,
"""
FLAGS = [[*HEAD, "有效"], ["k1", D(2024, 3, 1), 4, True], ["k2", D(2024, 3, 2), 5, False]]
PLAIN = "客户编号,订单日期,订单金额\nk1,2024-03-01,5\nk2,2024-03-02,6\n"
CHANCES = "客户编号,预计成交日期,金额,赢率\nk1,2024-03-01,10,100%\nk2,2026-12-30,11,50%\n"
UNNUMBERED = "订单编号,客户编号,订单日期,订单金额\n,k1,2024-03-01,5\n,k1,2024-03-01,5\nA-1,k2,2024-03-02,6\n"
BELOW = "客户编号,订单日期,订单金额\nk1,2024-03-01,20.01\nk2,2024-03-02,50\nk3,2024-03-03,30.02\nk4,2024-03-04,20\n"
BELOW_TRUE = "k1 2024-03-01 20.01\nk2 2024-03-02 50\nk3 2024-03-03 30.02\nk4 2024-03-04 20"
PERCENT = """
Account ID,Close Date,Amount,Stage,Probability (%)
k1,2024-03-01,5,Closed Won,
k2,2026-12-01,7,Prospecting,1
"""
OPEN_UNIT = """
客户编号,预计成交日期,商机金额(万元),商机阶段,赢率
k1,2024-03-01,5,赢单,100%
k2,2026-12-01,7,谈判中,50%
"""

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Total,Lineitem quantity,Lineitem name,Created at\n"
    "#1001,a@x.com,paid,2024-03-01 10:00:00 +0800,fulfilled,100.00,1,Cup,2024-03-01\n"
    "#1001,a@x.com,,,,,1,Mug,2024-03-01\n"
    "#1002,b@x.com,refunded,2024-03-05 10:00:00 +0800,,50.00,1,Cup,2024-03-05\n"
    "#1003,a@x.com,paid,2024-04-05 10:00:00 +0800,,50.00,1,Cup,2024-04-05\n"
)
SHOPIFY_TRUE = "a@x.com 2024-03-01 100\na@x.com 2024-04-05 50"
TAOBAO_WORDS = (
    "订单编号,买家会员名,买家实际支付金额,订单状态,订单付款时间\n1,tb1,99,交易成功,2024-03-01 12:00:00\n"
    "2,tb2,59,交易关闭,\n3,tb1,19,卖家已发货，等待买家确认,2024-03-03 12:00:00\n4,tb3,9,等待买家付款,\n"
)

CASES = [
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
    reads(
        "subtotals of a customer without void rows",
        text(WITHOUT_VOID),
        "k1 2024-03-01 10\nk2 2024-03-04 12",
        "by status: void | 11\ntotal | 10",
    ),
    reads("a subtotal among the lines of an order", text(SUBTOTAL_LINE), SUBTOTAL_TRUE, "total | 150"),
    reads(
        "blanks behind order numbers",
        text(BLANK_BEHIND),
        "k1 2024-03-01 100\nk1 2024-03-01 30\nk2 2024-03-02 5",
        says={"notes": "1 order of several rows"},
    ),
    reads(
        "flags of valid rows in a workbook",
        book(write_xlsx, "a.xlsx", Sheet(FLAGS)),
        "k1 2024-03-01 4",
        "by status: void | 5",
    ),
    reads(
        "words to keep that are numbers",
        text("客户编号,订单日期,订单金额,状态码\nk1,2024-03-01,100,1\nk2,2024-03-02,200,2\n"),
        true("100"),
        "by status | 200",
        keep={"状态码": [1]},
    ),
    reads("Taobao", text(TAOBAO, encoding="gbk"), "tb_1 2024-03-01 12.50", "by status: void | 10"),
    either(
        "filters above the header",
        text("区域,华东,\n日期,2024-01-01,2024-12-31\n\n" + PLAIN),
        true("5", "6"),
        "header=4",
    ),
    either("a title of several cells", text("2024年,销售,明细\n" + PLAIN), true("5", "6"), "header=2"),
    refuses(
        "two tables below each other",
        text(PLAIN + "\n产品,库存,单价\n笔,5,3\n"),
        r"row 5\b|rows 5",
        right=[true("5", "6")],
    ),
    refuses(
        "the same table again below a title",
        text(PLAIN + "\n2025年,,\n" + PLAIN.replace("2024", "2025")),
        r"row 5\b",
        right=[true("5", "6") + "\n" + true("5", "6").replace("2024", "2025")],
    ),
    reads(
        "a total in the first row",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, ["合计", None, 21.5], *BODY])),
        true("1.5", "20"),
        "total | 21.5",
    ),
    refuses(
        "a total above the header",
        book(write_xlsx, "a.xlsx", Sheet([["合计", None, 21.5], HEAD, *BODY])),
        "header",
        right=[true("1.5", "20")],
    ),
    refuses(
        "two tables side by side",
        book(write_xlsx, "a.xlsx", Sheet([[*HEAD, None, *HEAD], [*BODY[0], None, *BODY[1]]])),
        "same name",
        error=KeyError,
    ),
    refuses(
        "a table on its side",
        book(write_xlsx, "a.xlsx", Sheet([list(row) for row in zip(HEAD, *BODY, strict=True)])),
        "column|header",
    ),
    refuses("a file cut off in its last row", text(PLAIN.rstrip("\n")[:-4]), r"row 3\b", right=[true("5")]),
    reads(
        "notes beside the table",
        book(write_xlsx, "a.xlsx", Sheet([[*HEAD, None, "说明"], [*BODY[0], None, "abc"], [*BODY[1], None, None]])),
        true("1.5", "20"),
    ),
    either(
        "sheets with different units above",
        book(
            write_xlsx, "a.xlsx", Sheet([["单位：万元"], HEAD, BODY[0]], "a"), Sheet([["单位：元"], HEAD, BODY[1]], "b")
        ),
        true("15000", "20"),
        "单位|unit",
        sheet="all",
        right=[true("1.5", "20")],
    ),
    either(
        "sheets of which one has a unit above",
        book(write_xlsx, "a.xlsx", Sheet([["单位：万元"], HEAD, BODY[0]], "a"), Sheet([HEAD, BODY[1]], "b")),
        true("15000", "20"),
        "万元",
        sheet="all",
        right=[TEN_THOUSANDS, true("1.5", "20")],
    ),
    refuses(
        "sheets named by currencies",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, BODY[0]], "USD"), Sheet([HEAD, BODY[1]], "CNY")),
        "USD",
        "CNY",
        sheet="all",
        right=[true("1.5"), "k2 2024-03-02 20"],
    ),
    either(
        "English unit above",
        text("Unit: RMB million\n" + PLAIN),
        true("5000000", "6000000"),
        "million",
        right=[true("5", "6")],
    ),
    either(
        "in thousands above",
        text("Orders 2024 (in thousands)\n" + PLAIN),
        true("5000", "6000"),
        "thousands",
        right=[true("5", "6")],
    ),
    refuses(
        "another currency above",
        text("币种：美元\n" + PLAIN.replace(",5\n", ",￥5\n").replace(",6\n", ",￥6\n")),
        "CNY|￥",
        right=[true("5", "6")],
    ),
    reads("a title with an amount", text("2024年突破500万元销售额\n" + PLAIN), true("5", "6")),
    reads("a title with a company called 万元", text("万元科技有限公司销售明细\n" + PLAIN), true("5", "6")),
    reads("a unit of pieces above", text("单位：件\n" + PLAIN), true("5", "6")),
    reads(
        "customers called like averages",
        text(PLAIN.replace("k1", "平均律乐器行").replace("k2", "Average Joe's Gym")),
        "平均律乐器行 2024-03-01 5\nAverage Joe's Gym 2024-03-02 6",
    ),
    reads(
        "kinds of customers",
        text(PLAIN.replace("订单金额", "订单金额,类型").replace(",5", ",5,新客户").replace(",6", ",6,老客户")),
        true("5", "6"),
    ),
    reads("an order far back", text(PLAIN.replace("2024-03-01", "1996-03-01")), "k1 1996-03-01 5\nk2 2024-03-02 6"),
    refuses(
        "companies in one cell of ids",
        text("Record ID,Deal Stage,Close Date,Amount,Associated Company IDs\n1,Closed won,2024-03-01,5,7001;7002\n"),
        "7001;7002",
        r"row 2\b",
    ),
    reads(
        "a company with a semicolon", text(PLAIN.replace("k1", "A;B GmbH")), "A;B GmbH 2024-03-01 5\nk2 2024-03-02 6"
    ),
    reads("one percent", text(PERCENT), "k1 2024-03-01 5", "open | 7", open=[("k2", "7", 0.01, "2026-12-01")]),
    reads(
        "chances between 0 and 1",
        text(PERCENT.replace(" (%)", "").replace(",1\n", ",0.1\n")),
        "k1 2024-03-01 5",
        "open | 7",
        open=[("k2", "7", 0.1, "2026-12-01")],
    ),
    reads(
        "amounts of open rows in 万元",
        text(OPEN_UNIT),
        "k1 2024-03-01 50000",
        "open | 70000",
        date="预计成交日期",
        open=[("k2", "70000", 0.5, "2026-12-01")],
    ),
    reads(
        "Shopify, an order of two lines",
        text(SHOPIFY),
        "a@x.com 2024-03-01 100\na@x.com 2024-04-05 50",
        "line of an order, without an amount of its own | -\nby status: refunded | 50",
        preset="shopify",
    ),
    refuses("Shopify, two days", text(SHOPIFY), "Paid at", "Created at", right=[SHOPIFY_TRUE]),
    reads(
        "Taobao's own words",
        text(TAOBAO_WORDS),
        "tb1 2024-03-01 99\ntb1 2024-03-03 19",
        "by status: void | 59\nby status: draft | 9",
    ),
    reads(
        "a return below zero under a refunded status",
        text(
            "Customer,Date,Amount,Status\nA,2024-03-01,100,Paid\nA,2024-03-05,-100,Refunded\nB,2024-03-06,50,Refunded\n"
        ),
        "A 2024-03-01 100\nA 2024-03-05 -100",
        "by status: refunded | 50",
    ),
    reads(
        "numbers used again by other customers",
        text(
            "Order ID,Customer,Date,Amount\n1,A,2024-03-01,100\n1,B,2024-03-01,100\n"
            "3,D,2024-03-03,70\n3,E,2024-03-03,70\n"
        ),
        "A 2024-03-01 100\nB 2024-03-01 100\nD 2024-03-03 70\nE 2024-03-03 70",
    ),
    reads(
        "numbers used again on other days",
        text(
            "Order ID,Customer,Date,Amount\n1,A,2024-03-01,100\n1,A,2024-04-01,100\n"
            "2,C,2024-03-02,50\n2,C,2024-04-02,50\n"
        ),
        "A 2024-03-01 100\nA 2024-04-01 100\nC 2024-03-02 50\nC 2024-04-02 50",
    ),
    reads(
        "dated rows called Total, each of its own block",
        text(
            "Customer,Date,Amount\nA,2024-03-01,10\nB,2024-03-02,20\nTotal,2024-03-02,30\n"
            "C,2024-03-03,5\nD,2024-03-04,6\nTotal,2024-03-04,11\n"
        ),
        "A 2024-03-01 10\nB 2024-03-02 20\nC 2024-03-03 5\nD 2024-03-04 6",
        "total of other rows | 30\ntotal of other rows | 11",
    ),
    reads(
        "dated rates, the latest first",
        text("Customer,Date,Amount,Currency\nA,2024-02-01,10,USD\nB,2024-03-02,10,USD\n"),
        "A 2024-02-01 70\nB 2024-03-02 72",
        currency="CNY",
        file_amount="20",
        rates=pd.DataFrame({"currency": ["USD"] * 2, "date": ["2024-03-01", "2024-01-01"], "rate": [7.2, 7.0]}),
    ),
]
