"""Cells of dates, however they were written, to calendar days."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.columns import plain
from ltv_bayes.data.reading.faults import Fault, quoted, with_errors_named
from ltv_bayes.data.reading.written.day_formats import by_format
from ltv_bayes.data.reading.written.day_orders import NAMES, ShortDates, short_dates
from ltv_bayes.data.reading.written.days import (
    MONTH,
    NO_DAY,
    PLACEHOLDERS,
    days_in_zone,
    epoch_moments,
    epoch_seconds,
    named_months,
    no_dates,
    plain_date,
    serial_days,
    without_times,
    year_first,
    zoned_seconds,
)
from ltv_bayes.data.reading.zones import as_zone, refuse_midnights, zone_cure
from ltv_bayes.errors import refuse_rows
from ltv_bayes.language import _, either
from ltv_bayes.time_units import MICROSECONDS_PER_DAY

EXCEL = "excel"
NONE = np.array([], dtype="datetime64[D]")
COMMON_FORMAT = "%Y-%m-%d %H:%M:%S"
SERIAL_MARGIN = np.timedelta64(731, "D")


@dataclass(frozen=True, eq=False)
class Days:
    """A column of dates, read.

    Attributes
    ----------
    days : pandas.Series
        Days (datetime64[us] at midnight), missing where there is a fault.
    faults : list of Fault
        Rows without a date, with a placeholder instead of one, with a month alone, and with a date that cannot be
        read.
    notes : tuple of str
        What the reader should know: orders of day and month that were decided, day numbers and moments that were read.
    """

    days: pd.Series
    faults: list[Fault]
    notes: tuple[str, ...]


def read_days(
    cells: pd.Series,
    *,
    date_format: str | None = None,
    time_zone: str | None = None,
    first_year: int = 0,
    past: bool = False,
    placeholders: bool = True,
) -> Days:
    """Read a column of dates.

    The time of day is left out. The day is the one that the cell shows, or that of ``time_zone`` where the cell names
    a moment. Placeholders such as 1900-01-01 are missing dates.

    Parameters
    ----------
    cells : pandas.Series
        The column; its index names the rows.
    date_format : str, optional
        How text is written, in the letters of ``strptime``; ``"excel"`` for Excel's day numbers.
    time_zone : str, optional
        Where the day is asked of cells that name a moment, such as ``"Asia/Shanghai"``: seconds or milliseconds since
        1970, and times with an offset from UTC.
    first_year : int
        The year from which a workbook counts its day numbers, 1900 or 1904; 0 of other sources.
    past : bool
        Whether all days have been, as those of orders; then 24-03-31 is not a day in 2031.
    placeholders : bool
        Whether days such as 1970-01-01 stand for a missing date, as in exports.

    Raises
    ------
    InputError
        If the order of day, month and year is open, cells look like Excel's day numbers, or moments fall on different
        days in different zones.
    UnitError
        If there is no such time zone.

    Examples
    --------
    >>> found = read_days(pd.Series(["1709251200000", "2024-03-01T16:30Z"]), time_zone="Asia/Shanghai")
    >>> found.days.dt.strftime("%Y-%m-%d").tolist()
    ['2024-03-01', '2024-03-02']
    """
    zone, cells = as_zone(time_zone), plain(cells)
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return _from_moments(cells, zone, PLACEHOLDERS if placeholders else NONE)
    no_days = PLACEHOLDERS if placeholders else NONE
    return _from_cells(cells, date_format, zone, no_days, first_year=first_year, past=past)


def as_days(
    cells: pd.Series,
    *,
    date_format: str | None = None,
    time_zone: str | None = None,
    notes: list[str] | None = None,
) -> tuple[pd.Series, list[Fault]]:
    """Read a column of dates: the short form of `read_days`.

    Returns
    -------
    pandas.Series
        Days (datetime64[us] at midnight), missing where there is a fault.
    list of Fault
        Rows without a date first, then those with one that cannot be used.

    Examples
    --------
    >>> days, faults = as_days(pd.Series(["1997-09-30 23:59", "1997/9/30", "19970930", "1997年9月30日"]))
    >>> days.dt.strftime("%Y-%m-%d").unique().tolist()
    ['1997-09-30']
    """
    found = read_days(cells, date_format=date_format, time_zone=time_zone)
    if notes is not None:
        notes.extend(found.notes)
    return found.days, found.faults


def _from_moments(cells: pd.Series, zone: ZoneInfo | None, no_days: np.ndarray) -> Days:
    """Read a column of moments: the day that it shows, or that of a zone."""
    shown = cells if cells.dt.tz is None else cells.dt.tz_localize(None)
    if zone is not None and cells.dt.tz is not None:
        shown = cells.dt.tz_convert(zone).dt.tz_localize(None)
    elif str(cells.dt.tz) in ("UTC", "GMT", "Etc/UTC", "UTC+00:00"):
        moments = shown[shown.notna()].drop_duplicates()
        seconds = moments.astype("datetime64[us]").astype("int64").to_numpy() / 1e6
        refuse_midnights(cells, cells.notna().to_numpy(), seconds)
    days = shown.astype("datetime64[us]")
    if (days.to_numpy().view(np.int64) % MICROSECONDS_PER_DAY).any():
        days = days.dt.normalize()
    blank, placeholder = days.isna().to_numpy(), _are_on(days, no_days)
    if cells.dt.tz is not None:
        placeholder |= _are_on(cells.dt.tz_localize(None), no_days)
    nothing = np.zeros(len(cells), dtype=bool)
    read = days.mask(placeholder) if placeholder.any() else days
    return Days(read, _faults(cells, blank, placeholder, nothing, nothing, None), ())


def _are_on(moments: pd.Series, days: np.ndarray) -> np.ndarray:
    """Mark moments on one of some days."""
    first, last = (end.to_datetime64().astype(days.dtype) for end in (moments.min(), moments.max()))
    within = days[(days >= first) & (days <= last)]
    if not len(within):
        return np.zeros(len(moments), dtype=bool)
    return np.isin(moments.to_numpy().astype(days.dtype), within)


def _from_cells(
    cells: pd.Series,
    date_format: str | None,
    zone: ZoneInfo | None,
    no_days: np.ndarray,
    *,
    first_year: int,
    past: bool,
) -> Days:
    """Read each distinct cell once, then give every row its day."""
    if date_format is None and pd.api.types.is_numeric_dtype(cells.dtype) and (read := _epochs(cells, zone)):
        return read
    written_days = _are_dates(cells)
    codes, written = _distinct(cells, zone, whole=date_format is not None)
    column = _Column(cells, codes, written, written_days, zone)
    if date_format is None:
        column.read_plain(first_year=first_year, past=past)
    elif date_format == EXCEL:
        column.put(serial_days(written, first_year))
    else:
        column.put(by_format(written, date_format, zone))
    return column.result(date_format, no_days)


class _Column:
    """A column of dates while it is read: distinct texts, the day of each, and which are no date."""

    def __init__(
        self, cells: pd.Series, codes: np.ndarray, written: list[str], are_dates: np.ndarray, zone: ZoneInfo | None
    ) -> None:
        self.cells, self.codes, self.written, self.zone = cells, codes, written, zone
        self.are_dates = are_dates
        self.days = np.full(len(written), NO_DAY)
        self.blank = np.array([not text for text in written], dtype=bool)
        self.placeholder = no_dates(written)
        self.notes: list[str] = []
        if are_dates.any():
            places = np.unique(codes[are_dates])
            self._read_zoned(places)
            self.days[places] = np.where(
                np.isnat(self.days[places]), year_first([written[place] for place in places]), self.days[places]
            )

    def rows(self, distinct: np.ndarray) -> np.ndarray:
        """Mark the rows with marked texts."""
        return np.append(distinct, False)[self.codes]

    def put(self, days: np.ndarray) -> None:
        """Take days where there is none yet."""
        self.days = np.where(np.isnat(self.days), days, self.days)

    def unread(self) -> np.ndarray:
        """Places of the texts that have no day yet."""
        return np.flatnonzero(np.isnat(self.days) & ~self.blank & ~self.placeholder)

    def read_plain(self, *, first_year: int, past: bool) -> None:
        """Read what needs no format, and refuse what would be open."""
        self.put(by_format(self.written, COMMON_FORMAT, None))  # the quick way for the time to the second
        self._read_zoned(self.unread())
        self._each(year_first)
        self._each(named_months)
        self._read_short(dt.date.today() if past else None)
        self._read_epochs()
        self._read_serials(first_year)

    def _each(self, read: Callable[[Sequence[str]], np.ndarray]) -> None:
        places = self.unread()
        self.days[places] = read([self.written[place] for place in places])

    def _read_zoned(self, places: np.ndarray) -> None:
        """Times with an offset from UTC."""
        seconds, offsets = zoned_seconds([self.written[place] for place in places])
        known = np.isfinite(seconds)
        if not known.any():
            return
        if self.zone is not None:
            shown = year_first([self.written[place] for place in places[known]])
            there = days_in_zone(seconds[known], self.zone)
            self.days[places[known]] = np.where(np.isin(shown, PLACEHOLDERS), shown, there)
        elif (offsets[known] == 0).all():
            at = np.isin(np.arange(len(self.written)), places[known])
            refuse_midnights(self.cells, self.rows(at), seconds[known])

    def _read_short(self, today: dt.date | None) -> None:
        """Dates such as 03/04/2024 and 24-03-01."""
        places = self.unread()
        for kind in short_dates([self.written[place] for place in places], today):
            at = np.isin(np.arange(len(self.written)), places[kind.places])
            rows = self.rows(at)
            if not kind.order:
                shown = quoted(self.cells, rows)
                problem = _(
                    "with a date in which the order of day, month and year is open, such as {shown}", shown=shown
                )
                refuse_rows(self.cells.index[rows], "row", problem, _("Pass {formats}.", formats=either(kind.formats)))
            self._refuse_swapped(kind, rows)
            self.days[places[kind.places]] = kind.days
            read = _("Dates such as {cells} were read {names}", cells=quoted(self.cells, rows), names=NAMES[kind.order])
            self.notes.append(_("{read}: no other order fits them all.", read=read))

    def _refuse_swapped(self, kind: ShortDates, rows: np.ndarray) -> None:
        """Raise if a spreadsheet has taken all days up to 12 for months, and left the rest as text."""
        serials = serial_days([self.written[place] for place in self.unread()])
        dates = np.concatenate([self.days[np.unique(self.codes[self.are_dates])], serials])
        dates = dates[~np.isnat(dates) & ~np.isin(dates, PLACEHOLDERS)]
        if not len(dates) or not kind.proves_all or ((dates - dates.astype("datetime64[M]")).astype(int) >= 12).any():
            return
        problem = _(
            "with a date as text, such as {cells}, whose day is above 12, as no other day is",
            cells=quoted(self.cells, rows),
        )
        cure = _("A spreadsheet has read the others with day and month swapped. Export the dates as year-month-day.")
        refuse_rows(self.cells.index[rows], "row", problem, cure)

    def _read_epochs(self) -> None:
        """Seconds and milliseconds since 1970."""
        places = self.unread()
        now = dt.datetime.now(dt.UTC).timestamp()
        seconds = epoch_seconds([self.written[place] for place in places], now)
        known = np.isfinite(seconds)
        if not known.any():
            return
        at = np.isin(np.arange(len(self.written)), places[known])
        if self.zone is None and (seconds[known] % 86_400 != 0).any():
            shown = quoted(self.cells, self.rows(at))
            problem = _(
                "with seconds or milliseconds since 1970, whose day depends on the time zone, such as {shown}",
                shown=shown,
            )
            refuse_rows(self.cells.index[self.rows(at)], "row", problem, zone_cure(seconds[known]))
        self.days[places[known]] = days_in_zone(seconds[known], self.zone)
        self.notes.append(_read_as_epoch(quoted(self.cells, self.rows(at)), self.zone))

    def _read_serials(self, first_year: int) -> None:
        """Excel's day numbers, where the workbook says from when they count, or dates beside them show it is 1900."""
        places = self.unread()
        found = serial_days([self.written[place] for place in places], first_year)
        known = ~np.isnat(found)
        if not known.any():
            return
        at = self.rows(np.isin(np.arange(len(self.written)), places[known]))
        others = self.days[~np.isnat(self.days) & ~np.isin(self.days, PLACEHOLDERS)]
        within = first_year > 0 or (
            len(others) > 0
            and found[known].min() >= others.min() - SERIAL_MARGIN
            and found[known].max() <= others.max() + SERIAL_MARGIN
        )
        if not within:
            problem = _(
                "with a date that looks like one of Excel's day numbers, such as {cells}", cells=quoted(self.cells, at)
            )
            cure = _(
                "Format the column as dates and export it again, or pass date_format='excel' if day 1 is 1900-01-01."
            )
            refuse_rows(self.cells.index[at], "row", problem, cure)
        self.days[places[known]] = found[known]
        first = self.days[places[known][0]]
        since = _("were read from {value}, as {first}", value=first_year or 1900, first=first)
        self.notes.append(
            _("Excel's day numbers, such as {cells}, {since}.", cells=quoted(self.cells, at), since=since)
        )

    def result(self, date_format: str | None, no_days: np.ndarray) -> Days:
        """Give every row its day, and name the rows without one."""
        placeholder = self.placeholder | np.isin(self.days, no_days)
        days = np.append(np.where(placeholder, NO_DAY, self.days), NO_DAY)[self.codes]
        blank = np.append(self.blank, True)[self.codes]
        no_day = np.isnat(self.days) & ~self.blank & ~placeholder
        month = no_day & np.array([MONTH.fullmatch(text) is not None for text in self.written], dtype=bool)
        placeholders, months, unread = (self.rows(marked) for marked in (placeholder, month, no_day & ~month))
        read = pd.Series(days.astype("datetime64[us]"), index=self.cells.index)
        return Days(read, _faults(self.cells, blank, placeholders, months, unread, date_format), tuple(self.notes))


