"""Hostile but plausible tables, as people export them: strategies for ids, dates, amounts, headers and types."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
from hypothesis import strategies as st

TEXTS = [
    *(
        "A1",
        "B 2",
        "王芳",
        "王芳 ",
        "0004",
        "4",
        "4.0",
        " 0004",
        "1e5",
        "１２３",
        "'0004",
        '="0004"',
        "nan",
        "NULL",
        "-",
    ),
    *("None", "a\nb", "a,b;c", '"quoted"', "e\u0301", "é", "É", "\u200b7", "a\u202eb", "\x1b[31mred", "\x00", "🦄"),
    *("=cmd|' /C calc'!A0", "+1", "@x", "<b>bold</b>", "&amp;", "{{7*7}}", "$x$", "%s", "[red]x", "a" * 1000),
    *(
        "a" * 999 + "b",
        "a" * 40 + "1" + "z" * 40,
        "a" * 40 + "2" + "z" * 40,
        "(missing)",
        "total",
        "合计",
        "customer_id",
    ),
]
NUMBERS = [0, 1, -1, 7, 10**6, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 10**20]
ODD_IDS = [
    None,
    np.nan,
    pd.NA,
    pd.NaT,
    "",
    " ",
    True,
    7.5,
    float("inf"),
    Decimal("4"),
    dt.date(2024, 1, 1),
    b"x",
    ("a", 1),
]
ODD_DATES = [
    None,
    "",
    pd.NaT,
    "soon",
    "2024-02-30",
    "0000-00-00",
    "1900-01-01",
    "9999-12-31",
    "now",
    np.inf,
    -1,
    45352,
    "45352",
]
ODD_DATES += [
    1709251200000,
    "2024年3月",
    "24-03-01",
    "3/4/2024",
    "2024-Q1",
    True,
    dt.time(3),
    dt.date(1, 1, 1),
    "2262-04-12",
]
ODD_AMOUNTS = [
    None,
    "",
    np.nan,
    np.inf,
    -np.inf,
    "暂无",
    "--",
    "n/a",
    "1.234,50",
    "€5",
    "USD 7",
    True,
    1e-308,
    5e-324,
    1e300,
    1e308,
]
ODD_AMOUNTS += [
    -1e300,
    Decimal("1e400"),
    Decimal("NaN"),
    10**400,
    1 + 2j,
    "1e999",
    -0.0,
    b"5",
    "50%",
    dt.date(2024, 1, 1),
]
HEADERS = [
    ("customer_id", "date", "amount"),
    ("客户编号", "下单日期", "订单金额"),
    ("Client ID", "Close Date", "Amount"),
    ("client", "Client", "CLIENT"),
    ("row", "reason", "file_row_number"),
    (" id ", "日期", "金额(万元)"),
    ("customer_id", "T", "frequency"),
    ("index", "level_0", "0"),
    (0, 1, 2),
    ('a"b', "c'd", "e;--"),
]
SEVERAL = st.sampled_from([5, 0, 1, 2, 3, 8, 8, 13, 13, 20, 20, 30])


def one_in(number):
    """True for one example in a number of them."""
    return st.sampled_from([False] * (number - 1) + [True])


def rarely(odd, usual, number=8):
    """Usual values, and once in a while an odd one."""
    return one_in(number).flatmap(lambda chosen: odd if chosen else usual)


def faulty(cells, odd, draw):
    """Put one or two odd cells into one column of fifteen."""
    for _ in range(draw(st.sampled_from([0] * 28 + [1, 2]))):
        if cells:
            cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(odd))
    return cells


@st.composite
def ids(draw, rows, each_once=False):
    """A column of ids: text, numbers or both; few customers with many rows, or one row each."""
    pool = draw(
        st.sampled_from([TEXTS, NUMBERS[:5], [f"C{number:03}" for number in range(20)], NUMBERS, TEXTS + NUMBERS])
    )
    if each_once:
        cells = draw(st.lists(st.sampled_from(pool), min_size=0, max_size=rows, unique_by=str))
        cells += [f"K{number}" for number in range(rows - len(cells))]
    else:
        few = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=8))
        cells = [draw(st.sampled_from(few)) for _ in range(rows)]
    return faulty(cells, ODD_IDS, draw)


def days(first=-900, last=900):
    """Days around 2024, or all alike, or at the ends of what calendars and computers hold."""
    usual = st.integers(first, last).map(lambda offset: dt.date(2023, 6, 30) + dt.timedelta(offset))
    return rarely(
        st.sampled_from([dt.date(1900, 1, 1), dt.date(2262, 4, 11), dt.date(9999, 12, 31), dt.date(1, 1, 1)]), usual, 60
    )


def zone(hours):
    return dt.timezone(dt.timedelta(hours=hours))


READ = [
    lambda day: day.isoformat(),
    lambda day: day,
    lambda day: pd.Timestamp(day),
    lambda day: np.datetime64(day),
    lambda day: f"{day.year:04}/{day.month}/{day.day}",
    lambda day: f"{day.year:04}.{day.month}.{day.day} 08:30",
    lambda day: f"{day.year:04}年{day.month}月{day.day}日",
    lambda day: f"{day.year:04}{day:%m%d}",
    lambda day: f"{day.isoformat()}T16:00:00Z",
    lambda day: f"{day.isoformat()} 23:59:59+08:00",
    lambda day: dt.datetime(day.year, day.month, day.day, 23, 59, tzinfo=zone(8 * (day.day % 2))),
]
"""Dates that are read without a format."""
WITH_FORMAT = [
    ("%d.%m.%Y", lambda day: f"{day:%d.%m}.{day.year:04}"),
    ("%m/%d/%Y", lambda day: f"{day:%m/%d}/{day.year:04}"),
    ("excel", lambda day: (day - dt.date(1899, 12, 30)).days),
    ("excel", lambda day: str((day - dt.date(1899, 12, 30)).days + 0.5)),
    ("%q", lambda day: (day - dt.date(1970, 1, 1)).days * 86_400_000),
]


@st.composite
def dates(draw, rows, blank=False, first=-900, last=900, formats=False):
    """A column of dates written in one way, or in several; with `formats`, also what is said of the way."""
    date_format, ways = None, draw(st.sampled_from([*([way] for way in READ), READ]))
    if formats and draw(one_in(4)):
        date_format, way = draw(st.sampled_from(WITH_FORMAT))
        ways, date_format = [way], draw(rarely(st.sampled_from([None, "excel", "%d", ""]), st.just(date_format), 6))
    one = days(first, last)
    one = st.just(draw(one)) if draw(one_in(12)) else one
    way = st.sampled_from(ways)
    cells = [draw(way)(draw(one)) if not blank or draw(st.booleans()) else None for _ in range(rows)]
    cells = faulty(cells, ODD_DATES, draw)
    return (cells, date_format) if formats else cells


PRICES = [
    lambda number: float(number),
    lambda number: float(number),
    lambda number: number,
    lambda number: f"{number:,}.00",
    lambda number: f"¥{number:,}",
    lambda number: f"{number}元",
    lambda number: f"{number}万元",
    lambda number: f"({number})" if number % 5 == 0 else f"{number}",
    lambda number: Decimal(number),
    lambda number: number * 1e-308,
    lambda number: number * 1e300,
    lambda number: number * 1e-9,
    lambda number: -float(number),
    lambda number: 0,
    lambda number: None,
    lambda number: 100 if number % 9 else 1e9,
]


@st.composite
def amounts(draw, rows, plain=False):
    """A column of money: numbers or text, one size or many, constant, zero, absent."""
    ways = draw(st.sampled_from([*([way] for way in PRICES), *([way] for way in PRICES[:4]), PRICES[:2], PRICES[:9]]))
    ways = PRICES[:3] if plain else ways
    sizes = draw(
        st.sampled_from([st.integers(1, 1000), st.just(99), st.sampled_from([1, 10**4, 10**8]), st.integers(-50, 300)])
    )
    way = st.sampled_from(ways)
    return faulty([draw(way)(draw(sizes)) for _ in range(rows)], ODD_AMOUNTS, draw)


@st.composite
def kept_as(draw, frame):
    """The same table as another type of column, index, library or file."""
    how = draw(
        st.sampled_from(
            ["object"] * 6 + ["category", "string", "nullable", "arrow types", "float32", "arrow", "polars"]
        )
    )
    if how == "category":
        frame = frame.apply(lambda column: column.astype("category") if column.map(hashed).all() else column)
    elif how == "string":
        frame = frame.apply(lambda column: column.map(str, na_action="ignore").astype("string"))
    elif how == "nullable":
        frame = frame.convert_dtypes()
    elif how == "float32":
        numbers = frame.select_dtypes("float").columns
        with np.errstate(over="ignore"):
            frame = frame.astype(dict.fromkeys(numbers, "float32"))
    if how in ("arrow types", "arrow", "polars"):
        frame = as_arrow(frame, how)
    if isinstance(frame, pd.DataFrame):
        frame = frame.set_axis(draw(indexes(len(frame))), axis="index")
    return frame


def hashed(value):
    return isinstance(value, int | float | str | dt.date | None)


def as_arrow(frame, how):
    """Arrow's table, if Arrow can hold it."""
    import polars as pl
    import pyarrow as pa

    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if how == "arrow":
            return table
        return pl.from_arrow(table) if how == "polars" else table.to_pandas(types_mapper=pd.ArrowDtype)
    except Exception:  # not a table that such a library can hold
        return frame


