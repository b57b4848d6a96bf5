"""Customer ids as the user wrote them: text stays text, whole numbers stay whole numbers."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.columns import plain
from ltv_bayes.data.reading.faults import Fault, failed_formulas, quoted, refuse
from ltv_bayes.errors import refuse_rows
from ltv_bayes.language import _

BLANKS = " \t\r\n\f\v\u00a0\u3000\ufeff\u200b"
EXACT_LIMIT = 2.0**53
KEPT_LIMIT = 1e15
"""Excel keeps 15 digits of a number that is typed, and makes the others 0."""
MISSING_WORDS = ("NULL", "null", "None", "none", "NaN", "nan", "N/A", "n/a", "#N/A", "NA", "-")
WHOLE_NUMBER = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)
DATED = _("A spreadsheet makes dates of ids such as 3-1: format the column as text, and type them again.")
SHORTENED = r"\d(?:[.,]\d+)?E\+\d{2}"
NO_ID = _("without a customer id")


def as_ids(cells: pd.Series) -> tuple[pd.Series, Fault]:
    """Read a column of ids.

    Whole-number floats become integers; a column that mixes numbers and text becomes text.

    Parameters
    ----------
    cells : pandas.Series
        The column; its index names the rows.

    Returns
    -------
    pandas.Series
        Ids, missing where blank.
    Fault
        The rows without an id.

    Examples
    --------
    >>> as_ids(pd.Series([" 0004", "王芳 "]))[0].tolist()
    ['0004', '王芳']
    >>> as_ids(pd.Series([7.0, None]))[0].tolist()
    [7, <NA>]
    """
    ids = _tidy(plain(cells))
    if pd.api.types.is_string_dtype(ids.dtype):
        shortened = ids.index[ids.str.fullmatch(SHORTENED).to_numpy(dtype=bool, na_value=False)]
        problem = _("with an id that a spreadsheet has shortened, such as 1.00E+15")
        refuse_rows(shortened, "row", problem, _("Format the column as text before it is exported: digits are lost."))
    failed = failed_formulas(ids)
    if failed.any():
        ids = ids.mask(failed)
        problem = _("{no_id}, or with the error of a formula in its place", no_id=NO_ID)
        return ids, Fault(ids.isna().to_numpy(), problem, _("Fill in the id."), quoted(plain(cells), failed))
    return ids, Fault(ids.isna().to_numpy(), NO_ID, _("Fill in the id."))


def ids_of(cells: pd.Series) -> pd.Index:
    """Read the ids of a table with one row a customer.

    Raises
    ------
    InputError
        If a row has no id.
    """
    ids, without_id = as_ids(cells)
    refuse([without_id], cells.index)
    return pd.Index(final_ids(ids), name="customer_id")


def final_ids(ids: pd.Series | pd.Index) -> Any:
    """Give ids without missing values their plainest type: nullable integers become ordinary ones."""
    if isinstance(ids.dtype, pd.api.extensions.ExtensionDtype) and pd.api.types.is_integer_dtype(ids.dtype):
        return ids.astype(ids.dtype.numpy_dtype)
    return ids


def as_text(ids: Any) -> pd.Index:
    """Write ids as text, to compare numbers on one side with text on the other.

    Examples
    --------
    >>> as_text(pd.Index([1, 20])).tolist()
    ['1', '20']
    """
    return pd.Index(ids).astype(str)


def ids_from_texts(texts: Sequence[str], like: pd.Index) -> pd.Index:
    """Read ids written as text in the type of others; what cannot be such an id is left out.

    Examples
    --------
    >>> ids_from_texts(["4", "04", "Ada"], pd.Index([1, 2])).tolist()
    [4]
    """
    if not pd.api.types.is_integer_dtype(like.dtype):
        return pd.Index(texts, dtype="str")
    numbers = [text for text in texts if WHOLE_NUMBER.fullmatch(text)]
    fitting = [int(text) for text in numbers if -(2**63) <= int(text) < 2**63]
    return pd.Index(fitting, dtype="int64")


def alike(first: pd.Index, *others: pd.Index) -> list[pd.Index]:
    """Write ids of several tables in one type: that of the first if it can be, else text.

    Examples
    --------
    >>> [ids.tolist() for ids in alike(pd.Index([18]), pd.Index(["18", "204"]))]
    [[18], [18, 204]]
    >>> [ids.tolist() for ids in alike(pd.Index([18]), pd.Index(["018"]))]
    [['18'], ['018']]
    """
    written = [ids if _like(ids, first) else ids_from_texts(as_text(ids).tolist(), first) for ids in others]
    if all(len(some) == len(ids) for some, ids in zip(written, others, strict=True)):
        return [first, *written]
    return [as_text(first), *map(as_text, others)]


def _like(some: pd.Index, other: pd.Index) -> bool:
    """Whether both hold whole numbers, or neither does."""
    kind = pd.api.types.is_integer_dtype
    return bool(kind(some.dtype) == kind(other.dtype))


def looks_missing(ids: pd.Series) -> pd.Series:
    """Mark ids such as NULL that were probably meant to be blank."""
    return ids.isin(MISSING_WORDS) if pd.api.types.is_string_dtype(ids.dtype) else pd.Series(False, index=ids.index)


def _tidy(cells: pd.Series) -> pd.Series:
    """Choose the way to read the column by its type."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        return _stripped(cells.astype(object))
    if pd.api.types.is_integer_dtype(cells.dtype):
        return cells
    if pd.api.types.is_float_dtype(cells.dtype):
        return _from_floats(cells)
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        refuse_rows(cells.index[cells.notna()], "row", _("with a date in place of an id"), DATED)
    if cells.dtype == object:
        dates = cells.map(lambda cell: isinstance(cell, dt.date) and cell is not pd.NaT).to_numpy(dtype=bool)
        refuse_rows(cells.index[dates], "row", _("with a date in place of an id"), DATED)
        return _from_objects(cells)
    return _stripped(cells)


