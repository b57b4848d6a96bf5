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

    class Unwritable:
        def __str__(self):
            raise RuntimeError("halfway")

    for broken in (table.assign(extra=Unwritable()), "no table"):
        with pytest.raises((RuntimeError, InputError)):
            lb.write_table(broken, path)
        assert path.read_bytes() == before


def test_results_and_series_are_written_as_their_tables(tmp_path):
    frame = pd.DataFrame({"customer_id": ["A", "B"], "frequency": [2, 0], "recency": [3.0, 0.0], "T": [9.0, 8.0]})
    customers = lb.Customers.from_summary(frame.assign(monetary_value=[5.0, None]), time_unit="week")
    fits = (
        lb.FittedPurchases.from_draws({name: [[1.0, 1.1]] for name in ("r", "alpha", "a", "b")}, time_unit="week"),
        lb.FittedSpend.from_draws({name: [[3.0, 3.1]] for name in ("p", "q", "v")}),
    )
    ltv = lb.lifetime_value(customers, lb.RepeatPurchases(*fits), horizon="1 year", random_seed=1)
    by = ltv.by({"A": "x", "B": "y"})
    for result, written in ((ltv, ltv.summary()), (by, by.summary()), (customers, customers.table)):
        path = lb.write_table(result, tmp_path / "result.csv")
        assert path.read_bytes() == lb.write_table(written, tmp_path / "table.csv").read_bytes()
    sentences = by.compare()["sentence"]
    assert lb.read_table(lb.write_table(sentences, tmp_path / "s.xlsx"))["sentence"].tolist() == sentences.tolist()
