"""A report as a workbook: every table a sheet, in words, and read back to the digit."""

import io
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

import ltv_bayes as lb
from ltv_bayes.data.writing import sheets
from ltv_bayes.data.writing.number_formats import number_format
from ltv_bayes.data.writing.sheets import is_own_workbook
from ltv_bayes.errors import InputError
from ltv_bayes.language import in_language
from ltv_bayes.reporting.contents.parts import Document, Section, Table, Text
from ltv_bayes.reporting.report import report
from ltv_bayes.reporting.workbook.places import SheetNames
from ltv_bayes.reporting.workbook.write import TOP, sheet_of, workbook
from ltv_bayes.tables.headings import OWN, heading, in_words, kind_by_name


@pytest.fixture(scope="module")
def document(everything):
    return report(**everything).document("en")


@pytest.fixture(scope="module")
def content(document):
    return workbook(document)


@pytest.fixture(scope="module")
def book(content):
    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def parts_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return {name: parts.read(name).decode() for name in parts.namelist()}


def test_every_column_of_a_report_is_known(document):
    """No column falls back to its name with blanks for underscores, and none of numbers is guessed to be money."""
    unknown = set()
    for table in document.tables():
        named = [*table.frame.columns, *filter(None, table.frame.index.names)]
        own = table.frame.attrs.get(OWN, ())
        for name in set(named) - set(own):
            numeric = name in table.frame and pd.api.types.is_float_dtype(table.frame[name])
            if not in_words(name) or (numeric and kind_by_name(name) is None) or _guessed(name):
                unknown.add((table.key, name) if hasattr(table, "key") else name)
    assert unknown == set()


def _guessed(name):
    """Whether the words are but the name with blanks."""
    with in_language("zh"):
        return in_words(name) == name.replace("_", " ")


def test_every_table_reads_back_as_its_frame(document, book):
    found = {tuple(rows[0][:1]): rows for rows in map(rows_of, [book] * len(book.sheet_names), book.sheet_names)}
    titles = [getattr(part, "title", "Customers") for part in document.tables()]
    for part, title in zip(document.tables(), titles, strict=True):
        what, rows = sheet_of(part), found[title,]
        assert rows[TOP] == what.heads()
        read = pd.DataFrame(rows[TOP + 1 :], columns=list(what.table.columns))
        assert len(read) == len(what.table)
        for place, column in enumerate(what.columns):
            same(read.iloc[:, place], what.table.iloc[:, place], column, what.currency)


def rows_of(book, name):
    return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def same(read, written, column, currency):
    for got, value in zip(read, written, strict=True):
        if pd.isna(value):
            assert got == ""
        elif isinstance(value, int | float | np.number) and not isinstance(value, bool) and np.isfinite(value):
            assert got == pytest.approx(float(value), rel=1e-14, abs=0)
        elif isinstance(value, pd.Timestamp):
            assert pd.Timestamp(got) == value
        else:
            assert got == column.write(value, currency)


def test_the_first_sheet_says_what_the_page_says(document, book):
    said = "\n".join(str(cell) for row in rows_of(book, "Summary") for cell in row)
    for section in document.sections[:-2]:
        for part in section.parts:
            if hasattr(part, "text"):
                assert part.text in said
    for name in ("Terms", "Words"):
        assert len(rows_of(book, name)) > 3


def test_names_that_are_markup_or_formulas_stay_text_and_nothing_leads_outside(content, book):
    parts = parts_of(content)
    assert not any("<f>" in text or "<f " in text for name, text in parts.items() if "worksheets" in name)
    assert not any("TargetMode" in text or "http://x" in text for name, text in parts.items() if "rels" in name)
    customers = rows_of(book, "Customers")
    assert any(str(cell).startswith("=Customer ") for row in customers for cell in row)
    assert any(cell == "<script>alert(1)</script>" for row in customers for cell in row)


