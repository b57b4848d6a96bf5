"""Any table, written in any shape that exports have, is read back as it was."""

import csv
import html
import io
import string

import hypothesis.strategies as st
import pytest
import xlsxwriter
from hypothesis import given, settings

from ltv_bayes.data.reading.files import read_source

TEXT = st.text(string.ascii_letters + string.digits + " ,;|'\"\n\t-_.é客户金额ñ", max_size=8)
NAMES = st.lists(
    st.sampled_from(["client", "订单金额", "Name, first", "note", "région", "a;b"]), min_size=2, unique=True
)


@st.composite
def tables(draw):
    """A table with an id and a day in each row, so that its header is told from its rows."""
    names = draw(NAMES)
    rows = draw(st.lists(st.lists(TEXT, min_size=len(names), max_size=len(names)), min_size=1, max_size=6))
    cells = [[f"C{number:03d}", "2024-03-05", *row] for number, row in enumerate(rows)]
    return ["id", "day", *names], cells


def expected(rows):
    """Cells that hold nothing are missing; an apostrophe before digits or a sign goes, as spreadsheets do."""
    return [[None if cell == "" else cell for cell in row] for row in rows]


def plain(frame):
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def is_marked(rows):
    return any(cell.startswith("'") or cell.startswith("=") for row in rows for cell in row)


@settings(max_examples=50, deadline=None)
@given(
    table=tables(),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030", "utf-16-le", "utf-32"]),
    title=st.sampled_from(["", "Orders 2024\r\n", "订单导出\r\n\r\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\r\n", "\n"]),
)
def test_text(tmp_path_factory, table, separator, encoding, title, quoting, line_end):
    names, rows = table
    if is_marked(rows):
        return
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=line_end)
    writer.writerows([names, *rows])
    path = tmp_path_factory.mktemp("text") / "orders.csv"
    raw = (title.replace("\r\n", line_end) + text.getvalue()).encode(encoding)
    path.write_bytes(raw)
    named = encoding if encoding == "gb18030" else None  # few letters need not tell it
    source = read_source(path, encoding=named)
    assert source.frame.columns.tolist() == names
    assert plain(source.frame) == expected(rows)
    first = title.count("\n") + 2
    assert source.frame.index.tolist() == list(range(first, first + len(rows)))


@settings(max_examples=20, deadline=None)
@given(table=tables(), above=st.integers(0, 3), left=st.integers(0, 2), ending=st.sampled_from(["xlsx", "csv"]))
def test_workbooks(tmp_path_factory, table, above, left, ending):
    names, rows = table
    if is_marked(rows):
        return
    path = tmp_path_factory.mktemp("book") / "orders.xlsx"
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        if above > 1:
            sheet.write_string(0, 0, "Orders 2024")
        for row, cells in enumerate([names, *rows], start=above):
            for column, cell in enumerate(cells, start=left):
                sheet.write_string(row, column, cell)
    named = path.rename(path.with_suffix(f".{ending}"))
    source = read_source(named)
    assert source.frame.columns.tolist() == names
    assert plain(source.frame) == expected(rows)
    assert source.frame.index.tolist() == list(range(above + 2, above + 2 + len(rows)))
    assert bool(source.notes) == (ending == "csv" or above > 1)


@settings(max_examples=20, deadline=None)
@given(table=tables(), encoding=st.sampled_from(["utf-8", "gb18030"]))
def test_pages(tmp_path_factory, table, encoding):
    names, rows = table
    if is_marked(rows):
        return
    lines = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in [names, *rows]]
    path = tmp_path_factory.mktemp("page") / "orders.xls"
    page = "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
    path.write_bytes(f'<html><meta charset="{encoding}">{page}</html>'.encode(encoding))
    source = read_source(path)
    assert source.frame.columns.tolist() == names
    shown = [[" ".join(cell.split()) or None for cell in row] for row in rows]
    assert plain(source.frame) == shown


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_many_rows(tmp_path, encoding):
    rows = [["客户", "金额"], *([f"客户{number}", str(number)] for number in range(3000))]
    path = tmp_path / "orders.csv"
    path.write_bytes("".join(",".join(row) + "\r\n" for row in rows).encode(encoding))
    assert read_source(path).frame.to_numpy().tolist() == rows[1:]
