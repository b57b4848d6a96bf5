"""Counts of who was still active in each cohort, read from a table as people write it."""

import datetime as dt
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.faults import Fault, refuse
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.errors import DataWarning, InputError, a_kind, rows_at_fault
from ltv_bayes.language import _

LABELS = {"cohort", "year", "quarter", "month", "week", "day", "date", "period", "signup", "joined", "vintage"}
LABELS |= {"队列", "批次", "年", "年份", "年度", "季度", "月", "月份", "周", "日期"}
TOTALS = {"total", "totals", "sum", "all", "overall", "合计", "总计", "小计"}
BLANK = ("", "-", "–", "—", ".", "na", "n/a", "nan", "none", "null")
THOUSANDS = re.compile(r"(?<=\d)[, '\u00a0\u202f](?=\d{3}(?!\d))")
LAST_NUMBER = re.compile(r"(\d+)\D*$")
YEARS = (1900, 2100)
FARTHEST_YEARS = 3
CHANCE = 1e-3
HIGHEST_CHURN = 0.9
MOST_COUNTED = 1e12
NOT_REACHED = (
    _(
        "with zeros where the table ends, after counts so high that chance hardly explains them: read as not "
        "reached yet"
    ),
    _("Leave such cells blank."),
)
ENDS_IN_ZERO = (
    _("with a last count of 0 after one so high that chance hardly explains it: read as lost"),
    _("If that time has not been reached yet, leave the cell blank."),
)


def cohort_counts(active: Any) -> pd.DataFrame:
    """Read how many were active after 0, 1, 2, ... renewals; one cohort in each row, NaN where it has not got so far.

    Columns and rows of labels and totals are left out. Where columns are calendar times, so that each cohort begins
    later than the one before, its counts are moved to the left.

    Raises
    ------
    InputError
        If this is no table of counts, or counts are impossible; the message names the cohorts.

    Examples
    --------
    >>> counts = cohort_counts([[2022, 100, 80, 70], [2023, 50, 45], [2024, 30]])
    >>> counts.index.tolist(), counts[1].tolist()
    ([2022, 2023, 2024], [80.0, 45.0, nan])
    """
    frame = _without_labels(_as_frame(active))
    counts = frame.apply(_numbers).to_numpy(dtype=float).reshape(frame.shape)
    unread = (np.isnan(counts) & ~frame.apply(_is_blank).to_numpy(dtype=bool).reshape(frame.shape)).any(axis=1)
    _refuse([Fault(unread, _("with a count that is no number"), _("Write plain numbers."))], frame.index)
    counts = _without_zeros_not_reached(_from_the_start(counts), frame.index)
    _refuse(_impossible(counts), frame.index)
    _warn_of_cohorts_in_columns(frame, counts)
    return pd.DataFrame(counts, index=frame.index)


def _as_frame(active: Any) -> pd.DataFrame:
    """Take a frame, a file, an array, a list of counts, a list of lists, or a mapping from cohort to list."""
    if isinstance(active, str | Path):
        return read_table(active)
    if isinstance(active, pd.Series) or not (isinstance(active, pd.DataFrame | Mapping) or hasattr(active, "columns")):
        active = list(active) if np.iterable(active) else [active]
        nested = [np.iterable(row) and not isinstance(row, str) for row in active]
        rows = [list(row) for row in active] if nested and all(nested) else [active]
        active = pd.DataFrame([pd.Series(row, dtype=object) for row in rows])
    elif isinstance(active, Mapping):
        rows = [pd.Series(list(row), dtype=object) for row in active.values()]
        active = pd.DataFrame(rows).set_axis(list(active), axis="index")
    frame = active if isinstance(active, pd.DataFrame) else read_table(active)
    if frame.empty:
        raise InputError(
            _(
                "There are no counts in {kind} without rows or columns. Give how many were active after 0, 1, "
                "2, ... renewals, such as [1000, 869, 743].",
                kind=a_kind(active),
            )
        )
    return frame