def test_odd_cells_headings_and_titles_are_written():
    odd = pd.DataFrame(
        {
            "=1+1": ["=2", None, "x" * 40_000],
            "mean": [1e5, -2e5, np.inf],
            "a": [1, 2, 3],
            "A": [10**18, 5, 6],
            "when": pd.to_datetime(["2020-01-01 10:30", "1850-01-01 00:00", None]),
            "zone": pd.to_datetime(["2020-01-01", None, "2021-01-01"]).tz_localize("UTC"),
            "bad\x00 name": ["\x1b[31m", "a\x00b", "3"],
            "lists": [[1], (2,), {}],
        },
        index=pd.Index(["a'b", "<b>", "&"], name="customer_id"),
    )
    tables = (Table("k[1]", "Title: a/b?*'", odd, "EUR", note="=note"), Table("e", "Empty", odd.head(0)))
    said = Section("headline", "h", (Text("=cmd|x"), Text("")))
    content = workbook(Document("T & <x>", "en", (), (said, Section("s", "S'", tables))))
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["Summary", "Title a b", "Empty"]
    rows = rows_of(book, "Title a b")[TOP:]
    assert rows[0] == ["customer", "=1+1", "mean (EUR)", "a", "A (2)", "when", "zone", "bad\ufffd name", "lists"]
    assert [row[0] for row in rows[1:]] == ["a'b", "<b>", "&"]
    assert [row[1] for row in rows[1:]] == ["=2", "", "x" * 32_767]
    assert [row[2] for row in rows[1:]] == [1e5, -2e5, "∞"]
    assert rows[1][4] == str(10**18)
    assert not any("<f>" in text for name, text in parts_of(content).items() if "worksheets" in name)


def test_links_lead_to_sheets_that_are_there(content, book):
    parts = parts_of(content)
    links = {link for text in parts.values() for link in re.findall(r'location="([^"]+)"', text)}
    names = {link.removesuffix("!A1").strip("'") for link in links}
    assert names <= set(book.sheet_names)
    assert {"Summary", "Customers", "Charts", "Words"} <= names


def test_sheets_have_frozen_headers_filters_and_print_well(content, document):
    parts = parts_of(content)
    tables = [text for name, text in parts.items() if "worksheets/sheet" in name and "<tablePart " in text]
    assert len(tables) == len(document.tables())
    for text in tables:
        assert 'state="frozen"' in text
        assert 'orientation="landscape"' in text
        assert 'fitToHeight="0"' in text
    assert parts["xl/workbook.xml"].count("Print_Titles") == len(tables)
    assert sum(name.startswith("xl/tables/") for name in parts) == len(tables)
    assert all("<autoFilter" in text for name, text in parts.items() if name.startswith("xl/tables/table"))


def test_charts_are_drawn_from_cells_of_their_sheets(content, book):
    charts = [text for name, text in parts_of(content).items() if name.startswith("xl/charts/chart")]
    assert len(charts) == 5
    used = {name for text in charts for name in re.findall(r"<c:f>'?([^'!]+)'?!", text)}
    assert used <= set(book.sheet_names)
    assert {"By year", "Segments", "Channels", "Trend", "Backtest", "Charts"} <= used


def chart_of(frame, key):
    """The charts of a workbook with one table, and its sheets."""
    content = workbook(Document("T", "en", (), (Section("s", "S", (Table(key, "=Title", frame, "EUR"),)),)))
    charts = [text for name, text in parts_of(content).items() if name.startswith("xl/charts/chart")]
    return charts[0], CalamineWorkbook.from_filelike(io.BytesIO(content))


def cells_at(book, reference):
    """The cells that a chart refers to."""
    sheet, first, last = re.fullmatch(r"'?([^'!]+)'?!\$([A-Z]+\$\d+)(?::\$([A-Z]+\$\d+))?", reference).groups()
    (row, column), (end, _column) = ((int(at.split("$")[1]), at.split("$")[0]) for at in (first, last or first))
    place = 0
    for letter in column:
        place = 26 * place + ord(letter) - ord("A") + 1
    found = book.get_sheet_by_name(sheet)
    top, left = found.start
    return [found.to_python(skip_empty_area=True)[one - 1 - top][place - 1 - left] for one in range(row, end + 1)]


