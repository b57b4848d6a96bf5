"""Orders of several rows: sub-forms with blank cells, lines of one order, rows that were exported twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ltv_bayes.data.exports.roles import Roles
from ltv_bayes.data.reading.faults import failed_formulas
from ltv_bayes.errors import InputError, counted, listed
from ltv_bayes.language import _

ONCE, ADD = "once", "add"
SURE = 3
MOSTLY = 0.5
MIX = np.int64(0x9E3779B97F4A7C1)
"""Spreads numbers over all whole numbers, so that unequal rows have equal sums by chance alone."""
LINE = "line of an order, without an amount of its own"
REPEATED_TOTAL = "line that repeats the order's total"
EXPORTED_TWICE = "exported twice: every cell is that of another row"
OF_ORDERS = ("customer", "customer_name", "date", "order_id")


def blank_cells(cells: pd.Series) -> np.ndarray:
    """Mark cells with nothing in them."""
    missing = cells.isna().to_numpy()
    if cells.dtype == object:
        return missing | (cells.astype("str").str.strip() == "").to_numpy(dtype=bool, na_value=True)
    if pd.api.types.is_string_dtype(cells.dtype):
        white = pc.equal(pc.utf8_ltrim_whitespace(pa.array(cells)), "")
        return missing | white.fill_null(True).to_numpy(zero_copy_only=False)
    return missing


def filled_down(
    frame: pd.DataFrame, roles: Roles, merged: Mapping[str, Sequence[tuple[Any, Any]]]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Give the lines of an order the cells that stand in its first row alone.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    roles : Roles
        Its columns.
    merged : mapping
        From a column to the first and last rows of its merged cells.

    Returns
    -------
    pandas.DataFrame
        The table, filled where a row goes on with the order above.
    numpy.ndarray
        Which rows do.
    """
    keys = [roles.columns[role] for role in OF_ORDERS if role in roles.columns]
    of_lines = {roles.columns.get("amount"), *roles.lines}
    heads = {
        name: _heads(frame, spans) for name, spans in merged.items() if name in frame.columns and name not in of_lines
    }
    filled = frame.copy(deep=False)
    for name, head in heads.items():
        filled[name] = frame[name].take(head).set_axis(frame.index)
    blank = np.ones(len(frame), dtype=bool)
    for key in keys:
        blank = blank & blank_cells(frame[key]) if blank.any() else blank
    blank[:1] = False
    if not blank.any():
        return filled, blank
    below = np.logical_or.reduce([np.zeros(len(frame), dtype=bool), *(_below(heads, key, len(frame)) for key in keys)])
    goes_on = blank & (below | _has_line(frame, roles))
    if not goes_on.any():
        return filled, goes_on
    above = np.maximum.accumulate(np.where(goes_on, 0, np.arange(len(frame))))
    for name in frame.columns:
        empty = goes_on & blank_cells(filled[name])
        if name not in of_lines and empty.any():
            filled[name] = filled[name].where(~empty, filled[name].array[above])
    return filled, goes_on


def _heads(frame: pd.DataFrame, spans: Sequence[tuple[Any, Any]]) -> np.ndarray:
    """Of each row, the place of the row whose cell it shares: its own, or the first of a merged cell."""
    places, heads = pd.Series(range(len(frame)), index=frame.index), np.arange(len(frame))
    for first, last in spans:
        if first in places.index and last in places.index:
            heads[places[first] : places[last] + 1] = places[first]
    return heads


def _below(heads: Mapping[Any, np.ndarray], key: Any, number: int) -> np.ndarray:
    """Rows below the first of a merged cell."""
    return heads[key] != np.arange(number) if key in heads else np.zeros(number, dtype=bool)


def _has_line(frame: pd.DataFrame, roles: Roles) -> np.ndarray:
    """Rows with something in a column that tells of lines."""
    some = [~blank_cells(frame[name]) for name in roles.lines]
    return np.logical_or.reduce([np.zeros(len(frame), dtype=bool), *some])


@dataclass(frozen=True, eq=False)
class OrderRows:
    """What tells rows apart: whole numbers for the order's number, its customer and day, and amounts."""

    order: np.ndarray | None
    customer: np.ndarray
    day: np.ndarray
    amount: np.ndarray


def repeated_totals(rows: OrderRows, kept: np.ndarray, labels: pd.Index, lines: str) -> tuple[np.ndarray, str]:
    """Find lines that repeat the total of their order.

    Parameters
    ----------
    rows : OrderRows
        All rows.
    kept : numpy.ndarray
        Which of them are orders.
    labels : pandas.Index
        Names of rows.
    lines : {"auto", "add", "once"}
        Whether the amounts of one order are added or are one total; ``"auto"`` by the data.

    Returns
    -------
    numpy.ndarray
        The rows after the first of an order, where its amount is one total.
    str
        What was done with orders of several rows, for the report; empty if there are none.

    Raises
    ------
    InputError
        If too few orders have several rows to tell.
    """
    nothing = np.zeros(len(kept), dtype=bool)
    if rows.order is None:
        return nothing, ""
    at = np.flatnonzero(kept & (rows.order >= 0) & np.isfinite(rows.amount))
    key = pd.MultiIndex.from_arrays([rows.order[at], rows.customer[at], rows.day[at]])
    codes = pd.factorize(key)[0] if len(at) else np.array([], dtype=int)
    number = np.bincount(codes, minlength=1) if len(at) else np.zeros(1, dtype=int)
    if number.max() < 2:
        return nothing, ""
    amount = rows.amount[at]
    low, high = (pd.Series(amount).groupby(codes).agg(how).to_numpy() for how in ("min", "max"))
    several = number > 1
    constant = several & (low == high) & (low != 0)
    orders = int(several.sum())
    if lines == "auto":
        lines = _told_by(constant, several, labels[at], codes)
    if lines == ADD:
        return nothing, _("{orders} of several rows: amounts added", orders=counted(orders, "order"))
    if not constant[several].all():
        odd = labels[at][np.isin(codes, np.flatnonzero(several & ~constant))]
        cure = _("Pass lines='add' if the amounts are those of lines.")
        raise InputError(
            _(
                "lines='once' needs one amount an order, and rows {odd} have several. {cure}",
                odd=listed(odd),
                cure=cure,
            ),
            odd,
        )
    again = nothing.copy()
    again[at] = pd.Series(codes).duplicated().to_numpy()
    return again, _("{orders} of several rows: one total each, counted once", orders=counted(orders, "order"))


