"""The language of sentences, headings and messages: English, or one of the catalogues.

A message is written in English where it is needed, with named values: ``_("{name} is read", name=name)``. The
catalogue of another language (``catalogues/zh.po``, gettext's format) is read when it is first needed. Values are put
in after the look-up, so a name from data is neither looked up nor formatted.
"""

import datetime as dt
import functools
import gettext
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

CATALOGUES = Path(__file__).parent / "catalogues"
SOURCE, FEW = "en", 20
LOCALE = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""Variables that state the language of messages, the first that is set first, as gettext reads them."""

_within: ContextVar[str | None] = ContextVar("language", default=None)
_chosen = SOURCE


class Message(str):
    """A text that can be written again in another language: it keeps what it was made from."""

    __slots__ = ("code", "forms", "number", "values")

    forms: tuple[str, ...]
    number: int
    values: Mapping[str, Any]
    code: str

    def __reduce__(self) -> tuple[Callable[..., "Message"], tuple[Any, ...]]:
        return _made, (str(self), self.forms, self.number, self.values, self.code)


class _Day:
    """A day within a sentence: written as the language writes days, with its time if it has one.

    A placeholder may say how to write it, by a format of days such as ``%B %Y``, or how to align it, as text.
    """

    def __init__(self, day: dt.date) -> None:
        self.day = day

    def __repr__(self) -> str:
        return repr(self.day)

    def __str__(self) -> str:
        day = self.day
        if day != day:  # as pandas has it where there is none
            return UNKNOWN_DAY
        written = _(DAY, year=day.year, month=day.month, day=day.day)
        time = day.time().isoformat() if isinstance(day, dt.datetime) else ""
        return f"{written} {time.removesuffix(':00')}" if time not in ("", "00:00:00") else written

    def __format__(self, spec: str) -> str:
        return format(self.day, spec) if "%" in spec and self.day == self.day else format(str(self), spec)


class _Catalogue(NamedTuple):
    """The translations of one language: the forms of each message, and which form a number takes."""

    forms: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]


def set_language(code: str) -> None:
    """Choose the language of everything that is written from now on, in all threads.

    Parameters
    ----------
    code : str
        ``"en"``, ``"zh"``, or a locale such as ``"zh_CN"``. English is the default, whatever the computer's locale.

    Raises
    ------
    ValueError
        If there is no catalogue of the language.

    Examples
    --------
    >>> import ltv_bayes as lb
    >>> from ltv_bayes.errors import counted
    >>> lb.set_language("zh_CN")
    >>> counted(2357, "customer")
    '2,357位客户'
    >>> lb.set_language("en")
    """
    global _chosen
    _chosen = known_language(code)


def language() -> str:
    """The code of the current language.

    Examples
    --------
    >>> language()
    'en'
    """
    return _within.get() or _chosen


@contextmanager
def in_language(code: str | None) -> Iterator[None]:
    """Write in another language within a block, in this thread or task alone; None leaves the language as it is.

    Parameters
    ----------
    code : str, optional
        ``"en"``, ``"zh"``; None keeps the current one.

    Returns
    -------
    context manager
        The language before is set again at the end.

    Raises
    ------
    ValueError
        If there is no catalogue of the language.

    Examples
    --------
    >>> with in_language("zh"):
    ...     language()
    'zh'
    """
    token = _within.set(_within.get() if code is None else known_language(code))
    try:
        yield
    finally:
        _within.reset(token)


def languages() -> list[str]:
    """The codes of all languages there are.

    Examples
    --------
    >>> languages()
    ['en', 'zh']
    """
    return sorted({SOURCE, *(path.stem for path in CATALOGUES.glob("*.po"))})


def known_language(code: str) -> str:
    """The language of a code or locale.

    Raises
    ------
    ValueError
        If there is no catalogue of it.

    Examples
    --------
    >>> known_language("zh-Hans-CN"), known_language("en_GB.UTF-8")
    ('zh', 'en')
    """
    found = _known(code)
    if found is None:
        raise ValueError(_("There is no language {code!r}. Known: {known}.", code=code, known=comma(languages())))
    return found


def _known(code: str) -> str | None:
    """The language of a code or locale, if it is known."""
    found = str(code).replace("-", "_").partition(".")[0].partition("_")[0].lower()
    return found if found in languages() else None


def from_locale() -> str:
    """The language that the computer's locale asks for, or English where there is no catalogue of it."""
    stated = next(filter(None, map(os.environ.get, LOCALE)), SOURCE)
    return next(filter(None, map(_known, stated.split(":"))), SOURCE)


def _(message: str, /, **values: Any) -> str:
    """Write a message in the current language, with its values.

    Parameters
    ----------
    message : str
        A literal in English, with placeholders as in ``str.format``; a brace is written twice.
    **values
        What the placeholders stand for.

    Examples
    --------
    >>> _("{name} is not read", name="{brace}")
    '{brace} is not read'
    """
    return _message((message,), 1, values)


def _n(singular: str, plural: str, number: int, /, **values: Any) -> str:
    """Write a message in the form that a number takes in the current language; ``{n}`` is the number.

    Examples
    --------
    >>> _n("{n} row of {name} is void", "{n:,} rows of {name} are void", 1200, name="A")
    '1,200 rows of A are void'
    """
    return _message((singular, plural), number, {"n": number, **values})


def N_(message: str) -> str:
    """Mark a message of a table that ``_`` looks up when it is shown; the text itself is returned.

    Examples
    --------
    >>> HEADINGS = {"mean": N_("mean")}
    >>> _(HEADINGS["mean"])
    'mean'
    """
    return message


UNKNOWN_DAY = "–"
DAY = N_("{year}-{month:02}-{day:02}")
"""How a day is written within a sentence."""


