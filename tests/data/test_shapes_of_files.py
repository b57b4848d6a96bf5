"""Exports as they come: titles, two-level headers, footers, merged cells, sheets; each read right, or refused."""

import base64
import re
import zlib

import pandas as pd
import pytest
import xlsxwriter

import ltv_bayes as lb
from ltv_bayes.data.reading.files import read_source
from ltv_bayes.errors import ColumnError, InputError
from ltv_bayes.value.acquisition.costs import AcquisitionCosts

BODY = "C001,2024-03-05,1200\nC002,2024-03-06,80\n"
COLUMNS = ["客户", "日期", "金额"]
HEADER = "客户,日期,金额\n"
CELLS = [["C001", "2024-03-05", "1200"], ["C002", "2024-03-06", "80"]]


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def book(path, **sheets):
    """Write sheets of cells; a cell that is a pair (text, columns) is merged over so many columns."""
    with xlsxwriter.Workbook(path) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, tuple):
                        text, down, across = cell
                        sheet.merge_range(row, column, row + down - 1, column + across - 1, text)
                    elif cell is not None:
                        sheet.write(row, column, cell)
    return path


def pasted(error):
    """Run the first call that a message offers."""
    call = re.search(r"lb\.read_table\('.*?'(?:, [a-z]+=(?:\[.*?\]|'.*?'|\d+))*\)", str(error))[0]
    return eval(call, {"lb": lb})


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ("订单导出\n", 2),
        ("订单导出\n\n\n", 4),
        ("订单导出,,\n", 2),
        ("\n导出时间：2024-04-01 10:00\n部门：全部,状态：全部\n\n", 5),
        ("Report: orders,Region: East,\n", 2),
        ('"Orders\nof 2024"\n', 2),
        ("2024\n", 2),
        ("", 1),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_above_the_header_are_found(tmp_path, above, row, separator):
    text = (above + HEADER + BODY).replace(",", separator)
    source = read_source(written(tmp_path / "orders.csv", text))
    assert source.header_row == row
    assert source.frame.columns.tolist() == COLUMNS
    assert source.frame.to_numpy().tolist() == CELLS
    assert source.frame.index.tolist() == [row + 1, row + 2]
    titles = [line for line in above.replace('"Orders\nof 2024"', "Orders of 2024").split("\n") if line.strip(",")]
    assert len(source.above) == len(titles)


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        "\n" + BODY,
        "C001,王芳,2024-03-05\nC002,李雷,2024-03-06\n",
        "0004,1997-01-01,1,29.33\n0004,1997-01-18,1,29.73\n",
        "Ada,3\nBo,4\n",
        "C001,2024年3月5日,50万元\nC002,2024年3月6日,1.2亿\n",
        "C001,2024-01-01,2024-12-31\nC002,2024-02-01,2025-01-31\n",
        "C001,2024-03-05,USD 1200\n备注,无,无\n",
    ],
)
def test_a_file_without_a_header_loses_no_row(tmp_path, text):
    path = written(tmp_path / "orders.csv", text)
    with pytest.raises(InputError, match=r"orders\.csv seems to have no header: its row \d holds") as caught:
        lb.read_table(path)
    rows = pasted(caught.value)
    assert rows.columns[0] == "column 1"
    assert len(rows) == len(text.strip().split("\n"))
    assert rows.to_numpy().tolist() == [line.split(",") for line in text.strip().split("\n")]


@pytest.mark.parametrize(
    "header",
    [
        "cohort,0,1,2",
        "cohort,2022,2023,2024",
        ",0,1,2",
        "col1,col2,ab3,Q4",
        "客户,金额(万元),USD 金额,2024年",
        "分类,2024年1月,2024年2月,2024年3月",
        "segment,2024-01-01,2024-02-01,2024-03-01",
    ],
)
def test_names_with_numbers_are_names(tmp_path, header):
    frame = lb.read_table(written(tmp_path / "active.csv", f"{header}\nA,100,80,60\nB,90,70,50\n"))
    assert frame.columns.tolist()[1:] == header.split(",")[1:]
    assert len(frame) == 2


