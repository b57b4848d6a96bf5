"""Charts of a spreadsheet program, which follow the cells they are drawn from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from xlsxwriter.utility import xl_rowcol_to_cell

from ltv_bayes.data.writing.number_formats import money_format
from ltv_bayes.data.writing.sheets import Sheet
from ltv_bayes.formatting import shortened, with_currency
from ltv_bayes.language import _
from ltv_bayes.plots.canvas import PALETTE
from ltv_bayes.tables.headings import BOUND, in_words

MOST_BARS, MOST_LINES = 30, len(PALETTE)
BESIDE = 30
"""The first column of numbers that only charts need."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A table in its sheet.

    Attributes
    ----------
    key, title, name : str
        By which the table is known, what it shows, and the name of its sheet.
    sheet : Sheet
        Its rows and columns.
    """

    key: str
    title: str
    name: str
    sheet: Sheet

    @property
    def columns(self) -> list[str]:
        """Names of its columns."""
        return [str(one.name) for one in self.sheet.columns]

    @property
    def has_chart(self) -> bool:
        """Whether a chart may be drawn of it."""
        return self.key in DRAWN and len(self.sheet.table) > 0

    def cells(self, column: str, rows: Sequence[int] | None = None) -> list[Any]:
        """Where a column's cells are: all, or those of some rows that lie together."""
        place, first = self.columns.index(column), self.sheet.top + 1
        some = range(len(self.sheet.table)) if rows is None else rows
        return [self.name, first + some[0], place, first + some[-1], place]

    def values(self, column: str) -> pd.Series:
        """A column's cells."""
        return self.sheet.table.iloc[:, self.columns.index(column)]

    def heading(self, column: str) -> str:
        """A column in words."""
        return str(self.sheet.columns[self.columns.index(column)].words)


class Canvas:
    """Where charts are made, with a place for numbers that only charts need.

    Parameters
    ----------
    book, sheet : xlsxwriter.Workbook, Worksheet
        The workbook, and the sheet that the charts go to.
    """

    def __init__(self, book: Any, sheet: Any) -> None:
        self._book, self._sheet, self._column = book, sheet, BESIDE

    def chart(self, kind: str, subtype: str | None = None) -> Any:
        """An empty chart."""
        return self._book.add_chart({"type": kind} | ({"subtype": subtype} if subtype else {}))

    def cells(self, numbers: Sequence[float], name: str) -> str:
        """Write numbers beside the charts, and tell where they are."""
        column = self._next(name)
        for row, number in enumerate(numbers, start=1):
            self._sheet.write_number(row, column, number)
        return self._reference(column, 1, len(numbers))

    def name(self, text: str) -> str:
        """A text that a chart shows; one that would be taken for a reference is written to a cell, and referred to."""
        return self._reference(self._next(text), 0, 0) if text.startswith("=") else text

    def _next(self, head: str) -> int:
        """A column of its own, with a heading."""
        column, self._column = self._column, self._column + 1
        self._sheet.write_string(0, column, head)
        return column

    def _reference(self, column: int, *rows: int) -> str:
        sheet = self._sheet.get_name().replace("'", "''")
        ends = dict.fromkeys(xl_rowcol_to_cell(row, column, True, True) for row in rows)
        return f"='{sheet}'!{':'.join(ends)}"


def charts_of(book: Any, sheet: Any, placed: Sequence[Placed]) -> list[Any]:
    """The charts of those tables that have one."""
    canvas = Canvas(book, sheet)
    drawn = [DRAWN[one.key](canvas, one) for one in placed if one.has_chart]
    return [chart for chart in drawn if chart is not None]


def _years(canvas: Canvas, one: Placed) -> Any:
    """Value by year, its sources stacked."""
    sources = [name for name in one.columns if name.startswith("mean_")] or ["mean"]
    chart = canvas.chart("column", "stacked")
    for name, colour in zip(sources, PALETTE * len(sources), strict=False):
        words = canvas.name(in_words(name.removeprefix("mean_")))
        chart.add_series(_series(one, name, "year", colour, words))
    return _framed(canvas, chart, one.title, _unit(one), _format(one, sources), x=one.heading("year"))


def _segments(canvas: Canvas, one: Placed) -> Any:
    """Value per customer by segment, the highest above."""
    lead = next((name for name in ("to_come_per_customer", "per_customer") if f"{name}_median" in one.columns), None)
    return None if lead is None else _bars(canvas, one, f"{lead}_median", lead, "segment")


def _channels(canvas: Canvas, one: Placed) -> Any:
    """Value of a new customer over its cost."""
    return _bars(canvas, one, "ltv_to_cac", "ltv_to_cac", one.columns[0]) if "ltv_to_cac" in one.columns else None


def _bars(canvas: Canvas, one: Placed, middle: str, stem: str, label: str) -> Any:
    """Bars of medians with their intervals, the first row above."""
    if label not in one.columns:
        return None
    rows = range(min(len(one.sheet.table), MOST_BARS))
    chart = canvas.chart("bar")
    series = _series(one, middle, label, PALETTE[0], one.heading(middle), rows)
    chart.add_series(series | _interval(canvas, one, middle, stem, rows, "x_error_bars") | {"gap": 60})
    ends = _axis(one, [middle, *_ends(one, stem)], rows)
    return _framed(canvas, chart, one.title, _unit(one, middle), _format(one, [middle]), bars=True, ends=ends)