@st.composite
def indexes(draw, rows):
    """Row labels: counted, backwards, names, repeated, dates, two levels."""
    return draw(
        st.sampled_from(
            [
                *[pd.RangeIndex(rows)] * 5,
                pd.Index(range(rows, 0, -1), name="customer_id"),
                pd.Index([f"r{place}" for place in range(rows)]),
                pd.Index([7] * rows),
                pd.date_range("2024-01-01", periods=rows),
                pd.MultiIndex.from_arrays([["x"] * rows, list(range(rows))], names=["a", "b"]),
                pd.Index([float("nan")] * rows),
            ]
        )
    )


def named(columns, header=None):
    """A frame of columns with odd cells, of the types that pandas gives them, as an export has them."""
    frame = pd.DataFrame({place: tidy(cells) for place, cells in enumerate(columns.values())})
    return frame.set_axis(header or list(columns), axis="columns")


def tidy(cells):
    try:
        return pd.Series(cells)
    except Exception:  # 10 ** 400 beside a decimal, moments of several zones
        return pd.Series(cells, dtype=object)


AS_OF = [
    None,
    None,
    "2026-01-31",
    "2026-01-31",
    "2025-12-31",
    dt.date(2024, 1, 1),
    pd.Timestamp("2025-12-31", tz="Asia/Shanghai"),
]
AS_OF += [
    np.datetime64("2025-12-31"),
    "1900-01-01",
    "2262-04-11",
    "9999-12-31",
    "soon",
    45352,
    "2025年12月31日",
    np.nan,
]
UNITS = ["week", "week", "month", "day", "year", "quarter", "hour", "Weeks", "fortnight", ""]
HORIZONS = [
    "1 year",
    "26 weeks",
    "3 years",
    "1 day",
    "100 years",
    "3 hours",
    ["6 months", "2 years"],
    "1000000000 years",
]
HORIZONS += [
    "0 days",
    "-3 weeks",
    "soon",
    "",
    3,
    None,
    "1e-300 days",
    "nan years",
    dt.timedelta(days=30),
    "3年",
    "3 years 2 months",
]
RATES = [0.0, 0.1, 0.1, -0.5, -0.999, 1e-12, 10.0, 1e6, 1e300, -1.0, np.nan, np.inf, "10%", "0.1", None]
MARGINS = [1.0, 0.35, 0.35, 0.0, 1e-300, 2.0, -0.1, np.nan, "35%", "amount", {}, {"A1": 0.5}, None]
GROUPS = [
    "Retail",
    "Retail",
    "retail",
    "Energy",
    "Retail ",
    "王",
    "R" * 1000,
    "R" * 999 + "S",
    None,
    "",
    "(missing)",
    7,
    "7",
    7.0,
]
GROUPS += ["=1+1", "<i>", "\x1b[2J", True, np.nan, dt.date(2024, 1, 1)]
