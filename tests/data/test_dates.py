"""A date is the day its writer saw, or the reader is asked."""

import datetime as dt
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv_bayes.data.reading.dates import as_days, read_days
from ltv_bayes.data.reading.zones import as_zone
from ltv_bayes.errors import InputError, UnitError


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
        "24年3月5日",
        "2024年3月5日 星期二",
        "2024-03-05（周二）",
        "2024-03-05T00:30:00.000+0000",
        "2024-03-05T00:00:00.000+08:00",
        "2024-03-05T23:30+08",
        "20240305T233000Z",
        "'2024-03-05",
        '="2024-03-05"',
        "2024-03-05 12:30:00.123",
        "5 Mar 2024",
        "05-Mar-2024 12:30",
        "5th March 2024",
        "Mar 5, 2024",
        "Tuesday, March 5, 2024",
        "MARCH 05 2024 11:30 PM",
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
    placeholder = day.isoformat() in ("1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01")
    assert days([form.format(day) for form in forms]) == [None if placeholder else day.isoformat()] * len(forms)


@pytest.mark.parametrize(
    "text",
    ["2024-13-05", "2024-02-30", "2024-00-10", "0000-00-10", "20240230", "2024", "soon", "now", "today", "2024-03-1²",
     "2024-03-05 or later", "2024-03/05", "05-Mar-24",
     "5 Mai 2024", "0024-03-05", "31 Feb 2024", "2024-3-52:30", "True", "99999", "999999999", "32/13/2024"],
)  # fmt: skip
def test_what_is_no_date_is_named(text):
    read, (*others, unread) = as_days(pd.Series(["2024-03-05", text], index=[2, 3]))
    assert read.isna().tolist() == [False, True]
    assert not any(fault.at.any() for fault in others)
    assert unread.at.tolist() == [False, True]
    assert repr(text) in unread.sentence(read.index)
    assert "(row 3). Write it as year-month-day" in unread.sentence(read.index)


@pytest.mark.parametrize("cell", [None, "", "  ", "\u3000", float("nan"), pd.NaT])
def test_blank_dates_are_named(cell):
    read, (blank, *others) = as_days(pd.Series(["2024-03-05", cell], index=[2, 3], dtype=object))
    assert read.isna().tolist() == [False, True]
    assert blank.sentence(read.index) == "1 row without a date (row 3). Fill in the date."
    assert not any(fault.at.any() for fault in others)


