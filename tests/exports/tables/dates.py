"""Dates of every format."""

import datetime as dt

from tests.exports.cases import Case, Make, book, reads, refuses, text
from tests.exports.workbooks import Sheet, write_ods, write_xls, write_xlsx


def log(*days: str) -> Make:
    """Orders of 10, 11, 12, ... on these days."""
    rows = [f'k{n},"{day}",{9 + n}' for n, day in enumerate(days, start=1)]
    return text("\n".join(["客户编号,订单日期,订单金额", *rows]))


def true(*days: str) -> str:
    return "\n".join(f"k{n} {day} {9 + n}" for n, day in enumerate(days, start=1))


def written(*days: str, **args: object) -> Case:
    """Three ways to write the fifth of March 2024, or the days after it."""
    return reads(days[0], log(*days), true(*(f"2024-03-{5 + n:02d}" for n in range(len(days)))), **args)


CHINA = {"time_zone": "Asia/Shanghai"}
MIXED = [
    ["客户编号", "订单日期", "订单金额"],
    ["k1", dt.date(2024, 3, 5), 10],
    ["k2", "2024/3/6", 11],
    ["k3", 45358, 12],
    ["k4", "2024年3月8日", 13],
]
MIXED_TRUE = true("2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08")
NUMBERS = [["客户编号", "订单日期", "订单金额"], ["k1", 45356, 10], ["k2", 45357, 11]]

