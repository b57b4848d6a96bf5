"""Time units, horizons, as-of dates and discount factors: the one place that converts.

A month is 1/12 and a quarter 1/4 of a mean year of 365.25 days; a week is 7 days.
"""

import datetime as dt
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from ltv_bayes.errors import UnitError, suggestion
from ltv_bayes.language import N_, _, _n

TimeUnit = Literal["hour", "day", "week", "month", "quarter", "year"]

DAYS_PER_YEAR = 365.25
MICROSECONDS_PER_DAY = 86_400_000_000
DAYS_PER_UNIT: dict[TimeUnit, float] = {
    "hour": 1.0 / 24,
    "day": 1.0,
    "week": 7.0,
    "month": DAYS_PER_YEAR / 12,
    "quarter": DAYS_PER_YEAR / 4,
    "year": DAYS_PER_YEAR,
}
UNITS = {
    "hour": N_("hour"),
    "day": N_("day"),
    "week": N_("week"),
    "month": N_("month"),
    "quarter": N_("quarter"),
    "year": N_("year"),
}
PLURALS = {
    "hour": N_("hours"),
    "day": N_("days"),
    "week": N_("weeks"),
    "month": N_("months"),
    "quarter": N_("quarters"),
    "year": N_("years"),
}
LONGEST_YEARS = 1000
OTHER_SPELLINGS: dict[str, TimeUnit] = {
    "h": "hour",
    "hr": "hour",
    "d": "day",
    "w": "week",
    "wk": "week",
    "mo": "month",
    "q": "quarter",
    "y": "year",
    "yr": "year",
    "小时": "hour",
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "月": "month",
    "个月": "month",
    "季度": "quarter",
    "年": "year",
}
YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
DURATION = re.compile(
    r"([-+]?)\s*(\d+(?:\.\d+)?|\.\d+|[一二两三四五六七八九十](?![一二两三四五六七八九十百]))\s*([^\d\s.]+)"
)
CHINESE_NUMBERS = {**{sign: place for place, sign in enumerate("一二三四五六七八九十", 1)}, "两": 2}


def as_time_unit(text: str) -> TimeUnit:
    """Read the name of a time unit.

    Examples
    --------
    >>> as_time_unit("weeks"), as_time_unit("Year"), as_time_unit("个月")
    ('week', 'year', 'month')

    Raises
    ------
    UnitError
        If the name is none of hour, day, week, month, quarter, year.
    """
    word = str(text).strip().lower()
    units = get_args(TimeUnit)
    for candidate in (word, word.removesuffix("s")):
        if candidate in units:
            return cast(TimeUnit, candidate)
        if candidate in OTHER_SPELLINGS:
            return OTHER_SPELLINGS[candidate]
    raise UnitError(_("{text!r} is not a time unit. {suggestion}", text=text, suggestion=suggestion(word, units)))


@dataclass(frozen=True)
class Duration:
    """A length of time with its unit, such as a forecast horizon.

    Examples
    --------
    >>> Duration(39, "week").to("day")
    273.0
    >>> str(Duration(3, "year"))
    '3 years'
    """

    amount: float
    unit: TimeUnit

    @property
    def days(self) -> float:
        """Length in days."""
        return self.amount * DAYS_PER_UNIT[self.unit]

    def to(self, unit: TimeUnit) -> float:
        """Length in another unit."""
        if unit == self.unit:
            return float(self.amount)
        return self.days / DAYS_PER_UNIT[unit]

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}{'' if self.amount == 1 else 's'}"

    def __format__(self, spec: str) -> str:
        """Write it in the language of messages; ``str`` writes what `as_duration` reads."""
        return format(in_units(f"{self.amount:g}", self.unit), spec)


def in_units(amount: str, unit: str) -> str:
    """Write a length of time, of which the amount is written already, in the language of messages.

    Examples
    --------
    >>> in_units("1", "week"), in_units("0.1", "year")
    ('1 week', '0.1 years')
    """
    names = {"unit": _(UNITS[unit]), "units": _(PLURALS[unit])}
    return _n("{amount} {unit}", "{amount} {units}", 1 if amount == "1" else 2, amount=amount, **names)