@pytest.mark.parametrize(
    ("cells", "cure"),
    [
        (["03/04/2024", "05/06/2024"], "date_format='%d/%m/%Y' (day first) or date_format='%m/%d/%Y' (month first)"),
        (["3/4/2024 1:05 PM", "5/6/2024 1:05 PM"], "date_format='%m/%d/%Y %I:%M %p' (month first)"),
        (["3-4-24", "5-6-24"], "date_format='%d-%m-%y' (day first) or date_format='%m-%d-%y' (month first)"),
        (["24-03-01", "24-05-02"], "date_format='%y-%m-%d' (year first) or date_format='%d-%m-%y' (day first)"),
        (["31.12.24 13:05", "05.06.24 13:05"], "date_format='%d.%m.%y %H:%M' (day first)."),
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
    _, (*_, unread) = as_days(pd.Series(["05/03/2024", "2024-03-05"], index=[2, 3]), date_format="%d/%m/%Y")
    assert "does not follow date_format='%d/%m/%Y', such as '2024-03-05' (row 3)" in unread.sentence(pd.Index([2, 3]))


@pytest.mark.parametrize("date_format", ["%Q", "mixed", "ISO8601", "YYYY-MM-DD", "%z%"])
def test_faulty_formats_are_refused(date_format):
    with pytest.raises(InputError, match=r"cannot be used.*Write it in the letters of strptime"):
        as_days(pd.Series(["2024-03-05"]), date_format=date_format)


def column(cells, **options):
    """Days and notes of a column, whose rows are numbered from 2."""
    found = read_days(pd.Series(cells, index=range(2, 2 + len(cells))), **options)
    return [None if pd.isna(day) else day.date().isoformat() for day in found.days], found.notes


def calls(message):
    """The arguments that a message says to pass."""
    return [{name: eval(value)} for name, value in re.findall(r"(date_format|time_zone)=('[^']*')", message)]


@pytest.mark.parametrize(
    ("cells", "expected", "order"),
    [
        (["03/04/2024", "13/04/2024"], ["2024-04-03", "2024-04-13"], "day first"),
        (["03/13/2024", "05/06/2024"], ["2024-03-13", "2024-05-06"], "month first"),
        (["31.12.2024 13:05", "05.06.2024 13:05"], ["2024-12-31", "2024-06-05"], "day first"),
        (["2024-01-02", "13/04/2024"], ["2024-01-02", "2024-04-13"], "day first"),
        (["13/04/2024", "04/03/2024", "x/y"], ["2024-04-13", "2024-03-04", None], "day first"),
    ],
)
def test_an_order_that_a_cell_proves_is_read_and_said(cells, expected, order):
    read, (note,) = column(cells)
    assert read == expected
    assert order in note


def test_each_way_to_write_needs_its_own_proof():
    with pytest.raises(InputError, match=r"such as '03/04/2024' \(row 3\)"):
        column(["13.04.2024", "03/04/2024"])
    with pytest.raises(InputError, match=r"2 rows.*Pass date_format='%d/%m/%Y'.*or date_format='%m/%d/%Y'"):
        column(["13/04/2024", "04/13/2024"])


@pytest.mark.parametrize(
    ("cells", "expected", "order"),
    [
        (["24-03-01", "24-03-31", "23-12-15"], ["2024-03-01", "2024-03-31", "2023-12-15"], "year first"),
        (["24/3/1", "24/3/31", "23/12/15"], ["2024-03-01", "2024-03-31", "2023-12-15"], "year first"),
        (["27-03-24", "05-04-24", "31-12-23"], ["2024-03-27", "2024-04-05", "2023-12-31"], "day first"),
        (["03/27/24", "04/05/24"], ["2024-03-27", "2024-04-05"], "month first"),
        (["97-01-01", "98-06-30"], ["1997-01-01", "1998-06-30"], "year first"),
    ],
)
def test_short_years_of_the_past(cells, expected, order):
    read, (note,) = column(cells, past=True)
    assert read == expected
    assert order in note


@pytest.mark.parametrize(
    ("cells", "past"),
    [
        (["24-03-01", "24-05-02", "23-12-15"], True),  # days up to 26: the years of another order are past too
        (["24-03-01", "24-03-31"], False),  # may be 31 March 2024 or 24 March 2031
        (["24-03-31"], True),  # one day shows nothing
        (["27-03-24", "27-06-24"], True),  # planned for 2027, or 27 March 2024 and 27 June: neither closer together
    ],
)
def test_short_years_that_stay_open_are_asked(cells, past):
    with pytest.raises(InputError, match="order of day, month and year is open") as caught:
        column(cells, past=past)
    assert "date_format='%y-%m-%d' (year first)" in str(caught.value)
    for call in calls(str(caught.value)):
        assert None not in column(cells, **call)[0]


def test_days_that_a_spreadsheet_swapped_are_refused():
    cells = pd.Series([dt.datetime(2024, 3, 4), dt.datetime(2024, 12, 1), "13/04/2024"], index=[2, 3, 4], dtype=object)
    with pytest.raises(InputError, match=r"1 row with a date as text, such as '13/04/2024'.*\(row 4\).*swapped"):
        read_days(cells)
    cells.iloc[0] = dt.datetime(2024, 3, 14)
    assert read_days(cells).days.dt.day.tolist() == [14, 1, 13]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([45352, "2024-05-01"], ["2024-03-01", "2024-05-01"]),
        (["45352.5", "2024/5/1"], ["2024-03-01", "2024-05-01"]),
        ([45352.0, dt.datetime(2023, 1, 31)], ["2024-03-01", "2023-01-31"]),
    ],
)
def test_day_numbers_beside_dates_are_read(cells, expected):
    read, (note,) = column(pd.array(cells, dtype=object))
    assert read == expected
    assert "from 1900, as 2024-03-01" in note


def test_day_numbers_far_from_the_dates_beside_them_are_asked():
    with pytest.raises(InputError, match="1 row with a date that looks like one of Excel's day numbers"):
        column(["45352", "2012-05-01"])
    assert column([45352, 45353], first_year=1900)[0] == ["2024-03-01", "2024-03-02"]
    assert column([45352 - 1462, 45353 - 1462], first_year=1904)[0] == ["2024-03-01", "2024-03-02"]


@pytest.mark.parametrize("form", ["{:d}", "{:d}000", "{:d}.5", "{:d}123"])
@pytest.mark.parametrize("kind", [str, float])
def test_time_since_1970(form, kind):
    cells = [kind(form.format(seconds)) for seconds in (1709251200, 1709308800)]  # 2024-03-01 00:00 and 16:00 UTC
    assert column(cells, time_zone="UTC")[0] == ["2024-03-01", "2024-03-01"]
    assert column(cells, time_zone="Asia/Shanghai")[0] == ["2024-03-01", "2024-03-02"]
    assert column(cells, time_zone="America/New_York")[0] == ["2024-02-29", "2024-03-01"]


