"""Tables as workbooks and CSV: what was written is read back, and no text runs."""

import zipfile

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "<script>alert(1)</script>",
    "http://x.example",
    "{=1}",
]


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "opportunity": HOSTILE,
            "used": [1.5, np.nan, np.inf, 0.0, -2.0, 1e12, 3.0, 4.0],
            "expected_on": pd.to_datetime(["2026-06-30", None] * 4),
            "conflict": [True, False] * 4,
        }
    )


def test_text_in_a_workbook_stays_as_it_is_and_is_no_formula(table, tmp_path):
    path = lb.write_table(table, tmp_path / "audit.xlsx")
    with zipfile.ZipFile(path) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert not any("hyperlink" in parts.read(name).decode() for name in parts.namelist() if "sheet" in name)
    assert "<f>" not in sheet
    assert "<f " not in sheet
    assert lb.read_table(path)["opportunity"].str.strip().tolist() == [text.strip() for text in HOSTILE]


def test_numbers_dates_and_truths_are_cells_of_their_kind(table, tmp_path):
    read = lb.read_table(lb.write_table(table, tmp_path / "audit.xlsx"))
    assert read["used"].iloc[[0, 4, 5]].astype(float).tolist() == [1.5, -2.0, 1e12]
    assert pd.isna(read["used"].iloc[1])
    assert pd.Timestamp(read["expected_on"].iloc[0]) == pd.Timestamp("2026-06-30")
    assert read["conflict"].tolist() == [True, False] * 4


def test_csv_disarms_what_a_spreadsheet_would_run(table, tmp_path):
    text = lb.write_table(table, tmp_path / "audit.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[1].startswith("'=cmd")


def test_names_of_rows_are_a_column(tmp_path):
    named = pd.DataFrame({"mean": [1.0]}, index=pd.Index(["王芳"], name="customer_id"))
    assert lb.read_table(lb.write_table(named, tmp_path / "value.xlsx")).columns.tolist() == ["customer_id", "mean"]


def test_another_format_is_refused(table, tmp_path):
    with pytest.raises(InputError, match=r"audit.pdf ends in neither .xlsx nor .csv"):
        lb.write_table(table, tmp_path / "audit.pdf")


def test_an_older_file_stays_where_writing_fails(table, tmp_path):
    path = lb.write_table(table, tmp_path / "audit.xlsx")
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        lb.write_table("no table", path)
    assert path.read_bytes() == before
