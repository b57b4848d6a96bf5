"""Cells of judgements: text, numbers, money and days, each read or refused with its row; and rows that are chosen."""

import unicodedata
import warnings
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from ltv_bayes.data.reading.amount_units import unit_to_apply
from ltv_bayes.data.reading.amounts import as_amounts, read_amount
from ltv_bayes.data.reading.faults import quoted
from ltv_bayes.data.reading.ids import BLANKS
from ltv_bayes.errors import DataWarning, JudgementError, counted, rows_at_fault
from ltv_bayes.formatting import percent
from ltv_bayes.judgement.form.layout import LEAST_INTERVAL
from ltv_bayes.language import _, comma


def refuse(
    table: pd.DataFrame, wrong: pd.Series | np.ndarray, problem: str, cure: str, *, what: str = "judgements"
) -> None:
    """Raise for rows at fault, naming them."""
    if wrong.any():
        rows = list(table.index[np.asarray(wrong, dtype=bool)])
        raise JudgementError(
            rows_at_fault(rows, "row", _("of the {what} {problem}", what=what, problem=problem), cure), rows
        )


def refuse_slip(interval: float, cure: str = "") -> None:
    """Raise for an interval that hardly anyone means, such as 0.008 for 0.8."""
    if interval < LEAST_INTERVAL:
        raise JudgementError(
            _(
                "interval={interval:g} is less than {least_interval}, which is hardly meant. Write 80% as "
                "interval=0.8. {cure}",
                interval=interval,
                least_interval=percent(LEAST_INTERVAL),
                cure=cure,
            ).strip()
        )


def warn(
    table: pd.DataFrame, wrong: pd.Series | np.ndarray, problem: str, cure: str, *, noun: str = "row", stacklevel: int
) -> None:
    """Warn of rows, naming them; `stacklevel` counts from the caller, as in `warnings.warn` there."""
    if wrong.any():
        rows = list(table.index[np.asarray(wrong, dtype=bool)])
        warnings.warn(rows_at_fault(rows, noun, problem, cure), DataWarning, stacklevel=stacklevel + 1)


def positions_of(table: pd.DataFrame, kept: Any) -> np.ndarray:
    """Positions of rows that are chosen by one True or False for each, or by labels of the index.

    Raises
    ------
    JudgementError
        If there are more or fewer marks than rows, or no row of such a label.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": ["A", "B"]}, index=[7, 8])
    >>> positions_of(frame, [False, True]).tolist(), positions_of(frame, 8).tolist()
    ([1], [1])
    """
    chosen = np.atleast_1d(np.asarray(kept))
    if chosen.dtype != bool:
        unknown = [label for label in chosen.tolist() if label not in table.index]
        if unknown:
            cure = _("Give labels of judged.table.index, or a True or False for each row.")
            raise JudgementError(rows_at_fault(unknown, "row", _("not in the table of judgements"), cure), unknown)
        return table.index.get_indexer_for(pd.Index(chosen))
    if len(chosen) != len(table):
        judgements = counted(len(table), "judgement")
        raise JudgementError(
            _(
                "There are {number:,} marks for {judgements}. Give one True or False for each.",
                number=len(chosen),
                judgements=judgements,
            )
        )
    return np.flatnonzero(chosen)


def blank(cells: pd.Series) -> pd.Series:
    """Mark cells with nothing in them."""
    missing = cells.isna()
    if missing.all() or is_numeric_dtype(cells.dtype):
        return missing
    return missing | (cells.astype(str).str.strip(BLANKS) == "")


def texts(cells: pd.Series) -> pd.Series:
    """Read words without blanks around them, missing where there are none.

    Examples
    --------
    >>> texts(pd.Series(["Wang ", " ", None, 7])).tolist()
    ['Wang', None, None, '7']
    """
    empty = blank(cells)
    if empty.all():
        return pd.Series([None] * len(cells), cells.index, dtype=object, name=cells.name)
    return cells.astype(str).str.strip(BLANKS).astype(object).where(~empty, None)


def choices(table: pd.DataFrame, column: str, known: Collection[str], plain: Callable[[str], str]) -> pd.Series:
    """Read a column of words that are one of some, once they are made plain; missing where blank."""
    words = texts(table[column]).map(plain, na_action="ignore")
    unknown = words.notna() & ~words.isin(known)
    refuse(table, unknown, _("with an unknown {column}", column=column), _("Write one of {known}.", known=comma(known)))
    return words


def amounts(table: pd.DataFrame, column: str, unit: float | str | None, decimal: str) -> pd.Series:
    """Read a column of money, missing where blank, as orders are read."""
    cells, empty = table[column], blank(table[column])
    numbers = pd.Series(np.nan, index=cells.index)
    if empty.all():
        return numbers
    read, _unused = as_amounts(cells[~empty], unit=unit, decimal=decimal)
    numbers[~empty] = read.to_numpy()
    wrong = ~np.isfinite(numbers) & ~empty
    refuse(
        table,
        wrong,
        _("without a number in {column!r}{such_as}", column=column, such_as=_such_as(cells, wrong)),
        _("Write it as a plain number."),
    )
    return numbers


def in_unit_of_header(cells: pd.Series, header: str, unit: float | str | None, decimal: str) -> pd.Series:
    """Multiply amounts by the unit that the column's name says, if none is given; what cannot be read stays.

    Raises
    ------
    UnitError
        If name, cells and the given unit contradict each other.

    Warns
    -----
    DataWarning
        With the unit that was applied.
    """
    factor = unit_to_apply(header, unit, stacklevel=4)
    if unit is not None or factor == 1.0:
        return cells
    values, (_, beyond, _) = as_amounts(cells, header=header, decimal=decimal)
    return values.mask(beyond.at, np.inf).astype(object).where(values.notna() | beyond.at, cells)


def _such_as(cells: pd.Series, wrong: pd.Series) -> str:
    """Quote what is written there."""
    found = quoted(cells, wrong.to_numpy(dtype=bool))
    return _(", but {found}", found=found) if found else ""


def shares(table: pd.DataFrame, column: str, decimal: str) -> pd.Series:
    """Read a column of shares or numbers, missing where blank; "60%" is understood."""
    cells, empty = table[column], blank(table[column])
    if empty.all():
        return pd.Series(np.nan, cells.index, name=column)
    numbers = cells.where(~empty, None).map(lambda cell: np.nan if cell is None else as_share(cell, decimal))
    numbers = numbers.astype(float)
    wrong = ~np.isfinite(numbers) & ~empty
    cure = _("Write it as a plain number, such as 0.6.")
    refuse(
        table, wrong, _("without a number in {column!r}{such_as}", column=column, such_as=_such_as(cells, wrong)), cure
    )
    return numbers


def as_share(cell: Any, decimal: str = ".") -> float:
    """Read one number, NaN if it is none.

    Examples
    --------
    >>> as_share("60%"), as_share("0,6", ","), as_share("６０％"), as_share("much")
    (0.6, 0.6, 0.6, nan)
    """
    if isinstance(cell, bool):
        return np.nan
    text = unicodedata.normalize("NFKC", str(cell)).strip()
    number, _ = read_amount(text.removesuffix("%"), decimal if isinstance(cell, str) else ".")
    return number / 100 if text.endswith("%") else number