def _epochs(cells: pd.Series, zone: ZoneInfo | None) -> Days | None:
    """Read a column of nothing but time since 1970 at once, where its days are clear."""
    moments = epoch_moments(cells, dt.datetime.now(dt.UTC).timestamp())
    if moments is None or (zone is None and (moments.dropna() != moments.dropna().dt.normalize()).any()):
        return None
    found = _from_moments(moments, zone, NONE)
    return Days(found.days, found.faults, (_read_as_epoch(quoted(cells, cells.notna().to_numpy()), zone),))


def _read_as_epoch(example: str, zone: ZoneInfo | None) -> str:
    return _(
        "Numbers such as {example} were read as time since 1970, as days in {value}.",
        example=example,
        value=zone or "UTC",
    )


def _are_dates(cells: pd.Series) -> np.ndarray:
    """Mark cells that are dates and no text."""
    if cells.dtype != object:
        return np.zeros(len(cells), dtype=bool)
    return np.array([isinstance(cell, dt.date) and cell is not pd.NaT for cell in cells], dtype=bool)


def _distinct(cells: pd.Series, zone: ZoneInfo | None, *, whole: bool) -> tuple[np.ndarray, list[str]]:
    """Each row's place among the distinct texts (-1 where missing), and those texts."""
    if cells.dtype == object:  # equal moments in different zones show different days, so write before comparing
        cells = cells.map(_written, na_action="ignore")
    elif isinstance(cells.dtype, pd.StringDtype) and not whole:
        cells = without_times(cells, zone)
    codes, distinct = pd.factorize(cells)
    return codes, [plain_date(_written(value)) for value in distinct]


