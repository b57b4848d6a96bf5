"""What speaks for two ids being one customer: rules that are certain, and likenesses that a person decides."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.matching.codes import (
    is_credit_code,
    looks_like_credit_code,
    numbers_differ,
    record_key,
)
from ltv_bayes.data.matching.joined import Pair
from ltv_bayes.data.matching.names import Name
from ltv_bayes.data.matching.near import apart, near_names, similarity
from ltv_bayes.data.matching.systems import Parties, plain_ids
from ltv_bayes.data.reading.files import read_table, source_name
from ltv_bayes.data.reading.ids import as_ids, as_text
from ltv_bayes.errors import ColumnError, InputError, counted, listed, suggestion
from ltv_bayes.formatting import shortened
from ltv_bayes.language import _, both
from ltv_bayes.sizes import MOST_OF_ONE_NAME

SAME, DIFFERENT, UNDECIDED = "same", "different", ""
ID_MAP, RECORD, TAX, ID, NAME, NEAR, BY_HAND = range(7)
OF_RULE = ("id map", "Salesforce ids of one record", "equal tax numbers", "equal ids", "equal names", "similar names")
ALIKE_ENOUGH = {ID: 85.0, RECORD: 60.0, TAX: 60.0}
"""Similarity of names below which equal ids, records and tax numbers are held against: ids of two systems may be equal
by chance, and records and tax numbers may have been copied."""
FEWEST_LETTERS, FEWEST_CHANCES = 4, 10
ANOTHER_BRANCH, OTHER_NAME = OTHER_NAMES = ("another number or place", "different names")


@dataclass(frozen=True)
class Evidence:
    """What was found about a pair.

    Attributes
    ----------
    rule : int
        The strongest rule that found it, 0 the strongest.
    reason : str
        In words, from a short list.
    decision : str
        "same", "different", or empty where a person has to say.
    decided_by : str
        "rule", "person", or empty.
    """

    rule: int
    reason: str
    decision: str
    decided_by: str


def gathered(
    parties: Parties, id_map: Any, equal_names: str, least_score: float
) -> tuple[dict[Pair, Evidence], list[str]]:
    """Find all pairs that may be one customer, each with its strongest reason.

    Returns
    -------
    dict
        Evidence by pair of rows of the parties, the smaller first.
    list of str
        Notes: names and numbers that too many ids share, and ids of the map that no system has.
    """
    found: dict[Pair, Evidence] = {}
    notes: list[str] = []
    for rule, one, other in _candidates(parties, id_map, least_score, notes):
        pair = (min(one, other), max(one, other))
        if pair in found:
            continue
        evidence = _judged(parties, rule, *pair, equal_names)
        if evidence is not None:
            found[pair] = evidence
    return found, notes


def _candidates(parties: Parties, id_map: Any, least_score: float, notes: list[str]) -> Iterator[tuple[int, int, int]]:
    """Pairs by rule, the strongest rule first."""
    if id_map is not None:
        yield from ((ID_MAP, *pair) for pair in _mapped(parties, id_map, notes))
    ids = plain_ids(parties)
    records = _groups(None if text is None else record_key(text) for text in ids)
    yield from ((RECORD, a, b) for a, b in _all_pairs(records.values()) if ids[a] != ids[b])
    of_number = _small(_groups(parties.tax_numbers), _("tax number"), notes)
    yield from ((TAX, *pair) for pair in _all_pairs(of_number.values()))
    yield from ((ID, *pair) for pair in _of_shared_ids(parties, list(_all_pairs(_groups(ids).values())), notes))
    of_name = _groups(parties.names)
    small = _small(of_name, "name", notes, parties)
    yield from ((NAME, *pair) for pair in _all_pairs(small.values()))
    yield from ((NAME, *pair) for pair in _with_and_without_place(small))
    names = list(of_name)
    for one, other in near_names(names, least_score):
        yield NEAR, of_name[names[one]][0], of_name[names[other]][0]


def _judged(parties: Parties, rule: int, one: int, other: int, equal_names: str) -> Evidence | None:
    """Decide a pair by its rule, unless something speaks against it."""
    if rule == ID_MAP:
        return Evidence(rule, OF_RULE[rule], SAME, "rule")
    names = parties.names[one], parties.names[other]
    number, other_number = parties.tax_numbers[one], parties.tax_numbers[other]
    two_numbers = number is not None and other_number is not None and numbers_differ(number, other_number)
    if rule == NEAR:
        return None if two_numbers else Evidence(rule, OF_RULE[rule], UNDECIDED, "")
    if two_numbers:
        return Evidence(rule, _("conflict: {of_rule}, different tax numbers", of_rule=OF_RULE[rule]), UNDECIDED, "")
    if rule == NAME:
        return _equal_names(*names, equal_names)
    against = _against(rule, *names)
    if rule == TAX and number and looks_like_credit_code(number) and not is_credit_code(number):
        against = against or _("wrong check digit")
    if against:
        return Evidence(
            rule, _("conflict: {of_rule}, {against}", of_rule=OF_RULE[rule], against=against), UNDECIDED, ""
        )
    unnamed = rule == ID and None in names
    return Evidence(
        rule, _("{of_rule}, no names to compare", of_rule=OF_RULE[rule]) if unnamed else OF_RULE[rule], SAME, "rule"
    )


def _of_shared_ids(parties: Parties, pairs: list[Pair], notes: list[str]) -> list[Pair]:
    """Leave out equal ids of systems that number customers on their own: most such ids have other names."""
    of_systems: dict[tuple[str, str], list[Pair]] = {}
    system = parties.table["system"].tolist()
    for a, b in pairs:
        of_systems.setdefault((system[a], system[b]), []).append((a, b))
    kept = []
    for (one, other), own in of_systems.items():
        named = [(parties.names[a], parties.names[b]) for a, b in own]
        against = [_against(ID, *names) for names in named if None not in names]
        others, alike = sum(reason in OTHER_NAMES for reason in against), against.count("")
        if others < FEWEST_CHANCES or others <= alike:
            kept += own
            continue
        notes.append(
            _(
                "{one} and {other} number customers on their own: of {equal_ids}, {others:,} have other names, "
                "so equal ids say nothing",
                one=one,
                other=other,
                equal_ids=counted(len(own), "equal id"),
                others=others,
            )
        )
    return kept


def _equal_names(one: Name | None, other: Name | None, equal_names: str) -> Evidence:
    if one != other:
        return Evidence(NAME, _("{of_rule}, one with a place", of_rule=OF_RULE[NAME]), UNDECIDED, "")
    if equal_names == SAME:
        return Evidence(NAME, OF_RULE[NAME], SAME, "rule")
    return Evidence(NAME, OF_RULE[NAME], UNDECIDED, "")


def _against(rule: int, one: Name | None, other: Name | None) -> str:
    """What in two names speaks against their being one customer; empty if nothing does."""
    if one is None or other is None:
        return ""
    if (one.is_chinese and other.is_latin) or (one.is_latin and other.is_chinese):
        return _("names in two scripts") if rule == ID else ""
    if one.numbers != other.numbers or not (one.places <= other.places or other.places <= one.places):
        return ANOTHER_BRANCH
    alike = similarity(one, other) >= ALIKE_ENOUGH[rule] or _holds(one, other) or _holds(other, one)
    return "" if alike else OTHER_NAME


def _holds(longer: Name, shorter: Name) -> bool:
    """Whether a name has all words of another, or in Chinese its characters."""
    if shorter.is_chinese:
        return len(shorter.core) > 1 and shorter.core in longer.core
    words = set(shorter.core.split())
    return len(shorter.core) >= FEWEST_LETTERS and words <= set(longer.core.split())


def _groups(keys: Iterable[Any]) -> dict[Any, list[int]]:
    """Rows by key; those without a key are in no group."""
    found: dict[Any, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            found.setdefault(key, []).append(place)
    return found


def _all_pairs(groups: Iterable[list[int]]) -> Iterator[Pair]:
    for members in groups:
        yield from combinations(members, 2)


def _small(
    groups: Mapping[Any, list[int]], what: str, notes: list[str], parties: Parties | None = None
) -> dict[Any, list[int]]:
    """Leave out placeholders, which many ids share, and say so."""
    for key, members in groups.items():
        if len(members) > MOST_OF_ONE_NAME:
            shown = key if parties is None else parties.table["name"].iloc[members[0]]
            notes.append(
                _(
                    "the {what} {shown!r} is shared by {ids}: no pairs are made of it",
                    what=what,
                    shown=shortened(shown),
                    ids=counted(len(members), "id"),
                )
            )
    return {key: members for key, members in groups.items() if len(members) <= MOST_OF_ONE_NAME}


def _with_and_without_place(of_name: Mapping[Name, list[int]]) -> Iterator[Pair]:
    """Pairs of names that differ only in that one names a place, or one place more."""
    of_core: dict[tuple[str, tuple[str, ...]], list[Name]] = {}
    for name in of_name:
        of_core.setdefault((name.core, name.numbers), []).append(name)
    for names in of_core.values():
        if len(names) <= MOST_OF_ONE_NAME:
            for one, other in combinations(names, 2):
                if not apart(one, other):
                    yield from product(of_name[one], of_name[other])


def _mapped(parties: Parties, id_map: Any, notes: list[str]) -> Iterator[Pair]:
    """Pairs of a table with a column for each of some systems, and the ids of one customer in a row."""
    table = read_table(id_map)
    systems = [system for system in parties.systems if system in table.columns]
    if len(systems) < 2:
        known = suggestion(str(table.columns[0]), parties.systems)
        raise ColumnError(
            _(
                "{source} needs a column for each of at least two systems, called as they are. {known}",
                source=source_name(id_map),
                known=known,
            )
        )
    rows = np.full((len(table), len(systems)), -1)
    unknown = []
    for column, system in enumerate(systems):
        ids, _unused = as_ids(table[system])
        places, present = parties.places(system), ids.notna().to_numpy()
        texts = as_text(ids[present])
        rows[present, column] = [places.get(text, -1) for text in texts]
        unknown += [f"{system} {text}" for text in texts if text not in places]
    if unknown:
        notes.append(
            _(
                "{ids} of the id map that no system has ({unknown})",
                ids=counted(len(unknown), "id"),
                unknown=listed(unknown, 3),
            )
        )
    if not (rows >= 0).any():
        raise InputError(
            _(
                "{source} has none of the ids of {systems} (its ids: {unknown}). Write ids alike.",
                source=source_name(id_map),
                systems=both(systems),
                unknown=listed(unknown),
            )
        )
    for row in rows:
        known_ids = [int(place) for place in row if place >= 0]
        yield from ((known_ids[0], other) for other in known_ids[1:])


def scores(parties: Parties, pairs: Iterable[Pair]) -> pd.Series:
    """How alike the names of each pair are, 0 to 100; missing where one has no name."""
    names = ((parties.names[one], parties.names[other]) for one, other in pairs)
    found = [float("nan") if one is None or other is None else round(similarity(one, other), 1) for one, other in names]
    return pd.Series(found, dtype=float)