def test_a_header_that_cannot_be_told_is_refused_with_calls_that_work(tmp_path):
    path = written(tmp_path / "orders.csv", "id,name,\n部门,产品,地区\nA,B,C\n")
    with pytest.raises(
        InputError, match=r"cannot be told[\s\S]*row 1: id \| name[\s\S]*header=1\) or .*header=2\)"
    ) as caught:
        lb.read_table(path)
    assert pasted(caught.value).columns.tolist() == ["id", "name", "column 3"]
    assert lb.read_table(path, header=2).to_numpy().tolist() == [["A", "B", "C"]]


@pytest.mark.parametrize(
    "text",
    ["report,2 columns\n客户,金额\nC1,5\nC2,6\n", "orders of 2024\n\nclient\nAda\nBo\n"],
)
def test_two_rows_of_names_are_refused_where_one_may_be_a_title(tmp_path, text):
    path = written(tmp_path / "orders.csv", text)
    with pytest.raises(InputError, match=r"cannot be told[\s\S]*header=1\) or .*header=[23]\)"):
        lb.read_table(path)
    row = 2 if "客户" in text else 3
    assert len(lb.read_table(path, header=row)) == 2


@pytest.mark.parametrize("header", [9, -1, "2", [1, 2, 3], [2, 1], True, []])
def test_a_header_that_is_no_row(tmp_path, header):
    path = written(tmp_path / "orders.csv", HEADER + BODY)
    with pytest.raises(InputError, match=r"names no row|is blank or not among"):
        lb.read_table(path, header=header)


def test_blank_rows_before_the_header(tmp_path):
    frame = lb.read_table(written(tmp_path / "orders.csv", "\n" * 1000 + HEADER + BODY))
    assert frame.index.tolist() == [1002, 1003]


def test_the_header_may_be_named_below_the_rows_looked_at(tmp_path):
    text = "".join(f"note {number},x,y\n" for number in range(700)) + HEADER + BODY
    frame = lb.read_table(written(tmp_path / "orders.csv", text), header=701)
    assert frame.columns.tolist() == COLUMNS
    assert frame.index.tolist() == [702, 703]


SUBFORM = ["订单号", "客户", "明细.产品", "明细.金额", "备注"]


def test_a_two_level_header_of_merged_cells(tmp_path):
    upper = [("订单号", 2, 1), ("客户", 2, 1), ("明细", 1, 2), None, ("备注", 2, 1)]
    lower = [None, None, "产品", "金额", None]
    rows = [
        upper,
        lower,
        [("S1", 2, 1), ("甲", 2, 1), "A", 10, None],
        [None, None, "B", 20, None],
        ["S2", "乙", "A", 5, "x"],
    ]
    source = read_source(book(tmp_path / "orders.xlsx", 订单=rows))
    assert source.frame.columns.tolist() == SUBFORM
    assert source.frame.index.tolist() == [3, 4, 5]
    assert source.frame["明细.金额"].tolist() == [10, 20, 5]
    assert source.frame["订单号"].isna().tolist() == [False, True, False]
    assert source.merged == {"订单号": [(3, 4)], "客户": [(3, 4)]}
    assert source.header_row == 2
    titled = book(tmp_path / "titled.xlsx", 订单=[[("订单导出", 1, 5)], *rows])
    source = read_source(titled)
    assert source.frame.columns.tolist() == SUBFORM
    assert source.above == ("订单导出",)
    assert source.merged == {"订单号": [(4, 5)], "客户": [(4, 5)]}
    assert lb.read_table(titled, header=[2, 3]).equals(source.frame)


def test_a_two_level_header_with_plain_names_in_the_lower_row(tmp_path):
    rows = [[None, None, ("明细", 1, 2)], ["订单号", "客户", "产品", "金额"], ["S1", "甲", "A", 10]]
    frame = lb.read_table(book(tmp_path / "orders.xlsx", 订单=rows))
    assert frame.columns.tolist() == ["订单号", "客户", "明细.产品", "明细.金额"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("订单号,客户,明细,,备注\n,,产品,金额,\nS1,甲,A,10,\n,,B,20,\n", SUBFORM),
        ("Q1,,Q2,\nn,sum,n,sum\n1,2,3,4\n", ["Q1.n", "Q1.sum", "Q2.n", "Q2.sum"]),
    ],
)
def test_a_two_level_header_in_text(tmp_path, text, names):
    assert lb.read_table(written(tmp_path / "orders.csv", text)).columns.tolist() == names


