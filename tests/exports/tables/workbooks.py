"""Workbooks of every kind, pages and other files under a wrong ending, sheets, titles above the header."""

import datetime as dt
from pathlib import Path

import pandas as pd
import xlsxwriter

from tests.exports.cases import book, raw, reads, refuses, text
from tests.exports.workbooks import Sheet, write_compound, write_ods, write_xls, write_xlsb, write_xlsx

D = dt.date
HEAD = ["客户编号", "客户名称", "订单日期", "订单金额", "备注"]
BODY = [
    ["0004", "王芳", D(2024, 3, 1), 1200.5, "首单"],
    ["0005", "李娜", D(2024, 3, 5), 80, None],
    ["0004", "王芳", D(2024, 4, 2), 300, "电话"],
]
ROWS = [HEAD, *BODY]
TRUE = "0004 2024-03-01 1200.50\n0005 2024-03-05 80\n0004 2024-04-02 300"
PLAIN = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in ROWS)
TITLES = [["2024年销售订单明细"], ["制表人：张三", None, "单位：元"], [], *ROWS]
LATER = [["0005", "李娜", D(2025, 1, 3), 70, None], ["0006", "赵敏", D(2025, 2, 3), 11, None]]
BOTH = TRUE + "\n0005 2025-01-03 70\n0006 2025-02-03 11"
LAST = "0005 2025-01-03 70\n0006 2025-02-03 11"
TWO = (Sheet(ROWS, "2024"), Sheet([HEAD, *LATER], "2025"))
OTHER = (Sheet(ROWS, "2024"), Sheet([["客户编号", "回款日期", "回款金额"], ["0004", D(2024, 3, 9), 500]], "回款"))
PAGE = "<html><head>{}</head><body><table border=1>{}</table></body></html>".format(
    '<meta http-equiv="Content-Type" content="text/html; charset={}">',
    "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in ('' if cell is None else cell for cell in row))}</tr>"
        for row in ROWS
    ),
)
SPREADSHEET_2003 = """
<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet><Table><Row><Cell><Data>客户</Data></Cell></Row></Table>
</Worksheet></Workbook>
"""
GAPPY = [[None, *HEAD, None], [None] * 7, [1, *BODY[0], None], [None] * 7, [None] * 7, [2, *BODY[1]], [3, *BODY[2]]]
NUMBERS = [
    ["customer_id", "date", "amount"],
    [1001, D(2024, 3, 1), 5],
    [1002.0, D(2024, 3, 2), 6],
    [1001, D(2024, 3, 3), 7],
]
MIXED_IDS = [
    ["customer_id", "date", "amount"],
    [1001, D(2024, 3, 1), 5],
    ["1001", D(2024, 3, 2), 6],
    ["A7", D(2024, 3, 3), 7],
]
LARGE_IDS = [["customer_id", "date", "amount"], [123456789012345678, D(2024, 3, 1), 5], [3, D(2024, 3, 2), 6]]
EQUAL = [
    ["customer_id", "date", "amount", "note"],
    [5, D(2024, 3, 1), 5, 5],
    [5, D(2024, 3, 1), 5, 5],
    [7, D(2024, 3, 2), 7, None],
]
MOMENTS = [
    ["customer_id", "date", "amount"],
    ["a", dt.datetime(2024, 3, 1, 23, 59, 59), 5],
    ["b", dt.datetime(2024, 3, 2), 6],
]


def formulas(folder: Path) -> Path:
    """Amounts and ids as formulas, whose values Excel has stored beside them."""
    with xlsxwriter.Workbook(folder / "a.xlsx") as made:
        page = made.add_worksheet()
        page.write_row(0, 0, ["customer_id", "date", "amount"])
        for row, (day, amount) in enumerate([("2024-03-01", 12.5), ("2024-03-02", 7.5)], start=1):
            page.write_formula(row, 0, '="000"&ROW()', value=f"000{row}")
            page.write_string(row, 1, day)
            page.write_formula(row, 2, "=5*2.5", value=amount)
    return folder / "a.xlsx"


def failed_formulas(folder: Path) -> Path:
    """One amount that Excel could not compute."""
    with xlsxwriter.Workbook(folder / "a.xlsx") as made:
        page = made.add_worksheet()
        page.write_row(0, 0, ["customer_id", "date", "amount"])
        page.write_row(1, 0, ["a", "2024-03-01", 12.5])
        page.write_row(2, 0, ["b", "2024-03-02"])
        page.write_formula(2, 2, "=1/0", value="#DIV/0!")
    return folder / "a.xlsx"