def as_duration(value: Any, name: str = "horizon") -> Duration:
    """Read a duration that carries its unit.

    Parameters
    ----------
    value : str, Duration or datetime.timedelta
        Such as ``"39 weeks"``, ``"3 years"``, ``"12个月"``, ``"三年"``.
    name : str
        How the caller's argument is called, for the message.

    Raises
    ------
    UnitError
        If it is a date, there is no unit, or the length is not positive, or beyond 1,000 years.

    Examples
    --------
    >>> as_duration("39 weeks"), as_duration("三年")
    (Duration(amount=39.0, unit='week'), Duration(amount=3.0, unit='year'))
    """
    if isinstance(value, Duration):
        duration = value
    elif isinstance(value, dt.timedelta):
        duration = Duration(value.total_seconds() / 86_400, "day")
    else:
        duration = _from_text(value, name)
    if duration.amount < 0:
        raise UnitError(
            _("{name} {value!r} is negative. Write {name}='{ahead}'.", name=name, value=value, ahead=_ahead(duration))
        )
    if not (duration.amount > 0 and math.isfinite(duration.amount)):
        raise UnitError(_("{name} must be longer than zero and finite, not {value!r}.", name=name, value=value))
    if duration.to("year") > LONGEST_YEARS:
        raise UnitError(
            _(
                "{name} {value!r} is longer than {longest_years:,} years. Is the unit right, as in '3 years'?",
                name=name,
                value=value,
                longest_years=LONGEST_YEARS,
            )
        )
    return duration


def as_time_ahead(value: Any, as_of: dt.date | None, name: str) -> Duration:
    """Read a length of time from the as-of date on, or a day after it.

    Parameters
    ----------
    value : str, Duration, timedelta or date
        Such as ``"26 weeks"`` or ``"2026-06-30"``.
    as_of : datetime.date or None
        The day that a day is counted from.
    name : str
        How the caller's argument is called, for the message.

    Raises
    ------
    UnitError
        If the day is not after the as-of date, there is none, or the length is none.

    Examples
    --------
    >>> as_time_ahead("2026-01-14", dt.date(2025, 12, 31), "by")
    Duration(amount=14, unit='day')
    """
    text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else ""
    if not (isinstance(value, dt.date) or type(value).__name__ == "datetime64" or YEAR_FIRST.fullmatch(text)):
        return as_duration(value, name)
    day = as_date(value, name)
    if as_of is None:
        raise UnitError(
            _(
                "{name} {day} needs customers with an as-of date. Write a length instead: {name}='26 weeks'.",
                name=name,
                day=day,
            )
        )
    if day <= as_of:
        raise UnitError(
            _("{name} {day} is not after the as-of date {as_of}. Choose a later day.", name=name, day=day, as_of=as_of)
        )
    return Duration((day - as_of).days, "day")


def _from_text(value: Any, name: str) -> Duration:
    """Read a number and its unit, or say what else the value is."""
    text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else ""
    if match := DURATION.fullmatch(text):
        number = float(CHINESE_NUMBERS.get(match[2]) or match[2])
        return Duration(-number if match[1] == "-" else number, as_time_unit(match[3]))
    cure = _("as in {name}='39 weeks' or {name}='3 years'.", name=name)
    if isinstance(value, dt.date) or YEAR_FIRST.fullmatch(text):
        raise UnitError(
            _("{name} {value!r} is a date. Write how long it is until then, {cure}", name=name, value=value, cure=cure)
        )
    if isinstance(value, str) and re.search(r"[^\W\d]", text):
        raise UnitError(
            _("{name} {value!r} is not a number with one unit. Write both, {cure}", name=name, value=value, cure=cure)
        )
    raise UnitError(_("{name} {value!r} has no unit. Write it with one, {cure}", name=name, value=value, cure=cure))


def _ahead(duration: Duration) -> str:
    return str(Duration(-duration.amount, duration.unit))


