"""Ids and hostile cells: what a cell says stays text, and no digit is lost."""

import datetime as dt

from tests.exports.cases import Order, book, money, orders_of, reads, refuses, text
from tests.exports.workbooks import Sheet, write_ods, write_xls, write_xlsx


def log(*ids: str, header: str = "客户编号") -> str:
    rows = ['"{}",2024-03-{:02d},{}'.format(one.replace('"', '""'), n, 9 + n) for n, one in enumerate(ids, start=1)]
    return "\n".join([f"{header},订单日期,订单金额", *rows])


def true(*ids: str) -> list[Order]:
    return [(one, dt.date(2024, 3, n), money(str(9 + n))) for n, one in enumerate(ids, start=1)]


def as_rows(*ids: str) -> list[list[object]]:
    return [
        ["客户编号", "订单日期", "订单金额"],
        *([one, dt.date(2024, 3, n), 9 + n] for n, one in enumerate(ids, start=1)),
    ]


HOSTILE = {
    "a formula": ("=cmd|'/C calc'!A0", "@SUM(1+1)*cmd", "+1+2", "-2+3"),
    "a script": ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&amp;", "</td>"),
    "a path": ("../../x", "C:\\nul", "/etc/passwd", "\\\\host\\x"),
    "a statement": ("'; DROP TABLE orders; --", "$1", "{0}", "%s"),
    "letters from right to left": ("שלום", "\u202egnp.exe", "عميل", "\u200fabc"),
    "wide letters": ("👨‍👩‍👧", "\U0001f600", "é", "e\u0301"),
    "quotation marks": ('"quoted"', 'a "b" c', "it's", "“x”"),
    "commas and line ends": ("a,b", "a;b", "a\tb", "a\nb"),
}
SCIENTIFIC = "客户编号,订单日期,订单金额\n1.00E+15,2024-03-01,10\n1.00E+15,2024-03-02,11\n1.23457E+17,2024-03-03,12\n"

CASES = [
    reads("leading zeros", text(log("0004", "4", "00004")), true("0004", "4", "00004")),
    reads("leading zeros as a formula", text(log('="0004"', '="0005"')), true("0004", "0005")),
    reads("leading zeros behind an apostrophe", text(log("'0004", "'0005")), true("0004", "0005")),
    reads(
        "leading zeros in a workbook",
        book(write_xlsx, "a.xlsx", Sheet(as_rows("0004", "4", "00004"))),
        true("0004", "4", "00004"),
    ),
    reads(
        "18 digits",
        text(log("110101199003072316", "110101199003072317")),
        true("110101199003072316", "110101199003072317"),
    ),
    reads("30 digits", text(log("1" * 30, "1" * 29 + "2")), true("1" * 30, "1" * 29 + "2")),
    reads("a tab before digits", text(log("\t110101199003072316", "k2")), true("110101199003072316", "k2")),
    refuses("ids that Excel has written with a power of ten", text(SCIENTIFIC), r"1\.00E\+15", r"rows? 2"),
    reads("NULL and N/A as ids", text(log("NULL", "k2", "N/A")), true("NULL", "k2", "N/A"), warns="NULL"),
    reads("full-width ids stay as they are", text(log("Ａ００１", "A001")), true("Ａ００１", "A001")),
    reads("upper and lower case are two", text(log("abc", "ABC")), true("abc", "ABC")),
    reads("blanks around ids", text(log(" k1 ", "\u3000k1", "k1\u00a0")), true("k1", "k1", "k1")),
    reads("a byte order mark within", text(log("\ufeffk1", "k1")), true("k1", "k1")),
    reads("words for true and false", text(log("TRUE", "false")), true("TRUE", "false")),
    refuses(
        "blank ids",
        text(log("k1", "", "  ")),
        "without a customer id",
        r"rows 3 and 4|rows 3, 4",
        right=["k1 2024-03-01 10"],
    ),
    reads(
        "blank ids, left out",
        text(log("k1", "", "  ")),
        true("k1"),
        "without a customer id | 11\nwithout a customer id | 12",
        bad_rows="drop",
    ),
    reads("a very long id", text(log("x" * 40_000, "k2")), true("x" * 40_000, "k2")),
    *[reads(f"{kind} in a CSV", text(log(*cells)), true(*cells)) for kind, cells in HOSTILE.items()],
    *[
        reads(f"{kind} in a workbook", book(write_xlsx, "a.xlsx", Sheet(as_rows(*cells))), true(*cells))
        for kind, cells in HOSTILE.items()
    ],
    reads(
        "hostile cells in an old workbook",
        book(write_xls, "a.xls", Sheet(as_rows(*HOSTILE["a formula"]))),
        true(*HOSTILE["a formula"]),
    ),
    reads(
        "hostile cells in ods",
        book(write_ods, "a.ods", Sheet(as_rows(*HOSTILE["a script"]))),
        true(*HOSTILE["a script"]),
    ),
    reads("control characters", text(log("a\x07b", "a\x1bc")), true("a\x07b", "a\x1bc")),
    reads(
        "a hostile name of a column",
        text(log("k1", "k2", header="=HYPERLINK(1)")),
        true("k1", "k2"),
        customer="=HYPERLINK(1)",
    ),
    refuses(
        "a hostile name of a column, not found",
        text(log("k1", header="<b>{x}</b>")),
        "customer",
        error=KeyError,
        right=["k1 2024-03-01 10"],
    ),
    refuses(
        "a hostile amount",
        text("客户编号,订单日期,订单金额\nk1,2024-03-01,=1+1\nk2,2024-03-02,5\n"),
        "cannot be read",
        r"=1\+1",
        r"row 2\b",
        right=["k2 2024-03-02 5"],
    ),
    refuses(
        "a hostile date",
        text("客户编号,订单日期,订单金额\nk1,<script>,5\nk2,2024-03-02,5\n"),
        "<script>",
        r"row 2\b",
        right=["k2 2024-03-02 5"],
    ),
    reads(
        "ids of two kinds: the id goes before the name",
        text("客户名称,客户编号,订单日期,订单金额\n王芳,k1,2024-03-01,10\n王芳,k2,2024-03-02,11\n"),
        orders_of("k1 2024-03-01 10\nk2 2024-03-02 11"),
    ),
]