def from_1904(folder: Path) -> Path:
    """A workbook that counts days from 1904, as old Macs wrote them."""
    with xlsxwriter.Workbook(folder / "a.xlsx", {"date_1904": True}) as made:
        page, dated = made.add_worksheet(), made.add_format({"num_format": "yyyy-mm-dd"})
        page.write_row(0, 0, ["customer_id", "date", "amount"])
        for row, (who, day, amount) in enumerate(
            [("a", dt.datetime(2024, 3, 1), 5), ("b", dt.datetime(2024, 3, 2), 6)], start=1
        ):
            page.write(row, 0, who)
            page.write_datetime(row, 1, day, dated)
            page.write(row, 2, amount)
    return folder / "a.xlsx"


FORMATS = [
    "yyyy年m月d日",
    'yyyy"年"m"月"d"日"',
    "[$-804]yyyy年m月d日;@",
    "m/d/yyyy h:mm AM/PM",
    "[$-F800]dddd, mmmm dd, yyyy",
    "mmm-yy",
    "d.m.yy",
    "General",
]


def dated(folder: Path) -> Path:
    """The fifth of March in every format."""
    with xlsxwriter.Workbook(folder / "a.xlsx") as made:
        page = made.add_worksheet()
        page.write_row(0, 0, ["customer_id", "date", "amount"])
        for row, written in enumerate(FORMATS):
            page.write(row + 1, 0, f"k{row}")
            page.write_number(row + 1, 1, 45356, made.add_format({"num_format": written}))
            page.write(row + 1, 2, row)
    return folder / "a.xlsx"


def bare_1904(folder: Path) -> Path:
    """The first of March 2024 as a number without a format, in a workbook that counts from 1904."""
    with xlsxwriter.Workbook(folder / "a.xlsx", {"date_1904": True}) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, ["customer_id", "date", "amount"])
        page.write_row(1, 0, ["a", 45352 - 1462, 5])
    return folder / "a.xlsx"


def rich(folder: Path) -> Path:
    """A customer of whom one word is red."""
    with xlsxwriter.Workbook(folder / "a.xlsx") as made:
        page = made.add_worksheet()
        page.write_row(0, 0, ["customer_id", "date", "amount"])
        page.write_rich_string(1, 0, made.add_format({"color": "red"}), "red", " and blue")
        page.write_row(1, 1, ["2024-03-01", 5])
    return folder / "a.xlsx"


def truncated(folder: Path) -> Path:
    path = write_xlsx(folder / "a.xlsx", Sheet(ROWS))
    path.write_bytes(path.read_bytes()[:-900])
    return path


def truncated_xls(folder: Path) -> Path:
    path = write_xls(folder / "a.xls", Sheet(ROWS))
    path.write_bytes(path.read_bytes()[:2000])
    return path


def protected(folder: Path) -> Path:
    """A protected .xlsx is a compound file with the encrypted package within."""
    return write_compound(
        folder / "a.xlsx", {"EncryptionInfo": b"\4\0\4\0@\0\0\0" + b"x" * 200, "EncryptedPackage": b"y" * 9000}
    )