def _told_by(constant: np.ndarray, several: np.ndarray, labels: pd.Index, codes: np.ndarray) -> str:
    """Whether amounts of one order are lines, which mostly differ, or one total, the same in all of many orders."""
    share, number = constant[several].mean(), int(several.sum())
    if share < MOSTLY:
        return ADD
    if share == 1 and number >= SURE:
        return ONCE
    same = int(constant.sum())
    rows = labels[np.isin(codes, np.flatnonzero(constant))].tolist()
    rest = _(", and {orders} with different ones", orders=counted(number - same, "order")) if same < number else ""
    problem = _(
        "{orders} with several rows of the same amount (rows {rows}){rest}",
        orders=counted(same, "order"),
        rows=listed(rows),
        rest=rest,
    )
    cure = _(
        "Pass lines='once' if it is the order's total on each row, or lines='add' if each row is a line of its own"
    )
    raise InputError(_("{problem}. {cure}.", problem=problem, cure=cure), rows)


def exported_twice(frame: pd.DataFrame, at: np.ndarray, rows: OrderRows) -> np.ndarray:
    """Find rows, among those at some places of a table, of which every cell is that of an earlier one.

    Customer, day and amount are mixed to one number a row, and its lowest bits then give way to the row's place. Where
    sorted numbers are equal above these bits, the rows may be equal, and their cells are compared.
    """
    bits, missing = len(at).bit_length(), np.isnan(rows.amount)
    mixed = rows.customer * MIX
    mixed += rows.day
    mixed *= MIX
    mixed += (np.where(missing, 0.0, rows.amount) if missing.any() else rows.amount).view(np.int64)
    mixed *= MIX
    mixed >>= bits
    mixed <<= bits
    mixed += np.arange(len(at))
    mixed.sort()
    differ = mixed[1:] ^ mixed[:-1]
    differ >>= bits
    again = np.flatnonzero(differ == 0)
    found = np.zeros(len(at), dtype=bool)
    if len(again):
        found[mixed[np.concatenate([again, again + 1])] & ((1 << bits) - 1)] = True
        maybe = np.flatnonzero(found)
        found[maybe] = as_compared(frame.iloc[at[maybe]]).duplicated().to_numpy()
    return found


def as_compared(frame: pd.DataFrame) -> pd.DataFrame:
    """Cells as they are compared with those of other rows: as text, which for most types is to compare their values.

    Examples
    --------
    >>> as_compared(pd.DataFrame({"id": pd.Series([1, "1"], dtype=object), "value": [2.0, 2.0]})).duplicated().tolist()
    [False, True]
    """
    return frame.astype({name: "str" for name in frame.columns if not _as_their_texts(frame[name])})


def _as_their_texts(cells: pd.Series) -> bool:
    """Whether values of a type are equal where their texts are."""
    types = pd.api.types
    if cells.dtype == object:
        return False
    if types.is_float_dtype(cells.dtype):
        numbers = cells.to_numpy(dtype=float, na_value=np.nan)
        return not (np.signbit(numbers) & (numbers == 0)).any()  # -0.0 is written otherwise than 0.0
    return any(
        of(cells.dtype)
        for of in (types.is_integer_dtype, types.is_bool_dtype, types.is_datetime64_any_dtype, types.is_string_dtype)
    )


def trimmed(cells: pd.Series) -> pd.Series:
    """Text without blanks at its ends; missing where nothing is left, and where a formula failed."""
    failed = failed_formulas(cells)
    cells = cells.mask(failed) if failed.any() else cells
    if cells.dtype == object or not pd.api.types.is_string_dtype(cells.dtype):
        return cells
    texts = pc.utf8_trim_whitespace(pa.array(cells))
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    return pd.Series(texts.to_pandas().array, index=cells.index, dtype="str")


def all_differ(cells: pd.Series) -> bool:
    """Whether all cells are filled and no two are equal."""
    if cells.isna().any():
        return False
    if pd.api.types.is_string_dtype(cells.dtype) and cells.dtype != object:
        texts = pa.array(cells)
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        rises = (
            len(texts) < 2 or pc.all(pc.less(texts[:-1], texts[1:])).as_py()
        )  # as exports are sorted, which is quick
        return bool(rises or pc.count_distinct(texts).as_py() == len(cells))
    return bool(cells.is_unique)
