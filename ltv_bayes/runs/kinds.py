"""What a setting may be: how it is read from a TOML file or from options, which give text."""

import datetime as dt
import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltv_bayes.language import _, comma, either

CHOSEN, NOTHING = "auto", "none"
LONG, LISTED = 20, "WORD"
"""Choices that take so much room in help stand in its text."""
A_NUMBER, A_TEXT = _("a number"), _("text")
Read = Callable[[Any, Path], Any]
"""From what was written, and the folder that paths start from."""


class NotOfThisKind(ValueError):
    """What was written is of another kind.

    Attributes
    ----------
    said : str
        What is expected.
    hint : str
        A sentence with what was probably meant; empty if nothing is near.
    """

    def __init__(self, said: str, hint: str = "") -> None:
        super().__init__(said)
        self.said, self.hint = said, hint


@dataclass(frozen=True)
class Kind:
    """A kind of setting.

    Attributes
    ----------
    said : str
        What is expected, as an error says it.
    option : type
        What the command line takes: bool makes a pair of options, list one that may be given several times.
    read : callable
        Raises `NotOfThisKind`.
    metavar : str
        What help shows in the place of the value.
    least : int or None
        The smallest whole number.
    words : tuple of str
        All that it may be.
    """

    said: str
    option: Any
    read: Read
    metavar: str | None = None
    least: int | None = None
    words: tuple[str, ...] = ()


def _expect(fits: bool, said: str) -> None:
    if not fits:
        raise NotOfThisKind(said)


def _number(value: Any) -> float | int:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise NotOfThisKind(A_NUMBER) from None
    _expect(isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value), A_NUMBER)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _text(value: Any) -> str:
    _expect(isinstance(value, str) and bool(value.strip()), A_TEXT)
    return str(value)


def _day(value: Any) -> str:
    """A day, written as text or as TOML writes it."""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date) else _text(value)


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _names(value: Any) -> tuple[str, ...]:
    said = _("a name or a list of names")
    found = _several(value)
    _expect(all(isinstance(one, str) and one.strip() for one in found), said)
    return tuple(found)


def _pairs(value: Any, said: str) -> list[tuple[str, Any]]:
    """A table of TOML, or texts such as name=value."""
    if isinstance(value, Mapping):
        return [(str(name), one) for name, one in value.items()]
    found = []
    for one in _several(value):
        name, mark, rest = one.partition("=") if isinstance(one, str) else ("", "", "")
        _expect(bool(mark and name.strip()), said)
        found.append((name.strip(), rest.strip()))
    return found


def _columns(value: Any, base: Path) -> dict[str, str]:
    said = _("pairs of our name and yours, as in low=下限")
    found = dict(_pairs(value, said))
    _expect(all(isinstance(one, str) and one for one in found.values()), said)
    return found


def _keep(value: Any, base: Path) -> Any:
    """Words by column, or all rows."""
    if value in ("all", ["all"]):
        return "all"
    said = _("a column and its words, as in Status=Paid,Shipped, or all")
    found: dict[str, Any] = {}
    for column, words in _pairs(value, said):
        some = words.split(",") if isinstance(words, str) and words != "all" else words
        found[column] = some if some == "all" else [str(word).strip() for word in _several(some)]
    return found


def _chances(value: Any, base: Path) -> dict[str, Any]:
    """The chance of each stage: a number, or text such as 3 of 10."""
    found: dict[str, Any] = {}
    for stage, chance in _pairs(value, _("a stage and its chance, as in Proposal=0.4 or 'Proposal=3 of 10'")):
        found[stage] = chance if isinstance(chance, str) and not _is_number(chance) else _number(chance)
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _shares(value: Any, base: Path) -> dict[str, float]:
    return {column: _number(one) for column, one in _pairs(value, _("a column and a correlation, as in expert=0.2"))}


def _rates(value: Any, base: Path) -> Any:
    """What 1 of each currency is worth, or a table of it."""
    found = _several(value) if not isinstance(value, Mapping) else []
    if len(found) == 1 and isinstance(found[0], str) and "=" not in found[0]:
        return _file(found[0], base)
    return {name: _number(one) for name, one in _pairs(value, _("a currency and what 1 of it is worth, as in USD=7.1"))}