def test_a_title_merged_across_the_table_is_no_group(tmp_path):
    rows = [[("2024年订单", 1, 3)], COLUMNS, *CELLS]
    source = read_source(book(tmp_path / "orders.xlsx", 订单=rows))
    assert source.frame.columns.tolist() == COLUMNS
    assert source.above == ("2024年订单",)
    assert source.merged == {}


REPORT = '"Account ID","Close Date","Amount"\n"001A","2024-03-01","100"\n"001B","2024-03-02","50"\n'
FOOTER = (
    '\n"Open deals"\n"Copyright (c) 2000-2024 salesforce.com, inc. All rights reserved."\n'
    '"Confidential Information - Do Not Distribute"\n"Generated By:  A User  4/1/2024"\n"Acme, Inc."\n'
)


def test_lines_after_a_report_are_no_rows(tmp_path):
    source = read_source(written(tmp_path / "report.csv", REPORT + FOOTER))
    assert source.frame["Account ID"].tolist() == ["001A", "001B"]
    assert [row for row, _ in source.footer] == [5, 6, 7, 8, 9]
    assert source.footer[-1] == (9, "Acme, Inc.")
    assert "5 lines of text after the last row left out" in source.notes[-1]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (REPORT + '"001C",,\n', 3),  # a customer whose amount is missing
        (REPORT + '\n"0004",,\n', 3),  # a number is no text
        (REPORT + "合计,,150\n", 3),  # a total row has an amount
        (REPORT + ',,"x"\n', 3),  # a text in another column
        ("id,name\n1,a\n\nBo,\n", 2),  # of two columns, one is half the row
        (REPORT + "备注：含税,,\n", 2),
        (REPORT + "Copyright 2024\nC003,2024-03-05,5\n", 4),  # not after the last row
    ],
)
def test_what_is_no_footer_stays(tmp_path, text, rows):
    assert len(lb.read_table(written(tmp_path / "report.csv", text))) == rows


def test_sheets_one_some_and_all(tmp_path):
    other = [["金额", "客户", "日期"], [7, "C009", "2025-01-01"]]
    path = book(tmp_path / "orders.xlsx", **{"2023": [COLUMNS, *CELLS], "2024": other, "空": []})
    with pytest.raises(InputError, match=r"Pass sheet='2023', sheet=\['2023', '2024'\] or sheet='all'") as caught:
        lb.read_table(path)
    assert pasted(caught.value).to_numpy().tolist() == CELLS
    for choice in ("all", ["2023", "2024"], [0, 1]):
        source = read_source(path, sheet=choice)
        assert source.frame.index.tolist() == ["2023:2", "2023:3", "2024:2"]
        assert source.frame["客户"].tolist() == ["C001", "C002", "C009"]
        assert source.sheets == ("2023", "2024")
    assert lb.read_table(path, sheet=["2024"]).index.tolist() == [2]
    for wrong in ([], ["2023", "2023"]):
        with pytest.raises(InputError, match="names no sheet, or one twice"):
            lb.read_table(path, sheet=wrong)
    with pytest.raises(InputError, match="no sheet '2022'"):
        lb.read_table(path, sheet=["2023", "2022"])


def test_sheets_with_different_columns_are_refused(tmp_path):
    path = book(tmp_path / "orders.xlsx", A=[["id", "value"], ["x", 1]], B=[["id", "amount"], ["x", 1]])
    with pytest.raises(ColumnError, match="different columns: A alone has value; B alone has amount"):
        lb.read_table(path, sheet="all")


def test_hidden_sheets_are_left_out_unless_named(tmp_path):
    path = tmp_path / "orders.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        for name in ("Orders", "Lists", "Codes"):
            sheet = workbook.add_worksheet(name)
            for row, cells in enumerate([["id", "value"], [name, 1]]):
                sheet.write_row(row, 0, cells)
            if name == "Lists":
                sheet.hide()
            if name == "Codes":
                sheet.very_hidden()
    source = read_source(path)
    assert source.frame["id"].tolist() == ["Orders"]
    assert source.notes == ("2 hidden sheets left out: Lists, Codes",)
    assert lb.read_table(path, sheet="Codes")["id"].tolist() == ["Codes"]
    assert len(lb.read_table(path, sheet="all")) == 1


