"""Exports of Fxiaoke and Jiandaoyun, and sub-forms of any system."""

import datetime as dt

from tests.exports.cases import book, reads, refuses, text
from tests.exports.workbooks import Sheet, write_ods, write_xls, write_xlsb, write_xlsx

D = dt.date
FXIAOKE = [
    ["销售订单编号", "客户名称", "下单日期", "订单金额(元)", "订单状态", "生命状态", "负责人"],
    ["SO-001", "云杉科技", "2024-03-14", "12,500.00", "已确认", "正常", "张三"],
    ["SO-002", "青石贸易", "2024-03-15", "800.50", "已确认", "正常", "张三"],
    ["SO-003", "云杉科技", "2024-04-02", "3,000.00", "已确认", "作废", "李四"],
    ["SO-004", "云杉科技", "2024-04-30", "1,000.00", "草稿", "未生效", "李四"],
]
FXIAOKE_TRUE = "云杉科技 2024-03-14 12500.00\n青石贸易 2024-03-15 800.50"
FXIAOKE_LEFT = "by status: void | 3000\nby status: draft | 1000"
AS_CSV = "\n".join(",".join(f'"{cell}"' for cell in row) for row in FXIAOKE)
# 1710345600000 is 2024-03-14 00:00 in Shanghai, 1710518399000 is 2024-03-15 23:59:59 there.
API = """
_id,name,account_id,account_id__r,order_time,order_amount,life_status,life_status__r,field_y33wm__c,field_y33wm__c__r
65f1,SO-001,acc1,云杉科技,1710345600000,12500.00,normal,正常,option1,华东
65f2,SO-002,acc2,青石贸易,1710518399000,800.50,normal,正常,option2,华北
65f3,SO-003,acc1,云杉科技,1711987200000,3000.00,invalid,作废,option1,华东
"""
API_TRUE = "acc1 2024-03-14 12500\nacc2 2024-03-15 800.50"
BARE_EPOCH = """
客户,时间戳,金额
云杉科技,1710345600000,12500
青石贸易,1710518399000,800.5
"""
SALES = """
商机编号,客户名称,商机金额,预计结单日期,销售状态,赢率
OP-1,云杉科技,12500,2024-03-14,赢单,100%
OP-2,青石贸易,800.5,2024-03-15,输单,0%
OP-3,云杉科技,3000,2026-12-31,进行中,60%
OP-4,白塔医药,99,2024-05-01,无效,10%
"""
TWO_AMOUNTS = """
销售订单编号,客户名称,下单日期,订单金额(元),已回款金额(元),生命状态
SO-001,云杉科技,2024-03-14,12500,10000,正常
SO-002,青石贸易,2024-03-15,800.5,800,正常
"""
MERGED = [
    ["订单编号", "客户名称", "下单日期", "订单金额", "产品明细.产品", "产品明细.数量", "产品明细.金额"],
    ["A-1", "云杉科技", D(2024, 3, 14), 1000, "白板", 1, 700],
    [None, None, None, None, "笔", 30, 300],
    ["A-2", "青石贸易", D(2024, 3, 15), 500, "墨", 5, 500],
    ["A-3", "云杉科技", D(2024, 4, 2), 900, "白板", 1, 700],
    [None, None, None, None, "笔", 10, 100],
    [None, None, None, None, "墨", 1, 100],
]
MERGED_SPANS = [(1, column, 2, column) for column in range(4)] + [(4, column, 6, column) for column in range(4)]
MERGED_TRUE = "云杉科技 2024-03-14 1000\n青石贸易 2024-03-15 500\n云杉科技 2024-04-02 900"
MERGED_LEFT = "line of an order | -\nline of an order | -\nline of an order | -"
BY_LINE = """
云杉科技 2024-03-14 700
云杉科技 2024-03-14 300
青石贸易 2024-03-15 500
云杉科技 2024-04-02 700
云杉科技 2024-04-02 100
云杉科技 2024-04-02 100
"""
SUB_FORM = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in MERGED)
LINES_ALONE = [[*row[:3], *row[4:]] for row in MERGED]
TWO_LEVELS = [
    ["订单编号", "客户名称", "下单日期", "订单金额", "产品明细", None, None],
    [None, None, None, None, "产品", "数量", "金额"],
    *MERGED[1:],
]
TWO_LEVEL_SPANS = (
    [(0, column, 1, column) for column in range(4)]
    + [(0, 4, 0, 6)]
    + [(a + 1, b, c + 1, b) for a, b, c, _ in MERGED_SPANS]
)
REPEATED = """
订单编号,客户名称,下单日期,订单金额,产品明细.产品,产品明细.数量
A-1,云杉科技,2024-03-14,1000,白板,1
A-1,云杉科技,2024-03-14,1000,笔,30
A-2,青石贸易,2024-03-15,500,墨,5
A-3,云杉科技,2024-04-02,900,白板,1
A-3,云杉科技,2024-04-02,900,笔,10
A-3,云杉科技,2024-04-02,900,墨,1
A-4,白塔医药,2024-05-06,70,墨,1
A-4,白塔医药,2024-05-06,70,笔,2
"""
REPEATED_TRUE = MERGED_TRUE + "\n白塔医药 2024-05-06 70"
REPEATED_ADDED = """
云杉科技 2024-03-14 1000
云杉科技 2024-03-14 1000
青石贸易 2024-03-15 500
云杉科技 2024-04-02 900
云杉科技 2024-04-02 900
云杉科技 2024-04-02 900
白塔医药 2024-05-06 70
白塔医药 2024-05-06 70
"""
TWO_REPEATED = "\n".join(REPEATED.split("\n")[:5])
TWO_REPEATED_ADDED = "云杉科技 2024-03-14 1000\n云杉科技 2024-03-14 1000\n青石贸易 2024-03-15 500"
FLOW = """
订单编号,客户名称,下单日期,订单金额,流程状态,提交人,提交时间
A-1,云杉科技,2024年3月14日,1000,已完成,张三,2024-03-14 09:00:00
A-2,青石贸易,2024年3月15日,500,流转中,张三,2024-03-15 09:00:00
A-3,云杉科技,2024年4月2日,900,已完成,李四,2024-04-02 09:00:00
A-4,云杉科技,2024年4月3日,300,已作废,李四,2024-04-03 09:00:00
"""
MERGED_CUSTOMER = [
    ["客户名称", "下单日期", "订单金额"],
    ["云杉科技", D(2024, 3, 14), 1000],
    [None, D(2024, 3, 15), 500],
    ["青石贸易", D(2024, 3, 16), 200],
]
GAPS = """
客户名称,下单日期,订单金额
云杉科技,2024-03-14,1000
,2024-03-15,500
,2024-03-16,200
"""

