"""Units, horizons, dates and discount factors."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv_bayes.errors import UnitError
from ltv_bayes.time_units import (
    DAYS_PER_UNIT,
    Duration,
    as_date,
    as_duration,
    as_time_ahead,
    as_time_unit,
    discount_intensity,
)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("week", "week"),
        ("Weeks", "week"),
        (" year ", "year"),
        ("Q", "quarter"),
        ("天", "day"),
        ("个月", "month"),
        ("年", "year"),
    ],
)
def test_names_of_units(text, unit):
    assert as_time_unit(text) == unit


def test_a_misspelt_unit_is_named():
    with pytest.raises(UnitError, match="Did you mean 'month'"):
        as_time_unit("mnth")


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("39 weeks", 273),
        ("3 years", 1095.75),
        ("12个月", 365.25),
        ("三年", 1095.75),
        ("两周", 14),
        ("十天", 10),
        ("３６个月", 1095.75),
        ("1.5 day", 1.5),
        (dt.timedelta(days=2), 2),
        (pd.Timedelta("36h"), 1.5),
    ],
)
def test_durations(value, days):
    assert as_duration(value).days == pytest.approx(days)


@pytest.mark.parametrize(
    "value", [39, 39.0, "39", "weeks", "-1 week", "0 days", "1 week 2 days", "1e3 weeks", None, "∞ years"]
)
def test_durations_without_unit_or_length(value):
    with pytest.raises(UnitError):
        as_duration(value)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("-3 years", "horizon '-3 years' is negative. Write horizon='3 years'"),
        (dt.timedelta(days=-2), "is negative. Write horizon='2 days'"),
        ("2028-12-31", "horizon '2028-12-31' is a date. Write how long it is until then, as in horizon='39 weeks'"),
        ("2028年12月31日", "is a date"),
        (dt.date(2028, 12, 31), "is a date"),
        (pd.Timestamp("2028-12-31"), "is a date"),
        ("十二个月", "is not a number with one unit"),
        ("1 week 2 days", "is not a number with one unit"),
        ("weeks", "is not a number with one unit"),
        ("39", "horizon '39' has no unit"),
        (39, "horizon 39 has no unit"),
        ("3 yeers", "Did you mean 'year'"),
    ],
)
def test_what_is_wrong_with_a_duration_is_said(value, problem):
    with pytest.raises(UnitError, match=problem):
        as_duration(value)


@given(st.sampled_from(list(DAYS_PER_UNIT)), st.sampled_from(list(DAYS_PER_UNIT)), st.floats(1e-3, 1e3))
def test_conversion_and_back(unit, other, amount):
    there = Duration(amount, unit).to(other)
    assert Duration(there, other).to(unit) == pytest.approx(amount)


@pytest.mark.parametrize(
    "value",
    [
        "1997-09-30",
        "1997/9/30",
        "1997.09.30",
        "1997年9月30日",
        "1997 年 09 月 30 号",
        "１９９７年９月30日",
        dt.date(1997, 9, 30),
        dt.datetime(1997, 9, 30, 23),
        pd.Timestamp("1997-09-30"),
        np.datetime64("1997-09-30"),
    ],
)
def test_dates(value):
    assert as_date(value) == dt.date(1997, 9, 30)


@pytest.mark.parametrize("value", ["30/09/1997", "yesterday", None, pd.NaT, 12, float("nan")])
def test_what_is_no_date(value):
    with pytest.raises(UnitError):
        as_date(value)


def test_a_day_ahead_is_at_least_the_day_after_the_as_of_date():
    as_of = dt.date(1997, 9, 30)
    assert as_time_ahead("1997-10-01", as_of, "by") == Duration(1, "day")
    for day in ("1997-09-30", "1997-09-29"):
        with pytest.raises(UnitError, match=f"by {day} is not after the as-of date 1997-09-30"):
            as_time_ahead(day, as_of, "by")


@pytest.mark.parametrize("unit", DAYS_PER_UNIT)
def test_a_year_is_a_year_in_every_unit(unit):
    length = 365.25 / DAYS_PER_UNIT[unit]
    assert math.exp(-discount_intensity(0.10, unit) * length) == pytest.approx(1 / 1.1)


@pytest.mark.parametrize("rate", [-0.01, 1, 10, float("nan"), float("inf"), "ten", None])
def test_impossible_discount_rates(rate):
    with pytest.raises(UnitError, match="discount_rate"):
        discount_intensity(rate, "year")


def test_hours_are_a_time_unit(book, purchases):
    assert as_time_unit("hours") == as_time_unit("小时") == "hour"
    assert as_duration("48 hours").to("day") == 2
    assert book.in_time_unit("hour").table.loc["A", "T"] == pytest.approx(38.86 * 168)
    by_hour, by_week = (purchases.expected_purchases(one, "336 hours") for one in (book.in_time_unit("hour"), book))
    assert by_hour.to_numpy() == pytest.approx(by_week.to_numpy(), rel=1e-9)