def test_merged_cells_of_sheets_below_each_other(tmp_path):
    rows = [["id", "value"], [("x", 2, 1), 1], [None, 2]]
    path = book(tmp_path / "orders.xlsx", A=rows, B=rows)
    assert read_source(path, sheet="all").merged == {"id": [("A:2", "A:3"), ("B:2", "B:3")]}


PAGE = """<html><head><meta charset="{charset}"><style>td {{mso-number-format:"@"}}</style></head><body>
<table><tr><td>导出</td></tr></table>
<table><tr><th>客户</th><th>日期</th><th>金额</th></tr>
<tr><td rowspan=2>0004</td><td>2024-03-05</td><td>1,200<script>alert(1)</script></td></tr>
<tr><td>2024-03-06</td><td>80<br>含税</td></tr></table></body></html>"""


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk"])
@pytest.mark.parametrize("name", ["orders.xls", "orders.html", "orders.htm", "orders.csv"])
def test_a_page_is_a_page_whatever_its_name(tmp_path, charset, name):
    source = read_source(written(tmp_path / name, PAGE.format(charset=charset), charset))
    assert source.form == "HTML table"
    assert source.frame.columns.tolist() == COLUMNS
    assert source.frame["客户"].tolist()[0] == "0004"
    assert source.frame["金额"].tolist() == ["1,200", "80\n含税"]
    assert source.merged == {"客户": [(2, 3)]}
    assert ("is no .xls file but HTML table" in " ".join(source.notes)) == (name == "orders.xls")


def test_a_page_with_two_level_header(tmp_path):
    page = (
        "<table><tr><td rowspan=2>单号<td colspan=2>明细<td rowspan=2>备注<tr><td>产品<td>金额"
        "<tr><td rowspan=2>S1<td>A<td>10<td rowspan=2>x<tr><td>B<td>20</table>"
    )
    source = read_source(written(tmp_path / "orders.xls", page))
    assert source.frame.columns.tolist() == ["单号", "明细.产品", "明细.金额", "备注"]
    assert source.frame["明细.金额"].tolist() == ["10", "20"]
    assert source.merged == {"单号": [(3, 4)], "备注": [(3, 4)]}


def test_several_tables_of_a_page(tmp_path):
    table = "<table><tr><td>id<td>value<tr><td>{}<td>1</table>"
    path = written(tmp_path / "orders.html", table.format("a") + table.format("b"))
    with pytest.raises(InputError, match=r"has 2 tables. Say which:\s+id \| value \| a \| 1: lb") as caught:
        lb.read_table(path)
    assert pasted(caught.value)["id"].tolist() == ["a"]
    assert lb.read_table(path, sheet=1)["id"].tolist() == ["b"]
    with pytest.raises(InputError, match="counted from 0 to 1"):
        lb.read_table(path, sheet=2)
    with pytest.raises(InputError, match="page without a table"):
        lb.read_table(written(tmp_path / "page.html", "<html><body>Log in</body></html>"))


