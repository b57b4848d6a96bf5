"""Forms that account managers fill in: written, explained, read back, never written over."""

import re
import zipfile

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError, JudgementError
from ltv_bayes.formatting import escape_formula, unescape_formula
from ltv_bayes.judgement.form.layout import NAMES

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-5 Ltd",
    "@SUM(A1)",
    "\t=1+1",
    "'=x",
    "''@y",
    "<script>alert(1)</script>",
    "＝1",
]
STAGES = {"negotiation": (6, 10), "bid": lb.ChanceBelief.from_interval(0.2, 0.3, interval=0.9), "proposal": 0.4}


@pytest.fixture
def judged():
    """Every way of stating chance, amount and date."""
    rows = [
        {"customer_id": "A", "opportunity": "plain", "probability": 0.37, "low": 123.4, "high": 1e4 / 3},
        {"customer_id": "A", "probability": "3 of 10", "low": 10, "likely": 20, "high": 90, "family": "pert"},
        {"customer_id": "A", "probability": 0.2, "q25": 80, "q50": 100, "q75": 150, "expected_on": "1998-Q3"},
        {
            "customer_id": "C",
            "probability_low": 0.4,
            "probability_high": 0.7,
            "mean": 99.9,
            "sd": 50,
            "family": "gamma",
        },
        {"customer_id": "D", "stage": "negotiation", "low": 50, "high": 200, "interval": 0.5, "expert": "Müller"},
        {"customer_id": "E", "stage": "bid", "low": 50, "high": 200, "expected_on": "1998-06-30"},
        {"customer_id": "F", "stage": "proposal", "low": 50, "high": 200, "stated_on": "1997-08-01"},
    ]
    rows += [{"customer_id": "B", "opportunity": text, "probability": 0.5, "low": 5, "high": 20} for text in HOSTILE]
    return lb.FutureValuePriors.from_judgements(pd.DataFrame(rows), stages=STAGES)


def worth(book, judged):
    return lb.lifetime_value(book, future_value=judged, horizon="3 years", discount_rate=0.1, random_seed=1).draws


class TestRoundTrip:
    def test_csv_gives_the_same_draws(self, book, judged, tmp_path):
        again = lb.FutureValuePriors.from_judgements(judged.write(tmp_path / "judged.csv"))
        np.testing.assert_allclose(worth(book, again), worth(book, judged), rtol=1e-12)

    def test_a_workbook_gives_the_same_draws_to_its_sixteen_digits(self, book, judged, tmp_path):
        again = lb.FutureValuePriors.from_judgements(judged.write(tmp_path / "judged.xlsx"))
        np.testing.assert_allclose(worth(book, again), worth(book, judged), rtol=1e-12)

    def test_reading_with_stages_again_is_no_contradiction(self, judged, tmp_path):
        path = judged.write(tmp_path / "judged.csv")
        again = lb.FutureValuePriors.from_judgements(path, stages=STAGES)
        np.testing.assert_allclose(again.table["probability"], judged.table["probability"])

    @pytest.mark.parametrize("suffix", ["csv", "xlsx"])
    def test_names_come_back_as_they_were(self, judged, tmp_path, suffix):
        again = lb.FutureValuePriors.from_judgements(judged.write(tmp_path / f"judged.{suffix}"))
        names = [
            table.loc[table["customer_id"] == "B", "opportunity"].tolist() for table in (judged.table, again.table)
        ]
        assert names[0] == names[1] == [text.strip() for text in HOSTILE]

    def test_long_numbers_stay_whole(self, tmp_path):
        frame = pd.DataFrame({"customer_id": [1234567890123456789], "probability": 0.5, "low": 1.0, "high": 2.0})
        judged = lb.FutureValuePriors.from_judgements(frame)
        for suffix in ("csv", "xlsx"):
            again = lb.FutureValuePriors.from_judgements(judged.write(tmp_path / f"judged.{suffix}"))
            assert str(again.table["customer_id"].item()) == "1234567890123456789"


class TestHostileText:
    def test_no_formula_in_the_workbook(self, judged, tmp_path):
        with zipfile.ZipFile(judged.write(tmp_path / "judged.xlsx")) as parts:
            sheets = [parts.read(name).decode() for name in parts.namelist() if "worksheets/sheet" in name]
            strings = parts.read("xl/sharedStrings.xml").decode()
        assert not any("<f>" in sheet for sheet in sheets)
        assert "=cmd" in strings
        assert "<script>" not in strings

    def test_no_formula_in_the_csv(self, judged, tmp_path):
        table = pd.read_csv(judged.write(tmp_path / "judged.csv"), dtype=str, encoding="utf-8-sig")
        for text in table["opportunity"].dropna():
            assert not text.lstrip().startswith(("=", "+", "-", "@", "＝"))

    @pytest.mark.parametrize("text", [*HOSTILE, "", "'", "'s-Hertogenbosch", "''", "' =1", 5, None])
    def test_an_apostrophe_is_put_and_taken_away(self, text):
        assert unescape_formula(escape_formula(text)) == text