def parquet(folder: Path) -> Path:
    frame = pd.DataFrame(BODY, columns=HEAD)
    frame.to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def frame(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(BODY, columns=HEAD)


CASES = [
    reads("xlsx", book(write_xlsx, "a.xlsx", Sheet(ROWS)), TRUE, says={"form": "Excel"}),
    reads("xls", book(write_xls, "a.xls", Sheet(ROWS)), TRUE, says={"form": "Excel"}),
    reads("xlsb", book(write_xlsb, "a.xlsb", Sheet(ROWS)), TRUE, says={"form": "Excel"}),
    reads("ods", book(write_ods, "a.ods", Sheet(ROWS)), TRUE, says={"form": "OpenDocument"}),
    reads("xlsm", book(write_xlsx, "a.xlsm", Sheet(ROWS)), TRUE),
    reads("parquet", parquet, TRUE, says={"form": "Parquet"}),
    reads("frame", frame, TRUE, says={"source": "pandas"}),
    reads("workbook called .csv", book(write_xlsx, "a.csv", Sheet(ROWS)), TRUE, says={"notes": r"\.csv"}),
    reads("workbook called .xls", book(write_xlsx, "a.xls", Sheet(ROWS)), TRUE),
    reads("old workbook called .xlsx", book(write_xls, "a.xlsx", Sheet(ROWS)), TRUE),
    reads("xlsb called .xlsx", book(write_xlsb, "a.xlsx", Sheet(ROWS)), TRUE),
    reads("ods called .xlsx", book(write_ods, "a.xlsx", Sheet(ROWS)), TRUE),
    reads("CSV called .xlsx", text(PLAIN, name="a.xlsx"), TRUE, says={"form": "CSV", "notes": r"\.xlsx"}),
    reads("TSV called .xls", text(PLAIN.replace(",", "\t"), name="a.xls", encoding="gbk"), TRUE, says={"form": "TSV"}),
    reads("Unicode text called .xls", text(PLAIN.replace(",", "\t"), name="a.xls", encoding="utf-16"), TRUE),
    reads(
        "page called .xls",
        text(PAGE.replace("{}", "utf-8"), name="a.xls"),
        TRUE,
        says={"form": "HTML", "notes": r"\.xls"},
    ),
    reads("page in GB2312 called .xls", text(PAGE.replace("{}", "gb2312"), name="a.xls", encoding="gbk"), TRUE),
    reads("page", text(PAGE.replace("{}", "utf-8"), name="a.html"), TRUE),
    refuses("spreadsheet of 2003 called .xls", text(SPREADSHEET_2003.lstrip("\n"), name="a.xls"), "2003", r"\.xlsx"),
    refuses("PDF called .xlsx", raw("a.xlsx", b"%PDF-1.7\n1 0 obj"), "a PDF"),
    refuses("picture called .xls", raw("a.xls", b"\x89PNG\r\n\x1a\n" + bytes(99)), "a picture"),
    refuses("compressed CSV", raw("a.csv", b"\x1f\x8b\x08\0\0\0\0\0" + bytes(range(99))), "compressed"),
    refuses("cut off xlsx", truncated, r"a\.xlsx cannot be read as a workbook", "save it again"),
    refuses("cut off xls", truncated_xls, r"a\.xls cannot be read as a workbook", "save it again"),
    refuses("protected xlsx", protected, r"a\.xlsx", "(?i)protected"),
    refuses("protected xls", book(write_xls, "a.xls", Sheet(ROWS), password=True), r"a\.xls", "(?i)protected"),
    refuses("workbook without rows", book(write_xlsx, "a.xlsx", Sheet([HEAD])), "no rows"),
    refuses("workbook without anything", book(write_xlsx, "a.xlsx", Sheet([])), "empty"),
    reads("titles above the header", book(write_xlsx, "a.xlsx", Sheet(TITLES)), TRUE, says={"header_row": "^4$"}),
    reads(
        "titles above the header, xls",
        book(write_xls, "a.xls", Sheet(TITLES, merged=[(0, 0, 0, 4)])),
        TRUE,
        says={"header_row": "^4$"},
    ),
    reads(
        "titles above the header of a CSV",
        text("2024年销售订单明细\n制表人：张三\n\n" + PLAIN),
        TRUE,
        says={"header_row": "^4$"},
    ),
    reads("titles above the header, row given", book(write_xlsx, "a.xlsx", Sheet(TITLES)), TRUE, header=4),
    refuses(
        "another row given as header",
        book(write_xlsx, "a.xlsx", Sheet(TITLES)),
        "customer",
        "header=4",
        header=1,
        right=[TRUE],
    ),
    reads("blank rows and columns", book(write_xlsx, "a.xlsx", Sheet(GAPPY)), TRUE),
    refuses(
        "two sheets",
        book(write_xlsx, "a.xlsx", *TWO),
        "2 filled sheets",
        "2024",
        "2025",
        "sheet=",
        right=[TRUE, BOTH, LAST],
    ),
    reads("two sheets, one asked for", book(write_xlsx, "a.xlsx", *TWO), LAST, sheet="2025"),
    reads("two sheets, by place", book(write_xls, "a.xls", *TWO), LAST, sheet=1),
    reads(
        "two sheets, both asked for",
        book(write_xlsx, "a.xlsx", *TWO),
        BOTH,
        sheet=["2024", "2025"],
        says={"sheets": "2024.*2025"},
    ),
    reads("two sheets, all", book(write_xlsb, "a.xlsb", *TWO), BOTH, sheet="all"),
    reads("two sheets of ods, all", book(write_ods, "a.ods", *TWO), BOTH, sheet="all"),
    refuses("no such sheet", book(write_xlsx, "a.xlsx", *TWO), "no sheet '2026'", "2025", sheet="2026"),
    refuses(
        "sheets of different columns",
        book(write_xlsx, "a.xlsx", *OTHER),
        "different columns",
        "回款金额",
        "sheet='2024'",
        sheet="all",
        right=[TRUE, "0004 2024-03-09 500"],
    ),
    reads(
        "a hidden sheet",
        book(write_xlsx, "a.xlsx", Sheet([HEAD, *LATER], "旧", hidden=True), Sheet(ROWS, "订单")),
        TRUE,
        says={"notes": "hidden.*旧"},
    ),
    reads(
        "a hidden sheet of xls",
        book(write_xls, "a.xls", Sheet(ROWS, "订单"), Sheet([HEAD, *LATER], "旧", hidden=True)),
        TRUE,
        says={"notes": "hidden"},
    ),
    reads(
        "a hidden sheet of ods",
        book(write_ods, "a.ods", Sheet(ROWS, "订单"), Sheet([HEAD, *LATER], "旧", hidden=True)),
        TRUE,
        says={"notes": "hidden"},
    ),
    reads(
        "a hidden sheet of xlsb",
        book(write_xlsb, "a.xlsb", Sheet(ROWS, "订单"), Sheet([HEAD, *LATER], "旧", hidden=True)),
        TRUE,
        says={"notes": "hidden"},
    ),
    reads(
        "a hidden sheet, asked for",
        book(write_xlsx, "a.xlsx", Sheet(ROWS, "订单"), Sheet([HEAD, *LATER], "旧", hidden=True)),
        LAST,
        sheet="旧",
    ),
    reads(
        "blank sheets beside",
        book(write_xlsx, "a.xlsx", Sheet([], "Sheet1"), Sheet(ROWS, "订单"), Sheet([], "Sheet3")),
        TRUE,
    ),
    reads(
        "whole numbers as ids",
        book(write_xlsx, "a.xlsx", Sheet(NUMBERS)),
        "1001 2024-03-01 5\n1002 2024-03-02 6\n1001 2024-03-03 7",
    ),
    reads(
        "numbers and text as ids",
        book(write_xlsx, "a.xlsx", Sheet(MIXED_IDS)),
        "1001 2024-03-01 5\n1001 2024-03-02 6\nA7 2024-03-03 7",
    ),
    refuses("ids that Excel has rounded", book(write_xlsx, "a.xlsx", Sheet(LARGE_IDS)), "id", "exact", r"rows? 2\b"),
    reads("moments of a day", book(write_xlsx, "a.xlsx", Sheet(MOMENTS)), "a 2024-03-01 5\nb 2024-03-02 6"),
    reads("formulas", formulas, "0001 2024-03-01 12.5\n0002 2024-03-02 7.5"),
    refuses("a formula that failed", failed_formulas, "amount", r"rows? 3\b", "DIV/0", right=["a 2024-03-01 12.5"]),
    reads(
        "equal rows and cells of ods",
        book(write_ods, "a.ods", Sheet(EQUAL)),
        "5 2024-03-01 5\n5 2024-03-01 5\n7 2024-03-02 7",
        warns="every cell",
        right=["5 2024-03-01 5\n7 2024-03-02 7"],
    ),
    refuses(
        "row numbers below titles",
        book(write_xlsx, "a.xlsx", Sheet([*TITLES, ["0007", "赵敏", D(2024, 5, 1), "面议中", None]])),
        r"row 8\b",
        "面议中",
        right=[TRUE],
    ),
    refuses(
        "row numbers of several sheets",
        book(write_xlsx, "a.xlsx", *TWO, Sheet([HEAD, ["0007", "赵敏", "明天", 5, None]], "2026")),
        r"row 2026:2\b",
        "明天",
        sheet="all",
        right=[BOTH],
    ),
    reads("formats of dates", dated, "".join(f"k{n} 2024-03-05 {n}\n" for n in range(len(FORMATS)))),
    reads("unformatted numbers counted from 1904", bare_1904, "a 2024-03-01 5", says={"notes": "from 1904"}),
    reads("rich text", rich, "red and blue 2024-03-01 5"),
    reads("days counted from 1904", from_1904, "a 2024-03-01 5\nb 2024-03-02 6"),
    reads("frame of categories", lambda folder: frame(folder).astype("category"), TRUE),
    refuses(
        "frame of periods",
        lambda folder: frame(folder).assign(订单日期=pd.period_range("2024-01", periods=3, freq="M")),
        "date|month",
        right=["0004 2024-01-01 1200.50\n0005 2024-02-01 80\n0004 2024-03-01 300"],
    ),
    refuses("no customer wanted", frame, "customer", customer=None, right=[TRUE]),
    refuses("no date wanted", frame, "date", date=None, right=[TRUE]),
    refuses("a currency that is a number", frame, "currency", currency=5, right=[TRUE]),
    reads("no order numbers wanted", lambda folder: frame(folder).assign(订单编号="A-1"), TRUE, order_id=None),
    refuses("a list", lambda folder: [1, 2], "no table"),
    refuses("a frame without rows", lambda folder: frame(folder).head(0), "no rows"),
    reads("frame with rows of the same label", lambda folder: frame(folder).set_axis([7, 7, 7]), TRUE),
    reads("frame with customers as its index", lambda folder: frame(folder).set_index(["客户编号", "订单日期"]), TRUE),
]
