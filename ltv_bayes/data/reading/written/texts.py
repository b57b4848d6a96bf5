"""A column of amounts as text: the decimal mark is decided for the column, each way of writing is read once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ltv_bayes.data.reading.written.money import Written, is_blank, written_amount
from ltv_bayes.data.reading.written.units import CHINESE, CHINESE_UNITS
from ltv_bayes.errors import InputError, listed
from ltv_bayes.language import _

MARKS = (".", ",")
OTHER = {".": ",", ",": "."}
PLAIN_TEXT = {
    ".": r"^-?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?$",
    ",": r"^-?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?$",
}
GROUPED = {  # a comma that may mark groups of three or of four digits, and one that marks as many decimals
    r"^-?[1-9][0-9]{0,2},[0-9]{3}$": ",[0-9]{3}$",
    r"^-?[1-9][0-9]{0,3},[0-9]{4}$": ",[0-9]{4}$",
}
MANY_DECIMALS = ",[0-9]{5,}$"
LARGE = {*CHINESE_UNITS, "w"}
NUMBER = "[0-9](?:[0-9.,]*[0-9])?"
STAND_IN = "7"  # for the number, while what stands about it is read
SAMPLE = 1000
INFINITE = {"inf": np.inf, "-inf": -np.inf, "infinity": np.inf, "-infinity": -np.inf}


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
    currencies : numpy.ndarray or None
        Codes, empty where none is written; None where no text writes one.
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
    currencies: np.ndarray | None
    blank: np.ndarray
    taxes: dict[str, int]
    decimal: str
    notes: tuple[str, ...]

    @classmethod
    def none(cls, number: int, decimal: str) -> Self:
        """Rows without any text: the same throughout, in arrays that hold it once."""
        each = (np.nan, np.array("", dtype=object), np.int8(-1), False)
        values, units, exponents, blank = (np.broadcast_to(one, number) for one in each)
        return cls(values, units, exponents, None, blank, {"net": 0, "gross": 0}, decimal, ())

    @classmethod
    def to_fill(cls, number: int, decimal: str, *, currencies: bool) -> Self:
        """The same, in arrays to write to."""
        found = cls.none(number, decimal)
        rows = {name: getattr(found, name).copy() for name in ("values", "units", "exponents", "blank")}
        return replace(found, **rows, currencies=rows["units"].copy() if currencies else None)

    def scattered(self, at: np.ndarray) -> Self:
        """These texts as rows of a longer column, at the places that are marked."""
        longer = self.to_fill(len(at), self.decimal, currencies=self.currencies is not None)
        for name in ("values", "units", "exponents", "currencies", "blank"):
            if getattr(self, name) is not None:
                getattr(longer, name)[at] = getattr(self, name)
        return replace(longer, taxes=self.taxes, notes=self.notes)


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
    column = _Column(cells, decimal, chinese=chinese)
    notes: tuple[str, ...] = ()
    if decimal is None:
        decimal, notes = column.decided(point=point)
    return column.read(decimal, notes)


class _Column:
    """Texts in three kinds: bare numbers, one number with something about it, and all others.

    The first two are read by Arrow, the second by what stands about the number; others one by one.
    """

    def __init__(self, cells: pd.Series, decimal: str | None, *, chinese: bool) -> None:
        self.cells, self.arrow = cells, _arrow(cells)
        self.can = _bare(self.arrow, [decimal] if decimal else MARKS)
        self.bare = np.logical_or.reduce(list(self.can.values()))
        odd = np.flatnonzero(~self.bare)
        frames, self.numbers, one = _framed(self.arrow.take(pa.array(odd)))
        codes, distinct = pd.factorize(frames.to_pandas()) if len(odd) else (np.array([], dtype=int), [])
        chinese = chinese or any(CHINESE.search(str(frame)) for frame in distinct)
        abouts = [_about(str(frame), chinese=chinese) for frame in distinct]
        readable = np.array([*(about is not None for about in abouts), False])[codes] & one
        allowed = {mark: _matches(self.numbers, PLAIN_TEXT[mark]) for mark in self.can}
        readable &= np.logical_or.reduce(list(allowed.values()))
        self.framed, self.numbers = odd[readable], self.numbers.filter(pa.array(readable))
        self.about, self.abouts = codes[readable], [about or NOTHING for about in abouts]
        for mark, can in self.can.items():
            can[self.framed] = allowed[mark][readable]
        self.rest = odd[~readable]
        self.codes, others = pd.factorize(cells.iloc[self.rest])
        self.texts = [str(text) for text in others]
        self.written = [written_amount(text, chinese=chinese) for text in self.texts]
        for mark, can in self.can.items():
            can[self.rest] = self._of_rest([one is not None and mark in one.marks() for one in self.written], False)

    def _of_rest(self, values: Sequence[Any], missing: Any, kind: Any = None) -> np.ndarray:
        """Give each of the other rows the value of its text."""
        return np.array([*values, missing], dtype=kind)[self.codes]

    def decided(self, *, point: bool) -> tuple[str, tuple[str, ...]]:
        """Decide the decimal mark from what each text allows."""
        can, both = self.can, self.can["."] & self.can[","]
        proofs = {".": can["."] & ~can[","], ",": can[","] & ~can["."]}
        if both.any():
            proofs["."] |= both & self._in_chinese_units() & self._with(r"\.")
        if all(shown.any() for shown in proofs.values()):
            proofs["."] &= ~_matches(self.arrow, PLAIN_TEXT[","])
            raise _two_marks(self.cells, proofs)
        for mark, shown in proofs.items():
            if shown.any():
                self._refuse_groups(mark, shown)
                return mark, ()
        with_point, with_comma = both & self._with(r"\."), both & self._with(",")
        if with_point.any() and not point:
            raise _open_mark(self.cells, with_point | with_comma)
        if not with_comma.any():
            return ".", ()
        example = repr(str(self.cells.iloc[int(np.argmax(with_comma))]))
        return ".", (
            _(
                "Commas were read as marks of thousands, as in {example}. If they mark decimals, say so with decimal.",
                example=example,
            ),
        )

    def _refuse_groups(self, mark: str, proofs: np.ndarray) -> None:
        """Raise where the comma marks decimals, and groups of three or four digits behind it may be none.

        Nothing is open if another number shows that many decimals without doubt, as 0,125 shows three.
        """
        if mark == ".":
            return
        many = proofs & self._with(MANY_DECIMALS)
        for group, decimals in GROUPED.items():
            grouped = self._with(group)
            if grouped.any() and not (many | (proofs & ~grouped & self._with(decimals))).any():
                raise _open_comma(self.cells, grouped)

    def _with(self, pattern: str) -> np.ndarray:
        """Mark texts in whose number this pattern is found."""
        found = self.bare.copy()
        found[self.bare] = _matches(self.arrow.filter(pa.array(self.bare)), pattern)
        found[self.framed] = _matches(self.numbers, pattern)
        found[self.rest] = self._of_rest(
            [one is not None and re.search(pattern, one.number) is not None for one in self.written], False
        )
        return found

    def _in_chinese_units(self) -> np.ndarray:
        """Mark texts with 万 and the like: 1.234万 is 12,340."""
        found = np.zeros(len(self.cells), dtype=bool)
        found[self.framed] = np.array([*(about.unit in LARGE for about in self.abouts), False])[self.about]
        found[self.rest] = self._of_rest([one is not None and one.unit in LARGE for one in self.written], False)
        return found

    def read(self, decimal: str, notes: tuple[str, ...]) -> Texts:
        """Give each row what its text says."""
        shown = any(one is not None and one.currency for one in [*self.abouts, *self.written])
        found = Texts.to_fill(len(self.cells), decimal, currencies=shown)
        bare = self.can[decimal] & self.bare
        if bare.any():
            found.values[bare] = _cast(self.arrow.filter(pa.array(bare)), decimal)
        if not len(self.framed) and not len(self.rest):
            return replace(found, notes=notes)
        readable = self.can[decimal][self.framed]
        powers = pa.array([f"e{about.unit_exponent}" for about in self.abouts] or ["e0"], pa.large_string())
        written = pc.binary_join_element_wise(
            _pointed(self.numbers, decimal), powers.take(pa.array(self.about)), pa.scalar("", pa.large_string())
        ).filter(pa.array(readable))
        signs = np.array([*(-1.0 if about.negative else 1.0 for about in self.abouts), 1.0])[self.about]
        found.values[self.framed[readable]] = pc.cast(written, pa.float64()).to_numpy(zero_copy_only=False)
        found.values[self.framed] *= signs
        beyond = [INFINITE.get(text.strip().lower(), np.nan) for text in self.texts]
        sizes = [one.size(decimal) if one else far for one, far in zip(self.written, beyond, strict=True)]
        found.values[self.rest] = self._of_rest(sizes, np.nan)
        found.blank[self.rest] = self._of_rest([is_blank(text) for text in self.texts], True)
        taxes = {"net": 0, "gross": 0}
        for places, codes, all_written in (
            (self.framed, self.about, self.abouts),
            (self.rest, self.codes, self.written),
        ):
            each = [one or NOTHING for one in [*all_written, None]]
            found.units[places] = np.array([one.unit for one in each], dtype=object)[codes]
            if found.currencies is not None:
                found.currencies[places] = np.array([one.currency for one in each], dtype=object)[codes]
            found.exponents[places] = np.array([one.unit_exponent if one.unit else -1 for one in each])[codes]
            notes_on_tax = np.array([one.tax for one in each], dtype=object)[codes]
            taxes = {word: number + int((notes_on_tax == word).sum()) for word, number in taxes.items()}
        return replace(found, taxes=taxes, notes=notes)


NOTHING = Written(STAND_IN, False, 0, "", "", "")


def _arrow(cells: pd.Series) -> Any:
    """Texts as Arrow's strings; those that UTF-8 cannot hold are missing there, and read one by one."""
    try:
        found = pa.array(cells.array, type=pa.large_string(), from_pandas=True)
    except UnicodeEncodeError:
        held = [text if isinstance(text, str) and text.isascii() else None for text in cells]
        found = pa.array(held, type=pa.large_string())
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return pc.ascii_trim_whitespace(found)