def refers(chart, element):
    (reference,) = re.search(rf"<c:{element}><c:(?:num|str)Ref><c:f>([^<]+)</c:f>", chart).groups()
    return reference.replace("&apos;", "'")


SEGMENTS = pd.DataFrame(
    {"per_customer_median": [30.0, -5.0], "per_customer_eti89_lb": [10.0, -25.0], "per_customer_eti89_ub": [80.0, 2.0]},
    index=pd.Index(["=A1", "B"], name="segment"),
)


def test_bars_reach_from_one_end_of_the_interval_to_the_other_and_below_zero():
    chart, book = chart_of(SEGMENTS, "segments")
    assert cells_at(book, refers(chart, "plus")) == [50.0, 7.0]
    assert cells_at(book, refers(chart, "minus")) == [20.0, 20.0]
    assert re.search(r'<c:max val="([^"]+)"/><c:min val="([^"]+)"/>', chart).groups() == ("85.0", "-30.0")
    assert 'errValType val="stdErr"' not in chart


def test_an_axis_without_losses_begins_at_zero_and_without_bounds_there_are_no_bars():
    gains = SEGMENTS.assign(per_customer_median=[30.0, 5.0])[["per_customer_median"]]
    chart, _book = chart_of(gains, "segments")
    assert "errBars" not in chart
    assert '<c:min val="0.0"/>' in chart


def trend_of(segments):
    days = pd.to_datetime(["2025-01-01", "2025-07-01", "2026-01-01"])
    index = pd.MultiIndex.from_product([days, segments], names=["as_of", "segment"])
    return pd.DataFrame({"per_customer_mean": np.arange(float(len(index)))}, index=index)


def test_names_that_begin_as_formulas_are_no_references_in_charts():
    chart, book = chart_of(trend_of(["=A1", "=Charts!Z9", "B"]), "trend")
    names = re.findall(r"<c:tx><c:strRef><c:f>([^<]+)</c:f>", chart)
    assert [cells_at(book, one) for one in names] == [["=Title"]] * (len(names) - 2) + [["=A1"], ["=Charts!Z9"]]
    assert "<c:v>B</c:v>" in chart


def test_each_line_of_a_trend_is_of_one_segment():
    frame = trend_of(["A", "B"])
    assert sheet_of(Table("trend", "T", frame)).table["segment"].tolist() == ["A"] * 3 + ["B"] * 3
    chart, book = chart_of(frame, "trend")
    values = re.findall(r"<c:val><c:numRef><c:f>([^<]+)</c:f>", chart)
    assert [cells_at(book, one) for one in values] == [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]


@pytest.mark.parametrize("kind", ["probability", "share"])
@pytest.mark.parametrize("value", [0.0, 1e-9, 0.0003, 0.0049, 0.0051, 0.3, 0.9949, 0.9951, 0.99999, 1.0])
def test_chances_are_shown_as_on_a_page(kind, value):
    name = {"probability": "probability_alive", "share": "used_share"}[kind]
    frame = pd.DataFrame({name: [value, 0.5]}, index=pd.Index(["A", "B"], name="customer_id"))
    content = workbook(Document("T", "en", (), (Section("s", "S", (Table("t", "Chances", frame),)),)))
    assert shown_as(format_of(parts_of(content), f"B{TOP + 2}"), value) == heading(name, frame[name]).write(value)


