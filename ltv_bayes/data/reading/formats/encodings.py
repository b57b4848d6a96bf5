"""Bytes of a text file to text: the encoding recognised by marks and by what the letters spell."""

import codecs
import math
import re
import unicodedata
from functools import cache

import pyarrow as pa

from ltv_bayes.data.reading.formats.letters import (
    CENTRAL,
    CENTRAL_RATES,
    CYRILLIC,
    CYRILLIC_RATES,
    EVERYDAY,
    HEADER_WORDS,
    TURKISH,
    TURKISH_RATES,
    WESTERN,
    WESTERN_RATES,
)
from ltv_bayes.errors import InputError
from ltv_bayes.language import _, either

BYTE_ORDER_MARKS = {  # that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8",
}
CURE = _("Save the file again as CSV UTF-8, or name the encoding in which its program writes.")
ENCODINGS = (
    *("gb18030", "cp950", "cp932", "euc_jp", "cp949", "cp1251", "koi8-r"),
    *("cp1252", "mac_roman", "cp1250", "iso-8859-2", "cp1254"),
)
"""Those distinguished by their letters; each stands for its family, as gb18030 for GBK and cp950 for Big5."""
BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
SAMPLE = 20_000
"""Bytes that tell the encoding."""
SENSIBLE = 0.75
DECIDES = math.log(1000)
"""By how much more probable its letters must be in one encoding than in another."""

IN_CYRILLIC = ("cp1251", "koi8-r")
ALPHABETS = {
    **dict.fromkeys(IN_CYRILLIC, CYRILLIC),
    **{"cp1252": WESTERN, "mac_roman": WESTERN, "cp1250": CENTRAL, "iso-8859-2": CENTRAL, "cp1254": TURKISH},
}
SIGNS = "€£§°–—‘’“”„…•«»®™©·½²³№"
RATES = {
    **dict.fromkeys(IN_CYRILLIC, CYRILLIC_RATES),
    **{"cp1252": WESTERN_RATES, "mac_roman": WESTERN_RATES, "cp1250": CENTRAL_RATES, "iso-8859-2": CENTRAL_RATES},
    "cp1254": TURKISH_RATES,
}
PRIOR = {
    **{"cp1252": math.log(10), "iso-8859-2": math.log(0.3), "cp1254": math.log(0.03)},
    **{"koi8-r": math.log(0.01), "euc_jp": math.log(0.001)},
}
"""Of files in a European encoding without a mark, most are of Western Windows; a few encodings are hardly used."""
UNKNOWN, A_SIGN = math.log(1e-4), math.log(0.005)
PRIVATE = re.compile("[\ue000-\uf8ff\x80-\x9f]")
WORD = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")
SIGN = re.compile(r"[^\w\x00-\x7f]")
BEYOND = re.compile(r"[\x00-\x7f]+")
WITHIN = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f]+(?=[A-Za-z])|[^\x00-\x7f]+(?=[a-z])")
"""Letters of East Asia within a word, or before small Latin letters; TCL集团 and Tony老师 are usual."""
VOWEL = re.compile("[аеёиоуыэюяіїє]")
MISPLACED = re.compile(
    r"[^\w\s\x00-\x7f“„‘«»’](?=[^\W\d_])|(?<=[^\W\d_])[‘„](?!\w)|(?<=[^\W\d_]{3})’(?=[^\W\d_]{2})|(?<=\w)[“”„‘«»](?=\w)"
)
"""Signs within words, or at the wrong end of one; an apostrophe stands after one letter or two, as in d’Or."""
UNHEARD = re.compile(r"ń[aeiouyáéíóú]|ñ(?![aeiouyáéíóú])|(?<!ż)(?!żół)[^\x00-\x7f]{3}")
"""Spanish has ñ before vowels alone, and Polish never ń; three letters beyond ASCII in a row: żółty alone."""


def as_utf8(
    raw: bytes, name: str, encoding: str | None = None, call: str = "read_table(path, {})"
) -> tuple[bytes, str]:
    """Write text of any encoding as UTF-8.

    Parameters
    ----------
    raw : bytes
        A whole text file.
    name : str
        What it is called in a message.
    encoding : str, optional
        Its encoding, if it is known.
    call : str
        A call that reads it, with ``{}`` where ``encoding=`` goes.

    Returns
    -------
    bytes
        Its text as UTF-8, without a byte order mark.
    str
        The encoding, and how it was given.

    Raises
    ------
    InputError
        If no encoding fits, or several do and spell different words.

    Examples
    --------
    >>> text, how = as_utf8("客户,日期".encode("gbk"), "orders.csv")
    >>> text.decode(), how
    ('客户,日期', 'gb18030, told by its letters')
    """
    if encoding is not None:
        return _decode_as(raw, name, encoding).encode(), _("{encoding}, as given", encoding=encoding)
    if raw.startswith(codecs.BOM_UTF8) and _is_utf8(raw):
        return raw[len(codecs.BOM_UTF8) :], _("UTF-8, told by its byte order mark")
    for mark, marked in BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            return _decode_as(raw, name, marked).encode(), _(
                "{marked}, told by its byte order mark", marked=marked.upper()
            )
    if b"\0" in raw:
        return _wide(raw, name)
    if raw.isascii():
        return raw, _("UTF-8, ASCII letters alone")
    return (raw, _("UTF-8, told by its letters")) if _is_utf8(raw) else _told(raw, name, call)