def _matches(arrow: Any, pattern: str) -> np.ndarray:
    return pc.fill_null(pc.match_substring_regex(arrow, pattern), False).to_numpy(zero_copy_only=False).copy()


def _bare(arrow: Any, marks: Sequence[str]) -> dict[str, np.ndarray]:
    """Which texts are bare numbers with each decimal mark.

    Where a sample shows that it is the point, and no text shows a comma, texts that allow both are not looked for.
    """
    if len(marks) == 1:
        return {marks[0]: _matches(arrow, PLAIN_TEXT[marks[0]])}
    point = _matches(arrow, PLAIN_TEXT["."])
    comma = ~point
    comma[~point] = _matches(arrow.filter(pa.array(~point)), PLAIN_TEXT[","])
    sample = arrow.filter(pa.array(point))[:SAMPLE]
    if comma.any() or _matches(sample, PLAIN_TEXT[","]).all():
        comma[point] = _matches(arrow.filter(pa.array(point)), PLAIN_TEXT[","])
    return {".": point, ",": comma}


def _framed(odd: Any) -> tuple[Any, Any, np.ndarray]:
    """What stands about the number of each text, the number, and where there is exactly one."""
    frames = pc.replace_substring_regex(odd, NUMBER, "#")
    numbers = pc.struct_field(pc.extract_regex(odd, f"(?P<number>{NUMBER})"), "number")
    once = pc.and_(pc.equal(pc.count_substring(frames, "#"), 1), pc.invert(pc.match_substring(odd, "#")))
    return frames, numbers, pc.fill_null(pc.and_(once, pc.is_valid(numbers)), False).to_numpy(zero_copy_only=False)


