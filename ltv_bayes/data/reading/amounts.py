"""Cells of money, however they were written, to plain numbers."""

from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.amount_units import applied_unit, unit_of_column
from ltv_bayes.data.reading.columns import plain
from ltv_bayes.data.reading.faults import Fault, quoted
from ltv_bayes.data.reading.written.money import is_shortened, written_amount
from ltv_bayes.data.reading.written.texts import Texts, read_texts
from ltv_bayes.data.reading.written.units import (
    CHINESE,
    COUNTED_WORDS,
    CURRENCIES,
    YEN_AND_YUAN,
    YEN_OR_YUAN,
    Unit,
    agreeing,
)
from ltv_bayes.errors import ColumnError, InputError, UnitError, counted, listed
from ltv_bayes.language import _
from ltv_bayes.sizes import LARGEST_AMOUNT, SMALLEST_AMOUNT

INFINITE = _("with an infinite amount")
NO_MONEY = _(
    "with an amount beyond {largest_amount:g}, or below {smallest_amount:g} and not 0",
    largest_amount=LARGEST_AMOUNT,
    smallest_amount=SMALLEST_AMOUNT,
)
SHORTENED = _(
    "A power of ten, as a spreadsheet shows it, leaves digits out: format the column as a number with two "
    "decimals, and export it again."
)
SAME_CURRENCY = {word.upper(): code for word, code in CURRENCIES.items()} | {YEN_OR_YUAN: "CNY"}
LONGER = tuple(word for word, code in CURRENCIES.items() if word.endswith(COUNTED_WORDS) and len(word) > 1)


@dataclass(frozen=True, eq=False)
class Amounts:
    """A column of money, read.

    Attributes
    ----------
    values : pandas.Series
        Amounts in ones (float64), missing where there is a fault.
    faults : list of Fault
        Rows without an amount, with one that is infinite or beyond all money, and with one that cannot be read, or
        that a spreadsheet has shortened, as to 1.2E+05.
    currencies : pandas.Series or None
        The code of the currency that each cell shows, or the header by a word of its own, such as USD; empty where
        none is shown, and ¥ where that sign of yen and of yuan is all that is. What 元 in a header says is in ``unit``
        alone. None where no row shows one.
    unit : Unit or None
        What cells without a unit of their own are counted in, and whether the argument or the header says so;
        None if neither does.
    decimal : str
        The decimal mark of texts, as given or decided for the column.
    notes : tuple of str
        What the reader should know: units that were applied, marks that were decided.
    """

    values: pd.Series
    faults: list[Fault]
    currencies: pd.Series | None
    unit: Unit | None
    decimal: str
    notes: tuple[str, ...]

    def shown(self, rows: np.ndarray) -> pd.Series | None:
        """The currencies of some rows, by a mask; None where no row of the column shows one."""
        return None if self.currencies is None else self.currencies[rows]


def read_amounts(cells: pd.Series, *, decimal: str | None = None, unit: Any = None, header: Any = None) -> Amounts:
    """Read a column of money with its units and currencies.

    A unit that the header states is applied; a cell that names a unit of its own is read by it.

    Parameters
    ----------
    cells : pandas.Series
        Numbers, or text with thousands marks, units, currency signs, full-width digits, or parentheses for a minus.
    decimal : str, optional
        The decimal mark in text, ``"."`` or ``","``; None to decide it from all cells of the column.
    unit : float or str, optional
        What 1 in the column is worth, as in 1000, ``"万元"`` or ``"亿"``. A number stands above the header and the
        cells: it holds for cells without a unit of their own. A word has to agree with both.
    header : str, optional
        The column's name, which may state a unit and a currency, as in 金额(万元) or TEUR.

    Raises
    ------
    ColumnError
        If the column holds true and false.
    UnitError
        If argument, header and cells contradict each other.
    InputError
        If cells show two decimal marks, or the mark is open and changes the amounts.

    Examples
    --------
    >>> found = read_amounts(pd.Series(["1,234.5", "50万元"]), header="合同金额(万元)")
    >>> found.values.tolist(), found.unit.word, found.currencies.tolist()
    ([12345000.0, 500000.0], '万元', ['', 'CNY'])
    """
    if decimal not in (None, ".", ","):
        raise InputError(_("decimal must be '.' or ',', not {decimal!r}.", decimal=decimal))
    cells = _plain(cells)
    applied, stated = unit_of_column(unit, header)
    factor = applied.factor if applied else 1.0
    chinese = CHINESE.search(str(header)) is not None
    numbers = _numbers(cells)
    texts = _texts(
        cells, numbers, decimal, chinese, point=bool(stated and stated.factor > 1 and CHINESE.search(stated.word))
    )
    written = np.isnan(numbers)
    values = np.where(written, texts.values, numbers) if written.any() else numbers
    own = texts.exponents >= 0
    blank = _missing(cells) | texts.blank
    _refuse_other_units(cells, texts, applied, bare=~own & ~blank & ~np.isnan(values))
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.where(own, values, _times(values, factor)) if own.any() else _times(values, factor)
    beyond = (values > LARGEST_AMOUNT) | (values < -LARGEST_AMOUNT)
    beyond |= (values < SMALLEST_AMOUNT) & (values > -SMALLEST_AMOUNT) & (values != 0)
    problem = NO_MONEY if np.isfinite(values[beyond]).any() else INFINITE
    faults = [
        Fault(blank, _("without an amount"), _("Fill in the amount, 0 for a free order.")),
        Fault(beyond, problem, _("Correct the amount.")),
        _unreadable(cells, np.isnan(values) & ~blank, decimal),
    ]
    currencies = _currencies(cells, texts, stated, blank)
    read = pd.Series(np.where(beyond, np.nan, values) if beyond.any() else values, index=cells.index)
    return Amounts(read, faults, currencies, applied, texts.decimal, _notes(texts, applied, header))


