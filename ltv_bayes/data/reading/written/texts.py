"""A column of amounts as text: the decimal mark is decided for the column, each distinct text is read once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ltv_bayes.data.reading.written.money import Written, is_blank, written_amount
from ltv_bayes.data.reading.written.units import CHINESE
from ltv_bayes.errors import InputError, listed

PLAIN_TEXT = {
    ".": r"^-?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?$",
    ",": r"^-?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?$",
}
INFINITE = {"inf": np.inf, "-inf": -np.inf, "infinity": np.inf, "-infinity": -np.inf}
OTHER = {".": ",", ",": "."}


@dataclass(frozen=True, eq=False)
class Texts:
    """What a column of texts says.

    Attributes
    ----------
    values : numpy.ndarray
        Amounts, in ones where the text names a unit; NaN where there is none to read.
    units : numpy.ndarray
        The unit's word of each text, empty where none is written.
    exponents : numpy.ndarray
        The power of ten of that unit, -1 where none is written.
    currencies : numpy.ndarray
        Codes, empty where none is written.
    blank : numpy.ndarray
        True where the text says that there is no amount.
    taxes : dict
        How many texts carry a note that they are "net" or "gross".
    decimal : str
        The decimal mark, as given or decided.
    notes : tuple of str
        What the reader should know.
    """

    values: np.ndarray
    units: np.ndarray
    exponents: np.ndarray
    currencies: np.ndarray
    blank: np.ndarray
    taxes: dict[str, int]
    decimal: str
    notes: tuple[str, ...]

    @classmethod
    def none(cls, number: int, decimal: str) -> Self:
        """Rows without any text."""
        words = np.full(number, "", dtype=object)
        nothing, no_unit = np.full(number, np.nan), np.full(number, -1, dtype=np.int8)
        return cls(nothing, words, no_unit, words, np.zeros(number, dtype=bool), {"net": 0, "gross": 0}, decimal, ())

    def scattered(self, at: np.ndarray) -> Self:
        """These texts as rows of a longer column, at the places that are marked."""
        longer = self.none(len(at), self.decimal)
        rows = {}
        for name in ("values", "units", "exponents", "currencies", "blank"):
            rows[name] = getattr(longer, name).copy()
            rows[name][at] = getattr(self, name)
        return replace(self, **rows)


def read_texts(cells: pd.Series, decimal: str | None, *, chinese: bool = False, point: bool = False) -> Texts:
    """Read a column of texts, missing ones as blank.

    Parameters
    ----------
    cells : pandas.Series
        Texts; the index names the rows.
    decimal : {".", ","}, optional
        The decimal mark; None to decide it for the column.
    chinese : bool
        Whether the header is Chinese, so that W is short for 万.
    point : bool
        Whether the header shows that 1.234 cannot be 1234.

    Raises
    ------
    InputError
        If texts of one column show different decimal marks, or the mark is open and changes the amounts.
    """
    arrow = _arrow(cells)
    plain = {mark: _matches(arrow, PLAIN_TEXT[mark]) for mark in ([decimal] if decimal else [".", ","])}
    odd = ~np.logical_or.reduce(list(plain.values()))
    places = np.flatnonzero(odd)
    codes, distinct = pd.factorize(cells.iloc[places])
    texts = [str(text) for text in distinct]
    chinese = chinese or any(CHINESE.search(text) for text in texts)
    written = [written_amount(text, chinese=chinese) for text in texts]
    notes: tuple[str, ...] = ()
    if decimal is None:
        decimal, notes = _decided(cells, arrow, plain, places, codes, written, point)
    return _read(cells, arrow, plain[decimal], decimal, places, codes, texts, written, notes)


def _arrow(cells: pd.Series) -> Any:
    """Texts as Arrow's strings; those that UTF-8 cannot hold are missing there, and read one by one."""
    try:
        found = pa.array(cells.array, type=pa.large_string(), from_pandas=True)
    except UnicodeEncodeError:
        held = [text if isinstance(text, str) and text.isascii() else None for text in cells]
        found = pa.array(held, type=pa.large_string())
    return pc.ascii_trim_whitespace(found)


def _matches(arrow: Any, pattern: str) -> np.ndarray:
    return pc.fill_null(pc.match_substring_regex(arrow, pattern), False).to_numpy(zero_copy_only=False)