def format_of(parts, cell):
    """The number format of a cell of the second sheet."""
    styles = etree.fromstring(parts["xl/styles.xml"].encode())
    (style,) = re.findall(rf'<c r="{cell}" s="(\d+)"', parts["xl/worksheets/sheet2.xml"])
    (number,) = styles.xpath(f"//*[local-name()='cellXfs']/*[{int(style) + 1}]/@numFmtId")
    return {"1": "0", "9": "0%"}.get(number) or styles.xpath(f"//*[@formatCode][@numFmtId={number}]/@formatCode")[0]


def shown_as(number_format, value):
    """A number as a spreadsheet shows it, of the formats that chances have."""
    for section in number_format.split(";"):
        condition, shown = re.fullmatch(r"(?:\[<([\d.]+)\])?(.+)", section).groups()
        if condition is None or value < float(condition):
            break
    if shown.startswith('"'):
        return shown.strip('"')
    percents, decimals = shown.endswith("%"), len(shown.rstrip("%").partition(".")[2])
    return f"{100 * value:.{decimals}f}%" if percents else f"{value:.{decimals}f}"


def test_the_same_report_is_the_same_file(document, content):
    assert workbook(document) == content


def test_sheets_and_headings_are_in_the_language_of_the_report(everything, tmp_path):
    path = report(**everything).to_excel(tmp_path / "报告.xlsx", language="zh")
    book = CalamineWorkbook.from_path(str(path))
    assert {"摘要", "客户", "客户分组", "渠道", "术语"} <= set(book.sheet_names)
    heads = rows_of(book, "客户")[TOP]
    assert heads[0] == "客户"
    assert "未来价值：89%可信区间下限（美元）" in heads


def test_rows_beyond_those_of_a_sheet_go_on_in_another(document, monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 44)
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook(document)))
    customers = next(part for part in document.tables() if hasattr(part, "sources")).frame
    first, second = rows_of(book, "Customers"), rows_of(book, "Customers (2)")
    assert [len(first), len(second)] == [44, len(customers) - 40 + TOP + 1]
    assert first[TOP] == second[TOP]
    assert [row[0] for row in first[TOP + 1 :] + second[TOP + 1 :]] == customers.index.tolist()


def test_only_own_and_unchanged_files_are_replaced(everything, tmp_path):
    made, path = report(everything["ltv"]), tmp_path / "book.xlsx"
    made.to_excel(path)
    made.to_excel(path)
    assert is_own_workbook(path)
    touched = path.read_bytes()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "saved.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"2000-01-01T00:00:00Z", b"2026-01-02T10:00:00Z"))
    for foreign in (b"", b"PK", (tmp_path / "saved.xlsx").read_bytes()):
        path.write_bytes(foreign)
        with pytest.raises(InputError, match=r"was not written by ltv_bayes, or was changed since.*overwrite=True"):
            made.to_excel(path)
        assert path.read_bytes() == foreign
    everything["ltv"].to_excel(path, overwrite=True)
    assert path.read_bytes() == touched
    with pytest.raises(InputError, match=r"does not end in \.xlsx"):
        made.to_excel(tmp_path / "book.xls")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (["a" * 40, "a" * 40], ["a" * 31, "a" * 27 + " (2)"]),
        (["By/year", "by year"], ["By year", "by year (2)"]),
        (["History", "", "[]"], ["History (2)", "Sheet", "Sheet (2)"]),
        (["'quoted'", "王:芳"], ["quoted", "王 芳"]),
        (["a" * 30 + "'b"], ["a" * 30]),
    ],
)
def test_names_of_sheets_are_valid_and_distinct(wanted, given):
    names = SheetNames()
    assert [names.free(one) for one in wanted] == given