OLD_WORKBOOK = (
    b"c-rk)O=uHA6#izDG(V*2rlvwGlu)qR+C%&Sz0_4fdupi_QB=^R%|RMcS-"
    b"j{$t2HMP6fY`zXz9gE)r&vqL2n*}`hy69km%8qpx`0R`sVE{rfm)l*wV^;!@PO>-"
    b"kX`1oi}eY^L92~oP5+)!UF7u4;3ejhANq$8ulJcklt}5>$M@Oj>eioI7AEC5Ww@sH$l0Ea=lA1@X-H?DDai)37o;eSU#IvLF{86(n9*sOH|-"
    b"4Nn&VaubP<-GhN5@0b9Ocx`!p#nD&xwQ5?gpHPF3FMe$LigLN^;ai4IX&n(%B7QB{GeDS()Z3EbApHAmir=r~-"
    b"#WZN$`m*_~oz4}Jpaq=9FDD87^mgjYq?WI&T!7@i=gWgN<TnjJFb?Mw2Y3NdeDq0;A*QY#K2*jwke(~)r;hK;Q1kA_y;~$nrBXY>5dA14M<olJ"
    b"#+D`#nWTABoAWkxBL{nw=m?sak8{YIl(x(Ff4uL{3|c2yGR}$IP4^q6hj4I7_Mpx&*07Uo+s$+f)5|>S2IkwCCMZy;?Hp`T%z+8Exx(5`nrA!X"
    b"gSDxO-%Nbr`@yH}g>P0D@iTp;^NE>H)+9RU^D{#IWtl*a=n;2rOFXl@R;bkQg=y=eG!ZgP<-4Q4X-"
    b"$|zgxNS#_es7Tq3lHsd%^Z{#0y4*{fX1NaP5s6_6FPgl)d}*hvaA0XvSlyq@?v15ol;=XlQ6?XlQ6G3xxV3?^6ejfI2P&)xFLf)r!6*`EN0VF)"
    b"C;2@VFm&YHggWD}L4^AiS}}68m`fg%U?-b{nI}upgs!$1ffCMD_1ka!2#uZJ~PSuhiq`GSB}9=|0GB"
)
"""An .xls file of one sheet, compressed."""


@pytest.mark.parametrize("name", ["orders.csv", "orders.xlsx", "orders.xls", "orders.txt", "orders.parquet"])
def test_content_decides_and_not_the_ending(tmp_path, name):
    text = written(tmp_path / name, HEADER + BODY)
    source = read_source(text)
    assert (source.form, source.frame.to_numpy().tolist()) == ("CSV", CELLS)
    assert bool(source.notes) == (not name.endswith((".csv", ".txt")))
    source = read_source(written(tmp_path / name, (HEADER + BODY).replace(",", "\t"), "utf-16"))
    assert (source.form, source.frame.to_numpy().tolist()) == ("TSV", CELLS)
    made = book(tmp_path / "made.xlsx", 订单=[COLUMNS, *CELLS])
    source = read_source(made.replace(tmp_path / name))
    assert (source.form, source.frame.to_numpy().tolist()) == ("Excel workbook", CELLS)
    pd.DataFrame(CELLS, columns=COLUMNS).to_parquet(tmp_path / name)
    assert read_source(tmp_path / name).form == "Parquet"


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"%PDF-1.7\n1,2", "is a PDF"),
        (b"\x1f\x8b\x08\x00,\n", "is a compressed file"),
        (b'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "XML spreadsheet"),
    ],
)
def test_other_files_are_named(tmp_path, start, words):
    (tmp_path / "orders.xls").write_bytes(start)
    with pytest.raises(InputError, match=words):
        lb.read_table(tmp_path / "orders.xls")