def _trend(canvas: Canvas, one: Placed) -> Any:
    """Value per customer as of each day, a line for each segment."""
    if not {"as_of", "segment", "per_customer_mean"} <= set(one.columns):
        return None
    chart = canvas.chart("line")
    places = pd.Series(np.arange(len(one.sheet.table))).groupby(
        one.values("segment").astype(str).to_numpy(), sort=False
    )
    if len(places) > MOST_LINES:
        return None
    for (segment, rows), colour in zip(places, PALETTE, strict=False):
        some = rows.tolist()
        series = _series(one, "per_customer_mean", "as_of", colour, canvas.name(shortened(segment)), some)
        chart.add_series(series | {"line": {"color": colour, "width": 2.25}, "marker": {"type": "circle"}})
    unit, shown = _unit(one, "per_customer_mean"), _format(one, ["per_customer_mean"])
    chart = _framed(canvas, chart, one.title, unit, shown)
    chart.set_x_axis({"num_format": "yyyy-mm-dd", "text_axis": True})
    return chart


def _backtest(canvas: Canvas, one: Placed) -> Any:
    """The total of each earlier day beside its forecast."""
    if not {"of", "as_of", "actual", "median"} <= set(one.columns):
        return None
    of = one.values("of").astype(str)
    target = "spend" if (of == "spend").any() else of.iloc[0]
    rows = np.flatnonzero(of == target).tolist()
    if rows != list(range(rows[0], rows[-1] + 1)):
        return None
    chart = canvas.chart("column")
    chart.add_series(_series(one, "actual", "as_of", PALETTE[1], one.heading("actual"), rows))
    forecast = _series(one, "median", "as_of", PALETTE[0], _("forecast: {what}", what=one.heading("median")), rows)
    chart.add_series(forecast | _interval(canvas, one, "median", "", rows, "y_error_bars"))
    title = _("{title}: {target}", title=one.title, target=in_words(target))
    shown = money_format(one.values("actual").iloc[rows], one.sheet.currency) if target == "spend" else "#,##0"
    unit = with_currency("", one.sheet.currency if target == "spend" else None).strip()
    ends = _axis(one, ["actual", "median", *_ends(one, "")], rows)
    chart = _framed(canvas, chart, title, unit, shown, ends=ends)
    chart.set_x_axis({"num_format": "yyyy-mm-dd", "text_axis": True})
    return chart


DRAWN: Mapping[str, Callable[[Canvas, Placed], Any]] = {
    "years": _years,
    "segments": _segments,
    "acquisition": _channels,
    "trend": _trend,
    "backtest": _backtest,
}
"""Tables that have a chart, in the order of the report."""


def _series(
    one: Placed, values: str, labels: str, colour: str, name: str, rows: Sequence[int] | None = None
) -> dict[str, Any]:
    """A series of cells with its labels."""
    return {
        "name": name,
        "categories": one.cells(labels, rows),
        "values": one.cells(values, rows),
        "fill": {"color": colour},
        "border": {"none": True},
    }


def _interval(
    canvas: Canvas, one: Placed, middle: str, stem: str, rows: Sequence[int], name: str
) -> dict[str, dict[str, Any]]:
    """Error bars from the bounds of an interval; none where there are none."""
    ends = _ends(one, stem)
    if len(ends) != 2:
        return {}
    at = one.values(middle).iloc[list(rows)].to_numpy(float)
    low, high = (one.values(name).iloc[list(rows)].to_numpy(float) for name in ends)
    plus, minus = (np.nan_to_num(np.maximum(by, 0)).tolist() for by in (high - at, at - low))
    above, below = canvas.cells(plus, _("above")), canvas.cells(minus, _("below"))
    return {name: {"type": "custom", "plus_values": above, "minus_values": below, "line": {"color": "#333333"}}}


def _ends(one: Placed, stem: str) -> list[str]:
    """The columns of the bounds of an interval."""
    return [name for name in one.columns if (found := BOUND.fullmatch(name)) and (found["of"] or "") == stem]


def _axis(one: Placed, columns: Sequence[str], rows: Sequence[int]) -> dict[str, float]:
    """Where an axis begins and ends that shows bars and intervals: programs forget the latter."""
    numbers = np.concatenate([one.values(name).iloc[list(rows)].to_numpy(float) for name in columns])
    finite = numbers[np.isfinite(numbers)]
    lowest, highest = np.min(finite, initial=0.0), np.max(finite, initial=0.0)
    if lowest == highest:
        return {}
    step = 10.0 ** np.floor(np.log10(max(-lowest, highest))) / 2
    return {"min": float(step * np.floor(1.02 * lowest / step)), "max": float(step * np.ceil(1.02 * highest / step))}


def _unit(one: Placed, column: str | None = None) -> str:
    """What an axis counts in, with what a bar's line stands for."""
    kind = "money" if column is None else one.sheet.columns[one.columns.index(column)].kind
    return with_currency("", one.sheet.currency).strip() if kind == "money" else ""


def _format(one: Placed, columns: Sequence[str]) -> str:
    """The number format of an axis."""
    if one.sheet.columns[one.columns.index(columns[0])].kind != "money":
        return "General"
    return money_format(pd.concat([one.values(name) for name in columns]), one.sheet.currency)


def _framed(
    canvas: Canvas,
    chart: Any,
    title: str,
    unit: str,
    shown: str,
    *,
    bars: bool = False,
    x: str = "",
    ends: Mapping[str, float] | None = None,
) -> Any:
    """A chart with title, unit and legend."""
    chart.set_title({"name": canvas.name(title), "name_font": {"size": 12}, "overlay": False})
    values: dict[str, Any] = {
        "name": canvas.name(unit),
        "num_format": shown,
        "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}},
    }
    values |= ends or {}
    if bars:
        chart.set_x_axis(values)
        chart.set_y_axis({"reverse": True, "crossing": "max", "label_position": "low"})
    else:
        chart.set_y_axis(values)
        chart.set_x_axis({"name": x})
    chart.set_legend({"position": "bottom"})
    return chart