class TestTemplate:
    def test_a_row_for_each_customer(self, book, tmp_path):
        for suffix in ("csv", "xlsx"):
            path = lb.judgement_template(tmp_path / f"form.{suffix}", book)
            table = lb.read_table(path, **({"sheet": "judgements"} if suffix == "xlsx" else {}))
            assert table["customer_id"].tolist() == book.ids.tolist()

    def test_every_column_is_explained(self, tmp_path):
        path = lb.judgement_template(tmp_path / "form.xlsx", ["A"])
        explained = lb.read_table(path, sheet="columns")
        assert explained["column"].tolist()[: len(NAMES)] == list(NAMES)
        with zipfile.ZipFile(path) as parts:
            notes = parts.read("xl/comments1.xml").decode()
            sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert notes.count("<comment ") == len(NAMES)
        assert "additional,visible_share,same_total" in sheet

    def test_rows_left_empty_are_no_judgements(self, tmp_path):
        path = lb.judgement_template(tmp_path / "form.csv", ["A", "B"])
        with pytest.raises(JudgementError, match="no judgement in the table"):
            lb.FutureValuePriors.from_judgements(path)
        text = path.read_text(encoding="utf-8-sig").replace("\nA,,", "\nA,plant,60%").splitlines()
        filled = pd.DataFrame([line.split(",") for line in text[1:]], columns=text[0].split(","))
        filled.loc[0, ["probability", "low", "high"]] = ["60%", "5", "20"]
        judged = lb.FutureValuePriors.from_judgements(filled)
        assert judged.table["customer_id"].tolist() == ["A"]

    def test_a_row_begun_is_not_left_out(self):
        frame = pd.DataFrame(
            [{"customer_id": "A", "probability": 0.5, "low": 1, "high": 2}, {"customer_id": "B", "expert": "Wang"}]
        )
        with pytest.raises(JudgementError, match=r"without a number in 'probability'.*row 1"):
            lb.FutureValuePriors.from_judgements(frame)

    @pytest.mark.parametrize("name", ["form.csv", "form.xlsx"])
    def test_nothing_is_written_over(self, judged, tmp_path, name):
        path = lb.judgement_template(tmp_path / name, ["A"])
        before = path.read_bytes()
        for write in (lambda: lb.judgement_template(path), lambda: judged.write(path)):
            with pytest.raises(InputError, match=r"exists already.*overwrite=True"):
                write()
        assert path.read_bytes() == before
        judged.write(path, overwrite=True)
        assert len(lb.FutureValuePriors.from_judgements(path)) == len(judged)

    def test_another_kind_of_file(self, tmp_path):
        with pytest.raises(InputError, match=r"neither \.csv nor \.xlsx"):
            lb.judgement_template(tmp_path / "form.ods")


def test_a_month_typed_into_the_form_is_not_made_a_day(tmp_path):
    """Cells of dates are text in the form, so that a spreadsheet keeps 2026-07 as it is typed."""
    with zipfile.ZipFile(lb.judgement_template(tmp_path / "form.xlsx", ["A"])) as parts:
        sheet, styles = (parts.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "styles"))
    place = NAMES.index("expected_on") + 1
    style = re.search(rf'<col min="{place}" [^>]*style="(\d+)"', sheet)[1]
    numbers = re.findall(r'<xf numFmtId="(\d+)"', styles[styles.index("<cellXfs") :])
    codes = dict(re.findall(r'<numFmt numFmtId="(\d+)" formatCode="([^"]+)"', styles))
    assert codes.get(numbers[int(style)], numbers[int(style)]) in ("@", "49")


def test_text_that_a_workbook_would_cut_is_refused(tmp_path):
    frame = pd.DataFrame({"customer_id": ["A"], "opportunity": ["z" * 40_000], "probability": 0.5, "low": 1, "high": 2})
    judged = lb.FutureValuePriors.from_judgements(frame)
    with pytest.raises(JudgementError, match=r"more than 32,767 characters in 'opportunity'.*\(row 0\). Write a .csv"):
        judged.write(tmp_path / "judged.xlsx")
    again = lb.FutureValuePriors.from_judgements(judged.write(tmp_path / "judged.csv"))
    assert again.table["opportunity"].str.len().item() == 40_000
