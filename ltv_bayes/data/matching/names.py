"""Names of companies without what is written in many ways: width, case, accents, punctuation, the company's form."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"\d+|[{HAN}]+|[^\W\d_{HAN}]+")
APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´"))
WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
FORMS_ANYWHERE, FORMS_AT_THE_END, FORMS_IN_FRONT = (
    frozenset(WORDS["forms"][place].split()) for place in ("anywhere", "at_the_end", "in_front")
)
FORMS_OF_WORDS = re.compile("|".join(WORDS["forms"]["of_several_words"]))
CHINESE_PLACES, PLACES = (frozenset(WORDS["places"][script].split()) for script in ("chinese", "latin"))
PLACES_OF_TWO_WORDS, ONE_NAME = frozenset(WORDS["places"]["of_two_words"]), WORDS["places"]["one_name"]
LONGEST_PLACE = max(map(len, CHINESE_PLACES))
BRANCH = re.compile(
    rf"{'|'.join(WORDS['branches']['chinese'].split())}|(?<![饭酒书商])店$|"
    rf"\b(?:{'|'.join(WORDS['branches']['latin'].split())})\b"
)
JOINING = ("and", "und", "et")
CHINESE_FORMS = re.compile(
    r"(?:股份|责任|責任)?有限(?:责任|責任)?公司|有限(?:责任|責任)|股份公司|集团公司|集團公司|集团|集團|(?<!分)(?<!子)公司$"
)
CHINESE_NUMBER = re.compile(
    r"第([〇零一二三四五六七八九十百]+)|([〇零一二三四五六七八九十百]+)(?=(?:分公司|分店|分行|分厂|支行|子公司)|[店厂号部局院队校区组期级处])"
)
ROMAN = {"ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "xi": 11, "xii": 12}
DIGITS = {"〇": 0, "零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
SIZES = {"十": 10, "百": 100}
PLACE_ENDS = re.compile(r"(?:特别行政区|自治区|市(?![场政民立值集])|省)")


@dataclass(frozen=True)
class Name:
    """What of a company's name is compared.

    Attributes
    ----------
    core : str
        Words in order of the alphabet, without the company's form, numbers and places.
    numbers : tuple of str
        What counts branches: numbers without zeros in front, and a last single letter. Names that differ in one are
        never taken for one.
    places : frozenset of str
        Cities, regions and countries.
    is_branch : bool
        Whether a word says that this is one branch or store of several.
    written : str
        The words of the core in the order written.
    """

    core: str
    numbers: tuple[str, ...]
    places: frozenset[str]
    is_branch: bool
    written: str = field(compare=False)

    @property
    def is_chinese(self) -> bool:
        """Whether the words are Chinese, with no letter of the alphabet."""
        return bool(re.search(f"[{HAN}]", self.core)) and not re.search("[a-z]", self.core)

    @property
    def is_latin(self) -> bool:
        """Whether the words have no Chinese character."""
        return not re.search(f"[{HAN}]", self.core)


@lru_cache(maxsize=200_000)
def compared(text: str) -> Name | None:
    """Take a name apart; None if nothing of it can be compared.

    Examples
    --------
    >>> compared("Ｍüller & Söhne GmbH").core, compared("MULLER UND SOHNE GMBH & CO. KG").core
    ('muller sohne', 'muller sohne')
    >>> compared("华智科技（上海）有限公司") == compared("上海华智科技股份有限公司")
    True
    >>> compared("Ada Store 07").numbers, compared("华智第十二分公司").numbers
    (('7',), ('12',))
    """
    plain = _without_accents(unicodedata.normalize("NFKC", text).casefold()).translate(APOSTROPHES)
    words = _joined_letters(WORD.findall(FORMS_OF_WORDS.sub(" ", plain.replace("&", " and "))))
    if not words:
        return None
    found_words, numbers, places = _sorted_out(words)
    core = _without_forms(found_words) or found_words or words
    last = core[-1]
    if len(core) > 1 and len(last) == 1 and last.isascii():
        core, numbers = core[:-1], [*numbers, last]
    core = [word for word in core if word not in JOINING] or core
    branch = BRANCH.search(" ".join(found_words)) is not None
    in_order = " ".join(sorted(core))
    return Name(in_order, tuple(sorted(numbers)), frozenset(places), branch, " ".join(core))


def _without_accents(text: str) -> str:
    """Take accents away from letters of the alphabet; other scripts stay as they are."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    kept, base = [], ""
    for char in parts:
        if unicodedata.combining(char) and "a" <= base <= "z":
            continue
        base = char
        kept.append(char)
    return unicodedata.normalize("NFKC", "".join(kept))


def _joined_letters(words: list[str]) -> list[str]:
    """Make one word of single letters in a row: S.A. is sa."""
    joined: list[str] = []
    alone = False
    for word in words:
        single = len(word) == 1 and word.isascii() and word.isalpha()
        if single and alone:
            joined[-1] += word
        else:
            joined.append(word)
        alone = single
    return joined


def _sorted_out(words: list[str]) -> tuple[list[str], list[str], set[str]]:
    """Tell numbers and places from other words."""
    kept: list[str] = []
    numbers: list[str] = []
    places: set[str] = set()
    for word in words:
        if word.isdigit():
            numbers.append(word.lstrip("0") or "0")
        elif re.match(f"[{HAN}]", word):
            kept += _chinese(word, numbers, places)
        elif word in ROMAN and kept:
            numbers.append(str(ROMAN[word]))
        elif kept and f"{kept[-1]} {word}" in PLACES_OF_TWO_WORDS:
            places.add(f"{kept.pop()} {word}")
        elif (one_name := ONE_NAME.get(word, word)) in PLACES:
            places.add(one_name)
        else:
            kept.append(word)
    return kept, numbers, places


def _chinese(run: str, numbers: list[str], places: set[str]) -> list[str]:
    """Take the company's form, numbers and places out of Chinese characters; what remains are the words."""
    text = CHINESE_FORMS.sub(" ", run)

    def counted(match: re.Match[str]) -> str:
        numbers.append(str(_number(match[1] or match[2])))
        return " "

    text = CHINESE_NUMBER.sub(counted, text)
    rest, start = "", 0
    while start < len(text):
        size = next((n for n in range(LONGEST_PLACE, 1, -1) if text[start : start + n] in CHINESE_PLACES), 0)
        if not size:
            rest, start = rest + text[start], start + 1
            continue
        places.add(text[start : start + size])
        start += size
        if end := PLACE_ENDS.match(text, start):
            start = end.end()
        rest += " "
    return rest.removesuffix("第").split()


def _number(written: str) -> int:
    """Read a Chinese number below a thousand, or digits in a row."""
    if not any(char in SIZES for char in written):
        return int("".join(str(DIGITS[char]) for char in written))
    total, digit = 0, 0
    for char in written:
        if char in SIZES:
            total, digit = total + max(digit, 1) * SIZES[char], 0
        else:
            digit = DIGITS[char]
    return total + digit


def _without_forms(words: list[str]) -> list[str]:
    """Leave the company's form out, where something else remains."""
    kept = [word for place, word in enumerate(words) if not place or word not in FORMS_ANYWHERE]
    while len(kept) > 1 and kept[-1] in {*FORMS_AT_THE_END, *JOINING}:
        kept = kept[:-1]
    while len(kept) > 1 and kept[0] in FORMS_IN_FRONT:
        kept = kept[1:]
    return kept
