"""Which column is what, and which rows are orders by a status."""

from tests.exports.cases import Make, reads, refuses, text


def status(header: str, *words: str, more: str = "") -> Make:
    """Orders of 10, 11, 12, ... with these words; another column may stand beside."""
    rows = [f"k{n},2024-03-{n:02d},{9 + n},{word}" for n, word in enumerate(words, start=1)]
    return text("\n".join([f"客户编号,订单日期,订单金额,{header}", *rows]) + more)


def true(*places: int) -> str:
    return "\n".join(f"k{n} 2024-03-{n:02d} {9 + n}" for n in places)


TWO_AMOUNTS = """
客户名称,签约日期,合同金额,回款金额
王芳,2024-03-01,1000,600
李娜,2024-03-05,80,80
"""
CONTRACT, PAID = "王芳 2024-03-01 1000\n李娜 2024-03-05 80", "王芳 2024-03-01 600\n李娜 2024-03-05 80"
TWO_DATES = """
客户名称,下单日期,付款日期,订单金额
王芳,2024-03-01,2024-03-04,1000
李娜,2024-03-05,2024-03-05,80
"""
ORDERED, PAID_ON = "王芳 2024-03-01 1000\n李娜 2024-03-05 80", "王芳 2024-03-04 1000\n李娜 2024-03-05 80"
WIDE_NAMES = """
*客户 名称,ＯＲＤＥＲ　ＤＡＴＥ,Order-Amount
王芳,2024-03-01,1000
李娜,2024-03-05,80
"""
UNKNOWN = """
Patron,When,Worth
王芳,2024-03-01,1000
李娜,2024-03-05,80
"""
SAME_TWICE = """
客户名称,公司名称,订单日期,订单金额,总金额
王芳,王芳,2024-03-01,1000,1000
李娜,李娜,2024-03-05,80,80
"""
TWO_CUSTOMERS = SAME_TWICE.replace("李娜,李娜", "李娜,青石贸易")
PARTS = """
客户编号,订单日期,预计订单金额说明
k1,2024-03-01,1000
"""
CRMS = """
客户编号,客户名称,订单编号,订单日期,订单金额,产品,数量,单价
k1,王芳,A-1,2024-03-01,1000,白板,2,500
k2,李娜,A-2,2024-03-05,80,笔,8,10
"""
NAMED_TOTAL = "Customer,Date,Total\nAda,2024-03-01,5\nBo,2024-03-02,6\n"
VOID_COLUMN = "客户编号,订单日期,订单金额,是否作废\nk1,2024-03-01,10,否\nk2,2024-03-02,11,是\nk3,2024-03-03,12,\n"
TWO_STATUSES = """
客户编号,订单日期,订单金额,订单状态,审批状态
k1,2024-03-01,10,已完成,审批通过
k2,2024-03-02,11,已完成,审批中
k3,2024-03-03,12,已取消,审批通过
"""
SUBSCRIPTION = "客户编号,订单日期,订单金额,备注\nk1,2024-03-01,10,作废\nk2,2024-03-02,11,\nk3,2024-03-03,12,作废\n"
READ_12 = {"right": [true(1, 2)]}

