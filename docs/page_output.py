"""Is what a page shows still what its code prints? Chains differ a little from one processor to another.

Words are compared with numbers and ids left out, and numbers by how far they lie apart on the whole. A word that stands
on one side only is fine where a sentence of the package has it, since notes and verdicts come and go with the draws; a
column that was renamed, or a sentence that no longer exists, is not.
"""

import functools
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import median

MOST_WORDS = 0.05
"""The share of a page's words that may differ."""
FARTHEST = 0.05
"""How far the numbers of a page may lie from those shown, relative to them, in the middle."""
FEWEST_NUMBERS = 20
"""With fewer numbers nothing is said about them."""

ID = re.compile(r"(?:[A-Za-z]+-?|客户)\d{3,}")
FLAG = re.compile(r"\b(?:NaN|NaT|inf|True|False|yes|no|NA)\b")
TOKEN = re.compile(
    r"([A-Za-z_][A-Za-z_0-9]*|[^\W\d_A-Za-z]+)|(?<![A-Za-z0-9_.])([-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)([kMB%万亿]?)"
)
FACTORS = {"k": 1e3, "M": 1e6, "B": 1e9, "%": 0.01, "万": 1e4, "亿": 1e8}


def tokens(text: str) -> list[str | float]:
    """The words and the numbers of a text in order; without ids, since rankings change with the draws."""
    found: list[str | float] = []
    for word, number, unit in TOKEN.findall(FLAG.sub(" ", ID.sub(" ", text))):
        found.append(word or float(number.replace(",", "")) * FACTORS.get(unit, 1.0))
    return found


def complaints(blocks: Iterable[tuple[str, str]], known: set[str]) -> list[str]:
    """What speaks against a page: its blocks as shown and as printed; known are words of the package's sentences."""
    shown, printed, apart = Counter[str](), Counter[str](), list[float]()
    for old, new in blocks:
        before, after = tokens(old), tokens(new)
        shown.update(_words(before))
        printed.update(_words(after))
        if [type(part) for part in before] == [type(part) for part in after] and _words(before) == _words(after):
            apart += [_apart(a, b) for a, b in zip(_numbers(before), _numbers(after), strict=True)]
    found = [f"{word!r} is shown only" for word in sorted(set(shown) - set(printed) - known)]
    found += [f"{word!r} is printed only" for word in sorted(set(printed) - set(shown) - known)]
    differ, total = ((shown - printed) + (printed - shown)).total(), (shown + printed).total()
    if differ > MOST_WORDS * total:
        found.append(f"{differ} words of {total} differ")
    if len(apart) >= FEWEST_NUMBERS and median(apart) > FARTHEST:
        found.append(f"numbers are {median(apart):.0%} apart in the middle")
    return found


@functools.cache
def words_of_sentences() -> set[str]:
    """The words of all that the package says, in its languages."""
    catalogues = Path(__file__).resolve().parents[1] / "ltv_bayes" / "language" / "catalogues"
    return {word for file in catalogues.glob("*.po") for word in _words(tokens(file.read_text(encoding="utf-8")))}


def _words(found: list[str | float]) -> list[str]:
    return [part for part in found if isinstance(part, str)]


def _numbers(found: list[str | float]) -> list[float]:
    return [part for part in found if isinstance(part, float)]


def _apart(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), abs(b), 1e-12)