def test_ids_that_spreadsheets_keep_as_text(tmp_path):
    text = 'id,value\n="0004",1\n"=""0005""",2\n\'0006,3\n\'-7,4\n\'s-Hertogenbosch,5\n=1+1,6\n'
    source = read_source(written(tmp_path / "orders.csv", text))
    assert source.frame["id"].tolist() == ["0004", "0005", "0006", "-7", "'s-Hertogenbosch", "=1+1"]
    assert "4 cells written as" in source.notes[0]
    path = book(tmp_path / "orders.xlsx", A=[["id", "value"], ["'0004", 1], ["'s-Hertogenbosch", 2]])
    assert lb.read_table(path)["id"].tolist() == ["0004", "'s-Hertogenbosch"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_ids_written_by_write_table_come_back(tmp_path, suffix):
    ids = ["-5", "=1", "+1", "@x", "'=1", "''-5", "'s", "\t=1", "＝1", " -5 Ltd", "0004"]
    table = pd.DataFrame({"customer_id": ids, "=name": range(len(ids))})
    back = lb.read_table(lb.write_table(table, tmp_path / f"table.{suffix}"))
    assert back["customer_id"].tolist() == ids
    assert back.columns.tolist() == ["customer_id", "=name"]


def test_a_quotation_mark_that_swallows_rows_is_refused(tmp_path):
    rows = [f"{number},a,b\n" for number in range(40)]
    rows[10], rows[30] = '10,"a,b\n', '30,a",b\n'
    with pytest.raises(
        InputError, match=r"quotation mark in row 12 of orders\.csv is closed only rows later"
    ) as caught:
        lb.read_table(written(tmp_path / "orders.csv", "id,x,y\n" + "".join(rows)))
    assert caught.value.rows == (12,)


@pytest.mark.parametrize("ending", ['1,"2', '1,"2\n', '1,"', '1,"a""', '1,"a""\n'])
def test_an_open_quotation_mark_is_refused(tmp_path, ending):
    with pytest.raises(InputError, match="never closed"):
        lb.read_table(written(tmp_path / "orders.csv", f"id,value\n1,2\n{ending}"))


@pytest.mark.parametrize("ending", ['1,"2"', '1,"2"\n', '1,""', '1,""""', '1,"a"""\n', '"1",\n', '1,2"', '1,"a\n"'])
def test_a_closed_quotation_mark_is_none(tmp_path, ending):
    assert len(lb.read_table(written(tmp_path / "orders.csv", f"id,value\n1,2\n{ending}"))) == 2


def test_row_numbers_far_down_count_quoted_lines_once(tmp_path):
    rows = [f'{number},"a\nb",c\n' for number in range(30_000)]
    rows[20_000], rows[25_000] = "\n", "25000,short\n"
    frame = lb.read_table(written(tmp_path / "orders.csv", "id,x,y\n" + "".join(rows)))
    assert len(frame) == 29_999
    assert (frame["id"].astype(int) + 2 == frame.index).all()
    assert pd.isna(frame.loc[25_002, "y"])
    rows[29_000] = "1,2,3,4\n"
    with pytest.raises(InputError, match=r"Row 29,002 of orders.csv has 4 cells, the header 3"):
        lb.read_table(written(tmp_path / "orders.csv", "id,x,y\n" + "".join(rows)))


def test_a_cell_larger_than_a_block(tmp_path):
    text = "id,x,y\n" + f'1,"{"long " * 5_000_000}",2\n' + "2,b,c\n" * 10
    frame = lb.read_table(written(tmp_path / "orders.csv", text))
    assert frame.index.tolist() == list(range(2, 13))
    assert len(frame.loc[2, "x"]) == 25_000_000


def test_old_workbooks(tmp_path):
    raw = zlib.decompress(base64.b85decode(OLD_WORKBOOK))
    (tmp_path / "orders.xls").write_bytes(raw)
    source = read_source(tmp_path / "orders.xls")
    assert source.frame.to_numpy().tolist() == [["0004", 10], ["Müller 客户", 20]]
    assert source.merged == {}


@pytest.fixture
def orders():
    table = pd.DataFrame({"id": ["x", "x", "y"], "day": ["2024-01-01", "2024-02-01", "2024-01-05"], "value": [1, 2, 3]})
    return lb.read_transactions(table, customer="id", date="day", amount="value", currency="EUR")


def test_the_hint_of_a_file_with_attributes_works_when_pasted(tmp_path, orders):
    rows = [["id", "region"], ["x", "East"], ["y", "West"]]
    path = book(tmp_path / "clients.xlsx", A=rows, B=rows)
    with pytest.raises(InputError, match="has 2 filled sheets: A, B") as caught:
        lb.summarize(orders, as_of="2024-03-01", attributes=path)
    customers = lb.summarize(orders, as_of="2024-03-01", attributes=pasted(caught.value))
    assert customers.table["region"].tolist() == ["East", "West"]
    open_choice = written(tmp_path / "open.csv", "id,region,\nid,region,size\nx,East,big\ny,West,small\n")
    with pytest.raises(InputError, match="cannot be told") as caught:
        lb.summarize(orders, as_of="2024-03-01", attributes=open_choice)
    assert "header=2)" in str(caught.value)
    attributes = lb.read_table(open_choice, header=2)
    assert lb.summarize(orders, as_of="2024-03-01", attributes=attributes).table["size"].tolist() == ["big", "small"]


def test_costs_below_a_title(tmp_path):
    text = "费用 2024\nchannel,spend,clients_won\nAds,100,2\n"
    costs = AcquisitionCosts.read(written(tmp_path / "costs.csv", text, "gbk"), header=2)
    assert costs.rows[["channel", "spend", "clients_won"]].to_numpy().tolist() == [["Ads", 100.0, 2.0]]