def _is_utf8(raw: bytes) -> bool:
    """Whether bytes are text in UTF-8."""
    try:
        pa.array([raw], pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _decode_as(raw: bytes, name: str, encoding: str) -> str:
    """Decode by a named encoding."""
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise InputError(_("encoding {encoding!r} is not known. {cure}", encoding=encoding, cure=_cure(raw))) from None
    except UnicodeError as problem:
        line = raw.count(b"\n", 0, getattr(problem, "start", 0)) + 1
        raise InputError(
            _(
                "{name} is not written in {encoding}: see line {line:,}. {cure}",
                name=name,
                encoding=encoding,
                line=line,
                cure=_cure(raw),
            ),
            [line],
        ) from None


def _cure(raw: bytes) -> str:
    """Offer the encodings in which the letters make sense."""
    if _is_utf8(raw):
        return _("It is written in UTF-8: leave encoding out.")
    likely = list(_likely(raw))
    if not likely:
        return CURE
    return _("Its letters make sense in {names}.", names=either(f"encoding={encoding!r}" for encoding in likely))


def _wide(raw: bytes, name: str) -> tuple[bytes, str]:
    """Decode UTF-16 or UTF-32 without a mark: of its line ends and separators, the null bytes tell."""
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            continue
        start = text[:SAMPLE]
        plain = sum(letter in "\t\r\n" or letter.isprintable() for letter in start)
        if "\0" not in text and any(end in start for end in "\r\n") and plain > 0.9 * len(start):
            return text.encode(), _("{encoding}, told by its null bytes", encoding=encoding.upper())
    cure = _("Save it as CSV UTF-8; a workbook must be called .xlsx or .xls.")
    raise InputError(_("{name} is not a text file: it holds null characters. {cure}", name=name, cure=cure))


def _told(raw: bytes, name: str, call: str) -> tuple[bytes, str]:
    """Decode by the encoding in which the letters make sense, if it is one."""
    texts = _likely(raw)
    if not texts:
        raise InputError(
            _("The encoding of {name} is neither UTF-8 nor another that can be told. {cure}", name=name, cure=CURE)
        )
    if len(texts) > 1:
        raise _open_choice(name, call, texts, raw.count(b"\n", 0, raw.find(_sample(raw))))
    best = next(iter(texts))
    return raw.decode(best).encode(), _("{best}, told by its letters", best=best)


def _likely(raw: bytes) -> dict[str, str]:
    """The encodings in which letters make sense, the best first, and the first lines with such letters in each."""
    sample = _sample(raw)
    texts = {encoding: text for encoding in ENCODINGS if (text := _decoded(sample, encoding)) is not None}
    sense = {encoding: _sense(text, encoding) for encoding, text in texts.items()}
    sense = {one: share for one, share in sense.items() if share >= SENSIBLE and _decoded(raw, one) is not None}
    named = [encoding for encoding, share in sense.items() if share > 1]
    likely = named or list(sense)
    if not likely:
        return {}
    evidence = {encoding: _evidence(texts[encoding], encoding) for encoding in likely}
    best = max(likely, key=lambda encoding: (encoding in EVERYDAY, evidence[encoding]))
    rivals = [
        other
        for other in likely
        if texts[other] != texts[best]
        and ((best in EVERYDAY) != (other in EVERYDAY) or evidence[other] + DECIDES > evidence[best])
    ]
    found: dict[str, str] = {}
    for encoding in (best, *rivals):
        if texts[encoding] not in found.values():
            found[encoding] = texts[encoding]
    return found


def _sample(raw: bytes) -> bytes:
    """Whole lines from the first one with a letter beyond ASCII."""
    first = BEYOND_ASCII.search(raw)
    start = raw.rfind(b"\n", 0, first.start() if first else 0) + 1
    end = raw.rfind(b"\n", start, start + SAMPLE)
    return raw[start : end if end > start and len(raw) > start + SAMPLE else len(raw)]


def _decoded(raw: bytes, encoding: str) -> str | None:
    """Text, unless the bytes are none in an encoding."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _open_choice(name: str, call: str, texts: dict[str, str], before: int) -> InputError:
    """The error for letters that make sense in several encodings."""
    lines = [text.splitlines() for text in texts.values()]
    place = next(place for place, line in enumerate(zip(*lines, strict=False)) if len(set(line)) > 1)
    shown = "".join(
        f"\n  {line[place].strip()[:60]!r}: {call.format(f'encoding={encoding!r}')}"
        for encoding, line in zip(texts, lines, strict=True)
    )
    line_number = before + place + 1
    return InputError(
        _(
            "The encoding of {name} cannot be told: line {line_number} may be read as{shown}",
            name=name,
            line_number=line_number,
            shown=shown,
        ),
        [line_number],
    )


def _sense(text: str, encoding: str) -> float:
    """The share of letters beyond ASCII that make sense; one more where a word of headers is among them."""
    letters = [letter for letter in text if not letter.isascii()]
    if not letters:
        return 0.0
    if PRIVATE.search(text):
        return 0.0
    if encoding in ALPHABETS:
        share = _of_alphabet(text, encoding)
    else:
        known = _script(encoding)
        good = sum(_is_sensible(letter, known) for letter in letters) - 2 * sum(map(len, WITHIN.findall(text)))
        share = good / len(letters) if known & {*letters} else 0.0
    small = text.lower()
    return share + (share > 0.2 and any(word in small for word in HEADER_WORDS.get(encoding, "").split()))


def _of_alphabet(text: str, encoding: str) -> float:
    """The share of words and signs that a language could have."""
    words, signs = _words(text, encoding), SIGN.findall(text)
    good = sum(word in SIGNS for word in signs) - len(MISPLACED.findall(text))
    return (sum(fits for _, fits in words) + good) / (len(words) + len(signs))


def _words(text: str, encoding: str) -> list[tuple[str, bool]]:
    """The words with letters beyond ASCII, in small letters, and whether a language could have them."""
    languages = [frozenset(letters) for letters in ALPHABETS[encoding].values()]
    found = []
    for word in WORD.findall(text):
        small = word.lower()
        cyrillic = encoding in IN_CYRILLIC
        beyond = set(small if cyrillic else BEYOND.sub("", small))
        cased = word[1:].islower() or word.isupper() or (len(word) == 1 and encoding != "iso-8859-2")
        fits = cased and any(beyond <= language for language in languages)
        heard = (len(word) < 4 or VOWEL.search(small)) if cyrillic else not UNHEARD.search(small)
        found.append((small, bool(fits and heard)))
    return found


def _evidence(text: str, encoding: str) -> float:
    """The logarithm of how probable such letters are in the languages written so.

    Letters are taken as independent: in East Asia most are everyday ones, a few are rare; beyond ASCII in Europe they
    have their frequencies.
    """
    if encoding in ALPHABETS:
        rate = {letter: math.log(often / 100) for letter, often in RATES.get(encoding, {}).items()}
        known = [(BEYOND.sub("", word), fits) for word, fits in _words(text, encoding)]
        total = sum(rate.get(letter, UNKNOWN) if fits else UNKNOWN for word, fits in known for letter in word)
        return PRIOR.get(encoding, 0.0) + total + A_SIGN * len(SIGN.findall(text))
    everyday, script = frozenset(EVERYDAY[encoding]), _script(encoding)
    probable = {True: math.log(0.6 / len(everyday)), False: math.log(0.38 / len(script))}
    letters = [letter for letter in text if not letter.isascii() and letter.isalpha()]
    rare, common = math.log(0.02 / 20_000), everyday | script
    total = sum(probable[letter in everyday] if letter in common else rare for letter in letters)
    return PRIOR.get(encoding, 0.0) + total


@cache
def _script(encoding: str) -> frozenset[str]:
    """The letters of a script in common use, as its national standard lists them."""
    if encoding == "cp949":
        return frozenset(_block("euc_kr", range(0xB0, 0xC9), range(0xA1, 0xFF)))
    if encoding in ("cp932", "euc_jp"):
        kanji = _block("euc_jp", range(0xB0, 0xD0), range(0xA1, 0xFF))
        return frozenset(kanji | set(map(chr, range(0x3041, 0x30FF))))
    simplified = _block("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF))
    traditional = _block("big5", range(0xA4, 0xC7), (*range(0x40, 0x7F), *range(0xA1, 0xFF)))
    return frozenset(letter for letter in simplified | traditional if ord(letter) >= 0x4E00)


def _block(encoding: str, leads: range, trails: range | tuple[int, ...]) -> set[str]:
    """The letters of some rows of a two-byte table."""
    return {bytes((lead, trail)).decode(encoding, "ignore") for lead in leads for trail in trails} - {""}


def _is_sensible(letter: str, known: frozenset[str]) -> bool:
    """Whether a letter is in common use, or a mark that goes with such letters."""
    if letter in known:
        return True
    wide = unicodedata.east_asian_width(letter) in "FW" and unicodedata.category(letter)[0] in "PSN"
    return wide or letter in "·—…“”‘’￥"