CASES = [
    reads(
        "Fxiaoke workbook",
        book(write_xlsx, "销售订单.xlsx", Sheet(FXIAOKE)),
        FXIAOKE_TRUE,
        FXIAOKE_LEFT,
        says={"system": "Fxiaoke"},
    ),
    reads(
        "Fxiaoke workbook, preset",
        book(write_xlsx, "销售订单.xlsx", Sheet(FXIAOKE)),
        FXIAOKE_TRUE,
        FXIAOKE_LEFT,
        preset="fxiaoke",
    ),
    reads("Fxiaoke CSV in GBK", text(AS_CSV, encoding="gbk"), FXIAOKE_TRUE, FXIAOKE_LEFT),
    reads("Fxiaoke xls", book(write_xls, "销售订单.xls", Sheet(FXIAOKE)), FXIAOKE_TRUE, FXIAOKE_LEFT),
    reads("Fxiaoke API", text(API), API_TRUE, "by status: void | 3000"),
    reads("Fxiaoke API, preset", text(API), API_TRUE, "by status: void | 3000", preset="fxiaoke"),
    reads(
        "Fxiaoke API, readable twins as customers",
        text(API),
        "云杉科技 2024-03-14 12500\n青石贸易 2024-03-15 800.50",
        "by status: void | 3000",
        customer="account_id__r",
    ),
    refuses(
        "epoch milliseconds without a zone",
        text(BARE_EPOCH),
        "time_zone",
        r"rows? 2\b",
        "1710345600000",
        right=["云杉科技 2024-03-14 12500\n青石贸易 2024-03-15 800.50"],
        date="时间戳",
    ),
    reads(
        "Fxiaoke opportunities",
        text(SALES),
        "云杉科技 2024-03-14 12500",
        "by status: lost | 800.50\nby status: open | 3000\nby status: void | 99",
        date="预计结单日期",
        preset="fxiaoke",
        open=[("云杉科技", "3000", 0.6, "2026-12-31")],
    ),
    refuses(
        "Fxiaoke order and received amounts",
        text(TWO_AMOUNTS),
        r"订单金额\(元\)",
        r"已回款金额\(元\)",
        right=[
            "云杉科技 2024-03-14 12500\n青石贸易 2024-03-15 800.50",
            "云杉科技 2024-03-14 10000\n青石贸易 2024-03-15 800",
        ],
    ),
    reads(
        "Jiandaoyun sub-form, merged",
        book(write_xlsx, "a.xlsx", Sheet(MERGED, merged=MERGED_SPANS)),
        MERGED_TRUE,
        MERGED_LEFT,
    ),
    reads(
        "Jiandaoyun sub-form, merged, xls",
        book(write_xls, "a.xls", Sheet(MERGED, merged=MERGED_SPANS)),
        MERGED_TRUE,
        MERGED_LEFT,
    ),
    reads(
        "Jiandaoyun sub-form, merged, xlsb",
        book(write_xlsb, "a.xlsb", Sheet(MERGED, merged=MERGED_SPANS)),
        MERGED_TRUE,
        MERGED_LEFT,
    ),
    reads(
        "Jiandaoyun sub-form, merged, ods",
        book(write_ods, "a.ods", Sheet(MERGED, merged=MERGED_SPANS)),
        MERGED_TRUE,
        MERGED_LEFT,
    ),
    reads("Jiandaoyun sub-form, blanks", text(SUB_FORM), MERGED_TRUE, MERGED_LEFT),
    reads(
        "Jiandaoyun sub-form by its lines",
        text(SUB_FORM),
        BY_LINE,
        amount="产品明细.金额",
    ),
    reads(
        "sub-form with amounts of lines alone",
        book(write_xlsx, "a.xlsx", Sheet(LINES_ALONE, merged=[s for s in MERGED_SPANS if s[1] < 3])),
        BY_LINE,
    ),
    reads(
        "Jiandaoyun two-level header",
        book(write_xlsx, "a.xlsx", Sheet(TWO_LEVELS, merged=TWO_LEVEL_SPANS)),
        MERGED_TRUE,
        MERGED_LEFT,
        says={"header_row": "^2$"},
    ),
    reads(
        "Jiandaoyun two-level header, given",
        book(write_xlsx, "a.xlsx", Sheet(TWO_LEVELS)),
        MERGED_TRUE,
        MERGED_LEFT,
        header=[1, 2],
    ),
    reads(
        "order totals repeated on lines",
        text(REPEATED),
        REPEATED_TRUE,
        "line that repeats | 1000\nline that repeats | 900\nline that repeats | 900\nline that repeats | 70",
    ),
    reads("order totals repeated on lines, added", text(REPEATED), REPEATED_ADDED, lines="add"),
    refuses(
        "order totals repeated on lines, too few",
        text(TWO_REPEATED),
        "lines='once'",
        "lines='add'",
        r"rows? 2 and 3|rows? 2, 3",
        right=[MERGED_TRUE.rpartition("\n")[0], TWO_REPEATED_ADDED],
    ),
    reads(
        "order totals repeated, once",
        text(TWO_REPEATED),
        MERGED_TRUE.rpartition("\n")[0],
        "line that repeats | 1000",
        lines="once",
    ),
    reads(
        "Jiandaoyun approvals",
        text(FLOW),
        "云杉科技 2024-03-14 1000\n云杉科技 2024-04-02 900",
        "by status: draft | 500\nby status: void | 300",
        says={"system": "Jiandaoyun"},
    ),
    refuses(
        "customer cells left blank, and no sub-form",
        text(GAPS),
        "without a customer id",
        r"rows? 3 and 4|rows? 3, 4",
        right=["云杉科技 2024-03-14 1000"],
    ),
    reads(
        "one customer merged over orders of several days",
        book(write_xlsx, "a.xlsx", Sheet(MERGED_CUSTOMER, merged=[(1, 0, 2, 0)])),
        "云杉科技 2024-03-14 1000\n云杉科技 2024-03-15 500\n青石贸易 2024-03-16 200",
    ),
]