def as_amounts(
    cells: pd.Series, *, decimal: str | None = ".", unit: Any = None, header: Any = None
) -> tuple[pd.Series, list[Fault]]:
    """Read a column of money in one currency: the short form of `read_amounts`.

    Returns
    -------
    pandas.Series
        Amounts (float64), missing where there is a fault.
    list of Fault
        Rows without an amount, with one that is infinite or beyond all money, and with one that cannot be read.

    Raises
    ------
    InputError
        If the cells show several currencies; otherwise as in `read_amounts`.

    Examples
    --------
    >>> as_amounts(pd.Series(["¥1,234.50", "(200)", "CNY 3"]))[0].tolist()
    [1234.5, -200.0, 3.0]
    >>> as_amounts(pd.Series(["1.234,50 €"]), decimal=",")[0].tolist()
    [1234.5]
    """
    found = read_amounts(cells, decimal=decimal, unit=unit, header=header)
    if found.currencies is not None:
        _refuse_several_currencies(found.currencies)
    return found.values, found.faults


def _times(values: np.ndarray, factor: float) -> np.ndarray:
    """Multiply without losing a digit: 0.57 x 100 is 57, though it isn't in binary."""
    if factor == 1.0:
        return values
    found = values * factor
    rounded, size = found, np.abs(found)
    for decimals, limit in ((2, 9e13), (4, 9e11), (6, 9e9)):
        rounded = np.where(size < limit, np.round(found, decimals), rounded)
    return np.where(np.abs(rounded - found) <= 4 * np.spacing(size), rounded, found)


def _plain(cells: pd.Series) -> pd.Series:
    """Undo categories and Arrow types; objects that are all text become text, and signalling NaN becomes missing."""
    cells = plain(cells)
    if cells.dtype != object:
        return cells
    kind = pd.api.types.infer_dtype(cells, skipna=True)
    if kind == "string":
        try:
            return cells.astype("str")
        except UnicodeEncodeError:
            return cells
    signals = [isinstance(cell, Decimal) and cell.is_snan() for cell in cells]
    return cells.mask(np.array(signals, dtype=bool)) if any(signals) else cells


def _numbers(cells: pd.Series) -> np.ndarray:
    """Give every number in the column, NaN where there is something else."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        raise ColumnError(
            _("The column {name!r} holds true and false, not money. Name the column with the amounts.", name=cells.name)
        )
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_complex_dtype(cells.dtype):
        return cells.to_numpy(dtype=float, na_value=np.nan)
    if cells.dtype != object:
        return np.full(len(cells), np.nan)
    return np.array([_as_float(cell) if _is_number(cell) else np.nan for cell in cells], dtype=float)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _as_float(number: Any) -> float:
    """Read a number; one beyond all floats is infinite."""
    try:
        return float(number)
    except (ArithmeticError, ValueError):
        return np.inf


def _texts(cells: pd.Series, numbers: np.ndarray, decimal: str | None, chinese: bool, *, point: bool) -> Texts:
    """Read the cells that are no numbers."""
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_complex_dtype(cells.dtype):
        return Texts.none(len(cells), decimal or ".")
    if isinstance(cells.dtype, pd.StringDtype):
        return read_texts(cells, decimal, chinese=chinese, point=point)
    wanted = np.array([not _is_number(cell) for cell in cells], dtype=bool)
    found = read_texts(cells[wanted].map(str, na_action="ignore"), decimal, chinese=chinese, point=point)
    return found.scattered(wanted)


def _missing(cells: pd.Series) -> np.ndarray:
    return cells.isna().to_numpy(dtype=bool)


def read_amount(text: str, decimal: str = ".") -> tuple[float, str]:
    """Read one amount and its currency.

    Returns
    -------
    float
        The amount, NaN if the text is none.
    str
        The currency that the text shows, that of yuan for ¥ alone, empty if none.

    Examples
    --------
    >>> read_amount("（￥1,200.5）"), read_amount("12,5"), read_amount("12,5 EUR", decimal=",")
    ((-1200.5, 'CNY'), (nan, ''), (12.5, 'EUR'))
    """
    found = written_amount(text)
    size = np.nan if found is None else found.size(decimal)
    return (np.nan, "") if found is None or np.isnan(size) else (size, SAME_CURRENCY.get(found.currency, ""))


def _refuse_other_units(cells: pd.Series, texts: Texts, applied: Unit | None, *, bare: np.ndarray) -> None:
    """Raise if cells name a unit that contradicts the header's or the given one."""
    if applied is None or (applied.factor == 1.0 and (applied.source == "header" or applied.is_number)):
        return
    other = (texts.exponents >= 0) & (10.0 ** texts.exponents.astype(float) != applied.factor)
    if not other.any() or (applied.is_number and bare.any()):
        return
    by_name = applied.source == "header"
    says = (
        _("the name of the column says {word}", word=applied.word)
        if by_name
        else _("amount_unit says {word}", word=applied.word)
    )
    cure = _("Pass amount_unit=1 to read each cell by its own unit")
    if bare.any():
        cure = _(
            "Pass amount_unit={factor:.15g} if cells without a unit are in {word}, ",
            factor=applied.factor,
            word=applied.word,
        )
        cure += _("amount_unit=1 if they are not")
    raise UnitError(
        _(
            "{cells} with another unit, such as {cells_2} (rows {cells_3}), while {says}. {cure}; or correct "
            "the cells.",
            cells=counted(int(other.sum()), "cell"),
            cells_2=quoted(cells, other),
            cells_3=listed(cells.index[other]),
            says=says,
            cure=cure,
        ),
        cells.index[other],
    )


