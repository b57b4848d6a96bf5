"""Rows that are no orders by their shape: totals, subtotals, footers, repeated rows; and customers named like them."""

import datetime as dt

from tests.exports.cases import book, reads, refuses, text
from tests.exports.workbooks import Sheet, write_xlsx

D = dt.date
TOTAL = """
客户名称,订单日期,订单金额
王芳,2024-03-01,1200.50
李娜,2024-03-05,80
王芳,2024-04-02,300
合计,,1580.50
"""
TRUE = "王芳 2024-03-01 1200.50\n李娜 2024-03-05 80\n王芳 2024-04-02 300"
LEFT = "total of other rows | 1580.50"
YEARS = """
客户名称,订单日期,订单金额
王芳,2023-03-01,1200
李娜,2023-03-05,80
2023年小计,2023-12-31,1280
王芳,2024-04-02,300
赵敏,2024-05-02,20
2024年小计,2024-12-31,320
总计,2024-12-31,1600
"""
YEARS_TRUE = "王芳 2023-03-01 1200\n李娜 2023-03-05 80\n王芳 2024-04-02 300\n赵敏 2024-05-02 20"
YEARS_LEFT = "total of other rows | 1280\ntotal of other rows | 320\ntotal of other rows | 1600"
YEARLY = YEARS.replace("2023年小计", "年度小计").replace("2024年小计", "年度小计")
ENGLISH = """
Customer,Order date,Amount
Acme,2024-03-01,100
Beta,2024-03-05,80
Acme,2024-04-02,300
Grand Total,,480
"""
ENGLISH_TRUE = "Acme 2024-03-01 100\nBeta 2024-03-05 80\nAcme 2024-04-02 300"
SUBTOTALS = """
Customer,Order date,Amount
Acme,2024-03-01,100
Acme,2024-04-02,300
Acme Total,,400
Beta,2024-03-05,80
Beta,2024-03-06,20
Beta Total,,100
Grand Total,,500
"""
SUBTOTALS_TRUE = "Acme 2024-03-01 100\nAcme 2024-04-02 300\nBeta 2024-03-05 80\nBeta 2024-03-06 20"
SUBTOTALS_LEFT = "total of other rows | 400\ntotal of other rows | 100\ntotal of other rows | 500"
SINGLE = """
Customer,Order date,Amount
Acme,2024-03-01,100
Acme Total,,100
Beta,2024-03-05,80
Beta Total,,80
Grand Total,,180
"""
OIL = """
Customer,Order date,Amount
Total,2024-03-01,100
Shell,2024-03-05,80
Total,2024-04-02,300
Total Energies SE,2024-04-03,50
"""
OIL_TRUE = "Total 2024-03-01 100\nShell 2024-03-05 80\nTotal 2024-04-02 300\nTotal Energies SE 2024-04-03 50"
NAMED_SO = """
客户名称,产品,订单日期,订单金额
合计科技有限公司,小计,2024-03-01,100
总计划咨询公司,总计,2024-03-05,80
小计量仪器厂,合计,2024-04-02,300
"""
NAMED_TRUE = "合计科技有限公司 2024-03-01 100\n总计划咨询公司 2024-03-05 80\n小计量仪器厂 2024-04-02 300"
UNNAMED = "\n".join(TOTAL.split("\n")[:-2]) + "\n,,1580.50\n"
NOT_THE_SUM = "\n".join(TOTAL.split("\n")[:-2]) + "\n,,999\n"
NUMBERED = """
序号,客户名称,订单日期,订单金额
1,王芳,2024-03-01,1200.50
2,李娜,2024-03-05,80
3,王芳,2024-04-02,300
合计,,,1580.50
"""
IN_DATE = TOTAL.replace("合计,,1580.50", ",合计,1580.50")
COUNTED = TOTAL.replace("合计,,1580.50", "共3条记录,,")
NOTED = TOTAL.replace("合计,,1580.50", "\n制表人：张三,,\n导出时间：2024-05-01 10:00,,")
GERMAN = """
Kunde;Datum;Betrag
Müller;2024-03-01;100,00
Groß;2024-03-05;80,00
Gesamtsumme;;180,00
"""
TWICE = """
订单编号,客户名称,订单日期,订单金额
A-1,王芳,2024-03-01,1200.50
A-2,李娜,2024-03-05,80
A-1,王芳,2024-03-01,1200.50
A-3,王芳,2024-04-02,300
"""
TWICE_UNNUMBERED = """
客户名称,订单日期,订单金额
王芳,2024-03-01,1200.50
李娜,2024-03-05,80
王芳,2024-03-01,1200.50
"""
TWICE_NOTED = """
客户名称,订单日期,订单金额,备注
王芳,2024-03-01,1200.50,首单，含安装
李娜,2024-03-05,80,电话
王芳,2024-03-01,1200.50,首单，含安装
"""
UNNUMBERED_BOTH = "王芳 2024-03-01 1200.50\n李娜 2024-03-05 80\n王芳 2024-03-01 1200.50"
UNNUMBERED_ONCE = "王芳 2024-03-01 1200.50\n李娜 2024-03-05 80"
LINES = """
order_id,customer_id,order_date,amount,product
A-1,0004,2024-03-01,100,board
A-1,0004,2024-03-01,20,pens
A-2,0005,2024-03-05,20,pens
"""
LINES_TRUE = "0004 2024-03-01 100\n0004 2024-03-01 20\n0005 2024-03-05 20"
AGAIN_HEADED = """
客户名称,订单日期,订单金额
王芳,2024-03-01,1200.50
李娜,2024-03-05,80
客户名称,订单日期,订单金额
王芳,2024-04-02,300
"""
REFUNDED = """
customer_id,order_date,amount
0004,2024-03-01,100
0005,2024-03-02,50
0004,2024-03-09,-100
"""

