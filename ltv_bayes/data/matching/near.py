"""Names that are nearly alike, among thousands, compared in seconds."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rapidfuzz import fuzz, process

from ltv_bayes.data.matching.names import Name
from ltv_bayes.errors import InputError
from ltv_bayes.language import _
from ltv_bayes.sizes import MOST_PAIRS, NAMES_AT_A_TIME

LEAST_OF_REST = 65.0
"""One letter of four changed in a word is 75, and of three 67."""

SEEN_FOR_ONE = 25
"""Pairs looked at, for one that may be found, before the names are too much alike."""


def similarity(one: Name, other: Name) -> float:
    """How alike two names are, 0 to 100: twice the characters in common and in order, by all characters.

    Words are without numbers, places and the company's form, in the order written or that of the alphabet, whichever is
    more alike. Source: ``fuzz.ratio`` of rapidfuzz, the normalised similarity of insertions and deletions.

    Examples
    --------
    >>> from ltv_bayes.data.matching.names import compared
    >>> round(similarity(compared("Hansen Medical Ltd"), compared("Medical Hanson")), 1)
    92.9
    """
    return max(float(fuzz.ratio(one.core, other.core)), float(fuzz.ratio(one.written, other.written)))


def near_names(names: Sequence[Name], least_score: float) -> list[tuple[int, int]]:
    """Find pairs of different names that are alike, among names with the same numbers and no other place or branch.

    All are compared that could reach the score by their lengths; none is missed. Words that both names have do not make
    up for others that are nothing alike, as in Kohi Office Supplies and Huwu Office Supplies.

    Parameters
    ----------
    names : sequence of Name
        Each once.
    least_score : float
        The lowest `similarity` to find.

    Returns
    -------
    list of (int, int)
        Places in ``names``, in order.

    Raises
    ------
    InputError
        If there are more pairs than anyone could look through.
    """
    found: set[tuple[int, int]] = set()
    looked_at = 0
    for texts in ([name.core for name in names], [name.written for name in names]):
        for of_text in _by_number(names, texts):
            for one, other in _near_texts(sorted(of_text, key=lambda text: (len(text), text)), least_score):
                members = [(min(a, b), max(a, b)) for a in of_text[one] for b in of_text[other]]
                looked_at += len(members)
                if _words_alike(one, other):
                    found.update(pair for pair in members if not apart(names[pair[0]], names[pair[1]]))
                if len(found) > MOST_PAIRS or looked_at > SEEN_FOR_ONE * MOST_PAIRS:
                    raise InputError(
                        _(
                            "More than {most_pairs:,} pairs of names are alike with "
                            "least_score={least_score:g}, such as {one!r} and {other!r}. Give a higher "
                            "least_score.",
                            most_pairs=MOST_PAIRS,
                            least_score=least_score,
                            one=one,
                            other=other,
                        )
                    )
    return sorted(found)


def _by_number(names: Sequence[Name], texts: Sequence[str]) -> Iterable[dict[str, list[int]]]:
    """Places by text, for each of the numbers that names have."""
    found: dict[tuple[str, ...], dict[str, list[int]]] = {}
    for place, (name, text) in enumerate(zip(names, texts, strict=True)):
        found.setdefault(name.numbers, {}).setdefault(text, []).append(place)
    return found.values()


def apart(one: Name, other: Name) -> bool:
    """Whether names that are alike are those of different branches or companies.

    They are if they differ in a number, a place, or, being branches without either, in anything at all.

    Examples
    --------
    >>> from ltv_bayes.data.matching.names import compared
    >>> apart(compared("华智上海分公司"), compared("华智北京分公司")), apart(compared("Store 12"), compared("Store 21"))
    (True, True)
    """
    if one.numbers != other.numbers:
        return True
    if one.core == other.core:
        return not (one.places <= other.places or other.places <= one.places)
    unnamed = not one.numbers and not one.places
    return one.places != other.places or one.is_branch != other.is_branch or (one.is_branch and unnamed)


def _words_alike(one: str, other: str) -> bool:
    """Whether the words that only one of two names has are alike themselves, if both have such words."""
    words, others = one.split(), other.split()
    rest = " ".join(word for word in words if word not in others)
    other_rest = " ".join(word for word in others if word not in words)
    return not rest or not other_rest or float(fuzz.ratio(rest, other_rest)) >= LEAST_OF_REST


def _near_texts(texts: Sequence[str], least_score: float) -> Iterator[tuple[str, str]]:
    """Pairs of texts, in order of their lengths, that are alike."""
    lengths = np.array([len(text) for text in texts])
    share = least_score / (200 - least_score)  # the shorter has at least this share of the longer's length
    for start in range(0, len(texts) - 1, NAMES_AT_A_TIME):
        some = texts[start : start + NAMES_AT_A_TIME]
        end = int(np.searchsorted(lengths, int(len(some[-1]) / share + 1e-9), side="right"))
        scores = process.cdist(
            some, texts[start:end], scorer=fuzz.ratio, score_cutoff=least_score, dtype=np.uint8, workers=1
        )
        for row, column in np.argwhere(np.triu(scores, k=1)):
            yield some[row], texts[start + column]
