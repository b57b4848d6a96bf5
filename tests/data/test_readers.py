"""Files and frames of every kind give the same raw rows, or a message that says what to do."""

import datetime as dt
import struct
import zipfile

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xlsxwriter

from ltv_bayes import read_table
from ltv_bayes.data.reading.files import read_source
from ltv_bayes.errors import ColumnError, InputError
from tests.exports.workbooks import Sheet, write_ods, write_xls

HEADER = ["客户", "日期", "金额"]
ROWS = [["0004", "2024-03-05", "1,200"], ["王芳", "2024-03-06", "80"]]


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def as_csv(separator=","):
    quoted = [[f'"{cell}"' if separator in cell else cell for cell in row] for row in [HEADER, *ROWS]]
    return "\n".join(separator.join(row) for row in quoted) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_of_any_encoding_and_separator(tmp_path, encoding, separator):
    frame = read_table(written(tmp_path / "orders.csv", as_csv(separator), encoding))
    assert frame.columns.tolist() == HEADER
    assert frame.to_numpy().tolist() == ROWS


def test_row_numbers_are_those_of_a_spreadsheet(tmp_path):
    text = 'id,note\n1,"two\nlines"\n\n2,x\n , \n3,\n'
    frame = read_table(written(tmp_path / "orders.txt", text))
    assert frame.index.tolist() == [2, 4, 6]
    assert frame["id"].tolist() == ["1", "2", "3"]
    assert frame["note"].isna().tolist() == [False, False, True]


def test_cells_of_a_text_file_stay_text(tmp_path):
    frame = read_table(written(tmp_path / "orders.csv", "id,value\n0004,NA\n1e5,NULL\n"))
    assert frame.to_numpy().tolist() == [["0004", "NA"], ["1e5", "NULL"]]


def test_excel_may_name_the_separator(tmp_path):
    frame = read_table(written(tmp_path / "orders.csv", "sep=;\r\nid;value\r\n1;2,5\r\n"))
    assert frame.loc[3].tolist() == ["1", "2,5"]


def test_named_encoding(tmp_path):
    path = written(tmp_path / "orders.csv", "id,name\n1,台積電\n", "big5")
    assert read_table(path, encoding="big5")["name"].tolist() == ["台積電"]


def test_western_european_text_is_not_taken_for_chinese(tmp_path):
    path = written(tmp_path / "kunden.csv", "id,name\n1,Müller\n2,Jäger\n", "cp1252")
    assert read_table(path)["name"].tolist() == ["Müller", "Jäger"]
    assert read_table(path, encoding="cp1252")["name"].tolist() == ["Müller", "Jäger"]


def test_wrong_encoding_names_the_line(tmp_path):
    path = written(tmp_path / "orders.csv", "id,name\n1,a\n2,客户\n", "gbk")
    with pytest.raises(InputError, match="line 3") as caught:
        read_table(path, encoding="utf-8")
    assert caught.value.rows == (3,)
    with pytest.raises(InputError, match="'klingon' is not known"):
        read_table(path, encoding="klingon")