def _currencies(cells: pd.Series, texts: Texts, stated: Unit | None, blank: np.ndarray) -> pd.Series | None:
    """Give the currency of each row, None without any; raise if header and cells contradict each other."""
    stated = stated if stated is not None and stated.currency else None
    if texts.currencies is None:
        by_header = None if stated is None or _counted(stated) else np.where(blank, "", stated.currency)
        return None if by_header is None else pd.Series(by_header, index=cells.index, dtype=object)
    shown = pd.Series(texts.currencies, index=cells.index, dtype=object)
    if stated is None:
        return shown
    if stated.currency in YEN_AND_YUAN:
        shown = shown.replace(YEN_OR_YUAN, stated.currency)
    other = shown.map(lambda code: len(agreeing([code, stated.currency])) > 1).to_numpy(dtype=bool)
    if other.any():
        cure = _("Correct the cells, or rename the column if its name is wrong.")
        raise InputError(
            _(
                "The name of the column says {word}, and cells show another currency, such as {cells} (rows "
                "{cells_2}). {cure}",
                word=stated.word,
                cells=quoted(cells, other),
                cells_2=listed(cells.index[other]),
                cure=cure,
            ),
            cells.index[other],
        )
    return shown if _counted(stated) else shown.where((shown != "") | blank, stated.currency)


def _counted(stated: Unit) -> bool:
    """Whether a header says but what amounts are counted in, as by 元, and shows no currency of its own."""
    return any(stated.word.endswith(word) and not stated.word.endswith(LONGER) for word in COUNTED_WORDS)


def _refuse_several_currencies(currencies: pd.Series) -> None:
    """Raise if amounts of different currencies would be added up."""
    found = sorted(agreeing(currencies.unique()))
    if len(found) > 1:
        currencies = currencies.replace(YEN_OR_YUAN, next(iter(YEN_AND_YUAN.intersection(found)), YEN_OR_YUAN))
        where = "; ".join(
            _("{mark} in rows {currencies}", mark=mark, currencies=listed(currencies.index[currencies == mark]))
            for mark in found
        )
        cure = _("Convert them to one currency first, or read each currency by itself.")
        raise InputError(
            _("The amounts are in {number} currencies ({where}). {cure}", number=len(found), where=where, cure=cure),
            currencies.index[currencies != ""],
        )


def _unreadable(cells: pd.Series, at: np.ndarray, decimal: str | None) -> Fault:
    cure = _("Write it as a plain number.")
    if decimal:
        other = "," if decimal == "." else "."
        cure = _("Write it as a plain number; if {other!r} marks the decimals, pass decimal={other!r}.", other=other)
    if any(is_shortened(str(cell)) for cell in cells[at]):
        cure = f"{cure} {SHORTENED}"
    return Fault(at, _("with an amount that cannot be read"), cure, quoted(cells, at))


def _notes(texts: Texts, applied: Unit | None, header: Any) -> tuple[str, ...]:
    """Say what was decided for the column."""
    notes = list(texts.notes)
    if applied and applied.source == "header" and applied.factor != 1.0:
        notes.append(applied_unit(applied, header))
    words = pd.Series(texts.units[texts.exponents > 0]).value_counts()
    if len(words):
        counts = ", ".join(f"{word} ({number:,})" for word, number in words.items())
        notes.append(_("Cells that name a unit were read by it: {counts}.", counts=counts))
    if all(texts.taxes.values()):
        net, gross = texts.taxes["net"], texts.taxes["gross"]
        both = _(
            "{amounts} without tax and {amounts_2} with tax",
            amounts=counted(net, "amount"),
            amounts_2=counted(gross, "amount"),
        )
        notes.append(_("The column has {both}: they were not converted.", both=both))
    return tuple(notes)