CASES = [
    written("2024-03-05", "2024-03-06", "2024-3-7"),
    written("2024/3/5", "2024/03/06"),
    written("2024.03.05", "2024.3.6"),
    written("20240305", "20240306"),
    written("2024年3月5日", "2024年03月06日", "2024年3月7号"),
    written("2024-03-05 14:30:00", "2024-03-06 00:00:00", "2024-03-07 23:59:59"),
    written("2024/3/5 14:30", "2024/3/6 9:05"),
    written("2024年3月5日 14:30", "2024年3月6日 9:05"),
    written("2024-03-05T14:30:00", "2024-03-06T23:59:59.999"),
    written("2024-03-05 星期二", "2024-03-06 星期三"),
    written("２０２４－０３－０５", "２０２４／０３／０６"),
    written("24年3月5日", "24年3月6日"),
    reads(
        "formats mixed",
        log("2024-03-05", "2024/3/6", "2024年3月7日", "20240308", "2024.3.9"),
        true("2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08", "2024-03-09"),
    ),
    reads("day first, one shows it", log("05/03/2024", "13/03/2024"), true("2024-03-05", "2024-03-13")),
    reads("month first, one shows it", log("03/05/2024", "03/13/2024"), true("2024-03-05", "2024-03-13")),
    reads("points, day first", log("05.03.2024", "31.12.2024"), true("2024-03-05", "2024-12-31")),
    refuses(
        "day and month open",
        log("03/05/2024", "04/06/2024"),
        "day",
        "month",
        "date_format=",
        r"rows? 2",
        right=[true("2024-03-05", "2024-04-06"), true("2024-05-03", "2024-06-04")],
    ),
    refuses(
        "day and month open, with times",
        log("3/5/2024 9:30", "4/6/2024 18:00"),
        "date_format=",
        right=[true("2024-03-05", "2024-04-06"), true("2024-05-03", "2024-06-04")],
    ),
    reads(
        "day and month, given",
        log("03/05/2024", "04/06/2024"),
        true("2024-05-03", "2024-06-04"),
        date_format="%d/%m/%Y",
    ),
    reads("a year of two digits first", log("24-03-05", "24-03-31"), true("2024-03-05", "2024-03-31")),
    refuses(
        "a short date that is open",
        log("03-04-05", "05-06-07"),
        "date_format=",
        r"rows? 2",
        right=[true("2003-04-05", "2005-06-07"), true("2005-04-03", "2007-06-05"), true("2005-03-04", "2007-05-06")],
    ),
    refuses(
        "both orders in one column",
        log("13/05/2024", "05/13/2024"),
        r"row",
        right=[true("2024-05-13"), "k2 2024-05-13 11"],
    ),
    refuses(
        "Excel's numbers in a CSV",
        log("45356", "45357"),
        "date_format='excel'",
        r"rows? 2",
        "45356",
        right=[true("2024-03-05", "2024-03-06")],
    ),
    reads("Excel's numbers, said", log("45356", "45357.75"), true("2024-03-05", "2024-03-06"), date_format="excel"),
    reads(
        "half dates, half Excel's numbers",
        log("2024-03-05", "45357", "2024/3/7"),
        true("2024-03-05", "2024-03-06", "2024-03-07"),
    ),
    reads("dates, texts and numbers in a workbook", book(write_xlsx, "a.xlsx", Sheet(MIXED)), MIXED_TRUE),
    reads("dates, texts and numbers in an old workbook", book(write_xls, "a.xls", Sheet(MIXED)), MIXED_TRUE),
    reads("dates, texts and numbers in ods", book(write_ods, "a.ods", Sheet(MIXED)), MIXED_TRUE),
    reads(
        "unformatted numbers in a workbook",
        book(write_xlsx, "a.xlsx", Sheet(NUMBERS)),
        true("2024-03-05", "2024-03-06"),
        says={"notes": "45356.*1900"},
    ),
    reads(
        "epoch seconds at midnight of UTC",
        log("1709596800", "1709683200"),
        true("2024-03-05", "2024-03-06"),
        says={"notes": "1970"},
    ),
    refuses(
        "epoch seconds without a zone",
        log("1709568000", "1709654400"),
        "time_zone",
        r"rows? 2",
        right=[true("2024-03-05", "2024-03-06")],
    ),
    reads("epoch seconds in China", log("1709568000", "1709654400"), true("2024-03-05", "2024-03-06"), **CHINA),
    reads(
        "epoch milliseconds in China", log("1709568000000", "1709740799999"), true("2024-03-05", "2024-03-06"), **CHINA
    ),
    refuses(
        "midnights of China in UTC",
        log("2024-03-04T16:00:00Z", "2024-03-05T16:00:00Z"),
        "time_zone='Asia/Shanghai'",
        r"rows? 2",
        right=[true("2024-03-05", "2024-03-06")],
    ),
    refuses(
        "midnights of China in UTC, Salesforce's way",
        log("2024-03-04T16:00:00.000+0000", "2024-03-05T16:00:00.000+0000"),
        "time_zone='Asia/Shanghai'",
        right=[true("2024-03-05", "2024-03-06")],
    ),
    reads(
        "midnights of China, zone given",
        log("2024-03-04T16:00Z", "2024-03-05T16:00Z"),
        true("2024-03-05", "2024-03-06"),
        **CHINA,
    ),
    written("2024-03-05T00:00:00+08:00", "2024-03-06T23:30:00+08:00"),
    reads(
        "an offset, zone given",
        log("2024-03-05T00:00:00+08:00", "2024-03-06T23:30:00+08:00"),
        true("2024-03-04", "2024-03-06"),
        time_zone="Europe/London",
    ),
    refuses(
        "months alone", log("2024年3月", "2024年4月"), "month", r"rows? 2", right=[true("2024-03-01", "2024-04-01")]
    ),
    refuses(
        "one month alone",
        log("2024-03-05", "2024-03", "2024年3月"),
        "month",
        r"rows 3 and 4|rows 3, 4",
        right=[true("2024-03-05")],
    ),
    refuses(
        "placeholders",
        log("2024-03-05", "1900-01-01", "1970-01-01"),
        "1900-01-01",
        r"rows 3 and 4|rows 3, 4",
        right=[true("2024-03-05")],
    ),
    reads(
        "placeholders, left out",
        log("2024-03-05", "1900-01-01", "1970/1/1", "0000-00-00"),
        true("2024-03-05"),
        "placeholder | 11\nplaceholder | 12\nplaceholder | 13",
        bad_rows="drop",
    ),
    refuses(
        "no such day",
        log("2024-02-29", "2023-02-29", "2024-13-01"),
        r"rows 3 and 4|rows 3, 4",
        "2023-02-29",
        right=["k1 2024-02-29 10"],
    ),
    refuses("blank dates", log("2024-03-05", "", "-"), "without a date", r"rows? 3", right=[true("2024-03-05")]),
    refuses(
        "words for dates",
        log("2024-03-05", "昨天", "today"),
        "昨天",
        r"rows 3 and 4|rows 3, 4",
        right=[true("2024-03-05")],
    ),
    refuses("two days in a cell", log("2024-03-05", "2024-03-06至2024-03-09"), r"row 3\b", right=[true("2024-03-05")]),
    reads("English names of months", log("Mar 5, 2024", "6-Mar-2024"), true("2024-03-05", "2024-03-06")),
    reads(
        "English names of months, said",
        log("Mar 5, 2024", "Mar 6, 2024"),
        true("2024-03-05", "2024-03-06"),
        date_format="%b %d, %Y",
    ),
    reads("a year far back", log("1987-03-05", "2024-03-06"), true("1987-03-05", "2024-03-06")),
]