@pytest.mark.parametrize("header", [" client ,\tvalue", "\ufeffclient,\u3000value\u3000"])
def test_headers_lose_blanks_and_byte_order_marks(tmp_path, header):
    frame = read_table(written(tmp_path / "orders.csv", f"{header}\n1,2\n", "utf-8-sig"))
    assert frame.columns.tolist() == ["client", "value"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty.csv", "", "is empty. Export it again"),
        ("blank.csv", "\n\n", "is empty. Export it again"),
        ("header.csv", "id,date,amount\n", "has a header but no rows. Export it again"),
        ("orders.json", "{}", "Save it as one of them"),
        ("twice.csv", "id,id\n1,2\n", "same name: id. Rename"),
        ("twice.csv", "id, id \n1,2\n", "same name: id. Rename"),
        ("ragged.csv", "id,value\n1,2\n3,4,5\n", "Row 3 of ragged.csv has 3 cells, the header 2. Put cells"),
        ("quote.csv", 'id,value\n1,"2\n', "never closed. Close it"),
        ("binary.csv", "PK\x03\x04\x00\x00", "not a text file.*Save it as CSV"),
        ("binary.xlsx", "no workbook", "cannot be read as a workbook.*save it again"),
        ("binary.parquet", "no table at all", "cannot be read as Parquet.*Write the file again"),
    ],
)
def test_unusable_files_say_what_to_do(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        read_table(written(tmp_path / name, text))


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match=r"does not exist.*Check the path"):
        read_table(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize("source", [3, [1, 2], {"id": [1]}, pd.Series([1]), pl.Series([1])])
def test_other_objects_are_no_table(source):
    with pytest.raises(InputError, match="Pass the path of a file"):
        read_table(source)


def test_options_that_mean_nothing_are_refused(tmp_path):
    path = written(tmp_path / "orders.csv", "id\n1\n")
    with pytest.raises(InputError, match=r"sheet='Q1' is for workbooks.*Leave sheet out"):
        read_table(path, sheet="Q1")
    with pytest.raises(InputError, match="Leave encoding out"):
        read_table(pd.DataFrame({"id": [1]}), encoding="utf-8")


def test_workbooks(tmp_path):
    path = tmp_path / "orders.xlsx"
    frame = pd.DataFrame({" 客户 ": [4, None, 6], "日期": [dt.datetime(2024, 3, 5, 9)] * 3, "金额": [1, "￥3", None]})
    frame.to_excel(path, index=False, startrow=2)
    rows = read_table(path)
    assert rows.columns.tolist() == ["客户", "日期", "金额"]
    assert rows.index.tolist() == [4, 5, 6]
    assert rows["日期"].dtype.kind == "M"
    assert rows["金额"].tolist()[:2] == [1, "￥3"]


def open_document(path, rows):
    """Write one sheet; a cell that is a pair (text, rows) is merged downwards, None is covered by it."""
    written_rows = ""
    for cells in rows:
        written_rows += "<table:table-row>"
        for cell in cells:
            text, down = cell if isinstance(cell, tuple) else (cell, 1)
            merged = f' table:number-rows-spanned="{down}"' if down > 1 else ""
            filled = f'<table:table-cell office:value-type="string"{merged}><text:p>{text}</text:p></table:table-cell>'
            written_rows += filled if text is not None else "<table:covered-table-cell/>"
        written_rows += "</table:table-row>"
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
        f'xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Q1">{written_rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", "<manifest/>")
        book.writestr("content.xml", content)
    return path


def test_open_document_sheets(tmp_path):
    path = open_document(tmp_path / "orders.ods", [["客户"], ["0004"]])
    assert read_table(path)["客户"].tolist() == ["0004"]
    merged = open_document(tmp_path / "merged.ods", [["客户", "金额"], [("0004", 2), "一"], [None, "二"]])
    source = read_source(merged)
    assert source.form == "OpenDocument"
    assert source.merged == {"客户": [(2, 3)]}
    assert source.frame["客户"].isna().tolist() == [False, True]


def workbook(path, **sheets):
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        for name, frame in sheets.items():
            frame.to_excel(book, sheet_name=name, index=False)
    return path


def test_sheets(tmp_path):
    one, two, none = pd.DataFrame({"id": [1]}), pd.DataFrame({"id": [2]}), pd.DataFrame()
    only = workbook(tmp_path / "only.xlsx", Notes=none, Orders=two)
    assert read_table(only)["id"].tolist() == [2]
    both = workbook(tmp_path / "both.xlsx", Q1=one, Q2=two)
    assert read_table(both, sheet="Q2")["id"].tolist() == [2]
    assert read_table(both, sheet=0)["id"].tolist() == [1]
    with pytest.raises(InputError, match=r"2 filled sheets: Q1, Q2. Pass sheet='Q1'"):
        read_table(both)
    with pytest.raises(InputError, match=r"where nothing takes sheet=, lb\.read_table\('.*both\.xlsx', sheet='Q1'\)"):
        read_table(both)
    with pytest.raises(InputError, match="Did you mean 'Q1'"):
        read_table(both, sheet="Q11")
    with pytest.raises(InputError, match="is empty"):
        read_table(workbook(tmp_path / "none.xlsx", Notes=none))


@pytest.fixture
def polars_frame():
    moments = pl.Series([dt.datetime(2024, 1, 1, 23, 30), None]).dt.replace_time_zone("Asia/Shanghai")
    return pl.DataFrame({"客户": ["0004", None], "id": [2**60 + 1, None], "moment": moments, "value": [1.5, None]})


class Stream:
    """Something that offers an Arrow stream and nothing else."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def assert_is_polars_frame(rows):
    assert rows.index.tolist() == [0, 1]
    assert rows["客户"].isna().tolist() == [False, True]
    assert rows["id"].iloc[0] == 2**60 + 1
    assert str(rows["moment"].iloc[0]) == "2024-01-01 23:30:00+08:00"


@pytest.mark.parametrize(
    "convert", [lambda f: f, pl.DataFrame.lazy, pl.DataFrame.to_arrow, lambda f: f.to_arrow().to_reader()]
)
def test_arrow_tables_keep_large_ids_and_time_zones(polars_frame, convert):
    assert_is_polars_frame(read_table(convert(polars_frame)))


def test_a_bare_arrow_stream_keeps_large_ids_and_time_zones(polars_frame):
    assert_is_polars_frame(read_table(Stream(polars_frame)))


def test_arrow_types_become_plain_ones(tmp_path):
    frame = pl.DataFrame(
        {
            "number": [2**60 + 1, None],
            "whole": [1, 2],
            "marked": [True, None],
            "day": [dt.date(2024, 1, 1), None],
            "decimal": pl.Series(["1.5", None]).cast(pl.Decimal(10, 2)),
            "category": pl.Series(["x", None], dtype=pl.Categorical),
        }
    )
    frame.write_parquet(tmp_path / "frame.parquet")
    for rows in (read_table(frame), read_table(tmp_path / "frame.parquet")):
        kinds = rows.dtypes.astype(str).tolist()
        assert kinds == ["Int64", "int64", "boolean", "datetime64[us]", "float64", "str"]
        assert rows["number"].iloc[0] == 2**60 + 1


def test_duckdb_relation():
    with duckdb.connect() as connection:
        assert read_table(connection.sql("SELECT 'Ada' AS client, 3 AS value"))["client"].tolist() == ["Ada"]


@pytest.mark.parametrize(
    ("name", "other"), [("o[1].pq", "o1.pq"), ("客户*.parquet", "客户1.parquet"), ("a?.parquet", "ab.parquet")]
)
def test_parquet_is_the_file_named_and_no_other(tmp_path, polars_frame, name, other):
    pl.DataFrame({"客户": ["another file"]}).write_parquet(tmp_path / other)
    with (tmp_path / name).open("wb") as file:  # polars would take the name for a pattern
        polars_frame.write_parquet(file)
    assert_is_polars_frame(read_table(tmp_path / name))


def test_parquet_written_by_pandas(tmp_path):
    moments = pd.to_datetime(["2024-01-01 23:30"]).tz_localize("Asia/Shanghai")
    frame = pd.DataFrame({"moment": moments, "value": [1.0]}, index=["Ada"])
    frame.to_parquet(tmp_path / "orders.parquet")
    rows = read_table(tmp_path / "orders.parquet")
    assert rows.index.tolist() == ["Ada"]
    assert rows.columns.tolist() == ["moment", "value"]
    assert str(rows["moment"].iloc[0]) == "2024-01-01 23:30:00+08:00"


def test_pandas_frames_keep_their_index_and_are_not_changed():
    frame = pd.DataFrame({" client ": ["Ada"]}, index=[7])
    assert read_table(frame).index.tolist() == [7]
    assert frame.columns.tolist() == [" client "]
    with pytest.raises(ColumnError, match="same name"):
        read_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(InputError, match="no rows"):
        read_table(pd.DataFrame({"a": []}))


def test_arrow_offset_zones():
    table = pa.table({"moment": pa.array([dt.datetime(2024, 1, 1, 20)], pa.timestamp("us", "+08:00"))})
    assert str(read_table(table)["moment"].iloc[0]) == "2024-01-02 04:00:00+08:00"


def failed_xls(folder):
    """A number of an .xls file turned into the record of an error."""
    path = write_xls(folder / "orders.xls", Sheet([["client", "value"], ["Ada", 3], ["Bo", 77.25]], "first"))
    number = struct.pack("<HHHHHd", 0x0203, 14, 2, 1, 15, 77.25)
    error = struct.pack("<HHHHHBB", 0x0205, 8, 2, 1, 15, 0x07, 1) + struct.pack("<HHH", 0x00FF, 2, 0)
    assert path.read_bytes().count(number) == 1
    assert len(number) == len(error)
    path.write_bytes(path.read_bytes().replace(number, error))
    return path


def failed_ods(folder):
    """A cell as LibreOffice writes one of which the formula failed."""
    path = write_ods(folder / "orders.ods", Sheet([["client", "value"], ["Ada", 3], ["Bo", 77.25]], "first"))
    with zipfile.ZipFile(path) as parts:
        texts = {name: parts.read(name).decode() for name in parts.namelist()}
    written = 'office:value-type="float" office:value="77.25"><text:p>77.25<'
    error = 'table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"'
    assert written in texts["content.xml"]
    space = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
    content = texts["content.xml"].replace(written, f"{error}><text:p>#DIV/0!<")
    content = content.replace("<office:document-content ", f'<office:document-content xmlns:calcext="{space}" ')
    with zipfile.ZipFile(path, "w") as parts:
        for name, text in (texts | {"content.xml": content}).items():
            parts.writestr(name, text)
    return path


def failed_xlsx(folder):
    """A formula that failed, on the second of two sheets."""
    with xlsxwriter.Workbook(folder / "orders.xlsx") as book:
        book.add_worksheet("other")
        page = book.add_worksheet("first & last")
        for place, row in enumerate([["client", "value"], ["Ada", 3], ["Bo", None]]):
            page.write_row(place, 0, row)
        page.write_formula(2, 1, "=1/0", value="#DIV/0!")
    return folder / "orders.xlsx"


@pytest.mark.parametrize("make", [failed_xls, failed_ods, failed_xlsx])
def test_a_failed_formula_is_read_as_the_word_that_is_shown(make, tmp_path):
    assert read_table(make(tmp_path))["value"].tolist() == [3, "#DIV/0!"]