def as_date(value: Any, name: str = "as_of") -> dt.date:
    """Read a calendar date.

    Parameters
    ----------
    value : str, datetime.date, datetime.datetime, pandas.Timestamp or numpy.datetime64
        A string must be ISO 8601, ``"1997-09-30"``, or year first in another way, ``"1997/9/30"`` or
        ``"1997年9月30日"``.
    name : str
        How the caller's argument is called, for the message.

    Examples
    --------
    >>> as_date("1997-09-30")
    datetime.date(1997, 9, 30)
    """
    if isinstance(value, dt.datetime) and value == value:  # NaT is a datetime unequal to itself
        return value.date()
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        if isinstance(value, str):
            text = unicodedata.normalize("NFKC", value).strip()
            if match := YEAR_FIRST.fullmatch(text):
                return dt.date(*(int(part) for part in match.groups() if part))
            return dt.datetime.fromisoformat(text).date()
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        raise UnitError(
            _(
                "{name} {value!r} is not a date. Write it as year-month-day, as in {name}='2025-09-30'.",
                name=name,
                value=value,
            )
        ) from None


def discount_intensity(discount_rate: float, unit: TimeUnit) -> float:
    """Turn an annual effective discount rate into a continuous one per time unit.

    Money due after a time ``t`` in that unit is worth ``exp(-intensity * t)`` today.

    Parameters
    ----------
    discount_rate : float
        Annual effective rate: 0.10 makes 110 in one year worth 100 today.
    unit : str
        Time unit of the intensity.

    Raises
    ------
    UnitError
        If the rate is negative, not finite, or looks like a percentage (1 or more).

    Examples
    --------
    >>> round(math.exp(-discount_intensity(0.10, "week") * 365.25 / 7), 6)
    0.909091
    """
    rate = as_number(discount_rate, "discount_rate")
    if not rate >= 0:
        raise UnitError(
            _("discount_rate must not be negative, not {rate:g}. Write 10% a year as discount_rate=0.10.", rate=rate)
        )
    if rate >= 1:
        raise UnitError(
            _(
                "discount_rate {rate:g} means {rate:.0%} a year. Write {percent} a year as discount_rate={share}.",
                rate=rate,
                **percent_as_share(rate, 10),
            )
        )
    return math.log1p(rate) / (DAYS_PER_YEAR / DAYS_PER_UNIT[unit])


def as_number(value: Any, name: str) -> float:
    """Read one finite number, or say which argument is not one."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        refuse_percent(value, name)
        raise UnitError(_("{name} must be a number, not {value!r}.", name=name, value=value)) from None
    if not math.isfinite(number):
        raise UnitError(_("{name} must be finite, not {number}.", name=name, number=number))
    return number


def refuse_percent(value: Any, name: str) -> None:
    """Refuse a text such as ``"35%"``, and say which number it is.

    Examples
    --------
    >>> refuse_percent("margin_of_2025", "margin")
    >>> refuse_percent("35 %", "margin")
    Traceback (most recent call last):
    ...
    ltv_bayes.errors.UnitError: margin must be a number, not '35 %'. Write 35% as margin=0.35.
    """
    try:
        text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else ""
        number = float(text.removesuffix("%")) if text.endswith("%") else math.nan
    except ValueError:
        return
    if math.isfinite(number):
        raise UnitError(
            _(
                "{name} must be a number, not {value!r}. Write {percent} as {name}={share}.",
                name=name,
                value=value,
                percent=f"{number:g}%",
                share=f"{number / 100:.6g}",
            )
        )


def percent_as_share(number: float, usual: float) -> dict[str, str]:
    """What was given where a share belongs, as percent and as the share meant; the usual one if it is no percent.

    Examples
    --------
    >>> percent_as_share(70, 35), percent_as_share(-3, 35)
    ({'percent': '70%', 'share': '0.70'}, {'percent': '35%', 'share': '0.35'})
    """
    meant = number if 1 <= number <= 100 else usual
    return {"percent": f"{meant:g}%", "share": f"{meant / 100:.2f}" if meant % 1 == 0 else f"{meant / 100:.6g}"}