@pytest.mark.parametrize(
    ("cells", "zone", "day"),
    [
        ([1709308800, 1709395200], "Asia/Shanghai", "2024-03-02"),
        (["1709308800000", "1709395200000"], "Asia/Shanghai", "2024-03-02"),
        (["2024-03-01T16:00Z", "2024-03-02T16:00Z"], "Asia/Shanghai", "2024-03-02"),
        (["2024-03-01T16:00:00.000+0000", "2024-03-02T16:00:00.000+0000"], "Asia/Shanghai", "2024-03-02"),
        (["2024-03-01T23:00Z", "2024-06-01T22:00Z"], "Europe/Berlin", "2024-03-02"),
        ([pd.Timestamp("2024-03-01T16:00Z"), pd.Timestamp("2024-03-02T16:00Z")], "Asia/Shanghai", "2024-03-02"),
    ],
)
def test_midnight_elsewhere_is_asked(cells, zone, day):
    with pytest.raises(InputError, match=r"2 rows .*\(rows 2, 3\)") as caught:
        column(cells)
    assert calls(str(caught.value)) == [{"time_zone": zone}]  # UTC, in words, would date them a day early
    assert "the zone UTC" in str(caught.value)
    assert column(cells, time_zone=zone)[0][0] == day
    assert column(cells, time_zone="UTC")[0][0] == "2024-03-01"


def test_moments_within_the_day_are_asked_or_shown():
    with pytest.raises(InputError, match=r"whose day depends on the time zone.*time_zone='\.\.\.'"):
        column([1709308801])
    assert column([1709251200])[0] == ["2024-03-01"]
    assert column(["2024-03-01T16:00Z", "2024-03-01T17:30Z"])[0] == ["2024-03-01", "2024-03-01"]
    assert column(["2024-03-01T16:00+08:00"] * 2)[0] == ["2024-03-01"] * 2
    assert column(["2024-03-01 23:00"], time_zone="Asia/Shanghai")[0] == ["2024-03-01"]
    assert column(["2024-03-01 23:00 +0000"], date_format="%Y-%m-%d %H:%M %z", time_zone="Asia/Tokyo")[0] == [
        "2024-03-02"
    ]


@pytest.mark.parametrize("zone", ["China", "", "../etc", "Asia/Atlantis", 8])
def test_unknown_time_zones_are_refused(zone):
    with pytest.raises(UnitError, match=r"no time zone.*time_zone='Asia/Shanghai'"):
        column(["2024-03-01"], time_zone=zone)


@pytest.mark.parametrize(
    "cell",
    ["1900-01-01", "1970-01-01", "0001-01-01", "1899-12-30", "1899-12-31", "9999-12-31", "1900/1/1", "1970年1月1日",
     "1900-01-01 00:00:00", "1900-01-00", "1900/1/0", "0000-00-00", "0000-00-00 00:00:00", "0", "1", 0, 1.0, "19700101",
     "1970-01-01T00:00:00Z", "01/01/1900", dt.date(1900, 1, 1), dt.datetime(9999, 12, 31)],
)  # fmt: skip
def test_placeholders_are_missing_dates(cell):
    cells = pd.Series(["2024-03-05", cell, "25/12/2023"], index=[2, 3, 4], dtype=object)
    read, faults = as_days(cells)
    assert read.isna().tolist() == [False, True, False]
    assert [fault.at.tolist() for fault in faults if fault.at.any()] == [[False, True, False]]
    assert "1 row with a placeholder date, such as " in faults[1].sentence(cells.index)


def test_placeholders_in_a_column_of_moments():
    found = read_days(pd.Series(pd.to_datetime(["1970-01-01", "2024-03-05", None])))
    assert found.days.isna().tolist() == [True, False, True]
    assert [fault.at.tolist() for fault in found.faults[:2]] == [[False, False, True], [True, False, False]]


@pytest.mark.parametrize("text", ["2024年3月", "2024-03", "2024/3", "2024年03月", "202403"])
def test_a_month_without_a_day_is_named(text):
    cells = pd.Series([text, text], index=[2, 3])
    sentence = next(fault for fault in as_days(cells)[1] if fault.at.any()).sentence(cells.index)
    assert f"2 rows with a month, but no day, such as {text!r} (rows 2, 3)" in sentence
    (call,) = calls(sentence)
    assert days([text, text], **call) == ["2024-03-01"] * 2