CASES = [
    refuses(
        "contract and received amounts",
        text(TWO_AMOUNTS),
        "合同金额",
        "回款金额",
        "amount='合同金额'",
        "amount='回款金额'",
        error=KeyError,
        right=[CONTRACT, PAID],
    ),
    reads("contract amounts, chosen", text(TWO_AMOUNTS), CONTRACT, amount="合同金额"),
    reads("received amounts, chosen", text(TWO_AMOUNTS), PAID, amount="回款金额"),
    refuses(
        "two dates", text(TWO_DATES), "date='下单日期'", "date='付款日期'", error=KeyError, right=[ORDERED, PAID_ON]
    ),
    reads("two dates, one chosen", text(TWO_DATES), PAID_ON, date="付款日期"),
    reads("wide letters, stars, joints", text(WIDE_NAMES), CONTRACT.replace("1000", "1000")),
    refuses("no name that is known", text(UNKNOWN), "customer", error=KeyError, right=[CONTRACT]),
    reads("no name that is known, all given", text(UNKNOWN), CONTRACT, customer="Patron", date="When", amount="Worth"),
    refuses(
        "a column that is not there",
        text(UNKNOWN),
        "'Patrn'",
        "'Patron'",
        error=KeyError,
        customer="Patrn",
        date="When",
        amount="Worth",
        right=[CONTRACT],
    ),
    refuses("one column for two roles", text(UNKNOWN), "When", customer="When", date="When", amount="Worth"),
    reads("two columns of the same cells", text(SAME_TWICE), CONTRACT),
    refuses(
        "two customers",
        text(TWO_CUSTOMERS),
        "客户名称",
        "公司名称",
        error=KeyError,
        right=[CONTRACT, CONTRACT.replace("李娜", "青石贸易")],
    ),
    refuses(
        "a name that only holds another",
        text(PARTS),
        "amount",
        error=KeyError,
        right=["k1 2024-03-01 1000", "k1 2024-03-01 -"],
    ),
    reads("many columns", text(CRMS), "k1 2024-03-01 1000\nk2 2024-03-05 80"),
    reads("a column of amounts called Total", text(NAMED_TOTAL), "Ada 2024-03-01 5\nBo 2024-03-02 6"),
    refuses(
        "an unknown preset",
        text(CRMS),
        "preset",
        "salesforce",
        preset="salesforc",
        right=["k1 2024-03-01 1000\nk2 2024-03-05 80"],
    ),
    reads("a preset of another system", text(CRMS), "k1 2024-03-01 1000\nk2 2024-03-05 80", preset="salesforce"),
    refuses(
        "a misspelt choice",
        text(CRMS),
        "bad_rows",
        "drop",
        bad_rows="dropp",
        right=["k1 2024-03-01 1000\nk2 2024-03-05 80"],
    ),
    # status
    reads(
        "订单状态",
        status("订单状态", "已完成", "作废", "已付款", "草稿", "已退款", "已发货"),
        true(1, 3, 6),
        "by status: void | 11\nby status: draft | 13\nby status: refunded | 14",
    ),
    reads(
        "order status",
        status("Order status", "Paid", "cancelled", "Shipped", "DRAFT", "refunded", "Completed"),
        true(1, 3, 6),
        "by status: void | 11\nby status: draft | 13\nby status: refunded | 14",
    ),
    reads(
        "审批状态",
        status("审批状态", "审批通过", "审批中", "已驳回", "草稿", "已通过"),
        true(1, 5),
        "by status: draft | 11\nby status: void | 12\nby status: draft | 13",
    ),
    reads(
        "stages of a sale",
        status("销售阶段", "赢单", "输单", "谈判中", "已成交"),
        true(1, 4),
        "by status: lost | 11\nby status: open | 12",
    ),
    reads(
        "full-width and blanks in words",
        status("Status", " Paid ", "ＰＡＩＤ", "Cancelled "),
        true(1, 2),
        "by status: void | 12",
    ),
    reads("flags of void rows", text(VOID_COLUMN), true(1, 3), "by status: void | 11"),
    reads("two statuses", text(TWO_STATUSES), true(1), "by status: draft | 11\nby status: void | 12"),
    refuses(
        "words that are not known",
        status("订单状态", "已完成", "走完流程", "作废"),
        "订单状态",
        "走完流程",
        r"rows? 3\b",
        "keep=",
        right=[true(1), true(1, 2), true(1, 2, 3)],
    ),
    refuses(
        "a partial refund",
        status("订单状态", "已完成", "部分退款"),
        "部分退款",
        r"rows? 3\b",
        right=[true(1), true(1, 2)],
    ),
    refuses(
        "blank statuses",
        status("订单状态", "已完成", "", "作废"),
        "订单状态",
        r"rows? 3\b",
        right=[true(1), true(1, 2), true(1, 2, 3)],
    ),
    reads(
        "words that are not known, kept",
        status("订单状态", "已完成", "走完流程", "作废"),
        true(1, 2),
        "by status: void | 12",
        keep={"订单状态": ["已完成", "走完流程"]},
    ),
    reads("void rows kept on purpose", status("订单状态", "已完成", "作废"), true(1, 2), keep="all"),
    reads(
        "fewer words kept than are known",
        status("订单状态", "已完成", "已付款", "作废"),
        true(1),
        "by status: not among those to keep | 11\nby status: void | 12",
        keep={"订单状态": ["已完成"]},
    ),
    refuses(
        "words to keep that are never said",
        status("订单状态", "已完成", "作废"),
        "已付款",
        "订单状态",
        keep={"订单状态": ["已付款"]},
        right=[true(1)],
    ),
    refuses(
        "a column to keep by that is not there",
        status("订单状态", "已完成", "作废"),
        "状况",
        keep={"状况": ["已完成"]},
        error=KeyError,
        right=[true(1)],
    ),
    refuses(
        "words to keep as one text",
        status("订单状态", "已完成", "作废"),
        r"keep=\{'订单状态': \['已完成'\]\}",
        keep={"订单状态": "已完成"},
        right=[true(1)],
    ),
    reads(
        "a column that looks like a status",
        text(SUBSCRIPTION),
        true(1, 2, 3),
        warns="备注.*looks like a status.*keep=",
        right=[true(2), true(1, 2, 3)],
    ),
    refuses("all rows void", status("订单状态", "作废", "作废"), "order", right=[true(1, 2)]),
    reads("states of payment", status("付款状态", "已付清", "已支付"), true(1, 2)),
    refuses(
        "an unpaid order", status("付款状态", "已付清", "未付款"), "未付款", r"rows? 3\b", right=[true(1), true(1, 2)]
    ),
]