def _from_floats(cells: pd.Series) -> pd.Series:
    """Turn whole floats, which a missing value makes of integers, back into integers."""
    numbers = cells.to_numpy(dtype=float, na_value=np.nan)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    _refuse_rounded(cells.index, numbers)
    present = pd.Series(numbers, index=cells.index)
    if (numbers[~np.isnan(numbers)] % 1 == 0).all():
        return present.astype("Int64")
    return _stripped(present.astype(object).map(_written, na_action="ignore"))


def _from_objects(cells: pd.Series) -> pd.Series:
    """Keep a column of Python integers as integers; write anything else as text."""
    present = cells.dropna()
    kind = pd.api.types.infer_dtype(present, skipna=True)
    if kind == "integer" and present.between(-(2**63), 2**63 - 1).all():
        return cells.astype("Int64")
    if kind in ("floating", "mixed-integer-float", "decimal"):
        return _from_floats(cells.astype(float))
    numbers = [cell if isinstance(cell, float) else np.nan for cell in cells]
    _refuse_rounded(cells.index, np.array(numbers, dtype=float))
    return _stripped(cells.map(_written, na_action="ignore"))


def _refuse_rounded(labels: pd.Index, numbers: np.ndarray) -> None:
    """Raise if ids are decimal numbers of which digits are lost."""
    sizes = np.where(np.isfinite(numbers), np.abs(numbers), 0)
    problem = _("with an id that is a decimal number too large to be exact")
    cure = _("Read the id column as text, so that no digit is lost.")
    refuse_rows(labels[sizes >= EXACT_LIMIT], "row", problem, cure)
    long = sizes >= KEPT_LIMIT
    if (sizes[long] % 10 == 0).all():
        problem = _("with an id of 16 digits that ends in 0, as all such ids do: a spreadsheet keeps 15")
        refuse_rows(labels[long], "row", problem, _("Format the column as text, and paste the ids again."))


def _written(value: Any) -> str:
    """Write one id as its owner would: 4.0 from a spreadsheet is 4."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _stripped(cells: pd.Series) -> pd.Series:
    """Take the blanks around the text away; nothing left means no id."""
    missing = cells.isna()
    text = cells.astype(str).str.strip(BLANKS)
    return text.mask(missing | (text == ""))