CASES = [
    reads("合计 at the end", text(TOTAL), TRUE, LEFT),
    reads("合计 with a colon and blanks between", text(TOTAL.replace("合计", "合 计：")), TRUE, LEFT),
    reads("dated subtotals of years", text(YEARS), YEARS_TRUE, YEARS_LEFT),
    reads("年度小计", text(YEARLY), YEARS_TRUE, YEARS_LEFT),
    reads("本月合计", text(TOTAL.replace("合计,,", "本月合计,2024-04-30,")), TRUE, LEFT),
    reads("Grand Total", text(ENGLISH), ENGLISH_TRUE, "total of other rows | 480"),
    reads("TOTAL:", text(ENGLISH.replace("Grand Total", "TOTAL:")), ENGLISH_TRUE, "total of other rows | 480"),
    reads("Excel's subtotals", text(SUBTOTALS), SUBTOTALS_TRUE, SUBTOTALS_LEFT),
    reads(
        "Excel's subtotals of one row each",
        text(SINGLE),
        "Acme 2024-03-01 100\nBeta 2024-03-05 80",
        "total of other rows | 100\ntotal of other rows | 80\ntotal of other rows | 180",
    ),
    reads("the oil company Total", text(OIL), OIL_TRUE),
    reads("companies and products named like totals", text(NAMED_SO), NAMED_TRUE),
    reads("a sum without a name", text(UNNAMED), TRUE, LEFT),
    refuses(
        "a last row without a name that is no sum", text(NOT_THE_SUM), "without a customer id", r"row 5\b", right=[TRUE]
    ),
    reads("合计 in the column of running numbers", text(NUMBERED), TRUE, LEFT),
    reads("合计 in the column of dates", text(IN_DATE), TRUE, LEFT),
    reads("a line that counts records", text(COUNTED), TRUE, "total | -"),
    reads("lines of who made it, and when", text(NOTED), TRUE),
    reads(
        "Gesamtsumme",
        text(GERMAN),
        "Müller 2024-03-01 100\nGroß 2024-03-05 80",
        "total of other rows | 180",
        customer="Kunde",
        date="Datum",
        amount="Betrag",
    ),
    reads(
        "合计 in a workbook",
        book(
            write_xlsx,
            "a.xlsx",
            Sheet(
                [
                    ["客户名称", "订单日期", "订单金额"],
                    ["王芳", D(2024, 3, 1), 1200.5],
                    ["李娜", D(2024, 3, 5), 80],
                    ["王芳", D(2024, 4, 2), 300],
                    ["合计", None, 1580.5],
                ],
                merged=[(4, 0, 4, 1)],
            ),
        ),
        TRUE,
        LEFT,
    ),
    reads(
        "rows exported twice",
        text(TWICE),
        "王芳 2024-03-01 1200.50\n李娜 2024-03-05 80\n王芳 2024-04-02 300",
        "exported twice | 1200.50",
    ),
    reads(
        "rows exported twice, kept",
        text(TWICE),
        "王芳 2024-03-01 1200.50\n李娜 2024-03-05 80\n王芳 2024-03-01 1200.50\n王芳 2024-04-02 300",
        repeated_rows="keep",
        lines="add",
    ),
    reads(
        "rows twice without order numbers",
        text(TWICE_UNNUMBERED),
        UNNUMBERED_BOTH,
        says={"notes": "1 row in which every cell.*kept"},
    ),
    reads(
        "rows twice with more than a day and an amount",
        text(TWICE_NOTED),
        UNNUMBERED_BOTH,
        warns=r"1 row.*every cell.*repeated_rows='drop'",
        right=[UNNUMBERED_ONCE],
    ),
    reads(
        "rows twice without order numbers, left out",
        text(TWICE_UNNUMBERED),
        UNNUMBERED_ONCE,
        "exported twice | 1200.50",
        repeated_rows="drop",
    ),
    reads("lines of one order", text(LINES), LINES_TRUE),
    refuses(
        "lines of one order, read as totals",
        text(LINES),
        "lines='once'",
        r"rows? 2 and 3|rows? 2, 3",
        "lines='add'",
        lines="once",
        right=[LINES_TRUE],
    ),
    refuses(
        "the header again below",
        text(AGAIN_HEADED),
        r"row 4\b",
        right=["王芳 2024-03-01 1200.50\n李娜 2024-03-05 80\n王芳 2024-04-02 300"],
    ),
    reads(
        "refunds as amounts below zero", text(REFUNDED), "0004 2024-03-01 100\n0005 2024-03-02 50\n0004 2024-03-09 -100"
    ),
]