def _about(frame: str, *, chinese: bool) -> Written | None:
    """Read what stands about a number, if it leaves the number as it is."""
    found = written_amount(frame.replace("#", STAND_IN), chinese=chinese) if frame.count("#") == 1 else None
    return found if found and (found.number, found.exponent) == (STAND_IN, 0) else None


def _pointed(arrow: Any, decimal: str) -> Any:
    """Numbers without marks of thousands, with a decimal point."""
    digits = pc.replace_substring(arrow, OTHER[decimal], "")
    return digits if decimal == "." else pc.replace_substring(digits, ",", ".")


def _cast(arrow: Any, decimal: str) -> np.ndarray:
    return pc.cast(_pointed(arrow, decimal), pa.float64()).to_numpy(zero_copy_only=False)


def _two_marks(cells: pd.Series, proofs: dict[str, np.ndarray]) -> InputError:
    parts = "; ".join(
        _(
            "{mark!r} in rows {cells}, such as {iloc!r}",
            mark=mark,
            cells=listed(cells.index[shown]),
            iloc=str(cells.iloc[int(np.argmax(shown))]),
        )
        for mark, shown in proofs.items()
    )
    cure = _("Write them in one way; decimal='.' or decimal=',' names the cells that don't follow it.")
    either = proofs["."] | proofs[","]
    return InputError(
        _("The amounts show two decimal marks: {parts}. {cure}", parts=parts, cure=cure), cells.index[either]
    )


def _open_comma(cells: pd.Series, at: np.ndarray) -> InputError:
    first, rows = str(cells.iloc[int(np.argmax(at))]), listed(cells.index[at])
    problem = _(
        "The comma could mark decimals or groups of digits, such as in {first!r} (rows {rows})", first=first, rows=rows
    )
    cure = _("Pass decimal=',' if it marks decimals in the whole column; if not, write the amounts as plain numbers.")
    return InputError(f"{problem}. {cure}", cells.index[at])


def _open_mark(cells: pd.Series, at: np.ndarray) -> InputError:
    first, rows = str(cells.iloc[int(np.argmax(at))]), listed(cells.index[at])
    problem = _(
        "The amounts could be thousands or have three decimals, such as {first!r} (rows {rows})", first=first, rows=rows
    )
    cure = _("Pass decimal='.' if the point marks decimals, or decimal=',' if the comma does.")
    return InputError(f"{problem}. {cure}", cells.index[at])
