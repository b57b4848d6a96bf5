"""Cells of money, however they were written, to plain numbers."""

import re
import unicodedata
import warnings
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.columns import plain
from ltv_bayes.data.reading.faults import Fault, quoted
from ltv_bayes.errors import ColumnError, DataWarning, InputError, UnitError, listed, suggestion
from ltv_bayes.sizes import LARGEST_AMOUNT, SMALLEST_AMOUNT
from ltv_bayes.time_units import as_number

INFINITE = "with an infinite amount"
NO_MONEY = f"with an amount beyond {LARGEST_AMOUNT:g}, or below {SMALLEST_AMOUNT:g} and not 0"
UNITS = {"元": 1.0, "千": 1e3, "千元": 1e3, "万": 1e4, "万元": 1e4, "百万": 1e6, "百万元": 1e6, "亿": 1e8, "亿元": 1e8}
CODES = (
    "AED|ARS|AUD|BDT|BGN|BRL|CAD|CHF|CLP|CNH|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KES|KRW|KWD|MOP"
    "|MXN|MYR|NGN|NOK|NZD|PEN|PHP|PKR|PLN|QAR|RMB|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
MARK = rf"(?:{CODES}|[A-Z]{{0,2}}[$¥€£₩₹₽]|元|円)"
AMOUNT = re.compile(
    rf"(?P<open>[-+(]?)\s*(?P<before>{MARK}?)\s*(?P<sign>[-+(]?)\s*"
    rf"(?P<number>\d[\d.,' ]*|[.,]\d+)(?P<exponent>(?:E[-+]?\d{{1,3}})?)"
    rf"\s*(?P<after>{MARK}?)\s*(?P<close>[-)]?)\s*(?P<last>{MARK}?)"
)
UNIT_IN_HEADER = re.compile(r"(百万元|[千万亿]元)|[(（]\s*(百万|[千万亿])\s*[)）]")
NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+|\d{1,3}(?P<mark>[,' ])\d{3}(?:(?P=mark)\d{3})*(?:\.\d*)?")
SAME_CURRENCY = {"RMB": "CNY", "CNH": "CNY", "¥": "CNY", "CN¥": "CNY", "元": "CNY", "円": "JPY", "$": "USD"}
SAME_CURRENCY |= {"US$": "USD", "€": "EUR", "£": "GBP", "HK$": "HKD", "NT$": "TWD"}
PLAIN_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2019": "'"})
SWAPPED = str.maketrans(",.", ".,")


def as_amounts(cells: pd.Series, *, decimal: str = ".", unit: Any = None) -> tuple[pd.Series, list[Fault]]:
    """Read a column of money.

    Parameters
    ----------
    cells : pandas.Series
        Numbers, or text with thousands marks, currency signs, full-width digits, or parentheses for a minus.
    decimal : str
        The decimal mark in text, ``"."`` or ``","``.
    unit : float or str, optional
        What 1 in the column is worth, as in 1000, ``"万元"`` or ``"亿"``.

    Returns
    -------
    pandas.Series
        Amounts (float64), missing where there is a fault.
    list of Fault
        Rows without an amount, with one that is infinite or beyond all money, and with one that cannot be read.

    Raises
    ------
    ColumnError
        If the column holds true and false.
    InputError
        If the cells show several currencies.

    Examples
    --------
    >>> as_amounts(pd.Series(["¥1,234.50", "(200)", "CNY 3"]))[0].tolist()
    [1234.5, -200.0, 3.0]
    >>> as_amounts(pd.Series(["1.234,50 €"]), decimal=",")[0].tolist()
    [1234.5]
    """
    if decimal not in (".", ","):
        raise InputError(f"decimal must be '.' or ',', not {decimal!r}.")
    factor, cells = as_factor(unit), plain(cells)
    with np.errstate(over="ignore"):
        values, blank = _values(cells, decimal) * factor, _blank(cells)
    beyond = (np.abs(values) > LARGEST_AMOUNT) | ((np.abs(values) < SMALLEST_AMOUNT) & (values != 0))
    problem = NO_MONEY if np.isfinite(values[beyond]).any() else INFINITE
    faults = [
        Fault(blank, "without an amount", "Fill in the amount, 0 for a free order."),
        Fault(beyond, problem, "Correct the amount."),
        _unreadable(cells, np.isnan(values) & ~blank, decimal),
    ]
    return pd.Series(np.where(beyond, np.nan, values), index=cells.index), faults


def as_factor(unit: Any) -> float:
    """Read what 1 in an amount column is worth.

    Raises
    ------
    UnitError
        If the unit is unknown, or not above zero.

    Examples
    --------
    >>> as_factor("万元"), as_factor(None), as_factor(0.01)
    (10000.0, 1.0, 0.01)
    """
    if unit is None:
        return 1.0
    if isinstance(unit, str) and unit.strip() in UNITS:
        return UNITS[unit.strip()]
    if isinstance(unit, str):
        raise UnitError(f"amount_unit {unit!r} is not known. {suggestion(unit, UNITS)} Or pass a number, such as 1000.")
    factor = as_number(unit, "amount_unit")
    if factor <= 0:
        raise UnitError(f"amount_unit must be above zero, not {factor:g}.")
    return factor


def require_unit_of_header(name: Any, unit: Any) -> None:
    """Raise if a column's name says that it is counted in thousands or more, and no unit was given.

    Raises
    ------
    UnitError
        With the unit to pass.

    Examples
    --------
    >>> require_unit_of_header("月费（万元）", "万元")
    >>> require_unit_of_header("月费（万元）", None)
    Traceback (most recent call last):
        ...
    ltv_bayes.errors.UnitError: The name of the column '月费（万元）' says 万元. Pass amount_unit='万元'; if ...
    """
    if unit is None and (match := UNIT_IN_HEADER.search(str(name))):
        stated = match[1] or match[2]
        raise UnitError(
            f"The name of the column {name!r} says {stated}. Pass amount_unit={stated!r}; "
            f"if its amounts are plain ones all the same, amount_unit=1."
        )


def warn_of_unit_in_header(name: Any, unit: Any) -> None:
    """Warn if a column's name says that it is counted in ten thousands, and its amounts are read as they are.

    Warns
    -----
    DataWarning
        With the units to choose from.
    """
    mark = next((mark for mark in ("万", "亿") if mark in str(name)), None)
    if mark and unit is None:
        cure = f"Pass amount_unit={mark + '元'!r} to turn them into yuan, or amount_unit=1 to keep them."
        warnings.warn(f"Amounts in {name!r} were kept as written, in {mark}. {cure}", DataWarning, stacklevel=3)


def warn_of_other_unit(ratio: float, far: float, compared: str, cure: str = "", *, stacklevel: int = 3) -> None:
    """Warn if two kinds of amounts differ so much that they are hardly counted in one unit.

    Parameters
    ----------
    ratio : float
        The typical amount of one kind, divided by that of the other; nothing is compared where it is 0 or NaN.
    far : float
        The ratio from which on, or from the inverse of which down, the reader is asked.
    compared : str
        The beginning of the sentence: both kinds and how large they typically are.
    cure : str
        A last sentence: what to do if the units differ.
    stacklevel : int
        As in :func:`warnings.warn`, counted from the caller.

    Warns
    -----
    DataWarning
        With the question.
    """
    if ratio > 0 and not 1 / far < ratio < far:
        message = f"{compared}: are they counted in one unit? {cure}".rstrip()
        warnings.warn(message, DataWarning, stacklevel=stacklevel + 1)


def _values(cells: pd.Series, decimal: str) -> np.ndarray:
    """Give every cell its number, NaN where there is none to read."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        raise ColumnError(
            f"The column {cells.name!r} holds true and false, not money. Name the column with the amounts."
        )
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_complex_dtype(cells.dtype):
        return cells.to_numpy(dtype=float, na_value=np.nan)
    if cells.dtype != object:
        return _from_texts(cells, decimal)
    numbers = cells.map(_is_number).to_numpy(dtype=bool)
    values = np.empty(len(cells))
    values[numbers] = [_as_float(number) for number in cells[numbers]]
    values[~numbers] = _from_texts(cells[~numbers].map(str, na_action="ignore"), decimal)
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _as_float(number: Any) -> float:
    """Read a number; one beyond all floats is infinite."""
    try:
        return float(number)
    except (ArithmeticError, ValueError):
        return np.inf


def _blank(cells: pd.Series) -> np.ndarray:
    """Mark cells with nothing in them."""
    missing = cells.isna()
    if not pd.api.types.is_numeric_dtype(cells.dtype):
        missing |= cells.astype(str).str.strip() == ""
    return missing.to_numpy()


def _from_texts(cells: pd.Series, decimal: str) -> np.ndarray:
    """Read each distinct text once, then give every row its number."""
    codes, distinct = pd.factorize(cells)
    written = [str(text) for text in distinct]
    values, marks = np.full(len(written), np.nan), [""] * len(written)
    if decimal == ".":
        values = pd.to_numeric(pd.Series(written, dtype=object), errors="coerce").to_numpy(dtype=float, copy=True)
    for place in np.flatnonzero(np.isnan(values)):
        values[place], marks[place] = read_amount(written[place], decimal)
    _refuse_several_currencies(cells, codes, marks)
    return np.append(values, np.nan)[codes]


def read_amount(text: str, decimal: str = ".") -> tuple[float, str]:
    """Read one amount and its currency.

    Returns
    -------
    float
        The amount, NaN if the text is none.
    str
        The currency that the text shows, empty if none.

    Examples
    --------
    >>> read_amount("（￥1,200.5）"), read_amount("12,5"), read_amount("12,5 EUR", decimal=",")
    ((-1200.5, 'CNY'), (nan, ''), (12.5, 'EUR'))
    """
    match = AMOUNT.fullmatch(unicodedata.normalize("NFKC", text).translate(PLAIN_SIGNS).strip().upper())
    if not match:
        return np.nan, ""
    signs = match["open"] + match["sign"] + match["close"]
    number = match["number"].strip().translate(SWAPPED if decimal == "," else {})
    marks = {SAME_CURRENCY.get(mark, mark) for mark in match.group("before", "after", "last") if mark}
    if signs not in ("", "+", "-", "()") or len(marks) > 1 or not NUMBER.fullmatch(number):
        return np.nan, ""
    size = float(re.sub("[,' ]", "", number) + match["exponent"])
    return (-size if signs in ("-", "()") else size), "".join(marks)


def _refuse_several_currencies(cells: pd.Series, codes: np.ndarray, marks: list[str]) -> None:
    """Raise if amounts of different currencies would be added up."""
    found = sorted(set(marks) - {""})
    if len(found) > 1:
        shown = np.array([*marks, ""], dtype=object)[codes]
        where = "; ".join(f"{mark} in rows {listed(cells.index[shown == mark])}" for mark in found)
        cure = "Convert them to one currency first, or read each currency by itself."
        raise InputError(f"The amounts are in {len(found)} currencies ({where}). {cure}", cells.index[shown != ""])


def _unreadable(cells: pd.Series, at: np.ndarray, decimal: str) -> Fault:
    other = "," if decimal == "." else "."
    cure = f"Write it as a plain number; if {other!r} marks the decimals, pass decimal={other!r}."
    return Fault(at, "with an amount that cannot be read", cure, quoted(cells, at))