def _without_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out totals, and let columns in front that hold no counts name the cohorts."""
    frame = frame.loc[:, [not _is_total(name) for name in frame.columns]]
    labels: Any = frame.index
    while frame.shape[1] > 1 and _is_label(frame):
        name = frame.columns[0] if isinstance(frame.columns[0], str) else None
        labels, frame = pd.Index(frame.iloc[:, 0], name=name), frame.iloc[:, 1:]
        kept = np.array([not _is_total(label) for label in labels])
        labels, frame = labels[kept], frame[kept]
    kept = np.array([not _is_total(label) for label in labels])
    return frame[kept].set_axis(labels[kept], axis="index")


def _is_total(label: Any) -> bool:
    return isinstance(label, str) and label.strip().lower() in TOTALS


def _is_label(frame: pd.DataFrame) -> bool:
    """Whether the first column names the cohorts, by its name, its cells, or the names of those after it."""
    cells, name = frame.iloc[:, 0], str(frame.columns[0]).strip().lower()
    if LABELS & set(re.split(r"[\W_]+", name)) and not LAST_NUMBER.search(name):
        return True
    following = LAST_NUMBER.search(str(frame.columns[1]))
    if following and int(following[1]) == 0 and not LAST_NUMBER.search(name):
        return True
    own = cells[[not _is_total(cell) for cell in cells]]
    own = own[~_is_blank(own).to_numpy()]
    dates = [isinstance(cell, dt.date | np.datetime64 | pd.Period) for cell in own]
    numbers = _numbers(own).to_numpy(dtype=float)
    if all(dates) or np.isnan(numbers).all():
        return len(own) > 0
    following = _numbers(frame.iloc[:, 1].loc[own.index]) if own.index.is_unique else pd.Series(np.inf, own.index)
    return not np.isnan(numbers).any() and _are_times(numbers, following.to_numpy(dtype=float))


def _are_times(numbers: np.ndarray, following: np.ndarray) -> bool:
    """Whether numbers run like years, months (202401), days (20240131), or the numbers of rows."""
    steps = np.diff(numbers)
    if not len(steps) or (numbers % 1 != 0).any() or not ((steps > 0).all() or (steps < 0).all()):
        return False
    if (steps == 1).all() and numbers[0] in (0, 1):
        return bool((np.nan_to_num(following, nan=np.inf) > numbers).all())
    low, high = YEARS
    if ((numbers >= low) & (numbers <= high)).all():
        return bool((np.abs(steps) <= (1 if len(steps) == 1 else FARTHEST_YEARS)).all())
    return any(
        bool(
            pd.to_datetime(pd.Series(numbers.astype(np.int64).astype(str)), format=form, errors="coerce").notna().all()
        )
        for form, size in (("%Y%m", 6), ("%Y%m%d", 8))
        if ((numbers >= low * 10 ** (size - 4)) & (numbers < (high + 1) * 10 ** (size - 4))).all()
    )


def _is_blank(cells: pd.Series) -> pd.Series:
    return cells.isna() | cells.map(lambda cell: isinstance(cell, str) and cell.strip().lower() in BLANK)


def _numbers(cells: pd.Series) -> pd.Series:
    """Read counts, also with marks of thousands; NaN where there is none."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return pd.Series(np.nan, cells.index)
    plain = cells.map(lambda cell: THOUSANDS.sub("", cell.strip()) if isinstance(cell, str) else cell)
    return pd.to_numeric(plain, errors="coerce").astype(float)


def _from_the_start(counts: np.ndarray) -> np.ndarray:
    """Move cohorts to the left where columns are calendar times: each begins later, and all are known to the end."""
    has = np.nan_to_num(counts) > 0
    begun, any_count = has.argmax(axis=1), has.any(axis=1)
    first = begun[any_count]
    by_calendar = len(first) > 1 and first.min() == 0 < first.max() and not np.isnan(counts[any_count, -1]).any()
    if not by_calendar or not ((np.diff(first) >= 0).all() or (np.diff(first) <= 0).all()):
        return counts
    moved = np.full_like(counts, np.nan)
    for row, start in enumerate(np.where(any_count, begun, 0)):
        moved[row, : counts.shape[1] - start] = counts[row, start:]
    return moved