CELLS = st.one_of(
    st.text(max_size=25),
    st.text("0123456789-/.: TZ+年月日", max_size=25),
    st.from_regex(
        r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(T[0-9]{2}:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?", fullmatch=True
    ),
    st.floats(), st.integers(), st.none(), st.datetimes(), st.dates(), st.booleans(),
)  # fmt: skip


@given(st.lists(CELLS, max_size=4), st.sampled_from([None, "UTC", "Asia/Shanghai"]), st.booleans())
def test_any_cells_are_read_or_named(cells, time_zone, past):
    cells = pd.Series(cells, dtype=object)
    try:
        found = read_days(cells, time_zone=time_zone, past=past)
    except InputError:
        return
    named = np.logical_or.reduce([fault.at for fault in found.faults])
    assert named.tolist() == found.days.isna().tolist()
    assert sum(fault.at.sum() for fault in found.faults) == named.sum()


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Shanghai", "America/New_York"])
def test_many_moments_are_read_as_single_ones_are(zone):
    moments = pd.Series(pd.date_range("2023-12-31 00:30", periods=120, freq="25h13min"))
    forms = [
        f"{moment:%Y-%m-%dT%H:%M:%S}{end}"
        for moment, end in zip(moments, ["Z", "+0800", "-05:00", ""] * 30, strict=True)
    ]
    forms += ["1970-01-01T00:00:00Z", "2024-13-01T00:00:00Z", "9999-12-31T23:59:59Z", "2024-03-01T25:00:00Z"]
    together = read_days(pd.Series(forms, index=range(7, 131)), time_zone=zone)
    alone = [read_days(pd.Series([form, "2024-03-01T01:01Z"], dtype=object), time_zone=zone) for form in forms]
    assert together.days.tolist() == [one.days.iloc[0] for one in alone]
    for number in range(4):
        assert together.faults[number].at.tolist() == [one.faults[number].at.tolist()[0] for one in alone]
    assert together.faults[1].at.sum() == 2


def test_a_column_of_moments_with_a_zone():
    moments = pd.Series(pd.to_datetime(["2024-03-01T16:30Z", "1970-01-01T00:00Z", None]))
    for zone, expected in (("Asia/Shanghai", "2024-03-02"), ("America/New_York", "2024-03-01"), (None, "2024-03-01")):
        found = read_days(moments, time_zone=zone)
        assert found.days.isna().tolist() == [False, True, True]
        assert str(found.days.iloc[0].date()) == expected
        assert found.faults[1].at.tolist() == [False, True, False]


@pytest.mark.parametrize("date_format", [None, "%d/%m/%Y", "excel"])
def test_moments_as_objects_are_read_in_the_zone(date_format):
    moment = pd.Timestamp("2024-03-01 16:30", tz="UTC")
    cells = pd.Series(
        [moment, moment.to_pydatetime(), dt.date(2024, 3, 5), None, moment.tz_convert("Asia/Tokyo")], dtype=object
    )
    shown = [None if pd.isna(day) else day.day for day in read_days(cells, date_format=date_format).days]
    there = read_days(cells, date_format=date_format, time_zone="Asia/Shanghai").days
    assert shown == [1, 1, 5, None, 2]
    assert [None if pd.isna(day) else day.day for day in there] == [2, 2, 5, None, 2]


def test_days_of_an_index_of_prices_are_no_placeholders():
    cells = pd.Series(["1970-01-01", "0000-00-00", pd.Timestamp("1900-01-01")], dtype=object)
    assert read_days(cells, placeholders=False).days.isna().tolist() == [False, True, False]
    assert read_days(pd.Series(pd.to_datetime(["1970-01-01"])), placeholders=False).days.notna().all()


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2024-03", "2024-04", None], "%Y-%m"),
        (["202403", "202404"], "%Y%m"),
        (["2024年3月"], "%Y年%m月"),
        (["2024-03-05", "2024-03"], None),
        (["2024-03", "2024年4月"], None),
        (["2024-03", "soon"], None),
    ],
)
def test_the_first_of_the_month_is_offered_where_all_cells_are_months(cells, form):
    faults = read_days(pd.Series(cells, dtype=object)).faults
    found = calls(" ".join(fault.cure for fault in faults if "month" in fault.problem and fault.at.any()))
    assert found == ([{"date_format": form}] if form else [])


def test_a_time_zone_is_suggested_if_one_is_close():
    with pytest.raises(UnitError, match="Did you mean time_zone='Asia/Shanghai'"):
        as_zone("Asia/Shangai")