def _file(value: Any, base: Path) -> Path:
    path = Path(_text(value) if not isinstance(value, Path) else value).expanduser()
    return path if path.is_absolute() else base / path


def _covers(value: Any, base: Path) -> Any:
    """A column of True and False, or a column and its values."""
    found = _several(value) if not isinstance(value, Mapping) else []
    if len(found) == 1 and isinstance(found[0], str) and "=" not in found[0]:
        return found[0]
    return _keep(value, base)


def _calendar(value: Any, base: Path) -> Any:
    """Chosen, none, a period, or what `CalendarEffects` takes."""
    if not isinstance(value, Mapping):
        return _one_of("auto", "none", "week", "month", "quarter")(value, base)
    found = dict(value)
    if isinstance(found.get("index"), str):
        found["index"] = _file(found["index"], base)
    return found


def _unit(value: Any) -> Any:
    return _number(value) if not isinstance(value, str) or _is_number(value) else _text(value)


def _one_of(*words: str) -> Read:
    def read(value: Any, base: Path) -> str:
        value = _word(value)
        if value not in words:
            near = difflib.get_close_matches(str(value), words, n=1, cutoff=0.5)
            hint = _("Did you mean {name!r}?", name=near[0]) if near else ""
            raise NotOfThisKind(_("one of {words}", words=comma(words)), hint)
        return str(value)

    return read


def _word(value: Any) -> Any:
    """A word; TOML writes true and false without quotation marks."""
    return str(value).lower() if isinstance(value, bool) else value


def _yes_or_no(value: Any, base: Path) -> bool:
    _expect(isinstance(value, bool), _("true or false"))
    return bool(value)


def _whole(least: int) -> Read:
    def read(value: Any, base: Path) -> int:
        number = _number(value)
        _expect(isinstance(number, int) and number >= least, _("a whole number from {least} on", least=least))
        return int(number)

    return read


def word_or(*words: str, other: Kind) -> Kind:
    """One of some words, or what another kind takes."""

    def read(value: Any, base: Path) -> Any:
        if isinstance(_word(value), str) and _word(value) in words:
            return _word(value)
        try:
            return other.read(value, base)
        except NotOfThisKind as expected:
            said = _("{expected}, or {words}", expected=expected.said, words=either(words))
            raise NotOfThisKind(said, expected.hint) from None

    said = _("{expected}, or {words}", expected=other.said, words=either(words))
    return Kind(said, str, read, other.metavar, other.least)


def one_of(*words: str) -> Kind:
    """One of some words."""
    short = f"[{'|'.join(words)}]"
    said = _("one of {words}", words=comma(words))
    return Kind(said, str, _one_of(*words), short if len(short) < LONG else LISTED, words=words)


def whole(least: int) -> Kind:
    """A whole number."""
    return Kind(_("a whole number from {least} on", least=least), int, _whole(least), "INTEGER", least)


TEXT = Kind(A_TEXT, str, lambda value, base: _text(value), "TEXT")
DAY = Kind(_("a day, as in 2025-09-30"), str, lambda value, base: _day(value), "DAY")
DAYS = Kind(_("days"), list[str], lambda value, base: tuple(map(_day, _several(value))), "DAY")
NUMBER = Kind(A_NUMBER, float, lambda value, base: _number(value), "NUMBER")
YES_OR_NO = Kind(_("true or false"), bool, _yes_or_no)
NAMES = Kind(_("a name or a list of names"), list[str], lambda value, base: _names(value), "NAME")
COLUMNS = Kind(_("pairs of our name and yours"), list[str], _columns, "OURS=YOURS")
KEEP = Kind(_("columns with words"), list[str], _keep, "COLUMN=WORDS")
CHANCES = Kind(_("stages with chances"), list[str], _chances, "STAGE=CHANCE")
SHARED = Kind(_("columns with correlations"), list[str], _shares, "COLUMN=NUMBER")
RATES = Kind(_("rates, or a file of them"), list[str], _rates, "CURRENCY=RATE")
FILE = Kind(_("the path of a file"), Path, _file, "FILE")
COVERS = Kind(_("a column, or a column with values"), list[str], _covers, "COLUMN=WORDS")
CALENDAR = Kind(_("auto, none, week, month or quarter"), str, _calendar, "PERIOD")
UNIT = Kind(_("a number, or a word such as 万元"), str, lambda value, base: _unit(value), "UNIT")