@pytest.mark.parametrize(
    ("kind", "cells", "currency", "shown"),
    [
        ("money", [61_700.0, 2e6], "EUR", '[<999.5]#,##0;[<999500]#,##0.0,"k";#,##0.0,,"M"'),
        ("money", [61_700.0, 2e9], "EUR", '[<999500]#,##0;[<999500000]#,##0.0,,"M";#,##0.0,,,"bn"'),
        ("money", [62_000.0], "CNY", '[<9995]#,##0;0\\.0,"万"'),
        ("money", [2e8, 5.0], "CNY", '[<9995]#,##0;[<99950000]0\\.0,"万";0\\.00,,"亿"'),
        ("money", [-118_706.0, 5e4], "CNY", '0\\.0,"万"'),
        ("money", [-118.0, 5e3], None, "#,##0"),
        ("money", [0.5, 12.0], None, "#,##0.00"),
        ("money", [np.nan, np.inf], None, "#,##0.00"),
        ("money", [], None, "#,##0.00"),
        ("count", [3.0, 2.0], None, "#,##0"),
        ("count", [3.5], None, "[<10]0.000;[<1000]0.0;#,##0"),
        ("id", [1998], None, "0"),
    ],
)
def test_number_formats_go_with_the_largest_amount_and_the_currency(kind, cells, currency, shown):
    assert number_format(kind, pd.Series(cells, dtype=float), currency) == shown


def test_a_table_for_programs_keeps_its_names_and_one_for_people_has_words(tmp_path):
    table = pd.DataFrame({"mean": [61_700.0], "inside": [True]}, index=pd.Index(["Ada"], name="customer_id"))
    table.attrs["currency"] = "EUR"
    plain = lb.write_table(table, tmp_path / "t.xlsx")
    assert lb.read_table(plain).columns.tolist() == ["customer_id", "mean", "inside"]
    for name in ("w.xlsx", "w.csv"):
        words = lb.read_table(lb.write_table(table, tmp_path / name, headings=True))
        assert words.columns.tolist() == ["customer", "mean (EUR)", "inside"]
        assert float(words["mean (EUR)"].iloc[0]) == 61_700.0


def test_rows_beyond_a_sheet_of_a_written_table_are_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 4)
    path = lb.write_table(pd.DataFrame({"x": range(5)}), tmp_path / "t.xlsx")
    read = lb.read_table(path, sheet="all")
    assert pd.to_numeric(read["x"]).tolist() == list(range(5))


def test_pages_of_others_are_not_replaced(everything, undrawn, tmp_path):
    made, path = report(everything["ltv"]), tmp_path / "page.html"
    path.write_text("<!doctype html><p>somebody's page")
    with pytest.raises(InputError, match="was not written by ltv_bayes"):
        made.to_html(path)
    made.to_html(path, overwrite=True)
    made.to_html(path)


def test_tables_of_amounts_carry_their_currency(everything):
    ltv, by, slip, trend, back = (everything[name] for name in ("ltv", "by", "slipping_away", "over_time", "backtest"))
    by, judged = ltv.by(by), ltv.judgement
    tables = {
        **{name: getattr(ltv, name)() for name in ("summary", "ranked", "tiers", "upside", "explain", "cash_flow")},
        **{name: getattr(by, name)() for name in ("compare", "best")},
        **{name: getattr(judged, name)() for name in ("audit", "sensitivity", "tornado", "with_and_without")},
        **{f"judged {name}": getattr(judged, name)() for name in ("power_scaling", "conflicts")},
        **{
            f"backtest {name}": getattr(back, name)()
            for name in ("summary", "totals", "customers", "cohorts", "deciles")
        },
        "by": by.summary(),
        "by horizon": ltv.by_horizon(),
        "slipping": slip.summary(),
        "trend": trend.summary(),
        "channels": everything["acquisition"].summary(),
    }
    expected = dict.fromkeys(tables, "USD") | {"channels": everything["acquisition"].currency}
    assert {name: table.attrs.get("currency") for name, table in tables.items()} == expected


def test_long_numbers_keep_their_digits(tmp_path):
    table = pd.DataFrame({"account": [12345678901234567890, 7]}, dtype=object)
    assert lb.read_table(lb.write_table(table, tmp_path / "t.xlsx"))["account"].tolist()[0] == "12345678901234567890"