def _decided(
    cells: pd.Series,
    arrow: Any,
    plain: dict[str, np.ndarray],
    places: np.ndarray,
    codes: np.ndarray,
    written: Sequence[Written | None],
    point: bool,
) -> tuple[str, tuple[str, ...]]:
    """Decide the decimal mark from what each text allows."""
    allowed = [one.marks() if one else "" for one in written]
    settled = [
        "." if both == ".," and one and one.chinese and "." in one.number else both
        for one, both in zip(written, allowed, strict=True)
    ]
    proofs = {}
    for mark, other in OTHER.items():
        shown = plain[mark] & ~plain[other]
        shown[places] = np.array([*(found == mark for found in settled), False])[codes]
        proofs[mark] = shown
    proven = [mark for mark, shown in proofs.items() if shown.any()]
    if len(proven) == 2:
        raise _both(cells, proofs)
    if proven:
        return proven[0], ()
    with_point = _open(arrow, plain, places, codes, written, allowed, ".")
    with_comma = _open(arrow, plain, places, codes, written, allowed, ",")
    if with_point.any() and not point:
        raise _open_mark(cells, with_point | with_comma)
    if not with_comma.any():
        return ".", ()
    example = str(cells.iloc[int(np.argmax(with_comma))])
    return ".", (f"Commas were read as marks of thousands, as in {example!r}; if they are decimals, pass decimal=','.",)


def _open(
    arrow: Any,
    plain: dict[str, np.ndarray],
    places: np.ndarray,
    codes: np.ndarray,
    written: Sequence[Written | None],
    allowed: Sequence[str],
    mark: str,
) -> np.ndarray:
    """Texts that have this mark, and could be read with either as the decimal mark."""
    found = plain["."] & plain[","]
    if found.any():
        found &= pc.fill_null(pc.match_substring(arrow, mark), False).to_numpy(zero_copy_only=False)
    odd = [both == ".," and one is not None and mark in one.number for one, both in zip(written, allowed, strict=True)]
    found[places] = np.array([*odd, False])[codes]
    return found


def _both(cells: pd.Series, proofs: dict[str, np.ndarray]) -> InputError:
    parts = "; ".join(
        f"{mark!r} in rows {listed(cells.index[shown])}, such as {str(cells.iloc[int(np.argmax(shown))])!r}"
        for mark, shown in proofs.items()
    )
    cure = "Write them in one way; decimal='.' or decimal=',' names the cells that don't follow it."
    either = proofs["."] | proofs[","]
    return InputError(f"The amounts show two decimal marks: {parts}. {cure}", cells.index[either])


def _open_mark(cells: pd.Series, at: np.ndarray) -> InputError:
    first = str(cells.iloc[int(np.argmax(at))])
    problem = (
        f"The amounts could be thousands or have three decimals, such as {first!r} (rows {listed(cells.index[at])})"
    )
    cure = "Pass decimal='.' if the point marks decimals, or decimal=',' if the comma does."
    return InputError(f"{problem}. {cure}", cells.index[at])


def _read(
    cells: pd.Series,
    arrow: Any,
    plain: np.ndarray,
    decimal: str,
    places: np.ndarray,
    codes: np.ndarray,
    texts: Sequence[str],
    written: Sequence[Written | None],
    notes: tuple[str, ...],
) -> Texts:
    """Give each row what its text says."""
    values = np.full(len(cells), np.nan)
    if plain.any():
        digits = pc.replace_substring(arrow.filter(pa.array(plain)), OTHER[decimal], "")
        digits = digits if decimal == "." else pc.replace_substring(digits, ",", ".")
        values[plain] = pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False)
    beyond = [INFINITE.get(text.strip().lower(), np.nan) for text in texts]
    sizes = np.array([*(one.size(decimal) if one else far for one, far in zip(written, beyond, strict=True)), np.nan])
    values[places] = sizes[codes]
    none = np.full(len(cells), "", dtype=object)
    units, currencies, exponents = none.copy(), none, np.full(len(cells), -1, dtype=np.int8)
    units[places] = np.array([*(one.unit if one else "" for one in written), ""], dtype=object)[codes]
    currencies[places] = np.array([*(one.currency if one else "" for one in written), ""], dtype=object)[codes]
    exponents[places] = np.array([*(one.unit_exponent if one and one.unit else -1 for one in written), -1])[codes]
    blank = np.zeros(len(cells), dtype=bool)
    blank[places] = np.array([*(is_blank(text) for text in texts), True])[codes]
    notes_on_tax = np.array([*(one.tax if one else "" for one in written), ""], dtype=object)[codes]
    taxes = {word: int((notes_on_tax == word).sum()) for word in ("net", "gross")}
    return Texts(values, units, exponents, currencies, blank, taxes, decimal, notes)
