"""Tables on disk: what a spreadsheet opens is text and numbers."""

import csv
import re
import zipfile

import numpy as np
import pandas as pd
import pytest

from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.writing.table_files import write_bytes, write_csv, write_table
from ltv_bayes.formatting import escape_formula

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u3000=1",
    "\u00a0@x",
    "\ufeff=1",
    "\u200b=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " ＝1",
    "﹣1",
    "\ttext",
]


def cells(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_in_cells_are_disarmed(tmp_path, text):
    table = pd.DataFrame({"name": [text], "value": [1.0]}, index=pd.Index([7], name="id"))
    assert cells(write_csv(table, tmp_path / "t.csv"))[1] == ["7", f"'{text}", "1.0"]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("kind", [object, "str", "category"])
def test_formulas_in_every_kind_of_text_column_are_disarmed(tmp_path, text, kind):
    table = pd.DataFrame({"name": pd.Series([text, "fine"], dtype=object).astype(kind)})
    assert [row[0] for row in cells(write_csv(table, tmp_path / "t.csv"))] == ["name", f"'{text}", "fine"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_in_names_of_rows_are_disarmed(tmp_path, text):
    flat = pd.DataFrame({"value": [1.0]}, index=pd.Index([text], name="customer_id"))
    nested = pd.DataFrame({"value": [1.0]}, index=pd.MultiIndex.from_tuples([("A", text)]))
    assert cells(write_csv(flat, tmp_path / "t.csv"))[1][0] == f"'{text}"
    assert cells(write_csv(nested, tmp_path / "t.csv"))[1][1] == f"'{text}"


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_in_headings_are_disarmed(tmp_path, text):
    table = pd.DataFrame({text: [1.0]}, index=pd.Index([1], name=text + "2"))
    assert cells(write_csv(table, tmp_path / "t.csv"))[0] == [f"'{text}2", f"'{text}"]


@pytest.mark.parametrize("value", ["Müller", "王芳", "a=b", "1-2", "", "’=1", "'s", 5, -5, -0.5, None, True])
def test_all_else_stays_as_it_is(value):
    assert escape_formula(value) is value


def test_an_apostrophe_of_the_text_is_not_taken_for_ours():
    assert escape_formula("'=1") == "''=1"


def test_numbers_stay_numbers(tmp_path):
    table = pd.DataFrame({"value": [-5.5, np.nan, 1e9], "count": [-1, 0, 1], "ok": [True, False, True]})
    read = pd.read_csv(write_csv(table, tmp_path / "t.csv"), encoding="utf-8-sig")
    pd.testing.assert_frame_equal(read, table)


def test_spreadsheets_see_that_it_is_utf8(tmp_path):
    path = write_csv(pd.DataFrame({"名称": ["王芳"]}), tmp_path / "表.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert cells(path) == [["名称"], ["王芳"]]


def test_an_index_that_only_counts_is_left_out(tmp_path):
    assert cells(write_csv(pd.DataFrame({"row": [4], "reason": ["x"]}), tmp_path / "t.csv"))[0] == ["row", "reason"]


def test_an_unnamed_index_that_says_something_is_named_row(tmp_path):
    table = pd.DataFrame({"actual": [1]}, index=["purchases"])
    assert cells(write_csv(table, tmp_path / "t.csv")) == [["row", "actual"], ["purchases", "1"]]


def test_an_index_with_the_name_of_a_column_is_kept_apart(tmp_path):
    table = pd.DataFrame({"industry": [1]}, index=pd.Index(["A"], name="industry"))
    assert cells(write_csv(table, tmp_path / "t.csv"))[0] == ["industry (index)", "industry"]


class Unwritable:
    def __str__(self):
        raise RuntimeError("the disk is full")


def test_an_interrupted_write_leaves_the_older_file(tmp_path):
    path = write_csv(pd.DataFrame({"value": [1]}), tmp_path / "t.csv")
    with pytest.raises(RuntimeError, match="full"):
        write_csv(pd.DataFrame({"value": [1, Unwritable()]}), path)
    assert cells(path) == [["value"], ["1"]]
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_are_written_whole(tmp_path):
    path = write_bytes(b"abc", tmp_path / "p.png")
    assert path.read_bytes() == b"abc"
    assert list(tmp_path.iterdir()) == [path]


def test_a_workbook_offers_words_in_a_column_and_no_other(tmp_path):
    table = pd.DataFrame({"pair": ["a", "b"], "decision": ["", "same"]})
    path = write_table(table, tmp_path / "t.xlsx", choices={"decision": ("same", "different")})
    with zipfile.ZipFile(path) as workbook:
        sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r'<dataValidation type="list" .*?sqref="(.*?)">.*?<formula1>(.*?)</formula1>', sheet) == [
        ("B2:B3", '"same,different"')
    ]
    assert read_table(path)["decision"].tolist()[1] == "same"


@pytest.mark.parametrize(
    ("index", "columns", "written"),
    [
        (["a"], ["a", "a (index)"], ["a (index 2)", "a", "a (index)"]),
        (["a"], ["a"], ["a (index)", "a"]),
        (["a", "a"], ["b"], ["a", "a (index)", "b"]),
        ([None, "row"], ["row (index)"], ["row", "row (index 2)", "row (index)"]),
    ],
)
def test_an_index_gets_names_that_are_free(tmp_path, index, columns, written):
    cells = pd.MultiIndex.from_tuples([tuple(range(len(index)))]) if len(index) > 1 else pd.Index([0])
    table = pd.DataFrame([list(range(len(columns)))], index=cells.set_names(index), columns=columns)
    assert list(pd.read_csv(write_csv(table, tmp_path / "t.csv")).columns) == written