def _without_zeros_not_reached(counts: np.ndarray, cohorts: pd.Index) -> np.ndarray:
    """Read zeros after the end of a triangle as blank, and warn of them, and of a last count of 0 elsewhere.

    A cohort has got at least as far as every younger one has. What lies beyond is no loss, if chance hardly brings all
    who were left to leave at once: with a probability below one in a thousand.
    """
    positive = np.nan_to_num(counts) > 0
    length = np.where(positive.any(axis=1), counts.shape[1] - positive[:, ::-1].argmax(axis=1), 0)
    rows = np.flatnonzero(length)
    if not len(rows):
        return counts
    change = np.diff(length[rows])
    younger_last = np.maximum(-change, 0).sum() >= np.maximum(change, 0).sum()
    own = length[rows][::-1] if younger_last else length[rows]
    reached = np.maximum.accumulate(own)
    reached = reached[::-1] if younger_last else reached
    beyond = np.zeros_like(positive)
    beyond[rows] = (np.arange(counts.shape[1]) >= reached[:, np.newaxis]) & (counts[rows] == 0)
    dropping = rows[(length[rows] == reached) & beyond[rows].any(axis=1)]
    left = counts[dropping, length[dropping] - 1]
    if not len(dropping) or float(left.sum()) * np.log(_churn(counts)) > np.log(CHANCE):
        return counts
    triangle = len(np.unique(reached)) > 1
    message = rows_at_fault(list(cohorts[dropping]), "cohort", *(NOT_REACHED if triangle else ENDS_IN_ZERO))
    warnings.warn(message, DataWarning, stacklevel=4)
    return np.where(beyond, np.nan, counts) if triangle else counts


def _warn_of_cohorts_in_columns(frame: pd.DataFrame, counts: np.ndarray) -> None:
    """Warn if counts fall from row to row too, in columns whose names count nothing."""
    names_of_cohorts = all(isinstance(name, str) and not re.search(r"\d", name) for name in frame.columns)
    row_numbers = [list(range(first, first + len(frame))) for first in (0, 1)]
    if names_of_cohorts and list(frame.index) in row_numbers and _falls_downwards(counts):
        columns = ", ".join(map(str, frame.columns[:3]))
        warnings.warn(
            _(
                "Each row is read as a cohort, but counts fall from row to row too. If {columns} are the "
                "cohorts, pass table.T.",
                columns=columns,
            ),
            DataWarning,
            stacklevel=4,
        )


def _falls_downwards(counts: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return counts.shape[0] > 1 and not (np.diff(counts, axis=0) > 0).any()


def _churn(counts: np.ndarray) -> float:
    """The share lost between counts that are both above 0; where there are none, it may be high."""
    earlier, later = counts[:, :-1], counts[:, 1:]
    both = (np.nan_to_num(earlier) > 0) & (np.nan_to_num(later) > 0)
    kept = later[both].sum() / earlier[both].sum() if both.any() else 0.0
    return float(np.clip(1 - kept, 1e-3, HIGHEST_CHURN))


def _impossible(counts: np.ndarray) -> list[Fault]:
    """Find cohorts with counts that cannot be."""
    known = ~np.isnan(counts)
    gap = np.diff(known.astype(int), axis=1).max(axis=1, initial=0) > 0
    with np.errstate(invalid="ignore"):
        rises = (np.diff(counts, axis=1) > 0).any(axis=1)
    in_columns = rises.any() and _falls_downwards(counts)
    anew = _("If cohorts are in columns, pass table.T.") if in_columns else _("Those who return start anew.")
    found = [
        Fault(
            known.any(axis=1) & ~known[:, 0],
            _("without a count at the start"),
            _("Give the number that subscribed first."),
        ),
        Fault(
            gap & known[:, 0], _("with a count missing in between"), _("Fill it in; blanks may only stand at the end.")
        ),
        Fault((counts < 0).any(axis=1), _("with a negative count"), _("Correct it.")),
        Fault(
            (counts > MOST_COUNTED).any(axis=1),
            _("with a count above {most_counted:,.0f}", most_counted=MOST_COUNTED),
            _("Count subscriptions."),
        ),
        Fault(
            (known & (counts % 1 != 0)).any(axis=1),
            _("with a count that is no whole number"),
            _("Give counts, no shares."),
        ),
        Fault(rises, _("with more active later than before"), anew),
    ]
    alone = (known.sum(axis=1) < 2) | (counts[:, 0] == 0)
    return [
        *found,
        Fault(alone & alone.all(), _("with one count alone"), _("Give the number after at least one renewal.")),
    ]


def _refuse(faults: list[Fault], cohorts: pd.Index) -> None:
    refuse(faults, cohorts, noun="cohort")