def _written(value: Any) -> str:
    """Write one cell as text: dates in ISO 8601, whole numbers without a decimal point."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _faults(
    cells: pd.Series,
    blank: np.ndarray,
    placeholder: np.ndarray,
    month: np.ndarray,
    unread: np.ndarray,
    date_format: str | None,
) -> list[Fault]:
    """Name the rows without a day, by what is wrong with them."""
    shown = quoted(cells, month)
    faults = [
        Fault(blank, _("without a date"), _("Fill in the date.")),
        Fault(
            placeholder, _("with a placeholder date"), _("Fill in the date or clear it."), quoted(cells, placeholder)
        ),
        Fault(month, _("with a month, but no day"), _month_cure(cells, month, blank), shown),
        _unreadable(unread, quoted(cells, unread), date_format),
    ]
    return with_errors_named(faults, cells, "a date") if (blank | unread).any() else faults


def _month_cure(cells: pd.Series, month: np.ndarray, blank: np.ndarray) -> str:
    """The format that takes the first of each month, where all cells are months written in one way."""
    forms = {re.sub(r"\d+", "#", plain_date(str(cell))) for cell in cells[month].unique()}
    if (month | blank).all() and len(forms) == 1:
        mark = re.sub("#(.*)#", r"%Y\1%m", next(iter(forms))).replace("#", "%Y%m")
        return _("Add the day, or take the first of each month with date_format={mark!r}.", mark=mark)
    return _("Add the day.")


def _unreadable(at: np.ndarray, example: str, date_format: str | None) -> Fault:
    if date_format is None:
        cure = _("Write it as year-month-day, or say how it is written, as in date_format='%d %b %Y'.")
        return Fault(at, _("with a date that cannot be read"), cure, example)
    return Fault(
        at,
        _("with a date that does not follow date_format={date_format!r}", date_format=date_format),
        _("Correct either."),
        example,
    )
