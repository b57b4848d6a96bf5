"""A date is the day its writer saw, or the reader is asked."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv_bayes.data.reading.dates import as_days
from ltv_bayes.errors import InputError


def days(cells, **options):
    read, _ = as_days(pd.Series(cells), **options)
    return [None if pd.isna(day) else day.date().isoformat() for day in read]


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05",
        "2024-3-5",
        " 2024-03-05 ",
        "2024-03-05 23:59:59",
        "2024-03-05T23:59",
        "2024-03-05T23:59:59.999+08:00",
        "2024-03-05 00:30:00-11:00",
        "2024-03-05T00:30:00Z",
        "2024-03-05 11:30 PM",
        "2024/03/05",
        "2024/3/5 8:05",
        "2024.3.5",
        "2024.03.05 12:00",
        "20240305",
        "20240305.0",
        "20240305123000",
        "20240305T1230",
        "20240305 12:30",
        "2024年3月5日",
        "2024年03月05日 12:30",
        "2024年3月5日12时30分",
        "2024年3月5日 上午8:30",
        "2024 年 3 月 5 日",
        "2024年3月5号",
        "２０２４－０３－０５",
    ],
)
def test_ways_to_write_a_day(text):
    assert days([text, text]) == ["2024-03-05"] * 2


@pytest.mark.parametrize(
    "cells",
    [
        pd.Series([20240305]),
        pd.Series([20240305.0]),
        pd.Series([20240305], dtype="Int64"),
        pd.Series(["2024-03-05"], dtype="category"),
        pd.Series([dt.date(2024, 3, 5)]),
        pd.Series([dt.datetime(2024, 3, 5, 23, 59)]),
        pd.Series([np.datetime64("2024-03-05T23:59")], dtype=object),
        pd.Series([pd.Timestamp("2024-03-05 23:59", tz="Asia/Shanghai")]),
        pd.Series([pd.Timestamp("2024-03-05 00:01", tz="America/New_York")]),
        pd.Series([pd.Timestamp("2024-03-05 23:59", tz="Asia/Shanghai")], dtype=object),
        pd.Series(["2024-03-05"], dtype="datetime64[ns]"),
        pd.Series(["2024-03-05"], dtype="datetime64[s]"),
        pd.Series([dt.date(2024, 3, 5)], dtype=pd.ArrowDtype(pa.date32())),
        pd.Series([pd.Timestamp("2024-03-05 23:59", tz="Asia/Shanghai")]).astype(
            pd.ArrowDtype(pa.timestamp("us", "Asia/Shanghai"))
        ),
        pd.Series(["2024-03-05"], dtype=pd.ArrowDtype(pa.string())),
    ],
)
def test_columns_of_every_type(cells):
    read, faults = as_days(cells)
    assert read.dtype == "datetime64[us]"
    assert read.iloc[0] == pd.Timestamp("2024-03-05")
    assert not any(fault.at.any() for fault in faults)


def test_equal_moments_in_two_zones_show_two_days():
    moment = pd.Timestamp("2024-03-05 23:00", tz="UTC")
    assert days([moment, moment.tz_convert("Asia/Shanghai")]) == ["2024-03-05", "2024-03-06"]


def test_spring_and_autumn_clock_changes_do_not_move_the_day():
    hours = pd.date_range("2024-03-30", "2024-04-01", freq="h", tz="Europe/Berlin")
    assert days(hours) == [moment.date().isoformat() for moment in hours]


@given(st.dates(dt.date(1678, 1, 1), dt.date(2261, 12, 31)))
def test_every_calendar_day_survives(day):
    forms = [
        "{:%Y-%m-%d}",
        "{:%Y/%m/%d} 12:00",
        "{:%Y%m%d}",
        "{0.year}年{0.month}月{0.day}日",
        "{0.year}.{0.month}.{0.day}",
    ]
    assert days([form.format(day) for form in forms]) == [day.isoformat()] * len(forms)


@pytest.mark.parametrize(
    "text",
    ["2024-13-05", "2024-02-30", "2024-00-10", "0000-00-00", "20240230", "2024-03", "2024", "soon", "now", "today",
     "2024-03-05 or later", "2024-03/05", "1709600000", "1709600000000", "5 Mar 2024", "2024-3-52:30", "True"],
)  # fmt: skip
def test_what_is_no_date_is_named(text):
    read, (blank, unread) = as_days(pd.Series(["2024-03-05", text], index=[2, 3]))
    assert read.isna().tolist() == [False, True]
    assert not blank.at.any()
    assert unread.at.tolist() == [False, True]
    assert repr(text) in unread.sentence(read.index)
    assert "(row 3). Write it as year-month-day" in unread.sentence(read.index)


@pytest.mark.parametrize("cell", [None, "", "  ", "\u3000", float("nan"), pd.NaT])
def test_blank_dates_are_named(cell):
    read, (blank, unread) = as_days(pd.Series(["2024-03-05", cell], index=[2, 3], dtype=object))
    assert read.isna().tolist() == [False, True]
    assert blank.sentence(read.index) == "1 row without a date (row 3). Fill in the date."
    assert not unread.at.any()


@pytest.mark.parametrize(
    ("cells", "cure"),
    [
        (["03/04/2024", "05/06/2024"], "date_format='%d/%m/%Y' (day first) or date_format='%m/%d/%Y' (month first)"),
        (["03/04/2024", "13/04/2024"], "date_format='%d/%m/%Y' (day first)."),
        (["03/13/2024", "05/06/2024"], "date_format='%m/%d/%Y' (month first)."),
        (["3-4-24", "5-6-24"], "date_format='%d-%m-%y' (day first) or date_format='%m-%d-%y' (month first)"),
        (["31.12.2024 13:05", "05.06.2024 13:05"], "date_format='%d.%m.%Y %H:%M' (day first)."),
    ],
)
def test_open_order_of_day_and_month_is_asked(cells, cure):
    with pytest.raises(InputError) as caught:
        as_days(pd.Series(cells, index=[2, 3]))
    assert cure in str(caught.value)
    assert caught.value.rows == (2, 3)
    form = cure.split("'")[1]
    assert None not in days(cells, date_format=form)


@pytest.mark.parametrize("cells", [[45292, 45293], [45292.0, 45293.5], ["45292", "45293.25"]])
def test_excel_day_numbers_are_asked(cells):
    with pytest.raises(
        InputError, match=r"2 rows with a date that looks like one of Excel's day numbers.*date_format='excel'"
    ):
        as_days(pd.Series(cells, index=[2, 3]))
    assert days(cells, date_format="excel") == ["2024-01-01", "2024-01-02"]


@pytest.mark.parametrize(
    ("text", "date_format", "expected"),
    [
        ("03/04/2024", "%d/%m/%Y", "2024-04-03"),
        ("03/04/2024", "%m/%d/%Y", "2024-03-04"),
        ("5 Mar 2024", "%d %b %Y", "2024-03-05"),
        ("05.03.24", "%d.%m.%y", "2024-03-05"),
        ("2024-03-05 23:30:00 +0800", "%Y-%m-%d %H:%M:%S %z", "2024-03-05"),
        ("2024-03-05", "%d/%m/%Y", None),
        ("today", "%d/%m/%Y", None),
        ("2024-03-05 99:30:00 +0800", "%Y-%m-%d %H:%M:%S %z", None),
    ],
)
def test_date_formats(text, date_format, expected):
    assert days([text], date_format=date_format) == [expected]


def test_cells_that_do_not_follow_the_format_are_named():
    _, (_, unread) = as_days(pd.Series(["05/03/2024", "2024-03-05"], index=[2, 3]), date_format="%d/%m/%Y")
    assert "does not follow date_format='%d/%m/%Y', such as '2024-03-05' (row 3)" in unread.sentence(pd.Index([2, 3]))


@pytest.mark.parametrize("date_format", ["%Q", "mixed", "ISO8601", "YYYY-MM-DD", "%z%"])
def test_faulty_formats_are_refused(date_format):
    with pytest.raises(InputError, match=r"cannot be used.*Write it in the letters of strptime"):
        as_days(pd.Series(["2024-03-05"]), date_format=date_format)