def as_known(text: str) -> str:
    """Write a name or a reason that a table keeps in the current language, where the catalogue has it as a message.

    The text is not formatted; other text is returned as it is.

    Examples
    --------
    >>> as_known("hour"), as_known("{hour}")
    ('hour', '{hour}')
    """
    code = language()
    return text if code == SOURCE else _catalogue(code).forms.get(text, (text,))[0]


def told(name: str) -> str:
    """Write a name as a message, which is told again in another language where its catalogue has the name.

    Examples
    --------
    >>> kept = told("repeat purchases")
    >>> with in_language("zh"):
    ...     retold(kept), retold(told("{own}"))
    ('复购', '{own}')
    """
    return _message((name.replace("{", "{{").replace("}", "}}"),), 1, {})


def retold(text: str) -> str:
    """Write a text once more in the current language, if it is a message; other text is returned as it is.

    A message that is a value of another is written anew by itself.

    Examples
    --------
    >>> kept = _("There is no language {code!r}. Known: {known}.", code="fr", known="en")
    >>> with in_language("en"):
    ...     retold(kept)
    "There is no language 'fr'. Known: en."
    """
    if not isinstance(text, Message) or text.code == language():
        return text
    return _message(text.forms, text.number, text.values)


HINT = "see"
"""Name of the value of a message that tells where in this package to look: of no use to who reads a report."""


def without_hint(text: str) -> str:
    """Write a message once more without its hint for those who write code, and those of its values without theirs.

    Examples
    --------
    >>> without_hint(_("{name} is not read{see}.", name="A", see=_(": see conflicts()")))
    'A is not read.'
    """
    if not isinstance(text, Message):
        return text
    values = {name: without_hint(one) if isinstance(one, str) else one for name, one in text.values.items()}
    return _message(text.forms, text.number, {name: "" if name == HINT else one for name, one in values.items()})


def as_written(text: str) -> str:
    """A message as it stands in the source, in English; other text as it is.

    Examples
    --------
    >>> with in_language("zh"):
    ...     as_written(both(["A", "B"])), as_written(_(" and "))
    ('A和B', ' and ')
    """
    with in_language(SOURCE):
        return retold(text)


def comma(items: Iterable[Any]) -> str:
    """Write a list with commas, or with what the language has for them.

    Examples
    --------
    >>> comma(["purchases", 3])
    'purchases, 3'
    """
    return _joined(items, _(", "), N_("{items}, {item}"))


def both(items: Iterable[Any]) -> str:
    """Write a list of few with "and" between them.

    Examples
    --------
    >>> both(["purchases", "spend"])
    'purchases and spend'
    """
    return _joined(items, _(" and "), N_("{items} and {item}"))


def either(items: Iterable[Any]) -> str:
    """Write a list of few with "or" between them.

    Examples
    --------
    >>> either(["'a'", "'b'"])
    "'a' or 'b'"
    """
    return _joined(items, _(" or "), N_("{items} or {item}"))


def semicolon(items: Iterable[Any]) -> str:
    """Write a list of clauses.

    Examples
    --------
    >>> semicolon(["one order so far", "judged: a new plant"])
    'one order so far; judged: a new plant'
    """
    return _joined(items, _("; "), N_("{items}; {item}"))


def _joined(items: Iterable[Any], between: str, joint: str) -> str:
    """Join items; a few of them that are messages by a message, so that they can be written again."""
    texts = list(items)
    if len(texts) == 1 and isinstance(texts[0], Message):
        return texts[0]
    if not 1 < len(texts) <= FEW or not any(isinstance(text, Message) for text in texts):
        return between.join(map(str, texts))
    return functools.reduce(lambda some, item: _(joint, items=some, item=item), texts)


def sentences(*texts: str) -> str:
    """Put sentences behind each other, without those that are empty.

    Examples
    --------
    >>> sentences("One.", "", "Two.")
    'One. Two.'
    """
    written = [text for text in texts if text]
    return functools.reduce(lambda above, text: _("{above} {text}", above=above, text=text), written or [""])


def _message(forms: tuple[str, ...], number: int, values: Mapping[str, Any]) -> Message:
    """Look a message up and put its values in."""
    code = language()
    text = _form(forms, number, code)
    return _made(text.format_map(_shown(values)), forms, number, values, code)


def _made(text: str, forms: tuple[str, ...], number: int, values: Mapping[str, Any], code: str) -> Message:
    made = Message(text)
    made.forms, made.number, made.values, made.code = forms, number, values, code
    return made


def _shown(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values as a sentence shows them: messages in its language, days as it writes them."""
    return {name: _as_shown(value) for name, value in values.items()}


def _as_shown(value: Any) -> Any:
    if isinstance(value, Message):
        return retold(value)
    return _Day(value) if isinstance(value, dt.date) else value


def _form(forms: tuple[str, ...], number: int, code: str) -> str:
    """The form of a message in a language; the English one where the catalogue has none."""
    if code != SOURCE:
        known = _catalogue(code)
        translated = known.forms.get(forms[0])
        if translated is not None:
            return translated[min(known.form_of(number), len(translated) - 1)]
    return forms[0] if number == 1 else forms[-1]


@functools.cache
def _catalogue(code: str) -> _Catalogue:
    """Read a catalogue; entries without a translation, or marked as fuzzy, are left out."""
    from babel.messages.pofile import read_po

    with (CATALOGUES / f"{code}.po").open("rb") as file:
        read = read_po(file, locale=code)
    forms = {}
    for entry in read:
        source, target = (text if isinstance(text, tuple | list) else (text,) for text in (entry.id, entry.string))
        if source[0] and all(target) and not entry.fuzzy:
            forms[source[0]] = tuple(map(str, target))
    return _Catalogue(forms, gettext.c2py(read.plural_expr))
